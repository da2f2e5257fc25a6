//! Optimistic transactions: what they read, what stands in their way, and how often they try.

use std::sync::Barrier;

use ecsdb::{Component, Db, Entity, OpError, TransactionError};
use ecsdb_tests::{block_on, block_writer, why};

#[derive(Component, Debug, PartialEq)]
struct Purse {
    gold: u64,
}

#[derive(Component, Debug, PartialEq)]
struct OnCall {
    since: u32,
}

#[derive(Component, Debug, PartialEq)]
struct Sign {
    text: String,
    of: Option<Entity>,
}

ecsdb::schema! { World: Purse, OnCall, Sign }

fn open() -> (Db<World>, Entity, Entity) {
    let db = Db::<World>::in_memory().unwrap();
    let (a, b) = (db.spawn(Purse { gold: 10 }).unwrap(), db.spawn(Purse { gold: 20 }).unwrap());
    (db, a, b)
}

fn gold(db: &Db<World>, entity: Entity) -> u64 {
    db.table::<Purse>().get(entity).unwrap().gold
}

fn sign(text: &str, of: Option<Entity>) -> Sign {
    Sign { text: text.to_owned(), of }
}

#[test]
fn what_would_fail_fails_as_soon_as_it_is_read() {
    let (db, a, _) = open();
    let missing = OpError::ComponentMissing { entity: a, table: "purse".into() };
    let outcome = db.optimistic(0, |tx| {
        tx.remove::<Purse>(a);
        tx.remove::<Purse>(a);
        assert_eq!(tx.find::<Purse>(a).unwrap_err(), missing);
        Ok(())
    });
    assert_eq!(outcome.unwrap_err().to_string(), missing.to_string(), "the writer says the same");
}

#[test]
fn a_transaction_reads_its_own_writes_and_the_snapshot_does_not() {
    let (db, a, b) = open();
    let done = db
        .optimistic(0, |tx| {
            tx.update(a, Purse::C.gold.add(5));
            tx.update(a, (Purse::C.gold.mul(2), Purse::C.gold.sub(1)));
            assert_eq!(tx.read::<Purse>(a)?, Purse { gold: 29 });
            tx.remove::<Purse>(a);
            assert_eq!((tx.find::<Purse>(a)?, tx.contains::<Purse>(a)?), (None, false));
            assert_eq!(
                tx.read::<Purse>(a).unwrap_err(),
                OpError::ComponentMissing { entity: a, table: "purse".into() }
            );
            tx.upsert(a, Purse { gold: 1 }, Purse::C.gold.add(7));
            tx.upsert(a, Purse { gold: 1 }, Purse::C.gold.add(7));
            tx.insert_if_absent(a, Purse { gold: 99 });
            assert_eq!(tx.read::<Purse>(a)?.gold, 8);
            tx.insert(a, sign("inn", Some(b)));
            tx.update(a, Sign::C.text.set("the golden inn".to_owned()));
            assert_eq!(tx.read::<Sign>(a)?, sign("the golden inn", Some(b)));
            tx.replace(a, sign("x", None));
            assert_eq!(tx.read::<Sign>(a)?.text, "x");

            let new = tx.spawn((Purse { gold: 3 }, sign("new", None)));
            tx.update(new, Sign::C.of.set(Some(new)));
            assert_eq!(tx.read::<Sign>(new)?, sign("new", Some(new)));
            assert!(tx.is_alive(new) && tx.contains::<Purse>(new)? && !tx.contains::<OnCall>(new)?);

            assert!(tx.is_alive(b));
            tx.despawn(b);
            assert_eq!((tx.is_alive(b), tx.find::<Purse>(b)?), (false, None));
            assert_eq!(tx.snapshot().get::<Purse>(a).map(|purse| purse.gold()), Some(10));
            assert!(tx.snapshot().is_alive(b));
            Ok(new)
        })
        .unwrap();
    assert_eq!((done.attempts, done.commit.version), (1, db.stats().version));
    let new = done.commit[done.value];
    assert_eq!((gold(&db, a), db.table::<Sign>().get(a), gold(&db, new)), (8, Some(sign("x", None)), 3));
    assert_eq!(db.table::<Sign>().get(new), Some(sign("new", Some(new))));
    assert!(!db.snapshot().is_alive(b));
}

#[test]
fn an_operation_that_cannot_be_done_is_told_when_its_row_is_read() {
    let (db, a, b) = open();
    let failed = db.optimistic(3, |tx| {
        tx.update(a, Purse::C.gold.sub(11));
        Ok(tx.read::<Purse>(a)?)
    });
    assert_eq!(why(failed), format!("`purse.gold` of entity {a} is 10: subtracting 11 leaves the range of the field"));
    let failed = db.optimistic(3, |tx| {
        tx.update(b, OnCall::C.since.add(1));
        Ok(tx.contains::<OnCall>(b)?)
    });
    assert_eq!(why(failed), format!("entity {b} has no `on_call`"));
    db.despawn(b).unwrap();
    let failed = db.optimistic(3, |tx| Ok(tx.read::<Purse>(b)?));
    assert_eq!(why(failed), format!("entity {b} is stale: it was despawned"));
    let unknown = Entity::from_bits(1 << 32 | 77_777).unwrap();
    let failed = db.optimistic(3, |tx| Ok(tx.read::<Purse>(unknown)?));
    assert_eq!(why(failed), format!("entity {unknown} is unknown: this database has never handed it out"));
    // Nobody reads it: the writer finds out.
    let failed = db.optimistic(3, |tx| {
        tx.update(a, Purse::C.gold.sub(11));
        Ok(())
    });
    assert_eq!(why(failed), format!("`purse.gold` of entity {a} is 10: subtracting 11 leaves the range of the field"));
}

