//! How the keeper is asked: by anybody, and by whoever ends it.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use super::report::{CheckpointError, CheckpointProgress, CheckpointReport};
use crate::sync::Completer;

/// Is told how far a checkpoint is.
pub type OnProgress = Box<dyn FnMut(CheckpointProgress) + Send>;

/// Somebody who wants a checkpoint.
pub struct Wish {
    /// Who is told how far it is.
    pub on_progress: Option<OnProgress>,
    /// Who is told what came of it.
    pub completer: Completer<Result<CheckpointReport, CheckpointError>>,
}

#[derive(Default)]
struct State {
    wishes: Vec<Wish>,
    is_closing: bool,
}

/// What the keeper is to do.
#[derive(Default)]
pub struct Mailbox {
    state: Mutex<State>,
    changed: Condvar,
}

impl Mailbox {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks for a checkpoint that begins after this. All who ask before one begins share it.
    pub fn ask(&self, wish: Wish) {
        let mut state = self.lock();
        if state.is_closing {
            drop(state);
            return wish.completer.complete(Err(CheckpointError::Closed));
        }
        state.wishes.push(wish);
        drop(state);
        self.changed.notify_one();
    }

    /// Has the keeper end as soon as it can.
    pub fn close(&self) {
        let mut state = self.lock();
        state.is_closing = true;
        let wishes = core::mem::take(&mut state.wishes);
        drop(state);
        self.changed.notify_one();
        for wish in wishes {
            wish.completer.complete(Err(CheckpointError::Closed));
        }
    }

    /// Whether the keeper is to end.
    pub fn is_closing(&self) -> bool {
        self.lock().is_closing
    }

    /// Waits until there is something to do. `None` if the keeper is to end.
    pub fn next(&self) -> Option<Vec<Wish>> {
        let mut state = self.lock();
        loop {
            if state.is_closing {
                return None;
            }
            if !state.wishes.is_empty() {
                return Some(core::mem::take(&mut state.wishes));
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}
