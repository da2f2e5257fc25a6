//! A log that is spread over a directory and an archive, put in order.
//!
//! Segments know the one before them, so they are followed from the last one back. Where a directory has lost one, or has it
//! damaged, the one in the archive takes its place.

use std::collections::HashMap;
use std::path::PathBuf;

use super::archived::Gap;
use super::closed::ClosedDirectory;
use super::error::MaintenanceError;
use super::survey::Survey;
use crate::persistence::archive::{Archive, ArchivedSegment};
use crate::persistence::recovery::SegmentFile;

/// Where a segment is.
#[derive(Clone, Debug)]
pub enum Place {
    /// In the directory.
    File(PathBuf),
    /// In the archive.
    Object(ArchivedSegment),
}

/// A segment, or as much of it as is whole.
#[derive(Clone, Debug)]
pub struct Piece {
    /// The first version in it.
    pub first: u64,
    /// The last version in it; that before the first one if there is none.
    pub last: u64,
    /// Its number in the log.
    pub sequence: u64,
    /// What its records are told by.
    salt: u64,
    /// The salt of the segment before.
    previous: u64,
    /// When the earliest and the latest of its versions were committed.
    pub times: Option<(u64, u64)>,
    /// Where it is.
    pub place: Place,
}

/// Segments that follow one another, in order.
pub struct Line(pub Vec<Piece>);

impl Line {
    /// The first version.
    pub fn first(&self) -> u64 {
        self.0.first().map_or(0, |piece| piece.first)
    }

    /// The last version.
    pub fn last(&self) -> u64 {
        self.0.last().map_or(0, |piece| piece.last)
    }

    /// Whether the log begins here.
    pub fn is_from_the_beginning(&self) -> bool {
        self.0.first().is_some_and(|piece| piece.first == 1 && piece.sequence == 1)
    }
}

/// All segments that there are.
pub struct Pieces<'a> {
    closed: Option<&'a ClosedDirectory>,
    archive: Option<&'a dyn Archive>,
    /// Those of the directory, in order.
    own: Vec<Piece>,
    /// Those of the archive.
    archived: Vec<Piece>,
}

impl<'a> Pieces<'a> {
    /// Those of a directory, which was surveyed, and of an archive.
    pub fn of(
        closed: Option<(&'a ClosedDirectory, &Survey)>,
        archive: Option<&'a dyn Archive>,
    ) -> Result<Self, MaintenanceError> {
        let mut own = Vec::new();
        for segment in closed.iter().flat_map(|(_, survey)| &survey.segments) {
            let Ok(found) = &segment.found else { continue };
            own.push(Piece {
                first: segment.first,
                last: found.last,
                sequence: found.header.sequence,
                salt: found.header.salt,
                previous: found.header.previous,
                times: found.times,
                place: Place::File(segment.file.clone()),
            });
        }
        let mut archived = Vec::new();
        if let Some(archive) = archive {
            archived.extend(ArchivedSegment::list(archive)?.into_iter().map(Piece::of));
        }
        Ok(Self { closed: closed.map(|(closed, _)| closed), archive, own, archived })
    }

    /// Those of an archive alone, to be put in order and not to be read.
    pub fn of_segments(archived: Vec<ArchivedSegment>) -> Self {
        let archived = archived.into_iter().map(Piece::of).collect();
        Self { closed: None, archive: None, own: Vec::new(), archived }
    }

    /// Puts them in order: the line that the directory ends with comes first, or the latest one of an archive.
    pub fn lines(&self) -> Vec<Line> {
        let mut lines: Vec<Line> = Vec::new();
        let mut ends: Vec<&Piece> = self.own.iter().rev().collect();
        let mut latest: Vec<&Piece> = self.archived.iter().collect();
        latest.sort_by_key(|piece| core::cmp::Reverse((piece.times.map(|(_, latest)| latest), piece.last)));
        ends.extend(latest);
        let by_salt = self.by_salt();
        // Up to where lines have come in the segment with a salt.
        let mut reached: HashMap<u64, u64> = HashMap::new();
        for end in ends {
            // What a line has gone through is no end.
            if reached.get(&end.salt).is_none_or(|last| *last < end.last) {
                let line = line_to(end, &by_salt);
                for piece in &line.0 {
                    let last = reached.entry(piece.salt).or_insert(piece.last);
                    *last = piece.last.max(*last);
                }
                lines.push(line);
            }
        }
        lines
    }

    /// The segments with each salt: those of the directory first.
    fn by_salt(&self) -> HashMap<u64, Vec<&Piece>> {
        let mut by_salt: HashMap<u64, Vec<&Piece>> = HashMap::new();
        for piece in self.own.iter().chain(&self.archived) {
            by_salt.entry(piece.salt).or_default().push(piece);
        }
        by_salt
    }

    /// Versions that are missing where a line begins that follows something else.
    pub fn gaps(&self) -> Vec<Gap> {
        let mut gaps = Vec::new();
        for line in self.lines() {
            let Some(front) = line.0.first().filter(|front| front.previous != 0 && front.sequence > 1) else {
                continue;
            };
            let earlier = self.own.iter().chain(&self.archived).filter(|piece| piece.sequence < front.sequence);
            let lasts: Vec<u64> = earlier.map(|piece| piece.last).collect();
            // Before the first one of all, nobody knows what there was.
            if !lasts.is_empty() {
                // One that ends just before it is of another history, or would be a part of the line.
                let before = lasts.into_iter().filter(|last| last + 1 < front.first).max().unwrap_or(0);
                gaps.push(Gap { first: before + 1, last: front.first - 1, until: line.last() });
            }
        }
        gaps
    }

    /// Reads a segment.
    pub fn read(&self, piece: &Piece) -> Result<SegmentFile, MaintenanceError> {
        match (&piece.place, self.closed, self.archive) {
            (Place::File(path), Some(closed), _) => Ok(SegmentFile::read(&*closed.media, path.clone(), piece.first)?),
            (Place::Object(segment), _, Some(archive)) => {
                let name = segment.name();
                let bytes = segment.open(&archive.get(&name)?)?;
                Ok(SegmentFile::parse(bytes, name.into(), piece.first)?)
            }
            _ => unreachable!("a piece comes from the directory or from the archive"),
        }
    }
}

impl Piece {
    fn of(segment: ArchivedSegment) -> Self {
        Self {
            first: segment.first,
            last: segment.last,
            sequence: segment.sequence,
            salt: segment.salt,
            previous: segment.previous,
            times: Some((segment.earliest, segment.latest)),
            place: Place::Object(segment),
        }
    }
}

/// The line that ends with `end`.
fn line_to(end: &Piece, by_salt: &HashMap<u64, Vec<&Piece>>) -> Line {
    let mut line = vec![end.clone()];
    let mut next = end;
    // Ever earlier, so this comes to an end whatever names say.
    let is_before = |piece: &&&Piece, next: &Piece| piece.last + 1 == next.first && piece.first < next.first;
    while next.sequence > 1
        && let Some(before) = by_salt.get(&next.previous).and_then(|all| all.iter().find(|one| is_before(one, next)))
    {
        line.push((*before).clone());
        next = before;
    }
    line.reverse();
    Line(line)
}
