//! The difference between what a query gives in two versions, looking only at what was touched in between.

use std::collections::BTreeMap;

use crate::bits::bits;
use crate::change_set::same_rows;
use crate::limits::{BLOCK_SLOTS, CHUNK_BLOCKS};
use crate::query::{Fetch, QueryParam, Selection, View};
use crate::schema::Schema;
use crate::storage::{CommitHistory, Version};

/// What became of the item of a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Selected now, and not before.
    Added(u32),
    /// Selected before and now, by the same entity, with other rows.
    Changed(u32),
    /// Selected before, and not now.
    Removed(u32),
}

/// Slots, block by block.
type Slots = BTreeMap<u32, u64>;

/// The difference of what `selection` gives in `old` and in `new`, in the order of slots.
///
/// Cost: what the commits in between have touched; if the history does not lead from one to the other, all blocks.
pub fn turns<S: Schema, Q: QueryParam<S>>(
    history: &CommitHistory,
    selection: &Selection<S, Q>,
    old: View<'_, S>,
    new: View<'_, S>,
) -> Vec<Turn> {
    let mut given = vec![false; S::TABLES.len()];
    Q::Fetch::tables(&mut |table, _| given[usize::from(table)] = true);
    let mut watched = vec![false; S::TABLES.len()];
    selection.tables(&mut |table| watched[usize::from(table)] = true);
    let touched = touched(history, &watched, old.version(), new.version()).unwrap_or_else(|| everywhere(old, new));
    let mut turns = Vec::new();
    for (block, mask) in touched {
        let block = block as usize;
        let before = selection.word(old, block, mask);
        let after = selection.word(new, block, mask);
        for bit in bits(before | after) {
            let slot = (block * BLOCK_SLOTS) as u32 + bit;
            let (was, is) = (before >> bit & 1 == 1, after >> bit & 1 == 1);
            let (old, new) = (old.storage(), new.storage());
            if was && is && old.entities.in_slot(slot) == new.entities.in_slot(slot) {
                if given.iter().enumerate().any(|(table, given)| *given && differs(old, new, table, slot)) {
                    turns.push(Turn::Changed(slot));
                }
                continue;
            }
            if was {
                turns.push(Turn::Removed(slot));
            }
            if is {
                turns.push(Turn::Added(slot));
            }
        }
    }
    turns
}

/// The slots that the commits after `from` up to `to` have touched in the tables that are `watched`, or in which somebody was
/// born or died; nothing if the history has forgotten one of them.
fn touched(history: &CommitHistory, watched: &[bool], from: u64, to: u64) -> Option<Slots> {
    let mut slots = Slots::new();
    for version in history.range(from + 1, to).ok()? {
        for changes in version.iter() {
            let is_watched = |table: u16| watched.get(usize::from(table)).is_some_and(|is_watched| *is_watched);
            for page in changes.pages().filter(|page| is_watched(page.table())) {
                let first = page.first_slot() / BLOCK_SLOTS as u32;
                // A page of wide rows begins within its block.
                let shift = page.first_slot() % BLOCK_SLOTS as u32;
                for (index, written) in page.words_written().iter().enumerate().filter(|(_, written)| **written != 0) {
                    *slots.entry(first + index as u32).or_default() |= written << shift;
                }
            }
            for entity in changes.spawned().chain(changes.despawned()) {
                *slots.entry(entity.slot() / BLOCK_SLOTS as u32).or_default() |=
                    1 << (entity.slot() % BLOCK_SLOTS as u32);
            }
        }
    }
    Some(slots)
}

/// All slots that either version has.
fn everywhere<S: Schema>(old: View<'_, S>, new: View<'_, S>) -> Slots {
    let chunks = old.storage().chunk_count().max(new.storage().chunk_count());
    (0..(chunks * CHUNK_BLOCKS) as u32).map(|block| (block, u64::MAX)).collect()
}

/// Whether the row of a slot in a table is another one.
fn differs(old: &Version, new: &Version, table: usize, slot: u32) -> bool {
    match (old.tables[table].stored(slot), new.tables[table].stored(slot)) {
        (Some(before), Some(after)) => !same_rows(new.tables[table].has_heap(), before, after),
        (before, after) => before.is_some() != after.is_some(),
    }
}
