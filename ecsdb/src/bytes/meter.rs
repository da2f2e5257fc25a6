//! How many bytes the pages of a database take, exactly, whichever thread frees them.

use crate::sync::shim::unwatched::{AtomicUsize, Ordering};

/// Counts the bytes of all pages of one database that are allocated right now.
///
/// Ordering: the counter guards nothing, it is only read as a figure, so `Relaxed` is enough everywhere.
#[derive(Debug, Default)]
pub struct Meter {
    allocated: AtomicUsize,
}

impl Meter {
    /// Bytes in pages now, whoever holds them.
    pub fn allocated_bytes(&self) -> usize {
        self.allocated.load(Ordering::Relaxed)
    }

    pub(super) fn add(&self, bytes: usize) {
        self.allocated.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(super) fn subtract(&self, bytes: usize) {
        self.allocated.fetch_sub(bytes, Ordering::Relaxed);
    }
}
