//! Figures: what `Db::stats` says of a log and of those who hold versions, and what a recorder of metrics is told.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ecsdb::{Component, Db};
use ecsdb_tests::simulated::Simulated;
use metrics::{
    Counter, CounterFn, Gauge, GaugeFn, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder, SharedString, Unit,
};

#[derive(Component, Debug)]
struct Purse {
    gold: u64,
}

ecsdb::schema! { World: Purse }

const DIR: &str = "/db";

fn open(medium: &Simulated) -> Db<World> {
    let builder = Db::<World>::builder().directory(DIR).media(medium.clone()).segment_bytes(16 << 10);
    builder.open().expect("it opens")
}

/// Everything that a recorder was told: names with labels, and values. Of a histogram, how many values.
#[derive(Clone, Default)]
struct Told {
    values: Arc<Mutex<BTreeMap<String, f64>>>,
    described: Arc<Mutex<BTreeMap<String, Option<Unit>>>>,
}

struct One {
    key: String,
    values: Arc<Mutex<BTreeMap<String, f64>>>,
}

impl One {
    fn change(&self, change: impl FnOnce(&mut f64)) {
        change(self.values.lock().unwrap().entry(self.key.clone()).or_default());
    }
}

impl CounterFn for One {
    fn increment(&self, by: u64) {
        self.change(|value| *value += by as f64);
    }

    fn absolute(&self, value: u64) {
        self.change(|old| *old = value as f64);
    }
}

impl GaugeFn for One {
    fn increment(&self, by: f64) {
        self.change(|value| *value += by);
    }

    fn decrement(&self, by: f64) {
        self.change(|value| *value -= by);
    }

    fn set(&self, value: f64) {
        self.change(|old| *old = value);
    }
}

impl HistogramFn for One {
    fn record(&self, value: f64) {
        assert!(value.is_finite() && value > 0.0, "{}: {value}", self.key);
        self.change(|count| *count += 1.0);
    }
}

impl Told {
    fn one(&self, key: &Key) -> Arc<One> {
        let labels: Vec<String> = key.labels().map(|label| format!("{}={}", label.key(), label.value())).collect();
        Arc::new(One { key: format!("{} {}", key.name(), labels.join(" ")), values: Arc::clone(&self.values) })
    }

    fn value(&self, key: &str) -> f64 {
        let values = self.values.lock().unwrap();
        *values.get(key).unwrap_or_else(|| panic!("`{key}` was not told, but {:?}", values.keys()))
    }

    fn describe(&self, name: &KeyName, unit: Option<Unit>) {
        let twice = self.described.lock().unwrap().insert(name.as_str().to_owned(), unit);
        assert!(twice.is_none(), "{name:?} was described twice");
    }
}

impl Recorder for Told {
    fn describe_counter(&self, name: KeyName, unit: Option<Unit>, _: SharedString) {
        self.describe(&name, unit);
    }

    fn describe_gauge(&self, name: KeyName, unit: Option<Unit>, _: SharedString) {
        self.describe(&name, unit);
    }

    fn describe_histogram(&self, name: KeyName, unit: Option<Unit>, _: SharedString) {
        self.describe(&name, unit);
    }

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(self.one(key))
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(self.one(key))
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::from_arc(self.one(key))
    }
}

#[test]
fn figures_of_a_log_grow_with_it() {
    let medium = Simulated::new();
    let db = open(&medium);
    let log = db.stats().log.expect("there is a log");
    assert_eq!((log.records, log.bytes, log.segments), (0, 0, 1));
    for gold in 0..200 {
        db.spawn(Purse { gold }).expect("it commits");
    }
    db.sync().expect("the medium works");
    let stats = db.stats();
    let log = stats.log.expect("there is a log");
    assert_eq!((log.records, log.write_time.count), (200, 200));
    assert!(log.bytes >= 200 * 48 && log.segments >= 2, "{log:?}");
    assert!((1..=200).contains(&log.sync_time.count), "{log:?}");
    assert_eq!((stats.batch_time.count, stats.transactions.batches), (200, 200));
    assert!(stats.batch_time.total >= log.write_time.total, "writing is part of a batch");
    assert_eq!(stats.durable_version, Some(200));
    db.close().expect("it closes");
    let again = open(&medium).stats().log.expect("there is a log");
    assert_eq!((again.records, again.segments), (0, log.segments), "the files are still there");
}

#[test]
fn a_database_in_memory_has_no_figures_of_a_log() {
    let db = Db::<World>::in_memory().expect("it opens");
    db.spawn(Purse { gold: 1 }).expect("it commits");
    assert_eq!((db.stats().log, db.stats().durable_version, db.stats().batch_time.count), (None, None, 1));
}

