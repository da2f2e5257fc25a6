//! Relational queries: conditions that few or many rows pass, aggregates, groups, orders and joins; each beside the same work in a
//! loop over plain vectors.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use ecsdb::query::{max, sum};
use ecsdb::{Component, Db, Entity, Snapshot};
use ecsdb_benches::entity_count;
use ecsdb_benches::random::Random;

/// Native: four columns.
#[derive(Component, Clone, Copy)]
#[repr(C)]
struct Stats {
    level: u32,
    worth: u32,
    speed: f32,
    armor: f32,
}

/// Packed, with a reference.
#[derive(Component, Clone, Copy)]
struct Item {
    owner: Entity,
    kind: u8,
    weight: u16,
}

ecsdb::schema! { World: Stats, Item }

/// The same rows as vectors. The owner of an item is the number of one.
struct Raw {
    stats: Vec<Stats>,
    items: Vec<(u32, u8, u16)>,
}

fn filled(count: usize) -> (Snapshot<World>, Raw) {
    let mut random = Random::new(7);
    let mut below = |most: usize| random.below(most) as u32;
    let stats: Vec<Stats> = (0..count)
        .map(|_| Stats { level: below(1000), worth: below(1000), speed: below(1000) as f32, armor: below(1000) as f32 })
        .collect();
    let items: Vec<(u32, u8, u16)> = (0..count).map(|_| (below(count), below(8) as u8, below(1000) as u16)).collect();
    let db = Db::<World>::builder().open().expect("a database in memory opens");
    let (rows, parts) = (stats.clone(), items.clone());
    db.write(move |tx| {
        let all = tx.spawn_all(rows)?;
        for (entity, (owner, kind, weight)) in all.iter().zip(parts) {
            tx.insert(*entity, Item { owner: all[owner as usize], kind, weight })?;
        }
        Ok(())
    })
    .expect("there is memory for it");
    (db.snapshot(), Raw { stats, items })
}

fn filters(c: &mut Criterion, snapshot: &Snapshot<World>, raw: &Raw) {
    for percent in [1, 10, 50] {
        let bound = percent * 10;
        let mut group = c.benchmark_group(format!("filter/{percent} %"));
        group.throughput(Throughput::Elements(raw.stats.len() as u64));
        group.sample_size(20);
        group.bench_function("raw", |b| {
            b.iter(|| {
                let passed = raw.stats.iter().filter(|row| row.level < black_box(bound));
                passed.map(|row| u64::from(row.worth)).sum::<u64>()
            });
        });
        group.bench_function("ecsdb", |b| {
            b.iter(|| {
                let passed = snapshot.query::<&Stats>().filter(Stats::C.level.lt(black_box(bound)));
                let mut total = 0;
                passed.for_each(|row| total += u64::from(row.worth));
                total
            });
        });
        group.bench_function("ecsdb count", |b| {
            b.iter(|| snapshot.query::<&Stats>().filter(Stats::C.level.lt(black_box(bound))).count());
        });
        // Each of two columns lets the root of it pass.
        let each = (f64::from(percent) / 100.0).sqrt() * 1000.0;
        let (level, speed) = (each as u32, each as f32);
        group.bench_function("raw, two columns", |b| {
            b.iter(|| {
                let passed =
                    raw.stats.iter().filter(|row| row.level < black_box(level) && row.speed < black_box(speed));
                passed.map(|row| u64::from(row.worth)).sum::<u64>()
            });
        });
        group.bench_function("ecsdb, two columns", |b| {
            b.iter(|| {
                let condition = Stats::C.level.lt(black_box(level)).and(Stats::C.speed.lt(black_box(speed)));
                let mut total = 0;
                snapshot.query::<&Stats>().filter(condition).for_each(|row| total += u64::from(row.worth));
                total
            });
        });
        group.finish();
    }
}

fn aggregates(c: &mut Criterion, snapshot: &Snapshot<World>, raw: &Raw) {
    let mut group = c.benchmark_group("aggregate");
    group.throughput(Throughput::Elements(raw.stats.len() as u64));
    group.sample_size(20);
    group.bench_function("raw sum", |b| b.iter(|| raw.stats.iter().map(|row| u64::from(row.worth)).sum::<u64>()));
    group.bench_function("ecsdb sum", |b| b.iter(|| snapshot.query::<&Stats>().sum(Stats::C.worth)));
    group.bench_function("raw max", |b| b.iter(|| raw.stats.iter().map(|row| row.worth).max()));
    group.bench_function("ecsdb max", |b| b.iter(|| snapshot.query::<&Stats>().max(Stats::C.worth)));
    group.bench_function("raw group", |b| {
        b.iter(|| {
            let mut groups = [(0_u64, 0_u16); 256];
            for (_, kind, weight) in &raw.items {
                let (total, most) = &mut groups[usize::from(*kind)];
                *total += u64::from(*weight);
                *most = (*most).max(*weight);
            }
            groups
        });
    });
    group.bench_function("ecsdb group", |b| {
        b.iter(|| {
            let groups = snapshot.query::<&Item>().group_by(Item::C.kind);
            groups.aggregate((sum(Item::C.weight), max(Item::C.weight)))
        });
    });
    group.finish();
}

fn orders_and_joins(c: &mut Criterion, snapshot: &Snapshot<World>, raw: &Raw) {
    let mut group = c.benchmark_group("order and join");
    group.throughput(Throughput::Elements(raw.stats.len() as u64));
    group.sample_size(10);
    group.bench_function("raw best ten", |b| {
        b.iter(|| {
            let mut all: Vec<(u32, u32)> = (0..).zip(&raw.stats).map(|(n, row)| (u32::MAX - row.worth, n)).collect();
            all.select_nth_unstable(9.min(raw.stats.len() - 1));
            all.truncate(10);
            all.sort_unstable();
            all
        });
    });
    group.bench_function("ecsdb best ten", |b| {
        b.iter(|| {
            let best = snapshot.query::<&Stats>().order_by(Stats::C.worth.desc()).limit(10);
            best.iter().map(|row| u64::from(row.worth)).sum::<u64>()
        });
    });
    group.bench_function("raw join", |b| {
        b.iter(|| raw.items.iter().map(|(owner, ..)| u64::from(raw.stats[*owner as usize].worth)).sum::<u64>());
    });
    group.bench_function("ecsdb join", |b| {
        b.iter(|| {
            let pairs = snapshot.query::<&Item>().join(Item::C.owner, snapshot.query::<&Stats>());
            pairs.iter().map(|(_, stats)| u64::from(stats.worth)).sum::<u64>()
        });
    });
    group.finish();
}

fn queries(c: &mut Criterion) {
    let (snapshot, raw) = filled(entity_count());
    filters(c, &snapshot, &raw);
    aggregates(c, &snapshot, &raw);
    orders_and_joins(c, &snapshot, &raw);
}

criterion_group!(benches, queries);
criterion_main!(benches);
