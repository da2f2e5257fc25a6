//! Reading a directory and judging it, before anything in it is changed.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use super::fill::{Filled, Sources};
use super::going_on::Begun;
use super::replay::{Replayed, Target};
use super::report::{Migration, PassedOver, Recovery};
use super::scan::SegmentFile;
use crate::change_set::ChangeSet;
use crate::persistence::codec::{Encoder, Tables};
use crate::persistence::error::DirectoryError;
use crate::persistence::evolution::Evolution;
use crate::persistence::ids::Ids;
use crate::persistence::log::{Anew, Segment};
use crate::persistence::migration::{Migrations, MoveError, move_rows};
use crate::persistence::snapshot::Loaded;
use crate::schema::DatabaseSchema;
use crate::storage::{References, RestoreError, RowShape, Store, Version};

/// What it takes to read the directory.
pub struct Reading<'a> {
    pub sources: Sources<'a>,
    pub schema: &'a Arc<DatabaseSchema>,
    pub memory_limit: usize,
    pub migrations: &'a Migrations,
    /// Makes an empty store with the tables of `schema`.
    pub fresh: &'a dyn Fn() -> Store,
}

/// What reading it has given.
pub struct Read {
    /// The rows.
    pub store: Store,
    /// The log, if there is one.
    pub found: Option<Replayed>,
    /// The numbers of the tables.
    pub ids: Ids,
    /// What changes about the tables, for people.
    steps: Vec<String>,
    /// Rows that are not in the log as they are now. The store is not published then.
    pub moved: Option<Moved>,
    /// The snapshot file that was read, if there is one, and those that were no good.
    loaded: Option<Loaded>,
    passed_over: Vec<PassedOver>,
}

/// Rows that were made anew for another schema.
pub struct Moved {
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
    /// Reads everything, and changes nothing.
    pub fn read(&self) -> Result<Read, DirectoryError> {
        match self.sources.firsts.last() {
            None => self.nothing(),
            Some(last) => self.log(*last),
        }
    }

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
        let before = SegmentFile::read_tables(sources.media, directory.segment(last))?;
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

impl Read {
    /// What became of the tables, if anything did.
    pub fn migration(&mut self) -> Option<Migration> {
        let steps = core::mem::take(&mut self.steps);
        (!steps.is_empty()).then(|| Migration {
            from_version: self.found.as_ref().map_or(0, |found| found.version),
            steps,
            rows: self.moved.as_ref().map_or(0, |moved| moved.rows),
        })
    }

    /// The timeline of the version that was found. Rows that were made anew are commits of the new segment; otherwise the version is
    /// what it was.
    pub fn timeline(&self, begun: &Begun) -> u64 {
        let is_same = |found: &&Replayed| found.version == begun.version;
        self.found.as_ref().filter(is_same).map_or(begun.header.timeline, |found| found.timeline)
    }

    /// What was found, for the program.
    pub fn recovery(&mut self, begun: &Begun, migration: Option<Migration>, time: Duration) -> Recovery {
        let (found, loaded) = (self.found.as_ref(), self.loaded.as_ref());
        Recovery {
            version: begun.version,
            timeline: begun.header.timeline,
            was_closed: found.is_none_or(|found| found.was_closed),
            snapshot: loaded.map(|loaded| loaded.version),
            snapshot_rows: loaded.map_or(0, |loaded| loaded.rows),
            snapshot_bytes: loaded.map_or(0, |loaded| loaded.bytes),
            passed_over: core::mem::take(&mut self.passed_over),
            transactions: found.map_or(0, |found| found.transactions),
            rows: found.map_or(0, |found| found.rows),
            segments: found.map_or(0, |found| found.kept),
            bytes: found.map_or(0, |found| found.bytes),
            torn_bytes: found.map_or(0, |found| found.torn_bytes),
            migration,
            time,
        }
    }
}

impl Moved {
    /// Writes the rows to a segment that nobody has seen yet. Returns the version that they make.
    pub fn write(&self, segment: &mut Segment, time: u64) -> io::Result<u64> {
        let mut encoder = Encoder::new(Arc::clone(&self.tables), self.block_end);
        let (rows, rewritten, version) = (&self.changes, &*self.rewritten, self.version);
        Anew { rows, rewritten, version, time }.write(&mut encoder, segment)
    }
}
