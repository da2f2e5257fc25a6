//! What can go wrong with an operation, and with a transaction.

use std::error::Error as StdError;

use thiserror::Error;

use super::commit_log::LogError;
use crate::component::{CompareOp, UpdateOp};
use crate::entity::Entity;
use crate::schema::{InvalidRow, Value, ValueError};
use crate::storage::{DuplicateKey, MemoryLimit, ReferenceFailure, SlotsExhausted, StorageError};
use crate::sync::Priority;

/// A guard that did not hold.
#[derive(Clone, Debug, PartialEq, Error)]
#[error("guard on `{table}.{field}` of entity {entity}: expected {op} {expected}, found {found}")]
#[non_exhaustive]
pub struct GuardFailure {
    /// The table.
    pub table: String,
    /// The entity whose row was looked at.
    pub entity: Entity,
    /// The field.
    pub field: String,
    /// How it was compared.
    pub op: CompareOp,
    /// What it was compared with.
    pub expected: Value,
    /// What it holds.
    pub found: Value,
}

/// Arithmetic whose result the field cannot hold.
#[derive(Clone, Debug, PartialEq, Error)]
#[error("`{table}.{field}` of entity {entity} is {found}: {operation} leaves the range of the field")]
#[non_exhaustive]
pub struct RangeFailure {
    /// The table.
    pub table: String,
    /// The entity whose row was to be changed.
    pub entity: Entity,
    /// The field.
    pub field: String,
    /// What the field holds.
    pub found: Value,
    /// What was to be done to it.
    pub operation: String,
}

/// An update that the type of a field does not have.
#[derive(Clone, Debug, PartialEq, Error)]
#[error("{op} a value needs {needs}, and `{table}.{field}` is `{field_type}`")]
#[non_exhaustive]
pub struct ArithmeticFailure {
    /// The table.
    pub table: String,
    /// The field.
    pub field: String,
    /// The type of the field, as in a schema file.
    pub field_type: String,
    /// What was to be done.
    pub op: UpdateOp,
    /// What that can be done to.
    pub needs: &'static str,
}

/// A guard on a whole row, or on there being none, that did not hold.
#[derive(Clone, Debug, PartialEq, Error)]
#[error("guard on `{table}` of entity {entity}: expected {}, found {}", row_text(.expected), row_text(.found))]
#[non_exhaustive]
pub struct RowGuardFailure {
    /// The table.
    pub table: String,
    /// The entity whose row was looked at.
    pub entity: Entity,
    /// The fields that were expected; `None` for no row.
    pub expected: Option<Value>,
    /// The fields that are there; `None` for no row.
    pub found: Option<Value>,
}

fn row_text(row: &Option<Value>) -> String {
    match row {
        Some(Value::Struct(fields)) if fields.is_empty() => "a row".to_owned(),
        Some(row) => row.to_string().trim_start().to_owned(),
        None => "no row".to_owned(),
    }
}

/// What others have committed between a snapshot and the transaction that relies on what it showed.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum Conflict {
    /// A row has changed, has come or has gone.
    #[error(
        "`{}` of entity {} has changed since version {version}: expected {}, found {}",
        row.table, row.entity, row_text(&row.expected), row_text(&row.found)
    )]
    Row {
        /// The version of the snapshot.
        version: u64,
        /// The row as the snapshot showed it, and as it is.
        row: RowGuardFailure,
    },
    /// An entity has come to life, or was despawned.
    #[error(
        "entity {entity} was {} in version {version}, and is {} now",
        if *.was_alive { "alive" } else { "not alive" },
        if *.was_alive { "despawned" } else { "alive" }
    )]
    Life {
        /// The version of the snapshot.
        version: u64,
        /// The entity.
        entity: Entity,
        /// Whether the snapshot showed it alive.
        was_alive: bool,
    },
    /// A condition holds for other entities.
    #[error("other entities than in version {version} have `{condition}`: {} more, {} fewer", come.len(), gone.len())]
    Set {
        /// The version of the snapshot.
        version: u64,
        /// The condition.
        condition: String,
        /// Those that it holds for now, and did not.
        come: Vec<Entity>,
        /// Those that it held for, and does not now.
        gone: Vec<Entity>,
    },
    /// Something was committed, whatever it was.
    #[error("expected version {expected}, found {found}: others have committed since")]
    Version {
        /// The version that was to be the last one.
        expected: u64,
        /// The last one.
        found: u64,
    },
}

