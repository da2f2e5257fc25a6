//! Opening a directory.
//!
//! First everything is read and judged, and nothing is changed; then the torn end is cut off, if there is one; then the log
//! goes on. Each step may be interrupted and begun again: a crash in the middle leaves a directory that opens to the same
//! version.

mod fill;
mod going_on;
mod read;
mod replay;
mod report;
mod scan;
mod scattered;

use std::cell::RefCell;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

pub use report::{Migration, OnRecovery, PassedOver, Recovery, RecoveryProgress, Teller};

pub use self::fill::{Filled, Sources, other_timeline};
use self::going_on::{Begun, GoingOn};
use self::read::{Read, Reading};
pub use self::replay::{Replayed, Segments, Start, Target, replay};
pub use self::scan::{RecordsEnd, SegmentFile, Span};
pub use self::scattered::scattered;
use super::codec::Tables;
use super::directory::Directory;
use super::error::{DirectoryError, IoFailure};
use super::keeper::{KeeperSetup, Keeping, KeptDirectory};
use super::log::{Alarm, Figures, Maker, Resume, Spares, Wal};
use super::migration::Migrations;
use super::time::nanoseconds;
use crate::media::{Lock, Media};
use crate::schema::DatabaseSchema;
use crate::storage::Store;
use crate::sync::Watermark;
use crate::transaction::LogError;

/// How a directory is opened.
pub struct LogSettings {
    /// Where it is.
    pub directory: PathBuf,
    /// On what.
    pub media: Arc<dyn Media>,
    /// How large segments become, in bytes.
    pub segment_bytes: u64,
    /// How long what is visible may wait to be synced, if nobody waits for it.
    pub sync_within: Duration,
    /// What the pages of a store may take, in bytes.
    pub memory_limit: usize,
    /// What the program does with rows of an earlier schema.
    pub migrations: Migrations,
    /// How many threads read and check, besides the one that calls.
    pub threads: usize,
    /// When checkpoints are made, and what is kept.
    pub keeping: Keeping,
    /// Who is told how far the opening is.
    pub on_progress: Option<OnRecovery>,
}

/// A directory that is open.
pub struct Opened {
    /// What it holds.
    pub store: Store,
    /// Where commits go from here on.
    pub wal: Wal,
    /// What of them is durable.
    pub watermark: Arc<Watermark<LogError>>,
    /// What the log counts.
    pub figures: Arc<Figures>,
    /// What was found.
    pub recovery: Recovery,
    /// What makes checkpoints of it, to be started.
    pub keeper: KeeperSetup,
}

/// Opens a directory, or makes it if there is none. `fresh` makes an empty store with the tables of `schema`.
pub fn open(
    settings: LogSettings,
    schema: &Arc<DatabaseSchema>,
    fresh: &dyn Fn() -> Store,
) -> Result<Opened, DirectoryError> {
    let began = Instant::now();
    let LogSettings { directory, media, segment_bytes, sync_within, memory_limit, migrations, .. } = settings;
    let LogSettings { threads, keeping, on_progress, .. } = settings;
    let directory = Directory::new(directory);
    let lock = Arc::new(lock(&*media, &directory)?);
    let Listing { firsts, snapshots, drafts } = Listing::of(&*media, &directory)?;

    let teller = RefCell::new(Teller::new(on_progress));
    let sources =
        Sources { media: &*media, directory: &directory, firsts: &firsts, snapshots: &snapshots, threads, teller };
    let mut read = Reading { sources, schema, memory_limit, migrations: &migrations, fresh }.read()?;

    // From here on things are changed.
    for draft in drafts {
        media.remove(&draft).map_err(IoFailure::io("remove", &draft))?;
    }
    let going_on = GoingOn {
        media: &media,
        directory: &directory,
        segment_bytes,
        ids: &read.ids,
        schema,
        moved: read.moved.as_ref(),
    };
    let begun = going_on.go_on(read.found.as_ref(), &firsts)?;
    if read.moved.is_some() {
        read.store.publish_restored(begun.version);
    }
    let text = read.ids.comments() + "\n" + &schema.to_toml();
    directory.write_schema(&*media, &text)?;
    let migration = read.migration();
    if let Some(migration) = &migration {
        note(migration, begun.version, &*media, &directory)?;
    }
    let recovery = read.recovery(&begun, migration, began.elapsed());
    tracing::info!(directory = %directory.root().display(), ?recovery, "opened");

    Ready { media, directory, segment_bytes, sync_within, lock, keeping }
        .resume(read, begun, recovery, schema, &snapshots)
}

