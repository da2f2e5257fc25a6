//! Transactions: how changes are asked for, carried out by the one writer, taken back, and answered.
//!
//! Owns the order of commits. It reads no files and knows no clients: what a commit did leaves as a
//! [`ChangeSet`](crate::changes::ChangeSet), through the [`CommitLog`].

mod apply;
mod arithmetic;
mod assign;
mod builder;
mod bulk;
mod bundle;
mod catalog;
mod closure;
mod commit_log;
mod counts;
mod desk;
mod error;
mod guards;
mod inbox;
mod job;
#[cfg(all(test, ecsdb_loom))]
mod models;
mod named_entities;
mod ops;
mod ops_run;
mod procedure;
mod queue;
mod reentrancy;
mod references;
mod replay;
mod ticket;
mod untyped;
mod update_all;
mod writer;

pub(crate) use apply::Apply;
pub(crate) use assign::RowBuf;
pub use builder::TransactionBuilder;
pub use bulk::Counted;
pub use bundle::Bundle;
pub(crate) use catalog::Catalog;
pub use closure::Transaction;
pub use commit_log::CommitLog;
pub(crate) use commit_log::{Guarded, Mirrored};
pub(crate) use desk::WriterThread;
pub(crate) use guards::{Seen, SeenSet};
pub(crate) use job::{ClosureJob, ConvertRow, Evolve, EvolveFailure, Request};
pub(crate) use ops::OpBuffer;
pub use procedure::{Procedure, ProcedureInfo};
pub(crate) use procedure::{Procedures, Registered};
pub(crate) use queue::{Patience, Queue, QueueLimits, Terms};
pub(crate) use reentrancy::DatabaseId;
pub(crate) use replay::Replayed;
pub use ticket::{Commit, DurableTicket, Ticket, Versioned, Written};
pub(crate) use untyped::table_number;
pub use untyped::{DynTransaction, Dynamic};
pub use update_all::UpdateFn;
pub(crate) use writer::{BatchLimits, WriterConfig};

pub use crate::sync::Priority;

pub(crate) use elsewhere::*;

/// What users find in `ecsdb::error` and `ecsdb::stats`, and generated code in `__private`.
pub(crate) mod elsewhere {
    pub use super::builder::CommitRefused;
    pub use super::bundle::Single;
    pub use super::commit_log::LogError;
    pub use super::counts::{RefusedCounts, TransactionCounts};
    pub use super::error::{
        ArithmeticFailure, Conflict, GuardFailure, OpError, RangeFailure, RowGuardFailure, TransactionError,
    };
    pub use super::procedure::{CallError, ProcedureFault};
}
