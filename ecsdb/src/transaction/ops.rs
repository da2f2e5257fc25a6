//! Operations in one buffer, as a builder writes them: no allocation for each. [`ops_run`](super::ops_run) reads them.
//!
//! The buffer never leaves the process, so it has no format to keep.

use std::sync::Arc;

use smallvec::SmallVec;

use super::assign::collected;
use super::catalog::ColumnId;
use super::guards::{Seen, SeenSet};
use super::ops_run::{Reader, read_entity};
use crate::bytes::{HeapPlace, RowBytes};
use crate::component::{Assignments, Change, CompareOp, Field, Operand};
use crate::entity::Entity;
use crate::query::Node;

/// What an operation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Kind {
    Spawn,
    Insert,
    Replace,
    Remove,
    Despawn,
    Assign,
    AssignAll,
    Upsert,
    Require,
    RequireRow,
    Present,
    Absent,
    Alive,
    SeenRow,
    SeenLife,
    SeenVersion,
    SeenSet,
    UpdateWhere,
    RemoveWhere,
    DespawnWhere,
    Foreign,
}

impl Kind {
    /// All of them, each at the place of its number.
    pub(super) const ALL: [Self; 21] = [
        Self::Spawn,
        Self::Insert,
        Self::Replace,
        Self::Remove,
        Self::Despawn,
        Self::Assign,
        Self::AssignAll,
        Self::Upsert,
        Self::Require,
        Self::RequireRow,
        Self::Present,
        Self::Absent,
        Self::Alive,
        Self::SeenRow,
        Self::SeenLife,
        Self::SeenVersion,
        Self::SeenSet,
        Self::UpdateWhere,
        Self::RemoveWhere,
        Self::DespawnWhere,
        Self::Foreign,
    ];
}

/// Operations, one after the other.
#[derive(Default)]
pub struct OpBuffer {
    pub(super) bytes: SmallVec<[u8; INLINE]>,
    /// What few buffers have.
    pub(super) extras: Option<Box<Extras>>,
}

debug_as!(OpBuffer);

/// What is not bytes, and what a buffer spawns.
#[derive(Default)]
pub(super) struct Extras {
    /// How many entities it promises.
    pub promises: u32,
    /// Tables that promised entities get after their spawn: they count for where the entity is put.
    pub later: Vec<(u32, u16)>,
    /// The conditions that bulk operations have, in their order.
    pub conditions: Vec<Arc<Node>>,
    /// The sets that guards expect, in their order.
    pub sets: Vec<SeenSet>,
}

/// How many bytes travel inside the message: enough for two updates of a number. They need no allocation, which the
/// writer would have to give back to the heap of another thread, and lie where the writer looks anyway.
const INLINE: usize = 48;

/// Stands in operations on nobody.
const NOBODY: Entity = Entity::promised(u32::MAX - 1);

/// Bytes of what every operation but a spawn starts with: kind, table and entity.
const HEAD: usize = 11;

/// Bytes of what follows if the operation is on a field: its number, and what is to be done.
const FIELD: usize = 3;

#[inline]
fn head(kind: Kind, table: u16, entity: Entity) -> [u8; HEAD] {
    let mut head = [0; HEAD];
    head[0] = kind as u8;
    head[1..3].copy_from_slice(&table.to_le_bytes());
    head[3..].copy_from_slice(&entity.to_bits().to_le_bytes());
    head
}

