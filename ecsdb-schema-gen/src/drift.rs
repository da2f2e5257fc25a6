//! Whether a schema file says what a program says, for tests and the command line.
//!
//! Files are compared by what they mean: comments, and what may be left out, make no difference. Nor do the names of the
//! key columns and of the registry, which a program does not know.

use std::path::{Path, PathBuf};
use std::{env, fs, io};

use ecsdb::error::with_causes;
use ecsdb::schema::diff::Plan;
use ecsdb::schema::{DatabaseSchema, SchemaErrorKind, TableSchema};

use crate::text_diff::line_diff;
use crate::{Error, output};

/// The environment variable that makes [`assert_matches`] write files instead of failing.
pub const BLESS: &str = "ECSDB_BLESS";

/// A schema file that does not say what the program says.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Drift {
    /// There is no such file.
    #[error("there is no `{path}`", path = path.display())]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// The file says something else.
    #[error("`{path}` and the program differ:\n{plan}\n{lines}", path = path.display())]
    Different {
        /// The file.
        path: PathBuf,
        /// What it takes to get from the file to the program. It may be empty: the names of types, which say nothing about
        /// the rows, are in the file as well.
        plan: Box<Plan>,
        /// The lines that differ, `-` for those of the file and `+` for those of the program.
        lines: String,
    },
    /// The file cannot be read, or is no schema.
    #[error(transparent)]
    Unreadable(Error),
}

/// Compares a schema file with the schema of the program.
///
/// # Errors
/// If they differ; the error shows how. If the file is not there, or no schema.
pub fn check(program: &DatabaseSchema, file: impl AsRef<Path>) -> Result<(), Drift> {
    compare(program, file.as_ref()).map(drop)
}

/// Writes the schema of the program to the file, unless that says the same already. What is written once more loses its
/// comments, and keeps the names of key columns and of the registry. Gives whether the file was written.
///
/// # Errors
/// If the file cannot be written, or is there and no schema: then it is left as it is.
pub fn bless(program: &DatabaseSchema, file: impl AsRef<Path>) -> Result<bool, Error> {
    let path = file.as_ref();
    let text = match compare(program, path) {
        Ok(()) => return Ok(false),
        Err(Drift::Different { .. }) => match DatabaseSchema::from_toml_file(path) {
            Ok(known) => with_names_of(program, &known).to_toml(),
            Err(error) => return Err(error.into()),
        },
        Err(Drift::Missing { .. }) => program.to_toml(),
        // Whatever is wrong with it, it is somebody's work.
        Err(Drift::Unreadable(error)) => return Err(error),
    };
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory).map_err(|error| Error::Write { path: directory.to_owned(), error })?;
    }
    output::write(path, &text)?;
    Ok(true)
}

/// For tests: fails if a checked-in schema file does not say what the program says, and shows the difference. With the
/// environment variable [`ECSDB_BLESS`](BLESS) set to anything but `0` it writes the file instead.
///
/// ```no_run
/// # use ecsdb::schema::Schema;
/// # ecsdb::schema! { pub World: }
/// #[test]
/// fn the_schema_file_is_up_to_date() {
///     ecsdb_schema_gen::drift::assert_matches(&World::schema(), "schema/world.toml");
/// }
/// ```
///
/// A path is that of the test's directory, which is that of its package.
///
/// # Panics
/// If they differ, or the file cannot be read or written.
#[track_caller]
pub fn assert_matches(program: &DatabaseSchema, file: impl AsRef<Path>) {
    let path = file.as_ref();
    if env::var_os(BLESS).is_some_and(|value| value != "0") {
        if let Err(error) = bless(program, path) {
            panic!("{}", with_causes(&error));
        }
    } else if let Err(drift) = check(program, path) {
        let drift = with_causes(&drift);
        panic!("{drift}\nif the program is right, run the test with {BLESS}=1 to write the file");
    }
}

fn compare(program: &DatabaseSchema, path: &Path) -> Result<(), Drift> {
    let file = DatabaseSchema::from_toml_file(path).map_err(|error| match &*error.kind {
        SchemaErrorKind::Read { kind: io::ErrorKind::NotFound, .. } => Drift::Missing { path: path.to_owned() },
        _ => Drift::Unreadable(error.into()),
    })?;
    let program = with_names_of(program, &file);
    let (known, wanted) = (file.to_toml(), program.to_toml());
    if known == wanted {
        return Ok(());
    }
    let plan = Box::new(Plan::between(&file, &program));
    Err(Drift::Different { path: path.to_owned(), plan, lines: line_diff(&known, &wanted) })
}

/// The schema of the program with the names that only the file has.
fn with_names_of(program: &DatabaseSchema, file: &DatabaseSchema) -> DatabaseSchema {
    let table = |table: &TableSchema| {
        let known = file.table(&table.name).and_then(|(_, known)| known.key.clone());
        // A key that has become the name of a field is none any more.
        let key = known.filter(|key| table.field(key).is_none());
        TableSchema { key: key.or_else(|| table.key.clone()), ..table.clone() }
    };
    let tables = program.tables().iter().map(table).collect();
    let named =
        DatabaseSchema::new(program.name().to_owned(), program.version().to_owned(), file.registry().clone(), tables);
    // The names are those of a schema.
    named.unwrap_or_else(|_| program.clone())
}
