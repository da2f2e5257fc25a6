//! Segments that are stored in an archive.

use ecsdb::archive::{Archive, ArchiveError, DirectoryArchive};
use ecsdb::maintenance::{MaintenanceError, verify_archive};

use super::*;

#[test]
fn an_archive_has_every_segment_once() {
    let Played { medium, versions } = played(40);
    let before = files(&medium, SAVE);
    let stored = closed(&medium, SAVE).unwrap().archive_to(shelf(&medium), None).unwrap();
    assert!(stored.len() > 3, "{stored:?}");
    assert_eq!(stored.len(), segments(&medium, SAVE).len());
    assert_eq!((stored[0].first, stored.last().unwrap().last), (1, versions.len() as u64 - 1));
    assert!(stored.windows(2).all(|pair| pair[0].last + 1 == pair[1].first && pair[0].salt == pair[1].previous));
    assert!(stored.iter().all(|segment| segment.earliest <= segment.latest));
    let mut names: Vec<String> = stored.iter().map(ecsdb::archive::ArchivedSegment::name).collect();
    names.sort_unstable();
    assert_eq!(shelf(&medium).list("segments").unwrap(), names);
    // Again: nothing new, and the directory is as it was.
    let again = closed(&medium, SAVE).unwrap().archive_to(shelf(&medium), None).unwrap();
    assert_eq!(again, stored);
    assert_eq!(shelf(&medium).list("segments").unwrap(), names);
    assert!(files(&medium, SAVE) == before, "the directory has changed");
}

#[test]
fn a_damaged_segment_is_not_archived() {
    let Played { medium, .. } = played(40);
    let path = segments(&medium, SAVE)[1].clone();
    let damaged = with(&medium, &path, |bytes| bytes[5000] ^= 1);
    let error = closed(&damaged, SAVE).unwrap().archive_to(shelf(&damaged), None).unwrap_err();
    assert!(matches!(error, MaintenanceError::Archive(ArchiveError::File(_))), "{error}");
    assert!(error.to_string().contains(&path.display().to_string()), "{error}");
    assert_eq!(shelf(&damaged).list("segments").unwrap().len(), 1, "the one before is there");
}

/// Whoever stored a segment and was stopped before it knew finds it, and nothing half stored is ever seen.
#[test]
fn archiving_that_was_interrupted_anywhere_goes_on() {
    let Played { medium, .. } = played(14);
    let source = Simulated::of(medium.state());
    let stored = closed(&source, SAVE).unwrap().archive_to(shelf(&source), None).unwrap();
    let before = files(&medium, SAVE);
    let names = |medium: &Simulated| shelf(medium).list("segments").unwrap();
    let expected = names(&source);
    let mut images = 0;
    source.trace().for_each_state(|operations, state| {
        for survival in [
            Survival::Nothing,
            Survival::Everything,
            Survival::Random { seed: operations as u64, unit: 1 },
            Survival::Random { seed: operations as u64, unit: 512 },
        ] {
            let image = Simulated::of(state.image(survival));
            for name in names(&image) {
                // What is there is whole.
                assert!(expected.contains(&name), "{name}");
                assert_eq!(shelf(&image).get(&name).unwrap(), shelf(&source).get(&name).unwrap(), "{name}");
            }
            let again = closed(&image, SAVE).unwrap().archive_to(shelf(&image), None).unwrap();
            assert_eq!((again, names(&image)), (stored.clone(), expected.clone()), "after {operations}, {survival:?}");
            assert!(files(&image, SAVE) == before, "the directory has changed");
            images += 1;
        }
    });
    assert!(images > 100, "{images} images");
}

#[test]
fn an_archive_that_fails_says_so_and_can_be_tried_again() {
    let Played { medium, .. } = played(14);
    let expected = closed(&medium, SAVE).unwrap().archive_to(shelf(&copy(&medium)), None).unwrap();
    for failure in [Failure::Device, Failure::NoSpace, Failure::Short] {
        // The source is in order, the archive is not.
        for call in 0..60 {
            let archive = Simulated::new();
            archive.set_faults(vec![Fault::at(call, failure)]);
            let tried = closed(&medium, SAVE).unwrap().archive_to(shelf(&archive), None);
            if failure == Failure::Short || archive.struck() == 0 {
                assert_eq!(tried.unwrap(), expected);
                continue;
            }
            let error = tried.unwrap_err();
            assert!(matches!(error, MaintenanceError::Archive(ArchiveError::Store { .. })), "{error}");
            archive.set_faults(Vec::new());
            assert_eq!(closed(&medium, SAVE).unwrap().archive_to(shelf(&archive), None).unwrap(), expected);
        }
    }
}

