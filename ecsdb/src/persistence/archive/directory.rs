//! An archive in a directory: on another disk, or on one of another machine.
//!
//! An object is written under a name of its own and renamed, so it is there as a whole or not at all. Whoever stores or removes
//! holds a lock of the archive meanwhile, so nobody takes a name that somebody else is about to take.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::sleep;
use std::time::Duration;

use super::{Archive, ArchiveError, Put, parts};
use crate::media::{Disk, Lock, Media};
use crate::persistence::error::IoFailure;
use crate::persistence::files;

/// What a file is called besides while it is written.
pub(super) const DRAFT: &str = ".new";

/// How often somebody who holds the lock is waited for, and how long each time. Whoever has it holds it for one object.
const ATTEMPTS: u32 = 2000;
const PAUSE: Duration = Duration::from_millis(10);

/// An archive in a directory, which is made when something is stored. See [`Archive`].
pub struct DirectoryArchive {
    media: Arc<dyn Media>,
    root: PathBuf,
}

debug_as!(DirectoryArchive);

impl DirectoryArchive {
    /// The archive in the directory `root` of the machine.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self::on(Arc::new(Disk), root)
    }

    /// The archive in the directory `root` of a medium.
    pub fn on(media: Arc<dyn Media>, root: impl Into<PathBuf>) -> Self {
        Self { media, root: root.into() }
    }

    fn lock(&self) -> Result<Lock, IoFailure> {
        let path = self.root.join("LOCK");
        for _ in 1..ATTEMPTS {
            match self.media.lock(&path) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => sleep(PAUSE),
                taken => return taken.map_err(IoFailure::io("lock", &path)),
            }
        }
        self.media.lock(&path).map_err(IoFailure::io("lock", &path))
    }

    fn exists(&self, path: &Path) -> Result<bool, IoFailure> {
        self.media.exists(path).map_err(IoFailure::io("look for", path))
    }

    fn store(&self, folder: &str, name: &str, bytes: &[u8]) -> Result<Put, IoFailure> {
        let (media, folder) = (&*self.media, self.root.join(folder));
        media.create_dir_all(&folder).map_err(IoFailure::io("make", &folder))?;
        let _alone = self.lock()?;
        let path = folder.join(name);
        if self.exists(&path)? {
            // Whoever stored it may have been stopped before its name was durable, and now somebody relies on it.
            files::sync_name(media, &path)?;
            return Ok(Put::Present);
        }
        files::replace(media, &folder.join(format!("{name}{DRAFT}")), &path, bytes)?;
        Ok(Put::Stored)
    }

    fn discard(&self, folder: &str, name: &str) -> Result<(), IoFailure> {
        let folder = self.root.join(folder);
        if !self.exists(&folder)? {
            return Ok(());
        }
        let _alone = self.lock()?;
        match files::remove(&*self.media, &folder.join(name)) {
            Err(failure) if failure.source.kind() == ErrorKind::NotFound => Ok(()),
            removed => removed,
        }
    }
}

impl Archive for DirectoryArchive {
    fn put_if_absent(&self, name: &str, bytes: &[u8]) -> Result<Put, ArchiveError> {
        let (folder, file) = parts(name)?;
        self.store(folder, file, bytes).map_err(ArchiveError::store("store", name))
    }

    fn get(&self, name: &str) -> Result<Vec<u8>, ArchiveError> {
        let (folder, file) = parts(name)?;
        let path = self.root.join(folder).join(file);
        files::read(&*self.media, &path).map_err(|failure| match failure.source.kind() {
            ErrorKind::NotFound => ArchiveError::Missing { name: name.to_owned() },
            _ => ArchiveError::store("read", name)(failure),
        })
    }

    fn list(&self, folder: &str) -> Result<Vec<String>, ArchiveError> {
        match self.media.list(&self.root.join(folder)) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(ArchiveError::store("list", folder)(error)),
            Ok(names) => {
                let names = names.iter().filter_map(|name| name.to_str());
                // Somebody else's names, and those of files that are written just now, are no objects.
                Ok(names.map(|name| format!("{folder}/{name}")).filter(|name| parts(name).is_ok()).collect())
            }
        }
    }

    fn remove(&self, name: &str) -> Result<(), ArchiveError> {
        let (folder, file) = parts(name)?;
        self.discard(folder, file).map_err(ArchiveError::store("remove", name))
    }
}
