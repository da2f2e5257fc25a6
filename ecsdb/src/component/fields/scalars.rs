//! Single values as fields: numbers, `bool`, `char`, entities and durations.
//!
//! Owns their implementations of [`Field`], [`NativeField`] and [`NicheField`] and nothing else.

use core::num::NonZero;
use core::time::Duration;

use crate::Entity;
use crate::bytes::{Heap, HeapBuf, Row};
use crate::component::packed::{self, Niche, Optional};
use crate::component::{Field, Integer, NativeField, NicheField, Number, Ordered};
use crate::schema::{FieldType, Scalar};

// SAFETY: plain values without padding, pointers, drop glue or interior mutability, aligned to 16 at most.
unsafe impl Row for char {}

/// Fields whose packed form is `$packed`; `$pack` and `$unpack` lead there and back.
macro_rules! fields {
    ($($ty:ty: $scalar:ident, $packed:ty, $optional:ident, $element:ty, $pack:expr, $unpack:expr);+ $(;)?) => {$(
        // SAFETY: the packed form is as many bytes of alignment 1 as the scalar has (asserted below), and zeros are a value
        // of it; bytes that are valid for the scalar make the value in `$unpack`. The element is the packed form, or the
        // value itself, whose memory on a little-endian target are the same bytes. The optional form follows the niche of
        // the scalar (asserted below).
        unsafe impl Field for $ty {
            type Value = Self;
            type Packed = $packed;
            type Optional = $optional<$packed>;
            type Element = $element;
            type View<'a> = Self;
            type List<'a> = &'a [$element];

            const TYPE: FieldType = FieldType::Scalar(Scalar::$scalar);

            #[inline]
            fn from_value(value: Self) -> Self {
                value
            }

            #[inline]
            fn pack(self, _: &mut HeapBuf) -> $packed {
                let pack: fn($ty) -> $packed = $pack;
                pack(self)
            }

            #[inline]
            fn unpack(packed: &$packed, _: Heap<'_>) -> Self {
                let unpack: fn($packed) -> $ty = $unpack;
                unpack(*packed)
            }

            #[inline]
            fn view<'a>(packed: &'a $packed, heap: Heap<'a>) -> Self {
                Self::unpack(packed, heap)
            }

            #[inline]
            fn list<'a>(elements: &'a [$element], _: Heap<'a>) -> &'a [$element] {
                elements
            }
        }

        const _: () = assert!(size_of::<$packed>() == Scalar::$scalar.size() && align_of::<$packed>() == 1);
        const _: () = assert!(size_of::<$element>() == Scalar::$scalar.size());
        const _: () = assert!(align_of::<$element>() <= Scalar::$scalar.align());
        const _: () = assert!(
            (size_of::<$optional<$packed>>() == size_of::<$packed>()) == Scalar::$scalar.is_never_zero()
        );
    )+};
}

fields! {
    u8: U8, u8, Optional, u8, |value| value, |packed| packed;
    i8: I8, i8, Optional, i8, |value| value, |packed| packed;
    bool: Bool, bool, Optional, bool, |value| value, |packed| packed;
    u16: U16, packed::U16, Optional, u16, packed::U16::new, packed::U16::get;
    u32: U32, packed::U32, Optional, u32, packed::U32::new, packed::U32::get;
    u64: U64, packed::U64, Optional, u64, packed::U64::new, packed::U64::get;
    u128: U128, packed::U128, Optional, u128, packed::U128::new, packed::U128::get;
    i16: I16, packed::I16, Optional, i16, packed::I16::new, packed::I16::get;
    i32: I32, packed::I32, Optional, i32, packed::I32::new, packed::I32::get;
    i64: I64, packed::I64, Optional, i64, packed::I64::new, packed::I64::get;
    i128: I128, packed::I128, Optional, i128, packed::I128::new, packed::I128::get;
    f32: F32, packed::F32, Optional, f32, packed::F32::new, packed::F32::get;
    f64: F64, packed::F64, Optional, f64, packed::F64::new, packed::F64::get;
    // A row that was written on a machine with wider words is refused where bytes come in.
    usize: Usize, packed::U64, Optional, packed::U64, |value| packed::U64::new(value as u64), |packed| packed.get() as usize;
    isize: Isize, packed::I64, Optional, packed::I64, |value| packed::I64::new(value as i64), |packed| packed.get() as isize;
    char: Char, packed::U32, Optional, char, |value| packed::U32::new(value.into()),
        |packed| char::from_u32(packed.get()).unwrap_or(char::REPLACEMENT_CHARACTER);
    Duration: Duration, packed::Duration, Optional, packed::Duration, packed::Duration::new, packed::Duration::get;
    Entity: Entity, packed::Entity, Niche, Entity, packed::Entity::new, packed::Entity::get;
}

