//! Procedures: typed calls, calls by name, calls within calls, and what becomes of those that fail.

use std::future::Future;
use std::pin::pin;
use std::sync::mpsc;
use std::task::{Context, Poll, Waker};

use ecsdb::error::with_causes;
use ecsdb::error::{CallError, ProcedureFault};
use ecsdb::schema::{DatabaseSchema, Value};
use ecsdb::transaction::{Dynamic, Written};
use ecsdb::{Db, DynDb, Entity, Field, OpError, OpenError, Procedure, Ticket, TransactionError};
use ecsdb_tests::why;
use ecsdb_tests::world::*;

#[derive(Field, Debug, Clone, PartialEq)]
struct Payment {
    from: Entity,
    to: Entity,
    gold: u64,
}

#[derive(Field, Debug, Clone, PartialEq)]
enum Receipt {
    Nothing,
    Paid { left: u64, note: String },
}

const PAY: Procedure<World, Payment, Receipt> = Procedure::new("pay", "Passes gold on.", |tx, payment| {
    if payment.gold == 0 {
        return Ok(Receipt::Nothing);
    }
    tx.update(payment.to, Purse::C.gold.add(payment.gold))?;
    tx.update(payment.from, Purse::C.gold.sub(payment.gold))?;
    let left = tx.get::<Purse>(payment.from).map_or(0, |purse| purse.gold());
    Ok(Receipt::Paid { left, note: format!("{} gold", payment.gold) })
});

const SPAWN: Procedure<World, u32, Entity> =
    Procedure::new("spawn", "Spawns one with a number.", |tx, n| Ok(tx.spawn(Small { n })?));

/// Spawns one and then panics.
const PANIC: Procedure<World, (), ()> = Procedure::new("panic", "Spawns one and then panics.", |tx, ()| {
    tx.call(&SPAWN, 1)?;
    panic!("out of luck")
});

fn open() -> Db<World> {
    Db::<World>::builder().worker_threads(1).procedure(&PAY).procedure(&SPAWN).procedure(&PANIC).open().unwrap()
}

fn purses(db: &Db<World>) -> (Entity, Entity) {
    let purse = |gold| db.spawn(Purse { gold, open: false }).unwrap();
    (purse(100), purse(0))
}

fn gold(db: &Db<World>, entity: Entity) -> u64 {
    db.snapshot().get::<Purse>(entity).unwrap().gold()
}

#[test]
fn a_call_is_one_transaction_with_a_result() {
    let db = open();
    let (from, to) = purses(&db);
    let before = db.snapshot().version();
    let receipt = db.call(&PAY, Payment { from, to, gold: 30 }).unwrap();
    assert_eq!(receipt, Receipt::Paid { left: 70, note: "30 gold".to_owned() });
    assert_eq!((gold(&db, from), gold(&db, to), db.snapshot().version()), (70, 30, before + 1));
    assert_eq!(db.call(&PAY, Payment { from, to, gold: 0 }).unwrap(), Receipt::Nothing);
}

#[test]
fn a_call_that_fails_leaves_nothing_behind_and_says_which_procedure_it_was() {
    let db = open();
    let (from, to) = purses(&db);
    let error = db.call(&PAY, Payment { from, to, gold: 101 }).unwrap_err();
    assert!(matches!(error.root(), TransactionError::Op(OpError::OutOfRange(_))));
    assert_eq!(
        with_causes(&error).to_string(),
        format!(
            "procedure `pay` failed: `purse.gold` of entity {from} is 100: subtracting 101 leaves the range of the field"
        )
    );
    assert_eq!((gold(&db, from), gold(&db, to)), (100, 0));
}

#[test]
fn a_panic_is_rolled_back_and_reported_with_the_name() {
    let db = open();
    let why = why(db.call(&PANIC, ()));
    assert_eq!(why, "procedure `panic` failed: the transaction panicked: out of luck");
    assert_eq!(db.stats().entities, 0);
    assert!(db.call(&SPAWN, 3).is_ok(), "the writer goes on");
}

