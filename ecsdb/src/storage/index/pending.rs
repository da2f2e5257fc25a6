//! What is to be taken out of indexes and put in: the difference between the rows before and now.
//!
//! Owns the comparison of pages. Rows whose keys are the same cost nothing further.

use super::definition::{Definitions, IndexDefinition};
use super::node::head_of;
use crate::bits::bits;
use crate::bytes::{HeapPlace, PageRef, RowBytes};
use crate::change_set::ColumnSet;
use crate::limits::BLOCK_SLOTS;
use crate::schema::KeyBuf;
use crate::storage::table::{PageGeometry, Table};

/// An entry that comes or goes. In order: index by index, what goes before what comes, then by entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Change {
    /// The number of the index.
    pub index: u16,
    /// Whether it comes.
    pub is_new: bool,
    /// Its first bytes, as a number that is ordered as they are.
    head: u64,
    /// Where its bytes begin.
    at: usize,
}

/// Entries that come and go. Kept between transactions for its memory.
#[derive(Default)]
pub struct Pending {
    changes: Vec<Change>,
    bytes: Vec<u8>,
    /// A key in the making, and the entries of one row before and now.
    buffer: KeyBuf,
    before: Vec<u8>,
    now: Vec<u8>,
}

/// A page as it was before: the rows, and which slots they belong to.
pub struct OldPage<'a> {
    /// The number of its table.
    pub table: u16,
    /// Its number.
    pub page: usize,
    /// Its rows.
    pub rows: Option<&'a PageRef>,
    /// Its presence words.
    pub words: &'a [u64],
    /// Which slots may differ.
    pub written: &'a [u64],
    /// Which columns may differ in rows that were there before and are now.
    pub columns: ColumnSet,
}

impl OldPage<'_> {
    /// The row in slot `bit` of word `word`.
    fn row(&self, geometry: PageGeometry, has_heap: bool, word: usize, bit: u32) -> Option<RowBytes<'_>> {
        if self.words[word] >> bit & 1 == 0 {
            return None;
        }
        let page = self.rows?;
        let before: u32 = self.words[..word].iter().map(|word| word.count_ones()).sum();
        let rank = before + (self.words[word] & ((1 << bit) - 1)).count_ones();
        let row = page.bytes().get(rank as usize * geometry.stride()..)?.get(..geometry.stride())?;
        let heap = match page.heap() {
            // SAFETY: the row stands in this page, whose rows end with the places that its heap has given them: pages are
            // kept for the way back as they were, and the writer, on whose thread this runs, has put the heap in.
            Some(heap) if has_heap => unsafe { heap.get(HeapPlace::read(&row[row.len() - HeapPlace::BYTES..])) },
            _ => &[],
        };
        Some(RowBytes { row, heap })
    }
}

impl Pending {
    /// Forgets everything.
    pub fn clear(&mut self) {
        self.changes.clear();
        self.bytes.clear();
    }

    /// Gives memory back.
    pub fn trim(&mut self) {
        *self = Self::default();
    }

    /// Everything, in order.
    pub fn changes(&self, definitions: &Definitions) -> impl Iterator<Item = (Change, &[u8])> {
        self.changes.iter().map(|change| {
            let width = definitions.all()[usize::from(change.index)].width();
            (*change, &self.bytes[change.at..change.at + width])
        })
    }

    /// How many more entries an index has for the changes, which are in order.
    pub fn net(&self, index: u16) -> i64 {
        let from = self.changes.partition_point(|change| change.index < index);
        let count = self.changes[from..].partition_point(|change| change.index == index);
        let goes = self.changes[from..from + count].partition_point(|change| !change.is_new);
        count as i64 - 2 * goes as i64
    }

    /// Brings the changes in order.
    pub fn sort(&mut self, definitions: &Definitions) {
        let Self { changes, bytes, .. } = self;
        let entry =
            |change: &Change| &bytes[change.at..change.at + definitions.all()[usize::from(change.index)].width()];
        changes.sort_unstable_by(|one, other| {
            let order = (one.index, one.is_new, one.head).cmp(&(other.index, other.is_new, other.head));
            order.then_with(|| entry(one).cmp(entry(other)))
        });
    }

