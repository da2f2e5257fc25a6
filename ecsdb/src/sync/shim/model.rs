//! Running a model: exhaustively, or with a bound on preemptions, and with a fault that it has to find.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::sync::mutant;

/// Explores all executions of `body` with at most `preemptions` involuntary thread switches each (`None`: all).
pub(crate) fn check(preemptions: Option<usize>, body: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = preemptions;
    builder.max_branches = 10_000;
    builder.check(move || {
        super::counted::clear_graveyard();
        super::on_loom::start_iteration();
        body();
    });
}

/// Runs `model` with the fault `name` on, and fails unless the model finds it.
pub(crate) fn must_fail(name: &'static str, model: fn()) {
    let found = catch_unwind(AssertUnwindSafe(|| mutant::with(name, model)));
    assert!(found.is_err(), "the model passes although the fault {name:?} is on");
    // What `.ci/mutants` makes its table of. A test's thread has its name.
    let thread = std::thread::current();
    let test = thread.name().and_then(|test| test.rsplit_once("::")).map_or("", |(model, _)| model);
    println!("fault found: {name} | {test}");
}

/// The tests of some models: each model holds, and finds each of its faults.
macro_rules! models {
    ($($model:ident: $($fault:literal as $test:ident),*;)*) => {$(
        mod $model {
            #[test]
            fn loom_holds() {
                super::$model();
            }

            $(
                #[test]
                fn $test() {
                    $crate::sync::shim::model::must_fail($fault, super::$model);
                }
            )*
        }
    )*};
}
pub(crate) use models;
