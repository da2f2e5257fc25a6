//! The handle of a database whose schema is a Rust type.

use core::marker::PhantomData;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::config::{DbBuilder, OpenError};
use super::core::Core;
use super::lane::Lane;
use super::live::LiveQuery;
use super::snapshot::Snapshot;
use super::stats::Stats;
use super::subscription::{Follower, Subscription};
use super::table::Table;
use crate::component::{Assignments, Field};
use crate::entity::Entity;
use crate::persistence::Recovery;
use crate::query::QueryParam;
use crate::schema::{DatabaseSchema, Schema, TableOf, Value};
use crate::storage::MemoryUsage;
use crate::transaction::{
    Bundle, CallError, Procedure, ProcedureInfo, Ticket, Transaction, TransactionBuilder, TransactionError, Written,
};

/// A database with the tables of the schema `S`.
///
/// A handle is cheap to clone and may be used from any thread. Reading goes through [`snapshot`](Self::snapshot) and never
/// waits; changes go to the one writer, through [`write`](Self::write), [`begin`](Self::begin), or the operations
/// here and on [`Table`], each of which is a transaction of its own and returns when it is visible. When the last handle
/// is dropped, what was queued is still done, and the database is closed; snapshots stay good, and keep it from nothing.
///
/// ```
/// # use ecsdb::{Component, Db, Entity};
/// # #[derive(Component)] #[repr(C)] struct Pos { x: f32, y: f32 }
/// # #[derive(Component)] #[repr(C)] struct Vel { x: f32, y: f32 }
/// # #[derive(Component)] struct Purse { gold: u64 }
/// # ecsdb::schema! { World: Pos, Vel, Purse }
/// let db = Db::<World>::builder().memory_limit(1 << 30).open()?;
/// let (ann, bob) = (db.spawn(Purse { gold: 100 })?, db.spawn(Purse { gold: 0 })?);
///
/// let left = db.write(move |tx| {
///     tx.require(ann, Purse::C.gold.ge(30))?;
///     tx.update(ann, Purse::C.gold.sub(30))?;
///     tx.update(bob, Purse::C.gold.add(30))?;
///     Ok(tx.get::<Purse>(ann).map(|purse| purse.gold()))
/// })?;
/// assert_eq!(left, Some(70));
///
/// // Any thread may read, and write, through a handle of its own.
/// let handle = db.clone();
/// let gold = std::thread::spawn(move || handle.snapshot().get::<Purse>(bob).map(|purse| purse.gold())).join().unwrap();
/// assert_eq!(gold, Some(30));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Db<S> {
    /// Invariant: opened with the tables of `S`.
    core: Arc<Core>,
    schema: PhantomData<fn() -> S>,
}

debug_as!([S] Db<S>, db: schema = db.core.schema().name(), version = db.core.pin().number);

impl<S> Clone for Db<S> {
    fn clone(&self) -> Self {
        Self { core: Arc::clone(&self.core), schema: PhantomData }
    }
}

impl<S: Schema> Db<S> {
    /// A handle of `core`.
    ///
    /// # Safety
    /// `core` was opened with the tables of `S`.
    pub(super) unsafe fn new(core: Arc<Core>) -> Self {
        Self { core, schema: PhantomData }
    }

    /// Opens an empty database in memory, with the usual settings.
    ///
    /// # Errors
    /// If the system gives no thread.
    pub fn in_memory() -> Result<Self, OpenError> {
        Self::builder().open()
    }

