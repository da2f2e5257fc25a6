//! Writing a snapshot file.
//!
//! Goes through a version that is held, chunk by chunk, and knows neither the writer nor the log. What it leaves has the name of
//! a draft: it is for the caller to say when it counts.

use std::io;
use std::path::Path;
use std::sync::Arc;

use super::frame::{Codec, End, FRAME_BYTES, FrameHead, FrameKind};
use super::header::SnapshotHeader;
use crate::change_set::ChangeSet;
use crate::media::{Media, MediaFile, Open};
use crate::persistence::codec::{Items, Tables};
use crate::persistence::zstd;
use crate::storage::Pinned;

/// How much is put together before it is written.
const WRITE_BYTES: usize = 2 << 20;

/// How large the body of a frame becomes, about, before the rest of the chunk goes to another one.
const BODY_BYTES: usize = 4 << 20;

/// What is to be written.
pub struct Writing<'a> {
    /// The header.
    pub header: SnapshotHeader,
    /// The version.
    pub pinned: &'a Pinned,
    /// The tables as the log has them.
    pub tables: Arc<Tables>,
    /// The last transaction that is in the base, if there is one: chunks that none has touched since are there already.
    pub since: Option<u64>,
    /// How hard to compress, if at all.
    pub compression: Option<i32>,
}

/// What was written.
pub struct Written {
    /// Bytes of the file.
    pub bytes: u64,
    /// Rows in it.
    pub rows: u64,
}

/// How far a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Rows that were looked at.
    pub rows: u64,
    /// All rows.
    pub rows_total: u64,
    /// Bytes that were written.
    pub bytes: u64,
}

/// Why a file was not written to its end.
#[derive(Debug)]
pub enum WriteError {
    /// The medium has refused.
    Io(io::Error),
    /// The rows of one page take more than a frame can hold.
    TooLarge,
    /// Nobody wants it any more.
    Stopped,
}

impl From<io::Error> for WriteError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl Writing<'_> {
    /// Writes the file at `path`, and syncs it; its name is for the caller to sync. `progress` is told after each chunk how far it
    /// is, and says whether to go on.
    pub fn write(
        &self,
        media: &dyn Media,
        path: &Path,
        progress: &mut dyn FnMut(Progress) -> bool,
    ) -> Result<Written, WriteError> {
        let file = media.open(path, Open::Truncate)?;
        let mut out = Frames {
            file,
            at: 0,
            items: Items::new(Arc::clone(&self.tables), self.header.to_bytes()),
            salt: self.header.salt,
            number: 0,
            compression: self.compression,
            compressed: Vec::new(),
            raw_bytes: 0,
        };
        let version = &self.pinned.version;
        let rows_total = version.tables.iter().map(|table| table.rows()).sum();
        let mut state = State { rows: 0, stored: 0, gone: Vec::new() };
        let told = |state: &State, out: &Frames| Progress { rows: state.rows, rows_total, bytes: out.bytes() };
        for chunk in 0..version.chunk_count() {
            if self.is_new(|serial| self.pinned.entities_touched_after(chunk, serial)) {
                let is_there = self.entities(&mut out, chunk)?;
                state.note(self.since.is_some(), (0, chunk as u32), is_there);
                if !progress(told(&state, &out)) {
                    return Err(WriteError::Stopped);
                }
            }
        }
        let mut changes = ChangeSet::default();
        for (number, table) in (0_u16..).zip(&version.tables) {
            let id = self.tables.numbered(number).id;
            for chunk in 0..table.chunk_count() {
                if self.is_new(|serial| self.pinned.rows_touched_after(number, chunk, serial)) {
                    let rows = self.pinned.rows(number, chunk, &mut changes);
                    out.rows(&changes, id, chunk as u32)?;
                    state.note(self.since.is_some(), (id, chunk as u32), rows > 0);
                    state.stored += rows;
                }
                state.rows +=
                    table.chunk(chunk).map_or(0, |chunk| chunk.pages().iter().map(|page| u64::from(page.len)).sum());
                if !progress(told(&state, &out)) {
                    return Err(WriteError::Stopped);
                }
            }
        }
        let State { stored, gone, .. } = state;
        let bytes = self.end(out, rows_total, gone)?;
        progress(Progress { rows: rows_total, rows_total, bytes });
        Ok(Written { bytes, rows: stored })
    }

    /// Whether a chunk has to be in the file, if `touched_after` says whether it was touched after a transaction.
    fn is_new(&self, touched_after: impl FnOnce(u64) -> bool) -> bool {
        self.since.is_none_or(touched_after)
    }

    /// Writes the entities of a chunk. Returns whether there was anything to write.
    fn entities(&self, out: &mut Frames, chunk: usize) -> Result<bool, WriteError> {
        let start = out.begin();
        let mut alive = 0;
        for block in self.pinned.blocks(chunk) {
            alive += block.after.alive.count_ones();
            out.items.block(&block);
        }
        out.end(start, FrameKind::Entities, (0, chunk as u32), alive)
    }

    /// Writes the last frame, and syncs.
    fn end(&self, mut out: Frames, rows: u64, gone: Vec<(u16, u32)>) -> Result<u64, WriteError> {
        let mut burned = self.pinned.burned.clone();
        burned.sort_unstable();
        let id_of = |(table, field, last): &(u16, u16, u128)| {
            let table = self.tables.numbered(*table);
            Some((table.id, table.field_id(*field)?, *last))
        };
        let end = End {
            raw_bytes: out.raw_bytes,
            rows,
            entities: self.pinned.version.entities.count(),
            block_end: self.pinned.block_end as u32,
            burned,
            counters: self.pinned.counters.iter().filter_map(id_of).collect(),
            gone,
        };
        let start = out.begin();
        end.write(&mut out.items.buffer);
        out.end(start, FrameKind::End, (0, 0), 0)?;
        out.flush()?;
        out.file.sync_data()?;
        Ok(out.at)
    }
}

