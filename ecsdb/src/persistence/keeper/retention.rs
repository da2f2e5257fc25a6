//! What of a directory is needed no longer, and letting it go.
//!
//! What goes is decided from what counts: snapshot files whose names are on the medium. Files go one at a time, each durably before the next
//! one, so a crash leaves a log without holes and no file without its base.
//!
//! The directory of the segments is synced here as well as by the thread that syncs the log. A sync of it that fails may have given up
//! the name of a new segment, and a later one would not say so: so it is the end of the log, wherever it fails.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;

use super::archiving::ArchiveSetting;
use crate::media::{Media, Open};
use crate::persistence::archive::ArchiveError;
use crate::persistence::directory::Directory;
use crate::persistence::error::IoFailure;
use crate::persistence::files;
use crate::persistence::log::{Figures, Spares};
use crate::persistence::snapshot::read_header;
use crate::persistence::time::nanoseconds;
use crate::sync::Watermark;
use crate::transaction::LogError;

/// What is kept of the past: [`DbBuilder::retention`](crate::DbBuilder::retention).
///
/// All of it is kept that any of the limits asks for. What is kept in any case is what it takes to open the directory, also if the
/// newest snapshot file is damaged.
///
/// ```
/// use std::time::Duration;
///
/// use ecsdb::durability::Retention;
///
/// let mut week = Retention::default();
/// week.duration = Duration::from_secs(7 * 24 * 3600);
/// assert_eq!((week.snapshots, week.versions), (2, 0));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Retention {
    /// How many complete snapshot files are kept at least, with those that go on from them, and the log from the oldest of them
    /// on; 1 at least. Default: 2, so that one may be damaged.
    pub snapshots: usize,
    /// How many versions back the database can be restored to. Default: 0, none but the last one.
    pub versions: u64,
    /// For how long back the database can be restored to what it was. Default: zero.
    pub duration: Duration,
}

impl Default for Retention {
    fn default() -> Self {
        Self { snapshots: 2, versions: 0, duration: Duration::ZERO }
    }
}

/// What is known of a snapshot file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    /// The version of its base.
    pub base: Option<u64>,
    /// When its version was held, in nanoseconds since 1970.
    pub time: u64,
}

/// The snapshot files that are no worse than they should be, by version.
pub type KnownFiles = BTreeMap<u64, Known>;

impl Retention {
    /// The version of the oldest snapshot file that is needed as such; nothing if all that there is is needed. `version` is the last
    /// one.
    fn oldest(&self, files: &KnownFiles, version: u64, now: u64) -> Option<u64> {
        let complete = |known: &(&u64, &Known)| known.1.base.is_none();
        let counted =
            files.iter().rev().filter(complete).nth(self.snapshots.max(1) - 1).map(|(version, _)| *version)?;
        // A state of the past is put together from the last file before it. The clock may have been back for a while, so a file counts
        // as early only if all before it are: what is in between is kept too.
        let last = |is_early: &dyn Fn(u64, &Known) -> bool| {
            files.iter().take_while(|(version, known)| is_early(**version, known)).last().map(|(version, _)| *version)
        };
        let reach = version.saturating_sub(self.versions);
        let since = now.saturating_sub(u64::try_from(self.duration.as_nanos()).unwrap_or(u64::MAX));
        let by_version = if self.versions == 0 { Some(u64::MAX) } else { last(&|version, _: &Known| version <= reach) };
        let by_time =
            if self.duration.is_zero() { Some(u64::MAX) } else { last(&|_, known: &Known| known.time <= since) };
        Some(counted.min(by_version?).min(by_time?))
    }
}

/// The files among `files` that are needed if the one of version `oldest` is, and all later ones.
fn needed(files: &KnownFiles, oldest: u64) -> Vec<u64> {
    let mut needed: Vec<u64> = files.range(oldest..).map(|(version, _)| *version).collect();
    let mut at = 0;
    while let Some(version) = needed.get(at) {
        if let Some(base) = files.get(version).and_then(|known| known.base)
            && !needed.contains(&base)
        {
            needed.push(base);
        }
        at += 1;
    }
    needed
}

