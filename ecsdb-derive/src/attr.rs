//! The attributes of a struct and its fields: `#[component(...)]`, `#[repr(...)]` and doc comments.
//!
//! It reads each key on its own, so that a mistake in one does not hide the next. Keys are declared in one table for
//! each place; a new key is one line there and one in the `match`.

use proc_macro2::{TokenStream, TokenTree};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Attribute, Expr, ExprLit, Ident, Lit, LitStr, Meta, Path};

use crate::ast::{parse_all, without_group};
use crate::ctxt::Ctxt;
use crate::names::{column_fault, nearest, table_fault};

/// A key and how it is written.
type Key = (&'static str, &'static str);

const STRUCT_KEYS: &[Key] = &[
    ("table", "table = \"name\""),
    ("row", "row = TypeName"),
    ("view", "view = TypeName"),
    ("durability", "durability = \"snapshot\""),
    ("crate", "crate = path::to::ecsdb"),
];

const FIELD_KEYS: &[Key] = &[("rename", "rename = \"name\"")];

/// `#[component(...)]` on a struct.
#[derive(Default)]
pub struct StructAttrs {
    pub table: Option<LitStr>,
    pub row: Option<Ident>,
    pub view: Option<Ident>,
    pub durability: Option<LitStr>,
    pub krate: Option<Path>,
}

/// `#[component(...)]` on a field.
#[derive(Default)]
pub struct FieldAttrs {
    pub rename: Option<LitStr>,
}

impl StructAttrs {
    pub fn parse(cx: &Ctxt, attrs: &[Attribute]) -> Self {
        let mut parsed = Self::default();
        for item in items(cx, attrs, Place { keys: STRUCT_KEYS, others: FIELD_KEYS, other_place: "field" }) {
            match item.shape.0 {
                "table" => set(cx, &mut parsed.table, &item, name_literal(cx, &item, table_fault)),
                "row" => set(cx, &mut parsed.row, &item, item.value(cx)),
                "durability" => set(cx, &mut parsed.durability, &item, name_literal(cx, &item, durability_fault)),
                "view" => set(cx, &mut parsed.view, &item, item.value(cx)),
                _ => {
                    let path = item.value_by(cx, syn::parse::Parser::parse2(Path::parse_mod_style, item.tokens()));
                    set(cx, &mut parsed.krate, &item, path);
                }
            }
        }
        parsed
    }
}

impl FieldAttrs {
    pub fn parse(cx: &Ctxt, attrs: &[Attribute]) -> Self {
        let mut parsed = Self::default();
        for item in items(cx, attrs, Place { keys: FIELD_KEYS, others: STRUCT_KEYS, other_place: "struct" }) {
            set(cx, &mut parsed.rename, &item, name_literal(cx, &item, column_fault));
        }
        parsed
    }
}

/// Where an attribute stands and what may stand there.
struct Place {
    keys: &'static [Key],
    /// The keys of the other place, to say so where they are mixed up.
    others: &'static [Key],
    other_place: &'static str,
}

/// One `key = value`.
struct Item {
    key: Ident,
    shape: Key,
    /// What stands after the `=`; `None` if there is no `=`.
    value: Option<TokenStream>,
}

impl Item {
    fn tokens(&self) -> TokenStream {
        self.value.clone().unwrap_or_default()
    }

    fn value<T: syn::parse::Parse>(&self, cx: &Ctxt) -> Option<T> {
        self.value_by(cx, parse_all(self.tokens()))
    }

    /// The value, or an error that shows how the key is written.
    fn value_by<T>(&self, cx: &Ctxt, parsed: syn::Result<T>) -> Option<T> {
        match parsed {
            Ok(value) if self.value.is_some() => Some(value),
            _ => {
                let span = self.value.as_ref().filter(|value| !value.is_empty()).map_or(self.key.span(), Spanned::span);
                cx.at(span, format_args!("expected `{}`", self.shape.1));
                None
            }
        }
    }
}

/// A string that is fit to be the name of a table or a column, as `fault` judges. A bad one is reported and kept, so
/// that the name that it replaces is not judged too.
fn name_literal(cx: &Ctxt, item: &Item, fault: fn(&str) -> Option<&'static str>) -> Option<LitStr> {
    let literal: LitStr = item.value(cx)?;
    if let Some(expected) = fault(&literal.value()) {
        cx.at(literal.span(), format_args!("expected {expected}"));
    }
    Some(literal)
}

/// What is expected of a durability, unless `name` is one.
fn durability_fault(name: &str) -> Option<&'static str> {
    if matches!(name, "wal" | "snapshot" | "none") { None } else { Some("`wal`, `snapshot` or `none`") }
}

