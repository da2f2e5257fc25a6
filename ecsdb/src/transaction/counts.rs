//! What has become of transactions, counted.
//!
//! The writer counts for itself, and shows its figures once a batch, with plain stores; what is refused counts where it is
//! refused. So nobody takes a cache line from anybody else for a commit.

use super::error::TransactionError;
use crate::sync::shim::unwatched::{AtomicU64, AtomicUsize, Ordering};
use crate::sync::{Priority, Times};

/// How many sizes of batches are told apart: 1, 2 to 3, 4 to 7, and so on, and 128 or more.
pub const BATCH_SIZES: usize = 8;

/// What has become of transactions since the database was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TransactionCounts {
    /// Those that were committed.
    pub committed: u64,
    /// Those that failed, panicked, or were refused by the log.
    pub rolled_back: u64,
    /// Those that were queued for longer than they were given, and never begun.
    pub expired: u64,
    /// Those that found the queue full and did not wait.
    pub refused: RefusedCounts,
    /// Those that waited for room in the queue in vain.
    pub timed_out: u64,
    /// Batches: transactions that became visible together.
    pub batches: u64,
    /// Batches by their size: of 1 transaction, 2 to 3, 4 to 7, and so on; the last ones of 128 and more.
    pub batch_sizes: [u64; BATCH_SIZES],
}

/// How many transactions found the queue full, by their [`Priority`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RefusedCounts {
    /// Those of low priority.
    pub low: u64,
    /// Those of normal priority.
    pub normal: u64,
    /// Those of high priority.
    pub high: u64,
}

impl RefusedCounts {
    /// All of them.
    pub fn total(self) -> u64 {
        self.low + self.normal + self.high
    }
}

/// The figures as they are shown to others.
#[derive(Default)]
pub struct Counts {
    committed: AtomicU64,
    rolled_back: AtomicU64,
    expired: AtomicU64,
    batches: AtomicU64,
    batch_sizes: [AtomicU64; BATCH_SIZES],
    /// By their priority.
    refused: [AtomicU64; 3],
    timed_out: AtomicU64,
    /// From when the writer takes a batch until it is visible.
    batch_time: Times,
    /// Versions that snapshots held when the last batch began.
    pinned_versions: AtomicUsize,
}

impl Counts {
    /// Notes that a transaction was not queued, and why.
    #[cold]
    pub fn not_queued(&self, error: &TransactionError, priority: Priority) {
        let counter = match error {
            TransactionError::QueueFull { .. } => &self.refused[priority as usize],
            TransactionError::Timeout => &self.timed_out,
            _ => return,
        };
        // Relaxed, as everywhere here: figures, from which nobody concludes anything.
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// Shows what the writer has counted. `size` is that of the last batch, as [`TransactionCounts::batch_sizes`] tells them apart.
    fn show(&self, counted: &TransactionCounts, size: usize) {
        self.committed.store(counted.committed, Ordering::Relaxed);
        self.rolled_back.store(counted.rolled_back, Ordering::Relaxed);
        self.expired.store(counted.expired, Ordering::Relaxed);
        self.batches.store(counted.batches, Ordering::Relaxed);
        self.batch_sizes[size].store(counted.batch_sizes[size], Ordering::Relaxed);
    }

    /// How long batches took: from when the writer took them from the queue until they were visible. For the writer to record.
    pub fn batch_time(&self) -> &Times {
        &self.batch_time
    }

    /// Notes how many versions besides the published one are pinned.
    pub fn note_pinned(&self, versions: usize) {
        self.pinned_versions.store(versions, Ordering::Relaxed);
    }

    /// How many versions besides the published one were pinned, when the writer looked last.
    pub fn pinned_versions(&self) -> usize {
        self.pinned_versions.load(Ordering::Relaxed)
    }

    /// The figures of the moment.
    pub fn read(&self) -> TransactionCounts {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        TransactionCounts {
            committed: read(&self.committed),
            rolled_back: read(&self.rolled_back),
            expired: read(&self.expired),
            refused: RefusedCounts {
                low: read(&self.refused[Priority::Low as usize]),
                normal: read(&self.refused[Priority::Normal as usize]),
                high: read(&self.refused[Priority::High as usize]),
            },
            timed_out: read(&self.timed_out),
            batches: read(&self.batches),
            batch_sizes: self.batch_sizes.each_ref().map(read),
        }
    }
}

/// The writer's own figures.
#[derive(Default)]
pub struct Tally {
    counted: TransactionCounts,
    in_batch: usize,
}

impl Tally {
    /// Notes what a transaction has come to.
    pub fn note<T>(&mut self, outcome: &Result<T, TransactionError>) {
        self.in_batch += 1;
        match outcome {
            Ok(_) => self.counted.committed += 1,
            Err(TransactionError::Expired) => self.counted.expired += 1,
            Err(_) => self.counted.rolled_back += 1,
        }
    }

    /// Notes a transaction that the log has refused.
    pub fn note_refused(&mut self) {
        self.in_batch += 1;
        self.counted.rolled_back += 1;
    }

    /// Notes the end of the batch, and shows the figures. It has to be before the answers: who has one finds itself counted.
    pub fn end_batch(&mut self, counts: &Counts) {
        let transactions = core::mem::take(&mut self.in_batch);
        let Some(log) = transactions.checked_ilog2() else { return };
        let size = (log as usize).min(BATCH_SIZES - 1);
        self.counted.batches += 1;
        self.counted.batch_sizes[size] += 1;
        counts.show(&self.counted, size);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_are_told_apart_by_their_size() {
        let (counts, mut tally) = (Counts::default(), Tally::default());
        tally.end_batch(&counts);
        assert_eq!(counts.read(), TransactionCounts::default(), "a batch of nothing is none");
        for transactions in [1, 1, 3, 4, 127, 128, 5000] {
            for n in 0..transactions {
                tally.note(&match n {
                    1 => Err(TransactionError::Expired),
                    2 => Err(TransactionError::Timeout),
                    _ => Ok(()),
                });
            }
            tally.end_batch(&counts);
        }
        let read = counts.read();
        assert_eq!(read.batch_sizes, [2, 1, 1, 0, 0, 0, 1, 2]);
        assert_eq!((read.batches, read.expired, read.rolled_back, read.committed), (7, 5, 5, 5254));
    }

    #[test]
    fn what_is_not_queued_counts_by_its_reason() {
        let counts = Counts::default();
        let full = TransactionError::QueueFull { priority: Priority::Low, queued_bytes: 1 };
        counts.not_queued(&full, Priority::Low);
        counts.not_queued(&full, Priority::High);
        counts.not_queued(&TransactionError::Timeout, Priority::Normal);
        counts.not_queued(&TransactionError::Closed, Priority::Normal);
        let read = counts.read();
        assert_eq!((read.refused, read.timed_out), (RefusedCounts { low: 1, normal: 0, high: 1 }, 1));
        assert_eq!(read.refused.total(), 2);
    }
}
