//! Earlier states in directories of their own.

use std::time::{Duration, UNIX_EPOCH};

use ecsdb::archive::Archive;
use ecsdb::error::DirectoryError;
use ecsdb::maintenance::{Restore, Restored, Target};

use super::*;

const EARLIER: &str = "/games/earlier";

/// Restores from the directory on a medium to another directory of it.
fn restore(medium: &Simulated, target: Target) -> Result<Restored, MaintenanceError> {
    let restore = Restore::from_directory(closed(medium, SAVE)?).onto(Arc::new(medium.clone()));
    restore.run(target, EARLIER, |_| ())
}

/// Opens what was restored, and checks that it is what was said, and that it can be gone on with.
fn is_version(medium: &Simulated, versions: &[Rows], restored: &Restored) {
    let version = restored.version;
    let db = small(medium, EARLIER).open().unwrap();
    assert_eq!(db.stats().version, version);
    assert!(Rows::of(&db) == versions[version as usize], "version {version}");
    assert_eq!(db.recovery().unwrap().timeline, restored.timeline, "the timeline that was named");
    db.spawn(Small::sample(7)).unwrap();
    let rows = Rows::of(&db);
    drop(db);
    let db = small(medium, EARLIER).open().unwrap();
    assert!(Rows::of(&db) == rows, "what comes after version {version}");
}

/// The timelines that there are in a directory.
fn timelines(medium: &Simulated) -> Vec<u64> {
    let info = closed(medium, SAVE).unwrap().info().unwrap();
    info.segments.iter().map(|segment| segment.timeline).collect()
}

#[test]
fn every_version_can_be_restored() {
    for (played, is_all_log) in [(played(32), true), (checkpointed(32), false)] {
        let Played { medium, versions } = played;
        let before = files(&medium, SAVE);
        let old = timelines(&medium);
        let mut rests_on = Vec::new();
        for version in 0..=32 {
            let medium = copy(&medium);
            let restored = restore(&medium, Target::Version(version)).unwrap();
            assert_eq!(restored.version, version, "{restored:?}");
            assert!(files(&medium, SAVE) == before, "the source has changed");
            rests_on.extend(restored.snapshot);
            assert!(!old.contains(&restored.timeline), "a timeline of its own");
            is_version(&medium, &versions, &restored);
        }
        assert_eq!(rests_on.is_empty(), is_all_log, "{rests_on:?}");
        let medium = copy(&medium);
        let restored = restore(&medium, Target::Latest).unwrap();
        assert_eq!(restored.version, 32);
        let report = closed(&medium, EARLIER).unwrap().verify(|_| ()).unwrap();
        assert!(report.is_fine() && report.was_closed, "{report:?}");
        is_version(&medium, &versions, &restored);
    }
}

#[test]
fn a_state_is_found_by_its_time() {
    for played in [played(20), checkpointed(20)] {
        let Played { medium, versions } = played;
        let mut before = None;
        for version in 1..=20 {
            let time = restore(&copy(&medium), Target::Version(version)).unwrap().committed().unwrap();
            for (at, expected) in [(time, version), (time + Duration::from_nanos(1), version)] {
                assert_eq!(restore(&copy(&medium), Target::Time(at)).unwrap().version, expected);
            }
            if let Some(before) = before {
                assert!(before < time, "the clock of the medium goes on");
                let medium = copy(&medium);
                let restored = restore(&medium, Target::Time(time - Duration::from_nanos(1))).unwrap();
                assert_eq!(restored.version, version - 1);
                is_version(&medium, &versions, &restored);
            }
            before = Some(time);
        }
        let late = before.unwrap() + Duration::from_secs(1_000_000);
        assert_eq!(restore(&copy(&medium), Target::Time(late)).unwrap().version, 20);
        let error = restore(&medium, Target::Time(UNIX_EPOCH)).unwrap_err();
        assert!(matches!(error, MaintenanceError::TooEarly { .. }), "{error}");
        assert!(files(&medium, EARLIER).is_empty(), "nothing was begun");
    }
}

