//! A backup: a version that is held, and the log behind it, in a directory of their own, while the writer goes on.
//!
//! The directory opens like any other, and can be restored to every version from the one that was held on. It runs on the keeper's
//! thread, so no file of the log goes while it is being copied.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use thiserror::Error;

use super::checkpoint::Checkpoints;
use super::report::{CheckpointError, CheckpointProgress};
use crate::persistence::error::{DirectoryError, IoFailure};
use crate::persistence::format::{Header, PREFIX_BYTES};
use crate::persistence::ids::Ids;
use crate::persistence::maintenance::{Fork, MaintenanceError, Unfinished};
use crate::persistence::recovery::SegmentFile;
use crate::transaction::Queue;

/// A backup that was made. All of it was read once more, and every checksum is right.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BackupReport {
    /// The directory.
    pub directory: PathBuf,
    /// The version of the snapshot file in it: the earliest that it can be restored to.
    pub snapshot: u64,
    /// The version that it opens to, which was durable when the snapshot file was there.
    pub version: u64,
    /// Rows in the snapshot file.
    pub rows: u64,
    /// Bytes of all files.
    pub bytes: u64,
    /// The history that begins there: what is committed there later is not taken for what is committed here.
    pub timeline: u64,
    /// How long it took.
    pub time: Duration,
}

/// Why there is no backup. The database goes on as if nothing had been asked for; a directory that was begun is marked as
/// unfinished, and nobody opens it.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum BackupError {
    /// The version could not be written, or the log has failed.
    #[error(transparent)]
    Snapshot(#[from] CheckpointError),
    /// The directory could not be made, or the log not be copied.
    #[error(transparent)]
    Directory(#[from] MaintenanceError),
    /// The database is in memory only.
    #[error("the database has no directory: there is nothing to back up")]
    NoDirectory,
}

impl From<DirectoryError> for BackupError {
    fn from(error: DirectoryError) -> Self {
        Self::Directory(error.into())
    }
}

/// What was copied of the log.
struct Copied {
    /// The last version.
    version: u64,
    /// The front of the last segment, if there is one.
    last: Option<(Header, Ids)>,
    bytes: u64,
}

impl Checkpoints {
    /// Makes a backup in `destination`, which does not exist or is empty. `progress` is told how far it is, and says whether to go on.
    pub fn back_up(
        &self,
        queue: &Queue,
        destination: &Path,
        progress: &mut dyn FnMut(CheckpointProgress) -> bool,
    ) -> Result<BackupReport, BackupError> {
        let began = Instant::now();
        self.watermark.check().map_err(CheckpointError::from)?;
        Unfinished::check_outside(&*self.media, destination, self.directory.root())?;
        let text = "A backup is being made here.\n";
        let unfinished = Unfinished::begin(&*self.media, destination.to_owned(), text)?;
        let held = self.hold(queue)?;
        let snapshot = held.pinned.version.number;
        let (mut rows, mut bytes, mut base) = (0, 0, 0);
        // In the beginning there is nothing to write.
        if snapshot > 0 {
            let path = unfinished.directory.snapshot(snapshot);
            let writing = self.writing(&held, None);
            let written = self.write_durable(&writing, &path, progress)?;
            (rows, bytes, base) = (written.rows, written.bytes, writing.header.salt);
        }
        let Copied { version, last, bytes: copied } = self.copy_log(&unfinished, snapshot)?;
        let schema_hash = last.as_ref().map_or(held.described.schema_hash, |(header, _)| header.schema_hash);
        let (before, ids) = match last {
            Some((header, ids)) => (Some(header), ids),
            None => (None, self.ids(&held.described.schema)?),
        };
        let fork = Fork { version, before: before.as_ref(), base, sequence: 1, ids: &ids, schema_hash };
        let timeline = fork.make(&*self.media, &unfinished.directory)?;
        unfinished.settle()?;
        unfinished.read_again(version)?;
        let directory = unfinished.finish(&ids)?.root().to_owned();
        let bytes = bytes + copied;
        let report = BackupReport { directory, snapshot, version, rows, bytes, timeline, time: began.elapsed() };
        tracing::info!(?report, "a backup was made");
        Ok(report)
    }

    /// Copies the log from version `from` on, as far as it is durable now.
    fn copy_log(&self, unfinished: &Unfinished<'_>, from: u64) -> Result<Copied, DirectoryError> {
        let (media, durable) = (&*self.media, self.watermark.durable());
        let (firsts, _) = self.directory.list(media).map_err(IoFailure::io("list", self.directory.wal()))?;
        let mut copied = Copied { version: from, last: None, bytes: 0 };
        for (index, first) in firsts.iter().enumerate() {
            let ends_before = firsts.get(index + 1).is_some_and(|next| *next <= from + 1);
            if ends_before || *first > durable {
                continue;
            }
            // The last one is being written to: what is durable of it is whole.
            let segment = SegmentFile::read(media, self.directory.segment(*first), *first)?;
            let wanted = segment.heads().take_while(|(head, _)| head.version <= durable);
            let Some((head, end)) = wanted.last() else { continue };
            unfinished.put(&unfinished.directory.segment(*first), segment.bytes(0..end))?;
            copied.version = head.version;
            copied.bytes += end as u64;
            copied.last = Some((segment.header, segment.ids));
        }
        if copied.version < durable {
            let what = format!("version {durable} is durable, and only {} was found", copied.version);
            return Err(DirectoryError::Damaged { file: self.directory.wal().to_owned(), offset: 0, what });
        }
        Ok(copied)
    }

    /// The tables in a header.
    fn ids(&self, schema: &[u8]) -> Result<Ids, DirectoryError> {
        Ids::read(schema, PREFIX_BYTES).map_err(|error| DirectoryError::Damaged {
            file: self.directory.root().to_owned(),
            offset: error.at as u64,
            what: error.what,
        })
    }
}
