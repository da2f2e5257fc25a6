//! The watermark under loom: a writer, the thread that syncs, and somebody who waits.
//!
//! The medium is two numbers: what was written to it, and what the last sync has kept. A sync keeps what was written before it
//! began.

use std::time::Duration;

use super::Watermark;
use crate::sync::completion;
use crate::sync::shim::model::{check, models};
use crate::sync::shim::{Arc, AtomicUsize, Ordering, thread};

/// A file that forgets what was not synced.
struct File {
    written: AtomicUsize,
    kept: AtomicUsize,
    /// Which sync fails, counted from 1.
    fails: usize,
    syncs: AtomicUsize,
    /// How many sync just now.
    syncing: AtomicUsize,
}

impl File {
    fn sync(&self) -> Result<(), &'static str> {
        assert_eq!(self.syncing.fetch_add(1, Ordering::SeqCst), 0, "one syncs at a time");
        let covered = self.written.load(Ordering::SeqCst);
        let is_broken = self.syncs.fetch_add(1, Ordering::SeqCst) + 1 == self.fails;
        if !is_broken {
            self.kept.store(covered, Ordering::SeqCst);
        }
        self.syncing.fetch_sub(1, Ordering::SeqCst);
        // What could not be written is gone, and later syncs know nothing of it.
        if is_broken { Err("the disk is broken") } else { Ok(()) }
    }
}

struct Log {
    file: Arc<File>,
    watermark: Watermark<&'static str>,
}

impl Log {
    fn new(fails: usize) -> Arc<Self> {
        let none = || AtomicUsize::new(0);
        let file = Arc::new(File { written: none(), kept: none(), fails, syncs: none(), syncing: none() });
        let watermark = Watermark::new(0, Duration::ZERO);
        let lent = Arc::clone(&file);
        watermark.lend(move || Some(lent.sync()));
        Arc::new(Self { file, watermark })
    }

    /// Waits until `version` is durable, as somebody does who syncs rather than to wait, if possible.
    fn help(&self, version: u64) -> Result<(), &'static str> {
        self.watermark.help(version).unwrap_or_else(|| self.watermark.when(version).wait().unwrap())
    }

    fn write(&self, version: usize) -> Result<(), &'static str> {
        self.watermark.check()?;
        self.file.written.store(version, Ordering::SeqCst);
        self.watermark.written(version as u64)
    }

    fn spawn_syncer(log: &Arc<Self>) -> thread::JoinHandle<()> {
        let log = Arc::clone(log);
        thread::spawn(move || log.watermark.run(|| log.file.sync(), || {}))
    }

    /// Somebody who waits for the first version, and syncs it if nobody does.
    fn spawn_helper(log: &Arc<Self>) -> thread::JoinHandle<Result<(), &'static str>> {
        let log = Arc::clone(log);
        thread::spawn(move || {
            let told = log.help(1);
            let is_kept = log.file.kept.load(Ordering::SeqCst) >= 1;
            assert!(is_kept || told.is_err(), "acknowledged before it is kept");
            told
        })
    }
}

/// Two versions, and somebody who waits for the second and looks for the first: durable only after the sync, in order.
fn durable_after_sync() {
    check(Some(2), || {
        let log = Log::new(0);
        let syncing = Log::spawn_syncer(&log);
        let waiting = thread::spawn({
            let log = Arc::clone(&log);
            move || {
                for version in [2, 1] {
                    log.watermark.when(version).wait().unwrap().unwrap();
                    assert!(log.file.kept.load(Ordering::SeqCst) >= version as usize, "acknowledged before it is kept");
                    assert!(log.watermark.durable() >= version);
                }
            }
        });
        log.write(1).unwrap();
        log.write(2).unwrap();
        waiting.join().unwrap();
        log.watermark.close();
        syncing.join().unwrap();
    });
}

/// Somebody who has waited for the first version syncs it, if nobody does, while the second is written and waited for.
fn a_waiter_syncs() {
    check(Some(2), || {
        let log = Log::new(0);
        let syncing = Log::spawn_syncer(&log);
        log.write(1).unwrap();
        let helping = Log::spawn_helper(&log);
        log.write(2).unwrap();
        log.watermark.when(2).wait().unwrap().unwrap();
        assert!(log.file.kept.load(Ordering::SeqCst) >= 2, "acknowledged before it is kept");
        assert_eq!(helping.join().unwrap(), Ok(()));
        assert_eq!(log.watermark.durable(), 2);
        log.watermark.close();
        syncing.join().unwrap();
    });
}

/// Somebody who has waited for the first version syncs it, if nobody does, while the syncing thread is called for something else: it
/// does that, and goes on with its syncs.
fn called_while_a_waiter_syncs() {
    check(Some(2), || {
        let log = Log::new(0);
        let (done, heard) = completion();
        let syncing = thread::spawn({
            let log = Arc::clone(&log);
            let mut done = Some(done);
            move || log.watermark.run(|| log.file.sync(), || done.take().into_iter().for_each(|done| done.complete(())))
        });
        log.write(1).unwrap();
        let helping = Log::spawn_helper(&log);
        log.watermark.call();
        heard.wait().expect("it is done");
        assert_eq!(helping.join().unwrap(), Ok(()));
        log.watermark.close();
        syncing.join().unwrap();
        assert_eq!(log.watermark.durable(), 1);
    });
}

