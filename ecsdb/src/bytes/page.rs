//! Pages: heap buffers of whole cache lines.

use core::ptr::NonNull;
use std::alloc::{Layout, alloc_zeroed, dealloc, handle_alloc_error};

use bytemuck::{Pod, Zeroable};

use super::{Meter, PageHeapRef};
use crate::sync::shim::unwatched::Arc;

/// One cache line: the unit in which page buffers are measured, and what aligns them.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C, align(64))]
pub struct Line([u8; Line::BYTES]);

impl Line {
    /// Bytes in a line.
    pub const BYTES: usize = 64;
}

/// A page that several versions may share; whoever holds the only reference may change it.
pub type PageRef = triomphe::Arc<Page>;

/// A buffer for rows: a fixed number of cache lines.
///
/// It is not a `Box<[Line]>` because a directory keeps the address of rows beside the buffer: a `Box` claims that no
/// other pointer exists while it is used mutably, a `Page` claims it only for the time of a `bytes_mut` borrow, so
/// addresses taken before stay good after it.
pub struct Page {
    /// The first line; dangling if there are none. Every access derives from this pointer.
    ///
    /// Invariant: `len` lines from here on are allocated, initialised, and belong to this page alone.
    lines: NonNull<Line>,
    len: usize,
    /// Where the strings and lists of its rows are, if it is a page of a table with such.
    heap: Option<PageHeapRef>,
    meter: Arc<Meter>,
}

debug_as!(Page);

// SAFETY: the page owns plain bytes; `&Page` only reads them and `&mut Page` is needed to write, so it moves between
// threads and is shared like a `Box<[u8]>`.
unsafe impl Send for Page {}
// SAFETY: as above.
unsafe impl Sync for Page {}

impl Page {
    /// A zeroed page of `len` cache lines that counts in `meter`.
    pub fn zeroed(len: usize, meter: &Arc<Meter>) -> Self {
        let layout = Self::layout(len);
        let lines = if len == 0 {
            NonNull::dangling()
        } else {
            // SAFETY: `len` is not zero, so the layout has a size.
            let memory = unsafe { alloc_zeroed(layout) }.cast::<Line>();
            NonNull::new(memory).unwrap_or_else(|| handle_alloc_error(layout))
        };
        meter.add(Self::footprint_of(len));
        Self { lines, len, heap: None, meter: Arc::clone(meter) }
    }

    fn layout(len: usize) -> Layout {
        Layout::array::<Line>(len).expect("a page is far smaller than isize::MAX")
    }

    /// What a page of `lines` cache lines takes from the memory budget.
    pub const fn footprint_of(lines: usize) -> usize {
        lines * Line::BYTES + size_of::<Self>() + size_of::<usize>()
    }

    /// What the page takes from the memory budget.
    pub fn footprint_bytes(&self) -> usize {
        Self::footprint_of(self.len)
    }

    /// The heap of its rows.
    #[inline]
    pub fn heap(&self) -> Option<&PageHeapRef> {
        self.heap.as_ref()
    }

    /// Gives it another heap: one that has the heaps of all its rows.
    #[inline]
    pub fn set_heap(&mut self, heap: Option<PageHeapRef>) {
        self.heap = heap;
    }

    /// How many cache lines it has.
    pub fn line_count(&self) -> usize {
        self.len
    }

    /// How many bytes of rows it can hold.
    pub fn capacity_bytes(&self) -> usize {
        self.len * Line::BYTES
    }

    /// The address of its first row, aligned to a line. It stays the same, and good for reading, as long as the page
    /// lives.
    pub fn rows(&self) -> *const u8 {
        self.lines.as_ptr().cast::<u8>()
    }

    /// All bytes, rows first.
    pub fn bytes(&self) -> &[u8] {
        // SAFETY: the invariant of `lines`; they are not written while `&self` is borrowed.
        unsafe { core::slice::from_raw_parts(self.rows(), self.len * Line::BYTES) }
    }

    /// All bytes, to be changed.
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        // SAFETY: as in `bytes`; the unique borrow of the buffer makes the slice unique.
        unsafe { core::slice::from_raw_parts_mut(self.lines.as_ptr().cast::<u8>(), self.len * Line::BYTES) }
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        self.meter.subtract(self.footprint_bytes());
        if self.len > 0 {
            // SAFETY: allocated in `zeroed` with the same layout, and nothing uses it after the drop.
            unsafe { dealloc(self.lines.as_ptr().cast::<u8>(), Self::layout(self.len)) }
        }
    }
}

#[cfg(all(test, not(ecsdb_loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_zeroed_aligned_and_keeps_its_address() {
        let mut page = Page::zeroed(3, &Arc::default());
        assert_eq!(page.bytes(), &[0; 192]);
        let address = page.rows();
        assert!(address.cast::<Line>().is_aligned());
        page.bytes_mut()[191] = 7;
        assert_eq!(page.rows(), address);
        // SAFETY: the offset lies inside the buffer.
        let last = unsafe { address.add(191) };
        // SAFETY: the last byte of a live buffer that nobody borrows mutably.
        assert_eq!(unsafe { *last }, 7);
    }

    #[test]
    fn the_meter_counts_every_page_until_the_last_holder_lets_go() {
        let meter = Arc::new(Meter::default());
        let page = PageRef::new(Page::zeroed(4, &meter));
        let second = page.clone();
        drop(page);
        assert_eq!(meter.allocated_bytes(), Page::footprint_of(4));
        std::thread::spawn(move || drop(second)).join().unwrap();
        assert_eq!(meter.allocated_bytes(), 0);
    }

    #[test]
    fn an_empty_page_needs_no_allocation() {
        assert!(Page::zeroed(0, &Arc::default()).bytes().is_empty());
    }
}
