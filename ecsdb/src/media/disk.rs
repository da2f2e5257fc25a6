//! The file system of the machine.
//!
//! Calls the system and nothing else: no buffers, no retries, no state.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Error, ErrorKind, Result};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::{Lock, Media, MediaFile, Open};

/// The file system of the machine. Relative paths start at the working directory of the process.
///
/// It keeps the promises of the [module](super) on local file systems of Linux and macOS whose disk does not lie about its cache.
/// On Windows directories cannot be synced; names survive as soon as the file system has written its journal.
///
/// ```
/// use ecsdb::media::{Disk, Media};
///
/// let path = std::env::temp_dir().join(format!("ecsdb-lock-{}", std::process::id()));
/// let lock = Disk.lock(&path)?;
/// assert!(Disk.lock(&path).is_err(), "also within one process");
/// drop(lock);
/// assert!(Disk.lock(&path).is_ok());
/// # std::fs::remove_file(path)?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Disk;

impl Media for Disk {
    fn create_dir_all(&self, dir: &Path) -> Result<()> {
        let Some(parent) = parent(dir) else { return Ok(()) };
        if dir.is_dir() {
            // Whoever made it may have been killed before it was synced. A parent that cannot be read was made by somebody
            // else, together with what is in it.
            return match self.sync_dir(parent) {
                Err(error) if error.kind() == ErrorKind::PermissionDenied => Ok(()),
                result => result,
            };
        }
        // From the top down: a directory is made only when the one above it survives, so at most the deepest one that is found
        // may not have been synced.
        self.create_dir_all(parent)?;
        match fs::create_dir(dir) {
            // Somebody was faster.
            Err(error) if error.kind() == ErrorKind::AlreadyExists && dir.is_dir() => {}
            result => result?,
        }
        self.sync_dir(parent)
    }

    fn open(&self, path: &Path, how: Open) -> Result<Box<dyn MediaFile>> {
        let mut options = OpenOptions::new();
        options.read(true);
        match how {
            Open::Read => &mut options,
            Open::Write => options.write(true),
            Open::CreateNew => options.write(true).create_new(true),
            Open::Truncate => options.write(true).create(true).truncate(true),
        };
        Ok(Box::new(DiskFile(options.open(path)?)))
    }

    fn exists(&self, path: &Path) -> Result<bool> {
        fs::exists(path)
    }

    fn list(&self, dir: &Path) -> Result<Vec<OsString>> {
        let mut names = fs::read_dir(dir)?.map(|entry| Ok(entry?.file_name())).collect::<Result<Vec<_>>>()?;
        names.sort_unstable();
        Ok(names)
    }

    fn rename(&self, from: &Path, to: &Path) -> Result<()> {
        fs::rename(from, to)
    }

    fn rename_dir(&self, from: &Path, to: &Path) -> Result<()> {
        fs::rename(from, to)?;
        parent(to).map_or(Ok(()), |parent| self.sync_dir(parent))
    }

    fn remove(&self, path: &Path) -> Result<()> {
        fs::remove_file(path)
    }

    fn resolve(&self, path: &Path) -> Result<PathBuf> {
        let path = std::path::absolute(path)?;
        for there in path.ancestors() {
            match fs::canonicalize(there) {
                // What is not there is no link.
                Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {}
                found => {
                    let rest = path.strip_prefix(there).unwrap_or(Path::new(""));
                    return found.map(|found| found.join(rest));
                }
            }
        }
        Ok(path)
    }

    fn sync_dir(&self, dir: &Path) -> Result<()> {
        if cfg!(windows) {
            return Ok(());
        }
        File::open(dir)?.sync_all()
    }

    fn lock(&self, path: &Path) -> Result<Lock> {
        let file = match OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path) {
            // Who may only read what is there can lock it all the same.
            Err(error) if matches!(error.kind(), ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem) => {
                File::open(path).map_err(|_| error)?
            }
            opened => opened?,
        };
        // A lock of this open file, not of the process: it excludes other openings by this process, and no other file that is
        // closed can end it.
        match file.try_lock() {
            Ok(()) => Ok(Box::new(file)),
            Err(TryLockError::WouldBlock) => Err(Error::from(ErrorKind::WouldBlock)),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    fn now(&self) -> SystemTime {
        SystemTime::now()
    }
}

/// The directory in which `path` stands; none for the root and for the working directory.
fn parent(path: &Path) -> Option<&Path> {
    let parent = path.parent()?;
    Some(if parent.as_os_str().is_empty() { Path::new(".") } else { parent })
}

/// A file of the machine.
struct DiskFile(File);

impl MediaFile for DiskFile {
    #[cfg(unix)]
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> Result<usize> {
        std::os::unix::fs::FileExt::read_at(&self.0, buffer, offset)
    }

    #[cfg(windows)]
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> Result<usize> {
        std::os::windows::fs::FileExt::seek_read(&self.0, buffer, offset)
    }

    #[cfg(not(any(unix, windows)))]
    fn read_at(&self, _: &mut [u8], _: u64) -> Result<usize> {
        Err(Error::from(ErrorKind::Unsupported))
    }

    #[cfg(unix)]
    fn write_at(&self, bytes: &[u8], offset: u64) -> Result<usize> {
        std::os::unix::fs::FileExt::write_at(&self.0, bytes, offset)
    }

    #[cfg(windows)]
    fn write_at(&self, bytes: &[u8], offset: u64) -> Result<usize> {
        std::os::windows::fs::FileExt::seek_write(&self.0, bytes, offset)
    }

    #[cfg(not(any(unix, windows)))]
    fn write_at(&self, _: &[u8], _: u64) -> Result<usize> {
        Err(Error::from(ErrorKind::Unsupported))
    }

    fn sync_data(&self) -> Result<()> {
        // With the length, which `fdatasync` takes for data.
        self.0.sync_data()
    }

    fn len(&self) -> Result<u64> {
        Ok(self.0.metadata()?.len())
    }

    fn set_len(&self, len: u64) -> Result<()> {
        self.0.set_len(len)
    }
}
