//! Calls that fail, each in turn: nothing panics, nothing that was acknowledged as durable is lost, a log that has failed refuses
//! all that comes later, and reads go on.
//!
//! What a running database must do then, [`Game`] checks; here the faults are planned, and what is left is opened.

use std::sync::Arc;

use ecsdb_tests::simulated::{Failure, Fault, Simulated, Survival};

use super::SMALL;
use ecsdb_tests::crash::check::{in_context, recovered};
use ecsdb_tests::crash::game::{Game, History, Outcome, Point};
use ecsdb_tests::crash::setup::{Layout, open};
use ecsdb_tests::crash::workload::{Step, steps};
use ecsdb_tests::crash::world::Rows;

/// Small segments, so that there are many calls.
const LAYOUT: Layout = SMALL;

/// What survives of what was not synced, once the medium works again.
const SURVIVALS: [Survival; 4] = [
    Survival::Nothing,
    Survival::Everything,
    Survival::Random { seed: 7, unit: 1 },
    Survival::Random { seed: 8, unit: 512 },
];

/// A history in which nothing has happened.
fn nothing() -> History {
    let mut history = History::default();
    history.points.insert(0, Arc::new(Point { rows: Rows::default(), known: Vec::new(), step: 0 }));
    history
}

/// Runs `steps` on a medium with `faults`, and opens what is left. Returns whether a fault has struck.
fn survive(steps: &[Step], faults: Vec<Fault>) -> bool {
    let medium = Simulated::new();
    let fault = faults.first().cloned();
    medium.set_faults(faults);
    let mut history = nothing();
    if let Ok(mut game) = Game::new(&medium, LAYOUT) {
        for (number, step) in steps.iter().enumerate() {
            if game.step(number, step) == Outcome::Closed {
                break;
            }
        }
        // It may fail, as everything may; then it has not promised anything.
        drop(game.close());
        history = core::mem::take(&mut game.history);
    }
    if fault.is_some_and(|fault| fault.failure == Failure::Short) {
        let version = *history.points.keys().last().expect("version 0");
        assert_eq!(history.required(usize::MAX, false), version, "what is short is continued, and does no harm");
    }
    let struck = medium.struck() > 0;
    let state = medium.state();
    for survival in SURVIVALS {
        let required = history.required(usize::MAX, survival == Survival::Everything);
        let medium = Simulated::of(state.image(survival));
        in_context(&format!("{survival:?}"), || drop(recovered(&medium, LAYOUT, &history, required)));
    }
    struck
}

/// How many calls `work` makes without faults.
fn calls(work: impl FnOnce(&Simulated)) -> usize {
    let medium = Simulated::new();
    work(&medium);
    medium.calls().len()
}

/// Lets each call of a workload fail with `failure`, alone, or together with all that follow.
fn each_call(seed: u64, count: usize, failure: Failure, lasts: bool) {
    let steps = steps(seed, count);
    let calls = calls(|medium| {
        let mut game = Game::new(medium, LAYOUT).expect("it opens");
        for (number, step) in steps.iter().enumerate() {
            assert_eq!(game.step(number, step), Outcome::Done);
        }
        game.close().expect("it closes");
    });
    assert!(calls > 25, "only {calls} calls");
    let mut struck = 0;
    for call in 0..calls {
        let fault = if lasts { Fault::from(call, failure) } else { Fault::at(call, failure) };
        let text = format!("seed {seed}, {fault:?}");
        struck += usize::from(in_context(&text, || survive(&steps, vec![fault])));
    }
    assert!(struck > calls / 8, "{struck} faults of {calls} have struck");
}

#[test]
fn an_error_at_any_call_loses_nothing_durable() {
    each_call(21, 10, Failure::Device, false);
}

#[test]
fn a_device_that_fails_for_good_at_any_call_loses_nothing_durable() {
    each_call(22, 10, Failure::Device, true);
}

#[test]
fn a_lack_of_space_at_any_call_loses_nothing_durable() {
    each_call(23, 10, Failure::NoSpace, false);
    each_call(24, 10, Failure::NoSpace, true);
}

#[test]
fn short_reads_and_writes_are_continued() {
    each_call(25, 10, Failure::Short, false);
    each_call(26, 10, Failure::Short, true);
}

#[test]
fn an_error_at_any_call_of_an_opening_changes_nothing() {
    let medium = Simulated::new();
    let mut game = Game::new(&medium, LAYOUT).expect("it opens");
    for (number, step) in steps(27, 14).iter().enumerate() {
        assert_eq!(game.step(number, step), Outcome::Done);
    }
    let history = core::mem::take(&mut game.history);
    // As a crash leaves it: with more than recovery needs, and a torn tail.
    let state = medium.state().image(Survival::Random { seed: 1, unit: 1 });
    drop(game);
    let whole = Simulated::of(state.clone());
    let version = recovered(&whole, LAYOUT, &history, 0).version;
    let calls = whole.calls().len();
    for failure in [Failure::Device, Failure::NoSpace, Failure::Short, Failure::Stop] {
        for fault in (0..calls).flat_map(|call| [Fault::at(call, failure), Fault::from(call, failure)]) {
            in_context(&format!("{fault:?}"), || {
                let medium = Simulated::of(state.clone());
                medium.set_faults(vec![fault]);
                let opened = open(&medium, LAYOUT);
                assert!(failure != Failure::Short || opened.is_ok(), "short reads and writes are continued");
                drop(opened);
                medium.set_faults(Vec::new());
                let left = medium.state();
                for survival in SURVIVALS {
                    let again = recovered(&Simulated::of(left.image(survival)), LAYOUT, &history, version);
                    assert_eq!(again.version, version, "{survival:?}");
                }
            });
        }
    }
}
