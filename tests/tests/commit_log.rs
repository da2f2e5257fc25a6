//! What leaves through the commit log is what has happened, once, in order, and nothing else; and what the log refuses
//! has not happened.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use ecsdb::changes::ChangeSet;
use ecsdb::error::LogError;
use ecsdb::error::with_causes;
use ecsdb::transaction::CommitLog;
use ecsdb::{Component, Db, Entity, OpError, TransactionError};
use ecsdb_tests::log::{Recorder, Rows};
use ecsdb_tests::world::*;
use ecsdb_tests::{block_writer, why, why_not};

fn open() -> (Db<World>, Recorder) {
    let log = Recorder::default();
    let db = Db::<World>::builder().commit_log(log.clone()).worker_threads(2).open().unwrap();
    (db, log)
}

fn assert_same(db: &Db<World>, log: &Recorder) {
    let published = Rows::of(db);
    log.with(|record| assert!(record.rows == published, "the log's state is {:?}, not {published:?}", record.rows));
}

#[test]
fn each_transaction_that_changed_something_comes_once_and_in_order() {
    let (db, log) = open();
    let e = db.spawn((Small { n: 1 }, Frozen)).unwrap();
    assert_eq!(db.write(|tx| Ok(tx.table::<Small>().len())).unwrap(), 1);
    let mut nothing = db.begin();
    nothing.require(e, Small::C.n.eq(1));
    nothing.commit().unwrap().visible().unwrap();
    log.with(|record| assert_eq!((record.committed.clone(), record.versions.clone()), (vec![1], vec![1])));

    let blocked = block_writer(&db);
    let mut tickets = Vec::new();
    for n in 0..6 {
        let mut tx = db.begin();
        tx.update(e, Small::C.n.add(1));
        if n % 2 == 1 {
            tx.require(e, Small::C.n.lt(1));
        }
        tickets.push(tx.commit().unwrap());
    }
    drop(blocked);
    let outcomes: Vec<bool> = tickets.into_iter().map(|ticket| ticket.visible().is_ok()).collect();
    assert_eq!(outcomes, [true, false, true, false, true, false]);
    assert_eq!(db.snapshot().get::<Small>(e).unwrap().n, 4);
    log.with(|record| assert_eq!((record.committed.clone(), record.versions.clone()), (vec![1, 2, 2, 2], vec![1, 2])));
    assert_same(&db, &log);
}

