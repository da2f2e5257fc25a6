//! Typed reads of one version: single rows, whole tables, joins.
//!
//! Owns the step from bytes to types: a [`View`] stands for a version that was made for a schema, and every read below it
//! is safe and copies nothing. It never changes anything, and never waits.

mod access;
mod aggregate;
mod block;
mod builder;
mod condition;
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
pub use condition::{And, ColumnTest, Condition, Has, IntoCondition, Node, Not, Only, Or, has};
pub use dyn_index::{DynIndex, DynRows};
pub use dyn_query::DynQuery;
pub use dyn_view::{DynRow, DynTable, DynView, FIELDS_TABLE, INDEXES_TABLE, TABLES_TABLE};
pub use group::Grouped;
pub use index_view::{IndexRows, IndexView, KeyPrefix};
pub use iter::QueryIter;
pub use join::{Join, Joined, LeftJoin, LeftJoined};
pub use matching::{is_indexed, matching};
pub use param::{Fetch, Item, QueryParam, RowOf, RowParam};
pub use plan::{Explanation, Plan, PlanError};
pub use relations::{Children, Hierarchy};
pub use selection::Selection;
pub use sorted::{IntoOrder, Order, Sorted, SortedIter};
pub use spatial_view::{Coordinate, SpatialRows, SpatialView};
pub use table_view::{Pages, TableIter, TableView};
pub use view::{ReadError, View};
