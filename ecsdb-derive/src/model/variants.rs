//! The variants of an enum, and what stands in a row for each.

use proc_macro2::TokenStream;
use syn::ext::IdentExt;
use syn::{Ident, LitStr};

use super::column::{Column, MEMBER, distinct};
use super::rules;
use crate::ast::{self, Shape};
use crate::attr::{Repr, TagRepr, VariantAttrs};
use crate::check::Refused;
use crate::ctxt::Ctxt;
use crate::names::variant_fault;

/// An enum that is stored.
pub struct Enumeration<'a> {
    pub variants: Vec<Variant<'a>>,
    /// Bytes of the tag.
    pub tag_bytes: usize,
    pub discriminants: Discriminants,
    /// Whether its own memory is the stored form.
    pub is_native: bool,
    pub refused: Refused,
}

/// Where the tags come from.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Discriminants {
    /// They are the numbers of the variants.
    Numbers,
    /// They are the discriminants, some of which are written out, and of this type.
    Written(TagRepr),
}

/// One variant.
pub struct Variant<'a> {
    pub ident: &'a Ident,
    pub shape: Shape,
    /// The name in the schema.
    pub name: String,
    /// The name that it had before.
    pub renamed_from: Option<LitStr>,
    pub columns: Vec<Column<'a>>,
    pub discriminant: Option<&'a TokenStream>,
}

/// Reads the variants of the enum `ident`.
pub fn enumeration<'a>(
    cx: &Ctxt,
    ident: &Ident,
    variants: &'a [ast::Variant],
    repr: &Repr,
    generic: bool,
) -> Enumeration<'a> {
    if variants.is_empty() {
        cx.at(ident.span(), "an enum without variants has no values: there is nothing to store");
    }
    let read: Vec<Variant> = variants.iter().map(|variant| self::variant(cx, variant, generic)).collect();
    let columns = read.iter().flat_map(|variant| &variant.columns);
    let refused = columns.map(|column| column.refused(cx, false)).max().unwrap_or(Refused::Nothing);
    distinct_variants(cx, &read);
    let is_written = variants.iter().any(|variant| variant.discriminant.is_some());
    Enumeration {
        tag_bytes: match repr.tag {
            Some(tag) => tag.bytes(),
            None if read.len() <= 256 => 1,
            None if read.len() <= 65_536 => 2,
            None => 4,
        },
        discriminants: match repr.tag {
            Some(tag) if is_written => Discriminants::Written(tag),
            _ => Discriminants::Numbers,
        },
        is_native: repr.tag.is_some() && !repr.is_native && read.iter().all(|variant| variant.shape == Shape::Unit),
        variants: read,
        refused,
    }
}

fn variant<'a>(cx: &Ctxt, variant: &'a ast::Variant, generic: bool) -> Variant<'a> {
    let attrs = VariantAttrs::parse(cx, &variant.attrs);
    let fields = variant.fields.len();
    // The fields of a variant are no columns: the enum is one, as a whole.
    let columns: Vec<Column> = variant
        .fields
        .iter()
        .map(|field| Column::new(cx, field, fields, generic).named_as_member(cx, variant.shape))
        .collect();
    distinct(cx, &columns, MEMBER);
    rules::members(cx, &columns, "a variant");
    let name = match &attrs.rename {
        Some(name) => name.value(),
        None => {
            let name = variant.ident.unraw().to_string();
            if let Some(expected) = variant_fault(&name) {
                let message = format_args!(
                    "the variant would be named `{name}`, expected {expected}: write `#[component(rename = \"...\")]`"
                );
                cx.at(variant.ident.span(), message);
            }
            name
        }
    };
    Variant {
        ident: &variant.ident,
        shape: variant.shape,
        renamed_from: attrs.renamed_from,
        name,
        columns,
        discriminant: variant.discriminant.as_ref(),
    }
}

/// Refuses two variants of one name, also where one of them had it before.
fn distinct_variants(cx: &Ctxt, variants: &[Variant]) {
    let mut seen = std::collections::HashMap::new();
    for variant in variants {
        if let Some(other) = seen.insert(variant.name.as_str(), variant.ident) {
            let message = format_args!("two variants are named `{}`: `{other}` and `{}`", variant.name, variant.ident);
            cx.at(variant.ident.span(), message);
        }
    }
    for variant in variants {
        let Some(from) = &variant.renamed_from else { continue };
        let name = from.value();
        if name == variant.name {
            cx.at(from.span(), format_args!("the variant is named `{name}` now: remove `renamed_from`"));
        } else if seen.contains_key(name.as_str()) {
            let message =
                format_args!("`{}` cannot have been named `{name}`, there is a variant of that name", variant.ident);
            cx.at(from.span(), message);
        }
    }
}
