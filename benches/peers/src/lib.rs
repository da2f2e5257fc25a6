//! ecsdb beside other engines: what they are called, what they are asked, and how that becomes a table and charts. Unpublished
//! member of the ecsdb workspace.
//!
//! `cargo run --release -p ecsdb-peers --bin compare` measures everything in one run and writes `docs/comparison.md`. It must not
//! favour anyone: where an engine has several ways, the one that its users are told to take is taken.

pub mod cases;
pub mod charts;
pub mod compared;
pub mod components;
pub mod contenders;
pub mod relational;
pub mod run;
pub mod sheet;
pub mod table;

use std::error::Error;

/// What goes wrong in a store.
pub type Failure = Box<dyn Error + Send + Sync>;
