//! A B+tree of entries: what the writer does to it.
//!
//! Owns inserting and removing. An entry is a key and the slot of the row behind it, so all entries differ. Nodes are not linked
//! with their neighbours: a split changes its parent, and no other node. Nodes that become nearly empty are merged with a neighbour.
//! The root keeps its number: what it has moves to a node below when it is full, and back when that is the only one.

use smallvec::SmallVec;

use super::node::{NodeLayout, count, level};
use super::nodes::NodeEdit;
use crate::bytes::are_same;
use crate::storage::pool::MemoryLimit;

/// Bytes of the slot at the end of an entry.
pub const SLOT_BYTES: usize = 4;

/// Whether two entries of one index have the same key.
#[inline]
pub fn has_same_key(one: &[u8], other: &[u8]) -> bool {
    let key = one.len() - SLOT_BYTES;
    are_same(&one[..key], &other[..key])
}

/// The child of an entry of a leaf, which has none.
const NO_CHILD: u32 = 0;

/// The nodes from the root to a leaf, each with the number of the child that the way goes on with.
type Path = SmallVec<[(u32, usize); 12]>;

/// A tree that is being changed.
pub struct TreeEdit<'a> {
    /// Its nodes.
    pub nodes: NodeEdit<'a>,
    /// How they are laid out.
    pub layout: NodeLayout,
    /// The number of its root.
    pub root: u32,
}

