//! Change sets to records.
//!
//! One buffer holds the record in the making, from its head on. It keeps its memory, so a commit allocates nothing.

use std::sync::Arc;

use super::items::Items;
use super::tables::Tables;
use crate::change_set::ChangeSet;
use crate::persistence::format::{
    ALIGN, ITEM_BYTES, ItemHead, Kind, RECORD_BYTES, RecordHead, TRANSACTION_BYTES, Tag, seal,
};

/// Bytes of a burned generation: its slot, and the lowest generation that is left.
const BURNED_BYTES: usize = 8;

/// Puts the records of a log together.
pub struct Encoder {
    /// The record: room for its head, and the transactions that were appended.
    items: Items,
    transactions: u32,
    /// What transactions that were rolled back have left and no record has said yet.
    burned: Vec<(u32, u32)>,
    /// How many blocks there are, and how many the last record has said.
    block_end: u32,
    logged_end: u32,
}

impl Encoder {
    /// An encoder for these tables. The log that it goes on with has said that there are `logged_end` blocks.
    pub fn new(tables: Arc<Tables>, logged_end: u32) -> Self {
        Self {
            items: Items::new(tables, vec![0; RECORD_BYTES]),
            transactions: 0,
            burned: Vec::new(),
            block_end: logged_end,
            logged_end,
        }
    }

    /// Goes on with other tables, between two records.
    pub fn set_tables(&mut self, tables: Arc<Tables>) {
        debug_assert_eq!(self.transactions, 0, "no record is in the making");
        self.items.set_tables(tables);
    }

    /// Appends a transaction to the record.
    pub fn append(&mut self, changes: &ChangeSet) {
        self.note(changes);
        let start = self.begin();
        self.items.begin();
        for block in &changes.entities {
            self.items.block(block);
        }
        for page in changes.pages() {
            self.items.page(changes, &page);
        }
        self.end(start);
    }

    /// Appends the rows of the tables that `is_wanted` says as transactions, and has `full` write a record whenever one has
    /// become large, and says whether that is the last one.
    pub fn append_rows<E>(
        &mut self,
        changes: &ChangeSet,
        is_wanted: impl Fn(u16) -> bool,
        mut full: impl FnMut(&mut Self, bool) -> Result<(), E>,
    ) -> Result<(), E> {
        /// How large a record becomes before the next one is begun.
        const RECORD_BYTES_MAX: usize = 4 << 20;
        self.items.begin();
        let mut pages = changes.pages().filter(|page| is_wanted(page.table())).peekable();
        while let Some(page) = pages.next() {
            let start = self.begin();
            self.items.page(changes, &page);
            self.end(start);
            if self.items.buffer.len() > RECORD_BYTES_MAX && pages.peek().is_some() {
                full(self, false)?;
            }
        }
        if self.transactions > 0 { full(self, true) } else { Ok(()) }
    }

    /// Makes room for the head of a transaction.
    fn begin(&mut self) -> usize {
        let start = self.items.buffer.len();
        self.items.buffer.extend_from_slice(&[0; TRANSACTION_BYTES]);
        start
    }

    /// Ends the transaction that begins at `start`.
    fn end(&mut self, start: usize) {
        let len = (self.items.buffer.len() - start) as u64;
        // What does not fit in 32 bits does not fit in a record either, which is found when it is sealed.
        self.items.buffer[start..start + 4].copy_from_slice(&(len as u32).to_le_bytes());
        self.transactions += 1;
    }

    /// Takes in what `changes` says besides of rows and entities.
    pub fn note(&mut self, changes: &ChangeSet) {
        self.burned.extend_from_slice(&changes.burned);
        self.block_end = self.block_end.max(changes.block_end);
    }

    /// The bytes that the record will have.
    pub fn sealed_len(&self) -> usize {
        let burned = if self.burned.is_empty() { 0 } else { ITEM_BYTES + self.burned.len() * BURNED_BYTES };
        let end = if self.block_end > self.logged_end { ITEM_BYTES } else { 0 };
        (self.items.buffer.len() + burned + end).next_multiple_of(ALIGN)
    }

    /// Ends the record, which is no longer than a record can be: [`Self::sealed_len`] says.
    pub fn seal(&mut self, salt: u64, version: u64, durable: u64, time: u64, kind: Kind) -> &[u8] {
        let bytes = self.sealed_len();
        if !self.burned.is_empty() {
            let block = self.burned.len() as u32;
            self.items.buffer.extend_from_slice(&ItemHead { tag: Tag::Burned, small: 0, table: 0, block }.to_bytes());
            for (slot, generation) in &self.burned {
                self.items.buffer.extend_from_slice(&slot.to_le_bytes());
                self.items.buffer.extend_from_slice(&generation.to_le_bytes());
            }
        }
        if self.block_end > self.logged_end {
            let head = ItemHead { tag: Tag::End, small: 0, table: 0, block: self.block_end };
            self.items.buffer.extend_from_slice(&head.to_bytes());
        }
        let head = RecordHead { salt, version, durable, time, transactions: self.transactions, kind };
        seal(&mut self.items.buffer, &head);
        debug_assert_eq!(self.items.buffer.len(), bytes);
        &self.items.buffer
    }

    /// Begins the next record. `logged` says whether this one is in the log.
    pub fn clear(&mut self, logged: bool) {
        /// A buffer that one large record has needed is not kept for small ones.
        const KEPT_BYTES: usize = 16 << 20;
        if logged {
            self.burned.clear();
            self.logged_end = self.block_end;
        }
        self.items.buffer.truncate(RECORD_BYTES);
        if self.items.buffer.capacity() > KEPT_BYTES {
            self.items.buffer.shrink_to(KEPT_BYTES);
        }
        self.transactions = 0;
    }
}
