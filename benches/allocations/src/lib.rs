//! An allocator that counts, for tests and benchmarks of what asks for memory, and for how much. Unpublished member of the ecsdb workspace.
//!
//! It counts for all threads of a process, so whoever concludes something from that is alone in his own. It never allocates itself.

use core::cell::Cell;
use core::sync::atomic::{AtomicUsize, Ordering};
use std::alloc::{GlobalAlloc, Layout, System};

/// The system's allocator with counts. Put it into a `#[global_allocator]`.
pub struct Counting;

static CALLS: AtomicUsize = AtomicUsize::new(0);
static IN_USE: AtomicUsize = AtomicUsize::new(0);
static MOST: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    /// How often this thread has asked.
    static MINE: Cell<usize> = const { Cell::new(0) };
}

/// Bytes that are allocated now, as they were asked for: without what the allocator itself needs.
pub fn bytes_in_use() -> usize {
    IN_USE.load(Ordering::Relaxed)
}

/// How often memory was asked for, by all threads.
pub fn calls() -> usize {
    CALLS.load(Ordering::Relaxed)
}

/// How often memory was asked for, by this thread.
pub fn calls_here() -> usize {
    MINE.get()
}

/// How often `work` and what other threads do meanwhile ask for memory.
pub fn calls_during(work: impl FnOnce()) -> usize {
    let before = calls();
    work();
    calls() - before
}

/// The most that is allocated at once during `work`, beyond what there was before.
pub fn most_during(work: impl FnOnce()) -> usize {
    let before = bytes_in_use();
    MOST.store(before, Ordering::Relaxed);
    work();
    MOST.load(Ordering::Relaxed).saturating_sub(before)
}

fn note(bytes: usize) {
    CALLS.fetch_add(1, Ordering::Relaxed);
    MINE.set(MINE.get() + 1);
    let now = IN_USE.fetch_add(bytes, Ordering::Relaxed) + bytes;
    // Most calls move nothing: looking is cheaper than moving.
    if now > MOST.load(Ordering::Relaxed) {
        MOST.fetch_max(now, Ordering::Relaxed);
    }
}

// SAFETY: every call goes to `System` as it came, and what it returns is handed on; the counters do not allocate.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        note(layout.size());
        // SAFETY: the caller keeps the contract of `alloc`, which is that of `System`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        IN_USE.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: `pointer` came from `System` through this allocator, with this layout (contract of `dealloc`).
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        note(layout.size());
        // SAFETY: as for `alloc`.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // Both may be there for a moment.
        note(size);
        IN_USE.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: as for `dealloc`; the new size is the caller's.
        unsafe { System.realloc(pointer, layout, size) }
    }
}
