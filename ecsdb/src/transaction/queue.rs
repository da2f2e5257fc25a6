//! The way to the writer: bounded in messages and in bytes.

use core::time::Duration;
use std::sync::Arc;
use std::time::Instant;

use super::commit_log::LogError;
use super::counts::Counts;
use super::desk::{Desk, Left};
use super::error::TransactionError;
use super::job::{Control, Message, Outcome, Request};
use super::reentrancy::DatabaseId;
use crate::storage::Store;
use crate::sync::channel::{Receiver, Sender, bounded};
use crate::sync::shim::model_failed;
use crate::sync::{Budget, Completer, CompletionPool, Leftovers, Pending, Priority, Watermark, completion, mutant};

/// How much may wait for the writer. What is let in counts for at least its share, bytes divided by transactions, so one bound
/// holds both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueLimits {
    /// Transactions.
    pub messages: usize,
    /// Bytes of their operations. A transaction that is larger than this is taken when nothing else waits.
    pub bytes: usize,
}

/// The sending end of the queue.
pub struct Queue {
    sender: Sender<Message>,
    leftovers: Arc<Leftovers<Message>>,
    budget: Arc<Budget>,
    completions: Arc<CompletionPool<Outcome>>,
    database: DatabaseId,
    /// What of the commits is durable, if they are logged.
    watermark: Option<Arc<Watermark<LogError>>>,
    counts: Arc<Counts>,
    desk: Arc<Desk>,
}

/// A request that was not queued, and why.
pub struct Refused(pub Box<(TransactionError, Request)>);

debug_as!(Refused);

impl From<Refused> for TransactionError {
    fn from(refused: Refused) -> Self {
        refused.0.0
    }
}

/// How long to wait for room.
#[derive(Clone, Copy, Debug, Default)]
pub enum Patience {
    /// Until there is room.
    #[default]
    Forever,
    /// Not at all.
    None,
    /// So long.
    For(Duration),
}

/// How a request waits.
#[derive(Clone, Copy, Debug, Default)]
pub struct Terms {
    /// For room in the queue.
    pub patience: Patience,
    /// Up to where the queue may be filled with it.
    pub priority: Priority,
    /// How long it may take, from now until it is begun.
    pub lifetime: Option<Duration>,
    /// Whether the caller waits until it is done.
    pub waits: bool,
}

impl Queue {
    /// What a closure takes, in bytes: it is not known, so about what a small one takes.
    pub const CLOSURE_BYTES: usize = 256;

    /// How requests wait that are not transactions: they get through when transactions do not.
    pub const URGENT: Terms =
        Terms { patience: Patience::Forever, priority: Priority::High, lifetime: None, waits: false };

    /// A queue and its receiving end.
    pub fn new(
        limits: QueueLimits,
        database: DatabaseId,
        watermark: Option<Arc<Watermark<LogError>>>,
    ) -> (Self, Receiver<Message>) {
        let least = limits.bytes.div_ceil(limits.messages.max(1)).max(1);
        // A multiple of the least, so that there is room for as many as were asked for.
        let bytes = if least > 1 { least.saturating_mul(limits.messages) } else { limits.bytes };
        let budget = Arc::new(Budget::new(bytes, least));
        // The budget is the bound. What it lets in finds room here, and so does a wake-up.
        let (sender, receiver) = bounded(budget.requests_max() + 1);
        let leftovers = Arc::new(Leftovers::new(receiver.clone()));
        let (completions, counts, desk) = (Arc::default(), Arc::default(), Arc::default());
        (Self { sender, leftovers, budget, completions, database, watermark, counts, desk }, receiver)
    }

    /// The database that the writer works for.
    pub fn database(&self) -> DatabaseId {
        self.database
    }

    /// What of the commits is durable, if they are logged.
    pub fn watermark(&self) -> Option<&Arc<Watermark<LogError>>> {
        self.watermark.as_ref()
    }

    /// The budget, to be given back by the writer.
    pub(super) fn budget(&self) -> Arc<Budget> {
        Arc::clone(&self.budget)
    }

    /// What lies in the queue when the writer ends, for its thread.
    pub(super) fn leftovers(&self) -> Arc<Leftovers<Message>> {
        Arc::clone(&self.leftovers)
    }

    /// A completion for a builder's transaction.
    pub fn completion(&self) -> (Completer<Outcome>, Pending<Outcome>) {
        self.completions.completion()
    }

    /// Where the writer gives back what is left of completions.
    pub(super) fn completions(&self) -> Arc<CompletionPool<Outcome>> {
        Arc::clone(&self.completions)
    }

    /// What has become of transactions.
    pub fn counts(&self) -> &Arc<Counts> {
        &self.counts
    }

    /// What waits for the writer: messages, and bytes.
    pub fn depth(&self) -> (usize, usize) {
        let bytes = self.budget.in_use();
        // A wake-up takes none, and may lie there when the writer has ended without it: nobody waits with it.
        (if bytes == 0 { 0 } else { self.sender.len() }, bytes)
    }

