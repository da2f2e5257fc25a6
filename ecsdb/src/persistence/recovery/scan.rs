//! One segment, read front to back.
//!
//! Where the records end, something else stands: zeros, what the file held before, a record that was not written to its end, or
//! one that was and is damaged. Only what was written later can tell the last two apart: a later record that says that the
//! version was durable, or that could not be there if the bad one had never been written.

use core::ops::Range;
use std::path::{Path, PathBuf};

use super::scattered::scattered;
use crate::media::{Media, Open};
use crate::persistence::error::{DirectoryError, IoFailure};
use crate::persistence::files;
use crate::persistence::format::{
    ALIGN, HEADER_STEP, Header, HeaderError, Kind, PREFIX_BYTES, RECORD_BYTES, RecordHead, frame, frame_unchecked,
};
use crate::persistence::ids::Ids;

/// Where the records of a segment end.
#[derive(Clone, Copy, Debug)]
pub struct RecordsEnd {
    /// The last version; that before the first one if there is no record.
    pub version: u64,
    /// Where the last record ends.
    pub at: usize,
    /// Whether that is a part only of rows that were written anew.
    pub is_part: bool,
}

/// What the records of a segment come to.
#[derive(Clone, Copy, Debug)]
pub struct Span {
    /// The last version.
    pub last: u64,
    /// When the earliest of them was written, in nanoseconds since 1970. Clocks go back now and then.
    pub earliest: u64,
    /// When the latest of them was written.
    pub latest: u64,
    /// Where the records end.
    pub end: usize,
}

/// A segment in memory.
pub struct SegmentFile {
    /// Where it is.
    pub path: PathBuf,
    /// The first version in it, as its name says.
    pub first: u64,
    /// Its header.
    pub header: Header,
    /// The tables of its header.
    pub ids: Ids,
    /// Where its records start.
    pub start: usize,
    bytes: Vec<u8>,
    /// Up to where the checksums of records are known to be right.
    checked: usize,
}

impl SegmentFile {
    /// Reads the segment at `path`.
    pub fn read(media: &dyn Media, path: PathBuf, first: u64) -> Result<Self, DirectoryError> {
        Self::parse(files::read(media, &path)?, path, first)
    }

    /// The segment that `bytes` are, which come from `path`.
    pub fn parse(bytes: Vec<u8>, path: PathBuf, first: u64) -> Result<Self, DirectoryError> {
        let (header, ids, start) = read_front(&bytes, &path)?;
        Ok(Self { path, first, header, ids, start, bytes, checked: 0 })
    }

    /// The tables that the header of the segment at `path` names.
    pub fn read_tables(media: &dyn Media, path: PathBuf) -> Result<Ids, DirectoryError> {
        Self::front(media, path).map(|(_, ids, _)| ids)
    }

    /// The header of the segment at `path`, its tables, and the length of the file.
    pub fn front(media: &dyn Media, path: PathBuf) -> Result<(Header, Ids, u64), DirectoryError> {
        let file = media.open(&path, Open::Read).map_err(IoFailure::io("open", &path))?;
        let len = file.len().map_err(IoFailure::io("read", &path))?;
        let read = |bytes: u64| {
            let mut front = vec![0; bytes.min(len) as usize];
            file.read_exact_at(&mut front, 0).map_err(IoFailure::io("read", &path))?;
            Ok::<_, DirectoryError>(front)
        };
        let mut front = read(HEADER_STEP as u64)?;
        if let Some(whole) = Header::claimed_len(&front) {
            front = read(whole)?;
        }
        read_front(&front, &path).map(|(header, ids, _)| (header, ids, len))
    }

    /// The record at `at`, if there is a whole one of this segment: its head, its body and its length.
    pub fn record(&self, at: usize) -> Option<(RecordHead, &[u8], usize)> {
        let frame = if at < self.checked { frame_unchecked } else { frame };
        let (head, body) = frame(self.bytes.get(at..)?, Some(self.header.salt))?;
        Some((head, body, RECORD_BYTES + body.len()))
    }

    /// The heads of its records, each with the place where the record ends.
    pub fn heads(&self) -> impl Iterator<Item = (RecordHead, usize)> {
        let mut at = self.start;
        core::iter::from_fn(move || {
            let (head, _, len) = self.record(at)?;
            at += len;
            Some((head, at))
        })
    }

    /// Looks at the checksums of all records ahead of [`Self::record`], which then does not.
    pub fn check(&mut self) {
        let mut at = self.start;
        while let Some((_, _, len)) = self.record(at) {
            at += len;
        }
        self.checked = at;
    }

