//! Snapshot files in an archive: what the names of their objects say.
//!
//! A snapshot file is stored in parts of a size that any store takes, so that neither side needs the memory for a whole one. It is
//! there when all parts are. Only complete files are stored: each can be restored by itself, whatever else has expired.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Archive, ArchiveError};
use crate::persistence::json;
use crate::persistence::zstd;

/// The folder of the snapshot files.
const SNAPSHOTS: &str = "snapshots";

/// The endings of objects: as they were, and compressed.
const PLAIN: &str = ".snap";
const PACKED: &str = ".snap.zst";

/// How many bytes of a file a part has; the last one may have fewer.
pub(super) const PART_BYTES: u64 = 64 << 20;

/// A snapshot file in an archive, as the names of its objects say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ArchivedSnapshot {
    /// The history that its version belongs to.
    #[serde(serialize_with = "json::hex")]
    pub timeline: u64,
    /// The version that it holds.
    pub version: u64,
    /// When that was committed, in nanoseconds since 1970; if its directory did not have the log of it, when the file was made.
    pub time: u64,
    /// The salt of the segment that the version is in, so that the file is never taken for one of another log; that which the next segment
    /// says it follows, if the directory had only that; 0 if it had neither.
    #[serde(serialize_with = "json::hex")]
    pub log: u64,
    /// What the frames of the file are told by: no two files have the same.
    #[serde(serialize_with = "json::hex")]
    pub salt: u64,
    /// How many parts the file has.
    pub count: u32,
    /// The parts that are there, in order.
    pub parts: Vec<SnapshotPart>,
}

/// A part of a snapshot file in an archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[non_exhaustive]
pub struct SnapshotPart {
    /// Its number, from 0.
    pub number: u32,
    /// The CRC32C of the object.
    pub checksum: u32,
    /// Whether it is compressed.
    pub is_compressed: bool,
}

impl ArchivedSnapshot {
    /// All snapshot files in `archive`, in the order of their versions; also those of which parts are missing.
    ///
    /// # Errors
    /// If the archive refuses.
    pub fn list(archive: &dyn Archive) -> Result<Vec<Self>, ArchiveError> {
        let mut files: BTreeMap<[u64; 6], Self> = BTreeMap::new();
        for (file, part) in archive.list(SNAPSHOTS)?.iter().filter_map(|name| Self::parse(name)) {
            let Self { timeline, version, time, log, salt, count, .. } = file;
            let parts = &mut files.entry([version, timeline, time, log, salt, u64::from(count)]).or_insert(file).parts;
            // One that was compressed otherwise holds the same.
            if !parts.iter().any(|known| known.number == part.number) {
                parts.push(part);
            }
        }
        Ok(files
            .into_values()
            .map(|mut file| {
                file.parts.sort_unstable();
                file
            })
            .collect())
    }

    /// Whether all parts are there.
    pub fn is_whole(&self) -> bool {
        self.parts.len() as u64 == u64::from(self.count)
    }

    /// The name of the object that holds `part`.
    pub fn name(&self, part: &SnapshotPart) -> String {
        let Self { timeline, version, time, log, salt, count, .. } = self;
        let SnapshotPart { number, checksum, is_compressed } = part;
        let ending = if *is_compressed { PACKED } else { PLAIN };
        format!(
            "{SNAPSHOTS}/{timeline:016x}-{version:020}-{time:020}-{log:016x}-{salt:016x}-{number:05}-{count:05}-\
             {checksum:08x}{ending}"
        )
    }

    /// What all objects of the file are called: what is said of it as a whole.
    pub fn title(&self) -> String {
        let Self { timeline, version, time, log, salt, .. } = self;
        format!("{SNAPSHOTS}/{timeline:016x}-{version:020}-{time:020}-{log:016x}-{salt:016x}")
    }

    /// What `name` says, if it is that of a part of a snapshot file: the file without its parts, and the part.
    pub fn parse(name: &str) -> Option<(Self, SnapshotPart)> {
        let rest = name.strip_prefix(SNAPSHOTS)?.strip_prefix('/')?;
        let (numbers, is_compressed) = match rest.strip_suffix(PACKED) {
            Some(numbers) => (numbers, true),
            None => (rest.strip_suffix(PLAIN)?, false),
        };
        let mut parts = numbers.split('-');
        let mut number = |radix| u64::from_str_radix(parts.next()?, radix).ok();
        let (timeline, version, time, log, salt) = (number(16)?, number(10)?, number(10)?, number(16)?, number(16)?);
        let (part, count) = (u32::try_from(number(10)?).ok()?, u32::try_from(number(10)?).ok()?);
        let part = SnapshotPart { number: part, checksum: u32::try_from(number(16)?).ok()?, is_compressed };
        let file = Self { timeline, version, time, log, salt, count, parts: Vec::new() };
        // A part has one name, and a version may come after that of the file.
        let is_possible = part.number < count && 0 < version && version < u64::MAX;
        (is_possible && file.name(&part) == name).then_some((file, part))
    }

    /// The bytes of `part`.
    pub(crate) fn fetch(&self, archive: &dyn Archive, part: &SnapshotPart) -> Result<Vec<u8>, ArchiveError> {
        let name = self.name(part);
        let object = archive.get(&name)?;
        let found = crc32c::crc32c(&object);
        if found != part.checksum {
            let what = format!("its checksum is {found:08x} and should be {:08x}", part.checksum);
            return Err(ArchiveError::Damaged { name, what });
        }
        if !part.is_compressed {
            return Ok(object);
        }
        match zstd::decompress(&object, PART_BYTES as usize) {
            Some(bytes) => bytes.map_err(|error| ArchiveError::Damaged { name, what: error.to_string() }),
            None => Err(ArchiveError::Compressed { name }),
        }
    }
}