#[test]
fn whoever_was_faster_makes_the_other_look_again() {
    let (db, a, b) = open();
    let mut runs = 0;
    let done = db
        .optimistic(5, |tx| {
            let purse = tx.read::<Purse>(a)?;
            runs += 1;
            if runs <= 3 {
                db.update(a, Purse::C.gold.add(1))?;
            }
            tx.update(b, Purse::C.gold.set(purse.gold));
            Ok(purse.gold)
        })
        .unwrap();
    assert_eq!((done.value, done.attempts, gold(&db, b)), (13, 4, 13));

    // A row that was not read may change, and so may one that is only changed here.
    let done = db
        .optimistic(0, |tx| {
            let mine = tx.read::<Purse>(a)?.gold;
            db.update(b, Purse::C.gold.add(100))?;
            tx.update(b, Purse::C.gold.add(mine));
            Ok(())
        })
        .unwrap();
    assert_eq!((done.attempts, gold(&db, b)), (1, 126));
}

#[test]
fn attempts_are_bounded_and_the_last_cause_is_told() {
    let (db, a, b) = open();
    let failed = db.optimistic(2, |tx| {
        let purse = tx.read::<Purse>(a)?;
        db.update(a, Purse::C.gold.add(1))?;
        tx.update(b, Purse::C.gold.set(purse.gold));
        Ok(())
    });
    match &failed {
        Err(TransactionError::Conflict { attempts: 3, .. }) => {}
        other => panic!("{other:?}"),
    }
    let text = why(failed);
    assert!(text.starts_with(&format!("gave up after 3 attempts: `purse` of entity {a} has changed since")), "{text}");
    assert!(text.ends_with("expected { gold: 12 }, found { gold: 13 }"), "{text}");
    assert_eq!(gold(&db, b), 20, "nothing of any attempt is there");
}

#[test]
fn what_comes_and_goes_is_read_too() {
    let (db, a, b) = open();
    let conflicts = |read: &dyn Fn(&mut ecsdb::Optimistic<'_, World>) -> Result<(), OpError>, meanwhile: &dyn Fn()| {
        let done = db.optimistic(0, |tx| {
            read(tx)?;
            meanwhile();
            tx.insert(a, sign("written", None));
            Ok(())
        });
        matches!(done, Err(TransactionError::Conflict { attempts: 1, .. }))
    };
    let absent = |tx: &mut ecsdb::Optimistic<'_, World>| tx.contains::<OnCall>(b).map(drop);
    assert!(conflicts(&absent, &|| db.insert(b, OnCall { since: 1 }).unwrap()), "a row has come");
    assert!(conflicts(&absent, &|| db.remove::<OnCall>(b).unwrap()), "a row has gone");
    assert!(!conflicts(&absent, &|| db.update(b, Purse::C.gold.add(1)).unwrap()), "another row");
    let alive = |tx: &mut ecsdb::Optimistic<'_, World>| {
        assert!(tx.is_alive(b));
        Ok(())
    };
    assert!(!conflicts(&alive, &|| db.insert(b, OnCall { since: 1 }).unwrap()), "it lives on");
    assert!(conflicts(&alive, &|| db.despawn(b).unwrap()));
}

#[test]
fn two_that_each_read_what_the_other_writes_are_not_both_committed() {
    // Write skew: at least one of two has to stay on call, and each sees that the other one is.
    for _ in 0..50 {
        let db = Db::<World>::in_memory().unwrap();
        let doctors = [1, 2].map(|since| db.spawn(OnCall { since }).unwrap());
        let barrier = Barrier::new(2);
        let left: Vec<bool> = std::thread::scope(|scope| {
            let threads = [0, 1].map(|me| {
                let (db, barrier) = (&db, &barrier);
                scope.spawn(move || {
                    let mut is_first = true;
                    let done = db.optimistic(10, |tx| {
                        let others = tx.contains::<OnCall>(doctors[1 - me])?;
                        if core::mem::take(&mut is_first) {
                            // Both have looked before either has decided.
                            barrier.wait();
                        }
                        if others {
                            tx.remove::<OnCall>(doctors[me]);
                        }
                        Ok(others)
                    });
                    done.unwrap().value
                })
            });
            threads.map(|thread| thread.join().unwrap()).to_vec()
        });
        assert_eq!(left.iter().filter(|left| **left).count(), 1, "one may go, one stays");
        assert_eq!(db.table::<OnCall>().len(), 1);
    }
}

