//! Reading an index without types: the slots of rows with a key, and of those in a range, in the order of the keys.
//!
//! Owns what keys do not decide: rows whose keys are alike because long texts are cut are compared themselves. Inside of a
//! transaction whose indexes are behind its rows, everything is answered by the rows.

use std::vec::IntoIter;

use super::buckets::HashEntry;
use super::cursor::{Entries, Tree};
use super::definition::{HASH_BYTES, IndexDefinition, IndexRole, hash_of, slot_of};
use super::hashed::run_of;
use super::nodes::Nodes;
use super::tree::SLOT_BYTES;
use crate::bytes::RowBytes;
use crate::schema::{IndexKind, KeyBuf, KeyRange, Probe};
use crate::storage::table::Table;
use crate::storage::version::Version;

/// An index of one version.
#[derive(Clone, Copy)]
pub struct IndexRead<'v> {
    version: &'v Version,
    number: u16,
    definition: &'v IndexDefinition,
}

impl<'v> IndexRead<'v> {
    /// Index number `number`.
    pub fn new(version: &'v Version, number: u16) -> Self {
        Self { version, number, definition: &version.indexes.definitions.all()[usize::from(number)] }
    }

    /// The index of a table that is there for `role`.
    pub fn find(version: &'v Version, table: u16, role: IndexRole) -> Option<Self> {
        version.indexes.definitions.find(table, role).map(|number| Self::new(version, number))
    }

