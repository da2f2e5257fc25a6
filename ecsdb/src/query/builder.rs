//! A query in the making: what it gives, and for whom.

use core::marker::PhantomData;

use super::condition::{Condition, IntoCondition};
use super::iter::QueryIter;
use super::param::{Item, QueryParam};
use super::view::View;
use crate::schema::{Schema, TableOf};
use crate::storage::Table;

/// Which entities a query is about, besides having the components that it asks for.
pub struct Filters<'v, S> {
    /// Conditions on presence alone.
    pub presence: Vec<Presence<'v>>,
    /// The condition on columns.
    pub condition: Option<Condition<S>>,
}

/// A condition on presence alone.
#[derive(Clone, Copy)]
pub struct Presence<'v> {
    table: &'v Table,
    wanted: bool,
}

impl<S> Clone for Filters<'_, S> {
    fn clone(&self) -> Self {
        Self { presence: self.presence.clone(), condition: self.condition.clone() }
    }
}

impl<S: Schema> Filters<'_, S> {
    /// No filter.
    pub const NONE: Self = Self { presence: Vec::new(), condition: None };

    /// Whether every entity passes.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.presence.is_empty() && self.condition.is_none()
    }

    /// Which of the slots `word` of block `block`, all of living entities, pass.
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

/// A query over one version: what it gives for each entity, and which entities it is about.
///
/// Made by [`View::query`] and [`Transaction::query`](crate::Transaction::query); a snapshot gives a
/// [`SnapshotQuery`](crate::SnapshotQuery), which runs in parallel too. It is an iterator in waiting: `for item in
/// query`, [`iter`](Self::iter), or [`for_each`](Self::for_each), the fastest. Items come in the order of slots. A query
/// gives the entities that have *every* component that it asks for without `Option`.
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
    param: PhantomData<fn() -> Q>,
}

impl<'v, S: Schema, Q: QueryParam<S>> Query<'v, S, Q> {
    pub(super) fn new(view: View<'v, S>) -> Self {
        Self { view, filters: Filters::NONE, param: PhantomData }
    }

    /// Only entities that have a `T`.
    pub fn with<T: TableOf<S>>(self) -> Self {
        self.presence::<T>(true)
    }

    /// Only entities that have no `T`.
    pub fn without<T: TableOf<S>>(self) -> Self {
        self.presence::<T>(false)
    }

    /// Only entities for which `condition` holds; see [`Condition`]. Several filters must all hold.
    ///
    /// Cost: that of the condition, for the blocks in which the components that are asked for occur.
    pub fn filter(mut self, condition: impl IntoCondition<S>) -> Self {
        let condition = condition.into_condition();
        self.filters.condition = Some(match self.filters.condition.take() {
            Some(before) => before.and(condition).into_condition(),
            None => condition,
        });
        self
    }

    fn presence<T: TableOf<S>>(mut self, wanted: bool) -> Self {
        self.filters.presence.push(Presence { table: &self.view.storage().tables[usize::from(T::INDEX)], wanted });
        self
    }

    /// The items, one by one, in the order of slots.
    pub fn iter(&self) -> QueryIter<'v, S, Q> {
        QueryIter::new(self.view, self.filters.clone(), 0..self.view.storage().chunk_count())
    }

    /// Calls `work` with every item. The fastest way: whole blocks in one loop.
    #[inline]
    pub fn for_each(self, work: impl FnMut(Item<'v, S, Q>)) {
        self.iter().for_each(work);
    }

    /// How many items there are. Cost: the blocks, without touching any row but for a condition.
    pub fn count(self) -> usize {
        self.iter().count_items()
    }
}

impl<'v, S: Schema, Q: QueryParam<S>> IntoIterator for Query<'v, S, Q> {
    type Item = Item<'v, S, Q>;
    type IntoIter = QueryIter<'v, S, Q>;

    fn into_iter(self) -> Self::IntoIter {
        let chunks = 0..self.view.storage().chunk_count();
        QueryIter::new(self.view, self.filters, chunks)
    }
}
