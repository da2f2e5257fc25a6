//! How cost grows with the tables of a database, whose one table is looked at.

use ecsdb_benches::paired::clocked;
use ecsdb_benches::random::Random;

use super::Unit::Time;
use super::{Case, Contender, Group};
use crate::Failure;
use crate::contenders::tables::{Bevy, Ecsdb, Flecs, Hecs, Shipyard, Tables};
use crate::sheet::{Scale, Sheet};

/// How many tables have rows.
pub const TABLES: [usize; 4] = [1, 4, 16, 64];

/// The group.
pub fn group() -> Group {
    macro_rules! contenders {
        ($($engine:ident),*) => {
            vec![$(Contender { name: $engine::NAME, does: $engine::DOES, run: measure::<$engine> }),*]
        };
    }
    Group {
        key: "tables",
        title: "One table of many",
        intro: "A quarter of the entities, all with one component, and so many further components that each have a row for one entity in \
                64. ecsdb has a table for each, shipyard a sparse set, and the others an archetype for each set of components. What is \
                done is done to the first; so what a figure grows by is what the other tables cost. Time an entity.",
        contenders: contenders!(Ecsdb, Bevy, Hecs, Flecs, Shipyard),
        cases,
    }
}

/// `4 tables`.
pub fn of_tables(tables: usize) -> String {
    if tables == 1 { "1 table".to_owned() } else { format!("{tables} tables") }
}

pub(super) fn cases(_: &Scale) -> Vec<Case> {
    let published = "publishes a version for each change; the others change in place";
    let kinds = [
        ("scan", "sum over one component"),
        ("get", "one component of an entity at random"),
        ("set", "change of one component of an entity at random, each for itself"),
    ];
    let of_kind = |(key, what)| {
        TABLES.map(move |tables| {
            let case =
                Case::new(format!("{key}, {}", of_tables(tables)), format!("{what}, {}", of_tables(tables)), Time);
            if key == "set" { case.but(Ecsdb::NAME, published) } else { case }
        })
    };
    kinds.into_iter().flat_map(of_kind).collect()
}

pub(super) fn measure<T: Tables>(sheet: &mut Sheet) -> Result<(), Failure> {
    let count = sheet.scale.count.div_ceil(4);
    let order = Random::new(9).order(count);
    let few = &order[..count.div_ceil(10)];
    for tables in TABLES {
        let [scan, get, set] = ["scan", "get", "set"].map(|key| format!("{key}, {}", of_tables(tables)));
        if !sheet.wants_any(&[&scan, &get, &set]) {
            continue;
        }
        let mut world = T::filled(count, tables);
        sheet.time(&scan, count, || world.sum());
        if sheet.wants(&scan) {
            sheet.found(&scan, [world.sum(), world.further_rows() as f64]);
        }
        sheet.time(&get, count, || world.get(&order));
        let mut x = 1.0;
        sheet.turns(&set, few.len(), || {
            // To and fro, so that each turn has something to change.
            x = 3.0 - x;
            let time = clocked(|| world.set(few, x));
            (time, world.get(few) - f64::from(x) * few.len() as f64)
        });
    }
    Ok(())
}
