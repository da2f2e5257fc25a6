//! What a loop's thread and those who hold the loop tell each other.
//!
//! Everything stands under one lock, and every change wakes all who sleep: the loop, until its next tick or until it is told
//! something, and those who have asked for a tick, until it is over or nobody will play it.

use std::time::{Duration, Instant};

use super::stats::Recorder;
use super::{TickEnd, TickError};
use crate::sync::mutant;
use crate::sync::shim::{Condvar, Mutex, MutexGuard, deadline_after, lock, wait_until};

/// How often a loop that is paused looks whether its database was closed.
const LOOK: Duration = Duration::from_millis(50);

/// What a loop is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Running,
    Paused,
    Stopping,
}

struct State {
    mode: Mode,
    /// Whether the loop has found itself paused, and was not told since that it goes on.
    was_paused: bool,
    /// Ticks that somebody has asked for while it was paused: so many, of which so many have begun or were refused, and are over.
    asked: u64,
    begun: u64,
    done: u64,
    /// Those that were refused, and nobody has been told so far.
    refused: Vec<u64>,
    /// Why the loop has ended, once it has, until somebody has taken it.
    end: Option<TickEnd>,
    has_ended: bool,
}

/// What is next for a loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// A tick that is due.
    Tick,
    /// A tick that somebody has asked for.
    Step,
    /// The end, because it was asked for.
    Stop,
    /// The end, because the database is closed.
    Closed,
    /// To look at the beat again: it was paused, and goes on.
    Resumed,
}

/// The state of a loop.
pub struct Control {
    state: Mutex<State>,
    changed: Condvar,
    recorder: Mutex<Recorder>,
}

impl Control {
    pub fn new(is_paused: bool) -> Self {
        let mode = if is_paused { Mode::Paused } else { Mode::Running };
        Self {
            state: Mutex::new(State {
                mode,
                was_paused: false,
                asked: 0,
                begun: 0,
                done: 0,
                refused: Vec::new(),
                end: None,
                has_ended: false,
            }),
            changed: Condvar::new(),
            recorder: Mutex::new(Recorder::new()),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    fn wait<'a>(&'a self, state: MutexGuard<'a, State>, until: Option<Instant>) -> MutexGuard<'a, State> {
        wait_until(&self.changed, state, until)
    }

    /// What the loop has done.
    pub fn recorder(&self) -> MutexGuard<'_, Recorder> {
        lock(&self.recorder)
    }

    /// Waits for what the loop's thread is to do next, which is a tick at `due` if nothing else.
    pub fn next(&self, due: Instant, is_closed: impl Fn() -> bool) -> Next {
        let mut state = self.state();
        loop {
            if state.mode == Mode::Stopping {
                return Next::Stop;
            }
            if is_closed() {
                return Next::Closed;
            }
            if state.mode == Mode::Paused {
                state.was_paused = true;
                if state.begun < state.asked {
                    state.begun += 1;
                    return Next::Step;
                }
                state = self.wait(state, deadline_after(LOOK));
                continue;
            }
            // Also if the pause ended while a tick was played that somebody had asked for.
            if core::mem::take(&mut state.was_paused) {
                return Next::Resumed;
            }
            if due <= Instant::now() {
                return Next::Tick;
            }
            state = self.wait(state, Some(due));
        }
    }

    /// Notes that a tick is over that somebody has asked for.
    pub fn stepped(&self) {
        let mut state = self.state();
        state.done = state.begun;
        drop(state);
        if !mutant!("control/step in silence") {
            self.changed.notify_all();
        }
    }

    /// Notes that the loop has ended.
    pub fn end(&self, end: TickEnd) {
        let mut state = self.state();
        (state.end, state.has_ended) = (Some(end), true);
        drop(state);
        if !mutant!("control/end in silence") {
            self.changed.notify_all();
        }
    }

    /// Why the loop has ended, if it has and nobody has asked before.
    pub fn take_end(&self) -> Option<TickEnd> {
        self.state().end.take()
    }

    pub fn has_ended(&self) -> bool {
        self.state().has_ended
    }

    pub fn is_paused(&self) -> bool {
        self.state().mode == Mode::Paused
    }

    /// Changes what the loop is to do. A loop that is to stop does nothing else any more.
    fn change(&self, mode: Mode) {
        let mut state = self.state();
        if state.mode != Mode::Stopping {
            state.mode = mode;
            if mode == Mode::Running {
                let waiting = state.begun + 1..=state.asked;
                if !mutant!("control/go on without refusing") {
                    state.refused.extend(waiting);
                }
                state.begun = state.asked;
            }
        }
        drop(state);
        if !mutant!("control/change in silence") {
            self.changed.notify_all();
        }
    }

    pub fn pause(&self) {
        self.change(Mode::Paused);
    }

    /// Lets the loop run. Ticks that were asked for and have not begun are refused: each is one of many now.
    pub fn resume(&self) {
        self.change(Mode::Running);
    }

    pub fn stop(&self) {
        self.change(Mode::Stopping);
    }

    /// Asks for a tick and waits until it is over.
    pub fn step(&self) -> Result<(), TickError> {
        let mut state = self.state();
        let mine = state.ask()?;
        if !mutant!("control/ask in silence") {
            self.changed.notify_all();
        }
        loop {
            if let Some(answer) = state.answer(mine) {
                return answer;
            }
            state = self.wait(state, None);
        }
    }
}

impl State {
    /// Asks for a tick. Ticks are played in the order in which they were asked for.
    fn ask(&mut self) -> Result<u64, TickError> {
        if self.mode == Mode::Running && !self.has_ended && !mutant!("control/ask without a look") {
            return Err(TickError::Running);
        }
        self.asked += 1;
        Ok(self.asked)
    }

    /// What has become of the tick that was asked for as `number`, once that is known.
    fn answer(&mut self, number: u64) -> Option<Result<(), TickError>> {
        if let Some(at) = self.refused.iter().position(|refused| *refused == number) {
            self.refused.swap_remove(at);
            return Some(Err(TickError::Running));
        }
        if self.done >= number {
            return Some(Ok(()));
        }
        let is_over = self.has_ended || self.mode == Mode::Stopping && self.begun < number;
        is_over.then_some(Err(TickError::Ended))
    }
}

#[cfg(all(test, not(ecsdb_loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_pause_that_ends_during_a_step_is_a_pause() {
        let (control, due) = (Control::new(true), Instant::now());
        control.state().ask().unwrap();
        assert_eq!(control.next(due, || false), Next::Step);
        control.resume();
        control.stepped();
        assert_eq!(control.next(due, || false), Next::Resumed, "the beat begins anew");
        assert_eq!(control.next(due, || false), Next::Tick);
    }

    #[test]
    fn steps_that_a_resume_has_refused_are_not_answered_by_later_ones() {
        let (control, due) = (Control::new(true), Instant::now());
        let [first, second, third] = [(); 3].map(|()| control.state().ask().unwrap());
        assert_eq!(control.next(due, || false), Next::Step);
        control.resume();
        control.stepped();
        control.pause();
        let fourth = control.state().ask().unwrap();
        assert_eq!(control.next(due, || false), Next::Step);
        let answer = |number| control.state().answer(number);
        assert!(matches!(answer(first), Some(Ok(()))));
        assert!(matches!(answer(second), Some(Err(TickError::Running))));
        assert!(answer(fourth).is_none(), "it is played just now");
        control.stepped();
        assert!(matches!(answer(third), Some(Err(TickError::Running))));
        assert!(matches!(answer(fourth), Some(Ok(()))));
        assert!(control.state().refused.is_empty());
    }
}
