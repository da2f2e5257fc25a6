//! A transaction that is put together on any thread and committed as one message.

use core::fmt;
use core::marker::PhantomData;
use core::time::Duration;
use std::sync::Arc;

use thiserror::Error;

use super::assign::collected;
use super::bundle::{Bundle, How};
use super::catalog::ColumnId;
use super::error::TransactionError;
use super::job::{OpsJob, Request};
use super::ops::OpBuffer;
use super::queue::{Patience, Queue, Refused, Terms};
use super::reentrancy::DatabaseId;
use super::ticket::{Commit, Ticket, logged};
use crate::bytes::{HeapBuf, RowBytes, bytes_of};
use crate::component::{Assignments, Change, Field, Predicate};
use crate::entity::Entity;
use crate::schema::{Schema, TableOf};
use crate::sync::Priority;

/// A transaction in the making, from [`Db::begin`](crate::Db::begin).
///
/// Operations are written into one buffer, without looking at the database; [`commit`](Self::commit) sends the buffer to
/// the writer as one message, whatever its size, and gives a ticket for its outcome; [`commit_visible`](Self::commit_visible) and
/// [`commit_durable`](Self::commit_durable) wait for that. The writer does the operations in order; the first that fails rolls all of
/// them back, and the error says which. Dropping the builder forgets it.
///
/// ```
/// # use ecsdb::{Component, Db, OpError, TransactionError};
/// # #[derive(Component)] #[repr(C)] struct Pos { x: f32, y: f32 }
/// # #[derive(Component)] #[repr(C)] struct Vel { x: f32, y: f32 }
/// # #[derive(Component)] struct Purse { gold: u64 }
/// # ecsdb::schema! { World: Pos, Vel, Purse }
/// # let db = Db::<World>::in_memory()?;
/// let mut tx = db.begin();
/// let promised = tx.spawn(Purse { gold: 100 });
/// tx.update(promised, Purse::C.gold.sub(30));
/// let commit = tx.commit_visible()?;
/// let ann = commit[promised];
/// assert_eq!(db.snapshot().get::<Purse>(ann).map(|purse| purse.gold()), Some(70));
///
/// // A guard that does not hold rolls everything back.
/// let mut tx = db.begin();
/// tx.update(ann, Purse::C.gold.sub(1));
/// tx.require(ann, Purse::C.gold.ge(70));
/// let error = tx.commit_visible().unwrap_err();
/// assert!(matches!(error, TransactionError::Op(OpError::GuardFailed(_))));
/// assert_eq!(db.snapshot().get::<Purse>(ann).map(|purse| purse.gold()), Some(70));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "a transaction does nothing until it is committed"]
pub struct TransactionBuilder<S> {
    ops: OpBuffer,
    queue: Arc<Queue>,
    terms: Terms,
    schema: PhantomData<fn() -> S>,
}

debug_as!([S] TransactionBuilder<S>);

impl<S: Schema> TransactionBuilder<S> {
    pub(crate) fn new(queue: Arc<Queue>) -> Self {
        Self { ops: OpBuffer::default(), queue, terms: Terms::default(), schema: PhantomData }
    }

    /// Promises a new entity with these components. The returned id is good in this transaction only, also inside other
    /// components; the commit tells the real one: `commit[promised]`.
    pub fn spawn<B: Bundle<S>>(&mut self, bundle: B) -> Entity {
        let entity = self.ops.spawn(B::TABLES.len());
        let written = <B::How as How<S, B>>::rows(bundle, |table, row| {
            self.ops.row(table, row);
            Ok(())
        });
        debug_assert!(written.is_ok(), "writing to a buffer does not fail");
        entity
    }

    /// Ends the life of `entity`.
    pub fn despawn(&mut self, entity: Entity) {
        self.ops.despawn(entity);
    }

    /// Gives `entity` a `T`, in place of the one it may have.
    pub fn insert<T: TableOf<S>>(&mut self, entity: Entity, component: T) {
        let mut heap = HeapBuf::new();
        let row = component.into_row(&mut heap);
        self.ops.insert(T::INDEX, entity, RowBytes { row: bytes_of(&row), heap: heap.bytes() });
    }

