//! A typed, in-memory, relational database for ECS game components.

#![deny(missing_docs)]

#[cfg(target_endian = "big")]
compile_error!(
    "ecsdb keeps rows in little-endian order and hands out references to them: it needs a little-endian target"
);

// The derive names this crate `::ecsdb`, also inside its own tests.
#[cfg(test)]
extern crate self as ecsdb;

#[doc(hidden)]
pub mod __private;

// Layer 0: nothing of the database.
mod bits;
mod bytes;
mod limits;
mod sync;
mod text;

// Layer 1: what a row is.
mod change_set;
mod component;
mod entity;
pub mod schema;

// Layer 2: where rows are, and how they are read.
mod query;
mod storage;

// Layer 3: how rows change.
mod transaction;

// Layer 5: what users hold.
mod database;

pub use bytes::Row;
pub use change_set::{BlockChange, ChangeSet, ColumnSet, PageChange, RowChange};
pub use component::packed;
pub use component::{Assignment, Column, CompareOp, Component, Field, NativeField, Number, Predicate, UpdateOp};
pub use database::{Db, DbBuilder, DynDb, DynSnapshot, OpenError, Snapshot, SnapshotQuery, Stats, Table};
pub use ecsdb_derive::Component;
pub use entity::Entity;
pub use query::{
    DynRow, DynTable, DynView, Pages, Query, QueryIter, QueryParam, ReadError, TableIter, TableView, View,
};
pub use query::{FIELDS_TABLE, Item, RowParam, TABLES_TABLE};
pub use storage::{MemoryLimit, MemoryUsage, SlotsExhausted};
pub use transaction::{
    Bundle, Commit, CommitLog, DynTransaction, GuardFailure, LogError, OpError, Ticket, Transaction,
    TransactionBuilder, TransactionError, UpdateFn, UpdateParam,
};
