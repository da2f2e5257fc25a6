//! What is done in each tick.

use super::Tick;
use crate::transaction::{Transaction, TransactionError};

/// A handler of ticks.
pub type Work<S> = dyn FnMut(&mut Transaction<'_, S>, Tick) -> Result<(), TransactionError> + Send;

/// The handlers of a loop, in order.
pub struct Handlers<S> {
    all: Vec<(&'static str, Box<Work<S>>)>,
    /// The one that runs, or has run last.
    current: &'static str,
}

impl<S> Default for Handlers<S> {
    fn default() -> Self {
        Self { all: Vec::new(), current: "" }
    }
}

impl<S> Handlers<S> {
    /// One more.
    pub fn add(&mut self, name: &'static str, work: Box<Work<S>>) {
        self.all.push((name, work));
    }

    /// Runs all of them, up to the first that fails.
    pub fn run(&mut self, transaction: &mut Transaction<'_, S>, tick: Tick) -> Result<(), TransactionError> {
        for (name, work) in &mut self.all {
            // Noted first: after a panic it says who it was.
            self.current = name;
            work(transaction, tick)?;
        }
        Ok(())
    }

    /// The one that has run last.
    pub fn last(&self) -> &'static str {
        self.current
    }
}
