//! Files that were cut off, changed or lost.

use std::path::{Path, PathBuf};

use ecsdb::error::DirectoryError;
use ecsdb::media::Media;
use ecsdb::{Db, OpenError};
use ecsdb_tests::log::Rows;
use ecsdb_tests::simulated::Simulated;
use ecsdb_tests::world::*;

use super::{assert_same, error_of, small, work};

/// A log that was not closed, what it held after each version, and the one segment that it is in.
fn log_of_versions(close: bool) -> (Simulated, Vec<Rows>, PathBuf) {
    let media = Simulated::new();
    let db = Db::<World>::builder().media(media.clone()).directory("save").segment_bytes(64 << 10).open().unwrap();
    let mut versions = vec![Rows::of(&db)];
    let mut entities = Vec::new();
    for n in 0..6_u64 {
        let commit = {
            let mut tx = db.begin();
            let new = tx.spawn((Small::sample(n), Purse::sample(n)));
            if let Some(last) = entities.last() {
                tx.update(*last, Purse::C.gold.add(5));
                tx.insert(*last, Item { owner: Some(new), makers: [None; 2], kind: 1 });
            }
            if n == 4 {
                tx.despawn(entities[0]);
            }
            (new, tx.commit().unwrap().durable().unwrap())
        };
        entities.push(commit.1.entity(commit.0));
        versions.push(Rows::of(&db));
    }
    let media = if close {
        drop(db);
        media
    } else {
        let killed = media.killed();
        drop(db);
        killed
    };
    (media, versions, Path::new("save").join("wal").join("00000000000000000001.wal"))
}

/// The same medium with `content` in the file `path`.
fn with(media: &Simulated, path: &Path, content: Vec<u8>) -> Simulated {
    let mut state = media.state();
    state.damage(path, content);
    Simulated::of(state)
}

fn content(media: &Simulated, path: &Path) -> Vec<u8> {
    media.state().content(path).unwrap().to_vec()
}

/// Opens, and says which version was found, or the error. Whatever it is, nothing panics, a version is what it was, and a
/// directory that is refused stays as it is.
fn outcome(media: &Simulated, versions: &[Rows]) -> Result<(u64, u64), DirectoryError> {
    let before = media.state();
    match Db::<World>::builder().media(media.clone()).directory("save").segment_bytes(64 << 10).worker_threads(1).open()
    {
        Ok(db) => {
            let recovery = db.recovery().unwrap().clone();
            assert!(Rows::of(&db) == versions[recovery.version as usize], "version {}", recovery.version);
            // It can be written to, and opens again.
            db.spawn(Small::sample(1)).unwrap();
            let rows = Rows::of(&db);
            drop(db);
            let db = small(media).open().unwrap();
            assert!(Rows::of(&db) == rows && db.recovery().unwrap().was_closed);
            Ok((recovery.version, recovery.torn_bytes))
        }
        Err(OpenError::Directory(error)) => {
            let after = media.state();
            for path in before.paths() {
                assert_eq!(before.content(path), after.content(path), "{} was changed", path.display());
            }
            assert_eq!(after.paths().count(), before.paths().count(), "{error}");
            Err(error)
        }
        Err(error) => panic!("{error}"),
    }
}

/// The end of what was written to a segment.
fn written(content: &[u8]) -> usize {
    content.iter().rposition(|byte| *byte != 0).unwrap() + 1
}