#[test]
fn tickets_and_futures_give_the_result() {
    let db = open();
    let tickets: Vec<Ticket<Written<Entity>>> = (0..20).map(|n| db.lane().submit_call(&SPAWN, n).unwrap()).collect();
    let written: Vec<Written<Entity>> = tickets.into_iter().map(|ticket| ticket.visible().unwrap()).collect();
    for (n, written) in written.iter().enumerate() {
        assert_eq!(db.snapshot().get::<Small>(written.result).map(|row| row.n as usize), Some(n));
        assert!(written.version <= db.snapshot().version());
    }
    assert!(matches!(db.lane().submit_call(&SPAWN, 1).unwrap().durable(), Err(TransactionError::NoLog)));

    let mut future = pin!(db.call_async(&SPAWN, 9));
    let entity = loop {
        match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(result) => break result.unwrap(),
            Poll::Pending => std::thread::yield_now(),
        }
    };
    assert!(db.snapshot().contains::<Small>(entity));
}

#[test]
fn closures_with_data_of_their_own_are_procedures_too() {
    let prices = [3_u64, 5, 8];
    let price = Procedure::<World, u32, Option<u64>>::with("price", "The price of a kind.", move |_, kind| {
        Ok(prices.get(kind as usize).copied())
    });
    let db = Db::<World>::builder().procedure(&price).open().unwrap();
    assert_eq!(db.call(&price, 2).unwrap(), Some(8));
    assert_eq!(db.call(&price.clone(), 3).unwrap(), None);
    assert_eq!(db.call_by_name("price", &Value::U8(1)).unwrap(), Value::Optional(Some(Box::new(Value::U64(5)))));
    assert_eq!(format!("{price:?}"), "Procedure { name: \"price\", .. }");
}

fn payment(from: Entity, to: Entity, gold: Value) -> Value {
    let member = |name: &str, value| (name.to_owned(), value);
    Value::Struct(vec![member("from", Value::Entity(from)), member("to", Value::Entity(to)), member("gold", gold)])
}

#[test]
fn calls_by_name_take_and_give_values() {
    let db = open();
    let (from, to) = purses(&db);
    let receipt = db.call_by_name("pay", &payment(from, to, Value::I32(60))).unwrap();
    let fields = vec![("left".to_owned(), Value::U64(40)), ("note".to_owned(), Value::Text("60 gold".to_owned()))];
    assert_eq!(receipt, Value::Variant { variant: "Paid".to_owned(), fields });
    assert_eq!((gold(&db, from), gold(&db, to)), (40, 60));
    let error = db.call_by_name("pay", &payment(from, to, Value::U64(41))).unwrap_err();
    assert!(matches!(error, CallError::Transaction(TransactionError::Procedure { procedure: "pay", .. })), "{error}");
    assert_eq!((gold(&db, from), gold(&db, to)), (40, 60));
}

#[test]
fn what_does_not_fit_is_refused_before_it_is_queued() {
    let db = open();
    let (from, to) = purses(&db);
    let version = db.snapshot().version();
    let refused = |name, value| with_causes(&db.call_by_name(name, &value).unwrap_err()).to_string();
    assert_eq!(refused("spwan", Value::U8(1)), "there is no procedure `spwan`, did you mean `spawn`?");
    assert_eq!(refused("something", Value::U8(1)), "there is no procedure `something`");
    let takes = "procedure `pay` takes `struct Payment { from: entity, to: entity, gold: u64 }`: ";
    assert_eq!(
        refused("pay", payment(from, to, Value::I8(-1))),
        format!("{takes}`gold`: -1 is out of the range of `u64`")
    );
    let one_member = Value::Struct(vec![("gold".to_owned(), Value::U64(1))]);
    assert_eq!(refused("pay", one_member), format!("{takes}expected the members `from`, `to`, `gold`, found `gold`"));
    assert_eq!(
        refused("spawn", Value::Text("x".to_owned())),
        "procedure `spawn` takes `u32`: expected `u32`, found `string` \"x\""
    );
    assert!(refused("panic", Value::U8(1)).starts_with("procedure `panic` takes `"));
    assert_eq!(db.snapshot().version(), version);
}

#[test]
fn the_list_says_what_there_is() {
    let db = open();
    let listed: Vec<_> = db
        .procedures()
        .map(|info| (info.name, info.doc, info.arguments.to_string(), info.result.to_string()))
        .collect();
    assert_eq!(listed.len(), 3);
    assert_eq!(listed[0].0, "panic");
    let (name, doc, arguments, result) = &listed[1];
    assert_eq!(
        (*name, *doc, &**arguments),
        ("pay", "Passes gold on.", "struct Payment { from: entity, to: entity, gold: u64 }")
    );
    assert!(result.contains("Nothing") && result.contains("left: u64"), "{result}");
    assert_eq!((listed[2].0, &*listed[2].2, &*listed[2].3), ("spawn", "u32", "entity"));
}

