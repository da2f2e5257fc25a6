//! Inserting, changing and removing rows in pages without holes.

use super::{Batch, StorageError, Touched};
use crate::bits::run;
use crate::bytes::{HeapPlace, Page, PageRef, RowBytes};
use crate::change_set::ColumnSet;
use crate::limits::{BLOCK_SLOTS, CHUNK_SLOTS};
use crate::storage::pool::PagePool;
use crate::storage::table::PageGeometry;

/// A change of the rows of a page: `at` bytes behind the first, `remove` bytes go and `insert` bytes come.
#[derive(Clone, Copy)]
struct Reshape {
    at: usize,
    remove: usize,
    insert: usize,
}

impl Batch<'_> {
    /// Stores `row` for `slot`, in place of an earlier row if there is one.
    pub fn put(&mut self, table: u16, slot: u32, row: RowBytes<'_>) -> Result<(), StorageError> {
        if self.replace(table, slot, ColumnSet::ALL, row)? { Ok(()) } else { self.insert_row(table, slot, row) }
    }

    /// Stores `row` for `slot`, which has none yet.
    pub fn insert_row(&mut self, table: u16, slot: u32, row: RowBytes<'_>) -> Result<(), StorageError> {
        let place = self.insert_run(table, slot, 1)?;
        place.copy_from_slice(row.row);
        if self.version.tables[usize::from(table)].has_heap() {
            return self.place_heap(table, slot, row.heap);
        }
        Ok(())
    }

    /// Stores `row` in place of the row of `slot`, which differs in `columns`. Returns whether there was one.
    pub fn replace(
        &mut self,
        table: u16,
        slot: u32,
        columns: ColumnSet,
        row: RowBytes<'_>,
    ) -> Result<bool, StorageError> {
        let directory = &self.version.tables[usize::from(table)];
        if !directory.has_heap() {
            let Some(place) = self.row_mut(table, slot, columns)? else { return Ok(false) };
            place.copy_from_slice(row.row);
            return Ok(true);
        }
        // A heap that stays the same stays where it is.
        let same = directory.stored(slot).is_some_and(|before| before.heap == row.heap);
        let Some(place) = self.row_mut(table, slot, columns)? else { return Ok(false) };
        let end = place.len() - HeapPlace::BYTES;
        place[..end].copy_from_slice(&row.row[..end]);
        if !same {
            self.place_heap(table, slot, row.heap)?;
        }
        Ok(true)
    }

    /// The bytes of the row of `slot`, to be changed in `columns`; `None` if there is no row.
    ///
    /// Whoever changes the bytes leaves a valid row of the table behind.
    pub fn row_mut(&mut self, table: u16, slot: u32, columns: ColumnSet) -> Result<Option<&mut [u8]>, StorageError> {
        // One look-up for everything: this is most of what a small commit does.
        let directory = &mut self.version.tables[usize::from(table)];
        let (geometry, is_indexed) = (directory.geometry(), directory.is_indexed());
        let (index, in_chunk) = (slot as usize / CHUNK_SLOTS, slot as usize % CHUNK_SLOTS);
        let Some(chunk) = directory.present_chunk_mut(index) else { return Ok(None) };
        let Some(row) = chunk.row(geometry, in_chunk) else { return Ok(None) };
        let page = in_chunk >> geometry.page_shift();
        let found = &chunk.pages()[page];
        let start = found.page.as_ref().map_or(0, |page| row.addr() - page.rows().addr());
        let record = if found.stamp == *self.serial {
            // The transaction has a copy of its own already.
            found.undo
        } else {
            let mut copy = None;
            if let Some(before) = &found.page {
                let bytes = found.len as usize * geometry.stride();
                let mut taken = take_page(self.pool, self.failure, table, geometry.lines(found.len as usize))?;
                own(&mut taken)[..bytes].copy_from_slice(&before.bytes()[..bytes]);
                share_heap(&mut taken, before);
                copy = Some(taken);
            }
            let touched = Touched { table, page: index * geometry.chunk_pages() + page };
            self.version.unsettled |= is_indexed;
            let record = self.undo.touch(chunk, geometry, touched, *self.serial, self.first_serial, self.dirty);
            self.undo.pages[record as usize].before = chunk.replace_page(geometry, page, copy);
            record
        };
        let in_page = in_chunk & (geometry.page_slots() - 1);
        self.undo.note_written(geometry, record, in_page / BLOCK_SLOTS, 1 << (in_page % BLOCK_SLOTS), columns);
        Ok(Some(match &mut chunk.page_mut(page).page {
            Some(page) => &mut own(page)[start..start + geometry.stride()],
            None => &mut [],
        }))
    }

    /// Makes room for the rows of `count` slots from `first` on, which have none yet and lie in one page, and returns it.
    /// The caller fills it with valid rows.
    ///
    /// The rows of a run of slots are neighbours, since a page has no holes.
    pub fn insert_run(&mut self, table: u16, first: u32, count: usize) -> Result<&mut [u8], StorageError> {
        // One look-up for everything, as in `row_mut`.
        let directory = &mut self.version.tables[usize::from(table)];
        let (geometry, is_indexed) = (directory.geometry(), directory.is_indexed());
        let (index, in_chunk) = (first as usize / CHUNK_SLOTS, first as usize % CHUNK_SLOTS);
        let (page, in_page) = (in_chunk >> geometry.page_shift(), in_chunk & (geometry.page_slots() - 1));
        let (word, mask) = (in_page / BLOCK_SLOTS, run(in_page % BLOCK_SLOTS, count));
        debug_assert!(in_page + count <= geometry.page_slots(), "a run lies in one page");
        debug_assert!(in_page % BLOCK_SLOTS + count <= BLOCK_SLOTS, "a run lies in one block");
        let (chunk, rows) = directory.chunk_and_rows_mut(index);
        debug_assert_eq!(chunk.presence(geometry, page, word) & mask, 0, "the slots have no rows yet");
        let at = chunk.start_of(geometry, page, in_page);
        let found = chunk.page_mut(page);
        let is_fresh = found.stamp == *self.serial;
        let len = found.len as usize;
        let (end, added) = (len * geometry.stride(), count * geometry.stride());
        let record = match &mut found.page {
            Some(page) if is_fresh && page.capacity_bytes() >= end + added => {
                if at < end {
                    own(page).copy_within(at..end, at + added);
                }
                found.undo
            }
            None if is_fresh && added == 0 => found.undo,
            _ => {
                let mut copy = None;
                if added > 0 {
                    let lines = geometry.lines(room_for(len + count, count, geometry));
                    let mut taken = take_page(self.pool, self.failure, table, lines)?;
                    if let Some(before) = &found.page {
                        copy_around(before, end, &mut taken, Reshape { at, remove: 0, insert: added });
                    }
                    copy = Some(taken);
                }
                let before = chunk.replace_page(geometry, page, copy);
                if is_fresh {
                    if let Some(before) = before {
                        self.pool.put(table, before);
                    }
                    chunk.pages()[page].undo
                } else {
                    let touched = Touched { table, page: index * geometry.chunk_pages() + page };
                    self.version.unsettled |= is_indexed;
                    let record = self.undo.touch(chunk, geometry, touched, *self.serial, self.first_serial, self.dirty);
                    self.undo.pages[record as usize].before = before;
                    record
                }
            }
        };
        chunk.note_inserted(geometry, page, word, mask, count, at);
        *rows += count as u64;
        self.undo.note_inserted(geometry, record, word, mask);
        self.slots.note_table(first as usize / BLOCK_SLOTS, table);
        Ok(match &mut chunk.page_mut(page).page {
            Some(page) => &mut own(page)[at..at + added],
            None => &mut [],
        })
    }

    /// Removes the row of `slot`. Returns whether there was one.
    pub fn remove(&mut self, table: u16, slot: u32) -> Result<bool, StorageError> {
        let directory = &mut self.version.tables[usize::from(table)];
        let (geometry, is_indexed) = (directory.geometry(), directory.is_indexed());
        let (index, in_chunk) = (slot as usize / CHUNK_SLOTS, slot as usize % CHUNK_SLOTS);
        let Some(chunk) = directory.present_chunk_mut(index) else { return Ok(false) };
        let (page, in_page) = (in_chunk >> geometry.page_shift(), in_chunk & (geometry.page_slots() - 1));
        let (word, mask) = (in_page / BLOCK_SLOTS, 1 << (in_page % BLOCK_SLOTS));
        if chunk.presence(geometry, page, word) & mask == 0 {
            return Ok(false);
        }
        if self.references.is_target(table)
            && let Some(entity) = self.version.entities.in_slot(slot)
        {
            self.references.note_removed(table, entity);
        }
        let at = chunk.start_of(geometry, page, in_page);
        let found = chunk.page_mut(page);
        let stride = geometry.stride();
        let end = found.len as usize * stride;
        let record = if found.stamp == *self.serial {
            // The transaction has a copy of its own already.
            if end == stride
                && let Some(page) = found.page.take()
            {
                self.pool.put(table, page);
            } else if let Some(page) = &mut found.page {
                own(page).copy_within(at + stride..end, at);
            }
            found.undo
        } else {
            let mut copy = None;
            if let Some(before) = &found.page
                && end > stride
            {
                let mut taken = take_page(self.pool, self.failure, table, geometry.lines(found.len as usize - 1))?;
                copy_around(before, end, &mut taken, Reshape { at, remove: stride, insert: 0 });
                copy = Some(taken);
            }
            let touched = Touched { table, page: index * geometry.chunk_pages() + page };
            self.version.unsettled |= is_indexed;
            let record = self.undo.touch(chunk, geometry, touched, *self.serial, self.first_serial, self.dirty);
            self.undo.pages[record as usize].before = chunk.replace_page(geometry, page, copy);
            record
        };
        chunk.note_removed(geometry, page, word, mask);
        self.undo.note_written(geometry, record, word, mask, ColumnSet::NONE);
        directory.count(-1);
        Ok(true)
    }
}