/// What a valid row holds where a zero cannot stand.
const NEVER_ZERO: &str = "a stored `NonZero` is not zero";

macro_rules! nonzero_fields {
    ($($ty:ident: $scalar:ident, $packed:ident as $stored:ident, $element:ty);+ $(;)?) => {
        fields! {$(
            NonZero<$ty>: $scalar, packed::$packed, Niche, $element, |value| packed::$packed::new(value.get() as $stored),
                |packed| NonZero::new(packed.get() as $ty).expect(NEVER_ZERO);
        )+}
        $(
            // SAFETY: the scalar has a niche, which is zero in Rust as well.
            unsafe impl NicheField for NonZero<$ty> {}
        )+
    };
}

nonzero_fields! {
    u16: NonZeroU16, U16 as u16, NonZero<u16>;
    u32: NonZeroU32, U32 as u32, NonZero<u32>;
    u64: NonZeroU64, U64 as u64, NonZero<u64>;
    u128: NonZeroU128, U128 as u128, NonZero<u128>;
    i16: NonZeroI16, I16 as i16, NonZero<i16>;
    i32: NonZeroI32, I32 as i32, NonZero<i32>;
    i64: NonZeroI64, I64 as i64, NonZero<i64>;
    i128: NonZeroI128, I128 as i128, NonZero<i128>;
    usize: NonZeroUsize, U64 as u64, packed::U64;
    isize: NonZeroIsize, I64 as i64, packed::I64;
}

fields! {
    NonZero<u8>: NonZeroU8, u8, Niche, NonZero<u8>, NonZero::get, |packed| NonZero::new(packed).expect(NEVER_ZERO);
    NonZero<i8>: NonZeroI8, i8, Niche, NonZero<i8>, NonZero::get, |packed| NonZero::new(packed).expect(NEVER_ZERO);
}

// SAFETY: the scalar has a niche, which is zero in Rust as well.
unsafe impl NicheField for NonZero<u8> {}
// SAFETY: as above.
unsafe impl NicheField for NonZero<i8> {}
// SAFETY: as above: `Entity` is a `NonZero` inside.
unsafe impl NicheField for Entity {}

macro_rules! nonzero_rows {
    ($($ty:ident),+) => {$(
        // SAFETY: a number: no padding, pointers, drop glue or interior mutability, aligned to 16 at most.
        unsafe impl Row for NonZero<$ty> {}
        // SAFETY: the bytes of an optional number, zero for none: Rust promises that.
        unsafe impl Row for Option<NonZero<$ty>> {}
    )+};
}
nonzero_rows!(u8, u16, u32, u64, u128, i8, i16, i32, i64, i128);

macro_rules! native_fields {
    ($($ty:ty: $scalar:ident),+ $(,)?) => {$(
        // SAFETY: a little-endian target is required by the crate, so the memory of the value is the bytes of the
        // packed form; the assertion below holds the sizes together.
        unsafe impl NativeField for $ty {
            const ALIGN: usize = Scalar::$scalar.align();
        }

        const _: () = assert!(size_of::<$ty>() == Scalar::$scalar.size());
        const _: () = assert!(align_of::<$ty>() <= Scalar::$scalar.align());
    )+};
}

native_fields!(
    u8: U8, u16: U16, u32: U32, u64: U64, u128: U128,
    i8: I8, i16: I16, i32: I32, i64: I64, i128: I128,
    f32: F32, f64: F64, bool: Bool, char: Char, Entity: Entity,
    NonZero<u8>: NonZeroU8, NonZero<u16>: NonZeroU16, NonZero<u32>: NonZeroU32, NonZero<u64>: NonZeroU64,
    NonZero<u128>: NonZeroU128, NonZero<i8>: NonZeroI8, NonZero<i16>: NonZeroI16, NonZero<i32>: NonZeroI32,
    NonZero<i64>: NonZeroI64, NonZero<i128>: NonZeroI128,
);

/// Floats by their bits: the order of the numbers, and -0 before 0.
fn float_rank(value: f64) -> Option<u128> {
    let bits = value.to_bits();
    (!value.is_nan()).then_some((bits ^ if bits >> 63 == 1 { u64::MAX } else { 1 << 63 }).into())
}

