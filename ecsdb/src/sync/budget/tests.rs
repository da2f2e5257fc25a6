//! What the budget must do, apart from what the models show.

use std::time::Duration;

use super::Budget;
use crate::sync::Closed;
use crate::sync::shim::{Arc, AtomicUsize, Ordering, thread};

/// Waits until `count` threads stand in line.
fn until_waiting(budget: &Budget, count: usize) {
    while crate::sync::shim::lock(&budget.line).waiting.len() < count {
        thread::yield_now();
    }
}

#[test]
fn units_are_taken_and_given_back() {
    let budget = Budget::new(10);
    assert!(budget.try_acquire(6));
    assert!(!budget.try_acquire(5));
    assert!(budget.try_acquire(4));
    assert_eq!((budget.in_use(), budget.limit()), (10, 10));
    assert!(budget.try_acquire(0), "nothing always fits");
    assert_eq!(budget.acquire_timeout(1, Duration::ZERO), Ok(false));
    budget.release(6);
    assert_eq!(budget.acquire_timeout(6, Duration::ZERO), Ok(true));
    budget.release(6);
    budget.release(4);
    assert_eq!(budget.in_use(), 0);
}

#[test]
fn a_request_beyond_the_limit_is_admitted_alone() {
    let budget = Budget::new(10);
    assert!(budget.try_acquire(1));
    assert!(!budget.try_acquire(usize::MAX));
    budget.release(1);
    assert!(budget.try_acquire(usize::MAX));
    assert!(!budget.try_acquire(1));
    budget.release(usize::MAX);
    assert_eq!(budget.in_use(), 0);
    assert!(Budget::new(0).try_acquire(1), "the smallest budget admits one request at a time");
    assert_eq!(Budget::new(usize::MAX).limit(), Budget::MAX);
}

#[test]
fn nobody_overtakes_a_large_request() {
    let budget = Arc::new(Budget::new(10));
    assert!(budget.try_acquire(1));
    let waiting = {
        let budget = Arc::clone(&budget);
        thread::spawn(move || budget.acquire(10))
    };
    until_waiting(&budget, 1);
    assert!(!budget.try_acquire(1), "there is room, but somebody waits");
    assert_eq!(budget.acquire_timeout(1, Duration::from_millis(1)), Ok(false));
    budget.release(1);
    assert_eq!(waiting.join().unwrap(), Ok(()));
    assert_eq!(budget.in_use(), 10);
    budget.release(10);
    assert!(budget.try_acquire(1), "the line is empty again");
}

#[test]
fn who_gives_up_lets_the_next_one_in() {
    let budget = Arc::new(Budget::new(10));
    assert!(budget.try_acquire(5));
    let large = {
        let budget = Arc::clone(&budget);
        thread::spawn(move || budget.acquire_timeout(10, Duration::from_millis(20)))
    };
    // On a slow machine it may have given up before anybody has seen it wait; the outcome is the same.
    while !large.is_finished() && crate::sync::shim::lock(&budget.line).waiting.is_empty() {
        thread::yield_now();
    }
    let small = {
        let budget = Arc::clone(&budget);
        thread::spawn(move || budget.acquire(5))
    };
    assert_eq!(large.join().unwrap(), Ok(false));
    assert_eq!(small.join().unwrap(), Ok(()));
}

#[test]
fn closing_refuses_everybody() {
    let budget = Arc::new(Budget::new(1));
    assert!(budget.try_acquire(1));
    let waiting: Vec<_> = (0..2)
        .map(|_| {
            let budget = Arc::clone(&budget);
            thread::spawn(move || budget.acquire(1))
        })
        .collect();
    until_waiting(&budget, 2);
    budget.close();
    for waiting in waiting {
        assert_eq!(waiting.join().unwrap(), Err(Closed));
    }
    budget.release(1);
    assert!(budget.is_closed());
    assert!(!budget.try_acquire(1));
    assert_eq!(budget.acquire(1), Err(Closed));
    assert_eq!(budget.in_use(), 0);
}

#[test]
#[should_panic = "more is given back"]
fn giving_back_too_much_is_a_bug() {
    Budget::new(10).release(1);
}

#[test]
fn the_limit_holds_under_contention_and_everybody_gets_through() {
    const LIMIT: usize = 5;
    let rounds = if cfg!(miri) { 20 } else { 3_000 };
    let budget = Arc::new(Budget::new(LIMIT));
    let held = Arc::new(AtomicUsize::new(0));
    let threads: Vec<_> = (1..=3)
        .map(|units| {
            let (budget, held) = (Arc::clone(&budget), Arc::clone(&held));
            thread::spawn(move || {
                for round in 0..rounds {
                    budget.acquire(units).unwrap();
                    assert!(held.fetch_add(units, Ordering::Relaxed) + units <= LIMIT);
                    if round % 3 == 0 {
                        thread::yield_now();
                    }
                    held.fetch_sub(units, Ordering::Relaxed);
                    budget.release(units);
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    assert_eq!(budget.in_use(), 0);
    assert!(budget.try_acquire(LIMIT), "no marker of a waiter is left behind");
}
