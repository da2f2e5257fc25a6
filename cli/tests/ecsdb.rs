//! The command `ecsdb`: what it prints, and its exit codes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};

use ecsdb::{Component, Db};
use serde_json::Value;

#[derive(Component)]
struct Purse {
    gold: u64,
}

ecsdb::schema! { World: Purse }

/// An empty directory for one test.
fn directory(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("ecsdb").join(name);
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).unwrap();
    path
}

/// Held while a database is open, and while a process is made: until it runs the command, a new process has all that this one has open, a lock
/// among it.
static ALONE: Mutex<()> = Mutex::new(());

fn alone() -> MutexGuard<'static, ()> {
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A directory in which a database of 200 versions was closed, in several segments.
fn saved(name: &str) -> PathBuf {
    let path = directory(name);
    let _alone = alone();
    let db = Db::<World>::builder().directory(path.join("save")).segment_bytes(16 << 10).open().unwrap();
    for gold in 0..200 {
        db.spawn(Purse { gold }).unwrap();
        if gold == 149 {
            db.checkpoint().unwrap().wait().unwrap();
        }
    }
    db.close().unwrap();
    path
}

/// Runs the command in a directory: exit code, standard output, standard error.
fn run(directory: &Path, arguments: &[&str]) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ecsdb"));
    let output = output(command.current_dir(directory).args(arguments));
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

fn output(command: &mut Command) -> Output {
    let alone = alone();
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(alone);
    child.wait_with_output().unwrap()
}

fn json(directory: &Path, arguments: &[&str]) -> (i32, Value) {
    let (code, out, err) = run(directory, arguments);
    (code, serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out} {err}")))
}

/// Flips a byte of the segment that has so many before it.
fn damage(directory: &Path, index: usize, at: usize) -> PathBuf {
    let mut names: Vec<PathBuf> =
        fs::read_dir(directory.join("save/wal")).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.sort_unstable();
    let mut bytes = fs::read(&names[index]).unwrap();
    bytes[at] ^= 1;
    fs::write(&names[index], bytes).unwrap();
    names[index].clone()
}

fn gold(directory: &Path) -> Vec<u64> {
    let _alone = alone();
    let db = Db::<World>::open(directory).unwrap();
    let snapshot = db.snapshot();
    let mut gold: Vec<u64> = snapshot.query::<PurseRef<'_>>().iter().map(|purse| purse.gold()).collect();
    gold.sort_unstable();
    gold
}

#[test]
fn the_help_names_the_commands_and_their_exit_codes() {
    let directory = directory("help");
    let (code, out, _) = run(&directory, &["--help"]);
    assert_eq!(code, 0);
    for command in ["info", "verify", "backup", "restore", "repair"] {
        assert!(out.contains(command), "{out}");
        let (code, help, _) = run(&directory, &[command, "--help"]);
        assert!(code == 0 && help.contains("Exit code: 0"), "{help}");
    }
    assert_eq!(run(&directory, &["archive", "--help"]).0, 0);
    assert_eq!(run(&directory, &["frobnicate"]).0, 2);
    assert_eq!(run(&directory, &["restore", "there"]).0, 2, "from where?");
}

#[test]
fn what_is_in_order_is_called_so() {
    let directory = saved("in-order");
    let (code, out, err) = run(&directory, &["info", "save"]);
    assert!(code == 0 && err.is_empty(), "{err}");
    assert!(out.contains("purse { gold: u64 }") && out.contains("version 150"), "{out}");
    let (code, out, err) = run(&directory, &["verify", "save"]);
    assert!(code == 0 && err.is_empty(), "{out}{err}");
    assert!(out.contains("it opens to version 200, and was closed\nall is well\n"), "{out}");
    let (code, report) = json(&directory, &["verify", "save", "--json"]);
    assert_eq!((code, &report["version"], &report["was_closed"]), (0, &200.into(), &true.into()));
    assert_eq!(report["damages"], Value::Array(Vec::new()));
    let (code, out, _) = run(&directory, &["repair", "save"]);
    assert!(code == 0 && out == "nothing has to be repaired: it opens to version 200\n", "{out}");
}

