//! Changes of single fields: of a row in its table, and of a copy that is put back as a whole.

use super::apply::Apply;
use super::arithmetic;
use super::arithmetic::NotPossible;
use super::catalog::{Catalog, ColumnId};
use super::error::{ArithmeticFailure, OpError, RangeFailure};
use crate::bytes::{Heap, HeapBuf, RowBytes};
use crate::change_set::ColumnSet;
use crate::component::{Assignments, Change, UpdateOp};
use crate::entity::Entity;
use crate::schema::Value;

/// The size of the largest number, in bytes.
const NUMBER_BYTES_MAX: usize = size_of::<u128>();

/// A row outside of its table.
pub struct RowBuf {
    row: Vec<u8>,
    heap: HeapBuf,
}

debug_as!(RowBuf);

impl RowBuf {
    /// A copy of `row`.
    pub fn of(row: RowBytes<'_>) -> Self {
        Self { row: row.row.to_vec(), heap: HeapBuf::of(row.heap) }
    }

    /// Its bytes.
    pub fn bytes(&self) -> RowBytes<'_> {
        RowBytes { row: &self.row, heap: self.heap.bytes() }
    }

    /// Its heap, to be read with it.
    pub fn heap(&self) -> Heap<'_> {
        self.heap.as_heap()
    }

    /// Changes one column of the row, which is one of `entity` in `table`.
    pub fn change(&mut self, catalog: &Catalog, table: u16, entity: Entity, change: Change<'_>) -> Result<(), OpError> {
        let id = ColumnId { table, column: change.column };
        let place = catalog.place(id);
        let (start, end) = (place.start, place.start + place.size);
        if change.op != UpdateOp::Set {
            let mut result = [0; NUMBER_BYTES_MAX];
            let value = compute(catalog, id, entity, change.op, &self.row[start..end], change.operand, &mut result)?;
            self.row[start..end].copy_from_slice(value);
        } else if place.has_heap {
            (self.row, self.heap) = catalog.table(table).with_value(self.bytes(), start, change.operand);
            catalog.table(table).check_heap(self.heap.bytes())?;
        } else {
            self.row[start..end].copy_from_slice(change.operand.row);
        }
        Ok(())
    }
}

/// What `op` with `operand` makes of the number `found` in column `id` of `entity`.
fn compute<'r>(
    catalog: &Catalog,
    id: ColumnId,
    entity: Entity,
    op: UpdateOp,
    found: &[u8],
    operand: RowBytes<'_>,
    result: &'r mut [u8; NUMBER_BYTES_MAX],
) -> Result<&'r [u8], OpError> {
    let field_type = &catalog.place(id).field_type;
    let outcome = match result.get_mut(..found.len()) {
        Some(result) => {
            result.copy_from_slice(found);
            arithmetic::update(field_type, op, result, operand.row)
        }
        None => Err(NotPossible::NoNumber),
    };
    let Err(why) = outcome else { return Ok(&result[..found.len()]) };
    let (table, field) = (catalog.table(id.table).name.to_string(), catalog.column_name(id));
    Err(match why {
        NotPossible::OutOfRange => OpError::OutOfRange(Box::new(RangeFailure {
            table,
            entity,
            field,
            found: Value::decode(field_type, found, &[]),
            operation: format!("{op} {}", Value::decode(field_type, operand.row, operand.heap)),
        })),
        NotPossible::NoNumber | NotPossible::NoInteger => OpError::NoArithmetic(Box::new(ArithmeticFailure {
            table,
            field,
            field_type: field_type.to_string(),
            op,
            needs: if why == NotPossible::NoNumber { "a number" } else { "an integer" },
        })),
    })
}

