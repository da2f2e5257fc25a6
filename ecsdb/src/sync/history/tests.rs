//! What the ring must do, apart from what the models show.

use std::sync::Arc;
use std::time::Duration;

use super::{HistoryLimits, Lost, Nothing, Recorder, history};
use crate::sync::shim::{deadline_after, thread};

fn limits(commits: usize, bytes: usize) -> HistoryLimits {
    HistoryLimits { commits, bytes }
}

fn commit<E>(recorder: &mut Recorder<E>, number: u64, entry: E, bytes: usize) -> Vec<E> {
    let mut gone = Vec::new();
    recorder.append(number, entry, bytes, |entry| gone.push(entry));
    for sleeper in recorder.announce(number) {
        sleeper.complete(());
    }
    gone
}

#[test]
fn nothing_is_recorded_until_somebody_follows() {
    let (mut recorder, history) = history::<u64>(limits(10, 100));
    assert!(!recorder.is_on() && history.follow().is_none());
    assert_eq!(history.range(1, 1).err(), Some(Lost { first: u64::MAX }));
    let mut cursor = recorder.follow(&history, 8);
    assert!(recorder.is_on());
    commit(&mut recorder, 8, 80, 1);
    assert_eq!(*cursor.try_next().unwrap(), 80);
    assert_eq!(cursor.try_next().err(), Some(Nothing::Yet));
    recorder.rest(drop);
    assert!(recorder.is_on(), "somebody follows");
    let second = history.follow().unwrap();
    assert_eq!(second.next_number(), 9, "what comes from now on");
    drop((cursor, second));
    recorder.rest(drop);
    assert!(!recorder.is_on() && history.follow().is_none());
}

#[test]
fn what_is_kept_goes_on_without_followers() {
    let (mut recorder, history) = history::<u64>(limits(10, 100));
    recorder.keep(1);
    drop(history.follow().unwrap());
    recorder.rest(drop);
    commit(&mut recorder, 1, 10, 1);
    assert_eq!(*history.range(1, 1).unwrap()[0], 10);
}

#[test]
fn the_ring_keeps_what_both_limits_allow() {
    let (mut recorder, history) = history::<u64>(limits(32, 1000));
    recorder.keep(1);
    for number in 1..=200 {
        commit(&mut recorder, number, number, 10);
        assert!(recorder.bytes() <= 320);
    }
    let held = history.range(180, 200).unwrap();
    assert!(held.iter().zip(180..).all(|(entry, number)| **entry == number));
    let Lost { first } = history.range(1, 200).err().unwrap();
    assert!((169..=171).contains(&first), "{first}: 32 commits at the most, and whole segments go");
    for number in 201..=230 {
        commit(&mut recorder, number, number, 100);
        assert!(recorder.bytes() <= 1000);
    }
    assert!(history.range(222, 230).is_ok() && history.range(220, 230).is_err());
}

#[test]
fn an_entry_that_is_larger_than_the_ring_is_lost_and_so_is_what_was_before() {
    let (mut recorder, history) = history::<u64>(limits(32, 1000));
    let mut cursor = recorder.follow(&history, 1);
    commit(&mut recorder, 1, 10, 10);
    assert_eq!(commit(&mut recorder, 2, 20, 1001), [20, 10]);
    assert_eq!((recorder.bytes(), cursor.try_next().err()), (0, Some(Nothing::Lost(Lost { first: 3 }))));
    cursor.go_on_after(2);
    assert_eq!(cursor.try_next().err(), Some(Nothing::Yet));
    commit(&mut recorder, 3, 30, 10);
    assert_eq!(*cursor.try_next().unwrap(), 30);
}

#[test]
fn entries_go_back_to_the_writer_unless_somebody_reads_them() {
    let (mut recorder, history) = history::<Arc<u64>>(limits(1, 1000));
    let mut cursor = recorder.follow(&history, 1);
    commit(&mut recorder, 1, Arc::new(1), 1);
    assert_eq!(commit(&mut recorder, 2, Arc::new(2), 1), [Arc::new(1)]);
    assert_eq!(cursor.try_next().err(), Some(Nothing::Lost(Lost { first: 2 })));
    cursor.go_on_after(1);
    let held = cursor.try_next().unwrap();
    assert_eq!(commit(&mut recorder, 3, Arc::new(3), 1), [], "the second one is being read");
    assert_eq!((**held, Arc::strong_count(&held)), (2, 1), "and stays");
}

#[test]
fn a_timeout_and_a_wake_up_leave_one_sleeper() {
    let (mut recorder, history) = history::<u64>(limits(8, 1000));
    let mut cursor = recorder.follow(&history, 1);
    for _ in 0..5 {
        assert_eq!(cursor.next(deadline_after(Duration::ZERO)).err(), Some(Nothing::Yet));
    }
    assert_eq!(recorder.announce(0).count(), 0, "nothing has come");
    recorder.append(1, 9, 1, drop);
    assert_eq!(recorder.announce(1).count(), 1);
    assert_eq!(*cursor.try_next().unwrap(), 9);
    let sleeping = thread::spawn(move || (*cursor.next(None).unwrap(), cursor.next(None).err()));
    commit(&mut recorder, 2, 10, 1);
    drop(recorder);
    assert_eq!(sleeping.join().unwrap(), (10, Some(Nothing::Closed)));
    assert!(history.follow().is_some_and(|mut cursor| cursor.try_next().err() == Some(Nothing::Closed)));
}

#[test]
fn many_followers_read_everything_in_order_while_the_writer_appends() {
    const ENTRIES: u64 = if cfg!(miri) { 40 } else { 4_000 };
    let (mut recorder, history) = history::<u64>(limits(16_384, 1 << 20));
    let following: Vec<_> = (0..3)
        .map(|_| {
            let mut cursor = recorder.follow(&history, 1);
            thread::spawn(move || {
                let mut read = 0;
                while let Ok(entry) = cursor.next(None) {
                    read += 1;
                    assert_eq!(*entry, read);
                }
                read
            })
        })
        .collect();
    for number in 1..=ENTRIES {
        commit(&mut recorder, number, number, 1);
    }
    drop(recorder);
    for following in following {
        assert_eq!(following.join().unwrap(), ENTRIES);
    }
}
