//! Which indexes there are, and which entries a row has in them.
//!
//! Owns the step from rows to entries. An entry is a key and the slot of the row behind it, so that all entries differ and
//! those of equal keys are ordered by slot.

use core::ops::Range;

use smallvec::SmallVec;

use xxhash_rust::xxh3::xxh3_64;

use super::grid::GridSpec;
use super::node::NodeLayout;
use super::tree::SLOT_BYTES;
use crate::bytes::RowBytes;
use crate::change_set::ColumnSet;
use crate::schema::{Cardinality, DatabaseSchema, FieldType, IndexKind, KeyBuf, KeyFault, KeySpec, TableSchema};

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
    /// The name of its table.
    pub table_name: Box<str>,
    /// What it is called: a reverse index has the name of its field.
    pub name: Box<str>,
    /// How rows are found in it.
    pub kind: IndexKind,
    /// What it is for.
    pub role: IndexRole,
    /// Whether two rows may not have the same key. A key with a column that has no value is never the same.
    pub is_unique: bool,
    /// The fields that its key is made of.
    pub fields: ColumnSet,
    /// Its key.
    pub key: KeySpec,
    /// The grid, if it is one.
    pub grid: Option<GridSpec>,
}

/// Bytes of the hash of a key.
pub const HASH_BYTES: usize = 4;

/// The hash of the identity of a key, and in its last bit whether one of the values is none.
#[inline]
pub fn hash_of(identity: &[u8], has_none: bool) -> [u8; HASH_BYTES] {
    let hash = (xxh3_64(identity) >> 32) as u32;
    (hash & !1 | u32::from(has_none)).to_be_bytes()
}

impl IndexDefinition {
    /// The index with the key of these columns of a table.
    fn new<'n>(
        number: u16,
        table: &TableSchema,
        columns: impl IntoIterator<Item = &'n str> + Clone,
        role: IndexRole,
    ) -> Result<Self, KeyFault> {
        let key = KeySpec::of(table, columns.clone())?;
        let field = |name| table.column(name).map_or(ColumnSet::NONE, |column| ColumnSet::one(column.field as u16));
        Ok(Self {
            table: number,
            table_name: (*table.name).into(),
            name: columns.clone().into_iter().next().unwrap_or_default().into(),
            kind: IndexKind::Ordered,
            role,
            is_unique: false,
            fields: columns.into_iter().map(field).fold(ColumnSet::NONE, ColumnSet::union),
            key,
            grid: None,
        })
    }

    /// The grid over the columns of the key, with cells of this edge.
    fn with_grid(mut self, table: &TableSchema, columns: &[std::borrow::Cow<'_, str>], edge: f64) -> Self {
        let axis = |name: &std::borrow::Cow<'_, str>| {
            let column = table.column(name)?;
            let FieldType::Scalar(scalar) = column.field_type else { return None };
            Some((column.offset as usize, *scalar))
        };
        self.grid = Some(GridSpec::new(columns.iter().filter_map(axis), edge));
        self
    }

    /// Whether `other` has the same entries, and keeps apart at least what this one does.
    pub fn is_served_by(&self, other: &Self) -> bool {
        self.table == other.table
            && self.kind == other.kind
            && self.key == other.key
            && self.grid == other.grid
            && self.skips_none() == other.skips_none()
            && (other.is_unique || !self.is_unique)
    }

    /// Bytes of an entry.
    pub fn width(&self) -> usize {
        let key = match (self.kind, &self.grid) {
            (_, Some(grid)) => grid.key_len(),
            (IndexKind::Hash, _) => HASH_BYTES,
            _ => self.key.len(),
        };
        key + SLOT_BYTES
    }

    /// How its nodes are laid out.
    pub fn layout(&self) -> NodeLayout {
        NodeLayout::of(self.width())
    }

    /// Whether rows without a value have no entries: nobody is looked for with them.
    pub fn skips_none(&self) -> bool {
        matches!(self.role, IndexRole::Reference(_))
    }

    /// Whether entries that are alike may be of rows with different keys.
    pub fn is_inexact(&self) -> bool {
        self.kind == IndexKind::Hash || self.key.may_be_cut()
    }

    /// Up to where the key of an entry decides, if it is not to its end: then rows with the same bytes up to there have to be
    /// compared themselves.
    #[inline]
    pub fn decided(&self, key: &[u8]) -> Option<usize> {
        if self.kind == IndexKind::Hash { Some(HASH_BYTES) } else { self.key.decided(key) }
    }

    /// Whether a key of an entry has a column without a value.
    pub fn has_none(&self, key: &[u8]) -> bool {
        match self.kind {
            IndexKind::Ordered => self.key.has_none(key),
            IndexKind::Hash => key[HASH_BYTES - 1] & 1 == 1,
            IndexKind::Grid { .. } => false,
        }
    }

    /// Appends the entries of the row in `slot` to `out`, in ascending order. `buffer` is for a key in the making.
    pub fn entries(&self, row: RowBytes<'_>, slot: u32, buffer: &mut KeyBuf, out: &mut Vec<u8>) {
        let start = out.len();
        if let Some(grid) = &self.grid {
            if let Some(point) = grid.point(row.row) {
                grid.push_cell(&point, out);
                out.extend_from_slice(&slot.to_be_bytes());
            }
        } else if self.kind == IndexKind::Hash {
            self.hashes(row, buffer, |hash| {
                out.extend_from_slice(&hash);
                out.extend_from_slice(&slot.to_be_bytes());
            });
        } else {
            self.key.keys(row, buffer, |key| {
                if !(self.skips_none() && self.key.has_none(key)) {
                    out.extend_from_slice(key);
                    out.extend_from_slice(&slot.to_be_bytes());
                }
            });
        }
        if self.key.has_list() && out.len() > start + self.width() {
            sort_entries(out, start, self.width());
        }
    }
}

