//! What has changed since a version, against comparing the tables by hand.

use std::collections::BTreeMap;
use std::fmt::Debug;

use ecsdb::changes::Event;
use ecsdb::schema::TableOf;
use ecsdb::{Db, Entity, Snapshot};
use ecsdb_tests::world::{Frozen, Purse, Sample, Small, Wide};
use proptest::prelude::*;

use super::game::{Game, Sign, batch, commit, copy, play};

/// What has become of each entity's row: before and after.
type Difference = BTreeMap<Entity, (Option<u64>, Option<u64>)>;

fn by_hand<T: TableOf<Game> + Sample>(then: &Snapshot<Game>, now: &Snapshot<Game>) -> Difference {
    let mut all = Difference::new();
    for (entity, number) in copy::<T>(then) {
        all.entry(entity).or_default().0 = Some(number);
    }
    for (entity, number) in copy::<T>(now) {
        all.entry(entity).or_default().1 = Some(number);
    }
    all.retain(|_, (before, after)| before != after);
    all
}

fn check<T: TableOf<Game> + Sample + Debug>(then: &Snapshot<Game>, now: &Snapshot<Game>) {
    let changes = now.changed_since::<T>(then.version()).unwrap();
    assert_eq!(changes.version(), now.version());
    let told: Difference = changes
        .iter()
        .map(|event| (event.entity(), (event.before().map(T::number), event.after().map(T::number))))
        .collect();
    assert_eq!(told.len(), changes.iter().count());
    assert_eq!(told, by_hand::<T>(then, now), "{} since {}", T::TABLE, then.version());
    let mut played = copy::<T>(then);
    play(&mut played, &changes);
    assert_eq!(played, copy::<T>(now));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(60) })]

    #[test]
    fn the_difference_to_any_version_is_that_of_the_tables(batches in prop::collection::vec(batch(), 1..10)) {
        let db = Db::<Game>::builder().worker_threads(1).history(1000, 1 << 30).open().unwrap();
        let mut pins = vec![db.snapshot()];
        for transactions in batches {
            commit(&db, transactions);
            let now = db.snapshot();
            for then in &pins {
                check::<Small>(then, &now);
                check::<Purse>(then, &now);
                check::<Wide>(then, &now);
                check::<Frozen>(then, &now);
                check::<Sign>(then, &now);
            }
            pins.push(now);
        }
    }
}

#[test]
fn the_difference_names_exactly_the_columns_that_differ() {
    let db = Db::<Game>::builder().history(10, 1 << 20).open().unwrap();
    let sign = db.spawn(Sign { lit: true, text: "inn".to_owned(), marks: vec![1, 2] }).unwrap();
    let then = db.snapshot();
    // The text gets longer, so the list lies elsewhere in the heap.
    db.update(sign, Sign::C.text.set("the inn".to_owned())).unwrap();
    let changes = db.snapshot().changed_since::<Sign>(then.version()).unwrap();
    let Some(Event::Changed { columns, old, new, .. }) = changes.iter().next() else { panic!("no change") };
    assert_eq!((old.text(), new.text(), new.marks()), ("inn", "the inn", &[1, 2][..]));
    assert!(columns.contains(Sign::C.text) && !columns.contains(Sign::C.marks) && !columns.contains(Sign::C.lit));
    assert_eq!(columns.names().collect::<Vec<_>>(), ["text"]);
    assert_eq!(format!("{columns:?}"), "{\"text\"}");
    let texts: Vec<_> = changes.column(Sign::C.text).map(|change| (change.entity, change.old, change.new)).collect();
    assert_eq!(texts, [(sign, Some("inn"), Some("the inn"))]);
    assert_eq!(changes.column(Sign::C.marks).count(), 0);

    db.remove::<Sign>(sign).unwrap();
    let changes = db.snapshot().changed_since::<Sign>(then.version()).unwrap();
    let texts: Vec<_> = changes.column(Sign::C.text).map(|change| (change.old, change.new)).collect();
    assert_eq!(texts, [(Some("inn"), None)]);
}

#[test]
fn what_is_changed_back_has_not_changed() {
    let db = Db::<Game>::builder().history(100, 1 << 20).open().unwrap();
    let (ann, bob) =
        (db.spawn(Purse { gold: 1, open: true }).unwrap(), db.spawn(Purse { gold: 2, open: true }).unwrap());
    let then = db.snapshot();
    db.update(ann, Purse::C.gold.add(1)).unwrap();
    db.update(ann, Purse::C.gold.sub(1)).unwrap();
    db.remove::<Purse>(bob).unwrap();
    db.insert(bob, Purse { gold: 2, open: true }).unwrap();
    let brief = db.spawn(Purse { gold: 3, open: true }).unwrap();
    db.despawn(brief).unwrap();
    let changes = db.snapshot().changed_since::<Purse>(then.version()).unwrap();
    assert!(changes.is_empty());
    assert_eq!(changes.column(Purse::C.gold).count(), 0);
}

#[test]
fn a_slot_that_changes_hands_is_a_removal_and_an_addition() {
    let db = Db::<Game>::builder().history(100, 1 << 20).open().unwrap();
    let ann = db.spawn(Small { n: 7 }).unwrap();
    let then = db.snapshot();
    let bob = db
        .write(move |tx| {
            tx.despawn(ann)?;
            Ok(tx.spawn(Small { n: 7 })?)
        })
        .unwrap();
    assert_eq!(ann.slot(), bob.slot());
    let changes = db.snapshot().changed_since::<Small>(then.version()).unwrap();
    let events: Vec<_> = changes.iter().collect();
    assert!(
        matches!(events[..], [Event::Removed { entity, .. }, Event::Added { entity: new, .. }] if (entity, new) == (ann, bob))
    );
}

#[test]
fn a_version_that_the_history_does_not_reach_is_an_error_that_says_how_far_it_goes() {
    let db = Db::<Game>::builder().history(2, 1 << 20).open().unwrap();
    let entity = db.spawn(Small { n: 0 }).unwrap();
    let early = db.snapshot();
    for _ in 0..5 {
        db.update(entity, Small::C.n.add(1)).unwrap();
    }
    let now = db.snapshot();
    let gone = now.changed_since::<Small>(early.version()).err().unwrap();
    assert_eq!((gone.version, gone.newest), (1, 6));
    assert!(now.changed_since::<Small>(gone.oldest).is_ok() && now.changed_since::<Small>(gone.oldest - 1).is_err());
    assert!(now.changed_since::<Small>(now.version()).unwrap().is_empty());
    assert!(early.changed_since::<Small>(now.version()).is_err(), "a later version");
    assert!(gone.to_string().contains("goes back to version 4"), "{gone}");

    let without = Db::<Game>::in_memory().unwrap();
    let then = without.snapshot();
    without.spawn(Small { n: 0 }).unwrap();
    let gone = without.snapshot().changed_since::<Small>(then.version()).err().unwrap();
    assert_eq!((gone.version, gone.oldest, gone.newest), (0, 1, 1), "nothing is kept");
}
