//! Filling the nodes of an index that has none yet.

use smallvec::SmallVec;

use super::buckets::{Bucket, hash_in};
use super::node::NodeLayout;
use super::nodes::Nodes;
use super::tree::has_same_key;
use crate::bytes::PageRef;
use crate::storage::edit::own;
use crate::storage::pool::MemoryLimit;

/// The nodes of an index with `entries`, which stand behind each other in ascending order and differ, in so many trees: one, or the
/// buckets of a hash index. `node` gives empty ones.
pub fn fill(
    layout: NodeLayout,
    trees: u32,
    entries: &[u8],
    mut node: impl FnMut() -> Result<PageRef, MemoryLimit>,
) -> Result<Nodes, MemoryLimit> {
    let width = layout.width();
    let mut nodes = Nodes::new(layout.node_bytes());
    let shape = &mut nodes.shape;
    (shape.trees, shape.entries) = (trees, (entries.len() / width) as u64);
    let each = || entries.chunks_exact(width);
    let changes = each().zip(each().skip(1)).filter(|(one, next)| !has_same_key(one, next)).count();
    shape.keys = u64::from(shape.entries > 0) + changes as u64;
    let (mut rest, mut start) = (entries, Some(0));
    while let Some(hash) = start {
        let bucket = Bucket::of(hash, trees);
        start = bucket.end();
        let len = start.map_or(rest.len(), |end| {
            let is_before = |entry: &&[u8]| hash_in(entry) < end;
            rest.chunks_exact(width).take_while(is_before).count() * width
        });
        let (mine, behind) = rest.split_at(len);
        fill_tree(&mut nodes, layout, bucket.number, mine, &mut node)?;
        rest = behind;
    }
    Ok(nodes)
}

/// Fills the tree with number `tree`. Nodes are filled up to nine tenths, all of a level alike.
fn fill_tree(
    nodes: &mut Nodes,
    layout: NodeLayout,
    tree: u32,
    entries: &[u8],
    node: &mut impl FnMut() -> Result<PageRef, MemoryLimit>,
) -> Result<(), MemoryLimit> {
    let mut node_of = |level| {
        let mut page = node()?;
        layout.clear(own(&mut page), level);
        Ok(page)
    };
    // The level that was made last: the first entry of each node, and the node.
    let mut made: Vec<(SmallVec<[u8; 64]>, PageRef)> = Vec::new();
    let mut rest = entries;
    for share in shares_of(entries.len() / layout.width(), layout.capacity(0)) {
        let (mine, behind) = rest.split_at(share * layout.width());
        let mut page = node_of(0)?;
        layout.fill_leaf(own(&mut page), mine);
        made.push((SmallVec::from_slice(&mine[..layout.width()]), page));
        rest = behind;
    }
    let mut level = 0;
    while made.len() > 1 {
        level += 1;
        let shares = shares_of(made.len(), layout.capacity(level));
        let (mut above, mut children) = (Vec::new(), made.into_iter());
        for share in shares {
            let mut page = node_of(level)?;
            for (index, (first, child)) in children.by_ref().take(share).enumerate() {
                layout.insert(own(&mut page), index, &first, nodes.push(child));
            }
            above.push((SmallVec::from_slice(layout.entry(page.bytes(), 0)), page));
        }
        made = above;
    }
    if let Some((_, root)) = made.pop() {
        nodes.push_root(tree, root);
    }
    Ok(())
}

/// How many of `count` entries each node gets, if it has room for `capacity`. What one has room for is not divided.
fn shares_of(count: usize, capacity: usize) -> impl Iterator<Item = usize> {
    let nodes = if count <= capacity { count.min(1) } else { count.div_ceil((capacity * 9 / 10).max(2)) };
    (0..nodes).map(move |node| count * (node + 1) / nodes - count * node / nodes)
}
