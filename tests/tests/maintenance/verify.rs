//! What is damaged is found, what is in order is not called damaged, and nothing is changed.

use ecsdb::maintenance::{Restore, Target, VerifyReport};

use super::*;

fn verified(medium: &Simulated) -> VerifyReport {
    closed(medium, SAVE).unwrap().verify(|_| ()).unwrap()
}

#[test]
fn a_directory_in_order_is_called_so() {
    for played in [played(30), checkpointed(30)] {
        let before = files(&played.medium, SAVE);
        let mut steps = Vec::new();
        let report = closed(&played.medium, SAVE).unwrap().verify(|progress| steps.push(progress)).unwrap();
        assert!(report.is_fine() && report.was_closed && report.torn_bytes == 0, "{report:?}");
        assert_eq!(report.version, Some(30));
        assert_eq!(report.reachable.last().map(|(_, last)| *last), Some(30));
        assert_eq!(report.segments as usize, segments(&played.medium, SAVE).len());
        assert!(steps.iter().all(|step| step.done <= step.total));
        let log: Vec<u64> = steps.iter().filter(|step| step.step == "log").map(|step| step.done).collect();
        assert!(log.len() > 5 && log[0] == 0 && log.is_sorted(), "{log:?}");
        assert!(steps.iter().filter(|step| step.step == "log").any(|step| step.done == step.total));
        assert!(files(&played.medium, SAVE) == before, "the directory has changed");
    }
}

#[test]
fn a_log_that_was_not_closed_is_in_order() {
    let Played { medium, .. } = checkpointed(20);
    let db = small(&medium, SAVE).open().unwrap();
    db.spawn(Small::sample(1)).unwrap();
    let killed = copy(&medium);
    drop(db);
    let report = verified(&killed);
    assert!(report.is_fine() && !report.was_closed, "{report:?}");
    assert_eq!(report.version, Some(21));
}

/// Every byte of every file, as far as there is time: verify and an opening agree.
#[test]
fn a_flipped_byte_is_found_unless_it_makes_no_difference() {
    let Played { medium, versions } = checkpointed(24);
    let mut found = 0;
    for (path, content) in files(&medium, SAVE) {
        let is_data = path.extension().is_some_and(|ending| ending == "wal" || ending == "snap");
        let written = content.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        for at in (0..if is_data { written } else { 0 }).step_by(331) {
            let damaged = with(&medium, &path, |bytes| bytes[at] ^= 0x20);
            let before = files(&damaged, SAVE);
            let report = verified(&damaged);
            assert!(files(&damaged, SAVE) == before, "the directory has changed");
            let text = format!("byte {at} of {}: {report:?}", path.display());
            // Between the end of a header and the first record, and behind the records, nothing is read.
            let is_found = report.damages.iter().any(|damage| damage.file == path && damage.offset <= at as u64);
            let is_named = report.damages.iter().all(|damage| !damage.meaning.is_empty() && !damage.what.is_empty());
            assert!(is_named && (is_found || report.is_fine() || at < 4096), "{text}");
            found += usize::from(!report.is_fine());
            let opened = small(&damaged, SAVE).open();
            assert_eq!(opened.is_ok(), report.version.is_some(), "{text}");
            if let (Ok(db), Some(version)) = (opened, report.version) {
                assert_eq!(db.stats().version, version, "{text}");
                assert!(Rows::of(&db) == versions[version as usize], "{text}");
            }
        }
    }
    assert!(found > 100, "{found}");
}

#[test]
fn every_damage_is_reported_not_only_the_first() {
    let Played { medium, .. } = played(60);
    let paths = segments(&medium, SAVE);
    assert!(paths.len() > 6, "{paths:?}");
    let mut damaged = copy(&medium);
    for (index, at) in [(1, 4200), (3, 20), (5, 4300)] {
        damaged = with(&damaged, &paths[index], |bytes| bytes[at] ^= 1);
    }
    let report = verified(&damaged);
    let reported: Vec<&PathBuf> = report.damages.iter().map(|damage| &damage.file).collect();
    assert_eq!(reported, [&paths[1], &paths[3], &paths[5]], "{report:#?}");
    assert_eq!(report.version, None);
    let (_, reached) = report.reachable[0];
    let first = &report.damages[0];
    assert_eq!(first.meaning, format!("versions {} to 60 cannot be reached", reached + 1));
    assert!(first.offset >= 4096 && first.offset <= 4200, "{first:?}");
}

