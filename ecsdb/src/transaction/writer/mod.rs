//! The writer: whoever is it changes the database, and nobody else (see [`Desk`](super::desk::Desk)).
//!
//! It takes a batch of transactions from the queue, carries them out one by one on the write buffer, gives their changes
//! to the log, publishes the write buffer, and only then answers. A lone transaction never waits for company: a batch
//! ends when the queue is empty.

mod rest;
#[cfg(all(test, not(ecsdb_loom)))]
mod tests;

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::apply::Apply;
use super::catalog::Catalog;
use super::commit_log::{CommitLog, Guarded, LogError};
use super::counts::{Counts, Tally};
use super::desk::Left;
use super::error::{OpError, TransactionError};
use super::inbox::Inbox;
use super::job::{Control, Evolve, EvolveFailure, Job, Message, OpsJob, Outcome, Request};
use super::queue::Queue;
use super::references;
use super::ticket::Commit;
use crate::causes::with_causes;
use crate::change_set::ChangeSet;
use crate::entity::Entity;
use crate::panics::{panic_message, quietly};
use crate::storage::{Batch, StorageError, Store};
use crate::sync::channel::Receiver;
use crate::sync::{Completer, CompletionPool, Spent, mutant};

/// When a batch ends, at the latest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchLimits {
    /// Transactions in a batch.
    pub transactions: usize,
    /// Bytes of operations in a batch.
    pub bytes: usize,
}

/// What the writer works with.
pub struct WriterConfig {
    /// The storage.
    pub store: Store,
    /// The schema.
    pub catalog: Arc<Catalog>,
    /// Threads for work on many pages.
    pub workers: Arc<rayon::ThreadPool>,
    /// Where commits go before they are published, if anywhere.
    pub log: Option<Guarded>,
    /// When a batch ends.
    pub limits: BatchLimits,
    /// Whether the system is asked for huge pages.
    pub huge_pages: bool,
    /// After how long without work memory is given back.
    pub idle: Duration,
}

/// How many spent completions go back at once.
const SPENT_AT_ONCE: usize = 32;

/// What a builder is told besides the version.
#[derive(Default)]
struct Done {
    entities: Vec<Entity>,
    counts: Vec<u64>,
}

/// Who is told what, once the batch is published.
enum Answer {
    Ops(Completer<Outcome>, Result<Done, TransactionError>),
    Job(Box<dyn Job>, Result<(), TransactionError>),
}

/// The writer.
pub struct Writer {
    config: WriterConfig,
    /// What the last transaction did. Kept for its memory.
    changes: ChangeSet,
    inbox: Inbox,
    completions: Arc<CompletionPool<Outcome>>,
    /// Completions that nobody waits for any more, on their way back.
    spent: Vec<Spent<Outcome>>,
    answers: Vec<Answer>,
    tally: Tally,
    counts: Arc<Counts>,
    /// What the log has said to a transaction of the running batch.
    refused: Option<LogError>,
    /// Whether a transaction of the running batch has met the memory limit.
    short_of_memory: bool,
    /// When the running batch began; between batches, when the last one ended.
    began: Instant,
    /// When a transaction was answered or the tables changed last, memory was reserved, or given back. What only asks does not
    /// count.
    idle_since: Instant,
    /// Whether something was done since memory was given back.
    has_worked: bool,
    /// Whether its thread sleeps until it is sent something.
    sleeps_for_ever: bool,
    /// Whether its thread was called, and somebody in its place has heard it.
    is_called: bool,
    /// When a huge page was asked for last.
    filled: Option<Instant>,
}

impl Writer {
    /// A writer that takes requests from `receiver`, the other end of `queue`.
    pub fn new(config: WriterConfig, queue: &Queue, receiver: Receiver<Message>) -> Self {
        Self {
            changes: ChangeSet::default(),
            config,
            inbox: Inbox::new(receiver, queue.budget()),
            completions: queue.completions(),
            spent: Vec::new(),
            answers: Vec::new(),
            tally: Tally::default(),
            counts: Arc::clone(queue.counts()),
            refused: None,
            short_of_memory: false,
            began: Instant::now(),
            idle_since: Instant::now(),
            has_worked: true,
            sleeps_for_ever: false,
            is_called: false,
            filled: None,
        }
    }

    /// Carries out a batch of what is queued, and publishes it; `false` if nothing is queued.
    pub fn work_on_next(&mut self) -> bool {
        let first = self.inbox.next(&self.config.store);
        let is_queued = first.is_some();
        if let Some(first) = first {
            self.batch(first);
        }
        is_queued
    }

    /// Carries out `message`, which does not come from the queue, and what has been queued meanwhile.
    pub fn work_on(&mut self, message: Message) {
        let message = self.inbox.take(message);
        self.batch(message);
    }

    /// Whether nothing is queued.
    pub fn is_idle(&self) -> bool {
        self.inbox.is_empty()
    }

