//! Comparing and changing single values in place, by the type that the schema gives them.

use core::cmp::Ordering;

use crate::bytes::Slot;
use crate::component::{CompareOp, UpdateOp};
use crate::schema::{FieldType, Member, Scalar};

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

/// What a change makes of two numbers. Integers have a range to leave, to stop at, and to go round; floats have none.
trait Computed: Sized {
    fn compute(self, op: UpdateOp, by: Self) -> Result<Self, NotPossible>;
}

macro_rules! computed {
    (integers: $($int:ty),+; floats: $($float:ty),+) => {
        $(impl Computed for $int {
            #[inline]
            fn compute(self, op: UpdateOp, by: Self) -> Result<Self, NotPossible> {
                Ok(match op {
                    UpdateOp::Set => by,
                    UpdateOp::Add => self.checked_add(by).ok_or(NotPossible::OutOfRange)?,
                    UpdateOp::Subtract => self.checked_sub(by).ok_or(NotPossible::OutOfRange)?,
                    UpdateOp::Multiply => self.checked_mul(by).ok_or(NotPossible::OutOfRange)?,
                    UpdateOp::SaturatingAdd => self.saturating_add(by),
                    UpdateOp::SaturatingSubtract => self.saturating_sub(by),
                    UpdateOp::SaturatingMultiply => self.saturating_mul(by),
                    UpdateOp::WrappingAdd => self.wrapping_add(by),
                    UpdateOp::WrappingSubtract => self.wrapping_sub(by),
                    UpdateOp::WrappingMultiply => self.wrapping_mul(by),
                    UpdateOp::Min => self.min(by),
                    UpdateOp::Max => self.max(by),
                })
            }
        })+
        $(impl Computed for $float {
            #[inline]
            fn compute(self, op: UpdateOp, by: Self) -> Result<Self, NotPossible> {
                Ok(match op {
                    UpdateOp::Set => by,
                    UpdateOp::Add => self + by,
                    UpdateOp::Subtract => self - by,
                    UpdateOp::Multiply => self * by,
                    UpdateOp::Min => self.min(by),
                    UpdateOp::Max => self.max(by),
                    _ => return Err(NotPossible::NoInteger),
                })
            }
        })+
    };
}
computed!(integers: u8, u16, u32, u64, u128, i8, i16, i32, i64, i128; floats: f32, f64);

/// The bytes of one value, as an array.
fn array<const N: usize>(bytes: &[u8]) -> [u8; N] {
    let mut array = [0; N];
    array.copy_from_slice(&bytes[..N]);
    array
}

/// Whether `found op expected` holds for two values of type `field_type`, each with the heap that it has its strings and lists
/// in. What is no number, text or `bool` is compared part by part, and only for equality.
pub fn holds(field_type: &FieldType, op: CompareOp, found: Stored<'_>, expected: Stored<'_>) -> bool {
    match compare(field_type, found, expected) {
        Some(ordering) => decide(op, ordering),
        None => equal(field_type, found, expected) != (op == CompareOp::NotEqual),
    }
}

/// A value with the heap of its row.
#[derive(Clone, Copy)]
pub struct Stored<'a> {
    /// The bytes in the row.
    pub bytes: &'a [u8],
    /// The heap.
    pub heap: &'a [u8],
}

impl<'a> Stored<'a> {
    fn at(self, start: usize, size: usize) -> Self {
        Self { bytes: &self.bytes[start..start + size], heap: self.heap }
    }

    /// What the slot that the value is stands for: `len` elements of `size` bytes.
    fn list(self, size: usize) -> (&'a [u8], usize) {
        let slot = Slot::read(self.bytes);
        (&self.heap[slot.start()..slot.start() + slot.len() * size], slot.len())
    }
}

/// The order of two values that have one; the order of two floats of which one is not a number is `None` itself.
fn compare(field_type: &FieldType, a: Stored<'_>, b: Stored<'_>) -> Option<Option<Ordering>> {
    match field_type {
        FieldType::Scalar(scalar) => Some(with_number!(scalar.number().unwrap_or(Scalar::Bool),
        T => T::from_le_bytes(array(a.bytes)).partial_cmp(&T::from_le_bytes(array(b.bytes))),
        other => Some(match scalar {
            Scalar::Duration => {
                let parts = |bytes: &[u8]| (u64::from_le_bytes(array(bytes)), u32::from_le_bytes(array(&bytes[8..])));
                parts(a.bytes).cmp(&parts(b.bytes))
            }
            _ => a.bytes.iter().rev().cmp(b.bytes.iter().rev()),
        }))),
        FieldType::FixedText { .. } => Some(Some(a.bytes.cmp(b.bytes))),
        FieldType::Text => Some(Some(a.list(1).0.cmp(b.list(1).0))),
        _ => None,
    }
}

