//! Indexes and directories: they are built anew when a directory is opened, also under another schema, and while the database
//! runs.

use core::ops::Bound;

use ecsdb::schema::{FieldSchema, IndexSchema, Value};
use ecsdb::{DynDb, OpenError};
use ecsdb_tests::simulated::Simulated;

use super::*;

fn open_on(media: &Simulated, indexes: Vec<IndexSchema>) -> Result<DynDb, OpenError> {
    DynDb::builder().media(media.clone()).directory("save").open_schema(schema(vec![items(indexes)]))
}

fn fill(db: &DynDb, numbers: core::ops::Range<u64>) {
    db.write(move |tx| {
        for number in numbers {
            tx.spawn(&[("item", &item(number, None))])?;
        }
        Ok(())
    })
    .unwrap();
}

/// The entities in the order of an index, and in that of the values of its only column.
fn in_order(db: &DynDb, index: &str) -> (Vec<Entity>, Vec<Entity>) {
    let snapshot = db.snapshot();
    let view = snapshot.view();
    let found = view.index("item", index).unwrap().range(Bound::Unbounded, Bound::Unbounded).unwrap();
    let mut rows = all(view);
    let text = |row: &DynRow<'_>| match row.get(index).unwrap() {
        Value::Text(text) => (0, text),
        Value::I16(number) => (number, String::new()),
        other => panic!("{other} is not expected here"),
    };
    rows.sort_by_cached_key(|row| (text(row), row.entity().unwrap().slot()));
    (entities(found), entities(rows.into_iter()))
}

#[test]
fn an_opened_directory_has_its_indexes() {
    let media = Simulated::new();
    let db = open_on(&media, vec![ordered("level", &["level"]), ordered("name", &["name"])]).unwrap();
    fill(&db, 0..500);
    db.write(|tx| {
        let some: Vec<Entity> = all(tx.view()).iter().filter_map(DynRow::entity).step_by(3).collect();
        for entity in some {
            tx.despawn(entity)?;
        }
        Ok(())
    })
    .unwrap();
    drop(db);
    let db = open_on(&media, vec![ordered("level", &["level"]), ordered("name", &["name"])]).unwrap();
    for index in ["level", "name"] {
        let (found, expected) = in_order(&db, index);
        assert_eq!(found, expected);
        assert!(found.len() > 300);
    }
    // It goes on as it would have.
    fill(&db, 500..600);
    let (found, expected) = in_order(&db, "level");
    assert_eq!(found, expected);
}

#[test]
fn a_constraint_that_the_rows_break_is_refused_and_nothing_is_touched() {
    let media = Simulated::new();
    let db = open_on(&media, vec![ordered("level", &["level"])]).unwrap();
    fill(&db, 0..40);
    drop(db);
    let state = media.state();
    let text = open_on(&media, vec![unique("level", &["level"])]).err().unwrap().to_string();
    assert_eq!(text, "index `item.level` is unique: entities 0v1 and 30v1 both have -15");
    assert_eq!(names(&media.state()), names(&state));
    // Without the constraint it opens, and with one that holds.
    let db = open_on(&media, vec![unique("both", &["level", "kind", "name", "speed"])]).unwrap();
    assert_eq!(all(db.snapshot().view()).len(), 40);
    let refused = db.write(|tx| Ok(tx.spawn(&[("item", &item(3, None))])?));
    let text = ecsdb_tests::why(refused);
    assert!(text.starts_with("index `item.both` is unique"), "{text}");
}

/// The files and what is in them.
fn names(state: &ecsdb_tests::simulated::State) -> Vec<(String, Option<Vec<u8>>)> {
    state.paths().map(|path| (path.display().to_string(), state.content(path).map(<[u8]>::to_vec))).collect()
}

#[test]
fn rows_that_are_made_anew_are_indexed_anew() {
    let media = Simulated::new();
    let db = open_on(&media, vec![ordered("level", &["level"])]).unwrap();
    fill(&db, 0..100);
    drop(db);
    let fields = FIELDS.map(|(name, of)| if name == "level" { (name, "i64") } else { (name, of) });
    let table = table("item", &fields, vec![ordered("level", &["level"]), ordered("name", &["name"])]);
    let db = DynDb::builder().media(media.clone()).directory("save").open_schema(schema(vec![table])).unwrap();
    assert!(db.recovery().unwrap().migration.is_some());
    let snapshot = db.snapshot();
    let view = snapshot.view();
    let levels = view.index("item", "level").unwrap();
    let found: Vec<Value> =
        levels.range(Bound::Unbounded, Bound::Unbounded).unwrap().filter_map(|row| row.get("level")).collect();
    assert_eq!((found.len(), &found[0], &found[99]), (100, &Value::I64(-15), &Value::I64(14)));
    assert_eq!(entities(levels.get(&[Value::I64(3)]).unwrap()).len(), 3);
    assert_eq!(view.index("item", "name").unwrap().len(), 100);
}

