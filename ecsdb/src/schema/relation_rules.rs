//! The rules for indexes, references and counted fields.
//!
//! [`check_references`] is `const`, so that `schema!` refuses a reference that leads nowhere; the rest is checked when a schema
//! is put together, and by the derive. They need names that are checked, and types that are not nested too deeply.

use super::check::{Fault, FaultKind, Names, Place, Seen, fields, text};
use super::error::SchemaErrorKind;
use super::key_rules::{LIST_WITH_OTHERS, coordinate_fault, key_fault};
use super::names::{name_fault, nearest};
use super::{Durability, FieldSchema, FieldType, IndexKind, IndexSchema, KeySpec, OnDelete, Scalar, TableSchema};
use crate::limits::{INDEX_COLUMNS_MAX, INDEXES_MAX};

/// Checks that every reference leads to a table. The tables have different names.
pub(super) const fn check_references(tables: &[&TableSchema]) -> Result<(), Fault> {
    let mut known = Seen::new(Names::Tables(tables), false);
    let mut number = 0;
    while number < tables.len() {
        known.add(number);
        number += 1;
    }
    number = 0;
    while number < tables.len() {
        let fields = fields(tables[number]);
        let mut index = 0;
        while index < fields.len() {
            if let Some(reference) = &fields[index].reference
                && known.find(text(&reference.table)).1.is_none()
            {
                return Err(Fault { place: Place::Field(number, index), kind: FaultKind::NoTable });
            }
            index += 1;
        }
        number += 1;
    }
    Ok(())
}

/// Checks what is said of references, counting and indexes, table by table.
pub(super) fn check_relations(tables: &[TableSchema]) -> Result<(), (Place, SchemaErrorKind)> {
    for (number, table) in tables.iter().enumerate() {
        for (index, field) in table.fields.iter().enumerate() {
            check_reference(table, field)
                .and_then(|()| check_counted(table, field))
                .map_err(|kind| (Place::Field(number, index), kind))?;
        }
        check_indexes(table).map_err(|kind| (Place::Table(number), kind))?;
    }
    Ok(())
}

fn wrong<T>(key: &str, expected: &str, found: impl ToString) -> Result<T, SchemaErrorKind> {
    let (key, expected, found) = (key.to_owned(), expected.to_owned(), found.to_string());
    Err(SchemaErrorKind::WrongValue { key, expected, found })
}

/// Refuses a constraint on a table of which a log does not keep every change.
fn is_kept(table: &TableSchema, what: &'static str) -> Result<(), SchemaErrorKind> {
    match table.durability {
        Durability::Wal => Ok(()),
        durability => Err(SchemaErrorKind::NotKept { what, durability: durability.name() }),
    }
}

fn check_reference(table: &TableSchema, field: &FieldSchema) -> Result<(), SchemaErrorKind> {
    let typed = field.field_type.referenced_table();
    let Some(reference) = &field.reference else {
        return match typed {
            Some(table) => wrong("references", &format!("`{table}`, as the type says"), "nothing"),
            None => Ok(()),
        };
    };
    is_kept(table, "a reference")?;
    if field.field_type.entity_inside().is_none() {
        let expected = "`entity` or `ref<table>`, one that may be none, or a list of them, in a reference";
        return wrong("type", expected, format!("`{}`", field.field_type));
    }
    if let Some(table) = typed.filter(|table| **table != reference.table) {
        return wrong("references", &format!("`{table}`, as the type says"), format!("`{}`", reference.table));
    }
    let can_be_none = matches!(field.field_type, FieldType::Optional(_) | FieldType::List(_));
    if reference.on_delete == OnDelete::SetNull && !can_be_none {
        let expected = "\"restrict\", \"cascade\" or \"remove\": a required reference cannot be set to none";
        return wrong("on_delete", expected, "\"set_null\"");
    }
    Ok(())
}

