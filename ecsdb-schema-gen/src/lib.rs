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
//!
//! # Rust first
//!
//! The components are the source: [`Sources`] reads their files, without compiling them, and writes the schema as TOML.
//! What it cannot see there is an error, with file, line and column.
//!
//! ```no_run
//! // build.rs
//! fn main() -> Result<(), ecsdb_schema_gen::Error> {
//!     ecsdb_schema_gen::Sources::new().file("src/components.rs").write("world")?;
//!     Ok(())
//! }
//! ```
//!
//! ```ignore
//! // src/components.rs: the compiler checks that what was read is what it sees.
//! ecsdb::schema! { pub World: Position, Health }
//! ecsdb::include_schema!("world");
//! ```
//!
//! # Both
//!
//! Where a schema file is checked in beside the components, the two must say the same. Three layers hold them together:
//! `#[component(schema = "schema/world.toml")]` compares one table while it is compiled;
//! [`drift::assert_matches`] compares everything in a test, and writes the file when it is asked to; the command
//! `ecsdb-schema check` does so without compiling, for continuous integration.
//!
//! # The command line
//!
//! The package `ecsdb-cli` has `ecsdb-schema`, which checks schema files against sources, shows
//! what differs between two schemas and what a migration would do, and draws how rows are laid out.
//!
//! # Features
//!
//! - `sources` (on): [`Sources`]. Without it, nothing that parses Rust is compiled.

#![deny(missing_docs)]
#![forbid(unsafe_code)]

mod builder;
pub mod drift;
mod error;
mod generate;
mod names;
mod output;
#[cfg(feature = "sources")]
pub mod sources;
mod text_diff;

pub use builder::{Builder, compile};
pub use error::Error;
#[cfg(feature = "sources")]
pub use sources::Sources;
