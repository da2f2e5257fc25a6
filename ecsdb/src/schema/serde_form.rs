//! Schemas through serde, for tools: JSON, or whatever format they like. It says what the TOML says.
//!
//! `docs/schema.md` describes the form. It is the derives of serde on plain structs, which turn into a schema with all its
//! checks; the schema's own types stay free of it.

use core::fmt;
use std::borrow::Cow;

use serde::de::{self, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::error::SchemaErrorKind;
use super::plain::{Plain, read_default};
use super::relation::{read_kind, read_reference};
use super::type_text::parse_type;
use super::{
    Cardinality, DatabaseSchema, DefaultValue, Durability, FieldSchema, IndexKind, IndexSchema, OnDelete,
    RegistryColumn, RegistrySchema, RowLayout, SchemaError, TableSchema,
};
use crate::bytes::HeapPlace;
use crate::limits::ROW_BYTES_MAX;

type Text<'a> = Cow<'a, str>;

/// A schema as it is written.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document<'a> {
    name: Text<'a>,
    #[serde(default, skip_serializing_if = "str_is_empty")]
    version: Text<'a>,
    #[serde(default)]
    entities: Registry<'a>,
    #[serde(default)]
    tables: Vec<Table<'a>>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Registry<'a> {
    #[serde(default, skip_serializing_if = "str_is_empty")]
    doc: Text<'a>,
    id: Column<'a>,
    version: Column<'a>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Column<'a> {
    name: Text<'a>,
    #[serde(default, skip_serializing_if = "str_is_empty")]
    doc: Text<'a>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table<'a> {
    name: Text<'a>,
    #[serde(default, skip_serializing_if = "str_is_empty")]
    doc: Text<'a>,
    #[serde(default, skip_serializing_if = "str_is_empty")]
    renamed_from: Text<'a>,
    #[serde(default, skip_serializing_if = "is_zero")]
    version: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    deprecated: Option<Text<'a>>,
    #[serde(default = "packed")]
    layout: Text<'a>,
    #[serde(default = "wal")]
    durability: Text<'a>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    size: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    align: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    key: Option<Text<'a>>,
    #[serde(default)]
    fields: Vec<Field<'a>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    indexes: Vec<Index<'a>>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Index<'a> {
    name: Text<'a>,
    columns: Vec<Text<'a>>,
    #[serde(default = "ordered", skip_serializing_if = "is_ordered")]
    kind: Text<'a>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cell: Option<f64>,
    #[serde(default, skip_serializing_if = "is_false")]
    unique: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    total_order: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Field<'a> {
    name: Text<'a>,
    #[serde(rename = "type")]
    field_type: Text<'a>,
    #[serde(default, skip_serializing_if = "str_is_empty")]
    doc: Text<'a>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    offset: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    size: Option<u64>,
    #[serde(default, skip_serializing_if = "str_is_empty")]
    renamed_from: Text<'a>,
    #[serde(default, skip_serializing_if = "is_zero")]
    since: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    deprecated: Option<Text<'a>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    default: Option<Plain>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    references: Option<Text<'a>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    on_delete: Option<Text<'a>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cardinality: Option<Text<'a>>,
    #[serde(default, skip_serializing_if = "is_false")]
    auto_increment: bool,
}

fn str_is_empty(text: &Text<'_>) -> bool {
    text.is_empty()
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes the field as it is")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes the field as it is")]
fn is_false(flag: &bool) -> bool {
    !*flag
}

fn ordered() -> Text<'static> {
    Cow::Borrowed(IndexKind::Ordered.name())
}

fn is_ordered(kind: &Text<'_>) -> bool {
    *kind == IndexKind::Ordered.name()
}

fn packed() -> Text<'static> {
    Cow::Borrowed(RowLayout::Packed.name())
}

fn wal() -> Text<'static> {
    Cow::Borrowed(Durability::Wal.name())
}

impl Default for Registry<'_> {
    fn default() -> Self {
        let column = |column: RegistryColumn| Column { name: column.name, doc: column.doc };
        let RegistrySchema { doc, id, version } = RegistrySchema::default();
        Self { doc, id: column(id), version: column(version) }
    }
}

/// The same content as [`to_toml`](DatabaseSchema::to_toml), as a map; tables and fields are arrays, in their order.
impl Serialize for DatabaseSchema {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let column = |column: &'_ RegistryColumn| Column {
            name: Cow::Owned(column.name.to_string()),
            doc: Cow::Owned(column.doc.to_string()),
        };
        let registry = self.registry();
        Document {
            name: self.name().into(),
            version: self.version().into(),
            entities: Registry {
                doc: (&*registry.doc).into(),
                id: column(&registry.id),
                version: column(&registry.version),
            },
            tables: self.tables().iter().map(Table::of).collect(),
        }
        .serialize(serializer)
    }
}

