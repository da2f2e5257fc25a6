//! An archive with several histories: a directory that was restored goes on in one of its own, and nobody takes another one for it.

use std::time::{Duration, SystemTime};

use ecsdb::archive::ArchivedSegment;
use ecsdb::maintenance::{Restore, Restored, Target};

use super::*;

const EARLIER: &str = "/games/earlier";

/// Two histories of one game: the first has versions 1 to 40; the second has left it after version `at`, and has 8 more.
struct Parted {
    /// The directory of the second one.
    medium: Simulated,
    /// The archive of the first one.
    left: Simulated,
    /// The archive of both.
    both: Simulated,
    at: u64,
    /// When the first one had version 30.
    time: SystemTime,
}

fn parted(first: &Played, at: u64, is_long: bool) -> Parted {
    let (left, medium) = (Simulated::new(), Simulated::new());
    closed(&first.medium, SAVE).unwrap().archive_to(shelf(&left), None).unwrap();
    let restore = Restore::from_directory(closed(&first.medium, SAVE).unwrap()).onto(Arc::new(medium.clone()));
    restore.run(Target::Version(at), SAVE, |_| ()).unwrap();
    wait_long(&medium);
    let db = small(&medium, SAVE).open().unwrap();
    for n in 0..8 {
        if is_long {
            db.spawn((Wide::sample(n), R800::sample(n))).unwrap();
        } else {
            db.spawn(Small::sample(n)).unwrap();
        }
    }
    db.close().unwrap();
    let both = copy(&left);
    let later = Simulated::new();
    closed(&medium, SAVE).unwrap().archive_to(shelf(&later), None).unwrap();
    for segment in ArchivedSegment::list(&*shelf(&later)).unwrap() {
        use ecsdb::archive::Archive;
        shelf(&both).put_if_absent(&segment.name(), &shelf(&later).get(&segment.name()).unwrap()).unwrap();
    }
    let state = copy(&first.medium);
    let of_30 = Restore::from_directory(closed(&state, SAVE).unwrap()).onto(Arc::new(state.clone()));
    let time = of_30.run(Target::Version(30), EARLIER, |_| ()).unwrap().committed().unwrap();
    Parted { medium, left, both, at, time }
}

/// It is later now: the clock goes on with each call.
pub fn wait_long(medium: &Simulated) {
    for _ in 0..4000 {
        ecsdb::media::Media::exists(medium, Path::new(SAVE)).unwrap();
    }
}

/// An archive of what is on `medium`.
pub fn archived(medium: &Simulated) -> Simulated {
    let archive = Simulated::new();
    closed(&copy(medium), SAVE).unwrap().archive_to(shelf(&archive), None).unwrap();
    archive
}

impl Parted {
    /// One that leaves inside a segment, and one behind the last version of one. What comes then fills several segments, or one.
    fn all(first: &Played, is_long: bool) -> Vec<Self> {
        let ends: Vec<u64> = segments(&first.medium, SAVE).iter().map(|path| super::first(path) - 1).collect();
        let end = ends.into_iter().find(|end| (20..30).contains(end)).unwrap();
        let inside = if end == 25 { 24 } else { 25 };
        [end, inside].into_iter().map(|at| parted(first, at, is_long)).collect()
    }

    fn last(&self) -> u64 {
        self.at + 8
    }
}

fn long_and_short(first: &Played) -> Vec<Parted> {
    let all: Vec<Parted> = [true, false].into_iter().flat_map(|is_long| Parted::all(first, is_long)).collect();
    let own =
        |parted: &Parted| segments(&parted.medium, SAVE).iter().filter(|path| super::first(path) > parted.at).count();
    assert!(own(&all[0]) > 2 && own(&all[2]) == 1);
    all
}

fn restore(medium: &Simulated, archive: &Simulated, target: Target) -> Result<Restored, MaintenanceError> {
    let medium = copy(medium);
    let restore = Restore::from_directory(closed(&medium, SAVE)?).onto(Arc::new(medium.clone()));
    restore.with_archive(shelf(archive)).run(target, EARLIER, |_| ())
}

fn from_archive(archive: &Simulated, target: Target) -> Result<Restored, MaintenanceError> {
    Restore::from_archive(shelf(archive)).onto(Arc::new(Simulated::new())).run(target, EARLIER, |_| ())
}

/// The versions that are offered instead.
fn offered(restored: Result<Restored, MaintenanceError>) -> Vec<(u64, u64)> {
    match restored {
        Err(MaintenanceError::Lost { reachable, .. }) => reachable,
        other => panic!("{other:?}"),
    }
}

