//! Making a snapshot file count.
//!
//! The file gets its name when it is on the medium and its version is durable in the log. So no log ever ends before a snapshot
//! file that counts. Nothing that fails here harms the log.

use std::cell::Cell;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use super::report::{CheckpointError, CheckpointProgress, CheckpointReport};
use super::retention::Known;
use crate::media::Media;
use crate::persistence::directory::Directory;
use crate::persistence::error::IoFailure;
use crate::persistence::files;
use crate::persistence::log::{Cut, Described, Description, Figures};
use crate::persistence::snapshot::{Base, Progress, SnapshotHeader, WriteError, Writing, Written};
use crate::persistence::time::{nanoseconds, random};
use crate::storage::Pinned;
use crate::sync::Watermark;
use crate::transaction::{LogError, Queue};

/// What it takes to make one.
pub struct Checkpoints {
    /// On what.
    pub media: Arc<dyn Media>,
    /// Where.
    pub directory: Directory,
    /// What the log says of tables.
    pub description: Arc<Description>,
    /// Has the log go on in a new segment behind a version that is held.
    pub cut: Arc<Cut>,
    /// How many bytes must have been written to the log since that happened last.
    pub cut_after: u64,
    /// How many had been written then.
    pub cut_at: Cell<Option<u64>>,
    /// What of the log is durable.
    pub watermark: Arc<Watermark<LogError>>,
    /// The timeline of versions that are committed from now on.
    pub timeline: u64,
    /// The version that the directory was opened with, and the timeline of that.
    pub opened: (u64, u64),
    /// The version of the snapshot file that was read then, if there was one.
    pub loaded: Option<u64>,
    /// What the log has counted.
    pub figures: Arc<Figures>,
    /// How hard to compress, if at all.
    pub compression: Option<i32>,
    /// Whether the directory of the files has been made.
    pub has_directory: bool,
    /// The last one that was made since.
    pub last: Option<Last>,
}

/// What came of a checkpoint.
pub struct Made {
    /// What is said of it.
    pub report: CheckpointReport,
    /// Its base, and when it was held.
    pub known: Known,
    /// How many bytes had been written to the log when it was held.
    pub log_bytes: u64,
}

/// A file that the next one may go on from.
pub struct Last {
    report: CheckpointReport,
    known: Known,
    salt: u64,
    /// The last transaction that is in it.
    serial: u64,
    /// Its tables.
    described: Arc<Described>,
    /// How many files that are, itself included.
    files: usize,
    /// Bytes of the complete one, and of all others.
    complete_bytes: u64,
    other_bytes: u64,
}

/// How many files may be needed to put a version together.
const CHAIN_MAX: usize = 8;

impl Last {
    /// Whether a file with the tables `described` should go on from this one. If not, it is complete: then older ones can go.
    fn is_base_for(&self, described: &Arc<Described>) -> bool {
        Arc::ptr_eq(&self.described, described) && self.files < CHAIN_MAX && self.other_bytes < self.complete_bytes
    }
}

/// A version that is held, and what the log says of its tables.
pub(super) struct Held {
    pub pinned: Pinned,
    pub described: Arc<Described>,
    time: u64,
    log_bytes: u64,
}

impl Checkpoints {
    /// Whether there is a snapshot file of version `version`.
    pub fn has(&self, version: u64) -> bool {
        // Version 0 holds nothing.
        version == 0
            || self.loaded == Some(version)
            || self.last.as_ref().is_some_and(|last| last.report.version == version)
    }

