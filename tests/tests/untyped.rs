//! Databases whose schema was loaded, read and written by names.

use ecsdb::component::CompareOp;
use ecsdb::query::{FIELDS_TABLE, TABLES_TABLE};
use ecsdb::schema::{DatabaseSchema, Value};
use ecsdb::{Db, DynDb, Entity, OpError, TransactionError};
use ecsdb_tests::why;
use ecsdb_tests::world::*;

/// A database whose schema was written by hand.
fn by_hand() -> DynDb {
    DynDb::in_memory(DatabaseSchema::from_toml(include_str!("../schema/by_hand.toml"), "by_hand.toml").unwrap())
        .unwrap()
}

fn health(hp: u32, max_hp: u32) -> [(&'static str, Value); 2] {
    [("hp", Value::U32(hp)), ("max_hp", Value::U32(max_hp))]
}

const POSITION: [(&str, Value); 3] =
    [("position_x", Value::F32(1.0)), ("position_y", Value::F32(2.0)), ("position_z", Value::F32(-0.5))];

/// The error of a transaction of one operation.
fn fails(
    db: &DynDb,
    op: impl FnOnce(&mut ecsdb::DynTransaction<'_>) -> Result<(), OpError> + Send + 'static,
) -> String {
    let version = db.stats().version;
    let text = why(db.write(move |tx| Ok(op(tx)?)));
    assert_eq!(db.stats().version, version, "nothing has changed");
    text
}

#[test]
fn a_schema_that_was_written_by_hand_is_a_database() {
    let db = by_hand();
    let (a, b) = db
        .write(|tx| {
            let a = tx.spawn(&[("health", &health(20, 30)), ("transform", &POSITION)])?;
            let b = tx.spawn(&[])?;
            tx.insert("health", b, &health(1, 2))?;
            tx.set("health", b, "hp", Value::U32(2))?;
            tx.add("health", a, "hp", Value::U32(5))?;
            tx.require("health", a, "hp", CompareOp::GreaterOrEqual, Value::U32(25))?;
            assert_eq!(tx.view().get("health", a).and_then(|row| row.get("hp")), Some(Value::U32(25)));
            Ok((a, b))
        })
        .unwrap();
    let snapshot = db.snapshot();
    let view = snapshot.view();
    let row = view.get("health", a).unwrap();
    assert_eq!(row.entity(), Some(a));
    assert_eq!(row.get("entity_id"), Some(Value::U64(a.to_bits())), "the key column is the entity");
    let key = ("entity_id", Value::U64(a.to_bits()));
    assert_eq!(row.values(), [key, ("hp", Value::U32(25)), ("max_hp", Value::U32(30))]);
    assert_eq!(row.get("mp"), None);
    assert_eq!(view.get("transform", a).unwrap().get("position_z"), Some(Value::F32(-0.5)));
    assert!(view.get("transform", b).is_none() && view.get("nothing", a).is_none());
    assert_eq!(view.components_of(a).collect::<Vec<_>>(), ["transform", "health"]);
    let health: Vec<Entity> = view.table("health").unwrap().rows().filter_map(|row| row.entity()).collect();
    assert_eq!(health.len(), 2);

    let registry = view.table("entities").unwrap();
    let ids: Vec<Option<Value>> = registry.rows().map(|row| row.get("id")).collect();
    let mut expected = [a, b];
    expected.sort_by_key(|entity| entity.slot());
    assert_eq!(ids, expected.map(|entity| Some(Value::U64(entity.to_bits()))));
    assert_eq!(registry.get(a).unwrap().get("version"), Some(Value::U32(1)));
    assert_eq!(registry.len(), 2);

    db.write(move |tx| {
        tx.remove("health", b)?;
        Ok(tx.despawn(a)?)
    })
    .unwrap();
    let later = db.snapshot();
    assert_eq!((later.view().table("health").unwrap().len(), later.view().entity_count()), (0, 1));
    assert!(later.view().table("entities").unwrap().get(a).is_none() && !later.view().is_alive(a));
    assert_eq!(view.get("health", a).unwrap().get("hp"), Some(Value::U32(25)), "the older snapshot stays");
}

#[test]
fn the_schema_is_in_tables_of_its_own() {
    let db = by_hand();
    db.write(|tx| Ok(tx.spawn(&[("health", &health(1, 2))])?)).unwrap();
    let snapshot = db.snapshot();
    let tables = snapshot.view().table(TABLES_TABLE).unwrap();
    let text = |text: &str| Some(Value::Text(text.to_owned()));
    let found: Vec<_> = tables.rows().map(|row| (row.get("name"), row.get("rows"), row.get("row_bytes"))).collect();
    assert_eq!(
        found,
        [
            (text("transform"), Some(Value::U64(0)), Some(Value::U32(12))),
            (text("health"), Some(Value::U64(1)), Some(Value::U32(8))),
        ]
    );
    assert_eq!(tables.len(), 2);
    let fields = snapshot.view().table(FIELDS_TABLE).unwrap();
    assert_eq!(fields.len(), 5);
    let last = fields.rows().last().unwrap();
    assert_eq!((last.get("table"), last.get("name"), last.get("type")), (text("health"), text("max_hp"), text("u32")));
    assert_eq!(
        (last.get("id"), last.get("offset"), last.get("bytes")),
        (Some(Value::U16(1)), Some(Value::U32(4)), Some(Value::U32(4)))
    );
    assert!(last.entity().is_none() && last.bytes().is_empty());
}

#[test]
fn what_is_wrong_is_said_with_what_was_probably_meant() {
    let db = by_hand();
    let e = db.write(|tx| Ok(tx.spawn(&[("health", &health(1, 2))])?)).unwrap();
    assert_eq!(
        fails(&db, move |tx| tx.insert("heath", e, &health(1, 2))),
        "there is no table `heath`, did you mean `health`?"
    );
    assert_eq!(
        fails(&db, move |tx| tx.remove("inventory_of_everything", e)),
        "there is no table `inventory_of_everything`"
    );
    assert_eq!(
        fails(&db, move |tx| tx.set("health", e, "max_hq", Value::U32(1))),
        "table `health` has no field `max_hq`, did you mean `max_hp`?"
    );
    let missing = fails(&db, move |tx| tx.insert("health", e, &health(1, 2)[..1]));
    assert!(missing.contains("health") && missing.contains("max_hp"), "{missing}");
    let twice = [("hp", Value::U32(1)), ("max_hp", Value::U32(1)), ("hp", Value::U32(2))];
    let duplicate = fails(&db, move |tx| tx.insert("health", e, &twice));
    assert!(duplicate.contains("hp"), "{duplicate}");
    let unknown = [("hp", Value::U32(1)), ("max_hp", Value::U32(1)), ("mp", Value::U32(2))];
    assert!(fails(&db, move |tx| tx.spawn(&[("health", &unknown)]).map(drop)).contains("no field `mp`"));
    let wrong = fails(&db, move |tx| tx.set("health", e, "hp", Value::Bool(true)));
    assert!(wrong.contains("u32") && wrong.contains("true"), "{wrong}");
    let key = fails(&db, move |tx| tx.set("health", e, "entity_id", Value::U64(7)));
    assert!(key.contains("entity_id"), "{key}");
    assert_eq!(
        fails(&db, move |tx| tx.add("health", e, "hp", Value::U32(u32::MAX))),
        format!("`health.hp` of entity {e} is 1: adding 4294967295 leaves the range of the field")
    );
    assert_eq!(
        fails(&db, move |tx| tx.require("health", e, "hp", CompareOp::Greater, Value::U32(1))),
        format!("guard on `health.hp` of entity {e}: expected > 1, found 1")
    );
    assert_eq!(fails(&db, move |tx| tx.remove("transform", e)), format!("entity {e} has no `transform`"));
    let short = fails(&db, move |tx| tx.insert_bytes("health", e, &[0; 7]));
    assert!(short.contains('7') && short.contains('8'), "{short}");
    let nobody = Entity::from_bits(9 | 1 << 32).unwrap();
    for text in [
        fails(&db, move |tx| tx.despawn(nobody)),
        fails(&db, move |tx| tx.insert("health", nobody, &health(1, 2))),
        fails(&db, move |tx| tx.set("health", nobody, "hp", Value::U32(1))),
    ] {
        assert_eq!(text, format!("entity {nobody} is unknown: this database has never handed it out"));
    }
    db.write(move |tx| Ok(tx.despawn(e)?)).unwrap();
    assert_eq!(fails(&db, move |tx| tx.despawn(e)), format!("entity {e} is stale: it was despawned"));
    db.close().unwrap();
    assert!(matches!(db.write(|_| Ok(())), Err(TransactionError::Closed)));
}

#[test]
fn a_spawn_that_fails_leaves_no_half_entity() {
    let schema = "[database]\nname = \"game\"\n[[tables.a.fields]]\nname = \"n\"\ntype = \"u32\"\n\
                  [[tables.b.fields]]\nname = \"owner\"\ntype = \"entity\"";
    let db = DynDb::in_memory(DatabaseSchema::from_toml(schema, "game.toml").unwrap()).unwrap();
    let promised = Entity::from_bits(3).unwrap();
    db.write(move |tx| {
        let rows: [(&str, &[(&str, Value)]); 2] =
            [("a", &[("n", Value::U32(1))]), ("b", &[("owner", Value::Entity(promised))])];
        assert!(matches!(tx.spawn(&rows), Err(OpError::PromisedEntity { .. })));
        Ok(())
    })
    .unwrap();
    assert_eq!((db.stats().entities, db.stats().rows), (0, 0));
}

#[test]
fn a_typed_database_is_read_by_names_and_its_schema_opens_as_a_loaded_one() {
    let db = Db::<World>::in_memory().unwrap();
    let owner = db.spawn((Small { n: 1 }, Frozen)).unwrap();
    let item = db.spawn(Item { owner: Some(owner), makers: [None, Some(owner)], kind: 7 }).unwrap();
    let snapshot = db.snapshot();
    let view = snapshot.untyped();
    let row = view.get("item", item).unwrap();
    assert_eq!(row.get("owner"), Some(Value::from(Some(owner))));
    let makers = Value::Array(vec![Value::from(None::<Entity>), Value::from(Some(owner))]);
    assert_eq!((row.get("makers"), row.get("kind")), (Some(makers), Some(Value::U16(7))));
    assert!(view.get("frozen", owner).unwrap().values().is_empty());
    assert_eq!(view.table("frozen").unwrap().rows().count(), 1);
    assert_eq!(view.components_of(owner).collect::<Vec<_>>(), ["frozen", "small"]);

    let toml = db.schema().to_toml();
    let loaded = DatabaseSchema::from_toml(&toml, "world.toml").unwrap();
    assert_eq!(loaded.hash(), db.schema().hash());
    assert_eq!(loaded.to_toml(), toml);
    // The bytes of every row mean the same in the other database.
    let copy = DynDb::in_memory(loaded).unwrap();
    for table in db.schema().tables() {
        for row in view.table(&table.name).unwrap().rows() {
            let (name, bytes, values) = (table.name.to_string(), row.bytes().to_vec(), row.values());
            let values: Vec<(String, Value)> = values.into_iter().map(|(n, v)| (n.to_owned(), v)).collect();
            copy.write(move |tx| {
                let values: Vec<(&str, Value)> = values.iter().map(|(n, v)| (&**n, v.clone())).collect();
                let e = tx.spawn(&[(&name, &values)])?;
                assert_eq!(tx.view().get(&name, e).unwrap().bytes(), bytes);
                Ok(tx.insert_bytes(&name, e, &bytes)?)
            })
            .unwrap();
        }
    }
    assert_eq!(copy.stats().rows, 3);
}
