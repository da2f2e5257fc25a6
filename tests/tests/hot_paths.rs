//! What a game does in every frame asks for no memory: pinning, reading and walking never, a commit in steady state no more than
//! what its caller puts together.
//!
//! One test alone in this process: the allocator counts for all threads, so that what the writer takes is known as well.

use std::hint::black_box;

use ecsdb::{Db, Entity};
use ecsdb_tests::counting::{Counting, calls};
use ecsdb_tests::world::*;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// The least of some tries: the first ones fill what is kept, and the test's own threads may wake up in between.
fn least(mut work: impl FnMut()) -> usize {
    (0..20).map(|_| calls(&mut work)).min().expect("some tries")
}

const ROWS: i32 = 5000;
const COMMITS: usize = 1000;

fn filled() -> (Db<World>, Vec<Entity>) {
    let db = Db::<World>::builder().worker_threads(1).open().unwrap();
    let rows = (0..ROWS).map(|n| (Pos { x: n, y: 0 }, Purse { gold: n as u64, open: true }));
    let entities = db.write(move |tx| Ok(tx.spawn_all(rows)?)).unwrap();
    (db, entities)
}

/// Commits one row `COMMITS` times, and waits for the last.
fn commit(db: &Db<World>, entities: &[Entity]) {
    let mut last = None;
    for (x, entity) in entities.iter().cycle().take(COMMITS).enumerate() {
        let mut tx = db.begin();
        tx.update(*entity, Pos::C.x.set(x as i32));
        last = Some(tx.commit().unwrap());
    }
    last.unwrap().visible().unwrap();
}

#[test]
fn hot_paths_ask_for_no_memory() {
    let (db, entities) = filled();
    assert_eq!(least(|| drop(black_box(db.snapshot()))), 0, "pinning a version");
    let snapshot = db.snapshot();
    let get = || {
        for entity in &entities {
            black_box(snapshot.get::<Pos>(*entity).unwrap().x);
            black_box(snapshot.get::<Purse>(*entity).unwrap().gold());
        }
    };
    assert_eq!(least(get), 0, "getting rows");
    let walk = || {
        let mut sum = 0;
        snapshot.query::<&Pos>().for_each(|pos| sum += pos.x);
        for (_, pos) in snapshot.table::<Pos>() {
            sum += pos.y;
        }
        snapshot.query::<(&Pos, &Purse)>().for_each(|(pos, purse)| sum += pos.x + purse.gold() as i32);
        black_box(sum);
    };
    assert_eq!(least(walk), 0, "walking tables and queries");
    drop(snapshot);

    // The bytes of a transaction's operations are one allocation. Everything else is kept from the ones before: the message, the
    // ticket, the write buffer, what takes a transaction back. A few come now and then, as a list of the writer's grows.
    let taken = least(|| commit(&db, &entities));
    assert!(taken <= COMMITS + COMMITS / 20, "{COMMITS} commits of one row asked for memory {taken} times");
}
