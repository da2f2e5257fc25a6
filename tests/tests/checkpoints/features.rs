//! Checkpoints with features: compressed, and as tasks of a runtime.

use ecsdb::Db;
use ecsdb_tests::rounds::work;
use ecsdb_tests::simulated::Simulated;
use ecsdb_tests::world::*;

use super::{assert_same, small};

#[test]
fn a_compressed_file_is_smaller_and_holds_the_same() {
    let media = Simulated::new();
    let witness = Db::<World>::in_memory().unwrap();
    let mut bytes = Vec::new();
    for level in [None, Some(1), Some(9)] {
        let builder = small(&media);
        let builder = if let Some(level) = level { builder.compression(level) } else { builder };
        let db = builder.open().unwrap();
        assert_same(&db, &witness, "after opening");
        for db in [&db, &witness] {
            if level.is_none() {
                (0..30).for_each(|round| work(db, round));
            }
            db.spawn(Small::sample(1)).unwrap();
        }
        bytes.push(db.checkpoint().unwrap().wait().unwrap().bytes);
        let copy = small(&media.killed()).worker_threads(3).open().unwrap();
        assert!(copy.recovery().unwrap().passed_over.is_empty());
        assert_same(&copy, &witness, "from the file");
    }
    assert!(bytes[1] < bytes[0] / 2 && bytes[2] < bytes[0] / 2, "{bytes:?}");
}

#[test]
fn a_runtime_may_make_the_checkpoints() {
    let media = Simulated::new();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let db = small(&media).runtime(runtime.handle().clone()).open().unwrap();
    db.spawn(Small::sample(1)).unwrap();
    let (told, names) = std::sync::mpsc::channel();
    let checkpoint = db.checkpoint_with(move |_| {
        told.send(std::thread::current().name().map(ToOwned::to_owned)).unwrap();
    });
    let report = runtime.block_on(checkpoint.unwrap()).unwrap();
    assert_eq!(report.version, 1);
    assert!(names.iter().all(|name| name.is_none_or(|name| !name.contains("keeper"))), "on a thread of the runtime");
    // Without it, it goes on alone, from the first one on.
    drop(runtime);
    db.spawn(Small::sample(2)).unwrap();
    let report = db.checkpoint().unwrap().wait().unwrap();
    assert_eq!(report.version, 2);
    drop(db);
    assert_eq!(small(&media).open().unwrap().recovery().unwrap().snapshot, Some(2));
}
