//! The parameters of an item.
//!
//! A table has one layout, so nothing that is stored may depend on a parameter: only types are allowed, and only inside
//! of `PhantomData`.

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::{GenericParam, Generics};

use crate::ast::{Body, Field, Input};
use crate::check::is_phantom;
use crate::ctxt::Ctxt;

/// Refuses the parameters that a stored type cannot have; `noun` is what it is called.
pub fn check(cx: &Ctxt, input: &Input, noun: &str) {
    for param in &input.generics.params {
        let (what, instead) = match param {
            GenericParam::Lifetime(_) => ("a lifetime", "it owns its data: store the values themselves"),
            GenericParam::Type(param) => {
                // The row of an enum is the enum, with all that it is made of.
                let is_row = matches!(input.body, Body::Enum(_)) && noun == COMPONENT;
                let shapes = |field: &Field| !is_phantom(&field.ty) && mentions(field.ty.clone(), &param.ident);
                if !is_row && !fields(&input.body).any(shapes) {
                    continue;
                }
                ("a type parameter", FIXED_TYPE)
            }
            GenericParam::Const(_) => ("a const parameter", FIXED_VALUE),
        };
        let instead = if noun == COMPONENT { instead.to_owned() } else { instead.replace("its table", "it") };
        cx.under(param, format_args!("{noun} cannot have {what}, {}", instead.replace("component", bare(noun))));
    }
    if input.generics.params.is_empty() && input.generics.where_clause.is_some() {
        cx.under(&input.generics.where_clause, format_args!("{noun} needs no `where` clause: remove it"));
    }
}

/// What a component is called in messages.
pub const COMPONENT: &str = "a component";
/// What a value type is called in messages.
pub const VALUE: &str = "a field type";

const FIXED_TYPE: &str = "its table has one fixed layout: write one component for each type";
const FIXED_VALUE: &str = "its table has one fixed layout: write one component for each value";

/// The noun without its article.
fn bare(noun: &str) -> &str {
    noun.split_once(' ').map_or(noun, |(_, bare)| bare)
}

/// All fields of an item.
fn fields(body: &Body) -> Box<dyn Iterator<Item = &Field> + '_> {
    match body {
        Body::Struct(_, fields) => Box::new(fields.iter()),
        Body::Enum(variants) => Box::new(variants.iter().flat_map(|variant| &variant.fields)),
        Body::Union(_) => Box::new(std::iter::empty()),
    }
}

/// Whether the name stands in the tokens.
fn mentions(tokens: TokenStream, name: &Ident) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(ident) => ident == *name,
        TokenTree::Group(group) => mentions(group.stream(), name),
        _ => false,
    })
}

/// The parameters as generated code repeats them. Without parameters all parts are empty.
pub struct Params {
    /// `T: Bound`, separated by commas.
    declared: Vec<TokenStream>,
    /// `T`, separated by commas.
    names: Vec<Ident>,
    /// The bounds that are written behind `where`.
    written: Vec<TokenStream>,
}

impl Params {
    /// Those of the item.
    pub fn new(generics: &Generics) -> Self {
        let types = || generics.type_params();
        let declared = types()
            .map(|param| {
                let (ident, bounds) = (&param.ident, &param.bounds);
                quote!(#ident: #bounds)
            })
            .collect();
        let written = generics.where_clause.iter().flat_map(|clause| &clause.predicates);
        Self {
            declared,
            names: types().map(|param| param.ident.clone()).collect(),
            written: written.map(ToTokens::to_token_stream).collect(),
        }
    }

    /// Whether there are any.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// `<'__row, T: Bound>`: the parameters of an `impl` that has `more` before them.
    pub fn declare(&self, more: TokenStream) -> TokenStream {
        let declared = &self.declared;
        if declared.is_empty() && more.is_empty() { TokenStream::new() } else { quote!(<#more #(#declared),*>) }
    }

    /// `<'__row, T>`: the arguments of a type that has `more` before them.
    pub fn apply(&self, more: TokenStream) -> TokenStream {
        let names = &self.names;
        if names.is_empty() && more.is_empty() { TokenStream::new() } else { quote!(<#more #(#names),*>) }
    }

    /// `where T: Bound, ...`, with what a stored type needs, and `more`; `private` is the path of what generated code uses.
    pub fn bounds(&self, private: &TokenStream, more: TokenStream) -> TokenStream {
        let Self { names, written, .. } = self;
        if written.is_empty() && names.is_empty() && more.is_empty() {
            return TokenStream::new();
        }
        quote! {
            where
                #(#written,)*
                #(#names: #private::Send + #private::Sync + 'static,)*
                #more
        }
    }
}