    /// What it is.
    pub fn definition(self) -> &'v IndexDefinition {
        self.definition
    }

    /// Whether it says what the rows are. If not, since a transaction has changed rows since the last time, reading looks at every
    /// row of the table.
    pub fn is_settled(self) -> bool {
        !self.version.unsettled
    }

    /// How many entries it has: rows, or elements of their lists. It may be behind, see [`Self::is_settled`].
    pub fn entries(self) -> u64 {
        self.nodes().shape.entries
    }

    /// How many entries it has to give. Cost: none if it [is settled](Self::is_settled), a look at all rows if not.
    pub fn len(self) -> u64 {
        match self.grid() {
            _ if self.is_settled() => self.entries(),
            Some(grid) => grid.count(),
            None => self.scan(&KeyRange::ALL).len() as u64,
        }
    }

    /// How many different keys it has, roughly. It may be behind, see [`Self::is_settled`].
    pub fn keys(self) -> u64 {
        self.nodes().shape.keys
    }

    pub(super) fn nodes(self) -> &'v Nodes {
        &self.version.indexes.nodes[usize::from(self.number)]
    }

    /// The tree with entries that begin as `entry` does.
    pub(super) fn tree(self, entry: &[u8]) -> Tree<'v> {
        self.version.indexes.tree(self.number, entry)
    }

    pub(super) fn table(self) -> &'v Table {
        &self.version.tables[usize::from(self.definition.table)]
    }

    /// The slots of the rows with these values, which may be those of the first columns only.
    pub fn equal(self, probe: Probe) -> Slots<'v> {
        self.range(KeyRange::Equal(probe))
    }

    /// As [`Self::equal`], of values for all columns, given as for [`KeySpec::probe`](crate::schema::KeySpec::probe).
    pub fn with_values(self, values: RowBytes<'_>) -> Slots<'v> {
        let index = self.definition;
        if !self.is_hashed() {
            return self.equal(index.key.probe(values, index.key.column_count()));
        }
        index.key.with_identity(values, |identity, has_none| self.hashed(KeyBuf::from_slice(identity), has_none))
    }

    /// The slots of the rows in a range, in the order of their keys. A row whose list has several elements in the range comes
    /// several times.
    ///
    /// Where the index does not know where the range is, all rows are looked at: a hash index knows of keys with a value for each
    /// column, a grid of none.
    pub fn range(self, range: KeyRange) -> Slots<'v> {
        let index = self.definition;
        match range {
            KeyRange::Equal(probe) if self.is_hashed() && probe.columns() == index.key.column_count() => {
                let has_none = probe.has_none();
                self.hashed(probe.into_identity(), has_none)
            }
            range => self.slots(match self.ends(&range).filter(|_| self.is_settled()) {
                None => Found::Listed(self.scan(&range).into_iter()),
                Some((from, to)) => Found::Ordered {
                    entries: self.tree(&from).range(&from, &to),
                    range: index.key.may_be_cut().then(|| Box::new(range)),
                    front: Vec::new().into_iter(),
                    back: Vec::new().into_iter(),
                },
            }),
        }
    }

    /// Whether it is a hash index that says what the rows are.
    pub(super) fn is_hashed(self) -> bool {
        self.definition.kind == IndexKind::Hash && self.is_settled()
    }

    /// Whether the row in `slot` has the key with this identity.
    #[inline]
    pub(super) fn has_identity(self, slot: u32, identity: &[u8]) -> bool {
        has_identity(self.definition, self.table(), slot, identity)
    }

    fn hashed(self, identity: KeyBuf, has_none: bool) -> Slots<'v> {
        let hash = hash_of(&identity, has_none);
        let Some(run) = run_of(self.nodes(), hash) else { return self.with_hash(&identity, hash) };
        self.slots(Found::Run { identity, run: run.iter() })
    }

    /// The slots of the rows in a hash index with this identity and its hash, wherever they stand.
    pub(super) fn with_hash(self, identity: &[u8], hash: [u8; HASH_BYTES]) -> Slots<'v> {
        let (from, to) = hash_ends(hash, self.definition.width());
        self.slots(Found::Hashed {
            identity: KeyBuf::from_slice(identity),
            entries: self.tree(&from).range(&from, &to),
        })
    }

    fn slots(self, found: Found<'v>) -> Slots<'v> {
        Slots { index: self.definition, table: self.table(), found }
    }

    /// Between which entries those of a range stand, if the index knows.
    fn ends(self, range: &KeyRange) -> Option<(KeyBuf, KeyBuf)> {
        let index = self.definition;
        match (index.kind, range) {
            (IndexKind::Ordered, range) => Some(range.ends(index.width())),
            (IndexKind::Hash, KeyRange::Equal(probe)) if probe.columns() == index.key.column_count() => {
                Some(hash_ends(hash_of(probe.identity(), probe.has_none()), index.width()))
            }
            _ => None,
        }
    }

    /// About how many entries lie in a range, exactly if they are few; nothing if the index does not know where the range is, so that
    /// all rows would be looked at. Cost: two ways down the index.
    pub fn estimate(self, range: &KeyRange) -> Option<u64> {
        let (from, to) = self.ends(range).filter(|_| self.is_settled())?;
        Some(self.tree(&from).estimate(&from, &to))
    }

    /// The slots of the rows in a range, found by looking at all of them.
    fn scan(self, range: &KeyRange) -> Vec<u32> {
        let (index, table) = (self.definition, self.table());
        let (mut found, mut buffer, mut none) = (Vec::new(), KeyBuf::new(), Vec::new());
        for slot in table.slots() {
            let Some(row) = table.stored(slot) else { continue };
            none.clear();
            index.key.keys(row, &mut buffer, |key| none.push(index.skips_none() && index.key.has_none(key)));
            let mut is_none = none.iter();
            index.key.full_keys(row, &mut buffer, |key| {
                if is_none.next() == Some(&false) && range.contains(key) {
                    found.push((key.to_vec(), slot));
                }
            });
        }
        in_order(found)
    }
}

fn in_order(mut found: Vec<(Vec<u8>, u32)>) -> Vec<u32> {
    found.sort_unstable();
    found.dedup();
    found.into_iter().map(|(_, slot)| slot).collect()
}

#[inline]
fn has_identity(index: &IndexDefinition, table: &Table, slot: u32, identity: &[u8]) -> bool {
    table.stored(slot).is_some_and(|row| index.key.has_identity(row, identity))
}

/// Between which entries, of `width` bytes, those with this hash stand.
fn hash_ends(hash: [u8; HASH_BYTES], width: usize) -> (KeyBuf, KeyBuf) {
    let end = |with| {
        let mut entry = KeyBuf::from_slice(&hash);
        entry.resize(width, with);
        entry
    };
    (end(0), end(u8::MAX))
}

/// The slots of rows, in the order of their keys, from both ends.
#[derive(Clone)]
pub struct Slots<'v> {
    index: &'v IndexDefinition,
    table: &'v Table,
    found: Found<'v>,
}

