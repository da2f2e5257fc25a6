//! Callers in the place of the writer thread, under loom: who does what, in which order, and that nothing is left lying.

use std::sync::Arc;

use super::super::error::TransactionError;
use super::super::queue::{Queue, Terms};
use super::super::ticket::{Commit, Ticket};
use super::{Db, parts, spawn};
use crate::sync::shim::model::{check, models};
use crate::sync::shim::thread;

/// A spawn by somebody who waits for it, and may do it itself: at once, or when it waits.
pub(super) fn waited_for(queue: &Arc<Queue>, at_once: bool) -> Result<Commit, TransactionError> {
    let pending = spawn(queue, Terms { waits: at_once, ..Terms::default() })?;
    Ticket::new(pending, Arc::clone(queue)).visible()
}

/// A caller queues one transaction and waits for the next: they are done in this order, beside somebody who waits too.
fn in_order() {
    check(Some(2), || {
        let db = Db::start(3, None);
        let other = thread::spawn({
            let queue = Arc::clone(&db.queue);
            move || waited_for(&queue, false).expect("done")
        });
        let first = spawn(&db.queue, Terms::default()).expect("queued");
        let second = waited_for(&db.queue, true).expect("done");
        let first = first.wait().expect("answered").expect("done");
        assert!(first.version <= second.version, "what came later was done first");
        assert!(first.entities[0].slot() < second.entities[0].slot(), "what came later was done first");
        let other = other.join().expect("no panic");
        let seen = db.published.load();
        assert_eq!(seen.entities.count(), 3, "something was lost or done twice");
        assert!([first, second, other].iter().all(|commit| seen.entities.is_alive(commit.entities[0])));
        drop(seen);
        db.close();
    });
}

/// A caller does no more than it has to: whatever it leaves in the queue is done all the same.
fn nothing_is_left_lying() {
    check(Some(2), || {
        let (queue, published, writer) = parts(3, 1, None, None);
        let writer = thread::spawn(move || writer.run());
        let first = spawn(&queue, Terms::default()).expect("queued");
        let second = spawn(&queue, Terms::default()).expect("queued");
        Ticket::new(first, Arc::clone(&queue)).visible().expect("done");
        second.wait().expect("answered").expect("done");
        assert_eq!(published.load().entities.count(), 2);
        queue.close();
        writer.join().expect("the writer ends");
    });
}

/// There is room for one. Whoever waits for room gets it, also from a caller that stands in for the writer.
fn room_is_given_back() {
    check(Some(2), || {
        let db = Db::start(1, None);
        let other = thread::spawn({
            let queue = Arc::clone(&db.queue);
            move || waited_for(&queue, true).expect("done").version
        });
        let mine = waited_for(&db.queue, true).expect("done").version;
        assert_ne!(mine, other.join().expect("no panic"));
        db.close();
    });
}

/// The database closes while somebody stands in: it is done, refused or told that it came too late.
fn closed_meanwhile() {
    for at_once in [true, false] {
        check(Some(3), move || close_beside(at_once));
    }
}

fn close_beside(at_once: bool) {
    let db = Db::start(2, None);
    let late = thread::spawn({
        let queue = Arc::clone(&db.queue);
        move || waited_for(&queue, at_once)
    });
    let published = db.published.clone();
    db.close();
    let late = late.join().expect("no panic");
    let done = published.load().entities.count();
    match late {
        Ok(_) => assert_eq!(done, 1),
        Err(error) => assert!(matches!(error, TransactionError::Closed) && done == 0, "another answer"),
    }
}

models! {
    in_order:
        "desk/jump the queue" as loom_finds_jump_the_queue,
        "writer/answer before publication" as loom_finds_answer_before_publication;
    nothing_is_left_lying:
        "inbox/leave with requests" as loom_finds_leave_with_requests;
    room_is_given_back:
        "writer/leave with the room" as loom_finds_leave_with_the_room;
    closed_meanwhile:
        "writer/keep a call" as loom_finds_keep_a_call;
}
