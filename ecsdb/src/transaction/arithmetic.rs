//! Changing single values in place, by the type that the schema gives them.

use crate::component::UpdateOp;
use crate::schema::{FieldType, Scalar, array, with_number};

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
    use crate::component::CompareOp;

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
        for (index, op) in CompareOp::ALL.into_iter().enumerate() {
            assert_eq!(op as usize, index, "a comparison is found by its number");
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

    #[test]
    fn what_is_no_number_stays() {
        let pair = "[f32; 2]".parse::<FieldType>().unwrap();
        assert_eq!(update(&pair, UpdateOp::Add, &mut [0; 8], &[0; 8]), Err(NotPossible::NoNumber));
    }
}
