//! What is kept of the last commits for those who follow them: the change sets, as long as there is room.
//!
//! It holds on to pages that no version has any more, so its bytes are limited, and it goes before anything is refused for lack
//! of memory. Nothing is kept, and no change set made, while nobody follows and nobody has asked for a history.

use crate::change_set::ChangeSet;
use crate::sync::{Cursor, Held, History, HistoryLimits, Recorder, Sleepers, history};

/// What one version did: the change sets of its transactions, in order.
pub type VersionChanges = Vec<ChangeSet>;

/// The readers' end of the history.
pub type CommitHistory = History<VersionChanges>;

/// A place in the history.
pub type CommitCursor = Cursor<VersionChanges>;

/// What one version did, kept while it is looked at.
pub type HeldChanges = Held<VersionChanges>;

/// What is kept if nobody has said how much: enough for seconds of a game, and little beside a world.
const LIMITS: HistoryLimits = HistoryLimits { commits: 4096, bytes: 64 << 20 };

/// How many emptied change sets are kept for their memory.
const SPARES: usize = 64;

/// The writer's end.
pub struct Recording {
    recorder: Recorder<VersionChanges>,
    history: CommitHistory,
    /// What the transactions of the running batch did.
    batch: VersionChanges,
    batch_bytes: usize,
    /// Whether something of the running batch was let go.
    is_torn: bool,
    spares: Vec<ChangeSet>,
}

impl Recording {
    pub fn new() -> Self {
        let (recorder, history) = history(LIMITS);
        Self { recorder, history, batch: Vec::new(), batch_bytes: 0, is_torn: false, spares: Vec::new() }
    }

    #[inline]
    pub fn is_on(&self) -> bool {
        self.recorder.is_on()
    }

    pub fn history(&self) -> &CommitHistory {
        &self.history
    }

    /// Keeps the commits from version `next` on, up to `limits`, whether somebody follows or not.
    pub fn keep(&mut self, limits: HistoryLimits, next: u64) {
        self.recorder.set_limits(limits);
        self.recorder.keep(next);
    }

    /// Somebody who follows from version `next` on, the next one to be published.
    pub fn follow(&mut self, next: u64) -> CommitCursor {
        self.recorder.follow(&self.history, next)
    }

    /// What is kept alive, in bytes.
    pub fn bytes(&self) -> usize {
        self.recorder.bytes() + self.batch_bytes
    }

    /// Takes in what a transaction of the running batch did.
    pub fn record(&mut self, changes: &mut ChangeSet) {
        if self.is_torn {
            *changes = ChangeSet::default();
            return;
        }
        self.batch_bytes += kept_bytes(changes);
        self.batch.push(core::mem::replace(changes, self.spares.pop().unwrap_or_default()));
    }

    /// Appends the running batch as version `number`, before it is published. What goes for it comes back.
    pub fn append(&mut self, number: u64) -> Vec<VersionChanges> {
        let mut gone = Vec::new();
        let batch = core::mem::take(&mut self.batch);
        let bytes = core::mem::take(&mut self.batch_bytes);
        if core::mem::take(&mut self.is_torn) {
            self.recorder.restart(number + 1, |entry| gone.push(entry));
        } else {
            self.recorder.append(number, batch, bytes, |entry| gone.push(entry));
        }
        gone
    }

    /// Forgets the running batch: nobody will see it. Its change sets come back.
    pub fn discard(&mut self) -> VersionChanges {
        (self.batch_bytes, self.is_torn) = (0, false);
        core::mem::take(&mut self.batch)
    }

    /// Tells followers of version `number`, which is published, and of all before.
    pub fn announce(&mut self, number: u64) -> Sleepers {
        self.recorder.announce(number)
    }

    /// Stops if nobody follows any more. What goes comes back.
    pub fn rest(&mut self) -> Vec<VersionChanges> {
        let mut gone = Vec::new();
        self.recorder.rest(|entry| gone.push(entry));
        gone
    }

    /// Forgets everything up to version `number`, which no change set leads to: the tables are others.
    pub fn restart_after(&mut self, number: u64) {
        if self.is_on() {
            self.recorder.restart(number + 1, drop);
        }
    }

    /// Lets go of everything: the memory is needed. Those who follow are told that they have missed something.
    pub fn let_go(&mut self) {
        if self.is_on() && self.bytes() > 0 {
            // What the running transaction has done so far is not here yet.
            self.is_torn |= !self.batch.is_empty();
            self.batch = Vec::new();
            self.batch_bytes = 0;
            self.recorder.forget();
        }
    }

    /// Keeps the memory of an emptied change set for the next transaction.
    pub fn keep_spare(&mut self, changes: ChangeSet) {
        if self.is_on() && self.spares.len() < SPARES {
            self.spares.push(changes);
        }
    }

    /// Gives memory back that only helps the next commits.
    pub fn trim(&mut self) {
        self.spares = Vec::new();
    }
}

/// What a change set keeps alive that nobody else needs: the pages before, and itself. The pages after are those of a version, or
/// the pages before of a later change set.
fn kept_bytes(changes: &ChangeSet) -> usize {
    let pages: usize = changes
        .pages
        .iter()
        .filter_map(|run| {
            let page = run.before.as_ref()?;
            let heap = page.heap().filter(|heap| {
                let after = run.after.as_ref().and_then(|page| page.heap());
                after.is_none_or(|after| !core::ptr::eq(&raw const ***heap, &raw const **after))
            });
            Some(page.footprint_bytes() + heap.map_or(0, |heap| heap.footprint_bytes()))
        })
        .sum();
    pages
        + size_of::<ChangeSet>()
        + size_of_val(&*changes.pages)
        + size_of_val(&*changes.words)
        + size_of_val(&*changes.names)
        + size_of_val(&*changes.entities)
}
