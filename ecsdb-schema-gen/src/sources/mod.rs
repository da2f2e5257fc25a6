//! Rust to TOML: the schema of components as their sources have it, without compiling them.
//!
//! It reads structs, enums, aliases and constants with the syntax of Rust, and resolves their names among the files that it
//! is given. What it makes of them is what `World::schema()` would say in the program; where that cannot be seen from the
//! sources it stops with an error that says where, and never guesses.

mod attrs;
mod checks;
mod consts;
mod error;
mod glam;
mod registry;
mod relations;
mod tables;
mod tree;
mod types;
mod values;

use std::path::PathBuf;

use ecsdb::schema::{DatabaseSchema, Location, RegistrySchema, SchemaError};
use syn::Type;

pub use error::{SourceError, SourceErrorKind};

use crate::{Error, output};
use attrs::derives;
use registry::Registry;
use tables::{Table, table};
use tree::{Entry, Tree};
use types::{Place, Types, Written};

/// The sources of components, of which a schema is made.
///
/// ```no_run
/// // build.rs
/// fn main() -> Result<(), ecsdb_schema_gen::Error> {
///     // Writes OUT_DIR/world.toml; the modules that a file declares are read as well.
///     ecsdb_schema_gen::Sources::new().file("src/components.rs").write("world")?;
///     Ok(())
/// }
/// ```
///
/// The tables are those that `schema!` lists, if it is in the sources. Otherwise [`database`](Self::database) names the
/// database, and all components that there are become tables, in their order.
///
/// Known are the field types of `ecsdb`, those of `glam`, and all types in the sources that derive `Field`. A default must be an expression
/// that can be seen: literals, constants, `Some`, `vec!`, structs and variants, and the usual constructors. Conditions
/// (`#[cfg]`) are not followed, but for tests, which are left out; and macros are not expanded, but for `schema!`.
#[derive(Clone, Debug)]
pub struct Sources {
    inputs: Vec<Input>,
    registry: Option<String>,
    database: Option<(String, String)>,
    ecsdb: String,
    out_dir: Option<PathBuf>,
}

#[derive(Clone, Debug)]
enum Input {
    File(PathBuf),
    Text { name: String, text: String },
}

impl Default for Sources {
    fn default() -> Self {
        Self::new()
    }
}

impl Sources {
    /// No sources yet.
    pub fn new() -> Self {
        Self { inputs: Vec::new(), registry: None, database: None, ecsdb: "ecsdb".to_owned(), out_dir: None }
    }

    /// Adds a file, and the files of the modules that it declares.
    #[must_use]
    pub fn file(mut self, path: impl Into<PathBuf>) -> Self {
        self.inputs.push(Input::File(path.into()));
        self
    }

    /// Adds a text, which messages call `name`. Modules in files of their own are left out.
    #[must_use]
    pub fn text(mut self, name: impl Into<String>, text: impl Into<String>) -> Self {
        self.inputs.push(Input::Text { name: name.into(), text: text.into() });
        self
    }

    /// Takes the `schema!` of this type, if there are several.
    #[must_use]
    pub fn registry(mut self, ident: impl Into<String>) -> Self {
        self.registry = Some(ident.into());
        self
    }

    /// Names the database and its version, and takes all components in the sources, in their order, instead of those that a
    /// `schema!` lists.
    #[must_use]
    pub fn database(mut self, name: impl Into<String>, version: impl Into<String>) -> Self {
        self.database = Some((name.into(), version.into()));
        self
    }

    /// What `ecsdb` is called in the sources, where it has been renamed.
    #[must_use]
    pub fn crate_name(mut self, name: impl Into<String>) -> Self {
        self.ecsdb = name.into();
        self
    }

    /// Writes somewhere else than to `OUT_DIR`.
    #[must_use]
    pub fn out_dir(mut self, path: impl Into<PathBuf>) -> Self {
        self.out_dir = Some(path.into());
        self
    }

    /// The schema of the components.
    ///
    /// # Errors
    /// If a file cannot be read or is not Rust, if something cannot be told from the sources, and if they make no schema.
    /// An error names file, line and column.
    pub fn schema(&self) -> Result<DatabaseSchema, Error> {
        self.read(&mut Vec::new()).map(|read| read.schema)
    }

