//! A directory that is held while something is done with it.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;

use super::error::MaintenanceError;
use super::report::Damage;
use crate::media::{Disk, Lock, Media};
use crate::persistence::archive::{Archive, ArchiveError, ArchivedSegment, ArchivedSnapshot, Archiver, StoredSegment};
use crate::persistence::directory::Directory;
use crate::persistence::error::{DirectoryError, IoFailure};

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
/// assert_eq!((stored.segments.len(), stored.segments[0].last), (1, 1));
/// # std::fs::remove_dir_all(path)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct ClosedDirectory {
    pub(super) media: Arc<dyn Media>,
    pub(super) directory: Directory,
    hold: Mutex<Hold>,
}

debug_as!(ClosedDirectory);

/// Whether nobody opens a directory meanwhile.
enum Hold {
    /// Nobody can.
    Held { _lock: Lock },
    /// There was no file to lock, and who only looks makes none.
    NoFile,
    /// The system does not let us have the lock.
    Denied,
}

impl ClosedDirectory {
    /// Holds the directory at `path`, on the disks of the machine.
    ///
    /// Nothing is changed in it. So one without a file `LOCK`, such as a backup that nobody has opened, is not locked before something
    /// is to be done that changes it; nor is one whose `LOCK` the system does not let us open. [`Self::is_locked`] tells.
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
        if !exists(&*media, root)? {
            return Err(MaintenanceError::Missing { path: root.to_owned() });
        }
        if !directory.holds_anything(&*media).map_err(IoFailure::io("look into", root))? {
            return Err(MaintenanceError::NoDatabase { path: root.to_owned() });
        }
        let hold = match exists(&*media, &directory.lock())? {
            false => Hold::NoFile,
            true => match take(&*media, &directory) {
                Ok(hold) => hold,
                Err(DirectoryError::Io(failure)) if is_denied(&failure.source) => Hold::Denied,
                Err(error) => return Err(error.into()),
            },
        };
        Ok(Self { media, directory, hold: Mutex::new(hold) })
    }

    /// Whether the directory is locked, so that nobody opens it meanwhile. If not, what is said of it may be out of date at once.
    pub fn is_locked(&self) -> bool {
        matches!(*self.hold(), Hold::Held { .. })
    }

    /// Locks the directory if it is not: something is to be changed in it, or to be told to others.
    pub(super) fn lock(&self) -> Result<(), MaintenanceError> {
        let mut hold = self.hold();
        if matches!(*hold, Hold::Held { .. }) {
            return Ok(());
        }
        if matches!(*hold, Hold::NoFile) && exists(&*self.media, &self.directory.lock())? {
            // Whoever made the file may have it open; and if not, what was seen before is old.
            drop(take(&*self.media, &self.directory)?);
            return Err(MaintenanceError::OpenedSince { path: self.path().to_owned() });
        }
        *hold = take(&*self.media, &self.directory)?;
        Ok(())
    }

    fn hold(&self) -> MutexGuard<'_, Hold> {
        self.hold.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.directory.root()
    }

    /// Refuses a directory that is not whole yet.
    pub(super) fn check_finished(&self) -> Result<(), DirectoryError> {
        self.directory.check_finished(&*self.media)
    }

    /// Stores every complete snapshot file and every segment of the log in `archive`, compressed with the `level` of zstd if there is one and the build has it, and
    /// leaves the directory as it is. A database that has the archive [as its own](Archive) stores nothing any more until
    /// it is opened again. What is there already is not stored again.
    ///
    /// # Errors
    /// If a segment is damaged and no snapshot file makes up for it, a repair was begun and not finished, the directory cannot be locked, or
    /// the archive refuses: what was stored before is there.
    pub fn archive_to(&self, archive: Arc<dyn Archive>, level: Option<i32>) -> Result<Stored, MaintenanceError> {
        self.lock()?;
        self.check_finished()?;
        self.check_repaired()?;
        let (media, directory) = (&*self.media, &self.directory);
        let (firsts, _) = directory.list(media).map_err(IoFailure::io("list", directory.wal()))?;
        let listed = directory.list_snapshots(media);
        let (versions, _) = listed.map_err(IoFailure::io("list", directory.snapshots()))?;
        let mut archiver = Archiver::open(archive, &self.path().display().to_string(), level)?;
        let mut stored = Stored::default();
        // One of version 0 holds nothing.
        for version in versions.into_iter().filter(|version| *version > 0) {
            match archiver.store_snapshot(media, directory, version) {
                Ok(snapshot) => stored.snapshots.extend(snapshot),
                Err(ArchiveError::File(error)) if error.damage().is_some() => {
                    let meaning = "it is not archived; an opening and a restore pass it over";
                    stored.damages.push(Damage::of(*error)?.meaning(meaning));
                }
                Err(error) => return Err(error.into()),
            }
        }
        let held = stored.snapshots.last().map(|snapshot| snapshot.version);
        for (index, first) in firsts.iter().enumerate() {
            let next = firsts.get(index + 1).copied();
            let StoredSegment { segments, missing } = archiver.store_segment(media, directory, *first, next, held)?;
            stored.segments.extend(segments);
            stored.missing.extend(missing);
        }
        Ok(stored)
    }

    /// Refuses a directory of which a repair has not come to its end.
    fn check_repaired(&self) -> Result<(), DirectoryError> {
        match self.directory.is_in_repair(&*self.media)? {
            true => Err(DirectoryError::InRepair { path: self.path().to_owned() }),
            false => Ok(()),
        }
    }
}

/// What [`ClosedDirectory::archive_to`] has stored, or found stored.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Stored {
    /// The segments of the log, in order.
    pub segments: Vec<ArchivedSegment>,
    /// The complete snapshot files, in the order of their versions. Those that go on from another one are not stored: the log has what is in
    /// them.
    pub snapshots: Vec<ArchivedSnapshot>,
    /// Versions that cannot be read, or that a repair has left out: the first and the last one of each run. They are not in the archive, and
    /// a snapshot file makes up for them.
    pub missing: Vec<(u64, u64)>,
    /// Snapshot files that are damaged.
    pub damages: Vec<Damage>,
}

impl Stored {
    /// Whether everything is stored that the directory should have.
    pub fn is_fine(&self) -> bool {
        self.missing.is_empty() && self.damages.is_empty()
    }
}

fn exists(media: &dyn Media, path: &Path) -> Result<bool, IoFailure> {
    media.exists(path).map_err(IoFailure::io("look for", path))
}

/// Takes the lock of `directory`. Its file is made if there is none.
fn take(media: &dyn Media, directory: &Directory) -> Result<Hold, DirectoryError> {
    directory.take_lock(media).map(|lock| Hold::Held { _lock: lock })
}

/// Whether the system does not let us.
fn is_denied(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::ReadOnlyFilesystem | ErrorKind::PermissionDenied)
}
