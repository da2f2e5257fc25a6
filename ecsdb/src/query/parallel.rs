//! Queries on all cores.

use rayon::prelude::*;

use super::builder::Query;
use super::iter::QueryIter;
use super::param::{Item, QueryParam};
use crate::schema::Schema;

impl<'v, S: Schema, Q: QueryParam<S>> Query<'v, S, Q> {
    /// Calls `work` with every item, 4,096 slots at a time on the threads of the database. The order is not defined.
    ///
    /// A query of a [`View`](crate::View) knows no threads, and works alone.
    ///
    /// # Panics
    /// If `work` does.
    pub fn par_for_each(self, work: impl Fn(Item<'v, S, Q>) + Send + Sync) {
        self.par_fold(|| (), |(), item| work(item), |(), ()| ());
    }

    /// Folds the items on the threads of the database: each 4,096 slots from `init` on with `fold`, the results with
    /// `reduce`, which must not care about order.
    ///
    /// ```
    /// # use ecsdb::{Component, Db};
    /// # #[derive(Component)] struct Purse { gold: u64 }
    /// # ecsdb::schema! { World: Purse }
    /// # let db = Db::<World>::in_memory()?;
    /// db.write(|tx| Ok(tx.spawn_all((0..10_000).map(|gold| Purse { gold }))?))?;
    /// let snapshot = db.snapshot();
    /// let wealth = snapshot.query::<PurseRef<'_>>().par_fold(|| 0, |sum, purse| sum + purse.gold(), |a, b| a + b);
    /// assert_eq!(wealth, 49_995_000);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Panics
    /// If one of the closures does.
    pub fn par_fold<A: Send>(
        self,
        init: impl Fn() -> A + Send + Sync,
        fold: impl Fn(A, Item<'v, S, Q>) -> A + Send + Sync,
        reduce: impl Fn(A, A) -> A + Send + Sync,
    ) -> A {
        let Some(workers) = self.workers else { return self.into_iter().fold(init(), fold) };
        let view = self.view;
        let filters = &self.prepared();
        workers.install(|| {
            (0..view.storage().chunk_count())
                .into_par_iter()
                .map(|chunk| QueryIter::<S, Q>::new(view, filters.clone(), chunk..chunk + 1).fold(init(), &fold))
                .reduce(&init, &reduce)
        })
    }
}
