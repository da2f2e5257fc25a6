//! The write buffer: a version that nobody reads yet, and the way back for the transaction that changes it.
//!
//! The first touch of a page by a transaction copies the page and keeps the old one, so taking a transaction back
//! is putting pages back, and the change set of a transaction is the list of the pages it touched.
//!
//! A storage error (no memory, no slots) leaves every invariant in place but may leave an operation half done. It dooms the
//! transaction: [`Batch::failure`] says so, and the caller rolls back whatever the user's code made of the error.

mod entities;
mod heap;
mod insertion;
mod merge;
mod removal;
mod rewrite;
mod rows;

use thiserror::Error;

use super::chunk::Chunk;
use super::counters::{Counters, NumbersExhausted};
use super::entities::EntityBlock;
use super::index::IndexWriter;
use super::pool::{MemoryLimit, PagePool};
use super::reference::{NewReference, ReferenceNotes};
use super::roots::Dirty;
use super::slots::{SlotAllocator, SlotsExhausted};
use super::table::PageGeometry;
use super::table_sets::TableSetId;
use super::version::Version;
use crate::bytes::PageRef;
use crate::change_set::{BlockChange, BlockNames, BlockState, ChangeSet, ColumnSet, PageRun};
use crate::entity::Entity;
use crate::entity::Generations;
use crate::limits::BLOCK_SLOTS;

pub use rewrite::PageRewrite;
pub(super) use rows::own;

/// The storage cannot take a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum StorageError {
    /// There is no memory left in the budget.
    #[error(transparent)]
    Memory(#[from] MemoryLimit),
    /// There is no slot left.
    #[error(transparent)]
    Slots(#[from] SlotsExhausted),
}

/// A page as it was before the running transaction touched it.
pub(super) struct PageUndo {
    pub table: u16,
    pub page: u32,
    /// Where the words before, and then the words written, stand in [`Undo::words`].
    words_at: u32,
    pub columns: ColumnSet,
    len: u32,
    pub before: Option<PageRef>,
    /// Whether an earlier record of the same page says everything.
    is_merged: bool,
}

/// A block of entities as it was before the running transaction touched it.
struct BlockUndo {
    block: u32,
    before: EntityBlock,
    tables: TableSetId,
}

/// What the running transaction touched, in the order of the first touches. Kept between transactions for its memory.
#[derive(Default)]
pub struct Undo {
    pages: Vec<PageUndo>,
    words: Vec<u64>,
    blocks: Vec<BlockUndo>,
    granted: Vec<usize>,
    /// How many pages and blocks were there at the first savepoint; nothing if there was none.
    first_savepoint: Option<(usize, usize)>,
    /// How many pages were there at the last savepoint.
    last_savepoint: usize,
    /// The order in which records are merged.
    order: Vec<u32>,
}

/// The transactions that are published together: a version to change, and what the writer needs to change it.
pub struct Batch<'a> {
    pub(super) version: &'a mut Version,
    pub(super) pool: &'a mut PagePool,
    pub(super) slots: &'a mut SlotAllocator,
    /// What was touched since the version was last equal to the published one.
    pub(super) dirty: &'a mut Vec<Dirty>,
    pub(super) undo: &'a mut Undo,
    /// The number of the running transaction: stamps with it are fresh.
    pub(super) serial: &'a mut u64,
    /// The number of the first transaction of the batch: what has a stamp from here on is in `dirty` already.
    pub(super) first_serial: u64,
    /// Whether a transaction of the batch that was kept has changed something.
    pub(super) changed: &'a mut bool,
    /// The version that is published.
    pub(super) published: u64,
    /// The storage error that dooms the running transaction. Kept in the store: a transaction borrows the batch more than
    /// once.
    pub(super) failure: &'a mut Option<StorageError>,
    /// The numbers that counted fields give.
    pub(super) counters: &'a mut Counters,
    /// What the running transaction has done to references.
    pub(super) references: &'a mut ReferenceNotes,
    /// What it takes to bring indexes in line with rows.
    pub(super) indexes: &'a mut IndexWriter,
}

