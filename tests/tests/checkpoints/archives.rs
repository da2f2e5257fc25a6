//! Archives that panic or take their time: the database goes on, and is closed when it is to be.

use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use ecsdb::archive::{Archive, ArchiveError, ArchivedSnapshot, Put};
use ecsdb::durability::Retention;
use ecsdb::error::CheckpointError;
use ecsdb::{Db, DbBuilder, TransactionError};
use ecsdb_tests::rounds::{assert_same, small, work};
use ecsdb_tests::simulated::Simulated;
use ecsdb_tests::world::*;

use super::retention::{Shelf, numbers};

/// What is done before a call is passed on to a shelf.
type Before = dyn Fn(&'static str, &str) + Send + Sync;

/// An archive that does something else first.
struct Odd(Shelf, Box<Before>);

impl Archive for Odd {
    fn put_if_absent(&self, name: &str, bytes: &[u8]) -> Result<Put, ArchiveError> {
        (self.1)("put", name);
        self.0.put_if_absent(name, bytes)
    }

    fn get(&self, name: &str) -> Result<Vec<u8>, ArchiveError> {
        (self.1)("get", name);
        self.0.get(name)
    }

    fn list(&self, folder: &str) -> Result<Vec<String>, ArchiveError> {
        (self.1)("list", folder);
        self.0.list(folder)
    }

    fn remove(&self, name: &str) -> Result<(), ArchiveError> {
        (self.1)("remove", name);
        self.0.remove(name)
    }
}

fn odd(
    media: &Simulated,
    shelf: &Shelf,
    before: impl Fn(&'static str, &str) + Send + Sync + 'static,
) -> DbBuilder<World> {
    let mut last = Retention::default();
    last.snapshots = 1;
    small(media).retention(last).archive(Odd(shelf.clone(), Box::new(before)))
}

#[test]
fn an_archive_that_panics_is_asked_again() {
    for (call, name) in
        [("list", "writers"), ("put", "writers"), ("list", "segments"), ("put", "segments"), ("remove", "writers")]
    {
        let (media, shelf) = (Simulated::new(), Shelf::default());
        // Somebody has had the archive before, so a number can be removed.
        shelf.put_if_absent("writers/00000000000000000001", b"somebody").unwrap();
        let panics = Arc::new(Mutex::new(2));
        let left = Arc::clone(&panics);
        let db = odd(&media, &shelf, move |called, of| {
            let mut left = left.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
            if *left > 0 && called == call && of.starts_with(name) {
                *left -= 1;
                panic!("no shelf is left");
            }
        });
        let db = db.open().unwrap();
        let witness = Db::<World>::in_memory().unwrap();
        let mut why = Vec::new();
        for round in 0..4 {
            for more in 0..20 {
                work(&db, round * 20 + more);
                work(&witness, round * 20 + more);
            }
            why.extend(db.checkpoint().unwrap().wait().unwrap().kept_because);
        }
        assert!(
            why.len() <= 2 && why.iter().all(|why| why == "the archive panicked: no shelf is left"),
            "{call}: {why:?}"
        );
        // The archive may be taken, and have got a segment, before anybody asks for a checkpoint.
        assert_eq!(*panics.lock().unwrap_or_else(|poisoned| poisoned.into_inner()), 0, "{call} {name}");
        assert_eq!(db.stats().checkpoints.unwrap().unclean, why.len() as u64);
        let (stored, left) = (shelf.segments(), numbers(&media, "wal"));
        assert!(left[0] > 1 && stored.last().unwrap().1 + 1 >= left[0], "{call} {name}: {stored:?}, {left:?}");
        assert_same(&db, &witness, "whatever the archive does");
    }
}

/// Waits at the first object until it is told to go on, or nobody is left to tell it.
fn slow(
    media: &Simulated,
    shelf: &Shelf,
    is_there: impl Fn() + Send + Sync + 'static,
    go_on: Receiver<()>,
) -> DbBuilder<World> {
    let go_on = Mutex::new(go_on);
    odd(media, shelf, move |call, name| {
        if call == "put" && name.starts_with("segments/") {
            is_there();
            let _ = go_on.lock().unwrap().recv();
        }
    })
}

#[test]
fn a_slow_archive_does_not_keep_the_log_open() {
    let (media, shelf) = (Simulated::new(), Shelf::default());
    let ((arrived, arrivals), (go_on, waits)) = (channel(), channel());
    let db = slow(&media, &shelf, move || arrived.send(()).unwrap(), waits).open().unwrap();
    let witness = Db::<World>::in_memory().unwrap();
    for round in 0..60 {
        work(&db, round);
        work(&witness, round);
    }
    // Nobody has asked for a checkpoint: a segment is stored when it is finished.
    arrivals.recv().unwrap();
    let checkpoint = db.checkpoint().unwrap();
    assert!(numbers(&media, "wal").len() > 3, "there is more to store than one segment");
    std::thread::scope(|scope| {
        let go_on = go_on;
        let closing = scope.spawn(|| db.close());
        // Nobody has told the archive to go on.
        let patience = Instant::now() + Duration::from_secs(60);
        loop {
            let copy = small(&media.killed()).open().unwrap();
            if copy.recovery().unwrap().was_closed {
                assert_same(&copy, &witness, "closed");
                break;
            }
            assert!(Instant::now() < patience, "the log is still open");
        }
        assert!(matches!(db.spawn(Small::sample(1)), Err(TransactionError::Closed)));
        assert!(!closing.is_finished(), "the directory is still held");
        drop(go_on);
        closing.join().unwrap().unwrap();
    });
    assert!(matches!(checkpoint.wait(), Err(CheckpointError::Closed)), "it comes after the segment");
    assert_eq!(shelf.segments().len(), 1, "what it had begun, and no more");
    let db = small(&media).archive(shelf.clone()).open().unwrap();
    assert_same(&db, &witness, "again");
    db.close().unwrap();
}

/// The archive has refused some; it takes the first of them while the database is closed, and is not asked for the others.
#[test]
fn a_snapshot_file_that_is_not_archived_is_kept_when_the_database_closes() {
    let (media, shelf) = (Simulated::new(), Shelf::default());
    let refusing = || {
        odd(&media, &shelf, |call, name| assert!(call != "put" || !name.starts_with("snapshots/"), "no shelf is left"))
    };
    for round in 0..4 {
        // The first checkpoint after an opening makes a complete file.
        let db = refusing().open().unwrap();
        work(&db, round);
        assert!(db.checkpoint().unwrap().wait().unwrap().kept_because.is_some());
    }
    let before = numbers(&media, "snap");
    let ((arrived, arrivals), (go_on, waits)) = (channel(), channel::<()>());
    let waits = Mutex::new(waits);
    let taking = odd(&media, &shelf, move |call, name| {
        if call == "put" && name.starts_with("snapshots/") {
            let _ = arrived.send(());
            let _ = waits.lock().unwrap().recv();
        }
    });
    let db = taking.open().unwrap();
    work(&db, 9);
    let checkpoint = db.checkpoint().unwrap();
    arrivals.recv().unwrap();
    std::thread::scope(|scope| {
        let closing = scope.spawn(|| db.close());
        let patience = Instant::now() + Duration::from_secs(60);
        while !small(&media.killed()).open().unwrap().recovery().unwrap().was_closed {
            assert!(Instant::now() < patience, "the log is still open");
        }
        drop(go_on);
        closing.join().unwrap().unwrap();
    });
    drop(checkpoint.wait());
    let (left, stored) = (numbers(&media, "snap"), ArchivedSnapshot::list(&shelf).unwrap());
    assert!(stored.len() < before.len(), "it was closed before all were stored");
    for version in before.iter().filter(|version| **version > 0) {
        let is_stored = stored.iter().any(|stored| stored.version == *version && stored.is_whole());
        assert!(is_stored || left.contains(version), "{version} is neither in {left:?} nor in the archive");
    }
}