#[test]
fn the_change_sets_alone_give_the_state_of_the_database() {
    let (db, log) = open();
    let mut entities: Vec<Entity> = Vec::new();
    for round in 0..30_u64 {
        let known = entities.clone();
        let spawned = db
            .write(move |tx| {
                let mut spawned = tx.spawn_all((0..40).map(|n| (Small::sample(n), Purse::sample(n), Frozen)))?;
                spawned.extend(tx.spawn_all((0..5).map(|n| (Wide::sample(n), R100::sample(n))))?);
                spawned.push(tx.spawn(Item { owner: known.first().copied(), makers: [None; 2], kind: 3 })?);
                for (n, entity) in known.iter().enumerate() {
                    match (n as u64 + round) % 5 {
                        0 => tx.despawn(*entity)?,
                        1 => tx.insert(*entity, R400::sample(round))?,
                        2 if tx.contains::<Frozen>(*entity) => tx.remove::<Frozen>(*entity)?,
                        3 => tx.insert(*entity, Frozen)?,
                        _ => {}
                    }
                }
                tx.update_all(|small: &mut Small, purse: PurseRef<'_>| small.n += purse.gold() as u32)?;
                Ok(spawned)
            })
            .unwrap();
        entities.extend(spawned);
        let snapshot = db.snapshot();
        entities.retain(|entity| snapshot.is_alive(*entity));
        if round % 10 == 9 {
            // Everybody dies, so that blocks change hands.
            let all = core::mem::take(&mut entities);
            db.write(move |tx| all.iter().try_for_each(|entity| Ok(tx.despawn(*entity)?))).unwrap();
        }
        assert_same(&db, &log);
    }
    log.with(|record| assert_eq!(record.versions, (1..=33).collect::<Vec<u64>>()));
}

/// Refuses a batch of three transactions by `refuse` and checks that it is as if it had never been.
fn refuse(before: usize, refuse: impl Fn(&Recorder)) {
    let (db, log) = open();
    for _ in 0..before {
        db.write(|tx| Ok(tx.spawn_all((0..100).map(|n| (Small::sample(n), R100::sample(n))))?)).unwrap();
        // More than one root has been used then.
        let first = db.snapshot().entities().next().unwrap();
        db.despawn(first).unwrap();
    }
    let (published, version) = (Rows::of(&db), db.stats().version);
    let known: HashSet<Entity> = db.snapshot().entities().collect();
    let seen = Arc::new(Mutex::new(Vec::new()));

    let blocked = block_writer(&db);
    refuse(&log);
    let mut first = db.begin();
    let _ = first.spawn((Small { n: 7 }, Frozen, Wide::sample(1)));
    let first = first.commit().unwrap();
    let mut second = db.begin();
    second.despawn(Entity::from_bits(77 << 32).unwrap());
    let second = second.commit().unwrap();
    let third = db.write_async({
        let (seen, known) = (Arc::clone(&seen), known.clone());
        move |tx| {
            let spawned = tx.spawn_all((0..5000).map(|n| (Small::sample(n), R100::sample(n), Pos { x: 1, y: 1 })))?;
            seen.lock().unwrap().extend(spawned);
            for entity in known {
                tx.despawn(entity)?;
            }
            Ok(())
        }
    });
    drop(blocked);
    assert!(why_not(first).starts_with("the commit log refused the transaction: no "));
    assert_eq!(why_not(second), "entity 0v77 is unknown: this database has never handed it out");
    assert!(matches!(ecsdb_tests::block_on(third), Err(TransactionError::Log(_))));

    assert!(Rows::of(&db) == published);
    assert_eq!(db.stats().version, version);
    log.with(|record| assert_eq!(record.aborts, 1));
    let seen: HashSet<Entity> = seen.lock().unwrap().iter().copied().collect();
    assert_eq!(seen.len(), 5000);
    for entity in &seen {
        assert!(!db.snapshot().is_alive(*entity) && !db.snapshot().contains::<Small>(*entity));
    }

    // The next batches work, on all roots, and hand out other entities.
    for round in 0..4 {
        let spawned = db
            .write(move |tx| {
                let mut spawned =
                    tx.spawn_all((0..3000).map(|n| (Small::sample(n), R100::sample(n), Pos { x: 1, y: 1 })))?;
                spawned.push(tx.spawn((Small { n: round }, Frozen, Wide::sample(3)))?);
                Ok(spawned)
            })
            .unwrap();
        assert!(spawned.iter().all(|entity| !seen.contains(entity) && !known.contains(entity)), "round {round}");
        assert_same(&db, &log);
        assert_eq!(db.snapshot().table::<Wide>().len(), round as usize + 1);
        assert_eq!(db.snapshot().query::<(&Small, &R100)>().count(), known.len() + 3000 * (round as usize + 1));
    }
}

#[test]
fn a_batch_whose_commit_is_refused_has_not_happened() {
    refuse(0, |log| log.with(|record| record.refuse_commit = true));
    refuse(3, |log| log.with(|record| record.refuse_commit = true));
}

#[test]
fn a_batch_of_which_one_transaction_is_refused_has_not_happened() {
    refuse(0, |log| log.with(|record| record.refuse_append = Some(1)));
    refuse(3, |log| log.with(|record| record.refuse_append = Some(0)));
}

#[test]
fn a_failed_transaction_is_not_in_the_log() {
    let (db, log) = open();
    let e = db.spawn(Small { n: 1 }).unwrap();
    let failed: Result<(), _> = db.write(move |tx| {
        tx.spawn(Wide::sample(1))?;
        tx.update(e, Small::C.n.set(9))?;
        Err(tx.abort("no"))
    });
    assert_eq!(why(failed), "the transaction was aborted: no");
    let panicked: Result<(), _> = db.write(move |tx| {
        tx.despawn(e)?;
        panic!("oh")
    });
    assert_eq!(why(panicked), "the transaction panicked: oh");
    log.with(|record| assert_eq!(record.committed, [1]));
    db.insert(e, Frozen).unwrap();
    assert_same(&db, &log);
}

/// What was written to a table: slot, old and new row.
type Written = Vec<(u32, Option<Vec<u8>>, Option<Vec<u8>>)>;

#[test]
fn an_update_names_its_column_and_holds_the_old_and_the_new_row() {
    let (db, log) = open();
    let e = db.spawn((Purse { gold: 5, open: true }, Pos { x: 1, y: 2 })).unwrap();
    let other = db.spawn((Purse { gold: 6, open: true }, Pos { x: 3, y: 4 })).unwrap();
    type Seen = (u16, [bool; 2], Written);
    let seen: Arc<Mutex<Vec<Seen>>> = Arc::default();
    let sink = Arc::clone(&seen);
    log.with(|record| {
        record.watch = Some(Box::new(move |changes| {
            for page in changes.pages() {
                let rows = page.rows().map(|r| (r.slot, r.before.map(<[u8]>::to_vec), r.after.map(<[u8]>::to_vec)));
                let columns = [page.columns().contains(0), page.columns().contains(1)];
                sink.lock().unwrap().push((page.table(), columns, rows.collect()));
            }
        }));
    });
    let take = || core::mem::take(&mut *seen.lock().unwrap());
    let gold = |gold: u8, open: u8| Some(vec![gold, 0, 0, 0, 0, 0, 0, 0, open]);

    db.update(e, Purse::C.gold.add(2)).unwrap();
    assert_eq!(take(), [(3, [true, false], vec![(e.slot(), gold(5, 1), gold(7, 1))])]);
    db.update(other, Purse::C.open.set(false)).unwrap();
    assert_eq!(take(), [(3, [false, true], vec![(other.slot(), gold(6, 1), gold(6, 0))])]);
    db.remove::<Purse>(e).unwrap();
    assert_eq!(take(), [(3, [false, false], vec![(e.slot(), gold(7, 1), None)])]);
    db.insert(e, Purse { gold: 1, open: false }).unwrap();
    let inserted = take();
    assert_eq!(inserted[0].2, [(e.slot(), None, gold(1, 0))]);

    // Two columns of two rows in one transaction: one page, both rows, both columns.
    let mut tx = db.begin();
    tx.update(e, Purse::C.gold.add(1));
    tx.update(other, Purse::C.open.set(true));
    tx.commit().unwrap().visible().unwrap();
    let rows = vec![(e.slot(), gold(1, 0), gold(2, 0)), (other.slot(), gold(6, 0), gold(6, 1))];
    assert_eq!(take(), [(3, [true, true], rows)]);

    // An update that could not be done leaves no trace, even if the closure goes on.
    db.write(move |tx| {
        assert!(matches!(tx.update(e, Purse::C.gold.sub(100)), Err(OpError::OutOfRange { .. })));
        Ok(())
    })
    .unwrap();
    assert_eq!(take(), []);
    assert_same(&db, &log);
}

#[test]
fn a_row_replaced_twice_shows_the_first_and_the_last_state() {
    let (db, log) = open();
    let e = db.spawn(R200::sample(1)).unwrap();
    let seen: Arc<Mutex<Written>> = Arc::default();
    let sink = Arc::clone(&seen);
    log.with(|record| {
        record.watch = Some(Box::new(move |changes| {
            for row in changes.pages().flat_map(|page| page.rows().collect::<Vec<_>>()) {
                let row = (row.slot, row.before.map(|b| b[..1].to_vec()), row.after.map(|b| b[..1].to_vec()));
                sink.lock().unwrap().push(row);
            }
        }));
    });
    db.write(move |tx| {
        tx.insert(e, R200::sample(2))?;
        tx.remove::<R200>(e)?;
        tx.insert(e, R200::sample(3))?;
        tx.update_all(|row: &mut R200| *row = R200::sample(u64::from(row.n) + 1))?;
        Ok(())
    })
    .unwrap();
    assert_eq!(*seen.lock().unwrap(), [(e.slot(), Some(vec![1]), Some(vec![4]))]);
    assert_eq!(R200::number(db.snapshot().get::<R200>(e).unwrap()), 4);
    assert_same(&db, &log);
    assert_eq!(<Purse as Component>::SCHEMA.size, 9);
}

/// Takes everything and keeps nothing.
struct Nowhere;

impl CommitLog for Nowhere {
    fn append(&mut self, _: &ChangeSet) -> Result<(), LogError> {
        Ok(())
    }

    fn commit(&mut self, _: u64) -> Result<(), LogError> {
        Ok(())
    }

    fn abort(&mut self) {}
}

#[test]
fn a_log_makes_no_difference_to_memory() {
    let run = |db: Db<World>| {
        let all = db.write(|tx| Ok(tx.spawn_all((0..20_000).map(|n| Small { n }))?)).unwrap();
        for round in 0..20 {
            // Many transactions in a batch that write the same few pages: most of these are in no version.
            let blocked = block_writer(&db);
            let tickets: Vec<_> = (0..100)
                .map(|n| {
                    let mut tx = db.begin();
                    tx.update(all[(n * 331 + round * 7) % 3000], Small::C.n.set(n as u32));
                    tx.commit().unwrap()
                })
                .collect();
            drop(blocked);
            tickets.into_iter().for_each(|ticket| drop(ticket.visible().unwrap()));
        }
        let before = db.memory().unwrap();
        db.trim().unwrap();
        (before.retained_bytes + before.spare_bytes, db.memory().unwrap().retained_bytes)
    };
    let (used, retained) = run(Db::<World>::builder().worker_threads(2).commit_log(Nowhere).open().unwrap());
    let (used_without, retained_without) = run(Db::<World>::builder().worker_threads(2).open().unwrap());
    assert_eq!((retained, retained_without), (0, 0));
    assert!(
        used <= used_without + 32 * 1024,
        "{used} bytes besides the published version, {used_without} without a log"
    );
}

#[test]
fn a_log_that_panics_is_not_asked_again() {
    let (db, log) = open();
    db.spawn(Small::sample(1)).unwrap();
    log.with(|record| record.watch = Some(Box::new(|_| panic!("no paper"))));
    let before = Rows::of(&db);
    let refused = db.spawn(Small::sample(2)).unwrap_err();
    assert_eq!(with_causes(&refused).to_string(), "the commit log refused the transaction: it panicked: no paper");
    // Whatever it would say now: what it has kept is unknown.
    log.with(|record| record.watch = None);
    assert!(matches!(db.spawn(Small::sample(3)), Err(TransactionError::Log(_))));
    assert_eq!(Rows::of(&db), before, "readers see what was committed");
    assert_eq!(db.stats().version, 1);
    assert_eq!(log.with(|record| record.versions.clone()), [1]);
    db.close().unwrap();
}