impl Apply<'_> {
    /// Changes one column of a row, which must exist.
    pub fn assign(&mut self, id: ColumnId, entity: Entity, op: UpdateOp, operand: RowBytes<'_>) -> Result<(), OpError> {
        let entity = self.current(entity)?;
        let catalog = self.catalog;
        let place = catalog.place(id);
        let (start, size) = (place.start, place.size);
        let resolved;
        let operand = if place.names_entities || place.has_heap {
            resolved = self.resolve_operand(id, operand)?;
            resolved.borrow()
        } else {
            operand
        };
        let columns = ColumnSet::one(place.field);
        let mut result = [0; NUMBER_BYTES_MAX];
        let value = if op != UpdateOp::Set {
            // Computed before the page is touched: an update that cannot be done leaves no trace.
            let Some(row) = self.batch.version().tables[usize::from(id.table)].row_bytes(entity.slot()) else {
                return Err(self.missing(id.table, entity));
            };
            compute(catalog, id, entity, op, &row[start..start + size], operand, &mut result)?
        } else if place.has_heap {
            return self.assign_heap(id, entity, columns, operand);
        } else {
            operand.row
        };
        match self.batch.row_mut(id.table, entity.slot(), columns)? {
            Some(row) => copy_field(&mut row[start..start + size], value),
            None => return Err(self.missing(id.table, entity)),
        }
        self.note_numbers(id.table, entity);
        Ok(())
    }

    /// Puts a value with strings or lists into a row: the heap of the row is made anew.
    fn assign_heap(
        &mut self,
        id: ColumnId,
        entity: Entity,
        columns: ColumnSet,
        operand: RowBytes<'_>,
    ) -> Result<(), OpError> {
        let Some(row) = self.batch.version().tables[usize::from(id.table)].stored(entity.slot()) else {
            return Err(self.missing(id.table, entity));
        };
        let table = self.catalog.table(id.table);
        let (row, heap) = table.with_value(row, self.catalog.place(id).start, operand);
        table.check_heap(heap.bytes())?;
        self.batch.replace(id.table, entity.slot(), columns, RowBytes { row: &row, heap: heap.bytes() })?;
        Ok(())
    }

    /// Does all of `changes` to a row, which must exist, or none of them.
    pub fn assign_all(&mut self, table: u16, entity: Entity, changes: &[Change<'_>]) -> Result<(), OpError> {
        let entity = self.current(entity)?;
        if let [change] = changes {
            return self.assign(ColumnId { table, column: change.column }, entity, change.op, change.operand);
        }
        let Some(row) = self.batch.version().tables[usize::from(table)].stored(entity.slot()) else {
            return Err(self.missing(table, entity));
        };
        let mut row = RowBuf::of(row);
        let columns = self.change_all(table, entity, changes, &mut row)?;
        self.batch.replace(table, entity.slot(), columns, row.bytes())?;
        self.note_numbers(table, entity);
        Ok(())
    }

    /// Notes the numbers that a change has put into counted fields, so that they are not given again.
    #[inline]
    fn note_numbers(&mut self, table: u16, entity: Entity) {
        if self.batch.is_counted(table) {
            self.batch.note_numbers(table, entity.slot());
        }
    }

    /// Does all of `changes` to a copy of a row of `entity`. Returns the columns that change.
    fn change_all(
        &self,
        table: u16,
        entity: Entity,
        changes: &[Change<'_>],
        row: &mut RowBuf,
    ) -> Result<ColumnSet, OpError> {
        let mut columns = ColumnSet::NONE;
        for change in changes {
            let id = ColumnId { table, column: change.column };
            let operand = self.resolve_operand(id, change.operand)?;
            row.change(self.catalog, table, entity, Change { operand: operand.borrow(), ..*change })?;
            columns = columns.union(ColumnSet::one(self.catalog.place(id).field));
        }
        Ok(columns)
    }

    /// Does `changes` to the row, or stores `row` if there is none. Returns whether it was stored.
    pub fn upsert(
        &mut self,
        table: u16,
        entity: Entity,
        row: RowBytes<'_>,
        changes: &[Change<'_>],
    ) -> Result<bool, OpError> {
        let entity = self.living(entity)?;
        if self.batch.version().tables[usize::from(table)].contains(entity.slot()) {
            if !changes.is_empty() {
                self.assign_all(table, entity, changes)?;
            }
            return Ok(false);
        }
        self.insert_new(table, entity.slot(), row)?;
        Ok(true)
    }

    /// Does `changes` to the rows of `table` of `entity`: one in place, several all or none.
    #[inline]
    pub fn update<A: Assignments>(&mut self, table: u16, entity: Entity, changes: &A) -> Result<(), OpError> {
        if A::COUNT == 1 {
            return changes.each(|change| {
                self.assign(ColumnId { table, column: change.column }, entity, change.op, change.operand)
            });
        }
        self.assign_all(table, entity, &collected(changes))
    }
}

/// The changes, one by one.
pub fn collected<A: Assignments>(changes: &A) -> Vec<Change<'_>> {
    let mut all = Vec::with_capacity(A::COUNT);
    let Ok(()) = changes.each(|change| {
        all.push(change);
        Ok::<(), core::convert::Infallible>(())
    });
    all
}

/// Copies the value of a field. The sizes that most fields have are known here, so that nobody is called for a few bytes.
#[inline]
fn copy_field(to: &mut [u8], value: &[u8]) {
    match (to.as_chunks_mut::<4>(), value.as_chunks::<4>()) {
        (([to], []), ([value], [])) => *to = *value,
        (([a, b], []), ([c, d], [])) => (*a, *b) = (*c, *d),
        _ => to.copy_from_slice(value),
    }
}
