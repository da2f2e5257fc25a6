//! The writer's end of the queue: takes requests a little ahead of their turn, so that memory is on its way when it comes.
//!
//! A change of a random row in a large table waits for memory half a dozen times. The requests that wait behind it say
//! where they will go, so the processor is told: first of their directory entries, then, one turn later, of the page.

use std::collections::VecDeque;
use std::sync::Arc;

use super::job::Message;
use crate::entity::Entity;
use crate::storage::Store;
use crate::sync::channel::Receiver;
use crate::sync::shim::model_failed;
use crate::sync::{Budget, Priority, mutant};

/// How many requests are taken ahead of the running one.
const AHEAD: usize = 2;

/// Requests, in order.
pub struct Inbox {
    receiver: Receiver<Message>,
    /// With the first row that each will change, as far as that is known.
    ahead: VecDeque<(Message, Option<(u16, Entity)>)>,
    budget: Arc<Budget>,
    /// How many are taken ahead: what is taken has to be done before somebody else takes more.
    reach: usize,
    /// What the budget has still to be given back.
    unreleased: usize,
}

impl Inbox {
    /// The requests that come from `receiver`, whose bytes are given back to `budget`.
    pub fn new(receiver: Receiver<Message>, budget: Arc<Budget>) -> Self {
        Self { receiver, ahead: VecDeque::with_capacity(AHEAD + 1), budget, reach: AHEAD, unreleased: 0 }
    }

    /// Whether nothing is queued.
    pub fn is_empty(&self) -> bool {
        self.ahead.is_empty() && self.receiver.is_empty()
    }

    /// Whether the queue was closed and everything in it is done.
    pub fn is_over(&self) -> bool {
        self.budget.is_closed() && (self.is_empty() || mutant!("writer/end before the queue is empty"))
    }

    /// Whether requests are taken ahead of their turn from here on. Whoever may stop at any request takes none.
    pub fn take_ahead(&mut self, ahead: bool) {
        self.reach = if ahead || mutant!("inbox/leave with requests") { AHEAD } else { 0 };
    }

    /// A request that did not come through the queue, which is empty.
    pub fn take(&mut self, message: Message) -> Message {
        self.unreleased += self.cost(&message);
        message
    }

    /// The next request, if there is one. What it needs of `store` is on its way.
    pub fn next(&mut self, store: &Store) -> Option<Message> {
        let message = match self.ahead.pop_front() {
            Some((message, _)) => message,
            None => self.receiver.try_recv().ok()?,
        };
        self.unreleased += self.cost(&message);
        while self.ahead.len() < self.reach
            && let Ok(message) = self.receiver.try_recv()
        {
            message.request.prefetch_answer();
            let first = message.request.first();
            if let Some((table, entity)) = first {
                store.prefetch_entries(table, entity.slot());
            }
            self.ahead.push_back((message, first));
        }
        // Not each time while others queue: every giving back takes a cache line from them.
        if self.ahead.is_empty() || self.unreleased >= self.budget.limit(Priority::Normal) / 16 {
            self.give_back();
        }
        if let Some((_, Some((table, entity)))) = self.ahead.front() {
            store.prefetch_page(*table, entity.slot());
        }
        Some(message)
    }

    /// What was taken from the budget for `message`.
    fn cost(&self, message: &Message) -> usize {
        // A wake-up has no bytes, and asks nobody.
        if message.bytes == 0 { 0 } else { self.budget.cost(message.bytes, message.priority) }
    }

    /// Gives back what was taken from the budget. Before somebody sleeps: others may wait for it.
    pub fn give_back(&mut self) {
        if self.unreleased > 0 {
            self.budget.release(core::mem::take(&mut self.unreleased));
        }
    }
}

/// Nothing will be taken any more, so nobody may wait for room: also where the writer has ended before it was told to.
impl Drop for Inbox {
    fn drop(&mut self) {
        if !model_failed() && !mutant!("inbox/go in silence") {
            self.budget.close();
        }
    }
}

#[cfg(all(test, not(ecsdb_loom)))]
mod tests {
    use super::super::error::TransactionError;
    use super::super::job::Request;
    use super::super::queue::{Queue, QueueLimits, Terms};
    use super::super::reentrancy::DatabaseId;
    use super::*;

    #[test]
    fn nobody_waits_for_room_when_the_writer_is_gone() {
        let (queue, receiver) = Queue::new(QueueLimits { messages: 1, bytes: 64 }, DatabaseId::next(), None);
        let inbox = Inbox::new(receiver, queue.budget());
        let send = || queue.send(Request::Wake, 64, Terms::default()).map_err(TransactionError::from);
        send().unwrap();
        std::thread::scope(|threads| {
            let waiting = threads.spawn(send);
            drop(inbox);
            // It has waited, or came when it was over: without a writer it would get no room.
            assert!(matches!(waiting.join().unwrap(), Err(TransactionError::Closed)));
        });
        assert!(matches!(send(), Err(TransactionError::Closed)));
    }
}