/// What files the directory has.
struct Listing {
    /// The versions with which segments begin, ascending.
    firsts: Vec<u64>,
    /// The versions of the snapshot files, ascending.
    snapshots: Vec<u64>,
    /// Files that were never finished.
    drafts: Vec<PathBuf>,
}

impl Listing {
    fn of(media: &dyn Media, directory: &Directory) -> Result<Self, DirectoryError> {
        let (firsts, mut drafts) = directory.list(media).map_err(IoFailure::io("list", directory.wal()))?;
        let listed = directory.list_snapshots(media);
        let (snapshots, unfinished) = listed.map_err(IoFailure::io("list", directory.snapshots()))?;
        drafts.extend(unfinished);
        Ok(Self { firsts, snapshots, drafts })
    }
}

/// Makes the directory, if there is none, and locks it. Refuses one that is not whole.
fn lock(media: &dyn Media, directory: &Directory) -> Result<Lock, DirectoryError> {
    let root = directory.root();
    media.create_dir_all(root).map_err(IoFailure::io("make", root))?;
    let lock = directory.take_lock(media)?;
    media.create_dir_all(directory.wal()).map_err(IoFailure::io("make", directory.wal()))?;
    directory.check_finished(media)?;
    if directory.is_in_repair(media)? {
        return Err(DirectoryError::InRepair { path: root.to_owned() });
    }
    Ok(lock)
}

/// Writes down for people that the tables have changed, in version `version`.
fn note(migration: &Migration, version: u64, media: &dyn Media, directory: &Directory) -> Result<(), IoFailure> {
    tracing::info!(directory = %directory.root().display(), ?migration, "migrated");
    directory.note_migration(media, migration, version, nanoseconds(media.now()))
}

/// A directory in which the log can go on.
struct Ready {
    media: Arc<dyn Media>,
    directory: Directory,
    segment_bytes: u64,
    sync_within: Duration,
    lock: Arc<Lock>,
    keeping: Keeping,
}

impl Ready {
    /// Starts the log behind what was read, and gets ready what makes checkpoints.
    fn resume(
        self,
        read: Read,
        begun: Begun,
        recovery: Recovery,
        schema: &Arc<DatabaseSchema>,
        snapshots: &[u64],
    ) -> Result<Opened, DirectoryError> {
        let Self { media, directory, segment_bytes, sync_within, lock, keeping } = self;
        let (found, version_timeline) = (read.found.as_ref(), read.timeline(&begun));
        let Begun { segment, header, version } = begun;
        let watermark = Arc::new(Watermark::new(version, sync_within));
        let is_new = |found: &Replayed| segment.named.path != directory.segment(found.last.first);
        let segments = found.map_or(1, |found| found.kept + usize::from(is_new(found)));
        let figures = Arc::new(Figures::new(segments));
        let spares = Arc::new(Spares::default());
        // What was there since the last snapshot file counts.
        let alarm = Arc::new(Alarm::new(keeping.schedule.log_bytes.saturating_sub(recovery.bytes)));
        let resume = Resume {
            maker: Maker {
                media: Arc::clone(&media),
                directory: directory.clone(),
                capacity: segment_bytes,
                header,
                before: None,
                spares: Arc::clone(&spares),
            },
            segment,
            version,
            block_end: found.map_or(0, |found| found.block_end),
            tables: Arc::new(Tables::new(&read.ids, Arc::clone(schema))),
            watermark: Arc::clone(&watermark),
            figures: Arc::clone(&figures),
            alarm: Arc::clone(&alarm),
            lock: Arc::clone(&lock),
        };
        let wal = Wal::resume(resume, schema.name()).map_err(DirectoryError::Thread)?;
        let of = KeptDirectory {
            media,
            directory,
            segment_bytes,
            recovery: &recovery,
            version_timeline,
            snapshots,
            description: Arc::clone(wal.description()),
            cut: wal.cut(),
            watermark: Arc::clone(&watermark),
            figures: Arc::clone(&figures),
            spares,
            alarm,
            lock,
        };
        let keeper = KeeperSetup::new(keeping, of);
        Ok(Opened { store: read.store, wal, watermark, figures, recovery, keeper })
    }
}
