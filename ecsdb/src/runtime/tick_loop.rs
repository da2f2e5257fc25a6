//! A loop that runs: its thread, and the handle of it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::builder::{Report, TickLoopBuilder};
use super::control::{Control, Next};
use super::handlers::Handlers;
use super::pace::{Finished, Overrun, Pace};
use super::stats::Played;
use super::{OnFailure, Tick, TickEnd, TickError, TickFailure, TickStats};
use crate::causes::with_causes;
use crate::database::{Core, Db, DynDb, Lane};
use crate::schema::Schema;
use crate::sync::Priority;
use crate::transaction::{DatabaseId, Dynamic, TransactionError};

/// A loop that plays ticks at a fixed rate, each of them one transaction.
///
/// - **A tick** runs all handlers, in order, as the writer; nobody else changes anything meanwhile, and readers see all of it
///   or nothing. The next tick begins when its changes are visible.
/// - **Other transactions** run between ticks. What they change is there for the next tick.
/// - **A tick that takes too long** is followed by the next one at once ([`Overrun`]). Ticks that were missed are counted and
///   never made up for.
/// - **A tick that fails** is rolled back as a whole and reported; the loop goes on, or ends ([`OnFailure`]).
/// - **The end**: [`stop`](Self::stop), a drop, or the close of the database. All of them wait for the tick that runs.
///
/// It keeps the database open. The beat is as good as the timers of the system: some tens of microseconds late on an idle Linux; see
/// [`stats`](Self::stats).
///
/// ```
/// use ecsdb::{Component, Db, TickLoop};
/// # #[derive(Component)] #[repr(C)] struct Pos { x: f32, y: f32 }
/// # #[derive(Component)] #[repr(C)] struct Vel { x: f32, y: f32 }
/// # ecsdb::schema! { World: Pos, Vel }
///
/// let db = Db::<World>::in_memory()?;
/// let mob = db.spawn((Pos { x: 0.0, y: 0.0 }, Vel { x: 60.0, y: 0.0 }))?;
/// let ticks = TickLoop::builder(&db, 60)
///     .handler("move", |tx, tick| {
///         let dt = tick.delta.as_secs_f32();
///         tx.update_all(move |pos: &mut Pos, vel: &Vel| pos.x += vel.x * dt)?;
///         Ok(())
///     })
///     .paused()
///     .start()?;
///
/// // For tests and debuggers: one tick at a time.
/// ticks.step()?;
/// ticks.step()?;
/// assert!((db.snapshot().get::<Pos>(mob).unwrap().x - 2.0).abs() < 0.001);
///
/// ticks.resume();
/// while ticks.stats().ticks < 5 {
///     std::thread::yield_now();
/// }
/// ticks.stop();
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct TickLoop {
    control: Arc<Control>,
    thread: Option<JoinHandle<()>>,
    database: DatabaseId,
}

debug_as!(TickLoop);

impl TickLoop {
    /// The settings of a loop on `db` with `rate_hz` ticks a second, from 1 to 1,000; games use 15 to 120.
    pub fn builder<S: Schema>(db: &Db<S>, rate_hz: u32) -> TickLoopBuilder<S> {
        // SAFETY: a handle's database was opened with the tables of its schema.
        unsafe { TickLoopBuilder::new(Arc::clone(db.core()), rate_hz) }
    }

    /// The settings of a loop on a database whose schema was loaded; see [`Self::builder`].
    pub fn builder_dyn(db: &DynDb, rate_hz: u32) -> TickLoopBuilder<Dynamic> {
        // SAFETY: for `Dynamic` any database will do.
        unsafe { TickLoopBuilder::new(Arc::clone(db.core()), rate_hz) }
    }