/// Why an operation could not be done. In a transaction builder the first one rolls the transaction back; in a closure
/// it is for the closure to say, except that a storage error always does.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum OpError {
    /// The database has never handed out this entity.
    #[error("entity {entity} is unknown: this database has never handed it out")]
    UnknownEntity {
        /// The entity asked for.
        entity: Entity,
    },
    /// The entity was despawned; its slot may have a new owner.
    #[error("entity {entity} is stale: it was despawned")]
    StaleEntity {
        /// The entity asked for.
        entity: Entity,
    },
    /// The entity was promised by a transaction builder, and this is not that transaction.
    #[error("entity {entity} was promised by another transaction: take the real one from its commit")]
    PromisedEntity {
        /// The entity asked for.
        entity: Entity,
    },
    /// The entity lives but has no row in the table.
    #[error("entity {entity} has no `{table}`")]
    ComponentMissing {
        /// The entity asked for.
        entity: Entity,
        /// The table asked for.
        table: String,
    },
    /// A guard did not hold.
    #[error(transparent)]
    GuardFailed(#[from] Box<GuardFailure>),
    /// A row, or that there is none, is not what a guard has asked for.
    #[error(transparent)]
    RowGuardFailed(#[from] Box<RowGuardFailure>),
    /// What a snapshot has shown is no longer so: others were faster. Look again and decide anew.
    #[error(transparent)]
    Conflict(#[from] Box<Conflict>),
    /// The snapshot is one of another database: compare with one of this database.
    #[error("the snapshot is one of another database")]
    ForeignSnapshot,
    /// The result of an addition, a subtraction or a multiplication left the range of the field.
    #[error(transparent)]
    OutOfRange(#[from] Box<RangeFailure>),
    /// Arithmetic on a field that has none. Where columns have types this does not compile.
    #[error(transparent)]
    NoArithmetic(#[from] Box<ArithmeticFailure>),
    /// A table that the schema does not have.
    #[error("there is no table `{table}`{}", nearest.as_ref().map(|n| format!(", did you mean `{n}`?")).unwrap_or_default())]
    UnknownTable {
        /// The name asked for.
        table: String,
        /// The table that was probably meant.
        nearest: Option<String>,
    },
    /// A value that does not fit its field.
    #[error(transparent)]
    Value(#[from] ValueError),
    /// Bytes that are no row of their table.
    #[error(transparent)]
    InvalidRow(#[from] InvalidRow),
    /// A counted field has no number left for a row with a 0 there. Free numbers below are not looked for.
    #[error("`{table}.{field}` is counted up, and has given the last number of its type: take a wider one")]
    NumbersExhausted {
        /// The table.
        table: String,
        /// The field.
        field: String,
    },
    /// A reference leads to no row. Found when the transaction ends: before that it may.
    #[error("{0}, which is not there: store that first, or in the same transaction")]
    Dangling(Box<ReferenceFailure>),
    /// A row went that another row still refers to, and must not by its `on_delete`. Found when the transaction ends.
    #[error(
        "{0}, which must not go before it: remove the reference in the same transaction, or choose another `on_delete`"
    )]
    Restricted(Box<ReferenceFailure>),
    /// Two entities have the same key in a unique index. Found when the transaction ends: before that they may.
    #[error(transparent)]
    Duplicate(#[from] Box<DuplicateKey>),
    /// The memory limit is reached. The transaction cannot be committed any more.
    #[error(transparent)]
    Memory(#[from] MemoryLimit),
    /// No slot is left. The transaction cannot be committed any more.
    #[error(transparent)]
    Slots(#[from] SlotsExhausted),
}

impl From<StorageError> for OpError {
    fn from(error: StorageError) -> Self {
        match error {
            StorageError::Memory(error) => Self::Memory(error),
            StorageError::Slots(error) => Self::Slots(error),
        }
    }
}

/// Why a transaction was not committed. None of its changes are visible, now or later.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TransactionError {
    /// An operation failed.
    #[error(transparent)]
    Op(#[from] OpError),
    /// Others have changed what an optimistic transaction had read, at every attempt. Try again later, with more attempts, or in
    /// [`Db::write`](crate::Db::write), which has the database to itself.
    #[error("gave up after {attempts} attempts")]
    Conflict {
        /// How often it was tried.
        attempts: u32,
        /// What stood in the way of the last attempt.
        #[source]
        last: Box<Conflict>,
    },
    /// The closure gave up: see [`TransactionError::abort`].
    #[error("the transaction was aborted")]
    Aborted(#[source] Box<dyn StdError + Send + Sync>),
    /// The closure panicked.
    #[error("the transaction panicked: {message}")]
    Panicked {
        /// The panic's message, if it was text.
        message: String,
    },
    /// A procedure failed.
    #[error("procedure `{procedure}` failed")]
    Procedure {
        /// The procedure.
        procedure: &'static str,
        /// Why; if it is a procedure that this one has called, that one.
        #[source]
        cause: Box<TransactionError>,
    },
    /// A procedure failed that the transaction has called. The transaction would have been content with that, but part of what
    /// the procedure did may stand.
    #[error("procedure `{procedure}` failed within the transaction, so nothing of it was kept: {cause}")]
    CallFailed {
        /// The procedure.
        procedure: &'static str,
        /// What its error said, and what had led to it.
        cause: String,
    },
    /// Procedures call each other too deeply: most likely without end.
    #[error("procedure `{procedure}` is called {limit} levels deep, which is as deep as calls may go")]
    CallDepth {
        /// The procedure that was not called.
        procedure: &'static str,
        /// How deep calls may go.
        limit: usize,
    },
    /// The call came from inside a transaction of the same database and would wait for itself. Use the transaction at
    /// hand, or let another thread do it.
    #[error("called from inside a transaction of the same database: it would wait for itself")]
    Reentrant,
    /// The queue to the writer is full; nothing was queued.
    #[error(
        "the queue to the writer is full for {} priority ({queued_bytes} bytes queued): wait, or raise the limits",
        format!("{priority:?}").to_lowercase()
    )]
    QueueFull {
        /// The priority that it was asked for with.
        priority: Priority,
        /// What is queued, in bytes, as the limits count.
        queued_bytes: usize,
    },
    /// The time to wait was over. A transaction that was queued may still be committed.
    #[error("timed out")]
    Timeout,
    /// The transaction was queued for longer than it was given. It has not begun, and never will.
    #[error("the transaction has expired: it was queued for longer than it was given, and not begun")]
    Expired,
    /// The database is closed, or its writer is gone.
    #[error("the database is closed")]
    Closed,
    /// The changes are visible, and the log has failed before they were known to be durable: a process that is killed keeps
    /// them, a machine that stops may lose them. No further transaction is committed.
    #[error("version {version} is visible and not known to be durable")]
    NotDurable {
        /// The version in which the changes became visible.
        version: u64,
        /// What has failed.
        #[source]
        cause: LogError,
    },
    /// The database has no directory in which anything could become durable. Open it with one. A transaction whose
    /// [ticket](super::Ticket::durable) says so is committed all the same; one of [`commit_durable`](super::TransactionBuilder::commit_durable)
    /// was not sent.
    #[error("the database is in memory only: nothing in it is durable")]
    NoLog,
    /// The commit log refused the batch; the published state is as before it.
    #[error("the commit log refused the transaction")]
    Log(#[source] LogError),
}

impl TransactionError {
    /// The error by which a closure gives up, with a reason of its own: the transaction is rolled back, and the caller
    /// gets [`TransactionError::Aborted`].
    ///
    /// ```
    /// use std::error::Error;
    ///
    /// use ecsdb::TransactionError;
    ///
    /// let error = TransactionError::abort("no loot");
    /// assert_eq!(error.to_string(), "the transaction was aborted");
    /// assert_eq!(error.source().map(ToString::to_string).as_deref(), Some("no loot"));
    /// ```
    pub fn abort(reason: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::Aborted(reason.into())
    }

    /// What went wrong, without the procedures in which it did.
    ///
    /// ```
    /// # use ecsdb::{Component, Db, Procedure, TransactionError};
    /// # #[derive(Component)] struct Purse { gold: u64 }
    /// # ecsdb::schema! { World: Purse }
    /// const LOOT: Procedure<World, (), ()> = Procedure::new("loot", "Finds something.", |tx, ()| Err(tx.abort("no loot")));
    ///
    /// let error = Db::<World>::in_memory()?.call(&LOOT, ()).unwrap_err();
    /// assert!(matches!(error, TransactionError::Procedure { procedure: "loot", .. }));
    /// assert!(matches!(error.root(), TransactionError::Aborted(_)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn root(&self) -> &Self {
        let mut error = self;
        while let Self::Procedure { cause, .. } = error {
            error = cause;
        }
        error
    }

    /// The error, if it comes from a transaction, as that of `procedure`. That the database is closed, the log has refused, or
    /// it was never begun, is no fault of the procedure's.
    pub(super) fn of_procedure(self, procedure: &'static str) -> Self {
        match self {
            Self::Closed | Self::Expired | Self::Log(_) => self,
            cause => Self::Procedure { procedure, cause: Box::new(cause) },
        }
    }
}
