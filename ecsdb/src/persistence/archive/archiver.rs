//! Storing, as the only one.
//!
//! Whoever opens an archive to store in it takes the next number there. Who finds a higher one than its own has been replaced, and
//! stores nothing any more. The names of segments have their salts, so even what two store at the same moment is never
//! mixed up.

use core::ops::Range;
use std::collections::HashMap;
use std::sync::Arc;

use super::storing::KnownSnapshots;
use super::{Archive, ArchiveError, ArchivedSegment, Put};
use crate::media::Media;
use crate::persistence::directory::Directory;
use crate::persistence::error::DirectoryError;
use crate::persistence::recovery::{SegmentFile, Span};
use crate::persistence::zstd;

/// The folder of the numbers that were taken.
const WRITERS: &str = "writers";

/// What two objects of one segment have in common: timeline, salt, first and last version.
type Mark = (u64, u64, u64, u64);

/// What has become of a segment that was to be stored.
#[derive(Debug, Default)]
pub struct StoredSegment {
    /// The objects that have it: nothing if there is no version in it, and more than one if something in the middle is damaged.
    pub segments: Vec<ArchivedSegment>,
    /// Versions of it that cannot be read: the first and the last one of each run.
    pub missing: Vec<(u64, u64)>,
}

/// The side of an archive that stores.
pub struct Archiver {
    archive: Arc<dyn Archive>,
    /// The number that was taken.
    number: u64,
    /// Kept with the number, for people.
    owner: String,
    /// How much to compress, if at all.
    level: Option<i32>,
    /// What the archive has, when it was asked for: nobody else adds to it.
    known: Option<HashMap<Mark, ArchivedSegment>>,
    /// The same of snapshot files.
    pub(super) known_snapshots: Option<KnownSnapshots>,
}

impl Archiver {
    /// Takes the next number of `archive`: from here on, whoever had one before stores nothing any more. `owner` is kept for
    /// people who look into the archive; `level` is that of zstd, for builds that have it.
    pub fn open(archive: Arc<dyn Archive>, owner: &str, level: Option<i32>) -> Result<Self, ArchiveError> {
        let mut number = taken(&*archive)?.into_iter().max().unwrap_or(0) + 1;
        while archive.put_if_absent(&writer(number), owner.as_bytes())? == Put::Present {
            number += 1;
        }
        let archiver = Self { archive, number, owner: owner.to_owned(), level, known: None, known_snapshots: None };
        archiver.tidy();
        Ok(archiver)
    }

    /// Removes the numbers of earlier ones, which say nothing that this one does not say. Nothing depends on it, so whoever may not
    /// remove anything from the archive does not have to.
    fn tidy(&self) {
        let tidied = taken(&*self.archive).and_then(|all| {
            let mut earlier = all.into_iter().filter(|number| *number < self.number);
            earlier.try_for_each(|number| self.archive.remove(&writer(number)))
        });
        if let Err(error) = tidied {
            tracing::info!(%error, "marks of earlier writers stay in the archive");
        }
    }

    /// Checks that this is still the one that stores.
    pub fn check(&self) -> Result<(), ArchiveError> {
        let own = self.number;
        let mut all = taken(&*self.archive)?;
        if all.is_empty() {
            // The rules of the store have let it expire, and nobody has come since.
            self.archive.put_if_absent(&writer(own), self.owner.as_bytes())?;
            all = taken(&*self.archive)?;
        }
        match all.iter().copied().max() {
            Some(found) if found > own => Err(ArchiveError::Fenced { own, found }),
            // Ours is gone, so earlier ones are as well: this one has come since, and counts from the beginning again.
            Some(found) if !all.contains(&own) => Err(ArchiveError::Fenced { own, found }),
            _ => Ok(()),
        }
    }

    /// The archive.
    pub(super) fn archive(&self) -> &dyn Archive {
        &*self.archive
    }

    /// How much to compress, in a build that can.
    pub(super) fn level(&self) -> Option<i32> {
        self.level.filter(|_| zstd::IS_THERE)
    }

    /// Stores the segment of `directory` whose first version is `first`, and to which nothing is written any more; the next one
    /// begins with version `next`, if there is one. When this returns, the archive has it durably. Storing one again does no
    /// harm.
    ///
    /// A segment that is damaged is refused, unless the archive has a snapshot file of version `held` and nothing before that needs what is
    /// missing: then what is good of it is stored.
    pub fn store_segment(
        &mut self,
        media: &dyn Media,
        directory: &Directory,
        first: u64,
        next: Option<u64>,
        held: Option<u64>,
    ) -> Result<StoredSegment, ArchiveError> {
        self.check()?;
        let makes_up = |next: u64| held.is_some_and(|held| held >= next - 1);
        let mut stored = StoredSegment::default();
        let segment = match (SegmentFile::read(media, directory.segment(first), first), next) {
            (Err(error), Some(next)) if error.damage().is_some() && makes_up(next) => {
                tracing::error!(first, next, %error, "the archive goes on behind a segment that cannot be read");
                stored.missing.push((first, next - 1));
                return Ok(stored);
            }
            (read, _) => read.map_err(file)?,
        };
        let (front, end) = segment.heads().last().map_or((first - 1, segment.start), |(head, end)| (head.version, end));
        let mut last = front;
        if let Some(span) = segment.span() {
            // What stands behind the records is nobody's.
            stored.segments.push(self.store_records(&segment, span, segment.bytes(0..span.end))?);
        }
        let Some(next) = next else { return Ok(stored) };
        // Whoever asks may let go of the file afterwards.
        if let Err(error) = check_end(media, directory, &segment, next) {
            if !makes_up(next) {
                return Err(error);
            }
            tracing::error!(last, next, %error, "the archive goes on behind a damage");
            for (from, records) in runs_behind(&segment, end, last, next) {
                let run = SegmentFile::parse(segment.extract(&records), segment.path.clone(), from).map_err(file)?;
                let Some(span) = run.span() else { continue };
                stored.segments.push(self.store_records(&run, span, run.bytes(0..span.end))?);
                stored.missing.extend((last + 1 < from).then_some((last + 1, from - 1)));
                last = span.last;
            }
        }
        stored.missing.extend((last + 1 < next).then_some((last + 1, next - 1)));
        Ok(stored)
    }

