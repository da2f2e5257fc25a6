//! Archives without what is too old: all that was promised comes back, and all else is refused by name.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ecsdb::archive::{Archive, ArchivedSegment, ArchivedSnapshot};
use ecsdb::maintenance::{Keep, PrunePlan, Restore, Target, plan_prune, prune, verify_archive};

use super::evidence::{both, commit, left, without_objects};
use super::histories::archived;
use super::*;

const EARLIER: &str = "/games/earlier";

/// A database with snapshot files, and all of it in an archive.
fn shelved(commits: u64) -> (Played, Simulated) {
    let played = checkpointed(commits);
    let archive = Simulated::new();
    closed(&played.medium, SAVE).unwrap().archive_to(shelf(&archive), None).unwrap();
    (played, archive)
}

fn plan(archive: &Simulated, keep: Keep) -> PrunePlan {
    let before = files(archive, SHELF);
    let plan = plan_prune(&*shelf(archive), keep, |_| ()).unwrap();
    assert!(files(archive, SHELF) == before, "a plan changes nothing");
    plan
}

/// Restores from the archive alone, to a medium of its own: the version, and what is in it.
fn restore(archive: &Simulated, target: Target) -> Result<(u64, Rows), MaintenanceError> {
    let medium = Simulated::new();
    let restore = Restore::from_archive(shelf(archive)).onto(Arc::new(medium.clone()));
    let version = restore.run(target, EARLIER, |_| ())?.version;
    Ok((version, Rows::of(&small(&medium, EARLIER).open().unwrap())))
}

fn in_runs(runs: &[(u64, u64)], version: u64) -> bool {
    runs.iter().any(|(from, to)| (*from..=*to).contains(&version))
}

/// Every version comes back if `reachable` has it, and is refused with what there is otherwise.
fn check(archive: &Simulated, reachable: &[(u64, u64)], versions: &[Rows]) {
    for (version, rows) in versions.iter().enumerate() {
        let version = version as u64;
        match restore(archive, Target::Version(version)) {
            Ok(found) => assert!(in_runs(reachable, version) && found == (version, rows.clone()), "{version}"),
            Err(MaintenanceError::OutOfReach { asked, reachable: said }) => {
                assert!(!in_runs(reachable, version), "{version} is promised");
                assert_eq!((asked, &*said), (version, reachable));
            }
            Err(error) => panic!("{version}: {error}"),
        }
    }
    let last = versions.len() as u64 - 1;
    assert!(restore(archive, Target::Latest).unwrap() == (last, versions[last as usize].clone()));
}

/// When each version was committed, in nanoseconds since 1970.
fn times(archive: &Simulated, last: u64) -> Vec<u64> {
    let of = |version: u64| {
        let medium = Simulated::new();
        let restore = Restore::from_archive(shelf(archive)).onto(Arc::new(medium.clone()));
        restore.run(Target::Version(version), EARLIER, |_| ()).unwrap().time.unwrap()
    };
    (1..=last).map(of).collect()
}

fn at(nanoseconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_nanos(nanoseconds)
}

/// The first version that comes back where everything from version `floor` on is kept: the segment of that may be the first one of all.
fn reaches_from(archive: &Simulated, floor: u64) -> u64 {
    let left = ArchivedSegment::list(&*shelf(archive)).unwrap();
    if left.iter().any(|segment| segment.first == 1) { 0 } else { floor }
}

#[test]
fn the_newest_snapshot_files_stay_with_all_that_came_after() {
    let (Played { versions, .. }, archive) = shelved(50);
    let last = versions.len() as u64 - 1;
    let held: Vec<u64> = ArchivedSnapshot::list(&*shelf(&archive)).unwrap().iter().map(|file| file.version).collect();
    assert!(held.len() > 3, "{held:?}");
    for number in 1..=held.len() + 1 {
        let archive = copy(&archive);
        let all = shelf(&archive).list("segments").unwrap();
        let plan = plan(&archive, Keep::Snapshots(number));
        prune(&*shelf(&archive), &plan, |_| ()).unwrap();
        match held.len().checked_sub(number) {
            None => assert!(!plan.is_needed() && plan.reachable == [(0, last)], "{number}: {plan:?}"),
            Some(index) => {
                assert_eq!(plan.reachable, [(reaches_from(&archive, held[index]), last)]);
                assert_eq!((plan.kept_snapshots, plan.snapshots.len()), (number as u64, index));
                let left = ArchivedSegment::list(&*shelf(&archive)).unwrap();
                assert!(left.iter().all(|segment| segment.last >= held[index]), "no more than that stays");
                assert_eq!(left.len() + plan.segments.len(), all.len());
            }
        }
        check(&archive, &plan.reachable, &versions);
        assert!(verify_archive(&*shelf(&archive), |_| ()).unwrap().is_fine());
        assert!(!self::plan(&archive, Keep::Snapshots(number)).is_needed(), "all of it is done");
    }
}

