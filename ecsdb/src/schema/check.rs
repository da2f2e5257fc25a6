//! The rules that the tables of a database keep together: names, counts, and how a row is laid out.
//!
//! [`check_names`] and [`check_distinct`] are `const`, so `schema!` runs them at compile time; [`check_layout`] follows
//! types that were loaded from a file and runs then. All answer with a [`Fault`], which knows places in the schema and
//! no texts.

use std::borrow::Cow;

use super::names::{name_fault, same, table_name_fault};
use super::{FieldSchema, FieldType, Member, RowLayout, TableSchema};
use crate::bytes::HeapPlace;
use crate::limits::{FIELDS_MAX, ROW_ALIGN_MAX, ROW_BYTES_MAX, TABLES_MAX};

/// How deep types may be nested in each other.
pub const TYPE_DEPTH_MAX: usize = 16;

/// A rule that is broken, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub place: Place,
    pub kind: FaultKind,
}

/// A place in a list of tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// A table by its number.
    Table(usize),
    /// The key column of a table.
    Key(usize),
    /// A field of a table.
    Field(usize, usize),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FaultKind {
    /// More tables than [`TABLES_MAX`].
    TooManyTables { found: usize },
    /// More fields than [`FIELDS_MAX`].
    TooManyFields { found: usize },
    /// A row of more than [`ROW_BYTES_MAX`] bytes.
    RowTooLarge { found: u64 },
    /// A type nested deeper than [`TYPE_DEPTH_MAX`].
    TooDeep,
    /// The name is not what is expected.
    Name { expected: &'static str },
    /// The name is that of an earlier table or field.
    Duplicate { first: Place },
    /// `bytes` of padding would stand before the field, which would start at `offset` without them.
    Gap { offset: u64, bytes: u64 },
    /// `bytes` of padding would stand after the last field.
    TailGap { bytes: u64 },
    /// The field starts elsewhere than the layout says.
    Offset { expected: u64, found: u64 },
    /// The row has another size than its fields.
    Size { expected: u64, found: u64 },
    /// The row has another alignment than its fields.
    Align { expected: u64, found: u64 },
}

/// Checks names and counts of all tables.
pub(super) fn check_tables(tables: &[&TableSchema]) -> Result<(), Fault> {
    tables.iter().take(TABLES_MAX).enumerate().try_for_each(|(number, table)| check_names(table, number))?;
    check_distinct(tables)
}

/// Checks the number of tables, and that no two have one name.
pub(super) const fn check_distinct(tables: &[&TableSchema]) -> Result<(), Fault> {
    if tables.len() > TABLES_MAX {
        let kind = FaultKind::TooManyTables { found: tables.len() };
        return Err(Fault { place: Place::Table(TABLES_MAX), kind });
    }
    match first_duplicate(Names::Tables(tables)) {
        Some((first, second)) => {
            let kind = FaultKind::Duplicate { first: Place::Table(first) };
            Err(Fault { place: Place::Table(second), kind })
        }
        None => Ok(()),
    }
}

/// Checks names and counts of one table.
pub(super) const fn check_names(table: &TableSchema, number: usize) -> Result<(), Fault> {
    let whole = Place::Table(number);
    if let Some(expected) = table_name_fault(text(&table.name)) {
        return Err(Fault { place: whole, kind: FaultKind::Name { expected } });
    }
    let fields = fields(table);
    if fields.len() > FIELDS_MAX {
        return Err(Fault { place: whole, kind: FaultKind::TooManyFields { found: fields.len() } });
    }
    let mut index = 0;
    while index < fields.len() {
        if let Some(expected) = name_fault(text(&fields[index].name)) {
            return Err(Fault { place: Place::Field(number, index), kind: FaultKind::Name { expected } });
        }
        index += 1;
    }
    if let Some((first, second)) = first_duplicate(Names::Fields(fields)) {
        let kind = FaultKind::Duplicate { first: Place::Field(number, first) };
        return Err(Fault { place: Place::Field(number, second), kind });
    }
    match &table.key {
        None => Ok(()),
        Some(key) => check_key(text(key), fields, number),
    }
}

/// Checks the name of the key column against the rules and the other columns.
const fn check_key(key: &str, fields: &[FieldSchema], number: usize) -> Result<(), Fault> {
    if let Some(expected) = name_fault(key) {
        return Err(Fault { place: Place::Key(number), kind: FaultKind::Name { expected } });
    }
    let mut index = 0;
    while index < fields.len() {
        if same(text(&fields[index].name), key) {
            let kind = FaultKind::Duplicate { first: Place::Key(number) };
            return Err(Fault { place: Place::Field(number, index), kind });
        }
        index += 1;
    }
    Ok(())
}

/// Named things, for a search that is the same for tables and for fields, in a `const fn`, which knows no closures.
#[derive(Clone, Copy)]
enum Names<'a> {
    Tables(&'a [&'a TableSchema]),
    Fields(&'a [FieldSchema]),
}

impl<'a> Names<'a> {
    const fn len(self) -> usize {
        match self {
            Self::Tables(tables) => tables.len(),
            Self::Fields(fields) => fields.len(),
        }
    }

    const fn name(self, index: usize) -> &'a str {
        match self {
            Self::Tables(tables) => text(&tables[index].name),
            Self::Fields(fields) => text(&fields[index].name),
        }
    }
}

/// Places in the hash table of [`first_duplicate`]: never more than half of them are in use.
const PLACES: usize = 2048;
const _: () = assert!(PLACES >= 2 * TABLES_MAX && PLACES >= 2 * FIELDS_MAX && PLACES.is_power_of_two());

