//! Durability under loom, from the caller to the medium and back: the writer, a log that has a thread for its syncs, and
//! somebody who waits with the ticket that ships.
//!
//! The log is the least that keeps the contract of the real one: it writes a version, says so on the watermark, and
//! refuses when the watermark has failed. What the real one does with files is for the crash tests.

use std::sync::Arc;
use std::time::Duration;

use super::super::commit_log::{CommitLog, LogError};
use super::super::error::TransactionError;
use super::super::queue::Terms;
use super::super::ticket::Ticket;
use super::{Db, spawn};
use crate::change_set::ChangeSet;
use crate::sync::Watermark;
use crate::sync::shim::model::{check, models};
use crate::sync::shim::{AtomicUsize, Ordering, thread};

/// A file that forgets what was not synced.
struct Medium {
    written: AtomicUsize,
    kept: AtomicUsize,
    /// Whether the first sync fails.
    is_broken: bool,
    syncs: AtomicUsize,
    watermark: Arc<Watermark<LogError>>,
}

impl Medium {
    fn new(is_broken: bool) -> Arc<Self> {
        let none = || AtomicUsize::new(0);
        let watermark = Arc::new(Watermark::new(0, Duration::ZERO));
        Arc::new(Self { written: none(), kept: none(), is_broken, syncs: none(), watermark })
    }

    /// A sync keeps what was written before it began.
    fn sync(&self) -> Result<(), LogError> {
        let covered = self.written.load(Ordering::SeqCst);
        if self.syncs.fetch_add(1, Ordering::SeqCst) == 0 && self.is_broken {
            return Err(LogError::new("the disk is broken"));
        }
        self.kept.store(covered, Ordering::SeqCst);
        Ok(())
    }

    fn kept(&self) -> u64 {
        self.kept.load(Ordering::SeqCst) as u64
    }
}

struct Log(Arc<Medium>);

impl CommitLog for Log {
    fn append(&mut self, _: &ChangeSet) -> Result<(), LogError> {
        Ok(())
    }

    fn commit(&mut self, version: u64) -> Result<(), LogError> {
        self.0.watermark.check()?;
        self.0.written.store(version as usize, Ordering::SeqCst);
        self.0.watermark.written(version)
    }

    fn abort(&mut self) {}
}

/// A database with such a log, and the thread that syncs it.
fn start(medium: &Arc<Medium>) -> (Db, thread::JoinHandle<()>) {
    let syncing = thread::spawn({
        let medium = Arc::clone(medium);
        move || medium.watermark.run(|| medium.sync(), || {})
    });
    let log = Box::new(Log(Arc::clone(medium)));
    (Db::with_watermark(2, Some(log), Some(Arc::clone(&medium.watermark))), syncing)
}

/// Queues a spawn, with the ticket that a caller gets.
fn ticket(db: &Db) -> Ticket {
    let pending = spawn(&db.queue, Terms::default()).expect("queued");
    Ticket::new(pending, Arc::clone(&db.queue))
}

/// Two transactions in flight: what is acknowledged as durable was kept by a sync before, it and everything older, and
/// is visible.
fn durable_when_kept() {
    check(Some(2), || {
        let medium = Medium::new(false);
        let (db, syncing) = start(&medium);
        let (first, second) = (ticket(&db), ticket(&db));
        for (ticket, place) in [(second, 2), (first, 1)] {
            let commit = ticket.durable().expect("the disk is fine");
            assert!(commit.version <= place, "a later version than there are");
            assert!(medium.kept() >= commit.version, "acknowledged before it is kept");
            assert!(db.published.load().number >= commit.version, "durable, but not visible");
        }
        db.close();
        medium.watermark.close();
        syncing.join().unwrap();
        assert_eq!(medium.kept(), medium.watermark.durable());
    });
}

/// The first sync fails while two transactions are on their way: neither is acknowledged as durable, nothing is synced
/// again, and what comes when that is known is refused and seen by nobody.
fn nothing_after_a_failed_sync() {
    check(Some(2), || {
        let medium = Medium::new(true);
        let (db, syncing) = start(&medium);
        let (first, second) = (ticket(&db), ticket(&db));
        for ticket in [first, second] {
            let outcome = ticket.durable();
            let is_refused = matches!(outcome, Err(TransactionError::NotDurable { .. } | TransactionError::Log(_)));
            assert!(is_refused, "acknowledged after a failure");
        }
        let before = db.published.load().number;
        assert!(matches!(ticket(&db).visible(), Err(TransactionError::Log(_))), "taken after a failure");
        assert_eq!(db.published.load().number, before, "visible all the same");
        db.close();
        syncing.join().unwrap();
        assert_eq!((medium.kept(), medium.watermark.durable()), (0, 0));
        assert_eq!(medium.syncs.load(Ordering::SeqCst), 1, "synced again");
    });
}

models! {
    durable_when_kept:
        "watermark/advance before sync" as loom_finds_advance_before_sync,
        "watermark/look after sync" as loom_finds_a_look_after_sync,
        "writer/answer before publication" as loom_finds_answer_before_publication;
    nothing_after_a_failed_sync:
        "watermark/sync again" as loom_finds_sync_again,
        "writer/publish what was refused" as loom_finds_publish_what_was_refused;
}
