//! How a database ends: closed while transactions are queued, while somebody waits for room, while others close it too.

use super::{GOLD, Purse, World, audit, contents, open, settings, transfer};
use crate::database::Db;
use crate::entity::Entity;
use crate::sync::shim::schedules::{check, models};
use crate::sync::shim::thread;
use crate::transaction::{Ticket, TransactionError};

/// Adds one to `purse` as often as `times` says; how often it was done.
fn added(db: &Db<World>, purse: Entity, times: u64) -> u64 {
    let mut tickets: Vec<Ticket> = Vec::new();
    for _ in 0..times {
        let mut tx = db.begin();
        tx.update(purse, Purse::C.gold.add(1));
        match tx.commit() {
            Ok(ticket) => tickets.push(ticket),
            Err(TransactionError::Closed) => {}
            Err(error) => panic!("{error}"),
        }
    }
    let outcomes = tickets.into_iter().map(|ticket| match ticket.visible() {
        Ok(_) => 1,
        Err(TransactionError::Closed) => 0,
        Err(error) => panic!("{error}"),
    });
    outcomes.sum()
}

/// Two threads fill a queue with room for two while two others close the database: everybody is told what has become of each
/// transaction, and what they are told is what there is.
fn everybody_is_told_at_the_end() {
    let (db, purses) = open(settings(2), 1);
    let purse = purses[0];
    let writing: Vec<_> = (0..2)
        .map(|_| {
            let db = db.clone();
            thread::spawn(move || added(&db, purse, 2))
        })
        .collect();
    let closing = thread::spawn({
        let db = db.clone();
        move || db.close().expect("closing twice is no error")
    });
    db.close().expect("closing twice is no error");
    let done: u64 = writing.into_iter().map(|thread| thread.join().expect("no panic")).sum();
    closing.join().expect("no panic");
    assert_eq!(contents(&db.snapshot(), &purses), [GOLD + done], "told of {done}");
}

/// What was queued before the end is done, although the last handle goes at once: its drop waits.
fn the_last_handle_waits() {
    let (db, purses) = open(settings(3), 2);
    let held = db.snapshot();
    let tickets: Vec<_> = (1..=2).map(|amount| transfer(&db, purses[0], purses[1], amount).expect("queued")).collect();
    let reading = thread::spawn({
        let (snapshot, purses) = (held.clone(), purses.clone());
        move || assert_eq!(contents(&snapshot, &purses), [GOLD, GOLD], "a held version has changed")
    });
    drop(db);
    for mut ticket in tickets {
        let commit = ticket.try_visible().expect("it was queued before the end");
        assert!(commit.is_some(), "the drop of the last handle has not waited");
    }
    reading.join().expect("no panic");
    assert_eq!(contents(&held, &purses), [GOLD, GOLD], "a held version has changed");
}

/// Handles go on three threads, of which one is the last; readers stay behind with what they hold.
fn whoever_is_last_closes() {
    let (db, purses) = open(settings(2), 2);
    let threads: Vec<_> = (0..2)
        .map(|_| {
            let (db, purses) = (db.clone(), purses.clone());
            thread::spawn(move || {
                drop(transfer(&db, purses[0], purses[1], 1).expect("queued"));
                audit(&db, &purses, 1);
            })
        })
        .collect();
    let held = db.snapshot();
    drop(db);
    for thread in threads {
        thread.join().expect("no panic");
    }
    assert_eq!(contents(&held, &purses).iter().sum::<u64>(), 2 * GOLD);
}

models! {
    everybody_is_told_at_the_end:
        "queue/close in silence" as shuttle_finds_close_in_silence,
        "writer/keep a call" as shuttle_finds_keep_a_call;
    the_last_handle_waits:
        "writer/end before the queue is empty" as shuttle_finds_end_before_the_queue_is_empty;
    whoever_is_last_closes:
        "queue/close in silence" as shuttle_finds_close_in_silence;
}
