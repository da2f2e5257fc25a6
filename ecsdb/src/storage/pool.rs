//! The writer's pool of page buffers, and the memory limit.
//!
//! Full pages of a table are allocated several at a time, so that they are neighbours, and handed out in ascending order:
//! a scan of a table that was filled or rewritten as a whole reads memory in order. Other pages are allocated one by one.

use thiserror::Error;

use super::recording::Recording;
use super::table::PageGeometry;
use crate::bytes::{HugePages, Line, Meter, Page, PageHeap, PageHeapRef, PageRef, Place, prefetch};
use crate::change_set::ChangeSet;
use crate::sync::shim::unwatched::Arc;

/// The pages would need more memory than the database may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error(
    "the memory limit of {limit} bytes leaves no room for a page of {needed} bytes: {allocated} bytes are in use; \
     raise the limit, delete rows, or drop old snapshots"
)]
#[non_exhaustive]
pub struct MemoryLimit {
    /// What the database may take, in bytes.
    pub limit: usize,
    /// What its pages take now, in bytes.
    pub allocated: usize,
    /// What was asked for, in bytes.
    pub needed: usize,
}

/// The most bytes that are allocated at once.
const BATCH_BYTES: usize = 256 * 1024;

/// The free full pages of one table.
struct TablePool {
    /// Cache lines of a full page.
    full: usize,
    free: Vec<PageRef>,
    /// How many full pages were ever allocated and not given back.
    allocated: usize,
}

impl TablePool {
    fn new(geometry: PageGeometry) -> Self {
        Self { full: geometry.lines(geometry.page_slots()), free: Vec::new(), allocated: 0 }
    }

    /// How many pages are allocated next: few against those that there are, so that a table at rest has few spare ones.
    fn batch_pages(&self) -> usize {
        (self.allocated / 16).clamp(1, BATCH_BYTES.div_ceil(Line::BYTES * self.full))
    }
}

/// Buffers that no version holds any more, ready to be used again.
pub struct PagePool {
    tables: Vec<TablePool>,
    /// `partial[n]` holds pages of `n` cache lines that are not full pages.
    partial: Vec<Vec<PageRef>>,
    free_bytes: usize,
    meter: Arc<Meter>,
    huge: HugePages,
    limit: usize,
    /// What is kept of the last commits. It stands here because it goes before a transaction is refused for lack of memory.
    pub(super) recording: Recording,
}

/// Page sizes between the powers of two, in cache lines: a page wastes a quarter at most.
const fn size_class(lines: usize) -> usize {
    if lines <= 4 {
        return lines;
    }
    let step = lines.next_power_of_two() / 8;
    lines.next_multiple_of(step)
}

impl PagePool {
    /// A pool for tables of these geometries, whose pages count in `meter` and may take `limit` bytes.
    pub fn new(tables: impl IntoIterator<Item = PageGeometry>, meter: Arc<Meter>, limit: usize) -> Self {
        let tables = tables.into_iter().map(TablePool::new).collect();
        Self {
            tables,
            partial: Vec::new(),
            free_bytes: 0,
            meter,
            huge: HugePages::default(),
            limit,
            recording: Recording::new(),
        }
    }

    /// Has the table `table` pages of another geometry from now on, or adds it behind all others.
    pub fn set_table(&mut self, table: u16, geometry: PageGeometry) {
        let pool = TablePool::new(geometry);
        match self.tables.get_mut(usize::from(table)) {
            Some(before) => {
                let before = core::mem::replace(before, pool);
                self.free_bytes -= before.free.iter().map(|page| page.footprint_bytes()).sum::<usize>();
            }
            None => self.tables.push(pool),
        }
    }

    /// Has the tables pages of these geometries from now on, and no others.
    pub fn set_tables(&mut self, geometries: &[PageGeometry]) {
        self.trim();
        self.tables = geometries.iter().copied().map(TablePool::new).collect();
    }

    /// A page of at least `lines` cache lines for `table`, that nobody else holds. Its bytes are whatever was there
    /// before.
    pub fn take(&mut self, table: u16, lines: usize) -> Result<PageRef, MemoryLimit> {
        let class = size_class(lines);
        let pool = &mut self.tables[usize::from(table)];
        // A page that is mostly full will soon be, and then lies among its neighbours.
        let free = if 2 * lines > pool.full { Some(&mut pool.free) } else { self.partial.get_mut(class) };
        if let Some(page) = free.and_then(Vec::pop) {
            self.free_bytes -= page.footprint_bytes();
            return Ok(page);
        }
        self.allocate(table, lines)
    }

