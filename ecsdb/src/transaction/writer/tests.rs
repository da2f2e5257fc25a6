//! The writer thread on its own.

use std::thread::JoinHandle;

use super::super::desk::WriterThread;
use super::super::ops::OpBuffer;
use super::super::queue::{QueueLimits, Terms};
use super::super::reentrancy::DatabaseId;
use super::*;
use crate::bytes::{RowBytes, bytes_of};
use crate::schema::DatabaseSchema;
use crate::storage::{RowShape, Version};
use crate::sync::Published;

const SCHEMA: &str = "\
[database]
name = \"party\"

[[tables.member.fields]]
name = \"of\"
type = \"ref<party>\"

[[tables.party.fields]]
name = \"level\"
type = \"u32\"
";

const MEMBER: u16 = 0;

/// Of a writer of `store`, which gives memory back after `idle`.
fn config(store: Store, catalog: Arc<Catalog>, idle: Duration) -> WriterConfig {
    let workers = Arc::new(rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap());
    let limits = BatchLimits { transactions: 8, bytes: 1 << 20 };
    WriterConfig { store, catalog, workers, log: None, limits, huge_pages: false, idle }
}

/// A queue, and the other end of it.
fn queue() -> (Queue, Receiver<Message>) {
    Queue::new(QueueLimits { messages: 8, bytes: 1 << 20 }, DatabaseId::next(), None)
}

/// Has a thread be the writer.
fn start(config: WriterConfig) -> (Queue, JoinHandle<()>) {
    let (queue, receiver) = queue();
    let writer = WriterThread::new(config, &queue, receiver);
    (queue, std::thread::spawn(move || writer.run()))
}

/// A store with all tables.
fn store() -> (Store, Arc<Catalog>) {
    let schema = Arc::new(DatabaseSchema::from_toml(SCHEMA, "party.toml").unwrap());
    (Store::of_schema(&schema, usize::MAX), Arc::new(Catalog::new(schema)))
}

/// A writer that gives memory back after `idle`, what readers pin, and the queue of the writer.
fn idle_writer(idle: Duration) -> (Writer, Published<Version>, Queue) {
    let (store, catalog) = store();
    let published = store.published();
    let (queue, receiver) = queue();
    (Writer::new(config(store, catalog, idle), &queue, receiver), published, queue)
}

/// Has `writer` do what `asks` waits for.
fn answer<R: Send>(writer: &mut Writer, asks: impl FnOnce() -> R + Send) -> R {
    std::thread::scope(|threads| {
        let asking = threads.spawn(asks);
        while !writer.work_on_next() {
            std::thread::yield_now();
        }
        asking.join().unwrap()
    })
}

fn spare_bytes(writer: &Writer) -> usize {
    writer.config.store.memory().spare_bytes
}

#[test]
fn what_was_reserved_stays_until_the_writer_has_been_idle_for_long_enough_and_no_longer() {
    const IDLE: Duration = Duration::from_secs(60);
    let (mut writer, _, queue) = idle_writer(IDLE);
    let long_ago = Instant::now().checked_sub(IDLE).expect("this machine has been up for so long");
    writer.has_worked_until(long_ago);
    assert_eq!(writer.rest(), None, "there is nothing more to do");
    // Once when it sleeps for ever, once when memory is to be given back just now.
    for _ in 0..2 {
        answer(&mut writer, || queue.prepare(|store| store.reserve(&[MEMBER], 10_000))).unwrap().unwrap();
        assert!(writer.rest().is_some_and(|patience| !patience.is_zero()), "it looks again later");
        assert!(spare_bytes(&writer) > 0, "and meanwhile it stays");
        writer.idle_since = long_ago;
    }
    // Who only asks does not change that.
    let asked = answer(&mut writer, || queue.control(|store| store.memory().spare_bytes)).unwrap();
    assert!(asked > 0);
    assert_eq!(writer.rest(), None);
    assert_eq!(spare_bytes(&writer), 0);
}

#[test]
fn a_writer_that_gives_memory_back_at_once_does_not_wait_for_a_snapshot_in_a_loop() {
    let (mut writer, published, queue) = idle_writer(Duration::ZERO);
    let held = published.load();
    let (completer, pending) = queue.completion();
    let mut ops = OpBuffer::default();
    ops.spawn(0);
    queue.send(Request::Ops(OpsJob { ops, completer }), 1, Terms::default()).map_err(|_| "not queued").unwrap();
    assert!(writer.work_on_next());
    pending.wait().unwrap().unwrap();
    for _ in 0..3 {
        assert!(writer.rest().is_some_and(|patience| patience >= Duration::from_millis(1)));
    }
    drop(held);
    assert_eq!(writer.rest(), None);
}

#[test]
fn the_thread_ends_when_nobody_can_ask_it_any_more() {
    let (store, catalog) = store();
    let (queue, writer) = start(config(store, catalog, Duration::from_secs(1)));
    drop(queue);
    // It would not end late, but never.
    for _ in 0..60_000 {
        if writer.is_finished() {
            return writer.join().unwrap();
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    panic!("it goes on for ever");
}

#[test]
fn a_panic_in_what_follows_a_transaction_takes_it_back_and_the_writer_goes_on() {
    let schema = DatabaseSchema::from_toml(SCHEMA, "party.toml").unwrap();
    let catalog = Arc::new(Catalog::new(Arc::new(schema)));
    // A store without the last table: to look whether a reference leads there panics.
    let tables = catalog.schema().tables().iter().take(1).map(RowShape::of);
    let mut store = Store::with_indexes(tables, catalog.indexes(), usize::MAX);
    store.hold_to(catalog.schema());
    let published = store.published();
    let (queue, writer) = start(config(store, catalog, Duration::from_secs(1)));
    let run = |ops: OpBuffer| {
        let (completer, pending) = queue.completion();
        queue.send(Request::Ops(OpsJob { ops, completer }), 1, Terms::default()).map_err(|_| "not queued").unwrap();
        pending.wait().expect("the writer answers")
    };
    let bare = || {
        let mut ops = OpBuffer::default();
        ops.spawn(0);
        ops
    };
    let party = run(bare()).unwrap().entities[0];
    let mut ops = OpBuffer::default();
    ops.spawn(1);
    ops.row(MEMBER, RowBytes::plain(bytes_of(&party)));
    assert!(matches!(run(ops), Err(TransactionError::Panicked { .. })));
    let seen = published.load();
    assert_eq!((seen.entities.count(), seen.tables[usize::from(MEMBER)].rows()), (1, 0), "it has left nothing");
    drop(seen);
    run(bare()).unwrap();
    assert_eq!(published.load().entities.count(), 2);
    queue.close();
    writer.join().unwrap();
}
