//! A hint to the processor: this will be used soon.

use super::Line;

/// Asks for `lines` cache lines from `address` on. Only a hint: any address will do, nothing is read.
#[inline(always)]
pub fn prefetch(address: *const u8, lines: usize) {
    #[cfg(target_arch = "x86_64")]
    for line in 0..lines {
        use core::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: a prefetch touches nothing that the program can see and cannot fault, whatever the address; it is part
        // of SSE, which every x86-64 has.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(address.wrapping_add(line * Line::BYTES).cast::<i8>()) }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (address, lines, Line::BYTES);
}

/// Asks for `lines` cache lines from `address` on, to write to them. Only a hint, as [`prefetch`].
#[inline(always)]
pub fn prefetch_to_write(address: *const u8, lines: usize) {
    #[cfg(target_arch = "x86_64")]
    for line in 0..lines {
        use core::arch::x86_64::{_MM_HINT_ET0, _mm_prefetch};
        // SAFETY: as in `prefetch`; a processor without this hint takes it for nothing.
        unsafe { _mm_prefetch::<_MM_HINT_ET0>(address.wrapping_add(line * Line::BYTES).cast::<i8>()) }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (address, lines);
}
