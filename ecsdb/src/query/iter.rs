//! Walking over the blocks of a query.

use core::ops::Range;

use super::param::{Fetch, Item, QueryParam};
use super::view::View;
use super::words::{Filters, Found, Words};
use crate::bits::{bits, run};
use crate::limits::{BLOCK_SLOTS, ROWS_AHEAD};
use crate::schema::Schema;

type InBlock<'v, S, Q> = <<Q as QueryParam<S>>::Fetch as Fetch<S>>::InBlock<'v>;

/// Asks the processor for what is read later where the 64 items from number `index` on lie here.
#[inline(always)]
fn look_ahead<S: Schema, Q: QueryParam<S>>(block: &InBlock<'_, S, Q>, index: usize) {
    for part in 0..BLOCK_SLOTS / ROWS_AHEAD {
        Q::Fetch::prefetch(block, index + part * ROWS_AHEAD);
    }
}

/// Folds the items of a run with the numbers `range`, up to its end, and asks for what is read later on the way.
///
/// How fast everything is read depends on what these loops become. Rows of one table are taken several at a time, a number that the compiler
/// knows: sums of integers take a third then. Of several tables the compiler should see one entity at a time, since it packs what is
/// computed for it; of several it packs neighbours instead, which takes it longer to put in line. What needs its bit has whole blocks.
#[inline(always)]
fn fold_run<'v, S: Schema, Q: QueryParam<S>, A>(
    run: &InBlock<'v, S, Q>,
    range: Range<usize>,
    mut result: A,
    work: &mut impl FnMut(A, Item<'v, S, Q>) -> A,
) -> A {
    let Range { start: mut index, end } = range;
    if <Q::Fetch as Fetch<S>>::NEEDS_BIT && end - index == BLOCK_SLOTS {
        for part in 0..BLOCK_SLOTS / ROWS_AHEAD {
            Q::Fetch::prefetch(run, part * ROWS_AHEAD);
            for number in part * ROWS_AHEAD..(part + 1) * ROWS_AHEAD {
                result = work(result, Q::Fetch::dense(run, number, number as u32));
            }
        }
        return result;
    }
    if !<Q::Fetch as Fetch<S>>::NEEDS_BIT && <Q::Fetch as Fetch<S>>::TABLES == 1 {
        while end - index >= ROWS_AHEAD {
            Q::Fetch::prefetch(run, index);
            let part = Q::Fetch::part(*run, index, ROWS_AHEAD);
            for number in 0..ROWS_AHEAD {
                result = work(result, Q::Fetch::dense(&part, number, number as u32));
            }
            index += ROWS_AHEAD;
        }
    }
    while index < end {
        Q::Fetch::prefetch(run, index);
        let behind = end.min(index - index % ROWS_AHEAD + ROWS_AHEAD);
        for number in index..behind {
            result = work(result, Q::Fetch::dense(run, number, number as u32));
        }
        index = behind;
    }
    result
}

/// The items of a query, in the order of slots.
///
/// It holds a run of items at a time. Where the rows of all components are those of the same entities the run is counted through: up to
/// a page. Elsewhere it goes block by block, and bit by bit.
pub struct QueryIter<'v, S: Schema, Q: QueryParam<S>> {
    /// The block at hand, or several that are neighbours.
    block: InBlock<'v, S, Q>,
    /// The next item of a run that is counted through, the end of the 64 items that were looked ahead for, and the end of
    /// the run.
    index: usize,
    end: usize,
    run_end: usize,
    /// The slots that are still to come of a block that is gone through bit by bit.
    word: u64,
    /// Whether its items are numbered without gaps, and the number of the next.
    dense: bool,
    number: usize,
    words: Words<'v, S, Q>,
}

