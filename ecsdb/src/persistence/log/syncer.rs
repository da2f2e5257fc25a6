//! What the writer and the thread that syncs share: the files that are not synced yet, and the next segment.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use super::figures::Figures;
use super::segment::{NamedFile, Segment};
use super::spares::Spares;
use crate::media::Media;
use crate::panics::panic_message;
use crate::persistence::directory::Directory;
use crate::persistence::error::{IoFailure, LogFailure};
use crate::persistence::files;
use crate::persistence::format::Header;
use crate::persistence::ids::Ids;
use crate::persistence::time::{nanoseconds, random};
use crate::sync::shim::unwatched::{AtomicBool, Ordering};
use crate::sync::shim::{Mutex, lock, try_lock};
use crate::sync::{Taken, Unsynced, Watermark};
use crate::transaction::LogError;

/// What it takes to make a segment.
pub struct Maker {
    /// Where.
    pub media: Arc<dyn Media>,
    /// In which directory.
    pub directory: Directory,
    /// How large segments become.
    pub capacity: u64,
    /// The header of the current segment, for what all segments have in common.
    pub header: Header,
    /// The one before that, if the segment of `header` was made here.
    pub before: Option<Header>,
    /// Files to write over.
    pub spares: Arc<Spares>,
}

impl Maker {
    /// Makes the segment that follows the current one, under its draft's name.
    fn make(&mut self) -> Result<Segment, LogFailure> {
        let mut header = Header {
            salt: random(),
            sequence: self.header.sequence + 1,
            previous: self.header.salt,
            created: nanoseconds(self.media.now()),
            recycled: false,
            ..self.header.clone()
        };
        let path = self.directory.draft(header.sequence);
        let segment = match self.recycle(&path, &mut header) {
            Some(segment) => segment,
            None => Segment::create(&*self.media, &path, &header, self.capacity).map_err(|error| {
                // It may be what fills the disk. Whoever opens the directory removes it otherwise.
                let _ = self.media.remove(&path);
                IoFailure::io("make", &path)(error)
            })?,
        };
        self.before = Some(core::mem::replace(&mut self.header, header));
        Ok(segment)
    }

    /// Makes the segment with the header `header` of a spare file, if there is one that can be used.
    fn recycle(&self, path: &Path, header: &mut Header) -> Option<Segment> {
        let spare = self.spares.take()?;
        header.recycled = true;
        Segment::recycle(&*self.media, &spare, path, header, self.capacity)
            .inspect_err(|error| {
                tracing::warn!(%error, "a spare file cannot be used");
                header.recycled = false;
                // One of them has it. Whoever opens the directory removes it otherwise.
                let _ = self.media.remove(path).or_else(|_| self.media.remove(&spare));
            })
            .ok()
    }
}

/// The segment that comes next, ready or not.
struct Next {
    maker: Maker,
    ready: Option<Segment>,
    /// Whether it is time to make it.
    is_wanted: bool,
    /// Whether it could not be made ahead: then it is made when it is needed.
    is_refused: bool,
}

/// What the two threads share.
pub struct Shared {
    media: Arc<dyn Media>,
    directory: Directory,
    /// What is durable.
    pub watermark: Arc<Watermark<LogError>>,
    /// What is counted.
    pub figures: Arc<Figures>,
    /// The files that a sync has to cover.
    files: Unsynced<Arc<NamedFile>>,
    next: Mutex<Next>,
    /// Whether the next record goes to the next segment. Ordering: `Relaxed`, it is the writer's alone.
    cut: AtomicBool,
}

impl Shared {
    /// For a log whose current segment is `segment`.
    pub fn new(maker: Maker, segment: &Segment, watermark: Arc<Watermark<LogError>>, figures: Arc<Figures>) -> Self {
        Self {
            media: Arc::clone(&maker.media),
            directory: maker.directory.clone(),
            watermark,
            figures,
            files: Unsynced::new(Arc::clone(&segment.named)),
            next: Mutex::new(Next { maker, ready: None, is_wanted: false, is_refused: false }),
            cut: AtomicBool::new(false),
        }
    }

    /// Syncs everything that was written before the call.
    pub fn sync(&self) -> Result<(), LogError> {
        let began = Instant::now();
        let Taken { sealed, current, is_renamed } = self.files.take();
        // In the order in which they were written. The first failure is the last thing that happens here, so nothing that
        // was taken out of the list is forgotten.
        for named in &sealed {
            self.sync_file(named)?;
        }
        if is_renamed {
            files::sync_names(&*self.media, self.directory.wal()).map_err(LogError::new)?;
        }
        self.sync_file(&current)?;
        self.figures.note_sync(began.elapsed());
        Ok(())
    }

    /// The same. Should the medium panic, nobody knows what is synced, and that is a failure like any other.
    pub fn sync_or_fail(&self) -> Result<(), LogError> {
        catch_unwind(AssertUnwindSafe(|| self.sync())).unwrap_or_else(|panic| {
            let message = panic_message(&*panic);
            // Its drop might panic once more.
            core::mem::forget(panic);
            Err(LogError::new(LogFailure::Panicked { message }))
        })
    }

    fn sync_file(&self, named: &NamedFile) -> Result<(), LogError> {
        named.file.sync_data().map_err(IoFailure::io("sync", &named.path)).map_err(LogError::new)
    }

    /// Asks the syncing thread to make the next segment when it has time.
    pub fn want_next(&self) {
        // If it is being made just now, there is nothing to ask for.
        if let Some(mut next) = try_lock(&self.next) {
            let is_new = next.ready.is_none() && !next.is_wanted && !next.is_refused;
            next.is_wanted |= is_new;
            drop(next);
            if is_new {
                self.watermark.call();
            }
        }
    }

