//! Frames: what stands in a snapshot file behind its header.

use crate::limits::{CHUNK_BLOCKS, SLOTS_MAX, TABLES_MAX};
use crate::persistence::format::{Cursor, Malformed};

/// Bytes before the body of a frame.
pub const FRAME_BYTES: usize = 40;

/// Frames have lengths that are multiples of this.
const ALIGN: usize = 8;

/// What a frame holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameKind {
    /// The entities of a chunk.
    Entities,
    /// The rows of a chunk of a table, or some of them.
    Rows,
    /// The end of the file: totals, and what is in no chunk.
    End,
}

/// How a body is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Codec {
    /// As it is.
    Raw,
    /// Compressed with zstd.
    Zstd,
}

/// What stands at the front of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameHead {
    /// Bytes of the body in the file.
    pub stored: u32,
    /// The salt of the file.
    pub salt: u64,
    /// Bytes of the body when it is not compressed.
    pub raw: u32,
    /// What it holds.
    pub kind: FrameKind,
    /// How the body is stored.
    pub codec: Codec,
    /// The id of the table; 0 if it holds no rows.
    pub table: u16,
    /// The chunk.
    pub chunk: u32,
    /// How many rows, or living entities, it holds.
    pub count: u32,
    /// Its number in the file, from 0.
    pub number: u32,
}

impl FrameHead {
    /// Bytes of the frame in the file.
    pub fn len(&self) -> u64 {
        (FRAME_BYTES as u64 + u64::from(self.stored)).next_multiple_of(ALIGN as u64)
    }

    /// Fills in the head of the frame that `buffer` has from `start` on: [`FRAME_BYTES`] to be overwritten, and the body.
    pub fn seal(&self, buffer: &mut Vec<u8>, start: usize) {
        debug_assert_eq!(buffer.len() - start - FRAME_BYTES, self.stored as usize);
        buffer.resize(start + self.len() as usize, 0);
        let frame = &mut buffer[start..];
        frame[4..8].copy_from_slice(&self.stored.to_le_bytes());
        frame[8..16].copy_from_slice(&self.salt.to_le_bytes());
        frame[16..20].copy_from_slice(&self.raw.to_le_bytes());
        frame[20] = match self.kind {
            FrameKind::Entities => 1,
            FrameKind::Rows => 2,
            FrameKind::End => 3,
        };
        frame[21] = match self.codec {
            Codec::Raw => 0,
            Codec::Zstd => 1,
        };
        frame[22..24].copy_from_slice(&self.table.to_le_bytes());
        frame[24..28].copy_from_slice(&self.chunk.to_le_bytes());
        frame[28..32].copy_from_slice(&self.count.to_le_bytes());
        frame[32..36].copy_from_slice(&self.number.to_le_bytes());
        frame[36..40].fill(0);
        let crc = crc32c::crc32c(&frame[4..]);
        frame[..4].copy_from_slice(&crc.to_le_bytes());
    }

    /// The head at the front of `bytes`, which nobody has checked. That of a good file is frame number `number` with salt `salt`.
    pub fn read(bytes: &[u8], salt: u64, number: u32) -> Result<Self, Malformed> {
        let mut cursor = Cursor::new(bytes, 0);
        cursor.u32()?;
        let (stored, found_salt, raw) = (cursor.u32()?, cursor.u64()?, cursor.u32()?);
        let at = cursor;
        let kind = match cursor.u8()? {
            1 => FrameKind::Entities,
            2 => FrameKind::Rows,
            3 => FrameKind::End,
            other => return Err(at.malformed(format!("{other} is no kind of frame"))),
        };
        let codec = match cursor.u8()? {
            0 => Codec::Raw,
            1 => Codec::Zstd,
            other => return Err(at.malformed(format!("a frame is stored in an unknown way, {other}"))),
        };
        let (table, chunk, count, found_number) = (cursor.u16()?, cursor.u32()?, cursor.u32()?, cursor.u32()?);
        let head = Self { stored, salt, raw, kind, codec, table, chunk, count, number };
        if found_salt != salt || found_number != number || cursor.u32()? != 0 {
            return Err(Malformed { at: 8, what: format!("no frame with number {number} of this file") });
        }
        if codec == Codec::Raw && raw != stored {
            return Err(Malformed { at: 4, what: format!("{stored} bytes are stored as they are, and are {raw}") });
        }
        Ok(head)
    }

    /// Whether the checksum of the frame `frame`, whose head this is, is right.
    pub fn is_whole(&self, frame: &[u8]) -> bool {
        frame.len() as u64 == self.len() && frame[..4] == crc32c::crc32c(&frame[4..]).to_le_bytes()
    }
}

/// What the last frame says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct End {
    /// Bytes of all bodies before, not compressed.
    pub raw_bytes: u64,
    /// Rows of the version, in all files that it takes to put it together.
    pub rows: u64,
    /// Living entities of the version.
    pub entities: u64,
    /// How many blocks the slot allocator reaches over.
    pub block_end: u32,
    /// Slots, ascending, and the lowest generation of each that no transaction has seen which was rolled back.
    pub burned: Vec<(u32, u32)>,
    /// Up to where counted fields are counted: ids of table and field, and the last number.
    pub counters: Vec<(u16, u16, u128)>,
    /// Chunks that were touched since the base was made and of which nothing is left: the id of the table, or 0 for entities, and the chunk.
    pub gone: Vec<(u16, u32)>,
}

