//! Segments, one after the other, into a store. Changes no file.

use std::sync::Arc;

use super::scan::SegmentFile;
use crate::media::Media;
use crate::persistence::codec::{ApplyError, Era, Tables, apply};
use crate::persistence::directory::Directory;
use crate::persistence::error::DirectoryError;
use crate::persistence::format::{Header, Kind};
use crate::persistence::ids::Ids;
use crate::persistence::pipeline::in_order;
use crate::schema::DatabaseSchema;
use crate::storage::{RestoreError, Store};

/// What the log comes down to.
pub struct Replayed {
    /// The version of the last commit.
    pub version: u64,
    /// The timeline that it belongs to.
    pub timeline: u64,
    /// How many blocks the log has said that there are.
    pub block_end: u32,
    /// Whether the last record is the mark of a close, and nothing stands behind it.
    pub was_closed: bool,
    /// Transactions.
    pub transactions: u64,
    /// Rows that they were about.
    pub rows: u64,
    /// Bytes of records.
    pub bytes: u64,
    /// Bytes behind the last whole record.
    pub torn_bytes: u64,
    /// The last segment that stays.
    pub last: LastSegment,
    /// How many segments stay.
    pub kept: usize,
    /// The highest version of which a record says that it was durable.
    pub durable: u64,
    /// The last segments that stay: all that may have records of later versions, which nothing says were durable.
    pub unsure: Vec<LastSegment>,
    /// The mark of the close, if it was closed.
    pub close: Vec<u8>,
}

/// A segment in which the log ends, or may have ended.
#[derive(Clone)]
pub struct LastSegment {
    /// Its first version, which is its name.
    pub first: u64,
    /// Its header.
    pub header: Header,
    /// Where its records end.
    pub end: u64,
    /// The last version in it, or the one before if there is none.
    pub version: u64,
}

/// What is in the store before any segment is read.
#[derive(Clone, Copy, Debug, Default)]
pub struct Start {
    /// The version: 0 if there is nothing. It was durable once.
    pub version: u64,
    /// The timeline that it belongs to; 0 if there is nothing.
    pub timeline: u64,
}

/// The tables that a log is read into.
pub struct Target<'t> {
    /// Their numbers in the directory, with the names that they have in the schema.
    pub ids: &'t Ids,
    /// The schema.
    pub schema: &'t Arc<DatabaseSchema>,
}

/// Segments to read.
pub struct Segments<'a> {
    /// On what.
    pub media: &'a dyn Media,
    /// Where.
    pub directory: &'a Directory,
    /// Their first versions, ascending.
    pub firsts: &'a [u64],
    /// How many threads read and check ahead.
    pub threads: usize,
}

/// Why no more segments are read.
enum Stop {
    /// The log ends.
    End,
    Failed(DirectoryError),
}

impl From<DirectoryError> for Stop {
    fn from(error: DirectoryError) -> Self {
        Self::Failed(error)
    }
}

/// Reads `segments` into `store`, which has the tables of `target` and holds version `start`, in a transaction that goes on here. It is
/// left with version [`Replayed::version`] published.
///
/// Of segments that have only versions up to that one nothing is read; of records up to it, whether they are whole. `read` is told how many
/// bytes each segment has.
pub fn replay(
    segments: &Segments<'_>,
    target: &Target<'_>,
    start: Start,
    store: &mut Store,
    read: &mut dyn FnMut(u64),
) -> Result<Replayed, DirectoryError> {
    let Segments { media, directory, firsts, threads } = *segments;
    let tables = Tables::new(target.ids, Arc::clone(target.schema));
    let mut reader: Option<Reader> = None;
    let skipped = firsts.iter().rposition(|first| *first <= start.version + 1).unwrap_or(0);
    let mut index = skipped;
    let prepare = |number: usize| {
        let first = firsts[skipped + number];
        let mut segment = SegmentFile::read(media, directory.segment(first), first)?;
        segment.check();
        Ok::<_, DirectoryError>(segment)
    };
    let done = in_order(firsts.len() - skipped, threads.min(AHEAD_MAX), prepare, |segment| {
        let segment = segment?;
        index += 1;
        let reader = match &mut reader {
            Some(reader) => {
                reader.follow(&segment)?;
                reader
            }
            None => {
                start.is_before(&segment)?;
                reader.insert(Reader::new(&segment, &tables, target.ids, start))
            }
        };
        let end = reader.segment(store, &segment)?;
        reader.replayed.kept = index;
        read(segment.len());
        if firsts.get(index).is_some_and(|next| *next == reader.replayed.version + 1) {
            // What stands behind the records of a segment that was left for the next one means nothing.
            return Ok(());
        }
        // The log ends here, one way or another.
        reader.judge(media, directory, &segment, end, &firsts[index..])?;
        reader.replayed.torn_bytes += segment.torn_bytes(end) as u64;
        Err(Stop::End)
    });
    if let Err(Stop::Failed(error)) = done {
        return Err(error);
    }
    let Some(Reader { mut replayed, .. }) = reader else {
        return Err(DirectoryError::Damaged {
            file: directory.wal().to_owned(),
            offset: 0,
            what: "there is no segment".into(),
        });
    };
    replayed.was_closed &= replayed.torn_bytes == 0 && replayed.kept == firsts.len();
    store.finish_restore(replayed.version).map_err(|error| match error {
        RestoreError::Storage(error) => error.into(),
        RestoreError::Duplicate(error) => error.into(),
        RestoreError::Unfit(what) => DirectoryError::Damaged {
            file: directory.segment(replayed.last.first),
            offset: replayed.last.end,
            what: format!("the log as a whole leaves {what}"),
        },
    })?;
    Ok(replayed)
}

