//! What the database takes in memory, and what for.

use super::pool::PagePool;
use super::table::Table;
use super::version::Version;
use crate::bytes::Page;

/// Memory figures of one moment, in bytes.
///
/// Together: `payload + heap + index + slack + directories + spare + history + retained`. Spare versions and free pages are given back when the
/// writer has been idle for a while.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct MemoryUsage {
    /// The rows of the published version, without their strings and lists.
    pub payload_bytes: usize,
    /// The heaps of the published version: strings and lists, and what they take beyond that.
    pub heap_bytes: usize,
    /// The nodes of the indexes of the published version.
    pub index_bytes: usize,
    /// What the pages of the published version take beyond their rows.
    pub slack_bytes: usize,
    /// The directories of tables and entities, of all versions.
    pub directory_bytes: usize,
    /// Free pages, kept for the next commits.
    pub spare_bytes: usize,
    /// What is kept of the last commits for those who follow the changes: pages that the published version no longer has, and
    /// where they are. See [`DbBuilder::history`](crate::DbBuilder::history).
    pub history_bytes: usize,
    /// Further pages that the published version no longer has: pinned snapshots hold them, or spare versions that will let go
    /// of them when they catch up.
    pub retained_bytes: usize,
    /// Versions besides the published one: pinned, or spare.
    pub retired_versions: usize,
}

impl MemoryUsage {
    pub(super) fn of(live: &Version, pool: &PagePool, retired_versions: usize) -> Self {
        let (mut payload_bytes, mut page_bytes, mut directory_bytes) = (0, 0, live.entities.directory_bytes());
        let mut heap_bytes = 0;
        for table in &live.tables {
            payload_bytes += table.rows() as usize * table.geometry().stride();
            page_bytes += footprint(table, |page| page.footprint_bytes());
            if table.has_heap() {
                heap_bytes += footprint(table, |page| page.heap().map_or(0, |heap| heap.footprint_bytes()));
            }
            directory_bytes += table.directory_bytes();
        }
        let index_bytes = live.indexes.nodes.iter().map(|nodes| nodes.footprint_bytes()).sum();
        directory_bytes += live.indexes.nodes.iter().map(|nodes| nodes.directory_bytes()).sum::<usize>();
        let allocated = pool.meter().allocated_bytes();
        let history_bytes = pool.recording.bytes();
        Self {
            payload_bytes,
            heap_bytes,
            index_bytes,
            slack_bytes: page_bytes - payload_bytes,
            directory_bytes: directory_bytes * (1 + retired_versions),
            spare_bytes: pool.free_bytes(),
            history_bytes,
            retained_bytes: allocated
                .saturating_sub(page_bytes + heap_bytes + index_bytes + pool.free_bytes() + history_bytes),
            retired_versions,
        }
    }

    /// What the published version takes beyond its rows, heaps and indexes, and what is ready for the next ones: slack, directories
    /// and spare pages. What is kept of the past comes on top: [`Self::history_bytes`] and [`Self::retained_bytes`].
    pub fn overhead_bytes(&self) -> usize {
        self.slack_bytes + self.directory_bytes + self.spare_bytes
    }

    /// Everything.
    pub fn total_bytes(&self) -> usize {
        self.payload_bytes
            + self.heap_bytes
            + self.index_bytes
            + self.overhead_bytes()
            + self.history_bytes
            + self.retained_bytes
    }
}

/// What `of` says of all pages of the table together.
fn footprint(table: &Table, of: impl Fn(&Page) -> usize) -> usize {
    (0..table.chunk_count())
        .filter_map(|chunk| table.chunk(chunk))
        .flat_map(|chunk| chunk.pages())
        .filter_map(|slot| slot.page.as_ref())
        .map(|page| of(page))
        .sum()
}
