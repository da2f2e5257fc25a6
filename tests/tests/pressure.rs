//! What happens when the queue fills: priorities, limits of time, figures, and answers for everybody.

use std::sync::mpsc;
use std::time::Duration;

use ecsdb::transaction::{Priority, Written};
use ecsdb::{Db, Procedure, Ticket, TransactionError};
use ecsdb_tests::why;
use ecsdb_tests::world::*;

const SPAWN: Procedure<World, u32, u32> = Procedure::new("spawn", "Spawns one.", |tx, n| {
    tx.spawn(Small { n })?;
    Ok(n)
});

/// A database with room for so many transactions.
fn open(room: usize) -> Db<World> {
    Db::<World>::builder().queue_limits(room, 1 << 20).worker_threads(1).open().unwrap()
}

/// A writer that is busy until this is dropped or released.
struct Busy {
    ticket: Ticket<Written<()>>,
    go: mpsc::Sender<()>,
}

impl Busy {
    fn new(db: &Db<World>) -> Self {
        let (started, has_started) = mpsc::channel();
        let (go, gate) = mpsc::channel::<()>();
        let ticket = db.lane().submit(move |_| {
            started.send(()).unwrap();
            let _ = gate.recv();
            Ok(())
        });
        has_started.recv().unwrap();
        Self { ticket: ticket.unwrap(), go }
    }

    fn release(self) {
        drop(self.go);
        self.ticket.visible().unwrap();
    }
}

/// As many as are let in.
fn fill(db: &Db<World>, priority: Priority) -> Vec<Ticket<Written<u32>>> {
    let lane = db.lane().priority(priority).no_waiting();
    std::iter::from_fn(|| lane.submit_call(&SPAWN, 0).ok()).collect()
}

#[test]
fn low_priorities_find_the_queue_full_first_and_high_ones_last() {
    let db = open(16);
    let busy = Busy::new(&db);
    let low = fill(&db, Priority::Low);
    let normal = fill(&db, Priority::Normal);
    let high = fill(&db, Priority::High);
    assert_eq!((low.len(), normal.len(), high.len()), (8, 8, 2));
    assert_eq!(db.stats().queued_transactions, 18);
    assert_eq!(
        why(db.lane().priority(Priority::Low).no_waiting().submit(|_| Ok(()))),
        "the queue to the writer is full for low priority (1179648 bytes queued): wait, or raise the limits"
    );
    let mut tx = db.begin();
    tx.spawn(Frozen);
    tx.priority(Priority::Low);
    let refused = tx.try_commit().err().unwrap();
    assert!(matches!(refused.error, TransactionError::QueueFull { priority: Priority::Low, .. }));
    busy.release();
    for ticket in low.into_iter().chain(normal).chain(high) {
        ticket.visible().unwrap();
    }
    refused.transaction.commit().unwrap().visible().unwrap();
    let counts = db.stats().transactions;
    let refused = counts.refused;
    assert_eq!((refused.low, refused.normal, refused.high, counts.timed_out), (3, 1, 1, 0));
    assert_eq!((counts.committed, counts.rolled_back, counts.expired), (20, 0, 0));
}

#[test]
fn closures_and_procedures_need_not_wait_for_room() {
    let db = open(2);
    let busy = Busy::new(&db);
    let written = db.try_write(|tx| Ok(tx.spawn(Small { n: 7 })?)).unwrap();
    let called = db.try_call(&SPAWN, 8).unwrap();
    assert!(matches!(db.try_write(|_| Ok(())), Err(TransactionError::QueueFull { .. })));
    assert!(matches!(db.try_call(&SPAWN, 9), Err(TransactionError::QueueFull { .. })));
    let timeout = Duration::from_millis(2);
    assert!(matches!(db.write_timeout(timeout, |_| Ok(())), Err(TransactionError::Timeout)));
    assert!(matches!(db.call_timeout(timeout, &SPAWN, 9), Err(TransactionError::Timeout)));
    busy.release();
    assert!(db.snapshot().contains::<Small>(written.visible().unwrap().result));
    assert_eq!(called.visible().unwrap().result, 8);
    assert_eq!(db.call_timeout(Duration::from_secs(60), &SPAWN, 9).unwrap(), 9);
    let counts = db.stats().transactions;
    assert_eq!((counts.refused.normal, counts.refused.total()), (2, 2));
    assert_eq!((counts.timed_out, counts.committed), (2, 4));
}

