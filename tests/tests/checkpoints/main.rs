//! Checkpoints: a directory opens from its newest good snapshot file to exactly what the database was, with the same ids from then on,
//! whatever becomes of the newest files.

mod archives;
mod damage;
mod features;
mod retention;

use ecsdb::error::{CheckpointError, DirectoryError};
use ecsdb::{Component, Db, OpenError, TransactionError};
use ecsdb_tests::log::Rows;
use ecsdb_tests::rounds::{assert_same, error_of, small, work};
use ecsdb_tests::simulated::Simulated;
use ecsdb_tests::world::*;
use ecsdb_tests::{block_on, block_writer};

use retention::numbers;

#[test]
fn a_database_goes_on_from_a_snapshot_file_as_if_it_had_never_been_closed() {
    let witness = Db::<World>::in_memory().unwrap();
    let mut media = Simulated::new();
    for round in 0..24 {
        // Every other life ends with a kill.
        let workers = if round % 3 == 0 { 3 } else { 1 };
        let db = small(&media).worker_threads(workers).open().unwrap();
        assert_same(&db, &witness, "after opening");
        let before = db.stats().version;
        for more in 0..round % 4 {
            work(&db, round + more);
            work(&witness, round + more);
        }
        let report = db.checkpoint().unwrap().wait().unwrap();
        assert_eq!((report.version, report.base), (witness.stats().version, None));
        assert_eq!(report.rows, db.stats().rows);
        work(&db, round);
        work(&witness, round);
        assert_same(&db, &witness, "the same ids are handed out");
        if round % 2 == 0 {
            media = media.killed();
            drop(db);
        } else {
            drop(db);
        }
        let db = small(&media).open().unwrap();
        let recovery = db.recovery().unwrap();
        assert_eq!(recovery.snapshot, Some(report.version), "{recovery:?}");
        assert_eq!(recovery.snapshot_rows, report.rows);
        assert!(recovery.passed_over.is_empty() && report.version >= before);
        assert!(recovery.transactions > 0 && recovery.transactions < 6, "only what came after: {recovery:?}");
        assert_same(&db, &witness, "from the snapshot file and the log");
        db.close().unwrap();
    }
}

#[test]
fn a_file_may_go_on_from_an_earlier_one() {
    let witness = Db::<World>::in_memory().unwrap();
    let media = Simulated::new();
    let db = small(&media).open().unwrap();
    let mut bases = Vec::new();
    for round in 0..40 {
        work(&db, round);
        work(&witness, round);
        if round % 2 == 1 {
            let report = db.checkpoint().unwrap().wait().unwrap();
            bases.push(report.base);
            let copy = small(&media.killed()).open().unwrap();
            assert_eq!(copy.recovery().unwrap().snapshot, Some(report.version));
            assert_same(&copy, &witness, "a chain of files");
            work(&copy, 99);
            let twin = Db::<World>::in_memory().unwrap();
            for again in 0..=round {
                work(&twin, again);
            }
            work(&twin, 99);
            assert_same(&copy, &twin, "the same ids are handed out");
        }
    }
    assert!(bases.iter().any(Option::is_some) && bases[1..].iter().any(Option::is_none), "{bases:?}");
}

#[test]
fn chunks_that_are_gone_stay_gone() {
    let media = Simulated::new();
    let db = small(&media).open().unwrap();
    let many = db.write(|tx| Ok(tx.spawn_all((0..20_000).map(|n| (Small::sample(n), Pos::sample(n))))?)).unwrap();
    let many: Vec<_> = many.into_iter().collect();
    db.checkpoint().unwrap().wait().unwrap();
    let (kept, gone) = (many[..9_000].to_vec(), many[9_000..].to_vec());
    db.write(move |tx| {
        for entity in gone {
            tx.despawn(entity)?;
        }
        Ok(())
    })
    .unwrap();
    let report = db.checkpoint().unwrap().wait().unwrap();
    assert!(report.base.is_some(), "most of it is as it was");
    assert!(report.rows < 2 * 4096, "one chunk of each table was touched in part: {}", report.rows);
    let copy = small(&media.killed()).open().unwrap();
    assert_eq!(copy.recovery().unwrap().snapshot_rows, 18_000);
    assert!(Rows::of(&copy) == Rows::of(&db));
    assert_eq!(copy.stats().entities, kept.len() as u64);
}

