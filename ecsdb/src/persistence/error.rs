//! What can go wrong with a directory, and with its log.

use core::fmt;
use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::handshake::SchemaMismatch;
use super::migration::MigrationError;
use crate::storage::{DuplicateKey, MemoryLimit, ReferenceFailure, SlotsExhausted, StorageError};

/// The system refused something that was to be done to a file or a directory. What it says is the [`source`](Error::source).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct IoFailure {
    /// What was to be done.
    pub action: &'static str,
    /// To which file or directory.
    pub path: PathBuf,
    /// What the system says.
    pub source: Arc<io::Error>,
}

/// Errors of the system by which a device or a file system says that it has lost what it should have kept: `EIO`, and on
/// Linux `EBADMSG` and `EUCLEAN`; on Windows a wrong checksum, a device that fails, a corrupt file and a corrupt disk.
const LOSSES: &[i32] = if cfg!(target_os = "linux") {
    &[5, 74, 117]
} else if cfg!(windows) {
    &[23, 1117, 1392, 1393]
} else {
    &[5]
};

impl IoFailure {
    /// Adds to an error of the system what was to be done, and to what.
    pub(super) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self { action, path: path.to_owned(), source: Arc::new(source) }
    }

    /// Whether the system says that something is lost or was never there. All else is about this program and this machine, which lack
    /// rights, or handles, or memory, or a network; it says nothing about the file.
    pub(super) fn is_loss(&self) -> bool {
        use io::ErrorKind::{InvalidData, IsADirectory, NotFound, Other, UnexpectedEof};
        let is_lost = self.source.raw_os_error().is_some_and(|code| LOSSES.contains(&code));
        // A medium that is not the disk says it in its own words.
        is_lost || matches!(self.source.kind(), InvalidData | IsADirectory | NotFound | Other | UnexpectedEof)
    }
}

impl fmt::Display for IoFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot {} {}", self.action, self.path.display())
    }
}

/// The cause is the error of the system itself, not its counted pointer, so that it can be found by its type.
impl Error for IoFailure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.source)
    }
}

