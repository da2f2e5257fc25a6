//! Items in an order of one's own, and only some of them.
//!
//! Owns what `order_by`, `limit` and `offset` do. It keeps a key and a slot for each item, never the item, and of a query
//! with a limit no more than twice as many as are asked for.

use core::cmp::Ordering;
use core::marker::PhantomData;

use super::builder::Query;
use super::param::{Item, QueryParam};
use super::rows::{At, check_column, each_row};
use super::sort_key::{SortColumn, SortKey};
use crate::bits::bits;
use crate::bytes::RowBytes;
use crate::component::{Column, Component, Sortable};
use crate::limits::BLOCK_SLOTS;
use crate::schema::{Schema, TableOf, TypeRef};
use crate::storage::Version;

/// A column to order by, and which way; made by [`Column::asc`] and [`Column::desc`].
pub struct Order<T> {
    /// The table's number is not known yet.
    column: SortColumn,
    descending: bool,
    table: PhantomData<fn() -> T>,
}

debug_as!([T] Order<T>);

/// What the items of a query over a database with schema `S` can be ordered by: a column of one of its tables, or what
/// [`Column::desc`] makes of it.
#[diagnostic::on_unimplemented(
    message = "items of a query of `{S}` cannot be ordered by `{Self}`",
    label = "not a column of `{S}` whose values have an order"
)]
pub trait IntoOrder<S: Schema> {
    /// The column and the direction.
    #[doc(hidden)]
    fn into_order(self) -> SortBy;
}

/// A column to order by, and which way.
#[derive(Clone, Debug)]
pub struct SortBy {
    pub(super) column: SortColumn,
    pub(super) descending: bool,
}

impl<T: Component, F: Sortable> Column<T, F> {
    /// Ordered by this column, the least first. What has no value, or no such component, comes before everything.
    pub fn asc(self) -> Order<T> {
        let of = TypeRef::Static(check_column(self));
        let column = SortColumn::new(0, self.offset(), of);
        Order { column: column.expect("what is `Sortable` has an order"), descending: false, table: PhantomData }
    }

    /// Ordered by this column, the greatest first. What has no value, or no such component, comes last.
    pub fn desc(self) -> Order<T> {
        Order { descending: true, ..self.asc() }
    }
}

impl<S: Schema, T: TableOf<S>> IntoOrder<S> for Order<T> {
    fn into_order(self) -> SortBy {
        SortBy { column: self.column.of_table(T::INDEX), descending: self.descending }
    }
}

impl<S: Schema, T: TableOf<S>, F: Sortable> IntoOrder<S> for Column<T, F> {
    fn into_order(self) -> SortBy {
        IntoOrder::<S>::into_order(self.asc())
    }
}

impl SortBy {
    fn directed(&self, key: SortKey) -> SortKey {
        if self.descending { key.reversed() } else { key }
    }

    /// The key of whatever stands in a slot.
    pub(super) fn key_at(&self, version: &Version, slot: u32) -> SortKey {
        self.directed(self.column.key_at(version, slot))
    }

    /// The order of two slots whose keys are the same.
    fn rest(&self, version: &Version, one: u32, other: u32) -> Ordering {
        let order = self.column.rest(self.column.table(version), one, other);
        if self.descending { order.reverse() } else { order }
    }

    /// Calls `work` with the key of each slot of a block.
    fn keys(&self, version: &Version, block: usize, word: u64, mut work: impl FnMut(SortKey, u32)) {
        let (table, first) = (self.column.table(version), (block * BLOCK_SLOTS) as u32);
        if self.column.needs_heap() {
            return bits(word).for_each(|bit| work(self.key_at(version, first + bit), first + bit));
        }
        let absent = word & !table.word(block);
        bits(absent).for_each(|bit| work(self.directed(SortKey::NONE), first + bit));
        each_row(table, block, word, |bit, row| {
            work(self.directed(self.column.key(RowBytes::plain(row))), first + bit);
        });
    }
}

