//! Directories where files should be, and links to directories: on the disk, which has both.

use std::fs;

#[cfg(unix)]
use ecsdb::maintenance::{Restore, Target};

use super::*;

/// A directory of the disk that is gone with this.
struct Temporary(PathBuf);

impl Temporary {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("ecsdb-folders-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Puts the files of `medium` in `directory` on the disk.
fn put(medium: &Simulated, directory: &Path) -> PathBuf {
    let save = directory.join("save");
    for (path, content) in files(medium, SAVE) {
        let to = save.join(path.strip_prefix(SAVE).unwrap());
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::write(to, content).unwrap();
    }
    save
}

fn open(directory: &Path) -> Result<Db<World>, ecsdb::OpenError> {
    Db::<World>::builder().directory(directory).worker_threads(1).segment_bytes(16 << 10).open()
}

#[test]
fn a_directory_in_the_place_of_any_file_is_named_and_moved_away() {
    let Played { medium, versions } = chained(30);
    let of_directory = files(&medium, SAVE).into_iter().map(|(path, _)| path.strip_prefix(SAVE).unwrap().to_owned());
    // What is locked must be a file, or nobody could be kept away.
    let mut names: Vec<PathBuf> = of_directory.filter(|name| name != Path::new("LOCK")).collect();
    assert!(["CLOSED", "schema.toml"].iter().all(|name| names.contains(&PathBuf::from(name))), "{names:?}");
    names.extend(["schema.toml.new", "migrations.toml", "migrations.toml.new", "CLOSED.new"].map(PathBuf::from));
    names.extend(["wal/00000000000000000099.new", "wal/00000000000000000001.old"].map(PathBuf::from));
    names.push("snapshots/00000000000000000099.snap.new".into());
    let mut hindrances = 0;
    for name in names {
        let temporary = Temporary::new("named");
        let save = put(&medium, &temporary.0);
        let (path, name) = (save.join(&name), name.display());
        let _ = fs::remove_file(&path);
        fs::create_dir(&path).unwrap();
        fs::write(path.join("note"), "somebody's").unwrap();
        let looking = ClosedDirectory::open(&save).unwrap();
        let report = looking.verify(|_| ()).unwrap();
        assert!(report.damages.iter().any(|damage| damage.file == path), "{name}: {report:#?}");
        let plan = looking.plan_repair(|_| ()).unwrap();
        assert!(plan.steps.iter().any(|step| step.file() == path), "{name}: {plan:#?}");
        drop(looking);
        let opened = open(&save).map(drop);
        assert_eq!(opened.is_ok(), report.version.is_some(), "{name}: {opened:?}, {report:#?}");
        hindrances += usize::from(opened.is_err());
        // Whoever has opened it has changed something.
        let looking = ClosedDirectory::open(&save).unwrap();
        let plan = looking.plan_repair(|_| ()).unwrap();
        let repaired = looking.repair(&plan).unwrap();
        assert!(repaired.kept_in.join(path.file_name().unwrap()).join("note").exists(), "nothing is removed");
        let report = looking.verify(|_| ()).unwrap();
        assert!(!report.damages.iter().any(|damage| damage.file == path), "{name}: {report:#?}");
        drop(looking);
        let db = open(&save).unwrap();
        let version = db.stats().version;
        assert_eq!(Some(version), plan.version, "{name}");
        assert!(Rows::of(&db) == versions[version as usize], "{name}");
        db.close().unwrap();
    }
    assert!(hindrances > 5, "{hindrances}");
}

/// A copy inside of what it is made of would be looked at as a part of it, whatever the way there is called.
#[cfg(unix)]
#[test]
fn a_link_leads_no_copy_into_the_directory_that_it_is_made_of() {
    use std::os::unix::fs::symlink;

    let temporary = Temporary::new("links");
    let at = |name: &str| temporary.0.join(name);
    let save = put(&played(12).medium, &temporary.0);
    symlink(&save, at("link")).unwrap();
    symlink(at("save/wal"), at("log")).unwrap();
    let restore = |from: &Path, to: &Path| {
        Restore::from_directory(ClosedDirectory::open(from).unwrap()).run(Target::Latest, to, |_| ())
    };
    for inside in ["link/copy", "link/deeper/copy", "log/copy", "log/../copy", "nowhere/../link/copy", "save/copy"] {
        for from in [&save, &at("link")] {
            let error = restore(from, &at(inside)).unwrap_err();
            assert!(matches!(error, MaintenanceError::Inside { .. }), "{inside}: {error}");
            let db = open(from).unwrap();
            let error = db.backup(at(inside)).unwrap_err();
            assert!(error.to_string().contains(" is inside "), "{inside}: {error}");
            db.close().unwrap();
        }
        assert!(!at(inside).exists(), "{inside}");
    }
    // Beside it there is room, also behind a link.
    fs::create_dir(at("copies")).unwrap();
    symlink(at("copies"), at("there")).unwrap();
    assert_eq!(restore(&at("link"), &at("there/one")).unwrap().version, 12);
    assert_eq!(open(&at("copies/one")).unwrap().stats().version, 12);
}