impl End {
    /// Appends it to `out`.
    pub fn write(&self, out: &mut Vec<u8>) {
        for number in [self.raw_bytes, self.rows, self.entities] {
            out.extend_from_slice(&number.to_le_bytes());
        }
        let counts = [self.burned.len(), self.counters.len(), self.gone.len()].map(|count| count as u32);
        for number in [self.block_end].into_iter().chain(counts) {
            out.extend_from_slice(&number.to_le_bytes());
        }
        for (slot, generation) in &self.burned {
            out.extend_from_slice(&slot.to_le_bytes());
            out.extend_from_slice(&generation.to_le_bytes());
        }
        for (table, field, last) in &self.counters {
            out.extend_from_slice(&table.to_le_bytes());
            out.extend_from_slice(&field.to_le_bytes());
            out.extend_from_slice(&[0; 4]);
            out.extend_from_slice(&last.to_le_bytes());
        }
        for (table, chunk) in &self.gone {
            out.extend_from_slice(&table.to_le_bytes());
            out.extend_from_slice(&[0; 2]);
            out.extend_from_slice(&chunk.to_le_bytes());
        }
    }

    /// What `body` says.
    pub fn read(body: &[u8]) -> Result<Self, Malformed> {
        let mut cursor = Cursor::new(body, 0);
        let (raw_bytes, rows, entities) = (cursor.u64()?, cursor.u64()?, cursor.u64()?);
        let block_end = cursor.u32()?;
        let counts = [cursor.u32()?, cursor.u32()?, cursor.u32()?].map(|count| count as usize);
        let bytes = counts[0] as u64 * 8 + counts[1] as u64 * 24 + counts[2] as u64 * 8;
        if bytes != cursor.rest().len() as u64 {
            return Err(cursor.malformed(format!("{bytes} bytes are expected, {} are left", cursor.rest().len())));
        }
        let mut end = Self { raw_bytes, rows, entities, block_end, ..Self::default() };
        for _ in 0..counts[0] {
            end.burned.push((cursor.u32()?, cursor.u32()?));
        }
        for _ in 0..counts[1] {
            let (table, field) = (cursor.u16()?, cursor.u16()?);
            cursor.bytes(4)?;
            let (low, high) = (cursor.u64()?, cursor.u64()?);
            end.counters.push((table, field, u128::from(high) << 64 | u128::from(low)));
        }
        for _ in 0..counts[2] {
            let table = cursor.u16()?;
            cursor.bytes(2)?;
            end.gone.push((table, cursor.u32()?));
        }
        Ok(end)
    }
}

/// How many chunks a table can have.
pub const CHUNKS_MAX: usize = SLOTS_MAX / crate::limits::CHUNK_SLOTS;

const _: () = assert!(CHUNK_BLOCKS == 64 && TABLES_MAX <= u16::MAX as usize);

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: FrameHead = FrameHead {
        stored: 3,
        salt: 7,
        raw: 3,
        kind: FrameKind::Rows,
        codec: Codec::Raw,
        table: 4,
        chunk: 5,
        count: 6,
        number: 8,
    };

    fn sealed() -> Vec<u8> {
        let mut buffer = vec![9; 2];
        buffer.extend_from_slice(&[0; FRAME_BYTES]);
        buffer.extend_from_slice(b"abc");
        HEAD.seal(&mut buffer, 2);
        buffer.split_off(2)
    }

    #[test]
    fn every_flipped_bit_of_a_frame_is_noticed() {
        let bytes = sealed();
        assert_eq!(bytes.len(), 48);
        assert_eq!(FrameHead::read(&bytes, 7, 8), Ok(HEAD));
        assert!(HEAD.is_whole(&bytes));
        assert!(FrameHead::read(&bytes, 6, 8).is_err(), "of another file");
        assert!(FrameHead::read(&bytes, 7, 9).is_err(), "another frame");
        for bit in (0..bytes.len() * 8).step_by(if cfg!(miri) { 9 } else { 1 }) {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let head = FrameHead::read(&flipped, 7, 8);
            assert!(head.is_err_and(|_| true) || !FrameHead::read(&flipped, 7, 8).unwrap().is_whole(&flipped), "{bit}");
        }
    }

    #[test]
    fn an_end_reads_as_it_was_written() {
        let end = End {
            raw_bytes: 1,
            rows: 2,
            entities: 3,
            block_end: 4,
            burned: vec![(5, 6), (7, 8)],
            counters: vec![(1, 2, u128::MAX - 5)],
            gone: vec![(0, 1), (9, 10)],
        };
        let mut bytes = Vec::new();
        end.write(&mut bytes);
        assert_eq!(End::read(&bytes), Ok(end));
        for len in 0..bytes.len() {
            assert!(End::read(&bytes[..len]).is_err(), "{len} bytes");
        }
    }
}
