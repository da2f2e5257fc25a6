//! Interned sets of tables: what a block of slots is for, and what a despawn must probe.

use std::collections::HashMap;
use std::sync::Arc;

/// A set of tables, as a number that is small and quick to compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TableSetId(u32);

impl TableSetId {
    /// No set: the owner of a free block.
    pub const NONE: Self = Self(u32::MAX);

    /// The number, to index by.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

struct TableSet {
    /// Table numbers, ascending.
    tables: Arc<[u16]>,
    /// The same as bits.
    bits: Box<[u64]>,
}

/// All sets that have come up. There are about as many as a game has archetypes; none is ever forgotten.
#[derive(Default)]
pub struct TableSets {
    sets: Vec<TableSet>,
    by_tables: HashMap<Arc<[u16]>, TableSetId>,
    wider: HashMap<(TableSetId, u16), TableSetId>,
}

debug_as!(TableSets);

impl TableSets {
    /// The set of `tables`, which are ascending and distinct.
    pub fn intern(&mut self, tables: &[u16]) -> TableSetId {
        debug_assert!(tables.is_sorted_by(|a, b| a < b));
        if let Some(id) = self.by_tables.get(tables) {
            return *id;
        }
        let id = TableSetId(self.sets.len() as u32);
        let mut bits = vec![0; tables.last().map_or(0, |last| usize::from(*last) / 64 + 1)];
        for table in tables {
            bits[usize::from(*table) / 64] |= 1_u64 << (table % 64);
        }
        self.sets.push(TableSet { tables: tables.into(), bits: bits.into() });
        self.by_tables.insert(tables.into(), id);
        id
    }

    /// All sets, in the order of their numbers, to keep.
    pub fn all(&self) -> impl Iterator<Item = Arc<[u16]>> + '_ {
        self.sets.iter().map(|set| Arc::clone(&set.tables))
    }

    /// How many sets there are.
    pub fn len(&self) -> usize {
        self.sets.len()
    }

    /// The tables of a set, ascending; none for [`TableSetId::NONE`].
    pub fn tables(&self, id: TableSetId) -> &[u16] {
        self.sets.get(id.index()).map_or(&[], |set| &set.tables)
    }

    /// The tables of a set, ascending, to keep.
    pub fn shared(&self, id: TableSetId) -> Arc<[u16]> {
        self.sets.get(id.index()).map_or_else(|| Arc::from([]), |set| Arc::clone(&set.tables))
    }

    /// Whether `table` is in the set.
    #[inline]
    pub fn contains(&self, id: TableSetId, table: u16) -> bool {
        let Some(set) = self.sets.get(id.index()) else { return false };
        set.bits.get(usize::from(table) / 64).is_some_and(|bits| bits >> (table % 64) & 1 == 1)
    }

    /// The set that has `table` as well.
    pub fn with(&mut self, id: TableSetId, table: u16) -> TableSetId {
        if self.contains(id, table) {
            return id;
        }
        if let Some(wider) = self.wider.get(&(id, table)) {
            return *wider;
        }
        let mut tables = self.tables(id).to_vec();
        tables.insert(tables.partition_point(|other| *other < table), table);
        let wider = self.intern(&tables);
        self.wider.insert((id, table), wider);
        wider
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_has_one_id_however_it_came_about() {
        let mut sets = TableSets::default();
        let pair = sets.intern(&[3, 70]);
        let empty = sets.intern(&[]);
        let grown = sets.with(empty, 70);
        assert_eq!(sets.with(grown, 3), pair);
        assert_eq!(sets.tables(pair), [3, 70]);
        assert!(sets.contains(pair, 70) && !sets.contains(pair, 4) && !sets.contains(TableSetId::NONE, 3));
        assert_eq!(sets.with(pair, 3), pair);
    }
}
