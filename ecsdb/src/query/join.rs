//! Joins by reference: the items of one query, each with those of another that it refers to, or that refer to it.
//!
//! Owns which pairs there are. It keeps two slots for each pair, never the items.

use super::access::name_of;
use super::builder::Query;
use super::cost;
use super::param::{Item, QueryParam};
use super::plan::{Explanation, Plan, PlanError};
use super::rows::{At, Reader, block_rows, check_column};
use super::view::View;
use super::words::Filters;
use crate::bits::bits;
use crate::bytes::{Heap, Row};
use crate::component::{Column, Refers};
use crate::limits::{BLOCK_SLOTS, CHUNK_BLOCKS};
use crate::schema::{FieldType, IndexKind, Schema, TableOf, Value};
use crate::storage::IndexRead;

/// No slot: the item has no partner.
const NOBODY: u32 = u32::MAX;

/// Which way a join follows the references of its column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// The items on the left refer to those on the right.
    Forwards,
    /// The items on the right refer to those on the left.
    Backwards,
}

/// Two queries joined by references; made by [`Query::join`] and [`Query::join_children`].
///
/// Each item is a pair, in the order of slots on the left, then of slots on the right. A reference to an entity that is not
/// alive, or for which the other query has no item, gives no pair.
///
/// Cost: that of the query that has the references, and a bit test for each of them; the conditions of the other query are
/// evaluated for the blocks of 64 entities that are referred to. If few are referred to and there is an index of the column,
/// a look into it for each of them instead ([`explain`](Self::explain)). Eight bytes for each pair. A list that has an entity
/// several times makes one pair with it.
///
/// ```
/// # use ecsdb::{Component, Db, Entity, Ref};
/// #[derive(Component)]
/// struct Purse {
///     gold: u64,
/// }
/// #[derive(Component)]
/// struct Item {
///     owner: Ref<Purse>,
///     worth: u32,
/// }
/// # ecsdb::schema! { World: Purse, Item }
/// # let db = Db::<World>::in_memory()?;
/// let ann = db.spawn(Purse { gold: 100 })?;
/// let bob = db.spawn(Purse { gold: 7 })?;
/// let sword = db.spawn(Item { owner: Ref::to(ann), worth: 10 })?;
/// db.spawn(Item { owner: Ref::to(bob), worth: 5 })?;
///
/// let snapshot = db.snapshot();
/// let items = snapshot.query::<(Entity, ItemRef<'_>)>();
/// let rich = snapshot.query::<(Entity, PurseRef<'_>)>().filter(Purse::C.gold.ge(50));
/// // Items with their owners.
/// for ((item, _), (owner, purse)) in items.clone().join(Item::C.owner, rich.clone()) {
///     assert_eq!((item, owner, purse.gold()), (sword, ann, 100));
/// }
/// // Owners with their items, also those who have none that counts.
/// let dear = items.filter(Item::C.worth.ge(8));
/// let found = snapshot.query::<Entity>().with::<Purse>().left_join_children(Item::C.owner, dear);
/// let found: Vec<_> = found.iter().map(|(owner, item)| (owner, item.map(|(item, _)| item))).collect();
/// assert_eq!(found, [(ann, Some(sword)), (bob, None)]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "a query does nothing until it is iterated"]
pub struct Join<'v, S, L, R, T, F> {
    left: Query<'v, S, L>,
    right: Query<'v, S, R>,
    column: Column<T, F>,
    way: Way,
    /// How the pairs are to be found, if that was said.
    planned: Option<Plan>,
}

debug_as!(['v, S, L, R, T, F] Join<'v, S, L, R, T, F>);

/// As [`Join`], with the items on the left that have no partner; made by [`Query::left_join`] and
/// [`Query::left_join_children`].
#[must_use = "a query does nothing until it is iterated"]
pub struct LeftJoin<'v, S, L, R, T, F>(Join<'v, S, L, R, T, F>);

