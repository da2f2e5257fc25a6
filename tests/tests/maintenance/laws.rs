//! What holds of every directory, however damaged it is, and what is checked here of many: of one whose schema has changed twice and
//! that has chains of snapshot files, and of all golden ones.
//!
//! - A directory opens if and only if `verify` names a version, and to that version; one in order opens without passing anything over.
//! - Each version that can be had according to `verify` is restored, with its rows, and no other one.
//! - A restore of the latest state gives what an opening gives, or all that there was, or nothing.
//! - The time at which a version was committed leads to that version, unless what came next is not known.
//! - A repaired directory opens to the version of the plan, and has the versions of the plan; nothing is removed.

use std::collections::{BTreeMap, BTreeSet};

use ecsdb::error::DirectoryError;
use ecsdb::maintenance::{RepairStep, Restore, Target, VerifyReport};
use ecsdb::schema::{DatabaseSchema, Durability, Value};
use ecsdb::{DynDb, OpenError};
use ecsdb_tests::golden;

use super::*;

/// Where states are restored to.
const EARLIER: &str = "/earlier";

/// A directory, and what it held after each version that somebody has seen.
struct History {
    medium: Simulated,
    directory: &'static str,
    states: BTreeMap<u64, Vec<String>>,
    schema: DatabaseSchema,
}

/// Every row of a database in words, but for what is not logged.
fn rows(db: &DynDb) -> Vec<String> {
    let (snapshot, mut rows) = (db.snapshot(), Vec::new());
    for table in db.schema().tables().iter().filter(|table| table.durability == Durability::Wal) {
        for row in snapshot.view().table(&table.name).unwrap().rows() {
            let values: Vec<String> = row.values().iter().map(|(name, value)| format!("{name}={value}")).collect();
            rows.push(format!("{} {}: {}", table.name, row.entity().unwrap(), values.join(" ")));
        }
    }
    rows.sort();
    rows
}

fn open(medium: &Simulated, directory: &str, schema: DatabaseSchema) -> Result<DynDb, OpenError> {
    let mut everything = Retention::default();
    everything.versions = u64::MAX;
    let builder = DynDb::builder().media(medium.clone()).directory(directory).worker_threads(1);
    builder.segment_bytes(16 << 10).retention(everything).open_schema(schema)
}

/// The schema as the directory says it.
fn schema_in(medium: &Simulated, directory: &str) -> DatabaseSchema {
    let state = medium.state();
    let text = state.content(&Path::new(directory).join("schema.toml")).unwrap().to_vec();
    DatabaseSchema::from_toml(&String::from_utf8(text).unwrap(), "schema.toml").unwrap()
}

fn schema(tables: &str) -> DatabaseSchema {
    DatabaseSchema::from_toml(&format!("[database]\nname = \"evolving\"\n{tables}"), "evolving.toml").unwrap()
}

/// The schema of each era: rows of `unit` are written anew twice, and tables come and go.
fn era(number: usize) -> DatabaseSchema {
    let hp = ["u16", "u32", "u64"][number];
    let others = [
        "[tables.note]\n[[tables.note.fields]]\nname = \"text\"\ntype = \"string\"\n[tables.old]\n",
        "[tables.note]\n[[tables.note.fields]]\nname = \"text\"\ntype = \"string\"\n[tables.old]\ndeprecated = \"gone\"\n[tables.mid]\n",
        "[tables.note]\n[[tables.note.fields]]\nname = \"text\"\ntype = \"string\"\n[tables.new]\n[tables.mid]\n",
    ];
    schema(&format!("[tables.unit]\n[[tables.unit.fields]]\nname = \"hp\"\ntype = \"{hp}\"\n{}", others[number]))
}

