//! The state behind a ticket: written once by one side, waited for by the other, in one allocation.
//!
//! A waiter may block, block with a timeout, look, or be polled as a future. Completing costs one atomic
//! read-modify-write and no system call while nobody waits, and never waits for the other side.
//!
//! # States
//!
//! Two bits. `SETTLED` is set once and never cleared, by the completer: the value is there, or never will be. `WAITING`
//! says that `waiter` holds somebody to be woken.
//!
//! | `SETTLED` | `WAITING` | `value` belongs to | `waiter` belongs to |
//! |---|---|---|---|
//! | 0 | 0 | completer | pending side |
//! | 0 | 1 | completer | nobody may touch it: whoever changes a bit next takes it |
//! | 1 | 0 | pending side | pending side |
//! | 1 | 1 | pending side | completer, which takes the waiter out and wakes it |
//!
//! # Orderings and interleavings
//!
//! - Completer: write `value`; `fetch_or(SETTLED)`, Release for the value, Acquire for the waiter. If `WAITING` was set, it
//!   takes the waiter and wakes it.
//! - Pending side, to wait: write `waiter`; `fetch_or(WAITING)`, Release for the waiter, Acquire for the value. If
//!   `SETTLED` was set first, the completer has not seen `WAITING` and will not look: no wait, take the value.
//! - Pending side, to wait again: `fetch_and(!WAITING)`, Acquire. If `SETTLED` was set, the completer is using the waiter;
//!   leave it alone and take the value. Otherwise the waiter is ours again.
//!
//! Both sides change the same word by read-modify-writes, so one of them comes second and sees the other: either the
//! completer sees `WAITING` and wakes, or the waiter sees `SETTLED` and does not sleep. No wake-up is lost, and no fence is
//! needed.
//!
//! A second stage (first visible, then durable) would be a second settled bit with a value cell of its own.

#[cfg(all(test, ecsdb_loom))]
mod models;
mod pool;
#[cfg(all(test, not(ecsdb_loom)))]
mod tests;

use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use crate::bytes::{Line, prefetch_to_write};
use crate::sync::shim::{
    Arc, AtomicUsize, Ordering, UnsafeCell, deadline_after, is_past, model_failed, park_until, thread,
};
use crate::sync::{Closed, mutant};

pub use pool::{CompletionPool, Spent};

const SETTLED: usize = 0b01;
const WAITING: usize = 0b10;

/// A value to come: the end that completes it, and the end that waits for it.
pub fn completion<T>() -> (Completer<T>, Pending<T>) {
    ends(Arc::new(Shared::new()))
}

/// The two ends of `shared`, which nobody else holds and which is as new.
fn ends<T>(shared: Arc<Shared<T>>) -> (Completer<T>, Pending<T>) {
    (Completer { shared: Some(Arc::clone(&shared)) }, Pending { shared })
}

/// Whom to wake.
enum Waiter {
    Thread(thread::Thread),
    Task(Waker),
}

impl Waiter {
    fn wake(self) {
        match self {
            Self::Thread(thread) => thread.unpark(),
            Self::Task(waker) => waker.wake(),
        }
    }
}

struct Shared<T> {
    state: AtomicUsize,
    /// Invariant: touched only by the side that the table in the module's documentation names.
    value: UnsafeCell<Option<T>>,
    /// Invariant: the same.
    waiter: UnsafeCell<Option<Waiter>>,
}

// SAFETY: `value` and `waiter` are handed from one side to the other by `state` (see the table), never used by both.
// The value moves to the thread of the waiter, hence `T: Send`; it is never shared, hence no `T: Sync`.
unsafe impl<T: Send> Send for Shared<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Sync for Shared<T> {}

impl<T> Shared<T> {
    fn new() -> Self {
        Self { state: AtomicUsize::new(0), value: UnsafeCell::new(None), waiter: UnsafeCell::new(None) }
    }

    /// Sets `SETTLED` and wakes who waits.
    fn settle(&self) {
        if mutant!("completion/wake before settled") {
            self.wake_if(self.state.load(Ordering::Acquire));
            self.state.fetch_or(SETTLED, Ordering::AcqRel);
            return;
        }
        // AcqRel: Release pairs with the Acquire of `is_settled`, `fetch_or` and `fetch_and` of the pending side, which
        // then sees the value; Acquire pairs with the Release of its `fetch_or`, so that we see the waiter.
        let order = if mutant!("completion/settle without release") {
            Ordering::Acquire
        } else if mutant!("completion/settle without acquire") {
            Ordering::Release
        } else {
            Ordering::AcqRel
        };
        let before = self.state.fetch_or(SETTLED, order);
        self.wake_if(before);
    }

    /// Takes the waiter out and wakes it, if `before` says that there is one.
    fn wake_if(&self, before: usize) {
        if before & WAITING == 0 {
            return;
        }
        // SAFETY: `WAITING` was set when we set `SETTLED`: the waiter is ours. The pending side does not touch it any
        // more, because whatever it does next shows it `SETTLED`.
        let waiter = self.waiter.with_mut(|waiter| unsafe { (*waiter).take() });
        if let Some(waiter) = waiter {
            waiter.wake();
        }
    }

    fn is_settled(&self) -> bool {
        // Acquire: pairs with the Release of `settle`, so that the value is visible.
        let order = if mutant!("completion/look relaxed") { Ordering::Relaxed } else { Ordering::Acquire };
        self.state.load(order) & SETTLED != 0
    }

