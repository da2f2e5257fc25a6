//! Types as they are written in a schema file: `u32`, `[f32; 3]`, `entity?`, `enum Ai { Idle, Chasing { target: entity } }`.
//!
//! The grammar is in `docs/schema.md`. What one half of this file writes, the other half reads.

use core::fmt;
use core::str::FromStr;
use std::borrow::Cow;

use super::check::TYPE_DEPTH_MAX;
use super::database::too_deep;
use super::error::SchemaErrorKind;
use super::names::nearest;
use super::{EnumType, FieldType, Member, Scalar, StructType, TypeRef, Variant};

/// Types that have a name, and are no scalars.
const OTHERS: [&str; 5] = ["string", "str<N>", "ref<table>", "struct", "enum"];

impl fmt::Display for FieldType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scalar(scalar) => f.write_str(scalar.name()),
            Self::Reference { table } => write!(f, "ref<{table}>"),
            Self::Array { element, len } => write!(f, "[{}; {len}]", &**element),
            Self::Optional(inner) => write!(f, "{}?", &**inner),
            Self::FixedText { bytes } => write!(f, "str<{bytes}>"),
            Self::Text => f.write_str("string"),
            Self::List(element) => write!(f, "[{}]", &**element),
            Self::Struct(of) if of.name.is_empty() && is_tuple(&of.fields) => members(f, &of.fields, true),
            Self::Struct(of) => {
                write!(f, "struct")?;
                if !of.name.is_empty() {
                    write!(f, " {}", of.name)?;
                }
                members(f, &of.fields, !of.fields.is_empty() && is_tuple(&of.fields))
            }
            Self::Enum(of) => write_enum(f, of),
        }
    }
}

/// Whether the names are the numbers from 0 on.
pub(super) fn is_tuple(members: &[Member]) -> bool {
    members.iter().enumerate().all(|(index, member)| member.name == index.to_string())
}

fn members(f: &mut fmt::Formatter<'_>, members: &[Member], is_tuple: bool) -> fmt::Result {
    f.write_str(if is_tuple { "(" } else { " { " })?;
    for (index, member) in members.iter().enumerate() {
        if index > 0 {
            f.write_str(", ")?;
        }
        if !is_tuple {
            write!(f, "{}: ", member.name)?;
        }
        fmt::Display::fmt(&member.field_type, f)?;
    }
    f.write_str(match is_tuple {
        true => ")",
        false if members.is_empty() => "}",
        false => " }",
    })
}

fn write_enum(f: &mut fmt::Formatter<'_>, of: &EnumType) -> fmt::Result {
    f.write_str("enum")?;
    if !of.name.is_empty() {
        write!(f, " {}", of.name)?;
    }
    if of.tag_bytes != 1 {
        write!(f, ": u{}", u32::from(of.tag_bytes) * 8)?;
    }
    f.write_str(" { ")?;
    let mut next = 0;
    for (index, variant) in of.variants.iter().enumerate() {
        if index > 0 {
            f.write_str(", ")?;
        }
        f.write_str(&variant.name)?;
        if !variant.fields.is_empty() {
            members(f, &variant.fields, is_tuple(&variant.fields))?;
        }
        if variant.tag != next {
            write!(f, " = {}", variant.tag)?;
        }
        if !variant.renamed_from.is_empty() {
            write!(f, " was {}", variant.renamed_from)?;
        }
        next = variant.tag.wrapping_add(1);
    }
    f.write_str(if of.variants.is_empty() { "}" } else { " }" })
}

impl FromStr for FieldType {
    type Err = SchemaErrorKind;

    fn from_str(text: &str) -> Result<Self, SchemaErrorKind> {
        parse_type(text)
    }
}

/// The type that `text` names.
pub(super) fn parse_type(text: &str) -> Result<FieldType, SchemaErrorKind> {
    let mut parser = Parser { whole: text, rest: text };
    let field_type = parser.field_type(0)?;
    if parser.next_is_end() { Ok(field_type) } else { Err(parser.wrong("the end of the type")) }
}

/// The text that is still to be read.
struct Parser<'t> {
    whole: &'t str,
    rest: &'t str,
}

