//! The keys in `#[component(...)]`: which there are, how each is written, and what an attribute says, one key at a time.
//!
//! A mistake in one key does not hide the next. What a key means is none of its business.

use proc_macro2::{Ident, Spacing, Span, TokenStream, TokenTree};
use syn::ext::IdentExt;
use syn::parse::Parse;
use syn::spanned::Spanned;
use syn::{Attribute, LitInt, LitStr, Meta};

use crate::ast::{parse_all, without_group};
use crate::ctxt::Ctxt;
use crate::names::nearest;

/// A key and how it is written.
pub type Key = (&'static str, &'static str);

/// Where an attribute stands, and what may stand there.
pub struct Place {
    pub name: &'static str,
    pub keys: &'static [Key],
    /// Keys that are not there yet, and what they are going to say. Schemas in files refuse the same ones, in the same words.
    pub not_yet: &'static [Key],
}

/// On the item under the derive.
pub const ON_ITEM: Place = Place {
    name: "struct or an enum",
    keys: &[
        ("table", "table = \"name\""),
        ("row", "row = TypeName"),
        ("view", "view = TypeName"),
        ("version", "version = 3"),
        ("size", "size = 16"),
        ("renamed_from", "renamed_from = \"name\""),
        ("deprecated", "deprecated = \"why\""),
        ("durability", "durability = \"snapshot\""),
        ("schema", "schema = \"schema/game.toml\""),
        ("index", "index(name = \"name\", columns(a, b.c), unique)"),
        ("crate", "crate = path::to::ecsdb"),
    ],
    not_yet: &[("replicate", "how a table is replicated")],
};

/// On a field of a component or of a value type.
pub const ON_FIELD: Place = Place {
    name: "field",
    keys: &[
        ("rename", "rename = \"name\""),
        ("renamed_from", "renamed_from = \"name\""),
        ("default", "default = expression"),
        ("since", "since = 3"),
        ("deprecated", "deprecated = \"why\""),
        ("offset", "offset = 4"),
        ("as", "as = Type"),
        ("references", "references = Component"),
        ("on_delete", "on_delete = \"cascade\""),
        ("cardinality", "cardinality = \"one\""),
        ("index", "index`, `index = \"hash\"` or `index(total_order)"),
        ("unique", "unique`, `unique = \"hash\"` or `unique(total_order)"),
        ("auto_increment", "auto_increment"),
    ],
    not_yet: &[],
};

/// On a variant of an enum.
pub const ON_VARIANT: Place = Place {
    name: "variant",
    keys: &[("rename", "rename = \"Name\""), ("renamed_from", "renamed_from = \"Name\"")],
    not_yet: &[],
};

/// In `index(...)` on an item.
pub const IN_INDEX: Place = Place {
    name: "`index`",
    keys: &[
        ("name", "name = \"name\""),
        ("columns", "columns(a, b.c)"),
        ("unique", "unique"),
        ("hash", "hash"),
        ("spatial", "spatial(cell = 8.0)"),
        ("total_order", "total_order"),
    ],
    not_yet: &[],
};

/// In `index(...)` and `unique(...)` on a field.
pub const IN_FIELD_INDEX: Place =
    Place { name: "`index`", keys: &[("hash", "hash"), ("total_order", "total_order")], not_yet: &[] };

/// In `spatial(...)`.
pub const IN_SPATIAL: Place = Place { name: "`spatial`", keys: &[("cell", "cell = 8.0")], not_yet: &[] };

/// Keys that `#[component(...)]` has in an engine: who derives for both, or comes from there, writes them here.
const OF_ENGINES: [&str; 9] = [
    "storage",
    "immutable",
    "on_add",
    "on_insert",
    "on_replace",
    "on_discard",
    "on_remove",
    "on_despawn",
    "map_entities",
];

const PLACES: [&Place; 3] = [&ON_ITEM, &ON_FIELD, &ON_VARIANT];

