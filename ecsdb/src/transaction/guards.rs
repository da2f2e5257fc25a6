//! Guards: what must hold when the turn of a transaction comes, or nothing of it is done.
//!
//! Changes nothing. Rows are compared as bytes where they must not have changed, and as values where the user names values.

use core::fmt;
use std::collections::BTreeSet;
use std::sync::Arc;

use super::apply::Apply;
use super::bulk::select;
use super::catalog::{Catalog, ColumnId};
use super::error::{Conflict, GuardFailure, OpError, RowGuardFailure};
use crate::bytes::{HeapPlace, RowBytes};
use crate::component::CompareOp;
use crate::entity::Entity;
use crate::query::Node;
use crate::schema::{TableSchema, Value, holds};

/// A row as a snapshot of version `version` showed it, or that there was none.
#[derive(Clone, Copy)]
pub struct Seen<'a> {
    /// The version.
    pub version: u64,
    /// The table.
    pub table: u16,
    /// Whose row it is.
    pub entity: Entity,
    /// The row.
    pub row: Option<RowBytes<'a>>,
}

debug_as!(['a] Seen<'a>);

/// The entities that a condition held for in version `version`, in the order of slots.
pub struct SeenSet {
    /// The version.
    pub version: u64,
    /// The condition.
    pub condition: Arc<Node>,
    /// The entities.
    pub found: Vec<Entity>,
}

debug_as!(SeenSet);

impl Apply<'_> {
    /// The row of `entity` in `table`, if it is alive and has one.
    #[inline]
    fn row_of(&self, table: u16, entity: Entity) -> Option<RowBytes<'_>> {
        let version = self.batch.version();
        if !version.entities.is_current(entity) {
            return None;
        }
        version.tables[usize::from(table)].stored(entity.slot())
    }

    /// Fails unless the column of the row, which must exist, compares as asked.
    pub fn require(&self, id: ColumnId, entity: Entity, op: CompareOp, expected: RowBytes<'_>) -> Result<(), OpError> {
        let entity = self.current(entity)?;
        let expected = self.resolve_operand(id, expected)?;
        let Some(row) = self.batch.version().tables[usize::from(id.table)].stored(entity.slot()) else {
            return Err(self.missing(id.table, entity));
        };
        let place = self.catalog.place(id);
        let found = RowBytes { row: &row.row[place.start..][..place.size], heap: row.heap };
        let expected = expected.borrow();
        if holds(&place.field_type, op, found, expected) {
            return Ok(());
        }
        Err(OpError::GuardFailed(Box::new(GuardFailure {
            table: self.catalog.table(id.table).name.to_string(),
            entity,
            field: self.catalog.column_name(id),
            op,
            expected: Value::decode(&place.field_type, expected.row, expected.heap),
            found: Value::decode(&place.field_type, found.row, found.heap),
        })))
    }

    /// Fails unless `entity` has a row in `table`.
    pub fn require_present(&self, table: u16, entity: Entity) -> Result<(), OpError> {
        let entity = self.current(entity)?;
        if self.batch.version().tables[usize::from(table)].contains(entity.slot()) {
            Ok(())
        } else {
            Err(self.missing(table, entity))
        }
    }

    /// Fails unless `entity` is alive and has no row in `table`.
    pub fn require_absent(&self, table: u16, entity: Entity) -> Result<(), OpError> {
        let entity = self.living(entity)?;
        match self.row_of(table, entity) {
            None => Ok(()),
            found => Err(self.row_guard(table, entity, None, found)),
        }
    }

    /// Fails unless the row of `entity` in `table`, which must exist, has the values of `expected`.
    pub fn require_row(&self, table: u16, entity: Entity, expected: RowBytes<'_>) -> Result<(), OpError> {
        let entity = self.living(entity)?;
        let expected = self.resolve_row(table, expected)?;
        let expected = expected.borrow();
        let Some(found) = self.row_of(table, entity) else {
            return Err(self.row_guard(table, entity, Some(expected), None));
        };
        let is_equal = self.catalog.table(table).fields.iter().all(|field| {
            let (start, size) = (field.offset as usize, field.field_type.size());
            let [found, expected] =
                [found, expected].map(|row| RowBytes { row: &row.row[start..][..size], heap: row.heap });
            holds(&field.field_type, CompareOp::Equal, found, expected)
        });
        if is_equal { Ok(()) } else { Err(self.row_guard(table, entity, Some(expected), Some(found))) }
    }

    #[cold]
    fn row_guard(
        &self,
        table: u16,
        entity: Entity,
        expected: Option<RowBytes<'_>>,
        found: Option<RowBytes<'_>>,
    ) -> OpError {
        OpError::RowGuardFailed(Box::new(self.row_failure(table, entity, expected, found)))
    }

    fn row_failure(
        &self,
        table: u16,
        entity: Entity,
        expected: Option<RowBytes<'_>>,
        found: Option<RowBytes<'_>>,
    ) -> RowGuardFailure {
        let schema = self.catalog.table(table);
        RowGuardFailure {
            table: schema.name.to_string(),
            entity,
            expected: expected.map(|row| values(schema, row)),
            found: found.map(|row| values(schema, row)),
        }
    }

    /// Fails unless the row is byte for byte what a snapshot showed, or there is none and was none.
    pub fn expect_row(&self, seen: Seen<'_>) -> Result<(), OpError> {
        let found = self.row_of(seen.table, seen.entity);
        if same(self.catalog, seen.table, seen.row, found) {
            return Ok(());
        }
        let failure = self.row_failure(seen.table, seen.entity, seen.row, found);
        Err(conflict(Conflict::Row { version: seen.version, row: failure }))
    }

    /// Fails unless `entity` is alive, or not, as a snapshot of version `version` showed it.
    pub fn expect_life(&self, version: u64, entity: Entity, was_alive: bool) -> Result<(), OpError> {
        if self.batch.version().entities.is_alive(entity) == was_alive {
            return Ok(());
        }
        Err(conflict(Conflict::Life { version, entity, was_alive }))
    }

    /// Fails unless a condition holds for the same entities as before. Cost: a scan of what it looks at, or what an index gives
    /// that leads there.
    pub fn expect_set(&self, seen: &SeenSet) -> Result<(), OpError> {
        if select(self.batch.version(), &seen.condition).eq(seen.found.iter().copied()) {
            return Ok(());
        }
        let now: BTreeSet<Entity> = select(self.batch.version(), &seen.condition).collect();
        let before: BTreeSet<Entity> = seen.found.iter().copied().collect();
        Err(conflict(Conflict::Set {
            version: seen.version,
            condition: Shown(&seen.condition, self.catalog).to_string(),
            come: now.difference(&before).copied().collect(),
            gone: before.difference(&now).copied().collect(),
        }))
    }

    /// Fails unless nothing at all was committed since version `version`.
    pub fn expect_version(&self, version: u64) -> Result<(), OpError> {
        match self.batch.committed() {
            found if found == version => Ok(()),
            found => Err(conflict(Conflict::Version { expected: version, found })),
        }
    }
}

