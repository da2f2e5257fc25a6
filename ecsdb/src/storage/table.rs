//! The directory of one table: chunk by chunk, absent where the table has no rows.

use super::chunk::Chunk;
use crate::bits::bits;
use crate::bytes::{HeapPlace, PageRef, RowBytes, prefetch, prefetch_to_write};
use crate::limits::{BLOCK_SLOTS, CHUNK_BLOCKS, CHUNK_SLOTS, PAGE_BLOCKS_MAX, page_slots};
use crate::schema::TableSchema;

/// How rows of a table are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowShape {
    /// Bytes of a row.
    pub stride: usize,
    /// Whether it ends with the place of its heap.
    pub has_heap: bool,
}

impl RowShape {
    /// How rows of `table` are stored.
    pub fn of(table: &TableSchema) -> Self {
        Self { stride: table.size as usize, has_heap: table.has_heap() }
    }

    /// Rows of `stride` bytes, without heaps.
    #[cfg(test)]
    pub const fn plain(stride: usize) -> Self {
        Self { stride, has_heap: false }
    }
}

/// How rows of one size are laid out in pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageGeometry {
    /// Bytes of a row.
    stride: u32,
    /// The logarithm of the number of slots that a page covers. A division by a number that is only known at run time
    /// costs as much as a read from memory, a shift costs nothing.
    page_shift: u32,
}

impl PageGeometry {
    /// The geometry of rows of `stride` bytes.
    pub const fn of(stride: usize) -> Self {
        Self { stride: stride as u32, page_shift: page_slots(stride).trailing_zeros() }
    }

    /// Bytes of a row.
    #[inline]
    pub const fn stride(self) -> usize {
        self.stride as usize
    }

    /// Slots that a page covers: a power of two.
    #[inline]
    pub const fn page_slots(self) -> usize {
        1 << self.page_shift
    }

    /// The logarithm of [`Self::page_slots`]: `slot >> page_shift` is the slot's page.
    #[inline]
    pub const fn page_shift(self) -> u32 {
        self.page_shift
    }

    /// Whether a page covers only a part of a block.
    #[inline]
    pub const fn is_wide(self) -> bool {
        self.page_slots() < BLOCK_SLOTS
    }

    /// Presence words of a page.
    #[inline]
    pub const fn page_words(self) -> usize {
        self.page_slots().div_ceil(BLOCK_SLOTS)
    }

    /// The bits of a presence word that belong to a page.
    #[inline]
    pub const fn page_mask(self) -> u64 {
        if self.is_wide() { (1 << self.page_slots()) - 1 } else { u64::MAX }
    }

    /// Pages in a chunk.
    #[inline]
    pub const fn chunk_pages(self) -> usize {
        CHUNK_SLOTS >> self.page_shift
    }

    /// The logarithm of [`Self::chunk_pages`]: `page >> chunk_shift` is the page's chunk.
    #[inline]
    pub const fn chunk_shift(self) -> u32 {
        CHUNK_SLOTS.trailing_zeros() - self.page_shift
    }

    /// Cache lines that `rows` rows need.
    #[inline]
    pub const fn lines(self, rows: usize) -> usize {
        (rows * self.stride()).div_ceil(crate::bytes::Line::BYTES)
    }

    /// Where the rows of a table without bytes lie: nowhere, but aligned.
    pub fn no_rows(self) -> *const u8 {
        core::ptr::without_provenance(crate::bytes::Line::BYTES)
    }
}

const _: () = assert!(PageGeometry::of(0).page_words() == PAGE_BLOCKS_MAX);

/// All rows of one table in one version.
#[derive(Clone)]
pub struct Table {
    geometry: PageGeometry,
    has_heap: bool,
    is_indexed: bool,
    chunks: Vec<Option<Box<Chunk>>>,
    rows: u64,
}

debug_as!(Table);

impl Table {
    /// An empty table of such rows.
    pub fn new(shape: RowShape) -> Self {
        Self {
            geometry: PageGeometry::of(shape.stride),
            has_heap: shape.has_heap,
            is_indexed: false,
            chunks: Vec::new(),
            rows: 0,
        }
    }

    /// Whether its rows have strings or lists.
    #[inline]
    pub fn has_heap(&self) -> bool {
        self.has_heap
    }

    /// Whether there are indexes of its rows.
    #[inline]
    pub fn is_indexed(&self) -> bool {
        self.is_indexed
    }

    /// Says whether there are indexes of its rows.
    pub fn set_indexed(&mut self, is_indexed: bool) {
        self.is_indexed = is_indexed;
    }

    /// How its rows are laid out.
    #[inline]
    pub fn geometry(&self) -> PageGeometry {
        self.geometry
    }

    /// How many rows it has.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// How many chunks its directory reaches over; those without rows are absent.
    #[inline]
    pub fn chunk_count(&self) -> usize {
        self.chunks.len()
    }

    /// Chunk `index`, if any slot of it has a row.
    #[inline]
    pub fn chunk(&self, index: usize) -> Option<&Chunk> {
        self.chunks.get(index)?.as_deref()
    }

    /// Which slots of block `block` (counted in the table) have rows.
    #[inline]
    pub fn word(&self, block: usize) -> u64 {
        self.chunk(block / CHUNK_BLOCKS).map_or(0, |chunk| chunk.word(block % CHUNK_BLOCKS))
    }

    /// Whether slot `slot` has a row.
    #[inline]
    pub fn contains(&self, slot: u32) -> bool {
        let slot = slot as usize;
        self.word(slot / BLOCK_SLOTS) >> (slot % BLOCK_SLOTS) & 1 == 1
    }

