//! Why work on a directory was not done.

use std::path::PathBuf;

use thiserror::Error;

use crate::persistence::archive::ArchiveError;
use crate::persistence::error::DirectoryError;

/// Why something could not be done with a directory. Unless it says otherwise, nothing was changed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum MaintenanceError {
    /// There is no such directory.
    #[error("there is no directory {}", path.display())]
    Missing {
        /// Its path.
        path: PathBuf,
    },
    /// The directory holds something, but no database.
    #[error("{} holds no database: it has no folder `wal`", path.display())]
    NoDatabase {
        /// Its path.
        path: PathBuf,
    },
    /// The directory cannot be read, or is damaged, or a database is open in it.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// The archive refuses, or is damaged.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
}
