//! A: all of a transaction or nothing of it, wherever and however it fails, and whatever it has done before.

use ecsdb::{Db, Entity, OpError, Transaction, TransactionBuilder, TransactionError};
use ecsdb_tests::log::{Recorder, Rows};
use ecsdb_tests::world::*;

fn purse(gold: u64) -> Purse {
    Purse { gold, open: false }
}

/// A database with some of everything, and what its log has seen.
fn open() -> (Db<World>, Vec<Entity>, Recorder) {
    let log = Recorder::default();
    let db = Db::<World>::builder().commit_log(log.clone()).worker_threads(1).open().unwrap();
    let all = db
        .write(|tx| {
            let mut all = tx.spawn_all((0..40).map(|n| (purse(n), Small::sample(n), R100::sample(n))))?;
            all.extend(tx.spawn_all((0..5).map(|n| (Wide::sample(n), Pos::sample(n))))?);
            all.extend(tx.spawn_all((0..5).map(|_| Item { owner: None, makers: [None; 2], kind: 1 }))?);
            Ok(all)
        })
        .unwrap();
    (db, all, log)
}

/// How many operations [`compose`] has.
const OPERATIONS: usize = 14;

/// One of many operations that all succeed when they are done in order.
fn compose(tx: &mut TransactionBuilder<World>, all: &[Entity], operation: usize) {
    match operation {
        0 => tx.update(all[0], Purse::C.gold.add(7)),
        1 => tx.update(all[1], (Purse::C.gold.set(9), Purse::C.open.set(true))),
        2 => tx.insert(all[2], Wide::sample(2)),
        3 => tx.remove::<R100>(all[3]),
        4 => tx.despawn(all[4]),
        5 => {
            let new = tx.spawn((purse(1), Frozen, Wide::sample(9)));
            tx.insert(all[6], Item { owner: Some(new), makers: [Some(new), None], kind: 2 });
        }
        6 => tx.upsert(all[7], purse(1), Purse::C.gold.mul(3)),
        7 => tx.upsert(all[41], purse(5), Purse::C.gold.mul(3)),
        8 => tx.insert_if_absent(all[8], Frozen),
        9 => tx.replace(all[9], Small::sample(1)),
        10 => tx.require(all[0], Purse::C.gold.eq(7)),
        11 => tx.require_absent::<R100>(all[3]),
        12 => tx.update(all[45], Item::C.owner.set(Some(all[0]))),
        _ => (0..200).for_each(|n| {
            let _ = tx.spawn((Small::sample(n), Pos::sample(n)));
        }),
    }
}

/// What fails, and with what.
type Fault = (fn(&mut TransactionBuilder<World>, &[Entity]), fn(&OpError) -> bool);

const FAULTS: [Fault; 7] = [
    (|tx, all| tx.update(all[10], Purse::C.gold.sub(11)), |error| matches!(error, OpError::OutOfRange(_))),
    (
        |tx, all| tx.update(all[10], (Purse::C.open.set(true), Purse::C.gold.sub(11))),
        |error| matches!(error, OpError::OutOfRange(_)),
    ),
    (|tx, all| tx.require(all[10], Purse::C.gold.gt(10)), |error| matches!(error, OpError::GuardFailed(_))),
    (|tx, all| tx.require_row(all[10], purse(11)), |error| matches!(error, OpError::RowGuardFailed(_))),
    (|tx, all| tx.remove::<Wide>(all[10]), |error| matches!(error, OpError::ComponentMissing { .. })),
    (
        |tx, all| tx.despawn(Entity::from_bits(all[10].to_bits() + (1 << 32)).unwrap()),
        |error| matches!(error, OpError::UnknownEntity { .. }),
    ),
    (|tx, _| tx.expect_version(0), |error| matches!(error, OpError::Conflict(_))),
];

