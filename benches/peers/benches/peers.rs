//! ecsdb beside hecs and bevy_ecs: the same work on the same rows in one run, as a table in Markdown.

use core::time::Duration;
use std::io::{self, Write};

use bevy_ecs::entity::Entity as BevyEntity;
use bevy_ecs::world::World as BevyWorld;
use ecsdb::{Entity, OpError, Transaction};
use ecsdb_benches::allocations::{Counting, bytes_in_use};
use ecsdb_benches::paired::{Turns, timed, turns};
use ecsdb_benches::random::Random;
use ecsdb_benches::work::{self, Raw};
use ecsdb_benches::world::{Acc, Pos, Target, Vel, World, churned, empty, fresh, three};
use ecsdb_benches::{entity_count, is_smoke_run};
use ecsdb_peers::{Bevy, Hecs, InSparseSet, InTable, bevy_churned, bevy_fresh, hecs_churned, hecs_columns, hecs_fresh};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Raw vectors, ecsdb, hecs, bevy_ecs.
const ENGINES: usize = 4;

struct Report<'a> {
    out: &'a mut dyn Write,
    missed: usize,
}

impl Report<'_> {
    /// Adds what turns of `count` operations took. `goal` is how often hecs' time ecsdb may take.
    fn row(&mut self, what: &str, count: usize, turns: &Turns<ENGINES>, goal: Option<f64>) -> io::Result<()> {
        write!(self.out, "| {what}")?;
        for engine in 0..ENGINES {
            write!(self.out, " | {:.2}", turns.median(engine).as_secs_f64() * 1e9 / count as f64)?;
        }
        let (hecs, bevy) = (turns.ratio(1, 2), turns.ratio(1, 3));
        write!(self.out, " | {hecs:.2}x | {bevy:.2}x")?;
        match goal {
            None => writeln!(self.out, " | | |")?,
            Some(goal) if hecs <= goal => writeln!(self.out, " | <= {goal:.2}x hecs | yes |")?,
            Some(goal) => {
                self.missed += 1;
                writeln!(self.out, " | <= {goal:.2}x hecs | **no** |")?;
            }
        }
        self.out.flush()
    }
}

fn main() -> io::Result<()> {
    let (count, smoke) = (entity_count(), is_smoke_run());
    let (rounds, few) = if smoke { (1, 1) } else { (41, 9) };
    let mut out = io::stdout().lock();
    writeln!(
        out,
        "{count} entities; ns of processor time an operation, medians; ratios: medians of neighbouring turns\n"
    )?;
    writeln!(out, "| what | raw | ecsdb | hecs | bevy_ecs | ecsdb / hecs | ecsdb / bevy | goal | holds |")?;
    writeln!(out, "|---|--:|--:|--:|--:|--:|--:|--:|---|")?;
    let mut report = Report { out: &mut out, missed: 0 };
    // Parts can be asked for by name.
    let wanted: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let wants = |part: &str| wanted.is_empty() || wanted.iter().any(|name| name == part);
    if wants("reads") {
        reads(&mut report, rounds, fresh(count), hecs_fresh(count), bevy_fresh(count), "")?;
        reads(&mut report, rounds, churned(count), hecs_churned(count), bevy_churned(count), ", churned")?;
    }
    if wants("writes") {
        writes(&mut report, few, count)?;
    }
    if wants("spawns") {
        spawns(&mut report, few, count)?;
    }
    if wants("memory") {
        memory(&mut report, count)?;
    }
    let missed = report.missed;
    writeln!(out, "\n{missed} goals missed")
}