impl TreeEdit<'_> {
    fn count(&self, node: u32) -> usize {
        count(self.nodes.get(node))
    }

    fn node_mut(&mut self, node: u32) -> Result<&mut [u8], MemoryLimit> {
        let layout = self.layout;
        self.nodes.get_mut(node, |node| layout.used(node))
    }

    fn two_mut(&mut self, one: u32, other: u32) -> Result<(&mut [u8], &mut [u8]), MemoryLimit> {
        let layout = self.layout;
        self.nodes.get_two_mut(one, other, |node| layout.used(node))
    }

    fn new_node(&mut self, level: u8) -> Result<u32, MemoryLimit> {
        self.make(None, level)
    }

    /// Makes the root `root`, which does not exist, without entries.
    fn new_root(&mut self, root: u32, level: u8) -> Result<(), MemoryLimit> {
        self.make(Some(root), level).map(|_| ())
    }

    fn make(&mut self, root: Option<u32>, level: u8) -> Result<u32, MemoryLimit> {
        let (node, layout) = (self.nodes.make(root)?, self.layout);
        layout.clear(self.nodes.get_mut(node, |_| 0)?, level);
        Ok(node)
    }

    /// The way to the leaf in which `entry` is, or belongs, and the leaf.
    fn descend(&self, entry: &[u8]) -> (Path, u32) {
        let mut path = Path::new();
        let mut at = self.root;
        loop {
            let node = self.nodes.get(at);
            if level(node) == 0 {
                return (path, at);
            }
            let child = self.layout.child_of(node, entry);
            path.push((at, child));
            at = self.layout.child(node, child);
        }
    }

    /// Whether one of the neighbours of place `index` of a leaf, before it and at it, has the key of `entry`.
    fn has_twin(&self, leaf: u32, index: usize, entry: &[u8]) -> bool {
        let node = self.nodes.get(leaf);
        let is_twin = |at: usize| has_same_key(self.layout.entry(node, at), entry);
        index > 0 && is_twin(index - 1) || index < count(node) && is_twin(index)
    }

    /// Puts an entry in. Returns whether it was not there.
    pub fn insert(&mut self, entry: &[u8]) -> Result<bool, MemoryLimit> {
        if !self.nodes.nodes.has(self.root) {
            self.new_root(self.root, 0)?;
        }
        let (path, leaf) = self.descend(entry);
        let layout = self.layout;
        let node = self.nodes.get(leaf);
        let index = layout.lower_bound(node, 0, entry);
        let has = count(node);
        if index < has && layout.entry(node, index) == entry {
            return Ok(false);
        }
        let is_new_key = !self.has_twin(leaf, index, entry);
        if has < layout.capacity(0) {
            layout.insert(self.node_mut(leaf)?, index, entry, NO_CHILD);
        } else {
            self.split(path, leaf, index, entry, NO_CHILD)?;
        }
        let shape = &mut self.nodes.nodes.shape;
        shape.entries += 1;
        shape.keys += u64::from(is_new_key);
        Ok(true)
    }

    /// Puts an entry at `index` of a full node, and the nodes that this makes into those above.
    fn split(&mut self, mut path: Path, at: u32, index: usize, entry: &[u8], child: u32) -> Result<(), MemoryLimit> {
        let (mut at, mut index, mut child) = (at, index, child);
        let mut entry: SmallVec<[u8; 64]> = SmallVec::from_slice(entry);
        let layout = self.layout;
        loop {
            let (parent, of) = match path.pop() {
                Some(above) => above,
                None => {
                    at = self.lower_root()?;
                    (self.root, 0)
                }
            };
            let here = level(self.nodes.get(at));
            let has = self.count(at);
            let right = self.new_node(here)?;
            // What is put in at the end of a tree again and again leaves full nodes behind.
            let is_last =
                of + 1 == self.count(parent) && path.iter().all(|(node, child)| *child + 1 == self.count(*node));
            let middle = if index == has && is_last { has - usize::from(here > 0) } else { has / 2 };
            let (left_node, right_node) = self.two_mut(at, right)?;
            layout.move_tail(left_node, middle, right_node);
            if index < middle || index == middle && middle < has && here == 0 {
                layout.insert(left_node, index, &entry, child);
            } else {
                layout.insert(right_node, index - middle, &entry, child);
            }
            entry = SmallVec::from_slice(layout.entry(right_node, 0));
            child = right;
            (at, index) = (parent, of + 1);
            if self.count(at) < layout.capacity(here + 1) {
                layout.insert(self.node_mut(at)?, index, &entry, child);
                return Ok(());
            }
        }
    }

    /// Moves all that the root has to a new node, which becomes its only child. Returns the number of that.
    fn lower_root(&mut self) -> Result<u32, MemoryLimit> {
        let (layout, here) = (self.layout, level(self.nodes.get(self.root)));
        let below = self.new_node(here)?;
        let (root, node) = self.two_mut(self.root, below)?;
        layout.move_tail(root, 0, node);
        layout.clear(root, here + 1);
        layout.insert(root, 0, layout.entry(node, 0), below);
        Ok(below)
    }

    /// Takes an entry out. Returns whether it was there.
    pub fn remove(&mut self, entry: &[u8]) -> Result<bool, MemoryLimit> {
        if !self.nodes.nodes.has(self.root) {
            return Ok(false);
        }
        let (path, leaf) = self.descend(entry);
        let layout = self.layout;
        let node = self.nodes.get(leaf);
        let index = layout.lower_bound(node, 0, entry);
        if index == count(node) || layout.entry(node, index) != entry {
            return Ok(false);
        }
        layout.remove(self.node_mut(leaf)?, index);
        let is_last_of_key = !self.has_twin(leaf, index, entry);
        self.shrink(path, leaf)?;
        let shape = &mut self.nodes.nodes.shape;
        shape.entries -= 1;
        shape.keys =
            shape.keys.saturating_sub(u64::from(is_last_of_key)).clamp(u64::from(shape.entries > 0), shape.entries);
        Ok(true)
    }

    /// Merges a node that has lost an entry with a neighbour, if it is nearly empty, and so on upwards.
    fn shrink(&mut self, mut path: Path, at: u32) -> Result<(), MemoryLimit> {
        let mut at = at;
        let layout = self.layout;
        loop {
            let (has, here) = (self.count(at), level(self.nodes.get(at)));
            let Some((parent, of)) = path.pop() else {
                return self.shrink_root(self.root);
            };
            let capacity = layout.capacity(here);
            if has >= capacity / 4 {
                return Ok(());
            }
            let siblings = self.count(parent);
            if siblings == 1 {
                if has > 0 {
                    return Ok(());
                }
                self.nodes.drop_node(at);
                layout.remove(self.node_mut(parent)?, 0);
                at = parent;
                continue;
            }
            let right_of = if of + 1 < siblings { of + 1 } else { of };
            let (left, right) = {
                let node = self.nodes.get(parent);
                (layout.child(node, right_of - 1), layout.child(node, right_of))
            };
            let together = self.count(left) + self.count(right);
            if has > 0 && together > capacity * 3 / 4 {
                return Ok(());
            }
            let first: SmallVec<[u8; 64]> = SmallVec::from_slice(layout.entry(self.nodes.get(parent), right_of));
            let (left_node, right_node) = self.two_mut(left, right)?;
            if here > 0 && count(right_node) > 0 {
                // The first entry means nothing in its own node, in the middle of another it does.
                layout.set_entry(right_node, 0, &first);
            }
            layout.move_tail(right_node, 0, left_node);
            self.nodes.drop_node(right);
            layout.remove(self.node_mut(parent)?, right_of);
            at = parent;
        }
    }

    /// Takes the root `root` away if it has nothing, and makes the tree a level lower while the leaves below it fit into one, or it has
    /// only one child.
    fn shrink_root(&mut self, root: u32) -> Result<(), MemoryLimit> {
        let layout = self.layout;
        loop {
            let node = self.nodes.get(root);
            match (count(node), level(node)) {
                (0, _) => {
                    self.nodes.drop_node(root);
                    return Ok(());
                }
                (2.., 1) if self.fits_into_one(root) => self.gather(root)?,
                (1, 1..) => {
                    let only = layout.child(node, 0);
                    let (node, below) = self.two_mut(root, only)?;
                    layout.clear(node, level(below));
                    layout.move_tail(below, 0, node);
                    self.nodes.drop_node(only);
                }
                _ => return Ok(()),
            }
        }
    }

    /// Whether one leaf would have room for what the leaves below `root`, which is just above them, have, and for some more.
    fn fits_into_one(&self, root: u32) -> bool {
        let (node, mut room) = (self.nodes.get(root), self.layout.capacity(0) * 3 / 4);
        (0..count(node)).all(|index| {
            let has = self.count(self.layout.child(node, index));
            let fits = has <= room;
            room = room.saturating_sub(has);
            fits
        })
    }

    /// Moves what the leaves below `root` have to the first of them. The others go.
    fn gather(&mut self, root: u32) -> Result<(), MemoryLimit> {
        let layout = self.layout;
        let node = self.nodes.get(root);
        let first = layout.child(node, 0);
        let others: SmallVec<[u32; 8]> = (1..count(node)).map(|index| layout.child(node, index)).collect();
        for other in others {
            let (first_node, other_node) = self.two_mut(first, other)?;
            layout.move_tail(other_node, 0, first_node);
            self.nodes.drop_node(other);
            layout.remove(self.node_mut(root)?, 1);
        }
        Ok(())
    }

    /// Moves all entries of the tree with root `from` that are not less than `bound` to one with root `to`, which has none.
    /// Cost: a way down the tree.
    pub(super) fn divide_root(&mut self, from: u32, to: u32, bound: &[u8]) -> Result<(), MemoryLimit> {
        if !self.nodes.nodes.has(from) {
            return Ok(());
        }
        let node = self.nodes.get(from);
        let here = level(node);
        if here == 0 && self.layout.lower_bound(node, 0, bound) == count(node) {
            return Ok(());
        }
        self.new_root(to, here)?;
        self.divide(from, to, bound)?;
        self.shrink_root(from)?;
        self.shrink_root(to)
    }

    /// Moves what is not less than `bound` from node `left` to `right`, a node of the same level without entries. Either may have
    /// none afterwards.
    fn divide(&mut self, left: u32, right: u32, bound: &[u8]) -> Result<(), MemoryLimit> {
        let layout = self.layout;
        let node = self.nodes.get(left);
        let here = level(node);
        if here == 0 {
            let index = layout.lower_bound(node, 0, bound);
            let (left, right) = self.two_mut(left, right)?;
            layout.move_tail(left, index, right);
            return Ok(());
        }
        let index = layout.child_of(node, bound);
        let child = layout.child(node, index);
        let (left_node, right_node) = self.two_mut(left, right)?;
        layout.move_tail(left_node, index + 1, right_node);
        let beside = self.new_node(here - 1)?;
        self.divide(child, beside, bound)?;
        if self.count(beside) > 0 {
            layout.insert(self.node_mut(right)?, 0, bound, beside);
        } else {
            self.nodes.drop_node(beside);
        }
        if self.count(child) == 0 {
            self.nodes.drop_node(child);
            layout.remove(self.node_mut(left)?, index);
        }
        Ok(())
    }

    /// Moves all entries of the tree with root `from` to the one with root `to`, where they are the last. Returns whether that was done:
    /// it is not if both have more than one leaf. Cost: that of copying a node, or of as many insertions as a leaf has entries.
    pub(super) fn join_roots(&mut self, from: u32, to: u32) -> Result<bool, MemoryLimit> {
        if !self.nodes.nodes.has(from) {
            return Ok(true);
        }
        let levels = [from, to].map(|root| self.nodes.nodes.has(root).then(|| level(self.nodes.get(root))));
        match levels {
            [Some(here), None] => self.new_root(to, here)?,
            [Some(0), Some(0)] if self.count(from) + self.count(to) <= self.layout.capacity(0) => {}
            [Some(0), _] => {
                self.insert_leaf(from, to)?;
                return Ok(true);
            }
            [Some(_), Some(0)] => {
                self.insert_leaf(to, from)?;
                self.new_root(to, level(self.nodes.get(from)))?;
            }
            _ => return Ok(false),
        }
        let layout = self.layout;
        let (from_node, to_node) = self.two_mut(from, to)?;
        layout.move_tail(from_node, 0, to_node);
        self.nodes.drop_node(from);
        Ok(true)
    }

    /// Moves the entries of `leaf`, the only node of a tree, to the tree with root `to`.
    fn insert_leaf(&mut self, leaf: u32, to: u32) -> Result<(), MemoryLimit> {
        let shape = self.nodes.nodes.shape;
        let entries = self.layout.entries_of_leaf(self.nodes.get(leaf)).to_vec();
        self.nodes.drop_node(leaf);
        let root = core::mem::replace(&mut self.root, to);
        for entry in entries.chunks_exact(self.layout.width()) {
            self.insert(entry)?;
        }
        self.root = root;
        // There are as many as before.
        self.nodes.nodes.shape = shape;
        Ok(())
    }
}
