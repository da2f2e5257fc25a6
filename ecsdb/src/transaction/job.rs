//! What the writer is asked to do, and how it answers.

use std::sync::Arc;
use std::time::Instant;

use super::apply::Apply;
use super::catalog::Catalog;
use super::commit_log::LogError;
use super::error::TransactionError;
use super::ops::OpBuffer;
use super::ticket::{Commit, Written};
use crate::entity::Entity;
use crate::storage::{DuplicateKey, IndexFailure, MovedRow, Prebuilt, ReferenceFailure, StorageError, Store};
use crate::sync::{Completer, Priority};

/// A transaction as a closure: run on the writer, answered when its batch is published.
pub trait Job: Send {
    /// Runs it on the write buffer. Called once.
    fn run(&mut self, apply: Apply<'_>, workers: &rayon::ThreadPool) -> Result<(), TransactionError>;

    /// The procedure that it is, if it is one.
    fn procedure(&self) -> Option<&'static str>;

    /// Says what came of it: the version, or why not.
    fn answer(self: Box<Self>, outcome: Result<u64, TransactionError>);
}

/// A closure, its result, and who waits for it.
pub struct ClosureJob<F, R> {
    closure: Option<F>,
    result: Option<R>,
    /// The procedure that it is, if it is one.
    procedure: Option<&'static str>,
    completer: Completer<Result<Written<R>, TransactionError>>,
}

impl<F, R> ClosureJob<F, R>
where
    F: FnOnce(Apply<'_>, &rayon::ThreadPool) -> Result<R, TransactionError> + Send,
    R: Send,
{
    /// A job that runs `closure`, which is that of `procedure` if there is one, and hands its result to `completer`.
    pub fn new(
        closure: F,
        procedure: Option<&'static str>,
        completer: Completer<Result<Written<R>, TransactionError>>,
    ) -> Self {
        Self { closure: Some(closure), result: None, procedure, completer }
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

    fn procedure(&self) -> Option<&'static str> {
        self.procedure
    }

    fn answer(self: Box<Self>, outcome: Result<u64, TransactionError>) {
        let Self { result, procedure, completer, .. } = *self;
        let outcome = match (outcome, procedure) {
            (Ok(version), _) => result.map(|result| Written { version, result }).ok_or(TransactionError::Closed),
            (Err(error), Some(procedure)) => Err(error.of_procedure(procedure)),
            (Err(error), None) => Err(error),
        };
        completer.complete(outcome);
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

debug_as!(OpsJob);

/// What becomes of a row: the new one is appended, with its heap behind it.
pub type ConvertRow = Box<dyn FnMut(MovedRow<'_>, &mut Vec<u8>) -> Result<(), EvolveFailure> + Send>;

/// Other tables than before.
pub struct Evolve {
    /// The schema: the tables that there are keep their numbers.
    pub catalog: Arc<Catalog>,
    /// Which of them have rows that change.
    pub rewritten: Vec<bool>,
    /// Indexes that were built already.
    pub prebuilt: Option<Prebuilt>,
    /// How these change.
    pub convert: ConvertRow,
    /// Who waits.
    pub completer: Completer<Result<u64, EvolveFailure>>,
}

debug_as!(Evolve);

/// Why there are no other tables.
#[derive(Debug)]
pub enum EvolveFailure {
    /// A row has no place under the new schema.
    Row {
        /// The number of the table.
        table: usize,
        /// Whose row it is.
        entity: Entity,
        /// Why not.
        cause: Box<dyn core::error::Error + Send + Sync>,
    },
    /// A reference leads to no row.
    Dangling(Box<ReferenceFailure>),
    /// Two rows have the same key in a unique index.
    Duplicate(Box<DuplicateKey>),
    /// There is no memory for the new rows.
    Storage(StorageError),
    /// The log has refused.
    Log(LogError),
}

impl From<StorageError> for EvolveFailure {
    fn from(error: StorageError) -> Self {
        Self::Storage(error)
    }
}

impl From<IndexFailure> for EvolveFailure {
    fn from(error: IndexFailure) -> Self {
        match error {
            IndexFailure::Duplicate(error) => Self::Duplicate(error),
            IndexFailure::Storage(error) => Self::Storage(error),
        }
    }
}

/// Something that is done with the storage, and is no transaction.
pub struct Control {
    /// What is done.
    pub work: Box<dyn FnOnce(&mut Store) + Send>,
    /// Whether it is work, as a transaction is: what it leaves in memory is given back when the writer has been idle since for long
    /// enough. What only asks is not: whoever asks often enough would keep all memory from being given back.
    pub is_work: bool,
}

debug_as!(Control);

/// What the writer is asked to do.
pub enum Request {
    /// A transaction of encoded operations.
    Ops(OpsJob),
    /// A transaction as a closure.
    Job(Box<dyn Job>),
    /// Other tables, between two batches.
    Evolve(Box<Evolve>),
    /// Something that is not a transaction, between two batches.
    Control(Control),
    /// Nothing: look whether the queue was closed.
    Wake,
}

debug_as!(Request);

impl Request {
    /// The table and the entity that it will change first, as far as that is known: a hint.
    #[inline]
    pub fn first(&self) -> Option<(u16, Entity)> {
        match self {
            Self::Ops(job) => job.ops.first(),
            Self::Job(_) | Self::Evolve(_) | Self::Control(_) | Self::Wake => None,
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

impl Message {
    /// Whether it is too late to begin it. Only what may expire looks at the clock.
    #[inline]
    pub fn has_expired(&self) -> bool {
        self.expires.is_some_and(|expires| Instant::now() >= expires)
    }
}

/// A request in the queue.
pub struct Message {
    /// How long its operations are, in bytes.
    pub bytes: usize,
    /// With which priority it was let in.
    pub priority: Priority,
    /// When it is too late to begin it.
    pub expires: Option<Instant>,
    /// What is asked.
    pub request: Request,
}
