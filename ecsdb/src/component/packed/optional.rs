//! Options as they stand in a packed row.

use core::fmt;

use bytemuck::Zeroable;

use crate::bytes::{Row, bytes_of};

/// How an `Option` of a type with the packed form `P` stands in a packed row.
///
/// # Safety
/// [`Niche`] and [`Optional`] implement it, nobody else does.
pub unsafe trait OptionalOf<P: Row>: Row + Copy + Zeroable + PartialEq {
    /// `None`: all bytes zero.
    fn none() -> Self;

    /// `Some`.
    fn some(packed: P) -> Self;

    /// What is there, if anything.
    fn get(&self) -> Option<&P>;
}

/// An `Option` of a type of which no value is all zero: as many bytes, all zero for `None`.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct Niche<P>(
    /// The value, or zeros.
    P,
);

// SAFETY: transparent over a type that may be zero.
unsafe impl<P: Zeroable> Zeroable for Niche<P> {}

// SAFETY: transparent over a row.
unsafe impl<P: Row> Row for Niche<P> {}

/// `None` or `Some` as the byte before says; for `None` the bytes of the value are zero.
///
/// The value follows its byte at once, so only a type that is aligned to 1 can be borrowed from it:
///
/// ```compile_fail
/// use ecsdb::component::packed::{Optional, OptionalOf};
///
/// let some = Optional::<u32>::some(7);
/// assert_eq!(some.get(), Some(&7));
/// ```
#[derive(Clone, Copy)]
#[repr(C, packed)]
pub struct Optional<P> {
    is_some: u8,
    /// The value, or zeros.
    value: P,
}

// SAFETY: a byte, and a type that may be zero.
unsafe impl<P: Zeroable> Zeroable for Optional<P> {}

// SAFETY: a byte and a row, packed, so there is no padding whatever the alignment of the row; the rest is inherited.
unsafe impl<P: Row> Row for Optional<P> {}

// SAFETY: it is one of the two.
unsafe impl<P: Row + Copy + Zeroable> OptionalOf<P> for Niche<P> {
    #[inline]
    fn none() -> Self {
        Self(P::zeroed())
    }

    #[inline]
    fn some(packed: P) -> Self {
        Self(packed)
    }

    #[inline]
    fn get(&self) -> Option<&P> {
        if bytes_of(&self.0).iter().all(|byte| *byte == 0) { None } else { Some(&self.0) }
    }
}

// SAFETY: it is one of the two.
unsafe impl<P: Row + Copy + Zeroable> OptionalOf<P> for Optional<P> {
    #[inline]
    fn none() -> Self {
        Self { is_some: 0, value: P::zeroed() }
    }

    #[inline]
    fn some(packed: P) -> Self {
        Self { is_some: 1, value: packed }
    }

    #[inline]
    fn get(&self) -> Option<&P> {
        const { assert!(align_of::<P>() == 1, "a packed form is aligned to 1") };
        if self.is_some == 0 {
            return None;
        }
        let value = &raw const self.value;
        // SAFETY: it points to a field of `self`, which is borrowed for as long, and any address is aligned for `P`, as asserted.
        Some(unsafe { &*value })
    }
}

impl<P: Row + Copy + Zeroable + fmt::Debug> fmt::Debug for Niche<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.get().fmt(f)
    }
}

impl<P: Row + Copy + Zeroable + fmt::Debug> fmt::Debug for Optional<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.get().fmt(f)
    }
}

/// Compares the bytes, so a stored `NaN` equals one with the same bits.
impl<P: Row> PartialEq for Niche<P> {
    fn eq(&self, other: &Self) -> bool {
        bytes_of(self) == bytes_of(other)
    }
}

/// Compares the bytes, so a stored `NaN` equals one with the same bits.
impl<P: Row> PartialEq for Optional<P> {
    fn eq(&self, other: &Self) -> bool {
        bytes_of(self) == bytes_of(other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_option_has_no_padding_whatever_it_holds() {
        assert_eq!((size_of::<Optional<u32>>(), align_of::<Optional<u32>>()), (5, 1));
        let (none, some) = (<Optional<u32> as OptionalOf<u32>>::none(), Optional::some(0_u32));
        assert_eq!((bytes_of(&none), bytes_of(&some)), (&[0; 5][..], &[1, 0, 0, 0, 0][..]));
        assert!(none == none && none != some, "all bytes are compared");
        assert_eq!((bytes_of(&Niche::<Optional<u32>>::none())), [0; 5]);
    }
}
