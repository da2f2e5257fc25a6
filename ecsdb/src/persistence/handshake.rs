//! What is said when the program and the directory do not mean the same tables.

use std::path::PathBuf;

use thiserror::Error;

use crate::schema::SchemaError;
use crate::schema::diff::Refusal;

/// The schema of the program cannot take the place of that of the directory. Nothing was changed there.
///
/// Each refusal says what to do about it. `schema.toml` in the directory is a copy of the schema that it was written under.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("the schema does not fit the directory {}: {}", directory.display(), listed(refused, invalid.as_deref()))]
#[non_exhaustive]
pub struct SchemaMismatch {
    /// The directory.
    pub directory: PathBuf,
    /// Every change that would lose something, table by table.
    pub refused: Vec<Refusal>,
    /// What is wrong with the schema of the directory itself, if this version of the crate cannot use it.
    pub invalid: Option<Box<SchemaError>>,
}

fn listed(refused: &[Refusal], invalid: Option<&SchemaError>) -> String {
    let refused = refused.iter().map(ToString::to_string);
    refused.chain(invalid.map(ToString::to_string)).collect::<Vec<_>>().join("; ")
}
