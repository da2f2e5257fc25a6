//! What a condition holds for, without types: for those who change rows, or look again whether something is so still.
//!
//! Owns nothing but the way from a condition to slots. It goes through an index where a query would.

use super::access::{accesses, choose};
use super::condition::Node;
use super::words::candidates;
use crate::limits::CHUNK_BLOCKS;
use crate::storage::Version;

/// The slots of `present(block)` that `condition` holds for, block by block, ascending. They must be slots of living entities.
///
/// Cost: a scan of what the condition looks at, or, if an index leads there and is in line with the rows, what it gives.
pub fn matching<'v>(
    version: &'v Version,
    condition: &'v Node,
    present: impl Fn(usize) -> u64 + 'v,
) -> impl Iterator<Item = (usize, u64)> + 'v {
    let found = choose(version, condition).map(|access| candidates(access.slots(version)));
    let end = found.as_ref().map_or(version.chunk_count() * CHUNK_BLOCKS, |found| found.len());
    (0..end).filter_map(move |index| {
        let (block, wanted) = match &found {
            Some(found) => (found[index].0 as usize, found[index].1),
            None => (index, u64::MAX),
        };
        let word = wanted & present(block);
        let word = if word == 0 { 0 } else { condition.word(version, block, word) };
        (word != 0).then_some((block, word))
    })
}

/// Whether an index leads to what `condition` holds for, if it is in line with the rows.
pub fn is_indexed(version: &Version, condition: &Node) -> bool {
    !accesses(version, condition).is_empty()
}
