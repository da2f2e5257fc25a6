//! Readers that hold on to old versions: they cost memory, and nothing else, and the memory has a bound.
//!
//! Other stores had bugs of that kind; their names stand where they were reported.

use ecsdb::{Component, Db, Entity};
use ecsdb_tests::simulated::Simulated;

#[derive(Component, Debug)]
#[repr(C)]
struct Health {
    hp: u32,
}

ecsdb::schema! { World: Health }

/// left-right #159: publishing waited for a reader that held on to an old version.
#[test]
fn a_pinned_reader_holds_up_nobody() {
    let db = Db::<World>::in_memory().unwrap();
    let mob = db.spawn(Health { hp: 0 }).unwrap();
    let held = db.snapshot();
    for _ in 0..1000 {
        db.update(mob, Health::C.hp.add(1)).unwrap();
    }
    assert_eq!(held.get::<Health>(mob).map(|health| health.hp), Some(0));
    assert_eq!(db.snapshot().get::<Health>(mob).map(|health| health.hp), Some(1000));
}

/// rkv #47: readers that were never ended let the store grow without bound.
#[test]
fn a_version_that_is_pinned_for_ever_retains_its_own_pages_and_no_more() {
    let db = Db::<World>::in_memory().unwrap();
    let mobs: Vec<Entity> = db.write(|tx| Ok(tx.spawn_all((0..50_000).map(|hp| Health { hp }))?)).unwrap();
    let before = db.memory().unwrap();
    let held = db.snapshot();
    let mut most = 0;
    for round in 0..60 {
        for mob in mobs.iter().skip(round).step_by(97) {
            let mut tx = db.begin();
            tx.update(*mob, Health::C.hp.set(round as u32));
            drop(tx.commit().unwrap());
        }
        db.trim().unwrap();
        most = most.max(db.memory().unwrap().retained_bytes);
    }
    let pages = before.payload_bytes + before.slack_bytes;
    assert!(most <= pages + pages / 4, "{most} bytes are retained by one version of {pages}");
    assert_eq!(held.table::<Health>().len(), 50_000);
    drop(held);
    db.trim().unwrap();
    assert_eq!(db.memory().unwrap().retained_bytes, 0);
}

/// The same on disk: what a reader holds keeps no file of the directory from being replaced.
#[test]
fn a_pinned_reader_keeps_no_checkpoint_from_being_made() {
    let medium = Simulated::new();
    let db = Db::<World>::builder().directory("/db").media(medium.clone()).open().unwrap();
    let mob = db.spawn(Health { hp: 0 }).unwrap();
    let held = db.snapshot();
    for round in 1..=5 {
        db.update(mob, Health::C.hp.set(round)).unwrap();
        assert_eq!(db.checkpoint().unwrap().wait().unwrap().version, u64::from(round) + 1);
    }
    assert_eq!(held.get::<Health>(mob).map(|health| health.hp), Some(0));
    let again = Db::<World>::builder().directory("/db").media(Simulated::of(medium.state())).open().unwrap();
    assert_eq!(again.snapshot().get::<Health>(mob).map(|health| health.hp), Some(5));
}

/// crossbeam-channel 0.5.12 to 0.5.14 freed memory twice when a channel was dropped (RUSTSEC-2025-0024).
#[test]
fn the_queue_is_not_built_on_a_channel_that_frees_twice() {
    let lock = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.lock")).unwrap();
    let versions = lock.split("[[package]]").filter(|package| package.contains("\nname = \"crossbeam-channel\"\n"));
    let mut count = 0;
    for package in versions {
        count += 1;
        assert!(!["0.5.12", "0.5.13", "0.5.14"].iter().any(|bad| package.contains(&format!("version = \"{bad}\""))));
    }
    assert_eq!(count, 1);
}
