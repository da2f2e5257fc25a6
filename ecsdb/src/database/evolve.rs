//! A schema that changes while the database runs: what it comes to, and why it cannot be.

use std::sync::Arc;

use thiserror::Error;

use crate::entity::Entity;
use crate::schema::DatabaseSchema;
use crate::schema::SchemaError;
use crate::schema::diff::{Plan, Refusal, TablePlan};
use crate::storage::{DuplicateKey, IndexFailure, MovedRow, ReferenceFailure, StorageError};
use crate::transaction::{Catalog, ConvertRow, EvolveFailure, LogError, TransactionError};

/// Why a running database has no other schema. It goes on with the one that it had.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum EvolveError {
    /// The new schema would lose something.
    #[error("the schema cannot become this one: {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Refused(Vec<Refusal>),
    /// A table is left out. A database that runs keeps its tables: leave it out when the database is opened again.
    #[error(
        "table `{table}` is left out: a running database keeps its tables, leave it out when the database is opened again"
    )]
    TableGone {
        /// The table.
        table: String,
    },
    /// The schema is not valid.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// A row has no place under the new schema.
    #[error("the row of entity {entity} in table `{table}` cannot be taken over")]
    Row {
        /// The table.
        table: String,
        /// Whose row it is.
        entity: Entity,
        /// Why not.
        #[source]
        cause: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A reference of a row leads to no row, under the new schema.
    #[error("{0}, which is not there")]
    Dangling(Box<ReferenceFailure>),
    /// Two rows have the same key in an index that is unique under the new schema.
    #[error(transparent)]
    Duplicate(#[from] Box<DuplicateKey>),
    /// There is no memory for the new rows.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The log has refused, and takes nothing more.
    #[error("the log has refused the schema")]
    Log(#[from] LogError),
    /// The database is closed, or this is the inside of a transaction.
    #[error(transparent)]
    Transaction(#[from] TransactionError),
}

impl From<IndexFailure> for EvolveError {
    fn from(error: IndexFailure) -> Self {
        match error {
            IndexFailure::Duplicate(error) => Self::Duplicate(error),
            IndexFailure::Storage(error) => Self::Storage(error),
        }
    }
}

impl EvolveError {
    /// What the writer has said, with the name of the table.
    pub(super) fn of(failure: EvolveFailure, schema: &DatabaseSchema) -> Self {
        match failure {
            EvolveFailure::Row { table, entity, cause } => {
                Self::Row { table: schema.tables()[table].name.to_string(), entity, cause }
            }
            EvolveFailure::Dangling(failure) => Self::Dangling(failure),
            EvolveFailure::Duplicate(error) => Self::Duplicate(error),
            EvolveFailure::Storage(error) => Self::Storage(error),
            EvolveFailure::Log(error) => Self::Log(error),
        }
    }
}

/// What the writer needs.
pub(super) struct Prepared {
    pub plan: Plan,
    pub catalog: Arc<Catalog>,
    pub rewritten: Vec<bool>,
    pub convert: ConvertRow,
}

/// How a database with the schema `old` gets the schema `new`. Tables keep their numbers, whatever their order in `new` is.
pub(super) fn prepare(old: &DatabaseSchema, new: &DatabaseSchema) -> Result<Prepared, EvolveError> {
    let plan = Plan::between(old, new);
    if !plan.refused.is_empty() {
        return Err(EvolveError::Refused(plan.refused));
    }
    let mut plans: Vec<Option<TablePlan>> = vec![None; old.tables().len()];
    let mut tables: Vec<Option<_>> = vec![None; old.tables().len()];
    for (table, of) in new.tables().iter().zip(&plan.tables) {
        match of.from {
            Some(from) => (tables[from], plans[from]) = (Some(table.clone()), Some(of.clone())),
            None => tables.push(Some(table.clone())),
        }
    }
    if let Some(gone) = tables.iter().position(Option::is_none) {
        return Err(EvolveError::TableGone { table: old.tables()[gone].name.to_string() });
    }
    let tables = tables.into_iter().flatten().collect();
    let schema = DatabaseSchema::new(new.name().to_owned(), new.version().to_owned(), new.registry().clone(), tables)?;
    let plans: Vec<TablePlan> = plans.into_iter().flatten().collect();
    let changes = |(number, of): (usize, &TablePlan)| {
        let before = &old.tables()[number];
        let after = &schema.tables()[number];
        // In the log a row that only lies in another order need not be written anew, in memory it must.
        !of.keeps_fields(before) || !of.keeps_rows || (before.size, before.layout) != (after.size, after.layout)
    };
    let rewritten = plans.iter().enumerate().map(changes).collect();
    let catalog = Arc::new(Catalog::new(Arc::new(schema)));
    let (old, shared) = (old.clone(), Arc::clone(&catalog));
    let mut bytes = Vec::new();
    let convert = move |MovedRow { table, entity, row }: MovedRow<'_>, out: &mut Vec<u8>| {
        bytes.clear();
        bytes.extend_from_slice(row.row);
        bytes.extend_from_slice(row.heap);
        let (before, after) = (&old.tables()[table], &shared.schema().tables()[table]);
        let done = plans[table].convert_row(before, after, &bytes, out);
        done.map_err(|error| EvolveFailure::Row { table, entity, cause: error.into() })
    };
    Ok(Prepared { plan, catalog, rewritten, convert: Box::new(convert) })
}
