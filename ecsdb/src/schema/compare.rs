//! Comparing stored values, by the type that the schema gives them.
//!
//! Owns what `==` and `<` mean for a value in a row, for guards and for conditions. It never changes a value.

use core::cmp::Ordering;

use super::{FieldType, Member, Scalar};
use crate::bytes::{RowBytes, Slot};
use crate::component::CompareOp;

/// Runs `$work` with `$ty` as the Rust type of the scalar.
macro_rules! with_number {
    ($scalar:expr, $ty:ident => $work:expr, other => $other:expr) => {
        match $scalar {
            Scalar::U8 => {
                type $ty = u8;
                $work
            }
            Scalar::U16 => {
                type $ty = u16;
                $work
            }
            Scalar::U32 => {
                type $ty = u32;
                $work
            }
            Scalar::U64 => {
                type $ty = u64;
                $work
            }
            Scalar::U128 => {
                type $ty = u128;
                $work
            }
            Scalar::I8 => {
                type $ty = i8;
                $work
            }
            Scalar::I16 => {
                type $ty = i16;
                $work
            }
            Scalar::I32 => {
                type $ty = i32;
                $work
            }
            Scalar::I64 => {
                type $ty = i64;
                $work
            }
            Scalar::I128 => {
                type $ty = i128;
                $work
            }
            Scalar::F32 => {
                type $ty = f32;
                $work
            }
            Scalar::F64 => {
                type $ty = f64;
                $work
            }
            _ => $other,
        }
    };
}

pub(crate) use with_number;

/// The bytes of one value, as an array.
pub fn array<const N: usize>(bytes: &[u8]) -> [u8; N] {
    let mut array = [0; N];
    array.copy_from_slice(&bytes[..N]);
    array
}

/// Whether `found op expected` holds for two values of type `field_type`, each with the heap that it has its strings and lists
/// in. What is no number, text or `bool` is compared part by part, and only for equality.
pub fn holds(field_type: &FieldType, op: CompareOp, found: RowBytes<'_>, expected: RowBytes<'_>) -> bool {
    match compare(field_type, found, expected) {
        Some(ordering) => decide(op, ordering),
        None => equal(field_type, found, expected) != (op == CompareOp::NotEqual),
    }
}

