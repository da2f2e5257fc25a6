//! Directories that can be opened again.

use std::collections::BTreeSet;

use ecsdb::maintenance::{RepairPlan, RepairStep};

use super::*;

fn planned(medium: &Simulated) -> RepairPlan {
    closed(medium, SAVE).unwrap().plan_repair(|_| ()).unwrap()
}

/// All contents of files but those of locks and of what is written for readers.
fn contents(medium: &Simulated) -> BTreeSet<Vec<u8>> {
    let is_data = |path: &Path| path.extension().is_some_and(|ending| ending == "wal" || ending == "snap");
    files(medium, SAVE).into_iter().filter(|(path, _)| is_data(path)).map(|(_, content)| content).collect()
}

/// Repairs, and checks that the directory opens to the version of the plan, that nothing is gone, and that it is in order.
fn repair(medium: &Simulated, versions: &[Rows]) -> u64 {
    let (before, old) = (contents(medium), timelines(medium));
    let plan = planned(medium);
    assert!(plan.is_needed(), "{plan:#?}");
    let repaired = closed(medium, SAVE).unwrap().repair(&plan).unwrap();
    assert_eq!(Some(repaired.version), plan.version);
    assert!(repaired.kept_in.starts_with("/games/save/repaired"));
    let left: BTreeSet<Vec<u8>> = contents(medium);
    assert!(before.is_subset(&left), "everything that was there is there: {plan:#?}");
    let report = closed(medium, SAVE).unwrap().verify(|_| ()).unwrap();
    assert_eq!(report.version, plan.version, "{plan:#?} {report:#?}");
    // What is damaged before a snapshot file that is good is no hindrance, and stays.
    assert!(report.is_fine() || plan.damages.len() > 1 || repaired.timeline.is_none(), "{plan:#?} {report:#?}");
    assert!(!planned(medium).is_needed(), "once is enough");
    let db = small(medium, SAVE).open().unwrap();
    assert_eq!(db.stats().version, repaired.version);
    assert!(Rows::of(&db) == versions[repaired.version as usize], "version {}", repaired.version);
    if let Some(named) = repaired.timeline {
        assert_eq!(named, db.recovery().unwrap().timeline, "the timeline that was named");
        assert!(!old.contains(&named), "versions are given out again in a timeline of their own");
    }
    db.spawn(Small::sample(1)).unwrap();
    repaired.version
}

fn timelines(medium: &Simulated) -> Vec<u64> {
    let info = closed(medium, SAVE).unwrap().info();
    info.map(|info| info.segments.iter().map(|segment| segment.timeline).collect()).unwrap_or_default()
}

#[test]
fn what_is_in_order_needs_no_repair() {
    let Played { medium, .. } = checkpointed(20);
    let before = files(&medium, SAVE);
    let plan = planned(&medium);
    assert!(!plan.is_needed() && plan.version == Some(20) && plan.damages.is_empty(), "{plan:#?}");
    let error = closed(&medium, SAVE).unwrap().repair(&plan).unwrap_err();
    assert!(matches!(error, MaintenanceError::NothingToRepair), "{error}");
    assert!(files(&medium, SAVE) == before);
}

#[test]
fn a_plan_says_what_would_be_lost_and_does_nothing() {
    let Played { medium, versions } = played(40);
    let paths = segments(&medium, SAVE);
    let damaged = with(&medium, &paths[2], |bytes| bytes[4200] ^= 1);
    let before = files(&damaged, SAVE);
    let plan = planned(&damaged);
    assert!(files(&damaged, SAVE) == before, "a plan changes nothing");
    assert_eq!(plan.highest, 40);
    let version = plan.version.unwrap();
    assert!(version < 40 && plan.damages[0].meaning.contains(&format!("versions {} to 40", version + 1)), "{plan:#?}");
    assert_eq!(repair(&damaged, &versions), version);
}

#[test]
fn damage_of_every_kind_is_repaired() {
    for (played, seed) in [(played(30), 1), (checkpointed(30), 2)] {
        let Played { medium, versions } = played;
        let mut rng = fastrand::Rng::with_seed(seed);
        let data: Vec<(PathBuf, Vec<u8>)> = files(&medium, SAVE)
            .into_iter()
            .filter(|(path, _)| path.extension().is_some_and(|ending| ending == "wal" || ending == "snap"))
            .collect();
        let mut repaired = 0;
        for _ in 0..120 {
            let damaged = copy(&medium);
            let mut damaged = damaged;
            for _ in 0..rng.usize(1..3) {
                let (path, content) = &data[rng.usize(..data.len())];
                if damaged.state().content(path).is_none() {
                    continue;
                }
                match rng.u8(..4) {
                    0 => ecsdb::media::Media::remove(&damaged, path).unwrap(),
                    1 => damaged = with(&damaged, path, |bytes| bytes.truncate(rng.usize(..content.len()))),
                    _ => {
                        let at = rng.usize(..content.len());
                        damaged = with(&damaged, path, |bytes| {
                            if let Some(byte) = bytes.get_mut(at) {
                                *byte ^= 0x11;
                            }
                        });
                    }
                }
            }
            let plan = planned(&damaged);
            let opens = small(&copy(&damaged), SAVE).open().is_ok();
            assert!(opens || plan.is_needed() || plan.version.is_none(), "{plan:#?}");
            if plan.is_needed() {
                repair(&damaged, &versions);
                repaired += 1;
            }
        }
        assert!(repaired > 30, "{repaired}");
    }
}

