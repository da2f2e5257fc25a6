//! The writer under loom: who is answered, when, and by whom, with the queue, the store and the publication that ship.
//!
//! A transaction is one spawn, the least that makes a version. A request that is neither done nor refused would leave its
//! caller asleep, which loom reports as a deadlock.

mod durable;
mod ends;
mod stand_in;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use super::catalog::Catalog;
use super::commit_log::{CommitLog, Guarded, LogError};
use super::desk::WriterThread;
use super::error::TransactionError;
use super::job::{OpsJob, Outcome, Request};
use super::ops::OpBuffer;
use super::queue::{Queue, QueueLimits, Terms};
use super::reentrancy::DatabaseId;
use super::writer::{BatchLimits, WriterConfig};
use crate::change_set::ChangeSet;
use crate::schema::DatabaseSchema;
use crate::storage::{Store, Version};
use crate::sync::shim::model::{check, models};
use crate::sync::shim::{Arc as Counted, AtomicUsize, Ordering, thread};
use crate::sync::{Pending, Published, Watermark};

/// What no model watches, made once.
fn fixed() -> &'static (Arc<Catalog>, Arc<rayon::ThreadPool>) {
    static FIXED: OnceLock<(Arc<Catalog>, Arc<rayon::ThreadPool>)> = OnceLock::new();
    FIXED.get_or_init(|| {
        let schema = DatabaseSchema::from_tables("m", &[]).expect("a schema without tables");
        // Nothing here works on many pages.
        let workers = rayon::ThreadPoolBuilder::new().num_threads(1).use_current_thread().build();
        (Arc::new(Catalog::new(Arc::new(schema))), Arc::new(workers.expect("no thread is started")))
    })
}

struct Db {
    queue: Arc<Queue>,
    published: Published<Version>,
    writer: thread::JoinHandle<()>,
}

impl Db {
    /// A database whose writer runs.
    fn start(messages: usize, log: Option<Box<dyn CommitLog>>) -> Self {
        Self::with_watermark(messages, log, None)
    }

    /// The same, with a log that says on `watermark` what is durable.
    fn with_watermark(
        messages: usize,
        log: Option<Box<dyn CommitLog>>,
        watermark: Option<Arc<Watermark<LogError>>>,
    ) -> Self {
        let (queue, published, writer) = parts(messages, 8, log, watermark);
        Self { queue, published, writer: thread::spawn(move || writer.run()) }
    }

    fn close(self) {
        self.queue.close();
        self.writer.join().expect("the writer ends");
    }
}

/// A queue for `messages` requests, what readers pin, and a writer that does not run yet; a batch has up to `batch` transactions.
fn parts(
    messages: usize,
    batch: usize,
    log: Option<Box<dyn CommitLog>>,
    watermark: Option<Arc<Watermark<LogError>>>,
) -> (Arc<Queue>, Published<Version>, WriterThread) {
    let (catalog, workers) = fixed().clone();
    let store = Store::of_schema(catalog.schema(), usize::MAX);
    let published = store.published();
    let limits = QueueLimits { messages, bytes: 1 << 20 };
    let (queue, receiver) = Queue::new(limits, DatabaseId::next(), watermark);
    let config = WriterConfig {
        store,
        catalog,
        workers,
        log: log.map(Guarded::new),
        limits: BatchLimits { transactions: batch, bytes: 1 << 20 },
        huge_pages: false,
        idle: Duration::from_secs(1),
    };
    let writer = WriterThread::new(config, &queue, receiver);
    (Arc::new(queue), published, writer)
}

/// Queues a spawn.
fn spawn(queue: &Queue, terms: Terms) -> Result<Pending<Outcome>, TransactionError> {
    let (completer, pending) = queue.completion();
    let mut ops = OpBuffer::default();
    ops.spawn(0);
    queue.send(Request::Ops(OpsJob { ops, completer }), 1, terms).map_err(TransactionError::from)?;
    Ok(pending)
}

/// What is acknowledged is visible.
fn acknowledged_when_visible() {
    check(Some(2), || {
        let db = Db::start(2, None);
        let commit = spawn(&db.queue, Terms::default()).expect("queued").wait().expect("answered").expect("done");
        let seen = db.published.load();
        assert!(seen.number >= commit.version, "acknowledged version {}, saw {}", commit.version, seen.number);
        assert!(seen.entities.is_alive(commit.entities[0]));
        db.close();
    });
}

/// What was queued before the end is done; what comes about the end is done, refused, or answered that it came too late.
fn everybody_is_answered() {
    check(Some(2), || {
        let db = Db::start(1, None);
        let first = spawn(&db.queue, Terms::default()).expect("nobody has closed it");
        let late = thread::spawn({
            let queue = Arc::clone(&db.queue);
            move || match spawn(&queue, Terms::default()) {
                Ok(pending) => matches!(pending.wait(), Ok(Ok(_)) | Err(_)),
                Err(error) => matches!(error, TransactionError::Closed),
            }
        });
        db.close();
        assert!(first.wait().expect("answered by the writer").is_ok(), "it was queued before the end");
        assert!(late.join().expect("no panic"), "another answer");
    });
}

/// A log that refuses everything, and counts what it was asked.
struct Refusing(Counted<AtomicUsize>);

impl CommitLog for Refusing {
    fn append(&mut self, _: &ChangeSet) -> Result<(), LogError> {
        Ok(())
    }

    fn commit(&mut self, _: u64) -> Result<(), LogError> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Err(LogError::new("the disk is full"))
    }

    fn abort(&mut self) {}
}

/// What the log refuses is acknowledged to nobody and seen by nobody.
fn refused_by_the_log() {
    check(Some(2), || {
        let asked = Counted::new(AtomicUsize::new(0));
        let db = Db::start(2, Some(Box::new(Refusing(Counted::clone(&asked)))));
        let reading = thread::spawn({
            let published = db.published.clone();
            move || published.load().number
        });
        let outcome = spawn(&db.queue, Terms::default()).expect("queued").wait().expect("answered");
        assert!(matches!(outcome, Err(TransactionError::Log(_))), "acknowledged what the log has refused");
        assert_eq!((db.published.load().number, reading.join().expect("no panic")), (0, 0), "visible all the same");
        db.close();
        assert_eq!(asked.load(Ordering::Relaxed), 1);
    });
}

models! {
    acknowledged_when_visible:
        "writer/answer before publication" as loom_finds_answer_before_publication;
    everybody_is_answered:
        "writer/end before the queue is empty" as loom_finds_end_before_the_queue_is_empty,
        "leftovers/send without a look" as loom_finds_send_without_a_look,
        "queue/close in silence" as loom_finds_close_in_silence;
    refused_by_the_log:
        "writer/publish what was refused" as loom_finds_publish_what_was_refused;
}
