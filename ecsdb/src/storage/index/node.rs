//! The bytes of a node of a tree.
//!
//! Owns the layout: a head of eight bytes with the number of entries and the level, then the entries in ascending order, all
//! of the same width. A leaf (level 0) has entries as they are; the entries of a node above have the number of a child
//! behind them, and stand before everything in that child, except that the first one means nothing.

use core::cmp::Ordering;

/// Bytes before the first entry.
pub const HEAD: usize = 8;

/// Bytes behind the last entry, so that eight can be read from any entry on.
const TAIL: usize = 8;

/// Bytes of the number of a child.
pub const CHILD: usize = 4;

/// How the nodes of one tree are laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NodeLayout {
    /// Bytes of an entry.
    width: usize,
    /// Bytes of a node.
    bytes: usize,
}

impl NodeLayout {
    /// The fewest and the most bytes of a node.
    const BYTES: (usize, usize) = (1024, 4096);

    /// A node has room for so many entries at least, if it need not be larger than allowed for that.
    const ENTRIES: usize = 48;

    /// The layout for entries of `width` bytes.
    ///
    /// A change of an index copies the node that it falls into, so nodes are as small as the depth of the tree allows: with 1 KiB, a
    /// tree of a million short keys is four nodes deep, of which the upper two are always in the cache.
    pub const fn of(width: usize) -> Self {
        let mut bytes = Self::BYTES.0;
        while bytes < Self::BYTES.1 && (bytes - HEAD - TAIL) / width < Self::ENTRIES {
            bytes *= 2;
        }
        assert!((bytes - HEAD - TAIL) / width < 256, "the number of a child is a byte in ways through a tree");
        Self { width, bytes }
    }

    /// Bytes of an entry.
    #[inline]
    pub const fn width(self) -> usize {
        self.width
    }

    /// Bytes of a node.
    pub const fn node_bytes(self) -> usize {
        self.bytes
    }

    /// Bytes from one entry to the next, on this level.
    #[inline]
    pub const fn stride(self, level: u8) -> usize {
        if level == 0 { self.width } else { self.width + CHILD }
    }

    /// How many entries a node of this level has room for: at most 255.
    pub const fn capacity(self, level: u8) -> usize {
        (self.bytes - HEAD - TAIL) / self.stride(level)
    }

    /// The bytes of a node that mean something.
    pub fn used(self, node: &[u8]) -> usize {
        HEAD + count(node) * self.stride(level(node))
    }

    /// Where entry number `index` stands.
    #[inline]
    const fn at(self, level: u8, index: usize) -> usize {
        HEAD + index * self.stride(level)
    }

    /// Entry number `index`.
    #[inline]
    pub fn entry(self, node: &[u8], index: usize) -> &[u8] {
        let at = self.at(level(node), index);
        &node[at..at + self.width]
    }

    /// The entries of a leaf with the numbers from `start` to below `end`, one behind the other.
    #[inline]
    pub fn entries(self, leaf: &[u8], start: usize, end: usize) -> &[u8] {
        &leaf[self.at(0, start)..self.at(0, end)]
    }

    /// The child of entry number `index` of a node that is no leaf.
    #[inline]
    pub fn child(self, node: &[u8], index: usize) -> u32 {
        let at = self.at(level(node), index) + self.width;
        let mut child = [0; CHILD];
        child.copy_from_slice(&node[at..at + CHILD]);
        u32::from_le_bytes(child)
    }

    /// How many entries of a node are less than `probe`, not counting those before `first`, which are.
    #[inline]
    pub fn lower_bound(self, node: &[u8], first: usize, probe: &[u8]) -> usize {
        self.bound(node, first, probe, |order| order == Ordering::Less)
    }

    /// The number of the child in which `probe` is, or belongs.
    #[inline]
    pub fn child_of(self, node: &[u8], probe: &[u8]) -> usize {
        self.bound(node, 1, probe, |order| order != Ordering::Greater) - 1
    }

