//! Rows as bytes: the [`Row`] contract, the cache-line buffers that pages are made of, and the casts between the two.
//!
//! This is the only place where bytes become typed references. It knows nothing of tables or schemas.

mod lines;
mod meter;
mod row;

pub use lines::{Line, LineBuf};
pub use meter::{Meter, Page, PageRef};
pub use row::{Row, bytes_of, duplicate, rows_of, rows_of_mut, slice_bytes};