    /// Makes the next segment, if it was asked for.
    fn make_ready(&self) {
        // If somebody is making it just now, acknowledgements need not wait for that.
        let Some(mut next) = try_lock(&self.next) else { return };
        if core::mem::take(&mut next.is_wanted) && next.ready.is_none() {
            // A medium that panics has said no.
            match catch_unwind(AssertUnwindSafe(|| next.maker.make())) {
                Ok(Ok(segment)) => next.ready = Some(segment),
                // Nothing is lost so far: the log goes on in its segment, and makes the next one when that is full.
                refused => {
                    next.is_refused = true;
                    let cause = refused.map(|made| made.err()).unwrap_or_default();
                    tracing::warn!(?cause, "the next segment of the log cannot be made ahead");
                }
            }
        }
    }

    /// Makes the next segment, unless it is there already. If that fails, everything goes on as it was.
    pub fn make_next(&self) -> Result<(), LogFailure> {
        let mut next = lock(&self.next);
        if next.ready.is_none() {
            next.ready = Some(next.maker.make()?);
        }
        Ok(())
    }

    /// Whether the next segment is there.
    pub fn has_next(&self) -> bool {
        // While it is being made it is not.
        try_lock(&self.next).is_some_and(|next| next.ready.is_some())
    }

    /// Says whether the next record goes to the next segment, and returns what was said before. For the writer.
    pub fn set_cut(&self, is_cut: bool) -> bool {
        let before = self.cut.load(Ordering::Relaxed);
        self.cut.store(is_cut, Ordering::Relaxed);
        before
    }

    /// Where the log is.
    pub fn directory(&self) -> &Directory {
        &self.directory
    }

    /// The header of the current segment, or of the next one if that is ready: what all have in common is the same.
    pub fn header(&self) -> Header {
        lock(&self.next).maker.header.clone()
    }

    /// The header of the current segment.
    pub fn current_header(&self) -> Header {
        let next = lock(&self.next);
        match &next.maker.before {
            Some(current) if next.ready.is_some() => current.clone(),
            _ => next.maker.header.clone(),
        }
    }

    /// Makes the segment that follows the current one, with another schema in its header, under its draft's name. If the
    /// current one has no commits, so that the new one will have its name, it takes its place.
    pub fn make_for(&self, ids: &Ids, schema_hash: u64, replaces: bool) -> Result<(Segment, Header), LogError> {
        let mut next = lock(&self.next);
        let next = &mut *next;
        next.is_wanted = false;
        // The one that is ready has the old schema: the new one takes over its place in the log, and its draft.
        let was_ready = next.ready.take().is_some();
        let is_next = was_ready || replaces;
        // What takes the place of the current segment follows what that one follows, also if the next one was ready.
        let before = match &next.maker.before {
            Some(current) if was_ready && replaces => current.clone(),
            _ => next.maker.header.clone(),
        };
        let (sequence, previous) =
            if is_next { (before.sequence, before.previous) } else { (before.sequence + 1, before.salt) };
        let header = Header {
            salt: random(),
            sequence,
            previous,
            created: nanoseconds(self.media.now()),
            schema_hash,
            recycled: false,
            schema: ids.to_bytes(),
            ..before
        };
        let path = self.directory.draft(sequence);
        let segment = Segment::create(&*self.media, &path, &header, next.maker.capacity)
            .map_err(IoFailure::io("make", &path))
            .map_err(LogError::new)?;
        next.maker.header = header.clone();
        Ok((segment, header))
    }

    /// Gives `segment` its name, for records from `version` on, durably. It is the current one from here on.
    pub fn put_in_place(&self, mut segment: Segment, version: u64) -> Result<Segment, LogFailure> {
        segment.rename_durably(&*self.media, self.directory.segment(version))?;
        let before = self.files.go_on_anew(Arc::clone(&segment.named));
        // The one before is synced, and may not even have its name any more.
        if before.path != segment.named.path {
            self.figures.note_segment();
        }
        self.set_cut(false);
        Ok(segment)
    }

    /// Takes the next segment, for records from `version` on. It is the current one from here on, and the one before is synced
    /// first by the next sync.
    pub fn rotate(&self, version: u64) -> Result<Segment, LogFailure> {
        let mut segment = {
            let mut next = lock(&self.next);
            (next.is_wanted, next.is_refused) = (false, false);
            match next.ready.take() {
                Some(segment) => segment,
                None => next.maker.make()?,
            }
        };
        segment.rename(&*self.media, self.directory.segment(version))?;
        self.files.go_on_in(Arc::clone(&segment.named));
        self.figures.note_segment();
        Ok(segment)
    }

    /// What the syncing thread does. Should it panic, nothing is synced any more, and nobody may wait for that.
    pub fn run(&self) {
        let work = || self.watermark.run(|| self.sync_or_fail(), || self.make_ready());
        if let Err(panic) = catch_unwind(AssertUnwindSafe(work)) {
            let message = panic_message(&*panic);
            // Its drop might panic once more.
            core::mem::forget(panic);
            self.watermark.fail(LogError::new(LogFailure::ThreadPanicked { message }));
        }
        tracing::debug!(durable = self.watermark.durable(), "the log is not synced any more");
    }

    /// The files that are left when nobody needs them any more: the draft, and spare ones.
    pub fn take_left_over(&self) -> Vec<PathBuf> {
        let mut next = lock(&self.next);
        let draft = next.ready.take().map(|segment| segment.named.path.clone());
        draft.into_iter().chain(core::iter::from_fn(|| next.maker.spares.take())).collect()
    }
}
