//! Where files are: the one door between the database and the outside.
//!
//! [`Media`] is as much of a file system as a log needs, and [`Disk`] is the real one. Tests put a simulated one in its
//! place, which loses what was not synced. Nothing here knows what is in the files.
//!
//! # What a medium promises
//!
//! A process that is killed loses nothing that it has written. When the power fails, the following holds:
//!
//! - What was written to a file **survives if a later [`MediaFile::sync_data`] of the file has returned**, together with
//!   the length of the file. Of writes that no sync has covered, any may survive and any may be lost, in any order, and each
//!   may be torn at any byte. Bytes beside those that were written do not change. The new length of a file may survive
//!   without what was written there; then zeros are read.
//! - The name of a file **survives if a later [`Media::sync_dir`] of its directory has returned**: so does its removal, and so
//!   does a rename. Syncing the file does not keep its name. Until then any of them may be lost, in any order; a
//!   rename happens as a whole or not at all.
//! - A sync that fails has kept nothing, and syncing again is no remedy: the system may have given up what it could not write.
//! - A write that fails may have written a part.
//!
//! # Examples
//!
//! A file that is there as a whole or not at all, whatever happens:
//!
//! ```
//! use std::path::Path;
//!
//! use ecsdb::media::{Disk, Media, Open};
//!
//! fn replace(media: &dyn Media, dir: &Path, name: &str, text: &str) -> std::io::Result<()> {
//!     let draft = dir.join(format!("{name}.new"));
//!     let file = media.open(&draft, Open::Truncate)?;
//!     file.write_all_at(text.as_bytes(), 0)?;
//!     // First what is in it, then its name.
//!     file.sync_data()?;
//!     media.rename(&draft, &dir.join(name))?;
//!     media.sync_dir(dir)
//! }
//!
//! let dir = std::env::temp_dir().join(format!("ecsdb-media-{}", std::process::id()));
//! Disk.create_dir_all(&dir)?;
//! replace(&Disk, &dir, "motd", "Welcome!")?;
//! assert_eq!(Disk.list(&dir)?, ["motd"]);
//! # std::fs::remove_dir_all(dir)?;
//! # Ok::<(), std::io::Error>(())
//! ```

mod disk;
#[cfg(all(test, ecsdb_shuttle))]
pub mod memory;
// Miri opens no directories.
#[cfg(all(test, not(miri)))]
mod tests;

use std::ffi::OsString;
use std::io::{Error, ErrorKind, Result};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

pub use disk::Disk;

/// How a file is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Open {
    /// To read. The file must exist.
    Read,
    /// To read and write. The file must exist.
    Write,
    /// To read and write. The file must not exist, and is made.
    CreateNew,
    /// To read and write. The file is made if it does not exist, and emptied if it does.
    Truncate,
}

/// A lock that ends when it is dropped, or when the process ends, in whatever way.
pub type Lock = Box<dyn Send + Sync>;

/// A file system, as far as a database needs one. The [module](self) says what survives a loss of power.
///
/// All methods may be called from any thread. Paths are given whole, as the caller of the database has put them together;
/// relative ones start where the medium says.
///
/// # Errors
/// Those of the system, unchanged: the caller knows the path and says it.
pub trait Media: Send + Sync {
    /// Makes the directory `dir`, and those above it that are missing. A directory that is there is left as it is. Unlike
    /// files, these directories survive as soon as this returns.
    ///
    /// # Errors
    /// If something else has the name, or the system refuses.
    fn create_dir_all(&self, dir: &Path) -> Result<()>;

    /// Opens a file.
    ///
    /// # Errors
    /// [`NotFound`](ErrorKind::NotFound) and [`AlreadyExists`](ErrorKind::AlreadyExists) as [`Open`] says; or the system
    /// refuses.
    fn open(&self, path: &Path, how: Open) -> Result<Box<dyn MediaFile>>;

    /// Whether there is a file or a directory at `path`.
    ///
    /// # Errors
    /// If the system cannot tell.
    fn exists(&self, path: &Path) -> Result<bool>;

    /// The names of all files and directories in `dir`, in ascending order, without `dir` itself.
    ///
    /// # Errors
    /// [`NotFound`](ErrorKind::NotFound) if there is no such directory; or the system refuses.
    fn list(&self, dir: &Path) -> Result<Vec<OsString>>;

    /// Gives the file `from` the name `to`. A file that had this name is replaced, without a moment at which there is none.
    /// Both names should be in the same directory: of two directories, both have to be synced.
    ///
    /// # Errors
    /// [`NotFound`](ErrorKind::NotFound) if there is no `from`; or the system refuses.
    fn rename(&self, from: &Path, to: &Path) -> Result<()>;

