//! The writer thread on its own.

use super::super::desk::WriterThread;
use super::super::ops::OpBuffer;
use super::super::queue::{QueueLimits, Terms};
use super::super::reentrancy::DatabaseId;
use super::*;
use crate::bytes::{RowBytes, bytes_of};
use crate::schema::DatabaseSchema;

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

#[test]
fn a_panic_in_what_follows_a_transaction_takes_it_back_and_the_writer_goes_on() {
    let schema = DatabaseSchema::from_toml(SCHEMA, "party.toml").unwrap();
    let catalog = Arc::new(Catalog::new(Arc::new(schema)));
    // A store without the last table: to look whether a reference leads there panics.
    let mut store = Store::with_indexes(catalog.shapes().take(1), catalog.indexes(), usize::MAX);
    store.hold_to(catalog.schema());
    let published = store.published();
    let workers = Arc::new(rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap());
    let limits = BatchLimits { transactions: 8, bytes: 1 << 20 };
    let config =
        WriterConfig { store, catalog, workers, log: None, limits, huge_pages: false, idle: Duration::from_secs(1) };
    let (queue, receiver) = Queue::new(QueueLimits { messages: 8, bytes: 1 << 20 }, DatabaseId::next(), None);
    let writer = WriterThread::new(config, &queue, receiver);
    let writer = std::thread::spawn(move || writer.run());
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
