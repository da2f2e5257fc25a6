//! Putting the heap of a row into the heap of its page.

use super::rows::own_page;
use super::{Batch, StorageError};
use crate::bytes::{HeapPlace, Page, PageHeap, PageHeapRef};
use crate::limits::{CHUNK_SLOTS, HEAP_ALIGN};

/// The least room that a page's heap is made with, in bytes.
const ROOM_MIN: usize = 256;

impl Batch<'_> {
    /// Gives the row of `slot`, whose page the running transaction has a copy of, the heap `heap`. What its place said before
    /// does not matter.
    ///
    /// If there is no memory for it, the row has an empty heap: it is not valid then, and the transaction is doomed.
    pub(super) fn place_heap(&mut self, table: u16, slot: u32, heap: &[u8]) -> Result<(), StorageError> {
        let directory = &mut self.version.tables[usize::from(table)];
        let geometry = directory.geometry();
        let in_chunk = slot as usize % CHUNK_SLOTS;
        let chunk = directory.chunk_mut(slot as usize / CHUNK_SLOTS);
        let row = chunk.row(geometry, in_chunk).expect("the row was stored just now").addr();
        let page_slot = chunk.page_mut(in_chunk >> geometry.page_shift());
        let len = page_slot.len as usize;
        let page = own_page(page_slot.page.as_mut().expect("a row with a heap has bytes"));
        let place_at = row - page.rows().addr() + geometry.stride() - HeapPlace::BYTES;
        // Before its place is known, the row has none that a heap is copied from.
        set_place(page, place_at, HeapPlace::default());
        if let Some(place) = page.heap().and_then(|into| into.put(heap)) {
            set_place(page, place_at, place);
            return Ok(());
        }
        if heap.is_empty() {
            return Ok(());
        }
        let ends = || (1..=len).map(|count| count * geometry.stride() - HeapPlace::BYTES);
        let live: usize = ends().map(|at| place(page, at).len().next_multiple_of(HEAP_ALIGN)).sum();
        // Twice what is needed, so that all the copying together costs no more than what was put in.
        let room = 2 * (live + heap.len().next_multiple_of(HEAP_ALIGN));
        let made = self.pool.heap(room.max(ROOM_MIN));
        let made = match made {
            Ok(made) => made,
            Err(error) => {
                *self.failure = Some(error.into());
                return Err(error.into());
            }
        };
        if let Some(old) = page.heap().cloned() {
            for at in ends() {
                let moved = copy(&old, place(page, at), &made);
                set_place(page, at, moved);
            }
        }
        set_place(page, place_at, made.put(heap).unwrap_or_default());
        page.set_heap(Some(made));
        Ok(())
    }
}

/// Copies the heap at `place`, which a row of the page with the heap `old` has, to `new`, which has room for it.
fn copy(old: &PageHeapRef, place: HeapPlace, new: &PageHeap) -> HeapPlace {
    // SAFETY: the rows of a page have the places that `put` of its heap gave them: `place_heap` alone writes them. Copies of
    // pages share the heap, and the writer, on whose thread this runs, made all of them.
    let heap = unsafe { old.get(place) };
    new.put(heap).unwrap_or_default()
}

fn place(page: &Page, at: usize) -> HeapPlace {
    HeapPlace::read(&page.bytes()[at..])
}

fn set_place(page: &mut Page, at: usize, place: HeapPlace) {
    page.bytes_mut()[at..at + HeapPlace::BYTES].copy_from_slice(&place.to_bytes());
}
