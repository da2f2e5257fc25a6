//! What a subscription promises besides being complete.

use std::task::{Context, Poll, Waker};
use std::time::Duration;

use ecsdb::changes::{Event, QueryEvent};
use ecsdb::error::RecvError;
use ecsdb::{Db, OpenError, Subscription, TransactionError};
use ecsdb_tests::log::Recorder;
use ecsdb_tests::world::{Purse, Sample, Small};
use ecsdb_tests::{block_on, block_writer};

use super::game::Game;

fn db() -> Db<Game> {
    Db::<Game>::builder().worker_threads(1).open().unwrap()
}

/// The numbers that the small ones have now, of each commit that there is.
fn numbers(feed: &mut Subscription<Game, Small>) -> Vec<Vec<Option<u64>>> {
    let mut all = Vec::new();
    while let Some(changes) = feed.try_recv().unwrap() {
        all.push(changes.iter().map(|event| event.after().map(Small::number)).collect());
    }
    all
}

#[test]
fn each_transaction_comes_for_itself_though_they_become_visible_together() {
    let db = db();
    let entity = db.spawn(Small { n: 0 }).unwrap();
    let mut feed = db.subscribe::<Small>().unwrap();
    let blocked = block_writer(&db);
    let tickets: Vec<_> = (1..=3)
        .map(|n| {
            let mut tx = db.begin();
            tx.update(entity, Small::C.n.set(n));
            tx.commit().unwrap()
        })
        .collect();
    drop(blocked);
    let versions: Vec<u64> = tickets.into_iter().map(|ticket| ticket.visible().unwrap().version).collect();
    assert_eq!(versions, [2, 2, 2]);
    let told: Vec<_> = (0..3).map(|_| feed.try_recv().unwrap().unwrap()).collect();
    assert_eq!(told.iter().map(|changes| changes.version()).collect::<Vec<_>>(), versions);
    let seen: Vec<_> = told.iter().flat_map(|changes| changes.iter().map(|event| event.after().unwrap().n)).collect();
    assert_eq!(seen, [1, 2, 3]);
    assert!(feed.try_recv().unwrap().is_none());
}

#[test]
fn a_filter_counts_although_earlier_changes_are_held() {
    let db = db();
    let (mut feed, mut live) = (db.subscribe::<Small>().unwrap(), db.watch::<&Small>().unwrap());
    let entity = db.spawn(Small { n: 1 }).unwrap();
    let (held, held_too) = (feed.recv().unwrap(), live.recv().unwrap());
    let (mut feed, mut live) = (feed.filter(Small::C.n.ge(5)), live.filter(Small::C.n.ge(5)));
    db.update(entity, Small::C.n.set(2)).unwrap();
    assert!(live.try_recv().unwrap().is_none());
    db.update(entity, Small::C.n.set(7)).unwrap();
    assert_eq!(numbers(&mut feed), [vec![Some(7)]]);
    assert!(matches!(live.recv().unwrap().iter().next(), Some(QueryEvent::Added { new }) if new.n == 7));
    assert_eq!((held.iter().count(), held_too.iter().count()), (1, 1));
}

#[test]
fn what_is_answered_is_told_and_what_fails_is_not() {
    let db = db();
    let mut feed = db.subscribe::<Small>().unwrap();
    let entity = db.spawn(Small { n: 5 }).unwrap();
    assert_eq!(numbers(&mut feed), [vec![Some(5)]], "at once: the answer comes after");
    db.update(entity, Small::C.n.set(5)).unwrap();
    db.insert(entity, Purse { gold: 1, open: false }).unwrap();
    db.write(move |tx| {
        tx.update(entity, Small::C.n.set(9))?;
        Err::<(), _>(tx.abort("no"))
    })
    .unwrap_err();
    assert!(numbers(&mut feed).is_empty(), "the same value, another table, nothing");
    db.remove::<Small>(entity).unwrap();
    assert_eq!(numbers(&mut feed), [vec![None]]);
}

#[test]
fn a_subscription_begins_with_the_next_commit_and_resync_closes_the_gap() {
    let db = db();
    let first = db.spawn(Small { n: 1 }).unwrap();
    let mut feed = db.subscribe::<Small>().unwrap();
    assert_eq!(feed.next_version(), 2);
    db.spawn(Small { n: 2 }).unwrap();
    let snapshot = feed.resync();
    assert_eq!((snapshot.version(), snapshot.table::<Small>().len(), feed.next_version()), (2, 2, 3));
    db.despawn(first).unwrap();
    assert_eq!(numbers(&mut feed), [vec![None]], "what the snapshot shows is not told");
}

