//! The rows of one table in one block of 64 slots.

use core::marker::PhantomData;
use core::ops::Range;

use crate::bits::bits;
use crate::bytes::{self, Heap, Line, Row, heap_place, rows_of};
use crate::limits::{BLOCK_SLOTS, CHUNK_BLOCKS, PAGES_AHEAD, ROWS_AHEAD};
use crate::storage::{Chunk, PageGeometry, count};

/// The rows of type `R` in one block.
pub struct BlockRows<'v, R> {
    /// Which slots have a row.
    pub word: u64,
    /// The rows, where they are neighbours; empty for wide rows, which are looked up one by one.
    rows: &'v [R],
    chunk: Option<&'v Chunk>,
    block: usize,
    /// The address at which the page after the next one has what this block has in its page, or 0. Only to ask the processor for it.
    ahead: usize,
    marker: PhantomData<&'v R>,
}

debug_as!(['v, R] BlockRows<'v, R>);

impl<R> Clone for BlockRows<'_, R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<R> Copy for BlockRows<'_, R> {}

impl<'v, R: Row> BlockRows<'v, R> {
    const GEOMETRY: PageGeometry = PageGeometry::of(size_of::<R>());

    /// No rows.
    pub fn empty() -> Self {
        Self { word: 0, rows: &[], chunk: None, block: 0, ahead: 0, marker: PhantomData }
    }

    /// The rows of block `block` of `chunk`, behind which comes `behind`.
    ///
    /// # Safety
    /// `chunk` belongs to a table whose rows are values of `R`.
    #[inline]
    pub unsafe fn new(chunk: &'v Chunk, block: usize, behind: Option<&'v Chunk>) -> Self {
        let word = chunk.word(block);
        let rows: &[R] = if word == 0 || Self::GEOMETRY.is_wide() {
            &[]
        } else {
            // SAFETY: invariant of `Chunk`: from this address on lie as many rows as the block's word has bits, in a page
            // that the chunk holds for `'v`; the caller says that they are values of `R`.
            unsafe { rows_of(chunk.block_rows(block), count(word)) }
        };
        Self { word, rows, chunk: Some(chunk), block, ahead: Self::ahead(chunk, block, behind), marker: PhantomData }
    }

    /// The rows of the blocks `blocks` of `chunk`, as if they were one. The word is that of the first one. They are of one page, and the
    /// first one has rows, which are not wide; else nothing is given. (A panic would be a way out of loops over many rows: see
    /// `OnTheWay` in `words`.)
    ///
    /// # Safety
    /// `chunk` belongs to a table whose rows are values of `R`.
    #[inline(always)]
    pub unsafe fn run(chunk: &'v Chunk, blocks: Range<usize>, behind: Option<&'v Chunk>) -> Self {
        let (block, words) = (blocks.start, const { Self::GEOMETRY.page_words() });
        let word = chunk.word(block);
        let is_of_a_page = block / words == blocks.end.wrapping_sub(1) / words;
        if word == 0 || !is_of_a_page || Self::GEOMETRY.is_wide() {
            debug_assert!(false, "blocks {blocks:?} share a page, and the first one has rows");
            return Self::empty();
        }
        // SAFETY: invariant of `Chunk`: a page holds the rows of its blocks one after the other, without a hole, and the address of
        // a block that has rows is that of the first of them. So from there on lie the rows of all these blocks, in one page that the
        // chunk holds for `'v`; the caller says that they are values of `R`.
        let rows = unsafe { rows_of::<R>(chunk.block_rows(block), chunk.rows_in(Self::GEOMETRY, blocks)) };
        Self { word, rows, chunk: Some(chunk), block, ahead: Self::ahead(chunk, block, behind), marker: PhantomData }
    }

    /// The address at which the page [`PAGES_AHEAD`] further on has what block `block` has in its page, if there is one. Also where
    /// pages lie right behind each other: of one table the hardware finds them by itself, of two or three it is late.
    #[inline]
    fn ahead(chunk: &Chunk, block: usize, behind: Option<&Chunk>) -> usize {
        if size_of::<R>() == 0 || Self::GEOMETRY.is_wide() {
            return 0;
        }
        let first = block & !(Self::GEOMETRY.page_words() - 1);
        let next = first + PAGES_AHEAD * Self::GEOMETRY.page_words();
        let there = match behind {
            _ if next < CHUNK_BLOCKS => chunk.block_rows(next),
            Some(behind) => behind.block_rows(next - CHUNK_BLOCKS),
            None => return 0,
        };
        if there.is_null() {
            return 0;
        }
        there.addr().wrapping_add(chunk.block_rows(block).addr().wrapping_sub(chunk.block_rows(first).addr()))
    }

    /// How many rows are asked for at once: [`ROWS_AHEAD`], or more, if these would not fill a cache line.
    const AT_ONCE: usize = if size_of::<R>() * ROWS_AHEAD < Line::BYTES { BLOCK_SLOTS } else { ROWS_AHEAD };

    /// Asks the processor for the rows of the page after the next that lie there where the [`ROWS_AHEAD`] rows from number `index` on lie
    /// here. Does nothing if `index` is not a multiple of it.
    #[inline(always)]
    pub fn prefetch(&self, index: usize) {
        if self.ahead != 0 && index.is_multiple_of(Self::AT_ONCE) {
            let address = self.ahead.wrapping_add(index * size_of::<R>());
            let lines = const { (Self::AT_ONCE * size_of::<R>()).div_ceil(Line::BYTES) };
            bytes::prefetch(core::ptr::without_provenance(address), lines);
        }
    }

    /// How many rows there are, if they are neighbours.
    #[inline]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// The `len` rows from number `from` on; of wide rows all.
    #[inline]
    pub fn part(self, from: usize, len: usize) -> Self {
        if Self::GEOMETRY.is_wide() { self } else { Self { rows: &self.rows[from..from + len], ..self } }
    }

    /// The heap of `row`, the row of slot `bit`.
    #[inline]
    pub fn heap(&self, row: &R, bit: u32) -> Heap<'v> {
        let Some(chunk) = self.chunk.filter(|_| R::HAS_HEAP) else { return Heap::EMPTY };
        // What was taken in lies in the page of the first block. The rows of wide pages are told apart by their slots.
        let slot = self.block * BLOCK_SLOTS + if Self::GEOMETRY.is_wide() { bit as usize } else { 0 };
        // SAFETY: what the row ends with, since its type has a heap.
        Heap::new(unsafe { chunk.heap(Self::GEOMETRY, slot, heap_place(row)) })
    }

    /// The row number `index` of the block, which has at least as many.
    #[inline]
    pub fn nth(&self, index: usize, bit: u32) -> &'v R {
        if Self::GEOMETRY.is_wide() { self.at(bit) } else { &self.rows[index] }
    }

    /// The row of slot `bit` of the block, which has one.
    #[inline]
    pub fn at(&self, bit: u32) -> &'v R {
        if Self::GEOMETRY.is_wide() {
            return self.wide(bit);
        }
        let rank = if self.word == u64::MAX { bit } else { (self.word & ((1 << bit) - 1)).count_ones() };
        &self.rows[rank as usize]
    }

    /// The rows of those slots `word` that have one, with the slots, in their order.
    #[inline]
    pub fn chosen(self, word: u64) -> impl Iterator<Item = (u32, &'v R)> {
        let word = word & self.word;
        // Where they are wanted all, they are numbered without gaps.
        let is_dense = word == self.word && !Self::GEOMETRY.is_wide();
        bits(word).enumerate().map(move |(rank, bit)| (bit, if is_dense { &self.rows[rank] } else { self.at(bit) }))
    }

    /// All rows as a slice, if those of the slots `word` are all that there are.
    #[inline]
    pub fn all(self, word: u64) -> Option<&'v [R]> {
        (word & self.word == self.word && !Self::GEOMETRY.is_wide()).then_some(self.rows)
    }

    #[inline(never)]
    fn wide(&self, bit: u32) -> &'v R {
        let row = self.chunk.and_then(|chunk| chunk.row(Self::GEOMETRY, self.block * BLOCK_SLOTS + bit as usize));
        let row = row.expect("the word says that the slot has a row");
        // SAFETY: the address of a row of the table that `new` was called for, in a page that the chunk holds for `'v`.
        let rows = unsafe { rows_of::<R>(row, 1) };
        &rows[0]
    }
}
