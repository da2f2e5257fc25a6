//! Migrations that a program does itself.

use ecsdb::schema::Value;
use ecsdb::{Component, Db, DirectoryError, OpenError};
use ecsdb_tests::simulated::Simulated;

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

fn percent(old: ecsdb::OldRow<'_>) -> Result<Health, ecsdb::MigrationFailure> {
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
    assert!(error.to_string().contains("F32(7.0)"), "{error}");
    let after = media.state();
    assert!(state.paths().eq(after.paths()) && state.paths().all(|path| state.content(path) == after.content(path)));
    assert_eq!(before(&media).snapshot().get::<OldHealth>(bad).unwrap().hp(), 7.0);
}
