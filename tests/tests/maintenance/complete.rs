//! What is taken for the latest state, or for that of a time: never less than what there was, unless a version is named.

use std::time::{Duration, SystemTime};

use ecsdb::maintenance::{Restore, Restored, Target};
use ecsdb_tests::golden;

use super::*;

const EARLIER: &str = "/games/earlier";

/// Restores from the directory on a medium, and from the archive on another one.
fn restore(medium: &Simulated, archive: Option<&Simulated>, target: Target) -> Result<Restored, MaintenanceError> {
    let medium = copy(medium);
    let mut restore = Restore::from_directory(closed(&medium, SAVE)?).onto(Arc::new(medium.clone()));
    if let Some(archive) = archive {
        restore = restore.with_archive(shelf(archive));
    }
    restore.run(target, EARLIER, |_| ())
}

/// A medium with the archive of everything that is in the directory on `medium`.
fn archived(medium: &Simulated) -> Simulated {
    let archive = Simulated::new();
    closed(&copy(medium), SAVE).unwrap().archive_to(shelf(&archive), None).unwrap();
    archive
}

fn lost(restored: Result<Restored, MaintenanceError>) -> (u64, Vec<(u64, u64)>) {
    match restored {
        Err(MaintenanceError::Lost { highest, reachable }) => (highest, reachable),
        other => panic!("{other:?}"),
    }
}

/// When a version was committed.
fn time_of(medium: &Simulated, version: u64) -> SystemTime {
    restore(medium, None, Target::Version(version)).unwrap().committed().unwrap()
}

/// The last commit is damaged, and the mark of the close behind it says that it was durable.
#[test]
fn the_last_durable_record_of_a_golden_directory_is_missed() {
    let files = golden::named("1/log-closed");
    let medium = golden::medium(&files);
    let path = segments(&medium, golden::DIR).pop().unwrap();
    let len = files["wal/00000000000000000007.wal"].len();
    // The mark has 48 bytes, and the commit stands before it.
    let damaged = with(&medium, &path, |bytes| bytes[len - 60] ^= 1);
    let from = |target| {
        let medium = copy(&damaged);
        let restore = Restore::from_directory(closed(&medium, golden::DIR).unwrap()).onto(Arc::new(medium.clone()));
        restore.run(target, EARLIER, |_| ())
    };
    let (highest, reachable) = lost(from(Target::Latest));
    assert_eq!((highest, reachable), (9, vec![(0, 8)]));
    let text = from(Target::Latest).unwrap_err().to_string();
    assert!(text.contains("the files speak of version 9") && text.contains("those that can be are 0 to 8"), "{text}");
    assert_eq!(from(Target::Version(8)).unwrap().version, 8);
}

#[test]
fn a_torn_end_that_an_opening_cuts_off_is_no_loss() {
    let medium = golden::medium(&golden::named("1/log-torn"));
    let restore = Restore::from_directory(closed(&medium, golden::DIR).unwrap()).onto(Arc::new(medium.clone()));
    assert_eq!(restore.run(Target::Latest, EARLIER, |_| ()).unwrap().version, 8);
}

#[test]
fn an_archive_that_has_more_of_the_history_is_followed() {
    let whole = played(40);
    let archive = archived(&whole.medium);
    // The directory as it was when it was closed for the second time.
    let early = played(20).medium;
    assert_eq!(restore(&early, None, Target::Latest).unwrap().version, 20);
    // That is another history, although its versions are the same.
    assert_eq!(restore(&early, Some(&archive), Target::Latest).unwrap().version, 20);
    // One that went on from a copy of the directory.
    let db = small(&early, SAVE).open().unwrap();
    db.spawn(Small::sample(1)).unwrap();
    db.close().unwrap();
    let before = copy(&early);
    let db = small(&early, SAVE).open().unwrap();
    for n in 0..30 {
        db.spawn((Small::sample(n), R100::sample(n))).unwrap();
    }
    db.close().unwrap();
    let restored = restore(&before, Some(&archived(&early)), Target::Latest).unwrap();
    assert_eq!(restored.version, 51, "{restored:?}");
}

/// Wherever the log is damaged: without the archive nothing is restored that is not the latest, with it everything is.
#[test]
fn what_a_damaged_directory_lacks_is_taken_from_the_archive_or_missed() {
    for (played, seed) in [(played(40), 1), (checkpointed(40), 2)] {
        let Played { medium, .. } = played;
        let archive = archived(&medium);
        let mut rng = fastrand::Rng::with_seed(seed);
        let mut misses = 0;
        for path in segments(&medium, SAVE) {
            let content = medium.state().content(&path).unwrap().to_vec();
            let written = content.iter().rposition(|byte| *byte != 0).unwrap() + 1;
            for at in [24, written - 50, rng.usize(4096..written)] {
                let damaged = with(&medium, &path, |bytes| bytes[at] ^= 4);
                let opens = small(&copy(&damaged), SAVE).open().is_ok();
                let what = format!("byte {at} of {}", path.display());
                match restore(&damaged, None, Target::Latest) {
                    Ok(restored) => assert_eq!(restored.version, 40, "{what}"),
                    Err(error) => {
                        assert!(!opens && matches!(error, MaintenanceError::Lost { .. }), "{what}: {error}");
                        misses += 1;
                    }
                }
                assert_eq!(restore(&damaged, Some(&archive), Target::Latest).unwrap().version, 40, "{what}");
            }
        }
        assert!(misses > 5, "{misses}");
    }
}

