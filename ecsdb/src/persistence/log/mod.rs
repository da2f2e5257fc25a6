//! The writing side of the log.
//!
//! - [`Wal`]: what the writer calls; encodes, and writes each batch before it is published
//! - `alarm`: says when it has become long
//! - `anew`, `evolve`: rows that were made anew for another schema, and a schema that changes while the log is written
//! - `cut`: where it goes on in a new segment
//! - `description`: what it says of the tables, for others
//! - `figures`: what is counted meanwhile
//! - `segment`: files, their headers and the zeros ahead of the last record
//! - `spares`: files that are written over
//! - `syncer`: the thread that syncs what was written

mod alarm;
mod anew;
mod cut;
mod description;
mod evolve;
mod figures;
mod segment;
mod spares;
mod syncer;
mod wal;

pub use alarm::Alarm;
pub use anew::Anew;
pub use cut::Cut;
pub use description::{Described, Description};
pub use figures::{Figures, LogStats};
pub use segment::Segment;
pub use spares::Spares;
pub use syncer::Maker;
pub use wal::{Resume, Wal};
