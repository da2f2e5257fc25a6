//! `Debug` of generated types: by the schema, so that the user's types need no `Debug` of their own.

use core::fmt;

use crate::bytes::{Heap, Slot, bytes_of};
use crate::component::{Component, Field};
use crate::schema::{FieldType, Member, Value};

/// A row without its heap: of strings and lists it shows only how long they are.
pub fn show_row<T: Component>(f: &mut fmt::Formatter<'_>, name: &str, labels: &[&str], row: &T::Row) -> fmt::Result {
    show_fields::<T>(f, name, labels, bytes_of(row), None)
}

/// A row with its heap. An enum has no name here, and is shown as its value.
pub fn show_view<T: Component>(
    f: &mut fmt::Formatter<'_>,
    name: &str,
    labels: &[&str],
    row: &T::Row,
    heap: Heap<'_>,
) -> fmt::Result {
    show_fields::<T>(f, name, labels, bytes_of(row), Some(heap.bytes()))
}

/// The packed form of a value, without its heap.
pub fn show_packed<F: Field>(f: &mut fmt::Formatter<'_>, packed: &F::Packed) -> fmt::Result {
    fmt::Debug::fmt(&Shown { field_type: &F::TYPE, bytes: bytes_of(packed), heap: None }, f)
}

/// The packed form of a value, with its heap.
pub fn show_value<F: Field>(f: &mut fmt::Formatter<'_>, packed: &F::Packed, heap: Heap<'_>) -> fmt::Result {
    fmt::Debug::fmt(&Shown { field_type: &F::TYPE, bytes: bytes_of(packed), heap: Some(heap.bytes()) }, f)
}

fn show_fields<T: Component>(
    f: &mut fmt::Formatter<'_>,
    name: &str,
    labels: &[&str],
    row: &[u8],
    heap: Option<&[u8]>,
) -> fmt::Result {
    let shown = T::SCHEMA.fields.iter().map(|field| Shown {
        field_type: &field.field_type,
        bytes: &row[field.offset as usize..],
        heap,
    });
    if name.is_empty() {
        return shown.into_iter().try_for_each(|value| fmt::Debug::fmt(&value, f));
    }
    if labels.is_empty() {
        let mut tuple = f.debug_tuple(name);
        shown.for_each(|value| {
            tuple.field(&value);
        });
        return tuple.finish();
    }
    let mut fields = f.debug_struct(name);
    labels.iter().zip(shown).for_each(|(label, value)| {
        fields.field(label, &value);
    });
    fields.finish()
}

/// The value that `bytes` begin with, as Rust would show it.
struct Shown<'a> {
    field_type: &'a FieldType,
    bytes: &'a [u8],
    /// `None` where there is a row without its heap.
    heap: Option<&'a [u8]>,
}

impl<'a> Shown<'a> {
    /// Another value with the same heap.
    fn inner(&self, field_type: &'a FieldType, bytes: &'a [u8]) -> Self {
        Self { field_type, bytes, heap: self.heap }
    }

    fn elements(&self, f: &mut fmt::Formatter<'_>, element: &'a FieldType, len: usize, bytes: &'a [u8]) -> fmt::Result {
        let size = element.size();
        f.debug_list().entries((0..len).map(|index| self.inner(element, &bytes[index * size..]))).finish()
    }

    fn members(&self, f: &mut fmt::Formatter<'_>, name: &str, members: &'a [Member], bytes: &'a [u8]) -> fmt::Result {
        let mut rest = bytes;
        let shown = members.iter().map(|member| {
            let value = self.inner(&member.field_type, rest);
            rest = &rest[member.field_type.size()..];
            (&*member.name, value)
        });
        if members.is_empty() {
            return f.write_str(if name.is_empty() { "()" } else { name });
        }
        if members.iter().enumerate().all(|(index, member)| member.name == index.to_string()) {
            let mut tuple = f.debug_tuple(name);
            shown.for_each(|(_, value)| {
                tuple.field(&value);
            });
            return tuple.finish();
        }
        let mut fields = f.debug_struct(name);
        shown.for_each(|(name, value)| {
            fields.field(name, &value);
        });
        fields.finish()
    }
}