/// The first name that stood there before, as (first, second). At most [`PLACES`]` / 2` names.
///
/// A hash table and not a comparison of all pairs: the compiler's interpreter refuses to run for very long.
const fn first_duplicate(names: Names<'_>) -> Option<(usize, usize)> {
    let mut places = [0_u16; PLACES];
    let mut index = 0;
    while index < names.len() {
        let name = names.name(index);
        let mut place = fnv(name) as usize % PLACES;
        while places[place] != 0 {
            let earlier = places[place] as usize - 1;
            if same(names.name(earlier), name) {
                return Some((earlier, index));
            }
            place = (place + 1) % PLACES;
        }
        places[place] = index as u16 + 1;
        index += 1;
    }
    None
}

const fn fnv(name: &str) -> u64 {
    let bytes = name.as_bytes();
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut index = 0;
    while index < bytes.len() {
        hash = (hash ^ bytes[index] as u64).wrapping_mul(0x100_0000_01b3);
        index += 1;
    }
    // The low bits pick the place and are the worst of the function.
    hash ^ hash >> 32
}

/// The text of a name, at compile time too.
#[expect(clippy::ptr_arg, reason = "the `Deref` of a `Cow` is not const")]
pub(super) const fn text<'a>(name: &'a Cow<'static, str>) -> &'a str {
    match name {
        Cow::Borrowed(name) => name,
        Cow::Owned(name) => name.as_str(),
    }
}

/// The fields of a table, at compile time too.
pub(super) const fn fields(table: &TableSchema) -> &[FieldSchema] {
    match &table.fields {
        Cow::Borrowed(fields) => fields,
        Cow::Owned(fields) => fields.as_slice(),
    }
}

/// Checks that the fields of table `number` cover its row in order and without gaps, and that it is no larger and no
/// more strictly aligned than rows may be.
pub(super) fn check_layout(table: &TableSchema, number: usize) -> Result<(), Fault> {
    let whole = Place::Table(number);
    let native = table.layout == RowLayout::Native;
    let (mut size, mut align) = (0_u64, 1_u64);
    for (index, field) in table.fields.iter().enumerate() {
        let fault = |kind| Err(Fault { place: Place::Field(number, index), kind });
        let Some((field_size, field_align)) = measure(&field.field_type) else { return fault(FaultKind::TooDeep) };
        if native {
            if !size.is_multiple_of(field_align) {
                let bytes = size.next_multiple_of(field_align) - size;
                return fault(FaultKind::Gap { offset: size, bytes });
            }
            align = align.max(field_align);
        }
        if u64::from(field.offset) != size {
            return fault(FaultKind::Offset { expected: size, found: field.offset.into() });
        }
        size = size.saturating_add(field_size);
        if size > ROW_BYTES_MAX as u64 {
            return fault(FaultKind::RowTooLarge { found: size });
        }
    }
    if table.has_heap() {
        size += HeapPlace::BYTES as u64;
    }
    if !size.is_multiple_of(align) {
        let bytes = size.next_multiple_of(align) - size;
        return Err(Fault { place: whole, kind: FaultKind::TailGap { bytes } });
    }
    if u64::from(table.size) != size {
        return Err(Fault { place: whole, kind: FaultKind::Size { expected: size, found: table.size.into() } });
    }
    debug_assert!(align <= ROW_ALIGN_MAX as u64, "no scalar is aligned more strictly");
    if u64::from(table.align) != align {
        return Err(Fault { place: whole, kind: FaultKind::Align { expected: align, found: table.align.into() } });
    }
    Ok(())
}

/// The size of a type in bytes, or the greatest number if that is more than can be counted, and its alignment; `None` if it
/// is nested too deeply. Unlike [`FieldType::size`] it copes with any type that can be written.
pub(super) fn measure(field_type: &FieldType) -> Option<(u64, u64)> {
    measure_at(field_type, 0)
}

fn measure_at(field_type: &FieldType, depth: usize) -> Option<(u64, u64)> {
    if depth > TYPE_DEPTH_MAX {
        return None;
    }
    Some(match field_type {
        FieldType::Array { element, len } => {
            let (size, align) = measure_at(element, depth + 1)?;
            (size.saturating_mul(u64::from(*len)), align)
        }
        FieldType::Optional(inner) => {
            let (size, align) = measure_at(inner, depth + 1)?;
            (size.saturating_add(u64::from(!inner.has_niche())), align)
        }
        FieldType::Struct(of) => measure_members(&of.fields, depth)?,
        FieldType::Enum(of) => {
            let tag = u64::from(of.tag_bytes);
            let mut largest = (0, tag);
            for variant in of.variants.iter() {
                let (size, align) = measure_members(&variant.fields, depth)?;
                largest = (size.max(largest.0), align.max(largest.1));
            }
            (largest.0.saturating_add(tag), largest.1)
        }
        FieldType::List(element) => {
            // An element counts as well: whoever reads the list multiplies with its size.
            measure_at(element, depth + 1)?;
            (field_type.size() as u64, 1)
        }
        FieldType::Scalar(_) | FieldType::Reference { .. } | FieldType::FixedText { .. } | FieldType::Text => {
            (field_type.size() as u64, field_type.align() as u64)
        }
    })
}

fn measure_members(members: &[Member], depth: usize) -> Option<(u64, u64)> {
    members.iter().try_fold((0, 1), |(total, strictest): (u64, u64), member| {
        let (size, align) = measure_at(&member.field_type, depth + 1)?;
        Some((total.saturating_add(size), strictest.max(align)))
    })
}
