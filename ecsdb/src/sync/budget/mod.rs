//! Back-pressure: a budget that producers take from before they enqueue, and that the consumer gives back to.
//!
//! Taking costs one atomic read-modify-write while there is room, giving back always one. Only when the budget is
//! exhausted does a producer queue up, first come, first served: who takes without waiting cannot overtake those who
//! wait, so a large request is not starved by small ones.
//!
//! # State
//!
//! One word: bit 0 `QUEUED` (somebody waits in `line`), bit 1 `CLOSED`, the units in use above them. `QUEUED` changes only
//! under the lock of `line`, and is set exactly while `line` is not empty, apart from moments inside the lock.
//!
//! # Orderings and interleavings
//!
//! All accesses to the word are `Relaxed`. The budget orders nothing but itself: what is enqueued travels through the
//! queue, which synchronizes on its own. Within the budget the lost wake-up is the danger, and one word rules it out:
//!
//! - *A release after the waiter's `fetch_or(QUEUED)`*, in the modification order of the word, sees `QUEUED`, takes the lock,
//!   and therefore comes before the waiter has looked at the word (which then sees the room: the release happens before
//!   the unlock that the waiter's lock pairs with) or after it has begun to wait (and is notified).
//! - *A release before it* is part of what the `fetch_or` itself and every later read by the waiter see (coherence).
//!
//! The same holds for `CLOSED`, which `close` sets before it takes the lock.

#[cfg(all(test, ecsdb_loom))]
mod models;
#[cfg(all(test, not(ecsdb_loom)))]
mod tests;

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::sync::shim::{AtomicUsize, Condvar, Mutex, MutexGuard, Ordering, deadline_after, is_past, lock, wait_until};
use crate::sync::{CachePadded, Closed, mutant};

const QUEUED: usize = 0b01;
const CLOSED: usize = 0b10;
/// One unit in the state word.
const UNIT: usize = 0b100;

/// A bounded number of units (bytes, messages) that threads take and give back.
///
/// A request for more than the whole budget counts as the whole budget: it is admitted alone, when everything else has
/// been given back, rather than never.
pub struct Budget {
    state: CachePadded<AtomicUsize>,
    /// In units, from one to [`Budget::MAX`].
    limit: usize,
    /// Who waits, in the order of arrival. The first one alone may take.
    line: Mutex<Line>,
    moved: Condvar,
}

#[derive(Default)]
struct Line {
    waiting: VecDeque<Request>,
    next_number: u64,
}

/// One waiting thread.
struct Request {
    number: u64,
    units: usize,
}

impl Budget {
    /// The largest budget.
    pub const MAX: usize = usize::MAX / UNIT;

    /// A budget of `limit` units, all of them free. The limit is at least one and at most [`Budget::MAX`].
    pub fn new(limit: usize) -> Self {
        Self {
            state: CachePadded::new(AtomicUsize::new(0)),
            limit: limit.clamp(1, Self::MAX),
            line: Mutex::new(Line::default()),
            moved: Condvar::new(),
        }
    }

    /// The units that may be taken at once.
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// The units in use now. A figure for metrics: it may be out of date when it is returned.
    pub fn in_use(&self) -> usize {
        self.state.load(Ordering::Relaxed) / UNIT
    }

    /// Has [`close`](Self::close) been called?
    pub fn is_closed(&self) -> bool {
        self.state.load(Ordering::Relaxed) & CLOSED != 0
    }

    /// Takes `units` if that is possible without waiting and without overtaking anybody who waits.
    ///
    /// `false` if there is no room, somebody waits, or the budget is closed.
    #[inline]
    pub fn try_acquire(&self, units: usize) -> bool {
        self.take(self.cost(units), QUEUED | CLOSED).is_ok()
    }

    /// Takes `units`; waits for room.
    ///
    /// # Errors
    ///
    /// [`Closed`] if the budget is closed, before or while waiting.
    pub fn acquire(&self, units: usize) -> Result<(), Closed> {
        // Without a deadline the answer is never `false`.
        self.acquire_until(units, None).map(|_taken| ())
    }

    /// Takes `units`; waits for room, but no longer than `timeout`. `false` if there was none in time.
    ///
    /// # Errors
    ///
    /// [`Closed`] if the budget is closed, before or while waiting.
    pub fn acquire_timeout(&self, units: usize, timeout: Duration) -> Result<bool, Closed> {
        self.acquire_until(units, deadline_after(timeout))
    }

