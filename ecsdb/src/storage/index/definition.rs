//! Which indexes there are, and which entries a row has in them.
//!
//! Owns the step from rows to entries. An entry is a key and the slot of the row behind it, so that all entries differ and
//! those of equal keys are ordered by slot.

use core::ops::Range;

use smallvec::SmallVec;

use super::node::NodeLayout;
use super::tree::SLOT_BYTES;
use crate::bytes::RowBytes;
use crate::change_set::ColumnSet;
use crate::schema::KeySpec;

/// What an index is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IndexRole {
    /// The index with this number among those that the schema gives the table.
    Declared(u16),
    /// Finding the rows that refer to an entity with this field.
    Reference(u16),
}

/// One index.
#[derive(Clone, Debug)]
pub struct IndexDefinition {
    /// The number of its table.
    pub table: u16,
    /// What it is called, in messages.
    pub name: Box<str>,
    /// What it is for.
    pub role: IndexRole,
    /// Whether two rows may not have the same key. A key with a column that has no value is never the same.
    pub is_unique: bool,
    /// The fields that its key is made of.
    pub fields: ColumnSet,
    /// Its key.
    pub key: KeySpec,
}

impl IndexDefinition {
    /// Bytes of an entry.
    pub fn width(&self) -> usize {
        self.key.len() + SLOT_BYTES
    }

    /// How its nodes are laid out.
    pub fn layout(&self) -> NodeLayout {
        NodeLayout::of(self.width())
    }

    /// Whether rows without a value have no entries: nobody is looked for with them.
    pub fn skips_none(&self) -> bool {
        matches!(self.role, IndexRole::Reference(_))
    }

    /// Appends the entries of the row in `slot` to `out`, in ascending order. `buffer` is for a key in the making.
    pub fn entries(&self, row: RowBytes<'_>, slot: u32, buffer: &mut Vec<u8>, out: &mut Vec<u8>) {
        let start = out.len();
        self.key.keys(row, buffer, |key| {
            if !(self.skips_none() && self.key.has_none(key)) {
                out.extend_from_slice(key);
                out.extend_from_slice(&slot.to_be_bytes());
            }
        });
        if self.key.has_list() && out.len() > start + self.width() {
            sort_entries(out, start, self.width());
        }
    }
}

/// Brings the entries from `start` on in order, and leaves one of equal ones.
fn sort_entries(entries: &mut Vec<u8>, start: usize, width: usize) {
    let unsorted: SmallVec<[u8; 256]> = SmallVec::from_slice(&entries[start..]);
    let mut order: SmallVec<[&[u8]; 16]> = unsorted.chunks_exact(width).collect();
    order.sort_unstable();
    order.dedup();
    entries.truncate(start);
    for entry in order {
        entries.extend_from_slice(entry);
    }
}

/// The slot of the row that an entry belongs to.
#[inline]
pub fn slot_of(entry: &[u8]) -> u32 {
    entry.last_chunk().map_or(0, |slot| u32::from_be_bytes(*slot))
}

/// All indexes of a database, table by table.
#[derive(Debug, Default)]
pub struct Definitions {
    all: Box<[IndexDefinition]>,
    /// Which of them are those of each table.
    of_table: Box<[Range<u16>]>,
}

impl Definitions {
    /// These indexes, of a database with `tables` tables.
    pub fn new(tables: usize, mut all: Vec<IndexDefinition>) -> Self {
        all.sort_by_key(|index| index.table);
        let first = |table: usize| all.partition_point(|index| usize::from(index.table) < table) as u16;
        let of_table = (0..tables).map(|table| first(table)..first(table + 1)).collect();
        Self { all: all.into(), of_table }
    }

    /// All of them, by their numbers.
    pub fn all(&self) -> &[IndexDefinition] {
        &self.all
    }

    /// The numbers of those of a table.
    pub fn of_table(&self, table: u16) -> Range<u16> {
        self.of_table.get(usize::from(table)).cloned().unwrap_or(0..0)
    }

    /// The number of the index of a table that is there for `role`.
    pub fn find(&self, table: u16, role: IndexRole) -> Option<u16> {
        self.of_table(table).find(|index| self.all[usize::from(*index)].role == role)
    }
}