#[test]
fn a_time_behind_a_damage_is_not_guessed() {
    let Played { medium, .. } = played(40);
    let times: Vec<SystemTime> = (0..=40).map(|version| time_of(&medium, version.max(1))).collect();
    let path = segments(&medium, SAVE)[2].clone();
    let damaged = with(&medium, &path, |bytes| bytes[4200] ^= 1);
    let report = closed(&copy(&damaged), SAVE).unwrap().verify(|_| ()).unwrap();
    let (_, reached) = report.reachable[0];
    assert!((2..30).contains(&reached), "{report:?}");
    let at = |time| restore(&damaged, None, Target::Time(time));
    for version in 1..reached {
        assert_eq!(at(times[version as usize]).unwrap().version, version);
    }
    // It is not known when the next version came, and whether it was that.
    for version in [reached, reached + 1, 40] {
        assert_eq!(lost(at(times[version as usize])).0, 40, "version {version}");
    }
    let archive = archived(&medium);
    for version in [reached, reached + 1, 40] {
        let restored = restore(&damaged, Some(&archive), Target::Time(times[version as usize])).unwrap();
        assert_eq!(restored.version, version);
    }
}

#[test]
fn a_time_that_a_snapshot_file_covers_is_found_behind_a_damage() {
    let Played { medium, .. } = checkpointed(40);
    let times: Vec<SystemTime> = (0..=40).map(|version| time_of(&medium, version.max(1))).collect();
    let path = segments(&medium, SAVE)[1].clone();
    let damaged = with(&medium, &path, |bytes| bytes[4200] ^= 1);
    let report = closed(&copy(&damaged), SAVE).unwrap().verify(|_| ()).unwrap();
    let [(0, reached), (next, 40)] = report.reachable[..] else { panic!("{report:?}") };
    for version in (1..=40_u64).filter(|version| *version < reached || *version >= next) {
        let restored = restore(&damaged, None, Target::Time(times[version as usize]));
        // A snapshot file knows when its version was held, and not when it was committed.
        if version != next {
            assert_eq!(restored.unwrap().version, version);
        }
    }
    for version in reached..next {
        match restore(&damaged, None, Target::Time(times[version as usize])) {
            Err(MaintenanceError::Lost { highest: 40, .. }) => {}
            // It is known which one it is, from behind the damage.
            Err(MaintenanceError::OutOfReach { asked, .. }) => assert_eq!(asked, version),
            other => panic!("version {version}: {other:?}"),
        }
    }
}

/// The clock of the machine may be asked for a moment far from any commit.
#[test]
fn a_time_after_the_last_commit_is_the_latest_state() {
    let Played { medium, .. } = checkpointed(12);
    let late = time_of(&medium, 12) + Duration::from_secs(1 << 20);
    assert_eq!(restore(&medium, None, Target::Time(late)).unwrap().version, 12);
    let path = segments(&medium, SAVE)[1].clone();
    let damaged = with(&played(30).medium, &path, |bytes| bytes[4200] ^= 1);
    assert_eq!(lost(restore(&damaged, None, Target::Time(late))).0, 30);
}

/// A directory that was restored to version 25 of the history that is archived on `archive`, and went on to version 30.
fn parted(archive: &Simulated) -> (Simulated, Vec<PathBuf>) {
    let medium = Simulated::new();
    let restore = Restore::from_archive(shelf(archive)).onto(Arc::new(medium.clone()));
    restore.run(Target::Version(25), SAVE, |_| ()).unwrap();
    let db = small(&medium, SAVE).open().unwrap();
    for n in 0..5 {
        db.spawn(Small::sample(n)).unwrap();
    }
    db.close().unwrap();
    let paths = segments(&medium, SAVE);
    (medium, paths)
}

#[test]
fn a_history_that_was_left_is_not_taken_for_the_one_that_went_on() {
    let archive = archived(&played(40).medium);
    let (medium, paths) = parted(&archive);
    assert_eq!(restore(&medium, Some(&archive), Target::Latest).unwrap().version, 30);
    // The segments before the last one are those of both.
    let last = paths.last().unwrap();
    let damaged = with(&medium, last, |bytes| bytes[24] ^= 1);
    assert!(small(&copy(&damaged), SAVE).open().is_err(), "the header of {} is damaged", last.display());
    let (highest, reachable) = lost(restore(&damaged, Some(&archive), Target::Latest));
    assert!(highest >= 25, "{highest}, {reachable:?}");
    let late = time_of(&played(40).medium, 40) + Duration::from_secs(1_000_000);
    lost(restore(&damaged, Some(&archive), Target::Time(late)));
}

#[test]
fn without_a_log_a_snapshot_file_tells_the_history() {
    let archive = archived(&played(40).medium);
    let (medium, _) = parted(&archive);
    let db = small(&medium, SAVE).open().unwrap();
    db.checkpoint().unwrap().wait().unwrap();
    db.close().unwrap();
    for path in segments(&medium, SAVE) {
        ecsdb::media::Media::remove(&medium, &path).unwrap();
    }
    let (highest, _) = lost(restore(&medium, Some(&archive), Target::Latest));
    assert_eq!(highest, 30);
    // Of its own history the archive may have more.
    let whole = checkpointed(40).medium;
    let own = archived(&whole);
    for path in segments(&whole, SAVE) {
        ecsdb::media::Media::remove(&whole, &path).unwrap();
    }
    assert_eq!(restore(&whole, Some(&own), Target::Latest).unwrap().version, 40);
}
