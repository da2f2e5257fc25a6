//! What many rows come to: counts, sums, least and greatest values, averages.
//!
//! Owns the loops over a column of a block. It keeps one state for all rows, or one for each group, and no rows.

use rayon::prelude::*;

use super::builder::Query;
use super::param::QueryParam;
use super::rows::{Reader, block_rows, check_column};
use super::sort_key::{SortColumn, SortKey};
use super::view::View;
use super::words::Words;
use crate::bits::bits;
use crate::bytes::{Heap, Row, RowBytes, bytes_of};
use crate::component::{Column, Component, Number, Ordered};
use crate::limits::BLOCK_SLOTS;
use crate::schema::{Schema, TableOf, TypeRef};

/// Something that the items of a query come to: what [`count`], [`sum`], [`avg`], [`min`] and [`max`] make, and
/// tuples of up to six of these, which are found in one pass.
///
/// Only what has a value counts: entities that lack the component, and empty options, are left out.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an aggregate of a query of `{S}`",
    label = "not an aggregate",
    note = "an aggregate is `count()`, `sum`, `avg`, `min` or `max` of a column of `{S}`, or a tuple of these"
)]
pub trait Aggregate<S: Schema> {
    /// What it comes to.
    type Output;
    /// What is known of the rows so far.
    #[doc(hidden)]
    type State: Clone + Send;
    /// The states of groups, by their numbers.
    #[doc(hidden)]
    type States: Default;

    /// What is known of no rows.
    #[doc(hidden)]
    fn empty(&self) -> Self::State;

