//! Who gets which slot: extents by component set, lowest free slot first.
//!
//! Everything here can be rebuilt from the entity directory of a version (alive slots, generations, owners), block by
//! block with [`SlotAllocator::refresh`]; it is the writer's own and is not part of a version. The one exception, the
//! generations that rolled-back transactions have burned, only ever makes generations skip.

use std::collections::{BTreeSet, HashMap};

use thiserror::Error;

use super::entities::{Entities, EntityBlock};
use super::table_sets::{TableSetId, TableSets};
use super::version::Version;
use crate::entity::RETIRED;
use crate::limits::{BLOCK_SLOTS, PAGE_BLOCKS_MAX, SLOTS_MAX};

/// All slots are in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("all {SLOTS_MAX} slots are in use: despawn entities first")]
pub struct SlotsExhausted;

/// Slots of one block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlotMask {
    /// The block, counted over the whole directory.
    pub block: usize,
    /// The slots in it.
    pub mask: u64,
}

/// What the allocator knows of a block.
#[derive(Clone, Copy)]
struct BlockNote {
    /// Slots that can be handed out.
    free: u64,
    /// Slots that have used up their generations.
    retired: u64,
    /// Whose block it is.
    owner: TableSetId,
    /// Every table that may have rows here: what a despawn probes. It may name too many, never too few.
    tables: TableSetId,
}

/// The blocks of one component set.
#[derive(Default)]
struct Group {
    /// Blocks with a free slot.
    open: BTreeSet<usize>,
    /// How many blocks the group owns.
    blocks: usize,
}

/// Hands out slots. Entities with the same component set share extents, so every table is dense where its entities are.
#[derive(Default)]
pub struct SlotAllocator {
    /// The component sets that have come up.
    pub sets: TableSets,
    groups: Vec<Group>,
    notes: Vec<BlockNote>,
    /// Blocks below the end that nobody owns, as bits.
    unowned: Vec<u64>,
    /// Per slot, the lowest generation that no rolled-back transaction has shown to anybody.
    burned: HashMap<u32, u32>,
    /// Slots that were burned since [`Self::take_burned`] was called last; none if it never was.
    burned_since: Option<BTreeSet<u32>>,
}

impl SlotAllocator {
    /// How many blocks there are, owned or not.
    pub fn end(&self) -> usize {
        self.notes.len()
    }

    /// What it takes to reach over `end` blocks, in bytes, beyond what there is.
    pub fn bytes_to(&self, end: usize) -> usize {
        end.saturating_sub(self.end()) * size_of::<BlockNote>()
    }

    /// What was burned since the last call, or at all if there was none: slots, ascending, and the lowest generation of each
    /// that nobody has seen. With the entity directory and [`Self::end`], it is all that it takes to hand out the same
    /// entities elsewhere.
    pub fn take_burned(&mut self) -> Vec<(u32, u32)> {
        let Some(since) = &mut self.burned_since else {
            self.burned_since = Some(BTreeSet::new());
            let mut all: Vec<(u32, u32)> = self.burned.iter().map(|(slot, lowest)| (*slot, *lowest)).collect();
            all.sort_unstable();
            return all;
        };
        if since.is_empty() {
            return Vec::new();
        }
        // A slot that was handed out again since has its generation in the directory.
        let burned = &self.burned;
        core::mem::take(since).into_iter().filter_map(|slot| Some((slot, *burned.get(&slot)?))).collect()
    }

