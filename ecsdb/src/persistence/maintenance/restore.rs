//! An earlier state, in a directory of its own.
//!
//! Files are copied as they are: a snapshot file, and the log from there up to the version in question. So everything is there
//! that only the files know: numbers that were counted, generations that were burned. A segment without records follows, in which a
//! new history begins.

use core::cell::RefCell;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::Serialize;

use super::closed::ClosedDirectory;
use super::destination::{Fork, Unfinished};
use super::error::MaintenanceError;
use super::judge::{load, schema_of};
use super::pieces::{Line, Piece, Pieces};
use super::progress::{Progress, Steps};
use super::survey::Survey;
use crate::media::{Disk, Media};
use crate::persistence::archive::Archive;
use crate::persistence::error::DirectoryError;
use crate::persistence::format::{Header, Kind};
use crate::persistence::ids::Ids;
use crate::persistence::log::nanoseconds;
use crate::persistence::recovery::{self, SegmentFile, Sources, Teller};
use crate::persistence::snapshot::Chain;
use crate::storage::{RowShape, Store};

/// Which state is to be restored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// The latest.
    Latest,
    /// That after this version was committed.
    Version(u64),
    /// That at this time: the last version that was committed then, or before. Times are those of the machine that committed; where
    /// its clock was set back, it is the last version whose time is not later.
    Time(SystemTime),
}

/// A state that is to be restored, from a directory, an archive, or both.
///
/// ```
/// # use ecsdb::{Component, Db};
/// # use ecsdb::maintenance::{ClosedDirectory, Restore, Target};
/// # #[derive(Component)] struct Purse { gold: u64 }
/// # ecsdb::schema! { World: Purse }
/// # let path = std::env::temp_dir().join(format!("ecsdb-restore-{}", std::process::id()));
/// # let (save, earlier) = (path.join("save"), path.join("earlier"));
/// let db = Db::<World>::open(&save)?;
/// let ann = db.spawn(Purse { gold: 100 })?;
/// db.update(ann, Purse::C.gold.sub(99))?;
/// drop(db);
///
/// let restored = Restore::from_directory(ClosedDirectory::open(&save)?).run(Target::Version(1), &earlier, |_| ())?;
/// assert_eq!(restored.version, 1);
/// let db = Db::<World>::open(&earlier)?;
/// assert_eq!(db.snapshot().get::<Purse>(ann).unwrap().gold(), 100);
/// # drop(db);
/// # std::fs::remove_dir_all(path)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Restore {
    closed: Option<ClosedDirectory>,
    archive: Option<Arc<dyn Archive>>,
    media: Arc<dyn Media>,
}

/// What was restored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Restored {
    /// The directory.
    pub directory: PathBuf,
    /// Its version.
    pub version: u64,
    /// When that was committed, in nanoseconds since 1970, if the log says so.
    pub time: Option<u64>,
    /// The history that begins there.
    pub timeline: u64,
    /// The version of the snapshot file that it rests on; none if it is all log.
    pub snapshot: Option<u64>,
    /// Segments of the log that were copied, and bytes of all files.
    pub segments: u64,
    /// Bytes of all files.
    pub bytes: u64,
}

/// What is to be copied.
struct Copying {
    version: u64,
    /// The versions of the snapshot files: the newest first.
    snapshots: Vec<u64>,
    pieces: Vec<Piece>,
    /// The segment that comes next, which has the tables if nothing is copied.
    next: Option<Piece>,
}

/// What the last segment follows, and how it is described.
struct Front {
    before: Option<Header>,
    sequence: u64,
    ids: Ids,
    schema_hash: u64,
}

impl Restore {
    /// From a directory. It is only read.
    pub fn from_directory(closed: ClosedDirectory) -> Self {
        Self { closed: Some(closed), archive: None, media: Arc::new(Disk) }
    }

    /// From an archive alone, which must have the log from its beginning.
    pub fn from_archive(archive: Arc<dyn Archive>) -> Self {
        Self { closed: None, archive: Some(archive), media: Arc::new(Disk) }
    }

    /// Takes from `archive` what the directory does not have any more, or has damaged.
    pub fn with_archive(mut self, archive: Arc<dyn Archive>) -> Self {
        self.archive = Some(archive);
        self
    }

    /// Makes the new directory on `media` instead of the disks of the machine.
    pub fn onto(mut self, media: Arc<dyn Media>) -> Self {
        self.media = media;
        self
    }

