//! Tables that change their rows, and tables that come, while versions of the old ones are still read.
//!
//! The new version is made beside the published one. Versions of before are never caught up to it: when nobody reads them any
//! more they are given up.

use std::sync::Arc;

use super::edit::{Batch, StorageError};
use super::index::{Definitions, IndexFailure, Indexes, NodeNumbers, Prebuilt};
use super::store::Store;
use super::table::{PageGeometry, RowShape, Table};
use crate::bytes::RowBytes;
use crate::change_set::ChangeSet;
use crate::schema::DatabaseSchema;
use crate::storage::MovedRow;
use crate::sync::shim::Arc as VersionRef;

impl Store {
    /// Begins a version with the tables of `schema`: those that there are, of which `rewritten` names the ones whose rows are made
    /// anew, and new ones behind them. Of its indexes those are built that there were not, or whose rows are made anew, unless
    /// `prebuilt` has them. `convert` appends the new row for an old one to the buffer, which is empty, with its
    /// heap behind it. Returns the new rows.
    ///
    /// No transaction is running and no batch is open. [`Self::publish_evolved`] or [`Self::abandon_evolved`] follows.
    ///
    /// # Errors
    /// Those of `convert`, if two rows have the same key in a unique index, and if there is no room: everything is as before then.
    pub fn evolve<E: From<StorageError> + From<IndexFailure>>(
        &mut self,
        schema: &Arc<DatabaseSchema>,
        rewritten: &[bool],
        prebuilt: Option<Prebuilt>,
        mut convert: impl FnMut(MovedRow<'_>, &mut Vec<u8>) -> Result<(), E>,
    ) -> Result<ChangeSet, E> {
        self.discard();
        let live = VersionRef::clone(self.live());
        let mut batch = self.batch();
        let is_kept = batch.set_schema(schema, rewritten);
        batch.begin();
        let mut row = Vec::new();
        let mut moved = Ok(());
        'tables: for (number, from) in live.tables.iter().enumerate().filter(|(number, _)| rewritten[*number]) {
            let stride = batch.version.tables[number].geometry().stride();
            for slot in from.slots() {
                let (Some(old), Some(entity)) = (from.stored(slot), live.entities.in_slot(slot)) else { continue };
                row.clear();
                moved = convert(MovedRow { table: number, entity, row: old }, &mut row).and_then(|()| {
                    let (row, heap) = row.split_at(stride);
                    batch.put(number as u16, slot, RowBytes { row, heap }).map_err(E::from)
                });
                if moved.is_err() {
                    break 'tables;
                }
            }
        }
        let moved = moved.and_then(|()| {
            let is_built = |number| prebuilt.as_ref().is_some_and(|prebuilt| prebuilt.has(number));
            batch.build_indexes(|number| !is_kept[usize::from(number)] && !is_built(number))?;
            match prebuilt {
                Some(prebuilt) => Ok(batch.adopt_indexes(prebuilt)?),
                None => Ok(()),
            }
        });
        // What fails is thrown away as a whole.
        batch.version.unsettled = false;
        let mut changes = ChangeSet::default();
        batch.commit_with_changes(live.number + 1, &mut changes);
        changes.burned.clear();
        drop(live);
        match moved {
            Ok(()) => Ok(changes),
            Err(error) => {
                drop(changes);
                self.abandon_evolved();
                Err(error)
            }
        }
    }

    /// Publishes the version that [`Self::evolve`] has begun, as version `number`.
    pub fn publish_evolved(&mut self, number: u64) {
        if let Some(root) = self.close_batch() {
            self.pool_mut().recording.restart_after(number);
            self.roots_mut().publish_apart(root, number);
            let schema = Arc::clone(&self.live().schema);
            self.hold_to(&schema);
        }
    }

    /// Gives up the version that [`Self::evolve`] has begun.
    pub fn abandon_evolved(&mut self) {
        if let Some(root) = self.close_batch() {
            let geometries: Vec<PageGeometry> = self.live().tables.iter().map(Table::geometry).collect();
            self.give_up_root(root);
            self.pool_mut().set_tables(&geometries);
            self.recount_nodes();
        }
    }
}

impl Batch<'_> {
    /// Has the version, which nobody has seen yet, the tables of `schema`: those that `rewritten` names are empty, and so are new ones behind
    /// them. Returns which indexes are left as they are: their rows and their keys stay.
    fn set_schema(&mut self, schema: &Arc<DatabaseSchema>, rewritten: &[bool]) -> Vec<bool> {
        let mut tables = core::mem::take(&mut self.version.tables).into_vec();
        for (number, table) in schema.tables().iter().enumerate() {
            if rewritten.get(number) == Some(&false) {
                continue;
            }
            let table = Table::new(RowShape::of(table));
            self.pool.set_table(number as u16, table.geometry());
            match tables.get_mut(number) {
                Some(old) => *old = table,
                None => tables.push(table),
            }
        }
        self.version.tables = tables.into();
        self.version.schema = Arc::clone(schema);
        let indexes = Arc::new(Definitions::of(schema));
        // An index whose rows and whose key stay as they are stays as it is.
        let before = core::mem::replace(&mut self.version.indexes, Indexes::empty(indexes));
        let is_kept = self.version.indexes.keep(before, |table| rewritten.get(usize::from(table)) == Some(&false));
        self.indexes.numbers = self.version.indexes.nodes.iter().map(NodeNumbers::of).collect();
        self.version.mark_indexed();
        is_kept
    }
}
