//! What can be done with a directory while no database is open in it, on the disk and on a medium that fails and crashes.

mod again;
mod archive;
mod backup;
mod clocks;
mod complete;
mod cut;
mod folders;
mod histories;
mod laws;
mod pruned;
mod repair;
mod restore;
mod rewritten;
mod sent;
mod shelved;
mod timelines;
mod verify;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ecsdb::Db;
use ecsdb::archive::DirectoryArchive;
use ecsdb::durability::Retention;
use ecsdb::error::DirectoryError;
use ecsdb::maintenance::{ClosedDirectory, MaintenanceError};
use ecsdb_tests::log::Rows;
use ecsdb_tests::simulated::{Call, Failure, Fault, Simulated, State, Survival};
use ecsdb_tests::world::*;

/// Where the database is on the medium.
const SAVE: &str = "/games/save";
/// Where the archive is.
const SHELF: &str = "/shelf";

/// Settings under which files are small.
fn small(medium: &Simulated, directory: &str) -> ecsdb::DbBuilder<World> {
    let builder = Db::<World>::builder().media(medium.clone()).directory(directory);
    let mut everything = Retention::default();
    everything.versions = u64::MAX;
    builder.segment_bytes(16 << 10).worker_threads(1).queue_limits(64, 1 << 20).retention(everything)
}

/// A database that was closed, and what it held after each version.
struct Played {
    medium: Simulated,
    versions: Vec<Rows>,
}

/// Plays `commits` commits, of which each changes several tables, and every sixth one is large; opens the database anew now and
/// then.
fn played(commits: u64) -> Played {
    played_with(commits, |_, _| ())
}

/// The same, with a checkpoint now and then.
fn checkpointed(commits: u64) -> Played {
    played_with(commits, |db, n| {
        if n % 9 == 4 {
            db.checkpoint().unwrap().wait().unwrap();
        }
    })
}

/// The same, with snapshot files of which most go on from an earlier one.
fn chained(commits: u64) -> Played {
    let played = played_with(commits, |db, n| {
        if [3, 6, 8].contains(&(n % 10)) {
            db.checkpoint().unwrap().wait().unwrap();
        }
    });
    let info = closed(&copy(&played.medium), SAVE).unwrap().info().unwrap();
    assert!(info.snapshots.iter().filter(|snapshot| snapshot.base.is_some()).count() > 1, "{info:?}");
    played
}

fn played_with(commits: u64, between: impl Fn(&Db<World>, u64)) -> Played {
    let medium = Simulated::new();
    let mut db = small(&medium, SAVE).open().unwrap();
    let mut versions = vec![Rows::of(&db)];
    for n in 0..commits {
        db.write(move |tx| {
            let entity = tx.spawn((Small::sample(n), Purse::sample(n)))?;
            let before: Vec<_> = tx.query::<ecsdb::Entity>().with::<Purse>().into_iter().take(2).collect();
            if n % 5 == 4 {
                tx.despawn(before[0])?;
            } else {
                tx.update(before[0], Purse::C.gold.add(7))?;
                tx.insert(before[0], Item { owner: Some(entity), makers: [None; 2], kind: 1 })?;
            }
            if n % 6 == 5 {
                tx.spawn_all((0..4).map(|more| (Wide::sample(more), R100::sample(n))))?;
            }
            Ok(())
        })
        .unwrap();
        versions.push(Rows::of(&db));
        assert_eq!(db.stats().version, n + 1, "a commit is a version");
        between(&db, n);
        if n % 10 == 9 {
            drop(db);
            db = small(&medium, SAVE).open().unwrap();
        }
    }
    drop(db);
    Played { medium, versions }
}

/// A copy of what a medium holds, on which no lock is held.
fn copy(medium: &Simulated) -> Simulated {
    Simulated::of(medium.state())
}

fn closed(medium: &Simulated, directory: &str) -> Result<ClosedDirectory, MaintenanceError> {
    ClosedDirectory::open_on(Arc::new(medium.clone()), directory)
}

/// What may be left of all that happened on `medium` if it stops before or after any operation, a few images of each state; `look` is told
/// where it stopped.
fn interrupted(medium: &Simulated, mut look: impl FnMut(Simulated, &str)) {
    let mut images = 0;
    medium.trace().for_each_state(|operations, state| {
        let seed = operations as u64;
        let random = [1, 512].map(|unit| Survival::Random { seed, unit });
        for survival in [Survival::Nothing, Survival::Everything].into_iter().chain(random) {
            look(Simulated::of(state.image(survival)), &format!("after {operations}, {survival:?}"));
            images += 1;
        }
    });
    assert!(images > 100, "{images} images");
}