#[test]
fn what_cannot_be_saved_is_left_as_it_is() {
    let Played { medium, .. } = played(20);
    let path = segments(&medium, SAVE)[0].clone();
    let damaged = with(&medium, &path, |bytes| bytes[20] ^= 1);
    let before = files(&damaged, SAVE);
    let plan = planned(&damaged);
    assert!(plan.version.is_none() && !plan.is_needed(), "{plan:#?}");
    let error = closed(&damaged, SAVE).unwrap().repair(&plan).unwrap_err();
    assert!(matches!(error, MaintenanceError::NothingToSave), "{error}");
    assert!(files(&damaged, SAVE) == before);
}

#[test]
fn two_repairs_of_one_directory_are_two_histories() {
    let Played { medium, .. } = played(40);
    let path = segments(&medium, SAVE)[2].clone();
    let mut histories = BTreeSet::new();
    for _ in 0..4 {
        let damaged = with(&medium, &path, |bytes| bytes[4200] ^= 1);
        let plan = planned(&damaged);
        let repaired = closed(&damaged, SAVE).unwrap().repair(&plan).unwrap();
        assert!(histories.insert(repaired.timeline.unwrap()), "the same version numbers, in the same timeline");
    }
}

/// The clock of the medium counts calls in milliseconds: two for each folder, which is made, and found by the plan. So when the repair wants a
/// folder, all of those that it could mean are there, however many other calls have been made by then.
#[test]
fn a_repair_takes_a_folder_that_was_not_there() {
    use ecsdb::media::Media;

    const FOLDERS: u64 = 500;
    let Played { medium, .. } = played(40);
    let path = segments(&medium, SAVE)[2].clone();
    let damaged = || with(&medium, &path, |bytes| bytes[4200] ^= 1);
    let repaired_in = |medium: &Simulated| -> u64 {
        let plan = planned(medium);
        let kept_in = closed(medium, SAVE).unwrap().repair(&plan).unwrap().kept_in;
        kept_in.file_name().unwrap().to_str().unwrap().parse().unwrap()
    };
    let folder = |time: u64| Path::new(SAVE).join("repaired").join(time.to_string());
    let time = repaired_in(&damaged()) + FOLDERS * 7 / 4 * 1_000_000;
    let medium = damaged();
    for calls in 0..FOLDERS {
        medium.create_dir_all(&folder(time + calls * 1_000_000)).unwrap();
    }
    let next = repaired_in(&medium);
    assert_eq!((next - time) % 1_000_000, 1, "the next one to one that was there");
    assert!(medium.list(&folder(next - 1)).unwrap().is_empty(), "nothing came into that one");
    assert!(!medium.list(&folder(next)).unwrap().is_empty());
}

/// Where the records of a segment stand, with their kinds.
pub fn records(segment: &[u8]) -> Vec<(usize, u8)> {
    let mut at = 4096;
    let mut found = Vec::new();
    while let Some(len) = segment.get(at + 4..at + 8).map(|len| u32::from_le_bytes(len.try_into().unwrap())) {
        if len == 0 {
            break;
        }
        found.push((at, segment[at + 44]));
        at += len as usize;
    }
    found
}

/// The mark of an opening behind that of a close is damaged: what is left looks like a log that was closed. It must not go on in
/// the old timeline, where its version numbers have been given out.
#[test]
fn what_is_left_before_a_damaged_opening_does_not_go_on_in_the_old_timeline() {
    let Played { medium, versions } = played(3);
    let db = small(&medium, SAVE).open().unwrap();
    db.spawn(Small::sample(4)).unwrap();
    drop(db);
    let path = segments(&medium, SAVE)[0].clone();
    let (open, _) = *records(medium.state().content(&path).unwrap()).iter().find(|(_, kind)| *kind == 3).unwrap();
    let damaged = with(&medium, &path, |bytes| bytes[open + 20] ^= 1);
    assert_eq!(repair(&damaged, &versions), 3);
}

