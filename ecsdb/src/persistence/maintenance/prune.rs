//! Which objects of an archive are needed no longer.
//!
//! An archive is pruned by what is to be restored from it: every history keeps a snapshot file to begin with, and the log from there on. What
//! is needed is found by the code that restores. Nobody else has to be kept away meanwhile: objects only ever come to an archive at its
//! young end.

use std::time::SystemTime;

use serde::Serialize;

use super::archived::verify_snapshot;
use super::error::MaintenanceError;
use super::history::History;
use super::pieces::{Line, Piece, Pieces};
use super::progress::{Progress, Steps};
use super::reach::{Base, Bases, Reach, goes_on};
use super::report::Damage;
use crate::persistence::archive::{Archive, ArchiveError, ArchivedSegment, ArchivedSnapshot};
use crate::persistence::time::nanoseconds;

/// What of an archive is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Keep {
    /// The newest so many complete snapshot files of the latest history, 1 at least, and its log since the oldest of them. As long as there are
    /// fewer that are good, everything is kept.
    Snapshots(usize),
    /// Every state from this time on: what was committed since, and what it takes to put together what was there then. The
    /// latest state is kept, however old it is.
    Since(SystemTime),
}

/// What would be removed from an archive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct PrunePlan {
    /// The snapshot files that are removed, in order.
    pub snapshots: Vec<ArchivedSnapshot>,
    /// The segments that are removed, in order.
    pub segments: Vec<ArchivedSegment>,
    /// How many snapshot files stay.
    pub kept_snapshots: u64,
    /// How many segments stay.
    pub kept_segments: u64,
    /// Which versions can be restored from the archive alone afterwards: the first and the last one of each run, of all histories.
    pub reachable: Vec<(u64, u64)>,
    /// Snapshot files that would have been counted on, and are damaged: older ones are kept in their place.
    pub damages: Vec<Damage>,
}

impl PrunePlan {
    /// Whether there is something to remove.
    pub fn is_needed(&self) -> bool {
        !self.snapshots.is_empty() || !self.segments.is_empty()
    }
}

/// Says what `keep` leaves of `archive`. Changes nothing. The snapshot files that all else is going to rest on are fetched, and counted on only if
/// they are in order.
///
/// Another history than the latest one, that of a directory which was restored to an earlier state for instance, is kept from the same time on, and
/// goes as a whole when all of it is older. As long as one of which the beginning is not there has no snapshot file that is old enough, nothing
/// goes: its log may be on its way, and begin in that of another one.
///
/// ```
/// # use ecsdb::{Component, Db};
/// # #[derive(Component)] struct Purse { gold: u64 }
/// # ecsdb::schema! { World: Purse }
/// use ecsdb::archive::DirectoryArchive;
/// use ecsdb::maintenance::{Keep, plan_prune, prune};
///
/// # let path = std::env::temp_dir().join(format!("ecsdb-prune-{}", std::process::id()));
/// # let (save, shelf) = (path.join("save"), path.join("shelf"));
/// let db = Db::<World>::builder().directory(&save).archive(DirectoryArchive::new(&shelf)).open()?;
/// db.spawn(Purse { gold: 1 })?;
/// db.checkpoint()?.wait()?;
/// drop(db);
///
/// let archive = DirectoryArchive::new(&shelf);
/// let plan = plan_prune(&archive, Keep::Snapshots(1), |_| ())?;
/// assert!(!plan.is_needed() && plan.kept_snapshots == 1);
/// prune(&archive, &plan, |_| ())?;
/// # std::fs::remove_dir_all(path)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// If there is nothing, so that the place may be wrong; or if the archive refuses.
pub fn plan_prune(
    archive: &dyn Archive,
    keep: Keep,
    mut progress: impl FnMut(Progress),
) -> Result<PrunePlan, MaintenanceError> {
    let mut steps = Steps::new(&mut progress);
    let (segments, snapshots) = (ArchivedSegment::list(archive)?, ArchivedSnapshot::list(archive)?);
    if segments.is_empty() && snapshots.is_empty() {
        return Err(MaintenanceError::NoSegments);
    }
    let pieces = Pieces::of_archive(archive, segments.clone());
    let lines = pieces.lines();
    let mut bases = Bases::default();
    bases.add(snapshots.clone());
    let reach = Reach::of(None, bases, &lines)?;
    let courses = Course::all(&lines, &reach, &History::of_archive(&pieces, &reach.bases));
    steps.begin("snapshot files", courses.len() as u64);
    let mut pruning = Pruning { archive, pieces: &pieces, damages: Vec::new() };
    // Whoever counts snapshot files says by them since when the others are kept.
    let mut since = match keep {
        Keep::Snapshots(_) => 0,
        Keep::Since(time) => nanoseconds(time),
    };
    let mut floors = Vec::new();
    for course in &courses {
        let floor = match keep {
            Keep::Snapshots(number) if course.is_latest => {
                let counted = pruning.counted(course, number.max(1))?;
                since = counted.map_or(0, |base| base.time);
                counted.map_or(0, |base| base.version)
            }
            _ => pruning.floor_since(course, since)?,
        };
        floors.push(floor);
        steps.advance(1);
    }
    // What such a course rests on is in others, or on its way behind them.
    if courses.iter().zip(&floors).any(|(course, floor)| *floor == 0 && !course.is_from_the_beginning()) {
        floors.fill(0);
    }
    let kept = || courses.iter().zip(&floors);
    let keeps_segment = |segment: &ArchivedSegment| kept().any(|(course, floor)| course.keeps_segment(segment, *floor));
    let keeps_snapshot = |snapshot: &ArchivedSnapshot| match snapshot.is_whole() {
        true => kept().any(|(course, floor)| course.has(snapshot.salt) && snapshot.version >= *floor),
        // Nobody comes back to what is so old.
        false => snapshot.time >= since,
    };
    let (left, mut segments): (Vec<_>, Vec<_>) = segments.into_iter().partition(keeps_segment);
    let (whole, snapshots): (Vec<_>, Vec<_>) = snapshots.into_iter().partition(keeps_snapshot);
    segments.sort_by_key(|segment| segment.first);
    let (kept_snapshots, kept_segments) = (whole.len() as u64, left.len() as u64);
    let mut bases = Bases::default();
    let is_good = |snapshot: &ArchivedSnapshot| !pruning.damages.iter().any(|(salt, _)| *salt == snapshot.salt);
    bases.add(whole.into_iter().filter(is_good).collect());
    let reachable = Reach::of(None, bases, &Pieces::archived(left).lines())?.runs();
    let damages = pruning.damages.into_iter().map(|(_, damage)| damage).collect();
    Ok(PrunePlan { snapshots, segments, kept_snapshots, kept_segments, reachable, damages })
}