debug_as!(['v, S: Schema, Q: QueryParam<S>] QueryIter<'v, S, Q>);

impl<'v, S: Schema, Q: QueryParam<S>> QueryIter<'v, S, Q> {
    #[inline(always)]
    pub(super) fn new(view: View<'v, S>, filters: Filters<'v, S>, chunks: Range<usize>) -> Self {
        let words = Words::new(view, filters, chunks);
        Self { block: Q::Fetch::nothing(), index: 0, end: 0, run_end: 0, word: 0, dense: false, number: 0, words }
    }

    /// Goes to the next run, or to the next 64 items of the run at hand. Returns `false` at the end.
    #[inline(always)]
    fn advance(&mut self) -> bool {
        if self.end < self.run_end {
            look_ahead::<S, Q>(&self.block, self.end);
            self.end = self.run_end.min(self.end + BLOCK_SLOTS);
            return true;
        }
        match self.words.next() {
            Some(found) => {
                self.open(&found);
                look_ahead::<S, Q>(&self.block, 0);
                true
            }
            None => false,
        }
    }

    /// Opens the run that begins with a block: where it has no other rows than those of the items, they go on in the blocks behind
    /// that have no others either, up to the end of the page.
    #[inline(always)]
    fn open(&mut self, found: &Found<'v, S, Q>) {
        let (chunk, block, word) = (found.chunk, found.in_chunk, found.word);
        self.index = 0;
        if Q::Fetch::is_complete(chunk, block, word) {
            let mut end = block + 1;
            if !self.words.is_filtered() {
                let page_end = (block | (<Q::Fetch as Fetch<S>>::PAGE_BLOCKS - 1)) + 1;
                while end < page_end && Q::Fetch::is_complete(chunk, end, Q::Fetch::word(chunk, end)) {
                    end += 1;
                }
                self.words.blocks &= !run(block, end - block);
            }
            self.block = Q::Fetch::blocks(chunk, block..end);
            self.run_end = Q::Fetch::len(&self.block);
        } else {
            let rows = Q::Fetch::block(chunk, block);
            let dense = Q::Fetch::is_dense(&rows, word);
            if dense && word == u64::MAX {
                self.run_end = BLOCK_SLOTS;
            } else {
                self.run_end = 0;
                self.word = word;
                self.dense = dense;
                self.number = 0;
            }
            self.block = rows;
        }
        self.end = self.run_end.min(BLOCK_SLOTS);
    }

    /// The next item, if it is not one of a run that is counted through.
    #[inline(always)]
    fn next_slowly(&mut self) -> Option<Item<'v, S, Q>> {
        if self.word == 0 && !self.advance() {
            return None;
        }
        if self.index < self.end {
            let index = self.index;
            self.index += 1;
            return Some(Q::Fetch::dense(&self.block, index, index as u32));
        }
        let bit = self.word.trailing_zeros();
        self.word &= self.word - 1;
        let number = self.number;
        self.number += 1;
        Some(if self.dense { Q::Fetch::dense(&self.block, number, bit) } else { Q::Fetch::sparse(&self.block, bit) })
    }
}

impl<'v, S: Schema, Q: QueryParam<S>> Iterator for QueryIter<'v, S, Q> {
    type Item = Item<'v, S, Q>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.index < self.end {
            let index = self.index;
            self.index += 1;
            return Some(Q::Fetch::dense(&self.block, index, index as u32));
        }
        self.next_slowly()
    }

    #[inline]
    fn fold<A, F: FnMut(A, Self::Item) -> A>(mut self, init: A, mut work: F) -> A {
        let mut result = init;
        loop {
            if self.index < self.run_end {
                // Where all have as many rows, the compiler sees that none is behind the last.
                let run = Q::Fetch::part(self.block, 0, self.run_end);
                result = fold_run::<S, Q, A>(&run, self.index..self.run_end, result, &mut work);
                self.index = self.run_end;
            }
            if self.word != 0 {
                let block = self.block;
                look_ahead::<S, Q>(&block, 0);
                if self.dense {
                    for (count, bit) in bits(self.word).enumerate() {
                        result = work(result, Q::Fetch::dense(&block, self.number + count, bit));
                    }
                } else {
                    for bit in bits(self.word) {
                        result = work(result, Q::Fetch::sparse(&block, bit));
                    }
                }
                self.word = 0;
            }
            match self.words.next() {
                Some(found) => self.open(&found),
                None => return result,
            }
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.run_end - self.index + self.word.count_ones() as usize, None)
    }
}
