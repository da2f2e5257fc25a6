//! What the tests of the engine share: a world with every kind of row, a naive model of it, and small helpers.
//!
//! Holds no tests, and no state that outlives a call.

pub mod crash;
pub mod fuzzed;
pub mod golden;
pub mod guide;
pub mod history;
pub mod ledger;
pub mod log;
pub mod model;
pub mod rounds;
pub mod simulated;
pub mod world;

use std::io::Write;
use std::pin::pin;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;

use ecsdb::error::with_causes;
use ecsdb::schema::Schema;
use ecsdb::{Db, Ticket, TransactionError};

/// Wakes a thread.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Runs a future on this thread until it is done.
pub fn block_on<F: Future>(future: F) -> F::Output {
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => std::thread::park(),
        }
    }
}

/// Panics when it is woken.
struct Grumpy;

impl Wake for Grumpy {
    fn wake(self: Arc<Self>) {
        panic!("not before noon");
    }
}

/// A waker that panics.
pub fn grumpy() -> Waker {
    Waker::from(Arc::new(Grumpy))
}

/// A writer that sleeps inside a transaction until this is dropped, so that whatever is queued meanwhile is one batch.
pub struct Blocked {
    _release: Sender<()>,
}

/// Blocks the writer of `db`. Returns when it is inside the transaction, so that the queue is empty.
pub fn block_writer<S: Schema>(db: &Db<S>) -> Blocked {
    let (entered, inside): (Sender<()>, Receiver<()>) = channel();
    let (release, released) = channel::<()>();
    let blocking = db.write_async(move |_| {
        drop(entered);
        // Ends with an error when the other end is dropped.
        let _ = released.recv();
        Ok(())
    });
    drop(blocking);
    // Likewise: the closure has dropped its end.
    let _ = inside.recv();
    Blocked { _release: release }
}

/// The text of the error with which a transaction failed, with its causes.
pub fn why<T>(result: Result<T, TransactionError>) -> String {
    match result {
        Ok(_) => "committed".to_owned(),
        Err(error) => with_causes(&error).to_string(),
    }
}

/// As [`why`], of a ticket.
pub fn why_not(ticket: Ticket) -> String {
    why(ticket.visible())
}

/// Says how much a test has done, past what the test harness captures: also a test that passes should show its numbers.
pub fn tell(numbers: &str) {
    // Nobody is there to read it if this fails.
    let _ = writeln!(std::io::stderr(), "{numbers}");
}

/// The README: its program is a test.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct Readme;

/// The guide to transactions: its examples are tests.
#[cfg(doctest)]
#[doc = include_str!("../../docs/transactions.md")]
pub struct Transactions;

/// The guide to components: its examples are tests.
#[cfg(doctest)]
#[doc = include_str!("../../docs/components.md")]
pub struct Components;

/// The guide to indexes: its examples are tests.
#[cfg(doctest)]
#[doc = include_str!("../../docs/indexes.md")]
pub struct Indexes;

/// The guide to relations: its examples are tests.
#[cfg(doctest)]
#[doc = include_str!("../../docs/relations.md")]
pub struct Relations;

/// The guide to queries: its examples are tests.
#[cfg(doctest)]
#[doc = include_str!("../../docs/queries.md")]
pub struct Queries;

/// The guide to changes: its examples are tests.
#[cfg(doctest)]
#[doc = include_str!("../../docs/changes.md")]
pub struct FollowingChanges;

/// The guide to procedures: its examples are tests.
#[cfg(doctest)]
#[doc = include_str!("../../docs/procedures.md")]
pub struct Procedures;

/// The guide for those who run a database: its examples are tests.
#[cfg(doctest)]
#[doc = include_str!("../../docs/operations.md")]
pub struct Operations;
