//! Storing, as the only one.
//!
//! Whoever opens an archive to store in it takes the next number there. Who finds a higher one than its own has been replaced, and
//! stores nothing any more. The names of segments have their salts, so even what two store at the same moment is never
//! mixed up.

use std::path::Path;
use std::sync::Arc;

use super::{Archive, ArchiveError, ArchivedSegment, Put};
use crate::media::Media;
use crate::persistence::recovery::SegmentFile;

/// The folder of the numbers that were taken.
const WRITERS: &str = "writers";

/// The side of an archive that stores.
pub struct Archiver {
    archive: Arc<dyn Archive>,
    /// The number that was taken.
    number: u64,
    /// How much to compress, if at all.
    level: Option<i32>,
}

impl Archiver {
    /// Takes the next number of `archive`: from here on, whoever had one before stores nothing any more. `owner` is kept for
    /// people who look into the archive; `level` is that of zstd, for builds that have it.
    pub fn open(archive: Arc<dyn Archive>, owner: &str, level: Option<i32>) -> Result<Self, ArchiveError> {
        let mut number = highest(&*archive)? + 1;
        while archive.put_if_absent(&writer(number), owner.as_bytes())? == Put::Present {
            number += 1;
        }
        // Earlier ones say nothing that this one does not say.
        for name in archive.list(WRITERS)? {
            if parse_writer(&name).is_some_and(|earlier| earlier < number) {
                archive.remove(&name)?;
            }
        }
        Ok(Self { archive, number, level })
    }

    /// Whether this is still the one that stores.
    pub fn check(&self) -> Result<(), ArchiveError> {
        match highest(&*self.archive)? {
            found if found > self.number => Err(ArchiveError::Fenced { own: self.number, found }),
            _ => Ok(()),
        }
    }

    /// Stores the segment at `path`, whose first version is `first`, and to which nothing is written any more; the next one
    /// begins with version `next`, if there is one. When this returns, the archive has it durably. Storing one again does no
    /// harm. Returns nothing if there is no version in it.
    pub fn store_segment(
        &self,
        media: &dyn Media,
        path: &Path,
        first: u64,
        next: Option<u64>,
    ) -> Result<Option<ArchivedSegment>, ArchiveError> {
        self.check()?;
        let segment =
            SegmentFile::read(media, path.to_owned(), first).map_err(|error| ArchiveError::File(error.into()))?;
        let span = segment.span();
        let (end, last) = span.map_or((segment.start, first - 1), |span| (span.end, span.last));
        if let Some(next) = next.filter(|next| *next != last + 1) {
            // Whoever asks may let go of the file afterwards.
            let what = format!("it ends with version {last}, and the next segment begins with {next}");
            return Err(ArchiveError::File(segment.damaged(end, what).into()));
        }
        let Some(span) = span else { return Ok(None) };
        // What stands behind the records is nobody's.
        let bytes = segment.bytes(0..span.end);
        let header = &segment.header;
        let mut archived = ArchivedSegment {
            timeline: header.timeline,
            sequence: header.sequence,
            first,
            last: span.last,
            earliest: span.earliest,
            latest: span.latest,
            salt: header.salt,
            previous: header.previous,
            checksum: 0,
            is_compressed: false,
        };
        if let Some(stored) = self.stored(&archived, bytes)? {
            return Ok(Some(stored));
        }
        let packed = super::compression::pack(&path.display().to_string(), bytes, self.level)?;
        archived.is_compressed = packed.is_some();
        let object = packed.as_deref().unwrap_or(bytes);
        archived.checksum = crc32c::crc32c(object);
        let name = archived.name();
        if self.archive.put_if_absent(&name, object)? == Put::Present && self.archive.get(&name)? != object {
            return Err(ArchiveError::Taken { name });
        }
        Ok(Some(archived))
    }

    /// The object that has the segment already, if there is one: whoever stored it may have been stopped before it knew, and may
    /// have compressed it otherwise.
    fn stored(&self, segment: &ArchivedSegment, bytes: &[u8]) -> Result<Option<ArchivedSegment>, ArchiveError> {
        for found in ArchivedSegment::list(&*self.archive)? {
            let mark = |segment: &ArchivedSegment| (segment.timeline, segment.salt, segment.first, segment.last);
            if mark(&found) != mark(segment) {
                continue;
            }
            let name = found.name();
            let same = found.open(&self.archive.get(&name)?)? == bytes;
            return if same { Ok(Some(found)) } else { Err(ArchiveError::Taken { name }) };
        }
        Ok(None)
    }
}

fn writer(number: u64) -> String {
    format!("{WRITERS}/{number:020}")
}

fn parse_writer(name: &str) -> Option<u64> {
    name.strip_prefix(WRITERS)?.strip_prefix('/')?.parse().ok()
}

/// The highest number that was taken; 0 if none was.
fn highest(archive: &dyn Archive) -> Result<u64, ArchiveError> {
    Ok(archive.list(WRITERS)?.iter().filter_map(|name| parse_writer(name)).max().unwrap_or(0))
}
