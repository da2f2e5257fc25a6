//! How cost grows: with the entities of a world, with the kinds of entities, and with the tables of a database.

use ecsdb_benches::paired::clocked;
use ecsdb_benches::random::Random;

use super::Unit::Time;
use super::entities::{add_and_remove, contenders, filled, inventory, set};
use super::{Case, Contender, Group};
use crate::Failure;
use crate::contenders::entities::{Bevy, Ecsdb, Entities, Flecs, Hecs, MARKS, Raw, Shipyard};
use crate::sheet::{Scale, Sheet};

/// Entities that are looked at in one turn, at most: of more, so many at random.
const MOST_LOOKED_AT: usize = 2_000_000;

/// The group.
pub fn group() -> Group {
    Group {
        key: "growth",
        title: "How cost grows",
        intro: "The same world with more entities; and one in which they have all combinations of up to six more components, which are \
                so many archetypes in the others, and six more tables in ecsdb. Time an entity. Of ten million, two million at random are looked at or changed.",
        contenders: contenders!(measure),
        cases,
    }
}

pub(super) fn cases(scale: &Scale) -> Vec<Case> {
    let mut cases = Vec::new();
    let all = [
        ("scan", "sum over one component"),
        ("get", "one component of an entity at random"),
        ("set", "change of a field of an entity at random (ecsdb: one transaction)"),
        ("add", "a component comes to a quarter of them at random, and goes (ecsdb: two transactions)"),
        ("spawn", "spawn in bulk"),
    ];
    for (key, what) in all {
        for size in &scale.sizes {
            cases.push(Case::new(
                format!("{key}, {size} entities"),
                format!("{what}, {} entities", short(*size)),
                Time,
            ));
        }
    }
    for kinds in kinds() {
        let what = format!("sum over one component, {kinds} kinds of entities");
        cases.push(Case::new(format!("scan, {kinds} kinds"), what, Time).but(Raw::NAME, "has one kind"));
    }
    cases
}

/// `1 M`, `10 k`.
pub fn short(count: usize) -> String {
    match count {
        1_000_000.. if count.is_multiple_of(1_000_000) => format!("{} M", count / 1_000_000),
        1_000.. if count.is_multiple_of(1_000) => format!("{} k", count / 1_000),
        _ => count.to_string(),
    }
}

/// How many kinds of entities there are, in the order in which they are made.
pub fn kinds() -> impl Iterator<Item = usize> {
    (0..=MARKS).map(|marks| 1 << marks)
}

pub(super) fn measure<E: Entities>(sheet: &mut Sheet) -> Result<(), Failure> {
    for size in sheet.scale.sizes.clone() {
        let [scan, get, of_set, of_add, spawn] =
            ["scan", "get", "set", "add", "spawn"].map(|case| format!("{case}, {size} entities"));
        if sheet.wants_any(&[&scan, &get, &of_set, &of_add]) {
            let (mut world, mut ids) = filled::<E>(size);
            // Small worlds are looked at often enough for the clock.
            let loops = (100_000 / size).max(1);
            sheet.time(&scan, size * loops, || (0..loops).map(|_| world.sum()).sum::<f64>());
            Random::new(4).shuffle(&mut ids);
            let few = &ids[..size.min(MOST_LOOKED_AT)];
            sheet.time(&get, few.len() * loops, || (0..loops).map(|_| world.get(few)).sum::<f64>());
            set(sheet, &of_set, &mut world, few);
            add_and_remove(sheet, &of_add, &mut world, &few[..few.len().div_ceil(4)]);
        }
        sheet.turns(&spawn, size, || {
            let mut world = E::new();
            let time = clocked(|| drop(world.spawn_many(0..size)));
            (time, inventory(&mut world))
        });
    }
    if kinds().any(|kinds| sheet.wants(&format!("scan, {kinds} kinds"))) {
        let count = sheet.scale.count;
        let (mut world, ids) = filled::<E>(count);
        for (mark, kinds) in (0..).zip(kinds()) {
            let case = format!("scan, {kinds} kinds");
            sheet.time(&case, count, || world.sum());
            if sheet.wants(&case) {
                sheet.found(&case, [world.sum(), world.marked()]);
            }
            if mark < MARKS {
                let marked: Vec<E::Id> =
                    ids.iter().enumerate().filter(|(number, _)| number >> mark & 1 == 1).map(|(_, id)| *id).collect();
                world.mark(&marked, mark);
            }
        }
    }
    Ok(())
}
