//! How a database is opened.

use core::marker::PhantomData;
use core::time::Duration;

use thiserror::Error;

use super::core::Core;
use super::db::Db;
use super::dyn_db::DynDb;
use crate::schema::{DatabaseSchema, Schema, SchemaError};
use crate::transaction::{BatchLimits, CommitLog, QueueLimits};

/// Why a database could not be opened.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The schema is not valid.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// A setting cannot be used.
    #[error("setting `{setting}` is {found}: {expected}")]
    Setting {
        /// The setting.
        setting: &'static str,
        /// What it was set to.
        found: usize,
        /// What can be used.
        expected: &'static str,
    },
    /// The system gave no thread.
    #[error("cannot start a thread: {0}")]
    Thread(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// The settings of a database, and their defaults.
pub(super) struct Config {
    pub memory_limit: usize,
    pub queue: QueueLimits,
    pub batch: BatchLimits,
    pub idle: Duration,
    pub workers: usize,
    pub log: Option<Box<dyn CommitLog>>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            memory_limit: usize::MAX,
            queue: QueueLimits { messages: 8192, bytes: 64 << 20 },
            batch: BatchLimits { transactions: 64, bytes: 4 << 20 },
            idle: Duration::from_millis(500),
            workers: 0,
            log: None,
        }
    }
}

/// A database that is about to be opened: `Db::<World>::builder().memory_limit(1 << 30).open()`.
#[must_use = "nothing is opened before `open`"]
pub struct DbBuilder<S> {
    config: Config,
    schema: PhantomData<fn() -> S>,
}

impl<S> DbBuilder<S> {
    pub(super) fn new() -> Self {
        Self { config: Config::default(), schema: PhantomData }
    }

    /// The most memory that pages of rows may take, in bytes, old versions included. A transaction that needs more fails, and
    /// nothing else happens. Directories come on top: about 20 bytes for 64 slots of a table. Default: no limit.
    pub fn memory_limit(mut self, bytes: usize) -> Self {
        self.config.memory_limit = bytes;
        self
    }

    /// How many transactions, and how many bytes of operations, may wait for the writer before `commit` blocks. A closure
    /// counts for 256 bytes. Default: 8,192 and 64 MiB.
    pub fn queue_limits(mut self, messages: usize, bytes: usize) -> Self {
        self.config.queue = QueueLimits { messages, bytes };
        self
    }

    /// How many transactions, and how many bytes of operations, are published together at the most. A batch also ends when
    /// nothing waits, so a lone transaction is published at once. Default: 1,024 and 4 MiB.
    pub fn batch_limits(mut self, transactions: usize, bytes: usize) -> Self {
        self.config.batch = BatchLimits { transactions, bytes };
        self
    }

    /// After how long without a transaction spare versions and free pages are given back. Default: half a second.
    pub fn idle_after(mut self, idle: Duration) -> Self {
        self.config.idle = idle;
        self
    }

    /// How many threads work on `update_all` and parallel queries; 0 stands for one for each processor. Default: 0.
    pub fn worker_threads(mut self, threads: usize) -> Self {
        self.config.workers = threads;
        self
    }

    /// Where commits go before they are visible; see [`CommitLog`]. Default: nowhere.
    pub fn commit_log(mut self, log: impl CommitLog + 'static) -> Self {
        self.config.log = Some(Box::new(log));
        self
    }
}

impl<S: Schema> DbBuilder<S> {
    /// Opens the database, in memory and empty.
    ///
    /// # Errors
    /// [`OpenError::Setting`] if a limit is 0; [`OpenError::Thread`] if the system gives no thread.
    pub fn open(self) -> Result<Db<S>, OpenError> {
        let schema = DatabaseSchema::from_tables(S::NAME, S::TABLES)?;
        Ok(Db::new(Core::open(schema, self.config)?))
    }
}

impl DbBuilder<super::dyn_db::Dynamic> {
    /// Opens a database with the tables of `schema`, in memory and empty.
    ///
    /// # Errors
    /// [`OpenError::Setting`] if a limit is 0; [`OpenError::Thread`] if the system gives no thread.
    pub fn open_schema(self, schema: DatabaseSchema) -> Result<DynDb, OpenError> {
        Ok(DynDb::new(Core::open(schema, self.config)?))
    }
}