    /// Gives the directory `from` the name `to`, which nothing has, in the same directory. Everything in it has been synced before. Like
    /// directories that are made, it survives under its new name as soon as this returns.
    ///
    /// # Errors
    /// [`NotFound`](ErrorKind::NotFound) if there is no `from`; if something has the name `to`; or the system refuses.
    fn rename_dir(&self, from: &Path, to: &Path) -> Result<()>;

    /// Removes the file `path`. Who has it open may go on reading.
    ///
    /// # Errors
    /// [`NotFound`](ErrorKind::NotFound) if there is none; or the system refuses.
    fn remove(&self, path: &Path) -> Result<()>;

    /// Makes the names in `dir` survive: of files that were made, renamed and removed there before this call.
    ///
    /// # Errors
    /// If any of them may be lost. Trying again is no remedy.
    fn sync_dir(&self, dir: &Path) -> Result<()>;

    /// Takes the exclusive lock `path`, a file that is made if it does not exist and stays when the lock ends. Every second
    /// claim is refused, in whichever process, also in this one. Never waits.
    ///
    /// # Errors
    /// [`WouldBlock`](ErrorKind::WouldBlock) if somebody has it; or the system refuses.
    fn lock(&self, path: &Path) -> Result<Lock>;

    /// `path` as it is where nothing leads elsewhere: from the root on, without links and steps up, also where there is nothing there yet. Two
    /// paths of one place are the same then. As it stands it returns `path`, which suits a medium without links.
    ///
    /// # Errors
    /// If the system cannot tell.
    fn resolve(&self, path: &Path) -> Result<PathBuf> {
        Ok(path.to_owned())
    }

    /// The time of day. It may jump, and go back.
    fn now(&self) -> SystemTime;
}

/// An open file. It is closed when this is dropped, which syncs nothing.
#[expect(
    clippy::len_without_is_empty,
    reason = "the length is a question to the system, not a property of a collection"
)]
pub trait MediaFile: Send + Sync {
    /// Reads from byte `offset` into `buffer` and returns how many bytes were read. They may be fewer than were asked for, but 0
    /// only at or behind the end of the file, or if `buffer` is empty.
    ///
    /// # Errors
    /// If the system cannot read.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> Result<usize>;

    /// Writes `bytes` at byte `offset` and returns how many were written; they may be fewer than were given. A file that is
    /// too short grows, with zeros between.
    ///
    /// # Errors
    /// If the system cannot write. Any part of `bytes` may have been written.
    fn write_at(&self, bytes: &[u8], offset: u64) -> Result<usize>;

    /// Makes everything survive that was written to the file before this call, by whomever, and its length. Writes may go on
    /// meanwhile on other threads; whether they are covered is not known.
    ///
    /// # Errors
    /// If anything of it may be lost. Trying again is no remedy.
    fn sync_data(&self) -> Result<()>;

    /// The length of the file in bytes.
    ///
    /// # Errors
    /// If the system cannot tell.
    fn len(&self) -> Result<u64>;

    /// Cuts the file off at byte `len`, or makes it as long with zeros.
    ///
    /// # Errors
    /// If the system refuses. The file may have any length between the two.
    fn set_len(&self, len: u64) -> Result<()>;

    /// Fills `buffer` from byte `offset`.
    ///
    /// # Errors
    /// [`UnexpectedEof`](ErrorKind::UnexpectedEof) if the file ends before; or as for [`Self::read_at`].
    fn read_exact_at(&self, mut buffer: &mut [u8], mut offset: u64) -> Result<()> {
        while !buffer.is_empty() {
            match self.read_at(buffer, offset) {
                Ok(0) => return Err(Error::from(ErrorKind::UnexpectedEof)),
                Ok(len) => {
                    buffer = &mut buffer[len..];
                    offset += len as u64;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Writes all of `bytes` at byte `offset`, in as many writes as it takes. Usually that is one.
    ///
    /// # Errors
    /// [`WriteZero`](ErrorKind::WriteZero) if the medium takes no more bytes without a reason; or as for [`Self::write_at`].
    fn write_all_at(&self, mut bytes: &[u8], mut offset: u64) -> Result<()> {
        while !bytes.is_empty() {
            match self.write_at(bytes, offset) {
                Ok(0) => return Err(Error::from(ErrorKind::WriteZero)),
                Ok(len) => {
                    bytes = &bytes[len..];
                    offset += len as u64;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}