/// The items of a query in an order, or only some of them; made by [`Query::order_by`], [`Query::limit`] and
/// [`Query::offset`].
///
/// Items that are alike in all columns come in the order of slots. Floats are ordered by their bits: -NaN, -inf, ..., -0,
/// 0, ..., inf, NaN; entities by slot, then generation. What has no value comes first, and last in descending order; so does an
/// entity that lacks the component.
///
/// Cost: that of the query, and sorting as many keys as it has items. With a limit of `k`, sorting `k` keys and comparing
/// each other one with the worst of them. With a limit, and an ordered index that begins with the first column, only as many entries
/// of that are looked at as it takes to find so many items, if these are few; [`explain`](Self::explain) says so.
///
/// ```
/// # use ecsdb::{Component, Db, Entity};
/// # #[derive(Component)] struct Score { points: u32, name: String }
/// # ecsdb::schema! { World: Score }
/// # let db = Db::<World>::in_memory()?;
/// for (points, name) in [(7, "bob"), (9, "ann"), (7, "eve"), (1, "kim")] {
///     db.spawn(Score { points, name: name.to_owned() })?;
/// }
/// let snapshot = db.snapshot();
/// let best = snapshot.query::<ScoreRef<'_>>().order_by(Score::C.points.desc()).then_by(Score::C.name.desc()).limit(3);
/// let names: Vec<&str> = best.iter().map(|score| score.name()).collect();
/// assert_eq!(names, ["ann", "eve", "bob"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "a query does nothing until it is iterated"]
pub struct Sorted<'v, S, Q> {
    pub(super) query: Query<'v, S, Q>,
    pub(super) orders: Vec<SortBy>,
    pub(super) offset: usize,
    pub(super) limit: Option<usize>,
}

debug_as!(['v, S, Q] Sorted<'v, S, Q>);

impl<'v, S: Schema, Q: QueryParam<S>> Query<'v, S, Q> {
    fn unordered(self) -> Sorted<'v, S, Q> {
        Sorted { query: self, orders: Vec::new(), offset: 0, limit: None }
    }

    /// The items ordered by a column: `order_by(Purse::C.gold)`, or `order_by(Purse::C.gold.desc())`. It may be one of a
    /// component that the query does not ask for. See [`Sorted`].
    pub fn order_by(self, order: impl IntoOrder<S>) -> Sorted<'v, S, Q> {
        self.unordered().then_by(order)
    }

    /// The first `count` items at most.
    pub fn limit(self, count: usize) -> Sorted<'v, S, Q> {
        self.unordered().limit(count)
    }

    /// All items but the first `count`.
    pub fn offset(self, count: usize) -> Sorted<'v, S, Q> {
        self.unordered().offset(count)
    }
}

impl<'v, S: Schema, Q: QueryParam<S>> Sorted<'v, S, Q> {
    /// Those that are alike so far are ordered by this column.
    pub fn then_by(mut self, order: impl IntoOrder<S>) -> Self {
        self.orders.push(order.into_order());
        self
    }

    /// The first `count` items at most, after those that [`offset`](Self::offset) leaves out.
    pub fn limit(self, count: usize) -> Self {
        Self { limit: Some(count), ..self }
    }

    /// Without the first `count` items.
    pub fn offset(self, count: usize) -> Self {
        Self { offset: count, ..self }
    }

    /// The items.
    pub fn iter(&self) -> SortedIter<'v, S, Q> {
        self.iter_of(self.slots(self.limit))
    }

    fn iter_of(&self, slots: Vec<u32>) -> SortedIter<'v, S, Q> {
        SortedIter { at: At::new(self.query.view), slots: slots.into_iter() }
    }

    /// How many items there are. Cost: that of [`Query::count`].
    pub fn count(&self) -> usize {
        let left = self.query.count().saturating_sub(self.offset);
        self.limit.map_or(left, |limit| left.min(limit))
    }

    /// The first item.
    pub fn first(&self) -> Option<Item<'v, S, Q>> {
        let limit = self.limit.map_or(1, |limit| limit.min(1));
        self.iter_of(self.slots(Some(limit))).next()
    }

    /// The slots of the items, `limit` at most.
    fn slots(&self, limit: Option<usize>) -> Vec<u32> {
        if let Some(slots) = self.slots_in_order(limit) {
            return slots;
        }
        let mut words = self.query.words();
        let blocks = core::iter::from_fn(|| words.next().map(|found| (found.block, found.word)));
        chosen(self.query.view.storage(), &self.orders, self.offset, limit, blocks)
    }
}