    /// Gives back `units`, as many as were taken in one call.
    ///
    /// # Panics
    ///
    /// If more is given back than was taken: the accounts are wrong then, and the bound means nothing.
    #[inline]
    pub fn release(&self, units: usize) {
        let cost = self.cost(units);
        if mutant!("budget/look before release") {
            if self.state.load(Ordering::Relaxed) & QUEUED != 0 {
                self.wake_first(&lock(&self.line));
            }
            self.state.fetch_sub(cost * UNIT, Ordering::Relaxed);
            return;
        }
        // Relaxed: see the module's documentation.
        let before = self.state.fetch_sub(cost * UNIT, Ordering::Relaxed);
        assert!(before / UNIT >= cost, "more is given back to the budget than was taken");
        if before & QUEUED != 0 {
            if mutant!("budget/notify without lock") {
                self.moved.notify_all();
                return;
            }
            self.wake_first(&lock(&self.line));
        }
    }

    /// Refuses everybody from now on, also those who wait. What was taken may still be given back.
    pub fn close(&self) {
        self.state.fetch_or(CLOSED, Ordering::Relaxed);
        // Taken and dropped: whoever has looked at the state before it changed is waiting by now and is notified.
        if !mutant!("budget/close without lock") {
            drop(lock(&self.line));
        }
        self.moved.notify_all();
    }

    /// What a request counts for.
    fn cost(&self, units: usize) -> usize {
        units.min(self.limit)
    }

    /// Takes `cost`, unless one of `barriers` is set or there is no room; then gives back the state that said so.
    #[inline]
    fn take(&self, cost: usize, barriers: usize) -> Result<(), usize> {
        let mut state = self.state.load(Ordering::Relaxed);
        loop {
            if state & barriers != 0 || !self.has_room(state, cost) {
                return Err(state);
            }
            let taken = state + cost * UNIT;
            match self.state.compare_exchange_weak(state, taken, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return Ok(()),
                Err(actual) => state = actual,
            }
        }
    }

    fn has_room(&self, state: usize, cost: usize) -> bool {
        // Both are at most `MAX`, so the sum does not overflow.
        state / UNIT + cost <= self.limit
    }

    fn acquire_until(&self, units: usize, deadline: Option<Instant>) -> Result<bool, Closed> {
        let cost = self.cost(units);
        match self.take(cost, QUEUED | CLOSED) {
            Ok(()) => Ok(true),
            Err(state) if state & CLOSED != 0 => Err(Closed),
            Err(_) => self.wait_in_line(cost, deadline),
        }
    }

    #[cold]
    fn wait_in_line(&self, cost: usize, deadline: Option<Instant>) -> Result<bool, Closed> {
        let mut line = lock(&self.line);
        let number = line.next_number;
        line.next_number += 1;
        line.waiting.push_back(Request { number, units: cost });
        if !mutant!("budget/wait unannounced") {
            self.state.fetch_or(QUEUED, Ordering::Relaxed);
        }
        let outcome = loop {
            let is_first = line.waiting.front().is_some_and(|first| first.number == number);
            // Those behind the first one look only whether the budget is closed.
            let barriers = if is_first { CLOSED } else { CLOSED | QUEUED };
            match self.take(cost, barriers) {
                Ok(()) => break Ok(true),
                Err(state) if state & CLOSED != 0 => break Err(Closed),
                Err(_) if is_past(deadline) => break Ok(false),
                Err(_) => line = wait_until(&self.moved, line, deadline),
            }
        };
        self.leave(line, number);
        outcome
    }

    /// Takes a request out of the line and lets the next one look.
    fn leave(&self, mut line: MutexGuard<'_, Line>, number: u64) {
        line.waiting.retain(|request| request.number != number);
        if line.waiting.is_empty() {
            self.state.fetch_and(!QUEUED, Ordering::Relaxed);
        } else if !mutant!("budget/leave in silence") {
            // There may be room for the next one already, and nobody else would tell it.
            self.wake_first(&line);
        }
    }

    /// Wakes the line if the first one in it can take now. One condition variable serves all, so all of them look.
    fn wake_first(&self, line: &Line) {
        let state = self.state.load(Ordering::Relaxed);
        if line.waiting.front().is_some_and(|first| state & CLOSED != 0 || self.has_room(state, first.units)) {
            self.moved.notify_all();
        }
    }
}
