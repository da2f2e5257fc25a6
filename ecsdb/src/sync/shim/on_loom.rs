//! The shim under `--cfg ecsdb_loom`: every access is a step that the model checker may reorder or interleave.
//!
//! `Arc` is our own here, see [`super::counted`].

pub(crate) use super::counted::Arc;
pub(crate) use super::model_channel::{self as channel, Arrivals};
pub(crate) use super::timeless::{
    HAZARD_SLOTS, deadline_after, is_past, lock, model_failed, park_until, thread_number, thread_pool, try_lock,
    wait_until,
};
pub(crate) use loom::cell::UnsafeCell;
pub(crate) use loom::hint::spin_loop;
pub(crate) use loom::sync::atomic::{AtomicPtr, AtomicU64, AtomicUsize, Ordering};
pub(crate) use loom::sync::{Condvar, Mutex, MutexGuard};
pub(crate) use loom::thread;
// Of the system's thread, on which all threads of a model run: no model marks one of them.
pub(crate) use std::thread_local;

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

/// Adds one to the count of a value.
///
/// # Safety
///
/// `value` comes from [`Arc::into_raw`], and its count is at least one throughout the call.
pub(crate) unsafe fn count_again<T>(value: *const T) {
    // SAFETY: the caller's promise.
    unsafe { Arc::increment_strong_count(value) };
}

/// Whether a wait with a limit ends without what it was for: never, since time stands still.
pub(super) const fn gives_up() -> bool {
    false
}
