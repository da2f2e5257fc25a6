//! Migrations that a program does itself.

use ecsdb::durability::OldRow;
use ecsdb::error::DirectoryError;
use ecsdb::error::with_causes;
use ecsdb::schema::Value;
use ecsdb::{Component, Db, DynDb, OpenError};
use ecsdb_tests::simulated::Simulated;

use super::{schema, table};

#[derive(Component)]
#[component(table = "health")]
struct OldHealth {
    hp: f32,
    regen: f32,
}

#[derive(Component, Debug, PartialEq)]
struct Health {
    percent: u8,
}

#[derive(Component)]
struct Tag;

ecsdb::schema! { #[schema(name = "Game")] Before: OldHealth, Tag }
ecsdb::schema! { #[schema(name = "Game")] After: Tag, Health }

fn before(media: &Simulated) -> Db<Before> {
    Db::builder().media(media.clone()).directory("save").open().unwrap()
}

fn percent(old: OldRow<'_>) -> Result<Health, ecsdb::error::MigrationFailure> {
    match (old.get("hp"), old.get("regen"), old.get("armor")) {
        (Some(Value::F32(hp)), Some(Value::F32(_)), None) if (0.0..=1.0).contains(&hp) => {
            Ok(Health { percent: (hp * 100.0).round() as u8 })
        }
        (hp, ..) => Err(format!("{hp:?} is no part of a life").into()),
    }
}

#[test]
fn a_program_makes_the_rows_that_no_rule_can_make() {
    let media = Simulated::new();
    let db = before(&media);
    let all = db
        .write(|tx| Ok(tx.spawn_all((0..500).map(|n| (OldHealth { hp: n as f32 / 500.0, regen: 1.0 }, Tag)))?))
        .unwrap();
    db.update(all[3], OldHealth::C.hp.set(1.0)).unwrap();
    db.despawn(all[4]).unwrap();
    drop(db);
    let builder = || Db::<After>::builder().media(media.clone()).directory("save");
    let error = builder().open().err().unwrap();
    assert!(matches!(&error, OpenError::Directory(DirectoryError::Schema(_))), "{error}");

    let db = builder().migrate(percent).open().unwrap();
    let migration = db.recovery().unwrap().migration.clone().unwrap();
    assert_eq!(migration.rows, 499);
    assert!(migration.steps.iter().any(|step| step.contains("migration of the program")), "{migration:?}");
    let check = |db: &Db<After>, tags: usize| {
        let snapshot = db.snapshot();
        assert_eq!(snapshot.get::<Health>(all[250]).unwrap().to_owned(), Health { percent: 50 });
        assert_eq!(snapshot.get::<Health>(all[3]).unwrap().percent(), 100);
        assert!(!snapshot.is_alive(all[4]));
        assert_eq!((snapshot.table::<Health>().len(), snapshot.table::<Tag>().len()), (499, tags));
    };
    check(&db, 499);
    let next = db.spawn(Tag).unwrap();
    drop(db);
    // It is done once: the code may go.
    let db = builder().open().unwrap();
    check(&db, 500);
    assert!(db.snapshot().contains::<Tag>(next));
    assert_eq!(db.recovery().unwrap().migration, None);
}

#[test]
fn a_row_that_cannot_be_migrated_is_named_and_nothing_is_touched() {
    let media = Simulated::new();
    let db = before(&media);
    db.spawn(OldHealth { hp: 0.5, regen: 0.0 }).unwrap();
    let bad = db.spawn(OldHealth { hp: 7.0, regen: 0.0 }).unwrap();
    drop(db);
    let state = media.state();
    let error = Db::<After>::builder().media(media.clone()).directory("save").migrate(percent).open().err().unwrap();
    let OpenError::Directory(DirectoryError::Migration(row)) = &error else { panic!("{error}") };
    assert_eq!((&*row.table, row.entity), ("health", bad));
    assert!(with_causes(&error).to_string().contains("F32(7.0)"), "{error:?}");
    let after = media.state();
    assert!(state.paths().eq(after.paths()) && state.paths().all(|path| state.content(path) == after.content(path)));
    assert_eq!(before(&media).snapshot().get::<OldHealth>(bad).unwrap().hp(), 7.0);
}

mod first {
    use ecsdb::{Component, Field};

    #[derive(Field)]
    pub enum Mood {
        Calm,
        Angry,
    }

    #[derive(Component)]
    pub struct Unit {
        pub hp: u16,
        pub mood: Mood,
        #[component(deprecated = "nobody reads it")]
        pub color: u32,
    }

    ecsdb::schema! { pub Game: Unit }
}

mod second {
    use ecsdb::{Component, Field};

    #[derive(Field, Debug, PartialEq)]
    pub enum Mood {
        Tired {
            since: u64,
        },
        Calm,
        #[component(renamed_from = "Angry")]
        Furious,
    }

    #[derive(Component, Debug, PartialEq)]
    #[component(table = "soldier", renamed_from = "unit", version = 2)]
    pub struct Soldier {
        #[component(default = String::from("nobody"), since = 2)]
        pub name: String,
        pub mood: Mood,
        #[component(renamed_from = "hp")]
        pub points: u32,
    }

    ecsdb::schema! { pub Game: Soldier }
}

#[test]
fn attributes_say_what_became_of_a_component() {
    let media = Simulated::new();
    let db = Db::<first::Game>::builder().media(media.clone()).directory("save").open().unwrap();
    let calm = db.spawn(first::Unit { hp: 7, mood: first::Mood::Calm, color: 1 }).unwrap();
    let angry = db.spawn(first::Unit { hp: 9, mood: first::Mood::Angry, color: 2 }).unwrap();
    drop(db);
    let db = Db::<second::Game>::builder().media(media).directory("save").open().unwrap();
    let snapshot = db.snapshot();
    let soldier = |points, mood| second::Soldier { name: "nobody".to_owned(), mood, points };
    assert_eq!(snapshot.get::<second::Soldier>(calm).unwrap().to_owned(), soldier(7, second::Mood::Calm));
    assert_eq!(snapshot.get::<second::Soldier>(angry).unwrap().to_owned(), soldier(9, second::Mood::Furious));
    let tired = db.spawn(soldier(1, second::Mood::Tired { since: 5 })).unwrap();
    assert_eq!(db.snapshot().get::<second::Soldier>(tired).unwrap().mood(), second::Mood::Tired { since: 5 });
}

#[test]
fn a_table_by_name_is_migrated_by_the_schema_that_is_opened() {
    let media = Simulated::new();
    let builder = || DynDb::builder().media(media.clone()).directory("save");
    let with = |field: &str| schema(&table("life", "", &[field]));
    let db = builder().open_schema(with("name = \"hp\"; type = \"f32\"")).unwrap();
    let e = db.write(|tx| Ok(tx.spawn(&[("life", &[("hp", 0.25_f32.into())])])?)).unwrap();
    drop(db);

    let percent = |old: OldRow<'_>| match old.get("hp") {
        Some(Value::F32(hp)) => Ok(vec![("percent".to_owned(), Value::U8((hp * 100.0) as u8))]),
        other => Err(format!("unexpected {other:?}").into()),
    };
    let after = || with("name = \"percent\"; type = \"u8\"");
    let refused = builder().migrate_table("lives", percent).open_schema(after()).map(drop);
    assert!(matches!(&refused, Err(OpenError::MigratedTable { table }) if table == "lives"), "{refused:?}");
    let db = builder().migrate_table("life", percent).open_schema(after()).unwrap();
    assert_eq!(db.snapshot().view().get("life", e).unwrap().get("percent"), Some(Value::U8(25)));
}
