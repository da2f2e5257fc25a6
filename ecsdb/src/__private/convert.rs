//! From a value of a foreign type to the one that is stored, through options and collections of such.

/// The value in the option, converted.
#[inline]
pub fn convert_optional<A, B>(value: Option<A>, each: impl FnOnce(A) -> B) -> Option<B> {
    value.map(each)
}

/// The elements of a collection, each converted, as another collection: a map as a list of pairs, and back.
#[inline]
pub fn convert_all<A: IntoIterator, B, C: FromIterator<B>>(values: A, each: impl FnMut(A::Item) -> B) -> C {
    values.into_iter().map(each).collect()
}

/// The elements of an array, each converted.
#[inline]
pub fn convert_array<A, B, const N: usize>(values: [A; N], each: impl FnMut(A) -> B) -> [B; N] {
    values.map(each)
}
