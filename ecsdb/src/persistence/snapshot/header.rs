//! Headers of snapshot files.

use crate::persistence::format::{CRC, Cursor, HeaderError, Malformed, checksum, seal_header};

/// What a snapshot file begins with.
const MAGIC: [u8; 8] = *b"ecsdbSNP";

/// The version of the format that this code writes, and the only one that it reads.
const FORMAT: u32 = 1;

/// Bytes before the schema.
pub const PREFIX_BYTES: usize = 88;

/// Headers are no longer than this: far more than the largest schema takes.
const HEADER_BYTES_MAX: u32 = 64 << 20;

/// The header of a snapshot file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnapshotHeader {
    /// Which history the version belongs to.
    pub timeline: u64,
    /// What the frames of this file are told by from those of others.
    pub salt: u64,
    /// The version that the file holds.
    pub version: u64,
    /// When that was the last one, in nanoseconds since 1970.
    pub time: u64,
    /// What the file goes on from, if it does not hold everything.
    pub base: Option<Base>,
    /// The hash of the schema.
    pub schema_hash: u64,
    /// The schema, as in the header of a segment.
    pub schema: Vec<u8>,
}

/// Another snapshot file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Base {
    /// Its version.
    pub version: u64,
    /// Its salt.
    pub salt: u64,
}

impl SnapshotHeader {
    /// As it stands in a file.
    pub fn to_bytes(&self) -> Vec<u8> {
        let len = (PREFIX_BYTES + self.schema.len()).next_multiple_of(8);
        let base = self.base.unwrap_or(Base { version: 0, salt: 0 });
        let mut out = Vec::with_capacity(len);
        out.extend_from_slice(&MAGIC);
        out.extend_from_slice(&FORMAT.to_le_bytes());
        out.extend_from_slice(&(len as u32).to_le_bytes());
        // The checksum, and flags, of which there are none.
        out.extend_from_slice(&[0; 8]);
        let numbers = [self.timeline, self.salt, self.version, self.time, base.version, base.salt, self.schema_hash];
        for number in numbers {
            out.extend_from_slice(&number.to_le_bytes());
        }
        debug_assert_eq!(out.len() + 8, PREFIX_BYTES);
        seal_header(out, &self.schema, len)
    }

    /// The header that `file` begins with, or what is wrong with it.
    pub fn of(file: &[u8]) -> Result<Self, String> {
        let cut = || "the file ends in its header".to_owned();
        let len = Self::len(file.get(..PREFIX_BYTES).ok_or_else(cut)?).map_err(|error| error.what)?;
        Self::read(file.get(..len).ok_or_else(cut)?).map_err(|error| match error {
            HeaderError::Format(found) => format!("a file of format {found}, which this version does not know"),
            HeaderError::Malformed(error) => error.what,
        })
    }

    /// How many bytes the header has, of which `front` are the first [`PREFIX_BYTES`].
    pub fn len(front: &[u8]) -> Result<usize, Malformed> {
        let mut cursor = Cursor::new(front, 0);
        if cursor.bytes(MAGIC.len())? != MAGIC {
            return Err(Malformed { at: 0, what: "the file does not begin as a snapshot file does".into() });
        }
        cursor.u32()?;
        let len = cursor.u32()?;
        if (len as usize) < PREFIX_BYTES || len > HEADER_BYTES_MAX || !len.is_multiple_of(8) {
            return Err(Malformed { at: 12, what: format!("a header of {len} bytes") });
        }
        Ok(len as usize)
    }

    /// The header that `whole` is.
    pub fn read(whole: &[u8]) -> Result<Self, HeaderError> {
        let mut cursor = Cursor::new(whole, 0);
        cursor.bytes(MAGIC.len())?;
        let format = cursor.u32()?;
        cursor.u32()?;
        if cursor.u32()? != checksum(whole) {
            return Err(Malformed { at: CRC.start, what: "the checksum of the header is wrong".into() }.into());
        }
        // A flag that this version does not know changes what the file means.
        if format != FORMAT || cursor.u32()? != 0 {
            return Err(HeaderError::Format(format));
        }
        let mut number = || cursor.u64();
        let (timeline, salt, version, time) = (number()?, number()?, number()?, number()?);
        let base = Base { version: number()?, salt: number()? };
        let schema_hash = number()?;
        let schema_len = cursor.u32()? as usize;
        cursor.bytes(4)?;
        let schema = cursor.bytes(schema_len)?.to_vec();
        let base = (base.salt != 0).then_some(base);
        Ok(Self { timeline, salt, version, time, base, schema_hash, schema })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_reads_as_it_was_written_and_every_flipped_byte_is_noticed() {
        for (schema, base) in [(0, None), (1, Some(Base { version: 3, salt: 9 })), (8, None), (5000, None)] {
            let header = SnapshotHeader {
                timeline: 1,
                salt: 2,
                version: 3,
                time: 4,
                base,
                schema_hash: 5,
                schema: vec![7; schema],
            };
            let bytes = header.to_bytes();
            assert_eq!(SnapshotHeader::len(&bytes[..PREFIX_BYTES]), Ok(bytes.len()));
            assert_eq!(SnapshotHeader::read(&bytes), Ok(header));
            for at in (0..bytes.len()).step_by(if cfg!(miri) { 997 } else { 1 }) {
                let mut flipped = bytes.clone();
                flipped[at] ^= 0x10;
                let len = SnapshotHeader::len(&flipped[..PREFIX_BYTES]);
                assert!(len != Ok(bytes.len()) || SnapshotHeader::read(&flipped).is_err(), "byte {at}");
            }
        }
    }
}