/// Why something was not let go. It is there, and stays until it can be.
#[derive(Debug, Error)]
pub enum CleanError {
    /// The system refused.
    #[error(transparent)]
    Io(#[from] IoFailure),
    /// The log has failed with it.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The archive did not take it.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// The archive panicked. It is asked again next time.
    #[error("the archive panicked: {0}")]
    Panicked(String),
}

/// What it takes to let files go.
pub struct Cleaner {
    /// On what.
    pub media: Arc<dyn Media>,
    /// Where.
    pub directory: Directory,
    /// What is kept.
    pub retention: Retention,
    /// Where the log gets its spare files.
    pub spares: Arc<Spares>,
    /// What of the log is durable.
    pub watermark: Arc<Watermark<LogError>>,
    /// What the log counts.
    pub figures: Arc<Figures>,
    /// How long segments should be, in bytes.
    pub segment_bytes: u64,
    /// What is known of snapshot files.
    pub files: KnownFiles,
    /// Where segments go before they are let go.
    pub archive: Option<ArchiveSetting>,
    /// Whether snapshot files go there too.
    pub archive_snapshots: bool,
}

impl Cleaner {
    /// Finds out about the snapshot files that were there before.
    pub fn look(&mut self, versions: &[u64], passed_over: &[u64]) {
        for version in versions.iter().filter(|version| !passed_over.contains(version)) {
            // One that cannot be read is not counted on.
            if let Ok(header) = read_header(&*self.media, &self.directory.snapshot(*version), *version) {
                let base = header.base.map(|base| base.version);
                self.files.insert(*version, Known { base, time: header.time });
            }
        }
    }

    /// Stores the oldest segment that is finished and not archived, when all of it is durable. Returns how many more there are.
    pub fn archive_segment(&mut self) -> Result<usize, CleanError> {
        let Some(setting) = &mut self.archive else { return Ok(0) };
        let pairs = pairs(&*self.media, &self.directory)?;
        setting.send(&*self.media, &self.directory, &pairs, &|version| {
            // What is not durable may never have been, and then the archive would have another history.
            self.watermark.when(version).wait().unwrap_or_else(|_| Err(LogError::new("the log is closed")))
        })
    }

    /// How many segments are finished and not archived, as far as this is known.
    pub fn unarchived(&self) -> usize {
        let pairs = pairs(&*self.media, &self.directory).unwrap_or_default();
        self.archive.as_ref().map_or(0, |setting| setting.unsent(&pairs).count())
    }

    /// Lets go of what is needed no longer. `version` is the last one. A checkpoint was made before, so the names of all snapshot files
    /// are on the medium. `go_on` says whether to go on with another segment: an archive may take long for each.
    pub fn clean(&mut self, version: u64, go_on: &dyn Fn() -> bool) -> Result<(), CleanError> {
        if let Some(setting) = self.archive.as_mut().filter(|_| self.archive_snapshots) {
            // What is not stored is not let go: the next one who cleans goes on here.
            if !setting.store_snapshots(&*self.media, &self.directory, &self.files, go_on)? {
                return Ok(());
            }
        }
        let now = nanoseconds(self.media.now());
        let Some(oldest) = self.retention.oldest(&self.files, version, now) else { return Ok(()) };
        self.let_snapshots_go(oldest)?;
        self.let_segments_go(oldest, go_on)
    }

    /// The newest first: none is left without its base.
    fn let_snapshots_go(&mut self, oldest: u64) -> Result<(), CleanError> {
        let dir = self.directory.snapshots();
        let needed = needed(&self.files, oldest);
        let (versions, _) = self.directory.list_snapshots(&*self.media).map_err(IoFailure::io("list", dir))?;
        for version in versions.into_iter().rev().filter(|version| *version < oldest && !needed.contains(version)) {
            let path = self.directory.snapshot(version);
            files::remove(&*self.media, &path)?;
            self.files.remove(&version);
            tracing::debug!(version, "a snapshot file was let go");
        }
        Ok(())
    }

