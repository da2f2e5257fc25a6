//! Figures of checkpoints: noted by the keeper when one ends, read by any thread.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use super::report::{CheckpointError, CheckpointReport};
use crate::sync::{Times, Timing};

/// Figures of [checkpoints](crate::Db::checkpoint) since the directory was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CheckpointStats {
    /// Snapshot files that were made.
    pub made: u64,
    /// Checkpoints that have failed. What was in the directory before is still good.
    pub failed: u64,
    /// Checkpoints after which files were kept that [`Retention`](crate::durability::Retention) does not ask for, because the system or the archive
    /// refused.
    pub unclean: u64,
    /// Segments of the log that are finished and were still to be sent to the [archive](crate::DbBuilder::archive) when it was looked at last: what would
    /// be missing there, besides the segment that is being written, if the directory was gone. One that is damaged is not counted once the archive has
    /// refused it. 0 without an archive.
    pub unarchived: u64,
    /// Bytes of all files that were made.
    pub bytes: u64,
    /// How long they took.
    pub time: Timing,
    /// The last one; none if there was none since the directory was opened.
    pub last: Option<LastCheckpoint>,
}

/// The last checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LastCheckpoint {
    /// The version that it holds.
    pub version: u64,
    /// Rows in the file.
    pub rows: u64,
    /// Bytes of the file.
    pub bytes: u64,
    /// How long it took.
    pub time: Duration,
    /// When it was done.
    pub at: SystemTime,
}

/// The figures as they are counted.
#[derive(Default)]
pub struct CheckpointFigures {
    stats: Mutex<CheckpointStats>,
    time: Times,
}

impl CheckpointFigures {
    /// Notes what has come of a checkpoint. For the keeper.
    pub fn note(&self, outcome: &Result<CheckpointReport, CheckpointError>, at: SystemTime) {
        let mut stats = self.stats.lock().unwrap_or_else(PoisonError::into_inner);
        stats.unclean += u64::from(outcome.as_ref().is_ok_and(|report| report.kept_because.is_some()));
        match outcome {
            // Nobody has written a file for a version that has one already.
            Ok(report) if stats.last.is_some_and(|last| last.version == report.version) => {}
            Ok(CheckpointReport { version, rows, bytes, time, .. }) => {
                stats.made += 1;
                stats.bytes += bytes;
                stats.last = Some(LastCheckpoint { version: *version, rows: *rows, bytes: *bytes, time: *time, at });
                self.time.record(*time);
            }
            // A database that is closed meanwhile has no need of it.
            Err(CheckpointError::Closed) => {}
            Err(_) => stats.failed += 1,
        }
    }

    /// Notes how many finished segments are not in the archive. For the keeper.
    pub fn note_unarchived(&self, segments: u64) {
        self.stats.lock().unwrap_or_else(PoisonError::into_inner).unarchived = segments;
    }

    /// How long they took.
    #[cfg(feature = "metrics")]
    pub fn time(&self) -> &Times {
        &self.time
    }

    /// The figures of the moment.
    pub fn read(&self) -> CheckpointStats {
        let stats = *self.stats.lock().unwrap_or_else(PoisonError::into_inner);
        CheckpointStats { time: self.time.read(), ..stats }
    }
}
