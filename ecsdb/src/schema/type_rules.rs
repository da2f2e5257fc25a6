//! The rules for what stands inside the type of a field, and for its default.
//!
//! A type that was parsed or derived keeps them already. They are checked for schemas that were put together by hand or come
//! from a file of another program, so that whatever is in a [`DatabaseSchema`](super::DatabaseSchema) can be written and
//! read back. It needs types that are not nested too deeply and no larger than a row.

use super::check::Place;
use super::error::SchemaErrorKind;
use super::names::NAME_BYTES_MAX;
use super::type_text::is_tuple;
use super::{DefaultValue, Encoded, EnumType, FieldSchema, FieldType, Member, TableSchema, Variant};
use crate::limits::{HEAP_BYTES_MAX, ROW_BYTES_MAX};

/// Checks the types and the defaults of all fields.
pub(super) fn check_types(tables: &[TableSchema]) -> Result<(), (Place, SchemaErrorKind)> {
    for (number, table) in tables.iter().enumerate() {
        for (index, field) in table.fields.iter().enumerate() {
            check_type(&field.field_type)
                .and_then(|()| check_default(field))
                .map_err(|kind| (Place::Field(number, index), kind))?;
        }
    }
    Ok(())
}

fn check_default(field: &FieldSchema) -> Result<(), SchemaErrorKind> {
    // What a derive has made is of the right type.
    let Some(DefaultValue::Read(encoded)) = &field.default else { return Ok(()) };
    let (limit, found) = (HEAP_BYTES_MAX as u64, encoded.heap().len() as u64);
    if found > limit {
        return Err(SchemaErrorKind::TooMany { what: "bytes of strings and lists in a default", limit, found });
    }
    let fits = || {
        let again = Encoded::from_value(&encoded.to_value(&field.field_type), &field.field_type);
        again.is_ok_and(|again| again == *encoded)
    };
    if encoded.bytes().len() != field.field_type.size() || !fits() {
        let (expected, found) = (format!("a stored `{}`", field.field_type), "other bytes".to_owned());
        return Err(SchemaErrorKind::WrongValue { key: "default".to_owned(), expected, found });
    }
    Ok(())
}

fn check_type(field_type: &FieldType) -> Result<(), SchemaErrorKind> {
    match field_type {
        FieldType::Scalar(_) | FieldType::FixedText { .. } | FieldType::Text => Ok(()),
        FieldType::Reference { table } => word("referenced table", table),
        // Nobody could read a value of it: its elements are no bytes, and yet each is a value.
        FieldType::Array { element, len } if element.size() == 0 && *len as usize > ROW_BYTES_MAX => {
            let what = "elements without bytes in an array";
            Err(SchemaErrorKind::TooMany { what, limit: ROW_BYTES_MAX as u64, found: u64::from(*len) })
        }
        FieldType::Array { element: inner, .. } | FieldType::Optional(inner) | FieldType::List(inner) => {
            check_type(inner)
        }
        FieldType::Struct(of) => {
            optional_word("struct", &of.name)?;
            check_members(&of.fields)
        }
        FieldType::Enum(of) => check_enum(of),
    }
}

fn check_members(members: &[Member]) -> Result<(), SchemaErrorKind> {
    if !is_tuple(members) {
        distinct("member", members.iter().map(|member| &*member.name))?;
        members.iter().try_for_each(|member| word("member", &member.name))?;
    }
    members.iter().try_for_each(|member| check_type(&member.field_type))
}

fn check_enum(of: &EnumType) -> Result<(), SchemaErrorKind> {
    optional_word("enum", &of.name)?;
    distinct("variant", of.variants.iter().map(|variant| &*variant.name))?;
    let former = |variant: &'_ Variant| !variant.renamed_from.is_empty();
    distinct(
        "former variant",
        of.variants.iter().filter(|variant| former(variant)).map(|variant| &*variant.renamed_from),
    )?;
    let mut tags: Vec<u32> = of.variants.iter().map(|variant| variant.tag).collect();
    tags.sort_unstable();
    let repeated = tags.windows(2).find(|pair| pair[0] == pair[1]).map(|pair| pair[0]);
    let too_large = tags.last().copied().filter(|tag| u64::from(*tag) >> (8 * u32::from(of.tag_bytes)) != 0);
    if let Some(tag) = repeated {
        return Err(SchemaErrorKind::Duplicate { what: "tag", name: tag.to_string(), first: None });
    }
    if !matches!(of.tag_bytes, 1 | 2 | 4) || too_large.is_some() {
        let expected = "tags of 1, 2 or 4 bytes that fit".to_owned();
        let found = format!("{} bytes and the tag {}", of.tag_bytes, too_large.unwrap_or_default());
        return Err(SchemaErrorKind::WrongValue { key: "type".to_owned(), expected, found });
    }
    for variant in of.variants.iter() {
        word("variant", &variant.name)?;
        if former(variant) {
            word("former variant", &variant.renamed_from)?;
            if of.named(&variant.renamed_from).is_some() {
                return Err(SchemaErrorKind::RenamedFromLive {
                    what: "variant",
                    name: variant.renamed_from.to_string(),
                });
            }
        }
        check_members(&variant.fields)?;
    }
    Ok(())
}

/// Refuses a name that comes twice.
fn distinct<'n>(what: &'static str, names: impl Iterator<Item = &'n str>) -> Result<(), SchemaErrorKind> {
    let mut sorted: Vec<&str> = names.collect();
    sorted.sort_unstable();
    match sorted.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(SchemaErrorKind::Duplicate { what, name: pair[0].to_owned(), first: None }),
        None => Ok(()),
    }
}

fn optional_word(what: &'static str, name: &str) -> Result<(), SchemaErrorKind> {
    if name.is_empty() { Ok(()) } else { word(what, name) }
}

/// Refuses what is no word of the text form.
fn word(what: &'static str, name: &str) -> Result<(), SchemaErrorKind> {
    let mut letters = name.chars();
    let begins = letters.next().is_some_and(|first| (first.is_alphanumeric() && !first.is_numeric()) || first == '_');
    if begins && letters.all(|letter| letter.is_alphanumeric() || letter == '_') && name.len() <= NAME_BYTES_MAX {
        return Ok(());
    }
    let expected = "letters, digits and `_`, not beginning with a digit, at most 128 bytes";
    Err(SchemaErrorKind::InvalidName { what, name: name.to_owned(), expected })
}
