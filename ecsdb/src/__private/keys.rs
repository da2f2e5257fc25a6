//! Whether the columns of an index can be its key: texts for the compiler, empty where all is well.

use crate::component::{constant, slice};
use crate::schema::{
    FieldType, IndexKind, LIST_WITH_OTHERS, Member, TableSchema, constant_key_fault, constant_text, coordinate_fault,
};
use crate::text::Text;

/// The text for index number `number` of a table, of which the derive believes that the columns have these types: those
/// of the elements for lists.
pub const fn index_fault(table: &'static TableSchema, number: usize, believed: &'static [FieldType]) -> Text {
    let index = &slice(&table.indexes)[number];
    let columns = slice(&index.columns);
    let is_grid = matches!(index.kind, IndexKind::Grid { .. });
    let mut at = 0;
    while at < columns.len() {
        let name = constant_text(&columns[at]);
        let Some(column) = column(table, name) else { return no_part(name) };
        let alone = columns.len() == 1;
        let (is_list, key) = match column {
            FieldType::List(element) if alone && !is_grid => (true, constant(element)),
            column => (false, column),
        };
        let fault = if is_grid {
            coordinate_fault(column)
        } else if !alone && matches!(column, FieldType::List(_)) {
            Some(LIST_WITH_OTHERS)
        } else {
            constant_key_fault(key, index.total_order, false)
        };
        if let Some(fault) = fault {
            return Text::new().str("`").str(name).str("`: ").str(fault);
        }
        if is_list && matches!(believed[at], FieldType::List(_)) {
            return Text::new().str("`").str(name).str("` is a list under another name: write its type as a `Vec<T>`");
        }
        if is_grid && !same_coordinates(&believed[at], &believed[0]) {
            return Text::new().str("the columns of a place are all of one type");
        }
        at += 1;
    }
    Text::new()
}

/// Whether two types of coordinates are the same.
const fn same_coordinates(a: &FieldType, b: &FieldType) -> bool {
    match (a, b) {
        (FieldType::Scalar(a), FieldType::Scalar(b)) => *a as u8 == *b as u8,
        _ => false,
    }
}

const fn no_part(name: &str) -> Text {
    Text::new().str("there is no column `").str(name).str("`: only structs that derive `Field`, and tuples, have parts")
}

/// The type of the column with this name: `owner`, or `pos.x`.
const fn column(table: &'static TableSchema, name: &str) -> Option<&'static FieldType> {
    let (fields, mut end) = (slice(&table.fields), part_end(name, 0));
    let mut index = 0;
    while index < fields.len() && !is_part(name, 0, end, constant_text(&fields[index].name)) {
        index += 1;
    }
    if index == fields.len() {
        return None;
    }
    let mut found = &fields[index].field_type;
    while end < name.len() {
        let start = end + 1;
        end = part_end(name, start);
        let FieldType::Struct(of) = found else { return None };
        match member(slice(&of.fields), name, start, end) {
            Some(member) => found = &member.field_type,
            None => return None,
        }
    }
    Some(found)
}

const fn member(members: &'static [Member], name: &str, start: usize, end: usize) -> Option<&'static Member> {
    let mut index = 0;
    while index < members.len() {
        if is_part(name, start, end, constant_text(&members[index].name)) {
            return Some(&members[index]);
        }
        index += 1;
    }
    None
}

/// Where the part of a name that begins at `start` ends.
const fn part_end(name: &str, start: usize) -> usize {
    let mut end = start;
    while end < name.len() && name.as_bytes()[end] != b'.' {
        end += 1;
    }
    end
}

const fn is_part(name: &str, start: usize, end: usize, other: &str) -> bool {
    let (name, other) = (name.as_bytes(), other.as_bytes());
    if other.len() != end - start {
        return false;
    }
    let mut index = 0;
    while index < other.len() {
        if name[start + index] != other[index] {
            return false;
        }
        index += 1;
    }
    true
}
