//! The numbers that the storage must reach, beside their limits: one table in Markdown, from one run.

use core::time::Duration;
use std::io::{self, Write};

use ecsdb::Entity;
use ecsdb_allocations::{Counting, bytes_in_use, calls};
use ecsdb_benches::commits::{
    CommitTime, PageCopies, QUEUED, Readers, commit_one, hand_offs, pipelined, queued, without_groups,
};
use ecsdb_benches::paired::{Medians, clocked, median, paired, thread_timed, timed};
use ecsdb_benches::random::Random;
use ecsdb_benches::report::{Goal, Report};
use ecsdb_benches::work::{self, Raw};
use ecsdb_benches::world::{Acc, Filled, Frozen, Pos, Target, Vel, World, churned, empty, fresh, three, with_holes};
use ecsdb_benches::{entity_count, is_smoke_run};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// What one run measures with.
struct Setup {
    count: usize,
    /// Turns of short measurements, and of those that change a whole world.
    rounds: usize,
    few: usize,
    /// Parts that were asked for by name; all if none was.
    wanted: Vec<String>,
}

impl Setup {
    fn wants(&self, part: &str) -> bool {
        self.wanted.is_empty() || self.wanted.iter().any(|name| name == part)
    }
}

type Out<'a> = Report<&'a mut dyn Write>;

fn main() -> io::Result<()> {
    let smoke = is_smoke_run();
    let setup = Setup {
        count: entity_count(),
        rounds: if smoke { 1 } else { 61 },
        few: if smoke { 1 } else { 15 },
        wanted: std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect(),
    };
    let mut out = io::stdout().lock();
    writeln!(
        out,
        "{} entities; processor time an operation unless said, medians; ratio: median of neighbouring turns\n",
        setup.count
    )?;
    let mut report = Report::new(&mut out as &mut dyn Write, "ecsdb", "limit")?;
    if setup.wants("reads") {
        let raw = Raw::filled(setup.count);
        reads(&mut report, &setup, &fresh(setup.count), &raw, "")?;
        let world = churned(setup.count);
        reads(&mut report, &setup, &world, &raw, ", churned")?;
        let world = with_holes(world);
        reads(&mut report, &setup, &world, &Raw::filled(world.entities.len()), ", churned, 10 % holes")?;
    }
    if setup.wants("update") {
        update_all(&mut report, &setup)?;
    }
    if setup.wants("commits") {
        commits(&mut report, &setup)?;
    }
    if setup.wants("bulk") {
        bulk(&mut report, &setup)?;
    }
    if setup.wants("memory") {
        memory(&mut report, &setup)?;
    }
    let missed = report.missed();
    writeln!(out, "\n{missed} goals missed")
}

