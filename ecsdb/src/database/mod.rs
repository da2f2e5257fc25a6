//! The database as its users hold it: opened from a schema, read through snapshots, changed through transactions.
//!
//! Owns the handles, their configuration and their lifetimes. Everything they do is done below.

mod config;
mod core;
mod db;
mod decide;
mod dyn_db;
mod evolve;
mod guards;
mod lane;
mod optimistic;
mod reads;
mod snapshot;
mod stats;
mod table;

pub use config::{DbBuilder, OpenError};
pub use core::Core;
pub use db::Db;
pub use decide::{Context, NamesEntity};
pub use dyn_db::{DynDb, DynSnapshot};
pub use evolve::EvolveError;
pub use lane::Lane;
pub use optimistic::{Committed, Optimistic};
pub use snapshot::{Snapshot, SnapshotQuery};
pub use stats::Stats;
pub use table::Table;