/// What stands behind a key.
enum Given {
    Nothing,
    /// `= ...`
    Value(TokenStream),
    /// `(...)`
    List(TokenStream),
    /// Anything else.
    Wrong(Span),
}

/// One key and what stands behind it.
pub struct Item {
    pub key: Ident,
    pub shape: Key,
    given: Given,
}

impl Item {
    /// The name of the key.
    pub fn name(&self) -> &'static str {
        self.shape.0
    }

    /// Where the key stands.
    pub fn span(&self) -> Span {
        self.key.span()
    }

    /// Whether it is a bare key; anything behind it is an error.
    pub fn flag(&self, cx: &Ctxt) -> Option<Span> {
        match self.given {
            Given::Nothing => Some(self.span()),
            _ => self.wrong(cx),
        }
    }

    /// What stands behind the `=`, unless that is nothing.
    pub fn tokens(&self, cx: &Ctxt) -> Option<TokenStream> {
        match &self.given {
            Given::Value(tokens) if !tokens.is_empty() => Some(tokens.clone()),
            _ => self.wrong(cx),
        }
    }

    /// What stands behind the `=`, if it can be a type: no type begins with a literal. The rest is left to the compiler.
    pub fn type_tokens(&self, cx: &Ctxt) -> Option<TokenStream> {
        let tokens = self.tokens(cx)?;
        match tokens.clone().into_iter().next() {
            Some(TokenTree::Literal(_)) => self.wrong(cx),
            _ => Some(tokens),
        }
    }

    /// Whether nothing stands behind the key.
    pub fn is_bare(&self) -> bool {
        matches!(self.given, Given::Nothing)
    }

    /// Whether a `=` and a value stand behind the key.
    pub fn is_value(&self) -> bool {
        matches!(self.given, Given::Value(_))
    }

    /// What stands in the parentheses.
    pub fn list(&self, cx: &Ctxt) -> Option<TokenStream> {
        match &self.given {
            Given::List(tokens) => Some(tokens.clone()),
            _ => self.wrong(cx),
        }
    }

    /// The value.
    pub fn value<T: Parse>(&self, cx: &Ctxt) -> Option<T> {
        self.value_by(cx, |tokens| parse_all(tokens))
    }

    /// The value as `parse` reads it.
    pub fn value_by<T>(&self, cx: &Ctxt, parse: impl FnOnce(TokenStream) -> syn::Result<T>) -> Option<T> {
        let tokens = self.tokens(cx)?;
        parse(tokens).ok().or_else(|| self.wrong(cx))
    }

    /// A number that fits 32 bits.
    pub fn number(&self, cx: &Ctxt) -> Option<Number> {
        let literal: LitInt = self.value(cx)?;
        match literal.base10_parse::<u32>() {
            Ok(value) => Some(Number { value, span: literal.span() }),
            Err(_) => self.wrong(cx),
        }
    }

    /// A text of which `fault` says what is wrong with it, if anything. A bad one is reported and kept, so that the
    /// name that it replaces is not judged too.
    pub fn text(&self, cx: &Ctxt, fault: impl FnOnce(&str) -> Option<&'static str>) -> Option<LitStr> {
        let literal: LitStr = self.value(cx)?;
        if let Some(expected) = fault(&literal.value()) {
            cx.at(literal.span(), format_args!("expected {expected}"));
        }
        Some(literal)
    }

    /// Reports how the key is written.
    pub fn wrong<T>(&self, cx: &Ctxt) -> Option<T> {
        let span = match &self.given {
            Given::Value(tokens) | Given::List(tokens) if !tokens.is_empty() => tokens.span(),
            Given::Wrong(span) => *span,
            _ => self.span(),
        };
        cx.at(span, format_args!("expected `{}`", self.shape.1));
        None
    }
}

/// A number and where it stands.
#[derive(Clone, Copy)]
pub struct Number {
    pub value: u32,
    pub span: Span,
}