    pub(super) fn spawn<S: 'static>(
        player: Player<S>,
        control: Arc<Control>,
        database: DatabaseId,
    ) -> Result<Self, TickError> {
        let thread = std::thread::Builder::new()
            .name("ecsdb-ticks".to_owned())
            .spawn(move || player.run())
            .map_err(TickError::Thread)?;
        Ok(Self { control, thread: Some(thread), database })
    }

    /// Holds the loop after the tick that runs, if one does. Returns at once.
    pub fn pause(&self) {
        self.control.pause();
    }

    /// Lets it go on. The next tick is due at once; the time of the pause counts for nothing.
    pub fn resume(&self) {
        self.control.resume();
    }

    /// Whether it is paused.
    pub fn is_paused(&self) -> bool {
        self.control.is_paused()
    }

    /// Plays one tick of a loop that is paused, and waits until it is over.
    ///
    /// # Errors
    /// [`TickError::Running`] if it is not paused; [`TickError::Ended`]; [`TickError::Reentrant`] inside a transaction of the same
    /// database.
    pub fn step(&self) -> Result<(), TickError> {
        if self.would_wait_for_itself() {
            return Err(TickError::Reentrant);
        }
        self.control.step()
    }

    /// Whether the loop has ended.
    pub fn has_ended(&self) -> bool {
        self.control.has_ended()
    }

    /// What it has done so far, and how well it has kept its beat.
    pub fn stats(&self) -> TickStats {
        self.control.recorder().stats()
    }

    /// Ends the loop after the tick that runs, if one does, waits for that, and says why it has ended: it may have done so before.
    ///
    /// Inside a transaction of the same database it does not wait.
    pub fn stop(mut self) -> TickEnd {
        self.end();
        self.control.take_end().unwrap_or(TickEnd::Stopped)
    }

    fn end(&mut self) {
        self.control.stop();
        if let Some(thread) = self.thread.take()
            && !self.would_wait_for_itself()
            && thread.thread().id() != std::thread::current().id()
            && thread.join().is_err()
        {
            tracing::error!("the thread of a loop panicked");
        }
    }

    fn would_wait_for_itself(&self) -> bool {
        let is_own = |thread: &JoinHandle<()>| thread.thread().id() == std::thread::current().id();
        self.database.is_entered() || self.thread.as_ref().is_some_and(is_own)
    }
}

impl Drop for TickLoop {
    fn drop(&mut self) {
        self.end();
    }
}

/// What the loop's thread works with.
pub struct Player<S> {
    /// Invariant: opened with the tables of `S`, or `S` is `Dynamic`.
    pub core: Arc<Core>,
    pub period: Duration,
    pub overrun: Overrun,
    pub on_failure: OnFailure,
    /// Lent to the writer for each tick; nobody else takes the lock.
    pub handlers: Arc<Mutex<Handlers<S>>>,
    pub report: Option<Box<Report>>,
    pub control: Arc<Control>,
    /// The number of the next tick.
    pub number: u64,
}

impl<S: 'static> Player<S> {
    fn run(mut self) {
        let control = Arc::clone(&self.control);
        let end = catch_unwind(AssertUnwindSafe(|| self.play()));
        // The database may close with this: nobody shall think that the loop has ended while it does.
        drop(self);
        control.end(end.unwrap_or_else(|_| {
            tracing::error!("what hears of failed ticks panicked: the loop ends");
            TickEnd::Stopped
        }));
    }

    fn play(&mut self) -> TickEnd {
        let mut pace = Pace::new(self.period, self.overrun, Instant::now());
        let mut last_begin = None;
        loop {
            let next = self.control.next(pace.due(), || self.core.is_closed());
            let begin = Instant::now();
            match next {
                Next::Stop => return TickEnd::Stopped,
                Next::Closed => return TickEnd::Closed,
                Next::Resumed => {
                    pace.restart(begin);
                    last_begin = None;
                    continue;
                }
                Next::Step => last_begin = None,
                Next::Tick => {}
            }
            let since_last = last_begin.map(|last| begin - last);
            let tick = Tick { number: self.number, delta: self.period, elapsed: since_last.unwrap_or(self.period) };
            let failure = match self.transaction(tick) {
                Err(failure) if matches!(failure.error, TransactionError::Closed) => return TickEnd::Closed,
                outcome => outcome.err(),
            };
            self.number += 1;
            let end = Instant::now();
            let is_step = next == Next::Step;
            let due = (!is_step).then_some(pace.due());
            let finished = if is_step { Finished { is_overrun: false, skipped: 0 } } else { pace.finish(end) };
            last_begin = (!is_step).then_some(begin);
            let has_failed = failure.is_some();
            self.control.recorder().record(&Played { due, begin, end, since_last, finished, has_failed });
            let end = failure.and_then(|failure| self.failed(failure));
            if is_step {
                self.control.stepped();
            }
            if let Some(end) = end {
                return end;
            }
        }
    }

    /// Plays `tick`, and waits until it is visible.
    fn transaction(&mut self, tick: Tick) -> Result<(), Box<TickFailure>> {
        let handlers = Arc::clone(&self.handlers);
        // SAFETY: the invariant of `core`.
        let lane = unsafe { Lane::<S>::new(&self.core) }.priority(Priority::High);
        lane.write(move |tx| handlers.lock().unwrap_or_else(PoisonError::into_inner).run(tx, tick)).map_err(|error| {
            let handler = self.handlers.lock().unwrap_or_else(PoisonError::into_inner).last();
            Box::new(TickFailure { tick: tick.number, handler, error })
        })
    }

    /// Reports a tick that was rolled back. Returns the end of the loop, if it is one.
    fn failed(&mut self, failure: Box<TickFailure>) -> Option<TickEnd> {
        match &mut self.report {
            Some(report) => report(&failure),
            None => tracing::error!(failure = %with_causes(&*failure), "a tick was rolled back"),
        }
        (self.on_failure == OnFailure::Stop).then_some(TickEnd::Failed(failure))
    }
}
