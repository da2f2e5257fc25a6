//! A hint to the processor: this will be read soon.

use crate::bytes::Line;

/// How many cache lines of the next rows are asked for: enough for the hardware to see where it goes.
const LINES: usize = 32;

/// How many bytes further on the hardware still looks by itself.
const NEAR_BYTES: usize = 8 * Line::BYTES;

/// Asks for the first lines at `next`, unless they lie close behind the rows that end at `behind`: there the hardware
/// looks by itself. Only a hint: any address will do, nothing is read.
#[inline(always)]
pub fn prefetch(behind: *const u8, next: *const u8) {
    if next.addr().wrapping_sub(behind.addr()) < NEAR_BYTES {
        return;
    }
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    for line in 0..LINES {
        use core::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: a prefetch touches nothing that the program can see and cannot fault, whatever the address; it is part
        // of SSE, which every x86-64 has.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(next.wrapping_add(line * Line::BYTES).cast::<i8>()) }
    }
    #[cfg(not(all(target_arch = "x86_64", not(miri))))]
    let _ = LINES;
}
