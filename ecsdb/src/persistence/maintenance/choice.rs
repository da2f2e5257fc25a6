//! Which version a restore is about, and how it is put together.
//!
//! The latest state is the one that an opening comes to, or a later one that the archive has of the same history. Where the directory
//! cannot be opened it is whatever the files say that there was. What falls short of that is never taken for it.

use core::cmp::Reverse;
use std::time::{Duration, UNIX_EPOCH};

use super::error::MaintenanceError;
use super::history::History;
use super::pieces::Pieces;
use super::reach::{Reach, Way, merged};
use super::restore::Target;
use crate::persistence::time::nanoseconds;

/// What there is to choose from.
pub struct Choice<'a> {
    pieces: &'a Pieces<'a>,
    reach: &'a Reach,
    /// The way to the latest state, if that can be had.
    complete: Option<Way>,
    /// That one, and as much of all others as is known to be of the same history.
    ways: Vec<Way>,
    /// The version that the latest state has at least.
    highest: u64,
}

impl<'a> Choice<'a> {
    /// What of `reach` is of `history`.
    pub fn new(pieces: &'a Pieces<'a>, reach: &'a Reach, history: &History) -> Self {
        let complete = history.complete(reach);
        let parts = reach.ways.iter().filter_map(|way| history.part_of(way, &reach.bases));
        let ways = complete.iter().cloned().chain(parts).collect();
        Self { pieces, reach, complete, ways, highest: history.version }
    }

    /// The version that `target` is, and how it is put together. If it is a version, it is one of the history `timeline`, if that is given.
    pub fn find(&self, target: Target, timeline: Option<u64>) -> Result<(Way, u64), MaintenanceError> {
        let (way, version) = match target {
            Target::Version(version) => {
                let timeline = timeline.map_or_else(|| self.timeline_of(version), |timeline| Ok(Some(timeline)))?;
                return Ok((self.way_to(version, timeline)?, version));
            }
            Target::Latest => self.complete.as_ref().map(|way| (way, way.to)).ok_or_else(|| self.lost())?,
            Target::Time(time) => {
                let (way, version) = self.version_at(nanoseconds(time))?;
                let mut ways = [way].into_iter().chain(&self.ways);
                // It may be known by what nothing leads to.
                let way = ways.find(|way| way.has(version));
                (way.ok_or_else(|| out_of_reach(version, self.runs()))?, version)
            }
        };
        self.check_whole(way, version)?;
        Ok((way.clone(), version))
    }

