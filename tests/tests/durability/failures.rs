//! Calls that fail while the database is open.

use std::time::Duration;

use ecsdb::error::with_causes;
use ecsdb::{Db, TransactionError};
use ecsdb_tests::log::Rows;
use ecsdb_tests::simulated::{Failure, Fault, Simulated, Survival};
use ecsdb_tests::world::*;

use super::{assert_same, small, spawn_one, work};

/// A log that cannot be synced: what is visible stays visible, nothing more is acknowledged, and nothing is tried again.
#[test]
fn a_failed_sync_poisons_the_log() {
    let media = Simulated::new();
    let db = small(&media).sync_within(Duration::from_secs(3600)).open().unwrap();
    let commit = |n| spawn_one(&db, n);
    commit(1).durable().unwrap();
    let durable = Rows::of(&db);
    commit(2).visible().unwrap();
    media.set_faults(vec![Fault::at(media.calls().len(), Failure::Device)]);
    let error = commit_after_fault(&db, &media);
    let error = with_causes(&error).to_string();
    assert!(error.contains("is visible and not known to be durable: cannot sync"), "{error}");
    let visible = Rows::of(&db);
    // The medium is as good as new. The log is not: what the sync should have kept may be gone.
    media.set_faults(Vec::new());
    let error = commit(3).visible().unwrap_err();
    assert!(
        matches!(&error, TransactionError::Log(_)) && with_causes(&error).to_string().contains("cannot sync"),
        "{error:?}"
    );
    assert!(matches!(commit(4).durable(), Err(TransactionError::Log(_))));
    assert!(matches!(db.sync(), Err(TransactionError::NotDurable { version: 2, .. })));
    assert_eq!(db.stats().durable_version, Some(1));
    assert!(Rows::of(&db) == visible, "reads go on, and what was refused has not happened");
    let killed = media.killed();
    let crashed = Simulated::of(media.state().image(Survival::Nothing));
    drop(db);
    assert!(Rows::of(&small(&killed).open().unwrap()) == visible);
    assert!(Rows::of(&small(&crashed).open().unwrap()) == durable, "what was acknowledged as durable is there");
    let reopened = small(&media).open().unwrap();
    assert!(!reopened.recovery().unwrap().was_closed, "a log that has failed is not closed");
}

/// The next call is the sync that somebody asks for here.
fn commit_after_fault(db: &Db<World>, media: &Simulated) -> TransactionError {
    let error = db.sync().unwrap_err();
    assert_eq!(media.struck(), 1);
    error
}

/// A batch that cannot be written is not published.
#[test]
fn a_failed_write_poisons_the_log() {
    for failure in [Failure::Device, Failure::NoSpace, Failure::Stop] {
        let media = Simulated::new();
        let db = small(&media).sync_within(Duration::from_secs(3600)).open().unwrap();
        db.spawn(Small::sample(1)).unwrap();
        assert_eq!(db.sync().unwrap(), 1);
        let before = Rows::of(&db);
        media.set_faults(vec![Fault::at(media.calls().len(), failure)]);
        let error = db.spawn((Wide::sample(2), Small::sample(2))).unwrap_err();
        assert!(
            matches!(&error, TransactionError::Log(_)) && with_causes(&error).to_string().contains("cannot write"),
            "{error:?}"
        );
        media.set_faults(Vec::new());
        assert!(matches!(db.spawn(Small::sample(3)), Err(TransactionError::Log(_))), "{failure:?}");
        assert!(Rows::of(&db) == before && db.sync().unwrap() == 1);
        drop(db);
        let db = small(&media).open().unwrap();
        assert!(Rows::of(&db) == before, "{failure:?}");
        assert_eq!(db.recovery().unwrap().torn_bytes > 0, failure != Failure::Stop);
    }
}

/// The mark of a close may stand in a segment whose name is not durable: it went into a new one, and the process was killed, or the
/// sync of the directory failed. Who goes on there makes sure of the name before anything is acknowledged.
#[test]
fn a_log_that_goes_on_in_the_last_segment_makes_sure_of_its_name() {
    let segments =
        |media: &Simulated| media.state().paths().filter(|path| path.extension().is_some_and(|is| is == "wal")).count();
    let mut found = 0;
    for commits in 80..400 {
        let media = Simulated::new();
        let db = small(&media).open().unwrap();
        for n in 0..commits {
            db.spawn(Small::sample(n)).unwrap();
        }
        db.sync().unwrap();
        let (before, from) = (segments(&media), media.operations());
        db.close().unwrap();
        if segments(&media) == before {
            continue;
        }
        found += 1;
        if found > 1 {
            return;
        }
        let trace = media.trace();
        for operations in from..=trace.operations.len() {
            // What a process leaves that is killed here, and then, after it was used, the machine loses power.
            let killed = Simulated::of(trace.state_after(operations));
            let db = small(&killed).open().unwrap();
            spawn_one(&db, 7).durable().unwrap();
            let rows = Rows::of(&db);
            let crashed = Simulated::of(killed.state().image(Survival::Nothing));
            let db = small(&crashed).open().unwrap();
            assert!(Rows::of(&db) == rows, "{commits} commits, killed after {operations} operations");
        }
    }
    assert!(found > 0, "no mark of a close went into a segment of its own");
}

#[test]
fn short_writes_and_reads_are_continued() {
    let media = Simulated::new();
    media.set_faults(vec![Fault::from(0, Failure::Short)]);
    let witness = Db::<World>::in_memory().unwrap();
    for round in 0..4 {
        let db = small(&media).open().unwrap();
        work(&db, round);
        work(&witness, round);
        assert_same(&db, &witness, "with short writes");
    }
    assert!(media.struck() > 20);
}