#[test]
fn what_cannot_be_restored_is_refused_in_words() {
    let Played { medium, .. } = checkpointed(30);
    let error = restore(&medium, Target::Version(31)).unwrap_err();
    assert_eq!(error.to_string(), "version 31 cannot be restored: those that can be are 0 to 30");
    // Without its beginning, the log is of use from the oldest snapshot file on.
    let lossy = copy(&medium);
    ecsdb::media::Media::remove(&lossy, &segments(&lossy, SAVE)[0]).unwrap();
    let report = closed(&lossy, SAVE).unwrap().verify(|_| ()).unwrap();
    let (oldest, last) = report.reachable[0];
    assert!(oldest > 0, "{report:?}");
    let error = restore(&lossy, Target::Version(oldest - 1)).unwrap_err();
    assert!(error.to_string().contains(&format!("{oldest} to {last}")), "{error}");
    assert_eq!(restore(&lossy, Target::Version(oldest)).unwrap().version, oldest);

    let error = restore(&lossy, Target::Latest).unwrap_err();
    assert!(error.to_string().starts_with("/games/earlier is not empty, "), "{error}");
    let db = small(&medium, SAVE).open().unwrap();
    let error = restore(&medium, Target::Latest).unwrap_err();
    assert!(matches!(error, MaintenanceError::Directory(DirectoryError::Locked { .. })), "{error}");
    drop(db);
    assert!(files(&medium, EARLIER).is_empty(), "nothing was begun");
}

#[test]
fn damage_before_a_version_keeps_it_from_being_restored() {
    let Played { medium, versions } = played(40);
    let path = segments(&medium, SAVE)[2].clone();
    let damaged = with(&medium, &path, |bytes| bytes[4200] ^= 1);
    let report = closed(&damaged, SAVE).unwrap().verify(|_| ()).unwrap();
    let (_, reached) = report.reachable[0];
    let restored = restore(&damaged, Target::Version(reached)).unwrap();
    assert_eq!(restored.version, reached);
    is_version(&damaged, &versions, &restored);
    let fresh = with(&medium, &path, |bytes| bytes[4200] ^= 1);
    let error = restore(&fresh, Target::Version(reached + 1)).unwrap_err();
    assert!(matches!(error, MaintenanceError::OutOfReach { .. }), "{error}");
}

#[test]
fn an_archive_has_every_version_without_the_directory() {
    let Played { medium, versions } = played(30);
    closed(&medium, SAVE).unwrap().archive_to(shelf(&medium), None).unwrap();
    for version in [0, 1, 13, 29, 30] {
        let medium = copy(&medium);
        let restore = Restore::from_archive(shelf(&medium)).onto(Arc::new(medium.clone()));
        let restored = restore.run(Target::Version(version), EARLIER, |_| ()).unwrap();
        assert_eq!((restored.version, restored.snapshot), (version, None));
        is_version(&medium, &versions, &restored);
    }
    let restore = Restore::from_archive(shelf(&medium)).onto(Arc::new(medium.clone()));
    assert_eq!(restore.run(Target::Latest, EARLIER, |_| ()).unwrap().version, 30);
}

#[test]
fn an_archive_makes_up_for_what_the_directory_has_lost() {
    let Played { medium, versions } = played(40);
    closed(&medium, SAVE).unwrap().archive_to(shelf(&medium), None).unwrap();
    let paths = segments(&medium, SAVE);
    for (index, path) in paths.iter().enumerate() {
        for removes in [false, true] {
            let damaged = if removes {
                let lossy = copy(&medium);
                ecsdb::media::Media::remove(&lossy, path).unwrap();
                lossy
            } else {
                with(&medium, path, |bytes| bytes[if index % 2 == 0 { 30 } else { 4200 }] ^= 1)
            };
            let restore = Restore::from_directory(closed(&damaged, SAVE).unwrap()).with_archive(shelf(&damaged));
            let restore = restore.onto(Arc::new(damaged.clone()));
            let restored = restore.run(Target::Version(40), EARLIER, |_| ()).unwrap();
            assert_eq!(restored.version, 40, "without {}", path.display());
            is_version(&damaged, &versions, &restored);
        }
    }
}

