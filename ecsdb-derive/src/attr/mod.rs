//! The attributes of an item, its fields and its variants: `#[component(...)]`, `#[repr(...)]` and doc comments.
//!
//! Here is what each key means by itself; whether keys agree with each other and with the item is judged in `rules`. A
//! new key is one line in `item` and one in a `match` here.

mod doc;
mod item;
mod repr;

use proc_macro2::{Span, TokenStream};
use syn::ext::IdentExt;
use syn::parse::Parser;
use syn::{Attribute, Ident, LitStr, Path};

use crate::ctxt::Ctxt;
use crate::names::{column_fault, durability_fault, on_delete_fault, replicate_fault, table_fault, variant_fault};
use item::{IN_INDEX, Item, ON_FIELD, ON_ITEM, ON_VARIANT, items, items_in, set, split_at_commas};

pub use doc::doc;
pub use item::Number;
pub use repr::{Repr, TagRepr};

/// `#[component(...)]` on an item.
#[derive(Default)]
pub struct ItemAttrs {
    pub table: Option<LitStr>,
    pub row: Option<Ident>,
    pub view: Option<Ident>,
    pub version: Option<Number>,
    pub size: Option<Number>,
    pub renamed_from: Option<LitStr>,
    pub deprecated: Option<LitStr>,
    pub durability: Option<LitStr>,
    pub replicate: Option<LitStr>,
    pub schema: Option<LitStr>,
    pub indexes: Vec<Index>,
    pub krate: Option<Path>,
}

/// `index(...)` on an item.
pub struct Index {
    pub span: Span,
    pub name: Option<LitStr>,
    pub columns: Vec<Ident>,
}

/// `#[component(...)]` on a field.
#[derive(Default)]
pub struct FieldAttrs {
    pub rename: Option<LitStr>,
    pub renamed_from: Option<LitStr>,
    pub default: Option<TokenStream>,
    pub since: Option<Number>,
    pub deprecated: Option<LitStr>,
    pub offset: Option<Number>,
    pub stored_as: Option<TokenStream>,
    pub references: Option<Path>,
    pub on_delete: Option<LitStr>,
    pub index: Option<Span>,
    pub unique: Option<Span>,
    pub auto_increment: Option<Span>,
}

/// `#[component(...)]` on a variant.
#[derive(Default)]
pub struct VariantAttrs {
    pub rename: Option<LitStr>,
    pub renamed_from: Option<LitStr>,
}

impl ItemAttrs {
    pub fn parse(cx: &Ctxt, attrs: &[Attribute]) -> Self {
        let mut parsed = Self::default();
        for item in items(cx, attrs, &ON_ITEM) {
            match item.name() {
                "table" => set(cx, &mut parsed.table, &item, item.text(cx, table_fault)),
                "row" => set(cx, &mut parsed.row, &item, item.value(cx)),
                "view" => set(cx, &mut parsed.view, &item, item.value(cx)),
                "version" => set(cx, &mut parsed.version, &item, item.number(cx)),
                "size" => set(cx, &mut parsed.size, &item, item.number(cx)),
                "renamed_from" => set(cx, &mut parsed.renamed_from, &item, item.text(cx, table_fault)),
                "deprecated" => set(cx, &mut parsed.deprecated, &item, item.text(cx, nothing_wrong)),
                "durability" => set(cx, &mut parsed.durability, &item, item.text(cx, durability_fault)),
                "replicate" => set(cx, &mut parsed.replicate, &item, item.text(cx, replicate_fault)),
                "schema" => set(cx, &mut parsed.schema, &item, item.text(cx, nothing_wrong)),
                "index" => parsed.indexes.extend(Index::parse(cx, &item)),
                _ => set(cx, &mut parsed.krate, &item, path(cx, &item)),
            }
        }
        parsed
    }
}

impl Index {
    fn parse(cx: &Ctxt, item: &Item) -> Option<Self> {
        let list = item.list(cx)?;
        let written = split_at_commas(list.clone()).len();
        let inner = items_in(cx, list, &IN_INDEX);
        let (mut name, mut columns, mut unique) = (None, None, None);
        for key in &inner {
            match key.name() {
                "name" => set(cx, &mut name, key, key.text(cx, column_fault)),
                "columns" => set(cx, &mut columns, key, column_names(cx, key)),
                _ => set(cx, &mut unique, key, key.flag(cx)),
            }
        }
        match columns {
            Some(columns) => Some(Self { span: item.span(), name, columns }),
            // What is wrong has been said.
            None if inner.len() < written || inner.iter().any(|key| key.name() == "columns") => None,
            None => item.wrong(cx),
        }
    }
}

/// The names in `columns(a, b)`.
fn column_names(cx: &Ctxt, item: &Item) -> Option<Vec<Ident>> {
    let parts = split_at_commas(item.list(cx)?);
    let names: Vec<Ident> = parts.into_iter().filter_map(|part| Ident::parse_any.parse2(part).ok()).collect();
    if names.is_empty() { item.wrong(cx) } else { Some(names) }
}

impl FieldAttrs {
    pub fn parse(cx: &Ctxt, attrs: &[Attribute]) -> Self {
        let mut parsed = Self::default();
        for item in items(cx, attrs, &ON_FIELD) {
            match item.name() {
                "rename" => set(cx, &mut parsed.rename, &item, item.text(cx, column_fault)),
                "renamed_from" => set(cx, &mut parsed.renamed_from, &item, item.text(cx, column_fault)),
                "default" => set(cx, &mut parsed.default, &item, item.tokens(cx)),
                "since" => set(cx, &mut parsed.since, &item, item.number(cx)),
                "deprecated" => set(cx, &mut parsed.deprecated, &item, item.text(cx, nothing_wrong)),
                "offset" => set(cx, &mut parsed.offset, &item, item.number(cx)),
                "as" => set(cx, &mut parsed.stored_as, &item, item.type_tokens(cx)),
                "references" => set(cx, &mut parsed.references, &item, path(cx, &item)),
                "on_delete" => set(cx, &mut parsed.on_delete, &item, item.text(cx, on_delete_fault)),
                "index" => set(cx, &mut parsed.index, &item, item.flag(cx)),
                "unique" => set(cx, &mut parsed.unique, &item, item.flag(cx)),
                _ => set(cx, &mut parsed.auto_increment, &item, item.flag(cx)),
            }
        }
        parsed
    }
}

impl VariantAttrs {
    pub fn parse(cx: &Ctxt, attrs: &[Attribute]) -> Self {
        let mut parsed = Self::default();
        for item in items(cx, attrs, &ON_VARIANT) {
            match item.name() {
                "rename" => set(cx, &mut parsed.rename, &item, item.text(cx, variant_fault)),
                _ => set(cx, &mut parsed.renamed_from, &item, item.text(cx, variant_fault)),
            }
        }
        parsed
    }
}

fn path(cx: &Ctxt, item: &Item) -> Option<Path> {
    item.value_by(cx, |tokens| Path::parse_mod_style.parse2(tokens))
}

fn nothing_wrong(_: &str) -> Option<&'static str> {
    None
}
