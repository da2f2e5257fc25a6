//! The parts of schema constants, and what follows from types at compile time: numbers of columns, and heaps.
//!
//! Functions, so that the code of a derive is short: the compiler reads it anew for every component.

use std::borrow::Cow;

use crate::bytes::{HeapBuf, HeapPlace, Row};
use crate::schema::{
    Cardinality, DefaultValue, EnumType, FieldSchema, FieldType, Member, OnDelete, ReferenceSchema, StructType, Variant,
};

/// A field without a history.
pub const fn field(name: &'static str, doc: &'static str, field_type: FieldType, offset: u32) -> FieldSchema {
    evolved_field(name, doc, field_type, offset, "", None, 0, None)
}

/// A field.
#[expect(clippy::too_many_arguments, reason = "one for each field of the result, written by the derive")]
pub const fn evolved_field(
    name: &'static str,
    doc: &'static str,
    field_type: FieldType,
    offset: u32,
    renamed_from: &'static str,
    default: Option<DefaultValue>,
    since: u32,
    deprecated: Option<Cow<'static, str>>,
) -> FieldSchema {
    let reference = match field_type.static_referenced_table() {
        Some(table) => Some(reference(table, OnDelete::Restrict, Cardinality::Many)),
        None => None,
    };
    FieldSchema {
        name: Cow::Borrowed(name),
        doc: Cow::Borrowed(doc),
        field_type,
        offset,
        renamed_from: Cow::Borrowed(renamed_from),
        default,
        since,
        deprecated,
        reference,
        auto_increment: false,
    }
}

const fn reference(table: &'static str, on_delete: OnDelete, cardinality: Cardinality) -> ReferenceSchema {
    ReferenceSchema { table: Cow::Borrowed(table), on_delete, cardinality }
}

/// The field, which is a reference to the table that its type or `table` says.
pub const fn referring(
    mut field: FieldSchema,
    table: Option<&'static str>,
    on_delete: OnDelete,
    cardinality: Cardinality,
) -> FieldSchema {
    let table = match (table, field.field_type.static_referenced_table()) {
        (Some(table), _) | (None, Some(table)) => table,
        (None, None) => panic!("a field with `on_delete` or `cardinality` is a `Ref<T>`, or says what it `references`"),
    };
    // What a constant replaces is not dropped.
    core::mem::forget(field.reference.replace(reference(table, on_delete, cardinality)));
    field
}

/// The field, with values that are counted up.
pub const fn counted(mut field: FieldSchema) -> FieldSchema {
    field.auto_increment = true;
    field
}

/// A member of a struct or a variant.
pub const fn member(name: &'static str, field_type: FieldType) -> Member {
    Member { name: Cow::Borrowed(name), field_type }
}

/// The type of a struct.
pub const fn struct_type(name: &'static str, fields: &'static [Member]) -> FieldType {
    FieldType::Struct(StructType { name: Cow::Borrowed(name), fields: Cow::Borrowed(fields) })
}

/// The type of an enum.
pub const fn enum_type(name: &'static str, tag_bytes: u8, variants: &'static [Variant]) -> FieldType {
    FieldType::Enum(EnumType { name: Cow::Borrowed(name), tag_bytes, variants: Cow::Borrowed(variants) })
}

/// A variant without fields or a history.
pub const fn unit_variant(name: &'static str, tag: u32) -> Variant {
    variant(name, tag, "", &[])
}

/// A variant.
pub const fn variant(name: &'static str, tag: u32, renamed_from: &'static str, fields: &'static [Member]) -> Variant {
    Variant { name: Cow::Borrowed(name), tag, renamed_from: Cow::Borrowed(renamed_from), fields: Cow::Borrowed(fields) }
}

/// How many columns a struct makes whose fields make so many.
pub const fn columns(fields: &[u16]) -> u16 {
    let (mut sum, mut index) = (1_u16, 0);
    while index < fields.len() {
        sum = match sum.checked_add(fields[index]) {
            Some(sum) => sum,
            None => panic!("{}", TOO_MANY_COLUMNS),
        };
        index += 1;
    }
    sum
}

const TOO_MANY_COLUMNS: &str = "a component has at most 65535 columns, and parts of columns: split it";

/// Counts the columns of a table, or the parts of a struct.
#[derive(Debug)]
pub struct ColumnNumbers {
    next: u16,
}

impl ColumnNumbers {
    /// From the first column of a table.
    pub const fn of_table() -> Self {
        Self { next: 0 }
    }

    /// From the first part of a struct, which stands before its parts.
    pub const fn of_struct() -> Self {
        Self { next: 1 }
    }

    /// The number of a field that makes so many columns.
    pub const fn next(&mut self, columns: u16) -> u16 {
        let number = self.next;
        self.next = match number.checked_add(columns) {
            Some(next) => next,
            None => panic!("{}", TOO_MANY_COLUMNS),
        };
        number
    }
}

/// Bytes of the place of a heap in a row with fields that say so whether they have strings or lists.
pub const fn place_bytes(have_heap: &[bool]) -> usize {
    let mut index = 0;
    while index < have_heap.len() {
        if have_heap[index] {
            return HeapPlace::BYTES;
        }
        index += 1;
    }
    0
}

/// What a packed row ends with: the [`HeapPlace`] of its heap, or nothing, as `N` says.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct Place<const N: usize>([u8; N]);

debug_as!([const N: usize] Place<N>);

// SAFETY: transparent over an array of bytes: no padding, pointers, drop glue or interior mutability, alignment 1.
unsafe impl<const N: usize> Row for Place<N> {}

impl<const N: usize> Place<N> {
    /// The place of `heap`, before it has one in a page, if the row has one.
    #[inline]
    pub fn of(heap: &HeapBuf) -> Self {
        let mut place = [0; N];
        if N != 0 {
            place.copy_from_slice(&heap.place().to_bytes());
        }
        Self(place)
    }
}

/// A [`Place`] of nothing. The lifetime says nothing; it lets a bound be false.
#[diagnostic::on_unimplemented(
    message = "a row with strings or lists holds only where they are, and cannot be compared: compare what `view` gives",
    label = "needs its heap to be compared"
)]
pub trait WithoutHeap<'any> {}

impl WithoutHeap<'_> for Place<0> {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::component::Field;

    #[test]
    fn rows_with_strings_or_lists_end_with_a_place() {
        const BYTES: [usize; 3] = [
            place_bytes(&[u8::USES_HEAP, u32::USES_HEAP]),
            place_bytes(&[]),
            place_bytes(&[u8::USES_HEAP, String::USES_HEAP]),
        ];
        assert_eq!(BYTES, [0, 0, 8]);
    }

    #[test]
    fn columns_are_counted_in_depth() {
        let mut numbers = ColumnNumbers::of_table();
        assert_eq!([numbers.next(1), numbers.next(3), numbers.next(1)], [0, 1, 4]);
        assert_eq!(columns(&[1, 3, 1]), 6);
    }
}
