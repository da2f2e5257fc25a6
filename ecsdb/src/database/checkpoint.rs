//! Asking for checkpoints, and the claim on one.

use core::pin::Pin;
use core::task::{Context, Poll};
use core::time::Duration;

use super::db::Db;
use super::dyn_db::DynDb;
use crate::persistence::{CheckpointError, CheckpointProgress, CheckpointReport};
use crate::schema::Schema;
use crate::sync::Pending;
use crate::transaction::{DatabaseId, TransactionError};

/// The claim on a checkpoint that was asked for: wait for it with [`wait`](Self::wait), or await it. Dropping it gives up the claim,
/// not the checkpoint.
///
/// As a future it is cancel safe: dropping it between two polls loses only the interest in the outcome.
#[must_use = "the checkpoint may fail: wait for it, or drop it on purpose"]
pub struct Checkpoint {
    pending: Pending<Result<CheckpointReport, CheckpointError>>,
    database: DatabaseId,
}

debug_as!(Checkpoint);

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

impl<S: Schema> Db<S> {
    /// Writes all rows of the published version to a *snapshot file* in the directory, so that opening it begins there, and older
    /// parts of the log are needed no longer. This happens on a thread of its own; transactions and reads go on meanwhile.
    /// Several that are asked for at the same time become one.
    ///
    /// A checkpoint that fails harms nothing: what is in the directory is still good.
    ///
    /// # Errors
    /// [`TransactionError::NoLog`] if the database is in memory only, [`TransactionError::Closed`] if it is closed. What the
    /// checkpoint itself comes to the [`Checkpoint`] says.
    ///
    /// # Examples
    ///
    /// ```
    /// # use ecsdb::{Component, Db};
    /// # #[derive(Component)] struct Purse { gold: u64 }
    /// # ecsdb::schema! { World: Purse }
    /// # let path = std::env::temp_dir().join(format!("ecsdb-checkpoint-{}", std::process::id()));
    /// let db = Db::<World>::open(&path)?;
    /// db.spawn((Purse { gold: 7 },))?;
    /// let report = db.checkpoint()?.wait()?;
    /// assert_eq!((report.version, report.rows), (1, 1));
    /// drop(db);
    /// let db = Db::<World>::open(&path)?;
    /// assert_eq!(db.recovery().unwrap().snapshot, Some(1));
    /// # drop(db);
    /// # std::fs::remove_dir_all(path)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn checkpoint(&self) -> Result<Checkpoint, TransactionError> {
        self.core().checkpoint(None)
    }

    /// As [`Self::checkpoint`]. `on_progress` is told after each piece how far it is, on the thread that writes: it should be
    /// quick, and cannot wait for the database.
    ///
    /// # Errors
    /// As for [`Self::checkpoint`].
    pub fn checkpoint_with(
        &self,
        on_progress: impl FnMut(CheckpointProgress) + Send + 'static,
    ) -> Result<Checkpoint, TransactionError> {
        self.core().checkpoint(Some(Box::new(on_progress)))
    }
}

impl DynDb {
    /// Writes all rows to a snapshot file; see [`Db::checkpoint`](crate::Db::checkpoint).
    ///
    /// # Errors
    /// As there.
    pub fn checkpoint(&self) -> Result<Checkpoint, TransactionError> {
        self.core().checkpoint(None)
    }

    /// As [`Self::checkpoint`], with a callback; see [`Db::checkpoint_with`](crate::Db::checkpoint_with).
    ///
    /// # Errors
    /// As there.
    pub fn checkpoint_with(
        &self,
        on_progress: impl FnMut(CheckpointProgress) + Send + 'static,
    ) -> Result<Checkpoint, TransactionError> {
        self.core().checkpoint(Some(Box::new(on_progress)))
    }
}