    /// The oldest first: what is left is a log without holes.
    fn let_segments_go(&mut self, oldest: u64, go_on: &dyn Fn() -> bool) -> Result<(), CleanError> {
        let mut going = pairs(&*self.media, &self.directory)?;
        going.retain(|(_, next)| *next <= oldest + 1);
        if !going.is_empty() {
            // What stays may have got its name just now: without this a crash might leave nothing.
            self.sync_wal()?;
        }
        for (first, next) in going.into_iter().take_while(|_| go_on()) {
            let path = self.directory.segment(first);
            if let Some(setting) = &mut self.archive {
                setting.store(&*self.media, &self.directory, (first, next))?;
            }
            if self.spares.has_room() && self.is_of_use(first) {
                let spare = self.directory.spare(first);
                self.media.rename(&path, &spare).map_err(IoFailure::io("rename to", &spare))?;
                self.sync_wal()?;
                self.spares.put(spare);
            } else {
                self.media.remove(&path).map_err(IoFailure::io("remove", &path))?;
                self.sync_wal()?;
            }
            self.figures.note_segment_gone();
            tracing::debug!(first, "a segment was let go");
        }
        Ok(())
    }

    /// Syncs the names of segments. If that fails, the log has failed.
    fn sync_wal(&self) -> Result<(), CleanError> {
        files::sync_names(&*self.media, self.directory.wal()).map_err(|failure| {
            let error = LogError::new(failure);
            self.watermark.fail(error.clone());
            error.into()
        })
    }

    /// Whether the file of a segment is about as long as segments are.
    fn is_of_use(&self, first: u64) -> bool {
        let file = self.media.open(&self.directory.segment(first), Open::Read);
        let len = file.and_then(|file| file.len()).unwrap_or(0);
        len <= self.segment_bytes && len >= self.segment_bytes / 2
    }
}

/// The segments that are finished, in order: each by its first version, and that of the next one.
fn pairs(media: &dyn Media, directory: &Directory) -> Result<Vec<(u64, u64)>, CleanError> {
    let (firsts, _) = directory.list(media).map_err(IoFailure::io("list", directory.wal()))?;
    Ok(firsts.windows(2).map(|pair| (pair[0], pair[1])).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Files with the versions and bases in `files`, held at as many nanoseconds.
    fn files(files: &[(u64, Option<u64>)]) -> KnownFiles {
        files.iter().map(|(version, base)| (*version, Known { base: *base, time: *version })).collect()
    }

    fn keeping(snapshots: usize, versions: u64, nanoseconds: u64) -> Retention {
        Retention { snapshots, versions, duration: Duration::from_nanos(nanoseconds) }
    }

    #[test]
    fn nothing_goes_before_there_are_enough_complete_files() {
        let chain = files(&[(10, None), (20, Some(10)), (30, Some(20))]);
        assert_eq!(keeping(2, 0, 0).oldest(&chain, 35, 35), None);
        assert_eq!(keeping(1, 0, 0).oldest(&chain, 35, 35), Some(10));
        assert_eq!(keeping(0, 0, 0).oldest(&chain, 35, 35), Some(10), "one at least");
        let two = files(&[(10, None), (20, Some(10)), (30, None), (40, Some(30)), (50, None)]);
        assert_eq!(keeping(2, 0, 0).oldest(&two, 55, 55), Some(30));
    }

    #[test]
    fn what_must_be_restorable_is_kept_with_what_it_goes_on_from() {
        let two = files(&[(10, None), (20, Some(10)), (30, None), (40, Some(30)), (50, None)]);
        assert_eq!(keeping(1, 0, 0).oldest(&two, 55, 55), Some(50));
        assert_eq!(keeping(1, 10, 0).oldest(&two, 55, 55), Some(40));
        assert_eq!(keeping(1, 30, 0).oldest(&two, 55, 55), Some(20));
        assert_eq!(keeping(1, 50, 0).oldest(&two, 55, 55), None, "there is no file before that");
        assert_eq!(keeping(1, 0, 20).oldest(&two, 55, 55), Some(30));
        assert_eq!(keeping(1, 0, 500).oldest(&two, 55, 55), None);
        let mut back = files(&[(20, None), (30, None), (40, None), (50, None)]);
        back.get_mut(&30).unwrap().time = 1;
        back.get_mut(&40).unwrap().time = 60;
        let since_25 = keeping(1, 0, 30).oldest(&back, 55, 55);
        assert_eq!(since_25, Some(30), "all before it is early");
        back.get_mut(&20).unwrap().time = 28;
        assert_eq!(keeping(1, 0, 30).oldest(&back, 55, 55), None, "what came before the clock was back is needed");
        let mut kept = needed(&two, 20);
        kept.sort_unstable();
        assert_eq!(kept, [10, 20, 30, 40, 50]);
        assert_eq!(needed(&two, 50), [50]);
    }
}
