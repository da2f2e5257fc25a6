//! The tables of a database as a Rust type: `schema! { pub World: Pos, Vel }`.
//!
//! Owns the two traits that the macro implements, and the check that it runs at compile time. It is the proof on which
//! the typed view of storage rests: a component reaches a table only by the number that [`TableOf`] gives it.

use super::check::{Fault, FaultKind, Place, check_distinct, check_names, fields, text};
use super::names::{database_name_fault, version_fault};
use super::relation_rules::check_references;
use super::{DatabaseSchema, FieldSchema, RegistrySchema, TableSchema};
use crate::component::Component;
use crate::limits::{FIELDS_MAX, ROW_BYTES_MAX, TABLES_MAX};
use crate::text::Text;

/// The tables of a database, as a type. Write [`schema!`](crate::schema!).
///
/// # Safety
/// Implemented by the macro only. `TABLES` passes the checks of [`DatabaseSchema`], every entry is the
/// [`SCHEMA`](Component::SCHEMA) of a component, and `tables` and `schema` are not overridden.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the schema of a database: write `ecsdb::schema! {{ pub {Self}: ... }}`",
    label = "not a schema"
)]
pub unsafe trait Schema: Sized + Send + Sync + 'static {
    /// The name of the database.
    const NAME: &'static str;
    /// The version of the schema, as its author counts; may be empty.
    const VERSION: &'static str;
    /// The tables, in the order of their numbers.
    const TABLES: &'static [&'static TableSchema];

    /// The tables, in the order of their numbers.
    fn tables() -> &'static [&'static TableSchema] {
        Self::TABLES
    }

    /// The schema as a value: to be written as TOML, hashed, or compared with that of a file.
    ///
    /// # Panics
    /// If the layout of a row is wrong, which `#[derive(Component)]` rules out.
    fn schema() -> DatabaseSchema {
        let tables = Self::TABLES.iter().map(|table| (*table).clone()).collect();
        match DatabaseSchema::new(Self::NAME, Self::VERSION, RegistrySchema::default(), tables) {
            Ok(schema) => schema,
            Err(error) => panic!("schema `{}`: {error}", Self::NAME),
        }
    }
}

/// A component that has a table in the database with schema `S`. Write [`schema!`](crate::schema!).
///
/// # Safety
/// Implemented by the macro only. `S::TABLES[INDEX]` is `Self::SCHEMA`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a table of `{S}`: add it to `schema!`",
    label = "not a table of `{S}`"
)]
pub unsafe trait TableOf<S: Schema>: Component {
    /// The number of the table.
    const INDEX: u16;
}

/// Declares the tables of a database.
///
/// `schema! { pub World: Pos, Vel }` declares a type `World` without values, that stands for a database with the tables
/// of `Pos` and `Vel`, in this order. It implements [`Schema`](crate::schema::Schema) for `World` and
/// [`TableOf<World>`](crate::schema::TableOf) for every component. Attributes and doc comments before the name go to the
/// type; `#[schema(name = "...", version = "...")]` sets the name of the database, otherwise that of the type, and the
/// version of the schema, otherwise nothing.
///
/// It does not compile if a type is listed twice, if two components have one table name, if a name is not snake case or
/// reserved, or if there are too many tables, fields or bytes in a row.
///
/// ```
/// use ecsdb::Component;
/// use ecsdb::schema::{Schema, TableOf};
///
/// #[derive(Component)]
/// struct Purse {
///     gold: u64,
/// }
///
/// ecsdb::schema! {
///     /// All that there is.
///     pub World: Purse
/// }
///
/// assert_eq!(<Purse as TableOf<World>>::INDEX, 0);
/// assert_eq!(World::schema().table_at(0).unwrap().name, "purse");
/// ```
#[macro_export]
macro_rules! schema {
    ($($input:tt)*) => {
        $crate::schema::__schema! { ($crate) $($input)* }
    };
}

/// Puts the code here that a build script has made: the components of a schema file `name.toml`
/// (`ecsdb_schema_gen::compile`), or beside a [`schema!`](crate::schema!) the checks of what was read of its sources
/// (`ecsdb_schema_gen::Sources::write`).
///
/// ```ignore
/// ecsdb::include_schema!("name");
/// ```
#[macro_export]
macro_rules! include_schema {
    ($name:literal) => {
        include!(concat!(env!("OUT_DIR"), "/", $name, ".rs"));
    };
}

