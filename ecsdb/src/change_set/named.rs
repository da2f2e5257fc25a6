//! Whose rows a transaction has touched, for those who follow changes row by row.
//!
//! A change set knows rows by their slots. Which entity a slot belonged to before and after is only noted if somebody asks
//! for it: [`Batch::name_entities`](crate::storage::Batch::name_entities).

use super::{ChangeSet, PageChange, RowChange};
use crate::bytes::{HeapPlace, RowBytes};
use crate::entity::{Entity, Generations};

/// The generations of the slots of a block of 64, before and after.
#[derive(Clone)]
pub struct BlockNames {
    pub before: Generations,
    pub after: Generations,
}

/// One touched row with its owners: the entity whose row was here before, and the one whose row it is now. They differ if the
/// entity died within the transaction and another one got its slot.
#[derive(Clone, Copy)]
pub struct NamedRow<'a> {
    pub before: Option<(Entity, RowBytes<'a>)>,
    pub after: Option<(Entity, RowBytes<'a>)>,
}

impl ChangeSet {
    /// Notes whose rows were touched, as `names` says of the block that begins with a slot. Asked in the order of pages.
    pub(crate) fn name(&mut self, mut names: impl FnMut(u32) -> BlockNames) {
        debug_assert!(self.names.is_empty());
        for run in &mut self.pages {
            run.names_at = self.names.len() as u32;
            let written = run.words_at as usize + 2 * run.word_count as usize;
            for (index, word) in self.words[written..][..run.word_count as usize].iter().enumerate() {
                if *word != 0 {
                    let slot = run.first_slot + (index * crate::limits::BLOCK_SLOTS) as u32;
                    self.names.push(names(slot - slot % crate::limits::BLOCK_SLOTS as u32));
                }
            }
        }
    }
}

impl<'a> PageChange<'a> {
    /// Every touched row with its owners, in the order of slots. Only if the change set names them.
    pub(crate) fn named_rows(&self) -> impl Iterator<Item = NamedRow<'a>> + use<'a> {
        let names = self.names;
        // One for each word in which something was written, in order.
        let mut at = 0;
        let mut block = None;
        self.rows().filter_map(move |row| {
            let of = row.slot / crate::limits::BLOCK_SLOTS as u32;
            if *block.get_or_insert(of) != of {
                block = Some(of);
                at += 1;
            }
            let names = names.get(at)?;
            let bit = row.slot % crate::limits::BLOCK_SLOTS as u32;
            Some(NamedRow {
                before: named(&row, row.before, row.heap_before, names.before.get(bit)),
                after: named(&row, row.after, row.heap_after, names.after.get(bit)),
            })
        })
    }

    /// The generations of block number `word` of the page, of those in which something was written.
    pub(super) fn names(&self) -> &'a [BlockNames] {
        self.names
    }
}

fn named<'a>(
    of: &RowChange<'a>,
    row: Option<&'a [u8]>,
    heap: &'a [u8],
    generation: u32,
) -> Option<(Entity, RowBytes<'a>)> {
    Some((Entity::new(of.slot, generation)?, RowBytes { row: row?, heap }))
}

/// Whether two rows of one table are the same values. Where a heap lies does not matter, what is in it does.
pub fn same_rows(has_heap: bool, one: RowBytes<'_>, other: RowBytes<'_>) -> bool {
    let end = if has_heap { one.row.len() - HeapPlace::BYTES } else { one.row.len() };
    one.row[..end] == other.row[..end] && one.heap == other.heap
}