/// A record is damaged that a snapshot file makes up for, and what follows it in the segment is good.
#[test]
fn what_a_snapshot_file_makes_up_for_costs_nothing() {
    // Shortly after the one before, so that the log goes on in the same segment.
    let Played { medium, versions } = played_with(40, |db, n| {
        if [4, 5].contains(&(n % 9)) {
            db.checkpoint().unwrap().wait().unwrap();
        }
    });
    let snapshots = [6, 15, 24, 33_u64];
    let mut salvaged = 0;
    for snapshot in snapshots {
        let names = segments(&medium, SAVE);
        let first = |path: &PathBuf| path.file_stem().unwrap().to_str().unwrap().parse::<u64>().unwrap();
        let path = names.iter().rfind(|path| first(path) <= snapshot + 1).unwrap();
        let content = medium.state().content(path).unwrap().to_vec();
        let version = |at: usize| u64::from_le_bytes(content[at + 16..at + 24].try_into().unwrap());
        let Some((at, _)) = records(&content).into_iter().find(|(at, _)| version(*at) == snapshot) else { continue };
        // Without the snapshot files after this one.
        let damaged = with(&medium, path, |bytes| bytes[at + 50] ^= 1);
        for later in snapshots.into_iter().filter(|later| *later > snapshot).flat_map(|later| [later - 1, later]) {
            let path = format!("{SAVE}/snapshots/{later:020}.snap");
            ecsdb::media::Media::remove(&damaged, Path::new(&path)).unwrap();
        }
        let needed = planned(&damaged);
        if needed.is_needed() {
            assert_eq!(needed.version, Some(40), "{needed:#?}");
            assert_eq!(repair(&damaged, &versions), 40);
            salvaged += 1;
        }
    }
    assert!(salvaged > 0);
}

#[test]
fn a_repair_that_crashes_anywhere_leaves_what_can_be_repaired() {
    let plain = played(40);
    let snapshots = played_with(40, |db, n| {
        if n == 12 {
            db.checkpoint().unwrap().wait().unwrap();
        }
    });
    let last = |medium: &Simulated| {
        let paths = segments(medium, SAVE);
        let first = |path: &PathBuf| path.file_stem().unwrap().to_str().unwrap().parse::<u64>().unwrap();
        paths.iter().rposition(|path| first(path) <= 14).unwrap()
    };
    let before_the_snapshot = last(&snapshots.medium);
    for (Played { medium, versions }, index, at) in
        [(&plain, 2, 4200), (&plain, 1, 30), (&plain, 0, 5000), (&snapshots, before_the_snapshot, 4200)]
    {
        let paths = segments(medium, SAVE);
        let old = timelines(medium);
        let damaged = with(medium, &paths[index], |bytes| bytes[at] ^= 1);
        let everything = contents(&damaged);
        let run = Simulated::of(damaged.state());
        let plan = planned(&run);
        let version = plan.version.unwrap();
        closed(&run, SAVE).unwrap().repair(&plan).unwrap();
        let mut images = 0;
        run.trace().for_each_state(|operations, state| {
            let random = |image: u64| Survival::Random { seed: operations as u64 * 8 + image, unit: 512 };
            for survival in [Survival::Nothing, Survival::Everything, random(1), random(2), random(3)] {
                let image = Simulated::of(state.image(survival));
                // Whoever opens it in between finds it damaged, in repair, or repaired.
                if let Ok(db) = small(&copy(&image), SAVE).open() {
                    assert_eq!(db.stats().version, version, "after {operations}, {survival:?}");
                    assert!(!old.contains(&db.recovery().unwrap().timeline), "after {operations}, {survival:?}");
                }
                let left = contents(&image);
                assert!(everything.is_subset(&left), "after {operations}, {survival:?}: something is gone");
                let again = planned(&image);
                assert_eq!(again.version, Some(version), "after {operations}, {survival:?}");
                if again.is_needed() {
                    closed(&image, SAVE).unwrap().repair(&again).unwrap();
                }
                let db = small(&image, SAVE).open().unwrap();
                assert_eq!(db.stats().version, version);
                assert!(Rows::of(&db) == versions[version as usize]);
                assert!(!old.contains(&db.recovery().unwrap().timeline));
                images += 1;
            }
        });
        assert!(images > 50, "{images}");
    }
}

/// A file that others go on from may be damaged where they have something newer.
#[test]
fn a_file_that_a_good_one_goes_on_from_is_not_moved_away() {
    let Played { medium, versions } = chained(40);
    let info = closed(&copy(&medium), SAVE).unwrap().info().unwrap();
    let mut needed = 0;
    for snapshot in info.snapshots.iter().filter(|snapshot| snapshot.base.is_none()) {
        let len = snapshot.bytes as usize;
        for at in (150..len).step_by(len / 25) {
            let damaged = with(&medium, &snapshot.file, |bytes| bytes[at] ^= 1);
            let report = closed(&damaged, SAVE).unwrap().verify(|_| ()).unwrap();
            let is_good = |version: u64| report.snapshots.contains(&version);
            let mut later = info.snapshots.iter().filter(|later| later.base == Some(snapshot.version));
            let plan = planned(&damaged);
            if !is_good(snapshot.version) && later.any(|later| is_good(later.version)) {
                assert!(plan.steps.iter().all(|step| step.file() != snapshot.file), "{plan:#?}");
                needed += 1;
            }
            if plan.is_needed() {
                assert_eq!(repair(&damaged, &versions), 40);
            }
        }
    }
    assert!(needed > 0);
}

