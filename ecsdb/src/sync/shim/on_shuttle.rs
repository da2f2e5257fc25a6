//! The shim under `--cfg ecsdb_shuttle`: every access is a place where the scheduler may let another thread go on.
//!
//! For the engine as a whole, which is too large for all executions: shuttle takes some of them, at random. Its memory is
//! sequentially consistent, so what an ordering is for, loom shows. All threads of a model run by turns on one thread
//! of the system: whatever waits has to wait through this shim, or it waits for ever.

pub(crate) use super::model_channel::{self as channel, Arrivals};
pub(crate) use super::timeless::{
    HAZARD_SLOTS, deadline_after, is_past, lock, model_failed, park_until, thread_number, thread_pool, try_lock,
    wait_until,
};
pub(crate) use super::unwatched_memory::{Arc, UnsafeCell, count_again};
pub(crate) use shuttle::hint::spin_loop;
pub(crate) use shuttle::sync::atomic::{AtomicPtr, AtomicU64, AtomicUsize, Ordering, fence};
pub(crate) use shuttle::sync::{Condvar, Mutex, MutexGuard};
pub(crate) use shuttle::{thread, thread_local};

use shuttle::rand::Rng;

/// Whether a wait with a limit ends without what it was for. There is no clock, so it is as likely at any time.
pub(super) fn gives_up() -> bool {
    shuttle::rand::thread_rng().gen_bool(0.25)
}