#[test]
fn a_message_that_fails_at_any_place_for_any_reason_has_done_nothing() {
    let (db, all, log) = open();
    let before = Rows::of(&db);
    let commits = log.with(|record| record.committed.len());
    for (fault, is_expected) in FAULTS {
        for place in 0..=OPERATIONS {
            let mut tx = db.begin();
            for operation in 0..OPERATIONS {
                if operation == place {
                    fault(&mut tx, &all);
                }
                compose(&mut tx, &all, operation);
            }
            if place == OPERATIONS {
                fault(&mut tx, &all);
            }
            match tx.commit().unwrap().visible() {
                Err(TransactionError::Op(error)) if is_expected(&error) => {}
                other => panic!("at {place}: {other:?}"),
            }
            assert!(Rows::of(&db) == before, "something is left of a message that failed at {place}");
        }
    }
    assert_eq!(log.with(|record| record.committed.len()), commits, "the log has seen nothing of them");
    // Without a fault all of it is there, in one version.
    let mut tx = db.begin();
    (0..OPERATIONS).for_each(|operation| compose(&mut tx, &all, operation));
    tx.commit().unwrap().visible().unwrap();
    let after = Rows::of(&db);
    assert!(after != before && log.with(|record| record.rows.clone()) == after);
    assert_eq!(log.with(|record| record.committed.len()), commits + 1);
}

#[test]
fn ten_thousand_operations_and_a_failed_guard_at_the_end() {
    let (db, all, _) = open();
    let before = Rows::of(&db);
    let message = |guard: u64| {
        let mut tx = db.begin();
        for n in 0..10_000 {
            match n % 4 {
                0 => {
                    let _ = tx.spawn((Small::sample(n), purse(n)));
                }
                1 => tx.update(all[n as usize % 40], Purse::C.gold.add(1)),
                2 => tx.insert(all[n as usize % 50], R32::sample(n)),
                _ => tx.upsert(all[n as usize % 50], Pos::sample(n), Pos::C.x.wrapping_add(1)),
            }
        }
        tx.require(all[1], Purse::C.gold.ge(guard));
        tx.commit().unwrap().visible()
    };
    message(1_000_000).unwrap_err();
    assert!(Rows::of(&db) == before);
    assert_eq!(message(1).unwrap().entities.len(), 2500);
    assert_eq!(db.stats().entities, 50 + 2500);
}

#[test]
fn a_closure_that_panics_or_gives_up_after_any_of_its_steps_has_done_nothing() {
    let (db, all, log) = open();
    let before = Rows::of(&db);
    let steps = |tx: &mut Transaction<'_, World>, all: &[Entity], count: usize| -> Result<(), TransactionError> {
        for step in 0..count {
            match step {
                0 => drop(tx.update_all(|small: &mut Small| small.n += 1)?),
                1 => drop(tx.spawn_all((0..3000).map(|n| (Small::sample(n), Wide::sample(n))))?),
                2 => all[..20].iter().try_for_each(|entity| tx.despawn(*entity))?,
                3 => tx.modify(all[30], |purse: &mut Purse| purse.gold = 1)?,
                4 => drop(tx.upsert(all[45], purse(3), Purse::C.gold.add(1))?),
                5 => tx.insert(all[31], Item { owner: Some(all[32]), makers: [None; 2], kind: 7 })?,
                _ => tx.remove::<R100>(all[33])?,
            }
        }
        Ok(())
    };
    for count in 0..=7 {
        for panics in [true, false] {
            let all = all.clone();
            let failed = db.write(move |tx| {
                steps(tx, &all, count)?;
                if panics {
                    std::panic::resume_unwind(Box::new("in the middle"));
                }
                Err::<(), _>(tx.abort("enough"))
            });
            match failed {
                Err(TransactionError::Panicked { .. }) if panics => {}
                Err(TransactionError::Aborted(_)) if !panics => {}
                other => panic!("{other:?}"),
            }
            assert!(Rows::of(&db) == before, "after {count} steps");
        }
    }
    assert!(log.with(|record| record.rows.clone()) == before);
    db.write(move |tx| steps(tx, &all, 7)).unwrap();
    assert!(log.with(|record| record.rows.clone()) == Rows::of(&db));
}

#[test]
fn nothing_of_an_attempt_that_lost_is_left() {
    let (db, all, _) = open();
    let (a, b) = (all[20], all[21]);
    let mut left = 2;
    let done = db.optimistic(5, |tx| {
        let gold = tx.read::<Purse>(a)?.gold;
        let new = tx.spawn(purse(gold));
        tx.insert(b, Item { owner: Some(new), makers: [None; 2], kind: gold as u16 });
        if left > 0 {
            left -= 1;
            db.update(a, Purse::C.gold.add(1))?;
        }
        Ok(new)
    });
    let done = done.unwrap();
    assert_eq!((done.attempts, db.stats().entities), (3, 51));
    let item = db.table::<Item>().get(b).unwrap();
    assert_eq!((item.owner, item.kind), (Some(done.commit[done.value]), 22));
}
