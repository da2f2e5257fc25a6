//! What a watermark must do, apart from what the models show.

use std::pin::Pin;
use std::task::{Context, Wake, Waker};
use std::time::Duration;

use super::Watermark;
use crate::sync::Pending;
use crate::sync::shim::{Arc, AtomicUsize, Ordering, thread};

#[test]
fn what_is_durable_from_the_start_needs_no_sync() {
    let watermark = Watermark::<&str>::new(4, Duration::ZERO);
    assert_eq!(watermark.when(4).wait(), Ok(Ok(())));
    assert_eq!(watermark.when(5).try_get(), Ok(None));
    assert_eq!((watermark.durable(), watermark.check()), (4, Ok(4)));
}

#[test]
fn many_waiters_and_versions() {
    let versions = if cfg!(miri) { 40 } else { 400 };
    let watermark = Arc::new(Watermark::<&str>::new(0, Duration::ZERO));
    let syncs = Arc::new(AtomicUsize::new(0));
    let syncing = thread::spawn({
        let (watermark, syncs) = (Arc::clone(&watermark), Arc::clone(&syncs));
        move || {
            let sync = || {
                syncs.fetch_add(1, Ordering::Relaxed);
                Ok(())
            };
            watermark.run(sync, || {})
        }
    });
    let waiting: Vec<_> = (1..=8_u64)
        .map(|reader| {
            let watermark = Arc::clone(&watermark);
            thread::spawn(move || {
                for version in (reader..versions).step_by(8) {
                    assert_eq!(watermark.when(version).wait(), Ok(Ok(())));
                    assert!(watermark.durable() >= version);
                }
            })
        })
        .collect();
    for version in 1..versions {
        watermark.written(version).unwrap();
    }
    waiting.into_iter().for_each(|thread| thread.join().unwrap());
    watermark.close();
    syncing.join().unwrap();
    assert!((1..versions as usize).contains(&syncs.load(Ordering::Relaxed)));
}

/// With a delay nothing is synced before somebody asks, or the log closes.
#[test]
fn a_waiter_does_not_wait_for_the_delay() {
    let watermark = Arc::new(Watermark::<&str>::new(0, Duration::from_secs(3600)));
    let syncing = thread::spawn({
        let watermark = Arc::clone(&watermark);
        move || watermark.run(|| Ok(()), || {})
    });
    watermark.written(1).unwrap();
    watermark.written(2).unwrap();
    assert_eq!(watermark.when(1).wait(), Ok(Ok(())));
    assert_eq!(watermark.durable(), 2, "a sync covers all that is written");
    watermark.written(3).unwrap();
    watermark.close();
    syncing.join().unwrap();
    assert_eq!(watermark.durable(), 3);
}

#[test]
fn the_delay_ends_by_itself() {
    let watermark = Arc::new(Watermark::<&str>::new(0, Duration::from_millis(1)));
    let (synced, told) = std::sync::mpsc::channel();
    let syncing = thread::spawn({
        let watermark = Arc::clone(&watermark);
        move || watermark.run(|| Ok(()), || synced.send(()).unwrap())
    });
    watermark.written(1).unwrap();
    told.recv().unwrap();
    watermark.close();
    syncing.join().unwrap();
}

#[test]
fn a_failure_is_final_and_keeps_its_first_cause() {
    let watermark = Watermark::new(0, Duration::ZERO);
    watermark.written(1).unwrap();
    let mut outcomes = [Ok(()), Err("no space"), Ok(())].into_iter();
    let waiting = watermark.when(3);
    let sync = || {
        watermark.written(3)?;
        outcomes.next().unwrap()
    };
    watermark.run(sync, || {});
    assert_eq!(waiting.wait(), Ok(Err("no space")));
    watermark.fail("later");
    assert_eq!((watermark.written(4), watermark.check()), (Err("no space"), Err("no space")));
    assert_eq!(watermark.when(1).wait(), Ok(Ok(())), "what was durable stays durable");
    assert_eq!(watermark.when(2).wait(), Ok(Err("no space")));
    watermark.run(|| panic!("nothing is synced after a failure"), || {});
    assert_eq!(outcomes.next(), Some(Ok(())));
}

