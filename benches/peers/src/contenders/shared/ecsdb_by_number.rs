//! ecsdb in memory, whose rows are found by a number, and each of whose commits is waited for, as the others do it.

use ecsdb::Db;
use ecsdb_benches::commits::{CommitTime, writer_time};

use super::{Does, Reader, Shared, row, timed};
use crate::contenders::numbered::{self, Numbered, Numbers, numbered};

/// ecsdb with rows that have numbers.
pub struct EcsdbByNumber(Db<Numbers>);

/// That a transaction succeeds.
const VALID: &str = "the database is open, and every number has a row";

impl Shared for EcsdbByNumber {
    const NAME: &'static str = "ecsdb by number";
    const DOES: Does = Does {
        how: "the same, but rows are looked up by their numbers in a unique hash index, those of a look together (`one_each`), and every commit is waited for before the next begins; \
              its writer's time is that of looking up, of the message and of the commit, on whatever thread",
        ..super::Ecsdb::DOES
    };
    const AT_ONCE: usize = 500;

    fn filled(count: usize) -> Self {
        let builder = Db::builder().worker_threads(1).batch_limits(1, usize::MAX);
        let db = builder.open().expect("a database in memory opens");
        let rows = (0..count).map(|number| (numbered(number as u32, row(number)),));
        db.write(move |tx| Ok(tx.spawn_all(rows)?)).expect(VALID);
        Self(db)
    }

    fn commit(&self, rows: &[u32], x: f32) -> CommitTime {
        let before = writer_time(&self.0);
        let mut time = timed(|| {
            for number in rows {
                let mut tx = self.0.begin();
                tx.update(numbered::entity(&self.0.snapshot(), *number), Numbered::C.x.set(x));
                tx.commit_visible().expect(VALID);
            }
        });
        time.writer += writer_time(&self.0) - before;
        time
    }

    fn reader(&self) -> Reader<'_> {
        Box::new(|rows| numbered::sum(&self.0.snapshot(), rows))
    }

    fn pin(&self) -> Option<Reader<'_>> {
        let snapshot = self.0.snapshot();
        Some(Box::new(move |rows| numbered::sum(&snapshot, rows)))
    }
}
