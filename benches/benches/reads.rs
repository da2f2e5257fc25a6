//! Reading: scans, joins and single rows, in a fresh world, a worn-out one, and one with holes; each beside the same
//! loop over plain vectors.

use criterion::{BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main, measurement::WallTime};
use ecsdb::Entity;
use ecsdb_benches::entity_count;
use ecsdb_benches::random::Random;
use ecsdb_benches::work::{self, Raw};
use ecsdb_benches::world::{Filled, churned, fresh, with_holes};

fn group<'c>(c: &'c mut Criterion, what: &str, state: &str, rows: usize) -> BenchmarkGroup<'c, WallTime> {
    let mut group = c.benchmark_group(format!("{what}/{state}"));
    group.throughput(Throughput::Elements(rows as u64));
    group.sample_size(20);
    group
}

fn all_of(c: &mut Criterion, world: &Filled, state: &str) {
    let count = world.entities.len();
    let raw = Raw::filled(count);
    let snapshot = world.db.snapshot();
    let s = &snapshot;

    let mut g = group(c, "scan", state, count);
    g.bench_function("raw", |b| b.iter(|| raw.sum()));
    g.bench_function("ecsdb pages", |b| b.iter(|| work::sum_pages(s)));
    g.bench_function("ecsdb for_each", |b| b.iter(|| work::sum_for_each(s)));
    g.bench_function("ecsdb for", |b| b.iter(|| work::sum_for(s)));
    g.finish();

    let mut g = group(c, "scan bits", state, count);
    g.bench_function("raw", |b| b.iter(|| raw.sum_bits()));
    g.bench_function("ecsdb pages", |b| b.iter(|| work::sum_bits_pages(s)));
    g.bench_function("ecsdb for_each", |b| b.iter(|| work::sum_bits_for_each(s)));
    g.finish();

    let mut g = group(c, "scan packed", state, count);
    g.bench_function("raw", |b| b.iter(|| raw.sum_packed()));
    g.bench_function("ecsdb for_each", |b| b.iter(|| work::sum_packed(s)));
    g.finish();

    let mut g = group(c, "join of two", state, count);
    g.bench_function("raw", |b| b.iter(|| raw.join_two()));
    g.bench_function("ecsdb for_each", |b| b.iter(|| work::join_two(s)));
    g.bench_function("ecsdb for", |b| b.iter(|| work::join_two_for(s)));
    g.finish();

    let mut g = group(c, "join of three", state, count);
    g.bench_function("raw", |b| b.iter(|| raw.join_three()));
    g.bench_function("ecsdb for_each", |b| b.iter(|| work::join_three(s)));
    g.finish();

    let mut in_order = world.entities.clone();
    in_order.sort_by_key(|entity| entity.slot());
    let order = Random::new(3).order(count);
    let random: Vec<Entity> = order.iter().map(|index| in_order[*index as usize]).collect();
    for (name, entities, order) in
        [("get random", random, order), ("get sequential", in_order, (0..count as u32).collect())]
    {
        let mut g = group(c, name, state, count);
        g.bench_function("raw", |b| b.iter(|| raw.get(&order)));
        g.bench_function("ecsdb", |b| b.iter(|| work::get(s, &entities)));
        g.bench_function("ecsdb packed", |b| b.iter(|| work::get_packed(s, &entities)));
        g.finish();
    }
}

fn reads(c: &mut Criterion) {
    let world = fresh(entity_count());
    all_of(c, &world, "fresh");
    let mut g = c.benchmark_group("pin");
    let arc = std::sync::Arc::new(0_u64);
    g.bench_function("raw", |b| b.iter(|| std::sync::Arc::clone(&arc)));
    g.bench_function("ecsdb", |b| b.iter(|| world.db.snapshot()));
    g.finish();
    drop(world);
    let world = churned(entity_count());
    all_of(c, &world, "churned");
    all_of(c, &with_holes(world), "10 % holes");
}

criterion_group!(benches, reads);
criterion_main!(benches);