    /// Whether the queue was closed and everything in it is done.
    pub fn is_over(&self) -> bool {
        self.inbox.is_over()
    }

    /// Has everything done from here on by another thread than its own, until that is taken back.
    pub fn stand_in(&mut self, is_other: bool) {
        self.inbox.take_ahead(!is_other);
    }

    /// The end: nothing will be queued any more.
    pub fn close(mut self) {
        if let Some(log) = &mut self.config.log {
            log.close(&self.config.store.left_over());
        }
        tracing::debug!(version = self.config.store.live().number, "writer ends");
    }

    /// Carries out `first` and what has come after it, and publishes.
    fn batch(&mut self, first: Message) {
        let mut message = first;
        let mut bytes = 0;
        self.began = Instant::now();
        loop {
            bytes += message.bytes;
            let has_expired = message.has_expired();
            match message.request {
                Request::Control(Control { work, is_work }) => {
                    self.publish();
                    work(&mut self.config.store);
                    // That was no part of a batch.
                    self.began = Instant::now();
                    if is_work {
                        self.has_worked_until(self.began);
                    }
                }
                Request::Evolve(change) => {
                    self.publish();
                    self.evolve(*change);
                    self.has_worked_until(Instant::now());
                }
                Request::Wake => self.is_called = true,
                Request::Ops(OpsJob { completer, .. }) if has_expired => {
                    self.answers.push(Answer::Ops(completer, Err(TransactionError::Expired)));
                }
                Request::Job(job) if has_expired => {
                    self.answers.push(Answer::Job(job, Err(TransactionError::Expired)));
                }
                Request::Ops(OpsJob { mut ops, completer }) => {
                    let mut done = Done::default();
                    let outcome = self.transaction(None, |mut apply, _| {
                        let result = ops.run(&mut apply);
                        done.entities = core::mem::take(&mut apply.promises);
                        done.counts = core::mem::take(&mut apply.counts);
                        Ok(result?)
                    });
                    self.answers.push(Answer::Ops(completer, outcome.map(|()| done)));
                }
                Request::Job(mut job) => {
                    let outcome = self.transaction(job.procedure(), |apply, workers| job.run(apply, workers));
                    self.answers.push(Answer::Job(job, outcome));
                }
            }
            if self.answers.len() >= self.config.limits.transactions || bytes >= self.config.limits.bytes {
                break;
            }
            match self.inbox.next(&self.config.store) {
                Some(next) => message = next,
                None => break,
            }
        }
        self.publish();
    }

    /// Something was done, and its time ends.
    fn has_worked_until(&mut self, now: Instant) {
        self.began = now;
        self.idle_since = now;
        self.has_worked = true;
    }

    /// Changes the tables.
    fn evolve(&mut self, change: Evolve) {
        let Evolve { catalog, rewritten, prebuilt, convert, completer } = change;
        let WriterConfig { store, log, catalog: before, .. } = &mut self.config;
        let number = store.live().number + 1;
        let made = store.evolve(catalog.schema(), &rewritten, prebuilt, convert);
        let checked = made.and_then(|rows| {
            let references = catalog.references();
            let is_new = references.have_more_than(catalog.schema(), before.schema());
            let failure = is_new.then(|| references.broken(store.batch().version(), catalog.schema())).flatten();
            failure.map_or(Ok(rows), |failure| {
                store.abandon_evolved();
                Err(EvolveFailure::Dangling(failure))
            })
        });
        let evolved = checked.and_then(|rows| match log {
            None => Ok(number),
            Some(log) => log.evolve(catalog.schema(), &rows, number).map_err(|error| {
                store.abandon_evolved();
                EvolveFailure::Log(error)
            }),
        });
        if let Ok(version) = evolved {
            store.publish_evolved(version);
            wake(store);
            self.config.catalog = catalog;
        }
        quietly(|| completer.complete(evolved));
    }

