//! Typed reads of one version: single rows, whole tables, joins.
//!
//! Owns the step from bytes to types: a [`View`] stands for a version that was made for a schema, and every read below it
//! is safe and copies nothing. It never changes anything, and never waits.

mod block;
mod builder;
mod condition;
mod dyn_view;
mod iter;
mod parallel;
mod param;
mod prefetch;
mod selection;
mod table_view;
mod view;

pub use builder::Query;
pub use condition::{And, ColumnTest, Condition, Has, IntoCondition, Node, Not, Only, Or, has};
pub use dyn_view::{DynRow, DynTable, DynView, FIELDS_TABLE, TABLES_TABLE};
pub use iter::QueryIter;
pub use param::{Fetch, Item, QueryParam, RowOf, RowParam};
pub use selection::Selection;
pub use table_view::{Pages, TableIter, TableView};
pub use view::{ReadError, View};
