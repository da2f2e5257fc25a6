//! ecsdb with a log: worlds in a directory, commits that are waited for until they are durable, and the bytes they take.

use core::time::Duration;
use std::path::Path;

use ecsdb::{Db, Entity};

use crate::random::Random;
use crate::world::{Filled, Pos, World, fill};

/// Bytes of the marks that an opening and a close leave in the log.
const MARK_BYTES: u64 = 2 * 48;

/// Opens the world in `dir`, which syncs as soon as something is written.
///
/// # Panics
/// If it cannot be opened.
pub fn open(dir: &Path) -> Db<World> {
    Db::builder().worker_threads(1).directory(dir).open().expect("the directory can be opened")
}

/// Opens the world in `dir`, which syncs when somebody waits for it, and not otherwise.
///
/// # Panics
/// If it cannot be opened.
pub fn open_unsynced(dir: &Path) -> Db<World> {
    let builder = Db::builder().worker_threads(1).directory(dir).sync_within(Duration::from_secs(3600));
    builder.open().expect("the directory can be opened")
}

/// A world of `count` bodies in `dir`, durable.
///
/// # Panics
/// If the disk fails.
pub fn filled(db: Db<World>, count: usize) -> Filled {
    let world = fill(db, count);
    world.db.sync().expect("the disk works");
    world
}

/// Changes one field of each of `entities` in one transaction, and waits until it is durable.
///
/// # Panics
/// If one is not alive, or the disk fails.
pub fn commit_durably(db: &Db<World>, entities: impl IntoIterator<Item = Entity>) {
    let mut tx = db.begin();
    for entity in entities {
        tx.update(entity, Pos::C.x.set(1.0));
    }
    tx.commit_durable().expect("the disk works");
}

/// `rows` entities: neighbours from a random place on, or each from a random place.
pub fn pick<'a>(
    entities: &'a [Entity],
    random: &'a mut Random,
    rows: usize,
    scattered: bool,
) -> impl Iterator<Item = Entity> + 'a {
    let first = random.below(entities.len().saturating_sub(rows) + 1);
    (0..rows).map(move |row| {
        let index = if scattered { random.below(entities.len()) } else { (first + row) % entities.len() };
        entities[index]
    })
}

/// How many bytes `commits` commits take in the log on average, each made by `commit`. The world in `dir` must not be open.
///
/// # Panics
/// If the directory cannot be opened.
pub fn bytes_of_commits(dir: &Path, commits: usize, mut commit: impl FnMut(&Db<World>)) -> usize {
    let read = |db: &Db<World>| db.recovery().map_or(0, |found| found.bytes);
    let db = open(dir);
    let before = read(&db);
    (0..commits).for_each(|_| commit(&db));
    drop(db);
    let after = read(&open(dir));
    ((after - before - MARK_BYTES) / commits as u64) as usize
}

#[cfg(test)]
mod tests {
    use super::{bytes_of_commits, commit_durably, filled, open, pick};
    use crate::random::Random;
    use crate::world::Filled;

    #[test]
    fn a_commit_of_one_row_takes_88_bytes() {
        let dir = std::env::temp_dir().join(format!("ecsdb-benches-{}", std::process::id()));
        let Filled { db, entities } = filled(open(&dir), 1000);
        drop(db);
        let mut random = Random::new(1);
        let bytes = bytes_of_commits(&dir, 10, |db| commit_durably(db, pick(&entities, &mut random, 1, true)));
        std::fs::remove_dir_all(&dir).unwrap();
        // As in `docs/wal.md`, with a field of four bytes instead of eight.
        assert_eq!(bytes, 88);
    }

    #[test]
    fn rows_are_neighbours_or_scattered() {
        let Filled { entities, .. } = crate::world::fresh(100);
        let slots = |scattered| -> Vec<u32> {
            pick(&entities, &mut Random::new(4), 10, scattered).map(|entity| entity.slot()).collect()
        };
        assert!(slots(false).is_sorted_by(|a, b| a + 1 == *b));
        assert!(!slots(true).is_sorted());
    }
}
