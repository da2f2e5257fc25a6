//! Copies of a database that goes on.

use std::ffi::OsString;
use std::io;
use std::sync::Mutex;
use std::time::SystemTime;

use ecsdb::Component;
use ecsdb::error::BackupError;
use ecsdb::maintenance::{Restore, Target};
use ecsdb::media::{Lock, Media, MediaFile, Open};

use super::*;

const COPY: &str = "/copies/monday";

/// Opens the copy, and says which version it has, and which timeline begins there. It must be a version that there was.
fn opened(medium: &Simulated, versions: &[Rows]) -> (u64, u64) {
    let db = small(medium, COPY).open().unwrap();
    let version = db.stats().version;
    assert!(Rows::of(&db) == versions[version as usize], "version {version}");
    (version, db.recovery().unwrap().timeline)
}

#[test]
fn a_backup_opens_to_what_was_visible() {
    for played in [played(0), played(1), played(25), checkpointed(25)] {
        let Played { medium, versions } = played;
        let db = small(&medium, SAVE).open().unwrap();
        let report = db.backup(COPY).unwrap();
        let last = versions.len() as u64 - 1;
        assert_eq!((report.version, report.snapshot, report.rows), (last, last, db.stats().rows), "{report:?}");
        let timeline = db.recovery().unwrap().timeline;
        let verified = closed(&medium, COPY).unwrap().verify(|_| ()).unwrap();
        assert!(verified.is_fine() && verified.version == Some(last), "{verified:#?}");
        assert_eq!(opened(&medium, &versions), (last, report.timeline), "what the report says stays");
        assert_ne!(timeline, report.timeline);
        // Both go on, each for itself, and a second copy takes another place.
        db.spawn(Small::sample(1)).unwrap();
        let error = db.backup(COPY).unwrap_err();
        assert!(error.to_string().contains("is not empty"), "{error}");
        assert!(matches!(error, BackupError::Directory(MaintenanceError::NotEmpty { .. })));
        assert_eq!(db.backup("/copies/tuesday").unwrap().version, last + 1);
        db.close().unwrap();
        assert!(small(&medium, SAVE).open().unwrap().recovery().unwrap().was_closed);
    }
}

/// Transactions go on while the copy is made, and it can be restored to every version from its snapshot file on.
#[test]
fn a_backup_does_not_stop_the_writer() {
    let Played { medium, mut versions } = played(12);
    let db = small(&medium, SAVE).open().unwrap();
    let during: Arc<Mutex<Vec<Rows>>> = Arc::default();
    let report = {
        let (handle, rows) = (db.clone(), Arc::clone(&during));
        let commit = move |_| {
            // On the thread that makes the copy nobody may wait; so another one commits.
            let (handle, during) = (handle.clone(), Arc::clone(&rows));
            let commit = std::thread::spawn(move || {
                handle.spawn(Small::sample(during.lock().unwrap().len() as u64)).unwrap();
                handle.sync().unwrap();
                during.lock().unwrap().push(Rows::of(&handle));
            });
            commit.join().unwrap();
        };
        let report = db.backup_with(COPY, commit).unwrap();
        versions.append(&mut during.lock().unwrap());
        report
    };
    assert_eq!(report.snapshot, 12);
    assert!(report.version > 12, "{report:?}");
    let copied = copy(&medium);
    assert_eq!(opened(&medium, &versions), (report.version, report.timeline));
    for version in report.snapshot..=report.version {
        let medium = copy(&copied);
        let restore = Restore::from_directory(closed(&medium, COPY).unwrap()).onto(Arc::new(medium.clone()));
        restore.run(Target::Version(version), "/games/earlier", |_| ()).unwrap();
        let db = small(&medium, "/games/earlier").open().unwrap();
        assert!(Rows::of(&db) == versions[version as usize], "version {version}");
    }
    let restore = Restore::from_directory(closed(&copied, COPY).unwrap()).onto(Arc::new(copied.clone()));
    let error = restore.run(Target::Version(11), "/games/earlier", |_| ()).unwrap_err();
    assert!(error.to_string().contains(&format!("12 to {}", report.version)), "{error}");
}

