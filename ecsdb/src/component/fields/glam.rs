//! The vectors, quaternions and matrices of the `glam` crate as fields: with the feature `glam`.
//!
//! A vector is a struct of its components, so `pos.x` is a column. A matrix is a struct of its columns as arrays.

use std::borrow::Cow;

use glam::{
    Affine2, Affine3A, BVec2, BVec3, BVec4, DAffine2, DAffine3, DMat2, DMat3, DMat4, DQuat, DVec2, DVec3, DVec4,
    I64Vec2, I64Vec3, I64Vec4, IVec2, IVec3, IVec4, Mat2, Mat3, Mat3A, Mat4, Quat, U64Vec2, U64Vec3, U64Vec4, UVec2,
    UVec3, UVec4, Vec2, Vec3, Vec3A, Vec4,
};

use crate::bytes::{Heap, HeapBuf, Row};
use crate::component::elsewhere::PartNamed;
use crate::component::packed::{Optional, Packed};
use crate::component::{Field, NativeField, part_name};
use crate::schema::{FieldType, Member, StructType};

/// The parts of `$ty`, under their names.
macro_rules! parts {
    ($ty:ident: $part:ty; $($name:ident)+) => {$(
        impl PartNamed<{ part_name(stringify!($name)) }> for $ty {
            type Type = $part;
        }
    )+};
}

/// Types that are `$count` times `$part`, under names, and go to and from an array of them.
macro_rules! fields {
    ($($ty:ident: [$part:ty; $count:literal] as $($name:ident)+, $element:ty, $to:expr, $from:expr);+ $(;)?) => {$(
        parts! { $ty: $part; $($name)+ }

        // SAFETY: the packed form of an array of the parts: alignment 1, one part after the other, which is what the type
        // says. The element is that array, or the value itself, whose memory it is (asserted for native ones below).
        unsafe impl Field for $ty {
            type Value = Self;
            type Packed = Packed<[$part; $count]>;
            type Optional = Optional<Self::Packed>;
            type Element = $element;
            type View<'a> = Self;
            type List<'a> = &'a [$element];

            const TYPE: FieldType = FieldType::Struct(StructType {
                name: Cow::Borrowed(stringify!($ty)),
                fields: Cow::Borrowed(const {
                    &[$(Member { name: Cow::Borrowed(stringify!($name)), field_type: <$part as Field>::TYPE }),+]
                }),
            });

            const COLUMNS: u16 = 1 + $count;

            #[inline]
            fn from_value(value: Self) -> Self {
                value
            }

            #[inline]
            fn pack(self, heap: &mut HeapBuf) -> Self::Packed {
                let to: fn($ty) -> [$part; $count] = $to;
                to(self).pack(heap)
            }

            #[inline]
            fn unpack(packed: &Self::Packed, heap: Heap<'_>) -> Self {
                let from: fn([$part; $count]) -> $ty = $from;
                from(<[$part; $count]>::unpack(packed, heap))
            }

            #[inline]
            fn view<'a>(packed: &'a Self::Packed, heap: Heap<'a>) -> Self {
                Self::unpack(packed, heap)
            }

            #[inline]
            fn list<'a>(elements: &'a [$element], _: Heap<'a>) -> &'a [$element] {
                elements
            }
        }
    )+};
}

/// Types whose memory is the array of their parts, on every target.
macro_rules! native_fields {
    ($($ty:ident: [$part:ty; $count:literal] as $($name:ident)+);+ $(;)?) => {
        fields! {$( $ty: [$part; $count] as $($name)+, $ty, |v| v.to_array(), $ty::from_array; )+}
        $(
            // SAFETY: `repr(C)` of numbers without padding (asserted below): no pointers, drop glue or interior mutability.
            unsafe impl Row for $ty {}

            // SAFETY: the numbers one after the other, on a little-endian target as they are packed.
            unsafe impl NativeField for $ty {
                const ALIGN: usize = <$part as NativeField>::ALIGN;
            }

            const _: () = assert!(size_of::<$ty>() == $count * size_of::<$part>());
            const _: () = assert!(align_of::<$ty>() <= <$part as NativeField>::ALIGN);
        )+
    };
}

native_fields! {
    Vec2: [f32; 2] as x y;
    Vec3: [f32; 3] as x y z;
    DVec2: [f64; 2] as x y;
    DVec3: [f64; 3] as x y z;
    IVec2: [i32; 2] as x y;
    IVec3: [i32; 3] as x y z;
    UVec2: [u32; 2] as x y;
    UVec3: [u32; 3] as x y z;
    I64Vec2: [i64; 2] as x y;
    I64Vec3: [i64; 3] as x y z;
    U64Vec2: [u64; 2] as x y;
    U64Vec3: [u64; 3] as x y z;
}

