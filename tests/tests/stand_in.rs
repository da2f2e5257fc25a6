//! Whoever waits for a transaction may be the writer itself: on which thread it runs, in which order, and that nobody waits for itself.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, ThreadId};
use std::time::Duration;

use ecsdb::{Component, Db, Entity, TransactionError};

#[derive(Component)]
#[repr(C)]
struct Count {
    n: u64,
}

ecsdb::schema! { World: Count }

type Error = Box<dyn std::error::Error>;

fn where_it_runs(db: &Db<World>) -> Result<ThreadId, TransactionError> {
    db.write(|tx| {
        tx.spawn(Count { n: 0 })?;
        Ok(thread::current().id())
    })
}

#[test]
fn a_transaction_that_is_waited_for_runs_where_its_caller_is() -> Result<(), Error> {
    let db = Db::<World>::in_memory()?;
    let here = thread::current().id();
    // Not each time: the writer thread may just be at work, giving memory back.
    let mut found = 0;
    for _ in 0..100 {
        found += usize::from(where_it_runs(&db)? == here);
    }
    assert!(found > 0, "all hundred ran elsewhere");
    // So do messages, sent first and waited for later, if the writer thread has not come to them.
    let mut tx = db.begin();
    tx.spawn(Count { n: 1 });
    assert_eq!(tx.commit_visible()?.version, 101);
    assert_eq!(db.snapshot().query::<&Count>().iter().count(), 101);
    Ok(())
}

#[test]
fn a_thread_of_rayon_is_never_the_writer() -> Result<(), Error> {
    let db = Db::<World>::in_memory()?;
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build()?;
    for _ in 0..50 {
        let (here, there) = pool.install(|| (thread::current().id(), where_it_runs(&db)));
        assert_ne!(here, there?, "while it waits for workers it may be given anything else to do");
    }
    Ok(())
}

#[test]
fn what_was_sent_first_is_done_first() -> Result<(), Error> {
    let db = Db::<World>::in_memory()?;
    let entity = db.spawn(Count { n: 0 })?;
    let step = |from: u64| {
        move |tx: &mut ecsdb::Transaction<'_, World>| {
            tx.require(entity, Count::C.n.eq(from))?;
            Ok(tx.update(entity, Count::C.n.set(from + 1))?)
        }
    };
    for round in 0..2000 {
        // The second does not overtake the first, whoever does them.
        let first = db.lane().submit(step(2 * round))?;
        db.write(step(2 * round + 1))?;
        first.visible()?;
    }
    assert_eq!(db.snapshot().get::<Count>(entity).map(|count| count.n), Some(4000));
    Ok(())
}

#[test]
fn many_who_wait_lose_nothing() -> Result<(), Error> {
    const THREADS: u64 = 4;
    const EACH: u64 = 500;
    let db = Db::<World>::in_memory()?;
    let entity = db.spawn(Count { n: 0 })?;
    let is_over = AtomicBool::new(false);
    let work = |number: u64| -> Result<(), TransactionError> {
        for turn in 0..EACH {
            let mut tx = db.begin();
            tx.update(entity, Count::C.n.add(1));
            match (number + turn) % 4 {
                0 => drop(tx.commit_visible()?),
                1 => drop(tx.commit()?.visible()?),
                2 => drop(tx.commit()?.visible_timeout(Duration::from_secs(60))?),
                _ => db.write(move |tx| Ok(tx.update(entity, Count::C.n.add(1))?))?,
            }
        }
        Ok(())
    };
    thread::scope(|threads| {
        let reading = threads.spawn(|| {
            let mut last = 0;
            while !is_over.load(Ordering::Relaxed) {
                let seen = db.snapshot().get::<Count>(entity).map_or(0, |count| count.n);
                assert!(seen >= last, "went back from {last} to {seen}");
                last = seen;
            }
        });
        let working: Vec<_> = (0..THREADS).map(|number| threads.spawn(move || work(number))).collect();
        let worked: Result<Vec<()>, _> = working.into_iter().map(|thread| thread.join().expect("no panic")).collect();
        is_over.store(true, Ordering::Relaxed);
        reading.join().expect("no panic");
        worked
    })?;
    assert_eq!(db.snapshot().get::<Count>(entity).map(|count| count.n), Some(THREADS * EACH));
    Ok(())
}

#[test]
fn a_transaction_may_wait_for_another_database_and_not_for_its_own() -> Result<(), Error> {
    let (one, other) = (Db::<World>::in_memory()?, Db::<World>::in_memory()?);
    for _ in 0..100 {
        let (own, beside) = (one.clone(), other.clone());
        let entity: Entity = one.write(move |_| {
            assert!(matches!(own.spawn(Count { n: 1 }), Err(TransactionError::Reentrant)));
            let found = own.begin().commit().map(drop);
            assert!(matches!(found, Err(TransactionError::Reentrant)));
            beside.spawn(Count { n: 2 })
        })?;
        assert_eq!(other.snapshot().get::<Count>(entity).map(|count| count.n), Some(2));
        // Afterwards this thread is that of nobody again.
        one.spawn(Count { n: 3 })?;
    }
    Ok(())
}

#[test]
fn a_panic_is_the_transactions_own_affair() -> Result<(), Error> {
    let db = Db::<World>::in_memory()?;
    for _ in 0..20 {
        let outcome: Result<(), _> = db.write(|tx| {
            tx.spawn(Count { n: 1 })?;
            panic!("on purpose");
        });
        assert!(matches!(outcome, Err(TransactionError::Panicked { message }) if message == "on purpose"));
        db.spawn(Count { n: 2 })?;
    }
    assert!(db.snapshot().query::<&Count>().iter().all(|count| count.n == 2));
    db.close()?;
    assert!(matches!(db.spawn(Count { n: 3 }), Err(TransactionError::Closed)));
    Ok(())
}

#[test]
fn memory_is_given_back_although_the_writer_thread_has_slept_all_along() -> Result<(), Error> {
    let db = Db::<World>::builder().idle_after(Duration::from_millis(20)).open()?;
    // Long enough for the writer thread to have nothing to do any more, and to sleep for ever.
    thread::sleep(Duration::from_millis(100));
    let many = db.write(|tx| Ok(tx.spawn_all((0..100_000).map(|n| (Count { n },)))?))?;
    let held = db.memory()?.spare_bytes;
    db.write(move |tx| many.iter().try_for_each(|entity| Ok(tx.despawn(*entity)?)))?;
    // Whoever asks more often than the writer is idle does not keep it from that.
    for _ in 0..10_000 {
        if db.memory()?.spare_bytes == 0 {
            return Ok(());
        }
        thread::sleep(Duration::from_millis(1));
    }
    panic!("{held} bytes, and {} in the end", db.memory()?.spare_bytes);
}
