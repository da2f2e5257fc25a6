//! What the keeper does when it is asked, and on which thread.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
#[cfg(feature = "tokio")]
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::checkpoint::Made;
use super::figures::CheckpointFigures;
use super::mailbox::{BackupWish, Mailbox, OnProgress, Wish, Work};
use super::report::CheckpointProgress;
use super::retention::CleanError;
use super::setup::KeeperSetup;
use crate::causes::with_causes;
use crate::panics::quietly;
use crate::persistence::archive::ArchiveError;
#[cfg(feature = "tokio")]
use crate::sync::completion;
use crate::transaction::{DatabaseId, Queue};

/// After a failure the log grows by the bytes for a checkpoint, divided by this, before the next one is tried.
const RETRY_PARTS: u64 = 4;

/// How long an archive that has refused is left alone, unless there is more for it.
const ARCHIVE_PAUSE: Duration = Duration::from_secs(30);

/// Who makes checkpoints.
pub struct Worker {
    pub setup: KeeperSetup,
    pub mailbox: Arc<Mailbox>,
    pub figures: Arc<CheckpointFigures>,
    pub queue: Arc<Queue>,
    pub database: DatabaseId,
}

impl Worker {
    /// Takes the archive, if there is one.
    fn begin(&mut self) {
        let cleaner = &mut self.setup.cleaner;
        if !self.mailbox.is_closing()
            && let Some(setting) = &mut cleaner.archive
            && let Err(error) = setting.claim(&cleaner.directory)
        {
            tracing::error!(error = %with_causes(&error), "the archive cannot be taken now: it is tried again when there is something for it");
        }
    }

    /// Makes a checkpoint, unless it is only time for one and there is one; and backups. A segment is archived when nobody waits for
    /// these.
    fn carry_out(&mut self, work: Work) {
        let checkpoints = &self.setup.checkpoints;
        // What is published may be later by now; then there is a next time.
        let is_idle = || checkpoints.has(checkpoints.watermark.durable());
        if !work.wishes.is_empty() || work.is_log_long || work.is_due && !is_idle() {
            self.checkpoint(work.wishes);
        }
        work.backups.into_iter().for_each(|backup| self.back_up(backup));
        if work.is_segment_finished && !self.mailbox.is_closing() {
            self.archive_segment();
        }
    }

    /// Stores the oldest segment that is finished and not archived. If there are more, whoever wants a checkpoint comes before them.
    fn archive_segment(&mut self) {
        let stored = self.setup.cleaner.archive_segment();
        let (left, pause) = match stored {
            Ok(0) => (0, None),
            Ok(left) => (left, Some(Duration::ZERO)),
            Err(CleanError::Log(_)) => return,
            Err(error) => {
                tracing::error!(error = %with_causes(&error), "a finished segment of the log is not archived");
                // Who was replaced does not come back.
                let is_final = matches!(error, CleanError::Archive(ArchiveError::Fenced { .. }));
                (self.setup.cleaner.unarchived(), Some(ARCHIVE_PAUSE).filter(|_| !is_final))
            }
        };
        self.figures.note_unarchived(left as u64);
        if let Some(pause) = pause {
            self.mailbox.archive_at(Instant::now() + pause);
        }
    }

    /// Makes a backup. Nothing of the directory goes meanwhile: that is done here as well.
    fn back_up(&mut self, wish: BackupWish) {
        let BackupWish { destination, on_progress, completer } = wish;
        let mut on_progress = Some(on_progress);
        let (mailbox, database) = (&self.mailbox, self.database);
        let done = self.setup.checkpoints.back_up(&self.queue, &destination, &mut |progress| {
            tell(&mut on_progress, progress, database);
            !mailbox.is_closing()
        });
        hand_over(database, || {
            completer.complete(done);
            drop(on_progress);
        });
    }

