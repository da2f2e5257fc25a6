//! The check of bytes that come from outside, before anyone sees them as a row.

use thiserror::Error;

use super::{EnumType, FieldType, Member, TableSchema};
use crate::bytes::{HeapPlace, Slot};
use crate::limits::HEAP_BYTES_MAX;

/// Bytes that are not a row of a table.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("table `{table}`: {kind}")]
#[non_exhaustive]
pub struct InvalidRow {
    /// The table.
    pub table: String,
    /// What is wrong.
    pub kind: InvalidRowKind,
}

/// What is wrong with the bytes of a row.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum InvalidRowKind {
    /// The row is too short or too long.
    #[error("a row has {expected} bytes, found {found}")]
    Length {
        /// Bytes of a row.
        expected: usize,
        /// Bytes given.
        found: usize,
    },
    /// The bytes of a field are no value of its type.
    #[error("field `{field}` at byte {offset} is no `{expected}`: found {found}")]
    Value {
        /// The field, with the way to the value inside of it.
        field: String,
        /// Where the bad value starts: in the row, in bytes, or for what stands in a list, in the row's heap.
        offset: usize,
        /// What stands there.
        expected: String,
        /// The bytes that stand there, in hexadecimal.
        found: String,
    },
    /// A string or a list does not lie in the heap of the row.
    #[error(
        "field `{field}` at byte {offset}: a `{expected}` at {start}, {len} long, does not lie in a heap of {heap} bytes"
    )]
    Slot {
        /// The field, with the way to the value inside of it.
        field: String,
        /// Where the value stands, as for [`Self::Value`].
        offset: usize,
        /// What stands there.
        expected: String,
        /// Where it should begin.
        start: usize,
        /// How many bytes or elements it should have.
        len: usize,
        /// Bytes of the heap.
        heap: usize,
    },
    /// The strings and lists of the row are too long.
    #[error("the strings and lists of a row take at most {HEAP_BYTES_MAX} bytes, found {found}")]
    HeapTooLarge {
        /// Bytes of the heap.
        found: usize,
    },
}

impl TableSchema {
    /// Whether rows have strings or lists: then each ends with a [`HeapPlace`].
    pub fn has_heap(&self) -> bool {
        self.fields.iter().any(|field| field.field_type.has_heap())
    }

    /// Whether there are bytes of the right length that are no row.
    pub(crate) fn is_checked(&self) -> bool {
        self.fields.iter().any(|field| is_checked(&field.field_type))
    }

    /// Checks that `row` is the bytes of a row of this table, and behind them those of its heap if the table has strings or
    /// lists: their length, and every value of which there are bytes that are none.
    ///
    /// Cost: proportional to the number of such values, not to the size of the row.
    ///
    /// # Errors
    /// If it is not; the error names the field.
    pub fn validate(&self, row: &[u8]) -> Result<(), InvalidRow> {
        let size = self.size as usize;
        let Some((row, heap)) = row.split_at_checked(size) else {
            return Err(self.invalid(InvalidRowKind::Length { expected: size, found: row.len() }));
        };
        self.validate_parts(row, heap)
    }

    /// As [`Self::validate`], of a row and its heap.
    pub(crate) fn validate_parts(&self, row: &[u8], heap: &[u8]) -> Result<(), InvalidRow> {
        let expected = if self.has_heap() { HeapPlace::read(&row[row.len() - HeapPlace::BYTES..]).len() } else { 0 };
        if expected > HEAP_BYTES_MAX {
            return Err(self.invalid(InvalidRowKind::HeapTooLarge { found: expected }));
        }
        if heap.len() != expected {
            let (expected, found) = (row.len() + expected, row.len() + heap.len());
            return Err(self.invalid(InvalidRowKind::Length { expected, found }));
        }
        for field in self.fields.iter() {
            let walk = Walk { heap, offset: field.offset as usize };
            walk.value(&field.field_type, &row[field.offset as usize..], &field.name)
                .map_err(|kind| self.invalid(*kind))?;
        }
        Ok(())
    }

    /// As [`Self::validate`], of the fields that have no strings and lists.
    pub(crate) fn validate_fixed(&self, row: &[u8]) -> Result<(), InvalidRow> {
        for field in self.fields.iter().filter(|field| !field.field_type.has_heap()) {
            let walk = Walk { heap: &[], offset: field.offset as usize };
            walk.value(&field.field_type, &row[field.offset as usize..], &field.name)
                .map_err(|kind| self.invalid(*kind))?;
        }
        Ok(())
    }

    /// Checks that a heap is no longer than a row may have.
    pub(crate) fn check_heap(&self, heap: &[u8]) -> Result<(), InvalidRow> {
        let found = heap.len();
        if found <= HEAP_BYTES_MAX { Ok(()) } else { Err(self.invalid(InvalidRowKind::HeapTooLarge { found })) }
    }

    fn invalid(&self, kind: InvalidRowKind) -> InvalidRow {
        InvalidRow { table: self.name.to_string(), kind }
    }
}

/// Whether there are bytes that are no value of the type.
fn is_checked(field_type: &FieldType) -> bool {
    match field_type {
        FieldType::Scalar(scalar) => scalar.is_checked(),
        FieldType::Array { element, .. } => is_checked(element),
        FieldType::Struct(of) => of.fields.iter().any(|member| is_checked(&member.field_type)),
        _ => true,
    }
}

type Checked = Result<(), Box<InvalidRowKind>>;

/// Where a value stands.
#[derive(Clone, Copy)]
struct Walk<'h> {
    heap: &'h [u8],
    offset: usize,
}