impl<'t> Parser<'t> {
    fn skip_space(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn next_is_end(&mut self) -> bool {
        self.skip_space();
        self.rest.is_empty()
    }

    /// Takes `token` if it comes next.
    fn take(&mut self, token: char) -> bool {
        self.skip_space();
        match self.rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn need(&mut self, token: char) -> Result<(), SchemaErrorKind> {
        if self.take(token) { Ok(()) } else { Err(self.wrong(&format!("`{token}`"))) }
    }

    /// Takes letters, digits and `_`.
    fn word(&mut self) -> &'t str {
        self.skip_space();
        let end = self.rest.find(|letter: char| !letter.is_alphanumeric() && letter != '_').unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        word
    }

    /// Takes a name.
    fn name(&mut self) -> Result<String, SchemaErrorKind> {
        let before = self.rest;
        let word = self.word();
        if word.is_empty() || word.starts_with(|letter: char| letter.is_numeric()) {
            self.rest = before;
            return Err(self.wrong("a name"));
        }
        Ok(word.to_owned())
    }

    fn number(&mut self) -> Result<u32, SchemaErrorKind> {
        let before = self.rest;
        let word = self.word();
        let is_number = !word.is_empty() && word.bytes().all(|digit| digit.is_ascii_digit());
        word.parse().ok().filter(|_| is_number).ok_or_else(|| {
            self.rest = before;
            self.wrong("a number from 0 to 4294967295")
        })
    }

    fn wrong(&self, expected: &str) -> SchemaErrorKind {
        let at = self.whole.len() - self.rest.len();
        let found = match self.rest.trim_start().chars().next() {
            Some(letter) => {
                format!("`{letter}` at character {} of `{}`", self.whole[..at].chars().count() + 1, self.whole)
            }
            None => format!("the end of `{}`", self.whole),
        };
        SchemaErrorKind::WrongValue { key: "type".to_owned(), expected: expected.to_owned(), found }
    }

    fn field_type(&mut self, depth: usize) -> Result<FieldType, SchemaErrorKind> {
        if depth > TYPE_DEPTH_MAX {
            return Err(too_deep());
        }
        let mut found = self.without_marks(depth)?;
        let mut marks = depth;
        while self.take('?') {
            marks += 1;
            if marks > TYPE_DEPTH_MAX {
                return Err(too_deep());
            }
            found = FieldType::Optional(found.into());
        }
        Ok(found)
    }

    /// A type, up to the question marks behind it.
    fn without_marks(&mut self, depth: usize) -> Result<FieldType, SchemaErrorKind> {
        if self.take('[') {
            let element = TypeRef::from(self.field_type(depth + 1)?);
            if self.take(']') {
                return Ok(FieldType::List(element));
            }
            if !self.take(';') {
                return Err(self.wrong("`]`, or `;` and a number of elements"));
            }
            let len = self.number()?;
            self.need(']')?;
            return Ok(FieldType::Array { element, len });
        }
        if self.take('(') {
            let fields = self.tuple(depth)?;
            return Ok(FieldType::Struct(StructType { name: Cow::Borrowed(""), fields: fields.into() }));
        }
        let before = self.rest;
        match self.word() {
            "" => {
                self.rest = before;
                Err(self.wrong("a type"))
            }
            "string" => Ok(FieldType::Text),
            "str" => {
                self.need('<')?;
                let bytes = self.number()?;
                self.need('>')?;
                Ok(FieldType::FixedText { bytes })
            }
            "ref" => {
                self.need('<')?;
                let table = self.name()?.into();
                self.need('>')?;
                Ok(FieldType::Reference { table })
            }
            "struct" => {
                let name = self.optional_name()?;
                let fields = self.fields(depth)?.ok_or_else(|| self.wrong("`{` or `(`"))?;
                Ok(FieldType::Struct(StructType { name: name.into(), fields: fields.into() }))
            }
            "enum" => self.enumeration(depth),
            word => Scalar::from_name(word).map(FieldType::Scalar).ok_or_else(|| unknown(word)),
        }
    }

    /// The name of a struct or an enum, if it has one.
    fn optional_name(&mut self) -> Result<String, SchemaErrorKind> {
        self.skip_space();
        if self.rest.starts_with(['{', '(', ':']) { Ok(String::new()) } else { self.name() }
    }

    /// `{ x: f32 }`, `(f32, f32)`, or nothing.
    fn fields(&mut self, depth: usize) -> Result<Option<Vec<Member>>, SchemaErrorKind> {
        if self.take('(') {
            return self.tuple(depth).map(Some);
        }
        if !self.take('{') {
            return Ok(None);
        }
        let mut members = Vec::new();
        while !self.take('}') {
            let name = self.name()?;
            self.need(':')?;
            self.member(&mut members, name, depth)?;
            if !self.take(',') {
                self.need('}')?;
                break;
            }
        }
        Ok(Some(members))
    }

    /// What stands behind `(`.
    fn tuple(&mut self, depth: usize) -> Result<Vec<Member>, SchemaErrorKind> {
        let mut members: Vec<Member> = Vec::new();
        while !self.take(')') {
            let name = members.len().to_string();
            self.member(&mut members, name, depth)?;
            if !self.take(',') {
                self.need(')')?;
                break;
            }
        }
        Ok(members)
    }

    fn member(&mut self, members: &mut Vec<Member>, name: String, depth: usize) -> Result<(), SchemaErrorKind> {
        if members.iter().any(|member| member.name == name) {
            return Err(duplicate("member", name));
        }
        let field_type = self.field_type(depth + 1)?;
        members.push(Member { name: name.into(), field_type });
        Ok(())
    }

    /// What stands behind `enum`.
    fn enumeration(&mut self, depth: usize) -> Result<FieldType, SchemaErrorKind> {
        let name = self.optional_name()?;
        let mut tag_bytes = 1;
        if self.take(':') {
            tag_bytes = match self.word() {
                "u8" => 1,
                "u16" => 2,
                "u32" => 4,
                _ => return Err(self.wrong("`u8`, `u16` or `u32`")),
            };
        }
        self.need('{')?;
        let mut variants: Vec<Variant> = Vec::new();
        while !self.take('}') {
            let variant = self.variant(depth, variants.last().map_or(Some(0), |last| last.tag.checked_add(1)))?;
            if variants.iter().any(|other| other.name == variant.name) {
                return Err(duplicate("variant", variant.name.into()));
            }
            if let Some(other) = variants.iter().find(|other| other.tag == variant.tag) {
                return Err(duplicate("tag", format!("{} of `{}` and `{}`", variant.tag, other.name, variant.name)));
            }
            if u64::from(variant.tag) >> (8 * u32::from(tag_bytes)) != 0 {
                return Err(SchemaErrorKind::WrongValue {
                    key: "type".to_owned(),
                    expected: format!("tags that fit {tag_bytes} bytes"),
                    found: format!("`{} = {}`", variant.name, variant.tag),
                });
            }
            variants.push(variant);
            if !self.take(',') {
                self.need('}')?;
                break;
            }
        }
        Ok(FieldType::Enum(EnumType { name: name.into(), tag_bytes, variants: variants.into() }))
    }

    fn variant(&mut self, depth: usize, next: Option<u32>) -> Result<Variant, SchemaErrorKind> {
        let name = self.name()?.into();
        let fields = self.fields(depth)?.unwrap_or_default().into();
        let tag = if self.take('=') { self.number()? } else { next.ok_or_else(|| self.wrong("`= ` and a tag"))? };
        let before = self.rest;
        let renamed_from = match self.word() {
            "was" => self.name()?.into(),
            _ => {
                self.rest = before;
                Cow::Borrowed("")
            }
        };
        Ok(Variant { name, tag, renamed_from, fields })
    }
}

fn duplicate(what: &'static str, name: String) -> SchemaErrorKind {
    SchemaErrorKind::Duplicate { what, name, first: None }
}

fn unknown(found: &str) -> SchemaErrorKind {
    let names = Scalar::ALL.map(Scalar::name).into_iter().chain(OTHERS);
    SchemaErrorKind::UnknownType { found: found.to_owned(), nearest: nearest(found, names).map(str::to_owned) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_read_as_they_are_written() {
        for text in [
            "u8",
            "i128",
            "bool",
            "entity",
            "entity?",
            "[f32; 3]",
            "[[entity?; 2]; 0]",
            "string",
            "[string?]?",
            "str<16>",
            "ref<item>??",
            "()",
            "(u8, [char])",
            "struct { x: f32 }",
            "struct Pos { x: f32, y: nonzero_u8? }",
            "struct Meters(f64)",
            "enum Ai { Idle, Chasing { target: entity, since: duration }, Pair(u8, u16) = 7, Last was End }",
            "enum: u16 { A = 300 }",
            "enum Never: u32 { }",
            "struct Marker { }",
        ] {
            assert_eq!(parse_type(text).unwrap().to_string(), text);
        }
        assert_eq!(parse_type(" [ [u8;2] ;3 ] ").unwrap().to_string(), "[[u8; 2]; 3]");
        assert_eq!(parse_type("struct P{x:u8,}").unwrap().to_string(), "struct P { x: u8 }");
    }

    #[test]
    fn what_is_no_type_says_so() {
        for text in [
            "[u8; -1]",
            "[u8; +1]",
            "[u8; 4294967296]",
            "[u8; 3",
            "[;]",
            "[u8; ]",
            "",
            "u8 u8",
            "struct",
            "struct P { x }",
            "enum E { A = 256 }",
            "str<>",
            "(u8",
            "enum { A = 4294967295, B }",
        ] {
            assert!(
                matches!(parse_type(text), Err(SchemaErrorKind::WrongValue { .. })),
                "{text}: {:?}",
                parse_type(text)
            );
        }
        for text in ["enum { A, A }", "enum { A, B = 0 }", "struct { x: u8, x: u8 }"] {
            assert!(matches!(parse_type(text), Err(SchemaErrorKind::Duplicate { .. })), "{text}");
        }
        let nearest = Some("f32".to_owned());
        assert_eq!(parse_type("f33"), Err(SchemaErrorKind::UnknownType { found: "f33".to_owned(), nearest }));
        for deep in ["[".repeat(100_000) + "u8", "u8".to_owned() + &"?".repeat(100_000), "(".repeat(100_000)] {
            assert_eq!(parse_type(&deep), Err(too_deep()));
        }
    }
}
