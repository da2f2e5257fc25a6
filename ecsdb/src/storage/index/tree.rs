//! A B+tree of entries: what the writer does to it.
//!
//! Owns inserting and removing. An entry is a key and the slot of the row behind it, so all entries differ. Nodes are not linked
//! with their neighbours: a split changes its parent, and no other node. Nodes that become nearly empty are merged with a neighbour.

use smallvec::SmallVec;

use super::node::{NodeLayout, count, level};
use super::nodes::{NONE, NodeEdit, Nodes};
use crate::bytes::PageRef;
use crate::storage::edit::own;
use crate::storage::pool::MemoryLimit;

/// Bytes of the slot at the end of an entry.
pub const SLOT_BYTES: usize = 4;

/// The nodes from the root to a leaf, each with the number of the child that the way goes on with.
type Path = SmallVec<[(u32, usize); 12]>;

/// A tree that is being changed.
pub struct TreeEdit<'a> {
    /// Its nodes.
    pub nodes: NodeEdit<'a>,
    /// How they are laid out.
    pub layout: NodeLayout,
}

impl TreeEdit<'_> {
    fn count(&self, node: u32) -> usize {
        count(self.nodes.get(node))
    }

    fn node_mut(&mut self, node: u32) -> Result<&mut [u8], MemoryLimit> {
        let layout = self.layout;
        self.nodes.get_mut(node, |node| layout.used(node))
    }

    fn new_node(&mut self, level: u8) -> Result<u32, MemoryLimit> {
        let node = self.nodes.make()?;
        let layout = self.layout;
        layout.clear(self.nodes.get_mut(node, |_| 0)?, level);
        Ok(node)
    }

    /// The way to the leaf in which `entry` is, or belongs, and the leaf.
    fn descend(&self, entry: &[u8]) -> (Path, u32) {
        let mut path = Path::new();
        let mut at = self.nodes.nodes.shape.root;
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
        let key = &entry[..entry.len() - SLOT_BYTES];
        let is_twin = |at: usize| self.layout.entry(node, at).starts_with(key);
        index > 0 && is_twin(index - 1) || index < count(node) && is_twin(index)
    }

    /// Puts an entry in. Returns whether it was not there.
    pub fn insert(&mut self, entry: &[u8]) -> Result<bool, MemoryLimit> {
        if self.nodes.nodes.shape.root == NONE {
            self.nodes.nodes.shape.root = self.new_node(0)?;
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
            layout.insert(self.node_mut(leaf)?, index, entry, NONE);
        } else {
            self.split(path, leaf, index, entry, NONE)?;
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
            let here = level(self.nodes.get(at));
            let has = self.count(at);
            let right = self.new_node(here)?;
            // What is put in at the end of a tree again and again leaves full nodes behind.
            let is_last = path.iter().all(|(node, child)| *child + 1 == self.count(*node));
            let middle = if index == has && is_last { has - usize::from(here > 0) } else { has / 2 };
            let (left_node, right_node) = self.nodes.get_two_mut(at, right, |node| layout.used(node))?;
            layout.move_tail(left_node, middle, right_node);
            if index < middle || index == middle && middle < has && here == 0 {
                layout.insert(left_node, index, &entry, child);
            } else {
                layout.insert(right_node, index - middle, &entry, child);
            }
            entry = SmallVec::from_slice(layout.entry(right_node, 0));
            child = right;
            let Some((parent, of)) = path.pop() else {
                let old = at;
                let root = self.new_node(here + 1)?;
                let node = self.node_mut(root)?;
                layout.insert(node, 0, &entry, old);
                layout.insert(node, 1, &entry, child);
                self.nodes.nodes.shape.root = root;
                return Ok(());
            };
            (at, index) = (parent, of + 1);
            if self.count(at) < layout.capacity(here + 1) {
                layout.insert(self.node_mut(at)?, index, &entry, child);
                return Ok(());
            }
        }
    }

    /// Takes an entry out. Returns whether it was there.
    pub fn remove(&mut self, entry: &[u8]) -> Result<bool, MemoryLimit> {
        if self.nodes.nodes.shape.root == NONE {
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
                self.shrink_root(at);
                return Ok(());
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
            let (left_node, right_node) = self.nodes.get_two_mut(left, right, |node| layout.used(node))?;
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

    /// Takes away what a root without need for it is.
    fn shrink_root(&mut self, root: u32) {
        let mut root = root;
        loop {
            let node = self.nodes.get(root);
            let next = match (count(node), level(node)) {
                (0, _) => NONE,
                (1, 1..) => self.layout.child(node, 0),
                _ => break,
            };
            self.nodes.drop_node(root);
            self.nodes.nodes.shape.root = next;
            if next == NONE {
                break;
            }
            root = next;
        }
    }
}

/// A tree of `entries`, which are in ascending order and differ. Nodes are filled up to nine tenths, all of a level alike.
pub fn build<'e>(
    layout: NodeLayout,
    entries: impl ExactSizeIterator<Item = &'e [u8]>,
    mut node: impl FnMut() -> Result<PageRef, MemoryLimit>,
) -> Result<Nodes, MemoryLimit> {
    let mut nodes = Nodes::new(layout.node_bytes());
    nodes.shape.entries = entries.len() as u64;
    // The level that was made last: the first entry of each node, and its number.
    let mut made: Vec<(SmallVec<[u8; 64]>, u32)> = Vec::new();
    let mut last: Option<&[u8]> = None;
    let (shares, mut entries) = (shares_of(entries.len(), layout.capacity(0)), entries);
    for share in shares {
        let mut page = node()?;
        let bytes = own(&mut page);
        layout.clear(bytes, 0);
        for (index, entry) in entries.by_ref().take(share).enumerate() {
            layout.insert(bytes, index, entry, NONE);
            let key = &entry[..entry.len() - SLOT_BYTES];
            nodes.shape.keys += u64::from(last.is_none_or(|last| !last.starts_with(key)));
            last = Some(entry);
        }
        made.push((SmallVec::from_slice(layout.entry(bytes, 0)), nodes.push(page)));
    }
    let mut level = 0;
    while made.len() > 1 {
        level += 1;
        let (mut above, mut children) = (Vec::new(), made.iter());
        for share in shares_of(made.len(), layout.capacity(level)) {
            let mut page = node()?;
            let bytes = own(&mut page);
            layout.clear(bytes, level);
            for (index, (first, child)) in children.by_ref().take(share).enumerate() {
                layout.insert(bytes, index, first, *child);
            }
            above.push((SmallVec::from_slice(layout.entry(bytes, 0)), nodes.push(page)));
        }
        made = above;
    }
    nodes.shape.root = made.pop().map_or(NONE, |(_, root)| root);
    Ok(nodes)
}

/// How many of `count` entries each node gets, if it has room for `capacity`.
fn shares_of(count: usize, capacity: usize) -> impl Iterator<Item = usize> {
    let nodes = count.div_ceil((capacity * 9 / 10).max(2));
    (0..nodes).map(move |node| count * (node + 1) / nodes - count * node / nodes)
}
