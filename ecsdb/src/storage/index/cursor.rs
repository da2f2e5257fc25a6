//! Reading a tree: from one entry to the next, in both directions.
//!
//! Owns the walk. A place in a tree is the way to it from the root, so nodes need not know their neighbours, and nothing is
//! allocated.

use super::node::{NodeLayout, count, level};
use super::nodes::{Nodes, Shape};
use crate::bytes::{Line, prefetch};

/// The most levels that a way goes through. A tree of as many entries as there are slots has eight of nodes that are nearly empty.
const LEVELS_MAX: usize = 20;

/// A place in a tree: an entry of a leaf. It is small, since whoever looks a key up moves two of them.
#[derive(Clone, Copy)]
struct Cursor<'v> {
    leaf: &'v [u8],
    index: u16,
    depth: u8,
    /// The number of the child that the way goes on with, from the root on: no node has more than 255.
    path: [u8; LEVELS_MAX],
}

impl Cursor<'_> {
    fn is_at(&self, other: &Self) -> bool {
        core::ptr::eq(self.leaf, other.leaf) && self.index == other.index
    }
}

/// A tree in one version, to be read.
#[derive(Clone, Copy)]
pub struct Tree<'v> {
    /// Its nodes.
    pub nodes: &'v Nodes,
    /// How they are laid out.
    pub layout: NodeLayout,
    /// The number of its root, which is not there if it has no entries.
    pub root: u32,
}

debug_as!(['v] Tree<'v>);

impl<'v> Tree<'v> {
    /// The way to a leaf, by the children that `choose` names, and to a place there.
    fn descend(self, choose: impl Fn(&'v [u8]) -> usize, place: impl Fn(&'v [u8]) -> usize) -> Option<Cursor<'v>> {
        if !self.nodes.has(self.root) {
            return None;
        }
        let mut cursor = Cursor { leaf: &[], index: 0, depth: 0, path: [0; LEVELS_MAX] };
        self.go_down(&mut cursor, self.root, choose, place);
        Some(cursor)
    }

    /// Goes from node `from` to a leaf, by the children that `choose` names, and to a place there.
    #[inline]
    fn go_down(
        self,
        cursor: &mut Cursor<'v>,
        from: u32,
        choose: impl Fn(&'v [u8]) -> usize,
        place: impl Fn(&'v [u8]) -> usize,
    ) {
        let mut at = from;
        loop {
            let node = self.nodes.get(at);
            if level(node) == 0 {
                (cursor.leaf, cursor.index) = (node, place(node) as u16);
                return;
            }
            let child = choose(node);
            cursor.path[usize::from(cursor.depth)] = child as u8;
            cursor.depth += 1;
            at = self.layout.child(node, child);
        }
    }

    /// The node that the first `depth` steps of the way lead to.
    fn node_on_the_way(self, cursor: &Cursor<'v>, depth: usize) -> &'v [u8] {
        let steps = cursor.path[..depth].iter();
        let root = self.nodes.get(self.root);
        steps.fold(root, |node, child| self.nodes.get(self.layout.child(node, usize::from(*child))))
    }

    /// The first entry that is not less than `entry`.
    fn first_from(self, entry: &[u8]) -> Option<Cursor<'v>> {
        let mut cursor =
            self.descend(|node| self.layout.child_of(node, entry), |leaf| self.layout.lower_bound(leaf, 0, entry))?;
        if usize::from(cursor.index) < count(cursor.leaf) || self.to_next_leaf(&mut cursor) {
            Some(cursor)
        } else {
            None
        }
    }

    /// The last entry that is less than `entry`.
    fn last_before(self, entry: &[u8]) -> Option<Cursor<'v>> {
        let mut cursor =
            self.descend(|node| self.layout.child_of(node, entry), |leaf| self.layout.lower_bound(leaf, 0, entry))?;
        if self.step_back(&mut cursor) { Some(cursor) } else { None }
    }

    fn step(self, cursor: &mut Cursor<'v>) -> bool {
        cursor.index += 1;
        usize::from(cursor.index) < count(cursor.leaf) || self.to_next_leaf(cursor)
    }

    fn step_back(self, cursor: &mut Cursor<'v>) -> bool {
        if cursor.index > 0 {
            cursor.index -= 1;
            return true;
        }
        // Up to where there is a child before, then down along the last children.
        while cursor.depth > 0 {
            let above = usize::from(cursor.depth) - 1;
            if cursor.path[above] > 0 {
                cursor.path[above] -= 1;
                let next = self.layout.child(self.node_on_the_way(cursor, above), usize::from(cursor.path[above]));
                self.go_down(cursor, next, |node| count(node) - 1, |leaf| count(leaf) - 1);
                return true;
            }
            cursor.depth -= 1;
        }
        false
    }

    fn to_next_leaf(self, cursor: &mut Cursor<'v>) -> bool {
        while cursor.depth > 0 {
            let above = usize::from(cursor.depth) - 1;
            let node = self.node_on_the_way(cursor, above);
            if usize::from(cursor.path[above]) + 1 < count(node) {
                cursor.path[above] += 1;
                let next = self.layout.child(node, usize::from(cursor.path[above]));
                self.go_down(cursor, next, |_| 0, |_| 0);
                return true;
            }
            cursor.depth -= 1;
        }
        false
    }

    /// The entry at a place.
    #[inline]
    fn entry(self, cursor: &Cursor<'v>) -> &'v [u8] {
        self.layout.entry(cursor.leaf, usize::from(cursor.index))
    }

    /// The entries from `from` on that are less than `to`. Cost: one way down the tree if they stand in one leaf, two if not.
    pub fn range(self, from: &[u8], to: &[u8]) -> Entries<'v> {
        let Some(first) = self.first_from(from) else { return Entries { tree: self, ends: None } };
        let end = self.layout.lower_bound(first.leaf, usize::from(first.index), to);
        if end < count(first.leaf) {
            let last = Cursor { index: (end as u16).wrapping_sub(1), ..first };
            return Entries { tree: self, ends: (end > usize::from(first.index)).then_some((first, last)) };
        }
        let last = self.last_before(to).filter(|last| self.entry(&first) <= self.entry(last));
        Entries { tree: self, ends: last.map(|last| (first, last)) }
    }

    /// Calls `each` with the entries from `from` on that are less than `to`, leaf by leaf: one behind the other. Cost: one
    /// way down the tree; leaves are asked for ahead.
    pub fn each_leaf(self, from: &[u8], to: &[u8], mut each: impl FnMut(&'v [u8])) {
        let place = |leaf: &'v [u8]| {
            prefetch_all(leaf);
            self.layout.lower_bound(leaf, 0, from)
        };
        let Some(mut cursor) = self.descend(|node| self.layout.child_of(node, from), place) else { return };
        loop {
            let (leaf, first, count) = (cursor.leaf, usize::from(cursor.index), count(cursor.leaf));
            if first < count && self.layout.entry(leaf, count - 1) >= to {
                each(self.layout.entries(leaf, first, self.layout.lower_bound(leaf, first, to)));
                return;
            }
            self.prefetch_next_leaf(&cursor);
            each(self.layout.entries(leaf, first, count));
            if !self.to_next_leaf(&mut cursor) {
                return;
            }
        }
    }

    /// Asks the processor for the leaf behind the one of `cursor`, if both are below the same node.
    fn prefetch_next_leaf(self, cursor: &Cursor<'v>) {
        let Some(above) = usize::from(cursor.depth).checked_sub(1) else { return };
        let (node, next) = (self.node_on_the_way(cursor, above), usize::from(cursor.path[above]) + 1);
        if next < count(node) {
            prefetch_all(self.nodes.get(self.layout.child(node, next)));
        }
    }

    /// The first entry from `from` on.
    pub fn first(self, from: &[u8]) -> Option<&'v [u8]> {
        self.first_from(from).map(|cursor| self.entry(&cursor))
    }

    /// About how many entries lie between `from` and `to`: exactly, if they are in one leaf. Cost: two ways down the tree.
    pub fn estimate(self, from: &[u8], to: &[u8]) -> u64 {
        let (Some(first), Some(last)) = (self.share_below(from), self.share_below(to)) else { return 0 };
        if core::ptr::eq(first.leaf, last.leaf) {
            return last.index.saturating_sub(first.index) as u64;
        }
        let entries = match self.nodes.shape {
            Shape { trees: 1, entries, .. } => entries as f64,
            // Leaves at the edges may have few.
            Shape { entries, .. } => first.entries.max(last.entries).min(entries as f64),
        };
        ((last.share - first.share).max(0.0) * entries).ceil() as u64
    }

    /// What is below `entry`, if all children of a node have as many entries.
    fn share_below(self, entry: &[u8]) -> Option<Share<'v>> {
        let cursor =
            self.descend(|node| self.layout.child_of(node, entry), |leaf| self.layout.lower_bound(leaf, 0, entry))?;
        let (mut share, mut of_child) = (0.0, 1.0);
        for (above, child) in cursor.path[..usize::from(cursor.depth)].iter().enumerate() {
            of_child /= count(self.node_on_the_way(&cursor, above)) as f64;
            share += f64::from(*child) * of_child;
        }
        let (index, has) = (usize::from(cursor.index), count(cursor.leaf).max(1) as f64);
        Some(Share { share: share + of_child * index as f64 / has, entries: has / of_child, index, leaf: cursor.leaf })
    }
}

