//! The stored forms of scalars in packed rows: little-endian bytes of alignment 1.
//!
//! Owns the wrappers that generated row types are made of. They convert and compare, they never compute: take the
//! value out with `get`, and put it back with `new` or `From`.
//!
//! ```
//! use ecsdb::component::packed::U32;
//!
//! let stored = U32::new(7);
//! assert_eq!(stored.get(), 7);
//! assert_eq!((size_of::<U32>(), align_of::<U32>()), (4, 1));
//! ```

mod optional;

use core::cmp::Ordering;
use core::fmt;
use core::hash::{Hash, Hasher};

use bytemuck::Zeroable;

use super::Field;
use crate::bytes::Row;

pub use super::fields::{Enum, Native};
pub use crate::bytes::{Heap, HeapBuf, HeapPlace, Slot};
pub use optional::{Niche, Optional, OptionalOf};

/// The form in which a packed row stores a field of type `F`: `Packed<u32>` is [`U32`], `Packed<bool>` is `bool`.
pub type Packed<F> = <F as Field>::Packed;

/// What reading a field of type `F` gives: the value of a scalar, a borrowed array of [`Packed`] elements.
pub type View<'a, F> = <F as Field>::View<'a>;

macro_rules! packed_numbers {
    ($($name:ident: $ty:ident),+ $(,)?) => {$(
        #[doc = concat!("A `", stringify!($ty), "` as it stands in a packed row: little-endian, alignment 1.")]
        #[derive(Clone, Copy, Default, Zeroable)]
        #[repr(transparent)]
        pub struct $name([u8; size_of::<$ty>()]);

        impl $name {
            /// The stored form of `value`.
            #[inline]
            pub const fn new(value: $ty) -> Self {
                Self(value.to_le_bytes())
            }

            /// The value.
            #[inline]
            pub const fn get(self) -> $ty {
                <$ty>::from_le_bytes(self.0)
            }
        }

        // SAFETY: an array of bytes: no padding, pointers, drop glue or interior mutability, alignment 1.
        unsafe impl Row for $name {}

        impl From<$ty> for $name {
            #[inline]
            fn from(value: $ty) -> Self {
                Self::new(value)
            }
        }

        impl From<$name> for $ty {
            #[inline]
            fn from(stored: $name) -> Self {
                stored.get()
            }
        }

        /// Compares the values, so a stored `NaN` equals nothing.
        impl PartialEq for $name {
            #[inline]
            fn eq(&self, other: &Self) -> bool {
                self.get() == other.get()
            }
        }

        impl PartialEq<$ty> for $name {
            #[inline]
            fn eq(&self, other: &$ty) -> bool {
                self.get() == *other
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.get(), f)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.get(), f)
            }
        }
    )+};
}

packed_numbers!(
    U16: u16, U32: u32, U64: u64, U128: u128,
    I16: i16, I32: i32, I64: i64, I128: i128,
    F32: f32, F64: f64,
);

macro_rules! packed_integers {
    ($($name:ident),+ $(,)?) => {$(
        impl Eq for $name {}

        /// Compares the values, not the bytes.
        impl PartialOrd for $name {
            #[inline]
            fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
                Some(self.cmp(other))
            }
        }

        /// Compares the values, not the bytes.
        impl Ord for $name {
            #[inline]
            fn cmp(&self, other: &Self) -> Ordering {
                self.get().cmp(&other.get())
            }
        }

        impl Hash for $name {
            #[inline]
            fn hash<H: Hasher>(&self, state: &mut H) {
                self.get().hash(state);
            }
        }
    )+};
}

packed_integers!(U16, U32, U64, U128, I16, I32, I64, I128);

macro_rules! packed_floats {
    ($($name:ident),+ $(,)?) => {$(
        /// Compares the values; a stored `NaN` has no order.
        impl PartialOrd for $name {
            #[inline]
            fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
                self.get().partial_cmp(&other.get())
            }
        }
    )+};
}

packed_floats!(F32, F64);

/// An [`Entity`](crate::Entity) as it stands in a packed row: eight little-endian bytes that are not all zero.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Zeroable)]
#[repr(transparent)]
pub struct Entity(
    /// Invariant: not all zero. `new` keeps it, and bytes from outside are validated before they become a row.
    [u8; 8],
);

