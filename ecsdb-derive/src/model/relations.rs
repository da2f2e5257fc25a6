//! Whether what a component says of references, and of what must be kept for them, can be.

use proc_macro2::{Span, TokenStream};
use syn::spanned::Spanned;

use super::column::{Column, Stored};
use super::component::Model;
use super::rules::is_plain;
use crate::check::{inside_list, inside_option, last_segment};
use crate::ctxt::Ctxt;

/// What a field can be seen to hold.
pub struct Held {
    /// Whether it is an option of it.
    pub is_optional: bool,
    /// Whether it is a list of it.
    pub is_list: bool,
    /// The type of it.
    pub ty: TokenStream,
}

impl Held {
    /// What is held by the field of the column.
    pub fn by(column: &Column) -> Self {
        let ty = match &column.stored {
            Stored::As(ty) => ty,
            Stored::Itself | Stored::Phantom | Stored::Whole => &column.ty,
        };
        let (optional, list) = (inside_option(ty), inside_list(ty));
        let (is_optional, is_list) = (optional.is_some(), list.is_some());
        Self { is_optional, is_list, ty: optional.or(list).unwrap_or_else(|| ty.clone()) }
    }

    /// Whether it is a `Ref<T>`.
    pub fn is_ref(&self) -> bool {
        last_segment(&self.ty).as_deref() == Some("Ref")
    }

    /// Whether it is an `Entity`.
    pub fn is_entity(&self) -> bool {
        last_segment(&self.ty).as_deref() == Some("Entity")
    }
}

/// References, and what needs that the log keeps every change.
pub fn check(cx: &Ctxt, model: &Model) {
    for column in &model.columns {
        references(cx, column);
        kept(cx, model, column);
    }
}

fn references(cx: &Ctxt, column: &Column) {
    let (attrs, held) = (&column.attrs, Held::by(column));
    if let Some(path) = &attrs.references {
        if held.is_ref() {
            cx.under(path, "a `Ref<T>` says by its type what it refers to: remove `references`");
        } else if !held.is_entity() && is_plain(&held.ty) {
            let message = "a reference is an `Entity`: make the field a `Ref<T>`, or an `Entity` with `references`";
            cx.under(path, message);
        }
    }
    let is_reference = held.is_ref() || attrs.references.is_some();
    for (key, value) in [("on_delete", &attrs.on_delete), ("cardinality", &attrs.cardinality)] {
        if let Some(value) = value.as_ref().filter(|_| !is_reference) {
            let message =
                format_args!("`{key}` is about references: make the field a `Ref<T>`, or say what it `references`");
            cx.at(value.span(), message);
        }
    }
    if let Some(on_delete) =
        attrs.on_delete.as_ref().filter(|on_delete| on_delete.value() == "set_null" && is_reference)
        && !held.is_optional
        && !held.is_list
    {
        let message = "a required reference cannot be set to none: make the field an `Option`, or use `cascade`, \
                       `remove` or `restrict`";
        cx.at(on_delete.span(), message);
    }
}

/// Refuses constraints on tables of which the log does not keep every change.
fn kept(cx: &Ctxt, model: &Model, column: &Column) {
    if model.durability == "Wal" {
        return;
    }
    let attrs = &column.attrs;
    let key = |key: &'static str, span: Option<Span>| span.map(|span| (format!("`{key}`"), span));
    let typed = Held::by(column).is_ref().then(|| ("a `Ref<T>`".to_owned(), column.span));
    let constraints = [
        key("unique", attrs.unique.map(|unique| unique.span)),
        key("references", attrs.references.as_ref().map(Spanned::span)),
        key("auto_increment", attrs.auto_increment),
        typed,
    ];
    for (what, span) in constraints.into_iter().flatten() {
        let message = format_args!(
            "{what} needs every change to be kept: remove `durability = \"{}\"`",
            model.durability.to_lowercase()
        );
        cx.at(span, message);
    }
}