/// A condition, with the names of tables and columns.
struct Shown<'a>(&'a Node, &'a Catalog);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tables: Vec<&TableSchema> = self.1.schema().tables().iter().collect();
        self.0.show(f, &tables)
    }
}

#[cold]
fn conflict(conflict: Conflict) -> OpError {
    OpError::Conflict(Box::new(conflict))
}

/// Whether two rows of `table` are the same bytes, with the same heaps, wherever these lie.
fn same(catalog: &Catalog, table: u16, a: Option<RowBytes<'_>>, b: Option<RowBytes<'_>>) -> bool {
    let (a, b) = match (a, b) {
        (Some(a), Some(b)) => (a, b),
        (a, b) => return a.is_none() && b.is_none(),
    };
    // The same bytes in the same place: a page that nobody has changed.
    if core::ptr::eq(a.row, b.row) && core::ptr::eq(a.heap, b.heap) {
        return true;
    }
    let end = a.row.len() - if catalog.has_heap(table) { HeapPlace::BYTES } else { 0 };
    a.row[..end] == b.row[..end] && a.heap == b.heap
}

/// All fields of a row.
fn values(schema: &TableSchema, row: RowBytes<'_>) -> Value {
    let value = |field: &crate::schema::FieldSchema| {
        let start = field.offset as usize;
        let bytes = &row.row[start..start + field.field_type.size()];
        (field.name.to_string(), Value::decode(&field.field_type, bytes, row.heap))
    };
    Value::Struct(schema.fields.iter().map(value).collect())
}
