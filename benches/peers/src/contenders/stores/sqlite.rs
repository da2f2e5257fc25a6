//! SQLite with a write-ahead log.

use std::fs::{self, File};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, params};

use super::{Does, Row, Store, bytes, first, portions, row};
use crate::Failure;

/// A connection. Those that wait for it do so at a lock of the process, which is faster than SQLite's own.
pub struct Sqlite(Mutex<Open>);

struct Open {
    connection: Connection,
    /// Whether it syncs every commit now.
    durable: bool,
}

impl Sqlite {
    fn lock(&self) -> MutexGuard<'_, Open> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs `statement` for each row in one transaction.
    fn each(&self, statement: &str, rows: impl Iterator<Item = (u32, Row)>, durable: bool) -> Result<(), Failure> {
        let mut open = self.lock();
        if open.durable != durable {
            open.connection.pragma_update(None, "synchronous", if durable { "FULL" } else { "NORMAL" })?;
            open.durable = durable;
        }
        let transaction = open.connection.transaction()?;
        {
            let mut statement = transaction.prepare_cached(statement)?;
            for (number, row) in rows {
                statement.execute(params![number, bytes(row)])?;
            }
        }
        Ok(transaction.commit()?)
    }
}

impl Store for Sqlite {
    const NAME: &'static str = "SQLite";
    const DOES: Does = Does {
        package: Some("rusqlite"),
        readers: true,
        versions: true,
        rollback: true,
        durable: true,
        how: "a write-ahead log, prepared statements, `synchronous` is `FULL`, or `NORMAL`, which syncs only at checkpoints",
    };

    fn open(dir: &Path) -> Result<Self, Failure> {
        let connection = Connection::open(dir.join("rows.sqlite"))?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.execute("CREATE TABLE IF NOT EXISTS rows (id INTEGER PRIMARY KEY, floats BLOB)", [])?;
        Ok(Self(Mutex::new(Open { connection, durable: true })))
    }

    fn fill(&self, count: usize) -> Result<(), Failure> {
        portions(count).try_for_each(|numbers| {
            let rows = numbers.map(|number| (number as u32, row(number)));
            self.each("INSERT INTO rows (id, floats) VALUES (?1, ?2)", rows, true)
        })
    }

    fn commit(&self, rows: &[u32], value: Row, durable: bool) -> Result<(), Failure> {
        self.each("UPDATE rows SET floats = ?2 WHERE id = ?1", rows.iter().map(|row| (*row, value)), durable)
    }

    fn read(&self, rows: &[u32]) -> Result<f64, Failure> {
        let mut open = self.lock();
        let transaction = open.connection.transaction()?;
        let mut sum = 0.0;
        {
            let mut select = transaction.prepare_cached("SELECT floats FROM rows WHERE id = ?1")?;
            for row in rows {
                sum += select.query_row([row], |row| Ok(row.get_ref(0)?.as_blob().map(first)))??;
            }
        }
        transaction.commit()?;
        Ok(sum)
    }

    fn read_all(&self) -> Result<(f64, usize), Failure> {
        let open = self.lock();
        let mut select = open.connection.prepare_cached("SELECT floats FROM rows")?;
        let mut rows = select.query([])?;
        let (mut sum, mut count) = (0.0, 0);
        while let Some(row) = rows.next()? {
            sum += first(row.get_ref(0)?.as_blob()?);
            count += 1;
        }
        Ok((sum, count))
    }

    const COPIES: bool = true;

    fn copy(&self, to: &Path) -> Result<(), Failure> {
        fs::create_dir(to)?;
        let path = to.join("rows.sqlite");
        self.lock().connection.execute("VACUUM INTO ?1", [path.to_string_lossy()])?;
        Ok(File::open(&path)?.sync_all()?)
    }

    fn settle(&self) -> Result<(), Failure> {
        Ok(self.lock().connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?)
    }
}
