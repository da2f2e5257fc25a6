//! One chunk of a table's directory: for 4,096 slots, which have a row and where it lies.

use core::ops::Range;
use core::ptr;

use super::table::PageGeometry;
use crate::bytes::{HeapPlace, Line, PageRef, prefetch};
use crate::limits::{BLOCK_SLOTS, CHUNK_BLOCKS, CHUNK_SLOTS};

/// What a lookup needs to know of a block of 64 slots: 16 bytes, a quarter of a cache line.
#[derive(Clone, Copy)]
#[repr(C, align(16))]
struct BlockEntry {
    /// Which slots of the block have a row.
    word: u64,
    /// Where the block's first row lies, if rows are narrow enough to share pages of whole blocks; else unused.
    ///
    /// Invariant: if `word` is not 0, it points into the page of the block's page slot, at the row whose number in the
    /// page is the count of rows of the blocks before; that page holds at least `word.count_ones()` rows from there. In
    /// the first block of a page with rows it points to the page's first row even if `word` is 0.
    rows: *const u8,
}

const _: () = assert!(size_of::<BlockEntry>() == 16);

/// One page of rows, and the writer's notes on it.
#[derive(Clone)]
pub struct PageSlot {
    /// The rows, packed without holes in the order of their slots. `None` if there are none, and for tags.
    pub page: Option<PageRef>,
    /// The transaction that touched the page last, in this root or in one that this root has caught up with: no rows of the page
    /// were changed by a later one.
    pub stamp: u64,
    /// How many rows it holds.
    pub len: u32,
    /// Where that transaction keeps the page's earlier state. Only good while `stamp` is the running transaction.
    pub undo: u32,
}

debug_as!(PageSlot);

/// How many cache lines of a page are asked for ahead of a change.
const PAGE_LINES_AHEAD: usize = 24;

/// How many cache lines from a row on are asked for ahead of its removal.
const REMOVAL_LINES_AHEAD: usize = 8;

impl PageSlot {
    const EMPTY: Self = Self { page: None, stamp: 0, len: 0, undo: 0 };
}

/// The number of rows in a block. A full block, and an empty one, needs no count, which baseline x86-64 does in software.
#[inline]
pub fn count(word: u64) -> usize {
    match word {
        u64::MAX => BLOCK_SLOTS,
        0 => 0,
        word => word.count_ones() as usize,
    }
}

/// The directory of 4,096 slots of one table.
///
/// It starts on a cache line, so that the entries of a page of four blocks share one.
#[repr(C, align(64))]
pub struct Chunk {
    entries: [BlockEntry; CHUNK_BLOCKS],
    /// Bit `b` is set if block `b` has a row.
    summary: u64,
    pages: Box<[PageSlot]>,
}

debug_as!(Chunk);

// SAFETY: the raw pointers in the entries are addresses inside the pages that the same chunk holds (invariant of
// `BlockEntry::rows`). Through `&Chunk` they are only read; bytes behind them change only through
// `&mut Chunk` and a page that no other chunk shares. So a chunk is sent and shared like the `Page`s it owns.
unsafe impl Send for Chunk {}
// SAFETY: as above.
unsafe impl Sync for Chunk {}

impl Clone for Chunk {
    fn clone(&self) -> Self {
        // The copied addresses point into the pages that the copied `pages` hold as well.
        Self { summary: self.summary, entries: self.entries, pages: self.pages.clone() }
    }
}

impl Chunk {
    /// An empty chunk.
    pub fn new(geometry: PageGeometry) -> Box<Self> {
        Box::new(Self {
            summary: 0,
            entries: [BlockEntry { word: 0, rows: ptr::null() }; CHUNK_BLOCKS],
            pages: vec![PageSlot::EMPTY; CHUNK_SLOTS >> geometry.page_shift()].into_boxed_slice(),
        })
    }

