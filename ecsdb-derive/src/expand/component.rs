//! What both kinds of rows share: the column constants, the bundle, the query parameter, and the checks of attributes.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote};
use syn::ext::IdentExt;

use super::{braces, described, name_of, refuse, semicolon};
use crate::ast::Shape;
use crate::model::component::Model;
use crate::model::{Column, Item};

/// Constants for the fields of an item under one name: `C` for columns, `F` for parts.
pub struct Constants {
    /// The name of the constant.
    pub name: &'static str,
    /// What the type of the constants is called behind the name of the item.
    pub suffix: &'static str,
    /// What each is, for documentation.
    pub what: &'static str,
    /// The type of one: `Column` or `Part`.
    pub ty: TokenStream,
    /// What counts their numbers.
    pub numbers: TokenStream,
}

/// A constant with a typed column, or part, for each field, as visible as the field. They lie at [`offsets`], or
/// nowhere if the item `is_stored` not.
pub fn constants(item: &Item, shape: Shape, columns: &[Column], is_stored: bool, of: &Constants) -> TokenStream {
    if columns.is_empty() {
        return TokenStream::new();
    }
    let Item { ident, vis, params, .. } = item;
    let (krate, ty) = (item.krate(), item.ty());
    let Constants { name: constant, suffix, what, ty: kind, numbers } = of;
    let constant = format_ident!("{constant}", span = Span::mixed_site());
    let name = format_ident!("{}{}", ident, suffix, span = Span::mixed_site());
    let labels: Vec<String> = columns.iter().map(|column| format!("`{}`", column.label)).collect();
    let about = format!("The {} of `{}`.", what.to_lowercase() + "s", ident.unraw());
    let about_constant = format!("The {}s of `{}`: {}.", what.to_lowercase(), ident.unraw(), labels.join(", "));
    let fields = columns.iter().map(|column| {
        let stored = column.stored_type(krate);
        let (vis, doc, name) = (column.vis, described(column, what), name_of(&column.member));
        quote!(#[doc = #doc] #vis #name #krate::#kind<#ty, #stored>)
    });
    let (declared, applied) = (params.declare(TokenStream::new()), params.apply(TokenStream::new()));
    let bounds = params.bounds(krate, TokenStream::new());
    let (before, behind) = match shape {
        Shape::Tuple => (TokenStream::new(), bounds.clone()),
        _ => (bounds.clone(), TokenStream::new()),
    };
    let definition = braces(shape, quote!(#(#fields),*));
    let semicolon = semicolon(shape);
    let values = columns.iter().enumerate().map(|(index, column)| {
        let (member, field) = (&column.member, column.field(krate));
        match is_stored {
            true => quote! {
                #member: #krate::#kind::new(
                    #krate::ColumnNumbers::next(&mut __numbers, #field::COLUMNS),
                    __OFFSETS[#index],
                )
            },
            false => quote!(#member: #krate::#kind::new(0, 0)),
        }
    });
    let numbers = is_stored.then(|| quote!(let mut __numbers = #numbers;));
    quote! {
        #[doc = #about]
        #vis struct #name #declared #before #definition #behind #semicolon

        impl #declared #ty #bounds {
            #[doc = #about_constant]
            #vis const #constant: #name #applied = {
                #numbers
                #name { #(#values),* }
            };
        }
    }
}

/// The constant with the offsets of the columns in `row`: the compiler is asked once, for all that needs them.
pub fn offsets(item: &Item, columns: &[Column], row: &Ident) -> TokenStream {
    let krate = item.krate();
    let (count, members) = (columns.len(), columns.iter().map(|column| &column.member));
    quote!(const __OFFSETS: [#krate::u32; #count] = [#(#krate::offset_of!(#row, #members) as #krate::u32),*];)
}

/// The constant `C` of a component, with fields at [`offsets`] if it `is_stored`.
pub fn columns(model: &Model, is_stored: bool) -> TokenStream {
    let krate = model.item.krate();
    let of = Constants {
        name: "C",
        suffix: "Columns",
        what: "Column",
        ty: quote!(Column),
        numbers: quote!(#krate::ColumnNumbers::of_table()),
    };
    constants(&model.item, model.shape, &model.columns, is_stored, &of)
}

/// The bundle that the component is by itself.
pub fn bundle(model: &Model) -> TokenStream {
    let (krate, ty) = (model.item.krate(), model.item.ty());
    let declared = model.item.params.declare(quote!(__S: #krate::Schema,));
    let bounds = model.item.params.bounds(krate, quote!(#ty: #krate::TableOf<__S>,));
    quote! {
        impl #declared #krate::Bundle<__S> for #ty #bounds {
            type How = #krate::Single;
        }
    }
}

/// The query parameter that the view of a packed row is.
pub fn row_param(model: &Model) -> TokenStream {
    let (krate, ty) = (model.item.krate(), model.item.ty());
    let view = &model.view;
    let params = &model.item.params;
    let declared = params.declare(quote!(__S: #krate::Schema,));
    let applied = params.apply(quote!('_,));
    let bounds = params.bounds(krate, quote!(#ty: #krate::TableOf<__S>,));
    quote! {
        impl #declared #krate::QueryParam<__S> for #view #applied #bounds {
            type Fetch = #krate::RowOf<#ty>;
        }

        impl #declared #krate::RowParam<__S> for #view #applied #bounds {
            type Component = #ty;
        }
    }
}

/// The statements that hold what attributes claim against what is: sizes and offsets. The fields lie in `row`.
pub fn claims(model: &Model, row: &Ident) -> TokenStream {
    let (krate, ident) = (model.item.krate(), model.item.ident);
    let size = model.attrs.size.map(|size| {
        let (value, name) = (size.value as usize, ident.unraw().to_string());
        refuse(size.span, quote!(#krate::size_is(#name, #value, #krate::size_of::<#row>())))
    });
    let offsets = model.columns.iter().enumerate().filter_map(|(index, column)| {
        let (offset, Column { label, .. }) = (column.attrs.offset?, column);
        let value = offset.value as usize;
        let found = quote!(__OFFSETS[#index] as #krate::usize);
        Some(refuse(offset.span, quote!(#krate::offset_is(#label, #value, #found))))
    });
    quote!(#size #(#offsets)*)
}

/// The names of the members for `Debug`; none for a tuple.
pub fn labels(shape: Shape, columns: &[Column]) -> TokenStream {
    let labels = columns.iter().filter(|_| shape != Shape::Tuple).map(|column| &column.label);
    quote!(&[#(#labels),*])
}