    /// Opens the database that is kept in `directory`, or makes it there, with the usual settings.
    ///
    /// What was visible when the process ended is visible again; after a loss of power, at least what was durable.
    /// [`recovery`](Self::recovery) says what was found.
    ///
    /// ```
    /// # use ecsdb::{Component, Db};
    /// # #[derive(Component)] struct Purse { gold: u64 }
    /// # ecsdb::schema! { World: Purse }
    /// # let directory = std::env::temp_dir().join(format!("ecsdb-open-{}", std::process::id()));
    /// let db = Db::<World>::open(&directory)?;
    /// let mut tx = db.begin();
    /// let ann = tx.spawn(Purse { gold: 100 });
    /// let ann = tx.commit_durable()?[ann];
    /// drop(db);
    ///
    /// let db = Db::<World>::open(&directory)?;
    /// assert_eq!(db.snapshot().get::<Purse>(ann).unwrap().gold(), 100);
    /// # drop(db);
    /// # std::fs::remove_dir_all(directory)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`OpenError::Directory`]: it is in use, damaged, or was written under another schema; [`OpenError::Thread`] if the
    /// system gives no thread.
    pub fn open(directory: impl Into<PathBuf>) -> Result<Self, OpenError> {
        Self::builder().directory(directory).open()
    }

    /// Opens a database with settings of its own.
    pub fn builder() -> DbBuilder<S> {
        DbBuilder::new()
    }

    /// Pins the version that is published now. Lock-free, some tens of nanoseconds.
    #[inline]
    pub fn snapshot(&self) -> Snapshot<S> {
        // SAFETY: the invariant of `core`.
        unsafe { Snapshot::pinned(self.core.pin(), Arc::clone(self.core.readers())) }
    }

    /// Runs `transaction` as the writer, and waits until its changes are visible. It sees its own changes and
    /// nobody else's meanwhile; if it returns `Err` or panics, nothing has happened. While it runs no other transaction
    /// does, so it should not wait for anything.
    ///
    /// It runs on the writer thread, or on a thread that waits for a transaction, this one or another, if that finds the writer thread
    /// without work; which one, is not said beforehand, so it should not depend on thread-locals either.
    ///
    /// # Errors
    /// - What the closure returns; [`TransactionError::Panicked`] if it panics.
    /// - A storage error ([`OpError::Memory`](crate::OpError::Memory), [`OpError::Slots`](crate::OpError::Slots)) that the
    ///   closure has met, even if it returned `Ok`.
    /// - [`TransactionError::Reentrant`] inside another transaction of the same database.
    /// - [`TransactionError::Closed`]; [`TransactionError::Log`] if there is a log and it refuses.
    pub fn write<R: Send + 'static>(
        &self,
        transaction: impl FnOnce(&mut Transaction<'_, S>) -> Result<R, TransactionError> + Send + 'static,
    ) -> Result<R, TransactionError> {
        self.lane().write(transaction)
    }