#[test]
fn a_row_that_leaves_the_filter_is_removed_and_one_that_enters_is_added() {
    let db = db();
    let mut rich = db.subscribe::<Purse>().unwrap().filter_by(|purse| purse.gold() >= 10);
    let entity = db.spawn(Purse { gold: 9, open: false }).unwrap();
    let steps = [10, 11, 9, 8, 20];
    for gold in steps {
        db.update(entity, Purse::C.gold.set(gold)).unwrap();
    }
    db.despawn(entity).unwrap();
    let told: Vec<_> = core::iter::from_fn(|| rich.try_recv().unwrap())
        .map(|changes| {
            let events: Vec<_> = changes.iter().collect();
            assert_eq!(events.len(), 1);
            match &events[0] {
                Event::Added { new, .. } => ("added", new.gold()),
                Event::Changed { new, .. } => ("changed", new.gold()),
                Event::Removed { old, .. } => ("removed", old.gold()),
            }
        })
        .collect();
    assert_eq!(told, [("added", 10), ("changed", 11), ("removed", 11), ("added", 20), ("removed", 20)]);
}

#[test]
fn the_row_of_one_entity_is_followed_until_it_dies_and_not_into_the_next_life_of_its_slot() {
    let db = db();
    let (ann, bob) = (db.spawn(Small { n: 1 }).unwrap(), db.spawn(Small { n: 2 }).unwrap());
    let mut feed = db.subscribe::<Small>().unwrap().entity(ann);
    db.update(bob, Small::C.n.set(3)).unwrap();
    db.update(ann, Small::C.n.set(4)).unwrap();
    db.despawn(ann).unwrap();
    let next = db.spawn(Small { n: 5 }).unwrap();
    assert_eq!(next.slot(), ann.slot());
    assert_eq!(numbers(&mut feed), [vec![Some(4)], vec![None]]);
}

#[test]
fn changes_stay_good_whatever_happens_meanwhile() {
    let db = Db::<Game>::builder().history(2, 1 << 20).open().unwrap();
    let entity = db.spawn(Small { n: 1 }).unwrap();
    let mut feed = db.subscribe::<Small>().unwrap();
    db.update(entity, Small::C.n.set(2)).unwrap();
    let held = feed.recv().unwrap();
    for n in 3..200 {
        db.update(entity, Small::C.n.set(n)).unwrap();
    }
    drop(feed);
    db.close().unwrap();
    drop(db);
    let Some(Event::Changed { old, new, .. }) = held.iter().next() else { panic!("no change") };
    assert_eq!((old.n, new.n), (1, 2));
}

#[test]
fn closing_ends_receivers_once_they_have_read_everything() {
    let db = db();
    let mut feed = db.subscribe::<Small>().unwrap();
    db.spawn(Small { n: 1 }).unwrap();
    db.close().unwrap();
    assert!(feed.try_recv().unwrap().is_some());
    assert_eq!(feed.try_recv().err(), Some(RecvError::Closed));
    assert_eq!(feed.recv().err(), Some(RecvError::Closed));
    assert!((&mut feed).into_iter().next().is_none());
    assert_eq!(feed.resync().table::<Small>().len(), 1, "snapshots can still be had");
    assert!(matches!(db.subscribe::<Small>().map(|mut feed| feed.try_recv().err()), Ok(Some(RecvError::Closed))));
    let never = Db::<Game>::in_memory().unwrap();
    never.close().unwrap();
    assert!(matches!(never.subscribe::<Small>(), Err(TransactionError::Closed)));
}

#[test]
fn dropping_the_last_handle_ends_receivers() {
    let db = db();
    let mut feed = db.subscribe::<Small>().unwrap();
    let waiting = std::thread::spawn(move || feed.recv().err());
    drop(db);
    assert_eq!(waiting.join().unwrap(), Some(RecvError::Closed));
}

#[test]
fn waiting_ends_when_something_comes_or_the_time_is_up() {
    let db = db();
    let mut feed = db.subscribe::<Small>().unwrap();
    assert!(feed.recv_timeout(Duration::ZERO).unwrap().is_none());
    assert!(feed.recv_timeout(Duration::from_millis(1)).unwrap().is_none());
    let waiting = std::thread::spawn(move || {
        let first = feed.recv().unwrap().iter().count();
        (first, feed.recv_timeout(Duration::from_secs(600)).unwrap().unwrap().iter().count())
    });
    db.spawn(Small { n: 1 }).unwrap();
    db.write(|tx| Ok(tx.spawn_all((0..7).map(|n| Small { n }))?)).unwrap();
    assert_eq!(waiting.join().unwrap(), (1, 7));
}

#[test]
fn a_task_waits_as_a_stream_does() {
    use futures_core::Stream;

    let db = db();
    let mut feed = db.subscribe::<Small>().unwrap();
    let mut noop = Context::from_waker(Waker::noop());
    assert!(feed.poll_recv(&mut noop).is_pending());
    assert!(feed.poll_recv(&mut noop).is_pending());
    let writing = std::thread::spawn({
        let db = db.clone();
        move || db.spawn(Small { n: 4 }).unwrap()
    });
    let entity =
        block_on(std::future::poll_fn(|context| feed.poll_recv(context))).unwrap().iter().next().unwrap().entity();
    assert_eq!(entity, writing.join().unwrap());
    db.despawn(entity).unwrap();
    let mut stream = std::pin::pin!(feed);
    let next = block_on(std::future::poll_fn(|context| stream.as_mut().poll_next(context)));
    assert!(matches!(next, Some(Ok(changes)) if changes.iter().next().unwrap().after().is_none()));
    db.close().unwrap();
    assert!(matches!(stream.as_mut().poll_next(&mut noop), Poll::Ready(None)));
}