/// The damage is in the header of the first segment after a change of the schema, and a snapshot file has the version.
#[test]
fn tables_are_those_of_the_snapshot_file_that_has_the_version() {
    let schema = |tables: &str| {
        let text = format!("[database]\nname = \"evolving\"\n{tables}");
        ecsdb::schema::DatabaseSchema::from_toml(&text, "evolving.toml").unwrap()
    };
    let (old, new) = (schema("[tables.tag]\n"), schema("[tables.tag]\n[tables.more]\n"));
    let medium = Simulated::new();
    let open = |schema: &ecsdb::schema::DatabaseSchema| {
        let builder = ecsdb::DynDb::builder().media(medium.clone()).directory(SAVE).worker_threads(1);
        builder.open_schema(schema.clone()).unwrap()
    };
    let db = open(&old);
    db.write(|tx| Ok(tx.spawn(&[("tag", &[])])?)).unwrap();
    db.close().unwrap();
    let db = open(&new);
    db.write(|tx| Ok(tx.spawn(&[("more", &[])])?)).unwrap();
    db.checkpoint().unwrap().wait().unwrap();
    db.close().unwrap();
    let last = segments(&medium, SAVE).pop().unwrap();
    let damaged = with(&medium, &last, |bytes| bytes[24] ^= 1);
    let plan = planned(&damaged);
    assert_eq!(plan.version, Some(2), "{plan:#?}");
    closed(&damaged, SAVE).unwrap().repair(&plan).unwrap();
    let info = closed(&damaged, SAVE).unwrap().info().unwrap();
    assert!(info.tables.iter().any(|table| table.name == "more"), "{info:#?}");
    let builder = ecsdb::DynDb::builder().media(damaged).directory(SAVE).worker_threads(1);
    let db = builder.open_schema(new).unwrap();
    assert_eq!(db.snapshot().view().table("more").unwrap().rows().count(), 1);
}

/// The directory was changed since a repair of it was planned.
#[test]
fn an_old_plan_does_not_fit_and_is_refused() {
    let Played { medium, .. } = played(40);
    let mut tried = 0;
    for (index, path) in segments(&medium, SAVE).into_iter().enumerate() {
        let content = medium.state().content(&path).unwrap().to_vec();
        let (last, _) = *records(&content).last().unwrap();
        let damaged = with(&medium, &path, |bytes| bytes[last] ^= 1);
        let plan = planned(&damaged);
        let step = |step: &RepairStep| matches!(step, RepairStep::Cut { file, bytes } if *file == path && *bytes > 100);
        if !plan.steps.iter().any(step) {
            continue;
        }
        tried += 1;
        let shorter = with(&damaged, &path, |bytes| bytes.truncate(100));
        let error = closed(&shorter, SAVE).unwrap().repair(&plan).unwrap_err();
        assert!(error.to_string().contains("since the repair was planned"), "segment {index}: {error}");
    }
    assert!(tried > 0);
}

#[test]
fn what_comes_after_a_repair_to_a_snapshot_file_alone_comes_back_from_an_archive() {
    let medium = checkpointed(15).medium;
    let archive = histories::archived(&medium);
    let left = copy(&medium);
    for path in segments(&medium, SAVE) {
        ecsdb::media::Media::remove(&left, &path).unwrap();
    }
    let held = closed(&left, SAVE).unwrap();
    let repaired = held.repair(&held.plan_repair(|_| ()).unwrap()).unwrap();
    drop(held);
    histories::wait_long(&left);
    evidence::commit(&left, 20).close().unwrap();
    closed(&left, SAVE).unwrap().archive_to(shelf(&archive), None).unwrap();
    let rows = Rows::of(&small(&left, SAVE).open().unwrap());
    let last = repaired.version + 20;
    for target in [ecsdb::maintenance::Target::Latest, ecsdb::maintenance::Target::Version(last)] {
        let there = Simulated::new();
        let restore = ecsdb::maintenance::Restore::from_archive(shelf(&archive)).onto(Arc::new(there.clone()));
        assert_eq!(restore.run(target, SAVE, |_| ()).unwrap().version, last);
        assert!(Rows::of(&small(&there, SAVE).open().unwrap()) == rows);
    }
}
