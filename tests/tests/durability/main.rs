//! A database in a directory: what was committed is there again when it is opened, with the same ids from then on; what is
//! refused says why, and changes nothing.

mod damage;
mod endings;
mod failures;
mod panics;
mod schemas;

use std::path::PathBuf;
use std::time::Duration;

use ecsdb::error::DirectoryError;
use ecsdb::{Db, OpenError, Ticket, TransactionError};
use ecsdb_tests::block_on;
use ecsdb_tests::log::{Recorder, Rows};
use ecsdb_tests::rounds::{assert_same, error_of, small, work};
use ecsdb_tests::simulated::Simulated;
use ecsdb_tests::world::*;

/// A directory of the machine that is gone with this.
struct Temporary(PathBuf);

impl Temporary {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("ecsdb-durability-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        Self(path)
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Commits the spawn of one row, without waiting.
fn spawn_one(db: &Db<World>, n: u64) -> Ticket {
    let mut tx = db.begin();
    tx.spawn(Small::sample(n));
    tx.commit().unwrap()
}

#[test]
fn a_database_goes_on_as_if_it_had_never_been_closed() {
    let directory = Temporary::new("goes-on");
    let witness = Db::<World>::in_memory().unwrap();
    for rounds in [0..3, 3..4, 4..4, 4..12, 12..20] {
        let db = Db::<World>::open(&directory.0).unwrap();
        assert_same(&db, &witness, "after opening");
        let recovery = db.recovery().unwrap();
        assert_eq!(recovery.version, witness.stats().version);
        assert!(recovery.was_closed && recovery.torn_bytes == 0, "{recovery:?}");
        for round in rounds {
            work(&db, round);
            work(&witness, round);
            assert_same(&db, &witness, "the same ids are handed out");
        }
        assert_eq!(db.stats().version, witness.stats().version);
    }
}

#[test]
fn a_process_that_is_killed_loses_nothing_that_was_visible() {
    let witness = Db::<World>::in_memory().unwrap();
    let mut media = Simulated::new();
    let mut timelines = Vec::new();
    for round in 0..12 {
        let db = small(&media).open().unwrap();
        timelines.push(db.recovery().unwrap().timeline);
        work(&db, round);
        work(&witness, round);
        media = media.killed();
        drop(db);
        let db = small(&media).open().unwrap();
        assert_same(&db, &witness, "what was visible");
        let timeline = {
            let recovery = db.recovery().unwrap();
            assert!(!recovery.was_closed, "{recovery:?}");
            assert!(!timelines.contains(&recovery.timeline), "a timeline of its own: {recovery:?}");
            recovery.timeline
        };
        drop(db);
        // The one that was closed goes on with the same timeline.
        let db = small(&media).open().unwrap();
        let recovery = db.recovery().unwrap();
        assert!(recovery.was_closed && recovery.timeline == timeline, "{recovery:?}");
        assert_same(&db, &witness, "after a clean close");
        drop(db);
    }
}

/// An open that is followed by a crash before anything is written again is no clean close.
#[test]
fn a_directory_that_is_open_is_not_taken_for_one_that_was_closed() {
    let media = Simulated::new();
    drop(small(&media).open().unwrap());
    let db = small(&media).open().unwrap();
    assert!(db.recovery().unwrap().was_closed);
    let media = media.killed();
    drop(db);
    assert!(!small(&media).open().unwrap().recovery().unwrap().was_closed);
}

#[test]
fn a_directory_is_open_once() {
    let directory = Temporary::new("lock");
    let db = Db::<World>::open(&directory.0).unwrap();
    let error = error_of(Db::<World>::open(&directory.0));
    assert!(matches!(&error, DirectoryError::Locked { path } if *path == directory.0.join("LOCK")), "{error}");
    let second = db.clone();
    drop(db);
    assert!(Db::<World>::open(&directory.0).is_err(), "a handle is left");
    second.close().unwrap();
    let opened = Db::<World>::open(&directory.0).unwrap();
    assert!(matches!(second.spawn(()), Err(TransactionError::Closed)));
    drop(opened);
}

#[test]
fn tickets_say_what_is_durable() {
    let media = Simulated::new();
    // Nobody syncs unless somebody waits.
    let db = small(&media).sync_within(Duration::from_secs(3600)).open().unwrap();
    let commit = |n| spawn_one(&db, n);
    assert_eq!(commit(1).visible().unwrap().version, 1);
    assert_eq!(db.stats().durable_version, Some(0));
    assert_eq!(commit(2).durable().unwrap().version, 2);
    assert_eq!(db.stats().durable_version, Some(2));
    assert_eq!(block_on(commit(3).when_durable()).unwrap().version, 3);
    assert_eq!(commit(4).durable_timeout(Duration::from_secs(3600)).unwrap().version, 4);
    commit(5).visible().unwrap();
    assert_eq!(db.sync().unwrap(), 5);
    assert_eq!(db.stats().durable_version, Some(5));
    // A transaction that changes nothing is durable with what it has seen.
    assert_eq!(db.begin().commit().unwrap().durable().unwrap().version, 5);
    let inside = {
        let db = db.clone();
        move |_: &mut ecsdb::Transaction<'_, World>| db.sync()
    };
    assert!(matches!(db.write(inside), Err(TransactionError::Reentrant)));
    db.close().unwrap();
    assert_eq!(db.sync().unwrap(), 5);

    let db = Db::<World>::in_memory().unwrap();
    assert!(matches!(db.begin().commit().unwrap().durable(), Err(TransactionError::NoLog)));
    assert!(matches!(block_on(db.begin().commit().unwrap().when_durable()), Err(TransactionError::NoLog)));
    assert!(matches!(db.sync(), Err(TransactionError::NoLog)));
    let mut tx = db.begin();
    tx.spawn(Small::sample(1));
    assert!(matches!(tx.commit_durable(), Err(TransactionError::NoLog)));
    assert_eq!(db.snapshot().entity_count(), 0, "what is not durable is not done either, if all is done in one");
    let mut tx = db.begin();
    let promised = tx.spawn(());
    let mut ticket = tx.commit().unwrap();
    assert!(matches!(ticket.durable_timeout(Duration::from_secs(3600)), Err(TransactionError::NoLog)));
    let spawned = ticket.visible().unwrap()[promised];
    assert!(db.snapshot().is_alive(spawned), "the ticket can still be asked");
    assert_eq!((db.stats().durable_version, db.recovery()), (None, None));
}

#[test]
fn many_threads_wait_for_the_log() {
    let directory = Temporary::new("threads");
    let db = Db::<World>::open(&directory.0).unwrap();
    std::thread::scope(|scope| {
        for thread in 0..8_u64 {
            let db = &db;
            scope.spawn(move || {
                for n in 0..40 {
                    let mut tx = db.begin();
                    tx.spawn(Small::sample(thread * 100 + n));
                    let commit = tx.commit().unwrap().durable().unwrap();
                    assert!(db.stats().durable_version >= Some(commit.version));
                }
            });
        }
    });
    let rows = Rows::of(&db);
    drop(db);
    assert!(Rows::of(&Db::<World>::open(&directory.0).unwrap()) == rows);
    assert_eq!(rows.rows.len(), 320);
}

#[test]
fn the_memory_limit_holds_while_opening() {
    let media = Simulated::new();
    let db = small(&media).open().unwrap();
    db.write(|tx| Ok(tx.spawn_all((0..200).map(Wide::sample))?)).unwrap();
    drop(db);
    let error = error_of(small(&media).memory_limit(500_000).open());
    assert!(matches!(error, DirectoryError::Memory(_)), "{error}");
    assert_eq!(small(&media).open().unwrap().stats().rows, 200);
}

#[test]
fn settings_that_cannot_be_used_are_refused() {
    let builder = || Db::<World>::builder().media(Simulated::new()).directory("save");
    assert!(matches!(builder().segment_bytes(1).open(), Err(OpenError::Setting { setting: "segment_bytes", .. })));
}

#[test]
fn a_log_of_ones_own_comes_before_that_of_the_directory() {
    let (media, log) = (Simulated::new(), Recorder::default());
    let open = || Db::<World>::builder().media(media.clone()).directory("save").commit_log(log.clone()).open().unwrap();
    let db = open();
    work(&db, 1);
    assert_eq!(log.with(|record| record.rows.clone()), Rows::of(&db));
    // What it refuses is in neither of them.
    log.with(|record| record.refuse_commit = true);
    assert!(matches!(db.spawn(Small::sample(1)), Err(TransactionError::Log(_))));
    let versions = log.with(|record| record.versions.clone());
    assert_eq!(versions.last(), Some(&db.stats().version));
    let expected = Rows::of(&db);
    drop(db);
    let db = open();
    assert_eq!(Rows::of(&db), expected);
    assert_eq!(log.with(|record| record.versions.clone()), versions, "what is replayed does not come again");
}
