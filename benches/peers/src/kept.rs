//! A million rows of nine floats that are kept on disk by ecsdb, redb, fjall, SQLite and LMDB: filled, opened, read and copied.
//!
//! ecsdb has them as three components of an entity; the others as one value of 36 bytes under its number, which is the least that they
//! can have. Each syncs what it is told to keep.

use std::fs;
use std::path::Path;
use std::time::Duration;

use ecsdb::{Db, Entity};
use ecsdb_benches::world::{Acc, Pos, Vel, World, three};
use fjall::{KeyspaceCreateOptions, PersistMode, Readable};
use heed::types::{Bytes, U32};
use heed::{CompactionOption, Env, EnvOpenOptions};
use redb::{ReadableDatabase, ReadableTable, TableDefinition};
use rusqlite::{Connection, params};

use crate::stores::Failure;

/// Rows in a transaction while a store is filled.
const AT_ONCE: usize = 100_000;

/// A store that is open.
pub trait Kept: Sized {
    /// What it is called.
    const NAME: &'static str;

    /// Opens the store in the directory `dir`, or makes it.
    ///
    /// # Errors
    /// Those of the store.
    fn open(dir: &Path) -> Result<Self, Failure>;

    /// Puts `count` rows into a store that is empty, durably.
    ///
    /// # Errors
    /// Those of the store.
    fn fill(&self, count: usize) -> Result<(), Failure>;

    /// Changes row number `row` in a transaction of its own, durably.
    ///
    /// # Errors
    /// Those of the store.
    fn change(&self, row: usize) -> Result<(), Failure>;

    /// Reads every row. The sum of all first floats, and how many there were.
    ///
    /// # Errors
    /// Those of the store.
    fn read_all(&self) -> Result<(f64, usize), Failure>;

    /// Writes a copy of everything into the directory `to`, while the store goes on, and syncs it. `None` if it has no way to.
    ///
    /// # Errors
    /// Those of the store.
    fn copy(&self, to: &Path) -> Option<Result<(), Failure>>;

    /// Makes the store as fast to open as it can be, as its users do now and then.
    ///
    /// # Errors
    /// Those of the store.
    fn settle(&self) -> Result<(), Failure>;
}

/// The floats of row number `row`, as bytes.
fn bytes(row: usize) -> [u8; 36] {
    let (Pos { x, y, z }, vel, acc) = three(row);
    let mut bytes = [0; 36];
    let floats = [x, y, z, vel.x, vel.y, vel.z, acc.x, acc.y, acc.z];
    for (bytes, float) in bytes.chunks_exact_mut(4).zip(floats) {
        bytes.copy_from_slice(&float.to_le_bytes());
    }
    bytes
}

/// The first float in the bytes of a row.
fn first(bytes: &[u8]) -> f64 {
    f32::from_le_bytes(bytes[..4].try_into().expect("a row has 36 bytes")).into()
}

/// What is to be read of `count` rows.
pub fn expected(count: usize) -> f64 {
    (0..count).map(|row| f64::from(three(row).0.x)).sum()
}

/// Syncs the file `path`.
fn sync(path: &Path) -> Result<(), Failure> {
    Ok(fs::File::open(path)?.sync_all()?)
}

/// ecsdb.
pub struct Ecsdb(pub Db<World>);

impl Kept for Ecsdb {
    const NAME: &'static str = "ecsdb";

    fn open(dir: &Path) -> Result<Self, Failure> {
        Ok(Self(Db::builder().directory(dir).sync_within(Duration::from_secs(3600)).open()?))
    }

    fn fill(&self, count: usize) -> Result<(), Failure> {
        for from in (0..count).step_by(AT_ONCE) {
            self.0.write(move |tx| Ok(tx.spawn_all((from..count.min(from + AT_ONCE)).map(three))?))?;
        }
        self.0.sync()?;
        Ok(())
    }

    fn change(&self, row: usize) -> Result<(), Failure> {
        let entity = self.0.snapshot().query::<Entity>().into_iter().nth(row).ok_or("there is no such row")?;
        let mut tx = self.0.begin();
        tx.update(entity, Pos::C.x.set(three(row).0.x));
        tx.commit()?.durable()?;
        Ok(())
    }

    fn read_all(&self) -> Result<(f64, usize), Failure> {
        let snapshot = self.0.snapshot();
        let (mut sum, mut count) = (0.0, 0);
        for (pos, _, _) in snapshot.query::<(&Pos, &Vel, &Acc)>() {
            sum += f64::from(pos.x);
            count += 1;
        }
        Ok((sum, count))
    }

    fn copy(&self, to: &Path) -> Option<Result<(), Failure>> {
        // As a whole, as the others do: a checkpoint would write what has changed.
        Some(self.0.backup(to.join("copy")).map(drop).map_err(Failure::from))
    }

