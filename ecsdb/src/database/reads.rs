//! What was read of a snapshot, as guards of the transaction that rests on it.

use std::collections::HashSet;
use std::sync::Arc;

use super::snapshot::Snapshot;
use crate::bytes::Heap;
use crate::entity::Entity;
use crate::query::{Condition, View};
use crate::schema::{Schema, TableOf};
use crate::transaction::{OpBuffer, SeenSet};

/// A snapshot, and what was read of it.
pub(super) struct Reads<'s, S: Schema> {
    snapshot: &'s Snapshot<S>,
    guards: OpBuffer,
    rows: HashSet<(u16, Entity)>,
    lives: HashSet<Entity>,
    is_scanned: bool,
}

impl<'s, S: Schema> Reads<'s, S> {
    pub fn new(snapshot: &'s Snapshot<S>) -> Self {
        Self { snapshot, guards: OpBuffer::default(), rows: HashSet::new(), lives: HashSet::new(), is_scanned: false }
    }

    pub fn snapshot(&self) -> &'s Snapshot<S> {
        self.snapshot
    }

    /// What was read, as guards.
    pub fn into_guards(self) -> OpBuffer {
        self.guards
    }

    /// The row of `entity`, which may be one that is only promised: that has none.
    pub fn row<T: TableOf<S>>(&mut self, entity: Entity) -> Option<(&'s T::Row, Heap<'s>)> {
        let snapshot = self.snapshot;
        if entity.promise().is_none() && self.rows.insert((T::INDEX, entity)) {
            self.guards.expect_row(snapshot.seen::<T>(entity));
        }
        if snapshot.contains::<T>(entity) { snapshot.view().stored::<T>(entity.slot()) } else { None }
    }

    /// Whether `entity` is alive.
    pub fn is_alive(&mut self, entity: Entity) -> bool {
        let was_alive = self.snapshot.is_alive(entity);
        if entity.promise().is_none() && self.lives.insert(entity) {
            self.guards.expect_life(self.snapshot.version(), entity, was_alive);
        }
        was_alive
    }

    /// Everything.
    pub fn scan(&mut self) -> View<'s, S> {
        if !core::mem::replace(&mut self.is_scanned, true) {
            self.guards.expect_version(self.snapshot.version());
        }
        self.snapshot.view()
    }

    /// All entities that `condition` holds for, in the order of slots.
    pub fn select(&mut self, condition: &Condition<S>) -> Vec<Entity> {
        let found: Vec<Entity> = self.snapshot.view().query::<Entity>().filter(condition).into_iter().collect();
        let (version, condition) = (self.snapshot.version(), Arc::clone(condition.node()));
        self.guards.expect_set(SeenSet { version, condition, found: found.clone() });
        found
    }
}
