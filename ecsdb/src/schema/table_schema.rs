//! What a table is made of, as a constant of a derive or loaded from a file.

use std::borrow::Cow;

use super::{DefaultValue, FieldType, IndexSchema, ReferenceSchema};
use crate::bytes::HeapPlace;

/// How a row lies in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RowLayout {
    /// Field after field without gaps, alignment 1.
    Packed,
    /// The user's own `#[repr(C)]` struct, proved to have no padding.
    Native,
}

impl RowLayout {
    /// The name in a schema file.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Packed => "packed",
            Self::Native => "native",
        }
    }

    /// The layout with this [name](Self::name).
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Packed, Self::Native].into_iter().find(|layout| layout.name() == name)
    }
}

/// How much of a table a log keeps. It makes no difference to a database in memory.
///
/// Presence is kept in every case: that a row came, with its values, and that it went. So a reopened database has the
/// same rows, whatever the tables say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Durability {
    /// Every change.
    #[default]
    Wal,
    /// Changes of rows that stay are left to snapshots: after reopening, a row has the values that it came with, or those of
    /// the last snapshot.
    Snapshot,
    /// Changes of rows that stay are kept nowhere: after reopening, a row has the values that it came with.
    None,
}

impl Durability {
    /// The name in a schema file.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Wal => "wal",
            Self::Snapshot => "snapshot",
            Self::None => "none",
        }
    }

    /// The durability with this [name](Self::name).
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Wal, Self::Snapshot, Self::None].into_iter().find(|durability| durability.name() == name)
    }
}

/// One field of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldSchema {
    /// Name, unique in the table.
    pub name: Cow<'static, str>,
    /// What the field means, one paragraph or nothing.
    pub doc: Cow<'static, str>,
    /// What it holds.
    pub field_type: FieldType,
    /// Where it starts in the row, in bytes.
    pub offset: u32,
    /// The name that it had before, or nothing.
    pub renamed_from: Cow<'static, str>,
    /// What it holds in rows that were stored before it was there, if that may happen.
    pub default: Option<DefaultValue>,
    /// The version of the table in which it came; 0 if nobody says.
    pub since: u32,
    /// Why it should not be used any more, if it should not. Only then may it be left out of a later schema.
    pub deprecated: Option<Cow<'static, str>>,
    /// Which table its entities have rows in, if it is a reference.
    pub reference: Option<ReferenceSchema>,
    /// Whether a row that is inserted with a 0 there gets the next number instead.
    pub auto_increment: bool,
}

/// One table: the rows of one component.
///
/// The row's entity is not a field: it is where the row lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableSchema {
    /// Name, unique in the database.
    pub name: Cow<'static, str>,
    /// What the table means, one paragraph or nothing.
    pub doc: Cow<'static, str>,
    /// The name that it had before, or nothing.
    pub renamed_from: Cow<'static, str>,
    /// The version of the table, as its author counts; 0 if nobody says.
    pub version: u32,
    /// Why it should not be used any more, if it should not. Only then may it be left out of a later schema.
    pub deprecated: Option<Cow<'static, str>>,
    /// How a row lies in memory.
    pub layout: RowLayout,
    /// Bytes of a row; 0 for a tag.
    pub size: u32,
    /// Alignment of a row in bytes, 1 for packed rows.
    pub align: u32,
    /// The name under which the row's entity shows as a column, where the schema gives it one.
    pub key: Option<Cow<'static, str>>,
    /// How much of it a log keeps.
    pub durability: Durability,
    /// The fields, in the order in which they lie in the row.
    pub fields: Cow<'static, [FieldSchema]>,
    /// The indexes, in the order of their numbers. Reverse indexes of references are not among them.
    pub indexes: Cow<'static, [IndexSchema]>,
}

impl FieldSchema {
    /// A field at `offset` of which nothing more is said than its type does: a `ref<t>` is a reference.
    pub fn new(name: impl Into<Cow<'static, str>>, field_type: FieldType, offset: u32) -> Self {
        Self {
            name: name.into(),
            doc: Cow::Borrowed(""),
            field_type,
            offset,
            renamed_from: Cow::Borrowed(""),
            default: None,
            since: 0,
            deprecated: None,
            reference: None,
            auto_increment: false,
        }
        .with_typed_reference()
    }
}

impl TableSchema {
    /// A table of packed rows of which nothing more is said. Its size follows from the fields, which must lie one after the
    /// other: a [`DatabaseSchema`](super::DatabaseSchema) is refused with anything else.
    pub fn packed(name: impl Into<Cow<'static, str>>, fields: Vec<FieldSchema>) -> Self {
        let has_heap = fields.iter().any(|field| field.field_type.has_heap());
        let end = fields.last().map_or(0, |last| last.offset as usize + last.field_type.size());
        Self {
            name: name.into(),
            doc: Cow::Borrowed(""),
            renamed_from: Cow::Borrowed(""),
            version: 0,
            deprecated: None,
            layout: RowLayout::Packed,
            size: (end + if has_heap { HeapPlace::BYTES } else { 0 }) as u32,
            align: 1,
            key: None,
            durability: Durability::Wal,
            fields: fields.into(),
            indexes: Cow::Borrowed(&[]),
        }
    }

    /// The field with this name, and its number.
    pub fn field(&self, name: &str) -> Option<(usize, &FieldSchema)> {
        self.fields.iter().enumerate().find(|(_, field)| field.name == name)
    }

    /// The index with this name, and its number.
    pub fn index(&self, name: &str) -> Option<(usize, &IndexSchema)> {
        self.indexes.iter().enumerate().find(|(_, index)| index.name == name)
    }
}
