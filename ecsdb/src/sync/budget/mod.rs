//! Back-pressure: a budget that producers take from before they enqueue, and that the consumer gives back to.
//!
//! How full it may become depends on the [`Priority`] of the request: low ones find it full at half of the limit, and high
//! ones have a reserve beyond it. So a producer that floods the queue keeps nobody out who matters more.
//! Taking costs one atomic read-modify-write while there is room, giving back always one. Only when the budget is
//! exhausted does a producer queue up, first come, first served within a priority: who takes without waiting cannot overtake
//! those who wait and are of the same priority or a higher one, so a large request is not starved by small ones.
//!
//! # State
//!
//! One word: bits 0 to 2 `QUEUED` (somebody of that priority waits in `line`), bit 3 `CLOSED`, the units in use above them. A
//! `QUEUED` bit changes only under the lock of `line`, and is set exactly while somebody of its priority is in it, apart from
//! moments inside the lock.
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
#[cfg(all(test, not(any(ecsdb_loom, ecsdb_shuttle))))]
mod tests;

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::sync::shim::{AtomicUsize, Condvar, Mutex, MutexGuard, Ordering, deadline_after, is_past, lock, wait_until};
use crate::sync::{CachePadded, Closed, mutant};

/// Somebody waits: any of the bits of [`queued`].
const QUEUED: usize = 0b111;
const CLOSED: usize = 0b1000;
/// One unit in the state word.
const UNIT: usize = 0b1_0000;

/// How much a request matters when there is not room for all of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Priority {
    /// What may be left out: it finds the queue full when half of the limits is used.
    Low,
    /// The usual one: it finds the queue full when the limits are reached.
    #[default]
    Normal,
    /// What has to get through: it has a reserve of an eighth beyond the limits. For little that matters much, such as the
    /// ticks of a game.
    High,
}

/// Somebody of this priority waits.
const fn queued(priority: Priority) -> usize {
    1 << priority as usize
}

/// Whom a request of this priority must not overtake: those who wait and are of the same or a higher one.
const fn ahead_of(priority: Priority) -> usize {
    QUEUED & (usize::MAX << priority as usize)
}

/// A bounded number of units (bytes, messages) that threads take and give back.
///
/// A request for more than all that its priority may take counts as all of that: it is admitted alone, when everything else has
/// been given back, rather than never. A request for less than the least counts as the least, so that few units are also few
/// requests.
pub struct Budget {
    state: CachePadded<AtomicUsize>,
    /// Up to where requests of each priority may take, in units, ascending, from one to [`Budget::MAX`].
    limits: [usize; 3],
    /// What a request counts for at the least, in units.
    least: usize,
    /// Who waits: the highest priority first, and within one in the order of arrival. The first one alone may take.
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
    priority: Priority,
}

impl Budget {
    /// The largest budget.
    pub const MAX: usize = usize::MAX / UNIT;

    /// A budget of `limit` units, all of them free, in which a request counts for `least` units at the least. The limit is at
    /// least one and at most [`Budget::MAX`], the reserve for high priorities included.
    pub fn new(limit: usize, least: usize) -> Self {
        let limit = limit.clamp(1, Self::MAX / 2);
        let least = least.clamp(1, limit);
        let reserve = (limit / 8).max(least);
        Self {
            state: CachePadded::new(AtomicUsize::new(0)),
            limits: [(limit / 2).max(least), limit, limit + reserve],
            least,
            line: Mutex::new(Line::default()),
            moved: Condvar::new(),
        }
    }

    /// The units that requests of `priority` may fill it up to.
    pub fn limit(&self, priority: Priority) -> usize {
        self.limits[priority as usize]
    }