#[test]
fn commits_go_on_while_a_checkpoint_is_made() {
    let media = Simulated::new();
    let db = small(&media).open().unwrap();
    db.write(|tx| Ok(tx.spawn_all((0..30_000).map(|n| (Small::sample(n), Purse::sample(n))))?)).unwrap();
    let (told, seen) = std::sync::mpsc::channel();
    let other = db.clone();
    let checkpoint = db.checkpoint_with(move |progress| {
        assert!(matches!(other.spawn(()), Err(TransactionError::Reentrant)), "a callback cannot wait");
        assert!(matches!(other.checkpoint().unwrap().wait(), Err(CheckpointError::Reentrant)));
        told.send(progress).unwrap();
    });
    let first = seen.recv().unwrap();
    assert_eq!((first.version, first.rows, first.rows_total), (1, 0, 60_000));
    for n in 0..20 {
        db.spawn(Small::sample(n)).unwrap();
    }
    let report = block_on(checkpoint.unwrap()).unwrap();
    assert_eq!((report.version, report.rows), (1, 60_000), "what was committed meanwhile is not in it");
    let last = seen.iter().last().unwrap();
    assert_eq!((last.rows, last.bytes), (60_000, report.bytes));
    let copy = small(&media.killed()).open().unwrap();
    assert!(Rows::of(&copy) == Rows::of(&db));
}

/// Opens the database of `media` as soon as its threads have let go of the directory, which nobody waits for.
fn open_at_last(media: &Simulated) -> Db<World> {
    for _ in 0..500 {
        match small(media).open() {
            Err(OpenError::Directory(DirectoryError::Locked { .. })) => {
                std::thread::sleep(std::time::Duration::from_millis(20));
            }
            opened => return opened.unwrap(),
        }
    }
    panic!("the directory is still locked");
}

/// A handle that goes when the others are gone.
struct Last {
    wait: std::sync::mpsc::Receiver<()>,
    _db: Db<World>,
}

impl Drop for Last {
    fn drop(&mut self) {
        let _ = self.wait.recv();
    }
}

#[test]
fn the_last_handle_may_go_with_a_callback() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    for (runtime, is_backup) in [(None, false), (None, true), (Some(&runtime), false), (Some(&runtime), true)] {
        let media = Simulated::new();
        let builder = small(&media);
        let builder = if let Some(runtime) = runtime { builder.runtime(runtime.handle().clone()) } else { builder };
        let db = builder.open().unwrap();
        db.spawn(Small::sample(1)).unwrap();
        let (told, wait_until_told) = std::sync::mpsc::channel();
        let (others_are_gone, wait) = std::sync::mpsc::channel::<()>();
        let last = Last { wait, _db: db.clone() };
        let on_progress = move |_| {
            let _ = (&last, told.send(()));
        };
        if is_backup {
            db.backup_with("copy", on_progress).unwrap();
        } else {
            assert_eq!(db.checkpoint_with(on_progress).unwrap().wait().unwrap().version, 1);
        }
        assert!(wait_until_told.recv().is_ok());
        drop((db, others_are_gone));
        assert_eq!(open_at_last(&media).stats().version, 1);
    }
}

