//! The shim under `--cfg ecsdb_loom`: every access is a step that the model checker may reorder or interleave.
//!
//! Loom has no clock, so a deadline never passes by itself: a deadline that has been reached already is the only one
//! that a model can express. `Arc` is our own here, see [`super::counted`].

pub(crate) use super::counted::Arc;
pub(crate) use super::loom_channel as channel;
pub(crate) use super::loom_channel::Arrivals;
pub(crate) use loom::cell::UnsafeCell;
pub(crate) use loom::hint::spin_loop;
pub(crate) use loom::sync::atomic::{AtomicPtr, AtomicU64, AtomicUsize, Ordering};
pub(crate) use loom::sync::{Condvar, Mutex, MutexGuard};
pub(crate) use loom::thread;

use std::time::{Duration, Instant};

/// Two, so that readers both share a slot and use different ones within what a model can explore.
pub(crate) const HAZARD_SLOTS: usize = 2;

loom::lazy_static! {
    /// Written before every fence, see [`fence`]. A model touches it before it spawns a thread, so that its creation
    /// orders nothing.
    static ref FENCES: AtomicUsize = AtomicUsize::new(0);
}

/// A fence that other threads may run before.
///
/// Loom switches threads at accesses, not at fences, and never tries what happens between an access and the fence that
/// follows it. The `Relaxed` store makes a place for a switch and lets loom try all orders of the fences. It
/// synchronizes nothing.
pub(crate) fn fence(order: Ordering) {
    FENCES.store(0, Ordering::Relaxed);
    loom::sync::atomic::fence(order);
}

/// Makes the objects that the threads of a model share. Called first in every iteration.
#[cfg(test)]
pub(super) fn start_iteration() {
    FENCES.store(0, Ordering::Relaxed);
}

/// All threads start at the same slot, so that the models see them collide.
pub(crate) const fn thread_number() -> usize {
    0
}

/// Parks this thread until it is unparked.
pub(crate) fn park_until(_deadline: Option<Instant>) {
    thread::park();
}

/// Waits for a notification.
pub(crate) fn wait_until<'a, T>(
    condvar: &Condvar,
    guard: MutexGuard<'a, T>,
    _deadline: Option<Instant>,
) -> MutexGuard<'a, T> {
    condvar.wait(guard).unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// Has the deadline passed? Time stands still in a model, except for deadlines made by [`deadline_after`] of zero.
pub(crate) fn is_past(deadline: Option<Instant>) -> bool {
    deadline.is_some_and(|deadline| Instant::now() >= deadline)
}

/// The deadline `timeout` from now: now for zero, else never.
pub(crate) fn deadline_after(timeout: Duration) -> Option<Instant> {
    timeout.is_zero().then(Instant::now)
}

/// Adds one to the count of a value.
///
/// # Safety
///
/// `value` comes from [`Arc::into_raw`], and its count is at least one throughout the call.
pub(crate) unsafe fn count_again<T>(value: *const T) {
    // SAFETY: the caller's promise.
    unsafe { Arc::increment_strong_count(value) };
}

/// Takes a lock.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// Takes a lock if nobody has it.
pub(crate) fn try_lock<T>(mutex: &Mutex<T>) -> Option<MutexGuard<'_, T>> {
    mutex.try_lock().ok()
}

/// Is this the unwinding of a failed model? Its objects are gone then, and a destructor that used one would abort.
pub(crate) fn model_failed() -> bool {
    std::thread::panicking()
}