    /// How many requests it admits at once at the most.
    pub fn requests_max(&self) -> usize {
        self.limit(Priority::High) / self.least
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
    pub fn try_acquire(&self, units: usize, priority: Priority) -> bool {
        self.take(self.cost(units, priority), priority, ahead_of(priority) | CLOSED).is_ok()
    }

    /// Takes `units`; waits for room.
    ///
    /// # Errors
    ///
    /// [`Closed`] if the budget is closed, before or while waiting.
    pub fn acquire(&self, units: usize, priority: Priority) -> Result<(), Closed> {
        // Without a deadline the answer is never `false`.
        self.acquire_until(units, priority, None).map(|_taken| ())
    }

    /// Takes `units`; waits for room, but no longer than `timeout`. `false` if there was none in time.
    ///
    /// # Errors
    ///
    /// [`Closed`] if the budget is closed, before or while waiting.
    pub fn acquire_timeout(&self, units: usize, priority: Priority, timeout: Duration) -> Result<bool, Closed> {
        self.acquire_until(units, priority, deadline_after(timeout))
    }

    /// Gives back `cost` units: what one or more requests that were admitted have [cost](Self::cost) together.
    ///
    /// # Panics
    ///
    /// If more is given back than was taken: the accounts are wrong then, and the bound means nothing.
    #[inline]
    pub fn release(&self, cost: usize) {
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

    /// What a request for `units` units counts for.
    #[inline]
    pub fn cost(&self, units: usize, priority: Priority) -> usize {
        units.max(self.least).min(self.limit(priority))
    }

    /// Takes `cost`, unless one of `barriers` is set or there is no room; then gives back the state that said so.
    #[inline]
    fn take(&self, cost: usize, priority: Priority, barriers: usize) -> Result<(), usize> {
        let mut state = self.state.load(Ordering::Relaxed);
        loop {
            if state & barriers != 0 || !self.has_room(state, cost, priority) {
                return Err(state);
            }
            let taken = state + cost * UNIT;
            match self.state.compare_exchange_weak(state, taken, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return Ok(()),
                Err(actual) => state = actual,
            }
        }
    }

    fn has_room(&self, state: usize, cost: usize, priority: Priority) -> bool {
        // Both are at most `MAX`, so the sum does not overflow.
        state / UNIT + cost <= self.limit(priority)
    }

    fn acquire_until(&self, units: usize, priority: Priority, deadline: Option<Instant>) -> Result<bool, Closed> {
        let cost = self.cost(units, priority);
        match self.take(cost, priority, ahead_of(priority) | CLOSED) {
            Ok(()) => Ok(true),
            Err(state) if state & CLOSED != 0 => Err(Closed),
            Err(_) => self.wait_in_line(cost, priority, deadline),
        }
    }

    #[cold]
    fn wait_in_line(&self, cost: usize, priority: Priority, deadline: Option<Instant>) -> Result<bool, Closed> {
        let mut line = lock(&self.line);
        let number = line.next_number;
        line.next_number += 1;
        let place = line.waiting.iter().take_while(|other| other.priority >= priority).count();
        line.waiting.insert(place, Request { number, units: cost, priority });
        if !mutant!("budget/wait unannounced") {
            self.state.fetch_or(queued(priority), Ordering::Relaxed);
        }
        let outcome = loop {
            let is_first = line.waiting.front().is_some_and(|first| first.number == number);
            // Those behind the first one look only whether the budget is closed: their own mark keeps them out.
            let barriers = if is_first { CLOSED } else { CLOSED | queued(priority) };
            match self.take(cost, priority, barriers) {
                Ok(()) => break Ok(true),
                Err(state) if state & CLOSED != 0 => break Err(Closed),
                Err(_) if is_past(deadline) && mutant!("budget/give up in the line") => return Ok(false),
                Err(_) if is_past(deadline) => break Ok(false),
                Err(_) => line = wait_until(&self.moved, line, deadline),
            }
        };
        self.leave(line, number, priority);
        outcome
    }

    /// Takes a request out of the line and lets the next one look.
    fn leave(&self, mut line: MutexGuard<'_, Line>, number: u64, priority: Priority) {
        line.waiting.retain(|request| request.number != number);
        if mutant!("budget/forget the other priorities") {
            self.state.fetch_and(!QUEUED, Ordering::Relaxed);
        }
        if line.waiting.iter().all(|request| request.priority != priority) {
            self.state.fetch_and(!queued(priority), Ordering::Relaxed);
        }
        if !line.waiting.is_empty() && !mutant!("budget/leave in silence") {
            // There may be room for the next one already, and nobody else would tell it.
            self.wake_first(&line);
        }
    }

    /// Wakes the line if the first one in it can take now. One condition variable serves all, so all of them look.
    fn wake_first(&self, line: &Line) {
        let state = self.state.load(Ordering::Relaxed);
        if line
            .waiting
            .front()
            .is_some_and(|first| state & CLOSED != 0 || self.has_room(state, first.units, first.priority))
        {
            self.moved.notify_all();
        }
    }
}