/// Where the slots come from.
#[derive(Clone)]
enum Found<'v> {
    /// All rows were looked at.
    Listed(IntoIter<u32>),
    /// Those of the entries whose rows have the key with this identity, and not only its hash. Of equal keys the order is that of the slots.
    Run { identity: KeyBuf, run: core::slice::Iter<'v, HashEntry> },
    /// The same where they do not stand in one leaf.
    Hashed { identity: KeyBuf, entries: Entries<'v> },
    /// Those of the entries, but for such as do not decide, if keys may be cut: of these, those in the range are put in order at the
    /// front and at the back.
    Ordered { range: Option<Box<KeyRange>>, entries: Entries<'v>, front: IntoIter<u32>, back: IntoIter<u32> },
}

/// The slots of `first`, an entry at one end, and of the entries behind it that have the same bytes as far as they decide: those
/// that are in the range, in the order of what their rows say. `step` gives the next entry if it is one of these.
fn alike<'v>(
    (index, table, range): (&IndexDefinition, &Table, Option<&KeyRange>),
    first: &'v [u8],
    mut step: impl FnMut() -> Option<&'v [u8]>,
) -> IntoIter<u32> {
    let mut found = Vec::new();
    let mut entry = Some(first);
    while let Some(alike) = entry {
        let (key, slot) = (&alike[..alike.len() - SLOT_BYTES], slot_of(alike));
        if let Some(row) = table.stored(slot) {
            let keys = index.full_keys(row, key).into_iter();
            found.extend(keys.filter(|key| range.is_none_or(|range| range.contains(key))).map(|key| (key, slot)));
        }
        entry = step();
    }
    in_order(found).into_iter()
}

impl Iterator for Slots<'_> {
    type Item = u32;

    #[inline]
    fn next(&mut self) -> Option<u32> {
        let (index, table) = (self.index, self.table);
        let (range, entries, front, back) = match &mut self.found {
            Found::Listed(slots) => return slots.next(),
            Found::Run { identity, run } => {
                return run.map(|entry| slot_of(entry)).find(|slot| has_identity(index, table, *slot, identity));
            }
            Found::Hashed { identity, entries } => {
                return entries.map(slot_of).find(|slot| has_identity(index, table, *slot, identity));
            }
            Found::Ordered { range, entries, front, back } => (range.as_deref(), entries, front, back),
        };
        loop {
            if let Some(slot) = front.next() {
                return Some(slot);
            }
            let Some(entry) = entries.next() else { return back.next() };
            match index.decided(&entry[..entry.len() - SLOT_BYTES]) {
                None => return Some(slot_of(entry)),
                Some(decided) => {
                    let is_alike = |next: &&[u8]| next.starts_with(&entry[..decided]);
                    let step = || entries.peek().filter(is_alike).and_then(|_| entries.next());
                    *front = alike((index, table, range), entry, step);
                }
            }
        }
    }
}

impl DoubleEndedIterator for Slots<'_> {
    #[inline]
    fn next_back(&mut self) -> Option<u32> {
        let (index, table) = (self.index, self.table);
        let (range, entries, front, back) = match &mut self.found {
            Found::Listed(slots) => return slots.next_back(),
            Found::Run { identity, run } => {
                return run.rev().map(|entry| slot_of(entry)).find(|slot| has_identity(index, table, *slot, identity));
            }
            Found::Hashed { identity, entries } => {
                return entries.rev().map(slot_of).find(|slot| has_identity(index, table, *slot, identity));
            }
            Found::Ordered { range, entries, front, back } => (range.as_deref(), entries, front, back),
        };
        loop {
            if let Some(slot) = back.next_back() {
                return Some(slot);
            }
            let Some(entry) = entries.next_back() else { return front.next_back() };
            match index.decided(&entry[..entry.len() - SLOT_BYTES]) {
                None => return Some(slot_of(entry)),
                Some(decided) => {
                    let is_alike = |next: &&[u8]| next.starts_with(&entry[..decided]);
                    let step = || entries.peek_back().filter(is_alike).and_then(|_| entries.next_back());
                    *back = alike((index, table, range), entry, step);
                }
            }
        }
    }
}
