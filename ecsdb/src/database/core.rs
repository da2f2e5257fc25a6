//! What every handle of one database shares: the published version, the queue, and the threads.

use std::path::PathBuf;
use std::sync::Arc;
use std::thread::available_parallelism;

use super::checkpoint::Checkpoint;
use super::config::{Config, OpenError};
use super::evolve::{EvolveError, Prepared, prepare};
#[cfg(feature = "metrics")]
use super::metrics::{Reporter, Told, report};
use super::stats::Stats;
use crate::bytes::Meter;
#[cfg(feature = "metrics")]
use crate::persistence::CheckpointFigures;
use crate::persistence::{
    self, BackupError, BackupReport, BackupWish, CheckpointError, Figures, Keeper, LogSettings, OnProgress, Recovery,
    Wish,
};
use crate::schema::diff::Plan;
use crate::schema::{DatabaseSchema, TableSchema};
use crate::storage::{CommitCursor, CommitHistory, Prebuilt, Store, Version};
use crate::sync::shim::{Arc as VersionRef, Mutex, lock, thread, thread_pool};
use crate::sync::{Published, completion};
use crate::transaction::{
    Apply, Catalog, ClosureJob, DatabaseId, Evolve, Guarded, Mirrored, Procedures, Queue, Request, Terms, Ticket,
    TransactionError, WriterConfig, WriterThread, Written,
};

/// What snapshots need besides their version. It keeps no database open.
pub struct Readers {
    database: DatabaseId,
    catalog: Arc<Catalog>,
    /// Later schemas, each with the first version that has it.
    later: Mutex<Vec<(u64, Arc<Catalog>)>>,
    workers: Arc<rayon::ThreadPool>,
    history: CommitHistory,
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

    /// The tables of version `version`.
    pub fn catalog_of(&self, version: u64) -> Arc<Catalog> {
        let later = lock(&self.later);
        let found = later.iter().rev().find(|(first, _)| *first <= version);
        Arc::clone(found.map_or(&self.catalog, |(_, catalog)| catalog))
    }

    /// Notes that the tables are those of `catalog` from version `first` on.
    fn announce(&self, first: u64, catalog: Arc<Catalog>) {
        lock(&self.later).push((first, catalog));
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
    readers: Arc<Readers>,
    published: Published<Version>,
    id: DatabaseId,
    queue: Arc<Queue>,
    /// What makes checkpoints, if there is a directory.
    keeper: Option<Keeper>,
    /// What was found in the directory, if there is one.
    recovery: Option<Recovery>,
    /// What its log counts.
    log_figures: Option<Arc<Figures>>,
    /// What all pages take.
    meter: Arc<Meter>,
    procedures: Procedures,
    /// Held while the tables change.
    evolving: Mutex<()>,
    /// What was told to the recorder of metrics.
    #[cfg(feature = "metrics")]
    told: Mutex<Told>,
    /// The thread that tells it.
    #[cfg(feature = "metrics")]
    reporter: Mutex<Option<Reporter>>,
    writer: Mutex<Option<thread::JoinHandle<()>>>,
}

impl Core {
    /// Opens a database with the tables of `schema`.
    pub(super) fn open(schema: DatabaseSchema, mut config: Config) -> Result<Arc<Self>, OpenError> {
        config.check(&schema)?;
        let procedures = Procedures::new(core::mem::take(&mut config.procedures))?;
        let catalog = Arc::new(Catalog::new(schema));
        let fresh = || {
            let mut store = Store::with_indexes(catalog.shapes(), catalog.indexes(), config.memory_limit);
            store.hold_to(catalog.schema());
            store
        };
        let (mut watermark, mut recovery, mut keeper, mut log_figures) = (None, None, None, None);
        let mut store;
        if let Some(directory) = config.directory.take() {
            let settings = LogSettings {
                directory,
                media: config.media,
                segment_bytes: config.segment_bytes as u64,
                sync_within: config.sync_within,
                memory_limit: config.memory_limit,
                migrations: config.migrations,
                threads: reading_threads(config.workers),
                keeping: config.keeping,
                on_progress: config.on_recovery.take(),
            };
            let opened = persistence::open(settings, &Arc::new(catalog.schema().clone()), &fresh)?;
            store = opened.store;
            let wal = Box::new(opened.wal);
            config.log = Some(match config.log {
                Some(mirror) => Box::new(Mirrored::new(mirror, wal)),
                None => wal,
            });
            (watermark, recovery, keeper) = (Some(opened.watermark), Some(opened.recovery), Some(opened.keeper));
            log_figures = Some(opened.figures);
        } else {
            store = fresh();
        }
        if let Some(limits) = config.history {
            store.keep_history(limits);
        }
        let (published, history) = (store.published(), store.history());
        let meter = Arc::clone(store.meter());
        let id = DatabaseId::next();
        let name = catalog.schema().name().to_owned();
        let name = move |index| format!("ecsdb-{name}-{index}");
        let workers = thread_pool(config.workers, name, move || id.enter());
        let workers = workers.map_err(|error| OpenError::Thread(Box::new(error)))?;
        let workers = Arc::new(workers);
        let (queue, receiver) = Queue::new(config.queue, id, watermark);
        let writer = WriterThread::new(
            WriterConfig {
                store,
                catalog: Arc::clone(&catalog),
                workers: Arc::clone(&workers),
                log: config.log.map(Guarded::new),
                limits: config.batch,
                huge_pages: config.huge_pages,
                idle: config.idle,
            },
            &queue,
            receiver,
        );
        let thread = thread::Builder::new()
            .name(format!("ecsdb-{}", catalog.schema().name()))
            .spawn(move || {
                id.enter();
                writer.run();
            })
            .map_err(|error| OpenError::Thread(Box::new(error)))?;
        let readers = Arc::new(Readers { database: id, catalog, later: Mutex::new(Vec::new()), workers, history });
        // From here on whatever fails closes the database: its drop waits until the directory is given back.
        let mut core = Self {
            readers,
            published,
            id,
            queue: Arc::new(queue),
            keeper: None,
            recovery,
            log_figures,
            meter,
            procedures,
            evolving: Mutex::new(()),
            #[cfg(feature = "metrics")]
            told: Mutex::default(),
            #[cfg(feature = "metrics")]
            reporter: Mutex::default(),
            writer: Mutex::new(Some(thread)),
        };
        if let Some(keeper) = keeper {
            let started = keeper.start(Arc::clone(&core.queue), id, core.schema().name());
            core.keeper = Some(started.map_err(|error| OpenError::Thread(Box::new(error)))?);
        }
        let core = Arc::new(core);
        #[cfg(feature = "metrics")]
        report(&core, config.metrics_every).map_err(|error| OpenError::Thread(Box::new(error)))?;
        Ok(core)
    }

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