impl OpBuffer {
    /// What it takes in the queue, in bytes.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    fn put(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    fn head(&mut self, kind: Kind, table: u16, entity: Entity) {
        self.put(&head(kind, table, entity));
    }

    /// An operation on a field: `op` with `value`.
    #[inline]
    fn field(&mut self, kind: Kind, id: ColumnId, entity: Entity, op: u8, value: RowBytes<'_>, has_heap: bool) {
        // Put together first: a small value goes in with one step.
        let mut bytes = [0; HEAD + FIELD + 8];
        bytes[..HEAD].copy_from_slice(&head(kind, id.table, entity));
        bytes[HEAD..HEAD + 2].copy_from_slice(&id.column.to_le_bytes());
        bytes[HEAD + 2] = op;
        match bytes.get_mut(HEAD + FIELD..HEAD + FIELD + value.row.len()) {
            Some(room) => {
                room.copy_from_slice(value.row);
                self.put(&bytes[..HEAD + FIELD + value.row.len()]);
            }
            None => {
                self.put(&bytes[..HEAD + FIELD]);
                self.put(value.row);
            }
        }
        if has_heap {
            self.put(&HeapPlace::new(0, value.heap.len() as u32).to_bytes());
            self.put(value.heap);
        }
    }

    /// How many changes follow, and the changes.
    fn changes(&mut self, changes: &[Change<'_>]) {
        self.put(&[changes.len() as u8]);
        for change in changes {
            self.put(&change.column.to_le_bytes());
            self.put(&[change.op as u8]);
            self.put(change.operand.row);
            if change.has_heap {
                self.put(&HeapPlace::new(0, change.operand.heap.len() as u32).to_bytes());
                self.put(change.operand.heap);
            }
        }
    }

    fn row_bytes(&mut self, row: RowBytes<'_>) {
        self.put(row.row);
        self.put(row.heap);
    }

    /// A new entity with rows in `tables`. The rows follow with [`Self::row`], in the order of calls.
    pub fn spawn(&mut self, tables: usize) -> Entity {
        self.put(&[Kind::Spawn as u8]);
        self.put(&(tables as u16).to_le_bytes());
        let extras = self.extras.get_or_insert_default();
        let entity = Entity::promised(extras.promises);
        extras.promises += 1;
        entity
    }

    /// One row of the entity that was spawned last.
    pub fn row(&mut self, table: u16, row: RowBytes<'_>) {
        self.put(&table.to_le_bytes());
        self.row_bytes(row);
    }

    /// Notes that a promised entity gets a row after its spawn.
    fn gets_later(&mut self, table: u16, entity: Entity) {
        if let Some(index) = entity.promise()
            && let Some(extras) = &mut self.extras
        {
            extras.later.push((index, table));
        }
    }

    /// Store a row.
    pub fn insert(&mut self, table: u16, entity: Entity, row: RowBytes<'_>) {
        self.gets_later(table, entity);
        self.head(Kind::Insert, table, entity);
        self.row_bytes(row);
    }

    /// Replace a row.
    pub fn replace(&mut self, table: u16, entity: Entity, row: RowBytes<'_>) {
        self.head(Kind::Replace, table, entity);
        self.row_bytes(row);
    }

    /// Do `changes` to the row if there is one, or else store `row`.
    pub fn upsert(&mut self, table: u16, entity: Entity, row: RowBytes<'_>, changes: &[Change<'_>]) {
        self.gets_later(table, entity);
        self.head(Kind::Upsert, table, entity);
        self.row_bytes(row);
        self.changes(changes);
    }

    /// Remove a row.
    pub fn remove(&mut self, table: u16, entity: Entity) {
        self.head(Kind::Remove, table, entity);
    }

    /// End a life.
    pub fn despawn(&mut self, entity: Entity) {
        self.head(Kind::Despawn, 0, entity);
    }

    /// Change a row: one field, or several all or none.
    #[inline]
    pub fn update<A: Assignments>(&mut self, table: u16, entity: Entity, changes: &A) {
        if A::COUNT == 1 {
            let Ok(()) = changes.each(|Change { column, op, operand, has_heap }| {
                self.field(Kind::Assign, ColumnId { table, column }, entity, op as u8, operand, has_heap);
                Ok::<(), core::convert::Infallible>(())
            });
        } else {
            self.head(Kind::AssignAll, table, entity);
            self.changes(&collected(changes));
        }
    }

    /// Fail unless a field compares as asked.
    pub fn require<F: Field>(&mut self, id: ColumnId, entity: Entity, op: CompareOp, expected: &Operand<F>) {
        self.field(Kind::Require, id, entity, op as u8, expected.row_bytes(), F::USES_HEAP);
    }

    /// Fail unless the row has these values.
    pub fn require_row(&mut self, table: u16, entity: Entity, expected: RowBytes<'_>) {
        self.head(Kind::RequireRow, table, entity);
        self.row_bytes(expected);
    }

    /// Fail unless there is a row.
    pub fn require_present(&mut self, table: u16, entity: Entity) {
        self.head(Kind::Present, table, entity);
    }

    /// Fail if there is a row.
    pub fn require_absent(&mut self, table: u16, entity: Entity) {
        self.head(Kind::Absent, table, entity);
    }

    /// Fail unless `entity` is alive.
    pub fn require_alive(&mut self, entity: Entity) {
        self.head(Kind::Alive, 0, entity);
    }

    /// Fail unless a row is as it was seen, or there is none as there was none.
    pub fn expect_row(&mut self, seen: Seen<'_>) {
        self.head(Kind::SeenRow, seen.table, seen.entity);
        self.put(&seen.version.to_le_bytes());
        self.put(&[u8::from(seen.row.is_some())]);
        if let Some(row) = seen.row {
            self.row_bytes(row);
        }
    }

    /// Fail unless `entity` is alive, or not, as it was in version `version`.
    pub fn expect_life(&mut self, version: u64, entity: Entity, was_alive: bool) {
        self.head(Kind::SeenLife, 0, entity);
        self.put(&version.to_le_bytes());
        self.put(&[u8::from(was_alive)]);
    }

    /// Fail unless nothing was committed since version `version`.
    pub fn expect_version(&mut self, version: u64) {
        self.head(Kind::SeenVersion, 0, NOBODY);
        self.put(&version.to_le_bytes());
    }

    /// Fail unless a condition holds for the entities that it held for, and for no others.
    pub fn expect_set(&mut self, set: SeenSet) {
        self.head(Kind::SeenSet, 0, NOBODY);
        self.extras.get_or_insert_default().sets.push(set);
    }

    /// Change all rows of a table that a condition holds for. They are counted.
    pub fn update_where<A: Assignments>(&mut self, table: u16, condition: Arc<Node>, changes: &A) {
        self.head(Kind::UpdateWhere, table, NOBODY);
        self.changes(&collected(changes));
        self.extras.get_or_insert_default().conditions.push(condition);
    }

    /// Remove all rows of a table that a condition holds for. They are counted.
    pub fn remove_where(&mut self, table: u16, condition: Arc<Node>) {
        self.head(Kind::RemoveWhere, table, NOBODY);
        self.extras.get_or_insert_default().conditions.push(condition);
    }

    /// End the lives of all entities that a condition holds for. They are counted.
    pub fn despawn_where(&mut self, condition: Arc<Node>) {
        self.head(Kind::DespawnWhere, 0, NOBODY);
        self.extras.get_or_insert_default().conditions.push(condition);
    }

    /// How many operations there are that count.
    pub fn counted(&self) -> usize {
        self.extras.as_ref().map_or(0, |extras| extras.conditions.len())
    }

    /// Fail: a guard was made from a snapshot of another database.
    pub fn refuse_foreign_snapshot(&mut self) {
        self.head(Kind::Foreign, 0, NOBODY);
    }

    /// The table and the entity of the first operation, unless that is a spawn.
    #[inline]
    pub fn first(&self) -> Option<(u16, Entity)> {
        let mut head = Reader::new(self.bytes.get(..HEAD)?);
        let kind = head.take(1)[0];
        let (table, entity) = (head.u16(), head.take(size_of::<Entity>()));
        if kind == Kind::Spawn as u8 {
            return None;
        }
        Some((table, read_entity(entity)))
    }
}
