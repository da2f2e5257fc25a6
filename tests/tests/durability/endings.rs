//! A log that was closed, and has lost its end since: nobody was writing then, so it is damaged, and not a crash.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ecsdb::maintenance::{ClosedDirectory, Restore, Target};
use ecsdb::media::Media;
use ecsdb_tests::log::Rows;
use ecsdb_tests::simulated::{Simulated, State};

use super::{small, spawn_one};

const DIR: &str = "save";

/// A closed log of several segments, and where they are.
fn closed(commits: u64) -> (Simulated, Vec<PathBuf>) {
    let media = Simulated::new();
    let db = small(&media).open().unwrap();
    (0..commits).for_each(|n| drop(spawn_one(&db, n).visible().unwrap()));
    db.close().unwrap();
    let state = media.state();
    let segments = state.paths().filter(|path| path.extension().is_some_and(|is| is == "wal")).map(Path::to_owned);
    let segments: Vec<PathBuf> = segments.collect();
    assert!(segments.len() > 2, "{segments:?}");
    (media, segments)
}

/// What opening it says.
fn refusal(media: &Simulated) -> String {
    small(&media.killed()).open().err().map_or_else(|| "it opens".into(), |error| error.to_string())
}

#[test]
fn a_closed_log_that_loses_its_last_segments_is_damaged() {
    let (media, segments) = closed(500);
    for kept in 1..segments.len() {
        let damaged = media.killed();
        segments[kept..].iter().for_each(|path| damaged.remove(path).unwrap());
        let text = refusal(&damaged);
        assert!(text.contains("the log ends here with version") && text.contains("had version 500"), "{kept}: {text}");
    }
}

#[test]
fn a_closed_log_that_is_cut_off_anywhere_is_damaged() {
    let (media, segments) = closed(500);
    let last = segments.last().unwrap();
    let content = media.state().content(last).unwrap().to_vec();
    let first: u64 = last.file_stem().unwrap().to_str().unwrap().parse().unwrap();
    assert!(first <= 500);
    // Up to the mark of the close, which is the last record: without that alone nothing is lost.
    let records = content.iter().rposition(|byte| *byte != 0).unwrap();
    for cut in (0..records - 200).step_by(97) {
        let mut state: State = media.state();
        state.damage(last, content[..cut].to_vec());
        let text = refusal(&Simulated::of(state));
        assert!(text.contains("is damaged at byte"), "cut at {cut}: {text}");
    }
}

/// What it said of the end is told by the tools too, and a repair makes a directory of it that opens.
#[test]
fn what_is_left_of_a_closed_log_is_had_by_a_repair_and_not_by_chance() {
    let (media, segments) = closed(500);
    let damaged = media.killed();
    let last: u64 = segments.last().unwrap().file_stem().unwrap().to_str().unwrap().parse().unwrap();
    damaged.remove(segments.last().unwrap()).unwrap();
    let directory = || ClosedDirectory::open_on(Arc::new(damaged.clone()), DIR).unwrap();
    let report = directory().verify(|_| ()).unwrap();
    assert!(!report.is_fine() && report.version.is_none(), "{report:?}");
    assert!(report.damages[0].what.contains("had version 500"), "{report:?}");
    let restore = Restore::from_directory(directory()).onto(Arc::new(Simulated::new()));
    assert!(restore.run(Target::Latest, "restored", |_| ()).is_err(), "the latest state is not there");
    drop(restore);
    let plan = directory().plan_repair(|_| ()).unwrap();
    assert_eq!((plan.version, plan.highest), (Some(last - 1), 500), "{plan:?}");
    directory().repair(&plan).unwrap();
    assert!(directory().verify(|_| ()).unwrap().is_fine());
    for _ in 0..2 {
        let db = small(&damaged).open().unwrap();
        assert!(db.snapshot().version() >= last - 1);
        spawn_one(&db, 1).durable().unwrap();
        db.close().unwrap();
    }
}

/// The note is a lower bound: what comes later may be lost by a crash as ever, and a note that is damaged says nothing.
#[test]
fn a_log_that_was_opened_again_may_end_where_it_does() {
    let (media, _) = closed(500);
    let db = small(&media).open().unwrap();
    spawn_one(&db, 7).visible().unwrap();
    let crashed = Simulated::of(media.state().image(ecsdb_tests::simulated::Survival::Nothing));
    drop(db);
    let found = small(&crashed).open().unwrap();
    assert!((500..=501).contains(&found.snapshot().version()), "it may have been synced");
    let rows = Rows::of(&found);
    drop(found);
    assert!(Rows::of(&small(&crashed).open().unwrap()) == rows);
    let note = Path::new(DIR).join("CLOSED");
    for content in [Vec::new(), vec![0; 36], vec![7; 4000]] {
        let mut state = crashed.state();
        state.damage(&note, content);
        assert!(Rows::of(&small(&Simulated::of(state)).open().unwrap()) == rows);
    }
}
