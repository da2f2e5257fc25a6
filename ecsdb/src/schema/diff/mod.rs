//! The differences between two schemas, and what becomes of stored rows.
//!
//! Owns the rules of how a schema may change: what is allowed, what is refused and why. It compares and converts, and
//! touches no files and no database; whoever opens a directory asks it for a [`Plan`].
//!
//! Tables, fields and variants are the same if they have one name, or if the new one is `renamed_from` the old one.
//!
//! | change | |
//! |---|---|
//! | a new table | allowed |
//! | a new field with a `default`, or of a type that can hold nothing (`T?`) | allowed |
//! | another name, said with `renamed_from` | allowed |
//! | a type with room for all values of the old one ([`Conversion::between`]) | allowed |
//! | new variants; variants under new names, with `was`; other tags | allowed |
//! | another order of tables and fields; another layout in memory | allowed |
//! | leaving out what the old schema calls `deprecated` | allowed |
//! | a new field without a default | refused |
//! | a type that has not all values of the old one | refused |
//! | leaving out anything else | refused |
//!
//! ```
//! use ecsdb::schema::DatabaseSchema;
//! use ecsdb::schema::diff::Plan;
//!
//! let schema = |fields: &str| {
//!     let text = format!("[database]\nname = \"game\"\n[tables.health]\nfields = [{fields}]");
//!     DatabaseSchema::from_toml(&text, "game.toml")
//! };
//! let old = schema("{ name = \"hp\", type = \"u16\" }")?;
//! let new = schema("{ name = \"life\", type = \"u32\", renamed_from = \"hp\" }, { name = \"max\", type = \"u32?\" }")?;
//! let plan = Plan::between(&old, &new);
//! assert!(plan.is_allowed());
//! assert_eq!(
//!     plan.to_string(),
//!     "table `health`: field `life`, which was `hp`\n\
//!      table `health`: field `life` is `u32`, was `u16`\n\
//!      table `health`: new field `max` of type `u32?`, none in rows that there are\n"
//! );
//!
//! let plan = Plan::between(&new, &old);
//! assert_eq!(plan.refused.len(), 3);
//! # Ok::<(), ecsdb::schema::SchemaError>(())
//! ```

mod conversion;
mod fault;
mod plan;
mod refusal;
mod rows;
mod step;
#[cfg(test)]
mod tests;

pub use conversion::{Conversion, ConvertError, convert};
pub use fault::{TypeFault, TypeFaultKind};
pub use plan::Plan;
pub use refusal::{Reason, Refusal};
pub use rows::{Fill, Source, TablePlan};
pub use step::{Change, Step};
