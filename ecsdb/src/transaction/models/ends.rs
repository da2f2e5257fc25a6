//! How things end under loom: a transaction that panics, a writer or a queue that is gone, a database that closes under snapshots.
//!
//! A panic must not unwind through anything that loom watches, so that a writer thread that dies of one is modelled by what its
//! unwinding does: it drops the writer, with whatever is queued.

use super::super::apply::Apply;
use super::super::error::TransactionError;
use super::super::job::{ClosureJob, Control, Request};
use super::super::queue::Terms;
use super::super::ticket::Written;
use super::stand_in::waited_for;
use super::{Db, parts, spawn};
use crate::storage::Store;
use crate::sync::shim::model::{check, models};
use crate::sync::shim::thread;
use crate::sync::{Closed, completion};

/// A transaction spawns and panics while another one comes: the first is taken back and answered, the other is done, and
/// nobody sees anything of the first.
fn a_transaction_panics() {
    check(Some(2), || {
        let db = Db::start(2, None);
        let reading = thread::spawn({
            let published = db.published.clone();
            move || {
                let seen = published.load();
                assert_eq!(seen.entities.count() as u64, seen.number, "a reader sees what was taken back");
            }
        });
        let (completer, pending) = completion();
        let faulty = |mut apply: Apply<'_>, _: &rayon::ThreadPool| -> Result<(), TransactionError> {
            let set = apply.batch.sets().intern(&[]);
            apply.spawn(set)?;
            std::panic::resume_unwind(Box::new("on purpose"));
        };
        let job = Box::new(ClosureJob::new(faulty, None, completer));
        let queued = db.queue.send(Request::Job(job), 1, Terms::default());
        queued.map_err(TransactionError::from).expect("queued");
        let good = spawn(&db.queue, Terms::default()).expect("queued");
        let outcome: Result<Result<Written<()>, _>, Closed> = pending.wait();
        assert!(matches!(outcome, Ok(Err(TransactionError::Panicked { .. }))), "another answer");
        let commit = good.wait().expect("answered").expect("the writer goes on");
        assert_eq!(commit.version, 1, "what was taken back has left a version");
        assert_eq!(db.published.load().entities.count(), 1, "what was taken back is visible");
        reading.join().unwrap();
        db.close();
    });
}

/// The writer is gone with a request in the queue and another one that waits for room: both callers learn of it.
fn a_writer_that_is_gone() {
    check(Some(2), || {
        let (queue, published, writer) = parts(1, 8, None, None);
        let first = spawn(&queue, Terms::default()).expect("there is room");
        let dying = thread::spawn(move || drop(writer));
        match spawn(&queue, Terms::default()) {
            Ok(pending) => assert!(pending.wait().is_err(), "nobody can have done it"),
            Err(error) => assert!(matches!(error, TransactionError::Closed), "another answer"),
        }
        assert!(first.wait().is_err(), "nobody can have done it");
        dying.join().unwrap();
        assert_eq!(published.load().number, 0, "the last version stays");
    });
}

/// The writer panics in the midst of something, whoever it is just then: nobody goes on with what it has left half done.
fn a_writer_that_panics() {
    check(Some(2), || {
        let db = Db::start(3, None);
        let half_done = |store: &mut Store| {
            let mut batch = store.batch();
            batch.begin();
            let set = batch.sets().intern(&[]);
            batch.spawn(set, 1).expect("there are slots");
            std::panic::resume_unwind(Box::new("on purpose"));
        };
        let queued =
            db.queue.send(Request::Control(Control { work: Box::new(half_done), is_work: false }), 1, Terms::default());
        queued.map_err(TransactionError::from).expect("queued");
        let late = waited_for(&db.queue, true);
        assert!(matches!(late, Err(TransactionError::Closed)), "somebody has gone on");
        assert_eq!(db.published.load().number, 0, "what was half done is visible");
        db.close();
    });
}

/// A database is given up with a request in its queue, and without a close: the writer does what was queued, and ends.
fn a_queue_that_is_gone() {
    check(Some(2), || {
        let (queue, published, writer) = parts(1, 8, None, None);
        let writer = thread::spawn(move || writer.run());
        let first = spawn(&queue, Terms::default()).expect("there is room");
        drop(queue);
        writer.join().expect("the writer ends");
        assert!(first.wait().expect("queued before the end").is_ok(), "another answer");
        assert_eq!(published.load().entities.count(), 1);
    });
}

/// The database is closed while somebody pins a version or holds one: it stays, also when the writer and its store are
/// gone, and so does the last version.
fn closed_under_snapshots() {
    check(Some(2), || {
        let db = Db::start(2, None);
        let published = db.published.clone();
        let pinning = thread::spawn({
            let published = published.clone();
            move || {
                let pin = published.load();
                (pin.number, pin.entities.count() as u64, pin)
            }
        });
        let commit = spawn(&db.queue, Terms::default()).expect("queued");
        db.close();
        let commit = commit.wait().expect("queued before the end").expect("done");
        let (number, count, pin) = pinning.join().unwrap();
        assert_eq!((number, count), (pin.number, pin.entities.count() as u64), "a pinned version changed");
        let last = published.load();
        assert_eq!((last.number, last.entities.count()), (commit.version, 1), "the last version is gone");
    });
}

models! {
    a_transaction_panics:
        "writer/keep what failed" as loom_finds_keep_what_failed,
        "writer/answer before publication" as loom_finds_answer_before_publication;
    a_writer_that_is_gone:
        "inbox/go in silence" as loom_finds_an_inbox_that_goes_in_silence,
        "leftovers/end with messages" as loom_finds_an_end_with_messages;
    a_writer_that_panics:
        "desk/leave a broken writer" as loom_finds_a_broken_writer_that_is_left;
    a_queue_that_is_gone:
        "queue/go in silence" as loom_finds_a_queue_that_goes_in_silence;
    closed_under_snapshots:
        "publish/leave nothing behind" as loom_finds_leaving_nothing_behind,
        "publish/ignore slots" as loom_finds_ignored_slots,
        "writer/end before the queue is empty" as loom_finds_end_before_the_queue_is_empty;
}