    /// Makes the directory `destination`, which does not exist or is empty, with the state `target`. A new timeline begins there:
    /// its versions are not mixed up with those that came after `target` in the old one.
    ///
    /// Until it is whole the directory is marked as unfinished, and nobody opens it: a crash leaves the mark.
    ///
    /// # Errors
    /// If there is no such state in the files, with those that there are; if the destination is not empty; or if a file is
    /// damaged or cannot be read or written.
    pub fn run(
        &self,
        target: Target,
        destination: impl Into<PathBuf>,
        mut progress: impl FnMut(Progress),
    ) -> Result<Restored, MaintenanceError> {
        let mut steps = Steps::new(&mut progress);
        let survey = match &self.closed {
            None => None,
            Some(closed) => {
                closed.check_finished()?;
                Some(Survey::of(closed, &mut steps)?)
            }
        };
        let pieces = Pieces::of(self.closed.as_ref().zip(survey.as_ref()), self.archive.as_deref())?;
        let lines = pieces.lines();
        let snapshots = survey.as_ref().map_or(&[][..], |survey| &survey.snapshots);
        let good = self.good_snapshots(snapshots)?;
        let version = match target {
            Target::Version(version) => version,
            Target::Latest => {
                let last = lines.first().map_or(0, Line::last);
                last.max(good.last().copied().unwrap_or(0))
            }
            Target::Time(time) => self.version_at(nanoseconds(time), &pieces, &lines, &good)?,
        };
        let copying = self.choose(version, &lines, &good)?;
        self.write(&copying, &pieces, destination.into(), &mut steps)
    }

