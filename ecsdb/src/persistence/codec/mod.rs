//! Change sets to bytes, and bytes into storage.
//!
//! Rows stand in files field after field, in the order of the fields' ids, whatever their layout in memory is. Where the two
//! are the same, which is the rule, rows are copied as they lie.

mod decode;
mod encode;
mod era;
mod items;
mod tables;
#[cfg(all(test, not(ecsdb_loom)))]
mod tests;

pub use decode::{ApplyError, apply, restore_entities, restore_rows, validate_rows};
pub use encode::Encoder;
pub use era::Era;
pub use items::Items;
pub use tables::Tables;