/// How many segments are read ahead of the one that is replayed: they may be large.
const AHEAD_MAX: usize = 2;

impl Start {
    /// Checks that a log that begins with `segment` goes on from here.
    fn is_before(self, segment: &SegmentFile) -> Result<(), DirectoryError> {
        let is_first = segment.header.sequence == 1 && segment.first == 1;
        if segment.first > self.version + 1 || self.version == 0 && !is_first {
            return Err(segment.damaged(0, "segments before this one are missing"));
        }
        if segment.first <= self.version && segment.header.timeline != self.timeline {
            let what = format!("version {} of another timeline is in a snapshot file", self.version);
            return Err(segment.damaged(0, what));
        }
        Ok(())
    }
}

struct Reader<'t> {
    /// What was in the store before.
    start: Start,
    tables: &'t Tables,
    /// The tables as they are now.
    now: &'t Ids,
    /// The tables of the segment that was read last.
    ids: Ids,
    /// Whether the record that was read last is a part of what is not whole without the next one.
    is_part: bool,
    replayed: Replayed,
}

impl<'t> Reader<'t> {
    fn new(segment: &SegmentFile, tables: &'t Tables, now: &'t Ids, start: Start) -> Self {
        let replayed = Replayed {
            version: segment.first - 1,
            timeline: start.timeline,
            block_end: 0,
            was_closed: false,
            transactions: 0,
            rows: 0,
            bytes: 0,
            torn_bytes: 0,
            last: last(segment, segment.start, 0),
            kept: 0,
            durable: start.version,
            unsure: Vec::new(),
            close: Vec::new(),
        };
        Self { start, tables, now, ids: segment.ids.clone(), is_part: false, replayed }
    }

    /// Goes on with `segment`, which must be the one after that which was read last.
    fn follow(&mut self, segment: &SegmentFile) -> Result<(), DirectoryError> {
        let before = &self.replayed.last.header;
        if segment.header.sequence != before.sequence + 1 || segment.header.previous != before.salt {
            let (found, expected) = (segment.header.sequence, before.sequence + 1);
            let what = format!(
                "it is segment {found} and does not follow the one before, {expected} is missing or another one"
            );
            return Err(segment.damaged(0, what));
        }
        if self.is_part {
            return Err(
                segment.damaged(0, "the segment before has a part only of the rows that were written anew there")
            );
        }
        if !segment.ids.can_follow(&self.ids) {
            return Err(segment.damaged(0, "its tables cannot have become of those of the segment before"));
        }
        self.ids = segment.ids.clone();
        Ok(())
    }

    /// Takes in the records of one segment. Returns where they end.
    fn segment(&mut self, store: &mut Store, segment: &SegmentFile) -> Result<usize, DirectoryError> {
        let mut at = segment.start;
        let era = Era::new(self.tables, &segment.ids, self.now);
        let replayed = &mut self.replayed;
        replayed.was_closed = false;
        if segment.first != replayed.version + 1 {
            return Err(segment.damaged(0, format!("it begins after version {}", replayed.version)));
        }
        while let Some((head, body, len)) = segment.record(at) {
            let expected = replayed.version + u64::from(head.kind.has_version());
            if head.version != expected || head.durable > replayed.version {
                let what = format!("a record of version {} where version {expected} is expected", head.version);
                return Err(segment.damaged(at, what));
            }
            // What was in the store before is not done again. A mark may say more about the version that it follows.
            if head.version > self.start.version || head.version == self.start.version && !head.kind.has_version() {
                let applied =
                    apply(&mut store.batch(), &era, body, head.transactions).map_err(|error| match error {
                        ApplyError::Malformed(error) => segment.damaged(at + error.at, error.what),
                        ApplyError::Storage(error) => error.into(),
                    })?;
                replayed.block_end = applied.block_end.unwrap_or(replayed.block_end);
                replayed.transactions += u64::from(head.transactions);
                replayed.rows += applied.rows;
                replayed.bytes += len as u64;
            }
            if head.kind.has_version() {
                replayed.timeline = segment.header.timeline;
            }
            replayed.version = head.version;
            replayed.durable = replayed.durable.max(head.durable);
            if head.kind == Kind::Close {
                replayed.close = segment.bytes(at..at + len).to_vec();
            }
            replayed.was_closed = head.kind == Kind::Close;
            self.is_part = head.kind == Kind::Part;
            at += len;
        }
        replayed.last = last(segment, at, replayed.version);
        let durable = replayed.durable;
        replayed.unsure.push(replayed.last.clone());
        replayed.unsure.retain(|segment| segment.version > durable);
        Ok(at)
    }

    /// The log ends in `segment` at `end`, although segments with the first versions `later` follow. Is something missing that
    /// was durable?
    fn judge(
        &mut self,
        media: &dyn Media,
        directory: &Directory,
        segment: &SegmentFile,
        end: usize,
        later: &[u64],
    ) -> Result<(), DirectoryError> {
        let version = self.replayed.version;
        let damaged = || segment.damaged(end, format!("no whole record, although version {} was durable", version + 1));
        if version < self.start.version || self.is_part || segment.shows_damage_at(end, version) {
            return Err(damaged());
        }
        for first in later {
            // Names that were not synced survive in any order: one in between may be missing, and need not have been durable.
            let segment = SegmentFile::read(media, directory.segment(*first), *first)?;
            if segment.shows_damage_at(segment.start, version) {
                return Err(damaged());
            }
            self.replayed.torn_bytes += segment.torn_bytes(segment.start) as u64;
        }
        Ok(())
    }
}

fn last(segment: &SegmentFile, end: usize, version: u64) -> LastSegment {
    LastSegment { first: segment.first, header: segment.header.clone(), end: end as u64, version }
}
