//! The generations of the 64 slots of a block, in few bytes as long as they agree.

use std::sync::Arc;

use crate::limits::BLOCK_SLOTS;

/// The generation of a slot that has used up all its generations and is never handed out again.
pub const RETIRED: u32 = 0;

/// What a slot that was never used has, and what its first entity gets.
const FIRST: u32 = 1;

/// The generations of the slots of one block.
///
/// A dead slot has the generation that its next entity gets. Most slots of a block agree on one generation, so a
/// lookup touches only `base` and `odd`; the array exists for those that differ, and is shared between versions.
#[derive(Clone)]
pub struct Generations {
    /// Slots whose generation is not `base`; their own stands in `spill`.
    odd: u64,
    /// The generation of all other slots.
    base: u32,
    /// Generations of the odd slots. `Some` exactly if `odd` is not 0.
    spill: Option<Arc<[u32; BLOCK_SLOTS]>>,
}

impl Default for Generations {
    fn default() -> Self {
        Self { odd: 0, base: FIRST, spill: None }
    }
}

impl Generations {
    /// The generation of slot `bit` of the block.
    #[inline]
    pub fn get(&self, bit: u32) -> u32 {
        if self.odd == 0 || self.odd >> bit & 1 == 0 { self.base } else { self.odd_generation(bit) }
    }

    /// The one generation of all slots, if they agree.
    #[inline]
    pub fn uniform(&self) -> Option<u32> {
        if self.odd == 0 { Some(self.base) } else { None }
    }

    fn odd_generation(&self, bit: u32) -> u32 {
        self.spill.as_ref().map_or(self.base, |spill| spill[bit as usize])
    }

    /// Gives slot `bit` the generation `generation`.
    pub fn set(&mut self, bit: u32, generation: u32) {
        let mask = 1 << bit;
        if generation == self.base {
            self.odd &= !mask;
            if self.odd == 0 {
                self.spill = None;
            }
            return;
        }
        let base = self.base;
        let spill = self.spill.get_or_insert_with(|| Arc::new([base; BLOCK_SLOTS]));
        Arc::make_mut(spill)[bit as usize] = generation;
        self.odd |= mask;
    }

    /// Lets all slots agree again, on the highest generation among them. For a block in which nobody is alive: going
    /// up is always safe, since a generation is only ever handed out once. A block with a retired slot stays as it is.
    pub fn unify(&mut self) {
        let Some(spill) = &self.spill else { return };
        let mut highest = if self.odd == u64::MAX { RETIRED } else { self.base };
        for bit in 0..BLOCK_SLOTS {
            if self.odd >> bit & 1 == 1 {
                if spill[bit] == RETIRED {
                    return;
                }
                highest = highest.max(spill[bit]);
            }
        }
        *self = Self { odd: 0, base: highest, spill: None };
    }

    /// The slots that are retired, as a mask.
    pub fn retired(&self) -> u64 {
        let Some(spill) = &self.spill else { return 0 };
        (0..BLOCK_SLOTS).filter(|bit| self.odd >> bit & 1 == 1 && spill[*bit] == RETIRED).fold(0, |m, bit| m | 1 << bit)
    }

    /// Bytes beside the struct itself.
    pub fn heap_bytes(&self) -> usize {
        if self.spill.is_some() { size_of::<[u32; BLOCK_SLOTS]>() + 2 * size_of::<usize>() } else { 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_array_exists_only_while_slots_differ() {
        let mut generations = Generations::default();
        assert_eq!((generations.get(0), generations.get(63), generations.uniform()), (1, 1, Some(1)));
        generations.set(5, 9);
        assert_eq!((generations.get(5), generations.get(6), generations.uniform()), (9, 1, None));
        assert!(generations.heap_bytes() > 0);
        generations.set(5, 1);
        assert_eq!((generations.uniform(), generations.heap_bytes()), (Some(1), 0));
    }

    #[test]
    fn copies_do_not_see_later_changes() {
        let mut generations = Generations::default();
        generations.set(3, 2);
        let before = generations.clone();
        generations.set(3, 3);
        assert_eq!((before.get(3), generations.get(3)), (2, 3));
    }

    #[test]
    fn unify_goes_up_and_never_wakes_a_retired_slot() {
        let mut generations = Generations::default();
        generations.set(1, 4);
        generations.set(2, 3);
        generations.unify();
        assert_eq!(generations.uniform(), Some(4));

        generations.set(7, RETIRED);
        generations.unify();
        assert_eq!((generations.get(7), generations.retired(), generations.get(8)), (RETIRED, 1 << 7, 4));
    }
}
