//! The contract of a stored row and the casts that rest on it.

use core::mem::{align_of, size_of};

use super::HeapPlace;
use crate::limits::ROW_ALIGN_MAX;

/// A type whose values are stored as their own bytes.
///
/// # Safety
/// The implementor promises that
/// - the type has no padding: every byte of a value is initialised, always;
/// - its alignment is at most 16 bytes;
/// - it has no drop glue and no interior mutability, so that a copy of the bytes of a value is a value, and bytes that
///   are shared between threads do not change;
/// - it holds no pointer and no reference;
/// - `HAS_HEAP` is only set where its last eight bytes are a [`HeapPlace`].
///
/// Not every byte pattern need be a value (`bool` is a row). Whoever turns foreign bytes into a row validates them
/// first: [`Component::validate`](crate::Component::validate).
pub unsafe trait Row: Sized + Send + Sync + 'static {
    /// Whether it is a row of a table with strings or lists, which ends with a [`HeapPlace`].
    const HAS_HEAP: bool = false;
}

/// Where the heap of a row lies in the heap of its page.
#[inline]
pub fn heap_place<R: Row>(row: &R) -> HeapPlace {
    debug_assert!(R::HAS_HEAP);
    HeapPlace::read(&bytes_of(row)[size_of::<R>() - HeapPlace::BYTES..])
}

/// The bytes of a row.
pub fn bytes_of<R: Row>(row: &R) -> &[u8] {
    // SAFETY: a `Row` has no padding, so all `size_of::<R>()` bytes behind the reference are initialised; `u8` has
    // alignment 1; the lifetime of the slice is that of the reference, and `R` has no interior mutability.
    unsafe { core::slice::from_raw_parts(core::ptr::from_ref(row).cast::<u8>(), size_of::<R>()) }
}

/// The bytes of many rows, one after the other.
pub fn slice_bytes<R: Row>(rows: &[R]) -> &[u8] {
    // SAFETY: as in `bytes_of`; elements of a slice have no padding between them.
    unsafe { core::slice::from_raw_parts(rows.as_ptr().cast::<u8>(), size_of_val(rows)) }
}

/// A second value with the same bytes. Rows need not be `Copy` in the user's code; the contract of [`Row`] makes the
/// copy sound all the same.
pub fn duplicate<R: Row>(row: &R) -> R {
    // SAFETY: `row` is a valid, aligned, initialised `R`, and a `Row` has no drop glue and no interior mutability, so
    // a second value with the same bytes is a value and nothing is dropped twice.
    unsafe { core::ptr::read(row) }
}

/// The row that has these bytes, wherever they lie.
///
/// # Safety
/// `bytes` must be those of a value of `R`.
pub unsafe fn row_of<R: Row>(bytes: &[u8]) -> R {
    assert_eq!(bytes.len(), size_of::<R>(), "a row has as many bytes as its type");
    // SAFETY: there are as many bytes as a value has, which they are by the caller's promise; the read needs no alignment, and
    // a `Row` has no drop glue, so the bytes may stay where they are.
    unsafe { core::ptr::read_unaligned(bytes.as_ptr().cast::<R>()) }
}

/// `len` rows at `rows`.
///
/// # Safety
/// `rows` must be aligned for `R` and point to `len` consecutive values of `R` that stay in place and unchanged for
/// `'a`. For rows of size zero any aligned non-null pointer will do.
pub unsafe fn rows_of<'a, R: Row>(rows: *const u8, len: usize) -> &'a [R] {
    const { assert!(align_of::<R>() <= ROW_ALIGN_MAX, "rows are aligned to 16 bytes at most") };
    debug_assert!(rows.cast::<R>().is_aligned(), "page buffers are aligned to cache lines");
    // SAFETY: the caller's promise is that of `from_raw_parts`.
    unsafe { core::slice::from_raw_parts(rows.cast::<R>(), len) }
}

macro_rules! plain_rows {
    ($($ty:ty),+) => {$(
        // SAFETY: a primitive without padding, pointers, drop glue or interior mutability, aligned to 16 at most.
        unsafe impl Row for $ty {}
    )+};
}
plain_rows!(u8, u16, u32, u64, u128, i8, i16, i32, i64, i128, f32, f64, bool, ());

// SAFETY: an array has no padding between or after its elements, and inherits everything else from them.
unsafe impl<R: Row, const N: usize> Row for [R; N] {}
