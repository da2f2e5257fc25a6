//! What the names of objects say.
//!
//! A segment in an archive says by its name what it holds, so that whoever looks for a version or a time finds it by listing, and
//! a list is never out of step with what it lists.

use serde::Serialize;

use super::{Archive, ArchiveError};
use crate::persistence::json;
use crate::persistence::zstd;

/// The folder of the segments.
const SEGMENTS: &str = "segments";

/// The endings of objects: as they were, and compressed.
const PLAIN: &str = ".wal";
const PACKED: &str = ".wal.zst";

/// A finished segment of a log in an archive, as its name says.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[non_exhaustive]
pub struct ArchivedSegment {
    /// The history that its versions belong to.
    #[serde(serialize_with = "json::hex")]
    pub timeline: u64,
    /// The number of the segment in its directory.
    pub sequence: u64,
    /// The first version in it.
    pub first: u64,
    /// The last version in it.
    pub last: u64,
    /// When the earliest of its versions was committed, in nanoseconds since 1970.
    pub earliest: u64,
    /// When the latest of its versions was committed.
    pub latest: u64,
    /// What its records are told by.
    #[serde(serialize_with = "json::hex")]
    pub salt: u64,
    /// The salt of the segment before.
    #[serde(serialize_with = "json::hex")]
    pub previous: u64,
    /// Bytes of the segment: what comes out of the object, however that is compressed.
    pub bytes: u64,
    /// The CRC32C of the object.
    pub checksum: u32,
    /// Whether it is compressed.
    pub is_compressed: bool,
}

impl ArchivedSegment {
    /// The name of the object.
    pub fn name(&self) -> String {
        let Self { timeline, sequence, first, last, earliest, latest, salt, previous, bytes, .. } = self;
        let Self { checksum, is_compressed, .. } = self;
        let ending = if *is_compressed { PACKED } else { PLAIN };
        format!(
            "{SEGMENTS}/{timeline:016x}-{sequence:020}-{first:020}-{last:020}-{earliest:020}-{latest:020}-{salt:016x}-\
             {previous:016x}-{bytes:020}-{checksum:08x}{ending}"
        )
    }

    /// All segments in `archive`.
    ///
    /// # Errors
    /// If the archive refuses.
    pub fn list(archive: &dyn Archive) -> Result<Vec<Self>, ArchiveError> {
        Ok(archive.list(SEGMENTS)?.iter().filter_map(|name| Self::parse(name)).collect())
    }

    /// What `name` says, if it is that of a segment.
    pub fn parse(name: &str) -> Option<Self> {
        let rest = name.strip_prefix(SEGMENTS)?.strip_prefix('/')?;
        let (numbers, is_compressed) = match rest.strip_suffix(PACKED) {
            Some(numbers) => (numbers, true),
            None => (rest.strip_suffix(PLAIN)?, false),
        };
        let mut parts = numbers.split('-');
        let mut number = |radix| u64::from_str_radix(parts.next()?, radix).ok();
        let parsed = Self {
            timeline: number(16)?,
            sequence: number(10)?,
            first: number(10)?,
            last: number(10)?,
            earliest: number(10)?,
            latest: number(10)?,
            salt: number(16)?,
            previous: number(16)?,
            bytes: number(10)?,
            checksum: u32::try_from(number(16)?).ok()?,
            is_compressed,
        };
        // One segment has one name. There is a version in it, and one may come after it.
        let is_span = 0 < parsed.first && parsed.first <= parsed.last && parsed.last < u64::MAX;
        (is_span && parsed.name() == name).then_some(parsed)
    }

    /// Whether `object` is the one that the name is about.
    pub(crate) fn is_whole(&self, object: &[u8]) -> bool {
        crc32c::crc32c(object) == self.checksum
    }

    /// The bytes of the segment, from those of the object. No more memory is taken than the name says.
    pub(crate) fn open(&self, object: &[u8]) -> Result<Vec<u8>, ArchiveError> {
        let name = self.name();
        let damaged = |what: String| ArchiveError::Damaged { name: name.clone(), what };
        let found = crc32c::crc32c(object);
        if found != self.checksum {
            return Err(damaged(format!("its checksum is {found:08x} and should be {:08x}", self.checksum)));
        }
        let bytes = if self.is_compressed {
            let unpacked = zstd::decompress(object, usize::try_from(self.bytes).unwrap_or(usize::MAX));
            let unpacked = unpacked.ok_or_else(|| ArchiveError::Compressed { name: name.clone() })?;
            unpacked.map_err(|error| damaged(error.to_string()))?
        } else {
            object.to_vec()
        };
        match bytes.len() as u64 == self.bytes {
            true => Ok(bytes),
            false => Err(damaged(format!("{} bytes are in it, and its name says {}", bytes.len(), self.bytes))),
        }
    }
}
