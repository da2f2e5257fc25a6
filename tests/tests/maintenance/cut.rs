//! Files that somebody has cut off between two records: nothing is left that does not fit, and versions are missing.

use ecsdb::archive::{Archive, ArchiveError};
use ecsdb::maintenance::{ArchiveReport, RepairStep, verify_archive};

use super::repair::records;
use super::*;

/// What is said of a directory that lacks the end of one of its segments, and what a repair makes of it.
fn cut_off(medium: &Simulated, rows: &Rows, path: &Path, at: usize) -> bool {
    let what = format!("{} at byte {at}", path.display());
    let cut = with(medium, path, |bytes| bytes.truncate(at));
    let report = closed(&cut, SAVE).unwrap().verify(|_| ()).unwrap();
    assert!(report.damages.iter().any(|damage| damage.file == path), "{what}: {report:#?}");
    let tried = copy(&cut);
    match closed(&tried, SAVE).unwrap().archive_to(shelf(&tried), None) {
        // A snapshot file in the archive makes up for what is missing, which is said.
        Ok(stored) => {
            let held = stored.snapshots.last().unwrap().version;
            assert!(!stored.is_fine() && stored.missing.iter().all(|(_, last)| *last <= held), "{what}: {stored:?}");
        }
        Err(error) => {
            assert!(matches!(error, MaintenanceError::Archive(ArchiveError::File(_))), "{what}: {error}");
            let name = format!("-{:020}-", first(path));
            let segments = shelf(&tried).list("segments").unwrap();
            assert!(segments.iter().all(|segment| !segment.contains(&name)), "{what}: {segments:?}");
        }
    }
    let Some((from, to)) = report.left_out.first().copied() else { return false };
    assert!(report.version == Some(40) && from >= first(path) && to < 40, "{what}: {report:#?}");
    // A repair puts away what there is, so from then on it is known, and the log goes on to the archive.
    let plan = closed(&cut, SAVE).unwrap().plan_repair(|_| ()).unwrap();
    assert_eq!(plan.steps, [RepairStep::Cut { file: path.to_owned(), bytes: at as u64 }], "{what}");
    assert_eq!((plan.version, &plan.reachable), (Some(40), &report.reachable), "{what}");
    let repaired = closed(&cut, SAVE).unwrap().repair(&plan).unwrap();
    assert_eq!((repaired.version, repaired.timeline), (40, None), "{what}: the history goes on");
    let report = closed(&cut, SAVE).unwrap().verify(|_| ()).unwrap();
    assert!(report.is_fine() && report.left_out == [(from, to)], "{what}: {report:#?}");
    assert!(!closed(&cut, SAVE).unwrap().plan_repair(|_| ()).unwrap().is_needed(), "{what}: once is enough");
    closed(&cut, SAVE).unwrap().archive_to(shelf(&cut), None).unwrap();
    let ArchiveReport { gaps, snapshots, .. } = verify_archive(&*shelf(&cut), |_| ()).unwrap();
    // Nobody knows what there was before the first segment of an archive, and a version that a snapshot file has is not missing.
    let is_missing = |(from, to): &(u64, u64)| *from > 1 && (from < to || !snapshots.contains(to));
    let expected: Vec<(u64, u64)> = [(from, to)].into_iter().filter(is_missing).collect();
    assert_eq!(gaps.iter().map(|gap| (gap.first, gap.last)).collect::<Vec<_>>(), expected, "{what}");
    assert!(Rows::of(&small(&cut, SAVE).open().unwrap()) == *rows, "{what}");
    // Nothing but what is put away tells that. Whoever throws away what was put away is asked to repair once more.
    for (name, _) in files(&cut, &format!("{SAVE}/repaired")) {
        ecsdb::media::Media::remove(&cut, &name).unwrap();
    }
    assert!(!closed(&cut, SAVE).unwrap().verify(|_| ()).unwrap().is_fine(), "{what}");
    true
}

#[test]
fn a_segment_that_was_cut_off_between_records_is_damaged() {
    let Played { medium, versions } = checkpointed(40);
    let paths = segments(&medium, SAVE);
    let mut bridged = 0;
    for path in &paths[..paths.len() - 1] {
        let content = medium.state().content(path).unwrap().to_vec();
        // A segment without its last mark has all of its versions.
        let ends = records(&content).into_iter().filter(|(at, _)| content[at + 44] == 1 || content[at + 44] == 4);
        for (at, _) in ends {
            bridged += usize::from(cut_off(&medium, &versions[40], path, at));
        }
    }
    assert!(bridged > 3, "a snapshot file makes up for some of it: {bridged}");
}

/// A database lets nothing go that the archive would lack, if no snapshot file there makes up for it.
#[test]
fn a_database_does_not_archive_a_segment_that_was_cut_off() {
    let Played { medium, .. } = checkpointed(40);
    let paths = segments(&medium, SAVE);
    let path = paths.iter().rfind(|path| first(path) < 30).unwrap();
    let content = medium.state().content(path).unwrap().to_vec();
    let (at, _) = records(&content).into_iter().rfind(|(at, _)| content[at + 44] == 1).unwrap();
    let cut = with(&medium, path, |bytes| bytes.truncate(at));
    let builder = || {
        let builder = small(&cut, SAVE).retention(Retention::default()).archive_snapshots(false);
        builder.archive(DirectoryArchive::on(Arc::new(cut.clone()), SHELF))
    };
    let report = |kept: bool| {
        let mut why = None;
        for _ in 0..3 {
            let db = builder().open().unwrap();
            db.spawn(Small::sample(1)).unwrap();
            why = db.checkpoint().unwrap().wait().unwrap().kept_because;
        }
        assert_eq!(why.is_some(), kept, "{why:?}");
        assert_eq!(segments(&cut, SAVE).contains(path), kept);
    };
    report(true);
    let plan = closed(&cut, SAVE).unwrap().plan_repair(|_| ()).unwrap();
    closed(&cut, SAVE).unwrap().repair(&plan).unwrap();
    report(false);
}
