//! A transaction on tables that are known by name only.

use super::catalog::ColumnId;
use super::closure::Transaction;
use super::error::OpError;
use crate::bytes::RowBytes;
use crate::component::{Change, CompareOp, UpdateOp};
use crate::entity::Entity;
use crate::query::{DynIndex, DynView};
use crate::schema::{DatabaseSchema, Encoded, Value};

/// Stands for a schema that is not known at compile time.
pub enum Dynamic {}

debug_as!(Dynamic);

/// A running transaction on a database whose schema was loaded, given to the closure of `DynDb::write`.
///
/// Every row and value is checked against the schema before it is stored.
pub type DynTransaction<'t> = Transaction<'t, Dynamic>;

/// The number of the table `name`.
///
/// # Errors
/// [`OpError::UnknownTable`], with the one that was probably meant.
pub fn table_number(schema: &DatabaseSchema, name: &str) -> Result<u16, OpError> {
    match schema.table(name) {
        Some((index, _)) => Ok(index as u16),
        None => Err(OpError::UnknownTable {
            table: name.to_owned(),
            nearest: schema.nearest_table(name).map(str::to_owned),
        }),
    }
}

impl DynTransaction<'_> {
    /// Everything as the transaction sees it now.
    pub fn view(&self) -> DynView<'_> {
        DynView::new(self.apply.batch.version(), self.apply.catalog.schema())
    }

    /// The index of a table with this name, in line with what the transaction has done so far. That of a reference has the
    /// name of its field.
    ///
    /// Cost: that of a look-up, and of bringing the index in line with the rows that were changed since the last time.
    ///
    /// # Errors
    /// If there is no such table; and [`OpError::Memory`], which dooms the transaction.
    pub fn index(&mut self, table: &str, index: &str) -> Result<Option<DynIndex<'_>>, OpError> {
        self.table(table)?;
        self.apply.batch.settle_indexes()?;
        Ok(self.view().index(table, index))
    }

    fn table(&self, name: &str) -> Result<u16, OpError> {
        table_number(self.apply.catalog.schema(), name)
    }

    fn column(&self, table: u16, name: &str) -> Result<ColumnId, OpError> {
        let column = self.apply.catalog.table(table).column_or_error(name)?;
        Ok(ColumnId { table, column: column.index as u16 })
    }

    /// The bytes of a row of `table`, apart from its heap.
    fn parts<'r>(&self, table: u16, row: &'r [u8]) -> RowBytes<'r> {
        let (row, heap) = row.split_at(self.apply.catalog.table(table).size as usize);
        RowBytes { row, heap }
    }

    /// A new entity with these rows: table by table, the values of all fields.
    ///
    /// # Errors
    /// If a table or a field is unknown, a field is missing, or a value does not fit.
    pub fn spawn(&mut self, rows: &[(&str, &[(&str, Value)])]) -> Result<Entity, OpError> {
        let mut encoded = Vec::with_capacity(rows.len());
        for (name, values) in rows {
            let table = self.table(name)?;
            encoded.push((table, self.apply.catalog.table(table).encode_row(values)?));
        }
        let mut tables: Vec<u16> = encoded.iter().map(|(table, _)| *table).collect();
        tables.sort_unstable();
        tables.dedup();
        let set = self.apply.batch.sets().intern(&tables);
        let entity = self.apply.spawn(set)?;
        for (table, row) in encoded {
            let row = self.parts(table, &row);
            if let Err(error) = self.apply.insert(table, entity, row) {
                // Half an entity is none.
                self.apply.despawn(entity)?;
                return Err(error);
            }
        }
        Ok(entity)
    }

    /// Ends the life of `entity`.
    ///
    /// # Errors
    /// If it is unknown or stale.
    pub fn despawn(&mut self, entity: Entity) -> Result<(), OpError> {
        self.apply.despawn(entity)
    }

    /// Gives `entity` a row in `table`, in place of the one it may have. Every field needs a value.
    ///
    /// # Errors
    /// If the entity, the table or a field is unknown, a field is missing, or a value does not fit.
    pub fn insert(&mut self, table: &str, entity: Entity, values: &[(&str, Value)]) -> Result<(), OpError> {
        let table = self.table(table)?;
        let row = self.apply.catalog.table(table).encode_row(values)?;
        let row = self.parts(table, &row);
        self.apply.insert(table, entity, row)
    }

    /// Replaces the row of `entity` in `table`, which must be there. Every field needs a value.
    ///
    /// # Errors
    /// As for [`Self::insert`](DynTransaction::insert), and if there is no row.
    pub fn replace(&mut self, table: &str, entity: Entity, values: &[(&str, Value)]) -> Result<(), OpError> {
        let table = self.table(table)?;
        let row = self.apply.catalog.table(table).encode_row(values)?;
        let row = self.parts(table, &row);
        self.apply.replace(table, entity, row)
    }

    /// Gives `entity` a row in `table` from the bytes of a row, with those of its heap behind them.
    ///
    /// # Errors
    /// If the entity or the table is unknown, or the bytes are no row of it.
    pub fn insert_bytes(&mut self, table: &str, entity: Entity, row: &[u8]) -> Result<(), OpError> {
        let table = self.table(table)?;
        self.apply.catalog.table(table).validate(row)?;
        let row = self.parts(table, row);
        self.apply.insert(table, entity, row)
    }

    /// Takes the row in `table` away from `entity`.
    ///
    /// # Errors
    /// If the entity or the table is unknown, or it has none.
    pub fn remove(&mut self, table: &str, entity: Entity) -> Result<(), OpError> {
        let table = self.table(table)?;
        self.apply.remove(table, entity)
    }

    /// Puts `value` into a field.
    ///
    /// # Errors
    /// If the entity, the table or the field is unknown, there is no row, or the value does not fit.
    pub fn set(&mut self, table: &str, entity: Entity, field: &str, value: Value) -> Result<(), OpError> {
        self.update(table, entity, field, UpdateOp::Set, value)
    }

    /// Adds `value` to a number.
    ///
    /// # Errors
    /// As for [`Self::set`], and if the number would leave its range or the field is no number.
    pub fn add(&mut self, table: &str, entity: Entity, field: &str, value: Value) -> Result<(), OpError> {
        self.update(table, entity, field, UpdateOp::Add, value)
    }

    /// Subtracts `value` from a number.
    ///
    /// # Errors
    /// As for [`Self::add`].
    pub fn sub(&mut self, table: &str, entity: Entity, field: &str, value: Value) -> Result<(), OpError> {
        self.update(table, entity, field, UpdateOp::Subtract, value)
    }

    /// Does `op` with `value` to a field: all that columns with types have.
    ///
    /// # Errors
    /// As for [`Self::add`]; and if the field has no such arithmetic.
    pub fn update(
        &mut self,
        table: &str,
        entity: Entity,
        field: &str,
        op: UpdateOp,
        value: Value,
    ) -> Result<(), OpError> {
        let (id, operand) = self.operand(table, field, &value)?;
        self.apply.assign(id, entity, op, operand.row_bytes())
    }

    /// Gives `entity` a row in `table` unless it has one. Returns whether it had none.
    ///
    /// # Errors
    /// As for [`Self::insert`].
    pub fn insert_if_absent(&mut self, table: &str, entity: Entity, values: &[(&str, Value)]) -> Result<bool, OpError> {
        self.upsert(table, entity, values, &[])
    }

    /// Does all of `changes` to the row of `entity` in `table`, or none of them if one fails; or gives it a row with `values` if
    /// it has none. Returns whether it had none.
    ///
    /// # Errors
    /// As for [`Self::insert`] and [`Self::update`].
    pub fn upsert(
        &mut self,
        table: &str,
        entity: Entity,
        values: &[(&str, Value)],
        changes: &[(&str, UpdateOp, Value)],
    ) -> Result<bool, OpError> {
        let mut encoded = Vec::with_capacity(changes.len());
        for (field, op, value) in changes {
            encoded.push((*op, self.operand(table, field, value)?));
        }
        let changes: Vec<Change<'_>> = encoded
            .iter()
            .map(|(op, (id, operand))| Change {
                column: id.column,
                op: *op,
                operand: operand.row_bytes(),
                has_heap: self.apply.catalog.place(*id).has_heap,
            })
            .collect();
        let table = self.table(table)?;
        let row = self.apply.catalog.table(table).encode_row(values)?;
        let row = self.parts(table, &row);
        self.apply.upsert(table, entity, row, &changes)
    }

    /// Fails unless `entity` has a row in `table`.
    ///
    /// # Errors
    /// If the entity or the table is unknown, or it has none.
    pub fn require_present(&self, table: &str, entity: Entity) -> Result<(), OpError> {
        self.apply.require_present(self.table(table)?, entity)
    }

    /// Fails unless `entity` is alive and has no row in `table`.
    ///
    /// # Errors
    /// [`OpError::RowGuardFailed`] with what is there; or if the entity or the table is unknown.
    pub fn require_absent(&self, table: &str, entity: Entity) -> Result<(), OpError> {
        self.apply.require_absent(self.table(table)?, entity)
    }

    /// Fails unless the row of `entity` in `table` has these values, of all fields.
    ///
    /// # Errors
    /// [`OpError::RowGuardFailed`] with what was expected and found; or as for [`Self::insert`].
    pub fn require_row(&self, table: &str, entity: Entity, values: &[(&str, Value)]) -> Result<(), OpError> {
        let table = self.table(table)?;
        let row = self.apply.catalog.table(table).encode_row(values)?;
        self.apply.require_row(table, entity, self.parts(table, &row))
    }

    /// Fails unless `entity` is alive.
    ///
    /// # Errors
    /// If it is unknown or stale.
    pub fn require_alive(&self, entity: Entity) -> Result<(), OpError> {
        self.apply.living(entity).map(|_| ())
    }

    /// Fails unless nothing at all was committed since version `version`, this transaction aside.
    ///
    /// # Errors
    /// [`OpError::Conflict`].
    pub fn expect_version(&self, version: u64) -> Result<(), OpError> {
        self.apply.expect_version(version)
    }

    /// Fails unless the field compares as asked with `value`.
    ///
    /// # Errors
    /// [`OpError::GuardFailed`]; or as for [`Self::set`].
    pub fn require(
        &self,
        table: &str,
        entity: Entity,
        field: &str,
        op: CompareOp,
        value: Value,
    ) -> Result<(), OpError> {
        let (id, operand) = self.operand(table, field, &value)?;
        self.apply.require(id, entity, op, operand.row_bytes())
    }

    fn operand(&self, table: &str, column: &str, value: &Value) -> Result<(ColumnId, Encoded), OpError> {
        let id = self.column(self.table(table)?, column)?;
        Ok((id, Encoded::from_value(value, &self.apply.catalog.place(id).field_type)?))
    }
}
