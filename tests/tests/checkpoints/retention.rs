//! What is kept of the past: parts of the log and snapshot files that are needed no longer go, into an archive first if there is one, and
//! files of the log are written over.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ecsdb::archive::{Archive, ArchiveError, ArchivedSegment, Put};
use ecsdb::durability::Retention;
use ecsdb::{Db, DbBuilder, OpenError, TransactionError};
use ecsdb_tests::rounds::work;
use ecsdb_tests::simulated::{Call, Failure, Fault, Simulated};
use ecsdb_tests::world::*;

use super::{assert_same, small};

/// The numbers in the names of all files that end with `ending`.
pub fn numbers(media: &Simulated, ending: &str) -> Vec<u64> {
    let state = media.state();
    let number = |path: &Path| {
        let name = path.file_name()?.to_str()?;
        name.strip_suffix(ending)?.strip_suffix('.')?.parse().ok()
    };
    state.paths().filter_map(number).collect()
}

/// How many segments were made of files that had been others.
fn recycled(media: &Simulated) -> usize {
    let state = media.state();
    let is_recycled = |path: &&Path| state.content(path).is_some_and(|content| content[20] == 1);
    let is_segment = |path: &&Path| path.extension().is_some_and(|ending| ending == "wal");
    state.paths().filter(is_segment).filter(is_recycled).count()
}

fn keeping(change: impl FnOnce(&mut Retention)) -> Retention {
    let mut retention = Retention::default();
    change(&mut retention);
    retention
}

/// Works, with a checkpoint after every third round.
fn play(db: &Db<World>, witness: &Db<World>, rounds: core::ops::Range<u64>) {
    for round in rounds {
        work(db, round);
        work(witness, round);
        if round % 3 == 2 {
            let report = db.checkpoint().unwrap().wait().unwrap();
            assert_eq!(report.kept_because, None);
        }
    }
}

#[test]
fn a_log_does_not_grow_for_ever() {
    let witness = Db::<World>::in_memory().unwrap();
    let mut media = Simulated::new();
    let mut seen_recycled = 0;
    let mut most = 0;
    for life in 0..8 {
        let db = small(&media).retention(keeping(|retention| retention.snapshots = 1)).open().unwrap();
        assert_same(&db, &witness, "after opening");
        play(&db, &witness, life * 12..life * 12 + 12);
        seen_recycled += recycled(&media);
        let (segments, files) = (numbers(&media, "wal"), numbers(&media, "snap"));
        most = most.max(segments.len());
        assert!(!segments.contains(&1), "the beginning is gone: {segments:?}");
        assert!(files.len() <= 8, "{files:?}");
        assert!(segments[0] <= files[0] + 1, "the log goes on from the oldest file: {segments:?}, {files:?}");
        assert_eq!(db.stats().log.unwrap().segments, segments.len() as u64);
        media = media.killed();
        drop(db);
    }
    assert!(most < 40, "{most} segments");
    assert!(seen_recycled > 8, "{seen_recycled} segments of other files");
    let db = small(&media).open().unwrap();
    assert_same(&db, &witness, "at the end");
    drop(db);
    assert_eq!(numbers(&media, "old"), [0; 0], "spare files go when the database is closed");
}

#[test]
fn the_newest_file_may_be_lost() {
    let witness = Db::<World>::in_memory().unwrap();
    let media = Simulated::new();
    for life in 0..3 {
        // The first file of each life is complete.
        let db = small(&media).open().unwrap();
        play(&db, &witness, life * 9..life * 9 + 9);
    }
    assert!(!numbers(&media, "wal").contains(&1));
    let files = numbers(&media, "snap");
    let newest = format!("save/snapshots/{:020}.snap", files.last().unwrap());
    let mut state = media.state();
    state.damage(Path::new(&newest), Vec::new());
    let db = small(&Simulated::of(state)).open().unwrap();
    assert_eq!(db.recovery().unwrap().passed_over.len(), 1);
    assert_same(&db, &witness, "without the newest file");
    drop(db);
    // The last complete one, and every file that goes on from it.
    let mut state = media.state();
    for file in files.iter().rev() {
        let path = format!("save/snapshots/{file:020}.snap");
        let is_complete = state.content(Path::new(&path)).unwrap()[64..72] == [0; 8];
        state.damage(Path::new(&path), b"gone".to_vec());
        if is_complete {
            break;
        }
    }
    let db = small(&Simulated::of(state)).open().unwrap();
    assert!(!db.recovery().unwrap().passed_over.is_empty() && db.recovery().unwrap().snapshot.is_some());
    assert_same(&db, &witness, "without the newest complete file");
}

