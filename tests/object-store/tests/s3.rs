//! An archive in S3, and in the memory of the process.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::thread::JoinHandle;

use ecsdb::archive::{Archive, ArchiveError, ObjectArchive, Put};
use ecsdb::error::with_causes;
use ecsdb::maintenance::{ClosedDirectory, Keep, Restore, Target, plan_prune, prune, verify_archive};
use ecsdb::{Component, Db};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder as Connection;
use object_store::ObjectStore;
use object_store::aws::AmazonS3Builder;
use object_store::memory::InMemory;
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;
use s3s_fs::FileSystem;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

const KEY: &str = "who";
const SECRET: &str = "what";
const BUCKET: &str = "games";

/// A server on this machine that speaks S3, and keeps objects in a directory. Both are gone with this.
struct Server {
    root: PathBuf,
    port: u16,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    fn start(name: &str) -> Self {
        let root = std::env::temp_dir().join(format!("ecsdb-s3-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&root);
        std::fs::create_dir_all(root.join(BUCKET)).unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let (tell, port) = channel();
        let files = FileSystem::new(&root).unwrap();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async move {
                let mut builder = S3ServiceBuilder::new(files);
                builder.set_auth(SimpleAuth::from_single(KEY, SECRET));
                let service = builder.build();
                let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
                tell.send(listener.local_addr().unwrap().port()).unwrap();
                tokio::spawn(async move {
                    while let Ok((socket, _)) = listener.accept().await {
                        let service = service.clone();
                        tokio::spawn(async move {
                            let connection = Connection::new(TokioExecutor::new());
                            // A client that goes is no failure.
                            let _ = connection.serve_connection(TokioIo::new(socket), service).await;
                        });
                    }
                });
                let _ = stopped.await;
            });
        });
        Self { root, port: port.recv().unwrap(), stop: Some(stop), thread: Some(thread) }
    }

    fn store(&self, secret: &str) -> Arc<dyn ObjectStore> {
        let builder = AmazonS3Builder::new()
            .with_endpoint(format!("http://127.0.0.1:{}", self.port))
            .with_allow_http(true)
            .with_bucket_name(BUCKET)
            .with_region("us-east-1")
            .with_access_key_id(KEY)
            .with_secret_access_key(secret);
        Arc::new(builder.build().unwrap())
    }

    fn archive(&self) -> Arc<ObjectArchive> {
        Arc::new(ObjectArchive::new(self.store(SECRET), "saves/one").unwrap())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
        let _ = std::fs::remove_dir_all(&self.root);
    }
}

/// What every archive does.
fn keeps_objects(archive: &dyn Archive) {
    assert!(archive.list("notes").unwrap().is_empty());
    assert!(matches!(archive.get("notes/one"), Err(ArchiveError::Missing { .. })));
    archive.remove("notes/one").unwrap();
    assert_eq!(archive.put_if_absent("notes/one", b"1").unwrap(), Put::Stored);
    assert_eq!(archive.put_if_absent("notes/two", &[7; 300_000]).unwrap(), Put::Stored);
    assert_eq!(archive.put_if_absent("notes/one", b"2").unwrap(), Put::Present);
    assert_eq!(archive.get("notes/one").unwrap(), b"1");
    assert_eq!(archive.get("notes/two").unwrap(), [7; 300_000]);
    assert_eq!(archive.list("notes").unwrap(), ["notes/one", "notes/two"]);
    assert!(archive.list("note").unwrap().is_empty(), "a folder is not a prefix");
    archive.remove("notes/one").unwrap();
    assert_eq!(archive.list("notes").unwrap(), ["notes/two"]);
    assert!(matches!(archive.put_if_absent("../notes/one", b"x"), Err(ArchiveError::Name { .. })));
}

#[test]
fn s3_keeps_objects() {
    let server = Server::start("objects");
    keeps_objects(&*server.archive());
}

#[test]
fn the_memory_of_the_process_keeps_objects() {
    keeps_objects(&ObjectArchive::new(Arc::new(InMemory::new()), "").unwrap());
}

#[test]
fn a_thread_of_a_runtime_may_archive() {
    let server = Server::start("runtime");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let own = server.archive();
        assert_eq!(own.put_if_absent("notes/one", b"1").unwrap(), Put::Stored);
        drop(own);
    });
}

#[test]
fn the_runtime_of_the_caller_does_the_work() {
    let server = Server::start("handle");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let handle = runtime.handle().clone();
    let driver = std::thread::spawn(move || runtime.block_on(async { drop(stopped.await) }));
    keeps_objects(&ObjectArchive::on(server.store(SECRET), "shared", handle).unwrap());
    drop(stop);
    driver.join().unwrap();
}

#[test]
fn a_store_that_refuses_says_why() {
    let server = Server::start("refuses");
    let archive = ObjectArchive::new(server.store("wrong"), "x").unwrap();
    let error = archive.put_if_absent("notes/one", b"1").unwrap_err();
    let error = with_causes(&error).to_string();
    assert!(error.starts_with("cannot store notes/one in the archive: "), "{error}");
}

