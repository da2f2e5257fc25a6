//! A version out of snapshot files: a complete one, and those that go on from it.
//!
//! A chunk is taken from the newest file that has it. Frames are read and checked on other threads; one thread puts them into the
//! store, entities first.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use super::frame::{FRAME_BYTES, FrameKind};
use super::read::{Body, PlacedFrame, SnapshotFile};
use crate::media::Media;
use crate::persistence::codec::{ApplyError, Era, Tables, restore_entities, restore_rows, validate_rows};
use crate::persistence::directory::Directory;
use crate::persistence::error::DirectoryError;
use crate::persistence::format::Malformed;
use crate::persistence::ids::Ids;
use crate::persistence::pipeline::in_order;
use crate::storage::{Batch, Store};

/// Snapshot files that together hold a version: the newest first, the complete one last.
pub struct Chain(Vec<SnapshotFile>);

/// What was put into a store.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The version.
    pub version: u64,
    /// The timeline that it belongs to.
    pub timeline: u64,
    /// Rows.
    pub rows: u64,
    /// Bytes of all files.
    pub bytes: u64,
    /// Up to where counted fields are counted: ids of table and field, and the last number.
    pub counters: Vec<(u16, u16, u128)>,
}

/// The tables that files are read into.
pub struct Destination<'t> {
    /// As the codec sees them.
    pub tables: &'t Tables,
    /// Their ids as they are now.
    pub now: &'t Ids,
    /// How many threads read and check.
    pub threads: usize,
}

/// A frame that is wanted.
struct Wanted<'c> {
    file: &'c SnapshotFile,
    frame: PlacedFrame,
}

impl Chain {
    /// The files that hold version `version`, which there is a file of.
    pub fn open(media: &dyn Media, directory: &Directory, version: u64) -> Result<Self, DirectoryError> {
        let mut files: Vec<SnapshotFile> = Vec::new();
        let mut next = Some(version);
        while let Some(version) = next {
            let file = SnapshotFile::open(media, directory.snapshot(version), version)?;
            if let Some(later) = files.last() {
                let is_base = later.header.base.is_some_and(|base| base.salt == file.header.salt);
                if !is_base || later.header.schema != file.header.schema {
                    return Err(file.damaged(0, "it is not the file that a later one goes on from"));
                }
            }
            // Bases have ever smaller versions, so this comes to an end.
            next = file.header.base.map(|base| base.version);
            files.push(file);
        }
        Ok(Self(files))
    }

    /// The versions of all files, the newest first.
    pub fn versions(&self) -> Vec<u64> {
        self.0.iter().map(|file| file.header.version).collect()
    }

    /// The file with the version itself.
    pub fn newest(&self) -> &SnapshotFile {
        &self.0[0]
    }

    /// Reads every frame of every file, as far as checksums tell.
    pub fn check(&self) -> Result<(), DirectoryError> {
        for file in &self.0 {
            file.frames.iter().try_for_each(|frame| file.read(frame, Vec::new()).map(drop))?;
        }
        Ok(())
    }

    /// The frames that hold the version: entities first, then tables in the order of their ids.
    fn wanted(&self) -> Vec<Wanted<'_>> {
        let mut seen = HashSet::new();
        let mut wanted: Vec<Wanted<'_>> = Vec::new();
        for file in &self.0 {
            let here: HashSet<(u16, u32)> =
                file.frames.iter().map(|frame| (frame.head.table, frame.head.chunk)).collect();
            let is_new = |frame: &&PlacedFrame| !seen.contains(&(frame.head.table, frame.head.chunk));
            wanted.extend(file.frames.iter().filter(is_new).map(|frame| Wanted { file, frame: *frame }));
            seen.extend(here);
            seen.extend(file.end.gone.iter().copied());
        }
        // Stable: several frames of one chunk stay in their order.
        wanted.sort_by_key(|wanted| (wanted.frame.head.table, wanted.frame.head.chunk));
        wanted
    }

    /// Puts the version into `store`, which is fresh and takes in what a log has kept. `progress` is told how many rows are there, and
    /// how many there will be.
    pub fn load(
        &self,
        to: &Destination<'_>,
        store: &mut Store,
        mut progress: impl FnMut(u64, u64),
    ) -> Result<Loaded, DirectoryError> {
        let newest = self.newest();
        let era = Era::new(to.tables, &newest.ids, to.now);
        let wanted = self.wanted();
        let groups: Vec<&[Wanted<'_>]> = groups(&wanted).collect();
        let spare = Spare::default();
        let (mut rows, mut entities) = (0, 0);
        let prepare = |number: usize| -> Result<Vec<(&Wanted<'_>, Body)>, DirectoryError> {
            groups[number].iter().map(|wanted| Ok((wanted, wanted.prepare(&era, spare.take())?))).collect()
        };
        in_order(groups.len(), to.threads, prepare, |prepared| {
            for (wanted, body) in prepared? {
                let head = &wanted.frame.head;
                wanted.put(&mut store.batch(), &era, &body)?;
                spare.put(body.into_spare());
                match head.kind {
                    FrameKind::Entities => entities += u64::from(head.count),
                    _ => rows += u64::from(head.count),
                }
            }
            progress(rows, newest.end.rows);
            Ok::<(), DirectoryError>(())
        })?;
        let end = &newest.end;
        if (rows, entities) != (end.rows, end.entities) {
            let what = format!(
                "it has {} rows and {} entities, {rows} and {entities} are there with the files that it goes on from",
                end.rows, end.entities
            );
            return Err(newest.damaged(newest.end_at, what));
        }
        let mut batch = store.batch();
        let unfit = |error| placed(newest, newest.end_at, ApplyError::from(error));
        batch.restore_end(end.block_end as usize).map_err(unfit)?;
        for (slot, generation) in &end.burned {
            batch.restore_burned(*slot, *generation).map_err(unfit)?;
        }
        Ok(Loaded {
            version: newest.header.version,
            timeline: newest.header.timeline,
            rows,
            bytes: self.0.iter().map(|file| file.bytes).sum(),
            counters: end.counters.clone(),
        })
    }
}

