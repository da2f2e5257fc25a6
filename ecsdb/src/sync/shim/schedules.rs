//! Running a model of the whole engine on many schedules, and with a fault that one of them has to find.
//!
//! `ECSDB_SCHEDULES` says how many schedules of each kind. A schedule that fails is printed, for `shuttle::replay`.

use std::panic::{AssertUnwindSafe, catch_unwind};

use shuttle::scheduler::{PctScheduler, RandomScheduler, Scheduler};
use shuttle::{Config, FailurePersistence, MaxSteps, Runner};

use crate::sync::mutant;

/// How often a thread of higher priority is overtaken in a schedule by priorities, at most.
const OVERTAKINGS: usize = 4;

/// How many schedules of each kind.
fn schedules() -> usize {
    std::env::var("ECSDB_SCHEDULES").ok().and_then(|count| count.parse().ok()).unwrap_or(1_000)
}

/// How many of each kind to look for a fault in: a window may be two steps wide. Ends with the first that fails.
const SCHEDULES_FOR_A_FAULT: usize = 20_000;

fn run(scheduler: impl Scheduler + 'static, on_failure: FailurePersistence, model: fn()) {
    let mut config = Config::new();
    // The writer has a version of everything on its stack while it works, and whoever opens a directory a buffer or two.
    config.stack_size = 4 << 20;
    config.failure_persistence = on_failure;
    // More than any schedule takes that comes to an end.
    config.max_steps = MaxSteps::FailAfter(1_000_000);
    // What orderings are for, loom shows.
    config.silence_warnings = true;
    // Destructors of a model that has failed would wait for threads that run no more.
    config.ungraceful_shutdown_config.immediately_return_on_panic = true;
    Runner::new(scheduler, config).run(model);
}

/// Runs `model` on random schedules, and on schedules by priorities that change a few times.
pub(crate) fn check(model: fn()) {
    run(RandomScheduler::new(schedules()), FailurePersistence::Print, model);
    run(PctScheduler::new(OVERTAKINGS, schedules()), FailurePersistence::Print, model);
}

/// Runs `model` with the fault `name` on, and fails unless a schedule finds it.
pub(crate) fn must_fail(name: &'static str, model: fn()) {
    let quiet = FailurePersistence::None;
    let found = catch_unwind(AssertUnwindSafe(|| {
        mutant::with(name, || {
            run(RandomScheduler::new(SCHEDULES_FOR_A_FAULT), quiet.clone(), model);
            run(PctScheduler::new(OVERTAKINGS, SCHEDULES_FOR_A_FAULT), quiet.clone(), model);
        });
    }));
    assert!(found.is_err(), "no schedule fails although the fault {name:?} is on");
}

/// The tests of some models: each model holds on all schedules that are tried, and finds each of its faults.
macro_rules! models {
    ($($model:ident: $($fault:literal as $test:ident),*;)*) => {$(
        mod $model {
            #[test]
            fn shuttle_holds() {
                super::check(super::$model);
            }

            $(
                #[test]
                fn $test() {
                    $crate::sync::shim::schedules::must_fail($fault, super::$model);
                }
            )*
        }
    )*};
}
pub(crate) use models;
