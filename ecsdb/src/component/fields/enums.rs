//! Enums as they stand in rows: a tag, the fields of the variant, and zeros.
//!
//! Owns the bytes; which fields a variant has, and in which order, is said by the code of a derive.

use core::fmt;
use core::marker::PhantomData;

use bytemuck::Zeroable;

use super::List;
use crate::bytes::{Heap, HeapBuf, Row, bytes_of};
use crate::component::Field;
use crate::component::packed::Optional;
use crate::schema::FieldType;

/// An enum `E` as it stands in a packed row: `N` bytes, of which the first are the tag and the next the fields of the
/// variant, one after the other without gaps; the rest is zero.
#[repr(transparent)]
pub struct Enum<E, const N: usize> {
    /// Invariant: zeros, or what a [`Packer`] has put there, or bytes that were validated for the type of `E`.
    bytes: [u8; N],
    of: PhantomData<fn() -> E>,
}

impl<E, const N: usize> Clone for Enum<E, N> {
    #[inline]
    fn clone(&self) -> Self {
        *self
    }
}

impl<E, const N: usize> Copy for Enum<E, N> {}

/// Compares the bytes, so a stored `NaN` equals one with the same bits, and texts and lists compare by their place.
impl<E, const N: usize> PartialEq for Enum<E, N> {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }
}

// SAFETY: bytes; zeros keep the invariant.
unsafe impl<E, const N: usize> Zeroable for Enum<E, N> {}

// SAFETY: transparent over an array of bytes: no padding, pointers, drop glue or interior mutability, alignment 1.
unsafe impl<E: 'static, const N: usize> Row for Enum<E, N> {}

impl<E: 'static, const N: usize> fmt::Debug for Enum<E, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.bytes, f)
    }
}

/// Bytes of an enum whose tag has `tag` bytes and whose variants with fields have fields of these sizes.
pub const fn enum_bytes(tag: usize, variants: &[&[usize]]) -> usize {
    let (mut largest, mut index) = (0, 0);
    while index < variants.len() {
        let (mut size, mut field) = (0, 0);
        while field < variants[index].len() {
            size += variants[index][field];
            field += 1;
        }
        if size > largest {
            largest = size;
        }
        index += 1;
    }
    tag + largest
}

/// Puts one variant together.
pub struct Packer<E, const N: usize> {
    packed: Enum<E, N>,
    /// Where the next field goes.
    at: usize,
}

debug_as!([E, const N: usize] Packer<E, N>);

impl<E, const N: usize> Packer<E, N> {
    /// The variant with this tag, which has `tag_bytes` bytes, before its fields.
    ///
    /// # Safety
    /// The fields that are [`put`](Self::put) there until it is finished must be all fields of the variant that the
    /// type of `E` has under this tag, in their order.
    #[inline]
    pub unsafe fn new(tag_bytes: usize, tag: u32) -> Self {
        let mut bytes = [0; N];
        bytes[..tag_bytes].copy_from_slice(&tag.to_le_bytes()[..tag_bytes]);
        Self { packed: Enum { bytes, of: PhantomData }, at: tag_bytes }
    }

    /// Puts the next field there.
    #[inline]
    pub fn put<P: Row>(&mut self, packed: P) {
        let bytes = bytes_of(&packed);
        self.packed.bytes[self.at..][..bytes.len()].copy_from_slice(bytes);
        self.at += bytes.len();
    }

    /// The stored form.
    #[inline]
    pub fn finish(self) -> Enum<E, N> {
        self.packed
    }
}

/// The tag of a stored enum, which has `tag_bytes` bytes.
#[inline]
pub fn tag<E, const N: usize>(packed: &Enum<E, N>, tag_bytes: usize) -> u32 {
    let mut tag = [0; 4];
    tag[..tag_bytes].copy_from_slice(&packed.bytes[..tag_bytes]);
    u32::from_le_bytes(tag)
}

/// The fields of a stored variant, one after the other.
#[derive(Debug)]
pub struct Payload<'a> {
    rest: &'a [u8],
}

impl<'a> Payload<'a> {
    /// The fields of the variant that `packed` holds, whose tag has `tag_bytes` bytes.
    #[inline]
    pub fn new<E, const N: usize>(packed: &'a Enum<E, N>, tag_bytes: usize) -> Self {
        Self { rest: &packed.bytes[tag_bytes..] }
    }

