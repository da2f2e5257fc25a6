//! The text of a type: reading it token by token, so that every name in it can be replaced, and nothing else changes.
//!
//! It knows how types are written, not what names mean: that is asked of [`Meaning`].

use std::fmt::Write;

use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};

/// What the names in a type mean.
pub trait Meaning {
    /// The text for a path to a type, with its arguments.
    fn path(&mut self, path: &Path) -> String;

    /// The text for a name in an expression: the length of an array, or a const argument.
    fn constant(&mut self, segments: &[String]) -> String;

    /// Whether a name, alone as an argument, is a constant.
    fn is_constant(&self, name: &str) -> bool;

    /// A lifetime stands there.
    fn lifetime(&mut self, name: &str);
}

/// A path to a type.
#[derive(Clone, Debug, Default)]
pub struct Path {
    /// The names between `::`.
    pub segments: Vec<String>,
    /// What stands in `<...>` behind the last one, translated.
    pub arguments: Vec<Argument>,
}

/// An argument of a generic type.
#[derive(Clone, Debug)]
pub enum Argument {
    /// `'a`
    Lifetime(String),
    /// A type.
    Type(String),
    /// A number, or an expression.
    Const(String),
}

impl Argument {
    /// As it is written.
    pub fn text(&self) -> &str {
        match self {
            Self::Lifetime(text) | Self::Type(text) | Self::Const(text) => text,
        }
    }
}

impl Path {
    /// The name that it ends with.
    pub fn name(&self) -> &str {
        self.segments.last().map_or("", String::as_str)
    }

    /// The name, if there is nothing else.
    pub fn single(&self) -> Option<&str> {
        match &*self.segments {
            [name] if self.arguments.is_empty() => Some(name),
            _ => None,
        }
    }

    /// The arguments that are types.
    pub fn types(&self) -> Vec<&str> {
        let types = self.arguments.iter().filter(|argument| matches!(argument, Argument::Type(_)));
        types.map(Argument::text).collect()
    }

    /// The arguments in angle brackets, or nothing.
    pub fn in_brackets(&self) -> String {
        let texts: Vec<&str> = self.arguments.iter().map(Argument::text).collect();
        if texts.is_empty() { String::new() } else { format!("<{}>", texts.join(", ")) }
    }
}

/// The type `text` with all names replaced, or `None` if it is not made of tokens.
pub fn translate(text: &str, meaning: &mut dyn Meaning) -> Option<String> {
    let tokens: Vec<TokenTree> = text.parse::<TokenStream>().ok()?.into_iter().collect();
    Some(types(&tokens, meaning).trim().to_owned())
}

/// Translates tokens in which types stand.
fn types(tokens: &[TokenTree], meaning: &mut dyn Meaning) -> String {
    let mut out = String::new();
    let mut rest = tokens;
    while let [first, behind @ ..] = rest {
        rest = behind;
        match first {
            TokenTree::Punct(punct) if punct.as_char() == '\'' => {
                if let [TokenTree::Ident(name), behind @ ..] = rest {
                    meaning.lifetime(&name.to_string());
                    put(&mut out, &format!("'{name}"));
                    rest = behind;
                }
            }
            // `<T as Trait>::Name`: only the name is looked at.
            TokenTree::Punct(punct) if punct.as_char() == '<' => {
                let (_, behind) = in_angles(rest);
                rest = behind;
            }
            TokenTree::Punct(punct) if is_colons(punct.as_char(), rest) => rest = &rest[1..],
            TokenTree::Punct(punct) => put_sign(&mut out, punct),
            TokenTree::Group(group) => {
                let inner: Vec<TokenTree> = group.stream().into_iter().collect();
                let text = match group.delimiter() {
                    Delimiter::Bracket => format!("[{}]", array(&inner, meaning)),
                    Delimiter::Parenthesis => format!("({})", types(&inner, meaning)),
                    Delimiter::Brace => format!("{{ {} }}", expression(&inner, meaning)),
                    Delimiter::None => types(&inner, meaning),
                };
                put(&mut out, &text);
            }
            TokenTree::Literal(literal) => put(&mut out, &literal.to_string()),
            TokenTree::Ident(word) => match word.to_string().as_str() {
                "dyn" | "impl" => {
                    put(&mut out, "dyn ::core::any::Any");
                    rest = behind_bounds(rest);
                }
                "for" => {
                    if let [TokenTree::Punct(open), behind @ ..] = rest
                        && open.as_char() == '<'
                    {
                        rest = in_angles(behind).1;
                    }
                }
                word @ ("mut" | "const" | "fn" | "unsafe" | "extern" | "_") => put(&mut out, word),
                word => {
                    // A macro: `name!(...)` stays as it is.
                    if let [TokenTree::Punct(bang), group @ TokenTree::Group(_), behind @ ..] = rest
                        && bang.as_char() == '!'
                    {
                        put(&mut out, &format!("{word}!{group}"));
                        rest = behind;
                        continue;
                    }
                    let (path, behind) = path(word, rest, meaning);
                    put(&mut out, &meaning.path(&path));
                    rest = behind;
                }
            },
        }
    }
    out
}