debug_as!(['v, S, L, R, T, F] LeftJoin<'v, S, L, R, T, F>);

impl<'v, S: Schema, L: QueryParam<S>> Query<'v, S, L> {
    fn joined<R, T: TableOf<S>, F: Refers>(
        self,
        column: Column<T, F>,
        right: Query<'v, S, R>,
        way: Way,
    ) -> Join<'v, S, L, R, T, F> {
        let is_same = core::ptr::eq(self.view.storage(), right.view.storage());
        assert!(is_same, "a query can be joined with another one of the same snapshot only");
        Join { left: self, right, column, way, planned: None }
    }

    /// Each item with that of the entity that its `column` refers to. Entities without the component of the column have no
    /// partner. See [`Join`].
    ///
    /// # Panics
    /// If the other query is one of another snapshot.
    pub fn join<R: QueryParam<S>, T: TableOf<S>, F: Refers>(
        self,
        column: Column<T, F>,
        other: Query<'v, S, R>,
    ) -> Join<'v, S, L, R, T, F> {
        self.joined(column, other, Way::Forwards)
    }

    /// Each item with those of the entities whose `column` refers to its entity. See [`Join`].
    ///
    /// # Panics
    /// If the other query is one of another snapshot.
    pub fn join_children<R: QueryParam<S>, T: TableOf<S>, F: Refers>(
        self,
        column: Column<T, F>,
        children: Query<'v, S, R>,
    ) -> Join<'v, S, L, R, T, F> {
        self.joined(column, children, Way::Backwards)
    }

    /// As [`join`](Self::join), with the items that have no partner, beside `None`.
    ///
    /// # Panics
    /// If the other query is one of another snapshot.
    pub fn left_join<R: QueryParam<S>, T: TableOf<S>, F: Refers>(
        self,
        column: Column<T, F>,
        other: Query<'v, S, R>,
    ) -> LeftJoin<'v, S, L, R, T, F> {
        LeftJoin(self.join(column, other))
    }

    /// As [`join_children`](Self::join_children), with the items that have no children, beside `None`.
    ///
    /// # Panics
    /// If the other query is one of another snapshot.
    pub fn left_join_children<R: QueryParam<S>, T: TableOf<S>, F: Refers>(
        self,
        column: Column<T, F>,
        children: Query<'v, S, R>,
    ) -> LeftJoin<'v, S, L, R, T, F> {
        LeftJoin(self.join_children(column, children))
    }
}

/// Which slots have an item of a query: found block by block, when it is asked for.
struct Having<'q, 'v, S: Schema, Q: QueryParam<S>> {
    view: View<'v, S>,
    filters: &'q Filters<'v, S>,
    at: At<'v, S, Q>,
    words: Vec<u64>,
    /// The blocks whose words are known.
    known: Vec<u64>,
}

impl<'q, 'v, S: Schema, Q: QueryParam<S>> Having<'q, 'v, S, Q> {
    /// For `query`, of which `filters` are what it is prepared with.
    fn new(query: &Query<'v, S, Q>, filters: &'q Filters<'v, S>) -> Self {
        let chunks = query.view.storage().chunk_count();
        let (words, known) = (vec![0; chunks * CHUNK_BLOCKS], vec![0; chunks]);
        Self { view: query.view, filters, at: At::new(query.view), words, known }
    }

    fn has(&mut self, slot: u32) -> bool {
        let (block, bit) = (slot as usize / BLOCK_SLOTS, slot as usize % BLOCK_SLOTS);
        let (group, one) = (block / CHUNK_BLOCKS, 1 << (block % CHUNK_BLOCKS));
        if self.known[group] & one == 0 {
            self.known[group] |= one;
            let word = self.at.word(self.view, block);
            self.words[block] = self.filters.word_of(self.view, block, word);
        }
        self.words[block] >> bit & 1 == 1
    }
}

