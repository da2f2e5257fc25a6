//! Completion under loom: complete against wait, poll and drop, and the faults that each model has to find.

use loom::future::block_on;

use super::{CompletionPool, completion};
use crate::sync::Closed;
use crate::sync::shim::model::{check, models};
use crate::sync::shim::{Arc, thread};

/// A value that loom watches: a leak, a double drop or an unsynchronized look ends the model.
type Watched = Arc<u8>;

fn complete_against_wait() {
    check(None, || {
        let (completer, pending) = completion::<Watched>();
        let completing = thread::spawn(move || completer.complete(Arc::new(7)));
        assert_eq!(*pending.wait().unwrap(), 7);
        completing.join().unwrap();
    });
}

fn complete_against_try_get() {
    check(None, || {
        let (completer, mut pending) = completion::<Watched>();
        let completing = thread::spawn(move || completer.complete(Arc::new(7)));
        if let Some(value) = pending.try_get().unwrap() {
            assert_eq!(*value, 7);
        }
        completing.join().unwrap();
    });
}

/// The future, polled once with a waker that it must forget, then to the end.
fn complete_against_poll() {
    check(None, || {
        let (completer, mut pending) = completion::<Watched>();
        let completing = thread::spawn(move || completer.complete(Arc::new(7)));
        let mut noop = std::task::Context::from_waker(std::task::Waker::noop());
        match Future::poll(std::pin::Pin::new(&mut pending), &mut noop) {
            std::task::Poll::Ready(value) => assert_eq!(*value.unwrap(), 7),
            std::task::Poll::Pending => assert_eq!(*block_on(pending).unwrap(), 7),
        }
        completing.join().unwrap();
    });
}

/// A wait that times out at once, then one that does not.
fn complete_against_second_wait() {
    check(None, || {
        let (completer, mut pending) = completion::<Watched>();
        let completing = thread::spawn(move || completer.complete(Arc::new(7)));
        let value = match pending.wait_timeout(std::time::Duration::ZERO).unwrap() {
            Some(value) => value,
            None => pending.wait().unwrap(),
        };
        assert_eq!(*value, 7);
        completing.join().unwrap();
    });
}

fn close_against_wait() {
    check(None, || {
        let (completer, pending) = completion::<Watched>();
        let closing = thread::spawn(move || drop(completer));
        assert_eq!(pending.wait().map(|value| *value), Err(Closed));
        closing.join().unwrap();
    });
}

/// What is left of a completion is used again while its first waiting end may still be about.
fn reuse_against_wait() {
    check(None, || {
        let (completer, pending) = completion::<Watched>();
        let writing = thread::spawn(move || {
            let spent = completer.complete_and_keep(Arc::new(7));
            let pool = CompletionPool::default();
            pool.give(&mut spent.into_iter().collect());
            let (completer, pending) = pool.completion();
            completer.complete(Arc::new(8));
            assert_eq!(*pending.wait().unwrap(), 8);
        });
        assert_eq!(*pending.wait().unwrap(), 7);
        writing.join().unwrap();
    });
}

/// A waiting end that is dropped, and the next use of what is left.
fn reuse_against_drop() {
    check(None, || {
        let (completer, pending) = completion::<Watched>();
        let dropping = thread::spawn(move || drop(pending));
        let pool = CompletionPool::default();
        pool.give(&mut completer.complete_and_keep(Arc::new(7)).into_iter().collect());
        let (completer, mut pending) = pool.completion();
        assert!(pending.try_get().unwrap().is_none());
        completer.complete(Arc::new(8));
        assert_eq!(*pending.wait().unwrap(), 8);
        dropping.join().unwrap();
    });
}

fn complete_against_drop() {
    check(None, || {
        let (completer, pending) = completion::<Watched>();
        let completing = thread::spawn(move || completer.complete(Arc::new(7)));
        drop(pending);
        completing.join().unwrap();
    });
}

models! {
    complete_against_wait:
        "completion/wake before settled" as loom_finds_wake_before_settled,
        "completion/settle without release" as loom_finds_settle_without_release,
        "completion/settle without acquire" as loom_finds_settle_without_acquire,
        "completion/look relaxed" as loom_finds_look_relaxed,
        "completion/take back relaxed" as loom_finds_take_back_relaxed,
        "completion/register without release" as loom_finds_register_without_release,
        "completion/register without acquire" as loom_finds_register_without_acquire,
        "completion/settled before value" as loom_finds_settled_before_value;
    complete_against_try_get:
        "completion/settle without release" as loom_finds_settle_without_release,
        "completion/look relaxed" as loom_finds_look_relaxed;
    complete_against_poll:
        "completion/wake before settled" as loom_finds_wake_before_settled,
        "completion/take back relaxed" as loom_finds_take_back_relaxed,
        "completion/register without release" as loom_finds_register_without_release,
        "completion/register without acquire" as loom_finds_register_without_acquire;
    complete_against_second_wait:
        "completion/wake before settled" as loom_finds_wake_before_settled,
        "completion/take back relaxed" as loom_finds_take_back_relaxed;
    complete_against_drop:
        "completion/forget what nobody takes" as loom_finds_forget_what_nobody_takes;
    reuse_against_wait:
        "completion/used again too early" as loom_finds_used_again_too_early,
        "completion/used again as it was" as loom_finds_used_again_as_it_was;
    reuse_against_drop:
        "completion/used again too early" as loom_finds_used_again_too_early,
        "completion/used again as it was" as loom_finds_used_again_as_it_was;
    close_against_wait:
        "completion/wake before settled" as loom_finds_wake_before_settled,
        "completion/settle without acquire" as loom_finds_settle_without_acquire,
        "completion/register without release" as loom_finds_register_without_release,
        "completion/go in silence" as loom_finds_go_in_silence;
}
