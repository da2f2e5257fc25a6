//! Publication: one value, replaced by a single writer, pinned by any number of readers.
//!
//! Two implementations with the same interface pass the same tests: [`hazard`], a cell of our own that loom proves, and
//! [`swap`], which leaves the work to the `arc-swap` crate (cargo feature `arc-swap`; the models always check
//! [`hazard`]). Only this module may know how a value becomes visible; everybody else holds a [`Publisher`] or a
//! [`Published`].
//!
//! | | [`hazard`] (default) | [`swap`] |
//! |---|---|---|
//! | `load` | lock-free while a slot is free: repeats only if the writer published meanwhile. With all slots taken it waits for a reader | lock-free |
//! | `store` | never waits for a reader | pays the debts of readers that it finds in the middle of a load |
//! | checked by loom | yes | no: `arc-swap` relies on `SeqCst` accesses, which loom treats as `AcqRel` |

// Compiled with the feature too, so that both always build.
#[cfg_attr(feature = "arc-swap", allow(dead_code))]
pub(crate) mod hazard;
#[cfg(all(not(ecsdb_loom), any(test, feature = "arc-swap")))]
pub(crate) mod swap;

#[cfg(all(test, ecsdb_loom))]
mod models;
#[cfg(all(test, not(ecsdb_loom)))]
mod tests;

#[cfg(any(ecsdb_loom, not(feature = "arc-swap")))]
pub use hazard::{Published, Publisher, publish};
#[cfg(all(not(ecsdb_loom), feature = "arc-swap"))]
pub use swap::{Published, Publisher, publish};