/// Why a directory could not be opened. Unless it says otherwise, nothing in it was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DirectoryError {
    /// Another database is open in the directory, in this process or in another one.
    #[error("{} is locked: the directory is open already, in this process or another one", path.display())]
    Locked {
        /// The lock.
        path: PathBuf,
    },
    /// The system refused. What was done before stays done; opening again goes on from there.
    #[error(transparent)]
    Io(#[from] IoFailure),
    /// What is in a file was changed or lost after it was durable. Restore the file from a backup: nothing is left out
    /// behind the user's back.
    #[error("{} is damaged at byte {offset}: {what}", file.display())]
    Damaged {
        /// The file.
        file: PathBuf,
        /// Where in the file, in bytes.
        offset: u64,
        /// What is wrong there.
        what: String,
    },
    /// A file was written by a later version of this crate. Open the directory with that.
    #[error("{} has format {found}, which this version does not know: it was written by a later one", file.display())]
    Format {
        /// The file.
        file: PathBuf,
        /// Its format.
        found: u32,
    },
    /// The directory was to become a backup, or an older state of another one, and whoever made it was stopped. What is in it is of no
    /// use: remove it and begin again.
    #[error("{} is unfinished: a backup or a restored database was being made there; remove it and begin again", path.display())]
    Unfinished {
        /// The directory.
        path: PathBuf,
    },
    /// A repair of the directory was begun, and whoever did it was stopped. Repair it once more: nothing is lost.
    #[error("{} is being repaired, and that was not finished: run `ecsdb repair` on it again", path.display())]
    InRepair {
        /// The directory.
        path: PathBuf,
    },
    /// A snapshot file is compressed in a way that this program was built without. Build it with the feature that it names.
    #[error("{} is compressed: build ecsdb with the feature `{feature}` to read it", file.display())]
    Codec {
        /// The file.
        file: PathBuf,
        /// The feature of this crate that reads it.
        feature: &'static str,
    },
    /// The schema is not that of the directory.
    #[error(transparent)]
    Schema(#[from] SchemaMismatch),
    /// A row has no place under the new schema.
    #[error(transparent)]
    Migration(#[from] MigrationError),
    /// A reference of a row leads to no row, under the schema of the program.
    #[error(
        "{0}, which is not there: leave the reference out of the schema until that is repaired, or migrate the row"
    )]
    Dangling(Box<ReferenceFailure>),
    /// Two rows have the same key in an index that is unique under the schema.
    #[error(transparent)]
    Duplicate(#[from] Box<DuplicateKey>),
    /// The rows in the log do not fit in the memory limit.
    #[error(transparent)]
    Memory(#[from] MemoryLimit),
    /// The entities in the log do not fit in the slots that there are.
    #[error(transparent)]
    Slots(#[from] SlotsExhausted),
    /// The system gave no thread.
    #[error("cannot start a thread")]
    Thread(#[source] io::Error),
}

impl From<StorageError> for DirectoryError {
    fn from(error: StorageError) -> Self {
        match error {
            StorageError::Memory(error) => Self::Memory(error),
            StorageError::Slots(error) => Self::Slots(error),
        }
    }
}

impl DirectoryError {
    /// What is damaged, if this is about damage and not about the program or the system: the file, where in it, and what is wrong. A place
    /// that the medium has lost is damaged, as one with other bytes is.
    pub(super) fn damage(&self) -> Option<(PathBuf, u64, String)> {
        match self {
            Self::Damaged { file, offset, what } => Some((file.clone(), *offset, what.clone())),
            Self::Io(failure) if failure.is_loss() => Some((failure.path.clone(), 0, failure.source.to_string())),
            _ => None,
        }
    }
}

/// Why a log takes no more commits: the cause in a [`LogError`](crate::error::LogError) of a database with a directory.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LogFailure {
    /// The system refused a file of the log. The log takes nothing more; reads go on. Open the directory again when the
    /// cause is gone.
    #[error(transparent)]
    Io(#[from] IoFailure),
    /// The transactions of one batch are too large for one record. The log goes on without them: split them up.
    #[error("the transaction takes {bytes} bytes in the log, and a record has room for 4 GiB: split it up")]
    TooLarge {
        /// The bytes that it takes.
        bytes: usize,
    },
    /// The medium panicked while the log was synced. Nobody knows what is durable, so the log takes nothing more.
    #[error("the medium panicked while the log was synced: {message}")]
    Panicked {
        /// What it said.
        message: String,
    },
    /// The thread that syncs the log panicked. Nothing would be synced any more, so the log takes nothing more.
    #[error("the thread that syncs the log panicked: {message}")]
    ThreadPanicked {
        /// What it said.
        message: String,
    },
    /// The log was to be closed, and not everything in it is durable. The next opening finds out what is.
    #[error("version {version} was written to the log, but only version {durable} is durable")]
    NotSynced {
        /// The last version.
        version: u64,
        /// The last durable one.
        durable: u64,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_program_lacks_is_no_damage() {
        let error = |source| DirectoryError::from(IoFailure::io("open", Path::new("x"))(source));
        let is_damage = |source: io::Error| error(source).damage().is_some();
        for kind in [io::ErrorKind::NotFound, io::ErrorKind::UnexpectedEof, io::ErrorKind::InvalidData] {
            assert!(is_damage(kind.into()), "{kind}");
        }
        for kind in [io::ErrorKind::PermissionDenied, io::ErrorKind::OutOfMemory, io::ErrorKind::TimedOut] {
            assert!(!is_damage(kind.into()), "{kind}");
        }
        assert!(is_damage(io::Error::other("a bad sector")));
        // `EIO`; and `ENOMEM`, `EACCES`, `ENFILE`, `EMFILE`.
        if cfg!(unix) {
            assert!(is_damage(io::Error::from_raw_os_error(5)));
            for code in [12, 13, 23, 24] {
                assert!(!is_damage(io::Error::from_raw_os_error(code)), "{code}");
            }
        }
    }
}
