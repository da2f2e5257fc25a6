//! The reuse of versions under loom: the store that ships, with a writer that commits and readers that pin.
//!
//! Pages are plain memory, which loom does not watch. Three tables that are kept in step do the watching: what a pinned
//! version says of its number, of two rows that every commit writes, and of one that only the first commit writes must
//! agree, before and after a place where the writer may run.

use super::{RowShape, Store, Version};
use crate::bytes::RowBytes;
use crate::sync::Published;
use crate::sync::shim::model::{check, models};
use crate::sync::shim::{Arc, AtomicUsize, Ordering, thread};

/// Both are written by every commit.
const IN_STEP: [u16; 2] = [0, 1];
/// Written by the first commit alone, so that a version that was left out must be told of it.
const ONCE: u16 = 2;

/// A store in version 1, in which an entity has a zero in each of three tables.
fn store() -> Store {
    let mut store = Store::new([RowShape::plain(8); 3], usize::MAX);
    let mut batch = store.batch();
    batch.begin();
    let set = batch.sets().intern(&[0, 1, 2]);
    batch.spawn(set, 1).expect("there is room");
    for table in [0, 1, 2] {
        batch.insert_run(table, 0, 1).expect("there is room").fill(0);
    }
    batch.commit();
    store.publish();
    store
}

/// Writes `number` as the next version.
fn commit(store: &mut Store, number: u64, place: &AtomicUsize) {
    let mut batch = store.batch();
    batch.begin();
    for table in IN_STEP {
        batch.put(table, 0, RowBytes::plain(&number.to_le_bytes())).expect("there is room");
        // A place for a switch; the reader looks at it, too.
        place.store(number as usize, Ordering::Relaxed);
    }
    if number == 2 {
        batch.put(ONCE, 0, RowBytes::plain(&number.to_le_bytes())).expect("there is room");
    }
    batch.commit();
    store.publish();
}

/// The number and the three rows of a version.
fn state(version: &Version) -> [u64; 4] {
    let row = |table: usize| {
        let bytes = version.tables[table].row_bytes(0).expect("the row is always there");
        u64::from_le_bytes(bytes.try_into().expect("eight bytes"))
    };
    [version.number, row(0), row(1), row(2)]
}

/// Pins `times` times. What is pinned must be a whole version, stay as it is, and never be older than before.
fn read(published: &Published<Version>, times: usize, place: &AtomicUsize) {
    let mut newest = 0;
    for _ in 0..times {
        let pin = published.load();
        let seen = state(&pin);
        let number = seen[0];
        let expected = if number == 1 { [1, 0, 0, 0] } else { [number, number, number, 2] };
        assert_eq!(seen, expected, "a version is not whole");
        place.load(Ordering::Relaxed);
        assert_eq!(state(&pin), seen, "a pinned version changed");
        assert!(number >= newest, "a reader went back in time");
        newest = number;
    }
}

/// A reader that pins twice while the writer commits three times, so that versions are written again.
fn commits_and_a_reader() {
    check(Some(2), || {
        let mut store = store();
        let published = store.published();
        let place = Arc::new(AtomicUsize::new(0));
        let reading = thread::spawn({
            let place = Arc::clone(&place);
            move || read(&published, 2, &place)
        });
        for number in 2..5 {
            commit(&mut store, number, &place);
        }
        reading.join().unwrap();
        assert_eq!(state(store.live()), [4, 4, 4, 2]);
    });
}

/// Two readers, of which one holds its pin until the writer has committed twice.
fn commits_under_a_long_pin() {
    check(Some(2), || {
        let mut store = store();
        let published = store.published();
        let place = Arc::new(AtomicUsize::new(0));
        let long = published.load();
        let reading = thread::spawn({
            let place = Arc::clone(&place);
            move || read(&published, 1, &place)
        });
        for number in 2..4 {
            commit(&mut store, number, &place);
        }
        assert_eq!(state(&long), [1, 0, 0, 0], "a pinned version changed");
        drop(long);
        commit(&mut store, 4, &place);
        reading.join().unwrap();
        assert_eq!(state(store.live()), [4, 4, 4, 2]);
    });
}

/// A batch is given up and another one committed while a reader pins.
fn a_discarded_batch() {
    check(Some(2), || {
        let mut store = store();
        let published = store.published();
        let place = Arc::new(AtomicUsize::new(0));
        let reading = thread::spawn({
            let place = Arc::clone(&place);
            move || read(&published, 2, &place)
        });
        commit(&mut store, 2, &place);
        let mut batch = store.batch();
        batch.begin();
        batch.put(ONCE, 0, RowBytes::plain(&[9; 8])).expect("there is room");
        batch.remove(0, 0).expect("there is room");
        batch.commit();
        store.discard();
        commit(&mut store, 3, &place);
        store.trim();
        reading.join().unwrap();
        assert_eq!(state(store.live()), [3, 3, 3, 2]);
    });
}

models! {
    commits_and_a_reader:
        "roots/write in place" as loom_finds_write_in_place,
        "roots/skip catch up" as loom_finds_skipped_catch_up,
        "roots/change after publication" as loom_finds_change_after_publication,
        "publish/ignore slots" as loom_finds_ignored_slots;
    commits_under_a_long_pin:
        "roots/write in place" as loom_finds_write_in_place,
        "roots/skip catch up" as loom_finds_skipped_catch_up;
    a_discarded_batch:
        "roots/write in place" as loom_finds_write_in_place,
        "roots/skip put back" as loom_finds_skipped_put_back,
        "roots/change after publication" as loom_finds_change_after_publication;
}
