//! Rows of an old schema as rows of the new one: by the rules of the schema, or by code of the program.

use std::error::Error;
use std::fmt;

use thiserror::Error;

use super::evolution::Rewrite;
use crate::bytes::RowBytes;
use crate::entity::Entity;
use crate::schema::{DatabaseSchema, InvalidRow, TableSchema, Value};
use crate::storage::{MovedRow, RestoreError, Store};

/// A row as the directory has it, given to a migration of the program.
#[derive(Clone, Copy)]
pub struct OldRow<'a> {
    entity: Entity,
    table: &'a TableSchema,
    row: RowBytes<'a>,
}

debug_as!(['a] OldRow<'a>, old: entity = old.entity, table = old.table.name, values = old.values());

impl OldRow<'_> {
    /// Whose row it is.
    pub fn entity(&self) -> Entity {
        self.entity
    }

    /// The table as the directory has it.
    pub fn table(&self) -> &TableSchema {
        self.table
    }

    /// The value of a column by its old name: a field, or a part of one such as `pos.x`; `None` if there was none.
    pub fn get(&self, column: &str) -> Option<Value> {
        let column = self.table.column(column)?;
        Some(Value::decode(column.field_type, &self.row.row[column.offset as usize..], self.row.heap))
    }

    /// All fields with their values.
    pub fn values(&self) -> Vec<(&str, Value)> {
        let value = |field: &crate::schema::FieldSchema| {
            Value::decode(&field.field_type, &self.row.row[field.offset as usize..], self.row.heap)
        };
        self.table.fields.iter().map(|field| (&*field.name, value(field))).collect()
    }
}

/// Why a migration of the program has no new row.
pub type MigrationFailure = Box<dyn Error + Send + Sync>;

/// The new row for an old one, with its heap behind it, and what the table is now.
type MakeRow = Box<dyn Fn(OldRow<'_>, &TableSchema, &mut Vec<u8>) -> Result<(), MigrationFailure> + Send>;

/// What the program does itself, by the new name of the table.
#[derive(Default)]
pub struct Migrations(Vec<(String, MakeRow)>);

impl Migrations {
    /// Has `make` append the new rows of the table `table`.
    pub fn add(
        &mut self,
        table: &str,
        make: impl Fn(OldRow<'_>, &TableSchema, &mut Vec<u8>) -> Result<(), MigrationFailure> + Send + 'static,
    ) {
        self.0.retain(|(name, _)| name != table);
        self.0.push((table.to_owned(), Box::new(make)));
    }

    /// The tables that there are some for.
    pub fn tables(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(table, _)| &**table)
    }

    /// Whether there is one for this table.
    pub fn has(&self, table: &str) -> bool {
        self.tables().any(|name| name == table)
    }

    fn of(&self, table: &str) -> Option<&MakeRow> {
        self.0.iter().find(|(name, _)| name == table).map(|(_, make)| make)
    }
}

impl fmt::Debug for Migrations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.tables()).finish()
    }
}

/// A row that has no place under the new schema. Nothing was changed in the directory.
#[derive(Debug, Error)]
#[error("the row of entity {entity} in table `{table}` cannot be migrated")]
#[non_exhaustive]
pub struct MigrationError {
    /// The table, by its new name.
    pub table: String,
    /// Whose row it is.
    pub entity: Entity,
    /// Why not.
    #[source]
    pub cause: MigrationFailure,
}

/// What stopped a move of rows.
#[derive(Debug)]
pub enum MoveError {
    /// A row.
    Row(MigrationError),
    /// The storage.
    Restore(RestoreError),
}

impl From<RestoreError> for MoveError {
    fn from(error: RestoreError) -> Self {
        Self::Restore(error)
    }
}

/// Fills `new`, which is fresh and has the tables of `schema`, with what `old` has. Returns how many rows were made anew.
pub fn move_rows(
    rewrite: &Rewrite,
    schema: &DatabaseSchema,
    migrations: &Migrations,
    old: &Store,
    new: &mut Store,
) -> Result<u64, MoveError> {
    let mut rows = 0;
    let mut bytes = Vec::new();
    new.begin_restore();
    new.restore_from(old, &rewrite.origins(), |MovedRow { table: number, entity, row }, out| {
        let plan = &rewrite.tables[number];
        let (table, before) = (&schema.tables()[number], plan.from.map(|from| &rewrite.old.tables()[from]));
        let Some(before) = before else { return Ok(()) };
        let failed = |cause| MoveError::Row(MigrationError { table: table.name.to_string(), entity, cause });
        rows += u64::from(rewrite.rewritten[number]);
        if rewrite.rewritten[number]
            && let Some(make) = migrations.of(&table.name)
        {
            make(OldRow { entity, table: before, row }, table, out).map_err(failed)?;
            return table.validate(out).map_err(|error: InvalidRow| failed(error.into()));
        }
        bytes.clear();
        bytes.extend_from_slice(row.row);
        bytes.extend_from_slice(row.heap);
        plan.convert_row(before, table, &bytes, out).map_err(|error| failed(error.into()))
    })?;
    Ok(rows)
}
