//! Whether a component still is what a schema file says, decided by the compiler.
//!
//! The derive takes the names and types of the table's fields out of the file, as texts; here the texts are held against
//! the schema. Both sides of the grammar that `schema::type_text` reads and writes, as far as constants can.

use crate::component::{constant, slice};
use crate::schema::{EnumType, FieldType, Member, TableSchema};
use crate::text::Text;
use std::borrow::Cow;

/// The text for a component that is not what `file` says of its table, whose stored fields have there these names and
/// types.
pub const fn drift(file: &str, table: &TableSchema, written: &[(&str, &str)]) -> Text {
    let fields = match &table.fields {
        Cow::Borrowed(fields) => fields,
        Cow::Owned(fields) => fields.as_slice(),
    };
    let mut index = 0;
    while index < fields.len() && index < written.len() {
        let (field, (name, ty)) = (&fields[index], written[index]);
        let head = Text::new().str("`").str(str(&table.name)).str(".");
        if !same(str(&field.name), name) {
            let text = head.str(str(&field.name)).str("` is field ").number(index + 1).str(" here, but `").str(file);
            return text.str("` has `").str(name).str("` there: change one of them");
        }
        if !is_written(&field.field_type, ty) {
            let text = write_type(head.str(name).str("` is `"), &field.field_type).str("` here, but `").str(ty);
            return text.str("` in `").str(file).str("`: change one of them");
        }
        index += 1;
    }
    let head = Text::new().str("`").str(str(&table.name)).str(".");
    if index < fields.len() {
        let text = head.str(str(&fields[index].name)).str("` is not in `").str(file);
        return text.str("`: add it there, or remove it here");
    }
    if index < written.len() {
        let text = head.str(written[index].0).str("` is in `").str(file);
        return text.str("` and not here: add it as field ").number(index + 1).str(", or remove it there");
    }
    Text::new()
}

#[expect(clippy::ptr_arg, reason = "the `Deref` of a `Cow` is not const")]
const fn str<'a>(text: &'a Cow<'static, str>) -> &'a str {
    match text {
        Cow::Borrowed(text) => text,
        Cow::Owned(text) => text.as_str(),
    }
}

const fn same(a: &str, b: &str) -> bool {
    matches!(Reader { text: b.as_bytes(), at: 0 }.raw(a.as_bytes()), Some(rest) if rest.at == b.len())
}

/// Whether `text` is a way to write the type.
const fn is_written(field_type: &FieldType, text: &str) -> bool {
    match (Reader { text: text.as_bytes(), at: 0 }).field_type(field_type) {
        Some(rest) => rest.skip_space().at == text.len(),
        None => false,
    }
}

/// The text from `at` on. Each method takes what it looks for, or answers `None`.
#[derive(Clone, Copy)]
struct Reader<'t> {
    text: &'t [u8],
    at: usize,
}

/// `?` for `Option` in constants.
macro_rules! some {
    ($option:expr) => {
        match $option {
            Some(value) => value,
            None => return None,
        }
    };
}

impl<'t> Reader<'t> {
    const fn skip_space(mut self) -> Self {
        while self.at < self.text.len() && self.text[self.at].is_ascii_whitespace() {
            self.at += 1;
        }
        self
    }

    const fn raw(mut self, token: &[u8]) -> Option<Self> {
        let mut index = 0;
        while index < token.len() {
            if self.at >= self.text.len() || self.text[self.at] != token[index] {
                return None;
            }
            self.at += 1;
            index += 1;
        }
        Some(self)
    }

    const fn token(self, token: &str) -> Option<Self> {
        self.skip_space().raw(token.as_bytes())
    }

    /// The token if it is there.
    const fn maybe(self, token: &str) -> Self {
        match self.token(token) {
            Some(rest) => rest,
            None => self,
        }
    }

    const fn word(self, word: &str) -> Option<Self> {
        let rest = some!(self.token(word));
        if rest.is_in_word() { None } else { Some(rest) }
    }

    const fn is_in_word(self) -> bool {
        if self.at >= self.text.len() {
            return false;
        }
        let byte = self.text[self.at];
        byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
    }

    /// Any word, if there is one.
    const fn any_word(self) -> Self {
        let mut rest = self.skip_space();
        let start = rest.at;
        while rest.is_in_word() {
            rest.at += 1;
        }
        if rest.at == start { self } else { rest }
    }

