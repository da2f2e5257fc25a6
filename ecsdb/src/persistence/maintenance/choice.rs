//! Which version a restore is about, and how it is put together.
//!
//! The latest state is the one that an opening comes to, or a later one that the archive has of the same history. Where the directory
//! cannot be opened it is whatever the files say that there was. What falls short of that is never taken for it.

use core::cmp::Reverse;
use std::time::Duration;

use super::closed::ClosedDirectory;
use super::error::MaintenanceError;
use super::judge::opening;
use super::pieces::Pieces;
use super::reach::{Base, Bases, Reach, Way, goes_on};
use super::restore::Target;
use super::survey::Survey;
use crate::persistence::error::DirectoryError;
use crate::persistence::log::nanoseconds;

/// What there is to choose from.
pub struct Choice<'a> {
    /// The segments.
    pub pieces: &'a Pieces<'a>,
    /// The ways to versions.
    pub reach: Reach,
    /// What is known of where the history ends.
    pub known: Known,
}

/// What is known of the end of a history.
pub struct Known {
    /// What the records of the last segment are told by that can be read; nothing if there is none.
    salt: Option<u64>,
    /// The salt of the archived snapshot file that is the latest state, if no log goes on from it.
    base: Option<u64>,
    /// The history of the latest state, if that is known.
    timeline: Option<u64>,
    /// The first versions of segments behind that one, which cannot be read: the same history has segments with these.
    unread: Vec<u64>,
    /// The version that the latest state has at least.
    version: u64,
}

impl Known {
    /// What is known of the history in a directory, which may be impossible to open.
    pub fn of_directory(closed: &ClosedDirectory, survey: &Survey) -> Result<Self, DirectoryError> {
        Ok(match opening(closed, survey)? {
            Ok(end) => Self {
                salt: Some(end.salt).filter(|salt| *salt > 0),
                base: None,
                timeline: Some(end.timeline),
                unread: Vec::new(),
                version: end.version,
            },
            Err(_) => {
                let last = survey.found().next_back().map(|(_, found)| &found.header);
                let (salt, timeline) = (last.map(|last| last.salt), last.map(|last| last.timeline));
                let unread = survey.segments.iter().rev().take_while(|segment| segment.found.is_err());
                let unread = unread.map(|segment| segment.first).collect();
                Self { salt, base: None, timeline, unread, version: survey.highest() }
            }
        })
    }

    /// What is known of the latest history in an archive, which has the snapshot files `bases`.
    pub fn of_archive(pieces: &Pieces<'_>, bases: &Bases) -> Self {
        let lines = pieces.lines();
        let last = lines.first().and_then(|line| line.0.last());
        let is_newer = |base: &&Base| {
            last.is_none_or(|last| match base.timeline == last.timeline {
                true => base.version > last.last,
                false => last.times.is_none_or(|(_, latest)| base.time > latest),
            })
        };
        let alone = bases.good.iter().filter(|base| !lines.iter().any(|line| goes_on(line, base)));
        // The log goes to an archive later than snapshot files do.
        if let Some(base) = alone.filter(is_newer).max_by_key(|base| (base.time, base.version)) {
            let (base, timeline, version) = (Some(base.salt), Some(base.timeline), base.version);
            return Self { salt: None, base, timeline, unread: Vec::new(), version };
        }
        let (salt, timeline) = (last.map(|piece| piece.salt), last.map(|piece| piece.timeline));
        Self { salt, base: None, timeline, unread: Vec::new(), version: last.map_or(0, |piece| piece.last) }
    }
}

