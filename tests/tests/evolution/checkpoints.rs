//! Another schema between a snapshot file and the end of the log.

use ecsdb::schema::{DatabaseSchema, Value};
use ecsdb::{DynDb, Entity};
use ecsdb_tests::simulated::Simulated;

use super::{open, rows, schema, table};

fn narrow() -> DatabaseSchema {
    let fields = ["name = \"id\"; type = \"u32\"; auto_increment = true", "name = \"hp\"; type = \"u16\""];
    let gone = table("gone", "deprecated = \"nobody needs it\"", &["name = \"n\"; type = \"u8\""]);
    schema(&[table("unit", "", &fields), gone, table("tag", "", &[])].concat())
}

/// `hp` is wider, so all rows are written anew; the tables stand in another order, and one is left out.
fn wide() -> DatabaseSchema {
    let fields = [
        "name = \"name\"; type = \"string\"; default = \"?\"",
        "name = \"hp\"; type = \"u32\"",
        "name = \"id\"; type = \"u32\"; auto_increment = true",
    ];
    schema(&[table("tag", "", &[]), table("unit", "", &fields)].concat())
}

/// As [`wide`], with the table that a running database keeps, and with a table that is new.
fn wide_and_all() -> DatabaseSchema {
    let rest = [
        table("gone", "deprecated = \"nobody needs it\"", &["name = \"n\"; type = \"u8\""]),
        table("new", "", &["name = \"n\"; type = \"u8\""]),
    ];
    let mut text = wide().to_toml();
    text.push_str(&rest.concat());
    DatabaseSchema::from_toml(&text, "wide.toml").unwrap()
}

fn fill(db: &DynDb, count: u16) -> Vec<Entity> {
    let spawn = |n: u16| {
        db.write(move |tx| {
            let e = tx.spawn(&[("unit", &[("id", 0_u32.into()), ("hp", n.into())])])?;
            if n.is_multiple_of(3) {
                tx.insert("gone", e, &[("n", 1_u8.into())])?;
                tx.insert("tag", e, &[])?;
            }
            Ok(e)
        })
    };
    (0..count).map(|n| spawn(n).unwrap()).collect()
}

/// The number that the next unit gets.
fn next_id(db: &DynDb, values: &'static [(&'static str, u32)]) -> Value {
    let e = db
        .write(move |tx| {
            let mut row: Vec<(&str, Value)> = vec![("id", 0_u32.into()), ("hp", values[0].1.into())];
            row.push(("name", "x".into()));
            Ok(tx.spawn(&[("unit", &row)])?)
        })
        .unwrap();
    db.snapshot().view().get("unit", e).unwrap().get("id").unwrap()
}

#[test]
fn a_directory_with_a_snapshot_file_opens_with_another_schema() {
    let media = Simulated::new();
    let db = open(&media, narrow()).unwrap();
    let units = fill(&db, 200);
    let last = *units.last().unwrap();
    db.write(move |tx| Ok(tx.despawn(last)?)).unwrap();
    let report = db.checkpoint().unwrap().wait().unwrap();
    let first = units[0];
    db.write(move |tx| Ok(tx.set("unit", first, "hp", 9_u16.into())?)).unwrap();
    drop(db);
    let without_name = |db: &DynDb| -> Vec<String> {
        let hp = |e: Entity| db.snapshot().view().get("unit", e).map(|row| row.get("hp").unwrap().to_string());
        units.iter().filter_map(|e| hp(*e)).collect()
    };
    let narrow_rows = without_name(&open(&media, narrow()).unwrap());
    let db = open(&media, wide()).unwrap();
    let recovery = db.recovery().unwrap();
    assert_eq!(recovery.snapshot, Some(report.version));
    assert_eq!(recovery.migration.as_ref().unwrap().rows, 199);
    assert_eq!(without_name(&db), narrow_rows);
    let now = rows(&db);
    // The old file, and the log with the rows that were made anew.
    for media in [media.killed(), media.killed().killed()] {
        let copy = open(&media, wide()).unwrap();
        assert_eq!(copy.recovery().unwrap().snapshot, Some(report.version));
        assert_eq!(rows(&copy), now);
    }
    // A file under the new schema.
    let report = db.checkpoint().unwrap().wait().unwrap();
    assert_eq!(report.base, None);
    let copy = open(&media.killed(), wide()).unwrap();
    assert_eq!(copy.recovery().unwrap().snapshot, Some(report.version));
    assert_eq!(rows(&copy), now);
    assert_eq!(
        next_id(&copy, &[("hp", 70_000)]),
        Value::U32(201),
        "the number of a row that is gone does not come again"
    );
}