#[test]
fn names_are_checked_when_the_database_is_opened() {
    let fault = |builder: ecsdb::DbBuilder<World>| match builder.open() {
        Err(OpenError::Procedure(fault)) => fault,
        other => panic!("{:?}", other.err()),
    };
    let twice = fault(Db::<World>::builder().procedure(&PAY).procedure(&SPAWN).procedure(&PAY));
    assert_eq!(twice, ProcedureFault::Twice { name: "pay" });
    let shouting = Procedure::<World, (), ()>::with("PAY", "Does nothing.", |_, ()| Ok(()));
    assert!(
        fault(Db::<World>::builder().procedure(&shouting)).to_string().contains("`PAY`: expected a snake_case name")
    );
    assert!(
        Db::<World>::in_memory().unwrap().call(&shouting, ()).is_ok(),
        "only a name that is asked for has to be one"
    );
}

/// Pays twice; what the second payment comes to is handled.
const PAY_TWICE: Procedure<World, (Payment, Payment), bool> =
    Procedure::new("pay_twice", "Pays two times.", |tx, (first, second)| {
        tx.call(&PAY, first)?;
        Ok(tx.call(&PAY, second).is_ok())
    });

#[test]
fn procedures_that_are_called_share_the_transaction() {
    let db = open();
    let (from, to) = purses(&db);
    let pay = |gold| Payment { from, to, gold };
    let version = db.snapshot().version();
    assert!(db.call(&PAY_TWICE, (pay(10), pay(20))).unwrap());
    assert_eq!((gold(&db, from), gold(&db, to), db.snapshot().version()), (70, 30, version + 1));
    // In closures as well.
    let left = db.write(move |tx| tx.call(&PAY, Payment { from, to, gold: 1 })).unwrap();
    assert_eq!(left, Receipt::Paid { left: 69, note: "1 gold".to_owned() });
}

#[test]
fn a_failure_that_the_caller_handles_takes_everything_back_all_the_same() {
    let db = open();
    let (from, to) = purses(&db);
    let pay = |gold| Payment { from, to, gold };
    let error = db.call(&PAY_TWICE, (pay(10), pay(91))).unwrap_err();
    assert!(matches!(error.root(), TransactionError::CallFailed { procedure: "pay", .. }));
    assert_eq!(
        with_causes(&error).to_string(),
        format!(
            "procedure `pay_twice` failed: procedure `pay` failed within the transaction, so nothing of it was kept: `purse.gold` \
             of entity {from} is 90: subtracting 91 leaves the range of the field"
        )
    );
    assert_eq!((gold(&db, from), gold(&db, to)), (100, 0));
}

#[test]
fn a_panic_that_the_caller_catches_takes_everything_back_all_the_same() {
    let db = open();
    let outcome = db.write(|tx| {
        tx.spawn(Small { n: 1 })?;
        let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| tx.call(&PANIC, ())));
        assert!(caught.is_err());
        Ok(())
    });
    let why = why(outcome);
    assert_eq!(why, "procedure `panic` failed within the transaction, so nothing of it was kept: it panicked");
    assert_eq!(db.stats().entities, 0);
}

/// Calls itself so many times more. A constant cannot name itself, a function can.
fn descend(tx: &mut ecsdb::Transaction<'_, World>, more: u32) -> Result<u32, TransactionError> {
    const DESCEND: Procedure<World, u32, u32> = Procedure::new("descend", "Calls itself so many times more.", descend);
    tx.spawn(Small { n: more })?;
    if more == 0 { Ok(0) } else { Ok(1 + tx.call(&DESCEND, more - 1)?) }
}

#[test]
fn procedures_may_call_themselves_but_not_without_end() {
    let descend = Procedure::<World, u32, u32>::new("descend", "Calls itself so many times more.", descend);
    let db = open();
    assert_eq!(db.call(&descend, 64).unwrap(), 64);
    assert_eq!(db.stats().entities, 65);
    let error = db.call(&descend, 1_000_000).unwrap_err();
    assert!(matches!(error.root(), TransactionError::CallDepth { procedure: "descend", limit: 64 }), "{error}");
    assert_eq!(db.stats().entities, 65);
}

