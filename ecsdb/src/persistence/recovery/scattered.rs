//! Whole records among bytes that are none.
//!
//! Behind a damage anything may stand, also what somebody has put there: any 48 bytes may say that they are the front of a record which
//! goes on to the end. Looking at the checksum of each would take the square of the bytes. So when that has cost some times as much as
//! reading all of them, checksums of parts are taken from those of what comes before.

use core::ops::Range;

use crate::persistence::format::{ALIGN, RECORD_BYTES, RecordHead, frame_unchecked};

/// How many times as many bytes as there are may be read in vain.
const PATIENCE: usize = 16;

/// The whole records of the salt `salt`, or of any, in `bytes` from `at` on: where each stands, its head, and its length. The time that it takes
/// grows with the bytes, whatever they are.
pub fn scattered(bytes: &[u8], mut at: usize, salt: Option<u64>) -> impl Iterator<Item = (usize, RecordHead, usize)> {
    let mut patience = bytes.len().saturating_mul(PATIENCE);
    let mut sums: Option<Sums<'_>> = None;
    core::iter::from_fn(move || {
        while at + RECORD_BYTES <= bytes.len() {
            let rest = &bytes[at..];
            if let Some((head, body)) = frame_unchecked(rest, salt) {
                let len = RECORD_BYTES + body.len();
                let sum = match patience.checked_sub(len) {
                    Some(_) => crc32c::crc32c(&rest[4..len]),
                    None => sums.get_or_insert_with(|| Sums::of(bytes)).of_part(at + 4..at + len),
                };
                if sum.to_le_bytes() == rest[..4] {
                    at += len;
                    return Some((at - len, head, len));
                }
                patience = patience.saturating_sub(len);
            }
            at += ALIGN;
        }
        None
    })
}

/// The checksums of the fronts of some bytes, from which those of all parts follow.
struct Sums<'a> {
    bytes: &'a [u8],
    /// Of the first 0, [`STEP`], and so on bytes.
    fronts: Vec<u32>,
    /// What becomes of each bit of a checksum by 1, 2, 4, and so on zeros behind the bytes: bits change independently of one another.
    zeros: Vec<[u32; 32]>,
}

/// How far apart the ends of the fronts are whose checksums are kept.
const STEP: usize = 1024;

impl<'a> Sums<'a> {
    fn of(bytes: &'a [u8]) -> Self {
        let mut fronts = vec![0];
        for step in bytes.chunks_exact(STEP) {
            fronts.push(crc32c::crc32c_append(fronts[fronts.len() - 1], step));
        }
        let lengths = (0..u32::BITS).map(|log| 1 << log).take_while(|len| *len <= bytes.len());
        let behind = |zeros: usize| core::array::from_fn(|bit| crc32c::crc32c_combine(1 << bit, 0, zeros));
        Self { bytes, fronts, zeros: lengths.map(behind).collect() }
    }

    /// Of the first `len` bytes.
    fn of_front(&self, len: usize) -> u32 {
        let whole = len / STEP;
        crc32c::crc32c_append(self.fronts[whole], &self.bytes[whole * STEP..len])
    }

    /// Of the bytes at `part`.
    fn of_part(&self, part: Range<usize>) -> u32 {
        // What is before the part counts as if there were as many zeros behind it, and the rest is the part's own.
        let mut before = self.of_front(part.start);
        for (_, bits) in self.zeros.iter().enumerate().filter(|(log, _)| part.len() >> log & 1 == 1) {
            before = (0..32).filter(|bit| before >> bit & 1 == 1).fold(0, |sum, bit: usize| sum ^ bits[bit]);
        }
        self.of_front(part.end) ^ before
    }
}

#[cfg(all(test, not(ecsdb_loom)))]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::persistence::format::{Kind, frame, seal};

    const SALT: u64 = 0x5a17;

    fn head(salt: u64) -> RecordHead {
        RecordHead { salt, version: 7, durable: 3, time: 5, transactions: 1, kind: Kind::Commit }
    }

    /// A whole record of so many bytes.
    fn record(len: usize) -> Vec<u8> {
        let mut record = vec![0; len];
        seal(&mut record, &head(SALT));
        record
    }

    /// Has the bytes at `at` say that they are a record which goes on to the end.
    fn claim(bytes: &mut [u8], at: usize) {
        let len = bytes.len() - at;
        let front = record(RECORD_BYTES);
        bytes[at..at + RECORD_BYTES].copy_from_slice(&front);
        bytes[at + 4..at + 8].copy_from_slice(&(len as u32).to_le_bytes());
    }

    /// The same, one place after the other, with the checksum of each looked at.
    fn naive(bytes: &[u8], mut at: usize, salt: Option<u64>) -> Vec<(usize, RecordHead, usize)> {
        let mut found = Vec::new();
        while at + RECORD_BYTES <= bytes.len() {
            match frame(&bytes[at..], salt) {
                Some((head, body)) => {
                    found.push((at, head, RECORD_BYTES + body.len()));
                    at += RECORD_BYTES + body.len();
                }
                None => at += ALIGN,
            }
        }
        found
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn the_checksum_of_a_part_follows_from_those_of_fronts(
            bytes in proptest::collection::vec(any::<u8>(), 0..5000),
            ends in any::<(prop::sample::Index, prop::sample::Index)>(),
        ) {
            let (one, other) = (ends.0.index(bytes.len() + 1), ends.1.index(bytes.len() + 1));
            let part = one.min(other)..one.max(other);
            prop_assert_eq!(Sums::of(&bytes).of_part(part.clone()), crc32c::crc32c(&bytes[part]));
        }

        /// Among claims at every place, so many that patience ends.
        #[test]
        fn what_is_whole_is_found_whatever_stands_around_it(
            records in proptest::collection::btree_map(0_usize..150, 0_usize..12, 0..8),
            spacing in 6_usize..12,
            from in 0_usize..40,
        ) {
            let mut bytes = vec![0; 9_000];
            for at in (0..bytes.len() - RECORD_BYTES).step_by(spacing * ALIGN) {
                claim(&mut bytes, at);
            }
            for (place, len) in records {
                let record = record(RECORD_BYTES + len * ALIGN);
                let at = place * 56;
                bytes[at..at + record.len()].copy_from_slice(&record);
            }
            for salt in [Some(SALT), None, Some(1)] {
                let found: Vec<_> = scattered(&bytes, from * ALIGN, salt).collect();
                prop_assert_eq!(found, naive(&bytes, from * ALIGN, salt));
            }
        }
    }

    /// Nearly a hundred thousand claims of megabytes each: read one after the other that would be a hundred and eighty gigabytes.
    #[test]
    fn crafted_bytes_take_no_more_time_than_others() {
        let mut bytes = vec![0; 4 << 20];
        let end = bytes.len() - 1000 * ALIGN;
        for at in (0..end - RECORD_BYTES).step_by(RECORD_BYTES) {
            claim(&mut bytes, at);
        }
        let record = record(1000 * ALIGN);
        bytes[end..].copy_from_slice(&record);
        let found: Vec<_> = scattered(&bytes, 0, Some(SALT)).collect();
        assert_eq!(found, [(end, head(SALT), 1000 * ALIGN)]);
    }
}
