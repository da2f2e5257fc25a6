//! Reading back what an [`OpBuffer`] holds, and doing it.

use std::sync::Arc;

use smallvec::SmallVec;

use super::apply::Apply;
use super::catalog::{Catalog, ColumnId};
use super::error::OpError;
use super::guards::Seen;
use super::ops::{Extras, Kind, OpBuffer};
use crate::bytes::{HeapPlace, RowBytes};
use crate::component::{Change, CompareOp, UpdateOp};
use crate::entity::Entity;
use crate::query::Node;

impl OpBuffer {
    /// Does everything in order, up to the first operation that fails.
    pub fn run(&mut self, apply: &mut Apply<'_>) -> Result<(), OpError> {
        let extras = self.extras.as_deref_mut();
        let (mut later, mut conditions, mut sets): (&[_], _, _) = match extras {
            Some(Extras { later, conditions, sets, .. }) => {
                later.sort_unstable();
                (&later[..], conditions.iter(), sets.iter())
            }
            None => (&[], [].iter(), [].iter()),
        };
        let mut tables = Vec::new();
        let mut reader = Reader::new(&self.bytes);
        while let Some(kind) = reader.kind() {
            let table = reader.u16();
            if kind == Kind::Spawn {
                reader = spawn(reader, usize::from(table), &mut later, &mut tables, apply)?;
                continue;
            }
            let entity = reader.entity();
            match kind {
                Kind::Insert => apply.insert(table, entity, reader.row(apply.catalog, table))?,
                Kind::Replace => apply.replace(table, entity, reader.row(apply.catalog, table))?,
                Kind::Remove => apply.remove(table, entity)?,
                Kind::Despawn => apply.despawn(entity)?,
                Kind::Assign => {
                    let Change { column, op, operand, .. } = reader.change(apply.catalog, table);
                    apply.assign(ColumnId { table, column }, entity, op, operand)?;
                }
                Kind::AssignAll => apply.assign_all(table, entity, &reader.changes(apply.catalog, table))?,
                Kind::Upsert => {
                    let row = reader.row(apply.catalog, table);
                    apply.upsert(table, entity, row, &reader.changes(apply.catalog, table))?;
                }
                Kind::UpdateWhere => {
                    let changes = reader.changes(apply.catalog, table);
                    let count = apply.update_where(table, next::<Arc<Node>>(&mut conditions), &changes)?;
                    apply.counts.push(count);
                }
                Kind::RemoveWhere => {
                    let count = apply.remove_where(table, next::<Arc<Node>>(&mut conditions))?;
                    apply.counts.push(count);
                }
                Kind::DespawnWhere => {
                    let count = apply.despawn_where(next::<Arc<Node>>(&mut conditions))?;
                    apply.counts.push(count);
                }
                Kind::SeenSet => apply.expect_set(next(&mut sets))?,
                guard => reader.guard(guard, table, entity, apply)?,
            }
        }
        Ok(())
    }
}

/// What belongs to the operation at hand: each has put one there.
fn next<'a, T>(rest: &mut core::slice::Iter<'a, T>) -> &'a T {
    rest.next().expect("as many as there are operations that have one")
}

/// Spawns the next promised entity with the `count` rows that follow, in the extent of all components that it will have.
fn spawn<'b>(
    mut reader: Reader<'b>,
    count: usize,
    later: &mut &[(u32, u16)],
    tables: &mut Vec<u16>,
    apply: &mut Apply<'_>,
) -> Result<Reader<'b>, OpError> {
    let promise = apply.promises.len() as u32;
    tables.clear();
    let mut ahead = Reader::new(reader.rest);
    for _ in 0..count {
        let table = ahead.u16();
        ahead.row(apply.catalog, table);
        tables.push(table);
    }
    while let Some(((_, table), rest)) = later.split_first().filter(|((index, _), _)| *index == promise) {
        tables.push(*table);
        *later = rest;
    }
    tables.sort_unstable();
    tables.dedup();
    let set = apply.batch.sets().intern(tables);
    let entity = apply.spawn(set)?;
    // From here on the entity's own rows may name it.
    apply.promises.push(entity);
    for _ in 0..count {
        let table = reader.u16();
        let row = reader.row(apply.catalog, table);
        apply.insert_new(table, entity.slot(), row)?;
    }
    Ok(reader)
}

/// Reads what an `OpBuffer` wrote, so it never runs short.
pub(super) struct Reader<'b> {
    rest: &'b [u8],
}

impl<'b> Reader<'b> {
    pub(super) fn new(rest: &'b [u8]) -> Self {
        Self { rest }
    }

