//! A log that is spread over a directory and an archive, put in order.
//!
//! Segments know the one before them, so they are followed from the last one back. Where a directory has lost one, or has it
//! damaged, the one in the archive takes its place.

use std::path::PathBuf;

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

    /// Puts them in order: the line that the directory ends with comes first, or the latest one of an archive.
    pub fn lines(&self) -> Vec<Line> {
        let mut lines: Vec<Line> = Vec::new();
        let mut ends: Vec<&Piece> = self.own.iter().rev().collect();
        let mut latest: Vec<&Piece> = self.archived.iter().collect();
        latest.sort_by_key(|piece| core::cmp::Reverse((piece.times.map(|(_, latest)| latest), piece.last)));
        ends.extend(latest);
        for end in ends {
            // What a line has gone through is no end.
            let is_known = lines.iter().any(|line| line.0.iter().any(|piece| piece.covers(end)));
            if !is_known {
                lines.push(self.line_to(end));
            }
        }
        lines
    }

    /// The line that ends with `end`.
    fn line_to(&self, end: &Piece) -> Line {
        let mut line = vec![end.clone()];
        let mut next = end;
        let all = || self.own.iter().chain(&self.archived);
        while let Some(before) = all().find(|piece| piece.salt == next.previous && piece.last + 1 == next.first) {
            line.push(before.clone());
            next = before;
            if next.sequence <= 1 {
                break;
            }
        }
        line.reverse();
        Line(line)
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

    /// Whether it has everything that `other` has.
    fn covers(&self, other: &Self) -> bool {
        self.salt == other.salt && self.last >= other.last
    }
}
