//! The ring under loom: who follows and leaves while the writer appends, who is too slow, who sleeps. A lost wake-up ends a
//! model as a deadlock.

use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use super::{Cursor, HistoryLimits, Lost, Nothing, Recorder, history};
use crate::sync::shim::model::{check, models};
use crate::sync::shim::thread;

type Ends = (Recorder<u64>, super::History<u64>);

fn ring(commits: usize) -> Ends {
    history(HistoryLimits { commits, bytes: 1 << 20 })
}

/// Commits entry `number`: its content is its number.
fn commit(recorder: &mut Recorder<u64>, number: u64) {
    if recorder.is_on() {
        recorder.append(number, number, 1, drop);
        drop(recorder.announce(number));
        recorder.rest(drop);
    }
}

/// Reads what there is. Each entry comes once and in order, and is the one it says it is.
fn read(cursor: &mut Cursor<u64>) -> u64 {
    let mut read = 0;
    loop {
        let number = cursor.next_number();
        match cursor.try_next() {
            Ok(entry) => assert_eq!(*entry, number, "another entry"),
            Err(Nothing::Yet | Nothing::Closed) => return read,
            Err(Nothing::Lost(Lost { .. })) => panic!("an entry is lost that the ring has room for"),
        }
        read += 1;
    }
}

/// Somebody follows and leaves while the writer commits twice, and turns off when nobody is left: whoever follows misses
/// nothing that comes after.
fn follow_and_leave() {
    check(Some(2), || {
        let (mut recorder, history) = ring(16);
        let first = recorder.follow(&history, 1);
        let other = thread::spawn(move || {
            drop(first);
            let Some(mut cursor) = history.follow() else { return };
            let next = cursor.next_number();
            read(&mut cursor);
            assert!((1..=3).contains(&next), "a cursor before entry {next}");
        });
        commit(&mut recorder, 1);
        commit(&mut recorder, 2);
        other.join().unwrap();
        // Everybody has left: the next commit turns it off, if one before has not.
        commit(&mut recorder, 3);
        assert!(!recorder.is_on());
    });
}

/// Somebody asks to follow while the writer turns on, late: the cursor begins behind what came before.
fn follow_as_it_turns_on() {
    check(Some(3), || {
        let (mut recorder, history) = ring(16);
        let other = thread::spawn({
            let history = history.clone();
            move || {
                let Some(mut cursor) = history.follow() else { return };
                assert!(cursor.next_number() >= 5, "a cursor before entry {}", cursor.next_number());
                read(&mut cursor);
            }
        });
        let mut cursor = recorder.follow(&history, 5);
        commit(&mut recorder, 5);
        assert_eq!(read(&mut cursor), 1);
        other.join().unwrap();
    });
}

/// Somebody who stays is told of every commit, although others leave.
fn a_follower_stays() {
    check(Some(2), || {
        let (mut recorder, history) = ring(16);
        let leaving = recorder.follow(&history, 1);
        let staying = thread::spawn(move || {
            let cursor = history.follow();
            drop(leaving);
            cursor
        });
        commit(&mut recorder, 1);
        commit(&mut recorder, 2);
        let mut cursor = staying.join().unwrap().expect("somebody has followed all the time");
        let expected = 3 - cursor.next_number();
        assert!(recorder.is_on(), "turned off under somebody who follows");
        assert_eq!(read(&mut cursor), expected);
    });
}

/// A ring for one commit, and somebody who is slower: every entry is the one that was asked for, or known to be lost; after a
/// loss it goes on with the newest.
fn a_slow_follower() {
    check(Some(2), || {
        let (mut recorder, history) = ring(1);
        let mut cursor = recorder.follow(&history, 1);
        let reading = thread::spawn(move || {
            for _ in 0..3 {
                let number = cursor.next_number();
                match cursor.try_next() {
                    Ok(entry) => assert_eq!(*entry, number, "another entry"),
                    Err(Nothing::Lost(Lost { first })) => {
                        assert!(first > number, "lost, but there");
                        cursor.go_on_after(first - 1);
                    }
                    Err(Nothing::Yet | Nothing::Closed) => {}
                }
            }
            cursor
        });
        commit(&mut recorder, 1);
        commit(&mut recorder, 2);
        let mut cursor = reading.join().unwrap();
        if cursor.next_number() < 2 {
            assert_eq!(cursor.try_next().err(), Some(Nothing::Lost(Lost { first: 2 })));
        } else if cursor.next_number() == 2 {
            assert_eq!(*cursor.try_next().expect("the last entry is there"), 2);
        }
    });
}

/// Entries of one segment: what is announced is there, whole.
fn a_growing_segment() {
    check(Some(3), || {
        // Two entries to a segment.
        let (mut recorder, history) = ring(32);
        let mut cursor = recorder.follow(&history, 1);
        let reading = thread::spawn(move || {
            read(&mut cursor);
            read(&mut cursor);
        });
        commit(&mut recorder, 1);
        commit(&mut recorder, 2);
        reading.join().unwrap();
    });
}

