//! Reading an index without types: the slots of rows with a key, and of those in a range, in the order of the keys.
//!
//! Owns what keys do not decide: rows whose keys are alike because long texts are cut are compared themselves. Inside of a
//! transaction whose indexes are behind its rows, everything is answered by the rows.

use std::vec::IntoIter;

use super::cursor::{Entries, Tree};
use super::definition::{IndexDefinition, IndexRole, slot_of};
use super::tree::SLOT_BYTES;
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
        self.version.indexes.nodes[usize::from(self.number)].shape.entries
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
        self.version.indexes.nodes[usize::from(self.number)].shape.keys
    }

    pub(super) fn tree(self) -> Tree<'v> {
        self.version.indexes.tree(self.number)
    }

    pub(super) fn table(self) -> &'v Table {
        &self.version.tables[usize::from(self.definition.table)]
    }

    /// The slots of the rows with these values, which may be those of the first columns only.
    pub fn equal(self, probe: Probe) -> Slots<'v> {
        self.range(KeyRange::equal(probe))
    }

    /// The slots of the rows in a range, in the order of their keys. A row whose list has several elements in the range comes
    /// several times.
    ///
    /// Where the index does not know where the range is, all rows are looked at: a hash index knows of keys with a value for each
    /// column, a grid of none.
    pub fn range(self, range: KeyRange) -> Slots<'v> {
        let (index, table) = (self.definition, self.table());
        let Some((from, to)) = self.ends(&range).filter(|_| self.is_settled()) else {
            let listed = self.scan(&range);
            return Slots {
                index,
                table,
                range,
                entries: None,
                front: listed.into_iter(),
                back: Vec::new().into_iter(),
            };
        };
        let entries = Some(self.tree().range(&from, &to));
        Slots { index, table, range, entries, front: Vec::new().into_iter(), back: Vec::new().into_iter() }
    }

    /// Between which entries those of a range stand, if the index knows.
    fn ends(self, range: &KeyRange) -> Option<(KeyBuf, KeyBuf)> {
        let index = self.definition;
        match index.kind {
            IndexKind::Ordered => Some(range.ends(index.width())),
            IndexKind::Hash => {
                let probe = range.as_equal().filter(|probe| probe.columns() == index.key.column_count())?;
                let end = |with| {
                    let mut entry = index.hash_of(probe);
                    entry.resize(index.width(), with);
                    entry
                };
                Some((end(0), end(u8::MAX)))
            }
            IndexKind::Grid { .. } => None,
        }
    }

    /// About how many entries lie in a range, exactly if they are few; nothing if the index does not know where the range is, so that
    /// all rows would be looked at. Cost: two ways down the index.
    pub fn estimate(self, range: &KeyRange) -> Option<u64> {
        let (from, to) = self.ends(range).filter(|_| self.is_settled())?;
        Some(self.tree().estimate(&from, &to))
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

/// The slots of rows, in the order of their keys, from both ends.
#[derive(Clone)]
pub struct Slots<'v> {
    index: &'v IndexDefinition,
    table: &'v Table,
    range: KeyRange,
    /// What was not looked at yet; nothing if there is no index to look at.
    entries: Option<Entries<'v>>,
    /// Slots that were put in order already, at the front and at the back.
    front: IntoIter<u32>,
    back: IntoIter<u32>,
}

impl Slots<'_> {
    /// The slots of `first`, an entry at one end, and of the entries behind it that have the same bytes as far as they
    /// decide: those that are in the range, in the order of what their rows say.
    fn alike(&mut self, first: &[u8], decided: usize, is_back: bool) -> IntoIter<u32> {
        let mut found = Vec::new();
        let mut entry = Some(first);
        while let Some(alike) = entry {
            let (key, slot) = (&alike[..alike.len() - SLOT_BYTES], slot_of(alike));
            if let Some(row) = self.table.stored(slot) {
                let keys = self.index.full_keys(row, key).into_iter();
                found.extend(keys.filter(|key| self.range.contains(key)).map(|key| (key, slot)));
            }
            let Some(entries) = &mut self.entries else { break };
            let next = if is_back { entries.peek_back() } else { entries.peek() };
            entry = next.filter(|next| next.starts_with(&first[..decided]));
            if entry.is_some() {
                if is_back {
                    entries.next_back()
                } else {
                    entries.next()
                };
            }
        }
        in_order(found).into_iter()
    }
}

impl Iterator for Slots<'_> {
    type Item = u32;

    #[inline]
    fn next(&mut self) -> Option<u32> {
        loop {
            if let Some(slot) = self.front.next() {
                return Some(slot);
            }
            let Some(entry) = self.entries.as_mut().and_then(Iterator::next) else { return self.back.next() };
            match self.index.decided(&entry[..entry.len() - SLOT_BYTES]) {
                None => return Some(slot_of(entry)),
                Some(decided) => self.front = self.alike(entry, decided, false),
            }
        }
    }
}

impl DoubleEndedIterator for Slots<'_> {
    #[inline]
    fn next_back(&mut self) -> Option<u32> {
        loop {
            if let Some(slot) = self.back.next_back() {
                return Some(slot);
            }
            let Some(entry) = self.entries.as_mut().and_then(DoubleEndedIterator::next_back) else {
                return self.front.next_back();
            };
            match self.index.decided(&entry[..entry.len() - SLOT_BYTES]) {
                None => return Some(slot_of(entry)),
                Some(decided) => self.back = self.alike(entry, decided, true),
            }
        }
    }
}
