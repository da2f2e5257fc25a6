//! Transactions that are composed against a snapshot on any thread, and committed if what they read is so still.
//!
//! Owns what was read and the attempts. It never looks at anything but the snapshot and its own operations: the writer is the
//! judge of whether they still go together.

use std::collections::HashSet;

use super::db::Db;
use super::reads::Reads;
use super::snapshot::Snapshot;
use crate::bytes::row_of;
use crate::component::{Assignments, Component, Field, Predicate};
use crate::entity::Entity;
use crate::query::{Condition, IntoCondition, View};
use crate::schema::{Schema, TableOf};
use crate::transaction::{
    Bundle, Commit, CommitRefused, OpBuffer, OpError, Replayed, RowBuf, Ticket, TransactionBuilder, TransactionError,
};

/// A transaction in the making that may read, from [`Db::optimistic`].
///
/// It reads a [snapshot](Self::snapshot) and its own writes. What it has read with [`read`](Self::read), [`find`](Self::find),
/// [`contains`](Self::contains), [`is_alive`](Self::is_alive), [`select`](Self::select) or [`scan`](Self::scan) becomes a guard of
/// the commit: if it is not so any more when the turn of the transaction comes, nothing is done, and the closure is run again on
/// a newer snapshot. So the transaction is serializable, among all others, as far as it reads through these.
///
/// What is *not* recorded is what the closure reads from [`snapshot`](Self::snapshot) itself, where it may look at as much as
/// it likes: queries, lengths, whole tables. A decision that rests on which entities there are of some kind takes
/// [`select`](Self::select); one that rests on anything else, such as a sum over a table, takes [`scan`](Self::scan), which allows
/// for no commit in between, whatever it is about.
///
/// A row that it has inserted reads as it was given: a field that is counted up (`auto_increment`) gets its number at the commit.
///
/// Writes are those of a [`TransactionBuilder`]. Changes of numbers (`C.gold.add(5)`) read nothing, so they never conflict.
pub struct Optimistic<'s, S: Schema> {
    reads: Reads<'s, S>,
    writes: &'s mut TransactionBuilder<S>,
    /// Which rows and entities were written, so that most reads need not look.
    written: HashSet<(u16, Entity)>,
}