/// The difference to a version whose commit was seen: its entry was appended before.
fn a_range_while_entries_come() {
    check(Some(3), || {
        let (mut recorder, history) = ring(32);
        recorder.keep(1);
        recorder.append(1, 1, 1, drop);
        let reading = thread::spawn(move || {
            let entries = history.range(1, 1).expect("appended before");
            assert_eq!(*entries[0], 1);
            if let Ok(entries) = history.range(1, 2) {
                assert_eq!(*entries[1], 2);
            }
        });
        recorder.append(2, 2, 1, drop);
        reading.join().unwrap();
    });
}

/// Somebody sleeps until a commit comes, and until the end.
fn sleep_and_close() {
    check(Some(3), || {
        let (mut recorder, history) = ring(16);
        let mut cursor = recorder.follow(&history, 1);
        let sleeping = thread::spawn(move || {
            assert_eq!(*cursor.next(None).unwrap(), 1);
            assert_eq!(cursor.next(None).err(), Some(Nothing::Closed));
        });
        commit(&mut recorder, 1);
        drop(recorder);
        sleeping.join().unwrap();
    });
}

/// Two sleepers and one commit: both are woken.
fn two_sleepers() {
    check(Some(2), || {
        let (mut recorder, history) = ring(16);
        let sleeping = [(); 2].map(|()| {
            let mut cursor = recorder.follow(&history, 1);
            thread::spawn(move || assert_eq!(*cursor.next(None).unwrap(), 1))
        });
        commit(&mut recorder, 1);
        for sleeping in sleeping {
            sleeping.join().unwrap();
        }
    });
}

/// Somebody leaves who was asleep, and wakes the other on the way out, who must not miss what comes.
fn a_sleeper_leaves() {
    check(Some(2), || {
        let (mut recorder, history) = ring(16);
        let mut leaving = recorder.follow(&history, 1);
        let mut staying = recorder.follow(&history, 1);
        let mut noop = Context::from_waker(Waker::noop());
        assert!(leaving.poll_next(&mut noop).is_pending());
        let sleeping = thread::spawn(move || assert_eq!(*staying.next(None).unwrap(), 1));
        let going = thread::spawn(move || drop(leaving));
        commit(&mut recorder, 1);
        going.join().unwrap();
        sleeping.join().unwrap();
    });
}

/// Wakes the thread that polls.
struct Unpark(thread::Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// A task that waits, polled once with a waker that it must forget, then to the end. Its executor is a thread that parks, so
/// that a lost wake-up is a deadlock of threads, as everywhere.
fn a_task_waits() {
    check(Some(3), || {
        let (mut recorder, history) = ring(16);
        let mut cursor = recorder.follow(&history, 1);
        let waiting = thread::spawn(move || {
            let mut noop = Context::from_waker(Waker::noop());
            let mut polled = cursor.poll_next(&mut noop);
            let waker = Waker::from(Arc::new(Unpark(thread::current())));
            let entry = loop {
                match polled {
                    Poll::Ready(entry) => break entry,
                    Poll::Pending => polled = cursor.poll_next(&mut Context::from_waker(&waker)),
                }
                if polled.is_pending() {
                    thread::park();
                }
            };
            assert_eq!(*entry.unwrap(), 1);
        });
        commit(&mut recorder, 1);
        waiting.join().unwrap();
    });
}

models! {
    follow_and_leave:
        "history/turn off blindly" as loom_finds_turn_off_blindly;
    follow_as_it_turns_on:
        "history/follow relaxed" as loom_finds_follow_relaxed;
    a_follower_stays:
        "history/turn off blindly" as loom_finds_turn_off_blindly;
    a_slow_follower:
        "history/take what is read" as loom_finds_take_what_is_read;
    a_growing_segment:
        "history/visible relaxed" as loom_finds_visible_relaxed;
    a_range_while_entries_come:
        "history/len relaxed" as loom_finds_len_relaxed,
        "history/len stored relaxed" as loom_finds_len_stored_relaxed,
        "history/len before entry" as loom_finds_len_before_entry;
    sleep_and_close:
        "bell/sleep without release" as loom_finds_sleep_without_release,
        "bell/sleep without acquire" as loom_finds_sleep_without_acquire,
        "bell/take without release" as loom_finds_take_without_release,
        "bell/take without acquire" as loom_finds_take_without_acquire,
        "bell/look before taking" as loom_finds_look_before_taking,
        "history/closed relaxed" as loom_finds_closed_relaxed,
        "history/closed seen relaxed" as loom_finds_closed_seen_relaxed,
        "history/close in silence" as loom_finds_close_in_silence;
    two_sleepers:
        "bell/take without release" as loom_finds_take_without_release,
        "bell/take without acquire" as loom_finds_take_without_acquire,
        "history/ring before visible" as loom_finds_ring_before_visible;
    a_sleeper_leaves:
        "history/leave in silence" as loom_finds_leave_in_silence;
    a_task_waits:
        "history/no second look" as loom_finds_no_second_look,
        "history/ring before visible" as loom_finds_ring_before_visible,
        "bell/sleep without acquire" as loom_finds_sleep_without_acquire;
}