#[test]
fn what_is_no_database_is_refused_in_one_line() {
    let directory = saved("refused");
    for (arguments, expected) in [
        (&["verify", "nowhere"][..], "error: there is no directory nowhere\n"),
        (&["info", "."], "error: . holds no database: it has no folder `wal`, no snapshot file"),
        (&["backup", "save", "save"], "error: save is not empty, "),
        (&["backup", "save", "save/monday"], "error: save/monday is inside save, "),
        (&["restore", "./save/monday", "--from", "save"], "error: ./save/monday is inside save, "),
        (&["restore", "there"], "error: say where to restore from: --from, --archive, or both\n"),
        (&["restore", "there", "--from", "save", "--version", "999"], "error: version 999 cannot be restored: "),
        (
            &["restore", "there", "--from", "save", "--time", "1999-01-01T00:00:00Z"],
            "error: nothing can be restored of that time: the oldest version that there is was committed at 20",
        ),
    ] {
        let (code, out, err) = run(&directory, arguments);
        assert!(code == 2 && out.is_empty() && err.starts_with(expected), "{err}");
        assert_eq!(err.lines().count(), 1, "{err}");
    }
    let db = Db::<World>::open(directory.join("save")).unwrap();
    let (code, _, err) = run(&directory, &["verify", "save"]);
    assert!(code == 2 && err.contains("is locked"), "{err}");
    drop(db);
}

#[test]
fn a_backup_and_an_earlier_state_open() {
    let directory = saved("restore");
    let (code, out, err) = run(&directory, &["backup", "save", "copies/monday"]);
    assert!(code == 0 && out.contains("copies/monday has version 200"), "{out}{err}");
    assert_eq!(gold(&directory.join("copies/monday")), (0..200).collect::<Vec<_>>());
    let (code, restored) = json(&directory, &["restore", "early", "--from", "save", "--version", "170", "--json"]);
    assert_eq!((code, &restored["version"], &restored["snapshot"]), (0, &170.into(), &150.into()));
    assert_eq!(gold(&directory.join("early")), (0..170).collect::<Vec<_>>());
    let text = run(&directory, &["restore", "told", "--from", "save", "--version", "170"]).1;
    let told = text.split("committed at ").nth(1).unwrap().split_whitespace().next().unwrap();
    let (code, same) = json(&directory, &["restore", "as-told", "--from", "save", "--time", told, "--json"]);
    assert_eq!((code, &same["version"]), (0, &170.into()), "a time that is printed is the time: {told}");
    let time = restored["time"].as_u64().unwrap();
    let time = std::time::UNIX_EPOCH + std::time::Duration::from_nanos(time);
    let time = humantime::format_rfc3339_nanos(time).to_string();
    let (code, again) = json(&directory, &["restore", "same", "--from", "save", "--time", &time, "--json"]);
    assert_eq!((code, &again["version"]), (0, &170.into()));
}