/// Two wait and sync, if nobody else does, and the first sync fails, whoever does it: nobody is told that anything is durable.
fn a_waiter_syncs_in_vain() {
    check(Some(2), || {
        let log = Log::new(1);
        let syncing = Log::spawn_syncer(&log);
        log.write(1).unwrap();
        let helping = Log::spawn_helper(&log);
        let second = log.write(2);
        assert!(log.help(2).is_err() && helping.join().unwrap().is_err(), "acknowledged after a failure");
        syncing.join().unwrap();
        assert_eq!((log.file.syncs.load(Ordering::SeqCst), log.watermark.durable()), (1, 0), "nothing is synced again");
        assert!(second.is_ok() || second == Err("the disk is broken"));
    });
}

/// The log closes while a waiter syncs: what is written is kept, and the syncing thread ends.
fn closed_while_a_waiter_syncs() {
    check(Some(2), || {
        let log = Log::new(0);
        let syncing = Log::spawn_syncer(&log);
        log.write(1).unwrap();
        let helping = Log::spawn_helper(&log);
        log.watermark.close();
        syncing.join().unwrap();
        assert_eq!((log.file.kept.load(Ordering::SeqCst), log.watermark.durable()), (1, 1));
        assert_eq!(helping.join().unwrap(), Ok(()));
    });
}

/// The first sync fails. Nothing is acknowledged that it or a later one would have covered, and somebody is told in any case.
fn a_failed_sync() {
    check(Some(2), || {
        let log = Log::new(1);
        let syncing = Log::spawn_syncer(&log);
        let waiting = thread::spawn({
            let log = Arc::clone(&log);
            move || log.watermark.when(1).wait().unwrap()
        });
        log.write(1).unwrap();
        let second = log.write(2);
        assert_eq!(waiting.join().unwrap(), Err("the disk is broken"), "acknowledged after a failure");
        syncing.join().unwrap();
        assert_eq!(log.file.syncs.load(Ordering::SeqCst), 1, "nothing is synced again");
        assert_eq!(log.watermark.durable(), 0);
        assert!(log.watermark.check().is_err(), "nothing is written after a failure");
        assert!(log.watermark.written(3).is_err(), "nor accepted that was on its way");
        assert!(second.is_ok() || second == Err("the disk is broken"));
    });
}

/// The second sync may fail, or cover both versions and never run: what the first one has covered stays durable.
fn a_failure_after_a_sync() {
    check(Some(2), || {
        let log = Log::new(2);
        let syncing = Log::spawn_syncer(&log);
        log.write(1).unwrap();
        log.watermark.when(1).wait().unwrap().unwrap();
        log.write(2).unwrap();
        assert!(log.watermark.when(2).wait().unwrap().is_err());
        syncing.join().unwrap();
        assert_eq!(log.watermark.when(1).wait().unwrap(), Ok(()));
        assert_eq!((log.file.kept.load(Ordering::SeqCst), log.watermark.durable()), (1, 1));
    });
}

/// A log that closes while something is written and not synced: it is synced first.
fn close_syncs_what_is_written() {
    check(None, || {
        let log = Log::new(0);
        let syncing = Log::spawn_syncer(&log);
        log.write(1).unwrap();
        log.watermark.close();
        syncing.join().unwrap();
        assert_eq!((log.file.kept.load(Ordering::SeqCst), log.watermark.durable()), (1, 1));
    });
}

models! {
    durable_after_sync:
        "watermark/advance before sync" as loom_finds_advance_before_sync,
        "watermark/look after sync" as loom_finds_a_look_after_sync,
        "watermark/wake everybody" as loom_finds_waking_everybody,
        "watermark/register without a look" as loom_finds_register_without_a_look,
        "watermark/written in silence" as loom_finds_written_in_silence;
    a_waiter_syncs:
        "watermark/advance before sync" as loom_finds_advance_before_sync,
        "watermark/help beside a sync" as loom_finds_help_beside_a_sync,
        "watermark/leave in silence" as loom_finds_leave_in_silence;
    called_while_a_waiter_syncs:
        "watermark/call in silence" as loom_finds_call_in_silence;
    a_waiter_syncs_in_vain:
        "watermark/sync again" as loom_finds_sync_again;
    closed_while_a_waiter_syncs:
        "watermark/leave in silence" as loom_finds_leave_in_silence;
    a_failed_sync:
        "watermark/sync again" as loom_finds_sync_again,
        "watermark/write after failure" as loom_finds_write_after_failure;
    a_failure_after_a_sync:
        "watermark/sync again" as loom_finds_sync_again;
    close_syncs_what_is_written:
        "watermark/end before a sync" as loom_finds_an_end_before_a_sync;
}
