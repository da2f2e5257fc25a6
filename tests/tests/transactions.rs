//! Transactions one by one and in batches: what is kept, what is taken back, what is refused, and what is said about it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::time::Duration;

use ecsdb::{Db, Entity, OpError, Ticket, TransactionBuilder, TransactionError};
use ecsdb_tests::world::*;
use ecsdb_tests::{block_on, block_writer, why, why_not};

fn open() -> Db<World> {
    Db::<World>::builder().worker_threads(2).open().unwrap()
}

fn purse(gold: u64) -> Purse {
    Purse { gold, open: false }
}

fn gold(db: &Db<World>, entity: Entity) -> u64 {
    db.snapshot().get::<Purse>(entity).unwrap().gold()
}

#[test]
fn one_failure_in_a_batch_takes_back_that_transaction_alone() {
    let db = open();
    let (a, b) = (db.spawn(purse(100)).unwrap(), db.spawn((purse(0), Wide::sample(1))).unwrap());
    let version = db.stats().version;
    let blocked = block_writer(&db);
    let pay = |amount: u64| -> Ticket {
        let mut tx = db.begin();
        tx.update(b, Purse::C.gold.add(amount));
        tx.update(a, Purse::C.gold.sub(amount));
        let _ = tx.spawn((Small { n: 1 }, R100::sample(amount)));
        tx.commit().unwrap()
    };
    let first = pay(60);
    let second = pay(60);
    let panicking = db.write_async(move |tx| {
        tx.despawn(b)?;
        tx.spawn(Wide::sample(9))?;
        if true {
            panic!("in the middle");
        }
        Ok(())
    });
    let third = pay(40);
    drop(blocked);
    let first = first.visible().unwrap();
    assert_eq!(
        why_not(second),
        format!("`purse.gold` of entity {a} is 40: subtracting 60 leaves the range of the field")
    );
    assert_eq!(why(block_on(panicking)), "the transaction panicked: in the middle");
    let third = third.visible().unwrap();
    assert_eq!((first.version, third.version), (version + 1, version + 1), "one batch, one version");
    assert_eq!((gold(&db, a), gold(&db, b)), (0, 100));
    let snapshot = db.snapshot();
    assert_eq!((snapshot.entity_count(), snapshot.table::<Small>().len(), snapshot.table::<Wide>().len()), (4, 2, 1));
    assert!(snapshot.is_alive(first.entities[0]) && snapshot.is_alive(third.entities[0]));
    assert_ne!(first.entities[0], third.entities[0]);
}

#[test]
fn a_panic_on_a_worker_of_update_all_takes_the_transaction_back() {
    let db = open();
    db.write(|tx| Ok(tx.spawn_all((0..20_000).map(|n| Small { n }))?)).unwrap();
    let failed = db.write(|tx| {
        tx.update_all(|small: &mut Small| small.n += 1)?;
        tx.update_all(|small: &mut Small| {
            assert!(small.n != 15_000, "row {}", small.n);
            small.n = 0;
        })?;
        Ok(())
    });
    assert_eq!(why(failed), "the transaction panicked: row 15000");
    let snapshot = db.snapshot();
    assert!(snapshot.table::<Small>().pages().flatten().map(|small| small.n).eq(0..20_000));
    let kept = db.write(|tx| {
        let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            tx.update_all(|small: &mut Small| {
                assert!(small.n != 7);
                small.n = 0;
            })
        }));
        assert!(caught.is_err());
        tx.update_all(|small: &mut Small| small.n += 1)?;
        Ok(())
    });
    kept.unwrap();
    let snapshot = db.snapshot();
    assert!(
        snapshot.table::<Small>().pages().flatten().map(|small| small.n).eq(1..20_001),
        "a caught update_all changed nothing"
    );
}

