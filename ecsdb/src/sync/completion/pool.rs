//! Completions that are used again.
//!
//! A completion is allocated by the thread that commits, and if the ticket was dropped at once, freed by the writer: the
//! dearest thing that two threads can ask of an allocator. So the writer keeps what is left of such completions and
//! hands it back in bulk.

use super::{Completer, Pending, Shared, completion, ends};
use crate::sync::mutant;
use crate::sync::shim::{Arc, Mutex, lock, try_lock};

/// A completion that both ends are done with, as good as new.
pub struct Spent<T>(Arc<Shared<T>>);

debug_as!([T] Spent<T>);

impl<T> Spent<T> {
    /// What is left of `shared`, if its waiting end is gone.
    pub(super) fn new(mut shared: Arc<Shared<T>>) -> Option<Self> {
        #[cfg(ecsdb_loom)]
        if mutant!("completion/used again too early") {
            // SAFETY: none; this is the fault. All threads of a model take turns on one thread.
            *unsafe { Arc::seize(&mut shared) } = Shared::new();
            return Some(Self(shared));
        }
        // The last holder sees all that the other one did, because dropping a handle is a Release, and finding out that
        // one is the last holder an Acquire.
        let unique = Arc::get_mut(&mut shared)?;
        if !mutant!("completion/used again as it was") {
            *unique = Shared::new();
        }
        Some(Self(shared))
    }
}

/// Spent completions on their way back from the writer to whoever commits next.
pub struct CompletionPool<T> {
    spent: Mutex<Vec<Spent<T>>>,
}

impl<T> Default for CompletionPool<T> {
    fn default() -> Self {
        Self { spent: Mutex::new(Vec::new()) }
    }
}

impl<T> CompletionPool<T> {
    /// How many it keeps at most.
    const MAX: usize = 4096;

    /// A completion, as from [`completion()`]: a spent one if there is one and no other thread is at the pool.
    pub fn completion(&self) -> (Completer<T>, Pending<T>) {
        match try_lock(&self.spent).and_then(|mut spent| spent.pop()) {
            Some(Spent(shared)) => ends(shared),
            None => completion(),
        }
    }

    /// Takes over all of `spent`, as far as there is room, unless another thread is at the pool.
    pub fn give(&self, spent: &mut Vec<Spent<T>>) {
        if let Some(mut pool) = try_lock(&self.spent) {
            let room = Self::MAX - pool.len();
            let kept = spent.len().saturating_sub(room);
            pool.extend(spent.drain(kept..));
        }
    }

    /// Gives the memory back.
    pub fn trim(&self) {
        drop(std::mem::take(&mut *lock(&self.spent)));
    }
}