#[test]
fn a_backup_that_crashes_anywhere_is_whole_or_unfinished() {
    let Played { medium, mut versions } = checkpointed(8);
    let run = Simulated::of(medium.state());
    let db = small(&run, SAVE).open().unwrap();
    let first = run.operations();
    db.spawn(Small::sample(1)).unwrap();
    db.sync().unwrap();
    versions.push(Rows::of(&db));
    db.backup(COPY).unwrap();
    let last = run.operations();
    drop(db);
    let (mut whole, mut unfinished) = (0, 0);
    run.trace().for_each_state(|operations, state| {
        if !(first..=last).contains(&operations) {
            return;
        }
        let random = |image: u64| Survival::Random { seed: operations as u64 * 8 + image, unit: 512 };
        for survival in [Survival::Nothing, Survival::Everything, random(1), random(2), random(3), random(4)] {
            let image = Simulated::of(state.image(survival));
            let there = files(&image, COPY);
            if there.iter().any(|(path, _)| path.ends_with("UNFINISHED")) {
                let error = small(&image, COPY).open().expect_err("it is unfinished").to_string();
                assert!(error.contains("/copies/monday is unfinished"), "{error}");
                unfinished += 1;
            } else if image.exists(Path::new(COPY)).unwrap() {
                // Nor is it there without anything in it: that would open as a new database.
                assert_eq!(opened(&image, &versions).0, 9);
                whole += 1;
            } else {
                // What was left beside it hinders nobody.
                let db = small(&image, SAVE).open().unwrap();
                let made = db.backup(COPY).unwrap();
                drop(db);
                assert_eq!(opened(&image, &versions).0, made.version);
            }
            // The original is never harmed.
            let db = small(&image, SAVE).open().unwrap();
            assert!(Rows::of(&db) == versions[db.stats().version as usize]);
            assert!(db.stats().version >= 8);
        }
    });
    assert!(whole > 0 && unfinished > 60, "{whole}, {unfinished}");
}

#[test]
fn a_backup_that_fails_harms_nothing() {
    let Played { medium, versions } = checkpointed(8);
    let mut failed = 0;
    for call in 0..80 {
        let medium = copy(&medium);
        let db = small(&medium, SAVE).open().unwrap();
        medium.set_faults(vec![Fault::at(medium.calls().len() + call, Failure::NoSpace)]);
        let made = db.backup(COPY);
        medium.set_faults(Vec::new());
        failed += usize::from(made.is_err());
        db.spawn(Small::sample(1)).unwrap();
        db.close().unwrap();
        let db = small(&medium, SAVE).open().unwrap();
        assert_eq!(db.stats().version, 9);
        if made.is_ok() {
            assert_eq!(opened(&medium, &versions).0, 8);
        } else if !files(&medium, COPY).is_empty() {
            let opened = small(&medium, COPY).open().err();
            let is_refused = opened.is_some_and(|error| error.to_string().contains("unfinished"));
            let is_marked =
                files(&medium, COPY).iter().any(|(path, content)| path.ends_with("UNFINISHED") && !content.is_empty());
            assert!(is_refused || !is_marked, "call {call}");
        }
    }
    assert!(failed > 10, "{failed}");
}

#[test]
fn what_cannot_be_backed_up_says_why() {
    let db = Db::<World>::in_memory().unwrap();
    assert!(matches!(db.backup("nowhere"), Err(BackupError::NoDirectory)));
    let medium = Simulated::new();
    let db = small(&medium, SAVE).open().unwrap();
    let inside = db.clone();
    let inside = db.write(move |_| Ok(inside.backup(COPY).map_err(|error| error.to_string()))).unwrap();
    assert!(inside.unwrap_err().contains("inside a transaction"));
    for within in ["/games/save/monday", "/games/save/wal/../monday", "/games/../games/save/wal"] {
        let error = db.backup(within).unwrap_err().to_string();
        assert_eq!(
            error,
            format!("{within} is inside {SAVE}, which it is to be a copy of: name a directory elsewhere")
        );
    }
    assert!(!medium.exists(Path::new("/games/save/monday")).unwrap());
    db.close().unwrap();
    assert!(db.backup(COPY).unwrap_err().to_string().contains("closed"));
    assert!(files(&medium, COPY).is_empty());
}

