//! A schema that changes while the database runs: in memory and with a log, while others read and write, and with crashes.

use std::sync::atomic::{AtomicBool, Ordering};

use ecsdb::DynDb;
use ecsdb::error::EvolveError;
use ecsdb::schema::{DatabaseSchema, Value};
use ecsdb_tests::simulated::{Simulated, Survival};

use super::{nth, open, rows, schema, table};

fn first() -> DatabaseSchema {
    schema(
        &[
            table("unit", "", &["name = \"hp\"; type = \"u16\"", "name = \"name\"; type = \"string\""]),
            table("tag", "", &[]),
        ]
        .concat(),
    )
}

/// A field is wider, one comes, one has another name, a table comes, and the order of all is another one.
fn second() -> DatabaseSchema {
    schema(
        &[
            table("place", "", &["name = \"at\"; type = \"struct Point { x: f32, y: f32 }\""]),
            table("tag", "", &[]),
            table(
                "unit",
                "",
                &[
                    "name = \"title\"; type = \"string\"; renamed_from = \"name\"",
                    "name = \"titles\"; type = \"[string]?\"",
                    "name = \"hp\"; type = \"u32\"",
                ],
            ),
        ]
        .concat(),
    )
}

fn third() -> DatabaseSchema {
    let mut text = second().to_toml();
    text.push_str("\n[tables.late]\n[[tables.late.fields]]\nname = \"n\"\ntype = \"u8\"\n");
    DatabaseSchema::from_toml(&text, "third.toml").unwrap()
}

fn fill(db: &DynDb, count: u16) {
    for n in 0..count {
        let name = format!("unit {n}");
        db.write(move |tx| {
            let e = tx.spawn(&[("unit", &[("hp", n.into()), ("name", name.into())])])?;
            if n.is_multiple_of(2) {
                tx.insert("tag", e, &[])?;
            }
            Ok(())
        })
        .unwrap();
    }
}