fn check_counted(table: &TableSchema, field: &FieldSchema) -> Result<(), SchemaErrorKind> {
    if !field.auto_increment {
        return Ok(());
    }
    is_kept(table, "a counted field")?;
    if !is_countable(&field.field_type) {
        return wrong("type", "an integer of 16 bits or more in a counted field", format!("`{}`", field.field_type));
    }
    match field.default {
        Some(_) => wrong("auto_increment", "left out, or `default`: a counted field has no default", "both"),
        None => Ok(()),
    }
}

/// Whether values of the type can be counted up.
const fn is_countable(of: &FieldType) -> bool {
    matches!(
        of,
        FieldType::Scalar(
            Scalar::U16
                | Scalar::U32
                | Scalar::U64
                | Scalar::U128
                | Scalar::I16
                | Scalar::I32
                | Scalar::I64
                | Scalar::I128
        )
    )
}

fn check_indexes(table: &TableSchema) -> Result<(), SchemaErrorKind> {
    let too_many = |what, limit: usize, found: usize| {
        Err(SchemaErrorKind::TooMany { what, limit: limit as u64, found: found as u64 })
    };
    if table.indexes.len() > INDEXES_MAX {
        return too_many("indexes of a table", INDEXES_MAX, table.indexes.len());
    }
    for (number, index) in table.indexes.iter().enumerate() {
        if let Some(expected) = name_fault(&index.name) {
            let name = index.name.to_string();
            return Err(SchemaErrorKind::InvalidName { what: "index", name, expected });
        }
        if table.indexes[..number].iter().any(|other| other.name == index.name) {
            return Err(SchemaErrorKind::Duplicate { what: "index", name: index.name.to_string(), first: None });
        }
        if index.columns.len() > INDEX_COLUMNS_MAX {
            return too_many("columns of an index", INDEX_COLUMNS_MAX, index.columns.len());
        }
        if index.unique {
            is_kept(table, "a unique index")?;
        }
        let refused = |what| SchemaErrorKind::Index { index: index.name.to_string(), what };
        index_fault(table, index).map_err(refused)?;
        KeySpec::of(table, index.columns.iter().map(|name| &**name)).map_err(|fault| refused(fault.to_string()))?;
    }
    Ok(())
}

fn index_fault(table: &TableSchema, index: &IndexSchema) -> Result<(), String> {
    let mut types = Vec::with_capacity(index.columns.len());
    for (number, name) in index.columns.iter().enumerate() {
        if index.columns[..number].contains(name) {
            return Err(format!("it names `{name}` twice"));
        }
        let Some(column) = table.column(name) else {
            let columns: Vec<String> = table.columns().iter().map(|column| column.name()).collect();
            let hint = match nearest(name, columns.iter().map(String::as_str)) {
                Some(near) => format!(", did you mean `{near}`?"),
                None => String::new(),
            };
            return Err(format!("there is no column `{name}`{hint}"));
        };
        let alone = index.columns.len() == 1;
        let fault = match index.kind {
            IndexKind::Grid { .. } => coordinate_fault(column.field_type),
            _ if !alone && matches!(column.field_type, FieldType::List(_)) => Some(LIST_WITH_OTHERS),
            _ => key_fault(column.field_type, index.total_order, alone && column.is_field()),
        };
        if let Some(fault) = fault {
            return Err(format!("`{name}` is `{}`: {fault}", column.field_type));
        }
        types.push(column.field_type);
    }
    match index.kind {
        _ if types.is_empty() => Err("it has no columns".to_owned()),
        IndexKind::Grid { .. } if index.unique => Err("a grid finds what is near, it cannot be unique".to_owned()),
        IndexKind::Grid { cell } if !(cell > 0.0 && cell.is_finite()) => {
            Err(format!("the edge of a cell must be above 0, found {cell}"))
        }
        IndexKind::Grid { .. } if !matches!(types.len(), 2 | 3) => {
            Err(format!("a place is two or three columns, found {}", types.len()))
        }
        IndexKind::Grid { .. } if types.iter().any(|of| *of != types[0]) => {
            Err("the columns of a place are all of one type".to_owned())
        }
        _ => Ok(()),
    }
}
