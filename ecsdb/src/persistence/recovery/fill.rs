//! A store out of the newest snapshot file that is good, and of the log behind it.
//!
//! Changes no file. A file that is damaged is passed over, and said; then an older one has to do, or the whole log.

use std::cell::RefCell;
use std::sync::Arc;

use super::replay::{Replayed, Segments, Start, Target, replay};
use super::report::{PassedOver, Teller};
use super::scan::SegmentFile;
use crate::media::{Media, Open};
use crate::persistence::codec::Tables;
use crate::persistence::directory::Directory;
use crate::persistence::error::{DirectoryError, IoFailure};
use crate::persistence::snapshot::{Chain, Destination, Loaded};
use crate::storage::Store;

/// Where the timeline stands in a snapshot file.
const TIMELINE_AT: u64 = 24;

/// What there is to read.
pub struct Sources<'a> {
    /// On what.
    pub media: &'a dyn Media,
    /// Where.
    pub directory: &'a Directory,
    /// The first versions of all segments, ascending.
    pub firsts: &'a [u64],
    /// The versions of all snapshot files, ascending.
    pub snapshots: &'a [u64],
    /// How many threads read besides this one.
    pub threads: usize,
    /// Who is told how far it is.
    pub teller: RefCell<Teller>,
}

/// What was read.
pub struct Filled {
    /// All rows, published.
    pub store: Store,
    /// What the log has come to.
    pub replayed: Replayed,
    /// The snapshot file that it was added to, if there is one.
    pub loaded: Option<Loaded>,
    /// Those that were no good.
    pub passed_over: Vec<PassedOver>,
}

