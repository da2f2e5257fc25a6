//! Subscriptions: the changes of one table, commit by commit.

use core::marker::PhantomData;
use core::pin::Pin;
use core::task::{Context, Poll};
use core::time::Duration;
use std::sync::Arc;

use futures_core::Stream;
use thiserror::Error;

use super::core::{Core, Readers};
use super::snapshot::Snapshot;
use crate::bytes::RowBytes;
use crate::entity::Entity;
use crate::events::{Changes, CommitChanges, Feed, NoCommit, Sieve};
use crate::query::{IntoCondition, Only};
use crate::schema::{Schema, TableOf};
use crate::storage::{CommitCursor, Version};
use crate::sync::Published;
use crate::sync::shim::Arc as VersionRef;
use crate::sync::shim::deadline_after;
use crate::transaction::TransactionError;

/// The history does not lead back to a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error(
    "the history of changes does not lead from version {version} to {newest}: it goes back to version {oldest}; read the \
     tables anew, or keep a longer history"
)]
#[non_exhaustive]
pub struct HistoryGone {
    /// The version asked for.
    pub version: u64,
    /// The oldest version that the history leads back to.
    pub oldest: u64,
    /// The version that the difference was to lead to.
    pub newest: u64,
}

/// A subscription was too slow: the history has forgotten commits before they were read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the changes of versions {from} to {to} are gone: `resync` gives a snapshot to go on from")]
#[non_exhaustive]
pub struct Lagged {
    /// The first version that was missed.
    pub from: u64,
    /// The last one.
    pub to: u64,
}

/// Why a subscription has no changes to give.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum RecvError {
    /// It was too slow. It says so until it is told to [`resync`](Subscription::resync).
    #[error(transparent)]
    Lagged(#[from] Lagged),
    /// The database is closed, and all changes were read.
    #[error("the database is closed")]
    Closed,
    /// It would wait for the writer, on the writer.
    #[error("waiting for changes inside a transaction of the same database would never end")]
    Reentrant,
}

/// What follows a database: a place in its history, and the way to its snapshots. It keeps no database open.
pub(super) struct Follower {
    pub cursor: CommitCursor,
    pub published: Published<Version>,
    pub readers: Arc<Readers>,
}

impl Follower {
    pub fn new(core: &Core) -> Result<Self, TransactionError> {
        let cursor = core.follow()?;
        Ok(Self { cursor, published: core.published().clone(), readers: Arc::clone(core.readers()) })
    }

    /// Pins what is published now, and has the cursor go on after it.
    ///
    /// # Safety
    /// The database was opened with the tables of `S`.
    pub unsafe fn pin<S: Schema>(&mut self) -> Snapshot<S> {
        let version = self.published.load();
        self.cursor.go_on_after(version.number);
        // SAFETY: the caller's promise.
        unsafe { Snapshot::pinned(version, Arc::clone(&self.readers)) }
    }

    /// Follows what `sieve` lets through.
    pub fn receive(self, sieve: Sieve) -> Receiver {
        let Self { cursor, published, readers } = self;
        Receiver { feed: Feed::new(cursor, sieve), published, readers }
    }
}

/// The part of a subscription that needs no types.
pub(super) struct Receiver {
    pub feed: Feed,
    published: Published<Version>,
    pub readers: Arc<Readers>,
}

impl Receiver {
    pub fn recv(&mut self) -> Result<CommitChanges, RecvError> {
        check(&self.readers)?;
        match self.feed.next(None) {
            Ok(commit) => Ok(commit),
            // Without a deadline there is always something in the end.
            Err(nothing) => Err(refusal(nothing).unwrap_or(RecvError::Closed)),
        }
    }

    pub fn recv_timeout(&mut self, timeout: Duration) -> Result<Option<CommitChanges>, RecvError> {
        check(&self.readers)?;
        maybe(self.feed.next(deadline_after(timeout)))
    }

    pub fn try_recv(&mut self) -> Result<Option<CommitChanges>, RecvError> {
        maybe(self.feed.try_next())
    }

    pub fn poll_recv(&mut self, context: &mut Context<'_>) -> Poll<Result<CommitChanges, RecvError>> {
        self.feed.poll_next(context).map(|found| found.map_err(|nothing| refusal(nothing).unwrap_or(RecvError::Closed)))
    }

    /// Pins what is published now and goes on after it.
    pub fn resync(&mut self) -> VersionRef<Version> {
        let version = self.published.load();
        self.feed.go_on_after(version.number);
        version
    }
}

/// Whether waiting here for the changes of a database would end.
pub(super) fn check(readers: &Readers) -> Result<(), RecvError> {
    if readers.database().is_entered() { Err(RecvError::Reentrant) } else { Ok(()) }
}

