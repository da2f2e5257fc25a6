//! Records behind a damage that a snapshot file makes up for.
//!
//! A log breaks off where a record is damaged, and what follows cannot be applied without it; unless a snapshot file has a version
//! at or behind the damage. Then the rest of the segment is taken up behind that version.

use std::path::PathBuf;

use super::closed::ClosedDirectory;
use super::judge::Judged;
use super::survey::{Found, Survey, Surveyed};
use crate::persistence::error::DirectoryError;
use crate::persistence::format::Kind;
use crate::persistence::recovery::SegmentFile;

/// The rest of a segment, behind a damage.
pub struct Salvage {
    /// The segment.
    pub file: PathBuf,
    /// The version of the snapshot file before it.
    pub snapshot: u64,
    /// Where its first record stands, and where the last one ends.
    pub from: u64,
    pub end: u64,
    /// The last version that can be had with it, and with the segments that follow.
    pub to: u64,
}

impl Salvage {
    /// The best that there is: that which leads to the highest version.
    pub fn find(closed: &ClosedDirectory, survey: &Survey, judged: &Judged) -> Result<Option<Self>, DirectoryError> {
        let mut best: Option<Self> = None;
        for snapshot in judged.good.iter().rev() {
            let found = Self::behind(closed, survey, *snapshot)?;
            if let Some(found) = found.filter(|found| best.as_ref().is_none_or(|best| found.to > best.to)) {
                best = Some(found);
            }
        }
        Ok(best)
    }

    /// What stands behind a damage and follows the snapshot file of version `snapshot`.
    fn behind(closed: &ClosedDirectory, survey: &Survey, snapshot: u64) -> Result<Option<Self>, DirectoryError> {
        let Some(index) = survey.segments.iter().rposition(|segment| segment.first <= snapshot + 1) else {
            return Ok(None);
        };
        let Surveyed { first, file, found: Ok(found) } = &survey.segments[index] else { return Ok(None) };
        if found.last > snapshot {
            return Ok(None);
        }
        let segment = SegmentFile::read(&*closed.media, file.clone(), *first)?;
        let (mut from, mut end, mut last) = (None, 0, snapshot);
        for (at, head, len) in segment.behind(found.end as usize) {
            let is_next = head.kind == Kind::Commit && head.version == last + 1;
            let is_mark = head.kind != Kind::Commit && head.version == last;
            match from {
                None if is_next => from = Some(at),
                Some(_) if at == end && (is_next || is_mark) => {}
                Some(_) => break,
                None => continue,
            }
            last += u64::from(is_next);
            end = at + len;
        }
        let Some(from) = from else { return Ok(None) };
        let to = followed(last, found, &survey.segments[index + 1..]);
        let (from, end) = (from as u64, end as u64);
        Ok(Some(Self { file: file.clone(), snapshot, from, end, to }))
    }
}

/// How far the segments `later` lead that follow one which ends with version `last`.
fn followed<'s>(mut last: u64, mut before: &'s Found, later: &'s [Surveyed]) -> u64 {
    for segment in later {
        let Ok(found) = &segment.found else { break };
        if segment.first != last + 1 || found.header.previous != before.header.salt {
            break;
        }
        (last, before) = (found.last, found);
    }
    last
}