    /// Carries out a transaction: what `work` does, which is that of a procedure, if it has a name.
    fn transaction(
        &mut self,
        procedure: Option<&'static str>,
        work: impl FnOnce(Apply<'_>, &rayon::ThreadPool) -> Result<(), TransactionError>,
    ) -> Result<(), TransactionError> {
        let WriterConfig { store, catalog, workers, .. } = &mut self.config;
        let mut batch = store.batch();
        batch.begin();
        let apply = Apply::new(batch, catalog);
        let outcome = catch_unwind(AssertUnwindSafe(|| work(apply, workers)));
        self.end(outcome, procedure)
    }

    /// Keeps what a transaction did, or takes it back.
    fn end(
        &mut self,
        outcome: Result<Result<(), TransactionError>, Box<dyn Any + Send>>,
        procedure: Option<&'static str>,
    ) -> Result<(), TransactionError> {
        let next = self.config.store.next_version();
        let WriterConfig { store, catalog, log, .. } = &mut self.config;
        let mut batch = store.batch();
        // What follows from a transaction is part of it: should it panic, the transaction has, and not the writer.
        let outcome = match outcome {
            Ok(Ok(())) => catch_unwind(AssertUnwindSafe(|| check(&mut batch, catalog).map_err(TransactionError::from))),
            stopped => stopped,
        };
        let mut panicked = None;
        let outcome = outcome.unwrap_or_else(|panic| {
            let message = panic_message(&*panic);
            panicked = Some(panic);
            Err(TransactionError::Panicked { message })
        });
        if let Err(error) = outcome {
            self.short_of_memory |= matches!(error, TransactionError::Op(OpError::Memory(_)))
                || matches!(batch.failure(), Some(StorageError::Memory(_)));
            if mutant!("writer/keep what failed") {
                batch.commit();
            } else {
                batch.rollback();
            }
            // Not before that is done: both are other people's code, and may panic.
            if let Some(panic) = panicked {
                quietly(|| drop(panic));
                tracing::error!(%error, procedure, "a transaction panicked and was rolled back");
            }
            return Err(error);
        }
        let is_recorded = batch.is_recorded();
        if batch.is_untouched() || log.is_none() && !is_recorded {
            // Nobody wants to know, so nothing is put together.
            batch.commit();
            return Ok(());
        }
        batch.commit_with_changes(next, &mut self.changes);
        if let Some(log) = log
            && self.refused.is_none()
        {
            self.refused = log.append(&self.changes).err();
        }
        if is_recorded {
            batch.record(&mut self.changes);
        } else {
            batch.let_go(&mut self.changes);
        }
        Ok(())
    }

    /// Logs and publishes what the batch has done so far, and answers.
    fn publish(&mut self) {
        if self.answers.is_empty() {
            return;
        }
        let store = &mut self.config.store;
        let mut refused = self.refused.take();
        if let Some(log) = &mut self.config.log
            && store.has_changes()
        {
            if refused.is_none() {
                refused = log.commit(store.next_version()).err();
            }
            if let Some(error) = &refused {
                log.abort();
                if !mutant!("writer/publish what was refused") {
                    store.discard();
                }
                tracing::error!(error = %with_causes(error), "the commit log refused a batch");
            }
        }
        let is_late = mutant!("writer/answer before publication");
        let version = if is_late { store.next_version() } else { store.publish() };
        wake(store);
        if core::mem::take(&mut self.short_of_memory) {
            // Spare versions hold pages that the published one has replaced: the next transaction may have them.
            store.trim();
        }
        if self.spent.len() >= SPENT_AT_ONCE {
            self.completions.give(&mut self.spent);
            self.spent.truncate(SPENT_AT_ONCE);
        }
        for answer in &self.answers {
            match answer {
                Answer::Ops(_, Ok(_)) | Answer::Job(_, Ok(())) if refused.is_some() => self.tally.note_refused(),
                Answer::Ops(_, outcome) => self.tally.note(outcome),
                Answer::Job(_, outcome) => self.tally.note(outcome),
            }
        }
        self.tally.end_batch(&self.counts);
        let now = Instant::now();
        self.counts.batch_time().record(now - self.began);
        self.has_worked_until(now);
        self.counts.note_pinned(self.config.store.pinned_count());
        for answer in self.answers.drain(..) {
            quietly(|| match answer {
                Answer::Ops(completer, outcome) => {
                    let outcome = verdict(outcome, refused.as_ref());
                    self.spent.extend(completer.complete_and_keep(outcome.map(|done| Commit {
                        version,
                        entities: done.entities,
                        counts: done.counts,
                    })));
                }
                Answer::Job(job, outcome) => job.answer(verdict(outcome, refused.as_ref()).map(|()| version)),
            });
        }
        if is_late {
            self.config.store.publish();
        }
    }
}

/// Tells those who follow the changes that a version is published. Before its transactions are answered: whoever has an answer
/// finds its changes.
fn wake(store: &mut Store) {
    for sleeper in store.announce().into_iter().flatten() {
        quietly(|| sleeper.complete(()));
    }
}

/// What can be said only when a transaction ends: whether the storage has taken everything, and whether what is unique still is.
fn check(batch: &mut Batch<'_>, catalog: &Catalog) -> Result<(), OpError> {
    if let Some(error) = batch.failure() {
        return Err(error.into());
    }
    references::hold(batch, catalog)?;
    match batch.duplicate_key() {
        None => Ok(()),
        Some(error) => Err(error.into()),
    }
}

/// The outcome of a transaction, given that of its batch.
fn verdict<T>(outcome: Result<T, TransactionError>, refused: Option<&LogError>) -> Result<T, TransactionError> {
    match refused {
        Some(error) => outcome.and_then(|_| Err(TransactionError::Log(error.clone()))),
        None => outcome,
    }
}