    const fn number(self, number: u32) -> Option<Self> {
        let mut rest = self.skip_space();
        let (mut found, start) = (0_u64, rest.at);
        while rest.at < rest.text.len() && rest.text[rest.at].is_ascii_digit() && found <= u32::MAX as u64 {
            found = found * 10 + (rest.text[rest.at] - b'0') as u64;
            rest.at += 1;
        }
        if rest.at > start && found == number as u64 { Some(rest) } else { None }
    }

    const fn field_type(self, field_type: &FieldType) -> Option<Self> {
        match field_type {
            FieldType::Scalar(scalar) => self.word(scalar.name()),
            FieldType::Text => self.word("string"),
            FieldType::Reference { table } => {
                some!(some!(some!(self.word("ref")).token("<")).word(str(table))).token(">")
            }
            FieldType::FixedText { bytes } => {
                some!(some!(some!(self.word("str")).token("<")).number(*bytes)).token(">")
            }
            FieldType::Optional(inner) => some!(self.field_type(constant(inner))).token("?"),
            FieldType::List(element) => some!(some!(self.token("[")).field_type(constant(element))).token("]"),
            FieldType::Array { element, len } => {
                let rest = some!(some!(self.token("[")).field_type(constant(element)));
                some!(some!(rest.token(";")).number(*len)).token("]")
            }
            FieldType::Struct(of) => {
                // What it is called makes no difference.
                let rest = match self.word("struct") {
                    Some(rest) => rest.any_word(),
                    None => self,
                };
                rest.members(slice(&of.fields))
            }
            FieldType::Enum(of) => some!(self.word("enum")).any_word().variants(of),
        }
    }

    /// `{ x: f32 }` or `(f32)`; where there are none, either.
    const fn members(self, members: &[Member]) -> Option<Self> {
        let in_braces = self.token("{");
        let (mut rest, is_tuple) = match in_braces {
            Some(rest) => (rest, false),
            None => (some!(self.token("(")), true),
        };
        let mut index = 0;
        while index < members.len() {
            if index > 0 {
                rest = some!(rest.token(","));
            }
            if is_tuple {
                // As names, its members have their numbers.
                let name = Reader { text: str(&members[index].name).as_bytes(), at: 0 };
                some!(name.number(index as u32));
            } else {
                rest = some!(some!(rest.word(str(&members[index].name))).token(":"));
            }
            rest = some!(rest.field_type(&members[index].field_type));
            index += 1;
        }
        rest.maybe(",").token(if is_tuple { ")" } else { "}" })
    }

    const fn variants(self, of: &EnumType) -> Option<Self> {
        let mut rest = match self.token(":") {
            Some(rest) => some!(rest.word(tag_name(of.tag_bytes))),
            None if of.tag_bytes == 1 => self,
            None => return None,
        };
        rest = some!(rest.token("{"));
        let variants = slice(&of.variants);
        let (mut index, mut next) = (0, 0);
        while index < variants.len() {
            let variant = &variants[index];
            if index > 0 {
                rest = some!(rest.token(","));
            }
            rest = some!(rest.word(str(&variant.name)));
            let fields = slice(&variant.fields);
            if !fields.is_empty() {
                rest = some!(rest.members(fields));
            }
            match rest.token("=") {
                Some(behind) => rest = some!(behind.number(variant.tag)),
                None if variant.tag != next => return None,
                None => {}
            }
            // A former name changes nothing in what is stored.
            if let Some(behind) = rest.word("was") {
                rest = behind.any_word();
            }
            next = variant.tag.wrapping_add(1);
            index += 1;
        }
        rest.maybe(",").token("}")
    }
}

const fn tag_name(bytes: u8) -> &'static str {
    match bytes {
        1 => "u8",
        2 => "u16",
        _ => "u32",
    }
}

/// The type as a schema file has it.
const fn write_type(text: Text, field_type: &FieldType) -> Text {
    match field_type {
        FieldType::Scalar(scalar) => text.str(scalar.name()),
        FieldType::Text => text.str("string"),
        FieldType::Reference { table } => text.str("ref<").str(str(table)).str(">"),
        FieldType::FixedText { bytes } => text.str("str<").number(*bytes as usize).str(">"),
        FieldType::Optional(inner) => write_type(text, constant(inner)).str("?"),
        FieldType::List(element) => write_type(text.str("["), constant(element)).str("]"),
        FieldType::Array { element, len } => {
            write_type(text.str("["), constant(element)).str("; ").number(*len as usize).str("]")
        }
        FieldType::Struct(of) => {
            let (name, fields) = (str(&of.name), slice(&of.fields));
            let is_tuple = is_tuple(fields) && (name.is_empty() || !fields.is_empty());
            let text = match (name.is_empty(), is_tuple) {
                (true, true) => text,
                (true, false) => text.str("struct"),
                (false, _) => text.str("struct ").str(name),
            };
            write_members(text, fields, is_tuple)
        }
        FieldType::Enum(of) => write_enum(text.str("enum "), of),
    }
}

