//! A subscriber to the messages of the database that panics: whatever thread of the database dies of it, nobody sees what is half done,
//! and nobody waits for ever.
//!
//! The subscriber is that of the process, since messages come from threads of the database: so these tests have a process of their own.

use std::fmt::Debug;
use std::panic::resume_unwind;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use ecsdb::{Db, Entity, TransactionError};
use ecsdb_tests::simulated::{Call, Failure, Fault, Simulated};
use ecsdb_tests::why;
use ecsdb_tests::world::{Sample, Small, Wide, World};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// Says what it hears, and panics at some messages.
struct Jumpy;

const AT_TRANSACTIONS: &str = "a transaction panicked and was rolled back";
const AT_SEGMENTS: &str = "the next segment of the log cannot be made ahead";

impl Subscriber for Jumpy {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        event.record(&mut Jump);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

struct Jump;

impl Visit for Jump {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == "message" {
            let message = format!("{value:?}");
            if [AT_TRANSACTIONS, AT_SEGMENTS].contains(&&*message) {
                // Without a trace of where: that takes long, and there are many.
                resume_unwind(Box::new("boo"));
            }
        }
    }
}

fn listen() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| tracing::subscriber::set_global_default(Jumpy).expect("there is no other one"));
}

/// The writer thread, or whoever is in its place, dies of each transaction that panics, while somebody else waits to be in that place.
#[test]
fn nobody_goes_on_with_what_a_writer_has_left_that_panicked() {
    listen();
    for _ in 0..100 {
        let db = Db::<World>::builder().worker_threads(1).open().unwrap();
        let goes_on = AtomicBool::new(true);
        thread::scope(|threads| {
            let working = threads.spawn(|| {
                let mut done: Vec<Entity> = Vec::new();
                while goes_on.load(Ordering::Relaxed) {
                    match db.spawn(Small::sample(1)) {
                        Ok(entity) => done.push(entity),
                        Err(error) => assert!(matches!(error, TransactionError::Closed), "{error}"),
                    }
                }
                done
            });
            let outcome: Result<(), _> = db.write(|tx| {
                tx.spawn(Wide::sample(2))?;
                resume_unwind(Box::new("on purpose"));
            });
            assert!(matches!(outcome, Err(TransactionError::Closed)));
            for _ in 0..3 {
                assert!(matches!(db.spawn(Small::sample(3)), Err(TransactionError::Closed)));
            }
            goes_on.store(false, Ordering::Relaxed);
            let done = working.join().unwrap();
            let seen = db.snapshot();
            assert_eq!(seen.table::<Wide>().iter().count(), 0, "what has panicked is visible");
            assert_eq!(seen.entities().collect::<Vec<_>>(), done, "something else was lost or done");
        });
        db.close().unwrap();
    }
}

/// The log's thread dies of what it says about a segment that it cannot make: so nothing more is durable, and everybody is told.
#[test]
fn nobody_waits_for_the_logs_thread_when_that_is_gone() {
    listen();
    const SEGMENT: usize = 1 << 20;
    let medium = Simulated::new();
    let db = Db::<World>::builder().directory("world").media(medium.clone()).segment_bytes(SEGMENT).open().unwrap();
    medium.set_faults(vec![Fault::of(Call::Create, Failure::Denied)]);
    // So much that it is time for the next segment, and there is room for all that follows.
    let rows = SEGMENT * 5 / 8 / size_of::<Wide>();
    db.write(move |tx| Ok(tx.spawn_all((0..rows as u64).map(|value| (Wide::sample(value),)))?)).unwrap();
    let (told, answer) = channel();
    thread::spawn(move || {
        let mut outcome = Ok(());
        // It takes the thread a while to come to that.
        for _ in 0..2_000 {
            let mut tx = db.begin();
            tx.spawn(Small::sample(1));
            outcome = tx.commit_durable().map(drop);
            if outcome.is_err() {
                break;
            }
            thread::sleep(Duration::from_millis(1));
        }
        drop(db.close());
        told.send(outcome)
    });
    let outcome = answer.recv_timeout(Duration::from_secs(60)).expect("nobody waits for ever");
    assert!(why(outcome).ends_with("the thread that syncs the log panicked: boo"));
}
