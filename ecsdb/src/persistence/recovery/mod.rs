//! Opening a directory.
//!
//! First everything is read and judged, and nothing is changed; then the torn end is cut off, if there is one; then the log
//! goes on. Each step may be interrupted and begun again: a crash in the middle leaves a directory that opens to the same
//! version.

mod fill;
mod replay;
mod report;
mod scan;

use std::cell::RefCell;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

pub use report::{Migration, OnRecovery, PassedOver, Recovery, RecoveryProgress, Teller};

pub use self::fill::{Filled, Sources, other_timeline};
use self::replay::LastSegment;
pub use self::replay::{Replayed, Segments, Start, Target, replay};
pub use self::scan::{SegmentFile, Span};
use super::codec::{Encoder, Tables};
use super::directory::Directory;
use super::error::DirectoryError;
use super::evolution::Evolution;
use super::format::{Header, Kind, RECORD_BYTES, RecordHead, seal};
use super::ids::Ids;
use super::keeper::{KeeperSetup, Keeping, KeptDirectory};
use super::log::{Alarm, Anew, Figures, Maker, Resume, Segment, Spares, Wal, nanoseconds, random};
use super::migration::{Migrations, MoveError, move_rows};
use super::snapshot::Loaded;
use crate::change_set::ChangeSet;
use crate::media::{Lock, Media, Open};
use crate::schema::DatabaseSchema;
use crate::storage::{References, RestoreError, RowShape, Store, Version};
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
    directory.check_finished(&*media)?;
    if directory.is_in_repair(&*media)? {
        return Err(DirectoryError::InRepair { path: directory.root().to_owned() });
    }
    let (firsts, drafts) = directory.list(&*media).map_err(DirectoryError::io("list", directory.wal()))?;
    let listed = directory.list_snapshots(&*media);
    let (snapshots, snapshot_drafts) = listed.map_err(DirectoryError::io("list", directory.snapshots()))?;
    let teller = RefCell::new(Teller::new(on_progress));
    let sources =
        Sources { media: &*media, directory: &directory, firsts: &firsts, snapshots: &snapshots, threads, teller };
    let reading = Reading { sources, schema, memory_limit, migrations: &migrations, fresh };
    let Read { mut store, found, ids, steps, moved, loaded, passed_over } = match firsts.last() {
        None => reading.nothing()?,
        Some(last) => reading.log(*last)?,
    };
    // From here on things are changed.
    for draft in drafts.into_iter().chain(snapshot_drafts) {
        media.remove(&draft).map_err(DirectoryError::io("remove", &draft))?;
    }
    let opening =
        Opening { media: &media, directory: &directory, segment_bytes, ids: &ids, schema, moved: moved.as_ref() };
    let found = found.as_ref();
    let Begun { segment, header, version } = match found {
        None => opening.begin()?,
        Some(found) if found.was_closed => opening.go_on(found)?,
        Some(found) => opening.cut(found, &firsts)?,
    };
    if moved.is_some() {
        store.publish_moved(version);
    }
    let text = ids.comments() + "\n" + &schema.to_toml();
    directory.write_schema(&*media, &text).map_err(DirectoryError::io("write", &directory.schema()))?;
    let migration = (!steps.is_empty()).then(|| Migration {
        from_version: found.map_or(0, |found| found.version),
        steps,
        rows: moved.as_ref().map_or(0, |moved| moved.rows),
    });
    if let Some(migration) = &migration {
        tracing::info!(directory = %directory.root().display(), ?migration, "migrated");
        let time = nanoseconds(media.now());
        directory
            .note_migration(&*media, migration, version, time)
            .map_err(DirectoryError::io("write", &directory.migrations()))?;
    }
    // Rows that were made anew are commits of the new segment; otherwise the version is what it was.
    let timeline = found.filter(|found| found.version == version).map_or(header.timeline, |found| found.timeline);
    let recovery = Recovery {
        version,
        timeline: header.timeline,
        was_closed: found.is_none_or(|found| found.was_closed),
        snapshot: loaded.as_ref().map(|loaded| loaded.version),
        snapshot_rows: loaded.as_ref().map_or(0, |loaded| loaded.rows),
        snapshot_bytes: loaded.as_ref().map_or(0, |loaded| loaded.bytes),
        passed_over,
        transactions: found.map_or(0, |found| found.transactions),
        rows: found.map_or(0, |found| found.rows),
        segments: found.map_or(0, |found| found.kept),
        bytes: found.map_or(0, |found| found.bytes),
        torn_bytes: found.map_or(0, |found| found.torn_bytes),
        migration,
        time: began.elapsed(),
    };
    tracing::info!(directory = %directory.root().display(), ?recovery, "opened");
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
        tables: Arc::new(Tables::new(&ids, Arc::clone(schema))),
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
        version_timeline: timeline,
        snapshots: &snapshots,
        description: Arc::clone(wal.description()),
        cut: wal.cut(),
        watermark: Arc::clone(&watermark),
        figures: Arc::clone(&figures),
        spares,
        alarm,
        lock,
    };
    let keeper = KeeperSetup::new(keeping, of);
    Ok(Opened { store, wal, watermark, figures, recovery, keeper })
}

