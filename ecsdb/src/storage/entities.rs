//! The directory of entities: which slots are alive, and in which generation.

use std::sync::Arc;

use crate::bits::bits;
use crate::bytes::prefetch;
use crate::entity::{Entity, Generations, Pair, RETIRED, agreement, retired};
use crate::limits::{BLOCK_SLOTS, CHUNK_BLOCKS, CHUNK_SLOTS};

use super::table_sets::TableSetId;

/// The state of the 64 slots of one block.
#[derive(Clone)]
pub struct EntityBlock {
    /// The generation of each slot.
    pub generations: Generations,
    /// Which slots have a living entity.
    pub alive: u64,
    /// The set of tables whose entities the block is for; none if it is free.
    pub owner: TableSetId,
}

debug_as!(EntityBlock);

/// All entities of one version, column by column: a lookup needs nothing but 16 bytes of `pairs`.
///
/// Every column has one element a block of 64 slots, for whole chunks.
#[derive(Clone, Default)]
pub struct Entities {
    pairs: Vec<Pair>,
    /// Slot by slot, the generations of the blocks of a chunk that have more than two; absent if there are none.
    each: Vec<Option<Box<[u32; CHUNK_SLOTS]>>>,
    alive: Vec<u64>,
    owners: Vec<TableSetId>,
    /// The transaction that touched the block last, in this root or in one that this root has caught up with.
    stamps: Vec<u64>,
    /// Which blocks of each chunk have living entities.
    summaries: Vec<u64>,
    count: u64,
}

debug_as!(Entities);

/// The generations of one block, to be read.
#[derive(Clone, Copy)]
pub struct BlockGenerations<'v> {
    pair: Pair,
    each: Option<&'v [u32]>,
}

debug_as!(['v] BlockGenerations<'v>);

impl BlockGenerations<'_> {
    /// Those of a block that was never used.
    pub const INITIAL: Self = Self { pair: Pair::INITIAL, each: None };

    /// The generation of slot `bit`.
    #[inline]
    pub fn get(&self, bit: u32) -> u32 {
        match self.each {
            None => self.pair.get(bit),
            Some(each) => each[bit as usize],
        }
    }
}

impl Entities {
    /// How many entities are alive.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// How many chunks have ever been used. Slots beyond them were never handed out.
    #[inline]
    pub fn chunk_count(&self) -> usize {
        self.summaries.len()
    }

    /// Which blocks of chunk `chunk` have living entities.
    #[inline]
    pub fn summary(&self, chunk: usize) -> u64 {
        self.summaries.get(chunk).copied().unwrap_or(0)
    }

