//! Columns: the fields of a table, and the parts of those that are structs.
//!
//! They are numbered in the order in which they lie in the row, a struct before its parts: `pos`, `pos.x`, `pos.y`, `hp`.

use super::{FieldSchema, FieldType, Member, TableSchema};

/// A column of a table.
#[derive(Clone, Debug)]
pub struct ColumnSchema<'s> {
    /// Its number.
    pub index: usize,
    /// The number of the field that it is, or is a part of.
    pub field: usize,
    /// What it holds.
    pub field_type: &'s FieldType,
    /// Where it starts in the row, in bytes.
    pub offset: u32,
    /// The names from the field on.
    path: Vec<&'s str>,
}

impl ColumnSchema<'_> {
    /// Its name: that of the field, and for a part those on the way to it: `pos.x`.
    pub fn name(&self) -> String {
        self.path.join(".")
    }

    /// Whether it is a field, and not a part of one.
    pub fn is_field(&self) -> bool {
        self.path.len() == 1
    }
}

impl TableSchema {
    /// All columns, in order.
    ///
    /// Cost: proportional to their number, with an allocation for each.
    pub fn columns(&self) -> Vec<ColumnSchema<'_>> {
        let mut columns = Vec::with_capacity(self.fields.len());
        for (index, field) in self.fields.iter().enumerate() {
            column(&mut columns, field, index);
        }
        columns
    }

    /// Column number `index`.
    pub fn column_at(&self, index: usize) -> Option<ColumnSchema<'_>> {
        self.columns().into_iter().nth(index)
    }

    /// What column number `index` holds, and where it starts in the row. Cost: the columns before it, without allocations.
    pub(crate) fn column_place(&self, index: usize) -> Option<(&FieldType, u32)> {
        let mut left = index;
        self.fields.iter().find_map(|field| place(&field.field_type, field.offset, &mut left))
    }

    /// The column with this name: `hp`, or `pos.x` for a part of a struct.
    pub fn column(&self, name: &str) -> Option<ColumnSchema<'_>> {
        let mut parts = name.split('.');
        let first = parts.next()?;
        let (number, field) = self.field(first)?;
        let mut index: usize = self.fields[..number].iter().map(|field| field.field_type.column_count()).sum();
        let (mut path, mut offset, mut field_type) = (vec![&*field.name], field.offset, &field.field_type);
        for part in parts {
            let FieldType::Struct(of) = field_type else { return None };
            index += 1;
            let member = of.fields.iter().find(|member| {
                let found = member.name == part;
                if !found {
                    index += member.field_type.column_count();
                    offset += member.field_type.size() as u32;
                }
                found
            })?;
            path.push(&member.name);
            field_type = &member.field_type;
        }
        Some(ColumnSchema { index, field: number, field_type, offset, path })
    }
}

/// The column `left` columns behind that of `field_type`, which starts at `offset`, if it is one of its parts.
fn place<'s>(field_type: &'s FieldType, offset: u32, left: &mut usize) -> Option<(&'s FieldType, u32)> {
    if *left == 0 {
        return Some((field_type, offset));
    }
    *left -= 1;
    let FieldType::Struct(of) = field_type else { return None };
    let mut at = offset;
    of.fields.iter().find_map(|member| {
        let found = place(&member.field_type, at, left);
        at += member.field_type.size() as u32;
        found
    })
}

fn column<'s>(columns: &mut Vec<ColumnSchema<'s>>, field: &'s FieldSchema, number: usize) {
    columns.push(ColumnSchema {
        index: columns.len(),
        field: number,
        field_type: &field.field_type,
        offset: field.offset,
        path: vec![&field.name],
    });
    parts(columns, columns.len() - 1);
}

/// Adds the parts of column `of`, if it is a struct.
fn parts<'s>(columns: &mut Vec<ColumnSchema<'s>>, of: usize) {
    let FieldType::Struct(inner) = columns[of].field_type else { return };
    let mut offset = columns[of].offset;
    for Member { name, field_type } in inner.fields.iter() {
        let (index, field) = (columns.len(), columns[of].field);
        let path = columns[of].path.iter().copied().chain([&**name]).collect();
        columns.push(ColumnSchema { index, field, field_type, offset, path });
        parts(columns, index);
        offset += field_type.size() as u32;
    }
}
