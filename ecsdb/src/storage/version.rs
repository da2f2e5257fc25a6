//! One version of the whole database: the root that readers pin.

use super::entities::Entities;
use super::table::{RowShape, Table};

/// A consistent state of all tables. Readers share it and never change it; the writer changes an older one that nobody
/// reads and publishes it as the next.
#[derive(Clone)]
pub struct Version {
    /// Counts the publications, from 0 for the empty database. A batch of transactions is published once.
    pub number: u64,
    /// Who is alive.
    pub entities: Entities,
    /// The tables, in the order of the schema.
    pub tables: Box<[Table]>,
}

impl Version {
    /// The empty database with tables of such rows.
    pub fn empty(shapes: impl IntoIterator<Item = RowShape>) -> Self {
        Self { number: 0, entities: Entities::default(), tables: shapes.into_iter().map(Table::new).collect() }
    }

    /// How many chunks cover all slots that were ever used.
    pub fn chunk_count(&self) -> usize {
        self.entities.chunk_count()
    }
}
