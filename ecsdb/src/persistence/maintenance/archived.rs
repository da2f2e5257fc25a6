//! Reading a whole archive, and saying what is wrong with it.

use serde::Serialize;

use super::error::MaintenanceError;
use super::pieces::Pieces;
use super::progress::{Progress, Steps};
use super::reach::{Bases, Reach, Way};
use super::report::Damage;
use crate::causes::with_causes;
use crate::persistence::archive::{Archive, ArchiveError, ArchivedSegment, ArchivedSnapshot};
use crate::persistence::recovery::SegmentFile;
use crate::persistence::snapshot::SnapshotHeader;

/// What [`verify_archive`] has found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ArchiveReport {
    /// Segments that were read.
    pub segments: u64,
    /// The versions of the snapshot files that are in order, ascending.
    pub snapshots: Vec<u64>,
    /// Bytes of all objects.
    pub bytes: u64,
    /// Which versions follow one another in segments that are in order: the first and the last one of each line, the latest line first.
    pub lines: Vec<(u64, u64)>,
    /// Which versions can be restored from the archive alone: from version 1 on where a line begins with it, and from each snapshot file on. The
    /// first and the last one of each run, of all histories.
    pub reachable: Vec<(u64, u64)>,
    /// Versions that no object has, between others. Nobody can tell what is missing before the first and behind the last segment: an
    /// archive may have been set late, and what is old may have been let go.
    pub gaps: Vec<Gap>,
    /// Versions of snapshot files of which only the first parts are there: they are being stored, or that was interrupted and nobody has come
    /// back to it. They are of no use, and do no harm.
    pub unfinished: Vec<u64>,
    /// Everything that is damaged. Empty if all is well.
    pub damages: Vec<Damage>,
}

/// Versions that are missing in an archive, although a segment behind them follows one that had them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Gap {
    /// The first version that is missing.
    pub first: u64,
    /// The last version that is missing.
    pub last: u64,
    /// The last version that cannot be restored from the archive alone since these are missing: that before the first snapshot file which
    /// the log behind them goes on from, or the last one that follows. In between only those can be of which there is a snapshot file.
    pub until: u64,
}

impl ArchiveReport {
    /// Whether nothing is damaged, and nothing is missing in between.
    pub fn is_fine(&self) -> bool {
        self.damages.is_empty() && self.gaps.is_empty()
    }
}

/// Fetches every object of `archive` and reports every one that does not hold what its name says, and every gap between segments. Changes
/// nothing. What is in the rows is checked when they are restored.
///
/// # Errors
/// If there is nothing, so that the place may be wrong; if the archive refuses; or if an object is compressed and this build cannot read
/// it. Damage is no error.
pub fn verify_archive(
    archive: &dyn Archive,
    mut progress: impl FnMut(Progress),
) -> Result<ArchiveReport, MaintenanceError> {
    let mut steps = Steps::new(&mut progress);
    let listed = ArchivedSegment::list(archive)?;
    let snapshots = ArchivedSnapshot::list(archive)?;
    if listed.is_empty() && snapshots.is_empty() {
        return Err(MaintenanceError::NoSegments);
    }
    let parts: u64 = snapshots.iter().map(|snapshot| snapshot.parts.len() as u64).sum();
    steps.begin("objects", listed.len() as u64 + parts);
    let mut looked = LookedAt::default();
    for segment in listed {
        looked.segment(archive, segment)?;
        steps.advance(1);
    }
    for snapshot in snapshots {
        let parts = snapshot.parts.len() as u64;
        looked.snapshot(archive, snapshot)?;
        steps.advance(parts);
    }
    looked.report()
}

/// What was found so far.
#[derive(Default)]
struct LookedAt {
    /// All segments that are there. What is damaged is there, and is reported as such.
    segments: Vec<ArchivedSegment>,
    /// Those of them that are good.
    good: Vec<ArchivedSegment>,
    /// The snapshot files that are good.
    bases: Bases,
    /// The versions of those that are not whole yet.
    unfinished: Vec<u64>,
    bytes: u64,
    damages: Vec<Damage>,
}

