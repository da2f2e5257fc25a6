//! Reading a snapshot file: its header, and where its frames are. What is in them is checked when they are read.

use core::ops::{Deref, Range};
use std::path::{Path, PathBuf};

use super::frame::{CHUNKS_MAX, Codec, End, FRAME_BYTES, FrameHead, FrameKind};
use super::header::{PREFIX_BYTES, SnapshotHeader};
use crate::media::{Media, MediaFile, Open};
use crate::persistence::error::{DirectoryError, IoFailure};
use crate::persistence::format::HeaderError;
use crate::persistence::ids::Ids;
use crate::persistence::zstd;

/// A snapshot file that is complete, as far as the fronts of its frames tell.
pub struct SnapshotFile {
    /// Where it is.
    pub path: PathBuf,
    /// Its header.
    pub header: SnapshotHeader,
    /// The tables of its header.
    pub ids: Ids,
    /// Its frames, but for the last one.
    pub frames: Vec<PlacedFrame>,
    /// The last one.
    pub end: End,
    /// Where that stands.
    pub end_at: u64,
    /// Bytes of the file.
    pub bytes: u64,
    file: Box<dyn MediaFile>,
}

/// A frame, and where it stands in its file.
#[derive(Clone, Copy, Debug)]
pub struct PlacedFrame {
    /// Where it stands.
    pub at: u64,
    /// Its head, which was not checked.
    pub head: FrameHead,
}

/// The body of a frame.
pub struct Body {
    bytes: Vec<u8>,
    place: Range<usize>,
}

impl Body {
    /// Its memory, for the next one.
    pub fn into_spare(self) -> Vec<u8> {
        self.bytes
    }
}

impl Deref for Body {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes[self.place.clone()]
    }
}

/// The header of the file at `path`, which holds version `version`.
pub fn read_header(media: &dyn Media, path: &Path, version: u64) -> Result<SnapshotHeader, DirectoryError> {
    let file = media.open(path, Open::Read).map_err(IoFailure::io("open", path))?;
    let bytes = file.len().map_err(IoFailure::io("read", path))?;
    Raw { path, file: &*file, bytes }.header(version).map(|(header, _)| header)
}

/// A file of which nothing is known.
struct Raw<'f> {
    path: &'f Path,
    file: &'f dyn MediaFile,
    bytes: u64,
}

impl Raw<'_> {
    fn damaged(&self, at: u64, what: String) -> DirectoryError {
        DirectoryError::Damaged { file: self.path.to_owned(), offset: at, what }
    }

    /// The `len` bytes at `at`.
    fn read(&self, at: u64, len: u64) -> Result<Vec<u8>, DirectoryError> {
        // As long as the file is, and no longer.
        let left = self.bytes.saturating_sub(at);
        if left < len {
            return Err(self.damaged(at, format!("{len} bytes are expected, {left} are left")));
        }
        let mut buffer = vec![0; len as usize];
        self.file.read_exact_at(&mut buffer, at).map_err(IoFailure::io("read", self.path))?;
        Ok(buffer)
    }

    /// The header, and its length.
    fn header(&self, version: u64) -> Result<(SnapshotHeader, u64), DirectoryError> {
        let front = self.read(0, PREFIX_BYTES as u64)?;
        let len = SnapshotHeader::len(&front).map_err(|error| self.damaged(error.at as u64, error.what))? as u64;
        let header = SnapshotHeader::read(&self.read(0, len)?).map_err(|error| match error {
            HeaderError::Format(found) => DirectoryError::Format { file: self.path.to_owned(), found },
            HeaderError::Malformed(error) => self.damaged(error.at as u64, error.what),
        })?;
        if header.version != version || header.base.is_some_and(|base| base.version >= version) {
            return Err(self.damaged(40, format!("it holds version {}, and its name says {version}", header.version)));
        }
        Ok((header, len))
    }
}

impl SnapshotFile {
    /// Reads the front of every frame of the file at `path`, which holds version `version`.
    pub fn open(media: &dyn Media, path: PathBuf, version: u64) -> Result<Self, DirectoryError> {
        let file = media.open(&path, Open::Read).map_err(IoFailure::io("open", &path))?;
        let bytes = file.len().map_err(IoFailure::io("read", &path))?;
        let raw = Raw { path: &path, file: &*file, bytes };
        let damaged = |at, what| raw.damaged(at, what);
        let (header, len) = raw.header(version)?;
        let ids = Ids::read(&header.schema, PREFIX_BYTES).map_err(|error| damaged(error.at as u64, error.what))?;
        let (mut frames, mut at, mut raw_bytes) = (Vec::new(), len, 0);
        loop {
            let front = raw.read(at, FRAME_BYTES as u64)?;
            let head = FrameHead::read(&front, header.salt, frames.len() as u32)
                .map_err(|error| damaged(at + error.at as u64, error.what))?;
            if bytes - at < head.len() || head.chunk as usize >= CHUNKS_MAX {
                return Err(damaged(at, format!("a frame of {} bytes of chunk {}", head.len(), head.chunk)));
            }
            if head.kind != FrameKind::End {
                frames.push(PlacedFrame { at, head });
                raw_bytes += u64::from(head.raw);
                at += head.len();
                continue;
            }
            let body = body(&path, at, &head, raw.read(at, head.len())?)?;
            let end = End::read(&body).map_err(|error| damaged(at + (FRAME_BYTES + error.at) as u64, error.what))?;
            if at + head.len() != bytes || end.raw_bytes != raw_bytes {
                return Err(damaged(at, "the last frame does not fit what stands before and behind it".into()));
            }
            return Ok(Self { path, header, ids, frames, end, end_at: at, bytes, file });
        }
    }

    /// Reads and checks a frame, with the memory of `spare`. Returns its body.
    pub fn read(&self, frame: &PlacedFrame, spare: Vec<u8>) -> Result<Body, DirectoryError> {
        let mut bytes = spare;
        // What is in it already need not be zeroed.
        bytes.resize(frame.head.len() as usize, 0);
        self.file.read_exact_at(&mut bytes, frame.at).map_err(IoFailure::io("read", &self.path))?;
        body(&self.path, frame.at, &frame.head, bytes)
    }

    /// An error about byte `at` of the file.
    pub fn damaged(&self, at: u64, what: impl Into<String>) -> DirectoryError {
        DirectoryError::Damaged { file: self.path.clone(), offset: at, what: what.into() }
    }
}

/// The body of the frame that `bytes` is, which stands at `at` in the file at `path`, if it is whole.
fn body(path: &Path, at: u64, head: &FrameHead, bytes: Vec<u8>) -> Result<Body, DirectoryError> {
    let damaged = |what: String| DirectoryError::Damaged { file: path.to_owned(), offset: at, what };
    if !head.is_whole(&bytes) {
        return Err(damaged("the checksum of a frame is wrong".into()));
    }
    let stored = FRAME_BYTES..FRAME_BYTES + head.stored as usize;
    match head.codec {
        Codec::Raw => Ok(Body { bytes, place: stored }),
        Codec::Zstd => match zstd::decompress(&bytes[stored], head.raw as usize) {
            Some(Ok(bytes)) if bytes.len() == head.raw as usize => Ok(Body { place: 0..bytes.len(), bytes }),
            Some(Ok(bytes)) => Err(damaged(format!("{} bytes come out of a frame and not {}", bytes.len(), head.raw))),
            Some(Err(error)) => Err(damaged(format!("a frame cannot be decompressed: {error}"))),
            None => Err(DirectoryError::Codec { file: path.to_owned(), feature: "zstd" }),
        },
    }
}
