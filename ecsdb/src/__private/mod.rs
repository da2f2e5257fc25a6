//! What the code of the derive refers to. Not part of the public interface: it may change in any release.
//!
//! Owns re-exports under paths that nothing in the user's crate can shadow, and the checks of layouts that run at
//! compile time. It must never do anything at run time that [`Component`] does not promise.

mod claims;
mod describe;
mod drift;
mod layout;
mod same;
mod show;

pub use core;
pub use std::borrow::Cow;

pub use bytemuck::Zeroable;

pub use crate::bytes::{Heap, HeapBuf, Row, duplicate};
pub use crate::component::{Packer, Payload, WholeValue, enum_bytes, no_variant, tag};
pub use crate::query::RowOf;
pub use crate::text::{Text, stop};
pub use claims::{drop_glue, native_enum, offset_is, size_is};
pub use describe::{
    ColumnNumbers, Place, WithoutHeap, columns, enum_type, evolved_field, field, member, place_bytes, struct_type,
    unit_variant, variant,
};
pub use drift::drift;
pub use layout::{NativeLayout, PackedLayout, strictest};
pub use same::same;
pub use show::{show_packed, show_row, show_value, show_view};

use crate::component::Component;
use crate::schema::{Durability, RowLayout, TableSchema};

/// [`Component::with_mut`] of a packed component: a decoded value that is written back, unless `change` panics.
///
/// # Safety
/// As there: `heap` must be the heap of `row`.
#[inline]
pub unsafe fn with_mut_packed<T: Component, R>(
    row: &mut T::Row,
    heap: &mut HeapBuf,
    change: impl FnOnce(&mut T) -> R,
) -> R {
    let mut value = T::from_row(row, heap.as_heap());
    let result = change(&mut value);
    // Conversions of the user's run here: until they are through, the row and its heap stay as they are.
    let mut fresh = HeapBuf::new();
    *row = value.into_row(&mut fresh);
    *heap = fresh;
    result
}

/// The schema of a component that was refused, to keep its uses from making further errors. Nothing ever runs with it.
pub const REFUSED: &TableSchema = &TableSchema {
    name: Cow::Borrowed("refused"),
    doc: Cow::Borrowed(""),
    renamed_from: Cow::Borrowed(""),
    version: 0,
    deprecated: None,
    layout: RowLayout::Packed,
    size: 0,
    align: 1,
    key: None,
    durability: Durability::Wal,
    fields: Cow::Borrowed(&[]),
};
