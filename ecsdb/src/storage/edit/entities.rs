//! Birth and death of entities.

use super::{Batch, StorageError};
use crate::bits::bits;
use crate::entity::{Entity, RETIRED};
use crate::limits::BLOCK_SLOTS;
use crate::storage::slots::SlotMask;
use crate::storage::table_sets::TableSetId;

impl Batch<'_> {
    /// Brings up to `count` entities of the component set `set` to life, all in one block, without rows as yet. Returns
    /// their slots; [`Self::entities_of`] names them.
    pub fn spawn(&mut self, set: TableSetId, count: usize) -> Result<SlotMask, StorageError> {
        let mut granted = core::mem::take(&mut self.undo.granted);
        granted.clear();
        let taken = self.slots.take(set, count, &mut granted);
        for block in granted.iter().copied() {
            self.touch_block(block);
            self.version.entities.set_owner(block, set);
        }
        self.undo.granted = granted;
        let taken = self.doom(taken)?;
        let SlotMask { block, mask } = taken;
        self.touch_block(block);
        self.version.entities.set_alive(block, self.version.entities.alive(block) | mask);
        for bit in bits(mask) {
            let slot = (block * BLOCK_SLOTS) as u32 + bit;
            let stored = self.version.entities.generations(block).get(bit);
            let next = self.slots.next_generation(slot, stored);
            if next != stored {
                self.version.entities.set_generation(block, bit, next);
            }
        }
        Ok(taken)
    }

    /// The entity in slot `bit` of `block`, which is alive.
    pub fn entity_in(&self, block: usize, bit: u32) -> Entity {
        self.version
            .entities
            .in_slot((block * BLOCK_SLOTS) as u32 + bit)
            .expect("a slot that was just handed out has a living entity")
    }

    /// Ends the life of `entity`, which is alive, and removes its rows from every table.
    pub fn despawn(&mut self, entity: Entity) -> Result<(), StorageError> {
        debug_assert!(self.version.entities.is_alive(entity));
        let slot = entity.slot();
        let block = slot as usize / BLOCK_SLOTS;
        let bit = slot % BLOCK_SLOTS as u32;
        let tables = self.slots.tables_in(block);
        // All at once, so that one table is waited for and not each.
        for table in self.slots.sets.tables(tables) {
            self.version.tables[usize::from(*table)].prefetch_removal(slot);
        }
        for index in 0..self.slots.sets.tables(tables).len() {
            let table = self.slots.sets.tables(tables)[index];
            self.remove(table, slot)?;
        }
        self.end_lives(block, 1 << bit);
        Ok(())
    }

    /// Ends the lives of the entities in the slots `mask` of `block`, whose rows are gone.
    pub(super) fn end_lives(&mut self, block: usize, mask: u64) {
        self.touch_block(block);
        let entities = &mut self.version.entities;
        let alive = entities.alive(block) & !mask;
        entities.set_alive(block, alive);
        for bit in bits(mask) {
            let next = entities.generations(block).get(bit).checked_add(1).unwrap_or(RETIRED);
            entities.set_generation(block, bit, entities.rounded_up(block, next));
            if next == RETIRED {
                self.slots.retire(block, bit);
            } else {
                self.slots.release(block, bit);
            }
        }
        if alive == 0 {
            // The block returns to all, and its slots agree on a generation again.
            let retired = entities.unify(block);
            entities.set_owner(block, TableSetId::NONE);
            self.slots.refresh(block, TableSetId::NONE, 0, retired);
        }
    }
}
