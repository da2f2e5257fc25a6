//! What the caller of a commit holds, and what it gets.

use core::ops::Index;
use core::pin::Pin;
use core::task::{Context, Poll};
use core::time::Duration;

use super::error::TransactionError;
use super::job::Outcome;
use super::reentrancy::DatabaseId;
use crate::entity::Entity;
use crate::sync::Pending;

/// A transaction that was committed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Commit {
    /// The version in which its changes became visible.
    pub version: u64,
    /// The entities that it spawned, in the order in which the builder promised them.
    pub entities: Vec<Entity>,
}

impl Commit {
    /// The entity that was promised as `promised`; any other entity is returned as it is.
    ///
    /// # Panics
    /// If `promised` was promised by another transaction, which spawned more entities than this one.
    pub fn entity(&self, promised: Entity) -> Entity {
        promised.promise().map_or(promised, |index| self.entities[index as usize])
    }
}

/// `commit[promised]` is `commit.entity(promised)`, for promised entities.
///
/// # Panics
/// If the entity was not promised, or by another transaction, which spawned more entities than this one.
impl Index<Entity> for Commit {
    type Output = Entity;

    fn index(&self, promised: Entity) -> &Entity {
        let index = promised.promise().expect("only promised entities can be looked up in a commit");
        &self.entities[index as usize]
    }
}

/// The claim on the outcome of a transaction that was queued.
///
/// Wait for it with [`visible`](Self::visible), or await it. Dropping it gives up the claim, not the transaction.
#[must_use = "the transaction may fail: wait for the ticket, or drop it on purpose"]
pub struct Ticket {
    pending: Pending<Outcome>,
    database: DatabaseId,
}

impl Ticket {
    pub(super) fn new(pending: Pending<Outcome>, database: DatabaseId) -> Self {
        Self { pending, database }
    }

    /// The outcome if it is known already, `None` if it is still to come. Never blocks.
    ///
    /// # Errors
    /// Why the transaction was not committed. The outcome is told once: after it comes [`TransactionError::Closed`].
    pub fn try_visible(&mut self) -> Result<Option<Commit>, TransactionError> {
        match self.pending.try_get() {
            Ok(Some(outcome)) => outcome.map(Some),
            Ok(None) => Ok(None),
            Err(_) => Err(TransactionError::Closed),
        }
    }

    /// Blocks until the changes are visible to every reader.
    ///
    /// # Errors
    /// Why the transaction was not committed; [`TransactionError::Reentrant`] inside a transaction of the same database.
    pub fn visible(self) -> Result<Commit, TransactionError> {
        if self.database.is_entered() {
            return Err(TransactionError::Reentrant);
        }
        self.pending.wait().unwrap_or(Err(TransactionError::Closed))
    }

    /// Blocks until the changes are visible, but no longer than `timeout`.
    ///
    /// # Errors
    /// As for [`Self::visible`], and [`TransactionError::Timeout`]: then the outcome is still to come, and the ticket may
    /// be asked again. The outcome is given once; asking after it gives [`TransactionError::Closed`].
    pub fn visible_timeout(&mut self, timeout: Duration) -> Result<Commit, TransactionError> {
        if self.database.is_entered() {
            return Err(TransactionError::Reentrant);
        }
        match self.pending.wait_timeout(timeout) {
            Ok(Some(outcome)) => outcome,
            Ok(None) => Err(TransactionError::Timeout),
            Err(_) => Err(TransactionError::Closed),
        }
    }
}

/// Cancel safe: dropping the future gives up the claim, not the transaction.
impl Future for Ticket {
    type Output = Result<Commit, TransactionError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if self.database.is_entered() {
            return Poll::Ready(Err(TransactionError::Reentrant));
        }
        Pin::new(&mut self.pending).poll(context).map(|outcome| outcome.unwrap_or(Err(TransactionError::Closed)))
    }
}
