//! Guards on rows, entities and versions, arithmetic of every kind, and rows that are stored or changed.

use ecsdb::component::UpdateOp;
use ecsdb::error::Conflict;
use ecsdb::schema::{DatabaseSchema, Value};
use ecsdb::{Component, Db, DynDb, Entity, OpError, TransactionBuilder, TransactionError};
use ecsdb_tests::{block_writer, why, why_not};

#[derive(Component, Debug, PartialEq)]
struct Purse {
    gold: u64,
    debt: i16,
    weight: f32,
}

#[derive(Component, Debug, PartialEq)]
struct Sign {
    text: String,
    owner: Option<Entity>,
    height: f32,
}

#[derive(Component)]
struct Frozen;

ecsdb::schema! { World: Purse, Sign, Frozen }

const PURSE: Purse = Purse { gold: 5, debt: -3, weight: 1.5 };

fn sign(text: &str) -> Sign {
    Sign { text: text.to_owned(), owner: None, height: 2.0 }
}

fn purse(db: &Db<World>, entity: Entity) -> Purse {
    db.table::<Purse>().get(entity).unwrap()
}

/// What comes of a builder's transaction.
fn commit(db: &Db<World>, compose: impl FnOnce(&mut TransactionBuilder<World>)) -> Result<u64, TransactionError> {
    let mut tx = db.begin();
    compose(&mut tx);
    Ok(tx.commit()?.visible()?.version)
}

fn conflict(result: Result<u64, TransactionError>) -> Conflict {
    match result {
        Err(TransactionError::Op(OpError::Conflict(conflict))) => *conflict,
        other => panic!("{other:?}"),
    }
}

#[test]
fn several_fields_change_together_or_none_does() {
    let db = Db::<World>::in_memory().unwrap();
    let e = db.spawn((PURSE, sign("inn"))).unwrap();
    let both = |gold| (Purse::C.debt.mul(2), Purse::C.gold.sub(gold), Purse::C.weight.max(9.0));
    db.update(e, both(1)).unwrap();
    assert_eq!(purse(&db, e), Purse { gold: 4, debt: -6, weight: 9.0 });
    let text = format!("`purse.gold` of entity {e} is 4: subtracting 5 leaves the range of the field");
    assert_eq!(why(db.update(e, both(5))), text);
    let told = text.clone();
    db.write(move |tx| {
        // The closure goes on: what failed has done nothing.
        assert_eq!(tx.update(e, both(5)).unwrap_err().to_string(), told);
        Ok(())
    })
    .unwrap();
    assert_eq!(purse(&db, e), Purse { gold: 4, debt: -6, weight: 9.0 });
    let name = (Sign::C.text.set("the golden inn".to_owned()), Sign::C.owner.set(Some(e)), Sign::C.height.mul(0.5));
    db.table::<Sign>().update(e, name).unwrap();
    let expected = Sign { text: "the golden inn".to_owned(), owner: Some(e), height: 1.0 };
    assert_eq!(db.table::<Sign>().get(e).unwrap(), expected);
}

#[test]
fn promised_entities_in_several_changes_and_in_rows_that_are_stored_are_the_real_ones() {
    let db = Db::<World>::in_memory().unwrap();
    let e = db.spawn(sign("inn")).unwrap();
    let mut tx = db.begin();
    let owner = tx.spawn(());
    tx.update(e, (Sign::C.owner.set(Some(owner)), Sign::C.height.add(1.0)));
    tx.insert_if_absent(owner, Sign { owner: Some(owner), ..sign("mine") });
    tx.upsert(owner, sign("no"), (Sign::C.owner.set(Some(owner)), Sign::C.height.set(7.0)));
    tx.require_row(owner, Sign { owner: Some(owner), height: 7.0, ..sign("mine") });
    let commit = tx.commit().unwrap().visible().unwrap();
    let (owner, table) = (commit[owner], db.table::<Sign>());
    assert_eq!(table.get(e).unwrap(), Sign { owner: Some(owner), height: 3.0, ..sign("inn") });
    assert_eq!(table.get(owner).unwrap(), Sign { owner: Some(owner), height: 7.0, ..sign("mine") });
}

