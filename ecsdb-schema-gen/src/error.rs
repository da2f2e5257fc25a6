//! Why no code, no schema or no file was made.

use core::fmt;
use std::io;
use std::path::PathBuf;

use ecsdb::error::with_causes;
use ecsdb::schema::SchemaError;

/// Why something was not made.
///
/// With `{:?}` it says everything with its causes, in words, so that a build script that returns it tells what is wrong and where.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The schema is wrong; the error names file and line.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// A name in the schema cannot be a name in Rust, or two names become the same.
    #[error("{file}: {what} becomes the Rust name `{rust}`, {reason}")]
    Name {
        /// The schema file.
        file: String,
        /// What is named, such as "table `self`".
        what: String,
        /// Its name in Rust.
        rust: String,
        /// Why that cannot be.
        reason: String,
    },
    /// Two types in the schema have one name and are not the same.
    #[error("{file}: two types are called `{name}`: {first}, and {second}: give one of them another name")]
    TwoTypes {
        /// The schema file.
        file: String,
        /// The name.
        name: String,
        /// The first, and where it stands.
        first: String,
        /// The second, and where it stands.
        second: String,
    },
    /// An enum without variants, which has no values.
    #[error("{file}: {place}: an enum without variants has no values: give it one")]
    EmptyEnum {
        /// The schema file.
        file: String,
        /// Where it stands.
        place: String,
    },
    /// A type that this version cannot write in Rust.
    #[error("{file}: {place}: there is no type in Rust for `{found}` yet")]
    Unknown {
        /// The schema file.
        file: String,
        /// Where it stands.
        place: String,
        /// The type.
        found: String,
    },
    /// `OUT_DIR` is not set: this is not a build script.
    #[error("OUT_DIR is not set: call this from a build script, or set `out_dir`")]
    NoOutDir,
    /// The schema file has no name, or one that is not UTF-8.
    #[error("`{0}` is not the name of a schema file")]
    FileName(PathBuf),
    /// A file could not be read.
    #[error("cannot read `{path}`")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        #[source]
        error: io::Error,
    },
    /// A file could not be written.
    #[error("cannot write `{path}`")]
    Write {
        /// What was to be written.
        path: PathBuf,
        /// What the operating system says.
        #[source]
        error: io::Error,
    },
    /// No schema can be made of the sources.
    #[cfg(feature = "sources")]
    #[error(transparent)]
    Source(#[from] crate::sources::SourceError),
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&with_causes(self), f)
    }
}
