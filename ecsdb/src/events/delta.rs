//! What became of single rows, in bytes: from touched rows to what somebody asked for.

use std::sync::Arc;

use crate::bytes::RowBytes;
use crate::change_set::{ChangeSet, NamedRow, same_rows};
use crate::entity::Entity;

/// What became of the row of one entity.
#[derive(Clone, Copy)]
pub enum Delta<'a> {
    /// It is there and was not.
    Added {
        /// Whose row it is.
        entity: Entity,
        /// The row.
        new: RowBytes<'a>,
    },
    /// It has other bytes.
    Changed {
        /// Whose row it is.
        entity: Entity,
        /// The row before.
        old: RowBytes<'a>,
        /// The row now.
        new: RowBytes<'a>,
    },
    /// It was there and is not.
    Removed {
        /// Whose row it was.
        entity: Entity,
        /// The row before.
        old: RowBytes<'a>,
    },
}

/// A condition on the bytes of the row of an entity.
pub type RowFilter = Arc<dyn Fn(Entity, RowBytes<'_>) -> bool + Send + Sync>;

/// Which rows somebody asked for. A row that comes to be one of them is added, one that ceases to be is removed: nobody is left
/// with a row that does not belong to what was asked for.
#[derive(Clone)]
pub struct Sieve {
    /// The number of the table.
    pub table: u16,
    /// One entity, or all.
    pub entity: Option<Entity>,
    /// What must hold for the row. Several must all hold.
    pub filters: Vec<RowFilter>,
}

impl Sieve {
    /// All rows of a table.
    pub fn table(table: u16) -> Self {
        Self { table, entity: None, filters: Vec::new() }
    }

    fn passes(&self, row: Option<(Entity, RowBytes<'_>)>) -> bool {
        row.is_some_and(|(entity, row)| {
            self.entity.is_none_or(|wanted| wanted == entity) && self.filters.iter().all(|filter| filter(entity, row))
        })
    }

    /// What `changes`, which names its entities, did to the rows that were asked for. Of one slot the removal comes before the
    /// addition.
    pub fn deltas<'a>(&'a self, changes: &'a ChangeSet) -> impl Iterator<Item = Delta<'a>> + 'a {
        changes.pages().filter(|page| page.table() == self.table).flat_map(move |page| {
            let has_heap = page.has_heap();
            page.named_rows().flat_map(move |row| self.of_row(row, has_heap).into_iter().flatten())
        })
    }

    fn of_row<'a>(&self, row: NamedRow<'a>, has_heap: bool) -> [Option<Delta<'a>>; 2] {
        let old = row.before.filter(|before| self.passes(Some(*before)));
        let new = row.after.filter(|after| self.passes(Some(*after)));
        let removed = old.map(|(entity, old)| Delta::Removed { entity, old });
        let added = new.map(|(entity, new)| Delta::Added { entity, new });
        match (old, new) {
            (Some((entity, old)), Some((still, new))) if entity == still => {
                let is_same = same_rows(has_heap, old, new);
                [None, (!is_same).then_some(Delta::Changed { entity, old, new })]
            }
            _ => [removed, added],
        }
    }
}
