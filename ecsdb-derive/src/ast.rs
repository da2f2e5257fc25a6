//! The syntax of the item under a derive.
//!
//! It keeps the type of a field as tokens: the length of an array may be any constant expression, which only the
//! compiler can parse. It judges nothing.

use proc_macro2::{Delimiter, Spacing, Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream, Parser};
use syn::{Attribute, Generics, Ident, Index, Member, Result, Token, Visibility, WhereClause, braced, parenthesized};

/// A struct, an enum or a union.
pub struct Input {
    pub attrs: Vec<Attribute>,
    pub vis: Visibility,
    pub ident: Ident,
    pub generics: Generics,
    pub body: Body,
}

/// What the item is made of.
pub enum Body {
    Struct(Shape, Vec<Field>),
    Enum(Vec<Variant>),
    Union(Span),
}

/// One variant of an enum.
pub struct Variant {
    pub attrs: Vec<Attribute>,
    pub ident: Ident,
    pub shape: Shape,
    pub fields: Vec<Field>,
    /// What stands after the `=`: any constant expression.
    pub discriminant: Option<TokenStream>,
}

/// How a struct or a variant is written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    Named,
    Tuple,
    Unit,
}

/// One field of a struct.
pub struct Field {
    pub attrs: Vec<Attribute>,
    pub vis: Visibility,
    pub member: Member,
    pub ty: TokenStream,
    /// Where an error about the field points to: its name, or its type if it has none.
    pub span: Span,
}

impl Parse for Input {
    fn parse(input: ParseStream) -> Result<Self> {
        let attrs = input.call(Attribute::parse_outer)?;
        let vis = input.parse()?;
        if input.peek(Token![struct]) {
            input.parse::<Token![struct]>()?;
            return Self::parse_struct(input, attrs, vis);
        }
        let keyword = input.call(Ident::parse_any)?;
        let ident = input.parse()?;
        let mut generics: Generics = input.parse()?;
        let body = if keyword == "enum" {
            generics.where_clause = input.parse()?;
            let content;
            braced!(content in input);
            Body::Enum(separated(&content, &ident, |input, _, owner| Variant::parse(input, owner))?)
        } else {
            input.parse::<TokenStream>()?;
            Body::Union(keyword.span())
        };
        Ok(Self { attrs, vis, ident, generics, body })
    }
}

impl Input {
    fn parse_struct(input: ParseStream, attrs: Vec<Attribute>, vis: Visibility) -> Result<Self> {
        let ident: Ident = input.parse()?;
        let mut generics: Generics = input.parse()?;
        let mut where_clause: Option<WhereClause> = input.parse()?;
        let (shape, fields) = if input.peek(syn::token::Brace) {
            let content;
            braced!(content in input);
            (Shape::Named, separated(&content, &ident, Field::parse_named)?)
        } else if input.peek(syn::token::Paren) {
            let content;
            parenthesized!(content in input);
            let fields = separated(&content, &ident, Field::parse_unnamed)?;
            where_clause = where_clause.or(input.parse()?);
            input.parse::<Token![;]>()?;
            (Shape::Tuple, fields)
        } else {
            input.parse::<Token![;]>()?;
            (Shape::Unit, Vec::new())
        };
        generics.where_clause = where_clause;
        Ok(Self { attrs, vis, ident, generics, body: Body::Struct(shape, fields) })
    }
}

/// The fields or variants between the braces or parentheses of the item `owner`.
fn separated<T>(
    content: ParseStream,
    owner: &Ident,
    parse: fn(ParseStream, usize, &Ident) -> Result<T>,
) -> Result<Vec<T>> {
    let mut parts = Vec::new();
    while !content.is_empty() {
        parts.push(parse(content, parts.len(), owner)?);
        if !content.is_empty() {
            content.parse::<Token![,]>()?;
        }
    }
    Ok(parts)
}

