//! Writes the code of a component that is stored packed: a row type, a view of it, and the way between them and the
//! struct or enum.

use proc_macro2::TokenStream;
use quote::quote;
use syn::ext::IdentExt;

use super::component::{bundle, claims, columns, labels, offsets, row_param};
use super::packing::{Packing, Purpose};
use super::schema::{self, Drift};
use super::{block, checks, enums, index, no_drop, unsafe_token};
use crate::model::component::Model;
use crate::model::{Column, Stored};

/// The row type, the view, the implementations, the columns and the proof of the layout.
pub fn component(model: &Model, drift: Option<Option<Drift>>) -> TokenStream {
    let Model { item, row, view, .. } = model;
    let (krate, ty) = (item.krate(), item.ty());
    let unsafe_token = unsafe_token();
    let packing = packing(model);
    let types = packing.types();
    let impls = packing.impls();
    let debug = debug(model, &packing);
    let whole = model.enumeration.as_ref().map(|enumeration| enums::whole(item, enumeration));
    let bundle = bundle(model);
    let row_param = row_param(model);
    let schema = schema::constants(model, row, &quote!(1));
    let offsets = offsets(item, &model.columns, row);
    let columns = columns(model, true);
    let (indexes, keys) = (index::constants(model), index::proof(model));
    let Drift { statement, tracking } = drift.flatten().unwrap_or_else(Drift::none);
    let proof = {
        let (layout, claims) = (packing.proof(), claims(model, row));
        let no_drop = match &model.enumeration {
            // Said by the code of the enum.
            Some(_) => TokenStream::new(),
            None => no_drop(item, &model.columns.iter().collect::<Vec<_>>()),
        };
        checks(krate, quote!(#no_drop #layout #claims #keys #statement))
    };
    let pack = packing.pack(|Column { member, stored, .. }| match stored {
        Stored::Whole => quote!(self),
        _ => quote!(self.#member),
    });
    let unpack = match &model.columns[..] {
        [column] if matches!(column.stored, Stored::Whole) => packing.unpack(column),
        columns => {
            let ident = item.ident;
            let fields = columns.iter().map(|column| {
                let (member, value) = (&column.member, packing.unpack(column));
                quote!(#member: #value)
            });
            quote!(#ident { #(#fields),* })
        }
    };
    let make_view = packing.make_view();
    let (declared, bounds) = (item.params.declare(TokenStream::new()), item.params.bounds(krate, TokenStream::new()));
    let applied = item.params.apply(quote!('__row,));
    let block = block(
        item,
        quote! {
            #tracking
            #offsets
            #proof
            #columns
            #indexes
            #whole
            #impls
            #debug
            #bundle
            #row_param

            #[automatically_derived]
            #unsafe_token impl #declared #krate::Component for #ty #bounds {
                type Row = #row;
                type Ref<'__row> = #view #applied;

                #schema

                #[inline]
                fn into_row(self, __heap: &mut #krate::HeapBuf) -> #row {
                    #pack
                }

                #[inline]
                fn from_row(__packed: &#row, __heap: #krate::Heap<'_>) -> Self {
                    #unpack
                }

                #[inline]
                fn view<'__row>(__packed: &'__row #row, __heap: #krate::Heap<'__row>) -> #view #applied {
                    #make_view
                }
            }
        },
    );
    quote!(#types #block)
}

/// The row type and the view of a packed component.
pub fn packing<'m>(model: &'m Model<'m>) -> Packing<'m> {
    Packing {
        item: &model.item,
        shape: model.shape,
        columns: &model.columns,
        packed: &model.row,
        view: &model.view,
        purpose: Purpose::Row,
    }
}

/// `Debug` of both types, which looks at the schema and not at the types of the fields: these need not have it.
fn debug(model: &Model, packing: &Packing) -> TokenStream {
    let (krate, ty) = (model.item.krate(), model.item.ty());
    let labels = labels(model.shape, &model.columns);
    let (row, name) = (model.row.unraw().to_string(), model.item.ident.unraw().to_string());
    // The row of a type with parameters has none, so it does not know its component.
    let of_row = match model.item.params.is_empty() {
        true => quote!(#krate::show_row::<#ty>(__f, #row, #labels, self)),
        false => quote!(#krate::DebugStruct::finish_non_exhaustive(
            &mut #krate::Formatter::debug_struct(__f, #row)
        )),
    };
    // An enum is shown as its value.
    let (name, labels) = if model.enumeration.is_some() { (String::new(), quote!(&[])) } else { (name, labels) };
    let of_row = packing.debug(&model.row, of_row);
    let of_view = quote!(#krate::show_view::<#ty>(__f, #name, #labels, self.packed, self.heap));
    let of_view = packing.debug(&model.view, of_view);
    quote!(#of_row #of_view)
}
