//! Records: one group commit each, or the mark of a clean close.

use super::cursor::Cursor;

/// Records start, and have lengths, at multiples of this.
pub const ALIGN: usize = 8;

/// Bytes before the transactions of a record.
pub const RECORD_BYTES: usize = 48;

/// Bytes before the items of a transaction.
pub const TRANSACTION_BYTES: usize = 8;

/// What a record is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A group of transactions that became visible together, as the next version.
    Commit,
    /// The log was closed: everything before is durable, and nothing is missing. No version of its own.
    Close,
    /// The log was opened again after a clean close: from here on, versions may get lost. No version of its own.
    Open,
    /// Rows that were written anew for another schema, of which the next record has more. It has a version, which nobody has ever
    /// seen: the state is whole with the commit that follows, and a log never ends before that.
    Part,
}

impl Kind {
    /// Whether a record of this kind is the next version.
    pub fn has_version(self) -> bool {
        matches!(self, Self::Commit | Self::Part)
    }
}

/// What stands at the front of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordHead {
    /// The salt of the segment that the record was written to.
    pub salt: u64,
    /// The version that the database has with this record.
    pub version: u64,
    /// A version that was durable when the record was written.
    pub durable: u64,
    /// When it was written, in nanoseconds since 1970.
    pub time: u64,
    /// How many transactions it holds.
    pub transactions: u32,
    /// What it is.
    pub kind: Kind,
}

/// Fills in the head of the record that `buffer` is: [`RECORD_BYTES`] to be overwritten, and the body. Pads it.
///
/// # Panics
/// If it has 4 GiB or more.
pub fn seal(buffer: &mut Vec<u8>, head: &RecordHead) {
    buffer.resize(buffer.len().next_multiple_of(ALIGN), 0);
    let len = u32::try_from(buffer.len()).expect("lengths of records have 32 bits");
    let mut bytes = [0; RECORD_BYTES];
    bytes[4..8].copy_from_slice(&len.to_le_bytes());
    bytes[8..16].copy_from_slice(&head.salt.to_le_bytes());
    bytes[16..24].copy_from_slice(&head.version.to_le_bytes());
    bytes[24..32].copy_from_slice(&head.durable.to_le_bytes());
    bytes[32..40].copy_from_slice(&head.time.to_le_bytes());
    bytes[40..44].copy_from_slice(&head.transactions.to_le_bytes());
    bytes[44] = match head.kind {
        Kind::Commit => 1,
        Kind::Close => 2,
        Kind::Open => 3,
        Kind::Part => 4,
    };
    buffer[..RECORD_BYTES].copy_from_slice(&bytes);
    let crc = crc32c::crc32c(&buffer[4..]);
    buffer[..4].copy_from_slice(&crc.to_le_bytes());
}

/// The record at the front of `bytes`, head and body, if one of the salt `salt` stands there (or of any, if that is `None`) and
/// its checksum is right.
pub fn frame(bytes: &[u8], salt: Option<u64>) -> Option<(RecordHead, &[u8])> {
    let (head, body) = frame_unchecked(bytes, salt)?;
    let len = RECORD_BYTES + body.len();
    (crc32c::crc32c(&bytes[4..len]).to_le_bytes() == bytes[..4]).then_some((head, body))
}

/// As [`frame`], but whether the checksum is right is known already, or for the caller to see.
pub fn frame_unchecked(bytes: &[u8], salt: Option<u64>) -> Option<(RecordHead, &[u8])> {
    let mut cursor = Cursor::new(bytes, 0);
    cursor.u32().ok()?;
    let len = cursor.u32().ok()? as usize;
    let found = cursor.u64().ok()?;
    // First what is cheap: most of what is looked at is no record.
    if len < RECORD_BYTES || !len.is_multiple_of(ALIGN) || salt.is_some_and(|salt| salt != found) {
        return None;
    }
    let whole = bytes.get(..len)?;
    let (version, durable, time) = (cursor.u64().ok()?, cursor.u64().ok()?, cursor.u64().ok()?);
    let transactions = cursor.u32().ok()?;
    let kind = match cursor.u8().ok()? {
        1 => Kind::Commit,
        2 => Kind::Close,
        3 => Kind::Open,
        4 => Kind::Part,
        _ => return None,
    };
    if cursor.bytes(3).ok()? != [0; 3] || version.max(durable) == u64::MAX || kind.has_version() && version == 0 {
        return None;
    }
    Some((RecordHead { salt: found, version, durable, time, transactions, kind }, &whole[RECORD_BYTES..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: RecordHead =
        RecordHead { salt: 7, version: 3, durable: 1, time: 5, transactions: 0, kind: Kind::Commit };

    fn sealed(body: &[u8]) -> Vec<u8> {
        let mut buffer = vec![0; RECORD_BYTES];
        buffer.extend_from_slice(body);
        seal(&mut buffer, &HEAD);
        buffer
    }

    #[test]
    fn what_is_sealed_is_framed() {
        let mut bytes = sealed(b"abc");
        assert_eq!(bytes.len(), RECORD_BYTES + 8);
        bytes.extend_from_slice(&[1; 100]);
        assert_eq!(frame(&bytes, Some(7)), Some((HEAD, &b"abc\0\0\0\0\0"[..])));
        assert_eq!(frame(&bytes, None), Some((HEAD, &b"abc\0\0\0\0\0"[..])));
        assert_eq!(frame(&bytes, Some(8)), None);
    }

    #[test]
    fn versions_that_cannot_be_are_in_no_record() {
        for (version, durable, kind, is_one) in [
            (0, 0, Kind::Close, true),
            (0, 0, Kind::Commit, false),
            (0, 0, Kind::Part, false),
            (u64::MAX - 1, u64::MAX - 1, Kind::Commit, true),
            (u64::MAX, 0, Kind::Commit, false),
            (u64::MAX, 0, Kind::Close, false),
            (1, u64::MAX, Kind::Commit, false),
        ] {
            let mut buffer = vec![0; RECORD_BYTES];
            seal(&mut buffer, &RecordHead { version, durable, kind, ..HEAD });
            assert_eq!(frame(&buffer, None).is_some(), is_one, "{version}, {durable}, {kind:?}");
        }
    }

    #[test]
    fn every_flipped_bit_and_every_missing_byte_is_noticed() {
        let bytes = sealed(b"some rows");
        for bit in (0..bytes.len() * 8).step_by(if cfg!(miri) { 9 } else { 1 }) {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(frame(&flipped, Some(7)), None, "bit {bit}");
        }
        for len in 0..bytes.len() {
            assert_eq!(frame(&bytes[..len], Some(7)), None, "{len} bytes");
        }
        assert_eq!(frame(&[0; 4096], Some(0)), None, "zeros are no record, whatever the salt");
    }
}
