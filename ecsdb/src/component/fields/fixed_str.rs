//! Short text that stands in the row itself.

use core::fmt;
use core::ops::Deref;
use core::str::FromStr;

use bytemuck::Zeroable;
use thiserror::Error;

use crate::bytes::{Heap, HeapBuf, Row};
use crate::component::packed::Optional;
use crate::component::{Field, NativeField, Ordered, TextField};
use crate::schema::FieldType;

/// Text of up to `N` bytes of UTF-8, stored in the row: no longer than it needs to be, without a heap.
///
/// What follows the text is zero, so it holds no zero byte itself, and equal texts have equal bytes.
///
/// ```
/// use ecsdb::FixedStr;
///
/// let name: FixedStr<8> = "Ann".parse()?;
/// assert_eq!(&*name, "Ann");
/// assert!("Bartholomew".parse::<FixedStr<8>>().is_err());
/// # Ok::<(), ecsdb::error::TooLong>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct FixedStr<const N: usize>(
    /// Invariant: UTF-8 up to the first zero, and zeros from there on.
    [u8; N],
);

/// A text that does not fit a [`FixedStr`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TooLong {
    /// It has too many bytes.
    #[error("a text of {found} bytes does not fit {most}")]
    Bytes {
        /// The most bytes.
        most: usize,
        /// Bytes of the text.
        found: usize,
    },
    /// It holds a zero byte, which would be its end.
    #[error("a text with a zero at byte {at} cannot be stored in a fixed number of bytes")]
    Zero {
        /// Where the zero stands.
        at: usize,
    },
}

/// Why a text cannot stand in `most` bytes, if it cannot.
pub(crate) fn why_not(text: &str, most: usize) -> Option<TooLong> {
    if let Some(at) = text.bytes().position(|byte| byte == 0) {
        return Some(TooLong::Zero { at });
    }
    (text.len() > most).then_some(TooLong::Bytes { most, found: text.len() })
}

impl<const N: usize> FixedStr<N> {
    /// The empty text.
    pub const EMPTY: Self = Self([0; N]);

    /// The text.
    ///
    /// # Errors
    /// If it has more than `N` bytes, or a zero byte.
    pub fn new(text: &str) -> Result<Self, TooLong> {
        if let Some(why) = why_not(text, N) {
            return Err(why);
        }
        let mut bytes = [0; N];
        bytes[..text.len()].copy_from_slice(text.as_bytes());
        Ok(Self(bytes))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        let len = self.0.iter().position(|byte| *byte == 0).unwrap_or(N);
        // SAFETY: the invariant of the field: what stands before the first zero is UTF-8.
        unsafe { core::str::from_utf8_unchecked(&self.0[..len]) }
    }
}

impl<const N: usize> Default for FixedStr<N> {
    fn default() -> Self {
        Self::EMPTY
    }
}

impl<const N: usize> Deref for FixedStr<N> {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl<const N: usize> FromStr for FixedStr<N> {
    type Err = TooLong;

    fn from_str(text: &str) -> Result<Self, TooLong> {
        Self::new(text)
    }
}

impl<const N: usize> TryFrom<&str> for FixedStr<N> {
    type Error = TooLong;

    fn try_from(text: &str) -> Result<Self, TooLong> {
        Self::new(text)
    }
}

impl<const N: usize> PartialEq<str> for FixedStr<N> {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl<const N: usize> PartialEq<&str> for FixedStr<N> {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl<const N: usize> fmt::Debug for FixedStr<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl<const N: usize> fmt::Display for FixedStr<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

// SAFETY: zeros are the empty text.
unsafe impl<const N: usize> Zeroable for FixedStr<N> {}

// SAFETY: transparent over an array of bytes.
unsafe impl<const N: usize> Row for FixedStr<N> {}

// SAFETY: its own packed form: `N` bytes of alignment 1, which `FieldType::FixedText` validates.
unsafe impl<const N: usize> Field for FixedStr<N> {
    type Value = Self;
    type Packed = Self;
    type Optional = Optional<Self>;
    type Element = Self;
    type View<'a> = &'a str;
    type List<'a> = &'a [Self];

    const TYPE: FieldType = {
        assert!(N <= u32::MAX as usize, "a `FixedStr` has at most 2^32 - 1 bytes");
        FieldType::FixedText { bytes: N as u32 }
    };

    #[inline]
    fn from_value(value: Self) -> Self {
        value
    }

    #[inline]
    fn pack(self, _: &mut HeapBuf) -> Self {
        self
    }

    #[inline]
    fn unpack(packed: &Self, _: Heap<'_>) -> Self {
        *packed
    }

    #[inline]
    fn view<'a>(packed: &'a Self, _: Heap<'a>) -> &'a str {
        packed.as_str()
    }

    #[inline]
    fn list<'a>(elements: &'a [Self], _: Heap<'a>) -> &'a [Self] {
        elements
    }
}

impl<const N: usize> Ordered for FixedStr<N> {}
impl<const N: usize> TextField for FixedStr<N> {}

// SAFETY: its own packed form.
unsafe impl<const N: usize> NativeField for FixedStr<N> {
    const ALIGN: usize = 1;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_fit_or_say_why_not() {
        assert_eq!(FixedStr::<3>::new("abc").unwrap(), "abc");
        assert_eq!(FixedStr::<3>::new("äb").unwrap().to_string(), "äb");
        assert_eq!(FixedStr::<3>::new("abcd"), Err(TooLong::Bytes { most: 3, found: 4 }));
        assert_eq!(FixedStr::<3>::new("a\0"), Err(TooLong::Zero { at: 1 }));
        assert!(FixedStr::<0>::EMPTY.is_empty());
    }
}
