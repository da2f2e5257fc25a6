//! The tables of a database, with what transactions look up often.

use crate::schema::{DatabaseSchema, FieldSchema, FieldType, Scalar, TableSchema};

/// One field of one table.
#[derive(Clone, Copy, Debug)]
pub struct FieldId {
    /// The table.
    pub table: u16,
    /// The field's number in it.
    pub field: u16,
}

/// An entity, or several, in a row.
#[derive(Clone, Copy, Debug)]
pub struct EntityField {
    /// Where the first one stands in the row, in bytes.
    pub offset: usize,
    /// How many stand there, one after the other.
    pub count: usize,
}

/// Where a field stands in its row.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// In bytes from the start of the row.
    pub start: usize,
    /// Its bytes.
    pub size: usize,
    /// Whether it is an entity, or several.
    pub is_entity: bool,
}

/// The schema of a database, prepared for the writer.
pub struct Catalog {
    schema: DatabaseSchema,
    entity_fields: Box<[Box<[EntityField]>]>,
    places: Box<[Box<[Place]>]>,
}

impl Catalog {
    /// Prepares `schema`.
    pub fn new(schema: DatabaseSchema) -> Self {
        let entity_fields = schema.tables().iter().map(entity_fields).collect();
        let places = schema.tables().iter().map(|table| table.fields.iter().map(place).collect()).collect();
        Self { schema, entity_fields, places }
    }

    /// Where a field stands.
    #[inline]
    pub fn place(&self, id: FieldId) -> Place {
        self.places[usize::from(id.table)][usize::from(id.field)]
    }

    /// The schema.
    pub fn schema(&self) -> &DatabaseSchema {
        &self.schema
    }

    /// The table with this number.
    pub fn table(&self, table: u16) -> &TableSchema {
        &self.schema.tables()[usize::from(table)]
    }

    /// Where rows of the table hold entities.
    #[inline]
    pub fn entity_fields(&self, table: u16) -> &[EntityField] {
        &self.entity_fields[usize::from(table)]
    }

    /// Bytes of a row of each table.
    pub fn strides(&self) -> impl Iterator<Item = usize> + '_ {
        self.schema.tables().iter().map(|table| table.size as usize)
    }
}

fn place(field: &FieldSchema) -> Place {
    let (start, size) = (field.offset as usize, field.field_type.size());
    Place { start, size, is_entity: is_entity(&field.field_type) }
}

fn is_entity(field_type: &FieldType) -> bool {
    matches!(field_type.scalars().0, Scalar::Entity | Scalar::OptionalEntity)
}

fn entity_fields(table: &TableSchema) -> Box<[EntityField]> {
    table
        .fields
        .iter()
        .filter(|field| is_entity(&field.field_type))
        .map(|field| EntityField { offset: field.offset as usize, count: field.field_type.scalars().1 })
        .collect()
}