impl Entity {
    /// The stored form of `entity`.
    #[inline]
    pub const fn new(entity: crate::Entity) -> Self {
        Self(entity.to_bits().to_le_bytes())
    }

    /// The entity.
    #[inline]
    pub const fn get(self) -> crate::Entity {
        match crate::Entity::from_bits(u64::from_le_bytes(self.0)) {
            Some(entity) => entity,
            None => unreachable!(),
        }
    }
}

// SAFETY: an array of bytes: no padding, pointers, drop glue or interior mutability, alignment 1.
unsafe impl Row for Entity {}

impl From<crate::Entity> for Entity {
    #[inline]
    fn from(entity: crate::Entity) -> Self {
        Self::new(entity)
    }
}

impl From<Entity> for crate::Entity {
    #[inline]
    fn from(stored: Entity) -> Self {
        stored.get()
    }
}

impl PartialEq<crate::Entity> for Entity {
    #[inline]
    fn eq(&self, other: &crate::Entity) -> bool {
        self.get() == *other
    }
}

impl fmt::Debug for Entity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.get(), f)
    }
}

/// An `Option<Entity>` as it stands in a packed row: eight little-endian bytes, `None` is zero.
pub type OptionalEntity = Niche<Entity>;

/// A [`Duration`](core::time::Duration) as it stands in a packed row: eight bytes of seconds, four of nanoseconds.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Zeroable)]
#[repr(C)]
pub struct Duration {
    seconds: U64,
    /// Below 1,000,000,000.
    nanoseconds: U32,
}

impl Duration {
    /// The stored form of `duration`.
    #[inline]
    pub const fn new(duration: core::time::Duration) -> Self {
        Self { seconds: U64::new(duration.as_secs()), nanoseconds: U32::new(duration.subsec_nanos()) }
    }

    /// The duration.
    #[inline]
    pub fn get(self) -> core::time::Duration {
        // Never more than a second where the row is valid; a carry beyond all durations is cut off.
        let nanoseconds = core::time::Duration::from_nanos(self.nanoseconds.get().into());
        core::time::Duration::from_secs(self.seconds.get()).saturating_add(nanoseconds)
    }
}

// SAFETY: two rows of alignment 1, so there is no padding; the rest is inherited.
unsafe impl Row for Duration {}

impl fmt::Debug for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.get(), f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bytes::bytes_of;

    #[test]
    fn stored_numbers_are_little_endian_and_unaligned() {
        assert_eq!(U32::new(0x0102_0304).0, [4, 3, 2, 1]);
        assert_eq!(I128::new(-2).get(), -2);
        assert_eq!(F64::new(-0.5).0, (-0.5f64).to_bits().to_le_bytes());
        assert_eq!([align_of::<U16>(), align_of::<U128>(), align_of::<F64>(), align_of::<Entity>()], [1; 4]);
        assert_eq!(format!("{:?} {}", U16::new(3), F32::new(1.5)), "3 1.5");
    }

    #[test]
    fn stored_numbers_compare_as_numbers() {
        assert!(I16::new(-1) < I16::new(1), "not as unsigned bytes");
        assert!(U32::new(256) > U32::new(255), "not from the first byte");
        assert_eq!(F32::new(0.0), F32::new(-0.0));
        assert_ne!(F32::new(f32::NAN), F32::new(f32::NAN));
        assert_eq!(U64::new(5), 5);
    }

    #[test]
    fn stored_entities_keep_their_bits() {
        let entity = crate::Entity::from_bits(7 | 3 << 32).unwrap();
        assert_eq!(Entity::new(entity).0, entity.to_bits().to_le_bytes());
        assert_eq!(Entity::new(entity), entity);
        let some: OptionalEntity = OptionalOf::some(Entity::new(entity));
        assert_eq!(some.get().copied(), Some(Entity::new(entity)));
        let none: OptionalEntity = OptionalOf::none();
        assert_eq!((bytes_of(&none), none.get()), (&[0; 8][..], None));
    }
}
