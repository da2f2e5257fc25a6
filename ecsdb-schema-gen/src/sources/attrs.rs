//! The attributes of items, fields and variants, as the derive reads them.
//!
//! It reads what a schema holds and passes over the rest: whether attributes are right is for the derive to judge.

use ecsdb::schema::IndexSchema;
use proc_macro2::{TokenStream, TokenTree};
use syn::ext::IdentExt;
use syn::parse::Parser;
use syn::{Attribute, Expr, ExprLit, Lit, Meta, Type};

use super::error::SourceErrorKind;
use super::relations::{FieldIndex, Given, Item, has_columns, index, items};

/// What `#[component(...)]` says, wherever it stands.
#[derive(Default)]
pub struct Keys {
    pub table: Option<String>,
    pub version: u32,
    pub durability: Option<String>,
    pub rename: Option<String>,
    pub renamed_from: String,
    pub since: u32,
    pub deprecated: Option<String>,
    pub default: Option<Expr>,
    pub stored_as: Option<Type>,
    pub references: Option<Type>,
    pub on_delete: Option<String>,
    pub cardinality: Option<String>,
    pub auto_increment: bool,
    /// On a field.
    pub index: Option<FieldIndex>,
    pub unique: Option<FieldIndex>,
    /// On an item.
    pub indexes: Vec<IndexSchema>,
}

/// What `#[repr(...)]` says.
#[derive(Default)]
pub struct Repr {
    /// `C` or `transparent`.
    pub is_native: bool,
    /// Bytes of the integer that an enum is stored as.
    pub tag_bytes: Option<u8>,
}

impl Keys {
    /// Reads all `#[component(...)]`.
    pub fn parse(attrs: &[Attribute]) -> Result<Self, (proc_macro2::Span, SourceErrorKind)> {
        let mut keys = Self::default();
        for attr in attrs.iter().filter(|attr| is(attr, "component")) {
            let Meta::List(list) = &attr.meta else { continue };
            for Item { key, given } in items(list.tokens.clone()) {
                let name = key.unraw().to_string();
                let wrong = |error: syn::Error| {
                    let message = format!("`{name}` in `#[component(...)]`: {error}");
                    (key.span(), SourceErrorKind::Attribute { message })
                };
                keys.set(&name, given).map_err(wrong)?;
            }
        }
        Ok(keys)
    }

    fn set(&mut self, key: &str, given: Given) -> syn::Result<()> {
        match (key, &given) {
            ("auto_increment", _) => self.auto_increment = true,
            ("index", Given::List(list)) if has_columns(list) => self.indexes.push(index(list)?),
            ("index", given) => self.index = Some(FieldIndex::parse(given)),
            ("unique", given) => self.unique = Some(FieldIndex::parse(given)),
            _ => {}
        }
        let Given::Value(value) = given else { return Ok(()) };
        match key {
            "table" => self.table = Some(text(value)?),
            "version" => self.version = number(value)?,
            "durability" => self.durability = Some(text(value)?),
            "rename" => self.rename = Some(text(value)?),
            "renamed_from" => self.renamed_from = text(value)?,
            "since" => self.since = number(value)?,
            "deprecated" => self.deprecated = Some(text(value)?),
            "default" => self.default = Some(syn::parse2(value)?),
            "as" => self.stored_as = Some(syn::parse2(value)?),
            "references" => self.references = Some(syn::parse2(value)?),
            "on_delete" => self.on_delete = Some(text(value)?),
            "cardinality" => self.cardinality = Some(text(value)?),
            _ => {}
        }
        Ok(())
    }
}

impl Repr {
    pub fn parse(attrs: &[Attribute]) -> Self {
        let mut repr = Self::default();
        for attr in attrs.iter().filter(|attr| is(attr, "repr")) {
            let Meta::List(list) = &attr.meta else { continue };
            for token in list.tokens.clone() {
                let TokenTree::Ident(hint) = token else { continue };
                match hint.unraw().to_string().as_str() {
                    "C" | "transparent" => repr.is_native = true,
                    "u8" => repr.tag_bytes = Some(1),
                    "u16" => repr.tag_bytes = Some(2),
                    "u32" => repr.tag_bytes = Some(4),
                    _ => {}
                }
            }
        }
        repr
    }
}

