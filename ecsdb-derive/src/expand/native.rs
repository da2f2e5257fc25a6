//! Writes the code of a component that is a native row: `#[repr(C)]`, and tags. Neither has parameters.

use proc_macro2::TokenStream;
use quote::quote;

use super::component::{bundle, claims, columns, offsets};
use super::schema::{self, Drift};
use super::{block, checks, index, no_drop, refuse, unsafe_token};
use crate::model::component::Model;
use crate::model::{Column, Item};

/// The implementations, the columns and the proof of the layout.
pub fn component(model: &Model, drift: Option<Option<Drift>>) -> TokenStream {
    let Model { item, .. } = model;
    let (krate, ty) = (item.krate(), item.ty());
    let unsafe_token = unsafe_token();
    let align = align(item, &model.columns);
    let schema = schema::constants(model, item.ident, &align);
    let offsets = offsets(item, &model.columns, item.ident);
    let columns = columns(model, true);
    let (indexes, keys) = (index::constants(model), index::proof(model));
    let claims = claims(model, item.ident);
    let Drift { statement, tracking } = drift.flatten().unwrap_or_else(Drift::none);
    let proof = proof(item, &model.columns);
    let proof = checks(krate, quote!(#proof #claims #keys #statement));
    let unchanged = unchanged(item, &model.columns);
    let bundle = bundle(model);
    block(
        item,
        quote! {
            #tracking
            #offsets
            #proof
            #unchanged
            #columns
            #indexes
            #bundle

            #[automatically_derived]
            #unsafe_token impl #krate::Row for #ty {}

            #[automatically_derived]
            #unsafe_token impl #krate::Component for #ty {
                type Row = Self;
                type Ref<'__row> = &'__row Self;

                #schema

                #[inline]
                fn into_row(self, _: &mut #krate::HeapBuf) -> Self {
                    self
                }

                #[inline]
                fn from_row(__row: &Self, _: #krate::Heap<'_>) -> Self {
                    #krate::duplicate(__row)
                }

                #[inline]
                fn view<'__row>(__row: &'__row Self, _: #krate::Heap<'__row>) -> &'__row Self {
                    __row
                }

                #[inline]
                #unsafe_token fn with_mut<__R>(
                    __row: &mut Self,
                    _: &mut #krate::HeapBuf,
                    __change: impl #krate::FnOnce(&mut Self) -> __R,
                ) -> __R {
                    __change(__row)
                }
            }
        },
    )
}

/// The canonical alignment of a struct that is stored as it is.
pub fn align(item: &Item, columns: &[Column]) -> TokenStream {
    let krate = item.krate();
    let types = columns.iter().map(|column| &column.ty);
    quote!(#krate::strictest(&[#(<#types as #krate::NativeField>::ALIGN),*]))
}

/// The statements that fail to compile, at the field, if there is padding.
pub fn proof(item: &Item, columns: &[Column]) -> TokenStream {
    let (krate, ident) = (item.krate(), item.ident);
    let fields = columns.iter().enumerate().map(|(index, column)| {
        let Column { ty, label, span, .. } = column;
        let offset = quote!(__OFFSETS[#index] as #krate::usize);
        let size = quote!(#krate::size_of::<#ty>());
        let align = quote!(<#ty as #krate::NativeField>::ALIGN);
        refuse(*span, quote!(#krate::NativeLayout::field(&mut __layout, #label, #offset, #size, #align)))
    });
    let count = columns.len();
    let last = columns.last().map_or_else(|| ident.span(), |column| column.span);
    let finish = refuse(
        last,
        quote!(#krate::NativeLayout::finish(
            &__layout,
            #count,
            #krate::size_of::<#ident>(),
            #krate::align_of::<#ident>(),
        )),
    );
    let no_drop = no_drop(item, &[]);
    let mutable = (!columns.is_empty()).then(|| quote!(mut));
    quote! {
        #no_drop
        let #mutable __layout = #krate::NativeLayout::new();
        #(#fields)*
        #finish
    }
}

/// A function that compiles only if the struct still has the fields that the derive saw, each of the same type:
/// attribute macros below the derive run after it and may change both.
pub fn unchanged(item: &Item, columns: &[Column]) -> TokenStream {
    let ident = item.ident;
    let members = columns.iter().map(|column| &column.member);
    let types = columns.iter().map(|Column { member, ty, .. }| quote!(let _: *const #ty = &raw const __value.#member;));
    quote! {
        const _: fn(&#ident) = |__value| {
            let #ident { #(#members: _),* } = __value;
            #(#types)*
        };
    }
}
