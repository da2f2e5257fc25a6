//! Clocks that are set back: what follows something is later than it, whatever the times say.

use std::time::{Duration, SystemTime};

use ecsdb::archive::{Archive, ArchivedSegment};
use ecsdb::maintenance::{Keep, Restore, Target, plan_prune, prune};
use ecsdb::media::Media;

use super::histories::{archived, wait_long};
use super::*;

const THERE: &str = "/games/there";

/// A database that was played under a clock that was ahead for the first of its rounds, and what it held after each version.
fn set_back(rounds: u64, commits: u64) -> (Vec<Simulated>, Vec<Rows>) {
    let mut medium = Simulated::new();
    wait_long(&medium);
    wait_long(&medium);
    let (mut after, mut versions) = (Vec::new(), Vec::new());
    for round in 0..rounds {
        if round == 1 {
            // The clock of a copy begins anew.
            medium = copy(&medium);
        }
        let db = small(&medium, SAVE).open().unwrap();
        if round == 0 {
            versions.push(Rows::of(&db));
        }
        for n in 0..commits {
            db.spawn((Small::sample(n), R100::sample(n), Wide::sample(n))).unwrap();
            versions.push(Rows::of(&db));
            if n == commits - 5 {
                db.checkpoint().unwrap().wait().unwrap();
            }
        }
        db.close().unwrap();
        after.push(copy(&medium));
    }
    let last = after.last().unwrap();
    let times: Vec<u64> =
        ArchivedSegment::list(&*shelf(&archived(last))).unwrap().iter().map(|segment| segment.latest).collect();
    assert!(!times.is_sorted(), "the clock has gone back: {times:?}");
    (after, versions)
}

/// Restores from the archive and, if it is given, the directory on `medium`.
fn restore(medium: Option<&Simulated>, archive: &Simulated, target: Target) -> Result<(u64, Rows), MaintenanceError> {
    let there = Simulated::new();
    let restore = match medium {
        Some(medium) => Restore::from_directory(closed(&copy(medium), SAVE)?).with_archive(shelf(archive)),
        None => Restore::from_archive(shelf(archive)),
    };
    let version = restore.onto(Arc::new(there.clone())).run(target, THERE, |_| ())?.version;
    Ok((version, Rows::of(&small(&there, THERE).open().unwrap())))
}

#[test]
fn the_latest_state_is_the_last_one_although_the_clock_was_set_back() {
    let (after, versions) = set_back(2, 20);
    let archive = archived(&after[1]);
    let snapshots = shelf(&archive).list("snapshots").unwrap();
    let log_only = copy(&archive);
    for name in snapshots {
        log_only.remove(&Path::new(SHELF).join(name)).unwrap();
    }
    for archive in [&archive, &log_only] {
        assert!(restore(None, archive, Target::Latest).unwrap() == (40, versions[40].clone()));
        // A directory that was put aside meanwhile is gone on from.
        assert!(restore(Some(&after[0]), archive, Target::Latest).unwrap() == (40, versions[40].clone()));
    }
}

#[test]
fn nothing_that_came_after_the_clock_was_set_back_is_pruned_as_old() {
    let (after, versions) = set_back(2, 20);
    let archive = archived(&after[1]);
    let late = SystemTime::UNIX_EPOCH + Duration::from_secs(1 << 33);
    for keep in [Keep::Snapshots(1), Keep::Snapshots(2), Keep::Since(late)] {
        let pruned = copy(&archive);
        let plan = plan_prune(&*shelf(&pruned), keep, |_| ()).unwrap();
        assert!(plan.is_needed(), "{keep:?}");
        prune(&*shelf(&pruned), &plan, |_| ()).unwrap();
        assert!(restore(None, &pruned, Target::Latest).unwrap() == (40, versions[40].clone()), "{keep:?}");
        for version in 36..=40 {
            let found = restore(None, &pruned, Target::Version(version)).unwrap();
            assert!(found == (version, versions[version as usize].clone()), "{keep:?}");
        }
    }
}

/// The directory has a part of the first round, and the clock went back behind it.
#[test]
fn a_directory_from_before_is_gone_on_from_as_far_as_the_log_goes() {
    let (after, versions) = set_back(3, 10);
    let archive = archived(&after[2]);
    for medium in &after {
        assert!(restore(Some(medium), &archive, Target::Latest).unwrap() == (30, versions[30].clone()));
    }
}
