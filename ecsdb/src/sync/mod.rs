//! Threads meeting threads: all that readers and the writer synchronize by. Elsewhere there are `Arc`s of data that does not
//! change, locks that no reader meets, and counters that order nothing ([`shim::unwatched`]).
//!
//! Everything here is built on [`shim`], which is the standard library in ordinary builds and the `loom` model checker
//! under `--cfg ecsdb_loom`, so that the code that ships is the code that is checked. What the atomics mean, and what
//! each ordering pairs with, stands above them in the source and, collected, in `docs/memory-model.md`.
//!
//! - [`Publisher`] and [`Published`]: one value written by one thread and pinned by any number of readers, without
//!   locks. This is how a version of the database becomes visible.
//! - [`completion()`]: the state behind a ticket, written once, waited for by a thread or a task.
//! - [`Watermark`]: up to which version a log is durable, with the thread that syncs on one side and waiters on the other.
//! - [`Unsynced`]: the files that a sync of it has to cover.
//! - [`history()`]: the last commits, appended by the writer, read by any number of readers at their own pace; and how
//!   they sleep until there is more.
//! - [`channel`]: the bounded channel of the queue: crossbeam's, or one that loom can see.
//! - [`Leftovers`]: what lies in a channel when nobody takes anything out of it any more.
//! - [`Turns`]: pieces that several threads prepare and one takes, in their order.
//! - [`Seat`]: what one thread at a time works at: the writer.
//! - [`Budget`]: the bound of the queue in bytes (or messages), with blocking back-pressure.
//! - [`Times`]: how long something took, by one thread, for figures.
//!
//! This module knows nothing of entities, tables or transactions, and must never do input or output.

mod budget;
mod cache_padded;
mod completion;
mod history;
mod leftovers;
pub(crate) mod mutant;
mod publish;
mod seat;
pub(crate) mod shim;
mod times;
mod turns;
mod unsynced;
mod watermark;

pub(crate) use mutant::mutant;
pub(crate) use shim::{Arrivals, channel};

pub use budget::{Budget, Priority};
pub use cache_padded::CachePadded;
pub use completion::{Completer, CompletionPool, Pending, Spent, completion};
pub use history::{Cursor, Held, History, HistoryLimits, Nothing, Recorder, Sleepers, history};
pub use leftovers::Leftovers;
pub use publish::{Published, Publisher, publish};
pub use seat::{Seat, Seated};
pub use times::{Percentiles, Times, Timing};
pub use turns::Turns;
pub use unsynced::{Taken, Unsynced};
pub use watermark::Watermark;

/// Both ways to publish, side by side, for the benchmark that compares them.
#[cfg(all(feature = "arc-swap", not(ecsdb_loom)))]
pub mod publication {
    pub use triomphe::Arc;

    /// The cell that is proved.
    pub mod hazard {
        pub use crate::sync::publish::hazard::{Published, Publisher, publish};
    }

    /// That of the crate `arc-swap`.
    pub mod swap {
        pub use crate::sync::publish::swap::{Published, Publisher, publish};
    }
}

/// The other side is gone: nothing more will arrive, and nothing more is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the other side is closed")]
pub struct Closed;
