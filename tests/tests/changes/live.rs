//! Live queries against asking the query anew each time.

use std::collections::BTreeMap;

use ecsdb::changes::{QueryChanges, QueryEvent};
use ecsdb::error::RecvError;
use ecsdb::query::{QueryParam, has};
use ecsdb::{Db, Entity, LiveQuery, Snapshot};
use ecsdb_tests::world::{Frozen, Purse, PurseRef, Sample, Small, Wide};
use proptest::prelude::*;

use super::game::{Game, Sign, SignRef, batch, commit};

type Near = (Entity, &'static Small, Option<SignRef<'static>>);
type All = (Entity, Option<&'static Wide>);
type Rich = (Entity, PurseRef<'static>);

/// What a query gives, by entity, as texts.
type Given = BTreeMap<Entity, String>;

fn near(item: (Entity, &Small, Option<SignRef<'_>>)) -> (Entity, String) {
    (item.0, format!("{} {:?}", item.1.n, item.2.map(Sign::number)))
}

fn all(item: (Entity, Option<&Wide>)) -> (Entity, String) {
    (item.0, format!("{:?}", item.1.map(Wide::number)))
}

fn rich(item: (Entity, PurseRef<'_>)) -> (Entity, String) {
    (item.0, format!("{} {}", item.1.gold(), item.1.open()))
}

/// A live query, the copy that its differences make, and how to ask anew.
struct Watcher<Q: QueryParam<Game>> {
    query: LiveQuery<Game, Q>,
    copy: Given,
    anew: fn(&Snapshot<Game>) -> Given,
    play: fn(&mut Given, &QueryChanges<Game, Q>),
}

impl<Q: QueryParam<Game>> Watcher<Q> {
    fn catch_up(&mut self, db: &Db<Game>) {
        while let Some(changes) = self.query.try_recv().unwrap() {
            assert!(changes.before().version() < changes.after().version());
            (self.play)(&mut self.copy, &changes);
        }
        assert_eq!(self.query.snapshot().version(), db.snapshot().version());
        assert_eq!(self.copy, (self.anew)(&db.snapshot()));
    }
}

/// Plays the events of a query on the copy, and checks what they say of the state before.
macro_rules! play {
    ($text:path) => {
        |copy: &mut Given, changes| {
            let mut count = 0;
            for event in changes.iter() {
                count += 1;
                match event {
                    QueryEvent::Added { new } => {
                        let (entity, new) = $text(new);
                        assert_eq!(copy.insert(entity, new), None);
                    }
                    QueryEvent::Changed { old, new } => {
                        let ((was, old), (entity, new)) = ($text(old), $text(new));
                        assert!(was == entity && old != new, "{entity} has not changed: {new}");
                        assert_eq!(copy.insert(entity, new), Some(old));
                    }
                    QueryEvent::Removed { old } => {
                        let (entity, old) = $text(old);
                        assert_eq!(copy.remove(&entity), Some(old));
                    }
                }
            }
            assert!(count > 0, "a difference without events");
        }
    };
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(60) })]

    #[test]
    fn differences_add_up_to_what_the_query_gives(
        batches in prop::collection::vec((batch(), any::<bool>()), 1..16),
        commits in prop_oneof![Just(1000_usize), 1..4_usize],
    ) {
        let db = Db::<Game>::builder().worker_threads(1).history(commits, 1 << 30).open().unwrap();
        let mut nears = Watcher::<Near> {
            query: db.watch().unwrap().without::<Frozen>().filter(Small::C.n.lt(150).or(has::<Wide>())),
            copy: Given::new(),
            anew: |snapshot| {
                let query = snapshot.query::<Near>().without::<Frozen>().filter(Small::C.n.lt(150).or(has::<Wide>()));
                query.iter().map(near).collect()
            },
            play: play!(near),
        };
        let mut alls = Watcher::<All> {
            query: db.watch().unwrap(),
            copy: Given::new(),
            anew: |snapshot| snapshot.query::<All>().iter().map(all).collect(),
            play: play!(all),
        };
        let mut riches = Watcher::<Rich> {
            query: db.watch().unwrap().with::<Frozen>().filter(Purse::C.gold.ge(100)).filter(Purse::C.open.eq(true)),
            copy: Given::new(),
            anew: |snapshot| {
                let query = snapshot.query::<Rich>().with::<Frozen>();
                query.filter(Purse::C.gold.ge(100).and(Purse::C.open.eq(true))).iter().map(rich).collect()
            },
            play: play!(rich),
        };
        for (transactions, reads) in batches {
            commit(&db, transactions);
            if reads {
                nears.catch_up(&db);
                riches.catch_up(&db);
            }
            alls.catch_up(&db);
        }
        nears.catch_up(&db);
        riches.catch_up(&db);
        assert_eq!(alls.query.iter().map(all).collect::<Given>(), alls.copy);
    }
}

#[test]
fn a_live_query_begins_with_what_is_there_and_waits_for_what_concerns_it() {
    let db = Db::<Game>::in_memory().unwrap();
    let ann = db.spawn((Small { n: 1 }, Purse { gold: 5, open: false })).unwrap();
    let mut query = db.watch::<(Entity, &Small)>().unwrap().with::<Purse>();
    assert_eq!(query.iter().map(|(entity, small)| (entity, small.n)).collect::<Vec<_>>(), [(ann, 1)]);
    assert!(query.try_recv().unwrap().is_none());
    let waiting = std::thread::spawn(move || {
        let changes = query.recv().unwrap();
        assert!(
            matches!(changes.iter().next(), Some(QueryEvent::Changed { old, new }) if (old.1.n, new.1.n) == (1, 2))
        );
        assert_eq!(changes.iter().count(), 1);
        query
    });
    // None of these is its business: other rows, other tables, what is changed back.
    db.spawn(Small { n: 9 }).unwrap();
    db.update(ann, Purse::C.gold.add(1)).unwrap();
    db.write(move |tx| {
        tx.remove::<Purse>(ann)?;
        Ok(tx.insert(ann, Purse { gold: 7, open: true })?)
    })
    .unwrap();
    db.update(ann, Small::C.n.set(2)).unwrap();
    let mut query = waiting.join().unwrap();
    db.close().unwrap();
    // What was committed before the end, if anything, has been looked at; then it ends.
    while query.try_recv().is_ok() {}
    assert_eq!(query.recv().err(), Some(RecvError::Closed));
    assert!((&mut query).into_iter().next().is_none());
}

#[test]
fn a_slot_that_changes_hands_is_a_removal_and_an_addition() {
    let db = Db::<Game>::in_memory().unwrap();
    let ann = db.spawn(Small { n: 1 }).unwrap();
    let mut query = db.watch::<(Entity, &Small)>().unwrap();
    let bob = db
        .write(move |tx| {
            tx.despawn(ann)?;
            Ok(tx.spawn(Small { n: 1 })?)
        })
        .unwrap();
    assert_eq!(ann.slot(), bob.slot());
    let changes = query.try_recv().unwrap().unwrap();
    let events: Vec<_> = changes.iter().collect();
    assert!(matches!(
        events[..],
        [QueryEvent::Removed { old }, QueryEvent::Added { new }] if (old.0, new.0) == (ann, bob)
    ));
}

#[test]
fn a_live_query_is_never_too_slow() {
    let db = Db::<Game>::builder().history(2, 1 << 20).open().unwrap();
    let entities = db.write(|tx| Ok(tx.spawn_all((0..500).map(|n| Small { n }))?)).unwrap();
    let mut query = db.watch::<(Entity, &Small)>().unwrap();
    for entity in &entities[..50] {
        db.update(*entity, Small::C.n.set(1000)).unwrap();
    }
    let changes = query.recv_timeout(std::time::Duration::from_secs(600)).unwrap().unwrap();
    assert_eq!(changes.iter().count(), 50);
    assert!(query.try_recv().unwrap().is_none());
}

#[test]
fn a_task_waits_for_a_live_query() {
    use futures_core::Stream;
    use std::task::{Context, Waker};

    let db = Db::<Game>::in_memory().unwrap();
    let query = db.watch::<(Entity, &Small)>().unwrap();
    let mut query = std::pin::pin!(query);
    assert!(query.as_mut().poll_next(&mut Context::from_waker(Waker::noop())).is_pending());
    db.spawn(Purse { gold: 1, open: true }).unwrap();
    let writing = std::thread::spawn({
        let db = db.clone();
        move || db.spawn(Small { n: 1 }).unwrap()
    });
    let changes = ecsdb_tests::block_on(std::future::poll_fn(|context| query.as_mut().poll_next(context))).unwrap();
    let entity = writing.join().unwrap();
    assert!(matches!(changes.iter().next(), Some(QueryEvent::Added { new }) if new.0 == entity));
}