#[test]
fn what_must_be_restorable_stays() {
    let witness = Db::<World>::in_memory().unwrap();
    let media = Simulated::new();
    let open = |retention: Retention| small(&media).retention(retention).open().unwrap();
    let db = open(keeping(|retention| (retention.snapshots, retention.versions) = (1, u64::MAX)));
    play(&db, &witness, 0..12);
    assert_eq!(numbers(&media, "wal")[0], 1, "everything");
    drop(db);
    let db = open(keeping(|retention| (retention.snapshots, retention.duration) = (1, Duration::from_secs(1 << 40))));
    play(&db, &witness, 12..15);
    assert_eq!(numbers(&media, "wal")[0], 1, "everything");
    drop(db);
    let db = open(keeping(|retention| (retention.snapshots, retention.versions) = (1, 12)));
    play(&db, &witness, 15..24);
    let version = db.stats().version;
    let files = numbers(&media, "snap");
    assert!(files.iter().any(|file| *file <= version - 12), "{files:?} for {version}");
    assert!(files[0] > 1 && numbers(&media, "wal")[0] > 1, "and no more than that");
}

#[test]
fn checkpoints_are_made_when_the_log_has_become_long() {
    let media = Simulated::new();
    let builder = || -> DbBuilder<World> { small(&media).checkpoint_every(20 << 10, None) };
    let witness = Db::<World>::in_memory().unwrap();
    let db = builder().open().unwrap();
    let mut round = 0;
    while db.stats().checkpoints.unwrap().made < 3 {
        work(&db, round % 100);
        work(&witness, round % 100);
        round += 1;
        assert!(round < 100_000, "nobody makes checkpoints");
    }
    let copy = small(&media.killed()).open().unwrap();
    assert!(copy.recovery().unwrap().snapshot.is_some());
    assert_same(&copy, &witness, "with checkpoints that nobody has asked for");
    drop(db);
    // What the log has since then counts when it is opened again.
    let db = builder().checkpoint_every(u64::MAX, Duration::from_millis(1)).open().unwrap();
    assert_eq!(db.stats().checkpoints.unwrap().made, 0);
    while db.stats().checkpoints.unwrap().made < 2 {
        db.spawn(Small::sample(1)).unwrap();
    }
}

/// Whether an archive refuses, and its objects.
type Objects = (bool, BTreeMap<String, Vec<u8>>);

/// An archive in memory that refuses when it is told to.
#[derive(Clone, Default)]
pub struct Shelf(Arc<Mutex<Objects>>);

impl Shelf {
    fn refuse(&self, refuses: bool) {
        self.0.lock().unwrap().0 = refuses;
    }

    /// The versions of what was stored, and how it follows.
    pub fn segments(&self) -> Vec<(u64, u64)> {
        let names = self.list("segments").unwrap();
        let mut all: Vec<ArchivedSegment> = names.iter().filter_map(|name| ArchivedSegment::parse(name)).collect();
        all.sort_by_key(|segment| segment.first);
        all.iter().map(|segment| (segment.first, segment.last)).collect()
    }
}

impl Archive for Shelf {
    fn put_if_absent(&self, name: &str, bytes: &[u8]) -> Result<Put, ArchiveError> {
        let (refuses, objects) = &mut *self.0.lock().unwrap();
        if *refuses {
            return Err(ArchiveError::Missing { name: name.to_owned() });
        }
        if objects.contains_key(name) {
            return Ok(Put::Present);
        }
        objects.insert(name.to_owned(), bytes.to_vec());
        Ok(Put::Stored)
    }

    fn get(&self, name: &str) -> Result<Vec<u8>, ArchiveError> {
        let missing = || ArchiveError::Missing { name: name.to_owned() };
        self.0.lock().unwrap().1.get(name).cloned().ok_or_else(missing)
    }

    fn list(&self, folder: &str) -> Result<Vec<String>, ArchiveError> {
        let folder = format!("{folder}/");
        Ok(self.0.lock().unwrap().1.keys().filter(|name| name.starts_with(&folder)).cloned().collect())
    }