impl<'a> Table<'a> {
    fn of(table: &'a TableSchema) -> Self {
        Self {
            name: (&*table.name).into(),
            doc: (&*table.doc).into(),
            renamed_from: (&*table.renamed_from).into(),
            version: table.version,
            deprecated: table.deprecated.as_deref().map(Cow::Borrowed),
            layout: table.layout.name().into(),
            durability: table.durability.name().into(),
            size: Some(table.size),
            align: Some(table.align),
            key: table.key.as_deref().map(Cow::Borrowed),
            fields: table.fields.iter().map(Field::of).collect(),
            indexes: table.indexes.iter().map(Index::of).collect(),
        }
    }
}

impl<'a> Index<'a> {
    fn of(index: &'a IndexSchema) -> Self {
        Self {
            name: (&*index.name).into(),
            columns: index.columns.iter().map(|column| (&**column).into()).collect(),
            kind: index.kind.name().into(),
            cell: match index.kind {
                IndexKind::Grid { cell } => Some(cell),
                _ => None,
            },
            unique: index.unique,
            total_order: index.total_order,
        }
    }

    fn into_schema(self) -> Result<IndexSchema, SchemaErrorKind> {
        Ok(IndexSchema {
            name: owned(self.name),
            columns: self.columns.into_iter().map(owned).collect(),
            kind: read_kind(Some(&self.kind), self.cell)?,
            unique: self.unique,
            total_order: self.total_order,
        })
    }
}

impl<'a> Field<'a> {
    fn of(field: &'a FieldSchema) -> Self {
        let default =
            |default: &DefaultValue| Plain::of(&default.encoded().to_value(&field.field_type), &field.field_type);
        let reference = field.reference.as_ref();
        let typed = field.field_type.referenced_table().is_some();
        Self {
            name: (&*field.name).into(),
            field_type: field.field_type.to_string().into(),
            doc: (&*field.doc).into(),
            offset: Some(field.offset),
            size: Some(field.field_type.size() as u64),
            renamed_from: (&*field.renamed_from).into(),
            since: field.since,
            deprecated: field.deprecated.as_deref().map(Cow::Borrowed),
            default: field.default.as_ref().map(default),
            references: reference.filter(|_| !typed).map(|reference| (&*reference.table).into()),
            on_delete: reference
                .filter(|reference| reference.on_delete != OnDelete::default())
                .map(|reference| reference.on_delete.name().into()),
            cardinality: reference
                .filter(|reference| reference.cardinality != Cardinality::default())
                .map(|reference| reference.cardinality.name().into()),
            auto_increment: field.auto_increment,
        }
    }
}

/// Reads what [`Serialize`] writes, with all checks of [`from_toml`](DatabaseSchema::from_toml). Everything may be left
/// out that may be left out there; `offset`, `size` and `align` are checked where they stand.
impl<'de> Deserialize<'de> for DatabaseSchema {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Document::deserialize(deserializer)?.into_schema().map_err(de::Error::custom)
    }
}

impl Document<'_> {
    fn into_schema(self) -> Result<DatabaseSchema, SchemaError> {
        let column = |column: Column<'_>| RegistryColumn { name: owned(column.name), doc: owned(column.doc) };
        let Registry { doc, id, version } = self.entities;
        let registry = RegistrySchema { doc: owned(doc), id: column(id), version: column(version) };
        let tables = self.tables.into_iter().map(Table::into_schema).collect::<Result<_, _>>()?;
        DatabaseSchema::new(owned(self.name), owned(self.version), registry, tables)
    }
}