fn reads(report: &mut Out<'_>, setup: &Setup, world: &Filled, raw: &Raw, state: &str) -> io::Result<()> {
    let churned = !state.is_empty();
    let (count, rounds) = (world.entities.len(), setup.rounds);
    let scan = Goal::Ratio(if churned { 1.2 } else { 1.05 });
    let snapshot = world.db.snapshot();
    let s = &snapshot;
    let sum = || timed(|| raw.sum());
    let bits = || timed(|| raw.sum_bits());
    let join = || timed(|| raw.join_two());
    let mut row = |what: &str, medians: Medians, goal| report.row(&format!("{what}{state}"), count, medians, goal);
    row("scan, `pages()`", paired(rounds, || timed(|| work::sum_pages(s)), sum), scan)?;
    row("scan, `for_each`", paired(rounds, || timed(|| work::sum_for_each(s)), sum), scan)?;
    row("scan, `for`", paired(rounds, || timed(|| work::sum_for(s)), sum), Goal::Ratio(1.5))?;
    row("scan, bits, `pages()`", paired(rounds, || timed(|| work::sum_bits_pages(s)), bits), scan)?;
    row("scan, bits, `for_each`", paired(rounds, || timed(|| work::sum_bits_for_each(s)), bits), scan)?;
    let packed = paired(rounds, || timed(|| work::sum_packed(s)), || timed(|| raw.sum_packed()));
    row("scan of a packed row, `for_each`", packed, Goal::None)?;
    row("join of two, `for_each`", paired(rounds, || timed(|| work::join_two(s)), join), Goal::Ratio(1.1))?;
    row("join of two, `for`", paired(rounds, || timed(|| work::join_two_for(s)), join), Goal::None)?;
    let three = paired(rounds, || timed(|| work::join_three(s)), || timed(|| raw.join_three()));
    row("join of three, `for_each`", three, Goal::None)?;
    row("entity and row, `for_each`", paired(rounds, || timed(|| work::join_entity(s)), sum), Goal::None)?;

    let below = Goal::Below(Duration::from_nanos(100));
    let order = Random::new(3).order(count);
    let entities: Vec<Entity> = order.iter().map(|index| world.entities[*index as usize]).collect();
    let limit = || timed(|| raw.get(&order));
    let before = calls();
    let random = paired(rounds, || timed(|| work::get(s, &entities)), limit);
    let allocations = calls() - before;
    row("get, random", random, below)?;
    row("get of many, random, `get_each`", paired(rounds, || timed(|| work::get_each(s, &entities)), limit), below)?;
    let packed = paired(rounds, || timed(|| work::get_packed(s, &entities)), limit);
    row("get of a packed row, random", packed, below)?;
    let mut entities = world.entities.clone();
    entities.sort_by_key(|entity| entity.slot());
    let order: Vec<u32> = (0..count as u32).collect();
    let limit = || timed(|| raw.get(&order));
    row("get, sequential", paired(rounds, || timed(|| work::get(s, &entities)), limit), below)?;
    // Besides some of `paired`, and of threads that rest.
    assert!(allocations < 100, "{allocations} allocations while {} rows were read", rounds * count);

    let pins = 1000;
    let pin = paired(
        rounds,
        || timed(|| (0..pins).map(|_| world.db.snapshot().version()).sum::<u64>()),
        || {
            let (a, b) = (std::sync::Arc::new(1_u64), std::sync::Arc::new(2_u64));
            timed(|| (0..pins).map(|_| *std::sync::Arc::clone(&a) + *std::sync::Arc::clone(&b)).sum::<u64>())
        },
    );
    report.row(&format!("pin and let go (limit: two `Arc` clones){state}"), pins, pin, Goal::None)
}

fn update_all(report: &mut Out<'_>, setup: &Setup) -> io::Result<()> {
    type Clock = fn(&mut dyn FnMut()) -> Duration;
    let mut raw = Raw::filled(setup.count);
    let mut several = |name: &str, world: &Filled, time: Clock, goal| {
        let measured = || {
            time(&mut || {
                let change = |pos: &mut Pos, vel: &Vel| work::step(pos, vel);
                world.db.write(move |tx| Ok(tx.update_all(change)?)).expect("the database is open");
            })
        };
        let limit = || time(&mut || raw.update_all());
        report.row(name, setup.count, paired(setup.rounds, measured, limit), goal)
    };
    several("`update_all`, one thread", &fresh(setup.count), |work| timed(work), Goal::Ratio(2.0))?;
    several("`update_all`, one thread, churned", &churned(setup.count), |work| timed(work), Goal::Ratio(2.0))?;
    let db = ecsdb::Db::<World>::in_memory().expect("a database in memory opens");
    let all = ecsdb_benches::world::fill(db, setup.count);
    let name = "`update_all`, a thread for each processor (limit: one), on the clock";
    several(name, &all, |work| clocked(work), Goal::None)
}

