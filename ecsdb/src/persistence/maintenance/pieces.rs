//! A log that is spread over a directory and an archive, put in order.
//!
//! Segments know the one before them, so they are followed from the last one back. Where a directory has lost one, or has it
//! damaged, the one in the archive takes its place.

use core::ops::Range;
use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

use super::archived::Gap;
use super::closed::ClosedDirectory;
use super::error::MaintenanceError;
use super::survey::{Found, Records, Survey};
use crate::persistence::archive::{Archive, ArchivedSegment};
use crate::persistence::format::Kind;
use crate::persistence::ids::Ids;
use crate::persistence::recovery::SegmentFile;

/// Where a segment is.
#[derive(Clone, Debug)]
pub enum Place {
    /// In the directory: the front of a file.
    File(PathBuf),
    /// In the directory: what stands at these bytes of a file, behind a damage.
    Stranded(PathBuf, Range<u64>),
    /// In the archive: under one name, or under several of which some have more marks at the end than others.
    Objects(Vec<ArchivedSegment>),
}

/// A segment, or as much of it as is whole.
#[derive(Clone, Debug)]
pub struct Piece {
    /// The first version in it.
    pub first: u64,
    /// The last version in it; that before the first one if there is none.
    pub last: u64,
    /// The first version in it that is a state, if that is known: an object has to be fetched for that.
    pub whole: Option<u64>,
    /// Its number in the log.
    pub sequence: u64,
    /// The history that its versions belong to.
    pub timeline: u64,
    /// What its records are told by.
    pub salt: u64,
    /// The salt of the segment before.
    previous: u64,
    /// When the earliest and the latest of its versions were committed.
    pub times: Option<(u64, u64)>,
    /// Its tables, and the hash of their schema, if that is known.
    pub tables: Option<(Ids, u64)>,
    /// Where it is.
    pub place: Place,
}

/// Segments that follow one another, in order.
#[derive(Clone, Debug, Default)]
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

    /// The piece that has version `version`.
    pub fn with(&self, version: u64) -> Option<&Piece> {
        self.0.iter().find(|piece| (piece.first..=piece.last).contains(&version))
    }
}

/// What objects of one segment have in common in their names.
type Name = (u64, u64, u64, u64, u64, u64);

/// All segments that there are.
pub struct Pieces<'a> {
    closed: Option<&'a ClosedDirectory>,
    archive: Option<&'a dyn Archive>,
    /// Those of the directory, in order.
    own: Vec<Piece>,
    /// Those of the archive.
    archived: Vec<Piece>,
    /// Those of the directory that stand behind a damage.
    stranded: Vec<Piece>,
}