/// What is told of there being nothing; nothing if it may still come.
fn refusal(nothing: NoCommit) -> Option<RecvError> {
    match nothing {
        NoCommit::Yet => None,
        NoCommit::Lost { from, to } => Some(Lagged { from, to }.into()),
        NoCommit::Closed => Some(RecvError::Closed),
    }
}

fn maybe(found: Result<CommitChanges, NoCommit>) -> Result<Option<CommitChanges>, RecvError> {
    match found {
        Ok(commit) => Ok(Some(commit)),
        Err(nothing) => refusal(nothing).map_or(Ok(None), Err),
    }
}

/// The changes of the table of `T`, commit by commit, in the order of commits: each [`Changes`] is what one transaction did.
///
/// What it gives is complete and consistent. Whoever applies all events to a copy of the table has what the table was after that
/// commit: nothing comes twice, nothing is left out, and a commit is only given once a [`Snapshot`] shows it. Transactions that
/// change nothing here, or put the same values there again, give nothing.
///
/// **It never makes the writer wait.** Changes stand in a history that all subscriptions share, and that is limited
/// ([`DbBuilder::history`](crate::DbBuilder::history)). A subscription that falls behind it gets [`Lagged`], with the versions that
/// are gone, until [`resync`](Self::resync) gives it a snapshot, after which it goes on without a gap. That is also how to begin:
///
/// ```
/// use std::collections::HashMap;
///
/// use ecsdb::changes::Event;
/// use ecsdb::error::RecvError;
/// use ecsdb::{Component, Db};
///
/// #[derive(Component)]
/// struct Purse {
///     gold: u64,
/// }
///
/// ecsdb::schema! { World: Purse }
///
/// let db = Db::<World>::in_memory()?;
/// let ann = db.spawn(Purse { gold: 100 })?;
///
/// let mut purses = db.subscribe::<Purse>()?;
/// // What is there already; what comes later comes as changes.
/// let mut copy: HashMap<_, _> = purses.resync().table::<Purse>().iter().map(|(e, purse)| (e, purse.gold())).collect();
///
/// let bob = db.spawn(Purse { gold: 5 })?;
/// db.update(bob, Purse::C.gold.add(1))?;
/// db.despawn(ann)?;
/// db.close()?;
///
/// loop {
///     let changes = match purses.recv() {
///         Ok(changes) => changes,
///         Err(RecvError::Closed) => break,
///         Err(error) => return Err(error.into()), // or `resync`, and begin again
///     };
///     for event in changes.iter() {
///         match event {
///             Event::Added { entity, new } | Event::Changed { entity, new, .. } => copy.insert(entity, new.gold()),
///             Event::Removed { entity, .. } => copy.remove(&entity),
///         };
///     }
/// }
/// assert_eq!(copy, HashMap::from([(bob, 6)]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// It is a [`Stream`] as well, and a `for` loop over `&mut` of it waits for each commit; both end when the database is closed.
pub struct Subscription<S, T> {
    /// Invariant: of a database with schema `S`, and for the table of `T`.
    receiver: Receiver,
    types: PhantomData<fn() -> (S, T)>,
}

debug_as!([S, T] Subscription<S, T>);

impl<S: Schema, T: TableOf<S>> Subscription<S, T> {
    /// What `follower` follows, for the table of `T`.
    ///
    /// # Safety
    /// The database that it follows was opened with the tables of `S`.
    pub(super) unsafe fn new(follower: Follower) -> Self {
        Self { receiver: follower.receive(Sieve::table(T::INDEX)), types: PhantomData }
    }

    /// Only the row of `entity`. To be said before anything is received.
    #[must_use]
    pub fn entity(mut self, entity: Entity) -> Self {
        self.receiver.feed.narrow(|sieve| sieve.entity = Some(entity));
        self
    }

