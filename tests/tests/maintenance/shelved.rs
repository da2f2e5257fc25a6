//! Snapshot files in an archive: what comes back from it alone, and what is never taken for something else.

use ecsdb::archive::{Archive, ArchivedSnapshot};
use ecsdb::maintenance::{Restore, Restored, Target, verify_archive};

use super::*;

const EARLIER: &str = "/games/earlier";

/// Restores from the archive on a medium alone, to a medium of its own.
fn restore(archive: &Simulated, target: Target) -> (Simulated, Result<Restored, MaintenanceError>) {
    let medium = Simulated::new();
    let restore = Restore::from_archive(shelf(archive)).onto(Arc::new(medium.clone()));
    let restored = restore.run(target, EARLIER, |_| ());
    (medium, restored)
}

/// Restores, and checks that it is the state that was asked for.
fn comes_back(archive: &Simulated, version: u64, versions: &[Rows]) -> Result<Restored, MaintenanceError> {
    let (medium, restored) = restore(archive, Target::Version(version));
    let restored = restored?;
    assert_eq!(restored.version, version);
    let db = small(&medium, EARLIER).open().unwrap();
    assert_eq!(db.stats().version, version);
    assert!(Rows::of(&db) == versions[version as usize], "version {version}: {restored:?}");
    Ok(restored)
}

/// A database with snapshot files, each of which is complete, and an archive of everything on a medium of its own.
fn shelved(commits: u64) -> (Played, Simulated) {
    let played = checkpointed(commits);
    let archive = Simulated::new();
    closed(&played.medium, SAVE).unwrap().archive_to(shelf(&archive), None).unwrap();
    (played, archive)
}

fn remove(archive: &Simulated, name: &str) {
    ecsdb::media::Media::remove(archive, &Path::new(SHELF).join(name)).unwrap();
}

fn snapshots(archive: &Simulated) -> Vec<ArchivedSnapshot> {
    ArchivedSnapshot::list(&*shelf(archive)).unwrap()
}

