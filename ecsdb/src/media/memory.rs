//! A medium in memory for models of the whole engine. Each call is a place where the scheduler may let another thread go on.
//!
//! What was not synced does not survive, of contents and of names; other media may keep some of it, but need not.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::io::{Error, ErrorKind, Result};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use super::{Lock, Media, MediaFile, Open};
use crate::sync::shim::{Mutex, lock};

/// A medium that is shared by those who have it.
#[derive(Clone, Default)]
pub struct Memory(Arc<Shared>);

debug_as!(Memory);

#[derive(Default)]
struct Shared {
    names: Mutex<Names>,
    /// Of the standard library: it is given back in drops, also in those of a model that has failed.
    locked: std::sync::Mutex<BTreeSet<PathBuf>>,
}

#[derive(Default)]
struct Names {
    dirs: BTreeSet<PathBuf>,
    now: BTreeMap<PathBuf, File>,
    kept: BTreeMap<PathBuf, File>,
}

#[derive(Clone, Default)]
struct File(Arc<Mutex<Contents>>);

#[derive(Clone, Default)]
struct Contents {
    now: Vec<u8>,
    kept: Vec<u8>,
}

impl Memory {
    /// What there is after the power has failed.
    pub fn survivor(&self) -> Self {
        let names = lock(&self.0.names);
        let kept = names.kept.iter().map(|(path, file)| {
            let kept = lock(&file.0).kept.clone();
            (path.clone(), File(Arc::new(Mutex::new(Contents { now: kept.clone(), kept }))))
        });
        let kept: BTreeMap<_, _> = kept.collect();
        let names = Names { dirs: names.dirs.clone(), now: kept.clone(), kept };
        Self(Arc::new(Shared { names: Mutex::new(names), locked: std::sync::Mutex::default() }))
    }
}

impl Media for Memory {
    fn create_dir_all(&self, dir: &Path) -> Result<()> {
        lock(&self.0.names).dirs.extend(dir.ancestors().map(Path::to_owned));
        Ok(())
    }

    fn open(&self, path: &Path, how: Open) -> Result<Box<dyn MediaFile>> {
        let mut names = lock(&self.0.names);
        let found = names.now.get(path).cloned();
        let file = match (how, found) {
            (Open::CreateNew, Some(_)) => return Err(ErrorKind::AlreadyExists.into()),
            (Open::Read | Open::Write, None) => return Err(ErrorKind::NotFound.into()),
            (_, Some(file)) => file,
            (_, None) => names.now.entry(path.to_owned()).or_default().clone(),
        };
        drop(names);
        if how == Open::Truncate {
            lock(&file.0).now.clear();
        }
        Ok(Box::new(file))
    }

    fn exists(&self, path: &Path) -> Result<bool> {
        let names = lock(&self.0.names);
        Ok(names.now.contains_key(path) || names.dirs.contains(path))
    }

    fn list(&self, dir: &Path) -> Result<Vec<OsString>> {
        let names = lock(&self.0.names);
        if !names.dirs.contains(dir) {
            return Err(ErrorKind::NotFound.into());
        }
        let paths = names.now.keys().chain(&names.dirs).filter(|path| path.parent() == Some(dir));
        let found: BTreeSet<_> = paths.filter_map(|path| path.file_name()).map(ToOwned::to_owned).collect();
        Ok(found.into_iter().collect())
    }

    fn rename(&self, from: &Path, to: &Path) -> Result<()> {
        let mut names = lock(&self.0.names);
        let file = names.now.remove(from).ok_or(ErrorKind::NotFound)?;
        names.now.insert(to.to_owned(), file);
        Ok(())
    }

    fn rename_dir(&self, _: &Path, _: &Path) -> Result<()> {
        Err(Error::new(ErrorKind::Unsupported, "no database renames a directory while it is open"))
    }

    fn remove(&self, path: &Path) -> Result<()> {
        lock(&self.0.names).now.remove(path).map(drop).ok_or(ErrorKind::NotFound.into())
    }

    fn sync_dir(&self, dir: &Path) -> Result<()> {
        let mut names = lock(&self.0.names);
        let Names { now, kept, .. } = &mut *names;
        let is_in = |path: &Path| path.parent() == Some(dir);
        kept.retain(|path, _| !is_in(path));
        kept.extend(now.iter().filter(|(path, _)| is_in(path)).map(|(path, file)| (path.clone(), file.clone())));
        Ok(())
    }

    fn lock(&self, path: &Path) -> Result<Lock> {
        if !self.0.locked.lock().expect("nobody panics").insert(path.to_owned()) {
            return Err(ErrorKind::WouldBlock.into());
        }
        Ok(Box::new(Locked(Arc::clone(&self.0), path.to_owned())))
    }

    fn now(&self) -> SystemTime {
        UNIX_EPOCH
    }
}

/// Ends a lock when it goes.
struct Locked(Arc<Shared>, PathBuf);

impl Drop for Locked {
    fn drop(&mut self) {
        self.0.locked.lock().expect("nobody panics").remove(&self.1);
    }
}

impl MediaFile for File {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> Result<usize> {
        let contents = lock(&self.0);
        let rest = contents.now.get(offset as usize..).unwrap_or_default();
        let len = rest.len().min(buffer.len());
        buffer[..len].copy_from_slice(&rest[..len]);
        Ok(len)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> Result<usize> {
        let mut contents = lock(&self.0);
        let range = offset as usize..offset as usize + bytes.len();
        if contents.now.len() < range.end {
            contents.now.resize(range.end, 0);
        }
        contents.now[range].copy_from_slice(bytes);
        Ok(bytes.len())
    }

    fn sync_data(&self) -> Result<()> {
        let mut contents = lock(&self.0);
        contents.kept = contents.now.clone();
        Ok(())
    }

    fn len(&self) -> Result<u64> {
        Ok(lock(&self.0).now.len() as u64)
    }

    fn set_len(&self, len: u64) -> Result<()> {
        lock(&self.0).now.resize(len as usize, 0);
        Ok(())
    }
}