    /// Replaces the `T` of `entity`, which must have one.
    pub fn replace<T: TableOf<S>>(&mut self, entity: Entity, component: T) {
        let mut heap = HeapBuf::new();
        let row = component.into_row(&mut heap);
        self.ops.replace(T::INDEX, entity, RowBytes { row: bytes_of(&row), heap: heap.bytes() });
    }

    /// Gives `entity` a `T` unless it has one.
    pub fn insert_if_absent<T: TableOf<S>>(&mut self, entity: Entity, component: T) {
        self.store_or_change(entity, component, &[]);
    }

    /// Changes the `T` of `entity`, or gives it `component` if it has none:
    /// `tx.upsert(entity, Purse { gold: 5 }, Purse::C.gold.add(5))`.
    pub fn upsert<T: TableOf<S>>(&mut self, entity: Entity, component: T, changes: impl Assignments<Component = T>) {
        self.store_or_change(entity, component, &collected(&changes));
    }

    fn store_or_change<T: TableOf<S>>(&mut self, entity: Entity, component: T, changes: &[Change<'_>]) {
        let mut heap = HeapBuf::new();
        let row = component.into_row(&mut heap);
        self.ops.upsert(T::INDEX, entity, RowBytes { row: bytes_of(&row), heap: heap.bytes() }, changes);
    }

    /// Takes the `T` away from `entity`, which must have one.
    pub fn remove<T: TableOf<S>>(&mut self, entity: Entity) {
        self.ops.remove(T::INDEX, entity);
    }

    /// Changes one field, or several: `tx.update(entity, Purse::C.gold.add(5))`,
    /// `tx.update(entity, (Purse::C.gold.add(5), Purse::C.open.set(true)))`. An integer that would leave its range fails the
    /// transaction, unless the change says that it stops there or goes round.
    #[inline]
    pub fn update<A: Assignments>(&mut self, entity: Entity, changes: A)
    where
        A::Component: TableOf<S>,
    {
        self.ops.update(<A::Component as TableOf<S>>::INDEX, entity, &changes);
    }

    /// Commits only if the condition holds when its turn comes: `tx.require(entity, Purse::C.gold.ge(50))`. It sees the
    /// operations before it.
    pub fn require<T: TableOf<S>, F: Field>(&mut self, entity: Entity, condition: Predicate<T, F>) {
        let id = ColumnId { table: T::INDEX, column: condition.column.index() };
        self.ops.require(id, entity, condition.op, &condition.operand);
    }

    /// Commits only if `entity` is alive when its turn comes.
    pub fn require_alive(&mut self, entity: Entity) {
        self.ops.require_alive(entity);
    }

    /// Commits only if `entity` has a `T` when its turn comes.
    pub fn require_present<T: TableOf<S>>(&mut self, entity: Entity) {
        self.ops.require_present(T::INDEX, entity);
    }

    /// Commits only if `entity` is alive and has no `T` when its turn comes.
    pub fn require_absent<T: TableOf<S>>(&mut self, entity: Entity) {
        self.ops.require_absent(T::INDEX, entity);
    }

    /// Commits only if the `T` of `entity` is `expected` when its turn comes, field by field as [`Column::eq`](crate::component::Column::eq)
    /// compares.
    pub fn require_row<T: TableOf<S>>(&mut self, entity: Entity, expected: T) {
        let mut heap = HeapBuf::new();
        let row = expected.into_row(&mut heap);
        self.ops.require_row(T::INDEX, entity, RowBytes { row: bytes_of(&row), heap: heap.bytes() });
    }

    /// Commits only if nothing at all was committed since version `version`, whatever it is about: for decisions that rest on
    /// a whole [snapshot](crate::Snapshot::version), such as a query. Transactions that changed nothing do not count.
    pub fn expect_version(&mut self, version: u64) {
        self.ops.expect_version(version);
    }

    /// The operations.
    pub(crate) fn operations(&self) -> &OpBuffer {
        &self.ops
    }

    /// Puts operations, none of which spawns, before all others.
    pub(crate) fn put_first(&mut self, mut first: OpBuffer) {
        first.append(core::mem::take(&mut self.ops));
        self.ops = first;
    }

    /// The operations, and the database that they are for.
    pub(crate) fn guards(&mut self) -> (&mut OpBuffer, DatabaseId) {
        (&mut self.ops, self.queue.database())
    }

    /// How much it matters when the queue fills; see [`Priority`].
    pub fn priority(&mut self, priority: Priority) {
        self.terms.priority = priority;
    }

    /// Has it come to nothing, with [`TransactionError::Expired`], unless it begins within `lifetime` after it was sent to the
    /// writer: for what nobody wants any more if it comes too late.
    pub fn expires_after(&mut self, lifetime: Duration) {
        self.terms.lifetime = Some(lifetime);
    }

    /// How many bytes of operations there are: what the transaction takes in the queue.
    pub fn len_bytes(&self) -> usize {
        self.ops.len()
    }

    /// Sends the transaction to the writer. Returns as soon as it is queued; blocks while the queue is full. What comes of it is the
    /// ticket's affair: `commit()?.durable()` sends it also where nothing becomes durable, and is told so afterwards.
    ///
    /// # Errors
    /// [`TransactionError::Closed`], and [`TransactionError::Reentrant`] inside a transaction of the same database.
    pub fn commit(self) -> Result<Ticket, TransactionError> {
        Ok(self.send(Patience::Forever, false)?)
    }

    /// Commits the transaction and waits until its changes are visible. As `commit()?.visible()?`, but quicker if the writer has nothing
    /// else to do: then this thread is the writer for as long as it takes, and no other thread has to be woken.
    ///
    /// # Errors
    /// As for [`Self::commit`], and why the transaction was not committed.
    pub fn commit_visible(self) -> Result<Commit, TransactionError> {
        self.send(Patience::Forever, true)?.visible()
    }

    /// Commits the transaction and waits until its changes are durable. As `commit()?.durable()?`, but quicker if nobody else
    /// has something to do for the log: see [`commit_visible`](Self::commit_visible).
    ///
    /// # Errors
    /// As for [`Self::commit`], and for [`Ticket::durable`]; but with [`TransactionError::NoLog`] nothing is committed.
    pub fn commit_durable(self) -> Result<Commit, TransactionError> {
        if !self.queue.database().is_entered() {
            logged(&self.queue)?;
        }
        self.send(Patience::Forever, true)?.durable()
    }

    /// Sends the transaction to the writer if there is room in the queue.
    ///
    /// # Errors
    /// As for [`Self::commit`], and [`TransactionError::QueueFull`]. The transaction comes back with the error.
    pub fn try_commit(self) -> Result<Ticket, CommitRefused<S>> {
        self.send(Patience::None, false)
    }

    /// Sends the transaction to the writer, and waits no longer than `timeout` for room in the queue.
    ///
    /// # Errors
    /// As for [`Self::commit`], and [`TransactionError::Timeout`]: then nothing was queued. The transaction comes back with
    /// the error.
    pub fn commit_timeout(self, timeout: Duration) -> Result<Ticket, CommitRefused<S>> {
        self.send(Patience::For(timeout), false)
    }

    fn send(self, patience: Patience, waits: bool) -> Result<Ticket, CommitRefused<S>> {
        let (completer, pending) = self.queue.completion();
        let bytes = self.ops.len();
        let job = OpsJob { ops: self.ops, completer };
        match self.queue.send(Request::Ops(job), bytes, Terms { patience, waits, ..self.terms }) {
            Ok(()) => Ok(Ticket::new(pending, self.queue)),
            Err(Refused(refused)) => {
                let (error, request) = *refused;
                let ops = if let Request::Ops(job) = request { job.ops } else { OpBuffer::default() };
                let transaction = Box::new(Self { ops, queue: self.queue, terms: self.terms, schema: PhantomData });
                Err(CommitRefused { error, transaction })
            }
        }
    }
}

/// A transaction that was not queued, and why: it may be committed again later.
///
/// `?` keeps the error and forgets the transaction.
#[derive(Error)]
#[error("the transaction was not queued")]
#[non_exhaustive]
pub struct CommitRefused<S> {
    /// Why it was not queued.
    #[source]
    pub error: TransactionError,
    /// The transaction, as it was.
    pub transaction: Box<TransactionBuilder<S>>,
}

impl<S> fmt::Debug for CommitRefused<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CommitRefused").field("error", &self.error).finish_non_exhaustive()
    }
}

impl<S> From<CommitRefused<S>> for TransactionError {
    fn from(refused: CommitRefused<S>) -> Self {
        refused.error
    }
}