/// What it takes to read the directory.
struct Reading<'a> {
    sources: Sources<'a>,
    schema: &'a Arc<DatabaseSchema>,
    memory_limit: usize,
    migrations: &'a Migrations,
    /// Makes an empty store with the tables of `schema`.
    fresh: &'a dyn Fn() -> Store,
}

/// What reading it has given.
struct Read {
    /// The rows.
    store: Store,
    /// The log, if there is one.
    found: Option<Replayed>,
    /// The numbers of the tables.
    ids: Ids,
    /// What changes about the tables, for people.
    steps: Vec<String>,
    /// Rows that are not in the log as they are now. The store is not published then.
    moved: Option<Moved>,
    /// The snapshot file that was read, if there is one, and those that were no good.
    loaded: Option<Loaded>,
    passed_over: Vec<PassedOver>,
}

/// Rows that were made anew for another schema.
struct Moved {
    rows: u64,
    changes: ChangeSet,
    tables: Arc<Tables>,
    /// Which tables have such rows.
    rewritten: Vec<bool>,
    /// The version of which they were made, and how many blocks there are.
    version: u64,
    block_end: u32,
}

impl Reading<'_> {
    /// Refuses a directory without segments that had some: the copy of the schema is written after the first one.
    fn nothing(&self) -> Result<Read, DirectoryError> {
        self.sources.check_new()?;
        let mut store = (self.fresh)();
        store.begin_restore();
        store.finish_restore(0).map_err(|_| self.sources.lost())?;
        let ids = Ids::assign(self.schema);
        Ok(Read { store, found: None, ids, steps: Vec::new(), moved: None, loaded: None, passed_over: Vec::new() })
    }

    /// Reads the log, whose last segment says what tables there are, and the snapshot file that it goes on from.
    fn log(&self, last: u64) -> Result<Read, DirectoryError> {
        let (sources, schema) = (&self.sources, self.schema);
        let directory = sources.directory;
        let before = SegmentFile::read_header(sources.media, directory.segment(last))?;
        let Evolution { ids, steps, rewrite } = Evolution::judge(directory.root(), &before, schema, self.migrations)?;
        let Some(rewrite) = rewrite else {
            let filled = sources.fill(&Target { ids: &ids, schema }, self.fresh)?;
            let Filled { store, replayed, loaded, passed_over } = filled;
            references_hold(store.live(), schema)?;
            return Ok(Read { store, found: Some(replayed), ids, steps, moved: None, loaded, passed_over });
        };
        let old = || Store::new(rewrite.old.tables().iter().map(RowShape::of), self.memory_limit);
        let filled = sources.fill(&Target { ids: &before, schema: &rewrite.old }, &old)?;
        let Filled { store: old, replayed, loaded, passed_over } = filled;
        let refused = |error| match error {
            MoveError::Row(error) => error.into(),
            MoveError::Restore(RestoreError::Storage(error)) => error.into(),
            MoveError::Restore(RestoreError::Duplicate(error)) => error.into(),
            MoveError::Restore(RestoreError::Unfit(what)) => {
                DirectoryError::Damaged { file: directory.wal().to_owned(), offset: 0, what: what.into() }
            }
        };
        let mut store = (self.fresh)();
        let rows = move_rows(&rewrite, schema, self.migrations, &old, &mut store).map_err(refused)?;
        references_hold(store.batch().version(), schema)?;
        let tables = Arc::new(Tables::new(&ids, Arc::clone(schema)));
        if let Some(loaded) = &loaded {
            loaded.restore_counters(&tables, &mut store);
        }
        let moved = Moved {
            rows,
            changes: store.restored_rows().map_err(|error| refused(error.into()))?,
            tables,
            rewritten: rewrite.rewritten,
            version: replayed.version,
            block_end: replayed.block_end,
        };
        Ok(Read { store, found: Some(replayed), ids, steps, moved: Some(moved), loaded, passed_over })
    }
}

