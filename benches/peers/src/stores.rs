//! Rows on disk in redb, fjall and SQLite: the numbers of entities, and three floats each.
//!
//! Each is opened with the settings that its documentation names for commits that survive a loss of power, and changes rows
//! in the fastest way that it has for its users.

use std::error::Error;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use fjall::{KeyspaceCreateOptions, PersistMode};
use redb::{Durability, TableDefinition};
use rusqlite::{Connection, params};

/// What goes wrong in a store.
pub type Failure = Box<dyn Error + Send + Sync>;

/// A row: three floats.
pub type Row = [f32; 3];

/// A store on disk that commits transactions, from any thread.
pub trait Store: Sync {
    /// Stores `value` in place of each row of `rows`, in one transaction.
    ///
    /// If `durable`, it returns when a loss of power cannot undo it; otherwise when it is visible.
    ///
    /// # Errors
    /// Those of the store.
    fn commit(&self, rows: &[u32], value: Row, durable: bool) -> Result<(), Failure>;

    /// Makes everything durable.
    ///
    /// # Errors
    /// Those of the store.
    fn sync(&self) -> Result<(), Failure>;
}

/// Opens a store in `dir`, which must be a new path, and puts `count` rows into it.
///
/// # Errors
/// Those of the store.
pub fn filled<S: Store>(open: fn(&Path) -> Result<S, Failure>, dir: &Path, count: usize) -> Result<S, Failure> {
    std::fs::create_dir_all(dir)?;
    let store = open(dir)?;
    let rows: Vec<u32> = (0..count as u32).collect();
    for rows in rows.chunks(100_000) {
        store.commit(rows, [1.0, 2.0, 3.0], false)?;
    }
    store.sync()?;
    Ok(store)
}

/// A row as the stores of bytes take it.
fn bytes(row: Row) -> [u8; 12] {
    let mut bytes = [0; 12];
    for (bytes, float) in bytes.chunks_exact_mut(4).zip(row) {
        bytes.copy_from_slice(&float.to_le_bytes());
    }
    bytes
}

const REDB_ROWS: TableDefinition<'_, u32, [u8; 12]> = TableDefinition::new("pos");

/// redb: a copy-on-write B-tree. `Durability::Immediate`, or `Durability::None`, which a process that is killed loses.
pub struct Redb(redb::Database);

impl Redb {
    /// A new database in `dir`.
    ///
    /// # Errors
    /// Those of redb.
    pub fn open(dir: &Path) -> Result<Self, Failure> {
        Ok(Self(redb::Database::create(dir.join("rows.redb"))?))
    }
}

impl Store for Redb {
    fn commit(&self, rows: &[u32], value: Row, durable: bool) -> Result<(), Failure> {
        let mut transaction = self.0.begin_write()?;
        transaction.set_durability(if durable { Durability::Immediate } else { Durability::None })?;
        {
            let mut table = transaction.open_table(REDB_ROWS)?;
            for row in rows {
                table.insert(row, bytes(value))?;
            }
        }
        Ok(transaction.commit()?)
    }

    fn sync(&self) -> Result<(), Failure> {
        self.commit(&[], Row::default(), true)
    }
}

/// fjall: a log-structured merge tree. `PersistMode::SyncAll`, or `PersistMode::Buffer`.
pub struct Fjall {
    database: fjall::Database,
    rows: fjall::Keyspace,
}

impl Fjall {
    /// A new database in `dir`.
    ///
    /// # Errors
    /// Those of fjall.
    pub fn open(dir: &Path) -> Result<Self, Failure> {
        let database = fjall::Database::builder(dir).open()?;
        let rows = database.keyspace("pos", KeyspaceCreateOptions::default)?;
        Ok(Self { database, rows })
    }
}

impl Store for Fjall {
    fn commit(&self, rows: &[u32], value: Row, durable: bool) -> Result<(), Failure> {
        // Its keys are in the order of their bytes.
        let (key, value) = (|row: u32| row.to_be_bytes(), bytes(value));
        if let ([row], false) = (rows, durable) {
            return Ok(self.rows.insert(key(*row), value)?);
        }
        let mode = if durable { PersistMode::SyncAll } else { PersistMode::Buffer };
        let mut batch = self.database.batch().durability(Some(mode));
        for row in rows {
            batch.insert(&self.rows, key(*row), value);
        }
        Ok(batch.commit()?)
    }

