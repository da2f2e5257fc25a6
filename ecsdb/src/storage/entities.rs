//! The directory of entities: which slots are alive, and in which generation.

use crate::bits::bits;
use crate::entity::{Entity, Generations, RETIRED};
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

/// Column by column, since a lookup needs nothing but the generations.
#[derive(Clone)]
struct EntityChunk {
    summary: u64,
    generations: [Generations; CHUNK_BLOCKS],
    alive: [u64; CHUNK_BLOCKS],
    owners: [TableSetId; CHUNK_BLOCKS],
    /// The transaction that touched the block last in this root. Only the writer looks at it.
    stamps: [u64; CHUNK_BLOCKS],
}

impl EntityChunk {
    fn new() -> Box<Self> {
        Box::new(Self {
            summary: 0,
            generations: core::array::from_fn(|_| Generations::default()),
            alive: [0; CHUNK_BLOCKS],
            owners: [TableSetId::NONE; CHUNK_BLOCKS],
            stamps: [0; CHUNK_BLOCKS],
        })
    }
}

/// All entities of one version.
#[derive(Clone, Default)]
pub struct Entities {
    #[expect(clippy::vec_box, reason = "a directory that grows must not move chunks of several KiB")]
    chunks: Vec<Box<EntityChunk>>,
    count: u64,
}

impl Entities {
    /// How many entities are alive.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// How many chunks have ever been used. Slots beyond them were never handed out.
    #[inline]
    pub fn chunk_count(&self) -> usize {
        self.chunks.len()
    }

    /// Which blocks of chunk `chunk` have living entities.
    #[inline]
    pub fn summary(&self, chunk: usize) -> u64 {
        self.chunks.get(chunk).map_or(0, |chunk| chunk.summary)
    }

    #[inline]
    fn place(&self, block: usize) -> Option<(&EntityChunk, usize)> {
        Some((self.chunks.get(block / CHUNK_BLOCKS)?, block % CHUNK_BLOCKS))
    }

    /// The generations of block `block`, counted over all chunks, if it was ever used.
    #[inline]
    pub fn generations(&self, block: usize) -> Option<&Generations> {
        let (chunk, block) = self.place(block)?;
        Some(&chunk.generations[block])
    }

    /// Which slots of block `block` have a living entity.
    #[inline]
    pub fn alive(&self, block: usize) -> u64 {
        self.place(block).map_or(0, |(chunk, block)| chunk.alive[block])
    }

    /// The tables that block `block` is for.
    pub fn owner(&self, block: usize) -> TableSetId {
        self.place(block).map_or(TableSetId::NONE, |(chunk, block)| chunk.owners[block])
    }

    /// Whether `entity` has the generation of its slot. A dead slot has the generation of its next entity, so a handle
    /// that was handed out passes only while its entity lives.
    #[inline]
    pub fn is_current(&self, entity: Entity) -> bool {
        let slot = entity.slot() as usize;
        match self.generations(slot / BLOCK_SLOTS) {
            Some(generations) => generations.get((slot % BLOCK_SLOTS) as u32) == entity.generation(),
            None => false,
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
        let (chunk, block) = self.place(slot as usize / BLOCK_SLOTS)?;
        let bit = slot % BLOCK_SLOTS as u32;
        if chunk.alive[block] >> bit & 1 == 0 { None } else { Entity::new(slot, chunk.generations[block].get(bit)) }
    }

    /// Whether `entity` was handed out once and is dead now.
    pub fn is_past(&self, entity: Entity) -> bool {
        let slot = entity.slot() as usize;
        let Some(generations) = self.generations(slot / BLOCK_SLOTS) else { return false };
        let now = generations.get((slot % BLOCK_SLOTS) as u32);
        entity.generation() != 0 && (now == RETIRED || entity.generation() < now)
    }

    /// Every living entity, in the order of slots.
    pub fn iter(&self) -> impl Iterator<Item = Entity> + '_ {
        (0..self.chunks.len() * CHUNK_BLOCKS).flat_map(move |index| {
            let chunk = &self.chunks[index / CHUNK_BLOCKS];
            let generations = &chunk.generations[index % CHUNK_BLOCKS];
            bits(chunk.alive[index % CHUNK_BLOCKS])
                .filter_map(move |bit| Entity::new((index * BLOCK_SLOTS) as u32 + bit, generations.get(bit)))
        })
    }

    /// The chunk of block `block`, made if it is absent. Only the writer comes here, on a version that nobody reads.
    fn place_mut(&mut self, block: usize) -> (&mut EntityChunk, usize) {
        while self.chunks.len() <= block / CHUNK_BLOCKS {
            self.chunks.push(EntityChunk::new());
        }
        (&mut self.chunks[block / CHUNK_BLOCKS], block % CHUNK_BLOCKS)
    }

    /// The generations of block `block`, to be changed.
    pub fn generations_mut(&mut self, block: usize) -> &mut Generations {
        let (chunk, block) = self.place_mut(block);
        &mut chunk.generations[block]
    }

    /// The stamp of block `block`, to be changed.
    pub fn stamp_mut(&mut self, block: usize) -> &mut u64 {
        let (chunk, block) = self.place_mut(block);
        &mut chunk.stamps[block]
    }

    /// Says for which tables block `block` is.
    pub fn set_owner(&mut self, block: usize, owner: TableSetId) {
        let (chunk, block) = self.place_mut(block);
        chunk.owners[block] = owner;
    }

    /// Sets which slots of `block` are alive, and keeps count.
    pub fn set_alive(&mut self, block: usize, alive: u64) {
        let (chunk, block) = self.place_mut(block);
        let before = core::mem::replace(&mut chunk.alive[block], alive);
        if alive == 0 {
            chunk.summary &= !(1 << block);
        } else {
            chunk.summary |= 1 << block;
        }
        self.count = self.count + u64::from(alive.count_ones()) - u64::from(before.count_ones());
    }

    /// The state of block `block`.
    pub fn state(&self, block: usize) -> EntityBlock {
        self.place(block).map_or(
            EntityBlock { generations: Generations::default(), alive: 0, owner: TableSetId::NONE },
            |(chunk, block)| EntityBlock {
                generations: chunk.generations[block].clone(),
                alive: chunk.alive[block],
                owner: chunk.owners[block],
            },
        )
    }

    /// Puts block `block` into the state `state`.
    pub fn restore(&mut self, block: usize, state: EntityBlock) {
        self.set_alive(block, state.alive);
        let (chunk, block) = self.place_mut(block);
        chunk.generations[block] = state.generations;
        chunk.owners[block] = state.owner;
    }

    /// Makes room in the directory for `chunks` chunks.
    pub fn reserve_chunks(&mut self, chunks: usize) {
        self.chunks.reserve(chunks.saturating_sub(self.chunks.len()));
    }

    /// Bytes of the directory, generation arrays included.
    pub fn directory_bytes(&self) -> usize {
        let arrays: usize =
            self.chunks.iter().flat_map(|chunk| &chunk.generations).map(|generations| generations.heap_bytes()).sum();
        self.chunks.capacity() * size_of::<usize>() + self.chunks.len() * size_of::<EntityChunk>() + arrays
    }
}

/// How many chunks `slots` slots need.
pub const fn chunks_for(slots: usize) -> usize {
    slots.div_ceil(CHUNK_SLOTS)
}
