//! Rows that were written anew for another schema, in several records: what is there before the last one is no state.

use ecsdb::maintenance::{Restore, Target};
use ecsdb::media::Media;
use ecsdb::schema::{DatabaseSchema, Value};
use ecsdb::{DynDb, OpenError};

use super::*;

const EARLIER: &str = "/earlier";
/// Before the schema changes, and after.
const BEFORE: u64 = 3;
const AFTER: u64 = 6;

fn schema(hp: &str) -> DatabaseSchema {
    let text = format!(
        "[database]\nname = \"large\"\n[tables.unit]\n[[tables.unit.fields]]\nname = \"hp\"\ntype = \"{hp}\"\n\
         [[tables.unit.fields]]\nname = \"blob\"\ntype = \"[u8; 4096]\"\n"
    );
    DatabaseSchema::from_toml(&text, "large.toml").unwrap()
}

fn open(medium: &Simulated, directory: &str, hp: &str) -> Result<DynDb, OpenError> {
    let builder = DynDb::builder().media(medium.clone()).directory(directory).worker_threads(1);
    builder.segment_bytes(64 << 20).open_schema(schema(hp))
}

/// A database with some 10 MB of rows that were written anew: versions 4, 5 and 6 are that, and 7 is a commit.
fn rewritten() -> Simulated {
    let medium = Simulated::new();
    let db = open(&medium, SAVE, "u16").unwrap();
    for part in 0..3_u16 {
        db.write(move |tx| {
            for n in 0..850_u16 {
                let blob = Value::Array(vec![Value::U8(n as u8); 4096]);
                tx.spawn(&[("unit", &[("hp", (part * 850 + n).into()), ("blob", blob)])])?;
            }
            Ok(())
        })
        .unwrap();
    }
    assert_eq!(db.stats().version, BEFORE);
    db.close().unwrap();
    let db = open(&medium, SAVE, "u32").unwrap();
    assert_eq!(db.stats().version, AFTER, "rows are written in several records");
    let first = db.snapshot().view().table("unit").unwrap().rows().next().unwrap().entity().unwrap();
    db.write(move |tx| Ok(tx.set("unit", first, "hp", 70_000_u32.into())?)).unwrap();
    db.close().unwrap();
    medium
}

fn restored(medium: &Simulated, archive: bool, version: u64) -> Result<(u64, usize), MaintenanceError> {
    let target = Simulated::new();
    let restore = match archive {
        true => Restore::from_archive(shelf(medium)),
        false => Restore::from_directory(closed(medium, SAVE)?),
    };
    let restored = restore.onto(Arc::new(target.clone())).run(Target::Version(version), EARLIER, |_| ())?;
    let hp = if version > BEFORE { "u32" } else { "u16" };
    let db = open(&target, EARLIER, hp).unwrap();
    let rows = db.snapshot().view().table("unit").unwrap().rows().count();
    Ok((restored.version, rows))
}

/// Where the records of the last segment stand.
fn records(medium: &Simulated) -> (PathBuf, Vec<usize>) {
    let path = segments(medium, SAVE).pop().unwrap();
    let state = medium.state();
    let content = state.content(&path).unwrap();
    let (mut at, mut found) = (4096, Vec::new());
    loop {
        let len = u32::from_le_bytes(content[at + 4..at + 8].try_into().unwrap()) as usize;
        if len == 0 {
            return (path, found);
        }
        found.push(at);
        at += len;
    }
}

#[test]
fn a_part_of_what_was_written_anew_is_no_state() {
    let medium = rewritten();
    let report = closed(&medium, SAVE).unwrap().verify(|_| ()).unwrap();
    assert!(report.is_fine(), "{report:?}");
    assert_eq!(report.reachable, [(0, BEFORE), (AFTER, 7)]);
    let shelved = copy(&medium);
    closed(&medium, SAVE).unwrap().archive_to(shelf(&shelved), None).unwrap();
    for (medium, archive) in [(&medium, false), (&shelved, true)] {
        for version in [BEFORE, AFTER, 7] {
            assert_eq!(restored(medium, archive, version).unwrap(), (version, 2550));
        }
        for version in [4, 5] {
            let error = restored(medium, archive, version).unwrap_err();
            let expected = format!("version {version} cannot be restored: those that can be are 0 to 3 and 6 to 7");
            assert_eq!(error.to_string(), expected);
        }
    }
}