    /// Every burned slot, and the lowest generation of it that nobody has seen.
    pub fn burned(&self) -> impl Iterator<Item = (u32, u32)> + '_ {
        self.burned.iter().map(|(slot, generation)| (*slot, *generation))
    }

    /// Takes over what [`Self::take_burned`] of another allocator has said.
    pub fn restore_burned(&mut self, slot: u32, generation: u32) {
        self.burn(slot, generation);
        self.burned_since = Some(BTreeSet::new());
    }

    /// Takes up to `count` free slots of one block for entities of the set `set`, the lowest first. Blocks that the set
    /// had to be given are appended to `granted`; the caller notes their owner in the entity directory.
    pub fn take(
        &mut self,
        set: TableSetId,
        count: usize,
        granted: &mut Vec<usize>,
    ) -> Result<SlotMask, SlotsExhausted> {
        debug_assert!(count > 0);
        let block = loop {
            if let Some(block) = self.group(set).open.first() {
                break *block;
            }
            self.grant(set, count, granted)?;
        };
        let note = &mut self.notes[block];
        let mask = lowest(note.free, count);
        note.free &= !mask;
        if note.free == 0 {
            self.groups[set.index()].open.remove(&block);
        }
        Ok(SlotMask { block, mask })
    }

    fn group(&mut self, set: TableSetId) -> &mut Group {
        if self.groups.len() <= set.index() {
            self.groups.resize_with(set.index() + 1, Group::default);
        }
        &mut self.groups[set.index()]
    }

    /// Gives the set an extent: as many blocks as it has, from 1 to 16, or as many as `count` slots need.
    fn grant(&mut self, set: TableSetId, count: usize, granted: &mut Vec<usize>) -> Result<(), SlotsExhausted> {
        let wanted = count.div_ceil(BLOCK_SLOTS).max(self.group(set).blocks).clamp(1, PAGE_BLOCKS_MAX);
        let mut blocks = wanted.next_power_of_two();
        loop {
            if let Some(first) = self.free_extent(blocks) {
                for block in first..first + blocks {
                    self.notes[block].tables = set;
                    self.refresh(block, set, 0, self.notes[block].retired);
                    granted.push(block);
                }
                return Ok(());
            }
            if blocks == 1 {
                return Err(SlotsExhausted);
            }
            blocks /= 2;
        }
    }

    /// The lowest aligned run of `blocks` blocks that nobody owns; the end is extended if there is none.
    fn free_extent(&mut self, blocks: usize) -> Option<usize> {
        // Bit b survives if the bits b, b + 1, .. b + blocks - 1 of the word are all set; runs never cross words, since
        // `blocks` is a power of two up to 16 and runs are aligned.
        let aligned = u64::MAX / ((1 << blocks) - 1);
        for (index, word) in self.unowned.iter().enumerate() {
            let mut starts = *word;
            let mut width = 1;
            while width < blocks {
                starts &= starts >> width;
                width *= 2;
            }
            starts &= aligned;
            if starts != 0 {
                return Some(index * 64 + starts.trailing_zeros() as usize);
            }
        }
        let first = self.notes.len().next_multiple_of(blocks);
        if (first + blocks) * BLOCK_SLOTS > SLOTS_MAX {
            return None;
        }
        self.extend_to(first + blocks);
        Some(first)
    }

    /// Brings the notes on `block` in line with the entity directory: whose it is, who is alive, which slots are retired.
    /// A block that nobody owns has nobody alive.
    pub fn refresh(&mut self, block: usize, owner: TableSetId, alive: u64, retired: u64) {
        self.extend_to(block + 1);
        let note = &mut self.notes[block];
        let previous = core::mem::replace(&mut note.owner, owner);
        note.retired = retired;
        note.free = if owner == TableSetId::NONE { 0 } else { !alive & !retired };
        let open = note.free != 0;
        if previous != owner {
            if previous == TableSetId::NONE {
                self.unowned[block / 64] &= !(1 << (block % 64));
            } else {
                let group = self.group(previous);
                group.open.remove(&block);
                group.blocks -= 1;
            }
            if owner == TableSetId::NONE {
                self.unowned[block / 64] |= 1 << (block % 64);
            } else {
                self.group(owner).blocks += 1;
            }
        }
        if owner != TableSetId::NONE {
            let group = self.group(owner);
            if open {
                group.open.insert(block);
            } else {
                group.open.remove(&block);
            }
        }
    }

    /// Adds blocks that nobody owns until there are `end`.
    pub fn extend_to(&mut self, end: usize) {
        while self.notes.len() < end {
            let block = self.notes.len();
            self.notes.push(BlockNote { free: 0, retired: 0, owner: TableSetId::NONE, tables: TableSetId::NONE });
            if block.is_multiple_of(64) {
                self.unowned.push(0);
            }
            self.unowned[block / 64] |= 1 << (block % 64);
        }
    }

    /// Notes that slot `bit` of `block` is never handed out again.
    pub fn retire(&mut self, block: usize, bit: u32) {
        self.notes[block].retired |= 1 << bit;
    }

    /// Makes slot `bit` of `block` free again.
    pub fn release(&mut self, block: usize, bit: u32) {
        let note = &mut self.notes[block];
        let was_full = note.free == 0;
        note.free |= 1 << bit;
        if was_full && note.owner != TableSetId::NONE {
            let owner = note.owner;
            self.group(owner).open.insert(block);
        }
    }

    /// Every table that may have rows in `block`.
    #[inline]
    pub fn tables_in(&self, block: usize) -> TableSetId {
        self.notes[block].tables
    }

    /// Puts back what [`Self::tables_in`] said earlier.
    pub fn set_tables_in(&mut self, block: usize, tables: TableSetId) {
        self.notes[block].tables = tables;
    }

    /// Notes that `table` has rows in `block`.
    #[inline]
    pub fn note_table(&mut self, block: usize, table: u16) {
        let tables = self.notes[block].tables;
        if !self.sets.contains(tables, table) {
            self.notes[block].tables = self.sets.with(tables, table);
        }
    }

    /// Brings the notes on `block` back in line with the version `live`, after changes in `entities` that are given up. What
    /// those have handed out is burned.
    pub fn restore(&mut self, block: usize, entities: &Entities, live: &Version) {
        let before = live.entities.state(block);
        self.burn_handed_out(block, &before, &entities.state(block));
        let mut tables = self.sets.intern(&[]);
        for (index, table) in live.tables.iter().enumerate() {
            if table.word(block) != 0 {
                tables = self.sets.with(tables, index as u16);
            }
        }
        self.notes[block].tables = tables;
        self.refresh(block, before.owner, before.alive, before.generations.retired());
    }

    /// Burns the generations that were handed out in `block` between `before` and `after`: nobody may get an entity id
    /// that a transaction has seen and that was taken back.
    pub fn burn_handed_out(&mut self, block: usize, before: &EntityBlock, after: &EntityBlock) {
        for bit in 0..BLOCK_SLOTS as u32 {
            let was = before.generations.get(bit);
            let now = after.generations.get(bit);
            if was == RETIRED {
                continue;
            }
            let next_before = if before.alive >> bit & 1 == 1 { was.saturating_add(1) } else { was };
            let next_now = if after.alive >> bit & 1 == 1 { now.saturating_add(1) } else { now };
            if next_now > next_before {
                self.burn((block * BLOCK_SLOTS) as u32 + bit, next_now);
            }
        }
    }

    /// Notes that somebody has seen generation `generation - 1` of `slot` in a transaction that was rolled back, so
    /// that it is never handed out again.
    fn burn(&mut self, slot: u32, generation: u32) {
        let lowest = self.burned.entry(slot).or_insert(generation);
        *lowest = generation.max(*lowest);
        if let Some(since) = &mut self.burned_since {
            since.insert(slot);
        }
    }

    /// The generation for the next entity in `slot`, whose directory says `generation`.
    #[inline]
    pub fn next_generation(&mut self, slot: u32, generation: u32) -> u32 {
        if self.burned.is_empty() {
            return generation;
        }
        self.burned.remove(&slot).map_or(generation, |lowest| generation.max(lowest))
    }
}

