//! Whether the program and the directory mean the same tables.
//!
//! Goes by names. The order of tables and fields, layouts, descriptions and versions may differ; what rows hold may not.

use core::fmt;
use std::path::PathBuf;

use thiserror::Error;

use super::ids::{Ids, TableIds};
use crate::schema::{DatabaseSchema, TableSchema};

/// The schema of the program is not that of the directory. Nothing was changed there.
///
/// Open the directory with the schema that it was written under, of which `schema.toml` in it is a copy.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("the schema does not fit the directory {}: {}", directory.display(), listed(differences))]
pub struct SchemaMismatch {
    /// The directory.
    pub directory: PathBuf,
    /// Everything that differs, table by table.
    pub differences: Vec<SchemaDifference>,
}

/// One thing in which a schema and a directory differ.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SchemaDifference {
    /// The directory has a table that the schema does not have.
    TableMissing {
        /// The table.
        table: String,
    },
    /// The schema has a table that the directory does not have.
    TableUnknown {
        /// The table.
        table: String,
    },
    /// The directory has a field that the schema does not have.
    FieldMissing {
        /// The table.
        table: String,
        /// The field.
        field: String,
    },
    /// The schema has a field that the directory does not have.
    FieldUnknown {
        /// The table.
        table: String,
        /// The field.
        field: String,
    },
    /// A field holds something else.
    TypeDiffers {
        /// The table.
        table: String,
        /// The field.
        field: String,
        /// Its type in the directory.
        directory: String,
        /// Its type in the schema.
        schema: String,
    },
}

impl fmt::Display for SchemaDifference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TableMissing { table } => write!(f, "table `{table}` is missing in the schema"),
            Self::TableUnknown { table } => write!(f, "table `{table}` is missing in the directory"),
            Self::FieldMissing { table, field } => write!(f, "field `{table}.{field}` is missing in the schema"),
            Self::FieldUnknown { table, field } => write!(f, "field `{table}.{field}` is missing in the directory"),
            Self::TypeDiffers { table, field, directory, schema } => {
                write!(f, "field `{table}.{field}` is `{directory}` in the directory and `{schema}` in the schema")
            }
        }
    }
}

fn listed(differences: &[SchemaDifference]) -> String {
    differences.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

/// Everything in which `schema` differs from what the directory has.
pub fn differences(ids: &Ids, schema: &DatabaseSchema) -> Vec<SchemaDifference> {
    let mut found = Vec::new();
    for table in &ids.tables {
        match schema.table(&table.name) {
            None => found.push(SchemaDifference::TableMissing { table: table.name.clone() }),
            Some((_, declared)) => fields(table, declared, &mut found),
        }
    }
    let unknown = |name: &str| ids.tables.iter().all(|table| table.name != name);
    let unknown = schema.tables().iter().filter(|table| unknown(&table.name));
    found.extend(unknown.map(|table| SchemaDifference::TableUnknown { table: table.name.to_string() }));
    found
}

fn fields(table: &TableIds, declared: &TableSchema, found: &mut Vec<SchemaDifference>) {
    for field in &table.fields {
        let (table, name) = (table.name.clone(), field.name.clone());
        match declared.field(&name) {
            None => found.push(SchemaDifference::FieldMissing { table, field: name }),
            Some((_, now)) if now.field_type != field.field_type => found.push(SchemaDifference::TypeDiffers {
                table,
                field: name,
                directory: field.field_type.to_string(),
                schema: now.field_type.to_string(),
            }),
            Some(_) => {}
        }
    }
    for field in declared.fields.iter().filter(|field| table.fields.iter().all(|known| known.name != field.name)) {
        found.push(SchemaDifference::FieldUnknown { table: table.name.clone(), field: field.name.to_string() });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schema(tables: &str) -> DatabaseSchema {
        DatabaseSchema::from_toml(&format!("[database]\nname = \"g\"\n{tables}"), "g.toml").unwrap()
    }

    fn table(name: &str, fields: &[(&str, &str)]) -> String {
        let fields = fields
            .iter()
            .map(|(field, of)| format!("[[tables.{name}.fields]]\nname = \"{field}\"\ntype = \"{of}\"\n"))
            .collect::<String>();
        format!("[tables.{name}]\n{fields}")
    }

    #[test]
    fn everything_that_differs_is_named() {
        let old = schema(&[table("a", &[("x", "u8"), ("y", "u16"), ("z", "bool")]), table("b", &[])].concat());
        let new = schema(&[table("c", &[]), table("a", &[("z", "bool"), ("x", "u32"), ("w", "u8")])].concat());
        let differences = differences(&Ids::assign(&old), &new);
        let error = SchemaMismatch { directory: "save".into(), differences };
        assert_eq!(
            error.to_string(),
            "the schema does not fit the directory save: field `a.x` is `u8` in the directory and `u32` in the schema; \
             field `a.y` is missing in the schema; field `a.w` is missing in the directory; table `b` is missing in the \
             schema; table `c` is missing in the directory"
        );
    }

    #[test]
    fn order_does_not_count() {
        let old = schema(&[table("a", &[("x", "u8"), ("y", "u16")]), table("b", &[])].concat());
        let new = schema(&[table("b", &[]), table("a", &[("y", "u16"), ("x", "u8")])].concat());
        assert_eq!(differences(&Ids::assign(&old), &new), []);
    }
}