fn shelf(medium: &Simulated) -> Arc<DirectoryArchive> {
    Arc::new(DirectoryArchive::on(Arc::new(medium.clone()), SHELF))
}

/// The segments of the log in `directory`, in order.
fn segments(medium: &Simulated, directory: &str) -> Vec<PathBuf> {
    let wal = Path::new(directory).join("wal");
    let state = medium.state();
    let paths = state.paths().filter(|path| path.starts_with(&wal));
    paths.filter(|path| path.extension().is_some_and(|ending| ending == "wal")).map(Path::to_owned).collect()
}

/// The first version of a segment, as its name says.
fn first(path: &Path) -> u64 {
    path.file_stem().unwrap().to_str().unwrap().parse().unwrap()
}

/// The same medium with something else in a file.
fn with(medium: &Simulated, path: &Path, change: impl FnOnce(&mut Vec<u8>)) -> Simulated {
    let mut state = medium.state();
    let mut content = state.content(path).unwrap().to_vec();
    change(&mut content);
    state.damage(path, content);
    Simulated::of(state)
}

/// Everything below `directory`, to be compared.
fn files(medium: &Simulated, directory: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let state = medium.state();
    let paths = state.paths().filter(|path| path.starts_with(directory));
    paths.map(|path| (path.to_owned(), state.content(path).unwrap().to_vec())).collect()
}

#[test]
fn what_is_no_closed_database_is_refused_by_name() {
    let Played { medium, .. } = played(1);
    let why = |directory: &str| closed(&medium, directory).err().map(|error| error.to_string()).unwrap_or_default();
    assert_eq!(why("/nowhere"), "there is no directory /nowhere");
    assert_eq!(
        why("/games"),
        "/games holds no database: it has no folder `wal`, no snapshot file and no `schema.toml`"
    );
    let db = small(&medium, SAVE).open().unwrap();
    assert!(why(SAVE).contains("/games/save/LOCK is locked"), "{}", why(SAVE));
    drop(db);
    let held = closed(&medium, SAVE).unwrap();
    assert!(small(&medium, SAVE).open().is_err(), "nobody opens what is held");
    drop(held);
    assert!(small(&medium, SAVE).open().is_ok());
}

/// What is left of a medium without its log, nor the folder of it.
fn without_wal(medium: &Simulated) -> Simulated {
    let wal = Path::new(SAVE).join("wal");
    Simulated::of(State::of_files(files(medium, SAVE).into_iter().filter(|(path, _)| !path.starts_with(&wal))))
}

#[test]
fn snapshot_files_without_a_folder_of_the_log_are_looked_at_restored_and_repaired() {
    let Played { medium, versions } = checkpointed(14);
    let left = without_wal(&medium);
    assert!(!ecsdb::media::Media::exists(&left, &Path::new(SAVE).join("wal")).unwrap());
    let looking = closed(&copy(&left), SAVE).unwrap();
    let highest = looking.info().unwrap().snapshots.last().unwrap().version;
    let report = looking.verify(|_| ()).unwrap();
    assert!(!report.is_fine() && report.reachable.contains(&(highest, highest)), "{report:?}");
    let restore = ecsdb::maintenance::Restore::from_directory(looking).onto(Arc::new(left.clone()));
    restore.run(ecsdb::maintenance::Target::Version(highest), "/games/restored", |_| ()).unwrap();
    let held = closed(&left, SAVE).unwrap();
    held.repair(&held.plan_repair(|_| ()).unwrap()).unwrap();
    drop(held);
    for directory in [SAVE, "/games/restored"] {
        let db = small(&left, directory).open().unwrap();
        assert_eq!(db.stats().version, highest);
        assert!(Rows::of(&db) == versions[highest as usize], "{directory}");
    }
}

/// The same medium, without the file `LOCK`: nobody has opened the directory yet.
fn never_opened(medium: &Simulated) -> Simulated {
    let fresh = copy(medium);
    ecsdb::media::Media::remove(&fresh, &Path::new(SAVE).join("LOCK")).unwrap();
    fresh
}