#[test]
fn a_row_is_stored_once_and_then_changed() {
    let db = Db::<World>::in_memory().unwrap();
    let e = db.spawn(()).unwrap();
    for gold in [5, 7, 9] {
        commit(&db, |tx| tx.upsert(e, PURSE, Purse::C.gold.add(2))).unwrap();
        assert_eq!(purse(&db, e), Purse { gold, ..PURSE });
    }
    let stored = db
        .write(move |tx| {
            let first = tx.insert_if_absent(e, Purse { gold: 1, ..PURSE })?;
            let frozen = (tx.insert_if_absent(e, Frozen)?, tx.insert_if_absent(e, Frozen)?);
            Ok((first, frozen, tx.upsert(e, sign("new"), Sign::C.height.add(1.0))?))
        })
        .unwrap();
    assert_eq!(stored, (false, (true, false), true));
    assert_eq!(purse(&db, e).gold, 9);
    let refused = why(commit(&db, |tx| tx.upsert(e, PURSE, Purse::C.gold.sub(10))));
    assert!(refused.ends_with("is 9: subtracting 10 leaves the range of the field"), "{refused}");
    db.despawn(e).unwrap();
    let stale = format!("entity {e} is stale: it was despawned");
    assert_eq!(why(commit(&db, |tx| tx.insert_if_absent(e, PURSE))), stale);
    assert_eq!(why(commit(&db, |tx| tx.upsert(e, PURSE, Purse::C.gold.add(1)))), stale);
}

#[test]
fn guards_on_rows_say_what_was_expected_and_what_was_found() {
    let db = Db::<World>::in_memory().unwrap();
    let e = db.spawn((PURSE, Frozen)).unwrap();
    let guard = |compose: &dyn Fn(&mut TransactionBuilder<World>)| {
        let before = purse(&db, e);
        let text = why(commit(&db, |tx| {
            tx.update(e, Purse::C.gold.set(0));
            tx.update(e, Purse::C.gold.set(5));
            compose(tx);
        }));
        assert_eq!(purse(&db, e), before);
        text
    };
    assert_eq!(guard(&|tx| tx.require_present::<Purse>(e)), "committed");
    assert_eq!(guard(&|tx| tx.require_absent::<Sign>(e)), "committed");
    assert_eq!(guard(&|tx| tx.require_row(e, PURSE)), "committed");
    assert_eq!(guard(&|tx| tx.require_row(e, Frozen)), "committed");
    assert_eq!(guard(&|tx| tx.require_present::<Sign>(e)), format!("entity {e} has no `sign`"));
    assert_eq!(
        guard(&|tx| tx.require_absent::<Purse>(e)),
        format!("guard on `purse` of entity {e}: expected no row, found {{ gold: 5, debt: -3, weight: 1.5 }}")
    );
    assert_eq!(
        guard(&|tx| tx.require_absent::<Frozen>(e)),
        format!("guard on `frozen` of entity {e}: expected no row, found a row")
    );
    assert_eq!(
        guard(&|tx| tx.require_row(e, Purse { debt: 3, ..PURSE })),
        format!(
            "guard on `purse` of entity {e}: expected {{ gold: 5, debt: 3, weight: 1.5 }}, \
             found {{ gold: 5, debt: -3, weight: 1.5 }}"
        )
    );
    assert_eq!(
        guard(&|tx| tx.require_row(e, sign("inn"))),
        format!("guard on `sign` of entity {e}: expected {{ text: \"inn\", owner: none, height: 2.0 }}, found no row")
    );
    // Values are compared as values.
    db.update(e, Purse::C.weight.set(-0.0)).unwrap();
    assert_eq!(guard(&|tx| tx.require_row(e, Purse { weight: 0.0, ..PURSE })), "committed");
    db.despawn(e).unwrap();
    let stale = format!("entity {e} is stale: it was despawned");
    for text in [
        why(commit(&db, |tx| tx.require_absent::<Sign>(e))),
        why(commit(&db, |tx| tx.require_present::<Purse>(e))),
        why(commit(&db, |tx| tx.require_row(e, PURSE))),
        why(db.write(move |tx| Ok(tx.require_alive(e)?))),
    ] {
        assert_eq!(text, stale);
    }
}

