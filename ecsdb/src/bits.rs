//! Presence words, bit by bit.

/// The numbers of the set bits of `word`, ascending.
#[inline]
pub fn bits(word: u64) -> impl Iterator<Item = u32> {
    Bits(word)
}

struct Bits(u64);

impl Iterator for Bits {
    type Item = u32;

    #[inline]
    fn next(&mut self) -> Option<u32> {
        if self.0 == 0 {
            return None;
        }
        let bit = self.0.trailing_zeros();
        self.0 &= self.0 - 1;
        Some(bit)
    }
}

/// A word with bits `from..from + count` set.
#[inline]
pub fn run(from: usize, count: usize) -> u64 {
    debug_assert!(from + count <= 64);
    if count == 64 { u64::MAX } else { ((1 << count) - 1) << from }
}
