//! What the operations in a buffer make of one row, without a write buffer: so that a transaction that is still being put together
//! can read what it has written.
//!
//! Bulk operations are not replayed: what they change is for the writer to find out, and no transaction that reads has them. Decides
//! nothing: the writer does the same operations again on whatever the rows are then.

use super::assign::RowBuf;
use super::catalog::Catalog;
use super::error::OpError;
use super::ops::{Extras, Kind, OpBuffer};
use super::ops_run::Reader;
use crate::entity::Entity;

/// One row, and whether its entity is alive.
pub struct Replayed {
    /// The row.
    pub row: Option<RowBuf>,
    /// Whether its entity is alive.
    pub is_alive: bool,
}

debug_as!(Replayed);

impl OpBuffer {
    /// What the operations make of the row of `entity` in `table`, from `state` on. Cost: a step for each operation.
    ///
    /// Fails as the operations on the row would, if the row was what `state` says.
    pub fn replay(
        &self,
        catalog: &Catalog,
        table: u16,
        entity: Entity,
        mut state: Replayed,
    ) -> Result<Replayed, OpError> {
        let missing = || OpError::ComponentMissing { entity, table: catalog.table(table).name.to_string() };
        let mut reader = Reader::new(&self.bytes);
        let mut promises = 0;
        while let Some(kind) = reader.kind() {
            let of = reader.u16();
            if kind == Kind::Spawn {
                let is_its = entity.promise() == Some(promises);
                promises += 1;
                state.is_alive |= is_its;
                for _ in 0..of {
                    let of = reader.u16();
                    let row = reader.row(catalog, of);
                    if is_its && of == table {
                        state.row = Some(RowBuf::of(row));
                    }
                }
                continue;
            }
            let whose = reader.entity();
            let is_it = whose == entity && of == table;
            match kind {
                Kind::Insert | Kind::Replace => {
                    let row = reader.row(catalog, of);
                    if is_it {
                        if kind == Kind::Replace && state.row.is_none() {
                            return Err(missing());
                        }
                        state.row = Some(RowBuf::of(row));
                    }
                }
                Kind::Upsert => {
                    let (row, changes) = (reader.row(catalog, of), reader.changes(catalog, of));
                    match &mut state.row {
                        Some(row) if is_it => {
                            changes.into_iter().try_for_each(|change| row.change(catalog, table, entity, change))?;
                        }
                        none if is_it => *none = Some(RowBuf::of(row)),
                        _ => {}
                    }
                }
                Kind::Assign | Kind::AssignAll => {
                    let count = if kind == Kind::Assign { 1 } else { reader.u8() };
                    for _ in 0..count {
                        let change = reader.change(catalog, of);
                        if is_it {
                            state.row.as_mut().ok_or_else(missing)?.change(catalog, table, entity, change)?;
                        }
                    }
                }
                Kind::Remove if is_it => drop(state.row.take().ok_or_else(missing)?),
                Kind::Remove => {}
                Kind::Despawn if whose == entity => state = Replayed { row: None, is_alive: false },
                Kind::Despawn => {}
                guard => reader.skip_guard(guard, of, catalog),
            }
        }
        Ok(state)
    }

    /// Whether an entity that they spawn or despawn is alive after them.
    pub fn lives(&self, catalog: &Catalog, entity: Entity) -> bool {
        let state = Replayed { row: None, is_alive: entity.promise().is_none() };
        // Of no table: rows are not looked at, so nothing can fail.
        self.replay(catalog, u16::MAX, entity, state).is_ok_and(|state| state.is_alive)
    }

    /// Adds the operations of `other` behind those that there are, which are guards.
    pub fn append(&mut self, other: Self) {
        self.bytes.extend_from_slice(&other.bytes);
        self.extras = match (self.extras.take(), other.extras) {
            (Some(guards), Some(others)) => {
                debug_assert!(guards.promises == 0 && guards.conditions.is_empty(), "guards spawn and change nothing");
                debug_assert!(others.sets.is_empty(), "sets are expected by guards, which come first");
                Some(Box::new(Extras { sets: guards.sets, ..*others }))
            }
            (extras, None) | (None, extras) => extras,
        };
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }
}