/// Three eras, with a complete snapshot file and some that go on from it in each of them, as far as `checkpoints` says.
fn evolved(checkpoints: bool) -> History {
    let (medium, mut states) = (Simulated::new(), BTreeMap::from([(0, Vec::new())]));
    for number in 0..3 {
        let db = open(&medium, SAVE, era(number)).unwrap();
        states.insert(db.stats().version, rows(&db));
        for step in 0..12_u16 {
            let hp: Value = [Value::from(step), u32::from(step).into(), u64::from(step).into()][number].clone();
            db.write(move |tx| {
                let unit = tx.spawn(&[("unit", &[("hp", hp.clone())])])?;
                let text = "Once upon a time ".repeat(usize::from(step) * 12);
                tx.insert("note", unit, &[("text", text.into())])?;
                if step.is_multiple_of(4) && number == 0 {
                    tx.insert("old", unit, &[])?;
                }
                Ok(())
            })
            .unwrap();
            db.sync().unwrap();
            states.insert(db.stats().version, rows(&db));
            if checkpoints && [3, 6, 10].contains(&step) && (number, step) != (1, 3) {
                db.checkpoint().unwrap().wait().unwrap();
            }
        }
        db.close().unwrap();
    }
    History { medium, directory: SAVE, states, schema: era(2) }
}

impl History {
    fn last(&self) -> u64 {
        *self.states.last_key_value().unwrap().0
    }

    /// The same with another medium.
    fn on(&self, medium: Simulated) -> Self {
        Self { medium, directory: self.directory, states: self.states.clone(), schema: self.schema.clone() }
    }

    fn verified(&self) -> VerifyReport {
        closed(&copy(&self.medium), self.directory).unwrap().verify(|_| ()).unwrap()
    }

    fn restore(&self, target: Target, archive: bool) -> Result<(u64, Vec<String>), MaintenanceError> {
        let medium = copy(&self.medium);
        let mut restore = Restore::from_directory(closed(&medium, self.directory)?).onto(Arc::new(medium.clone()));
        if archive {
            restore = restore.with_archive(shelf(&medium));
        }
        let restored = restore.run(target, EARLIER, |_| ())?;
        let report = closed(&medium, EARLIER).unwrap().verify(|_| ()).unwrap();
        assert_eq!(report.version, Some(restored.version), "{report:#?}");
        let db = open(&medium, EARLIER, schema_in(&medium, EARLIER)).unwrap();
        assert_eq!(db.stats().version, restored.version);
        assert_eq!(db.recovery().unwrap().timeline, restored.timeline, "what was said stays");
        Ok((restored.version, rows(&db)))
    }

    /// The schema of version `version`, which can be had.
    fn schema_of(&self, version: u64) -> DatabaseSchema {
        let medium = copy(&self.medium);
        let restore = Restore::from_directory(closed(&medium, self.directory).unwrap()).onto(Arc::new(medium.clone()));
        restore.run(Target::Version(version), EARLIER, |_| ()).unwrap();
        schema_in(&medium, EARLIER)
    }

    /// Checks what is verified against what an opening comes to.
    fn verify_and_opening_agree(&self, what: &str) -> VerifyReport {
        let report = self.verified();
        let text = format!("{what}: {report:#?}");
        match open(&copy(&self.medium), self.directory, self.schema.clone()) {
            Ok(db) => {
                let recovery = db.recovery().unwrap();
                assert_eq!(report.version, Some(db.stats().version), "{text}");
                assert!(!report.is_fine() || recovery.passed_over.is_empty(), "{text}");
                let rows = rows(&db);
                assert!(self.states[&db.stats().version] == rows, "{text}");
            }
            Err(error) => assert!(report.version.is_none() && !report.is_fine(), "{error} {text}"),
        }
        report
    }

    /// Checks that all of `versions` are restored that can be, and no others.
    fn versions_are_restored(&self, report: &VerifyReport, versions: impl Iterator<Item = u64>, what: &str) {
        for version in versions {
            let is_reachable = report.reachable.iter().any(|(from, to)| (from..=to).contains(&&version));
            let text = || format!("version {version} of {what}: {report:#?}");
            match self.restore(Target::Version(version), false) {
                Ok(restored) => {
                    assert!(is_reachable, "{}", text());
                    assert!(restored.1 == self.states[&version], "{}", text());
                }
                Err(MaintenanceError::OutOfReach { .. }) => assert!(!is_reachable, "{}", text()),
                Err(error) => panic!("{error} {}", text()),
            }
        }
    }

