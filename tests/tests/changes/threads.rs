//! Real threads: many who follow, come and go, and are too slow, while the writer goes on.

use std::collections::BTreeMap;
use std::task::{Context, Waker};

use ecsdb::changes::Event;
use ecsdb::error::RecvError;
use ecsdb::{Db, Entity};
use ecsdb_tests::grumpy;
use ecsdb_tests::world::{Purse, Small};

use super::game::Game;

const COMMITS: u64 = 2_000;

#[test]
fn every_follower_sees_every_commit_in_order_while_others_come_and_go() {
    let db = Db::<Game>::builder().worker_threads(1).history(1 << 16, 1 << 30).open().unwrap();
    let entity = db.spawn(Purse { gold: 0, open: false }).unwrap();
    let following: Vec<_> = (0..4)
        .map(|_| {
            let mut feed = db.subscribe::<Purse>().unwrap();
            std::thread::spawn(move || {
                let mut gold = 0;
                while gold < COMMITS {
                    for event in feed.recv().unwrap().iter() {
                        let Event::Changed { old, new, .. } = event else { panic!("no change") };
                        assert_eq!((old.gold(), new.gold()), (gold, gold + 1));
                        gold = new.gold();
                    }
                }
            })
        })
        .collect();
    let coming = std::thread::spawn({
        let db = db.clone();
        move || {
            for _ in 0..300 {
                let mut feed = db.subscribe::<Purse>().unwrap();
                let seen = feed.resync().get::<Purse>(entity).unwrap().gold();
                if seen == COMMITS {
                    break;
                }
                let first = feed.recv().unwrap();
                assert_eq!(first.iter().next().unwrap().before().unwrap().gold(), seen, "right after the snapshot");
            }
        }
    });
    for _ in 0..COMMITS {
        let mut tx = db.begin();
        tx.update(entity, Purse::C.gold.add(1));
        drop(tx.commit().unwrap());
    }
    for following in following {
        following.join().unwrap();
    }
    coming.join().unwrap();
}

#[test]
fn slow_followers_resynchronise_and_end_with_what_is_there() {
    let db = Db::<Game>::builder().worker_threads(1).history(4, 1 << 20).open().unwrap();
    let entities = db.write(|tx| Ok(tx.spawn_all((0..50).map(|n| Small { n }))?)).unwrap();
    let following: Vec<_> = (0..3)
        .map(|_| {
            let mut feed = db.subscribe::<Small>().unwrap();
            std::thread::spawn(move || {
                let mut copy: BTreeMap<Entity, u32> = BTreeMap::new();
                let (mut lags, mut begin) = (0, true);
                loop {
                    if core::mem::take(&mut begin) {
                        copy = feed.resync().table::<Small>().iter().map(|(entity, small)| (entity, small.n)).collect();
                    }
                    match feed.recv() {
                        Ok(changes) => {
                            for event in changes.iter() {
                                let old = match event.after() {
                                    Some(new) => copy.insert(event.entity(), new.n),
                                    None => copy.remove(&event.entity()),
                                };
                                assert_eq!(old, event.before().map(|small| small.n));
                            }
                        }
                        Err(RecvError::Lagged(_)) => (lags, begin) = (lags + 1, true),
                        Err(RecvError::Closed) => return (copy, lags),
                        Err(error) => panic!("{error}"),
                    }
                }
            })
        })
        .collect();
    for n in 0..COMMITS as u32 {
        let entity = entities[n as usize % entities.len()];
        let mut tx = db.begin();
        if n % 7 == 3 {
            tx.insert(entity, Small { n });
        } else {
            tx.update(entity, Small::C.n.set(n));
        }
        drop(tx.commit().unwrap());
    }
    db.close().unwrap();
    let expected: BTreeMap<Entity, u32> =
        db.snapshot().table::<Small>().iter().map(|(entity, small)| (entity, small.n)).collect();
    for following in following {
        assert_eq!(following.join().unwrap().0, expected);
    }
}

#[test]
fn a_waker_that_panics_harms_nobody() {
    let db = Db::<Game>::in_memory().unwrap();
    let waker = grumpy();
    let (mut before, mut grumpy, mut after) =
        (db.subscribe::<Small>().unwrap(), db.subscribe::<Small>().unwrap(), db.subscribe::<Small>().unwrap());
    let waiting =
        [&mut before, &mut after].map(|feed| feed.poll_recv(&mut Context::from_waker(Waker::noop())).is_pending());
    assert_eq!(waiting, [true, true]);
    assert!(grumpy.poll_recv(&mut Context::from_waker(&waker)).is_pending());
    for n in 0..3 {
        db.spawn(Small { n }).unwrap();
    }
    for feed in [&mut before, &mut grumpy, &mut after] {
        assert_eq!((0..3).filter(|_| feed.try_recv().unwrap().is_some()).count(), 3);
    }
}
