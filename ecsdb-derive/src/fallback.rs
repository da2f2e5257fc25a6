//! What is written instead of a component that was refused: enough that its uses elsewhere make no further errors.
//!
//! It never runs, because the errors beside it stop the build; it must only type-check.

use proc_macro2::TokenStream;
use quote::quote;

use crate::ast::Input;
use crate::attr::Storage;
use crate::check::Refused;
use crate::expand::{column_constants, quiet, unsafe_token};
use crate::model::{CratePath, Model};

/// The errors, and stand-ins for everything that the derive would have made.
pub fn component(input: &Input, krate: &CratePath, model: Option<&Model>, errors: syn::Error) -> TokenStream {
    let errors = errors.into_compile_error();
    let model = model.filter(|_| input.generics.params.is_empty());
    let refused = model.map_or(Refused::Nothing, |model| model.refused);
    if refused == Refused::Unsized {
        return errors;
    }
    let import = &krate.import;
    let types = model.map(types);
    let columns = model.map(|model| column_constants(model, |index, _| column(model, index)));
    let shareable = (refused == Refused::Value).then(|| shareable(input, krate));
    let implementation = implementation(input, krate);
    let quiet = quiet();
    quote! {
        #errors
        #types

        #quiet
        const _: () = {
            #import
            #columns
            #shareable
            #implementation
        };
    }
}

/// Column number `index`, which lies nowhere.
fn column(model: &Model, index: usize) -> TokenStream {
    let krate = model.krate();
    let index = index as u16;
    quote!(#krate::Column::new(#index, 0))
}

/// Lets a struct with a refused field type be a component, whatever the type is.
fn shareable(input: &Input, krate: &CratePath) -> TokenStream {
    let ident = &input.ident;
    let private = krate.private();
    let unsafe_token = unsafe_token();
    quote! {
        #unsafe_token impl #private::core::marker::Send for #ident {}
        #unsafe_token impl #private::core::marker::Sync for #ident {}
    }
}

/// A `Component` that stores nothing.
fn implementation(input: &Input, krate: &CratePath) -> TokenStream {
    let private = krate.private();
    let krate = &krate.inside;
    let ident = &input.ident;
    let unsafe_token = unsafe_token();
    let (impl_generics, type_generics, where_clause) = input.generics.split_for_impl();
    let bounds = where_clause.map(|clause| &clause.predicates).into_iter();
    let shareable = (!input.generics.params.is_empty())
        .then(|| quote!(Self: #private::core::marker::Send + #private::core::marker::Sync + 'static,));
    quote! {
        #[automatically_derived]
        #unsafe_token impl #impl_generics #krate::Component for #ident #type_generics
        where
            #(#bounds,)*
            #shareable
        {
            type Row = ();
            type Ref<'__row> = ();

            const TABLE: &'static #private::core::primitive::str = "refused";

            const SCHEMA: &'static #krate::schema::TableSchema = #private::REFUSED;

            fn into_row(self, _: &mut #private::HeapBuf) {
                #private::core::unreachable!()
            }

            fn from_row(_: &(), _: #private::Heap<'_>) -> Self {
                #private::core::unreachable!()
            }

            fn view<'__row>(_: &'__row (), _: #private::Heap<'__row>) {
                #private::core::unreachable!()
            }

            fn with_mut<__R>(_: &mut (), _: &mut #private::HeapBuf, _: impl #private::core::ops::FnOnce(&mut Self) -> __R) -> __R {
                #private::core::unreachable!()
            }
        }
    }
}

/// The names of the generated types, so that they can be mentioned.
fn types(model: &Model) -> TokenStream {
    if model.storage == Storage::Native || model.is_tag() {
        return TokenStream::new();
    }
    let quiet = quiet();
    let Model { vis, row, view, .. } = model;
    quote! {
        #[doc(hidden)]
        #quiet
        #vis struct #row;

        #[doc(hidden)]
        #quiet
        #vis struct #view<'__row>(&'__row ());
    }
}
