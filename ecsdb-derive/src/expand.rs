//! Writes the code of a component: here what both kinds of rows share, the rest in `expand_native` and
//! `expand_packed`.
//!
//! Rules of the generated code: every path starts at the crate path; every method is called by its full path, so that
//! no method of the user's is called instead; parameters begin with `__`; `unsafe` never has the place of a token of
//! the user's; nothing but the row type and the view gets a name in the user's module.

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::Member;

use crate::ast::{Input, Shape};
use crate::attr::{Storage, StructAttrs};
use crate::ctxt::Ctxt;
use crate::model::{Column, CratePath, Model, model};
use crate::{expand_native, expand_packed, fallback};

/// The code for `#[derive(Component)]` on `input`, or the errors and what keeps further ones away.
pub fn component(input: &Input) -> TokenStream {
    let cx = Ctxt::new();
    let attrs = StructAttrs::parse(&cx, &input.attrs);
    let model = model(&cx, input, &attrs);
    match (cx.finish(), model) {
        (Ok(()), Some(model)) if model.storage == Storage::Native || model.is_tag() => expand_native::component(&model),
        (Ok(()), Some(model)) => expand_packed::component(&model),
        (Ok(()), None) => TokenStream::new(),
        (Err(errors), model) => fallback::component(input, &CratePath::new(&attrs), model.as_ref(), errors),
    }
}

/// The attribute that keeps lints about the user's names and habits out of generated code.
pub fn quiet() -> TokenStream {
    quote! {
        #[allow(
            dead_code, deprecated, non_camel_case_types, non_snake_case, private_interfaces, single_use_lifetimes,
            unreachable_pub, unused_qualifications
        )]
    }
}

/// The `unsafe` of an `impl`, at a place that belongs to the macro.
pub fn unsafe_token() -> TokenStream {
    quote_spanned!(Span::mixed_site()=> unsafe)
}

/// The `SCHEMA` constant; the columns lie in a row of type `row`, which has the alignment `align`.
pub fn schema(model: &Model, row: &TokenStream, align: &TokenStream) -> TokenStream {
    let private = model.private();
    let krate = model.krate();
    let Model { table, doc, .. } = model;
    let layout = match model.storage {
        Storage::Packed => quote!(Packed),
        Storage::Native => quote!(Native),
    };
    let durability = Ident::new(model.durability, Span::call_site());
    let fields = model.columns.iter().map(|column| {
        let Column { name, doc, ty, member, .. } = column;
        quote! {
            #krate::schema::FieldSchema {
                name: #private::Cow::Borrowed(#name),
                doc: #private::Cow::Borrowed(#doc),
                field_type: <#ty as #krate::Field>::TYPE,
                offset: #private::core::mem::offset_of!(#row, #member) as #private::core::primitive::u32,
                renamed_from: #private::Cow::Borrowed(""),
                default: #private::core::option::Option::None,
                since: 0,
                deprecated: #private::core::option::Option::None,
            },
        }
    });
    quote! {
        const TABLE: &'static #private::core::primitive::str = #table;

        const SCHEMA: &'static #krate::schema::TableSchema = &#krate::schema::TableSchema {
            name: #private::Cow::Borrowed(#table),
            doc: #private::Cow::Borrowed(#doc),
            renamed_from: #private::Cow::Borrowed(""),
            version: 0,
            deprecated: #private::core::option::Option::None,
            layout: #krate::schema::RowLayout::#layout,
            size: #private::core::mem::size_of::<#row>() as #private::core::primitive::u32,
            align: #align,
            key: #private::core::option::Option::None,
            durability: #krate::schema::Durability::#durability,
            fields: #private::Cow::Borrowed(const { &[#(#fields)*] }),
        };
    }
}