fn set<T>(cx: &Ctxt, slot: &mut Option<T>, item: &Item, value: Option<T>) {
    if slot.is_some() {
        cx.at(item.key.span(), format_args!("`{}` is given twice", item.shape.0));
    } else {
        *slot = value;
    }
}

/// All keys of all `#[component(...)]` attributes.
fn items(cx: &Ctxt, attrs: &[Attribute], place: Place) -> Vec<Item> {
    let mut found = Vec::new();
    for attr in attrs.iter().filter(|attr| is(attr, "component")) {
        match &attr.meta {
            Meta::List(list) if matches!(list.delimiter, syn::MacroDelimiter::Paren(_)) => {
                for part in split_at_commas(list.tokens.clone()) {
                    found.extend(item(cx, part, &place));
                }
            }
            meta => cx.under(meta, format_args!("expected `#[component({})]`", place.keys[0].1)),
        }
    }
    found
}

fn item(cx: &Ctxt, part: TokenStream, place: &Place) -> Option<Item> {
    let whole = part.span();
    let mut tokens = part.into_iter();
    let Some(TokenTree::Ident(key)) = tokens.next() else {
        cx.at(whole, format_args!("expected a key, such as `{}`", place.keys[0].1));
        return None;
    };
    let name = key.unraw().to_string();
    let Some(shape) = place.keys.iter().find(|(known, _)| *known == name) else {
        cx.at(key.span(), unknown(&name, place));
        return None;
    };
    let value = match tokens.next() {
        Some(TokenTree::Punct(punct)) if punct.as_char() == '=' => Some(without_group(tokens.collect())),
        _ => None,
    };
    Some(Item { key, shape: *shape, value })
}

fn unknown(name: &str, place: &Place) -> String {
    if place.others.iter().any(|(other, _)| *other == name) {
        return format!("`{name}` belongs on a {}", place.other_place);
    }
    let names: Vec<&str> = place.keys.iter().map(|(key, _)| *key).collect();
    match nearest(name, &names) {
        Some(near) => format!("unknown key `{name}`: did you mean `{near}`?"),
        None => format!("unknown key `{name}`: there is `{}`", names.join("`, `")),
    }
}

fn split_at_commas(tokens: TokenStream) -> Vec<TokenStream> {
    let mut parts = vec![TokenStream::new()];
    for token in tokens {
        match &token {
            TokenTree::Punct(punct) if punct.as_char() == ',' => parts.push(TokenStream::new()),
            _ => parts.last_mut().into_iter().for_each(|part| part.extend([token.clone()])),
        }
    }
    parts.retain(|part| !part.is_empty());
    parts
}

/// How the struct asks to be stored.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Storage {
    /// In a generated row.
    Packed,
    /// As it is: `#[repr(C)]` or `#[repr(transparent)]`.
    Native,
}

impl Storage {
    /// Reads `#[repr(...)]`, also where it is written `#[r#repr(...)]`.
    pub fn parse(cx: &Ctxt, attrs: &[Attribute]) -> Self {
        let mut storage = Self::Packed;
        for attr in attrs.iter().filter(|attr| is(attr, "repr")) {
            let Meta::List(list) = &attr.meta else { continue };
            for part in split_at_commas(list.tokens.clone()) {
                let span = part.span();
                let hint = part.into_iter().next().map(|token| token.to_string());
                match hint.as_deref().map(|hint| hint.trim_start_matches("r#")) {
                    Some("C" | "transparent") => storage = Self::Native,
                    Some("packed") => cx.at(span, "drop `packed`: a component is stored without padding anyway"),
                    Some("align") => cx.at(
                        span,
                        "drop `align`: it would put padding into every row; rows are as aligned as their fields",
                    ),
                    // What else there is concerns enums, or is for the compiler to refuse.
                    _ => {}
                }
            }
        }
        storage
    }
}

/// The first paragraph of the doc comment in one line, or nothing.
pub fn doc(attrs: &[Attribute]) -> String {
    let mut paragraph: Vec<String> = Vec::new();
    for line in attrs.iter().filter_map(doc_text).flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>()) {
        let line = line.trim();
        if !line.is_empty() {
            paragraph.push(line.to_owned());
        } else if !paragraph.is_empty() {
            break;
        }
    }
    paragraph.join(" ")
}

fn doc_text(attr: &Attribute) -> Option<String> {
    match &attr.meta {
        Meta::NameValue(meta) if is(attr, "doc") => match &meta.value {
            // An empty line is an empty text: `lines` must still see it.
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(format!("{}\n", text.value())),
            _ => None,
        },
        _ => None,
    }
}

/// Whether the attribute has this name, raw or not.
fn is(attr: &Attribute, name: &str) -> bool {
    match attr.path().get_ident() {
        Some(ident) => ident.unraw() == name,
        None => false,
    }
}
