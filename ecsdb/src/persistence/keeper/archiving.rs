//! What goes to an archive: segments of the log, when they are finished and once more before they are let go, and beside them snapshot files to
//! begin with.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::retention::{CleanError, KnownFiles};
use crate::causes::with_causes;
use crate::media::Media;
use crate::panics::panic_message;
use crate::persistence::archive::{Archive, ArchiveError, Archiver};
use crate::persistence::directory::Directory;
use crate::transaction::LogError;

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
    /// The first versions of segments that need not be sent any more: they are there, or damaged.
    sent: BTreeSet<u64>,
}

impl ArchiveSetting {
    /// An archive that nobody has claimed yet.
    pub fn new(archive: Arc<dyn Archive>, level: Option<i32>) -> Self {
        Self { archive, level, archiver: None, done: BTreeSet::new(), held: None, sent: BTreeSet::new() }
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
    /// Returns whether none is left.
    pub fn store_snapshots(
        &mut self,
        media: &dyn Media,
        directory: &Directory,
        files: &KnownFiles,
        go_on: &dyn Fn() -> bool,
    ) -> Result<bool, CleanError> {
        // Version 0 holds nothing.
        for (version, _) in files.iter().filter(|(version, known)| **version > 0 && known.base.is_none()) {
            if self.done.contains(version) {
                continue;
            }
            if !go_on() {
                return Ok(false);
            }
            guarded(|| self.store_snapshot(media, directory, *version))?;
            self.done.insert(*version);
        }
        Ok(true)
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

    /// Stores the segment that begins with version `first`, and ends before version `next`. What the archive has already is read back: the
    /// segment may be let go afterwards.
    pub fn store(
        &mut self,
        media: &dyn Media,
        directory: &Directory,
        (first, next): (u64, u64),
    ) -> Result<(), CleanError> {
        let held = self.held;
        guarded(|| self.claimed(directory)?.store_segment(media, directory, first, Some(next), held).map(|_| ()))
    }

    /// Stores the oldest of the segments `pairs` that is not there yet; `durable` waits until a version is. Returns how many are left.
    ///
    /// The directory keeps what is sent, so what the archive says that it has is believed. One that is damaged is for whoever lets go of it
    /// to judge.
    pub fn send(
        &mut self,
        media: &dyn Media,
        directory: &Directory,
        pairs: &[(u64, u64)],
        durable: &dyn Fn(u64) -> Result<(), LogError>,
    ) -> Result<usize, CleanError> {
        self.sent.retain(|sent| pairs.iter().any(|(first, _)| first == sent));
        let mut left: Vec<(u64, u64)> = self.unsent(pairs).collect();
        left.reverse();
        while let Some((first, next)) = left.pop() {
            durable(next - 1)?;
            let (held, mut is_there) = (self.held, false);
            let sent = guarded(|| {
                let archiver = self.claimed(directory)?;
                is_there = archiver.has_segment(media, directory, first, next)?;
                match is_there {
                    true => Ok(()),
                    false => archiver.store_segment(media, directory, first, Some(next), held).map(|_| ()),
                }
            });
            match sent {
                Err(CleanError::Archive(ArchiveError::File(error))) if error.damage().is_some() => {
                    tracing::error!(first, error = %with_causes(&*error), "a segment is damaged, and not archived");
                }
                sent => sent?,
            }
            self.sent.insert(first);
            if !is_there {
                break;
            }
        }
        Ok(left.len())
    }

    /// Those of the segments `pairs` that were not sent, as far as this is known.
    pub fn unsent(&self, pairs: &[(u64, u64)]) -> impl Iterator<Item = (u64, u64)> {
        pairs.iter().copied().filter(|(first, _)| !self.sent.contains(first))
    }
}

/// Calls an archive, which is somebody else's code: a panic there is an error here, and nothing ends with it.
fn guarded(call: impl FnOnce() -> Result<(), ArchiveError>) -> Result<(), CleanError> {
    let called = catch_unwind(AssertUnwindSafe(call));
    called.map_err(|panic| CleanError::Panicked(panic_message(&*panic)))?.map_err(CleanError::from)
}
