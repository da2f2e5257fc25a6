//! How the databases of these tests are opened: the only place that knows the settings.

use std::sync::Arc;
use std::time::Duration;

use crate::simulated::Simulated;
use ecsdb::archive::DirectoryArchive;
use ecsdb::durability::Retention;
use ecsdb::{Db, OpenError};

use super::world::World;

/// Where the database is on the medium.
pub const DIR: &str = "/games/save";

/// Where the archive is on the medium, if there is one.
pub const ARCHIVE: &str = "/games/archive";

/// What is kept of the past.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// What is kept by default, and checkpoints only when somebody asks.
    Usual,
    /// One snapshot file, and checkpoints all the time: so parts of the log go, and their files are used again.
    Little,
    /// The same, and what goes is archived on the same medium.
    Archived,
}

/// How a log is laid out and synced.
#[derive(Clone, Copy, Debug)]
pub struct Layout {
    /// Bytes of a segment.
    pub segment_bytes: usize,
    /// How long a commit may wait for a sync that nobody asks for.
    pub sync_within: Duration,
    /// What is kept of the past.
    pub kept: Kept,
}

/// Opens the database on `medium`.
///
/// # Errors
/// If it cannot be opened.
pub fn open(medium: &Simulated, layout: Layout) -> Result<Db<World>, OpenError> {
    let Layout { segment_bytes, sync_within, kept } = layout;
    // A short queue: making a long one is a good part of an opening.
    let builder = Db::<World>::builder().worker_threads(1).queue_limits(64, 1 << 20);
    let builder = builder.directory(DIR).media(medium.clone());
    let builder = builder.segment_bytes(segment_bytes).sync_within(sync_within);
    if kept == Kept::Usual {
        return builder.open();
    }
    let mut retention = Retention::default();
    retention.snapshots = 1;
    let builder = builder.retention(retention).checkpoint_every(12 << 10, None);
    if kept == Kept::Little {
        return builder.open();
    }
    builder.archive(DirectoryArchive::on(Arc::new(medium.clone()), ARCHIVE)).open()
}

/// How many bytes were cut off when `db` was opened.
pub fn torn_bytes(db: &Db<World>) -> u64 {
    db.recovery().expect("it has a log").torn_bytes
}

/// The timeline that versions of `db` belong to from now on.
pub fn timeline(db: &Db<World>) -> u64 {
    db.recovery().expect("it has a log").timeline
}

/// Whether the log of `db` had been closed before it was opened.
pub fn is_clean(db: &Db<World>) -> bool {
    db.recovery().expect("it has a log").was_closed
}
