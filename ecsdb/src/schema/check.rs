//! The rules that the tables of a database keep together: names, counts, and how a row is laid out.
//!
//! [`check_names`] and [`check_distinct`] are `const`, so `schema!` runs them at compile time; [`check_layout`] follows
//! types that were loaded from a file and runs then. All answer with a [`Fault`], which knows places in the schema and
//! no texts.

use std::borrow::Cow;

use super::names::{name_fault, same, table_name_fault};
use super::relation_rules::check_references;
use super::type_text::is_tuple;
use super::{FieldSchema, FieldType, Member, RowLayout, Scalar, TableSchema};
use crate::bytes::HeapPlace;
use crate::limits::{FIELDS_MAX, ROW_ALIGN_MAX, ROW_BYTES_MAX, TABLES_MAX};
use crate::text::fnv1a;

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
    /// The former name is not what is expected.
    FormerName { expected: &'static str },
    /// The former name is one that something has.
    RenamedFromLive,
    /// The former name is that of an earlier table or field as well.
    RenamedTwice { first: Place },
    /// The field came in a later version than the table has.
    Since { since: u32, version: u32 },
    /// The field of a native row has no fixed form in memory.
    NotNative,
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
    /// The field refers to a table that is not there.
    NoTable,
}

/// Checks names and counts of all tables.
pub(super) fn check_tables(tables: &[&TableSchema]) -> Result<(), Fault> {
    tables.iter().take(TABLES_MAX).enumerate().try_for_each(|(number, table)| check_names(table, number))?;
    check_distinct(tables)?;
    check_references(tables)
}

/// Checks the number of tables, and that no two have or had one name.
pub(super) const fn check_distinct(tables: &[&TableSchema]) -> Result<(), Fault> {
    if tables.len() > TABLES_MAX {
        let kind = FaultKind::TooManyTables { found: tables.len() };
        return Err(Fault { place: Place::Table(TABLES_MAX), kind });
    }
    let names = Names::Tables(tables);
    if let Some((first, second)) = first_duplicate(names) {
        let kind = FaultKind::Duplicate { first: Place::Table(first) };
        return Err(Fault { place: Place::Table(second), kind });
    }
    match first_bad_rename(names) {
        Some((index, BadRename::Name(expected))) => {
            Err(Fault { place: Place::Table(index), kind: FaultKind::FormerName { expected } })
        }
        Some((index, BadRename::Live)) => Err(Fault { place: Place::Table(index), kind: FaultKind::RenamedFromLive }),
        Some((index, BadRename::Twice(first))) => {
            let kind = FaultKind::RenamedTwice { first: Place::Table(first) };
            Err(Fault { place: Place::Table(index), kind })
        }
        None => Ok(()),
    }
}

/// Checks names, versions and counts of one table.
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
        let field = &fields[index];
        if let Some(expected) = name_fault(text(&field.name)) {
            return Err(Fault { place: Place::Field(number, index), kind: FaultKind::Name { expected } });
        }
        if table.version != 0 && field.since > table.version {
            let kind = FaultKind::Since { since: field.since, version: table.version };
            return Err(Fault { place: Place::Field(number, index), kind });
        }
        index += 1;
    }
    let names = Names::Fields(fields);
    if let Some((first, second)) = first_duplicate(names) {
        let kind = FaultKind::Duplicate { first: Place::Field(number, first) };
        return Err(Fault { place: Place::Field(number, second), kind });
    }
    if let Some((index, fault)) = first_bad_rename(names) {
        let kind = match fault {
            BadRename::Name(expected) => FaultKind::FormerName { expected },
            BadRename::Live => FaultKind::RenamedFromLive,
            BadRename::Twice(first) => FaultKind::RenamedTwice { first: Place::Field(number, first) },
        };
        return Err(Fault { place: Place::Field(number, index), kind });
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
pub(super) enum Names<'a> {
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

    /// The former name; empty for most.
    const fn former(self, index: usize) -> &'a str {
        match self {
            Self::Tables(tables) => text(&tables[index].renamed_from),
            Self::Fields(fields) => text(&fields[index].renamed_from),
        }
    }

    /// What is wrong with a former name by itself.
    const fn former_fault(self, index: usize) -> Option<&'static str> {
        match self {
            Self::Tables(_) => table_name_fault(self.former(index)),
            Self::Fields(_) => name_fault(self.former(index)),
        }
    }
}

/// Places in a [`Seen`]: never more than half of them are in use.
const PLACES: usize = 2048;
const _: () = assert!(PLACES >= 2 * TABLES_MAX && PLACES >= 2 * FIELDS_MAX && PLACES.is_power_of_two());

/// Which of the names, or of the former names, have been seen: at most [`PLACES`]` / 2`.
///
/// A hash table and not a comparison of all pairs: the compiler's interpreter refuses to run for very long.
pub(super) struct Seen<'a> {
    names: Names<'a>,
    of_former: bool,
    places: [u16; PLACES],
}