    /// Writes the schema as TOML to `OUT_DIR`, as `name` with `.toml`, unless it is there already, and gives the path. Tells
    /// cargo to come back when one of the files changes.
    ///
    /// If the tables come from a `schema!`, it writes code beside it, as `name` with `.rs`:
    /// [`include_schema!`](ecsdb::include_schema) next to that `schema!` has the compiler check that every field has the name,
    /// the place and the type that was read, and adds a test that the derive says the same in every other respect.
    ///
    /// # Errors
    /// As [`schema`](Self::schema), and if a file cannot be written.
    pub fn write(&self, name: impl AsRef<str>) -> Result<PathBuf, Error> {
        let name = name.as_ref();
        let mut files = Vec::new();
        let read = self.read(&mut files);
        // Also of sources with a mistake, which will be corrected.
        for file in files {
            output::rerun_if_changed(&file.display().to_string())?;
        }
        let read = read?;
        let directory = output::directory(self.out_dir.as_deref())?;
        let path = directory.join(format!("{name}.toml"));
        output::write(&path, &read.schema.to_toml())?;
        if let Some(registry) = &read.registry {
            output::write(
                &directory.join(format!("{name}.rs")),
                &checks::code(&read.schema, registry, name, &self.ecsdb),
            )?;
        }
        Ok(path)
    }

    /// The schema; `files` are all that were read.
    fn read(&self, files: &mut Vec<PathBuf>) -> Result<Read, Error> {
        let mut tree = Tree::new(&self.ecsdb);
        for input in &self.inputs {
            match input {
                Input::File(path) => tree.add_file(path, files)?,
                Input::Text { name, text } => tree.add_text(name, text)?,
            }
        }
        let types = Types { tree: &tree };
        let (name, version, tables, registry) = match &self.database {
            Some((name, version)) => (name.clone(), version.clone(), all_components(types)?, None),
            None => {
                let (registry, module) = registry::find(&tree, self.registry.as_deref())?;
                let place = Place::module(module);
                let listed = |ty: &Type| {
                    let (entry, place) = types.component(Written { ty, place })?;
                    table(types, entry, place)
                };
                let tables = registry.types.iter().map(listed).collect::<Result<Vec<_>, SourceError>>()?;
                (registry.name.clone(), registry.version.clone(), tables, Some(registry))
            }
        };
        let schemas = tables.iter().map(|table| table.schema.clone()).collect();
        let schema = DatabaseSchema::new(name, version, RegistrySchema::default(), schemas);
        let schema = schema.map_err(|error| placed(&tree, &tables, error))?;
        Ok(Read { schema, registry })
    }
}

/// What was read.
struct Read {
    schema: DatabaseSchema,
    /// The `schema!` that lists the tables, if one does.
    registry: Option<Registry>,
}

/// The tables of all components, in their order.
fn all_components(types: Types<'_>) -> Result<Vec<Table>, SourceError> {
    let mut tables = Vec::new();
    for module in types.tree.modules() {
        for name in types.tree.types(module) {
            for entry in types.tree.entries(module, name) {
                let attrs = match entry {
                    Entry::Struct(item) => &item.attrs,
                    Entry::Enum(item) => &item.attrs,
                    Entry::Alias(_) | Entry::Const(_) => continue,
                };
                if derives(attrs, "Component") {
                    tables.push(table(types, entry, Place::item(module, entry))?);
                }
            }
        }
    }
    Ok(tables)
}

/// The error with the place of the table or the field that it is about.
fn placed(tree: &Tree, tables: &[Table], mut error: SchemaError) -> SchemaError {
    let location = || -> Option<Location> {
        let name = error.table.as_ref()?;
        // The second of two with one name is the one to blame.
        let table = tables.iter().rev().find(|table| table.schema.name == *name)?;
        let field =
            error.field.as_ref().and_then(|name| table.schema.fields.iter().rposition(|field| field.name == *name));
        let span = field.and_then(|index| table.fields.get(index)).copied().unwrap_or(table.span);
        Some(tree.location(table.module, span))
    };
    error.location = Some(location().unwrap_or_else(|| tree.whole()));
    error
}