impl LookedAt {
    /// Fetches `segment`.
    fn segment(&mut self, archive: &dyn Archive, segment: ArchivedSegment) -> Result<(), MaintenanceError> {
        let name = segment.name();
        let opened = archive.get(&name).and_then(|object| {
            self.bytes += object.len() as u64;
            segment.open(&object)
        });
        let fault = match opened {
            Ok(bytes) => fault(&segment, bytes),
            Err(ArchiveError::Damaged { what, .. }) => Some((0, what)),
            // The rules of the store have let it expire since it was listed.
            Err(ArchiveError::Missing { .. }) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        match fault {
            None => self.good.push(segment.clone()),
            Some((offset, what)) => {
                let (first, last) = (segment.first, segment.last);
                let meaning = format!("versions {first} to {last} cannot be replayed from here");
                self.damages.push(Damage { file: name.into(), offset, what, meaning });
            }
        }
        self.segments.push(segment);
        Ok(())
    }

    /// Fetches all parts of `snapshot`, if they should all be there.
    fn snapshot(&mut self, archive: &dyn Archive, snapshot: ArchivedSnapshot) -> Result<(), MaintenanceError> {
        // Parts are stored in order.
        if !snapshot.is_whole() && snapshot.parts.iter().zip(0..).all(|(part, number)| part.number == number) {
            self.unfinished.push(snapshot.version);
            return Ok(());
        }
        match verify_snapshot(archive, &snapshot, &mut self.bytes) {
            Ok(found) if found.is_empty() => self.bases.add(vec![snapshot]),
            Ok(found) => self.damages.extend(found),
            // It has expired since it was listed.
            Err(MaintenanceError::Archive(ArchiveError::Missing { .. })) => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// What it comes to.
    fn report(self) -> Result<ArchiveReport, MaintenanceError> {
        let Self { segments, good, bases, unfinished, bytes, damages } = self;
        let count = segments.len() as u64;
        let mut gaps = Pieces::archived(segments).gaps();
        let lines = Pieces::archived(good).lines();
        let reach = Reach::of(None, bases, &lines)?;
        for gap in &mut gaps {
            // The line behind it goes on from its first snapshot file.
            let is_behind = |way: &&Way| way.line.first() == gap.last + 1 && way.line.last() <= gap.until;
            if let Some(from) = reach.ways.iter().filter(is_behind).map(Way::from).min() {
                gap.until = from - 1;
            }
        }
        // Nothing is lost where a snapshot file has the only version that is missing.
        gaps.retain(|gap| gap.first <= gap.until);
        Ok(ArchiveReport {
            segments: count,
            snapshots: reach.bases.versions(),
            bytes,
            lines: lines.iter().map(|line| (line.first(), line.last())).collect(),
            reachable: reach.runs(),
            gaps,
            unfinished,
            damages,
        })
    }
}

/// What is wrong with `snapshot`, which is there, but for parts that somebody has lost. Adds to `bytes` those of its objects.
pub(super) fn verify_snapshot(
    archive: &dyn Archive,
    snapshot: &ArchivedSnapshot,
    bytes: &mut u64,
) -> Result<Vec<Damage>, MaintenanceError> {
    let mut damages = Vec::new();
    let mut report = |file: String, what: String| {
        let meaning = format!("the snapshot file of version {} cannot be restored from here", snapshot.version);
        damages.push(Damage { file: file.into(), offset: 0, what, meaning });
    };
    if !snapshot.is_whole() {
        let missing = u64::from(snapshot.count) - snapshot.parts.len() as u64;
        report(snapshot.title(), format!("{missing} of its {} parts are not there", snapshot.count));
    }
    for part in &snapshot.parts {
        let name = snapshot.name(part);
        match snapshot.fetch(archive, part) {
            Ok(content) => {
                *bytes += content.len() as u64;
                if let Some(what) = (part.number == 0).then(|| front_fault(snapshot, &content)).flatten() {
                    report(name, what);
                }
            }
            Err(ArchiveError::Damaged { what, .. }) => report(name, what),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(damages)
}

/// What is wrong with `content`, which the file `named` begins with.
fn front_fault(named: &ArchivedSnapshot, content: &[u8]) -> Option<String> {
    let is_named = |header: &SnapshotHeader| {
        let found = (header.timeline, header.version, header.salt, header.base);
        found == (named.timeline, named.version, named.salt, None)
    };
    match SnapshotHeader::of(content) {
        Ok(header) if is_named(&header) => None,
        Ok(_) => Some("its header is that of another file".into()),
        Err(what) => Some(what),
    }
}

/// What is wrong with the segment that `bytes` are, and where, if it is not the one that `named` says.
fn fault(named: &ArchivedSegment, bytes: Vec<u8>) -> Option<(u64, String)> {
    let segment = match SegmentFile::parse(bytes, named.name().into(), named.first) {
        Ok(segment) => segment,
        Err(error) => return Some((0, with_causes(&error).to_string())),
    };
    let header = &segment.header;
    let found = (header.timeline, header.sequence, header.salt, header.previous);
    if found != (named.timeline, named.sequence, named.salt, named.previous) {
        return Some((0, "its header is that of another segment".into()));
    }
    let mut next = named.first;
    let mut end = segment.start;
    for (head, behind) in segment.heads() {
        let expected = if head.kind.has_version() { next } else { next - 1 };
        if head.version != expected {
            return Some((end as u64, format!("a record of version {} where {expected} is expected", head.version)));
        }
        next += u64::from(head.kind.has_version());
        end = behind;
    }
    if next != named.last + 1 || end as u64 != segment.len() {
        return Some((end as u64, format!("its records end with version {}", next - 1)));
    }
    // By these a time is looked for.
    let times = segment.span().map(|span| (span.earliest, span.latest));
    (times != Some((named.earliest, named.latest))).then(|| (0, "its name says other times than its records".into()))
}
