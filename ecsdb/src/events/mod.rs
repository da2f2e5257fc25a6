//! Who follows the changes: subscriptions, the differences between versions, and live queries.
//!
//! A consumer of change sets, like the log, but after the fact: it reads what the writer has put into the history, and never
//! makes anybody wait. It owns the step from touched rows to events: which entity, what was there before, what is there now,
//! and whether it belongs to what somebody asked for. It knows nothing of handles and threads of the database.

mod changes;
mod column;
mod delta;
mod event;
mod feed;
mod live;

pub use changes::Changes;
pub use column::{ColumnChange, ColumnsChanged, changed_fields};
pub use delta::{Delta, Sieve};
pub use event::{Event, view};
pub use feed::{CommitChanges, Feed, Gone, NoCommit, changes_between};
pub use live::{Turn, turns};
