//! Which of the trees of a hash index an entry is in.
//!
//! Owns linear hashing (W. Litwin, "Linear hashing: a new tool for file and table addressing", VLDB 1980): a hash index is an array
//! of *buckets*, each the root of a tree, which is one leaf as a rule. With every half a leaf of entries one more bucket comes, and
//! takes half of the hashes of one that is there. So the array grows bit by bit, and a look-up has one place to look at.
//!
//! A bucket has the hashes that begin with certain bits. Its number is these bits in reverse order, so that the bucket that takes the
//! upper half of another one has a number behind all that there are.

use super::definition::HASH_BYTES;
use super::node::NodeLayout;
use super::nodes::ROOTS;
use super::tree::{SLOT_BYTES, TreeEdit};
use crate::storage::pool::MemoryLimit;

/// Bytes of an entry of a hash index.
pub const ENTRY: usize = HASH_BYTES + SLOT_BYTES;

/// An entry of a hash index.
pub type HashEntry = [u8; ENTRY];

/// What an entry begins with: its hash, in a hash index.
#[inline]
pub fn hash_in(entry: &[u8]) -> u32 {
    entry.first_chunk().map_or(0, |hash| u32::from_be_bytes(*hash))
}

/// The most buckets that there may be.
const COUNT_MAX: u32 = 1 << 30;

/// The hashes that begin with certain bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// Its number, which is that of its tree.
    pub number: u32,
    /// How many bits decide.
    pub bits: u32,
}

impl Bucket {
    /// The one of `count` buckets, of which there is one at least, that has `hash`.
    #[inline]
    pub fn of(hash: u32, count: u32) -> Self {
        // Of 2^bits buckets, the first `count - 2^bits` have given their upper half away.
        let bits = count.ilog2();
        let (reversed, one) = (hash.reverse_bits(), 1 << bits);
        let number = reversed & (one - 1);
        if number + one < count {
            Self { number: reversed & (one | (one - 1)), bits: bits + 1 }
        } else {
            Self { number, bits }
        }
    }

    /// The least hash that is in it.
    #[inline]
    pub fn start(self) -> u32 {
        self.number.reverse_bits()
    }

    /// The least hash behind it, if there is one.
    pub fn end(self) -> Option<u32> {
        let width = 1_u32.checked_shl(u32::BITS - self.bits)?;
        self.start().checked_add(width)
    }

    /// How many of `entries` entries of it, if they are spread evenly, stand before those with `hash`.
    #[inline]
    pub fn guess(self, hash: [u8; HASH_BYTES], entries: usize) -> usize {
        let share = u32::from_be_bytes(hash).checked_shl(self.bits).unwrap_or(0);
        ((entries as u64 * u64::from(share)) >> u32::BITS) as usize
    }

    /// The bucket whose upper half bucket `number`, which is not the first, has taken.
    fn parent_of(number: u32) -> u32 {
        number & !(1 << number.ilog2())
    }
}

/// How many entries there are to a bucket on the average. One that is divided next has up to twice as many, one that was divided last half
/// of that: so when nearly all are divided, those that are not often have more than one leaf has room for, and there are few of them.
pub const fn load(layout: NodeLayout) -> u64 {
    layout.capacity(0) as u64 / 2
}

/// How many buckets there are for so many entries.
pub fn count_for(entries: u64, layout: NodeLayout) -> u32 {
    entries.div_ceil(load(layout)).clamp(1, u64::from(COUNT_MAX)) as u32
}

impl TreeEdit<'_> {
    /// Makes as many buckets as `entries` entries are to have, if there are fewer. Cost: a way down a tree for each.
    pub fn widen(&mut self, entries: u64) -> Result<(), MemoryLimit> {
        for number in self.nodes.nodes.shape.trees..count_for(entries, self.layout) {
            let mut bound = [0; ENTRY];
            bound[..HASH_BYTES].copy_from_slice(&number.reverse_bits().to_be_bytes());
            self.divide_root(ROOTS + Bucket::parent_of(number), ROOTS + number, &bound)?;
            self.nodes.nodes.shape.trees = number + 1;
        }
        Ok(())
    }

    /// Gives the entries of the last bucket back to the one that it had them from, and so on, while there are four times too many
    /// buckets. Where both have more than one leaf, since many rows have one key or the other, the rest of the buckets stay.
    pub fn narrow(&mut self) -> Result<(), MemoryLimit> {
        loop {
            let shape = self.nodes.nodes.shape;
            if shape.trees == 1 || shape.entries * 4 >= u64::from(shape.trees) * load(self.layout) {
                return Ok(());
            }
            let last = shape.trees - 1;
            if !self.join_roots(ROOTS + last, ROOTS + Bucket::parent_of(last))? {
                return Ok(());
            }
            self.nodes.nodes.shape.trees = last;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_hash_is_in_one_bucket_and_they_follow_one_another() {
        let (few, most) = if cfg!(miri) { (10, 20) } else { (200, 1000) };
        for count in (1..few).chain([255, 256, 257, 1 << 20, COUNT_MAX]) {
            let (mut hash, mut seen) = (Some(0), Vec::new());
            while let Some(start) = hash.filter(|_| seen.len() < most) {
                let bucket = Bucket::of(start, count);
                assert!(bucket.number < count);
                assert_eq!(bucket.start(), start);
                hash = bucket.end();
                let last = hash.unwrap_or(0).wrapping_sub(1);
                for inside in [start, start + (last - start) / 3, last] {
                    assert_eq!(Bucket::of(inside, count), bucket, "{inside:x} of {count}");
                }
                seen.push(bucket.number);
            }
            seen.sort_unstable();
            seen.dedup();
            assert_eq!(seen.len(), most.min(count as usize));
        }
    }

    #[test]
    fn one_more_bucket_takes_the_upper_half_of_one() {
        for count in 1..600 {
            let parent = Bucket::parent_of(count);
            for hash in (0..u32::MAX).step_by(if cfg!(miri) { 1 << 28 } else { 1 << 22 }) {
                let (before, after) = (Bucket::of(hash, count), Bucket::of(hash, count + 1));
                if before.number != parent {
                    assert_eq!(before, after);
                    continue;
                }
                let is_upper = hash >= count.reverse_bits();
                assert_eq!(after, Bucket { number: if is_upper { count } else { parent }, bits: before.bits + 1 });
            }
        }
    }
}
