//! Transactions: how changes are asked for, carried out by the one writer, taken back, and answered.
//!
//! Owns the order of commits. It reads no files and knows no clients: what a commit did leaves as a
//! [`ChangeSet`](crate::ChangeSet), through the [`CommitLog`].

mod apply;
mod arithmetic;
mod assign;
mod builder;
mod bulk;
mod bundle;
mod catalog;
mod commit_log;
mod counts;
mod desk;
mod error;
mod guards;
mod inbox;
mod job;
mod many;
#[cfg(all(test, ecsdb_loom))]
mod models;
mod ops;
mod ops_run;
mod procedure;
mod queue;
mod reentrancy;
mod references;
mod replay;
mod scope;
mod settle;
mod ticket;
mod untyped;
mod update_all;
mod writer;

pub use apply::Apply;
pub use assign::RowBuf;
pub use builder::{CommitRefused, TransactionBuilder};
pub use bundle::{Bundle, Single};
pub use catalog::Catalog;
pub use commit_log::{CommitLog, Guarded, LogError, Mirrored};
pub use counts::{RefusedCounts, TransactionCounts};
pub use desk::WriterThread;
pub use error::{ArithmeticFailure, Conflict, GuardFailure, OpError, RangeFailure, RowGuardFailure, TransactionError};
pub use guards::{Seen, SeenSet};
pub use job::{ClosureJob, ConvertRow, Evolve, EvolveFailure, Request};
pub use many::Counted;
pub use ops::OpBuffer;
pub use procedure::{CallError, Procedure, ProcedureFault, ProcedureInfo, Procedures, Registered};
pub use queue::{Patience, Queue, QueueLimits, Terms};
pub use reentrancy::DatabaseId;
pub use replay::Replayed;
pub use scope::Transaction;
pub use ticket::{Commit, DurableTicket, Ticket, Versioned, Written};
pub use untyped::{DynTransaction, Dynamic, table_number};
pub use update_all::UpdateFn;
pub use writer::{BatchLimits, WriterConfig};
