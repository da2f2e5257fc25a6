//! What entity-component systems do all day, at one size.

use std::fs;

use ecsdb_benches::paired::clocked;
use ecsdb_benches::random::Random;

use super::Unit::{Bytes, Time};
use super::{Case, Contender, Group};
use crate::Failure;
use crate::components::{BODY_BYTES, LETTERS, body};
use crate::contenders::entities::{Bevy, Ecsdb, Entities, Flecs, Hecs, Raw, Shipyard};
use crate::sheet::{Scale, Sheet};

/// Entities with each letter in a fragmented world.
const EACH_LETTER: usize = 20;

/// How often loops that take less than a microsecond are run in a turn. An odd number.
const LOOPS: usize = 201;

/// All entity-component systems, each with what `$run` does with it.
macro_rules! contenders {
    ($run:ident) => {
        contenders!($run: Ecsdb, Bevy, Hecs, Flecs, Shipyard, Raw)
    };
    ($run:ident: $($engine:ident),*) => {
        vec![$(Contender { name: $engine::NAME, does: $engine::DOES, run: $run::<$engine> }),*]
    };
}
pub(super) use contenders;

/// The group.
pub fn group() -> Group {
    Group {
        key: "entities",
        title: "Entities and components",
        intro: "Entities with three components of three floats each; one thread; time an entity. The others change their only world in \
                place; ecsdb publishes a version that readers on other threads see at once, and can take all of it back until then. \
                Churned: a tenth of the entities ended at random and as many came, 30 times.",
        contenders: contenders!(measure),
        cases,
    }
}

pub(super) fn cases(_: &Scale) -> Vec<Case> {
    let published = "publishes a version for each change";
    let from_the_end = "from the end of its vectors";
    vec![
        Case::new("scan", "sum over one component", Time),
        Case::new("join of two", "sum over two components", Time),
        Case::new("join of three", "sum over three components", Time),
        Case::new("get at random", "one component of an entity at random", Time),
        Case::new("get in order", "one component of an entity, in order of spawning", Time),
        Case::new("get plainly", "one component of an entity at random, in the way that a user meets first", Time),
        Case::new("scan, churned", "sum over one component, churned", Time),
        Case::new("join of two, churned", "sum over two components, churned", Time),
        Case::new("get at random, churned", "one component of an entity at random, churned", Time),
        Case::new("scan, fragmented", "sum over one component, 26 kinds of 20 entities", Time),
        Case::new("step, fragmented", "change of one component, 26 kinds of 20 entities", Time)
            .but(Ecsdb::NAME, published),
        Case::new("steps, fragmented", "the same over and over (ecsdb: all in one transaction)", Time),
        Case::new("step", "`pos += vel * dt` for all", Time),
        Case::new("toil", "100 small turns in space for all", Time),
        Case::new("set", "change of a field of an entity at random (ecsdb: one transaction)", Time),
        Case::new(
            "add and remove",
            "a component comes to a quarter of them at random, and goes (ecsdb: two transactions)",
            Time,
        ),
        Case::new(
            "add and remove, declared",
            "a component that was declared to come and go does so (ecsdb: two transactions)",
            Time,
        ),
        Case::new("spawn many", "spawn in bulk", Time),
        Case::new("spawn each", "spawn one by one (ecsdb: one transaction)", Time),
        Case::new("despawn", "despawn at random (ecsdb: one transaction)", Time).but(Raw::NAME, from_the_end),
        Case::new("memory", "memory above the payload, an entity", Bytes),
    ]
}

/// Bytes of memory that the process has.
fn resident() -> Result<f64, Failure> {
    let statm = fs::read_to_string("/proc/self/statm")?;
    let pages: f64 = statm.split(' ').nth(1).ok_or("the second number of statm is the resident size")?.parse()?;
    Ok(pages * 4096.0)
}

/// `ids` in the order `order`.
fn ordered<I: Copy>(ids: &[I], order: &[u32]) -> Vec<I> {
    order.iter().map(|index| ids[*index as usize]).collect()
}

/// A world of bodies, and their names.
pub(super) fn filled<E: Entities>(count: usize) -> (E, Vec<E::Id>) {
    let mut world = E::new();
    let ids = world.spawn_many(0..count);
    assert_eq!(ids.len(), count, "{} has spawned as many as it was told to", E::NAME);
    (world, ids)
}

pub(super) fn measure<E: Entities>(sheet: &mut Sheet) -> Result<(), Failure> {
    let count = sheet.scale.count;
    let mut random = Random::new(3);
    // Memory comes first: nobody has left anything yet.
    let before = resident()?;
    let (mut world, ids) = filled::<E>(count);
    let ids_bytes = (ids.len() * size_of::<E::Id>()) as f64;
    world.trim();
    sheet.put("memory", (resident()? - before - ids_bytes) / count as f64 - BODY_BYTES as f64);
    sheet.time("scan", count, || world.sum());
    sheet.time("join of two", count, || world.join_two());
    sheet.time("join of three", count, || world.join_three());
    sheet.time("get in order", count, || world.get(&ids));
    let order = random.order(count);
    let scattered = ordered(&ids, &order);
    sheet.time("get at random", count, || world.get(&scattered));
    sheet.time("get plainly", count, || world.get_plainly(&scattered));
    changes(sheet, &mut world, &scattered);
    drop((world, ids, scattered));
    fragmented::<E>(sheet);
    lives::<E>(sheet, &order);
    churned::<E>(sheet, &order)
}

