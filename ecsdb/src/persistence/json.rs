//! How reports are told to other programs.
//!
//! Paths are text there, whatever bytes they have: work that was done is not called undone because of a name. Numbers that are drawn at
//! random take all of 64 bits, which many programs round; so they are text as well, as people see them.

use std::path::Path;

use serde::{Serialize, Serializer};

pub fn path<S: Serializer>(path: &impl AsRef<Path>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&path.as_ref().to_string_lossy())
}

pub fn paths<S: Serializer>(paths: &[impl AsRef<Path>], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(paths.iter().map(|path| path.as_ref().to_string_lossy()))
}

/// A timeline or a salt.
pub fn hex<S: Serializer>(number: &u64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&format_args!("{number:016x}"))
}

/// A timeline, if there is one.
pub fn hex_if_any<S: Serializer>(number: &Option<u64>, serializer: S) -> Result<S::Ok, S::Error> {
    number.map(|number| format!("{number:016x}")).serialize(serializer)
}

/// Whether there is something, and nothing of what it is.
pub fn is_there<S: Serializer, T>(value: &Option<T>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_bool(value.is_some())
}
