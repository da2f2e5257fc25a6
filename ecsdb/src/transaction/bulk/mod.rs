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
use crate::limits::{BLOCK_SLOTS, PAGE_BLOCKS_MAX};
use crate::query::{Node, is_indexed, matching};
use crate::storage::{SlotMask, Version};

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
        let version = self.batch.version();
        let meant = words(version, condition, |block| version.tables[usize::from(table)].word(block));
        Ok(self.batch.remove_all(table, &meant)?)
    }

    /// Ends the life of every entity that `condition` holds for. Returns how many there were.
    pub fn despawn_where(&mut self, condition: &Node) -> Result<u64, OpError> {
        self.settle_indexes_for(condition)?;
        let version = self.batch.version();
        let doomed = words(version, condition, |block| version.entities.alive(block));
        self.batch.despawn_all(&doomed)?;
        Ok(doomed.iter().map(|of| u64::from(of.mask.count_ones())).sum())
    }

    /// Stores rows of a plain table, one behind the other, in place of earlier ones: `places` says for each the slot, in its upper half,
    /// and its number in `rows`. Of several for one slot the last one counts. All entities are alive.
    pub fn insert_plain(&mut self, table: u16, places: &mut [u64], rows: &[u8]) -> Result<(), OpError> {
        places.sort_unstable();
        let geometry = self.batch.version().tables[usize::from(table)].geometry();
        let slot = |place: u64| (place >> u32::BITS) as usize;
        let row = |place: u64| {
            let number = place as u32 as usize;
            &rows[number * geometry.stride()..(number + 1) * geometry.stride()]
        };
        let page = |place: u64| slot(place) >> geometry.page_shift();
        let mut new_places = Vec::new();
        for of_page in places.chunk_by(|one, other| page(*one) == page(*other)) {
            let mut new = [0; PAGE_BLOCKS_MAX];
            new_places.clear();
            for (index, place) in of_page.iter().copied().enumerate() {
                if of_page.get(index + 1).is_some_and(|next| slot(*next) == slot(place)) {
                    continue;
                }
                if let Some(before) = self.batch.row_mut(table, slot(place) as u32, ColumnSet::ALL)? {
                    before.copy_from_slice(row(place));
                    continue;
                }
                let in_page = slot(place) & (geometry.page_slots() - 1);
                new[in_page / BLOCK_SLOTS] |= 1 << (in_page % BLOCK_SLOTS);
                new_places.push(place);
            }
            if !new_places.is_empty() {
                let rows = new_places.iter().rev().map(|place| row(*place));
                self.batch.insert_in_page(table, page(of_page[0]), &new[..geometry.page_words()], rows)?;
            }
        }
        Ok(())
    }

    /// Ends the lives of `entities`, or of none of them. Returns how many there were.
    pub fn despawn_all(&mut self, entities: impl IntoIterator<Item = Entity>) -> Result<u64, OpError> {
        let mut slots = Vec::new();
        for entity in entities {
            slots.push(self.living(entity)?.slot());
        }
        let doomed = match by_block(&mut slots) {
            Ok(doomed) => doomed,
            // Its life has ended when it comes up again.
            Err(slot) => match self.batch.version().entities.in_slot(slot) {
                Some(entity) => return Err(OpError::StaleEntity { entity }),
                None => return Ok(0),
            },
        };
        self.batch.despawn_all(&doomed)?;
        Ok(slots.len() as u64)
    }

    /// Removes the rows of `entities`, each of which must have one, or of none of them. Returns how many there were.
    pub fn remove_all(&mut self, table: u16, entities: impl IntoIterator<Item = Entity>) -> Result<u64, OpError> {
        let mut slots = Vec::new();
        for entity in entities {
            let entity = self.current(entity)?;
            if !self.batch.version().tables[usize::from(table)].contains(entity.slot()) {
                return Err(self.missing(table, entity));
            }
            slots.push(entity.slot());
        }
        let meant = match by_block(&mut slots) {
            Ok(meant) => meant,
            // Its row is gone when it comes up again.
            Err(slot) => match self.batch.version().entities.in_slot(slot) {
                Some(entity) => return Err(self.missing(table, entity)),
                None => return Ok(0),
            },
        };
        Ok(self.batch.remove_all(table, &meant)?)
    }
}

/// The slots that `condition` holds for among those that `domain` gives for each block, block by block, ascending.
fn words(version: &Version, condition: &Node, domain: impl Fn(usize) -> u64) -> Vec<SlotMask> {
    matching(version, condition, domain).map(|(block, mask)| SlotMask { block, mask }).collect()
}

/// The slots block by block, ascending, or one that stands there twice. Orders `slots`.
fn by_block(slots: &mut [u32]) -> Result<Vec<SlotMask>, u32> {
    slots.sort_unstable();
    let mut blocks: Vec<SlotMask> = Vec::new();
    for slot in slots.iter().copied() {
        let (block, bit) = (slot as usize / BLOCK_SLOTS, 1 << (slot as usize % BLOCK_SLOTS));
        match blocks.last_mut() {
            Some(last) if last.block == block && last.mask & bit != 0 => return Err(slot),
            Some(last) if last.block == block => last.mask |= bit,
            _ => blocks.push(SlotMask { block, mask: bit }),
        }
    }
    Ok(blocks)
}