    /// Adds the rows of the slots `word` of a block.
    #[doc(hidden)]
    fn add(&self, view: View<'_, S>, block: usize, word: u64, state: &mut Self::State);

    /// Adds the rows of the slots `word` of a block, each to the state of its group. There are `count` groups.
    #[doc(hidden)]
    fn add_to_groups(&self, of: InGroups<'_, S>, states: &mut Self::States);

    /// Adds what is known of later rows.
    #[doc(hidden)]
    fn merge(&self, view: View<'_, S>, state: &mut Self::State, later: Self::State);

    /// What it comes to.
    #[doc(hidden)]
    fn finish(&self, view: View<'_, S>, state: Self::State) -> Self::Output;

    /// Takes the state of group number `group` out.
    #[doc(hidden)]
    fn take(states: &mut Self::States, group: usize) -> Self::State;
}

/// Rows of a block and their groups.
pub struct InGroups<'a, S> {
    /// The version.
    pub view: View<'a, S>,
    /// The block.
    pub block: usize,
    /// The slots of the rows.
    pub word: u64,
    /// The group of each slot.
    pub groups: &'a [u32; BLOCK_SLOTS],
    /// How many groups there are.
    pub count: usize,
}

debug_as!(['a, S] InGroups<'a, S>);

impl<S> Clone for InGroups<'_, S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<S> Copy for InGroups<'_, S> {}

impl<S> InGroups<'_, S> {
    /// The group of a slot.
    fn of(&self, bit: u32) -> usize {
        self.groups[bit as usize] as usize
    }
}

/// How many items there are; made by [`count`].
#[derive(Clone, Copy, Debug)]
pub struct Count;

/// The number of items, as an aggregate beside others.
///
/// ```
/// # use ecsdb::query::{avg, count, max, min, sum};
/// # use ecsdb::{Component, Db};
/// # #[derive(Component)] struct Purse { gold: u64 }
/// # ecsdb::schema! { World: Purse }
/// # let db = Db::<World>::in_memory()?;
/// db.write(|tx| Ok(tx.spawn_all([3, 5, 10].map(|gold| Purse { gold }))?))?;
/// let snapshot = db.snapshot();
/// let gold = Purse::C.gold;
/// let found = snapshot.query::<&Purse>().aggregate((count(), sum(gold), min(gold), max(gold), avg(gold)));
/// assert_eq!(found, (3, Some(18), Some(3), Some(10), Some(6.0)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub const fn count() -> Count {
    Count
}

/// The sum of a column; made by [`sum`].
pub struct Sum<T, F>(Reader<T, F>);

debug_as!([T, F] Sum<T, F>);

/// The average of a column; made by [`avg`].
pub struct Average<T, F>(Reader<T, F>);

debug_as!([T, F] Average<T, F>);

/// The least or the greatest value of a column; made by [`min`] and [`max`].
pub struct Extreme<T, F> {
    reader: Reader<T, F>,
    column: SortColumn,
    greatest: bool,
}

debug_as!([T, F] Extreme<T, F>);

/// The sum of a column, as an aggregate: `None` of nothing.
///
/// Integers add up in 128 bits; only a column of 128 bits can leave these, and its sum stays at the end of the range.
/// Floats add up as `f64`.
pub fn sum<T: Component, F: Number>(column: Column<T, F>) -> Sum<T, F> {
    Sum(Reader::new(column))
}

/// The average of a column, as an aggregate: an `f64`, `None` of nothing. Integers add up exactly, those of 128 bits as `f64`.
pub fn avg<T: Component, F: Number>(column: Column<T, F>) -> Average<T, F> {
    Average(Reader::new(column))
}

/// The least value of a column, as an aggregate: `None` of nothing. Floats that are not a number are left out.
pub fn min<T: Component, F: Ordered>(column: Column<T, F>) -> Extreme<T, F> {
    extreme(column, false)
}

/// The greatest value of a column, as an aggregate: `None` of nothing. Floats that are not a number are left out.
pub fn max<T: Component, F: Ordered>(column: Column<T, F>) -> Extreme<T, F> {
    extreme(column, true)
}

fn extreme<T: Component, F: Ordered>(column: Column<T, F>, greatest: bool) -> Extreme<T, F> {
    let place = SortColumn::new(0, column.offset(), TypeRef::Static(check_column(column)));
    Extreme { reader: Reader::new(column), column: place.expect("what is `Ordered` has an order"), greatest }
}

impl<S: Schema> Aggregate<S> for Count {
    type Output = u64;
    type State = u64;
    type States = Vec<u64>;

    fn empty(&self) -> u64 {
        0
    }

    fn add(&self, _: View<'_, S>, _: usize, word: u64, state: &mut u64) {
        *state += u64::from(word.count_ones());
    }

    fn add_to_groups(&self, of: InGroups<'_, S>, states: &mut Vec<u64>) {
        states.resize(of.count, 0);
        if of.word == u64::MAX {
            of.groups.iter().for_each(|group| states[*group as usize] += 1);
            return;
        }
        bits(of.word).for_each(|bit| states[of.of(bit)] += 1);
    }

    fn merge(&self, _: View<'_, S>, state: &mut u64, later: u64) {
        *state += later;
    }

    fn finish(&self, _: View<'_, S>, state: u64) -> u64 {
        state
    }

    fn take(states: &mut Vec<u64>, group: usize) -> u64 {
        states[group]
    }
}

/// How many values there were, and what they add up to; as a float as well, where the sum may have no room for it.
type Added<F> = (u64, <F as Number>::Sum, f64);

impl<T: Component, F: Number> Reader<T, F> {
    fn add<S: Schema>(&self, view: View<'_, S>, block: usize, word: u64, (count, sum, wide): &mut Added<F>)
    where
        T: TableOf<S>,
    {
        let rows = block_rows::<S, T>(view, block);
        let value = |row: &T::Row| self.value(row, Heap::EMPTY);
        let added = match rows.all(word) {
            Some(rows) => {
                *count += rows.len() as u64;
                F::sum(rows.iter().map(value))
            }
            None => {
                *count += u64::from((word & rows.word).count_ones());
                F::sum(rows.chosen(word).map(|(_, row)| value(row)))
            }
        };
        *sum = F::sum_of(*sum, added);
        if F::IS_WIDE {
            *wide += rows.chosen(word).map(|(_, row)| value(row).rounded()).sum::<f64>();
        }
    }

    fn add_to_groups<S: Schema>(&self, of: InGroups<'_, S>, states: &mut Vec<Added<F>>)
    where
        T: TableOf<S>,
    {
        states.resize(of.count, Default::default());
        for (bit, row) in block_rows::<S, T>(of.view, of.block).chosen(of.word) {
            let (count, sum, wide) = &mut states[of.of(bit)];
            *count += 1;
            *sum = F::sum_of(*sum, F::sum(core::iter::once(self.value(row, Heap::EMPTY))));
            if F::IS_WIDE {
                *wide += self.value(row, Heap::EMPTY).rounded();
            }
        }
    }
}

/// Aggregates whose state is a count and a sum.
macro_rules! sums {
    ($($name:ident: $output:ty, |$count:ident, $sum:ident, $wide:ident| $finish:expr);+ $(;)?) => {$(
        impl<S: Schema, T: TableOf<S>, F: Number> Aggregate<S> for $name<T, F> {
            type Output = Option<$output>;
            type State = Added<F>;
            type States = Vec<Added<F>>;

            fn empty(&self) -> Added<F> {
                Default::default()
            }

            fn add(&self, view: View<'_, S>, block: usize, word: u64, state: &mut Added<F>) {
                self.0.add(view, block, word, state);
            }

            fn add_to_groups(&self, of: InGroups<'_, S>, states: &mut Vec<Added<F>>) {
                self.0.add_to_groups(of, states);
            }

            fn merge(&self, _: View<'_, S>, state: &mut Added<F>, later: Added<F>) {
                *state = (state.0 + later.0, F::sum_of(state.1, later.1), state.2 + later.2);
            }

            fn finish(&self, _: View<'_, S>, ($count, $sum, $wide): Added<F>) -> Option<$output> {
                ($count > 0).then(|| $finish)
            }

            fn take(states: &mut Vec<Added<F>>, group: usize) -> Added<F> {
                states[group]
            }
        }
    )+};
}
sums! {
    Sum: F::Sum, |count, sum, _wide| sum;
    Average: f64, |count, sum, wide| if F::IS_WIDE { wide } else { F::to_float(sum) } / count as f64;
}

/// A value, and the slot where it stands.
type Best = Option<(SortKey, u32)>;

impl<T: Component, F: Ordered> Extreme<T, F> {
    /// Puts `found` in the place of `best` if it is better.
    fn improve<S: Schema>(&self, view: View<'_, S>, best: &mut Best, found: (SortKey, u32))
    where
        T: TableOf<S>,
    {
        let is_better = best.is_none_or(|(key, slot)| {
            let table = &view.storage().tables[usize::from(T::INDEX)];
            let order = found.0.cmp(&key).then_with(|| self.column.rest(table, found.1, slot));
            if self.greatest { order.is_gt() } else { order.is_lt() }
        });
        if is_better {
            *best = Some(found);
        }
    }

    fn each<S: Schema>(&self, view: View<'_, S>, block: usize, word: u64, mut work: impl FnMut(u32, (SortKey, u32)))
    where
        T: TableOf<S>,
    {
        let rows = block_rows::<S, T>(view, block);
        let first = (block * BLOCK_SLOTS) as u32;
        if F::HAS_RANK {
            for (bit, row) in rows.chosen(word) {
                if let Some(bits) = self.reader.value(row, Heap::EMPTY).rank() {
                    work(bit, (SortKey { is_some: true, bits }, first + bit));
                }
            }
            return;
        }
        for (bit, row) in rows.chosen(word) {
            let heap = if T::Row::HAS_HEAP { rows.heap(row, bit).bytes() } else { &[] };
            let stored = RowBytes { row: bytes_of(row), heap };
            if !self.column.is_not_a_number(stored.row) {
                work(bit, (self.column.key(stored), first + bit));
            }
        }
    }
}

impl<S: Schema, T: TableOf<S>, F: Ordered> Aggregate<S> for Extreme<T, F> {
    type Output = Option<F>;
    type State = Best;
    type States = Vec<Best>;

    fn empty(&self) -> Best {
        None
    }

    fn add(&self, view: View<'_, S>, block: usize, word: u64, state: &mut Best) {
        self.each(view, block, word, |_, found| self.improve(view, state, found));
    }

    fn add_to_groups(&self, of: InGroups<'_, S>, states: &mut Vec<Best>) {
        states.resize(of.count, None);
        self.each(of.view, of.block, of.word, |bit, found| self.improve(of.view, &mut states[of.of(bit)], found));
    }

    fn merge(&self, view: View<'_, S>, state: &mut Best, later: Best) {
        if let Some(found) = later {
            self.improve(view, state, found);
        }
    }

    fn finish(&self, view: View<'_, S>, state: Best) -> Option<F> {
        let (_, slot) = state?;
        let (row, heap) = view.stored::<T>(slot)?;
        Some(self.reader.value(row, heap))
    }

    fn take(states: &mut Vec<Best>, group: usize) -> Best {
        states[group]
    }
}

macro_rules! tuples {
    ($($name:ident $index:tt),+) => {
        impl<S: Schema, $($name: Aggregate<S>),+> Aggregate<S> for ($($name,)+) {
            type Output = ($($name::Output,)+);
            type State = ($($name::State,)+);
            type States = ($($name::States,)+);

            fn empty(&self) -> Self::State {
                ($(self.$index.empty(),)+)
            }

            fn add(&self, view: View<'_, S>, block: usize, word: u64, state: &mut Self::State) {
                $(self.$index.add(view, block, word, &mut state.$index);)+
            }

            fn add_to_groups(&self, of: InGroups<'_, S>, states: &mut Self::States) {
                $(self.$index.add_to_groups(of, &mut states.$index);)+
            }

            fn merge(&self, view: View<'_, S>, state: &mut Self::State, later: Self::State) {
                $(self.$index.merge(view, &mut state.$index, later.$index);)+
            }

            fn finish(&self, view: View<'_, S>, state: Self::State) -> Self::Output {
                ($(self.$index.finish(view, state.$index),)+)
            }

            fn take(states: &mut Self::States, group: usize) -> Self::State {
                ($($name::take(&mut states.$index, group),)+)
            }
        }
    };
}
tuples!(A 0);
tuples!(A 0, B 1);
tuples!(A 0, B 1, C 2);
tuples!(A 0, B 1, C 2, D 3);
tuples!(A 0, B 1, C 2, D 3, E 4);
tuples!(A 0, B 1, C 2, D 3, E 4, F 5);

impl<'v, S: Schema, Q: QueryParam<S>> Query<'v, S, Q> {
    /// What the items come to: `aggregate((count(), sum(Purse::C.gold)))`. See [`Aggregate`].
    ///
    /// Cost: one pass over the columns, in one loop for each that knows its type.
    pub fn aggregate<A: Aggregate<S>>(&self, aggregate: A) -> A::Output {
        let (mut words, mut state) = (self.words(), aggregate.empty());
        while let Some(found) = words.next() {
            aggregate.add(self.view, found.block, found.word, &mut state);
        }
        aggregate.finish(self.view, state)
    }

    /// The same on the threads of the database, 4,096 slots at a time. Sums of floats depend on the order of the additions, which is
    /// another one here, and not the same each time; everything else comes out as of [`Self::aggregate`].
    pub fn par_aggregate<A: Aggregate<S> + Sync>(&self, aggregate: A) -> A::Output {
        let Some(workers) = self.workers else { return self.aggregate(aggregate) };
        let (view, filters) = (self.view, self.prepared());
        let chunk = |chunk| {
            let mut words = Words::<S, Q>::new(view, filters.clone(), chunk..chunk + 1);
            let mut state = aggregate.empty();
            while let Some(found) = words.next() {
                aggregate.add(view, found.block, found.word, &mut state);
            }
            state
        };
        let both = |mut state, later| {
            aggregate.merge(view, &mut state, later);
            state
        };
        let chunks = (0..view.storage().chunk_count()).into_par_iter();
        let state = workers.install(|| chunks.map(chunk).reduce(|| aggregate.empty(), both));
        aggregate.finish(view, state)
    }

    /// The sum of a column; see [`sum`].
    pub fn sum<T: TableOf<S>, F: Number>(&self, column: Column<T, F>) -> Option<F::Sum> {
        self.aggregate(sum(column))
    }

    /// The average of a column; see [`avg`].
    pub fn avg<T: TableOf<S>, F: Number>(&self, column: Column<T, F>) -> Option<f64> {
        self.aggregate(avg(column))
    }

    /// The least value of a column; see [`min`].
    pub fn min<T: TableOf<S>, F: Ordered>(&self, column: Column<T, F>) -> Option<F> {
        self.aggregate(min(column))
    }

    /// The greatest value of a column; see [`max`].
    pub fn max<T: TableOf<S>, F: Ordered>(&self, column: Column<T, F>) -> Option<F> {
        self.aggregate(max(column))
    }
}
