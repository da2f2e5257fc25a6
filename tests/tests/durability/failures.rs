//! Calls that fail while the database is open.

use std::time::Duration;

use ecsdb::error::with_causes;
use ecsdb::{Db, TransactionError};
use ecsdb_tests::log::Rows;
use ecsdb_tests::simulated::{Call, Failure, Fault, Simulated, Survival};
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

fn segments(media: &Simulated) -> usize {
    media.state().paths().filter(|path| path.extension().is_some_and(|ending| ending == "wal")).count()
}

/// Commits durably until `is_enough`. Returns what there was after the last one, and the error if one was refused.
fn commit_until(db: &Db<World>, is_enough: impl Fn() -> bool) -> (Rows, Option<TransactionError>) {
    for n in 0..2000 {
        let before = Rows::of(db);
        if is_enough() {
            return (before, None);
        }
        if let Err(error) = spawn_one(db, n).durable() {
            assert!(Rows::of(db) == before, "what was refused has not happened");
            return (before, Some(error));
        }
    }
    panic!("two thousand commits");
}

/// The medium refuses to make files for a while: commits go on in the segment that there is, and the next one is made when it is needed.
#[test]
fn a_next_segment_that_cannot_be_made_ahead_is_made_when_it_is_needed() {
    for failure in [Failure::Denied, Failure::NoSpace, Failure::Device] {
        let media = Simulated::new();
        let db = small(&media).open().unwrap();
        let before = segments(&media);
        media.set_faults(vec![Fault::of(Call::Create, failure)]);
        // It is made by another thread, when the segment is half full.
        let (_, refused) = commit_until(&db, || media.struck() > 0);
        assert!(refused.is_none(), "{failure:?}: {refused:?}");
        for n in 0..5 {
            spawn_one(&db, n).durable().unwrap();
        }
        assert_eq!((media.struck(), segments(&media)), (1, before), "{failure:?}: it is asked for once");
        media.set_faults(Vec::new());
        let (rows, refused) = commit_until(&db, || segments(&media) > before + 2);
        assert!(refused.is_none(), "{failure:?}: {refused:?}");
        let crashed = Simulated::of(media.state().image(Survival::Nothing));
        assert!(Rows::of(&small(&crashed).open().unwrap()) == rows, "{failure:?}: all of it is durable");
    }
}

/// The medium still refuses when the segment is full: the commit that needs the next one is refused with the cause, everything before is there, and
/// the directory goes on when the medium is well again.
#[test]
fn a_next_segment_that_cannot_be_made_at_all_refuses_commits_and_loses_none() {
    for failure in [Failure::Denied, Failure::NoSpace, Failure::Device] {
        let media = Simulated::new();
        let db = small(&media).open().unwrap();
        media.set_faults(vec![Fault::of(Call::Create, failure)]);
        let (rows, refused) = commit_until(&db, || false);
        let error = refused.unwrap();
        let text = with_causes(&error).to_string();
        assert!(matches!(error, TransactionError::Log(_)) && text.contains("cannot make "), "{failure:?}: {text}");
        assert!(text.contains(".new"), "{failure:?}: {text}");
        assert!(Rows::of(&db) == rows, "{failure:?}: reads go on");
        assert!(matches!(db.spawn(Small::sample(1)), Err(TransactionError::Log(_))), "{failure:?}");
        // What a crash leaves is the same.
        let crashed = Simulated::of(media.state().image(Survival::Nothing));
        assert!(Rows::of(&small(&crashed).open().unwrap()) == rows, "{failure:?}");
        media.set_faults(Vec::new());
        drop(db);
        let db = small(&media).open().unwrap();
        assert!(Rows::of(&db) == rows, "{failure:?}: nothing is lost, and nothing has come");
        let before = segments(&media);
        let (rows, refused) = commit_until(&db, || segments(&media) > before + 2);
        assert!(refused.is_none(), "{failure:?}: {refused:?}");
        drop(db);
        assert!(Rows::of(&small(&media).open().unwrap()) == rows, "{failure:?}");
    }
}
