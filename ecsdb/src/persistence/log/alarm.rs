//! Says when the log has become long, and when a segment of it is finished.

use std::sync::OnceLock;

use crate::sync::shim::unwatched::{AtomicU64, Ordering};

/// Rings once when as many bytes were written as somebody wants to know of, until it is set again.
///
/// Ordering: `Relaxed` throughout. A number that comes late rings with the next record.
pub struct Alarm {
    /// At how many bytes.
    at: AtomicU64,
    ring: OnceLock<Box<dyn Fn() + Send + Sync>>,
    finished: OnceLock<Box<dyn Fn() + Send + Sync>>,
}

impl Alarm {
    /// One that rings when `at` bytes have been written.
    pub fn new(at: u64) -> Self {
        Self { at: AtomicU64::new(at), ring: OnceLock::new(), finished: OnceLock::new() }
    }

    /// What it does when it rings. It is done on the thread of the writer, and only the first one counts.
    pub fn on_ring(&self, ring: impl Fn() + Send + Sync + 'static) {
        let _ = self.ring.set(Box::new(ring));
    }

    /// What it does when the log has gone on in another segment. It is done on the thread of the writer, and only the first one counts.
    pub fn on_finished(&self, finished: impl Fn() + Send + Sync + 'static) {
        let _ = self.finished.set(Box::new(finished));
    }

    /// Nothing is written to a segment any more. For the writer.
    pub fn segment_is_finished(&self) {
        if let Some(finished) = self.finished.get() {
            finished();
        }
    }

    /// Has it ring, once more, when `at` bytes have been written.
    pub fn set(&self, at: u64) {
        self.at.store(at, Ordering::Relaxed);
    }

    /// So many bytes have been written by now. For the writer.
    pub fn check(&self, bytes: u64) {
        if bytes >= self.at.load(Ordering::Relaxed)
            && let Some(ring) = self.ring.get()
        {
            self.at.store(u64::MAX, Ordering::Relaxed);
            ring();
        }
    }
}