fn reads(
    report: &mut Report<'_>,
    rounds: usize,
    world: ecsdb_benches::world::Filled,
    mut hecs: Hecs,
    mut bevy: Bevy,
    state: &str,
) -> io::Result<()> {
    let count = world.entities.len();
    let churned = !state.is_empty();
    let raw = Raw::filled(count);
    let snapshot = world.db.snapshot();
    let s = &snapshot;

    let mut one = bevy.world.query::<&InTable<Pos>>();
    let mut two = bevy.world.query::<(&InTable<Pos>, &InTable<Vel>)>();
    let mut three = bevy.world.query::<(&InTable<Pos>, &InTable<Vel>, &InTable<Acc>)>();
    let scan = turns(
        rounds,
        [
            &mut || timed(|| raw.sum()),
            &mut || timed(|| work::sum_for_each(s)),
            &mut || timed(|| hecs.world.query::<&Pos>().iter().fold(0.0, work::add)),
            &mut || timed(|| one.iter(&bevy.world).fold(0.0, |sum, pos| work::add(sum, &pos.0))),
        ],
    );
    report.row(&format!("scan{state}"), count, &scan, Some(1.0))?;
    let join = turns(
        rounds,
        [
            &mut || timed(|| raw.join_two()),
            &mut || timed(|| work::join_two(s)),
            &mut || {
                let mut query = hecs.world.query::<(&Pos, &Vel)>();
                timed(|| query.iter().fold(0.0, |sum, (pos, vel)| work::add_two(sum, pos, vel)))
            },
            &mut || timed(|| two.iter(&bevy.world).fold(0.0, |sum, (pos, vel)| work::add_two(sum, &pos.0, &vel.0))),
        ],
    );
    report.row(&format!("join of two{state}"), count, &join, None)?;
    let join = turns(
        rounds,
        [
            &mut || timed(|| raw.join_three()),
            &mut || timed(|| work::join_three(s)),
            &mut || {
                let mut query = hecs.world.query::<(&Pos, &Vel, &Acc)>();
                timed(|| query.iter().fold(0.0, |sum, (pos, vel, acc)| work::add_three(sum, pos, vel, acc)))
            },
            &mut || {
                let rows = three.iter(&bevy.world);
                timed(|| rows.fold(0.0, |sum, (pos, vel, acc)| work::add_three(sum, &pos.0, &vel.0, &acc.0)))
            },
        ],
    );
    report.row(&format!("join of three{state}"), count, &join, None)?;

    let random = Random::new(3).order(count);
    for (name, order, goal) in [
        ("get, random", random, Some(if churned { 1.0 } else { 0.8 })),
        ("get, in order of spawning", (0..count as u32).collect::<Vec<_>>(), None),
    ] {
        let of_ecsdb: Vec<Entity> = order.iter().map(|index| world.entities[*index as usize]).collect();
        let of_hecs: Vec<hecs::Entity> = order.iter().map(|index| hecs.entities[*index as usize]).collect();
        let of_bevy: Vec<_> = order.iter().map(|index| bevy.entities[*index as usize]).collect();
        let mut prepared = hecs::PreparedQuery::<&Pos>::new();
        let view = prepared.view_mut(&mut hecs.world);
        let query = one.query(&bevy.world);
        let get = turns(
            rounds,
            [
                &mut || timed(|| raw.get(&order)),
                &mut || timed(|| work::get(s, &of_ecsdb)),
                &mut || {
                    let entities = of_hecs.iter();
                    timed(|| entities.fold(0.0, |sum, entity| sum + view.get(*entity).map_or(0.0, |pos: &Pos| pos.x)))
                },
                &mut || {
                    let entities = of_bevy.iter();
                    timed(|| entities.fold(0.0, |sum, entity| sum + query.get(*entity).map_or(0.0, |pos| pos.0.x)))
                },
            ],
        );
        report.row(&format!("{name} (hecs: prepared view; bevy: query){state}"), count, &get, goal)?;
        let get = turns(
            rounds,
            [
                &mut || timed(|| raw.get(&order)),
                &mut || timed(|| work::get(s, &of_ecsdb)),
                &mut || {
                    let get = |entity: &hecs::Entity| hecs_get(&hecs.world, *entity);
                    timed(|| of_hecs.iter().map(get).sum::<f32>())
                },
                &mut || {
                    let get = |entity: &_| bevy.world.get::<InTable<Pos>>(*entity).map_or(0.0, |pos| pos.0.x);
                    timed(|| of_bevy.iter().map(get).sum::<f32>())
                },
            ],
        );
        report.row(&format!("{name} (hecs, bevy: `World::get`){state}"), count, &get, None)?;
    }
    Ok(())
}

fn hecs_get(world: &hecs::World, entity: hecs::Entity) -> f32 {
    world.get::<&Pos>(entity).map_or(0.0, |pos| pos.x)
}

/// Does `op` to all of `entities` in one transaction.
fn each(
    world: &ecsdb_benches::world::Filled,
    entities: &[Entity],
    op: fn(&mut Transaction<'_, World>, Entity) -> Result<(), OpError>,
) -> Duration {
    let entities = entities.to_vec();
    let all = move |tx: &mut Transaction<'_, World>| {
        for entity in entities {
            op(tx, entity)?;
        }
        Ok(())
    };
    timed(|| world.db.write(all).expect("all are alive"))
}