    /// What its records come to; nothing if there is no commit among them.
    pub fn span(&self) -> Option<Span> {
        let mut span: Option<Span> = None;
        for (head, end) in self.heads() {
            if head.kind.has_version() {
                let (earliest, latest) = span.map_or((head.time, head.time), |span| (span.earliest, span.latest));
                let (earliest, latest) = (earliest.min(head.time), latest.max(head.time));
                span = Some(Span { last: head.version, earliest, latest, end });
            } else if let Some(span) = &mut span {
                span.end = end;
            }
        }
        span
    }

    /// Where its records end.
    pub fn end(&self) -> RecordsEnd {
        let of = |(head, at): (RecordHead, usize)| RecordsEnd {
            version: head.version,
            at,
            is_part: head.kind == Kind::Part,
        };
        let empty = RecordsEnd { version: self.first - 1, at: self.start, is_part: false };
        self.heads().last().map_or(empty, of)
    }

    /// Whether it has a commit of version `version`, also behind a damage.
    pub fn has(&self, version: u64) -> bool {
        let end = self.end().at;
        let mut heads = self.heads().map(|(head, _)| head).chain(self.behind(end).map(|(_, head, _)| head));
        heads.any(|head| head.kind.has_version() && head.version == version)
    }

    /// Bytes of the file.
    pub fn len(&self) -> u64 {
        self.bytes.len() as u64
    }

    /// What stands at `range`, which ends within the file.
    pub fn bytes(&self, range: Range<usize>) -> &[u8] {
        &self.bytes[range]
    }

    /// A segment with the records at `records` alone.
    pub fn extract(&self, records: &Range<u64>) -> Vec<u8> {
        let mut extracted = self.bytes(0..self.start).to_vec();
        extracted.extend_from_slice(self.bytes(records.start as usize..records.end as usize));
        extracted
    }

    /// Where the first record stands whose version is later than `version`; `end`, where the records end, if there is none.
    pub fn after(&self, version: u64, end: usize) -> usize {
        let mut at = self.start;
        while at < end {
            match self.record(at) {
                Some((head, _, len)) if head.version <= version => at += len,
                _ => return at,
            }
        }
        end
    }

    /// The whole records behind `at`, where there is none: where each stands, its head, and its length.
    pub fn behind(&self, at: usize) -> impl Iterator<Item = (usize, RecordHead, usize)> {
        scattered(&self.bytes, at, Some(self.header.salt))
    }

    /// Whether some record behind `at`, where there is none, shows that there was one: that of the version after `version`, or a
    /// mark of an opening or a close.
    pub fn shows_damage_at(&self, at: usize, version: u64) -> bool {
        self.behind(at).any(|(_, head, _)| is_evidence(&head, version))
    }

    /// How many bytes of this segment's own stand behind `at`, where the records end.
    pub fn torn_bytes(&self, at: usize) -> usize {
        let rest = self.bytes.get(at..).unwrap_or_default();
        if !self.header.recycled {
            return rest.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        }
        // What the file held before is nobody's loss. A record of ours carries the salt.
        let salt = self.header.salt.to_le_bytes();
        let ours = |at: &usize| rest.get(at + 8..at + 16) == Some(&salt[..]);
        (0..rest.len()).step_by(ALIGN).rfind(ours).map_or(0, |last| rest.len().min(last + RECORD_BYTES))
    }

    /// An error about this file.
    pub fn damaged(&self, at: usize, what: impl Into<String>) -> DirectoryError {
        DirectoryError::Damaged { file: self.path.clone(), offset: at as u64, what: what.into() }
    }
}

/// The header that the bytes of the file at `path` begin with, the tables in it, and its length.
fn read_front(bytes: &[u8], path: &Path) -> Result<(Header, Ids, usize), DirectoryError> {
    let damaged = |at: usize, what| DirectoryError::Damaged { file: path.to_owned(), offset: at as u64, what };
    let (header, start) = Header::read(bytes).map_err(|error| match error {
        HeaderError::Format(found) => DirectoryError::Format { file: path.to_owned(), found },
        HeaderError::Malformed(error) => damaged(error.at, error.what),
    })?;
    let ids = Ids::read(&header.schema, PREFIX_BYTES).map_err(|error| damaged(error.at, error.what))?;
    Ok((header, ids, start))
}

/// Whether a later record shows that what should stand before it, after `version`, was durable once.
fn is_evidence(head: &RecordHead, version: u64) -> bool {
    // A mark is synced before anything comes after it; so if the next commit is here and the place before it is bad, a mark is
    // damaged.
    head.durable > version || head.kind.has_version() && head.version <= version + 1
}
