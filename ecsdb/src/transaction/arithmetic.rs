//! Changing single values in place, by the type that the schema gives them.

use crate::component::UpdateOp;
use crate::schema::{FieldType, Scalar, array, with_number};

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

/// An integer would leave its range, or the field is no number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotPossible;

/// Adds `operand` to `value`, a number of type `field_type`, or subtracts it. On an error the value is as before.
pub fn update(field_type: &FieldType, op: UpdateOp, value: &mut [u8], operand: &[u8]) -> Result<(), NotPossible> {
    let FieldType::Scalar(scalar) = field_type else { return Err(NotPossible) };
    if scalar.is_never_zero() || *scalar == Scalar::Char {
        // The result might be no value.
        return Err(NotPossible);
    }
    with_number!(scalar.number().unwrap_or(Scalar::Bool),
        T => {
            let (a, b) = (T::from_le_bytes(array(value)), T::from_le_bytes(array(operand)));
            let result = match op {
                UpdateOp::Add => a.plus(b),
                UpdateOp::Subtract => a.minus(b),
                UpdateOp::Set => Some(b),
            };
            value.copy_from_slice(&result.ok_or(NotPossible)?.to_le_bytes());
            Ok(())
        },
        other => Err(NotPossible))
}

#[cfg(test)]
mod tests {
    use super::*;

    const U8: FieldType = FieldType::Scalar(Scalar::U8);

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
    fn what_is_no_number_stays() {
        let pair = "[f32; 2]".parse::<FieldType>().unwrap();
        assert_eq!(update(&pair, UpdateOp::Add, &mut [0; 8], &[0; 8]), Err(NotPossible));
    }
}