impl<'v, S: Schema, L: QueryParam<S>, R: QueryParam<S>, T: TableOf<S>, F: Refers> Join<'v, S, L, R, T, F> {
    /// The pairs, one by one.
    pub fn iter(&self) -> Joined<'v, S, L, R> {
        Joined(LeftJoined::new(self.left.view, self.pairs(false)))
    }

    /// How many pairs there are.
    pub fn count(&self) -> usize {
        self.pairs(false).len()
    }

    /// The indexes that lead from an entity to those whose column refers to it.
    fn reverse(&self) -> impl Iterator<Item = IndexRead<'v>> {
        let (version, place) = (self.left.view.storage(), self.column.offset() as usize);
        let of = check_column(self.column);
        (0..version.indexes.definitions.all().len()).map(|number| IndexRead::new(version, number as u16)).filter(
            move |read| {
                let index = read.definition();
                let mut columns = index.key.columns_in_row();
                let is_own = columns.next().is_some_and(|(start, found, is_list)| {
                    start == place && if is_list { *of == FieldType::List(found.clone().into()) } else { of == found }
                });
                let leads = match index.kind {
                    IndexKind::Ordered => true,
                    IndexKind::Hash => columns.next().is_none(),
                    _ => false,
                };
                index.table == T::INDEX && is_own && leads && read.is_settled()
            },
        )
    }

    /// The index through which the pairs are found, beginning with those who are referred to; nothing if the rows that refer are
    /// looked at.
    fn driver(&self) -> Option<IndexRead<'v>> {
        match &self.planned {
            Some(Plan::Index(name)) => self.reverse().find(|read| name_of(read.definition()) == *name),
            Some(_) => None,
            None => {
                let read = self.reverse().next()?;
                let (referring, referred) = match self.way {
                    Way::Forwards => (self.left.estimate(), self.right.estimate()),
                    Way::Backwards => (self.right.estimate(), self.left.estimate()),
                };
                // What each of the referred has, besides finding it.
                let found = read.entries() / read.keys().max(1) + 1;
                (referred.saturating_mul(cost::JOIN_LOOKUP + found * cost::JOIN_ROW) < referring).then_some(read)
            }
        }
    }

    /// Makes the join find its pairs this way, whatever it costs: [`Plan::Scan`] looks at all rows that refer, an index of the column
    /// begins with those who are referred to.
    ///
    /// # Errors
    /// If the index does not lead from an entity to those whose column refers to it.
    pub fn plan(mut self, plan: Plan) -> Result<Self, PlanError> {
        if let Plan::Index(name) = &plan
            && !self.reverse().any(|read| name_of(read.definition()) == *name)
        {
            let usable = self.reverse().map(|read| name_of(read.definition())).collect();
            return Err(PlanError::Unusable { index: name.to_string(), usable });
        }
        self.planned = Some(plan);
        Ok(self)
    }

    /// How the join would find its pairs now. `rows` are those that refer, or those who are referred to.
    pub fn explain(&self) -> Explanation {
        let (referring, referred) = match self.way {
            Way::Forwards => (self.left.estimate(), self.right.estimate()),
            Way::Backwards => (self.right.estimate(), self.left.estimate()),
        };
        let through = |read: IndexRead<'_>| (Plan::index(name_of(read.definition())), referred);
        let driver = self.driver().map(through);
        let (plan, rows) = driver.clone().unwrap_or((Plan::Scan, referring));
        let all = core::iter::once((Plan::Scan, referring)).chain(self.reverse().map(through));
        let others = all.filter(|(other, _)| *other != plan).collect();
        Explanation { plan, rows, condition: None, others }
    }

    /// The slots of the pairs, in the order of both.
    fn pairs(&self, is_outer: bool) -> Vec<(u32, u32)> {
        let (column, driver) = (Reader::new(self.column), self.driver());
        let found = match (self.way, driver) {
            (Way::Forwards, None) => follow(&self.left, &self.right, &column),
            (Way::Forwards, Some(read)) => drive(&self.left, &self.right, read),
            (Way::Backwards, None) => follow(&self.right, &self.left, &column),
            (Way::Backwards, Some(read)) => drive(&self.right, &self.left, read),
        };
        let mut pairs = match self.way {
            Way::Forwards => found,
            Way::Backwards => found.into_iter().map(|(child, parent)| (parent, child)).collect(),
        };
        if !pairs.is_sorted() {
            pairs.sort_unstable();
        }
        // A list may have an entity several times.
        pairs.dedup();
        if is_outer { self.with_lonely(&pairs) } else { pairs }
    }

    /// The pairs, and the slots on the left that are in none.
    fn with_lonely(&self, pairs: &[(u32, u32)]) -> Vec<(u32, u32)> {
        let (mut words, mut all, mut done) = (self.left.words(), Vec::with_capacity(pairs.len()), 0);
        while let Some(found) = words.next() {
            for slot in bits(found.word).map(|bit| (found.block * BLOCK_SLOTS) as u32 + bit) {
                let own = pairs[done..].iter().take_while(|(left, _)| *left == slot).count();
                all.extend_from_slice(&pairs[done..done + own]);
                done += own;
                if own == 0 {
                    all.push((slot, NOBODY));
                }
            }
        }
        all
    }
}

/// The items of `from` with those of `to` that their column refers to, found by looking at the rows of `from`.
fn follow<'v, S: Schema, A: QueryParam<S>, B: QueryParam<S>, T: TableOf<S>, F: Refers>(
    from: &Query<'v, S, A>,
    to: &Query<'v, S, B>,
    column: &Reader<T, F>,
) -> Vec<(u32, u32)> {
    let (view, filters) = (from.view, to.prepared());
    let (mut partners, mut words, mut pairs) = (Having::new(to, &filters), from.words(), Vec::new());
    while let Some(found) = words.next() {
        let first = (found.block * BLOCK_SLOTS) as u32;
        let rows = block_rows::<S, T>(view, found.block);
        for (bit, row) in rows.chosen(found.word) {
            let heap = if T::Row::HAS_HEAP { rows.heap(row, bit) } else { Heap::EMPTY };
            F::each_entity(F::view(column.packed(row), heap), &mut |entity| {
                if view.storage().entities.is_alive(entity) && partners.has(entity.slot()) {
                    pairs.push((first + bit, entity.slot()));
                }
            });
        }
    }
    pairs
}

