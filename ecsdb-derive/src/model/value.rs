//! The model of `#[derive(Field)]`.

use quote::format_ident;
use syn::Ident;

use super::column::{Column, MEMBER, distinct};
use super::variants::{Enumeration, enumeration};
use super::{Item, rules};
use crate::ast::{Body, Input, Shape};
use crate::attr::{ItemAttrs, Repr};
use crate::check::Refused;
use crate::ctxt::Ctxt;
use crate::params;

/// A value type.
pub struct Model<'a> {
    pub item: Item<'a>,
    pub kind: Kind<'a>,
    /// What the refused types of fields leave possible.
    pub refused: Refused,
}

/// What sort of value it is.
pub enum Kind<'a> {
    Struct(Struct<'a>),
    Enum(Enumeration<'a>),
}

/// A struct as a value.
pub struct Struct<'a> {
    pub shape: Shape,
    pub columns: Vec<Column<'a>>,
    /// Whether its own memory is a stored form as well.
    pub is_native: bool,
    /// The name of the generated packed type.
    pub packed: Ident,
    /// The name of the generated view type.
    pub view: Ident,
}

/// The model of the item, or `None` if it can be no value. Every reason is reported to `cx`.
///
/// What attributes say about the table is left to `#[derive(Component)]`, which may stand beside.
pub fn model<'a>(cx: &Ctxt, input: &'a Input, attrs: &ItemAttrs) -> Option<Model<'a>> {
    params::check(cx, input, params::VALUE);
    let repr = Repr::parse(&input.attrs);
    let generic = !input.generics.params.is_empty();
    let item = Item::new(input, attrs);
    let (kind, refused) = match &input.body {
        Body::Struct(shape, fields) => {
            repr.check(cx);
            let columns: Vec<Column> = fields
                .iter()
                .map(|field| Column::new(cx, field, fields.len(), generic).named_as_member(cx, *shape))
                .collect();
            distinct(cx, &columns, MEMBER);
            let refused = columns.iter().map(|column| column.refused(cx, repr.is_native)).max();
            rules::native(cx, &item, repr.is_native, &columns);
            let kind = Kind::Struct(Struct {
                shape: *shape,
                is_native: repr.is_native,
                packed: format_ident!("{}Packed", input.ident),
                view: format_ident!("{}View", input.ident),
                columns,
            });
            (kind, refused.unwrap_or(Refused::Nothing))
        }
        Body::Enum(variants) => {
            let enumeration = enumeration(cx, &input.ident, variants, &repr, generic);
            let refused = enumeration.refused;
            (Kind::Enum(enumeration), refused)
        }
        Body::Union(span) => {
            cx.at(*span, "a union does not say which of its fields holds: write a struct or an enum");
            return None;
        }
    };
    Some(Model { item, kind, refused })
}
