//! What a schema says of tables beyond their rows: indexes, references, and what follows a deletion.
//!
//! It holds the descriptions only. What they do is the business of storage and transactions.

use core::fmt;
use std::borrow::Cow;

use super::error::SchemaErrorKind;
use super::{FieldSchema, FieldType, Scalar, TypeRef};

/// An index of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexSchema {
    /// Name, unique among the indexes of the table. That of an index on one column is mostly the name of the column.
    pub name: Cow<'static, str>,
    /// The columns that make its key, in order, by their names: `owner`, or `pos.x` for a part of a struct.
    pub columns: Cow<'static, [Cow<'static, str>]>,
    /// How rows are found in it.
    pub kind: IndexKind,
    /// Whether no two rows may have the same key. A key with a none in it is like no other.
    pub unique: bool,
    /// Whether floats are ordered by their bits: -NaN, -inf, ..., -0.0, 0.0, ..., inf, NaN. Without it they cannot be keys.
    pub total_order: bool,
}

/// How rows are found in an index.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum IndexKind {
    /// By the order of its keys: equality, ranges, first and last.
    Ordered,
    /// By equality only.
    Hash,
    /// By place: two or three numbers are a point, and points that are near each other share a cell of a grid.
    Grid {
        /// The length of an edge of a cell, in the unit of the columns: finite and above 0.
        cell: f64,
    },
}

impl IndexKind {
    /// The name in a schema file.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ordered => "ordered",
            Self::Hash => "hash",
            Self::Grid { .. } => "grid",
        }
    }
}

impl PartialEq for IndexKind {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Grid { cell }, Self::Grid { cell: other }) => cell.to_bits() == other.to_bits(),
            _ => core::mem::discriminant(self) == core::mem::discriminant(other),
        }
    }
}

impl Eq for IndexKind {}

/// That a field names rows of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReferenceSchema {
    /// The table in which every entity that is named must have a row.
    pub table: Cow<'static, str>,
    /// What happens when that row goes.
    pub on_delete: OnDelete,
    /// How many rows may name the same one.
    pub cardinality: Cardinality,
}

/// What happens to a reference when the row that it names goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OnDelete {
    /// The row stays: the transaction fails, unless the reference is gone too at its end.
    #[default]
    Restrict,
    /// The entity that has the reference is despawned.
    Cascade,
    /// The row that has the reference is removed; its entity lives on.
    Remove,
    /// The reference becomes none; in a list, it is taken out.
    SetNull,
}

impl OnDelete {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Restrict, Self::Cascade, Self::Remove, Self::SetNull];

    /// The name in a schema file.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Restrict => "restrict",
            Self::Cascade => "cascade",
            Self::Remove => "remove",
            Self::SetNull => "set_null",
        }
    }

    /// The one with this [name](Self::name).
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|on_delete| on_delete.name() == name)
    }
}

/// How many rows may name the same row in a reference.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Cardinality {
    /// Any number.
    #[default]
    Many,
    /// At most one: no two references name the same row.
    One,
}

impl Cardinality {
    /// The name in a schema file.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Many => "many",
            Self::One => "one",
        }
    }

    /// The one with this [name](Self::name).
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Many, Self::One].into_iter().find(|cardinality| cardinality.name() == name)
    }
}

impl FieldType {
    /// The table that a field of this type refers to: that of a `ref<t>`, of one that may be none, and of a list of them. A
    /// reference deeper inside of a type is a value like others, which nobody checks.
    pub fn referenced_table(&self) -> Option<&Cow<'static, str>> {
        match self.entity_inside() {
            Some(Self::Reference { table }) => Some(table),
            _ => None,
        }
    }

    /// The type of the entities in a field that can be a reference: an `entity` or a `ref<t>`, by itself, as one that may be
    /// none, or in a list.
    pub(crate) fn entity_inside(&self) -> Option<&Self> {
        let inner = match self {
            Self::Optional(inner) | Self::List(inner) => inner,
            other => other,
        };
        match inner {
            Self::Reference { .. } | Self::Scalar(Scalar::Entity) => Some(inner),
            _ => None,
        }
    }

    /// [`referenced_table`](Self::referenced_table) of a type that a derive has made, at compile time.
    pub(crate) const fn static_referenced_table(&self) -> Option<&'static str> {
        match self {
            Self::Reference { table: Cow::Borrowed(table) }
            | Self::Optional(TypeRef::Static(Self::Reference { table: Cow::Borrowed(table) }))
            | Self::List(TypeRef::Static(Self::Reference { table: Cow::Borrowed(table) })) => Some(*table),
            _ => None,
        }
    }
}