impl<'a> Seen<'a> {
    pub const fn new(names: Names<'a>, of_former: bool) -> Self {
        Self { names, of_former, places: [0; PLACES] }
    }

    /// The place of `name`, and the index of the one that has it.
    pub const fn find(&self, name: &str) -> (usize, Option<usize>) {
        let mut place = name_hash(name) as usize % PLACES;
        while self.places[place] != 0 {
            let earlier = self.places[place] as usize - 1;
            let other = if self.of_former { self.names.former(earlier) } else { self.names.name(earlier) };
            if same(other, name) {
                return (place, Some(earlier));
            }
            place = (place + 1) % PLACES;
        }
        (place, None)
    }

    /// Adds the name of number `index`, unless it is there: then the number that has it.
    pub const fn add(&mut self, index: usize) -> Option<usize> {
        let name = if self.of_former { self.names.former(index) } else { self.names.name(index) };
        let (place, found) = self.find(name);
        if found.is_none() {
            self.places[place] = index as u16 + 1;
        }
        found
    }
}

/// The first name that stood there before, as (first, second).
const fn first_duplicate(names: Names<'_>) -> Option<(usize, usize)> {
    let mut seen = Seen::new(names, false);
    let mut index = 0;
    while index < names.len() {
        if let Some(first) = seen.add(index) {
            return Some((first, index));
        }
        index += 1;
    }
    None
}

/// What is wrong with a former name.
#[derive(Clone, Copy)]
enum BadRename {
    /// It is no name.
    Name(&'static str),
    /// Something has it.
    Live,
    /// Something else had it as well.
    Twice(usize),
}

/// The first former name that cannot be one. The names themselves are distinct.
const fn first_bad_rename(names: Names<'_>) -> Option<(usize, BadRename)> {
    let mut index = 0;
    while index < names.len() && names.former(index).is_empty() {
        index += 1;
    }
    if index == names.len() {
        return None;
    }
    let mut live = Seen::new(names, false);
    let mut other = 0;
    while other < names.len() {
        // Distinct, so each has a place of its own.
        live.add(other);
        other += 1;
    }
    let mut former = Seen::new(names, true);
    while index < names.len() {
        if !names.former(index).is_empty() {
            if let Some(expected) = names.former_fault(index) {
                return Some((index, BadRename::Name(expected)));
            }
            if live.find(names.former(index)).1.is_some() {
                return Some((index, BadRename::Live));
            }
            if let Some(first) = former.add(index) {
                return Some((index, BadRename::Twice(first)));
            }
        }
        index += 1;
    }
    None
}

const fn name_hash(name: &str) -> u64 {
    let hash = fnv1a(name);
    // The low bits pick the place and are the worst of the function.
    hash ^ hash >> 32
}

/// The text of a name, at compile time too.
#[expect(clippy::ptr_arg, reason = "the `Deref` of a `Cow` is not const")]
pub(crate) const fn text<'a>(name: &'a Cow<'static, str>) -> &'a str {
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
            if !is_native(&field.field_type) {
                return fault(FaultKind::NotNative);
            }
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

/// Whether a value has one form in memory, on every target, which is that in a packed row. The type is not nested too
/// deeply.
fn is_native(field_type: &FieldType) -> bool {
    match field_type {
        FieldType::Scalar(Scalar::Usize | Scalar::Isize | Scalar::NonZeroUsize | Scalar::NonZeroIsize) => false,
        FieldType::Scalar(scalar) => *scalar != Scalar::Duration,
        FieldType::Reference { .. } | FieldType::FixedText { .. } => true,
        FieldType::Array { element, .. } => is_native(element),
        FieldType::Optional(inner) => inner.has_niche() && is_native(inner),
        // Rust lays tuples out as it likes.
        FieldType::Struct(of) if of.name.is_empty() && is_tuple(&of.fields) => of.fields.is_empty(),
        FieldType::Struct(of) => {
            let mut size = 0;
            of.fields.iter().all(|member| {
                let fits = is_native(&member.field_type) && size % member.field_type.align() == 0;
                size += if fits { member.field_type.size() } else { 0 };
                fits
            }) && size % field_type.align() == 0
        }
        FieldType::Enum(of) => of.variants.iter().all(|variant| variant.fields.is_empty()),
        FieldType::Text | FieldType::List(_) => false,
    }
}

impl FieldType {
    /// Bytes that a value takes in a row; `None` if that is more than [a row may have](ROW_BYTES_MAX), or the type is nested
    /// [too deeply](TYPE_DEPTH_MAX). Unlike [`size`](Self::size) it copes with any type that can be written.
    pub fn size_in_row(&self) -> Option<usize> {
        let (size, _) = measure(self)?;
        usize::try_from(size).ok().filter(|size| *size <= ROW_BYTES_MAX)
    }
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