/// The lowest `count` set bits of `word`, or all if it has fewer.
fn lowest(word: u64, count: usize) -> u64 {
    if count == 1 {
        return word & word.wrapping_neg();
    }
    if count >= word.count_ones() as usize {
        return word;
    }
    let mut rest = word;
    for _ in 0..count {
        rest &= rest - 1;
    }
    word & !rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(slots: &mut SlotAllocator, set: TableSetId, count: usize) -> SlotMask {
        slots.take(set, count, &mut Vec::new()).unwrap()
    }

    #[test]
    fn the_lowest_free_slot_comes_first() {
        let mut slots = SlotAllocator::default();
        let set = slots.sets.intern(&[0]);
        assert_eq!(take(&mut slots, set, 3), SlotMask { block: 0, mask: 0b111 });
        slots.release(0, 1);
        assert_eq!(take(&mut slots, set, 1), SlotMask { block: 0, mask: 0b010 });
        assert_eq!(take(&mut slots, set, 2), SlotMask { block: 0, mask: 0b11000 });
    }

    #[test]
    fn extents_grow_and_sets_do_not_share_blocks() {
        let mut slots = SlotAllocator::default();
        let (a, b) = (slots.sets.intern(&[0]), slots.sets.intern(&[1]));
        let mut granted = Vec::new();
        let mut lens = Vec::new();
        for _ in 0..64 {
            granted.clear();
            slots.take(a, 64, &mut granted).unwrap();
            if !granted.is_empty() {
                lens.push(granted.len());
            }
        }
        assert_eq!(lens, [1, 1, 2, 4, 8, 16, 16, 16]);
        assert_eq!(take(&mut slots, b, 1).block, 64, "every block below belongs to the other set");
    }

    #[test]
    fn a_block_that_is_given_back_goes_to_whoever_asks_first() {
        let mut slots = SlotAllocator::default();
        let (a, b) = (slots.sets.intern(&[0]), slots.sets.intern(&[1]));
        assert_eq!(take(&mut slots, a, 64).block, 0);
        slots.refresh(0, TableSetId::NONE, 0, 0);
        assert_eq!(take(&mut slots, b, 1), SlotMask { block: 0, mask: 1 });
    }

    #[test]
    fn a_retired_slot_stays_away_even_when_its_block_changes_hands() {
        let mut slots = SlotAllocator::default();
        let (a, b) = (slots.sets.intern(&[0]), slots.sets.intern(&[1]));
        take(&mut slots, a, 2);
        slots.retire(0, 0);
        slots.refresh(0, TableSetId::NONE, 0, 1);
        assert_eq!(take(&mut slots, b, 1), SlotMask { block: 0, mask: 0b10 });
    }

    #[test]
    fn a_burned_generation_is_skipped_once() {
        let mut slots = SlotAllocator::default();
        slots.burn(5, 4);
        slots.burn(5, 3);
        assert_eq!((slots.next_generation(4, 1), slots.next_generation(5, 2)), (1, 4));
        assert_eq!(slots.next_generation(5, 5), 5);
    }

    #[test]
    fn rebuilt_notes_hand_out_the_same_slots() {
        let mut slots = SlotAllocator::default();
        let set = slots.sets.intern(&[0]);
        take(&mut slots, set, 64);
        take(&mut slots, set, 10);
        let mut rebuilt = SlotAllocator::default();
        rebuilt.sets.intern(&[0]);
        rebuilt.refresh(1, set, 0b11_1111_1111, 0);
        rebuilt.refresh(0, set, u64::MAX, 0);
        for _ in 0..200 {
            assert_eq!(take(&mut slots, set, 7), take(&mut rebuilt, set, 7));
        }
    }

    #[test]
    fn lowest_bits() {
        assert_eq!(lowest(0b1011_0100, 2), 0b0001_0100);
        assert_eq!(lowest(0b1011_0100, 1), 0b0000_0100);
        assert_eq!(lowest(u64::MAX, 64), u64::MAX);
        assert_eq!(lowest(0b1, 9), 0b1);
    }
}