    /// Its pages.
    pub fn into_pages(self) -> impl Iterator<Item = PageRef> {
        self.pages.into_iter().filter_map(|slot| slot.page)
    }

    /// Which blocks have rows.
    #[inline]
    pub fn summary(&self) -> u64 {
        self.summary
    }

    /// Which slots of block `block` have rows.
    #[inline]
    pub fn word(&self, block: usize) -> u64 {
        self.entries[block].word
    }

    /// The pages.
    #[inline]
    pub fn pages(&self) -> &[PageSlot] {
        &self.pages
    }

    /// Asks the processor for all that a walk over the rows looks at here: the lines of different pages are different ones, so without
    /// that it would wait for memory at each page before it knows where the rows are.
    #[inline]
    pub fn prefetch(&self) {
        prefetch(ptr::from_ref(self).cast(), size_of::<Self>() / Line::BYTES);
    }

    /// Asks the processor for what a change of the row of slot `slot` (counted in the chunk) will look at here.
    #[inline]
    pub fn prefetch_entry(&self, geometry: PageGeometry, slot: usize) {
        prefetch((&raw const self.entries[slot / BLOCK_SLOTS]).cast(), 1);
        prefetch(self.pages.as_ptr().wrapping_add(slot >> geometry.page_shift()).cast(), 1);
    }

    /// Asks the processor for the page that the row of slot `slot` (counted in the chunk) lies in.
    #[inline]
    pub fn prefetch_page(&self, geometry: PageGeometry, slot: usize) {
        if let Some(page) = &self.pages[slot >> geometry.page_shift()].page {
            prefetch((&raw const **page).cast(), 1);
            if !geometry.is_wide() {
                let first = slot / BLOCK_SLOTS / geometry.page_words() * geometry.page_words();
                prefetch(self.entries[first].rows, PAGE_LINES_AHEAD);
            }
        }
    }

    /// Asks the processor for the row of slot `slot` (counted in the chunk), if there is one, and for the rows behind it, as far as they
    /// are moved before the processor sees by itself what comes next.
    #[inline]
    pub fn prefetch_removal(&self, geometry: PageGeometry, slot: usize) {
        let entry = &self.entries[slot / BLOCK_SLOTS];
        if geometry.is_wide() || entry.word >> (slot % BLOCK_SLOTS) & 1 == 0 {
            return;
        }
        if let Some(page) = &self.pages[slot >> geometry.page_shift()].page {
            prefetch((&raw const **page).cast(), 1);
        }
        if let Some(row) = self.row(geometry, slot) {
            prefetch(row, REMOVAL_LINES_AHEAD);
        }
    }

    /// The page slot number `page`, for the writer's notes and for taking its page away. Whoever changes `page` or
    /// `len` calls [`Self::relocate`] before the chunk is read again.
    pub fn page_mut(&mut self, page: usize) -> &mut PageSlot {
        &mut self.pages[page]
    }

    /// The address of the row of slot `slot` (counted in the chunk), which must be a row of `stride` bytes.
    #[inline]
    pub fn row(&self, geometry: PageGeometry, slot: usize) -> Option<*const u8> {
        let block = slot / BLOCK_SLOTS;
        let bit = slot % BLOCK_SLOTS;
        let entry = &self.entries[block];
        if entry.word >> bit & 1 == 0 {
            return None;
        }
        if geometry.is_wide() {
            return self.wide_row(geometry, slot);
        }
        // Where no slot below is empty the rank is known without a count, which baseline x86-64 does in software.
        let rank = if entry.word == u64::MAX { bit } else { (entry.word & ((1 << bit) - 1)).count_ones() as usize };
        // Never dereferenced here. The row lies inside the block's page: `rank < word.count_ones()`, and the page holds
        // that many rows from `rows` on. For a tag the stride is 0 and the pointer stays what it is.
        Some(entry.rows.wrapping_add(rank * geometry.stride()))
    }

