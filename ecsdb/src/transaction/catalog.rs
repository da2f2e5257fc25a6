//! The tables of a database, with what transactions look up often.

use std::sync::Arc;

use super::named_entities::names_entities;
use crate::schema::{DatabaseSchema, FieldType, Scalar, TableSchema};
use crate::storage::{Definitions, References};

/// One column of one table.
#[derive(Clone, Copy, Debug)]
pub struct ColumnId {
    /// The table.
    pub table: u16,
    /// The column's number in it: a struct comes before its parts.
    pub column: u16,
}

/// Which entities rows of a table name.
pub enum Entities {
    /// None.
    None,
    /// Those at these places in the row, in bytes.
    Fixed(Box<[usize]>),
    /// It depends on the row.
    Anywhere,
}

debug_as!(Entities);

/// Where a column stands in its row, and what it holds.
pub struct Place {
    /// In bytes from the start of the row.
    pub start: usize,
    /// Its bytes.
    pub size: usize,
    /// The number of the field that it is, or is a part of.
    pub field: u16,
    /// Whether it can name entities.
    pub names_entities: bool,
    /// Whether it has strings or lists.
    pub has_heap: bool,
    /// What it holds.
    pub field_type: FieldType,
}

debug_as!(Place);

/// One table.
struct TableEntry {
    places: Box<[Place]>,
    entities: Entities,
    has_heap: bool,
}

/// The schema of a database, prepared for the writer.
pub struct Catalog {
    schema: Arc<DatabaseSchema>,
    tables: Box<[TableEntry]>,
    references: References,
}

debug_as!(Catalog);

impl Catalog {
    /// Prepares `schema`.
    pub fn new(schema: Arc<DatabaseSchema>) -> Self {
        let tables = schema.tables().iter().map(TableEntry::new).collect();
        let references = References::of(&schema);
        Self { schema, tables, references }
    }

    /// A column.
    #[inline]
    pub fn place(&self, id: ColumnId) -> &Place {
        &self.tables[usize::from(id.table)].places[usize::from(id.column)]
    }

    /// The name of a column.
    pub fn column_name(&self, id: ColumnId) -> String {
        self.table(id.table).column_at(id.column.into()).map(|column| column.name()).unwrap_or_default()
    }

    /// The schema.
    pub fn schema(&self) -> &Arc<DatabaseSchema> {
        &self.schema
    }

    /// The table with this number.
    pub fn table(&self, table: u16) -> &TableSchema {
        &self.schema.tables()[usize::from(table)]
    }

    /// Which entities rows of the table name.
    #[inline]
    pub fn entities(&self, table: u16) -> &Entities {
        &self.tables[usize::from(table)].entities
    }

    /// Whether rows of the table have strings or lists.
    #[inline]
    pub fn has_heap(&self, table: u16) -> bool {
        self.tables[usize::from(table)].has_heap
    }

    /// Whether rows of the table have neither strings nor lists, and name no entities.
    #[inline]
    pub fn is_plain(&self, table: u16) -> bool {
        let table = &self.tables[usize::from(table)];
        !table.has_heap && matches!(table.entities, Entities::None)
    }

    /// The references of all tables.
    pub fn references(&self) -> &References {
        &self.references
    }

    /// The indexes of all tables.
    pub fn indexes(&self) -> Definitions {
        Definitions::of(&self.schema)
    }
}

impl TableEntry {
    fn new(table: &TableSchema) -> Self {
        let place = |column: crate::schema::ColumnSchema<'_>| Place {
            start: column.offset as usize,
            size: column.field_type.size(),
            field: column.field as u16,
            names_entities: names_entities(column.field_type),
            has_heap: column.field_type.has_heap(),
            field_type: column.field_type.clone(),
        };
        let places = table.columns().into_iter().map(place).collect();
        Self { places, entities: entities(table), has_heap: table.has_heap() }
    }
}

fn entities(table: &TableSchema) -> Entities {
    let mut fixed = Some(Vec::new());
    for field in table.fields.iter() {
        fixed = fixed.and_then(|fixed| fixed_entities(&field.field_type, field.offset as usize, fixed));
    }
    match fixed {
        Some(fixed) if fixed.is_empty() => Entities::None,
        Some(fixed) => Entities::Fixed(fixed.into()),
        None => Entities::Anywhere,
    }
}

/// Adds the entities of a value at `start`, if they are always at the same places. A place where none is holds zeros.
fn fixed_entities(field_type: &FieldType, start: usize, mut found: Vec<usize>) -> Option<Vec<usize>> {
    match field_type {
        other if !names_entities(other) => Some(found),
        FieldType::Scalar(Scalar::Entity) | FieldType::Reference { .. } => {
            found.push(start);
            Some(found)
        }
        FieldType::Optional(inner) => fixed_entities(inner, start + usize::from(!inner.has_niche()), found),
        FieldType::Array { element, len } => {
            let size = element.size();
            (0..*len as usize).try_fold(found, |found, index| fixed_entities(element, start + index * size, found))
        }
        FieldType::Struct(of) => {
            let mut at = start;
            of.fields.iter().try_fold(found, |found, member| {
                let found = fixed_entities(&member.field_type, at, found);
                at += member.field_type.size();
                found
            })
        }
        _ => None,
    }
}