    /// Stores `bytes`, which are the records of `segment`, with its header.
    fn store_records(
        &mut self,
        segment: &SegmentFile,
        span: Span,
        bytes: &[u8],
    ) -> Result<ArchivedSegment, ArchiveError> {
        let header = &segment.header;
        let mut archived = ArchivedSegment {
            timeline: header.timeline,
            sequence: header.sequence,
            first: segment.first,
            last: span.last,
            earliest: span.earliest,
            latest: span.latest,
            salt: header.salt,
            previous: header.previous,
            checksum: 0,
            is_compressed: false,
        };
        if let Some(stored) = self.stored(&archived, bytes)? {
            return Ok(stored);
        }
        let mut packed = Vec::new();
        let level = self.level();
        if let Some(level) = level {
            let path = segment.path.display().to_string();
            zstd::compress(bytes, level, &mut packed).map_err(ArchiveError::store("compress", &path))?;
        }
        archived.is_compressed = level.is_some();
        let object = if archived.is_compressed { &packed } else { bytes };
        archived.checksum = crc32c::crc32c(object);
        self.put(&archived.name(), object)?;
        // Whoever has come meanwhile may have listed what there is before this was there, and counts on nobody else.
        self.check()?;
        self.known()?.insert(mark(&archived), archived.clone());
        Ok(archived)
    }

    /// The object that has the segment already, if there is one: whoever stored it may have been stopped before it knew, and may
    /// have compressed it otherwise.
    fn stored(&mut self, segment: &ArchivedSegment, bytes: &[u8]) -> Result<Option<ArchivedSegment>, ArchiveError> {
        let Some(found) = self.known()?.get(&mark(segment)).cloned() else { return Ok(None) };
        let name = found.name();
        let same = found.open(&self.archive.get(&name)?)? == bytes;
        if same { Ok(Some(found)) } else { Err(ArchiveError::Taken { name }) }
    }

    /// What the archive has.
    fn known(&mut self) -> Result<&mut HashMap<Mark, ArchivedSegment>, ArchiveError> {
        let known = match self.known.take() {
            Some(known) => known,
            None => {
                let all = ArchivedSegment::list(&*self.archive)?;
                all.into_iter().map(|segment| (mark(&segment), segment)).collect()
            }
        };
        Ok(self.known.insert(known))
    }
}

/// What tells a segment from others, however it was compressed.
fn mark(segment: &ArchivedSegment) -> Mark {
    (segment.timeline, segment.salt, segment.first, segment.last)
}

pub(super) fn file(error: DirectoryError) -> ArchiveError {
    ArchiveError::File(error.into())
}

/// Checks that nothing is missing at the end of `segment`, behind which a segment begins with version `next`. A repair may have left
/// out versions that a snapshot file makes up for: then the next segment follows this one all the same, and nothing stands in
/// between.
fn check_end(media: &dyn Media, directory: &Directory, segment: &SegmentFile, next: u64) -> Result<(), ArchiveError> {
    let end = segment.heads().last().map_or(segment.start, |(_, end)| end);
    let last = segment.span().map_or(segment.first - 1, |span| span.last);
    if next == last + 1 {
        return Ok(());
    }
    if next > last && segment.torn_bytes(end) == 0 {
        let (header, ..) = SegmentFile::front(media, directory.segment(next)).map_err(file)?;
        // It may be the rest of the same one.
        if [header.previous, header.salt].contains(&segment.header.salt) {
            tracing::warn!(last, next, "the archive goes on behind versions that a repair has left out");
            return Ok(());
        }
    }
    let what = format!("it ends with version {last}, and the next segment begins with {next}");
    Err(file(segment.damaged(end, what)))
}

/// Records of `segment` that follow one another behind `end`, where a damage is after version `last`, with versions before `next`: the
/// first version of each run, and where it stands.
fn runs_behind(segment: &SegmentFile, end: usize, last: u64, next: u64) -> Vec<(u64, Range<u64>)> {
    let mut runs: Vec<(u64, Range<u64>)> = Vec::new();
    let mut last = last;
    for (at, head, len) in segment.behind(end) {
        let (at, len) = (at as u64, len as u64);
        match runs.last_mut().filter(|(_, records)| records.end == at) {
            Some((_, records)) if head.version == last + u64::from(head.kind.has_version()) => records.end += len,
            _ if head.kind.has_version() && (last + 1..next).contains(&head.version) => {
                runs.push((head.version, at..at + len));
            }
            _ => continue,
        }
        last = head.version;
    }
    runs
}

fn writer(number: u64) -> String {
    format!("{WRITERS}/{number:020}")
}

fn parse_writer(name: &str) -> Option<u64> {
    name.strip_prefix(WRITERS)?.strip_prefix('/')?.parse().ok()
}

/// The numbers that were taken, and have not expired.
fn taken(archive: &dyn Archive) -> Result<Vec<u64>, ArchiveError> {
    Ok(archive.list(WRITERS)?.iter().filter_map(|name| parse_writer(name)).collect())
}