/// Removes from `archive` what `plan` says, which was made of it. What the plan keeps can be restored all the while, and whoever was stopped
/// plans once more.
///
/// # Errors
/// If the archive refuses: what was removed before is gone.
pub fn prune(
    archive: &dyn Archive,
    plan: &PrunePlan,
    mut progress: impl FnMut(Progress),
) -> Result<(), MaintenanceError> {
    let mut steps = Steps::new(&mut progress);
    let parts: usize = plan.snapshots.iter().map(|snapshot| snapshot.parts.len()).sum();
    steps.begin("objects", (parts + plan.segments.len()) as u64);
    // A snapshot file whose last parts are missing is one that is not there yet, and no damage.
    let of_snapshots = plan.snapshots.iter().flat_map(|file| file.parts.iter().rev().map(|part| file.name(part)));
    for name in of_snapshots.chain(plan.segments.iter().map(ArchivedSegment::name)) {
        archive.remove(&name)?;
        steps.advance(1);
    }
    Ok(())
}

/// Versions that follow one another: segments, and the snapshot files that belong to them.
struct Course<'r> {
    line: Option<&'r Line>,
    /// By ascending versions.
    bases: Vec<&'r Base>,
    /// Whether the latest state is on it.
    is_latest: bool,
}

impl<'r> Course<'r> {
    /// All that there are, the latest one first.
    fn all(lines: &'r [Line], reach: &'r Reach, history: &History) -> Vec<Self> {
        let belongs = |line: &Line, base: &Base| {
            // The log behind a snapshot file may not be there yet.
            let is_ahead = line.0.last().is_some_and(|last| last.timeline == base.timeline && base.version > last.last);
            goes_on(line, base) || is_ahead
        };
        let of = |line: &'r Line| Self {
            line: Some(line),
            bases: reach.bases.good.iter().filter(|base| belongs(line, base)).collect(),
            is_latest: false,
        };
        let mut courses: Vec<Self> = lines.iter().map(of).collect();
        for base in &reach.bases.good {
            let is_of = |course: &Self| course.line.is_none() && course.bases[0].timeline == base.timeline;
            if courses.iter().any(|course| course.has(base.salt)) {
                continue;
            }
            match courses.iter_mut().find(|course| is_of(course)) {
                Some(course) => course.bases.push(base),
                None => courses.push(Self { line: None, bases: vec![base], is_latest: false }),
            }
        }
        // Where nothing leads to the latest state, its segments come first.
        let complete = history.complete(reach);
        let is_of = |course: &Self| match &complete {
            None => true,
            Some(way) => match way.line.0.last() {
                None => course.has(way.salt),
                Some(last) => course.line.and_then(|line| line.0.last()).is_some_and(|piece| is_part(last, piece)),
            },
        };
        let latest = courses.iter().position(is_of).unwrap_or(0);
        courses.swap(0, latest);
        if let Some(latest) = courses.first_mut() {
            latest.is_latest = true;
        }
        courses
    }

    /// Whether the snapshot file with the salt `salt` belongs to it.
    fn has(&self, salt: u64) -> bool {
        self.bases.iter().any(|base| base.salt == salt)
    }

    /// Whether the log begins with its line.
    fn is_from_the_beginning(&self) -> bool {
        self.line.is_some_and(Line::is_from_the_beginning)
    }

    fn pieces(&self) -> &[Piece] {
        self.line.map_or(&[], |line| &line.0)
    }

    /// Whether anything in it was committed at `time` or later.
    fn reaches(&self, time: u64) -> bool {
        let of_pieces = self.pieces().iter().filter_map(|piece| piece.times).map(|(_, latest)| latest);
        of_pieces.chain(self.bases.iter().map(|base| base.time)).any(|latest| latest >= time)
    }

    /// Whether `segment`, or all that is in it, is needed for versions from `floor` on.
    fn keeps_segment(&self, segment: &ArchivedSegment, floor: u64) -> bool {
        let has = |piece: &Piece| {
            let is_in = piece.first <= segment.first && segment.last <= piece.last;
            piece.salt == segment.salt && is_in && piece.last >= floor
        };
        self.pieces().iter().any(has)
    }
}

