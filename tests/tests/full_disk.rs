//! A disk that is full: the log says so and takes nothing more, what was acknowledged is there, reads go on, and when there is room again
//! the directory opens.
//!
//! On a file system of a few MiB in memory, which takes the right to mount one, in a name space of its own; where that is not given the
//! test says so. The same on the simulated medium is in the tests of crashes.

use std::path::{Path, PathBuf};
use std::process::Command;

use ecsdb::error::CheckpointError;
use ecsdb::error::with_causes;
use ecsdb::{Component, Db, DbBuilder, TransactionError};
use ecsdb_tests::tell;

#[derive(Component, Debug)]
struct Blob {
    number: u64,
    text: String,
}

ecsdb::schema! { Disk: Blob }

/// What the process that has the file system is told.
const INSIDE: &str = "ECSDB_FULL_DISK";

fn builder(dir: &Path) -> DbBuilder<Disk> {
    Db::<Disk>::builder().directory(dir.join("db")).segment_bytes(256 << 10).worker_threads(1)
}

fn blob(number: u64) -> Blob {
    Blob { number, text: "x".repeat(3000) }
}

/// The numbers that are there, which must be all from 1 on.
fn count(db: &Db<Disk>) -> u64 {
    let mut numbers: Vec<u64> = db.snapshot().query::<BlobRef<'_>>().into_iter().map(|blob| blob.number()).collect();
    numbers.sort_unstable();
    assert!((1..).zip(&numbers).all(|(expected, number)| expected == *number), "{numbers:?}");
    numbers.len() as u64
}

/// Fills the disk with `db`. Returns how many were acknowledged as durable, and as visible.
fn fill(db: &Db<Disk>, from: u64) -> (u64, u64) {
    let (mut durable, mut visible) = (from, from);
    loop {
        let number = visible + 1;
        match db.write(move |tx| Ok(tx.spawn(blob(number))?)) {
            Ok(_) => visible = number,
            Err(TransactionError::Log(error)) => {
                assert!(with_causes(&error).to_string().contains("os error 28"), "the cause is named: {error:?}");
                return (durable, visible);
            }
            Err(error) => panic!("{error}"),
        }
        if visible.is_multiple_of(16) {
            match db.sync() {
                Ok(_) => durable = visible,
                Err(TransactionError::NotDurable { .. }) => {}
                Err(error) => panic!("{error}"),
            }
        }
    }
}

/// What is done on the small file system.
fn inside(dir: &Path) {
    let ballast = dir.join("ballast");
    std::fs::write(&ballast, vec![0; 1 << 20]).expect("there is room");
    let db = builder(dir).open().expect("it opens");
    // Room for a log, and for no further snapshot file.
    let (durable, visible) = fill(&db, 0);
    assert!(durable >= 16 && visible >= durable, "{durable}, {visible}");
    assert_eq!(count(&db), visible, "reads go on");
    assert!(matches!(db.write(|tx| Ok(tx.spawn(blob(0))?)), Err(TransactionError::Log(_))), "nothing more is taken");
    assert!(db.checkpoint().expect("it is asked").wait().is_err(), "nothing more is written");
    drop(db);
    // Full as it is: it opens, or says that there is no room, and loses nothing.
    if let Ok(db) = builder(dir).open() {
        assert_eq!(count(&db), visible);
    }
    std::fs::remove_file(ballast).expect("it is there");
    let db = builder(dir).open().expect("there is room again");
    let found = count(&db);
    // The machine has not stopped, so what was written is there: all that was visible, and perhaps the one that was refused.
    assert!((visible..=visible + 1).contains(&found), "{found} of {visible}, {durable} durable");
    let number = found + 1;
    db.write(move |tx| Ok(tx.spawn(blob(number))?)).expect("it goes on");
    db.sync().expect("there is room");
    db.close().expect("it closes");
    drop(db);
    checkpoint_without_room(dir);
}

/// A snapshot file that finds no room: the log goes on, and later one is made.
fn checkpoint_without_room(dir: &Path) {
    let dir = dir.join("second");
    std::fs::create_dir(&dir).expect("there is room");
    drop(std::fs::remove_dir_all(dir.parent().expect("a directory").join("db")));
    let db = builder(&dir).open().expect("it opens");
    for number in 1..=500 {
        db.write(move |tx| Ok(tx.spawn(blob(number))?)).expect("there is room");
    }
    db.sync().expect("there is room");
    let ballast = dir.join("ballast");
    let mut bytes = 64 << 20;
    // As large as it can be, but for what the next segment takes.
    while bytes > 4096 && std::fs::write(&ballast, vec![0; bytes]).is_err() {
        bytes = bytes * 7 / 8;
    }
    let ballast_bytes = std::fs::metadata(&ballast).expect("it is there").len();
    std::fs::File::options()
        .write(true)
        .open(&ballast)
        .and_then(|file| file.set_len(ballast_bytes.saturating_sub(700 << 10)))
        .expect("it can be cut");
    let error = db.checkpoint().expect("it is asked").wait().expect_err("1.5 MiB do not fit");
    assert!(matches!(error, CheckpointError::Io { .. }), "{error}");
    db.write(|tx| Ok(tx.spawn(blob(501))?)).expect("the log has its room still");
    db.sync().expect("the log has not failed");
    assert_eq!(db.stats().checkpoints.map(|figures| (figures.made, figures.failed)), Some((0, 1)));
    std::fs::remove_file(&ballast).expect("it is there");
    let report = db.checkpoint().expect("it is asked").wait().expect("there is room again");
    assert_eq!(report.rows, 501);
    db.close().expect("it closes");
    let db = builder(&dir).open().expect("it opens");
    assert_eq!((count(&db), db.recovery().and_then(|found| found.snapshot)), (501, Some(report.version)));
}

#[test]
fn a_disk_that_is_full_costs_nothing_that_was_acknowledged() {
    if let Some(dir) = std::env::var_os(INSIDE) {
        return inside(&PathBuf::from(dir));
    }
    let dir = std::env::temp_dir().join(format!("ecsdb-full-disk-{}", std::process::id()));
    std::fs::create_dir_all(&dir).expect("it can be made");
    // A mount that nobody else sees, and that ends with the process.
    let script = format!("mount -t tmpfs -o size=4m tmpfs '{0}' && echo mounted && exec \"$@\"", dir.display());
    let test = std::env::current_exe().expect("this program");
    let run = Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount", "sh", "-c", &script, "sh"])
        .arg(test)
        .args(["--exact", "a_disk_that_is_full_costs_nothing_that_was_acknowledged", "--nocapture"])
        .env(INSIDE, &dir)
        .output();
    drop(std::fs::remove_dir_all(&dir));
    match run {
        Ok(output) if String::from_utf8_lossy(&output.stdout).contains("mounted") => {
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stdout));
        }
        Ok(output) => tell(&format!(
            "full disk: skipped, no file system can be mounted here: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        )),
        Err(error) => tell(&format!("full disk: skipped, there is no `unshare` here: {error}")),
    }
}
