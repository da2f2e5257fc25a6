//! Which history is in question, as far as a directory or an archive shows it.
//!
//! An archive may have several. A directory that was restored goes on in one of its own: it has segments in common with the one that
//! it left, and behind them other versions have the same numbers. What is not known to be of the history in question is never taken
//! for it.

use super::closed::ClosedDirectory;
use super::judge::opening;
use super::pieces::{Piece, Pieces};
use super::reach::{Bases, Way};
use super::survey::Survey;
use crate::persistence::error::DirectoryError;

/// What is known of a history.
pub struct History {
    /// What the records of the last segment are told by that can be read; nothing if there is none.
    salt: Option<u64>,
    /// The segments behind that one, whose headers cannot be read: the first version of each, and what its records are told by, if there
    /// are any.
    unread: Vec<(u64, Option<u64>)>,
    /// The version of the newest snapshot file that is in order.
    base: Option<u64>,
    /// The version that the latest state has at least.
    pub version: u64,
    /// The salts of segments that belong to it, each with the version up to which its segment does.
    salts: Vec<(u64, u64)>,
    /// Timelines that belong to it, each with a version in it: so all before that one do as well, since every other history that goes on
    /// from there has a timeline of its own.
    timelines: Vec<(u64, u64)>,
}

impl History {
    /// The history in a directory, which may be impossible to open. If there is nothing in it, that is the latest one of the archive.
    pub fn of_directory(
        closed: &ClosedDirectory,
        survey: &Survey,
        bases: &Bases,
        pieces: &Pieces<'_>,
    ) -> Result<Self, DirectoryError> {
        let (mut unread, mut kept) = (Vec::new(), survey.segments.len());
        let (salt, version) = match opening(closed, survey)? {
            Ok(end) => {
                // What stands behind the end was being written.
                kept = end.kept;
                (Some(end.salt).filter(|salt| *salt > 0), end.version)
            }
            Err(_) => {
                let behind = survey.segments.iter().rev().take_while(|segment| segment.found.is_err());
                unread.extend(behind.map(|segment| (segment.first, segment.salt)));
                (survey.found().next_back().map(|(_, found)| found.header.salt), survey.highest())
            }
        };
        let base = bases.good.last().map(|base| base.version);
        if salt.is_none() && base.is_none() && unread.iter().all(|(_, salt)| salt.is_none()) {
            let latest = Self::of_archive(pieces);
            return Ok(Self { unread, version: version.max(latest.version), ..latest });
        }
        let segments = &survey.segments[..kept];
        let nexts = segments.iter().skip(1).map(|next| next.first - 1).chain([u64::MAX]);
        let mut history = Self { salt, unread, base, version, salts: Vec::new(), timelines: Vec::new() };
        for (segment, to) in segments.iter().zip(nexts) {
            history.salts.extend(segment.salt.map(|salt| (salt, to)));
            let timeline = segment.found.as_ref().ok().map(|found| found.header.timeline);
            history.timelines.extend(timeline.map(|timeline| (timeline, to.min(segment.highest))));
        }
        history.timelines.extend(bases.good.iter().map(|base| (base.timeline, base.version)));
        Ok(history)
    }

    /// The latest history in an archive.
    pub fn of_archive(pieces: &Pieces<'_>) -> Self {
        let lines = pieces.lines();
        let latest = lines.first().map_or(&[][..], |line| &line.0);
        let last = latest.last();
        Self {
            salt: last.map(|piece| piece.salt),
            unread: Vec::new(),
            base: None,
            version: last.map_or(0, |piece| piece.last),
            salts: latest.iter().map(|piece| (piece.salt, piece.last)).collect(),
            timelines: latest.iter().map(|piece| (piece.timeline, piece.last)).collect(),
        }
    }

    /// The way of `ways` along this history that leads as far as it is known to go, or farther.
    pub fn complete<'w>(&self, ways: &'w [Way]) -> Option<&'w Way> {
        let complete: Vec<&Way> = ways.iter().filter(|way| self.is_complete(way)).collect();
        let first = *complete.first()?;
        // Of a segment that nobody can read at all, all that is known is where it begins.
        if complete.len() > 1 && self.unread.iter().any(|(_, salt)| salt.is_none()) {
            return None;
        }
        let is_own = first.line.0.last().is_some_and(|piece| piece.file().is_some());
        // The latest one in the archive that goes on where the directory ends.
        let more = complete.iter().find(|way| is_own && way.to > first.to);
        Some(more.copied().unwrap_or(first))
    }

    fn is_complete(&self, way: &Way) -> bool {
        // What came behind a snapshot file nobody knows without the log.
        let pieces = &way.line.0;
        let has = |first: Option<u64>, salt: Option<u64>| {
            let is_it = |piece: &Piece| {
                first.is_none_or(|first| piece.first == first) && salt.is_none_or(|salt| piece.salt == salt)
            };
            pieces.iter().any(is_it)
        };
        let has_base = self.base.is_none_or(|base| {
            // With the log before, or without: then it is older than all that matters.
            way.bases.contains(&base) || self.salt.is_some() && base < way.line.first()
        });
        // Histories that part have segments in common before they do, and others behind.
        let has_unread = self.unread.iter().all(|(first, salt)| has(Some(*first), *salt));
        way.to >= self.version && !pieces.is_empty() && has(None, self.salt) && has_base && has_unread
    }

    /// As much of `way` as is known to be of this history.
    pub fn part_of(&self, way: &Way) -> Option<Way> {
        // The snapshot files are those of the directory.
        if way.line.0.is_empty() {
            return Some(way.clone());
        }
        let last = way.line.0.iter().rposition(|piece| self.last_in(piece).is_some())?;
        let to = self.last_in(&way.line.0[last])?;
        let mut part = way.clone();
        part.line.0.truncate(last + 1);
        part.line.0[last].last = to;
        part.bases.retain(|base| *base <= to);
        part.to = part.to.min(to);
        (!part.bases.is_empty()).then_some(part)
    }

    /// The last version in `piece` that is of this history, as are all before it.
    fn last_in(&self, piece: &Piece) -> Option<u64> {
        let by_salt = self.salts.iter().filter(|(salt, _)| *salt == piece.salt).map(|(_, to)| *to);
        let by_timeline =
            self.timelines.iter().filter(|(timeline, to)| *timeline == piece.timeline && *to >= piece.first);
        by_salt.chain(by_timeline.map(|(_, to)| *to)).max().map(|to| to.min(piece.last))
    }
}
