//! Types as bytes, as hashes and files have them: described in `docs/schema.md`, "The hash".

use std::borrow::Cow;

use super::check::TYPE_DEPTH_MAX;
use super::{EnumType, FieldType, Member, Scalar, StructType, TypeRef, Variant};

/// What a type that is no scalar begins with.
const ARRAY: u8 = 0x80;
const OPTIONAL: u8 = 0x81;
const STRUCT: u8 = 0x82;
const ENUM: u8 = 0x83;
const FIXED_TEXT: u8 = 0x84;
const TEXT: u8 = 0x85;
const LIST: u8 = 0x86;
const REFERENCE: u8 = 0x87;

/// Which of the names in a type are written: those that only readers of a schema need tell nothing about the values.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Names {
    /// Those of fields, variants and tables.
    OfValues,
    /// Those of structs and enums as well, and former names.
    All,
}

/// Appends the code of `field_type`.
pub(crate) fn put_type(out: &mut Vec<u8>, field_type: &FieldType, names: Names) {
    match field_type {
        FieldType::Scalar(scalar) => out.push(code(*scalar)),
        FieldType::Array { element, len } => {
            out.push(ARRAY);
            out.extend_from_slice(&len.to_le_bytes());
            put_type(out, element, names);
        }
        FieldType::Optional(inner) => {
            out.push(OPTIONAL);
            put_type(out, inner, names);
        }
        FieldType::Struct(of) => {
            out.push(STRUCT);
            put_name(out, if names == Names::All { &of.name } else { "" });
            put_members(out, &of.fields, names);
        }
        FieldType::Enum(of) => {
            out.push(ENUM);
            put_name(out, if names == Names::All { &of.name } else { "" });
            out.push(of.tag_bytes);
            out.extend_from_slice(&(of.variants.len() as u32).to_le_bytes());
            for variant in of.variants.iter() {
                put_name(out, &variant.name);
                put_name(out, if names == Names::All { &variant.renamed_from } else { "" });
                out.extend_from_slice(&variant.tag.to_le_bytes());
                put_members(out, &variant.fields, names);
            }
        }
        FieldType::FixedText { bytes } => {
            out.push(FIXED_TEXT);
            out.extend_from_slice(&bytes.to_le_bytes());
        }
        FieldType::Text => out.push(TEXT),
        FieldType::List(element) => {
            out.push(LIST);
            put_type(out, element, names);
        }
        FieldType::Reference { table } => {
            out.push(REFERENCE);
            put_name(out, table);
        }
    }
}

fn put_members(out: &mut Vec<u8>, members: &[Member], names: Names) {
    out.extend_from_slice(&(members.len() as u16).to_le_bytes());
    for member in members {
        put_name(out, &member.name);
        put_type(out, &member.field_type, names);
    }
}

fn put_name(out: &mut Vec<u8>, name: &str) {
    debug_assert!(name.len() <= usize::from(u16::MAX), "checked when the schema was made");
    out.extend_from_slice(&(name.len() as u16).to_le_bytes());
    out.extend_from_slice(name.as_bytes());
}

/// The type whose code `bytes` begin with, and how many bytes that takes; `None` if it is none, nested too deeply, or more than a row
/// has room for.
pub(crate) fn take_type(bytes: &[u8]) -> Option<(FieldType, usize)> {
    let mut reader = Reader { rest: bytes };
    let field_type = reader.field_type(0)?;
    // Whoever adds up sizes of fields need not mind how large they may be.
    field_type.size_in_row()?;
    Some((field_type, bytes.len() - reader.rest.len()))
}

struct Reader<'b> {
    rest: &'b [u8],
}

