//! A medium that panics when it should sync.

use std::ffi::OsString;
use std::io::Result;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

use ecsdb::Db;
use ecsdb::error::with_causes;
use ecsdb::media::{Lock, Media, MediaFile, Open};
use ecsdb_tests::simulated::Simulated;
use ecsdb_tests::world::*;

/// A simulated medium, and whether its files panic when they are synced.
#[derive(Clone, Default)]
struct Panicking {
    medium: Simulated,
    panics: Arc<AtomicBool>,
}

impl Media for Panicking {
    fn create_dir_all(&self, dir: &Path) -> Result<()> {
        self.medium.create_dir_all(dir)
    }

    fn open(&self, path: &Path, how: Open) -> Result<Box<dyn MediaFile>> {
        let file = self.medium.open(path, how)?;
        Ok(Box::new(File { file, panics: Arc::clone(&self.panics) }))
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
    panics: Arc<AtomicBool>,
}

impl MediaFile for File {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> Result<usize> {
        self.file.read_at(buffer, offset)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> Result<usize> {
        self.file.write_at(bytes, offset)
    }

    fn sync_data(&self) -> Result<()> {
        assert!(!self.panics.load(Ordering::Relaxed), "out of order");
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
    let media = Panicking::default();
    let open = || Db::<World>::builder().directory("world").media(media.clone()).open().unwrap();
    let db = open();
    db.spawn(Small::sample(1)).unwrap();
    db.sync().unwrap();
    media.panics.store(true, Ordering::Relaxed);
    for turn in 0..3 {
        let mut tx = db.begin();
        tx.spawn(Small::sample(2));
        let error = tx.commit_durable().unwrap_err();
        assert!(with_causes(&error).to_string().contains("the medium panicked"), "{turn}: {error:?}");
    }
    assert!(db.close().is_err());
    drop(db);
    media.panics.store(false, Ordering::Relaxed);
    assert!(!open().recovery().unwrap().was_closed, "a log that has failed is not closed");
}
