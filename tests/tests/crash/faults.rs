//! Calls that fail, each in turn: nothing panics, nothing that was acknowledged as durable is lost, a log that has failed refuses
//! all that comes later, and reads go on.
//!
//! What a running database must do then, [`Game`] checks; here the faults are planned, and what is left is opened.

use ecsdb_tests::simulated::{Failure, Fault, Simulated, Survival};

use super::SMALL;
use ecsdb_tests::crash::check::{in_context, recovered};
use ecsdb_tests::crash::faults::{SURVIVALS, survive};
use ecsdb_tests::crash::game::{Game, Outcome};
use ecsdb_tests::crash::setup::{Kept, Layout, open};
use ecsdb_tests::crash::workload::{Step, steps, steps_with_checkpoints};

/// Small segments, so that there are many calls.
const LAYOUT: Layout = SMALL;

/// How many calls `work` makes without faults.
fn calls(work: impl FnOnce(&Simulated)) -> usize {
    let medium = Simulated::new();
    work(&medium);
    medium.calls().len()
}

/// Lets each call of a workload fail with `failure`, alone, or together with all that follow.
fn each_call(seed: u64, layout: Layout, steps: Vec<Step>, failure: Failure, lasts: bool) {
    let calls = calls(|medium| {
        let mut game = Game::new(medium, layout).expect("it opens");
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
        struck += usize::from(in_context(&text, || survive(layout, &steps, vec![fault])));
    }
    assert!(struck > calls / 8, "{struck} faults of {calls} have struck");
}

#[test]
fn an_error_at_any_call_loses_nothing_durable() {
    each_call(21, LAYOUT, steps(21, 10), Failure::Device, false);
}

#[test]
fn a_device_that_fails_for_good_at_any_call_loses_nothing_durable() {
    each_call(22, LAYOUT, steps(22, 10), Failure::Device, true);
}

#[test]
fn a_lack_of_space_at_any_call_loses_nothing_durable() {
    each_call(23, LAYOUT, steps(23, 10), Failure::NoSpace, false);
    each_call(24, LAYOUT, steps(24, 10), Failure::NoSpace, true);
}

#[test]
fn short_reads_and_writes_are_continued() {
    each_call(25, LAYOUT, steps(25, 10), Failure::Short, false);
    each_call(26, LAYOUT, steps(26, 10), Failure::Short, true);
}

/// A checkpoint that fails harms nothing, wherever it fails; a log that fails meanwhile is another matter.
#[test]
fn a_failure_at_any_call_around_checkpoints_loses_nothing_durable() {
    each_call(28, Layout { kept: Kept::Little, ..LAYOUT }, steps_with_checkpoints(28, 12), Failure::Device, false);
    each_call(29, Layout { kept: Kept::Archived, ..LAYOUT }, steps_with_checkpoints(29, 12), Failure::NoSpace, true);
    each_call(30, LAYOUT, steps_with_checkpoints(30, 12), Failure::Short, true);
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
