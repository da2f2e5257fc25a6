//! An earlier state, in a directory of its own.
//!
//! Files are copied as they are: a snapshot file, and the log from there up to the version in question. So everything is there
//! that only the files know: numbers that were counted, generations that were burned. A segment without records follows, in which a
//! new history begins.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::Serialize;

use super::choice::Choice;
use super::closed::ClosedDirectory;
use super::destination::{Fork, Unfinished};
use super::error::MaintenanceError;
use super::fetch::{Fetched, fetch};
use super::history::History;
use super::judge::opens_to;
use super::pieces::{Line, Piece, Pieces};
use super::progress::{Progress, Steps};
use super::reach::{Base, Bases, Reach, Way};
use super::report::Damage;
use super::survey::Survey;
use crate::causes::with_causes;
use crate::media::{Disk, Media};
use crate::persistence::archive::{Archive, ArchiveError, ArchivedSnapshot};
use crate::persistence::error::{DirectoryError, IoFailure};
use crate::persistence::format::Header;
use crate::persistence::ids::Ids;
use crate::persistence::json;
use crate::persistence::recovery::{PassedOver, SegmentFile};
use crate::persistence::snapshot::Chain;

/// Which state is to be restored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// The latest. Of a directory that is that to which it opens; if it cannot be opened, all that any of its files knows of, or it is
    /// refused. An archive may have more of the same history.
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
    /// The history that the version is of, if somebody said so.
    timeline: Option<u64>,
    media: Arc<dyn Media>,
}

debug_as!(Restore);

/// What was restored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Restored {
    /// The directory.
    #[serde(serialize_with = "json::path")]
    pub directory: PathBuf,
    /// Its version.
    pub version: u64,
    /// When that was committed, in nanoseconds since 1970, if the log says so.
    pub time: Option<u64>,
    /// The history that begins there.
    #[serde(serialize_with = "json::hex")]
    pub timeline: u64,
    /// The version of the snapshot file that it rests on; none if it is all log.
    pub snapshot: Option<u64>,
    /// Segments of the log that were copied.
    pub segments: u64,
    /// Bytes of all files.
    pub bytes: u64,
    /// Snapshot files of the archive that were to be used and are no good: an older one, or more of the log, has done instead.
    pub passed_over: Vec<Damage>,
}

/// What is to be copied.
struct Copying {
    version: u64,
    /// The versions of the snapshot files of the directory: the newest first.
    snapshots: Vec<u64>,
    /// The version and the salt of the newest snapshot file, wherever it comes from.
    base: Option<(u64, u64)>,
    /// Bytes of one that was fetched from the archive.
    fetched: u64,
    pieces: Vec<Piece>,
    /// The segment that comes next, which has the tables if nothing is copied.
    next: Option<Piece>,
    /// The tables, and the hash of their schema, if that is known before a segment is read.
    tables: Option<(Ids, u64)>,
}

/// What the last segment follows, and how it is described.
struct Front {
    before: Option<Header>,
    sequence: u64,
    tables: (Ids, u64),
}

impl Restore {
    /// From a directory. It is only read.
    pub fn from_directory(closed: ClosedDirectory) -> Self {
        Self { closed: Some(closed), archive: None, timeline: None, media: Arc::new(Disk) }
    }

    /// From an archive alone, which must have a snapshot file, or the log from its beginning.
    pub fn from_archive(archive: Arc<dyn Archive>) -> Self {
        Self { closed: None, archive: Some(archive), timeline: None, media: Arc::new(Disk) }
    }

    /// Takes from `archive` what the directory does not have any more, or has damaged.
    pub fn with_archive(mut self, archive: Arc<dyn Archive>) -> Self {
        self.archive = Some(archive);
        self
    }

