//! What the keeper starts with.

use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

use super::archiving::ArchiveSetting;
use super::checkpoint::Checkpoints;
use super::retention::{Cleaner, KnownFiles, Retention};
use crate::media::{Lock, Media};
use crate::persistence::directory::Directory;
use crate::persistence::log::{Alarm, Cut, Description, Figures, Spares};
use crate::persistence::recovery::Recovery;
use crate::sync::Watermark;
use crate::transaction::LogError;

/// When checkpoints are made that nobody has asked for.
#[derive(Clone, Copy, Debug)]
pub struct Schedule {
    /// When so many bytes have been written to the log since the last one.
    pub log_bytes: u64,
    /// When so much time has passed since the last one, and something was committed.
    pub every: Option<Duration>,
}

impl Default for Schedule {
    fn default() -> Self {
        Self { log_bytes: 256 << 20, every: None }
    }
}

/// When checkpoints are made, and what is kept: what the program says of it.
pub struct Keeping {
    /// When checkpoints are made by themselves.
    pub schedule: Schedule,
    /// How hard snapshot files are compressed, if at all.
    pub compression: Option<i32>,
    /// What of the past is kept.
    pub retention: Retention,
    /// Where segments go that are needed no longer.
    pub archive: Option<ArchiveSetting>,
    /// Whether complete snapshot files go there too.
    pub archive_snapshots: bool,
    /// The runtime whose tasks make checkpoints, if not a thread of the database.
    #[cfg(feature = "tokio")]
    pub runtime: Option<tokio::runtime::Handle>,
}

impl Default for Keeping {
    fn default() -> Self {
        Self {
            schedule: Schedule::default(),
            compression: None,
            retention: Retention::default(),
            archive: None,
            archive_snapshots: true,
            #[cfg(feature = "tokio")]
            runtime: None,
        }
    }
}

/// How much of a log it is worth to begin a new segment for.
const CUT_BYTES: u64 = 1 << 20;

/// A directory that was opened.
pub struct KeptDirectory<'a> {
    /// On what.
    pub media: Arc<dyn Media>,
    /// Where.
    pub directory: Directory,
    /// How long segments should be, in bytes.
    pub segment_bytes: u64,
    /// What was found.
    pub recovery: &'a Recovery,
    /// The timeline of the version that was found.
    pub version_timeline: u64,
    /// The versions of all snapshot files.
    pub snapshots: &'a [u64],
    /// What the log says of tables.
    pub description: Arc<Description>,
    /// Has the log go on in a new segment.
    pub cut: Cut,
    /// What of the log is durable.
    pub watermark: Arc<Watermark<LogError>>,
    /// What the log counts.
    pub figures: Arc<Figures>,
    /// Where the log gets its spare files.
    pub spares: Arc<Spares>,
    /// Rings when the log has become long.
    pub alarm: Arc<Alarm>,
    /// The lock.
    pub lock: Arc<Lock>,
}

/// What the thread needs.
pub struct KeeperSetup {
    /// What it takes to make checkpoints.
    pub checkpoints: Checkpoints,
    /// What it takes to let files go.
    pub cleaner: Cleaner,
    /// When checkpoints are made by themselves.
    pub schedule: Schedule,
    /// Rings when the log has become long.
    pub alarm: Arc<Alarm>,
    /// The runtime whose tasks make checkpoints, if not the thread itself.
    #[cfg(feature = "tokio")]
    pub runtime: Option<tokio::runtime::Handle>,
    /// The lock of the directory, held until the thread has ended.
    pub _lock: Arc<Lock>,
}

impl KeeperSetup {
    /// For the directory `of`.
    pub fn new(keeping: Keeping, of: KeptDirectory<'_>) -> Self {
        let Keeping { schedule, compression, retention, archive, archive_snapshots, .. } = keeping;
        let recovery = of.recovery;
        let mut cleaner = Cleaner {
            media: Arc::clone(&of.media),
            directory: of.directory.clone(),
            retention,
            spares: of.spares,
            watermark: Arc::clone(&of.watermark),
            figures: Arc::clone(&of.figures),
            segment_bytes: of.segment_bytes,
            files: KnownFiles::new(),
            archive,
            archive_snapshots,
        };
        let passed_over: Vec<u64> = recovery.passed_over.iter().map(|passed| passed.version).collect();
        cleaner.look(of.snapshots, &passed_over);
        let checkpoints = Checkpoints {
            media: of.media,
            directory: of.directory,
            description: of.description,
            cut: Arc::new(of.cut),
            cut_after: CUT_BYTES.min(of.segment_bytes / 4),
            cut_at: Cell::new(None),
            watermark: of.watermark,
            timeline: recovery.timeline,
            opened: (recovery.version, of.version_timeline),
            loaded: recovery.snapshot,
            figures: of.figures,
            compression,
            has_directory: false,
            last: None,
        };
        Self {
            checkpoints,
            cleaner,
            schedule,
            alarm: of.alarm,
            #[cfg(feature = "tokio")]
            runtime: keeping.runtime,
            _lock: of.lock,
        }
    }
}
