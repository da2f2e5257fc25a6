//! The nodes of one index in one version, by their numbers.
//!
//! Owns the directories and how the writer changes them: the first touch of a node by a transaction copies it, as with the pages of
//! tables. A node that another version has is never written. The roots of trees have a directory of their own, in which each has a
//! fixed place, so that nothing has to be looked up to find one.

use super::super::edit::own;
use super::super::pool::{MemoryLimit, PagePool};
use super::super::roots::Dirty;
use super::buckets::{Bucket, hash_in};
use crate::bytes::{Line, PageRef, prefetch};

/// The number of the first root. That of tree `n` is `ROOTS + n`; all nodes below roots have numbers before.
pub const ROOTS: u32 = 1 << 31;

/// One node, and the writer's note on it.
#[derive(Clone)]
struct NodeSlot {
    page: Option<PageRef>,
    /// Where the bytes of the page are, so that a way through nodes need not go by the head of each page as well.
    ///
    /// Invariant: `page.rows()`, if there is a page, and only [`Self::replace`] changes either.
    bytes: *const u8,
    /// The transaction that touched it last in this version.
    stamp: u64,
}

// SAFETY: `bytes` points into the page beside it, which is `Send` and `Sync`, and is only read, as the page would be.
unsafe impl Send for NodeSlot {}
// SAFETY: as above.
unsafe impl Sync for NodeSlot {}

impl NodeSlot {
    const EMPTY: Self = Self { page: None, bytes: core::ptr::null(), stamp: 0 };

    /// Puts another page in. Returns what stood there.
    fn replace(&mut self, page: Option<PageRef>) -> Option<PageRef> {
        self.bytes = page.as_ref().map_or(core::ptr::null(), |page| page.rows());
        core::mem::replace(&mut self.page, page)
    }
}

/// What an index is besides its nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// How many trees there are: one, but for hash indexes. A tree without entries has no root.
    pub trees: u32,
    /// How many entries there are.
    pub entries: u64,
    /// How many different keys there are, roughly: keys at the edges of nodes may count twice.
    pub keys: u64,
}

impl Shape {
    /// That of an index without entries.
    pub const EMPTY: Self = Self { trees: 1, entries: 0, keys: 0 };
}

/// The nodes of one index.
#[derive(Clone)]
pub struct Nodes {
    roots: Vec<NodeSlot>,
    /// The nodes below roots.
    below: Vec<NodeSlot>,
    /// Bytes of each node. Invariant: all pages have so many.
    node_bytes: usize,
    /// What else there is to it.
    pub shape: Shape,
}

debug_as!(Nodes);

impl Nodes {
    /// Those of an index without entries, whose nodes have `node_bytes`.
    pub const fn new(node_bytes: usize) -> Self {
        Self { roots: Vec::new(), below: Vec::new(), node_bytes, shape: Shape::EMPTY }
    }

    /// The root of the tree in which entries are that begin as `entry` does.
    #[inline]
    pub fn root_of(&self, entry: &[u8]) -> u32 {
        ROOTS + Bucket::of(hash_in(entry), self.shape.trees).number
    }

    /// What there is of node `node`.
    #[inline]
    fn find(&self, node: u32) -> Option<&NodeSlot> {
        match node.checked_sub(ROOTS) {
            Some(tree) => self.roots.get(tree as usize),
            None => self.below.get(node as usize),
        }
    }

    /// The bytes of node `node`. None if it does not exist.
    #[inline]
    pub fn get(&self, node: u32) -> &[u8] {
        let Some(slot) = self.find(node).filter(|slot| slot.page.is_some()) else { return &[] };
        // SAFETY: there is a page, so `bytes` is where its lines begin (invariant of `NodeSlot`), and `put` has seen that it has
        // `node_bytes`, all of them initialised. The page lives as long as `self` has it. Its bytes are changed by whoever has the
        // only reference, through `&mut self`, so not while `self` is borrowed; and the pointer stays good after that, see `Page`.
        unsafe { core::slice::from_raw_parts(slot.bytes, self.node_bytes) }
    }

    /// Asks the processor for the first bytes of node `node`, and for those around byte `around`.
    #[inline]
    pub fn prefetch(&self, node: u32, around: usize) {
        if let Some(slot) = self.find(node) {
            let line = (around / Line::BYTES).clamp(2, self.node_bytes / Line::BYTES - 2);
            prefetch(slot.bytes, 1);
            prefetch(slot.bytes.wrapping_add((line - 1) * Line::BYTES), 3);
        }
    }

    /// Puts `page` in as node `node`. Returns what stood there.
    fn put(&mut self, node: u32, page: Option<PageRef>) -> Option<PageRef> {
        if let Some(page) = &page {
            assert_eq!(page.capacity_bytes(), self.node_bytes, "all nodes of an index have as many bytes");
        }
        self.slot(node).replace(page)
    }

