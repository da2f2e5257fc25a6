//! The tables of one segment: those that the database has now, and those whose rows mean nothing any more.

use super::tables::{TableCode, Tables};
use crate::persistence::ids::{Ids, TableIds};

/// The tables of a segment, by their ids.
pub struct Era<'t> {
    /// The tables that the database has.
    pub tables: &'t Tables,
    /// By ascending id: ids can be many more than tables.
    known: Vec<(u16, Known<'t>)>,
}

/// A table of a segment.
#[derive(Clone)]
pub enum Known<'t> {
    /// The database has it, and its rows are those of the segment.
    Live(&'t TableCode),
    /// It was left out of the schema since, or all of its rows were written anew.
    Gone(Gone),
}

/// A table whose rows are passed over.
#[derive(Clone)]
pub struct Gone {
    /// Bytes of each field, in the order of files.
    fields: Vec<usize>,
    /// Whether rows have heaps.
    pub has_heap: bool,
}

impl Gone {
    /// Bytes of a row without its heap.
    pub fn row_bytes(&self) -> usize {
        self.fields.iter().sum()
    }

    /// Bytes of the columns of a set.
    pub fn columns_bytes(&self, columns: u64) -> usize {
        let bit = |position: usize| columns >> position.min(63) & 1 == 1;
        self.fields.iter().enumerate().filter(|(position, _)| bit(*position)).map(|(_, bytes)| bytes).sum()
    }
}

impl<'t> Era<'t> {
    /// The tables of a segment with these ids, in a database that has `tables` under the ids `now`.
    pub fn new(tables: &'t Tables, ids: &Ids, now: &Ids) -> Self {
        let known = |table: &TableIds| {
            let is_current = now.tables.iter().any(|later| later.id == table.id && later.revision == table.revision);
            let live = tables.with_id(table.id).filter(|_| is_current);
            (table.id, live.map_or_else(|| Known::Gone(gone(table)), Known::Live))
        };
        Self { tables, known: ids.tables.iter().map(known).collect() }
    }

    /// The table with this id, if the segment can have it.
    pub fn with_id(&self, id: u16) -> Option<&Known<'t>> {
        let at = self.known.binary_search_by_key(&id, |(id, _)| *id).ok()?;
        Some(&self.known[at].1)
    }
}

fn gone(table: &TableIds) -> Gone {
    Gone {
        fields: table.fields.iter().map(|field| field.field_type.size()).collect(),
        has_heap: table.fields.iter().any(|field| field.field_type.has_heap()),
    }
}
