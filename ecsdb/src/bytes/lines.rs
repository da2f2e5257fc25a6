//! A heap buffer of whole cache lines.

use core::ptr::NonNull;
use std::alloc::{Layout, alloc_zeroed, dealloc, handle_alloc_error};

use bytemuck::{Pod, Zeroable};

/// One cache line: the unit in which page buffers are measured, and what aligns them.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C, align(64))]
pub struct Line([u8; Line::BYTES]);

impl Line {
    /// Bytes in a line.
    pub const BYTES: usize = 64;
}

/// A fixed number of cache lines, zeroed when made.
///
/// It is not a `Box<[Line]>` because a directory keeps the address of rows beside the buffer: a `Box` claims that no
/// other pointer exists while it is used mutably, a `LineBuf` claims it only for the time of a `bytes_mut` borrow, so
/// addresses taken before stay good after it.
pub struct LineBuf {
    /// The first line; dangling if there are none. Every access derives from this pointer.
    lines: NonNull<Line>,
    /// How many lines were allocated.
    len: usize,
}

// SAFETY: the buffer owns plain bytes; `&LineBuf` only reads them and `&mut LineBuf` is needed to write, so it moves
// between threads and is shared like a `Box<[u8]>`.
unsafe impl Send for LineBuf {}
// SAFETY: as above.
unsafe impl Sync for LineBuf {}

impl LineBuf {
    /// A buffer of `len` zeroed lines.
    pub fn zeroed(len: usize) -> Self {
        if len == 0 {
            return Self { lines: NonNull::dangling(), len };
        }
        let layout = Self::layout(len);
        // SAFETY: `len` is not zero, so the layout has a size.
        let lines = unsafe { alloc_zeroed(layout) }.cast::<Line>();
        let Some(lines) = NonNull::new(lines) else { handle_alloc_error(layout) };
        Self { lines, len }
    }

    /// How many lines it has.
    pub fn len(&self) -> usize {
        self.len
    }

    /// The address of the first byte, aligned to a line. It stays the same, and good for reading, as long as the
    /// buffer lives.
    pub fn as_ptr(&self) -> *const u8 {
        self.lines.as_ptr().cast::<u8>()
    }

    /// All bytes.
    pub fn bytes(&self) -> &[u8] {
        // SAFETY: `lines` points to `len` initialised lines that this buffer owns (none if `len` is 0), and they are
        // not written while `&self` is borrowed.
        unsafe { core::slice::from_raw_parts(self.as_ptr(), self.len * Line::BYTES) }
    }

    /// All bytes, to be changed.
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        // SAFETY: as in `bytes`; the unique borrow of the buffer makes the slice unique.
        unsafe { core::slice::from_raw_parts_mut(self.lines.as_ptr().cast::<u8>(), self.len * Line::BYTES) }
    }

    fn layout(len: usize) -> Layout {
        Layout::array::<Line>(len).expect("a page is far smaller than isize::MAX")
    }
}

impl Drop for LineBuf {
    fn drop(&mut self) {
        if self.len > 0 {
            // SAFETY: allocated in `zeroed` with the same layout, and nothing uses it after the drop.
            unsafe { dealloc(self.lines.as_ptr().cast::<u8>(), Self::layout(self.len)) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_is_zeroed_aligned_and_keeps_its_address() {
        let mut buf = LineBuf::zeroed(3);
        assert_eq!(buf.bytes(), &[0; 192]);
        let address = buf.as_ptr();
        assert!(address.cast::<Line>().is_aligned());
        buf.bytes_mut()[191] = 7;
        assert_eq!(buf.as_ptr(), address);
        // SAFETY: the offset lies inside the buffer.
        let last = unsafe { address.add(191) };
        // SAFETY: the last byte of a live buffer that nobody borrows mutably.
        assert_eq!(unsafe { *last }, 7);
    }

    #[test]
    fn an_empty_buffer_needs_no_allocation() {
        assert!(LineBuf::zeroed(0).bytes().is_empty());
    }
}
