//! Arrays, options, and what holds nothing, as fields.

use core::marker::PhantomData;
use std::borrow::Cow;

use crate::bytes::{Heap, HeapBuf, Row};
use crate::component::packed::{Optional, OptionalOf};
use crate::component::{Field, NativeField, NicheField};
use crate::schema::{FieldType, StructType, TypeRef};

// SAFETY: an array of packed elements has alignment 1, no padding, and the bytes of `N` elements one after the other,
// which is what `FieldType::Array` says; each element inherits its valid bits. The same goes for elements of lists.
unsafe impl<F: Field, const N: usize> Field for [F; N]
where
    [F::Packed; N]: bytemuck::Zeroable,
{
    type Value = Self;
    type Packed = [F::Packed; N];
    type Optional = Optional<Self::Packed>;
    type Element = [F::Element; N];
    type View<'a> = &'a [F::Packed; N];
    type List<'a> = &'a [[F::Element; N]];

    const TYPE: FieldType = FieldType::Array {
        element: TypeRef::Static(const { &F::TYPE }),
        len: {
            assert!(N <= u32::MAX as usize, "an array in a component has at most 2^32 - 1 elements");
            N as u32
        },
    };

    #[inline]
    fn from_value(value: Self) -> Self {
        value
    }

    #[inline]
    fn pack(self, heap: &mut HeapBuf) -> Self::Packed {
        self.map(|element| element.pack(heap))
    }

    #[inline]
    fn unpack(packed: &Self::Packed, heap: Heap<'_>) -> Self {
        core::array::from_fn(|index| F::unpack(&packed[index], heap))
    }

    #[inline]
    fn view<'a>(packed: &'a Self::Packed, _: Heap<'a>) -> Self::View<'a> {
        packed
    }

    #[inline]
    fn list<'a>(elements: &'a [Self::Element], _: Heap<'a>) -> Self::List<'a> {
        elements
    }
}

// SAFETY: an array of native elements is their memory one after the other.
unsafe impl<F: NativeField, const N: usize> NativeField for [F; N]
where
    [F::Packed; N]: bytemuck::Zeroable,
{
    const ALIGN: usize = F::ALIGN;
}

// SAFETY: the packed form is that of `FieldType::Optional`, as the contract of `Field::Optional` has it; it is aligned to 1
// like the packed form in it. An option has no niche of its own.
unsafe impl<F: Field> Field for Option<F> {
    type Value = Self;
    type Packed = F::Optional;
    type Optional = Optional<F::Optional>;
    type Element = F::Optional;
    type View<'a> = Option<F::View<'a>>;
    type List<'a> = &'a [F::Optional];

    const TYPE: FieldType = FieldType::Optional(TypeRef::Static(const { &F::TYPE }));

    #[inline]
    fn from_value(value: Self) -> Self {
        value
    }

    #[inline]
    fn pack(self, heap: &mut HeapBuf) -> F::Optional {
        match self {
            Some(value) => F::Optional::some(value.pack(heap)),
            None => F::Optional::none(),
        }
    }

    #[inline]
    fn unpack(packed: &F::Optional, heap: Heap<'_>) -> Self {
        packed.get().map(|packed| F::unpack(packed, heap))
    }

    #[inline]
    fn view<'a>(packed: &'a F::Optional, heap: Heap<'a>) -> Self::View<'a> {
        packed.get().map(|packed| F::view(packed, heap))
    }

    #[inline]
    fn list<'a>(elements: &'a [F::Optional], _: Heap<'a>) -> Self::List<'a> {
        elements
    }
}

// SAFETY: Rust promises that the option of such a type has its size and that `None` is all zero, says `NicheField`.
unsafe impl<F: NativeField + NicheField> NativeField for Option<F>
where
    Self: Row,
{
    const ALIGN: usize = F::ALIGN;
}

/// Fields that hold nothing.
macro_rules! empty_fields {
    ($([$($generics:tt)*] $ty:ty = $value:expr),+ $(,)?) => {$(
        // SAFETY: no bytes at all.
        unsafe impl<$($generics)*> Field for $ty {
            type Value = Self;
            type Packed = ();
            type Optional = Optional<()>;
            type Element = ();
            type View<'a> = Self;
            type List<'a> = &'a [()];

            const TYPE: FieldType =
                FieldType::Struct(StructType { name: Cow::Borrowed(""), fields: Cow::Borrowed(&[]) });

            #[inline]
            fn from_value(value: Self) -> Self {
                value
            }

            #[inline]
            fn pack(self, _: &mut HeapBuf) {}

            #[inline]
            fn unpack(_: &(), _: Heap<'_>) -> Self {
                $value
            }

            #[inline]
            fn view<'a>(_: &'a (), _: Heap<'a>) -> Self {
                $value
            }

            #[inline]
            fn list<'a>(elements: &'a [()], _: Heap<'a>) -> &'a [()] {
                elements
            }
        }
    )+};
}
empty_fields!([] () = (), [T: ?Sized + Send + Sync + 'static] PhantomData<T> = PhantomData);

// SAFETY: no bytes at all.
unsafe impl NativeField for () {
    const ALIGN: usize = 1;
}

// SAFETY: no bytes at all.
unsafe impl<T: ?Sized + Send + Sync + 'static> Row for PhantomData<T> {}

// SAFETY: no bytes at all.
unsafe impl<T: ?Sized + Send + Sync + 'static> NativeField for PhantomData<T> {
    const ALIGN: usize = 1;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compounds_describe_themselves() {
        assert_eq!(<[[u16; 3]; 2]>::TYPE.to_string(), "[[u16; 3]; 2]");
        assert_eq!(<[Option<crate::Entity>; 4]>::TYPE.to_string(), "[entity?; 4]");
        assert_eq!(<Option<Option<u8>>>::TYPE.to_string(), "u8??");
        assert_eq!(<[u8; 5] as Field>::view(&[1, 2, 3, 4, 5], Heap::EMPTY), &[1, 2, 3, 4, 5]);
        assert_eq!(<PhantomData<str>>::TYPE.size(), 0);
    }
}
