//! The shim in ordinary builds: the standard library, and nothing that costs anything on top of it.

pub(crate) use super::unwatched_memory::{Arc, UnsafeCell, count_again};
pub(crate) use crossbeam_channel as channel;
pub(crate) use std::hint::spin_loop;
pub(crate) use std::sync::atomic::{AtomicPtr, AtomicU64, AtomicUsize, Ordering, fence};
pub(crate) use std::sync::{Condvar, Mutex, MutexGuard};
pub(crate) use std::{thread, thread_local};

use std::cell::Cell;
use std::time::{Duration, Instant};

/// How many hazard slots a published value has.
pub(crate) const HAZARD_SLOTS: usize = 16;

/// A number that belongs to this thread: small, dense and stable, to spread threads over slots.
#[inline]
pub(crate) fn thread_number() -> usize {
    const UNSET: usize = usize::MAX;
    /// Ordering: the numbers only have to differ, so `Relaxed` is enough.
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local!(static NUMBER: Cell<usize> = const { Cell::new(UNSET) });
    let number = NUMBER.get();
    if number != UNSET {
        return number;
    }
    // `% UNSET` keeps the marker free, should a process ever start that many threads.
    let number = NEXT.fetch_add(1, Ordering::Relaxed) % UNSET;
    NUMBER.set(number);
    number
}

/// Parks this thread until it is unparked or the deadline has passed; may return for no reason.
pub(crate) fn park_until(deadline: Option<Instant>) {
    match deadline {
        None => thread::park(),
        Some(deadline) => thread::park_timeout(deadline.saturating_duration_since(Instant::now())),
    }
}

/// Waits for a notification or the deadline; may return for no reason.
pub(crate) fn wait_until<'a, T>(
    condvar: &Condvar,
    guard: MutexGuard<'a, T>,
    deadline: Option<Instant>,
) -> MutexGuard<'a, T> {
    match deadline {
        None => condvar.wait(guard).unwrap_or_else(|poisoned| poisoned.into_inner()),
        Some(deadline) => {
            let left = deadline.saturating_duration_since(Instant::now());
            condvar.wait_timeout(guard, left).unwrap_or_else(|poisoned| poisoned.into_inner()).0
        }
    }
}

/// Waits for messages, without taking them.
pub(crate) struct Arrivals<'a>(channel::Select<'a>);

impl<'a> Arrivals<'a> {
    pub(crate) fn new<T>(receiver: &'a channel::Receiver<T>) -> Self {
        let mut select = channel::Select::new();
        select.recv(receiver);
        Self(select)
    }

    /// Waits until there is a message, or none will come, but no longer than `timeout`; may return for no reason.
    pub(crate) fn wait(&mut self, timeout: Option<Duration>) {
        match timeout {
            None => drop(self.0.ready()),
            Some(timeout) => drop(self.0.ready_timeout(timeout)),
        }
    }
}

/// Has the deadline passed?
pub(crate) fn is_past(deadline: Option<Instant>) -> bool {
    deadline.is_some_and(|deadline| Instant::now() >= deadline)
}

/// The deadline `timeout` from now; none if that lies beyond what the clock can express.
pub(crate) fn deadline_after(timeout: Duration) -> Option<Instant> {
    Instant::now().checked_add(timeout)
}

/// Takes a lock, also when a thread panicked while it held it: what `sync` locks is valid between any two statements.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// Is this the unwinding of a failed model? Never here: destructors always do their work.
#[inline(always)]
pub(crate) const fn model_failed() -> bool {
    false
}

/// Takes a lock if nobody has it.
pub(crate) fn try_lock<T>(mutex: &Mutex<T>) -> Option<MutexGuard<'_, T>> {
    match mutex.try_lock() {
        Ok(guard) => Some(guard),
        Err(std::sync::TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
        Err(std::sync::TryLockError::WouldBlock) => None,
    }
}

/// A pool of `threads` threads (0: one for each processor), which are called `name(index)` and begin with `first`.
pub(crate) fn thread_pool(
    threads: usize,
    name: impl FnMut(usize) -> String + 'static,
    first: impl Fn() + Send + Sync + 'static,
) -> Result<rayon::ThreadPool, rayon::ThreadPoolBuildError> {
    rayon::ThreadPoolBuilder::new().num_threads(threads).thread_name(name).start_handler(move |_| first()).build()
}