    #[cold]
    fn allocate(&mut self, table: u16, lines: usize) -> Result<PageRef, MemoryLimit> {
        let pool = &self.tables[usize::from(table)];
        let is_full = 2 * lines > pool.full;
        let lines = if is_full { pool.full } else { size_class(lines) };
        let mut count = if is_full { pool.batch_pages() } else { 1 };
        let needed = Page::footprint_of(lines);
        if self.meter.allocated_bytes() + count * needed > self.limit {
            count = 1;
            self.make_room(needed)?;
        }
        let pool = &mut self.tables[usize::from(table)];
        if is_full {
            pool.allocated += count;
        }
        // First all buffers, then what counts their holders, so that the buffers are neighbours.
        let pages: Vec<Page> = (0..count).map(|_| self.page(lines)).collect();
        let mut pages: Vec<PageRef> = pages.into_iter().map(PageRef::new).collect();
        // The last of the list is handed out first: that with the lowest address.
        pages.sort_unstable_by_key(|page| core::cmp::Reverse(page.rows().addr()));
        let first = pages.pop();
        self.free_bytes += pages.len() * needed;
        let behind = core::mem::replace(&mut self.tables[usize::from(table)].free, pages);
        self.tables[usize::from(table)].free.splice(0..0, behind);
        first.ok_or(MemoryLimit { limit: self.limit, allocated: self.meter.allocated_bytes(), needed })
    }

    /// Lets go of a page of `table`; if nobody else holds it, its buffer is used again.
    pub fn put(&mut self, table: u16, mut page: PageRef) {
        let Some(unique) = PageRef::get_mut(&mut page) else { return };
        unique.set_heap(None);
        self.free_bytes += page.footprint_bytes();
        let pool = &mut self.tables[usize::from(table)];
        if page.line_count() == pool.full {
            pool.free.push(page);
        } else {
            self.put_partial(page);
        }
    }

    /// A page of `lines` cache lines for a node of an index, that nobody else holds. Its bytes are whatever was there before.
    pub fn take_node(&mut self, lines: usize) -> Result<PageRef, MemoryLimit> {
        if let Some(page) = self.partial.get_mut(lines).and_then(Vec::pop) {
            self.free_bytes -= page.footprint_bytes();
            return Ok(page);
        }
        let needed = Page::footprint_of(lines);
        if self.meter.allocated_bytes() + needed > self.limit {
            self.make_room(needed)?;
        }
        Ok(PageRef::new(self.page(lines)))
    }

    /// Lets go of the page of a node; if nobody else holds it, its buffer is used again.
    pub fn put_node(&mut self, mut page: PageRef) {
        if PageRef::get_mut(&mut page).is_some() {
            self.free_bytes += page.footprint_bytes();
            self.put_partial(page);
        }
    }

    fn put_partial(&mut self, page: PageRef) {
        let lines = page.line_count();
        if self.partial.len() <= lines {
            self.partial.resize_with(lines + 1, Vec::new);
        }
        self.partial[lines].push(page);
    }

    /// Lets go of what only helps others until `needed` bytes more are within the limit: free pages, then the last commits.
    fn make_room(&mut self, needed: usize) -> Result<(), MemoryLimit> {
        self.trim();
        if self.meter.allocated_bytes() + needed > self.limit {
            self.recording.let_go();
        }
        let allocated = self.meter.allocated_bytes();
        if allocated + needed > self.limit {
            return Err(MemoryLimit { limit: self.limit, allocated, needed });
        }
        Ok(())
    }

    /// Takes the pages of change sets that everybody is done with.
    pub(super) fn take_back(&mut self, mut changes: ChangeSet) {
        self.empty(&mut changes);
        self.recording.keep_spare(changes);
    }

    /// Empties a change set that everybody is done with. Pages that no version has are used again.
    pub(super) fn empty(&mut self, changes: &mut ChangeSet) {
        for run in changes.pages.drain(..) {
            drop(run.after);
            if let Some(before) = run.before {
                self.put(run.table, before);
            }
        }
        changes.words.clear();
        changes.names.clear();
        changes.entities.clear();
    }

    /// A heap with room for `bytes` bytes at least.
    pub fn heap(&mut self, bytes: usize) -> Result<PageHeapRef, MemoryLimit> {
        let needed = PageHeap::footprint_of(bytes);
        if self.meter.allocated_bytes() + needed > self.limit {
            self.make_room(needed)?;
        }
        Ok(PageHeapRef::new(PageHeap::with_room(bytes, &self.meter)))
    }

    /// Orders the free pages of `table` so that [`Self::take`] hands them out by ascending address: pages that are
    /// rewritten together then lie in memory in the order in which a scan reads them.
    pub fn sort(&mut self, table: u16) {
        let free = &mut self.tables[usize::from(table)].free;
        // Each says itself where it lies, and none has been looked at for long: all are asked for at once.
        free.iter().for_each(|page| prefetch((&raw const **page).cast(), 1));
        free.sort_by_key(|page| core::cmp::Reverse(page.rows().addr()));
    }

    /// Adds free full pages of `table` until at least `count` are there.
    pub fn reserve(&mut self, table: u16, count: usize) -> Result<(), MemoryLimit> {
        let pool = &self.tables[usize::from(table)];
        let (lines, missing) = (pool.full, count.saturating_sub(pool.free.len()));
        let needed = Page::footprint_of(lines) * missing;
        if self.meter.allocated_bytes() + needed > self.limit {
            self.recording.let_go();
        }
        let allocated = self.meter.allocated_bytes();
        if allocated + needed > self.limit {
            return Err(MemoryLimit { limit: self.limit, allocated, needed });
        }
        if missing > 0 {
            self.tables[usize::from(table)].allocated += missing;
            for _ in 0..missing {
                let page = PageRef::new(self.page(lines));
                self.put(table, page);
            }
            self.sort(table);
        }
        Ok(())
    }

