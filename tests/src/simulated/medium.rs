//! The simulated medium as running programs see it.
//!
//! Every call looks at the faults first, then at the live state, and is noted if it changes anything. It is deterministic:
//! what depends on time or chance is given by the test.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io::{Error, ErrorKind, Result};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use ecsdb::media::{Lock, Media, MediaFile, Open};

use super::fault::{Call, Failure, Fault};
use super::operation::{Node, Operation, Trace};
use super::state::State;

/// A medium in memory; see the [module](super). Clones are the same medium.
#[derive(Clone, Default)]
pub struct Simulated(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    start: State,
    state: State,
    operations: Vec<Operation>,
    calls: Vec<Call>,
    faults: Vec<Fault>,
    /// How often a fault has struck.
    struck: usize,
    locks: BTreeSet<PathBuf>,
}

impl Simulated {
    /// An empty medium.
    pub fn new() -> Self {
        Self::default()
    }

    /// A medium that holds `state`, usually an [image](State::image). Nobody holds a lock.
    pub fn of(state: State) -> Self {
        let inner = Inner { start: state.clone(), state, ..Inner::default() };
        Self(Arc::new(Mutex::new(inner)))
    }

    /// Lets calls fail. Calls are numbered from 0, all that were made so far included. Replaces earlier faults.
    pub fn set_faults(&self, faults: Vec<Fault>) {
        let mut inner = self.inner();
        inner.faults = faults;
        inner.struck = 0;
    }

    /// How many calls have failed, or done less than they should.
    pub fn struck(&self) -> usize {
        self.inner().struck
    }

    /// All calls so far.
    pub fn calls(&self) -> Vec<Call> {
        self.inner().calls.clone()
    }

    /// How many operations were noted so far. A position in the [`Trace`].
    pub fn operations(&self) -> usize {
        self.inner().operations.len()
    }

    /// All that happened so far.
    pub fn trace(&self) -> Trace {
        let inner = self.inner();
        Trace { start: inner.start.clone(), operations: inner.operations.clone() }
    }

    /// What the medium holds now.
    pub fn state(&self) -> State {
        self.inner().state.clone()
    }

    /// What a process leaves behind that is killed now: everything that it has written, and no lock.
    pub fn killed(&self) -> Self {
        Self::of(self.state())
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a call. Returns what is wrong with it, if it does less than it should.
    fn call(&self, call: Call) -> Result<(MutexGuard<'_, Inner>, Option<Failure>)> {
        let mut inner = self.inner();
        let failure = inner.count(call);
        match failure.and_then(|failure| failure.error(call)) {
            Some(error) => Err(error),
            None => Ok((inner, failure)),
        }
    }

    /// Lets the others go first: what they do now is not covered by the sync that has begun.
    fn sync(&self, call: Call, done: impl Fn(usize) -> Operation, lost: impl Fn(usize) -> Operation) -> Result<()> {
        let mut inner = self.inner();
        let failure = inner.count(call);
        let covers = inner.operations.len();
        drop(inner);
        std::thread::yield_now();
        let mut inner = self.inner();
        match failure.and_then(|failure| failure.error(call).map(|error| (failure, error))) {
            None => inner.note(done(covers)),
            Some((Failure::Stop, error)) => return Err(error),
            Some((_, error)) => {
                inner.note(lost(covers));
                return Err(error);
            }
        }
        Ok(())
    }
}

impl Inner {
    fn count(&mut self, call: Call) -> Option<Failure> {
        let number = self.calls.len();
        self.calls.push(call);
        let fault = self.faults.iter().find(|fault| fault.strikes(number, call))?;
        self.struck += 1;
        Some(fault.failure)
    }

    fn note(&mut self, operation: Operation) {
        self.state.apply(self.operations.len(), &operation);
        self.operations.push(operation);
    }

    fn node(&self, path: &Path) -> Result<Node> {
        self.state.names.get(path).copied().ok_or_else(|| Error::from(ErrorKind::NotFound))
    }

    fn demand_dir(&self, dir: Option<&Path>) -> Result<()> {
        match dir {
            Some(dir) if self.state.dirs.contains(dir) => Ok(()),
            _ => Err(Error::from(ErrorKind::NotFound)),
        }
    }

    fn create(&mut self, path: &Path) -> Result<Node> {
        self.demand_dir(path.parent())?;
        if self.state.dirs.contains(path) {
            return Err(Error::from(ErrorKind::IsADirectory));
        }
        let node = self.state.files.len();
        self.note(Operation::Create { path: path.to_owned(), node });
        Ok(node)
    }
}

impl Media for Simulated {
    fn create_dir_all(&self, dir: &Path) -> Result<()> {
        let (mut inner, _) = self.call(Call::CreateDir)?;
        let missing: Vec<&Path> = dir.ancestors().take_while(|dir| !inner.state.dirs.contains(*dir)).collect();
        for dir in missing.into_iter().rev() {
            if inner.state.names.contains_key(dir) {
                return Err(Error::from(ErrorKind::AlreadyExists));
            }
            inner.note(Operation::CreateDir(dir.to_owned()));
        }
        Ok(())
    }

    fn open(&self, path: &Path, how: Open) -> Result<Box<dyn MediaFile>> {
        let is_new = matches!(how, Open::CreateNew | Open::Truncate);
        let (mut inner, _) = self.call(if is_new { Call::Create } else { Call::Open })?;
        let node = match (inner.node(path), how) {
            (Ok(_), Open::CreateNew) => return Err(Error::from(ErrorKind::AlreadyExists)),
            (Ok(node), Open::Truncate) => {
                inner.note(Operation::SetLen { node, len: 0 });
                node
            }
            (Err(_), Open::CreateNew | Open::Truncate) => inner.create(path)?,
            (node, _) => node?,
        };
        Ok(Box::new(Handle { medium: self.clone(), node, is_writable: how != Open::Read }))
    }

