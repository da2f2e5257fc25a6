//! Those who follow the database while others write to it: subscriptions, live queries, and who comes, goes or is too slow.

use core::task::{Context, Waker};

use super::{GOLD, Purse, World, contents, open, settings, transfer};
use crate::database::{Db, RecvError, Subscription};
use crate::entity::Entity;
use crate::events::Event;
use crate::sync::shim::schedules::{check, models};
use crate::sync::shim::thread;

/// Adds one to `purse`, `times` times, and waits for none of them.
fn add(db: &Db<World>, purse: Entity, times: u64) {
    for _ in 0..times {
        let mut tx = db.begin();
        tx.update(purse, Purse::C.gold.add(1));
        drop(tx.commit().expect("queued"));
    }
}

/// Follows `purse` until the database is closed: every change follows the one before. Returns what it came to.
fn follow(mut feed: Subscription<World, Purse>, purse: Entity) -> u64 {
    let mut gold = feed.resync().get::<Purse>(purse).expect("it is there").gold();
    loop {
        match feed.recv() {
            Ok(changes) => {
                for event in changes.iter().filter(|event| event.entity() == purse) {
                    let Event::Changed { old, new, .. } = event else { panic!("it is there all the time") };
                    assert_eq!(old.gold(), gold, "a change was missed, or told twice");
                    gold = new.gold();
                }
            }
            Err(RecvError::Lagged(_)) => gold = feed.resync().get::<Purse>(purse).expect("it is there").gold(),
            Err(RecvError::Closed) => return gold,
            Err(error) => panic!("{error}"),
        }
    }
}

/// Two follow to the end, one goes in the middle, one is there for a moment, while two write; then the database is closed.
fn followers_miss_nothing() {
    let (db, purses) = open(settings(2), 1);
    let purse = purses[0];
    let following: Vec<_> = (0..2)
        .map(|_| {
            let feed = db.subscribe::<Purse>().expect("it is open");
            thread::spawn(move || follow(feed, purse))
        })
        .collect();
    let leaving = thread::spawn({
        let db = db.clone();
        move || {
            let mut feed = db.subscribe::<Purse>().expect("it is open");
            drop(db.subscribe::<Purse>().expect("it is open"));
            match feed.try_recv() {
                Ok(_) | Err(RecvError::Lagged(_)) => {}
                Err(error) => panic!("{error}"),
            }
        }
    });
    let writing: Vec<_> = (0..2)
        .map(|_| {
            let db = db.clone();
            thread::spawn(move || add(&db, purse, 2))
        })
        .collect();
    for thread in writing {
        thread.join().expect("no panic");
    }
    leaving.join().expect("no panic");
    db.close().expect("nobody closes it twice");
    for thread in following {
        assert_eq!(thread.join().expect("no panic"), GOLD + 4, "the last changes were not told");
    }
}

/// Who is too slow for a history of one commit goes on from a snapshot, and ends with what is there.
fn a_slow_follower_goes_on() {
    let (db, purses) = open(settings(2).history(1, 1 << 16), 1);
    let purse = purses[0];
    let feed = db.subscribe::<Purse>().expect("it is open");
    let following = thread::spawn(move || follow(feed, purse));
    let writing = thread::spawn({
        let db = db.clone();
        move || add(&db, purse, 3)
    });
    add(&db, purse, 2);
    writing.join().expect("no panic");
    db.close().expect("nobody closes it twice");
    assert_eq!(following.join().expect("no panic"), GOLD + 5, "the last changes were not told");
}

/// One commit wakes all that sleep: a thread and a task. Nothing else comes that could wake them, and one who goes takes nobody's
/// place along.
fn one_commit_wakes_all() {
    let (db, purses) = open(settings(2), 1);
    let purse = purses[0];
    let mut feed = db.subscribe::<Purse>().expect("it is open");
    let blocking = thread::spawn(move || feed.recv().expect("it comes").iter().count());
    let mut going = db.subscribe::<Purse>().expect("it is open");
    let leaving = thread::spawn(move || {
        let mut context = Context::from_waker(Waker::noop());
        let _ = going.poll_recv(&mut context);
    });
    let mut feed = db.subscribe::<Purse>().expect("it is open");
    let waiting = thread::spawn(move || {
        let changes = shuttle::future::block_on(core::future::poll_fn(|context| feed.poll_recv(context)));
        changes.expect("it comes").iter().count()
    });
    leaving.join().expect("no panic");
    add(&db, purse, 1);
    assert_eq!((blocking.join().expect("no panic"), waiting.join().expect("no panic")), (1, 1));
}

/// What a live query shows is, after each change, what its snapshot says.
fn a_live_query_is_its_snapshot() {
    let (db, purses) = open(settings(2), 2);
    let watching = thread::spawn({
        let (mut live, purses) = (db.watch::<&Purse>().expect("it is open"), purses.clone());
        move || {
            let sum = GOLD * 2;
            let mut last = 0;
            loop {
                assert_eq!(contents(live.snapshot(), &purses).iter().sum::<u64>(), sum, "half of a transfer");
                match live.recv() {
                    Ok(changes) => {
                        assert!(changes.after().version() > changes.before().version().max(last));
                        last = changes.before().version();
                    }
                    Err(RecvError::Closed) => return live.snapshot().version(),
                    Err(error) => panic!("{error}"),
                }
            }
        }
    });
    let writing = thread::spawn({
        let (db, purses) = (db.clone(), purses.clone());
        move || transfer(&db, purses[0], purses[1], 1).expect("queued").visible().expect("done")
    });
    transfer(&db, purses[1], purses[0], 2).expect("queued").visible().expect("done");
    writing.join().expect("no panic");
    db.close().expect("nobody closes it twice");
    let seen = watching.join().expect("no panic");
    assert_eq!(seen, db.snapshot().version(), "the last change was not told");
}

models! {
    followers_miss_nothing:
        "history/close in silence" as shuttle_finds_close_in_silence;
    a_slow_follower_goes_on:
        "history/close in silence" as shuttle_finds_close_in_silence;
    one_commit_wakes_all:
        "history/ring before visible" as shuttle_finds_ring_before_visible,
        "history/leave in silence" as shuttle_finds_leave_in_silence;
    a_live_query_is_its_snapshot:
        "history/close in silence" as shuttle_finds_close_in_silence;
}
