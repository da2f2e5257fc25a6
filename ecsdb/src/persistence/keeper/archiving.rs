//! What goes to an archive before it is let go: segments of the log, and beside them snapshot files to begin with.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::retention::{CleanError, KnownFiles};
use crate::causes::with_causes;
use crate::media::Media;
use crate::persistence::archive::{Archive, ArchiveError, Archiver};
use crate::persistence::directory::Directory;
use crate::transaction::panic_message;

/// An archive, and the claim on it.
pub struct ArchiveSetting {
    archive: Arc<dyn Archive>,
    /// How hard to compress, if at all.
    pub level: Option<i32>,
    /// The claim, when it has been made.
    archiver: Option<Archiver>,
    /// The versions of snapshot files that need not be looked at any more: they are stored, or no good.
    done: BTreeSet<u64>,
    /// The highest version of which a snapshot file is stored.
    held: Option<u64>,
}

impl ArchiveSetting {
    /// An archive that nobody has claimed yet.
    pub fn new(archive: Arc<dyn Archive>, level: Option<i32>) -> Self {
        Self { archive, level, archiver: None, done: BTreeSet::new(), held: None }
    }

    /// Takes the archive, so that nobody who had it before stores there any more.
    pub fn claim(&mut self, directory: &Directory) -> Result<(), CleanError> {
        guarded(|| self.claimed(directory).map(|_| ()))
    }

    fn claimed(&mut self, directory: &Directory) -> Result<&mut Archiver, ArchiveError> {
        if self.archiver.is_none() {
            let owner = directory.root().display().to_string();
            self.archiver = Some(Archiver::open(Arc::clone(&self.archive), &owner, self.level)?);
        }
        Ok(self.archiver.as_mut().expect("it was made just now"))
    }

    /// Stores those of `files` that are complete and not stored yet, the oldest first. `go_on` says whether to go on with another one.
    pub fn store_snapshots(
        &mut self,
        media: &dyn Media,
        directory: &Directory,
        files: &KnownFiles,
        go_on: &dyn Fn() -> bool,
    ) -> Result<(), CleanError> {
        // Version 0 holds nothing.
        for (version, _) in files.iter().filter(|(version, known)| **version > 0 && known.base.is_none()) {
            if self.done.contains(version) {
                continue;
            }
            if !go_on() {
                return Ok(());
            }
            guarded(|| self.store_snapshot(media, directory, *version))?;
            self.done.insert(*version);
        }
        Ok(())
    }

    fn store_snapshot(&mut self, media: &dyn Media, directory: &Directory, version: u64) -> Result<(), ArchiveError> {
        match self.claimed(directory)?.store_snapshot(media, directory, version) {
            Ok(stored) => self.held = self.held.max(stored.map(|stored| stored.version)),
            // An opening passes it over, and so does a restore.
            Err(ArchiveError::File(error)) if error.damage().is_some() => {
                tracing::error!(version, error = %with_causes(&*error), "a snapshot file is damaged, and not archived");
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Stores the segment that begins with the first of two versions, and ends before the second.
    pub fn store(&mut self, media: &dyn Media, directory: &Directory, pair: &[u64]) -> Result<(), CleanError> {
        let held = self.held;
        guarded(|| self.claimed(directory)?.store_segment(media, directory, pair[0], Some(pair[1]), held).map(|_| ()))
    }
}

/// Calls an archive, which is somebody else's code: a panic there is an error here, and nothing ends with it.
fn guarded(call: impl FnOnce() -> Result<(), ArchiveError>) -> Result<(), CleanError> {
    let called = catch_unwind(AssertUnwindSafe(call));
    called.map_err(|panic| CleanError::Panicked(panic_message(&*panic)))?.map_err(CleanError::from)
}
