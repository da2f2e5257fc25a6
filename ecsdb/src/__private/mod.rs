//! What the code of the derive refers to. Not part of the public interface: it may change in any release.
//!
//! Owns re-exports under paths that nothing in the user's crate can shadow, and the checks of layouts that run at
//! compile time. It must never do anything at run time that [`Component`] does not promise.

mod claims;
mod convert;
mod describe;
mod drift;
mod keys;
mod layout;
mod show;

pub use core;
pub use core::clone::Clone;
pub use core::cmp::PartialEq;
pub use core::convert::From;
pub use core::fmt::{Debug, DebugStruct, Formatter, Result as FmtResult};
pub use core::marker::{Copy, PhantomData, Send, Sync};
pub use core::mem::{align_of, needs_drop, offset_of, size_of};
pub use core::ops::FnOnce;
pub use core::option::Option::{None, Some};
pub use core::primitive::{bool, str, u8, u16, u32, usize};
pub use std::borrow::Cow;

pub use bytemuck::Zeroable;

pub use crate::bytes::{Heap, HeapBuf, Row, duplicate};
pub use crate::component::elsewhere::{Packer, PartNamed, Payload, WholeValue, enum_bytes, no_variant, tag};
pub use crate::component::packed::{Enum, Native, Optional};
pub use crate::component::{Column, Component, Field, Index, List, NativeField, Part, SpatialIndex, Whole};
pub use crate::query::elsewhere::RowOf;
pub use crate::query::{QueryParam, RowParam};
pub use crate::schema::{Cardinality, IndexKind, IndexSchema, OnDelete};
pub use crate::schema::{DefaultValue, Durability, Encoded, FieldType, RowLayout, Schema, TableOf, TableSchema};
#[cfg(all(feature = "arc-swap", not(ecsdb_loom)))]
pub use crate::sync::publication;
pub use crate::text::{Text, stop};
pub use crate::transaction::Bundle;
pub use crate::transaction::elsewhere::Single;
pub use claims::{drop_glue, native_enum, offset_is, size_is};
pub use convert::{convert_all, convert_array, convert_optional};
pub use describe::{
    ColumnNumbers, Place, WithoutHeap, columns, counted, enum_type, evolved_field, field, member, place_bytes,
    referring, struct_type, unit_variant, variant,
};
pub use drift::drift;
pub use keys::index_fault;
pub use layout::{NativeLayout, packed_layout, strictest};
pub use show::{show_packed, show_row, show_value, show_view};

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
    indexes: Cow::Borrowed(&[]),
};
