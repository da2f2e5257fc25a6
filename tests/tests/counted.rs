//! Counted fields: a row that is inserted with a 0 there gets the next number, and no number comes twice.

use std::collections::BTreeSet;

use ecsdb::schema::{DatabaseSchema, Value};
use ecsdb::{Component, Db, DynDb, Entity, OpError, TransactionError};
use ecsdb_tests::simulated::Simulated;
use ecsdb_tests::why;

#[derive(Component, Clone, Debug, PartialEq)]
struct Account {
    #[component(auto_increment, unique)]
    id: u32,
    name: String,
}

#[derive(Component, Clone, Copy, Debug, PartialEq)]
#[repr(C)]
struct Order {
    #[component(auto_increment)]
    number: i16,
    #[component(auto_increment)]
    line: u16,
    of: u32,
}

ecsdb::schema! { World: Account, Order }

fn account(name: &str) -> Account {
    Account { id: 0, name: name.to_owned() }
}

fn order(of: u32) -> Order {
    Order { number: 0, line: 0, of }
}

fn id(db: &Db<World>, entity: Entity) -> u32 {
    db.snapshot().get::<Account>(entity).unwrap().id()
}

fn open(media: &Simulated) -> Db<World> {
    Db::<World>::builder().media(media.clone()).directory("save").segment_bytes(16 << 10).open().unwrap()
}

#[test]
fn every_way_to_insert_a_row_gives_it_a_number() {
    let db = Db::<World>::in_memory().unwrap();
    let first = db.spawn(account("a")).unwrap();
    let mut tx = db.begin();
    let second = tx.spawn((account("b"), order(1)));
    let commit = tx.commit().unwrap().visible().unwrap();
    let second = commit.entity(second);
    let bare = db.spawn(order(2)).unwrap();
    db.insert(bare, account("c")).unwrap();
    let many = db
        .write(|tx| {
            let entity = tx.spawn(account("d"))?;
            assert_eq!(tx.get::<Account>(entity).unwrap().id(), 4, "the number is there at once");
            Ok(tx.spawn_all((0..200).map(|n| (account("many"), order(n))))?)
        })
        .unwrap();
    assert_eq!([first, second, bare].map(|entity| id(&db, entity)), [1, 2, 3]);
    let ids: Vec<u32> = many.iter().map(|entity| id(&db, *entity)).collect();
    assert_eq!(ids, (5..205).collect::<Vec<_>>());
    let snapshot = db.snapshot();
    let orders: BTreeSet<(i16, u16)> =
        snapshot.query::<&Order>().into_iter().map(|row| (row.number, row.line)).collect();
    assert_eq!(orders, (1..=202).map(|n| (n, n as u16)).collect());
}

#[test]
fn a_row_keeps_its_number_and_numbers_of_ones_own_are_not_given_again() {
    let db = Db::<World>::in_memory().unwrap();
    let entity = db.spawn(account("a")).unwrap();
    db.insert(entity, account("other name")).unwrap();
    db.write(move |tx| Ok(tx.modify(entity, |account: &mut Account| account.id = 0)?)).unwrap();
    assert_eq!(id(&db, entity), 1);
    db.spawn(Account { id: 10, name: String::new() }).unwrap();
    assert_eq!(id(&db, db.spawn(account("b")).unwrap()), 11);
    db.write(move |tx| Ok(tx.update(entity, Account::C.id.set(20))?)).unwrap();
    let last = db.spawn(account("c")).unwrap();
    assert_eq!(id(&db, last), 21);
    db.despawn(last).unwrap();
    assert_eq!(id(&db, db.spawn(account("d")).unwrap()), 22, "also after the row has gone");
}

#[test]
fn numbers_of_transactions_that_were_rolled_back_are_skipped() {
    let db = Db::<World>::in_memory().unwrap();
    let failed = db.write(|tx| -> Result<(), TransactionError> {
        tx.spawn(account("a"))?;
        tx.spawn(Account { id: 4_000_000_000, name: String::new() })?;
        Err(TransactionError::abort("no"))
    });
    failed.unwrap_err();
    assert_eq!(id(&db, db.spawn(account("b")).unwrap()), 2);
}

#[test]
fn a_field_that_has_given_all_its_numbers_says_so() {
    let db = Db::<World>::in_memory().unwrap();
    db.spawn(Order { number: i16::MAX, line: 1, of: 0 }).unwrap();
    let error = db.spawn(order(1)).unwrap_err();
    assert!(matches!(error, TransactionError::Op(OpError::NumbersExhausted { .. })));
    assert_eq!(
        why(db.spawn(order(1))),
        "`order.number` is counted up, and has given the last number of its type: take a wider one"
    );
    db.spawn(Order { number: 7, line: 0, of: 0 }).unwrap();
}

#[test]
fn after_a_restart_numbers_go_on_above_all_that_were_ever_kept() {
    let media = Simulated::new();
    let mut given = BTreeSet::new();
    for round in 0..4 {
        let db = open(&media);
        for _ in 0..30 {
            let entities = [(); 3].map(|()| db.spawn(account("a")).unwrap());
            for entity in entities {
                assert!(given.insert(id(&db, entity)), "a number came twice");
            }
            // What is gone is remembered by the log.
            entities[1..].iter().for_each(|entity| db.despawn(*entity).unwrap());
        }
        let chosen = 1000 * (round + 1_u32);
        let entity = db.spawn(account("b")).unwrap();
        given.insert(id(&db, entity));
        db.write(move |tx| Ok(tx.update(entity, Account::C.id.set(chosen))?)).unwrap();
        given.insert(chosen);
        db.despawn(entity).unwrap();
        db.sync().unwrap();
    }
    let db = open(&media);
    assert_eq!(id(&db, db.spawn(account("c")).unwrap()), 4001);
}

