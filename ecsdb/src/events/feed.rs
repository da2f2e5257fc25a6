//! Following the history: the next commit that did something to what was asked for.

use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use super::changes::{Changes, Source};
use super::delta::Sieve;
use crate::change_set::ChangeSet;
use crate::component::Component;
use crate::storage::{CommitCursor, CommitHistory, HeldChanges};
use crate::sync::Nothing;

/// How many versions a task looks at before others have their turn, if none of them has anything for it.
const VERSIONS_AT_ONCE: usize = 64;

/// Why there are no changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoCommit {
    /// There are none yet.
    Yet,
    /// The history has forgotten versions `from` to `to`.
    Lost {
        /// The first that was missed.
        from: u64,
        /// The last.
        to: u64,
    },
    /// The database is closed, and everything was read.
    Closed,
}

/// Changes of a commit, as they stand in the history.
pub struct CommitChanges {
    version: HeldChanges,
    transaction: usize,
}

impl CommitChanges {
    /// What it did.
    pub fn changes(&self) -> &ChangeSet {
        &self.version[self.transaction]
    }
}

/// A place in the history, and what somebody wants to know of what comes.
pub struct Feed {
    sieve: Arc<Sieve>,
    cursor: CommitCursor,
    /// The version at hand, and its next transaction.
    at: Option<(HeldChanges, usize)>,
}

impl Feed {
    /// Follows from `cursor` on.
    pub fn new(cursor: CommitCursor, sieve: Sieve) -> Self {
        Self { sieve: Arc::new(sieve), cursor, at: None }
    }

    /// What it is asked for.
    pub fn sieve(&self) -> &Arc<Sieve> {
        &self.sieve
    }

    /// Changes what it is asked for from now on. Changes that were given keep what they were given for.
    pub fn narrow(&mut self, change: impl FnOnce(&mut Sieve)) {
        change(Arc::make_mut(&mut self.sieve));
    }

    /// Has it asked for something else from now on.
    pub fn sift(&mut self, sieve: Sieve) {
        self.sieve = Arc::new(sieve);
    }

    /// The first version of which it has not given everything.
    pub fn next_version(&self) -> u64 {
        self.cursor.next_number() - u64::from(self.at.is_some())
    }

    /// Goes on after version `version`, whatever was read so far.
    pub fn go_on_after(&mut self, version: u64) {
        self.at = None;
        self.cursor.go_on_after(version);
    }

    /// The next commit that did something, if it is there.
    pub fn try_next(&mut self) -> Result<CommitChanges, NoCommit> {
        self.pump(|cursor| Poll::Ready(cursor.try_next())).unwrap_or(Err(NoCommit::Yet))
    }

    /// The next commit that did something. Waits for it, until `deadline`.
    pub fn next(&mut self, deadline: Option<Instant>) -> Result<CommitChanges, NoCommit> {
        self.pump(|cursor| Poll::Ready(cursor.next(deadline))).unwrap_or(Err(NoCommit::Yet))
    }

    /// The next commit that did something, for a task. After some versions that have nothing for it, it lets other tasks have their turn.
    pub fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Result<CommitChanges, NoCommit>> {
        let mut left = VERSIONS_AT_ONCE;
        let found = self.pump(|cursor| {
            if left == 0 {
                context.waker().wake_by_ref();
                return Poll::Pending;
            }
            left -= 1;
            cursor.poll_next(context)
        });
        found.map_or(Poll::Pending, Poll::Ready)
    }

    /// Takes versions from `next` until one has something; nothing if that has to wait.
    fn pump(
        &mut self,
        mut next: impl FnMut(&mut CommitCursor) -> Poll<Result<HeldChanges, Nothing>>,
    ) -> Option<Result<CommitChanges, NoCommit>> {
        loop {
            while let Some((version, transaction)) = &mut self.at {
                let Some(changes) = version.get(*transaction) else {
                    self.at = None;
                    break;
                };
                let is_wanted = self.sieve.deltas(changes).next().is_some();
                let found = is_wanted.then(|| CommitChanges { version: version.clone(), transaction: *transaction });
                *transaction += 1;
                if *transaction == version.len() {
                    // Let go at once: the next one may be long in coming.
                    self.at = None;
                }
                if let Some(found) = found {
                    return Some(Ok(found));
                }
            }
            let from = self.cursor.next_number();
            self.at = match next(&mut self.cursor) {
                Poll::Pending => return None,
                Poll::Ready(Ok(version)) => Some((version, 0)),
                Poll::Ready(Err(Nothing::Yet)) => return Some(Err(NoCommit::Yet)),
                Poll::Ready(Err(Nothing::Closed)) => return Some(Err(NoCommit::Closed)),
                Poll::Ready(Err(Nothing::Lost(lost))) => {
                    return Some(Err(NoCommit::Lost { from, to: lost.first.saturating_sub(1) }));
                }
            };
        }
    }
}

impl CommitChanges {
    /// Its changes with the type of the table that `feed` follows.
    ///
    /// # Safety
    /// The commit comes from `feed`, whose table is that of `T`.
    pub unsafe fn typed<T: Component>(self, feed: &Feed) -> Changes<T> {
        // SAFETY: the caller's promise.
        unsafe { Changes::new(Arc::clone(feed.sieve()), Source::Held(self.version, self.transaction)) }
    }
}

/// The history does not reach back that far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gone {
    /// The oldest version that it leads back to.
    pub oldest: u64,
}

/// What the commits between versions `from` and `to`, of which the caller has seen the second, did together to the tables that
/// are `wanted`.
pub fn net_between(
    history: &CommitHistory,
    from: u64,
    to: u64,
    wanted: impl FnMut(u16) -> bool,
) -> Result<ChangeSet, Gone> {
    let held = history.range(from + 1, to).map_err(|lost| Gone { oldest: lost.first.saturating_sub(1).min(to) })?;
    let mut net = ChangeSet::net(held.iter().flat_map(|version| version.iter()), wanted);
    net.version = to;
    Ok(net)
}

/// The difference of the rows of `T` between two versions.
///
/// # Safety
/// `table` is the number of the table of `T` in the database of `history`.
pub unsafe fn changes_between<T: Component>(
    history: &CommitHistory,
    from: u64,
    to: u64,
    table: u16,
) -> Result<Changes<T>, Gone> {
    let net = net_between(history, from, to, |number| number == table)?;
    // SAFETY: the caller's promise.
    Ok(unsafe { Changes::new(Arc::new(Sieve::table(table)), Source::Net(net)) })
}
