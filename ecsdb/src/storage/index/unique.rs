//! Rows that may not have the same key.
//!
//! Owns the judgement at the end of a transaction: before that, a row may have the key of another one for a while.

use super::Indexes;
use super::definition::{IndexDefinition, slot_of};
use super::tree::SLOT_BYTES;
use crate::bytes::RowBytes;
use crate::storage::edit::Batch;
use crate::storage::table::Table;

/// A row that has come to a key that another one had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Suspect {
    /// The number of the index.
    pub index: u16,
    /// The slot of the row.
    pub slot: u32,
}

/// Two rows with the same key in a unique index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Twins {
    /// The number of the index.
    pub index: u16,
    /// The slot of the row that had the key.
    pub slot: u32,
    /// The slot of the row that has come to it.
    pub second: u32,
}

impl Batch<'_> {
    /// Two rows that the running transaction has given the same key in a unique index, if there are such. The indexes are
    /// settled.
    pub fn twins(&self) -> Option<Twins> {
        debug_assert!(self.is_settled());
        let indexes = &self.version.indexes;
        self.indexes.suspects.iter().find_map(|suspect| {
            let index = &indexes.definitions.all()[usize::from(suspect.index)];
            let table = &self.version.tables[usize::from(index.table)];
            let slot = twin_of(indexes, suspect.index, table, suspect.slot)?;
            Some(Twins { index: suspect.index, slot, second: suspect.slot })
        })
    }
}

/// The slot of another row that has a key of the row in `slot`.
fn twin_of(indexes: &Indexes, number: u16, table: &Table, slot: u32) -> Option<u32> {
    let index = &indexes.definitions.all()[usize::from(number)];
    let (mut buffer, mut entries) = (Vec::new(), Vec::new());
    index.entries(table.stored(slot)?, slot, &mut buffer, &mut entries);
    entries.chunks_exact(index.width()).find_map(|entry| {
        let key = &entry[..entry.len() - SLOT_BYTES];
        if index.key.has_none(key) {
            return None;
        }
        let ends = [0, u8::MAX].map(|with| [key, &[with; SLOT_BYTES]].concat());
        let others = indexes.tree(number).range(&ends[0], &ends[1]).map(slot_of);
        others.into_iter().find(|other| *other != slot && are_twins(index, table, key, slot, *other))
    })
}

/// Whether two rows that both have the key `key` have the same full key there.
pub(super) fn are_twins(index: &IndexDefinition, table: &Table, key: &[u8], one: u32, other: u32) -> bool {
    if index.key.decided(key).is_none() {
        return true;
    }
    let full = |slot| table.stored(slot).map(|row| full_keys(index, row, key)).unwrap_or_default();
    let (one, other) = (full(one), full(other));
    one.iter().any(|key| other.contains(key))
}

/// The full keys of a row that have the key `key`.
pub(super) fn full_keys(index: &IndexDefinition, row: RowBytes<'_>, key: &[u8]) -> Vec<Vec<u8>> {
    let (mut cut, mut full, mut buffer) = (Vec::new(), Vec::new(), Vec::new());
    index.key.keys(row, &mut buffer, |of_row| cut.push(of_row == key));
    index.key.full_keys(row, &mut buffer, |key| full.push(key.to_vec()));
    let mut wanted = cut.into_iter();
    full.retain(|_| wanted.next().unwrap_or(false));
    full
}