fn writes(report: &mut Report<'_>, rounds: usize, count: usize) -> io::Result<()> {
    let world = fresh(count);
    let Hecs { world: mut hecs, entities: in_hecs } = hecs_fresh(count);
    let Bevy { world: mut bevy, entities: in_bevy } = bevy_fresh(count);
    let mut raw = Raw::filled(count);
    let mut both = bevy.query::<(&mut InTable<Pos>, &InTable<Vel>)>();
    let all = turns(
        4 * rounds,
        [
            &mut || timed(|| raw.update_all()),
            &mut || {
                let change = |pos: &mut Pos, vel: &Vel| work::step(pos, vel);
                timed(|| world.db.write(move |tx| Ok(tx.update_all(change)?)).expect("the database is open"))
            },
            &mut || {
                timed(|| hecs.query_mut::<(&mut Pos, &Vel)>().into_iter().for_each(|(pos, vel)| work::step(pos, vel)))
            },
            &mut || timed(|| both.iter_mut(&mut bevy).for_each(|(mut pos, vel)| work::step(&mut pos.0, &vel.0))),
        ],
    );
    report.row("`update_all` (raw, hecs, bevy: in place; ecsdb: one thread, published)", count, &all, None)?;

    for (name, order) in [("in order", (0..count as u32).collect()), ("random", Random::new(12).order(count))] {
        let of_ecsdb: Vec<Entity> = order.iter().map(|index| world.entities[*index as usize]).collect();
        let of_hecs: Vec<hecs::Entity> = order.iter().map(|index| in_hecs[*index as usize]).collect();
        let of_bevy: Vec<_> = order.iter().map(|index| in_bevy[*index as usize]).collect();
        let write = turns(
            rounds,
            [
                &mut || timed(|| order.iter().for_each(|index| raw.pos[*index as usize].x = 2.0)),
                &mut || each(&world, &of_ecsdb, |tx, entity| tx.update(entity, Pos::C.x.set(2.0))),
                &mut || {
                    timed(|| {
                        for entity in &of_hecs {
                            hecs.query_one_mut::<&mut Pos>(*entity).expect("it is alive").x = 2.0;
                        }
                    })
                },
                &mut || {
                    timed(|| {
                        for entity in &of_bevy {
                            bevy.get_mut::<InTable<Pos>>(*entity).expect("it is alive").0.x = 2.0;
                        }
                    })
                },
            ],
        );
        report.row(&format!("change of a row, {name} (ecsdb: one transaction)"), count, &write, None)?;

        let mut slots: Vec<Option<Target>> = vec![None; count];
        let add_remove = |storage: fn(&mut BevyWorld, BevyEntity),
                          hecs: &mut hecs::World,
                          bevy: &mut BevyWorld,
                          slots: &mut Vec<Option<Target>>| {
            turns(
                rounds,
                [
                    &mut || {
                        timed(|| {
                            for index in &order {
                                slots[*index as usize] = Some(Target { id: 1 });
                                core::hint::black_box(&slots);
                                slots[*index as usize] = None;
                            }
                        })
                    },
                    &mut || {
                        each(&world, &of_ecsdb, |tx, entity| {
                            tx.insert(entity, Target { id: 1 })?;
                            tx.remove::<Target>(entity)
                        })
                    },
                    &mut || {
                        timed(|| {
                            for entity in &of_hecs {
                                hecs.insert_one(*entity, Target { id: 1 }).expect("it is alive");
                                hecs.remove_one::<Target>(*entity).expect("it has one");
                            }
                        })
                    },
                    &mut || timed(|| of_bevy.iter().for_each(|entity| storage(bevy, *entity))),
                ],
            )
        };
        let in_table = |bevy: &mut BevyWorld, entity: BevyEntity| {
            bevy.entity_mut(entity).insert(InTable(Target { id: 1 })).remove::<InTable<Target>>();
        };
        let times = add_remove(in_table, &mut hecs, &mut bevy, &mut slots);
        report.row(&format!("add + remove of a component, {name} (bevy: table)"), count, &times, Some(1.0))?;
        let in_sparse_set = |bevy: &mut BevyWorld, entity: BevyEntity| {
            bevy.entity_mut(entity).insert(InSparseSet(Target { id: 1 })).remove::<InSparseSet<Target>>();
        };
        let times = add_remove(in_sparse_set, &mut hecs, &mut bevy, &mut slots);
        report.row(&format!("add + remove of a component, {name} (bevy: sparse set)"), count, &times, Some(1.0))?;
    }
    Ok(())
}

/// The way that takes bundles.
fn hecs_batch(count: usize) -> hecs::World {
    let mut world = hecs::World::new();
    let spawned = world.spawn_batch((0..count).map(three)).count();
    assert_eq!(spawned, count);
    world
}