    /// Runs `transaction` as the writer, for async code: the transaction is queued at once, and the future ends
    /// when its changes are visible. Dropping the future does not take the transaction back.
    ///
    /// # Errors
    /// As for [`Self::write`]; and [`TransactionError::QueueFull`], where `write` would block for room.
    pub fn write_async<R: Send + 'static, F>(
        &self,
        transaction: F,
    ) -> impl Future<Output = Result<R, TransactionError>> + Send + use<R, F, S>
    where
        F: FnOnce(&mut Transaction<'_, S>) -> Result<R, TransactionError> + Send + 'static,
    {
        let ticket = self.lane().no_waiting().submit(transaction);
        async move { Ok(ticket?.await?.result) }
    }

    /// Sends `transaction` to the writer if there is room in the queue, and returns a ticket for its result: waits for nothing.
    ///
    /// # Errors
    /// [`TransactionError::QueueFull`]; [`TransactionError::Closed`] and [`TransactionError::Reentrant`].
    pub fn try_write<R: Send + 'static>(
        &self,
        transaction: impl FnOnce(&mut Transaction<'_, S>) -> Result<R, TransactionError> + Send + 'static,
    ) -> Result<Ticket<Written<R>>, TransactionError> {
        self.lane().no_waiting().submit(transaction)
    }

    /// As [`Self::write`], of a transaction that begins within `timeout`, or never. It may take longer than that, but only by what
    /// is carried out just then; the outcome is always known.
    ///
    /// # Errors
    /// As for [`Self::write`]; [`TransactionError::Timeout`] if there was no room in the queue in time, and
    /// [`TransactionError::Expired`] if it was queued and not begun in time. Nothing has happened then.
    pub fn write_timeout<R: Send + 'static>(
        &self,
        timeout: Duration,
        transaction: impl FnOnce(&mut Transaction<'_, S>) -> Result<R, TransactionError> + Send + 'static,
    ) -> Result<R, TransactionError> {
        self.lane().within(timeout).write(transaction)
    }

    /// Sends a call of `procedure` to the writer if there is room in the queue; see [`Self::try_write`].
    ///
    /// # Errors
    /// As there.
    pub fn try_call<A: Field, R: Field>(
        &self,
        procedure: &Procedure<S, A, R>,
        arguments: A,
    ) -> Result<Ticket<Written<R>>, TransactionError> {
        self.lane().no_waiting().submit_call(procedure, arguments)
    }

    /// As [`Self::call`], of a call that begins within `timeout`, or never; see [`Self::write_timeout`].
    ///
    /// # Errors
    /// As for [`Self::call`] and [`Self::write_timeout`].
    pub fn call_timeout<A: Field, R: Field>(
        &self,
        timeout: Duration,
        procedure: &Procedure<S, A, R>,
        arguments: A,
    ) -> Result<R, TransactionError> {
        self.lane().within(timeout).call(procedure, arguments)
    }

    /// Runs `procedure` as the writer, in one transaction, and waits until its changes are visible.
    ///
    /// # Errors
    /// [`TransactionError::Procedure`], with the name of the procedure, if it fails or panics; otherwise as for
    /// [`Self::write`].
    pub fn call<A: Field, R: Field>(
        &self,
        procedure: &Procedure<S, A, R>,
        arguments: A,
    ) -> Result<R, TransactionError> {
        self.lane().call(procedure, arguments)
    }

    /// Runs `procedure` as the writer, for async code: the call is queued at once, and the future ends when its changes
    /// are visible. Dropping the future does not take the call back.
    ///
    /// # Errors
    /// As for [`Self::call`]; and [`TransactionError::QueueFull`], where `call` would block for room.
    pub fn call_async<A: Field, R: Field>(
        &self,
        procedure: &Procedure<S, A, R>,
        arguments: A,
    ) -> impl Future<Output = Result<R, TransactionError>> + Send + use<A, R, S> {
        let ticket = self.lane().no_waiting().submit_call(procedure, arguments);
        async move { Ok(ticket?.await?.result) }
    }

    /// Runs the [registered](crate::DbBuilder::procedure) procedure `name` as the writer, and waits until its changes are
    /// visible. Integers may have another width than the procedure's, if they fit; nothing (`()`) is a struct without members.
    ///
    /// ```
    /// use ecsdb::schema::Value;
    /// # use ecsdb::{Component, Db, Procedure};
    /// # #[derive(Component)] struct Purse { gold: u64 }
    /// # ecsdb::schema! { World: Purse }
    /// const DOUBLE: Procedure<World, u32, u32> = Procedure::new("double", "Twice as much.", |_, n| Ok(2 * n));
    ///
    /// let db = Db::<World>::builder().procedure(&DOUBLE).open()?;
    /// assert_eq!(db.call_by_name("double", &Value::U64(21))?, Value::U32(42));
    ///
    /// let error = db.call_by_name("double", &Value::Bool(true)).unwrap_err();
    /// assert_eq!(error.to_string(), "procedure `double` takes `u32`");
    /// let error = db.call_by_name("duoble", &Value::U32(1)).unwrap_err();
    /// assert_eq!(error.to_string(), "there is no procedure `duoble`, did you mean `double`?");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`CallError::UnknownProcedure`] and [`CallError::Arguments`], before anything is queued; otherwise as for
    /// [`Self::call`].
    pub fn call_by_name(&self, name: &str, arguments: &Value) -> Result<Value, CallError> {
        self.lane().call_by_name(name, arguments)
    }

    /// The procedures that can be called by name, in the order of their names.
    pub fn procedures(&self) -> impl Iterator<Item = &ProcedureInfo> {
        self.core.procedures().infos()
    }

    /// A way to the writer for transactions that do not wait for their end, or have a priority or a limit of time of their own.
    pub fn lane(&self) -> Lane<'_, S> {
        // SAFETY: the database was opened with the tables of the schema.
        unsafe { Lane::new(&self.core) }
    }

    /// Begins a transaction that is put together here and committed as one message.
    pub fn begin(&self) -> TransactionBuilder<S> {
        TransactionBuilder::new(Arc::clone(self.core.queue()))
    }

    /// Follows the changes of the table of `T`, from the next commit on: what came, what has changed and how, what went, commit by
    /// commit. See [`Subscription`].
    ///
    /// Cost: nothing for the writer but that it keeps what it has touched, which it does once for all subscriptions. The first
    /// subscription asks the writer to do so; others do not wait for it.
    ///
    /// # Errors
    /// [`TransactionError::Closed`]; [`TransactionError::Reentrant`] inside a transaction.
    pub fn subscribe<T: TableOf<S>>(&self) -> Result<Subscription<S, T>, TransactionError> {
        let follower = Follower::new(&self.core)?;
        // SAFETY: the invariant of `core`.
        Ok(unsafe { Subscription::new(follower) })
    }

    /// Follows what the query `Q` gives, over several components: a snapshot to begin with, and differences from then on. See
    /// [`LiveQuery`].
    ///
    /// # Errors
    /// As for [`subscribe`](Self::subscribe).
    pub fn watch<Q: QueryParam<S>>(&self) -> Result<LiveQuery<S, Q>, TransactionError> {
        let follower = Follower::new(&self.core)?;
        // SAFETY: the invariant of `core`.
        Ok(unsafe { LiveQuery::new(follower) })
    }

    /// The table of `T`, for operations that are transactions of their own.
    pub fn table<T: TableOf<S>>(&self) -> Table<'_, S, T> {
        Table::new(self)
    }

    fn one<R>(
        &self,
        op: impl FnOnce(&mut TransactionBuilder<S>) -> R,
    ) -> Result<(R, crate::transaction::Commit), TransactionError> {
        let mut transaction = self.begin();
        let result = op(&mut transaction);
        Ok((result, transaction.commit_visible()?))
    }

    /// Brings a new entity to life.
    ///
    /// # Errors
    /// As for [`Self::write`].
    pub fn spawn<B: Bundle<S>>(&self, bundle: B) -> Result<Entity, TransactionError> {
        self.one(|tx| tx.spawn(bundle)).map(|(promised, commit)| commit.entity(promised))
    }

    /// Ends the life of `entity`.
    ///
    /// # Errors
    /// If it is unknown or stale; and as for [`Self::write`].
    pub fn despawn(&self, entity: Entity) -> Result<(), TransactionError> {
        self.one(|tx| tx.despawn(entity)).map(|_| ())
    }

    /// Gives `entity` a `T`, in place of the one it may have.
    ///
    /// # Errors
    /// If the entity is unknown or stale; and as for [`Self::write`].
    pub fn insert<T: TableOf<S>>(&self, entity: Entity, component: T) -> Result<(), TransactionError> {
        self.one(|tx| tx.insert(entity, component)).map(|_| ())
    }

    /// Takes the `T` away from `entity`.
    ///
    /// # Errors
    /// If the entity is unknown or stale or has none; and as for [`Self::write`].
    pub fn remove<T: TableOf<S>>(&self, entity: Entity) -> Result<(), TransactionError> {
        self.one(|tx| tx.remove::<T>(entity)).map(|_| ())
    }

    /// Changes one field, or several: `db.update(entity, Purse::C.gold.add(5))`.
    ///
    /// # Errors
    /// If the entity is unknown or stale or has no `T`, or an integer would leave its range; and as for [`Self::write`].
    pub fn update<A: Assignments>(&self, entity: Entity, changes: A) -> Result<(), TransactionError>
    where
        A::Component: TableOf<S>,
    {
        self.one(|tx| tx.update(entity, changes)).map(|_| ())
    }

    /// Makes room for `count` more entities with the components of `B`, so that spawning them allocates little. What is not used
    /// by then is given back with other free memory when the writer has been idle
    /// ([`DbBuilder::idle_after`](crate::DbBuilder::idle_after)).
    ///
    /// # Errors
    /// [`TransactionError::Op`] with the memory limit, if it leaves no room, or if there are not so many slots;
    /// [`TransactionError::Closed`], or [`TransactionError::Reentrant`] inside a transaction.
    pub fn reserve<B: Bundle<S>>(&self, count: usize) -> Result<(), TransactionError> {
        let reserved = self.core.queue().prepare(move |store| store.reserve(B::TABLES, count))?;
        reserved.map_err(|error| crate::transaction::OpError::from(error).into())
    }

    /// What the database takes in memory. Asks the writer, which walks over the directories.
    ///
    /// # Errors
    /// [`TransactionError::Closed`], or [`TransactionError::Reentrant`] inside a transaction.
    pub fn memory(&self) -> Result<MemoryUsage, TransactionError> {
        self.core.control(|store| store.memory())
    }

    /// Gives memory back that only helps the next commits, as the writer does by itself when it is idle.
    ///
    /// # Errors
    /// As for [`Self::memory`].
    pub fn trim(&self) -> Result<(), TransactionError> {
        self.core.control(|store| store.trim())
    }

    /// What all handles share.
    pub(crate) fn core(&self) -> &Arc<Core> {
        &self.core
    }

    /// Figures of the moment.
    pub fn stats(&self) -> Stats {
        self.core.stats()
    }

    /// Tells the [figures of the moment](Self::stats) to the recorder that the program has installed for the `metrics` crate, under
    /// names that begin with `ecsdb_` and with the name of the schema as label `database`. `docs/operations.md` lists them.
    ///
    /// Asks the writer for what the database takes in memory, as [`Self::memory`] does: every few seconds is often enough. Within
    /// a transaction, or when the database is closed, that part is left out.
    #[cfg(feature = "metrics")]
    pub fn publish_metrics(&self) {
        super::metrics::publish(&self.core);
    }

    /// The schema, as it can be written to a file.
    pub fn schema(&self) -> &DatabaseSchema {
        self.core.schema()
    }

    /// What was found in the directory when it was opened; nothing for a database in memory.
    pub fn recovery(&self) -> Option<&Recovery> {
        self.core.recovery()
    }

    /// Waits until everything that is visible now is durable. Returns the version that is.
    ///
    /// # Errors
    /// [`TransactionError::NotDurable`] if the log has failed; [`TransactionError::NoLog`] if the database is in memory only;
    /// [`TransactionError::Reentrant`] inside a transaction.
    pub fn sync(&self) -> Result<u64, TransactionError> {
        self.core.sync()
    }

    /// Closes the database for all its handles: takes no more transactions, and waits until all that were queued are
    /// done. A log is synced and marked as
    /// closed, and its directory may be opened again. Snapshots stay good. A segment that an [archive](crate::archive::Archive) is
    /// just storing is waited for at last; others are stored when the database is open again.
    ///
    /// # Errors
    /// [`TransactionError::Reentrant`] inside a transaction; [`TransactionError::NotDurable`] if the log has failed: the
    /// database is closed, and a machine that stops now may lose what was visible.
    pub fn close(&self) -> Result<(), TransactionError> {
        self.core.close()
    }
}
