//! Changing many rows in one transaction, beside the same change of plain vectors.

use core::time::Duration;

use criterion::{BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main, measurement::WallTime};
use ecsdb::{Entity, OpError, Transaction};
use ecsdb_benches::entity_count;
use ecsdb_benches::paired::clocked;
use ecsdb_benches::random::Random;
use ecsdb_benches::work::{self, Raw};
use ecsdb_benches::world::{Filled, Frozen, Pos, Target, Vel, World, churned, empty, fresh, three};

fn group<'c>(c: &'c mut Criterion, name: &str) -> BenchmarkGroup<'c, WallTime> {
    let mut group = c.benchmark_group(name);
    group.throughput(Throughput::Elements(entity_count() as u64));
    group.sample_size(10);
    group
}

/// What `times` turns of `work` take together.
fn turns(times: u64, mut work: impl FnMut() -> Duration) -> Duration {
    (0..times).map(|_| work()).sum()
}

fn update_all(c: &mut Criterion) {
    for (world, state) in [(fresh(entity_count()), "fresh"), (churned(entity_count()), "churned")] {
        let mut raw = Raw::filled(entity_count());
        let mut g = group(c, &format!("update_all/{state}"));
        g.bench_function("raw", |b| b.iter(|| raw.update_all()));
        g.bench_function("ecsdb", |b| {
            b.iter(|| {
                let change = |pos: &mut Pos, vel: &Vel| work::step(pos, vel);
                world.db.write(move |tx| Ok(tx.update_all(change)?)).expect("the database is open")
            });
        });
        g.finish();
    }
}

fn spawn(c: &mut Criterion) {
    let count = entity_count();
    let mut g = group(c, "spawn three components");
    g.bench_function("raw", |b| {
        b.iter(|| Raw::spawned(count));
    });
    g.bench_function("ecsdb bulk", |b| {
        b.iter_custom(|times| {
            turns(times, || {
                let db = empty();
                clocked(|| db.write(move |tx| Ok(tx.spawn_all((0..count).map(three))?)).expect("it fits in memory"))
            })
        });
    });
    g.bench_function("ecsdb one by one", |b| {
        b.iter_custom(|times| {
            turns(times, || {
                let db = empty();
                let all = move |tx: &mut Transaction<'_, World>| {
                    for index in 0..count {
                        tx.spawn(three(index))?;
                    }
                    Ok(())
                };
                clocked(|| db.write(all).expect("it fits in memory"))
            })
        });
    });
    g.finish();
}

/// An operation on one entity.
type Op = fn(&mut Transaction<'_, World>, Entity) -> Result<(), OpError>;

/// Does `op` to all of `entities` in one transaction.
fn each(world: &Filled, entities: &[Entity], op: Op) -> Duration {
    let entities = entities.to_vec();
    let all = move |tx: &mut Transaction<'_, World>| {
        for entity in entities {
            op(tx, entity)?;
        }
        Ok(())
    };
    clocked(|| world.db.write(all).expect("all are alive"))
}

fn rows(c: &mut Criterion) {
    let ops: [(&str, Op); 5] = [
        ("update", |tx, entity| tx.update(entity, Pos::C.x.set(2.0))),
        ("modify", |tx, entity| tx.modify(entity, |pos: &mut Pos| pos.x = 2.0)),
        ("insert over", |tx, entity| tx.insert(entity, Pos { x: 2.0, y: 0.0, z: 1.0 })),
        ("add and remove", |tx, entity| {
            tx.insert(entity, Target { id: 1 })?;
            tx.remove::<Target>(entity)
        }),
        ("add and remove a tag", |tx, entity| {
            tx.insert(entity, Frozen)?;
            tx.remove::<Frozen>(entity)
        }),
    ];
    let world = fresh(entity_count());
    let mut raw = Raw::filled(entity_count());
    let random = Random::new(12).order(entity_count());
    for (name, order) in [("in order", (0..entity_count() as u32).collect()), ("random", random)] {
        let entities: Vec<Entity> = order.iter().map(|index| world.entities[*index as usize]).collect();
        let mut g = group(c, &format!("rows {name}"));
        g.bench_function("raw write", |b| {
            b.iter(|| {
                for index in &order {
                    raw.pos[*index as usize].x = 2.0;
                }
            });
        });
        for (what, op) in ops {
            g.bench_function(format!("ecsdb {what}"), |b| {
                b.iter_custom(|times| turns(times, || each(&world, &entities, op)));
            });
        }
        g.finish();
    }
}

fn despawn(c: &mut Criterion) {
    let order = Random::new(13).order(entity_count());
    for (name, order) in [("in order", (0..entity_count() as u32).collect()), ("random", order)] {
        let mut g = group(c, &format!("despawn {name}"));
        g.bench_function("raw pop", |b| {
            b.iter_custom(|times| {
                turns(times, || {
                    let mut raw = Raw::filled(entity_count());
                    clocked(|| while raw.pos.pop().is_some() && raw.vel.pop().is_some() && raw.acc.pop().is_some() {})
                })
            });
        });
        g.bench_function("ecsdb", |b| {
            b.iter_custom(|times| {
                turns(times, || {
                    let world = fresh(entity_count());
                    let entities: Vec<Entity> = order.iter().map(|index| world.entities[*index as usize]).collect();
                    each(&world, &entities, |tx, entity| tx.despawn(entity))
                })
            });
        });
        g.finish();
    }
}

criterion_group!(benches, update_all, spawn, rows, despawn);
criterion_main!(benches);