impl Variant {
    fn parse(input: ParseStream, owner: &Ident) -> Result<Self> {
        let attrs = input.call(Attribute::parse_outer)?;
        let ident: Ident = input.parse()?;
        let (shape, fields) = if input.peek(syn::token::Brace) {
            let content;
            braced!(content in input);
            (Shape::Named, separated(&content, owner, Field::parse_named)?)
        } else if input.peek(syn::token::Paren) {
            let content;
            parenthesized!(content in input);
            (Shape::Tuple, separated(&content, owner, Field::parse_unnamed)?)
        } else {
            (Shape::Unit, Vec::new())
        };
        let discriminant = if input.peek(Token![=]) {
            input.parse::<Token![=]>()?;
            Some(without_self(rest(input)?, owner))
        } else {
            None
        };
        Ok(Self { attrs, ident, shape, fields, discriminant })
    }
}

/// The tokens up to the next comma.
fn rest(input: ParseStream) -> Result<TokenStream> {
    let mut tokens = TokenStream::new();
    while !input.is_empty() && !input.peek(Token![,]) {
        input.parse::<TokenTree>()?.to_tokens(&mut tokens);
    }
    Ok(tokens)
}

impl Field {
    fn parse_named(input: ParseStream, _: usize, owner: &Ident) -> Result<Self> {
        let attrs = input.call(Attribute::parse_outer)?;
        let vis = input.parse()?;
        let name: Ident = input.parse()?;
        input.parse::<Token![:]>()?;
        let ty = parse_type(input, owner)?;
        Ok(Self { attrs, vis, span: name.span(), member: Member::Named(name), ty })
    }

    fn parse_unnamed(input: ParseStream, index: usize, owner: &Ident) -> Result<Self> {
        let attrs = input.call(Attribute::parse_outer)?;
        let vis = input.parse()?;
        let ty = parse_type(input, owner)?;
        let span = ty.clone().into_iter().next().map_or_else(Span::call_site, |token| token.span());
        let member = Member::Unnamed(Index { index: index as u32, span: Span::mixed_site() });
        Ok(Self { attrs, vis, member, ty, span })
    }
}

/// The tokens up to the next comma outside of `<` and `>`, with `Self` written out as `owner`: they are repeated in
/// places where `Self` is another type.
fn parse_type(input: ParseStream, owner: &Ident) -> Result<TokenStream> {
    let mut depth = 0_usize;
    let mut after_dash = false;
    let mut tokens = TokenStream::new();
    while !(input.is_empty() || depth == 0 && input.peek(Token![,])) {
        let token: TokenTree = input.parse()?;
        if let TokenTree::Punct(punct) = &token {
            match punct.as_char() {
                '<' => depth += 1,
                '>' if !after_dash => depth = depth.saturating_sub(1),
                _ => {}
            }
            after_dash = punct.as_char() == '-' && punct.spacing() == Spacing::Joint;
        } else {
            after_dash = false;
        }
        token.to_tokens(&mut tokens);
    }
    if tokens.is_empty() { Err(input.error("expected a type")) } else { Ok(without_self(tokens, owner)) }
}

fn without_self(tokens: TokenStream, owner: &Ident) -> TokenStream {
    tokens
        .into_iter()
        .map(|token| match token {
            TokenTree::Ident(ident) if ident == "Self" => {
                let mut owner = owner.clone();
                owner.set_span(ident.span());
                TokenTree::Ident(owner)
            }
            TokenTree::Group(group) => {
                let inner = without_self(group.stream(), owner);
                let mut replaced = proc_macro2::Group::new(group.delimiter(), inner);
                replaced.set_span(group.span());
                TokenTree::Group(replaced)
            }
            token => token,
        })
        .collect()
}

/// What is inside the invisible group that a `macro_rules!` fragment comes in, if that is all there is.
pub fn without_group(tokens: TokenStream) -> TokenStream {
    let mut iter = tokens.clone().into_iter();
    match (iter.next(), iter.next()) {
        (Some(TokenTree::Group(group)), None) if group.delimiter() == Delimiter::None => without_group(group.stream()),
        _ => tokens,
    }
}

/// Parses all of `tokens`.
pub fn parse_all<T: Parse>(tokens: TokenStream) -> Result<T> {
    T::parse.parse2(tokens)
}