#[test]
fn a_snapshot_file_makes_up_for_the_log_before_it() {
    let Played { medium, versions } = checkpointed(60);
    let paths = segments(&medium, SAVE);
    let damaged = with(&medium, &paths[0], |bytes| bytes[4200] ^= 1);
    let report = verified(&damaged);
    assert_eq!(report.damages.len(), 1, "{report:#?}");
    assert_eq!(report.version, Some(60));
    assert!(report.damages[0].meaning.contains("cannot be reached"), "{report:#?}");
    let db = small(&damaged, SAVE).open().unwrap();
    assert!(Rows::of(&db) == versions[60]);
}

#[test]
fn missing_segments_are_missed() {
    let Played { medium, .. } = played(40);
    for path in &segments(&medium, SAVE)[..3] {
        let lossy = copy(&medium);
        ecsdb::media::Media::remove(&lossy, path).unwrap();
        let report = verified(&lossy);
        assert!(!report.is_fine() && report.version.is_none(), "{report:#?}");
    }
    let lossy = copy(&medium);
    for path in segments(&medium, SAVE) {
        ecsdb::media::Media::remove(&lossy, &path).unwrap();
    }
    let report = verified(&lossy);
    assert!(report.damages[0].what.contains("no segment is left"), "{report:#?}");
}

#[test]
fn a_place_that_cannot_be_read_is_damage() {
    let Played { medium, .. } = checkpointed(12);
    let calls = {
        let fresh = copy(&medium);
        verified(&fresh);
        fresh.calls().len()
    };
    let mut damaged = 0;
    for call in 0..calls {
        let medium = copy(&medium);
        let closed = closed(&medium, SAVE).unwrap();
        medium.set_faults(vec![Fault::at(call, Failure::Device)]);
        if let Ok(report) = closed.verify(|_| ()) {
            damaged += usize::from(!report.is_fine());
        }
    }
    assert!(damaged > 5, "{damaged}");
}

/// The log begins behind a snapshot file that is kept because a later one goes on from it, as retention leaves it.
#[test]
fn a_file_that_is_kept_for_later_ones_only_is_no_damage() {
    let Played { medium, versions } = chained(40);
    let (base, next) = (4, 7);
    let paths = segments(&medium, SAVE);
    for pair in paths.windows(2).filter(|pair| first(&pair[1]) <= next + 1) {
        ecsdb::media::Media::remove(&medium, &pair[0]).unwrap();
    }
    assert!(first(&segments(&medium, SAVE)[0]) > base + 1, "the log begins later");
    let report = verified(&medium);
    assert!(report.is_fine() && report.version == Some(40), "{report:#?}");
    assert_eq!(report.reachable, [(base, base), (next, 40)]);
    let db = small(&medium, SAVE).open().unwrap();
    assert!(Rows::of(&db) == versions[40]);
}

/// The newest snapshot file is damaged, and the log ends before its version.
#[test]
fn a_log_that_ends_before_a_damaged_snapshot_file_is_damaged() {
    let Played { medium, .. } = checkpointed(32);
    let newest = format!("{SAVE}/snapshots/{:020}.snap", 32);
    let (before, after): (Vec<_>, Vec<_>) = segments(&medium, SAVE).into_iter().partition(|path| first(path) <= 32);
    let damaged = with(&medium, Path::new(&newest), |bytes| bytes[400] ^= 1);
    assert!(verified(&damaged).version.is_some(), "the log has it");
    // From the first record of the segment that has the version on.
    let cut = with(&damaged, before.last().unwrap(), |bytes| bytes.truncate(4096));
    for path in after {
        ecsdb::media::Media::remove(&cut, &path).unwrap();
    }
    assert!(small(&copy(&cut), SAVE).open().is_err());
    let report = verified(&cut);
    assert!(report.version.is_none() && report.damages.len() == 2, "{report:#?}");
}