/// Whether `part` is `piece`, or the front of it.
fn is_part(part: &Piece, piece: &Piece) -> bool {
    (part.salt, part.first) == (piece.salt, piece.first)
}

/// Finds what everything is going to rest on.
struct Pruning<'a> {
    archive: &'a dyn Archive,
    pieces: &'a Pieces<'a>,
    /// What is damaged, by the salts of its files.
    damages: Vec<(u64, Damage)>,
}

impl Pruning<'_> {
    /// The oldest of the newest `number` snapshot files of `course` that are good, if there are so many.
    fn counted<'r>(&mut self, course: &Course<'r>, number: usize) -> Result<Option<&'r Base>, MaintenanceError> {
        let mut left = number;
        for base in course.bases.iter().rev() {
            left -= usize::from(self.is_good(base)?);
            if left == 0 {
                return Ok(Some(base));
            }
        }
        Ok(None)
    }

    /// The version of `course` that has to be kept, with all later ones, for everything since `since`: 0 if it is all of them, and more than
    /// any version if nothing of it is so young.
    fn floor_since(&mut self, course: &Course<'_>, since: u64) -> Result<u64, MaintenanceError> {
        if !course.is_latest && !course.reaches(since) {
            return Ok(u64::MAX);
        }
        // The clock may have been back for a while, so a file counts as early only if all before it is.
        let is_early = |base: &&&Base| {
            let mut before = course.pieces().iter().filter(|piece| piece.last <= base.version);
            base.time <= since && before.all(|piece| piece.times.is_none_or(|(_, latest)| latest <= since))
        };
        let early: Vec<&Base> = course.bases.iter().take_while(is_early).copied().collect();
        for base in early.into_iter().rev() {
            if self.is_good(base)? && self.is_before(course, base.version, since)? {
                return Ok(base.version);
            }
        }
        Ok(0)
    }

    /// Whether what comes before version `version` in its segment was committed at `since` or before.
    fn is_before(&self, course: &Course<'_>, version: u64, since: u64) -> Result<bool, MaintenanceError> {
        let mut pieces = course.pieces().iter();
        let with = pieces.find(|piece| piece.first < version && version < piece.last);
        let Some(piece) = with.filter(|piece| piece.times.is_none_or(|(_, latest)| latest > since)) else {
            return Ok(true);
        };
        let segment = match self.pieces.read(piece) {
            Ok(segment) => segment,
            // Nobody knows: what is older is kept.
            Err(MaintenanceError::Archive(ArchiveError::Damaged { .. } | ArchiveError::Missing { .. })) => {
                return Ok(false);
            }
            Err(error) => return Err(error),
        };
        Ok(segment.heads().all(|(head, _)| head.version >= version || head.time <= since))
    }

    /// Whether `base` can be fetched, and is what its name says.
    fn is_good(&mut self, base: &Base) -> Result<bool, MaintenanceError> {
        let Some(snapshot) = &base.archived else { return Ok(true) };
        if self.damages.iter().any(|(salt, _)| *salt == base.salt) {
            return Ok(false);
        }
        match verify_snapshot(self.archive, snapshot, &mut 0) {
            Ok(found) => {
                let is_good = found.is_empty();
                let of = |damage: Damage| (base.salt, damage.meaning("older snapshot files are kept in its place"));
                self.damages.extend(found.into_iter().map(of));
                Ok(is_good)
            }
            // It has expired since it was listed.
            Err(MaintenanceError::Archive(ArchiveError::Missing { .. })) => Ok(false),
            Err(error) => Err(error),
        }
    }
}
