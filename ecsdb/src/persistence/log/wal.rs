//! The log as the writer sees it.

use std::io;
use std::sync::Arc;
use std::time::Instant;

use super::alarm::Alarm;
use super::cut::Cut;
use super::description::{Described, Description};
use super::figures::Figures;
use super::segment::Segment;
use super::syncer::{Maker, Shared};
use crate::causes::with_causes;
use crate::change_set::ChangeSet;
use crate::media::{Lock, Media};
use crate::persistence::codec::{Encoder, Tables};
use crate::persistence::error::{IoFailure, LogFailure};
use crate::persistence::format::{Ending, Header, Kind};
use crate::persistence::time::nanoseconds;
use crate::schema::DatabaseSchema;
use crate::sync::Watermark;
use crate::sync::shim::thread;
use crate::transaction::{CommitLog, LogError};

/// Where a log goes on.
pub struct Resume {
    /// What it takes to make segments.
    pub maker: Maker,
    /// The segment to write to.
    pub segment: Segment,
    /// The version that the directory has.
    pub version: u64,
    /// How many blocks the log has said that there are.
    pub block_end: u32,
    /// The tables.
    pub tables: Arc<Tables>,
    /// What is durable.
    pub watermark: Arc<Watermark<LogError>>,
    /// What is counted.
    pub figures: Arc<Figures>,
    /// Rings when much has been written.
    pub alarm: Arc<Alarm>,
    /// The lock of the directory.
    pub lock: Arc<Lock>,
}

/// The write-ahead log of a directory.
pub struct Wal {
    pub(super) encoder: Encoder,
    pub(super) segment: Segment,
    /// The version of the last record.
    pub(super) version: u64,
    pub(super) media: Arc<dyn Media>,
    pub(super) shared: Arc<Shared>,
    /// What the log says of the tables.
    pub(super) description: Arc<Description>,
    /// Rings when much has been written, and when a segment is finished.
    pub(super) alarm: Arc<Alarm>,
    /// The thread that syncs.
    syncer: Option<thread::JoinHandle<()>>,
    /// Held until everything above is gone: fields are dropped in their order.
    _lock: Arc<Lock>,
}

impl Wal {
    /// Goes on with a log, and starts the thread that syncs it.
    pub fn resume(resume: Resume, name: &str) -> io::Result<Self> {
        let Resume { maker, segment, version, block_end, tables, watermark, figures, alarm, lock } = resume;
        let media = Arc::clone(&maker.media);
        let Header { schema, schema_hash, .. } = maker.header.clone();
        let description = Arc::new(Description::new(Described { tables: Arc::clone(&tables), schema, schema_hash }));
        let shared = Arc::new(Shared::new(maker, &segment, watermark, figures));
        let lent = Arc::downgrade(&shared);
        shared.watermark.lend(move || Some(lent.upgrade()?.sync_or_fail()));
        let syncer = thread::Builder::new().name(format!("ecsdb-{name}-log")).spawn({
            let shared = Arc::clone(&shared);
            move || shared.run()
        })?;
        let encoder = Encoder::new(tables, block_end);
        Ok(Self { encoder, segment, version, media, shared, description, alarm, syncer: Some(syncer), _lock: lock })
    }

    /// What the log says of the tables, now and later.
    pub fn description(&self) -> &Arc<Description> {
        &self.description
    }

    /// Has it go on in a new segment.
    pub fn cut(&self) -> Cut {
        Cut::new(Arc::clone(&self.shared))
    }

