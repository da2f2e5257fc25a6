//! The attributes for indexes and references, as the derive reads them.

use std::borrow::Cow;

use ecsdb::schema::{Cardinality, FieldSchema, IndexKind, IndexSchema, OnDelete, ReferenceSchema};
use proc_macro2::{Ident, TokenStream, TokenTree};
use syn::ext::IdentExt;

use super::attrs::{Keys, split_at_commas};

/// A key in an attribute, and what stands behind it.
pub struct Item {
    pub key: Ident,
    pub given: Given,
}

/// What stands behind a key.
pub enum Given {
    /// Nothing: it is a flag.
    Nothing,
    /// `= ...`
    Value(TokenStream),
    /// `(...)`
    List(TokenStream),
}

/// The keys between commas.
pub fn items(tokens: TokenStream) -> impl Iterator<Item = Item> {
    split_at_commas(tokens).into_iter().filter_map(|part| {
        let mut tokens = part.into_iter();
        let Some(TokenTree::Ident(key)) = tokens.next() else { return None };
        let given = match tokens.next() {
            Some(TokenTree::Punct(punct)) if punct.as_char() == '=' => Given::Value(tokens.collect()),
            Some(TokenTree::Group(group)) => Given::List(group.stream()),
            _ => Given::Nothing,
        };
        Some(Item { key, given })
    })
}

/// `index` or `unique` on a field.
#[derive(Clone, Copy)]
pub struct FieldIndex {
    hash: bool,
    total_order: bool,
}

impl FieldIndex {
    pub fn parse(given: &Given) -> Self {
        match given {
            Given::Nothing => Self { hash: false, total_order: false },
            Given::Value(value) => Self { hash: value.to_string() == "\"hash\"", total_order: false },
            Given::List(list) => Self { hash: has(list, "hash"), total_order: has(list, "total_order") },
        }
    }
}

/// Whether one of the keys in a list has this name.
fn has(list: &TokenStream, name: &str) -> bool {
    items(list.clone()).any(|item| item.key == name)
}

/// Whether it is the list of an index over several columns, and not what a field says of its own.
pub fn has_columns(list: &TokenStream) -> bool {
    has(list, "columns")
}

/// `index(...)` on an item.
pub fn index(list: &TokenStream) -> syn::Result<IndexSchema> {
    let (mut name, mut columns, mut cell) = (None, Vec::new(), None);
    for item in items(list.clone()) {
        match (item.key.unraw().to_string().as_str(), item.given) {
            ("name", Given::Value(value)) => name = Some(syn::parse2::<syn::LitStr>(value)?.value()),
            ("columns", Given::List(list)) => columns = split_at_commas(list).into_iter().map(column).collect(),
            ("spatial", Given::List(list)) => {
                for item in items(list) {
                    if let Given::Value(value) = item.given {
                        cell = Some(number(value)?);
                    }
                }
            }
            _ => {}
        }
    }
    let usual = || columns.iter().map(|column: &String| column.replace('.', "_")).collect::<Vec<_>>().join("_");
    Ok(IndexSchema {
        name: name.unwrap_or_else(usual).into(),
        kind: match cell {
            Some(cell) => IndexKind::Grid { cell },
            None if has(list, "hash") => IndexKind::Hash,
            None => IndexKind::Ordered,
        },
        columns: columns.into_iter().map(Cow::Owned).collect(),
        unique: has(list, "unique"),
        total_order: has(list, "total_order"),
    })
}

/// A float, or a whole number.
fn number(value: TokenStream) -> syn::Result<f64> {
    match syn::parse2::<syn::LitFloat>(value.clone()) {
        Ok(float) => float.base10_parse(),
        Err(_) => syn::parse2::<syn::LitInt>(value)?.base10_parse::<u32>().map(f64::from),
    }
}

/// The name of a column: `a`, or `a.b.0`.
fn column(path: TokenStream) -> String {
    let word = |token: TokenTree| match token {
        TokenTree::Ident(ident) => ident.unraw().to_string(),
        other => other.to_string(),
    };
    path.into_iter().map(word).collect()
}

/// The index that a field asks for by itself.
pub fn of_field(keys: &Keys, name: &str) -> Option<IndexSchema> {
    let asked = keys.unique.or(keys.index)?;
    Some(IndexSchema {
        name: name.to_owned().into(),
        columns: vec![Cow::Owned(name.to_owned())].into(),
        kind: if asked.hash { IndexKind::Hash } else { IndexKind::Ordered },
        unique: keys.unique.is_some(),
        total_order: asked.total_order,
    })
}

/// What the field says of references; `table` is the one that `references` names. What cannot be is for the derive to refuse.
pub fn reference(field: &FieldSchema, keys: &Keys, table: Option<String>) -> Option<ReferenceSchema> {
    let table = table.map(Cow::Owned).or_else(|| field.field_type.referenced_table().cloned())?;
    let on_delete = keys.on_delete.as_deref().and_then(OnDelete::from_name).unwrap_or_default();
    let cardinality = keys.cardinality.as_deref().and_then(Cardinality::from_name).unwrap_or_default();
    Some(ReferenceSchema { table, on_delete, cardinality })
}