#[test]
fn who_only_looks_makes_no_lock_and_who_changes_something_does() {
    let Played { medium, .. } = played(14);
    let fresh = never_opened(&medium);
    let before = files(&fresh, SAVE);
    let looking = closed(&fresh, SAVE).unwrap();
    assert!(!looking.is_locked() && looking.verify(|_| ()).unwrap().is_fine());
    assert!(files(&fresh, SAVE) == before, "nothing has changed");
    looking.archive_to(shelf(&fresh), None).unwrap();
    assert!(looking.is_locked() && small(&fresh, SAVE).open().is_err(), "from now on it is held");
    drop(looking);
    assert!(closed(&fresh, SAVE).unwrap().is_locked(), "there is a file to lock");
}

#[test]
fn a_repair_holds_what_it_changes() {
    let Played { medium, .. } = played(40);
    let path = segments(&medium, SAVE)[2].clone();
    let fresh = never_opened(&with(&medium, &path, |bytes| bytes[4200] ^= 1));
    let held = closed(&fresh, SAVE).unwrap();
    let plan = held.plan_repair(|_| ()).unwrap();
    assert!(!held.is_locked(), "a plan changes nothing");
    held.repair(&plan).unwrap();
    assert!(held.is_locked());
}

#[test]
fn what_somebody_has_opened_meanwhile_is_looked_at_again() {
    let Played { medium, .. } = played(14);
    let fresh = never_opened(&medium);
    let looking = closed(&fresh, SAVE).unwrap();
    let db = small(&fresh, SAVE).open().unwrap();
    let error = looking.archive_to(shelf(&fresh), None).unwrap_err();
    assert!(matches!(error, MaintenanceError::Directory(DirectoryError::Locked { .. })), "{error}");
    drop(db);
    let error = looking.archive_to(shelf(&fresh), None).unwrap_err();
    assert!(matches!(error, MaintenanceError::OpenedSince { .. }), "{error}");
    closed(&fresh, SAVE).unwrap().archive_to(shelf(&fresh), None).unwrap();
}

#[test]
fn who_may_only_read_looks_without_a_lock_and_changes_nothing() {
    let Played { medium, .. } = played(40);
    let path = segments(&medium, SAVE)[2].clone();
    let damaged = with(&medium, &path, |bytes| bytes[4200] ^= 1);
    damaged.set_faults(vec![Fault::of(Call::Lock, Failure::Denied)]);
    let looking = closed(&damaged, SAVE).unwrap();
    let plan = looking.plan_repair(|_| ()).unwrap();
    assert!(!looking.is_locked() && plan.is_needed());
    let before = files(&damaged, SAVE);
    let is_denied = |error: MaintenanceError| {
        let MaintenanceError::Directory(DirectoryError::Io(failure)) = error else {
            return false;
        };
        failure.action == "lock" && failure.source.kind() == std::io::ErrorKind::PermissionDenied
    };
    assert!(is_denied(looking.repair(&plan).unwrap_err()));
    assert!(is_denied(looking.archive_to(shelf(&medium), None).unwrap_err()));
    assert!(files(&damaged, SAVE) == before);
    // A lock that fails in another way is no reason to go on without one.
    damaged.set_faults(vec![Fault::of(Call::Lock, Failure::Device)]);
    assert!(closed(&damaged, SAVE).is_err());
}

/// What this program may not do says nothing about the files.
#[test]
fn a_lack_of_rights_is_no_damage() {
    let Played { medium, .. } = checkpointed(12);
    let calls = {
        let fresh = copy(&medium);
        let looking = closed(&fresh, SAVE).unwrap();
        assert!(looking.verify(|_| ()).unwrap().is_fine());
        fresh.calls()
    };
    let mut refused = 0;
    for call in (0..calls.len()).filter(|call| Failure::Denied.concerns(calls[*call])) {
        let fresh = copy(&medium);
        fresh.set_faults(vec![Fault::at(call, Failure::Denied)]);
        match closed(&fresh, SAVE).and_then(|looking| looking.verify(|_| ())) {
            Ok(report) => assert!(report.is_fine() && calls[call] == Call::Lock, "{report:#?}"),
            Err(MaintenanceError::Directory(DirectoryError::Io(failure))) => {
                assert_eq!(failure.source.kind(), std::io::ErrorKind::PermissionDenied);
                refused += 1;
            }
            Err(error) => panic!("{error}"),
        }
    }
    assert!(refused > 10, "{refused}");
}
