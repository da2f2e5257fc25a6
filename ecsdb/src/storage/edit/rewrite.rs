//! Changing many rows of one table page by page, on all cores, without touching the old pages.

use core::ptr;
use std::sync::{Mutex, PoisonError};

use super::{Batch, StorageError};
use crate::bits::bits;
use crate::bytes::{PageRef, prefetch, prefetch_to_write};
use crate::change_set::ColumnSet;
use crate::limits::{BLOCK_SLOTS, CHUNK_BLOCKS, PAGES_AHEAD};
use crate::storage::chunk::count as rows_of_word;
use crate::storage::version::Version;

use super::rows::{own, share_heap};

/// One page that is being rewritten.
pub struct PageRewrite<'a> {
    /// The version before the change: what every page is computed from.
    pub version: &'a Version,
    /// The first block of the page, counted over the whole table. A page of wide rows covers a part of it.
    pub first_block: usize,
    /// Where in the first block the page starts, in slots. 0 unless rows are wide.
    pub first_bit: usize,
    /// Which slots of the page have a row, block by block.
    pub present: &'a [u64],
    /// Which of them are to be changed.
    pub selected: &'a [u64],
    /// All rows of the page.
    pub before: &'a [u8],
    /// Room for as many rows, to be filled. Its bytes are whatever was there before.
    pub rows: &'a mut [u8],
    /// Where a page lies that comes later.
    pub later: Place,
}

debug_as!(['a] PageRewrite<'a>);

/// Where a page and its rows are read and written, as bare addresses, or 0: only to ask the processor for them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Place {
    before: usize,
    rows: usize,
    /// The pages themselves, which say where their rows are and who holds them.
    page_before: usize,
    page: usize,
}

impl Place {
    /// Asks for what says where the rows are.
    fn prefetch_pages(self) {
        for page in [self.page_before, self.page] {
            prefetch_to_write(ptr::without_provenance(page), 1);
        }
    }

    /// Asks for the `lines` cache lines that lie `bytes` behind the first row, to be read and to be written.
    #[inline]
    pub fn prefetch(self, bytes: usize, lines: usize) {
        if self.before != 0 {
            let address = |start: usize| ptr::without_provenance(start.wrapping_add(bytes));
            prefetch(address(self.before), lines);
            prefetch_to_write(address(self.rows), lines);
        }
    }
}

struct Task {
    number: usize,
    page: usize,
    words_at: usize,
    copy: Option<PageRef>,
}

