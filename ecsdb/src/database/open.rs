//! Opening a database: its storage, new or from a directory, then its threads, then what its handles share.
//!
//! A step that fails undoes those before it by dropping them: the writer ends when the queue is gone.

use std::sync::Arc;
use std::thread::available_parallelism;

use super::config::{Config, OpenError};
use super::core::{Core, KeptOnDisk, Readers};
#[cfg(feature = "metrics")]
use super::metrics::report;
use crate::persistence::{self, Figures, KeeperSetup, LogSettings, Recovery};
use crate::schema::DatabaseSchema;
use crate::storage::Store;
use crate::sync::Watermark;
use crate::sync::shim::{Mutex, thread, thread_pool};
use crate::transaction::{
    Catalog, CommitLog, DatabaseId, Guarded, LogError, Mirrored, Procedures, Queue, WriterConfig, WriterThread,
};

/// The rows to begin with, and where commits go.
struct Storage {
    store: Store,
    log: Option<Box<dyn CommitLog>>,
    directory: Option<OpenDirectory>,
}

/// What belongs to a directory, before its thread is started.
struct OpenDirectory {
    watermark: Arc<Watermark<LogError>>,
    recovery: Recovery,
    keeper: KeeperSetup,
    figures: Arc<Figures>,
}

impl Core {
    /// Opens a database with the tables of `schema`.
    pub(super) fn open(schema: DatabaseSchema, mut config: Config) -> Result<Arc<Self>, OpenError> {
        config.check(&schema)?;
        let procedures = Procedures::new(core::mem::take(&mut config.procedures))?;
        let catalog = Arc::new(Catalog::new(Arc::new(schema)));
        let Storage { mut store, log, directory } = open_storage(catalog.schema(), &mut config)?;
        if let Some(limits) = config.history {
            store.keep_history(limits);
        }
        let (published, history, meter) = (store.published(), store.history(), Arc::clone(store.meter()));

        let (id, name) = (DatabaseId::next(), catalog.schema().name());
        let workers = Arc::new(start_workers(name, config.workers, id)?);
        let watermark = directory.as_ref().map(|directory| Arc::clone(&directory.watermark));
        let (queue, receiver) = Queue::new(config.queue, id, watermark);
        let writer = WriterConfig {
            store,
            catalog: Arc::clone(&catalog),
            workers: Arc::clone(&workers),
            log: log.map(Guarded::new),
            limits: config.batch,
            huge_pages: config.huge_pages,
            idle: config.idle,
        };
        let writer = start_writer(name, id, WriterThread::new(writer, &queue, receiver))?;

        // From here on a step that fails closes the database, and its drop waits until the directory is given back.
        let mut core = Self {
            readers: Arc::new(Readers { database: id, catalog, workers, history }),
            published,
            queue: Arc::new(queue),
            directory: None,
            meter,
            procedures,
            evolving: Mutex::new(()),
            #[cfg(feature = "metrics")]
            told: Mutex::default(),
            #[cfg(feature = "metrics")]
            reporter: Mutex::default(),
            writer: Mutex::new(Some(writer)),
        };
        if let Some(directory) = directory {
            core.directory = Some(directory.start(&core.queue, id, core.schema().name())?);
        }
        let core = Arc::new(core);
        #[cfg(feature = "metrics")]
        report(&core, config.metrics_every).map_err(|error| OpenError::Thread(Box::new(error)))?;
        Ok(core)
    }
}

/// What the directory holds, if there is one; otherwise nothing.
fn open_storage(schema: &Arc<DatabaseSchema>, config: &mut Config) -> Result<Storage, OpenError> {
    let memory_limit = config.memory_limit;
    let fresh = || Store::of_schema(schema, memory_limit);
    let mirror = config.log.take();
    let Some(directory) = config.directory.take() else {
        return Ok(Storage { store: fresh(), log: mirror, directory: None });
    };
    let settings = LogSettings {
        directory,
        media: Arc::clone(&config.media),
        segment_bytes: config.segment_bytes as u64,
        sync_within: config.sync_within,
        memory_limit,
        migrations: core::mem::take(&mut config.migrations),
        threads: reading_threads(config.workers),
        keeping: core::mem::take(&mut config.keeping),
        on_progress: config.on_recovery.take(),
    };
    let persistence::Opened { store, wal, watermark, figures, recovery, keeper } =
        persistence::open(settings, schema, &fresh)?;
    let wal: Box<dyn CommitLog> = Box::new(wal);
    let log = match mirror {
        Some(mirror) => Box::new(Mirrored::new(mirror, wal)),
        None => wal,
    };
    let directory = OpenDirectory { watermark, recovery, keeper, figures };
    Ok(Storage { store, log: Some(log), directory: Some(directory) })
}

impl OpenDirectory {
    /// Starts the thread that makes checkpoints.
    fn start(self, queue: &Arc<Queue>, id: DatabaseId, name: &str) -> Result<KeptOnDisk, OpenError> {
        let Self { recovery, keeper, figures, .. } = self;
        let keeper = keeper.start(Arc::clone(queue), id, name).map_err(|error| OpenError::Thread(Box::new(error)))?;
        Ok(KeptOnDisk { keeper, recovery, log_figures: figures })
    }
}

/// Starts the threads for work on many pages.
fn start_workers(name: &str, workers: usize, id: DatabaseId) -> Result<rayon::ThreadPool, OpenError> {
    let name = name.to_owned();
    let name = move |index| format!("ecsdb-{name}-{index}");
    thread_pool(workers, name, move || id.enter()).map_err(|error| OpenError::Thread(Box::new(error)))
}

/// Starts the writer's thread.
fn start_writer(name: &str, id: DatabaseId, writer: WriterThread) -> Result<thread::JoinHandle<()>, OpenError> {
    let run = move || {
        id.enter();
        writer.run();
    };
    let thread = thread::Builder::new().name(format!("ecsdb-{name}")).spawn(run);
    thread.map_err(|error| OpenError::Thread(Box::new(error)))
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
