//! Writes the constant `I` with the indexes of a component, and what lets others index the parts of a value.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::Visibility;
use syn::ext::IdentExt;

use super::refuse;
use crate::check::last_segment;
use crate::model::component::Model;
use crate::model::index::{Index, IndexColumn, Kind};
use crate::model::relations::Held;
use crate::model::rules::is_plain;
use crate::model::{Column, Item};
use crate::names::part_name;

/// The constant `I` with a typed handle for each index, as visible as the least visible of its columns.
pub fn constants(model: &Model) -> TokenStream {
    // Those with columns that are not there, and the second ones of a name, have been refused.
    let mut indexes: Vec<&Index> = Vec::new();
    for index in &model.indexes {
        let is_known = index.columns.iter().all(|column| column.field.is_some());
        if is_known && indexes.iter().all(|earlier| field_name(earlier) != field_name(index)) {
            indexes.push(index);
        }
    }
    if indexes.is_empty() {
        return TokenStream::new();
    }
    let Item { ident, vis, params, .. } = &model.item;
    let (krate, ty) = (model.item.krate(), model.item.ty());
    let constant = Ident::new("I", Span::mixed_site());
    let name = format_ident!("{}Indexes", ident, span = Span::mixed_site());
    let labels: Vec<String> = indexes.iter().map(|index| format!("`{}`", index.name)).collect();
    let about = format!("The indexes of `{}`.", ident.unraw());
    let about_constant = format!("The indexes of `{}`: {}.", ident.unraw(), labels.join(", "));
    let fields = indexes.iter().map(|index| {
        let (vis, name, handle) = (visibility(model, index), field_name(index), handle(model, index));
        let columns: Vec<String> = index.columns.iter().map(|column| format!("`{}`", column.path.join("."))).collect();
        let doc = format!("Index over {}.", columns.join(", "));
        quote!(#[doc = #doc] #vis #name: #handle)
    });
    let values = indexes.iter().enumerate().map(|(number, index)| {
        let (name, number) = (field_name(index), number as u16);
        let kind = handle_kind(index);
        quote!(#name: #krate::#kind::new(#number))
    });
    let (declared, applied) = (params.declare(TokenStream::new()), params.apply(TokenStream::new()));
    let bounds = params.bounds(krate, TokenStream::new());
    quote! {
        #[doc = #about]
        #vis struct #name #declared #bounds { #(#fields),* }

        impl #declared #ty #bounds {
            #[doc = #about_constant]
            #vis const #constant: #name #applied = #name { #(#values),* };
        }
    }
}

/// The statements that hold the columns of the indexes against what can be a key.
pub fn proof(model: &Model) -> TokenStream {
    if !model.item.params.is_empty() {
        return TokenStream::new();
    }
    let (krate, ident) = (model.item.krate(), model.item.ident);
    model
        .indexes
        .iter()
        .enumerate()
        .map(|(number, index)| {
            let types = index.columns.iter().map(|column| {
                let ty = column_type(model, column);
                quote!(<#ty as #krate::Field>::TYPE)
            });
            let schema = quote!(<#ident as #krate::Component>::SCHEMA);
            refuse(index.span, quote!(#krate::index_fault(#schema, #number, const { &[#(#types),*] })))
        })
        .collect()
}

fn handle_kind(index: &Index) -> TokenStream {
    match index.kind {
        Kind::Grid(_) => quote!(SpatialIndex),
        Kind::Ordered | Kind::Hash => quote!(Index),
    }
}

/// The type of the handle of an index.
fn handle(model: &Model, index: &Index) -> TokenStream {
    let (krate, ty) = (model.item.krate(), model.item.ty());
    let types: Vec<TokenStream> = index.columns.iter().map(|column| column_type(model, column)).collect();
    match (index.kind, &types[..]) {
        (Kind::Grid(_), [first, ..]) => {
            let count = types.len();
            quote!(#krate::SpatialIndex<#ty, #count, #first>)
        }
        (_, [only]) => quote!(#krate::Index<#ty, #only>),
        _ => quote!(#krate::Index<#ty, (#(#types),*)>),
    }
}

/// The type that a column of an index is looked up by: that of the elements for a list.
fn column_type(model: &Model, column: &IndexColumn) -> TokenStream {
    let krate = model.item.krate();
    // Others have been refused.
    let Some(field) = column.field.map(|field| &model.columns[field]) else { return quote!(()) };
    let held = Held::by(field);
    let of_field = if held.is_list { held.ty } else { field.stored_type(krate) };
    column.path[1..].iter().fold(of_field, |ty, part| {
        let number = part_name(part);
        quote_spanned!(column.span=> <#ty as #krate::PartNamed<#number>>::Type)
    })
}

/// The name of the field of `I`.
fn field_name(index: &Index) -> Ident {
    // The few words that cannot be written even raw.
    let reserved = matches!(index.name.as_str(), "self" | "super" | "crate");
    let name = if reserved { format!("{}_", index.name) } else { index.name.clone() };
    syn::parse_str::<Ident>(&name).map_or_else(
        |_| Ident::new_raw(&name, index.span),
        |mut ident| {
            ident.set_span(index.span);
            ident
        },
    )
}

/// That of the least visible column.
fn visibility<'m>(model: &'m Model, index: &Index) -> &'m Visibility {
    let fields = index.columns.iter().filter_map(|column| column.field.map(|field| model.columns[field].vis));
    fields.min_by_key(|vis| openness(vis)).unwrap_or(model.item.vis)
}

/// How far something can be seen, in order.
fn openness(vis: &Visibility) -> u8 {
    match vis {
        Visibility::Inherited => 0,
        Visibility::Restricted(restricted) if restricted.path.is_ident("self") => 0,
        Visibility::Restricted(restricted) if restricted.path.is_ident("crate") => 2,
        Visibility::Restricted(_) => 1,
        Visibility::Public(_) => 3,
    }
}

/// What lets an index of a component name the parts of a value: their types. A part that is less visible than the value and of
/// a type that may be so too has none, since its type must not be found out.
pub fn parts(item: &Item, columns: &[Column]) -> TokenStream {
    let (krate, ty) = (item.krate(), item.ty());
    let (declared, bounds) = (item.params.declare(TokenStream::new()), item.params.bounds(krate, TokenStream::new()));
    let visible = |column: &&Column| {
        let is_word =
            is_plain(&column.ty) && !matches!(last_segment(&column.ty).as_deref(), Some("Vec" | "Option" | "NonZero"));
        openness(column.vis) >= openness(item.vis) || is_word && last_segment(&column.ty).is_some()
    };
    columns
        .iter()
        .filter(visible)
        .map(|column| {
            let (number, stored) = (part_name(&column.name), column.stored_type(krate));
            quote! {
                impl #declared #krate::PartNamed<#number> for #ty #bounds {
                    type Type = #stored;
                }
            }
        })
        .collect()
}