#[test]
fn a_damaged_object_is_not_restored_from() {
    let Played { medium, .. } = played(20);
    closed(&medium, SAVE).unwrap().archive_to(shelf(&medium), None).unwrap();
    let object = shelf(&medium).list("segments").unwrap()[0].clone();
    let damaged = with(&medium, &Path::new(SHELF).join(&object), |bytes| bytes[4200] ^= 1);
    let restore = Restore::from_archive(shelf(&damaged)).onto(Arc::new(damaged.clone()));
    let error = restore.run(Target::Latest, EARLIER, |_| ()).unwrap_err();
    assert!(error.to_string().contains(&object) && error.to_string().contains("checksum"), "{error}");
    let error = small(&damaged, EARLIER).open().err().unwrap();
    assert!(error.to_string().contains("is unfinished"), "{error}");
}

/// A crash anywhere leaves nothing, an unfinished directory that is refused, or the whole; and the source as it was.
#[test]
fn a_restore_that_crashes_anywhere_is_whole_or_unfinished() {
    let Played { medium, versions } = checkpointed(14);
    let before = files(&medium, SAVE);
    let run = Simulated::of(medium.state());
    let restored = restore(&run, Target::Version(9)).unwrap();
    assert!(restored.snapshot.is_some());
    let (mut whole, mut unfinished, mut nothing) = (0, 0, 0);
    run.trace().for_each_state(|operations, state| {
        let mut survivals = vec![Survival::Nothing, Survival::Everything];
        let seed = |seed| operations as u64 * 16 + seed;
        survivals.extend(
            (0..6).map(|image| Survival::Random { seed: seed(image), unit: [1, 512, 4096][image as usize % 3] }),
        );
        for survival in survivals {
            let image = Simulated::of(state.image(survival));
            assert!(files(&image, SAVE) == before, "the source was harmed");
            let there = files(&image, EARLIER);
            if there.iter().any(|(path, _)| path.ends_with("UNFINISHED")) {
                let error = small(&image, EARLIER).open().expect_err("it is unfinished");
                assert!(error.to_string().contains("is unfinished"), "{error}");
                let error = closed(&image, EARLIER).map(|closed| closed.verify(|_| ()).map(drop));
                assert!(!matches!(error, Ok(Ok(()))), "nor is it verified");
                unfinished += 1;
            } else if there.is_empty() {
                nothing += 1;
            } else {
                is_version(&image, &versions, &restored);
                whole += 1;
            }
        }
    });
    assert!(whole > 0 && unfinished > 100 && nothing > 0, "{whole}, {unfinished}, {nothing}");
}

#[test]
fn a_restore_that_is_refused_by_the_medium_says_so() {
    let Played { medium, .. } = checkpointed(10);
    let calls = {
        let run = copy(&medium);
        restore(&run, Target::Version(8)).unwrap();
        run.calls().len()
    };
    for failure in [Failure::Device, Failure::NoSpace] {
        for call in 0..calls {
            let target = Simulated::new();
            target.set_faults(vec![Fault::at(call, failure)]);
            let restore = Restore::from_directory(closed(&copy(&medium), SAVE).unwrap()).onto(Arc::new(target.clone()));
            let done = restore.run(Target::Version(8), EARLIER, |_| ());
            let struck = target.struck() > 0;
            assert!(done.is_ok() || struck, "{:?}", done.err());
            target.set_faults(Vec::new());
            if done.is_err() && !files(&target, EARLIER).is_empty() {
                let opened = small(&target, EARLIER).open();
                // The last sync may have failed, when everything was there.
                let whole = files(&target, EARLIER).iter().all(|(path, _)| !path.ends_with("UNFINISHED"));
                assert_eq!(opened.is_ok(), whole, "{failure:?} at {call}");
            }
        }
    }
}
