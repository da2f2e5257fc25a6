//! What the history takes in memory, and that it goes before anything fails for lack of it.

use ecsdb::Db;
use ecsdb::error::RecvError;
use ecsdb_tests::world::{Sample, Small, Wide};

use super::game::Game;

/// Changes one of many pages in each commit.
fn churn(db: &Db<Game>, entities: &[ecsdb::Entity], commits: usize) {
    for n in 0..commits {
        db.insert(entities[n % entities.len()], Wide::sample(n as u64)).unwrap();
    }
}

#[test]
fn the_history_stays_within_its_bytes_and_is_a_figure_of_its_own() {
    const LIMIT: usize = 256 << 10;
    let db = Db::<Game>::builder().history(1 << 20, LIMIT).open().unwrap();
    let entities = db.write(|tx| Ok(tx.spawn_all((0..20).map(Wide::sample))?)).unwrap();
    churn(&db, &entities, 400);
    let full = db.memory().unwrap();
    assert!(full.history_bytes > LIMIT / 2 && full.history_bytes <= LIMIT, "{full:?}");
    churn(&db, &entities, 400);
    let later = db.memory().unwrap();
    assert!(later.history_bytes <= LIMIT);
    assert!(later.total_bytes() < full.total_bytes() + (64 << 10), "{full:?}, then {later:?}");
}

#[test]
fn nothing_is_kept_before_somebody_subscribes_and_after_the_last_has_left() {
    let db = Db::<Game>::in_memory().unwrap();
    let entities = db.write(|tx| Ok(tx.spawn_all((0..20).map(Wide::sample))?)).unwrap();
    churn(&db, &entities, 50);
    assert_eq!(db.memory().unwrap().history_bytes, 0);
    let feed = db.subscribe::<Small>().unwrap();
    churn(&db, &entities, 50);
    assert!(db.memory().unwrap().history_bytes > 50 * 4096, "of all tables, whoever follows which");
    drop(feed);
    churn(&db, &entities, 2);
    assert_eq!(db.memory().unwrap().history_bytes, 0);
    let feed = db.subscribe::<Small>().unwrap();
    churn(&db, &entities, 50);
    drop(feed);
    db.trim().unwrap();
    assert_eq!(db.memory().unwrap().history_bytes, 0, "nor if nothing is committed any more");
    let then = db.snapshot().version();
    churn(&db, &entities, 1);
    assert!(db.snapshot().changed_since::<Wide>(then).is_err());
}

#[test]
fn a_write_takes_the_memory_of_the_history_and_followers_are_told() {
    const LIMIT: usize = 1 << 20;
    let db = Db::<Game>::builder().memory_limit(LIMIT).history(1 << 20, LIMIT).open().unwrap();
    let mut feed = db.subscribe::<Wide>().unwrap();
    let entities = db.write(|tx| Ok(tx.spawn_all((0..60).map(Wide::sample))?)).unwrap();
    // Without the history it fits easily; with it, never.
    churn(&db, &entities, 1_000);
    let mut lags = 0;
    loop {
        match feed.try_recv() {
            Ok(None) => break,
            Ok(Some(_)) => {}
            Err(RecvError::Lagged(_)) => {
                lags += 1;
                assert_eq!(feed.resync().table::<Wide>().len(), 60);
            }
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!(lags, 1);
    db.insert(entities[0], Wide::sample(7)).unwrap();
    assert_eq!(feed.recv().unwrap().iter().count(), 1);
    // A transaction of its own that needs nearly everything.
    let more = db.write(|tx| Ok(tx.spawn_all((0..80).map(Wide::sample))?)).unwrap();
    assert_eq!(more.len(), 80);
}

#[test]
fn a_transaction_that_is_larger_than_the_history_is_lost_to_it_and_nothing_else() {
    let db = Db::<Game>::builder().history(100, 20 << 10).open().unwrap();
    let entities = db.write(|tx| Ok(tx.spawn_all((0..20).map(Wide::sample))?)).unwrap();
    let mut feed = db.subscribe::<Wide>().unwrap();
    db.write({
        let entities = entities.clone();
        move |tx| entities.iter().try_for_each(|entity| Ok(tx.insert(*entity, Wide::sample(3))?))
    })
    .unwrap();
    let Err(RecvError::Lagged(lagged)) = feed.recv() else { panic!("it cannot have been kept") };
    assert_eq!((lagged.from, lagged.to), (2, 2));
    feed.resync();
    db.insert(entities[0], Wide::sample(7)).unwrap();
    assert_eq!(feed.recv().unwrap().iter().count(), 1);
}