/// The constant `C` with a typed column for each field, as visible as the field.
///
/// `value` writes each column: its number and the column.
pub fn column_constants(model: &Model, value: impl Fn(usize, &Column) -> TokenStream) -> TokenStream {
    if model.is_tag() {
        return TokenStream::new();
    }
    let Model { ident, vis, .. } = model;
    let krate = model.krate();
    let name = format_ident!("{}Columns", ident, span = Span::mixed_site());
    let labels: Vec<String> = model.columns.iter().map(|column| format!("`{}`", column.label)).collect();
    let about = format!("The columns of `{}`.", ident);
    let about_constant = format!("The columns of the table: {}.", labels.join(", "));
    let fields = model.columns.iter().map(|column| {
        let Column { vis, member, ty, .. } = column;
        let doc = described(column, "Column");
        let name = name_of(member);
        quote!(#[doc = #doc] #vis #name #krate::Column<#ident, #ty>)
    });
    let definition = braces(model.shape, quote!(#(#fields),*));
    let semicolon = (model.shape == Shape::Tuple).then(|| quote!(;));
    let values = model.columns.iter().enumerate().map(|(index, column)| {
        let member = column.member;
        let value = value(index, column);
        quote!(#member: #value)
    });
    quote! {
        #[doc = #about]
        #vis struct #name #definition #semicolon

        #[automatically_derived]
        impl #ident {
            #[doc = #about_constant]
            #vis const C: #name = #name { #(#values),* };
        }
    }
}

/// The bundle that the component is by itself.
pub fn bundle(model: &Model) -> TokenStream {
    let private = model.private();
    let (ident, krate) = (model.ident, model.krate());
    let tables = quote!(&'static [#private::core::primitive::u16]);
    let sink = quote! {
        impl #private::core::ops::FnMut(
            #private::core::primitive::u16,
            #private::RowBytes<'_>,
        ) -> #private::core::result::Result<(), #krate::OpError>
    };
    let result = quote!(#private::core::result::Result<(), #krate::OpError>);
    // Not `Self::Columns`, which is a further error where the crate path is wrong.
    let columns = quote!(#private::single::Rows<#ident>);
    quote! {
        #[automatically_derived]
        impl<__S: #krate::schema::Schema> #krate::Bundle<__S> for #ident
        where
            #ident: #krate::schema::TableOf<__S>,
        {
            const TABLES: #tables = &[<#ident as #krate::schema::TableOf<__S>>::INDEX];
            type Columns = #columns;

            #[inline]
            fn rows(self, __sink: #sink) -> #result {
                #private::single::rows::<__S, #ident>(self, __sink)
            }

            #[inline]
            fn push(self, __columns: &mut #columns) {
                #private::single::push::<#ident>(self, __columns)
            }

            #[inline]
            fn flush(__columns: &mut #columns, __sink: #sink) -> #result {
                #private::single::flush::<__S, #ident>(__columns, __sink)
            }
        }
    }
}

/// The query parameter that the view of a packed row is.
pub fn row_param(model: &Model) -> TokenStream {
    let private = model.private();
    let (ident, view, krate) = (model.ident, &model.view, model.krate());
    quote! {
        #[automatically_derived]
        impl<__S: #krate::schema::Schema> #krate::QueryParam<__S> for #view<'_>
        where
            #ident: #krate::schema::TableOf<__S>,
        {
            type Fetch = #private::RowOf<#ident>;
        }

        #[automatically_derived]
        impl<__S: #krate::schema::Schema> #krate::RowParam<__S> for #view<'_>
        where
            #ident: #krate::schema::TableOf<__S>,
        {
            type Component = #ident;
        }
    }
}

/// Column number `index`, where it lies in the row type `row`.
pub fn column(model: &Model, row: &TokenStream, index: usize, column: &Column) -> TokenStream {
    let private = model.private();
    let ident = model.ident;
    let krate = model.krate();
    let Column { ty, member, .. } = column;
    let index = index as u16;
    quote! {
        #krate::Column::<#ident, #ty>::new(
            #index,
            #private::core::mem::offset_of!(#row, #member) as #private::core::primitive::u32,
        )
    }
}

/// The statement in a constant that stops the build with the text of `check`, at `span`, unless the text is empty.
///
/// The compiler shows the place of the call, from the name to the closing parenthesis, if it is a place of the user's:
/// so the name is short, and imported by [`stop`].
pub fn refuse(span: Span, check: TokenStream) -> TokenStream {
    let mut arguments = Group::new(Delimiter::Parenthesis, check);
    arguments.set_span(span);
    let stop = Ident::new("__ecsdb_stop", span);
    quote!(#stop #arguments;)
}

/// The import that [`refuse`] needs.
pub fn stop(model: &Model) -> TokenStream {
    let private = model.private();
    quote!(
        use #private::stop as __ecsdb_stop;
    )
}

/// The check that the type needs no drop.
pub fn no_drop_glue(model: &Model) -> TokenStream {
    let private = model.private();
    let ident = model.ident;
    refuse(ident.span(), quote!(#private::drop_glue(#private::core::mem::needs_drop::<#ident>())))
}

/// A struct body: braces for named fields, parentheses for a tuple.
pub fn braces(shape: Shape, fields: TokenStream) -> TokenStream {
    match shape {
        Shape::Tuple => quote!((#fields)),
        Shape::Named | Shape::Unit => quote!({ #fields }),
    }
}

/// What stands before the type in a field: its name, if it has one.
pub fn name_of(member: &Member) -> TokenStream {
    match member {
        Member::Named(name) => quote!(#name:),
        Member::Unnamed(_) => TokenStream::new(),
    }
}

/// The user's description of the field, or that it is one.
pub fn described(column: &Column, what: &str) -> String {
    if column.doc.is_empty() { format!("{what} `{}`.", column.label) } else { column.doc.clone() }
}