    /// Notes what is different about the rows of `old`, a page of `table` as it was, for the indexes that are wanted.
    pub fn compare(
        &mut self,
        old: &OldPage<'_>,
        table: &Table,
        definitions: &Definitions,
        wanted: impl Fn(u16) -> bool,
    ) {
        let geometry = table.geometry();
        let first_slot = (old.page << geometry.page_shift()) as u32;
        for number in definitions.of_table(old.table).filter(|index| wanted(*index)) {
            let index = &definitions.all()[usize::from(number)];
            let may_differ = index.fields.intersects(old.columns);
            for (word, written) in old.written.iter().enumerate() {
                for bit in bits(*written) {
                    let slot = first_slot + (word * BLOCK_SLOTS) as u32 + bit;
                    let before = old.row(geometry, table.has_heap(), word, bit);
                    let now = table.stored(slot);
                    if before.is_some() && now.is_some() && !may_differ {
                        continue;
                    }
                    self.compare_rows(number, index, slot, before, now);
                }
            }
        }
    }

    /// Notes what is different about the row in `slot`.
    fn compare_rows(
        &mut self,
        number: u16,
        index: &IndexDefinition,
        slot: u32,
        before: Option<RowBytes<'_>>,
        now: Option<RowBytes<'_>>,
    ) {
        if let (Some(before), Some(now)) = (before, now)
            && index.key.is_same(before, now)
        {
            return;
        }
        let (mut old, mut new) = (core::mem::take(&mut self.before), core::mem::take(&mut self.now));
        old.clear();
        new.clear();
        if let Some(row) = before {
            index.entries(row, slot, &mut self.buffer, &mut old);
        }
        if let Some(row) = now {
            index.entries(row, slot, &mut self.buffer, &mut new);
        }
        let is_all = index.is_unique && index.is_inexact();
        if old != new && !(is_all && index.key.has_list()) {
            self.difference(number, index.width(), &old, &new);
        } else if is_all && self.differs_beyond(index, before, now) {
            // An entry that is the same may be of another key, of a list beside entries that are not the same: it comes anew, so
            // that twins are looked for.
            old.chunks_exact(index.width()).for_each(|entry| self.push(number, false, entry));
            new.chunks_exact(index.width()).for_each(|entry| self.push(number, true, entry));
        }
        (self.before, self.now) = (old, new);
    }

    /// Whether two rows with the same entries have different keys.
    fn differs_beyond(
        &mut self,
        index: &IndexDefinition,
        before: Option<RowBytes<'_>>,
        now: Option<RowBytes<'_>>,
    ) -> bool {
        let mut full = |row: Option<RowBytes<'_>>| {
            let mut keys = Vec::new();
            if let Some(row) = row {
                index.key.full_keys(row, &mut self.buffer, |key| keys.push(key.to_vec()));
            }
            keys
        };
        full(before) != full(now)
    }

    /// Notes what is in one of two ordered lists of entries and not in the other.
    fn difference(&mut self, number: u16, width: usize, old: &[u8], new: &[u8]) {
        let (mut old, mut new) = (old.chunks_exact(width).peekable(), new.chunks_exact(width).peekable());
        loop {
            match (old.peek(), new.peek()) {
                (Some(goes), Some(comes)) if goes == comes => {
                    old.next();
                    new.next();
                }
                (Some(goes), comes) if comes.is_none_or(|comes| goes < comes) => {
                    self.push(number, false, goes);
                    old.next();
                }
                (_, Some(comes)) => {
                    self.push(number, true, comes);
                    new.next();
                }
                (_, None) => return,
            }
        }
    }

    fn push(&mut self, index: u16, is_new: bool, entry: &[u8]) {
        self.changes.push(Change { index, is_new, head: head_of(entry), at: self.bytes.len() });
        self.bytes.extend_from_slice(entry);
    }
}
