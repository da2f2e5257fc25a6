//! Huge pages: memory that the processor finds through one entry of its table of addresses (the TLB) instead of 512.
//!
//! Buffers come from the allocator of the program in the small pages of the system, so a look-up at random waits for the table of
//! addresses before it waits for the row. Once a place as large as a huge page is mostly made of buffers, the system is asked to put
//! one there. That moves bytes to other physical memory and changes nothing that a program can see, whoever reads meanwhile.
//! A system that cannot (another one than Linux, or one before 6.1) leaves everything as it is.

use std::collections::HashMap;

use super::Page;

/// Bytes of a huge page.
const HUGE_BYTES: usize = 2 << 20;

/// How much of a place must be buffers. The rest is whatever the allocator has put there.
const ENOUGH_BYTES: usize = HUGE_BYTES / 8 * 7;

/// Where the buffers of a database are, by places in which a huge page could be.
#[derive(Default)]
pub struct HugePages {
    /// Bytes of buffers in each place, by its address in units of [`HUGE_BYTES`].
    buffers: HashMap<usize, usize>,
    /// The place that has become full of buffers last: the allocator may not have the end of it from the system yet.
    last: Option<usize>,
    ready: Vec<usize>,
}

/// A place for a huge page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place(usize);

impl HugePages {
    /// Notes a buffer that was allocated just now.
    pub fn note(&mut self, page: &Page) {
        let place = page.rows().addr() / HUGE_BYTES;
        let bytes = self.buffers.entry(place).or_default();
        let before = *bytes;
        *bytes += page.capacity_bytes();
        if before < ENOUGH_BYTES && *bytes >= ENOUGH_BYTES {
            self.ready.extend(self.last.replace(place));
        }
    }

    /// How many places are full of buffers and have not been taken.
    #[inline]
    pub fn ready_count(&self) -> usize {
        self.ready.len()
    }

    /// A place that has become full of buffers, if there is one.
    pub fn take(&mut self) -> Option<Place> {
        self.ready.pop().map(Place)
    }

    /// Notes that a buffer goes back to the allocator. Those of which nobody says so make a place look fuller than it is.
    pub fn note_end(&mut self, page: &Page) {
        if let Some(bytes) = self.buffers.get_mut(&(page.rows().addr() / HUGE_BYTES)) {
            *bytes = bytes.saturating_sub(page.capacity_bytes());
        }
    }
}

impl Place {
    /// Asks the system for a huge page. Takes up to some milliseconds; who reads there meanwhile waits for as long as 2 MiB take to be
    /// copied. What was freed in the meantime, or is something else now, comes to no harm.
    pub fn fill(self) {
        if !fill(self.0) {
            tracing::trace!(place = self.0 * HUGE_BYTES, "there is no huge page to be had");
        }
    }
}

/// Whether there is a huge page in `place` now.
#[cfg(all(target_os = "linux", not(miri)))]
fn fill(place: usize) -> bool {
    /// `MADV_COLLAPSE` of Linux 6.1, the same on all processors; see madvise(2).
    const COLLAPSE: libc::c_int = 25;
    let address = core::ptr::without_provenance_mut(place * HUGE_BYTES);
    // SAFETY: nothing is read or written through the address: the system is asked to keep the same bytes in other physical
    // memory. Of memory that is not mapped, or cannot be moved, it says so and leaves it alone.
    unsafe { libc::madvise(address, HUGE_BYTES, COLLAPSE) == 0 }
}

#[cfg(not(all(target_os = "linux", not(miri))))]
fn fill(_place: usize) -> bool {
    false
}

#[cfg(all(test, not(ecsdb_loom)))]
mod tests {
    use super::super::Line;
    use super::*;
    use crate::sync::shim::unwatched::Arc;

    #[test]
    #[cfg_attr(miri, ignore = "Miri gives each buffer a place at random, so none is full of them")]
    fn places_full_of_buffers_are_filled_and_keep_their_bytes() {
        let lines = HUGE_BYTES / Line::BYTES / 512;
        let mut pages: Vec<Page> = (0..4 * 512).map(|_| Page::zeroed(lines, &Arc::default())).collect();
        let mut huge = HugePages::default();
        assert!(huge.take().is_none());
        let mut places = HashMap::<usize, usize>::new();
        for (number, page) in pages.iter_mut().enumerate() {
            page.bytes_mut().fill(number as u8);
            huge.note(page);
            *places.entry(page.rows().addr() / HUGE_BYTES).or_default() += page.capacity_bytes();
        }
        // How close buffers lie is for the allocator to say: that of AddressSanitizer leaves gaps, and no place is full.
        let full = places.values().filter(|bytes| **bytes >= ENOUGH_BYTES).count();
        assert_eq!(huge.ready_count(), full.saturating_sub(1), "all but the last one");
        while let Some(place) = huge.take() {
            place.fill();
        }
        assert_eq!(huge.ready_count(), 0);
        places.into_keys().for_each(|place| Place(place).fill());
        for (number, page) in pages.iter().enumerate() {
            assert!(page.bytes().iter().all(|byte| *byte == number as u8), "page {number}");
        }
    }

    #[test]
    fn memory_that_is_not_there_is_refused() {
        assert!(!fill(usize::MAX / HUGE_BYTES));
        assert!(!fill(0));
    }

    #[test]
    fn few_buffers_are_no_reason() {
        let pages: Vec<Page> = (0..100).map(|_| Page::zeroed(48, &Arc::default())).collect();
        let mut huge = HugePages::default();
        pages.iter().for_each(|page| huge.note(page));
        assert!(huge.take().is_none());
    }
}
