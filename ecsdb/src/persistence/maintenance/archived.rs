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
    /// Which versions follow one another: the first and the last one of each line, the latest line first. One that begins with version 1
    /// can be restored without a directory.
    pub lines: Vec<(u64, u64)>,
    /// Everything that is damaged. Empty if all is well.
    pub damages: Vec<Damage>,
}

impl ArchiveReport {
    /// Whether nothing is damaged.
    pub fn is_fine(&self) -> bool {
        self.damages.is_empty()
    }
}

/// Fetches every segment of `archive` and reports every object that does not hold what its name says. Changes nothing. What is in the rows
/// is checked when they are restored.
///
/// # Errors
/// If the archive refuses, or an object is compressed and this build cannot read it. Damage is no error.
pub fn verify_archive(
    archive: &dyn Archive,
    mut progress: impl FnMut(Progress),
) -> Result<ArchiveReport, MaintenanceError> {
    let mut steps = Steps::new(&mut progress);
    let all = ArchivedSegment::list(archive)?;
    steps.begin("objects", all.len() as u64);
    let mut report = ArchiveReport { segments: all.len() as u64, bytes: 0, lines: Vec::new(), damages: Vec::new() };
    for segment in &all {
        let name = segment.name();
        let what = match archive.get(&name).and_then(|object| {
            report.bytes += object.len() as u64;
            segment.open(&object)
        }) {
            Ok(bytes) => fault(segment, bytes),
            Err(ArchiveError::Damaged { what, .. }) => Some((0, what)),
            Err(error) => return Err(error.into()),
        };
        if let Some((offset, what)) = what {
            let (first, last) = (segment.first, segment.last);
            let meaning = format!("versions {first} to {last} cannot be restored from here");
            report.damages.push(Damage { file: name.into(), offset, what, meaning });
        }
        steps.advance(1);
    }
    let lines = Pieces::of(None, Some(archive))?.lines();
    report.lines = lines.iter().map(|line| (line.first(), line.last())).collect();
    Ok(report)
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
    None
}
