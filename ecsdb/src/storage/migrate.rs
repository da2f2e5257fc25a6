//! Filling a store with what another one has, whose tables are other ones.
//!
//! Entities keep their slots and generations, and the next ones that are handed out are the same in both. What becomes of
//! a row is for the caller to say.

use super::restore::{RestoreError, RestoredBlock};
use super::store::Store;
use super::table_sets::TableSetId;
use crate::bytes::RowBytes;
use crate::change_set::ChangeSet;
use crate::entity::Entity;
use crate::limits::CHUNK_BLOCKS;

/// A row that goes from one store to another.
#[derive(Debug)]
pub struct MovedRow<'a> {
    /// The number of the table in the new store.
    pub table: usize,
    /// Whose row it is.
    pub entity: Entity,
    /// The row with its heap.
    pub row: RowBytes<'a>,
}

impl Store {
    /// Takes over everything that `old` has published. `origins` says for each table which one it was there; `convert`
    /// appends the new row for an old one to the buffer, which is empty, with its heap behind it.
    ///
    /// The store is fresh, and [`Self::begin_restore`] was called.
    ///
    /// # Errors
    /// Those of `convert`, and if there is no room.
    pub fn restore_from<E: From<RestoreError>>(
        &mut self,
        old: &Self,
        origins: &[Option<usize>],
        mut convert: impl FnMut(MovedRow<'_>, &mut Vec<u8>) -> Result<(), E>,
    ) -> Result<(), E> {
        let version = old.live();
        self.take_entities(old, origins)?;
        let mut batch = self.batch();
        let mut converted = Vec::new();
        for (table, origin) in origins.iter().enumerate() {
            let Some(origin) = origin else { continue };
            let (from, stride) = (&version.tables[*origin], batch.version().tables[table].geometry().stride());
            let is_counted = batch.is_counted(table as u16);
            for slot in from.slots() {
                let (Some(row), Some(entity)) = (from.stored(slot), version.entities.in_slot(slot)) else { continue };
                converted.clear();
                convert(MovedRow { table, entity, row }, &mut converted)?;
                let (row, heap) = converted.split_at(stride);
                batch
                    .put(table as u16, slot, RowBytes { row, heap })
                    .map_err(|error| E::from(RestoreError::Storage(error)))?;
                if is_counted {
                    batch.note_numbers(table as u16, slot);
                }
            }
        }
        Ok(())
    }

    /// Takes over who is alive, and everything that decides which entities are handed out next.
    fn take_entities(&mut self, old: &Self, origins: &[Option<usize>]) -> Result<(), RestoreError> {
        let entities = &old.live().entities;
        let mut batch = self.batch();
        batch.restore_end(old.slots().end())?;
        for block in 0..entities.chunk_count() * CHUNK_BLOCKS {
            let state = entities.state(block);
            let mut tables = Vec::new();
            let owner = if state.owner == TableSetId::NONE {
                None
            } else {
                let of = old.slots().sets.tables(state.owner);
                let is_in = |origin: &Option<usize>| origin.is_some_and(|origin| of.contains(&(origin as u16)));
                tables.extend((0_u16..).zip(origins).filter(|(_, origin)| is_in(origin)).map(|(number, _)| number));
                Some(&*tables)
            };
            if block < old.slots().end() {
                let (alive, generations) = (state.alive, Some(state.generations));
                batch.restore_block(RestoredBlock { block, alive, generations, owner: Some(owner) })?;
            }
        }
        for (slot, generation) in old.slots().burned() {
            batch.restore_burned(slot, generation)?;
        }
        Ok(())
    }

    /// Builds the indexes, and says what was taken over, as a change set: the rows of all tables, and nothing of entities.
    ///
    /// # Errors
    /// If two rows have the same key in a unique index, or there is no room.
    pub fn restored_rows(&mut self) -> Result<ChangeSet, RestoreError> {
        let mut changes = ChangeSet::default();
        let number = self.next_version();
        let mut batch = self.batch();
        batch.build_indexes(|_| true)?;
        batch.commit_with_changes(number, &mut changes);
        changes.entities.clear();
        changes.burned.clear();
        Ok(changes)
    }
}
