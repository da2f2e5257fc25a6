//! Up to which version a log is durable: the writer says what it has written, one thread at a time syncs and says so, and anybody waits.
//!
//! # The protocol
//!
//! - The writer writes version *n* to the file and then calls [`Watermark::written`]. Versions come in ascending order.
//! - The syncing thread, in [`Watermark::run`], notes what was written **before** it calls the sync. A sync covers all writes
//!   that had returned when it began, and no others, so that number, and not what was written meanwhile, is durable when
//!   it returns.
//! - A waiter that is alone may sync itself ([`Watermark::help`]), while the syncing thread stands by.
//! - A waiter registers a [`completion`](crate::sync::completion()) for its version and is woken once, when the watermark has
//!   reached it, or never will.
//! - A failure is final. The first cause stays; nothing is synced, written or acknowledged afterwards, except what was durable
//!   before. The system may have dropped what it could not write and report success the next time.
//!
//! Everything stands under one lock, which nobody holds while syncing or waking. A condition variable wakes the
//! syncing thread; nobody else sleeps there. `is_syncing` says that somebody syncs: nobody begins then.

#[cfg(all(test, ecsdb_loom))]
mod models;
#[cfg(all(test, not(ecsdb_loom)))]
mod tests;

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use crate::panics::quietly;
use crate::sync::shim::{Condvar, Mutex, MutexGuard, deadline_after, is_past, lock, wait_until};
use crate::sync::{Completer, Pending, completion, mutant};

/// Where the syncing thread is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Syncer {
    /// Awake: it will look at everything before it sleeps.
    Awake,
    /// Asleep, with nothing to sync.
    Idle,
    /// Asleep until what was written has waited long enough.
    Delaying,
    /// Asleep while somebody else syncs, who wakes it afterwards if there is something left to do.
    Standing,
}

struct State<E> {
    /// What the writer has written.
    written: u64,
    /// What is durable.
    durable: u64,
    /// When what was written and is not durable has waited long enough; none if there is nothing such, or no limit.
    due: Option<Instant>,
    /// Why nothing more will be durable.
    failure: Option<E>,
    is_closing: bool,
    /// Whether somebody syncs.
    is_syncing: bool,
    /// Whether the syncing thread has something else to do.
    has_chores: bool,
    syncer: Syncer,
    /// Who waits, and for which version.
    waiters: Vec<Waiter<E>>,
}

/// Up to which version somebody waits, and who.
type Waiter<E> = (u64, Completer<Result<(), E>>);

/// What the syncing thread does next.
enum Work {
    /// It syncs what was written up to this version.
    Sync(u64),
    /// What is to be done besides syncs, also while somebody else syncs.
    Chores,
}

impl<E> State<E> {
    /// Whether the syncing thread should look, should it sleep.
    fn has_work(&self) -> bool {
        self.written > self.durable || self.has_chores || self.is_closing || self.failure.is_some()
    }
}

/// The watermark of a log whose failures are `E`.
pub struct Watermark<E> {
    state: Mutex<State<E>>,
    work: Condvar,
    /// How long something that was written may wait for a sync if nobody asks for one.
    delay: Duration,
    /// How others than the syncing thread sync; `None` if there is no need any more.
    lent: OnceLock<Lent<E>>,
}

type Lent<E> = Box<dyn Fn() -> Option<Result<(), E>> + Send + Sync>;

impl<E: Clone> Watermark<E> {
    /// A watermark at `durable`, which is also what was written. What is written later is synced at once when somebody waits
    /// for it, and otherwise within `delay`.
    pub fn new(durable: u64, delay: Duration) -> Self {
        let state = State {
            written: durable,
            durable,
            due: None,
            failure: None,
            is_closing: false,
            is_syncing: false,
            has_chores: false,
            syncer: Syncer::Awake,
            waiters: Vec::new(),
        };
        Self { state: Mutex::new(state), work: Condvar::new(), delay, lent: OnceLock::new() }
    }

