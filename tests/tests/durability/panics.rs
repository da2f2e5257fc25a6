//! Panics around the syncs of the log: of the medium, and of those who wait.

use std::ffi::OsString;
use std::io::Result;
use std::path::Path;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, SystemTime};

use ecsdb::Db;
use ecsdb::error::with_causes;
use ecsdb::media::{Lock, Media, MediaFile, Open};
use ecsdb_tests::grumpy;
use ecsdb_tests::simulated::Simulated;
use ecsdb_tests::world::*;

/// A simulated medium, and what its files do before they are synced.
#[derive(Clone)]
struct Moody {
    medium: Simulated,
    before_sync: Arc<dyn Fn() + Send + Sync>,
}

impl Moody {
    fn new(before_sync: impl Fn() + Send + Sync + 'static) -> Self {
        Self { medium: Simulated::new(), before_sync: Arc::new(before_sync) }
    }

    fn open(&self) -> Db<World> {
        Db::builder().directory("world").media(self.clone()).open().unwrap()
    }
}

impl Media for Moody {
    fn create_dir_all(&self, dir: &Path) -> Result<()> {
        self.medium.create_dir_all(dir)
    }

    fn open(&self, path: &Path, how: Open) -> Result<Box<dyn MediaFile>> {
        let file = self.medium.open(path, how)?;
        Ok(Box::new(File { file, before_sync: Arc::clone(&self.before_sync) }))
    }

    fn exists(&self, path: &Path) -> Result<bool> {
        self.medium.exists(path)
    }

    fn list(&self, dir: &Path) -> Result<Vec<OsString>> {
        self.medium.list(dir)
    }

    fn rename(&self, from: &Path, to: &Path) -> Result<()> {
        self.medium.rename(from, to)
    }

    fn rename_dir(&self, from: &Path, to: &Path) -> Result<()> {
        self.medium.rename_dir(from, to)
    }

    fn remove(&self, path: &Path) -> Result<()> {
        self.medium.remove(path)
    }

    fn sync_dir(&self, dir: &Path) -> Result<()> {
        self.medium.sync_dir(dir)
    }

    fn lock(&self, path: &Path) -> Result<Lock> {
        self.medium.lock(path)
    }

    fn now(&self) -> SystemTime {
        self.medium.now()
    }
}

struct File {
    file: Box<dyn MediaFile>,
    before_sync: Arc<dyn Fn() + Send + Sync>,
}

impl MediaFile for File {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> Result<usize> {
        self.file.read_at(buffer, offset)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> Result<usize> {
        self.file.write_at(bytes, offset)
    }

    fn sync_data(&self) -> Result<()> {
        (self.before_sync)();
        self.file.sync_data()
    }

    fn len(&self) -> Result<u64> {
        self.file.len()
    }

    fn set_len(&self, len: u64) -> Result<()> {
        self.file.set_len(len)
    }
}

/// A failure like any other: whoever waits is told, whoever syncs, and the log is not closed.
#[test]
fn a_medium_that_panics_poisons_the_log() {
    let panics = Arc::new(AtomicBool::new(false));
    let media = Moody::new({
        let panics = Arc::clone(&panics);
        move || assert!(!panics.load(Ordering::Relaxed), "out of order")
    });
    let db = media.open();
    db.spawn(Small::sample(1)).unwrap();
    db.sync().unwrap();
    panics.store(true, Ordering::Relaxed);
    for turn in 0..3 {
        let mut tx = db.begin();
        tx.spawn(Small::sample(2));
        let error = tx.commit_durable().unwrap_err();
        assert!(with_causes(&error).to_string().contains("the medium panicked"), "{turn}: {error:?}");
    }
    assert!(db.close().is_err());
    drop(db);
    panics.store(false, Ordering::Relaxed);
    assert!(!media.open().recovery().unwrap().was_closed, "a log that has failed is not closed");
}

/// The log goes on, whoever was told by its thread that something is durable.
#[test]
fn a_waker_that_panics_harms_nobody() {
    let gate = Arc::new(Mutex::new(()));
    let media = Moody::new({
        let gate = Arc::clone(&gate);
        move || drop(gate.lock().unwrap())
    });
    let db = media.open();
    let begin = |value| {
        let mut tx = db.begin();
        tx.spawn(Small::sample(value));
        tx
    };
    let is_closed = gate.lock().unwrap();
    let waker = grumpy();
    let mut context = Context::from_waker(&waker);
    let mut waiting = pin!(begin(1).commit().unwrap().when_durable());
    assert!(waiting.as_mut().poll(&mut context).is_pending());
    // When this one is visible, that one is as well, and all that it waits for is the log.
    db.spawn(Small::sample(2)).unwrap();
    assert!(waiting.as_mut().poll(&mut context).is_pending());
    drop(is_closed);

    let (answer, answers) = mpsc::channel();
    for tx in [begin(3), begin(4)] {
        let answer = answer.clone();
        std::thread::spawn(move || answer.send(tx.commit_durable().map(drop)));
    }
    let mut ticket = begin(5).commit().unwrap();
    std::thread::spawn({
        let answer = answer.clone();
        move || answer.send(ticket.durable_timeout(Duration::from_secs(60)).map(drop))
    });
    let next = || answers.recv_timeout(Duration::from_secs(60)).expect("everybody is answered");
    assert!((0..3).all(|_| next().is_ok()));
    assert!(matches!(waiting.poll(&mut Context::from_waker(Waker::noop())), Poll::Ready(Ok(_))));
    std::thread::spawn(move || answer.send(db.close()));
    next().unwrap();
    assert!(media.open().recovery().unwrap().was_closed);
}
