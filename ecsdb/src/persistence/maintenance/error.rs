//! Why work on a directory was not done.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use thiserror::Error;

use crate::persistence::archive::ArchiveError;
use crate::persistence::error::{DirectoryError, IoFailure};

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
    #[error("{} holds no database: it has no folder `wal`, no snapshot file and no `schema.toml`", path.display())]
    NoDatabase {
        /// Its path.
        path: PathBuf,
    },
    /// The directory could not be locked when it was looked at, since it had no file `LOCK`, and somebody has opened it since.
    #[error("{} was opened since it was looked at: look at it again", path.display())]
    OpenedSince {
        /// Its path.
        path: PathBuf,
    },
    /// There is nothing where an archive should be.
    #[error(
        "the archive holds no segments and no snapshot files: nothing was stored there yet, or it is somewhere else"
    )]
    NoSegments,
    /// Something is to be made in a directory that has something in it already.
    #[error("{} is not empty, {found} is there: name a directory that does not exist, or an empty one", path.display())]
    NotEmpty {
        /// Its path.
        path: PathBuf,
        /// What is there.
        found: String,
    },
    /// Something is to be made inside the directory that it is made of.
    #[error("{} is inside {}, which it is to be a copy of: name a directory elsewhere", path.display(), directory.display())]
    Inside {
        /// Its path.
        path: PathBuf,
        /// The directory of the database.
        directory: PathBuf,
    },
    /// The version that was asked for cannot be put together from the files that there are.
    #[error("version {asked} cannot be restored: {}", runs(reachable))]
    OutOfReach {
        /// The version.
        asked: u64,
        /// Those that can be: the first and the last one of each run.
        reachable: Vec<(u64, u64)>,
    },
    /// Several histories have the version that was asked for, and nothing tells which one is meant.
    #[error("version {version} is in several histories, say which one is meant: timeline {}", timelines.iter().map(|timeline| format!("{timeline:016x}")).collect::<Vec<_>>().join(" or "))]
    Ambiguous {
        /// The version.
        version: u64,
        /// The timelines that have it.
        timelines: Vec<u64>,
    },
    /// The state that was asked for, the latest one or that of a time, cannot be put together from the files that there are: they are
    /// damaged, or something is missing. An earlier one is not taken unless its version is named.
    #[error("{}", lost(*highest, reachable))]
    Lost {
        /// The highest version that any file knows of.
        highest: u64,
        /// Those that can be restored: the first and the last one of each run.
        reachable: Vec<(u64, u64)>,
    },
    /// There was no version at the time that was asked for, as far as the files reach.
    #[error("nothing can be restored of that time: the oldest version that there is was committed {} s later", later.as_secs())]
    TooEarly {
        /// When the oldest version was committed.
        oldest: SystemTime,
        /// How much later the oldest version is.
        later: Duration,
    },
    /// The directory can be opened as it is, or the plan is that of another one.
    #[error("there is nothing to repair")]
    NothingToRepair,
    /// No version can be put together from what is left.
    #[error("nothing can be saved: no version can be put together from what is left; restore a backup")]
    NothingToSave,
    /// The directory cannot be read, or is damaged, or a database is open in it.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// The archive refuses, or is damaged.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
}

impl From<IoFailure> for MaintenanceError {
    fn from(error: IoFailure) -> Self {
        DirectoryError::from(error).into()
    }
}

fn lost(highest: u64, reachable: &[(u64, u64)]) -> String {
    match reachable {
        [] => "nothing can be restored: no version can be put together from what is left".into(),
        _ => format!(
            "the files speak of version {highest}, and it is not certain that what can be restored is what was asked for: {}; \
             name a version to take that",
            runs(reachable)
        ),
    }
}

fn runs(reachable: &[(u64, u64)]) -> String {
    match reachable {
        [] => "there is no version that can be".into(),
        runs => {
            let run = |(from, to): &(u64, u64)| if from == to { format!("{from}") } else { format!("{from} to {to}") };
            let runs: Vec<String> = runs.iter().map(run).collect();
            format!("those that can be are {}", runs.join(" and "))
        }
    }
}
