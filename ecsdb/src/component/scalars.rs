//! Which types can be fields: numbers, `bool`, entities and arrays of these.
//!
//! Owns the implementations of [`Field`] and [`NativeField`] and nothing else.

use super::{Field, NativeField, Number, packed};
use crate::Entity;
use crate::schema::{FieldType, Scalar, TypeRef};

/// Fields whose packed form is their own memory, because they are one byte wide.
macro_rules! byte_fields {
    ($($ty:ident: $scalar:ident),+ $(,)?) => {$(
        // SAFETY: one byte of alignment 1, stored as itself; `Scalar` says the same size and the same valid bits.
        unsafe impl Field for $ty {
            type Packed = $ty;
            type View<'a> = $ty;

            const TYPE: FieldType = FieldType::Scalar(Scalar::$scalar);

            #[inline]
            fn pack(self) -> $ty {
                self
            }

            #[inline]
            fn unpack(packed: &$ty) -> $ty {
                *packed
            }

            #[inline]
            fn view(packed: &$ty) -> $ty {
                *packed
            }
        }
    )+};
}

byte_fields!(u8: U8, i8: I8, bool: Bool);

/// Fields whose packed form is a wrapper of [`packed`] with `new` and `get`.
macro_rules! wrapped_fields {
    ($($ty:ty: $scalar:ident),+ $(,)?) => {$(
        // SAFETY: the wrapper is `repr(transparent)` over as many bytes as the scalar has; all bytes are values of
        // it, save the zero of `Entity`, which is not valid for the scalar either.
        unsafe impl Field for $ty {
            type Packed = packed::$scalar;
            type View<'a> = $ty;

            const TYPE: FieldType = FieldType::Scalar(Scalar::$scalar);

            #[inline]
            fn pack(self) -> packed::$scalar {
                packed::$scalar::new(self)
            }

            #[inline]
            fn unpack(packed: &packed::$scalar) -> $ty {
                packed.get()
            }

            #[inline]
            fn view(packed: &packed::$scalar) -> $ty {
                packed.get()
            }
        }
    )+};
}

wrapped_fields!(
    u16: U16, u32: U32, u64: U64, u128: U128,
    i16: I16, i32: I32, i64: I64, i128: I128,
    f32: F32, f64: F64,
    Entity: Entity, Option<Entity>: OptionalEntity,
);

macro_rules! native_fields {
    ($($ty:ty: $scalar:ident),+ $(,)?) => {$(
        // SAFETY: a little-endian target is required by the crate, so the memory of the value is the bytes of the
        // packed form; the assertion below holds the sizes together.
        unsafe impl NativeField for $ty {
            const ALIGN: usize = Scalar::$scalar.align();
        }

        const _: () = assert!(size_of::<$ty>() == Scalar::$scalar.size());
        const _: () = assert!(size_of::<<$ty as Field>::Packed>() == Scalar::$scalar.size());
        const _: () = assert!(align_of::<<$ty as Field>::Packed>() == 1);
        const _: () = assert!(align_of::<$ty>() <= Scalar::$scalar.align());
    )+};
}

native_fields!(
    u8: U8, u16: U16, u32: U32, u64: U64, u128: U128,
    i8: I8, i16: I16, i32: I32, i64: I64, i128: I128,
    f32: F32, f64: F64, bool: Bool,
    Entity: Entity, Option<Entity>: OptionalEntity,
);

macro_rules! numbers {
    ($($ty:ident),+) => {$( impl Number for $ty {} )+};
}

numbers!(u8, u16, u32, u64, u128, i8, i16, i32, i64, i128, f32, f64);

// SAFETY: an array of packed elements has alignment 1, no padding, and the bytes of `N` elements one after the other,
// which is what `FieldType::Array` says; each element inherits its valid bits.
unsafe impl<F: Field, const N: usize> Field for [F; N] {
    type Packed = [F::Packed; N];
    type View<'a> = &'a [F::Packed; N];

    const TYPE: FieldType = FieldType::Array {
        element: TypeRef::Static(const { &F::TYPE }),
        len: {
            assert!(N <= u32::MAX as usize, "an array in a component has at most 2^32 - 1 elements");
            N as u32
        },
    };

    #[inline]
    fn pack(self) -> Self::Packed {
        self.map(F::pack)
    }

    #[inline]
    fn unpack(packed: &Self::Packed) -> Self {
        core::array::from_fn(|index| F::unpack(&packed[index]))
    }

    #[inline]
    fn view(packed: &Self::Packed) -> Self::View<'_> {
        packed
    }
}

// SAFETY: an array of native elements is their memory one after the other.
unsafe impl<F: NativeField, const N: usize> NativeField for [F; N] {
    const ALIGN: usize = F::ALIGN;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bytes::bytes_of;

    fn same_bytes<F: NativeField + Copy>(value: F) {
        let packed = value.pack();
        assert_eq!(bytes_of(&value), bytes_of(&packed));
        assert_eq!(bytes_of(&F::unpack(&packed)), bytes_of(&value));
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
        same_bytes(Entity::from_bits(9 | 4 << 32).unwrap());
        same_bytes(None::<Entity>);
        same_bytes([[1u16, 2, 3], [4, 5, 6]]);
        same_bytes([0u64; 0]);
    }

    #[test]
    fn arrays_describe_themselves() {
        assert_eq!(<[[u16; 3]; 2]>::TYPE.to_string(), "[[u16; 3]; 2]");
        assert_eq!(<[Option<Entity>; 4]>::TYPE.to_string(), "[entity?; 4]");
        assert_eq!(<[u8; 5] as Field>::view(&[1, 2, 3, 4, 5]), &[1, 2, 3, 4, 5]);
    }
}
