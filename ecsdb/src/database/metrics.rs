//! Figures for the facade of the `metrics` crate.
//!
//! Nothing of it is in the way of a transaction: what the writer and the log count for [`Stats`] anyway is read now and then, and
//! what has come since the last time is told to whichever recorder the program has installed. `docs/operations.md` lists all names.

use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, PoisonError, Weak};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime};

use metrics::{
    Label, SharedString, Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram,
};

use super::core::Core;
use super::stats::Stats;
use crate::persistence::CheckpointStats;
use crate::storage::MemoryUsage;
use crate::sync::Times;

/// What was told so far.
#[derive(Default)]
pub struct Told {
    is_described: bool,
    stats: Stats,
    batch_time: Before,
    write_time: Before,
    sync_time: Before,
    checkpoint_time: Before,
}

/// Times that were told, by how often they came.
type Before = Vec<(Duration, u64)>;

/// Gauges: the name, the unit, and what it is.
const GAUGES: &[(&str, Unit, &str)] = &[
    ("ecsdb_version", Unit::Count, "The published version"),
    ("ecsdb_entities", Unit::Count, "Living entities"),
    ("ecsdb_rows", Unit::Count, "Rows of all tables"),
    ("ecsdb_queue_transactions", Unit::Count, "Transactions that wait for the writer"),
    ("ecsdb_queue_bytes", Unit::Bytes, "What waiting transactions take of the queue's limit"),
    ("ecsdb_pinned_versions", Unit::Count, "Versions besides the published one that snapshots hold"),
    ("ecsdb_page_bytes", Unit::Bytes, "Pages of rows and indexes, of all versions"),
    ("ecsdb_memory_bytes", Unit::Bytes, "Everything that the database takes in memory"),
    ("ecsdb_retained_bytes", Unit::Bytes, "Pages that only pinned and spare versions hold"),
    ("ecsdb_history_bytes", Unit::Bytes, "What is kept of the last commits for those who follow changes"),
    ("ecsdb_log_segments", Unit::Count, "Files of the log"),
    ("ecsdb_log_unsynced_versions", Unit::Count, "Versions that are visible and not durable"),
    ("ecsdb_checkpoint_version", Unit::Count, "The version that the last snapshot file holds"),
    ("ecsdb_checkpoint_bytes", Unit::Bytes, "The last snapshot file"),
    ("ecsdb_log_unarchived_segments", Unit::Count, "Finished segments of the log that the archive does not have"),
    ("ecsdb_checkpoint_age_seconds", Unit::Seconds, "How long ago the last checkpoint was done"),
    ("ecsdb_recovery_seconds", Unit::Seconds, "How long opening the directory took"),
    ("ecsdb_recovery_rows", Unit::Count, "Rows that were replayed when the directory was opened"),
    ("ecsdb_recovery_torn_bytes", Unit::Bytes, "What was cut off the log when the directory was opened"),
];

/// Counters.
const COUNTERS: &[(&str, Unit, &str)] = &[
    ("ecsdb_transactions_total", Unit::Count, "Transactions, by their outcome"),
    ("ecsdb_checkpoints_total", Unit::Count, "Checkpoints, by their outcome"),
    ("ecsdb_checkpoints_unclean_total", Unit::Count, "Checkpoints after which files were kept that should have gone"),
    ("ecsdb_checkpoint_bytes_total", Unit::Bytes, "Bytes of all snapshot files that were made"),
    ("ecsdb_log_records_total", Unit::Count, "Records that were written to the log"),
    ("ecsdb_log_bytes_total", Unit::Bytes, "Bytes of records that were written to the log"),
];

/// Histograms.
const HISTOGRAMS: &[(&str, Unit, &str)] = &[
    ("ecsdb_batch_transactions", Unit::Count, "Transactions that became visible together"),
    ("ecsdb_batch_seconds", Unit::Seconds, "From when a batch was taken from the queue until it was visible"),
    ("ecsdb_checkpoint_seconds", Unit::Seconds, "How long it took to make a snapshot file"),
    ("ecsdb_log_write_seconds", Unit::Seconds, "How long it took to write a record of the log"),
    ("ecsdb_log_sync_seconds", Unit::Seconds, "How long it took to sync the log"),
];

