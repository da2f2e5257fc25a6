//! The writing side of the log.
//!
//! - [`Wal`]: what the writer thread calls; encodes, and writes each batch before it is published
//! - `anew`, `evolve`: rows that were made anew for another schema, and a schema that changes while the log is written
//! - `description`: what it says of the tables, for others
//! - `figures`: what is counted meanwhile
//! - `segment`: files, their headers and the zeros ahead of the last record
//! - `syncer`: the thread that syncs what was written

mod anew;
mod description;
mod evolve;
mod figures;
mod segment;
mod syncer;
mod wal;

pub use anew::Anew;
pub use description::{Described, Description};
pub use figures::{Figures, LogStats};
pub use segment::{Segment, nanoseconds, random};
pub use syncer::Maker;
pub use wal::{Resume, Wal};
