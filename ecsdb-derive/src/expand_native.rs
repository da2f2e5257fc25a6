//! Writes the code of a component that is its own row: `#[repr(C)]`, and tags.

use proc_macro2::TokenStream;
use quote::quote;

use crate::expand::{bundle, column, column_constants, no_drop_glue, quiet, refuse, schema, stop, unsafe_token};
use crate::model::{Column, Model};

/// The implementations, the columns and the proof of the layout.
pub fn component(model: &Model) -> TokenStream {
    let private = model.private();
    let ident = model.ident;
    let (krate, import) = (model.krate(), &model.krate.import);
    let quiet = quiet();
    let unsafe_token = unsafe_token();
    let types = model.columns.iter().map(|column| column.ty);
    let align = quote!(#private::strictest(&[#(<#types as #krate::NativeField>::ALIGN),*]));
    let schema = schema(model, &quote!(#ident), &align);
    let columns = column_constants(model, |index, of| column(model, &quote!(#ident), index, of));
    let proof = proof(model);
    let unchanged = unchanged(model);
    let bundle = bundle(model);
    quote! {
        #quiet
        const _: () = {
            #import
            #proof
            #unchanged
            #columns
            #bundle

            #[automatically_derived]
            #unsafe_token impl #private::Row for #ident {}

            #[automatically_derived]
            #unsafe_token impl #krate::Component for #ident {
                type Row = Self;
                type Ref<'__row> = &'__row Self;

                #schema

                #[inline]
                fn into_row(self, _: &mut #private::HeapBuf) -> Self {
                    self
                }

                #[inline]
                fn from_row(__row: &Self, _: #private::Heap<'_>) -> Self {
                    #private::duplicate(__row)
                }

                #[inline]
                fn view<'__row>(__row: &'__row Self, _: #private::Heap<'__row>) -> &'__row Self {
                    __row
                }

                #[inline]
                fn with_mut<__R>(
                    __row: &mut Self,
                    _: &mut #private::HeapBuf,
                    __change: impl #private::core::ops::FnOnce(&mut Self) -> __R,
                ) -> __R {
                    __change(__row)
                }
            }
        };
    }
}

/// The constant that fails to compile, at the field, if there is padding.
fn proof(model: &Model) -> TokenStream {
    let private = model.private();
    let krate = model.krate();
    let ident = model.ident;
    let stop = stop(model);
    let fields = model.columns.iter().map(|column| {
        let Column { member, ty, label, span, .. } = column;
        let offset = quote!(#private::core::mem::offset_of!(#ident, #member));
        let size = quote!(#private::core::mem::size_of::<#ty>());
        let align = quote!(<#ty as #krate::NativeField>::ALIGN);
        refuse(*span, quote!(#private::NativeLayout::field(&mut __layout, #label, #offset, #size, #align)))
    });
    let count = model.columns.len();
    let last = model.columns.last().map_or_else(|| ident.span(), |column| column.span);
    let finish = refuse(
        last,
        quote!(#private::NativeLayout::finish(
            &__layout,
            #count,
            #private::core::mem::size_of::<#ident>(),
            #private::core::mem::align_of::<#ident>(),
        )),
    );
    let no_drop_glue = no_drop_glue(model);
    let mutable = (!model.is_tag()).then(|| quote!(mut));
    quote! {
        const _: () = {
            #stop
            #no_drop_glue
            let #mutable __layout = #private::NativeLayout::new();
            #(#fields)*
            #finish
        };
    }
}

/// A function that compiles only if the struct still has the fields that the derive saw, each of the same type:
/// attribute macros below the derive run after it and may change both.
fn unchanged(model: &Model) -> TokenStream {
    let ident = model.ident;
    let members = model.columns.iter().map(|column| column.member);
    let types =
        model.columns.iter().map(|Column { member, ty, .. }| quote!(let _: *const #ty = &raw const __value.#member;));
    quote! {
        const _: fn(&#ident) = |__value| {
            let #ident { #(#members: _),* } = __value;
            #(#types)*
        };
    }
}