#[test]
fn what_a_snapshot_showed_is_so_still_or_nothing_is_committed() {
    let db = Db::<World>::in_memory().unwrap();
    let (a, b) = (db.spawn((PURSE, sign("inn"))).unwrap(), db.spawn(PURSE).unwrap());
    let seen = db.snapshot();
    let unchanged = |compose: &dyn Fn(&mut TransactionBuilder<World>)| {
        let in_builder = commit(&db, compose);
        in_builder.map(drop).map_err(|error| error.to_string())
    };
    // Neighbours on the same pages change, and the row itself is written with what it was.
    db.update(b, Purse::C.gold.add(1)).unwrap();
    db.table::<Sign>().insert(b, sign("new")).unwrap();
    db.table::<Sign>().insert(a, sign("inn")).unwrap();
    db.update(a, Purse::C.gold.set(5)).unwrap();
    assert_eq!(unchanged(&|tx| tx.expect_unchanged::<Purse>(a, &seen)), Ok(()));
    assert_eq!(unchanged(&|tx| tx.expect_unchanged::<Sign>(a, &seen)), Ok(()));
    assert_eq!(unchanged(&|tx| tx.expect_unchanged::<Frozen>(a, &seen)), Ok(()));
    assert_eq!(unchanged(&|tx| tx.expect_entity_unchanged(a, &seen)), Ok(()));

    let version = seen.version();
    let found = conflict(commit(&db, |tx| tx.expect_unchanged::<Purse>(b, &seen)));
    assert_eq!(
        found.to_string(),
        format!(
            "`purse` of entity {b} has changed since version {version}: expected {{ gold: 5, debt: -3, weight: 1.5 }}, \
             found {{ gold: 6, debt: -3, weight: 1.5 }}"
        )
    );
    let found = conflict(commit(&db, |tx| tx.expect_unchanged::<Sign>(b, &seen)));
    assert!(found.to_string().contains("expected no row, found { text: \"new\""), "{found}");
    let found = conflict(commit(&db, |tx| tx.expect_entity_unchanged(b, &seen)));
    assert!(matches!(found, Conflict::Row { row, .. } if row.table == "purse"));
    db.update(a, Sign::C.text.set("inN".to_owned())).unwrap();
    conflict(commit(&db, |tx| tx.expect_unchanged::<Sign>(a, &seen)));
    db.table::<Frozen>().insert(a, Frozen).unwrap();
    conflict(commit(&db, |tx| tx.expect_unchanged::<Frozen>(a, &seen)));

    // In closures too, where nothing is copied.
    let held = seen.clone();
    db.write(move |tx| {
        tx.expect_unchanged::<Purse>(a, &held)?;
        let error = tx.expect_entity_unchanged(a, &held).unwrap_err();
        assert!(matches!(error, OpError::Conflict(_)), "{error}");
        tx.update(a, Purse::C.debt.add(1))?;
        assert!(tx.expect_unchanged::<Purse>(a, &held).is_err(), "its own changes are changes");
        Ok(())
    })
    .unwrap();
}

#[test]
fn lives_and_deaths_since_a_snapshot_are_conflicts() {
    let db = Db::<World>::in_memory().unwrap();
    let e = db.spawn(()).unwrap();
    let seen = db.snapshot();
    assert!(commit(&db, |tx| tx.expect_entity_unchanged(e, &seen)).is_ok());
    db.despawn(e).unwrap();
    let (version, found) = (seen.version(), conflict(commit(&db, |tx| tx.expect_entity_unchanged(e, &seen))));
    assert_eq!(found.to_string(), format!("entity {e} was alive in version {version}, and is despawned now"));
    let dead = db.snapshot();
    let next = db.spawn(PURSE).unwrap();
    assert_eq!(next.slot(), e.slot());
    assert!(
        commit(&db, |tx| tx.expect_entity_unchanged(e, &dead)).is_ok(),
        "the slot has another owner, and e is dead"
    );
    assert!(commit(&db, |tx| tx.expect_unchanged::<Purse>(e, &dead)).is_ok());
    let found = conflict(commit(&db, |tx| tx.expect_entity_unchanged(next, &dead)));
    assert_eq!(
        found.to_string(),
        format!("entity {next} was not alive in version {}, and is alive now", dead.version())
    );
}

