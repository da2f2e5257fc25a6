//! Comparing one column of all rows of a block: 64 answers in one word.
//!
//! Owns the loops. Every comparison of a value of fixed width comes down to a range, since integers of `n` bits lie in
//! a range if one subtraction and one comparison without signs say so: `x < 7`, `x == 7` and `3 <= x <= 7` are the same
//! loop. So there is one loop for each width, and two for floats.

use crate::component::CompareOp;
use crate::schema::{FieldType, Scalar, array};

/// How the bits of a value make a number whose order is that of the values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// An integer of so many bytes: 1, 2, 4, 8 or 16. In two's complement if it is signed.
    Integer { bytes: u32, signed: bool },
    /// Seconds and nanoseconds.
    Duration,
    /// `f32`
    Float32,
    /// `f64`
    Float64,
}

impl Form {
    /// The form of values of this type, if they have one. Of an enum whose variants hold nothing it is that of the tag,
    /// whose order means nothing.
    pub fn of(field_type: &FieldType) -> Option<Self> {
        match field_type {
            FieldType::Scalar(Scalar::Duration) => Some(Self::Duration),
            FieldType::Scalar(scalar) => Some(match scalar.number() {
                Some(Scalar::F32) => Self::Float32,
                Some(Scalar::F64) => Self::Float64,
                Some(Scalar::I8 | Scalar::I16 | Scalar::I32 | Scalar::I64 | Scalar::I128) => {
                    Self::Integer { bytes: scalar.size() as u32, signed: true }
                }
                _ => Self::Integer { bytes: scalar.size() as u32, signed: false },
            }),
            FieldType::Reference { .. } => Some(Self::Integer { bytes: 8, signed: false }),
            FieldType::Enum(of) if of.payload_bytes() == 0 => {
                Some(Self::Integer { bytes: u32::from(of.tag_bytes), signed: false })
            }
            _ => None,
        }
    }
}

impl Form {
    /// The number that `value` is, without a sign and with the order of the values. Floats are ordered by their bits, so that
    /// all of them have a place.
    #[inline]
    pub fn ordered(self, value: &[u8]) -> u128 {
        match self {
            Self::Duration => duration(array(value)),
            Self::Integer { bytes, signed } => integer(bytes, value) ^ if signed { max(bytes) / 2 + 1 } else { 0 },
            Self::Float32 => {
                let bits = u32::from_le_bytes(array(value));
                u128::from(bits ^ if bits >> 31 == 1 { u32::MAX } else { 1 << 31 })
            }
            Self::Float64 => {
                let bits = u64::from_le_bytes(array(value));
                u128::from(bits ^ if bits >> 63 == 1 { u64::MAX } else { 1 << 63 })
            }
        }
    }
}

/// What a scan looks for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Range {
    /// Integers `x` of so many bytes with `x - low <= span`, without signs and carries.
    Integers { bytes: u32, low: u128, span: u128 },
    /// Durations, as 96 bits.
    Durations { low: u128, span: u128 },
    /// Floats from the first to the second.
    Float32(f32, f32),
    /// Floats from the first to the second.
    Float64(f64, f64),
    /// Nothing.
    Nothing,
}

/// A duration as a number of 96 bits.
fn duration(bytes: [u8; 12]) -> u128 {
    u128::from(u64::from_le_bytes(array(&bytes))) << 32 | u128::from(u32::from_le_bytes(array(&bytes[8..])))
}

/// Integers from `low` to `high`, as stored; `high` may not be below `low`.
fn integers(bytes: u32, low: u128, high: u128) -> Range {
    Range::Integers { bytes, low, span: high.wrapping_sub(low) & max(bytes) }
}

/// All bits of so many bytes.
fn max(bytes: u32) -> u128 {
    u128::MAX >> (128 - 8 * bytes)
}

/// What floats of a type have to do with ranges.
macro_rules! float_range {
    ($ty:ty, $variant:ident, $op:expr, $bytes:expr) => {{
        let value = <$ty>::from_le_bytes(array($bytes));
        match $op {
            _ if value.is_nan() => Range::Nothing,
            CompareOp::Equal | CompareOp::NotEqual => Range::$variant(value, value),
            CompareOp::LessOrEqual => Range::$variant(<$ty>::NEG_INFINITY, value),
            CompareOp::GreaterOrEqual => Range::$variant(value, <$ty>::INFINITY),
            CompareOp::Less if value == <$ty>::NEG_INFINITY => Range::Nothing,
            CompareOp::Less => Range::$variant(<$ty>::NEG_INFINITY, value.next_down()),
            CompareOp::Greater if value == <$ty>::INFINITY => Range::Nothing,
            CompareOp::Greater => Range::$variant(value.next_up(), <$ty>::INFINITY),
        }
    }};
}