/// How many bytes are read, checked and handed over together, at least: handing over costs a thread's waking up. Of frames that are
/// compressed what comes out of them counts, which is what stays in memory.
const GROUP_BYTES: u64 = 256 << 10;

/// Frames that follow one another, in groups that are handed over together.
fn groups<'w, 'c>(mut wanted: &'w [Wanted<'c>]) -> impl Iterator<Item = &'w [Wanted<'c>]> {
    core::iter::from_fn(move || {
        let mut bytes = 0;
        let is_last = |wanted: &Wanted<'_>| {
            bytes += wanted.frame.head.len().max(u64::from(wanted.frame.head.raw));
            bytes >= GROUP_BYTES
        };
        let count = wanted.iter().position(is_last).map_or(wanted.len(), |last| last + 1);
        let (group, rest) = wanted.split_at(count);
        wanted = rest;
        (!group.is_empty()).then_some(group)
    })
}

/// Memory of frames that are in the store, for those that are still to be read: memory that is new costs the system more than reading
/// into it.
#[derive(Default)]
struct Spare(Mutex<Vec<Vec<u8>>>);

impl Spare {
    fn take(&self) -> Vec<u8> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default()
    }

    fn put(&self, memory: Vec<u8>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(memory);
    }
}

impl Loaded {
    /// Has counted fields go on from where they were counted to.
    pub fn restore_counters(&self, tables: &Tables, store: &mut Store) {
        let mut batch = store.batch();
        for (id, field, last) in &self.counters {
            if let Some(table) = tables.with_id(*id)
                && let Some(column) = table.column(*field)
            {
                batch.restore_counter(table.number, column, *last);
            }
        }
    }
}

impl Wanted<'_> {
    /// Reads the frame, and checks it as far as that is possible without the store.
    fn prepare(&self, era: &Era<'_>, spare: Vec<u8>) -> Result<Body, DirectoryError> {
        let (file, head) = (self.file, &self.frame.head);
        let body = file.read(&self.frame, spare)?;
        if head.kind == FrameKind::Rows {
            let rows = validate_rows(era, &body, head.table, head.chunk).map_err(|error| self.damaged(error))?;
            if rows != u64::from(head.count) {
                return Err(file.damaged(self.frame.at, format!("it has {rows} rows, and says {}", head.count)));
            }
        }
        Ok(body)
    }

    /// Puts it into the store.
    fn put(&self, batch: &mut Batch<'_>, era: &Era<'_>, body: &[u8]) -> Result<(), DirectoryError> {
        let (file, at, head) = (self.file, self.frame.at, &self.frame.head);
        match head.kind {
            FrameKind::Entities => {
                let alive = restore_entities(batch, era, body, head.chunk).map_err(|error| self.failed(error))?;
                if alive != u64::from(head.count) || head.table != 0 {
                    return Err(file.damaged(at, format!("{alive} entities are alive, and it says {}", head.count)));
                }
                Ok(())
            }
            _ => restore_rows(batch, era, body).map_err(|error| self.failed(error)),
        }
    }

    fn failed(&self, error: ApplyError) -> DirectoryError {
        placed(self.file, self.frame.at + FRAME_BYTES as u64, error)
    }

    fn damaged(&self, error: Malformed) -> DirectoryError {
        self.failed(error.into())
    }
}

/// An error about something that begins at `at`.
fn placed(file: &SnapshotFile, at: u64, error: ApplyError) -> DirectoryError {
    match error {
        ApplyError::Malformed(error) => file.damaged(at + error.at as u64, error.what),
        ApplyError::Storage(error) => error.into(),
    }
}
