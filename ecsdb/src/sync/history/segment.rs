//! A run of entries that only grows, until it goes as a whole.

use crate::sync::mutant;
use crate::sync::shim::{Arc, AtomicUsize, Ordering, UnsafeCell};

/// Up to as many entries as it has slots. The recorder appends, anybody who holds it reads.
///
/// | `len` | slots below `len` | the slot at `len` | slots above |
/// |---|---|---|---|
/// | n | written, never written again | the recorder's | empty |
pub struct Segment<E> {
    /// The number of its first entry.
    first: u64,
    /// Invariant: touched as the table above says.
    slots: Box<[UnsafeCell<Option<E>>]>,
    len: AtomicUsize,
}

// SAFETY: an entry is written by the recorder before `len` reaches over it and only read afterwards, by whoever holds the
// segment; it is dropped by the last holder, on whatever thread that is.
unsafe impl<E: Send + Sync> Sync for Segment<E> {}
// SAFETY: as above.
unsafe impl<E: Send + Sync> Send for Segment<E> {}

impl<E> Segment<E> {
    pub fn new(first: u64, slots: usize) -> Self {
        Self { first, slots: (0..slots).map(|_| UnsafeCell::new(None)).collect(), len: AtomicUsize::new(0) }
    }

    pub fn first(&self) -> u64 {
        self.first
    }

    /// How many entries it has. What was appended before is seen by whoever asks.
    pub fn len(&self) -> usize {
        // Acquire: pairs with the Release of `append`, so that the entries are visible.
        let order = if mutant!("history/len relaxed") { Ordering::Relaxed } else { Ordering::Acquire };
        self.len.load(order)
    }

    pub fn is_full(&self) -> bool {
        self.len() == self.slots.len()
    }

    /// Appends an entry, if there is room; otherwise it comes back.
    ///
    /// # Safety
    /// Only one thread appends to a segment.
    pub unsafe fn append(&self, entry: E) -> Result<(), E> {
        // Relaxed: nobody else changes it.
        let len = self.len.load(Ordering::Relaxed);
        let Some(slot) = self.slots.get(len) else { return Err(entry) };
        if mutant!("history/len before entry") {
            self.len.store(len + 1, Ordering::Release);
        }
        // SAFETY: the slot at `len` is the recorder's, of which there is one (the caller's promise): nobody else touches it
        // before the store below.
        slot.with_mut(|slot| unsafe { *slot = Some(entry) });
        // Release: pairs with the Acquire of `len`.
        let order = if mutant!("history/len stored relaxed") { Ordering::Relaxed } else { Ordering::Release };
        self.len.store(len + 1, order);
        Ok(())
    }

    /// The entry at `index`, if there is one.
    pub fn get(&self, index: usize) -> Option<&E> {
        if index >= self.len() {
            return None;
        }
        // SAFETY: `len` was above `index`, so the slot was written before (Acquire of `len`) and is not written as long as
        // somebody borrows the segment.
        self.slots.get(index)?.with(|slot| unsafe { (*slot).as_ref() })
    }

    /// Takes the entries out of a segment that nobody else holds; otherwise its last holder drops them.
    pub fn take_entries(mut segment: Arc<Self>, mut sink: impl FnMut(E)) {
        #[cfg(ecsdb_loom)]
        if mutant!("history/take what is read") {
            // SAFETY: none; this is the fault. All threads of a model take turns on one thread.
            let seized = unsafe { Arc::seize(&mut segment) };
            for slot in &seized.slots {
                // SAFETY: none, as above.
                drop(slot.with_mut(|slot| unsafe { (*slot).take() }));
            }
            return;
        }
        let Some(unique) = Arc::get_mut(&mut segment) else { return };
        for slot in &unique.slots {
            // SAFETY: nobody else holds the segment.
            if let Some(entry) = slot.with_mut(|slot| unsafe { (*slot).take() }) {
                sink(entry);
            }
        }
    }
}
