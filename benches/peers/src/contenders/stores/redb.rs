//! redb: a copy-on-write B-tree.

use std::path::Path;

use redb::{Database, Durability, ReadableDatabase, ReadableTable, TableDefinition};

use super::{Does, Row, Store, bytes, first, portions, row};
use crate::Failure;

const ROWS: TableDefinition<'_, u32, [u8; 12]> = TableDefinition::new("rows");

/// redb with rows.
pub struct Redb(Database);

impl Redb {
    fn insert(&self, rows: impl Iterator<Item = (u32, Row)>, durable: bool) -> Result<(), Failure> {
        let mut transaction = self.0.begin_write()?;
        transaction.set_durability(if durable { Durability::Immediate } else { Durability::None })?;
        {
            let mut table = transaction.open_table(ROWS)?;
            for (number, row) in rows {
                table.insert(number, bytes(row))?;
            }
        }
        Ok(transaction.commit()?)
    }
}

impl Store for Redb {
    const NAME: &'static str = "redb";
    const DOES: Does = Does {
        package: Some("redb"),
        readers: true,
        versions: true,
        rollback: true,
        durable: true,
        how: "`Durability::Immediate`, or `Durability::None`, which a process that is killed loses",
    };

    fn open(dir: &Path) -> Result<Self, Failure> {
        Ok(Self(Database::create(dir.join("rows.redb"))?))
    }

    fn fill(&self, count: usize) -> Result<(), Failure> {
        portions(count).try_for_each(|numbers| self.insert(numbers.map(|number| (number as u32, row(number))), true))
    }

    fn commit(&self, rows: &[u32], value: Row, durable: bool) -> Result<(), Failure> {
        self.insert(rows.iter().map(|row| (*row, value)), durable)
    }

    fn read(&self, rows: &[u32]) -> Result<f64, Failure> {
        let table = self.0.begin_read()?.open_table(ROWS)?;
        let mut sum = 0.0;
        for row in rows {
            sum += table.get(row)?.map_or(0.0, |row| first(&row.value()));
        }
        Ok(sum)
    }

    fn read_all(&self) -> Result<(f64, usize), Failure> {
        let table = self.0.begin_read()?.open_table(ROWS)?;
        let (mut sum, mut count) = (0.0, 0);
        for row in table.iter()? {
            sum += first(&row?.1.value());
            count += 1;
        }
        Ok((sum, count))
    }

    fn settle(&self) -> Result<(), Failure> {
        self.commit(&[], Row::default(), true)
    }
}
