//! Inserting, changing and removing rows in pages without holes.

use super::{Batch, StorageError, Touched};
use crate::bits::run;
use crate::bytes::{HeapPlace, Page, PageRef, RowBytes};
use crate::change_set::ColumnSet;
use crate::limits::{BLOCK_SLOTS, CHUNK_SLOTS};
use crate::storage::table::PageGeometry;

/// A change of the number of rows of a page: at row `at`, `remove` rows go and `insert` rows come.
#[derive(Clone, Copy)]
struct Reshape {
    at: usize,
    remove: usize,
    insert: usize,
}

/// What became of a page that was reshaped.
struct Reshaped {
    /// Its undo record.
    undo: u32,
    /// Whether its rows are in another buffer now.
    moved: bool,
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
                let mut taken = match self.pool.take(table, geometry.lines(found.len as usize)) {
                    Ok(taken) => taken,
                    Err(error) => {
                        *self.failure = Some(error.into());
                        return Err(error.into());
                    }
                };
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
        let geometry = self.version.tables[usize::from(table)].geometry();
        let page = first as usize >> geometry.page_shift();
        let in_page = first as usize & (geometry.page_slots() - 1);
        let in_chunk = page & (geometry.chunk_pages() - 1);
        debug_assert!(in_page + count <= geometry.page_slots(), "a run lies in one page");
        debug_assert!(in_page % BLOCK_SLOTS + count <= BLOCK_SLOTS, "a run lies in one block");
        let mut at = 0;
        let mut at_end = false;
        let Reshaped { undo, moved } = self.reshape(table, page, |chunk| {
            at_end = chunk.is_end(geometry, in_chunk, in_page);
            at = if at_end { chunk.pages()[in_chunk].len as usize } else { chunk.rank(geometry, in_chunk, in_page) };
            Reshape { at, remove: 0, insert: count }
        })?;
        let (word, mask) = (in_page / BLOCK_SLOTS, run(in_page % BLOCK_SLOTS, count));
        // A row that took the place of one that this transaction has removed may differ in every column.
        let again = self.words_before(undo)[word] & mask != 0;
        self.undo.note_written(geometry, undo, word, mask, if again { ColumnSet::ALL } else { ColumnSet::NONE });
        self.slots.note_table(first as usize / BLOCK_SLOTS, table);
        let directory = &mut self.version.tables[usize::from(table)];
        directory.count(count as i64);
        let chunk = directory.chunk_mut(first as usize / CHUNK_SLOTS);
        let start = at * geometry.stride();
        if at_end && !moved {
            chunk.append(geometry, in_chunk, word, mask);
        } else {
            let before = chunk.presence(geometry, in_chunk, word);
            debug_assert_eq!(before & mask, 0, "the slots have no rows yet");
            chunk.set_presence(geometry, in_chunk, word, before | mask);
            chunk.relocate(geometry, in_chunk);
        }
        Ok(match &mut chunk.page_mut(in_chunk).page {
            Some(page) => &mut own(page)[start..start + count * geometry.stride()],
            None => &mut [],
        })
    }

    /// Removes the row of `slot`. Returns whether there was one.
    pub fn remove(&mut self, table: u16, slot: u32) -> Result<bool, StorageError> {
        let directory = &self.version.tables[usize::from(table)];
        if !directory.contains(slot) {
            return Ok(false);
        }
        if self.references.is_target(table)
            && let Some(entity) = self.version.entities.in_slot(slot)
        {
            self.references.note_removed(table, entity);
        }
        let geometry = directory.geometry();
        let page = slot as usize >> geometry.page_shift();
        let in_page = slot as usize & (geometry.page_slots() - 1);
        let in_chunk = page & (geometry.chunk_pages() - 1);
        let Reshaped { undo, .. } = self.reshape(table, page, |chunk| Reshape {
            at: chunk.rank(geometry, in_chunk, in_page),
            remove: 1,
            insert: 0,
        })?;
        let (word, mask) = (in_page / BLOCK_SLOTS, 1 << (in_page % BLOCK_SLOTS));
        self.undo.note_written(geometry, undo, word, mask, ColumnSet::NONE);
        let directory = &mut self.version.tables[usize::from(table)];
        directory.count(-1);
        let chunk = directory.chunk_mut(slot as usize / CHUNK_SLOTS);
        let before = chunk.presence(geometry, in_chunk, word);
        chunk.set_presence(geometry, in_chunk, word, before & !mask);
        chunk.relocate(geometry, in_chunk);
        Ok(true)
    }

    /// Gives page `page` of `table` a buffer that only this transaction holds, with its rows moved as `plan` says, and
    /// returns its undo record. The presence words, the count and the addresses are for the caller to bring in line; if
    /// `plan` neither inserts nor removes, they are in line already.
    fn reshape(
        &mut self,
        table: u16,
        page: usize,
        plan: impl FnOnce(&super::super::chunk::Chunk) -> Reshape,
    ) -> Result<Reshaped, StorageError> {
        let directory = &mut self.version.tables[usize::from(table)];
        let geometry = directory.geometry();
        let stride = geometry.stride();
        let chunk = directory.chunk_mut(page >> geometry.chunk_shift());
        if stride == 0 {
            plan(chunk);
            return Ok(Reshaped { undo: self.touch_page(table, page), moved: false });
        }
        let in_chunk = page & (geometry.chunk_pages() - 1);
        let slot = &chunk.pages()[in_chunk];
        let fresh = slot.stamp == *self.serial;
        if fresh && slot.page.is_some() {
            let Reshape { at, remove, insert } = plan(chunk);
            let slot = chunk.page_mut(in_chunk);
            let len = slot.len as usize;
            let new_len = len - remove + insert;
            if insert == remove {
                return Ok(Reshaped { undo: slot.undo, moved: false });
            }
            if new_len == 0 {
                self.pool.put(table, slot.page.take().expect("checked above"));
                return Ok(Reshaped { undo: slot.undo, moved: true });
            }
            if let Some(page) = &mut slot.page
                && page.capacity_bytes() >= new_len * stride
            {
                own(page).copy_within((at + remove) * stride..len * stride, (at + insert) * stride);
                return Ok(Reshaped { undo: slot.undo, moved: false });
            }
            let taken = self.pool.take(table, geometry.lines(room_for(new_len, insert, geometry)));
            let mut grown = self.doom(taken)?;
            let slot =
                self.version.tables[usize::from(table)].chunk_mut(page >> geometry.chunk_shift()).page_mut(in_chunk);
            if let Some(old) = slot.page.take() {
                copy_around(&old, len, own(&mut grown), stride, Reshape { at, remove, insert });
                share_heap(&mut grown, &old);
                self.pool.put(table, old);
            }
            slot.page = Some(grown);
            return Ok(Reshaped { undo: slot.undo, moved: true });
        }
        let reshape = plan(chunk);
        let len = slot.len as usize;
        let new_len = len - reshape.remove + reshape.insert;
        let mut copy = None;
        if new_len > 0 {
            let rows =
                if reshape.insert > reshape.remove { room_for(new_len, reshape.insert, geometry) } else { new_len };
            let taken = self.pool.take(table, geometry.lines(rows));
            copy = Some(self.doom(taken)?);
        }
        let undo = self.touch_page(table, page);
        let slot = self.version.tables[usize::from(table)].chunk_mut(page >> geometry.chunk_shift()).page_mut(in_chunk);
        let before = slot.page.take();
        if let (Some(before), Some(copy)) = (&before, &mut copy) {
            copy_around(before, len, own(copy), stride, reshape);
            share_heap(copy, before);
        }
        slot.page = copy;
        if before.is_some() {
            self.undo.pages[undo as usize].before = before;
        }
        if reshape.insert == reshape.remove {
            let chunk = self.version.tables[usize::from(table)].chunk_mut(page >> geometry.chunk_shift());
            chunk.relocate(geometry, in_chunk);
        }
        Ok(Reshaped { undo, moved: true })
    }
}

/// For how many rows a page is made that has `len` rows now, the last `insert` of them new, and may get more: twice as
/// many, so that a page that is filled row by row is copied a few times only; four times if it is filled by the block.
fn room_for(len: usize, insert: usize, geometry: PageGeometry) -> usize {
    let growth = if insert >= BLOCK_SLOTS / 2 { 4 } else { 2 };
    (len * growth).min(geometry.page_slots())
}

/// Copies the `len` rows of `old` to `new`, leaving out the removed ones and leaving room for the inserted ones.
fn copy_around(old: &PageRef, len: usize, new: &mut [u8], stride: usize, reshape: Reshape) {
    let Reshape { at, remove, insert } = reshape;
    let old = old.bytes();
    let (head, tail) = (at * stride, (at + remove) * stride);
    new[..head].copy_from_slice(&old[..head]);
    let end = len * stride;
    new[head + insert * stride..end + insert * stride - remove * stride].copy_from_slice(&old[tail..end]);
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
