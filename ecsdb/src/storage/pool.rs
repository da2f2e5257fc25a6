//! The writer's pool of page buffers, and the memory limit.

use std::sync::Arc;

use thiserror::Error;

use crate::bytes::{Line, Meter, Page, PageRef};

/// The pages would need more memory than the database may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error(
    "the memory limit of {limit} bytes leaves no room for a page of {needed} bytes: {allocated} bytes are in use; \
     raise the limit, delete rows, or drop old snapshots"
)]
pub struct MemoryLimit {
    /// What the database may take, in bytes.
    pub limit: usize,
    /// What its pages take now, in bytes.
    pub allocated: usize,
    /// What was asked for, in bytes.
    pub needed: usize,
}

/// Buffers that no version holds any more, by size, ready to be used again.
pub struct PagePool {
    /// `free[n]` holds pages of `n` cache lines.
    free: Vec<Vec<PageRef>>,
    free_bytes: usize,
    meter: Arc<Meter>,
    limit: usize,
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
    /// A pool whose pages count in `meter` and may take `limit` bytes.
    pub fn new(meter: Arc<Meter>, limit: usize) -> Self {
        Self { free: Vec::new(), free_bytes: 0, meter, limit }
    }

    /// A page of at least `lines` cache lines that nobody else holds. Its bytes are whatever was there before.
    pub fn take(&mut self, lines: usize) -> Result<PageRef, MemoryLimit> {
        let lines = size_class(lines);
        if let Some(page) = self.free.get_mut(lines).and_then(Vec::pop) {
            self.free_bytes -= page.footprint_bytes();
            return Ok(page);
        }
        let needed = Page::footprint_of(lines);
        if self.meter.allocated_bytes() + needed > self.limit {
            self.trim();
            let allocated = self.meter.allocated_bytes();
            if allocated + needed > self.limit {
                return Err(MemoryLimit { limit: self.limit, allocated, needed });
            }
        }
        Ok(PageRef::new(Page::new(lines, &self.meter)))
    }

    /// Lets go of a page; if nobody else holds it, its buffer is used again.
    pub fn put(&mut self, page: PageRef) {
        if !page.is_unique() {
            return;
        }
        let lines = page.line_count();
        if self.free.len() <= lines {
            self.free.resize_with(lines + 1, Vec::new);
        }
        self.free_bytes += page.footprint_bytes();
        self.free[lines].push(page);
    }

    /// Orders the free pages of `lines` cache lines so that [`Self::take`] hands them out by ascending address: pages
    /// that are rewritten together then lie in memory in the order in which a scan reads them.
    pub fn sort(&mut self, lines: usize) {
        if let Some(pages) = self.free.get_mut(size_class(lines)) {
            pages.sort_by_key(|page| core::cmp::Reverse(page.rows().addr()));
        }
    }

    /// Adds free pages until at least `count` of `lines` cache lines are there.
    pub fn reserve(&mut self, lines: usize, count: usize) -> Result<(), MemoryLimit> {
        let lines = size_class(lines);
        let present = self.free.get(lines).map_or(0, Vec::len);
        let needed = Page::footprint_of(lines) * count.saturating_sub(present);
        let allocated = self.meter.allocated_bytes();
        if allocated + needed > self.limit {
            return Err(MemoryLimit { limit: self.limit, allocated, needed });
        }
        for _ in present..count {
            self.put(PageRef::new(Page::new(lines, &self.meter)));
        }
        Ok(())
    }

    /// Gives all free pages back to the allocator.
    pub fn trim(&mut self) {
        self.free.clear();
        self.free_bytes = 0;
    }

    /// Bytes in free pages.
    pub fn free_bytes(&self) -> usize {
        self.free_bytes
    }

    /// The meter in which all pages count.
    pub fn meter(&self) -> &Arc<Meter> {
        &self.meter
    }
}

const _: () = assert!(size_class(48) * Line::BYTES == 3072, "a full page of 256 rows of 12 bytes fits exactly");

#[cfg(test)]
mod tests {
    use super::*;

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
        let mut pool = PagePool::new(Arc::default(), usize::MAX);
        let page = pool.take(3).unwrap();
        let held = page.clone();
        pool.put(page);
        assert_eq!(pool.free_bytes(), 0);
        let address = held.rows();
        pool.put(held);
        assert_eq!(pool.take(3).unwrap().rows(), address);
    }

    #[test]
    fn the_limit_refuses_and_says_so() {
        let meter = Arc::new(Meter::default());
        let mut pool = PagePool::new(Arc::clone(&meter), 10_000);
        let page = pool.take(64).unwrap();
        let spare = pool.take(8).unwrap();
        pool.put(spare);
        let error = pool.take(128).err().unwrap();
        assert_eq!((error.limit, error.needed), (10_000, Page::footprint_of(128)));
        drop(page);
        pool.take(128).unwrap();
    }
}
