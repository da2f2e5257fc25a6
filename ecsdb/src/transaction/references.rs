//! References at the end of a transaction: what follows from rows that went, and whether every reference leads somewhere.
//!
//! Owns `on_delete`. Nothing is checked before the end, so the order of operations within a transaction does not matter: a
//! row may refer to one that comes later, and one that others refer to may go before them. It goes level by level: what
//! refers to the rows that went is found by the reverse indexes, and what is removed for that is the next level. A row goes
//! once, so this ends, whatever refers to what.

use std::collections::HashMap;

use super::catalog::Catalog;
use super::error::OpError;
use crate::bytes::{RowBytes, bytes_of};
use crate::change_set::ColumnSet;
use crate::entity::Entity;
use crate::schema::{Encoded, FieldType, OnDelete, Value};
use crate::storage::{Batch, IndexRead, IndexRole, ReferenceField, StorageError};

/// A row that refers to one that went, or in a list to several.
struct Left<'c> {
    field: &'c ReferenceField,
    slot: u32,
    target: Entity,
    /// What else went of the list. The whole list is read and written at once, however many go.
    others: Vec<Entity>,
}

impl Left<'_> {
    /// The first of what went that the row still refers to, if the row is still there.
    fn refers_to(&self, batch: &Batch<'_>) -> Option<Entity> {
        let row = batch.version().tables[usize::from(self.field.table)].stored(self.slot)?;
        let targets = self.field.targets(row);
        core::iter::once(&self.target).chain(&self.others).copied().find(|gone| targets.contains(gone))
    }

    /// Whether the row is still there, and still refers to what went.
    fn is_there(&self, batch: &Batch<'_>) -> bool {
        self.refers_to(batch).is_some()
    }
}

/// Does what the references of the schema ask for, and brings the indexes in line with it.
///
/// # Errors
/// [`OpError::Dangling`] if a reference leads nowhere, [`OpError::Restricted`] if a row went that another one still refers to.
pub fn hold(batch: &mut Batch<'_>, catalog: &Catalog) -> Result<(), OpError> {
    batch.settle_indexes()?;
    let references = catalog.references();
    if references.is_empty() {
        return Ok(());
    }
    let mut restricted = Vec::new();
    loop {
        let left = left_behind(batch, catalog);
        if left.is_empty() {
            break;
        }
        for left in left {
            if !left.is_there(batch) {
                continue;
            }
            let (table, slot) = (left.field.table, left.slot);
            match left.field.on_delete {
                OnDelete::Restrict => restricted.push(left),
                OnDelete::Cascade => {
                    if let Some(entity) = batch.version().entities.in_slot(slot) {
                        batch.despawn(entity)?;
                    }
                }
                OnDelete::Remove => {
                    batch.remove(table, slot)?;
                }
                OnDelete::SetNull => forget(batch, catalog, left)?,
            }
        }
        batch.settle_indexes()?;
    }
    let broken = restricted.iter().find_map(|left| Some((left, left.refers_to(batch)?)));
    if let Some((left, target)) = broken {
        let failure = batch.version().reference_failure(catalog.schema(), left.field, left.slot, target);
        return failure.map_or(Ok(()), |failure| Err(OpError::Restricted(failure)));
    }
    lead_somewhere(batch, catalog)
}

/// The rows that refer to rows that went, and did not come back. A list is there once, whatever it loses.
fn left_behind<'c>(batch: &mut Batch<'_>, catalog: &'c Catalog) -> Vec<Left<'c>> {
    let mut left: Vec<Left<'c>> = Vec::new();
    let mut lists: HashMap<(u16, u16, u32), usize> = HashMap::new();
    for (table, target) in batch.take_removed() {
        if batch.version().has_row(table, target) {
            continue;
        }
        for field in catalog.references().to_table(table) {
            let index = IndexRead::find(batch.version(), field.table, IndexRole::Reference(field.field));
            let Some(index) = index else { continue };
            let probe = index.definition().key.probe(RowBytes::plain(bytes_of(&target)), 1);
            for slot in index.equal(probe) {
                if let FieldType::List(_) = field.field_type {
                    let at = *lists.entry((field.table, field.field, slot)).or_insert(left.len());
                    if let Some(list) = left.get_mut(at) {
                        list.others.push(target);
                        continue;
                    }
                }
                left.push(Left { field, slot, target, others: Vec::new() });
            }
        }
    }
    left
}

/// Makes the reference none; takes all that went out of a list.
fn forget(batch: &mut Batch<'_>, catalog: &Catalog, left: Left<'_>) -> Result<(), StorageError> {
    let Left { field, slot, target, others: mut gone } = left;
    let columns = ColumnSet::one(field.field);
    if !matches!(field.field_type, FieldType::List(_)) {
        if let Some(row) = batch.row_mut(field.table, slot, columns)? {
            row[field.start..][..field.field_type.size()].fill(0);
        }
        return Ok(());
    }
    let Some(row) = batch.version().tables[usize::from(field.table)].stored(slot) else { return Ok(()) };
    let mut kept = field.targets(row);
    gone.push(target);
    gone.sort_unstable();
    kept.retain(|target| gone.binary_search(target).is_err());
    let kept = Value::Array(kept.into_iter().map(Value::Entity).collect());
    let Ok(kept) = Encoded::from_value(&kept, &field.field_type) else { return Ok(()) };
    let (row, heap) = catalog.table(field.table).with_value(row, field.start, kept.row_bytes());
    batch.replace(field.table, slot, columns, RowBytes { row: &row, heap: heap.bytes() })?;
    Ok(())
}

/// Checks that the references that came, and are still there, lead to rows.
fn lead_somewhere(batch: &mut Batch<'_>, catalog: &Catalog) -> Result<(), OpError> {
    for new in batch.take_new_references() {
        let Some(field) = catalog.references().find(new.table, new.field) else { continue };
        let left = Left { field, slot: new.slot, target: new.target, others: Vec::new() };
        if batch.version().has_row(field.target, new.target) || !left.is_there(batch) {
            continue;
        }
        if let Some(failure) = batch.version().reference_failure(catalog.schema(), field, new.slot, new.target) {
            return Err(OpError::Dangling(failure));
        }
    }
    Ok(())
}
