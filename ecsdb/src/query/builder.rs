//! A query in the making: what it gives, and for whom.

use core::marker::PhantomData;

use super::iter::QueryIter;
use super::param::{Item, QueryParam};
use super::view::View;
use crate::schema::{Schema, TableOf};
use crate::storage::Table;

/// A condition on presence alone.
#[derive(Clone, Copy)]
pub struct Filter<'v> {
    pub table: &'v Table,
    pub wanted: bool,
}

/// A query over one version: `view.query::<(Entity, &Pos, Option<&Vel>)>().with::<Mob>()`.
///
/// It is an iterator in waiting: `for item in query`, [`iter`](Self::iter), [`for_each`](Self::for_each) (the fastest),
/// or in parallel with [`par_for_each`](Self::par_for_each). Items come in the order of slots.
///
/// A query that asks for nothing but optional rows gives an item for every living entity.
///
/// Cost: proportional to the blocks of 64 slots that have all required components, and to the items; blocks without
/// are skipped 64 at a time.
#[must_use = "a query does nothing until it is iterated"]
pub struct Query<'v, S, Q> {
    pub(super) view: View<'v, S>,
    pub(super) filters: Vec<Filter<'v>>,
    param: PhantomData<fn() -> Q>,
}

impl<'v, S: Schema, Q: QueryParam<S>> Query<'v, S, Q> {
    pub(super) fn new(view: View<'v, S>) -> Self {
        Self { view, filters: Vec::new(), param: PhantomData }
    }

    /// Only entities that have a `T`.
    pub fn with<T: TableOf<S>>(self) -> Self {
        self.filter::<T>(true)
    }

    /// Only entities that have no `T`.
    pub fn without<T: TableOf<S>>(self) -> Self {
        self.filter::<T>(false)
    }

    fn filter<T: TableOf<S>>(mut self, wanted: bool) -> Self {
        self.filters.push(Filter { table: &self.view.storage().tables[usize::from(T::INDEX)], wanted });
        self
    }

    /// The items, one by one.
    pub fn iter(&self) -> QueryIter<'v, S, Q> {
        QueryIter::new(self.view, self.filters.clone(), 0..self.view.storage().chunk_count())
    }

    /// Calls `work` with every item. The fastest way: whole blocks in one loop.
    #[inline]
    pub fn for_each(self, work: impl FnMut(Item<'v, S, Q>)) {
        self.iter().for_each(work);
    }

    /// How many items there are. Cost: as above, without touching any row.
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
