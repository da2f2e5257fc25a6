//! The change set: what one committed transaction did, and the only thing that leaves the write side.
//!
//! It holds effects, never conditions: for each page that was touched, its state before and after, which rows were
//! written and which columns; and for each block of entities, who was alive before and after. Consumers (the log,
//! replication, subscriptions, views) encode from it what they need, when they need it. Making one copies no rows.

mod named;
mod net;

use std::sync::Arc;

use crate::bits::bits;
use crate::bytes::{HeapPlace, PageRef};
use crate::entity::{Entity, Generations};
use crate::limits::BLOCK_SLOTS;

pub(crate) use named::{BlockNames, NamedRow, same_rows};

/// A set of columns of one table. Columns from number 63 on share a bit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ColumnSet(u64);

impl ColumnSet {
    /// No column.
    pub const NONE: Self = Self(0);
    /// Every column.
    pub const ALL: Self = Self(u64::MAX);

    /// The set of column number `column` alone.
    pub const fn one(column: u16) -> Self {
        Self(1 << if column < 63 { column } else { 63 })
    }

    /// The columns of both sets.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether both sets may have a column in common.
    pub(crate) const fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// The columns as bits: bit `n` is column `n`, bit 63 stands for column 63 and all after it.
    pub(crate) const fn bits(self) -> u64 {
        self.0
    }

    /// Whether column number `column` may be in the set.
    pub const fn contains(self, column: u16) -> bool {
        self.0 & Self::one(column).0 != 0
    }
}

/// What one transaction did.
#[derive(Default)]
pub struct ChangeSet {
    pub(crate) version: u64,
    pub(crate) entities: Vec<BlockChange>,
    pub(crate) pages: Vec<PageRun>,
    /// The presence words of all pages: before, after, written, page by page.
    pub(crate) words: Vec<u64>,
    /// Whose rows were written, if somebody wants to know: for each page, one for each word in which something was written.
    pub(crate) names: Vec<BlockNames>,
    /// What transactions that were rolled back have left: slots, ascending, with the lowest generation that nobody has seen.
    pub(crate) burned: Vec<(u32, u32)>,
    /// How many blocks the slot allocator reaches over.
    pub(crate) block_end: u32,
}

debug_as!(ChangeSet, changes: version = changes.version);

/// The entities of one block of 64 slots, before and after.
#[derive(Debug)]
pub struct BlockChange {
    pub(crate) first_slot: u32,
    pub(crate) before: BlockState,
    pub(crate) after: BlockState,
}

/// Who is alive in a block.
#[derive(Debug)]
pub struct BlockState {
    pub(crate) alive: u64,
    pub(crate) generations: Generations,
    /// The component set that the block is for.
    pub(crate) owner: Option<Arc<[u16]>>,
}

/// One touched page.
#[derive(Clone)]
pub(crate) struct PageRun {
    pub table: u16,
    pub first_slot: u32,
    pub stride: u32,
    /// Whether its rows end with the place of their heap.
    pub has_heap: bool,
    /// Where its words start, and how many words each of the three masks has.
    pub words_at: u32,
    pub word_count: u32,
    /// Where its names start, if the change set has names.
    pub names_at: u32,
    pub columns: ColumnSet,
    pub before: Option<PageRef>,
    pub after: Option<PageRef>,
}

impl ChangeSet {
    /// The version that the transaction is part of. Transactions that were committed in one batch share it; they come in
    /// the order in which they ran.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// Whether nothing was changed.
    pub fn is_empty(&self) -> bool {
        self.entities.is_empty() && self.pages.is_empty()
    }

    /// The blocks of entities in which somebody was born or died.
    pub fn blocks(&self) -> &[BlockChange] {
        &self.entities
    }

    /// Entities that exist now and did not before.
    pub fn spawned(&self) -> impl Iterator<Item = Entity> + '_ {
        self.entities.iter().flat_map(|block| BlockState::only_in(&block.after, &block.before, block.first_slot))
    }

    /// Entities that existed before and do not now.
    pub fn despawned(&self) -> impl Iterator<Item = Entity> + '_ {
        self.entities.iter().flat_map(|block| BlockState::only_in(&block.before, &block.after, block.first_slot))
    }

    /// The pages that were touched.
    pub fn pages(&self) -> impl Iterator<Item = PageChange<'_>> {
        self.pages.iter().map(|run| {
            let start = run.words_at as usize;
            let count = run.word_count as usize;
            let (before, rest) = self.words[start..start + 3 * count].split_at(count);
            let (after, written) = rest.split_at(count);
            let names = self.names.get(run.names_at as usize..).unwrap_or_default();
            PageChange { run, before, after, written, names }
        })
    }
}

impl BlockChange {
    /// The first slot of the block.
    pub fn first_slot(&self) -> u32 {
        self.first_slot
    }

    /// The component set that the block was given to, if it belongs to one now: table numbers, ascending.
    pub fn owner(&self) -> Option<&[u16]> {
        self.after.owner.as_deref()
    }
}

impl BlockState {
    fn entity(&self, first_slot: u32, bit: u32) -> Option<Entity> {
        if self.alive >> bit & 1 == 0 { None } else { Entity::new(first_slot + bit, self.generations.get(bit)) }
    }

    fn only_in(here: &Self, there: &Self, first_slot: u32) -> impl Iterator<Item = Entity> {
        bits(here.alive).filter_map(move |bit| {
            let entity = here.entity(first_slot, bit);
            if entity == there.entity(first_slot, bit) { None } else { entity }
        })
    }
}

