//! Bytes into storage.
//!
//! Everything is checked before it goes anywhere: lengths before anything is allocated, rows before they are stored. What
//! fails leaves a store that is thrown away.

use thiserror::Error;

use super::era::{Era, Gone, Known};
use super::items::{LISTED, OWNER_LISTED, OWNER_NONE, PAIR, SAME, UNIFORM};
use super::tables::{Span, TableCode, Tables};
use crate::bits::bits;
use crate::bytes::{HeapPlace, RowBytes};
use crate::entity::{Generations, Pair};
use crate::limits::{BLOCK_SLOTS, CHUNK_BLOCKS};
use crate::persistence::format::{Cursor, ItemHead, Malformed, Masks, RECORD_BYTES, TRANSACTION_BYTES, Tag};
use crate::storage::{Batch, RestoreError, RestoredBlock, StorageError};

/// What a record came down to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// Rows that were stored, changed or removed.
    pub rows: u64,
    /// How many blocks the record has said that there are, if it has.
    pub block_end: Option<u32>,
}

/// Why a record cannot be applied.
#[derive(Debug, Error)]
pub enum ApplyError {
    /// It is not what the format says, or does not fit what came before.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// There is no room for what it says.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl From<RestoreError> for ApplyError {
    fn from(error: RestoreError) -> Self {
        match error {
            RestoreError::Storage(error) => Self::Storage(error),
            // Where it stands is added by whoever knows.
            RestoreError::Unfit(what) => Self::Malformed(Malformed { at: 0, what: what.into() }),
            // Indexes are built when everything is there.
            RestoreError::Duplicate(error) => Self::Malformed(Malformed { at: 0, what: error.to_string() }),
        }
    }
}

/// Applies the body of a record with so many transactions. Errors tell places from the front of the record on.
pub fn apply(batch: &mut Batch<'_>, era: &Era<'_>, body: &[u8], transactions: u32) -> Result<Applied, ApplyError> {
    let mut applier = Applier::new(batch, era, true);
    let mut cursor = Cursor::new(body, RECORD_BYTES);
    for _ in 0..transactions {
        let start = cursor;
        let len = cursor.u32()? as usize;
        if cursor.u32()? != 0 {
            return Err(start.malformed("an unknown kind of transaction").into());
        }
        let Some(items) = len.checked_sub(TRANSACTION_BYTES) else {
            return Err(start.malformed(format!("a transaction of {len} bytes")).into());
        };
        let at = cursor.position();
        let mut items = Cursor::new(cursor.bytes(items)?, at);
        while !items.rest().is_empty() {
            applier.item(&mut items, false)?;
        }
    }
    // Behind the transactions stands what rolled back ones have left, and then zeros.
    while cursor.rest().first().is_some_and(|tag| *tag != 0) {
        applier.item(&mut cursor, true)?;
    }
    if cursor.rest().iter().any(|byte| *byte != 0) {
        return Err(cursor.malformed("something stands behind the last item").into());
    }
    Ok(applier.applied)
}

/// Stores the entities of chunk `chunk` that the items `items` say. Errors tell places from the first item on. Returns how many
/// entities are alive.
pub fn restore_entities(batch: &mut Batch<'_>, era: &Era<'_>, items: &[u8], chunk: u32) -> Result<u64, ApplyError> {
    let mut applier = Applier::new(batch, era, true);
    let mut cursor = Cursor::new(items, 0);
    while !cursor.rest().is_empty() {
        let start = cursor;
        let head = ItemHead::read(&mut cursor)?;
        if head.tag != Tag::Block || head.block as usize / CHUNK_BLOCKS != chunk as usize {
            return Err(start.malformed("an item that is no block of the chunk").into());
        }
        applier.block(&mut cursor, head).map_err(|error| placed(error, &start))?;
        applier.applied.rows += u64::from(applier.batch.version().entities.alive(head.block as usize).count_ones());
    }
    Ok(applier.applied.rows)
}

/// Stores the rows that the items `items` say, which [`validate_rows`] has looked at.
pub fn restore_rows(batch: &mut Batch<'_>, era: &Era<'_>, items: &[u8]) -> Result<(), ApplyError> {
    let mut applier = Applier::new(batch, era, false);
    let mut cursor = Cursor::new(items, 0);
    while !cursor.rest().is_empty() {
        let start = cursor;
        let head = ItemHead::read(&mut cursor)?;
        applier.insert(&mut cursor, head).map_err(|error| placed(error, &start))?;
    }
    Ok(())
}

