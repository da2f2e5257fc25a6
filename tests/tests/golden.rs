//! Directories of every format that there was, clean and damaged, open to what they did when they were made.

use std::fs;
use std::path::PathBuf;

use ecsdb_tests::golden::{make, outcome, read, root};

/// The format that is written now.
const NOW: &str = "1";

/// All cases of all formats.
fn cases() -> Vec<PathBuf> {
    let formats = fs::read_dir(root()).expect("there are golden directories");
    let cases = formats.flat_map(|format| fs::read_dir(format.expect("it can be read").path()).expect("a directory"));
    let mut cases: Vec<PathBuf> =
        cases.map(|case| case.expect("it can be read").path()).filter(|path| path.is_dir()).collect();
    cases.sort();
    cases
}

#[test]
fn every_golden_directory_opens_to_what_it_always_did() {
    let cases = cases();
    assert!(cases.len() >= 9, "{cases:?}");
    for case in cases {
        let expected = fs::read_to_string(case.with_extension("txt")).expect("what is expected");
        assert_eq!(outcome(&read(&case)), expected, "{}", case.display());
    }
}

#[test]
fn clean_ones_open_and_damaged_ones_name_file_and_place() {
    let dir = root().join("1");
    let text = |case: &str| fs::read_to_string(dir.join(case)).expect("what is expected");
    let (closed, killed) = (text("log-closed.txt"), text("log-killed.txt"));
    assert!(closed.starts_with("version 9, closed: true, torn bytes: 0, entities: 91\n"), "{closed}");
    assert_eq!(closed.replace("closed: true", "closed: false"), killed, "a kill alone loses nothing");
    assert!(text("log-torn.txt").starts_with("version 8, closed: false"));
    for case in ["log-flipped.txt", "log-cut.txt", "log-header-flipped.txt"] {
        let text = text(case);
        assert!(text.contains(".wal is damaged at byte "), "{case}: {text}");
    }
    assert!(text("log-of-later-format.txt").contains("has format 99"));
    let snapshot = text("snapshot-killed.txt");
    assert!(snapshot.contains("\nfrom the snapshot file of version 10\n"), "{snapshot}");
    assert!(snapshot.contains("angle=F32(7.0)") && !snapshot.contains("angle=F32(8.0)"), "{snapshot}");
    // One from before the log was cut behind a checkpoint.
    assert_eq!(snapshot, text("snapshot-uncut.txt"));
    for case in ["snapshot-flipped.txt", "snapshot-cut.txt", "snapshot-without-its-base.txt"] {
        let text = text(case);
        assert!(text.starts_with("version 12, ") && text.contains("\npassed over: "), "{case}: {text}");
    }
    assert!(text("snapshot-of-later-format.txt").contains("has format 99"));
    assert!(text("snapshot-without-a-log.txt").starts_with("cannot be opened: "));
}

#[test]
fn what_is_written_now_is_what_lies_in_the_repository() {
    for (case, files) in make() {
        let dir = root().join(NOW).join(case);
        let kept = read(&dir);
        let names = |files: &ecsdb_tests::golden::Files| files.keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(&files), names(&kept), "{case}");
        for (name, content) in files {
            assert!(content == kept[&name], "{case}/{name} is not what is written now: has the format changed?");
        }
    }
}
