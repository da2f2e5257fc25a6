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
use crate::causes::with_causes;
use crate::media::Media;
use crate::persistence::directory::Directory;
use crate::persistence::error::{DirectoryError, IoFailure};
use crate::persistence::recovery::{RecordsEnd, SegmentFile, Span};
use crate::persistence::time::random;
use crate::persistence::zstd;

/// The folder of the numbers that were taken.
const WRITERS: &str = "writers";

/// What the objects of one segment have in common: timeline, salt, first and last version.
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
    /// What is stored under the number: the owner, for people, and a number drawn at random, by which we know our own.
    claim: Vec<u8>,
    /// How much to compress, if at all.
    level: Option<i32>,
    /// What the archive has, when it was asked for: nobody else adds to it.
    known: Option<HashMap<Mark, Vec<ArchivedSegment>>>,
    /// The same of snapshot files.
    pub(super) known_snapshots: Option<KnownSnapshots>,
}

impl Archiver {
    /// Takes the next number of `archive`: from here on, whoever had one before stores nothing any more. `owner` is kept for
    /// people who look into the archive; `level` is that of zstd, for builds that have it.
    pub fn open(archive: Arc<dyn Archive>, owner: &str, level: Option<i32>) -> Result<Self, ArchiveError> {
        let claim = format!("{owner}\n{:016x}\n", random()).into_bytes();
        let mut number = after(taken(&*archive)?.into_iter().max().unwrap_or(0))?;
        while archive.put_if_absent(&writer(number), &claim)? == Put::Present {
            number = after(number)?;
        }
        let archiver = Self { archive, number, claim, level, known: None, known_snapshots: None };
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
            tracing::info!(error = %with_causes(&error), "marks of earlier writers stay in the archive");
        }
    }

    /// Checks that this is still the one that stores.
    pub fn check(&self) -> Result<(), ArchiveError> {
        let own = self.number;
        let mut all = taken(&*self.archive)?;
        if all.is_empty() {
            // The rules of the store have let it expire, and nobody has come since.
            self.archive.put_if_absent(&writer(own), &self.claim)?;
            all = taken(&*self.archive)?;
        }
        match all.iter().copied().max() {
            Some(found) if found > own => Err(ArchiveError::Fenced { own, found }),
            // Ours is gone, so earlier ones are as well: this one has come since, and counts from the beginning again. It may have
            // come to our number.
            Some(found) if !all.contains(&own) || !self.is_ours()? => Err(ArchiveError::Fenced { own, found }),
            _ => Ok(()),
        }
    }

    /// Whether it is we who have taken our number.
    fn is_ours(&self) -> Result<bool, ArchiveError> {
        match self.archive.get(&writer(self.number)) {
            Ok(claim) => Ok(claim == self.claim),
            // Somebody has removed it just now, who has come since.
            Err(ArchiveError::Missing { .. }) => Ok(false),
            Err(error) => Err(error),
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

    /// Whether the archive says that it has the whole segment of `directory` that begins with version `first` and ends before `next`.
    pub fn has_segment(
        &mut self,
        media: &dyn Media,
        directory: &Directory,
        first: u64,
        next: u64,
    ) -> Result<bool, ArchiveError> {
        let (header, ..) = SegmentFile::front(media, directory.segment(first)).map_err(file)?;
        Ok(self.known()?.contains_key(&(header.timeline, header.salt, first, next - 1)))
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
                tracing::error!(first, next, error = %with_causes(&error), "the archive goes on behind a segment that cannot be read");
                stored.missing.push((first, next - 1));
                return Ok(stored);
            }
            (read, _) => read.map_err(file)?,
        };
        let RecordsEnd { version: mut last, at: end, .. } = segment.end();
        let mut runs = Vec::new();
        match next {
            // Whoever asks may let go of the file afterwards.
            Some(next) => {
                if let Err(error) = check_end(media, directory, &segment, next) {
                    if !makes_up(next) {
                        return Err(error);
                    }
                    tracing::error!(last, next, error = %with_causes(&error), "the archive goes on behind a damage");
                    runs = runs_behind(&segment, end, last, next);
                }
            }
            None => check_last(media, directory, &segment)?,
        }
        if let Some(span) = segment.span() {
            // What stands behind the records is nobody's.
            stored.segments.push(self.store_records(&segment, span, segment.bytes(0..span.end))?);
        }
        for (from, records) in runs {
            let run = SegmentFile::parse(segment.extract(&records), segment.path.clone(), from).map_err(file)?;
            let Some(span) = run.span() else { continue };
            stored.segments.push(self.store_records(&run, span, run.bytes(0..span.end))?);
            stored.missing.extend((last + 1 < from).then_some((last + 1, from - 1)));
            last = span.last;
        }
        stored.missing.extend(next.filter(|next| last + 1 < *next).map(|next| (last + 1, next - 1)));
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
            bytes: bytes.len() as u64,
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
        self.put(&archived.name(), archived.checksum, object)?;
        // Whoever has come meanwhile may have listed what there is before this was there, and counts on nobody else.
        self.check()?;
        self.known()?.entry(mark(&archived)).or_default().push(archived.clone());
        Ok(archived)
    }

    /// The object that has the segment already, if there is one: whoever stored it may have been stopped before it knew, and may
    /// have compressed it otherwise.
    ///
    /// A segment to which no version was added may have got marks since it was stored: of an opening and of a close. It is the same one,
    /// and is stored once more, with them.
    fn stored(&mut self, segment: &ArchivedSegment, bytes: &[u8]) -> Result<Option<ArchivedSegment>, ArchiveError> {
        let all = self.known()?.get(&mark(segment)).cloned().unwrap_or_default();
        for found in all {
            let name = found.name();
            let object = match self.archive.get(&name) {
                // Nobody can read it, so it has nothing. Others that are not there any more have expired since they were listed.
                Ok(object) if !found.is_whole(&object) => continue,
                Err(ArchiveError::Missing { .. }) => continue,
                object => found.open(&object?)?,
            };
            if object.starts_with(bytes) {
                return Ok(Some(found));
            }
            if !bytes.starts_with(&object) {
                return Err(ArchiveError::Taken { name });
            }
        }
        Ok(None)
    }

    /// What the archive has.
    fn known(&mut self) -> Result<&mut HashMap<Mark, Vec<ArchivedSegment>>, ArchiveError> {
        let known = match self.known.take() {
            Some(known) => known,
            None => {
                let mut known: HashMap<Mark, Vec<ArchivedSegment>> = HashMap::new();
                for segment in ArchivedSegment::list(&*self.archive)? {
                    known.entry(mark(&segment)).or_default().push(segment);
                }
                known
            }
        };
        Ok(self.known.insert(known))
    }
}

