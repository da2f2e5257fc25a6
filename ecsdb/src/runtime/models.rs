//! The control of a tick loop under loom: the loop, somebody who asks for ticks, and somebody who holds it, lets it run or ends it.

use std::time::{Duration, Instant};

use super::control::{Control, Next};
use super::{TickEnd, TickError};
use crate::sync::shim::model::{check, models};
use crate::sync::shim::{Arc, AtomicUsize, Ordering, thread};

/// A loop that begins paused, and how many ticks it has played.
struct Loop {
    control: Control,
    played: AtomicUsize,
}

impl Loop {
    fn new() -> Arc<Self> {
        Arc::new(Self { control: Control::new(true), played: AtomicUsize::new(0) })
    }

    /// As the thread of a loop does, but for ticks that nobody has asked for, which come only at the end of time. It ends by itself
    /// with the tick that is the `last`, before it has played it.
    fn spawn(ticks: &Arc<Self>, last: Option<usize>) -> thread::JoinHandle<()> {
        let ticks = Arc::clone(ticks);
        thread::spawn(move || {
            let due = Instant::now() + Duration::from_secs(1 << 30);
            loop {
                match ticks.control.next(due, || false) {
                    Next::Step if last == Some(ticks.played.load(Ordering::SeqCst) + 1) => break,
                    Next::Step => {
                        ticks.played.fetch_add(1, Ordering::SeqCst);
                        ticks.control.stepped();
                    }
                    Next::Stop => break,
                    Next::Resumed => {}
                    next => unreachable!("{next:?}"),
                }
            }
            ticks.control.end(TickEnd::Stopped);
        })
    }

    /// Asks for a tick. Who is told that it was played finds it played.
    fn step(&self, before: usize) -> Result<(), TickError> {
        let answer = self.control.step();
        assert!(answer.is_err() || self.played.load(Ordering::SeqCst) > before, "told before it was played");
        answer
    }
}

/// Two ask for a tick each, and both get one; then the loop is ended.
fn two_step() {
    check(Some(2), || {
        let ticks = Loop::new();
        let playing = Loop::spawn(&ticks, None);
        let stepping = thread::spawn({
            let ticks = Arc::clone(&ticks);
            move || assert!(ticks.step(0).is_ok())
        });
        assert!(ticks.step(0).is_ok());
        stepping.join().unwrap();
        assert_eq!(ticks.played.load(Ordering::SeqCst), 2);
        ticks.control.stop();
        playing.join().unwrap();
    });
}

/// Somebody asks for a tick while another one lets the loop go on: the tick was played, or he is told that it will not be.
fn step_and_go_on() {
    check(Some(2), || {
        let ticks = Loop::new();
        let playing = Loop::spawn(&ticks, None);
        let stepping = thread::spawn({
            let ticks = Arc::clone(&ticks);
            move || assert!(matches!(ticks.step(0), Ok(()) | Err(TickError::Running)))
        });
        ticks.control.resume();
        stepping.join().unwrap();
        ticks.control.stop();
        playing.join().unwrap();
    });
}

/// Somebody asks for a tick while another one ends the loop: the tick was played, or he is told that it will not be.
fn step_and_stop() {
    check(Some(2), || {
        let ticks = Loop::new();
        let playing = Loop::spawn(&ticks, None);
        let stepping = thread::spawn({
            let ticks = Arc::clone(&ticks);
            move || assert!(matches!(ticks.step(0), Ok(()) | Err(TickError::Ended)))
        });
        ticks.control.stop();
        playing.join().unwrap();
        stepping.join().unwrap();
    });
}

/// The loop ends by itself with the first tick, whoever has asked for it: both who ask are told so.
fn step_and_end() {
    check(Some(2), || {
        let ticks = Loop::new();
        let playing = Loop::spawn(&ticks, Some(1));
        let stepping = thread::spawn({
            let ticks = Arc::clone(&ticks);
            move || assert!(matches!(ticks.step(0), Err(TickError::Ended)))
        });
        assert!(matches!(ticks.step(0), Err(TickError::Ended)));
        stepping.join().unwrap();
        playing.join().unwrap();
        assert!(ticks.control.has_ended());
    });
}

models! {
    two_step:
        "control/ask in silence" as loom_finds_ask_in_silence,
        "control/step in silence" as loom_finds_step_in_silence,
        "control/change in silence" as loom_finds_change_in_silence;
    step_and_go_on:
        "control/ask without a look" as loom_finds_ask_without_a_look,
        "control/go on without refusing" as loom_finds_go_on_without_refusing;
    step_and_stop:
        "control/change in silence" as loom_finds_change_in_silence;
    step_and_end:
        "control/end in silence" as loom_finds_end_in_silence;
}
