//! How the keeper is asked: by anybody, and by whoever ends it.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

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
    /// Whether the log has become long.
    is_log_long: bool,
    is_closing: bool,
}

/// What there is to do.
pub struct Work {
    /// Who wants a checkpoint.
    pub wishes: Vec<Wish>,
    /// Whether the log has become long. If not, and nobody wants one, it is time for a checkpoint.
    pub is_log_long: bool,
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

    /// Says that the log has become long. Never waits for the keeper.
    pub fn log_is_long(&self) {
        self.lock().is_log_long = true;
        self.changed.notify_one();
    }

    /// Waits until there is something to do, which there is at `due` at the latest. `None` if the keeper is to end.
    pub fn next(&self, due: Option<Instant>) -> Option<Work> {
        let mut state = self.lock();
        loop {
            if state.is_closing {
                return None;
            }
            let left = due.map(|due| due.saturating_duration_since(Instant::now()));
            let is_due = left.is_some_and(|left| left.is_zero());
            if !state.wishes.is_empty() || is_due || state.is_log_long {
                let is_log_long = core::mem::take(&mut state.is_log_long);
                return Some(Work { wishes: core::mem::take(&mut state.wishes), is_log_long });
            }
            state = match left {
                None => self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
                Some(left) => self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0,
            };
        }
    }
}
