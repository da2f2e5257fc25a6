//! What the generated code is made of: the names, the columns and the paths, with every attribute applied.
//!
//! Everything that can be refused has been reported when the model is there.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote};
use syn::ext::IdentExt;
use syn::{Ident, Member, Visibility};

use crate::ast::{Body, Field, Input, Shape};
use crate::attr::{self, FieldAttrs, Storage, StructAttrs};
use crate::check::{self, Refused};
use crate::ctxt::Ctxt;
use crate::names::{column_fault, snake_case, table_fault};

/// A component.
pub struct Model<'a> {
    pub ident: &'a Ident,
    pub vis: &'a Visibility,
    pub shape: Shape,
    pub storage: Storage,
    /// Where `ecsdb` is.
    pub krate: CratePath,
    pub table: String,
    pub doc: String,
    /// The variant of `Durability`.
    pub durability: &'static str,
    /// The name of the generated row type.
    pub row: Ident,
    /// The name of the generated view type.
    pub view: Ident,
    pub columns: Vec<Column<'a>>,
    /// What the refused types of fields leave possible.
    pub refused: Refused,
}

/// A field as a column.
pub struct Column<'a> {
    pub vis: &'a Visibility,
    pub member: &'a Member,
    pub ty: &'a TokenStream,
    pub span: Span,
    /// The name in the schema.
    pub name: String,
    /// The method of the view.
    pub getter: Ident,
    /// The name in texts for the user.
    pub label: String,
    pub doc: String,
}

impl Model<'_> {
    /// Whether there is nothing to store: the component is a tag.
    pub fn is_tag(&self) -> bool {
        self.columns.is_empty()
    }

    /// The path of what generated code may use, inside the block of the implementations.
    pub fn private(&self) -> TokenStream {
        self.krate.private()
    }

    /// The path of `ecsdb` inside the block of the implementations.
    pub fn krate(&self) -> &TokenStream {
        &self.krate.inside
    }
}

/// How generated code finds `ecsdb`.
///
/// A path that the user gave is imported once in the block of the implementations, so that a wrong one is one error
/// and not one for every use.
pub struct CratePath {
    /// Beside the user's struct.
    pub outside: TokenStream,
    /// In the block of the implementations.
    pub inside: TokenStream,
    /// What the block begins with.
    pub import: TokenStream,
}

impl CratePath {
    /// The path that the attributes give, or the usual one.
    pub fn new(attrs: &StructAttrs) -> Self {
        match &attrs.krate {
            Some(path) => Self {
                outside: quote!(#path),
                inside: quote!(__ecsdb),
                import: quote!(
                    use #path as __ecsdb;
                ),
            },
            None => Self { outside: quote!(::ecsdb), inside: quote!(::ecsdb), import: TokenStream::new() },
        }
    }

    /// The path of what generated code may use, inside the block.
    pub fn private(&self) -> TokenStream {
        let inside = &self.inside;
        quote!(#inside::__private)
    }
}

/// The model of the item, or `None` if it can be no component. Every reason is reported to `cx`.
pub fn model<'a>(cx: &Ctxt, input: &'a Input, attrs: &StructAttrs) -> Option<Model<'a>> {
    check::generics(cx, &input.generics);
    let (shape, fields) = match &input.body {
        Body::Struct(shape, fields) => (*shape, fields),
        Body::Enum(span) => {
            cx.at(*span, "enums cannot be components yet: write a struct with a `u8` that stands for the variant");
            return None;
        }
        Body::Union(span) => {
            cx.at(*span, "a union does not say which of its fields holds: write a struct");
            return None;
        }
    };
    let storage = Storage::parse(cx, &input.attrs);
    let refused = fields.iter().map(|field| check::field(cx, field)).max().unwrap_or(Refused::Nothing);
    let columns: Vec<Column> = fields.iter().map(|field| column(cx, field, fields.len())).collect();
    for (index, column) in columns.iter().enumerate() {
        if let Some(other) = columns[..index].iter().find(|other| other.name == column.name) {
            let message =
                format_args!("two columns are named `{}`: `{}` and `{}`", column.name, other.label, column.label);
            cx.at(column.span, message);
        }
    }
    generated_types_make_sense(cx, attrs, storage, columns.is_empty());
    let ident = &input.ident;
    Some(Model {
        ident,
        vis: &input.vis,
        shape,
        storage,
        krate: CratePath::new(attrs),
        table: table_name(cx, ident, attrs),
        doc: attr::doc(&input.attrs),
        durability: match attrs.durability.as_ref().map(syn::LitStr::value).as_deref() {
            Some("snapshot") => "Snapshot",
            Some("none") => "None",
            _ => "Wal",
        },
        row: attrs.row.clone().unwrap_or_else(|| format_ident!("{}Row", ident)),
        view: attrs.view.clone().unwrap_or_else(|| format_ident!("{}Ref", ident)),
        columns,
        refused,
    })
}

fn column<'a>(cx: &Ctxt, field: &'a Field, fields: usize) -> Column<'a> {
    let attrs = FieldAttrs::parse(cx, &field.attrs);
    let getter = match &field.member {
        Member::Named(name) => name.clone(),
        // A newtype is its value; the other tuple structs count.
        Member::Unnamed(_) if fields == 1 => Ident::new("value", field.span),
        Member::Unnamed(index) => Ident::new(&format!("_{}", index.index), field.span),
    };
    Column {
        vis: &field.vis,
        member: &field.member,
        ty: &field.ty,
        span: field.span,
        name: column_name(cx, &getter, &attrs),
        label: match &field.member {
            Member::Named(name) => name.unraw().to_string(),
            Member::Unnamed(index) => index.index.to_string(),
        },
        getter,
        doc: attr::doc(&field.attrs),
    }
}

/// The name of the table: given, or made of that of the struct.
fn table_name(cx: &Ctxt, ident: &Ident, attrs: &StructAttrs) -> String {
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

/// The name of a column: given, or that of the field.
fn column_name(cx: &Ctxt, getter: &Ident, attrs: &FieldAttrs) -> String {
    if let Some(name) = &attrs.rename {
        return name.value();
    }
    let name = getter.unraw().to_string();
    if let Some(expected) = column_fault(&name) {
        let message = format_args!(
            "the column would be named `{name}`, expected {expected}: write `#[component(rename = \"...\")]`"
        );
        cx.at(getter.span(), message);
    }
    name
}

/// `row` and `view` name types that only a packed component with fields has.
fn generated_types_make_sense(cx: &Ctxt, attrs: &StructAttrs, storage: Storage, is_tag: bool) {
    let why = match storage {
        Storage::Native => "a `#[repr(C)]` component is its own row",
        Storage::Packed if is_tag => "a component without fields is its own row",
        Storage::Packed => return,
    };
    for (key, name) in [("row", &attrs.row), ("view", &attrs.view)] {
        if let Some(name) = name {
            cx.at(name.span(), format_args!("{why}: there is no generated type for `{key}` to name"));
        }
    }
}
