//! What the caller of a commit holds, and what it gets.

use core::ops::Index;
use core::pin::Pin;
use core::task::{Context, Poll};
use core::time::Duration;
use std::sync::Arc;
use std::time::Instant;

use super::bulk::Counted;
use super::commit_log::LogError;
use super::error::TransactionError;
use super::queue::Queue;
use crate::entity::Entity;
use crate::sync::{Closed, Pending, Watermark};

/// A closure or a procedure that was committed, and what it returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Written<R> {
    /// The version in which its changes became visible.
    pub version: u64,
    /// What it returned.
    pub result: R,
}

/// What became visible with a version: [`Commit`] and [`Written`].
pub trait Versioned {
    /// The version.
    fn version(&self) -> u64;
}

impl Versioned for Commit {
    fn version(&self) -> u64 {
        self.version
    }
}

impl<R> Versioned for Written<R> {
    fn version(&self) -> u64 {
        self.version
    }
}

/// A transaction that was committed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Commit {
    /// The version in which its changes became visible.
    pub version: u64,
    /// The entities that it spawned, in the order in which the builder promised them.
    pub entities: Vec<Entity>,
    /// What its bulk operations have counted, in their order.
    pub(crate) counts: Vec<u64>,
}

impl Commit {
    /// The entity that was promised as `promised`; any other entity is returned as it is.
    ///
    /// # Panics
    /// If `promised` was promised by another transaction, which spawned more entities than this one.
    pub fn entity(&self, promised: Entity) -> Entity {
        promised.promise().map_or(promised, |index| self.entities[index as usize])
    }

