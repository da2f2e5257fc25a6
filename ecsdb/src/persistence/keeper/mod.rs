//! The keeper of a directory: a thread that makes checkpoints while the writer goes on.
//!
//! - `mailbox`: how it is asked
//! - `checkpoint`: making a snapshot file count
//! - `report`: what is said of it; `figures`: what is counted
//! - `setup`: what it starts with
//! - `retention`: what is needed no longer, and where it goes
//!
//! It asks the writer for nothing but a version to hold. It never waits for a transaction, and no transaction waits for it.

mod checkpoint;
mod figures;
mod mailbox;
mod report;
mod retention;
mod setup;

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Instant;

use checkpoint::Made;
pub use figures::{CheckpointFigures, CheckpointStats, LastCheckpoint};
use mailbox::{Mailbox, Work};
pub use mailbox::{OnProgress, Wish};
pub use report::{CheckpointError, CheckpointProgress, CheckpointReport};
pub use retention::{ArchiveSetting, Retention};
pub use setup::{KeeperSetup, Keeping, KeptDirectory, Schedule};

use crate::transaction::{DatabaseId, Queue};

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
        self.alarm.on_ring({
            let mailbox = Arc::clone(&mailbox);
            move || mailbox.log_is_long()
        });
        let thread = std::thread::Builder::new().name(format!("ecsdb-{name}-keeper")).spawn({
            let (mailbox, figures) = (Arc::clone(&mailbox), Arc::clone(&figures));
            move || Run { setup: self, mailbox, figures, queue, database }.run()
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

/// The thread.
struct Run {
    setup: KeeperSetup,
    mailbox: Arc<Mailbox>,
    figures: Arc<CheckpointFigures>,
    queue: Arc<Queue>,
    database: DatabaseId,
}

impl Run {
    /// What the thread does.
    fn run(mut self) {
        if let Some(setting) = &mut self.setup.cleaner.archive
            && let Err(error) = setting.claim(&self.setup.cleaner.directory)
        {
            tracing::error!(%error, "the archive cannot be taken now: it is tried again when there is something for it");
        }
        let mut due = self.due();
        while let Some(Work { wishes }) = self.mailbox.next(due) {
            due = self.due();
            // What is published may be later by now; then there is a next time.
            let is_idle = wishes.is_empty() && self.setup.checkpoints.has(self.setup.checkpoints.watermark.durable());
            if !is_idle {
                self.checkpoint(wishes);
                due = self.due();
            }
        }
    }

    /// When it is time for the next checkpoint, if the last one is made now.
    fn due(&self) -> Option<Instant> {
        self.setup.schedule.every.and_then(|every| Instant::now().checked_add(every))
    }

    /// Makes a checkpoint, and lets go of what is needed no longer.
    fn checkpoint(&mut self, mut wishes: Vec<Wish>) {
        let (mailbox, database) = (&self.mailbox, self.database);
        let KeeperSetup { checkpoints, cleaner, schedule, alarm, .. } = &mut self.setup;
        let made = checkpoints.make(&self.queue, &mut |progress| {
            for wish in &mut wishes {
                tell(wish, progress, database);
            }
            !mailbox.is_closing()
        });
        let outcome = match made {
            Ok(Made { mut report, known, log_bytes }) => {
                alarm.set(log_bytes.saturating_add(schedule.log_bytes));
                cleaner.files.insert(report.version, known);
                if let Err(error) = cleaner.clean(report.version) {
                    tracing::error!(%error, "files are kept that are not needed");
                    report.kept_because = Some(error.to_string());
                }
                Ok(report)
            }
            Err(error) => {
                tracing::error!(%error, "there is no checkpoint");
                // Again when a part of what makes it necessary has come once more.
                alarm.set(checkpoints.figures.bytes().saturating_add(schedule.log_bytes / RETRY_PARTS));
                Err(error)
            }
        };
        self.figures.note(&outcome, checkpoints.media.now());
        for wish in wishes {
            wish.completer.complete(outcome.clone());
        }
    }
}

/// After a failure the log grows by the bytes for a checkpoint, divided by this, before the next one is tried.
const RETRY_PARTS: u64 = 4;

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