macro_rules! numbers {
    ($sum:ty, $sum_of:expr, $rank:expr, $($ty:ident as $part:ty),+) => {$(
        impl Ordered for $ty {
            const HAS_RANK: bool = true;

            #[inline]
            fn rank(self) -> Option<u128> {
                let rank: fn($sum) -> Option<u128> = $rank;
                rank(self as $sum)
            }
        }

        impl Number for $ty {
            type Sum = $sum;

            #[inline]
            fn sum(values: impl Iterator<Item = Self>) -> $sum {
                const LEN: usize = size_of::<$ty>();
                // As wide as the values of a block need: no more than 64 of them come at a time.
                let sum = values.fold(<$part>::default(), |sum, value| {
                    if LEN == 16 { $sum_of(sum as $sum, value as $sum) as $part } else { sum + value as $part }
                });
                sum as $sum
            }

            #[inline]
            fn sum_of(one: $sum, other: $sum) -> $sum {
                $sum_of(one, other)
            }

            fn to_float(sum: $sum) -> f64 {
                sum as f64
            }

            const IS_WIDE: bool = size_of::<$ty>() == 16;

            fn rounded(self) -> f64 {
                self as f64
            }
        }
    )+};
}

numbers!(u128, u128::saturating_add, Some, u8 as u64, u16 as u64, u32 as u64, u64 as u128, usize as u128, u128 as u128);
numbers!(
    i128,
    i128::saturating_add,
    |value| Some(value.cast_unsigned() ^ (1 << 127)),
    i8 as i64,
    i16 as i64,
    i32 as i64,
    i64 as i128,
    isize as i128,
    i128 as i128
);
numbers!(f64, core::ops::Add::add, float_rank, f32 as f64, f64 as f64);

macro_rules! integers {
    ($($ty:ident),+) => {$( impl Integer for $ty {} )+};
}

integers!(u8, u16, u32, u64, u128, usize, i8, i16, i32, i64, i128, isize);

macro_rules! ordered {
    ($($ty:ty),+) => {$( impl Ordered for $ty {} )+};
}

ordered!(bool, char, Duration, NonZero<u8>, NonZero<u16>, NonZero<u32>, NonZero<u64>, NonZero<u128>, NonZero<usize>);
ordered!(NonZero<i8>, NonZero<i16>, NonZero<i32>, NonZero<i64>, NonZero<i128>, NonZero<isize>);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bytes::bytes_of;

    fn same_bytes<F: NativeField + Row + Copy>(value: F) {
        let mut heap = HeapBuf::new();
        let packed = value.pack(&mut heap);
        assert_eq!(bytes_of(&value), bytes_of(&packed));
        assert_eq!(bytes_of(&F::unpack(&packed, heap.as_heap())), bytes_of(&value));
        assert_eq!(F::TYPE.size(), size_of::<F>());
        assert_eq!(F::TYPE.align(), F::ALIGN);
    }

    #[test]
    fn native_memory_is_the_packed_form() {
        same_bytes(1u8);
        same_bytes(0x0102u16);
        same_bytes(u128::MAX - 5);
        same_bytes(-3i64);
        same_bytes(f32::NAN);
        same_bytes(-1.25f64);
        same_bytes(true);
        same_bytes('\u{1f600}');
        same_bytes(NonZero::new(-7_i16).unwrap());
        same_bytes(NonZero::new(7_u128));
        same_bytes(None::<NonZero<u8>>);
        same_bytes(Entity::from_bits(9 | 4 << 32).unwrap());
        same_bytes(None::<Entity>);
        same_bytes([[1u16, 2, 3], [4, 5, 6]]);
        same_bytes([0u64; 0]);
    }

    fn comes_back<F: Field + Clone + PartialEq + core::fmt::Debug>(value: F, size: usize) {
        let mut heap = HeapBuf::new();
        let packed = value.clone().pack(&mut heap);
        assert_eq!((size_of::<F::Packed>(), F::TYPE.size()), (size, size));
        assert_eq!(F::unpack(&packed, heap.as_heap()), value);
    }

    #[test]
    fn values_come_back_from_their_packed_form() {
        comes_back(usize::MAX, 8);
        comes_back(isize::MIN, 8);
        comes_back(NonZero::new(3_usize), 8);
        comes_back(Duration::new(u64::MAX, 999_999_999), 12);
        comes_back(Some('x'), 5);
        comes_back(None::<bool>, 2);
        comes_back(Some(Some(1.5_f32)), 6);
        comes_back([Some(1_u16), None], 6);
    }
}
