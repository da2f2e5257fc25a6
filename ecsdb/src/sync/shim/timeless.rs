//! What loom and shuttle have in common: threads that know no clock, and that collide as often as they can.
//!
//! A deadline never passes by itself: one that has been reached already is the only one that a model can express.

use std::time::{Duration, Instant};

use super::{Condvar, Mutex, MutexGuard, thread};

/// Two, so that readers both share a slot and use different ones within what can be explored.
pub(crate) const HAZARD_SLOTS: usize = 2;

/// All threads start at the same slot, so that they are seen to collide.
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

/// A pool with one thread, which nobody schedules: what runs on it must not meet other threads.
pub(crate) fn thread_pool(
    _threads: usize,
    name: impl FnMut(usize) -> String + 'static,
    _first: impl Fn() + Send + Sync + 'static,
) -> Result<rayon::ThreadPool, rayon::ThreadPoolBuildError> {
    rayon::ThreadPoolBuilder::new().num_threads(1).thread_name(name).build()
}
