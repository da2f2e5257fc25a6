//! What is written instead of a component that was refused: enough that its uses elsewhere make no further errors.
//!
//! It never runs, because the errors beside it stop the build; it must only type-check.

use proc_macro2::TokenStream;
use quote::quote;

use crate::ast::Input;
use crate::attr::Storage;
use crate::expand::{columns, quiet, unsafe_token};
use crate::model::Model;

/// The errors, and stand-ins for everything that the derive would have made.
pub fn component(input: &Input, krate: &TokenStream, model: Option<&Model>, errors: syn::Error) -> TokenStream {
    let errors = errors.into_compile_error();
    let ident = &input.ident;
    let private = quote!(#krate::__private);
    let quiet = quiet();
    let unsafe_token = unsafe_token();
    let (impl_generics, type_generics, where_clause) = input.generics.split_for_impl();
    let bounds = where_clause.map(|clause| &clause.predicates).into_iter();
    let model = model.filter(|_| input.generics.params.is_empty());
    let types = model.map(types);
    let columns = model.map(|model| columns(model, |_, _| quote!(#private::core::unreachable!())));
    quote! {
        #errors
        #types

        #quiet
        const _: () = {
            #columns

            #[automatically_derived]
            #unsafe_token impl #impl_generics #krate::Component for #ident #type_generics
            where
                #(#bounds,)*
                Self: #private::core::marker::Send + #private::core::marker::Sync + 'static,
            {
                type Row = ();
                type Ref<'__row> = ();

                const SCHEMA: &'static #krate::schema::TableSchema = #private::core::unreachable!();

                fn into_row(self) {
                    #private::core::unreachable!()
                }

                fn from_row(_: &()) -> Self {
                    #private::core::unreachable!()
                }

                fn view(_: &()) {
                    #private::core::unreachable!()
                }

                fn with_mut<__R>(_: &mut (), _: impl #private::core::ops::FnOnce(&mut Self) -> __R) -> __R {
                    #private::core::unreachable!()
                }
            }
        };
    }
}

/// The names of the generated types, so that they can be mentioned.
fn types(model: &Model) -> TokenStream {
    if model.storage == Storage::Native || model.is_tag() {
        return TokenStream::new();
    }
    let private = model.private();
    let quiet = quiet();
    let Model { vis, row, view, .. } = model;
    quote! {
        #[doc(hidden)]
        #quiet
        #vis struct #row;

        #[doc(hidden)]
        #quiet
        #vis struct #view<'__row>(#private::core::marker::PhantomData<&'__row ()>);
    }
}
