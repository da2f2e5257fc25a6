//! The program `world` as its users run it: it kills itself and recovers, goes on where it was, and says what is wrong.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

use ecsdb_examples::world::Message;

/// A small world for a second.
const SMALL: &[&str] = &["--entities", "500", "--seconds", "1", "--readers", "1"];

fn world(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_world")).args(SMALL).args(arguments).output().expect("the program starts")
}

/// A path in the directory for temporary files, where nothing is, and nothing is afterwards.
struct Temporary(PathBuf);

impl Temporary {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("ecsdb-world-test-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        Self(path)
    }

    fn text(&self) -> &str {
        self.0.to_str().expect("the name is plain")
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The line of the output that begins with `name`.
fn line<'a>(output: &'a Output, name: &str) -> &'a str {
    let text = std::str::from_utf8(&output.stdout).expect("the output is text");
    let found = text.lines().find(|line| line.starts_with(name));
    found.unwrap_or_else(|| panic!("no line `{name}` in\n{text}{}", String::from_utf8_lossy(&output.stderr)))
}

#[test]
fn it_is_killed_recovers_and_goes_on() {
    let directory = Temporary::new("goes-on");
    let first = world(&["--dir", directory.text()]);
    assert!(first.status.success(), "{first:?}");
    assert!(line(&first, "world").contains("500 mobs"));
    assert!(line(&first, "killed").contains("in tick"), "in the middle of one: {}", line(&first, "killed"));
    assert!(line(&first, "recovered").contains("as committed"));
    assert!(line(&first, "directory").ends_with(directory.text()));
    let version = |output: &Output| -> u64 {
        let text = line(output, "recovered").split(['n', ':']).nth(1).unwrap_or_default().trim().replace(',', "");
        text.parse().unwrap_or_else(|_| panic!("a version: {text}"))
    };
    // The same world, whatever else is asked for, with a later version.
    let second = world(&["--dir", directory.text(), "--seed", "9"]);
    assert!(second.status.success(), "{second:?}");
    assert!(line(&second, "world").contains("500 mobs"));
    assert!(version(&second) > version(&first), "{} > {}", version(&second), version(&first));
    let gold = |output: &Output| line(output, "invariant").rsplit(' ').next().map(str::to_owned);
    assert_eq!(gold(&first), gold(&second), "all the gold is still there");
}

#[test]
fn what_is_wrong_is_said_and_nothing_is_touched() {
    // A file in the place of the directory.
    let place = Temporary::new("file");
    fs::write(&place.0, "a file").unwrap();
    let refused = world(&["--dir", place.text()]);
    assert!(!refused.status.success());
    assert!(String::from_utf8_lossy(&refused.stderr).contains(place.text()), "{refused:?}");
    assert_eq!(fs::read_to_string(&place.0).unwrap(), "a file");
    fs::remove_file(&place.0).unwrap();
    // Something else than a log.
    fs::create_dir_all(place.0.join("wal")).unwrap();
    let segment = place.0.join("wal/00000000000000000001.wal");
    fs::write(&segment, "no log").unwrap();
    let refused = world(&["--dir", place.text()]);
    assert!(!refused.status.success());
    let text = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(text.contains("00000000000000000001.wal") && text.contains("ended by itself"), "{text}");
    assert_eq!(fs::read_to_string(&segment).unwrap(), "no log");
}

#[test]
fn the_process_that_is_killed_ends_by_itself_if_nobody_listens() {
    let directory = Temporary::new("alone");
    let mut child = Command::new(env!("CARGO_BIN_EXE_world"))
        .args(SMALL)
        .args(["--mortal", "--dir", directory.text()])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    // The first message, and then nobody reads any more.
    let mut stdout = std::io::BufReader::new(child.stdout.take().unwrap());
    let mut first = String::new();
    std::io::BufRead::read_line(&mut stdout, &mut first).unwrap();
    assert!(matches!(first.trim_end().parse(), Ok(Message::Commit(0, _))), "{first}");
    drop(stdout);
    let output = child.wait_with_output().unwrap();
    assert!(!output.status.success());
    assert!(!output.stderr.is_empty(), "it says why");
}
