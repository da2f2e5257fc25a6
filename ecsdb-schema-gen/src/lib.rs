//! Rust components from a TOML schema, for build scripts.
//!
//! The TOML is the source: it is read by `ecsdb` itself, with all its checks, and every table becomes a struct that
//! derives `Component`. The code holds assertions that the derive lays the rows out as the TOML says.
//!
//! ```no_run
//! // build.rs
//! fn main() -> Result<(), ecsdb_schema_gen::Error> {
//!     ecsdb_schema_gen::compile("schema/game.toml")?;
//!     Ok(())
//! }
//! ```
//!
//! ```ignore
//! // src/lib.rs
//! ecsdb::include_schema!("game");
//! ```
//!
//! The code goes to `OUT_DIR` and never into the source tree.

#![deny(missing_docs)]
#![forbid(unsafe_code)]

mod generate;
mod names;

use core::fmt;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

use ecsdb::schema::{DatabaseSchema, SchemaError};

/// Writes the components of a schema to `OUT_DIR`, with the usual [`Builder`].
///
/// Gives the path of what was written: the name of the schema file with `.rs`.
///
/// # Errors
/// As [`Builder::compile`].
pub fn compile(schema: impl AsRef<Path>) -> Result<PathBuf, Error> {
    Builder::new().compile(schema)
}

/// Why no code was written.
///
/// It prints the same with `{}` and `{:?}`, so that a build script that returns it says what is wrong and where.
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
    /// `OUT_DIR` is not set: this is not a build script.
    #[error("OUT_DIR is not set: call this from a build script, or set `Builder::out_dir`")]
    NoOutDir,
    /// The schema file has no name, or one that is not UTF-8.
    #[error("`{0}` is not the name of a schema file")]
    FileName(PathBuf),
    /// The code could not be written.
    #[error("cannot write `{path}`: {error}")]
    Write {
        /// What was to be written.
        path: PathBuf,
        /// What the operating system says.
        #[source]
        error: io::Error,
    },
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What the code looks like and where it goes.
#[derive(Clone, Debug)]
pub struct Builder {
    derives: Vec<String>,
    registry: Option<String>,
    out_dir: Option<PathBuf>,
}

impl Default for Builder {
    fn default() -> Self {
        Self::new()
    }
}

impl Builder {
    /// Components that are `Clone`, `Copy`, `Debug` and `PartialEq`; a registry with the name of the database.
    pub fn new() -> Self {
        let derives = ["Clone", "Copy", "Debug", "PartialEq"].map(str::to_owned).to_vec();
        Self { derives, registry: None, out_dir: None }
    }

    /// Adds a derive to every component, such as `serde::Serialize`.
    #[must_use]
    pub fn derive(mut self, path: impl Into<String>) -> Self {
        self.derives.push(path.into());
        self
    }

    /// Names the registry type, instead of the database's name in upper camel case.
    #[must_use]
    pub fn registry(mut self, name: impl Into<String>) -> Self {
        self.registry = Some(name.into());
        self
    }

    /// Writes somewhere else than to `OUT_DIR`.
    #[must_use]
    pub fn out_dir(mut self, path: impl Into<PathBuf>) -> Self {
        self.out_dir = Some(path.into());
        self
    }

    /// The code for a schema. `file` is what the code and errors call the schema's origin.
    ///
    /// # Errors
    /// If a name cannot be one in Rust.
    pub fn generate(&self, schema: &DatabaseSchema, file: &str) -> Result<String, Error> {
        generate::generate(self, schema, file)
    }

    /// Reads the schema and writes the code, unless it is there already. Tells cargo to come back when the schema
    /// changes. Gives the path of the code.
    ///
    /// # Errors
    /// If the schema cannot be read or is wrong, a name cannot be one in Rust, or the code cannot be written.
    pub fn compile(&self, schema: impl AsRef<Path>) -> Result<PathBuf, Error> {
        let schema_path = schema.as_ref();
        let (Some(file), Some(stem)) = (schema_path.to_str(), schema_path.file_stem().and_then(|stem| stem.to_str()))
        else {
            return Err(Error::FileName(schema_path.to_owned()));
        };
        // Before anything can fail: also a wrong schema is read again when it has been changed.
        let write_error = |path: &Path, error| Error::Write { path: path.to_owned(), error };
        writeln!(io::stdout(), "cargo::rerun-if-changed={file}")
            .map_err(|error| write_error("stdout".as_ref(), error))?;
        let schema = DatabaseSchema::from_toml_file(schema_path)?;
        let code = self.generate(&schema, file)?;
        let out_dir = match &self.out_dir {
            Some(out_dir) => out_dir.clone(),
            None => env::var_os("OUT_DIR").map(PathBuf::from).ok_or(Error::NoOutDir)?,
        };
        let path = out_dir.join(format!("{stem}.rs"));
        // Not touched if nothing changed, so that nothing is compiled again.
        if fs::read(&path).is_ok_and(|present| present == code.as_bytes()) {
            return Ok(path);
        }
        fs::write(&path, code).map_err(|error| write_error(&path, error))?;
        Ok(path)
    }
}
