//! The heap of a page: where the heaps of its rows lie.
//!
//! It only grows: what was put in never changes and never moves, so a page and its copies share it, and a reader of an old
//! version is not disturbed when the writer puts something in behind. When it is full, the writer makes another one with what
//! the rows of the page still need.

use super::{HeapPlace, Line, Meter, Page};
use crate::limits::HEAP_ALIGN;
use crate::sync::shim::unwatched::{Arc, AtomicUsize, Ordering};

/// A heap that several versions of a page may share.
pub type PageHeapRef = triomphe::Arc<PageHeap>;

/// The heaps of rows, one behind the other, each aligned to [`HEAP_ALIGN`].
pub struct PageHeap {
    /// The memory. Only touched through its address, since parts of it are read while others are written.
    ///
    /// Invariant: of the first `used` bytes each belongs to what one call of [`Self::put`] has put in or will not be read,
    /// and only that call writes to it.
    memory: Page,
    /// How many bytes are given out.
    used: AtomicUsize,
}

debug_as!(PageHeap);

impl PageHeap {
    /// An empty heap with room for `bytes` bytes at least.
    pub fn with_room(bytes: usize, meter: &Arc<Meter>) -> Self {
        Self { memory: Page::zeroed(bytes.div_ceil(Line::BYTES), meter), used: AtomicUsize::new(0) }
    }

    /// What a heap with room for `bytes` bytes takes from the memory budget.
    pub const fn footprint_of(bytes: usize) -> usize {
        Page::footprint_of(bytes.div_ceil(Line::BYTES))
    }

    /// What it takes from the memory budget.
    pub fn footprint_bytes(&self) -> usize {
        self.memory.footprint_bytes()
    }

    /// Puts the heap of a row in. Returns its place, or `None` if there is no room.
    ///
    /// Ordering: each call gets bytes that no other call has, which is all that matters here; that a reader sees them
    /// written is what the publication of a version is for.
    pub fn put(&self, heap: &[u8]) -> Option<HeapPlace> {
        if heap.is_empty() {
            return Some(HeapPlace::default());
        }
        let taken = heap.len().next_multiple_of(HEAP_ALIGN);
        let end = |at: usize| at.checked_add(taken).filter(|end| *end <= self.memory.capacity_bytes());
        let at = self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, end).ok()?;
        let to = self.memory.rows().wrapping_add(at).cast_mut();
        // SAFETY: `at..at + taken` lies in the memory, as checked, and belongs to this call alone (invariant of `memory`:
        // `used` has moved past it in one step, and never goes back). Nobody reads it before its place is known, so no reference
        // to it exists. The address comes from the pointer that owns the memory.
        unsafe { core::ptr::copy_nonoverlapping(heap.as_ptr(), to, heap.len()) };
        // Both fit: a page has at most 1,024 rows of 16 MiB.
        Some(HeapPlace::new((at / HEAP_ALIGN) as u32, heap.len() as u32))
    }

    /// The heap of a row.
    ///
    /// # Safety
    /// `place` was given by [`Self::put`] of this heap, and that happened before.
    #[inline]
    pub unsafe fn get(&self, place: HeapPlace) -> &[u8] {
        debug_assert!(place.start() * HEAP_ALIGN + place.len() <= self.memory.capacity_bytes());
        let from = self.memory.rows().wrapping_add(place.start() * HEAP_ALIGN);
        // SAFETY: the place was given by `put` (the caller's promise), so it lies in the memory, its bytes were written,
        // and nobody writes to them again. The memory lives as long as `self` is borrowed. An empty place is the start of
        // the memory, which is not null.
        unsafe { core::slice::from_raw_parts(from, place.len()) }
    }
}

#[cfg(all(test, not(ecsdb_loom)))]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_in_stays_while_more_comes() {
        let meter = Arc::default();
        let heap = PageHeap::with_room(100, &meter);
        assert_eq!(meter.allocated_bytes(), PageHeap::footprint_of(100));
        let first = heap.put(b"one").unwrap();
        // SAFETY: given by `put` just now.
        let read = unsafe { heap.get(first) };
        let second = heap.put(&[7; 33]).unwrap();
        assert_eq!((second.start(), second.len()), (1, 33));
        assert_eq!(read, b"one");
        // SAFETY: as above.
        assert_eq!(unsafe { heap.get(second) }, [7; 33]);
        assert_eq!(heap.put(&[1; 65]), None, "128 bytes, of which 64 are used");
        assert_eq!(heap.put(&[1; 64]).unwrap().start(), 4);
        assert_eq!(heap.put(b""), Some(HeapPlace::default()));
    }

    #[test]
    fn nobody_gets_the_bytes_of_another_even_if_some_are_refused() {
        // Room for less than two thirds of them, since many take several units.
        let puts = if cfg!(miri) { 16 } else { 64 };
        let heap = PageHeap::with_room(puts * 3 / 2 * HEAP_ALIGN, &Arc::default());
        let heap = &heap;
        let places: Vec<(HeapPlace, u8)> = std::thread::scope(|scope| {
            let put = |thread: u8| {
                (0..puts).filter_map(move |n| Some((heap.put(&vec![thread; 1 + n % 40])?, thread))).collect()
            };
            let all: Vec<_> = (1..5).map(|thread| scope.spawn(move || -> Vec<_> { put(thread) })).collect();
            all.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
        });
        for (place, byte) in places {
            // SAFETY: given by `put` before.
            assert!(unsafe { heap.get(place) }.iter().all(|found| *found == byte));
        }
    }

    #[test]
    fn a_reader_is_not_disturbed_by_the_writer() {
        let heap = PageHeapRef::new(PageHeap::with_room(64 * 1024, &Arc::default()));
        let (send, receive) = std::sync::mpsc::channel::<(HeapPlace, u8)>();
        let reader = heap.clone();
        let reader = std::thread::spawn(move || {
            receive
                .into_iter()
                .filter(|(place, byte)| {
                    // SAFETY: given by `put` before it was sent.
                    let bytes = unsafe { reader.get(*place) };
                    bytes.iter().all(|found| found == byte)
                })
                .count()
        });
        let puts = if cfg!(miri) { 40 } else { 200 };
        for byte in 0..puts {
            let place = heap.put(&vec![byte; usize::from(byte) + 1]).unwrap();
            send.send((place, byte)).unwrap();
        }
        drop(send);
        assert_eq!(reader.join().unwrap(), usize::from(puts));
    }
}