/// Numbers of rows that are gone must not come again, also in a copy, also in one that is restored without the program.
#[derive(Component)]
struct Ticket {
    #[component(auto_increment)]
    number: u32,
}

ecsdb::schema! { Office: Ticket }

#[test]
fn numbers_that_were_given_out_are_not_given_out_again() {
    let medium = Simulated::new();
    let open = |directory: &str| {
        let builder = Db::<Office>::builder().media(medium.clone()).directory(directory).worker_threads(1);
        builder.open().unwrap()
    };
    let db = open(SAVE);
    let next = |db: &Db<Office>| {
        let ticket = db.spawn(Ticket { number: 0 }).unwrap();
        let number = db.snapshot().get::<Ticket>(ticket).unwrap().number();
        db.despawn(ticket).unwrap();
        number
    };
    let numbers: Vec<u32> = (0..5).map(|_| next(&db)).collect();
    assert!(numbers.windows(2).all(|pair| pair[0] < pair[1]), "{numbers:?}");
    db.checkpoint().unwrap().wait().unwrap();
    db.backup(COPY).unwrap();
    let last = next(&db);
    drop(db);
    let copy = open(COPY);
    assert_eq!(next(&copy), last, "the number that comes next");
    drop(copy);
    let restore = Restore::from_directory(closed(&medium, SAVE).unwrap()).onto(Arc::new(medium.clone()));
    restore.run(Target::Latest, "/games/earlier", |_| ()).unwrap();
    assert_eq!(next(&open("/games/earlier")), last + 1);
}

/// A medium that changes a bit of what is written to files with this ending in the copy, and says nothing.
struct Careless(Simulated, &'static str);

struct CarelessFile(Box<dyn MediaFile>);

impl Media for Careless {
    fn create_dir_all(&self, dir: &Path) -> io::Result<()> {
        self.0.create_dir_all(dir)
    }

    fn open(&self, path: &Path, how: Open) -> io::Result<Box<dyn MediaFile>> {
        let file = self.0.open(path, how)?;
        let is_meant = path.starts_with(COPY) && path.extension().is_some_and(|ending| ending == self.1);
        Ok(if is_meant { Box::new(CarelessFile(file)) } else { file })
    }

    fn exists(&self, path: &Path) -> io::Result<bool> {
        self.0.exists(path)
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<OsString>> {
        self.0.list(dir)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.0.rename(from, to)
    }

    fn rename_dir(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.0.rename_dir(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.0.remove(path)
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        self.0.sync_dir(dir)
    }

    fn lock(&self, path: &Path) -> io::Result<Lock> {
        self.0.lock(path)
    }

    fn now(&self) -> SystemTime {
        self.0.now()
    }
}

impl MediaFile for CarelessFile {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.0.read_at(buffer, offset)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        let mut changed = bytes.to_vec();
        if let Some(byte) = changed.last_mut().filter(|_| bytes.len() > 100) {
            *byte ^= 1;
        }
        self.0.write_at(&changed, offset)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.0.sync_data()
    }

    fn len(&self) -> io::Result<u64> {
        self.0.len()
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.set_len(len)
    }
}

/// Every file of a backup is read before it is called done.
#[test]
fn a_backup_that_is_not_what_was_written_is_none() {
    for (ending, is_noticed) in [("snap", true), ("new", true), ("other", false)] {
        let Played { medium, .. } = played(12);
        let builder = Db::<World>::builder().media(Careless(medium.clone(), ending)).directory(SAVE);
        let db = builder.worker_threads(1).open().unwrap();
        let made = db.backup(COPY);
        assert_eq!(made.is_err(), is_noticed, "{ending}: {made:?}");
        if is_noticed {
            let error = made.unwrap_err().to_string();
            assert!(error.contains("is damaged at byte") && error.contains(COPY), "{error}");
            assert!(small(&medium, COPY).open().err().unwrap().to_string().contains("is unfinished"));
        }
    }
}
