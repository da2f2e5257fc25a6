//! Counted page buffers: who holds how many bytes, exactly, whichever thread lets go last.

use super::{Line, LineBuf};
use crate::sync::shim::unwatched::{Arc, AtomicUsize, Ordering};

/// Counts the bytes of all pages of one database that are allocated right now.
///
/// Ordering: the counter guards nothing, it is only read as a figure, so `Relaxed` is enough everywhere.
#[derive(Debug, Default)]
pub struct Meter {
    allocated: AtomicUsize,
}

impl Meter {
    /// Bytes in pages now, whoever holds them.
    pub fn allocated_bytes(&self) -> usize {
        self.allocated.load(Ordering::Relaxed)
    }
}

/// What one page costs beside its lines: the counted object itself.
const PAGE_OVERHEAD_BYTES: usize = size_of::<Page>() + size_of::<usize>();

/// The buffer of one page, accounted for in a [`Meter`] from its creation to its drop.
pub struct Page {
    lines: LineBuf,
    meter: Arc<Meter>,
}

/// A page that several versions may share; whoever holds the only reference may change it.
pub type PageRef = triomphe::Arc<Page>;

impl Page {
    /// A zeroed page of `lines` cache lines.
    pub fn new(lines: usize, meter: &Arc<Meter>) -> Self {
        let page = Self { lines: LineBuf::zeroed(lines), meter: Arc::clone(meter) };
        page.meter.allocated.fetch_add(page.footprint_bytes(), Ordering::Relaxed);
        page
    }

    /// What a page of `lines` cache lines takes from the memory budget.
    pub const fn footprint_of(lines: usize) -> usize {
        lines * Line::BYTES + PAGE_OVERHEAD_BYTES
    }

    /// What the page takes from the memory budget.
    pub fn footprint_bytes(&self) -> usize {
        Self::footprint_of(self.lines.len())
    }

    /// How many bytes of rows it can hold.
    pub fn capacity_bytes(&self) -> usize {
        self.lines.len() * Line::BYTES
    }

    /// How many cache lines it has.
    pub fn line_count(&self) -> usize {
        self.lines.len()
    }

    /// The address of its first row. It stays good for reading as long as the page lives.
    pub fn rows(&self) -> *const u8 {
        self.lines.as_ptr()
    }

    /// All bytes, rows first.
    pub fn bytes(&self) -> &[u8] {
        self.lines.bytes()
    }

    /// All bytes, to be changed.
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        self.lines.bytes_mut()
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        self.meter.allocated.fetch_sub(self.footprint_bytes(), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_meter_counts_every_page_until_the_last_holder_lets_go() {
        let meter = Arc::new(Meter::default());
        let page = PageRef::new(Page::new(4, &meter));
        let second = page.clone();
        assert_eq!(meter.allocated_bytes(), Page::footprint_of(4));
        drop(page);
        assert_eq!(meter.allocated_bytes(), Page::footprint_of(4));
        std::thread::spawn(move || drop(second)).join().unwrap();
        assert_eq!(meter.allocated_bytes(), 0);
    }
}