    /// Where the writer works.
    pub fn desk(&self) -> &Arc<Desk> {
        &self.desk
    }

    /// Does what is queued in the place of the writer thread, if that has nothing to do, until `is_done`. For whoever will wait for
    /// it otherwise.
    pub fn help(&self, is_done: impl FnMut() -> bool) {
        self.note(self.desk.help(self.database, is_done));
    }

    /// Tells the writer thread what it has to know of whoever was in its place.
    fn note(&self, left: Left) {
        if left == Left::News {
            self.wake();
        }
    }

    /// Queues `request`, which takes `bytes` bytes; if its caller waits for it and nothing else is to be done, it is done when
    /// this returns. What is refused comes back.
    pub fn send(&self, request: Request, bytes: usize, terms: Terms) -> Result<(), Refused> {
        let message = self.admitted(request, bytes, terms)?;
        if !terms.waits {
            return self.put(message);
        }
        match self.desk.carry_out(self.database, message) {
            Ok(left) => {
                self.note(left);
                Ok(())
            }
            Err(message) => self.put(message),
        }
    }

    /// A message that was let in.
    fn admitted(&self, request: Request, bytes: usize, terms: Terms) -> Result<Message, Refused> {
        let Terms { patience, priority, lifetime, .. } = terms;
        let bytes = bytes.max(1);
        let expires = lifetime.and_then(|lifetime| Instant::now().checked_add(lifetime));
        match self.admit(bytes, patience, priority) {
            Ok(()) => Ok(Message { bytes, priority, expires, request }),
            Err(error) => {
                self.counts.not_queued(&error, priority);
                Err(Refused(Box::new((error, request))))
            }
        }
    }

    /// Queues a message that was let in. It finds room, so this does not wait.
    fn put(&self, message: Message) -> Result<(), Refused> {
        self.sender.send(message).map_err(|error| {
            let Message { bytes, priority, request, .. } = error.0;
            self.budget.release(self.budget.cost(bytes, priority));
            Refused(Box::new((TransactionError::Closed, request)))
        })?;
        self.leftovers.sent();
        Ok(())
    }

    /// Takes `bytes` from the budget.
    fn admit(&self, bytes: usize, patience: Patience, priority: Priority) -> Result<(), TransactionError> {
        if self.database.is_entered() {
            return Err(TransactionError::Reentrant);
        }
        let admitted = match patience {
            Patience::Forever => self.budget.acquire(bytes, priority).map(|()| true),
            Patience::None if self.budget.is_closed() => return Err(TransactionError::Closed),
            Patience::None => Ok(self.budget.try_acquire(bytes, priority)),
            Patience::For(duration) => self.budget.acquire_timeout(bytes, priority, duration),
        };
        match (admitted, patience) {
            (Ok(true), _) => Ok(()),
            (Ok(false), Patience::For(_)) => Err(TransactionError::Timeout),
            (Ok(false), _) => Err(TransactionError::QueueFull { priority, queued_bytes: self.budget.in_use() }),
            (Err(_), _) => Err(TransactionError::Closed),
        }
    }

    /// Runs `work` on the storage between two batches, and waits for it. Gets through when transactions do not.
    ///
    /// It leaves no memory behind for the next transactions: for that there is [`prepare`](Self::prepare).
    pub fn control<R: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Store) -> R + Send + 'static,
    ) -> Result<R, TransactionError> {
        self.between_batches(work, false)
    }

    /// The same. What it leaves in memory stays there until the writer has been idle for a while, and no longer, as after a transaction.
    pub fn prepare<R: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Store) -> R + Send + 'static,
    ) -> Result<R, TransactionError> {
        self.between_batches(work, true)
    }

    fn between_batches<R: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Store) -> R + Send + 'static,
        is_work: bool,
    ) -> Result<R, TransactionError> {
        let (completer, pending) = completion();
        let work = Box::new(move |store: &mut Store| completer.complete(work(store)));
        self.send(Request::Control(Control { work, is_work }), Self::CLOSURE_BYTES, Self::URGENT)?;
        pending.wait().map_err(|_| TransactionError::Closed)
    }

    /// Whether it takes no more requests.
    pub fn is_closed(&self) -> bool {
        self.budget.is_closed()
    }

    /// Takes no more requests. What is queued is still done, then the writer ends. Never blocks.
    pub fn close(&self) {
        self.budget.close();
        if !mutant!("queue/close in silence") {
            self.wake();
        }
    }

    /// Calls the writer thread, if it sleeps. There is room for one call beyond all requests, so if there is none, another call is on
    /// its way; whoever takes it in the thread's place repeats it. If the thread is gone, so be it.
    fn wake(&self) {
        let message = Message { bytes: 0, priority: Priority::High, expires: None, request: Request::Wake };
        let _ = self.sender.try_send(message);
        self.leftovers.sent();
    }
}

/// Nobody can ask for anything any more, so the writer ends: also where a database was given up while it was opened.
impl Drop for Queue {
    fn drop(&mut self) {
        if !model_failed() && !mutant!("queue/go in silence") {
            self.close();
        }
    }
}