fn equal(field_type: &FieldType, a: Stored<'_>, b: Stored<'_>) -> bool {
    match field_type {
        FieldType::Reference { .. } => a.bytes == b.bytes,
        FieldType::Array { element, len } => elements_equal(element, *len as usize, a, b),
        FieldType::List(element) => {
            let ((first, len), (second, others)) = (a.list(element.size()), b.list(element.size()));
            len == others && elements_equal(element, len, Stored { bytes: first, ..a }, Stored { bytes: second, ..b })
        }
        FieldType::Optional(inner) => {
            let size = field_type.size();
            let is_none = |value: Stored<'_>| value.bytes.iter().all(|byte| *byte == 0);
            let start = usize::from(!inner.has_niche());
            match (is_none(a), is_none(b)) {
                (false, false) => equal(inner, a.at(start, size - start), b.at(start, size - start)),
                (first, second) => first == second,
            }
        }
        FieldType::Struct(of) => members_equal(&of.fields, 0, a, b),
        FieldType::Enum(of) => {
            let tag = of.tag_of(a.bytes);
            let variant = of.tagged(tag).filter(|_| tag == of.tag_of(b.bytes));
            variant.is_some_and(|variant| members_equal(&variant.fields, of.payload_at(), a, b))
        }
        ordered => compare(ordered, a, b).flatten() == Some(Ordering::Equal),
    }
}

fn elements_equal(element: &FieldType, len: usize, a: Stored<'_>, b: Stored<'_>) -> bool {
    let size = element.size();
    (0..len).all(|index| equal(element, a.at(index * size, size), b.at(index * size, size)))
}

fn members_equal(members: &[Member], mut start: usize, a: Stored<'_>, b: Stored<'_>) -> bool {
    members.iter().all(|member| {
        let size = member.field_type.size();
        let (a, b) = (a.at(start, size), b.at(start, size));
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

/// Why a number was not changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotPossible {
    /// An integer would leave its range.
    OutOfRange,
    /// The field is no number.
    NoNumber,
    /// The field is a float.
    NoInteger,
}

/// Does `op` with `operand` to `value`, a number of type `field_type`. On an error the value is as before.
pub fn update(field_type: &FieldType, op: UpdateOp, value: &mut [u8], operand: &[u8]) -> Result<(), NotPossible> {
    let FieldType::Scalar(scalar) = field_type else { return Err(NotPossible::NoNumber) };
    if scalar.is_never_zero() || *scalar == Scalar::Char {
        // The result might be no value.
        return Err(NotPossible::NoNumber);
    }
    with_number!(scalar.number().unwrap_or(Scalar::Bool),
        T => {
            let (found, by) = (T::from_le_bytes(array(value)), T::from_le_bytes(array(operand)));
            value.copy_from_slice(&found.compute(op, by)?.to_le_bytes());
            Ok(())
        },
        other => Err(NotPossible::NoNumber))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{Encoded, Value};

    const U8: FieldType = FieldType::Scalar(Scalar::U8);

    #[test]
    fn integers_stop_at_their_range_and_keep_their_value() {
        let mut value = [250];
        assert_eq!(update(&U8, UpdateOp::Add, &mut value, &[6]), Err(NotPossible::OutOfRange));
        assert_eq!(value, [250]);
        update(&U8, UpdateOp::Add, &mut value, &[5]).unwrap();
        update(&U8, UpdateOp::Subtract, &mut value, &[254]).unwrap();
        assert_eq!(value, [1]);
    }

    #[test]
    fn every_change_is_that_of_rust() {
        for (a, b) in [(250_u8, 6), (3, 200), (0, 0), (255, 255), (16, 16), (1, 2)] {
            let done = |op| {
                let mut value = [a];
                update(&U8, op, &mut value, &[b]).ok().map(|()| value[0])
            };
            let expected = [
                Some(b),
                a.checked_add(b),
                a.checked_sub(b),
                a.checked_mul(b),
                Some(a.saturating_add(b)),
                Some(a.saturating_sub(b)),
                Some(a.saturating_mul(b)),
                Some(a.wrapping_add(b)),
                Some(a.wrapping_sub(b)),
                Some(a.wrapping_mul(b)),
                Some(a.min(b)),
                Some(a.max(b)),
            ];
            assert_eq!(UpdateOp::ALL.map(done), expected, "{a} and {b}");
        }
        for (index, op) in UpdateOp::ALL.into_iter().enumerate() {
            assert_eq!(op as usize, index, "an operation is found by its number");
        }
    }

    #[test]
    fn floats_have_no_end_to_stop_at() {
        let float = FieldType::Scalar(Scalar::F32);
        let done = |op, a: f32, b: f32| {
            let mut value = a.to_le_bytes();
            update(&float, op, &mut value, &b.to_le_bytes()).map(|()| f32::from_le_bytes(value))
        };
        assert_eq!(done(UpdateOp::Multiply, 1.5, 2.0), Ok(3.0));
        assert_eq!(done(UpdateOp::Add, f32::MAX, f32::MAX), Ok(f32::INFINITY));
        assert_eq!(done(UpdateOp::Min, f32::NAN, 2.0), Ok(2.0));
        assert_eq!(done(UpdateOp::Max, -1.0, f32::NAN), Ok(-1.0));
        assert_eq!(done(UpdateOp::SaturatingAdd, 1.0, 1.0), Err(NotPossible::NoInteger));
        assert_eq!(done(UpdateOp::WrappingMultiply, 1.0, 1.0), Err(NotPossible::NoInteger));
    }

    fn compares(of: &str, op: CompareOp, a: &Value, b: &Value) -> bool {
        let of = of.parse::<FieldType>().unwrap();
        let encoded = [a, b].map(|value| Encoded::from_value(value, &of).unwrap());
        let [a, b] = encoded.each_ref().map(|value| Stored { bytes: value.bytes(), heap: value.heap() });
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
        let pair = "[f32; 2]".parse::<FieldType>().unwrap();
        assert_eq!(update(&pair, UpdateOp::Add, &mut [0; 8], &[0; 8]), Err(NotPossible::NoNumber));
    }
}
