//! The world, played without a clock: what must hold after every tick, and whatever the readers see meanwhile.

use clap::{CommandFactory, Parser, error::ErrorKind};
use ecsdb::{Db, Entity};
use ecsdb_examples::world::components::{Health, Item, Mob, Purse, Treasury};
use ecsdb_examples::world::{Options, Readers, Settings, Simulation, Tally, Violation, check, run};
use std::time::Duration;

const MOBS: usize = 2_000;

fn world(seed: u64) -> Simulation {
    Simulation::new(Db::in_memory().unwrap(), Settings { mobs: MOBS, tick_rate: 60, seed }).unwrap()
}

#[test]
fn the_world_stays_whole_while_it_is_played_and_read() {
    let mut world = world(7);
    let readers = Readers::start(world.db(), 2, world.constants()).unwrap();
    let mut last = Tally::default();
    let mut ticks = 0;
    // At least so many ticks that mobs die, and until the readers have seen something of it.
    while ticks < 100 || readers.totals().checks == 0 {
        world.tick().unwrap();
        ticks += 1;
        let snapshot = world.db().snapshot();
        check(&snapshot, world.constants()).unwrap();
        assert_eq!(snapshot.table::<Mob>().len(), MOBS, "whoever dies is replaced in the same tick");
        assert_eq!(snapshot.table::<Item>().len(), MOBS / 2, "items never go");
        let piles = snapshot.table::<Purse>().len() - MOBS - 1;
        assert_eq!(snapshot.entity_count() as usize, MOBS + MOBS / 2 + 1 + piles, "nothing else lives");
        assert_eq!(snapshot.query::<Entity>().with::<Treasury>().count(), 1);
        assert!(world.mobs().iter().all(|mob| snapshot.contains::<Mob>(*mob)), "the game knows who lives");
        snapshot.query::<&Health>().for_each(|health| assert!((1..=health.full()).contains(&health.points())));
        last = world.tally();
        assert_eq!(last.ticks, ticks);
    }
    assert!(!readers.have_failed());
    let totals = readers.finish().unwrap();
    assert!(totals.checks > 0 && totals.rows > totals.checks * MOBS as u64);
    assert!(last.deaths > 0 && last.trades > 0 && last.dropped > 0 && last.picked_up > 0, "{last:?}");
    assert!(last.refused > 0, "some cannot pay: {last:?}");
    assert!(last.rows >= last.ticks * MOBS as u64, "everybody moves in each tick");
}

#[test]
fn the_same_seed_plays_the_same_game() {
    let play = |seed| {
        let mut world = world(seed);
        for _ in 0..30 {
            world.tick().unwrap();
        }
        let snapshot = world.db().snapshot();
        let purses: Vec<u64> = snapshot.query::<&Purse>().iter().map(|purse| purse.gold()).collect();
        (world.tally(), purses)
    };
    let first = play(3);
    assert_eq!(first, play(3));
    assert_ne!(first.1, play(4).1);
}

#[test]
fn a_reader_that_finds_gold_from_nowhere_says_so() {
    let world = world(1);
    let readers = Readers::start(world.db(), 1, world.constants()).unwrap();
    let mob = world.mobs()[0];
    world.db().update(mob, Purse::C.gold.add(1)).unwrap();
    while !readers.have_failed() {
        std::thread::yield_now();
    }
    let version = world.db().snapshot().version();
    let expected = Violation::Gold { version, expected: world.constants().gold, found: world.constants().gold + 1 };
    assert_eq!(check(&world.db().snapshot(), world.constants()), Err(expected.clone()));
    let error = readers.finish().unwrap_err();
    assert_eq!(
        ecsdb::error::with_causes(&error).to_string(),
        format!("a reader saw an inconsistent state: {expected}")
    );
}

#[test]
fn an_item_of_the_dead_and_a_mob_too_many_are_found() {
    let world = world(1);
    let snapshot = world.db().snapshot();
    let item = world.items()[0];
    let owner = snapshot.get::<Item>(item).unwrap().owner().unwrap();
    let gold = snapshot.get::<Purse>(owner).unwrap().gold();
    let (mob, health) =
        (snapshot.get::<Mob>(owner).unwrap().to_owned(), snapshot.get::<Health>(owner).unwrap().to_owned());
    let mut tx = world.db().begin();
    tx.despawn(owner);
    tx.spawn((mob, health));
    tx.update(world.mobs()[1], Purse::C.gold.add(gold));
    let version = tx.commit().unwrap().visible().unwrap().version;
    let found = check(&world.db().snapshot(), world.constants());
    assert_eq!(found, Err(Violation::DeadOwner { version, item, owner }));
    world.db().spawn(Mob { kind: 0, category: 0 }).unwrap();
    let found = check(&world.db().snapshot(), world.constants());
    let expected = Violation::Count { version: version + 1, what: "mobs", expected: MOBS, found: MOBS + 1 };
    assert_eq!(found, Err(expected));
    assert!(check(&snapshot, world.constants()).is_ok(), "the older snapshot is as it was");
}

#[test]
fn a_whole_run_ends_with_a_table() {
    let options = Options::parse_from(["world", "--entities", "500", "--seconds", "1", "--readers", "1"]);
    let mut lines = Vec::new();
    let mut world = Simulation::new(Db::in_memory().unwrap(), Settings::from(&options)).unwrap();
    let interval = Duration::from_millis(100);
    let report =
        run(&mut world, &options, interval, Simulation::tick, |progress| lines.push(progress.to_string())).unwrap();
    assert!(!lines.is_empty());
    assert_eq!(report.tick_us.len(), report.tally.ticks);
    assert!(report.held <= report.tally.ticks && report.tally.ticks <= report.planned, "{report:?}");
    let table = report.to_string();
    for name in ["ticks held", "tick time", "commits/s", "rows/s", "reads/s", "memory running", "memory at rest"] {
        assert!(table.lines().any(|line| line.starts_with(name)), "{name} is missing in\n{table}");
    }
    assert!(table.trim_end().ends_with("by 1 readers: always 100,000"), "{table}");
}

#[test]
fn options_out_of_range_are_refused_by_name() {
    Options::command().debug_assert();
    let refused = |arguments: &[&str]| Options::try_parse_from([&["world"], arguments].concat()).unwrap_err();
    for (option, value, range) in [
        ("--entities", "99", "100..=5000000"),
        ("--seconds", "0", "1..=86400"),
        ("--tick-rate", "14", "15..=120"),
        ("--tick-rate", "121", "15..=120"),
        ("--readers", "65", "1..=64"),
    ] {
        let error = refused(&[option, value]);
        assert_eq!(error.kind(), ErrorKind::ValueValidation);
        let text = error.to_string();
        assert!(text.contains(option) && text.contains(value) && text.contains(range), "{text}");
    }
    assert_eq!(refused(&["--entities", "many"]).kind(), ErrorKind::ValueValidation);
    let unknown = refused(&["--tick-rat", "60"]);
    assert_eq!(unknown.kind(), ErrorKind::UnknownArgument);
    assert!(unknown.to_string().contains("--tick-rate"), "the nearest one is named: {unknown}");

    let defaults = Options::try_parse_from(["world"]).unwrap();
    assert_eq!((defaults.entities, defaults.tick_rate, defaults.readers), (100_000, 60, 3));
}