#[test]
fn extensions_of_iterators_and_of_streams_do_not_get_in_each_others_way() {
    use futures_core::Stream;

    /// As crates for async code have it.
    trait StreamExt: Stream {
        fn next(&mut self) -> impl Future<Output = Option<Self::Item>>
        where
            Self: Unpin,
        {
            std::future::poll_fn(|context| std::pin::Pin::new(&mut *self).poll_next(context))
        }
    }
    impl<S: Stream> StreamExt for S {}

    let db = db();
    let (mut feed, mut query) = (db.subscribe::<Small>().unwrap(), db.watch::<&Small>().unwrap());
    db.spawn(Small { n: 1 }).unwrap();
    assert_eq!(block_on(feed.next()).unwrap().unwrap().iter().count(), 1);
    assert_eq!(block_on(query.next()).unwrap().iter().count(), 1);
    db.spawn(Small { n: 2 }).unwrap();
    db.close().unwrap();
    assert_eq!((&mut feed).into_iter().map(|changes| changes.unwrap().iter().count()).sum::<usize>(), 1);
}

#[test]
fn inside_a_transaction_nobody_waits_for_changes() {
    let db = db();
    let mut feed = db.subscribe::<Small>().unwrap();
    let told = db.write(move |_| Ok((feed.recv().err(), feed.try_recv().unwrap().is_none()))).unwrap();
    assert_eq!(told, (Some(RecvError::Reentrant), true));
    let handle = db.clone();
    assert!(db.write(move |_| Ok(handle.subscribe::<Small>().is_err())).unwrap(), "it would have to ask the writer");
}

#[test]
fn nobody_is_told_of_what_the_log_refuses() {
    let log = Recorder::default();
    let db = Db::<Game>::builder().worker_threads(1).commit_log(log.clone()).open().unwrap();
    let mut feed = db.subscribe::<Small>().unwrap();
    let entity = db.spawn(Small { n: 1 }).unwrap();
    assert_eq!(numbers(&mut feed), [vec![Some(1)]]);
    log.with(|record| record.refuse_commit = true);
    assert!(db.update(entity, Small::C.n.set(2)).is_err());
    assert!(feed.try_recv().unwrap().is_none());
    db.update(entity, Small::C.n.set(3)).unwrap();
    let changes = feed.try_recv().unwrap().unwrap();
    let Some(Event::Changed { old, new, .. }) = changes.iter().next() else { panic!("no change") };
    assert_eq!((changes.version(), old.n, new.n), (2, 1, 3));
    log.with(|record| assert_eq!(record.versions, [1, 2]));
}

#[test]
fn limits_of_zero_are_refused() {
    for (commits, bytes, name) in [(0, 1, "history.commits"), (1, 0, "history.bytes")] {
        let refused = Db::<Game>::builder().history(commits, bytes).open();
        assert!(matches!(refused, Err(OpenError::Setting { setting, .. }) if setting == name));
    }
}

#[test]
fn a_condition_that_panics_is_the_affair_of_who_receives() {
    let db = db();
    let mut picky = db.subscribe::<Small>().unwrap().filter_by(|small| {
        assert!(small.n != 13, "unlucky");
        true
    });
    let mut calm = db.subscribe::<Small>().unwrap();
    db.spawn(Small { n: 13 }).unwrap();
    let told = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| picky.recv().map(|_| ())));
    assert!(told.is_err());
    db.spawn(Small { n: 14 }).unwrap();
    assert_eq!(numbers(&mut calm), [vec![Some(13)], vec![Some(14)]]);
}

#[test]
fn a_task_that_nothing_is_for_lets_others_have_their_turn() {
    /// Counts how often it was woken.
    #[derive(Default)]
    struct Woken(std::sync::atomic::AtomicUsize);

    impl std::task::Wake for Woken {
        fn wake(self: std::sync::Arc<Self>) {
            self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        }
    }

    let db = db();
    let mut feed = db.subscribe::<Small>().unwrap();
    for gold in 0..500 {
        db.spawn(Purse::sample(gold)).unwrap();
    }
    let entity = db.spawn(Small { n: 1 }).unwrap();
    let woken = std::sync::Arc::new(Woken::default());
    let waker = Waker::from(std::sync::Arc::clone(&woken));
    let mut turns = 0;
    let changes = loop {
        turns += 1;
        match feed.poll_recv(&mut Context::from_waker(&waker)) {
            Poll::Ready(changes) => break changes.unwrap(),
            Poll::Pending => assert_eq!(woken.0.load(std::sync::atomic::Ordering::Relaxed), turns, "it asks to go on"),
        }
    };
    assert_eq!(changes.iter().next().unwrap().entity(), entity);
    assert!((5..50).contains(&turns), "{turns}");
}