    /// How many rows or entities a bulk operation of the transaction has met.
    ///
    /// # Panics
    /// If `counted` is of another transaction, which had more bulk operations than this one.
    pub fn count(&self, counted: Counted) -> u64 {
        self.counts[counted.0]
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

/// The claim on the outcome of a transaction that was queued: of a builder's, or with [`Written`] of a closure or a procedure.
///
/// Wait for it with [`visible`](Self::visible) or [`durable`](Self::durable), or await it. Dropping it gives up the claim, not the transaction.
#[must_use = "the transaction may fail: wait for the ticket, or drop it on purpose"]
pub struct Ticket<T = Commit> {
    pending: Pending<Result<T, TransactionError>>,
    /// The way it took.
    queue: Arc<Queue>,
    /// What is visible and was not told yet, because somebody waited in vain for it to become durable.
    visible: Option<T>,
}

debug_as!([T] Ticket<T>);

/// How often somebody who is going to wait for the log looks whether the commit is visible, before sleeping until then: a
/// commit takes less time than waking a thread, and the wait for the log has one wake-up anyway.
const LOOKS: usize = if cfg!(ecsdb_loom) { 1 } else { 30 };

impl<T: Versioned> Ticket<T> {
    pub(crate) fn new(pending: Pending<Result<T, TransactionError>>, queue: Arc<Queue>) -> Self {
        Self { pending, queue, visible: None }
    }

    /// The outcome if it is known already, `None` if it is still to come. Never blocks.
    ///
    /// # Errors
    /// Why the transaction was not committed. The outcome is told once: after it comes [`TransactionError::Closed`].
    pub fn try_visible(&mut self) -> Result<Option<T>, TransactionError> {
        if let Some(commit) = self.visible.take() {
            return Ok(Some(commit));
        }
        match self.pending.try_get() {
            Ok(Some(outcome)) => outcome.map(Some),
            Ok(None) => Ok(None),
            Err(_) => Err(TransactionError::Closed),
        }
    }

    /// Does the transaction here, if the writer has not come to it and nobody else is it.
    fn help(&self) {
        if !self.pending.is_settled() {
            self.queue.help(|| self.pending.is_settled());
        }
    }

    /// Blocks until the changes are visible to every reader. If the writer thread has nothing else to do, this thread carries out
    /// what is queued in its place, which spares two thread switches.
    ///
    /// # Errors
    /// Why the transaction was not committed; [`TransactionError::Reentrant`] inside a transaction of the same database.
    pub fn visible(self) -> Result<T, TransactionError> {
        if self.queue.database().is_entered() {
            return Err(TransactionError::Reentrant);
        }
        match self.visible {
            Some(commit) => Ok(commit),
            None => {
                self.help();
                self.pending.wait().unwrap_or(Err(TransactionError::Closed))
            }
        }
    }

    /// Blocks until the changes are visible, but no longer than `timeout`.
    ///
    /// # Errors
    /// As for [`Self::visible`], and [`TransactionError::Timeout`]: then the outcome is still to come, and the ticket may
    /// be asked again. The outcome is given once; asking after it gives [`TransactionError::Closed`].
    pub fn visible_timeout(&mut self, timeout: Duration) -> Result<T, TransactionError> {
        if self.queue.database().is_entered() {
            return Err(TransactionError::Reentrant);
        }
        if let Some(commit) = self.visible.take() {
            return Ok(commit);
        }
        match self.pending.wait_timeout(timeout) {
            Ok(Some(outcome)) => outcome,
            Ok(None) => Err(TransactionError::Timeout),
            Err(_) => Err(TransactionError::Closed),
        }
    }

    /// Blocks until the changes are durable: visible to every reader, and in the log in a way that survives a loss of power.
    ///
    /// # Errors
    /// As for [`Self::visible`]; [`TransactionError::NotDurable`] if the log has failed meanwhile: then the changes are visible, and
    /// [`Self::durable_timeout`] would have kept what the ticket has to give. [`TransactionError::NoLog`] if the database is in
    /// memory only, at once: nothing becomes durable there. The transaction has been sent by then, and is committed all the same.
    pub fn durable(mut self) -> Result<T, TransactionError> {
        if self.queue.database().is_entered() {
            return Err(TransactionError::Reentrant);
        }
        logged(&self.queue)?;
        self.help();
        let mut seen = None;
        for _ in 0..LOOKS {
            seen = self.try_visible()?;
            if seen.is_some() {
                break;
            }
            core::hint::spin_loop();
        }
        let queue = Arc::clone(&self.queue);
        let commit = match seen {
            Some(commit) => commit,
            None => self.visible()?,
        };
        let watermark = logged(&queue)?;
        if let Some(answer) = watermark.help(commit.version()) {
            return kept(Ok(answer), commit);
        }
        kept(watermark.when(commit.version()).wait(), commit)
    }

    /// Blocks until the changes are durable, but no longer than `timeout`.
    ///
    /// # Errors
    /// As for [`Self::durable`], and [`TransactionError::Timeout`]: then the outcome is still to come, whether the changes are
    /// visible or not. Whatever the log has to do with it, the ticket may be asked again: [`Self::visible`] still gives what is
    /// visible.
    pub fn durable_timeout(&mut self, timeout: Duration) -> Result<T, TransactionError> {
        let began = Instant::now();
        if !self.queue.database().is_entered() {
            logged(&self.queue)?;
        }
        let commit = self.visible_timeout(timeout)?;
        let version = commit.version();
        // Until the log has answered.
        self.visible = Some(commit);
        let answer = logged(&self.queue)?.when(version).wait_timeout(timeout.saturating_sub(began.elapsed()));
        match answer.transpose().ok_or(TransactionError::Timeout)? {
            Ok(Ok(())) => self.visible.take().ok_or(TransactionError::Closed),
            Ok(Err(cause)) => Err(TransactionError::NotDurable { version, cause }),
            Err(Closed) => Err(TransactionError::Closed),
        }
    }

    /// A future that ends when the changes are durable, as [`Self::durable`] does. The ticket itself is the future that ends
    /// when they are visible.
    pub fn when_durable(self) -> DurableTicket<T> {
        DurableTicket { ticket: self, waiting: None }
    }
}

// Nothing is pinned in a ticket: what it waits for lies elsewhere.
impl<T> Unpin for Ticket<T> {}
impl<T> Unpin for DurableTicket<T> {}

/// What of the commits is durable, if there is a log.
pub(super) fn logged(queue: &Queue) -> Result<&Arc<Watermark<LogError>>, TransactionError> {
    queue.watermark().ok_or(TransactionError::NoLog)
}

/// What becomes of a commit, given that answer.
fn kept<T: Versioned>(answer: Result<Result<(), LogError>, Closed>, commit: T) -> Result<T, TransactionError> {
    match answer {
        Ok(Ok(())) => Ok(commit),
        Ok(Err(cause)) => Err(TransactionError::NotDurable { version: commit.version(), cause }),
        Err(Closed) => Err(TransactionError::Closed),
    }
}

/// The claim on the outcome of a transaction that is to be durable, for async code: see [`Ticket::when_durable`].
#[must_use = "futures do nothing unless they are polled"]
pub struct DurableTicket<T = Commit> {
    ticket: Ticket<T>,
    /// What is visible, and the answer of the log that is to come.
    waiting: Option<(T, Pending<Result<(), LogError>>)>,
}

debug_as!([T] DurableTicket<T>);

/// Cancel safe: dropping the future gives up the claim, not the transaction.
impl<T: Versioned> Future for DurableTicket<T> {
    type Output = Result<T, TransactionError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if self.waiting.is_none() {
            logged(&self.ticket.queue)?;
            let commit = match Pin::new(&mut self.ticket).poll(context) {
                Poll::Ready(outcome) => outcome?,
                Poll::Pending => return Poll::Pending,
            };
            let waiting = logged(&self.ticket.queue)?.when(commit.version());
            self.waiting = Some((commit, waiting));
        }
        let Some((commit, mut waiting)) = self.waiting.take() else { return Poll::Pending };
        match Pin::new(&mut waiting).poll(context) {
            Poll::Ready(answer) => Poll::Ready(kept(answer, commit)),
            Poll::Pending => {
                self.waiting = Some((commit, waiting));
                Poll::Pending
            }
        }
    }
}

/// Cancel safe: dropping the future gives up the claim, not the transaction.
impl<T: Versioned> Future for Ticket<T> {
    type Output = Result<T, TransactionError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if self.queue.database().is_entered() {
            return Poll::Ready(Err(TransactionError::Reentrant));
        }
        if let Some(commit) = self.visible.take() {
            return Poll::Ready(Ok(commit));
        }
        Pin::new(&mut self.pending).poll(context).map(|outcome| outcome.unwrap_or(Err(TransactionError::Closed)))
    }
}