/// The slots of some blocks in an order, without the first `offset`, and of these `limit` at most.
pub fn chosen(
    version: &Version,
    orders: &[SortBy],
    offset: usize,
    limit: Option<usize>,
    blocks: impl Iterator<Item = (usize, u64)>,
) -> Vec<u32> {
    let most = limit.map_or(usize::MAX, |limit| limit.saturating_add(offset));
    let mut slots = if most <= offset {
        Vec::new()
    } else if let Some(first) = orders.first() {
        let mut best = Best::new(most, |one: &Entry, other: &Entry| compare(version, orders, one, other));
        for (block, word) in blocks {
            first.keys(version, block, word, |key, slot| best.add(Entry { key, slot }));
        }
        best.slots()
    } else {
        blocks
            .flat_map(|(block, word)| bits(word).map(move |bit| (block * BLOCK_SLOTS) as u32 + bit))
            .take(most)
            .collect()
    };
    slots.drain(..offset.min(slots.len()));
    slots
}

/// The slots of the first `most` of some entries in an order, without the first `offset`.
pub(super) fn first_of(
    version: &Version,
    orders: &[SortBy],
    offset: usize,
    most: usize,
    entries: impl Iterator<Item = Entry>,
) -> Vec<u32> {
    let mut best = Best::new(most, |one: &Entry, other: &Entry| compare(version, orders, one, other));
    entries.for_each(|entry| best.add(entry));
    let mut slots = best.slots();
    slots.drain(..offset.min(slots.len()));
    slots
}

/// The order of two entries: keys are those of the first column.
fn compare(version: &Version, orders: &[SortBy], one: &Entry, other: &Entry) -> Ordering {
    let rest = |by: &SortBy| by.rest(version, one.slot, other.slot);
    let keys = |by: &SortBy| by.key_at(version, one.slot).cmp(&by.key_at(version, other.slot));
    let order = orders.iter().enumerate().fold(Ordering::Equal, |order, (index, by)| {
        let key = || if index == 0 { one.key.cmp(&other.key) } else { keys(by) };
        order.then_with(key).then_with(|| rest(by))
    });
    order.then(one.slot.cmp(&other.slot))
}

impl<'v, S: Schema, Q: QueryParam<S>> IntoIterator for Sorted<'v, S, Q> {
    type Item = Item<'v, S, Q>;
    type IntoIter = SortedIter<'v, S, Q>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// What is kept of an item while it is sorted.
pub(super) struct Entry {
    pub key: SortKey,
    pub slot: u32,
}

/// The least `most` entries of all that were added.
struct Best<C> {
    entries: Vec<Entry>,
    most: usize,
    /// What is greater than this key is not one of them.
    bound: Option<SortKey>,
    compare: C,
}

impl<C: Fn(&Entry, &Entry) -> Ordering> Best<C> {
    fn new(most: usize, compare: C) -> Self {
        Self { entries: Vec::new(), most, bound: None, compare }
    }

    #[inline]
    fn add(&mut self, entry: Entry) {
        if self.bound.is_some_and(|bound| entry.key > bound) {
            return;
        }
        self.entries.push(entry);
        // Every second time as many entries have come as are kept, half of them go: that is a constant number of comparisons for each.
        if self.entries.len() >= self.most.saturating_mul(2).max(64) {
            self.cut();
        }
    }

    fn cut(&mut self) {
        if self.entries.len() > self.most {
            self.entries.select_nth_unstable_by(self.most - 1, &self.compare);
            self.entries.truncate(self.most);
            self.bound = self.entries.last().map(|worst| worst.key);
        }
    }

    /// The slots of the entries, in their order.
    fn slots(mut self) -> Vec<u32> {
        self.cut();
        self.entries.sort_unstable_by(&self.compare);
        self.entries.into_iter().map(|entry| entry.slot).collect()
    }
}

/// The items of a [`Sorted`].
pub struct SortedIter<'v, S: Schema, Q: QueryParam<S>> {
    at: At<'v, S, Q>,
    slots: std::vec::IntoIter<u32>,
}

debug_as!(['v, S: Schema, Q: QueryParam<S>] SortedIter<'v, S, Q>);

impl<'v, S: Schema, Q: QueryParam<S>> Iterator for SortedIter<'v, S, Q> {
    type Item = Item<'v, S, Q>;

    fn next(&mut self) -> Option<Self::Item> {
        let slot = self.slots.next()?;
        Some(self.at.item(slot))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.slots.size_hint()
    }
}

impl<S: Schema, Q: QueryParam<S>> DoubleEndedIterator for SortedIter<'_, S, Q> {
    fn next_back(&mut self) -> Option<Self::Item> {
        let slot = self.slots.next_back()?;
        Some(self.at.item(slot))
    }
}

impl<S: Schema, Q: QueryParam<S>> ExactSizeIterator for SortedIter<'_, S, Q> {}