/// Reads the path that begins with `first`; `rest` is behind that.
fn path<'t>(first: &str, rest: &'t [TokenTree], meaning: &mut dyn Meaning) -> (Path, &'t [TokenTree]) {
    let mut path = Path { segments: vec![first.to_owned()], arguments: Vec::new() };
    let mut rest = rest;
    loop {
        match rest {
            [TokenTree::Punct(colon), TokenTree::Punct(_), TokenTree::Ident(name), behind @ ..]
                if is_colons(colon.as_char(), &rest[1..]) =>
            {
                path.segments.push(name.to_string());
                path.arguments.clear();
                rest = behind;
            }
            [TokenTree::Punct(colon), TokenTree::Punct(_), TokenTree::Punct(open), behind @ ..]
                if is_colons(colon.as_char(), &rest[1..]) && open.as_char() == '<' =>
            {
                (path.arguments, rest) = arguments(behind, meaning);
            }
            [TokenTree::Punct(open), behind @ ..] if open.as_char() == '<' => {
                (path.arguments, rest) = arguments(behind, meaning);
            }
            _ => return (path, rest),
        }
    }
}

/// The arguments up to the closing bracket, and what is behind it.
fn arguments<'t>(tokens: &'t [TokenTree], meaning: &mut dyn Meaning) -> (Vec<Argument>, &'t [TokenTree]) {
    let (inner, rest) = in_angles(tokens);
    let arguments = split(inner, ',').into_iter().filter_map(|part| argument(part, meaning)).collect();
    (arguments, rest)
}

fn argument(tokens: &[TokenTree], meaning: &mut dyn Meaning) -> Option<Argument> {
    Some(match tokens {
        [] => return None,
        // `Item = T`
        [TokenTree::Ident(_), TokenTree::Punct(is), ..] if is.as_char() == '=' => return None,
        [TokenTree::Punct(quote), ..] if quote.as_char() == '\'' => {
            Argument::Lifetime(types(tokens, meaning).trim().to_owned())
        }
        [TokenTree::Ident(name)] if meaning.is_constant(&name.to_string()) => {
            Argument::Const(meaning.constant(&[name.to_string()]))
        }
        [TokenTree::Literal(_)] => Argument::Const(expression(tokens, meaning)),
        [TokenTree::Group(group)] if group.delimiter() == Delimiter::Brace => Argument::Const(types(tokens, meaning)),
        [TokenTree::Punct(minus), ..] if minus.as_char() == '-' => Argument::Const(expression(tokens, meaning)),
        _ => Argument::Type(types(tokens, meaning).trim().to_owned()),
    })
}

