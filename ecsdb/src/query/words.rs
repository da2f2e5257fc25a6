//! Which entities a query is about: block after block, one word each.
//!
//! Owns the walk over the directories of all components and filters. It touches no row but for conditions.

use core::ops::Range;
use std::sync::Arc;

use super::condition::Condition;
use super::param::{Fetch, QueryParam};
use super::view::View;
use crate::limits::{BLOCK_SLOTS, CHUNK_BLOCKS};
use crate::schema::{Schema, TableOf};
use crate::storage::Table;

/// What a query looks into.
pub type Source<'v, S, Q> = <<Q as QueryParam<S>>::Fetch as Fetch<S>>::Source<'v>;
/// Its part for one chunk.
pub type InChunk<'v, S, Q> = <<Q as QueryParam<S>>::Fetch as Fetch<S>>::InChunk<'v>;

/// Which entities a query is about, besides having the components that it asks for.
pub struct Filters<'v, S> {
    /// Conditions on presence alone.
    pub presence: Vec<Presence<'v>>,
    /// The condition on columns.
    pub condition: Option<Condition<S>>,
    /// The only slots that there can be, if something has found them already.
    pub candidates: Option<Candidates>,
}

/// A condition on presence alone.
#[derive(Clone, Copy)]
pub struct Presence<'v> {
    table: &'v Table,
    wanted: bool,
}

/// Slots, as words of their blocks, ascending.
pub type Candidates = Arc<[(u32, u64)]>;

/// `slots`, in any order and as often as they like, as words.
pub fn candidates(mut slots: Vec<u32>) -> Candidates {
    slots.sort_unstable();
    let mut words: Vec<(u32, u64)> = Vec::new();
    for slot in slots {
        let (block, bit) = (slot / BLOCK_SLOTS as u32, 1 << (slot % BLOCK_SLOTS as u32));
        match words.last_mut() {
            Some((last, word)) if *last == block => *word |= bit,
            _ => words.push((block, bit)),
        }
    }
    words.into()
}

/// The candidates of a block.
fn candidate(candidates: &[(u32, u64)], block: usize) -> u64 {
    let found = candidates.binary_search_by_key(&block, |(block, _)| *block as usize);
    found.map_or(0, |index| candidates[index].1)
}

impl<S> Clone for Filters<'_, S> {
    fn clone(&self) -> Self {
        let Self { presence, condition, candidates } = self;
        Self { presence: presence.clone(), condition: condition.clone(), candidates: candidates.clone() }
    }
}

impl<'v, S: Schema> Filters<'v, S> {
    /// No filter.
    pub const NONE: Self = Self { presence: Vec::new(), condition: None, candidates: None };

    /// Only entities that have a `T`, or that have none.
    pub fn presence<T: TableOf<S>>(&mut self, view: View<'v, S>, wanted: bool) {
        self.presence.push(Presence { table: &view.storage().tables[usize::from(T::INDEX)], wanted });
    }

    /// Whether every entity passes.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.presence.is_empty() && self.condition.is_none() && self.candidates.is_none()
    }

    /// Which of the slots `word` of block `block`, all of living entities, pass. Candidates are the walk's business.
    #[inline]
    pub fn word(&self, view: View<'_, S>, block: usize, word: u64) -> u64 {
        let word = self.presence.iter().fold(word, |word, filter| {
            let present = filter.table.word(block);
            word & if filter.wanted { present } else { !present }
        });
        match &self.condition {
            Some(condition) if word != 0 => condition.word(view, block, word),
            _ => word,
        }
    }
}

impl<S: Schema> Filters<'_, S> {
    /// Leaves no other slots than these, in any order and as often as they like.
    pub fn restrict(&mut self, slots: Vec<u32>) {
        let new = candidates(slots);
        self.candidates = Some(match &self.candidates {
            None => new,
            Some(before) => {
                new.iter().map(|(block, word)| (*block, word & candidate(before, *block as usize))).collect()
            }
        });
    }

    /// As [`Self::word`], of a block that is looked at out of turn.
    pub fn word_of(&self, view: View<'_, S>, block: usize, mut word: u64) -> u64 {
        if let Some(candidates) = &self.candidates {
            word &= candidate(candidates, block);
        }
        self.word(view, block, word)
    }
}

/// The blocks of a query that have items.
///
/// Whoever walks through them wants to keep where it is in registers. The compiler allows that as long as nobody who is really
/// called gets the address of a part of this, not even to drop it. So what needs calls stands behind a pointer and a vtable.
pub struct Words<'v, S: Schema, Q: QueryParam<S>> {
    view: View<'v, S>,
    source: Source<'v, S, Q>,
    /// The filters, if there are any.
    filtered: Option<Box<dyn Filter<S> + Send + Sync + 'v>>,
    chunks: Range<usize>,
    /// The chunk at hand, and its first block.
    chunk: Option<(InChunk<'v, S, Q>, usize)>,
    /// Blocks of that chunk that are still to come.
    pub blocks: u64,
}