impl fmt::Debug for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { field_type, bytes, heap } = *self;
        match (field_type, heap) {
            (FieldType::Array { element, len }, _) => self.elements(f, element, *len as usize, bytes),
            (FieldType::Optional(inner), _) => {
                let size = field_type.size();
                if bytes[..size].iter().all(|byte| *byte == 0) {
                    return f.write_str("None");
                }
                let at = usize::from(!inner.has_niche());
                f.debug_tuple("Some").field(&self.inner(inner, &bytes[at..])).finish()
            }
            (FieldType::Struct(of), _) => self.members(f, &of.name, &of.fields, bytes),
            (FieldType::Enum(of), _) => match of.tagged(of.tag_of(bytes)) {
                Some(variant) => self.members(f, &variant.name, &variant.fields, &bytes[of.payload_at()..]),
                None => write!(f, "<no variant of `{}`>", of.name),
            },
            (FieldType::Text, None) => write!(f, "<{} bytes of text>", Slot::read(bytes).len()),
            (FieldType::List(_), None) => write!(f, "<a list of {}>", Slot::read(bytes).len()),
            (FieldType::List(element), Some(heap)) => {
                let slot = Slot::read(bytes);
                match heap.get(slot.start()..) {
                    Some(bytes) => self.elements(f, element, slot.len(), bytes),
                    None => f.write_str("<a list outside of its heap>"),
                }
            }
            (field_type, heap) => show_scalar(f, &Value::decode(field_type, bytes, heap.unwrap_or_default())),
        }
    }
}

/// A value that has no others in it.
fn show_scalar(f: &mut fmt::Formatter<'_>, value: &Value) -> fmt::Result {
    match value {
        Value::U8(value) => fmt::Debug::fmt(value, f),
        Value::U16(value) => fmt::Debug::fmt(value, f),
        Value::U32(value) => fmt::Debug::fmt(value, f),
        Value::U64(value) => fmt::Debug::fmt(value, f),
        Value::U128(value) => fmt::Debug::fmt(value, f),
        Value::I8(value) => fmt::Debug::fmt(value, f),
        Value::I16(value) => fmt::Debug::fmt(value, f),
        Value::I32(value) => fmt::Debug::fmt(value, f),
        Value::I64(value) => fmt::Debug::fmt(value, f),
        Value::I128(value) => fmt::Debug::fmt(value, f),
        Value::F32(value) => fmt::Debug::fmt(value, f),
        Value::F64(value) => fmt::Debug::fmt(value, f),
        Value::Bool(value) => fmt::Debug::fmt(value, f),
        Value::Char(value) => fmt::Debug::fmt(value, f),
        Value::Duration(value) => fmt::Debug::fmt(value, f),
        Value::Entity(value) => fmt::Debug::fmt(value, f),
        Value::Text(value) => fmt::Debug::fmt(value, f),
        other => fmt::Display::fmt(other, f),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bytes::HeapBuf;

    /// What Rust shows, and what is shown of the stored form.
    fn shows_as_rust<F: Field + fmt::Debug + Clone>(value: F) {
        struct Wrapped<'a, F: Field>(&'a F::Packed, Heap<'a>);
        impl<F: Field> fmt::Debug for Wrapped<'_, F> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                show_value::<F>(f, self.0, self.1)
            }
        }
        let mut heap = HeapBuf::new();
        let packed = value.clone().pack(&mut heap);
        let shown = Wrapped::<F>(&packed, heap.as_heap());
        assert_eq!(format!("{shown:?}"), format!("{value:?}"));
        assert_eq!(format!("{shown:#?}"), format!("{value:#?}"));
    }

    #[test]
    fn values_are_shown_as_rust_shows_them() {
        shows_as_rust(7_u32);
        shows_as_rust(-1.5_f64);
        shows_as_rust('x');
        shows_as_rust(true);
        shows_as_rust([1_u8, 2]);
        shows_as_rust((1_u8, "a\n".to_owned(), Some(2.0_f32)));
        shows_as_rust(None::<u8>);
        shows_as_rust(Some(crate::Entity::from_bits(3).unwrap()));
        shows_as_rust(vec![vec!["a".to_owned()], vec![]]);
        shows_as_rust(core::time::Duration::from_millis(1500));
        shows_as_rust(());
    }

    #[test]
    fn without_a_heap_texts_and_lists_are_only_counted() {
        struct Row(<(String, Vec<u8>) as Field>::Packed);
        impl fmt::Debug for Row {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                show_packed::<(String, Vec<u8>)>(f, &self.0)
            }
        }
        let row = Row(("abc".to_owned(), vec![1, 2]).pack(&mut HeapBuf::new()));
        assert_eq!(format!("{row:?}"), "(<3 bytes of text>, <a list of 2>)");
    }
}