    /// Makes a checkpoint, and lets go of what is needed no longer.
    fn checkpoint(&mut self, mut wishes: Vec<Wish>) {
        let (mailbox, database) = (&self.mailbox, self.database);
        let KeeperSetup { checkpoints, cleaner, schedule, alarm, .. } = &mut self.setup;
        let made = checkpoints.make(&self.queue, &mut |progress| {
            for wish in &mut wishes {
                tell(&mut wish.on_progress, progress, database);
            }
            !mailbox.is_closing()
        });
        let outcome = match made {
            Ok(Made { mut report, known, log_bytes }) => {
                alarm.set(log_bytes.saturating_add(schedule.log_bytes));
                cleaner.files.insert(report.version, known);
                if let Err(error) = cleaner.clean(report.version, &|| !mailbox.is_closing()) {
                    tracing::error!(error = %with_causes(&error), "files are kept that are not needed");
                    report.kept_because = Some(with_causes(&error).to_string());
                }
                Ok(report)
            }
            Err(error) => {
                tracing::error!(error = %with_causes(&error), "there is no checkpoint");
                // Again when a part of what makes it necessary has come once more.
                alarm.set(checkpoints.figures.bytes().saturating_add(schedule.log_bytes / RETRY_PARTS));
                Err(error)
            }
        };
        self.figures.note(&outcome, checkpoints.media.now());
        for Wish { on_progress, completer } in wishes {
            hand_over(database, || {
                completer.complete(outcome.clone());
                drop(on_progress);
            });
        }
    }
}

/// Tells somebody how far a checkpoint is. A callback that panics is not asked again.
fn tell(on_progress: &mut Option<OnProgress>, progress: CheckpointProgress, database: DatabaseId) {
    let Some(callback) = on_progress else { return };
    let told = database.enter_for(|| catch_unwind(AssertUnwindSafe(|| callback(progress))));
    if told.is_err() {
        tracing::error!("a callback of a checkpoint panicked");
        let callback = on_progress.take();
        hand_over(database, || drop(callback));
    }
}

/// Wakes somebody, or lets go of what is somebody's. The last handle of the database may go with that, which then does not wait for
/// this thread.
fn hand_over(database: DatabaseId, work: impl FnOnce()) {
    database.enter_for(|| quietly(work));
}

/// Where the work is done: on the thread of the keeper.
#[cfg(not(feature = "tokio"))]
pub struct Place(Worker);

#[cfg(not(feature = "tokio"))]
impl Place {
    pub fn new(mut worker: Worker) -> Self {
        worker.begin();
        Self(worker)
    }

    pub fn carry_out(&mut self, work: Work) {
        self.0.carry_out(work);
    }
}

/// Where the work is done: on the thread of the keeper, or as a blocking task of a runtime that the thread waits for.
#[cfg(feature = "tokio")]
pub struct Place {
    worker: Arc<Mutex<Worker>>,
    runtime: Option<tokio::runtime::Handle>,
}

#[cfg(feature = "tokio")]
impl Place {
    pub fn new(mut worker: Worker) -> Self {
        let runtime = worker.setup.runtime.take();
        let mut place = Self { worker: Arc::new(Mutex::new(worker)), runtime };
        place.run(Worker::begin);
        place
    }

    pub fn carry_out(&mut self, work: Work) {
        self.run(|worker| worker.carry_out(work));
    }

    fn run(&mut self, task: impl FnOnce(&mut Worker) + Send + 'static) {
        let worker = Arc::clone(&self.worker);
        let (completer, pending) = completion();
        let task = move || task(&mut worker.lock().unwrap_or_else(PoisonError::into_inner));
        let Some(runtime) = &self.runtime else { return task() };
        // A runtime that has ended lets go of what it is given: then the task is still here.
        let task = Arc::new(Mutex::new(Some(task)));
        let take = |task: &Mutex<Option<_>>| task.lock().unwrap_or_else(PoisonError::into_inner).take();
        let given = Arc::clone(&task);
        drop(runtime.spawn_blocking(move || {
            if let Some(task) = take(&given) {
                task();
            }
            completer.complete(());
        }));
        if pending.wait().is_err() {
            tracing::warn!("the runtime is gone: checkpoints are made on a thread of the database");
            self.runtime = None;
            if let Some(task) = take(&task) {
                task();
            }
        }
    }
}
