//! A game on a medium whose calls fail, and what is left of it.

use super::check::{in_context, recovered};
use super::game::{Game, History, Outcome};
use super::setup::Layout;
use super::workload::Step;
use crate::simulated::{Failure, Fault, Simulated, Survival};

/// What survives of what was not synced, once the medium works again.
pub const SURVIVALS: [Survival; 4] = [
    Survival::Nothing,
    Survival::Everything,
    Survival::Random { seed: 7, unit: 1 },
    Survival::Random { seed: 8, unit: 512 },
];

/// Runs `steps` on a medium with `faults`, and opens what is left. Returns whether a fault has struck.
///
/// # Panics
/// If anything is lost that was acknowledged, or is not what it was.
pub fn survive(layout: Layout, steps: &[Step], faults: Vec<Fault>) -> bool {
    let medium = Simulated::new();
    let fault = faults.first().cloned();
    medium.set_faults(faults);
    let mut history = History::of_nothing();
    if let Ok(mut game) = Game::new(&medium, layout) {
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
        in_context(&format!("{survival:?}"), || drop(recovered(&medium, layout, &history, required)));
    }
    struck
}
