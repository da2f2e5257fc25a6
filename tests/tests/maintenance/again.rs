//! What is stored in an archive more than once: the same, or the same with marks of openings and closes behind it.

use ecsdb::archive::{Archive, ArchiveError, ArchivedSegment};
use ecsdb::error::with_causes;
use ecsdb::maintenance::{Restore, Target, verify_archive};
use ecsdb_tests::golden;

use super::archive::odd;
use super::repair::records;
use super::*;

fn store(medium: &Simulated, archive: &Simulated) -> Result<Vec<ArchivedSegment>, MaintenanceError> {
    Ok(closed(medium, SAVE).unwrap().archive_to(shelf(archive), None)?.segments)
}

#[test]
fn a_segment_that_has_got_marks_since_is_stored_once_more() {
    let Played { medium, versions } = played(20);
    let archive = Simulated::new();
    let mut last = store(&medium, &archive).unwrap();
    for times in 1..4 {
        drop(small(&medium, SAVE).open().unwrap());
        let again = store(&medium, &archive).unwrap();
        assert_eq!(again[..again.len() - 1], last[..last.len() - 1], "nothing but the last one has changed");
        assert_ne!(again.last(), last.last());
        assert_eq!(again.last().unwrap().last, 20);
        last = again;
        assert_eq!(shelf(&archive).list("segments").unwrap().len(), last.len() + times);
        assert_eq!(store(&medium, &archive).unwrap(), last, "and once is enough");
    }
    let report = verify_archive(&*shelf(&archive), |_| ()).unwrap();
    assert!(report.is_fine() && report.lines == [(1, 20)], "{report:#?}");
    // A copy from before knows less, and there is nothing to store of it.
    let early = Simulated::new();
    let restore = Restore::from_archive(shelf(&archive)).onto(Arc::new(early.clone()));
    restore.run(Target::Latest, SAVE, |_| ()).unwrap();
    let path = segments(&medium, SAVE).pop().unwrap();
    let restored = early.state().content(&path).unwrap().to_vec();
    let kinds = |content: &[u8]| records(content).iter().filter(|(_, kind)| *kind != 1).count();
    assert_eq!(kinds(&restored), kinds(medium.state().content(&path).unwrap()), "with all marks");
    assert!(Rows::of(&small(&early, SAVE).open().unwrap()) == versions[20]);
}

#[test]
fn a_copy_that_has_fewer_marks_has_nothing_to_store() {
    let Played { medium, .. } = played(20);
    let (twin, archive) = (copy(&medium), Simulated::new());
    drop(small(&medium, SAVE).open().unwrap());
    let stored = store(&medium, &archive).unwrap();
    assert_eq!(store(&twin, &archive).unwrap(), stored);
}

#[test]
fn a_database_whose_log_was_stored_while_it_was_closed_lets_it_go() {
    for checkpoints_before in 0..3 {
        let Played { medium, .. } = played(20);
        store(&medium, &medium).unwrap();
        let mut one = Retention::default();
        one.snapshots = 1;
        let archive = DirectoryArchive::on(Arc::new(medium.clone()), SHELF);
        let db = small(&medium, SAVE).retention(one).archive(archive).open().unwrap();
        for _ in 0..checkpoints_before {
            db.checkpoint().unwrap().wait().unwrap();
        }
        for n in 0..4 {
            db.spawn((Small::sample(n), R800::sample(n))).unwrap();
            let report = db.checkpoint().unwrap().wait().unwrap();
            assert_eq!(report.kept_because, None, "{checkpoints_before} checkpoints before the first commit");
        }
        drop(db);
        assert!(segments(&medium, SAVE).iter().all(|path| first(path) > 20), "the log is let go of");
        store(&medium, &medium).unwrap();
        let report = verify_archive(&*shelf(&medium), |_| ()).unwrap();
        assert!(report.is_fine() && report.lines == [(1, 24)], "{report:#?}");
    }
}

/// Nothing shows what a log had behind its end, but for marks and snapshot files.
#[test]
fn a_last_segment_that_has_lost_its_end_is_not_archived() {
    let Played { medium, .. } = played(40);
    let path = segments(&medium, SAVE).pop().unwrap();
    let content = medium.state().content(&path).unwrap().to_vec();
    let mut refused = 0;
    let all = records(&content);
    for (at, kind) in all.into_iter().filter(|(_, kind)| *kind == 1) {
        let damaged = with(&medium, &path, |bytes| bytes[at + 20] ^= 1);
        let error = store(&damaged, &damaged).unwrap_err();
        assert!(matches!(error, MaintenanceError::Archive(ArchiveError::File(_))), "byte {at}, kind {kind}: {error}");
        assert!(small(&copy(&damaged), SAVE).open().is_err(), "nor does it open");
        refused += 1;
    }
    assert!(refused > 1);
    // A snapshot file shows that there was more.
    let uncut = golden::medium(&golden::named("1/snapshot-uncut"));
    let path = segments(&uncut, golden::DIR).pop().unwrap();
    let content = uncut.state().content(&path).unwrap().to_vec();
    for (at, _) in records(&content).into_iter().filter(|(at, kind)| *kind == 1 && content[at + 16] <= 10) {
        let cut = with(&uncut, &path, |bytes| bytes.truncate(at));
        let error = closed(&cut, golden::DIR).unwrap().archive_to(shelf(&cut), None).unwrap_err();
        assert!(with_causes(&error).to_string().contains("was durable"), "byte {at}: {error:?}");
    }
}

#[test]
fn a_damaged_object_is_stored_anew() {
    let Played { medium, .. } = played(20);
    let stored = store(&medium, &medium).unwrap();
    for segment in &stored {
        let damaged = with(&medium, &Path::new(SHELF).join(segment.name()), |bytes| bytes[100] ^= 1);
        assert!(!verify_archive(&*shelf(&damaged), |_| ()).unwrap().is_fine());
        assert_eq!(store(&damaged, &damaged).unwrap(), stored);
        assert!(verify_archive(&*shelf(&damaged), |_| ()).unwrap().is_fine(), "{}", segment.name());
    }
}

/// The rules of a store have let our number expire, and somebody else has come to the same one.
#[test]
fn a_number_that_somebody_else_has_taken_is_not_ours() {
    let Played { medium, .. } = played(14);
    let archive = odd(&medium, move |inner, call, name| {
        if call == "put" && name.starts_with("segments/") {
            inner.remove("writers/00000000000000000001")?;
            inner.put_if_absent("writers/00000000000000000001", b"/games/save\n0000000000000000\n")?;
        }
        Ok(())
    });
    let error = closed(&medium, SAVE).unwrap().archive_to(archive, None).unwrap_err();
    assert!(matches!(error, MaintenanceError::Archive(ArchiveError::Fenced { own: 1, found: 1 })), "{error}");
    assert_eq!(shelf(&medium).list("segments").unwrap().len(), 1);
}
