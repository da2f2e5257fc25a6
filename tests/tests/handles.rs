//! Handles: what can be done with them, from where, and how they relate to one another.

use ecsdb::error::ReadError;
use ecsdb::{Db, Entity, OpError, OpenError, Snapshot, Table, Ticket, TransactionBuilder, TransactionError};
use ecsdb_tests::why;
use ecsdb_tests::world::*;

fn open() -> Db<World> {
    Db::<World>::builder().worker_threads(1).open().unwrap()
}

#[test]
fn handles_go_to_any_thread() {
    fn anywhere<T: Send + Sync + 'static>() {}
    fn moves<T: Send + 'static>() {}
    anywhere::<Db<World>>();
    anywhere::<Snapshot<World>>();
    anywhere::<Entity>();
    moves::<TransactionBuilder<World>>();
    moves::<Ticket>();
    moves::<TransactionError>();
}

#[test]
fn operations_on_a_table_are_transactions_of_their_own() {
    let db = open();
    let table: Table<'_, World, Purse> = db.table();
    assert!(table.is_empty());
    let e = db.spawn(Frozen).unwrap();
    assert_eq!((table.get(e), table.contains(e)), (None, false));
    table.insert(e, Purse { gold: 4, open: false }).unwrap();
    assert_eq!((table.len(), db.stats().version), (1, 2));
    table.update(e, Purse::C.open.set(true)).unwrap();
    table.update(e, Purse::C.gold.sub(3)).unwrap();
    assert_eq!(table.get(e), Some(Purse { gold: 1, open: true }));
    assert_eq!(
        why(table.update(e, Purse::C.gold.sub(3))),
        format!("`purse.gold` of entity {e} is 1: subtracting 3 leaves the range of the field")
    );
    table.remove(e).unwrap();
    assert_eq!(why(table.remove(e)), format!("entity {e} has no `purse`"));
    assert_eq!((table.len(), db.stats().version), (0, 5), "what fails makes no version");
}

#[test]
fn an_entity_of_one_database_means_nothing_in_another() {
    let (here, there) = (open(), open());
    let e = there.write(|tx| Ok(tx.spawn_all((0..10_000).map(|n| Small { n }))?)).unwrap().pop().unwrap();
    assert_eq!(why(here.insert(e, Frozen)), format!("entity {e} is unknown: this database has never handed it out"));
    assert!(here.snapshot().get::<Small>(e).is_none());
}

#[test]
fn clones_are_one_database() {
    let db = open();
    let other = db.clone();
    let e = other.spawn(Small { n: 3 }).unwrap();
    let snapshot = db.snapshot();
    let same = snapshot.clone();
    drop((other, snapshot));
    db.despawn(e).unwrap();
    assert_eq!(same.get::<Small>(e), Some(&Small { n: 3 }));
    drop(db);
    assert_eq!(same.version(), 1);
    std::thread::spawn(move || assert_eq!(same.table::<Small>().len(), 1)).join().unwrap();
}

#[test]
fn what_may_be_wrong_can_be_unwrapped_in_a_test() {
    let error = Db::<World>::builder().queue_limits(0, 1).open().unwrap_err();
    assert!(error.to_string().starts_with("setting `queue_limits.messages` is 0"));
    let db = open();
    let e = db.spawn(Small { n: 7 }).unwrap();
    let snapshot = db.snapshot();
    assert_eq!(format!("{db:?}"), "Db { schema: \"World\", version: 1, .. }");
    assert_eq!(format!("{snapshot:?}"), "Snapshot { version: 1, .. }");
    let row = snapshot.untyped().get("small", e).unwrap();
    assert!(format!("{row:?}").contains("U32(7)"), "{row:?}");
    assert!(format!("{:?}", db.begin().commit()).starts_with("Ok(Ticket"));
}

#[test]
fn a_closure_replaces_what_is_there_and_says_what_is_not() {
    let db = open();
    let e = db.spawn(Small { n: 7 }).unwrap();
    let outcome = db.write(move |tx| {
        tx.replace(e, Small { n: 8 })?;
        assert_eq!(tx.try_get::<Small>(e).map(|small| small.n), Ok(8));
        assert!(matches!(tx.try_get::<Purse>(e), Err(ReadError::ComponentMissing { table: "purse", .. })));
        Ok(tx.replace(e, Purse { gold: 1, open: true })?)
    });
    assert!(matches!(outcome, Err(TransactionError::Op(OpError::ComponentMissing { .. }))), "{outcome:?}");
    assert_eq!(db.snapshot().get::<Small>(e).unwrap().n, 7, "rolled back as a whole");
}