#[test]
fn a_time_is_given_as_a_date_or_with_an_offset() {
    let directory = saved("times");
    let text = run(&directory, &["restore", "told", "--from", "save", "--version", "170"]).1;
    let told = text.split("committed at ").nth(1).unwrap().split_whitespace().next().unwrap();
    let time = humantime::parse_rfc3339(told).unwrap();
    let there = time + std::time::Duration::from_secs(2 * 3600 + 30 * 60);
    let there = humantime::format_rfc3339_nanos(there).to_string().replace('Z', "+02:30");
    let (code, same) = json(&directory, &["restore", "there", "--from", "save", "--time", &there, "--json"]);
    assert_eq!((code, &same["version"]), (0, &170.into()), "{there}");
    let here = time - std::time::Duration::from_secs(3600);
    let here = humantime::format_rfc3339_nanos(here).to_string().replace('Z', "-01:00");
    let (code, same) = json(&directory, &["restore", "here", "--from", "save", "--time", &here, "--json"]);
    assert_eq!((code, &same["version"]), (0, &170.into()), "{here}");
    let (code, _, err) = run(&directory, &["restore", "early", "--from", "save", "--time", "2001-02-03"]);
    assert!(code == 2 && err.contains("committed at 20"), "{err}");
    for wrong in
        ["noon", "2026-11-28T12:30:00+2", "2026-11-28T12:30:00Z+02:00", "2026-13-28", "2026-11-28T12:30:00+24:00"]
    {
        let (code, _, err) = run(&directory, &["restore", "wrong", "--from", "save", "--time", wrong]);
        assert!(
            code == 2 && err.contains("say 2026-11-28T12:30:00Z, 2026-11-28T14:30:00+02:00, or 2026-11-28"),
            "{err}"
        );
    }
}

#[test]
fn a_directory_in_the_place_of_the_schema_is_named() {
    let directory = saved("schema");
    let schema = directory.join("save/schema.toml");
    fs::remove_file(&schema).unwrap();
    fs::create_dir(&schema).unwrap();
    let (code, out, err) = run(&directory, &["verify", "save"]);
    assert!(code == 1 && out.contains("save/schema.toml at byte 0: it is a directory, and no file"), "{out}{err}");
    assert!(Db::<World>::open(directory.join("save")).is_err());
    fs::remove_dir(&schema).unwrap();
    assert_eq!(run(&directory, &["verify", "save"]).0, 0);
}

#[test]
fn an_archive_takes_the_place_of_a_directory_that_is_gone() {
    let directory = saved("archive");
    let (code, out, err) = run(&directory, &["archive", "store", "save", "shelf", "--level", "3"]);
    assert!(code == 0 && out.ends_with("segments, 1 snapshot file\n"), "{out}{err}");
    let (code, listed) = json(&directory, &["archive", "list", "shelf", "--json"]);
    let segments = listed["segments"].as_array().unwrap();
    assert!(code == 0 && segments.len() > 1 && segments[0]["is_compressed"] == true, "{listed:?}");
    assert_eq!((&listed["snapshots"][0]["version"], &listed["snapshots"][1]), (&150.into(), &Value::Null));
    let (code, out, err) = run(&directory, &["archive", "verify", "shelf"]);
    assert!(code == 0 && out.contains("versions that follow one another: 1 to 200\n"), "{out}{err}");
    assert!(out.ends_with("can be restored from here alone: 0 to 200\nall is well\n"), "{out}");
    fs::remove_dir_all(directory.join("save")).unwrap();
    let (code, out, err) = run(&directory, &["restore", "save", "--archive", "shelf"]);
    assert!(code == 0 && out.contains("save has version 200"), "{out}{err}");
    assert!(out.contains("from the snapshot file of version 150") && !out.contains("passed over"), "{out}");
    assert_eq!(gold(&directory.join("save")), (0..200).collect::<Vec<_>>());
    // What is no good is passed over, and that is said.
    let snapshot = fs::read_dir(directory.join("shelf/snapshots")).unwrap().next().unwrap().unwrap().path();
    let whole = fs::read(&snapshot).unwrap();
    let mut bytes = whole.clone();
    bytes[100] ^= 1;
    fs::write(&snapshot, bytes).unwrap();
    let (code, out, err) = run(&directory, &["restore", "again", "--archive", "shelf"]);
    assert!(code == 0 && out.contains("in the archive is passed over") && out.contains("version 200"), "{out}{err}");
    fs::write(&snapshot, whole).unwrap();
    let (_, listed) = json(&directory, &["archive", "list", "shelf", "--json"]);
    let timeline = listed["snapshots"][0]["timeline"].as_str().unwrap();
    let named =
        |timeline| run(&directory, &["restore", "old", "--archive", "shelf", "--version", "9", "--timeline", timeline]);
    assert_eq!(named("77").0, 2, "there is no such history");
    assert_eq!(named(timeline).0, 0);
    let object = fs::read_dir(directory.join("shelf/segments")).unwrap().next().unwrap().unwrap().path();
    let mut bytes = fs::read(&object).unwrap();
    bytes[100] ^= 1;
    fs::write(&object, bytes).unwrap();
    let (code, out, err) = run(&directory, &["archive", "verify", "shelf"]);
    assert!(code == 1 && out.contains("checksum") && out.contains("1 damaged place found"), "{out}{err}");
    if cfg!(not(feature = "object-store")) {
        let (code, _, err) = run(&directory, &["archive", "list", "s3://bucket/games"]);
        assert!(code == 2 && err.contains("feature `object-store`"), "{err}");
    }
}