debug_as!(['a] Batch<'a>);

impl Batch<'_> {
    /// The version with all changes so far.
    pub fn version(&self) -> &Version {
        self.version
    }

    /// The version in which the last change before the running transaction is visible, or will be.
    pub fn committed(&self) -> u64 {
        self.published + u64::from(*self.changed)
    }

    /// The component sets that have come up, to intern new ones.
    pub fn sets(&mut self) -> &mut super::table_sets::TableSets {
        &mut self.slots.sets
    }

    /// Starts the next transaction.
    pub fn begin(&mut self) {
        debug_assert!(self.undo.pages.is_empty() && self.undo.blocks.is_empty());
        *self.serial += 1;
        *self.failure = None;
        self.indexes.begin(*self.serial);
        self.undo.begin();
    }

    /// The storage error that dooms the running transaction, if there was one.
    pub fn failure(&self) -> Option<StorageError> {
        *self.failure
    }

    /// Whether the running transaction has changed anything.
    pub fn is_untouched(&self) -> bool {
        self.undo.pages.is_empty() && self.undo.blocks.is_empty()
    }

    /// How many pages and blocks the running transaction has touched.
    pub fn touched(&self) -> usize {
        self.undo.pages.len() + self.undo.blocks.len()
    }

    pub(super) fn doom<T, E: Into<StorageError>>(&mut self, result: Result<T, E>) -> Result<T, StorageError> {
        result.map_err(|error| {
            let error = error.into();
            *self.failure = Some(error);
            error
        })
    }

    /// Rows that went from tables that others refer to, since the last time.
    pub fn take_removed(&mut self) -> Vec<(u16, Entity)> {
        self.references.take_removed()
    }

    /// References that came since the last time. The indexes are settled.
    pub fn take_new_references(&mut self) -> Vec<NewReference> {
        self.references.take_new()
    }

    /// Whether rows of the table have counted fields.
    #[inline]
    pub fn is_counted(&self, table: u16) -> bool {
        self.counters.has(table)
    }

    /// Gives `row`, which is to be stored for `slot`, its numbers: see [`Counters::number`].
    pub fn number(&mut self, table: u16, slot: u32, row: &mut [u8]) -> Result<(), NumbersExhausted> {
        let earlier = self.version.tables[usize::from(table)].row_bytes(slot);
        self.counters.number(table, row, earlier)
    }

    /// Notes the numbers in the row of `slot`, which was changed.
    pub fn note_numbers(&mut self, table: u16, slot: u32) {
        if let Some(row) = self.version.tables[usize::from(table)].row_bytes(slot) {
            self.counters.note(table, row);
        }
    }

    /// Keeps what the running transaction did, and lets go of the way back. The indexes are settled.
    pub fn commit(&mut self) {
        self.counters.keep();
        *self.changed |= !self.is_untouched();
        self.end_indexes();
        for undo in self.undo.pages.drain(..) {
            if let Some(page) = undo.before {
                self.pool.put(undo.table, page);
            }
        }
        self.undo.blocks.clear();
        self.undo.words.clear();
    }

    fn end_indexes(&mut self) {
        debug_assert!(self.is_settled(), "a transaction ends with its indexes in line with its rows");
        self.indexes.undo.forget(self.pool);
        self.references.clear();
    }

    /// Keeps what the running transaction did, as a change set of version `version`.
    ///
    /// It goes into `changes`, which is emptied first: a commit allocates nothing for it. [`Self::let_go`] takes the pages back.
    /// The indexes are settled.
    pub fn commit_with_changes(&mut self, version: u64, changes: &mut ChangeSet) {
        self.counters.keep();
        *self.changed |= !self.is_untouched();
        self.end_indexes();
        self.let_go(changes);
        self.merge_records();
        let ChangeSet { words, pages, .. } = changes;
        for undo in self.undo.pages.drain(..) {
            let table = &self.version.tables[usize::from(undo.table)];
            let geometry = table.geometry();
            let count = geometry.page_words();
            let Some(chunk) = table.chunk(undo.page as usize >> geometry.chunk_shift()) else { continue };
            let page = undo.page as usize & (geometry.chunk_pages() - 1);
            let at = undo.words_at as usize;
            let words_at = words.len() as u32;
            words.extend_from_slice(&self.undo.words[at..at + count]);
            words.extend((0..count).map(|index| chunk.presence(geometry, page, index)));
            words.extend_from_slice(&self.undo.words[at + count..at + 2 * count]);
            pages.push(PageRun {
                table: undo.table,
                first_slot: undo.page * geometry.page_slots() as u32,
                stride: geometry.stride() as u32,
                has_heap: table.has_heap(),
                words_at,
                word_count: count as u32,
                names_at: 0,
                columns: undo.columns,
                before: undo.before,
                after: chunk.pages()[page].page.clone(),
            });
        }
        self.undo.words.clear();
        changes.entities.extend(self.undo.blocks.drain(..).map(|undo| BlockChange {
            first_slot: undo.block * BLOCK_SLOTS as u32,
            before: block_state(self.slots, undo.before),
            after: block_state(self.slots, self.version.entities.state(undo.block as usize)),
        }));
        changes.version = version;
        changes.burned = self.slots.take_burned();
        changes.block_end = self.slots.end() as u32;
    }

    /// Empties a change set that everybody is done with. Pages that no version has are used again.
    pub fn let_go(&mut self, changes: &mut ChangeSet) {
        self.pool.empty(changes);
    }

    /// Notes in `changes`, which is what the last transaction did, whose rows it has touched.
    pub fn name_entities(&self, changes: &mut ChangeSet) {
        let entities = &self.version.entities;
        let mut born_or_dead: Vec<(u32, Generations)> =
            changes.entities.iter().map(|block| (block.first_slot, block.before.generations.clone())).collect();
        // The first that is said of a block is what it was before.
        born_or_dead.sort_by_key(|(first_slot, _)| *first_slot);
        born_or_dead.dedup_by_key(|(first_slot, _)| *first_slot);
        changes.name(|first_slot| {
            let after = entities.state(first_slot as usize / BLOCK_SLOTS).generations;
            let found = born_or_dead.binary_search_by_key(&first_slot, |(first_slot, _)| *first_slot);
            let before = found.map_or_else(|_| after.clone(), |at| born_or_dead[at].1.clone());
            BlockNames { before, after }
        });
    }

    /// Whether the changes of transactions are kept for those who follow them.
    pub fn is_recorded(&self) -> bool {
        self.pool.recording.is_on()
    }

    /// Keeps `changes`, which is what the last transaction did, for those who follow. Leaves an empty one.
    pub fn record(&mut self, changes: &mut ChangeSet) {
        self.name_entities(changes);
        self.pool.recording.record(changes);
    }

    /// Takes back everything that the running transaction did. Generations that it handed out are burned.
    pub fn rollback(&mut self) {
        self.counters.forget();
        self.references.clear();
        let IndexWriter { undo, numbers, .. } = &mut *self.indexes;
        undo.roll_back(&mut self.version.indexes.nodes, numbers, self.pool);
        self.version.unsettled = false;
        for undo in self.undo.pages.drain(..).rev() {
            let table = &mut self.version.tables[usize::from(undo.table)];
            let geometry = table.geometry();
            let chunk = table.chunk_mut(undo.page as usize >> geometry.chunk_shift());
            let page = undo.page as usize & (geometry.chunk_pages() - 1);
            for index in 0..geometry.page_words() {
                chunk.set_presence(geometry, page, index, self.undo.words[undo.words_at as usize + index]);
            }
            let slot = chunk.page_mut(page);
            let replaced = core::mem::replace(&mut slot.page, undo.before);
            let len = slot.len;
            chunk.relocate(geometry, page);
            debug_assert_eq!(chunk.pages()[page].len, undo.len);
            if let Some(page) = replaced {
                self.pool.put(undo.table, page);
            }
            table.count(i64::from(undo.len) - i64::from(len));
        }
        self.undo.words.clear();
        for undo in self.undo.blocks.drain(..).rev() {
            let block = undo.block as usize;
            self.slots.burn_handed_out(block, &undo.before, &self.version.entities.state(block));
            self.slots.set_tables_in(block, undo.tables);
            let retired = undo.before.generations.retired();
            self.slots.refresh(block, undo.before.owner, undo.before.alive, retired);
            self.version.entities.restore(block, undo.before);
        }
        *self.failure = None;
    }

    /// Notes that the running transaction changes page `page` of table `table`: keeps the words, and says where the
    /// undo record stands. The caller moves the old page there when it has a new one.
    pub(super) fn touch_page(&mut self, table: u16, page: usize) -> u32 {
        let directory = &mut self.version.tables[usize::from(table)];
        let (geometry, is_indexed) = (directory.geometry(), directory.is_indexed());
        let chunk = directory.chunk_mut(page >> geometry.chunk_shift());
        let slot = &chunk.pages()[page & (geometry.chunk_pages() - 1)];
        if slot.stamp == *self.serial {
            return slot.undo;
        }
        self.version.unsettled |= is_indexed;
        self.undo.touch(chunk, geometry, Touched { table, page }, *self.serial, self.first_serial, self.dirty)
    }

    /// Notes that the running transaction changes the entities of `block`.
    pub(super) fn touch_block(&mut self, block: usize) {
        let stamp = self.version.entities.stamp_mut(block);
        if *stamp == *self.serial {
            return;
        }
        let earlier = core::mem::replace(stamp, *self.serial);
        if earlier < self.first_serial {
            self.dirty.push(Dirty::Block { block: block as u32 });
        }
        self.undo.blocks.push(BlockUndo {
            block: block as u32,
            before: self.version.entities.state(block),
            tables: self.slots.tables_in(block),
        });
    }
}

