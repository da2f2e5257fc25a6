//! The pool of versions: which one is published, which one is written next, and how it catches up.
//!
//! The writer holds every version that is still around. To write, it takes one that nobody reads and copies from the
//! published version the pages that have changed since, and only those. Only if all of them are pinned is a whole
//! version copied.

use std::collections::VecDeque;

use super::pool::PagePool;
use super::version::Version;
use crate::sync::shim::Arc;
use crate::sync::{Published, Publisher, mutant, publish};

/// Something that a commit has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dirty {
    /// A page of a table.
    Page {
        /// The table.
        table: u16,
        /// The page, counted over the whole table.
        page: u32,
    },
    /// A block of entities.
    Block {
        /// The block, counted over the whole directory.
        block: u32,
    },
    /// A node of an index.
    Node {
        /// The index.
        index: u16,
        /// The node.
        node: u32,
    },
}

/// How many changes are remembered, at least, for versions that lag behind. A version that lags further is given up.
const HISTORY_MIN: usize = 64 * 1024;

/// How many versions that nobody reads are kept besides the published one.
const SPARES: usize = 2;

/// Every version that is still around.
pub struct Roots {
    publisher: Publisher<Version>,
    all: Vec<Arc<Version>>,
    live: usize,
    /// The last versions, the newest last, and how many changes each of them made.
    history: VecDeque<(u64, usize)>,
    /// Their changes, in order.
    changes: VecDeque<Dirty>,
    /// How many versions besides the published one were pinned when they were looked at last.
    pinned: usize,
}

impl Roots {
    /// A pool with one version, published.
    pub fn new(first: Version) -> Self {
        let first = Arc::new(first);
        let (publisher, _) = publish(Arc::clone(&first));
        Self { publisher, all: vec![first], live: 0, history: VecDeque::new(), changes: VecDeque::new(), pinned: 0 }
    }

    /// What readers pin versions from.
    pub fn published(&self) -> Published<Version> {
        self.publisher.reader()
    }

    /// The published version.
    pub fn live(&self) -> &Arc<Version> {
        &self.all[self.live]
    }

    /// Every version that is still around, in no order.
    pub fn all(&self) -> impl Iterator<Item = &Version> {
        self.all.iter().map(|version| &**version)
    }

    /// How many versions are around besides the published one: pinned, or spare.
    pub fn retired_count(&self) -> usize {
        self.all.len() - 1
    }

    /// How many versions besides the published one were pinned when they were looked at last.
    pub fn pinned_count(&self) -> usize {
        self.pinned
    }

    /// The number of a version that nobody reads, brought up to the published one. It stays good for
    /// [`Self::get_mut`] until it is published.
    pub fn writable(&mut self, pool: &mut PagePool) -> usize {
        let oldest = self.history.front().map_or(self.live().number, |(number, _)| number - 1);
        let mut best: Option<usize> = None;
        let mut spares = 0;
        let mut pinned = 0;
        let mut index = 0;
        while index < self.all.len() {
            if index == self.live {
                index += 1;
                continue;
            }
            if self.publisher.reclaim(&mut self.all[index]).is_none() {
                pinned += 1;
                index += 1;
                continue;
            }
            let number = self.all[index].number;
            spares += 1;
            if number < oldest || spares > SPARES && best.is_some_and(|best| self.all[best].number >= number) {
                self.give_up(index, pool);
                continue;
            }
            if best.is_none_or(|best| self.all[best].number < number) {
                best = Some(index);
            }
            index += 1;
        }
        self.pinned = pinned;
        let index = best.unwrap_or_else(|| {
            self.all.push(Arc::new(Version::clone(&self.all[self.live])));
            self.all.len() - 1
        });
        let [version, live] = self.all.get_disjoint_mut([index, self.live]).expect("two versions of the list");
        let version = self.publisher.reclaim(version).expect("nobody can pin what is not published");
        if version.number < live.number {
            // Numbers are consecutive, so the first version that it lacks is found at once.
            let known = self.history.front().map_or(0, |(first, _)| (version.number + 1).saturating_sub(*first));
            let lacking: usize = self.history.range(known as usize..).map(|(_, changes)| changes).sum();
            if !mutant!("roots/skip catch up") {
                catch_up_all(version, live, &self.changes, self.changes.len() - lacking, pool);
            }
            version.number = live.number;
        }
        index
    }

    /// The version that [`Self::writable`] has found.
    pub fn get_mut(&mut self, index: usize) -> &mut Version {
        self.publisher.reclaim(&mut self.all[index]).expect("nobody can pin what is not published")
    }

    /// Lets go of version `index`, which nobody reads. Its pages go to the pool as far as no other version has them.
    pub(super) fn give_up(&mut self, index: usize, pool: &mut PagePool) {
        let last = self.all.len() - 1;
        if self.live == last {
            self.live = index;
        }
        let mut version = self.all.swap_remove(index);
        if let Some(version) = self.publisher.reclaim(&mut version) {
            for (number, table) in version.tables.iter_mut().enumerate() {
                table.take_pages(|page| pool.put(number as u16, page));
            }
            for nodes in &mut version.indexes.nodes {
                nodes.take_pages().for_each(|page| pool.put_node(page));
            }
        }
    }

