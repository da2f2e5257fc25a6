//! `index(...)` on an item, and `index` and `unique` on a field.

use proc_macro2::{Span, TokenStream, TokenTree};
use syn::ext::IdentExt;
use syn::{Ident, LitFloat, LitInt, LitStr};

use super::item::{IN_FIELD_INDEX, IN_INDEX, IN_SPATIAL, Item, items_in, set, split_at_commas};
use crate::ast::parse_all;
use crate::ctxt::Ctxt;
use crate::names::column_fault;

/// `index(...)` on an item.
pub struct Index {
    pub span: Span,
    pub name: Option<LitStr>,
    pub columns: Vec<ColumnPath>,
    pub unique: Option<Span>,
    pub hash: Option<Span>,
    pub spatial: Option<Spatial>,
    pub total_order: Option<Span>,
}

/// A column in `columns(...)`: `owner`, or `pos.x` for a part of a struct.
pub struct ColumnPath {
    pub span: Span,
    /// The names from the field on; at least one.
    pub parts: Vec<String>,
}

/// `spatial(...)` in an index.
pub struct Spatial {
    pub span: Span,
    /// The edge of a cell: a number above 0.
    pub cell: f64,
}

/// `index` or `unique` on a field.
#[derive(Clone, Copy)]
pub struct FieldIndex {
    pub span: Span,
    pub hash: bool,
    pub total_order: bool,
}

impl Index {
    pub fn parse(cx: &Ctxt, item: &Item) -> Option<Self> {
        let list = item.list(cx)?;
        let written = split_at_commas(list.clone()).len();
        let inner = items_in(cx, list, &IN_INDEX);
        let (mut name, mut columns, mut unique, mut hash, mut spatial, mut total_order) =
            (None, None, None, None, None, None);
        for key in &inner {
            match key.name() {
                "name" => set(cx, &mut name, key, key.text(cx, column_fault)),
                "columns" => set(cx, &mut columns, key, column_paths(cx, key)),
                "unique" => set(cx, &mut unique, key, key.flag(cx)),
                "hash" => set(cx, &mut hash, key, key.flag(cx)),
                "spatial" => set(cx, &mut spatial, key, Spatial::parse(cx, key)),
                _ => set(cx, &mut total_order, key, key.flag(cx)),
            }
        }
        match columns {
            Some(columns) => Some(Self { span: item.span(), name, columns, unique, hash, spatial, total_order }),
            // What is wrong has been said.
            None if inner.len() < written || inner.iter().any(|key| key.name() == "columns") => None,
            None => item.wrong(cx),
        }
    }

    /// Its name: that which is given, or those of its columns.
    pub fn name(&self) -> String {
        match &self.name {
            Some(name) => name.value(),
            None => self.columns.iter().map(|column| column.parts.join("_")).collect::<Vec<_>>().join("_"),
        }
    }
}

impl Spatial {
    fn parse(cx: &Ctxt, item: &Item) -> Option<Self> {
        let mut cell = None;
        for key in items_in(cx, item.list(cx)?, &IN_SPATIAL) {
            set(cx, &mut cell, &key, edge(cx, &key));
        }
        match cell {
            Some(cell) => Some(Self { span: item.span(), cell }),
            None => item.wrong(cx),
        }
    }
}

/// A length: a number above 0.
fn edge(cx: &Ctxt, item: &Item) -> Option<f64> {
    let tokens = item.tokens(cx)?;
    let float = parse_all::<LitFloat>(tokens.clone()).and_then(|literal| literal.base10_parse::<f64>());
    let number =
        float.or_else(|_| parse_all::<LitInt>(tokens).and_then(|literal| literal.base10_parse::<u32>().map(f64::from)));
    match number {
        Ok(number) if number > 0.0 && number.is_finite() => Some(number),
        _ => item.wrong(cx),
    }
}

impl FieldIndex {
    pub fn parse(cx: &Ctxt, item: &Item) -> Option<Self> {
        let mut parsed = Self { span: item.span(), hash: false, total_order: false };
        if item.is_bare() {
            return Some(parsed);
        }
        if item.is_value() {
            parsed.hash = item.value::<LitStr>(cx)?.value() == "hash";
            return if parsed.hash { Some(parsed) } else { item.wrong(cx) };
        }
        let (mut hash, mut total_order) = (None, None);
        for key in items_in(cx, item.list(cx)?, &IN_FIELD_INDEX) {
            match key.name() {
                "hash" => set(cx, &mut hash, &key, key.flag(cx)),
                _ => set(cx, &mut total_order, &key, key.flag(cx)),
            }
        }
        (parsed.hash, parsed.total_order) = (hash.is_some(), total_order.is_some());
        Some(parsed)
    }
}

/// The columns in `columns(a, b.c)`.
fn column_paths(cx: &Ctxt, item: &Item) -> Option<Vec<ColumnPath>> {
    let paths: Option<Vec<ColumnPath>> = split_at_commas(item.list(cx)?).into_iter().map(column_path).collect();
    match paths {
        Some(paths) if !paths.is_empty() => Some(paths),
        _ => item.wrong(cx),
    }
}

/// `a`, or `a.b`, or `a.0` for the parts of tuples.
fn column_path(tokens: TokenStream) -> Option<ColumnPath> {
    let (mut parts, mut span, mut expects_name) = (Vec::new(), None, true);
    for token in tokens {
        span = span.or(Some(token.span()));
        match token {
            TokenTree::Ident(ident) if expects_name => parts.push(Ident::unraw(&ident).to_string()),
            // `0`, and `0.1` for a tuple in a tuple, which is one token.
            TokenTree::Literal(number) if expects_name && !parts.is_empty() => {
                parts.extend(number.to_string().split('.').map(str::to_owned));
            }
            TokenTree::Punct(dot) if !expects_name && dot.as_char() == '.' => {}
            _ => return None,
        }
        expects_name = !expects_name;
    }
    let is_word =
        |part: &String| part.chars().all(|letter| letter.is_alphanumeric() || letter == '_') && !part.is_empty();
    let span = span.filter(|_| !expects_name && parts.iter().all(is_word))?;
    Some(ColumnPath { span, parts })
}
