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
/// all that a lookup touches; a third one needs an array.
#[derive(Clone, Debug)]
pub enum Generations {
    /// All slots have one of two generations.
    Pair(Pair),
    /// Every slot has its own.
    Each(Arc<[u32; BLOCK_SLOTS]>),
}

/// Two generations, and who has which: 16 bytes.
#[derive(Clone, Copy, Debug)]
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
    pub const EACH: Self = Self { odd: 0, base: RETIRED, other: RETIRED };

    /// Whether the generations are in an array. A block in which all slots are retired says so as well, and has one.
    #[inline]
    pub fn is_each(&self) -> bool {
        self.odd == 0 && self.base == RETIRED
    }

    /// Gives slot `bit` the generation `generation`, if that makes no third one and no array must be told apart.
    pub fn set(&mut self, bit: u32, generation: u32) -> bool {
        let mask = 1 << bit;
        if generation == self.base {
            self.odd &= !mask;
        } else if generation == self.other || self.odd & !mask == 0 {
            let odd = self.odd | mask;
            if odd == u64::MAX && generation == RETIRED {
                return false;
            }
            self.odd = odd;
            self.other = generation;
            if odd == u64::MAX {
                // All have left the base.
                *self = Self { odd: 0, base: generation, other: generation };
            }
        } else if self.odd | mask == u64::MAX && self.odd & mask == 0 && self.other != RETIRED {
            // The last slot of the base leaves it, for a generation of its own.
            *self = Self { odd: mask, base: self.other, other: generation };
        } else {
            return false;
        }
        true
    }

    /// Two generations, and the slots that have the second. `None` if they are not what [`Self::parts`] of a pair gives.
    pub fn from_parts(odd: u64, base: u32, other: u32) -> Option<Self> {
        let pair = Self { odd, base, other };
        let is_pair = odd != u64::MAX && (base != RETIRED || other != RETIRED) && !pair.is_each();
        is_pair.then_some(pair)
    }

    /// The slots with the second generation, the first generation, and the second, which may be that of no slot.
    pub fn parts(&self) -> (u64, u32, u32) {
        (self.odd, self.base, self.other)
    }

    /// The generation of every slot.
    pub fn each(&self) -> [u32; BLOCK_SLOTS] {
        core::array::from_fn(|bit| self.get(bit as u32))
    }

    /// The generation that a dead slot may take instead of `next`, so that the block has fewer different ones: going up is
    /// always safe, since a generation is only ever handed out once.
    pub fn rounded_up(&self, next: u32) -> u32 {
        let highest = self.base.max(self.other);
        if next != RETIRED && next < highest { highest } else { next }
    }

    fn retired(&self) -> u64 {
        if self.odd != 0 && self.other == RETIRED {
            self.odd
        } else if self.base == RETIRED {
            !self.odd
        } else {
            0
        }
    }

    /// The generation of slot `bit`, if there is no array.
    #[inline]
    pub fn get(&self, bit: u32) -> u32 {
        if self.odd >> bit & 1 == 0 { self.base } else { self.other }
    }
}

impl Default for Generations {
    fn default() -> Self {
        Self::Pair(Pair::INITIAL)
    }
}

impl Generations {
    /// Whether they are those of a block that was never used.
    pub fn is_initial(&self) -> bool {
        matches!(self, Self::Pair(pair) if pair.parts() == Pair::INITIAL.parts())
    }

    /// The generation of slot `bit` of the block.
    pub fn get(&self, bit: u32) -> u32 {
        match self {
            Self::Pair(pair) => pair.get(bit),
            Self::Each(each) => each[bit as usize],
        }
    }

    /// Gives slot `bit` the generation `generation`.
    pub fn set(&mut self, bit: u32, generation: u32) {
        match self {
            Self::Pair(pair) => {
                if !pair.set(bit, generation) {
                    let mut each = pair.each();
                    each[bit as usize] = generation;
                    *self = Self::Each(Arc::new(each));
                }
            }
            Self::Each(each) => Arc::make_mut(each)[bit as usize] = generation,
        }
    }

