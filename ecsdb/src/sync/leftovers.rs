//! What lies in a channel when nobody takes anything out of it any more.
//!
//! A bounded channel keeps what is in it until its last end is gone, and whoever waits for an answer to his message may hold
//! one. So somebody has to let go of it when its receiver ends. Messages may still be on their way then:
//!
//! - Whoever receives, at his end: stores `is_over`, then takes out what is there.
//! - Whoever sends: sends, then loads `is_over`; if it is set, he takes out what is there.
//!
//! Either he sees it, or his message was sent before it was stored, and is taken out by the other one. That needs one order of all
//! four accesses: the store and the load here are SeqCst, so is the access by which the channel takes a message in, and so is the fence
//! by which it finds out that it is empty.

use crate::panics::quietly;
use crate::sync::channel::Receiver;
use crate::sync::shim::{AtomicUsize, Ordering, model_failed};
use crate::sync::{CachePadded, mutant};

/// What is left in a channel of `T`.
pub struct Leftovers<T> {
    receiver: Receiver<T>,
    /// 1 when nobody receives any more, and 0 before.
    is_over: CachePadded<AtomicUsize>,
}

impl<T> Leftovers<T> {
    /// For a channel with the end `receiver`.
    pub fn new(receiver: Receiver<T>) -> Self {
        Self { receiver, is_over: CachePadded::new(AtomicUsize::new(0)) }
    }

    /// Whoever receives has come to his end: lets go of what is left. For the one who received.
    pub fn end(&self) {
        if !model_failed() {
            // SeqCst: with the load of `sent`.
            self.is_over.store(1, Ordering::SeqCst);
            if !mutant!("leftovers/end with messages") {
                self.let_go();
            }
        }
    }

    /// Lets go of what is left, if it is too late for what was sent just now. For whoever has sent something.
    #[inline]
    pub fn sent(&self) {
        // SeqCst: with the store of `end`.
        if self.is_over.load(Ordering::SeqCst) == 1 && !mutant!("leftovers/send without a look") {
            self.let_go();
        }
    }

    fn let_go(&self) {
        while let Ok(message) = self.receiver.try_recv() {
            quietly(|| drop(message));
        }
    }
}