/// What tells a segment from others, however it was compressed.
fn mark(segment: &ArchivedSegment) -> Mark {
    (segment.timeline, segment.salt, segment.first, segment.last)
}

pub(super) fn file(error: impl Into<DirectoryError>) -> ArchiveError {
    ArchiveError::File(Box::new(error.into()))
}

/// Checks that nothing is missing at the end of `segment`, behind which a segment begins with version `next`. A repair may have left
/// out versions that a snapshot file makes up for: then it has put away what this was before, the next segment follows this one all the
/// same, and nothing stands in between.
fn check_end(media: &dyn Media, directory: &Directory, segment: &SegmentFile, next: u64) -> Result<(), ArchiveError> {
    let end = segment.end().at;
    let last = segment.span().map_or(segment.first - 1, |span| span.last);
    if next == last + 1 {
        return Ok(());
    }
    if next > last && segment.torn_bytes(end) == 0 {
        let (header, ..) = SegmentFile::front(media, directory.segment(next)).map_err(file)?;
        // It may be the rest of the same one.
        let repaired = directory.list_repaired(media).map_err(IoFailure::io("list", directory.root()));
        let is_of_repair = repaired.map_err(file)?.range(segment.first..next).next().is_some();
        if is_of_repair && [header.previous, header.salt].contains(&segment.header.salt) {
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

/// Checks that nothing is missing at the end of `segment`, the last one of a directory, as far as anything shows that there was more.
fn check_last(media: &dyn Media, directory: &Directory, segment: &SegmentFile) -> Result<(), ArchiveError> {
    let RecordsEnd { version: last, at: end, is_part } = segment.end();
    if is_part {
        return Err(file(segment.damaged(end, "it ends with a part only of the rows that were written anew there")));
    }
    let snapshots = directory.list_snapshots(media).map_err(IoFailure::io("list", directory.snapshots()));
    let (snapshots, _) = snapshots.map_err(file)?;
    if segment.shows_damage_at(end, last) || snapshots.last().is_some_and(|newest| *newest > last) {
        let what = format!("it ends with version {last}, and version {} was durable", last + 1);
        return Err(file(segment.damaged(end, what)));
    }
    Ok(())
}

fn writer(number: u64) -> String {
    format!("{WRITERS}/{number:020}")
}

/// The number that comes after `number`.
fn after(number: u64) -> Result<u64, ArchiveError> {
    // No database gets so far by counting: somebody else has put that there.
    let none = || ArchiveError::Damaged { name: writer(number), what: "no number comes after it: remove it".into() };
    number.checked_add(1).ok_or_else(none)
}

fn parse_writer(name: &str) -> Option<u64> {
    let number = name.strip_prefix(WRITERS)?.strip_prefix('/')?.parse().ok()?;
    // One number has one name. Whatever is called otherwise is somebody else's, and nobody could remove it by its number.
    (writer(number) == name).then_some(number)
}

/// The numbers that were taken, and have not expired.
fn taken(archive: &dyn Archive) -> Result<Vec<u64>, ArchiveError> {
    Ok(archive.list(WRITERS)?.iter().filter_map(|name| parse_writer(name)).collect())
}
