//! Runs one workload over and over, for a profiler to look at: `profile <workload> <seconds>`.
//!
//! The world is built first; tell the profiler to begin two seconds later (`perf record --delay 2000`), or longer for a
//! churned one.

use core::hint::black_box;
use core::time::Duration;
use std::io::Write;
use std::time::Instant;

use ecsdb::{Db, Entity, Transaction};
use ecsdb_benches::commits::{Readers, pipelined, queued, without_groups};
use ecsdb_benches::entity_count;
use ecsdb_benches::place::Place;
use ecsdb_benches::random::Random;
use ecsdb_benches::work;
use ecsdb_benches::world::{Filled, Pos, Target, Vel, World, churned, fresh, three, with_holes};

const WORKLOADS: &str = "scan, scan-for, scan-pages, join, get, get-each, each of them also as *-churned and *-holes; commit, commit-pinned, commit-grouped, \
                         commit-pipelined, commit-readers, thousand, update-all, update, update-in-order, add-remove, respawn, open";

fn main() -> Result<(), Box<dyn core::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let workload = arguments.next().unwrap_or_default();
    let seconds = arguments.next().map_or(Ok(5.0), |text| text.parse())?;
    let place = Place::new("target/tmp")?;
    let until = Duration::from_secs_f64(seconds);
    let mut random = Random::new(1);
    let count = entity_count();
    let (name, world) = match workload.strip_suffix("-churned").or_else(|| workload.strip_suffix("-holes")) {
        Some(name) if workload.ends_with("-holes") => (name, with_holes(churned(count))),
        Some(name) => (name, churned(count)),
        None if ["commit", "commit-pinned", "commit-readers"].contains(&&*workload) => {
            (&*workload, without_groups(count))
        }
        None => (&*workload, fresh(count)),
    };
    // One version that stays pinned, whatever happens meanwhile.
    let pinned = (name == "commit-pinned").then(|| world.db.snapshot());
    let read = || world.db.snapshot();
    let mut shuffled = world.entities.clone();
    random.shuffle(&mut shuffled);
    let readers = (name == "commit-readers").then(|| Readers::start(&world, 3, Duration::ZERO));
    let mut turn: Box<dyn FnMut()> = match name {
        "scan" => {
            let snapshot = read();
            Box::new(move || {
                black_box(work::sum_for_each(&snapshot));
            })
        }
        "scan-for" => {
            let snapshot = read();
            Box::new(move || {
                black_box(work::sum_for(&snapshot));
            })
        }
        "scan-pages" => {
            let snapshot = read();
            Box::new(move || {
                black_box(work::sum_pages(&snapshot));
            })
        }
        "join" => {
            let snapshot = read();
            Box::new(move || {
                black_box(work::join_two(&snapshot));
            })
        }
        "get" => {
            let snapshot = read();
            Box::new(move || {
                black_box(work::get(&snapshot, &shuffled));
            })
        }
        "get-each" => {
            let snapshot = read();
            Box::new(move || {
                black_box(work::get_each(&snapshot, &shuffled));
            })
        }
        "commit" | "commit-pinned" | "commit-grouped" | "commit-readers" => Box::new(|| {
            black_box(queued(&world, &mut random));
        }),
        "commit-pipelined" => Box::new(|| {
            black_box(pipelined(&world, &mut random, 10_000));
        }),
        "thousand" => {
            let mut next = 0;
            Box::new(move || {
                next = (next + 1000) % shuffled.len().saturating_sub(1000).max(1);
                each(&world, &shuffled[next..shuffled.len().min(next + 1000)], |tx, entity| {
                    tx.update(entity, Pos::C.x.set(1.0))
                });
            })
        }
        "update-all" => Box::new(|| {
            let change = |pos: &mut Pos, vel: &Vel| work::step(pos, vel);
            world.db.write(move |tx| Ok(tx.update_all(change)?)).expect("the database is open");
        }),
        "update" => Box::new(|| each(&world, &shuffled, |tx, entity| tx.update(entity, Pos::C.x.set(1.0)))),
        "update-in-order" => {
            Box::new(|| each(&world, &world.entities, |tx, entity| tx.update(entity, Pos::C.x.set(1.0))))
        }
        "add-remove" => Box::new(|| {
            each(&world, &shuffled, |tx, entity| {
                tx.insert(entity, Target { id: 1 })?;
                tx.remove::<Target>(entity)
            });
        }),
        "respawn" => {
            let mut world = fresh(count);
            Box::new(move || {
                let entities = core::mem::take(&mut world.entities);
                each(&world, &entities, |tx, entity| tx.despawn(entity));
                let filled = world.db.write(move |tx| Ok(tx.spawn_all((0..count).map(ecsdb_benches::world::body))?));
                world.entities = filled.unwrap_or_default();
            })
        }
        "open" => {
            let dir = place.fresh("world");
            let open = move || Db::<World>::open(&dir).expect("the directory can be opened");
            let db = open();
            db.write(move |tx| Ok(tx.spawn_all((0..count).map(three)).map(drop)?))?;
            db.checkpoint()?.wait()?;
            drop(db);
            Box::new(move || drop(open()))
        }
        _ => return Err(format!("`{workload}` is no workload: use one of {WORKLOADS}").into()),
    };
    let start = Instant::now();
    let mut turns = 0;
    while start.elapsed() < until {
        turn();
        turns += 1;
    }
    let took = start.elapsed().checked_div(turns).unwrap_or_default();
    writeln!(std::io::stdout(), "{turns} turns of {took:?}")?;
    drop(turn);
    drop(readers);
    drop(pinned);
    Ok(())
}

/// Does `op` to all of `entities` in one transaction.
fn each(
    world: &Filled,
    entities: &[Entity],
    op: fn(&mut Transaction<'_, World>, Entity) -> Result<(), ecsdb::OpError>,
) {
    let entities = entities.to_vec();
    let all = move |tx: &mut Transaction<'_, World>| {
        for entity in entities {
            op(tx, entity)?;
        }
        Ok(())
    };
    world.db.write(all).expect("all are alive");
}
