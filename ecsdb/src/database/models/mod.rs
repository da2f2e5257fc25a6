//! The whole engine under shuttle: writers, readers, the writer thread, its queue, tickets, history, the log and the keeper, all that
//! ships but the threads of rayon and of recovery. Each model on many schedules; whoever waits for ever is reported.
//!
//! What loom has proved of the parts for two or three threads is shown here to fit together, for more of them.

mod durable;
mod ends;
mod followers;

use std::time::Duration;

use super::{Db, DbBuilder, Snapshot};
use crate::Component;
use crate::entity::Entity;
use crate::sync::shim::schedules::{check, models};
use crate::sync::shim::thread;
use crate::transaction::{Ticket, TransactionError};

#[derive(Component, Clone, Debug, PartialEq)]
struct Purse {
    gold: u64,
}

crate::schema! { World: Purse }

const GOLD: u64 = 10;

/// Settings with room for `transactions` in the queue.
fn settings(transactions: usize) -> DbBuilder<World> {
    Db::<World>::builder().queue_limits(transactions, 1 << 16).batch_limits(2, 1 << 16)
}

/// A database with `purses` purses of [`GOLD`] each.
fn open(settings: DbBuilder<World>, purses: usize) -> (Db<World>, Vec<Entity>) {
    let db = settings.open().expect("nothing stands in the way");
    let purses = (0..purses).map(|_| db.spawn(Purse { gold: GOLD }).expect("there is room")).collect();
    (db, purses)
}

/// Queues a transfer of `amount` from one purse to another.
fn transfer(db: &Db<World>, from: Entity, to: Entity, amount: u64) -> Result<Ticket, TransactionError> {
    let mut tx = db.begin();
    tx.update(from, Purse::C.gold.sub(amount));
    tx.update(to, Purse::C.gold.add(amount));
    tx.commit()
}

/// What is in each purse, in the order of `purses`.
fn contents(snapshot: &Snapshot<World>, purses: &[Entity]) -> Vec<u64> {
    purses.iter().map(|purse| snapshot.get::<Purse>(*purse).expect("nobody takes a purse away").gold()).collect()
}

/// A reader: every version has all the gold, versions do not go back, and the one that is held stays as it is.
fn audit(db: &Db<World>, purses: &[Entity], looks: usize) {
    let held = db.snapshot();
    let before = contents(&held, purses);
    let mut newest = held.version();
    for _ in 0..looks {
        let snapshot = db.snapshot();
        let sum: u64 = contents(&snapshot, purses).iter().sum();
        assert_eq!(sum, GOLD * purses.len() as u64, "half of a transfer in version {}", snapshot.version());
        assert!(snapshot.version() >= newest, "version {} after {newest}", snapshot.version());
        newest = snapshot.version();
    }
    assert_eq!(contents(&held, purses), before, "version {} has changed while it was held", held.version());
}

/// Two writers transfer gold and see what they have done, one waits and one does not; two readers look on; the queue has room for
/// two transactions.
fn gold_is_conserved() {
    let (db, purses) = open(settings(2), 3);
    let writing: Vec<_> = [(0, 1), (1, 2)]
        .into_iter()
        .map(|(from, to)| {
            let (db, purses) = (db.clone(), purses.clone());
            thread::spawn(move || {
                for amount in 1..=2 {
                    let ticket = transfer(&db, purses[from], purses[to], amount).expect("the queue waits");
                    let commit = ticket.visible().expect("there is gold enough");
                    let seen = db.snapshot().version();
                    assert!(seen >= commit.version, "told of version {}, saw {seen}", commit.version);
                }
            })
        })
        .collect();
    let reading: Vec<_> = (0..2)
        .map(|_| {
            let (db, purses) = (db.clone(), purses.clone());
            thread::spawn(move || audit(&db, &purses, 3))
        })
        .collect();
    for thread in writing.into_iter().chain(reading) {
        thread.join().expect("no panic");
    }
    db.close().expect("nobody closes it twice");
    assert_eq!(contents(&db.snapshot(), &purses), [GOLD - 3, GOLD, GOLD + 3]);
}

/// Everybody reads what they wrote, whichever way they wait: blocking, as a task, by a closure, by looking again and again.
fn everybody_reads_what_they_wrote() {
    let (db, purses) = open(settings(2), 4);
    let waits: [fn(&Db<World>, Entity); 4] = [
        |db, purse| db.update(purse, Purse::C.gold.set(1)).expect("done"),
        |db, purse| {
            let mut tx = db.begin();
            tx.update(purse, Purse::C.gold.set(1));
            shuttle::future::block_on(tx.commit().expect("queued")).expect("done");
        },
        |db, purse| db.write(move |tx| Ok(tx.update(purse, Purse::C.gold.set(1))?)).expect("done"),
        |db, purse| {
            let mut tx = db.begin();
            tx.update(purse, Purse::C.gold.set(1));
            let mut ticket = tx.commit().expect("queued");
            while ticket.try_visible().expect("done").is_none() {
                thread::yield_now();
            }
        },
    ];
    let threads: Vec<_> = waits
        .into_iter()
        .zip(&purses)
        .map(|(wait, purse)| {
            let (db, purse) = (db.clone(), *purse);
            thread::spawn(move || {
                wait(&db, purse);
                let seen = db.snapshot().get::<Purse>(purse).expect("it is there").gold();
                assert_eq!(seen, 1, "done, and not to be seen");
            })
        })
        .collect();
    for thread in threads {
        thread.join().expect("no panic");
    }
}