#[test]
fn a_snapshot_file_of_another_history_is_damage() {
    let ours = checkpointed(32).medium;
    // Another database has played the same.
    let theirs = checkpointed(32).medium;
    for version in [5, 32] {
        let path = PathBuf::from(format!("{SAVE}/snapshots/{version:020}.snap"));
        let foreign = theirs.state().content(&path).unwrap().to_vec();
        let mixed = with(&ours, &path, |bytes| *bytes = foreign);
        let report = verified(&mixed);
        assert!(!report.is_fine(), "{report:#?}");
        assert_eq!(report.version.is_some(), small(&copy(&mixed), SAVE).open().is_ok(), "{report:#?}");
        let plan = closed(&mixed, SAVE).unwrap().plan_repair(|_| ()).unwrap();
        closed(&mixed, SAVE).unwrap().repair(&plan).unwrap();
        assert_eq!(small(&mixed, SAVE).open().unwrap().stats().version, 32);
    }
}

/// Checkpoints begin a segment, so an opening does not come to the one that has the version of the snapshot file.
#[test]
fn a_snapshot_file_of_another_history_is_not_opened_where_a_segment_begins() {
    let play = |worth: u64| {
        let medium = Simulated::new();
        let db = small(&medium, SAVE).open().unwrap();
        for n in 1..=32 {
            db.spawn(Purse::sample(worth + n)).unwrap();
            if n == 20 {
                db.checkpoint().unwrap().wait().unwrap();
            }
        }
        let rows = Rows::of(&db);
        db.close().unwrap();
        (medium, rows)
    };
    let ((ours, rows), (theirs, _)) = (play(0), play(1000));
    assert!(segments(&ours, SAVE).iter().any(|path| first(path) == 21), "a segment begins behind the file");
    let path = PathBuf::from(format!("{SAVE}/snapshots/{:020}.snap", 20));
    let foreign = theirs.state().content(&path).unwrap().to_vec();
    let mixed = with(&ours, &path, |bytes| *bytes = foreign);
    let report = verified(&mixed);
    assert_eq!((report.version, report.damages.len()), (Some(32), 1), "{report:#?}");
    let restored = Restore::from_directory(closed(&copy(&mixed), SAVE).unwrap()).onto(Arc::new(mixed.clone()));
    assert_eq!(restored.run(Target::Latest, "/restored", |_| ()).unwrap().version, 32);
    for directory in [SAVE, "/restored"] {
        let db = small(&mixed, directory).open().unwrap();
        assert!(Rows::of(&db) == rows, "{directory} has rows of another history");
        let passed_over: Vec<u64> = db.recovery().unwrap().passed_over.iter().map(|passed| passed.version).collect();
        assert_eq!(passed_over, if directory == SAVE { vec![20] } else { vec![] });
    }
}

#[test]
fn a_header_that_cannot_be_read_is_where_the_log_ends() {
    let Played { medium, .. } = played(40);
    let path = segments(&medium, SAVE)[3].clone();
    let damaged = with(&medium, &path, |bytes| bytes[24] ^= 1);
    let report = verified(&damaged);
    assert_eq!(report.reachable, [(0, first(&path) - 1)], "{report:#?}");
}

#[test]
fn a_damaged_snapshot_file_of_the_beginning_is_damage_as_well() {
    let medium = Simulated::new();
    let db = small(&medium, SAVE).open().unwrap();
    db.checkpoint().unwrap().wait().unwrap();
    db.spawn(Small::sample(1)).unwrap();
    drop(db);
    assert!(verified(&medium).is_fine());
    let path = PathBuf::from(format!("{SAVE}/snapshots/{:020}.snap", 0));
    let damaged = with(&medium, &path, |bytes| bytes[20] ^= 1);
    assert!(!small(&copy(&damaged), SAVE).open().unwrap().recovery().unwrap().passed_over.is_empty());
    let report = verified(&damaged);
    assert_eq!((report.version, report.damages.len()), (Some(1), 1), "{report:#?}");
}
