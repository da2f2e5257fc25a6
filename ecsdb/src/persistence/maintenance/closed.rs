//! A directory that is held while something is done with it.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::error::MaintenanceError;
use crate::media::{Disk, Lock, Media};
use crate::persistence::archive::{Archive, ArchivedSegment, Archiver};
use crate::persistence::directory::Directory;
use crate::persistence::error::DirectoryError;

/// The directory of a database that is not open, held so that nobody opens it meanwhile.
///
/// ```
/// use ecsdb::archive::DirectoryArchive;
/// use ecsdb::maintenance::ClosedDirectory;
/// # use ecsdb::{Component, Db};
/// # #[derive(Component)] struct Purse { gold: u64 }
/// # ecsdb::schema! { World: Purse }
/// # let path = std::env::temp_dir().join(format!("ecsdb-closed-{}", std::process::id()));
/// # let (save, shelf) = (path.join("save"), path.join("shelf"));
/// let db = Db::<World>::open(&save)?;
/// db.spawn(Purse { gold: 1 })?;
/// assert!(ClosedDirectory::open(&save).is_err(), "the database has it");
/// drop(db);
///
/// let stored = ClosedDirectory::open(&save)?.archive_to(std::sync::Arc::new(DirectoryArchive::new(shelf)), None)?;
/// assert_eq!((stored.len(), stored[0].last), (1, 1));
/// # std::fs::remove_dir_all(path)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct ClosedDirectory {
    pub(super) media: Arc<dyn Media>,
    pub(super) directory: Directory,
    /// Nobody has it where nobody can write.
    _lock: Option<Lock>,
}

impl ClosedDirectory {
    /// Holds the directory at `path`, on the disks of the machine.
    ///
    /// # Errors
    /// If there is no database there, or it is open.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, MaintenanceError> {
        Self::open_on(Arc::new(Disk), path)
    }

    /// Holds the directory at `path` of a medium.
    ///
    /// # Errors
    /// As for [`Self::open`].
    pub fn open_on(media: Arc<dyn Media>, path: impl Into<PathBuf>) -> Result<Self, MaintenanceError> {
        let directory = Directory::new(path.into());
        let root = directory.root();
        let exists = |path: &Path| media.exists(path).map_err(DirectoryError::io("look for", path));
        if !exists(root)? {
            return Err(MaintenanceError::Missing { path: root.to_owned() });
        }
        if !exists(directory.wal())? {
            return Err(MaintenanceError::NoDatabase { path: root.to_owned() });
        }
        // A directory without the file was never open, and nothing is to be changed here.
        let path = directory.lock();
        let lock = if exists(&path)? { take(&*media, &path)? } else { None };
        Ok(Self { media, directory, _lock: lock })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.directory.root()
    }

    /// Refuses a directory that is not whole yet.
    pub(super) fn check_finished(&self) -> Result<(), DirectoryError> {
        self.directory.check_finished(&*self.media)
    }

    /// Stores every segment of the log in `archive`, compressed with the `level` of zstd if there is one and the build has it, and
    /// leaves the directory as it is. A database that has the archive [as its own](Archive) stores nothing any more until
    /// it is opened again. What is there already is not stored again.
    ///
    /// # Errors
    /// If a segment is damaged, or the archive refuses: what was stored before is there.
    pub fn archive_to(
        &self,
        archive: Arc<dyn Archive>,
        level: Option<i32>,
    ) -> Result<Vec<ArchivedSegment>, MaintenanceError> {
        self.check_finished()?;
        let wal = self.directory.wal();
        let (firsts, _) = self.directory.list(&*self.media).map_err(DirectoryError::io("list", wal))?;
        let mut archiver = Archiver::open(archive, &self.path().display().to_string(), level)?;
        let mut stored = Vec::new();
        for (index, first) in firsts.iter().enumerate() {
            let next = firsts.get(index + 1).copied();
            stored.extend(archiver.store_segment(&*self.media, &self.directory, *first, next)?);
        }
        Ok(stored)
    }
}

/// Takes the lock `path`; where nothing can be written, nobody needs it.
fn take(media: &dyn Media, path: &Path) -> Result<Option<Lock>, DirectoryError> {
    match media.lock(path) {
        Ok(lock) => Ok(Some(lock)),
        Err(error) if error.kind() == ErrorKind::WouldBlock => Err(DirectoryError::Locked { path: path.to_owned() }),
        Err(error) if matches!(error.kind(), ErrorKind::ReadOnlyFilesystem | ErrorKind::PermissionDenied) => Ok(None),
        Err(error) => Err(DirectoryError::io("lock", path)(error)),
    }
}