fields! {
    // Aligned more strictly than their numbers on some targets, or with padding: packed rows only.
    Vec3A: [f32; 3] as x y z, [f32; 3], |v| v.to_array(), Vec3A::from_array;
    Vec4: [f32; 4] as x y z w, [f32; 4], |v| v.to_array(), Vec4::from_array;
    DVec4: [f64; 4] as x y z w, [f64; 4], |v| v.to_array(), DVec4::from_array;
    IVec4: [i32; 4] as x y z w, [i32; 4], |v| v.to_array(), IVec4::from_array;
    UVec4: [u32; 4] as x y z w, [u32; 4], |v| v.to_array(), UVec4::from_array;
    I64Vec4: [i64; 4] as x y z w, [i64; 4], |v| v.to_array(), I64Vec4::from_array;
    U64Vec4: [u64; 4] as x y z w, [u64; 4], |v| v.to_array(), U64Vec4::from_array;
    Quat: [f32; 4] as x y z w, [f32; 4], |v| v.to_array(), Quat::from_array;
    DQuat: [f64; 4] as x y z w, [f64; 4], |v| v.to_array(), DQuat::from_array;
    BVec2: [bool; 2] as x y, [bool; 2], |v| v.into(), BVec2::from_array;
    BVec3: [bool; 3] as x y z, [bool; 3], |v| v.into(), BVec3::from_array;
    BVec4: [bool; 4] as x y z w, [bool; 4], |v| v.into(), BVec4::from_array;
    Mat2: [[f32; 2]; 2] as x_axis y_axis, [[f32; 2]; 2], |m| m.to_cols_array_2d(), |m| Mat2::from_cols_array_2d(&m);
    Mat3: [[f32; 3]; 3] as x_axis y_axis z_axis, [[f32; 3]; 3], |m| m.to_cols_array_2d(), |m| Mat3::from_cols_array_2d(&m);
    Mat3A: [[f32; 3]; 3] as x_axis y_axis z_axis, [[f32; 3]; 3], |m| m.to_cols_array_2d(), |m| Mat3A::from_cols_array_2d(&m);
    Mat4: [[f32; 4]; 4] as x_axis y_axis z_axis w_axis, [[f32; 4]; 4], |m| m.to_cols_array_2d(), |m| Mat4::from_cols_array_2d(&m);
    DMat2: [[f64; 2]; 2] as x_axis y_axis, [[f64; 2]; 2], |m| m.to_cols_array_2d(), |m| DMat2::from_cols_array_2d(&m);
    DMat3: [[f64; 3]; 3] as x_axis y_axis z_axis, [[f64; 3]; 3], |m| m.to_cols_array_2d(), |m| DMat3::from_cols_array_2d(&m);
    DMat4: [[f64; 4]; 4] as x_axis y_axis z_axis w_axis, [[f64; 4]; 4], |m| m.to_cols_array_2d(), |m| DMat4::from_cols_array_2d(&m);
    Affine2: [[f32; 2]; 3] as x_axis y_axis translation, [[f32; 2]; 3], |m| m.to_cols_array_2d(), |m| Affine2::from_cols_array_2d(&m);
    Affine3A: [[f32; 3]; 4] as x_axis y_axis z_axis translation, [[f32; 3]; 4], |m| m.to_cols_array_2d(), |m| Affine3A::from_cols_array_2d(&m);
    DAffine2: [[f64; 2]; 3] as x_axis y_axis translation, [[f64; 2]; 3], |m| m.to_cols_array_2d(), |m| DAffine2::from_cols_array_2d(&m);
    DAffine3: [[f64; 3]; 4] as x_axis y_axis z_axis translation, [[f64; 3]; 4], |m| m.to_cols_array_2d(), |m| DAffine3::from_cols_array_2d(&m);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn comes_back<F: Field + Copy + PartialEq + core::fmt::Debug>(value: F, bytes: usize) {
        let packed = value.pack(&mut HeapBuf::new());
        assert_eq!((F::unpack(&packed, Heap::EMPTY), F::TYPE.size()), (value, bytes));
        assert_eq!(F::TYPE.column_count(), usize::from(F::COLUMNS));
    }

    #[test]
    fn values_come_back() {
        comes_back(Vec2::new(1.0, -2.0), 8);
        comes_back(Vec3A::new(1.0, 2.0, 3.0), 12);
        comes_back(Quat::from_xyzw(0.0, 0.6, 0.0, 0.8), 16);
        comes_back(BVec3::new(true, false, true), 3);
        comes_back(Mat3::from_cols_array(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0]), 36);
        comes_back(Affine3A::from_translation(Vec3::X), 48);
        comes_back(DMat4::IDENTITY, 128);
        comes_back(U64Vec4::MAX, 32);
    }

    #[test]
    fn lists_of_vectors_are_read_as_vectors() {
        let mut heap = HeapBuf::new();
        let path = vec![Vec3::X, Vec3::Y].pack(&mut heap);
        assert_eq!(Vec::<Vec3>::view(&path, heap.as_heap()), [Vec3::X, Vec3::Y]);
        assert_eq!(Vec3::TYPE.to_string(), "struct Vec3 { x: f32, y: f32, z: f32 }");
    }
}