    fn exists(&self, path: &Path) -> Result<bool> {
        let (inner, _) = self.call(Call::Exists)?;
        Ok(inner.state.names.contains_key(path) || inner.state.dirs.contains(path))
    }

    fn list(&self, dir: &Path) -> Result<Vec<OsString>> {
        let (inner, _) = self.call(Call::List)?;
        inner.demand_dir(Some(dir))?;
        let paths = inner.state.names.keys().chain(&inner.state.dirs);
        let within = paths.filter(|path| path.parent() == Some(dir));
        let mut names: Vec<OsString> = within.filter_map(|path| path.file_name()).map(OsString::from).collect();
        names.sort_unstable();
        Ok(names)
    }

    fn rename(&self, from: &Path, to: &Path) -> Result<()> {
        let (mut inner, _) = self.call(Call::Rename)?;
        inner.node(from)?;
        inner.demand_dir(to.parent())?;
        if inner.state.dirs.contains(to) {
            return Err(Error::from(ErrorKind::IsADirectory));
        }
        if from != to {
            inner.note(Operation::Rename { from: from.to_owned(), to: to.to_owned() });
        }
        Ok(())
    }

    fn rename_dir(&self, from: &Path, to: &Path) -> Result<()> {
        let (mut inner, _) = self.call(Call::Rename)?;
        inner.demand_dir(Some(from))?;
        inner.demand_dir(to.parent())?;
        if inner.state.dirs.contains(to) || inner.state.names.contains_key(to) {
            return Err(Error::from(ErrorKind::AlreadyExists));
        }
        assert!(inner.state.is_synced_below(from), "a directory is renamed when everything in it is synced");
        inner.note(Operation::RenameDir { from: from.to_owned(), to: to.to_owned() });
        Ok(())
    }

    fn remove(&self, path: &Path) -> Result<()> {
        let (mut inner, _) = self.call(Call::Remove)?;
        inner.node(path)?;
        inner.note(Operation::Remove { path: path.to_owned() });
        Ok(())
    }

    fn sync_dir(&self, dir: &Path) -> Result<()> {
        self.inner().demand_dir(Some(dir))?;
        let operation = |covers| Operation::SyncDir { dir: dir.to_owned(), covers };
        self.sync(Call::SyncDir, operation, |covers| Operation::LoseDir { dir: dir.to_owned(), covers })
    }

    fn lock(&self, path: &Path) -> Result<Lock> {
        let (mut inner, _) = self.call(Call::Lock)?;
        if inner.node(path).is_err() {
            inner.create(path)?;
        }
        if !inner.locks.insert(path.to_owned()) {
            return Err(Error::from(ErrorKind::WouldBlock));
        }
        Ok(Box::new(Held { medium: self.clone(), path: path.to_owned() }))
    }

    /// A millisecond later with each call of anything.
    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH
            + Duration::from_secs(1_700_000_000)
            + Duration::from_millis(self.inner().calls.len() as u64)
    }
}

/// A lock that is held. It dies with the process: an image knows nothing of it.
struct Held {
    medium: Simulated,
    path: PathBuf,
}

impl Drop for Held {
    fn drop(&mut self) {
        self.medium.inner().locks.remove(&self.path);
    }
}

/// An open file.
struct Handle {
    medium: Simulated,
    node: Node,
    is_writable: bool,
}

impl Handle {
    fn demand_writable(&self) -> Result<()> {
        if self.is_writable { Ok(()) } else { Err(Error::from(ErrorKind::PermissionDenied)) }
    }
}

/// Half of `len`, but something of something.
fn half(len: usize) -> usize {
    len.div_ceil(2)
}

impl MediaFile for Handle {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> Result<usize> {
        let (inner, failure) = self.medium.call(Call::Read)?;
        let live = &inner.state.files[self.node].live;
        let from = live.len().min(usize::try_from(offset).unwrap_or(usize::MAX));
        let mut len = buffer.len().min(live.len() - from);
        if failure.is_some() {
            len = half(len);
        }
        buffer[..len].copy_from_slice(&live[from..from + len]);
        Ok(len)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> Result<usize> {
        self.demand_writable()?;
        let mut inner = self.medium.inner();
        let failure = inner.count(Call::Write);
        let len = match failure {
            None => bytes.len(),
            Some(Failure::Stop) => 0,
            Some(_) => half(bytes.len()),
        };
        // A write that fails has never written everything: nobody could tell it from one that did not fail.
        let error = failure.and_then(|failure| failure.error(Call::Write));
        let len = if error.is_some() { len.min(bytes.len().saturating_sub(1)) } else { len };
        if len > 0 {
            inner.note(Operation::Write { node: self.node, offset, bytes: Arc::from(&bytes[..len]) });
        }
        error.map_or(Ok(len), Err)
    }

    fn sync_data(&self) -> Result<()> {
        let node = self.node;
        let done = |covers| Operation::SyncFile { node, covers };
        self.medium.sync(Call::SyncFile, done, |covers| Operation::LoseFile { node, covers })
    }

    fn len(&self) -> Result<u64> {
        let (inner, _) = self.medium.call(Call::Len)?;
        Ok(inner.state.files[self.node].live.len() as u64)
    }

    fn set_len(&self, len: u64) -> Result<()> {
        self.demand_writable()?;
        let (mut inner, _) = self.medium.call(Call::SetLen)?;
        inner.note(Operation::SetLen { node: self.node, len });
        Ok(())
    }
}
