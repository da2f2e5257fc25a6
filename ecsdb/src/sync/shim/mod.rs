//! The one door to atomics, locks, `Arc` and threads: the standard library, or loom under `--cfg ecsdb_loom`, or shuttle
//! under `--cfg ecsdb_shuttle`.
//!
//! Code that shares memory between threads takes its primitives from here by name, never from `std::sync`, or loom
//! does not see it. What all sides offer has the same name and the same shape; where the checkers are poorer (no time, no
//! thread-local number), their side says what it does instead. Outside `sync` nobody
//! takes an atomic from it that a conclusion depends on (those of [`unwatched`] are for figures).

#[cfg(ecsdb_loom)]
mod counted;
#[cfg(all(test, ecsdb_loom))]
pub(crate) mod model;
#[cfg(any(ecsdb_loom, ecsdb_shuttle))]
pub(crate) mod model_channel;
#[cfg(ecsdb_loom)]
mod on_loom;
#[cfg(ecsdb_shuttle)]
mod on_shuttle;
#[cfg(not(any(ecsdb_loom, ecsdb_shuttle)))]
mod on_std;
#[cfg(all(test, ecsdb_shuttle))]
pub(crate) mod schedules;
#[cfg(any(ecsdb_loom, ecsdb_shuttle))]
mod timeless;
#[cfg(not(ecsdb_loom))]
mod unwatched_memory;

#[cfg(ecsdb_loom)]
pub(crate) use on_loom::*;
#[cfg(ecsdb_shuttle)]
pub(crate) use on_shuttle::*;
#[cfg(not(any(ecsdb_loom, ecsdb_shuttle)))]
pub(crate) use on_std::*;

/// Counters that order nothing and that no model watches: always the standard library.
///
/// For figures (bytes allocated) and for numbers that only have to differ (ids of databases). Whatever one thread may
/// conclude about the work of another belongs on the primitives above, where loom sees it.
pub(crate) mod unwatched {
    pub(crate) use std::sync::Arc;
    pub(crate) use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
}