impl Range {
    /// The values `x` with `x op value`, or, for `!=`, all others.
    pub fn compared(form: Form, op: CompareOp, value: &[u8]) -> Self {
        match form {
            Form::Float32 => float_range!(f32, Float32, op, value),
            Form::Float64 => float_range!(f64, Float64, op, value),
            Form::Duration => match below(op, duration(array(value)), u128::MAX) {
                Some((low, high)) => Self::Durations { low, span: high - low },
                None => Self::Nothing,
            },
            Form::Integer { bytes, signed } => {
                // With the sign turned round, the order is that of numbers without signs.
                let sign = if signed { max(bytes) / 2 + 1 } else { 0 };
                match below(op, integer(bytes, value) ^ sign, max(bytes)) {
                    Some((low, high)) => integers(bytes, low ^ sign, high ^ sign),
                    None => Self::Nothing,
                }
            }
        }
    }

    /// The values from `low` to `high`, both of them included.
    pub fn between(form: Form, low: &[u8], high: &[u8]) -> Self {
        match form {
            Form::Float32 => Self::Float32(f32::from_le_bytes(array(low)), f32::from_le_bytes(array(high))),
            Form::Float64 => Self::Float64(f64::from_le_bytes(array(low)), f64::from_le_bytes(array(high))),
            Form::Duration => {
                let (low, high) = (duration(array(low)), duration(array(high)));
                if low > high { Self::Nothing } else { Self::Durations { low, span: high - low } }
            }
            Form::Integer { bytes, signed } => {
                let (low, high) = (integer(bytes, low), integer(bytes, high));
                let sign = if signed { max(bytes) / 2 + 1 } else { 0 };
                if low ^ sign > high ^ sign { Self::Nothing } else { integers(bytes, low, high) }
            }
        }
    }

    /// The integers of so many bytes that are not zero.
    pub fn not_zero(bytes: u32) -> Self {
        integers(bytes, 1, max(bytes))
    }

    /// Bytes of the values.
    const fn bytes(self) -> usize {
        match self {
            Self::Integers { bytes, .. } => bytes as usize,
            Self::Durations { .. } => 12,
            Self::Float32(..) => 4,
            Self::Float64(..) => 8,
            Self::Nothing => 0,
        }
    }

    /// Which of `len` rows of `stride` bytes, one after the other, have a value in the range `at` bytes in: bit by bit.
    ///
    /// # Panics
    /// If there are more than 64 rows, or the value lies outside of a row, or there are fewer bytes than rows.
    pub fn mask(self, rows: &[u8], stride: usize, at: usize, len: usize) -> u64 {
        assert!(at + self.bytes() <= stride, "the column lies in the row");
        let rows = Rows { rows, stride, at, len };
        match self {
            Self::Integers { bytes: 1, low, span } => {
                let (low, span) = (low as u8, span as u8);
                rows.mask(|bytes| u8::from_le_bytes(bytes).wrapping_sub(low) <= span)
            }
            Self::Integers { bytes: 2, low, span } => {
                let (low, span) = (low as u16, span as u16);
                rows.mask(|bytes| u16::from_le_bytes(bytes).wrapping_sub(low) <= span)
            }
            Self::Integers { bytes: 4, low, span } => {
                let (low, span) = (low as u32, span as u32);
                rows.mask(|bytes| u32::from_le_bytes(bytes).wrapping_sub(low) <= span)
            }
            Self::Integers { bytes: 8, low, span } => {
                let (low, span) = (low as u64, span as u64);
                rows.mask(|bytes| u64::from_le_bytes(bytes).wrapping_sub(low) <= span)
            }
            Self::Integers { low, span, .. } => rows.mask(|bytes| u128::from_le_bytes(bytes).wrapping_sub(low) <= span),
            Self::Durations { low, span } => rows.mask(|bytes| duration(bytes).wrapping_sub(low) <= span),
            Self::Float32(low, high) => rows.mask(|bytes| {
                let value = f32::from_le_bytes(bytes);
                (value >= low) & (value <= high)
            }),
            Self::Float64(low, high) => rows.mask(|bytes| {
                let value = f64::from_le_bytes(bytes);
                (value >= low) & (value <= high)
            }),
            Self::Nothing => 0,
        }
    }
}

