//! Which history is in question, as far as a directory or an archive shows it.
//!
//! An archive may have several. A directory that was restored goes on in one of its own, with a timeline of its own: it has segments in
//! common with the one that it left, and behind them other versions have the same numbers.
//!
//! A directory shows its history by four things, and by nothing else: by the segments that can be read, with their salts; by the salt or
//! at least the first version of those behind, of which nobody can read the header; by the newest of its own snapshot files; and by
//! `CLOSED`, which says in which segment, and in which timeline, the log once ended. A line of the archive is of the history if it has
//! all of that. It is followed as long as it stays in the timeline of the last thing that is shown: who goes on after that in another
//! timeline may be somebody who left. If what was the end of the directory is lost, and only `CLOSED` or a snapshot file tells of it, a
//! line that goes on in another timeline may be either, and then none is taken. What is not known to be of the history in question is
//! never taken for it: what does not decide is refused.

use super::closed::ClosedDirectory;
use super::judge::opening;
use super::pieces::{Piece, Pieces};
use super::reach::{Base, Bases, Reach, Way, goes_on};
use super::survey::{Found, Survey};
use crate::persistence::error::DirectoryError;
use crate::persistence::format::Ending;

/// What is known of a history.
#[derive(Default)]
pub struct History {
    /// What the records of the last segment are told by that can be read; nothing if there is none.
    salt: Option<u64>,
    /// The segments behind that one, whose headers cannot be read: the first version of each, and what its records are told by, if there
    /// are any.
    unread: Vec<(u64, Option<u64>)>,
    /// The newest snapshot file of the directory that is in order.
    base: Option<Base>,
    /// Where the log ended when it was closed, if that was in a segment that is not there any more or cannot be read.
    ending: Option<Ending>,
    /// Whether what tells of the latest state is that snapshot file, or that ending, and not a segment.
    is_told: bool,
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
        let own = || bases.good.iter().filter(|base| base.archived.is_none());
        let mut history = Self { base: own().next_back().cloned(), ..Self::default() };
        let mut kept = survey.segments.len();
        match opening(closed, survey)? {
            Ok(end) => {
                // What stands behind the end was being written.
                kept = end.kept;
                // The last segment may have no version yet, and that of the end be of the timeline before.
                let last = survey.segments[..kept].last().and_then(|last| last.found.as_ref().ok());
                history.timeline = Some(last.map_or(end.timeline, |last| last.header.timeline));
                history.salt = Some(end.salt).filter(|salt| *salt > 0);
                history.version = end.version;
            }
            Err(_) => history.look_behind(survey),
        }
        if history.shows_nothing() {
            let latest = Self::of_archive(pieces, bases);
            return Ok(Self { unread: history.unread, version: history.version.max(latest.version), ..latest });
        }
        let segments = &survey.segments[..kept];
        let nexts = segments.iter().skip(1).map(|next| next.first - 1).chain([u64::MAX]);
        for (segment, to) in segments.iter().zip(nexts) {
            // It may have been left behind what is there of it.
            let to = if history.is_told { to.min(segment.highest) } else { to };
            history.salts.extend(segment.salt.map(|salt| (salt, to)));
            let timeline = segment.found.as_ref().ok().map(|found| found.header.timeline);
            history.timelines.extend(timeline.map(|timeline| (timeline, to.min(segment.highest))));
        }
        history.timelines.extend(own().map(|base| (base.timeline, base.version)));
        history.timelines.extend(history.ending.map(|ending| (ending.timeline, ending.version)));
        Ok(history)
    }

    /// What tells of the latest state of a directory that cannot be opened: the last segment that can be read, and what is behind that.
    fn look_behind(&mut self, survey: &Survey) {
        let behind = survey.segments.iter().rev().take_while(|segment| segment.found.is_err());
        self.unread.extend(behind.map(|segment| (segment.first, segment.salt)));
        let segment = survey.found().next_back();
        let last = segment.map(|(_, found)| found);
        self.salt = last.map(|last| last.header.salt);
        self.version = survey.highest();
        let is_behind = |last: &Found, ending: &Ending| ending.sequence > last.header.sequence;
        self.ending = survey.ending.filter(|ending| last.is_none_or(|last| is_behind(last, ending)));
        // What stands behind a damage in the last segment is of it as well.
        let base = self.base.as_ref().filter(|base| segment.is_none_or(|(segment, _)| base.version > segment.highest));
        let base = base.map(|base| (base.version, base.timeline));
        // If both have the same version, the log has gone on from the file.
        let ending = self.ending.map(|ending| (ending.version, ending.timeline));
        let told = base.into_iter().chain(ending).max_by_key(|(version, _)| *version).map(|(_, timeline)| timeline);
        self.is_told = told.is_some();
        self.timeline = told.or(last.map(|last| last.header.timeline));
    }

    /// Whether nothing but names of files is there.
    fn shows_nothing(&self) -> bool {
        let is_unknown = self.unread.iter().all(|(_, salt)| salt.is_none());
        is_unknown && self.salt.is_none() && self.base.is_none() && self.ending.is_none()
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
                alone: Some(base.salt),
                timeline: Some(base.timeline),
                version: base.version,
                timelines: vec![(base.timeline, base.version)],
                ..Self::default()
            };
        }
        Self {
            salt: last.map(|piece| piece.salt),
            timeline: last.map(|piece| piece.timeline),
            version: last.map_or(0, |piece| piece.last),
            salts: latest.iter().map(|piece| (piece.salt, piece.last)).collect(),
            timelines: latest.iter().map(|piece| (piece.timeline, piece.last)).collect(),
            ..Self::default()
        }
    }

    /// The way along this history that leads as far as it is known to go, or farther; or as much of one as is of it. Of several the longest.
    pub fn complete(&self, reach: &Reach) -> Option<Way> {
        let lines = self.complete_lines(&reach.ways)?;
        // A snapshot file of the archive may be of a later state of the same history.
        let alone = reach.ways.iter().filter(|way| self.is_all(way, &reach.bases)).cloned();
        let all: Vec<Way> = lines.into_iter().chain(alone).collect();
        all.into_iter().rev().max_by_key(|way| way.to)
    }

    /// Those of them with a log; nothing if that is undecided.
    fn complete_lines(&self, ways: &[Way]) -> Option<Vec<Way>> {
        // Each, and how much of it stays in the timeline if that is not all.
        let fitting = ways.iter().filter(|way| self.fits(way)).map(|way| (way, self.leaves(&way.line.0)));
        let end = |way: &Way, leaves: Option<usize>| match leaves {
            None => way.to,
            Some(count) => way.line.0[..count].last().map_or(way.from(), |piece| piece.last),
        };
        let mut fitting: Vec<(&Way, Option<usize>)> =
            fitting.filter(|(way, leaves)| end(way, *leaves) >= self.version).collect();
        let Some((first, _)) = fitting.first() else { return Some(Vec::new()) };
        // Of a segment that nobody can read at all, all that is known is where it begins.
        let is_other = |(way, _): &(&Way, Option<usize>)| self.unread_in(way) != self.unread_in(first);
        if fitting.iter().any(is_other) || self.is_by_name_alone(&first.line.0) {
            return None;
        }
        if !self.unread.is_empty() {
            // Who leaves may have a part only of what cannot be read.
            fitting.retain(|(_, leaves)| leaves.is_none());
        } else if self.is_told && fitting.iter().any(|(_, leaves)| leaves.is_some()) {
            // What was lost may be what comes then, or what others have in its place.
            return None;
        }
        let part = |(way, leaves): (&Way, Option<usize>)| match leaves {
            None => Some(way.clone()),
            Some(count) => way.front(count, u64::MAX),
        };
        Some(fitting.into_iter().filter_map(part).collect())
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

    /// Whether `way` has all that is known of this history.
    fn fits(&self, way: &Way) -> bool {
        // What came behind a snapshot file nobody knows without the log.
        let pieces = &way.line.0;
        let has_salt = self.salt.is_none_or(|salt| pieces.iter().any(|piece| piece.salt == salt));
        // With the log before, or without: then it is older than all that matters.
        let is_older = |base: &Base| self.salt.is_some() && base.version < way.line.first();
        let has_base = self.base.as_ref().is_none_or(|base| way.rests_on(base) || is_older(base));
        let has_ending = self.ending.as_ref().is_none_or(|ending| {
            // The segment in which it was closed had no version if the one before has the last one.
            let is_before = |last: &Piece| last.file().is_some() && last.sequence < ending.sequence;
            let is_empty = way.to == ending.version && pieces.last().is_some_and(is_before);
            is_empty || pieces.iter().any(|piece| piece.timeline == ending.timeline && piece.last >= ending.version)
        });
        // Histories that part have segments in common before they do, and others behind.
        let has_unread = self.unread.iter().all(|unread| pieces.iter().any(|piece| is_unread(unread, piece)));
        self.alone.is_none() && !pieces.is_empty() && has_salt && has_base && has_ending && has_unread
    }

    /// How many of `pieces` there are before those of a history that leaves this one, behind the last of them that is known to be of it: a history
    /// that is restored has a timeline of its own. It may leave in the midst of a segment, of which it has the records before.
    fn leaves(&self, pieces: &[Piece]) -> Option<usize> {
        let is_told = |piece: &Piece| {
            let by_base = self.base.as_ref().is_some_and(|base| (piece.first..=piece.last).contains(&base.version));
            by_base || self.ending.is_some_and(|ending| piece.timeline == ending.timeline)
        };
        let is_known = |piece: &Piece| {
            self.salt == Some(piece.salt)
                || self.unread.iter().any(|unread| is_unread(unread, piece))
                || self.is_told && is_told(piece)
        };
        let known = pieces.iter().rposition(is_known);
        let timeline = known.map_or(self.timeline, |known| Some(pieces[known].timeline))?;
        let from = known.unwrap_or(0);
        pieces[from..].iter().position(|piece| piece.timeline != timeline).map(|behind| from + behind)
    }

    /// What is in `way` in the place of segments of which nobody can read anything: what their records are told by.
    fn unread_in(&self, way: &Way) -> Vec<u64> {
        let names = || self.unread.iter().filter(|(_, salt)| salt.is_none());
        let pieces = way.line.0.iter().filter(|piece| names().any(|unread| is_unread(unread, piece)));
        pieces.map(|piece| piece.salt).collect()
    }

    /// Whether a history begins in `pieces` where nobody can read anything, and nothing but the name of that one file says that it is this one.
    fn is_by_name_alone(&self, pieces: &[Piece]) -> bool {
        let [(first, None)] = self.unread[..] else { return false };
        pieces.windows(2).any(|pair| {
            let is_new = pair[0].timeline != pair[1].timeline && self.timeline != Some(pair[1].timeline);
            is_new && pair[1].first == first
        })
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
        way.front(last + 1, to)
    }

    /// The last version in `piece` that is of this history, as are all before it.
    fn last_in(&self, piece: &Piece) -> Option<u64> {
        let by_salt = self.salts.iter().filter(|(salt, _)| *salt == piece.salt).map(|(_, to)| *to);
        let by_timeline =
            self.timelines.iter().filter(|(timeline, to)| *timeline == piece.timeline && *to >= piece.first);
        by_salt.chain(by_timeline.map(|(_, to)| *to)).max().map(|to| to.min(piece.last))
    }
}

/// Whether `piece` may be the segment that begins with a version, and has records that are told by a salt, if there are any.
fn is_unread((first, salt): &(u64, Option<u64>), piece: &Piece) -> bool {
    piece.first == *first && salt.is_none_or(|salt| piece.salt == salt)
}
