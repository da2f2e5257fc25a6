//! Putting a version together from what a log has kept.
//!
//! A fresh [`Store`] takes everything in as one transaction that nobody reads, so each page is changed in place, whatever
//! came before, and the memory limit holds. [`Store::finish_restore`] then publishes it under the number that it had.
//! What is wrong with the data is said, not repaired: the caller throws the store away.

use super::edit::{Batch, StorageError};
use super::entities::EntityBlock;
use super::index::{DuplicateKey, IndexFailure};
use super::pool::MemoryLimit;
use super::store::Store;
use super::table_sets::TableSetId;
use crate::bits::bits;
use crate::bytes::{HeapPlace, RowBytes};
use crate::change_set::ColumnSet;
use crate::entity::{Generations, RETIRED};
use crate::limits::{BLOCK_SLOTS, SLOTS_MAX};

/// How many blocks there can be.
const BLOCKS_MAX: usize = SLOTS_MAX / BLOCK_SLOTS;

/// What a transaction has left of a block of entities.
#[derive(Debug)]
pub struct RestoredBlock<'a> {
    /// The block, counted over the whole directory.
    pub block: usize,
    /// Which slots have a living entity.
    pub alive: u64,
    /// The generations, if they changed.
    pub generations: Option<Generations>,
    /// The tables for whose entities the block is, ascending, or `None` if nobody owns it; nothing if that did not change.
    pub owner: Option<Option<&'a [u16]>>,
}

/// Why something cannot be taken in.
#[derive(Clone, Debug, PartialEq)]
pub enum RestoreError {
    /// There is no room for it.
    Storage(StorageError),
    /// It does not fit what is there; the text says why.
    Unfit(&'static str),
    /// Two rows have the same key in a unique index.
    Duplicate(Box<DuplicateKey>),
}

impl From<IndexFailure> for RestoreError {
    fn from(error: IndexFailure) -> Self {
        match error {
            IndexFailure::Duplicate(error) => Self::Duplicate(error),
            IndexFailure::Storage(error) => Self::Storage(error),
        }
    }
}

impl From<StorageError> for RestoreError {
    fn from(error: StorageError) -> Self {
        Self::Storage(error)
    }
}

impl Store {
    /// Begins to take in what a log has kept. The store is fresh.
    pub fn begin_restore(&mut self) {
        debug_assert_eq!(self.live().number, 0, "only a fresh store is filled from a log");
        self.batch().begin();
    }

    /// Builds the indexes, and publishes what was taken in as version `number`.
    ///
    /// # Errors
    /// If a row belongs to nobody, two rows have the same key in a unique index, or there is no room.
    pub fn finish_restore(&mut self, number: u64) -> Result<(), RestoreError> {
        let mut batch = self.batch();
        let version = batch.version();
        for table in &version.tables {
            for (index, chunk) in (0..table.chunk_count()).filter_map(|index| Some((index, table.chunk(index)?))) {
                for block in bits(chunk.summary()) {
                    let alive = version.entities.alive(index * crate::limits::CHUNK_BLOCKS + block as usize);
                    if chunk.word(block as usize) & !alive != 0 {
                        return Err(RestoreError::Unfit("a row whose entity is not alive"));
                    }
                }
            }
        }
        batch.build_indexes(|_| true)?;
        batch.commit();
        self.publish_restored(number);
        Ok(())
    }
}

impl Batch<'_> {
    /// Makes the slot allocator reach over `end` blocks at least.
    pub fn restore_end(&mut self, end: usize) -> Result<(), RestoreError> {
        if end > BLOCKS_MAX {
            return Err(RestoreError::Unfit("more blocks than a database can have"));
        }
        self.reach(end)
    }

    /// Makes the slot allocator reach over `end` blocks at least. A file can name any block in a few bytes, so the limit holds for
    /// what is noted of blocks as well.
    fn reach(&mut self, end: usize) -> Result<(), RestoreError> {
        let needed = self.slots.bytes_to(end);
        let (allocated, limit) = (self.pool.meter().allocated_bytes(), self.pool.limit());
        if needed > limit.saturating_sub(allocated) {
            return Err(StorageError::Memory(MemoryLimit { limit, allocated, needed }).into());
        }
        self.slots.extend_to(end);
        Ok(())
    }

    /// Burns the generations of `slot` below `generation`.
    pub fn restore_burned(&mut self, slot: u32, generation: u32) -> Result<(), RestoreError> {
        if slot as usize >= SLOTS_MAX || generation == RETIRED {
            return Err(RestoreError::Unfit("a burned generation of no slot"));
        }
        self.slots.restore_burned(slot, generation);
        Ok(())
    }

    /// Has the counted field `field` of table `table` give no number up to `last` any more.
    pub fn restore_counter(&mut self, table: u16, field: u16, last: u128) {
        self.counters.restore(table, field, last);
    }

