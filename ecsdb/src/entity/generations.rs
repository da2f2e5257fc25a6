//! The generations of the 64 slots of a block, in few bytes as long as they are few.

use std::sync::Arc;

use crate::limits::BLOCK_SLOTS;

/// The generation of a slot that has used up all its generations and is never handed out again.
pub const RETIRED: u32 = 0;

/// What a slot that was never used has, and what its first entity gets.
const FIRST: u32 = 1;

/// The generations of the slots of one block.
///
/// A dead slot has the generation that its next entity gets. Most slots of a block have one of two generations, which are
/// all that a lookup touches; the array exists only if there is a third, and is shared between versions.
#[derive(Clone)]
pub struct Generations {
    pair: Pair,
    /// The generations of all slots, if there are more than two. Then `pair` says nothing.
    spill: Spill,
}

/// The generations of all slots of a block, one by one.
pub type Spill = Option<Arc<[u32; BLOCK_SLOTS]>>;

/// Two generations, and who has which: 16 bytes.
#[derive(Clone, Copy)]
pub struct Pair {
    /// Slots whose generation is `other`.
    odd: u64,
    /// The generation of all other slots.
    base: u32,
    other: u32,
}

const _: () = assert!(size_of::<Pair>() == 16);

impl Pair {
    /// Of a block that was never used.
    pub const INITIAL: Self = Self { odd: 0, base: FIRST, other: FIRST };

    /// Of a block whose generations are in an array: nobody has generation 0.
    const SPILLED: Self = Self { odd: 0, base: RETIRED, other: RETIRED };

    /// The generation of slot `bit`, if there is no array.
    #[inline]
    pub fn get(&self, bit: u32) -> u32 {
        if self.odd >> bit & 1 == 0 { self.base } else { self.other }
    }
}

impl Default for Generations {
    fn default() -> Self {
        Self::new()
    }
}

impl Generations {
    const fn new() -> Self {
        Self { pair: Pair::INITIAL, spill: None }
    }

    /// Puts the two parts together.
    pub fn from_parts(pair: Pair, spill: Spill) -> Self {
        Self { pair, spill }
    }

    /// The two parts, to be kept apart.
    pub fn into_parts(self) -> (Pair, Spill) {
        (self.pair, self.spill)
    }

    /// The generation of slot `bit` of the block.
    #[inline]
    pub fn get(&self, bit: u32) -> u32 {
        match &self.spill {
            None => self.pair.get(bit),
            Some(spill) => spill[bit as usize],
        }
    }

    /// Gives slot `bit` the generation `generation`.
    pub fn set(&mut self, bit: u32, generation: u32) {
        let mask = 1 << bit;
        if let Some(spill) = &mut self.spill {
            Arc::make_mut(spill)[bit as usize] = generation;
            return;
        }
        let pair = &mut self.pair;
        if generation == pair.base {
            pair.odd &= !mask;
        } else if generation == pair.other || pair.odd & !mask == 0 {
            pair.odd |= mask;
            pair.other = generation;
            if pair.odd == u64::MAX {
                // All have left the base.
                pair.odd = 0;
                pair.base = generation;
            }
        } else if pair.odd | mask == u64::MAX && pair.odd & mask == 0 {
            // The last slot of the base leaves it, for a generation of its own.
            *pair = Pair { odd: mask, base: pair.other, other: generation };
        } else {
            let mut spill: [u32; BLOCK_SLOTS] = core::array::from_fn(|bit| self.get(bit as u32));
            spill[bit as usize] = generation;
            *self = Self { pair: Pair::SPILLED, spill: Some(Arc::new(spill)) };
        }
    }

    /// The generation that a dead slot `bit` may take instead of `next`, so that the block has fewer different ones:
    /// going up is always safe, since a generation is only ever handed out once.
    pub fn rounded_up(&self, next: u32) -> u32 {
        let highest = self.pair.base.max(self.pair.other);
        if self.spill.is_none() && next != RETIRED && next < highest { highest } else { next }
    }

    /// Lets all slots agree again, on the highest generation among them. For a block in which nobody is alive. A block
    /// with a retired slot stays as it is.
    pub fn unify(&mut self) {
        let mut highest = RETIRED;
        for bit in 0..BLOCK_SLOTS as u32 {
            let generation = self.get(bit);
            if generation == RETIRED {
                return;
            }
            highest = highest.max(generation);
        }
        *self = Self { pair: Pair { odd: 0, base: highest, other: highest }, spill: None };
    }

    /// The slots that are retired, as a mask.
    pub fn retired(&self) -> u64 {
        let Pair { odd, base, other } = self.pair;
        if self.spill.is_none() && base != RETIRED && (odd == 0 || other != RETIRED) {
            return 0;
        }
        (0..BLOCK_SLOTS as u32).filter(|bit| self.get(*bit) == RETIRED).fold(0, |mask, bit| mask | 1 << bit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_array_exists_only_for_a_third_generation() {
        let mut generations = Generations::default();
        assert_eq!((generations.get(0), generations.get(63), generations.spill.is_some()), (1, 1, false));
        generations.set(5, 9);
        generations.set(7, 9);
        assert_eq!(
            (generations.get(5), generations.get(6), generations.get(7), generations.spill.is_some()),
            (9, 1, 9, false)
        );
        generations.set(7, 8);
        assert_eq!((generations.get(5), generations.get(6), generations.get(7)), (9, 1, 8));
        assert!(generations.spill.is_some());
    }

    #[test]
    fn the_base_moves_on_when_its_last_slot_leaves() {
        let mut generations = Generations::default();
        for bit in 0..64 {
            generations.set(bit, 2);
        }
        for bit in 0..64 {
            generations.set(bit, 3);
            assert_eq!((generations.get(bit), generations.spill.is_some()), (3, false));
        }
        assert!((0..64).all(|bit| generations.get(bit) == 3));
    }

    #[test]
    fn dead_slots_go_up_to_a_generation_that_is_there() {
        let mut generations = Generations::default();
        generations.set(1, 4);
        assert_eq!(
            (generations.rounded_up(2), generations.rounded_up(5), generations.rounded_up(RETIRED)),
            (4, 5, RETIRED)
        );
    }

    #[test]
    fn copies_do_not_see_later_changes() {
        let mut generations = Generations::default();
        generations.set(3, 2);
        generations.set(4, 3);
        let before = generations.clone();
        generations.set(3, 7);
        assert_eq!((before.get(3), generations.get(3)), (2, 7));
    }

    #[test]
    fn unify_goes_up_and_never_wakes_a_retired_slot() {
        let mut generations = Generations::default();
        generations.set(1, 4);
        generations.set(2, 3);
        generations.unify();
        assert!((0..64).all(|bit| generations.get(bit) == 4));

        generations.set(7, RETIRED);
        generations.unify();
        assert_eq!((generations.get(7), generations.retired(), generations.get(8)), (RETIRED, 1 << 7, 4));
    }
}