    fn remove(&self, name: &str) -> Result<(), ArchiveError> {
        self.0.lock().unwrap().1.remove(name);
        Ok(())
    }
}

#[test]
fn segments_go_to_the_archive_before_they_are_let_go() {
    let media = Simulated::new();
    let shelf = Shelf::default();
    let witness = Db::<World>::in_memory().unwrap();
    let builder = || small(&media).archive(shelf.clone()).retention(keeping(|retention| retention.snapshots = 1));
    let db = builder().open().unwrap();
    shelf.refuse(true);
    for round in 0..6 {
        work(&db, round);
        work(&witness, round);
        db.checkpoint().unwrap().wait().unwrap();
    }
    drop(db);
    let db = builder().open().unwrap();
    work(&db, 6);
    work(&witness, 6);
    let report = db.checkpoint().unwrap().wait().unwrap();
    assert!(report.kept_because.is_some_and(|cause| cause.contains("archive")));
    assert!(db.stats().checkpoints.unwrap().unclean > 0);
    assert_eq!(numbers(&media, "wal")[0], 1, "nothing is lost");
    shelf.refuse(false);
    play(&db, &witness, 7..20);
    drop(db);
    let db = builder().open().unwrap();
    play(&db, &witness, 20..30);
    let (stored, left) = (shelf.segments(), numbers(&media, "wal"));
    assert!(stored.windows(2).all(|pair| pair[0].1 + 1 == pair[1].0), "without holes: {stored:?}");
    assert!(stored[0].0 == 1 && stored.last().unwrap().1 + 1 >= left[0], "what is not there is in the archive");
}

#[test]
fn a_database_that_was_replaced_stores_nothing_any_more() {
    let shelf = Shelf::default();
    let open = |media: &Simulated| {
        let builder = small(media).archive(shelf.clone()).retention(keeping(|retention| retention.snapshots = 1));
        let db = builder.open().unwrap();
        db.checkpoint().unwrap().wait().unwrap();
        db
    };
    let media = Simulated::new();
    let db = open(&media);
    let other = open(&media.killed());
    work(&other, 60);
    let witness = Db::<World>::in_memory().unwrap();
    for round in 0..30 {
        work(&db, round);
        work(&witness, round);
    }
    drop(db.checkpoint().unwrap().wait());
    drop(db);
    let before = shelf.segments();
    // The directory may be opened again, and takes the archive back.
    let db = open(&media);
    assert_same(&db, &witness, "nothing was let go");
    assert!(before.is_empty() && numbers(&media, "wal")[0] > 1 && !shelf.segments().is_empty());
}

/// A sync of the directory of segments that fails when old ones go may have given up the name of a new one, and the next sync would
/// not say so.
#[test]
fn a_sync_that_fails_while_segments_go_is_the_end_of_the_log() {
    let mut ended = 0;
    for call in 0..60 {
        let media = Simulated::new();
        let db = small(&media).retention(keeping(|retention| retention.snapshots = 1)).open().unwrap();
        for round in 0..6 {
            work(&db, round);
        }
        db.sync().unwrap();
        let fault = Fault { only: Some(Call::SyncDir), ..Fault::at(media.calls().len() + call, Failure::Device) };
        media.set_faults(vec![fault]);
        let Ok(report) = db.checkpoint().unwrap().wait() else { continue };
        let Some(why) = report.kept_because else { continue };
        if why.contains("wal") {
            let refused = db.write(|tx| Ok(tx.spawn(Purse::sample(1))?));
            assert!(matches!(refused, Err(TransactionError::Log(_))), "call {call}: {why}, and then {refused:?}");
            ended += 1;
        }
    }
    assert!(ended > 0, "no sync of the segments has failed");
}

#[test]
fn an_empty_database_needs_no_file_and_no_interval_is_zero() {
    let media = Simulated::new();
    let db = small(&media).checkpoint_every(u64::MAX, Duration::from_millis(1)).open().unwrap();
    std::thread::sleep(Duration::from_millis(30));
    drop(db);
    assert_eq!(numbers(&media, "snap"), [0; 0]);
    let refused = small(&media).checkpoint_every(u64::MAX, Duration::ZERO).open();
    assert!(matches!(refused, Err(OpenError::Setting { setting: "checkpoint_every", .. })));
}