/// Goes on with other data than anybody else who goes on from there. Returns the names of what is in the archive then.
fn go_on(medium: &Simulated, worth: u64, archive: &Arc<DirectoryArchive>) -> Result<Vec<String>, MaintenanceError> {
    let db = small(medium, SAVE).open().unwrap();
    for _ in 0..20 {
        db.spawn(R800::sample(worth)).unwrap();
    }
    drop(db);
    let stored = closed(medium, SAVE).unwrap().archive_to(archive.clone(), None)?;
    Ok(stored.iter().map(ecsdb::archive::ArchivedSegment::name).collect())
}

#[test]
fn two_histories_of_one_directory_are_told_apart() {
    let Played { medium, .. } = played(20);
    let archive = shelf(&Simulated::new());
    // A copy of a directory that is open goes on in a timeline of its own.
    let db = small(&medium, SAVE).open().unwrap();
    let fork = copy(&medium);
    drop(db);
    let (ours, theirs) = (go_on(&medium, 1, &archive).unwrap(), go_on(&fork, 2, &archive).unwrap());
    let all = archive.list("segments").unwrap();
    assert!(ours.iter().chain(&theirs).all(|name| all.contains(name)) && ours != theirs);
}

#[test]
fn a_copy_that_claims_to_be_the_original_is_refused() {
    let Played { medium, .. } = played(20);
    let (archive, twin) = (shelf(&Simulated::new()), copy(&medium));
    let ours = go_on(&medium, 1, &archive).unwrap();
    let objects = |names: &[String]| -> Vec<Vec<u8>> { names.iter().map(|name| archive.get(name).unwrap()).collect() };
    let before = objects(&ours);
    // Both were closed, so both go on with the same numbers, in the same segment.
    let error = go_on(&twin, 2, &archive).unwrap_err();
    assert!(matches!(&error, MaintenanceError::Archive(ArchiveError::Taken { .. })), "{error}");
    assert_eq!(objects(&ours), before, "what was there is as it was");
}

#[test]
fn an_archive_is_verified_object_by_object() {
    let Played { medium, .. } = played(30);
    let stored = closed(&medium, SAVE).unwrap().archive_to(shelf(&medium), None).unwrap();
    let verified = |medium: &Simulated| verify_archive(&*shelf(medium), |_| ()).unwrap();
    let before = files(&medium, SHELF);
    let report = verified(&medium);
    assert!(report.is_fine() && report.segments as usize == stored.len(), "{report:#?}");
    assert_eq!(report.lines, [(1, 30)]);
    assert!(files(&medium, SHELF) == before, "the archive has changed");
    for segment in &stored {
        let path = Path::new(SHELF).join(segment.name());
        let len = medium.state().content(&path).unwrap().len();
        for at in (0..len).step_by(len / 7) {
            let report = verified(&with(&medium, &path, |bytes| bytes[at] ^= 1));
            assert_eq!(report.damages.len(), 1, "{report:#?}");
            assert_eq!(report.damages[0].file, Path::new(&segment.name()));
        }
        let lossy = copy(&medium);
        ecsdb::media::Media::remove(&lossy, &path).unwrap();
        assert_ne!(verified(&lossy).lines, [(1, 30)], "without {}", segment.name());
    }
}

/// A name that tells a lie, with the right checksum of what it is the name of.
#[test]
fn an_object_under_the_name_of_another_is_found() {
    let Played { medium, .. } = played(20);
    let stored = closed(&medium, SAVE).unwrap().archive_to(shelf(&medium), None).unwrap();
    let lies = Simulated::new();
    for segment in &stored {
        let mut lie = segment.clone();
        lie.last += 1;
        shelf(&lies).put_if_absent(&lie.name(), &shelf(&medium).get(&segment.name()).unwrap()).unwrap();
    }
    let report = verify_archive(&*shelf(&lies), |_| ()).unwrap();
    assert_eq!(report.damages.len(), stored.len(), "{report:#?}");
}

#[test]
fn an_archive_on_the_disk_is_the_same() {
    let Played { medium, .. } = played(20);
    let root = std::env::temp_dir().join(format!("ecsdb-maintenance-{}-shelf", std::process::id()));
    let _ = std::fs::remove_dir_all(&root);
    let archive = Arc::new(DirectoryArchive::new(&root));
    let stored = closed(&medium, SAVE).unwrap().archive_to(archive.clone(), None).unwrap();
    for segment in &stored {
        let expected = medium.state();
        let path = format!("{SAVE}/wal/{:020}.wal", segment.first);
        assert!(expected.content(Path::new(&path)).unwrap().starts_with(&archive.get(&segment.name()).unwrap()));
    }
    let _ = std::fs::remove_dir_all(&root);
}
