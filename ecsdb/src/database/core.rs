//! What every handle of one database shares: the published version, the queue, and the threads.

use std::path::PathBuf;
use std::sync::Arc;

use super::checkpoint::Checkpoint;
use super::evolve::{EvolveError, Prepared, prepare};
#[cfg(feature = "metrics")]
use super::metrics::{Reporter, Told};
use super::stats::Stats;
use crate::bytes::Meter;
#[cfg(feature = "metrics")]
use crate::persistence::CheckpointFigures;
use crate::persistence::{
    BackupError, BackupReport, BackupWish, CheckpointError, Figures, Keeper, OnProgress, Recovery, Wish,
};
use crate::schema::diff::Plan;
use crate::schema::{DatabaseSchema, TableSchema};
use crate::storage::{CommitCursor, CommitHistory, Prebuilt, Store, Version};
use crate::sync::shim::{Arc as VersionRef, Mutex, lock, thread};
use crate::sync::{Published, completion};
use crate::transaction::{
    Apply, Catalog, ClosureJob, DatabaseId, Evolve, Procedures, Queue, Request, Terms, Ticket, TransactionError,
    Written,
};

/// What snapshots need besides their version. It keeps no database open.
pub struct Readers {
    pub(super) database: DatabaseId,
    pub(super) catalog: Arc<Catalog>,
    pub(super) workers: Arc<rayon::ThreadPool>,
    pub(super) history: CommitHistory,
}

impl Readers {
    /// Whose versions they read.
    pub fn database(&self) -> DatabaseId {
        self.database
    }

    /// The tables that the database was opened with.
    pub fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// The schema that the database was opened with.
    pub fn schema(&self) -> &DatabaseSchema {
        self.catalog.schema()
    }

    /// The changes of the last commits, if they are kept.
    pub fn history(&self) -> &CommitHistory {
        &self.history
    }

    /// The threads for work on many pages.
    pub fn workers(&self) -> &rayon::ThreadPool {
        &self.workers
    }
}

/// The shared part of all handles of one database. The last one to go closes the queue and waits for the writer.
pub struct Core {
    pub(super) readers: Arc<Readers>,
    pub(super) published: Published<Version>,
    pub(super) queue: Arc<Queue>,
    /// What there is besides if the database is in a directory.
    pub(super) directory: Option<KeptOnDisk>,
    /// What all pages take.
    pub(super) meter: Arc<Meter>,
    pub(super) procedures: Procedures,
    /// Held while the tables change.
    pub(super) evolving: Mutex<()>,
    /// What was told to the recorder of metrics.
    #[cfg(feature = "metrics")]
    pub(super) told: Mutex<Told>,
    /// The thread that tells it.
    #[cfg(feature = "metrics")]
    pub(super) reporter: Mutex<Option<Reporter>>,
    pub(super) writer: Mutex<Option<thread::JoinHandle<()>>>,
}

/// What a database in a directory has.
pub(super) struct KeptOnDisk {
    /// What makes checkpoints.
    pub keeper: Keeper,
    /// What was found in the directory.
    pub recovery: Recovery,
    /// What its log counts.
    pub log_figures: Arc<Figures>,
}

impl Core {
    /// Whether it takes no more transactions.
    pub fn is_closed(&self) -> bool {
        self.queue.is_closed()
    }

    /// The schema.
    pub fn schema(&self) -> &DatabaseSchema {
        self.readers.schema()
    }

    /// Pins the published version.
    #[inline]
    pub fn pin(&self) -> VersionRef<Version> {
        self.published.load()
    }

    /// What a snapshot keeps besides its version.
    pub fn readers(&self) -> &Arc<Readers> {
        &self.readers
    }

    /// The way to the writer.
    pub fn queue(&self) -> &Arc<Queue> {
        &self.queue
    }

    /// Runs `closure`, which is that of `procedure` if there is one, as a transaction on the writer.
    pub fn submit<R: Send + 'static>(
        &self,
        procedure: Option<&'static str>,
        closure: impl FnOnce(Apply<'_>, &rayon::ThreadPool) -> Result<R, TransactionError> + Send + 'static,
        terms: Terms,
    ) -> Result<Ticket<Written<R>>, TransactionError> {
        let (completer, pending) = completion();
        let job = Box::new(ClosureJob::new(closure, procedure, completer));
        self.queue.send(Request::Job(job), Queue::CLOSURE_BYTES, terms)?;
        Ok(Ticket::new(pending, Arc::clone(&self.queue)))
    }

