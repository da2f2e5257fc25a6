//! Savepoints: one transaction with several undo records for a page.
//!
//! Owns making one of them again, for the change set. A savepoint begins whenever indexes are brought in line with rows.

use super::{Batch, PageUndo, Undo};
use crate::change_set::ColumnSet;
use crate::storage::table::PageGeometry;

impl Undo {
    /// Begins a transaction.
    pub(super) fn begin(&mut self) {
        self.first_savepoint = None;
        self.last_savepoint = 0;
    }

    /// Notes that what is touched from now on gets new records.
    pub(in crate::storage) fn begin_savepoint(&mut self) {
        self.first_savepoint.get_or_insert((self.pages.len(), self.blocks.len()));
        self.last_savepoint = self.pages.len();
    }

    /// The records since the last savepoint.
    pub(in crate::storage) fn unsettled(&self) -> &[PageUndo] {
        &self.pages[self.last_savepoint..]
    }

    /// The presence words before, and the words written, of a record.
    pub(in crate::storage) fn words(&self, record: &PageUndo, geometry: PageGeometry) -> (&[u64], &[u64]) {
        let (at, count) = (record.words_at as usize, geometry.page_words());
        (&self.words[at..at + count], &self.words[at + count..at + 2 * count])
    }

    /// Adds what record `later` says about a page to `first`, the first record of that page.
    fn merge(&mut self, first: usize, later: usize, geometry: PageGeometry) {
        let count = geometry.page_words();
        let (first_at, later_at) = (self.pages[first].words_at as usize, self.pages[later].words_at as usize);
        let mut columns = self.pages[first].columns.union(self.pages[later].columns);
        for word in 0..count {
            let written = self.words[later_at + count + word];
            // A row that took the place of one that was removed before the savepoint may differ in every column.
            if self.words[first_at + word] & !self.words[later_at + word] & written != 0 {
                columns = ColumnSet::ALL;
            }
            self.words[first_at + count + word] |= written;
        }
        self.pages[first].columns = columns;
    }
}

impl Batch<'_> {
    /// Leaves one record for each page and block: its state before the transaction, and everything that was written since.
    pub(super) fn merge_records(&mut self) {
        let Some((pages, blocks)) = self.undo.first_savepoint else { return };
        if self.undo.pages.len() > pages {
            self.merge_pages();
        }
        if self.undo.blocks.len() > blocks {
            // The first one of each block says how it was.
            let mut seen = std::collections::HashSet::new();
            self.undo.blocks.retain(|record| seen.insert(record.block));
        }
    }

    fn merge_pages(&mut self) {
        let mut order = core::mem::take(&mut self.undo.order);
        order.clear();
        order.extend(0..self.undo.pages.len() as u32);
        let place = |undo: &Undo, number: u32| {
            let record = &undo.pages[number as usize];
            (record.table, record.page)
        };
        order.sort_unstable_by_key(|number| (place(self.undo, *number), *number));
        let mut first = None;
        for number in order.iter().copied() {
            let here = place(self.undo, number);
            match first {
                Some(earlier) if place(self.undo, earlier) == here => {
                    let geometry = self.version.tables[usize::from(here.0)].geometry();
                    self.undo.merge(earlier as usize, number as usize, geometry);
                    let record = &mut self.undo.pages[number as usize];
                    record.is_merged = true;
                    if let Some(page) = record.before.take() {
                        self.pool.put(here.0, page);
                    }
                }
                _ => first = Some(number),
            }
        }
        self.undo.order = order;
        self.undo.pages.retain(|record| !record.is_merged);
    }
}
