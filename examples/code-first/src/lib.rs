//! A game whose components come first: they are the source, and the schema is made of them.
//!
//! Three things hold the schema file that is checked in (`schema/world.toml`) to the components: `schema = "..."` on one of
//! them, checked whenever it is compiled; the test in `tests/schema.rs`, which compares everything, and writes the file with
//! `ECSDB_BLESS=1`; and `ecsdb-schema check schema/world.toml src/components/mod.rs`, which does so without compiling.

pub mod components;

/// The schema as the build script has read it from the sources: for editors, dashboards, and other programs that know
/// nothing of Rust.
pub const SCHEMA: &str = include_str!(concat!(env!("OUT_DIR"), "/world.toml"));
