//! A query in the making: what it gives, and for whom.

use core::marker::PhantomData;

use rayon::ThreadPool;

use super::condition::IntoCondition;
use super::iter::QueryIter;
use super::param::{Item, QueryParam};
use super::plan::Planned;
use super::view::View;
use super::words::{Filters, Words};
use crate::entity::Entity;
use crate::schema::{Schema, TableOf};

/// A query over one version: what it gives for each entity, and which entities it is about.
///
/// Made by [`Snapshot::query`](crate::Snapshot::query), [`Transaction::query`](crate::Transaction::query) and [`View::query`].
/// It is an iterator in waiting: `for item in query`, [`iter`](Self::iter), or [`for_each`](Self::for_each), the fastest.
/// Items come in the order of slots, or as [`order_by`](Self::order_by) says. A query gives the entities that have *every*
/// component that it asks for without `Option`, and for which its [`filter`](Self::filter) holds.
///
/// A query that asks for nothing but optional rows gives an item for every living entity.
///
/// Cost: proportional to the items, and to the blocks of 64 slots in which all required components occur. Blocks in which
/// one of them is absent are skipped 64 at a time.
///
/// ```
/// # use ecsdb::{Component, Db, Entity};
/// # #[derive(Component)] #[repr(C)] struct Pos { x: f32, y: f32 }
/// # #[derive(Component)] #[repr(C)] struct Vel { x: f32, y: f32 }
/// # #[derive(Component)] struct Frozen;
/// # ecsdb::schema! { World: Pos, Vel, Frozen }
/// # let db = Db::<World>::in_memory()?;
/// let (mover, rock) = db.write(|tx| {
///     tx.spawn((Pos { x: 0.0, y: 0.0 }, Vel { x: 3.0, y: 4.0 }, Frozen))?;
///     Ok((tx.spawn((Pos { x: 1.0, y: 0.0 }, Vel { x: 3.0, y: 4.0 }))?, tx.spawn(Pos { x: 2.0, y: 0.0 })?))
/// })?;
/// let snapshot = db.snapshot();
/// let mut speeds = Vec::new();
/// for (entity, pos, vel) in snapshot.query::<(Entity, &Pos, Option<&Vel>)>().without::<Frozen>() {
///     assert!(pos.x > 0.0);
///     speeds.push((entity, vel.map_or(0.0, |vel| vel.x.hypot(vel.y))));
/// }
/// speeds.sort_by_key(|(entity, _)| *entity);
/// let mut expected = [(mover, 5.0), (rock, 0.0)];
/// expected.sort_by_key(|(entity, _)| *entity);
/// assert_eq!(speeds, expected);
/// assert_eq!(snapshot.query::<&Pos>().with::<Vel>().count(), 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "a query does nothing until it is iterated"]
pub struct Query<'v, S, Q> {
    pub(super) view: View<'v, S>,
    pub(super) filters: Filters<'v, S>,
    /// The threads of the database, where they are known.
    pub(super) workers: Option<&'v ThreadPool>,
    /// How it finds its entities.
    pub(super) planned: Planned,
    param: PhantomData<fn() -> Q>,
}

debug_as!(['v, S, Q] Query<'v, S, Q>);

impl<S, Q> Clone for Query<'_, S, Q> {
    fn clone(&self) -> Self {
        let (filters, planned) = (self.filters.clone(), self.planned.clone());
        Self { view: self.view, filters, workers: self.workers, planned, param: PhantomData }
    }
}

impl<'v, S: Schema, Q: QueryParam<S>> Query<'v, S, Q> {
    pub(super) fn new(view: View<'v, S>) -> Self {
        Self { view, filters: Filters::NONE, workers: None, planned: Planned::Cheapest, param: PhantomData }
    }

    /// The same query, which may use these threads.
    pub(crate) fn on(self, workers: &'v ThreadPool) -> Self {
        Self { workers: Some(workers), ..self }
    }

    /// Only entities that have a `T`.
    pub fn with<T: TableOf<S>>(mut self) -> Self {
        self.filters.presence::<T>(self.view, true);
        self
    }

    /// Only entities that have no `T`.
    pub fn without<T: TableOf<S>>(mut self) -> Self {
        self.filters.presence::<T>(self.view, false);
        self
    }

    /// Only entities for which `condition` holds; see [`Condition`](crate::query::Condition). Several filters must all hold.
    ///
    /// Cost: that of the condition, for the blocks in which the components that are asked for occur; or for the rows that an
    /// index finds, where one costs less ([`explain`](Self::explain)).
    pub fn filter(mut self, condition: impl IntoCondition<S>) -> Self {
        let condition = condition.into_condition();
        self.filters.condition = Some(match self.filters.condition.take() {
            Some(before) => before.and(condition).into_condition(),
            None => condition,
        });
        self
    }

    /// Only these entities, in whatever order and however often they come; those that are not alive are left out.
    ///
    /// Cost: sorting them. Then only blocks in which there are some are looked at.
    pub fn among(mut self, entities: impl IntoIterator<Item = Entity>) -> Self {
        let alive = entities.into_iter().filter(|entity| self.view.is_alive(*entity));
        let slots = alive.map(Entity::slot).collect();
        self.filters.restrict(slots);
        self
    }

    /// The items, one by one, in the order of slots.
    #[inline(always)]
    pub fn iter(&self) -> QueryIter<'v, S, Q> {
        self.clone().into_iter()
    }

    /// Calls `work` with every item. The fastest way: whole blocks in one loop.
    #[inline]
    pub fn for_each(self, work: impl FnMut(Item<'v, S, Q>)) {
        self.into_iter().for_each(work);
    }

    /// The blocks with items.
    pub(super) fn words(&self) -> Words<'v, S, Q> {
        Words::new(self.view, self.prepared(), 0..self.view.storage().chunk_count())
    }

    /// How many items there are. Cost: the blocks, without touching any row but for a condition.
    pub fn count(&self) -> usize {
        let (mut words, mut count) = (self.words(), 0);
        while let Some(found) = words.next() {
            count += found.word.count_ones() as usize;
        }
        count
    }

    /// Whether there is an item. Cost: up to the first one.
    pub fn exists(&self) -> bool {
        self.words().next().is_some()
    }

    /// The first item in the order of slots. Cost: up to it.
    pub fn first(&self) -> Option<Item<'v, S, Q>> {
        self.iter().next()
    }
}

impl<'v, S: Schema, Q: QueryParam<S>> IntoIterator for Query<'v, S, Q> {
    type Item = Item<'v, S, Q>;
    type IntoIter = QueryIter<'v, S, Q>;

    // Made where it is used, it need not lie in memory.
    #[inline(always)]
    fn into_iter(self) -> Self::IntoIter {
        let chunks = 0..self.view.storage().chunk_count();
        QueryIter::new(self.view, self.prepared(), chunks)
    }
}