#[test]
fn a_call_from_within_a_transaction_would_wait_for_itself() {
    let db = open();
    let inner = db.clone();
    let outcome = db.write(move |_| inner.call(&SPAWN, 1));
    assert!(matches!(outcome, Err(TransactionError::Reentrant)));
}

#[test]
fn calls_from_many_threads_keep_all_gold() {
    let db = open();
    let all: Vec<Entity> = (0..8).map(|_| db.spawn(Purse { gold: 100, open: false }).unwrap()).collect();
    std::thread::scope(|scope| {
        for thread in 0..4_usize {
            let (db, all) = (&db, &all);
            scope.spawn(move || {
                for round in 0..250_usize {
                    let (from, to) = (all[(thread + round) % 8], all[(thread * 3 + round * 5) % 8]);
                    let outcome = db.call(&PAY, Payment { from, to, gold: (round % 40) as u64 });
                    assert!(outcome.is_ok() || matches!(outcome.unwrap_err().root(), TransactionError::Op(_)));
                }
            });
        }
    });
    assert_eq!(all.iter().map(|entity| gold(&db, *entity)).sum::<u64>(), 800);
}

#[test]
fn closing_answers_every_call_that_waits() {
    let db = open();
    let (started, has_started) = mpsc::channel();
    let (go, gate) = mpsc::channel::<()>();
    let blocking = db
        .lane()
        .submit(move |_| {
            started.send(()).unwrap();
            gate.recv().unwrap();
            Ok(())
        })
        .unwrap();
    has_started.recv().unwrap();
    let waiting: Vec<_> = (0..50).map(|n| db.lane().submit_call(&SPAWN, n).unwrap()).collect();
    let closing = std::thread::spawn({
        let db = db.clone();
        move || db.close()
    });
    go.send(()).unwrap();
    closing.join().unwrap().unwrap();
    blocking.visible().unwrap();
    for ticket in waiting {
        ticket.visible().expect("it was queued before the end");
    }
    assert!(matches!(db.call(&SPAWN, 1), Err(TransactionError::Closed)));
    assert_eq!(db.stats().entities, 50);
}

/// Puts hit points back.
const HEAL: Procedure<Dynamic, (Entity, u32), u32> =
    Procedure::new("heal", "Puts hit points back.", |tx, (mob, hp)| {
        tx.add("health", mob, "hp", Value::U32(hp))?;
        match tx.view().get("health", mob).and_then(|row| row.get("hp")) {
            Some(Value::U32(hp)) => Ok(hp),
            _ => Err(TransactionError::abort("no health")),
        }
    });

const HEAL_TWICE: Procedure<Dynamic, (Entity, u32), u32> =
    Procedure::new("heal_twice", "Heals two times.", |tx, (mob, hp)| {
        tx.call(&HEAL, (mob, hp))?;
        tx.call(&HEAL, (mob, hp))
    });

#[test]
fn databases_with_a_loaded_schema_have_procedures_too() {
    let text = "[database]\nname = \"game\"\n[[tables.health.fields]]\nname = \"hp\"\ntype = \"u32\"";
    let schema = DatabaseSchema::from_toml(text, "game.toml").unwrap();
    let db = DynDb::builder().procedure(&HEAL).procedure(&HEAL_TWICE).open_schema(schema).unwrap();
    let mob = db.write(|tx| Ok(tx.spawn(&[("health", &[("hp", Value::U32(20))])])?)).unwrap();
    assert_eq!(db.call(&HEAL, (mob, 1)).unwrap(), 21);
    let arguments = Value::Struct(vec![("0".to_owned(), Value::Entity(mob)), ("1".to_owned(), Value::U8(2))]);
    assert_eq!(db.call_by_name("heal_twice", &arguments).unwrap(), Value::U32(25));
    assert_eq!(db.procedures().map(|info| info.name).collect::<Vec<_>>(), ["heal", "heal_twice"]);
    let error = with_causes(&db.call(&HEAL_TWICE, (mob, u32::MAX)).unwrap_err()).to_string();
    assert!(error.starts_with("procedure `heal_twice` failed: procedure `heal` failed: "), "{error}");
    assert_eq!(db.call(&HEAL, (mob, 0)).unwrap(), 25);
}