/// What stands in `[...]`: a slice, or an array with its length.
fn array(tokens: &[TokenTree], meaning: &mut dyn Meaning) -> String {
    let is_semicolon = |token: &TokenTree| matches!(token, TokenTree::Punct(punct) if punct.as_char() == ';');
    match tokens.iter().rposition(is_semicolon) {
        Some(at) => {
            let element = types(&tokens[..at], meaning);
            format!("{}; {}", element.trim(), expression(&tokens[at + 1..], meaning).trim())
        }
        None => types(tokens, meaning),
    }
}

/// Translates an expression: every path is a constant, unless something is done with it.
fn expression(tokens: &[TokenTree], meaning: &mut dyn Meaning) -> String {
    let mut out = String::new();
    let mut rest = tokens;
    while let [first, behind @ ..] = rest {
        rest = behind;
        match first {
            TokenTree::Ident(word) if word == "as" => {
                put(&mut out, "as");
                if let [TokenTree::Ident(ty), behind @ ..] = rest {
                    put(&mut out, &ty.to_string());
                    rest = behind;
                }
            }
            TokenTree::Ident(word) => {
                let (path, behind) = path(&word.to_string(), rest, meaning);
                rest = behind;
                if let [TokenTree::Group(_), behind @ ..] = rest {
                    // A call: no constant of ours could stand for the function, but one can for its result.
                    rest = behind;
                }
                put(&mut out, &meaning.constant(&path.segments));
            }
            TokenTree::Group(group) => {
                let inner: Vec<TokenTree> = group.stream().into_iter().collect();
                put(&mut out, &format!("({})", expression(&inner, meaning)));
            }
            TokenTree::Punct(punct) => put_sign(&mut out, punct),
            TokenTree::Literal(literal) => put(&mut out, &literal.to_string()),
        }
    }
    out
}

/// What is behind the bounds of a trait object.
fn behind_bounds(tokens: &[TokenTree]) -> &[TokenTree] {
    let mut rest = tokens;
    let mut depth = 0_usize;
    while let [first, behind @ ..] = rest {
        if let TokenTree::Punct(punct) = first {
            match punct.as_char() {
                ',' | ';' | '=' if depth == 0 => return rest,
                '-' if punct.spacing() == Spacing::Joint => {
                    rest = behind.get(1..).unwrap_or_default();
                    continue;
                }
                '<' => depth += 1,
                '>' if depth == 0 => return rest,
                '>' => depth -= 1,
                _ => {}
            }
        }
        rest = behind;
    }
    rest
}

/// The tokens up to the `>` that closes, and those behind it.
fn in_angles(tokens: &[TokenTree]) -> (&[TokenTree], &[TokenTree]) {
    let mut depth = 0_usize;
    let mut after_dash = false;
    for (at, token) in tokens.iter().enumerate() {
        let TokenTree::Punct(punct) = token else {
            after_dash = false;
            continue;
        };
        match punct.as_char() {
            '<' => depth += 1,
            '>' if after_dash => {}
            '>' if depth == 0 => return (&tokens[..at], &tokens[at + 1..]),
            '>' => depth -= 1,
            _ => {}
        }
        after_dash = punct.as_char() == '-';
    }
    (tokens, &[])
}

/// The parts between separators that stand in no angle brackets.
fn split(tokens: &[TokenTree], separator: char) -> Vec<&[TokenTree]> {
    let (mut parts, mut start, mut depth, mut after_dash) = (Vec::new(), 0, 0_usize, false);
    for (at, token) in tokens.iter().enumerate() {
        let TokenTree::Punct(punct) = token else {
            after_dash = false;
            continue;
        };
        match punct.as_char() {
            '<' => depth += 1,
            '>' if !after_dash => depth = depth.saturating_sub(1),
            sign if sign == separator && depth == 0 => {
                parts.push(&tokens[start..at]);
                start = at + 1;
            }
            _ => {}
        }
        after_dash = punct.as_char() == '-';
    }
    parts.push(&tokens[start..]);
    parts
}

/// Whether `first` and the next token are `::`.
fn is_colons(first: char, rest: &[TokenTree]) -> bool {
    first == ':' && matches!(rest, [TokenTree::Punct(second), ..] if second.as_char() == ':')
}

