//! Whole files: reading them, and writing them so that they survive a loss of power. First what is in a file is synced, then
//! its name.
//!
//! Knows nothing of what is in the files.

use std::path::Path;

use super::error::IoFailure;
use crate::media::{Media, Open};

/// What is in the file `path`.
pub fn read(media: &dyn Media, path: &Path) -> Result<Vec<u8>, IoFailure> {
    let file = media.open(path, Open::Read).map_err(IoFailure::io("open", path))?;
    let len = file.len().map_err(IoFailure::io("read", path))?;
    // As large as the file is, and no larger.
    let mut bytes = vec![0; usize::try_from(len).unwrap_or(usize::MAX)];
    file.read_exact_at(&mut bytes, 0).map_err(IoFailure::io("read", path))?;
    Ok(bytes)
}

/// Makes the file `path` of `bytes`, and syncs it; its name is for the caller to sync. `how` says what becomes of a file that is
/// there.
pub fn write(media: &dyn Media, path: &Path, how: Open, bytes: &[u8]) -> Result<(), IoFailure> {
    let file = media.open(path, how).map_err(IoFailure::io("make", path))?;
    file.write_all_at(bytes, 0).map_err(IoFailure::io("write", path))?;
    file.sync_data().map_err(IoFailure::io("sync", path))
}

/// Makes the file `path` of `bytes`, durably: it is there as it was or as it is now, whatever happens. While it is written it is called
/// `draft`, in the same directory.
pub fn replace(media: &dyn Media, draft: &Path, path: &Path, bytes: &[u8]) -> Result<(), IoFailure> {
    write(media, draft, Open::Truncate, bytes)?;
    rename(media, draft, path)
}

/// Gives the file `draft`, which is synced, the name `path` in the same directory, durably.
pub fn rename(media: &dyn Media, draft: &Path, path: &Path) -> Result<(), IoFailure> {
    media.rename(draft, path).map_err(IoFailure::io("rename to", path))?;
    sync_name(media, path)
}

/// Makes the name `path` durable, or that there is nothing of this name any more.
pub fn sync_name(media: &dyn Media, path: &Path) -> Result<(), IoFailure> {
    // What has no directory above it is no file.
    sync_names(media, path.parent().unwrap_or(path))
}

/// Makes the names in `dir` durable.
pub fn sync_names(media: &dyn Media, dir: &Path) -> Result<(), IoFailure> {
    media.sync_dir(dir).map_err(IoFailure::io("sync", dir))
}

/// Removes the file `path`, durably.
pub fn remove(media: &dyn Media, path: &Path) -> Result<(), IoFailure> {
    media.remove(path).map_err(IoFailure::io("remove", path))?;
    sync_name(media, path)
}
