//! The same by names, and with a schema that changes while somebody follows.

use ecsdb::changes::{DynEvent, DynSubscription};
use ecsdb::error::{RecvError, SubscribeError};
use ecsdb::schema::{DatabaseSchema, Value};
use ecsdb::{DynDb, Entity};

fn schema(fields: &str) -> DatabaseSchema {
    let text = format!(
        "[database]\nname = \"game\"\n[tables.mob]\nfields = [{fields}]\n[tables.sign]\nfields = [{{ name = \"text\", type = \"string\" }}]"
    );
    DatabaseSchema::from_toml(&text, "game.toml").unwrap()
}

const FIRST: &str = "{ name = \"hp\", type = \"u16\" }, { name = \"name\", type = \"string\" }";

fn mob(hp: u16, name: &str) -> [(&'static str, Value); 2] {
    [("hp", Value::U16(hp)), ("name", Value::Text(name.to_owned()))]
}

fn spawn(db: &DynDb, hp: u16, name: &'static str) -> Entity {
    db.write(move |tx| Ok(tx.spawn(&[("mob", &mob(hp, name))])?)).unwrap()
}

/// Each event as a text.
fn told(feed: &mut DynSubscription) -> Vec<String> {
    let mut all = Vec::new();
    while let Some(changes) = feed.try_recv().unwrap() {
        for event in changes.iter() {
            let hp = |row: Option<&ecsdb::query::DynRow<'_>>| row.and_then(|row| row.get("hp"));
            let (old, new) = (hp(event.before()), hp(event.after()));
            all.push(match &event {
                DynEvent::Added { .. } => format!("+{new:?}"),
                DynEvent::Changed { fields, .. } => format!("{old:?}>{new:?} {fields:?}"),
                DynEvent::Removed { .. } => format!("-{old:?}"),
            });
        }
    }
    all
}

#[test]
fn events_come_by_names_with_the_fields_that_differ() {
    let db = DynDb::in_memory(schema(FIRST)).unwrap();
    let mut feed = db.subscribe("mob").unwrap();
    let ann = spawn(&db, 20, "ann");
    db.write(move |tx| {
        tx.set("mob", ann, "name", Value::Text("anna".to_owned()))?;
        Ok(tx.add("mob", ann, "hp", Value::U16(1))?)
    })
    .unwrap();
    db.write(move |tx| Ok(tx.set("mob", ann, "name", Value::Text("an".to_owned()))?)).unwrap();
    db.write(move |tx| Ok(tx.insert("sign", ann, &[("text", Value::Text("inn".to_owned()))])?)).unwrap();
    db.write(move |tx| Ok(tx.despawn(ann)?)).unwrap();
    assert_eq!(
        told(&mut feed),
        [
            "+Some(U16(20))",
            "Some(U16(20))>Some(U16(21)) [\"hp\", \"name\"]",
            "Some(U16(21))>Some(U16(21)) [\"name\"]",
            "-Some(U16(21))"
        ]
    );
}

#[test]
fn a_filter_and_an_entity_narrow_what_is_told() {
    let db = DynDb::in_memory(schema(FIRST)).unwrap();
    let (ann, bob) = (spawn(&db, 1, "ann"), spawn(&db, 2, "bob"));
    let weak = |row: &ecsdb::query::DynRow<'_>| matches!(row.get("hp"), Some(Value::U16(0..10)));
    let mut anns = db.subscribe("mob").unwrap().entity(ann).filter_by(weak);
    for (who, hp) in [(bob, 3), (ann, 4), (ann, 30), (ann, 31), (ann, 5), (bob, 6)] {
        db.write(move |tx| Ok(tx.set("mob", who, "hp", Value::U16(hp))?)).unwrap();
    }
    assert_eq!(told(&mut anns), ["Some(U16(1))>Some(U16(4)) [\"hp\"]", "-Some(U16(4))", "+Some(U16(5))"]);
}

#[test]
fn a_table_that_does_not_exist_cannot_be_followed() {
    let db = DynDb::in_memory(schema(FIRST)).unwrap();
    assert!(matches!(db.subscribe("mop"), Err(SubscribeError::UnknownTable { table }) if table == "mop"));
    assert!(db.subscribe("entities").is_err(), "the registry is no table of rows");
}

#[test]
fn another_schema_is_a_loss_after_which_rows_have_its_fields() {
    let db = DynDb::in_memory(schema(FIRST)).unwrap();
    let ann = spawn(&db, 20, "ann");
    let mut feed = db.subscribe("mob").unwrap().filter_by(|row| row.get("hp").is_some());
    let mut late = db.subscribe("mob").unwrap();
    db.write(move |tx| Ok(tx.set("mob", ann, "hp", Value::U16(21))?)).unwrap();
    assert_eq!(told(&mut late).len(), 1);
    db.evolve(&schema("{ name = \"hp\", type = \"u32\" }, { name = \"name\", type = \"string\" }, { name = \"armor\", type = \"u8\", default = 3 }"))
        .unwrap();
    db.write(move |tx| Ok(tx.set("mob", ann, "hp", Value::U32(70_000))?)).unwrap();
    for feed in [&mut feed, &mut late] {
        let Err(RecvError::Lagged(lagged)) = feed.try_recv() else { panic!("told across a change of the schema") };
        assert_eq!(lagged.to, 3, "that of the change");
        let snapshot = feed.resync();
        assert_eq!(snapshot.view().get("mob", ann).unwrap().get("armor"), Some(Value::U8(3)));
        assert!(feed.try_recv().unwrap().is_none());
    }
    db.write(move |tx| Ok(tx.set("mob", ann, "armor", Value::U8(4))?)).unwrap();
    let changes = feed.recv().unwrap();
    let event = changes.iter().next().unwrap();
    assert_eq!(event.after().unwrap().get("armor"), Some(Value::U8(4)));
    assert_eq!(event.before().unwrap().get("hp"), Some(Value::U32(70_000)));
    assert_eq!(changes.table().fields.len(), 3);
    let mut fresh = db.subscribe("mob").unwrap();
    db.write(move |tx| Ok(tx.set("mob", ann, "armor", Value::U8(5))?)).unwrap();
    assert_eq!(told(&mut fresh), ["Some(U32(70000))>Some(U32(70000)) [\"armor\"]"]);
}