/// A page of `lines` cache lines for `table`. If there is no room for it, nothing of the transaction stays.
pub(super) fn take_page(
    pool: &mut PagePool,
    failure: &mut Option<StorageError>,
    table: u16,
    lines: usize,
) -> Result<PageRef, StorageError> {
    pool.take(table, lines).map_err(|error| *failure.insert(error.into()))
}

/// For how many rows a page is made that has `len` rows now, the last `insert` of them new, and may get more: twice as
/// many, so that a page that is filled row by row is copied a few times only; four times if it is filled by the block.
pub(super) fn room_for(len: usize, insert: usize, geometry: PageGeometry) -> usize {
    let growth = if insert >= BLOCK_SLOTS / 2 { 4 } else { 2 };
    (len * growth).min(geometry.page_slots())
}

/// Copies the first `end` bytes of `old` to `new`, leaving out the removed ones and leaving room for the inserted ones, and has
/// it share the heap of these rows.
fn copy_around(old: &PageRef, end: usize, new: &mut PageRef, reshape: Reshape) {
    let Reshape { at, remove, insert } = reshape;
    let (rows, tail) = (old.bytes(), at + remove);
    let copy = own(new);
    copy[..at].copy_from_slice(&rows[..at]);
    copy[at + insert..end + insert - remove].copy_from_slice(&rows[tail..end]);
    share_heap(new, old);
}

/// Gives `copy`, a page with the rows of `page`, the heap of these rows.
#[inline]
pub(super) fn share_heap(copy: &mut PageRef, page: &PageRef) {
    if let Some(heap) = page.heap() {
        own_page(copy).set_heap(Some(heap.clone()));
    }
}

/// A page that only the running transaction holds.
pub(super) fn own_page(page: &mut PageRef) -> &mut Page {
    PageRef::get_mut(page).expect("a page with the running transaction's stamp is shared with nobody")
}

/// The bytes of a page that only the running transaction holds.
pub(in crate::storage) fn own(page: &mut PageRef) -> &mut [u8] {
    own_page(page).bytes_mut()
}
