//! How a loop is put together and started.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::control::Control;
use super::handlers::Handlers;
use super::pace::Overrun;
use super::tick_loop::{Player, TickLoop};
use super::{OnFailure, RATE_HZ, Tick, TickError, TickFailure};
use crate::database::Core;
use crate::transaction::{Transaction, TransactionError};

/// Hears of ticks that were rolled back.
pub type Report = dyn FnMut(&TickFailure) + Send;

/// A [`TickLoop`] that is about to be started.
#[must_use = "no tick happens before `start`"]
pub struct TickLoopBuilder<S> {
    /// Invariant: opened with the tables of `S`, or `S` is `Dynamic`.
    core: Arc<Core>,
    rate_hz: u32,
    overrun: Overrun,
    on_failure: OnFailure,
    is_paused: bool,
    handlers: Handlers<S>,
    report: Option<Box<Report>>,
}

debug_as!([S] TickLoopBuilder<S>);

impl<S: 'static> TickLoopBuilder<S> {
    /// # Safety
    /// `S` is `Dynamic`, or the database was opened with the tables of `S`.
    pub(super) unsafe fn new(core: Arc<Core>, rate_hz: u32) -> Self {
        let (overrun, on_failure) = (Overrun::default(), OnFailure::default());
        Self { core, rate_hz, overrun, on_failure, is_paused: false, handlers: Handlers::default(), report: None }
    }

    /// Adds a handler. Handlers run in the order in which they were added, as the writer, all in the one transaction of the
    /// tick. If one fails or panics, those after it do not run, and the tick is rolled back; what the handler keeps for itself stays as
    /// it is then. `name` is for reports.
    pub fn handler(
        mut self,
        name: &'static str,
        work: impl FnMut(&mut Transaction<'_, S>, Tick) -> Result<(), TransactionError> + Send + 'static,
    ) -> Self {
        self.handlers.add(name, Box::new(work));
        self
    }

    /// What happens to the beat when a tick takes longer than its period. Default: [`Overrun::AtOnce`].
    pub fn overrun(mut self, overrun: Overrun) -> Self {
        self.overrun = overrun;
        self
    }

    /// What the loop does after a tick that was rolled back. Default: [`OnFailure::Continue`].
    pub fn on_failure(mut self, on_failure: OnFailure) -> Self {
        self.on_failure = on_failure;
        self
    }

    /// Has `report` hear of every tick that was rolled back, on the loop's thread. Without it, `tracing` hears of them.
    pub fn report(mut self, report: impl FnMut(&TickFailure) + Send + 'static) -> Self {
        self.report = Some(Box::new(report));
        self
    }

    /// Starts it paused.
    pub fn paused(mut self) -> Self {
        self.is_paused = true;
        self
    }

    /// Starts the loop, on a thread of its own. The first tick is due at once.
    ///
    /// # Errors
    /// [`TickError::Rate`], and [`TickError::Thread`] if the system gives none.
    pub fn start(self) -> Result<TickLoop, TickError> {
        if !RATE_HZ.contains(&self.rate_hz) {
            return Err(TickError::Rate { rate_hz: self.rate_hz });
        }
        let Self { core, rate_hz, overrun, on_failure, is_paused, handlers, report } = self;
        let control = Arc::new(Control::new(is_paused));
        let database = core.id();
        let player = Player {
            core,
            period: Duration::from_secs(1) / rate_hz,
            overrun,
            on_failure,
            handlers: Arc::new(Mutex::new(handlers)),
            report,
            control: Arc::clone(&control),
            number: 0,
        };
        TickLoop::spawn(player, control, database)
    }
}
