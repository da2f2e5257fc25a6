//! Bringing the indexes in line with the rows.
//!
//! The pages that the running transaction has touched since the last time are compared with what they were; first everything
//! goes that has to go, then everything comes, so that two rows may swap a value that only one may have. Then a new stamp is in force: pages that
//! are touched again get another undo record, which the next comparison begins with.

use super::IndexWriter;
use super::definition::{IndexDefinition, IndexRole, slot_of};
use super::nodes::NodeEdit;
use super::pending::{Change, OldPage, Pending};
use super::tree::{SLOT_BYTES, TreeEdit};
use super::unique::Suspect;
use crate::entity::Entity;
use crate::schema::{IndexKind, entity_of_key};
use crate::storage::edit::{Batch, StorageError};
use crate::storage::pool::MemoryLimit;
use crate::storage::reference::NewReference;

/// An entry that has come or gone with the last [`Batch::settle_indexes`].
#[derive(Clone, Copy, Debug)]
pub struct IndexChange<'a> {
    /// The number of the index.
    pub index: u16,
    /// Whether it has come.
    pub is_new: bool,
    /// Its key.
    pub key: &'a [u8],
    /// The slot of its row.
    pub slot: u32,
}

impl Batch<'_> {
    /// Whether the indexes say what the rows are.
    #[inline]
    pub fn is_settled(&self) -> bool {
        !self.version.unsettled
    }

    /// Brings the indexes in line with the rows. Costs nothing if no row of a table with indexes was touched since the last
    /// time.
    ///
    /// Two rows may have the same key in a unique index until the end of the transaction: see [`Self::twins`].
    pub fn settle_indexes(&mut self) -> Result<(), StorageError> {
        if self.is_settled() {
            return Ok(());
        }
        if let Some(error) = self.failure() {
            // What is half done is taken back as a whole: rows without their heaps, and nodes without their parents.
            return Err(error);
        }
        let settled = self.settle();
        self.doom(settled)
    }

    /// What [`Self::settle_indexes`] has done the last time that it had to do something.
    pub fn index_changes(&self) -> impl Iterator<Item = IndexChange<'_>> {
        let changes = self.indexes.pending.changes(&self.version.indexes.definitions);
        changes.map(|(change, entry)| {
            let (key, _) = entry.split_at(entry.len() - SLOT_BYTES);
            IndexChange { index: change.index, is_new: change.is_new, key, slot: slot_of(entry) }
        })
    }

    fn settle(&mut self) -> Result<(), MemoryLimit> {
        let definitions = std::sync::Arc::clone(&self.version.indexes.definitions);
        let mut pending = core::mem::take(&mut self.indexes.pending);
        pending.clear();
        for record in self.undo.unsettled() {
            let table = &self.version.tables[usize::from(record.table)];
            if table.is_indexed() {
                let (words, written) = self.undo.words(record, table.geometry());
                let old = OldPage {
                    table: record.table,
                    page: record.page as usize,
                    rows: record.before.as_ref(),
                    words,
                    written,
                    columns: record.columns,
                };
                pending.compare(&old, table, &definitions, |_| true);
            }
        }
        self.apply_index_changes(pending)?;
        self.version.unsettled = false;
        self.undo.begin_savepoint();
        *self.serial += 1;
        Ok(())
    }

    /// Takes out of the indexes what goes, and puts in what comes.
    pub(super) fn apply_index_changes(&mut self, mut pending: Pending) -> Result<(), MemoryLimit> {
        let definitions = std::sync::Arc::clone(&self.version.indexes.definitions);
        pending.sort(&definitions);
        let mut changes = pending.changes(&definitions).peekable();
        let mut done = Ok(());
        while let (Ok(()), Some(number)) = (&done, changes.peek().map(|(change, _)| change.index)) {
            let of_index = core::iter::from_fn(|| changes.next_if(|(change, _)| change.index == number));
            done = self.apply_to_index(number, &definitions.all()[usize::from(number)], pending.net(number), of_index);
        }
        drop(changes);
        self.indexes.pending = pending;
        done
    }

    /// As [`Self::apply_index_changes`], of index number `number`, which has `net` more entries afterwards.
    fn apply_to_index<'e>(
        &mut self,
        number: u16,
        index: &IndexDefinition,
        net: i64,
        changes: impl Iterator<Item = (Change, &'e [u8])>,
    ) -> Result<(), MemoryLimit> {
        let shape = self.version.indexes.nodes[usize::from(number)].shape;
        self.indexes.undo.note_shape(number, shape);
        if index.kind == IndexKind::Hash {
            self.edit_tree(number, index, &[]).widen(shape.entries.saturating_add_signed(net))?;
        }
        for (change, entry) in changes {
            let changed = if change.is_new {
                self.note_suspect(number, index, entry);
                self.note_reference(index, entry);
                self.edit_tree(number, index, entry).insert(entry)?
            } else {
                self.edit_tree(number, index, entry).remove(entry)?
            };
            debug_assert!(changed, "an entry comes once and goes once");
        }
        if index.kind == IndexKind::Hash {
            self.edit_tree(number, index, &[]).narrow()?;
        }
        Ok(())
    }

    /// Notes the reference that `entry`, which comes, is, if the index is there for references.
    fn note_reference(&mut self, index: &IndexDefinition, entry: &[u8]) {
        let IndexRole::Reference(field) = index.role else { return };
        let key = &entry[..entry.len() - SLOT_BYTES];
        let entity = &key[key.len() - size_of::<Entity>()..];
        if let Some(target) = entity_of_key(entity) {
            self.references.note_new(NewReference { table: index.table, field, slot: slot_of(entry), target });
        }
    }

    /// Notes that the row of `entry`, which comes, has the key of another one.
    fn note_suspect(&mut self, number: u16, index: &IndexDefinition, entry: &[u8]) {
        let (key, _) = entry.split_at(entry.len() - SLOT_BYTES);
        if !index.is_unique || index.has_none(key) {
            return;
        }
        let mut from = smallvec::SmallVec::<[u8; 64]>::from_slice(entry);
        from[key.len()..].fill(0);
        if self.version.indexes.tree(number, &from).first(&from).is_some_and(|found| found.starts_with(key)) {
            self.indexes.suspects.push(Suspect { index: number, slot: slot_of(entry) });
        }
    }

    /// The tree of index number `number` that has `entry`, or is to have it, to be changed.
    pub(super) fn edit_tree(&mut self, number: u16, index: &IndexDefinition, entry: &[u8]) -> TreeEdit<'_> {
        let layout = index.layout();
        let IndexWriter { numbers, undo, transaction, .. } = &mut *self.indexes;
        let nodes = &mut self.version.indexes.nodes[usize::from(number)];
        TreeEdit {
            root: nodes.root_of(entry),
            nodes: NodeEdit {
                index: number,
                nodes,
                numbers: &mut numbers[usize::from(number)],
                pool: self.pool,
                undo,
                dirty: self.dirty,
                transaction: *transaction,
                first_serial: self.first_serial,
            },
            layout,
        }
    }
}