    /// Publishes version `index`, which differs from the published one by `changes`, as the next. Empties `changes`.
    pub fn publish(&mut self, index: usize, changes: &mut Vec<Dirty>) {
        let version = self.get_mut(index);
        let number = version.number + 1;
        if !mutant!("roots/change after publication") {
            version.number = number;
        }
        let next = Arc::clone(&self.all[index]);
        drop(self.publisher.store(next));
        #[cfg(ecsdb_loom)]
        if mutant!("roots/change after publication") {
            // SAFETY: none; this is the fault. All threads of a model take turns on one thread.
            unsafe { Arc::seize(&mut self.all[index]) }.number = number;
        }
        self.live = index;
        self.history.push_back((number, changes.len()));
        self.changes.extend(changes.drain(..));
        self.forget_history();
    }

    /// Publishes version `index` under the number `number`, and forgets the empty one that was there before: nobody has it
    /// pinned, and nothing leads from it to the new one.
    pub fn publish_restored(&mut self, index: usize, number: u64, pool: &mut PagePool) {
        self.get_mut(index).number = number;
        let next = Arc::clone(&self.all[index]);
        drop(self.publisher.store(next));
        self.live = index;
        self.trim(pool);
        debug_assert_eq!(self.all.len(), 1, "nobody has pinned the empty version");
    }

    /// Publishes version `index` under the number `number`, and forgets what leads to it from the ones before: none of them is ever
    /// brought up to it.
    pub fn publish_apart(&mut self, index: usize, number: u64) {
        self.get_mut(index).number = number;
        let next = Arc::clone(&self.all[index]);
        drop(self.publisher.store(next));
        self.live = index;
        self.history.clear();
        self.changes.clear();
    }

    /// Forgets changes that no version lacks, and those that are not worth remembering.
    fn forget_history(&mut self) {
        let behind = self.all.iter().map(|version| version.number).min().unwrap_or(0);
        while let Some((number, count)) = self.history.front() {
            let worth = HISTORY_MIN.max(2 * self.history.back().map_or(0, |(_, count)| *count));
            if *number > behind && self.changes.len() <= worth {
                break;
            }
            self.changes.drain(..*count);
            self.history.pop_front();
        }
    }

    /// Lets go of every version that nobody reads, but the published one.
    pub fn trim(&mut self, pool: &mut PagePool) {
        let mut index = 0;
        while index < self.all.len() {
            if index != self.live && self.publisher.reclaim(&mut self.all[index]).is_some() {
                self.give_up(index, pool);
            } else {
                index += 1;
            }
        }
        self.pinned = self.all.len() - 1;
        self.forget_history();
        self.changes.shrink_to(0);
        self.history.shrink_to(0);
    }
}

/// How many changes ahead the processor is told where a catch-up will look: first of the directory entries, then of what
/// counts the holders of the pages.
const LOOK_AHEAD: usize = 8;

/// Takes changes over from the published version.
///
/// A version that was pinned for long lacks thousands of changes of pages all over memory. Each of them alone would wait
/// for memory four times.
fn catch_up_all(version: &mut Version, live: &Version, changes: &VecDeque<Dirty>, first: usize, pool: &mut PagePool) {
    for index in first..changes.len() {
        if let Some(Dirty::Page { table, page }) = changes.get(index + 2 * LOOK_AHEAD) {
            for version in [&*version, live] {
                version.tables[usize::from(*table)].prefetch_page_slot(*page as usize);
            }
        }
        if let Some(Dirty::Page { table, page }) = changes.get(index + LOOK_AHEAD) {
            for version in [&*version, live] {
                version.tables[usize::from(*table)].prefetch_page_count(*page as usize);
            }
        }
        catch_up(version, live, changes[index], pool);
    }
}

/// Takes one change over from the published version.
pub(super) fn catch_up(version: &mut Version, live: &Version, change: Dirty, pool: &mut PagePool) {
    match change {
        Dirty::Page { table, page } => {
            let source = &live.tables[usize::from(table)];
            let target = &mut version.tables[usize::from(table)];
            target.set_rows(source.rows());
            let geometry = source.geometry();
            let page = page as usize;
            let chunk = page >> geometry.chunk_shift();
            let in_chunk = page & (geometry.chunk_pages() - 1);
            // A chunk that the published version does not have is one that a discarded batch has made.
            let replaced = match source.chunk(chunk) {
                Some(source) => target.chunk_mut(chunk).copy_page(geometry, in_chunk, source),
                None => target.chunk_mut(chunk).clear_page(geometry, in_chunk),
            };
            if let Some(page) = replaced {
                pool.put(table, page);
            }
        }
        Dirty::Block { block } => {
            version.entities.copy_block(block as usize, &live.entities);
        }
        Dirty::Node { index, node } => {
            let index = usize::from(index);
            if let Some(page) = version.indexes.nodes[index].catch_up(&live.indexes.nodes[index], node) {
                pool.put_node(page);
            }
        }
    }
}