/// Appends a word or a group.
fn put(out: &mut String, text: &str) {
    if out.ends_with(|last: char| last.is_alphanumeric() || matches!(last, '_' | ')' | ']' | '>')) {
        out.push(' ');
    }
    out.push_str(text);
}

/// Appends a sign, with its neighbour if the two belong together.
fn put_sign(out: &mut String, punct: &proc_macro2::Punct) {
    let space = if punct.spacing() == Spacing::Alone && punct.as_char() != '&' { " " } else { "" };
    // Writing to a string does not fail.
    let _ = write!(out, "{}{space}", punct.as_char());
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Puts every name into brackets that say what it was taken for.
    struct Marks(Vec<String>);

    impl Meaning for Marks {
        fn path(&mut self, path: &Path) -> String {
            format!("T({}){}", path.segments.join("::"), path.in_brackets())
        }

        fn constant(&mut self, segments: &[String]) -> String {
            format!("C({})", segments.join("::"))
        }

        fn is_constant(&self, name: &str) -> bool {
            name == "N"
        }

        fn lifetime(&mut self, name: &str) {
            self.0.push(name.to_owned());
        }
    }

    fn marked(text: &str) -> String {
        translate(text, &mut Marks(Vec::new())).unwrap()
    }

    #[test]
    fn every_name_is_found_and_nothing_else() {
        for (text, expected) in [
            ("u32", "T(u32)"),
            ("humanoid::Body", "T(humanoid::Body)"),
            ("::std::time::Duration", "T(std::time::Duration)"),
            ("Option<Box<Foo>>", "T(Option)<T(Box)<T(Foo)>>"),
            ("[(f64, T); 4]", "[(T(f64), T(T)); 4]"),
            ("[[Option<Slot>; SIZE]; ui::ROWS * 2]", "[[T(Option)<T(Slot)>; C(SIZE)]; C(ui::ROWS) * 2]"),
            ("[u8; size_of::<Foo>() as usize]", "[T(u8); C(size_of) as usize]"),
            ("[u8; { N + 1 }]", "[T(u8); (C(N) + 1)]"),
            ("ArrayVec<Item, 4>", "T(ArrayVec)<T(Item), 4>"),
            ("ArrayVec<Item, N>", "T(ArrayVec)<T(Item), C(N)>"),
            ("&'a [T]", "&'a [T(T)]"),
            ("Cow<'static, str>", "T(Cow)<'static, T(str)>"),
            ("Box<dyn Fn(u32) -> Vec<u8> + Send>", "T(Box)<dyn ::core::any::Any>"),
            ("Vec<Box<dyn Iterator<Item = u8>>>", "T(Vec)<T(Box)<dyn ::core::any::Any>>"),
            ("fn(u32, &mut World) -> bool", "fn (T(u32), &mut T(World))-> T(bool)"),
            ("<T as Trait>::Out", "T(Out)"),
            ("Foo::<u8>", "T(Foo)<T(u8)>"),
            ("vec![u8]", "vec![u8]"),
            ("*const u8", "* const T(u8)"),
            ("()", "()"),
            ("!", "!"),
        ] {
            // Spaces mean nothing.
            assert_eq!(marked(text).replace(' ', ""), expected.replace(' ', ""), "{text}");
        }
    }

    #[test]
    fn lifetimes_are_told() {
        let mut marks = Marks(Vec::new());
        translate("&'a Foo<'b>", &mut marks).unwrap();
        assert_eq!(marks.0, ["a", "b"]);
    }

    #[test]
    fn what_is_no_text_of_tokens_is_refused_and_odd_text_is_not() {
        assert_eq!(translate("Vec<(", &mut Marks(Vec::new())), None);
        for odd in ["Vec<", "<", "::", "'", "a ::", "[;]", "[; 3]", "dyn", "for", ">", "Foo<,>", "->", "", "& ' a"] {
            translate(odd, &mut Marks(Vec::new()));
        }
    }
}
