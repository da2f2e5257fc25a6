//! Where finished parts of a log go when their directory needs them no longer.
//!
//! An archive is a set of named objects that are stored once and never changed. Owns what objects are called and what is in
//! them ([`docs/wal.md`] says it byte by byte), and that two databases never take each other's place. It never removes anything
//! by itself.
//!
//! - [`Archive`]: what an archive can do; [`DirectoryArchive`]: one in a directory; `object_store`: one in an object store
//! - `name`: what the name of an object says, so that nobody has to open it
//! - `snapshots`: the same of snapshot files, which are stored in parts
//! - `archiver`: the side that stores, with its claim to be the only one; `storing`: how it stores snapshot files
//!
//! [`docs/wal.md`]: https://github.com/ecsdb/ecsdb/blob/main/docs/wal.md

mod archiver;
mod directory;
mod name;
#[cfg(feature = "object-store")]
mod object_store;
mod snapshots;
mod storing;
#[cfg(all(test, not(ecsdb_loom)))]
mod tests;

use std::error::Error;

use thiserror::Error;

#[cfg(feature = "object-store")]
pub use self::object_store::ObjectArchive;
pub(crate) use archiver::{Archiver, StoredSegment};
pub use directory::DirectoryArchive;
pub use name::ArchivedSegment;
pub use snapshots::{ArchivedSnapshot, SnapshotPart};

/// A store of named objects, somewhere else than the directory of the database.
///
/// A name is a folder and a name in it: `segments/0001`, of letters, digits and `-`, `_`, `.`. Objects appear as a whole or not at
/// all, and once they are there they never change. Calls block, and may be made from any thread; the database makes them from one
/// that nobody waits for.
///
/// ```
/// use ecsdb::archive::{Archive, DirectoryArchive, Put};
///
/// # let path = std::env::temp_dir().join(format!("ecsdb-archive-{}", std::process::id()));
/// let archive = DirectoryArchive::new(&path);
/// assert_eq!(archive.put_if_absent("notes/first", b"hello")?, Put::Stored);
/// assert_eq!(archive.put_if_absent("notes/first", b"other")?, Put::Present);
/// assert_eq!(archive.get("notes/first")?, b"hello");
/// assert_eq!(archive.list("notes")?, ["notes/first"]);
/// # std::fs::remove_dir_all(path)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Archive: Send + Sync {
    /// Stores `bytes` under `name`, durably, unless something has that name. Two callers that try at the same time do not both
    /// succeed: that is what keeps two databases apart.
    ///
    /// # Errors
    /// If the archive refuses. The object is there as a whole then, or not at all.
    fn put_if_absent(&self, name: &str, bytes: &[u8]) -> Result<Put, ArchiveError>;

    /// What is stored under `name`.
    ///
    /// # Errors
    /// [`ArchiveError::Missing`] if there is nothing; or the archive refuses.
    fn get(&self, name: &str) -> Result<Vec<u8>, ArchiveError>;

    /// The names of all objects in `folder`, each with the folder, in ascending order. A folder that nobody has stored anything
    /// in is empty.
    ///
    /// # Errors
    /// If the archive refuses.
    fn list(&self, folder: &str) -> Result<Vec<String>, ArchiveError>;

    /// Removes the object `name`. One that is not there is removed already.
    ///
    /// # Errors
    /// If the archive refuses.
    fn remove(&self, name: &str) -> Result<(), ArchiveError>;
}

/// What has become of an object that was to be stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Put {
    /// It is stored.
    Stored,
    /// Something has that name already, and was left as it is.
    Present,
}

/// Why something could not be archived, or fetched again.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ArchiveError {
    /// The store behind the archive refused. Trying again later does no harm.
    #[error("cannot {action} {name} in the archive")]
    Store {
        /// What was to be done.
        action: &'static str,
        /// The object or folder.
        name: String,
        /// What the store says.
        source: Box<dyn Error + Send + Sync>,
    },
    /// There is no such object.
    #[error("the archive has no {name}")]
    Missing {
        /// The object.
        name: String,
    },
    /// A name that no object can have.
    #[error("`{name}` cannot be the name of an object: use a folder and a name, of letters, digits, `-`, `_` and `.`")]
    Name {
        /// The name.
        name: String,
    },
    /// An object does not hold what its name says.
    #[error("{name} in the archive is damaged: {what}")]
    Damaged {
        /// The object.
        name: String,
        /// What is wrong with it.
        what: String,
    },
    /// Another object has the name of one that was to be stored.
    #[error("the archive has something else under the name {name}: two databases may not share an archive")]
    Taken {
        /// The name.
        name: String,
    },
    /// Another database has opened the archive since. This one stores nothing any more, so that its objects and those of the
    /// other one are not mixed up. Whichever is to go on has to be opened again, alone.
    #[error("the archive belongs to writer {found} now, this is writer {own}: another database was opened with it")]
    Fenced {
        /// The number that this database has in the archive.
        own: u64,
        /// The number of the one that has come since.
        found: u64,
    },
    /// An object is compressed, and this build cannot read it.
    #[error("{name} in the archive is compressed: use a build with the feature `zstd`")]
    Compressed {
        /// The object.
        name: String,
    },
    /// The file that was to be archived cannot be read, or is damaged.
    #[error("cannot archive a file")]
    File(#[source] Box<super::error::DirectoryError>),
}

impl ArchiveError {
    /// Adds to an error of the store what was to be done, and to what.
    fn store<E: Into<Box<dyn Error + Send + Sync>>>(action: &'static str, name: &str) -> impl FnOnce(E) -> Self {
        move |source| Self::Store { action, name: name.to_owned(), source: source.into() }
    }
}

/// Checks that `name` is a folder and a name in it. Returns both.
fn parts(name: &str) -> Result<(&str, &str), ArchiveError> {
    let is_part = |part: &str| {
        let is_fit = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        !part.is_empty() && !part.starts_with('.') && part.bytes().all(is_fit)
    };
    name.split_once('/')
        .filter(|(folder, name)| is_part(folder) && is_part(name) && !name.ends_with(directory::DRAFT))
        .ok_or_else(|| ArchiveError::Name { name: name.to_owned() })
}