    fn sync(&self) -> Result<(), Failure> {
        Ok(self.database.persist(PersistMode::SyncAll)?)
    }
}

/// SQLite with a write-ahead log: `synchronous` is `FULL`, or `NORMAL`, which syncs only at checkpoints.
///
/// There are two connections, one for each setting, and one writer at a time: those that wait do so for a lock of the process,
/// which is faster than SQLite's own.
pub struct Sqlite {
    full: Mutex<Connection>,
    normal: Mutex<Connection>,
}

impl Sqlite {
    /// A new database in `dir`.
    ///
    /// # Errors
    /// Those of SQLite.
    pub fn open(dir: &Path) -> Result<Self, Failure> {
        let connect = |synchronous: &str| -> Result<Connection, Failure> {
            let connection = Connection::open(dir.join("rows.sqlite"))?;
            connection.pragma_update(None, "journal_mode", "WAL")?;
            connection.pragma_update(None, "synchronous", synchronous)?;
            Ok(connection)
        };
        let full = connect("FULL")?;
        full.execute("CREATE TABLE pos (id INTEGER PRIMARY KEY, x REAL, y REAL, z REAL)", [])?;
        Ok(Self { full: Mutex::new(full), normal: Mutex::new(connect("NORMAL")?) })
    }
}

impl Store for Sqlite {
    fn commit(&self, rows: &[u32], value: Row, durable: bool) -> Result<(), Failure> {
        let connection = if durable { &self.full } else { &self.normal };
        let mut connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
        let transaction = connection.transaction()?;
        {
            let mut replace = transaction.prepare_cached("REPLACE INTO pos (id, x, y, z) VALUES (?1, ?2, ?3, ?4)")?;
            for row in rows {
                replace.execute(params![row, value[0], value[1], value[2]])?;
            }
        }
        Ok(transaction.commit()?)
    }

    fn sync(&self) -> Result<(), Failure> {
        let connection = self.full.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use redb::{ReadableDatabase, ReadableTableMetadata};

    use super::{Fjall, REDB_ROWS, Redb, Sqlite, Store, bytes, filled};

    /// Runs `test` with a directory of its own.
    fn in_directory(name: &str, test: impl FnOnce(&Path)) {
        let dir = std::env::temp_dir().join(format!("ecsdb-peers-{name}-{}", std::process::id()));
        test(&dir);
        std::fs::remove_dir_all(&dir).unwrap();
    }

    #[test]
    fn redb_keeps_rows() {
        in_directory("redb", |dir| {
            let store = filled(Redb::open, dir, 10).unwrap();
            store.commit(&[3], [5.0; 3], true).unwrap();
            store.commit(&[3, 4], [6.0; 3], false).unwrap();
            let rows = store.0.begin_read().unwrap().open_table(REDB_ROWS).unwrap();
            assert_eq!(rows.len().unwrap(), 10);
            assert_eq!(rows.get(4).unwrap().unwrap().value(), bytes([6.0; 3]));
        });
    }

    #[test]
    fn fjall_keeps_rows() {
        in_directory("fjall", |dir| {
            let store = filled(Fjall::open, dir, 10).unwrap();
            store.commit(&[3, 4], [5.0; 3], true).unwrap();
            store.commit(&[3], [6.0; 3], false).unwrap();
            assert_eq!(store.rows.len().unwrap(), 10);
            assert_eq!(&*store.rows.get(3_u32.to_be_bytes()).unwrap().unwrap(), bytes([6.0; 3]));
        });
    }

    #[test]
    fn sqlite_keeps_rows() {
        in_directory("sqlite", |dir| {
            let store = filled(Sqlite::open, dir, 10).unwrap();
            store.commit(&[3, 4], [5.0; 3], true).unwrap();
            store.commit(&[3], [6.0; 3], false).unwrap();
            let full = store.full.lock().unwrap();
            let found = |sql| full.query_row(sql, [], |row| row.get::<_, f64>(0)).unwrap();
            assert_eq!(found("SELECT count(*) FROM pos"), 10.0);
            assert_eq!(found("SELECT z FROM pos WHERE id = 3"), 6.0);
            let mode: String = full.query_row("PRAGMA journal_mode", [], |row| row.get(0)).unwrap();
            assert_eq!(mode, "wal");
        });
    }
}