#[test]
fn waiting_for_the_writer_on_the_writer_is_an_error() {
    let db = open();
    let e = db.spawn(Small { n: 1 }).unwrap();
    // Its own handle, a clone of it, all ways to wait.
    let inner = db.clone();
    let texts = db
        .write(move |tx| {
            let pos = Pos { x: 1, y: 1 };
            Ok(vec![
                why(inner.write(|_| Ok(()))),
                why(inner.spawn(())),
                why(inner.insert(e, pos)),
                why(inner.begin().commit().map(drop)),
                why(inner.begin().try_commit().map(drop).map_err(Into::into)),
                why(inner.begin().commit_timeout(Duration::from_secs(60)).map(drop).map_err(Into::into)),
                why(block_on(inner.write_async(|_| Ok(())))),
                why(inner.memory()),
                why(inner.trim()),
                why(inner.reserve::<Small>(10)),
                why(inner.close()),
                why(tx.remove::<Small>(e).map_err(TransactionError::from)),
            ])
        })
        .unwrap();
    let (last, all) = texts.split_last().unwrap();
    assert_eq!(last, "committed");
    for (index, text) in all.iter().enumerate() {
        assert_eq!(text, "called from inside a transaction of the same database: it would wait for itself", "{index}");
    }

    // From the threads of the database that work for a transaction.
    let (inner, count) = (db.clone(), Arc::new(AtomicUsize::new(0)));
    let counted = Arc::clone(&count);
    db.write(move |tx| {
        tx.spawn_all((0..5000).map(|n| Pos { x: n, y: 0 }))?;
        tx.update_all(move |pos: &mut Pos| {
            if let Err(TransactionError::Reentrant) = inner.write(|_| Ok(())) {
                counted.fetch_add(1, Ordering::Relaxed);
            }
            pos.y = 1;
        })?;
        Ok(())
    })
    .unwrap();
    assert_eq!(count.load(Ordering::Relaxed), 5000);

    // A ticket from outside.
    let blocked = block_writer(&db);
    let mut ticket = db.begin().commit().unwrap();
    let waits = db.write_async(move |_| {
        let timed = why(ticket.visible_timeout(Duration::from_secs(60)));
        Ok([timed, why_not(ticket)])
    });
    drop(blocked);
    let texts = block_on(waits).unwrap();
    assert!(texts.iter().all(|text| text.starts_with("called from inside")), "{texts:?}");

    // Another database is no reason to refuse.
    let other = open();
    let entity = db.write(move |_| other.spawn(Small { n: 2 })).unwrap();
    assert_eq!(entity.generation(), 1);
}

