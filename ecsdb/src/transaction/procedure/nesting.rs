//! Procedures that call procedures: how deep, and what becomes of the transaction if one fails.

use super::super::error::TransactionError;
use crate::causes::with_causes;

/// How deep procedures may call each other. It is there for those that call themselves without end.
const CALL_DEPTH_MAX: usize = 64;

/// The calls within a transaction.
#[derive(Default)]
pub struct Nesting {
    /// The procedures that run, from the outermost.
    running: Vec<&'static str>,
    /// The first one that failed, and why. Part of what it did may stand, so nothing of the transaction can be kept.
    failed: Option<(&'static str, String)>,
}

/// A call that has begun.
#[must_use = "a call that is not left counts as one that panicked"]
pub struct Entered {
    depth: usize,
}

impl Nesting {
    /// Notes that procedure `name` begins.
    pub fn enter(&mut self, name: &'static str) -> Result<Entered, TransactionError> {
        let depth = self.running.len();
        if depth == CALL_DEPTH_MAX {
            return Err(TransactionError::CallDepth { procedure: name, limit: CALL_DEPTH_MAX });
        }
        self.running.push(name);
        Ok(Entered { depth })
    }

    /// Notes that it has come to `outcome`.
    pub fn leave<R>(&mut self, entered: Entered, outcome: Result<R, TransactionError>) -> Result<R, TransactionError> {
        self.find_panicked(entered.depth + 1);
        let name = self.running.pop();
        outcome.map_err(|error| match name {
            Some(name) => {
                self.failed.get_or_insert_with(|| (name, with_causes(&error).to_string()));
                error.of_procedure(name)
            }
            None => error,
        })
    }

    /// What becomes of a transaction that came to `outcome`.
    pub fn verdict<R>(&mut self, outcome: Result<R, TransactionError>) -> Result<R, TransactionError> {
        self.find_panicked(0);
        match (outcome, self.failed.take()) {
            (Ok(_), Some((procedure, cause))) => Err(TransactionError::CallFailed { procedure, cause }),
            (outcome, _) => outcome,
        }
    }

    /// Calls beyond `depth` have not been left: they panicked, and somebody has caught it.
    fn find_panicked(&mut self, depth: usize) {
        if let Some(name) = self.running.get(depth) {
            self.failed.get_or_insert_with(|| (name, "it panicked".to_owned()));
            self.running.truncate(depth);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure() -> Result<(), TransactionError> {
        Err(TransactionError::abort("no"))
    }

    fn verdict(nesting: &mut Nesting) -> Option<String> {
        nesting.verdict(Ok(())).err().map(|error| error.to_string())
    }

    #[test]
    fn calls_that_succeed_leave_nothing_behind() {
        let mut nesting = Nesting::default();
        let outer = nesting.enter("outer").unwrap();
        let inner = nesting.enter("inner").unwrap();
        nesting.leave(inner, Ok(())).unwrap();
        nesting.leave(outer, Ok(())).unwrap();
        assert_eq!(verdict(&mut nesting), None);
    }

    #[test]
    fn a_failure_that_was_handled_is_remembered() {
        let mut nesting = Nesting::default();
        // One that calls itself: names do not tell calls apart.
        let outer = nesting.enter("same").unwrap();
        let inner = nesting.enter("same").unwrap();
        nesting.leave(inner, failure()).unwrap_err();
        nesting.leave(outer, Ok(())).unwrap();
        assert_eq!(
            verdict(&mut nesting).unwrap(),
            "procedure `same` failed within the transaction, so nothing of it was kept: the transaction was aborted: no"
        );
    }

    #[test]
    fn a_panic_that_was_caught_is_remembered() {
        let mut nesting = Nesting::default();
        let outer = nesting.enter("outer").unwrap();
        drop(nesting.enter("inner").unwrap());
        nesting.leave(outer, Ok(())).unwrap();
        assert!(verdict(&mut nesting).unwrap().contains("procedure `inner` failed"));
        drop(nesting.enter("alone").unwrap());
        assert!(verdict(&mut nesting).unwrap().contains("procedure `alone` failed"));
    }
}