fn describe() {
    GAUGES.iter().for_each(|(name, unit, what)| describe_gauge!(*name, *unit, *what));
    COUNTERS.iter().for_each(|(name, unit, what)| describe_counter!(*name, *unit, *what));
    HISTOGRAMS.iter().for_each(|(name, unit, what)| describe_histogram!(*name, *unit, *what));
}

/// The recorder, and what all metrics of one database say.
struct Publisher {
    labels: Vec<Label>,
}

impl Publisher {
    fn gauge(&self, name: &'static str, value: f64) {
        gauge!(name, self.labels.iter()).set(value);
    }

    /// Tells how much `now` is more than `before`.
    fn counter(&self, name: &'static str, before: u64, now: u64) {
        counter!(name, self.labels.iter()).increment(now.saturating_sub(before));
    }

    fn outcome(&self, name: &'static str, outcome: &'static str, before: u64, now: u64) {
        let label = Label::from_static_parts("outcome", outcome);
        let labels: Vec<Label> = self.labels.iter().cloned().chain([label]).collect();
        counter!(name, labels).increment(now.saturating_sub(before));
    }

    /// Tells the times that have come since `before`.
    fn times(&self, name: &'static str, before: &mut Before, times: &Times) {
        let now: Before = times.counts().collect();
        let histogram = histogram!(name, self.labels.iter());
        for (time, count) in &now {
            let known = before.binary_search_by_key(time, |(time, _)| *time).map_or(0, |at| before[at].1);
            if *count > known {
                histogram.record_many(time.as_secs_f64(), (count - known) as usize);
            }
        }
        *before = now;
    }

    /// Tells the sizes of batches that have come: of each group of sizes the smallest.
    fn batch_sizes(&self, before: &Stats, now: &Stats) {
        let histogram = histogram!("ecsdb_batch_transactions", self.labels.iter());
        let sizes = before.transactions.batch_sizes.iter().zip(&now.transactions.batch_sizes);
        for (group, (before, now)) in sizes.enumerate() {
            if now > before {
                histogram.record_many((1_u64 << group) as f64, (now - before) as usize);
            }
        }
    }

    fn memory(&self, memory: &MemoryUsage) {
        self.gauge("ecsdb_memory_bytes", memory.total_bytes() as f64);
        self.gauge("ecsdb_retained_bytes", memory.retained_bytes as f64);
        self.gauge("ecsdb_history_bytes", memory.history_bytes as f64);
    }

    fn stats(&self, before: &Stats, now: &Stats) {
        self.gauge("ecsdb_version", now.version as f64);
        self.gauge("ecsdb_entities", now.entities as f64);
        self.gauge("ecsdb_rows", now.rows as f64);
        self.gauge("ecsdb_queue_transactions", now.queued_transactions as f64);
        self.gauge("ecsdb_queue_bytes", now.queued_bytes as f64);
        self.gauge("ecsdb_pinned_versions", now.pinned_versions as f64);
        self.gauge("ecsdb_page_bytes", now.page_bytes as f64);
        let (was, is) = (&before.transactions, &now.transactions);
        for (outcome, was, is) in [
            ("committed", was.committed, is.committed),
            ("rolled_back", was.rolled_back, is.rolled_back),
            ("expired", was.expired, is.expired),
            ("timed_out", was.timed_out, is.timed_out),
            ("refused", was.refused.total(), is.refused.total()),
        ] {
            self.outcome("ecsdb_transactions_total", outcome, was, is);
        }
        self.batch_sizes(before, now);
        if let Some(log) = &now.log {
            let before = before.log.unwrap_or_default();
            self.counter("ecsdb_log_records_total", before.records, log.records);
            self.counter("ecsdb_log_bytes_total", before.bytes, log.bytes);
            self.gauge("ecsdb_log_segments", log.segments as f64);
            let unsynced = now.version.saturating_sub(now.durable_version.unwrap_or(0));
            self.gauge("ecsdb_log_unsynced_versions", unsynced as f64);
        }
        if let Some(is) = &now.checkpoints {
            self.checkpoints(&before.checkpoints.unwrap_or_default(), is);
        }
    }

