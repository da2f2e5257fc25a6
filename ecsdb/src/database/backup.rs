//! Copies of a database, made while it goes on.

use std::path::PathBuf;

use super::db::Db;
use super::dyn_db::DynDb;
use crate::persistence::{BackupError, BackupReport, CheckpointProgress};
use crate::schema::Schema;

impl<S: Schema> Db<S> {
    /// Makes a copy in the directory `destination`, which does not exist or is empty, while transactions go on: a snapshot file of
    /// what is visible now, and the log from there up to what is durable when the file is there. It opens like any other directory, and
    /// [`maintenance::Restore`](crate::maintenance::Restore) has every version from the snapshot file on. Waits until it is there and durable.
    ///
    /// The writer does as much for it as for a [checkpoint](Self::checkpoint), which waits meanwhile.
    ///
    /// A crash leaves a directory that is marked as unfinished, and that nobody opens.
    ///
    /// ```
    /// # use ecsdb::{Component, Db};
    /// # #[derive(Component)] struct Purse { gold: u64 }
    /// # ecsdb::schema! { World: Purse }
    /// # let path = std::env::temp_dir().join(format!("ecsdb-backup-{}", std::process::id()));
    /// # let (save, monday) = (path.join("save"), path.join("monday"));
    /// let db = Db::<World>::open(&save)?;
    /// db.spawn(Purse { gold: 100 })?;
    /// let report = db.backup(&monday)?;
    /// assert_eq!((report.version, report.rows), (1, 1));
    ///
    /// assert_eq!(Db::<World>::open(&monday)?.stats().rows, 1);
    /// # drop(db);
    /// # std::fs::remove_dir_all(path)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// If the directory is not empty; if the system refuses; if the log has failed; if the database has no directory, or is closed; or inside
    /// a transaction. The database itself is never harmed.
    pub fn backup(&self, destination: impl Into<PathBuf>) -> Result<BackupReport, BackupError> {
        self.backup_with(destination, |_| ())
    }

    /// As [`Self::backup`]. `on_progress` is told after each piece of the snapshot file how far it is, on the thread that writes: it should
    /// be quick.
    ///
    /// # Errors
    /// As for [`Self::backup`].
    pub fn backup_with(
        &self,
        destination: impl Into<PathBuf>,
        on_progress: impl FnMut(CheckpointProgress) + Send + 'static,
    ) -> Result<BackupReport, BackupError> {
        self.core().backup(destination.into(), Box::new(on_progress))
    }
}

impl DynDb {
    /// Makes a copy in a directory of its own while transactions go on; see [`Db::backup`](crate::Db::backup).
    ///
    /// # Errors
    /// As there.
    pub fn backup(&self, destination: impl Into<PathBuf>) -> Result<BackupReport, BackupError> {
        self.backup_with(destination, |_| ())
    }

    /// As [`Self::backup`], with a callback; see [`Db::backup_with`](crate::Db::backup_with).
    ///
    /// # Errors
    /// As there.
    pub fn backup_with(
        &self,
        destination: impl Into<PathBuf>,
        on_progress: impl FnMut(CheckpointProgress) + Send + 'static,
    ) -> Result<BackupReport, BackupError> {
        self.core().backup(destination.into(), Box::new(on_progress))
    }
}