/// An integer of `bytes` bytes, without a sign.
#[inline]
fn integer(bytes: u32, value: &[u8]) -> u128 {
    match bytes {
        1 => value[0].into(),
        2 => u16::from_le_bytes(array(value)).into(),
        4 => u32::from_le_bytes(array(value)).into(),
        8 => u64::from_le_bytes(array(value)).into(),
        _ => u128::from_le_bytes(array(value)),
    }
}

/// From where to where the `x` with `x op value` reach, of numbers from 0 to `max`.
fn below(op: CompareOp, value: u128, max: u128) -> Option<(u128, u128)> {
    match op {
        CompareOp::Equal | CompareOp::NotEqual => Some((value, value)),
        CompareOp::LessOrEqual => Some((0, value)),
        CompareOp::GreaterOrEqual => Some((value, max)),
        CompareOp::Less => Some((0, value.checked_sub(1)?)),
        CompareOp::Greater if value == max => None,
        CompareOp::Greater => Some((value + 1, max)),
    }
}

/// The values of a column in rows that lie one after the other.
struct Rows<'r> {
    rows: &'r [u8],
    stride: usize,
    at: usize,
    len: usize,
}

/// How many answers are put together at a time.
const GROUP: usize = 8;

impl Rows<'_> {
    #[inline(always)]
    fn mask<const N: usize>(self, test: impl Fn([u8; N]) -> bool) -> u64 {
        // Where the column is the whole row, the compiler can see that the values lie side by side.
        if self.stride == N { self.mask_with(N, test) } else { self.mask_with(self.stride, test) }
    }

    #[inline(always)]
    fn mask_with<const N: usize>(&self, stride: usize, test: impl Fn([u8; N]) -> bool) -> u64 {
        assert!(self.len <= u64::BITS as usize && self.rows.len() >= self.len * stride, "as many rows as said");
        let first = self.rows.as_ptr().wrapping_add(self.at);
        let value = |index: usize| {
            // SAFETY: `index < len` at both places below. The rows are `len * stride` bytes, and `at + N <= stride`
            // (asserted in `Range::mask`), so the `N` bytes from `index * stride + at` on lie in row `index`. Arrays of bytes
            // have alignment 1, and every byte of a slice is initialised.
            unsafe { first.wrapping_add(index * stride).cast::<[u8; N]>().read() }
        };
        let mut mask = 0;
        let groups = self.len / GROUP;
        for group in 0..groups {
            let mut answers = 0;
            for index in 0..GROUP {
                answers |= u64::from(test(value(group * GROUP + index))) << index;
            }
            mask |= answers << (group * GROUP);
        }
        for index in groups * GROUP..self.len {
            mask |= u64::from(test(value(index))) << index;
        }
        mask
    }
}

/// What [`spread`] gives for four slots: by their presence, then by the answers of the present ones.
const SPREAD: [[u8; 16]; 16] = {
    let mut table = [[0; 16]; 16];
    let mut present = 0;
    while present < 16 {
        let mut answers = 0;
        while answers < 16 {
            let (mut bit, mut rest, mut spread) = (0, answers, 0);
            while bit < 4 {
                if present >> bit & 1 == 1 {
                    spread |= (rest as u8 & 1) << bit;
                    rest >>= 1;
                }
                bit += 1;
            }
            table[present][answers] = spread;
            answers += 1;
        }
        present += 1;
    }
    table
};

/// How many of four bits are set, for each way in which they can be.
const ONES: u64 = 0x4332_3221_3221_2110;