    /// The address of the row of slot `slot`. `geometry` is the table's own; typed callers know it as a constant.
    #[inline]
    pub fn row(&self, geometry: PageGeometry, slot: u32) -> Option<*const u8> {
        debug_assert_eq!(geometry, self.geometry);
        let slot = slot as usize;
        self.chunk(slot / CHUNK_SLOTS)?.row(geometry, slot % CHUNK_SLOTS)
    }

    /// The bytes of the row of slot `slot`.
    pub fn row_bytes(&self, slot: u32) -> Option<&[u8]> {
        let row = self.row(self.geometry, slot)?;
        // SAFETY: `row` is the address of a row of `stride` bytes in a page that this table holds (invariant of
        // `Chunk`), all of them initialised; the page does not change while `&self` is borrowed. For a tag it is an
        // aligned non-null address of zero bytes.
        Some(unsafe { core::slice::from_raw_parts(row, self.geometry.stride()) })
    }

    /// Asks the processor for the row of slot `slot`.
    #[inline]
    pub fn prefetch_row(&self, slot: u32) {
        if let Some(row) = self.row(self.geometry, slot) {
            prefetch(row, 1);
        }
    }

    /// Asks the processor for what a removal of the row of slot `slot` looks at and moves.
    #[inline]
    pub fn prefetch_removal(&self, slot: u32) {
        if let Some(chunk) = self.chunk(slot as usize / CHUNK_SLOTS) {
            chunk.prefetch_removal(self.geometry, slot as usize % CHUNK_SLOTS);
        }
    }

    /// The slots that have a row, ascending.
    pub fn slots(&self) -> impl Iterator<Item = u32> + '_ {
        let chunks = self.chunks.iter().enumerate().filter_map(|(index, chunk)| Some((index, chunk.as_deref()?)));
        let blocks = chunks.flat_map(|(index, chunk)| {
            bits(chunk.summary()).map(move |block| (index * CHUNK_BLOCKS + block as usize, chunk.word(block as usize)))
        });
        blocks.flat_map(|(block, word)| bits(word).map(move |bit| (block * BLOCK_SLOTS) as u32 + bit))
    }

    /// The row of slot `slot` and its heap.
    pub fn stored(&self, slot: u32) -> Option<RowBytes<'_>> {
        let row = self.row_bytes(slot)?;
        let heap = if self.has_heap {
            let place = HeapPlace::read(&row[row.len() - HeapPlace::BYTES..]);
            let (chunk, slot) = (self.chunk(slot as usize / CHUNK_SLOTS)?, slot as usize % CHUNK_SLOTS);
            // SAFETY: the place stands in the row of this slot.
            unsafe { chunk.heap(self.geometry, slot, place) }
        } else {
            &[]
        };
        Some(RowBytes { row, heap })
    }

    /// The chunk `index`, made if it is absent. Only the writer calls it, on a version that nobody reads.
    pub fn chunk_mut(&mut self, index: usize) -> &mut Chunk {
        self.chunk_and_rows_mut(index).0
    }

    /// The chunk `index`, made if it is absent, and how many rows the table has.
    #[inline]
    pub fn chunk_and_rows_mut(&mut self, index: usize) -> (&mut Chunk, &mut u64) {
        if self.chunks.len() <= index {
            self.chunks.resize_with(index + 1, || None);
        }
        let geometry = self.geometry;
        (self.chunks[index].get_or_insert_with(|| Chunk::new(geometry)), &mut self.rows)
    }

    /// Asks the processor for the directory entries of page `page`, counted over the whole table.
    #[inline]
    pub fn prefetch_page_slot(&self, page: usize) {
        if let Some(chunk) = self.chunk(page >> self.geometry.chunk_shift()) {
            let in_chunk = page & (self.geometry.chunk_pages() - 1);
            chunk.prefetch_entry(self.geometry, in_chunk << self.geometry.page_shift());
        }
    }

    /// Asks the processor for what counts the holders of page `page`, counted over the whole table.
    #[inline]
    pub fn prefetch_page_count(&self, page: usize) {
        if let Some(chunk) = self.chunk(page >> self.geometry.chunk_shift())
            && let Some(page) = &chunk.pages()[page & (self.geometry.chunk_pages() - 1)].page
        {
            prefetch_to_write((&raw const **page).cast(), 1);
        }
    }

    /// Chunk `index`, to be changed, if any slot of it has a row.
    #[inline]
    pub fn present_chunk_mut(&mut self, index: usize) -> Option<&mut Chunk> {
        self.chunks.get_mut(index)?.as_deref_mut()
    }

    /// Takes all pages out. The table is of no use afterwards.
    pub fn take_pages(&mut self, mut sink: impl FnMut(PageRef)) {
        for chunk in self.chunks.drain(..).flatten() {
            chunk.into_pages().for_each(&mut sink);
        }
    }

    /// Makes room in the directory for `chunks` chunks.
    pub fn reserve_chunks(&mut self, chunks: usize) {
        self.chunks.reserve(chunks.saturating_sub(self.chunks.len()));
    }

    /// Notes that the table has `added` rows more.
    pub fn count(&mut self, added: i64) {
        self.rows = self.rows.checked_add_signed(added).expect("a table has no fewer than 0 rows");
    }

    /// Takes the number of rows over from the same table in another version.
    pub fn set_rows(&mut self, rows: u64) {
        self.rows = rows;
    }

    /// Bytes of the directory itself.
    pub fn directory_bytes(&self) -> usize {
        let chunk = size_of::<Chunk>() + self.geometry.chunk_pages() * size_of::<super::chunk::PageSlot>();
        let present = self.chunks.iter().filter(|chunk| chunk.is_some()).count();
        self.chunks.capacity() * size_of::<Option<Box<Chunk>>>() + present * chunk
    }
}