/// Who drops a ticket, or waits in vain for it, gives up the claim and not the transaction.
fn tickets_are_dropped() {
    let (db, purses) = open(settings(3), 2);
    let threads: Vec<_> = (0..2)
        .map(|number: u64| {
            let (db, purses) = (db.clone(), purses.clone());
            thread::spawn(move || {
                drop(transfer(&db, purses[0], purses[1], 1).expect("queued"));
                let mut ticket = transfer(&db, purses[1], purses[0], number).expect("queued");
                match ticket.visible_timeout(Duration::ZERO) {
                    Ok(_) | Err(TransactionError::Timeout) => {}
                    Err(error) => panic!("{error}"),
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().expect("no panic");
    }
    db.close().expect("nobody closes it twice");
    assert_eq!(contents(&db.snapshot(), &purses), [GOLD - 1, GOLD + 1], "a dropped ticket took its transaction along");
}

/// Three threads read and write the same purse, each on a snapshot: none of what they add is lost.
fn optimistic_transactions_lose_nothing() {
    let (db, purses) = open(settings(2), 1);
    let purse = purses[0];
    let threads: Vec<_> = (0..3)
        .map(|_| {
            let db = db.clone();
            thread::spawn(move || {
                let done = db.optimistic(3, |tx| {
                    let gold = tx.read::<Purse>(purse)?.gold;
                    tx.update(purse, Purse::C.gold.set(gold + 1));
                    Ok(())
                });
                done.expect("of two that meet one gets through, and three are no more than two conflicts");
            })
        })
        .collect();
    for thread in threads {
        thread.join().expect("no panic");
    }
    assert_eq!(contents(&db.snapshot(), &purses), [GOLD + 3]);
}

/// A transaction that panics, one that fails and one that succeeds, from three threads, while somebody looks on.
fn a_panic_leaves_nothing() {
    let (db, purses) = open(settings(2), 2);
    let (from, to) = (purses[0], purses[1]);
    let panicking = thread::spawn({
        let db = db.clone();
        move || {
            let outcome = db.write(move |tx| -> Result<(), TransactionError> {
                tx.update(from, Purse::C.gold.sub(1))?;
                // Without the hook, which would print it.
                std::panic::resume_unwind(Box::new("on purpose"));
            });
            assert!(matches!(outcome, Err(TransactionError::Panicked { .. })), "another answer");
        }
    });
    let failing = thread::spawn({
        let db = db.clone();
        move || {
            let outcome = transfer(&db, from, to, GOLD + 1).and_then(Ticket::visible);
            assert!(matches!(outcome, Err(TransactionError::Op(_))), "another answer");
        }
    });
    let reading = thread::spawn({
        let (db, purses) = (db.clone(), purses.clone());
        move || audit(&db, &purses, 2)
    });
    transfer(&db, from, to, 2).expect("queued").visible().expect("the writer goes on");
    for thread in [panicking, failing, reading] {
        thread.join().expect("no panic");
    }
    assert_eq!(contents(&db.snapshot(), &purses), [GOLD - 2, GOLD + 2]);
}

/// What the owner of the writer asks for goes between batches, also when the queue is full of others.
fn what_is_urgent_gets_through() {
    let (db, purses) = open(settings(1), 2);
    let threads: Vec<_> = (0..2)
        .map(|_| {
            let (db, purses) = (db.clone(), purses.clone());
            thread::spawn(move || {
                for _ in 0..2 {
                    transfer(&db, purses[0], purses[1], 1).expect("the queue waits").visible().expect("done");
                }
            })
        })
        .collect();
    db.trim().expect("it is urgent");
    assert!(db.memory().expect("it is urgent").payload_bytes > 0);
    for thread in threads {
        thread.join().expect("no panic");
    }
    assert_eq!(db.stats().queued_bytes, 0, "the budget was not given back");
}

models! {
    gold_is_conserved:
        "writer/answer before publication" as shuttle_finds_answer_before_publication,
        "roots/skip catch up" as shuttle_finds_skip_catch_up;
    everybody_reads_what_they_wrote:
        "writer/answer before publication" as shuttle_finds_answer_before_publication,
        "completion/wake before settled" as shuttle_finds_wake_before_settled;
    tickets_are_dropped:
        "writer/end before the queue is empty" as shuttle_finds_end_before_the_queue_is_empty;
    optimistic_transactions_lose_nothing:
        "writer/answer before publication" as shuttle_finds_answer_before_publication;
    a_panic_leaves_nothing:
        "writer/keep what failed" as shuttle_finds_keep_what_failed;
    what_is_urgent_gets_through:
        "budget/look before release" as shuttle_finds_look_before_release,
        "budget/notify without lock" as shuttle_finds_notify_without_lock,
        "writer/leave with the room" as shuttle_finds_leave_with_the_room;
}
