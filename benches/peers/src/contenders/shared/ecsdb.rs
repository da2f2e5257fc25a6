//! ecsdb in memory, whose rows are found by entities that are kept.

use std::time::Instant;

use ecsdb::{Db, Entity, Snapshot};
use ecsdb_benches::commits::{CommitTime, wait, writer_time};
use ecsdb_benches::world::{Pos, World};

use super::{Does, Reader, Shared, row};

/// ecsdb with rows of `Pos`.
pub struct Ecsdb {
    db: Db<World>,
    entities: Vec<Entity>,
}

/// That a transaction succeeds.
const VALID: &str = "the database is open, and the entities are alive";

impl Ecsdb {
    fn sum(&self, snapshot: &Snapshot<World>, rows: &[u32]) -> f64 {
        let entities = rows.iter().map(|row| self.entities[*row as usize]);
        snapshot.get_each::<Pos>(entities).map(|pos| pos.map_or(0.0, |pos| f64::from(pos.x))).sum()
    }
}

impl Shared for Ecsdb {
    const NAME: &'static str = "ecsdb";
    const DOES: Does = Does {
        package: Some("ecsdb"),
        readers: true,
        versions: true,
        rollback: true,
        durable: true,
        how: "in memory; rows are found by their entities, which the program has kept, those of a look together (`get_each`); a message for \
              each commit, 2,000 of them before it waits for the last, and a version published for each; its writer's time is that from the \
              message on",
    };
    const AT_ONCE: usize = 2000;

    fn filled(count: usize) -> Self {
        let builder = Db::builder().worker_threads(1).batch_limits(1, usize::MAX);
        let db = builder.open().expect("a database in memory opens");
        let pos = |number| {
            let [x, y, z] = row(number);
            (Pos { x, y, z },)
        };
        let entities = db.write(move |tx| Ok(tx.spawn_all((0..count).map(pos))?)).expect(VALID);
        Self { db, entities }
    }

    fn commit(&self, rows: &[u32], x: f32) -> CommitTime {
        let before = writer_time(&self.db);
        let began = Instant::now();
        let mut last = None;
        for row in rows {
            let mut tx = self.db.begin();
            tx.update(self.entities[*row as usize], Pos::C.x.set(x));
            last = Some(tx.commit().expect(VALID));
        }
        let helped = wait(last);
        let wall = began.elapsed();
        CommitTime { writer: writer_time(&self.db) - before + helped, wall }
    }

    fn reader(&self) -> Reader<'_> {
        Box::new(|rows| self.sum(&self.db.snapshot(), rows))
    }

    fn pin(&self) -> Option<Reader<'_>> {
        let snapshot = self.db.snapshot();
        Some(Box::new(move |rows| self.sum(&snapshot, rows)))
    }
}