impl<'a> Pieces<'a> {
    /// Those of a directory, which was surveyed, and of an archive.
    pub fn of(
        closed: Option<(&'a ClosedDirectory, &Survey)>,
        archive: Option<&'a dyn Archive>,
    ) -> Result<Self, MaintenanceError> {
        let listed = archive.map_or(Ok(Vec::new()), ArchivedSegment::list)?;
        let archived = Self::archived(listed);
        Ok(match closed {
            Some((closed, survey)) => Self { archive, archived: archived.archived, ..Self::own(closed, survey) },
            None => Self { archive, ..archived },
        })
    }

    /// Those of an archive alone, which has listed `segments`.
    pub fn of_archive(archive: &'a dyn Archive, segments: Vec<ArchivedSegment>) -> Self {
        Self { archive: Some(archive), ..Self::archived(segments) }
    }

    /// Whether the archive has no segment.
    pub fn has_none_archived(&self) -> bool {
        self.archived.is_empty()
    }

    /// Those of an archive alone, to be put in order and not to be read.
    pub fn archived(segments: Vec<ArchivedSegment>) -> Self {
        let mut archived: Vec<Piece> = Vec::new();
        let mut places: HashMap<Name, usize> = HashMap::new();
        for segment in segments {
            let ArchivedSegment { timeline, salt, previous, sequence, first, last, .. } = segment;
            let place = *places.entry((timeline, salt, previous, sequence, first, last)).or_insert(archived.len());
            match archived.get_mut(place).map(|piece| &mut piece.place) {
                Some(Place::Objects(objects)) => objects.push(segment),
                _ => archived.push(Piece::archived(segment)),
            }
        }
        Self { closed: None, archive: None, own: Vec::new(), archived, stranded: Vec::new() }
    }

    /// Those of a directory alone.
    pub fn own(closed: &'a ClosedDirectory, survey: &Survey) -> Self {
        let (mut own, mut stranded) = (Vec::new(), Vec::new());
        for (segment, found) in survey.found() {
            own.push(Piece::front(found, segment.file.clone()));
            for records in &found.stranded {
                stranded.push(Piece::stranded(found, records, segment.file.clone()));
            }
        }
        Self { closed: Some(closed), archive: None, own, archived: Vec::new(), stranded }
    }

    /// Puts them in order: the line that the directory ends with comes first, or the latest one of an archive.
    pub fn lines(&self) -> Vec<Line> {
        let mut lines: Vec<Line> = Vec::new();
        let mut ends: Vec<&Piece> = self.own.iter().chain(&self.stranded).collect();
        ends.sort_by_key(|piece| core::cmp::Reverse(piece.first));
        let by_salt = self.by_salt();
        let followed = self.followed();
        // What goes on cannot be the latest of its history, however late it says that it is: clocks are set back.
        let goes_on = |piece: &Piece| {
            let is_front = |other: &&Piece| other.first <= piece.first && other.last > piece.last;
            followed.contains(&(piece.salt, piece.sequence, piece.last)) || by_salt[&piece.salt].iter().any(is_front)
        };
        let mut latest: Vec<&Piece> = self.archived.iter().collect();
        latest.sort_by_cached_key(|piece| {
            core::cmp::Reverse((!goes_on(piece), piece.times.map(|(_, latest)| latest), piece.last))
        });
        ends.extend(latest);
        // The parts of the segment with a salt that lines have gone through.
        let mut seen: HashMap<u64, Vec<(u64, u64)>> = HashMap::new();
        for end in ends {
            // What a line has gone through is no end.
            let has_end = |(first, last): &(u64, u64)| *first <= end.first && *last >= end.last;
            if !seen.get(&end.salt).is_some_and(|parts| parts.iter().any(has_end)) {
                let line = line_to(end, &by_salt);
                for piece in &line.0 {
                    seen.entry(piece.salt).or_default().push((piece.first, piece.last));
                }
                lines.push(line);
            }
        }
        lines
    }

    /// What each segment follows: the salt, the number and the last version of that.
    fn followed(&self) -> HashSet<(u64, u64, u64)> {
        let all = self.own.iter().chain(&self.archived).chain(&self.stranded);
        all.filter_map(|next| Some((next.previous, next.sequence.checked_sub(1)?, next.first.checked_sub(1)?)))
            .collect()
    }

    /// The segments with each salt: what is whole comes before what is left.
    fn by_salt(&self) -> HashMap<u64, Vec<&Piece>> {
        let mut by_salt: HashMap<u64, Vec<&Piece>> = HashMap::new();
        for piece in self.own.iter().chain(&self.archived).chain(&self.stranded) {
            by_salt.entry(piece.salt).or_default().push(piece);
        }
        by_salt
    }

    /// Versions that are missing in the archive where a line begins that follows something else.
    pub fn gaps(&self) -> Vec<Gap> {
        let mut gaps = Vec::new();
        for line in self.lines() {
            let is_amid = |front: &&Piece| front.previous != 0 && front.sequence > 1;
            let Some(front) = line.0.first().filter(is_amid) else { continue };
            // Of one segment a repair may have left two parts.
            let is_earlier = |piece: &&Piece| piece.sequence <= front.sequence && piece.first < front.first;
            let earlier = self.archived.iter().filter(is_earlier);
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

    /// Reads a segment: of one behind a damage, that part alone.
    pub fn read(&self, piece: &Piece) -> Result<SegmentFile, MaintenanceError> {
        match (&piece.place, self.closed, self.archive) {
            (Place::File(path), Some(closed), _) => Ok(SegmentFile::read(&*closed.media, path.clone(), piece.first)?),
            (Place::Stranded(path, records), Some(closed), _) => {
                let whole = SegmentFile::read(&*closed.media, path.clone(), piece.first)?;
                Ok(SegmentFile::parse(whole.extract(records), path.clone(), piece.first)?)
            }
            (Place::Objects(objects), _, Some(archive)) => {
                let mut read = objects.iter().map(|object| fetch(archive, object));
                let first = read.next().unwrap_or(Err(MaintenanceError::NoSegments));
                // All have the same versions. The longest one has the most marks, which say what ids are not to be given out again.
                read.fold(first, |best, next| match (best, next) {
                    (Ok(best), Ok(next)) => Ok(if next.len() > best.len() { next } else { best }),
                    (Ok(one), Err(_)) | (Err(_), Ok(one)) => Ok(one),
                    (error, Err(_)) => error,
                })
            }
            _ => unreachable!("a piece comes from the directory or from the archive"),
        }
    }

    /// The first version of a segment that is a state. Reads it if it takes that.
    pub fn whole(&self, piece: &Piece) -> Result<u64, MaintenanceError> {
        if let Some(whole) = piece.whole {
            return Ok(whole);
        }
        let segment = self.read(piece)?;
        let parts = segment.heads().take_while(|(head, _)| head.kind == Kind::Part);
        Ok(parts.last().map_or(piece.first, |(head, _)| head.version + 1))
    }
}

impl Piece {
    /// The records that a segment begins with.
    fn front(found: &Found, file: PathBuf) -> Self {
        let previous = found.header.previous;
        Self { previous, place: Place::File(file), ..Self::stranded(found, &found.front, PathBuf::new()) }
    }

    /// Some records of a segment, which follow nothing that is whole.
    fn stranded(found: &Found, records: &Records, file: PathBuf) -> Self {
        let header = &found.header;
        Self {
            first: records.first,
            last: records.last,
            whole: Some(records.whole),
            sequence: header.sequence,
            timeline: header.timeline,
            salt: header.salt,
            previous: 0,
            times: records.times,
            tables: Some((found.ids.clone(), header.schema_hash)),
            place: Place::Stranded(file, records.from..records.end),
        }
    }

    fn archived(segment: ArchivedSegment) -> Self {
        Self {
            first: segment.first,
            last: segment.last,
            whole: None,
            sequence: segment.sequence,
            timeline: segment.timeline,
            salt: segment.salt,
            previous: segment.previous,
            times: Some((segment.earliest, segment.latest)),
            tables: None,
            place: Place::Objects(vec![segment]),
        }
    }

    /// Whether it goes on from a snapshot file with the salt `salt`, whose version is in the segment with the salt `log`, or ends it.
    pub fn follows(&self, log: u64, salt: u64) -> bool {
        let is_rest = log != 0 && self.salt == log;
        is_rest || self.previous != 0 && [log, salt].contains(&self.previous)
    }

    /// The file that it is in, if it is in the directory.
    pub fn file(&self) -> Option<&PathBuf> {
        match &self.place {
            Place::File(file) | Place::Stranded(file, _) => Some(file),
            Place::Objects(_) => None,
        }
    }
}

/// Fetches a segment.
fn fetch(archive: &dyn Archive, object: &ArchivedSegment) -> Result<SegmentFile, MaintenanceError> {
    let name = object.name();
    let bytes = object.open(&archive.get(&name)?)?;
    Ok(SegmentFile::parse(bytes, name.into(), object.first)?)
}

/// The line that ends with `end`.
fn line_to(end: &Piece, by_salt: &HashMap<u64, Vec<&Piece>>) -> Line {
    let mut line = vec![end.clone()];
    let mut next = end;
    // Their numbers go down, so this comes to an end whatever names say.
    let is_before = |piece: &Piece, next: &Piece| {
        (piece.sequence.checked_add(1), piece.last + 1) == (Some(next.sequence), next.first)
    };
    while let Some(before) = by_salt.get(&next.previous).and_then(|all| all.iter().find(|one| is_before(one, next))) {
        line.push((*before).clone());
        next = before;
    }
    line.reverse();
    Line(line)
}