fn text(value: TokenStream) -> syn::Result<String> {
    syn::parse2::<syn::LitStr>(value).map(|text| text.value())
}

fn number(value: TokenStream) -> syn::Result<u32> {
    syn::parse2::<syn::LitInt>(value)?.base10_parse()
}

/// The parts between commas that stand in no brackets.
pub fn split_at_commas(tokens: TokenStream) -> Vec<TokenStream> {
    let mut parts = vec![TokenStream::new()];
    let (mut colons, mut depth, mut after_dash) = (0_usize, 0_usize, false);
    for token in tokens {
        if let TokenTree::Punct(punct) = &token {
            let sign = punct.as_char();
            if sign == ',' && depth == 0 {
                parts.push(TokenStream::new());
                colons = 0;
                continue;
            }
            // Only a turbofish opens brackets: `<` alone compares.
            if sign == '<' && (colons == 2 || depth > 0) {
                depth += 1;
            } else if sign == '>' && !after_dash {
                depth = depth.saturating_sub(1);
            }
            colons = if sign == ':' { colons + 1 } else { 0 };
            after_dash = sign == '-';
        } else {
            (colons, after_dash) = (0, false);
        }
        if let Some(part) = parts.last_mut() {
            part.extend([token]);
        }
    }
    parts.retain(|part| !part.is_empty());
    parts
}

/// Whether one of the `#[derive(...)]` names a macro.
pub fn derives(attrs: &[Attribute], name: &str) -> bool {
    let names = |attr: &Attribute| match &attr.meta {
        Meta::List(list) => {
            let parser = syn::punctuated::Punctuated::<syn::Path, syn::Token![,]>::parse_terminated;
            parser
                .parse2(list.tokens.clone())
                .is_ok_and(|paths| paths.iter().any(|path| path.segments.last().is_some_and(|last| last.ident == name)))
        }
        _ => false,
    };
    attrs.iter().filter(|attr| is(attr, "derive")).any(names)
}

/// Whether something is there in tests only.
pub fn is_for_tests(attrs: &[Attribute]) -> bool {
    let names_test = |attr: &Attribute| match &attr.meta {
        Meta::List(list) => list.tokens.to_string() == "test",
        _ => false,
    };
    attrs.iter().filter(|attr| is(attr, "cfg")).any(names_test)
}

/// A condition that decides whether something is there at all.
pub fn condition(attrs: &[Attribute]) -> Option<&Attribute> {
    attrs.iter().find(|attr| is(attr, "cfg"))
}

/// The path in `#[path = "..."]`.
pub fn path_attribute(attrs: &[Attribute]) -> Option<String> {
    attrs.iter().filter(|attr| is(attr, "path")).find_map(value_text)
}

/// The first paragraph of the doc comment in one line, or nothing.
pub fn doc(attrs: &[Attribute]) -> String {
    let texts: Vec<String> = attrs.iter().filter(|attr| is(attr, "doc")).filter_map(value_text).collect();
    // An empty line is an empty text, which ends a paragraph.
    let lines = texts.iter().flat_map(|text| if text.is_empty() { vec![""] } else { text.lines().collect() });
    let lines = lines.map(str::trim).skip_while(|line| line.is_empty()).take_while(|line| !line.is_empty());
    lines.collect::<Vec<_>>().join(" ")
}

/// The text in `#[key = "text"]`.
fn value_text(attr: &Attribute) -> Option<String> {
    match &attr.meta {
        Meta::NameValue(meta) => match &meta.value {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value()),
            _ => None,
        },
        _ => None,
    }
}

/// Whether the attribute has this name, raw or not.
pub fn is(attr: &Attribute, name: &str) -> bool {
    attr.path().get_ident().is_some_and(|ident| ident.unraw() == name)
}