debug_as!(['s, S: Schema] Optimistic<'s, S>);

/// Stands for the entity itself among what was written.
const ENTITY: u16 = u16::MAX;

impl<'s, S: Schema> Optimistic<'s, S> {
    fn new(snapshot: &'s Snapshot<S>, writes: &'s mut TransactionBuilder<S>) -> Self {
        Self { reads: Reads::new(snapshot), writes, written: HashSet::new() }
    }

    /// What the transaction reads from. What is read of it directly is not recorded, and may have changed when the transaction
    /// is committed.
    pub fn snapshot(&self) -> &'s Snapshot<S> {
        self.reads.snapshot()
    }

    /// The snapshot, to be read as a whole: the transaction is committed only if nothing at all was committed since. It does
    /// not show the transaction's own writes.
    pub fn scan(&mut self) -> View<'s, S> {
        self.reads.scan()
    }

    /// All entities that `condition` holds for in the snapshot, in the order of slots. The transaction is committed only if they
    /// are the same ones still: also if others have come. It does not show the transaction's own writes.
    ///
    /// Costs a scan of what the condition looks at, or what an index gives that leads there, here and on the writer.
    pub fn select(&mut self, condition: impl IntoCondition<S>) -> Vec<Entity> {
        self.reads.select(&Condition::new(condition))
    }

    /// The row of `entity`.
    ///
    /// # Errors
    /// If the entity is unknown or stale or has no `T`; or if an earlier operation of this transaction on the row cannot be done.
    pub fn read<T: TableOf<S>>(&mut self, entity: Entity) -> Result<T, OpError> {
        match self.find::<T>(entity)? {
            Some(row) => Ok(row),
            None if self.is_alive(entity) => {
                Err(OpError::ComponentMissing { entity, table: <T as Component>::TABLE.to_owned() })
            }
            None if self.snapshot().view().storage().entities.is_past(entity) => Err(OpError::StaleEntity { entity }),
            None => Err(OpError::UnknownEntity { entity }),
        }
    }

    /// The row of `entity`, if it is alive and has one, as the snapshot has it, with the writes of this transaction on top. It is noted
    /// either way: the transaction is committed only if the row is still the same, or still not there.
    ///
    /// An entity that is stale or unknown has no row; [`Self::read`] says which it is.
    ///
    /// # Errors
    /// If an earlier operation of this transaction on the row cannot be done: arithmetic that leaves the range of its field, say.
    pub fn find<T: TableOf<S>>(&mut self, entity: Entity) -> Result<Option<T>, OpError> {
        let stored = self.reads.row::<T>(entity);
        if !self.is_written(T::INDEX, entity) {
            return Ok(stored.map(|(row, heap)| T::from_row(row, heap)));
        }
        Ok(self.replayed::<T>(entity)?.row.map(|row| {
            // SAFETY: the row is one of the table of `T`: it comes from there, or was written by operations on it, and these
            // store rows of `T` and values of its columns.
            let stored = unsafe { row_of::<T::Row>(row.bytes().row) };
            T::from_row(&stored, row.heap())
        }))
    }

    /// Whether `entity` is alive and has a `T`.
    ///
    /// # Errors
    /// As for [`Self::find`].
    pub fn contains<T: TableOf<S>>(&mut self, entity: Entity) -> Result<bool, OpError> {
        let stored = self.reads.row::<T>(entity);
        if self.is_written(T::INDEX, entity) {
            Ok(self.replayed::<T>(entity)?.row.is_some())
        } else {
            Ok(stored.is_some())
        }
    }

    /// Whether `entity` is alive.
    pub fn is_alive(&mut self, entity: Entity) -> bool {
        let was_alive = self.reads.is_alive(entity);
        if !self.written.contains(&(ENTITY, entity)) {
            return was_alive;
        }
        // Spawned here, or despawned.
        self.writes.operations().lives(self.snapshot().catalog(), entity)
    }

    fn is_written(&self, table: u16, entity: Entity) -> bool {
        self.written.contains(&(table, entity)) || self.written.contains(&(ENTITY, entity))
    }

    /// The row as the operations so far leave it.
    fn replayed<T: TableOf<S>>(&self, entity: Entity) -> Result<Replayed, OpError> {
        let snapshot = self.snapshot();
        let row = snapshot.seen::<T>(entity).row.map(RowBuf::of);
        let state = Replayed { row, is_alive: snapshot.is_alive(entity) };
        self.writes.operations().replay(snapshot.catalog(), T::INDEX, entity, state)
    }
}

/// Writes: see [`TransactionBuilder`].
impl<S: Schema> Optimistic<'_, S> {
    /// Promises a new entity with these components; the commit tells the real one.
    pub fn spawn<B: Bundle<S>>(&mut self, bundle: B) -> Entity {
        let promised = self.writes.spawn(bundle);
        self.written.insert((ENTITY, promised));
        promised
    }

    /// Ends the life of `entity`.
    pub fn despawn(&mut self, entity: Entity) {
        self.written.insert((ENTITY, entity));
        self.writes.despawn(entity);
    }

    /// Gives `entity` a `T`, in place of the one it may have.
    pub fn insert<T: TableOf<S>>(&mut self, entity: Entity, component: T) {
        self.writes::<T>(entity).insert(entity, component);
    }

    /// Replaces the `T` of `entity`, which must have one.
    pub fn replace<T: TableOf<S>>(&mut self, entity: Entity, component: T) {
        self.writes::<T>(entity).replace(entity, component);
    }

    /// Gives `entity` a `T` unless it has one.
    pub fn insert_if_absent<T: TableOf<S>>(&mut self, entity: Entity, component: T) {
        self.writes::<T>(entity).insert_if_absent(entity, component);
    }

    /// Changes the `T` of `entity`, or gives it `component` if it has none.
    pub fn upsert<T: TableOf<S>>(&mut self, entity: Entity, component: T, changes: impl Assignments<Component = T>) {
        self.writes::<T>(entity).upsert(entity, component, changes);
    }

    /// Takes the `T` away from `entity`, which must have one.
    pub fn remove<T: TableOf<S>>(&mut self, entity: Entity) {
        self.writes::<T>(entity).remove::<T>(entity);
    }

    /// Changes one field, or several.
    pub fn update<A: Assignments>(&mut self, entity: Entity, changes: A)
    where
        A::Component: TableOf<S>,
    {
        self.writes::<A::Component>(entity).update(entity, changes);
    }

    /// Commits only if the condition holds when the turn of the transaction comes. If it does not, the transaction fails: it is
    /// for what must hold whoever was faster. A condition that the closure looks at itself is read.
    pub fn require<T: TableOf<S>, F: Field>(&mut self, entity: Entity, condition: Predicate<T, F>) {
        self.writes.require(entity, condition);
    }

    fn writes<T: TableOf<S>>(&mut self, entity: Entity) -> &mut TransactionBuilder<S> {
        self.written.insert((T::INDEX, entity));
        self.writes
    }
}

