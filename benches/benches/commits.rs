//! Small transactions, each of them a commit: what the writer takes for one, with and without readers in its way; each beside its
//! limit, a copy of the page or a message to another thread and back.

use core::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use ecsdb_benches::commits::{PageCopies, QUEUED, Readers, commit_one, hand_offs, pipelined, queued, without_groups};
use ecsdb_benches::entity_count;
use ecsdb_benches::random::Random;
use ecsdb_benches::world::{Filled, Pos, body, fresh};

fn one_row(c: &mut Criterion) {
    let single = without_groups(entity_count());
    let grouped = fresh(entity_count());
    let mut copies = PageCopies::new(entity_count());
    for readers in [0, 3] {
        for (world, how) in [(&single, "one by one"), (&grouped, "in groups")] {
            let running = Readers::start(world, readers, Duration::ZERO);
            let mut random = Random::new(5);
            let mut g = c.benchmark_group(format!("one-row commit/{how}, {readers} readers"));
            g.throughput(Throughput::Elements(1));
            g.sample_size(10);
            g.bench_function("raw copy of a page", |b| {
                b.iter_custom(|times| copies.turn(&mut random, times as usize));
            });
            // Each turn is a whole queue of commits; what a criterion iteration gets is its share.
            let share = |time: Duration, commits: usize, times: u64| time.mul_f64(times as f64 / commits as f64);
            g.bench_function("writer time, queued", |b| {
                b.iter_custom(|times| share(queued(world, &mut random).writer, QUEUED, times));
            });
            g.bench_function("clock, queued", |b| {
                b.iter_custom(|times| share(queued(world, &mut random).wall, QUEUED, times));
            });
            g.bench_function("clock, pipelined", |b| {
                b.iter_custom(|times| share(pipelined(world, &mut random, 2 * QUEUED).wall, 2 * QUEUED, times));
            });
            g.finish();
            drop(running);
        }
    }
}

fn alone(c: &mut Criterion) {
    let world = fresh(entity_count());
    let mut random = Random::new(8);
    let mut g = c.benchmark_group("alone, visible");
    g.bench_function("raw message to a thread and back", |b| b.iter_custom(|times| hand_offs(times as usize)));
    g.bench_function("update one field", |b| {
        b.iter(|| commit_one(&world, &mut random).visible());
    });
    g.bench_function("spawn and despawn", |b| {
        b.iter(|| world.db.spawn(body(1)).and_then(|entity| world.db.despawn(entity)));
    });
    g.bench_function("insert", |b| {
        b.iter(|| world.db.insert(world.entities[random.below(world.entities.len())], Pos { x: 1.0, y: 2.0, z: 3.0 }));
    });
    g.finish();
}

fn thousand_rows(c: &mut Criterion) {
    let Filled { db, entities } = fresh(entity_count());
    let mut random = Random::new(9);
    let mut g = c.benchmark_group("1,000 random rows in one commit");
    g.throughput(Throughput::Elements(1000));
    let picked: Vec<_> = (0..1 << 20).map(|_| entities[random.below(entities.len())]).collect();
    let mut next = 0;
    let mut copies = PageCopies::new(entity_count());
    g.bench_function("raw copies of 1,000 pages", |b| {
        b.iter_custom(|times| copies.turn(&mut random, 1000 * times as usize));
    });
    g.bench_function("builder, with putting it together", |b| {
        b.iter(|| {
            let mut tx = db.begin();
            for entity in &picked[next..next + 1000] {
                tx.update(*entity, Pos::C.x.set(1.0));
            }
            next = (next + 1000) % (picked.len() - 1000);
            tx.commit().and_then(ecsdb::Ticket::visible)
        });
    });
    g.bench_function("closure", |b| {
        b.iter(|| {
            let some = picked[next..next + 1000].to_vec();
            next = (next + 1000) % (picked.len() - 1000);
            db.write(move |tx| {
                for entity in some {
                    tx.update(entity, Pos::C.x.set(1.0))?;
                }
                Ok(())
            })
        });
    });
    g.finish();
}

criterion_group!(benches, one_row, alone, thousand_rows);
criterion_main!(benches);
