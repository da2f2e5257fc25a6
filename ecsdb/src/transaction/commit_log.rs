//! The seam between commits and what keeps them.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use thiserror::Error;

use super::error::panic_message;
use crate::change_set::ChangeSet;
use crate::schema::DatabaseSchema;

/// Why a commit log takes no more commits.
#[derive(Clone, Debug, Error)]
#[error("{0}")]
pub struct LogError(Arc<dyn std::error::Error + Send + Sync>);

impl LogError {
    /// Wraps the cause.
    pub fn new(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self(Arc::from(cause.into()))
    }
}

/// Where commits go before anybody can see them.
///
/// The writer calls it: [`append`](Self::append) for each transaction of a batch, in order, and then
/// [`commit`](Self::commit) once. If either fails, nothing of the batch is published and all its transactions fail with
/// the cause. Without a log, no change set is made.
///
/// ```
/// use std::sync::mpsc;
///
/// use ecsdb::{ChangeSet, CommitLog, Component, Db, LogError};
///
/// /// Tells how many rows each version has touched.
/// struct Tally {
///     rows: usize,
///     told: mpsc::Sender<(u64, usize)>,
/// }
///
/// impl CommitLog for Tally {
///     fn append(&mut self, changes: &ChangeSet) -> Result<(), LogError> {
///         self.rows += changes.pages().map(|page| page.rows().count()).sum::<usize>();
///         Ok(())
///     }
///
///     fn commit(&mut self, version: u64) -> Result<(), LogError> {
///         self.told.send((version, std::mem::take(&mut self.rows))).map_err(LogError::new)
///     }
///
///     fn abort(&mut self) {
///         self.rows = 0;
///     }
/// }
/// # #[derive(Component)] struct Purse { gold: u64 }
/// # ecsdb::schema! { World: Purse }
/// let (told, versions) = mpsc::channel();
/// let db = Db::<World>::builder().commit_log(Tally { rows: 0, told }).open()?;
/// db.write(|tx| Ok(tx.spawn_all((0..100).map(|gold| Purse { gold }))?))?;
/// assert_eq!(versions.recv()?, (1, 100));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait CommitLog: Send {
    /// Takes in one transaction of the batch.
    ///
    /// # Errors
    /// If the log cannot take it, now or ever. The batch is given up; [`abort`](Self::abort) follows.
    fn append(&mut self, changes: &ChangeSet) -> Result<(), LogError>;

    /// Ends the batch that becomes version `version`: when this returns, the batch is in the log.
    ///
    /// # Errors
    /// As for `append`.
    fn commit(&mut self, version: u64) -> Result<(), LogError>;

    /// Forgets what was appended since the last `commit`. Follows a `commit` that went well only if another log of the same
    /// database has refused the batch after it: then that batch is not published, and its version is given to another.
    fn abort(&mut self);

    /// The database has the tables of `schema` from version `version` on, between two batches. `rows` are the rows that were made
    /// anew for that: all of the tables in question. Returns the version that is published then: `version`, or a later one if the log
    /// takes more than one for it. Only a [`DynDb`](crate::DynDb) changes its schema. Does nothing unless a log says otherwise.
    ///
    /// # Errors
    /// If the log cannot take it: the schema stays as it was.
    fn evolve(&mut self, schema: &DatabaseSchema, rows: &ChangeSet, version: u64) -> Result<u64, LogError> {
        let _ = (schema, rows);
        Ok(version)
    }

    /// Ends the log: the database was closed, and nothing comes any more. `rest` changes nothing; it says what transactions
    /// that were rolled back since the last `append` have left. Not called if the writer has panicked. Does nothing unless a
    /// log says otherwise.
    fn close(&mut self, rest: &ChangeSet) {
        let _ = rest;
    }
}

/// Two logs of one database: what the first refuses the second does not hear of.
pub struct Both {
    /// Asked first.
    pub first: Box<dyn CommitLog>,
    /// Asked when the first has agreed.
    pub second: Box<dyn CommitLog>,
}

impl CommitLog for Both {
    fn append(&mut self, changes: &ChangeSet) -> Result<(), LogError> {
        self.first.append(changes)?;
        self.second.append(changes)
    }

    fn commit(&mut self, version: u64) -> Result<(), LogError> {
        self.first.commit(version)?;
        self.second.commit(version)
    }

    fn abort(&mut self) {
        self.first.abort();
        self.second.abort();
    }

    fn evolve(&mut self, schema: &DatabaseSchema, rows: &ChangeSet, version: u64) -> Result<u64, LogError> {
        let version = self.first.evolve(schema, rows, version)?;
        self.second.evolve(schema, rows, version)
    }

    fn close(&mut self, rest: &ChangeSet) {
        self.first.close(rest);
        self.second.close(rest);
    }
}

/// A log that may panic. What it would have kept after that is unknown, so it is not asked again, and everything is refused
/// with the panic's message.
pub struct Guarded {
    log: Box<dyn CommitLog>,
    panicked: Option<LogError>,
}

impl Guarded {
    /// Guards `log`.
    pub fn new(log: Box<dyn CommitLog>) -> Self {
        Self { log, panicked: None }
    }

    fn ask(&mut self, question: impl FnOnce(&mut dyn CommitLog) -> Result<(), LogError>) -> Result<(), LogError> {
        if let Some(panicked) = &self.panicked {
            return Err(panicked.clone());
        }
        catch_unwind(AssertUnwindSafe(|| question(&mut *self.log))).unwrap_or_else(|panic| {
            let message = panic_message(&*panic);
            // Its drop might panic once more.
            core::mem::forget(panic);
            tracing::error!(%message, "the commit log panicked: nothing is committed any more");
            let error = LogError::new(format!("it panicked: {message}"));
            self.panicked = Some(error.clone());
            Err(error)
        })
    }
}

impl CommitLog for Guarded {
    fn append(&mut self, changes: &ChangeSet) -> Result<(), LogError> {
        self.ask(|log| log.append(changes))
    }

    fn commit(&mut self, version: u64) -> Result<(), LogError> {
        self.ask(|log| log.commit(version))
    }

    fn abort(&mut self) {
        // The error of a panic is told to the next transaction.
        let _ = self.ask(|log| {
            log.abort();
            Ok(())
        });
    }

    fn evolve(&mut self, schema: &DatabaseSchema, rows: &ChangeSet, mut version: u64) -> Result<u64, LogError> {
        self.ask(|log| {
            version = log.evolve(schema, rows, version)?;
            Ok(())
        })?;
        Ok(version)
    }

    fn close(&mut self, rest: &ChangeSet) {
        let _ = self.ask(|log| {
            log.close(rest);
            Ok(())
        });
    }
}
