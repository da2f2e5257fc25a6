//! What rows are ordered by: a number for each value whose order is that of the values.
//!
//! Owns the order of `order_by`, `min`, `max` and of groups: nothing comes before something; floats are ordered by their
//! bits, as indexes order them: -NaN, -inf, ..., -0, 0, ..., inf, NaN; entities by slot, then generation; variants of an
//! enum as they are listed.

use core::cmp::Ordering;

use super::condition::Form;
use crate::bytes::{RowBytes, Slot};
use crate::schema::{FieldType, Scalar, TypeRef, array};
use crate::storage::{Table, Version};

/// The order of a value, as far as a number says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SortKey {
    /// Whether there is a value.
    pub is_some: bool,
    /// The value.
    pub bits: u128,
}

impl SortKey {
    /// That of an empty option, and of an entity that has no such component.
    pub const NONE: Self = Self { is_some: false, bits: 0 };

    /// The key with the order turned round.
    pub const fn reversed(self) -> Self {
        Self { is_some: !self.is_some, bits: !self.bits }
    }
}

/// A column to be ordered by.
#[derive(Clone, Debug)]
pub struct SortColumn {
    /// The table, by its number.
    pub table: u16,
    /// Where it starts in the row.
    pub offset: u32,
    /// What it holds.
    pub field_type: TypeRef,
    kind: Kind,
}

/// How a value makes a number.
#[derive(Clone, Debug)]
enum Kind {
    Number(Form),
    Entity,
    /// Tags of so many bytes, in the order of their variants.
    Tag(u32, Vec<u32>),
    FixedText,
    Text,
}

impl SortColumn {
    /// The column; `None` if its values have no order.
    pub fn new(table: u16, offset: u32, field_type: TypeRef) -> Option<Self> {
        let of = match &*field_type {
            FieldType::Optional(inner) => inner,
            field_type => field_type,
        };
        let kind = match of {
            FieldType::Scalar(Scalar::Entity) | FieldType::Reference { .. } => Kind::Entity,
            FieldType::Enum(of) if of.payload_bytes() == 0 => {
                Kind::Tag(u32::from(of.tag_bytes), of.variants.iter().map(|variant| variant.tag).collect())
            }
            FieldType::FixedText { .. } => Kind::FixedText,
            FieldType::Text => Kind::Text,
            field_type => Kind::Number(Form::of(field_type)?),
        };
        Some(Self { table, offset, field_type, kind })
    }

    /// The same column of the table with this number.
    pub fn of_table(self, table: u16) -> Self {
        Self { table, ..self }
    }

    /// Whether rows with the same key may differ.
    pub fn is_cut(&self) -> bool {
        matches!(self.kind, Kind::FixedText | Kind::Text)
    }

    /// Whether the heap of the row is looked at.
    pub fn needs_heap(&self) -> bool {
        matches!(self.kind, Kind::Text)
    }

    /// Whether it is a float that is not a number.
    pub fn is_not_a_number(&self, row: &[u8]) -> bool {
        match (&self.kind, self.value(row)) {
            (Kind::Number(Form::Float32), Some(value)) => f32::from_le_bytes(array(value)).is_nan(),
            (Kind::Number(Form::Float64), Some(value)) => f64::from_le_bytes(array(value)).is_nan(),
            _ => false,
        }
    }

    /// The bytes of the value in a row, if there is a value.
    fn value<'r>(&self, row: &'r [u8]) -> Option<&'r [u8]> {
        let bytes = &row[self.offset as usize..][..self.field_type.size()];
        match &*self.field_type {
            FieldType::Optional(inner) => {
                let is_some = bytes.iter().any(|byte| *byte != 0);
                is_some.then(|| &bytes[usize::from(!inner.has_niche())..])
            }
            _ => Some(bytes),
        }
    }

    fn text<'r>(&self, row: RowBytes<'r>) -> Option<&'r [u8]> {
        let value = self.value(row.row)?;
        if let Kind::Text = self.kind {
            let slot = Slot::read(value);
            return row.heap.get(slot.start()..slot.start() + slot.len());
        }
        // What follows the text is zero, so that the bytes have the order of the texts.
        Some(value)
    }

    /// The key of a row.
    #[inline]
    pub fn key(&self, row: RowBytes<'_>) -> SortKey {
        let bits = match &self.kind {
            Kind::Text | Kind::FixedText => self.text(row).map(|text| {
                let mut first = [0; 16];
                let len = text.len().min(16);
                first[..len].copy_from_slice(&text[..len]);
                u128::from_be_bytes(first)
            }),
            Kind::Number(form) => self.value(row.row).map(|value| form.ordered(value)),
            Kind::Entity => self.value(row.row).map(|value| u64::from_le_bytes(array(value)).rotate_left(32).into()),
            Kind::Tag(bytes, tags) => self.value(row.row).map(|value| {
                let tag = Form::Integer { bytes: *bytes, signed: false }.ordered(value) as u32;
                tags.iter().position(|known| *known == tag).unwrap_or(tags.len()) as u128
            }),
        };
        bits.map_or(SortKey::NONE, |bits| SortKey { is_some: true, bits })
    }

    /// The table of the column in a version.
    pub fn table<'v>(&self, version: &'v Version) -> &'v Table {
        &version.tables[usize::from(self.table)]
    }

    /// The key of whatever stands in a slot.
    pub fn key_at(&self, version: &Version, slot: u32) -> SortKey {
        let table = self.table(version);
        let row = if self.needs_heap() { table.stored(slot) } else { table.row_bytes(slot).map(RowBytes::plain) };
        row.map_or(SortKey::NONE, |row| self.key(row))
    }

    /// The order of two slots that have the same key.
    pub fn rest(&self, table: &Table, one: u32, other: u32) -> Ordering {
        if !self.is_cut() {
            return Ordering::Equal;
        }
        let text = |slot| table.stored(slot).and_then(|row| self.text(row));
        text(one).cmp(&text(other))
    }
}