#[test]
fn every_moment_that_is_young_enough_comes_back_as_before() {
    let (Played { versions, .. }, archive) = shelved(40);
    let last = versions.len() as u64 - 1;
    let times = times(&archive, last);
    let mut removed = 0;
    for since in (2..last as usize).step_by(3).map(|index| times[index] + 1).chain([u64::MAX >> 1]) {
        let pruned = copy(&archive);
        let plan = plan(&pruned, Keep::Since(at(since)));
        removed += plan.segments.len() + plan.snapshots.len();
        prune(&*shelf(&pruned), &plan, |_| ()).unwrap();
        check(&pruned, &plan.reachable, &versions);
        assert!(verify_archive(&*shelf(&pruned), |_| ()).unwrap().is_fine());
        let moments = times.iter().copied().filter(|time| *time >= since).chain([since, u64::MAX >> 1]);
        for moment in moments {
            let target = Target::Time(at(moment));
            assert!(restore(&pruned, target).unwrap() == restore(&archive, target).unwrap(), "{since}: {moment}");
        }
        // The first file that is left is as late as it may be.
        let held = ArchivedSnapshot::list(&*shelf(&archive)).unwrap();
        let floor = held.iter().filter(|file| file.time <= since).map(|file| file.version).max().unwrap_or(0);
        let from = reaches_from(&pruned, floor);
        assert_eq!(plan.reachable, [(from, last)], "{since}");
        let early = restore(&pruned, Target::Time(at(times[0])));
        match from {
            0 => assert!(early.is_ok()),
            _ => assert!(matches!(early, Err(MaintenanceError::TooEarly { .. })), "{since}: {:?}", early.map(|_| ())),
        }
    }
    assert!(removed > 20, "{removed}");
}

/// A file that is no good is not counted on: what an older one needs stays.
#[test]
fn a_damaged_snapshot_file_is_not_what_all_else_rests_on() {
    let (Played { versions, .. }, archive) = shelved(40);
    let last = versions.len() as u64 - 1;
    let held = ArchivedSnapshot::list(&*shelf(&archive)).unwrap();
    let newest = held.last().unwrap();
    let path = Path::new(SHELF).join(newest.name(&newest.parts[0]));
    let damaged = with(&archive, &path, |bytes| bytes[5000] ^= 1);
    for keep in [Keep::Snapshots(1), Keep::Since(at(u64::MAX >> 1))] {
        let damaged = copy(&damaged);
        let plan = plan(&damaged, keep);
        assert_eq!(plan.damages.len(), 1, "{plan:?}");
        prune(&*shelf(&damaged), &plan, |_| ()).unwrap();
        assert_eq!(plan.reachable, [(held[held.len() - 2].version, last)]);
        check(&damaged, &plan.reachable, &versions);
    }
}

/// A directory that was restored to an earlier state goes on in a history of its own, with the same archive. The one that it left goes when it is old.
#[test]
fn a_history_that_was_left_goes_when_all_of_it_is_old() {
    let (Played { medium, versions }, archive) = shelved(30);
    let restore_to = Restore::from_archive(shelf(&archive)).onto(Arc::new(medium.clone()));
    restore_to.run(Target::Version(22), EARLIER, |_| ()).unwrap();
    let mut now = versions[..=22].to_vec();
    let db = small(&medium, EARLIER).open().unwrap();
    let mut first = 0;
    for n in 0..20 {
        db.spawn(R100::sample(n)).unwrap();
        now.push(Rows::of(&db));
        if n == 10 {
            first = db.checkpoint().unwrap().wait().unwrap().version;
        }
    }
    drop(db);
    closed(&medium, EARLIER).unwrap().archive_to(shelf(&archive), None).unwrap();
    let times = times(&archive, 42);
    // What came before the histories part is needed by the one that goes on, as long as it is young enough.
    let plan_of_both = plan(&archive, Keep::Since(at(times[15])));
    let both = copy(&archive);
    prune(&*shelf(&both), &plan_of_both, |_| ()).unwrap();
    check(&both, &plan_of_both.reachable, &now);
    let old = ArchivedSegment::list(&*shelf(&both)).unwrap();
    assert!(old.iter().any(|segment| segment.last == 30), "the other one is as young: {old:?}");
    // Later only the one that goes on is left.
    for keep in [Keep::Snapshots(1), Keep::Since(at(times[40]))] {
        let pruned = copy(&archive);
        let plan = plan(&pruned, keep);
        prune(&*shelf(&pruned), &plan, |_| ()).unwrap();
        assert_eq!(plan.reachable, [(first, 42)], "{keep:?}");
        check(&pruned, &plan.reachable, &now);
        assert!(verify_archive(&*shelf(&pruned), |_| ()).unwrap().is_fine());
    }
}