fn spawns(report: &mut Report<'_>, rounds: usize, count: usize) -> io::Result<()> {
    let in_bevy = move |index| {
        let (pos, vel, acc) = three(index);
        (InTable(pos), InTable(vel), InTable(acc))
    };
    let mut push = || timed(|| Raw::spawned(count));
    for (name, in_hecs, goal) in [
        ("bulk (hecs: column batch)", hecs_columns as fn(usize) -> hecs::World, Some(1.0)),
        ("bulk (hecs: `spawn_batch`)", hecs_batch, None),
    ] {
        let bulk = turns(
            rounds,
            [
                &mut push,
                &mut || {
                    let db = empty();
                    timed(|| db.write(move |tx| Ok(tx.spawn_all((0..count).map(three))?)).expect("it fits in memory"))
                },
                &mut || timed(|| in_hecs(count)),
                &mut || {
                    let mut world = BevyWorld::new();
                    timed(|| world.spawn_batch((0..count).map(in_bevy)).count())
                },
            ],
        );
        report.row(&format!("spawn of three components, {name}"), count, &bulk, goal)?;
    }
    let single = turns(
        rounds,
        [
            &mut push,
            &mut || {
                let db = empty();
                let all = move |tx: &mut Transaction<'_, World>| {
                    for index in 0..count {
                        tx.spawn(three(index))?;
                    }
                    Ok(())
                };
                timed(|| db.write(all).expect("it fits in memory"))
            },
            &mut || {
                let mut world = hecs::World::new();
                timed(|| (0..count).map(|index| world.spawn(three(index))).last())
            },
            &mut || {
                let mut world = BevyWorld::new();
                timed(|| (0..count).map(|index| world.spawn(in_bevy(index)).id()).last())
            },
        ],
    );
    report.row("spawn of three components, one by one", count, &single, Some(1.0))?;
    for (name, order) in [("in order", (0..count as u32).collect()), ("random", Random::new(13).order(count))] {
        let despawn = turns(
            rounds.min(5),
            [
                &mut || {
                    let mut raw = Raw::filled(count);
                    timed(|| while raw.pos.pop().is_some() && raw.vel.pop().is_some() && raw.acc.pop().is_some() {})
                },
                &mut || {
                    let world = fresh(count);
                    let entities: Vec<Entity> = order.iter().map(|index| world.entities[*index as usize]).collect();
                    each(&world, &entities, |tx, entity| tx.despawn(entity))
                },
                &mut || {
                    let mut filled = hecs_fresh(count);
                    timed(|| {
                        for index in &order {
                            filled.world.despawn(filled.entities[*index as usize]).expect("it is alive");
                        }
                    })
                },
                &mut || {
                    let mut filled = bevy_fresh(count);
                    timed(|| {
                        for index in &order {
                            assert!(filled.world.despawn(filled.entities[*index as usize]), "it is alive");
                        }
                    })
                },
            ],
        );
        report.row(&format!("despawn of four components, {name}"), count, &despawn, None)?;
    }
    Ok(())
}

/// Bytes an entity above the payload, fresh and churned.
fn memory(report: &mut Report<'_>, count: usize) -> io::Result<()> {
    // hecs and bevy_ecs store the small component with padding, so what they need for it is above the payload.
    let payload = 3 * size_of::<Pos>() + 7;
    let above = |before: usize| (bytes_in_use() - before) as f64 / count as f64 - payload as f64;
    for churn in [false, true] {
        let before = bytes_in_use();
        let world = if churn { churned(count) } else { fresh(count) };
        drop(world.entities);
        world.db.trim().expect("the database is open");
        let ecsdb = above(before);
        drop(world.db);
        let before = bytes_in_use();
        let Hecs { world, entities } = if churn { hecs_churned(count) } else { hecs_fresh(count) };
        drop(entities);
        let hecs = above(before);
        drop(world);
        let before = bytes_in_use();
        let Bevy { world, entities } = if churn { bevy_churned(count) } else { bevy_fresh(count) };
        drop(entities);
        let bevy = above(before);
        drop(world);
        let (state, ratios) = (if churn { "churned" } else { "fresh" }, (ecsdb / hecs, ecsdb / bevy));
        writeln!(
            report.out,
            "| memory above the payload, {state}, bytes an entity | 0 | {ecsdb:.1} | {hecs:.1} | {bevy:.1} | {:.2}x | {:.2}x | | |",
            ratios.0, ratios.1
        )?;
    }
    Ok(())
}