fn without(medium: &Simulated, paths: &[PathBuf]) -> Simulated {
    let lossy = copy(medium);
    for path in paths {
        ecsdb::media::Media::remove(&lossy, path).unwrap();
    }
    lossy
}

/// What is in `archive` and not in the one on `other`.
fn without_those_of(archive: &Simulated, other: &Simulated) -> Simulated {
    let others = ArchivedSegment::list(&*shelf(other)).unwrap();
    let paths: Vec<PathBuf> = others.iter().map(|segment| Path::new(SHELF).join(segment.name())).collect();
    without(archive, &paths)
}

/// A header that cannot be read: the records behind it tell whose they are.
#[test]
fn a_history_that_was_left_is_not_taken_where_it_has_a_segment_of_the_same_name() {
    for parted in long_and_short(&played(40)) {
        let own: Vec<PathBuf> =
            segments(&parted.medium, SAVE).into_iter().filter(|path| first(path) > parted.at).collect();
        for count in 1..=own.len() {
            // The last ones: of the first of them the first version is one that both have.
            let mut damaged = copy(&parted.medium);
            for path in &own[own.len() - count..] {
                damaged = with(&damaged, path, |bytes| bytes[24] ^= 1);
            }
            let what = format!("left after {}, {count} of {} damaged", parted.at, own.len());
            for target in [Target::Latest, Target::Time(parted.time + Duration::from_secs(1 << 20))] {
                let runs = offered(restore(&damaged, &parted.left, target));
                assert!(runs.iter().all(|(_, to)| *to < first(&own[own.len() - count])), "{what}: {runs:?}");
            }
            let then = restore(&damaged, &parted.left, Target::Time(parted.time));
            if count < own.len() {
                assert_eq!(then.unwrap().version, parted.at, "{what}: the next version is there, and later");
            } else {
                offered(then);
            }
            let restored = restore(&damaged, &parted.both, Target::Latest).unwrap();
            assert_eq!(restored.version, parted.last(), "{what}: {restored:?}");
        }
    }
}

/// Nothing of the last segment can be read, so nothing tells which of two it was.
#[test]
fn where_two_histories_fit_none_is_taken() {
    for parted in long_and_short(&played(40)) {
        let own: Vec<PathBuf> =
            segments(&parted.medium, SAVE).into_iter().filter(|path| first(path) > parted.at).collect();
        let mut damaged = copy(&parted.medium);
        for path in &own {
            damaged = with(&damaged, path, |bytes| bytes.fill(7));
        }
        let has_same_name = segments(&played(40).medium, SAVE).iter().any(|path| first(path) == parted.at + 1);
        if has_same_name && own.len() == 1 {
            offered(restore(&damaged, &parted.both, Target::Latest));
        } else {
            assert_eq!(restore(&damaged, &parted.both, Target::Latest).unwrap().version, parted.last());
        }
        // Both have the version, so one of them has to be named, unless it is known which one it is.
        match restore(&damaged, &parted.both, Target::Version(parted.last())) {
            Err(MaintenanceError::Ambiguous { timelines, .. }) => assert_eq!(timelines.len(), 2),
            restored => assert_eq!(restored.unwrap().version, parted.last()),
        }
    }
}

#[test]
fn a_directory_that_shows_nothing_has_the_latest_history_of_the_archive() {
    for parted in long_and_short(&played(40)) {
        assert_eq!(from_archive(&parted.both, Target::Latest).unwrap().version, parted.last());
        let emptied = without(&parted.medium, &segments(&parted.medium, SAVE));
        assert_eq!(restore(&emptied, &parted.both, Target::Latest).unwrap().version, parted.last());
        // All headers are damaged, and only the names of files are left, or the records too.
        for whole in [true, false] {
            let mut damaged = copy(&parted.medium);
            for path in segments(&parted.medium, SAVE) {
                damaged = with(&damaged, &path, |bytes| if whole { bytes.fill(7) } else { bytes[24] ^= 1 });
            }
            assert_eq!(restore(&damaged, &parted.both, Target::Latest).unwrap().version, parted.last(), "{whole}");
        }
    }
}

