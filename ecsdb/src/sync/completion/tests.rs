//! What a ticket's state must do, apart from what the models show.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use super::{CompletionPool, completion};
use crate::sync::Closed;
use crate::sync::shim::{AtomicUsize, Ordering, thread};

#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn a_value_is_handed_out_once() {
    let (completer, mut pending) = completion();
    assert_eq!(pending.try_get(), Ok(None));
    completer.complete(7);
    assert_eq!(pending.try_get(), Ok(Some(7)));
    assert_eq!(pending.try_get(), Err(Closed));
    assert_eq!(pending.wait(), Err(Closed));
}

#[test]
fn a_dropped_completer_closes() {
    let (completer, mut pending) = completion::<u8>();
    drop(completer);
    assert_eq!(pending.wait_timeout(Duration::MAX), Err(Closed));
    assert_eq!(pending.wait(), Err(Closed));
}

#[test]
fn a_timeout_loses_nothing() {
    let (completer, mut pending) = completion();
    assert_eq!(pending.wait_timeout(Duration::ZERO), Ok(None));
    assert_eq!(pending.wait_timeout(Duration::from_millis(1)), Ok(None));
    completer.complete("late");
    assert_eq!(pending.wait_timeout(Duration::ZERO), Ok(Some("late")));
}

#[test]
fn a_blocked_thread_is_woken() {
    let (completer, pending) = completion();
    let waiting = thread::spawn(move || pending.wait());
    completer.complete(String::from("value"));
    assert_eq!(waiting.join().unwrap(), Ok(String::from("value")));

    let (completer, pending) = completion::<u8>();
    let waiting = thread::spawn(move || pending.wait());
    drop(completer);
    assert_eq!(waiting.join().unwrap(), Err(Closed));
}

#[test]
fn only_the_latest_waker_is_woken_and_only_once() {
    let (completer, mut pending) = completion();
    let (old, new) = (Arc::new(Wakes::default()), Arc::new(Wakes::default()));
    for wakes in [&old, &new] {
        let waker = Waker::from(Arc::clone(wakes));
        assert!(Pin::new(&mut pending).poll(&mut Context::from_waker(&waker)).is_pending());
    }
    completer.complete(1);
    assert_eq!((old.0.load(Ordering::Relaxed), new.0.load(Ordering::Relaxed)), (0, 1));
    assert_eq!(Pin::new(&mut pending).poll(&mut Context::from_waker(Waker::noop())), Poll::Ready(Ok(1)));
}

#[test]
fn a_value_that_nobody_fetched_is_dropped() {
    let value = Arc::new(());
    let (completer, pending) = completion();
    completer.complete(Arc::clone(&value));
    drop(pending);
    assert_eq!(Arc::strong_count(&value), 1);

    let (completer, pending) = completion();
    drop(pending);
    completer.complete(Arc::clone(&value));
    assert_eq!(Arc::strong_count(&value), 1);
}

#[test]
fn many_completions_between_two_threads() {
    let rounds = if cfg!(miri) { 20 } else { 2_000 };
    let (completers, pendings): (Vec<_>, Vec<_>) = (0..rounds).map(|_| completion()).unzip();
    let completing = thread::spawn(move || {
        for (number, completer) in completers.into_iter().enumerate() {
            completer.complete(number);
        }
    });
    for (number, pending) in pendings.into_iter().enumerate() {
        assert_eq!(pending.wait(), Ok(number));
    }
    completing.join().unwrap();
}

#[test]
fn a_spent_completion_is_as_new() {
    let pool = CompletionPool::default();
    let (completer, pending) = pool.completion();
    drop(pending);
    let mut spent: Vec<_> = completer.complete_and_keep(String::from("nobody wants it")).into_iter().collect();
    assert_eq!(spent.len(), 1);
    pool.give(&mut spent);
    assert!(spent.is_empty());
    let (completer, mut pending) = pool.completion();
    assert_eq!(pending.try_get(), Ok(None));
    assert!(completer.complete_and_keep(String::from("kept")).is_none(), "somebody still waits");
    assert_eq!(pending.try_get(), Ok(Some(String::from("kept"))));
}
