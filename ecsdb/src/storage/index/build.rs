//! Building an index of all rows of a table at once.
//!
//! Owns which entries there are, and sorting them. The same code serves a database that is opened and one that runs: it reads a
//! version and gives the nodes for it.

use std::collections::HashMap;

use rayon::slice::ParallelSliceMut;
use thiserror::Error;

use super::buckets;
use super::definition::{IndexDefinition, slot_of};
use super::fill::fill;
use super::node::head_of;
use super::nodes::{NodeNumbers, Nodes};
use super::tree::{SLOT_BYTES, has_same_key};
use super::unique::DuplicateKey;
use crate::bytes::{Line, PageRef};
use crate::schema::{IndexKind, KeyBuf};
use crate::storage::edit::{Batch, StorageError};
use crate::storage::pool::MemoryLimit;
use crate::storage::table::Table;

/// From how many entries on they are sorted by several threads.
const SHARED_SORT_MIN: usize = 64 * 1024;

/// Two rows with the same key in a unique index, or no memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BuildError {
    /// The slots of two rows with the same key.
    Twins(u32, u32),
    /// There is no room for the nodes.
    Memory(MemoryLimit),
}

impl From<MemoryLimit> for BuildError {
    fn from(error: MemoryLimit) -> Self {
        Self::Memory(error)
    }
}

/// Why there is no index of the rows that there are.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum IndexFailure {
    /// Two rows have the same key and may not.
    #[error(transparent)]
    Duplicate(#[from] Box<DuplicateKey>),
    /// There is no room for it.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl Batch<'_> {
    /// Builds the indexes for which `wanted` says so, from the rows that there are. Nobody has pinned the version, and there is
    /// no way back to what was there.
    pub fn build_indexes(&mut self, wanted: impl Fn(u16) -> bool) -> Result<(), IndexFailure> {
        let definitions = std::sync::Arc::clone(&self.version.indexes.definitions);
        for (number, index) in (0..).zip(definitions.all()).filter(|(number, _)| wanted(*number)) {
            let table = &self.version.tables[usize::from(index.table)];
            match build(index, table, None, |lines| self.pool.take_node(lines)) {
                Ok(nodes) => {
                    self.indexes.numbers[usize::from(number)] = NodeNumbers::of(&nodes);
                    self.version.indexes.nodes[usize::from(number)] = nodes;
                }
                Err(BuildError::Twins(slot, second)) => {
                    return Err(Box::new(self.version.duplicate(index, slot, second)).into());
                }
                Err(BuildError::Memory(error)) => return Err(StorageError::from(error).into()),
            }
        }
        self.version.unsettled = false;
        Ok(())
    }
}

/// The nodes of `index` for the rows of `table`. `node` gives empty ones.
///
/// # Errors
/// If two rows have the same key and may not, or there is no room.
pub fn build(
    index: &IndexDefinition,
    table: &Table,
    workers: Option<&rayon::ThreadPool>,
    mut node: impl FnMut(usize) -> Result<PageRef, MemoryLimit>,
) -> Result<Nodes, BuildError> {
    let width = index.width();
    let (mut entries, mut buffer) = (Vec::new(), KeyBuf::new());
    for slot in table.slots() {
        if let Some(row) = table.stored(slot) {
            index.entries(row, slot, &mut buffer, &mut entries);
        }
    }
    let entries = sorted(entries, width, workers);
    if index.is_unique
        && let Some(twins) = find_twins(index, table, entries.chunks_exact(width))
    {
        return Err(twins);
    }
    let layout = index.layout();
    let trees = match index.kind {
        IndexKind::Hash => buckets::count_for((entries.len() / width) as u64, layout),
        _ => 1,
    };
    Ok(fill(layout, trees, &entries, || node(layout.node_bytes() / Line::BYTES))?)
}

/// The entries in ascending order.
fn sorted(entries: Vec<u8>, width: usize, workers: Option<&rayon::ThreadPool>) -> Vec<u8> {
    // Their first bytes decide nearly always.
    let workers = workers.filter(|_| entries.len() / width >= SHARED_SORT_MIN);
    if width <= 8 {
        let mut heads: Vec<u64> = entries.chunks_exact(width).map(head_of).collect();
        match workers {
            Some(workers) => workers.install(|| heads.par_sort_unstable()),
            None => heads.sort_unstable(),
        }
        let mut sorted = entries;
        for (place, head) in sorted.chunks_exact_mut(width).zip(heads) {
            place.copy_from_slice(&head.to_be_bytes()[..width]);
        }
        return sorted;
    }
    let mut order: Vec<(u64, usize)> = entries.chunks_exact(width).map(head_of).zip(0..).collect();
    let rest = |place: &(u64, usize)| &entries[place.1 * width..][..width];
    let compare =
        |one: &(u64, usize), other: &(u64, usize)| one.0.cmp(&other.0).then_with(|| rest(one).cmp(rest(other)));
    match workers {
        Some(workers) => workers.install(|| order.par_sort_unstable_by(compare)),
        None => order.sort_unstable_by(compare),
    }
    let mut sorted = Vec::with_capacity(entries.len());
    order.iter().for_each(|place| sorted.extend_from_slice(rest(place)));
    sorted
}

/// Two rows with the same key, if there are such.
fn find_twins<'e>(
    index: &IndexDefinition,
    table: &Table,
    entries: impl Iterator<Item = &'e [u8]>,
) -> Option<BuildError> {
    let (mut last, mut entries): (Option<&[u8]>, _) = (None, entries.peekable());
    // The full keys of the rows with the key that was seen last, where keys do not decide: there may be many.
    let mut alike: HashMap<Vec<u8>, u32> = HashMap::new();
    while let Some(entry) = entries.next() {
        let (key, slot) = (&entry[..entry.len() - SLOT_BYTES], slot_of(entry));
        let before = last.replace(entry).filter(|before| has_same_key(before, entry));
        if before.is_none() {
            alike.clear();
            if entries.peek().is_none_or(|next| !has_same_key(next, entry)) {
                continue;
            }
        }
        if index.has_none(key) {
            continue;
        }
        if index.decided(key).is_none() {
            if let Some(before) = before {
                return Some(BuildError::Twins(slot_of(before), slot));
            }
            continue;
        }
        for full in table.stored(slot).map(|row| index.full_keys(row, key)).unwrap_or_default() {
            if let Some(other) = alike.insert(full, slot).filter(|other| *other != slot) {
                return Some(BuildError::Twins(other, slot));
            }
        }
    }
    None
}
