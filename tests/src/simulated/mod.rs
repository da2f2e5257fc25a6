//! A medium in memory that can lose what was not synced.
//!
//! [`Simulated`] is a [`Media`](ecsdb::media::Media) that keeps two states apart: the *live* one, which every call sees, and
//! the *durable* one, which is all that is sure to be left when the power fails. It notes every operation that changes
//! anything. A test runs a workload once, and then walks along the [`Trace`]: the state after each operation gives any
//! number of [images](State::image), each a medium to open from, with none, all or some of what was not synced.
//!
//! | part | what it owns |
//! |---|---|
//! | `operation` | what is noted; the trace, and the walk along it |
//! | `state` | names and contents, live and durable, and what each operation does to them |
//! | `image` | what a crash leaves of a state |
//! | `fault` | calls that fail |
//! | `medium` | the trait, for running programs |
//!
//! It knows nothing of what is in the files, and touches no real one.

mod fault;
mod image;
mod medium;
mod operation;
mod state;
#[cfg(test)]
mod tests;

pub use fault::{Call, Failure, Fault};
pub use image::Survival;
pub use medium::Simulated;
pub use operation::{Node, Operation, Trace};
pub use state::State;
