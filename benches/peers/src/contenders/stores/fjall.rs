//! fjall: a log-structured merge tree.

use std::path::Path;

use fjall::{Database, Keyspace, KeyspaceCreateOptions, PersistMode, Readable};

use super::{Does, Row, Store, bytes, first, portions, row};
use crate::Failure;

/// fjall with rows.
pub struct Fjall {
    database: Database,
    rows: Keyspace,
}

/// Its keys are in the order of their bytes.
fn key(row: u32) -> [u8; 4] {
    row.to_be_bytes()
}

impl Store for Fjall {
    const NAME: &'static str = "fjall";
    const DOES: Does = Does {
        package: Some("fjall"),
        readers: true,
        versions: true,
        rollback: true,
        durable: true,
        how: "write batches with `PersistMode::SyncAll`, or `PersistMode::Buffer`; a row alone with `insert`",
    };

    fn open(dir: &Path) -> Result<Self, Failure> {
        let database = Database::builder(dir).open()?;
        let rows = database.keyspace("rows", KeyspaceCreateOptions::default)?;
        Ok(Self { database, rows })
    }

    fn fill(&self, count: usize) -> Result<(), Failure> {
        for numbers in portions(count) {
            let mut batch = self.database.batch().durability(Some(PersistMode::SyncAll));
            for number in numbers {
                batch.insert(&self.rows, key(number as u32), bytes(row(number)));
            }
            batch.commit()?;
        }
        Ok(())
    }

    fn commit(&self, rows: &[u32], value: Row, durable: bool) -> Result<(), Failure> {
        if let ([row], false) = (rows, durable) {
            return Ok(self.rows.insert(key(*row), bytes(value))?);
        }
        let mode = if durable { PersistMode::SyncAll } else { PersistMode::Buffer };
        let mut batch = self.database.batch().durability(Some(mode));
        for row in rows {
            batch.insert(&self.rows, key(*row), bytes(value));
        }
        Ok(batch.commit()?)
    }

    fn read(&self, rows: &[u32]) -> Result<f64, Failure> {
        let snapshot = self.database.snapshot();
        let mut sum = 0.0;
        for row in rows {
            sum += snapshot.get(&self.rows, key(*row))?.map_or(0.0, |row| first(&row));
        }
        Ok(sum)
    }

    fn read_all(&self) -> Result<(f64, usize), Failure> {
        let (mut sum, mut count) = (0.0, 0);
        for row in self.database.snapshot().iter(&self.rows) {
            sum += first(&row.value()?);
            count += 1;
        }
        Ok((sum, count))
    }

    fn settle(&self) -> Result<(), Failure> {
        self.rows.rotate_memtable_and_wait()?;
        Ok(self.database.persist(PersistMode::SyncAll)?)
    }
}