/// What is below an entry.
struct Share<'v> {
    /// Which part of the entries of the tree.
    share: f64,
    /// How many entries that would make in all.
    entries: f64,
    /// How many of the entries of the leaf.
    index: usize,
    leaf: &'v [u8],
}

/// Asks the processor for all of a node.
fn prefetch_all(node: &[u8]) {
    prefetch(node.as_ptr(), node.len() / Line::BYTES);
}

/// The entries of a range, in order.
#[derive(Clone)]
pub struct Entries<'v> {
    tree: Tree<'v>,
    /// The next entry from the front, and the next one from the back.
    ends: Option<(Cursor<'v>, Cursor<'v>)>,
}

debug_as!(['v] Entries<'v>);

impl<'v> Entries<'v> {
    /// The next entry from the front, without taking it.
    pub fn peek(&self) -> Option<&'v [u8]> {
        self.ends.as_ref().map(|(first, _)| self.tree.entry(first))
    }

    /// The next entry from the back, without taking it.
    pub fn peek_back(&self) -> Option<&'v [u8]> {
        self.ends.as_ref().map(|(_, last)| self.tree.entry(last))
    }
}

impl<'v> Iterator for Entries<'v> {
    type Item = &'v [u8];

    #[inline]
    fn next(&mut self) -> Option<&'v [u8]> {
        let tree = self.tree;
        let (first, last) = self.ends.as_mut()?;
        let entry = tree.entry(first);
        if first.is_at(last) || !tree.step(first) {
            self.ends = None;
        }
        Some(entry)
    }
}

impl DoubleEndedIterator for Entries<'_> {
    #[inline]
    fn next_back(&mut self) -> Option<Self::Item> {
        let tree = self.tree;
        let (first, last) = self.ends.as_mut()?;
        let entry = tree.entry(last);
        if first.is_at(last) || !tree.step_back(last) {
            self.ends = None;
        }
        Some(entry)
    }
}