#[test]
fn the_log_goes_on_in_a_new_segment_behind_a_checkpoint() {
    let media = Simulated::new();
    let db = small(&media).open().unwrap();
    // More than a segment of this size is meant to hold.
    db.write(|tx| Ok(tx.spawn_all((0..2_000).map(|n| (Small::sample(n), Purse::sample(n))))?)).unwrap();
    db.checkpoint().unwrap().wait().unwrap();
    db.spawn(Small::sample(1)).unwrap();
    db.sync().unwrap();
    let killed = small(&media.killed()).open().unwrap();
    let recovery = killed.recovery().unwrap();
    assert_eq!((recovery.snapshot, recovery.version, recovery.rows), (Some(1), 2, 1));
    assert_eq!(numbers(&media, "wal"), [1, 2], "the first versions of the segments");
    assert!(Rows::of(&killed) == Rows::of(&db));
    // Also the mark of a close.
    let later = db.write(|tx| Ok(tx.spawn_all((0..2_000).map(Small::sample))?)).map(|_| db.stats().version).unwrap();
    db.checkpoint().unwrap().wait().unwrap();
    let rows = Rows::of(&db);
    db.close().unwrap();
    let db = small(&media).open().unwrap();
    let recovery = db.recovery().unwrap();
    assert_eq!((recovery.snapshot, recovery.version, recovery.rows), (Some(later), later, 0));
    assert!(numbers(&media, "wal").contains(&(later + 1)), "where the mark of the close is");
    assert!(Rows::of(&db) == rows);
    // Little is worth no segment.
    let before = numbers(&media, "wal");
    for n in 0..5 {
        db.spawn(Small::sample(n)).unwrap();
        db.checkpoint().unwrap().wait().unwrap();
    }
    let after = numbers(&media, "wal");
    assert!(after.len() <= before.len() + 1, "{before:?} and then {after:?}");
}

#[test]
fn checkpoints_that_are_asked_for_together_are_one() {
    let media = Simulated::new();
    let db = small(&media).open().unwrap();
    db.spawn(Small::sample(1)).unwrap();
    let blocked = block_writer(&db);
    let asked: Vec<_> = (0..10).map(|_| db.checkpoint().unwrap()).collect();
    drop(blocked);
    let reports: Vec<_> = asked.into_iter().map(|checkpoint| checkpoint.wait().unwrap()).collect();
    assert!(reports.windows(2).all(|pair| pair[0] == pair[1]), "{reports:?}");
    let again = db.checkpoint().unwrap().wait().unwrap();
    assert_eq!(again, reports[0], "nothing was committed since");
}

#[test]
fn what_cannot_be_had_is_said() {
    let db = Db::<World>::in_memory().unwrap();
    assert!(matches!(db.checkpoint(), Err(TransactionError::NoLog)));
    let media = Simulated::new();
    let db = small(&media).open().unwrap();
    db.spawn(Small::sample(1)).unwrap();
    let inside = db.clone();
    let waited = db.write(move |_| Ok(inside.checkpoint()?.wait().is_err())).unwrap();
    assert!(waited, "inside a transaction nobody can wait");
    let blocked = block_writer(&db);
    let mut late = db.checkpoint().unwrap();
    assert!(late.wait_timeout(std::time::Duration::from_millis(1)).unwrap().is_none());
    drop(blocked);
    db.close().unwrap();
    match late.wait() {
        Ok(report) => assert_eq!(report.version, 1),
        Err(error) => assert!(matches!(error, CheckpointError::Closed), "{error}"),
    }
    assert!(matches!(db.checkpoint(), Err(TransactionError::Closed)));
}

#[test]
fn an_empty_database_has_a_checkpoint_as_well() {
    let media = Simulated::new();
    let db = small(&media).open().unwrap();
    let report = db.checkpoint().unwrap().wait().unwrap();
    assert_eq!((report.version, report.rows), (0, 0));
    drop(db);
    let db = small(&media).open().unwrap();
    assert_eq!(db.recovery().unwrap().snapshot, Some(0));
    db.spawn(Small::sample(1)).unwrap();
    drop(db);
    assert_eq!(small(&media).open().unwrap().stats().rows, 1);
}

/// Strings, lists, and fields that lie in memory in another order than in files.
mod rich {
    use ecsdb::Component;

    #[derive(Component, Clone, Debug, PartialEq)]
    pub struct Note {
        pub text: String,
        pub tags: Vec<String>,
        pub n: u32,
    }

    #[derive(Component, Clone, Debug, PartialEq)]
    pub struct Account {
        #[component(auto_increment, unique)]
        pub id: u32,
        pub name: String,
    }

    ecsdb::schema! { pub World: Note, Account }
}

