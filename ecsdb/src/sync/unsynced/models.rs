//! The files of a log under loom, with the watermark that says what of them is durable: a writer that goes from one file to the
//! next, the thread that syncs, and somebody who waits and may sync.
//!
//! The medium is a number for each of two files, and whether the second has its name: what was written, and what syncs have kept.

use std::time::Duration;

use super::{Taken, Unsynced};
use crate::sync::Watermark;
use crate::sync::shim::model::{check, models};
use crate::sync::shim::{Arc, AtomicUsize, Ordering, thread};

/// A number that is forgotten unless it is synced.
struct Kept {
    written: AtomicUsize,
    kept: AtomicUsize,
}

impl Kept {
    fn new() -> Arc<Self> {
        Arc::new(Self { written: AtomicUsize::new(0), kept: AtomicUsize::new(0) })
    }

    fn write(&self, number: usize) {
        self.written.store(number, Ordering::SeqCst);
    }

    fn sync(&self) {
        self.kept.store(self.written.load(Ordering::SeqCst), Ordering::SeqCst);
    }

    fn kept(&self) -> usize {
        self.kept.load(Ordering::SeqCst)
    }
}

struct Disk {
    /// Version 1 is in the first, 2 in the second.
    files: [Arc<Kept>; 2],
    /// 1 if the second has its name.
    names: Arc<Kept>,
    unsynced: Unsynced<Arc<Kept>>,
    /// Which sync fails, counted from 1.
    fails: usize,
    syncs: AtomicUsize,
}

impl Disk {
    /// As the log does.
    fn sync(&self) -> Result<(), &'static str> {
        let Taken { sealed, current, is_renamed } = self.unsynced.take();
        if self.syncs.fetch_add(1, Ordering::SeqCst) + 1 == self.fails {
            return Err("the disk is broken");
        }
        sealed.iter().for_each(|file| file.sync());
        if is_renamed {
            self.names.sync();
        }
        current.sync();
        Ok(())
    }

    /// Whether nothing is missing of what was written up to `version`.
    fn has(&self, version: usize) -> bool {
        let has_second = || self.files[1].kept() == 2 && self.names.kept() == 1;
        version < 1 || self.files[0].kept() == 1 && (version < 2 || has_second())
    }
}

struct Log {
    disk: Arc<Disk>,
    watermark: Watermark<&'static str>,
}

impl Log {
    fn new(fails: usize) -> Arc<Self> {
        let files = [Kept::new(), Kept::new()];
        let unsynced = Unsynced::new(Arc::clone(&files[0]));
        let disk = Arc::new(Disk { files, names: Kept::new(), unsynced, fails, syncs: AtomicUsize::new(0) });
        let watermark = Watermark::new(0, Duration::ZERO);
        let lent = Arc::clone(&disk);
        watermark.lend(move || Some(lent.sync()));
        Arc::new(Self { disk, watermark })
    }

    fn spawn_syncer(log: &Arc<Self>) -> thread::JoinHandle<()> {
        let log = Arc::clone(log);
        thread::spawn(move || log.watermark.run(|| log.disk.sync(), || {}))
    }

    /// Waits until `version` is durable, and syncs if nobody does. Then nothing up to it may be missing.
    fn wait(&self, version: usize) -> Result<(), &'static str> {
        let told = self.watermark.help(version as u64);
        let told = told.unwrap_or_else(|| self.watermark.when(version as u64).wait().unwrap());
        assert!(told.is_err() || self.disk.has(version), "acknowledged, and a file is not synced");
        told
    }

    fn write_first(&self) {
        self.disk.files[0].write(1);
        self.watermark.written(1).unwrap();
    }

    /// The second version goes to the second file.
    fn write_second(&self) -> Result<(), &'static str> {
        self.watermark.check()?;
        self.disk.names.write(1);
        self.disk.unsynced.go_on_in(Arc::clone(&self.disk.files[1]));
        self.disk.files[1].write(2);
        self.watermark.written(2)
    }
}

/// Somebody waits for what is in the first file while the writer goes on in the second.
fn a_file_is_left_during_a_sync() {
    check(Some(2), || {
        let log = Log::new(0);
        let syncing = Log::spawn_syncer(&log);
        log.write_first();
        let waiting = thread::spawn({
            let log = Arc::clone(&log);
            move || log.wait(1)
        });
        log.write_second().unwrap();
        assert_eq!(log.wait(2), Ok(()));
        assert_eq!(waiting.join().unwrap(), Ok(()));
        log.watermark.close();
        syncing.join().unwrap();
        assert!(log.disk.has(2));
    });
}

/// A sync fails that has taken a file which was left: nobody is told that anything is durable, whatever the files say later.
fn a_sync_fails_that_took_a_file() {
    check(Some(2), || {
        let log = Log::new(1);
        let syncing = Log::spawn_syncer(&log);
        log.write_first();
        let waiting = thread::spawn({
            let log = Arc::clone(&log);
            move || log.wait(1)
        });
        let second = log.write_second();
        assert!(log.wait(2).is_err() && waiting.join().unwrap().is_err(), "acknowledged after a failure");
        syncing.join().unwrap();
        assert_eq!((log.disk.syncs.load(Ordering::SeqCst), log.watermark.durable()), (1, 0), "nothing is synced again");
        assert!(second.is_ok() || second == Err("the disk is broken"));
    });
}

models! {
    a_file_is_left_during_a_sync:
        "unsynced/take in two steps" as loom_finds_take_in_two_steps,
        "unsynced/go on in two steps" as loom_finds_go_on_in_two_steps,
        "unsynced/forget what was left" as loom_finds_forget_what_was_left,
        "unsynced/forget the name" as loom_finds_forget_the_name,
        "watermark/look after sync" as loom_finds_a_look_after_sync;
    a_sync_fails_that_took_a_file:
        "watermark/sync again" as loom_finds_sync_again;
}
