//! Operations without types, on the write buffer: what every kind of transaction comes down to.

use std::borrow::Cow;

use super::arithmetic;
use super::catalog::{Catalog, FieldId, Place};
use super::error::{GuardFailure, OpError, RangeFailure};
use crate::bytes::bytes_of;
use crate::change_set::ColumnSet;
use crate::component::{CompareOp, UpdateOp};
use crate::entity::Entity;
use crate::schema::Value;
use crate::storage::{Batch, TableSetId};

/// The size of the largest number, in bytes.
const NUMBER_BYTES_MAX: usize = size_of::<u128>();

/// The running transaction: the write buffer, and what it takes to change it correctly.
pub struct Apply<'a> {
    /// The write buffer.
    pub batch: Batch<'a>,
    /// The schema.
    pub catalog: &'a Catalog,
    /// The entities that a builder has promised, as far as they exist.
    pub promises: Vec<Entity>,
    /// The tables of the last spawn and their set, since the next spawn is mostly like it.
    last_set: Option<(&'static [u16], TableSetId)>,
}

impl<'a> Apply<'a> {
    /// A transaction that has not done anything.
    pub fn new(batch: Batch<'a>, catalog: &'a Catalog) -> Self {
        Self { batch, catalog, promises: Vec::new(), last_set: None }
    }

    /// The entity that is meant: itself, or the one that was promised.
    pub fn resolve(&self, entity: Entity) -> Result<Entity, OpError> {
        match entity.promise() {
            None => Ok(entity),
            Some(index) => self.promises.get(index as usize).copied().ok_or(OpError::PromisedEntity { entity }),
        }
    }

    /// The living entity that is meant.
    pub fn living(&self, entity: Entity) -> Result<Entity, OpError> {
        let entity = self.resolve(entity)?;
        let entities = &self.batch.version().entities;
        if entities.is_alive(entity) {
            Ok(entity)
        } else if entities.is_past(entity) {
            Err(OpError::StaleEntity { entity })
        } else {
            Err(OpError::UnknownEntity { entity })
        }
    }

    /// The entity that is meant, if its slot is in its generation: if it is not alive, it has no rows.
    #[inline]
    fn current(&self, entity: Entity) -> Result<Entity, OpError> {
        if self.batch.version().entities.is_current(entity) { Ok(entity) } else { self.living(entity) }
    }

    /// Why there is no row.
    #[cold]
    fn missing(&self, table: u16, entity: Entity) -> OpError {
        match self.living(entity) {
            Ok(entity) => OpError::ComponentMissing { entity, table: self.catalog.table(table).name.to_string() },
            Err(error) => error,
        }
    }

