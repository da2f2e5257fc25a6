//! LMDB, through heed.

use std::fs;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use heed::byteorder::BigEndian;
use heed::types::{Bytes, U32};
use heed::{CompactionOption, Database, Env, EnvFlags, EnvOpenOptions, FlagSetMode};

use super::{Does, Row, Store, bytes, first, portions, row};
use crate::Failure;

/// LMDB with rows.
pub struct Lmdb {
    env: Env,
    rows: Database<U32<BigEndian>, Bytes>,
    /// Whether it syncs every commit now. Held during a commit.
    durable: Mutex<bool>,
}

impl Lmdb {
    fn put(&self, rows: impl Iterator<Item = (u32, Row)>, durable: bool) -> Result<(), Failure> {
        let mut is_durable = self.durable.lock().unwrap_or_else(PoisonError::into_inner);
        if *is_durable != durable {
            let mode = if durable { FlagSetMode::Disable } else { FlagSetMode::Enable };
            // SAFETY: only this function sets flags, and the lock lets in one thread at a time.
            unsafe { self.env.set_flags(EnvFlags::NO_SYNC, mode)? };
            *is_durable = durable;
        }
        let mut transaction = self.env.write_txn()?;
        for (number, row) in rows {
            self.rows.put(&mut transaction, &number, &bytes(row))?;
        }
        Ok(transaction.commit()?)
    }
}

impl Store for Lmdb {
    const NAME: &'static str = "LMDB";
    const DOES: Does = Does {
        package: Some("heed"),
        readers: true,
        versions: true,
        rollback: true,
        durable: true,
        how: "through heed; what is not synced is so with `NO_SYNC`, after which a loss of power may leave a damaged file",
    };

    fn open(dir: &Path) -> Result<Self, Failure> {
        // SAFETY: nobody but this process has the directory, which is new or was closed before, and it is opened once at a time.
        let env = unsafe { EnvOpenOptions::new().map_size(8 << 30).max_dbs(1).open(dir)? };
        let mut transaction = env.write_txn()?;
        let rows = env.create_database(&mut transaction, Some("rows"))?;
        transaction.commit()?;
        Ok(Self { env, rows, durable: Mutex::new(true) })
    }

    fn fill(&self, count: usize) -> Result<(), Failure> {
        portions(count).try_for_each(|numbers| self.put(numbers.map(|number| (number as u32, row(number))), true))
    }

    fn commit(&self, rows: &[u32], value: Row, durable: bool) -> Result<(), Failure> {
        self.put(rows.iter().map(|row| (*row, value)), durable)
    }

    fn read(&self, rows: &[u32]) -> Result<f64, Failure> {
        let transaction = self.env.read_txn()?;
        let mut sum = 0.0;
        for row in rows {
            sum += self.rows.get(&transaction, row)?.map_or(0.0, first);
        }
        Ok(sum)
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

    const COPIES: bool = true;

    fn copy(&self, to: &Path) -> Result<(), Failure> {
        fs::create_dir(to)?;
        Ok(self.env.copy_to_path(to.join("data.mdb"), CompactionOption::Disabled)?.sync_all()?)
    }

    fn settle(&self) -> Result<(), Failure> {
        Ok(self.env.force_sync()?)
    }
}
