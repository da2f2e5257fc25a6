//! `schema!`: the type that stands for the tables of a database.
//!
//! The input begins with the path of `ecsdb` in parentheses, put there by the macro that users call. Generated tokens
//! have `mixed_site` spans, so that lints on the user's code, above all `unsafe_code`, do not see them.

use std::collections::HashSet;

use proc_macro2::{Literal, Span, TokenStream};
use quote::{ToTokens, quote_spanned};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::{Attribute, Error, Ident, LitStr, Path, Token, Type, Visibility, parenthesized};

/// `(ecsdb) #[attributes] pub World: Pos, Vel`
pub struct Input {
    ecsdb: Path,
    attrs: Vec<Attribute>,
    visibility: Visibility,
    ident: Ident,
    types: Vec<Type>,
    name: Option<LitStr>,
    version: Option<LitStr>,
}

impl Parse for Input {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let ecsdb;
        parenthesized!(ecsdb in input);
        let ecsdb = Path::parse_mod_style(&ecsdb)?;
        let (own, attrs) =
            input.call(Attribute::parse_outer)?.into_iter().partition(|attr| attr.path().is_ident("schema"));
        let visibility = input.parse()?;
        let ident = input.parse()?;
        input.parse::<Token![:]>()?;
        let types = input.parse_terminated(Type::parse, Token![,])?.into_iter().collect();
        let mut parsed = Self { ecsdb, attrs, visibility, ident, types, name: None, version: None };
        parsed.read_attributes(own)?;
        Ok(parsed)
    }
}

impl Input {
    /// Reads `#[schema(name = "...", version = "...")]`.
    fn read_attributes(&mut self, attrs: Vec<Attribute>) -> syn::Result<()> {
        for attr in attrs {
            attr.parse_nested_meta(|meta| {
                let slot = match meta.path.get_ident().map(ToString::to_string).as_deref() {
                    Some("name") => &mut self.name,
                    Some("version") => &mut self.version,
                    _ => return Err(meta.error("unknown key: expected `name = \"...\"` or `version = \"...\"`")),
                };
                match slot.replace(meta.value()?.parse()?) {
                    None => Ok(()),
                    Some(_) => Err(meta.error("given twice")),
                }
            })?;
        }
        Ok(())
    }
}

/// The type, its `Schema` and the `TableOf` of every component. Types that cannot stand there are left out and
/// reported, so that the rest of the program sees a schema all the same.
pub fn expand(input: Input) -> TokenStream {
    let Input { ecsdb, attrs, visibility, ident, types, name, version } = input;
    let (types, errors) = distinct(types, &ident);
    let site = Span::mixed_site();
    let name = name.unwrap_or_else(|| LitStr::new(&ident.unraw().to_string(), ident.span()));
    let version = version.unwrap_or_else(|| LitStr::new("", site));
    let doc = if attrs.iter().any(|attr| attr.path().is_ident("doc")) {
        None
    } else {
        let text = format!(" The tables of the database `{}`.", name.value());
        Some(quote_spanned!(site=> #[doc = #text]))
    };
    let written = types.iter().map(spelled);
    let tables = types.iter().map(|ty| quote_spanned!(site=> <#ty as #ecsdb::Component>::SCHEMA));
    let indexed = types.iter().enumerate().map(|(index, ty)| {
        let written = spelled(ty);
        // More than fit are refused by the check of the whole schema.
        let index = Literal::u16_suffixed(u16::try_from(index).unwrap_or(u16::MAX));
        quote_spanned! {site=>
            // SAFETY: `TABLES[INDEX]` is the `SCHEMA` of this type: both were written from one list.
            unsafe impl #ecsdb::schema::TableOf<#ident> for #ty {
                const INDEX: u16 = #index;
            }
            const _: () = #ecsdb::schema::__check_table(#name, #written, <#ty as #ecsdb::Component>::SCHEMA);
        }
    });
    let errors = errors.iter().map(Error::to_compile_error);
    quote_spanned! {site=>
        #doc
        #(#attrs)*
        #visibility enum #ident {}

        const _: () = {
            // SAFETY: the entries are the `SCHEMA`s of components, and the checks below have seen them.
            unsafe impl #ecsdb::schema::Schema for #ident {
                const NAME: &'static str = #name;
                const VERSION: &'static str = #version;
                const TABLES: &'static [&'static #ecsdb::schema::TableSchema] = &[#(#tables),*];
            }

            #(#indexed)*

            #ecsdb::schema::__check_schema(#name, #version, &[#(#written),*], <#ident as #ecsdb::schema::Schema>::TABLES)
        };

        #(#errors)*
    }
}

/// The types without repetitions, and an error for every repetition.
fn distinct(types: Vec<Type>, ident: &Ident) -> (Vec<Type>, Vec<Error>) {
    let (mut seen, mut errors) = (HashSet::new(), Vec::new());
    let mut kept = Vec::with_capacity(types.len());
    for ty in types {
        let spelling = spelled(&ty);
        if !matches!(ty, Type::Path(_)) {
            errors.push(Error::new_spanned(&ty, format!("`{spelling}` is not a component: name a type")));
        } else if seen.insert(spelling.clone()) {
            kept.push(ty);
        } else {
            errors.push(Error::new_spanned(&ty, format!("`{spelling}` stands twice in `{ident}`: remove one")));
        }
    }
    (kept, errors)
}

/// The type as the user would write it: tokens print with spaces between them.
fn spelled(ty: &Type) -> String {
    ty.to_token_stream()
        .to_string()
        .replace(" :: ", "::")
        .replace(":: ", "::")
        .replace(" < ", "<")
        .replace(" >", ">")
        .replace("& ", "&")
}