/// What [`Db::optimistic`] has done.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Committed<R> {
    /// What the closure returned.
    pub value: R,
    /// The version, and the entities that were promised. If nothing was written, the version is that of the snapshot.
    pub commit: Commit,
    /// How often the closure was run.
    pub attempts: u32,
}

/// An attempt that was sent, or that wrote nothing.
struct Attempt<R> {
    value: R,
    ticket: Option<Ticket>,
    /// The version of the snapshot.
    version: u64,
}

impl<S: Schema> Db<S> {
    /// Reads and writes on this thread, against a snapshot, while others commit; and commits in one message if nothing that was
    /// read has changed. If something has, runs `decide` again on a newer snapshot, up to `retries` times.
    ///
    /// For decisions that take long, or need what is not at hand in a transaction. Nobody waits for it, and of two that
    /// stand in each other's way one always gets through. What is short is better done by [`Self::write`], which never conflicts.
    ///
    /// ```
    /// # use ecsdb::{Component, Db};
    /// # #[derive(Component)] struct Purse { gold: u64 }
    /// # #[derive(Component)] struct Price { gold: u64 }
    /// # ecsdb::schema! { World: Purse, Price }
    /// # let db = Db::<World>::in_memory()?;
    /// let (ann, sword) = (db.spawn(Purse { gold: 100 })?, db.spawn(Price { gold: 30 })?);
    ///
    /// let bought = db.optimistic(5, |tx| {
    ///     let (purse, price) = (tx.read::<Purse>(ann)?, tx.read::<Price>(sword)?);
    ///     if purse.gold < price.gold {
    ///         return Ok(false);
    ///     }
    ///     tx.update(ann, Purse::C.gold.sub(price.gold));
    ///     tx.despawn(sword);
    ///     Ok(true)
    /// })?;
    /// assert!(bought.value);
    /// assert_eq!(bought.attempts, 1, "nobody was faster");
    /// assert_eq!(db.table::<Purse>().get(ann).unwrap().gold, 70);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// - What `decide` returns, without further attempts: it has seen a state that there was.
    /// - [`TransactionError::Conflict`] if the last attempt failed too; it says how many there were, and why.
    /// - [`TransactionError::Op`] if an operation or a guard of the closure's own failed at the commit; and as for
    ///   [`Self::write`].
    pub fn optimistic<R>(
        &self,
        retries: u32,
        mut decide: impl FnMut(&mut Optimistic<'_, S>) -> Result<R, TransactionError>,
    ) -> Result<Committed<R>, TransactionError> {
        self.attempts(retries, |snapshot, writes| {
            let mut tx = Optimistic::new(snapshot, writes);
            Ok((decide(&mut tx)?, tx.reads.into_guards()))
        })
    }

    /// As [`Self::optimistic`], for async code: `decide` runs where the future is polled, and waits for nothing. Dropping
    /// the future ends the attempts; one that was sent may still be committed.
    ///
    /// # Errors
    /// As for [`Self::optimistic`]; and [`TransactionError::QueueFull`], where that would block for room.
    pub fn optimistic_async<R, F>(
        &self,
        retries: u32,
        mut decide: F,
    ) -> impl Future<Output = Result<Committed<R>, TransactionError>> + use<R, F, S>
    where
        F: FnMut(&mut Optimistic<'_, S>) -> Result<R, TransactionError>,
    {
        self.attempts_async(retries, move |snapshot, writes| {
            let mut tx = Optimistic::new(snapshot, writes);
            Ok((decide(&mut tx)?, tx.reads.into_guards()))
        })
    }

    /// Attempts, each on a newer snapshot, until one is committed: `compose` writes operations, and returns what it has read, as
    /// guards.
    pub(super) fn attempts<R>(
        &self,
        retries: u32,
        mut compose: impl FnMut(&Snapshot<S>, &mut TransactionBuilder<S>) -> Result<(R, OpBuffer), TransactionError>,
    ) -> Result<Committed<R>, TransactionError> {
        let mut attempts = 0;
        loop {
            attempts += 1;
            let Attempt { value, ticket, version } = self.attempt(&mut compose, TransactionBuilder::commit)?;
            let outcome = ticket.map_or(Ok(nothing_written(version)), Ticket::visible);
            if let Some(commit) = judged(outcome, attempts, retries)? {
                return Ok(Committed { value, commit, attempts });
            }
        }
    }

    /// As [`Self::attempts`], for async code.
    pub(super) fn attempts_async<R, F>(
        &self,
        retries: u32,
        mut compose: F,
    ) -> impl Future<Output = Result<Committed<R>, TransactionError>> + use<R, F, S>
    where
        F: FnMut(&Snapshot<S>, &mut TransactionBuilder<S>) -> Result<(R, OpBuffer), TransactionError>,
    {
        let db = self.clone();
        async move {
            let mut attempts = 0;
            loop {
                attempts += 1;
                let sent = db.attempt(&mut compose, |tx| tx.try_commit().map_err(|CommitRefused { error, .. }| error));
                let Attempt { value, ticket, version } = sent?;
                let outcome = match ticket {
                    Some(ticket) => ticket.await,
                    None => Ok(nothing_written(version)),
                };
                if let Some(commit) = judged(outcome, attempts, retries)? {
                    return Ok(Committed { value, commit, attempts });
                }
            }
        }
    }

    fn attempt<R>(
        &self,
        compose: &mut impl FnMut(&Snapshot<S>, &mut TransactionBuilder<S>) -> Result<(R, OpBuffer), TransactionError>,
        send: impl FnOnce(TransactionBuilder<S>) -> Result<Ticket, TransactionError>,
    ) -> Result<Attempt<R>, TransactionError> {
        let (snapshot, mut writes) = (self.snapshot(), self.begin());
        let (value, reads) = compose(&snapshot, &mut writes)?;
        let ticket = match writes.operations().is_empty() {
            // Everything that was read is of one version: there is nothing to ask the writer.
            true => None,
            false => {
                writes.put_first(reads);
                Some(send(writes)?)
            }
        };
        Ok(Attempt { value, ticket, version: snapshot.version() })
    }
}

fn nothing_written(version: u64) -> Commit {
    Commit { version, entities: Vec::new(), counts: Vec::new() }
}

/// The commit, or nothing if there is to be another attempt.
fn judged(
    outcome: Result<Commit, TransactionError>,
    attempts: u32,
    retries: u32,
) -> Result<Option<Commit>, TransactionError> {
    match outcome {
        Ok(commit) => Ok(Some(commit)),
        Err(TransactionError::Op(OpError::Conflict(_))) if attempts <= retries => Ok(None),
        Err(TransactionError::Op(OpError::Conflict(last))) => Err(TransactionError::Conflict { attempts, last }),
        Err(error) => Err(error),
    }
}
