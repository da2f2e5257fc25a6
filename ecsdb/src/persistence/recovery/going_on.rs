//! Going on with the log of a directory that was read: in its last segment, behind a cut, or in the first segment of a new one.
//!
//! Each step may be interrupted and begun again. What was read and is not surely on the medium is written once more.

use std::sync::Arc;

use super::read::Moved;
use super::replay::{LastSegment, Replayed};
use super::scan::SegmentFile;
use crate::media::{Media, Open};
use crate::persistence::directory::Directory;
use crate::persistence::error::{DirectoryError, IoFailure};
use crate::persistence::files;
use crate::persistence::format::{Header, Kind, RECORD_BYTES, RecordHead, seal};
use crate::persistence::ids::Ids;
use crate::persistence::log::Segment;
use crate::persistence::time::{nanoseconds, random};
use crate::schema::DatabaseSchema;

/// What it takes to change the directory.
pub struct GoingOn<'a> {
    pub media: &'a Arc<dyn Media>,
    pub directory: &'a Directory,
    pub segment_bytes: u64,
    pub ids: &'a Ids,
    pub schema: &'a DatabaseSchema,
    pub moved: Option<&'a Moved>,
}

/// Where the log goes on.
pub struct Begun {
    pub segment: Segment,
    pub header: Header,
    /// The last version in it.
    pub version: u64,
}

impl GoingOn<'_> {
    /// Has the log go on behind `found`, which the segments that begin with the versions `firsts` have given.
    pub fn go_on(&self, found: Option<&Replayed>, firsts: &[u64]) -> Result<Begun, DirectoryError> {
        match found {
            None => self.begin(),
            Some(found) if found.was_closed => self.reopen(found),
            Some(found) => self.cut(found, firsts),
        }
    }

    /// Makes the first segment of a new directory.
    fn begin(&self) -> Result<Begun, DirectoryError> {
        self.make(Placed { first: 1, sequence: 1, previous: 0, timeline: random() })
    }

    /// Goes on after a clean close: in the same segment, if the schema in its header is still right.
    fn reopen(&self, found: &Replayed) -> Result<Begun, DirectoryError> {
        let last = &found.last;
        if last.header.schema != self.ids.to_bytes() {
            return self.make(self.after(found, last.header.timeline));
        }
        let path = self.directory.segment(last.first);
        let (media, header) = (&**self.media, &last.header);
        let io = |action| IoFailure::io(action, &path);
        // The mark of the close is written once more: if its sync failed, it is not on the medium, although it can be read.
        let end = last.end - found.close.len() as u64;
        let has_commits = last.version >= last.first;
        if !has_commits {
            // Nothing proves that its name is durable: who has begun it may have been killed before that, or the sync failed.
            self.make_sure(last, found.version)?;
        }
        let mut segment =
            Segment::reopen(media, &path, header, has_commits, end, self.segment_bytes).map_err(io("open"))?;
        segment.write(&found.close, Kind::Close).map_err(io("write"))?;
        // Says from now on that the log is not closed, whatever becomes of the commits that follow.
        let mut record = vec![0; RECORD_BYTES];
        let version = found.version;
        let time = nanoseconds(self.media.now());
        let head = RecordHead { salt: header.salt, version, durable: version, time, transactions: 0, kind: Kind::Open };
        seal(&mut record, &head);
        segment.write(&record, Kind::Open).map_err(io("write"))?;
        segment.named.file.sync_data().map_err(io("sync"))?;
        Ok(Begun { segment, header: header.clone(), version })
    }

    /// Cuts off what stands behind the last whole record, and goes on in a new segment of a new timeline.
    fn cut(&self, found: &Replayed, firsts: &[u64]) -> Result<Begun, DirectoryError> {
        // The last one first: if this ends in between, the rest still follows from one segment to the next.
        for first in firsts[found.kept..].iter().rev() {
            let path = self.directory.segment(*first);
            files::remove(&**self.media, &path)?;
        }
        for segment in &found.unsure {
            self.make_sure(segment, found.durable)?;
        }
        let placed = self.after(found, random());
        if placed.first != found.last.first {
            let path = self.directory.segment(found.last.first);
            let file = self.media.open(&path, Open::Write).map_err(IoFailure::io("open", &path))?;
            file.set_len(found.last.end).map_err(IoFailure::io("cut", &path))?;
            file.sync_data().map_err(IoFailure::io("sync", &path))?;
        }
        self.make(placed)
    }

    /// Writes once more what stands in `segment` after version `durable`. It was read, but if a sync of it failed in this life
    /// of the machine, it is not on the medium, and another sync would not put it there.
    fn make_sure(&self, segment: &LastSegment, durable: u64) -> Result<(), DirectoryError> {
        let path = self.directory.segment(segment.first);
        let read = SegmentFile::read(&**self.media, path.clone(), segment.first)?;
        let end = segment.end as usize;
        if segment.first <= durable {
            // Its name is durable, and so are its first records.
            let from = read.after(durable, end);
            let file = self.media.open(&path, Open::Write).map_err(IoFailure::io("open", &path))?;
            file.write_all_at(read.bytes(from..end), from as u64).map_err(IoFailure::io("write", &path))?;
            return Ok(file.sync_data().map_err(IoFailure::io("sync", &path))?);
        }
        let draft = self.directory.draft(segment.header.sequence);
        Ok(files::replace(&**self.media, &draft, &path, read.bytes(0..end))?)
    }

    /// The place of a segment after what was found. A segment without commits is replaced: it would have the same name.
    fn after(&self, found: &Replayed, timeline: u64) -> Placed {
        let last = &found.last;
        let first = found.version + 1;
        if last.first == first {
            Placed { first, sequence: last.header.sequence, previous: last.header.previous, timeline }
        } else {
            Placed { first, sequence: last.header.sequence + 1, previous: last.header.salt, timeline }
        }
    }

    /// Makes a segment and gives it its name. Rows that were made anew are in it from the first moment on.
    fn make(&self, placed: Placed) -> Result<Begun, DirectoryError> {
        let time = nanoseconds(self.media.now());
        let header = Header {
            timeline: placed.timeline,
            salt: random(),
            sequence: placed.sequence,
            previous: placed.previous,
            created: time,
            schema_hash: self.schema.hash(),
            recycled: false,
            schema: self.ids.to_bytes(),
        };
        let draft = self.directory.draft(placed.sequence);
        let mut segment = Segment::create(&**self.media, &draft, &header, self.segment_bytes)
            .map_err(IoFailure::io("make", &draft))?;
        let version = match self.moved {
            Some(moved) => moved.write(&mut segment, time).map_err(IoFailure::io("write", &draft))?,
            None => placed.first - 1,
        };
        segment.rename_durably(&**self.media, self.directory.segment(placed.first))?;
        Ok(Begun { segment, header, version })
    }
}

/// Where a segment stands in the log.
struct Placed {
    first: u64,
    sequence: u64,
    previous: u64,
    timeline: u64,
}
