//! What the compiler finds out about types in constants, where the methods of `Cow` cannot be called.
//!
//! Owns reading types that are constants themselves. Must never be called with types that were made at run time.

use std::borrow::Cow;

use crate::schema::{FieldType, Member, TypeRef};

/// As [`FieldType::has_heap`], of a type that is a constant.
pub const fn type_has_heap(field_type: &FieldType) -> bool {
    match field_type {
        FieldType::Scalar(_) | FieldType::Reference { .. } | FieldType::FixedText { .. } => false,
        FieldType::Array { element: inner, .. } | FieldType::Optional(inner) => type_has_heap(constant(inner)),
        FieldType::Struct(of) => members_have_heap(slice(&of.fields)),
        FieldType::Enum(of) => {
            let variants = slice(&of.variants);
            let mut index = 0;
            while index < variants.len() {
                if members_have_heap(slice(&variants[index].fields)) {
                    return true;
                }
                index += 1;
            }
            false
        }
        FieldType::Text | FieldType::List(_) => true,
    }
}

const fn members_have_heap(members: &[Member]) -> bool {
    let mut index = 0;
    while index < members.len() {
        if type_has_heap(&members[index].field_type) {
            return true;
        }
        index += 1;
    }
    false
}

/// The type inside another one, which is a constant like it.
pub const fn constant(of: &TypeRef) -> &FieldType {
    match of {
        TypeRef::Static(of) => of,
        TypeRef::Shared(_) => panic!("the types of a derive are constants"),
    }
}

/// The elements of a list, at compile time too.
#[expect(clippy::ptr_arg, reason = "the `Deref` of a `Cow` is not const")]
pub const fn slice<'a, T: Clone>(of: &'a Cow<'static, [T]>) -> &'a [T]
where
    [T]: ToOwned<Owned = Vec<T>>,
{
    match of {
        Cow::Borrowed(elements) => elements,
        Cow::Owned(elements) => elements.as_slice(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Field;

    #[test]
    fn constants_know_what_has_a_heap() {
        const NO: [bool; 2] = [<[Option<crate::Entity>; 3]>::USES_HEAP, <(u8, crate::FixedStr<4>)>::USES_HEAP];
        const YES: [bool; 3] =
            [<Option<String>>::USES_HEAP, <[(u8, Vec<u8>); 2]>::USES_HEAP, <std::ops::Range<String>>::USES_HEAP];
        assert_eq!((NO, YES), ([false; 2], [true; 3]));
    }
}