#[test]
fn a_running_database_gets_indexes_and_loses_them() {
    let db = open(vec![ordered("level", &["level"])]);
    fill(&db, 0..200);
    let before = db.snapshot();
    db.evolve(&schema(vec![items(vec![ordered("name", &["name"]), ordered("level", &["level"])])])).unwrap();
    for index in ["level", "name"] {
        let (found, expected) = in_order(&db, index);
        assert_eq!(found, expected);
    }
    assert!(before.view().index("item", "name").is_none(), "a version that was there has what it had");
    assert_eq!(before.view().index("item", "level").unwrap().len(), 200);
    fill(&db, 200..300);
    let (found, expected) = in_order(&db, "name");
    assert_eq!((found.len(), &found), (300, &expected));
    // What cannot be leaves everything as it is.
    let text = db.evolve(&schema(vec![items(vec![unique("level", &["level"])])])).unwrap_err().to_string();
    assert!(text.starts_with("index `item.level` is unique"), "{text}");
    fill(&db, 300..310);
    let (found, expected) = in_order(&db, "level");
    assert_eq!((found.len(), &found), (310, &expected));
    db.evolve(&schema(vec![items(Vec::new())])).unwrap();
    assert!(db.snapshot().view().index("item", "level").is_none());
    fill(&db, 310..320);
}

#[test]
fn an_index_that_is_built_while_others_write_has_what_they_wrote() {
    let db = std::sync::Arc::new(open(vec![ordered("kind", &["kind"])]));
    fill(&db, 0..2000);
    let stop = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for round in 0_usize.. {
                db.write(move |tx| {
                    let all: Vec<Entity> = all(tx.view()).iter().filter_map(DynRow::entity).collect();
                    let (at, number) = (round * 7919 % all.len(), round as u64);
                    match round % 3 {
                        0 => tx.insert("item", all[at], &item(number, None))?,
                        1 => tx.despawn(all[at])?,
                        _ => drop(tx.spawn(&[("item", &item(number, None))])?),
                    }
                    Ok(())
                })
                .unwrap();
                if stop.load(std::sync::atomic::Ordering::Relaxed) {
                    break;
                }
            }
        });
        for round in 0..6 {
            let name = if round % 2 == 0 { "name" } else { "level" };
            db.evolve(&schema(vec![items(vec![ordered(name, &[name])])])).unwrap();
            let (found, expected) = in_order(&db, name);
            assert_eq!(found, expected);
        }
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
    });
    let (found, expected) = in_order(&db, "level");
    assert_eq!(found, expected);
}

#[test]
fn indexes_are_described() {
    let mut table = items(vec![ordered("by_kind", &["kind", "level"]), unique("name", &["name"])]);
    let target = super::table("unit", &[("hp", "u8")], Vec::new());
    table.fields.to_mut()[3] = FieldSchema::new("owner", "ref<unit>?".parse().unwrap(), table.fields[3].offset);
    let db = DynDb::in_memory(schema(vec![target, table])).unwrap();
    let unit = db.write(|tx| Ok(tx.spawn(&[("unit", &[("hp", Value::U8(1))])])?)).unwrap();
    db.write(move |tx| {
        tx.spawn(&[("item", &item(1, Some(unit)))])?;
        tx.spawn(&[("item", &item(2, None))])?;
        Ok(())
    })
    .unwrap();
    let snapshot = db.snapshot();
    let rows: Vec<String> = snapshot
        .view()
        .table(ecsdb::query::INDEXES_TABLE)
        .unwrap()
        .rows()
        .map(|row| row.values().iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" "))
        .collect();
    let expected = [
        r#"table="item" name="by_kind" columns="kind, level" kind="ordered" unique=false reference=false entries=2 keys=2"#,
        r#"table="item" name="name" columns="name" kind="ordered" unique=true reference=false entries=2 keys=2"#,
        r#"table="item" name="owner" columns="owner" kind="ordered" unique=false reference=true entries=1 keys=1"#,
    ];
    assert_eq!(rows, expected);
    // The index of a reference finds who refers.
    let view = snapshot.view();
    let referring = view.index("item", "owner").unwrap().get(&[Value::from(Some(unit))]).unwrap();
    assert_eq!(entities(referring).len(), 1);
}
