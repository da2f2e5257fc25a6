//! Inserting many rows at once: each page is opened up once, however many rows come to it.

use core::ops::Range;

use super::rows::{own, room_for, share_heap, take_page};
use super::{Batch, StorageError, Touched};
use crate::bytes::PageRef;
use crate::limits::{BLOCK_SLOTS, CHUNK_SLOTS, PAGE_BLOCKS_MAX};
use crate::storage::chunk::count;

impl Batch<'_> {
    /// Stores rows for the slots `new`, word by word, of page `page`, counted over the whole table. None of them has one yet, and
    /// there is one at least. `rows` are theirs, from the last slot to the first, in a table whose rows have no heaps.
    pub fn insert_in_page<'r>(
        &mut self,
        table: u16,
        page: usize,
        new: &[u64],
        mut rows: impl Iterator<Item = &'r [u8]>,
    ) -> Result<(), StorageError> {
        let directory = &mut self.version.tables[usize::from(table)];
        let (geometry, is_indexed) = (directory.geometry(), directory.is_indexed());
        let stride = geometry.stride();
        let number = page;
        let (index, page) = (page >> geometry.chunk_shift(), page & (geometry.chunk_pages() - 1));
        let (chunk, row_count) = directory.chunk_and_rows_mut(index);
        let mut present = [0; PAGE_BLOCKS_MAX];
        let mut added = 0;
        for (word, new) in new.iter().enumerate() {
            present[word] = chunk.presence(geometry, page, word);
            debug_assert_eq!(new & present[word], 0, "the slots have no rows yet");
            added += count(*new);
        }
        let found = chunk.page_mut(page);
        let len = found.len as usize;
        let (end, new_end) = (len * stride, (len + added) * stride);
        let words = present.iter().copied().zip(new.iter().copied()).rev();
        let is_fresh = found.stamp == *self.serial;
        let record = match &mut found.page {
            Some(page) if is_fresh && page.capacity_bytes() >= new_end => {
                let bytes = own(page);
                each_run_from_behind(words, stride, end, new_end, |run, to, gap| {
                    if run.start != to {
                        bytes.copy_within(run, to);
                    }
                    put(bytes, gap, &mut rows);
                });
                found.undo
            }
            None if is_fresh && stride == 0 => found.undo,
            _ => {
                let mut copy = None;
                if stride > 0 {
                    let lines = geometry.lines(room_for(len + added, added, geometry));
                    let taken = copy.insert(take_page(self.pool, self.failure, table, lines)?);
                    open_up(taken, found.page.as_ref(), words, stride, (end, new_end), rows);
                }
                let before = core::mem::replace(&mut found.page, copy);
                if is_fresh {
                    let record = found.undo;
                    if let Some(before) = before {
                        self.pool.put(table, before);
                    }
                    record
                } else {
                    self.version.unsettled |= is_indexed;
                    let touched = Touched { table, page: number };
                    let record = self.undo.touch(chunk, geometry, touched, *self.serial, self.first_serial, self.dirty);
                    self.undo.pages[record as usize].before = before;
                    record
                }
            }
        };
        *row_count += added as u64;
        let first = index * CHUNK_SLOTS + page * geometry.page_slots();
        for (word, new) in new.iter().copied().enumerate().filter(|(_, new)| *new != 0) {
            chunk.set_presence(geometry, page, word, present[word] | new);
            self.undo.note_inserted(geometry, record, word, new);
            self.slots.note_table(first / BLOCK_SLOTS + word, table);
        }
        chunk.relocate(geometry, page);
        Ok(())
    }
}

/// Fills `page` with the rows of the page `before`, if there is one, and the next of `rows` in between. The rest is as for
/// [`each_run_from_behind`].
fn open_up<'r>(
    page: &mut PageRef,
    before: Option<&PageRef>,
    words: impl Iterator<Item = (u64, u64)>,
    stride: usize,
    (end, new_end): (usize, usize),
    mut rows: impl Iterator<Item = &'r [u8]>,
) {
    let (bytes, bytes_before) = (own(page), before.map_or(&[][..], |page| page.bytes()));
    each_run_from_behind(words, stride, end, new_end, |run, to, gap| {
        bytes[to..to + run.len()].copy_from_slice(&bytes_before[run]);
        put(bytes, gap, &mut rows);
    });
    if let Some(before) = before {
        share_heap(page, before);
    }
}

/// Puts the next of `rows` at `gap`, if there is one.
fn put<'r>(bytes: &mut [u8], gap: Option<usize>, rows: &mut impl Iterator<Item = &'r [u8]>) {
    if let Some((gap, row)) = gap.and_then(|gap| Some((gap, rows.next()?))) {
        bytes[gap..gap + row.len()].copy_from_slice(row);
    }
}

/// Gives `sink`, from behind, each run of neighbouring rows that are there, as a range of bytes in the page, where it begins
/// afterwards, and where the new row before it lies then; before the first run there is none. `words` are the presence words of
/// the page from the last to the first, each with the slots that get rows; its rows end at `end`, and afterwards at `new_end`.
fn each_run_from_behind(
    words: impl Iterator<Item = (u64, u64)>,
    stride: usize,
    end: usize,
    new_end: usize,
    mut sink: impl FnMut(Range<usize>, usize, Option<usize>),
) {
    let (mut from, mut to) = (end, new_end);
    let mut run = 0;
    for (present, new) in words {
        let (mut rest, mut unseen) = (new, u64::MAX);
        while rest != 0 {
            let bit = 63 - rest.leading_zeros();
            let below = (1 << bit) - 1;
            run += count(present & unseen & !below) * stride;
            let run_end = from;
            (from, to) = (from - run, to - run);
            sink(from..run_end, to, Some(to - stride));
            (run, to) = (0, to - stride);
            unseen = below;
            rest &= below;
        }
        run += count(present & unseen) * stride;
    }
    debug_assert!(from == run && to == run, "all rows have their places");
    sink(0..from, 0, None);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_runs_that_are_there_make_room_from_behind() {
        let mut found = Vec::new();
        // Rows 0 and 1 are there in the first word, with a new one between them and one behind; a new word; row 2, and one before it.
        let words = [(0b101, 0b1010), (0, 0b11), (0b10, 0b1)];
        each_run_from_behind(words.into_iter().rev(), 10, 30, 80, |run, to, gap| found.push((run, to, gap)));
        let expected = [
            (20..30, 70, Some(60)),
            (20..20, 60, Some(50)),
            (20..20, 50, Some(40)),
            (20..20, 40, Some(30)),
            (10..20, 20, Some(10)),
            (0..10, 0, None),
        ];
        assert_eq!(found, expected);
    }
}