    /// Checks that what is taken for the latest state is that.
    fn the_latest_is_the_latest(&self, report: &VerifyReport, what: &str) {
        match (self.restore(Target::Latest, false), report.version) {
            (Ok((version, rows)), Some(opened)) => {
                assert_eq!(version, opened, "{what}");
                assert!(rows == self.states[&version], "{what}");
            }
            (Ok((version, rows)), None) => {
                assert_eq!(version, self.last(), "{what}: {report:#?}");
                assert!(rows == self.states[&version], "{what}");
            }
            (Err(MaintenanceError::Lost { highest, .. }), None) => assert!(highest <= self.last() + 1, "{what}"),
            (Err(error), _) => panic!("{what}: {error} {report:#?}"),
        }
    }

    /// Checks that the time at which a version was committed leads to it, unless nobody knows when the next one came.
    fn a_time_leads_to_its_version(&self, report: &VerifyReport, versions: impl Iterator<Item = u64>, what: &str) {
        let time_of = |version: u64| {
            let medium = copy(&self.medium);
            let restore =
                Restore::from_directory(closed(&medium, self.directory).unwrap()).onto(Arc::new(medium.clone()));
            restore.run(Target::Version(version), EARLIER, |_| ()).unwrap().committed()
        };
        for version in versions {
            let Some((_, to)) = report.reachable.iter().find(|(from, to)| (from..=to).contains(&&version)) else {
                continue;
            };
            let Some(time) = time_of(version) else { continue };
            match self.restore(Target::Time(time), false) {
                // What was written anew for another schema has one time.
                Ok((found, _)) => {
                    assert!(found == version || time_of(found) == Some(time), "{what}: {found} for {version}")
                }
                Err(MaintenanceError::Lost { .. }) => assert_eq!(*to, version, "{what}: {report:#?}"),
                Err(error) => panic!("version {version} of {what}: {error} {report:#?}"),
            }
        }
    }

    /// Repairs what has to be repaired, and checks what is left.
    fn a_repair_keeps_its_plan(&self, what: &str) {
        let medium = copy(&self.medium);
        let plan = closed(&medium, self.directory).unwrap().plan_repair(|_| ()).unwrap();
        let text = format!("{what}: {plan:#?}");
        if !plan.is_needed() {
            return;
        }
        let before = data(&medium, self.directory);
        let repaired = closed(&medium, self.directory).unwrap().repair(&plan).unwrap();
        assert!(before.is_subset(&data(&medium, self.directory)), "nothing is gone: {text}");
        let history = self.on(medium);
        let report = history.verified();
        assert_eq!(report.version, plan.version, "{text} {report:#?}");
        assert_eq!(report.reachable, plan.reachable, "{text} {report:#?}");
        assert!(report.is_fine() || plan.damages.len() > 1 || repaired.timeline.is_none(), "{text} {report:#?}");
        let again = closed(&history.medium, self.directory).unwrap().plan_repair(|_| ()).unwrap();
        assert!(!again.is_needed(), "once is enough: {text} {again:#?}");
        let version = repaired.version;
        let (latest, expected) = history.restore(Target::Latest, false).unwrap();
        assert!(latest == version && expected == self.states[&version], "{text}");
        // The schema may have changed since.
        let db = open(&history.medium, self.directory, self.schema_of(version)).unwrap();
        assert!(db.stats().version == version && rows(&db) == self.states[&version], "{text}");
        let timeline = db.recovery().unwrap().timeline;
        assert!(repaired.timeline.is_none_or(|named| named == timeline), "{text}");
    }

    /// All laws.
    fn holds(&self, what: &str, rng: &mut fastrand::Rng) -> VerifyReport {
        let report = self.verify_and_opening_agree(what);
        let highest = self.last() + 1;
        let edges = report.reachable.iter().flat_map(|(from, to)| [from.saturating_sub(1), *from, *to, to + 1]);
        let some: BTreeSet<u64> = edges.chain([rng.u64(0..=highest), highest]).collect();
        self.a_time_leads_to_its_version(&report, some.iter().copied(), what);
        self.versions_are_restored(&report, some.into_iter(), what);
        self.the_latest_is_the_latest(&report, what);
        self.a_repair_keeps_its_plan(what);
        report
    }
}

