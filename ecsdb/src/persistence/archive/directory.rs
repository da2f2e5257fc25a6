//! An archive in a directory: on another disk, or on one of another machine.
//!
//! An object is written under a name of its own and renamed, so it is there as a whole or not at all. Whoever stores or removes
//! holds a lock of the archive meanwhile, so nobody takes a name that somebody else is about to take.

use std::io::{self, ErrorKind};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::sleep;
use std::time::Duration;

use super::{Archive, ArchiveError, Put, parts};
use crate::media::{Disk, Lock, Media, Open};

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

    fn lock(&self) -> io::Result<Lock> {
        let path = self.root.join("LOCK");
        for _ in 1..ATTEMPTS {
            match self.media.lock(&path) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => sleep(PAUSE),
                taken => return taken,
            }
        }
        self.media.lock(&path)
    }

    fn store(&self, folder: &str, name: &str, bytes: &[u8]) -> io::Result<Put> {
        let folder = self.root.join(folder);
        self.media.create_dir_all(&folder)?;
        let _alone = self.lock()?;
        let path = folder.join(name);
        if self.media.exists(&path)? {
            // Whoever stored it may have been stopped before its name was durable, and now somebody relies on it.
            self.media.sync_dir(&folder)?;
            return Ok(Put::Present);
        }
        let draft = folder.join(format!("{name}{DRAFT}"));
        let file = self.media.open(&draft, Open::Truncate)?;
        file.write_all_at(bytes, 0)?;
        file.sync_data()?;
        self.media.rename(&draft, &path)?;
        self.media.sync_dir(&folder)?;
        Ok(Put::Stored)
    }

    fn fetch(&self, folder: &str, name: &str) -> io::Result<Vec<u8>> {
        let file = self.media.open(&self.root.join(folder).join(name), Open::Read)?;
        let mut bytes = vec![0; usize::try_from(file.len()?).unwrap_or(usize::MAX)];
        file.read_exact_at(&mut bytes, 0)?;
        Ok(bytes)
    }

    fn discard(&self, folder: &str, name: &str) -> io::Result<()> {
        let folder = self.root.join(folder);
        if !self.media.exists(&folder)? {
            return Ok(());
        }
        let _alone = self.lock()?;
        match self.media.remove(&folder.join(name)) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
            Ok(()) => self.media.sync_dir(&folder),
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
        self.fetch(folder, file).map_err(|error| match error.kind() {
            ErrorKind::NotFound => ArchiveError::Missing { name: name.to_owned() },
            _ => ArchiveError::store("read", name)(error),
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
