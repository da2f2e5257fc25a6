//! How the databases of these tests are opened: the only place that knows the settings.

use std::time::Duration;

use crate::simulated::Simulated;
use ecsdb::{Db, OpenError};

use super::world::World;

/// Where the database is on the medium.
pub const DIR: &str = "/games/save";

/// How a log is laid out and synced.
#[derive(Clone, Copy, Debug)]
pub struct Layout {
    /// Bytes of a segment.
    pub segment_bytes: usize,
    /// How long a commit may wait for a sync that nobody asks for.
    pub sync_within: Duration,
}

/// Opens the database on `medium`.
///
/// # Errors
/// If it cannot be opened.
pub fn open(medium: &Simulated, layout: Layout) -> Result<Db<World>, OpenError> {
    let Layout { segment_bytes, sync_within } = layout;
    // A short queue: making a long one is a good part of an opening.
    let builder = Db::<World>::builder().worker_threads(1).queue_limits(64, 1 << 20);
    let builder = builder.directory(DIR).media(medium.clone());
    builder.segment_bytes(segment_bytes).sync_within(sync_within).open()
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
