//! Writes the code of a component that is stored packed: a row type, a view of it, and the way between them and the
//! struct.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;

use crate::ast::Shape;
use crate::expand::{
    braces, bundle, column, column_constants, described, name_of, no_drop_glue, quiet, refuse, row_param, schema, stop,
    unsafe_token,
};
use crate::model::{Column, Model};

/// The row type, the view, the implementations, the columns and the proof of the layout.
pub fn component(model: &Model) -> TokenStream {
    let private = model.private();
    let Model { ident, row, view, .. } = model;
    let (krate, import) = (model.krate(), &model.krate.import);
    let quiet = quiet();
    let unsafe_token = unsafe_token();
    let row_type = row_type(model);
    let row_impls = row_impls(model);
    let view_type = view_type(model);
    let view_impls = view_impls(model);
    let bundle = bundle(model);
    let row_param = row_param(model);
    let schema = schema(model, &quote!(#row), &quote!(1));
    let columns = column_constants(model, |index, of| column(model, &quote!(#row), index, of));
    let proof = proof(model);
    let pack = model
        .columns
        .iter()
        .map(|Column { member, ty, .. }| quote!(#member: <#ty as #krate::Field>::pack(self.#member, __heap)));
    let unpack = model
        .columns
        .iter()
        .map(|Column { member, ty, .. }| quote!(#member: <#ty as #krate::Field>::unpack(&__row.#member, __heap)));
    quote! {
        #row_type
        #view_type

        #quiet
        const _: () = {
            #import
            #proof
            #columns
            #row_impls
            #view_impls
            #bundle
            #row_param

            #[automatically_derived]
            #unsafe_token impl #krate::Component for #ident {
                type Row = #row;
                type Ref<'__row> = #view<'__row>;

                #schema

                #[inline]
                fn into_row(self, __heap: &mut #private::HeapBuf) -> #row {
                    #row { #(#pack),* }
                }

                #[inline]
                fn from_row(__row: &#row, __heap: #private::Heap<'_>) -> Self {
                    #ident { #(#unpack),* }
                }

                #[inline]
                fn view<'__row>(__row: &'__row #row, __heap: #private::Heap<'__row>) -> #view<'__row> {
                    #view { row: __row, heap: __heap }
                }

                #[inline]
                fn with_mut<__R>(
                    __row: &mut #row,
                    __heap: &mut #private::HeapBuf,
                    __change: impl #private::core::ops::FnOnce(&mut Self) -> __R,
                ) -> __R {
                    #private::with_mut_packed::<Self, __R>(__row, __heap, __change)
                }
            }
        };
    }
}

fn row_type(model: &Model) -> TokenStream {
    let Model { ident, vis, row, .. } = model;
    let krate = &model.krate.outside;
    let quiet = quiet();
    let doc = format!(
        "`{}` as it is stored: its fields one after the other without gaps, little-endian, alignment 1.",
        ident.unraw()
    );
    let fields = model.columns.iter().map(|column| {
        let Column { vis, member, ty, .. } = column;
        let name = name_of(member);
        let doc = described(column, "Field");
        // A type that is no field type is pointed at, not the derive.
        let place = Span::call_site().located_at(ty.span());
        let krate = krate.clone().into_iter().map(|mut token| {
            if model.krate.import.is_empty() {
                token.set_span(place);
            }
            token
        });
        let packed = quote_spanned!(place=> #(#krate)*::packed::Packed<#ty>);
        quote!(#[doc = #doc] #vis #name #packed)
    });
    let body = braces(model.shape, quote!(#(#fields),*));
    let semicolon = (model.shape == Shape::Tuple).then(|| quote!(;));
    quote! {
        #[doc = #doc]
        #quiet
        #[repr(C)]
        #vis struct #row #body #semicolon
    }
}

fn row_impls(model: &Model) -> TokenStream {
    let private = model.private();
    let Model { row, .. } = model;
    let unsafe_token = unsafe_token();
    let debug = debug(model, &row.unraw().to_string(), |Column { member, .. }| quote!(&self.#member));
    let equal = model.columns.iter().map(|Column { member, .. }| quote!(self.#member == __other.#member));
    quote! {
        #[automatically_derived]
        #unsafe_token impl #private::Row for #row {}

        #[automatically_derived]
        impl #private::core::clone::Clone for #row {
            #[inline]
            fn clone(&self) -> Self {
                *self
            }
        }

        #[automatically_derived]
        impl #private::core::marker::Copy for #row {}

        #[automatically_derived]
        impl #private::core::cmp::PartialEq for #row {
            #[inline]
            fn eq(&self, __other: &Self) -> #private::core::primitive::bool {
                #(#equal)&&*
            }
        }

        #[automatically_derived]
        impl #private::core::fmt::Debug for #row {
            #debug
        }
    }
}

fn view_type(model: &Model) -> TokenStream {
    let Model { ident, vis, row, view, .. } = model;
    let krate = &model.krate.outside;
    let quiet = quiet();
    let doc = format!("A `{}` in its table, read without copying its row: one method for each field.", ident.unraw());
    quote! {
        #[doc = #doc]
        #quiet
        #vis struct #view<'__row> {
            row: &'__row #row,
            heap: #krate::packed::Heap<'__row>,
        }
    }
}

fn view_impls(model: &Model) -> TokenStream {
    let private = model.private();
    let Model { ident, vis, view, .. } = model;
    let krate = model.krate();
    let getters = model.columns.iter().map(|column| {
        let Column { vis, member, ty, getter, .. } = column;
        let doc = described(column, "Field");
        quote! {
            #[doc = #doc]
            #[inline]
            #vis fn #getter(self) -> #krate::packed::View<'__row, #ty> {
                <#ty as #krate::Field>::view(&self.row.#member, self.heap)
            }
        }
    });
    // A field of that name has the method; `From` is there in any case.
    let to_owned = (!model.columns.iter().any(|column| column.getter.unraw() == "to_owned")).then(|| {
        quote! {
            /// The whole component, copied out of its row.
            #[inline]
            #vis fn to_owned(self) -> #ident {
                <#ident as #krate::Component>::from_row(self.row, self.heap)
            }
        }
    });
    let debug = debug(
        model,
        &ident.unraw().to_string(),
        |Column { member, ty, .. }| quote!(&<#ty as #krate::Field>::view(&self.row.#member, self.heap)),
    );
    quote! {
        #[automatically_derived]
        impl<'__row> #view<'__row> {
            #(#getters)*
            #to_owned
        }

        #[automatically_derived]
        impl #private::core::clone::Clone for #view<'_> {
            #[inline]
            fn clone(&self) -> Self {
                *self
            }
        }

        #[automatically_derived]
        impl #private::core::marker::Copy for #view<'_> {}

        #[automatically_derived]
        impl #private::core::cmp::PartialEq for #view<'_> {
            #[inline]
            fn eq(&self, __other: &Self) -> #private::core::primitive::bool {
                *self.row == *__other.row
            }
        }

        #[automatically_derived]
        impl #private::core::fmt::Debug for #view<'_> {
            #debug
        }

        #[automatically_derived]
        impl #private::core::convert::From<#view<'_>> for #ident {
            #[inline]
            fn from(__view: #view<'_>) -> Self {
                <#ident as #krate::Component>::from_row(__view.row, __view.heap)
            }
        }
    }
}

/// The method of a `Debug` implementation, in the shape of the struct.
fn debug(model: &Model, name: &str, value: impl Fn(&Column) -> TokenStream) -> TokenStream {
    let private = model.private();
    let fmt = quote!(#private::core::fmt);
    let (start, builder) = match model.shape {
        Shape::Tuple => (quote!(debug_tuple), quote!(DebugTuple)),
        Shape::Named | Shape::Unit => (quote!(debug_struct), quote!(DebugStruct)),
    };
    let fields = model.columns.iter().map(|column| {
        let label = (model.shape != Shape::Tuple).then_some(&column.label).into_iter();
        let value = value(column);
        quote!(#fmt::#builder::field(&mut __debug, #(#label,)* #value);)
    });
    quote! {
        fn fmt(&self, __f: &mut #fmt::Formatter<'_>) -> #fmt::Result {
            let mut __debug = #fmt::Formatter::#start(__f, #name);
            #(#fields)*
            #fmt::#builder::finish(&mut __debug)
        }
    }
}

/// The constant that fails to compile if the row is not what the schema says, or too large.
fn proof(model: &Model) -> TokenStream {
    let private = model.private();
    let krate = model.krate();
    let row = &model.row;
    let stop = stop(model);
    let fields = model.columns.iter().map(|Column { member, ty, .. }| {
        quote! {
            #private::PackedLayout::field(
                &mut __layout,
                #private::core::mem::offset_of!(#row, #member),
                #private::core::mem::size_of::<<#ty as #krate::Field>::Packed>(),
            );
        }
    });
    let count = model.columns.len();
    let finish = refuse(
        model.ident.span(),
        quote!(#private::PackedLayout::finish(
            &__layout,
            #count,
            #private::core::mem::size_of::<#row>(),
            #private::core::mem::align_of::<#row>(),
        )),
    );
    let no_drop_glue = no_drop_glue(model);
    quote! {
        const _: () = {
            #stop
            #no_drop_glue
            let mut __layout = #private::PackedLayout::new();
            #(#fields)*
            #finish
        };
    }
}
