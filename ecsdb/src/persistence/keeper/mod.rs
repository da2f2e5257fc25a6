//! The keeper of a directory: a thread that makes checkpoints while the writer goes on.
//!
//! - `mailbox`: how it is asked
//! - `checkpoint`: making a snapshot file count
//! - `report`: what is said of it; `figures`: what is counted
//!
//! It asks the writer for nothing but a version to hold. It never waits for a transaction, and no transaction waits for it.

mod checkpoint;
mod figures;
mod mailbox;
mod report;

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

pub use checkpoint::Checkpoints;
pub use figures::{CheckpointFigures, CheckpointStats, LastCheckpoint};
pub use mailbox::{Mailbox, OnProgress, Wish};
pub use report::{CheckpointError, CheckpointProgress, CheckpointReport};

use crate::media::Lock;
use crate::transaction::{DatabaseId, Queue};

/// What the thread needs.
pub struct KeeperSetup {
    /// What it takes to make checkpoints.
    pub checkpoints: Checkpoints,
    /// The lock of the directory, held until the thread has ended.
    pub lock: Arc<Lock>,
}

/// The thread, and the way to it.
pub struct Keeper {
    mailbox: Arc<Mailbox>,
    figures: Arc<CheckpointFigures>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl KeeperSetup {
    /// Starts the thread of the database `name`.
    ///
    /// # Errors
    /// If the system gives no thread.
    pub fn start(self, queue: Arc<Queue>, database: DatabaseId, name: &str) -> io::Result<Keeper> {
        let (mailbox, figures) = (Arc::new(Mailbox::default()), Arc::new(CheckpointFigures::default()));
        let thread = std::thread::Builder::new().name(format!("ecsdb-{name}-keeper")).spawn({
            let (mailbox, figures) = (Arc::clone(&mailbox), Arc::clone(&figures));
            move || run(self, &mailbox, &figures, &queue, database)
        })?;
        Ok(Keeper { mailbox, figures, thread: Mutex::new(Some(thread)) })
    }
}

impl Keeper {
    /// Asks for a checkpoint.
    pub fn ask(&self, wish: Wish) {
        self.mailbox.ask(wish);
    }

    /// What is counted.
    pub fn figures(&self) -> &CheckpointFigures {
        &self.figures
    }

    /// Ends the thread: a checkpoint that is being made is given up.
    pub fn close(&self) {
        self.mailbox.close();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(thread) = thread else { return };
        // The last handle of a database may go in a callback, and nobody can wait for himself.
        if thread.thread().id() != std::thread::current().id() && thread.join().is_err() {
            tracing::error!("the thread that makes checkpoints panicked");
        }
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.close();
    }
}

/// What the thread does.
fn run(setup: KeeperSetup, mailbox: &Mailbox, figures: &CheckpointFigures, queue: &Queue, database: DatabaseId) {
    let KeeperSetup { mut checkpoints, lock } = setup;
    while let Some(mut wishes) = mailbox.next() {
        let outcome = checkpoints.make(queue, &mut |progress| {
            for wish in &mut wishes {
                tell(wish, progress, database);
            }
            !mailbox.is_closing()
        });
        figures.note(&outcome, checkpoints.media.now());
        if let Err(error) = &outcome {
            tracing::error!(%error, "there is no checkpoint");
        }
        for wish in wishes {
            wish.completer.complete(outcome.clone());
        }
    }
    drop(lock);
}

/// Tells somebody how far a checkpoint is. A callback that panics is not asked again.
fn tell(wish: &mut Wish, progress: CheckpointProgress, database: DatabaseId) {
    if let Some(on_progress) = &mut wish.on_progress {
        let told = database.enter_for(|| catch_unwind(AssertUnwindSafe(|| on_progress(progress))));
        if told.is_err() {
            tracing::error!("a callback of a checkpoint panicked");
            wish.on_progress = None;
        }
    }
}