impl Batch<'_> {
    /// Changes the rows of `table` that `selection` leaves, with `change` on every page that has such rows. `selection` is asked chunk by
    /// chunk, with the words of its blocks, which say what has rows, and takes out what is to stay as it is. All of them are computed from the state before the call, in parallel on `workers`. Returns how many rows
    /// were selected.
    ///
    /// `change` fills all rows of the page, with valid ones. If it panics, nothing has changed.
    pub fn rewrite(
        &mut self,
        table: u16,
        columns: ColumnSet,
        selection: impl Fn(&Version, usize, &mut [u64; CHUNK_BLOCKS]),
        workers: &rayon::ThreadPool,
        change: impl Fn(PageRewrite<'_>) + Sync,
    ) -> Result<u64, StorageError> {
        let directory = &self.version.tables[usize::from(table)];
        let geometry = directory.geometry();
        let mut tasks = Vec::new();
        // Present and selected words of each task, one after the other.
        let mut words = Vec::new();
        let mut selected_rows = 0;
        for chunk_index in 0..directory.chunk_count() {
            let Some(chunk) = directory.chunk(chunk_index) else { continue };
            if let Some(behind) = directory.chunk(chunk_index + 1) {
                behind.prefetch();
            }
            let mut selected = [0; CHUNK_BLOCKS];
            for block in bits(chunk.summary()) {
                selected[block as usize] = chunk.word(block as usize);
            }
            selection(self.version, chunk_index, &mut selected);
            selected_rows += selected.iter().map(|word| rows_of_word(*word) as u64).sum::<u64>();
            for (page, slot) in chunk.pages().iter().enumerate() {
                let first = page * geometry.page_slots();
                let of_page = |word: u64| word >> (first % BLOCK_SLOTS) & geometry.page_mask();
                let blocks = first / BLOCK_SLOTS..first / BLOCK_SLOTS + geometry.page_words();
                if slot.len == 0 || blocks.clone().all(|block| of_page(selected[block]) == 0) {
                    continue;
                }
                let words_at = words.len();
                words.extend(blocks.clone().map(|block| of_page(chunk.word(block))));
                words.extend(blocks.map(|block| of_page(selected[block])));
                let page = chunk_index * geometry.chunk_pages() + page;
                tasks.push(Task { number: tasks.len(), page, words_at, copy: None });
            }
        }
        let mut places = Vec::with_capacity(tasks.len());
        if geometry.stride() > 0 {
            self.pool.sort(table);
            for task in &mut tasks {
                let Some(chunk) = self.version.tables[usize::from(table)].chunk(task.page >> geometry.chunk_shift())
                else {
                    continue;
                };
                let in_chunk = task.page & (geometry.chunk_pages() - 1);
                let before =
                    if geometry.is_wide() { 0 } else { chunk.block_rows(in_chunk * geometry.page_words()).addr() };
                let slot = &chunk.pages()[in_chunk];
                let page_before = slot.page.as_ref().map_or(0, address);
                let taken = self.pool.take(table, geometry.lines(slot.len as usize));
                let copy = self.doom(taken)?;
                places.push(Place { before, rows: copy.rows().addr(), page_before, page: address(&copy) });
                task.copy = Some(copy);
            }
        }

        let count = geometry.page_words();
        let version = &*self.version;
        let directory = &version.tables[usize::from(table)];
        let place = |number: usize| places.get(number).copied().unwrap_or_default();
        let rewrite = |task: &mut Task| {
            let (Some(copy), Some(chunk)) = (&mut task.copy, directory.chunk(task.page >> geometry.chunk_shift()))
            else {
                return;
            };
            let slot = &chunk.pages()[task.page & (geometry.chunk_pages() - 1)];
            place(task.number + 2 * PAGES_AHEAD).prefetch_pages();
            let Some(old) = &slot.page else { return };
            share_heap(copy, old);
            let rows = &mut own(copy)[..slot.len as usize * geometry.stride()];
            let first = task.page * geometry.page_slots();
            change(PageRewrite {
                version,
                first_block: first / BLOCK_SLOTS,
                first_bit: first % BLOCK_SLOTS,
                present: &words[task.words_at..task.words_at + count],
                selected: &words[task.words_at + count..task.words_at + 2 * count],
                before: &old.bytes()[..rows.len()],
                rows,
                later: place(task.number + PAGES_AHEAD),
            });
        };
        share_out(&mut tasks, workers, rewrite);

        let is_counted = self.is_counted(table);
        for task in tasks {
            // Others have been read and written since.
            place(task.number + 2 * PAGES_AHEAD).prefetch_pages();
            let undo = self.touch_page(table, task.page);
            for index in 0..count {
                self.undo.note_written(geometry, undo, index, words[task.words_at + count + index], columns);
            }
            let chunk = self.version.tables[usize::from(table)].chunk_mut(task.page >> geometry.chunk_shift());
            let in_chunk = task.page & (geometry.chunk_pages() - 1);
            if let Some(copy) = task.copy {
                if is_counted {
                    let bytes = chunk.pages()[in_chunk].len as usize * geometry.stride();
                    copy.bytes()[..bytes]
                        .chunks_exact(geometry.stride())
                        .for_each(|row| self.counters.note(table, row));
                }
                let old = chunk.replace_page(geometry, in_chunk, Some(copy));
                let record = &mut self.undo.pages[undo as usize];
                // A page that this transaction had made before is nobody's way back.
                match old {
                    Some(old) if record.before.is_none() && record.len > 0 => record.before = Some(old),
                    Some(old) => self.pool.put(table, old),
                    None => {}
                }
            }
        }
        Ok(selected_rows)
    }
}

/// Where `page` itself lies.
fn address(page: &PageRef) -> usize {
    (&raw const **page).addr()
}

/// Up to so many pages are done at once: waking somebody would take longer.
const ALONE: usize = 128;

/// How many pages a thread takes at a time.
const SHARE: usize = 16;

/// Does `work` on every task, on this thread and on those of `workers` that wake up in time.
fn share_out(tasks: &mut [Task], workers: &rayon::ThreadPool, work: impl Fn(&mut Task) + Sync) {
    if tasks.len() <= ALONE {
        return tasks.iter_mut().for_each(work);
    }
    let helpers = workers.current_num_threads().min(tasks.len() / SHARE).saturating_sub(1);
    let shares = Mutex::new(tasks.chunks_mut(SHARE));
    let run = || {
        while let Some(share) = shares.lock().unwrap_or_else(PoisonError::into_inner).next() {
            share.iter_mut().for_each(&work);
        }
    };
    workers.in_place_scope(|scope| {
        for _ in 0..helpers {
            scope.spawn(|_| run());
        }
        run();
    });
}
