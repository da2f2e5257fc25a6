//! Entities and rows as items: what records of the log and frames of snapshot files are made of.

use std::sync::Arc;

use super::tables::{Span, TableCode, Tables};
use crate::bits::bits;
use crate::change_set::{BlockChange, ChangeSet, PageChange};
use crate::entity::Generations;
use crate::limits::BLOCK_SLOTS;
use crate::persistence::format::{ItemHead, Tag};

/// Appends items to a buffer.
pub struct Items {
    /// The tables.
    pub tables: Arc<Tables>,
    /// Where items go.
    pub buffer: Vec<u8>,
    /// The parts of a row that `spans_of` stands for: its table and its columns.
    spans: Vec<Span>,
    spans_of: Option<(u16, u64)>,
    /// Slots whose entity was replaced within the transaction, by block; put together when they are asked for.
    replaced: Option<Vec<(u32, u64)>>,
}

impl Items {
    /// Items of these tables, behind what `buffer` holds.
    pub fn new(tables: Arc<Tables>, buffer: Vec<u8>) -> Self {
        Self { tables, buffer, spans: Vec::new(), spans_of: None, replaced: None }
    }

    /// Goes on with other tables.
    pub fn set_tables(&mut self, tables: Arc<Tables>) {
        self.tables = tables;
        self.spans_of = None;
    }

    /// What follows is of another transaction.
    pub fn begin(&mut self) {
        self.replaced = None;
    }

    /// Appends the front of an item.
    pub fn head(&mut self, head: ItemHead) {
        self.buffer.extend_from_slice(&head.to_bytes());
    }

    /// The entities of a block: who is alive, and of generations and owner what has changed.
    pub fn block(&mut self, change: &BlockChange) {
        let start = self.buffer.len();
        let mut head = ItemHead { tag: Tag::Block, small: 0, table: 0, block: change.first_slot / BLOCK_SLOTS as u32 };
        self.head(head);
        self.buffer.extend_from_slice(&change.after.alive.to_le_bytes());
        head.small = self.generations(&change.before.generations, &change.after.generations);
        let is_same = match (&change.before.owner, &change.after.owner) {
            (Some(before), Some(after)) => Arc::ptr_eq(before, after) || before == after,
            (None, None) => true,
            _ => false,
        };
        match &change.after.owner {
            _ if is_same => {}
            None => head.small |= OWNER_NONE,
            Some(owner) => {
                head.small |= OWNER_LISTED;
                head.table = owner.len() as u16;
                for table in owner.iter() {
                    self.buffer.extend_from_slice(&self.tables.numbered(*table).id.to_le_bytes());
                }
            }
        }
        self.buffer[start..start + head.to_bytes().len()].copy_from_slice(&head.to_bytes());
    }

    /// Appends what generations have become, and says how.
    fn generations(&mut self, before: &Generations, after: &Generations) -> u8 {
        match (before, after) {
            (Generations::Pair(before), Generations::Pair(after)) if before.parts() == after.parts() => SAME,
            (_, Generations::Pair(after)) => {
                let (odd, base, other) = after.parts();
                self.buffer.extend_from_slice(&base.to_le_bytes());
                if odd == 0 && base == other {
                    return UNIFORM;
                }
                self.buffer.extend_from_slice(&other.to_le_bytes());
                self.buffer.extend_from_slice(&odd.to_le_bytes());
                PAIR
            }
            (_, Generations::Each(after)) => {
                let is_each = matches!(before, Generations::Each(_));
                let changed = |bit: &u32| !is_each || before.get(*bit) != after[*bit as usize];
                let mask = (0..BLOCK_SLOTS as u32).filter(changed).fold(0_u64, |mask, bit| mask | 1 << bit);
                if mask == 0 {
                    return SAME;
                }
                self.buffer.extend_from_slice(&mask.to_le_bytes());
                for bit in bits(mask) {
                    self.buffer.extend_from_slice(&after[bit as usize].to_le_bytes());
                }
                LISTED
            }
        }
    }

    /// What became of the rows of a page.
    pub fn page(&mut self, changes: &ChangeSet, page: &PageChange<'_>) {
        let tables = Arc::clone(&self.tables);
        let table = tables.numbered(page.table());
        let (before, after, written) = (page.words_before(), page.words_after(), page.words_written());
        // A page of wide rows is a part of a block.
        let (first_block, shift) = (page.first_slot() / BLOCK_SLOTS as u32, page.first_slot() % BLOCK_SLOTS as u32);
        let mut removed = [0; crate::limits::PAGE_BLOCKS_MAX];
        let mut inserted = removed;
        let mut updated = removed;
        let (mut any_removed, mut any_inserted, mut any_updated) = (0, 0, 0);
        for index in 0..written.len() {
            let word = written[index];
            removed[index] = word & before[index] & !after[index];
            inserted[index] = word & after[index] & !before[index];
            updated[index] = word & after[index] & before[index];
            if !table.logs_updates && updated[index] != 0 {
                // A row that came with a new entity in the place of an earlier one is no change of a row that stays.
                inserted[index] |= updated[index] & self.replaced_in(changes, first_block + index as u32) >> shift;
                updated[index] = 0;
            }
            if table.touches_heap(page.columns().bits()) {
                // The heap of a row is logged as a whole, and the row with it.
                inserted[index] |= core::mem::take(&mut updated[index]);
            }
            any_removed |= removed[index];
            any_inserted |= inserted[index];
            any_updated |= updated[index];
        }
        if any_removed != 0 {
            self.masks(Tag::Remove, table.id, first_block, shift, &removed[..written.len()]);
        }
        if any_inserted != 0 {
            self.masks(Tag::Insert, table.id, first_block, shift, &inserted[..written.len()]);
            self.rows(table, page, &inserted, table.all_columns());
            if table.has_heap {
                self.heaps(table, page, &inserted);
            }
        }
        if any_updated != 0 && table.stride > 0 {
            let columns = table.to_file(page.columns().bits());
            self.masks(Tag::Update, table.id, first_block, shift, &updated[..written.len()]);
            self.buffer.extend_from_slice(&columns.to_le_bytes());
            self.rows(table, page, &updated, columns);
        }
    }

