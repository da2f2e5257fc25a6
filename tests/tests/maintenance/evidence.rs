//! What is left of a directory that has lost its last segments, or of which they cannot be read: its history is known by that, or refused.

use ecsdb::archive::{Archive, ArchivedSegment};
use ecsdb::maintenance::{Restore, Target};

use super::histories::{Parted, archived, wait_long};
use super::*;

const THERE: &str = "/games/there";

/// Puts what is in the archive `from` into the archive `to`, too.
fn add(to: &Simulated, from: &Simulated) {
    for folder in ["segments", "snapshots"] {
        for name in shelf(from).list(folder).unwrap() {
            shelf(to).put_if_absent(&name, &shelf(from).get(&name).unwrap()).unwrap();
        }
    }
}

pub fn both(one: &Simulated, other: &Simulated) -> Simulated {
    let both = copy(one);
    add(&both, other);
    both
}

fn without(medium: &Simulated, paths: &[PathBuf]) -> Simulated {
    let lossy = copy(medium);
    for path in paths {
        ecsdb::media::Media::remove(&lossy, path).unwrap();
    }
    lossy
}

fn without_closed(medium: &Simulated) -> Simulated {
    without(medium, &[Path::new(SAVE).join("CLOSED")])
}

pub fn without_objects(archive: &Simulated, goes: impl Fn(&ArchivedSegment) -> bool) -> Simulated {
    let mut all = ArchivedSegment::list(&*shelf(archive)).unwrap();
    all.retain(goes);
    without(archive, &all.iter().map(|segment| Path::new(SHELF).join(segment.name())).collect::<Vec<_>>())
}

/// The segments behind version `at`.
fn behind(medium: &Simulated, at: u64) -> Vec<PathBuf> {
    segments(medium, SAVE).into_iter().filter(|path| first(path) > at).collect()
}

pub fn commit(medium: &Simulated, commits: u64) -> Db<World> {
    let db = small(medium, SAVE).open().unwrap();
    for n in 0..commits {
        db.spawn((Small::sample(n), Wide::sample(n), R100::sample(n))).unwrap();
    }
    db
}

/// One that left the history on `first` after version `at`, with `commits` more and a checkpoint then.
pub fn left(first: &Simulated, at: u64, commits: u64) -> Simulated {
    let medium = Simulated::new();
    let restore = Restore::from_directory(closed(&copy(first), SAVE).unwrap()).onto(Arc::new(medium.clone()));
    restore.run(Target::Version(at), SAVE, |_| ()).unwrap();
    wait_long(&medium);
    if commits > 0 {
        let db = commit(&medium, 0);
        for n in 0..commits {
            db.spawn((Wide::sample(n), R800::sample(n))).unwrap();
        }
        db.checkpoint().unwrap().wait().unwrap();
        db.close().unwrap();
    }
    medium
}

/// What a directory opens to.
fn rows_of(medium: &Simulated) -> Rows {
    Rows::of(&small(&copy(medium), SAVE).open().unwrap())
}

fn restore(medium: &Simulated, archive: &Simulated, target: Target) -> Result<(u64, Rows), MaintenanceError> {
    let there = Simulated::new();
    let restore = Restore::from_directory(closed(&copy(medium), SAVE)?).with_archive(shelf(archive));
    let version = restore.onto(Arc::new(there.clone())).run(target, THERE, |_| ())?.version;
    Ok((version, Rows::of(&small(&there, THERE).open().unwrap())))
}

