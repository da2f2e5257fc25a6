//! The handle of a database whose schema was loaded.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::config::{DbBuilder, OpenError};
use super::core::Core;
use super::dyn_subscription::{DynSubscription, SubscribeError};
use super::evolve::EvolveError;
use super::lane::Lane;
use super::stats::Stats;
use super::subscription::Follower;
use crate::component::Field;
use crate::persistence::Recovery;
use crate::query::DynView;
use crate::schema::diff::Plan;
use crate::schema::{DatabaseSchema, Value};
use crate::storage::{MemoryUsage, Version};
use crate::sync::shim::Arc as VersionRef;
use crate::transaction::{
    CallError, DynTransaction, Dynamic, OpError, Procedure, ProcedureInfo, Ticket, TransactionError, Written,
    table_number,
};

/// A database with the tables of a schema that was loaded, read and written by the names of tables and fields.
///
/// ```
/// use ecsdb::{DynDb, schema::{DatabaseSchema, Value}};
///
/// let schema = DatabaseSchema::from_toml(
///     "[database]\nname = \"game\"\n[[tables.health.fields]]\nname = \"hp\"\ntype = \"u32\"",
///     "game.toml",
/// )?;
/// let db = DynDb::in_memory(schema)?;
/// let mob = db.write(|tx| Ok(tx.spawn(&[("health", &[("hp", Value::U32(20))])])?))?;
/// assert_eq!(db.snapshot().view().get("health", mob).unwrap().get("hp"), Some(Value::U32(20)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct DynDb {
    core: Arc<Core>,
}

debug_as!(DynDb, db: schema = db.core.schema().name(), version = db.core.pin().number);

impl DynDb {
    pub(super) fn new(core: Arc<Core>) -> Self {
        Self { core }
    }

    /// Opens an empty database in memory, with the usual settings.
    ///
    /// # Errors
    /// If the system gives no thread.
    pub fn in_memory(schema: DatabaseSchema) -> Result<Self, OpenError> {
        Self::builder().open_schema(schema)
    }

    /// Opens the database that is kept in `directory`, or makes it there; see [`Db::open`](crate::Db::open).
    ///
    /// # Errors
    /// As for [`Db::open`](crate::Db::open).
    pub fn open(directory: impl Into<PathBuf>, schema: DatabaseSchema) -> Result<Self, OpenError> {
        Self::builder().directory(directory).open_schema(schema)
    }

    /// Opens a database with settings of its own.
    pub fn builder() -> DbBuilder<Dynamic> {
        DbBuilder::new()
    }

    /// Pins the version that is published now.
    pub fn snapshot(&self) -> DynSnapshot {
        DynSnapshot::pinned(self.core.pin())
    }

    /// Runs `transaction` as the writer, and waits until its changes are visible; see [`Db::write`](crate::Db::write).
    ///
    /// # Errors
    /// What the closure returns; or as for [`Db::write`](crate::Db::write).
    pub fn write<R: Send + 'static>(
        &self,
        transaction: impl FnOnce(&mut DynTransaction<'_>) -> Result<R, TransactionError> + Send + 'static,
    ) -> Result<R, TransactionError> {
        self.lane().write(transaction)
    }