    /// The heap of the row of slot `slot` (counted in the chunk), that has it at `place`.
    ///
    /// # Safety
    /// `place` is what that row ends with, in a table whose rows have heaps.
    #[inline]
    pub unsafe fn heap(&self, geometry: PageGeometry, slot: usize, place: HeapPlace) -> &[u8] {
        let page = self.pages[slot >> geometry.page_shift()].page.as_ref();
        match page.and_then(|page| page.heap()) {
            // SAFETY: the rows of a page have the places that `put` of the page's heap gave them (the writer keeps to that, see
            // `Batch::place_heap`), and a page that can be read was published after that.
            Some(heap) => unsafe { heap.get(place) },
            // No row of the page has put anything in yet.
            None => &[],
        }
    }

    #[inline(never)]
    fn wide_row(&self, geometry: PageGeometry, slot: usize) -> Option<*const u8> {
        let page = &self.pages[slot >> geometry.page_shift()];
        let presence = self.presence(geometry, slot >> geometry.page_shift(), 0);
        let rank = (presence & ((1 << (slot & (geometry.page_slots() - 1))) - 1)).count_ones() as usize;
        page.page.as_ref().map(|page| page.rows().wrapping_add(rank * geometry.stride()))
    }

    /// How many rows the blocks `blocks` of one page have, of which the first one has some or is that of the page. Counts those of one block
    /// only: the others are seen from where it begins, which costs less than to count them.
    #[inline(always)]
    pub fn rows_in(&self, geometry: PageGeometry, blocks: Range<usize>) -> usize {
        let Range { start, end } = blocks;
        if geometry.stride() == 0 {
            return self.entries[start..end].iter().map(|entry| count(entry.word)).sum();
        }
        // Where a block without rows would begin nobody has noted.
        let last = (start + 1..end).rfind(|block| self.entries[*block].word != 0).unwrap_or(start);
        let before = self.entries[last].rows.addr() - self.entries[start].rows.addr();
        before / geometry.stride() + count(self.entries[last].word)
    }

    /// The address of the first row of `block`, where rows share pages of whole blocks.
    #[inline]
    pub fn block_rows(&self, block: usize) -> *const u8 {
        self.entries[block].rows
    }

    /// The rows of `block`, one after the other, where rows share pages of whole blocks.
    ///
    /// # Panics
    /// If they do not.
    #[inline]
    pub fn block_bytes(&self, geometry: PageGeometry, block: usize) -> &[u8] {
        assert!(!geometry.is_wide(), "the rows of a block of a wide table are no neighbours");
        let len = count(self.entries[block].word) * geometry.stride();
        if len == 0 {
            return &[];
        }
        // SAFETY: invariant of `BlockEntry::rows`: from this address on lie as many rows as the word has bits, all of them
        // initialised, in a page that this chunk holds and that does not change while `&self` is borrowed.
        unsafe { core::slice::from_raw_parts(self.entries[block].rows, len) }
    }

    /// Word `index` of the presence of page `page`: a block's word, or for a wide table the page's part of it, shifted
    /// down.
    #[inline]
    pub fn presence(&self, geometry: PageGeometry, page: usize, index: usize) -> u64 {
        if geometry.is_wide() {
            let first = page * geometry.page_slots();
            self.entries[first / BLOCK_SLOTS].word >> (first % BLOCK_SLOTS) & geometry.page_mask()
        } else {
            self.entries[page * geometry.page_words() + index].word
        }
    }

    /// Sets word `index` of the presence of page `page`. The caller calls [`Self::relocate`] when the page is whole again.
    pub fn set_presence(&mut self, geometry: PageGeometry, page: usize, index: usize, word: u64) {
        if geometry.is_wide() {
            let first = page * geometry.page_slots();
            let shift = first % BLOCK_SLOTS;
            let entry = &mut self.entries[first / BLOCK_SLOTS];
            entry.word = entry.word & !(geometry.page_mask() << shift) | word << shift;
        } else {
            self.entries[page * geometry.page_words() + index].word = word;
        }
    }