    /// Makes a checkpoint of the published version. `progress` is told how far it is, and says whether to go on.
    pub fn make(
        &mut self,
        queue: &Queue,
        progress: &mut dyn FnMut(CheckpointProgress) -> bool,
    ) -> Result<Made, CheckpointError> {
        self.watermark.check()?;
        let held = self.hold(queue)?;
        let (log_bytes, described) = (held.log_bytes, &held.described);
        let began = Instant::now();
        let version = held.pinned.version.number;
        if let Some(last) = self.last.as_ref().filter(|last| last.report.version == version) {
            return Ok(Made { report: last.report.clone(), known: last.known, log_bytes });
        }
        let base = self.last.as_ref().filter(|last| last.is_base_for(described));
        if !self.has_directory {
            let dir = self.directory.snapshots();
            self.media.create_dir_all(dir).map_err(IoFailure::io("make", dir))?;
            self.has_directory = true;
        }
        let writing = self.writing(&held, base);
        let salt = writing.header.salt;
        let draft = self.directory.snapshot_draft(version);
        let written = self.write(&writing, progress).inspect_err(|_| {
            // Whoever opens the directory removes it otherwise.
            let _ = self.media.remove(&draft);
        })?;
        let file = self.directory.snapshot(version);
        let report = CheckpointReport {
            version,
            rows: written.rows,
            bytes: written.bytes,
            base: base.map(|base| base.report.version),
            time: began.elapsed(),
            file,
            kept_because: None,
        };
        tracing::info!(?report, "a checkpoint was made");
        let (files, complete_bytes, other_bytes) = match base {
            Some(base) => (base.files + 1, base.complete_bytes, base.other_bytes + written.bytes),
            None => (1, written.bytes, 0),
        };
        let serial = held.pinned.serial;
        let known = Known { base: report.base, time: held.time };
        self.last = Some(Last {
            report: report.clone(),
            known,
            salt,
            serial,
            described: Arc::clone(described),
            files,
            complete_bytes,
            other_bytes,
        });
        Ok(Made { report, known, log_bytes })
    }

    /// What is to be written of what is `held`: what is not in `base`, if that is given.
    pub(super) fn writing<'h>(&self, held: &'h Held, base: Option<&Last>) -> Writing<'h> {
        let (version, described) = (held.pinned.version.number, &held.described);
        let header = SnapshotHeader {
            timeline: if version == self.opened.0 { self.opened.1 } else { self.timeline },
            salt: random(),
            version,
            time: held.time,
            base: base.map(|base| Base { version: base.report.version, salt: base.salt }),
            schema_hash: described.schema_hash,
            schema: described.schema.clone(),
        };
        let since = base.map(|base| base.serial);
        let tables = Arc::clone(&described.tables);
        Writing { header, pinned: &held.pinned, tables, since, compression: self.compression }
    }

    /// Holds the published version. The log goes on in a new segment behind it, if there is enough in the one at hand.
    pub(super) fn hold(&self, queue: &Queue) -> Result<Held, CheckpointError> {
        let (description, media) = (Arc::clone(&self.description), Arc::clone(&self.media));
        let (figures, cut) = (Arc::clone(&self.figures), Arc::clone(&self.cut));
        let since = self.cut_at.get().map(|at| figures.bytes() - at);
        let is_cut = since.is_none_or(|bytes| bytes >= self.cut_after) && self.cut.prepare();
        let held = queue.control(move |store| {
            if is_cut {
                cut.here();
            }
            Held {
                pinned: store.pin(),
                described: description.get(),
                time: nanoseconds(media.now()),
                log_bytes: figures.bytes(),
            }
        });
        let held = held.map_err(|_| CheckpointError::Closed)?;
        if is_cut {
            self.cut_at.set(Some(held.log_bytes));
        }
        Ok(held)
    }

    /// Writes the file, and gives it its name when its version is durable.
    fn write(
        &self,
        writing: &Writing<'_>,
        progress: &mut dyn FnMut(CheckpointProgress) -> bool,
    ) -> Result<Written, CheckpointError> {
        let version = writing.header.version;
        let (draft, file) = (self.directory.snapshot_draft(version), self.directory.snapshot(version));
        let written = self.write_durable(writing, &draft, progress)?;
        files::rename(&*self.media, &draft, &file)?;
        Ok(written)
    }

    /// Writes the file at `path`, and waits until its version is durable.
    pub(super) fn write_durable(
        &self,
        writing: &Writing<'_>,
        path: &Path,
        progress: &mut dyn FnMut(CheckpointProgress) -> bool,
    ) -> Result<Written, CheckpointError> {
        let version = writing.header.version;
        let mut told = |Progress { rows, rows_total, bytes }: Progress| {
            progress(CheckpointProgress { version, rows, rows_total, bytes })
        };
        let written = writing.write(&*self.media, path, &mut told).map_err(|error| match error {
            WriteError::Io(error) => IoFailure::io("write", path)(error).into(),
            WriteError::TooLarge => CheckpointError::TooLarge,
            WriteError::Stopped => CheckpointError::Closed,
        })?;
        self.watermark.when(version).wait().map_err(|_| CheckpointError::Closed)??;
        Ok(written)
    }
}