/// Refuses rows with references that lead nowhere.
fn references_hold(version: &Version, schema: &DatabaseSchema) -> Result<(), DirectoryError> {
    References::of(schema).broken(version, schema).map_or(Ok(()), |failure| Err(DirectoryError::Dangling(failure)))
}

impl Moved {
    /// Writes the rows to a segment that nobody has seen yet. Returns the version that they make.
    fn write(&self, segment: &mut Segment, time: u64) -> io::Result<u64> {
        let mut encoder = Encoder::new(Arc::clone(&self.tables), self.block_end);
        let (rows, rewritten, version) = (&self.changes, &*self.rewritten, self.version);
        Anew { rows, rewritten, version, time }.write(&mut encoder, segment)
    }
}

/// Makes the directory, if there is none, and locks it.
fn lock(media: &dyn Media, directory: &Directory) -> Result<Lock, DirectoryError> {
    let root = directory.root();
    media.create_dir_all(root).map_err(DirectoryError::io("make", root))?;
    let lock = directory.take_lock(media)?;
    media.create_dir_all(directory.wal()).map_err(DirectoryError::io("make", directory.wal()))?;
    Ok(lock)
}

/// What it takes to change the directory.
struct Opening<'a> {
    media: &'a Arc<dyn Media>,
    directory: &'a Directory,
    segment_bytes: u64,
    ids: &'a Ids,
    schema: &'a DatabaseSchema,
    moved: Option<&'a Moved>,
}

/// Where the log goes on.
struct Begun {
    segment: Segment,
    header: Header,
    /// The last version in it.
    version: u64,
}