/// The contents of all files with data.
fn data(medium: &Simulated, directory: &str) -> BTreeSet<Vec<u8>> {
    files(medium, directory).into_iter().filter(|(path, _)| is_data(path)).map(|(_, content)| content).collect()
}

fn is_data(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == "wal" || ending == "snap")
}

/// The files with data, and up to where something is written in each.
fn written(medium: &Simulated, directory: &str) -> Vec<(PathBuf, usize)> {
    let all = files(medium, directory).into_iter().filter(|(path, _)| is_data(path));
    all.map(|(path, content)| (path, content.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1))).collect()
}

#[test]
fn a_directory_whose_schema_has_changed_is_in_order_and_has_every_version() {
    for history in [evolved(false), evolved(true)] {
        let report = history.verify_and_opening_agree("as it is");
        assert!(report.is_fine() && report.was_closed, "{report:#?}");
        assert_eq!(report.reachable, [(0, history.last())]);
        history.versions_are_restored(&report, 0..=history.last() + 1, "as it is");
        history.the_latest_is_the_latest(&report, "as it is");
    }
}

/// A byte in the header, in the middle and in the last record of every file, a file that is cut off, and one that is missing.
#[test]
fn the_laws_hold_for_damage_at_every_place_that_matters() {
    for (seed, history) in [(1, evolved(false)), (2, evolved(true))] {
        let mut rng = fastrand::Rng::with_seed(seed);
        closed(&history.medium, SAVE).unwrap().archive_to(shelf(&history.medium), None).unwrap();
        let with_archive = |damaged: &History, what: &str| {
            let (version, rows) = damaged.restore(Target::Latest, true).unwrap();
            assert!(version == history.last() && rows == history.states[&version], "{what}, with the archive");
        };
        for (path, end) in written(&history.medium, history.directory) {
            let name = path.display();
            for at in [30, end / 2, end.saturating_sub(60), end - 1] {
                let damaged = history.on(with(&history.medium, &path, |bytes| bytes[at] ^= 0x11));
                damaged.holds(&format!("byte {at} of {name}"), &mut rng);
                with_archive(&damaged, &format!("byte {at} of {name}"));
            }
            let cut = history.on(with(&history.medium, &path, |bytes| bytes.truncate(end * 2 / 3)));
            cut.holds(&format!("{name} cut off"), &mut rng);
            with_archive(&cut, &format!("{name} cut off"));
            let lossy = history.on(copy(&history.medium));
            ecsdb::media::Media::remove(&lossy.medium, &path).unwrap();
            let report = lossy.verified();
            assert!(report.version.is_none_or(|version| history.states.contains_key(&version)), "without {name}");
            with_archive(&lossy, &format!("without {name}"));
        }
    }
}

/// Some bytes of a small directory, one or two at a time.
fn flipped(history: &History, rounds: usize, rng: &mut fastrand::Rng, mut look: impl FnMut(&History, &str)) {
    let files = written(&history.medium, history.directory);
    for round in 0..rounds {
        let (mut damaged, mut what) = (copy(&history.medium), String::new());
        for _ in 0..=round % 2 {
            let (path, end) = &files[rng.usize(..files.len())];
            let at = rng.usize(..*end);
            damaged = with(&damaged, path, |bytes| bytes[at] ^= 1 << (round % 8));
            what += &format!("byte {at} of {} ", path.display());
        }
        look(&history.on(damaged), &what);
    }
}

#[test]
fn the_laws_hold_for_any_flipped_bytes() {
    for (seed, history) in [(3, evolved(true)), (4, uncut())] {
        let mut rng = fastrand::Rng::with_seed(seed);
        let mut places = rng.fork();
        flipped(&history, 80, &mut places, |history, what| drop(history.holds(what, &mut rng)));
    }
}

