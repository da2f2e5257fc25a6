//! Changes of everything that a condition holds for.
//!
//! First it is found out what is meant and what becomes of it, then it is done: a change does not decide about the next one, and
//! one that cannot be done leaves nothing behind.

mod typed;

pub use typed::Counted;

use super::apply::Apply;
use super::assign::RowBuf;
use super::catalog::ColumnId;
use super::error::OpError;
use crate::bits::bits;
use crate::bytes::RowBytes;
use crate::change_set::ColumnSet;
use crate::component::{Change, UpdateOp};
use crate::entity::Entity;
use crate::limits::BLOCK_SLOTS;
use crate::query::{Node, is_indexed, matching};
use crate::storage::Version;

/// The living entities that `condition` holds for, in the order of slots. Cost: a scan of what the condition looks at, or, if an
/// index leads there and is in line with the rows, what it gives.
pub fn select<'v>(version: &'v Version, condition: &'v Node) -> impl Iterator<Item = Entity> + 'v {
    matching(version, condition, |block| version.entities.alive(block)).flat_map(move |(block, word)| {
        bits(word).filter_map(move |bit| version.entities.in_slot((block * BLOCK_SLOTS) as u32 + bit))
    })
}

/// The slots that have a row in `table` and that `condition` holds for, ascending. Cost: as for [`select`].
fn slots(version: &Version, table: u16, condition: &Node) -> Vec<u32> {
    let table = &version.tables[usize::from(table)];
    matching(version, condition, |block| table.word(block))
        .flat_map(|(block, word)| bits(word).map(move |bit| (block * BLOCK_SLOTS) as u32 + bit))
        .collect()
}

impl Apply<'_> {
    /// Brings the indexes in line with the rows, if one of them leads to what `condition` holds for.
    fn settle_indexes_for(&mut self, condition: &Node) -> Result<(), OpError> {
        if !self.batch.is_settled() && is_indexed(self.batch.version(), condition) {
            self.batch.settle_indexes()?;
        }
        Ok(())
    }

    /// Does `changes` to every row of `table` that `condition` holds for, or to none. Returns how many there are.
    pub fn update_where(&mut self, table: u16, condition: &Node, changes: &[Change<'_>]) -> Result<u64, OpError> {
        self.settle_indexes_for(condition)?;
        let slots = slots(self.batch.version(), table, condition);
        let mut resolved = Vec::with_capacity(changes.len());
        for change in changes {
            resolved.push(self.resolve_operand(ColumnId { table, column: change.column }, change.operand)?);
        }
        let changes: Vec<Change<'_>> = changes
            .iter()
            .zip(&resolved)
            .map(|(change, operand)| Change { operand: operand.borrow(), ..*change })
            .collect();
        if let ([change], false) = (&changes[..], self.catalog.has_heap(table))
            && change.op == UpdateOp::Set
        {
            self.set_all(table, &slots, *change)?;
        } else {
            self.change_each(table, &slots, &changes)?;
        }
        if self.batch.is_counted(table) {
            slots.iter().for_each(|slot| self.batch.note_numbers(table, *slot));
        }
        Ok(slots.len() as u64)
    }

    /// Puts one value into a column of many rows: nothing that could fail half way.
    fn set_all(&mut self, table: u16, slots: &[u32], change: Change<'_>) -> Result<(), OpError> {
        let place = self.catalog.place(ColumnId { table, column: change.column });
        let columns = ColumnSet::one(place.field);
        for slot in slots {
            if let Some(row) = self.batch.row_mut(table, *slot, columns)? {
                row[place.start..place.start + place.size].copy_from_slice(change.operand.row);
            }
        }
        Ok(())
    }

    /// Computes all rows, and then stores them.
    fn change_each(&mut self, table: u16, slots: &[u32], changes: &[Change<'_>]) -> Result<(), OpError> {
        let (version, catalog) = (self.batch.version(), self.catalog);
        let mut columns = ColumnSet::NONE;
        for change in changes {
            let place = catalog.place(ColumnId { table, column: change.column });
            columns = columns.union(ColumnSet::one(place.field));
        }
        // All rows without heaps in one buffer.
        let (mut rows, mut with_heaps) = (Vec::new(), Vec::new());
        let mut kept = Vec::with_capacity(slots.len());
        for slot in slots {
            let stored = version.tables[usize::from(table)].stored(*slot);
            let Some((row, entity)) = stored.zip(version.entities.in_slot(*slot)) else { continue };
            let mut row = RowBuf::of(row);
            kept.push(*slot);
            changes.iter().try_for_each(|change| row.change(catalog, table, entity, *change))?;
            if catalog.has_heap(table) {
                with_heaps.push(row);
            } else {
                rows.extend_from_slice(row.bytes().row);
            }
        }
        let stride = catalog.table(table).size as usize;
        for (index, slot) in kept.into_iter().enumerate() {
            let row = match with_heaps.get(index) {
                Some(row) => row.bytes(),
                None => RowBytes::plain(&rows[index * stride..][..stride]),
            };
            self.batch.replace(table, slot, columns, row)?;
        }
        Ok(())
    }

    /// Removes every row of `table` that `condition` holds for. Returns how many there were.
    pub fn remove_where(&mut self, table: u16, condition: &Node) -> Result<u64, OpError> {
        self.settle_indexes_for(condition)?;
        let slots = slots(self.batch.version(), table, condition);
        // From behind: a row that goes moves those behind it in its page.
        for slot in slots.iter().rev() {
            self.batch.remove(table, *slot)?;
        }
        Ok(slots.len() as u64)
    }

    /// Ends the life of every entity that `condition` holds for. Returns how many there were.
    pub fn despawn_where(&mut self, condition: &Node) -> Result<u64, OpError> {
        self.settle_indexes_for(condition)?;
        let entities: Vec<Entity> = select(self.batch.version(), condition).collect();
        for entity in entities.iter().rev() {
            self.batch.despawn(*entity)?;
        }
        Ok(entities.len() as u64)
    }
}