#[test]
fn an_archive_is_pruned_when_it_is_not_a_dry_run() {
    let directory = saved("prune");
    let before = || json(&directory, &["archive", "list", "shelf", "--json"]).1;
    assert_eq!(run(&directory, &["archive", "store", "save", "shelf"]).0, 0);
    let all = before();
    let prune = |more: &[&str]| run(&directory, &[&["archive", "prune", "shelf"], more].concat());
    let (code, out, err) = prune(&["--keep-snapshots", "2"]);
    assert!(
        code == 0 && out.starts_with("nothing is so old that it goes\nkept: 3 segments, 1 snapshot file\n"),
        "{out}{err}"
    );
    let (code, out, err) = prune(&["--keep-for", "1day"]);
    assert!(code == 0 && out.contains("nothing is so old") && out.contains("alone: 0 to 200"), "{out}{err}");
    let (code, would, err) = prune(&["--keep-snapshots", "1", "--dry-run"]);
    assert!(code == 0 && would.starts_with("would be removed:\nversions 1 to "), "{would}{err}");
    assert_eq!(before(), all, "nothing was removed");
    let (code, out, err) = prune(&["--keep-snapshots", "1"]);
    assert!(code == 0 && out == would.replace("would be removed", "removed"), "{out}{err}");
    assert!(
        out.ends_with("kept: 2 segments, 1 snapshot file\nversions that can be restored from them alone: 150 to 200\n"),
        "{out}"
    );
    assert_ne!(before(), all);
    assert_eq!(run(&directory, &["archive", "verify", "shelf"]).0, 0);
    let (code, _, err) = run(&directory, &["restore", "old", "--archive", "shelf", "--version", "9"]);
    assert!(code == 2 && err.contains("version 9 cannot be restored: those that can be are 150 to 200"), "{err}");
    assert_eq!(run(&directory, &["restore", "new", "--archive", "shelf", "--version", "170"]).0, 0);
    // One policy, and no less than one file.
    for wrong in
        [&[][..], &["--keep-snapshots", "0"], &["--keep-snapshots", "1", "--keep-for", "1h"], &["--keep-for", "soon"]]
    {
        assert_eq!(prune(wrong).0, 2, "{wrong:?}");
    }
}

