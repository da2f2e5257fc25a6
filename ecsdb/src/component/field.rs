//! The types that can stand in a component.

use core::fmt;

use crate::bytes::Row;
use crate::schema::FieldType;

/// A type that can be a field of a component.
///
/// # Safety
/// Implemented by this crate and by derives only. `Packed` has alignment 1 and as many bytes as `TYPE` says, and bytes
/// that are valid for `TYPE` are a value of `Packed`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a field of a component",
    label = "not a field type",
    note = "fields are numbers, `bool`, `Entity`, `Option<Entity>` and arrays of these"
)]
pub unsafe trait Field: Sized + Send + Sync + 'static {
    /// The stored form in a packed row: little-endian bytes.
    type Packed: Row + Copy + PartialEq + fmt::Debug;
    /// What reading the field of a packed row gives: the value, or a borrowed array.
    type View<'a>: Copy + Send + Sync + fmt::Debug;

    /// The type in the schema.
    const TYPE: FieldType;

    /// The stored form of the value.
    fn pack(self) -> Self::Packed;

    /// The value of a stored form.
    fn unpack(packed: &Self::Packed) -> Self;

    /// The view of a stored form.
    fn view(packed: &Self::Packed) -> Self::View<'_>;
}

/// A field type whose own memory is the stored form, so that it can stand in a native (`#[repr(C)]`) row.
///
/// # Safety
/// The type is a [`Row`] whose bytes are those of its packed form, on every supported target. `ALIGN` is at least the
/// alignment of the type on every target, a power of two, and at most 16.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a field of a `#[repr(C)]` component",
    label = "has no fixed form in memory",
    note = "drop `#[repr(C)]` to store the component packed"
)]
pub unsafe trait NativeField: Field + Row {
    /// The canonical alignment in bytes, which is not always that of the host.
    const ALIGN: usize;
}
