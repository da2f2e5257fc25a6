//! The first items of an order, from an index that has it.
//!
//! Owns when a query with a limit walks along an index instead of comparing all of its items. What it walks over may be more than what
//! is asked for, and is sorted all the same; so an index changes what that costs, never what it gives.

use super::access::name_of;
use super::cost;
use super::param::{Fetch, QueryParam};
use super::plan::{Explanation, Plan, Planned};
use super::rows::At;
use super::sorted::{Entry, Sorted, first_of};
use crate::limits::BLOCK_SLOTS;
use crate::schema::{IndexKind, KeyRange, Schema};
use crate::storage::IndexRead;

impl<'v, S: Schema, Q: QueryParam<S>> Sorted<'v, S, Q> {
    /// How many items `limit` asks for, with those that are left out.
    fn most(&self, limit: Option<usize>) -> Option<usize> {
        limit?.checked_add(self.offset).filter(|most| *most > 0)
    }

    /// An index in whose order the items are, if that is likely to lead to the first ones sooner than a look at all; and how many of its
    /// entries are looked at, at most.
    fn index_in_order(&self, most: usize) -> Option<(IndexRead<'v>, u64)> {
        let (first, most) = (self.orders.first()?, most as u64);
        let version = self.query.view.storage();
        let is_free = matches!(self.query.planned, Planned::Cheapest)
            && self.query.filters.candidates.is_none()
            && self.query.access().is_none();
        // What has no row has no entry, and has its place in the order all the same.
        let table = first.column.table;
        let mut has_row = self.query.filters.requires(&version.tables[usize::from(table)]);
        Q::Fetch::tables(&mut |given, is_required| has_row |= is_required && given == table);
        if !is_free || !has_row {
            return None;
        }
        // Every item has a row in that table, so a look at all looks at no more.
        let budget = self.query.estimate().min(version.tables[usize::from(table)].rows()) / cost::ENTRY_IN_ORDER;
        if most > budget {
            return None;
        }
        let numbers = 0..version.indexes.definitions.all().len() as u16;
        let read = numbers.map(|number| IndexRead::new(version, number)).find(|read| {
            let index = read.definition();
            let is_of_column =
                index.key.columns_in_row().next().is_some_and(|(start, of, _)| {
                    start == first.column.offset as usize && *of == *first.column.field_type
                });
            // A row has an entry for each element of a list, and none if it is empty.
            is_of_column
                && !index.key.has_list()
                && index.table == table
                && index.kind == IndexKind::Ordered
                && !index.skips_none()
                && read.is_settled()
                && read.entries() / read.keys().max(1) <= budget
        })?;
        Some((read, budget))
    }

    /// The slots of the items, `limit` at most, by an index that has their order; nothing if there is none, or it would lead too far.
    pub(super) fn slots_in_order(&self, limit: Option<usize>) -> Option<Vec<u32>> {
        let most = self.most(limit)?;
        let (read, budget) = self.index_in_order(most)?;
        let (view, version, first) = (self.query.view, self.query.view.storage(), self.orders.first()?);
        let slots = read.range(KeyRange::ALL);
        let slots: Box<dyn Iterator<Item = u32> + '_> =
            if first.descending { Box::new(slots.rev()) } else { Box::new(slots) };
        let (mut at, mut found) = (At::<S, Q>::new(view), Vec::<Entry>::new());
        for (looked, slot) in (0..).zip(slots) {
            let key = first.key_at(version, slot);
            // All that are like the last one come along: other columns, or the slots, decide between them.
            if most.checked_sub(1).and_then(|last| found.get(last)).is_some_and(|last| key > last.key) {
                break;
            }
            if looked >= budget {
                return None;
            }
            let block = slot as usize / BLOCK_SLOTS;
            let own = at.word(view, block) & 1 << (slot as usize % BLOCK_SLOTS);
            if own != 0 && self.query.filters.word_of(view, block, own) != 0 {
                found.push(Entry { key, slot });
            }
        }
        Some(first_of(version, &self.orders, self.offset, most, found.into_iter()))
    }

    /// What it will do, and why: as for [`Query::explain`](super::builder::Query::explain). If an index has the order, and few enough
    /// items are asked for, it is tried first: `plan` names it, and what the query does without it is the first of `others`.
    pub fn explain(&self) -> Explanation {
        let mut explanation = self.query.explain();
        if let Some(most) = self.most(self.limit)
            && let Some((read, _)) = self.index_in_order(most)
        {
            let plan = Plan::index(name_of(read.definition()));
            explanation.others.retain(|(other, _)| *other != plan);
            let without = (core::mem::replace(&mut explanation.plan, plan), explanation.rows);
            explanation.others.insert(0, without);
            explanation.rows = most as u64;
        }
        explanation
    }
}
