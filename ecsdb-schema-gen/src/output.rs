//! Where what is made goes: files that are written only if they change, and lines to cargo.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

use crate::Error;

/// The directory for what a build script makes.
pub fn directory(given: Option<&Path>) -> Result<PathBuf, Error> {
    match given {
        Some(given) => Ok(given.to_owned()),
        None => env::var_os("OUT_DIR").map(PathBuf::from).ok_or(Error::NoOutDir),
    }
}

/// Writes a file, unless it says that already: so nothing is compiled again.
pub fn write(path: &Path, text: &str) -> Result<(), Error> {
    if fs::read(path).is_ok_and(|present| present == text.as_bytes()) {
        return Ok(());
    }
    fs::write(path, text).map_err(|error| Error::Write { path: path.to_owned(), error })
}

/// Tells cargo to run the build script again when the file changes.
pub fn rerun_if_changed(file: &str) -> Result<(), Error> {
    let path = || PathBuf::from("the standard output");
    writeln!(io::stdout(), "cargo::rerun-if-changed={file}").map_err(|error| Error::Write { path: path(), error })
}