    #[inline]
    fn bound(self, node: &[u8], first: usize, probe: &[u8], goes_on: impl Fn(Ordering) -> bool) -> usize {
        debug_assert_eq!(probe.len(), self.width);
        let level = level(node);
        // Eight bytes at once decide nearly always.
        let ignored = 8 * 8_usize.saturating_sub(self.width) as u32;
        let wanted = head_of(probe) >> ignored;
        // The last eight decide the rest of short entries, whether they overlap the first ones or not.
        let last = self.width.saturating_sub(8);
        let wanted_last = head_of(&probe[last..]);
        let (mut low, mut high) = (first, count(node));
        while low < high {
            let middle = low.midpoint(high);
            let at = self.at(level, middle);
            let order = (head(node, at) >> ignored).cmp(&wanted).then_with(|| match self.width {
                ..=8 => Ordering::Equal,
                9..=16 => head(node, at + last).cmp(&wanted_last),
                17.. => node[at + 8..at + self.width].cmp(&probe[8..]),
            });
            if goes_on(order) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }

    /// Makes an empty node.
    pub fn clear(self, node: &mut [u8], level: u8) {
        node[..HEAD].fill(0);
        node[2] = level;
    }

    /// The entries of a leaf, as they stand behind each other.
    pub fn entries_of_leaf(self, node: &[u8]) -> &[u8] {
        &node[HEAD..self.used(node)]
    }

    /// Puts these entries, which stand behind each other, into a leaf without entries that has room for them.
    pub fn fill_leaf(self, node: &mut [u8], entries: &[u8]) {
        node[HEAD..HEAD + entries.len()].copy_from_slice(entries);
        set_count(node, entries.len() / self.width);
    }

    /// Puts an entry in at `index`, with a child if the node is no leaf. There is room for it.
    pub fn insert(self, node: &mut [u8], index: usize, entry: &[u8], child: u32) {
        let (level, count) = (level(node), count(node));
        let (at, end, stride) = (self.at(level, index), self.at(level, count), self.stride(level));
        node.copy_within(at..end, at + stride);
        node[at..at + self.width].copy_from_slice(entry);
        if level > 0 {
            node[at + self.width..at + stride].copy_from_slice(&child.to_le_bytes());
        }
        set_count(node, count + 1);
    }

    /// Takes the entry at `index` out.
    pub fn remove(self, node: &mut [u8], index: usize) {
        let (level, count) = (level(node), count(node));
        node.copy_within(self.at(level, index + 1)..self.at(level, count), self.at(level, index));
        set_count(node, count - 1);
    }

    /// Puts the entry in the place of the one at `index`, whose child stays.
    pub fn set_entry(self, node: &mut [u8], index: usize, entry: &[u8]) {
        let at = self.at(level(node), index);
        node[at..at + self.width].copy_from_slice(entry);
    }

    /// Moves the entries of `node` from `index` on to the end of `to`, a node of the same level with room for them.
    pub fn move_tail(self, node: &mut [u8], index: usize, to: &mut [u8]) {
        let level = level(node);
        let (from, end) = (self.at(level, index), self.at(level, count(node)));
        let into = self.at(level, count(to));
        to[into..into + end - from].copy_from_slice(&node[from..end]);
        set_count(to, count(to) + count(node) - index);
        set_count(node, index);
    }
}

/// How many entries a node has.
#[inline]
pub fn count(node: &[u8]) -> usize {
    usize::from(u16::from_le_bytes([node[0], node[1]]))
}

fn set_count(node: &mut [u8], count: usize) {
    node[..2].copy_from_slice(&(count as u16).to_le_bytes());
}

/// How far a node is above the leaves.
#[inline]
pub fn level(node: &[u8]) -> u8 {
    node[2]
}

/// The eight bytes at `at` as a number that is ordered as they are.
#[inline]
fn head(node: &[u8], at: usize) -> u64 {
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&node[at..at + 8]);
    u64::from_be_bytes(bytes)
}

/// The first eight bytes as a number that is ordered as they are. Fewer are followed by zeros.
#[inline]
pub fn head_of(bytes: &[u8]) -> u64 {
    match bytes.first_chunk() {
        Some(bytes) => u64::from_be_bytes(*bytes),
        None => bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)) << (8 * (8 - bytes.len())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_grow_with_their_entries() {
        assert_eq!(NodeLayout::of(12).node_bytes(), 1024);
        assert_eq!(NodeLayout::of(12).capacity(0), 84);
        assert_eq!(NodeLayout::of(36).node_bytes(), 2048);
        assert_eq!(NodeLayout::of(260).node_bytes(), 4096);
        assert!(NodeLayout::of(260).capacity(1) >= 15, "also of the longest keys a node has several");
    }

    #[test]
    fn entries_of_every_width_are_found() {
        for width in [4, 6, 8, 9, 20] {
            let layout = NodeLayout::of(width);
            let mut node = vec![0; layout.node_bytes()];
            layout.clear(&mut node, 0);
            let entry = |value: u8| [vec![1; width - 1], vec![value]].concat();
            for value in [40, 10, 30, 20] {
                let at = layout.lower_bound(&node, 0, &entry(value));
                layout.insert(&mut node, at, &entry(value), 0);
            }
            assert_eq!(count(&node), 4);
            for (probe, below) in [(5, 0), (10, 0), (11, 1), (25, 2), (40, 3), (41, 4)] {
                assert_eq!(layout.lower_bound(&node, 0, &entry(probe)), below);
            }
            layout.remove(&mut node, 1);
            assert_eq!(layout.entry(&node, 1), entry(30));
            let mut other = vec![0; layout.node_bytes()];
            layout.clear(&mut other, 0);
            layout.move_tail(&mut node, 1, &mut other);
            assert_eq!((count(&node), count(&other)), (1, 2));
            assert_eq!(layout.entry(&other, 0), entry(30));
        }
    }
}