    fn settle(&self) -> Result<(), Failure> {
        self.0.checkpoint()?.wait()?;
        Ok(())
    }
}

const REDB_ROWS: TableDefinition<'_, u32, [u8; 36]> = TableDefinition::new("rows");

/// redb.
pub struct Redb(redb::Database);

impl Kept for Redb {
    const NAME: &'static str = "redb";

    fn open(dir: &Path) -> Result<Self, Failure> {
        Ok(Self(redb::Database::create(dir.join("rows.redb"))?))
    }

    fn fill(&self, count: usize) -> Result<(), Failure> {
        for from in (0..count).step_by(AT_ONCE) {
            let transaction = self.0.begin_write()?;
            {
                let mut table = transaction.open_table(REDB_ROWS)?;
                for row in from..count.min(from + AT_ONCE) {
                    table.insert(row as u32, bytes(row))?;
                }
            }
            transaction.commit()?;
        }
        Ok(())
    }

    fn change(&self, row: usize) -> Result<(), Failure> {
        let transaction = self.0.begin_write()?;
        transaction.open_table(REDB_ROWS)?.insert(row as u32, bytes(row))?;
        Ok(transaction.commit()?)
    }

    fn read_all(&self) -> Result<(f64, usize), Failure> {
        let table = self.0.begin_read()?.open_table(REDB_ROWS)?;
        let (mut sum, mut count) = (0.0, 0);
        for row in table.iter()? {
            sum += first(&row?.1.value());
            count += 1;
        }
        Ok((sum, count))
    }

    fn copy(&self, _: &Path) -> Option<Result<(), Failure>> {
        None
    }

    fn settle(&self) -> Result<(), Failure> {
        Ok(())
    }
}

/// fjall.
pub struct Fjall {
    database: fjall::Database,
    rows: fjall::Keyspace,
}

impl Kept for Fjall {
    const NAME: &'static str = "fjall";

    fn open(dir: &Path) -> Result<Self, Failure> {
        let database = fjall::Database::builder(dir).open()?;
        let rows = database.keyspace("rows", KeyspaceCreateOptions::default)?;
        Ok(Self { database, rows })
    }

    fn fill(&self, count: usize) -> Result<(), Failure> {
        for from in (0..count).step_by(AT_ONCE) {
            let mut batch = self.database.batch().durability(Some(PersistMode::SyncAll));
            for row in from..count.min(from + AT_ONCE) {
                batch.insert(&self.rows, (row as u32).to_be_bytes(), bytes(row));
            }
            batch.commit()?;
        }
        Ok(())
    }

    fn change(&self, row: usize) -> Result<(), Failure> {
        let mut batch = self.database.batch().durability(Some(PersistMode::SyncAll));
        batch.insert(&self.rows, (row as u32).to_be_bytes(), bytes(row));
        Ok(batch.commit()?)
    }

    fn read_all(&self) -> Result<(f64, usize), Failure> {
        let (mut sum, mut count) = (0.0, 0);
        for row in self.database.snapshot().iter(&self.rows) {
            sum += first(&row.value()?);
            count += 1;
        }
        Ok((sum, count))
    }

    fn copy(&self, _: &Path) -> Option<Result<(), Failure>> {
        None
    }

    fn settle(&self) -> Result<(), Failure> {
        self.rows.rotate_memtable_and_wait()?;
        Ok(())
    }
}

/// SQLite with a write-ahead log that is synced for each commit.
pub struct Sqlite(Connection);

impl Kept for Sqlite {
    const NAME: &'static str = "SQLite";

    fn open(dir: &Path) -> Result<Self, Failure> {
        let connection = Connection::open(dir.join("rows.sqlite"))?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.execute("CREATE TABLE IF NOT EXISTS rows (id INTEGER PRIMARY KEY, floats BLOB)", [])?;
        Ok(Self(connection))
    }

    fn fill(&self, count: usize) -> Result<(), Failure> {
        for from in (0..count).step_by(AT_ONCE) {
            let transaction = self.0.unchecked_transaction()?;
            {
                let mut insert = transaction.prepare_cached("INSERT INTO rows (id, floats) VALUES (?1, ?2)")?;
                for row in from..count.min(from + AT_ONCE) {
                    insert.execute(params![row as u32, bytes(row)])?;
                }
            }
            transaction.commit()?;
        }
        Ok(())
    }

    fn change(&self, row: usize) -> Result<(), Failure> {
        self.0.prepare_cached("UPDATE rows SET floats = ?2 WHERE id = ?1")?.execute(params![row as u32, bytes(row)])?;
        Ok(())
    }

