//! The claim on a checkpoint.

use core::pin::Pin;
use core::task::{Context, Poll};
use core::time::Duration;

use crate::persistence::{CheckpointError, CheckpointReport};
use crate::sync::Pending;
use crate::transaction::DatabaseId;

/// The claim on a checkpoint that was asked for: wait for it with [`wait`](Self::wait), or await it. Dropping it gives up the claim,
/// not the checkpoint.
///
/// As a future it is cancel safe: dropping it between two polls loses only the interest in the outcome.
#[must_use = "the checkpoint may fail: wait for it, or drop it on purpose"]
pub struct Checkpoint {
    pending: Pending<Result<CheckpointReport, CheckpointError>>,
    database: DatabaseId,
}

impl Checkpoint {
    pub(super) fn new(pending: Pending<Result<CheckpointReport, CheckpointError>>, database: DatabaseId) -> Self {
        Self { pending, database }
    }

    /// Blocks until the snapshot file counts.
    ///
    /// # Errors
    /// Why there is none. [`CheckpointError::Reentrant`] inside a transaction of the same database, and in a callback of a
    /// checkpoint.
    pub fn wait(self) -> Result<CheckpointReport, CheckpointError> {
        if self.database.is_entered() {
            return Err(CheckpointError::Reentrant);
        }
        self.pending.wait().unwrap_or(Err(CheckpointError::Closed))
    }

    /// As [`Self::wait`], but no longer than `timeout`: `None` if it is still to come, and may be waited for again.
    ///
    /// # Errors
    /// As for [`Self::wait`].
    pub fn wait_timeout(&mut self, timeout: Duration) -> Result<Option<CheckpointReport>, CheckpointError> {
        if self.database.is_entered() {
            return Err(CheckpointError::Reentrant);
        }
        match self.pending.wait_timeout(timeout) {
            Ok(outcome) => outcome.transpose(),
            Err(_) => Err(CheckpointError::Closed),
        }
    }
}

impl Future for Checkpoint {
    type Output = Result<CheckpointReport, CheckpointError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.pending).poll(context).map(|outcome| outcome.unwrap_or(Err(CheckpointError::Closed)))
    }
}