/// Stops the compiler with a text if the tables cannot make a database. `types` are the components as they were
/// written, for the text. Each table is checked on its own, by [`check_table`]: the compiler does not like to interpret
/// anything for long.
#[doc(hidden)]
pub const fn check_schema(name: &str, version: &str, types: &[&str], tables: &[&TableSchema]) {
    let fault = if let Some(expected) = database_name_fault(name) {
        SchemaFault::Name(expected)
    } else if let Some(expected) = version_fault(version) {
        SchemaFault::Version(expected)
    } else if let Err(fault) = check_distinct(tables) {
        SchemaFault::Tables(fault)
    } else if let Err(fault) = check_references(tables) {
        SchemaFault::Tables(fault)
    } else {
        return;
    };
    panic!("{}", fault.message(name, types, tables).as_str());
}

/// Stops the compiler with a text if the table cannot stand in a database.
#[doc(hidden)]
pub const fn check_table(name: &str, written: &str, table: &TableSchema) {
    let fault = if let Err(fault) = check_names(table, 0) {
        fault
    } else if table.size as usize > ROW_BYTES_MAX {
        Fault { place: Place::Table(0), kind: FaultKind::RowTooLarge { found: table.size as u64 } }
    } else {
        return;
    };
    panic!("{}", SchemaFault::Tables(fault).message(name, &[written], &[table]).as_str());
}

/// What is wrong with a schema in Rust.
enum SchemaFault {
    Name(&'static str),
    Version(&'static str),
    Tables(Fault),
}

impl SchemaFault {
    const fn message(&self, name: &str, types: &[&str], tables: &[&TableSchema]) -> Text {
        let text = Text::new().str("schema `").str(name).str("`: ");
        match self {
            Self::Name(expected) => text.str("the database needs ").str(expected),
            Self::Version(expected) => text.str("the schema needs ").str(expected),
            Self::Tables(fault) => tables_message(text, fault, types, tables),
        }
    }
}

const fn tables_message(out: Text, fault: &Fault, types: &[&str], tables: &[&TableSchema]) -> Text {
    let (table, field) = match fault.place {
        Place::Table(table) | Place::Key(table) => (table, None),
        Place::Field(table, field) => (table, Some(field)),
    };
    if let FaultKind::TooManyTables { found } = fault.kind {
        return out.number(found).str(" tables: at most ").number(TABLES_MAX).str(" are allowed");
    }
    if let (FaultKind::Duplicate { first: Place::Table(first) }, None) = (fault.kind, field) {
        let out = out.str("`").str(types[first]).str("` and `").str(types[table]).str("` are both the table `");
        return out.str(text(&tables[table].name)).str("`: give one of them #[component(table = \"...\")]");
    }
    let out = out.str("`").str(types[table]).str("`, table `").str(text(&tables[table].name)).str("`");
    let out = match field {
        Some(field) => out.str(", field `").str(text(&fields(tables[table])[field].name)).str("`: "),
        None => out.str(": "),
    };
    match fault.kind {
        FaultKind::Name { expected } => out.str("expected ").str(expected),
        FaultKind::Duplicate { .. } => out.str("there are two fields of this name"),
        FaultKind::FormerName { expected } => out.str("`renamed_from`: expected ").str(expected),
        FaultKind::RenamedFromLive => out.str("`renamed_from` is a name that something has: drop it, or rename that"),
        FaultKind::RenamedTwice { .. } => out.str("`renamed_from` is the former name of something else as well"),
        FaultKind::Since { since, version } => {
            let out = out.str("`since` is ").number(since as usize);
            out.str(", but the version of the table is ").number(version as usize)
        }
        FaultKind::TooManyFields { found } => too_many(out, found, " fields", FIELDS_MAX),
        FaultKind::RowTooLarge { found } => too_many(out, found as usize, " bytes in a row", ROW_BYTES_MAX),
        FaultKind::NoTable => match (field, fields(tables[table])) {
            (Some(field), fields) => no_table(out, &fields[field]),
            (None, _) => out,
        },
        // Found by `check_layout` only, or answered above.
        _ => out.str("the layout of a row is wrong"),
    }
}

const fn no_table(out: Text, field: &FieldSchema) -> Text {
    match &field.reference {
        Some(reference) => {
            let out = out.str("it refers to the table `").str(text(&reference.table));
            out.str("`, which is not in the schema: add its component to `schema!`")
        }
        None => out,
    }
}

const fn too_many(out: Text, found: usize, what: &str, limit: usize) -> Text {
    out.number(found).str(what).str(": at most ").number(limit).str(" are allowed")
}
