//! The attributes of an item, its fields and its variants: `#[component(...)]`, `#[repr(...)]` and doc comments.
//!
//! Here is what each key means by itself; whether keys agree with each other and with the item is judged in `rules`. A
//! new key is one line in `item` and one in a `match` here.

mod doc;
mod index;
mod item;
mod repr;

use proc_macro2::{Span, TokenStream};
use syn::parse::Parser;
use syn::{Attribute, Ident, LitStr, Path};

use crate::ctxt::Ctxt;
use crate::names::{cardinality_fault, column_fault, durability_fault, on_delete_fault, table_fault, variant_fault};
use item::{Item, ON_FIELD, ON_ITEM, ON_VARIANT, items, set};

pub use doc::doc;
pub use index::{ColumnPath, FieldIndex, Index};
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
    pub schema: Option<LitStr>,
    pub indexes: Vec<Index>,
    pub krate: Option<Path>,
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
    pub cardinality: Option<LitStr>,
    pub index: Option<FieldIndex>,
    pub unique: Option<FieldIndex>,
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
                "schema" => set(cx, &mut parsed.schema, &item, item.text(cx, nothing_wrong)),
                "index" => parsed.indexes.extend(Index::parse(cx, &item)),
                _ => set(cx, &mut parsed.krate, &item, path(cx, &item)),
            }
        }
        parsed
    }
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
                "cardinality" => set(cx, &mut parsed.cardinality, &item, item.text(cx, cardinality_fault)),
                "index" => set(cx, &mut parsed.index, &item, FieldIndex::parse(cx, &item)),
                "unique" => set(cx, &mut parsed.unique, &item, FieldIndex::parse(cx, &item)),
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
