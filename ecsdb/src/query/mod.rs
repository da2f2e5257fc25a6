//! Reading one version: single rows, whole tables, queries with conditions, orders, groups and joins.
//!
//! Owns the step from bytes to types: a [`View`] stands for a version that was made for a schema, and every read below it
//! is safe and copies nothing. It never changes anything, and never waits for the writer.

mod access;
mod aggregate;
mod block;
mod builder;
mod condition;
mod cost;
mod dyn_index;
mod dyn_query;
mod dyn_view;
mod get_each;
mod group;
mod in_order;
mod index_view;
mod iter;
mod join;
mod matching;
mod one_each;
mod parallel;
mod param;
mod plan;
mod relations;
mod rows;
mod selection;
mod sort_key;
mod sorted;
mod spatial_view;
mod table_source;
mod table_view;
mod view;
mod words;

pub use aggregate::{Aggregate, Average, Count, Extreme, Sum, avg, count, max, min, sum};
pub use builder::Query;
pub(crate) use condition::Node;
pub use condition::{And, ColumnTest, Condition, Has, IntoCondition, Not, Only, Or, has};
pub use dyn_index::{DynIndex, DynRows};
pub use dyn_query::DynQuery;
pub use dyn_view::{DynRow, DynTable, DynView, FIELDS_TABLE, INDEXES_TABLE, TABLES_TABLE};
pub use group::Grouped;
pub use index_view::{IndexRows, IndexView, KeyPrefix};
pub use iter::QueryIter;
pub use join::{Join, Joined, LeftJoin, LeftJoined};
pub(crate) use matching::{is_indexed, matching};
pub(crate) use param::Fetch;
pub use param::{Item, QueryParam, RowParam};
pub use plan::{Explanation, Plan};
pub use relations::{Children, Hierarchy};
pub(crate) use selection::Selection;
pub use sorted::{IntoOrder, Order, Sorted, SortedIter};
pub use spatial_view::{Coordinate, SpatialRows, SpatialView};
pub use table_view::{Pages, TableIter, TableView};
pub use view::View;

pub(crate) use elsewhere::*;

/// What users find in `ecsdb::error`, and generated code in `__private`.
pub(crate) mod elsewhere {
    pub use super::param::RowOf;
    pub use super::plan::PlanError;
    pub use super::view::ReadError;
}