#[test]
fn pinned_versions_are_counted_until_they_are_dropped() {
    let db = Db::<World>::builder().idle_after(Duration::from_millis(5)).open().expect("it opens");
    let purse = db.spawn(Purse { gold: 0 }).expect("it commits");
    let commit = || db.update(purse, Purse::C.gold.add(1)).expect("it commits");
    let held: Vec<_> = (0..3)
        .map(|_| {
            let snapshot = db.snapshot();
            commit();
            snapshot
        })
        .collect();
    commit();
    assert_eq!(db.stats().pinned_versions, 3);
    assert!(db.memory().expect("the writer answers").retained_bytes > 0);
    drop(held);
    commit();
    assert_eq!(db.stats().pinned_versions, 0);
    assert!(db.stats().page_bytes > 0);
}

#[test]
fn a_recorder_is_told_what_has_come_since_the_last_time() {
    let (medium, told) = (Simulated::new(), Told::default());
    let db = open(&medium);
    metrics::with_local_recorder(&told, || {
        for round in 1..=3 {
            for gold in 0..10 {
                db.spawn(Purse { gold }).expect("it commits");
            }
            drop(db.write(|tx| Err::<(), _>(tx.abort("no"))).expect_err("it is rolled back"));
            db.sync().expect("the medium works");
            db.checkpoint().expect("there is a directory").wait().expect("the medium works");
            db.publish_metrics();
            let value = |key: &str| told.value(&format!("{key} database=World"));
            assert_eq!(value("ecsdb_version"), f64::from(round * 10));
            assert_eq!(value("ecsdb_rows"), f64::from(round * 10));
            assert_eq!(value("ecsdb_log_records_total"), f64::from(round * 10));
            assert_eq!(value("ecsdb_log_write_seconds"), f64::from(round * 10), "each write once");
            assert_eq!(value("ecsdb_batch_seconds"), f64::from(round * 11), "each batch once");
            assert_eq!(value("ecsdb_batch_transactions"), f64::from(round * 11));
            assert_eq!(value("ecsdb_log_unsynced_versions"), 0.0);
            assert!(value("ecsdb_memory_bytes") > 0.0 && value("ecsdb_page_bytes") > 0.0);
            assert_eq!(value("ecsdb_checkpoint_seconds"), f64::from(round), "each checkpoint once");
            assert_eq!(value("ecsdb_checkpoint_version"), f64::from(round * 10));
            assert_eq!(told.value("ecsdb_checkpoints_total database=World outcome=made"), f64::from(round));
            assert!(value("ecsdb_checkpoint_bytes_total") >= value("ecsdb_checkpoint_bytes"));
            let outcome = |what| told.value(&format!("ecsdb_transactions_total database=World outcome={what}"));
            assert_eq!((outcome("committed"), outcome("rolled_back")), (f64::from(round * 10), f64::from(round)));
        }
        db.close().expect("it closes");
        // What asks the writer is left out, and nothing hangs.
        db.publish_metrics();
    });
    let values = told.values.lock().unwrap();
    let names: Vec<&str> = values.keys().filter_map(|key| key.split(' ').next()).collect();
    let described = told.described.lock().unwrap();
    for name in &names {
        assert!(described.contains_key(*name), "{name} is not described");
    }
    let documented = std::fs::read_to_string(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/operations.md"));
    let documented = documented.expect("the guide is there");
    for (name, unit) in described.iter() {
        assert!(documented.contains(&format!("| `{name}` |")), "docs/operations.md does not list {name}");
        assert!(unit.is_some(), "{name} has no unit");
        assert!(names.contains(&&**name), "{name} is never told");
    }
}

#[test]
fn metrics_are_published_by_a_thread_that_ends_with_the_database() {
    // The thread is none of this test's, so the recorder is the one of the process; the other tests have their own.
    let told = Told::default();
    metrics::set_global_recorder(told.clone()).expect("nobody else has set one");
    let builder = Db::<World>::builder().publish_metrics_every(Duration::from_millis(1));
    let db = builder.open().expect("it opens");
    for gold in 0..500 {
        db.spawn(Purse { gold }).expect("it commits");
    }
    let version = || told.values.lock().unwrap().get("ecsdb_version database=World").copied();
    while version() != Some(500.0) {
        std::thread::sleep(Duration::from_millis(1));
    }
    let copy = db.clone();
    db.close().expect("it closes, and does not wait for the thread for ever");
    // Dropping the last handle waits for the thread, so nothing is told any more.
    drop((db, copy));
    told.values.lock().unwrap().clear();
    std::thread::sleep(Duration::from_millis(20));
    assert_eq!(version(), None);
}