/// Wherever it stops, all that was promised can be restored, and the next one does the rest.
#[test]
fn a_prune_that_was_interrupted_anywhere_has_removed_nothing_that_is_needed() {
    let (Played { versions, .. }, archive) = shelved(40);
    let pruning = copy(&archive);
    let plan = plan(&pruning, Keep::Snapshots(2));
    assert!(plan.segments.len() > 2 && plan.snapshots.len() > 1, "{plan:?}");
    prune(&*shelf(&pruning), &plan, |_| ()).unwrap();
    let done = files(&pruning, SHELF);
    let (from, last) = plan.reachable[0];
    let mut calls = 0;
    loop {
        let image = copy(&archive);
        image.set_faults(vec![Fault { only: Some(Call::Remove), ..Fault::from(calls, Failure::Device) }]);
        let stopped = prune(&*shelf(&image), &plan, |_| ());
        image.set_faults(Vec::new());
        for version in [from, (from + last) / 2, last] {
            assert!(
                restore(&image, Target::Version(version)).unwrap() == (version, versions[version as usize].clone())
            );
        }
        assert!(verify_archive(&*shelf(&image), |_| ()).unwrap().is_fine(), "{calls}");
        let rest = self::plan(&image, Keep::Snapshots(2));
        assert_eq!(rest.reachable, plan.reachable);
        prune(&*shelf(&image), &rest, |_| ()).unwrap();
        assert!(files(&image, SHELF) == done, "{calls}");
        if stopped.is_ok() {
            break;
        }
        calls += 1;
    }
    assert!(calls > 5, "{calls}");
}

#[test]
fn nothing_to_prune_and_nowhere_to_prune_are_told_apart() {
    let error = plan_prune(&*shelf(&Simulated::new()), Keep::Snapshots(1), |_| ()).unwrap_err();
    assert!(matches!(error, MaintenanceError::NoSegments), "{error}");
    // A log without a file to begin with is needed from its beginning on.
    let Played { medium, versions } = played(20);
    let archive = Simulated::new();
    closed(&medium, SAVE).unwrap().archive_to(shelf(&archive), None).unwrap();
    for keep in [Keep::Snapshots(1), Keep::Since(at(u64::MAX >> 1))] {
        let plan = plan(&archive, keep);
        assert!(!plan.is_needed() && plan.kept_segments > 2, "{plan:?}");
        assert_eq!(plan.reachable, [(0, versions.len() as u64 - 1)]);
    }
}

/// The latest history has a snapshot file there; its first segment is not finished. What it goes on from is in the one that it left.
#[test]
fn what_a_log_that_is_on_its_way_goes_on_from_is_kept() {
    let first = played(40).medium;
    let (of_first, second) = (archived(&first), left(&first, 25, 0));
    let db = commit(&second, 3);
    db.checkpoint().unwrap().wait().unwrap();
    db.close().unwrap();
    let full = both(&of_first, &archived(&second));
    let archive = both(&of_first, &without_objects(&archived(&second), |segment| segment.first > 25));
    let times = ArchivedSegment::list(&*shelf(&of_first)).unwrap();
    let since = at(times.iter().map(|segment| segment.latest).max().unwrap() + 1);
    prune(&*shelf(&archive), &plan(&archive, Keep::Since(since)), |_| ()).unwrap();
    // Then the segment comes.
    let archive = both(&archive, &without_objects(&archived(&second), |segment| segment.first <= 25));
    for target in (25..=28).map(Target::Version).chain([Target::Time(since), Target::Latest]) {
        assert!(restore(&archive, target).unwrap() == restore(&full, target).unwrap(), "{target:?}");
    }
}
