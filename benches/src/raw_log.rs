//! The limits of a log: the same bytes, written and synced with nothing around.

use core::mem;
use std::fs::{File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

/// A file that bytes are written to, one after the other.
pub struct RawLog {
    file: File,
    /// Where the next bytes go, and where the zeros end, if there are any: then it begins anew.
    end: u64,
    filled: Option<u64>,
}

impl RawLog {
    /// An empty file, which every write makes longer.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn extending(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().read(true).write(true).create_new(true).open(path)?;
        Ok(Self { file, end: 0, filled: None })
    }

    /// A file with `bytes` bytes of zeros, synced, which are written over: a sync then has nothing to write but data.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn filled(path: &Path, bytes: u64) -> io::Result<Self> {
        let mut log = Self::extending(path)?;
        let zeros = vec![0; 1 << 20];
        for _ in 0..bytes.div_ceil(zeros.len() as u64) {
            log.file.write_all(&zeros)?;
        }
        log.file.sync_all()?;
        log.filled = Some(bytes);
        log.file.rewind()?;
        Ok(log)
    }

    /// Writes with one call of the system.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.filled.is_some_and(|filled| self.end + bytes.len() as u64 > filled) {
            self.end = 0;
            self.file.seek(SeekFrom::Start(0))?;
        }
        self.end += bytes.len() as u64;
        self.file.write_all(bytes)
    }

    /// Waits until what was written is on the disk.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }

    /// Writes and syncs.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn commit(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.write(bytes)?;
        self.sync()
    }
}

/// Commits of several threads, folded: one buffer, and one thread that writes it and syncs while the next one fills.
pub struct FoldedLog {
    shared: Arc<Shared>,
    syncer: Option<JoinHandle<()>>,
}

struct Shared {
    state: Mutex<State>,
    work: Condvar,
    /// For those whose batch has an even number, and an odd one: nobody is woken whose batch is the next.
    durable: [Condvar; 2],
}

struct State {
    buffer: Vec<u8>,
    /// The number of the batch that `buffer` becomes.
    batch: usize,
    /// The last batch that is durable.
    durable: usize,
    is_idle: bool,
    is_closing: bool,
}

impl FoldedLog {
    /// A log that writes to `log`.
    ///
    /// # Panics
    /// In the thread that syncs, if the file system fails.
    pub fn new(log: RawLog) -> Self {
        let state = State { buffer: Vec::new(), batch: 1, durable: 0, is_idle: false, is_closing: false };
        let shared = Arc::new(Shared {
            state: Mutex::new(state),
            work: Condvar::new(),
            durable: [Condvar::new(), Condvar::new()],
        });
        let syncer = std::thread::spawn({
            let shared = Arc::clone(&shared);
            move || shared.run(log)
        });
        Self { shared, syncer: Some(syncer) }
    }

    /// Waits until `bytes` are on the disk.
    pub fn commit(&self, bytes: &[u8]) {
        let mut state = self.shared.lock();
        state.buffer.extend_from_slice(bytes);
        let batch = state.batch;
        if mem::take(&mut state.is_idle) {
            self.shared.work.notify_one();
        }
        let durable = &self.shared.durable[batch % 2];
        drop(durable.wait_while(state, |state| state.durable < batch).unwrap_or_else(PoisonError::into_inner));
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(&self, mut log: RawLog) {
        let mut written = Vec::new();
        let mut state = self.lock();
        loop {
            while state.buffer.is_empty() && !state.is_closing {
                state.is_idle = true;
                state = self.work.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
            if state.buffer.is_empty() {
                return;
            }
            written.clear();
            mem::swap(&mut written, &mut state.buffer);
            let batch = state.batch;
            state.batch += 1;
            drop(state);
            log.commit(&written).expect("the file system writes");
            state = self.lock();
            state.durable = batch;
            self.durable[batch % 2].notify_all();
        }
    }
}

impl Drop for FoldedLog {
    fn drop(&mut self) {
        self.shared.lock().is_closing = true;
        self.shared.work.notify_one();
        if let Some(syncer) = self.syncer.take() {
            assert!(syncer.join().is_ok(), "the thread that syncs panicked");
        }
    }
}