fn latest(medium: &Simulated, archive: &Simulated) -> Option<(u64, Rows)> {
    match restore(medium, archive, Target::Latest) {
        Ok(restored) => Some(restored),
        Err(MaintenanceError::Lost { .. }) => None,
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn its_own_snapshot_file_tells_a_history_from_one_that_has_the_same_version() {
    let first = checkpointed(40);
    let second = left(&first.medium, 25, 7);
    let of_first = archived(&first.medium);
    let of_both = both(&of_first, &archived(&second));
    let is_own = Some((32, rows_of(&second)));
    for lost in [segments(&second, SAVE), behind(&second, 25)] {
        let lossy = without(&second, &lost);
        for lossy in [&lossy, &without_closed(&lossy)] {
            assert!(latest(lossy, &of_first).is_none(), "what came behind the snapshot file is not there");
            assert!(latest(lossy, &of_both) == is_own);
            assert!(latest(lossy, &archived(&second)) == is_own);
        }
    }
}

#[test]
fn its_own_snapshot_file_tells_a_history_from_an_archived_one_alone() {
    let first = checkpointed(40);
    let second = left(&first.medium, 25, 5);
    let archive = without_objects(&archived(&first.medium), |segment| segment.last >= 32);
    let lossy = without(&second, &behind(&second, 25));
    assert!(latest(&lossy, &archive).is_none());
    assert!(latest(&without_closed(&lossy), &archive).is_none());
}

#[test]
fn a_log_that_was_closed_is_known_by_that_when_its_segments_are_gone() {
    let first = played(40);
    for parted in Parted::all(&first, true) {
        let own = rows_of(&parted.medium);
        let lossy = without(&parted.medium, &behind(&parted.medium, parted.at));
        let emptied = without(&parted.medium, &segments(&parted.medium, SAVE));
        for lossy in [&lossy, &emptied] {
            assert!(latest(lossy, &parted.left).is_none(), "left after {}", parted.at);
            assert!(latest(lossy, &parted.both) == Some((parted.last(), own.clone())));
            for version in [parted.at + 1, parted.at + 2] {
                let expected = restore(&parted.medium, &parted.both, Target::Version(version)).unwrap();
                assert!(restore(lossy, &parted.both, Target::Version(version)).unwrap() == expected);
            }
        }
    }
}

#[test]
fn a_restored_directory_without_commits_does_not_go_on_with_a_snapshot_file_of_the_history_that_it_left() {
    let first = checkpointed(40);
    // The log behind version 28 is on its way.
    let archive = without_objects(&archived(&first.medium), |segment| segment.last > 28);
    let fresh = left(&first.medium, 7, 0);
    let expected = Some((7, first.versions[7].clone()));
    assert!(latest(&fresh, &archive) == expected, "nobody has opened it");
    let late = Target::Time(std::time::UNIX_EPOCH + std::time::Duration::from_secs(1 << 33));
    assert!(restore(&fresh, &archive, late).ok() == expected);
    drop(small(&fresh, SAVE).open().unwrap());
    assert!(latest(&fresh, &archive) == expected, "opened and closed");
    // The one that was left goes on with it, if its image is older.
    let restored = latest(&without(&first.medium, &behind(&first.medium, 28)), &archive);
    assert!(restored.is_none(), "it was closed later, and what came behind the snapshot file is not there");
}

/// The last segment is wiped, and not archived; another history has a part of it, or one of the same name.
#[test]
fn a_last_segment_of_which_nothing_can_be_read_is_not_taken_for_one_of_a_history_that_left() {
    let is_inside =
        |first: &Played, last: u64| segments(&first.medium, SAVE).iter().all(|path| super::first(path) < last);
    let (first, last) =
        (31..40).map(|last| (played(last), last)).find(|(first, last)| is_inside(first, *last)).unwrap();
    let path = segments(&first.medium, SAVE).pop().unwrap();
    let begins = super::first(&path);
    let damaged = with(&first.medium, &path, |bytes| bytes.fill(7));
    for at in [begins - 1, last - 1] {
        let second = left(&first.medium, at, 8);
        let all = both(&archived(&first.medium), &archived(&second));
        let of_first = shelf(&archived(&first.medium));
        let lossy = without_objects(&all, |segment| segment.first == begins && of_first.get(&segment.name()).is_ok());
        for damaged in [&damaged, &without_closed(&damaged)] {
            assert!(latest(damaged, &lossy).is_none(), "left after {at}");
        }
        assert!(latest(&damaged, &all) == Some((last, first.versions[last as usize].clone())), "left after {at}");
    }
    // The other way round: the one that left is damaged.
    let second = left(&first.medium, begins - 1, 0);
    commit(&second, 2).close().unwrap();
    let own = behind(&second, begins - 1);
    let damaged = own.iter().fold(copy(&second), |damaged, path| with(&damaged, path, |bytes| bytes.fill(7)));
    assert!(latest(&damaged, &archived(&first.medium)).is_none());
    let all = both(&archived(&first.medium), &archived(&second));
    assert!(latest(&damaged, &all) == Some((begins + 1, rows_of(&second))));
}

#[test]
fn a_directory_that_went_on_after_a_crash_is_known_by_its_close() {
    let medium = Simulated::new();
    let db = commit(&medium, 20);
    let crashed = medium.killed();
    drop(db);
    wait_long(&crashed);
    commit(&crashed, 20).close().unwrap();
    let archive = archived(&crashed);
    let lossy = without(&crashed, &behind(&crashed, 20));
    assert!(latest(&lossy, &archive) == Some((40, rows_of(&crashed))));
}

/// It went on in the same timeline up to version 40; then it crashed, and what came then is of another one.
#[test]
fn an_older_directory_is_gone_on_from_as_far_as_its_timeline_goes() {
    let medium = Simulated::new();
    commit(&medium, 20).close().unwrap();
    let older = copy(&medium);
    let db = commit(&medium, 20);
    let of_40 = Rows::of(&db);
    let crashed = medium.killed();
    drop(db);
    wait_long(&crashed);
    commit(&crashed, 5).close().unwrap();
    let archive = archived(&crashed);
    assert!(latest(&older, &archive) == Some((40, of_40)));
    assert!(latest(&crashed, &archive) == Some((45, rows_of(&crashed))));
}

/// Several have left it on the way, and all are in the archive.
#[test]
fn an_older_directory_is_gone_on_from_to_the_end_whoever_has_left_it_before() {
    let medium = Simulated::new();
    commit(&medium, 20).close().unwrap();
    let older = copy(&medium);
    commit(&medium, 20).close().unwrap();
    let archive = archived(&medium);
    for at in [20, 23, 30] {
        add(&archive, &archived(&left(&medium, at, 9)));
    }
    assert!(latest(&older, &archive) == Some((40, rows_of(&medium))));
}

/// Only a snapshot file from before they parted is left, and not even `CLOSED`.
#[test]
fn where_histories_part_behind_all_that_is_left_none_is_taken() {
    let first = checkpointed(40);
    let second = left(&first.medium, 25, 7);
    let older = closed(&copy(&second), SAVE).unwrap().info().unwrap().snapshots;
    let own: Vec<PathBuf> = older.iter().filter(|snapshot| snapshot.version > 25).map(|one| one.file.clone()).collect();
    let lossy = without_closed(&without(&without(&second, &segments(&second, SAVE)), &own));
    assert!(latest(&lossy, &both(&archived(&first.medium), &archived(&second))).is_none());
}

/// It has nothing but the snapshot file from there, and its first segment names that.
#[test]
fn an_archived_segment_joins_the_snapshot_file_of_the_directory_that_it_names() {
    let first = checkpointed(40);
    let archive = without_objects(&archived(&first.medium), |segment| segment.last >= 32);
    let second = Simulated::new();
    let restore = Restore::from_archive(shelf(&archive)).onto(Arc::new(second.clone()));
    let restored = restore.run(Target::Version(32), SAVE, |_| ()).unwrap();
    assert!(restored.segments == 0 && restored.snapshot == Some(32));
    commit(&second, 20).close().unwrap();
    add(&archive, &archived(&second));
    let path = segments(&second, SAVE)[0].clone();
    let damaged = with(&second, &path, |bytes| bytes[24] ^= 1);
    assert!(latest(&damaged, &archive) == Some((52, rows_of(&second))));
}

/// Its last segment is damaged before the version of a snapshot file, and is in the archive; another history has left it at its end.
#[test]
fn a_damage_in_the_last_segment_is_made_up_for_whoever_has_left_behind_it() {
    let medium = Simulated::new();
    commit(&medium, 20).close().unwrap();
    let path = segments(&medium, SAVE).pop().unwrap();
    let db = commit(&medium, 0);
    assert_eq!(db.checkpoint().unwrap().wait().unwrap().version, 20);
    db.close().unwrap();
    let all = both(&archived(&medium), &archived(&left(&medium, 20, 5)));
    let lossy = without_closed(&without(&medium, &behind(&medium, 20)));
    let damaged = with(&lossy, &path, |bytes| bytes[4200] ^= 1);
    assert!(!closed(&damaged, SAVE).unwrap().verify(|_| ()).unwrap().is_fine());
    assert!(latest(&copy(&damaged), &all) == Some((20, rows_of(&medium))));
}
