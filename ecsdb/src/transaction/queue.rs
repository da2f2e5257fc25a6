//! The way to the writer: bounded in messages and in bytes.

use core::time::Duration;
use std::sync::Arc;
use std::time::Instant;

use super::commit_log::LogError;
use super::error::TransactionError;
use super::job::{Message, Outcome, Request};
use super::reentrancy::DatabaseId;
use crate::sync::channel::{Receiver, SendTimeoutError, Sender, TrySendError, bounded};
use crate::sync::{Budget, Completer, CompletionPool, Pending, Watermark, mutant};

/// How much may wait for the writer.
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
    budget: Arc<Budget>,
    completions: Arc<CompletionPool<Outcome>>,
    database: DatabaseId,
    /// What of the commits is durable, if they are logged.
    watermark: Option<Arc<Watermark<LogError>>>,
}

/// A request that was not queued, and why.
pub struct Refused(pub Box<(TransactionError, Request)>);

impl From<Refused> for TransactionError {
    fn from(refused: Refused) -> Self {
        refused.0.0
    }
}

/// How long to wait for room.
#[derive(Clone, Copy, Debug)]
pub enum Patience {
    /// Until there is room.
    Forever,
    /// Not at all.
    None,
    /// So long.
    For(Duration),
}

impl Queue {
    /// A queue and its receiving end.
    pub fn new(
        limits: QueueLimits,
        database: DatabaseId,
        watermark: Option<Arc<Watermark<LogError>>>,
    ) -> (Self, Receiver<Message>) {
        let (sender, receiver) = bounded(limits.messages.max(1));
        let budget = Arc::new(Budget::new(limits.bytes.clamp(1, Budget::MAX)));
        (Self { sender, budget, completions: Arc::default(), database, watermark }, receiver)
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

    /// A completion for a builder's transaction.
    pub fn completion(&self) -> (Completer<Outcome>, Pending<Outcome>) {
        self.completions.completion()
    }

    /// Where the writer gives back what is left of completions.
    pub(super) fn completions(&self) -> Arc<CompletionPool<Outcome>> {
        Arc::clone(&self.completions)
    }

    /// What waits for the writer: messages, and bytes.
    pub fn depth(&self) -> (usize, usize) {
        (self.sender.len(), self.budget.in_use())
    }

    /// Queues `request`, which takes `bytes` bytes. What is refused comes back.
    pub fn send(&self, request: Request, bytes: usize, patience: Patience) -> Result<(), Refused> {
        let bytes = bytes.max(1);
        let deadline = match patience {
            Patience::For(duration) => Instant::now().checked_add(duration),
            Patience::Forever | Patience::None => None,
        };
        if let Err(error) = self.admit(bytes, patience) {
            return Err(Refused(Box::new((error, request))));
        }
        let message = Message { bytes, request };
        let sent = match (patience, deadline) {
            (Patience::None, _) => self.sender.try_send(message).map_err(|error| match error {
                TrySendError::Full(message) => (self.full(), message),
                TrySendError::Disconnected(message) => (TransactionError::Closed, message),
            }),
            (_, Some(deadline)) => self.sender.send_deadline(message, deadline).map_err(|error| match error {
                SendTimeoutError::Timeout(message) => (TransactionError::Timeout, message),
                SendTimeoutError::Disconnected(message) => (TransactionError::Closed, message),
            }),
            (_, None) => self.sender.send(message).map_err(|error| (TransactionError::Closed, error.0)),
        };
        sent.map_err(|(error, message)| {
            self.budget.release(bytes);
            Refused(Box::new((error, message.request)))
        })
    }

    /// Takes `bytes` from the budget.
    fn admit(&self, bytes: usize, patience: Patience) -> Result<(), TransactionError> {
        if self.database.is_entered() {
            return Err(TransactionError::Reentrant);
        }
        let admitted = match patience {
            Patience::Forever => self.budget.acquire(bytes).map(|()| true),
            Patience::None if self.budget.is_closed() => return Err(TransactionError::Closed),
            Patience::None => Ok(self.budget.try_acquire(bytes)),
            Patience::For(duration) => self.budget.acquire_timeout(bytes, duration),
        };
        match (admitted, patience) {
            (Ok(true), _) => Ok(()),
            (Ok(false), Patience::For(_)) => Err(TransactionError::Timeout),
            (Ok(false), _) => Err(self.full()),
            (Err(_), _) => Err(TransactionError::Closed),
        }
    }

    fn full(&self) -> TransactionError {
        TransactionError::QueueFull { queued_bytes: self.budget.in_use() }
    }

    /// Whether it takes no more requests.
    pub fn is_closed(&self) -> bool {
        self.budget.is_closed()
    }

    /// Takes no more requests. What is queued is still done, then the writer ends. Never blocks.
    pub fn close(&self) {
        self.budget.close();
        // Wakes a writer that sleeps. If there is no room for it, the writer is awake, and looks at the budget itself
        // when it has done what is queued; if the writer is gone, so be it.
        if !mutant!("queue/close in silence") {
            let _ = self.sender.try_send(Message { bytes: 0, request: Request::Wake });
        }
    }
}
