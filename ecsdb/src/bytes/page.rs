//! Pages: heap buffers of whole cache lines, cut from one allocation in a row.

use core::ptr::NonNull;
use std::alloc::{Layout, alloc_zeroed, dealloc, handle_alloc_error};

use bytemuck::{Pod, Zeroable};

use super::Meter;
use crate::sync::shim::unwatched::Arc;

/// One cache line: the unit in which page buffers are measured, and what aligns them.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C, align(64))]
pub struct Line([u8; Line::BYTES]);

impl Line {
    /// Bytes in a line.
    pub const BYTES: usize = 64;
}

/// Memory for several buffers, freed with the last of them.
struct Slab {
    /// The first line; dangling if there are none.
    lines: NonNull<Line>,
    layout: Layout,
    /// What it takes from the memory budget, in bytes, its pages' own overhead included.
    footprint: usize,
    meter: Arc<Meter>,
}

// SAFETY: a slab only owns memory; who may touch which part of it is the business of the buffers.
unsafe impl Send for Slab {}
// SAFETY: as above.
unsafe impl Sync for Slab {}

impl Slab {
    fn zeroed(lines: usize, footprint: usize, meter: &Arc<Meter>) -> Self {
        let layout = Layout::array::<Line>(lines).expect("pages are far smaller than isize::MAX");
        let memory = if layout.size() == 0 {
            NonNull::dangling()
        } else {
            // SAFETY: the layout has a size.
            let memory = unsafe { alloc_zeroed(layout) }.cast::<Line>();
            NonNull::new(memory).unwrap_or_else(|| handle_alloc_error(layout))
        };
        meter.add(footprint);
        Self { lines: memory, layout, footprint, meter: Arc::clone(meter) }
    }
}

impl Drop for Slab {
    fn drop(&mut self) {
        self.meter.subtract(self.footprint);
        if self.layout.size() > 0 {
            // SAFETY: allocated in `zeroed` with this layout, and every buffer that used it is gone.
            unsafe { dealloc(self.lines.as_ptr().cast::<u8>(), self.layout) }
        }
    }
}

/// A page that several versions may share; whoever holds the only reference may change it.
pub type PageRef = triomphe::Arc<Page>;

/// A buffer for rows: a fixed number of cache lines.
///
/// It is not a `Box<[Line]>` because a directory keeps the address of rows beside the buffer: a `Box` claims that no
/// other pointer exists while it is used mutably, a `Page` claims it only for the time of a `bytes_mut` borrow, so
/// addresses taken before stay good after it.
pub struct Page {
    /// The first line. Every access derives from this pointer.
    ///
    /// Invariant: `len` lines from here on lie in the slab, were initialised by it, and belong to this buffer alone.
    lines: NonNull<Line>,
    len: usize,
    slab: Arc<Slab>,
}

// SAFETY: the buffer owns plain bytes; `&Page` only reads them and `&mut Page` is needed to write, so it moves
// between threads and is shared like a `Box<[u8]>`.
unsafe impl Send for Page {}
// SAFETY: as above.
unsafe impl Sync for Page {}

impl Page {
    /// `count` zeroed buffers of `len` lines each, neighbours in memory, in ascending order.
    pub fn row(len: usize, count: usize, meter: &Arc<Meter>) -> impl Iterator<Item = Self> + use<> {
        let slab = Arc::new(Slab::zeroed(len * count, Self::footprint_of(len) * count, meter));
        (0..count).map(move |index| {
            // SAFETY: the offset is inside the slab's `len * count` lines (or 0 where they have no bytes).
            let lines = unsafe { slab.lines.add(index * len) };
            Self { lines, len, slab: Arc::clone(&slab) }
        })
    }

    /// What a page of `lines` cache lines takes from the memory budget.
    pub const fn footprint_of(lines: usize) -> usize {
        lines * Line::BYTES + size_of::<Self>() + size_of::<usize>()
    }

    /// What the page takes from the memory budget.
    pub fn footprint_bytes(&self) -> usize {
        Self::footprint_of(self.len)
    }

    /// How many cache lines it has.
    pub fn line_count(&self) -> usize {
        self.len
    }

    /// How many bytes of rows it can hold.
    pub fn capacity_bytes(&self) -> usize {
        self.len * Line::BYTES
    }

    /// Tells the slabs apart: buffers with the same number are freed together.
    pub fn slab(&self) -> usize {
        self.slab.lines.addr().get()
    }

    /// How many buffers of this size the slab has.
    pub fn slab_count(&self) -> usize {
        (self.slab.layout.size() / Line::BYTES).checked_div(self.len).unwrap_or(1)
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

#[cfg(all(test, not(ecsdb_loom)))]
mod tests {
    use super::*;

    #[test]
    fn buffers_are_zeroed_aligned_neighbours_and_keep_their_addresses() {
        let meter = Arc::new(Meter::default());
        let mut row: Vec<Page> = Page::row(3, 2, &meter).collect();
        let (first, second) = (row[0].rows(), row[1].rows());
        assert_eq!(second.addr() - first.addr(), 3 * Line::BYTES);
        assert!(first.cast::<Line>().is_aligned());
        assert_eq!(row[1].bytes(), &[0; 192]);
        row[0].bytes_mut().fill(7);
        assert_eq!((row[0].rows(), row[1].bytes()[0]), (first, 0));
        // SAFETY: the last byte of a live buffer that nobody borrows mutably.
        assert_eq!(unsafe { *first.add(191) }, 7);
    }

    #[test]
    fn the_meter_counts_a_slab_until_its_last_buffer_is_gone() {
        let meter = Arc::new(Meter::default());
        let mut row: Vec<Page> = Page::row(4, 2, &meter).collect();
        assert_eq!((meter.allocated_bytes(), row[0].slab_count()), (2 * Page::footprint_of(4), 2));
        let last = row.pop();
        drop(row);
        assert_eq!(meter.allocated_bytes(), 2 * Page::footprint_of(4));
        std::thread::spawn(move || drop(last)).join().unwrap();
        assert_eq!(meter.allocated_bytes(), 0);
    }

    #[test]
    fn an_empty_buffer_has_no_bytes() {
        let meter = Arc::new(Meter::default());
        assert!(Page::row(0, 1, &meter).all(|buf| buf.bytes().is_empty()));
    }
}