    /// The procedures that can be called by name.
    pub fn procedures(&self) -> &Procedures {
        &self.procedures
    }

    /// Runs `work` on the storage between two batches, and waits for it.
    pub fn control<R: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Store) -> R + Send + 'static,
    ) -> Result<R, TransactionError> {
        self.queue.control(work)
    }

    /// A place in the history before the next commit. Asks the writer only if it records nothing so far.
    pub fn follow(&self) -> Result<CommitCursor, TransactionError> {
        match self.readers.history.follow() {
            Some(cursor) => Ok(cursor),
            None => self.control(Store::follow),
        }
    }

    /// What makes checkpoints, if there is a directory.
    fn keeper(&self) -> Option<&Keeper> {
        self.directory.as_ref().map(|directory| &directory.keeper)
    }

    /// Which database it is.
    pub fn id(&self) -> DatabaseId {
        self.readers.database()
    }

    /// What readers pin versions from.
    pub fn published(&self) -> &Published<Version> {
        &self.published
    }

    /// Has the database other tables; see [`DynDb::evolve`](super::DynDb::evolve).
    pub fn evolve(&self, schema: &DatabaseSchema) -> Result<Plan, EvolveError> {
        if self.id().is_entered() {
            return Err(TransactionError::Reentrant.into());
        }
        // One at a time: each is judged by what the one before has left.
        let _alone = lock(&self.evolving);
        let before = Arc::clone(&self.pin().schema);
        let Prepared { plan, catalog, rewritten, convert } = prepare(&before, schema)?;
        let is_same = || before.tables().iter().zip(catalog.schema().tables()).all(has_same_indexes);
        if plan.is_empty() && is_same() {
            return Ok(plan);
        }
        // Without rows that change, indexes are built here, from a version that is held, while the writer goes on.
        let prebuilt = if rewritten.contains(&true) {
            None
        } else {
            let source = self.control(|store| store.node_source())?;
            Some(Prebuilt::build(self.pin(), &catalog.indexes(), &source, self.readers.workers())?)
        };
        let (completer, pending) = completion();
        let names = Arc::clone(catalog.schema());
        let request = Request::Evolve(Box::new(Evolve { catalog, rewritten, prebuilt, convert, completer }));
        self.queue.send(request, Queue::CLOSURE_BYTES, Queue::URGENT).map_err(TransactionError::from)?;
        match pending.wait() {
            Ok(Ok(_)) => Ok(plan),
            Ok(Err(failure)) => Err(EvolveError::of(failure, &names)),
            Err(_) => Err(TransactionError::Closed.into()),
        }
    }

    /// Figures of the moment.
    pub fn stats(&self) -> Stats {
        let version = self.pin();
        let (queued_transactions, queued_bytes) = self.queue.depth();
        Stats {
            version: version.number,
            entities: version.entities.count(),
            rows: version.tables.iter().map(|table| table.rows()).sum(),
            queued_transactions,
            queued_bytes,
            transactions: self.queue.counts().read(),
            batch_time: self.queue.counts().batch_time().read(),
            pinned_versions: self.queue.counts().pinned_versions(),
            page_bytes: self.meter.allocated_bytes(),
            durable_version: self.queue.watermark().map(|watermark| watermark.durable()),
            log: self.directory.as_ref().map(|directory| directory.log_figures.read()),
            checkpoints: self.keeper().map(|keeper| keeper.figures().read()),
        }
    }

    /// What the log counts, if there is one.
    #[cfg(feature = "metrics")]
    pub fn log_figures(&self) -> Option<&Figures> {
        self.directory.as_ref().map(|directory| &*directory.log_figures)
    }

    /// What is counted of checkpoints, if there is a directory.
    #[cfg(feature = "metrics")]
    pub fn checkpoint_figures(&self) -> Option<&CheckpointFigures> {
        self.keeper().map(|keeper| keeper.figures())
    }

    /// What was told to the recorder of metrics.
    #[cfg(feature = "metrics")]
    pub fn told(&self) -> &Mutex<Told> {
        &self.told
    }

    /// Keeps the thread that publishes metrics until the database is closed.
    #[cfg(feature = "metrics")]
    pub fn keep_reporter(&self, reporter: Reporter) {
        *lock(&self.reporter) = Some(reporter);
    }

    /// What was found in the directory, if there is one.
    pub fn recovery(&self) -> Option<&Recovery> {
        self.directory.as_ref().map(|directory| &directory.recovery)
    }

    /// Waits until everything that is visible now is durable. Returns the version that is.
    pub fn sync(&self) -> Result<u64, TransactionError> {
        if self.id().is_entered() {
            return Err(TransactionError::Reentrant);
        }
        let version = self.pin().number;
        let watermark = self.queue.watermark().ok_or(TransactionError::NoLog)?;
        let answer = watermark.help(version).map_or_else(|| watermark.when(version).wait(), Ok);
        match answer {
            Ok(Ok(())) => Ok(version),
            Ok(Err(cause)) => Err(TransactionError::NotDurable { version, cause }),
            Err(_) => Err(TransactionError::Closed),
        }
    }

    /// Asks for a checkpoint; see [`Db::checkpoint`](super::Db::checkpoint).
    pub fn checkpoint(&self, on_progress: Option<OnProgress>) -> Result<Checkpoint, TransactionError> {
        if self.is_closed() {
            return Err(TransactionError::Closed);
        }
        let keeper = self.keeper().ok_or(TransactionError::NoLog)?;
        let (completer, pending) = completion();
        keeper.ask(Wish { on_progress, completer });
        Ok(Checkpoint::new(pending, self.id()))
    }

    /// Makes a backup; see [`Db::backup`](super::Db::backup).
    pub fn backup(&self, destination: PathBuf, on_progress: OnProgress) -> Result<BackupReport, BackupError> {
        if self.id().is_entered() {
            return Err(CheckpointError::Reentrant.into());
        }
        let keeper = self.keeper().ok_or(BackupError::NoDirectory)?;
        let (completer, pending) = completion();
        keeper.ask_backup(BackupWish { destination, on_progress, completer });
        pending.wait().unwrap_or_else(|_| Err(CheckpointError::Closed.into()))
    }

    /// Takes no more transactions, and waits until all that were queued are done.
    pub fn close(&self) -> Result<(), TransactionError> {
        if self.id().is_entered() {
            return Err(TransactionError::Reentrant);
        }
        if let Some(keeper) = self.keeper() {
            keeper.end();
        }
        self.queue.close();
        // Held while waiting: whoever else closes has to wait as well.
        let mut writer = lock(&self.writer);
        if let Some(thread) = writer.take()
            && thread.join().is_err()
        {
            tracing::error!("the writer thread panicked");
        }
        drop(writer);
        // The log is closed by now, however long an archive takes for what it is storing.
        if let Some(keeper) = self.keeper() {
            keeper.close();
        }
        #[cfg(feature = "metrics")]
        {
            let reporter = lock(&self.reporter).take();
            drop(reporter);
        }
        let version = self.pin().number;
        match self.queue.watermark() {
            Some(watermark) if watermark.durable() < version => match watermark.check() {
                Ok(_) => Ok(()),
                Err(cause) => Err(TransactionError::NotDurable { version, cause }),
            },
            _ => Ok(()),
        }
    }
}

/// Whether two tables have the same indexes, in the same order: an index is known by its number.
fn has_same_indexes((one, other): (&TableSchema, &TableSchema)) -> bool {
    let references = |table: &TableSchema| -> Vec<_> {
        table.fields.iter().map(|field| field.reference.as_ref().map(|reference| reference.cardinality)).collect()
    };
    one.indexes == other.indexes && references(one) == references(other)
}

impl Drop for Core {
    fn drop(&mut self) {
        // On a thread of the database itself the writer cannot be waited for; it ends by itself when the queue is empty. What
        // makes checkpoints ends with the rest of this.
        if self.close().is_err() {
            self.queue.close();
        }
    }
}