    /// Which database it is.
    pub fn id(&self) -> DatabaseId {
        self.id
    }

    /// What readers pin versions from.
    pub fn published(&self) -> &Published<Version> {
        &self.published
    }

    /// Has the database other tables; see [`DynDb::evolve`](super::DynDb::evolve).
    pub fn evolve(&self, schema: &DatabaseSchema) -> Result<Plan, EvolveError> {
        if self.id.is_entered() {
            return Err(TransactionError::Reentrant.into());
        }
        // One at a time: each is judged by what the one before has left.
        let _alone = lock(&self.evolving);
        let before = self.readers.catalog_of(self.pin().number);
        let Prepared { plan, catalog, rewritten, convert } = prepare(before.schema(), schema)?;
        let is_same = || before.schema().tables().iter().zip(catalog.schema().tables()).all(has_same_indexes);
        if !plan.changes_data() && plan.is_empty() && is_same() {
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
        let (readers, announced) = (Arc::clone(&self.readers), Arc::clone(&catalog));
        let names = Arc::clone(&catalog);
        let announce = Box::new(move |version| readers.announce(version, announced));
        let request = Request::Evolve(Box::new(Evolve { catalog, rewritten, prebuilt, convert, announce, completer }));
        self.queue.send(request, Queue::CLOSURE_BYTES, Queue::URGENT).map_err(TransactionError::from)?;
        match pending.wait() {
            Ok(Ok(_)) => Ok(plan),
            Ok(Err(failure)) => Err(EvolveError::of(failure, names.schema())),
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
            log: self.log_figures.as_ref().map(|figures| figures.read()),
            checkpoints: self.keeper.as_ref().map(|keeper| keeper.figures().read()),
        }
    }

    /// What the log counts, if there is one.
    #[cfg(feature = "metrics")]
    pub fn log_figures(&self) -> Option<&Figures> {
        self.log_figures.as_deref()
    }

    /// What is counted of checkpoints, if there is a directory.
    #[cfg(feature = "metrics")]
    pub fn checkpoint_figures(&self) -> Option<&CheckpointFigures> {
        self.keeper.as_ref().map(|keeper| keeper.figures())
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
        self.recovery.as_ref()
    }

    /// Waits until everything that is visible now is durable. Returns the version that is.
    pub fn sync(&self) -> Result<u64, TransactionError> {
        if self.id.is_entered() {
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
        let keeper = self.keeper.as_ref().ok_or(TransactionError::NoLog)?;
        let (completer, pending) = completion();
        keeper.ask(Wish { on_progress, completer });
        Ok(Checkpoint::new(pending, self.id))
    }

    /// Makes a backup; see [`Db::backup`](super::Db::backup).
    pub fn backup(&self, destination: PathBuf, on_progress: OnProgress) -> Result<BackupReport, BackupError> {
        if self.id.is_entered() {
            return Err(CheckpointError::Reentrant.into());
        }
        let keeper = self.keeper.as_ref().ok_or(BackupError::NoDirectory)?;
        let (completer, pending) = completion();
        keeper.ask_backup(BackupWish { destination, on_progress, completer });
        pending.wait().unwrap_or_else(|_| Err(CheckpointError::Closed.into()))
    }

    /// Takes no more transactions, and waits until all that were queued are done.
    pub fn close(&self) -> Result<(), TransactionError> {
        if self.id.is_entered() {
            return Err(TransactionError::Reentrant);
        }
        if let Some(keeper) = &self.keeper {
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
        if let Some(keeper) = &self.keeper {
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

/// How many threads read and check files when a directory is opened, besides the one that waits: for `workers`, where 0 stands for
/// one for each processor. One worker is no worker.
fn reading_threads(workers: usize) -> usize {
    /// More do not help: one thread takes in what they have read.
    const MOST: usize = 8;
    let processors = || available_parallelism().map_or(1, usize::from);
    let threads = if workers == 0 { processors() } else { workers };
    if threads == 1 { 0 } else { threads.min(MOST) }
}

/// Whether two tables have the same indexes.
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