    /// The snapshot files that can be put together, ascending.
    fn good_snapshots(&self, versions: &[u64]) -> Result<Vec<u64>, MaintenanceError> {
        let Some(closed) = &self.closed else { return Ok(Vec::new()) };
        let mut good = Vec::new();
        for version in versions {
            match load(closed, *version, None) {
                Ok(_) => good.push(*version),
                Err(error) if error.damage().is_some() => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(good)
    }

    /// What to copy for `version`: the newest snapshot file that is not newer, and the log from there on.
    fn choose(&self, version: u64, lines: &[Line], good: &[u64]) -> Result<Copying, MaintenanceError> {
        let mut reachable = Vec::new();
        for line in lines {
            let beginning = line.is_from_the_beginning().then_some(0);
            let within = |snapshot: &u64| (line.first()..=line.last() + 1).contains(&(snapshot + 1));
            let bases: Vec<u64> = beginning.into_iter().chain(good.iter().copied().filter(within)).collect();
            let Some(oldest) = bases.first() else { continue };
            reachable.push((*oldest, line.last()));
            let base = bases.iter().copied().rfind(|base| *base <= version);
            if let Some(base) = base.filter(|_| version <= line.last()) {
                // Marks of the version of the snapshot file may say more about it.
                let is_needed = |piece: &&Piece| piece.last >= base && piece.first <= version;
                let pieces = line.0.iter().filter(is_needed).cloned().collect();
                let next = line.0.iter().find(|piece| piece.first > version).cloned();
                return Ok(Copying { version, snapshots: self.chain_of(base)?, pieces, next });
            }
        }
        // A snapshot file is enough for its own version.
        if good.contains(&version) {
            return Ok(Copying { version, snapshots: self.chain_of(version)?, pieces: Vec::new(), next: None });
        }
        reachable.extend(
            good.iter()
                .map(|good| (*good, *good))
                .filter(|(good, _)| !reachable.iter().any(|(from, to)| (from..=to).contains(&good)))
                .collect::<Vec<_>>(),
        );
        reachable.sort_unstable();
        Err(MaintenanceError::OutOfReach { asked: version, reachable })
    }

    fn chain_of(&self, base: u64) -> Result<Vec<u64>, DirectoryError> {
        match &self.closed {
            Some(closed) if base > 0 => Ok(Chain::open(&*closed.media, &closed.directory, base)?.versions()),
            _ => Ok(Vec::new()),
        }
    }

    /// The last version that was committed at `time`, or before.
    fn version_at(
        &self,
        time: u64,
        pieces: &Pieces<'_>,
        lines: &[Line],
        good: &[u64],
    ) -> Result<u64, MaintenanceError> {
        let mut oldest: Option<u64> = None;
        for line in lines {
            for piece in line.0.iter().rev() {
                let Some((earliest, _)) = piece.times else { continue };
                oldest = Some(oldest.map_or(earliest, |oldest| oldest.min(earliest)));
                if earliest <= time {
                    let segment = pieces.read(piece)?;
                    let heads = segment.heads().map(|(head, _)| head);
                    let found = heads.filter(|head| head.time <= time && head.version >= piece.first).last();
                    if let Some(head) = found {
                        return Ok(head.version);
                    }
                }
            }
        }
        for version in good.iter().rev() {
            let Some(closed) = &self.closed else { break };
            let chain = Chain::open(&*closed.media, &closed.directory, *version)?;
            let committed = chain.newest().header.time;
            if committed <= time {
                return Ok(*version);
            }
            oldest = Some(oldest.map_or(committed, |oldest| oldest.min(committed)));
        }
        let later = Duration::from_nanos(oldest.unwrap_or(time).saturating_sub(time));
        Err(MaintenanceError::TooEarly { later })
    }

    /// Makes the directory.
    fn write(
        &self,
        copying: &Copying,
        pieces: &Pieces<'_>,
        destination: PathBuf,
        steps: &mut Steps<'_>,
    ) -> Result<Restored, MaintenanceError> {
        let Copying { version, .. } = *copying;
        let text = format!("Version {version} of another database is being restored here.\n");
        let unfinished = Unfinished::begin(&*self.media, destination, &text)?;
        steps.begin("files", (copying.snapshots.len() + copying.pieces.len()) as u64);
        let mut bytes = 0;
        for snapshot in &copying.snapshots {
            let Some(closed) = &self.closed else { break };
            let (from, to) = (closed.directory.snapshot(*snapshot), unfinished.directory.snapshot(*snapshot));
            bytes += unfinished.copy(&*closed.media, &from, &to)?;
            steps.advance(1);
        }
        let mut last: Option<(Header, Ids)> = None;
        let mut time = None;
        for piece in &copying.pieces {
            let segment = pieces.read(piece)?;
            let wanted = || segment.heads().take_while(|(head, _)| head.version <= version);
            let Some((_, end)) = wanted().last() else { continue };
            // Marks come later than the commit that they follow.
            let commits = wanted().filter(|(head, _)| head.kind == Kind::Commit);
            time = commits.last().map_or(time, |(head, _)| Some(head.time));
            unfinished.put(&unfinished.directory.segment(piece.first), segment.bytes(0..end))?;
            bytes += end as u64;
            last = Some((segment.header, segment.ids));
            steps.advance(1);
        }
        let Front { before, sequence, ids, schema_hash } = self.front(last, copying, pieces)?;
        let fork = Fork { version, before: before.as_ref(), sequence, ids: &ids, schema_hash };
        let timeline = fork.make(&*self.media, &unfinished.directory)?;
        unfinished.settle()?;
        self.check(&unfinished, &ids, version)?;
        let directory = unfinished.finish(&ids)?;
        Ok(Restored {
            directory: directory.root().to_owned(),
            version,
            time,
            timeline,
            snapshot: copying.snapshots.first().copied(),
            segments: copying.pieces.len() as u64,
            bytes,
        })
    }

    /// What the new segment follows, and its tables: those of the segment before, of the snapshot file, or of the one that came next.
    fn front(
        &self,
        last: Option<(Header, Ids)>,
        copying: &Copying,
        pieces: &Pieces<'_>,
    ) -> Result<Front, MaintenanceError> {
        let next = copying.next.as_ref();
        if let Some((header, ids)) = last {
            let (sequence, schema_hash) = (header.sequence + 1, header.schema_hash);
            return Ok(Front { before: Some(header), sequence, ids, schema_hash });
        }
        if let (Some(closed), Some(snapshot)) = (&self.closed, copying.snapshots.first()) {
            let chain = Chain::open(&*closed.media, &closed.directory, *snapshot)?;
            let (ids, schema_hash) = (chain.newest().ids.clone(), chain.newest().header.schema_hash);
            return Ok(Front { before: None, sequence: next.map_or(1, |next| next.sequence), ids, schema_hash });
        }
        let Some(next) = next else {
            return Err(MaintenanceError::OutOfReach { asked: copying.version, reachable: Vec::new() });
        };
        let SegmentFile { header, ids, .. } = pieces.read(next)?;
        Ok(Front { before: None, sequence: header.sequence, ids, schema_hash: header.schema_hash })
    }

    /// Reads what was written, as an opening does.
    fn check(&self, unfinished: &Unfinished<'_>, ids: &Ids, version: u64) -> Result<(), MaintenanceError> {
        let (media, directory) = (&*self.media, &unfinished.directory);
        let (firsts, _) = directory.list(media).map_err(DirectoryError::io("list", directory.wal()))?;
        let (snapshots, _) =
            directory.list_snapshots(media).map_err(DirectoryError::io("list", directory.snapshots()))?;
        let schema = schema_of(directory.root(), ids)?;
        let teller = RefCell::new(Teller::new(None));
        let sources = Sources { media, directory, firsts: &firsts, snapshots: &snapshots, threads: 1, teller };
        let fresh = || Store::new(schema.tables().iter().map(RowShape::of), usize::MAX);
        let filled = sources.fill(&recovery::Target { ids, schema: &schema }, &fresh)?;
        let found = filled.replayed.version;
        if found != version || filled.replayed.kept != firsts.len() {
            let what = format!("version {found} was found in what was written, and {version} is expected");
            return Err(DirectoryError::Damaged { file: directory.root().to_owned(), offset: 0, what }.into());
        }
        Ok(())
    }
}

impl Restored {
    /// When the version was committed, if the log says so.
    pub fn committed(&self) -> Option<SystemTime> {
        self.time.map(|time| UNIX_EPOCH + Duration::from_nanos(time))
    }
}
