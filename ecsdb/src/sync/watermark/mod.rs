//! Up to which version a log is durable: the writer says what it has written, one thread syncs and says so, and anybody waits.
//!
//! # The protocol
//!
//! - The writer writes version *n* to the file and then calls [`Watermark::written`]. Versions come in ascending order.
//! - The syncing thread, in [`Watermark::run`], notes what was written **before** it calls the sync. A sync covers all writes
//!   that had returned when it began, and no others, so that number, and not what was written meanwhile, is durable when
//!   it returns.
//! - A waiter registers a [`completion`](crate::sync::completion()) for its version and is woken once, when the watermark has
//!   reached it, or never will.
//! - A failure is final. The first cause stays; nothing is synced, written or acknowledged afterwards, except what was durable
//!   before. The system may have dropped what it could not write and report success the next time.
//!
//! Everything stands under one lock, which nobody holds while syncing or waking. A condition variable wakes the
//! syncing thread; nobody else sleeps there.

#[cfg(all(test, ecsdb_loom))]
mod models;
#[cfg(all(test, not(ecsdb_loom)))]
mod tests;

use std::time::{Duration, Instant};

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
    syncer: Syncer,
    /// Who waits, and for which version.
    waiters: Vec<(u64, Completer<Result<(), E>>)>,
}

/// The watermark of a log whose failures are `E`.
pub struct Watermark<E> {
    state: Mutex<State<E>>,
    work: Condvar,
    /// How long something that was written may wait for a sync if nobody asks for one.
    delay: Duration,
}

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
            syncer: Syncer::Awake,
            waiters: Vec::new(),
        };
        Self { state: Mutex::new(state), work: Condvar::new(), delay }
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

    /// Notes that nothing more will be durable, because of `failure`, and tells those who wait. The first failure stays.
    pub fn fail(&self, failure: E) {
        let mut state = lock(&self.state);
        let failure = state.failure.get_or_insert(failure).clone();
        let waiters = core::mem::take(&mut state.waiters);
        drop(state);
        self.work.notify_one();
        for (_, waiter) in waiters {
            waiter.complete(Err(failure.clone()));
        }
    }

    /// Lets the syncing thread end when everything that was written is durable.
    pub fn close(&self) {
        lock(&self.state).is_closing = true;
        self.work.notify_one();
    }

    /// Syncs with `sync` what is written, until the watermark is closed or something fails. For one thread. After each sync,
    /// when everybody has been told, it does `after`.
    pub fn run(&self, mut sync: impl FnMut() -> Result<(), E>, mut after: impl FnMut()) {
        while let Some(target) = self.next() {
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

    /// Waits until there is something to sync, and returns up to where it is written; `None` if there is no more.
    fn next(&self) -> Option<u64> {
        let mut state = lock(&self.state);
        loop {
            if state.failure.is_some() {
                return None;
            }
            if state.written > state.durable {
                if state.is_closing || self.delay.is_zero() || !state.waiters.is_empty() || is_past(state.due) {
                    state.due = None;
                    state.syncer = Syncer::Awake;
                    return Some(state.written);
                }
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

    /// Notes that everything up to `version` is durable, and tells those who wait for it.
    fn advance(&self, version: u64) {
        let mut state = lock(&self.state);
        if state.failure.is_some() {
            return;
        }
        state.durable = version;
        let reached = |waiter: &mut (u64, Completer<_>)| waiter.0 <= version || mutant!("watermark/wake everybody");
        let waiters: Vec<_> = state.waiters.extract_if(.., reached).collect();
        drop(state);
        for (_, waiter) in waiters {
            waiter.complete(Ok(()));
        }
    }
}
