//! Changing many rows of one table page by page, on all cores, without touching the old pages.

use core::ptr;
use std::sync::{Mutex, PoisonError};

use super::{Batch, StorageError};
use crate::bits::bits;
use crate::bytes::{PageRef, prefetch, prefetch_to_write};
use crate::change_set::ColumnSet;
use crate::limits::{BLOCK_SLOTS, CHUNK_BLOCKS, PAGES_AHEAD};
use crate::storage::chunk::count as rows_of_word;
use crate::storage::table::{PageGeometry, Table};
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

/// A page that is to be rewritten.
struct Task {
    number: usize,
    /// The page, counted over the whole table.
    page: usize,
    words_at: usize,
    /// The page that takes its place. None if rows have no bytes.
    copy: Option<PageRef>,
}

/// Where the page `page`, counted over the whole table, is: in which chunk, and the how manieth there.
fn place_of(geometry: PageGeometry, page: usize) -> (usize, usize) {
    (page >> geometry.chunk_shift(), page & (geometry.chunk_pages() - 1))
}

/// Which slots of the pages have rows, and which of those are selected: the words of each task, one after the other.
struct Words {
    all: Vec<u64>,
    of_page: usize,
}

impl Words {
    fn present(&self, task: &Task) -> &[u64] {
        &self.all[task.words_at..task.words_at + self.of_page]
    }

    fn selected(&self, task: &Task) -> &[u64] {
        &self.all[task.words_at + self.of_page..task.words_at + 2 * self.of_page]
    }
}

/// What is to be rewritten.
struct Plan {
    tasks: Vec<Task>,
    words: Words,
    selected_rows: u64,
}

impl Plan {
    /// The pages of `directory`, a table of `version`, of which `selection` leaves a row.
    fn of(version: &Version, directory: &Table, selection: impl Fn(&Version, usize, &mut [u64; CHUNK_BLOCKS])) -> Self {
        let geometry = directory.geometry();
        let (mut tasks, mut words, mut selected_rows) = (Vec::new(), Vec::new(), 0);
        for chunk_index in 0..directory.chunk_count() {
            let Some(chunk) = directory.chunk(chunk_index) else { continue };
            if let Some(behind) = directory.chunk(chunk_index + 1) {
                behind.prefetch();
            }
            let mut selected = [0; CHUNK_BLOCKS];
            for block in bits(chunk.summary()) {
                selected[block as usize] = chunk.word(block as usize);
            }
            selection(version, chunk_index, &mut selected);
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
        Self { tasks, words: Words { all: words, of_page: geometry.page_words() }, selected_rows }
    }
}

impl Batch<'_> {
    /// Changes the rows of `table` that `selection` leaves, with `change` on every page that has such rows. `selection` is asked
    /// chunk by chunk, with the words of its blocks, which say what has rows, and takes out what is to stay as it is. All of them
    /// are computed from the state before the call, in parallel on `workers`. Returns how many rows were selected.
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
        let Plan { mut tasks, words, selected_rows } = Plan::of(self.version, directory, selection);
        let places = self.take_copies(table, &mut tasks)?;

        let version = &*self.version;
        let directory = &version.tables[usize::from(table)];
        let geometry = directory.geometry();
        let rewrite = |task: &mut Task| {
            let (chunk_index, in_chunk) = place_of(geometry, task.page);
            let Some(chunk) = directory.chunk(chunk_index) else { return };
            let (present, selected) = (words.present(task), words.selected(task));
            let Some(copy) = &mut task.copy else { return };
            let slot = &chunk.pages()[in_chunk];
            places.get(task.number + 2 * PAGES_AHEAD).prefetch_pages();
            let Some(old) = &slot.page else { return };
            share_heap(copy, old);
            let rows = &mut own(copy)[..slot.len as usize * geometry.stride()];
            let first = task.page * geometry.page_slots();
            change(PageRewrite {
                version,
                first_block: first / BLOCK_SLOTS,
                first_bit: first % BLOCK_SLOTS,
                present,
                selected,
                before: &old.bytes()[..rows.len()],
                rows,
                later: places.get(task.number + PAGES_AHEAD),
            });
        };
        share_out(&mut tasks, workers, rewrite);

        for task in tasks {
            // Others have been read and written since.
            places.get(task.number + 2 * PAGES_AHEAD).prefetch_pages();
            self.put_copy(table, columns, words.selected(&task), task.page, task.copy);
        }
        Ok(selected_rows)
    }

    /// Takes a page for each of `tasks`, in ascending order, if rows have any bytes. Returns where they and those before them lie.
    fn take_copies(&mut self, table: u16, tasks: &mut [Task]) -> Result<Places, StorageError> {
        let geometry = self.version.tables[usize::from(table)].geometry();
        let mut places = Vec::with_capacity(tasks.len());
        if geometry.stride() > 0 {
            self.pool.sort(table);
            for task in tasks {
                let (chunk_index, in_chunk) = place_of(geometry, task.page);
                let Some(chunk) = self.version.tables[usize::from(table)].chunk(chunk_index) else { continue };
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
        Ok(Places(places))
    }

    /// Puts `copy`, in which the `columns` of the slots `selected` were written, in the place of the page `page`.
    fn put_copy(&mut self, table: u16, columns: ColumnSet, selected: &[u64], page: usize, copy: Option<PageRef>) {
        let undo = self.touch_page(table, page);
        let is_counted = self.is_counted(table);
        let directory = &mut self.version.tables[usize::from(table)];
        let geometry = directory.geometry();
        for (index, selected) in selected.iter().enumerate() {
            self.undo.note_written(geometry, undo, index, *selected, columns);
        }
        let Some(copy) = copy else { return };
        let (chunk_index, in_chunk) = place_of(geometry, page);
        let chunk = directory.chunk_mut(chunk_index);
        if is_counted {
            let bytes = chunk.pages()[in_chunk].len as usize * geometry.stride();
            copy.bytes()[..bytes].chunks_exact(geometry.stride()).for_each(|row| self.counters.note(table, row));
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

/// Where the pages of the tasks lie, in their order; nothing if rows have no bytes.
struct Places(Vec<Place>);

impl Places {
    /// Those of the task `number`; none behind the last one.
    fn get(&self, number: usize) -> Place {
        self.0.get(number).copied().unwrap_or_default()
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
