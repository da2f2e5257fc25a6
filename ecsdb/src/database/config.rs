//! How a database is opened.

use core::marker::PhantomData;
use core::time::Duration;
use std::path::PathBuf;
use std::sync::Arc;

use thiserror::Error;

use super::core::Core;
use super::db::Db;
use super::dyn_db::DynDb;
use crate::component::{Field, Stored};
use crate::media::{Disk, Media};
use crate::persistence::archive::Archive;
use crate::persistence::{
    ArchiveSetting, DirectoryError, Keeping, MigrationFailure, Migrations, OldRow, OnRecovery, RecoveryProgress,
    Retention, Schedule,
};
use crate::schema::{DatabaseSchema, Schema, SchemaError, TableOf, Value};
use crate::sync::HistoryLimits;
use crate::transaction::{BatchLimits, CommitLog, Dynamic, Procedure, ProcedureFault, QueueLimits, Registered};

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
    /// Rows are to be migrated to a table that the schema has not.
    #[error("a migration makes rows of `{table}`, and the schema has no table with that name")]
    MigratedTable {
        /// The name.
        table: String,
    },
    /// The directory cannot be opened.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// A procedure cannot be registered.
    #[error(transparent)]
    Procedure(#[from] ProcedureFault),
    /// The system gave no thread.
    #[error("cannot start a thread")]
    Thread(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// The settings of a database, and their defaults.
pub(super) struct Config {
    pub memory_limit: usize,
    pub queue: QueueLimits,
    pub batch: BatchLimits,
    pub huge_pages: bool,
    pub idle: Duration,
    pub workers: usize,
    pub log: Option<Box<dyn CommitLog>>,
    pub directory: Option<PathBuf>,
    pub media: Arc<dyn Media>,
    pub segment_bytes: usize,
    pub sync_within: Duration,
    pub migrations: Migrations,
    pub keeping: Keeping,
    pub on_recovery: Option<OnRecovery>,
    pub history: Option<HistoryLimits>,
    pub procedures: Vec<Registered>,
    #[cfg(feature = "metrics")]
    pub metrics_every: Option<Duration>,
}

/// The smallest segment that makes sense: a header, and a few records.
const SEGMENT_BYTES_MIN: usize = 16 << 10;

/// The longest queue: there is a place for each transaction from the beginning.
const QUEUE_MESSAGES_MAX: usize = 1 << 20;

impl Default for Config {
    fn default() -> Self {
        Self {
            memory_limit: usize::MAX,
            queue: QueueLimits { messages: 8192, bytes: 64 << 20 },
            batch: BatchLimits { transactions: 64, bytes: 4 << 20 },
            huge_pages: true,
            idle: Duration::from_millis(500),
            workers: 0,
            log: None,
            directory: None,
            media: Arc::new(Disk),
            segment_bytes: 64 << 20,
            sync_within: Duration::ZERO,
            migrations: Migrations::default(),
            keeping: Keeping::default(),
            on_recovery: None,
            history: None,
            procedures: Vec::new(),
            #[cfg(feature = "metrics")]
            metrics_every: None,
        }
    }
}

impl Config {
    /// Whether a database with the tables of `schema` can be opened with these settings.
    pub fn check(&self, schema: &DatabaseSchema) -> Result<(), OpenError> {
        let (commits, bytes) = self.history.map_or((1, 1), |limits| (limits.commits, limits.bytes));
        for (setting, found) in [
            ("queue_limits.messages", self.queue.messages),
            ("queue_limits.bytes", self.queue.bytes),
            ("batch_limits.transactions", self.batch.transactions),
            ("batch_limits.bytes", self.batch.bytes),
            ("history.commits", commits),
            ("history.bytes", bytes),
        ] {
            if found == 0 {
                return Err(OpenError::Setting { setting, found, expected: "use at least 1" });
            }
        }
        if self.queue.messages > QUEUE_MESSAGES_MAX {
            let (found, expected) = (self.queue.messages, "use at most 1048576");
            return Err(OpenError::Setting { setting: "queue_limits.messages", found, expected });
        }
        if self.segment_bytes < SEGMENT_BYTES_MIN {
            let (found, expected) = (self.segment_bytes, "use at least 16384");
            return Err(OpenError::Setting { setting: "segment_bytes", found, expected });
        }
        if self.keeping.schedule.every.is_some_and(|every| every.is_zero()) {
            let expected = "use an interval that is longer than nothing, or `None`";
            return Err(OpenError::Setting { setting: "checkpoint_every", found: 0, expected });
        }
        match self.migrations.tables().find(|table| schema.table(table).is_none()) {
            Some(table) => Err(OpenError::MigratedTable { table: table.to_owned() }),
            None => Ok(()),
        }
    }
}

/// A database that is about to be opened: `Db::<World>::builder().memory_limit(1 << 30).open()`.
#[must_use = "nothing is opened before `open`"]
pub struct DbBuilder<S> {
    config: Config,
    schema: PhantomData<fn() -> S>,
}

debug_as!([S] DbBuilder<S>);

impl<S> DbBuilder<S> {
    pub(super) fn new() -> Self {
        Self { config: Config::default(), schema: PhantomData }
    }

    /// The most memory that pages of rows may take, in bytes, old versions included. A transaction that needs more fails, and
    /// nothing else happens. Directories come on top: about 20 bytes for 64 slots of a table with rows of up to 64 bytes, up to 24 bytes a
    /// page where rows are wider, and about 36 bytes for 64 entities. Default: no limit.
    pub fn memory_limit(mut self, bytes: usize) -> Self {
        self.config.memory_limit = bytes;
        self
    }

    /// How many transactions, and how many bytes of operations, may wait for the writer before `commit` blocks. A transaction counts
    /// for at least `bytes / messages`, so that neither is exceeded; a closure counts for 256 bytes otherwise. Transactions of low
    /// priority find the queue full at half of that, those of high priority have an eighth more ([`Priority`](crate::transaction::Priority)).
    /// The queue takes its memory when the database is opened, so it has 1,048,576 places at the most. Default: 8,192 and 64 MiB.
    pub fn queue_limits(mut self, messages: usize, bytes: usize) -> Self {
        self.config.queue = QueueLimits { messages, bytes };
        self
    }

    /// How many transactions, and how many bytes of operations, are published together at the most. A batch also ends when
    /// nothing waits, so a lone transaction is published at once. Default: 64 and 4 MiB: what a batch touches then stays in
    /// the processor's cache until the next version catches up.
    pub fn batch_limits(mut self, transactions: usize, bytes: usize) -> Self {
        self.config.batch = BatchLimits { transactions, bytes };
        self
    }

    /// After how long without a transaction spare versions and free pages are given back. Default: half a second.
    pub fn idle_after(mut self, idle: Duration) -> Self {
        self.config.idle = idle;
        self
    }

    /// Whether the system is asked to keep rows in huge pages, where a place for one is full of them. Look-ups at random take a tenth to a
    /// quarter less then. It happens on the worker threads when nothing waits for the writer, fifty times a second at the most;
    /// what reads in that place meanwhile waits for as long as 2 MiB take to be copied. Only Linux since 6.1 does it.
    /// Default: yes.
    pub fn huge_pages(mut self, huge_pages: bool) -> Self {
        self.config.huge_pages = huge_pages;
        self
    }

    /// How many threads work on `update_all` and parallel queries; 0 stands for one for each processor. Default: 0.
    pub fn worker_threads(mut self, threads: usize) -> Self {
        self.config.workers = threads;
        self
    }

    /// Where commits go before they are visible; see [`CommitLog`]. If there is a [directory](Self::directory) as well, they
    /// come here first, and what is replayed when the directory is opened does not come here. Default: nowhere.
    pub fn commit_log(mut self, log: impl CommitLog + 'static) -> Self {
        self.config.log = Some(Box::new(log));
        self
    }

    /// Keeps the changes of up to `commits` commits, as far as the pages that only they hold take up to `bytes` bytes, so that
    /// [`Snapshot::changed_since`](crate::Snapshot::changed_since) can say what has changed since an earlier version.
    ///
    /// It counts in [`Db::memory`], and goes before a transaction is refused for lack of memory. Each transaction notes what it
    /// has touched then; the pages that it has replaced stay for longer instead of being used again at once.
    ///
    /// Default: nothing is kept, until somebody [subscribes](Db::subscribe). As long as somebody does, 4,096 commits and 64 MiB.
    pub fn history(mut self, commits: usize, bytes: usize) -> Self {
        self.config.history = Some(HistoryLimits { commits, bytes });
        self
    }

    /// Where the database is kept: a directory of its own, which is made if it does not exist. What is in its log is there
    /// again when `open` returns, and every commit goes there. Default: nowhere, the database ends with its handles.
    pub fn directory(mut self, directory: impl Into<PathBuf>) -> Self {
        self.config.directory = Some(directory.into());
        self
    }

    /// On what the directory is. Default: [`Disk`], the file system of the machine.
    pub fn media(mut self, media: impl Media + 'static) -> Self {
        self.config.media = Arc::new(media);
        self
    }

    /// How large the files of the log become, in bytes, at least 16 KiB. A batch that takes more gets a file of its own.
    /// Default: 64 MiB.
    pub fn segment_bytes(mut self, bytes: usize) -> Self {
        self.config.segment_bytes = bytes;
        self
    }

    /// How long a commit may be visible before the log is synced, if nobody waits for it. Whoever waits, with
    /// [`Ticket::durable`](crate::Ticket::durable) or [`Db::sync`], has the log synced at once. Longer is less work for the
    /// disk. A process that is killed loses nothing in any case; a machine that stops loses what was not synced.
    /// Default: zero, the next sync begins when the one before has ended.
    pub fn sync_within(mut self, delay: Duration) -> Self {
        self.config.sync_within = delay;
        self
    }

    /// Publishes metrics, as [`Db::publish_metrics`] does, each time that `interval` has passed, from a thread of the
    /// database. Default: never.
    #[cfg(feature = "metrics")]
    pub fn publish_metrics_every(mut self, interval: Duration) -> Self {
        self.config.metrics_every = Some(interval);
        self
    }
}

/// Checkpoints of the [directory](Self::directory), and what is kept of the past.
impl<S> DbBuilder<S> {
    /// Has `tell` be told, while the directory is opened, how far that is: after each piece that was read, on the thread that opens.
    pub fn on_recovery_progress(mut self, tell: impl FnMut(RecoveryProgress) + Send + 'static) -> Self {
        self.config.on_recovery = Some(Box::new(tell));
        self
    }

    /// When a [checkpoint](Db::checkpoint) is made by itself: when `log_bytes` bytes have been written to the log since the last
    /// one, or, if something was committed, when `interval` has passed. `u64::MAX` and `None` leave it to
    /// [`Db::checkpoint`] alone. A checkpoint that fails is tried again when a quarter of `log_bytes` has come.
    /// Default: 256 MiB, no interval.
    pub fn checkpoint_every(mut self, log_bytes: u64, interval: impl Into<Option<Duration>>) -> Self {
        self.config.keeping.schedule = Schedule { log_bytes, every: interval.into() };
        self
    }

    /// What is kept in the directory besides what it takes to open it; the rest is removed after each checkpoint. Default: the
    /// last two complete snapshot files and what came after.
    pub fn retention(mut self, retention: Retention) -> Self {
        self.config.keeping.retention = retention;
        self
    }

    /// Where parts of the log go as soon as they are finished and durable, and complete snapshot files as soon as they are made. So an archive
    /// alone lacks the part that is being written, and what is on its way. Each part is removed only when the archive has it; if the archive
    /// refuses, they stay, and [`CheckpointReport::kept_because`](crate::durability::CheckpointReport::kept_because) says so. An archive
    /// belongs to the database that was opened with it last: two never store in it side by side. Default: nowhere.
    pub fn archive(mut self, archive: impl Archive + 'static) -> Self {
        let level = self.config.keeping.compression;
        self.config.keeping.archive = Some(ArchiveSetting::new(Arc::new(archive), level));
        self
    }

    /// Whether complete snapshot files go to the [archive](Self::archive) too. Without them a directory that is lost comes back only from
    /// an archive that has the log from its beginning, and all of it is replayed then. Default: they do.
    pub fn archive_snapshots(mut self, archived: bool) -> Self {
        self.config.keeping.archive_snapshots = archived;
        self
    }

    /// Has checkpoints made by blocking tasks of this runtime, instead of by a thread of the database. If the runtime ends before the
    /// database is closed, the thread goes on. Default: none.
    #[cfg(feature = "tokio")]
    pub fn runtime(mut self, runtime: tokio::runtime::Handle) -> Self {
        self.config.keeping.runtime = Some(runtime);
        self
    }

    /// Compresses snapshot files, and what goes to an [archive](Self::archive), with this level of zstd: 1 is fast, 19 is small.
    /// Files that were written with it can only be read by programs that have the feature `zstd` too. Default: not compressed.
    #[cfg(feature = "zstd")]
    pub fn compression(mut self, level: i32) -> Self {
        self.config.keeping.compression = Some(level);
        if let Some(archive) = &mut self.config.keeping.archive {
            archive.level = Some(level);
        }
        self
    }
}

impl<S: 'static> DbBuilder<S> {
    /// Makes `procedure` one that can be [called by name](Db::call_by_name), and that is [listed](Db::procedures). To call it
    /// through its handle it need not be registered.
    pub fn procedure<A: Field, R: Field>(mut self, procedure: &Procedure<S, A, R>) -> Self {
        // SAFETY: the database that this builder opens is the only one that gets the procedure, and it has the tables of `S`:
        // those of the type, unless it is `Dynamic`.
        self.config.procedures.push(unsafe { Registered::new(procedure.clone()) });
        self
    }
}

impl<S: Schema> DbBuilder<S> {
    /// Has `migrate` make the rows of `T` from those that the [directory](Self::directory) has, if they cannot be taken over as they
    /// are: if the schema changed in a way that is allowed, and rewrites the rows, or that would be refused for this table.
    /// It is called for each row, with what it was; the directory is not changed unless it succeeds for all of them.
    ///
    /// Without it, fields are taken over by name, what was renamed says so with `renamed_from`, and new fields have their
    /// `default`; a change that would lose values is refused.
    ///
    /// ```
    /// # use ecsdb::durability::OldRow;
    /// # use ecsdb::{Component, Db};
    /// # use ecsdb::schema::Value;
    /// #[derive(Component)]
    /// struct Health {
    ///     /// It was a `f32` once.
    ///     hp: u32,
    /// }
    /// ecsdb::schema! { World: Health }
    ///
    /// let builder = Db::<World>::builder().migrate(|old: OldRow<'_>| match old.get("hp") {
    ///     Some(Value::F32(hp)) => Ok(Health { hp: hp.round() as u32 }),
    ///     other => Err(format!("unexpected {other:?}").into()),
    /// });
    /// # let _ = builder;
    /// ```
    pub fn migrate<T: TableOf<S>>(
        mut self,
        migrate: impl Fn(OldRow<'_>) -> Result<T, MigrationFailure> + Send + 'static,
    ) -> Self {
        self.config.migrations.add(T::TABLE, move |old, _, out| {
            out.extend_from_slice(&Stored::new(migrate(old)?).to_bytes());
            Ok(())
        });
        self
    }

    /// Opens the database: that of the [directory](Self::directory), or an empty one in memory.
    ///
    /// # Errors
    /// [`OpenError::Schema`] if two tables have one name, or the tables are not valid together; [`OpenError::Procedure`] if two
    /// procedures have one name; [`OpenError::Setting`] if a setting cannot be used; [`OpenError::Directory`] if the directory
    /// cannot be opened; [`OpenError::Thread`] if the system gives no thread.
    pub fn open(self) -> Result<Db<S>, OpenError> {
        let schema = DatabaseSchema::from_tables(S::NAME, S::TABLES)?;
        // SAFETY: these are the tables of `S`.
        Ok(unsafe { Db::new(Core::open(schema, self.config)?) })
    }
}

impl DbBuilder<Dynamic> {
    /// Has `migrate` make the rows of `table` from those that the [directory](Self::directory) has, as
    /// [`DbBuilder::migrate`](DbBuilder::<S>::migrate) does for a component: it gives a value for each field that has no default. The
    /// schema that is opened has to have the table.
    pub fn migrate_table(
        mut self,
        table: &str,
        migrate: impl Fn(OldRow<'_>) -> Result<Vec<(String, Value)>, MigrationFailure> + Send + 'static,
    ) -> Self {
        self.config.migrations.add(table, move |old, table, out| {
            let values = migrate(old)?;
            let values: Vec<(&str, Value)> = values.iter().map(|(name, value)| (&**name, value.clone())).collect();
            out.extend_from_slice(&table.encode_row(&values)?);
            Ok(())
        });
        self
    }

    /// Opens a database with the tables of `schema`: that of the [directory](Self::directory), or an empty one in memory.
    ///
    /// # Errors
    /// As for [`DbBuilder::open`](DbBuilder::<S>::open), and [`OpenError::MigratedTable`] if there is a
    /// [migration](Self::migrate_table) for a table that the schema has not.
    pub fn open_schema(self, schema: DatabaseSchema) -> Result<DynDb, OpenError> {
        Ok(DynDb::new(Core::open(schema, self.config)?))
    }
}
