//! What can go wrong with a run. A shape that does not compile is no error.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// Why there is no report.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// A file could not be read or written.
    #[error("cannot read or write {path}", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        cause: io::Error,
    },
    /// The file with the shapes is not what it should be.
    #[error("{path} is no list of shapes: expected an object with `components` and `support_types`, see `--help`", path = path.display())]
    Shapes {
        /// The file.
        path: PathBuf,
        /// What is wrong, with line and column.
        #[source]
        cause: serde_json::Error,
    },
    /// `cargo` could not be started.
    #[error("cannot run `cargo check`")]
    Start(#[source] io::Error),
    /// `cargo check` failed before it looked at any shape.
    #[error("`cargo check` failed, and not because of the shapes:\n{0}")]
    Check(String),
}

impl Error {
    /// Of a file.
    pub(crate) fn file(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        move |cause| Self::File { path: path.into(), cause }
    }
}
