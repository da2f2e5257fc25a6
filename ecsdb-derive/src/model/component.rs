//! The model of `#[derive(Component)]`.

use proc_macro2::Span;
use quote::format_ident;
use syn::ext::IdentExt;
use syn::{Ident, LitStr, Member};

use super::column::{COLUMN, Column, Stored, distinct};
use super::index::{Index, indexes};
use super::variants::{Enumeration, enumeration};
use super::{Item, rules};
use crate::ast::{Body, Input, Shape};
use crate::attr::{FieldAttrs, ItemAttrs, Repr};
use crate::check::Refused;
use crate::ctxt::Ctxt;
use crate::names::{snake_case, table_fault};
use crate::params;

/// A component.
pub struct Model<'a> {
    pub item: Item<'a>,
    pub shape: Shape,
    pub storage: Storage,
    pub table: String,
    /// The variant of `Durability`.
    pub durability: &'static str,
    /// The name of the generated row type.
    pub row: Ident,
    /// The name of the generated view type.
    pub view: Ident,
    pub columns: Vec<Column<'a>>,
    pub indexes: Vec<Index>,
    /// What the component is if it is an enum, which is then its only column.
    pub enumeration: Option<Enumeration<'a>>,
    pub attrs: ItemAttrs,
    /// What the refused types of fields leave possible.
    pub refused: Refused,
}

/// How a component is stored.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Storage {
    /// In a generated row.
    Packed,
    /// As it is: `#[repr(C)]` or `#[repr(transparent)]`.
    Native,
}

impl Model<'_> {
    /// Whether there is nothing to store: the component is a tag.
    pub fn is_tag(&self) -> bool {
        self.columns.is_empty()
    }

    /// Whether the component is a native row.
    pub fn is_own_row(&self) -> bool {
        self.storage == Storage::Native || self.is_tag()
    }
}

/// The model of the item, or `None` if it can be no component. Every reason is reported to `cx`.
pub fn model<'a>(cx: &Ctxt, input: &'a Input, attrs: ItemAttrs) -> Option<Model<'a>> {
    params::check(cx, input, params::COMPONENT);
    let repr = Repr::parse(&input.attrs);
    let generic = !input.generics.params.is_empty();
    let item = Item::new(input, &attrs);
    let (shape, storage, columns, enumeration, refused) = match &input.body {
        Body::Struct(shape, fields) => {
            repr.check(cx);
            let columns: Vec<Column> =
                fields.iter().map(|field| Column::new(cx, field, fields.len(), generic).named_as_column(cx)).collect();
            let refused = columns.iter().map(|column| column.refused(cx, repr.is_native)).max();
            let refused = refused.unwrap_or(Refused::Nothing);
            (*shape, if repr.is_native { Storage::Native } else { Storage::Packed }, columns, None, refused)
        }
        Body::Enum(variants) => {
            let enumeration = enumeration(cx, &input.ident, variants, &repr, generic);
            let refused = enumeration.refused;
            (Shape::Named, Storage::Packed, vec![whole(input, &item)], Some(enumeration), refused)
        }
        Body::Union(span) => {
            cx.at(*span, "a union does not say which of its fields holds: write a struct or an enum");
            return None;
        }
    };
    distinct(cx, &columns, COLUMN);
    let model = Model {
        shape,
        storage,
        table: table_name(cx, &input.ident, &attrs),
        durability: match attrs.durability.as_ref().map(LitStr::value).as_deref() {
            Some("snapshot") => "Snapshot",
            Some("none") => "None",
            _ => "Wal",
        },
        row: attrs.row.clone().unwrap_or_else(|| format_ident!("{}Row", input.ident)),
        view: attrs.view.clone().unwrap_or_else(|| format_ident!("{}Ref", input.ident)),
        indexes: indexes(&attrs, &columns),
        columns,
        enumeration,
        item,
        attrs,
        refused,
    };
    rules::component(cx, &model);
    Some(model)
}

/// The only column of an enum.
fn whole<'a>(input: &'a Input, item: &Item) -> Column<'a> {
    let name = Ident::new("value", Span::mixed_site());
    Column {
        vis: &input.vis,
        member: Member::Named(name.clone()),
        ty: item.ty(),
        span: input.ident.span(),
        name: name.to_string(),
        label: name.to_string(),
        getter: name,
        doc: "The value.".to_owned(),
        stored: Stored::Whole,
        attrs: FieldAttrs::default(),
    }
}

/// The name of the table: given, or made of that of the type.
fn table_name(cx: &Ctxt, ident: &Ident, attrs: &ItemAttrs) -> String {
    if let Some(table) = &attrs.table {
        return table.value();
    }
    let name = snake_case(&ident.unraw().to_string());
    if let Some(expected) = table_fault(&name) {
        let message = format_args!(
            "the table would be named `{name}`, expected {expected}: write `#[component(table = \"...\")]`"
        );
        cx.at(ident.span(), message);
    }
    name
}