/// The marks of a close and an opening stand between two versions: where they are damaged, what is behind goes on from a snapshot file.
#[test]
fn the_laws_hold_where_any_record_is_damaged_or_is_the_end_of_its_file() {
    for (seed, history) in [(7, evolved(true)), (8, uncut())] {
        let mut rng = fastrand::Rng::with_seed(seed);
        for (path, _) in written(&history.medium, history.directory) {
            if path.extension().is_none_or(|ending| ending != "wal") {
                continue;
            }
            let content = history.medium.state().content(&path).unwrap().to_vec();
            let records = repair::records(&content);
            // Marks, and some of the commits.
            let some = records.iter().enumerate().filter(|(index, (_, kind))| [2, 3].contains(kind) || index % 4 == 0);
            for (_, (at, kind)) in some {
                let what = format!("record of kind {kind} at byte {at} of {}", path.display());
                let damaged = history.on(with(&history.medium, &path, |bytes| bytes[at + 20] ^= 0x10));
                damaged.holds(&what, &mut rng);
                // Without it and all behind it: whoever reads sees nothing that does not fit, so only what is there is promised.
                let cut = history.on(with(&history.medium, &path, |bytes| bytes.truncate(*at)));
                let report = cut.verify_and_opening_agree(&format!("cut before {what}"));
                cut.versions_are_restored(&report, report.reachable.iter().flat_map(|(from, to)| [*from, *to]), &what);
                cut.a_repair_keeps_its_plan(&format!("cut before {what}"));
            }
        }
    }
}

/// What stands behind a damage is not read before a repair has put it in a place of its own. If it is no good, that is said, nobody opens the
/// directory, and the next plan knows.
#[test]
fn a_repair_that_has_saved_what_is_no_good_says_so() {
    let history = uncut();
    let path = segments(&history.medium, golden::DIR).pop().unwrap();
    let content = history.medium.state().content(&path).unwrap().to_vec();
    let records = repair::records(&content);
    let at = |version: u64| {
        let is_it = |at: usize| content[at + 16..at + 24] == version.to_le_bytes() && content[at + 44] == 1;
        records.iter().map(|(at, _)| *at).find(|at| is_it(*at)).unwrap()
    };
    let last = history.last();
    let medium = with(&history.medium, &path, |bytes| {
        // Before the snapshot file, so that what is behind is saved from there.
        bytes[at(8) + 20] ^= 1;
        // A record whose checksum is right, and that nobody can read.
        let (from, len) =
            (at(last), u32::from_le_bytes(bytes[at(last) + 4..at(last) + 8].try_into().unwrap()) as usize);
        bytes[from + 48..from + len].fill(0xee);
        let checksum = crc32c::crc32c(&bytes[from + 4..from + len]);
        bytes[from..from + 4].copy_from_slice(&checksum.to_le_bytes());
    });
    assert!(last > 11, "the snapshot file is before that");
    let directory = || closed(&medium, golden::DIR).unwrap();
    let plan = directory().plan_repair(|_| ()).unwrap();
    assert!(
        plan.version == Some(last) && plan.steps.iter().any(|step| matches!(step, RepairStep::Salvage { .. })),
        "{plan:#?}"
    );
    let error = directory().repair(&plan).unwrap_err();
    assert!(matches!(error, MaintenanceError::Directory(DirectoryError::Damaged { .. })), "{error}");
    assert!(open(&copy(&medium), golden::DIR, history.schema.clone()).is_err(), "nobody opens it");
    let again = directory().plan_repair(|_| ()).unwrap();
    assert_eq!(again.version, Some(last - 1), "{again:#?}");
    directory().repair(&again).unwrap();
    let db = open(&medium, golden::DIR, history.schema.clone()).unwrap();
    assert!(db.stats().version == last - 1 && rows(&db) == history.states[&(last - 1)]);
}

