//! The heap of a row: the bytes of its strings and lists, and what stands in the row for them.
//!
//! A row with strings or lists ends with a [`HeapPlace`], that says where its heap lies in the page. Everything in the row
//! counts from the start of its own heap, so a row and its heap move without being rewritten. The order in which a heap
//! is filled is fixed, so equal values have equal bytes.

use bytemuck::{Pod, Zeroable};

use super::{Row, slice_bytes};
use crate::limits::{HEAP_ALIGN, HEAP_BYTES_MAX};

/// What stands in a row for a string or a list: where it begins in the row's heap in bytes, and how many bytes or elements
/// it has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Zeroable)]
#[repr(C)]
pub struct Slot {
    start: [u8; 4],
    len: [u8; 4],
}

// SAFETY: two arrays of bytes: no padding, pointers, drop glue or interior mutability, alignment 1.
unsafe impl Row for Slot {}

impl Slot {
    /// Bytes of a slot.
    pub const BYTES: usize = size_of::<Self>();

    /// The slot of `len` bytes or elements at `start`.
    pub const fn new(start: u32, len: u32) -> Self {
        Self { start: start.to_le_bytes(), len: len.to_le_bytes() }
    }

    /// The slot that the first bytes of `bytes` are.
    ///
    /// # Panics
    /// If there are fewer than eight.
    pub fn read(bytes: &[u8]) -> Self {
        let (start, rest) = bytes.split_first_chunk().expect("as many bytes as a slot");
        Self { start: *start, len: *rest.first_chunk().expect("as many bytes as a slot") }
    }

    /// Where it begins.
    pub const fn start(self) -> usize {
        u32::from_le_bytes(self.start) as usize
    }

    /// How many bytes or elements it has.
    #[expect(clippy::len_without_is_empty, reason = "a pair of numbers, not a collection")]
    pub const fn len(self) -> usize {
        u32::from_le_bytes(self.len) as usize
    }

    /// As it stands in a row.
    pub const fn to_bytes(self) -> [u8; Self::BYTES] {
        let ([a, b, c, d], [e, f, g, h]) = (self.start, self.len);
        [a, b, c, d, e, f, g, h]
    }
}

/// What a row with strings or lists ends with: where its heap lies in the heap of the page, in units of 16
/// bytes, and how many bytes it has.
pub type HeapPlace = Slot;

/// The heap of a row, to be read with that row.
///
/// Only this crate makes one: whoever has it and the row that belongs to it has valid strings and lists.
#[derive(Clone, Copy, Debug)]
pub struct Heap<'a>(&'a [u8]);

impl<'a> Heap<'a> {
    /// The heap of a row without strings and lists.
    pub const EMPTY: Self = Self(&[]);

    /// The heap that `bytes` are. They must belong to the row that they are read with, and be valid for it.
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    pub const fn bytes(self) -> &'a [u8] {
        self.0
    }

    /// The string that a slot stands for.
    #[inline]
    pub fn text(self, slot: Slot) -> &'a str {
        let bytes = &self.0[slot.start()..][..slot.len()];
        // SAFETY: a `Heap` is only made, by this crate, of bytes that belong to the row that it is read with and that are
        // valid for it; the derive passes it on with the parts of that row. A slot of a string in it is UTF-8.
        unsafe { core::str::from_utf8_unchecked(bytes) }
    }

    /// The list that a slot stands for.
    #[inline]
    pub fn list<E: Row>(self, slot: Slot) -> &'a [E] {
        let len = slot.len();
        let bytes = &self.0[slot.start()..][..len * size_of::<E>()];
        let start = bytes.as_ptr().cast::<E>();
        if len == 0 {
            return &[];
        }
        assert!(start.is_aligned(), "the lists of a heap are aligned");
        // SAFETY: `bytes` are `len` elements, aligned as asserted, and live and unchanged for `'a`; as in `text` they
        // are valid values, since the heap belongs to the row.
        unsafe { core::slice::from_raw_parts(start, len) }
    }
}

/// A row, or several one after the other, with their heaps behind each other.
#[derive(Clone, Copy, Debug)]
pub struct RowBytes<'a> {
    /// The bytes of the rows.
    pub row: &'a [u8],
    /// The bytes of the heaps, each as long as the [`HeapPlace`] at the end of its row says; none for rows without.
    pub heap: &'a [u8],
}

impl<'a> RowBytes<'a> {
    /// Rows without heaps.
    pub const fn plain(row: &'a [u8]) -> Self {
        Self { row, heap: &[] }
    }
}

/// The heap of a row in the making.
///
/// What does not fit makes it longer than a heap may be, by one byte, so that whoever stores it refuses it.
#[derive(Clone, Debug, Default)]
pub struct HeapBuf {
    /// Whole blocks, so that it is as aligned as it is in a page: it is read from here too.
    blocks: Vec<Block>,
    /// How many bytes of them are in use; those behind are zero.
    len: usize,
}

/// What a heap is made of.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C, align(16))]
struct Block([u8; HEAP_ALIGN]);

const _: () = assert!(align_of::<Block>() == HEAP_ALIGN);

impl HeapBuf {
    /// An empty heap.
    pub const fn new() -> Self {
        Self { blocks: Vec::new(), len: 0 }
    }

    /// A heap with these bytes.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        let mut heap = Self::new();
        heap.grow(bytes.len()).copy_from_slice(bytes);
        heap
    }

    /// Its bytes.
    pub fn bytes(&self) -> &[u8] {
        &bytemuck::cast_slice(&self.blocks)[..self.len]
    }

    /// Begins again.
    pub(crate) fn clear(&mut self) {
        self.blocks.clear();
        self.len = 0;
    }

    /// Makes it `len` bytes long, which is no less than it is now, and returns all of them. New ones are zero.
    fn grow(&mut self, len: usize) -> &mut [u8] {
        self.blocks.resize(len.div_ceil(HEAP_ALIGN), Block::zeroed());
        self.len = len;
        &mut bytemuck::cast_slice_mut(&mut self.blocks)[..len]
    }

    /// As it is read. The row that it is read with must be the one that it was made for.
    pub(crate) fn as_heap(&self) -> Heap<'_> {
        Heap::new(self.bytes())
    }

    /// What the row that it was made for ends with, before it has a place in a page.
    pub fn place(&self) -> HeapPlace {
        HeapPlace::new(0, self.len as u32)
    }

    /// Puts a string in.
    pub fn text(&mut self, text: &str) -> Slot {
        self.put(text.as_bytes(), text.len(), 1)
    }

    /// Puts the elements of a list in; whatever these have in the heap stands there already.
    pub fn list<E: Row>(&mut self, elements: &[E], align: usize) -> Slot {
        self.put(slice_bytes(elements), elements.len(), align)
    }

    /// Puts bytes in at the next multiple of `align`: `len` of what the slot counts.
    pub(crate) fn put(&mut self, bytes: &[u8], len: usize, align: usize) -> Slot {
        debug_assert!(align.is_power_of_two() && align <= HEAP_ALIGN);
        if len == 0 {
            // An empty list has no place, so that equal values have equal bytes.
            return Slot::default();
        }
        let start = self.len.next_multiple_of(align);
        // Elements of no bytes can be many.
        if len > HEAP_BYTES_MAX || bytes.len() > HEAP_BYTES_MAX.saturating_sub(start) {
            self.grow(HEAP_BYTES_MAX + 1);
            return Slot::default();
        }
        self.grow(start + bytes.len())[start..].copy_from_slice(bytes);
        Slot::new(start as u32, len as u32)
    }
}
