//! The schema of a whole database: its tables, and the registry of its entities.

use std::borrow::Cow;

use super::check::{Fault, FaultKind, Place, check_layout, check_tables};
use super::error::{Location, SchemaError, SchemaErrorKind};
use super::names::{database_name_fault, name_fault, same, version_fault};
use super::relation_rules::check_relations;
use super::type_rules::check_types;
use super::{FieldSchema, TableSchema, names};
use crate::limits::{FIELDS_MAX, ROW_BYTES_MAX, TABLES_MAX};

/// The tables of a database, checked: names are valid and unique, rows have no gaps, limits are kept.
///
/// The order of the tables is kept; a table's number is its place in it.
///
/// ```
/// use ecsdb::schema::DatabaseSchema;
///
/// let schema = DatabaseSchema::from_toml(
///     r#"
/// [database]
/// name = "game"
///
/// [[tables.health.fields]]
/// name = "hp"
/// type = "u32"
/// "#,
///     "game.toml",
/// )?;
/// let (number, health) = schema.table("health").unwrap();
/// assert_eq!((number, health.size), (0, 4));
/// # Ok::<(), ecsdb::schema::SchemaError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatabaseSchema {
    name: Cow<'static, str>,
    version: Cow<'static, str>,
    registry: RegistrySchema,
    tables: Vec<TableSchema>,
}

/// How the registry of the entities shows: the table `entities`, which every database has.
///
/// It is built in. A schema gives names and descriptions to its two columns, nothing more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistrySchema {
    /// What the entities are, one paragraph or nothing.
    pub doc: Cow<'static, str>,
    /// The entity itself: `u64`, unique, the primary key.
    pub id: RegistryColumn,
    /// How often the entity's slot has been handed out: `u32`, counted by the database.
    pub version: RegistryColumn,
}

/// A column of the registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistryColumn {
    /// The name under which it shows.
    pub name: Cow<'static, str>,
    /// What it means, one paragraph or nothing.
    pub doc: Cow<'static, str>,
}

impl RegistryColumn {
    const fn named(name: &'static str) -> Self {
        Self { name: Cow::Borrowed(name), doc: Cow::Borrowed("") }
    }
}

/// `id` and `version`.
impl Default for RegistrySchema {
    fn default() -> Self {
        Self { doc: Cow::Borrowed(""), id: RegistryColumn::named("id"), version: RegistryColumn::named("version") }
    }
}

