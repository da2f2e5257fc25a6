//! Segment headers: what a file of the log begins with.

use super::cursor::{Cursor, Malformed};

/// What a segment begins with.
const MAGIC: [u8; 8] = *b"ecsdbWAL";

/// The version of the format that this code writes, and the only one that it reads.
const FORMAT: u32 = 1;

/// Bytes before the schema.
pub const PREFIX_BYTES: usize = 80;

/// A header fills whole units of this, so that no write of a record touches a sector of it.
pub const HEADER_STEP: usize = 4096;

/// Where the checksum stands, in a header of a segment or a snapshot file.
pub const CRC: core::ops::Range<usize> = 16..20;

/// The header of a segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// Which history the records belong to: a new one begins whenever versions may have been lost.
    pub timeline: u64,
    /// What the records of this segment are told by from what stood in the file before.
    pub salt: u64,
    /// The number of the segment in its directory, from 1.
    pub sequence: u64,
    /// The salt of the segment before; 0 for the first one.
    pub previous: u64,
    /// When it was made, in nanoseconds since 1970.
    pub created: u64,
    /// The hash of the schema.
    pub schema_hash: u64,
    /// Whether the file held something else before, so that anything may stand behind the last record.
    pub recycled: bool,
    /// The schema under which the records were written, with the ids of its tables and fields.
    pub schema: Vec<u8>,
}

/// Why a file has no header that can be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HeaderError {
    /// It was written by a later version of the crate.
    Format(u32),
    /// It is damaged, or was never written.
    Malformed(Malformed),
}

impl From<Malformed> for HeaderError {
    fn from(error: Malformed) -> Self {
        Self::Malformed(error)
    }
}

impl Header {
    /// As it stands in a file.
    pub fn to_bytes(&self) -> Vec<u8> {
        let len = (PREFIX_BYTES + self.schema.len()).next_multiple_of(HEADER_STEP);
        let mut out = Vec::with_capacity(len);
        out.extend_from_slice(&MAGIC);
        out.extend_from_slice(&FORMAT.to_le_bytes());
        out.extend_from_slice(&(len as u32).to_le_bytes());
        out.extend_from_slice(&[0; 4]);
        out.extend_from_slice(&u32::from(self.recycled).to_le_bytes());
        for number in [self.timeline, self.salt, self.sequence, self.previous, self.created, self.schema_hash] {
            out.extend_from_slice(&number.to_le_bytes());
        }
        debug_assert_eq!(out.len() + 8, PREFIX_BYTES);
        seal_header(out, &self.schema, len)
    }

    /// How long the header says that it is, that `front`, the front of a file, begins with, if it says so.
    pub fn claimed_len(front: &[u8]) -> Option<u64> {
        let len = front.get(12..16)?.try_into().ok().map(u32::from_le_bytes)?;
        front.starts_with(&MAGIC).then_some(len.into())
    }

    /// The header that `file` begins with, and its length.
    pub fn read(file: &[u8]) -> Result<(Self, usize), HeaderError> {
        let mut cursor = Cursor::new(file, 0);
        if cursor.bytes(MAGIC.len())? != MAGIC {
            return Err(Malformed { at: 0, what: "the file does not begin as a segment does".into() }.into());
        }
        let format = cursor.u32()?;
        let len = cursor.u32()? as usize;
        let Some(whole) = file.get(..len).filter(|_| len >= PREFIX_BYTES && len.is_multiple_of(HEADER_STEP)) else {
            return Err(Malformed { at: 12, what: format!("a header of {len} bytes") }.into());
        };
        let crc = cursor.u32()?;
        if crc != checksum(whole) {
            return Err(Malformed { at: CRC.start, what: "the checksum of the header is wrong".into() }.into());
        }
        if format != FORMAT {
            return Err(HeaderError::Format(format));
        }
        let flags = cursor.u32()?;
        if flags > 1 {
            // A flag that this version does not know changes what the file means.
            return Err(HeaderError::Format(format));
        }
        let mut number = || cursor.u64();
        let (timeline, salt, sequence) = (number()?, number()?, number()?);
        let (previous, created, schema_hash) = (number()?, number()?, number()?);
        let schema_len = cursor.u32()? as usize;
        cursor.bytes(4)?;
        let schema = Cursor::new(&whole[PREFIX_BYTES..], PREFIX_BYTES).bytes(schema_len)?.to_vec();
        let recycled = flags == 1;
        Ok((Self { timeline, salt, sequence, previous, created, schema_hash, recycled, schema }, len))
    }
}

/// Ends `out`, the header of a segment or a snapshot file up to the schema, which makes it `len` bytes long.
pub fn seal_header(mut out: Vec<u8>, schema: &[u8], len: usize) -> Vec<u8> {
    out.extend_from_slice(&(schema.len() as u32).to_le_bytes());
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(schema);
    out.resize(len, 0);
    let crc = checksum(&out).to_le_bytes();
    out[CRC].copy_from_slice(&crc);
    out
}

/// The checksum of a header of a segment or a snapshot file: of all bytes, with zeros where it stands.
pub fn checksum(header: &[u8]) -> u32 {
    let crc = crc32c::crc32c_append(crc32c::crc32c(&header[..CRC.start]), &[0; 4]);
    crc32c::crc32c_append(crc, &header[CRC.end..])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(schema: usize) -> Header {
        Header {
            timeline: 1,
            salt: 2,
            sequence: 3,
            previous: 4,
            created: 5,
            schema_hash: 6,
            recycled: true,
            schema: vec![9; schema],
        }
    }

    #[test]
    fn a_header_reads_as_it_was_written() {
        for schema in [0, 1, HEADER_STEP - PREFIX_BYTES, HEADER_STEP] {
            let header = header(schema);
            let mut bytes = header.to_bytes();
            let len = bytes.len();
            assert_eq!(len % HEADER_STEP, 0);
            bytes.push(1);
            assert_eq!(Header::read(&bytes), Ok((header, len)));
        }
    }

    #[test]
    fn every_flipped_byte_and_every_missing_byte_is_noticed() {
        let bytes = header(30).to_bytes();
        for at in (0..bytes.len()).step_by(if cfg!(miri) { 397 } else { 1 }) {
            let mut flipped = bytes.clone();
            flipped[at] ^= 0x10;
            assert!(Header::read(&flipped).is_err(), "byte {at}");
            assert!(Header::read(&bytes[..at]).is_err(), "{at} bytes");
        }
    }
}
