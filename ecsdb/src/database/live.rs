//! Live queries: what a query gives, kept up to date by differences.

use core::pin::Pin;
use core::task::{Context, Poll};
use core::time::Duration;
use std::sync::Arc;
use std::time::Instant;

use futures_core::Stream;

use super::snapshot::Snapshot;
use super::subscription::{Follower, RecvError, check};
use crate::events::{Turn, turns};
use crate::query::{IntoCondition, Item, QueryParam, Selection};
use crate::schema::{Schema, TableOf};
use crate::sync::Nothing;
use crate::sync::shim::{deadline_after, is_past};

/// How often a task goes on to a newer version without finding anything, before it lets others go first.
const STEPS_OF_A_POLL: usize = 16;

/// What a query gives, and then what becomes of it.
///
/// It holds a snapshot, that of its *place*, and each [`receive`](Self::recv) goes on to a newer one and gives the difference: who
/// is selected now and was not, who is no more, and whose rows are others. It is a net difference: several commits come as one, and
/// what was changed and changed back does not come at all. So it is never too slow; if the history of changes does not reach
/// back to its place, it compares all that there is. For every single commit of one table there is
/// [`Subscription`](crate::Subscription).
///
/// Cost of a step: what the commits in between have touched in the tables in question, whatever the size of the tables.
/// While it rests, its snapshot keeps the pages alive that have changed since.
///
/// ```
/// # use ecsdb::changes::QueryEvent;
/// # use ecsdb::{Component, Db, Entity};
/// # #[derive(Component)] #[repr(C)] struct Pos { x: f32, y: f32 }
/// # #[derive(Component)] struct Health { hp: u32 }
/// # #[derive(Component)] struct Hidden;
/// # ecsdb::schema! { World: Pos, Health, Hidden }
/// let db = Db::<World>::in_memory()?;
/// let mob = db.spawn((Pos { x: 1.0, y: 2.0 }, Health { hp: 20 }))?;
///
/// // What is drawn: everything near that is not hidden, with its health if it has some.
/// let mut near = db.watch::<(Entity, &Pos, Option<HealthRef<'_>>)>()?.without::<Hidden>().filter(Pos::C.x.lt(10.0));
/// assert_eq!(near.iter().count(), 1);
///
/// db.update(mob, Health::C.hp.sub(1))?;
/// let changes = near.recv()?;
/// let Some(QueryEvent::Changed { old, new }) = changes.iter().next() else { panic!() };
/// assert_eq!((old.2.map(|health| health.hp()), new.2.map(|health| health.hp())), (Some(20), Some(19)));
///
/// db.insert(mob, Hidden)?;
/// assert!(matches!(near.recv()?.iter().next(), Some(QueryEvent::Removed { .. })));
/// assert!(near.try_recv()?.is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct LiveQuery<S: Schema, Q> {
    selection: Arc<Selection<S, Q>>,
    /// Invariant: of a database with schema `S`.
    follower: Follower,
    /// That of its place.
    snapshot: Snapshot<S>,
}

debug_as!([S: Schema, Q] LiveQuery<S, Q>);

/// What has become of what a query gives, between two versions. It holds both, so the rows are read where they lie.
pub struct QueryChanges<S: Schema, Q> {
    selection: Arc<Selection<S, Q>>,
    old: Snapshot<S>,
    new: Snapshot<S>,
    turns: Vec<Turn>,
}

debug_as!([S: Schema, Q] QueryChanges<S, Q>);

/// What has become of one item of a query.
#[derive(Debug)]
pub enum QueryEvent<I> {
    /// The query gives it now.
    Added {
        /// The item.
        new: I,
    },
    /// One of its rows is another, or an optional one came or went.
    Changed {
        /// The item before.
        old: I,
        /// The item now.
        new: I,
    },
    /// The query does not give it any more.
    Removed {
        /// The item before.
        old: I,
    },
}

impl<S: Schema, Q: QueryParam<S>> LiveQuery<S, Q> {
    /// What the query gives, from now on.
    ///
    /// # Safety
    /// The database that `follower` follows was opened with the tables of `S`.
    pub(super) unsafe fn new(mut follower: Follower) -> Self {
        // SAFETY: the caller's promise.
        let snapshot = unsafe { follower.pin() };
        Self { selection: Arc::new(Selection::new()), follower, snapshot }
    }

    /// Only entities that have a `T`.
    #[must_use]
    pub fn with<T: TableOf<S>>(self) -> Self {
        self.select(|selection| selection.require::<T>(true))
    }

    /// Only entities that have no `T`.
    #[must_use]
    pub fn without<T: TableOf<S>>(self) -> Self {
        self.select(|selection| selection.require::<T>(false))
    }

    /// Only entities for which `condition` holds; see [`Condition`](crate::query::Condition). Several must all hold.
    #[must_use]
    pub fn filter(self, condition: impl IntoCondition<S>) -> Self {
        self.select(|selection| selection.filter(condition))
    }