#[test]
fn a_field_can_be_counted_later_by_names_too() {
    let schema = |field: &str| {
        let text =
            format!("[database]\nname = \"x\"\n[tables.a]\n[[tables.a.fields]]\nname = \"n\"\ntype = \"u64\"\n{field}");
        DatabaseSchema::from_toml(&text, "x").unwrap()
    };
    let db = DynDb::builder().open_schema(schema("")).unwrap();
    let spawn = |n: u64| db.write(move |tx| Ok(tx.spawn(&[("a", &[("n", n.into())])])?)).unwrap();
    let number = |entity| match db.snapshot().view().table("a").unwrap().get(entity).unwrap().get("n") {
        Some(Value::U64(number)) => number,
        other => panic!("{other:?}"),
    };
    spawn(5);
    assert_eq!(number(spawn(0)), 0);
    db.evolve(&schema("auto_increment = true")).unwrap();
    assert_eq!(number(spawn(0)), 6);
    assert_eq!(number(spawn(0)), 7);
}

#[test]
fn a_number_that_many_rows_were_given_at_once_is_not_given_again() {
    let db = Db::<World>::in_memory().unwrap();
    db.write(|tx| Ok(tx.spawn_all((0..3).map(order))?)).unwrap();
    let number = |entity| db.snapshot().get::<Order>(entity).unwrap().number;
    db.write(|tx| Ok(tx.update_where(Order::C.of.lt(2), Order::C.number.set(500))?)).unwrap();
    assert_eq!(number(db.spawn(order(9)).unwrap()), 501);
    db.write(|tx| Ok(tx.update_where(Order::C.of.eq(2), (Order::C.number.add(600), Order::C.of.add(1)))?)).unwrap();
    assert_eq!(number(db.spawn(order(9)).unwrap()), 604);
}

#[test]
fn numbers_go_on_above_those_of_rows_that_were_made_anew_when_the_database_was_opened() {
    let schema = |tables: &str| {
        let text = format!("[database]\nname = \"x\"\n{tables}");
        DatabaseSchema::from_toml(&text, "x").unwrap()
    };
    let table = |name: &str, more: &str| {
        format!(
            "[tables.{name}]\n[[tables.{name}.fields]]\nname = \"n\"\ntype = \"u64\"\nauto_increment = true\n{more}"
        )
    };
    let media = Simulated::new();
    let open =
        |tables: &str| DynDb::builder().media(media.clone()).directory("save").open_schema(schema(tables)).unwrap();
    let number = |db: &DynDb, entity| match db.snapshot().view().table("a").unwrap().get(entity).unwrap().get("n") {
        Some(Value::U64(number)) => number,
        other => panic!("{other:?}"),
    };
    let db = open(&table("a", ""));
    let spawn = |db: &DynDb| db.write(|tx| Ok(tx.spawn(&[("a", &[("n", 0_u64.into())])])?)).unwrap();
    assert_eq!([(); 3].map(|()| number(&db, spawn(&db))), [1, 2, 3]);
    let last = spawn(&db);
    db.write(move |tx| Ok(tx.despawn(last)?)).unwrap();
    db.close().unwrap();
    drop(db);
    // The table comes behind another one, and its rows get a field.
    let more = "[[tables.a.fields]]\nname = \"m\"\ntype = \"u8\"\ndefault = 7\n";
    let db = open(&(table("z", "") + &table("a", more)));
    let spawn =
        |db: &DynDb| db.write(|tx| Ok(tx.spawn(&[("a", &[("n", 0_u64.into()), ("m", 1_u8.into())])])?)).unwrap();
    assert_eq!(number(&db, spawn(&db)), 4, "what a row had that is gone is forgotten with the rows as they were");
    assert_eq!(number(&db, spawn(&db)), 5);
}

#[test]
fn numbers_that_a_change_of_all_rows_puts_there_are_not_given_again() {
    let db = Db::<World>::in_memory().unwrap();
    let number = |entity| db.snapshot().get::<Order>(entity).unwrap().number;
    for of in 0..3 {
        db.spawn(order(of)).unwrap();
    }
    let aborted: Result<u64, _> = db.write(|tx| {
        tx.update_all(|order: &mut Order| order.number = 5000)?;
        Err(tx.abort("no"))
    });
    assert!(aborted.is_err());
    assert_eq!(number(db.spawn(order(3)).unwrap()), 4, "nobody has the numbers of what was rolled back");

    db.write(|tx| Ok(tx.update_all(|order: &mut Order| order.number += 100)?)).unwrap();
    assert_eq!(number(db.spawn(order(4)).unwrap()), 105);
    let in_the_same = db.write(|tx| {
        tx.update_all(|order: &mut Order| order.number += 100)?;
        Ok(tx.spawn(order(5))?)
    });
    assert_eq!(number(in_the_same.unwrap()), 206);
}