    /// Takes node `node` and the shape over from `live`, the same index in the published version. Returns what stood there.
    pub fn catch_up(&mut self, live: &Self, node: u32) -> Option<PageRef> {
        self.shape = live.shape;
        self.put(node, live.find(node).and_then(|slot| slot.page.clone()))
    }

    /// Whether there is a node `node`.
    pub fn has(&self, node: u32) -> bool {
        self.find(node).is_some_and(|slot| slot.page.is_some())
    }

    /// Puts a node below a root in a directory that nobody has seen yet. Returns its number.
    pub fn push(&mut self, page: PageRef) -> u32 {
        let node = self.end();
        self.put(node, Some(page));
        node
    }

    /// Puts the root of tree `tree` in a directory that nobody has seen yet.
    pub fn push_root(&mut self, tree: u32, page: PageRef) {
        self.put(ROOTS + tree, Some(page));
    }

    /// How far the directory of nodes below roots reaches.
    pub fn end(&self) -> u32 {
        self.below.len() as u32
    }

    /// How many nodes there are.
    #[cfg(all(test, not(ecsdb_loom)))]
    pub fn pages(&self) -> usize {
        self.all().filter(|slot| slot.page.is_some()).count()
    }

    fn all(&self) -> impl Iterator<Item = &NodeSlot> {
        self.roots.iter().chain(&self.below)
    }

    /// Takes all nodes out. The index is empty afterwards.
    pub fn take_pages(&mut self) -> impl Iterator<Item = PageRef> + '_ {
        self.shape = Shape::EMPTY;
        self.roots.drain(..).chain(self.below.drain(..)).filter_map(|slot| slot.page)
    }

    /// Bytes of all nodes, as they count in the memory of the database.
    pub fn footprint_bytes(&self) -> usize {
        self.all().filter_map(|slot| slot.page.as_ref()).map(|page| page.footprint_bytes()).sum()
    }

    /// Bytes of the directories.
    pub fn directory_bytes(&self) -> usize {
        (self.roots.capacity() + self.below.capacity()) * size_of::<NodeSlot>()
    }

    fn slot(&mut self, node: u32) -> &mut NodeSlot {
        let (slots, at) = match node.checked_sub(ROOTS) {
            Some(tree) => (&mut self.roots, tree as usize),
            None => (&mut self.below, node as usize),
        };
        if at >= slots.len() {
            slots.resize(at + 1, NodeSlot::EMPTY);
        }
        &mut slots[at]
    }

    /// Two different nodes, which exist.
    fn slots_mut(&mut self, one: u32, other: u32) -> [&mut NodeSlot; 2] {
        let of = |slots, one, other| -> [&mut NodeSlot; 2] {
            let slots: &mut [NodeSlot] = slots;
            slots.get_disjoint_mut([one as usize, other as usize]).expect("two different nodes")
        };
        let Self { roots, below, .. } = self;
        match (one.checked_sub(ROOTS), other.checked_sub(ROOTS)) {
            (None, None) => of(below, one, other),
            (Some(one), Some(other)) => of(roots, one, other),
            (Some(tree), None) => [&mut roots[tree as usize], &mut below[other as usize]],
            (None, Some(tree)) => [&mut below[one as usize], &mut roots[tree as usize]],
        }
    }
}

/// Which numbers of nodes an index has to give. Only the writer has it, for all versions.
#[derive(Default)]
pub struct NodeNumbers {
    /// Numbers that were given back. Some may be in use again: who takes one looks.
    free: Vec<u32>,
    /// The lowest number that was never given.
    end: u32,
}

impl NodeNumbers {
    /// Those that `nodes` does not use.
    pub fn of(nodes: &Nodes) -> Self {
        Self { free: (0..nodes.end()).filter(|node| !nodes.has(*node)).collect(), end: nodes.end() }
    }

    /// Notes that the number of a node may be free. Those of roots stay with their trees.
    pub fn free(&mut self, node: u32) {
        if node < ROOTS {
            self.free.push(node);
        }
    }

    fn take(&mut self, nodes: &Nodes) -> u32 {
        while let Some(node) = self.free.pop() {
            if !nodes.has(node) {
                return node;
            }
        }
        self.end += 1;
        self.end - 1
    }
}

/// A node as it was before the running transaction touched it.
pub struct NodeUndo {
    index: u16,
    node: u32,
    before: Option<PageRef>,
}

/// The way back of the running transaction, for indexes.
#[derive(Default)]
pub struct IndexUndo {
    nodes: Vec<NodeUndo>,
    shapes: Vec<(u16, Shape)>,
}

