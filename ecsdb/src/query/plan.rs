//! How a query finds its entities: by looking at all blocks, or through an index.
//!
//! Owns what users can say and see of it. An index only says where to look: the condition is evaluated all the same, so a plan never
//! changes what is found.

use core::fmt;
use std::borrow::Cow;

use thiserror::Error;

use super::access::{Access, accesses, choose};
use super::builder::Query;
use super::param::{Fetch, QueryParam};
use super::words::Filters;
use crate::schema::Schema;

/// How a query finds its entities.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Plan {
    /// By looking at every block in which the components occur that are asked for.
    Scan,
    /// Through an index: `item.level`, the table and the name of the index.
    Index(Cow<'static, str>),
}

impl Plan {
    /// Through this index: `item.level`, the table and the name of the index.
    pub fn index(name: impl Into<Cow<'static, str>>) -> Self {
        Self::Index(name.into())
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scan => f.write_str("scan"),
            Self::Index(name) => write!(f, "index {name}"),
        }
    }
}

/// A plan that cannot be carried out.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PlanError {
    /// There is no such index, or it is of no use for the query: it needs a comparison with a value in its first column, and
    /// a hash index or a grid one in all columns, which must hold for every item.
    #[error(
        "index `{index}` is of no use here{}",
        if usable.is_empty() { ": no index is".to_owned() } else { format!(": of use are `{}`", usable.join("`, `")) }
    )]
    Unusable {
        /// The index that was asked for.
        index: String,
        /// The indexes that are of use.
        usable: Vec<String>,
    },
}

/// What a query will do, and why: printed with `{}`.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Explanation {
    /// How it finds its entities.
    pub plan: Plan,
    /// About how many it has to look at.
    pub rows: u64,
    /// What is asked of each of them.
    pub condition: Option<String>,
    /// The other plans that there are, each with about how many entities it would have to look at.
    pub others: Vec<(Plan, u64)>,
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: about {} rows", self.plan, self.rows)?;
        if let Some(condition) = &self.condition {
            write!(f, "\n  where {condition}")?;
        }
        for (plan, rows) in &self.others {
            write!(f, "\n  instead of {plan}: about {rows} rows")?;
        }
        Ok(())
    }
}

/// Which way a query has been told to go.
#[derive(Clone, Default)]
pub enum Planned {
    /// The cheapest.
    #[default]
    Cheapest,
    /// Looking at all blocks.
    Scan,
    /// Through an index.
    Through(Access),
}

impl<'v, S: Schema, Q: QueryParam<S>> Query<'v, S, Q> {
    /// The ways through indexes that there are.
    fn accesses(&self) -> Vec<Access> {
        let condition = self.filters.condition.as_ref();
        condition.map_or_else(Vec::new, |condition| accesses(self.view.storage(), condition.node()))
    }

    /// The way through an index that the query takes, if it takes one.
    pub(super) fn access(&self) -> Option<Access> {
        match &self.planned {
            Planned::Scan => None,
            Planned::Through(access) => Some(access.clone()),
            // Something has found the entities already.
            Planned::Cheapest if self.filters.candidates.is_some() => None,
            Planned::Cheapest => choose(self.view.storage(), self.filters.condition.as_ref()?.node()),
        }
    }

    /// The filters, with the slots that an index has found if the query goes through one.
    pub(super) fn prepared(&self) -> Filters<'v, S> {
        let mut filters = self.filters.clone();
        if let Some(access) = self.access() {
            filters.restrict(access.slots(self.view.storage()));
        }
        filters
    }

    /// About how many entities the query looks at, at most.
    pub(super) fn estimate(&self) -> u64 {
        let version = self.view.storage();
        let mut most = version.entities.count();
        Q::Fetch::tables(&mut |table, is_required| {
            if is_required {
                most = most.min(version.tables[usize::from(table)].rows());
            }
        });
        let found = self.filters.candidates.iter().flat_map(|found| found.iter());
        let candidates = found.map(|(_, word)| u64::from(word.count_ones())).sum();
        most = if self.filters.candidates.is_some() { most.min(candidates) } else { most };
        self.access().map_or(most, |access| access.rows().min(most))
    }

    /// Makes the query go this way, whatever it costs: for tests and measurements. Filters that are added later do not change it.
    ///
    /// # Errors
    /// If the index is of no use for the filters so far.
    pub fn plan(mut self, plan: Plan) -> Result<Self, PlanError> {
        let Plan::Index(name) = plan else {
            self.planned = Planned::Scan;
            return Ok(self);
        };
        let (version, accesses) = (self.view.storage(), self.accesses());
        let own = |access: &&Access| access.name(version) == name;
        match accesses.iter().find(own) {
            Some(access) => {
                self.planned = Planned::Through(access.clone());
                Ok(self)
            }
            None => {
                let usable = accesses.iter().map(|access| access.name(version)).collect();
                Err(PlanError::Unusable { index: name.into_owned(), usable })
            }
        }
    }

    /// How the query would find its entities now, and what else it could do. Cost: that of planning; no row is looked at.
    ///
    /// ```
    /// # use ecsdb::query::Plan;
    /// # use ecsdb::{Component, Db};
    /// #[derive(Component)]
    /// struct Item {
    ///     #[component(index)]
    ///     level: u16,
    ///     worth: u32,
    /// }
    /// # ecsdb::schema! { World: Item }
    /// # let db = Db::<World>::in_memory()?;
    /// db.write(|tx| Ok(tx.spawn_all((0..10_000).map(|n| Item { level: n % 1000, worth: 1 }))?))?;
    /// let snapshot = db.snapshot();
    /// let query = snapshot.query::<ItemRef<'_>>().filter(Item::C.level.eq(7).and(Item::C.worth.ge(1)));
    /// let explanation = query.explain();
    /// assert_eq!(explanation.plan, Plan::index("item.level"));
    /// println!("{explanation}");
    /// // Every plan finds the same.
    /// assert_eq!(query.clone().plan(Plan::Scan)?.count(), query.count());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn explain(&self) -> Explanation {
        let version = self.view.storage();
        let mut scan = self.clone();
        scan.planned = Planned::Scan;
        let mut others: Vec<(Plan, u64)> =
            self.accesses().iter().map(|access| (Plan::index(access.name(version)), access.rows())).collect();
        others.insert(0, (Plan::Scan, scan.estimate()));
        let plan = self.access().map_or(Plan::Scan, |access| Plan::index(access.name(version)));
        let at = others.iter().position(|(other, _)| *other == plan).unwrap_or(0);
        let (plan, rows) = others.remove(at);
        let condition = self.filters.condition.as_ref().map(ToString::to_string);
        Explanation { plan, rows, condition, others }
    }
}
