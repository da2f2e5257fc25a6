//! Publication under loom: every interleaving of a writer and its readers within the stated bound, and the faults that
//! each model has to find.

use loom::cell::UnsafeCell;

use super::hazard::{Published, publish};
use crate::sync::shim::model::{check, models};
use crate::sync::shim::{Arc, thread};

/// A value whose every access is checked: a read that races with a write ends the model.
struct Value(UnsafeCell<u64>);

impl Value {
    fn new(version: u64) -> Arc<Self> {
        Arc::new(Self(UnsafeCell::new(version)))
    }

    fn read(&self) -> u64 {
        // SAFETY: loom reports a concurrent write before the pointer is used.
        self.0.with(|version| unsafe { *version })
    }

    fn set(&mut self, version: u64) {
        // SAFETY: loom reports a concurrent access before the pointer is used.
        self.0.with_mut(|old| unsafe { *old = version });
    }
}

/// Loads `times` times; what is pinned must not change and never be older than before.
fn read(reader: &Published<Value>, times: usize) {
    let mut newest = 0;
    for _ in 0..times {
        let pin = reader.load();
        let version = pin.read();
        assert!(version >= newest, "a reader went back in time");
        assert_eq!(pin.read(), version);
        newest = version;
    }
}

/// One reader loads twice while the writer publishes a second value and changes the first one if it may.
fn publish_pin_reclaim() {
    check(None, || {
        let (mut publisher, reader) = publish(Value::new(1));
        let pinning = thread::spawn(move || read(&reader, 2));
        let mut first = publisher.store(Value::new(2));
        if let Some(value) = publisher.reclaim(&mut first) {
            value.set(99);
        }
        pinning.join().unwrap();
        publisher.reclaim(&mut first).expect("no reader is left").set(99);
        assert_eq!(publisher.latest().read(), 2);
    });
}

/// The writer drops displaced values and its own end at once: a reader in the middle of a load must not count freed
/// memory.
fn publish_pin_drop() {
    check(Some(3), || {
        let (mut publisher, reader) = publish(Value::new(1));
        let pinning = thread::spawn(move || read(&reader, 1));
        drop(publisher.store(Value::new(2)));
        drop(publisher.store(Value::new(3)));
        drop(publisher);
        pinning.join().unwrap();
    });
}

/// A value is displaced, changed and published again while two readers pin.
fn root_reuse() {
    check(Some(2), || {
        let (mut publisher, reader) = publish(Value::new(1));
        let readers = [reader.clone(), reader].map(|reader| thread::spawn(move || read(&reader, 1)));
        let mut spare = publisher.store(Value::new(2));
        if let Some(value) = publisher.reclaim(&mut spare) {
            value.set(3);
            let mut second = publisher.store(spare);
            if let Some(value) = publisher.reclaim(&mut second) {
                value.set(4);
            }
        }
        for reader in readers {
            reader.join().unwrap();
        }
    });
}

/// The same with one reader that loads twice.
fn root_reuse_by_one_reader() {
    check(Some(3), || {
        let (mut publisher, reader) = publish(Value::new(1));
        let pinning = thread::spawn(move || read(&reader, 2));
        let mut spare = publisher.store(Value::new(2));
        if let Some(value) = publisher.reclaim(&mut spare) {
            value.set(3);
            let mut second = publisher.store(spare);
            if let Some(value) = publisher.reclaim(&mut second) {
                value.set(4);
            }
        }
        pinning.join().unwrap();
    });
}

/// Two readers use one slot after the other while the writer wants the first value back.
fn slot_handed_on() {
    check(Some(3), || {
        let (mut publisher, reader) = publish(Value::new(1));
        let second_reader = reader.clone();
        let first = thread::spawn(move || reader.load());
        let second = thread::spawn(move || second_reader.load());
        let mut spare = publisher.store(Value::new(2));
        if let Some(value) = publisher.reclaim(&mut spare) {
            value.set(3);
        }
        assert!([1, 2].contains(&first.join().unwrap().read()));
        assert!([1, 2].contains(&second.join().unwrap().read()));
    });
}

models! {
    publish_pin_reclaim:
        "publish/reader without fence" as loom_finds_reader_without_fence,
        "publish/writer without fence" as loom_finds_writer_without_fence,
        "publish/weaker fence of the reader" as loom_finds_weaker_fence_of_the_reader,
        "publish/weaker fence of the writer" as loom_finds_weaker_fence_of_the_writer,
        "publish/no second look" as loom_finds_no_second_look,
        "publish/clear before count" as loom_finds_clear_before_count,
        "publish/clear relaxed" as loom_finds_clear_relaxed,
        "publish/scan relaxed" as loom_finds_scan_relaxed,
        "publish/store relaxed" as loom_finds_store_relaxed,
        "publish/look before store" as loom_finds_look_before_store,
        "publish/ignore slots" as loom_finds_ignored_slots;
    publish_pin_drop:
        "publish/reader without fence" as loom_finds_reader_without_fence,
        "publish/writer without fence" as loom_finds_writer_without_fence,
        "publish/clear before count" as loom_finds_clear_before_count,
        "publish/leave nothing behind" as loom_finds_leaving_nothing_behind,
        "publish/ignore slots" as loom_finds_ignored_slots;
    root_reuse:
        "publish/reader without fence" as loom_finds_reader_without_fence,
        "publish/no second look" as loom_finds_no_second_look,
        "publish/clear before count" as loom_finds_clear_before_count;
    root_reuse_by_one_reader:
        "publish/second look relaxed" as loom_finds_second_look_relaxed,
        "publish/reader without fence" as loom_finds_reader_without_fence,
        "publish/writer without fence" as loom_finds_writer_without_fence;
    slot_handed_on:
        "publish/clear relaxed" as loom_finds_clear_relaxed,
        "publish/scan relaxed" as loom_finds_scan_relaxed;
}
