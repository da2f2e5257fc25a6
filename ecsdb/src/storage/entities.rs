//! The directory of entities: which slots are alive, and in which generation.

use crate::bits::bits;
use crate::entity::{Entity, Generations, Pair, RETIRED, Spill};
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

/// All entities of one version, column by column: a lookup needs nothing but 16 bytes of `pairs`.
///
/// Every column has one element a block of 64 slots, for whole chunks.
#[derive(Clone, Default)]
pub struct Entities {
    pairs: Vec<Pair>,
    spills: Vec<Spill>,
    alive: Vec<u64>,
    owners: Vec<TableSetId>,
    /// The transaction that touched the block last in this root. Only the writer looks at it.
    stamps: Vec<u64>,
    /// Which blocks of each chunk have living entities.
    summaries: Vec<u64>,
    count: u64,
}

/// The generations of one block, to be read.
#[derive(Clone, Copy)]
pub struct BlockGenerations<'v> {
    pair: Pair,
    spill: Option<&'v [u32; BLOCK_SLOTS]>,
}

impl BlockGenerations<'_> {
    /// Those of a block that was never used.
    pub const INITIAL: Self = Self { pair: Pair::INITIAL, spill: None };

    /// The generation of slot `bit`.
    #[inline]
    pub fn get(&self, bit: u32) -> u32 {
        match self.spill {
            None => self.pair.get(bit),
            Some(spill) => spill[bit as usize],
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
        match (self.pairs.get(block), self.spills.get(block)) {
            (Some(pair), Some(spill)) => BlockGenerations { pair: *pair, spill: spill.as_deref() },
            _ => BlockGenerations::INITIAL,
        }
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
        // The pair of a block with an array says 0 for every slot, and so do retired slots. Promised and made-up entities
        // can have this generation, those of the database cannot.
        let is_in_pair = pair.get((slot % BLOCK_SLOTS) as u32) == entity.generation();
        entity.generation() != RETIRED && (is_in_pair || self.is_current_in_spill(entity))
    }

    #[inline(never)]
    fn is_current_in_spill(&self, entity: Entity) -> bool {
        let slot = entity.slot() as usize;
        match self.spills.get(slot / BLOCK_SLOTS) {
            Some(Some(spill)) => spill[slot % BLOCK_SLOTS] == entity.generation(),
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
    fn reach(&mut self, block: usize) {
        if block >= self.pairs.len() {
            let chunks = block / CHUNK_BLOCKS + 1;
            let blocks = chunks * CHUNK_BLOCKS;
            self.pairs.resize(blocks, Pair::INITIAL);
            self.spills.resize(blocks, None);
            self.alive.resize(blocks, 0);
            self.owners.resize(blocks, TableSetId::NONE);
            self.stamps.resize(blocks, 0);
            self.summaries.resize(chunks, 0);
        }
    }

    /// Changes the generations of block `block`.
    pub fn change_generations<R>(&mut self, block: usize, change: impl FnOnce(&mut Generations) -> R) -> R {
        self.reach(block);
        let mut generations = Generations::from_parts(self.pairs[block], self.spills[block].take());
        let result = change(&mut generations);
        (self.pairs[block], self.spills[block]) = generations.into_parts();
        result
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
            generations: Generations::from_parts(self.pairs[block], self.spills[block].clone()),
            alive: self.alive[block],
            owner: self.owners[block],
        }
    }

    /// Puts block `block` into the state `state`.
    pub fn restore(&mut self, block: usize, state: EntityBlock) {
        self.set_alive(block, state.alive);
        (self.pairs[block], self.spills[block]) = state.generations.into_parts();
        self.owners[block] = state.owner;
    }

    /// Makes room in the directory for `chunks` chunks.
    pub fn reserve_chunks(&mut self, chunks: usize) {
        let blocks = (chunks * CHUNK_BLOCKS).saturating_sub(self.pairs.len());
        self.pairs.reserve(blocks);
        self.spills.reserve(blocks);
        self.alive.reserve(blocks);
        self.owners.reserve(blocks);
        self.stamps.reserve(blocks);
    }

    /// Bytes of the directory, generation arrays included.
    pub fn directory_bytes(&self) -> usize {
        let arrays = self.spills.iter().flatten().count() * (size_of::<[u32; BLOCK_SLOTS]>() + 2 * size_of::<usize>());
        self.pairs.capacity() * size_of::<Pair>()
            + self.spills.capacity() * size_of::<Spill>()
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