/// Checks that the items `items` store rows of chunk `chunk` of the table with the id `table`, and nothing else. Returns how many.
pub fn validate_rows(era: &Era<'_>, items: &[u8], table: u16, chunk: u32) -> Result<u64, Malformed> {
    let mut reader = RowReader::default();
    let mut cursor = Cursor::new(items, 0);
    let mut count = 0;
    while !cursor.rest().is_empty() {
        let start = cursor;
        let head = ItemHead::read(&mut cursor)?;
        let last_block = head.block as usize + usize::from(head.small.max(1)) - 1;
        let is_here = [head.block as usize, last_block].iter().all(|block| block / CHUNK_BLOCKS == chunk as usize);
        if head.tag != Tag::Insert || head.table != table || !is_here {
            return Err(start.malformed("an item that stores no rows of the chunk"));
        }
        let words = Masks::read(&mut cursor.clone(), head.small)?;
        count += words.count() as u64;
        if let Some(rows) = reader.read(era, &mut cursor, head)? {
            rows.validate(era.tables)?;
        }
    }
    Ok(count)
}

/// Tells the place of an error that does not know its own.
fn placed(error: ApplyError, start: &Cursor<'_>) -> ApplyError {
    match error {
        ApplyError::Malformed(Malformed { at: 0, what }) => start.malformed(what).into(),
        error => error,
    }
}

struct Applier<'a, 'b> {
    batch: &'a mut Batch<'b>,
    era: &'a Era<'a>,
    applied: Applied,
    reader: RowReader,
    /// Whether rows have still to be looked at.
    validates: bool,
    spans: Vec<Span>,
}

impl<'a, 'b> Applier<'a, 'b> {
    fn new(batch: &'a mut Batch<'b>, era: &'a Era<'a>, validates: bool) -> Self {
        let (applied, reader, spans) = (Applied::default(), RowReader::default(), Vec::new());
        Self { batch, era, applied, reader, validates, spans }
    }
}

impl Applier<'_, '_> {
    fn item(&mut self, cursor: &mut Cursor<'_>, is_tail: bool) -> Result<(), ApplyError> {
        let start = *cursor;
        let head = ItemHead::read(cursor)?;
        let done = match head.tag {
            Tag::Burned if is_tail => self.burned(cursor, head),
            Tag::End if is_tail => self.end(head),
            Tag::Block if !is_tail => self.block(cursor, head),
            Tag::Insert if !is_tail => self.insert(cursor, head),
            Tag::Remove if !is_tail => self.remove(cursor, head),
            Tag::Update if !is_tail => self.update(cursor, head),
            _ => return Err(start.malformed(format!("an item {:?} in the wrong place", head.tag)).into()),
        };
        done.map_err(|error| placed(error, &start))
    }

    fn burned(&mut self, cursor: &mut Cursor<'_>, head: ItemHead) -> Result<(), ApplyError> {
        for _ in 0..head.block {
            let (slot, generation) = (cursor.u32()?, cursor.u32()?);
            self.batch.restore_burned(slot, generation)?;
        }
        Ok(())
    }

    fn end(&mut self, head: ItemHead) -> Result<(), ApplyError> {
        self.batch.restore_end(head.block as usize)?;
        self.applied.block_end = Some(head.block);
        Ok(())
    }

    fn block(&mut self, cursor: &mut Cursor<'_>, head: ItemHead) -> Result<(), ApplyError> {
        let block = head.block as usize;
        let alive = cursor.u64()?;
        let generations = match head.small & 0b11 {
            SAME => None,
            UNIFORM => {
                let base = cursor.u32()?;
                Some(pair(cursor, 0, base, base)?)
            }
            PAIR => {
                let (base, other, odd) = (cursor.u32()?, cursor.u32()?, cursor.u64()?);
                Some(pair(cursor, odd, base, other)?)
            }
            LISTED => {
                let before = self.batch.version().entities.generations(block);
                let mut each: [u32; BLOCK_SLOTS] = core::array::from_fn(|bit| before.get(bit as u32));
                for bit in bits(cursor.u64()?) {
                    each[bit as usize] = cursor.u32()?;
                }
                Some(Generations::Each(each.into()))
            }
            _ => unreachable!("two bits"),
        };
        let mut listed = Vec::new();
        let owner = match head.small & !0b11 {
            0 => None,
            OWNER_NONE => Some(None),
            OWNER_LISTED => {
                for _ in 0..head.table {
                    let id = cursor.u16()?;
                    if let Known::Live(table) = find(self.era, cursor, id)? {
                        listed.push(table.number);
                    }
                }
                listed.sort_unstable();
                if listed.windows(2).any(|pair| pair[0] == pair[1]) {
                    return Err(cursor.malformed("a set of tables names one twice").into());
                }
                Some(Some(&*listed))
            }
            _ => return Err(cursor.malformed("unknown flags of a block").into()),
        };
        Ok(self.batch.restore_block(RestoredBlock { block, alive, generations, owner })?)
    }