/// A repair that is interrupted is planned and done again, without loss; meanwhile nobody opens what is half repaired.
#[test]
fn a_repair_that_crashes_anywhere_is_done_again() {
    for (seed, history) in [(5, evolved(true)), (6, uncut())] {
        let (mut repaired, mut salvaged, mut images) = (0, 0, 0);
        let mut rng = fastrand::Rng::with_seed(seed);
        flipped(&history, 150, &mut rng, |damaged, what| {
            if repaired >= 6 {
                return;
            }
            let run = Simulated::of(damaged.medium.state());
            let plan = closed(&run, damaged.directory).unwrap().plan_repair(|_| ()).unwrap();
            let opens = open(&copy(&run), damaged.directory, damaged.schema.clone()).is_ok();
            if opens || !plan.is_needed() {
                return;
            }
            repaired += 1;
            salvaged += plan.steps.iter().filter(|step| matches!(step, RepairStep::Salvage { .. })).count();
            let everything = data(&run, damaged.directory);
            closed(&run, damaged.directory).unwrap().repair(&plan).unwrap();
            run.trace().for_each_state(|operations, state| {
                for survival in
                    [Survival::Nothing, Survival::Everything, Survival::Random { seed: operations as u64, unit: 512 }]
                {
                    let image = history.on(Simulated::of(state.image(survival)));
                    let text = format!("after {operations}, {survival:?}: {what}: {plan:#?}");
                    let report = image.verified();
                    assert!(report.version.is_none_or(|version| Some(version) == plan.version), "{text} {report:#?}");
                    let again = closed(&image.medium, image.directory).unwrap().plan_repair(|_| ()).unwrap();
                    assert_eq!((again.version, &again.reachable), (plan.version, &plan.reachable), "{text} {again:#?}");
                    if again.is_needed() {
                        closed(&image.medium, image.directory).unwrap().repair(&again).unwrap();
                    }
                    assert!(everything.is_subset(&data(&image.medium, image.directory)), "{text}");
                    let report = image.verified();
                    assert_eq!((report.version, &report.reachable), (plan.version, &plan.reachable), "{text}");
                    images += 1;
                }
            });
        });
        assert!(repaired >= 5 && images > 100, "{repaired}, {images}");
        assert!(salvaged > 0 || history.directory == SAVE, "something stands behind a damage");
    }
}

#[test]
fn the_laws_hold_for_every_golden_directory() {
    let mut cases: Vec<PathBuf> =
        std::fs::read_dir(golden::root().join("1")).unwrap().map(|case| case.unwrap().path()).collect();
    cases.retain(|path| path.is_dir());
    assert!(cases.len() > 9, "{cases:?}");
    for case in cases {
        let what = case.file_name().unwrap().to_str().unwrap().to_owned();
        let medium = golden::medium(&golden::read(&case));
        let Ok(closed) = closed(&copy(&medium), golden::DIR) else { continue };
        let report = match closed.verify(|_| ()) {
            Ok(report) => report,
            Err(MaintenanceError::Directory(DirectoryError::Format { .. })) => continue,
            Err(error) => panic!("{what}: {error}"),
        };
        let opened = golden::outcome(&golden::read(&case));
        assert_eq!(report.version.is_none(), opened.starts_with("cannot be opened"), "{what}: {report:#?}");
        assert!(!report.is_fine() || !opened.contains("passed over"), "{what}: {report:#?}");
        // Each version that can be had is the same from whatever file it is put together.
        let of_all = golden::named("1/log-killed");
        let schema = schema_in(&medium, golden::DIR);
        let states = if what.starts_with("log") { states_of(&golden::medium(&of_all)) } else { states_of(&medium) };
        let history = History { medium, directory: golden::DIR, states, schema };
        let reachable = report.reachable.iter().flat_map(|(from, to)| *from..=*to);
        history.versions_are_restored(&report, reachable, &what);
        if let Ok((version, _)) = history.restore(Target::Latest, false) {
            assert_eq!(Some(version), report.version, "{what}");
        }
        history.a_repair_keeps_its_plan(&what);
    }
}

/// The golden directory of a log that goes on in the same segment behind a snapshot file.
fn uncut() -> History {
    let medium = golden::medium(&golden::named("1/snapshot-uncut"));
    let (states, schema) = (states_of(&medium), schema_in(&medium, golden::DIR));
    History { medium, directory: golden::DIR, states, schema }
}

/// The rows of all versions that can be restored of what is on `medium`.
fn states_of(medium: &Simulated) -> BTreeMap<u64, Vec<String>> {
    let schema = schema_in(medium, golden::DIR);
    let history = History { medium: copy(medium), directory: golden::DIR, states: BTreeMap::new(), schema };
    let report = history.verified();
    let versions = report.reachable.iter().flat_map(|(from, to)| *from..=*to);
    versions.map(|version| (version, history.restore(Target::Version(version), false).unwrap().1)).collect()
}