impl Table<'_> {
    fn into_schema(self) -> Result<TableSchema, SchemaError> {
        let wrong = |key: &str, expected: &str, found: &str| {
            let kind = SchemaErrorKind::WrongValue {
                key: key.to_owned(),
                expected: expected.to_owned(),
                found: format!("the text {found:?}"),
            };
            SchemaError { location: None, table: Some(self.name.to_string()), field: None, kind: Box::new(kind) }
        };
        let layout = RowLayout::from_name(&self.layout)
            .ok_or_else(|| wrong("layout", "\"packed\" or \"native\"", &self.layout))?;
        let durability = Durability::from_name(&self.durability)
            .ok_or_else(|| wrong("durability", "\"wal\", \"snapshot\" or \"none\"", &self.durability))?;
        let (mut size, mut align, mut has_heap) = (0_u64, 1, false);
        let mut fields = Vec::with_capacity(self.fields.len());
        for field in self.fields {
            let error = |field: &Text<'_>, kind: SchemaErrorKind| SchemaError {
                location: None,
                table: Some(self.name.to_string()),
                field: Some(field.to_string()),
                kind: Box::new(kind),
            };
            let name = field.name.clone();
            let (read, bytes, field_align) = field.into_schema(size).map_err(|kind| error(&name, kind))?;
            size = size.saturating_add(bytes);
            align = align.max(field_align);
            has_heap |= read.field_type.has_heap();
            fields.push(read);
        }
        if has_heap {
            size = size.saturating_add(HeapPlace::BYTES as u64);
        }
        let align = if layout == RowLayout::Native { align as u32 } else { 1 };
        let indexes = self.indexes.into_iter().map(Index::into_schema).collect::<Result<_, _>>().map_err(|kind| {
            SchemaError { location: None, table: Some(self.name.to_string()), field: None, kind: Box::new(kind) }
        })?;
        Ok(TableSchema {
            name: owned(self.name),
            doc: owned(self.doc),
            renamed_from: owned(self.renamed_from),
            version: self.version,
            deprecated: self.deprecated.map(owned),
            layout,
            // What is written and wrong is found by the check that follows.
            size: self.size.unwrap_or(u32::try_from(size).unwrap_or(u32::MAX)),
            align: self.align.unwrap_or(align),
            key: self.key.map(owned),
            durability,
            fields: Cow::Owned(fields),
            indexes: Cow::Owned(indexes),
        })
    }
}

impl Field<'_> {
    /// The field, which starts at `offset` if there is no gap before it, its size and its alignment.
    fn into_schema(self, offset: u64) -> Result<(FieldSchema, u64, u64), SchemaErrorKind> {
        let field_type = parse_type(&self.field_type)?;
        // What cannot be measured is refused by the check that follows.
        let (size, align) = super::check::measure(&field_type).unwrap_or((0, 1));
        if let Some(found) = self.size.filter(|found| *found != size) {
            return Err(SchemaErrorKind::Mismatch { key: "size", expected: size, found });
        }
        let default = match self.default {
            Some(plain) if size <= ROW_BYTES_MAX as u64 => Some(read_default(&plain, &field_type)?),
            _ => None,
        };
        let offset = self.offset.unwrap_or(u32::try_from(offset).unwrap_or(u32::MAX));
        let relation = [&self.references, &self.on_delete, &self.cardinality].map(|text| text.as_deref());
        let [references, on_delete, cardinality] = relation;
        let field = FieldSchema {
            reference: read_reference(&field_type, references, on_delete, cardinality)?,
            auto_increment: self.auto_increment,
            doc: owned(self.doc),
            renamed_from: owned(self.renamed_from),
            default,
            since: self.since,
            deprecated: self.deprecated.map(owned),
            ..FieldSchema::new(owned(self.name), field_type, offset)
        };
        Ok((field, size, align))
    }
}

fn owned(text: Text<'_>) -> Cow<'static, str> {
    Cow::Owned(text.into_owned())
}

impl Serialize for Plain {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Integer(number) => serializer.serialize_i64(*number),
            // Formats such as JSON have no numbers for these.
            Self::Float(number) if number.is_nan() => serializer.serialize_str("nan"),
            Self::Float(number) if number.is_infinite() => {
                serializer.serialize_str(if *number > 0.0 { "inf" } else { "-inf" })
            }
            Self::Float(number) => serializer.serialize_f64(*number),
            Self::Bool(flag) => serializer.serialize_bool(*flag),
            Self::Text(text) => serializer.serialize_str(text),
            Self::Array(values) => serializer.collect_seq(values),
            Self::Table(fields) => serializer.collect_map(fields.iter().map(|(name, value)| (name, value))),
        }
    }
}

impl<'de> Deserialize<'de> for Plain {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PlainVisitor)
    }
}

struct PlainVisitor;

impl<'de> Visitor<'de> for PlainVisitor {
    type Value = Plain;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number, a text, true, false, an array or a map")
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Plain, E> {
        Ok(Plain::Bool(flag))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Plain, E> {
        Ok(Plain::Integer(number))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Plain, E> {
        Ok(i64::try_from(number).map_or_else(|_| Plain::Text(number.to_string()), Plain::Integer))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Plain, E> {
        Ok(Plain::Float(number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Plain, E> {
        Ok(Plain::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Plain, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = seq.next_element()? {
            values.push(value);
        }
        Ok(Plain::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Plain, A::Error> {
        let mut fields = Vec::new();
        while let Some(field) = map.next_entry()? {
            fields.push(field);
        }
        Ok(Plain::Table(fields))
    }
}
