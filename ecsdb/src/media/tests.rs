//! The disk, in a temporary directory; and the helpers that work on any medium.

use core::sync::atomic::{AtomicUsize, Ordering};
use std::fs;
use std::path::PathBuf;
use std::sync::Mutex;

use super::*;

/// A directory that is removed when the test ends, also when it fails.
struct TempDir(PathBuf);

impl TempDir {
    fn new() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let dir = std::env::temp_dir().join(format!("ecsdb-media-tests-{}-{number}", std::process::id()));
        Disk.create_dir_all(&dir).unwrap();
        Self(dir)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for TempDir {
    fn drop(&mut self) {
        // What is left over is in nobody's way.
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn kind<T>(result: Result<T>) -> ErrorKind {
    result.err().expect("it fails").kind()
}

fn content(file: &dyn MediaFile) -> Vec<u8> {
    let mut bytes = vec![0; file.len().unwrap() as usize];
    file.read_exact_at(&mut bytes, 0).unwrap();
    bytes
}

#[test]
fn directories_are_made_with_those_above() {
    let dir = TempDir::new();
    let deep = dir.path("a/b/c");
    Disk.create_dir_all(&deep).unwrap();
    Disk.create_dir_all(&deep).unwrap();
    Disk.create_dir_all(&dir.path("a/b/d")).unwrap();
    assert!(deep.is_dir());
    assert_eq!(Disk.list(&dir.path("a/b")).unwrap(), ["c", "d"]);
    Disk.sync_dir(&dir.path("a/b")).unwrap();

    fs::write(dir.path("file"), "").unwrap();
    assert!(Disk.create_dir_all(&dir.path("file")).is_err(), "a file has the name");
    assert!(Disk.create_dir_all(&dir.path("file/in")).is_err(), "a file is no directory");
    assert!(fs::metadata(dir.path("file")).unwrap().is_file());
    assert_eq!(kind(Disk.list(&dir.path("none"))), ErrorKind::NotFound);
    assert_eq!(kind(Disk.sync_dir(&dir.path("none"))), ErrorKind::NotFound);
}

#[test]
fn the_root_and_the_working_directory_are_there() {
    for dir in ["/", ".", ""] {
        Disk.create_dir_all(Path::new(dir)).unwrap();
    }
}

#[test]
fn a_file_opens_only_as_asked() {
    let dir = TempDir::new();
    let path = dir.path("file");
    assert_eq!(kind(Disk.open(&path, Open::Read)), ErrorKind::NotFound);
    assert_eq!(kind(Disk.open(&path, Open::Write)), ErrorKind::NotFound);
    assert!(!Disk.exists(&path).unwrap());

    Disk.open(&path, Open::CreateNew).unwrap().write_all_at(b"first", 0).unwrap();
    assert!(Disk.exists(&path).unwrap());
    assert_eq!(kind(Disk.open(&path, Open::CreateNew)), ErrorKind::AlreadyExists);
    assert_eq!(content(&*Disk.open(&path, Open::Write).unwrap()), b"first", "writing keeps what is there");
    let reader = Disk.open(&path, Open::Read).unwrap();
    assert!(reader.write_at(b"x", 0).is_err(), "a reader does not write");
    assert_eq!(content(&*reader), b"first");
    assert_eq!(content(&*Disk.open(&path, Open::Truncate).unwrap()), b"");
    assert_eq!(content(&*Disk.open(&dir.path("other"), Open::Truncate).unwrap()), b"");
    assert_eq!(Disk.list(&dir.0).unwrap(), ["file", "other"]);
}

#[test]
fn bytes_are_read_where_they_were_written() {
    let dir = TempDir::new();
    let file = Disk.open(&dir.path("file"), Open::CreateNew).unwrap();
    file.write_all_at(b"world", 6).unwrap();
    assert_eq!(content(&*file), b"\0\0\0\0\0\0world");
    file.write_all_at(b"hello,", 0).unwrap();
    file.sync_data().unwrap();
    let mut two = [0; 2];
    assert_eq!(file.read_at(&mut two, 4).unwrap(), 2);
    assert_eq!(&two, b"o,");
    assert_eq!(file.read_at(&mut two, 10).unwrap(), 1, "the end of the file");
    assert_eq!(file.read_at(&mut two, 11).unwrap(), 0);
    assert_eq!(file.read_at(&mut two, 99).unwrap(), 0);
    assert_eq!(kind(file.read_exact_at(&mut two, 10)), ErrorKind::UnexpectedEof);

    file.set_len(5).unwrap();
    assert_eq!(content(&*file), b"hello");
    file.set_len(7).unwrap();
    assert_eq!((file.len().unwrap(), content(&*file)), (7, b"hello\0\0".to_vec()));
}

#[test]
fn names_move_and_go_and_open_files_stay() {
    let dir = TempDir::new();
    let (old, new) = (dir.path("old"), dir.path("new"));
    let file = Disk.open(&old, Open::CreateNew).unwrap();
    file.write_all_at(b"kept", 0).unwrap();
    Disk.open(&new, Open::CreateNew).unwrap();
    Disk.rename(&old, &new).unwrap();
    Disk.sync_dir(&dir.0).unwrap();
    assert_eq!(Disk.list(&dir.0).unwrap(), ["new"]);
    assert_eq!(kind(Disk.rename(&old, &new)), ErrorKind::NotFound);
    Disk.remove(&new).unwrap();
    assert_eq!(kind(Disk.remove(&new)), ErrorKind::NotFound);
    assert_eq!(content(&*file), b"kept");
}

#[test]
fn a_lock_is_held_once_and_refusals_do_not_end_it() {
    let dir = TempDir::new();
    let path = dir.path("LOCK");
    let lock = Disk.lock(&path).unwrap();
    // Each of these opens and closes the file, which ends the locks of systems that lock for a process.
    for _ in 0..3 {
        assert_eq!(kind(Disk.lock(&path)), ErrorKind::WouldBlock);
        drop(Disk.open(&path, Open::Read).unwrap());
    }
    drop(lock);
    assert!(Disk.exists(&path).unwrap(), "the file stays");
    drop(Disk.lock(&path).unwrap());
}

/// A file that reads and writes at most two bytes at a time and is often interrupted, up to a full medium.
struct Stutter {
    bytes: Mutex<Vec<u8>>,
    calls: AtomicUsize,
    room: usize,
}

impl Stutter {
    fn call(&self) -> Result<()> {
        match self.calls.fetch_add(1, Ordering::Relaxed) % 2 {
            0 => Err(ErrorKind::Interrupted.into()),
            _ => Ok(()),
        }
    }
}

impl MediaFile for Stutter {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> Result<usize> {
        self.call()?;
        let bytes = self.bytes.lock().unwrap();
        let from = bytes.len().min(offset as usize);
        let len = buffer.len().min(2).min(bytes.len() - from);
        buffer[..len].copy_from_slice(&bytes[from..from + len]);
        Ok(len)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> Result<usize> {
        self.call()?;
        let mut all = self.bytes.lock().unwrap();
        assert_eq!(all.len(), offset as usize, "it only appends");
        let len = bytes.len().min(2).min(self.room - all.len());
        all.extend_from_slice(&bytes[..len]);
        Ok(len)
    }

    fn sync_data(&self) -> Result<()> {
        Ok(())
    }

    fn len(&self) -> Result<u64> {
        Ok(self.bytes.lock().unwrap().len() as u64)
    }

    fn set_len(&self, _: u64) -> Result<()> {
        Err(ErrorKind::Unsupported.into())
    }
}

#[test]
fn short_and_interrupted_calls_are_continued() {
    let file = Stutter { bytes: Mutex::default(), calls: AtomicUsize::new(0), room: 7 };
    file.write_all_at(b"chunk", 0).unwrap();
    assert_eq!(content(&file), b"chunk");
    assert_eq!(kind(file.write_all_at(b"more", 5)), ErrorKind::WriteZero);
    assert_eq!(content(&file), b"chunkmo");
    assert_eq!(kind(file.read_exact_at(&mut [0; 8], 0)), ErrorKind::UnexpectedEof);
}
