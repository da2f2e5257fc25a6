//! A typed, in-memory, relational database for ECS game components.
//!
//! Components become tables. Any number of threads read a consistent version of all tables, as `&T` and `&[T]`, without
//! copying and without locks; one writer carries out transactions, one after the other.
//!
//! # What it is good at, and what that costs
//!
//! - **Reading is cheap and never waits for the writer.** A [`Snapshot`] is pinned in some tens of nanoseconds, whatever the writer does.
//!   For that *versions need memory*: what a pinned snapshot shows and later commits have replaced stays until it is
//!   dropped, and the writer keeps up to two spare versions (directories, and the pages in which they lag behind).
//!   [`Db::memory`] has the figures.
//! - **Iteration runs at the speed of memory.** Rows lie without holes in pages of about 4 KiB, in the same order in all
//!   tables. For that *inserting or removing a row moves its neighbours* within the page.
//! - **Transactions are serializable and cheap to undo.** For that there is *one writer at a time*: changes do not scale with
//!   cores, except those by [`Transaction::update_all`]. And *the first touch of a page by a transaction copies it*: a
//!   transaction that changes one row copies up to 4 KiB, one that changes a whole page copies the same. Do together what
//!   belongs together.
//! - **An entity costs nothing where it has no component**, and adding or removing one moves no other component. For that
//!   *the row of an entity has the same place in every table*: entities that start with the same components lie together, those that
//!   change them a lot later make tables sparser.
//! - **Rows are handed out as they lie**, so it works on *little-endian targets only*, and components own plain data: numbers,
//!   enums, options, nested values, texts and lists, but no pointers, maps or handles. Texts and lists stand in memory
//!   beside the page of their row, and *changing one writes all texts and lists of its row anew*.
//! - **Everything is in memory.** A database that is opened in a [directory](Db::open) writes each commit to a log as well, before
//!   anybody sees it, and its state to a snapshot file from time to time; both are read when it is opened again. So *opening takes as long as
//!   reading all of it*. Whoever wants to know that a commit survives a loss of power [waits for the
//!   disk](Ticket::durable); all others do not.
//!
//! # Usage
//!
//! Derive [`Component`](derive@Component) for each table, list them in [`schema!`], and open a [`Db`].
//!
//! ```
//! use ecsdb::{Component, Db};
//!
//! #[derive(Component)]
//! #[repr(C)]
//! struct Health {
//!     hp: u32,
//!     max: u32,
//! }
//!
//! /// A component without fields is a tag.
//! #[derive(Component)]
//! struct Poisoned;
//!
//! ecsdb::schema! { pub World: Health, Poisoned }
//!
//! let db = Db::<World>::in_memory()?;
//! let mob = db.spawn((Health { hp: 20, max: 20 }, Poisoned))?;
//!
//! // Changes go through transactions.
//! db.write(|tx| {
//!     let poisoned: Vec<_> = tx.query::<ecsdb::Entity>().with::<Poisoned>().into_iter().collect();
//!     for entity in poisoned {
//!         tx.modify(entity, |health: &mut Health| health.hp = health.hp.saturating_sub(3))?;
//!     }
//!     Ok(())
//! })?;
//!
//! // Reads go through snapshots.
//! let snapshot = db.snapshot();
//! assert_eq!(snapshot.get::<Health>(mob).map(|health| health.hp), Some(17));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! | to | use |
//! |---|---|
//! | read | [`Db::snapshot`], then [`get`](Snapshot::get), [`table`](Snapshot::table), [`query`](Snapshot::query) |
//! | find entities by conditions, in an order, in groups, joined by reference | [`Query::filter`], [`order_by`](Query::order_by), [`group_by`](Query::group_by), [`join`](Query::join) |
//! | find rows by their values, or by where they are | [`Snapshot::index`], [`Snapshot::spatial`] |
//! | change, with code that looks at what is there | [`Db::write`], [`Db::write_async`] |
//! | change, as a message that is put together anywhere and needs no waiting | [`Db::begin`], [`TransactionBuilder`] |
//! | decide on any thread, by what a snapshot shows, and commit if it is so still | [`Db::optimistic`], [`Db::decide`] |
//! | change one thing | [`Db::spawn`], [`Db::insert`] and their neighbours, [`Table`] |
//! | follow what changes | [`Db::subscribe`], [`Db::watch`], [`Snapshot::changed_since`] |
//! | keep a database | [`Db::open`], [`Ticket::durable`], [`Db::sync`], [`Db::checkpoint`], [`Db::recovery`] |
//! | copy it while it runs, check, restore or repair its directory | [`Db::backup`], [`maintenance`], [`archive`] |
//! | change all rows of a table, or all that a condition holds for | [`Transaction::update_all`], [`Transaction::update_where`] |
//! | name transactions, and let servers find them | [`Procedure`], [`Db::call`], [`Db::call_by_name`] |
//! | do something at a fixed rate | [`TickLoop`] |
//! | say what happens when there is too much to do | [`Db::lane`], [`Priority`](transaction::Priority), [`Db::stats`] |
//! | change a component that has been saved | `renamed_from`, `default`, `deprecated`, and [`DbBuilder::migrate`] for the rest |
//! | work with a schema that is known at run time only | [`DynDb`], [`schema::DatabaseSchema`], [`DynDb::evolve`] |
//!
//! # Modules
//!
//! What every program names stands at the root; all else is in the module of its subject. Some of the former, like [`TickLoop`], [`Optimistic`] and
//! [`OpenError`], are in their module as well, beside what goes with them: it is the same type under two paths.
//!
//! | module | what it has |
//! |---|---|
//! | [`component`] | columns, indexes, parts of values, what types of fields can be; packed rows |
//! | [`query`] | conditions, orders, groups, aggregates, joins, views of indexes; reading by names |
//! | [`transaction`], [`optimistic`] | tickets, priorities, bundles, logs of commits; transactions composed on a snapshot |
//! | [`changes`] | events of subscriptions and live queries, change sets |
//! | [`durability`] | recovery, checkpoints, backups, migrations |
//! | [`maintenance`], [`archive`], [`media`] | directories that no database is open in; where the past is kept; files and the clock |
//! | [`schema`](mod@schema) | schemas as data: TOML, JSON, values without types, differences |
//! | [`stats`], [`ticks`] | figures; loops at a fixed rate |
//! | [`error`] | everything that can go wrong |
//!
//! # Features
//!
//! - `arc-swap`: publishes versions through the crate of that name instead of the cell that loom checks. What users see
//!   stays the same.
//! - `glam`: the vectors, quaternions and matrices of that crate as field types.
//! - `metrics`: figures for the recorders of that crate (`Db::publish_metrics`).
//! - `object-store`: archives in S3 and other object stores, through the crate of that name.
//! - `tokio`: checkpoints as tasks of a runtime (`DbBuilder::runtime`).
//! - `zstd`: compresses snapshot files and what goes to an [archive] (`DbBuilder::compression`), and reads what was compressed.
//!
//! # More
//!
//! Guides in the repository, whose examples are tests:
//!
//! - `docs/components.md`: every type and attribute of a component; `docs/relations.md`: how rows refer to each other
//! - `docs/transactions.md`, `docs/procedures.md`: how to change, by name and at a fixed rate
//! - `docs/queries.md`, `docs/indexes.md`: how to find; `docs/changes.md`: how to follow
//! - `docs/operations.md`: how to keep, copy, check and restore a database
//!
//! For those who want to know how it works: `ARCHITECTURE.md`, and why; `docs/memory-model.md`, every atomic and its ordering; `docs/unsafe.md`,
//! the unsafe code and its tests; `docs/schema.md`, schemas as text and their changes; `docs/wal.md` and `docs/snapshots.md`, the files byte
//! by byte; `docs/benchmarks.md` and `docs/comparison.md`, what it takes.

