//! How the keeper is asked: by anybody, and by whoever ends it.
//!
//! Everything stands under one lock, which nobody holds while work is done or somebody is told. One thread waits, for whatever is
//! said here: the keeper. Whoever asks is answered: by the keeper, by who closes the mailbox, or at once if it is closed.

use std::path::PathBuf;
use std::time::Instant;

use super::backup::{BackupError, BackupReport};
use super::report::{CheckpointError, CheckpointProgress, CheckpointReport};
use crate::sync::shim::{Condvar, Mutex, lock, wait_until};
use crate::sync::{Completer, mutant};

/// Is told how far a checkpoint is.
pub type OnProgress = Box<dyn FnMut(CheckpointProgress) + Send>;

/// Somebody who wants a checkpoint.
pub struct Wish {
    /// Who is told how far it is.
    pub on_progress: Option<OnProgress>,
    /// Who is told what came of it.
    pub completer: Completer<Result<CheckpointReport, CheckpointError>>,
}

/// Somebody who wants a backup.
pub struct BackupWish {
    /// Where.
    pub destination: PathBuf,
    /// Who is told how far it is.
    pub on_progress: OnProgress,
    /// Who is told what came of it.
    pub completer: Completer<Result<BackupReport, BackupError>>,
}

#[derive(Default)]
struct State {
    wishes: Vec<Wish>,
    backups: Vec<BackupWish>,
    /// Whether the log has become long.
    is_log_long: bool,
    /// From when on a segment is to be archived.
    archive_at: Option<Instant>,
    is_closing: bool,
}

/// What there is to do.
pub struct Work {
    /// Who wants a checkpoint.
    pub wishes: Vec<Wish>,
    /// Who wants a backup.
    pub backups: Vec<BackupWish>,
    /// Whether the log has become long.
    pub is_log_long: bool,
    /// Whether so much time has passed that there should be a checkpoint, if something was committed.
    pub is_due: bool,
    /// Whether a segment that is finished may not be in the archive yet.
    pub is_segment_finished: bool,
}

impl Work {
    /// Whether there may have to be a checkpoint.
    pub fn is_about_checkpoints(&self) -> bool {
        !self.wishes.is_empty() || self.is_log_long || self.is_due
    }
}

/// What the keeper is to do.
#[derive(Default)]
pub struct Mailbox {
    state: Mutex<State>,
    changed: Condvar,
}

impl Mailbox {
    /// Asks for a checkpoint that begins after this. All who ask before one begins share it.
    pub fn ask(&self, wish: Wish) {
        let mut state = lock(&self.state);
        if state.is_closing && !mutant!("mailbox/ask without a look") {
            drop(state);
            return wish.completer.complete(Err(CheckpointError::Closed));
        }
        state.wishes.push(wish);
        drop(state);
        if !mutant!("mailbox/ask in silence") {
            self.changed.notify_one();
        }
    }

    /// Asks for a backup that begins after this.
    pub fn ask_backup(&self, wish: BackupWish) {
        let mut state = lock(&self.state);
        if state.is_closing {
            drop(state);
            return wish.completer.complete(Err(CheckpointError::Closed.into()));
        }
        state.backups.push(wish);
        drop(state);
        self.changed.notify_one();
    }

    /// Has the keeper end as soon as it can.
    pub fn close(&self) {
        let mut state = lock(&self.state);
        state.is_closing = true;
        let (mut wishes, backups) = (core::mem::take(&mut state.wishes), core::mem::take(&mut state.backups));
        if mutant!("mailbox/forget who asked") {
            core::mem::swap(&mut wishes, &mut state.wishes);
        }
        drop(state);
        if !mutant!("mailbox/close in silence") {
            self.changed.notify_one();
        }
        for wish in wishes {
            wish.completer.complete(Err(CheckpointError::Closed));
        }
        for backup in backups {
            backup.completer.complete(Err(CheckpointError::Closed.into()));
        }
    }

    /// Whether the keeper is to end.
    pub fn is_closing(&self) -> bool {
        lock(&self.state).is_closing
    }

    /// Says that the log has become long. Never waits for the keeper.
    pub fn log_is_long(&self) {
        lock(&self.state).is_log_long = true;
        if !mutant!("mailbox/ring in silence") {
            self.changed.notify_one();
        }
    }

    /// Asks for a finished segment to be archived, at `at` at the latest. Never waits for the keeper.
    pub fn archive_at(&self, at: Instant) {
        let mut state = lock(&self.state);
        state.archive_at = Some(state.archive_at.map_or(at, |asked| asked.min(at)));
        drop(state);
        self.changed.notify_one();
    }

    /// Waits until there is something to do, for which there is a checkpoint at `due` at the latest. `None` if the keeper is to end.
    pub fn next(&self, due: Option<Instant>) -> Option<Work> {
        let mut state = lock(&self.state);
        loop {
            if state.is_closing {
                return None;
            }
            let now = Instant::now();
            let is_past = |at: &Instant| *at <= now;
            let is_due = due.as_ref().is_some_and(is_past);
            let is_segment_finished = state.archive_at.as_ref().is_some_and(is_past);
            let is_asked = !state.wishes.is_empty() || !state.backups.is_empty() || state.is_log_long;
            if is_asked || is_due || is_segment_finished {
                let is_log_long = core::mem::take(&mut state.is_log_long);
                let (wishes, backups) = (core::mem::take(&mut state.wishes), core::mem::take(&mut state.backups));
                state.archive_at = state.archive_at.filter(|_| !is_segment_finished);
                return Some(Work { wishes, backups, is_log_long, is_due, is_segment_finished });
            }
            let at = due.into_iter().chain(state.archive_at).min();
            state = wait_until(&self.changed, state, at);
        }
    }
}
