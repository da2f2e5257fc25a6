//! What becomes of the rows of a table.

use super::conversion::{Conversion, ConvertError};
use crate::bytes::{HeapBuf, HeapPlace};
use crate::limits::HEAP_BYTES_MAX;
use crate::schema::{FieldSchema, TableSchema, Value};

/// What becomes of the rows of a table of the new schema.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct TablePlan {
    /// The number of the table in the old schema; `None` for a new one, which has no rows.
    pub from: Option<usize>,
    /// Where the fields come from, in the order of the new table. A new table has none.
    pub fields: Vec<Source>,
    /// Whether rows stay as they are, byte for byte, with their heaps.
    pub keeps_rows: bool,
}

/// Where the field of a new table comes from.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Source {
    /// From an old field.
    Kept {
        /// Its number in the old table.
        field: usize,
        /// What is done with its values.
        conversion: Conversion,
    },
    /// Old rows have no such field: they get this value.
    New(Fill),
    /// Nothing that is allowed: see [`Plan::refused`](super::Plan::refused).
    Refused {
        /// The old field that it should come from, if there is one.
        field: Option<usize>,
    },
}

/// What a new field holds in rows that there are.
#[derive(Clone, Debug, PartialEq)]
pub struct Fill(pub(super) Value);

impl Fill {
    /// The value.
    pub fn value(&self) -> &Value {
        &self.0
    }
}

impl Source {
    /// The number of the old field.
    pub fn field(&self) -> Option<usize> {
        match self {
            Self::Kept { field, .. } => Some(*field),
            Self::Refused { field } => *field,
            Self::New(_) => None,
        }
    }
}

impl TablePlan {
    pub(super) fn of_new_table() -> Self {
        Self { from: None, fields: Vec::new(), keeps_rows: true }
    }

    pub(super) fn new(from: usize, fields: Vec<Source>, old: &TableSchema, new: &TableSchema) -> Self {
        let stays = |(index, source): (usize, &Source)| match source {
            Source::Kept { field, conversion } => *field == index && conversion.keeps_bytes(),
            _ => false,
        };
        let keeps_rows = old.fields.len() == new.fields.len() && fields.iter().enumerate().all(stays);
        Self { from: Some(from), fields, keeps_rows }
    }

    /// Whether every field of `old`, the table that it is in the old schema, is there with the bytes that it has, and no other
    /// one: then rows differ in the order of fields at most.
    pub fn keeps_fields(&self, old: &TableSchema) -> bool {
        let stays = |source: &Source| matches!(source, Source::Kept { conversion, .. } if conversion.keeps_bytes());
        self.fields.len() == old.fields.len() && self.fields.iter().all(stays)
    }

    /// Appends the new row for an old one to `out`: its bytes, and behind them those of its heap, as
    /// [`TableSchema::encode_row`] has them. `row` is an old row with its heap behind it, which must have been
    /// [validated](TableSchema::validate); `old` and `new` are the tables that the plan was made of.
    ///
    /// # Errors
    /// If a field is refused, and if the strings and lists become too long together. Then `out` is as it was.
    ///
    /// # Panics
    /// If `row` is shorter than a row of `old`, or the tables are others.
    pub fn convert_row(
        &self,
        old: &TableSchema,
        new: &TableSchema,
        row: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), ConvertError> {
        if self.keeps_rows {
            out.extend_from_slice(row);
            return Ok(());
        }
        let start = out.len();
        let done = self.append(old, new, row, out);
        if done.is_err() {
            out.truncate(start);
        }
        done
    }

    fn append(&self, old: &TableSchema, new: &TableSchema, row: &[u8], out: &mut Vec<u8>) -> Result<(), ConvertError> {
        let (row, old_heap) = row.split_at(old.size as usize);
        let (start, mut heap) = (out.len(), HeapBuf::new());
        out.resize(start + new.size as usize, 0);
        for (field, source) in new.fields.iter().zip(&self.fields) {
            let at = start + field.offset as usize;
            let target = &mut out[at..at + field.field_type.size()];
            match source {
                Source::Kept { field: number, conversion } => {
                    let from = &old.fields[*number];
                    let bytes = &row[from.offset as usize..][..from.field_type.size()];
                    if conversion.keeps_bytes() && !from.field_type.has_heap() {
                        target.copy_from_slice(bytes);
                    } else {
                        let value = Value::decode(&from.field_type, bytes, old_heap);
                        conversion.apply(value)?.encode(&field.field_type, target, &mut heap)?;
                    }
                }
                Source::New(fill) => fill.value().encode(&field.field_type, target, &mut heap)?,
                Source::Refused { field: number } => return Err(refused(old, field, *number)),
            }
        }
        if new.has_heap() {
            if heap.bytes().len() > HEAP_BYTES_MAX {
                return Err(ConvertError::HeapTooLarge { most: HEAP_BYTES_MAX, found: heap.bytes().len() });
            }
            let at = out.len() - HeapPlace::BYTES;
            out[at..].copy_from_slice(&heap.place().to_bytes());
            out.extend_from_slice(heap.bytes());
        }
        Ok(())
    }
}

/// The error for a field that a plan refuses.
fn refused(old: &TableSchema, field: &FieldSchema, from: Option<usize>) -> ConvertError {
    let fault = from.map(|number| Conversion::between(&old.fields[number].field_type, &field.field_type));
    match fault {
        Some(Err(fault)) => fault.into(),
        _ => {
            let (table, field) = (old.name.to_string(), field.name.to_string());
            crate::schema::ValueError::MissingField { table, field }.into()
        }
    }
}