#[test]
fn a_guard_says_what_was_expected_and_what_was_found() {
    let db = open();
    let e = db.spawn((purse(50), Pos { x: -3, y: 4 }, R32::sample(1))).unwrap();
    let check = |guard: fn(&mut TransactionBuilder<World>, Entity)| {
        let mut tx = db.begin();
        tx.update(e, Purse::C.gold.add(1));
        guard(&mut tx, e);
        match tx.commit().unwrap().visible() {
            Err(TransactionError::Op(OpError::GuardFailed(guard))) => {
                assert_eq!(guard.entity, e);
                format!("{}.{} {} {}, not {}", guard.table, guard.field, guard.op, guard.expected, guard.found)
            }
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(check(|tx, e| tx.require(e, Purse::C.gold.ge(52))), "purse.gold >= 52, not 51");
    assert_eq!(check(|tx, e| tx.require(e, Purse::C.gold.lt(51))), "purse.gold < 51, not 51");
    assert_eq!(check(|tx, e| tx.require(e, Purse::C.open.eq(true))), "purse.open == true, not false");
    assert_eq!(check(|tx, e| tx.require(e, Pos::C.x.gt(-3))), "pos.x > -3, not -3");
    assert_eq!(check(|tx, e| tx.require(e, Pos::C.y.ne(4))), "pos.y != 4, not 4");
    assert_eq!(gold(&db, e), 50);
    let in_closure = db.write(move |tx| Ok(tx.require(e, Pos::C.x.le(-4))?));
    assert_eq!(why(in_closure), format!("guard on `pos.x` of entity {e}: expected <= -4, found -3"));
    let mut tx = db.begin();
    tx.require(e, Pos::C.x.le(-3));
    tx.require(e, Pos::C.x.lt(0));
    tx.require_alive(e);
    tx.commit().unwrap().visible().unwrap();
}

#[test]
fn entities_that_are_unknown_stale_or_lack_the_component() {
    let db = open();
    let stale = db.spawn(Small { n: 1 }).unwrap();
    let e = db.spawn(Pos { x: 0, y: 0 }).unwrap();
    db.despawn(stale).unwrap();
    let unknown = Entity::from_bits(1 << 32 | 3_000_000).unwrap();
    let future = Entity::from_bits(e.to_bits() + (9 << 32)).unwrap();
    for (entity, text) in [
        (unknown, format!("entity {unknown} is unknown: this database has never handed it out")),
        (future, format!("entity {future} is unknown: this database has never handed it out")),
        (stale, format!("entity {stale} is stale: it was despawned")),
    ] {
        assert_eq!(why(db.insert(entity, Small { n: 1 })), text);
        assert_eq!(why(db.remove::<Small>(entity)), text);
        assert_eq!(why(db.update(entity, Small::C.n.set(1))), text);
        assert_eq!(why(db.despawn(entity)), text);
        let mut tx = db.begin();
        tx.require_alive(entity);
        assert_eq!(why_not(tx.commit().unwrap()), text);
        let mut tx = db.begin();
        tx.replace(entity, Small { n: 1 });
        assert_eq!(why_not(tx.commit().unwrap()), text);
        assert_eq!(why(db.write(move |tx| Ok(tx.modify(entity, |small: &mut Small| small.n = 1)?))), text);
        assert_eq!(db.snapshot().try_get::<Small>(entity).unwrap_err().to_string(), text);
        assert!(db.snapshot().get::<Small>(entity).is_none() && db.table::<Small>().get(entity).is_none());
        assert_eq!(db.snapshot().components_of(entity).count(), 0);
    }
    let text = format!("entity {e} has no `small`");
    assert_eq!(why(db.remove::<Small>(e)), text);
    assert_eq!(why(db.update(e, Small::C.n.add(1))), text);
    assert_eq!(why(db.write(move |tx| Ok(tx.require(e, Small::C.n.eq(1))?))), text);
    assert_eq!(why(db.write(move |tx| Ok(tx.modify(e, |small: &mut Small| small.n = 1)?))), text);
    let mut tx = db.begin();
    tx.replace(e, Small { n: 1 });
    assert_eq!(why_not(tx.commit().unwrap()), text);
    assert_eq!(db.snapshot().try_get::<Small>(e).unwrap_err().to_string(), text);

    // The slot's next owner is another entity.
    let next = db.spawn(Small { n: 5 }).unwrap();
    assert_eq!((next.slot(), next.generation()), (stale.slot(), stale.generation() + 1));
    assert!(db.snapshot().get::<Small>(stale).is_none());
}

#[test]
fn promised_entities_are_good_in_their_own_transaction() {
    let db = open();
    let known = db.spawn(Small { n: 0 }).unwrap();
    let mut tx = db.begin();
    let a = tx.spawn(());
    let b = tx.spawn(Item { owner: Some(a), makers: [Some(a), Some(known)], kind: 1 });
    tx.insert(a, Item { owner: Some(b), makers: [None, Some(a)], kind: 2 });
    tx.insert(known, Item { owner: Some(b), makers: [Some(b), None], kind: 3 });
    let c = tx.spawn(Item { owner: None, makers: [None; 2], kind: 4 });
    tx.update(c, Item::C.owner.set(Some(a)));
    tx.update(c, Item::C.makers.set([Some(b), Some(c)]));
    // Guards see the real ones as well.
    tx.require(c, Item::C.owner.eq(Some(a)));
    tx.require(c, Item::C.makers.eq([Some(b), Some(c)]));
    tx.require(c, Item::C.owner.ne(Some(b)));
    tx.require_alive(c);
    let dead = tx.spawn(Frozen);
    tx.despawn(dead);
    let commit = tx.commit().unwrap().visible().unwrap();
    assert_eq!(commit.entities, [commit[a], commit[b], commit[c], commit[dead]], "in the order of promises");
    assert_eq!(commit.entity(known), known);
    let (a, b, c, dead) = (commit[a], commit[b], commit[c], commit[dead]);
    let snapshot = db.snapshot();
    let item = |entity| snapshot.get::<Item>(entity).unwrap().to_owned();
    assert_eq!(item(a), Item { owner: Some(b), makers: [None, Some(a)], kind: 2 });
    assert_eq!(item(b), Item { owner: Some(a), makers: [Some(a), Some(known)], kind: 1 });
    assert_eq!(item(c), Item { owner: Some(a), makers: [Some(b), Some(c)], kind: 4 });
    assert_eq!(item(known), Item { owner: Some(b), makers: [Some(b), None], kind: 3 });
    assert!(!snapshot.is_alive(dead));
}

#[test]
fn a_promise_of_another_transaction_is_refused() {
    let db = open();
    let e = db.spawn(()).unwrap();
    let mut other = db.begin();
    let _ = other.spawn(());
    let foreign = other.spawn(());
    let text = "entity promised#1 was promised by another transaction: take the real one from its commit";
    let mut tx = db.begin();
    let _ = tx.spawn(Item { owner: Some(foreign), makers: [None; 2], kind: 0 });
    assert_eq!(why_not(tx.commit().unwrap()), text);
    assert_eq!(why(db.insert(foreign, Frozen)), text);
    assert_eq!(why(db.despawn(foreign)), text);
    assert_eq!(why(db.insert(e, Item { owner: None, makers: [None, Some(foreign)], kind: 0 })), text);
    let rows = move || {
        (0..100).map(move |n| Item { owner: if n == 70 { Some(foreign) } else { None }, makers: [None; 2], kind: n })
    };
    assert_eq!(why(db.write(move |tx| Ok(tx.spawn_all(rows())?))), text);
    // A closure that goes on after a failed spawn has no half entity.
    db.write(move |tx| {
        let spawned = tx.spawn((Small { n: 1 }, Item { owner: Some(foreign), makers: [None; 2], kind: 0 }));
        assert!(matches!(spawned, Err(OpError::PromisedEntity { .. })));
        Ok(())
    })
    .unwrap();
    assert_eq!((db.stats().entities, db.stats().rows), (1, 0));
}

#[test]
fn the_memory_limit_refuses_clearly_and_nothing_is_lost() {
    let db = Db::<World>::builder().memory_limit(400_000).worker_threads(1).open().unwrap();
    let kept = db.write(|tx| Ok(tx.spawn_all((0..30).map(Wide::sample))?)).unwrap();
    let refused = db.write(|tx| Ok(tx.spawn_all((0..200).map(Wide::sample))?));
    let text = why(refused);
    assert!(text.starts_with("the memory limit of 400000 bytes leaves no room for a page of "), "{text}");
    // A closure that swallows the error is rolled back all the same, also if it catches it deep inside.
    let swallowed = db.write(|tx| {
        let mut made = 0_u32;
        while tx.spawn((Wide::sample(1), Small { n: made })).is_ok() {
            made += 1;
        }
        Ok(made)
    });
    assert!(matches!(swallowed, Err(TransactionError::Op(OpError::Memory(_)))), "{swallowed:?}");
    let updated = db.write(|tx| {
        let _ = tx.spawn_all((0..200).map(Wide::sample));
        tx.update_all(|wide: &mut Wide| *wide = Wide::sample(u64::from(wide.n) + 1))?;
        Ok(())
    });
    assert!(matches!(updated, Err(TransactionError::Op(OpError::Memory(_)))), "{updated:?}");
    let snapshot = db.snapshot();
    assert_eq!((snapshot.entity_count(), snapshot.table::<Wide>().len(), snapshot.table::<Small>().len()), (30, 30, 0));
    for (n, entity) in kept.iter().enumerate() {
        assert_eq!(Wide::number(snapshot.get::<Wide>(*entity).unwrap()), n as u64);
    }
    drop(snapshot);
    // Rows can be deleted, and then others stored.
    let gone = kept.clone();
    db.write(move |tx| gone[5..].iter().try_for_each(|entity| Ok(tx.despawn(*entity)?))).unwrap();
    db.write(|tx| Ok(tx.spawn_all((0..20).map(Wide::sample))?)).unwrap();
    assert_eq!(db.snapshot().table::<Wide>().len(), 25);
    assert!(matches!(db.reserve::<Wide>(1000), Err(TransactionError::Op(OpError::Memory(_)))));
    assert!(matches!(db.reserve::<Wide>(usize::MAX), Err(TransactionError::Op(OpError::Slots(_)))));
    db.reserve::<Small>(1000).unwrap();
    db.spawn(Small { n: 1 }).unwrap();
}

#[test]
fn a_full_queue_says_so() {
    let db = Db::<World>::builder().queue_limits(3, 10_000).worker_threads(1).open().unwrap();
    let e = db.spawn(Small { n: 0 }).unwrap();
    let blocked = block_writer(&db);
    let tx = || {
        let mut tx = db.begin();
        tx.update(e, Small::C.n.add(1));
        tx
    };
    // By messages.
    let tickets: Vec<Ticket> = (0..3).map(|_| tx().try_commit().unwrap()).collect();
    assert_eq!(db.stats().queued_transactions, 3);
    let full = tx().try_commit().err().unwrap();
    assert!(matches!(full.error, TransactionError::QueueFull { queued_bytes, .. } if queued_bytes > 0), "{full}");
    let again = full.transaction;
    assert!(matches!(block_on(db.write_async(|_| Ok(()))), Err(TransactionError::QueueFull { .. })));
    let late = tx().commit_timeout(Duration::from_millis(5)).err().unwrap();
    assert!(matches!(late.error, TransactionError::Timeout), "{late}");
    drop(blocked);
    for mut ticket in tickets {
        while ticket.try_visible().unwrap().is_none() {
            std::thread::yield_now();
        }
    }
    assert_eq!(db.snapshot().get::<Small>(e).unwrap().n, 3, "what was refused has not happened");
    again.commit().unwrap().visible().unwrap();
    assert_eq!(db.snapshot().get::<Small>(e).unwrap().n, 4, "what was refused can be committed later");
    assert_eq!((db.stats().queued_transactions, db.stats().queued_bytes), (0, 0));

    // By bytes: one that is larger than all of it is taken when nothing else waits.
    let blocked = block_writer(&db);
    let mut large = db.begin();
    for n in 0..3 {
        large.insert(e, Wide::sample(n));
    }
    assert!(large.len_bytes() > 10_000);
    let large = large.try_commit().unwrap();
    assert!(matches!(tx().try_commit().map_err(Into::into), Err(TransactionError::QueueFull { .. })));
    assert!(matches!(
        tx().commit_timeout(Duration::from_millis(5)).map_err(Into::into),
        Err(TransactionError::Timeout)
    ));
    drop(blocked);
    large.visible().unwrap();
    tx().commit().unwrap().visible().unwrap();
    assert_eq!(db.stats().queued_bytes, 0);
}

#[test]
fn a_ticket_that_timed_out_may_be_asked_again() {
    let db = open();
    let blocked = block_writer(&db);
    let mut tx = db.begin();
    let promised = tx.spawn(Small { n: 8 });
    let mut ticket = tx.commit().unwrap();
    assert!(matches!(ticket.visible_timeout(Duration::from_millis(5)), Err(TransactionError::Timeout)));
    assert!(matches!(ticket.visible_timeout(Duration::ZERO), Err(TransactionError::Timeout)));
    drop(blocked);
    let commit = ticket.visible_timeout(Duration::from_secs(60)).unwrap();
    assert_eq!(db.snapshot().get::<Small>(commit[promised]), Some(&Small { n: 8 }));
}

#[test]
fn tickets_and_closures_can_be_awaited_or_dropped() {
    let db = open();
    let e = db.spawn(Small { n: 0 }).unwrap();
    block_on(async {
        let mut tx = db.begin();
        tx.update(e, Small::C.n.add(1));
        let commit = tx.commit().unwrap().await.unwrap();
        let seen = db.write_async(move |tx| Ok(tx.get::<Small>(e).map(|small| small.n))).await.unwrap();
        assert_eq!((seen, db.snapshot().version()), (Some(1), commit.version));
        let mut tx = db.begin();
        tx.require(e, Small::C.n.eq(7));
        assert!(matches!(tx.commit().unwrap().await, Err(TransactionError::Op(OpError::GuardFailed(_)))));
    });
    // Nobody waits for these; they happen.
    let blocked = block_writer(&db);
    for _ in 0..10 {
        let mut tx = db.begin();
        tx.update(e, Small::C.n.add(1));
        drop(tx.commit().unwrap());
        drop(db.write_async(move |tx| Ok(tx.update(e, Small::C.n.add(1))?)));
    }
    drop(blocked);
    assert_eq!(db.write(move |tx| Ok(tx.get::<Small>(e).map(|small| small.n))).unwrap(), Some(21));
}

#[test]
fn a_closed_database_answers_closed_and_has_done_what_was_queued() {
    let db = open();
    let e = db.spawn(Small { n: 0 }).unwrap();
    let unused = db.begin();
    let blocked = block_writer(&db);
    let tickets: Vec<Ticket> = (0..50)
        .map(|_| {
            let mut tx = db.begin();
            tx.update(e, Small::C.n.add(1));
            tx.commit().unwrap()
        })
        .collect();
    let closers: Vec<_> = (0..2)
        .map(|_| {
            let db = db.clone();
            std::thread::spawn(move || {
                db.close().unwrap();
                // Whoever closes, everything that was queued is done.
                assert_eq!(db.snapshot().get::<Small>(e).unwrap().n, 50);
            })
        })
        .collect();
    // The closers are inside `close` as soon as the queue takes nothing.
    while !matches!(db.begin().try_commit().map_err(Into::into), Err(TransactionError::Closed)) {
        std::thread::yield_now();
    }
    drop(blocked);
    for closer in closers {
        closer.join().unwrap();
    }
    for ticket in tickets {
        ticket.visible().unwrap();
    }
    for text in [
        why(unused.commit().map(drop)),
        why(db.begin().try_commit().map(drop).map_err(Into::into)),
        why(db.begin().commit_timeout(Duration::from_secs(60)).map(drop).map_err(Into::into)),
        why(db.write(|_| Ok(()))),
        why(block_on(db.write_async(|_| Ok(())))),
        why(db.spawn(Frozen)),
        why(db.despawn(e)),
        why(db.insert(e, Frozen)),
        why(db.remove::<Small>(e)),
        why(db.update(e, Small::C.n.add(1))),
        why(db.table::<Small>().insert(e, Small { n: 0 })),
        why(db.reserve::<Small>(1)),
        why(db.memory()),
        why(db.trim()),
    ] {
        assert_eq!(text, "the database is closed");
    }
    db.close().unwrap();
    let snapshot = db.snapshot();
    drop(db);
    assert_eq!(snapshot.get::<Small>(e).unwrap().n, 50);
    let mut count = 0;
    snapshot.query::<&Small>().for_each(|_| count += 1);
    assert_eq!((count, snapshot.query::<&Small>().par_fold(|| 0, |n, _| n + 1, |a, b| a + b)), (1, 1));
}

#[test]
fn the_last_handle_may_go_inside_a_transaction() {
    let db = open();
    let e = db.spawn(Small { n: 0 }).unwrap();
    let snapshot = db.snapshot();
    let (done, finished) = channel();
    let blocked = block_writer(&db);
    let mut tx = db.begin();
    tx.update(e, Small::C.n.add(1));
    let before = tx.commit().unwrap();
    let last = db.clone();
    let dropping = db.write_async(move |_| {
        drop(last);
        Ok(())
    });
    drop((db, snapshot));
    let end = std::thread::spawn(move || {
        drop(blocked);
        before.visible().unwrap();
        block_on(dropping).unwrap();
        done.send(()).unwrap();
    });
    finished.recv_timeout(Duration::from_secs(60)).expect("nobody waits for ever");
    end.join().unwrap();
}

#[test]
fn what_panics_while_it_is_answered_does_not_end_the_writer() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            if !std::thread::panicking() {
                panic!("a bomb");
            }
        }
    }
    let db = open();
    // A result that nobody waits for, and a panic whose payload panics.
    let blocked = block_writer(&db);
    drop(db.write_async(|_| Ok(Bomb)));
    drop(blocked);
    db.spawn(()).unwrap();
    let panicked = db.write::<()>(|_| std::panic::panic_any(Bomb));
    assert_eq!(why(panicked), "the transaction panicked: a value that is no text");
    db.spawn(()).unwrap();
    assert_eq!(db.stats().entities, 2);
}

#[test]
fn an_operation_that_failed_in_a_closure_leaves_the_rest_to_the_closure() {
    let db = open();
    let e = db.spawn((Small { n: u32::MAX }, purse(1))).unwrap();
    let version = db.stats().version;
    db.write(move |tx| {
        assert!(matches!(tx.update(e, Small::C.n.add(1)), Err(OpError::OutOfRange(_))));
        assert!(matches!(tx.remove::<Pos>(e), Err(OpError::ComponentMissing { .. })));
        Ok(())
    })
    .unwrap();
    assert_eq!(db.stats().version, version, "nothing has changed");
    let n = db
        .write(move |tx| {
            assert!(tx.update(e, Purse::C.gold.sub(2)).is_err());
            tx.update(e, Purse::C.gold.add(2))?;
            Ok(tx.modify(e, |purse: &mut Purse| {
                purse.open = true;
                purse.gold
            })?)
        })
        .unwrap();
    assert_eq!((n, db.snapshot().get::<Purse>(e).unwrap().to_owned()), (3, Purse { gold: 3, open: true }));
}
