//! Which database the running thread works for.

use core::cell::Cell;

use crate::sync::shim::thread_local;
use crate::sync::shim::unwatched::{AtomicU64, Ordering};

/// Tells the databases of a process apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DatabaseId(u64);

impl DatabaseId {
    /// An id that no other database of the process has.
    pub fn next() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        // Relaxed: only that no two callers get the same number.
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }

    /// Marks the running thread as one that transactions of this database run on: its writer, or a worker.
    pub fn enter(self) {
        CURRENT.with(|current| current.set(self.0));
    }

    /// Runs `work`, in which waiting for the writer of this database is an error.
    pub fn enter_for<R>(self, work: impl FnOnce() -> R) -> R {
        if cfg!(ecsdb_loom) {
            // The threads of a model are one thread to the standard library.
            return work();
        }
        let before = CURRENT.with(|current| current.replace(self.0));
        let done = work();
        CURRENT.with(|current| current.set(before));
        done
    }

    /// Whether the running thread may be the writer of a database for a while: it is that of none, and its stack is no place where
    /// something else may be done in between, as on a thread of a pool of rayon, which does other work while it waits.
    pub fn may_stand_in() -> bool {
        cfg!(ecsdb_loom) || (CURRENT.with(Cell::get) == 0 && rayon::current_thread_index().is_none())
    }

    /// Whether transactions of this database run on the current thread, so that waiting for its writer would never end.
    pub fn is_entered(self) -> bool {
        CURRENT.with(Cell::get) == self.0
    }
}

thread_local! {
    static CURRENT: Cell<u64> = const { Cell::new(0) };
}
