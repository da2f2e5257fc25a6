//! Comparing and changing single values in place, by the type that the schema gives them.

use core::cmp::Ordering;

use crate::component::{CompareOp, UpdateOp};
use crate::schema::{FieldType, Scalar};

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

/// Integers wrap out of their range where floats do not.
trait Checked: Sized {
    fn plus(self, other: Self) -> Option<Self>;
    fn minus(self, other: Self) -> Option<Self>;
}

macro_rules! checked {
    (integers: $($int:ty),+; floats: $($float:ty),+) => {
        $(impl Checked for $int {
            fn plus(self, other: Self) -> Option<Self> { self.checked_add(other) }
            fn minus(self, other: Self) -> Option<Self> { self.checked_sub(other) }
        })+
        $(impl Checked for $float {
            fn plus(self, other: Self) -> Option<Self> { Some(self + other) }
            fn minus(self, other: Self) -> Option<Self> { Some(self - other) }
        })+
    };
}
checked!(integers: u8, u16, u32, u64, u128, i8, i16, i32, i64, i128; floats: f32, f64);

/// The bytes of one value, as an array.
fn array<const N: usize>(bytes: &[u8]) -> [u8; N] {
    let mut array = [0; N];
    array.copy_from_slice(&bytes[..N]);
    array
}

/// Whether `found op expected` holds for two values of type `field_type`. Arrays are compared element by element, and
/// only for equality.
pub fn holds(field_type: &FieldType, op: CompareOp, found: &[u8], expected: &[u8]) -> bool {
    let (scalar, count) = field_type.scalars();
    if count == 1 {
        return decide(op, compare(scalar, found, expected));
    }
    let size = scalar.size();
    let equal = found
        .chunks_exact(size)
        .zip(expected.chunks_exact(size))
        .all(|(found, expected)| compare(scalar, found, expected) == Some(Ordering::Equal));
    if op == CompareOp::NotEqual { !equal } else { equal }
}

/// `None` for two floats of which one is not a number.
fn compare(scalar: Scalar, a: &[u8], b: &[u8]) -> Option<Ordering> {
    with_number!(scalar,
        T => T::from_le_bytes(array(a)).partial_cmp(&T::from_le_bytes(array(b))),
        other => Some(a.cmp(b)))
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

/// An integer would leave its range, or the field is no number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotPossible;

/// Changes `value`, of type `field_type`, by `operand`. On an error the value is as before.
pub fn update(field_type: &FieldType, op: UpdateOp, value: &mut [u8], operand: &[u8]) -> Result<(), NotPossible> {
    let (scalar, count) = field_type.scalars();
    if op == UpdateOp::Set {
        value.copy_from_slice(operand);
        return Ok(());
    }
    if count != 1 {
        return Err(NotPossible);
    }
    with_number!(scalar,
        T => {
            let (a, b) = (T::from_le_bytes(array(value)), T::from_le_bytes(array(operand)));
            let result = if op == UpdateOp::Add { a.plus(b) } else { a.minus(b) };
            value.copy_from_slice(&result.ok_or(NotPossible)?.to_le_bytes());
            Ok(())
        },
        other => Err(NotPossible))
}

#[cfg(test)]
mod tests {
    use super::*;

    const U8: FieldType = FieldType::Scalar(Scalar::U8);
    const I64: FieldType = FieldType::Scalar(Scalar::I64);
    const F32: FieldType = FieldType::Scalar(Scalar::F32);

    #[test]
    fn integers_stop_at_their_range_and_keep_their_value() {
        let mut value = [250];
        assert_eq!(update(&U8, UpdateOp::Add, &mut value, &[6]), Err(NotPossible));
        assert_eq!(value, [250]);
        update(&U8, UpdateOp::Add, &mut value, &[5]).unwrap();
        update(&U8, UpdateOp::Subtract, &mut value, &[254]).unwrap();
        assert_eq!(value, [1]);
    }

    #[test]
    fn numbers_compare_as_numbers_not_as_bytes() {
        let (small, large) = ((-2_i64).to_le_bytes(), 1_i64.to_le_bytes());
        assert!(holds(&I64, CompareOp::Less, &small, &large) && holds(&I64, CompareOp::NotEqual, &small, &large));
        assert!(
            holds(&I64, CompareOp::GreaterOrEqual, &large, &large) && !holds(&I64, CompareOp::Greater, &large, &large)
        );
        let nan = f32::NAN.to_le_bytes();
        assert!(!holds(&F32, CompareOp::Equal, &nan, &nan) && holds(&F32, CompareOp::NotEqual, &nan, &nan));
        assert!(holds(&F32, CompareOp::Equal, &0_f32.to_le_bytes(), &(-0_f32).to_le_bytes()));
    }

    #[test]
    fn arrays_compare_element_by_element() {
        let pair = FieldType::Array { element: crate::schema::TypeRef::Static(&F32), len: 2 };
        let (a, b) = ([0_f32, 1.0], [-0_f32, 1.0]);
        let bytes = |pair: [f32; 2]| pair.map(f32::to_le_bytes).concat();
        assert!(holds(&pair, CompareOp::Equal, &bytes(a), &bytes(b)));
        assert!(holds(&pair, CompareOp::NotEqual, &bytes(a), &bytes([0.0, 2.0])));
        assert_eq!(update(&pair, UpdateOp::Add, &mut bytes(a), &bytes(b)), Err(NotPossible));
    }
}