    /// Writes the record in the making.
    fn write(&mut self, version: u64, durable: u64, kind: Kind) -> Result<(), LogError> {
        let bytes = self.encoder.sealed_len();
        if u32::try_from(bytes).is_err() {
            return Err(LogError::new(LogFailure::TooLarge { bytes }));
        }
        let mut done = Ok(());
        // Only a wish: a segment that is not there now is not worth waiting for.
        let is_cut = self.shared.set_cut(false) && self.segment.has_commits() && self.shared.has_next();
        if is_cut || self.segment.is_full_for(bytes as u64) {
            // A mark of a close has no version of its own: the segment begins with the next one.
            let first = if kind == Kind::Commit { version } else { version + 1 };
            done = self.shared.rotate(first).map(|next| {
                self.segment = next;
                self.alarm.segment_is_finished();
            });
        }
        let time = nanoseconds(self.media.now());
        let done = done.and_then(|()| {
            let record = self.encoder.seal(self.segment.salt, version, durable, time, kind);
            let (began, bytes) = (Instant::now(), record.len());
            self.segment.write(record, kind).map_err(IoFailure::io("write", &self.segment.named.path))?;
            self.shared.figures.note_record(bytes, began.elapsed());
            self.alarm.check(self.shared.figures.bytes());
            Ok(())
        });
        if let Err(failure) = done {
            let error = LogError::new(failure);
            self.shared.watermark.fail(error.clone());
            return Err(error);
        }
        self.encoder.clear(true);
        if self.segment.is_filling() {
            self.shared.want_next();
        }
        Ok(())
    }

    /// Notes where the log has ended. Without it a log that loses its end is like one that was being written.
    fn note_ending(&self) {
        let Header { timeline, sequence, salt, .. } = self.shared.current_header();
        debug_assert_eq!(salt, self.segment.salt, "that of the segment with the mark");
        let ending = Ending { version: self.version, timeline, sequence };
        if let Err(error) = self.shared.directory().write_ending(&*self.media, ending) {
            tracing::warn!(%error, "where the log has ended was not noted");
        }
    }

    /// Waits until the thread that syncs has synced everything, and ends it.
    fn end_syncer(&mut self) {
        self.shared.watermark.close();
        if let Some(syncer) = self.syncer.take()
            && syncer.join().is_err()
        {
            tracing::error!("the thread that syncs the log panicked");
        }
    }
}

impl CommitLog for Wal {
    fn append(&mut self, changes: &ChangeSet) -> Result<(), LogError> {
        self.encoder.append(changes);
        Ok(())
    }

    fn commit(&mut self, version: u64) -> Result<(), LogError> {
        let durable = self.shared.watermark.check()?;
        self.write(version, durable, Kind::Commit)?;
        self.version = version;
        // If a sync has failed meanwhile, this is written all the same, and whoever opens the directory next may find it. So it
        // is visible and never durable, as what was written shortly before; the next commit is refused.
        let _ = self.shared.watermark.written(version);
        Ok(())
    }

    fn abort(&mut self) {
        self.encoder.clear(false);
    }

    fn evolve(&mut self, schema: &DatabaseSchema, rows: &ChangeSet, _: u64) -> Result<u64, LogError> {
        self.shared.watermark.check()?;
        let evolution = self.judge(schema)?;
        self.evolve_to(evolution, schema, rows).inspect_err(|error| {
            // Part of it may be done: whoever opens the directory finds out.
            self.shared.watermark.fail(error.clone());
        })
    }

    fn close(&mut self, rest: &ChangeSet) {
        self.encoder.note(rest);
        self.end_syncer();
        let closed = self.shared.watermark.check().and_then(|durable| {
            if durable != self.version {
                // The mark says that everything before is durable.
                let error = LogError::new(LogFailure::NotSynced { version: self.version, durable });
                // Whoever waits is told, and so is whoever closes the database.
                self.shared.watermark.fail(error.clone());
                return Err(error);
            }
            self.write(self.version, durable, Kind::Close)?;
            self.shared.sync()
        });
        match closed {
            Ok(()) => {
                tracing::debug!(version = self.version, "the log is closed");
                self.note_ending();
            }
            Err(error) => tracing::error!(error = %with_causes(&error), "the log was not closed"),
        }
        for file in self.shared.take_left_over() {
            // Nothing depends on it: whoever opens the directory removes it otherwise.
            let _ = self.media.remove(&file);
        }
    }
}

/// Without a mark of a clean close: that is for [`CommitLog::close`], which the writer calls unless it has panicked.
impl Drop for Wal {
    fn drop(&mut self) {
        self.end_syncer();
    }
}
