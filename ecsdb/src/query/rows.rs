//! Rows without types, and typed columns in them: what sorting, grouping and joining look at.

use core::marker::PhantomData;

use super::block::BlockRows;
use super::param::{Fetch, Item, QueryParam};
use super::table_source::table_of;
use super::view::View;
use super::words::{InChunk, Source};
use crate::bits::bits;
use crate::bytes::{Heap, bytes_of};
use crate::component::{Column, Component, Field};
use crate::limits::{BLOCK_SLOTS, CHUNK_BLOCKS, CHUNK_SLOTS};
use crate::schema::{FieldType, Schema, TableOf};
use crate::storage::Table;

/// Calls `work` with the rows of those slots `word` of a block that have one, in their order.
#[inline]
pub fn each_row<'v>(table: &'v Table, block: usize, word: u64, mut work: impl FnMut(u32, &'v [u8])) {
    let Some(chunk) = table.chunk(block / CHUNK_BLOCKS) else { return };
    let geometry = table.geometry();
    let present = chunk.word(block % CHUNK_BLOCKS);
    let word = word & present;
    if word == 0 {
        return;
    }
    if geometry.is_wide() {
        for bit in bits(word) {
            if let Some(row) = table.row_bytes((block * BLOCK_SLOTS) as u32 + bit) {
                work(bit, row);
            }
        }
        return;
    }
    let (rows, stride) = (chunk.block_bytes(geometry, block % CHUNK_BLOCKS), geometry.stride());
    let at = |rank: usize| &rows[rank * stride..][..stride];
    if present == u64::MAX {
        // A full block needs no counts, which baseline x86-64 does in software.
        bits(word).for_each(|bit| work(bit, at(bit as usize)));
    } else if word == present {
        bits(word).enumerate().for_each(|(rank, bit)| work(bit, at(rank)));
    } else {
        bits(word).for_each(|bit| work(bit, at((present & ((1 << bit) - 1)).count_ones() as usize)));
    }
}

/// The rows of `T` in one block.
pub fn block_rows<'v, S: Schema, T: TableOf<S>>(view: View<'v, S>, block: usize) -> BlockRows<'v, T::Row> {
    table_of::<S, T>(view).chunk(block / CHUNK_BLOCKS).rows(block % CHUNK_BLOCKS)
}

/// Stops unless the column `column` of `T` holds an `F` at its place. Columns come from derives, but their constructor
/// can be called by anybody.
pub fn check_column<T: Component, F: Field>(column: Column<T, F>) -> &'static FieldType {
    let of = const { &F::TYPE };
    let place = T::SCHEMA.column_place(column.index().into());
    assert!(
        place.is_some_and(|(found, offset)| found == of && offset == column.offset()),
        "column {} of `{}` at {} does not hold a `{of}`",
        column.index(),
        T::TABLE,
        column.offset()
    );
    of
}

/// A column that can be read.
pub struct Reader<T, F> {
    /// Invariant: the rows of `T` have an `F` there, says [`check_column`].
    offset: usize,
    marker: PhantomData<fn() -> (T, F)>,
}

impl<T, F> Clone for Reader<T, F> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T, F> Copy for Reader<T, F> {}

impl<T: Component, F: Field> Reader<T, F> {
    /// The reader of a column.
    pub fn new(column: Column<T, F>) -> Self {
        check_column(column);
        Self { offset: column.offset() as usize, marker: PhantomData }
    }

    /// The stored form of the value in a row.
    #[inline]
    pub fn packed<'r>(&self, row: &'r T::Row) -> &'r F::Packed {
        const { assert!(align_of::<F::Packed>() == 1, "a packed form is aligned to 1") };
        let bytes = &bytes_of(row)[self.offset..][..size_of::<F::Packed>()];
        // SAFETY: as many bytes as the packed form has, which needs no alignment. The row is a value of `T::Row`, so what
        // lies at the place of a column is valid for the column's type, which is `F::TYPE` (invariant of `offset`); bytes
        // that are valid for that are a value of `F::Packed` (contract of `Field`).
        unsafe { &*bytes.as_ptr().cast::<F::Packed>() }
    }

    /// The value in a row, with the heap of that row.
    #[inline]
    pub fn value(&self, row: &T::Row, heap: Heap<'_>) -> F {
        F::unpack(self.packed(row), heap)
    }
}

/// Finds the items of slots in any order.
pub struct At<'v, S: Schema, Q: QueryParam<S>> {
    source: Source<'v, S, Q>,
    /// The chunk that was looked into last.
    chunk: Option<(usize, InChunk<'v, S, Q>)>,
}

impl<'v, S: Schema, Q: QueryParam<S>> At<'v, S, Q> {
    /// In this version.
    pub fn new(view: View<'v, S>) -> Self {
        Self { source: Q::Fetch::source(view), chunk: None }
    }

    fn chunk(&mut self, index: usize) -> Option<InChunk<'v, S, Q>> {
        if let Some((last, chunk)) = self.chunk
            && last == index
        {
            return Some(chunk);
        }
        let (chunk, _) = Q::Fetch::chunk(self.source, index)?;
        self.chunk = Some((index, chunk));
        Some(chunk)
    }

    /// Which slots of a block have all components that the query asks for, and living entities.
    pub fn word(&mut self, view: View<'v, S>, block: usize) -> u64 {
        let Some(chunk) = self.chunk(block / CHUNK_BLOCKS) else { return 0 };
        let word = Q::Fetch::word(chunk, block % CHUNK_BLOCKS);
        if <Q::Fetch as Fetch<S>>::IS_OF_THE_LIVING { word } else { word & view.storage().entities.alive(block) }
    }

    /// The item of a slot that has one.
    ///
    /// # Panics
    /// If it has none.
    pub fn item(&mut self, slot: u32) -> Item<'v, S, Q> {
        let slot = slot as usize;
        let chunk = self.chunk(slot / CHUNK_SLOTS).expect("the slot has an item");
        let block = Q::Fetch::block(chunk, slot / BLOCK_SLOTS % CHUNK_BLOCKS);
        Q::Fetch::sparse(&block, (slot % BLOCK_SLOTS) as u32)
    }
}
