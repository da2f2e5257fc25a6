//! Rows that may not have the same key.
//!
//! Owns the judgement at the end of a transaction: before that, a row may have the key of another one for a while.

use std::collections::{HashMap, HashSet};

use thiserror::Error;

use super::Indexes;
use super::definition::{IndexDefinition, slot_of};
use super::tree::SLOT_BYTES;
use crate::entity::Entity;
use crate::schema::{KeyBuf, Value};
use crate::storage::edit::Batch;
use crate::storage::table::Table;
use crate::storage::version::Version;

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

/// Two entities have the same key in a unique index.
#[derive(Clone, Debug, PartialEq, Error)]
#[error("index `{table}.{index}` is unique: entities {entity} and {other} both have {}", listed(values))]
#[non_exhaustive]
pub struct DuplicateKey {
    /// The table.
    pub table: String,
    /// The index.
    pub index: String,
    /// The values that both have, one for each column of the index.
    pub values: Vec<Value>,
    /// The entity that had the key.
    pub entity: Entity,
    /// The entity that has come to it.
    pub other: Entity,
}

fn listed(values: &[Value]) -> String {
    match values {
        [value] => value.to_string(),
        values => format!("({})", values.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")),
    }
}

impl Version {
    /// What there is to say of two rows with the same key.
    pub fn duplicate(&self, index: &IndexDefinition, slot: u32, second: u32) -> DuplicateKey {
        let table = &self.tables[usize::from(index.table)];
        let values = match (table.stored(slot), table.stored(second)) {
            (Some(one), Some(other)) => index.key.common_values(one, other),
            _ => Vec::new(),
        };
        // A row whose entity is not alive is found by whoever restores rows, before that.
        let entity = |slot| self.entities.in_slot(slot).or(Entity::new(slot, 1)).expect("generation 1 is an entity");
        DuplicateKey {
            table: index.table_name.to_string(),
            index: index.name.to_string(),
            values,
            entity: entity(slot),
            other: entity(second),
        }
    }
}

impl Batch<'_> {
    /// What [`Self::twins`] has found, with names.
    pub fn duplicate_key(&self) -> Option<Box<DuplicateKey>> {
        let Twins { index, slot, second } = self.twins()?;
        let index = &self.version.indexes.definitions.all()[usize::from(index)];
        Some(Box::new(self.version.duplicate(index, slot, second)))
    }

    /// Two rows that the running transaction has given the same key in a unique index, if there are such. The indexes are
    /// settled.
    pub fn twins(&self) -> Option<Twins> {
        debug_assert!(self.is_settled());
        let (mut buffer, mut entries) = (KeyBuf::new(), Vec::new());
        // Many rows may have come to one key that does not decide: they are all judged at once.
        let mut judged: HashSet<(u16, Vec<u8>)> = HashSet::new();
        for suspect in &self.indexes.suspects {
            let index = &self.version.indexes.definitions.all()[usize::from(suspect.index)];
            let table = &self.version.tables[usize::from(index.table)];
            let Some(row) = table.stored(suspect.slot) else { continue };
            entries.clear();
            index.entries(row, suspect.slot, &mut buffer, &mut entries);
            for entry in entries.chunks_exact(index.width()) {
                let key = &entry[..entry.len() - SLOT_BYTES];
                if !index.has_none(key)
                    && judged.insert((suspect.index, key.to_vec()))
                    && let Some((one, other)) = twins_of(&self.version.indexes, suspect.index, table, key)
                {
                    let slot = if one == suspect.slot { other } else { one };
                    let second = if one == suspect.slot { one } else { other };
                    return Some(Twins { index: suspect.index, slot, second });
                }
            }
        }
        None
    }
}

/// The slots of two rows that have the key `key` and the same full key there.
///
/// Cost: where keys decide, a look-up; elsewhere, the rows with that key.
fn twins_of(indexes: &Indexes, number: u16, table: &Table, key: &[u8]) -> Option<(u32, u32)> {
    let index = &indexes.definitions.all()[usize::from(number)];
    let ends = [0, u8::MAX].map(|with| [key, &[with; SLOT_BYTES]].concat());
    let mut slots = indexes.tree(number, key).range(&ends[0], &ends[1]).map(slot_of);
    if index.decided(key).is_none() {
        return slots.next().zip(slots.next());
    }
    let mut seen: HashMap<Vec<u8>, u32> = HashMap::new();
    slots.find_map(|slot| {
        let keys = index.full_keys(table.stored(slot)?, key);
        keys.into_iter().find_map(|full| seen.insert(full, slot).filter(|before| *before != slot)).zip(Some(slot))
    })
}
