//! Publication through the `arc-swap` crate: the same interface as [`hazard`](super::hazard), and the measure for it.
//!
//! Only `load_full` is used, never a guard that stays: a guard borrows one of a few slots of its thread, and a value
//! that is pinned through one shows no count. Loom cannot check this implementation.

use arc_swap::ArcSwapAny;

use crate::sync::shim::Arc;

/// Publishes `first`: the writer's end, and the end from which readers are cloned.
pub fn publish<T>(first: Arc<T>) -> (Publisher<T>, Published<T>) {
    let cell = Arc::new(ArcSwapAny::new(first));
    (Publisher { cell: Arc::clone(&cell) }, Published { cell })
}

/// The writer's end: it alone replaces the value.
///
/// It is not `Clone`, and `store` takes `&mut self`: a second writer does not compile. Dropping it leaves the last value
/// published.
pub struct Publisher<T> {
    cell: Arc<ArcSwapAny<Arc<T>>>,
}

debug_as!([T] Publisher<T>);

impl<T> Publisher<T> {
    /// Makes `next` the published value and returns the one it replaces.
    ///
    /// Readers that hold the previous value keep it; [`reclaim`](Self::reclaim) says when they have let go. Publishing
    /// a value again later is allowed.
    pub fn store(&mut self, next: Arc<T>) -> Arc<T> {
        self.cell.swap(next)
    }

    /// Exclusive access to a value that is neither published, nor pinned, nor about to be pinned.
    ///
    /// `value` must be the only reference that the caller holds; `None` if a reader has a pin, if a reader is just about
    /// to take one, or if the value is published.
    pub fn reclaim<'a>(&mut self, value: &'a mut Arc<T>) -> Option<&'a mut T> {
        // `swap` has turned every borrow of a displaced value into a count before it returned the value.
        Arc::get_mut(value)
    }

    /// The published value.
    #[cfg(test)]
    pub fn latest(&self) -> Arc<T> {
        self.cell.load_full()
    }

    /// One more reader's end.
    pub fn reader(&self) -> Published<T> {
        Published { cell: Arc::clone(&self.cell) }
    }
}

/// A reader's end. Clones see the same value.
pub struct Published<T> {
    cell: Arc<ArcSwapAny<Arc<T>>>,
}

debug_as!([T] Published<T>);

impl<T> Clone for Published<T> {
    fn clone(&self) -> Self {
        Self { cell: Arc::clone(&self.cell) }
    }
}

impl<T> Published<T> {
    /// Pins the value that is published now.
    ///
    /// Lock-free; never waits for the writer. Two loads by the same thread never go back in time.
    #[inline]
    pub fn load(&self) -> Arc<T> {
        self.cell.load_full()
    }
}
