//! Queries on all cores.

use rayon::prelude::*;

use super::builder::Query;
use super::iter::QueryIter;
use super::param::{Item, QueryParam};
use crate::schema::Schema;

impl<'v, S: Schema, Q: QueryParam<S>> Query<'v, S, Q> {
    /// Calls `work` with every item, chunk by chunk of 4,096 slots on the threads of `workers`.
    pub(crate) fn par_for_each_on(self, workers: &rayon::ThreadPool, work: impl Fn(Item<'v, S, Q>) + Send + Sync) {
        self.par_fold_on(workers, || (), |(), item| work(item), |(), ()| ());
    }

    /// Folds the items of each chunk from `init` on with `fold`, and the results with `reduce`.
    pub(crate) fn par_fold_on<A: Send>(
        self,
        workers: &rayon::ThreadPool,
        init: impl Fn() -> A + Send + Sync,
        fold: impl Fn(A, Item<'v, S, Q>) -> A + Send + Sync,
        reduce: impl Fn(A, A) -> A + Send + Sync,
    ) -> A {
        let view = self.view;
        let filters = &self.filters;
        workers.install(|| {
            (0..view.storage().chunk_count())
                .into_par_iter()
                .map(|chunk| QueryIter::<S, Q>::new(view, filters.clone(), chunk..chunk + 1).fold(init(), &fold))
                .reduce(&init, &reduce)
        })
    }
}