    /// Takes a version of the history `timeline`, where several have one with its number.
    pub fn of_timeline(mut self, timeline: u64) -> Self {
        self.timeline = Some(timeline);
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
    /// If there is no such state in the files, with those that there are, or if it cannot be seen that there is; if several histories have
    /// the version; if there is nothing in the archive; if the destination is not empty; or if a file is damaged or cannot be read or written.
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
                Some((closed, Survey::of(closed, &mut steps)?))
            }
        };
        let own = survey.as_ref().map(|(closed, survey)| (*closed, survey));
        let mut sources = self.sources(own, &mut steps)?;
        let (way, version) = sources.choice().find(target, self.timeline)?;
        let destination = destination.into();
        if let Some(closed) = &self.closed {
            // On another medium there may be nothing of that name.
            let source = closed.path();
            if self.media.exists(source).map_err(IoFailure::io("look for", source))? {
                Unfinished::check_outside(&*self.media, &destination, source)?;
            }
        }
        let text = format!("Version {version} of another database is being restored here.\n");
        let unfinished = Unfinished::begin(&*self.media, destination, &text)?;
        let (copying, passed_over) = sources.gather(way, version, &unfinished, &mut steps)?;
        let restored = self.write(unfinished, &copying, &sources.pieces, &mut steps)?;
        Ok(Restored { passed_over, ..restored })
    }

    /// What there is to restore from: in the directory, of which `own` is what was found, and in the archive.
    fn sources<'s>(&'s self, own: Option<Own<'s>>, steps: &mut Steps<'_>) -> Result<Sources<'s>, MaintenanceError> {
        let (closed, archive) = (self.closed.as_ref(), self.archive.as_deref());
        let mut bases = match own {
            None => Bases::default(),
            Some((closed, survey)) => Bases::read(closed, &survey.snapshots, steps)?,
        };
        let pieces = Pieces::of(own, archive)?;
        if let Some(archive) = archive {
            bases.add(ArchivedSnapshot::list(archive)?);
            if pieces.has_none_archived() && !bases.good.iter().any(|base| base.archived.is_some()) {
                return Err(MaintenanceError::NoSegments);
            }
        }
        let lines = pieces.lines();
        let reach = Reach::of(closed, bases.clone(), &lines)?;
        let history = match own {
            None => History::of_archive(&pieces, &reach.bases),
            Some((closed, survey)) => History::of_directory(closed, survey, &reach.bases, &pieces)?,
        };
        Ok(Sources { own, archive, pieces, lines, bases, reach, history })
    }

    /// Makes the directory.
    fn write(
        &self,
        unfinished: Unfinished<'_>,
        copying: &Copying,
        pieces: &Pieces<'_>,
        steps: &mut Steps<'_>,
    ) -> Result<Restored, MaintenanceError> {
        let Copying { version, fetched, .. } = *copying;
        steps.begin("files", (copying.snapshots.len() + copying.pieces.len()) as u64);
        let mut bytes = fetched;
        for snapshot in &copying.snapshots {
            let Some(closed) = &self.closed else { break };
            let (from, to) = (closed.directory.snapshot(*snapshot), unfinished.directory.snapshot(*snapshot));
            bytes += unfinished.copy(&*closed.media, &from, &to)?;
            steps.advance(1);
        }
        let mut last: Option<SegmentFile> = None;
        let mut time = None;
        for piece in &copying.pieces {
            let segment = pieces.read(piece)?;
            let wanted = || segment.heads().take_while(|(head, _)| head.version <= version);
            let Some((_, end)) = wanted().last() else { continue };
            // Marks come later than the commit that they follow.
            let commits = wanted().filter(|(head, _)| head.kind.has_version());
            time = commits.last().map_or(time, |(head, _)| Some(head.time));
            unfinished.put(&unfinished.directory.segment(piece.first), segment.bytes(0..end))?;
            bytes += end as u64;
            last = Some(segment);
            steps.advance(1);
        }
        let Front { before, sequence, tables: (ids, schema_hash) } = self.front(last, copying, pieces)?;
        // Without a segment before it is the version of the snapshot file that it goes on from.
        let base = copying.base.map_or(0, |(_, salt)| salt);
        let fork = Fork { version, before: before.as_ref(), base, sequence, ids: &ids, schema_hash };
        let timeline = fork.make(&*self.media, &unfinished.directory)?;
        unfinished.settle()?;
        self.check(&unfinished, &ids, version)?;
        let directory = unfinished.finish(&ids)?;
        Ok(Restored {
            directory: directory.root().to_owned(),
            version,
            time,
            timeline,
            snapshot: copying.base.map(|(version, _)| version),
            segments: copying.pieces.len() as u64,
            bytes,
            passed_over: Vec::new(),
        })
    }

    /// What the new segment follows, and its tables: those of the snapshot file of the version, of the segment before, or of the one that
    /// came next.
    fn front(
        &self,
        last: Option<SegmentFile>,
        copying: &Copying,
        pieces: &Pieces<'_>,
    ) -> Result<Front, MaintenanceError> {
        let known = copying.tables.clone();
        if let Some(SegmentFile { header, ids, .. }) = last {
            let tables = known.unwrap_or((ids, header.schema_hash));
            return Ok(Front { sequence: header.sequence + 1, before: Some(header), tables });
        }
        let next = copying.next.as_ref();
        let sequence = next.map_or(1, |next| next.sequence);
        let tables = match (known, next) {
            (Some(tables), _) => tables,
            (None, Some(next)) => {
                let SegmentFile { header, ids, .. } = pieces.read(next)?;
                (ids, header.schema_hash)
            }
            (None, None) => {
                return Err(MaintenanceError::OutOfReach { asked: copying.version, reachable: Vec::new() });
            }
        };
        Ok(Front { before: None, sequence, tables })
    }

    /// Reads what was written, as an opening does.
    fn check(&self, unfinished: &Unfinished<'_>, ids: &Ids, version: u64) -> Result<(), MaintenanceError> {
        let passed_over = opens_to(&*self.media, &unfinished.directory, ids, version)?;
        match passed_over.into_iter().next() {
            // The log may have all of it, but that is not what was copied.
            Some(PassedOver { file, offset, what, .. }) => Err(DirectoryError::Damaged { file, offset, what }.into()),
            None => Ok(()),
        }
    }
}