    /// The generations of block `block`, counted over all chunks.
    #[inline]
    pub fn generations(&self, block: usize) -> BlockGenerations<'_> {
        let Some(pair) = self.pairs.get(block) else { return BlockGenerations::INITIAL };
        BlockGenerations { pair: *pair, each: if pair.is_each() { self.each_of(block) } else { None } }
    }

    /// The array of block `block`, if it has one.
    fn each_of(&self, block: usize) -> Option<&[u32]> {
        let first = block % CHUNK_BLOCKS * BLOCK_SLOTS;
        Some(&self.each[block / CHUNK_BLOCKS].as_deref()?[first..first + BLOCK_SLOTS])
    }

    /// The array of block `block`, made if it is absent.
    fn each_mut(&mut self, block: usize) -> &mut [u32] {
        let first = block % CHUNK_BLOCKS * BLOCK_SLOTS;
        let chunk = self.each[block / CHUNK_BLOCKS].get_or_insert_with(|| Box::new([RETIRED; CHUNK_SLOTS]));
        &mut chunk[first..first + BLOCK_SLOTS]
    }

    /// Asks the processor for what [`Self::is_current`] looks at.
    #[inline]
    pub fn prefetch(&self, slot: u32) {
        prefetch(self.pairs.as_ptr().wrapping_add(slot as usize / BLOCK_SLOTS).cast(), 1);
    }

    /// Which slots of block `block` have a living entity.
    #[inline]
    pub fn alive(&self, block: usize) -> u64 {
        self.alive.get(block).copied().unwrap_or(0)
    }

    /// Whether `entity` has the generation of its slot. A dead slot has the generation of its next entity, so a handle
    /// that was handed out passes only while its entity lives.
    #[inline]
    pub fn is_current(&self, entity: Entity) -> bool {
        let slot = entity.slot() as usize;
        let Some(pair) = self.pairs.get(slot / BLOCK_SLOTS) else { return false };
        if pair.get((slot % BLOCK_SLOTS) as u32) == entity.generation() {
            // The pair of a block with an array says 0 for every slot, and so do retired slots. Promised and made-up
            // entities can have this generation, those of the database cannot.
            return entity.generation() != RETIRED;
        }
        pair.is_each() && self.is_current_in_each(entity)
    }

    #[inline]
    fn is_current_in_each(&self, entity: Entity) -> bool {
        let slot = entity.slot() as usize;
        match self.each.get(slot / CHUNK_SLOTS) {
            Some(Some(each)) => each[slot % CHUNK_SLOTS] == entity.generation() && entity.generation() != RETIRED,
            _ => false,
        }
    }

    /// Whether `entity` is alive.
    #[inline]
    pub fn is_alive(&self, entity: Entity) -> bool {
        let slot = entity.slot() as usize;
        self.is_current(entity) && self.alive(slot / BLOCK_SLOTS) >> (slot % BLOCK_SLOTS) & 1 == 1
    }

    /// The living entity in `slot`.
    pub fn in_slot(&self, slot: u32) -> Option<Entity> {
        let block = slot as usize / BLOCK_SLOTS;
        let bit = slot % BLOCK_SLOTS as u32;
        if self.alive(block) >> bit & 1 == 0 { None } else { Entity::new(slot, self.generations(block).get(bit)) }
    }

    /// Whether `entity` was handed out once and is dead now.
    pub fn is_past(&self, entity: Entity) -> bool {
        let slot = entity.slot() as usize;
        let now = self.generations(slot / BLOCK_SLOTS).get((slot % BLOCK_SLOTS) as u32);
        slot / BLOCK_SLOTS < self.pairs.len()
            && entity.generation() != 0
            && (now == RETIRED || entity.generation() < now)
    }

    /// Every living entity, in the order of slots.
    pub fn iter(&self) -> impl Iterator<Item = Entity> + '_ {
        self.alive.iter().enumerate().flat_map(move |(block, alive)| {
            let generations = self.generations(block);
            bits(*alive).filter_map(move |bit| Entity::new((block * BLOCK_SLOTS) as u32 + bit, generations.get(bit)))
        })
    }

    /// Makes the directory reach over `block`. Only the writer changes it, in a version that nobody reads.
    #[inline]
    fn reach(&mut self, block: usize) {
        if block >= self.pairs.len() {
            self.extend_to(block);
        }
    }

    #[cold]
    fn extend_to(&mut self, block: usize) {
        let chunks = block / CHUNK_BLOCKS + 1;
        let blocks = chunks * CHUNK_BLOCKS;
        self.pairs.resize(blocks, Pair::INITIAL);
        self.each.resize(chunks, None);
        self.alive.resize(blocks, 0);
        self.owners.resize(blocks, TableSetId::NONE);
        self.stamps.resize(blocks, 0);
        self.summaries.resize(chunks, 0);
    }

    /// Gives slot `bit` of block `block` the generation `generation`.
    pub fn set_generation(&mut self, block: usize, bit: u32, generation: u32) {
        self.reach(block);
        if self.pairs[block].is_each() {
            self.each_mut(block)[bit as usize] = generation;
        } else if !self.pairs[block].set(bit, generation) {
            let each = self.pairs[block].each();
            self.each_mut(block).copy_from_slice(&each);
            self.each_mut(block)[bit as usize] = generation;
            self.pairs[block] = Pair::EACH;
        }
    }

    /// The generation that a dead slot of block `block` may take instead of `next`.
    pub fn rounded_up(&self, block: usize, next: u32) -> u32 {
        self.pairs.get(block).map_or(next, |pair| pair.rounded_up(next))
    }

    /// Lets all slots of block `block` agree on a generation again, unless one is retired. For a block in which nobody is
    /// alive. Returns the retired slots.
    pub fn unify(&mut self, block: usize) -> u64 {
        let generations = self.generations(block);
        let each = core::array::from_fn(|bit| generations.get(bit as u32));
        if let Some(pair) = agreement(&each) {
            self.pairs[block] = pair;
        }
        retired(&each)
    }

    /// The transaction that touched block `block` last; 0 if none has.
    pub fn stamp(&self, block: usize) -> u64 {
        self.stamps.get(block).copied().unwrap_or(0)
    }

    /// Takes block `block` over from another version.
    pub fn copy_block(&mut self, block: usize, source: &Self) {
        self.restore(block, source.state(block));
        self.stamps[block] = source.stamp(block);
    }

    /// The stamp of block `block`, to be changed.
    pub fn stamp_mut(&mut self, block: usize) -> &mut u64 {
        self.reach(block);
        &mut self.stamps[block]
    }

    /// Says for which tables block `block` is.
    pub fn set_owner(&mut self, block: usize, owner: TableSetId) {
        self.reach(block);
        self.owners[block] = owner;
    }

    /// Sets which slots of `block` are alive, and keeps count.
    pub fn set_alive(&mut self, block: usize, alive: u64) {
        self.reach(block);
        let before = core::mem::replace(&mut self.alive[block], alive);
        let (summary, bit) = (&mut self.summaries[block / CHUNK_BLOCKS], 1 << (block % CHUNK_BLOCKS));
        *summary = if alive == 0 { *summary & !bit } else { *summary | bit };
        self.count = self.count + u64::from(alive.count_ones()) - u64::from(before.count_ones());
    }

    /// The state of block `block`.
    pub fn state(&self, block: usize) -> EntityBlock {
        if block >= self.pairs.len() {
            return EntityBlock { generations: Generations::default(), alive: 0, owner: TableSetId::NONE };
        }
        EntityBlock {
            generations: match self.each_of(block) {
                Some(each) if self.pairs[block].is_each() => {
                    Generations::Each(Arc::new(core::array::from_fn(|bit| each[bit])))
                }
                _ => Generations::Pair(self.pairs[block]),
            },
            alive: self.alive[block],
            owner: self.owners[block],
        }
    }

    /// Puts block `block` into the state `state`.
    pub fn restore(&mut self, block: usize, state: EntityBlock) {
        self.set_alive(block, state.alive);
        match state.generations {
            Generations::Pair(pair) => self.pairs[block] = pair,
            Generations::Each(each) => {
                self.pairs[block] = Pair::EACH;
                self.each_mut(block).copy_from_slice(&*each);
            }
        }
        self.owners[block] = state.owner;
    }

    /// Makes room in the directory for `chunks` chunks.
    pub fn reserve_chunks(&mut self, chunks: usize) {
        let blocks = (chunks * CHUNK_BLOCKS).saturating_sub(self.pairs.len());
        self.pairs.reserve(blocks);
        self.alive.reserve(blocks);
        self.owners.reserve(blocks);
        self.stamps.reserve(blocks);
    }

    /// Bytes of the directory, generation arrays included.
    pub fn directory_bytes(&self) -> usize {
        let arrays = self.each.iter().flatten().count() * size_of::<[u32; CHUNK_SLOTS]>();
        self.pairs.capacity() * size_of::<Pair>()
            + self.each.capacity() * size_of::<usize>()
            + self.alive.capacity() * size_of::<u64>()
            + self.owners.capacity() * size_of::<TableSetId>()
            + self.stamps.capacity() * size_of::<u64>()
            + arrays
    }
}

/// How many chunks `slots` slots need.
pub const fn chunks_for(slots: usize) -> usize {
    slots.div_ceil(CHUNK_SLOTS)
}