    /// Puts a block of entities into the state that a transaction has left it in.
    pub fn restore_block(&mut self, restored: RestoredBlock<'_>) -> Result<(), RestoreError> {
        let RestoredBlock { block, alive, generations, owner } = restored;
        if block >= BLOCKS_MAX {
            return Err(RestoreError::Unfit("a block beyond the last slot"));
        }
        self.reach(block + 1)?;
        self.touch_block(block);
        let before = self.version.entities.state(block);
        let set = match owner {
            None => before.owner,
            Some(None) => TableSetId::NONE,
            Some(Some(tables)) => self.slots.sets.intern(tables),
        };
        let generations = generations.unwrap_or(before.generations);
        let retired = generations.retired();
        if alive & retired != 0 {
            return Err(RestoreError::Unfit("a living entity in a slot that is retired"));
        }
        if set == TableSetId::NONE && alive != 0 {
            return Err(RestoreError::Unfit("living entities in a block that nobody owns"));
        }
        self.version.entities.restore(block, EntityBlock { generations, alive, owner: set });
        if set != before.owner && set != TableSetId::NONE {
            self.slots.set_tables_in(block, set);
        }
        self.slots.refresh(block, set, alive, retired);
        Ok(())
    }

    /// Stores `rows`, one after the other, for the slots `mask` of `block`, in place of earlier ones where there are some.
    /// They are valid rows of the table, with their heaps.
    pub fn restore_rows(
        &mut self,
        table: u16,
        block: usize,
        mask: u64,
        rows: RowBytes<'_>,
    ) -> Result<(), RestoreError> {
        if mask == 0 {
            return Ok(());
        }
        self.owned(block)?;
        if self.is_counted(table) {
            let stride = self.version.tables[usize::from(table)].geometry().stride();
            rows.row.chunks_exact(stride).for_each(|row| self.counters.note(table, row));
        }
        if self.version.tables[usize::from(table)].has_heap() {
            return self.restore_with_heaps(table, block, mask, rows);
        }
        let mut rows = rows.row;
        let geometry = self.version.tables[usize::from(table)].geometry();
        let present = self.version.tables[usize::from(table)].word(block);
        let mut left = mask;
        while left != 0 {
            let bit = left.trailing_zeros();
            let slot = (block * BLOCK_SLOTS) as u32 + bit;
            if present >> bit & 1 == 1 {
                let (row, rest) = split(rows, geometry.stride())?;
                self.put(table, slot, RowBytes::plain(row))?;
                rows = rest;
                left &= left - 1;
                continue;
            }
            // Neighbours that are new as well, as far as the page goes.
            let run = (left & !present) >> bit;
            let count = (run.trailing_ones() as usize)
                .min(geometry.page_slots() - (slot as usize & (geometry.page_slots() - 1)));
            let (new, rest) = split(rows, count * geometry.stride())?;
            self.insert_run(table, slot, count)?.copy_from_slice(new);
            rows = rest;
            left &= !crate::bits::run(bit as usize, count);
        }
        Ok(())
    }

    fn restore_with_heaps(
        &mut self,
        table: u16,
        block: usize,
        mask: u64,
        RowBytes { row: mut rows, heap: mut heaps }: RowBytes<'_>,
    ) -> Result<(), RestoreError> {
        let stride = self.version.tables[usize::from(table)].geometry().stride();
        for bit in bits(mask) {
            let (row, rest) = split(rows, stride)?;
            let (heap, behind) = split(heaps, HeapPlace::read(&row[stride - HeapPlace::BYTES..]).len())?;
            self.put(table, (block * BLOCK_SLOTS) as u32 + bit, RowBytes { row, heap })?;
            (rows, heaps) = (rest, behind);
        }
        Ok(())
    }

    /// Removes the rows of the slots `mask` of `block`, which exist.
    pub fn restore_removal(&mut self, table: u16, block: usize, mask: u64) -> Result<(), RestoreError> {
        self.present(table, block, mask)?;
        for bit in bits(mask) {
            self.remove(table, (block * BLOCK_SLOTS) as u32 + bit)?;
        }
        // What followed from it stands in the log as well.
        self.references.clear();
        Ok(())
    }

    /// Changes the rows of the slots `mask` of `block`, which exist, with `change`, that is called for one after the other
    /// and leaves a valid row behind or says why it cannot.
    pub fn restore_update<E: From<RestoreError>>(
        &mut self,
        table: u16,
        block: usize,
        mask: u64,
        mut change: impl FnMut(&mut [u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        self.present(table, block, mask)?;
        for bit in bits(mask) {
            let slot = (block * BLOCK_SLOTS) as u32 + bit;
            if let Some(row) = self.row_mut(table, slot, ColumnSet::ALL).map_err(RestoreError::from)? {
                change(row)?;
            }
            if self.is_counted(table) {
                self.note_numbers(table, slot);
            }
        }
        Ok(())
    }

    fn owned(&self, block: usize) -> Result<(), RestoreError> {
        if block < self.slots.end() && self.version.entities.alive(block) != 0 {
            Ok(())
        } else {
            Err(RestoreError::Unfit("rows in a block in which nobody is alive"))
        }
    }

    fn present(&self, table: u16, block: usize, mask: u64) -> Result<(), RestoreError> {
        if self.version.tables[usize::from(table)].word(block) & mask == mask {
            Ok(())
        } else {
            Err(RestoreError::Unfit("a change of a row that does not exist"))
        }
    }
}

fn split(rows: &[u8], at: usize) -> Result<(&[u8], &[u8]), RestoreError> {
    rows.split_at_checked(at).ok_or(RestoreError::Unfit("fewer rows than slots"))
}