#[test]
fn a_log_that_was_cut_off_at_any_byte_opens_to_what_was_whole() {
    let (media, versions, path) = log_of_versions(false);
    let whole = content(&media, &path);
    let end = written(&whole);
    let mut last = 0;
    let mut reached = 0;
    for len in (0..end + 100).filter(|len| *len > 4000 || len % 61 == 0) {
        match outcome(&with(&media, &path, whole[..len].to_vec()), &versions) {
            Ok((version, torn)) => {
                assert!(len >= 4096 && version >= last, "version {version} after {len} bytes");
                assert!(torn < 1000);
                last = version;
                reached += 1;
            }
            Err(DirectoryError::Damaged { file, .. }) => assert!(len < 4096 && file == path, "{len} bytes"),
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!(last, 6);
    assert!(reached > 500);
}

#[test]
fn a_byte_that_was_flipped_is_found_or_makes_no_difference() {
    let (media, versions, path) = log_of_versions(true);
    let whole = content(&media, &path);
    let end = written(&whole);
    let mut damaged = 0;
    for at in 0..end + 64 {
        let mut bytes = whole.clone();
        bytes[at] ^= 1 << (at % 8);
        match outcome(&with(&media, &path, bytes), &versions) {
            // The mark of the close may be lost: then nobody knows that nothing is missing, and nothing is.
            Ok((version, _)) => assert!(version == 6 && at >= end - 64, "byte {at}"),
            Err(DirectoryError::Damaged { file, offset, .. }) => {
                assert!(file == path && (offset <= at as u64 || at < 4096), "byte {at}, said to be {offset}");
                damaged += 1;
            }
            Err(error) => panic!("{error}"),
        }
    }
    assert!(damaged > 4096 + 500, "{damaged}");
}

/// Without the mark of a close, the last commits may look as if they had never been written to the end. What is found is
/// what was there at some version, all the same.
#[test]
fn a_byte_that_was_flipped_in_an_open_log_leaves_a_prefix() {
    let (media, versions, path) = log_of_versions(false);
    let whole = content(&media, &path);
    for at in 4096..written(&whole) + 64 {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x40;
        match outcome(&with(&media, &path, bytes), &versions) {
            // Every commit was durable before the next was written, so the last one alone is in doubt.
            Ok((version, torn)) => assert!(version >= 5 && (torn > 0 || version == 6), "byte {at}: version {version}"),
            Err(DirectoryError::Damaged { .. }) => {}
            Err(error) => panic!("{error}"),
        }
    }
}

#[test]
fn records_of_another_log_behind_the_end_are_not_read() {
    let (media, versions, path) = log_of_versions(false);
    let (other, _, _) = log_of_versions(true);
    let (mut bytes, other) = (content(&media, &path), content(&other, &path));
    let end = written(&bytes).next_multiple_of(8);
    // The other log has the same records, and one more: they follow where these end.
    bytes[end..].copy_from_slice(&other[end..]);
    let (version, torn) = outcome(&with(&media, &path, bytes), &versions).unwrap();
    assert_eq!(version, 6);
    assert!(torn > 0, "it is cut off, since nobody knows whose it is");
}

fn segments(media: &Simulated) -> Vec<PathBuf> {
    let names = media.list(Path::new("save/wal")).unwrap();
    names.iter().map(|name| Path::new("save/wal").join(name)).collect()
}

#[test]
fn a_log_has_as_many_segments_as_it_takes() {
    let media = Simulated::new();
    let witness = Db::<World>::in_memory().unwrap();
    let db = small(&media).open().unwrap();
    for round in 0..15 {
        work(&db, round);
        work(&witness, round);
    }
    for db in [&db, &witness] {
        db.write(|tx| Ok(tx.spawn_all((0..20).map(Wide::sample))?)).unwrap();
    }
    drop(db);
    let paths = segments(&media);
    assert!(paths.len() > 5, "{paths:?}");
    assert!(paths.iter().all(|path| path.extension().is_some_and(|ending| ending == "wal")), "{paths:?}");
    assert!(paths.iter().any(|path| content(&media, path).len() > 16 << 10), "a batch larger than a segment");
    let opened = small(&media).open().unwrap();
    assert_same(&opened, &witness, "after many segments");
    assert_eq!(opened.recovery().unwrap().segments, paths.len());
    drop(opened);

    // A segment that is missing, whichever it is but the last: that it was there is written nowhere else.
    for path in &paths[..paths.len() - 1] {
        let lossy = Simulated::of(media.state());
        lossy.remove(path).unwrap();
        let error = error_of(small(&lossy).open());
        assert!(matches!(error, DirectoryError::Damaged { .. }), "without {}: {error}", path.display());
    }
    // Bytes of a segment that is not the last one.
    for at in [0, 12, 4090, 4096, 4100, 4150, 6000] {
        let path = &paths[2];
        let mut bytes = content(&media, path);
        bytes[at] ^= 0x80;
        let damaged = with(&media, path, bytes);
        let error = error_of(small(&damaged).open());
        assert!(matches!(&error, DirectoryError::Damaged { file, .. } if file == path), "byte {at}: {error}");
    }
    // Nothing at all.
    let lossy = Simulated::of(media.state());
    for path in &paths {
        lossy.remove(path).unwrap();
    }
    let error = error_of(small(&lossy).open());
    assert!(error.to_string().contains("no segment is left"), "{error}");
}