    fn select(mut self, change: impl FnOnce(&mut Selection<S, Q>)) -> Self {
        // Differences that were given keep what they were given for.
        change(Arc::make_mut(&mut self.selection));
        self
    }

    /// The snapshot of its place: that which the next difference begins from.
    pub fn snapshot(&self) -> &Snapshot<S> {
        &self.snapshot
    }

    /// What the query gives at its place, in the order of slots.
    pub fn iter(&self) -> impl Iterator<Item = Item<'_, S, Q>> + '_ {
        self.selection.items(self.snapshot.view())
    }

    /// What has changed since. Waits until something has.
    ///
    /// # Errors
    /// [`RecvError::Closed`] if nothing will; [`RecvError::Reentrant`] inside a transaction.
    pub fn recv(&mut self) -> Result<QueryChanges<S, Q>, RecvError> {
        // Without a deadline it waits for as long as it takes.
        self.recv_until(None)?.ok_or(RecvError::Closed)
    }

    /// What has changed since. Waits until something has, but no longer than `timeout`.
    ///
    /// # Errors
    /// As for [`recv`](Self::recv).
    pub fn recv_timeout(&mut self, timeout: Duration) -> Result<Option<QueryChanges<S, Q>>, RecvError> {
        self.recv_until(deadline_after(timeout))
    }

    fn recv_until(&mut self, deadline: Option<Instant>) -> Result<Option<QueryChanges<S, Q>>, RecvError> {
        check(&self.follower.readers)?;
        loop {
            match self.follower.cursor.next(deadline) {
                Err(Nothing::Yet) => return Ok(None),
                Err(Nothing::Closed) => return Err(RecvError::Closed),
                Ok(_) | Err(Nothing::Lost(_)) => {}
            }
            if let Some(changes) = self.step() {
                return Ok(Some(changes));
            }
            // It has seen everything that there is. Commits that are about something else may go on for ever.
            if is_past(deadline) {
                return Ok(None);
            }
        }
    }

    /// What has changed since, if something has.
    ///
    /// # Errors
    /// As for [`recv`](Self::recv).
    pub fn try_recv(&mut self) -> Result<Option<QueryChanges<S, Q>>, RecvError> {
        match self.follower.cursor.try_next() {
            Err(Nothing::Yet) => Ok(None),
            Err(Nothing::Closed) => Err(RecvError::Closed),
            Ok(_) | Err(Nothing::Lost(_)) => Ok(self.step()),
        }
    }

    /// What has changed since, for a task. Cancel safe. After some commits that were about something else it lets other tasks
    /// go first.
    ///
    /// # Errors
    /// As for [`recv`](Self::recv).
    pub fn poll_recv(&mut self, context: &mut Context<'_>) -> Poll<Result<QueryChanges<S, Q>, RecvError>> {
        for _ in 0..STEPS_OF_A_POLL {
            match self.follower.cursor.poll_next(context) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Err(Nothing::Closed)) => return Poll::Ready(Err(RecvError::Closed)),
                Poll::Ready(Ok(_) | Err(_)) => {}
            }
            if let Some(changes) = self.step() {
                return Poll::Ready(Ok(changes));
            }
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }

    /// Goes on to what is published now.
    fn step(&mut self) -> Option<QueryChanges<S, Q>> {
        // SAFETY: the invariant of `follower`.
        let new: Snapshot<S> = unsafe { self.follower.pin() };
        let turns = turns(self.follower.readers.history(), &self.selection, self.snapshot.view(), new.view());
        let old = core::mem::replace(&mut self.snapshot, new.clone());
        (!turns.is_empty()).then(|| QueryChanges { selection: Arc::clone(&self.selection), old, new, turns })
    }
}

/// Ends when the database is closed.
impl<S: Schema, Q: QueryParam<S>> Stream for LiveQuery<S, Q> {
    type Item = QueryChanges<S, Q>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_recv(context).map(Result::ok)
    }
}

impl<S: Schema, Q: QueryParam<S>> QueryChanges<S, Q> {
    /// The snapshot that the difference begins from.
    pub fn before(&self) -> &Snapshot<S> {
        &self.old
    }

    /// The snapshot that it leads to.
    pub fn after(&self) -> &Snapshot<S> {
        &self.new
    }

    /// What has become of each item, in the order of slots. In a slot that has a new owner the removal comes first.
    pub fn iter(&self) -> impl Iterator<Item = QueryEvent<Item<'_, S, Q>>> + '_ {
        let old = |slot| self.selection.item(self.old.view(), slot);
        let new = |slot| self.selection.item(self.new.view(), slot);
        self.turns.iter().filter_map(move |turn| {
            Some(match *turn {
                Turn::Added(slot) => QueryEvent::Added { new: new(slot)? },
                Turn::Changed(slot) => QueryEvent::Changed { old: old(slot)?, new: new(slot)? },
                Turn::Removed(slot) => QueryEvent::Removed { old: old(slot)? },
            })
        })
    }
}