    /// The row with every promised entity in it replaced by the real one.
    fn settle<'r>(&self, table: u16, row: &'r [u8]) -> Result<Cow<'r, [u8]>, OpError> {
        let mut settled = Cow::Borrowed(row);
        for field in self.catalog.entity_fields(table) {
            for index in 0..field.count {
                let start = field.offset + index * size_of::<Entity>();
                if let Some(real) = self.settle_one(&row[start..start + size_of::<Entity>()])? {
                    settled.to_mut()[start..start + size_of::<Entity>()].copy_from_slice(bytes_of(&real));
                }
            }
        }
        Ok(settled)
    }

    fn settle_one(&self, bytes: &[u8]) -> Result<Option<Entity>, OpError> {
        let mut bits = [0; size_of::<Entity>()];
        bits.copy_from_slice(bytes);
        match Entity::from_bits(u64::from_le_bytes(bits)) {
            Some(entity) if entity.promise().is_some() => self.resolve(entity).map(Some),
            _ => Ok(None),
        }
    }

    /// The set of a constant list of tables.
    pub fn constant_set(&mut self, tables: &'static [u16]) -> TableSetId {
        match self.last_set {
            Some((last, set)) if core::ptr::eq(last, tables) => set,
            _ => {
                let set = self.batch.sets().intern(tables);
                self.last_set = Some((tables, set));
                set
            }
        }
    }

    /// A new entity for the component set `set`, without rows as yet.
    pub fn spawn(&mut self, set: TableSetId) -> Result<Entity, OpError> {
        let taken = self.batch.spawn(set, 1)?;
        Ok(self.batch.entity_in(taken.block, taken.mask.trailing_zeros()))
    }

    /// Ends the life of `entity`.
    pub fn despawn(&mut self, entity: Entity) -> Result<(), OpError> {
        let entity = self.living(entity)?;
        Ok(self.batch.despawn(entity)?)
    }

    /// Stores a row for a new entity, which has none in the table.
    pub fn insert_new(&mut self, table: u16, slot: u32, row: &[u8]) -> Result<(), OpError> {
        let row = self.settle(table, row)?;
        self.batch.insert_run(table, slot, 1)?.copy_from_slice(&row);
        Ok(())
    }

    /// Stores a row, in place of an earlier one if there is one.
    pub fn insert(&mut self, table: u16, entity: Entity, row: &[u8]) -> Result<(), OpError> {
        let entity = self.living(entity)?;
        let row = self.settle(table, row)?;
        self.batch.put(table, entity.slot(), &row)?;
        Ok(())
    }

    /// Replaces a row, which must exist.
    pub fn replace(&mut self, table: u16, entity: Entity, row: &[u8]) -> Result<(), OpError> {
        let entity = self.current(entity)?;
        let row = self.settle(table, row)?;
        match self.batch.row_mut(table, entity.slot(), ColumnSet::ALL)? {
            Some(place) => place.copy_from_slice(&row),
            None => return Err(self.missing(table, entity)),
        }
        Ok(())
    }

    /// Removes a row, which must exist.
    pub fn remove(&mut self, table: u16, entity: Entity) -> Result<(), OpError> {
        let entity = self.current(entity)?;
        if self.batch.remove(table, entity.slot())? { Ok(()) } else { Err(self.missing(table, entity)) }
    }

    /// Changes one field of a row, which must exist.
    pub fn assign(&mut self, id: FieldId, entity: Entity, op: UpdateOp, operand: &[u8]) -> Result<(), OpError> {
        let entity = self.current(entity)?;
        let Place { start, size, .. } = self.catalog.place(id);
        let operand = self.settle_field(id, operand)?;
        let mut result = [0; NUMBER_BYTES_MAX];
        let value = if op == UpdateOp::Set {
            &operand
        } else {
            // Computed before the page is touched: an update that cannot be done leaves no trace.
            let Some(row) = self.batch.version().tables[usize::from(id.table)].row_bytes(entity.slot()) else {
                return Err(self.missing(id.table, entity));
            };
            let found = &row[start..start + size];
            let schema = self.catalog.table(id.table);
            let field = &schema.fields[usize::from(id.field)];
            let computed = result.get_mut(..size).is_some_and(|result| {
                result.copy_from_slice(found);
                arithmetic::update(&field.field_type, op, result, &operand).is_ok()
            });
            if !computed {
                return Err(OpError::OutOfRange(Box::new(RangeFailure {
                    table: schema.name.to_string(),
                    entity,
                    field: field.name.to_string(),
                    found: Value::decode(&field.field_type, found),
                    operation: format!(
                        "{} {}",
                        if op == UpdateOp::Add { "adding" } else { "subtracting" },
                        Value::decode(&field.field_type, &operand)
                    ),
                })));
            }
            &result[..size]
        };
        match self.batch.row_mut(id.table, entity.slot(), ColumnSet::one(id.field))? {
            Some(row) => copy_field(&mut row[start..start + size], value),
            None => return Err(self.missing(id.table, entity)),
        }
        Ok(())
    }

    /// The value of a field with every promised entity in it replaced by the real one.
    fn settle_field<'v>(&self, id: FieldId, value: &'v [u8]) -> Result<Cow<'v, [u8]>, OpError> {
        let mut settled = Cow::Borrowed(value);
        if self.catalog.place(id).is_entity {
            for start in (0..value.len()).step_by(size_of::<Entity>()) {
                if let Some(real) = self.settle_one(&value[start..start + size_of::<Entity>()])? {
                    settled.to_mut()[start..start + size_of::<Entity>()].copy_from_slice(bytes_of(&real));
                }
            }
        }
        Ok(settled)
    }

    /// Fails unless the field of the row, which must exist, compares as asked.
    pub fn require(&self, id: FieldId, entity: Entity, op: CompareOp, expected: &[u8]) -> Result<(), OpError> {
        let entity = self.current(entity)?;
        let expected = &*self.settle_field(id, expected)?;
        let Some(row) = self.batch.version().tables[usize::from(id.table)].row_bytes(entity.slot()) else {
            return Err(self.missing(id.table, entity));
        };
        let schema = self.catalog.table(id.table);
        let field = &schema.fields[usize::from(id.field)];
        let found = &row[field.offset as usize..][..field.field_type.size()];
        if arithmetic::holds(&field.field_type, op, found, expected) {
            return Ok(());
        }
        Err(OpError::GuardFailed(Box::new(GuardFailure {
            table: schema.name.to_string(),
            entity,
            field: field.name.to_string(),
            op,
            expected: Value::decode(&field.field_type, expected),
            found: Value::decode(&field.field_type, found),
        })))
    }
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
