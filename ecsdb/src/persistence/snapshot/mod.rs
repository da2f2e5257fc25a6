//! Snapshot files: whole versions, so that a log need not be kept from its beginning. `docs/snapshots.md` has the bytes.
//!
//! - `header`, `frame`: the bytes
//! - `write`: a file out of a version that is held
//! - `read`, `load`: a version out of files
//!
//! Nothing here knows of the log: which versions a file may be written of, and which files count, is for others to say.

mod frame;
mod header;
mod load;
mod read;
mod write;

pub use header::{Base, SnapshotHeader};
pub use load::{Chain, Destination, Loaded};
pub use read::read_header;
pub use write::{Progress, WriteError, Writing, Written};