impl Sources<'_> {
    /// Refuses a directory without segments that had some: the copy of the schema is written after the first one.
    pub fn check_new(&self) -> Result<(), DirectoryError> {
        let path = self.directory.schema();
        if self.snapshots.is_empty() && !self.media.exists(&path).map_err(IoFailure::io("look for", &path))? {
            return Ok(());
        }
        Err(self.lost())
    }

    /// There was a log, and none is left.
    pub fn lost(&self) -> DirectoryError {
        let what = "no segment is left of the log that was here".into();
        DirectoryError::Damaged { file: self.directory.wal().to_owned(), offset: 0, what }
    }

    /// Fills a store with the tables of `target`, as `fresh` makes them.
    pub fn fill(&self, target: &Target<'_>, fresh: &dyn Fn() -> Store) -> Result<Filled, DirectoryError> {
        let tables = Tables::new(target.ids, Arc::clone(target.schema));
        let (mut passed_over, mut newest) = (Vec::new(), None);
        // The log does not go on from files that are older than it.
        let begins = self.firsts.first().map_or(u64::MAX, |first| first - 1);
        for version in self.snapshots.iter().rev().filter(|version| **version >= begins) {
            let mut store = fresh();
            match self.load(*version, target, &tables, &mut store) {
                Ok(loaded) => {
                    let start = Start { version: loaded.version, timeline: loaded.timeline };
                    let replayed = self.replay(target, start, &mut store)?;
                    return Ok(Filled { store, replayed, loaded: Some(loaded), passed_over });
                }
                Err(error) => {
                    let passed = PassedOver::of(*version, error)?;
                    tracing::warn!(file = %passed.0.file.display(), offset = passed.0.offset, what = %passed.0.what, "a snapshot file is passed over");
                    passed_over.push(passed.0);
                    newest.get_or_insert(passed.1);
                }
            }
        }
        if let Some(error) = newest.filter(|_| self.firsts.first() != Some(&1)) {
            // Without its beginning the log is of no use, and what is missing is the file that was to make up for it.
            return Err(error);
        }
        let mut store = fresh();
        store.begin_restore();
        let replayed = self.replay(target, Start::default(), &mut store)?;
        Ok(Filled { store, replayed, loaded: None, passed_over })
    }

    /// Reads the log from behind `start` on.
    fn replay(&self, target: &Target<'_>, start: Start, store: &mut Store) -> Result<Replayed, DirectoryError> {
        let mut teller = self.teller.borrow_mut();
        if teller.is_heard() {
            let mut total = 0;
            let skipped = self.firsts.iter().rposition(|first| *first <= start.version + 1).unwrap_or(0);
            for first in &self.firsts[skipped..] {
                let path = self.directory.segment(*first);
                let len = self.media.open(&path, Open::Read).and_then(|file| file.len());
                total += len.map_err(IoFailure::io("read", &path))?;
            }
            teller.tell(|progress| progress.log_bytes_total = total);
        }
        let mut read = |bytes: u64| teller.tell(|progress| progress.log_bytes += bytes);
        let Self { media, directory, firsts, threads, .. } = *self;
        let replayed = replay(&Segments { media, directory, firsts, threads }, target, start, store, &mut read)?;
        // A file has its name only if its version was durable, whatever has become of what is in it.
        match self.snapshots.last() {
            Some(newest) if *newest > replayed.version => Err(DirectoryError::Damaged {
                file: directory.segment(replayed.last.first),
                offset: replayed.last.end,
                what: format!(
                    "the log ends here, although version {newest} was durable: there is a snapshot file of it"
                ),
            }),
            _ => self.check_ending(replayed),
        }
    }

    /// Refuses a log that ends before it did when it was closed.
    fn check_ending(&self, replayed: Replayed) -> Result<Replayed, DirectoryError> {
        let Some(ending) = self.directory.read_ending(self.media)? else { return Ok(replayed) };
        let (version, header) = (replayed.version, &replayed.last.header);
        if !ending.is_missed_by(version, header.timeline, header.sequence) {
            return Ok(replayed);
        }
        let (file, closed) = (self.directory.segment(replayed.last.first), ending.version);
        let what = if version < closed {
            format!("the log ends here with version {version}, and had version {closed} when it was closed")
        } else {
            "the log ends here, and had more segments when it was closed".into()
        };
        Err(DirectoryError::Damaged { file, offset: replayed.last.end, what })
    }

    /// Refuses a snapshot file of version `version`, if the log has that version in another timeline than the file's. The log is not read
    /// for that unless its timeline is another one.
    fn check_timeline(&self, version: u64, timeline: u64) -> Result<(), DirectoryError> {
        let Some(first) = self.firsts.iter().rfind(|first| **first <= version) else { return Ok(()) };
        let path = self.directory.segment(*first);
        let has_version = || -> Result<bool, DirectoryError> {
            let (header, ..) = SegmentFile::front(self.media, path.clone())?;
            if header.timeline == timeline {
                return Ok(false);
            }
            Ok(SegmentFile::read(self.media, path.clone(), *first)?.has(version))
        };
        match has_version() {
            Ok(true) => Err(other_timeline(self.directory, version, timeline)),
            // What is damaged says nothing, and may not be needed.
            Err(error) if error.damage().is_none() => Err(error),
            Ok(false) | Err(_) => Ok(()),
        }
    }

    /// Puts the snapshot file of version `version` into `store`, which is fresh.
    fn load(
        &self,
        version: u64,
        target: &Target<'_>,
        tables: &Tables,
        store: &mut Store,
    ) -> Result<Loaded, DirectoryError> {
        let chain = Chain::open(self.media, self.directory, version)?;
        self.check_timeline(version, chain.newest().header.timeline)?;
        store.begin_restore();
        let to = Destination { tables, now: target.ids, threads: self.threads };
        let mut teller = self.teller.borrow_mut();
        let loaded = chain.load(&to, store, |rows, rows_total| {
            teller.tell(|progress| (progress.rows, progress.rows_total) = (rows, rows_total));
        })?;
        loaded.restore_counters(tables, store);
        Ok(loaded)
    }
}

/// The error that the snapshot file of version `version` is of `timeline`, and the log of another one.
pub fn other_timeline(directory: &Directory, version: u64, timeline: u64) -> DirectoryError {
    let what = format!("it holds version {version} of timeline {timeline:016x}, and the log has another one");
    DirectoryError::Damaged { file: directory.snapshot(version), offset: TIMELINE_AT, what }
}

impl PassedOver {
    /// What was passed over because of `error`, which comes along; if it says that the file is damaged, and not that this program
    /// cannot read it.
    fn of(version: u64, error: DirectoryError) -> Result<(Self, DirectoryError), DirectoryError> {
        let Some((file, offset, what)) = error.damage() else { return Err(error) };
        Ok((Self { version, file, offset, what }, error))
    }
}
