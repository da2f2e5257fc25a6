//! What is said of a checkpoint, while it runs and afterwards.

use std::path::PathBuf;
use std::time::Duration;

use thiserror::Error;

use crate::persistence::error::IoFailure;
use crate::transaction::LogError;

/// A checkpoint that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CheckpointReport {
    /// The version that the snapshot file holds.
    pub version: u64,
    /// Rows that were written.
    pub rows: u64,
    /// Bytes of the file.
    pub bytes: u64,
    /// The version of the file that it goes on from; none if it holds everything itself.
    pub base: Option<u64>,
    /// How long it took, from the moment at which the version was held.
    pub time: Duration,
    /// The file.
    pub file: PathBuf,
    /// Why files were kept that [`Retention`](crate::durability::Retention) does not ask for; none if all went well. An archive may
    /// have refused them: they are tried again after the next checkpoint.
    pub kept_because: Option<String>,
}

/// How far a checkpoint is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CheckpointProgress {
    /// The version that is being written.
    pub version: u64,
    /// Rows that were looked at.
    pub rows: u64,
    /// All rows of the version.
    pub rows_total: u64,
    /// Bytes that were written.
    pub bytes: u64,
}

/// Why there is no new snapshot file. The log and its directory are as they were, and so is everything that is visible.
#[derive(Clone, Debug, Error)]
#[non_exhaustive]
pub enum CheckpointError {
    /// The system refused: the disk may be full. It may be tried again.
    #[error(transparent)]
    Io(#[from] IoFailure),
    /// The log has failed, so it is not known whether the version will last.
    #[error("the log has failed")]
    Log(#[from] LogError),
    /// The strings and lists of the rows of one page take 4 GiB or more, which is more than a frame can hold.
    #[error("the strings and lists of neighbouring rows take 4 GiB or more, and a snapshot file has no room for that")]
    TooLarge,
    /// The database was closed before it was done.
    #[error("the database is closed")]
    Closed,
    /// It would have to be waited for on a thread that it needs: inside a transaction, or in a callback of a checkpoint.
    #[error("a checkpoint cannot be waited for inside a transaction, or in a callback of a checkpoint")]
    Reentrant,
}