/// The same pairs, found by looking for the entities of `to` in an index of the column.
fn drive<'v, S: Schema, A: QueryParam<S>, B: QueryParam<S>>(
    from: &Query<'v, S, A>,
    to: &Query<'v, S, B>,
    read: IndexRead<'v>,
) -> Vec<(u32, u32)> {
    let (entities, filters) = (&from.view.storage().entities, from.prepared());
    let (mut partners, mut words, mut pairs) = (Having::new(from, &filters), to.words(), Vec::new());
    while let Some(found) = words.next() {
        for slot in bits(found.word).map(|bit| (found.block * BLOCK_SLOTS) as u32 + bit) {
            let probe =
                entities.in_slot(slot).map(|entity| read.definition().key.probe_values(&[Value::Entity(entity)]));
            // Only living entities are found, and every column that refers takes them.
            let Some(Ok(probe)) = probe else { continue };
            pairs.extend(read.equal(probe).filter(|other| partners.has(*other)).map(|other| (other, slot)));
        }
    }
    pairs
}

impl<'v, S: Schema, L: QueryParam<S>, R: QueryParam<S>, T: TableOf<S>, F: Refers> LeftJoin<'v, S, L, R, T, F> {
    /// The pairs, one by one.
    pub fn iter(&self) -> LeftJoined<'v, S, L, R> {
        LeftJoined::new(self.0.left.view, self.0.pairs(true))
    }

    /// How many there are: pairs, and items that have no partner.
    pub fn count(&self) -> usize {
        self.0.pairs(true).len()
    }
}

/// The pairs of a [`Join`].
pub struct Joined<'v, S: Schema, L: QueryParam<S>, R: QueryParam<S>>(LeftJoined<'v, S, L, R>);

debug_as!(['v, S: Schema, L: QueryParam<S>, R: QueryParam<S>] Joined<'v, S, L, R>);

/// The pairs of a [`LeftJoin`].
pub struct LeftJoined<'v, S: Schema, L: QueryParam<S>, R: QueryParam<S>> {
    left: At<'v, S, L>,
    right: At<'v, S, R>,
    pairs: std::vec::IntoIter<(u32, u32)>,
}

debug_as!(['v, S: Schema, L: QueryParam<S>, R: QueryParam<S>] LeftJoined<'v, S, L, R>);

impl<'v, S: Schema, L: QueryParam<S>, R: QueryParam<S>> LeftJoined<'v, S, L, R> {
    fn new(view: View<'v, S>, pairs: Vec<(u32, u32)>) -> Self {
        Self { left: At::new(view), right: At::new(view), pairs: pairs.into_iter() }
    }
}

impl<'v, S: Schema, L: QueryParam<S>, R: QueryParam<S>> Iterator for LeftJoined<'v, S, L, R> {
    type Item = (Item<'v, S, L>, Option<Item<'v, S, R>>);

    fn next(&mut self) -> Option<Self::Item> {
        let (left, right) = self.pairs.next()?;
        Some((self.left.item(left), (right != NOBODY).then(|| self.right.item(right))))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.pairs.size_hint()
    }
}

impl<'v, S: Schema, L: QueryParam<S>, R: QueryParam<S>> Iterator for Joined<'v, S, L, R> {
    type Item = (Item<'v, S, L>, Item<'v, S, R>);

    fn next(&mut self) -> Option<Self::Item> {
        let (left, right) = self.0.next()?;
        Some((left, right?))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl<S: Schema, L: QueryParam<S>, R: QueryParam<S>> ExactSizeIterator for LeftJoined<'_, S, L, R> {}
impl<S: Schema, L: QueryParam<S>, R: QueryParam<S>> ExactSizeIterator for Joined<'_, S, L, R> {}

impl<'v, S: Schema, L: QueryParam<S>, R: QueryParam<S>, T: TableOf<S>, F: Refers> IntoIterator
    for Join<'v, S, L, R, T, F>
{
    type Item = (Item<'v, S, L>, Item<'v, S, R>);
    type IntoIter = Joined<'v, S, L, R>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<'v, S: Schema, L: QueryParam<S>, R: QueryParam<S>, T: TableOf<S>, F: Refers> IntoIterator
    for LeftJoin<'v, S, L, R, T, F>
{
    type Item = (Item<'v, S, L>, Option<Item<'v, S, R>>);
    type IntoIter = LeftJoined<'v, S, L, R>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
