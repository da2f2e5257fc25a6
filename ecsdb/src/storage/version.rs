//! One version of the whole database: the root that readers pin.

use std::sync::Arc;

use super::entities::Entities;
use super::index::{Definitions, Indexes};
use super::table::{RowShape, Table};
use crate::schema::DatabaseSchema;

/// A consistent state of all tables. Readers share it and never change it; the writer changes an older one that nobody
/// reads and publishes it as the next.
#[derive(Clone)]
pub struct Version {
    /// Counts the publications, from 0 for the empty database. A batch of transactions is published once.
    pub number: u64,
    /// What the tables and their fields are called. A store whose rows nobody asks for by names has none there.
    pub schema: Arc<DatabaseSchema>,
    /// Who is alive.
    pub entities: Entities,
    /// The tables, in the order of the schema.
    pub tables: Box<[Table]>,
    /// The indexes of the tables.
    pub indexes: Indexes,
    /// Whether rows have changed that the indexes do not know of yet. Only inside of a transaction.
    pub unsettled: bool,
}

debug_as!(Version, version: number = version.number);

impl Version {
    /// The empty database with tables of such rows and these indexes, which `schema` names.
    pub fn empty(
        schema: Arc<DatabaseSchema>,
        shapes: impl IntoIterator<Item = RowShape>,
        indexes: Arc<Definitions>,
    ) -> Self {
        let mut version = Self {
            number: 0,
            schema,
            entities: Entities::default(),
            tables: shapes.into_iter().map(Table::new).collect(),
            indexes: Indexes::empty(indexes),
            unsettled: false,
        };
        version.mark_indexed();
        version
    }

    /// Has each table know whether it has indexes.
    pub fn mark_indexed(&mut self) {
        for (number, table) in self.tables.iter_mut().enumerate() {
            table.set_indexed(!self.indexes.definitions.of_table(number as u16).is_empty());
        }
    }

    /// How many chunks cover all slots that were ever used.
    pub fn chunk_count(&self) -> usize {
        self.entities.chunk_count()
    }
}
