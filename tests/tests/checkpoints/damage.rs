//! Snapshot files that are damaged, half written or gone: an older one does, or the log, and it is said.

use std::path::{Path, PathBuf};

use ecsdb::Db;
use ecsdb::durability::Retention;
use ecsdb::error::DirectoryError;
use ecsdb::media::{Media, Open};
use ecsdb_tests::rounds::work;
use ecsdb_tests::simulated::Simulated;
use ecsdb_tests::world::*;

use super::{assert_same, error_of, small};

fn snapshots(media: &Simulated) -> Vec<PathBuf> {
    let state = media.state();
    state.paths().filter(|path| path.extension().is_some_and(|ending| ending == "snap")).map(Path::to_owned).collect()
}

/// A medium with other bytes in the file `path`.
fn damaged(media: &Simulated, path: &Path, change: impl FnOnce(&mut Vec<u8>)) -> Simulated {
    let mut state = media.state();
    let mut content = state.content(path).unwrap().to_vec();
    change(&mut content);
    state.damage(path, content);
    Simulated::of(state)
}

/// A database with a few snapshot files, the last of which goes on from another one; closed, and what it was.
fn with_files() -> (Simulated, Db<World>) {
    let media = Simulated::new();
    let witness = Db::<World>::in_memory().unwrap();
    let mut everything = Retention::default();
    everything.versions = u64::MAX;
    for life in 0..2 {
        let db = small(&media).retention(everything).open().unwrap();
        for round in 0..3 {
            work(&db, 20 + 5 * life + round);
            work(&witness, 20 + 5 * life + round);
            db.checkpoint().unwrap().wait().unwrap();
        }
        work(&db, life);
        work(&witness, life);
    }
    (media, witness)
}

#[test]
fn a_damaged_file_is_passed_over_and_named() {
    let (media, witness) = with_files();
    let files = snapshots(&media);
    assert_eq!(files.len(), 6);
    let newest = files.last().unwrap();
    let bad = damaged(&media, newest, |content| *content.last_mut().unwrap() ^= 1);
    let db = small(&bad).open().unwrap();
    let recovery = db.recovery().unwrap();
    assert_eq!(recovery.passed_over.len(), 1, "{recovery:?}");
    assert_eq!(recovery.passed_over[0].file, *newest);
    assert!(recovery.passed_over[0].what.contains("checksum"), "{recovery:?}");
    assert!(recovery.snapshot.is_some());
    assert_same(&db, &witness, "from an older file, and more of the log");
    // The damage of a base is named as such.
    let bad = damaged(&media, &files[3], |content| content[5000] ^= 1);
    let db = small(&bad).open().unwrap();
    let recovery = db.recovery().unwrap();
    assert!(recovery.passed_over.iter().all(|passed| passed.file == files[3]), "{recovery:?}");
    assert_same(&db, &witness, "without the base");
}

#[test]
fn without_any_good_file_the_whole_log_does() {
    let (media, witness) = with_files();
    let mut state = media.state();
    for file in snapshots(&media) {
        let cut = state.content(&file).unwrap()[..200].to_vec();
        state.damage(&file, cut);
    }
    let db = small(&Simulated::of(state)).open().unwrap();
    let recovery = db.recovery().unwrap();
    assert_eq!((recovery.snapshot, recovery.passed_over.len()), (None, 6));
    assert_same(&db, &witness, "from the log alone");
}

#[test]
fn every_flipped_byte_is_noticed() {
    let media = Simulated::new();
    let witness = Db::<World>::in_memory().unwrap();
    let db = small(&media).open().unwrap();
    for db in [&db, &witness] {
        db.spawn((Small::sample(7), Purse::sample(8), Frozen)).unwrap();
        db.spawn(Item { owner: None, makers: [None; 2], kind: 2 }).unwrap();
    }
    db.checkpoint().unwrap().wait().unwrap();
    db.close().unwrap();
    let file = snapshots(&media).pop().unwrap();
    let len = media.state().content(&file).unwrap().len();
    for at in 0..len {
        let bad = damaged(&media, &file, |content| content[at] ^= 0x40);
        let db = small(&bad).open().unwrap_or_else(|error| panic!("byte {at}: {error}"));
        let recovery = db.recovery().unwrap();
        assert_eq!(recovery.passed_over.len(), 1, "byte {at}: {recovery:?}");
        assert_same(&db, &witness, "from the log");
    }
    for len in 0..len {
        let bad = damaged(&media, &file, |content| content.truncate(len));
        let db = small(&bad).open().unwrap_or_else(|error| panic!("{len} bytes: {error}"));
        assert_eq!(db.recovery().unwrap().passed_over.len(), 1, "{len} bytes");
    }
    let longer = damaged(&media, &file, |content| content.push(0));
    assert_eq!(small(&longer).open().unwrap().recovery().unwrap().passed_over.len(), 1);
}

#[test]
fn a_half_written_file_does_not_stand_in_the_way() {
    let (media, witness) = with_files();
    let draft = snapshots(&media).pop().unwrap().with_extension("snap.new");
    media.open(&draft, Open::Truncate).unwrap().write_all_at(b"ecsdbSNP and no more", 0).unwrap();
    let db = small(&media).open().unwrap();
    assert!(db.recovery().unwrap().passed_over.is_empty());
    assert_same(&db, &witness, "as if it were not there");
    assert!(media.state().content(&draft).is_none(), "it is gone");
}

#[test]
fn snapshot_files_without_a_log_are_refused() {
    let (media, _) = with_files();
    let state = media.state();
    for path in state.paths().filter(|path| !path.to_string_lossy().contains("snap")) {
        media.remove(path).unwrap();
    }
    let error = error_of(small(&media).open());
    assert!(matches!(&error, DirectoryError::Damaged { file, .. } if file.ends_with("wal")), "{error}");
}

#[test]
fn a_file_under_a_wrong_name_is_passed_over() {
    let (media, witness) = with_files();
    let files = snapshots(&media);
    media.rename(&files[0], &files[1]).unwrap();
    media.rename(&files[3], &files[5]).unwrap();
    let db = small(&media).open().unwrap();
    let recovery = db.recovery().unwrap();
    assert!(!recovery.passed_over.is_empty(), "{recovery:?}");
    assert!(recovery.passed_over[0].what.contains("its name says"), "{recovery:?}");
    assert_same(&db, &witness, "from another one");
}

#[test]
fn a_log_that_ends_before_a_damaged_file_is_damaged_as_well() {
    let (media, _) = with_files();
    let mut state = media.state();
    for file in snapshots(&media) {
        state.damage(&file, Vec::new());
    }
    // The last segments are gone, as if they had never been.
    let segments: Vec<PathBuf> =
        state.paths().filter(|path| path.extension().is_some_and(|e| e == "wal")).map(Path::to_owned).collect();
    let media = Simulated::of(state);
    for segment in segments.iter().rev().take(segments.len() / 2) {
        media.remove(segment).unwrap();
    }
    let error = error_of(small(&media).open());
    assert!(error.to_string().contains("there is a snapshot file of it"), "{error}");
}