impl Reader<'_> {
    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (array, rest) = self.rest.split_first_chunk()?;
        self.rest = rest;
        Some(*array)
    }

    fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_le_bytes)
    }

    fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    fn name(&mut self) -> Option<Cow<'static, str>> {
        let len = self.u16()?.into();
        let (name, rest) = self.rest.split_at_checked(len)?;
        self.rest = rest;
        Some(core::str::from_utf8(name).ok()?.to_owned().into())
    }

    fn field_type(&mut self, depth: usize) -> Option<FieldType> {
        if depth > TYPE_DEPTH_MAX {
            return None;
        }
        let [first] = self.array()?;
        Some(match first {
            ARRAY => {
                let len = self.u32()?;
                FieldType::Array { len, element: self.inner(depth)? }
            }
            OPTIONAL => FieldType::Optional(self.inner(depth)?),
            STRUCT => FieldType::Struct(StructType { name: self.name()?, fields: self.members(depth)?.into() }),
            ENUM => FieldType::Enum(self.enumeration(depth)?),
            FIXED_TEXT => FieldType::FixedText { bytes: self.u32()? },
            TEXT => FieldType::Text,
            LIST => FieldType::List(self.inner(depth)?),
            REFERENCE => FieldType::Reference { table: self.name()? },
            scalar => FieldType::Scalar(*Scalar::ALL.iter().find(|known| code(**known) == scalar)?),
        })
    }

    fn inner(&mut self, depth: usize) -> Option<TypeRef> {
        self.field_type(depth + 1).map(TypeRef::from)
    }

    fn members(&mut self, depth: usize) -> Option<Vec<Member>> {
        (0..self.u16()?).map(|_| Some(Member { name: self.name()?, field_type: self.field_type(depth + 1)? })).collect()
    }

    fn enumeration(&mut self, depth: usize) -> Option<EnumType> {
        let (name, [tag_bytes]) = (self.name()?, self.array()?);
        let count = self.u32()?;
        let mut variants: Vec<Variant> = Vec::new();
        for _ in 0..count {
            let (name, renamed_from, tag) = (self.name()?, self.name()?, self.u32()?);
            variants.push(Variant { name, tag, renamed_from, fields: self.members(depth)?.into() });
        }
        let fits = |variant: &Variant| u64::from(variant.tag) >> (8 * u32::from(tag_bytes)) == 0;
        let is_sound = matches!(tag_bytes, 1 | 2 | 4) && variants.iter().all(fits);
        is_sound.then_some(EnumType { name, tag_bytes, variants: variants.into() })
    }
}

/// The number of a scalar. It never changes and is never used again for another one.
const fn code(scalar: Scalar) -> u8 {
    match scalar {
        Scalar::U8 => 1,
        Scalar::U16 => 2,
        Scalar::U32 => 3,
        Scalar::U64 => 4,
        Scalar::U128 => 5,
        Scalar::I8 => 6,
        Scalar::I16 => 7,
        Scalar::I32 => 8,
        Scalar::I64 => 9,
        Scalar::I128 => 10,
        Scalar::F32 => 11,
        Scalar::F64 => 12,
        Scalar::Bool => 13,
        Scalar::Entity => 14,
        Scalar::Usize => 16,
        Scalar::Isize => 17,
        Scalar::Char => 18,
        Scalar::Duration => 19,
        Scalar::NonZeroU8 => 32,
        Scalar::NonZeroU16 => 33,
        Scalar::NonZeroU32 => 34,
        Scalar::NonZeroU64 => 35,
        Scalar::NonZeroU128 => 36,
        Scalar::NonZeroI8 => 37,
        Scalar::NonZeroI16 => 38,
        Scalar::NonZeroI32 => 39,
        Scalar::NonZeroI64 => 40,
        Scalar::NonZeroI128 => 41,
        Scalar::NonZeroUsize => 42,
        Scalar::NonZeroIsize => 43,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::type_text::parse_type;

    #[test]
    fn every_code_reads_as_the_type_that_it_was_written_for() {
        let texts = [
            "[f32; 3]",
            "[[entity?; 2]; 100]",
            "[string]?",
            "str<9>",
            "ref<item>",
            "(u8, struct Pos { x: f32 })",
            "enum Ai: u16 { Idle, Pair(u8, [char]) = 700, Last { why: string } was End }",
        ];
        let texts = texts.map(|text| parse_type(text).unwrap());
        for field_type in Scalar::ALL.into_iter().map(FieldType::Scalar).chain(texts) {
            let mut bytes = Vec::new();
            put_type(&mut bytes, &field_type, Names::All);
            let len = bytes.len();
            bytes.push(0xff);
            let (read, read_len) = take_type(&bytes).unwrap();
            assert_eq!((read.to_string(), read_len), (field_type.to_string(), len));
            assert!((0..len).all(|len| take_type(&bytes[..len]).is_none()));
        }
        let mut bytes = Vec::new();
        put_type(&mut bytes, &parse_type("[[entity?; 2]; 4294967295]").unwrap(), Names::All);
        assert_eq!(take_type(&bytes), None, "no row is as large");
        assert_eq!(take_type(&[0]), None);
        assert_eq!(take_type(&[ARRAY, 1, 0, 0, 0].repeat(TYPE_DEPTH_MAX + 1)), None);
    }

    #[test]
    fn names_that_say_nothing_of_the_values_can_be_left_out() {
        let code = |text| {
            let mut bytes = Vec::new();
            put_type(&mut bytes, &parse_type(text).unwrap(), Names::OfValues);
            bytes
        };
        assert_eq!(code("struct A { x: u8 }"), code("struct B { x: u8 }"));
        assert_ne!(code("struct A { x: u8 }"), code("struct A { y: u8 }"));
        assert_eq!(code("enum A { X was W }"), code("enum B { X }"));
    }
}
