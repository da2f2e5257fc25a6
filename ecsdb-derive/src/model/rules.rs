//! Whether the attributes of an item agree with each other, with its fields and with how it is stored.
//!
//! Each attribute by itself has been read before. What cannot be seen here, above all what a type is, is for the
//! compiler to judge.

use std::collections::HashSet;

use proc_macro2::Span;
use syn::LitStr;

use super::column::Column;
use super::component::{Model, Storage};
use super::{Item, index, relations};
use crate::check::last_segment;
use crate::ctxt::Ctxt;

/// Everything about a component.
pub fn component(cx: &Ctxt, model: &Model) {
    generated_types(cx, model);
    native(cx, &model.item, model.storage == Storage::Native, &model.columns);
    if let (Some(schema), false) = (&model.attrs.schema, model.item.params.is_empty()) {
        cx.at(schema.span(), "a component with parameters has no one schema: remove `schema`");
    }
    if let Some(from) = model.attrs.renamed_from.as_ref().filter(|from| from.value() == model.table) {
        cx.at(from.span(), format_args!("the table is named `{}` now: remove `renamed_from`", model.table));
    }
    former_names(cx, &model.columns);
    for column in &model.columns {
        values(cx, model, column);
    }
    relations::check(cx, model);
    index::check(cx, model);
}

/// What a struct that is a native row cannot have; `is_native` says whether it is one.
pub fn native(cx: &Ctxt, item: &Item, is_native: bool, columns: &[Column]) {
    if !is_native {
        return;
    }
    if !item.params.is_empty() {
        let message = "drop `#[repr(C)]`: what has parameters is stored packed";
        cx.at(item.ident.span(), message);
    }
    for column in columns {
        if let Some(stored) = &column.attrs.stored_as {
            let message = "a `#[repr(C)]` struct is stored as it is, nothing is converted: make this the type of the \
                           field, or drop `#[repr(C)]` to store it packed";
            cx.under(stored, message);
        }
    }
}

/// The fields of a variant, which are no columns.
pub fn members(cx: &Ctxt, columns: &[Column], of: &str) {
    for column in columns {
        if let Some((key, span)) = table_key(column) {
            cx.at(span, format_args!("`{key}` belongs on a field of a component, this is one of {of}"));
        }
    }
}

/// The first key of a field that only means something in a table.
pub fn table_key(column: &Column) -> Option<(&'static str, Span)> {
    let attrs = &column.attrs;
    let text = |key, text: &Option<LitStr>| text.as_ref().map(|text| (key, text.span()));
    let flag = |key, span: Option<Span>| span.map(|span| (key, span));
    flag("index", attrs.index.map(|index| index.span))
        .or_else(|| flag("unique", attrs.unique.map(|index| index.span)))
        .or_else(|| flag("auto_increment", attrs.auto_increment))
        .or_else(|| flag("since", attrs.since.map(|since| since.span)))
        .or_else(|| flag("offset", attrs.offset.map(|offset| offset.span)))
        .or_else(|| text("renamed_from", &attrs.renamed_from))
        .or_else(|| text("deprecated", &attrs.deprecated))
        .or_else(|| text("on_delete", &attrs.on_delete))
        .or_else(|| text("cardinality", &attrs.cardinality))
        .or_else(|| attrs.references.as_ref().map(|path| ("references", syn::spanned::Spanned::span(path))))
        .or_else(|| attrs.default.as_ref().map(|tokens| ("default", syn::spanned::Spanned::span(tokens))))
}

/// `row` and `view` name types that only a packed component with fields has.
fn generated_types(cx: &Ctxt, model: &Model) {
    if !model.is_own_row() {
        if model.row == model.view {
            cx.at(model.view.span(), "`row` and `view` cannot have the same name");
        }
        return;
    }
    let why = if model.is_tag() {
        "a component without fields is a native row"
    } else {
        "a `#[repr(C)]` component is a native row"
    };
    for (key, name) in [("row", &model.attrs.row), ("view", &model.attrs.view)] {
        if let Some(name) = name {
            cx.at(name.span(), format_args!("{why}: there is no generated type for `{key}` to name"));
        }
    }
}

/// Refuses former names that are in use.
fn former_names(cx: &Ctxt, columns: &[Column]) {
    let names: HashSet<&str> = columns.iter().map(|column| column.name.as_str()).collect();
    let mut former = HashSet::new();
    for column in columns {
        let Some(from) = &column.attrs.renamed_from else { continue };
        let name = from.value();
        if name == column.name {
            cx.at(from.span(), format_args!("the column is named `{name}` now: remove `renamed_from`"));
        } else if names.contains(name.as_str()) {
            let message =
                format_args!("`{}` cannot have been named `{name}`, there is a column of that name", column.name);
            cx.at(from.span(), message);
        } else if !former.insert(name.clone()) {
            cx.at(from.span(), format_args!("two columns cannot have been named `{name}`"));
        }
    }
}

/// `default`, `since` and the counting of values.
fn values(cx: &Ctxt, model: &Model, column: &Column) {
    let attrs = &column.attrs;
    if let (Some(since), Some(version)) = (attrs.since, model.attrs.version)
        && since.value > version.value
    {
        let message = format_args!("the table has `version = {}`: a field cannot be newer", version.value);
        cx.at(since.span, message);
    }
    if attrs.default.is_some() {
        if let Some(unique) = attrs.unique {
            cx.at(unique.span, "a unique field cannot have a default: all rows of before would have the same value");
        }
        if let Some(span) = attrs.auto_increment {
            cx.at(span, "a counted field has no default: remove one of `default` and `auto_increment`");
        }
    }
    if let Some(span) = attrs.auto_increment
        && !is_one_of(column, &["u16", "u32", "u64", "u128", "i16", "i32", "i64", "i128"])
    {
        cx.at(span, "`auto_increment` counts: it needs an integer of 16 bits or more");
    }
}

/// Whether the type is written as one of these.
fn is_one_of(column: &Column, names: &[&str]) -> bool {
    last_segment(&column.ty).is_none_or(|name| names.contains(&name.as_str()) || !is_plain_name(&name))
}

/// Whether it can be seen that the type is no reference.
pub fn is_plain(ty: &proc_macro2::TokenStream) -> bool {
    last_segment(ty).is_none_or(|name| is_plain_name(&name))
}

/// Whether this is the name of a type of the language.
fn is_plain_name(name: &str) -> bool {
    matches!(
        name,
        "u8" | "u16"
            | "u32"
            | "u64"
            | "u128"
            | "usize"
            | "i8"
            | "i16"
            | "i32"
            | "i64"
            | "i128"
            | "isize"
            | "f32"
            | "f64"
            | "NonZero"
            | "bool"
            | "char"
            | "String"
            | "Vec"
            | "Option"
    )
}
