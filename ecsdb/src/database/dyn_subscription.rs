//! Subscriptions by the names of tables and fields.

use core::pin::Pin;
use core::task::{Context, Poll};
use core::time::Duration;
use std::sync::Arc;

use futures_core::Stream;
use thiserror::Error;

use super::dyn_db::DynSnapshot;
use super::subscription::{Follower, Lagged, Receiver, RecvError, until_closed};
use crate::entity::Entity;
use crate::events::{CommitChanges, Delta, Sieve, changed_fields};
use crate::query::DynRow;
use crate::schema::{DatabaseSchema, TableSchema};
use crate::transaction::TransactionError;

/// Why there is no subscription.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SubscribeError {
    /// There is no such table.
    #[error("there is no table `{table}`")]
    UnknownTable {
        /// The table asked for.
        table: String,
    },
    /// The database is closed, or this is the inside of a transaction.
    #[error(transparent)]
    Transaction(#[from] TransactionError),
}

/// A condition on a row that is read by names.
type Condition = Arc<dyn Fn(&DynRow<'_>) -> bool + Send + Sync>;

/// The changes of one table of a [`DynDb`](crate::DynDb), commit by commit; see [`Subscription`](crate::Subscription).
///
/// A change of the schema is a loss: what the commits before it did is not told any more, and after
/// [`resync`](Self::resync) rows have the fields of the new schema.
///
/// ```
/// use ecsdb::changes::DynEvent;
/// use ecsdb::{DynDb, schema::{DatabaseSchema, Value}};
///
/// let schema = DatabaseSchema::from_toml(
///     "[database]\nname = \"game\"\n[[tables.health.fields]]\nname = \"hp\"\ntype = \"u32\"",
///     "game.toml",
/// )?;
/// let db = DynDb::in_memory(schema)?;
/// let mut hurt = db.subscribe("health")?.filter_by(|row| row.get("hp").is_some_and(|hp| hp != Value::U32(20)));
/// let mob = db.write(|tx| Ok(tx.spawn(&[("health", &[("hp", Value::U32(20))])])?))?;
/// db.write(move |tx| Ok(tx.set("health", mob, "hp", Value::U32(13))?))?;
///
/// let changes = hurt.recv()?;
/// let Some(DynEvent::Added { entity, new }) = changes.iter().next() else { panic!() };
/// assert_eq!((entity, new.get("hp")), (mob, Some(Value::U32(13))));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct DynSubscription {
    receiver: Receiver,
    table: u16,
    entity: Option<Entity>,
    conditions: Vec<Condition>,
    /// The tables that the versions to come have.
    schema: Arc<DatabaseSchema>,
}

debug_as!(DynSubscription);

/// What one commit did to the rows of a table.
pub struct DynChanges {
    commit: CommitChanges,
    sieve: Arc<Sieve>,
    schema: Arc<DatabaseSchema>,
}

debug_as!(DynChanges);

/// What became of the row of one entity.
#[derive(Debug)]
pub enum DynEvent<'a> {
    /// The entity has a row that is asked for, and had none before.
    Added {
        /// Whose it is.
        entity: Entity,
        /// The row.
        new: DynRow<'a>,
    },
    /// The row has other values.
    Changed {
        /// Whose it is.
        entity: Entity,
        /// The names of the fields that differ, in the order of the schema.
        fields: Vec<&'a str>,
        /// The row before.
        old: DynRow<'a>,
        /// The row now.
        new: DynRow<'a>,
    },
    /// The entity has no row any more that is asked for.
    Removed {
        /// Whose it was.
        entity: Entity,
        /// The row before.
        old: DynRow<'a>,
    },
}

impl DynSubscription {
    pub(super) fn new(follower: Follower, table: &str) -> Result<Self, SubscribeError> {
        // Pinned after the place in the history was taken: should the tables have changed in between, what comes next is a loss.
        let schema = Arc::clone(&follower.published.load().schema);
        let found = schema.table(table);
        let (table, _) = found.ok_or_else(|| SubscribeError::UnknownTable { table: table.to_owned() })?;
        let table = table as u16;
        let receiver = follower.receive(Sieve::table(table));
        Ok(Self { receiver, table, entity: None, conditions: Vec::new(), schema })
    }

    /// Only the row of `entity`. To be said before anything is received.
    #[must_use]
    pub fn entity(mut self, entity: Entity) -> Self {
        self.entity = Some(entity);
        self.sift();
        self
    }

