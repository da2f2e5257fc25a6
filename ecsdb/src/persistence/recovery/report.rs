//! What opening a directory has found.

use std::path::PathBuf;
use std::time::Duration;

/// What opening a directory has found there, and done.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Recovery {
    /// The version that the database has: that of the last commit that was found whole.
    pub version: u64,
    /// The history that versions belong to from here on. It is a new one unless the log was closed before: what was visible
    /// in the old one, and not durable, may be missing, and its version numbers and entities are handed out again.
    pub timeline: u64,
    /// Whether the log was closed before, so that nothing is missing. `true` for a new directory.
    pub was_closed: bool,
    /// The version of the snapshot file that was read; none if all came from the log.
    pub snapshot: Option<u64>,
    /// Rows in it, and in the files that it goes on from.
    pub snapshot_rows: u64,
    /// Bytes of these files.
    pub snapshot_bytes: u64,
    /// Newer snapshot files that are damaged, or could not be read: they were passed over, and nothing is missing for that.
    pub passed_over: Vec<PassedOver>,
    /// Transactions that were replayed from the log.
    pub transactions: u64,
    /// Rows that were stored, changed or removed by them.
    pub rows: u64,
    /// Files that the log is made of.
    pub segments: usize,
    /// Bytes of records that were replayed.
    pub bytes: u64,
    /// Bytes behind the last whole record that were cut off: of commits that were being written when the process or the machine
    /// stopped, and of which none was acknowledged as durable.
    pub torn_bytes: u64,
    /// What became of the tables, if the program has another schema than the one that was there.
    pub migration: Option<Migration>,
    /// How long it took.
    pub time: Duration,
}

/// How far an opening is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecoveryProgress {
    /// Rows that were read from a snapshot file. They begin anew with an older one if a newer one is damaged.
    pub rows: u64,
    /// All rows in it.
    pub rows_total: u64,
    /// Bytes of the log that were read, those included in which nothing has been written.
    pub log_bytes: u64,
    /// All bytes of the log that are read.
    pub log_bytes_total: u64,
}

/// Is told how far an opening is.
pub type OnRecovery = Box<dyn FnMut(RecoveryProgress) + Send>;

/// Tells somebody how far an opening is.
pub struct Teller {
    progress: RecoveryProgress,
    tell: Option<OnRecovery>,
}

impl Teller {
    /// Tells it to `tell`.
    pub fn new(tell: Option<OnRecovery>) -> Self {
        Self { progress: RecoveryProgress::default(), tell }
    }

    /// Whether anybody wants to know.
    pub fn is_heard(&self) -> bool {
        self.tell.is_some()
    }

    /// Something has changed.
    pub fn tell(&mut self, change: impl FnOnce(&mut RecoveryProgress)) {
        change(&mut self.progress);
        if let Some(tell) = &mut self.tell {
            tell(self.progress);
        }
    }
}

/// A snapshot file that was passed over.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PassedOver {
    /// The version in its name.
    pub version: u64,
    /// What is damaged: the file, or one that it goes on from.
    pub file: PathBuf,
    /// Where, in bytes.
    pub offset: u64,
    /// What is wrong there.
    pub what: String,
}

/// What opening a directory has changed because the program has another schema. It stands in `migrations.toml` there as well.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Migration {
    /// The last version under the schema before.
    pub from_version: u64,
    /// What was changed, a line each.
    pub steps: Vec<String>,
    /// Rows that were written anew.
    pub rows: u64,
}
