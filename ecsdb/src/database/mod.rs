//! The database as its users hold it: opened from a schema, read through snapshots, changed through transactions.
//!
//! Owns the handles, their configuration and their lifetimes. Everything they do is done below.

mod backup;
mod checkpoint;
mod config;
mod core;
mod db;
mod decide;
mod dyn_db;
mod dyn_subscription;
mod evolve;
mod guards;
mod incoming;
mod lane;
mod live;
#[cfg(feature = "metrics")]
mod metrics;
#[cfg(all(test, ecsdb_shuttle))]
mod models;
mod open;
mod optimistic;
mod reads;
mod snapshot;
mod stats;
mod subscription;
mod table;

pub use checkpoint::Checkpoint;
pub use config::{DbBuilder, OpenError};
pub use core::Core;
pub use db::Db;
pub use decide::{Context, NamesEntity};
pub use dyn_db::{DynDb, DynSnapshot};
pub use dyn_subscription::{DynChanges, DynEvent, DynSubscription, SubscribeError};
pub use evolve::EvolveError;
pub use incoming::Incoming;
pub use lane::Lane;
pub use live::{LiveQuery, QueryChanges, QueryEvent};
pub use optimistic::{Committed, Optimistic};
pub use snapshot::Snapshot;
pub use stats::Stats;
pub use subscription::{HistoryGone, Lagged, RecvError, Subscription};
pub use table::Table;
