//! Looking a hash up in a hash index.
//!
//! Owns the short way, and many look-ups beside each other. The bucket of a hash is known, and hashes are spread evenly in it, so a
//! guess of the place is a few entries wrong as a rule. A bucket that is more than one leaf is left to
//! [`Tree::range`](super::Tree::range).

use super::buckets::{Bucket, ENTRY, HashEntry};
use super::definition::{HASH_BYTES, hash_of, slot_of};
use super::node::{HEAD, count, level};
use super::nodes::{Nodes, ROOTS};
use super::read::IndexRead;
use crate::bytes::RowBytes;

/// How many rows with the hash of one key are asked for ahead: two are rare.
const RUN_AHEAD: usize = 2;

/// The bucket of a hash.
#[inline]
fn bucket_of(nodes: &Nodes, hash: [u8; HASH_BYTES]) -> Bucket {
    Bucket::of(u32::from_be_bytes(hash), nodes.shape.trees)
}

/// Asks the processor for the entries of `bucket` where those with this hash are likely to be. Cost: a look at the directory.
#[inline]
fn prefetch_run(nodes: &Nodes, bucket: Bucket, hash: [u8; HASH_BYTES]) {
    let likely = (nodes.shape.entries >> bucket.bits) as usize;
    nodes.prefetch(ROOTS + bucket.number, HEAD + bucket.guess(hash, likely) * ENTRY);
}

/// The entries with this hash, which are mostly one or none. Nothing if their bucket is more than one leaf.
#[inline]
pub(super) fn run_of(nodes: &Nodes, hash: [u8; HASH_BYTES]) -> Option<&[HashEntry]> {
    run_in(nodes, bucket_of(nodes, hash), hash)
}

/// As [`run_of`], with the bucket.
#[inline]
fn run_in(nodes: &Nodes, bucket: Bucket, hash: [u8; HASH_BYTES]) -> Option<&[HashEntry]> {
    let node = nodes.get(ROOTS + bucket.number);
    if node.is_empty() {
        return Some(&[]);
    }
    if level(node) > 0 {
        return None;
    }
    let (entries, _) = node[HEAD..].as_chunks::<ENTRY>();
    let entries = &entries[..count(node)];
    // The least entry that there may be with this hash.
    let least = u64::from(u32::from_be_bytes(hash)) << 32;
    let first = below(entries, bucket.guess(hash, entries.len()), least);
    let run = entries[first..].iter().take_while(|entry| entry.starts_with(&hash)).count();
    Some(&entries[first..first + run])
}

/// A look-up that is under way among others, so that they wait for memory together. Whoever has it has the key.
pub struct LookUp<'v> {
    hash: [u8; HASH_BYTES],
    at: Place<'v>,
}

debug_as!(['v] LookUp<'v>);

/// How far a look-up has come.
enum Place<'v> {
    /// To the bucket, which was asked for.
    Bucket(Bucket),
    /// To entries whose rows were asked for.
    Run(&'v [HashEntry]),
    /// To where it has to go another way.
    Elsewhere,
}

impl<'v> IndexRead<'v> {
    /// Begins to look for the first row with these values, given as for [`Self::with_values`].
    #[inline]
    pub fn begin_look_up(self, values: RowBytes<'_>) -> LookUp<'v> {
        if !self.is_hashed() {
            return LookUp { hash: [0; HASH_BYTES], at: Place::Elsewhere };
        }
        let hash = self.definition().key.with_identity(values, hash_of);
        let bucket = bucket_of(self.nodes(), hash);
        prefetch_run(self.nodes(), bucket, hash);
        LookUp { hash, at: Place::Bucket(bucket) }
    }

    /// Goes on to the rows that may be meant.
    #[inline]
    pub fn go_on(self, look_up: &mut LookUp<'v>) {
        if let Place::Bucket(bucket) = look_up.at {
            look_up.at = match run_in(self.nodes(), bucket, look_up.hash) {
                Some(run) => {
                    run.iter().take(RUN_AHEAD).for_each(|entry| self.table().prefetch_row(slot_of(entry)));
                    Place::Run(run)
                }
                None => Place::Elsewhere,
            };
        }
    }

    /// What was found in the end: the slot of the first row with these values, which are those that it was begun with.
    #[inline]
    pub fn end_look_up(self, mut look_up: LookUp<'v>, values: RowBytes<'_>) -> Option<u32> {
        self.go_on(&mut look_up);
        let Place::Run(run) = look_up.at else { return self.with_values(values).next() };
        self.definition().key.with_identity(values, |identity, _| {
            run.iter().map(|entry| slot_of(entry)).find(|slot| self.has_identity(*slot, identity))
        })
    }
}

/// What an entry begins with, as a number.
#[inline]
fn head(entry: &HashEntry) -> u64 {
    u64::from_be_bytes(*entry)
}

/// How many entries around a guess are compared at once. Where entries are spread evenly, the guess in a leaf of a hundred is wrong by
/// more than half as many in one case of ten.
const NEAR: usize = 16;

/// How many of the entries, which are in ascending order, are less than `bound`: some around the place that is guessed are compared all
/// at once, without branches; the rest is only looked at if it is not among them.
#[inline]
fn below(entries: &[HashEntry], guess: usize, bound: u64) -> usize {
    let (mut low, mut high) = (0, entries.len());
    if high > NEAR {
        let start = guess.saturating_sub(NEAR / 2).min(high - NEAR);
        let near: &[HashEntry; NEAR] = entries[start..].first_chunk().expect("so many are there");
        let less = near.iter().map(|entry| usize::from(head(entry) < bound)).sum::<usize>();
        match less {
            0 => high = start,
            NEAR => low = start + NEAR,
            less => return start + less,
        }
    }
    low + entries[low..high].partition_point(|entry| head(entry) < bound)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_found_in_entries_of_every_kind_whatever_the_guess() {
        let even: Vec<u64> = (0..100).map(|number: u64| (number * 40_000_000) << 32 | number).collect();
        let lumps: Vec<u64> = (0..100).map(|number: u64| (number / 30 * 1_000_000_007) << 32 | number).collect();
        let skewed: Vec<u64> = (0..31).map(|power: u64| (1 << power) << 32).collect();
        let alike: Vec<u64> = (0..50).map(|number: u64| 7 << 32 | number).collect();
        for entries in [even, lumps, skewed, alike] {
            let near = entries.iter().flat_map(|entry| [entry.saturating_sub(1), *entry, entry + 1]);
            let ends = [0, 1 << 32, 7 << 32, 8 << 32, u64::MAX];
            let bounds: Vec<u64> = near.step_by(if cfg!(miri) { 20 } else { 1 }).chain(ends).collect();
            for part in [0..entries.len(), 1..entries.len(), 3..4, 2..2, 5..21, 5..22] {
                let part = &entries[part];
                let bytes: Vec<HashEntry> = part.iter().map(|entry| entry.to_be_bytes()).collect();
                for bound in bounds.iter().copied() {
                    let expected = part.partition_point(|entry| *entry < bound);
                    for guess in [0, expected.saturating_sub(5), expected, expected + 9, part.len(), usize::MAX] {
                        assert_eq!(below(&bytes, guess, bound), expected, "{bound} in {part:?}, guessed {guess}");
                    }
                }
            }
        }
    }
}