/// A directory that is restored from, and what was found in it.
type Own<'s> = (&'s ClosedDirectory, &'s Survey);

/// What there is to restore from.
struct Sources<'s> {
    own: Option<Own<'s>>,
    archive: Option<&'s dyn Archive>,
    pieces: Pieces<'s>,
    lines: Vec<Line>,
    /// The snapshot files that are not known to be of no use.
    bases: Bases,
    /// Where they lead.
    reach: Reach,
    history: History,
}

impl Sources<'_> {
    fn choice(&self) -> Choice<'_> {
        Choice::new(&self.pieces, &self.reach, &self.history)
    }

    /// What is to be copied for `version`, to which `way` leads, and what was passed over for it. What is in an archive is looked at when
    /// it is needed: if a snapshot file is no good, something else may do.
    fn gather(
        &mut self,
        mut way: Way,
        version: u64,
        unfinished: &Unfinished<'_>,
        steps: &mut Steps<'_>,
    ) -> Result<(Copying, Vec<Damage>), MaintenanceError> {
        // Whatever it is put together from, it is this one.
        let timeline = way.timeline_of(&self.reach.bases, version);
        let mut passed_over: Vec<Damage> = Vec::new();
        loop {
            let base = self.reach.bases.of(&way, way.base_of(version));
            let mut copying = self.copying(&way, base, version);
            let archived = base.and_then(|base| base.archived.as_ref());
            let (Some(snapshot), Some(archive)) = (archived, self.archive) else { return Ok((copying, passed_over)) };
            steps.begin("snapshot file", 1);
            match fetch(archive, snapshot, way.line.with(snapshot.version), &self.pieces, unfinished)? {
                Ok(Fetched { bytes, tables }) => {
                    copying.fetched = bytes;
                    copying.tables = copying.tables.or((snapshot.version == version).then_some(tables));
                    return Ok((copying, passed_over));
                }
                Err(damage) => {
                    passed_over.push(damage.meaning("something else makes up for it"));
                    self.bases.forget(snapshot.salt);
                    self.reach = Reach::of(self.own.map(|(closed, _)| closed), self.bases.clone(), &self.lines)?;
                    let found = self.choice().way_to(version, timeline);
                    way = found.map_err(|error| without(&passed_over, error))?;
                }
            }
        }
    }

    /// What is to be copied for `version`, to which `way` leads from `base`, before anything is fetched.
    fn copying(&self, way: &Way, base: Option<&Base>, version: u64) -> Copying {
        Copying {
            version,
            snapshots: base.map_or_else(|| self.own.map_or(Vec::new(), beginning), |base| base.chain.clone()),
            base: base.map(|base| (base.version, base.salt)),
            fetched: 0,
            pieces: way.pieces_of(version),
            next: way.line.0.iter().find(|piece| piece.first > version).cloned(),
            tables: self.reach.tables(way, version).cloned(),
        }
    }
}

/// The snapshot file of version 0, if there is a good one: it has no rows, but numbers that were given to nobody.
fn beginning((closed, survey): Own<'_>) -> Vec<u64> {
    let open = || Chain::open(&*closed.media, &closed.directory, 0).and_then(|chain| chain.check());
    if survey.listed.first() == Some(&0) && open().is_ok() { vec![0] } else { Vec::new() }
}

/// Why nothing could be restored without what was no good.
fn without(passed_over: &[Damage], error: MaintenanceError) -> MaintenanceError {
    match passed_over.first() {
        None => error,
        Some(Damage { file, what, .. }) => {
            let (name, what) = (file.display().to_string(), format!("{what}; without it {}", with_causes(&error)));
            ArchiveError::Damaged { name, what }.into()
        }
    }
}

impl Restored {
    /// When the version was committed, if the log says so.
    pub fn committed(&self) -> Option<SystemTime> {
        self.time.map(|time| UNIX_EPOCH + Duration::from_nanos(time))
    }
}
