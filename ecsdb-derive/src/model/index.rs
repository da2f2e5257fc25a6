//! The indexes of a component: those of its fields, in their order, and then those over several columns.

use std::collections::HashSet;

use proc_macro2::Span;

use super::column::Column;
use super::component::Model;
use super::relations::Held;
use crate::attr::{self, ItemAttrs};
use crate::check::last_segment;
use crate::ctxt::Ctxt;
use crate::names::nearest;

/// An index.
pub struct Index {
    pub name: String,
    /// Where it is asked for.
    pub span: Span,
    pub columns: Vec<IndexColumn>,
    pub kind: Kind,
    pub unique: Option<Span>,
    pub total_order: bool,
}

/// How rows are found in an index.
#[derive(Clone, Copy, PartialEq)]
pub enum Kind {
    Ordered,
    Hash,
    /// With the edge of a cell.
    Grid(f64),
}

/// A column of an index.
pub struct IndexColumn {
    /// The number of the field, if there is one of this name.
    pub field: Option<usize>,
    /// The names from the field on.
    pub path: Vec<String>,
    pub span: Span,
}

/// All indexes that the attributes ask for.
pub fn indexes(attrs: &ItemAttrs, columns: &[Column]) -> Vec<Index> {
    let of_fields = columns.iter().enumerate().filter_map(|(field, column)| {
        let (asked, unique) = match (column.attrs.unique, column.attrs.index) {
            (Some(unique), _) => (unique, Some(unique.span)),
            (None, index) => (index?, None),
        };
        Some(Index {
            name: column.name.clone(),
            span: asked.span,
            columns: vec![IndexColumn { field: Some(field), path: vec![column.name.clone()], span: asked.span }],
            kind: if asked.hash { Kind::Hash } else { Kind::Ordered },
            unique,
            total_order: asked.total_order,
        })
    });
    let of_item = attrs.indexes.iter().map(|index| Index {
        name: index.name(),
        span: index.name.as_ref().map_or(index.span, syn::LitStr::span),
        columns: index.columns.iter().map(|path| index_column(path, columns)).collect(),
        kind: match (&index.spatial, index.hash) {
            (Some(spatial), _) => Kind::Grid(spatial.cell),
            (None, Some(_)) => Kind::Hash,
            (None, None) => Kind::Ordered,
        },
        unique: index.unique,
        total_order: index.total_order.is_some(),
    });
    of_fields.chain(of_item).collect()
}

fn index_column(path: &attr::ColumnPath, columns: &[Column]) -> IndexColumn {
    let field = columns.iter().position(|column| column.name == path.parts[0]);
    IndexColumn { field, path: path.parts.clone(), span: path.span }
}

/// Whether the indexes can be, as far as it can be seen here.
pub fn check(cx: &Ctxt, model: &Model) {
    for column in &model.columns {
        if let (Some(index), Some(_)) = (column.attrs.index, column.attrs.unique) {
            cx.at(index.span, "a unique field has an index: remove `index`");
        }
    }
    for index in &model.attrs.indexes {
        together(cx, model, index);
    }
    let mut names = HashSet::new();
    for index in &model.indexes {
        named_columns(cx, model, index);
        if !names.insert(&index.name) {
            let name = &index.name;
            cx.at(index.span, format_args!("two indexes are named `{name}`: give one of them another `name`"));
        }
    }
}

/// The keys of an index over several columns.
fn together(cx: &Ctxt, model: &Model, index: &attr::Index) {
    if let (Some(unique), true) = (index.unique, model.durability != "Wal") {
        let durability = model.durability.to_lowercase();
        cx.at(unique, format_args!("`unique` needs every change to be kept: remove `durability = \"{durability}\"`"));
    }
    let Some(spatial) = &index.spatial else { return };
    for (key, span) in [("unique", index.unique), ("hash", index.hash), ("total_order", index.total_order)] {
        if let Some(span) = span {
            cx.at(span, format_args!("a spatial index finds what is near: remove `{key}`"));
        }
    }
    if !matches!(index.columns.len(), 2 | 3) {
        let count = index.columns.len();
        cx.at(spatial.span, format_args!("a place is two or three columns, here are {count}"));
    }
}

/// The columns of one index.
fn named_columns(cx: &Ctxt, model: &Model, index: &Index) {
    let known: Vec<&str> = model.columns.iter().map(|column| column.name.as_str()).collect();
    let mut seen = HashSet::new();
    for column in &index.columns {
        let name = column.path.join(".");
        match column.field.map(|field| &model.columns[field]) {
            Some(field) if column.path.len() == 1 => typed(cx, index, column, field),
            Some(_) => {}
            None => {
                let first = &column.path[0];
                let hint = match nearest(first, &known) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("there is `{}`", known.join("`, `")),
                };
                cx.at(column.span, format_args!("there is no column `{first}`: {hint}"));
            }
        }
        if !seen.insert(name.clone()) {
            cx.at(column.span, format_args!("the index names `{name}` twice"));
        }
    }
}

/// Refuses a column of a type that can be seen to be no key.
fn typed(cx: &Ctxt, index: &Index, column: &IndexColumn, field: &Column) {
    let held = Held::by(field);
    let name = last_segment(&held.ty);
    match (index.kind, name.as_deref()) {
        (Kind::Grid(_), _) if held.is_optional || held.is_list => {
            cx.at(column.span, "a place is made of numbers: take a field that is always there");
        }
        (
            Kind::Grid(_),
            Some("String" | "bool" | "char" | "Entity" | "Ref" | "Duration" | "FixedStr" | "u128" | "i128"),
        ) => {
            cx.at(column.span, "a place is made of numbers: floats, or integers of up to 64 bits");
        }
        (Kind::Ordered | Kind::Hash, Some("f32" | "f64")) if !index.total_order => {
            let message = "a float has no order that an index could keep (`NaN`): ask for the order of its bits with \
                           `total_order`, or leave the index out";
            cx.at(column.span, message);
        }
        _ => {}
    }
}
