//! Loops with a fixed rate: what a tick is, what becomes of failed and late ones, and how loops end.

use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use ecsdb::error::TickError;
use ecsdb::error::with_causes;
use ecsdb::schema::{DatabaseSchema, Value};
use ecsdb::ticks::{OnFailure, Overrun, Tick, TickEnd, TickLoopBuilder};
use ecsdb::{Db, DynDb, Entity, TickLoop, TransactionError};
use ecsdb_tests::world::*;

fn open() -> Db<World> {
    Db::<World>::builder().worker_threads(1).open().unwrap()
}

/// A loop that counts its ticks in the `n` of an entity.
fn counting(db: &Db<World>, rate_hz: u32) -> (TickLoopBuilder<World>, Entity) {
    let counter = db.spawn(Small { n: 0 }).unwrap();
    let builder = TickLoop::builder(db, rate_hz).handler("count", move |tx, _| {
        tx.modify(counter, |small: &mut Small| small.n += 1)?;
        Ok(())
    });
    (builder, counter)
}

fn count(db: &Db<World>, counter: Entity) -> u32 {
    db.snapshot().get::<Small>(counter).unwrap().n
}

fn until(what: impl Fn() -> bool) {
    while !what() {
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn a_tick_is_one_transaction_of_all_handlers_in_order() {
    let db = open();
    let (builder, counter) = counting(&db, 60);
    let ticks = builder
        .handler("double", move |tx, _| {
            tx.modify(counter, |small: &mut Small| small.n *= 2)?;
            Ok(())
        })
        .paused()
        .start()
        .unwrap();
    let before = db.snapshot().version();
    for expected in [2, 6, 14] {
        ticks.step().unwrap();
        assert_eq!(count(&db, counter), expected, "one more, then double");
    }
    assert_eq!(db.snapshot().version(), before + 3);
    assert_eq!(ticks.stats().ticks, 3);
}

#[test]
fn ticks_are_numbered_and_know_their_step() {
    let db = open();
    let seen = Arc::new(Mutex::new(Vec::<Tick>::new()));
    let ticks = TickLoop::builder(&db, 50)
        .handler("see", {
            let seen = Arc::clone(&seen);
            move |_, tick| {
                seen.lock().unwrap().push(tick);
                Ok(())
            }
        })
        .paused()
        .start()
        .unwrap();
    ticks.step().unwrap();
    ticks.step().unwrap();
    ticks.resume();
    until(|| seen.lock().unwrap().len() >= 5);
    assert!(matches!(ticks.stop(), TickEnd::Stopped));
    let seen = seen.lock().unwrap();
    let step = Duration::from_millis(20);
    for (number, tick) in seen.iter().enumerate() {
        assert_eq!((tick.number, tick.delta), (number as u64, step));
    }
    assert!(seen[..3].iter().all(|tick| tick.elapsed == step), "steps, and the first after a pause");
    assert!(seen[3..].iter().all(|tick| !tick.elapsed.is_zero()));
}

#[test]
fn a_loop_runs_pauses_goes_on_and_stops() {
    let db = open();
    let (builder, counter) = counting(&db, 500);
    let ticks = builder.start().unwrap();
    until(|| count(&db, counter) >= 5);
    assert!(matches!(ticks.step(), Err(TickError::Running)));
    ticks.pause();
    assert!(ticks.is_paused());
    // The one that runs is the last.
    ticks.step().unwrap();
    let held = count(&db, counter);
    std::thread::sleep(Duration::from_millis(20));
    assert_eq!(count(&db, counter), held);
    ticks.resume();
    until(|| count(&db, counter) >= held + 5);
    let stats = ticks.stats();
    assert_eq!(stats.failed, 0);
    assert!(stats.ticks >= u64::from(held) && stats.rate_hz > 0.0 && stats.duration.max > Duration::ZERO);
    assert!(!ticks.has_ended());
    assert!(matches!(ticks.stop(), TickEnd::Stopped));
    let stopped = count(&db, counter);
    db.write(|_| Ok(())).unwrap();
    assert_eq!(count(&db, counter), stopped);
}

#[test]
fn other_transactions_run_between_ticks() {
    let db = open();
    let (builder, counter) = counting(&db, 1000);
    let ticks = builder.start().unwrap();
    for _ in 0..200 {
        db.write(move |tx| Ok(tx.modify(counter, |small: &mut Small| small.n += 1000)?)).unwrap();
    }
    until(|| ticks.stats().ticks >= 3);
    ticks.pause();
    ticks.step().unwrap();
    assert_eq!(u64::from(count(&db, counter)), 200_000 + ticks.stats().ticks, "nothing is lost on either side");
}

#[test]
fn a_tick_that_fails_is_rolled_back_reported_and_the_loop_goes_on() {
    let db = open();
    let (builder, counter) = counting(&db, 100);
    let (report, reported) = mpsc::channel();
    let ticks = builder
        .handler("fragile", |_, tick| match tick.number {
            1 => Err(TransactionError::abort("bad luck")),
            2 => panic!("worse luck"),
            _ => Ok(()),
        })
        .report(move |failure| report.send(with_causes(failure).to_string()).unwrap())
        .paused()
        .start()
        .unwrap();
    for _ in 0..4 {
        ticks.step().unwrap();
    }
    assert_eq!(count(&db, counter), 2, "the first and the last");
    assert_eq!((ticks.stats().ticks, ticks.stats().failed), (4, 2));
    drop(ticks);
    assert_eq!(
        reported.iter().collect::<Vec<_>>(),
        [
            "tick 1 was rolled back: handler `fragile` failed: the transaction was aborted: bad luck",
            "tick 2 was rolled back: handler `fragile` failed: the transaction panicked: worse luck"
        ]
    );
}

#[test]
fn a_loop_may_end_with_the_first_failure() {
    let db = open();
    let (builder, counter) = counting(&db, 1000);
    let ticks = builder
        .handler("fragile", |_, tick| if tick.number < 3 { Ok(()) } else { Err(TransactionError::abort("enough")) })
        .report(|_| {})
        .on_failure(OnFailure::Stop)
        .start()
        .unwrap();
    until(|| ticks.has_ended());
    assert!(matches!(ticks.step(), Err(TickError::Ended)));
    match ticks.stop() {
        TickEnd::Failed(failure) => assert_eq!((failure.tick, failure.handler), (3, "fragile")),
        other => panic!("{other:?}"),
    }
    assert_eq!(count(&db, counter), 3);
}

#[test]
fn late_ticks_are_counted_and_not_made_up_for() {
    for overrun in [Overrun::AtOnce, Overrun::NextBeat] {
        let db = open();
        let (builder, counter) = counting(&db, 100);
        let ticks = builder
            .handler("slow", |_, tick| {
                if tick.number == 1 {
                    std::thread::sleep(Duration::from_millis(55));
                }
                Ok(())
            })
            .overrun(overrun)
            .start()
            .unwrap();
        until(|| count(&db, counter) >= 3);
        let stats = ticks.stats();
        assert!(stats.overruns >= 1 && stats.skipped >= 4, "{overrun:?}: {stats:?}");
        assert!(stats.duration.max >= Duration::from_millis(50), "{stats:?}");
        drop(ticks);
    }
}

#[test]
fn closing_the_database_ends_its_loops() {
    for is_paused in [false, true] {
        let db = open();
        let (builder, _) = counting(&db, 200);
        let ticks = if is_paused { builder.paused() } else { builder }.start().unwrap();
        if !is_paused {
            until(|| ticks.stats().ticks >= 2);
        }
        db.close().unwrap();
        until(|| ticks.has_ended());
        assert!(matches!(ticks.stop(), TickEnd::Closed));
    }
}

#[test]
fn a_loop_keeps_the_database_open_and_a_drop_ends_it() {
    let db = open();
    let (builder, counter) = counting(&db, 500);
    let ticks = builder.start().unwrap();
    let snapshot = db.snapshot();
    // The first tick may have been before.
    let pinned = snapshot.get::<Small>(counter).unwrap().n;
    let earlier = ticks.stats().ticks;
    drop(db);
    until(|| ticks.stats().ticks >= earlier + 2);
    drop(ticks);
    assert_eq!(snapshot.get::<Small>(counter).unwrap().n, pinned, "what was pinned stays");
}

#[test]
fn nothing_waits_for_itself() {
    let db = open();
    let (builder, _) = counting(&db, 100);
    let ticks = builder.paused().start().unwrap();
    let outcome = db.write(move |_| {
        assert!(matches!(ticks.step(), Err(TickError::Reentrant)));
        ticks.stop();
        Ok(())
    });
    outcome.unwrap();
}

#[test]
fn steps_from_many_threads_are_as_many_ticks() {
    let db = open();
    let (builder, counter) = counting(&db, 15);
    let ticks = builder.paused().start().unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..25).for_each(|_| ticks.step().unwrap()));
        }
    });
    assert_eq!((count(&db, counter), ticks.stats().ticks), (100, 100));
}

#[test]
fn a_rate_out_of_range_is_refused() {
    let db = open();
    for rate_hz in [0, 1001] {
        let error = TickLoop::builder(&db, rate_hz).start().err().unwrap();
        assert_eq!(error.to_string(), format!("a rate of {rate_hz} ticks a second: use 1 to 1000"));
    }
}

#[test]
fn databases_with_a_loaded_schema_have_ticks_too() {
    let text = "[database]\nname = \"game\"\n[[tables.health.fields]]\nname = \"hp\"\ntype = \"u32\"";
    let db = DynDb::in_memory(DatabaseSchema::from_toml(text, "game.toml").unwrap()).unwrap();
    let mob = db.write(|tx| Ok(tx.spawn(&[("health", &[("hp", Value::U32(20))])])?)).unwrap();
    let ticks = TickLoop::builder_dyn(&db, 20)
        .handler("heal", move |tx, _| Ok(tx.add("health", mob, "hp", Value::U32(1))?))
        .paused()
        .start()
        .unwrap();
    ticks.step().unwrap();
    assert_eq!(db.snapshot().view().get("health", mob).unwrap().get("hp"), Some(Value::U32(21)));
}
