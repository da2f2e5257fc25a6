//! What the writer is asked to do, and how it answers.

use super::apply::Apply;
use super::error::TransactionError;
use super::ops::OpBuffer;
use super::ticket::Commit;
use crate::entity::Entity;
use crate::storage::Store;
use crate::sync::Completer;

/// A transaction as a closure: run on the writer, answered when its batch is published.
pub trait Job: Send {
    /// Runs it on the write buffer. Called once.
    fn run(&mut self, apply: Apply<'_>, workers: &rayon::ThreadPool) -> Result<(), TransactionError>;

    /// Says what came of it: the version, or why not.
    fn answer(self: Box<Self>, outcome: Result<u64, TransactionError>);
}

/// A closure, its result, and who waits for it.
pub struct ClosureJob<F, R> {
    closure: Option<F>,
    result: Option<R>,
    completer: Completer<Result<R, TransactionError>>,
}

impl<F, R> ClosureJob<F, R>
where
    F: FnOnce(Apply<'_>, &rayon::ThreadPool) -> Result<R, TransactionError> + Send,
    R: Send,
{
    /// A job that runs `closure` and hands its result to `completer`.
    pub fn new(closure: F, completer: Completer<Result<R, TransactionError>>) -> Self {
        Self { closure: Some(closure), result: None, completer }
    }
}

impl<F, R> Job for ClosureJob<F, R>
where
    F: FnOnce(Apply<'_>, &rayon::ThreadPool) -> Result<R, TransactionError> + Send,
    R: Send,
{
    fn run(&mut self, apply: Apply<'_>, workers: &rayon::ThreadPool) -> Result<(), TransactionError> {
        if let Some(closure) = self.closure.take() {
            self.result = Some(closure(apply, workers)?);
        }
        Ok(())
    }

    fn answer(self: Box<Self>, outcome: Result<u64, TransactionError>) {
        let result = self.result;
        self.completer.complete(outcome.and_then(|_| result.ok_or(TransactionError::Closed)));
    }
}

/// What a builder's transaction comes to.
pub type Outcome = Result<Commit, TransactionError>;

/// The operations of a builder, and who waits for them.
pub struct OpsJob {
    /// The operations.
    pub ops: OpBuffer,
    /// Who waits.
    pub completer: Completer<Outcome>,
}

/// What the writer is asked to do.
pub enum Request {
    /// A transaction of encoded operations.
    Ops(OpsJob),
    /// A transaction as a closure.
    Job(Box<dyn Job>),
    /// Something that is not a transaction, between two batches.
    Control(Box<dyn FnOnce(&mut Store) + Send>),
    /// Nothing: look whether the queue was closed.
    Wake,
}

impl Request {
    /// The table and the entity that it will change first, as far as that is known: a hint.
    #[inline]
    pub fn first(&self) -> Option<(u16, Entity)> {
        match self {
            Self::Ops(job) => job.ops.first(),
            Self::Job(_) | Self::Control(_) | Self::Wake => None,
        }
    }

    /// Asks the processor for the memory that the answer will be written to.
    #[inline]
    pub fn prefetch_answer(&self) {
        if let Self::Ops(job) = self {
            job.completer.prefetch();
        }
    }
}

/// A request in the queue.
pub struct Message {
    /// What it takes of the queue's budget, in bytes.
    pub bytes: usize,
    /// What is asked.
    pub request: Request,
}
