//! What can be done with a directory that no database is open in, without the program that it belongs to.
//!
//! The headers of the log say what tables there are, so nothing here needs the schema of a program. Nothing here judges a file by
//! rules of its own either: what is damaged is what [opening](crate::Db::open) would find damaged.

mod closed;
mod error;

pub use closed::ClosedDirectory;
pub use error::MaintenanceError;