    /// The history of which `version` is meant: the one in question, if it has it, or the only one that does.
    fn timeline_of(&self, version: u64) -> Result<Option<u64>, MaintenanceError> {
        let of = |way: &Way| way.timeline_of(&self.reach.bases, version);
        if let Some(way) = self.ways.iter().find(|way| way.has(version)) {
            return Ok(of(way));
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

    /// How `version` is put together, which is of the history `timeline` if that is given. The history that is known to be the one in
    /// question comes first.
    pub fn way_to(&self, version: u64, timeline: Option<u64>) -> Result<Way, MaintenanceError> {
        let is_wanted = |way: &&Way| {
            let found = || way.timeline_of(&self.reach.bases, version);
            way.has(version) && timeline.is_none_or(|timeline| found().is_none_or(|found| found == timeline))
        };
        let way = self.ways.iter().chain(&self.reach.ways).find(is_wanted);
        let way = way.ok_or_else(|| out_of_reach(version, self.reach.runs()))?;
        self.check_whole(way, version)?;
        Ok(way.clone())
    }

    /// Refuses a version that is a part only of what was written anew: an object is not known to have such before it is read.
    fn check_whole(&self, way: &Way, version: u64) -> Result<(), MaintenanceError> {
        if let Some(piece) = way.line.with(version)
            && !way.bases.contains(&version)
        {
            let (first, whole) = (piece.first, self.pieces.whole(piece)?);
            if version < whole {
                let mut reachable = way.runs();
                let all = reachable.pop().unwrap_or_default();
                reachable.extend([(all.0, first - 1), (whole, all.1)].into_iter().filter(|(from, to)| from <= to));
                return Err(out_of_reach(version, reachable));
            }
        }
        Ok(())
    }

    /// The versions of the history in question that can be had.
    fn runs(&self) -> Vec<(u64, u64)> {
        merged(self.ways.iter().flat_map(Way::runs).collect())
    }

    fn lost(&self) -> MaintenanceError {
        MaintenanceError::Lost { highest: self.highest, reachable: self.runs() }
    }

    /// The last version that was committed at `time`, or before, and the way that knows it.
    fn version_at(&self, time: u64) -> Result<(&Way, u64), MaintenanceError> {
        let mut oldest: Option<u64> = None;
        // From here on all versions that are known have been looked at. Are all there are, and later than that?
        let (mut below, mut are_all_known) = (u64::MAX, false);
        let mut left: Vec<&Way> = self.ways.iter().filter(|way| way.to > 0).collect();
        // Down the history: the way that has the latest versions before those.
        while let Some(index) = (0..left.len()).min_by_key(|index| Reverse(left[*index].to.min(below - 1))) {
            let way = left.remove(index);
            let top = way.to.min(below - 1);
            if way.from() > top {
                continue;
            }
            are_all_known &= top + 1 == below;
            are_all_known |= self.complete.as_ref().is_some_and(|complete| complete.to == top);
            let (found, earliest) = self.last_at(way, time, top)?;
            if let Some(version) = found {
                // Where the log breaks off nobody knows what came next, and when.
                return if version < top || are_all_known { Ok((way, version)) } else { Err(self.lost()) };
            }
            oldest = [oldest, earliest].into_iter().flatten().min();
            // A snapshot file says when its version was held, and not when it was committed: a log before it may know that.
            let first = if way.line.0.is_empty() { way.from() + 1 } else { way.line.first() };
            are_all_known &= first <= top + 1;
            below = first.min(below);
        }
        Err(match oldest {
            Some(oldest) => MaintenanceError::TooEarly {
                oldest: UNIX_EPOCH + Duration::from_nanos(oldest),
                later: Duration::from_nanos(oldest.saturating_sub(time)),
            },
            None => self.lost(),
        })
    }

    /// The last version of `way`, up to `top`, that was committed at `time` or before, and when the earliest one was.
    fn last_at(&self, way: &Way, time: u64, top: u64) -> Result<(Option<u64>, Option<u64>), MaintenanceError> {
        let mut oldest: Option<u64> = None;
        for piece in way.line.0.iter().rev().filter(|piece| piece.first <= top) {
            let Some((earliest, _)) = piece.times else { continue };
            oldest = Some(oldest.map_or(earliest, |oldest| oldest.min(earliest)));
            if earliest <= time {
                let segment = self.pieces.read(piece)?;
                let commits = segment.heads().map(|(head, _)| head).filter(|head| head.kind.has_version());
                let found = commits.filter(|head| head.time <= time && head.version <= top).last();
                if let Some(head) = found {
                    return Ok((Some(head.version), oldest));
                }
            }
        }
        // Before the log there are snapshot files only.
        let before = way.line.0.first().map_or(u64::MAX, |piece| piece.first);
        for base in way.bases.iter().rev().filter(|base| **base < before && **base <= top) {
            let Some(base) = self.reach.bases.of(way, *base) else { continue };
            if base.time <= time {
                return Ok((Some(base.version), oldest));
            }
            oldest = Some(oldest.map_or(base.time, |oldest| oldest.min(base.time)));
        }
        Ok((None, oldest))
    }
}

fn out_of_reach(asked: u64, reachable: Vec<(u64, u64)>) -> MaintenanceError {
    MaintenanceError::OutOfReach { asked, reachable }
}