/// The part of a value that begins at `start` and has `size` bytes.
fn part(value: RowBytes<'_>, start: usize, size: usize) -> RowBytes<'_> {
    RowBytes { row: &value.row[start..start + size], ..value }
}

/// What the slot that the value is stands for: elements of `size` bytes, and how many.
fn list(value: RowBytes<'_>, size: usize) -> (&[u8], usize) {
    let slot = Slot::read(value.row);
    (&value.heap[slot.start()..slot.start() + slot.len() * size], slot.len())
}

/// The order of two values that have one; the order of two floats of which one is not a number is `None` itself.
pub fn compare(field_type: &FieldType, a: RowBytes<'_>, b: RowBytes<'_>) -> Option<Option<Ordering>> {
    match field_type {
        FieldType::Scalar(scalar) => Some(with_number!(scalar.number().unwrap_or(Scalar::Bool),
        T => T::from_le_bytes(array(a.row)).partial_cmp(&T::from_le_bytes(array(b.row))),
        other => Some(match scalar {
            Scalar::Duration => {
                let parts = |bytes: &[u8]| (u64::from_le_bytes(array(bytes)), u32::from_le_bytes(array(&bytes[8..])));
                parts(a.row).cmp(&parts(b.row))
            }
            _ => a.row.iter().rev().cmp(b.row.iter().rev()),
        }))),
        FieldType::FixedText { .. } => Some(Some(a.row.cmp(b.row))),
        FieldType::Text => Some(Some(list(a, 1).0.cmp(list(b, 1).0))),
        _ => None,
    }
}

fn equal(field_type: &FieldType, a: RowBytes<'_>, b: RowBytes<'_>) -> bool {
    match field_type {
        FieldType::Reference { .. } => a.row == b.row,
        FieldType::Array { element, len } => elements_equal(element, *len as usize, a, b),
        FieldType::List(element) => {
            let ((first, len), (second, others)) = (list(a, element.size()), list(b, element.size()));
            len == others && elements_equal(element, len, RowBytes { row: first, ..a }, RowBytes { row: second, ..b })
        }
        FieldType::Optional(inner) => {
            let size = field_type.size();
            let is_none = |value: RowBytes<'_>| value.row.iter().all(|byte| *byte == 0);
            let start = usize::from(!inner.has_niche());
            match (is_none(a), is_none(b)) {
                (false, false) => equal(inner, part(a, start, size - start), part(b, start, size - start)),
                (first, second) => first == second,
            }
        }
        FieldType::Struct(of) => members_equal(&of.fields, 0, a, b),
        FieldType::Enum(of) => {
            let tag = of.tag_of(a.row);
            let variant = of.tagged(tag).filter(|_| tag == of.tag_of(b.row));
            variant.is_some_and(|variant| members_equal(&variant.fields, of.payload_at(), a, b))
        }
        ordered => compare(ordered, a, b).flatten() == Some(Ordering::Equal),
    }
}

fn elements_equal(element: &FieldType, len: usize, a: RowBytes<'_>, b: RowBytes<'_>) -> bool {
    let size = element.size();
    (0..len).all(|index| equal(element, part(a, index * size, size), part(b, index * size, size)))
}

fn members_equal(members: &[Member], mut start: usize, a: RowBytes<'_>, b: RowBytes<'_>) -> bool {
    members.iter().all(|member| {
        let size = member.field_type.size();
        let (a, b) = (part(a, start, size), part(b, start, size));
        start += size;
        equal(&member.field_type, a, b)
    })
}

fn decide(op: CompareOp, ordering: Option<Ordering>) -> bool {
    match op {
        CompareOp::Equal => ordering == Some(Ordering::Equal),
        CompareOp::NotEqual => ordering != Some(Ordering::Equal),
        CompareOp::Less => ordering == Some(Ordering::Less),
        CompareOp::LessOrEqual => matches!(ordering, Some(Ordering::Less | Ordering::Equal)),
        CompareOp::Greater => ordering == Some(Ordering::Greater),
        CompareOp::GreaterOrEqual => matches!(ordering, Some(Ordering::Greater | Ordering::Equal)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{Encoded, Value};

    fn compares(of: &str, op: CompareOp, a: &Value, b: &Value) -> bool {
        let of = of.parse::<FieldType>().unwrap();
        let encoded = [a, b].map(|value| Encoded::from_value(value, &of).unwrap());
        let [a, b] = encoded.each_ref().map(|value| RowBytes { row: value.bytes(), heap: value.heap() });
        holds(&of, op, a, b)
    }

    #[test]
    fn numbers_compare_as_numbers_not_as_bytes() {
        let compare = |of, op, a: Value, b: Value| compares(of, op, &a, &b);
        assert!(compare("i64", CompareOp::Less, (-2).into(), 1.into()));
        assert!(compare("i64", CompareOp::NotEqual, (-2).into(), 1.into()));
        assert!(compare("i64", CompareOp::GreaterOrEqual, 1.into(), 1.into()));
        assert!(!compare("i64", CompareOp::Greater, 1.into(), 1.into()));
        assert!(!compare("f32", CompareOp::Equal, f32::NAN.into(), f32::NAN.into()));
        assert!(compare("f32", CompareOp::NotEqual, f32::NAN.into(), f32::NAN.into()));
        assert!(compare("f32", CompareOp::Equal, 0_f32.into(), (-0_f32).into()));
        assert!(compare("string", CompareOp::Less, "ab".into(), "b".into()));
        let duration = core::time::Duration::from_millis;
        assert!(compare("duration", CompareOp::Greater, duration(256).into(), duration(255).into()));
    }

    #[test]
    fn compounds_compare_part_by_part() {
        let equal = |of, a: Value, b: Value| {
            let equal = compares(of, CompareOp::Equal, &a, &b);
            assert_ne!(equal, compares(of, CompareOp::NotEqual, &a, &b));
            equal
        };
        assert!(equal("[f32; 2]", [0_f32, 1.0].into(), [-0_f32, 1.0].into()));
        assert!(!equal("[f32; 2]", [0_f32, 1.0].into(), [0_f32, 2.0].into()));
        assert!(equal("[string]", vec!["a", "b"].into(), vec!["a", "b"].into()));
        assert!(!equal("[string]", vec!["a", "b"].into(), vec!["a"].into()));
        assert!(equal("f32?", Some(0_f32).into(), Some(-0_f32).into()));
        assert!(!equal("f32?", Some(0_f32).into(), None::<f32>.into()));
        let variant = |name: &str, value: f32| Value::Variant {
            variant: name.to_owned(),
            fields: vec![("0".to_owned(), value.into())],
        };
        assert!(equal("enum { A(f32), B(f32) }", variant("A", 0.0), variant("A", -0.0)));
        assert!(!equal("enum { A(f32), B(f32) }", variant("A", 0.0), variant("B", 0.0)));
    }
}
