//! A bounded channel for the models, with the part of `crossbeam_channel`'s interface that the crate uses, and its errors.
//!
//! It is a queue under a lock, so what the models show holds for any channel that is linearizable; what crossbeam does
//! inside they do not show. As there, messages that wait when the receiver goes stay until the last end goes. Time stands still: a wait
//! with a limit ends when the shim says so ([`gives_up`]).

use std::collections::VecDeque;
#[cfg(ecsdb_shuttle)]
use std::sync::Arc;
use std::time::Duration;

pub(crate) use crossbeam_channel::TrySendError;
use crossbeam_channel::{RecvError, SendError, TryRecvError};

#[cfg(ecsdb_loom)]
use super::Arc;
use super::{Condvar, Mutex, gives_up, lock, model_failed, thread};

struct State<T> {
    messages: VecDeque<T>,
    senders: usize,
    receivers: usize,
}

struct Shared<T> {
    capacity: usize,
    state: Mutex<State<T>>,
    moved: Condvar,
}

/// The end that messages go into.
pub(crate) struct Sender<T>(Arc<Shared<T>>);

/// The end that messages come out of.
pub(crate) struct Receiver<T>(Arc<Shared<T>>);

/// A channel for `capacity` messages.
pub(crate) fn bounded<T>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    let state = State { messages: VecDeque::new(), senders: 1, receivers: 1 };
    let shared = Arc::new(Shared { capacity, state: Mutex::new(state), moved: Condvar::new() });
    (Sender(Arc::clone(&shared)), Receiver(shared))
}

impl<T> Sender<T> {
    pub(crate) fn len(&self) -> usize {
        lock(&self.0.state).messages.len()
    }

    pub(crate) fn try_send(&self, message: T) -> Result<(), TrySendError<T>> {
        let mut state = lock(&self.0.state);
        if state.receivers == 0 {
            return Err(TrySendError::Disconnected(message));
        }
        if state.messages.len() == self.0.capacity {
            return Err(TrySendError::Full(message));
        }
        state.messages.push_back(message);
        self.0.moved.notify_all();
        Ok(())
    }

    pub(crate) fn send(&self, message: T) -> Result<(), SendError<T>> {
        let mut state = lock(&self.0.state);
        while state.receivers > 0 && state.messages.len() == self.0.capacity {
            state = self.0.moved.wait(state).unwrap_or_else(|poisoned| poisoned.into_inner());
        }
        if state.receivers == 0 {
            return Err(SendError(message));
        }
        state.messages.push_back(message);
        self.0.moved.notify_all();
        Ok(())
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        lock(&self.0.state).senders += 1;
        Self(Arc::clone(&self.0))
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        if !model_failed() {
            lock(&self.0.state).senders -= 1;
            self.0.moved.notify_all();
        }
    }
}

impl<T> Receiver<T> {
    pub(crate) fn is_empty(&self) -> bool {
        lock(&self.0.state).messages.is_empty()
    }

    pub(crate) fn try_recv(&self) -> Result<T, TryRecvError> {
        let mut state = lock(&self.0.state);
        match state.messages.pop_front() {
            Some(message) => {
                self.0.moved.notify_all();
                Ok(message)
            }
            None if state.senders == 0 => Err(TryRecvError::Disconnected),
            None => Err(TryRecvError::Empty),
        }
    }

    pub(crate) fn recv(&self) -> Result<T, RecvError> {
        loop {
            self.arrival(|| false);
            match self.try_recv() {
                Ok(message) => return Ok(message),
                Err(TryRecvError::Disconnected) => return Err(RecvError),
                Err(TryRecvError::Empty) => {}
            }
        }
    }

    /// Waits until there is a message, or none will come, or `gives_up`.
    fn arrival(&self, gives_up: fn() -> bool) {
        let mut state = lock(&self.0.state);
        while state.messages.is_empty() && state.senders > 0 {
            if gives_up() {
                drop(state);
                // A schedule by priorities goes on with the others now, or it would see this thread give up for ever.
                return thread::yield_now();
            }
            state = self.0.moved.wait(state).unwrap_or_else(|poisoned| poisoned.into_inner());
        }
    }
}

/// Waits for messages, without taking them.
pub(crate) struct Arrivals<'a, T>(&'a Receiver<T>);

impl<'a, T> Arrivals<'a, T> {
    pub(crate) fn new(receiver: &'a Receiver<T>) -> Self {
        Self(receiver)
    }

    /// Waits until there is a message, or none will come, or, with a timeout, until the shim says so.
    pub(crate) fn wait(&mut self, timeout: Option<Duration>) {
        self.0.arrival(if timeout.is_some() { gives_up } else { || false });
    }
}

impl<T> Clone for Receiver<T> {
    fn clone(&self) -> Self {
        lock(&self.0.state).receivers += 1;
        Self(Arc::clone(&self.0))
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        if model_failed() {
            return;
        }
        lock(&self.0.state).receivers -= 1;
        self.0.moved.notify_all();
    }
}
