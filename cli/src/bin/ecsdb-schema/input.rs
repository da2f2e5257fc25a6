//! Schemas from whatever the user names.

use std::fs;
use std::path::{Path, PathBuf};

use ecsdb::schema::DatabaseSchema;
use ecsdb_cli::{Failure, failure};
use ecsdb_schema_gen::Sources;

use crate::args::Reading;

/// The schema in a file: TOML, JSON or Rust, by its ending.
pub fn schema(path: &Path, reading: &Reading) -> Result<DatabaseSchema, Failure> {
    match path.extension().and_then(|ending| ending.to_str()) {
        Some("toml") => DatabaseSchema::from_toml_file(path).map_err(failure),
        Some("json") => json(path),
        Some("rs") => sources(&[path.to_owned()], reading),
        _ => Err(format!("{}: a schema is a file that ends in `.toml`, `.json` or `.rs`", path.display())),
    }
}

/// The schema of Rust sources.
pub fn sources(paths: &[PathBuf], reading: &Reading) -> Result<DatabaseSchema, Failure> {
    let mut sources = Sources::new().crate_name(&reading.crate_name);
    for path in paths {
        sources = sources.file(path);
    }
    if let Some(registry) = &reading.registry {
        sources = sources.registry(registry);
    }
    if let Some(name) = &reading.database {
        sources = sources.database(name, reading.schema_version.clone().unwrap_or_default());
    }
    sources.schema().map_err(failure)
}

fn json(path: &Path) -> Result<DatabaseSchema, Failure> {
    let text =
        fs::read_to_string(path).map_err(|error| format!("{}: cannot read the schema: {error}", path.display()))?;
    serde_json::from_str(&text).map_err(|error: serde_json::Error| {
        let place = if error.line() > 0 { format!(":{}:{}", error.line(), error.column()) } else { String::new() };
        // Its own text ends with the place.
        let message = error.to_string();
        let message = message.split(" at line ").next().unwrap_or_default();
        format!("{}{place}: {message}", path.display())
    })
}