    /// The slots of `block` that had an entity before and have another one now.
    fn replaced_in(&mut self, changes: &ChangeSet, block: u32) -> u64 {
        let replaced = self.replaced.get_or_insert_with(|| {
            let of = |change: &BlockChange| {
                let (before, after) = (&change.before, &change.after);
                let other = |bit: &u32| before.generations.get(*bit) != after.generations.get(*bit);
                let mask = bits(before.alive & after.alive).filter(other).fold(0, |mask, bit| mask | 1_u64 << bit);
                (change.first_slot / BLOCK_SLOTS as u32, mask)
            };
            let mut all: Vec<(u32, u64)> = changes.entities.iter().map(of).filter(|(_, mask)| *mask != 0).collect();
            all.sort_unstable();
            all
        });
        replaced.binary_search_by_key(&block, |(block, _)| *block).map_or(0, |index| replaced[index].1)
    }

    /// The front of an item that is about rows: its slots, from the first word that has any to the last one.
    fn masks(&mut self, tag: Tag, table: u16, first_block: u32, shift: u32, words: &[u64]) {
        let first = words.iter().position(|word| *word != 0).unwrap_or(0);
        let last = words.iter().rposition(|word| *word != 0).unwrap_or(0);
        let small = (last - first + 1) as u8;
        self.head(ItemHead { tag, small, table, block: first_block + first as u32 });
        for word in &words[first..=last] {
            self.buffer.extend_from_slice(&(word << shift).to_le_bytes());
        }
    }

    /// Appends `columns` of the rows that `selected` has, in the order of slots.
    fn rows(&mut self, table: &TableCode, page: &PageChange<'_>, selected: &[u64], columns: u64) {
        let (after, bytes, stride) = (page.words_after(), page.bytes_after(), table.stride);
        if stride == 0 {
            return;
        }
        if self.spans_of != Some((table.number, columns)) {
            table.spans(columns, &mut self.spans);
            self.spans_of = Some((table.number, columns));
        }
        let is_whole = matches!(&*self.spans, [all] if all.end - all.start == stride);
        let mut rank = 0;
        for (present, selected) in after.iter().copied().zip(selected.iter().copied()) {
            if selected == present && is_whole {
                let count = present.count_ones() as usize;
                self.buffer.extend_from_slice(&bytes[rank * stride..(rank + count) * stride]);
                rank += count;
                continue;
            }
            for bit in bits(selected) {
                let row = rank + (present & ((1 << bit) - 1)).count_ones() as usize;
                let row = &bytes[row * stride..(row + 1) * stride];
                for span in &self.spans {
                    self.buffer.extend_from_slice(&row[span.start..span.end]);
                }
            }
            rank += present.count_ones() as usize;
        }
    }

    /// Appends how long the heaps of the rows are that `selected` has, in the order of slots, and then the heaps.
    fn heaps(&mut self, table: &TableCode, page: &PageChange<'_>, selected: &[u64]) {
        let mut heaps = Vec::new();
        let mut rank = 0;
        for (present, selected) in page.words_after().iter().copied().zip(selected.iter().copied()) {
            for bit in bits(selected) {
                let row = rank + (present & ((1 << bit) - 1)).count_ones() as usize;
                heaps.push(page.heap_after(&page.bytes_after()[row * table.stride..(row + 1) * table.stride]));
            }
            rank += present.count_ones() as usize;
        }
        for heap in &heaps {
            self.buffer.extend_from_slice(&(heap.len() as u32).to_le_bytes());
        }
        for heap in heaps {
            self.buffer.extend_from_slice(heap);
        }
    }
}

/// What the small number of a block says of its generations: as before.
pub const SAME: u8 = 0;
/// All slots have one.
pub const UNIFORM: u8 = 1;
/// There are two.
pub const PAIR: u8 = 2;
/// Those of some slots are listed.
pub const LISTED: u8 = 3;
/// What it says of the owner: nobody.
pub const OWNER_NONE: u8 = 1 << 2;
/// The set of tables that is listed.
pub const OWNER_LISTED: u8 = 2 << 2;