    /// How many bytes of rows of page `page` lie before slot `slot` (counted in the page). Counts the rows of one block only: where
    /// it begins says what is before.
    #[inline(always)]
    pub fn start_of(&self, geometry: PageGeometry, page: usize, slot: usize) -> usize {
        let (word, bit) = (slot / BLOCK_SLOTS, slot % BLOCK_SLOTS);
        let (presence, below) = (self.presence(geometry, page, word), (1 << bit) - 1);
        let rank = if presence & below == below { bit } else { (presence & below).count_ones() as usize };
        if geometry.is_wide() {
            return rank * geometry.stride();
        }
        let (first, end) = (page * geometry.page_words(), (page + 1) * geometry.page_words());
        // Where a block without rows would begin nobody has noted: where the next one does.
        match (first + word..end).find(|block| self.entries[*block].word != 0) {
            Some(block) => self.entries[block].rows.addr() - self.entries[first].rows.addr() + rank * geometry.stride(),
            None => self.pages[page].len as usize * geometry.stride(),
        }
    }

    /// Notes that `count` rows for the slots `mask` of word `word` have been put into page `page`, `at` bytes behind its first
    /// row, and those behind moved on. All other rows are numbered as the addresses say.
    #[inline]
    pub fn note_inserted(
        &mut self,
        geometry: PageGeometry,
        page: usize,
        word: usize,
        mask: u64,
        count: usize,
        at: usize,
    ) {
        let slot = &mut self.pages[page];
        let rows = slot.page.as_ref().map_or(geometry.no_rows(), |page| page.rows());
        let len = slot.len as usize;
        slot.len += count as u32;
        let first = page * geometry.page_slots();
        let block = first / BLOCK_SLOTS + word;
        self.summary |= 1 << block;
        if geometry.is_wide() {
            self.entries[block].word |= mask << (first % BLOCK_SLOTS);
            return;
        }
        if len == 0 {
            // Nobody has said yet where rows of the page lie.
            self.entries[first / BLOCK_SLOTS].rows = rows;
        }
        let entry = &mut self.entries[block];
        if entry.word == 0 {
            entry.rows = rows.wrapping_add(at);
        }
        entry.word |= mask;
        if at < len * geometry.stride() {
            let end = first / BLOCK_SLOTS + geometry.page_words();
            for entry in &mut self.entries[block + 1..end] {
                entry.rows = entry.rows.wrapping_add(count * geometry.stride());
            }
        }
        self.check(geometry, page);
    }

    /// Notes that the row of the slot `mask` of word `word` has gone from page `page`, and those behind closed up. All other rows
    /// are numbered as the addresses say.
    #[inline]
    pub fn note_removed(&mut self, geometry: PageGeometry, page: usize, word: usize, mask: u64) {
        self.pages[page].len -= 1;
        let first = page * geometry.page_slots();
        let block = first / BLOCK_SLOTS + word;
        if geometry.is_wide() {
            self.entries[block].word &= !(mask << (first % BLOCK_SLOTS));
        } else {
            self.entries[block].word &= !mask;
            let end = first / BLOCK_SLOTS + geometry.page_words();
            for entry in &mut self.entries[block + 1..end] {
                entry.rows = entry.rows.wrapping_sub(geometry.stride());
            }
        }
        self.note_in_summary(block);
        self.check(geometry, page);
    }

    /// In debug builds, looks whether addresses and count of page `page` are what [`Self::relocate`] would make of them.
    fn check(&self, geometry: PageGeometry, page: usize) {
        if cfg!(debug_assertions) && !geometry.is_wide() {
            let slot = &self.pages[page];
            let rows = slot.page.as_ref().map_or(geometry.no_rows(), |page| page.rows());
            let first = page * geometry.page_words();
            let mut len = 0;
            for entry in &self.entries[first..first + geometry.page_words()] {
                let expected = rows.wrapping_add(len * geometry.stride());
                assert!(entry.word == 0 || entry.rows == expected, "a block begins where its rows do");
                len += count(entry.word);
            }
            assert!(len == 0 || self.entries[first].rows == rows, "the first block begins with the page");
            assert_eq!(slot.len as usize, len, "the page has as many rows as its words");
        }
    }

