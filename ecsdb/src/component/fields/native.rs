//! Values of native types in lists.

use crate::bytes::Row;
use crate::component::NativeField;

/// A value whose own memory is its stored form, as an element of a list.
///
/// The type itself need not be a [`Row`]: only a component is one, and a type can be both.
#[repr(transparent)]
pub struct Native<T>(T);

debug_as!([T] Native<T>);

// SAFETY: transparent over a type that keeps the contract of a row, says `NativeField`.
unsafe impl<T: NativeField> Row for Native<T> {}

impl<T: NativeField> Native<T> {
    /// The values in a list.
    #[inline]
    pub fn values(elements: &[Self]) -> &[T] {
        // SAFETY: transparent, so as many values of the same size lie there, for as long.
        unsafe { core::slice::from_raw_parts(elements.as_ptr().cast::<T>(), elements.len()) }
    }
}