#[test]
fn an_archive_that_is_not_there_or_has_a_hole_is_not_called_well() {
    let directory = saved("holes");
    let closing = alone();
    let db = Db::<World>::builder().directory(directory.join("save")).segment_bytes(16 << 10).open().unwrap();
    for gold in 200..400 {
        db.spawn(Purse { gold }).unwrap();
    }
    db.close().unwrap();
    drop(closing);
    assert_eq!(run(&directory, &["archive", "store", "save", "shelf"]).0, 0);
    for command in ["list", "verify"] {
        let (code, out, err) = run(&directory, &["archive", command, "shelve"]);
        assert!(code == 2 && out.is_empty() && err.starts_with("error: the archive holds no segments"), "{out}{err}");
        let (code, out, err) = run(&directory, &["restore", "new", "--from", "save", "--archive", "shelve"]);
        assert!(code == 2 && out.is_empty() && err.starts_with("error: the archive holds no segments"), "{out}{err}");
        assert!(!directory.join("shelve").exists(), "nothing is made");
    }
    let (_, listed) = json(&directory, &["archive", "list", "shelf", "--json"]);
    let number = |index: usize, of: &str| listed["segments"][index][of].as_u64().unwrap();
    assert!(listed["segments"].as_array().unwrap().len() > 2, "{listed}");
    let objects = || fs::read_dir(directory.join("shelf/segments")).unwrap().map(|entry| entry.unwrap().path());
    let (first, last) = (number(1, "first"), number(1, "last"));
    let middle =
        objects().find(|path| path.display().to_string().contains(&format!("-{first:020}-{last:020}-"))).unwrap();
    fs::rename(&middle, directory.join("away")).unwrap();
    let (code, out, err) = run(&directory, &["archive", "verify", "shelf"]);
    assert!(
        code == 1 && err.is_empty() && out.contains(&format!("versions {first} to {last} are missing\n")),
        "{out}{err}"
    );
    assert!(out.ends_with("1 gap found\n"), "{out}");
    let (code, report) = json(&directory, &["archive", "verify", "shelf", "--json"]);
    assert_eq!(
        (code, &report["gaps"][0]["first"], &report["gaps"][0]["until"]),
        (1, &first.into(), &report["reachable"][1][0].as_u64().map_or(400, |from| from - 1).into())
    );
    // Without anything before the hole it is none.
    objects().filter(|path| path.display().to_string().contains("-00000000000000000001-")).for_each(|path| {
        if path.display().to_string().contains(&format!("-{:020}-", number(0, "last"))) {
            fs::remove_file(path).unwrap();
        }
    });
    let (code, out, err) = run(&directory, &["archive", "verify", "shelf"]);
    assert!(code == 0 && !out.contains("alone: 0 to") && out.ends_with("all is well\n"), "{out}{err}");
}

/// A backup that nobody has opened has no file to lock.
#[test]
fn who_only_looks_says_that_nothing_is_locked() {
    let directory = saved("unlocked");
    assert_eq!(run(&directory, &["backup", "save", "copy"]).0, 0);
    assert!(!directory.join("copy/LOCK").exists());
    let (code, out, err) = run(&directory, &["verify", "copy"]);
    assert!(code == 0 && err.starts_with("note: copy is not locked"), "{out}{err}");
    assert!(!directory.join("copy/LOCK").exists(), "nothing is made");
    let (code, _, err) = run(&directory, &["archive", "store", "copy", "shelf"]);
    assert!(code == 0 && err.is_empty() && directory.join("copy/LOCK").exists(), "{err}");
    assert_eq!(run(&directory, &["verify", "copy"]).2, "");
}

/// Variables of the environment are whatever somebody has put there.
#[test]
#[cfg(unix)]
fn an_environment_that_is_not_unicode_is_no_reason_to_panic() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let mut command = Command::new(env!("CARGO_BIN_EXE_ecsdb"));
    command.env("AWS_REGION", OsStr::from_bytes(b"\xff")).env(OsStr::from_bytes(b"\xfe"), "x");
    let output = output(command.args(["archive", "list", "memory:///games"]));
    let err = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(2) && err.starts_with("error: ") && err.lines().count() == 1, "{err}");
}