/// Answers for rows, one after the other, as answers for the slots `present` that have them.
pub fn spread(answers: u64, present: u64) -> u64 {
    if present == u64::MAX || answers == 0 {
        return answers;
    }
    let (mut answers, mut word) = (answers, 0);
    for shift in (0..u64::BITS).step_by(4) {
        let four = (present >> shift & 15) as usize;
        word |= u64::from(SPREAD[four][(answers & 15) as usize]) << shift;
        answers >>= ONES >> (four * 4) & 15;
    }
    word
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::bytes::RowBytes;
    use crate::schema::{Encoded, Value, holds};

    const OPS: [CompareOp; 6] = [
        CompareOp::Equal,
        CompareOp::NotEqual,
        CompareOp::Less,
        CompareOp::LessOrEqual,
        CompareOp::Greater,
        CompareOp::GreaterOrEqual,
    ];

    /// Compares every pair of `values` by a scan over rows that are wider than the value, and one by one.
    fn agree(of: &str, values: &[Value]) {
        let of = of.parse::<FieldType>().unwrap();
        let form = Form::of(&of).unwrap();
        let values: Vec<Encoded> = values.iter().map(|value| Encoded::from_value(value, &of).unwrap()).collect();
        let stored = |value: &Encoded| -> Vec<u8> { [&[7; 3], value.bytes(), &[9]].concat() };
        // What the rows are compared with; a few of them under Miri, as which rows are read does not depend on it.
        let operands = || values.iter().step_by(if cfg!(miri) { 8 } else { 1 });
        for len in [values.len(), 1, 8].into_iter().filter(|len| *len <= values.len()) {
            let rows: Vec<u8> = values[..len].iter().flat_map(stored).collect();
            for (op, operand) in OPS.into_iter().flat_map(|op| operands().map(move |value| (op, value))) {
                let mask = Range::compared(form, op, operand.bytes()).mask(&rows, of.size() + 4, 3, len);
                for (row, value) in values[..len].iter().enumerate() {
                    let expected = holds(&of, op, RowBytes::plain(value.bytes()), operand.row_bytes());
                    let found = (mask >> row & 1 == 1) != (op == CompareOp::NotEqual);
                    assert_eq!(found, expected, "{of}: {value:?} {op} {operand:?}");
                }
            }
            for (low, high) in operands().flat_map(|low| operands().map(move |high| (low, high))) {
                let mask = Range::between(form, low.bytes(), high.bytes()).mask(&rows, of.size() + 4, 3, len);
                for (row, value) in values[..len].iter().enumerate() {
                    let value = value.row_bytes();
                    let expected = holds(&of, CompareOp::GreaterOrEqual, value, low.row_bytes())
                        && holds(&of, CompareOp::LessOrEqual, value, high.row_bytes());
                    assert_eq!(mask >> row & 1 == 1, expected, "{of}: {value:?} in {low:?} to {high:?}");
                }
            }
        }
    }

    #[test]
    fn a_scan_and_a_comparison_agree_at_the_edges_of_every_type() {
        let integer = |low: i128, high: u128| {
            let middle = [-2, -1, 0, 1, 2].into_iter().filter(|value| *value >= low).map(Value::I128);
            let mut values = vec![Value::I128(low), Value::I128(low + 1), Value::U128(high), Value::U128(high - 1)];
            values.extend(middle);
            values
        };
        agree("u8", &integer(0, u8::MAX.into()));
        agree("i8", &integer(i8::MIN.into(), i8::MAX as u128));
        agree("u16", &integer(0, u16::MAX.into()));
        agree("i16", &integer(i16::MIN.into(), i16::MAX as u128));
        agree("u32", &integer(0, u32::MAX.into()));
        agree("i32", &integer(i32::MIN.into(), i32::MAX as u128));
        agree("u64", &integer(0, u64::MAX.into()));
        agree("i64", &integer(i64::MIN.into(), i64::MAX as u128));
        agree("u128", &integer(0, u128::MAX));
        agree("i128", &integer(i128::MIN, i128::MAX as u128));
        agree("bool", &[true.into(), false.into()]);
        agree("char", &['a'.into(), '\0'.into(), char::MAX.into()]);
        let single = [0.0, -0.0, 1.0, -1.5, f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::MAX, 1e-45, -1e-45];
        agree("f32", &single.map(Value::F32));
        let double = [0.0, -0.0, 1.0, -1.5, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MIN, 5e-324, -5e-324];
        agree("f64", &double.map(Value::F64));
        let duration = core::time::Duration::new;
        let durations = [(0, 0), (0, 1), (1, 0), (1, 999_999_999), (u64::MAX, 0), (u64::MAX, 999_999_999)];
        agree("duration", &durations.map(|(seconds, rest)| duration(seconds, rest).into()));
    }

    proptest! {
        #[test]
        fn answers_go_to_the_slots_that_have_rows(answers: u64, present: u64) {
            let mut expected = 0;
            for (row, bit) in crate::bits::bits(present).enumerate() {
                expected |= (answers >> row & 1) << bit;
            }
            let answers = answers & crate::bits::run(0, present.count_ones() as usize);
            prop_assert_eq!(spread(answers, present), expected);
        }
    }
}