    /// The version that is durable, for records and figures. It may be out of date when it is returned, but only ever too low.
    pub fn durable(&self) -> u64 {
        lock(&self.state).durable
    }

    /// What is durable, for a writer that is about to write.
    ///
    /// # Errors
    /// The failure, if there was one: nothing may be written any more.
    pub fn check(&self) -> Result<u64, E> {
        let state = lock(&self.state);
        match &state.failure {
            Some(failure) => Err(failure.clone()),
            None => Ok(state.durable),
        }
    }

    /// Notes that `version` was written. For the writer only.
    ///
    /// # Errors
    /// The failure, if there was one meanwhile: nobody will sync what was written.
    pub fn written(&self, version: u64) -> Result<(), E> {
        let mut state = lock(&self.state);
        if let Some(failure) = &state.failure
            && !mutant!("watermark/write after failure")
        {
            return Err(failure.clone());
        }
        debug_assert!(version >= state.written, "versions are written in ascending order");
        state.written = version;
        if state.due.is_none() && !self.delay.is_zero() {
            state.due = deadline_after(self.delay);
        }
        if state.syncer == Syncer::Idle && !mutant!("watermark/written in silence") {
            self.wake(state);
        }
        Ok(())
    }

    /// Wakes the syncing thread, which is asleep.
    fn wake(&self, mut state: MutexGuard<'_, State<E>>) {
        // Nobody needs to wake it a second time.
        state.syncer = Syncer::Awake;
        drop(state);
        self.work.notify_one();
    }

    /// The answer to whether `version` is durable, when it is known. Asks for a sync, if it takes one.
    pub fn when(&self, version: u64) -> Pending<Result<(), E>> {
        let (completer, pending) = completion();
        let mut state = lock(&self.state);
        if version <= state.durable && !mutant!("watermark/register without a look") {
            drop(state);
            completer.complete(Ok(()));
        } else if let Some(failure) = state.failure.clone() {
            drop(state);
            completer.complete(Err(failure));
        } else {
            state.waiters.push((version, completer));
            if state.syncer != Syncer::Awake && state.written > state.durable {
                self.wake(state);
            }
        }
        pending
    }

    /// Has whoever waits alone sync with `sync`: see [`help`](Self::help).
    pub fn lend(&self, sync: impl Fn() -> Option<Result<(), E>> + Send + Sync + 'static) {
        // It is lent once, when the log begins.
        let _ = self.lent.set(Box::new(sync));
    }

    /// Syncs on this thread, for somebody who waits for `version`, if nobody else syncs or waits: to wake another thread and to be
    /// woken by it takes about as long as a sync. Where others wait, the syncing thread does it for all of them. The answer, if
    /// it is known then.
    pub fn help(&self, version: u64) -> Option<Result<(), E>> {
        let mut state = lock(&self.state);
        let is_needed = version > state.durable && version <= state.written && state.failure.is_none();
        let is_free = state.waiters.is_empty() && (!state.is_syncing || mutant!("watermark/help beside a sync"));
        if is_needed
            && is_free
            && let Some(sync) = self.lent.get()
        {
            let target = state.written;
            (state.is_syncing, state.due) = (true, None);
            drop(state);
            match sync() {
                Some(Ok(())) => self.advance(target),
                Some(Err(failure)) => self.fail(failure),
                None => lock(&self.state).is_syncing = false,
            }
            state = lock(&self.state);
        }
        if version <= state.durable { Some(Ok(())) } else { state.failure.clone().map(Err) }
    }

    /// Has the syncing thread do what is to be done after syncs, also if it has nothing to sync, or somebody else does.
    pub fn call(&self) {
        let mut state = lock(&self.state);
        state.has_chores = true;
        // Also while somebody else syncs: who does that again and again would keep it from them for ever.
        if state.syncer != Syncer::Awake && !mutant!("watermark/call in silence") {
            self.wake(state);
        }
    }

