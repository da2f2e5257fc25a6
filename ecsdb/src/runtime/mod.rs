//! A game's loop: handlers that run at a fixed rate, one transaction a tick, on a thread of its own.
//!
//! Owns when ticks happen, what becomes of late and failed ones, and the figures about it. What a tick does goes through the
//! database like everything else; nothing below knows that there are ticks.

mod builder;
mod control;
mod handlers;
#[cfg(all(test, ecsdb_loom))]
mod models;
mod pace;
mod stats;
mod tick_loop;

use std::time::Duration;

use thiserror::Error;

use crate::transaction::TransactionError;

pub use builder::TickLoopBuilder;
pub use pace::Overrun;
pub use stats::TickStats;
pub use tick_loop::TickLoop;

/// Ticks in a second, at least and at most. Games use 15 to 120.
const RATE_HZ: core::ops::RangeInclusive<u32> = 1..=1000;

/// A tick, as its handlers see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tick {
    /// Which one it is, from 0. A tick that is rolled back has had its number; one that was skipped has none.
    pub number: u64,
    /// The time between ticks as it should be: what a simulation with a fixed step advances by.
    pub delta: Duration,
    /// The time since the tick before has begun, as it was. As [`Self::delta`] for the first one, and after a pause.
    pub elapsed: Duration,
}

/// A tick that was rolled back.
#[derive(Debug, Error)]
#[error("tick {tick} was rolled back: handler `{handler}` failed")]
#[non_exhaustive]
pub struct TickFailure {
    /// The number of the tick.
    pub tick: u64,
    /// The handler that failed, or that ran last if it was not a handler.
    pub handler: &'static str,
    /// Why.
    #[source]
    pub error: TransactionError,
}

/// What a loop does after a tick that was rolled back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnFailure {
    /// It goes on with the next tick.
    #[default]
    Continue,
    /// It ends.
    Stop,
}

/// Why a loop has ended.
#[derive(Debug)]
#[non_exhaustive]
pub enum TickEnd {
    /// It was [stopped](TickLoop::stop).
    Stopped,
    /// The database was closed.
    Closed,
    /// A tick was rolled back, and [`OnFailure::Stop`] asked for.
    Failed(Box<TickFailure>),
}

/// Why something cannot be done with a loop.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TickError {
    /// The rate cannot be used.
    #[error("a rate of {rate_hz} ticks a second: use 1 to 1000")]
    Rate {
        /// The rate asked for.
        rate_hz: u32,
    },
    /// The system gave no thread.
    #[error("cannot start a thread")]
    Thread(#[source] std::io::Error),
    /// Only a loop that is paused can be stepped.
    #[error("the loop runs: pause it to step through it")]
    Running,
    /// The loop has ended.
    #[error("the loop has ended")]
    Ended,
    /// The call came from a transaction of the same database, or from the loop itself, and would wait for itself.
    #[error("called from inside a transaction of the same database: it would wait for itself")]
    Reentrant,
}
