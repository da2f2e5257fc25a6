//! A version that is held, with the little that is not in it: everything that it takes to put the store together again.
//!
//! The writer makes one between two batches, which costs it a few copies of what is small; whoever has it reads it on another
//! thread, chunk by chunk, while the writer goes on.

use std::sync::Arc;

use super::store::Store;
use super::table_sets::TableSetId;
use super::version::Version;
use crate::change_set::{BlockChange, BlockState, ChangeSet, ColumnSet, PageRun};
use crate::entity::Generations;
use crate::limits::{BLOCK_SLOTS, CHUNK_BLOCKS, CHUNK_SLOTS};
use crate::sync::shim::Arc as VersionRef;

/// A version, and what the writer owned when it was the last one.
pub struct Pinned {
    /// The version.
    pub version: VersionRef<Version>,
    /// The number of the last transaction: what is touched later has a later stamp.
    pub serial: u64,
    /// Slots, in no order, with the lowest generation that no transaction has seen which was rolled back.
    pub burned: Vec<(u32, u32)>,
    /// How many blocks the slot allocator reaches over.
    pub block_end: usize,
    /// Up to where counted fields are counted: table, field, and the last number.
    pub counters: Vec<(u16, u16, u128)>,
    /// The component sets, by the numbers that owners of blocks have.
    sets: Vec<Arc<[u16]>>,
}

debug_as!(Pinned);

impl Store {
    /// Holds what is published now. Between two batches.
    pub fn pin(&self) -> Pinned {
        Pinned {
            version: VersionRef::clone(self.live()),
            serial: self.serial(),
            burned: self.slots().burned().collect(),
            block_end: self.slots().end(),
            counters: self.counters().last_numbers().collect(),
            sets: self.slots().sets.all().collect(),
        }
    }
}

impl Pinned {
    /// Whether something of the entities of chunk `chunk` was touched after transaction `serial`.
    pub fn entities_touched_after(&self, chunk: usize, serial: u64) -> bool {
        let entities = &self.version.entities;
        (chunk * CHUNK_BLOCKS..(chunk + 1) * CHUNK_BLOCKS).any(|block| entities.stamp(block) > serial)
    }

    /// Whether a row of chunk `chunk` of table `table` was touched after transaction `serial`.
    pub fn rows_touched_after(&self, table: u16, chunk: usize, serial: u64) -> bool {
        let chunk = self.version.tables[usize::from(table)].chunk(chunk);
        chunk.is_some_and(|chunk| chunk.pages().iter().any(|page| page.stamp > serial))
    }

    /// The blocks of entities of chunk `chunk` that are not as they were in the beginning.
    pub fn blocks(&self, chunk: usize) -> impl Iterator<Item = BlockChange> + '_ {
        let untouched = || BlockState { alive: 0, generations: Generations::default(), owner: None };
        (chunk * CHUNK_BLOCKS..(chunk + 1) * CHUNK_BLOCKS).filter_map(move |block| {
            let state = self.version.entities.state(block);
            if state.alive == 0 && state.owner == TableSetId::NONE && state.generations.is_initial() {
                return None;
            }
            let owner = self.sets.get(state.owner.index()).map(Arc::clone);
            let after = BlockState { alive: state.alive, generations: state.generations, owner };
            Some(BlockChange { first_slot: (block * BLOCK_SLOTS) as u32, before: untouched(), after })
        })
    }

    /// Puts the rows of chunk `chunk` of table `table` into `changes`, page by page, as if all of them had come just now. Returns
    /// how many there are.
    pub fn rows(&self, table: u16, chunk: usize, changes: &mut ChangeSet) -> u64 {
        changes.pages.clear();
        changes.words.clear();
        let directory = &self.version.tables[usize::from(table)];
        let geometry = directory.geometry();
        let Some(found) = directory.chunk(chunk) else { return 0 };
        let count = geometry.page_words();
        let mut rows = 0;
        for (number, slot) in found.pages().iter().enumerate().filter(|(_, slot)| slot.len > 0) {
            let words_at = changes.words.len();
            changes.words.resize(words_at + count, 0);
            for _ in 0..2 {
                changes.words.extend((0..count).map(|index| found.presence(geometry, number, index)));
            }
            changes.pages.push(PageRun {
                table,
                first_slot: (chunk * CHUNK_SLOTS + number * geometry.page_slots()) as u32,
                stride: geometry.stride() as u32,
                has_heap: directory.has_heap(),
                words_at: words_at as u32,
                word_count: count as u32,
                names_at: 0,
                columns: ColumnSet::NONE,
                before: None,
                after: slot.page.clone(),
            });
            rows += u64::from(slot.len);
        }
        rows
    }
}