/// What is to be done besides syncs is done when it is asked for, also while what was written may wait for its sync.
#[test]
fn what_else_there_is_to_do_does_not_wait_for_the_delay() {
    let watermark = Arc::new(Watermark::<&str>::new(0, Duration::from_secs(3600)));
    let (done, heard) = std::sync::mpsc::channel();
    let syncing = thread::spawn({
        let watermark = Arc::clone(&watermark);
        move || watermark.run(|| Ok(()), || done.send(watermark.durable()).unwrap())
    });
    watermark.call();
    assert_eq!(heard.recv(), Ok(0));
    watermark.written(1).unwrap();
    watermark.call();
    assert_eq!(heard.recv(), Ok(0), "nothing was synced for that");
    watermark.close();
    assert_eq!(heard.recv(), Ok(1), "after the sync of the close");
    syncing.join().unwrap();
}

/// Somebody who syncs for himself, again and again, does not keep the syncing thread from that.
#[test]
fn what_else_there_is_to_do_does_not_wait_for_somebody_elses_sync() {
    let watermark = Arc::new(Watermark::<&str>::new(0, Duration::ZERO));
    let (done, heard) = std::sync::mpsc::channel();
    let (begun, is_syncing) = std::sync::mpsc::channel();
    let (end, is_over) = std::sync::mpsc::channel();
    let is_over = std::sync::Mutex::new(is_over);
    watermark.lend(move || {
        begun.send(()).unwrap();
        is_over.lock().unwrap().recv().unwrap();
        Some(Ok(()))
    });
    watermark.written(1).unwrap();
    let helping = thread::spawn({
        let watermark = Arc::clone(&watermark);
        move || watermark.help(1)
    });
    is_syncing.recv().unwrap();
    let syncing = thread::spawn({
        let watermark = Arc::clone(&watermark);
        move || watermark.run(|| Ok(()), || done.send(watermark.durable()).unwrap())
    });
    watermark.call();
    assert_eq!(heard.recv_timeout(Duration::from_secs(60)), Ok(0), "it has not waited for the sync");
    end.send(()).unwrap();
    assert_eq!(helping.join().unwrap(), Some(Ok(())));
    watermark.close();
    syncing.join().unwrap();
    assert_eq!(watermark.durable(), 1);
}

/// Panics when it is woken.
struct Grumpy;

impl Wake for Grumpy {
    fn wake(self: std::sync::Arc<Self>) {
        panic!("not before noon");
    }
}

/// Three who wait for `version`; the waker of the one in the middle panics.
fn wait_around_a_grumpy_one(
    watermark: &Watermark<&'static str>,
    version: u64,
) -> [Pending<Result<(), &'static str>>; 3] {
    let grumpy = Waker::from(std::sync::Arc::new(Grumpy));
    [Waker::noop(), &grumpy, Waker::noop()].map(|waker| {
        let mut waiting = watermark.when(version);
        assert!(Pin::new(&mut waiting).poll(&mut Context::from_waker(waker)).is_pending());
        waiting
    })
}

#[test]
fn a_waker_that_panics_harms_neither_the_syncing_thread_nor_others() {
    let watermark = Arc::new(Watermark::new(0, Duration::ZERO));
    let [before, grumpy, after] = wait_around_a_grumpy_one(&watermark, 1);
    let syncing = thread::spawn({
        let watermark = Arc::clone(&watermark);
        move || watermark.run(|| Ok(()), || {})
    });
    watermark.written(1).unwrap();
    // First the last one: to wait is to be woken in another way.
    assert_eq!([after, grumpy, before].map(Pending::wait), [Ok(Ok(())); 3]);
    watermark.written(2).unwrap();
    assert_eq!(watermark.when(2).wait(), Ok(Ok(())), "it goes on");
    watermark.close();
    syncing.join().unwrap();
}

#[test]
fn a_waker_that_panics_harms_nobody_who_syncs_for_himself() {
    let watermark = std::sync::Arc::new(Watermark::new(0, Duration::ZERO));
    let (register, waiting) = std::sync::mpsc::channel();
    watermark.lend({
        // As the log does it: what is lent does not keep the one who has it.
        let watermark = std::sync::Arc::downgrade(&watermark);
        move || {
            register.send(wait_around_a_grumpy_one(&*watermark.upgrade()?, 1)).unwrap();
            Some(Ok(()))
        }
    });
    watermark.written(1).unwrap();
    assert_eq!(watermark.help(1), Some(Ok(())));
    assert_eq!(waiting.recv().unwrap().map(Pending::wait), [Ok(Ok(())); 3]);
}

#[test]
fn everybody_is_told_of_a_failure_although_a_waker_panics() {
    let watermark = Watermark::new(0, Duration::ZERO);
    let waiting = wait_around_a_grumpy_one(&watermark, 1);
    watermark.fail("no space");
    assert_eq!(waiting.map(Pending::wait), [Ok(Err("no space")); 3]);
}
