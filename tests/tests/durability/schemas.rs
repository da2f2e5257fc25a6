//! What the program and the directory say of tables and fields.

use ecsdb::error::DirectoryError;
use ecsdb::schema::{DatabaseSchema, Value};
use ecsdb::{Component, Db, DynDb};
use ecsdb_tests::simulated::Simulated;

use super::{Temporary, error_of};

#[derive(Component)]
struct Health {
    hp: u32,
    max: u32,
}

#[derive(Component)]
#[component(table = "health")]
struct OtherHealth {
    max: u64,
    hp: u32,
    armor: u8,
}

#[derive(Component)]
struct Mana {
    points: u32,
}

#[derive(Component)]
#[component(table = "health")]
struct TurnedHealth {
    max: u32,
    hp: u32,
}

#[derive(Component)]
struct Tag;

ecsdb::schema! { Game: Health, Tag }

ecsdb::schema! { #[schema(name = "Game")] Other: OtherHealth, Mana }

ecsdb::schema! { #[schema(name = "Game")] Turned: Tag, TurnedHealth }

#[test]
fn a_schema_that_does_not_fit_touches_nothing_and_names_what_differs() {
    let media = Simulated::new();
    let open = |media: &Simulated| Db::<Game>::builder().media(media.clone()).directory("save");
    let db = open(&media).open().unwrap();
    db.spawn((Health { hp: 1, max: 2 }, Tag)).unwrap();
    drop(db);
    let before = media.state();
    let error = error_of(Db::<Other>::builder().media(media.clone()).directory("save").open());
    let DirectoryError::Schema(mismatch) = error else { panic!("{error}") };
    assert_eq!(mismatch.refused.len(), 2, "{mismatch}");
    for part in
        ["`health`: field `armor` is new, and nothing says which `u8`", "`tag`: it is missing, and was not deprecated"]
    {
        assert!(mismatch.to_string().contains(part), "{mismatch}");
    }
    let after = media.state();
    assert!(before.paths().eq(after.paths()));
    assert!(before.paths().all(|path| before.content(path) == after.content(path)));
    assert_eq!(open(&media).open().unwrap().stats().rows, 2);
}

#[test]
fn the_order_of_tables_and_fields_may_change() {
    let directory = Temporary::new("order");
    let db = Db::<Game>::open(&directory.0).unwrap();
    let e = db.spawn((Health { hp: 1, max: 2 }, Tag)).unwrap();
    drop(db);
    let db = Db::<Turned>::open(&directory.0).unwrap();
    let row = |db: &Db<Turned>| db.snapshot().get::<TurnedHealth>(e).map(|row| (row.hp(), row.max())).unwrap();
    assert_eq!(row(&db), (1, 2));
    db.update(e, TurnedHealth::C.max.set(9)).unwrap();
    let f = db.spawn((Tag, TurnedHealth { max: 4, hp: 3 })).unwrap();
    drop(db);
    let db = Db::<Game>::open(&directory.0).unwrap();
    let row = |e| db.snapshot().get::<Health>(e).map(|row| (row.hp(), row.max())).unwrap();
    assert_eq!((row(e), row(f)), ((1, 9), (3, 4)));
}

#[test]
fn a_schema_that_was_loaded_works_too() {
    let directory = Temporary::new("untyped");
    let game = || Db::<Game>::open(directory.0.join("x")).unwrap();
    drop(game());
    let schema = DatabaseSchema::from_toml_file(directory.0.join("x/schema.toml")).unwrap();
    let db = DynDb::open(directory.0.join("x"), schema.clone()).unwrap();
    let e = db.write(|tx| Ok(tx.spawn(&[("health", &[("hp", Value::U32(20)), ("max", Value::U32(30))])])?)).unwrap();
    assert_eq!(db.sync().unwrap(), 1);
    db.close().unwrap();
    drop(db);
    assert_eq!(game().snapshot().get::<Health>(e).unwrap().hp(), 20);
    let db = DynDb::open(directory.0.join("x"), schema).unwrap();
    assert_eq!(db.snapshot().view().get("health", e).unwrap().get("max"), Some(Value::U32(30)));
    assert_eq!(db.recovery().unwrap().rows, 1);
}

#[derive(Component, Debug, PartialEq)]
#[component(durability = "none")]
#[repr(C)]
struct Place {
    x: f32,
    y: f32,
}

ecsdb::schema! { Moving: Place, Health }

#[test]
fn what_changes_all_the_time_need_not_be_logged() {
    let media = Simulated::new();
    let open = || Db::<Moving>::builder().media(media.clone()).directory("save").open().unwrap();
    let db = open();
    let bytes = |db: Db<Moving>| {
        drop(db);
        let db = open();
        let bytes = db.recovery().unwrap().bytes;
        (db, bytes)
    };
    let spawned =
        db.write(|tx| Ok(tx.spawn_all((0..2000).map(|n| (Place { x: n as f32, y: 0.0 }, Health { hp: n, max: 9 })))?));
    let all = spawned.unwrap();
    let (db, before) = bytes(db);
    for _ in 0..10 {
        db.write(|tx| Ok(tx.update_all(|place: &mut Place| place.y += 1.0)?)).unwrap();
    }
    assert_eq!(db.snapshot().get::<Place>(all[7]).unwrap().y, 10.0);
    db.update(all[7], Health::C.hp.set(1)).unwrap();
    db.remove::<Place>(all[8]).unwrap();
    let one = db.spawn(Place { x: 5.0, y: 6.0 }).unwrap();
    let (db, after) = bytes(db);
    assert!(after - before < 2000, "{after} - {before}");
    let s = db.snapshot();
    assert_eq!(s.get::<Place>(all[7]), Some(&Place { x: 7.0, y: 0.0 }), "the values that it came with");
    assert_eq!(s.get::<Health>(all[7]).unwrap().hp(), 1);
    assert_eq!(s.get::<Place>(all[8]), None);
    assert_eq!(s.get::<Place>(one), Some(&Place { x: 5.0, y: 6.0 }));
}

#[derive(Component)]
#[component(table = "place")]
#[repr(C)]
struct LoggedPlace {
    x: f32,
    y: f32,
}

ecsdb::schema! { #[schema(name = "Moving")] Careful: LoggedPlace, Health }

#[test]
fn what_is_logged_of_a_table_may_change() {
    let media = Simulated::new();
    let db = Db::<Moving>::builder().media(media.clone()).directory("save").open().unwrap();
    let timeline = db.recovery().unwrap().timeline;
    let e = db.spawn(Place { x: 1.0, y: 0.0 }).unwrap();
    db.update(e, Place::C.y.set(5.0)).unwrap();
    drop(db);
    let open = || Db::<Careful>::builder().media(media.clone()).directory("save").open().unwrap();
    let y = |db: &Db<Careful>| db.snapshot().get::<LoggedPlace>(e).unwrap().y;
    let db = open();
    assert_eq!(y(&db), 0.0, "it was not logged then");
    db.update(e, LoggedPlace::C.y.set(7.0)).unwrap();
    drop(db);
    for segments in [2, 2] {
        let db = open();
        assert_eq!(y(&db), 7.0);
        let recovery = db.recovery().unwrap();
        assert!(recovery.was_closed && recovery.timeline == timeline && recovery.segments == segments, "{recovery:?}");
    }
}
