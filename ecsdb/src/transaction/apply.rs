//! Operations without types, on the write buffer: what every kind of transaction comes down to.

use std::borrow::Cow;

use super::catalog::{Catalog, ColumnId, Entities};
use super::error::OpError;
use super::named_entities::{EntityPlace, entity_places};
use crate::bytes::{RowBytes, bytes_of};
use crate::change_set::ColumnSet;
use crate::entity::Entity;
use crate::schema::FieldType;
use crate::storage::{Batch, TableSetId};

/// The running transaction: the write buffer, and what it takes to change it correctly.
pub struct Apply<'a> {
    /// The write buffer.
    pub batch: Batch<'a>,
    /// The schema.
    pub catalog: &'a Catalog,
    /// The entities that a builder has promised, as far as they exist.
    pub promises: Vec<Entity>,
    /// How many rows or entities the bulk operations of a builder have met, in their order.
    pub counts: Vec<u64>,
    /// The tables of the last spawn and their set, since the next spawn is mostly like it.
    last_set: Option<(&'static [u16], TableSetId)>,
}

debug_as!(['a] Apply<'a>);

impl<'a> Apply<'a> {
    /// A transaction that has not done anything.
    pub fn new(batch: Batch<'a>, catalog: &'a Catalog) -> Self {
        Self { batch, catalog, promises: Vec::new(), counts: Vec::new(), last_set: None }
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
    pub(super) fn current(&self, entity: Entity) -> Result<Entity, OpError> {
        if self.batch.version().entities.is_current(entity) { Ok(entity) } else { self.living(entity) }
    }

    /// Why there is no row.
    #[cold]
    pub(super) fn missing(&self, table: u16, entity: Entity) -> OpError {
        match self.living(entity) {
            Ok(entity) => OpError::ComponentMissing { entity, table: self.catalog.table(table).name.to_string() },
            Err(error) => error,
        }
    }

    /// The row with every promised entity in it replaced by the real one.
    pub(super) fn resolve_row<'r>(&self, table: u16, row: RowBytes<'r>) -> Result<Resolved<'r>, OpError> {
        if self.catalog.has_heap(table) {
            self.catalog.table(table).check_heap(row.heap)?;
        }
        let mut resolved = Resolved { row: Cow::Borrowed(row.row), heap: Cow::Borrowed(row.heap) };
        match self.catalog.entities(table) {
            Entities::None => {}
            Entities::Fixed(places) => {
                for place in places {
                    self.resolve_one(&mut resolved.row, *place)?;
                }
            }
            Entities::Anywhere => {
                for field in self.catalog.table(table).fields.iter() {
                    self.resolve_value(&field.field_type, field.offset as usize, row, &mut resolved)?;
                }
            }
        }
        Ok(resolved)
    }

    /// Replaces promised entities in the value of type `field_type` at `start`.
    fn resolve_value(
        &self,
        field_type: &FieldType,
        start: usize,
        row: RowBytes<'_>,
        resolved: &mut Resolved<'_>,
    ) -> Result<(), OpError> {
        let mut places = Vec::new();
        entity_places(field_type, &row.row[start..], row.heap, EntityPlace::Row(start), &mut places);
        places.into_iter().try_for_each(|place| match place {
            EntityPlace::Row(at) => self.resolve_one(&mut resolved.row, at),
            EntityPlace::Heap(at) => self.resolve_one(&mut resolved.heap, at),
        })
    }

    /// The value of a column with every promised entity in it replaced by the real one.
    pub(super) fn resolve_operand<'v>(&self, id: ColumnId, value: RowBytes<'v>) -> Result<Resolved<'v>, OpError> {
        let place = self.catalog.place(id);
        if place.has_heap {
            self.catalog.table(id.table).check_heap(value.heap)?;
        }
        let mut resolved = Resolved { row: Cow::Borrowed(value.row), heap: Cow::Borrowed(value.heap) };
        if place.names_entities {
            self.resolve_value(&place.field_type, 0, value, &mut resolved)?;
        }
        Ok(resolved)
    }

    /// Replaces the entity at `at`, if it is a promised one.
    fn resolve_one(&self, bytes: &mut Cow<'_, [u8]>, at: usize) -> Result<(), OpError> {
        let place = at..at + size_of::<Entity>();
        let mut bits = [0; size_of::<Entity>()];
        bits.copy_from_slice(&bytes[place.clone()]);
        match Entity::from_bits(u64::from_le_bytes(bits)) {
            Some(entity) if entity.promise().is_some() => {
                let real = self.resolve(entity)?;
                bytes.to_mut()[place].copy_from_slice(bytes_of(&real));
            }
            _ => {}
        }
        Ok(())
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

    /// Gives a row that is to be stored for `slot` the numbers of its counted fields.
    fn number(&mut self, table: u16, slot: u32, row: &mut Resolved<'_>) -> Result<(), OpError> {
        if !self.batch.is_counted(table) {
            return Ok(());
        }
        self.batch.number(table, slot, row.row.to_mut()).map_err(|exhausted| {
            let table = self.catalog.table(table);
            let field = table.fields[usize::from(exhausted.field)].name.to_string();
            OpError::NumbersExhausted { table: table.name.to_string(), field }
        })
    }

    /// Stores a row for a new entity, which has none in the table.
    #[inline]
    pub fn insert_new(&mut self, table: u16, slot: u32, row: RowBytes<'_>) -> Result<(), OpError> {
        if self.is_plain(table) {
            self.batch.insert_run(table, slot, 1)?.copy_from_slice(row.row);
            return Ok(());
        }
        self.insert_new_resolved(table, slot, row)
    }

    /// Whether rows of the table are stored as they come: they have no heaps, name no entities, and are not counted.
    #[inline]
    pub fn is_plain(&self, table: u16) -> bool {
        self.catalog.is_plain(table) && !self.batch.is_counted(table)
    }

    #[inline(never)]
    fn insert_new_resolved(&mut self, table: u16, slot: u32, row: RowBytes<'_>) -> Result<(), OpError> {
        let mut row = self.resolve_row(table, row)?;
        self.number(table, slot, &mut row)?;
        self.batch.insert_row(table, slot, row.borrow())?;
        Ok(())
    }

    /// Stores a row, in place of an earlier one if there is one.
    pub fn insert(&mut self, table: u16, entity: Entity, row: RowBytes<'_>) -> Result<(), OpError> {
        let entity = self.living(entity)?;
        if self.is_plain(table) {
            return Ok(self.batch.put(table, entity.slot(), row)?);
        }
        let mut row = self.resolve_row(table, row)?;
        self.number(table, entity.slot(), &mut row)?;
        self.batch.put(table, entity.slot(), row.borrow())?;
        Ok(())
    }

    /// Replaces a row, which must exist.
    pub fn replace(&mut self, table: u16, entity: Entity, row: RowBytes<'_>) -> Result<(), OpError> {
        let entity = self.current(entity)?;
        let mut row = self.resolve_row(table, row)?;
        if self.batch.is_counted(table) {
            if !self.batch.version().tables[usize::from(table)].contains(entity.slot()) {
                return Err(self.missing(table, entity));
            }
            self.number(table, entity.slot(), &mut row)?;
        }
        let replaced = self.batch.replace(table, entity.slot(), ColumnSet::ALL, row.borrow())?;
        if replaced { Ok(()) } else { Err(self.missing(table, entity)) }
    }

    /// Removes a row, which must exist.
    pub fn remove(&mut self, table: u16, entity: Entity) -> Result<(), OpError> {
        let entity = self.current(entity)?;
        if self.batch.remove(table, entity.slot())? { Ok(()) } else { Err(self.missing(table, entity)) }
    }
}

/// A row or a value in which no entity is promised any more.
pub(super) struct Resolved<'r> {
    row: Cow<'r, [u8]>,
    heap: Cow<'r, [u8]>,
}

impl Resolved<'_> {
    pub(super) fn borrow(&self) -> RowBytes<'_> {
        RowBytes { row: &self.row, heap: &self.heap }
    }
}