#![deny(missing_docs)]
#![warn(missing_debug_implementations)]

#[cfg(target_endian = "big")]
compile_error!(
    "ecsdb keeps rows in little-endian order and hands out references to them: it needs a little-endian target"
);

// The derive names this crate `::ecsdb`, also inside its own tests.
#[cfg(test)]
extern crate self as ecsdb;

#[macro_use]
mod debug;

#[doc(hidden)]
pub mod __private;

// Imports point downwards: from a layer to its own and to those below. `tests/tests/architecture` holds that.

// Layer 0: nothing of the database.
mod bits;
mod bytes;
mod causes;
mod limits;
pub mod media;
mod panics;
mod sync;
mod text;

// Layer 1: what a row is.
mod change_set;
pub mod component;
mod entity;
pub mod schema;

// Layer 2: where rows are (`storage`), and above it how they are read (`query`).
pub mod query;
mod storage;

// Layer 3: how rows change.
pub mod transaction;

// Layer 4: what keeps, sends and derives from change sets.
mod events;
mod persistence;

// Layer 5: what users hold.
mod database;

// Layer 6: what drives it.
mod runtime;

// What every program names. All else is in the module of its subject.
pub use component::{Component, Field, FixedStr, Ref};
pub use database::{Db, DbBuilder, DynDb, DynSnapshot, Lane, LiveQuery, Optimistic, Snapshot, Subscription, Table};
pub use ecsdb_derive::{Component, Field};
pub use entity::Entity;
pub use error::{OpError, OpenError, TransactionError};
pub use persistence::{archive, maintenance};
pub use query::{Query, View};
pub use runtime::TickLoop;
pub use transaction::{Commit, DynTransaction, Procedure, Ticket, Transaction, TransactionBuilder};