impl IndexUndo {
    /// Whether the running transaction has changed no index.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty() && self.shapes.is_empty()
    }

    /// Notes the shape of an index that is about to change.
    pub fn note_shape(&mut self, index: u16, shape: Shape) {
        self.shapes.push((index, shape));
    }

    /// Lets go of the way back.
    pub fn forget(&mut self, pool: &mut PagePool) {
        self.shapes.clear();
        for undo in self.nodes.drain(..) {
            if let Some(page) = undo.before {
                pool.put_node(page);
            }
        }
    }

    /// Goes all the way back.
    pub fn roll_back(&mut self, indexes: &mut [Nodes], numbers: &mut [NodeNumbers], pool: &mut PagePool) {
        for undo in self.nodes.drain(..).rev() {
            let index = usize::from(undo.index);
            if undo.before.is_none() {
                numbers[index].free(undo.node);
            }
            if let Some(page) = indexes[index].put(undo.node, undo.before) {
                pool.put_node(page);
            }
        }
        for (index, shape) in self.shapes.drain(..).rev() {
            indexes[usize::from(index)].shape = shape;
        }
    }
}

/// One index in the version that is being written, and what it takes to change it.
pub struct NodeEdit<'a> {
    /// The number of the index.
    pub index: u16,
    /// Its nodes.
    pub nodes: &'a mut Nodes,
    /// The numbers that it has to give.
    pub numbers: &'a mut NodeNumbers,
    /// Where nodes come from.
    pub pool: &'a mut PagePool,
    /// The way back.
    pub undo: &'a mut IndexUndo,
    /// What was touched since the version was last equal to the published one.
    pub dirty: &'a mut Vec<Dirty>,
    /// The first number that the running transaction has stamped anything with.
    pub transaction: u64,
    /// The number of the first transaction of the batch: what has a stamp from here on is in `dirty` already.
    pub first_serial: u64,
}

impl NodeEdit<'_> {
    /// The bytes of node `node`, to be read.
    pub fn get(&self, node: u32) -> &[u8] {
        self.nodes.get(node)
    }

    /// The bytes of node `node`, to be changed. `used` says how many of them mean something.
    pub fn get_mut(&mut self, node: u32, used: impl FnOnce(&[u8]) -> usize) -> Result<&mut [u8], MemoryLimit> {
        let slot = self.nodes.find(node);
        if slot.is_none_or(|slot| slot.stamp < self.transaction) {
            let mut copy = self.pool.take_node(self.nodes.node_bytes / Line::BYTES)?;
            if let Some(before) = slot.and_then(|slot| slot.page.as_ref()) {
                let used = used(before.bytes());
                own(&mut copy)[..used].copy_from_slice(&before.bytes()[..used]);
            }
            self.replace(node, Some(copy));
        }
        Ok(self.nodes.slot(node).page.as_mut().map_or(&mut [], own))
    }

    /// Two different nodes, both to be changed.
    pub fn get_two_mut(
        &mut self,
        one: u32,
        other: u32,
        used: impl Fn(&[u8]) -> usize,
    ) -> Result<(&mut [u8], &mut [u8]), MemoryLimit> {
        self.get_mut(one, &used)?;
        self.get_mut(other, &used)?;
        let [one, other] = self.nodes.slots_mut(one, other);
        Ok((one.page.as_mut().map_or(&mut [], own), other.page.as_mut().map_or(&mut [], own)))
    }

    /// A new node, whose bytes are whatever was there before: the root `root`, which does not exist, or one below roots. Returns its
    /// number.
    pub fn make(&mut self, root: Option<u32>) -> Result<u32, MemoryLimit> {
        let page = self.pool.take_node(self.nodes.node_bytes / Line::BYTES)?;
        let node = root.unwrap_or_else(|| self.numbers.take(self.nodes));
        // Which stamp it has says nothing about a node that was not there.
        if self.nodes.slot(node).stamp < self.transaction {
            self.replace(node, Some(page));
        } else {
            self.nodes.put(node, Some(page));
        }
        Ok(node)
    }

    /// Lets go of node `node`.
    pub fn drop_node(&mut self, node: u32) {
        self.numbers.free(node);
        if self.nodes.slot(node).stamp < self.transaction {
            self.replace(node, None);
        } else if let Some(page) = self.nodes.put(node, None) {
            self.pool.put_node(page);
        }
    }

    /// Puts `page` in the place of a node that the running transaction touches for the first time.
    fn replace(&mut self, node: u32, page: Option<PageRef>) {
        let earlier = core::mem::replace(&mut self.nodes.slot(node).stamp, self.transaction);
        let before = self.nodes.put(node, page);
        if earlier < self.first_serial {
            self.dirty.push(Dirty::Node { index: self.index, node });
        }
        self.undo.nodes.push(NodeUndo { index: self.index, node, before });
    }
}
