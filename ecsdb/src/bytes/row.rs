//! The contract of a stored row and the casts that rest on it.

use core::mem::{align_of, size_of};

use crate::limits::ROW_ALIGN_MAX;

/// A type whose values are stored as their own bytes.
///
/// # Safety
/// The implementor promises that
/// - the type has no padding: every byte of a value is initialised, always;
/// - its alignment is at most [`ROW_ALIGN_MAX`];
/// - it has no drop glue and no interior mutability, so that a copy of the bytes of a value is a value, and bytes that
///   are shared between threads do not change;
/// - it holds no pointer and no reference.
///
/// Not every byte pattern need be a value (`bool` is a row). Whoever turns foreign bytes into a row validates them
/// first: [`Component::validate`](crate::Component::validate).
pub unsafe trait Row: Sized + Send + Sync + 'static {}

/// The bytes of a row.
pub fn bytes_of<R: Row>(row: &R) -> &[u8] {
    // SAFETY: a `Row` has no padding, so all `size_of::<R>()` bytes behind the reference are initialised; `u8` has
    // alignment 1; the lifetime of the slice is that of the reference, and `R` has no interior mutability.
    unsafe { core::slice::from_raw_parts(core::ptr::from_ref(row).cast::<u8>(), size_of::<R>()) }
}

/// The bytes of a row, to be changed.
///
/// # Safety
/// When the borrow ends the bytes must again be a value of `R`.
pub unsafe fn bytes_of_mut<R: Row>(row: &mut R) -> &mut [u8] {
    // SAFETY: as in `bytes_of`; the borrow is unique, and the caller leaves a value of `R` behind.
    unsafe { core::slice::from_raw_parts_mut(core::ptr::from_mut(row).cast::<u8>(), size_of::<R>()) }
}

/// A second value with the same bytes. Rows need not be `Copy` in the user's code; the contract of [`Row`] makes the
/// copy sound all the same.
pub fn duplicate<R: Row>(row: &R) -> R {
    // SAFETY: `row` is a valid, aligned, initialised `R`, and a `Row` has no drop glue and no interior mutability, so
    // a second value with the same bytes is a value and nothing is dropped twice.
    unsafe { core::ptr::read(row) }
}

/// A row from the front of `bytes`.
///
/// # Panics
/// If `bytes` is shorter than a row.
///
/// # Safety
/// The first `size_of::<R>()` bytes must be a value of `R`.
pub unsafe fn read_row<R: Row>(bytes: &[u8]) -> R {
    assert!(bytes.len() >= size_of::<R>(), "a row of {} bytes from {}", size_of::<R>(), bytes.len());
    // SAFETY: the length was checked, the read is unaligned, and the caller promises a value of `R`.
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