    /// What comes next, if anything does.
    #[inline]
    pub(super) fn kind(&mut self) -> Option<Kind> {
        let (kind, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(Kind::ALL[usize::from(*kind)])
    }

    /// Reads over what follows the head of a guard, or of an operation that is on no entity.
    pub(super) fn skip_guard(&mut self, kind: Kind, table: u16, catalog: &Catalog) {
        match kind {
            Kind::Require => {
                let id = ColumnId { table, column: self.u16() };
                self.u8();
                self.value(catalog, id);
            }
            Kind::RequireRow => drop(self.row(catalog, table)),
            Kind::SeenRow => {
                self.u64();
                if self.u8() != 0 {
                    self.row(catalog, table);
                }
            }
            Kind::SeenLife => drop((self.u64(), self.u8())),
            Kind::SeenVersion => drop(self.u64()),
            Kind::UpdateWhere => drop(self.changes(catalog, table)),
            _ => {}
        }
    }

    /// Checks a guard.
    fn guard(&mut self, kind: Kind, table: u16, entity: Entity, apply: &Apply<'_>) -> Result<(), OpError> {
        match kind {
            Kind::Require => {
                let id = ColumnId { table, column: self.u16() };
                let op = CompareOp::ALL[usize::from(self.u8())];
                apply.require(id, entity, op, self.value(apply.catalog, id))
            }
            Kind::RequireRow => apply.require_row(table, entity, self.row(apply.catalog, table)),
            Kind::Present => apply.require_present(table, entity),
            Kind::Absent => apply.require_absent(table, entity),
            Kind::Alive => apply.living(entity).map(|_| ()),
            Kind::SeenRow => {
                let (version, is_there) = (self.u64(), self.u8() != 0);
                let row = is_there.then(|| self.row(apply.catalog, table));
                apply.expect_row(Seen { version, table, entity, row })
            }
            Kind::SeenLife => apply.expect_life(self.u64(), entity, self.u8() != 0),
            Kind::SeenVersion => apply.expect_version(self.u64()),
            Kind::Foreign => Err(OpError::ForeignSnapshot),
            _ => unreachable!("not a guard, done by whoever has read its kind"),
        }
    }

    /// A change of one column.
    #[inline]
    pub(super) fn change(&mut self, catalog: &Catalog, table: u16) -> Change<'b> {
        let id = ColumnId { table, column: self.u16() };
        let op = UpdateOp::ALL[usize::from(self.u8())];
        let operand = self.value(catalog, id);
        Change { column: id.column, op, operand, has_heap: catalog.place(id).has_heap }
    }

    /// How many changes there are, and the changes.
    pub(super) fn changes(&mut self, catalog: &Catalog, table: u16) -> SmallVec<[Change<'b>; 4]> {
        (0..self.u8()).map(|_| self.change(catalog, table)).collect()
    }

    pub(super) fn take(&mut self, count: usize) -> &'b [u8] {
        let (taken, rest) = self.rest.split_at(count);
        self.rest = rest;
        taken
    }

    /// A row and its heap.
    #[inline]
    pub(super) fn row(&mut self, catalog: &Catalog, table: u16) -> RowBytes<'b> {
        let row = self.take(catalog.table(table).size as usize);
        if !catalog.has_heap(table) {
            return RowBytes::plain(row);
        }
        let len = HeapPlace::read(&row[row.len() - HeapPlace::BYTES..]).len();
        RowBytes { row, heap: self.take(len) }
    }

    /// The value of a column and its heap.
    #[inline]
    fn value(&mut self, catalog: &Catalog, id: ColumnId) -> RowBytes<'b> {
        let place = catalog.place(id);
        let row = self.take(place.size);
        if !place.has_heap {
            return RowBytes::plain(row);
        }
        let len = HeapPlace::read(self.take(HeapPlace::BYTES)).len();
        RowBytes { row, heap: self.take(len) }
    }

    pub(super) fn u8(&mut self) -> u8 {
        self.take(1)[0]
    }

    fn u64(&mut self) -> u64 {
        let mut bytes = [0; 8];
        bytes.copy_from_slice(self.take(8));
        u64::from_le_bytes(bytes)
    }

    pub(super) fn u16(&mut self) -> u16 {
        let bytes = self.take(2);
        u16::from_le_bytes([bytes[0], bytes[1]])
    }

    pub(super) fn entity(&mut self) -> Entity {
        read_entity(self.take(size_of::<Entity>()))
    }
}

pub(super) fn read_entity(bytes: &[u8]) -> Entity {
    let bits = bytes.try_into().map(u64::from_le_bytes);
    bits.ok().and_then(Entity::from_bits).expect("an entity was written here")
}
