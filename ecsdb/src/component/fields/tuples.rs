//! Tuples and ranges as fields.

use core::ops::{Range, RangeInclusive};
use std::borrow::Cow;

use bytemuck::Zeroable;

use super::List;
use crate::bytes::{Heap, HeapBuf, Row, bytes_of};
use crate::component::elsewhere::PartNamed;
use crate::component::packed::Optional;
use crate::component::{Field, part_name};
use crate::schema::{FieldType, Member, StructType};

/// The parts of a tuple: its elements, under their numbers.
macro_rules! tuple_parts {
    (($($all:ident),+); $name:ident $index:tt $(, $names:ident $indexes:tt)*) => {
        impl<$($all: Field),+> PartNamed<{ part_name(stringify!($index)) }> for ($($all,)+) {
            type Type = $name;
        }

        tuple_parts! { ($($all),+); $($names $indexes),* }
    };
    (($($all:ident),+);) => {};
}

macro_rules! tuples {
    ($($packed:ident: $($name:ident $index:tt),+);+ $(;)?) => {$(
        /// A tuple as it stands in a packed row: one element after the other.
        #[derive(Clone, Copy)]
        #[repr(C)]
        pub struct $packed<$($name),+>($($name),+);

        // SAFETY: only made of packed forms, which are aligned to 1 (the proof of a packed row asserts that), so there is no
        // padding; the rest is inherited.
        unsafe impl<$($name: Row),+> Row for $packed<$($name),+> {}

        // SAFETY: all zero bytes are one of each element.
        unsafe impl<$($name: Zeroable),+> Zeroable for $packed<$($name),+> {}

        debug_as!([$($name),+] $packed<$($name),+>);

        impl<$($name: Row),+> PartialEq for $packed<$($name),+> {
            fn eq(&self, other: &Self) -> bool {
                bytes_of(self) == bytes_of(other)
            }
        }

        tuple_parts! { ($($name),+); $($name $index),+ }

        // SAFETY: the packed forms one after the other, which is what the type says. Each is aligned to 1, and so are they
        // together.
        unsafe impl<$($name: Field),+> Field for ($($name,)+) {
            type Value = Self;
            type Packed = $packed<$($name::Packed),+>;
            type Optional = Optional<Self::Packed>;
            type Element = Self::Packed;
            type View<'a> = ($($name::View<'a>,)+);
            type List<'a> = List<'a, Self>;

            const TYPE: FieldType = FieldType::Struct(StructType {
                name: Cow::Borrowed(""),
                fields: Cow::Borrowed(const {
                    &[$(Member { name: Cow::Borrowed(stringify!($index)), field_type: $name::TYPE }),+]
                }),
            });

            const COLUMNS: u16 = 1 $(+ $name::COLUMNS)+;

            #[inline]
            fn from_value(value: Self) -> Self {
                value
            }

            #[inline]
            fn pack(self, heap: &mut HeapBuf) -> Self::Packed {
                $packed($(self.$index.pack(heap)),+)
            }

            #[inline]
            fn unpack(packed: &Self::Packed, heap: Heap<'_>) -> Self {
                ($($name::unpack(&packed.$index, heap),)+)
            }

            #[inline]
            fn view<'a>(packed: &'a Self::Packed, heap: Heap<'a>) -> Self::View<'a> {
                ($($name::view(&packed.$index, heap),)+)
            }

            #[inline]
            fn list<'a>(elements: &'a [Self::Element], heap: Heap<'a>) -> List<'a, Self> {
                List::new(elements, heap)
            }
        }
    )+};
}

tuples! {
    Tuple1: A 0;
    Tuple2: A 0, B 1;
    Tuple3: A 0, B 1, C 2;
    Tuple4: A 0, B 1, C 2, D 3;
    Tuple5: A 0, B 1, C 2, D 3, E 4;
    Tuple6: A 0, B 1, C 2, D 3, E 4, F 5;
    Tuple7: A 0, B 1, C 2, D 3, E 4, F 5, G 6;
    Tuple8: A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7;
}

macro_rules! ranges {
    ($($ty:ident: $into:expr, $from:expr);+ $(;)?) => {$(
        // SAFETY: in every way the pair of its ends, which the type names.
        unsafe impl<F: Field> Field for $ty<F> {
            type Value = Self;
            type Packed = Tuple2<F::Packed, F::Packed>;
            type Optional = Optional<Self::Packed>;
            type Element = Self::Packed;
            type View<'a> = $ty<F::View<'a>>;
            type List<'a> = List<'a, Self>;

            const TYPE: FieldType = FieldType::Struct(StructType {
                name: Cow::Borrowed(""),
                fields: Cow::Borrowed(const {
                    &[
                        Member { name: Cow::Borrowed("start"), field_type: F::TYPE },
                        Member { name: Cow::Borrowed("end"), field_type: F::TYPE },
                    ]
                }),
            });

            const COLUMNS: u16 = 1 + 2 * F::COLUMNS;

            #[inline]
            fn from_value(value: Self) -> Self {
                value
            }

            #[inline]
            fn pack(self, heap: &mut HeapBuf) -> Self::Packed {
                let ends: fn(Self) -> (F, F) = $into;
                ends(self).pack(heap)
            }

            #[inline]
            fn unpack(packed: &Self::Packed, heap: Heap<'_>) -> Self {
                let (start, end) = <(F, F)>::unpack(packed, heap);
                $from(start, end)
            }

            #[inline]
            fn view<'a>(packed: &'a Self::Packed, heap: Heap<'a>) -> Self::View<'a> {
                let (start, end) = <(F, F)>::view(packed, heap);
                $from(start, end)
            }

            #[inline]
            fn list<'a>(elements: &'a [Self::Element], heap: Heap<'a>) -> List<'a, Self> {
                List::new(elements, heap)
            }
        }
    )+};
}

ranges! {
    Range: |range| (range.start, range.end), |start, end| Range { start, end };
    RangeInclusive: RangeInclusive::into_inner, RangeInclusive::new;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tuples_and_ranges_come_back() {
        let mut heap = HeapBuf::new();
        let value = (1_u8, String::from("two"), Some(3.0_f64));
        let packed = value.clone().pack(&mut heap);
        assert_eq!(size_of_val(&packed), 1 + 8 + 9);
        assert_eq!(<(u8, String, Option<f64>)>::view(&packed, heap.as_heap()), (1, "two", Some(3.0)));
        assert_eq!(<(u8, String, Option<f64>)>::unpack(&packed, heap.as_heap()), value);
        assert_eq!(<(u8, (u16, u16))>::COLUMNS, 5);

        let packed = (2_i16..=5).pack(&mut heap);
        assert_eq!(RangeInclusive::<i16>::view(&packed, Heap::EMPTY), 2..=5);
    }
}