#[test]
fn a_damage_in_what_was_written_anew_leads_back_before_it() {
    let medium = rewritten();
    let (path, found) = records(&medium);
    for at in [found[0], found[1] + 100, found[2] + 100] {
        let damaged = with(&medium, &path, |bytes| bytes[at] ^= 1);
        assert!(open(&copy(&damaged), SAVE, "u32").is_err());
        let report = closed(&damaged, SAVE).unwrap().verify(|_| ()).unwrap();
        assert_eq!((report.version, &report.reachable[..]), (None, &[(0, BEFORE)][..]), "{report:?}");
        assert_eq!(restored(&damaged, false, BEFORE).unwrap(), (BEFORE, 2550));
        let plan = closed(&damaged, SAVE).unwrap().plan_repair(|_| ()).unwrap();
        assert_eq!((plan.version, plan.highest), (Some(BEFORE), 7), "{plan:?}");
        closed(&damaged, SAVE).unwrap().repair(&plan).unwrap();
        let report = closed(&damaged, SAVE).unwrap().verify(|_| ()).unwrap();
        assert!(report.is_fine() && report.version == Some(BEFORE), "{report:?}");
        let db = open(&damaged, SAVE, "u16").unwrap();
        assert_eq!(db.snapshot().view().table("unit").unwrap().rows().count(), 2550);
    }
}

/// The segment gets its name when all rows are in it. So one that ends before that has lost something, although no later record says so.
#[test]
fn a_log_does_not_end_before_everything_is_written_anew() {
    let medium = rewritten();
    let (path, found) = records(&medium);
    // Nobody has closed it.
    medium.remove(&Path::new(SAVE).join("CLOSED")).unwrap();
    let cut = with(&medium, &path, |bytes| bytes.truncate(found[2]));
    let error = open(&copy(&cut), SAVE, "u32").err().unwrap().to_string();
    assert!(error.contains(&format!("is damaged at byte {}", found[2])), "{error}");
    let report = closed(&cut, SAVE).unwrap().verify(|_| ()).unwrap();
    assert_eq!((report.version, &report.reachable[..]), (None, &[(0, BEFORE)][..]), "{report:?}");
    let whole = with(&medium, &path, |bytes| bytes.truncate(found[3]));
    assert_eq!(open(&whole, SAVE, "u32").unwrap().stats().version, AFTER);
}

/// The tables of the schema with and without one more, which changes no row.
fn open_with(medium: &Simulated, directory: &str, more: bool) -> DynDb {
    let more = if more { "[tables.tag]\n" } else { "" };
    let text = format!(
        "[database]\nname = \"small\"\n[tables.unit]\n[[tables.unit.fields]]\nname = \"hp\"\ntype = \"u16\"\n{more}"
    );
    let builder = DynDb::builder().media(medium.clone()).directory(directory).worker_threads(1);
    builder.open_schema(DatabaseSchema::from_toml(&text, "small.toml").unwrap()).unwrap()
}

/// The program had other tables when the directory was opened last, and has committed nothing since: whoever goes on from a copy finds these.
#[test]
fn a_copy_has_the_newest_tables_also_if_nothing_was_committed_under_them() {
    for has_snapshot in [false, true] {
        let medium = Simulated::new();
        let db = open_with(&medium, SAVE, false);
        for hp in 0..3_u16 {
            db.write(move |tx| Ok(tx.spawn(&[("unit", &[("hp", hp.into())])])?)).unwrap();
        }
        if has_snapshot {
            db.checkpoint().unwrap().wait().unwrap();
        }
        db.close().unwrap();
        open_with(&medium, SAVE, true).close().unwrap();
        let before = closed(&medium, SAVE).unwrap().info().unwrap();
        assert_eq!(before.tables.len(), 2, "{before:?}");
        for (target, directory) in [(Target::Latest, "/copies/latest"), (Target::Version(3), "/copies/three")] {
            let restore = Restore::from_directory(closed(&medium, SAVE).unwrap()).onto(Arc::new(medium.clone()));
            assert_eq!(restore.run(target, directory, |_| ()).unwrap().version, 3);
            assert_eq!(closed(&medium, directory).unwrap().info().unwrap().tables, before.tables, "{target:?}");
            let db = open_with(&medium, directory, true);
            assert_eq!(db.recovery().unwrap().migration, None, "there is nothing left to do");
            assert_eq!(db.snapshot().view().table("unit").unwrap().len(), 3);
        }
        let restore = Restore::from_directory(closed(&medium, SAVE).unwrap()).onto(Arc::new(medium.clone()));
        restore.run(Target::Version(2), "/copies/two", |_| ()).unwrap();
        let earlier = closed(&medium, "/copies/two").unwrap().info().unwrap();
        assert_eq!(earlier.tables.len(), 1, "an earlier version has the tables that it had");
    }
}
