//! What a scan will read next.
//!
//! Pages are a few kilobytes and lie wherever commits have put them, so the hardware, which follows addresses, has to find
//! its way anew in each. What is asked for early enough hides that; what is asked for all at once gets in the way of the
//! rows at hand. So whoever reads block by block asks for the same block of the next page, and only whoever hands out
//! whole pages asks for a page at once.

use crate::bytes::{self, Line};

/// How many cache lines of the next rows are asked for at once: enough for the hardware to see where it goes.
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
