//! Which history is in question, as far as a directory or an archive shows it.
//!
//! An archive may have several. A directory that was restored goes on in one of its own: it has segments in common with the one that
//! it left, and behind them other versions have the same numbers. What is not known to be of the history in question is never taken
//! for it.

use super::closed::ClosedDirectory;
use super::judge::opening;
use super::pieces::{Piece, Pieces};
use super::reach::{Base, Bases, Reach, Way, goes_on};
use super::survey::Survey;
use crate::persistence::error::DirectoryError;

/// What is known of a history.
pub struct History {
    /// What the records of the last segment are told by that can be read; nothing if there is none.
    salt: Option<u64>,
    /// The segments behind that one, whose headers cannot be read: the first version of each, and what its records are told by, if there
    /// are any.
    unread: Vec<(u64, Option<u64>)>,
    /// The version of the newest snapshot file of the directory that is in order.
    base: Option<u64>,
    /// The salt of the archived snapshot file that is the latest state, if no log goes on from it.
    alone: Option<u64>,
    /// The timeline of the latest state, if that is known.
    timeline: Option<u64>,
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
        let (salt, timeline, version) = match opening(closed, survey)? {
            Ok(end) => {
                // What stands behind the end was being written.
                kept = end.kept;
                (Some(end.salt).filter(|salt| *salt > 0), Some(end.timeline), end.version)
            }
            Err(_) => {
                let behind = survey.segments.iter().rev().take_while(|segment| segment.found.is_err());
                unread.extend(behind.map(|segment| (segment.first, segment.salt)));
                let last = survey.found().next_back().map(|(_, found)| &found.header);
                (last.map(|last| last.salt), last.map(|last| last.timeline), survey.highest())
            }
        };
        let own = || bases.good.iter().filter(|base| base.archived.is_none());
        let base = own().next_back().map(|base| base.version);
        if salt.is_none() && base.is_none() && unread.iter().all(|(_, salt)| salt.is_none()) {
            let latest = Self::of_archive(pieces, bases);
            return Ok(Self { unread, version: version.max(latest.version), ..latest });
        }
        let segments = &survey.segments[..kept];
        let nexts = segments.iter().skip(1).map(|next| next.first - 1).chain([u64::MAX]);
        let (salts, timelines) = (Vec::new(), Vec::new());
        let mut history = Self { salt, unread, base, alone: None, timeline, version, salts, timelines };
        for (segment, to) in segments.iter().zip(nexts) {
            history.salts.extend(segment.salt.map(|salt| (salt, to)));
            let timeline = segment.found.as_ref().ok().map(|found| found.header.timeline);
            history.timelines.extend(timeline.map(|timeline| (timeline, to.min(segment.highest))));
        }
        history.timelines.extend(own().map(|base| (base.timeline, base.version)));
        Ok(history)
    }

    /// The latest history in an archive, which has the snapshot files `bases`.
    pub fn of_archive(pieces: &Pieces<'_>, bases: &Bases) -> Self {
        let lines = pieces.lines();
        let latest = lines.first().map_or(&[][..], |line| &line.0);
        let last = latest.last();
        let is_newer = |base: &&Base| {
            last.is_none_or(|last| match base.timeline == last.timeline {
                true => base.version > last.last,
                false => last.times.is_none_or(|(_, latest)| base.time > latest),
            })
        };
        // The log goes to an archive later than snapshot files do.
        let alone = bases.good.iter().filter(|base| !lines.iter().any(|line| goes_on(line, base))).filter(is_newer);
        if let Some(base) = alone.max_by_key(|base| (base.time, base.version)) {
            return Self {
                salt: None,
                unread: Vec::new(),
                base: None,
                alone: Some(base.salt),
                timeline: Some(base.timeline),
                version: base.version,
                salts: Vec::new(),
                timelines: vec![(base.timeline, base.version)],
            };
        }
        Self {
            salt: last.map(|piece| piece.salt),
            unread: Vec::new(),
            base: None,
            alone: None,
            timeline: last.map(|piece| piece.timeline),
            version: last.map_or(0, |piece| piece.last),
            salts: latest.iter().map(|piece| (piece.salt, piece.last)).collect(),
            timelines: latest.iter().map(|piece| (piece.timeline, piece.last)).collect(),
        }
    }

    /// The way along this history that leads as far as it is known to go, or farther.
    pub fn complete<'r>(&self, reach: &'r Reach) -> Option<&'r Way> {
        let alone = reach.ways.iter().filter(|way| self.is_all(way, &reach.bases)).max_by_key(|way| way.to);
        let Some(way) = self.complete_line(&reach.ways) else { return alone };
        // A snapshot file of the archive may be of a later state of the same history.
        let of = |way: &Way| way.timeline_of(&reach.bases, way.to);
        Some(alone.filter(|alone| alone.to > way.to && of(alone) == of(way)).unwrap_or(way))
    }

    /// The same with a log.
    fn complete_line<'w>(&self, ways: &'w [Way]) -> Option<&'w Way> {
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

    /// Whether an archived snapshot file, and nothing else, is the latest state.
    fn is_all(&self, way: &Way, bases: &Bases) -> bool {
        let base = bases.good.iter().find(|base| way.line.0.is_empty() && way.rests_on(base));
        base.filter(|base| base.archived.is_some()).is_some_and(|base| match self.alone {
            Some(salt) => base.salt == salt,
            // What cannot be read may be of another history.
            None => self.timeline == Some(base.timeline) && self.unread.is_empty() && base.version >= self.version,
        })
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
        self.alone.is_none()
            && way.to >= self.version
            && !pieces.is_empty()
            && has(None, self.salt)
            && has_base
            && has_unread
            && !self.is_left_by(pieces)
    }

    /// Whether `pieces` are of a history that leaves this one, behind the last of them that is known to be of it: a history that is
    /// restored has a timeline of its own. It may leave in the midst of a segment, of which it has the records before.
    fn is_left_by(&self, pieces: &[Piece]) -> bool {
        // Behind a segment of which nobody can read anything there may be any.
        let Some(salts) = self.unread.iter().map(|(_, salt)| *salt).collect::<Option<Vec<u64>>>() else { return false };
        let is_known = |piece: &Piece| self.salt == Some(piece.salt) || salts.contains(&piece.salt);
        let known = pieces.iter().rposition(is_known);
        known.is_some_and(|known| pieces[known..].iter().any(|piece| piece.timeline != pieces[known].timeline))
    }

    /// As much of `way` as is known to be of this history.
    pub fn part_of(&self, way: &Way, bases: &Bases) -> Option<Way> {
        if way.line.0.is_empty() {
            // The snapshot files of the directory are; those of the archive may be of any.
            let base = bases.good.iter().find(|base| way.rests_on(base))?;
            let is_of = |(timeline, to): &(u64, u64)| (*timeline, true) == (base.timeline, base.version <= *to);
            return (base.archived.is_none() || self.timelines.iter().any(is_of)).then(|| way.clone());
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