fn commits(report: &mut Out<'_>, setup: &Setup) -> io::Result<()> {
    let mut copies = PageCopies::new(setup.count);
    let below = Goal::Below(Duration::from_micros(1));
    let single = without_groups(setup.count);
    let grouped = fresh(setup.count);
    let (rounds, many) = (setup.few, 5 * QUEUED);
    for (readers, pinned) in [(0, 0), (3, 0), (3, 5)] {
        let who = match (readers, pinned) {
            (0, _) => "no reader".to_owned(),
            (_, 0) => format!("{readers} readers that pin all the time"),
            _ => format!("{readers} readers that pin for {pinned} ms"),
        };
        for (world, how) in [(&single, "published one by one"), (&grouped, "in groups")] {
            let running = Readers::start(world, readers, Duration::from_millis(pinned));
            let mut random = Random::new(5);
            let mut other = Random::new(6);
            let medians = paired(rounds, || queued(world, &mut random).writer, || copies.turn(&mut other, QUEUED));
            report.row(&format!("one-row commit, {how}, {who}: writer time"), QUEUED, medians, below)?;
            let times: Vec<CommitTime> = (0..rounds).map(|_| pipelined(world, &mut random, many)).collect();
            drop(running);
            let only = |measured| Medians { measured, limit: Duration::ZERO, ratio: 0.0 };
            let writer = only(median(times.iter().map(|time| time.writer)));
            report.row(&format!("one-row commit, {how}, {who}: writer time, pipelined"), many, writer, Goal::None)?;
            let wall = only(median(times.iter().map(|time| time.wall)));
            report.row(&format!("one-row commit, {how}, {who}: on the clock, pipelined"), many, wall, Goal::None)?;
        }
    }
    let mut random = Random::new(8);
    let alone = 200;
    let medians = paired(
        rounds,
        || {
            clocked(|| {
                for _ in 0..alone {
                    commit_one(&grouped, &mut random).visible().expect("the entity is alive");
                }
            })
        },
        || hand_offs(alone),
    );
    report.row(
        "one-row commit, alone, visible, on the clock (limit: two thread hand-offs)",
        alone,
        medians,
        Goal::None,
    )?;
    let rows = 1000.min(setup.count);
    let mut other = Random::new(9);
    let medians = paired(
        setup.rounds,
        || {
            let mut tx = grouped.db.begin();
            for _ in 0..rows {
                tx.update(grouped.entities[random.below(setup.count)], Pos::C.x.set(1.0));
            }
            timed(|| tx.commit().expect("the database is open").visible().expect("all are alive"))
        },
        || copies.turn(&mut other, rows),
    );
    report.row("a row of 1,000 random ones in one commit (limit: a page copy each)", rows, medians, Goal::None)?;
    let builder = paired(
        setup.rounds,
        || {
            let transactions: Vec<_> = (0..1000)
                .map(|_| {
                    let mut tx = grouped.db.begin();
                    tx.update(grouped.entities[random.below(setup.count)], Pos::C.x.set(1.0));
                    tx
                })
                .collect();
            thread_timed(|| transactions.into_iter().map(|tx| tx.commit().expect("the database is open")).last())
        },
        || thread_timed(|| (0..1000).map(|number: u64| Box::new(number)).collect::<Vec<_>>()),
    );
    report.row("enqueue a one-row transaction (limit: one allocation)", 1000, builder, below)
}