/// Following what changes: the events of subscriptions and live queries, and what a commit did, for logs.
pub mod changes {
    pub use crate::change_set::{BlockChange, ChangeSet, ColumnSet, PageChange, RowChange};
    pub use crate::database::{
        DynChanges, DynEvent, DynSubscription, Incoming, LiveQuery, QueryChanges, QueryEvent, Subscription,
    };
    pub use crate::events::{Changes, ColumnChange, ColumnsChanged, Event};
}

/// What a database in a directory tells of itself: what opening it has found, checkpoints, backups, and rows of an earlier schema.
pub mod durability {
    pub use crate::database::Checkpoint;
    pub use crate::persistence::{
        BackupReport, CheckpointProgress, CheckpointReport, LastCheckpoint, Migration, OldRow, PassedOver, Recovery,
        RecoveryProgress, Retention,
    };
}

/// What can go wrong. Those of the modules [`schema`](mod@schema), [`maintenance`] and [`archive`] are there.
///
/// An error says what went wrong, and gives the cause as its [`source`](std::error::Error::source) without saying it again;
/// [`with_causes`](error::with_causes) makes one line of both.
pub mod error {
    pub use crate::causes::{WithCauses, with_causes};
    pub use crate::component::elsewhere::TooLong;
    pub use crate::database::{EvolveError, HistoryGone, Lagged, OpenError, RecvError, SubscribeError};
    pub use crate::persistence::{
        BackupError, CheckpointError, DirectoryError, IoFailure, LogFailure, MigrationError, MigrationFailure,
        SchemaMismatch,
    };
    pub use crate::query::elsewhere::{PlanError, ReadError};
    pub use crate::runtime::{TickError, TickFailure};
    pub use crate::storage::{DuplicateKey, MemoryLimit, ReferenceFailure, SlotsExhausted, StorageError};
    pub use crate::transaction::elsewhere::{
        ArithmeticFailure, CallError, CommitRefused, Conflict, GuardFailure, LogError, OpError, ProcedureFault,
        RangeFailure, RowGuardFailure, TransactionError,
    };
}

/// Transactions that are put together on a snapshot, and committed if it is so still.
pub mod optimistic {
    pub use crate::database::{Committed, Context, NamesEntity, Optimistic};
}

/// Figures of a database: what it has done, how long that took, and what it takes in memory.
pub mod stats {
    pub use crate::database::Stats;
    pub use crate::persistence::{CheckpointStats, LogStats};
    pub use crate::runtime::TickStats;
    pub use crate::storage::MemoryUsage;
    pub use crate::sync::{Percentiles, Timing};
    pub use crate::transaction::elsewhere::{RefusedCounts, TransactionCounts};
}

/// Doing something at a fixed rate.
pub mod ticks {
    pub use crate::runtime::{OnFailure, Overrun, Tick, TickEnd, TickLoop, TickLoopBuilder};
}
