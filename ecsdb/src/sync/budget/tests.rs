//! What the budget must do, apart from what the models show.

use std::time::Duration;

use super::Budget;
use super::Priority::{High, Low, Normal};
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
    let budget = Budget::new(10, 1);
    assert!(budget.try_acquire(6, Normal));
    assert!(!budget.try_acquire(5, Normal));
    assert!(budget.try_acquire(4, Normal));
    assert_eq!((budget.in_use(), budget.limit(Normal)), (10, 10));
    assert_eq!(budget.acquire_timeout(1, Normal, Duration::ZERO), Ok(false));
    budget.release(6);
    assert_eq!(budget.acquire_timeout(6, Normal, Duration::ZERO), Ok(true));
    budget.release(6);
    budget.release(4);
    assert_eq!(budget.in_use(), 0);
}

#[test]
fn a_request_beyond_the_limit_is_admitted_alone() {
    let budget = Budget::new(10, 1);
    assert!(budget.try_acquire(1, Normal));
    assert!(!budget.try_acquire(usize::MAX, Normal));
    budget.release(1);
    assert!(budget.try_acquire(usize::MAX, Normal));
    assert!(!budget.try_acquire(1, Normal));
    budget.release(budget.cost(usize::MAX, Normal));
    assert_eq!(budget.in_use(), 0);
    assert!(Budget::new(0, 1).try_acquire(1, Normal), "the smallest budget admits one request at a time");
    assert!(Budget::new(usize::MAX, 1).limit(High) <= Budget::MAX);
}

#[test]
fn nobody_overtakes_a_large_request() {
    let budget = Arc::new(Budget::new(10, 1));
    assert!(budget.try_acquire(1, Normal));
    let waiting = {
        let budget = Arc::clone(&budget);
        thread::spawn(move || budget.acquire(10, Normal))
    };
    until_waiting(&budget, 1);
    assert!(!budget.try_acquire(1, Normal), "there is room, but somebody waits");
    assert_eq!(budget.acquire_timeout(1, Normal, Duration::from_millis(1)), Ok(false));
    budget.release(1);
    assert_eq!(waiting.join().unwrap(), Ok(()));
    assert_eq!(budget.in_use(), 10);
    budget.release(10);
    assert!(budget.try_acquire(1, Normal), "the line is empty again");
}

#[test]
fn who_gives_up_lets_the_next_one_in() {
    let budget = Arc::new(Budget::new(10, 1));
    assert!(budget.try_acquire(5, Normal));
    let large = {
        let budget = Arc::clone(&budget);
        thread::spawn(move || budget.acquire_timeout(10, Normal, Duration::from_millis(20)))
    };
    // On a slow machine it may have given up before anybody has seen it wait; the outcome is the same.
    while !large.is_finished() && crate::sync::shim::lock(&budget.line).waiting.is_empty() {
        thread::yield_now();
    }
    let small = {
        let budget = Arc::clone(&budget);
        thread::spawn(move || budget.acquire(5, Normal))
    };
    assert_eq!(large.join().unwrap(), Ok(false));
    assert_eq!(small.join().unwrap(), Ok(()));
}

#[test]
fn closing_refuses_everybody() {
    let budget = Arc::new(Budget::new(1, 1));
    assert!(budget.try_acquire(1, Normal));
    let waiting: Vec<_> = (0..2)
        .map(|_| {
            let budget = Arc::clone(&budget);
            thread::spawn(move || budget.acquire(1, Normal))
        })
        .collect();
    until_waiting(&budget, 2);
    budget.close();
    for waiting in waiting {
        assert_eq!(waiting.join().unwrap(), Err(Closed));
    }
    budget.release(1);
    assert!(budget.is_closed());
    assert!(!budget.try_acquire(1, Normal));
    assert_eq!(budget.acquire(1, Normal), Err(Closed));
    assert_eq!(budget.in_use(), 0);
}

#[test]
#[should_panic = "more is given back"]
fn giving_back_too_much_is_a_bug() {
    Budget::new(10, 1).release(1);
}

#[test]
fn the_limit_holds_under_contention_and_everybody_gets_through() {
    const LIMIT: usize = 5;
    let rounds = if cfg!(miri) { 20 } else { 3_000 };
    let budget = Arc::new(Budget::new(LIMIT, 1));
    let held = Arc::new(AtomicUsize::new(0));
    let threads: Vec<_> = (1..=3)
        .map(|units| {
            let (budget, held) = (Arc::clone(&budget), Arc::clone(&held));
            thread::spawn(move || {
                for round in 0..rounds {
                    budget.acquire(units, Normal).unwrap();
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
    assert!(budget.try_acquire(LIMIT, Normal), "no marker of a waiter is left behind");
}

#[test]
fn each_priority_has_a_level_of_its_own() {
    let budget = Budget::new(16, 1);
    assert_eq!([Low, Normal, High].map(|priority| budget.limit(priority)), [8, 16, 18]);
    assert!(budget.try_acquire(8, Low));
    assert!(!budget.try_acquire(1, Low));
    assert!(budget.try_acquire(8, Normal));
    assert!(!budget.try_acquire(1, Normal));
    assert!(budget.try_acquire(2, High));
    assert!(!budget.try_acquire(1, High), "the reserve ends too");
    budget.release(10);
    assert!(!budget.try_acquire(1, Low), "half is still in use");
    assert!(budget.try_acquire(1, Normal));
}

#[test]
fn a_small_request_counts_for_the_least() {
    let budget = Budget::new(100, 25);
    assert_eq!((budget.cost(1, Normal), budget.cost(30, Normal), budget.cost(300, Normal)), (25, 30, 100));
    assert_eq!(budget.requests_max(), 5, "four, and one in reserve");
    for _ in 0..4 {
        assert!(budget.try_acquire(1, Normal));
    }
    assert!(!budget.try_acquire(1, Normal));
    assert!(budget.try_acquire(1, High));
    let tiny = Budget::new(1, 1);
    assert!([Low, Normal, High].iter().all(|priority| tiny.cost(7, *priority) >= 1));
    assert!(tiny.try_acquire(7, Low), "even the smallest budget admits every priority when it is empty");
}

#[test]
fn a_higher_priority_passes_those_who_wait() {
    let budget = Arc::new(Budget::new(8, 1));
    assert!(budget.try_acquire(8, Normal));
    let low = {
        let budget = Arc::clone(&budget);
        thread::spawn(move || budget.acquire(1, Low))
    };
    until_waiting(&budget, 1);
    let normal = {
        let budget = Arc::clone(&budget);
        thread::spawn(move || budget.acquire(3, Normal))
    };
    until_waiting(&budget, 2);
    assert!(budget.try_acquire(1, High), "nobody of its priority waits");
    budget.release(4);
    assert_eq!(normal.join().unwrap(), Ok(()));
    assert!(!low.is_finished(), "8 of 8 are in use, and it may take from 3 on");
    budget.release(5);
    assert_eq!(low.join().unwrap(), Ok(()));
    assert_eq!(budget.in_use(), 4);
    budget.release(4);
    assert!(budget.try_acquire(4, Low), "no marker of a waiter is left behind");
}
