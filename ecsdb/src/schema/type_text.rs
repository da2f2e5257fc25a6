//! Types as they are written in a schema file: `u32`, `[f32; 3]`, `entity?`. The way out is [`FieldType`]'s `Display`.

use std::sync::Arc;

use super::check::ARRAY_DEPTH_MAX;
use super::database::too_deep;
use super::error::SchemaErrorKind;
use super::names::nearest;
use super::{FieldType, Scalar, TypeRef};

/// Types that a schema can want and a row cannot hold yet.
const NOT_YET: [&str; 10] = ["string", "str", "String", "bytes", "enum", "struct", "char", "usize", "isize", "uuid"];

impl Scalar {
    /// The scalar with this [name](Self::name).
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scalar| scalar.name() == name)
    }
}

/// The type that `text` names. Works in a loop, so that no text can exhaust the stack.
pub(super) fn parse_type(text: &str) -> Result<FieldType, SchemaErrorKind> {
    let not_an_array = || SchemaErrorKind::WrongValue {
        key: "type".to_owned(),
        expected: "an array as [T; N], with 0 <= N <= 4294967295".to_owned(),
        found: format!("`{text}`"),
    };
    let mut rest = text.trim();
    let mut lengths = Vec::new();
    while let Some(inner) = rest.strip_prefix('[') {
        let inner = inner.strip_suffix(']').ok_or_else(not_an_array)?;
        let (element, len) = inner.rsplit_once(';').ok_or_else(not_an_array)?;
        let len = len.trim();
        // `parse` would take a sign.
        if !len.bytes().all(|digit| digit.is_ascii_digit()) {
            return Err(not_an_array());
        }
        lengths.push(len.parse::<u32>().map_err(|_| not_an_array())?);
        if lengths.len() > ARRAY_DEPTH_MAX {
            return Err(too_deep());
        }
        rest = element.trim();
    }
    let scalar = Scalar::from_name(rest).ok_or_else(|| unknown(rest))?;
    Ok(lengths.into_iter().rev().fold(FieldType::Scalar(scalar), |element, len| FieldType::Array {
        element: TypeRef::Shared(Arc::new(element)),
        len,
    }))
}

fn unknown(found: &str) -> SchemaErrorKind {
    if NOT_YET.contains(&found) {
        return SchemaErrorKind::NotSupported { what: format!("the type `{found}`") };
    }
    let nearest = nearest(found, Scalar::ALL.map(Scalar::name)).map(str::to_owned);
    SchemaErrorKind::UnknownType { found: found.to_owned(), nearest }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_read_as_they_are_written() {
        for text in ["u8", "i128", "bool", "entity", "entity?", "[f32; 3]", "[[entity?; 2]; 0]"] {
            assert_eq!(parse_type(text).unwrap().to_string(), text);
        }
        assert_eq!(parse_type(" [ [u8;2] ;3 ] ").unwrap().to_string(), "[[u8; 2]; 3]");
    }

    #[test]
    fn what_is_no_type_says_so() {
        for text in ["[u8]", "[u8; -1]", "[u8; +1]", "[u8; 4294967296]", "[u8; 3", "[;]", "[u8; ]"] {
            assert!(matches!(parse_type(text), Err(SchemaErrorKind::WrongValue { .. })), "{text}");
        }
        let nearest = Some("f32".to_owned());
        assert_eq!(parse_type("f33"), Err(SchemaErrorKind::UnknownType { found: "f33".to_owned(), nearest }));
        assert!(matches!(parse_type("string"), Err(SchemaErrorKind::NotSupported { .. })));
        let deep = "[".repeat(100_000) + "u8" + &"; 1]".repeat(100_000);
        assert_eq!(parse_type(&deep), Err(too_deep()));
    }
}