impl DatabaseSchema {
    /// The schema of a database with these tables, the usual registry and no version.
    ///
    /// # Errors
    /// If a name is not valid or not unique, a limit is exceeded, or a row has gaps or another size than its fields.
    pub fn from_tables(name: &str, tables: &[&'static TableSchema]) -> Result<Self, SchemaError> {
        let tables = tables.iter().map(|table| (*table).clone()).collect();
        Self::new(name.to_owned(), "", RegistrySchema::default(), tables)
    }

    /// The schema of a database with these tables.
    ///
    /// # Errors
    /// As [`from_tables`](Self::from_tables).
    pub fn new(
        name: impl Into<Cow<'static, str>>,
        version: impl Into<Cow<'static, str>>,
        registry: RegistrySchema,
        tables: Vec<TableSchema>,
    ) -> Result<Self, SchemaError> {
        let schema = Self { name: name.into(), version: version.into(), registry, tables };
        schema.check_head().map_err(|kind| SchemaError::general(None, kind))?;
        schema.check(|_| None)?;
        Ok(schema)
    }

    /// A schema without tables and without a name, for storage that nobody asks by names.
    pub(crate) fn nameless() -> Self {
        Self::unchecked(String::new(), String::new(), RegistrySchema::default(), Vec::new())
    }

    /// The name of the database.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The version of the schema, as its author counts; may be empty.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// How the registry of the entities shows.
    pub fn registry(&self) -> &RegistrySchema {
        &self.registry
    }

    /// The tables, in the order of their numbers.
    pub fn tables(&self) -> &[TableSchema] {
        &self.tables
    }

    /// The table with this name, and its number. Cost: a comparison with each name.
    pub fn table(&self, name: &str) -> Option<(usize, &TableSchema)> {
        self.tables.iter().enumerate().find(|(_, table)| table.name == name)
    }

    /// The table with this number.
    pub fn table_at(&self, number: usize) -> Option<&TableSchema> {
        self.tables.get(number)
    }

    /// The name of the table that was probably meant by `name`, for messages.
    pub fn nearest_table(&self, name: &str) -> Option<&str> {
        names::nearest(name, self.tables.iter().map(|table| &*table.name))
    }

    /// Checks the names of the database, its version and the registry's columns.
    fn check_head(&self) -> Result<(), SchemaErrorKind> {
        let invalid =
            |what, name: &str, expected| SchemaErrorKind::InvalidName { what, name: name.to_owned(), expected };
        if let Some(expected) = database_name_fault(&self.name) {
            return Err(invalid("database", &self.name, expected));
        }
        if let Some(expected) = version_fault(&self.version) {
            return Err(invalid("version", &self.version, expected));
        }
        for column in [&self.registry.id, &self.registry.version] {
            if let Some(expected) = name_fault(&column.name) {
                return Err(invalid("field", &column.name, expected));
            }
        }
        if same(&self.registry.id.name, &self.registry.version.name) {
            let name = self.registry.id.name.to_string();
            return Err(SchemaErrorKind::Duplicate { what: "field", name, first: None });
        }
        Ok(())
    }

    /// Checks the tables. `locate` knows where their parts stand, if they come from a file.
    fn check(&self, locate: impl Fn(Place) -> Option<Location>) -> Result<(), SchemaError> {
        check_tables(&self.tables.iter().collect::<Vec<_>>())
            .and_then(|()| self.tables.iter().enumerate().try_for_each(|(number, table)| check_layout(table, number)))
            .map_err(|fault| self.error(fault, &locate))?;
        check_types(&self.tables).and_then(|()| check_relations(&self.tables)).map_err(|(place, kind)| {
            let (table, field) = self.names_at(place);
            SchemaError { location: locate(place), table: Some(table), field, kind: Box::new(kind) }
        })
    }

    /// As [`new`](Self::new) for a schema from a file: `locate` knows where the parts stand.
    pub(super) fn located(
        self,
        head: impl Fn() -> Location,
        locate: impl Fn(Place) -> Location,
    ) -> Result<Self, SchemaError> {
        self.check_head().map_err(|kind| SchemaError::general(Some(head()), kind))?;
        self.check(|place| Some(locate(place)))?;
        Ok(self)
    }

    /// The parts of a schema that is not checked yet.
    pub(super) fn unchecked(name: String, version: String, registry: RegistrySchema, tables: Vec<TableSchema>) -> Self {
        Self { name: name.into(), version: version.into(), registry, tables }
    }

    fn field_at(&self, table: usize, field: usize) -> &FieldSchema {
        &self.tables[table].fields[field]
    }

    fn former_name(&self, place: Place) -> String {
        match place {
            Place::Table(table) | Place::Key(table) => self.tables[table].renamed_from.to_string(),
            Place::Field(table, field) => self.field_at(table, field).renamed_from.to_string(),
        }
    }

    /// A fault with the names and places that it is about.
    fn error(&self, fault: Fault, locate: impl Fn(Place) -> Option<Location>) -> SchemaError {
        let (table, field) = self.names_at(fault.place);
        let what = if field.is_some() { "field" } else { "table" };
        let name = field.clone().unwrap_or_else(|| table.clone());
        let kind = match fault.kind {
            FaultKind::TooManyTables { found } => {
                SchemaErrorKind::TooMany { what: "tables", limit: TABLES_MAX as u64, found: found as u64 }
            }
            FaultKind::TooManyFields { found } => {
                SchemaErrorKind::TooMany { what: "fields", limit: FIELDS_MAX as u64, found: found as u64 }
            }
            FaultKind::RowTooLarge { found } => {
                SchemaErrorKind::TooMany { what: "bytes in a row", limit: ROW_BYTES_MAX as u64, found }
            }
            FaultKind::TooDeep => too_deep(),
            FaultKind::Name { expected } => SchemaErrorKind::InvalidName { what, name, expected },
            FaultKind::Duplicate { first } => SchemaErrorKind::Duplicate { what, name, first: locate(first) },
            FaultKind::FormerName { expected } => {
                let what = if field.is_some() { "former field" } else { "former table" };
                SchemaErrorKind::InvalidName { what, name: self.former_name(fault.place), expected }
            }
            FaultKind::RenamedFromLive => {
                SchemaErrorKind::RenamedFromLive { what, name: self.former_name(fault.place) }
            }
            FaultKind::RenamedTwice { first } => {
                SchemaErrorKind::RenamedTwice { what, name: self.former_name(fault.place), first: locate(first) }
            }
            FaultKind::Since { since, version } => SchemaErrorKind::Since { since, version },
            FaultKind::NotNative => {
                let found = match fault.place {
                    Place::Field(table, field) => self.field_at(table, field).field_type.to_string(),
                    Place::Table(_) | Place::Key(_) => String::new(),
                };
                SchemaErrorKind::NotNative { found }
            }
            FaultKind::Gap { offset, bytes } => {
                let after = match fault.place {
                    Place::Field(table, field) if field > 0 => Some(self.field_at(table, field - 1).name.to_string()),
                    _ => None,
                };
                SchemaErrorKind::Gap { bytes, after, offset }
            }
            FaultKind::TailGap { bytes } => SchemaErrorKind::TailGap { bytes },
            FaultKind::Offset { expected, found } => SchemaErrorKind::Mismatch { key: "offset", expected, found },
            FaultKind::Size { expected, found } => SchemaErrorKind::Mismatch { key: "size", expected, found },
            FaultKind::Align { expected, found } => SchemaErrorKind::Mismatch { key: "align", expected, found },
            FaultKind::NoTable => {
                let found = match fault.place {
                    Place::Field(table, field) => self.field_at(table, field).reference.as_ref(),
                    Place::Table(_) | Place::Key(_) => None,
                };
                let found = found.map(|reference| reference.table.to_string()).unwrap_or_default();
                let nearest = self.nearest_table(&found).map(str::to_owned);
                SchemaErrorKind::UnknownReference { key: "references", found, nearest }
            }
        };
        SchemaError { location: locate(fault.place), table: Some(table), field, kind: Box::new(kind) }
    }

    /// The names of the table and the field at a place.
    fn names_at(&self, place: Place) -> (String, Option<String>) {
        let (table, field) = match place {
            Place::Table(table) => (table, None),
            Place::Key(table) => (table, self.tables[table].key.as_deref()),
            Place::Field(table, field) => (table, Some(&*self.field_at(table, field).name)),
        };
        (self.tables[table].name.to_string(), field.map(str::to_owned))
    }
}

/// The error for types that are nested too deeply.
pub(super) fn too_deep() -> SchemaErrorKind {
    let limit = super::check::TYPE_DEPTH_MAX as u64;
    SchemaErrorKind::TooMany { what: "types inside each other", limit, found: limit + 1 }
}
