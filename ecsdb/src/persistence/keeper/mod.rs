//! The keeper of a directory: a thread that makes checkpoints while the writer goes on.
//!
//! - `mailbox`: how it is asked
//! - `worker`: what it does then, and where
//! - `checkpoint`: making a snapshot file count
//! - `backup`: a version and the log behind it in a directory of their own
//! - `report`: what is said of it; `figures`: what is counted
//! - `setup`: what it starts with
//! - `retention`: what is needed no longer; `archiving`: where it goes
//!
//! It asks the writer for nothing but a version to hold, and waits until that has time for it. No transaction waits for the keeper.

mod archiving;
mod backup;
mod checkpoint;
mod figures;
mod mailbox;
#[cfg(all(test, ecsdb_loom))]
mod models;
mod report;
mod retention;
mod setup;
mod worker;

use std::io;
use std::sync::Arc;
use std::time::Instant;

pub use archiving::ArchiveSetting;
pub use backup::{BackupError, BackupReport};
pub use figures::{CheckpointFigures, CheckpointStats, LastCheckpoint};
use mailbox::Mailbox;
pub use mailbox::{BackupWish, OnProgress, Wish};
pub use report::{CheckpointError, CheckpointProgress, CheckpointReport};
pub use retention::Retention;
pub use setup::{KeeperSetup, Keeping, KeptDirectory, Schedule};
use worker::{Place, Worker};

use crate::sync::shim::{Mutex, lock, thread};
use crate::transaction::{DatabaseId, Queue};

/// The thread, and the way to it.
pub struct Keeper {
    mailbox: Arc<Mailbox>,
    figures: Arc<CheckpointFigures>,
    database: DatabaseId,
    thread: Mutex<Option<thread::JoinHandle<()>>>,
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
        if self.cleaner.archive.is_some() {
            self.alarm.on_finished({
                let mailbox = Arc::clone(&mailbox);
                move || mailbox.archive_at(Instant::now())
            });
            // What was finished before the database was opened.
            mailbox.archive_at(Instant::now());
        }
        let worker =
            Worker { mailbox: Arc::clone(&mailbox), figures: Arc::clone(&figures), queue, database, setup: self };
        let thread = thread::Builder::new().name(format!("ecsdb-{name}-keeper")).spawn({
            let mailbox = Arc::clone(&mailbox);
            move || {
                // Should it panic, nobody waits for it any more.
                let _end = CloseOnDrop(&mailbox);
                run(worker, &mailbox);
            }
        })?;
        Ok(Keeper { mailbox, figures, database, thread: Mutex::new(Some(thread)) })
    }
}

/// Nobody waits for the keeper after this.
struct CloseOnDrop<'m>(&'m Mailbox);

impl Drop for CloseOnDrop<'_> {
    fn drop(&mut self) {
        self.0.close();
    }
}

impl Keeper {
    /// Asks for a checkpoint.
    pub fn ask(&self, wish: Wish) {
        self.mailbox.ask(wish);
    }

    /// Asks for a backup.
    pub fn ask_backup(&self, wish: BackupWish) {
        self.mailbox.ask_backup(wish);
    }

    /// What is counted.
    pub fn figures(&self) -> &CheckpointFigures {
        &self.figures
    }

    /// Has the thread end as soon as it can: a checkpoint that is being made is given up. Waits for nothing.
    pub fn end(&self) {
        self.mailbox.close();
    }

    /// Ends the thread, and waits for it: an archive may be storing a segment, and is left to finish it.
    pub fn close(&self) {
        self.end();
        let Some(keeping) = lock(&self.thread).take() else { return };
        // The last handle of a database may go with a callback, here or in a task that this thread waits for, and nobody can wait
        // for himself.
        let is_own = keeping.thread().id() == thread::current().id();
        if !is_own && !self.database.is_entered() && keeping.join().is_err() {
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
fn run(worker: Worker, mailbox: &Mailbox) {
    let every = worker.setup.schedule.every;
    // When it is time for the next checkpoint, if the last one is made now.
    let due = || every.and_then(|every| Instant::now().checked_add(every));
    let mut place = Place::new(worker);
    let mut next = due();
    while let Some(work) = mailbox.next(next) {
        let is_about_checkpoints = work.is_about_checkpoints();
        place.carry_out(work);
        if is_about_checkpoints {
            next = due();
        }
    }
}
