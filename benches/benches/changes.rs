//! Following changes: what it costs the writer, and what it costs those who follow; beside the copy of a page that a commit needs, and
//! beside vectors of the rows before and after.

use core::cell::RefCell;
use core::hint::black_box;
use core::time::Duration;
use std::thread::JoinHandle;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use ecsdb::Db;
use ecsdb::changes::Event;
use ecsdb::error::RecvError;
use ecsdb_benches::commits::{PageCopies, QUEUED, commit_one, queued};
use ecsdb_benches::entity_count;
use ecsdb_benches::random::Random;
use ecsdb_benches::work::Raw;
use ecsdb_benches::world::{Filled, Pos, World, fresh};

/// Threads that each read all changes of positions, until the database is closed or they are dropped with it.
struct Followers {
    db: Db<World>,
    running: Vec<JoinHandle<u64>>,
}

impl Followers {
    fn start(db: &Db<World>, count: usize) -> Self {
        let follow = || {
            let mut feed = db.subscribe::<Pos>().expect("the database is open");
            std::thread::spawn(move || {
                let mut rows = 0;
                loop {
                    match feed.recv() {
                        Ok(changes) => rows += changes.iter().count() as u64,
                        Err(RecvError::Lagged(_)) => drop(feed.resync()),
                        Err(_) => return rows,
                    }
                }
            })
        };
        Self { db: db.clone(), running: (0..count).map(|_| follow()).collect() }
    }

    fn finish(self) {
        self.db.close().expect("nobody else uses it");
        for thread in self.running {
            black_box(thread.join().expect("it does not panic"));
        }
    }
}

/// One-row commits with nobody, one and sixteen who follow.
fn commits(c: &mut Criterion) {
    let mut copies = PageCopies::new(entity_count());
    for count in [0, 1, 16] {
        let world = fresh(entity_count());
        let followers = Followers::start(&world.db, count);
        let mut random = Random::new(5);
        let mut g = c.benchmark_group(format!("one-row commit, {count} follow"));
        g.throughput(Throughput::Elements(1)).sample_size(10);
        g.bench_function("raw copy of a page", |b| b.iter_custom(|times| copies.turn(&mut random, times as usize)));
        g.bench_function("writer time", |b| {
            b.iter_custom(|times| {
                let writer: Duration = queued(&world, &mut random).writer;
                writer.mul_f64(times as f64 / QUEUED as f64)
            });
        });
        g.finish();
        followers.finish();
    }
}

/// The rows of a table before and after something, in vectors: what following changes is beside.
struct BeforeAndAfter {
    before: Vec<Pos>,
    after: Vec<Pos>,
}

impl BeforeAndAfter {
    /// The same rows twice, all of them moved by one.
    fn moved(count: usize) -> Self {
        let before = Raw::filled(count).pos;
        Self { after: before.iter().map(|pos| Pos { x: pos.x + 1.0, ..*pos }).collect(), before }
    }

    /// How many of the rows `which` differ.
    fn differing(&self, which: impl Iterator<Item = usize>) -> usize {
        which.filter(|row| self.before[*row] != self.after[*row]).count()
    }
}

/// What reading an event takes, for commits of one row and for those of all rows.
fn events(c: &mut Criterion) {
    let world = fresh(entity_count());
    let Filled { db, entities } = &world;
    // Read by what is measured, and moved on by what comes before.
    let feed = RefCell::new(db.subscribe::<Pos>().expect("the database is open"));
    let mut random = Random::new(6);
    let raw = BeforeAndAfter::moved(entities.len());
    let some: Vec<usize> = (0..1000).map(|_| random.below(entities.len())).collect();
    let mut g = c.benchmark_group("events");
    g.sample_size(10);
    g.throughput(Throughput::Elements(1000));
    g.bench_function("raw, 1,000 rows before and after", |b| b.iter(|| raw.differing(some.iter().copied())));
    g.bench_function("1,000 commits of one row", |b| {
        b.iter_batched(
            || {
                feed.borrow_mut().resync();
                (0..1000).map(|_| commit_one(&world, &mut random)).last().map(|last| last.visible())
            },
            |_| {
                let mut sum = 0.0;
                while let Ok(Some(changes)) = feed.borrow_mut().try_recv() {
                    sum += changes.iter().filter_map(|event| event.after()).map(|pos| pos.x).sum::<f32>();
                }
                sum
            },
            BatchSize::PerIteration,
        );
    });
    g.throughput(Throughput::Elements(entities.len() as u64));
    let feed = RefCell::new(db.subscribe::<Pos>().expect("the database is open"));
    g.bench_function("raw, all rows before and after", |b| b.iter(|| raw.differing(0..entities.len())));
    g.bench_function("one commit of all rows", |b| {
        b.iter_batched(
            || {
                feed.borrow_mut().resync();
                db.write(|tx| Ok(tx.update_all(|pos: &mut Pos| pos.x += 1.0)?)).expect("there is room")
            },
            |_| match feed.borrow_mut().try_recv() {
                Ok(Some(changes)) => changes.iter().filter(|event| matches!(event, Event::Changed { .. })).count(),
                // It does not fit into the history, which is what it is.
                _ => 0,
            },
            BatchSize::PerIteration,
        );
    });
    g.finish();
}

/// The difference to a snapshot of 1,000 commits ago.
fn differences(c: &mut Criterion) {
    let world = fresh(entity_count());
    let _on = world.db.subscribe::<Pos>().expect("the database is open");
    let mut random = Random::new(7);
    let then = world.db.snapshot();
    if let Some(last) = (0..1000).map(|_| commit_one(&world, &mut random)).last() {
        last.visible().expect("the entity is alive");
    }
    let now = world.db.snapshot();
    let mut g = c.benchmark_group("differences");
    g.throughput(Throughput::Elements(1000));
    let raw = BeforeAndAfter::moved(world.entities.len());
    let some: Vec<usize> = (0..1000).map(|_| random.below(world.entities.len())).collect();
    g.bench_function("raw, 1,000 rows before and after", |b| b.iter(|| raw.differing(some.iter().copied())));
    g.bench_function("changed since 1,000 commits ago", |b| {
        b.iter(|| now.changed_since::<Pos>(then.version()).map(|changes| changes.iter().count()));
    });
    g.finish();
}

criterion_group!(benches, commits, events, differences);
criterion_main!(benches);
