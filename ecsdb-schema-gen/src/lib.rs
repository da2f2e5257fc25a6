//! Schemas of `ecsdb` and code, both ways, for build scripts, tests and the command line.
//!
//! # TOML first
//!
//! The TOML is the source: it is read by `ecsdb` itself, with all its checks, and every table becomes a struct that
//! derives `Component`, every struct and enum in a field one that derives `Field`. The code holds assertions that the
//! derive lays the rows out as the TOML says.
//!
//! ```no_run
//! // build.rs
//! fn main() -> Result<(), ecsdb_schema_gen::Error> {
//!     ecsdb_schema_gen::compile("schema/game.toml")?;
//!     Ok(())
//! }
//! ```
//!
//! ```ignore
//! // src/lib.rs
//! ecsdb::include_schema!("game");
//! ```
//!
//! The code goes to `OUT_DIR` and never into the source tree.

#![deny(missing_docs)]
#![forbid(unsafe_code)]

mod builder;
mod error;
mod generate;
mod names;
mod output;
#[cfg(feature = "sources")]
pub mod sources;

pub use builder::{Builder, compile};
pub use error::Error;
#[cfg(feature = "sources")]
pub use sources::Sources;