    /// The packed form of the next field.
    ///
    /// # Safety
    /// `P` must be the packed form of the next field of the variant whose tag the enum has.
    #[inline]
    pub unsafe fn next<P: Row + Copy + Zeroable>(&mut self) -> &'a P {
        const { assert!(align_of::<P>() == 1, "a packed form is aligned to 1") };
        let (bytes, rest) = self.rest.split_at(size_of::<P>());
        self.rest = rest;
        // SAFETY: as many bytes as the packed form has, which needs no alignment. By the invariant of `Enum` and the
        // promise of the caller they are such a form: put there as one, validated as one, or zeros, which are one since
        // every packed form is `Zeroable`.
        unsafe { &*bytes.as_ptr().cast::<P>() }
    }
}

/// What is left for a tag that no variant has. Rows are validated before anybody reads them, so nobody sees it.
///
/// # Panics
/// Always.
#[cold]
#[inline(never)]
pub fn no_variant(name: &str, tag: u32) -> ! {
    panic!("a stored `{name}` has the tag {tag}, which no variant has: the row was not validated")
}

/// An enum that is a component: how it is stored, said by the derive.
///
/// # Safety
/// As for [`Field`]: `Packed` has alignment 1 and as many bytes as `TYPE` says, and bytes that are valid for `TYPE` are a
/// value of it.
pub unsafe trait WholeValue: Sized + Send + Sync + 'static {
    /// The stored form.
    type Packed: Row + Copy + PartialEq + Zeroable;

    /// The type in the schema.
    const TYPE: FieldType;

    /// The stored form of the value.
    fn pack(self, heap: &mut HeapBuf) -> Self::Packed;

    /// The value of a stored form.
    fn unpack(packed: &Self::Packed, heap: Heap<'_>) -> Self;
}

/// The only column of a component that is an enum.
///
/// Such a component need not be a field type; its column takes its plain values all the same.
///
/// ```
/// use ecsdb::component::{Column, Whole};
/// use ecsdb::Component;
///
/// #[derive(Component)]
/// enum Door {
///     Open,
///     Locked { by: u32 },
/// }
///
/// let value: Column<Door, Whole<Door>> = Door::C.value;
/// let is_open = value.eq(Door::Open);
/// let lock = value.set(Door::Locked { by: 7 });
/// # let _ = (is_open, lock);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Whole<T>(pub T);

// SAFETY: in every way what the derive says of the enum. An enum has no niche.
unsafe impl<T: WholeValue> Field for Whole<T> {
    type Value = T;
    type Packed = T::Packed;
    type Optional = Optional<T::Packed>;
    type Element = T::Packed;
    type View<'a> = T;
    type List<'a> = List<'a, Self>;

    const TYPE: FieldType = T::TYPE;

    #[inline]
    fn from_value(value: T) -> Self {
        Self(value)
    }

    #[inline]
    fn pack(self, heap: &mut HeapBuf) -> T::Packed {
        self.0.pack(heap)
    }

    #[inline]
    fn unpack(packed: &T::Packed, heap: Heap<'_>) -> Self {
        Self(T::unpack(packed, heap))
    }

    #[inline]
    fn view<'a>(packed: &'a T::Packed, heap: Heap<'a>) -> T {
        T::unpack(packed, heap)
    }

    #[inline]
    fn list<'a>(elements: &'a [T::Packed], heap: Heap<'a>) -> List<'a, Self> {
        List::new(elements, heap)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::component::packed::{U16, U32};

    #[test]
    fn a_variant_is_its_tag_its_fields_and_zeros() {
        const BYTES: usize = enum_bytes(2, &[&[1], &[4, 2], &[]]);
        assert_eq!(BYTES, 8);
        let mut heap = HeapBuf::new();
        // SAFETY: nothing reads this as an enum, only field by field, below.
        let mut packer = unsafe { Packer::<(), BYTES>::new(2, 0x0102) };
        packer.put(7_u32.pack(&mut heap));
        let packed = packer.finish();
        assert_eq!(packed.bytes, [2, 1, 7, 0, 0, 0, 0, 0]);
        assert_eq!(tag(&packed, 2), 0x0102);
        let mut payload = Payload::new(&packed, 2);
        // SAFETY: a `u32` was put there.
        assert_eq!(unsafe { payload.next::<U32>() }.get(), 7);
        // SAFETY: zeros are a `u16`.
        assert_eq!(unsafe { payload.next::<U16>() }.get(), 0);
    }

    #[test]
    #[should_panic(expected = "`Ai` has the tag 9")]
    fn a_tag_of_no_variant_stops() {
        no_variant("Ai", 9);
    }
}