#[test]
fn what_is_there_stays_and_what_is_new_can_be_used() {
    let media = Simulated::new();
    for db in [DynDb::in_memory(first()).unwrap(), open(&media, first()).unwrap()] {
        fill(&db, 300);
        let before = db.snapshot();
        let old = rows(&db);
        let plan = db.evolve(&second()).unwrap();
        assert!(plan.to_string().contains("which was `name`"), "{plan}");
        assert_eq!(db.schema().tables().len(), 3);
        let e = nth(&db, 7);
        let row = |db: &DynDb| db.snapshot().view().get("unit", e).map(|row| format!("{:?}", row.values()));
        assert_eq!(row(&db).unwrap(), r#"[("title", Text("unit 7")), ("titles", Optional(None)), ("hp", U32(7))]"#);
        assert_eq!(before.view().get("unit", e).unwrap().get("hp"), Some(Value::U16(7)), "whoever holds it keeps it");
        assert_eq!(before.schema().tables().len(), 2);
        let at = Value::Struct(vec![("x".to_owned(), 1.0_f32.into()), ("y".to_owned(), 2.0_f32.into())]);
        db.write(move |tx| {
            tx.insert("place", e, &[("at", at)])?;
            tx.set("unit", e, "hp", 70_000_u32.into())?;
            tx.set("unit", e, "titles", Some(vec!["Sir", "Dr"]).into())?;
            Ok(tx.spawn(&[("unit", &[("hp", 1.into()), ("title", "x".into()), ("titles", None::<u8>.into())])])?)
        })
        .unwrap();
        assert_eq!(db.snapshot().view().get("place", e).unwrap().get("at.y"), Some(Value::F32(2.0)));
        assert_eq!(old.len() + 2, rows(&db).len());
        assert!(db.evolve(&second()).unwrap().is_empty(), "nothing changes");
        db.evolve(&third()).unwrap();
        db.write(move |tx| Ok(tx.insert("late", e, &[("n", 3.into())])?)).unwrap();
        drop(before);
        // Versions of before are not brought up to the new tables.
        fill_more(&db);
        db.close().unwrap();
        let now = rows(&db);
        if db.recovery().is_some() {
            drop(db);
            assert_eq!(rows(&open(&media, third()).unwrap()), now);
            assert_eq!(open(&media, third()).unwrap().recovery().unwrap().migration, None);
        }
    }
}

fn fill_more(db: &DynDb) {
    for n in 0..200_u32 {
        let e = nth(db, n as usize * 13);
        db.write(move |tx| Ok(tx.set("unit", e, "hp", n.into())?)).unwrap();
    }
}

#[test]
fn what_would_lose_something_leaves_everything_as_it_was() {
    let db = DynDb::in_memory(first()).unwrap();
    fill(&db, 20);
    let before = rows(&db);
    let without = schema(&table("unit", "", &["name = \"hp\"; type = \"u16\"", "name = \"name\"; type = \"string\""]));
    assert!(matches!(db.evolve(&without), Err(EvolveError::Refused(_))));
    let narrow = schema(
        &[
            table("unit", "", &["name = \"hp\"; type = \"u8\"", "name = \"name\"; type = \"string\""]),
            table("tag", "", &[]),
        ]
        .concat(),
    );
    let error = db.evolve(&narrow).unwrap_err();
    assert!(error.to_string().contains("field `hp`"), "{error}");
    assert_eq!(rows(&db), before);

    let small = DynDb::builder().memory_limit(40_000).open_schema(first()).unwrap();
    fill(&small, 150);
    let before = rows(&small);
    let wide = schema(
        &[
            table(
                "unit",
                "",
                &[
                    "name = \"hp\"; type = \"u16\"",
                    "name = \"name\"; type = \"string\"",
                    "name = \"big\"; type = \"[u64;100]?\"",
                ],
            ),
            table("tag", "", &[]),
        ]
        .concat(),
    );
    let error = small.evolve(&wide).unwrap_err();
    assert!(matches!(error, EvolveError::Storage(_)), "{error}");
    assert_eq!(rows(&small), before);
    let e = nth(&small, 0);
    small.write(move |tx| Ok(tx.set("unit", e, "hp", 9.into())?)).unwrap();
}

#[test]
fn others_read_and_write_meanwhile() {
    let db = DynDb::in_memory(first()).unwrap();
    fill(&db, 500);
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut seen = 0_u64;
            // Looks at least once, also if it is late.
            loop {
                let snapshot = db.snapshot();
                let fields = snapshot.schema().table("unit").unwrap().1.fields.len();
                for row in snapshot.view().table("unit").unwrap().rows() {
                    assert_eq!(row.values().len(), fields);
                    seen += 1;
                }
                if done.load(Ordering::Relaxed) {
                    return seen;
                }
            }
        });
        let writer = scope.spawn(|| {
            let mut written = 0_u32;
            loop {
                let e = nth(&db, written as usize);
                db.write(move |tx| Ok(tx.add("unit", e, "hp", 1.into())?)).unwrap();
                written += 1;
                if done.load(Ordering::Relaxed) {
                    return written;
                }
            }
        });
        db.evolve(&second()).unwrap();
        db.evolve(&third()).unwrap();
        for n in 0..20 {
            let mut text = third().to_toml();
            for more in 0..=n {
                text.push_str(&format!("\n[tables.more_{more}]\n"));
            }
            db.evolve(&DatabaseSchema::from_toml(&text, "more.toml").unwrap()).unwrap();
        }
        done.store(true, Ordering::Relaxed);
        assert!(reader.join().unwrap() > 0 && writer.join().unwrap() > 0);
    });
    assert_eq!(db.schema().tables().len(), 24);
}

#[test]
fn a_crash_in_the_middle_leaves_the_old_or_the_new() {
    let media = Simulated::new();
    let db = open(&media, first()).unwrap();
    fill(&db, 60);
    db.sync().unwrap();
    let old = rows(&db);
    let from = media.operations();
    db.evolve(&second()).unwrap();
    let new = rows(&db);
    let to = media.operations();
    drop(db);
    let trace = media.trace();
    let (mut were_old, mut were_new) = (0, 0);
    trace.for_each_state(|operation, state| {
        if !(from..=to + 1).contains(&operation) {
            return;
        }
        for seed in 0..6 {
            let survival = match seed {
                0 => Survival::Nothing,
                1 => Survival::Everything,
                seed => {
                    Survival::Random { seed: operation as u64 * 10 + seed, unit: [1, 512, 4096][seed as usize % 3] }
                }
            };
            let image = state.image(survival);
            let crashed = Simulated::of(image.clone());
            match open(&crashed, first()) {
                Ok(db) => {
                    assert_eq!(rows(&db), old, "{operation}, {survival:?}");
                    were_old += 1;
                }
                Err(_) => were_new += 1,
            }
            let db = open(&Simulated::of(image), second());
            let db = db.unwrap_or_else(|error| panic!("{operation}, {survival:?}: {error}"));
            assert_eq!(rows(&db), new, "{operation}, {survival:?}");
        }
    });
    assert!(were_old > 5 && were_new > 2, "{were_old} and {were_new}");
}
