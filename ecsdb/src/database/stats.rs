//! Figures of a database.

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
    /// The version up to which everything is durable; none for a database in memory.
    pub durable_version: Option<u64>,
}
