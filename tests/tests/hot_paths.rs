//! What a game does in every frame asks for no memory: pinning, reading and walking never, and commits of a few fields neither, on
//! the caller's thread nor on the writer's, once what is kept from one to the next is there. A closure asks for exactly two
//! pieces.
//!
//! One test alone in this process: the allocator counts for all threads, so that what the writer takes is known as well.

use std::hint::black_box;

use ecsdb::{Component, Db, Entity, TransactionBuilder};
use ecsdb_allocations::{Counting, calls, calls_during, calls_here};
use ecsdb_tests::world::*;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// How often something is tried that should ask for so much memory and no more. The first tries fill what is kept from one commit to
/// the next: lists, and completions, of which it takes as many as are under way at once. In any later one the writer may be late with
/// giving completions back, or just be at the pool of them; then a commit makes one rather than to wait.
const TRIES: usize = 100;

/// The least of some tries, or of as many as it takes to get down to `enough`.
fn least(enough: usize, mut work: impl FnMut()) -> usize {
    let mut least = usize::MAX;
    for _ in 0..TRIES {
        least = least.min(calls_during(&mut work));
        if least <= enough {
            break;
        }
    }
    least
}

const ROWS: i32 = 5000;
const COMMITS: usize = 1000;

fn filled() -> (Db<World>, Vec<Entity>) {
    let db = Db::<World>::builder().worker_threads(1).open().unwrap();
    let rows = (0..ROWS).map(|n| (Pos { x: n, y: 0 }, Purse { gold: n as u64, open: true }));
    let entities = db.write(move |tx| Ok(tx.spawn_all(rows)?)).unwrap();
    (db, entities)
}

/// How often `COMMITS` commits of what `fill` puts in ask for memory: where they are put together and queued, and where they are
/// applied. The least of some tries, or of as many as it takes until neither asks for any.
fn commits(
    db: &Db<World>,
    entities: &[Entity],
    fill: impl Fn(&mut TransactionBuilder<World>, Entity, i32),
) -> (usize, usize) {
    let once = || {
        let (all, mine) = (calls(), calls_here());
        let mut last = None;
        for (x, entity) in entities.iter().cycle().take(COMMITS).enumerate() {
            let mut tx = db.begin();
            fill(&mut tx, *entity, x as i32);
            last = Some(tx.commit().unwrap());
        }
        let queued = calls_here() - mine;
        // Whoever waits may be the writer: what this thread does from here on is applying.
        last.unwrap().visible().unwrap();
        (queued, calls() - all - queued)
    };
    let mut least = (usize::MAX, usize::MAX);
    for _ in 0..TRIES {
        let (queued, applied) = once();
        least = least.min((queued, applied));
        if least == (0, 0) {
            break;
        }
    }
    least
}

#[test]
fn hot_paths_ask_for_no_memory() {
    let (db, entities) = filled();
    reading(&db, &entities);
    reading_texts();

    let (queued, applied) = commits(&db, &entities, |tx, entity, x| tx.update(entity, Pos::C.x.set(x)));
    assert_eq!((queued, applied), (0, 0), "queueing and applying {COMMITS} updates of a field");
    let (queued, applied) = commits(&db, &entities, |tx, entity, x| tx.insert(entity, Pos { x, y: -x }));
    assert_eq!((queued, applied), (0, 0), "queueing and applying {COMMITS} rows over others");

    // A closure comes to the writer in a box, and what it returns goes back in another, whose type is its own, so that neither
    // can be kept for the next one. Nothing else.
    let write = || {
        for (x, entity) in (0..).zip(entities.iter().copied().take(COMMITS)) {
            db.write(move |tx| Ok(tx.update(entity, Pos::C.x.set(x))?)).unwrap();
        }
    };
    assert_eq!(least(2 * COMMITS, write), 2 * COMMITS, "{COMMITS} closures");
}

fn reading(db: &Db<World>, entities: &[Entity]) {
    assert_eq!(least(0, || drop(black_box(db.snapshot()))), 0, "pinning a version");
    let snapshot = db.snapshot();
    let get = || {
        for entity in entities {
            black_box(snapshot.get::<Pos>(*entity).unwrap().x);
            black_box(snapshot.get::<Purse>(*entity).unwrap().gold());
        }
    };
    assert_eq!(least(0, get), 0, "getting rows");
    let walk = || {
        let mut sum = 0;
        snapshot.query::<&Pos>().for_each(|pos| sum += pos.x);
        for (_, pos) in snapshot.table::<Pos>() {
            sum += pos.y;
        }
        snapshot.query::<(&Pos, &Purse)>().for_each(|(pos, purse)| sum += pos.x + purse.gold() as i32);
        black_box(sum);
    };
    assert_eq!(least(0, walk), 0, "walking tables and queries");
    let one_by_one = || {
        let mut sum = 0;
        for (entity, pos, purse) in snapshot.query::<(Entity, &Pos, Option<&Purse>)>() {
            sum += pos.x + purse.map_or(0, |purse| purse.gold() as i32) + i32::from(entity.slot() > 7);
        }
        black_box(sum);
    };
    assert_eq!(least(0, one_by_one), 0, "walking a query with `for`");
    let by_pages = || {
        let rows: usize = snapshot.table::<Pos>().pages().map(<[Pos]>::len).sum();
        assert_eq!(rows, ROWS as usize);
    };
    assert_eq!(least(0, by_pages), 0, "walking the pages of a table");
}

/// A row with a heap.
#[derive(Component)]
struct Sign {
    lit: bool,
    text: String,
    numbers: Vec<u32>,
}

ecsdb::schema! { Signs: Sign }

fn reading_texts() {
    let db = Db::<Signs>::builder().worker_threads(1).open().unwrap();
    let signs = (0..ROWS as u32).map(|n| Sign { lit: true, text: format!("sign {n}"), numbers: vec![n; 3] });
    let entities = db.write(move |tx| Ok(tx.spawn_all(signs)?)).unwrap();
    let snapshot = db.snapshot();
    let get = || {
        for (n, entity) in (0..).zip(&entities) {
            let sign = snapshot.get::<Sign>(*entity).unwrap();
            assert!(sign.lit() && sign.text().starts_with("sign") && sign.numbers() == [n; 3]);
        }
    };
    assert_eq!(least(0, get), 0, "getting rows with a text and a list");
    let walk = || {
        let mut letters = 0;
        for sign in snapshot.query::<&Sign>() {
            letters += sign.text().len();
        }
        snapshot.query::<&Sign>().for_each(|sign| letters += sign.numbers().len());
        black_box(letters);
    };
    assert_eq!(least(0, walk), 0, "walking rows with a text and a list");
}
