//! Walking over the blocks of a query.

use core::ops::Range;

use super::builder::Filter;
use super::param::{Fetch, Item, QueryParam};
use super::view::View;
use crate::bits::bits;
use crate::limits::{BLOCK_SLOTS, CHUNK_BLOCKS};
use crate::schema::Schema;

type Source<'v, S, Q> = <<Q as QueryParam<S>>::Fetch as Fetch<S>>::Source<'v>;
type InChunk<'v, S, Q> = <<Q as QueryParam<S>>::Fetch as Fetch<S>>::InChunk<'v>;
type InBlock<'v, S, Q> = <<Q as QueryParam<S>>::Fetch as Fetch<S>>::InBlock<'v>;

/// The items of a query, in the order of slots.
pub struct QueryIter<'v, S: Schema, Q: QueryParam<S>> {
    view: View<'v, S>,
    source: Source<'v, S, Q>,
    filters: Vec<Filter<'v>>,
    chunks: Range<usize>,
    /// The chunk at hand, and its first block.
    chunk: Option<(InChunk<'v, S, Q>, usize)>,
    /// Blocks of that chunk that are still to come.
    blocks: u64,
    /// The block at hand.
    block: Option<InBlock<'v, S, Q>>,
    /// Slots of that block that are still to come.
    word: u64,
    dense: bool,
    /// How many items of the block have gone.
    index: usize,
}

impl<'v, S: Schema, Q: QueryParam<S>> QueryIter<'v, S, Q> {
    pub(super) fn new(view: View<'v, S>, filters: Vec<Filter<'v>>, chunks: Range<usize>) -> Self {
        Self {
            view,
            source: Q::Fetch::source(view),
            filters,
            chunks,
            chunk: None,
            blocks: 0,
            block: None,
            word: 0,
            dense: false,
            index: 0,
        }
    }

    /// Goes to the next block that has items. Returns `false` at the end.
    fn advance(&mut self) -> bool {
        loop {
            while self.blocks != 0 {
                let Some((chunk, first)) = self.chunk else { return false };
                let block = self.blocks.trailing_zeros() as usize;
                self.blocks &= self.blocks - 1;
                let mut word = filtered(Q::Fetch::word(chunk, block), &self.filters, first + block);
                if !<Q::Fetch as Fetch<S>>::IS_OF_THE_LIVING {
                    word &= self.view.storage().entities.alive(first + block);
                }
                if word == 0 {
                    continue;
                }
                if self.blocks != 0 {
                    Q::Fetch::prefetch(chunk, self.blocks.trailing_zeros() as usize);
                }
                let rows = Q::Fetch::block(chunk, block);
                self.dense = Q::Fetch::is_dense(&rows, word);
                self.block = Some(rows);
                self.word = word;
                self.index = 0;
                return true;
            }
            let Some(index) = self.chunks.next() else { return false };
            if let Some((chunk, summary)) = Q::Fetch::chunk(self.source, index) {
                self.chunk = Some((chunk, index * CHUNK_BLOCKS));
                self.blocks = summary;
            }
        }
    }

    /// How many items are still to come.
    pub(super) fn count_items(mut self) -> usize {
        let mut count = self.word.count_ones() as usize;
        while self.advance() {
            count += self.word.count_ones() as usize;
        }
        count
    }
}

#[inline]
fn filtered(word: u64, filters: &[Filter<'_>], block: usize) -> u64 {
    filters.iter().fold(word, |word, filter| {
        let present = filter.table.word(block);
        word & if filter.wanted { present } else { !present }
    })
}

impl<'v, S: Schema, Q: QueryParam<S>> Iterator for QueryIter<'v, S, Q> {
    type Item = Item<'v, S, Q>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.word == 0 && !self.advance() {
            return None;
        }
        let bit = self.word.trailing_zeros();
        self.word &= self.word - 1;
        let block = self.block.as_ref()?;
        let index = self.index;
        self.index += 1;
        Some(if self.dense { Q::Fetch::dense(block, index, bit) } else { Q::Fetch::sparse(block, bit) })
    }

    #[inline]
    fn fold<A, F: FnMut(A, Self::Item) -> A>(mut self, init: A, mut work: F) -> A {
        let mut result = init;
        loop {
            if self.word == 0 && !self.advance() {
                return result;
            }
            let (word, first) = (self.word, self.index);
            self.word = 0;
            let Some(block) = self.block else { return result };
            if !self.dense {
                for bit in bits(word) {
                    result = work(result, Q::Fetch::sparse(&block, bit));
                }
            } else if first == 0 && word == u64::MAX {
                for bit in 0..BLOCK_SLOTS {
                    result = work(result, Q::Fetch::dense(&block, bit, bit as u32));
                }
            } else if <Q::Fetch as Fetch<S>>::NEEDS_BIT {
                for (index, bit) in bits(word).enumerate() {
                    result = work(result, Q::Fetch::dense(&block, first + index, bit));
                }
            } else {
                for index in first..first + word.count_ones() as usize {
                    result = work(result, Q::Fetch::dense(&block, index, 0));
                }
            }
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.word.count_ones() as usize, None)
    }
}
