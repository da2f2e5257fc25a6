//! ecsdb in a directory, whose rows are found by entities that are kept in memory.

use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;

use ecsdb::durability::Retention;
use ecsdb::schema::Schema;
use ecsdb::{Db, Entity};
use ecsdb_benches::world::{Pos, World};

use super::{Does, Row, Store, portions, row};
use crate::Failure;

/// A database of rows of `Pos`, whose entities are numbered in the order in which they were spawned.
pub struct Ecsdb {
    db: Db<World>,
    entities: OnceLock<Vec<Entity>>,
}

impl Ecsdb {
    fn entities(&self) -> &[Entity] {
        self.entities.get_or_init(|| self.db.snapshot().query::<Entity>().into_iter().collect())
    }
}

/// Opens the database in `dir`, or makes it.
///
/// # Errors
/// Those of the database.
pub fn open<S: Schema>(dir: &Path) -> Result<Db<S>, Failure> {
    // Syncs when somebody waits for it, and not otherwise.
    let builder = Db::builder().worker_threads(1).directory(dir).sync_within(Duration::from_secs(3600));
    let mut one_copy = Retention::default();
    one_copy.snapshots = 1;
    Ok(builder.retention(one_copy).open()?)
}

/// Makes everything durable, with a snapshot file of it.
///
/// # Errors
/// Those of the database.
pub fn settle<S: Schema>(db: &Db<S>) -> Result<(), Failure> {
    db.checkpoint()?.wait()?;
    db.sync()?;
    Ok(())
}

fn pos([x, y, z]: Row) -> Pos {
    Pos { x, y, z }
}

impl Store for Ecsdb {
    const NAME: &'static str = "ecsdb";
    const DOES: Does = Does {
        package: Some("ecsdb"),
        readers: true,
        versions: true,
        rollback: true,
        durable: true,
        how: "rows are found by their entities, which the program has kept; everything is in memory while it is open; `durable` waits for one sync of all that wait, `visible` for none; one snapshot file is \
              kept, as the others have one copy (`Retention::snapshots`, by default two); `backup`",
    };

    fn open(dir: &Path) -> Result<Self, Failure> {
        Ok(Self { db: open(dir)?, entities: OnceLock::new() })
    }

    fn fill(&self, count: usize) -> Result<(), Failure> {
        for numbers in portions(count) {
            self.db.write(move |tx| Ok(tx.spawn_all(numbers.map(|number| (pos(row(number)),)))?))?;
        }
        self.db.sync()?;
        Ok(())
    }

    fn commit(&self, rows: &[u32], value: Row, durable: bool) -> Result<(), Failure> {
        let (entities, mut tx) = (self.entities(), self.db.begin());
        for row in rows {
            tx.replace(entities[*row as usize], pos(value));
        }
        if durable {
            tx.commit_durable()?
        } else {
            tx.commit_visible()?
        };
        Ok(())
    }

    fn commit_each(&self, rows: &[u32], value: Row) -> Result<(), Failure> {
        let (entities, mut last) = (self.entities(), None);
        for row in rows {
            let mut tx = self.db.begin();
            tx.replace(entities[*row as usize], pos(value));
            last = Some(tx.commit()?);
        }
        last.map(ecsdb::Ticket::visible).transpose()?;
        Ok(())
    }

    fn read(&self, rows: &[u32]) -> Result<f64, Failure> {
        let (entities, snapshot) = (self.entities(), self.db.snapshot());
        let first = |row: &u32| snapshot.get::<Pos>(entities[*row as usize]).map(|pos| f64::from(pos.x));
        Ok(rows.iter().filter_map(first).sum())
    }

    fn read_all(&self) -> Result<(f64, usize), Failure> {
        let (mut sum, mut count) = (0.0, 0);
        self.db.snapshot().query::<&Pos>().for_each(|pos| {
            sum += f64::from(pos.x);
            count += 1;
        });
        Ok((sum, count))
    }

    const COPIES: bool = true;

    fn copy(&self, to: &Path) -> Result<(), Failure> {
        // As a whole, as the others do: a checkpoint would write what has changed.
        self.db.backup(to)?;
        Ok(())
    }

    fn settle(&self) -> Result<(), Failure> {
        settle(&self.db)
    }
}
