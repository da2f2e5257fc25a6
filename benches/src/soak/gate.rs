//! Lets threads work in small pieces, and has them all rest between two of them: with nothing in their hands.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

#[derive(Default)]
struct State {
    is_closed: bool,
    is_over: bool,
    /// How many are between two looks at the gate.
    at_work: usize,
}

/// What threads pass between two pieces of work. It is open at first.
#[derive(Default)]
pub struct Gate {
    state: Mutex<State>,
    changed: Condvar,
}

impl Gate {
    /// One more thread, which is at work from here on.
    pub fn enter(&self) -> Worker<'_> {
        self.lock().at_work += 1;
        Worker { gate: self }
    }

    /// Has everybody rest. Returns when all do.
    pub fn close(&self) {
        let mut state = self.lock();
        state.is_closed = true;
        while state.at_work > 0 {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Has everybody work again.
    pub fn open(&self) {
        self.lock().is_closed = false;
        self.changed.notify_all();
    }

    /// Has everybody end, also who rests.
    pub fn end(&self) {
        self.lock().is_over = true;
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A thread that works. When it goes, nobody waits for it.
pub struct Worker<'a> {
    gate: &'a Gate,
}

impl Worker<'_> {
    /// Whether there is another piece to do. Rests first, as long as the gate is closed.
    pub fn goes_on(&self) -> bool {
        let mut state = self.gate.lock();
        if state.is_closed && !state.is_over {
            state.at_work -= 1;
            self.gate.changed.notify_all();
            while state.is_closed && !state.is_over {
                state = self.gate.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
            state.at_work += 1;
        }
        !state.is_over
    }
}

impl Drop for Worker<'_> {
    fn drop(&mut self) {
        self.gate.lock().at_work -= 1;
        self.gate.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use core::sync::atomic::{AtomicUsize, Ordering};

    use super::Gate;

    #[test]
    fn nobody_works_while_the_gate_is_closed() {
        let (gate, pieces) = (Gate::default(), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            let workers = [gate.enter(), gate.enter()];
            for worker in workers {
                let pieces = &pieces;
                scope.spawn(move || {
                    while worker.goes_on() {
                        pieces.fetch_add(1, Ordering::SeqCst);
                        std::thread::yield_now();
                        pieces.fetch_add(1, Ordering::SeqCst);
                    }
                });
            }
            for _ in 0..10 {
                gate.close();
                let seen = pieces.load(Ordering::SeqCst);
                assert_eq!(seen % 2, 0, "somebody rests in the middle of a piece");
                std::thread::yield_now();
                assert_eq!(pieces.load(Ordering::SeqCst), seen, "somebody works behind a closed gate");
                gate.open();
            }
            gate.close();
            gate.end();
        });
    }

    #[test]
    fn nobody_waits_for_a_worker_that_is_gone() {
        let gate = Gate::default();
        let worker = gate.enter();
        drop(worker);
        gate.close();
    }
}
