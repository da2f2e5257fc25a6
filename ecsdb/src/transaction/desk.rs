//! Who is the writer: its own thread, or a caller that would otherwise wait for it.
//!
//! To hand a small transaction to another thread and to be woken by it takes many times as long as the transaction. So a caller
//! that waits anyway takes the writer thread's place, if that has nothing to do: it carries out what is queued, its own
//! transaction among it, and leaves. The lock of the [`Desk`] is what makes the writer one: whoever has it is the writer, and
//! nobody ever waits for it but the writer thread.
//!
//! # What holds
//! - Requests are done in the order of the queue. What is taken from it is done before the lock is given back, and what does not
//!   go through the queue is done only when that is empty.
//! - Whatever is sent wakes the writer thread, so nothing is left lying when a caller leaves early. A caller that has taken a call
//!   meant for the writer thread itself (the queue was closed) repeats it.
//! - A caller that runs transactions is marked as a thread of the database, as the writer thread is: in them, waiting for the
//!   writer is an error.
//! - A writer that has panicked is taken away before the lock is given back: what it was at is half done, and nobody goes on with it.
//! - No thread of a pool of rayon helps: while it waits for workers it may be given any other task, on top of the lock.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use super::job::Message;
use super::queue::Queue;
use super::reentrancy::DatabaseId;
use super::writer::{Writer, WriterConfig};
use crate::panics::{panic_message, quietly};
use crate::sync::channel::Receiver;
use crate::sync::{Arrivals, Leftovers, Seat, Seated, mutant};

/// Where the writer works. Empty before it begins, and when it has ended.
#[derive(Default)]
pub struct Desk(Seat<Writer>);

/// What a caller leaves behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Left {
    /// Nothing that anybody has to know of.
    Nothing,
    /// Something that the writer thread should look at, and it may sleep.
    News,
}

impl Desk {
    /// Does in the place of the writer thread what is queued, until `is_done`; nothing if the writer is at work.
    pub fn help(&self, database: DatabaseId, mut is_done: impl FnMut() -> bool) -> Left {
        self.stand_in(database, (), |writer, ()| {
            while !is_done() && writer.work_on_next() {}
            Ok(())
        })
        .unwrap_or(Left::Nothing)
    }

    /// Does `message` at once, if the writer thread is idle and nothing is queued; it comes back otherwise.
    pub fn carry_out(&self, database: DatabaseId, message: Message) -> Result<Left, Message> {
        self.stand_in(database, message, |writer, message| {
            if !writer.is_idle() && !mutant!("desk/jump the queue") {
                return Err(message);
            }
            writer.work_on(message);
            Ok(())
        })
    }

    /// Runs `work` as the writer, if nobody else is. What it was given for comes back if it was not run, or refused.
    fn stand_in<T>(
        &self,
        database: DatabaseId,
        given: T,
        work: impl FnOnce(&mut Writer, T) -> Result<(), T>,
    ) -> Result<Left, T> {
        if !DatabaseId::may_stand_in() {
            return Err(given);
        }
        let Some(mut seat) = self.0.try_sit() else { return Err(given) };
        let Some(writer) = &mut *seat else { return Err(given) };
        let worked = database.enter_for(|| {
            catch_unwind(AssertUnwindSafe(|| {
                writer.stand_in(true);
                let done = work(writer, given);
                writer.stand_in(false);
                done.map(|()| writer.leave())
            }))
        });
        worked.unwrap_or_else(|panic| {
            give_up(database, seat, panic);
            Ok(Left::News)
        })
    }
}

/// Takes a writer away that has panicked. With it goes the queue, and whoever waits learns of that.
fn give_up(database: DatabaseId, mut seat: Seated<'_, Writer>, panic: Box<dyn Any + Send>) {
    if mutant!("desk/leave a broken writer") {
        return;
    }
    // The last handle of the database may go with it, which then does not wait for this thread.
    database.enter_for(|| quietly(|| drop(seat.take())));
    tracing::error!(message = %panic_message(&*panic), "the writer panicked");
    // Its drop might panic once more.
    core::mem::forget(panic);
}

/// What the writer thread runs.
pub struct WriterThread {
    database: DatabaseId,
    desk: Arc<Desk>,
    receiver: Receiver<Message>,
    leftovers: Arc<Leftovers<Message>>,
}

impl WriterThread {
    /// The thread of a writer that takes requests from `receiver`, the other end of `queue`.
    pub fn new(config: WriterConfig, queue: &Queue, receiver: Receiver<Message>) -> Self {
        let desk = Arc::clone(queue.desk());
        desk.0.put(Writer::new(config, queue, receiver.clone()));
        Self { database: queue.database(), desk, receiver, leftovers: queue.leftovers() }
    }

    /// Works until the queue was closed and is empty. Everything that was queued is done and answered; what comes too late is
    /// answered by the drop of its completer.
    pub fn run(self) {
        let mut arrivals = Arrivals::new(&self.receiver);
        while let Next::Wait(patience) = self.work() {
            arrivals.wait(patience);
        }
    }

    /// Does what is queued.
    fn work(&self) -> Next {
        let mut seat = self.desk.0.wait();
        // A caller was the writer and has panicked.
        let Some(writer) = &mut *seat else { return Next::End };
        let worked = catch_unwind(AssertUnwindSafe(|| {
            while writer.work_on_next() {}
            if writer.is_over() { Next::End } else { Next::Wait(writer.rest()) }
        }));
        match worked {
            Ok(Next::Wait(patience)) => return Next::Wait(patience),
            Ok(Next::End) => {
                let writer = seat.take();
                drop(seat);
                if let Some(writer) = writer {
                    writer.close();
                }
            }
            Err(panic) => give_up(self.database, seat, panic),
        }
        Next::End
    }
}

/// What the writer thread does when it has done what was queued.
enum Next {
    /// It waits for more, so long at the most.
    Wait(Option<Duration>),
    /// It ends.
    End,
}

/// Nobody is the writer any more, also if the thread has not come to run, and whoever has been too late learns of that.
impl Drop for WriterThread {
    fn drop(&mut self) {
        drop(self.desk.0.take());
        self.leftovers.end();
    }
}
