//! Indexes that are built beside the writer, from a version that somebody holds, and taken over by it.
//!
//! Owns what makes that possible: pages that two versions share are the same, so what has changed meanwhile is found by
//! comparing which pages there are, and costs the writer no more than that.

use std::sync::Arc as Shared;

use super::build::{BuildError, IndexFailure, build};
use super::definition::Definitions;
use super::nodes::{NodeNumbers, Nodes};
use super::pending::OldPage;
use crate::bytes::{Meter, Page, PageRef};
use crate::change_set::ColumnSet;
use crate::storage::edit::{Batch, StorageError};
use crate::storage::pool::MemoryLimit;
use crate::storage::version::Version;
use crate::sync::shim::Arc as VersionRef;
use crate::sync::shim::unwatched::Arc;

/// Where nodes come from that are made on other threads than the writer's. They count in the memory of the database.
pub struct NodeSource {
    /// In which meter they count.
    pub meter: Arc<Meter>,
    /// How many bytes the database may take.
    pub limit: usize,
}

debug_as!(NodeSource);

impl NodeSource {
    fn node(&self, lines: usize) -> Result<PageRef, MemoryLimit> {
        let (needed, allocated) = (Page::footprint_of(lines), self.meter.allocated_bytes());
        if allocated + needed > self.limit {
            return Err(MemoryLimit { limit: self.limit, allocated, needed });
        }
        Ok(PageRef::new(Page::zeroed(lines, &self.meter)))
    }
}

/// Indexes of the rows of one version.
pub struct Prebuilt {
    base: VersionRef<Version>,
    nodes: Vec<(u16, Nodes)>,
}

debug_as!(Prebuilt);

impl Prebuilt {
    /// Builds the indexes of `definitions` that `base` does not have.
    ///
    /// # Errors
    /// If two rows have the same key in a unique index, or there is no room.
    pub fn build(
        base: VersionRef<Version>,
        definitions: &Definitions,
        source: &NodeSource,
        workers: &rayon::ThreadPool,
    ) -> Result<Self, IndexFailure> {
        let mut nodes = Vec::new();
        for (number, index) in (0..).zip(definitions.all()) {
            let Some(table) = base.tables.get(usize::from(index.table)) else { continue };
            if base.indexes.serving(index).is_some() {
                continue;
            }
            match build(index, table, Some(workers), |lines| source.node(lines)) {
                Ok(built) => nodes.push((number, built)),
                Err(BuildError::Twins(slot, second)) => {
                    return Err(Box::new(base.duplicate(index, slot, second)).into());
                }
                Err(BuildError::Memory(error)) => return Err(StorageError::from(error).into()),
            }
        }
        Ok(Self { base, nodes })
    }

    /// Whether it has index number `number`.
    pub fn has(&self, number: u16) -> bool {
        self.nodes.iter().any(|(built, _)| *built == number)
    }
}

impl Batch<'_> {
    /// Takes over indexes that were built beside, and brings them in line with the rows of the version. Its tables are those that they
    /// were built of, changed by transactions only.
    pub fn adopt_indexes(&mut self, prebuilt: Prebuilt) -> Result<(), IndexFailure> {
        let Prebuilt { base, nodes } = prebuilt;
        let numbers: Vec<u16> = nodes.iter().map(|(number, _)| *number).collect();
        for (number, nodes) in nodes {
            self.indexes.numbers[usize::from(number)] = NodeNumbers::of(&nodes);
            self.version.indexes.nodes[usize::from(number)] = nodes;
        }
        let definitions = Shared::clone(&self.version.indexes.definitions);
        let mut pending = core::mem::take(&mut self.indexes.pending);
        pending.clear();
        for number in 0..base.tables.len() as u16 {
            if definitions.of_table(number).any(|index| numbers.contains(&index)) {
                let compare = |old: &OldPage<'_>| {
                    let table = &self.version.tables[usize::from(number)];
                    pending.compare(old, table, &definitions, |index| numbers.contains(&index));
                };
                changed_pages(&base, self.version, number, compare);
            }
        }
        let applied = self.apply_index_changes(pending);
        self.doom(applied)?;
        match self.duplicate_key() {
            None => Ok(()),
            Some(error) => Err(error.into()),
        }
    }
}

/// Calls `each` with every page of table `number` that is another one in `now` than in `base`, as it was there.
fn changed_pages(base: &Version, now: &Version, number: u16, mut each: impl FnMut(&OldPage<'_>)) {
    let (old, new) = (&base.tables[usize::from(number)], &now.tables[usize::from(number)]);
    let geometry = old.geometry();
    let (mut words, mut written) = (Vec::new(), Vec::new());
    for chunk in 0..old.chunk_count().max(new.chunk_count()) {
        let (before, after) = (old.chunk(chunk), new.chunk(chunk));
        for page in 0..geometry.chunk_pages() {
            let rows =
                |chunk: Option<&'_ crate::storage::Chunk>| chunk.and_then(|chunk| chunk.pages()[page].page.clone());
            let (rows, rows_now) = (rows(before), rows(after));
            if match (&rows, &rows_now) {
                (Some(one), Some(other)) => PageRef::ptr_eq(one, other),
                (None, None) => true,
                _ => false,
            } {
                continue;
            }
            words.clear();
            written.clear();
            for index in 0..geometry.page_words() {
                let presence = |chunk: Option<&crate::storage::Chunk>| {
                    chunk.map_or(0, |chunk| chunk.presence(geometry, page, index))
                };
                words.push(presence(before));
                written.push(presence(before) | presence(after));
            }
            each(&OldPage {
                table: number,
                page: chunk * geometry.chunk_pages() + page,
                rows: rows.as_ref(),
                words: &words,
                written: &written,
                columns: ColumnSet::ALL,
            });
        }
    }
}