    fn insert(&mut self, cursor: &mut Cursor<'_>, head: ItemHead) -> Result<(), ApplyError> {
        let Some(read) = self.reader.read(self.era, cursor, head)? else { return Ok(()) };
        if self.validates {
            read.validate(self.era.tables)?;
        }
        let InsertedRows { table, masks, mut rows, mut heaps, .. } = read;
        for (block, mask) in (head.block as usize..).zip(masks.words()) {
            let (now, rest) = rows.split_at(mask.count_ones() as usize * table.stride);
            let taken = if table.has_heap { now.chunks_exact(table.stride).map(heap_len).sum() } else { 0 };
            let (heap, behind) = heaps.split_at(taken);
            self.batch.restore_rows(table.number, block, mask, RowBytes { row: now, heap })?;
            (rows, heaps) = (rest, behind);
        }
        self.applied.rows += masks.count() as u64;
        Ok(())
    }

    fn remove(&mut self, cursor: &mut Cursor<'_>, head: ItemHead) -> Result<(), ApplyError> {
        let found = find(self.era, cursor, head.table)?;
        let masks = Masks::read(cursor, head.small)?;
        let Known::Live(TableCode { number: table, .. }) = *found else { return Ok(()) };
        for (block, mask) in (head.block as usize..).zip(masks.words()) {
            self.batch.restore_removal(*table, block, mask)?;
        }
        self.applied.rows += masks.count() as u64;
        Ok(())
    }

    fn update(&mut self, cursor: &mut Cursor<'_>, head: ItemHead) -> Result<(), ApplyError> {
        let era = self.era;
        let found = find(era, cursor, head.table)?;
        let masks = Masks::read(cursor, head.small)?;
        let columns = cursor.u64()?;
        let (tables, table) = match found {
            Known::Live(table) => (era.tables, *table),
            Known::Gone(gone) => {
                cursor.bytes(masks.count() * gone.columns_bytes(columns))?;
                return Ok(());
            }
        };
        if columns & !table.all_columns() != 0 || table.has_heap && table.touches_heap(table.to_program(columns)) {
            return Err(cursor.malformed("a change of columns that the table does not have").into());
        }
        table.spans(columns, &mut self.spans);
        let spans = core::mem::take(&mut self.spans);
        let bytes: usize = spans.iter().map(|span| span.end - span.start).sum();
        let mut values = Cursor::new(cursor.rest(), cursor.position());
        cursor.bytes(masks.count() * bytes)?;
        for (block, mask) in (head.block as usize..).zip(masks.words()) {
            self.batch.restore_update(table.number, block, mask, |row| {
                let at = values;
                for span in &spans {
                    row[span.start..span.end].copy_from_slice(values.bytes(span.end - span.start)?);
                }
                tables.validate_update(table, row).map_err(|error| ApplyError::from(at.malformed(error.to_string())))
            })?;
        }
        self.spans = spans;
        self.applied.rows += masks.count() as u64;
        Ok(())
    }
}

/// Reads rows that are stored as a whole.
#[derive(Default)]
struct RowReader {
    /// Rows as they lie in memory.
    scratch: Vec<u8>,
    spans: Vec<Span>,
}

/// Rows as they lie in memory, one after the other, and their heaps.
struct InsertedRows<'r> {
    table: &'r TableCode,
    masks: Masks<'r>,
    rows: &'r [u8],
    heaps: &'r [u8],
    /// Where they stand.
    at: usize,
}

