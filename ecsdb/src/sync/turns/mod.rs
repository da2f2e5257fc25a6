//! Pieces that several threads prepare and one takes, in their order.
//!
//! # The protocol
//!
//! - Pieces are numbered. Whoever is free takes the next number, prepares that piece, and waits until all before it
//!   were handed over ([`Turns::prepare_all`]). Then it sends the piece, and **only then** is it the turn of the next
//!   one: of two that send at a time nobody knows which comes first.
//! - Whatever ends before its time says so, and wakes everybody ([`Turns::end`]): whoever takes the pieces, when it
//!   wants no more ([`Turns::take_all`]); a thread whose piece nobody takes any more; a thread that panics while it
//!   prepares. A number that it had would never have its turn, and all behind it would wait for ever.
//!
//! Numbers and turns stand under one lock, which nobody holds while it prepares, sends or takes a piece. There is no
//! other bound than the threads and the channel: each thread has one piece at the most.

#[cfg(all(test, ecsdb_loom))]
mod models;

use crate::sync::channel::{Receiver, Sender};
use crate::sync::mutant;
use crate::sync::shim::{Condvar, Mutex, lock, model_failed};

/// Who prepares which piece, and whose turn it is.
pub struct Turns {
    /// How many pieces there are.
    count: usize,
    state: Mutex<State>,
    /// That it is another one's turn, or that it is over.
    changed: Condvar,
}

struct State {
    /// The next piece that nobody prepares.
    next: usize,
    /// The next piece that is to be handed over.
    due: usize,
    /// Nothing more is wanted.
    is_over: bool,
}

impl Turns {
    /// For `count` pieces.
    pub fn new(count: usize) -> Self {
        let state = State { next: 0, due: 0, is_over: false };
        Self { count, state: Mutex::new(state), changed: Condvar::new() }
    }

    /// Prepares pieces with `prepare`, each from its number, and sends them in their turn, until there are no more or
    /// none is wanted. For any number of threads. If `prepare` panics, this ends, for all of them.
    pub fn prepare_all<T>(&self, sender: &Sender<T>, prepare: impl Fn(usize) -> T) {
        while let Some(number) = self.take() {
            let unless_sent = Ending(self);
            let piece = prepare(number);
            if !self.wait_for(number) {
                return;
            }
            if mutant!("turns/pass before it is sent") {
                self.pass();
            }
            if sender.send(piece).is_err() {
                return;
            }
            core::mem::forget(unless_sent);
            if !mutant!("turns/pass before it is sent") {
                self.pass();
            }
        }
    }

    /// Gives `take` the pieces in their order. The first error of `take` is the end for all threads, and is returned.
    /// The threads have all ends of the channel that pieces go into: when they are gone, nothing comes any more.
    pub fn take_all<T, E>(&self, receiver: Receiver<T>, mut take: impl FnMut(T) -> Result<(), E>) -> Result<(), E> {
        let _at_the_end = Ending(self);
        // Goes before that: whoever waits for room in the channel finds that nobody takes anything out of it.
        let receiver = receiver;
        for _ in 0..self.count {
            let Ok(piece) = receiver.recv() else { break };
            take(piece)?;
        }
        Ok(())
    }

    /// The next piece that nobody prepares; none if there is none, or none is wanted.
    fn take(&self) -> Option<usize> {
        let mut state = lock(&self.state);
        if state.is_over || state.next == self.count {
            return None;
        }
        state.next += 1;
        Some(state.next - 1)
    }

    /// Waits until it is the turn of the piece `number`. Returns whether it is wanted.
    fn wait_for(&self, number: usize) -> bool {
        let mut state = lock(&self.state);
        while state.due != number && !state.is_over && !mutant!("turns/out of turn") {
            state = self.changed.wait(state).unwrap_or_else(|poisoned| poisoned.into_inner());
        }
        !state.is_over
    }

    /// Has it be the turn of the next piece.
    fn pass(&self) {
        lock(&self.state).due += 1;
        if !mutant!("turns/pass in silence") {
            self.changed.notify_all();
        }
    }

    /// Nothing more is wanted.
    fn end(&self) {
        lock(&self.state).is_over = true;
        if !mutant!("turns/end in silence") {
            self.changed.notify_all();
        }
    }
}

/// Ends all when it is dropped, in whatever way.
struct Ending<'t>(&'t Turns);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        if !model_failed() {
            self.0.end();
        }
    }
}