    fn checkpoints(&self, was: &CheckpointStats, is: &CheckpointStats) {
        self.outcome("ecsdb_checkpoints_total", "made", was.made, is.made);
        self.outcome("ecsdb_checkpoints_total", "failed", was.failed, is.failed);
        self.counter("ecsdb_checkpoints_unclean_total", was.unclean, is.unclean);
        self.counter("ecsdb_checkpoint_bytes_total", was.bytes, is.bytes);
        self.gauge("ecsdb_log_unarchived_segments", is.unarchived as f64);
        if let Some(last) = &is.last {
            self.gauge("ecsdb_checkpoint_version", last.version as f64);
            self.gauge("ecsdb_checkpoint_bytes", last.bytes as f64);
            let age = SystemTime::now().duration_since(last.at).unwrap_or_default();
            self.gauge("ecsdb_checkpoint_age_seconds", age.as_secs_f64());
        }
    }
}

/// Tells the figures of `core` to the recorder of the program.
pub fn publish(core: &Core) {
    // It waits for the writer, so it comes before the lock; without a writer to ask, the others are told.
    let memory = core.control(|store| store.memory()).ok();
    let mut told = core.told().lock().unwrap_or_else(PoisonError::into_inner);
    if !core::mem::replace(&mut told.is_described, true) {
        describe();
    }
    let name: SharedString = core.schema().name().to_owned().into();
    let publisher = Publisher { labels: vec![Label::new("database", name)] };
    let stats = core.stats();
    publisher.stats(&told.stats, &stats);
    told.stats = stats;
    publisher.times("ecsdb_batch_seconds", &mut told.batch_time, core.queue().counts().batch_time());
    if let Some(memory) = memory {
        publisher.memory(&memory);
    }
    if let Some(figures) = core.log_figures() {
        publisher.times("ecsdb_log_write_seconds", &mut told.write_time, figures.write_time());
        publisher.times("ecsdb_log_sync_seconds", &mut told.sync_time, figures.sync_time());
    }
    if let Some(figures) = core.checkpoint_figures() {
        publisher.times("ecsdb_checkpoint_seconds", &mut told.checkpoint_time, figures.time());
    }
    if let Some(recovery) = core.recovery() {
        publisher.gauge("ecsdb_recovery_seconds", recovery.time.as_secs_f64());
        publisher.gauge("ecsdb_recovery_rows", recovery.rows as f64);
        publisher.gauge("ecsdb_recovery_torn_bytes", recovery.torn_bytes as f64);
    }
}

/// A thread that publishes now and then. It ends when this is dropped, and keeps no database open.
pub struct Reporter {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Reporter {
    /// Publishes the figures of `core` each time that `every` has passed.
    pub fn start(core: Weak<Core>, name: &str, every: Duration) -> std::io::Result<Self> {
        let (stop, stopped) = channel::<()>();
        let thread = std::thread::Builder::new().name(format!("ecsdb-{name}-metrics")).spawn(move || {
            while stopped.recv_timeout(every) == Err(RecvTimeoutError::Timeout) {
                let Some(core) = core.upgrade() else { break };
                publish(&core);
            }
        })?;
        Ok(Self { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Reporter {
    fn drop(&mut self) {
        drop(self.stop.take());
        let Some(thread) = self.thread.take() else { return };
        // It may have been the last that had the database; then it ends by itself.
        if thread.thread().id() != std::thread::current().id() && thread.join().is_err() {
            tracing::error!("the thread that publishes metrics panicked: is it the recorder?");
        }
    }
}

/// Begins to publish, if that was asked for.
pub fn report(core: &Arc<Core>, every: Option<Duration>) -> std::io::Result<()> {
    if let Some(every) = every {
        let reporter = Reporter::start(Arc::downgrade(core), core.schema().name(), every)?;
        core.keep_reporter(reporter);
    }
    Ok(())
}
