//! D: what was told durable is there after a crash, whole; what was rolled back never is.

use std::time::Duration;

use ecsdb::{Db, Entity};
use ecsdb_tests::log::Rows;
use ecsdb_tests::simulated::{Simulated, Survival};
use ecsdb_tests::world::*;

fn open(media: &Simulated) -> Db<World> {
    Db::<World>::builder()
        .directory("save")
        .segment_bytes(16 << 10)
        .media(media.clone())
        .sync_within(Duration::from_secs(3600))
        .worker_threads(1)
        .open()
        .unwrap()
}

/// The machine stops now, and keeps only what was synced.
fn crashed(media: &Simulated) -> Simulated {
    Simulated::of(media.state().image(Survival::Nothing))
}

fn purse(gold: u64) -> Purse {
    Purse { gold, open: false }
}

#[test]
fn every_kind_of_transaction_is_there_after_a_crash_once_it_was_told_durable() {
    let media = Simulated::new();
    let db = open(&media);
    let mut tx = db.begin();
    let (a, b) = (tx.spawn(purse(10)), tx.spawn((purse(20), Frozen)));
    let commit = tx.commit().unwrap().durable().unwrap();
    let (a, b) = (commit[a], commit[b]);

    // A message with every kind of change, and one that fails behind it.
    let mut tx = db.begin();
    tx.require_absent::<Small>(a);
    tx.upsert(a, purse(1), Purse::C.gold.saturating_sub(100));
    tx.upsert(a, Small { n: 4 }, Small::C.n.add(1));
    tx.update(b, (Purse::C.gold.mul(3), Purse::C.open.set(true)));
    tx.insert_if_absent(b, Wide::sample(7));
    let message = tx.commit().unwrap();
    let mut tx = db.begin();
    tx.update(b, Purse::C.gold.set(0));
    tx.require_row(a, purse(77));
    tx.commit().unwrap().visible().unwrap_err();
    message.durable().unwrap();
    let durable = Rows::of(&db);
    assert!(Rows::of(&open(&crashed(&media))) == durable);

    // Optimistic ones and closures, of which one gives up.
    let done = db.optimistic(3, |tx| {
        let gold = tx.read::<Purse>(b)?.gold;
        tx.update(a, Purse::C.gold.set(gold / 2));
        Ok(tx.spawn(purse(gold)))
    });
    let done = done.unwrap();
    let new = done.commit[done.value];
    db.write(move |tx| {
        tx.update(a, Purse::C.gold.add(1000))?;
        Err::<(), _>(tx.abort("no"))
    })
    .unwrap_err();
    db.write(move |tx| Ok(tx.remove::<Frozen>(b)?)).unwrap();
    let visible = Rows::of(&db);
    let early = open(&crashed(&media));
    assert!(Rows::of(&early) == durable, "what nobody has waited for may be lost, as a whole");
    db.sync().unwrap();
    let reopened = open(&crashed(&media));
    assert!(Rows::of(&reopened) == visible);
    let gold = |entity: Entity| reopened.table::<Purse>().get(entity).map(|purse| (purse.gold, purse.open));
    assert_eq!((gold(a), gold(b), gold(new)), (Some((30, false)), Some((60, true)), Some((60, false))));
    assert_eq!(reopened.table::<Small>().get(a), Some(Small { n: 4 }));
}

#[test]
fn a_transaction_survives_as_a_whole_or_not_at_all() {
    let media = Simulated::new();
    let db = open(&media);
    // In every transaction two purses and a number say the same.
    let mut tx = db.begin();
    let (a, b) = (tx.spawn((purse(0), Small { n: 0 })), tx.spawn((purse(0), Wide::sample(0))));
    let commit = tx.commit().unwrap().durable().unwrap();
    let (a, b) = (commit[a], commit[b]);
    let mut durable = 0;
    let check = |media: &Simulated, durable: u64, last: u64| {
        for survival in [Survival::Nothing, Survival::Everything] {
            let db = open(&Simulated::of(media.state().image(survival)));
            let snapshot = db.snapshot();
            let gold = |entity| snapshot.get::<Purse>(entity).unwrap().gold();
            let small = u64::from(snapshot.get::<Small>(a).unwrap().n);
            let wide = Wide::number(snapshot.get::<Wide>(b).unwrap());
            assert_eq!([gold(b), small, wide], [gold(a); 3], "a torn transaction");
            assert!((durable..=last).contains(&gold(a)), "{} is not from {durable} to {last}", gold(a));
        }
    };
    for round in 1..=40_u64 {
        let mut tx = db.begin();
        tx.update(a, Purse::C.gold.add(1));
        tx.update(b, Purse::C.gold.add(1));
        tx.update(a, Small::C.n.add(1));
        tx.replace(b, Wide::sample(round));
        let ticket = tx.commit().unwrap();
        if round % 3 == 0 {
            ticket.durable().unwrap();
            durable = round;
        } else {
            ticket.visible().unwrap();
        }
        check(&media, durable, round);
    }
}
