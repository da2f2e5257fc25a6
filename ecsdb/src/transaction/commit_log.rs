//! The seam between commits and what keeps them.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use thiserror::Error;

use crate::change_set::ChangeSet;
use crate::panics::panic_message;
use crate::schema::DatabaseSchema;

/// Why a commit log takes no more commits.
#[derive(Clone, Debug, Error)]
#[error(transparent)]
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
/// the cause. Without a log, and unless [changes are kept](crate::DbBuilder::history), no change set is made.
///
/// ```
/// use std::sync::mpsc;
///
/// use ecsdb::changes::ChangeSet;
/// use ecsdb::error::LogError;
/// use ecsdb::transaction::CommitLog;
/// use ecsdb::{Component, Db};
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
    /// If the database has a [directory](crate::DbBuilder::directory), that has the schema already, and `version` is the version: the
    /// log has to return it as it is.
    ///
    /// # Errors
    /// If the log cannot take it: the schema stays as it was. With a directory, which then has a schema that the log has not, nothing is
    /// committed any more.
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

/// The log of a directory, and one of the program that may refuse what would go there.
pub struct Mirrored {
    mirror: Box<dyn CommitLog>,
    directory: Box<dyn CommitLog>,
    /// Set when the directory has a schema that the mirror has not: they never agree again.
    parted: Option<LogError>,
}

impl Mirrored {
    /// What `mirror` refuses `directory` does not hear of.
    pub fn new(mirror: Box<dyn CommitLog>, directory: Box<dyn CommitLog>) -> Self {
        Self { mirror, directory, parted: None }
    }

    fn check(&self) -> Result<(), LogError> {
        self.parted.clone().map_or(Ok(()), Err)
    }
}

impl CommitLog for Mirrored {
    fn append(&mut self, changes: &ChangeSet) -> Result<(), LogError> {
        self.check()?;
        self.mirror.append(changes)?;
        self.directory.append(changes)
    }

    fn commit(&mut self, version: u64) -> Result<(), LogError> {
        self.check()?;
        self.mirror.commit(version)?;
        self.directory.commit(version)
    }

    fn abort(&mut self) {
        self.mirror.abort();
        self.directory.abort();
    }

    /// The directory comes first: it alone knows how many versions it takes, and the mirror is told the one that comes out.
    fn evolve(&mut self, schema: &DatabaseSchema, rows: &ChangeSet, version: u64) -> Result<u64, LogError> {
        self.check()?;
        let settled = self.directory.evolve(schema, rows, version)?;
        let mirrored = self.mirror.evolve(schema, rows, settled).and_then(|mirrored| {
            let other =
                || LogError::new(format!("it takes version {mirrored} for the schema, the directory has {settled}"));
            if mirrored == settled { Ok(settled) } else { Err(other()) }
        });
        // The directory cannot go back.
        mirrored.inspect_err(|error| self.parted = Some(error.clone()))
    }

    fn close(&mut self, rest: &ChangeSet) {
        self.mirror.close(rest);
        self.directory.close(rest);
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
            let error = LogError::new(format!("it panicked: {message}"));
            self.panicked = Some(error.clone());
            tracing::error!(%message, "the commit log panicked: nothing is committed any more");
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

#[cfg(all(test, not(ecsdb_loom), not(ecsdb_shuttle)))]
mod tests {
    use std::sync::Mutex;

    use super::*;

    /// Notes the versions that it hears of, takes `more` for a schema, and may refuse it.
    struct Noted {
        heard: Arc<Mutex<Vec<u64>>>,
        more: u64,
        refuses: bool,
    }

    impl CommitLog for Noted {
        fn append(&mut self, _: &ChangeSet) -> Result<(), LogError> {
            Ok(())
        }

        fn commit(&mut self, version: u64) -> Result<(), LogError> {
            self.heard.lock().unwrap().push(version);
            Ok(())
        }

        fn abort(&mut self) {}

        fn evolve(&mut self, _: &DatabaseSchema, _: &ChangeSet, version: u64) -> Result<u64, LogError> {
            self.heard.lock().unwrap().push(version);
            if self.refuses { Err(LogError::new("no")) } else { Ok(version + self.more) }
        }
    }

    type Heard = Arc<Mutex<Vec<u64>>>;

    /// Two logs that take so many versions more for a schema, or refuse it if there is no number, and what they hear.
    fn mirrored(mirror: Option<u64>, directory: Option<u64>) -> (Mirrored, Heard, Heard) {
        let log = |more: Option<u64>| {
            let heard = Heard::default();
            let noted = Noted { heard: heard.clone(), more: more.unwrap_or_default(), refuses: more.is_none() };
            (Box::new(noted), heard)
        };
        let ((mirror, by_mirror), (directory, by_directory)) = (log(mirror), log(directory));
        (Mirrored::new(mirror, directory), by_mirror, by_directory)
    }

    fn evolve(log: &mut Mirrored) -> Result<u64, LogError> {
        let schema = DatabaseSchema::from_toml("[database]\nname = \"x\"", "x.toml").unwrap();
        log.evolve(&schema, &ChangeSet::default(), 7)
    }

    #[test]
    fn the_mirror_hears_of_the_version_that_a_schema_has_in_the_end() {
        let (mut log, mirror, directory) = mirrored(Some(0), Some(2));
        assert_eq!(evolve(&mut log).unwrap(), 9);
        log.commit(10).unwrap();
        assert_eq!((&**mirror.lock().unwrap(), &**directory.lock().unwrap()), (&[9, 10][..], &[7, 10][..]));
    }

    #[test]
    fn the_mirror_does_not_hear_of_a_schema_that_the_directory_refuses() {
        let (mut log, mirror, _) = mirrored(Some(0), None);
        evolve(&mut log).unwrap_err();
        log.append(&ChangeSet::default()).unwrap();
        log.commit(7).unwrap();
        assert_eq!(*mirror.lock().unwrap(), [7], "nothing but the batch that came then");
    }

    #[test]
    fn nothing_is_committed_when_the_directory_alone_has_a_schema() {
        for mirror in [None, Some(1)] {
            let (mut log, _, directory) = mirrored(mirror, Some(0));
            let error = evolve(&mut log).unwrap_err().to_string();
            assert_eq!(log.append(&ChangeSet::default()).unwrap_err().to_string(), error);
            assert_eq!(log.commit(8).unwrap_err().to_string(), error);
            assert_eq!(evolve(&mut log).unwrap_err().to_string(), error);
            assert_eq!(*directory.lock().unwrap(), [7]);
        }
    }
}