#[test]
fn damage_is_reported_and_repaired_only_when_told_to() {
    let directory = saved("repair");
    let last = fs::read_dir(directory.join("save/wal")).unwrap().count() - 1;
    // Behind the snapshot file, so that it matters.
    let file = damage(&directory, last, 4200);
    let name = file.file_name().unwrap().to_str().unwrap().to_owned();
    let (code, out, err) = run(&directory, &["verify", "save"]);
    assert!(code == 1 && err.is_empty() && out.contains(&name) && out.contains("cannot be opened"), "{out}");
    assert!(out.ends_with("1 damaged place found\n"), "{out}");
    let before = fs::read(&file).unwrap();
    for arguments in [&["backup", "save", "copy"][..], &["restore", "copy", "--from", "save"]] {
        let (code, out, err) = run(&directory, arguments);
        assert!(code == 2 && out.is_empty() && err.contains("those that can be are 0 to 151"), "{err}");
        assert!(err.contains("--version 151") && err.lines().count() == 1, "{err}");
    }
    let (code, _, err) = run(&directory, &["restore", "copy", "--from", "save", "--version", "151"]);
    assert_eq!(code, 0, "{err}");
    let (code, out, _) = run(&directory, &["repair", "save"]);
    assert!(code == 1 && out.contains("do it with --yes"), "{out}");
    assert_eq!(fs::read(&file).unwrap(), before, "it was only said");
    let (code, answer) = json(&directory, &["repair", "save", "--yes", "--json"]);
    let version = answer["repaired"]["version"].as_u64().unwrap();
    // Up to the damage, and no further.
    assert!(code == 0 && version == 151, "{answer}");
    assert_eq!(answer["plan"]["reachable"], serde_json::json!([[0, 151]]));
    assert_eq!(answer["plan"]["begins_history"], true);
    let timeline = answer["repaired"]["timeline"].as_str().unwrap();
    assert!(timeline.len() == 16 && timeline.bytes().all(|byte| byte.is_ascii_hexdigit()), "{timeline}");
    let kept = PathBuf::from(answer["repaired"]["kept_in"].as_str().unwrap());
    assert_eq!(fs::read(directory.join(kept).join(name)).unwrap(), before, "nothing is removed");
    assert_eq!(run(&directory, &["verify", "save"]).0, 0);
    assert_eq!(gold(&directory.join("save")), (0..version).collect::<Vec<_>>());
}

/// Names of files are bytes, and JSON is text.
#[cfg(target_os = "linux")]
#[test]
fn what_is_called_by_no_text_is_answered_in_json_all_the_same() {
    use std::ffi::{OsStr, OsString};
    use std::os::unix::ffi::OsStrExt;

    let directory = saved("odd-names");
    let odd = |name: &[u8]| OsString::from(OsStr::from_bytes(name));
    let (save, copy, early, shelf) = (odd(b"save-\xff"), odd(b"copy-\xff"), odd(b"early-\xff"), odd(b"shelf-\xff"));
    fs::rename(directory.join("save"), directory.join(&save)).unwrap();
    let answer = |arguments: &[&OsStr]| -> Value {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ecsdb"));
        let output = output(command.current_dir(&directory).args(arguments).arg("--json"));
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    };
    assert_eq!(answer(&["info".as_ref(), &save])["directory"], "save-\u{fffd}");
    let report = answer(&["verify".as_ref(), &save]);
    assert_eq!((&report["directory"], &report["version"]), (&"save-\u{fffd}".into(), &200.into()));
    assert_eq!(answer(&["backup".as_ref(), &save, &copy])["version"], 200);
    let stored = answer(&["archive".as_ref(), "store".as_ref(), &save, &shelf]);
    let listed = answer(&["archive".as_ref(), "list".as_ref(), &shelf]);
    assert_eq!((&stored["segments"], &stored["snapshots"]), (&listed["segments"], &listed["snapshots"]));
    let restored = answer(&["restore".as_ref(), &early, "--archive".as_ref(), &shelf]);
    assert_eq!((&restored["version"], &restored["directory"]), (&200.into(), &"early-\u{fffd}".into()));
    fs::rename(directory.join(&save), directory.join("save")).unwrap();
    damage(&directory, 0, 4200);
    let last = fs::read_dir(directory.join("save/wal")).unwrap().count() - 1;
    damage(&directory, last, 4200);
    fs::rename(directory.join("save"), directory.join(&save)).unwrap();
    assert_eq!(answer(&["repair".as_ref(), &save, "--yes".as_ref()])["plan"]["directory"], "save-\u{fffd}");
}