fn bulk(report: &mut Out<'_>, setup: &Setup) -> io::Result<()> {
    let (count, few) = (setup.count, setup.few);
    let push = || timed(|| Raw::spawned(count));
    let spawn_all = || {
        let db = empty();
        timed(|| db.write(move |tx| Ok(tx.spawn_all((0..count).map(three))?)).expect("it fits in memory"))
    };
    let spawn = || {
        let db = empty();
        let one_by_one = move |tx: &mut ecsdb::Transaction<'_, World>| {
            for index in 0..count {
                tx.spawn(three(index))?;
            }
            Ok(())
        };
        timed(|| db.write(one_by_one).expect("it fits in memory"))
    };
    // What hecs takes for the same.
    let [in_bulk, one_by_one, sparse] = [13, 59, 92].map(|most| Goal::Below(Duration::from_nanos(most)));
    report.row("spawn of three components, `spawn_all`", count, paired(few, spawn_all, push), in_bulk)?;
    report.row("spawn of three components, one by one", count, paired(few, spawn, push), one_by_one)?;
    // Ten million rows a second.
    let below = Goal::Below(Duration::from_nanos(100));

    let world = fresh(count);
    let order = Random::new(12).order(count);
    let random: Vec<Entity> = order.iter().map(|index| world.entities[*index as usize]).collect();
    let mut raw = Raw::filled(count);
    for (entities, order, name) in
        [(&world.entities, (0..count as u32).collect(), "in order"), (&random, order, "random")]
    {
        let each = |change: fn(&mut ecsdb::Transaction<'_, World>, Entity) -> Result<(), ecsdb::OpError>| {
            let entities = entities.clone();
            timed(|| {
                let all = move |tx: &mut ecsdb::Transaction<'_, World>| {
                    for entity in entities {
                        change(tx, entity)?;
                    }
                    Ok(())
                };
                world.db.write(all).expect("all are alive")
            })
        };
        let mut write = || {
            timed(|| {
                for index in &order {
                    raw.pos[*index as usize].x = 2.0;
                }
            })
        };
        let medians = paired(few, || each(|tx, entity| tx.update(entity, Pos::C.x.set(2.0))), &mut write);
        report.row(&format!("update of one field, one transaction, {name}"), count, medians, below)?;
        let medians = paired(few, || each(|tx, entity| tx.modify(entity, |pos: &mut Pos| pos.x = 2.0)), &mut write);
        report.row(&format!("modify, one transaction, {name}"), count, medians, below)?;
        let replace =
            |tx: &mut ecsdb::Transaction<'_, World>, entity| tx.insert(entity, Pos { x: 2.0, y: 0.0, z: 1.0 });
        let medians = paired(few, || each(replace), &mut write);
        report.row(&format!("insert over a row, one transaction, {name}"), count, medians, below)?;
        let twice = |tx: &mut ecsdb::Transaction<'_, World>, entity| {
            tx.insert(entity, Target { id: 1 })?;
            tx.remove::<Target>(entity)
        };
        let medians = paired(few, || each(twice), &mut write);
        // What the sparse set of bevy_ecs takes.
        report.row(&format!("add + remove of a component, one transaction, {name}"), count, medians, sparse)?;
        let tag = |tx: &mut ecsdb::Transaction<'_, World>, entity| {
            tx.insert(entity, Frozen)?;
            tx.remove::<Frozen>(entity)
        };
        let medians = paired(few, || each(tag), &mut write);
        report.row(&format!("add + remove of a tag, one transaction, {name}"), count, medians, Goal::None)?;
    }
    for scattered in [false, true] {
        let medians = paired(
            few.min(7),
            || {
                let Filled { db, mut entities } = fresh(count);
                if scattered {
                    Random::new(13).shuffle(&mut entities);
                }
                let all = move |tx: &mut ecsdb::Transaction<'_, World>| {
                    for entity in entities {
                        tx.despawn(entity)?;
                    }
                    Ok(())
                };
                timed(|| db.write(all).expect("all are alive"))
            },
            || {
                let mut raw = Raw::filled(count);
                timed(|| while raw.pos.pop().is_some() && raw.vel.pop().is_some() && raw.acc.pop().is_some() {})
            },
        );
        let name = if scattered { "random" } else { "in order" };
        report.row(&format!("despawn of four components, one transaction, {name}"), count, medians, Goal::None)?;
    }
    Ok(())
}

/// Not a time: bytes an entity, beside the payload.
fn memory(report: &mut Out<'_>, setup: &Setup) -> io::Result<()> {
    let payload = size_of::<Pos>() + size_of::<Vel>() + size_of::<Acc>() + 7;
    type Make = fn(usize) -> Filled;
    for (make, state) in
        [(fresh as Make, "fresh"), (churned as Make, "churned"), (|n| with_holes(churned(n)), "10 % holes")]
    {
        let before = bytes_in_use();
        let Filled { db, entities } = make(setup.count);
        let count = entities.len();
        drop(entities);
        db.trim().expect("the database is open");
        let used = bytes_in_use() - before;
        let payload = payload * count;
        let percent = 100.0 * (used as f64 / payload as f64 - 1.0);
        let each = (used as f64 - payload as f64) / count as f64;
        let share = format!("memory above the payload, {state}, in parts of it");
        report.found(&share, &format!("{percent:.1} %"), "< 10 %", percent < 10.0)?;
        // What the leanest of the entity-component systems takes.
        let bytes = format!("memory above the payload, {state}, an entity");
        report.found(&bytes, &format!("{each:.1} B"), "< 16 B", each < 16.0)?;
    }
    Ok(())
}