#[test]
fn a_version_is_the_last_one_or_others_have_committed() {
    let db = Db::<World>::in_memory().unwrap();
    let e = db.spawn(PURSE).unwrap();
    let version = db.snapshot().version();
    // What changes nothing, and what fails, does not count.
    db.write(|_| Ok(())).unwrap();
    db.write(|tx| Err::<(), _>(tx.abort("no"))).unwrap_err();
    let next = commit(&db, |tx| {
        tx.update(e, Purse::C.gold.add(1));
        tx.expect_version(version);
    })
    .unwrap();
    assert_eq!(next, version + 1);
    let found = conflict(commit(&db, |tx| tx.expect_version(version)));
    assert_eq!(found.to_string(), format!("expected version {version}, found {next}: others have committed since"));
    // Within one batch the first is the first.
    let blocked = block_writer(&db);
    let tickets = [0, 1, 2].map(|_| {
        let mut tx = db.begin();
        tx.expect_version(next);
        tx.update(e, Purse::C.gold.add(1));
        tx.commit().unwrap()
    });
    drop(blocked);
    let [first, second, third] = tickets.map(why_not);
    let late = format!("expected version {next}, found {}: others have committed since", next + 1);
    assert_eq!([first.as_str(), &second, &third], ["committed", &late, &late]);
    db.write(move |tx| Ok(tx.expect_version(next + 1)?)).unwrap();
}

#[test]
fn a_snapshot_of_another_database_is_refused() {
    let (db, other) = (Db::<World>::in_memory().unwrap(), Db::<World>::in_memory().unwrap());
    let e = db.spawn(PURSE).unwrap();
    assert_eq!(other.spawn(PURSE).unwrap(), e);
    let foreign = other.snapshot();
    let text = "the snapshot is one of another database";
    assert_eq!(why(commit(&db, |tx| tx.expect_unchanged::<Purse>(e, &foreign))), text);
    assert_eq!(why(commit(&db, |tx| tx.expect_entity_unchanged(e, &foreign))), text);
    assert_eq!(why(db.write(move |tx| Ok(tx.expect_unchanged::<Purse>(e, &foreign)?))), text);
}

#[test]
fn databases_without_types_have_the_same_changes_and_guards() {
    let schema = "[database]\nname = \"game\"\n[tables.mob]\nfields = [{ name = \"hp\", type = \"u8\" }, \
                  { name = \"speed\", type = \"f32\" }, { name = \"name\", type = \"string\" }]";
    let db = DynDb::in_memory(DatabaseSchema::from_toml(schema, "game.toml").unwrap()).unwrap();
    let mob = |hp: u8| [("hp", Value::U8(hp)), ("speed", Value::F32(1.0)), ("name", Value::from("orc"))];
    db.write(move |tx| {
        let e = tx.spawn(&[])?;
        let version = tx.view().version();
        tx.require_absent("mob", e)?;
        assert!(tx.insert_if_absent("mob", e, &mob(200))?);
        assert!(!tx.insert_if_absent("mob", e, &mob(1))?);
        tx.update("mob", e, "hp", UpdateOp::SaturatingAdd, Value::U8(100))?;
        tx.update("mob", e, "speed", UpdateOp::Multiply, Value::F32(1.5))?;
        let changes = [("hp", UpdateOp::Subtract, Value::U8(5)), ("name", UpdateOp::Set, Value::from("a large orc"))];
        assert!(!tx.upsert("mob", e, &mob(1), &changes)?);
        let expected = [("hp", Value::U8(250)), ("speed", Value::F32(1.5)), ("name", Value::from("a large orc"))];
        tx.require_row("mob", e, &expected)?;
        tx.require_present("mob", e)?;
        tx.require_alive(e)?;
        tx.expect_version(version)?;
        let fails = [("name", UpdateOp::Set, Value::from("gone")), ("hp", UpdateOp::Add, Value::U8(6))];
        let texts = [
            tx.require_row("mob", e, &mob(250)).unwrap_err().to_string(),
            tx.upsert("mob", e, &mob(1), &fails).unwrap_err().to_string(),
            tx.update("mob", e, "speed", UpdateOp::WrappingAdd, Value::F32(1.0)).unwrap_err().to_string(),
            tx.add("mob", e, "name", Value::from("s")).unwrap_err().to_string(),
        ];
        let found = "found { hp: 250, speed: 1.5, name: \"a large orc\" }";
        assert_eq!(
            texts,
            [
                format!("guard on `mob` of entity {e}: expected {{ hp: 250, speed: 1.0, name: \"orc\" }}, {found}"),
                format!("`mob.hp` of entity {e} is 250: adding 6 leaves the range of the field"),
                "adding, around the range, a value needs an integer, and `mob.speed` is `f32`".to_owned(),
                "adding a value needs a number, and `mob.name` is `string`".to_owned(),
            ]
        );
        tx.require_row("mob", e, &expected)?;
        Ok(())
    })
    .unwrap();
}
