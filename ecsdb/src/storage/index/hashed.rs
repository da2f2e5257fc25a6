//! Looking a hash up in the tree of a hash index.
//!
//! Owns the short way, and many look-ups beside each other. Hashes are spread evenly, so in each node a guess is a few entries wrong as
//! a rule, and no way back has to be remembered. What may go on behind the leaf that it leads to is left to [`Tree::range`].

use smallvec::SmallVec;

use super::cursor::Tree;
use super::definition::{HASH_BYTES, hash_of, slot_of};
use super::node::{CHILD, HEAD, count, level};
use super::nodes::NONE;
use super::read::IndexRead;
use super::tree::SLOT_BYTES;
use crate::bytes::RowBytes;

/// Bytes of an entry of a hash index.
const ENTRY: usize = HASH_BYTES + SLOT_BYTES;

/// How many rows with the hash of one key are asked for ahead: two are rare.
const RUN_AHEAD: usize = 2;

/// An entry of a hash index.
pub type HashEntry = [u8; ENTRY];

impl<'v> Tree<'v> {
    /// The entries with this hash in a hash index, which are mostly one or none. Nothing if they may go on in another leaf.
    #[inline]
    pub fn run_of(self, hash: [u8; HASH_BYTES]) -> Option<&'v [HashEntry]> {
        self.run_in(self.leaf_of(hash), hash)
    }

    /// The leaf in which the entries with this hash begin, or [`NONE`] if the tree is empty.
    #[inline]
    pub fn leaf_of(self, hash: [u8; HASH_BYTES]) -> u32 {
        debug_assert_eq!(self.layout.width(), ENTRY);
        let mut at = self.nodes.shape.root;
        if at == NONE {
            return NONE;
        }
        loop {
            let node = self.nodes.get(at);
            if level(node) == 0 {
                return at;
            }
            let (entries, _) = node[HEAD..].as_chunks::<{ ENTRY + CHILD }>();
            let entries = &entries[..count(node)];
            // The first entry means nothing.
            let child = below::<INNER_NEAR, _>(&entries[1..], least(hash) + 1);
            let (_, number) = entries[child].split_at(ENTRY);
            at = number.first_chunk().map_or(NONE, |number| u32::from_le_bytes(*number));
            if level(node) == 1 {
                // The nodes above are few, and near. This one is asked for, and not looked at yet.
                let end = entries.get(child + 1).map_or(u64::MAX, head);
                self.nodes.prefetch(at, share(least(hash), head(&entries[child]), end));
                return at;
            }
        }
    }

    /// The entries with this hash in the leaf in which they begin. Nothing if they may go on in another one.
    #[inline]
    pub fn run_in(self, leaf: u32, hash: [u8; HASH_BYTES]) -> Option<&'v [HashEntry]> {
        if leaf == NONE {
            return Some(&[]);
        }
        let node = self.nodes.get(leaf);
        let (entries, _) = node[HEAD..].as_chunks::<ENTRY>();
        let entries = &entries[..count(node)];
        let first = below::<LEAF_NEAR, _>(entries, least(hash));
        let run = entries[first..].iter().take_while(|entry| entry.starts_with(&hash)).count();
        (first + run < entries.len()).then(|| &entries[first..first + run])
    }
}

/// The least entry that there may be with this hash.
#[inline]
fn least(hash: [u8; HASH_BYTES]) -> u64 {
    u64::from(u32::from_be_bytes(hash)) << 32
}

/// A look-up that is under way among others, so that they wait for memory together.
pub struct LookUp<'v> {
    /// Short, since it is moved about; longer ones are allocated.
    identity: SmallVec<[u8; 16]>,
    hash: [u8; HASH_BYTES],
    at: Place<'v>,
}