impl<'v, S: Schema> Filters<'v, S> {
    /// The filters as a walk wants them; nothing if there are none.
    fn on_the_way(self) -> Option<Box<dyn Filter<S> + Send + Sync + 'v>> {
        if self.is_empty() { None } else { Some(Box::new(Filtered { filters: self, done: 0 })) }
    }
}

/// What leaves slots out on the walk. Blocks and chunks come in ascending order.
trait Filter<S> {
    /// Which of the slots `word` of block `block`, all of living entities, pass.
    fn word(&mut self, view: View<'_, S>, block: usize, word: u64) -> u64;
    /// The next chunk from `chunks` on, and which of its blocks have candidates.
    fn chunk(&mut self, chunks: Range<usize>) -> Option<(usize, u64)>;
}

/// Filters, and how far the walk is.
struct Filtered<'v, S> {
    filters: Filters<'v, S>,
    /// How many candidates are done with.
    done: usize,
}

/// As [`Filter::word`]. Called rarely beside a walk without filters: what that has in registers is saved here, not there.
#[cold]
#[inline(never)]
fn passing<S>(filter: &mut dyn Filter<S>, view: View<'_, S>, block: usize, word: u64) -> u64 {
    filter.word(view, block, word)
}

/// As [`Filter::chunk`], and as [`passing`].
#[cold]
#[inline(never)]
fn next_chunk<S>(filter: &mut dyn Filter<S>, chunks: Range<usize>) -> Option<(usize, u64)> {
    filter.chunk(chunks)
}

impl<S: Schema> Filter<S> for Filtered<'_, S> {
    fn word(&mut self, view: View<'_, S>, block: usize, mut word: u64) -> u64 {
        if let Some(candidates) = &self.filters.candidates {
            while candidates.get(self.done).is_some_and(|(before, _)| (*before as usize) < block) {
                self.done += 1;
            }
            word &=
                candidates.get(self.done).filter(|(found, _)| *found as usize == block).map_or(0, |(_, word)| *word);
        }
        self.filters.word(view, block, word)
    }

    fn chunk(&mut self, chunks: Range<usize>) -> Option<(usize, u64)> {
        let Some(candidates) = &self.filters.candidates else { return Some((chunks.start, u64::MAX)) };
        let begin = chunks.start * CHUNK_BLOCKS;
        let left = &candidates[self.done..];
        self.done += left.partition_point(|(block, _)| (*block as usize) < begin);
        let left = &candidates[self.done..];
        let chunk = left.first()?.0 as usize / CHUNK_BLOCKS;
        let here = left.iter().take_while(|(block, _)| *block as usize / CHUNK_BLOCKS == chunk);
        Some((chunk, here.fold(0, |blocks, (block, _)| blocks | 1 << (*block as usize % CHUNK_BLOCKS))))
    }
}

/// A block with items.
pub struct Found<'v, S: Schema, Q: QueryParam<S>> {
    /// The chunk.
    pub chunk: InChunk<'v, S, Q>,
    /// The block in the chunk.
    pub in_chunk: usize,
    /// The block in the database.
    pub block: usize,
    /// The slots that have an item.
    pub word: u64,
}

impl<'v, S: Schema, Q: QueryParam<S>> Words<'v, S, Q> {
    /// The blocks of some chunks.
    #[inline(always)]
    pub fn new(view: View<'v, S>, filters: Filters<'v, S>, chunks: Range<usize>) -> Self {
        let filtered = filters.on_the_way();
        Self { view, source: Q::Fetch::source(view), filtered, chunks, chunk: None, blocks: 0 }
    }

    /// Whether there are filters.
    #[inline(always)]
    pub fn is_filtered(&self) -> bool {
        self.filtered.is_some()
    }

    /// The next block with items.
    #[inline(always)]
    pub fn next(&mut self) -> Option<Found<'v, S, Q>> {
        loop {
            while self.blocks != 0 {
                let (chunk, first) = self.chunk?;
                let in_chunk = self.blocks.trailing_zeros() as usize;
                self.blocks &= self.blocks - 1;
                let block = first + in_chunk;
                let mut word = Q::Fetch::word(chunk, in_chunk);
                if !<Q::Fetch as Fetch<S>>::IS_OF_THE_LIVING {
                    word &= self.view.storage().entities.alive(block);
                }
                if let Some(filtered) = &mut self.filtered {
                    word = passing(&mut **filtered, self.view, block, word);
                }
                if word != 0 {
                    return Some(Found { chunk, in_chunk, block, word });
                }
            }
            if self.chunks.start >= self.chunks.end {
                return None;
            }
            let (index, candidates) = match &mut self.filtered {
                None => (self.chunks.start, u64::MAX),
                Some(filtered) => next_chunk(&mut **filtered, self.chunks.start..self.chunks.end)?,
            };
            if index >= self.chunks.end {
                return None;
            }
            self.chunks.start = index + 1;
            if let Some((chunk, summary)) = Q::Fetch::chunk(self.source, index) {
                self.chunk = Some((chunk, index * CHUNK_BLOCKS));
                self.blocks = summary & candidates;
            }
        }
    }
}
