//! Figures of a database.

use crate::persistence::{CheckpointStats, LogStats};
use crate::sync::Timing;
use crate::transaction::TransactionCounts;

/// Figures of one moment, cheap to get.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// The published version.
    pub version: u64,
    /// Living entities.
    pub entities: u64,
    /// Rows of all tables.
    pub rows: u64,
    /// Transactions that wait for the writer.
    pub queued_transactions: usize,
    /// What that takes of the queue's limit, in bytes: each transaction counts for at least the limit of bytes divided by that of
    /// transactions.
    pub queued_bytes: usize,
    /// What has become of transactions so far.
    pub transactions: TransactionCounts,
    /// How long batches took: from when the writer took one from the queue until it was visible. What transactions wait in the queue
    /// comes on top.
    pub batch_time: Timing,
    /// Versions besides the published one that snapshots held when the last batch began. What only they hold is in
    /// [`Db::memory`](crate::Db::memory).
    pub pinned_versions: usize,
    /// What the pages of rows and indexes take, of all versions, in bytes: what the
    /// [memory limit](crate::DbBuilder::memory_limit) limits.
    pub page_bytes: usize,
    /// The version up to which everything is durable; none for a database in memory.
    pub durable_version: Option<u64>,
    /// Figures of the log; none for a database in memory.
    pub log: Option<LogStats>,
    /// Figures of checkpoints; none for a database in memory.
    pub checkpoints: Option<CheckpointStats>,
}