impl IndexDefinition {
    /// The hashes of the keys of a row.
    fn hashes(&self, row: RowBytes<'_>, buffer: &mut KeyBuf, mut each: impl FnMut([u8; HASH_BYTES])) {
        let mut none: SmallVec<[bool; 16]> = SmallVec::new();
        if self.key.has_optional() {
            self.key.keys(row, buffer, |key| none.push(self.key.has_none(key)));
        }
        let mut none = none.into_iter();
        self.key.identities(row, buffer, |identity| each(hash_of(identity, none.next().unwrap_or(false))));
    }

    /// The full keys of a row that entries with the key `key` stand for.
    pub fn full_keys(&self, row: RowBytes<'_>, key: &[u8]) -> Vec<Vec<u8>> {
        let (mut is_meant, mut full, mut buffer) = (Vec::new(), Vec::new(), KeyBuf::new());
        if self.kind == IndexKind::Hash {
            self.hashes(row, &mut buffer, |hash| is_meant.push(hash == key));
        } else {
            self.key.keys(row, &mut buffer, |of_row| is_meant.push(of_row == key));
        }
        self.key.full_keys(row, &mut buffer, |key| full.push(key.to_vec()));
        let mut is_meant = is_meant.into_iter();
        full.retain(|_| is_meant.next().unwrap_or(false));
        full
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

    /// The indexes of a schema: those that it names, and one for each reference.
    ///
    /// # Panics
    /// If columns of an index make no key. That is checked with the schema.
    pub fn of(schema: &DatabaseSchema) -> Self {
        let mut all = Vec::new();
        let checked = "the keys of indexes are checked with the schema";
        for (number, table) in schema.tables().iter().enumerate() {
            for (index, of) in table.indexes.iter().enumerate() {
                let (columns, role) = (of.columns.iter().map(|name| &**name), IndexRole::Declared(index as u16));
                let made = IndexDefinition::new(number as u16, table, columns, role).expect(checked);
                let made = match of.kind {
                    IndexKind::Grid { cell } => made.with_grid(table, &of.columns, cell),
                    _ => made,
                };
                let (name, kind, is_unique) = ((*of.name).into(), of.kind, of.unique);
                all.push(IndexDefinition { name, kind, is_unique, ..made });
            }
            for (field, of) in table.fields.iter().enumerate() {
                let Some(reference) = &of.reference else { continue };
                let (columns, role) = (core::iter::once(&*of.name), IndexRole::Reference(field as u16));
                let made = IndexDefinition::new(number as u16, table, columns, role).expect(checked);
                all.push(IndexDefinition { is_unique: reference.cardinality == Cardinality::One, ..made });
            }
        }
        Self::new(schema.tables().len(), all)
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