#[test]
fn strings_lists_and_numbers_of_counted_fields_come_back() {
    let media = Simulated::new();
    let open = || Db::<rich::World>::builder().media(media.clone()).directory("save").open().unwrap();
    let note = |n: u32| rich::Note {
        text: "x".repeat(n as usize % 300),
        tags: (0..n % 5).map(|tag| format!("{n}-{tag}")).collect(),
        n,
    };
    let account = |name: &str| rich::Account { id: 0, name: name.into() };
    let db = open();
    let notes = db.write(move |tx| Ok(tx.spawn_all((0..9_000).map(note))?)).unwrap();
    let notes: Vec<_> = notes.into_iter().collect();
    let gone = db.spawn(account("first")).unwrap();
    let last = db.spawn(account("second")).unwrap();
    assert_eq!(db.snapshot().get::<rich::Account>(last).unwrap().id(), 2);
    db.despawn(last).unwrap();
    db.despawn(gone).unwrap();
    db.checkpoint().unwrap().wait().unwrap();
    drop(db);
    let db = open();
    assert_eq!(db.recovery().unwrap().transactions, 0, "all came from the snapshot file");
    let snapshot = db.snapshot();
    for (n, entity) in notes.iter().enumerate() {
        assert_eq!(rich::Note::from(snapshot.get::<rich::Note>(*entity).unwrap()), note(n as u32));
    }
    let next = db.spawn(account("third")).unwrap();
    assert_eq!(
        db.snapshot().get::<rich::Account>(next).unwrap().id(),
        3,
        "numbers of rows that are gone do not come again"
    );
}

/// A row whose values are not logged.
#[derive(Component, Debug)]
#[component(durability = "snapshot")]
#[repr(C)]
struct Hot {
    n: u32,
}

ecsdb::schema! { HotWorld: Hot }

#[test]
fn rows_that_are_not_logged_have_the_values_of_the_last_snapshot_file() {
    let media = Simulated::new();
    let open = || Db::<HotWorld>::builder().media(media.clone()).directory("save").open().unwrap();
    let db = open();
    let entity = db.spawn(Hot { n: 1 }).unwrap();
    db.update(entity, Hot::C.n.set(2)).unwrap();
    db.checkpoint().unwrap().wait().unwrap();
    db.update(entity, Hot::C.n.set(3)).unwrap();
    drop(db);
    assert_eq!(open().snapshot().get::<Hot>(entity).unwrap().n, 2);
}

#[test]
fn an_opening_tells_how_far_it_is() {
    let media = Simulated::new();
    let db = small(&media).open().unwrap();
    db.write(|tx| Ok(tx.spawn_all((0..30_000).map(|n| (Small::sample(n), Purse::sample(n))))?)).unwrap();
    db.checkpoint().unwrap().wait().unwrap();
    for n in 0..300 {
        db.spawn(Wide::sample(n)).unwrap();
    }
    drop(db);
    let (told, seen) = std::sync::mpsc::channel();
    let db = small(&media).on_recovery_progress(move |progress| told.send(progress).unwrap()).open().unwrap();
    let seen: Vec<_> = seen.iter().collect();
    assert!(seen.len() > 16, "in pieces: {}", seen.len());
    let climbs = |pair: &[ecsdb::durability::RecoveryProgress]| {
        pair[0].rows <= pair[1].rows && pair[0].log_bytes <= pair[1].log_bytes
    };
    assert!(seen.windows(2).all(climbs), "{seen:?}");
    let last = seen.last().unwrap();
    assert_eq!((last.rows, last.rows_total), (60_000, 60_000));
    assert!(last.log_bytes == last.log_bytes_total && last.log_bytes > 300_000, "{last:?}");
    assert_eq!(db.stats().rows, 60_300);
}

#[test]
fn a_file_that_does_not_fit_in_memory_is_an_error_and_nothing_is_passed_over() {
    let media = Simulated::new();
    let db = small(&media).open().unwrap();
    db.write(|tx| Ok(tx.spawn_all((0..20_000).map(Pos::sample).map(|pos| (pos,)))?)).unwrap();
    db.checkpoint().unwrap().wait().unwrap();
    drop(db);
    let before = media.state();
    let error = error_of(small(&media).memory_limit(20_000).open());
    assert!(matches!(error, DirectoryError::Memory(_)), "{error}");
    let names = |state: &ecsdb_tests::simulated::State| -> Vec<_> { state.paths().map(ToOwned::to_owned).collect() };
    assert_eq!(names(&media.state()), names(&before), "nothing was changed");
    assert_eq!(small(&media).open().unwrap().stats().rows, 20_000);
}