debug_as!(['v] LookUp<'v>);

/// How far a look-up has come.
enum Place<'v> {
    /// To a leaf, which was asked for.
    Leaf(u32),
    /// To entries whose rows were asked for.
    Run(&'v [HashEntry]),
    /// To its end, by another way.
    Done(Option<u32>),
}

impl<'v> IndexRead<'v> {
    /// Begins to look for the first row with these values, given as for [`Self::with_values`].
    pub fn begin_look_up(self, values: RowBytes<'_>) -> LookUp<'v> {
        if !self.is_hashed() {
            let at = Place::Done(self.with_values(values).next());
            return LookUp { identity: SmallVec::new(), hash: [0; HASH_BYTES], at };
        }
        let (identity, has_none) = self.definition().key.identity_of(values);
        let hash = hash_of(&identity, has_none);
        LookUp { identity: SmallVec::from_slice(&identity), hash, at: Place::Leaf(self.tree().leaf_of(hash)) }
    }

    /// Goes on to the rows that may be meant.
    pub fn go_on(self, look_up: &mut LookUp<'v>) {
        if let Place::Leaf(leaf) = look_up.at {
            look_up.at = match self.tree().run_in(leaf, look_up.hash) {
                Some(run) => {
                    run.iter().take(RUN_AHEAD).for_each(|entry| self.table().prefetch_row(slot_of(entry)));
                    Place::Run(run)
                }
                None => Place::Done(self.with_hash(&look_up.identity, look_up.hash).next()),
            };
        }
    }

    /// What was found in the end: the slot of the row.
    pub fn end_look_up(self, mut look_up: LookUp<'v>) -> Option<u32> {
        self.go_on(&mut look_up);
        match look_up.at {
            Place::Run(run) => {
                let mut slots = run.iter().map(|entry| slot_of(entry));
                slots.find(|slot| self.has_identity(*slot, &look_up.identity))
            }
            Place::Done(slot) => slot,
            Place::Leaf(_) => None,
        }
    }
}

/// What an entry begins with, as a number.
#[inline]
fn head<const BYTES: usize>(entry: &[u8; BYTES]) -> u64 {
    entry.first_chunk().map_or(0, |head| u64::from_be_bytes(*head))
}

/// In which of 2^32 parts between `start` and `end` an entry lies.
#[inline]
fn share(entry: u64, start: u64, end: u64) -> u32 {
    let (above, span) = (entry.saturating_sub(start) >> 32, (end.saturating_sub(start) >> 32).max(1));
    ((above.min(span) << 32) / span).min(u64::from(u32::MAX)) as u32
}

/// How many entries around a guess are compared at once. Where entries are spread evenly, that of one in a leaf of a hundred is wrong by
/// more than half as many in one case of ten; the children of a node are of more even sizes.
const LEAF_NEAR: usize = 16;
const INNER_NEAR: usize = 8;

/// How many of the entries, which are in ascending order, are less than `bound`: some around the place where it would be if they
/// were spread evenly are compared all at once, without branches; the rest is only looked at if that place is not among them.
#[inline]
fn below<const NEAR: usize, const BYTES: usize>(entries: &[[u8; BYTES]], bound: u64) -> usize {
    let (mut low, mut high) = (0, entries.len());
    if high > NEAR {
        let part = share(bound, head(&entries[0]), head(&entries[high - 1]));
        let guess = (high as u64 * u64::from(part)) >> 32;
        let start = (guess as usize).saturating_sub(NEAR / 2).min(high - NEAR);
        let near: &[[u8; BYTES]; NEAR] = entries[start..].first_chunk().expect("so many are there");
        let less = near.iter().map(|entry| usize::from(head(entry) < bound)).sum::<usize>();
        match less {
            0 => high = start,
            all if all == NEAR => low = start + NEAR,
            less => return start + less,
        }
    }
    low + entries[low..high].partition_point(|entry| head(entry) < bound)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_found_in_entries_of_every_kind() {
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
                let bytes: Vec<[u8; 8]> = part.iter().map(|entry| entry.to_be_bytes()).collect();
                for bound in bounds.iter().copied() {
                    let expected = part.partition_point(|entry| *entry < bound);
                    assert_eq!(below::<LEAF_NEAR, 8>(&bytes, bound), expected, "{bound} in {part:?}");
                    assert_eq!(below::<INNER_NEAR, 8>(&bytes, bound), expected, "{bound} in {part:?}");
                }
            }
        }
    }
}