/// What was done so far.
struct State {
    /// Rows that were looked at.
    rows: u64,
    /// Rows that were written.
    stored: u64,
    gone: Vec<(u16, u32)>,
}

impl State {
    /// Notes that nothing of a chunk is left, if so, in a file with a base: that may have it.
    fn note(&mut self, has_base: bool, chunk: (u16, u32), is_there: bool) {
        if has_base && !is_there {
            self.gone.push(chunk);
        }
    }
}

/// The file in the making.
struct Frames {
    file: Box<dyn MediaFile>,
    /// How much is in the file.
    at: u64,
    /// What is not in the file yet.
    items: Items,
    salt: u64,
    /// The number of the next frame.
    number: u32,
    compression: Option<i32>,
    compressed: Vec<u8>,
    raw_bytes: u64,
}

impl Frames {
    fn bytes(&self) -> u64 {
        self.at + self.items.buffer.len() as u64
    }

    /// Writes the rows in `changes`, which are all that chunk `chunk` of the table `id` has.
    fn rows(&mut self, changes: &ChangeSet, id: u16, chunk: u32) -> Result<(), WriteError> {
        let (mut start, mut count) = (self.begin(), 0);
        for page in changes.pages() {
            self.items.page(changes, &page);
            count += page.words_after().iter().map(|word| word.count_ones()).sum::<u32>();
            if self.items.buffer.len() - start > BODY_BYTES {
                self.end(start, FrameKind::Rows, (id, chunk), count)?;
                (start, count) = (self.begin(), 0);
            }
        }
        self.end(start, FrameKind::Rows, (id, chunk), count).map(drop)
    }

    /// Makes room for the head of a frame.
    fn begin(&mut self) -> usize {
        let start = self.items.buffer.len();
        self.items.buffer.resize(start + FRAME_BYTES, 0);
        start
    }

    /// Ends the frame that begins at `start`; one without a body is left out. Returns whether it has one.
    fn end(
        &mut self,
        start: usize,
        kind: FrameKind,
        (table, chunk): (u16, u32),
        count: u32,
    ) -> Result<bool, WriteError> {
        let body = start + FRAME_BYTES;
        let raw = u32::try_from(self.items.buffer.len() - body).map_err(|_| WriteError::TooLarge)?;
        if raw == 0 {
            self.items.buffer.truncate(start);
            return Ok(false);
        }
        let (mut stored, mut codec) = (raw, Codec::Raw);
        if let Some(level) = self.compression {
            zstd::compress(&self.items.buffer[body..], level, &mut self.compressed)?;
            if self.compressed.len() < raw as usize {
                self.items.buffer.truncate(body);
                self.items.buffer.extend_from_slice(&self.compressed);
                (stored, codec) = (self.compressed.len() as u32, Codec::Zstd);
            }
        }
        let number = self.number;
        let head = FrameHead { stored, salt: self.salt, raw, kind, codec, table, chunk, count, number };
        head.seal(&mut self.items.buffer, start);
        self.number += 1;
        self.raw_bytes += u64::from(raw);
        if self.items.buffer.len() > WRITE_BYTES {
            self.flush()?;
        }
        Ok(true)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.write_all_at(&self.items.buffer, self.at)?;
        self.at += self.items.buffer.len() as u64;
        self.items.buffer.clear();
        Ok(())
    }
}
