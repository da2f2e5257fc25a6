//! The budget under loom: nobody sleeps through the room that is made for them, and the faults that each model has to
//! find. A lost wake-up ends a model as a deadlock.

use std::time::Duration;

use super::Budget;
use super::Priority::{Low, Normal};
use crate::sync::Closed;
use crate::sync::shim::model::{check, models};
use crate::sync::shim::{Arc, thread};

/// A waiter against the release that makes room for it.
fn wait_against_release() {
    check(None, || {
        let budget = Arc::new(Budget::new(2, 1));
        assert!(budget.try_acquire(1, Normal));
        let waiting = {
            let budget = Arc::clone(&budget);
            thread::spawn(move || budget.acquire(2, Normal).unwrap())
        };
        budget.release(1);
        waiting.join().unwrap();
        assert_eq!(budget.in_use(), 2);
    });
}

/// Two waiters, who both have to get in, the second one perhaps only because the first one tells it.
fn two_waiters() {
    check(Some(2), || {
        let budget = Arc::new(Budget::new(2, 1));
        assert!(budget.try_acquire(2, Normal));
        let waiting = [1, 1].map(|units| {
            let budget = Arc::clone(&budget);
            thread::spawn(move || budget.acquire(units, Normal).unwrap())
        });
        budget.release(2);
        for waiting in waiting {
            waiting.join().unwrap();
        }
        assert_eq!(budget.in_use(), 2);
        budget.release(1);
        assert!(budget.try_acquire(1, Normal), "no marker of a waiter is left behind");
    });
}

/// Two waiters of different priorities: the lower one is not forgotten when the higher one has got in.
fn low_behind_normal() {
    check(Some(2), || {
        // Up to 1 for low priorities, up to 2 for normal ones.
        let budget = Arc::new(Budget::new(2, 1));
        assert!(budget.try_acquire(2, Normal));
        let waiting = [Low, Normal].map(|priority| {
            let budget = Arc::clone(&budget);
            thread::spawn(move || {
                budget.acquire(1, priority).unwrap();
                budget.release(1);
            })
        });
        budget.release(1);
        budget.release(1);
        for waiting in waiting {
            waiting.join().unwrap();
        }
        assert!(budget.try_acquire(1, Low), "no marker of a waiter is left behind");
    });
}

/// Two threads that pass the whole budget to each other.
fn hand_over() {
    check(Some(3), || {
        let budget = Arc::new(Budget::new(1, 1));
        let other = {
            let budget = Arc::clone(&budget);
            thread::spawn(move || {
                budget.acquire(1, Normal).unwrap();
                budget.release(1);
            })
        };
        budget.acquire(1, Normal).unwrap();
        budget.release(1);
        other.join().unwrap();
        assert!(budget.try_acquire(1, Normal));
    });
}

/// One gives up at once, another one waits: whatever the order, the room that is there is taken.
fn give_up_against_wait() {
    check(Some(2), || {
        let budget = Arc::new(Budget::new(2, 1));
        assert!(budget.try_acquire(1, Normal));
        let impatient = {
            let budget = Arc::clone(&budget);
            thread::spawn(move || assert_eq!(budget.acquire_timeout(2, Normal, Duration::ZERO), Ok(false)))
        };
        budget.acquire(1, Normal).unwrap();
        impatient.join().unwrap();
        assert_eq!(budget.in_use(), 2);
    });
}

/// A waiter against the close.
fn wait_against_close() {
    check(None, || {
        let budget = Arc::new(Budget::new(1, 1));
        assert!(budget.try_acquire(1, Normal));
        let waiting = {
            let budget = Arc::clone(&budget);
            thread::spawn(move || assert_eq!(budget.acquire(1, Normal), Err(Closed)))
        };
        budget.close();
        waiting.join().unwrap();
    });
}

models! {
    wait_against_release:
        "budget/look before release" as loom_finds_look_before_release,
        "budget/notify without lock" as loom_finds_notify_without_lock,
        "budget/wait unannounced" as loom_finds_wait_unannounced;
    two_waiters:
        "budget/leave in silence" as loom_finds_leave_in_silence,
        "budget/look before release" as loom_finds_look_before_release;
    low_behind_normal:
        "budget/forget the other priorities" as loom_finds_forget_the_other_priorities;
    hand_over:
        "budget/wait unannounced" as loom_finds_wait_unannounced;
    give_up_against_wait:
        "budget/give up in the line" as loom_finds_giving_up_in_the_line;
    wait_against_close:
        "budget/close without lock" as loom_finds_close_without_lock;
}