/// One touched page, with the masks of its rows.
pub struct PageChange<'a> {
    run: &'a PageRun,
    before: &'a [u64],
    after: &'a [u64],
    written: &'a [u64],
    /// From those of this page on.
    names: &'a [BlockNames],
}

debug_as!(['a] PageChange<'a>);

/// One row that was touched. A row whose entity was replaced within the transaction shows as one change; the entities
/// say which is which.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowChange<'a> {
    /// The row's slot.
    pub slot: u32,
    /// The row before, if there was one.
    pub before: Option<&'a [u8]>,
    /// The row now, if there is one.
    pub after: Option<&'a [u8]>,
    /// The heap of the row before; empty if it had none.
    pub heap_before: &'a [u8],
    /// The heap of the row now; empty if it has none.
    pub heap_after: &'a [u8],
}

impl<'a> PageChange<'a> {
    /// The number of the table in the schema.
    pub fn table(&self) -> u16 {
        self.run.table
    }

    /// The first slot that the page covers.
    pub fn first_slot(&self) -> u32 {
        self.run.first_slot
    }

    /// The columns that were written in rows that existed before and after.
    pub fn columns(&self) -> ColumnSet {
        self.run.columns
    }

    /// Bytes of a row; 0 for a tag.
    pub fn stride(&self) -> usize {
        self.run.stride as usize
    }

    /// Whether rows of the table have strings or lists.
    pub(crate) fn has_heap(&self) -> bool {
        self.run.has_heap
    }

    /// Which slots had a row before, 64 to a word. Bit 0 of the first word is [`Self::first_slot`]; a page of wide rows
    /// covers fewer than 64 slots, and its only word has no bits above.
    pub fn words_before(&self) -> &'a [u64] {
        self.before
    }

    /// Which slots have a row now, as [`Self::words_before`].
    pub fn words_after(&self) -> &'a [u64] {
        self.after
    }

    /// Which slots were touched, as [`Self::words_before`].
    pub fn words_written(&self) -> &'a [u64] {
        self.written
    }

    /// The heap of the row that `row` is: one of [`Self::bytes_after`].
    pub(crate) fn heap_after(&self, row: &[u8]) -> &'a [u8] {
        debug_assert!(self.bytes_after().as_ptr_range().contains(&row.as_ptr()));
        heap_of(self.run, self.run.after.as_ref(), Some(row))
    }

    /// All rows before, touched or not: those of [`Self::words_before`], in the order of slots, without gaps. What follows
    /// the last row means nothing.
    pub fn bytes_before(&self) -> &'a [u8] {
        self.run.before.as_ref().map_or(&[], |page| page.bytes())
    }

    /// All rows now, touched or not, as [`Self::bytes_before`] for [`Self::words_after`].
    pub fn bytes_after(&self) -> &'a [u8] {
        self.run.after.as_ref().map_or(&[], |page| page.bytes())
    }

    /// Every touched row, in the order of slots.
    pub fn rows(&self) -> impl Iterator<Item = RowChange<'a>> + use<'a> {
        let run = self.run;
        let written = self.written;
        let (first, second) = (&run.before, &run.after);
        let mut before = Side::new(self.before, self.bytes_before(), run.stride);
        let mut after = Side::new(self.after, self.bytes_after(), run.stride);
        let blocks = written.iter().enumerate().map(move |(index, written)| {
            (run.first_slot + (index * BLOCK_SLOTS) as u32, *written, before.next(index), after.next(index))
        });
        blocks.flat_map(move |(first_slot, written, before, after)| {
            bits(written).map(move |bit| {
                let (before, after) = (before.row(bit), after.row(bit));
                RowChange {
                    slot: first_slot + bit,
                    before,
                    after,
                    heap_before: heap_of(run, first.as_ref(), before),
                    heap_after: heap_of(run, second.as_ref(), after),
                }
            })
        })
    }
}

/// The heap of `row`, a row of `page`.
fn heap_of<'a>(run: &PageRun, page: Option<&'a PageRef>, row: Option<&[u8]>) -> &'a [u8] {
    let (Some(heap), Some(row), true) = (page.and_then(|page| page.heap()), row, run.has_heap) else { return &[] };
    // SAFETY: the row stands in the page, whose rows end with the places that the page's heap gave them.
    unsafe { heap.get(HeapPlace::read(&row[row.len() - HeapPlace::BYTES..])) }
}

/// A page before or after the change, read block by block.
struct Side<'a> {
    words: &'a [u64],
    rest: &'a [u8],
    stride: usize,
}

/// The rows of one block of such a page.
#[derive(Clone, Copy)]
struct BlockRows<'a> {
    word: u64,
    rows: &'a [u8],
    stride: usize,
}

impl<'a> Side<'a> {
    fn new(words: &'a [u64], rows: &'a [u8], stride: u32) -> Self {
        Self { words, rest: rows, stride: stride as usize }
    }

    /// Block `index`, asked for in order.
    fn next(&mut self, index: usize) -> BlockRows<'a> {
        let word = self.words[index];
        let (rows, rest) = self.rest.split_at(word.count_ones() as usize * self.stride);
        self.rest = rest;
        BlockRows { word, rows, stride: self.stride }
    }
}

impl<'a> BlockRows<'a> {
    #[inline]
    fn row(self, bit: u32) -> Option<&'a [u8]> {
        if self.word >> bit & 1 == 0 {
            return None;
        }
        // Counting is a software routine on a plain x86-64; a full block needs none.
        let rank = if self.word == u64::MAX { bit } else { (self.word & ((1 << bit) - 1)).count_ones() } as usize;
        Some(&self.rows[rank * self.stride..(rank + 1) * self.stride])
    }
}
