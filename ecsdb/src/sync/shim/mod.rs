//! The one door to atomics, locks, `Arc` and threads: the standard library, or loom under `--cfg ecsdb_loom`.
//!
//! Code that shares memory between threads takes its primitives from here by name, never from `std::sync`, or loom
//! does not see it. What both sides offer has the same name and the same shape; where loom is poorer (no time, no
//! thread-local number), the loom side says what it does instead. Nothing but `sync` may import it directly.

#[cfg(ecsdb_loom)]
mod counted;
#[cfg(ecsdb_loom)]
pub(crate) mod loom_channel;
#[cfg(all(test, ecsdb_loom))]
pub(crate) mod model;
#[cfg(ecsdb_loom)]
mod on_loom;
#[cfg(not(ecsdb_loom))]
mod on_std;

#[cfg(ecsdb_loom)]
pub(crate) use on_loom::*;
#[cfg(not(ecsdb_loom))]
pub(crate) use on_std::*;

/// Counters that order nothing and that no model watches: always the standard library.
///
/// For figures (bytes allocated) and for numbers that only have to differ (ids of databases). Whatever one thread may
/// conclude about the work of another belongs on the primitives above, where loom sees it.
pub(crate) mod unwatched {
    pub(crate) use std::sync::Arc;
    pub(crate) use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
}
