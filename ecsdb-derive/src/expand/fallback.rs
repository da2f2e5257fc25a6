//! What is written instead of a type that was refused: enough that its uses elsewhere make no further errors.
//!
//! It never runs, because the errors beside it stop the build; it must only type-check.

use proc_macro2::TokenStream;
use quote::quote;
use syn::Ident;

use super::component::columns;
use super::value::parts;
use super::{index, quiet, unsafe_token};
use crate::ast::Input;
use crate::check::Refused;
use crate::model::component::Model;
use crate::model::value::{self as values, Kind};
use crate::model::{CratePath, Item};

/// The errors, and stand-ins for everything that `#[derive(Component)]` would have made.
pub fn component(input: &Input, krate: &CratePath, model: Option<&Model>, errors: syn::Error) -> TokenStream {
    let model = model.filter(|_| input.generics.params.is_empty());
    let content = model.map(|model| {
        let types = (!model.is_own_row()).then(|| types(&model.item, &model.row, &model.view));
        let whole = model.enumeration.is_some().then(|| implementation(input, krate, &whole(krate)));
        let (columns, indexes) = (columns(model, false), index::constants(model));
        Content { types, block: quote!(#columns #indexes #whole), refused: model.refused }
    });
    let unshareable = content.as_ref().is_some_and(|content| content.refused == Refused::Unshareable);
    let shareable = unshareable.then(|| shareable(input, krate));
    let implementation = implementation(input, krate, &as_component(krate));
    write(krate, content, quote!(#shareable #implementation), errors)
}

/// The errors, and stand-ins for everything that `#[derive(Field)]` would have made.
pub fn value(input: &Input, krate: &CratePath, model: Option<&values::Model>, errors: syn::Error) -> TokenStream {
    let model = model.filter(|_| input.generics.params.is_empty());
    let content = model.map(|model| {
        let (types, block) = match &model.kind {
            Kind::Struct(of) => (Some(types(&model.item, &of.packed, &of.view)), parts(&model.item, of, false)),
            Kind::Enum(_) => (None, TokenStream::new()),
        };
        Content { types, block, refused: model.refused }
    });
    // Whoever makes it shareable must be alone in that, and `#[derive(Component)]` may stand beside.
    let unshareable = content.as_ref().is_some_and(|content| content.refused == Refused::Unshareable);
    let implementation = (!unshareable).then(|| implementation(input, krate, &as_field(krate)));
    write(krate, content, quote!(#implementation), errors)
}

/// What stands beside the implementation.
struct Content {
    types: Option<TokenStream>,
    block: TokenStream,
    refused: Refused,
}

fn write(krate: &CratePath, content: Option<Content>, implementation: TokenStream, errors: syn::Error) -> TokenStream {
    let errors = errors.into_compile_error();
    let refused = content.as_ref().map_or(Refused::Nothing, |content| content.refused);
    if refused == Refused::Unsized {
        return errors;
    }
    let (types, block) = content.map_or((None, TokenStream::new()), |content| (content.types, content.block));
    let (quiet, import) = (quiet(), &krate.import);
    quote! {
        #errors
        #types

        #quiet
        const _: () = {
            #import
            #block
            #implementation
        };
    }
}

/// Lets an item with a refused field type be stored, whatever the type is.
fn shareable(input: &Input, krate: &CratePath) -> TokenStream {
    let ident = &input.ident;
    let krate = &krate.inside;
    let unsafe_token = unsafe_token();
    quote! {
        #unsafe_token impl #krate::Send for #ident {}
        #unsafe_token impl #krate::Sync for #ident {}
    }
}

/// A trait, and what stands in its implementation.
struct Implementation {
    of: TokenStream,
    body: TokenStream,
}

/// The implementation for the item.
fn implementation(input: &Input, krate: &CratePath, Implementation { of, body }: &Implementation) -> TokenStream {
    let krate = &krate.inside;
    let ident = &input.ident;
    let unsafe_token = unsafe_token();
    let (impl_generics, type_generics, where_clause) = input.generics.split_for_impl();
    let bounds = where_clause.map(|clause| &clause.predicates).into_iter();
    let shareable = (!input.generics.params.is_empty()).then(|| quote!(Self: #krate::Send + #krate::Sync + 'static,));
    quote! {
        #[automatically_derived]
        #unsafe_token impl #impl_generics #of for #ident #type_generics
        where
            #(#bounds,)*
            #shareable
        {
            #body
        }
    }
}

/// A `Component` that stores nothing.
fn as_component(krate: &CratePath) -> Implementation {
    let krate = &krate.inside;
    let unreachable = quote!(#krate::core::unreachable!());
    let unsafe_token = unsafe_token();
    let body = quote! {
        type Row = ();
        type Ref<'__row> = ();

        const TABLE: &'static #krate::str = "refused";

        const SCHEMA: &'static #krate::TableSchema = #krate::REFUSED;

        fn into_row(self, _: &mut #krate::HeapBuf) {
            #unreachable
        }

        fn from_row(_: &(), _: #krate::Heap<'_>) -> Self {
            #unreachable
        }

        fn view<'__row>(_: &'__row (), _: #krate::Heap<'__row>) {
            #unreachable
        }

        #unsafe_token fn with_mut<__R>(
            _: &mut (),
            _: &mut #krate::HeapBuf,
            _: impl #krate::FnOnce(&mut Self) -> __R,
        ) -> __R {
            #unreachable
        }
    };
    Implementation { of: quote!(#krate::Component), body }
}

/// A `Field` that stores nothing.
fn as_field(krate: &CratePath) -> Implementation {
    let krate = &krate.inside;
    let unreachable = quote!(#krate::core::unreachable!());
    let body = quote! {
        type Value = Self;
        type Packed = ();
        type Optional = #krate::Optional<()>;
        type Element = ();
        type View<'__row> = ();
        type List<'__row> = ();

        const TYPE: #krate::FieldType = #krate::struct_type("refused", &[]);

        fn from_value(__value: Self) -> Self {
            __value
        }

        fn pack(self, _: &mut #krate::HeapBuf) {
            #unreachable
        }

        fn unpack(_: &(), _: #krate::Heap<'_>) -> Self {
            #unreachable
        }

        fn view<'__row>(_: &'__row (), _: #krate::Heap<'__row>) {
            #unreachable
        }

        fn list<'__row>(_: &'__row [()], _: #krate::Heap<'__row>) {
            #unreachable
        }
    };
    Implementation { of: quote!(#krate::Field), body }
}

/// An enum as a whole that stores nothing.
fn whole(krate: &CratePath) -> Implementation {
    let krate = &krate.inside;
    let unreachable = quote!(#krate::core::unreachable!());
    let body = quote! {
        type Packed = ();

        const TYPE: #krate::FieldType = #krate::struct_type("refused", &[]);

        fn pack(self, _: &mut #krate::HeapBuf) {
            #unreachable
        }

        fn unpack(_: &(), _: #krate::Heap<'_>) -> Self {
            #unreachable
        }
    };
    Implementation { of: quote!(#krate::WholeValue), body }
}

/// The names of the generated types, so that they can be mentioned.
fn types(item: &Item, packed: &Ident, view: &Ident) -> TokenStream {
    let quiet = quiet();
    let vis = item.vis;
    let view = (packed != view).then(|| {
        quote! {
            #[doc(hidden)]
            #quiet
            #vis struct #view<'__row>(&'__row ());
        }
    });
    quote! {
        #[doc(hidden)]
        #quiet
        #vis struct #packed;

        #view
    }
}
