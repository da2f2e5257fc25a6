//! The commit log: what keeps a database when its process ends.
//!
//! Owns the directory of a database: the lock, the segments of the log, and the ids that tables and fields have there. It
//! writes what [`ChangeSet`](crate::changes::ChangeSet)s say through [`CommitLog`](crate::transaction::CommitLog), and puts a version together from
//! it when the directory is opened again. Only here are files touched, all of them through [`Media`](crate::media::Media).
//!
//! - `format`: the bytes, described in `docs/wal.md`
//! - `codec`: change sets to bytes, and bytes into storage
//! - `ids`, `evolution`, `handshake`: which table and which field is which, and whether the program and the directory mean
//!   the same; `migration`: rows of an old schema as rows of a new one
//! - `log`: the writing side, the thread that syncs, segments
//! - `snapshot`: a held version to a file, and files to a store; `keeper`: the thread that makes them, and what is kept of the past
//! - `recovery`: opening
//! - `pipeline`: pieces that are prepared on several threads and taken in order
//! - `directory`: the names of files; `files`: whole files, read, and written so that they survive; `json`: how reports are told to other programs; `time`: times in files, and numbers that are new
//! - `zstd`: compression of frames and of objects
//! - [`archive`]: where finished segments go
//! - [`maintenance`]: what can be done with a directory that no database is open in

pub mod archive;
mod codec;
mod directory;
mod error;
mod evolution;
mod files;
mod format;
mod handshake;
mod ids;
mod json;
mod keeper;
mod log;
pub mod maintenance;
mod migration;
mod pipeline;
mod recovery;
mod snapshot;
#[cfg(all(test, not(ecsdb_loom)))]
mod tests;
mod time;
mod zstd;

pub use error::{DirectoryError, IoFailure, LogFailure};
pub use handshake::SchemaMismatch;
#[cfg(feature = "metrics")]
pub use keeper::CheckpointFigures;
pub use keeper::{
    ArchiveSetting, BackupError, BackupReport, BackupWish, CheckpointError, CheckpointProgress, CheckpointReport,
    CheckpointStats, Keeper, KeeperSetup, Keeping, LastCheckpoint, OnProgress, Retention, Schedule, Wish,
};
pub use log::{Figures, LogStats};
pub use migration::{MigrationError, MigrationFailure, Migrations, OldRow};
pub use recovery::{LogSettings, Migration, OnRecovery, Opened, PassedOver, Recovery, RecoveryProgress, open};