#[test]
fn of_many_who_take_a_name_one_gets_it() {
    let archive = ObjectArchive::new(Arc::new(InMemory::new()), "x").unwrap();
    let stored: Vec<u8> = std::thread::scope(|scope| {
        let archive = &archive;
        let put = |own: u8| (archive.put_if_absent("notes/one", &[own]).unwrap() == Put::Stored).then_some(own);
        let threads: Vec<_> = (0..8).map(|own| scope.spawn(move || put(own))).collect();
        threads.into_iter().filter_map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(archive.get("notes/one").unwrap(), stored);
}

#[derive(Component)]
struct Purse {
    gold: u64,
}

ecsdb::schema! { World: Purse }

#[test]
fn a_log_goes_to_s3_compressed_and_only_one_writer_stores_it() {
    let server = Server::start("log");
    let save = server.root.join("save");
    let db = Db::<World>::builder().directory(&save).segment_bytes(16 << 10).open().unwrap();
    for gold in 0..400 {
        db.spawn(Purse { gold }).unwrap();
    }
    drop(db);
    let archive = server.archive();
    let closed = ClosedDirectory::open(&save).unwrap();
    let stored = closed.archive_to(archive.clone(), Some(3)).unwrap().segments;
    assert!(stored.len() > 1 && stored.iter().all(|segment| segment.is_compressed), "{stored:?}");
    let sizes = stored.iter().map(|segment| archive.get(&segment.name()).unwrap().len());
    assert!(sizes.sum::<usize>() < 30_000, "it is compressed");
    // Somebody else, who has not heard of the first, stores the same without doubling it.
    assert_eq!(closed.archive_to(server.archive(), Some(3)).unwrap().segments, stored);
    assert_eq!(archive.list("segments").unwrap().len(), stored.len());
    assert_eq!(archive.list("writers").unwrap(), ["writers/00000000000000000002"]);
    assert!(verify_archive(&*archive, |_| ()).unwrap().is_fine());
    // The directory is gone.
    let restored = Restore::from_archive(archive).run(Target::Version(123), server.root.join("again"), |_| ()).unwrap();
    assert_eq!(restored.version, 123);
    let db = Db::<World>::open(server.root.join("again")).unwrap();
    assert_eq!(db.snapshot().query::<PurseRef<'_>>().iter().map(|purse| purse.gold()).max(), Some(122));
}

/// The archive was set late, and the directory is gone: what it held at its last checkpoint is in the store, compressed.
#[test]
fn a_directory_that_is_gone_comes_back_from_a_snapshot_file_in_s3() {
    let server = Server::start("snapshot");
    let save = server.root.join("save");
    let play = |db: Db<World>, from: u64| {
        for gold in from..from + 200 {
            db.spawn(Purse { gold }).unwrap();
        }
        assert_eq!(db.checkpoint().unwrap().wait().unwrap().kept_because, None);
    };
    play(Db::<World>::open(&save).unwrap(), 0);
    for from in [200, 400] {
        let archive = ObjectArchive::new(server.store(SECRET), "saves/one").unwrap();
        play(Db::<World>::builder().directory(&save).compression(3).archive(archive).open().unwrap(), from);
    }
    std::fs::remove_dir_all(&save).unwrap();
    let names = server.archive().list("snapshots").unwrap();
    assert!(names.len() > 1 && names.iter().all(|name| name.ends_with(".snap.zst")), "{names:?}");
    let report = verify_archive(&*server.archive(), |_| ()).unwrap();
    assert!(report.is_fine() && report.snapshots == [200, 400, 600], "{report:?}");
    // What is older than the last two is pruned.
    let plan = plan_prune(&*server.archive(), Keep::Snapshots(2), |_| ()).unwrap();
    // The log between these two is there as well, if it was stored before the database was closed.
    let reached = (plan.reachable.first().map(|first| first.0), plan.reachable.last().map(|last| last.1));
    assert!(plan.snapshots.len() == 1 && reached == (Some(400), Some(600)), "{plan:?}");
    prune(&*server.archive(), &plan, |_| ()).unwrap();
    let report = verify_archive(&*server.archive(), |_| ()).unwrap();
    assert!(report.is_fine() && report.snapshots == [400, 600], "{report:?}");
    let restored = Restore::from_archive(server.archive()).run(Target::Latest, &save, |_| ()).unwrap();
    assert_eq!((restored.version, restored.snapshot), (600, Some(600)));
    let db = Db::<World>::open(&save).unwrap();
    assert_eq!(db.snapshot().query::<PurseRef<'_>>().iter().map(|purse| purse.gold()).sum::<u64>(), 600 * 599 / 2);
}

/// A database whose segments go to the store as its checkpoints make them superfluous, and another one that takes the store over.
#[test]
fn who_takes_over_the_store_fences_the_database_that_had_it() {
    let server = Server::start("fence");
    let open = |name: &str| {
        let builder = Db::<World>::builder().directory(server.root.join(name)).segment_bytes(16 << 10);
        builder.archive(ObjectArchive::new(server.store(SECRET), "saves/one").unwrap()).open().unwrap()
    };
    let play = |db: &Db<World>| {
        for gold in 0..400 {
            db.spawn(Purse { gold }).unwrap();
        }
        db.checkpoint().unwrap().wait().unwrap().kept_because
    };
    let first = open("first");
    let kept: Vec<_> = (0..3).map(|_| play(&first)).collect();
    assert_eq!(kept, [None, None, None]);
    let before = server.archive().list("segments").unwrap();
    assert!(!before.is_empty());
    let second = open("second");
    assert_eq!(play(&second), None);
    let kept: Vec<String> = (0..3).filter_map(|_| play(&first)).collect();
    assert!(kept.iter().any(|why| why.contains("belongs to writer 2")), "{kept:?}");
    let after = server.archive().list("segments").unwrap();
    assert!(before.iter().all(|name| after.contains(name)), "nothing was lost or replaced");
    assert_eq!(first.stats().rows, 400 * 6, "the database itself goes on");
}