    fn read_all(&self) -> Result<(f64, usize), Failure> {
        let mut select = self.0.prepare_cached("SELECT floats FROM rows")?;
        let mut rows = select.query([])?;
        let (mut sum, mut count) = (0.0, 0);
        while let Some(row) = rows.next()? {
            sum += first(row.get_ref(0)?.as_blob()?);
            count += 1;
        }
        Ok((sum, count))
    }

    fn copy(&self, to: &Path) -> Option<Result<(), Failure>> {
        let path = to.join("copy.sqlite");
        let copied = self.0.execute("VACUUM INTO ?1", [path.to_string_lossy()]).map_err(Failure::from);
        Some(copied.and_then(|_| sync(&path)))
    }

    fn settle(&self) -> Result<(), Failure> {
        Ok(self.0.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?)
    }
}

type LmdbRows = heed::Database<U32<heed::byteorder::BigEndian>, Bytes>;

/// LMDB, through heed. Every commit is synced.
pub struct Lmdb {
    env: Env,
    rows: LmdbRows,
}

impl Kept for Lmdb {
    const NAME: &'static str = "LMDB";

    fn open(dir: &Path) -> Result<Self, Failure> {
        // SAFETY: nobody but this process has the directory, which is new or was closed before, and it is opened once at a time.
        let env = unsafe { EnvOpenOptions::new().map_size(1 << 30).max_dbs(1).open(dir)? };
        let mut transaction = env.write_txn()?;
        let rows = env.create_database(&mut transaction, Some("rows"))?;
        transaction.commit()?;
        Ok(Self { env, rows })
    }

    fn fill(&self, count: usize) -> Result<(), Failure> {
        for from in (0..count).step_by(AT_ONCE) {
            let mut transaction = self.env.write_txn()?;
            for row in from..count.min(from + AT_ONCE) {
                self.rows.put(&mut transaction, &(row as u32), &bytes(row))?;
            }
            transaction.commit()?;
        }
        Ok(())
    }

    fn change(&self, row: usize) -> Result<(), Failure> {
        let mut transaction = self.env.write_txn()?;
        self.rows.put(&mut transaction, &(row as u32), &bytes(row))?;
        Ok(transaction.commit()?)
    }

    fn read_all(&self) -> Result<(f64, usize), Failure> {
        let transaction = self.env.read_txn()?;
        let (mut sum, mut count) = (0.0, 0);
        for row in self.rows.iter(&transaction)? {
            sum += first(row?.1);
            count += 1;
        }
        Ok((sum, count))
    }

    fn copy(&self, to: &Path) -> Option<Result<(), Failure>> {
        let path = to.join("data.mdb");
        let copied = self.env.copy_to_path(&path, CompactionOption::Disabled).map_err(Failure::from);
        Some(copied.and_then(|file| Ok(file.sync_all()?)))
    }

    fn settle(&self) -> Result<(), Failure> {
        Ok(self.env.force_sync()?)
    }
}

/// Bytes of the files below `dir`, as far as the disk has them: holes do not count.
///
/// # Errors
/// If they cannot be looked at.
pub fn bytes_on_disk(dir: &Path) -> Result<u64, Failure> {
    use std::os::unix::fs::MetadataExt;
    let mut bytes = 0;
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        bytes += if metadata.is_dir() { bytes_on_disk(&entry.path())? } else { metadata.blocks() * 512 };
    }
    Ok(bytes)
}

/// Copies the files below `from` as they are now: what a process that is killed now leaves.
///
/// # Errors
/// If they cannot be copied.
pub fn copy_files(from: &Path, to: &Path) -> Result<(), Failure> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.metadata()?.is_dir() {
            copy_files(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keeps<S: Kept>() {
        let dir = std::env::temp_dir().join(format!("ecsdb-kept-{}-{}", S::NAME, std::process::id()));
        let (own, killed, copied) = (dir.join("own"), dir.join("killed"), dir.join("copied"));
        [&own, &copied].iter().for_each(|dir| fs::create_dir_all(dir).unwrap());
        let store = S::open(&own).unwrap();
        store.fill(1000).unwrap();
        store.settle().unwrap();
        store.change(7).unwrap();
        assert_eq!(store.read_all().unwrap(), (expected(1000), 1000));
        if let Some(copied) = store.copy(&copied) {
            copied.unwrap();
        }
        copy_files(&own, &killed).unwrap();
        drop(store);
        for dir in [&own, &killed] {
            assert_eq!(S::open(dir).unwrap().read_all().unwrap(), (expected(1000), 1000), "{}", S::NAME);
        }
        assert!(bytes_on_disk(&own).unwrap() >= 36_000);
        fs::remove_dir_all(dir).unwrap();
    }

    #[test]
    fn every_store_keeps_the_same_rows_also_when_it_is_killed() {
        keeps::<Ecsdb>();
        keeps::<Redb>();
        keeps::<Fjall>();
        keeps::<Sqlite>();
        keeps::<Lmdb>();
    }
}