    /// Takes the value out. Only for the pending side, and only after it has seen `SETTLED`.
    fn take(&self) -> Result<T, Closed> {
        // SAFETY: `SETTLED` is set, so the value belongs to the pending side, of which there is one handle, borrowed
        // mutably or consumed by every caller.
        self.value.with_mut(|value| unsafe { (*value).take() }).ok_or(Closed)
    }

    /// Registers whom to wake; `false` if there is no need, because the outcome is settled.
    fn register(&self, waiter: Waiter) -> bool {
        // Acquire: if `SETTLED` shows, pairs with `settle`, and the value is visible. No Release: what the completer
        // has to see of us is written below.
        let order = if mutant!("completion/take back relaxed") { Ordering::Relaxed } else { Ordering::Acquire };
        if self.state.fetch_and(!WAITING, order) & SETTLED != 0 {
            return false;
        }
        // SAFETY: `SETTLED` was not set when `WAITING` was cleared, so the completer will not look at the waiter.
        self.waiter.with_mut(|slot| unsafe { *slot = Some(waiter) });
        // AcqRel: Release pairs with the Acquire of `settle`, so that the completer sees the waiter; Acquire pairs with its
        // Release, so that we see the value.
        let order = if mutant!("completion/register without release") {
            Ordering::Acquire
        } else if mutant!("completion/register without acquire") {
            Ordering::Release
        } else {
            Ordering::AcqRel
        };
        self.state.fetch_or(WAITING, order) & SETTLED == 0
    }
}

/// The end that completes. Dropping it without a value tells the waiter [`Closed`].
pub struct Completer<T> {
    /// `None` once it has settled.
    shared: Option<Arc<Shared<T>>>,
}

debug_as!([T] Completer<T>);

impl<T> Completer<T> {
    /// Hands over `value` and wakes the waiter, if there is one. Never blocks.
    ///
    /// If the waiting end is gone, the value is dropped with the last handle.
    pub fn complete(self, value: T) {
        drop(self.complete_and_keep(value));
    }

    /// Asks the processor for the memory that [`complete`](Self::complete) will write to.
    #[inline]
    pub fn prefetch(&self) {
        if let Some(shared) = &self.shared {
            prefetch_to_write(Arc::as_ptr(shared).cast(), size_of::<Shared<T>>().div_ceil(Line::BYTES));
        }
    }

    /// As [`complete`](Self::complete). If the waiting end is gone, what is left comes back, to be used again.
    pub fn complete_and_keep(mut self, value: T) -> Option<Spent<T>> {
        let shared = self.shared.take()?;
        if mutant!("completion/settled before value") {
            shared.settle();
        }
        // SAFETY: `SETTLED` was not set: only this handle sets it, below. The value is ours.
        shared.value.with_mut(|slot| unsafe { *slot = Some(value) });
        shared.settle();
        if mutant!("completion/forget what nobody takes") {
            core::mem::forget(shared);
            return None;
        }
        Spent::new(shared)
    }
}

impl<T> Drop for Completer<T> {
    fn drop(&mut self) {
        if let Some(shared) = self.shared.take()
            && !model_failed()
            && !mutant!("completion/go in silence")
        {
            shared.settle();
        }
    }
}

/// The end that waits: a future, or a ticket for a thread to block on.
///
/// The outcome is handed out once; asking again afterwards gives [`Closed`]. Dropping it is how to lose interest.
#[must_use = "the outcome is only known to whoever asks for it"]
pub struct Pending<T> {
    shared: Arc<Shared<T>>,
}

// The value lies elsewhere.
impl<T> Unpin for Pending<T> {}

impl<T> Pending<T> {
    /// The value if it is there already, `None` if it is still to come.
    ///
    /// # Errors
    ///
    /// [`Closed`] if the completer went away without a value, or the value has been handed out before.
    pub fn try_get(&mut self) -> Result<Option<T>, Closed> {
        if self.shared.is_settled() { self.shared.take().map(Some) } else { Ok(None) }
    }

    /// Whether there is an outcome, or there will be none.
    pub fn is_settled(&self) -> bool {
        self.shared.is_settled()
    }

    /// Blocks until the value is there.
    ///
    /// # Errors
    ///
    /// [`Closed`] as for [`try_get`](Self::try_get).
    pub fn wait(mut self) -> Result<T, Closed> {
        match self.wait_until(None)? {
            Some(value) => Ok(value),
            // Without a deadline there is always an outcome.
            None => Err(Closed),
        }
    }

    /// Blocks until the value is there, but no longer than `timeout`; `None` if it did not come in time.
    ///
    /// Nothing is lost by a timeout: the value may be waited for again.
    ///
    /// # Errors
    ///
    /// [`Closed`] as for [`try_get`](Self::try_get).
    pub fn wait_timeout(&mut self, timeout: Duration) -> Result<Option<T>, Closed> {
        self.wait_until(deadline_after(timeout))
    }

    /// As [`wait_timeout`](Self::wait_timeout), until `deadline`.
    pub fn wait_until(&mut self, deadline: Option<Instant>) -> Result<Option<T>, Closed> {
        if !self.shared.is_settled() && self.shared.register(Waiter::Thread(thread::current())) {
            // A token that somebody else left for this thread ends a park early: look again.
            while !self.shared.is_settled() {
                if is_past(deadline) {
                    return Ok(None);
                }
                park_until(deadline);
            }
        }
        self.shared.take().map(Some)
    }
}

/// Cancel safe: dropping the future between two polls loses only the interest in the value.
impl<T> Future for Pending<T> {
    type Output = Result<T, Closed>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let waits = !self.shared.is_settled() && self.shared.register(Waiter::Task(context.waker().clone()));
        if waits { Poll::Pending } else { Poll::Ready(self.shared.take()) }
    }
}
