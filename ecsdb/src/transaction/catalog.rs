//! The tables of a database, with what transactions look up often.

use crate::schema::{DatabaseSchema, FieldType, Scalar, TableSchema};

/// An entity, or several, in a row.
#[derive(Clone, Copy, Debug)]
pub struct EntityField {
    /// Where the first one stands in the row, in bytes.
    pub offset: usize,
    /// How many stand there, one after the other.
    pub count: usize,
}

/// The schema of a database, prepared for the writer.
pub struct Catalog {
    schema: DatabaseSchema,
    entity_fields: Box<[Box<[EntityField]>]>,
}

impl Catalog {
    /// Prepares `schema`.
    pub fn new(schema: DatabaseSchema) -> Self {
        let entity_fields = schema.tables().iter().map(entity_fields).collect();
        Self { schema, entity_fields }
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

fn entity_fields(table: &TableSchema) -> Box<[EntityField]> {
    let entity = |field_type: &FieldType| matches!(field_type.scalars().0, Scalar::Entity | Scalar::OptionalEntity);
    table
        .fields
        .iter()
        .filter(|field| entity(&field.field_type))
        .map(|field| EntityField { offset: field.offset as usize, count: field.field_type.scalars().1 })
        .collect()
}