    /// The slots that are retired, as a mask.
    pub fn retired(&self) -> u64 {
        match self {
            Self::Pair(pair) => pair.retired(),
            Self::Each(each) => retired(each),
        }
    }
}

/// The slots with these generations that are retired, as a mask.
pub fn retired(each: &[u32; BLOCK_SLOTS]) -> u64 {
    each.iter().enumerate().filter(|(_, generation)| **generation == RETIRED).fold(0, |mask, (bit, _)| mask | 1 << bit)
}

/// What all slots with these generations can agree on: the highest, so that none is handed out twice. Nothing if one of
/// them is retired.
pub fn agreement(each: &[u32; BLOCK_SLOTS]) -> Option<Pair> {
    let highest = each.iter().copied().max().unwrap_or(FIRST);
    if each.contains(&RETIRED) { None } else { Some(Pair { odd: 0, base: highest, other: highest }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_pair(generations: &Generations) -> bool {
        matches!(generations, Generations::Pair(_))
    }

    #[test]
    fn the_array_exists_only_for_a_third_generation() {
        let mut generations = Generations::default();
        assert_eq!((generations.get(0), generations.get(63), is_pair(&generations)), (1, 1, true));
        generations.set(5, 9);
        generations.set(7, 9);
        assert_eq!(
            (generations.get(5), generations.get(6), generations.get(7), is_pair(&generations)),
            (9, 1, 9, true)
        );
        generations.set(7, 8);
        assert_eq!(
            (generations.get(5), generations.get(6), generations.get(7), is_pair(&generations)),
            (9, 1, 8, false)
        );
    }

    #[test]
    fn the_base_moves_on_when_its_last_slot_leaves() {
        let mut generations = Generations::default();
        for next in 2..4 {
            for bit in 0..64 {
                generations.set(bit, next);
                assert_eq!((generations.get(bit), is_pair(&generations)), (next, true));
            }
        }
        assert!((0..64).all(|bit| generations.get(bit) == 3));
    }

    #[test]
    fn a_block_of_retired_slots_is_not_taken_for_one_with_an_array_that_it_lacks() {
        let mut generations = Generations::default();
        for bit in 0..64 {
            generations.set(bit, RETIRED);
            assert!(match &generations {
                Generations::Pair(pair) => !pair.is_each(),
                Generations::Each(_) => bit == 63,
            });
        }
        assert_eq!(generations.retired(), u64::MAX);
    }

    #[test]
    fn any_order_of_changes_is_kept() {
        let mut plain = [FIRST; BLOCK_SLOTS];
        let mut generations = Generations::default();
        let mut state = 7_u32;
        for _ in 0..if cfg!(miri) { 100 } else { 20_000 } {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let (bit, generation) = (state >> 8 & 63, state >> 20 & 3);
            plain[bit as usize] = generation;
            generations.set(bit, generation);
            assert!((0..64).all(|bit| generations.get(bit) == plain[bit as usize]));
            assert_eq!(generations.retired(), retired(&plain));
            if generation == 3 && bit == 0 {
                generations = Generations::default();
                plain = [FIRST; BLOCK_SLOTS];
            }
        }
    }

    #[test]
    fn dead_slots_go_up_to_a_generation_that_is_there() {
        let mut pair = Pair::INITIAL;
        assert!(pair.set(1, 4));
        assert_eq!((pair.rounded_up(2), pair.rounded_up(5), pair.rounded_up(RETIRED)), (4, 5, RETIRED));
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
    fn slots_agree_on_the_highest_generation_unless_one_is_retired() {
        let mut each = [1; BLOCK_SLOTS];
        each[9] = 4;
        assert!(agreement(&each).is_some_and(|pair| (0..64).all(|bit| pair.get(bit) == 4)));
        each[7] = RETIRED;
        assert!(agreement(&each).is_none());
        assert_eq!(retired(&each), 1 << 7);
    }
}