/// Puts a value into its slot, unless there is one already.
pub fn set<T>(cx: &Ctxt, slot: &mut Option<T>, item: &Item, value: Option<T>) {
    if slot.is_some() {
        cx.at(item.span(), format_args!("`{}` is given twice", item.name()));
    } else {
        *slot = value;
    }
}

/// All keys of all `#[component(...)]` attributes.
pub fn items(cx: &Ctxt, attrs: &[Attribute], place: &Place) -> Vec<Item> {
    let mut found = Vec::new();
    for attr in attrs.iter().filter(|attr| is(attr, "component")) {
        match &attr.meta {
            Meta::List(list) if matches!(list.delimiter, syn::MacroDelimiter::Paren(_)) => {
                found.extend(items_in(cx, list.tokens.clone(), place));
            }
            meta => cx.under(meta, format_args!("expected `#[component({})]`", place.keys[0].1)),
        }
    }
    found
}

/// The keys between commas.
pub fn items_in(cx: &Ctxt, tokens: TokenStream, place: &Place) -> Vec<Item> {
    split_at_commas(tokens).into_iter().filter_map(|part| item(cx, part, place)).collect()
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
    let mut rest = tokens.clone();
    let given = match (tokens.next(), rest.nth(1)) {
        (None, _) => Given::Nothing,
        (Some(TokenTree::Punct(punct)), _) if punct.as_char() == '=' => Given::Value(without_group(tokens.collect())),
        (Some(TokenTree::Group(group)), None) if group.delimiter() == proc_macro2::Delimiter::Parenthesis => {
            Given::List(group.stream())
        }
        (Some(token), _) => Given::Wrong(token.span()),
    };
    Some(Item { key, shape: *shape, given })
}

fn unknown(name: &str, place: &Place) -> String {
    if let Some((_, what)) = place.not_yet.iter().find(|(key, _)| *key == name) {
        return format!("`{name}` ({what}) is not supported yet");
    }
    let belongs: Vec<&str> =
        PLACES.iter().filter(|other| other.keys.iter().any(|(key, _)| *key == name)).map(|other| other.name).collect();
    if !belongs.is_empty() {
        return format!("`{name}` belongs on a {}", belongs.join(" or a "));
    }
    if OF_ENGINES.contains(&name) {
        return format!("`{name}` belongs to the components of Bevy, a table has nothing like it: leave it out");
    }
    if matches!(name, "skip" | "ignore") {
        return format!("unknown key `{name}`: every field is stored; keep what should not be in a type of its own");
    }
    let names: Vec<&str> = place.keys.iter().map(|(key, _)| *key).collect();
    match nearest(name, &names) {
        Some(near) => format!("unknown key `{name}`: did you mean `{near}`?"),
        None => format!("unknown key `{name}`: there is `{}`", names.join("`, `")),
    }
}

/// The parts between commas. A comma between the angle brackets of `::<A, B>` separates nothing here.
pub fn split_at_commas(tokens: TokenStream) -> Vec<TokenStream> {
    let mut parts = vec![TokenStream::new()];
    let (mut colons, mut depth, mut after_dash) = (0_usize, 0_usize, false);
    for token in tokens {
        if let TokenTree::Punct(punct) = &token {
            match punct.as_char() {
                ',' if depth == 0 => {
                    parts.push(TokenStream::new());
                    colons = 0;
                    continue;
                }
                '<' if colons == 2 || depth > 0 => depth += 1,
                '>' if !after_dash => depth = depth.saturating_sub(1),
                _ => {}
            }
            colons = if punct.as_char() == ':' { colons + 1 } else { 0 };
            after_dash = punct.as_char() == '-' && punct.spacing() == Spacing::Joint;
        } else {
            (colons, after_dash) = (0, false);
        }
        parts.last_mut().into_iter().for_each(|part| part.extend([token.clone()]));
    }
    parts.retain(|part| !part.is_empty());
    parts
}

/// Whether the attribute has this name, raw or not.
pub fn is(attr: &Attribute, name: &str) -> bool {
    match attr.path().get_ident() {
        Some(ident) => ident.unraw() == name,
        None => false,
    }
}