/// Whether an object goes: about every fourth.
fn goes(seed: u64, index: u64) -> bool {
    let mixed = (seed + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ (index + 1).wrapping_mul(0xd6e8_feb8_6659_fd93);
    (mixed ^ mixed >> 29).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 62 == 0
}

/// Whether a version is in one of `runs`.
fn in_runs(runs: &[(u64, u64)], version: u64) -> bool {
    runs.iter().any(|(from, to)| (*from..=*to).contains(&version))
}

#[test]
fn a_complete_snapshot_file_is_stored_once_with_the_log() {
    let Played { medium, .. } = chained(40);
    let before = files(&medium, SAVE);
    let stored = closed(&medium, SAVE).unwrap().archive_to(shelf(&medium), None).unwrap();
    let info = closed(&copy(&medium), SAVE).unwrap().info().unwrap();
    let complete = info.snapshots.iter().filter(|snapshot| snapshot.base.is_none()).map(|snapshot| snapshot.version);
    let complete: Vec<u64> = complete.collect();
    assert!(complete.len() > 2 && complete.len() < info.snapshots.len(), "{info:?}");
    assert_eq!(stored.snapshots.iter().map(|snapshot| snapshot.version).collect::<Vec<_>>(), complete);
    assert!(stored.is_fine() && stored.snapshots.iter().all(ArchivedSnapshot::is_whole));
    assert_eq!(snapshots(&medium), stored.snapshots);
    let names = shelf(&medium).list("snapshots").unwrap();
    for (snapshot, name) in stored.snapshots.iter().zip(&names) {
        let file = Path::new(SAVE).join(format!("snapshots/{:020}.snap", snapshot.version));
        assert_eq!(shelf(&medium).get(name).unwrap(), medium.state().content(&file).unwrap());
        assert_eq!(ArchivedSnapshot::parse(name).unwrap().1, snapshot.parts[0]);
    }
    // Again, and compressed: nothing new, and the directory is as it was.
    assert_eq!(closed(&medium, SAVE).unwrap().archive_to(shelf(&medium), Some(3)).unwrap(), stored);
    assert_eq!(shelf(&medium).list("snapshots").unwrap(), names);
    assert!(files(&medium, SAVE) == before, "the directory has changed");
}

/// What `archive verify` says can be had can be had, and nothing else; whatever objects have gone.
#[test]
fn what_an_archive_says_that_it_has_comes_back_whatever_has_gone() {
    let (Played { versions, .. }, archive) = shelved(36);
    let folder = |folder: &str| shelf(&archive).list(folder).unwrap();
    let all: Vec<String> = folder("segments").into_iter().chain(folder("snapshots")).collect();
    let last = versions.len() as u64 - 1;
    let (mut refused, mut from_files) = (0, 0);
    for seed in 0..40 {
        let lossy = copy(&archive);
        (0..).zip(&all).filter(|(index, _)| goes(seed, *index)).for_each(|(_, name)| remove(&lossy, name));
        let report = verify_archive(&*shelf(&lossy), |_| ()).unwrap();
        assert!(report.damages.is_empty(), "{report:?}");
        for version in 0..=last {
            match comes_back(&lossy, version, &versions) {
                Ok(restored) => {
                    assert!(in_runs(&report.reachable, version), "seed {seed}, version {version}: {report:?}");
                    from_files += u64::from(restored.snapshot.is_some());
                }
                Err(error) => {
                    assert!(matches!(error, MaintenanceError::OutOfReach { .. }), "{error}");
                    assert!(!in_runs(&report.reachable, version), "seed {seed}, version {version}: {report:?}");
                    refused += 1;
                }
            }
            let is_missing = report.gaps.iter().any(|gap| (gap.first..=gap.until).contains(&version));
            let is_held = report.snapshots.contains(&version);
            assert!(!is_missing || is_held || !in_runs(&report.reachable, version), "version {version}: {report:?}");
        }
    }
    assert!(refused > 100 && from_files > 100, "{refused} refused, {from_files} from snapshot files");
}

/// What is damaged is passed over for what is older, and that is said; the version is the one that was asked for, or none.
#[test]
fn a_damaged_snapshot_object_is_passed_over_and_that_is_said() {
    let (Played { versions, .. }, archive) = shelved(36);
    let last = versions.len() as u64 - 1;
    let names = shelf(&archive).list("snapshots").unwrap();
    let newest = Path::new(SHELF).join(names.last().unwrap());
    let len = archive.state().content(&newest).unwrap().len();
    for at in (0..len).step_by(len / 9) {
        let damaged = with(&archive, &newest, |bytes| bytes[at] ^= 1);
        let report = verify_archive(&*shelf(&damaged), |_| ()).unwrap();
        assert_eq!((report.damages.len(), report.snapshots.len()), (1, names.len() - 1), "{report:?}");
        assert_eq!(report.damages[0].file, Path::new(names.last().unwrap()));
        let restored = comes_back(&damaged, last, &versions).unwrap();
        assert_eq!(restored.passed_over.len(), 1, "{restored:?}");
        assert!(restored.snapshot.is_some(), "an older one does: {restored:?}");
    }
    // All of them: the whole log.
    let mut damaged = copy(&archive);
    for name in &names {
        damaged = with(&damaged, &Path::new(SHELF).join(name), |bytes| bytes[40] ^= 1);
    }
    let restored = comes_back(&damaged, last, &versions).unwrap();
    assert_eq!((restored.passed_over.len(), restored.snapshot), (names.len(), None));
    // Without its beginning there is nothing left, and what is damaged is named.
    remove(&damaged, &shelf(&damaged).list("segments").unwrap()[0]);
    let error = comes_back(&damaged, last, &versions).unwrap_err().to_string();
    assert!(error.contains(names.last().unwrap()) && error.contains("without it"), "{error}");
    let error = restore(&damaged, Target::Latest).1.unwrap_err().to_string();
    assert!(error.contains(names.last().unwrap()), "{error}");
}

/// A database that lets go of everything that it need not keep, with its archive on another medium.
fn letting_go(medium: &Simulated, archive: &Simulated) -> Db<World> {
    let archive = DirectoryArchive::on(Arc::new(archive.clone()), SHELF);
    small(medium, SAVE).retention(Retention::default()).archive(archive).open().unwrap()
}

/// Commits, and a checkpoint after every tenth. Adds what there is after each to `versions`.
fn go_on(db: &Db<World>, commits: u64, versions: &mut Vec<Rows>) {
    for n in 0..commits {
        db.spawn((Small::sample(n), R100::sample(n))).unwrap();
        versions.push(Rows::of(db));
        if db.stats().version.is_multiple_of(10) {
            assert_eq!(db.checkpoint().unwrap().wait().unwrap().kept_because, None);
        }
    }
}

#[test]
fn a_directory_that_is_gone_comes_back_from_an_archive_that_began_late() {
    let Played { medium, mut versions } = played(20);
    let archive = Simulated::new();
    let mut last = 20;
    for round in 0..4 {
        // Complete files come with every opening, so what is made in one goes on from them.
        for _ in 0..4 {
            let db = letting_go(&medium, &archive);
            go_on(&db, 10, &mut versions);
            last += 10;
        }
        let report = verify_archive(&*shelf(&archive), |_| ()).unwrap();
        assert!(report.is_fine() && report.snapshots.contains(&last), "round {round}: {report:?}");
        // The directory is gone: what was durable at the last checkpoint is there.
        let (restored_to, restored) = restore(&archive, Target::Latest);
        let restored = restored.unwrap();
        assert_eq!((restored.version, restored.snapshot), (last, Some(last)));
        for version in 0..=last {
            let came_back = comes_back(&archive, version, &versions);
            assert_eq!(came_back.is_ok(), in_runs(&report.reachable, version), "{version}: {report:?}");
        }
        // And it goes on there, with the same archive.
        let state = medium.state();
        let gone: Vec<PathBuf> = state.paths().filter(|path| path.starts_with(SAVE)).map(Path::to_owned).collect();
        for path in gone {
            ecsdb::media::Media::remove(&medium, &path).unwrap();
        }
        let state = restored_to.state();
        for path in state.paths().filter(|path| path.starts_with(EARLIER)) {
            let to = Path::new(SAVE).join(path.strip_prefix(EARLIER).unwrap());
            let file = ecsdb::media::Media::open(&medium, &to, ecsdb::media::Open::Truncate).unwrap();
            file.write_all_at(state.content(path).unwrap(), 0).unwrap();
        }
    }
}

#[test]
fn whoever_wants_only_the_log_archived_gets_that() {
    let Played { medium, mut versions } = played(20);
    let archive = Simulated::new();
    let builder = small(&medium, SAVE).retention(Retention::default()).archive_snapshots(false);
    let db = builder.archive(DirectoryArchive::on(Arc::new(archive.clone()), SHELF)).open().unwrap();
    go_on(&db, 200, &mut versions);
    assert!(snapshots(&archive).is_empty() && !shelf(&archive).list("segments").unwrap().is_empty());
}

/// Two that were copied have the timeline in common, and the numbers of their versions. The file of one is never put under the log of the other.
#[test]
fn a_snapshot_file_of_a_copy_is_not_taken_for_one_of_the_original() {
    let Played { medium, versions } = played(20);
    let twin = copy(&medium);
    let archive = Simulated::new();
    let play = |medium: &Simulated, worth: u64| {
        let mut versions = versions.clone();
        let db = small(medium, SAVE).open().unwrap();
        for n in 0..20 {
            db.spawn(R100::sample(worth + n)).unwrap();
            versions.push(Rows::of(&db));
            if n == 10 {
                db.checkpoint().unwrap().wait().unwrap();
            }
        }
        versions
    };
    let (ours, _) = (play(&medium, 1), play(&twin, 1000));
    let stored = closed(&medium, SAVE).unwrap().archive_to(shelf(&archive), None).unwrap();
    // Of ours only the log is left, and of theirs only the snapshot file: with the timeline, the version and the segment of ours.
    for snapshot in &stored.snapshots {
        snapshot.parts.iter().for_each(|part| remove(&archive, &snapshot.name(part)));
    }
    let theirs = Simulated::new();
    let theirs_stored = closed(&twin, SAVE).unwrap().archive_to(shelf(&theirs), None).unwrap();
    for name in shelf(&theirs).list("snapshots").unwrap() {
        shelf(&archive).put_if_absent(&name, &shelf(&theirs).get(&name).unwrap()).unwrap();
    }
    let (own, other) = (&stored.snapshots[0], &theirs_stored.snapshots[0]);
    assert_eq!((own.timeline, own.version), (other.timeline, other.version));
    let mut passed_over = 0;
    for version in 0..=40 {
        let restored = comes_back(&archive, version, &ours).unwrap();
        passed_over += restored.passed_over.len();
        assert_eq!(restored.snapshot, None);
    }
    assert!(own.log != other.log || passed_over > 0, "nobody has noticed");
}

/// Whoever was stopped while it stored finds what it has stored, and what is half there is used by nobody.
#[test]
fn storing_snapshot_files_that_was_interrupted_anywhere_goes_on() {
    let Played { medium, versions } = checkpointed(14);
    let source = Simulated::of(medium.state());
    let stored = closed(&source, SAVE).unwrap().archive_to(shelf(&source), None).unwrap();
    let names = |medium: &Simulated| shelf(medium).list("snapshots").unwrap();
    let expected = names(&source);
    assert!(!expected.is_empty());
    interrupted(&source, |image, place| {
        for snapshot in snapshots(&image) {
            // What is there is whole, and can be relied upon.
            let archive = copy(&image);
            if comes_back(&archive, snapshot.version, &versions).unwrap().snapshot != Some(snapshot.version) {
                panic!("{snapshot:?} was not used");
            }
        }
        let again = closed(&image, SAVE).unwrap().archive_to(shelf(&image), None).unwrap();
        assert_eq!((again, names(&image)), (stored.clone(), expected.clone()), "{place}");
    });
}

/// Of a file of which the first parts are there it is not said that it is damaged: somebody may be storing it.
#[test]
fn parts_that_are_missing_at_the_end_are_no_damage_and_of_no_use() {
    let (_, archive) = shelved(14);
    let name = shelf(&archive).list("snapshots").unwrap().pop().unwrap();
    let (snapshot, part) = ArchivedSnapshot::parse(&name).unwrap();
    let object = shelf(&archive).get(&name).unwrap();
    for (number, is_damage) in [(0, false), (1, true)] {
        let mut other = snapshot.clone();
        (other.count, other.salt) = (3, 1 + number);
        let mut part = part;
        part.number = number as u32;
        let archive = copy(&archive);
        shelf(&archive).put_if_absent(&other.name(&part), &object).unwrap();
        let report = verify_archive(&*shelf(&archive), |_| ()).unwrap();
        assert_eq!(report.damages.is_empty(), !is_damage, "{report:?}");
        assert_eq!(report.unfinished.is_empty(), is_damage, "{report:?}");
        assert_eq!(restore(&archive, Target::Latest).1.unwrap().passed_over, []);
    }
}

#[test]
fn a_place_without_an_archive_is_not_restored_from() {
    let Played { medium, .. } = played(10);
    let nowhere = Simulated::new();
    let error = restore(&nowhere, Target::Latest).1.unwrap_err();
    assert!(matches!(error, MaintenanceError::NoSegments), "{error}");
    // Beside a directory that has everything it is mistyped all the same.
    let held = closed(&medium, SAVE).unwrap();
    let restore = Restore::from_directory(held).with_archive(shelf(&nowhere)).onto(Arc::new(nowhere.clone()));
    let error = restore.run(Target::Latest, EARLIER, |_| ()).unwrap_err();
    assert!(matches!(error, MaintenanceError::NoSegments), "{error}");
}

/// A byte of a segment that is damaged, and for which a newer snapshot file makes up: what is whole of it goes to the archive, and what is missing is said.
#[test]
fn an_archive_goes_on_behind_a_damage_that_a_snapshot_file_makes_up_for() {
    let Played { medium, versions } = checkpointed(36);
    let last = versions.len() as u64 - 1;
    let mut holes = 0;
    for path in segments(&medium, SAVE).iter().rev().skip(1) {
        let len = medium.state().content(path).unwrap().len();
        for at in [40, 4200, (4200 + len) / 2] {
            let damaged = with(&medium, path, |bytes| bytes[at] ^= 1);
            let archive = Simulated::new();
            let Ok(stored) = closed(&damaged, SAVE).unwrap().archive_to(shelf(&archive), None) else {
                let held = snapshots(&archive).last().map_or(0, |snapshot| snapshot.version);
                let next = segments(&medium, SAVE).iter().map(|path| first(path)).find(|next| *next > first(path));
                assert!(held < next.unwrap() - 1, "{}: {held} makes up for it", path.display());
                continue;
            };
            if stored.missing.is_empty() {
                continue;
            }
            holes += 1;
            let is_missing = |version: u64| in_runs(&stored.missing, version);
            let report = verify_archive(&*shelf(&archive), |_| ()).unwrap();
            for version in 0..=last {
                let restored = comes_back(&archive, version, &versions);
                assert_eq!(restored.is_ok(), in_runs(&report.reachable, version), "{version}: {report:?}");
                let is_held = report.snapshots.contains(&version);
                assert!(restored.is_err() || is_held || !is_missing(version), "{version}: {stored:?}");
            }
            // Behind the hole the next snapshot file has everything.
            let hole = stored.missing.last().unwrap().1;
            let behind = report.snapshots.iter().find(|version| **version >= hole).unwrap();
            assert!((*behind..=last).all(|version| in_runs(&report.reachable, version)), "{report:?}");
        }
    }
    assert!(holes > 5, "{holes} holes");
}

/// A database lets its log go behind a damage, when a newer snapshot file is in the archive.
#[test]
fn a_database_lets_go_of_a_damaged_segment_when_a_snapshot_file_makes_up_for_it() {
    let Played { medium, mut versions } = checkpointed(36);
    let path = segments(&medium, SAVE)[2].clone();
    let damaged = with(&medium, &path, |bytes| bytes[4200] ^= 1);
    let archive = Simulated::new();
    let mut last = 36;
    for _ in 0..3 {
        let db = letting_go(&damaged, &archive);
        go_on(&db, 10, &mut versions);
        last += 10;
    }
    assert!(first(&segments(&damaged, SAVE)[0]) > 30, "the log is let go of");
    let report = verify_archive(&*shelf(&archive), |_| ()).unwrap();
    assert!(!report.gaps.is_empty() && report.gaps.iter().all(|gap| (gap.first, gap.last) == (7, 7)), "{report:?}");
    let at = last / 10 * 10;
    assert_eq!(comes_back(&archive, at, &versions).unwrap().version, at);
}

/// Where two histories have a version, and none is known to be the latest, it has to be said which one is meant.
#[test]
fn a_version_of_two_histories_is_refused_until_one_is_named() {
    let Played { medium, versions } = played(20);
    let archive = Simulated::new();
    let play = |medium: &Simulated, commits: u64, worth: u64| {
        let mut versions = versions.clone();
        // Every opening takes time, and the last one here is the latest.
        (20..worth / 20).for_each(|_| drop(small(medium, SAVE).open().unwrap()));
        let db = small(medium, SAVE).open().unwrap();
        for n in 0..commits {
            db.spawn(R100::sample(worth + n)).unwrap();
            versions.push(Rows::of(&db));
        }
        let timeline = db.recovery().unwrap().timeline;
        drop(db);
        closed(medium, SAVE).unwrap().archive_to(shelf(&archive), None).unwrap();
        (timeline, versions)
    };
    // Copies of a directory that is open: each begins a timeline.
    let db = small(&medium, SAVE).open().unwrap();
    let copies = [copy(&medium), copy(&medium), copy(&medium)];
    drop(db);
    let played = [play(&copies[0], 20, 1), play(&copies[1], 20, 200), play(&copies[2], 5, 2000)];
    let to = |timeline: Option<u64>| {
        let medium = Simulated::new();
        let restore = Restore::from_archive(shelf(&archive)).onto(Arc::new(medium.clone()));
        let restore = timeline.into_iter().fold(restore, Restore::of_timeline);
        restore.run(Target::Version(35), EARLIER, |_| ()).map(|_| Rows::of(&small(&medium, EARLIER).open().unwrap()))
    };
    // The latest history ends before that version.
    let timelines = match to(None).map(|_| ()) {
        Err(MaintenanceError::Ambiguous { version: 35, timelines }) => timelines,
        other => panic!("{other:?}"),
    };
    assert_eq!(timelines.len(), 2);
    for (timeline, versions) in &played[..2] {
        assert!(timelines.contains(timeline) && to(Some(*timeline)).unwrap() == versions[35]);
    }
    assert!(matches!(to(Some(played[2].0)), Err(MaintenanceError::OutOfReach { .. })));
}

#[test]
fn a_directory_in_repair_is_not_archived() {
    let Played { medium, .. } = played(10);
    let mark = Path::new(SAVE).join("REPAIRING");
    ecsdb::media::Media::open(&medium, &mark, ecsdb::media::Open::Truncate).unwrap();
    let info = closed(&medium, SAVE).unwrap().info().unwrap();
    assert!(info.is_in_repair && !info.is_unfinished);
    let error = closed(&medium, SAVE).unwrap().archive_to(shelf(&medium), None).unwrap_err();
    assert!(matches!(error, MaintenanceError::Directory(DirectoryError::InRepair { .. })), "{error}");
    assert!(shelf(&medium).list("writers").unwrap().is_empty(), "the archive is as it was");
}
