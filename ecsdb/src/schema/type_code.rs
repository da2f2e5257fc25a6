//! Types as bytes, as hashes and files have them: described in `docs/schema.md`, "The hash".

use std::sync::Arc;

use super::check::ARRAY_DEPTH_MAX;
use super::{FieldType, Scalar, TypeRef};

/// Stands before the length and the element of an array.
const ARRAY: u8 = 0x80;

/// Appends the code of `field_type`.
pub(crate) fn put_type(out: &mut Vec<u8>, field_type: &FieldType) {
    match field_type {
        FieldType::Scalar(scalar) => out.push(code(*scalar)),
        FieldType::Array { element, len } => {
            out.push(ARRAY);
            out.extend_from_slice(&len.to_le_bytes());
            put_type(out, element);
        }
    }
}

/// The type whose code `bytes` begin with, and how many bytes that takes; `None` if it is none, or nested too deeply.
pub(crate) fn take_type(bytes: &[u8]) -> Option<(FieldType, usize)> {
    let mut lens = Vec::new();
    let mut rest = bytes;
    while let Some((&ARRAY, array)) = rest.split_first() {
        let (len, element) = array.split_at_checked(size_of::<u32>())?;
        lens.push(u32::from_le_bytes(len.try_into().ok()?));
        if lens.len() > ARRAY_DEPTH_MAX {
            return None;
        }
        rest = element;
    }
    let (first, rest) = rest.split_first()?;
    let scalar = *Scalar::ALL.iter().find(|scalar| code(**scalar) == *first)?;
    let field_type = lens.into_iter().rev().fold(FieldType::Scalar(scalar), |element, len| FieldType::Array {
        element: TypeRef::Shared(Arc::new(element)),
        len,
    });
    Some((field_type, bytes.len() - rest.len()))
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
        Scalar::OptionalEntity => 15,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::type_text::parse_type;

    #[test]
    fn every_code_reads_as_the_type_that_it_was_written_for() {
        let arrays = ["[f32; 3]", "[[entity?; 2]; 4294967295]"].map(|text| parse_type(text).unwrap());
        for field_type in Scalar::ALL.into_iter().map(FieldType::Scalar).chain(arrays) {
            let mut bytes = Vec::new();
            put_type(&mut bytes, &field_type);
            let len = bytes.len();
            bytes.push(0xff);
            assert_eq!(take_type(&bytes), Some((field_type, len)));
            assert!((0..len).all(|len| take_type(&bytes[..len]).is_none()));
        }
        assert_eq!(take_type(&[0]), None);
        assert_eq!(take_type(&[ARRAY, 1, 0, 0, 0].repeat(ARRAY_DEPTH_MAX + 1)), None);
    }
}
