//! Which entities a query is about, kept without a version: to ask again and again, for some slots only.

use core::marker::PhantomData;

use super::condition::{Condition, IntoCondition};
use super::param::{Fetch, Item, QueryParam};
use super::view::View;
use crate::bits::bits;
use crate::limits::{BLOCK_SLOTS, CHUNK_BLOCKS, CHUNK_SLOTS};
use crate::schema::{Schema, TableOf};

/// A query of `Q` with its filters.
pub struct Selection<S, Q> {
    /// Tables in which the entity must have a row, or must have none.
    presence: Vec<(u16, bool)>,
    condition: Option<Condition<S>>,
    param: PhantomData<fn() -> Q>,
}

impl<S, Q> Clone for Selection<S, Q> {
    fn clone(&self) -> Self {
        Self { presence: self.presence.clone(), condition: self.condition.clone(), param: PhantomData }
    }
}

impl<S: Schema, Q: QueryParam<S>> Selection<S, Q> {
    /// All entities that have what `Q` asks for.
    pub fn new() -> Self {
        Self { presence: Vec::new(), condition: None, param: PhantomData }
    }

    /// Only those that have a `T`, or that have none.
    pub fn require<T: TableOf<S>>(&mut self, wanted: bool) {
        self.presence.push((T::INDEX, wanted));
    }

    /// Only those for which `condition` holds.
    pub fn filter(&mut self, condition: impl IntoCondition<S>) {
        let condition = condition.into_condition();
        self.condition = Some(match self.condition.take() {
            Some(before) => before.and(condition).into_condition(),
            None => condition,
        });
    }

    /// Calls `each` with every table whose rows decide about who is selected.
    pub fn tables(&self, each: &mut impl FnMut(u16)) {
        Q::Fetch::tables(&mut |table, _| each(table));
        for (table, _) in &self.presence {
            each(*table);
        }
        if let Some(condition) = &self.condition {
            condition.tables(each);
        }
    }

    /// Which of the slots `wanted` of block `block` are selected.
    pub fn word(&self, view: View<'_, S>, block: usize, wanted: u64) -> u64 {
        let Some((chunk, blocks)) = Q::Fetch::chunk(Q::Fetch::source(view), block / CHUNK_BLOCKS) else { return 0 };
        let in_chunk = block % CHUNK_BLOCKS;
        if blocks >> in_chunk & 1 == 0 {
            return 0;
        }
        let version = view.storage();
        let mut word = wanted & version.entities.alive(block) & Q::Fetch::word(chunk, in_chunk);
        for (table, is_wanted) in &self.presence {
            let present = version.tables[usize::from(*table)].word(block);
            word &= if *is_wanted { present } else { !present };
        }
        match &self.condition {
            Some(condition) if word != 0 => condition.word(view, block, word),
            _ => word,
        }
    }

    /// Everything that the query gives, in the order of slots.
    pub fn items<'v>(&self, view: View<'v, S>) -> impl Iterator<Item = Item<'v, S, Q>> + use<'_, 'v, S, Q> {
        let blocks = 0..view.storage().chunk_count() * CHUNK_BLOCKS;
        let slots = blocks.flat_map(move |block| {
            bits(self.word(view, block, u64::MAX)).map(move |bit| (block * BLOCK_SLOTS) as u32 + bit)
        });
        slots.filter_map(move |slot| self.item(view, slot))
    }

    /// What the query gives for slot `slot`, which is selected.
    pub fn item<'v>(&self, view: View<'v, S>, slot: u32) -> Option<Item<'v, S, Q>> {
        let (chunk, _) = Q::Fetch::chunk(Q::Fetch::source(view), slot as usize / CHUNK_SLOTS)?;
        let block = Q::Fetch::block(chunk, slot as usize % CHUNK_SLOTS / BLOCK_SLOTS);
        Some(Q::Fetch::sparse(&block, slot % BLOCK_SLOTS as u32))
    }
}
