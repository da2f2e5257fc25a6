//! The list of the tables: `schema! { pub World: Position, Health }`, read as the macro reads it.

use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::{Attribute, Ident, LitStr, Token, Type, Visibility};

use super::error::{SourceError, SourceErrorKind};
use super::tree::Tree;

/// What stands in `schema!`.
pub struct Registry {
    pub ident: Ident,
    /// The name of the database.
    pub name: String,
    pub version: String,
    pub types: Vec<Type>,
}

impl Parse for Registry {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let attrs = input.call(Attribute::parse_outer)?;
        input.parse::<Visibility>()?;
        let ident: Ident = input.parse()?;
        input.parse::<Token![:]>()?;
        let types = input.parse_terminated(Type::parse, Token![,])?.into_iter().collect();
        let mut registry = Self { name: ident.unraw().to_string(), ident, version: String::new(), types };
        for attr in attrs.iter().filter(|attr| attr.path().is_ident("schema")) {
            attr.parse_nested_meta(|meta| {
                let value = meta.value()?.parse::<LitStr>()?.value();
                if meta.path.is_ident("name") {
                    registry.name = value;
                } else if meta.path.is_ident("version") {
                    registry.version = value;
                }
                Ok(())
            })?;
        }
        Ok(registry)
    }
}

/// The one `schema!` in the sources, or that with the name `wanted`, and its module.
pub fn find(tree: &Tree, wanted: Option<&str>) -> Result<(Registry, usize), SourceError> {
    let mut found = Vec::new();
    for module in tree.modules() {
        for call in tree.macros(module) {
            if call.path.segments.last().is_none_or(|last| last.ident != "schema") {
                continue;
            }
            let registry: Registry = syn::parse2(call.tokens.clone()).map_err(|error| {
                let kind = SourceErrorKind::Syntax { message: format!("in `schema!`: {error}") };
                tree.error(module, error.span(), kind)
            })?;
            if wanted.is_none_or(|wanted| registry.ident.unraw() == wanted) {
                found.push((registry, module));
            }
        }
    }
    let message = match (found.len(), wanted) {
        (1, _) => return Ok(found.remove(0)),
        (0, None) => {
            "these sources have no `schema!`: add the file with it, or name the database with `Sources::database`"
                .to_owned()
        }
        (0, Some(name)) => format!("these sources have no `schema!` of the name `{name}`"),
        (several, _) => {
            let names: Vec<String> = found.iter().map(|(registry, _)| format!("`{}`", registry.ident)).collect();
            format!("these sources have {several} `schema!`, {}: choose one with `Sources::registry`", names.join(", "))
        }
    };
    Err(SourceError { location: tree.whole(), kind: SourceErrorKind::Registry { message } })
}