/// The second one left in the midst of the last segment of the first, and is longer: it has a part of the segment, and goes on elsewhere.
#[test]
fn a_longer_history_that_left_in_the_last_segment_is_not_taken_for_it() {
    let is_inside =
        |first: &Played, last: u64| segments(&first.medium, SAVE).iter().all(|path| super::first(path) < last);
    let (first, last) =
        (31..40).map(|last| (played(last), last)).find(|(first, last)| is_inside(first, *last)).unwrap();
    let parted = parted(&first, last - 1, true);
    assert!(parted.last() > last);
    assert_eq!(restore(&first.medium, &parted.both, Target::Latest).unwrap().version, last);
    assert_eq!(restore(&parted.medium, &parted.both, Target::Latest).unwrap().version, parted.last());
    // All that can be read of the first one ends where the second one left it, and it takes the archive to have the rest.
    let path = segments(&first.medium, SAVE).pop().unwrap();
    let shared = segments(&parted.medium, SAVE).into_iter().find(|shared| *shared == path).unwrap();
    let end = parted.medium.state().content(&shared).unwrap().len();
    let flipped = with(&first.medium, &path, |bytes| bytes[end + 9] ^= 1);
    let cut = with(&first.medium, &path, |bytes| bytes.truncate(end));
    for damaged in [flipped, cut] {
        assert_eq!(restore(&damaged, &parted.both, Target::Latest).unwrap().version, last);
        let of_second = without_those_of(&parted.both, &parted.left);
        offered(restore(&damaged, &of_second, Target::Latest));
    }
}

/// The snapshot file is one that both histories have.
#[test]
fn a_snapshot_file_from_before_they_parted_leaves_the_latest_history() {
    for parted in long_and_short(&checkpointed(40)) {
        let lossy = without(&parted.medium, &segments(&parted.medium, SAVE));
        let snapshots = closed(&copy(&parted.medium), SAVE).unwrap().info().unwrap().snapshots;
        assert!(snapshots.iter().all(|snapshot| snapshot.version <= parted.at) && !snapshots.is_empty());
        assert_eq!(restore(&lossy, &parted.both, Target::Latest).unwrap().version, parted.last());
    }
}

#[test]
fn the_time_of_a_history_that_was_left_is_not_found_in_the_archive_alone() {
    for parted in Parted::all(&played(40), true) {
        // The latest history lacks its second segment of its own, so it has no beginning.
        let shared: Vec<ArchivedSegment> = ArchivedSegment::list(&*shelf(&parted.left)).unwrap();
        let mut own = ArchivedSegment::list(&*shelf(&parted.both)).unwrap();
        own.retain(|segment| !shared.contains(segment) && segment.first > parted.at);
        own.sort_by_key(|segment| segment.first);
        for (index, missing) in own[..2].iter().enumerate() {
            let lossy = without(&parted.both, &[Path::new(SHELF).join(missing.name())]);
            let runs = offered(from_archive(&lossy, Target::Latest));
            assert!(runs.iter().all(|(_, to)| *to < missing.first), "{runs:?} without {missing:?}");
            let then = from_archive(&lossy, Target::Time(parted.time));
            if index == 1 {
                assert_eq!(then.unwrap().version, parted.at, "the next version is there, and later");
            } else {
                offered(then);
            }
            assert_eq!(from_archive(&lossy, Target::Version(40)).unwrap().version, 40, "who names it has it");
        }
        // Its own times are found as ever if it is whole.
        for version in [1, parted.at, parted.at + 1, parted.last()] {
            let time = from_archive(&parted.both, Target::Version(version)).unwrap().committed().unwrap();
            assert_eq!(from_archive(&parted.both, Target::Time(time)).unwrap().version, version);
        }
    }
}

/// What a directory lacks in the middle is of its own history, up to where that has left the other one.
#[test]
fn a_time_before_a_damage_is_found_in_the_history_that_the_directory_shares() {
    for parted in long_and_short(&played(40)) {
        let first_path = segments(&parted.medium, SAVE)[1].clone();
        let damaged = with(&parted.medium, &first_path, |bytes| bytes[24] ^= 1);
        for version in [1, first(&first_path), parted.at - 1, parted.at, parted.last()] {
            let time = from_archive(&parted.both, Target::Version(version)).unwrap().committed().unwrap();
            // The archive of the first history makes up for what is damaged.
            assert_eq!(restore(&damaged, &parted.left, Target::Time(time)).unwrap().version, version);
        }
        // At the time of version 30 of the first history the second one had not begun.
        assert_eq!(restore(&damaged, &parted.left, Target::Time(parted.time)).unwrap().version, parted.at);
    }
}
