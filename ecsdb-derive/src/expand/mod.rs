//! Writes the code of a derive. Here is what all parts share.
//!
//! Rules of the generated code: every path starts at the crate path, and in the block of the implementations at the one
//! name `__ecsdb`, under which `ecsdb::__private` has everything flat, since every token costs time; every method is called by its full path, so that
//! no method of the user's is called instead; parameters begin with `__`; `unsafe` never has the place of a token of
//! the user's; only the row and the view get names in the user's module; what can be a function of `ecsdb` is
//! one, since the compiler reads that once and generated code for every component.

mod component;
mod enums;
mod fallback;
mod index;
mod native;
mod packed;
mod packing;
mod schema;
mod value;

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::Member;

use crate::ast::{Input, Shape};
use crate::attr::ItemAttrs;
use crate::ctxt::Ctxt;
use crate::model::{self, Column, CratePath, Item};

/// The code for `#[derive(Component)]` on `input`, or the errors and what keeps further ones away.
pub fn component(input: &Input) -> TokenStream {
    let cx = Ctxt::new();
    let attrs = ItemAttrs::parse(&cx, &input.attrs);
    let krate = CratePath::new(&attrs);
    let model = model::component::model(&cx, input, attrs);
    let drift = model.as_ref().map(|model| schema::drift(&cx, model));
    match (cx.finish(), model) {
        (Ok(()), Some(model)) if model.is_own_row() => native::component(&model, drift),
        (Ok(()), Some(model)) => packed::component(&model, drift),
        (Ok(()), None) => TokenStream::new(),
        (Err(errors), model) => fallback::component(input, &krate, model.as_ref(), errors),
    }
}

/// The code for `#[derive(Field)]` on `input`, or the errors and what keeps further ones away.
pub fn value(input: &Input) -> TokenStream {
    let cx = Ctxt::new();
    let attrs = ItemAttrs::parse(&cx, &input.attrs);
    let model = model::value::model(&cx, input, &attrs);
    match (cx.finish(), model) {
        (Ok(()), Some(model)) => value::value(&model),
        (Ok(()), None) => TokenStream::new(),
        (Err(errors), model) => fallback::value(input, &CratePath::new(&attrs), model.as_ref(), errors),
    }
}

/// The attribute that keeps lints about the user's names and habits out of generated code.
fn quiet() -> TokenStream {
    quote! {
        #[allow(
            dead_code, deprecated, non_camel_case_types, non_snake_case, private_interfaces, single_use_lifetimes,
            unreachable_pub, unused_parens, unused_qualifications
        )]
    }
}

/// The `unsafe` of an `impl` or a block, at a place that belongs to the macro.
fn unsafe_token() -> TokenStream {
    quote_spanned!(Span::mixed_site()=> unsafe)
}

/// A block of all implementations, in which nothing can be named from outside.
fn block(item: &Item, content: impl ToTokens) -> TokenStream {
    let (quiet, import) = (quiet(), &item.krate.import);
    quote! {
        #quiet
        const _: () = {
            #import
            #content
        };
    }
}

/// A constant of checks, each made by [`refuse`], with the statements before that they need.
fn checks(krate: &TokenStream, statements: impl ToTokens) -> TokenStream {
    quote! {
        const _: () = {
            use #krate::stop as __ecsdb_stop;
            #statements
        };
    }
}

/// The statement in [`checks`] that stops the build with the text of `check`, at `span`, unless the text is empty.
///
/// The compiler shows the place of the call, from the name to the closing parenthesis, if it is a place of the user's:
/// so the name is short, and imported by [`checks`].
fn refuse(span: Span, check: TokenStream) -> TokenStream {
    let mut arguments = Group::new(Delimiter::Parenthesis, check);
    arguments.set_span(span);
    let stop = Ident::new("__ecsdb_stop", span);
    quote!(#stop #arguments;)
}

/// The check that nobody has implemented `Drop` for the item. Where a field needs one, the compiler refuses to take the
/// item apart.
fn no_drop(item: &Item, columns: &[&Column]) -> TokenStream {
    if !item.params.is_empty() {
        return TokenStream::new();
    }
    let (krate, ident) = (item.krate(), item.ident);
    let types = columns.iter().map(|column| &column.ty);
    let needs = quote!(#krate::needs_drop);
    refuse(ident.span(), quote!(#krate::drop_glue(#needs::<#ident>(), &[#(#needs::<#types>()),*])))
}

/// A struct body: braces for named fields, parentheses for a tuple.
fn braces(shape: Shape, fields: TokenStream) -> TokenStream {
    match shape {
        Shape::Tuple => quote!((#fields)),
        Shape::Named | Shape::Unit => quote!({ #fields }),
    }
}

/// What stands behind a struct with such a body.
fn semicolon(shape: Shape) -> Option<TokenStream> {
    (shape == Shape::Tuple).then(|| quote!(;))
}

/// What stands before the type in a field: its name, if it has one.
fn name_of(member: &Member) -> TokenStream {
    match member {
        Member::Named(name) => quote!(#name:),
        Member::Unnamed(_) => TokenStream::new(),
    }
}

/// The user's description of the field, or that it is one.
fn described(column: &Column, what: &str) -> String {
    if column.doc.is_empty() { format!("{what} `{}`.", column.label) } else { column.doc.clone() }
}

/// The tokens at another place: what is wrong with them is shown there.
fn placed(tokens: &TokenStream, span: Span) -> TokenStream {
    tokens
        .clone()
        .into_iter()
        .map(|mut token| {
            token.set_span(span);
            token
        })
        .collect()
}
