//! The table of a component.

use std::borrow::Cow;

use ecsdb::component::packed::HeapPlace;
use ecsdb::schema::{
    DefaultValue, Durability, Encoded, FieldSchema, IndexSchema, ROW_BYTES_MAX, RowLayout, TableSchema,
};
use proc_macro2::Span;
use syn::ext::IdentExt;
use syn::spanned::Spanned;

use super::attrs::{Keys, Repr, doc};
use super::error::{SourceError, SourceErrorKind};
use super::relations;
use super::tree::Entry;
use super::types::{Part, Place, Types, Written, spelled};
use super::values::Values;
use crate::names::snake_case;

/// A table, and where its parts stand.
pub struct Table {
    pub schema: TableSchema,
    pub module: usize,
    pub span: Span,
    pub fields: Vec<Span>,
}

/// The name of the table of a component.
pub fn table_name(types: Types<'_>, entry: &Entry, place: Place<'_>) -> Result<String, SourceError> {
    let (attrs, ident) = match entry {
        Entry::Struct(item) => (&item.attrs, &item.ident),
        Entry::Enum(item) => (&item.attrs, &item.ident),
        Entry::Alias(item) => (&item.attrs, &item.ident),
        Entry::Const(item) => (&item.attrs, &item.ident),
    };
    Ok(types.keys(attrs, place)?.table.unwrap_or_else(|| snake_case(&ident.unraw().to_string())))
}

/// The table of a component, which derives `Component`.
pub fn table<'t>(types: Types<'t>, entry: &'t Entry, place: Place<'t>) -> Result<Table, SourceError> {
    let name = table_name(types, entry, place)?;
    let (attrs, fields, spans, is_native) = match entry {
        Entry::Struct(item) => {
            let parts = types.parts(&item.fields, place)?;
            let is_native = Repr::parse(&item.attrs).is_native && !parts.is_empty();
            let spans = parts.iter().map(|part| part.field.span()).collect();
            let count = parts.len();
            let fields: Vec<_> =
                parts.into_iter().map(|part| field(types, part, count, place)).collect::<Result<_, _>>()?;
            (&item.attrs, fields, spans, is_native)
        }
        Entry::Enum(item) => {
            let value = FieldSchema::new("value", types.enum_type(item, place, 0)?, 0);
            let value = field_schema(value, "The value.", Keys::default(), None);
            (&item.attrs, vec![(value, None)], vec![item.ident.span()], false)
        }
        Entry::Alias(_) | Entry::Const(_) => (&EMPTY, Vec::new(), Vec::new(), false),
    };
    let keys = types.keys(attrs, place)?;
    let durability = match &keys.durability {
        None => Durability::Wal,
        Some(found) => Durability::from_name(found).ok_or_else(|| {
            let message = format!("`durability` must be \"wal\", \"snapshot\" or \"none\", found {found:?}");
            types.tree.error(place.module, entry.span(), SourceErrorKind::Attribute { message })
        })?,
    };
    let (fields, own): (Vec<_>, Vec<_>) = fields.into_iter().unzip();
    let indexes = own.into_iter().flatten().chain(keys.indexes).collect();
    let schema = laid_out(TableSchema {
        name: name.into(),
        doc: doc(attrs).into(),
        renamed_from: keys.renamed_from.into(),
        version: keys.version,
        deprecated: keys.deprecated.map(Cow::Owned),
        layout: if is_native { RowLayout::Native } else { RowLayout::Packed },
        size: 0,
        align: 1,
        key: None,
        durability,
        fields: Cow::Owned(fields),
        indexes: Cow::Owned(indexes),
    });
    Ok(Table { schema, module: place.module, span: entry.span(), fields: spans })
}

const EMPTY: Vec<syn::Attribute> = Vec::new();

/// The table with the fields one after the other.
fn laid_out(mut table: TableSchema) -> TableSchema {
    for field in table.fields.to_mut() {
        field.offset = table.size;
        // What does not fit a row is for the check of the schema to refuse.
        let size = field.field_type.size_in_row().unwrap_or(ROW_BYTES_MAX + 1);
        table.size = table.size.saturating_add(size as u32);
        if table.layout == RowLayout::Native {
            table.align = table.align.max(field.field_type.align() as u32);
        }
    }
    if table.has_heap() {
        table.size = table.size.saturating_add(HeapPlace::BYTES as u32);
    }
    table
}

/// A field of a struct, and its own index; `siblings` are all fields of it.
fn field<'t>(
    types: Types<'t>,
    part: Part<'t>,
    siblings: usize,
    place: Place<'t>,
) -> Result<(FieldSchema, Option<IndexSchema>), SourceError> {
    let name = match (&part.keys.rename, &part.field.ident) {
        (Some(name), _) => name.clone(),
        (None, Some(_)) => part.rust.clone(),
        // A newtype is its value; the other tuple structs count.
        (None, None) if siblings == 1 => "value".to_owned(),
        (None, None) => format!("_{}", part.rust),
    };
    let field_type = types.stored_type(&part)?;
    let default = match &part.keys.default {
        None => None,
        Some(expression) if part.keys.stored_as.is_some() => {
            let kind = SourceErrorKind::Value {
                expression: spelled(expression),
                expected: "a field without `as`: what is converted before it is stored cannot be seen".to_owned(),
            };
            return Err(types.tree.error(place.module, expression.span(), kind));
        }
        // A value of a type that no row has room for is not made: the type is refused anyway.
        Some(_) if field_type.size_in_row().is_none() => None,
        Some(expression) => {
            let value = Values(types).value(expression, place, part.ty)?;
            let encoded = Encoded::from_value(&value, &field_type).map_err(|error| {
                let expected = format!("a value that fits: {error}");
                let kind = SourceErrorKind::Value { expression: spelled(expression), expected };
                types.tree.error(place.module, expression.span(), kind)
            })?;
            Some(DefaultValue::Read(encoded))
        }
    };
    let references = part.keys.references.as_ref();
    let table = references.map(|ty| types.referenced(Written { ty, place })).transpose()?;
    let reference = |schema: &FieldSchema| relations::reference(schema, &part.keys, table);
    let (counted, index) = (part.keys.auto_increment, relations::of_field(&part.keys, &name));
    let mut schema = FieldSchema::new(name, field_type, 0);
    schema.reference = reference(&schema);
    schema.auto_increment = counted;
    Ok((field_schema(schema, &doc(&part.field.attrs), part.keys, default), index))
}

fn field_schema(of: FieldSchema, doc: &str, keys: Keys, default: Option<DefaultValue>) -> FieldSchema {
    FieldSchema {
        doc: doc.to_owned().into(),
        renamed_from: keys.renamed_from.into(),
        default,
        since: keys.since,
        deprecated: keys.deprecated.map(Cow::Owned),
        ..of
    }
}
