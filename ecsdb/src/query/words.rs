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

    /// Whether they leave only entities that have a row in `table`, for being asked to.
    pub fn requires(&self, table: &Table) -> bool {
        self.presence.iter().any(|filter| filter.wanted && core::ptr::eq(filter.table, table))
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
/// Whoever walks through them wants to keep where it is, and what it adds up, in registers: see [`OnTheWay`].
pub struct Words<'v, S: Schema, Q: QueryParam<S>> {
    view: View<'v, S>,
    source: Source<'v, S, Q>,
    filtered: OnTheWay<'v, S>,
    chunks: Range<usize>,
    /// The chunk at hand, and its first block.
    chunk: Option<(InChunk<'v, S, Q>, usize)>,
    /// Blocks of that chunk that are still to come.
    pub blocks: u64,
}

/// The filters of a walk, if there are any.
///
/// A walk without filters has to be as fast as one that knows none. For that nobody who is really called gets the address of
/// a part of [`Words`], and **no call that belongs to filters may unwind**: with a way out of the loop that has something to
/// drop, the compiler keeps what the caller of the loop adds up in memory instead of a register, which makes a sum of floats six
/// times slower. Functions of the ABI `C` do not unwind; a panic in them, which would be an error of this crate, as conditions run
/// no code of the user's, ends the process.
struct OnTheWay<'v, S>(Option<Box<Filtered<'v, S>>>);

impl<'v, S: Schema> From<Filters<'v, S>> for OnTheWay<'v, S> {
    fn from(filters: Filters<'v, S>) -> Self {
        Self(if filters.is_empty() { None } else { Some(Box::new(Filtered { filters, done: 0 })) })
    }
}

impl<S> Drop for OnTheWay<'_, S> {
    #[inline(always)]
    fn drop(&mut self) {
        if let Some(filtered) = self.0.take() {
            discard(filtered);
        }
    }
}

/// Drops the filters of a walk.
#[cold]
#[inline(never)]
extern "C" fn discard<S>(filtered: Box<Filtered<'_, S>>) {
    drop(filtered);
}

/// As [`Filtered::word`].
#[cold]
#[inline(never)]
#[expect(improper_ctypes_definitions, reason = "it is called from Rust; what counts is that it does not unwind")]
extern "C" fn passing<S: Schema>(filtered: &mut Filtered<'_, S>, view: View<'_, S>, block: usize, word: u64) -> u64 {
    filtered.word(view, block, word)
}

/// As [`Filtered::chunk`].
#[cold]
#[inline(never)]
#[expect(improper_ctypes_definitions, reason = "it is called from Rust; what counts is that it does not unwind")]
extern "C" fn next_chunk<S: Schema>(filtered: &mut Filtered<'_, S>, chunks: Range<usize>) -> Option<(usize, u64)> {
    filtered.chunk(chunks)
}

/// What leaves slots out on the walk, and how far it is. Blocks and chunks come in ascending order.
struct Filtered<'v, S> {
    filters: Filters<'v, S>,
    /// How many candidates are done with.
    done: usize,
}

impl<S: Schema> Filtered<'_, S> {
    /// Which of the slots `word` of block `block`, all of living entities, pass.
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

    /// The next chunk from `chunks` on, and which of its blocks have candidates.
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
        Self { view, source: Q::Fetch::source(view), filtered: filters.into(), chunks, chunk: None, blocks: 0 }
    }

    /// Whether there are filters.
    #[inline(always)]
    pub fn is_filtered(&self) -> bool {
        self.filtered.0.is_some()
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
                if let Some(filtered) = &mut self.filtered.0 {
                    word = passing(filtered, self.view, block, word);
                }
                if word != 0 {
                    return Some(Found { chunk, in_chunk, block, word });
                }
            }
            if self.chunks.start >= self.chunks.end {
                return None;
            }
            let (index, candidates) = match &mut self.filtered.0 {
                None => (self.chunks.start, u64::MAX),
                Some(filtered) => next_chunk(filtered, self.chunks.start..self.chunks.end)?,
            };
            if index >= self.chunks.end {
                return None;
            }
            self.chunks.start = index + 1;
            if let Some((chunk, summary)) = Q::Fetch::chunk(self.source, index) {
                Q::Fetch::prefetch_behind(chunk);
                self.chunk = Some((chunk, index * CHUNK_BLOCKS));
                self.blocks = summary & candidates;
            }
        }
    }
}
