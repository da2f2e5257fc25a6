//! The check of bytes that come from outside, before anyone sees them as a row.

use thiserror::Error;

use super::{Scalar, TableSchema};

/// Bytes that are not a row of a table.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("table `{table}`: {kind}")]
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
        /// The field.
        field: String,
        /// Where the bad value starts in the row, in bytes.
        offset: usize,
        /// What the field holds.
        expected: &'static str,
        /// The bits that stand there.
        found: u64,
    },
}

impl TableSchema {
    /// Checks that `row` is the bytes of a row of this table: its length, and the bits of every `bool` and `Entity`.
    ///
    /// Cost: proportional to the number of such values, not to the size of the row.
    pub fn validate(&self, row: &[u8]) -> Result<(), InvalidRow> {
        let invalid = |kind| InvalidRow { table: self.name.to_string(), kind };
        if row.len() != self.size as usize {
            return Err(invalid(InvalidRowKind::Length { expected: self.size as usize, found: row.len() }));
        }
        for field in self.fields.iter() {
            let (scalar, count) = field.field_type.scalars();
            if !matches!(scalar, Scalar::Bool | Scalar::Entity) {
                continue;
            }
            let start = field.offset as usize;
            for (index, value) in row[start..].chunks_exact(scalar.size()).take(count).enumerate() {
                let bits = value.iter().rev().fold(0, |bits, byte| bits << 8 | u64::from(*byte));
                let bad = if scalar == Scalar::Bool { bits > 1 } else { bits == 0 };
                if bad {
                    return Err(invalid(InvalidRowKind::Value {
                        field: field.name.to_string(),
                        offset: start + index * scalar.size(),
                        expected: scalar.name(),
                        found: bits,
                    }));
                }
            }
        }
        Ok(())
    }
}