#[test]
fn settings_that_cannot_be_used_are_refused() {
    let zero = [
        Db::<World>::builder().queue_limits(0, 1),
        Db::<World>::builder().queue_limits(1, 0),
        Db::<World>::builder().batch_limits(0, 1),
        Db::<World>::builder().batch_limits(1, 0),
    ];
    let settings = ["queue_limits.messages", "queue_limits.bytes", "batch_limits.transactions", "batch_limits.bytes"];
    for (builder, name) in zero.into_iter().zip(settings) {
        match builder.open() {
            Err(OpenError::Setting { setting, found: 0, .. }) => assert_eq!(setting, name),
            Err(error) => panic!("{error}"),
            Ok(_) => panic!("{name} was taken"),
        }
    }
    for bytes in [1, 1 << 20, usize::MAX] {
        let refused = Db::<World>::builder().queue_limits(usize::MAX, bytes).open().map(drop);
        assert!(matches!(refused, Err(OpenError::Setting { setting: "queue_limits.messages", found: usize::MAX, .. })));
    }
    let db = Db::<World>::builder().queue_limits(1, usize::MAX).worker_threads(1).open().unwrap();
    db.spawn(Small { n: 1 }).unwrap();
    // The smallest ones work: every transaction is a batch of its own.
    let db = Db::<World>::builder().queue_limits(1, 1).batch_limits(1, 1).worker_threads(1).open().unwrap();
    let tickets: Vec<Ticket> = (0..20)
        .map(|n| {
            let mut tx = db.begin();
            let _ = tx.spawn((Small { n }, Wide::sample(1)));
            tx.commit().unwrap()
        })
        .collect();
    let versions: Vec<u64> = tickets.into_iter().map(|ticket| ticket.visible().unwrap().version).collect();
    assert_eq!(versions, (1..=20).collect::<Vec<u64>>());
}

#[test]
fn memory_adds_up_and_a_pin_keeps_what_it_needs() {
    let db = open();
    let all = db.write(|tx| Ok(tx.spawn_all((0..2000).map(|n| (R100::sample(n), Small::sample(n))))?)).unwrap();
    db.trim().unwrap();
    let fresh = db.memory().unwrap();
    assert_eq!(fresh.payload_bytes, 2000 * 104);
    assert_eq!((fresh.spare_bytes, fresh.retained_bytes, fresh.retired_versions), (0, 0, 0));
    let snapshot = db.snapshot();
    let gone = all.clone();
    db.write(move |tx| gone.iter().try_for_each(|entity| Ok(tx.despawn(*entity)?))).unwrap();
    // A transaction that is rolled back last must not keep anything either.
    db.write::<()>(|tx| {
        tx.spawn_all((0..500).map(R100::sample))?;
        Err(tx.abort("no"))
    })
    .unwrap_err();
    db.trim().unwrap();
    let pinned = db.memory().unwrap();
    assert_eq!((pinned.payload_bytes, pinned.spare_bytes, pinned.retired_versions), (0, 0, 1));
    assert!(pinned.retained_bytes >= 2000 * 104, "{pinned:?}");
    assert_eq!(snapshot.table::<R100>().len(), 2000);
    drop(snapshot);
    db.trim().unwrap();
    let rest = db.memory().unwrap();
    assert_eq!((rest.retained_bytes, rest.retired_versions), (0, 0));
    assert_eq!(rest.total_bytes(), rest.directory_bytes);
}

#[test]
fn reserving_changes_nothing_that_can_be_seen() {
    let db = open();
    db.reserve::<(Small, R100, Frozen)>(5000).unwrap();
    assert_eq!((db.stats().version, db.stats().entities), (0, 0));
    assert!(db.memory().unwrap().spare_bytes > 5000 * 100);
    db.write(|tx| Ok(tx.spawn_all((0..5000).map(|n| (Small::sample(n), R100::sample(n), Frozen)))?)).unwrap();
    let error = db.reserve::<Small>(usize::MAX).unwrap_err();
    assert!(matches!(error, TransactionError::Op(OpError::Slots(_))), "{error}");
    db.spawn(()).unwrap();
}