impl Opening<'_> {
    /// Makes the first segment of a new directory.
    fn begin(&self) -> Result<Begun, DirectoryError> {
        self.make(Placed { first: 1, sequence: 1, previous: 0, timeline: random() })
    }

    /// Goes on after a clean close: in the same segment, if the schema in its header is still right.
    fn go_on(&self, found: &Replayed) -> Result<Begun, DirectoryError> {
        let last = &found.last;
        if last.header.schema != self.ids.to_bytes() {
            return self.make(self.after(found, last.header.timeline));
        }
        let path = self.directory.segment(last.first);
        let (media, header) = (&**self.media, &last.header);
        let io = |action| DirectoryError::io(action, &path);
        // The mark of the close is written once more: if its sync failed, it is not on the medium, although it can be read.
        let end = last.end - found.close.len() as u64;
        let has_commits = last.version >= last.first;
        if !has_commits {
            // Nothing proves that its name is durable: who has begun it may have been killed before that, or the sync failed.
            self.make_sure(last, found.version)?;
        }
        let mut segment =
            Segment::reopen(media, &path, header, has_commits, end, self.segment_bytes).map_err(io("open"))?;
        segment.write(&found.close, Kind::Close).map_err(io("write"))?;
        // Says from now on that the log is not closed, whatever becomes of the commits that follow.
        let mut record = vec![0; RECORD_BYTES];
        let version = found.version;
        let time = nanoseconds(self.media.now());
        let head = RecordHead { salt: header.salt, version, durable: version, time, transactions: 0, kind: Kind::Open };
        seal(&mut record, &head);
        segment.write(&record, Kind::Open).map_err(io("write"))?;
        segment.named.file.sync_data().map_err(io("sync"))?;
        Ok(Begun { segment, header: header.clone(), version })
    }

    /// Cuts off what stands behind the last whole record, and goes on in a new segment of a new timeline.
    fn cut(&self, found: &Replayed, firsts: &[u64]) -> Result<Begun, DirectoryError> {
        let wal = self.directory.wal();
        // The last one first: if this ends in between, the rest still follows from one segment to the next.
        for first in firsts[found.kept..].iter().rev() {
            let path = self.directory.segment(*first);
            self.media.remove(&path).map_err(DirectoryError::io("remove", &path))?;
            self.media.sync_dir(wal).map_err(DirectoryError::io("sync", wal))?;
        }
        for segment in &found.unsure {
            self.make_sure(segment, found.durable)?;
        }
        let placed = self.after(found, random());
        if placed.first != found.last.first {
            let path = self.directory.segment(found.last.first);
            let file = self.media.open(&path, Open::Write).map_err(DirectoryError::io("open", &path))?;
            file.set_len(found.last.end).map_err(DirectoryError::io("cut", &path))?;
            file.sync_data().map_err(DirectoryError::io("sync", &path))?;
        }
        self.make(placed)
    }

    /// Writes once more what stands in `segment` after version `durable`. It was read, but if a sync of it failed in this life
    /// of the machine, it is not on the medium, and another sync would not put it there.
    fn make_sure(&self, segment: &LastSegment, durable: u64) -> Result<(), DirectoryError> {
        let path = self.directory.segment(segment.first);
        let read = SegmentFile::read(&**self.media, path.clone(), segment.first)?;
        let end = segment.end as usize;
        if segment.first <= durable {
            // Its name is durable, and so are its first records.
            let from = read.after(durable, end);
            let file = self.media.open(&path, Open::Write).map_err(DirectoryError::io("open", &path))?;
            file.write_all_at(read.bytes(from..end), from as u64).map_err(DirectoryError::io("write", &path))?;
            return file.sync_data().map_err(DirectoryError::io("sync", &path));
        }
        let (draft, wal) = (self.directory.draft(segment.header.sequence), self.directory.wal());
        let file = self.media.open(&draft, Open::Truncate).map_err(DirectoryError::io("make", &draft))?;
        file.write_all_at(read.bytes(0..end), 0).map_err(DirectoryError::io("write", &draft))?;
        file.sync_data().map_err(DirectoryError::io("sync", &draft))?;
        self.media.rename(&draft, &path).map_err(DirectoryError::io("rename to", &path))?;
        self.media.sync_dir(wal).map_err(DirectoryError::io("sync", wal))
    }

    /// The place of a segment after what was found. A segment without commits is replaced: it would have the same name.
    fn after(&self, found: &Replayed, timeline: u64) -> Placed {
        let last = &found.last;
        let first = found.version + 1;
        if last.first == first {
            Placed { first, sequence: last.header.sequence, previous: last.header.previous, timeline }
        } else {
            Placed { first, sequence: last.header.sequence + 1, previous: last.header.salt, timeline }
        }
    }

    /// Makes a segment and gives it its name. Rows that were made anew are in it from the first moment on.
    fn make(&self, placed: Placed) -> Result<Begun, DirectoryError> {
        let time = nanoseconds(self.media.now());
        let header = Header {
            timeline: placed.timeline,
            salt: random(),
            sequence: placed.sequence,
            previous: placed.previous,
            created: time,
            schema_hash: self.schema.hash(),
            recycled: false,
            schema: self.ids.to_bytes(),
        };
        let (draft, wal) = (self.directory.draft(placed.sequence), self.directory.wal());
        let mut segment = Segment::create(&**self.media, &draft, &header, self.segment_bytes)
            .map_err(DirectoryError::io("make", &draft))?;
        let version = match self.moved {
            Some(moved) => moved.write(&mut segment, time).map_err(DirectoryError::io("write", &draft))?,
            None => placed.first - 1,
        };
        let path = self.directory.segment(placed.first);
        segment.rename(&**self.media, path.clone()).map_err(DirectoryError::io("rename to", &path))?;
        self.media.sync_dir(wal).map_err(DirectoryError::io("sync", wal))?;
        Ok(Begun { segment, header, version })
    }
}

/// Where a segment stands in the log.
struct Placed {
    first: u64,
    sequence: u64,
    previous: u64,
    timeline: u64,
}
