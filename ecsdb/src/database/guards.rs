//! Guards that are made from a snapshot: what it shows is so still, or nothing is committed.

use super::snapshot::Snapshot;
use crate::bytes::{RowBytes, bytes_of};
use crate::entity::Entity;
use crate::schema::{Schema, TableOf};
use crate::transaction::{OpError, Seen, Transaction, TransactionBuilder};

impl<S: Schema> Snapshot<S> {
    /// The row of `entity` in the table of `T`, or that there is none.
    pub(super) fn seen<T: TableOf<S>>(&self, entity: Entity) -> Seen<'_> {
        let row = if self.contains::<T>(entity) { self.view().stored::<T>(entity.slot()) } else { None };
        let row = row.map(|(row, heap)| RowBytes { row: bytes_of(row), heap: heap.bytes() });
        Seen { version: self.version(), table: T::INDEX, entity, row }
    }

    /// The row of `entity` in each table, or that there is none.
    fn seen_everywhere(&self, entity: Entity) -> impl Iterator<Item = Seen<'_>> {
        let version = self.view().storage();
        let is_current = version.entities.is_current(entity);
        version.tables.iter().enumerate().map(move |(index, table)| Seen {
            version: version.number,
            table: index as u16,
            entity,
            row: if is_current { table.stored(entity.slot()) } else { None },
        })
    }
}

/// Guards made from a snapshot, for optimistic transactions: look at a snapshot, decide, and commit only if what the decision
/// rests on is so still. [`Db::optimistic`](crate::Db::optimistic) does it all, with new attempts.
///
/// ```
/// # use ecsdb::{Component, Db, OpError, TransactionError};
/// # #[derive(Component)] struct Purse { gold: u64 }
/// # ecsdb::schema! { World: Purse }
/// # let db = Db::<World>::in_memory()?;
/// let ann = db.spawn(Purse { gold: 100 })?;
/// let snapshot = db.snapshot();
/// let half = snapshot.get::<Purse>(ann).unwrap().gold() / 2;
///
/// // Somebody else is faster.
/// db.update(ann, Purse::C.gold.set(10))?;
///
/// let mut tx = db.begin();
/// tx.expect_unchanged::<Purse>(ann, &snapshot);
/// tx.update(ann, Purse::C.gold.sub(half));
/// let error = tx.commit_visible().unwrap_err();
/// assert!(matches!(error, TransactionError::Op(OpError::Conflict(_))));
/// assert!(error.to_string().ends_with("expected { gold: 100 }, found { gold: 10 }"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
impl<S: Schema> TransactionBuilder<S> {
    /// Commits only if the `T` of `entity` is byte for byte what `snapshot` shows when the turn of the transaction comes, or if
    /// there is none as there was none. It sees the operations before it, so it is best put first. The row goes along in the
    /// transaction; the snapshot need not be kept.
    ///
    /// The transaction fails with [`OpError::Conflict`], or with [`OpError::ForeignSnapshot`] if the snapshot is one of another
    /// database.
    pub fn expect_unchanged<T: TableOf<S>>(&mut self, entity: Entity, snapshot: &Snapshot<S>) {
        let (ops, database) = self.guards();
        if snapshot.database() == database {
            ops.expect_row(snapshot.seen::<T>(entity));
        } else {
            ops.refuse_foreign_snapshot();
        }
    }

    /// As [`Self::expect_unchanged`] for all components of `entity`, those that it has and those that it has not, and for whether
    /// it is alive.
    pub fn expect_entity_unchanged(&mut self, entity: Entity, snapshot: &Snapshot<S>) {
        let (ops, database) = self.guards();
        if snapshot.database() != database {
            return ops.refuse_foreign_snapshot();
        }
        ops.expect_life(snapshot.version(), entity, snapshot.is_alive(entity));
        snapshot.seen_everywhere(entity).for_each(|seen| ops.expect_row(seen));
    }
}

/// Guards made from a snapshot: see [`TransactionBuilder`].
impl<S: Schema> Transaction<'_, S> {
    /// Fails unless the `T` of `entity` is byte for byte what `snapshot` shows, or there is none as there was none. Costs two
    /// look-ups if the page has not changed, and a comparison of two rows otherwise.
    ///
    /// # Errors
    /// [`OpError::Conflict`]; [`OpError::ForeignSnapshot`] if the snapshot is one of another database.
    pub fn expect_unchanged<T: TableOf<S>>(&self, entity: Entity, snapshot: &Snapshot<S>) -> Result<(), OpError> {
        of_this_database(snapshot)?;
        self.guards().expect_row(snapshot.seen::<T>(entity))
    }

    /// As [`Self::expect_unchanged`] for all components of `entity`, those that it has and those that it has not, and for whether
    /// it is alive.
    ///
    /// # Errors
    /// As for [`Self::expect_unchanged`].
    pub fn expect_entity_unchanged(&self, entity: Entity, snapshot: &Snapshot<S>) -> Result<(), OpError> {
        of_this_database(snapshot)?;
        self.guards().expect_life(snapshot.version(), entity, snapshot.is_alive(entity))?;
        snapshot.seen_everywhere(entity).try_for_each(|seen| self.guards().expect_row(seen))
    }
}

/// A transaction runs on a thread of its database.
fn of_this_database<S: Schema>(snapshot: &Snapshot<S>) -> Result<(), OpError> {
    if snapshot.database().is_entered() { Ok(()) } else { Err(OpError::ForeignSnapshot) }
}