#[test]
fn a_schema_that_changes_while_the_database_runs_makes_the_next_file_complete() {
    let media = Simulated::new();
    let db = open(&media, narrow()).unwrap();
    fill(&db, 100);
    db.checkpoint().unwrap().wait().unwrap();
    db.evolve(&wide_and_all()).unwrap();
    let after = rows(&db);
    let copy = open(&media.killed(), wide_and_all()).unwrap();
    assert_eq!(copy.recovery().unwrap().snapshot, Some(100));
    assert_eq!(rows(&copy), after, "the file under the old schema, and the log under the new one");
    drop(copy);
    let id = next_id(&db, &[("hp", 1)]);
    let report = db.checkpoint().unwrap().wait().unwrap();
    assert_eq!(report.base, None, "it cannot go on from a file with other tables");
    let copy = open(&media.killed(), wide_and_all()).unwrap();
    assert_eq!(copy.recovery().unwrap().snapshot, Some(report.version));
    assert_eq!(rows(&copy), rows(&db));
    assert_eq!(id, Value::U32(101));
    drop(copy);
    // Without the newer file: the older one has the old tables, and the log has gone through both schemas.
    let mut state = media.state();
    let newest = format!("save/snapshots/{:020}.snap", report.version);
    state.damage(newest.as_ref(), Vec::new());
    let copy = open(&Simulated::of(state), wide_and_all()).unwrap();
    assert_eq!((copy.recovery().unwrap().passed_over.len(), copy.recovery().unwrap().snapshot), (1, Some(100)));
    assert_eq!(rows(&copy), rows(&db));
}

/// A checkpoint or a backup makes the next segment ahead, and the change of the schema takes the place of one that has no commits.
#[test]
fn a_schema_that_changes_right_behind_a_checkpoint_leaves_no_hole_in_the_log() {
    for (has_rows, reopens, backs_up) in
        [(false, false, false), (false, false, true), (true, true, false), (true, true, true), (true, false, true)]
    {
        let medium = Simulated::new();
        let mut db = open(&medium, narrow()).unwrap();
        if has_rows {
            fill(&db, 50);
        }
        if reopens {
            // The mark of the close goes to a segment without commits.
            db.checkpoint().unwrap().wait().unwrap();
            db.close().unwrap();
            db = open(&medium, narrow()).unwrap();
        }
        if backs_up {
            db.backup("/copies/one").unwrap();
        } else {
            db.checkpoint().unwrap().wait().unwrap();
        }
        db.evolve(&wide_and_all()).unwrap();
        next_id(&db, &[("hp", 7)]);
        db.sync().unwrap();
        let found = rows(&db);
        // From the log alone as well.
        for without_files in [false, true] {
            let image = medium.killed();
            if without_files {
                let files: Vec<_> = image
                    .state()
                    .paths()
                    .filter(|path| path.extension().is_some_and(|kind| kind == "snap"))
                    .map(Into::into)
                    .collect();
                for path in files {
                    let path: std::path::PathBuf = path;
                    ecsdb::media::Media::remove(&image, &path).unwrap();
                }
            }
            let again = open(&image, wide_and_all());
            let again =
                again.unwrap_or_else(|error| panic!("{has_rows}, {reopens}, {backs_up}, {without_files}: {error}"));
            assert_eq!(rows(&again), found);
        }
    }
}