impl Choice<'_> {
    /// The version that `target` is.
    pub fn version(&self, target: Target) -> Result<u64, MaintenanceError> {
        match target {
            Target::Version(version) => Ok(version),
            Target::Latest => self.complete().map(|way| way.to).ok_or_else(|| self.lost()),
            Target::Time(time) => self.version_at(nanoseconds(time)),
        }
    }

    /// The history of which `version` is meant: that which is known to be the latest, if it has it, or the only one that does.
    pub fn timeline_of(&self, version: u64) -> Result<Option<u64>, MaintenanceError> {
        let of = |way: &Way| way.timeline_of(&self.reach.bases, version);
        if let Some(complete) = self.complete().filter(|way| way.has(version)) {
            return Ok(of(complete));
        }
        let mut timelines: Vec<u64> = self.reach.ways.iter().filter(|way| way.has(version)).filter_map(of).collect();
        timelines.sort_unstable();
        timelines.dedup();
        match timelines[..] {
            [] => Ok(None),
            [only] => Ok(Some(only)),
            _ => Err(MaintenanceError::Ambiguous { version, timelines }),
        }
    }

    /// How `version` is put together, which is of the history `timeline` if that is given. The history that is known to be the latest comes
    /// first.
    pub fn way_to(&self, version: u64, timeline: Option<u64>) -> Result<&Way, MaintenanceError> {
        let is_wanted = |way: &&Way| {
            let found = || way.timeline_of(&self.reach.bases, version);
            way.has(version) && timeline.is_none_or(|timeline| found().is_none_or(|found| found == timeline))
        };
        let complete = self.complete().filter(is_wanted);
        let Some(way) = complete.or_else(|| self.reach.ways.iter().find(is_wanted)) else {
            return Err(MaintenanceError::OutOfReach { asked: version, reachable: self.reach.runs() });
        };
        if let Some(piece) = way.line.with(version)
            && !way.bases.contains(&version)
        {
            let (first, whole) = (piece.first, self.pieces.whole(piece)?);
            if version < whole {
                // An object is not known to have parts before it is read.
                let mut reachable = way.runs();
                let all = reachable.pop().unwrap_or_default();
                reachable.extend([(all.0, first - 1), (whole, all.1)].into_iter().filter(|(from, to)| from <= to));
                return Err(MaintenanceError::OutOfReach { asked: version, reachable });
            }
        }
        Ok(way)
    }

    /// The way along the history in question that leads as far as it is known to go, and farthest.
    fn complete(&self) -> Option<&Way> {
        let is_complete = |way: &&Way| {
            if way.line.0.is_empty() || self.known.base.is_some() {
                return self.is_all(way);
            }
            // What came behind a snapshot file nobody knows without the log.
            let pieces = &way.line.0;
            let has_end = match self.known.salt {
                Some(salt) => pieces.iter().any(|piece| piece.salt == salt),
                // Only a snapshot file tells which history it was, if there is one.
                None => {
                    let own = self.reach.bases.good.iter().rfind(|base| base.archived.is_none());
                    own.is_none_or(|base| way.bases.contains(&base.version))
                }
            };
            // Histories that part have segments in common before they do, and others behind.
            let has_unread = self.known.unread.iter().all(|first| pieces.iter().any(|piece| piece.first == *first));
            way.to >= self.known.version && has_end && has_unread
        };
        // Of those that lead as far the first one.
        self.reach.ways.iter().filter(is_complete).min_by_key(|way| Reverse(way.to))
    }

    /// Whether an archived snapshot file, and nothing else, is the latest state.
    fn is_all(&self, way: &Way) -> bool {
        let base = self.reach.bases.good.iter().find(|base| way.line.0.is_empty() && way.rests_on(base));
        base.filter(|base| base.archived.is_some()).is_some_and(|base| match self.known.base {
            Some(salt) => base.salt == salt,
            // What cannot be read may be of another history.
            None => {
                let is_it = self.known.timeline == Some(base.timeline) && self.known.unread.is_empty();
                is_it && base.version >= self.known.version
            }
        })
    }

    fn lost(&self) -> MaintenanceError {
        MaintenanceError::Lost { highest: self.known.version, reachable: self.reach.runs() }
    }

    /// The last version that was committed at `time`, or before.
    fn version_at(&self, time: u64) -> Result<u64, MaintenanceError> {
        let mut oldest: Option<u64> = None;
        // All versions from here on are known, and later than that.
        let mut known_from = u64::MAX;
        for way in self.descending() {
            let (found, earliest) = self.last_at(way, time)?;
            if let Some(version) = found {
                // Where the log breaks off nobody knows what came next, and when.
                let is_passed = version < way.to || known_from <= version + 1;
                return if is_passed || self.is_the_end(way, version) { Ok(version) } else { Err(self.lost()) };
            }
            oldest = [oldest, earliest].into_iter().flatten().min();
            let first = if way.line.0.is_empty() { way.from() } else { way.line.first().min(way.from().max(1)) };
            known_from = if way.to + 1 >= known_from || self.is_the_end(way, way.to) { first } else { u64::MAX };
        }
        Err(match oldest {
            Some(oldest) => MaintenanceError::TooEarly { later: Duration::from_nanos(oldest.saturating_sub(time)) },
            None => self.lost(),
        })
    }

    /// Whether the history ends with `version`, the last one of `way`.
    fn is_the_end(&self, way: &Way, version: u64) -> bool {
        version == way.to && self.complete().is_some_and(|complete| complete.to == version)
    }

    /// The ways down the history: from that with the latest versions on, each to versions that those before do not have.
    fn descending(&self) -> Vec<&Way> {
        let mut ways: Vec<&Way> = self.complete().into_iter().collect();
        loop {
            let below = ways.last().map_or(u64::MAX, |way| way.from());
            let is_below = |way: &&Way| way.to < below;
            let Some(next) = self.reach.ways.iter().filter(is_below).min_by_key(|way| Reverse(way.to)) else {
                return ways;
            };
            ways.push(next);
        }
    }

    /// The last version of `way` that was committed at `time` or before, and when the earliest one was.
    fn last_at(&self, way: &Way, time: u64) -> Result<(Option<u64>, Option<u64>), MaintenanceError> {
        let mut oldest: Option<u64> = None;
        for piece in way.line.0.iter().rev() {
            let Some((earliest, _)) = piece.times else { continue };
            oldest = Some(oldest.map_or(earliest, |oldest| oldest.min(earliest)));
            if earliest <= time {
                let segment = self.pieces.read(piece)?;
                let commits = segment.heads().map(|(head, _)| head).filter(|head| head.kind.has_version());
                let found = commits.filter(|head| head.time <= time && head.version <= way.to).last();
                if let Some(head) = found {
                    return Ok((Some(head.version), oldest));
                }
            }
        }
        // Before the log there are snapshot files only.
        let before = way.line.0.first().map_or(u64::MAX, |piece| piece.first);
        for base in way.bases.iter().rev().filter(|base| **base < before) {
            let Some(base) = self.reach.bases.of(way, *base) else { continue };
            if base.time <= time {
                return Ok((Some(base.version), oldest));
            }
            oldest = Some(oldest.map_or(base.time, |oldest| oldest.min(base.time)));
        }
        Ok((None, oldest))
    }
}