    /// Only rows for which `condition` holds, a [`Condition`](crate::query::Condition) on columns of `T`; said again, both must hold. To be
    /// said before anything is received.
    ///
    /// An update that makes it hold is an addition, one after which it does not hold is a removal.
    ///
    /// ```
    /// # use ecsdb::changes::Event;
    /// # use ecsdb::{Component, Db};
    /// # #[derive(Component)] struct Purse { gold: u64, open: bool }
    /// # ecsdb::schema! { World: Purse }
    /// # let db = Db::<World>::in_memory()?;
    /// let mut rich = db.subscribe::<Purse>()?.filter(Purse::C.gold.ge(100).and(Purse::C.open.eq(false)));
    /// let ann = db.spawn(Purse { gold: 99, open: false })?;
    /// db.update(ann, Purse::C.gold.add(1))?;
    /// db.update(ann, Purse::C.open.set(true))?;
    /// assert!(matches!(rich.recv()?.iter().next(), Some(Event::Added { new, .. }) if new.gold() == 100));
    /// assert!(matches!(rich.recv()?.iter().next(), Some(Event::Removed { old, .. }) if old.gold() == 100));
    /// assert!(rich.try_recv()?.is_none(), "the spawn was no event");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn filter(mut self, condition: impl IntoCondition<Only<T>>) -> Self {
        let condition = condition.into_condition();
        let filter = move |_, row: RowBytes<'_>| condition.matches_row(Some(row));
        self.receiver.feed.narrow(|sieve| sieve.filters.push(Arc::new(filter)));
        self
    }

    /// Only rows for which `condition` holds, as [`filter`](Self::filter). It is asked on the thread that receives, for each touched
    /// row, before and after. If it panics, so does the receiving.
    ///
    /// ```
    /// # use ecsdb::changes::Event;
    /// # use ecsdb::{Component, Db};
    /// # #[derive(Component)] struct Purse { gold: u64 }
    /// # ecsdb::schema! { World: Purse }
    /// # let db = Db::<World>::in_memory()?;
    /// let mut rich = db.subscribe::<Purse>()?.filter_by(|purse| purse.gold() >= 100);
    /// let ann = db.spawn(Purse { gold: 99 })?;
    /// db.update(ann, Purse::C.gold.add(1))?;
    /// db.update(ann, Purse::C.gold.sub(1))?;
    /// assert!(matches!(rich.recv()?.iter().next(), Some(Event::Added { new, .. }) if new.gold() == 100));
    /// assert!(matches!(rich.recv()?.iter().next(), Some(Event::Removed { old, .. }) if old.gold() == 100));
    /// assert!(rich.try_recv()?.is_none(), "the spawn was no event");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn filter_by(mut self, condition: impl Fn(T::Ref<'_>) -> bool + Send + Sync + 'static) -> Self {
        let filter = move |_, row: RowBytes<'_>| {
            // SAFETY: the sieve sees rows of its table alone, which is that of `T` (invariant), where they lie in pages.
            condition(unsafe { crate::events::view::<T>(row) })
        };
        self.receiver.feed.narrow(|sieve| sieve.filters.push(Arc::new(filter)));
        self
    }

    fn typed(&self, commit: CommitChanges) -> Changes<T> {
        // SAFETY: the feed is for the table of `T` (invariant).
        unsafe { commit.typed(&self.receiver.feed) }
    }

    /// The changes of the next commit. Waits for it.
    ///
    /// # Errors
    /// [`RecvError::Lagged`] if the history has forgotten it; [`RecvError::Closed`] if there will be none;
    /// [`RecvError::Reentrant`] inside a transaction.
    pub fn recv(&mut self) -> Result<Changes<T>, RecvError> {
        let commit = self.receiver.recv()?;
        Ok(self.typed(commit))
    }

    /// The changes of the next commit, if they are there. Everything that was committed before, and answered, is.
    ///
    /// # Errors
    /// As for [`recv`](Self::recv).
    pub fn try_recv(&mut self) -> Result<Option<Changes<T>>, RecvError> {
        let commit = self.receiver.try_recv()?;
        Ok(commit.map(|commit| self.typed(commit)))
    }

    /// The changes of the next commit. Waits for it, but no longer than `timeout`; nothing is lost then.
    ///
    /// # Errors
    /// As for [`recv`](Self::recv).
    pub fn recv_timeout(&mut self, timeout: Duration) -> Result<Option<Changes<T>>, RecvError> {
        let commit = self.receiver.recv_timeout(timeout)?;
        Ok(commit.map(|commit| self.typed(commit)))
    }

    /// The changes of the next commit, for a task. Cancel safe: nothing is taken before it is ready.
    ///
    /// # Errors
    /// As for [`recv`](Self::recv).
    pub fn poll_recv(&mut self, context: &mut Context<'_>) -> Poll<Result<Changes<T>, RecvError>> {
        self.receiver.poll_recv(context).map(|commit| Ok(self.typed(commit?)))
    }

    /// Pins the version that is published now, and goes on right after it: changes that it shows are not given any more, and
    /// those that it does not show are.
    pub fn resync(&mut self) -> Snapshot<S> {
        let version = self.receiver.resync();
        // SAFETY: the invariant of `receiver`.
        unsafe { Snapshot::pinned(version, Arc::clone(&self.receiver.readers)) }
    }

    /// The version whose changes come next, at the earliest.
    pub fn next_version(&self) -> u64 {
        self.receiver.feed.next_version()
    }
}

/// Ends when the database is closed.
impl<S: Schema, T: TableOf<S>> Stream for Subscription<S, T> {
    type Item = Result<Changes<T>, Lagged>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_recv(context).map(until_closed)
    }
}

/// As an iterator gives it.
pub(super) fn until_closed<C>(received: Result<C, RecvError>) -> Option<Result<C, Lagged>> {
    match received {
        Ok(changes) => Some(Ok(changes)),
        Err(RecvError::Lagged(lagged)) => Some(Err(lagged)),
        Err(RecvError::Closed | RecvError::Reentrant) => None,
    }
}