    /// Brings addresses, the page's count and the summary in line with the page's presence words and buffer.
    pub fn relocate(&mut self, geometry: PageGeometry, page: usize) {
        let slot = &mut self.pages[page];
        let first = page * geometry.page_slots() / BLOCK_SLOTS;
        if geometry.is_wide() {
            let shift = page * geometry.page_slots() % BLOCK_SLOTS;
            slot.len = (self.entries[first].word >> shift & geometry.page_mask()).count_ones();
            self.note_in_summary(first);
            return;
        }
        let rows = slot.page.as_ref().map_or(geometry.no_rows(), |page| page.rows());
        let mut len = 0;
        for block in first..first + geometry.page_words() {
            let entry = &mut self.entries[block];
            entry.rows = rows.wrapping_add(len * geometry.stride());
            len += count(entry.word);
        }
        slot.len = len as u32;
        debug_assert!(
            slot.page.as_ref().map_or(0, |page| page.capacity_bytes()) >= len * geometry.stride(),
            "the page holds the rows that its words promise"
        );
        for block in first..first + geometry.page_words() {
            self.note_in_summary(block);
        }
    }

    fn note_in_summary(&mut self, block: usize) {
        let bit = 1 << block;
        if self.entries[block].word == 0 {
            self.summary &= !bit;
        } else {
            self.summary |= bit;
        }
    }

    /// Puts `copy`, a buffer with the same rows, in the place of the buffer of page `page`, which is returned.
    #[inline]
    pub fn replace_page(&mut self, geometry: PageGeometry, page: usize, copy: Option<PageRef>) -> Option<PageRef> {
        let before = core::mem::replace(&mut self.pages[page].page, copy);
        if let (Some(before), Some(copy)) = (&before, &self.pages[page].page)
            && !geometry.is_wide()
        {
            let first = page * geometry.page_words();
            for entry in &mut self.entries[first..first + geometry.page_words()] {
                // As far into the copy as it was into the buffer before.
                entry.rows = copy.rows().wrapping_add(entry.rows.addr().wrapping_sub(before.rows().addr()));
            }
        }
        before
    }

    /// Takes all rows out of page `page`. Returns its buffer.
    pub fn clear_page(&mut self, geometry: PageGeometry, page: usize) -> Option<PageRef> {
        for index in 0..geometry.page_words() {
            self.set_presence(geometry, page, index, 0);
        }
        let replaced = self.pages[page].page.take();
        self.relocate(geometry, page);
        replaced
    }

    /// Takes page `page` over from `source`, a chunk of the same table in another version.
    pub fn copy_page(&mut self, geometry: PageGeometry, page: usize, source: &Self) -> Option<PageRef> {
        let slot = &mut self.pages[page];
        let from = &source.pages[page];
        if let (Some(here), Some(there)) = (&slot.page, &from.page)
            && PageRef::ptr_eq(here, there)
        {
            // The same buffer holds the same rows of the same slots: every change of either goes to another buffer.
            return None;
        }
        let replaced = core::mem::replace(&mut slot.page, from.page.clone());
        slot.len = from.len;
        slot.stamp = from.stamp;
        let first = page * geometry.page_slots() / BLOCK_SLOTS;
        for block in first..first + geometry.page_words() {
            if geometry.is_wide() {
                let word = source.presence(geometry, page, 0);
                self.set_presence(geometry, page, 0, word);
            } else {
                self.entries[block] = source.entries[block];
            }
            self.note_in_summary(block);
        }
        replaced
    }
}