    /// Gives all free pages back to the allocator.
    pub fn trim(&mut self) {
        for page in self.partial.drain(..).flatten() {
            self.huge.note_end(&page);
        }
        for pool in &mut self.tables {
            pool.allocated = pool.allocated.saturating_sub(pool.free.len());
            for page in core::mem::take(&mut pool.free) {
                self.huge.note_end(&page);
            }
        }
        self.free_bytes = 0;
    }

    /// A new page of `lines` cache lines.
    fn page(&mut self, lines: usize) -> Page {
        let page = Page::zeroed(lines, &self.meter);
        self.huge.note(&page);
        page
    }

    /// How many places for huge pages are full of pages and have not been taken.
    #[inline]
    pub fn place_count(&self) -> usize {
        self.huge.ready_count()
    }

    /// A place for a huge page that has become full of pages.
    pub fn take_place(&mut self) -> Option<Place> {
        self.huge.take()
    }

    /// Bytes in free pages.
    pub fn free_bytes(&self) -> usize {
        self.free_bytes
    }

    /// How many bytes all pages together may take.
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// The meter in which all pages count.
    pub fn meter(&self) -> &Arc<Meter> {
        &self.meter
    }
}

const _: () = assert!(size_class(48) * Line::BYTES == 3072, "a full page of 256 rows of 12 bytes fits exactly");

#[cfg(all(test, not(ecsdb_loom)))]
mod tests {
    use super::*;
    use crate::change_set::{ColumnSet, PageRun};
    use crate::sync::HistoryLimits;

    /// Two tables whose full pages have 48 and 64 lines.
    fn pool(limit: usize) -> PagePool {
        PagePool::new([12, 16].map(PageGeometry::of), Arc::default(), limit)
    }

    #[test]
    fn classes_fit_and_waste_a_quarter_at_most() {
        for lines in 1..2000 {
            let class = size_class(lines);
            assert!(class >= lines && class <= lines + lines / 4 + 1, "{lines} -> {class}");
            assert_eq!(size_class(class), class);
        }
    }

    #[test]
    fn a_page_that_somebody_holds_is_not_used_again() {
        let mut pool = pool(usize::MAX);
        let page = pool.take(0, 3).unwrap();
        let held = page.clone();
        pool.put(0, page);
        assert_eq!(pool.free_bytes(), 0);
        let address = held.rows();
        pool.put(0, held);
        assert_eq!(pool.take(0, 3).unwrap().rows(), address);
    }

    #[test]
    fn full_pages_are_handed_out_by_ascending_address_once_sorted() {
        let mut pool = pool(usize::MAX);
        let pages: Vec<PageRef> = (0..200).map(|_| pool.take(0, 48).unwrap()).collect();
        let (odd, even): (Vec<_>, Vec<_>) = pages.into_iter().enumerate().partition(|(index, _)| index % 2 == 1);
        for (_, page) in odd.into_iter().chain(even) {
            pool.put(0, page);
        }
        pool.sort(0);
        let taken: Vec<PageRef> = (0..200).map(|_| pool.take(0, 48).unwrap()).collect();
        assert!(taken.is_sorted_by_key(|page| page.rows().addr()));
    }

    #[test]
    fn the_limit_refuses_and_says_so() {
        let mut pool = pool(10_000);
        let page = pool.take(1, 64).unwrap();
        let spare = pool.take(1, 8).unwrap();
        pool.put(1, spare);
        let kept = pool.take(0, 48).unwrap();
        let error = pool.take(1, 64).err().unwrap();
        assert_eq!((error.limit, error.needed), (10_000, Page::footprint_of(64)));
        drop((page, kept));
        pool.take(1, 64).unwrap();
    }

    #[test]
    fn the_last_commits_go_before_a_node_is_refused() {
        let mut pool = pool(10_000);
        pool.recording.keep(HistoryLimits { commits: 10, bytes: 1 << 20 }, 1);
        let before = Some(pool.take(1, 64).unwrap());
        let (first_slot, stride, columns) = (0, 16, ColumnSet::NONE);
        let (words_at, word_count, names_at, has_heap) = (0, 0, 0, false);
        let run = PageRun {
            table: 1,
            first_slot,
            stride,
            has_heap,
            words_at,
            word_count,
            names_at,
            columns,
            before,
            after: None,
        };
        let mut changes = ChangeSet::default();
        changes.pages.push(run);
        pool.recording.record(&mut changes);
        pool.recording.append(1);
        let _kept = pool.take(0, 48).unwrap();
        pool.take_node(64).unwrap();
        assert_eq!(pool.recording.bytes(), 0);
    }
}