    /// Runs `transaction` as the writer, for async code; see [`Db::write_async`](crate::Db::write_async).
    ///
    /// # Errors
    /// As there.
    pub fn write_async<R: Send + 'static, F>(
        &self,
        transaction: F,
    ) -> impl Future<Output = Result<R, TransactionError>> + Send + use<R, F>
    where
        F: FnOnce(&mut DynTransaction<'_>) -> Result<R, TransactionError> + Send + 'static,
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
        transaction: impl FnOnce(&mut DynTransaction<'_>) -> Result<R, TransactionError> + Send + 'static,
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
        transaction: impl FnOnce(&mut DynTransaction<'_>) -> Result<R, TransactionError> + Send + 'static,
    ) -> Result<R, TransactionError> {
        self.lane().within(timeout).write(transaction)
    }

    /// Sends a call of `procedure` to the writer if there is room in the queue; see [`Self::try_write`].
    ///
    /// # Errors
    /// As there.
    pub fn try_call<A: Field, R: Field>(
        &self,
        procedure: &Procedure<Dynamic, A, R>,
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
        procedure: &Procedure<Dynamic, A, R>,
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
        procedure: &Procedure<Dynamic, A, R>,
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
        procedure: &Procedure<Dynamic, A, R>,
        arguments: A,
    ) -> impl Future<Output = Result<R, TransactionError>> + Send + use<A, R> {
        let ticket = self.lane().no_waiting().submit_call(procedure, arguments);
        async move { Ok(ticket?.await?.result) }
    }

    /// Runs the [registered](crate::DbBuilder::procedure) procedure `name` as the writer, and waits until its changes are
    /// visible. Integers may have another width than the procedure's, if they fit; nothing (`()`) is a struct without members; see
    /// [`Db::call_by_name`](crate::Db::call_by_name).
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
    pub fn lane(&self) -> Lane<'_, Dynamic> {
        // SAFETY: the database was opened with the tables of the schema.
        unsafe { Lane::new(&self.core) }
    }

    /// Follows the changes of the table `table`, from the next commit on; see [`DynSubscription`].
    ///
    /// # Errors
    /// If there is no such table; and as for [`Db::subscribe`](crate::Db::subscribe).
    pub fn subscribe(&self, table: &str) -> Result<DynSubscription, SubscribeError> {
        DynSubscription::new(Follower::new(&self.core)?, table)
    }

    /// The schema that the database has now.
    pub fn schema(&self) -> DatabaseSchema {
        self.snapshot().schema().clone()
    }

    /// Has the database other tables and fields from now on, while it runs: new tables, new fields, other names, wider types,
    /// by the rules of [`schema::diff`](crate::schema::diff). Returns what was changed.
    ///
    /// Snapshots that are held keep the tables that they have. Transactions that come later see the new ones. Commits wait as long
    /// as it takes to make the rows of the tables anew that change (about a microsecond a row), and with a directory until these
    /// and everything before are durable; a table that is new, or has another name, takes no time. Tables cannot be left out.
    ///
    /// ```
    /// use ecsdb::{DynDb, schema::{DatabaseSchema, Value}};
    ///
    /// let schema = |fields: &str| {
    ///     let text = format!("[database]\nname = \"game\"\n[tables.health]\nfields = [{fields}]");
    ///     DatabaseSchema::from_toml(&text, "game.toml")
    /// };
    /// let db = DynDb::in_memory(schema("{ name = \"hp\", type = \"u16\" }")?)?;
    /// let mob = db.write(|tx| Ok(tx.spawn(&[("health", &[("hp", Value::U16(20))])])?))?;
    /// let before = db.snapshot();
    ///
    /// db.evolve(&schema("{ name = \"hp\", type = \"u32\" }, { name = \"armor\", type = \"u8\", default = 3 }")?)?;
    /// assert_eq!(db.snapshot().view().get("health", mob).unwrap().get("armor"), Some(Value::U8(3)));
    /// assert_eq!(before.view().get("health", mob).unwrap().get("armor"), None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// If something would be lost; the error names tables and fields and says what to do. The database goes on as it was, unless it
    /// is the log that has failed: that takes nothing more.
    pub fn evolve(&self, schema: &DatabaseSchema) -> Result<Plan, EvolveError> {
        self.core.evolve(schema)
    }

    /// What all handles share.
    pub(crate) fn core(&self) -> &Arc<Core> {
        &self.core
    }

    /// Figures of the moment.
    pub fn stats(&self) -> Stats {
        self.core.stats()
    }

    /// Tells the figures to the recorder of the `metrics` crate; see [`Db::publish_metrics`](super::Db::publish_metrics).
    #[cfg(feature = "metrics")]
    pub fn publish_metrics(&self) {
        super::metrics::publish(&self.core);
    }

    /// Makes room for `count` more entities with rows in `tables`; see [`Db::reserve`](crate::Db::reserve).
    ///
    /// # Errors
    /// [`OpError::UnknownTable`]; otherwise as there.
    pub fn reserve(&self, tables: &[&str], count: usize) -> Result<(), TransactionError> {
        let version = self.core.pin();
        let numbers: Result<Vec<u16>, OpError> =
            tables.iter().map(|name| table_number(&version.schema, name)).collect();
        let numbers = numbers?;
        let reserved = self.core.control(move |store| store.reserve(&numbers, count))?;
        Ok(reserved.map_err(OpError::from)?)
    }

    /// What the database takes in memory.
    ///
    /// # Errors
    /// [`TransactionError::Closed`], or [`TransactionError::Reentrant`] inside a transaction.
    pub fn memory(&self) -> Result<MemoryUsage, TransactionError> {
        self.core.control(|store| store.memory())
    }

    /// Gives memory back that only helps the next commits; see [`Db::trim`](crate::Db::trim).
    ///
    /// # Errors
    /// As for [`Self::memory`].
    pub fn trim(&self) -> Result<(), TransactionError> {
        self.core.control(|store| store.trim())
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

    /// Closes the database; see [`Db::close`](crate::Db::close).
    ///
    /// # Errors
    /// As for [`Db::close`](crate::Db::close).
    pub fn close(&self) -> Result<(), TransactionError> {
        self.core.close()
    }
}

/// A pinned version of a [`DynDb`]; see [`Snapshot`](crate::Snapshot).
#[derive(Clone)]
pub struct DynSnapshot {
    version: VersionRef<Version>,
}

debug_as!(DynSnapshot, snapshot: version = snapshot.version.number);

impl DynSnapshot {
    pub(super) fn pinned(version: VersionRef<Version>) -> Self {
        Self { version }
    }

    /// What the snapshot gives can be read through this.
    pub fn view(&self) -> DynView<'_> {
        DynView::new(&self.version, &self.version.schema)
    }

    /// The schema of this version.
    pub fn schema(&self) -> &DatabaseSchema {
        &self.version.schema
    }
}