#[test]
fn what_comes_too_late_is_never_begun() {
    let db = open(100);
    let busy = Busy::new(&db);
    let late = db.lane().expires_after(Duration::ZERO);
    let closure = late.submit(|_| -> Result<(), _> { panic!("it must not run") }).unwrap();
    let call = late.submit_call(&SPAWN, 1).unwrap();
    let mut tx = db.begin();
    tx.spawn(Small { n: 1 });
    tx.expires_after(Duration::ZERO);
    let built = tx.commit().unwrap();
    let patient = db.lane().expires_after(Duration::from_secs(3600)).submit_call(&SPAWN, 2).unwrap();
    let waiting = std::thread::spawn({
        let db = db.clone();
        move || db.call_timeout(Duration::from_millis(1), &SPAWN, 3)
    });
    // It has to be queued before its time is over, or it times out instead: either way it never begins.
    std::thread::sleep(Duration::from_millis(5));
    busy.release();
    let expired = "the transaction has expired: it was queued for longer than it was given, and not begun";
    assert_eq!(why(closure.visible()), expired);
    assert_eq!(why(call.visible()), expired);
    assert_eq!(why(built.visible()), expired);
    patient.visible().unwrap();
    waiting.join().unwrap().ok();
    let counts = db.stats().transactions;
    assert!(counts.expired >= 3 && counts.rolled_back == 0, "{counts:?}");
    assert_eq!(db.stats().entities, counts.committed - 1, "all but the one that kept the writer busy spawn one");
}

#[test]
fn a_high_priority_passes_those_who_wait_for_room() {
    let db = open(8);
    let busy = Busy::new(&db);
    let queued = fill(&db, Priority::Normal);
    assert_eq!(queued.len(), 8);
    let waiting: Vec<_> = [Priority::Low, Priority::Normal]
        .map(|priority| {
            let db = db.clone();
            std::thread::spawn(move || db.lane().priority(priority).call(&SPAWN, 1).unwrap())
        })
        .into_iter()
        .collect();
    let high = db.lane().priority(Priority::High).no_waiting().submit_call(&SPAWN, 2).unwrap();
    busy.release();
    high.visible().unwrap();
    for waiting in waiting {
        assert_eq!(waiting.join().unwrap(), 1, "nobody is forgotten");
    }
    for ticket in queued {
        ticket.visible().unwrap();
    }
    assert_eq!((db.stats().queued_transactions, db.stats().queued_bytes), (0, 0));
}

#[test]
fn figures_tell_what_has_become_of_transactions() {
    let db = open(100);
    let before = db.stats().transactions;
    assert_eq!(before, Default::default());
    let busy = Busy::new(&db);
    let tickets: Vec<_> = (0..5)
        .map(|n| {
            let work = move |_: &mut ecsdb::Transaction<'_, World>| match n {
                0 => Err(TransactionError::abort("no")),
                1 => panic!("no"),
                _ => Ok(()),
            };
            db.lane().submit(work).unwrap()
        })
        .collect();
    busy.release();
    assert_eq!(tickets.into_iter().filter(|_| true).map(|ticket| ticket.visible().is_ok()).filter(|ok| *ok).count(), 3);
    let counts = db.stats().transactions;
    assert_eq!((counts.committed, counts.rolled_back), (4, 2));
    assert_eq!(counts.batch_sizes.iter().sum::<u64>(), counts.batches);
    assert!(counts.batches >= 1);
}

#[test]
fn everybody_is_answered_once_while_the_database_closes() {
    for round in 0..20 {
        let db = open(4);
        let outcomes: Vec<(u32, u32)> = std::thread::scope(|scope| {
            let threads: Vec<_> = [Priority::Low, Priority::Normal, Priority::High]
                .into_iter()
                .map(|priority| {
                    let db = &db;
                    scope.spawn(move || {
                        let (mut done, mut refused) = (0, 0);
                        for n in 0..200 {
                            match db.lane().priority(priority).call(&SPAWN, n) {
                                Ok(_) => done += 1,
                                Err(TransactionError::Closed) => refused += 1,
                                Err(error) => panic!("{error}"),
                            }
                        }
                        (done, refused)
                    })
                })
                .collect();
            std::thread::sleep(Duration::from_micros(200 * round));
            db.close().unwrap();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let done: u32 = outcomes.iter().map(|(done, _)| done).sum();
        assert!(outcomes.iter().all(|(done, refused)| done + refused == 200));
        let stats = db.stats();
        assert_eq!((stats.entities, stats.transactions.committed), (u64::from(done), u64::from(done)));
        assert_eq!(stats.queued_transactions, 0);
    }
}