impl<'h> Walk<'h> {
    fn at(self, offset: usize) -> Self {
        Self { offset: self.offset + offset, ..self }
    }

    fn wrong(self, expected: &FieldType, bytes: &[u8], name: &str) -> Checked {
        /// How many bytes a message shows.
        const SHOWN: usize = 16;
        let found: String = bytes.iter().take(SHOWN).map(|byte| format!("{byte:02x}")).collect();
        let found = found + if bytes.len() > SHOWN { ".." } else { "" };
        let found = format!("0x{found}");
        Err(InvalidRowKind::Value {
            field: name.to_owned(),
            offset: self.offset,
            expected: expected.to_string(),
            found,
        }
        .into())
    }

    /// Checks the value that `bytes` begin with.
    fn value(self, field_type: &FieldType, bytes: &[u8], name: &str) -> Checked {
        if !is_checked(field_type) {
            return Ok(());
        }
        let bytes = &bytes[..field_type.size()];
        match field_type {
            FieldType::Scalar(scalar) if scalar.is_valid(bytes) => Ok(()),
            FieldType::Reference { .. } if bytes.iter().any(|byte| *byte != 0) => Ok(()),
            FieldType::Scalar(_) | FieldType::Reference { .. } => self.wrong(field_type, bytes, name),
            FieldType::Array { element, len } => self.elements(element, *len as usize, bytes, name),
            FieldType::Optional(inner) if inner.has_niche() => {
                if bytes.iter().all(|byte| *byte == 0) {
                    Ok(())
                } else {
                    self.value(inner, bytes, name)
                }
            }
            FieldType::Optional(inner) => match bytes[0] {
                0 if bytes.iter().all(|byte| *byte == 0) => Ok(()),
                1 => self.at(1).value(inner, &bytes[1..], name),
                _ => self.wrong(field_type, bytes, name),
            },
            FieldType::Struct(of) => self.members(&of.fields, bytes, name).map(drop),
            FieldType::Enum(of) => self.variant(field_type, of, bytes, name),
            FieldType::FixedText { .. } => {
                let len = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
                let is_filled = bytes[len..].iter().all(|byte| *byte == 0);
                if is_filled && core::str::from_utf8(&bytes[..len]).is_ok() {
                    Ok(())
                } else {
                    self.wrong(field_type, bytes, name)
                }
            }
            FieldType::Text => {
                let (_, text) = self.slot(field_type, 1, 1, bytes, name)?;
                if core::str::from_utf8(text).is_ok() { Ok(()) } else { self.wrong(field_type, text, name) }
            }
            FieldType::List(element) => {
                let (len, elements) = self.slot(field_type, element.size(), element.align(), bytes, name)?;
                Walk { offset: Slot::read(bytes).start(), ..self }.elements(element, len, elements, name)
            }
        }
    }

    fn elements(self, element: &FieldType, len: usize, bytes: &[u8], name: &str) -> Checked {
        if !is_checked(element) {
            return Ok(());
        }
        let size = element.size();
        (0..len).try_for_each(|index| self.at(index * size).value(element, &bytes[index * size..], name))
    }

    /// Checks the members, and says where they end.
    fn members(self, members: &[Member], bytes: &[u8], name: &str) -> Result<usize, Box<InvalidRowKind>> {
        let mut at = 0;
        for member in members {
            let path = |kind: Box<InvalidRowKind>| Box::new(inside(*kind, name, &member.name));
            self.at(at).value(&member.field_type, &bytes[at..], "").map_err(path)?;
            at += member.field_type.size();
        }
        Ok(at)
    }

    fn variant(self, field_type: &FieldType, of: &EnumType, bytes: &[u8], name: &str) -> Checked {
        let Some(variant) = of.tagged(of.tag_of(bytes)) else { return self.wrong(field_type, bytes, name) };
        let at = of.payload_at();
        let end = at + self.at(at).members(&variant.fields, &bytes[at..], name)?;
        if bytes[end..].iter().all(|byte| *byte == 0) { Ok(()) } else { self.wrong(field_type, bytes, name) }
    }

    /// The number of elements of `size` bytes that the slot in `bytes` stands for, and their bytes.
    fn slot(
        self,
        field_type: &FieldType,
        size: usize,
        align: usize,
        bytes: &[u8],
        name: &str,
    ) -> Result<(usize, &'h [u8]), Box<InvalidRowKind>> {
        let slot = Slot::read(bytes);
        let (start, len) = (slot.start(), slot.len());
        let found = size.checked_mul(len).and_then(|bytes| self.heap.get(start..start.checked_add(bytes)?));
        match found {
            // Elements without bytes could be more than anyone has time for.
            Some(found) if start.is_multiple_of(align) && (len > 0 || start == 0) && len <= HEAP_BYTES_MAX => {
                Ok((len, found))
            }
            _ => Err(InvalidRowKind::Slot {
                field: name.to_owned(),
                offset: self.offset,
                expected: field_type.to_string(),
                start,
                len,
                heap: self.heap.len(),
            }
            .into()),
        }
    }
}

/// The error with the names on the way to the value: `name.member.inner`.
fn inside(kind: InvalidRowKind, name: &str, member: &str) -> InvalidRowKind {
    let path = |inner: String| {
        let parts = [name, member, &inner];
        parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(".")
    };
    match kind {
        InvalidRowKind::Value { field, offset, expected, found } => {
            InvalidRowKind::Value { field: path(field), offset, expected, found }
        }
        InvalidRowKind::Slot { field, offset, expected, start, len, heap } => {
            InvalidRowKind::Slot { field: path(field), offset, expected, start, len, heap }
        }
        other => other,
    }
}