/// A page of a table, counted over the whole table.
pub(super) struct Touched {
    pub table: u16,
    pub page: usize,
}

impl Undo {
    /// Notes that transaction `serial` changes a page of `chunk` for the first time, and returns the number of the record.
    fn touch(
        &mut self,
        chunk: &mut Chunk,
        geometry: PageGeometry,
        touched: Touched,
        serial: u64,
        first_serial: u64,
        dirty: &mut Vec<Dirty>,
    ) -> u32 {
        let Touched { table, page } = touched;
        let in_chunk = page & (geometry.chunk_pages() - 1);
        let record = self.pages.len() as u32;
        let slot = chunk.page_mut(in_chunk);
        let earlier = core::mem::replace(&mut slot.stamp, serial);
        slot.undo = record;
        let len = slot.len;
        if earlier < first_serial {
            dirty.push(Dirty::Page { table, page: page as u32 });
        }
        let words_at = self.words.len();
        let count = geometry.page_words();
        self.words.extend((0..count).map(|index| chunk.presence(geometry, in_chunk, index)));
        self.words.resize(words_at + 2 * count, 0);
        self.pages.push(PageUndo {
            table,
            page: page as u32,
            words_at: words_at as u32,
            columns: ColumnSet::NONE,
            len,
            before: None,
            is_merged: false,
        });
        record
    }

    /// Notes which slots of a touched page were written, as a mask of word `word` of the page, and which columns.
    fn note_written(&mut self, geometry: PageGeometry, record: u32, word: usize, mask: u64, columns: ColumnSet) {
        let record = &mut self.pages[record as usize];
        record.columns = record.columns.union(columns);
        self.words[record.words_at as usize + geometry.page_words() + word] |= mask;
    }

    /// Notes that rows for the slots `mask` of word `word` have come to a touched page.
    fn note_inserted(&mut self, geometry: PageGeometry, record: u32, word: usize, mask: u64) {
        // A row that took the place of one that this transaction has removed may differ in every column.
        let again = self.words[self.pages[record as usize].words_at as usize + word] & mask != 0;
        let columns = if again { ColumnSet::ALL } else { ColumnSet::NONE };
        self.note_written(geometry, record, word, mask, columns);
    }
}

fn block_state(slots: &SlotAllocator, block: EntityBlock) -> BlockState {
    let owner = if block.owner == TableSetId::NONE { None } else { Some(slots.sets.shared(block.owner)) };
    BlockState { alive: block.alive, generations: block.generations, owner }
}