#[test]
fn a_scan_stands_still_until_the_commit() {
    let (db, a, _) = open();
    let mut runs = 0;
    let done = db
        .optimistic(5, |tx| {
            let sum: u64 = tx.scan().query::<PurseRef<'_>>().iter().map(|purse| purse.gold()).sum();
            runs += 1;
            if runs == 1 {
                db.spawn(Purse { gold: 70 })?;
            }
            tx.update(a, Purse::C.gold.set(sum));
            Ok(sum)
        })
        .unwrap();
    assert_eq!((done.value, done.attempts, gold(&db, a)), (100, 2, 100));
    // What is read of the snapshot itself is not recorded.
    let done = db
        .optimistic(5, |tx| {
            let count = tx.snapshot().table::<Purse>().len();
            db.spawn(Purse { gold: 0 })?;
            tx.update(a, Purse::C.gold.set(count as u64));
            Ok(count)
        })
        .unwrap();
    assert_eq!((done.value, done.attempts), (3, 1));
}

#[test]
fn whoever_only_reads_asks_nobody() {
    let (db, a, b) = open();
    let blocked = block_writer(&db);
    let done = db.optimistic(0, |tx| Ok(tx.read::<Purse>(a)?.gold + tx.read::<Purse>(b)?.gold)).unwrap();
    assert_eq!((done.value, done.attempts, done.commit.version), (30, 1, db.stats().version));
    assert!(done.commit.entities.is_empty());
    drop(blocked);
}

#[test]
fn what_the_closure_says_is_final() {
    let (db, a, b) = open();
    let mut runs = 0;
    let failed = db.optimistic::<()>(9, |tx| {
        runs += 1;
        tx.update(a, Purse::C.gold.add(1));
        Err(TransactionError::abort("no loot"))
    });
    assert_eq!((why(failed), runs, gold(&db, a)), ("the transaction was aborted: no loot".to_owned(), 1, 10));
    // A condition that is not read is no reason to try again.
    let failed = db.optimistic(9, |tx| {
        tx.require(b, Purse::C.gold.ge(50));
        tx.update(a, Purse::C.gold.add(1));
        Ok(())
    });
    assert_eq!(why(failed), format!("guard on `purse.gold` of entity {b}: expected >= 50, found 20"));
    // On the writer itself it would wait for itself.
    let inner = db.clone();
    let text = db.write(move |_| {
        Ok(why(inner.optimistic(0, |tx| {
            tx.despawn(a);
            Ok(())
        })))
    });
    assert!(text.unwrap().starts_with("called from inside a transaction"));
    db.close().unwrap();
    let closed = db.optimistic(0, |tx| {
        tx.despawn(a);
        Ok(())
    });
    assert_eq!(why(closed), "the database is closed");
}

#[test]
fn attempts_can_be_awaited() {
    let (db, a, b) = open();
    let mut runs = 0;
    let faster = db.clone();
    let done = block_on(db.optimistic_async(3, move |tx| {
        let purse = tx.read::<Purse>(a)?;
        runs += 1;
        if runs == 1 {
            faster.update(a, Purse::C.gold.add(1))?;
        }
        tx.update(b, Purse::C.gold.set(purse.gold));
        Ok(purse.gold)
    }))
    .unwrap();
    assert_eq!((done.value, done.attempts, gold(&db, b)), (11, 2, 11));
    let (read, faster) = (a, db.clone());
    let failed = block_on(db.optimistic_async(1, move |tx| {
        tx.read::<Purse>(read)?;
        faster.update(read, Purse::C.gold.add(1))?;
        tx.despawn(b);
        Ok(())
    }));
    assert!(matches!(failed, Err(TransactionError::Conflict { attempts: 2, .. })), "{failed:?}");
    let spawning = block_on(db.optimistic_async(0, |tx| Ok(tx.spawn(Purse { gold: 7 })))).unwrap();
    assert_eq!(gold(&db, spawning.commit[spawning.value]), 7);
    assert_eq!(block_on(db.optimistic_async(0, move |tx| Ok(tx.read::<Purse>(a)?.gold))).unwrap().value, 13);
}

#[test]
fn many_threads_lose_nothing() {
    let (db, a, b) = open();
    let threads = 4;
    let attempts: u32 = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|_| {
                scope.spawn(|| {
                    let mut attempts = 0;
                    for _ in 0..100 {
                        // Read, compute, write: a lost update would be seen in the sum.
                        let done = db.optimistic(u32::MAX, |tx| {
                            let (mine, other) = (tx.read::<Purse>(a)?.gold, tx.read::<Purse>(b)?.gold);
                            tx.update(a, Purse::C.gold.set(mine + 1));
                            tx.insert(b, Purse { gold: other + 2 });
                            Ok(())
                        });
                        attempts += done.unwrap().attempts;
                    }
                    attempts
                })
            })
            .collect();
        workers.into_iter().map(|worker| worker.join().unwrap()).sum()
    });
    assert_eq!((gold(&db, a), gold(&db, b)), (10 + 400, 20 + 800));
    assert!(attempts >= 400);
}
