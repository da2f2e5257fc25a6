//! Removing many rows and ending many lives at once: each page is closed up once, however many of its rows go.

use core::ops::Range;

use super::rows::{own, share_heap, take_page};
use super::{Batch, StorageError, Touched};
use crate::bits::bits;
use crate::change_set::ColumnSet;
use crate::limits::{BLOCK_SLOTS, CHUNK_SLOTS, PAGE_BLOCKS_MAX};
use crate::storage::chunk::count;
use crate::storage::slots::SlotMask;
use crate::storage::table_sets::TableSetId;

impl Batch<'_> {
    /// Ends the lives of the entities in the slots `doomed`, block by block, ascending; all of them are alive. Removes their rows
    /// from every table.
    pub fn despawn_all(&mut self, doomed: &[SlotMask]) -> Result<(), StorageError> {
        let mut sets: Vec<TableSetId> = doomed.iter().map(|of| self.slots.tables_in(of.block)).collect();
        sets.dedup();
        sets.sort_unstable();
        sets.dedup();
        let mut tables: Vec<u16> = sets.iter().flat_map(|set| self.slots.sets.tables(*set)).copied().collect();
        tables.sort_unstable();
        tables.dedup();
        for table in tables {
            self.remove_all(table, doomed)?;
        }
        for SlotMask { block, mask } in doomed.iter().copied() {
            self.end_lives(block, mask);
        }
        Ok(())
    }

    /// Removes the rows of the slots `slots`, block by block, ascending, as far as there are any. Returns how many there were.
    pub fn remove_all(&mut self, table: u16, slots: &[SlotMask]) -> Result<u64, StorageError> {
        let geometry = self.version.tables[usize::from(table)].geometry();
        let words = geometry.page_words();
        let mut removed = 0;
        if geometry.is_wide() {
            let pages = BLOCK_SLOTS / geometry.page_slots();
            for SlotMask { block, mask } in slots.iter().copied() {
                let present = mask & self.version.tables[usize::from(table)].word(block);
                for part in 0..pages {
                    let gone = present >> (part * geometry.page_slots()) & geometry.page_mask();
                    if gone != 0 {
                        removed += self.remove_in_page(table, block * pages + part, &[gone])?;
                    }
                }
            }
            return Ok(removed);
        }
        for of_page in slots.chunk_by(|one, other| one.block / words == other.block / words) {
            let mut gone = [0; PAGE_BLOCKS_MAX];
            for SlotMask { block, mask } in of_page.iter().copied() {
                gone[block % words] = mask & self.version.tables[usize::from(table)].word(block);
            }
            if gone != [0; PAGE_BLOCKS_MAX] {
                removed += self.remove_in_page(table, of_page[0].block / words, &gone[..words])?;
            }
        }
        Ok(removed)
    }

    /// Removes the rows of the slots `gone`, word by word, of page `page`, counted over the whole table. All of them are there, and
    /// there is one at least. Returns how many there were.
    fn remove_in_page(&mut self, table: u16, page: usize, gone: &[u64]) -> Result<u64, StorageError> {
        let directory = &mut self.version.tables[usize::from(table)];
        let (geometry, is_indexed) = (directory.geometry(), directory.is_indexed());
        let stride = geometry.stride();
        let number = page;
        let (index, page) = (page >> geometry.chunk_shift(), page & (geometry.chunk_pages() - 1));
        let chunk = directory.chunk_mut(index);
        let mut present = [0; PAGE_BLOCKS_MAX];
        let mut removed = 0;
        for (word, gone) in gone.iter().enumerate() {
            present[word] = chunk.presence(geometry, page, word);
            debug_assert_eq!(gone & !present[word], 0, "only rows that are there go");
            removed += count(*gone);
        }
        if self.references.is_target(table) {
            let first = index * CHUNK_SLOTS + page * geometry.page_slots();
            for (word, gone) in gone.iter().enumerate() {
                for bit in bits(*gone) {
                    if let Some(entity) = self.version.entities.in_slot((first + word * BLOCK_SLOTS) as u32 + bit) {
                        self.references.note_removed(table, entity);
                    }
                }
            }
        }
        let found = chunk.page_mut(page);
        let left = found.len as usize - removed;
        let words = present.iter().copied().zip(gone.iter().copied());
        let record = if found.stamp == *self.serial {
            // The transaction has a copy of its own already.
            if left == 0
                && let Some(page) = found.page.take()
            {
                self.pool.put(table, page);
            } else if let Some(page) = &mut found.page {
                let rows = own(page);
                each_run_left(words, stride, |run, to| {
                    if run.start != to {
                        rows.copy_within(run, to);
                    }
                });
            }
            found.undo
        } else {
            let mut copy = None;
            if let Some(before) = &found.page
                && left > 0
            {
                let mut taken = take_page(self.pool, self.failure, table, geometry.lines(left))?;
                let rows = own(&mut taken);
                each_run_left(words, stride, |run, to| {
                    rows[to..to + run.len()].copy_from_slice(&before.bytes()[run]);
                });
                share_heap(&mut taken, before);
                copy = Some(taken);
            }
            self.version.unsettled |= is_indexed;
            let touched = Touched { table, page: number };
            let record = self.undo.touch(chunk, geometry, touched, *self.serial, self.first_serial, self.dirty);
            self.undo.pages[record as usize].before = core::mem::replace(&mut chunk.page_mut(page).page, copy);
            record
        };
        for (word, gone) in gone.iter().enumerate() {
            chunk.set_presence(geometry, page, word, present[word] & !gone);
            self.undo.note_written(geometry, record, word, *gone, ColumnSet::NONE);
        }
        chunk.relocate(geometry, page);
        directory.count(-(removed as i64));
        Ok(removed as u64)
    }
}

/// Gives `sink` each run of neighbouring rows that is left, as a range of bytes in the page, and where it begins afterwards. `words`
/// are the presence words of the page, each with those of its slots whose rows go.
fn each_run_left(words: impl Iterator<Item = (u64, u64)>, stride: usize, mut sink: impl FnMut(Range<usize>, usize)) {
    let (mut run, mut to) = (0..0, 0);
    let mut end_run = |run: &mut Range<usize>, removed: usize| {
        if run.start < run.end {
            sink(run.clone(), to);
            to += run.len();
        }
        *run = run.end + removed * stride..run.end + removed * stride;
    };
    for (present, gone) in words {
        if gone == present {
            end_run(&mut run, count(gone));
            continue;
        }
        let mut seen = 0;
        for bit in bits(gone) {
            let below = (1 << bit) - 1;
            run.end += count(present & below & !seen) * stride;
            end_run(&mut run, 1);
            seen = below | 1 << bit;
        }
        run.end += count(present & !seen) * stride;
    }
    end_run(&mut run, 0);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_runs_that_are_left_are_those_between_the_rows_that_go() {
        let mut found = Vec::new();
        // Rows 0, 1, 2 and 3 in the first word, 4 and 5 in the second, which go, 6 and 7 in the third.
        let words = [(0b1_0111, 0b0010), (0b11, 0b11), (0b11, 0), (0, 0)];
        each_run_left(words.into_iter(), 10, |run, to| found.push((run, to)));
        assert_eq!(found, [(0..10, 0), (20..40, 10), (60..80, 30)]);
    }

    #[test]
    fn nothing_is_left_of_a_page_whose_rows_all_go() {
        each_run_left([(u64::MAX, u64::MAX), (0b101, 0b101)].into_iter(), 4, |_, _| panic!("a run is left"));
    }
}