impl FieldSchema {
    /// The field with what its type says about references: a `ref<t>` is one.
    pub(super) fn with_typed_reference(mut self) -> Self {
        if self.reference.is_none() {
            self.reference = self.field_type.referenced_table().cloned().map(ReferenceSchema::to);
        }
        self
    }
}

/// In words: `item, cascade`, and for at most one `item, cascade, one`.
impl fmt::Display for ReferenceSchema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}", self.table, self.on_delete.name())?;
        if self.cardinality == Cardinality::One { f.write_str(", one") } else { Ok(()) }
    }
}

impl ReferenceSchema {
    /// A reference to rows of `table` of which nothing more is said.
    pub fn to(table: impl Into<Cow<'static, str>>) -> Self {
        Self { table: table.into(), on_delete: OnDelete::Restrict, cardinality: Cardinality::Many }
    }
}

/// What is said of a reference or an index in a text, and cannot be.
pub(super) struct UnfitRelation {
    /// The key with which something is wrong.
    pub key: &'static str,
    expected: &'static str,
    found: String,
}

impl From<UnfitRelation> for SchemaErrorKind {
    fn from(unfit: UnfitRelation) -> Self {
        Self::WrongValue { key: unfit.key.to_owned(), expected: unfit.expected.to_owned(), found: unfit.found }
    }
}

/// The reference that a field of type `of` is, by what its keys say, where they are there.
pub(super) fn read_reference(
    of: &FieldType,
    references: Option<&str>,
    on_delete: Option<&str>,
    cardinality: Option<&str>,
) -> Result<Option<ReferenceSchema>, UnfitRelation> {
    let table = references.map(|table| Cow::Owned(table.to_owned())).or_else(|| of.referenced_table().cloned());
    let Some(table) = table else {
        let lonely = [("on_delete", on_delete), ("cardinality", cardinality)];
        let Some((key, found)) = lonely.into_iter().find_map(|(key, found)| Some((key, found?))) else {
            return Ok(None);
        };
        let expected = "left out: the field is no `ref<table>`, and does not say what it `references`";
        return Err(UnfitRelation { key, expected, found: format!("the text {found:?}") });
    };
    let on_delete = named(on_delete, "on_delete", OnDelete::from_name, ON_DELETES)?;
    let cardinality = named(cardinality, "cardinality", Cardinality::from_name, "\"one\" or \"many\"")?;
    Ok(Some(ReferenceSchema { table, on_delete, cardinality }))
}

const ON_DELETES: &str = "\"restrict\", \"cascade\", \"remove\" or \"set_null\"";

/// What is named by a text, or the usual one.
fn named<T: Default>(
    text: Option<&str>,
    key: &'static str,
    of: fn(&str) -> Option<T>,
    expected: &'static str,
) -> Result<T, UnfitRelation> {
    let Some(text) = text else { return Ok(T::default()) };
    of(text).ok_or_else(|| UnfitRelation { key, expected, found: format!("the text {text:?}") })
}

/// The kind of an index, by its name and the edge of a cell, where they are there.
pub(super) fn read_kind(name: Option<&str>, cell: Option<f64>) -> Result<IndexKind, UnfitRelation> {
    match (name.unwrap_or("ordered"), cell) {
        ("ordered", None) => Ok(IndexKind::Ordered),
        ("hash", None) => Ok(IndexKind::Hash),
        ("grid", Some(cell)) => Ok(IndexKind::Grid { cell }),
        ("grid", None) => {
            let expected = "there: the edge of a cell of the grid, such as 8.0";
            Err(UnfitRelation { key: "cell", expected, found: "nothing".to_owned() })
        }
        ("ordered" | "hash", Some(cell)) => {
            let expected = "left out: only a grid has cells";
            Err(UnfitRelation { key: "cell", expected, found: cell.to_string() })
        }
        (other, _) => {
            let expected = "\"ordered\", \"hash\" or \"grid\"";
            Err(UnfitRelation { key: "kind", expected, found: format!("the text {other:?}") })
        }
    }
}