impl InsertedRows<'_> {
    /// Checks that they are rows of their table.
    fn validate(&self, tables: &Tables) -> Result<(), Malformed> {
        let table = self.table;
        if table.stride == 0 || !table.is_checked() {
            return Ok(());
        }
        let mut heaps = self.heaps;
        for (index, row) in self.rows.chunks_exact(table.stride).enumerate() {
            let len = if table.has_heap { heap_len(row) } else { 0 };
            let (heap, rest) = heaps.split_at(len);
            let invalid = |what: String| Malformed { at: self.at + index * table.fields_bytes(), what };
            tables.validate(table, RowBytes { row, heap }).map_err(|error| invalid(error.to_string()))?;
            heaps = rest;
        }
        Ok(())
    }
}

impl RowReader {
    /// The rows of the item with the front `head`, unless their table is gone.
    fn read<'r, 'c: 'r>(
        &'r mut self,
        era: &'r Era<'_>,
        cursor: &mut Cursor<'c>,
        head: ItemHead,
    ) -> Result<Option<InsertedRows<'r>>, Malformed> {
        let found = find(era, cursor, head.table)?;
        let masks = Masks::read(cursor, head.small)?;
        let table = match found {
            Known::Live(table) => *table,
            Known::Gone(gone) => return skip_rows(cursor, gone, masks.count()).map(|()| None),
        };
        let at = cursor.position();
        // At most 16 KiB of slots, so no product overflows.
        let mut rows = cursor.bytes(masks.count() * table.fields_bytes())?;
        let mut heaps: &[u8] = &[];
        if table.has_heap {
            heaps = self.unpack_with_heaps(table, rows, cursor)?;
            rows = &self.scratch;
        } else if !table.is_plain {
            self.unpack(table, rows);
            rows = &self.scratch;
        }
        Ok(Some(InsertedRows { table, masks, rows, heaps, at }))
    }

    /// Puts rows into `scratch` as they lie in memory, with the lengths of their heaps, which follow. Returns the heaps.
    fn unpack_with_heaps<'c>(
        &mut self,
        table: &TableCode,
        rows: &[u8],
        cursor: &mut Cursor<'c>,
    ) -> Result<&'c [u8], Malformed> {
        self.unpack(table, rows);
        let mut total = 0;
        for row in self.scratch.chunks_exact_mut(table.stride) {
            let len = cursor.u32()?;
            total += len as usize;
            row[table.stride - HeapPlace::BYTES..].copy_from_slice(&HeapPlace::new(0, len).to_bytes());
        }
        cursor.bytes(total)
    }

    /// Puts rows into `scratch` as they lie in memory.
    fn unpack(&mut self, table: &TableCode, rows: &[u8]) {
        table.spans(u64::MAX, &mut self.spans);
        let bytes = table.fields_bytes();
        self.scratch.clear();
        self.scratch.resize(rows.len() / bytes.max(1) * table.stride, 0);
        for (from, to) in rows.chunks_exact(bytes.max(1)).zip(self.scratch.chunks_exact_mut(table.stride.max(1))) {
            let mut at = 0;
            for span in &self.spans {
                let len = span.end - span.start;
                to[span.start..span.end].copy_from_slice(&from[at..at + len]);
                at += len;
            }
        }
    }
}

/// How long the heap of `row` is.
fn heap_len(row: &[u8]) -> usize {
    HeapPlace::read(&row[row.len() - HeapPlace::BYTES..]).len()
}

/// Passes over `count` rows of a table that is gone.
fn skip_rows(cursor: &mut Cursor<'_>, gone: &Gone, count: usize) -> Result<(), Malformed> {
    cursor.bytes(count * gone.row_bytes())?;
    if gone.has_heap {
        let mut heaps = 0;
        for _ in 0..count {
            heaps += cursor.u32()? as usize;
        }
        cursor.bytes(heaps)?;
    }
    Ok(())
}

fn find<'e, 't>(era: &'e Era<'t>, cursor: &Cursor<'_>, id: u16) -> Result<&'e Known<'t>, Malformed> {
    era.with_id(id).ok_or_else(|| cursor.malformed(format!("there is no table {id}")))
}

fn pair(cursor: &Cursor<'_>, odd: u64, base: u32, other: u32) -> Result<Generations, Malformed> {
    Pair::from_parts(odd, base, other)
        .map(Generations::Pair)
        .ok_or_else(|| cursor.malformed("generations that a block cannot have"))
}
