//! Which types can be keys of an index.
//!
//! The rules are needed twice: by the compiler, for components, where nothing is known but constants; and for schemas that
//! were loaded. One text makes both functions.

use super::{FieldType, Member, Scalar, TypeRef};
use crate::component::{constant, slice};

const FLOAT: &str =
    "a float has no order that an index could keep (`NaN`): ask for the order of its bits with `total_order`";
const LIST_INSIDE: &str = "a list is a key by its elements, which must be no lists, and only as a field of its own";
const DATA: &str = "an enum with data has no order: take a field that says which variant it is";
const NOT_A_PLACE: &str = "a place is made of numbers: floats, or integers of up to 64 bits";
pub(crate) const LIST_WITH_OTHERS: &str = "a list is a key by its elements: it needs an index of its own";

macro_rules! key_rules {
    ($fault:ident, $members:ident, [$($constness:ident)?], $inner:path, $slice:path) => {
        /// Why a type cannot be a key by its order or its equality, if it cannot. A list can be one by its elements.
        pub(crate) $($constness)? fn $fault(of: &FieldType, total_order: bool, list_allowed: bool) -> Option<&'static str> {
            match of {
                FieldType::Scalar(Scalar::F32 | Scalar::F64) if !total_order => Some(FLOAT),
                FieldType::Scalar(_) | FieldType::Reference { .. } | FieldType::FixedText { .. } | FieldType::Text => None,
                FieldType::Optional(inner) | FieldType::Array { element: inner, .. } => {
                    $fault($inner(inner), total_order, false)
                }
                FieldType::List(inner) if list_allowed => $fault($inner(inner), total_order, false),
                FieldType::List(_) => Some(LIST_INSIDE),
                FieldType::Struct(of) => $members($slice(&of.fields), total_order),
                FieldType::Enum(of) => {
                    let variants = $slice(&of.variants);
                    let mut index = 0;
                    while index < variants.len() {
                        if !$slice(&variants[index].fields).is_empty() {
                            return Some(DATA);
                        }
                        index += 1;
                    }
                    None
                }
            }
        }

        $($constness)? fn $members(members: &[Member], total_order: bool) -> Option<&'static str> {
            let mut index = 0;
            while index < members.len() {
                if let Some(fault) = $fault(&members[index].field_type, total_order, false) {
                    return Some(fault);
                }
                index += 1;
            }
            None
        }
    };
}

fn loaded(of: &TypeRef) -> &FieldType {
    of
}

fn loaded_slice<T>(of: &[T]) -> &[T] {
    of
}

key_rules!(key_fault, members_fault, [], loaded, loaded_slice);
key_rules!(constant_key_fault, constant_members_fault, [const], constant, slice);

/// Why a type cannot be a coordinate, if it cannot.
pub(crate) const fn coordinate_fault(of: &FieldType) -> Option<&'static str> {
    match of {
        FieldType::Scalar(
            Scalar::F32
            | Scalar::F64
            | Scalar::U8
            | Scalar::U16
            | Scalar::U32
            | Scalar::U64
            | Scalar::I8
            | Scalar::I16
            | Scalar::I32
            | Scalar::I64,
        ) => None,
        _ => Some(NOT_A_PLACE),
    }
}