/// What is there: how many entities, and sums over their components.
pub(super) fn inventory<E: Entities>(world: &mut E) -> [f64; 4] {
    [world.count() as f64, world.sum(), world.join_two(), world.join_three()]
}

/// Changes of a world that exists.
fn changes<E: Entities>(sheet: &mut Sheet, world: &mut E, scattered: &[E::Id]) {
    let count = scattered.len();
    set(sheet, "set", world, scattered);
    let few = &scattered[..count.div_ceil(4)];
    add_and_remove(sheet, "add and remove", world, few);
    sheet.turns("add and remove, declared", few.len(), || {
        let time = clocked(|| world.add_declared(few));
        let added = world.added_declared();
        let time = time + clocked(|| world.remove_declared(few));
        (time, [added, world.added_declared()])
    });
    sheet.time("step", count, || world.step());
    if sheet.wants("step") {
        // Where all of them have come to depends on the changes before, if those are asked for.
        sheet.found("step", inventory(world));
    }
    if sheet.wants("toil") {
        let few = count.div_ceil(100);
        let (mut world, _) = filled::<E>(few);
        sheet.time("toil", few, || world.toil());
        sheet.found("toil", inventory(&mut world));
    }
}

/// A change of a field of each of `scattered`.
pub(super) fn set<E: Entities>(sheet: &mut Sheet, case: &str, world: &mut E, scattered: &[E::Id]) {
    let mut x = 1.0;
    sheet.turns(case, scattered.len(), || {
        // To and fro, so that each turn has something to change.
        x = 3.0 - x;
        let time = clocked(|| world.set(scattered, x));
        // What the sum is but for these.
        let found = [world.get(scattered), world.sum()].map(|sum| sum - f64::from(x) * scattered.len() as f64);
        (time, found)
    });
}

/// A component comes to each of `few`, and goes.
pub(super) fn add_and_remove<E: Entities>(sheet: &mut Sheet, case: &str, world: &mut E, few: &[E::Id]) {
    sheet.turns(case, few.len(), || {
        let time = clocked(|| world.add(few));
        let added = world.added();
        let time = time + clocked(|| world.remove(few));
        (time, [added, world.added()])
    });
}

/// A small world in which no two kinds of entities have the same components.
fn fragmented<E: Entities>(sheet: &mut Sheet) {
    let mut world = E::new();
    world.fragment(EACH_LETTER);
    let loops = if sheet.scale.quick { 3 } else { LOOPS };
    let count = LETTERS * EACH_LETTER * loops;
    sheet.time("scan, fragmented", count, || (0..loops).map(|_| world.sum_data()).sum::<f64>());
    // What was doubled is halved again, so that no number grows beyond all bounds; but the last time, which shows.
    let factors: Vec<f32> = (0..loops).map(|number| if number % 2 == 0 { 2.0 } else { 0.5 }).collect();
    let mut step = |case: &str, work: fn(&mut E, &[f32])| {
        sheet.turns(case, count, || {
            let time = clocked(|| work(&mut world, &factors));
            let doubled = world.sum_data();
            world.scale_data(0.5);
            (time, [doubled, world.sum_data()])
        });
    };
    step("step, fragmented", |world, factors| factors.iter().for_each(|factor| world.scale_data(*factor)));
    step("steps, fragmented", |world, factors| world.scale_data_often(factors));
}

/// Entities that come and go.
fn lives<E: Entities>(sheet: &mut Sheet, order: &[u32]) {
    let count = order.len();
    let numbers: Vec<u32> = (0..count as u32).collect();
    let mut spawn = |case: &str, work: &dyn Fn(&mut E) -> Vec<E::Id>| {
        sheet.turns(case, count, || {
            let (mut world, mut ids) = (E::new(), Vec::new());
            let time = clocked(|| ids = work(&mut world));
            let [there, one, two, three] = inventory(&mut world);
            (time, [there, one, two, three, ids.len() as f64, world.get(&ids)])
        });
    };
    spawn("spawn many", &|world| world.spawn_many(0..count));
    spawn("spawn each", &|world| world.spawn_each(&numbers));
    sheet.turns("despawn", count, || {
        let (mut world, ids) = filled::<E>(count);
        let ids = ordered(&ids, order);
        // One stays, so that it can be seen that the right ones went.
        let (last, ended) = ids.split_last().expect("there are entities");
        let time = clocked(|| world.despawn(ended));
        let left = if E::KEEPS_NAMES { world.get(&[*last]) } else { f64::from(body(order[count - 1] as usize).0.x) };
        (time, [world.count() as f64, left])
    });
}

/// A world that has been running for long.
fn churned<E: Entities>(sheet: &mut Sheet, order: &[u32]) -> Result<(), Failure> {
    if !sheet.wants_any(&["scan, churned", "join of two, churned", "get at random, churned"]) {
        return Ok(());
    }
    let (mut world, mut ids) = filled::<E>(order.len());
    world.churn(&mut ids);
    sheet.time("scan, churned", order.len(), || world.sum());
    sheet.time("join of two, churned", order.len(), || world.join_two());
    let scattered = ordered(&ids, order);
    sheet.time("get at random, churned", order.len(), || world.get(&scattered));
    Ok(())
}
