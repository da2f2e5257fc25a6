//! An allocator that counts, for tests of what asks for memory, and for how much.
//!
//! It counts for all threads of a process, so a test that uses it is alone in its own. It never allocates itself.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The system's allocator with counts. Put it into a `#[global_allocator]`.
pub struct Counting;

static CALLS: AtomicUsize = AtomicUsize::new(0);
static NOW: AtomicUsize = AtomicUsize::new(0);
static MOST: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    /// How often this thread has asked.
    static MINE: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: everything is done by the system's allocator; what is counted beside has no part in it. What it allocates zeroed or
// again goes through `alloc`.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        CALLS.fetch_add(1, Ordering::Relaxed);
        MINE.set(MINE.get() + 1);
        let now = NOW.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
        MOST.fetch_max(now, Ordering::Relaxed);
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        NOW.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

/// How often `work` and what other threads do meanwhile ask for memory.
pub fn calls(work: impl FnOnce()) -> usize {
    let before = CALLS.load(Ordering::Relaxed);
    work();
    CALLS.load(Ordering::Relaxed) - before
}

/// How often memory was asked for so far: by all threads, and by this one.
pub fn so_far() -> (usize, usize) {
    (CALLS.load(Ordering::Relaxed), MINE.get())
}

/// The most that `work` has allocated at once, beyond what there was before.
pub fn most(work: impl FnOnce()) -> usize {
    let before = NOW.load(Ordering::Relaxed);
    MOST.store(before, Ordering::Relaxed);
    work();
    MOST.load(Ordering::Relaxed).saturating_sub(before)
}
