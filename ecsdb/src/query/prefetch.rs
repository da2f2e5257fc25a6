//! What a scan will read next.

use crate::bytes::{self, Line};

/// How many cache lines of the next rows are asked for: enough for the hardware to see where it goes.
const LINES: usize = 32;

/// How many bytes further on the hardware still looks by itself.
const NEAR_BYTES: usize = 8 * Line::BYTES;

/// Asks for the first lines at `next`, unless they lie close behind the rows that end at `behind`: there the hardware
/// looks by itself. Only a hint: any address will do, nothing is read.
#[inline(always)]
pub fn prefetch(behind: *const u8, next: *const u8) {
    if next.addr().wrapping_sub(behind.addr()) >= NEAR_BYTES {
        bytes::prefetch(next, LINES);
    }
}
