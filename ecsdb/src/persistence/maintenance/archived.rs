//! Reading a whole archive, and saying what is wrong with it.

use serde::Serialize;

use super::error::MaintenanceError;
use super::pieces::Pieces;
use super::progress::{Progress, Steps};
use super::report::Damage;
use crate::persistence::archive::{Archive, ArchiveError, ArchivedSegment};
use crate::persistence::recovery::SegmentFile;

/// What [`verify_archive`] has found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ArchiveReport {
    /// Segments that were read.
    pub segments: u64,
    /// Bytes of their objects.
    pub bytes: u64,
    /// Which versions follow one another in segments that are in order: the first and the last one of each line, the latest line first. One
    /// that begins with version 1 can be restored without a directory.
    pub lines: Vec<(u64, u64)>,
    /// Versions that no object has, between others. Nobody can tell what is missing before the first and behind the last segment: an
    /// archive may have been set late, and what is old may have been let go.
    pub gaps: Vec<Gap>,
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
    /// The last version that follows behind them: it cannot be restored from the archive alone, nor can any before it back to the gap.
    pub until: u64,
}

impl ArchiveReport {
    /// Whether nothing is damaged, and nothing is missing in between.
    pub fn is_fine(&self) -> bool {
        self.damages.is_empty() && self.gaps.is_empty()
    }
}

/// Fetches every segment of `archive` and reports every object that does not hold what its name says, and every gap between them. Changes
/// nothing. What is in the rows is checked when they are restored.
///
/// # Errors
/// If there is no segment, so that the place may be wrong; if the archive refuses; or if an object is compressed and this build cannot read
/// it. Damage is no error.
pub fn verify_archive(
    archive: &dyn Archive,
    mut progress: impl FnMut(Progress),
) -> Result<ArchiveReport, MaintenanceError> {
    let mut steps = Steps::new(&mut progress);
    let mut all = ArchivedSegment::list(archive)?;
    if all.is_empty() {
        return Err(MaintenanceError::NoSegments);
    }
    steps.begin("objects", all.len() as u64);
    let (mut bytes, mut damages, mut good) = (0, Vec::new(), Vec::new());
    let mut expired = Vec::new();
    for segment in &all {
        let name = segment.name();
        let what = match archive.get(&name).and_then(|object| {
            bytes += object.len() as u64;
            segment.open(&object)
        }) {
            Ok(bytes) => fault(segment, bytes),
            Err(ArchiveError::Damaged { what, .. }) => Some((0, what)),
            // The rules of the store have let it expire since it was listed.
            Err(ArchiveError::Missing { .. }) => {
                expired.push(name);
                steps.advance(1);
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        match what {
            None => good.push(segment.clone()),
            Some((offset, what)) => {
                let (first, last) = (segment.first, segment.last);
                let meaning = format!("versions {first} to {last} cannot be restored from here");
                damages.push(Damage { file: name.into(), offset, what, meaning });
            }
        }
        steps.advance(1);
    }
    all.retain(|segment| !expired.contains(&segment.name()));
    let lines = Pieces::archived(good).lines().iter().map(|line| (line.first(), line.last())).collect();
    let segments = all.len() as u64;
    // What is damaged is there, and is reported as such.
    Ok(ArchiveReport { segments, bytes, lines, gaps: Pieces::archived(all).gaps(), damages })
}

/// What is wrong with the segment that `bytes` are, and where, if it is not the one that `named` says.
fn fault(named: &ArchivedSegment, bytes: Vec<u8>) -> Option<(u64, String)> {
    let segment = match SegmentFile::parse(bytes, named.name().into(), named.first) {
        Ok(segment) => segment,
        Err(error) => return Some((0, error.to_string())),
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