const fn is_tuple(members: &[Member]) -> bool {
    let mut index = 0;
    while index < members.len() {
        let name = Reader { text: str(&members[index].name).as_bytes(), at: 0 };
        if name.number(index as u32).is_none() {
            return false;
        }
        index += 1;
    }
    true
}

const fn write_members(text: Text, members: &[Member], is_tuple: bool) -> Text {
    let mut text = text.str(if is_tuple { "(" } else { " { " });
    let mut index = 0;
    while index < members.len() {
        if index > 0 {
            text = text.str(", ");
        }
        if !is_tuple {
            text = text.str(str(&members[index].name)).str(": ");
        }
        text = write_type(text, &members[index].field_type);
        index += 1;
    }
    text.str(match is_tuple {
        true => ")",
        false if members.is_empty() => "}",
        false => " }",
    })
}

const fn write_enum(text: Text, of: &EnumType) -> Text {
    let mut text = text.str(str(&of.name));
    if of.tag_bytes != 1 {
        text = text.str(": ").str(tag_name(of.tag_bytes));
    }
    text = text.str(" { ");
    let variants = slice(&of.variants);
    let (mut index, mut next) = (0, 0);
    while index < variants.len() {
        if index > 0 {
            text = text.str(", ");
        }
        text = text.str(str(&variants[index].name));
        let fields = slice(&variants[index].fields);
        if !fields.is_empty() {
            text = write_members(text, fields, is_tuple(fields));
        }
        if variants[index].tag != next {
            text = text.str(" = ").number(variants[index].tag as usize);
        }
        next = variants[index].tag.wrapping_add(1);
        index += 1;
    }
    text.str(" }")
}

#[cfg(test)]
mod tests {
    use super::super::{enum_type, member, struct_type, unit_variant, variant};
    use super::*;
    use crate::component::Field;
    use crate::schema::Scalar;

    const U8: FieldType = FieldType::Scalar(Scalar::U8);

    fn text(field_type: &FieldType) -> String {
        write_type(Text::new(), field_type).as_str().to_owned()
    }

    #[test]
    fn types_are_written_as_schema_files_have_them() {
        let pos = struct_type("Pos", const { &[member("x", U8), member("y", U8)] });
        let ai = enum_type(
            "Ai",
            2,
            const { &[unit_variant("Idle", 0), variant("Pair", 7, "", const { &[member("0", U8), member("1", U8)] })] },
        );
        let types = [
            <Option<[String; 2]>>::TYPE,
            <Vec<(u8, Option<crate::Entity>)>>::TYPE,
            crate::FixedStr::<4>::TYPE,
            FieldType::Reference { table: Cow::Borrowed("item") },
            <()>::TYPE,
            pos,
            ai,
        ];
        for field_type in types {
            assert_eq!(text(&field_type), field_type.to_string());
            assert!(is_written(&field_type, &field_type.to_string()), "{field_type}");
            let spaced: String = field_type.to_string().replace('[', " [ ").replace(',', " , ");
            assert!(is_written(&field_type, &spaced), "{spaced}");
            assert!(!is_written(&field_type, &format!("{field_type}?")), "{field_type}");
        }
        assert!(!is_written(&U8, "u80") && !is_written(&U8, "i8") && !is_written(&U8, "u8 u8"));
    }

    #[test]
    fn what_something_is_called_makes_no_difference() {
        let pos = struct_type("Pos", const { &[member("x", U8)] });
        assert!(is_written(&pos, "struct { x: u8 }") && is_written(&pos, "struct Vec{x:u8,}"));
        assert!(!is_written(&pos, "struct Pos { y: u8 }") && !is_written(&pos, "(u8)"));
        let ai = enum_type("Ai", 1, const { &[unit_variant("A", 3), variant("B", 4, "Old", &[])] });
        assert!(is_written(&ai, "enum { A = 3, B was Older }"));
        assert!(!is_written(&ai, "enum Ai { A, B }") && !is_written(&ai, "enum Ai: u16 { A = 3, B }"));
    }
}