    /// Notes that nothing more will be durable, because of `failure`, and tells those who wait. The first failure stays.
    pub fn fail(&self, failure: E) {
        let mut state = lock(&self.state);
        let failure = state.failure.get_or_insert(failure).clone();
        let waiters = core::mem::take(&mut state.waiters);
        drop(state);
        self.work.notify_one();
        tell(waiters, &Err(failure));
    }

    /// Lets the syncing thread end when everything that was written is durable.
    pub fn close(&self) {
        lock(&self.state).is_closing = true;
        self.work.notify_one();
    }

    /// Syncs with `sync` what is written, until the watermark is closed or something fails. For one thread. After each sync,
    /// when everybody has been told, and when it is [called](Self::call), it does `after`, perhaps beside a sync of [somebody
    /// else](Self::help).
    pub fn run(&self, mut sync: impl FnMut() -> Result<(), E>, mut after: impl FnMut()) {
        while let Some(work) = self.next() {
            let Work::Sync(target) = work else {
                after();
                continue;
            };
            if mutant!("watermark/advance before sync") {
                self.advance(target);
            }
            let synced = sync();
            let target = if mutant!("watermark/look after sync") { lock(&self.state).written } else { target };
            match synced {
                Ok(()) => self.advance(target),
                Err(_) if mutant!("watermark/sync again") => {}
                Err(failure) => return self.fail(failure),
            }
            after();
        }
    }

    /// Waits until there is something to do; `None` if there is no more.
    fn next(&self) -> Option<Work> {
        let mut state = lock(&self.state);
        loop {
            if state.failure.is_some() {
                return None;
            }
            let is_behind = state.written > state.durable;
            if state.is_closing && mutant!("watermark/end before a sync") {
                return None;
            }
            let is_asked =
                || state.is_closing || self.delay.is_zero() || !state.waiters.is_empty() || is_past(state.due);
            let is_free = !state.is_syncing || mutant!("watermark/help beside a sync");
            if is_free && is_behind && is_asked() {
                state.due = None;
                state.syncer = Syncer::Awake;
                state.is_syncing = true;
                return Some(Work::Sync(state.written));
            } else if core::mem::take(&mut state.has_chores) {
                state.syncer = Syncer::Awake;
                return Some(Work::Chores);
            } else if !is_free {
                state.syncer = Syncer::Standing;
            } else if is_behind {
                state.syncer = Syncer::Delaying;
            } else if state.is_closing {
                return None;
            } else {
                state.syncer = Syncer::Idle;
            }
            let due = if state.syncer == Syncer::Delaying { state.due } else { None };
            state = wait_until(&self.work, state, due);
        }
    }

    /// Notes that everything up to `version` is durable, for whoever has synced, and tells those who wait for it.
    fn advance(&self, version: u64) {
        let mut state = lock(&self.state);
        state.is_syncing = false;
        if state.failure.is_some() {
            return;
        }
        state.durable = version;
        let mut is_needed = false;
        if state.syncer == Syncer::Standing {
            is_needed = state.has_work() && !mutant!("watermark/leave in silence");
            // Without work it sleeps until it is woken, as it would if it had looked.
            state.syncer = if is_needed { Syncer::Awake } else { Syncer::Idle };
        }
        let reached = |waiter: &mut Waiter<E>| waiter.0 <= version || mutant!("watermark/wake everybody");
        let waiters: Vec<_> = state.waiters.extract_if(.., reached).collect();
        drop(state);
        if is_needed {
            self.work.notify_one();
        }
        tell(waiters, &Ok(()));
    }
}

/// Tells those who wait. Should the waker of one of them panic, the others hear of it all the same, and the log goes on: whoever
/// syncs, on the thread for that or on his own, has nothing to do with it.
fn tell<E: Clone>(waiters: Vec<Waiter<E>>, answer: &Result<(), E>) {
    for (_, waiter) in waiters {
        quietly(|| waiter.complete(answer.clone()));
    }
}
