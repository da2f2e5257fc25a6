//! What the generated code is made of: names, columns, variants and paths, with every attribute applied.
//!
//! Everything that can be refused has been reported when a model is there. `component` is the model of
//! `#[derive(Component)]`, `value` that of `#[derive(Field)]`; here is what both are made of.

mod column;
pub mod component;
mod conversion;
pub mod index;
pub mod relations;
pub mod rules;
pub mod value;
mod variants;

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Ident, Visibility};

use crate::ast::Input;
use crate::attr::{self, ItemAttrs};
use crate::params::Params;

pub use column::{Column, Stored};
pub use rules::table_key;
pub use variants::{Discriminants, Enumeration, Variant};

/// The item under a derive.
pub struct Item<'a> {
    pub ident: &'a Ident,
    pub vis: &'a Visibility,
    pub params: Params,
    /// Where `ecsdb` is.
    pub krate: CratePath,
    pub doc: String,
}

impl<'a> Item<'a> {
    fn new(input: &'a Input, attrs: &ItemAttrs) -> Self {
        let krate = CratePath::new(attrs);
        Self {
            ident: &input.ident,
            vis: &input.vis,
            params: Params::new(&input.generics),
            krate,
            doc: attr::doc(&input.attrs),
        }
    }

    /// The type, with its parameters.
    pub fn ty(&self) -> TokenStream {
        let (ident, arguments) = (self.ident, self.params.apply(TokenStream::new()));
        quote!(#ident #arguments)
    }

    /// The path of all that generated code uses, inside the block of the implementations.
    pub fn krate(&self) -> &TokenStream {
        &self.krate.inside
    }
}

/// How generated code finds `ecsdb`.
///
/// In the block of the implementations all that it uses is found behind one short name: every token costs the compiler time,
/// and a wrong path is one error and not one for every use.
pub struct CratePath {
    /// What generated code uses, `ecsdb::__private`, beside the user's item.
    pub outside: TokenStream,
    /// The same in the block of the implementations.
    pub inside: TokenStream,
    /// What the block begins with.
    pub import: TokenStream,
}

impl CratePath {
    /// The path that the attributes give, or the usual one.
    pub fn new(attrs: &ItemAttrs) -> Self {
        match &attrs.krate {
            Some(path) => Self {
                outside: quote!(#path::__private),
                inside: quote!(__ecsdb),
                import: quote!(
                    use #path as __ecsdb_crate;
                    use __ecsdb_crate::__private as __ecsdb;
                ),
            },
            None => Self {
                outside: quote!(::ecsdb::__private),
                inside: quote!(__ecsdb),
                import: quote!(
                    use ::ecsdb::__private as __ecsdb;
                ),
            },
        }
    }
}