    /// Only rows for which `condition` holds; said again, both must hold. To be said before anything is received; otherwise as
    /// [`Subscription::filter_by`](crate::Subscription::filter_by).
    #[must_use]
    pub fn filter_by(mut self, condition: impl Fn(&DynRow<'_>) -> bool + Send + Sync + 'static) -> Self {
        self.conditions.push(Arc::new(condition));
        self.sift();
        self
    }

    /// Has the receiver look for what is asked for, in rows of the schema that there is.
    fn sift(&mut self) {
        let mut sieve = Sieve::table(self.table);
        sieve.entity = self.entity;
        for condition in &self.conditions {
            let (condition, schema, table) = (Arc::clone(condition), Arc::clone(&self.schema), self.table);
            sieve
                .filters
                .push(Arc::new(move |entity, row| condition(&DynRow::stored(entity, table_of(&schema, table), row))));
        }
        self.receiver.feed.sift(sieve);
    }

    fn named(&self, commit: CommitChanges) -> DynChanges {
        DynChanges { commit, sieve: Arc::clone(self.receiver.feed.sieve()), schema: Arc::clone(&self.schema) }
    }

    /// The changes of the next commit. Waits for it.
    ///
    /// # Errors
    /// As for [`Subscription::recv`](crate::Subscription::recv).
    pub fn recv(&mut self) -> Result<DynChanges, RecvError> {
        let commit = self.receiver.recv()?;
        Ok(self.named(commit))
    }

    /// The changes of the next commit, if they are there.
    ///
    /// # Errors
    /// As for [`Subscription::recv`](crate::Subscription::recv).
    pub fn try_recv(&mut self) -> Result<Option<DynChanges>, RecvError> {
        let commit = self.receiver.try_recv()?;
        Ok(commit.map(|commit| self.named(commit)))
    }

    /// The changes of the next commit. Waits for it, but no longer than `timeout`.
    ///
    /// # Errors
    /// As for [`Subscription::recv`](crate::Subscription::recv).
    pub fn recv_timeout(&mut self, timeout: Duration) -> Result<Option<DynChanges>, RecvError> {
        let commit = self.receiver.recv_timeout(timeout)?;
        Ok(commit.map(|commit| self.named(commit)))
    }

    /// The changes of the next commit, for a task. Cancel safe.
    ///
    /// # Errors
    /// As for [`Subscription::recv`](crate::Subscription::recv).
    pub fn poll_recv(&mut self, context: &mut Context<'_>) -> Poll<Result<DynChanges, RecvError>> {
        self.receiver.poll_recv(context).map(|commit| Ok(self.named(commit?)))
    }

    /// Pins the version that is published now, and goes on right after it, with the tables that it has.
    pub fn resync(&mut self) -> DynSnapshot {
        let version = self.receiver.resync();
        self.schema = Arc::clone(&version.schema);
        self.sift();
        DynSnapshot::pinned(version)
    }

    /// The version whose changes come next, at the earliest.
    pub fn next_version(&self) -> u64 {
        self.receiver.feed.next_version()
    }
}

/// Ends when the database is closed.
impl Stream for DynSubscription {
    type Item = Result<DynChanges, Lagged>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_recv(context).map(until_closed)
    }
}

impl DynChanges {
    /// The version that the commit is part of.
    pub fn version(&self) -> u64 {
        self.commit.changes().version()
    }

    /// The table, as it is in this version.
    pub fn table(&self) -> &TableSchema {
        table_of(&self.schema, self.sieve.table)
    }

    /// What happened, row by row. Each entity occurs once.
    pub fn iter(&self) -> impl Iterator<Item = DynEvent<'_>> + '_ {
        let table = self.table();
        self.sieve.deltas(self.commit.changes()).map(move |delta| match delta {
            Delta::Added { entity, new } => DynEvent::Added { entity, new: DynRow::stored(entity, table, new) },
            Delta::Removed { entity, old } => DynEvent::Removed { entity, old: DynRow::stored(entity, table, old) },
            Delta::Changed { entity, old, new } => DynEvent::Changed {
                entity,
                fields: changed_fields(table, old, new).collect(),
                old: DynRow::stored(entity, table, old),
                new: DynRow::stored(entity, table, new),
            },
        })
    }
}

impl<'a> DynEvent<'a> {
    /// Whose row it is.
    pub fn entity(&self) -> Entity {
        match self {
            Self::Added { entity, .. } | Self::Changed { entity, .. } | Self::Removed { entity, .. } => *entity,
        }
    }

    /// The row before, if there was one.
    pub fn before(&self) -> Option<&DynRow<'a>> {
        match self {
            Self::Added { .. } => None,
            Self::Changed { old, .. } | Self::Removed { old, .. } => Some(old),
        }
    }

    /// The row now, if there is one.
    pub fn after(&self) -> Option<&DynRow<'a>> {
        match self {
            Self::Added { new, .. } | Self::Changed { new, .. } => Some(new),
            Self::Removed { .. } => None,
        }
    }
}

/// The table with the number `table`, which there is in every schema of a database that once had it.
fn table_of(schema: &DatabaseSchema, table: u16) -> &TableSchema {
    &schema.tables()[usize::from(table)]
}
