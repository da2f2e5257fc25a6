//! Figures of a log: counted by those who write and sync it, read by any thread.
//!
//! Nothing here costs a commit more than a few stores and two looks at the clock, and nobody concludes anything from them but people.

use std::time::Duration;

use crate::sync::shim::unwatched::{AtomicU64, Ordering};
use crate::sync::{Times, Timing};

/// Figures of the [log](crate::Db::open) of a directory since it was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogStats {
    /// Records that were written: one for each batch that has changed something.
    pub records: u64,
    /// Bytes of these records.
    pub bytes: u64,
    /// Files that the log is made of now, those included that were there before.
    pub segments: u64,
    /// How long it took to write a record: to hand it to the system. The writer waits for that, once a batch.
    pub write_time: Timing,
    /// How long it took to sync what was written. One sync covers all batches that were written before it; only those who
    /// wait for a commit to be [durable](crate::Ticket::durable) wait for it.
    pub sync_time: Timing,
}

/// The figures as they are counted.
///
/// Ordering: `Relaxed` throughout, they guard nothing.
pub struct Figures {
    records: AtomicU64,
    bytes: AtomicU64,
    segments: AtomicU64,
    write_time: Times,
    sync_time: Times,
}

impl Figures {
    /// Of a log that is made of so many files.
    pub fn new(segments: usize) -> Self {
        Self {
            records: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            segments: AtomicU64::new(segments as u64),
            write_time: Times::default(),
            sync_time: Times::default(),
        }
    }

    /// Notes a record of so many bytes. For the writer.
    pub fn note_record(&self, bytes: usize, took: Duration) {
        self.records.fetch_add(1, Ordering::Relaxed);
        self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
        self.write_time.record(took);
    }

    /// Bytes of all records that were written.
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Notes that a segment was let go.
    pub fn note_segment_gone(&self) {
        self.segments.fetch_sub(1, Ordering::Relaxed);
    }

    /// Notes that a segment has come.
    pub fn note_segment(&self) {
        self.segments.fetch_add(1, Ordering::Relaxed);
    }

    /// Notes a sync. For the thread that syncs.
    pub fn note_sync(&self, took: Duration) {
        self.sync_time.record(took);
    }

    /// How long writes took.
    #[cfg(feature = "metrics")]
    pub fn write_time(&self) -> &Times {
        &self.write_time
    }

    /// How long syncs took.
    #[cfg(feature = "metrics")]
    pub fn sync_time(&self) -> &Times {
        &self.sync_time
    }

    /// The figures of the moment.
    pub fn read(&self) -> LogStats {
        LogStats {
            records: self.records.load(Ordering::Relaxed),
            bytes: self.bytes.load(Ordering::Relaxed),
            segments: self.segments.load(Ordering::Relaxed),
            write_time: self.write_time.read(),
            sync_time: self.sync_time.read(),
        }
    }
}
