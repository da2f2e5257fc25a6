//! Everything the writer owns: the versions, the spare pages, the slots, and the change in the making.

use super::counters::Counters;
use super::edit::{Batch, StorageError, Undo};
use super::entities::chunks_for;
use super::index::{Definitions, IndexWriter, NodeNumbers, NodeSource};
use super::memory::MemoryUsage;
use super::pool::PagePool;
use super::recording::{CommitCursor, CommitHistory, VersionChanges};
use super::reference::{ReferenceNotes, References};
use super::roots::{Dirty, Roots, catch_up};
use super::slots::{SlotAllocator, SlotsExhausted};
use super::table::{PageGeometry, RowShape, Table};
use super::version::Version;
use crate::bytes::{Meter, Place};
use crate::change_set::ChangeSet;
use crate::limits::{CHUNK_SLOTS, SLOTS_MAX};
use crate::schema::DatabaseSchema;
use crate::sync::shim::Arc as VersionRef;
use crate::sync::shim::unwatched::Arc;
use crate::sync::{HistoryLimits, Published, Sleepers, mutant};

/// The writer's side of the storage.
pub struct Store {
    roots: Roots,
    pool: PagePool,
    slots: SlotAllocator,
    undo: Undo,
    /// The number of the last transaction.
    serial: u64,
    open: Option<OpenBatch>,
    /// What dooms the running transaction.
    failure: Option<StorageError>,
    /// An emptied list of changes, to be filled again.
    dirty: Vec<Dirty>,
    /// The numbers that counted fields give.
    counters: Counters,
    /// What the running transaction has done to references.
    references: ReferenceNotes,
    indexes: IndexWriter,
}

debug_as!(Store);

/// A version that is being changed, from the first transaction on until it is published.
struct OpenBatch {
    root: usize,
    first_serial: u64,
    /// Whether a transaction was committed to it that changed something.
    changed: bool,
}

impl Store {
    /// An empty store for tables with such rows, without indexes, whose pages may take `limit` bytes.
    pub fn new(shapes: impl IntoIterator<Item = RowShape>, limit: usize) -> Self {
        Self::with_indexes(shapes, Definitions::default(), limit)
    }

    /// An empty store for tables with such rows and these indexes, whose pages may take `limit` bytes.
    pub fn with_indexes(shapes: impl IntoIterator<Item = RowShape>, indexes: Definitions, limit: usize) -> Self {
        let schema = Arc::new(DatabaseSchema::nameless());
        Self::from_version(Version::empty(schema, shapes, Arc::new(indexes)), limit)
    }

    /// An empty store for the tables of `schema`, with their indexes, and with what else they hold to, whose pages may take `limit`
    /// bytes.
    pub fn of_schema(schema: &Arc<DatabaseSchema>, limit: usize) -> Self {
        let shapes = schema.tables().iter().map(RowShape::of);
        let indexes = Arc::new(Definitions::of(schema));
        let mut store = Self::from_version(Version::empty(Arc::clone(schema), shapes, indexes), limit);
        store.hold_to(schema);
        store
    }

    /// A store whose first version is `version`, which has no rows.
    fn from_version(version: Version, limit: usize) -> Self {
        let indexes = IndexWriter::new(&version.indexes.definitions);
        let geometries: Vec<PageGeometry> = version.tables.iter().map(Table::geometry).collect();
        Self {
            roots: Roots::new(version),
            pool: PagePool::new(geometries, Arc::new(Meter::default()), limit),
            slots: SlotAllocator::default(),
            undo: Undo::default(),
            serial: 0,
            open: None,
            failure: None,
            dirty: Vec::new(),
            counters: Counters::default(),
            references: ReferenceNotes::default(),
            indexes,
        }
    }

    /// Holds to what `schema`, whose tables are those of the store, says beyond rows. Counted fields go on from where they were
    /// counted to before, and above all numbers in rows; of references the writer gets to know what came and went.
    pub fn hold_to(&mut self, schema: &DatabaseSchema) {
        self.references = ReferenceNotes::for_references(&References::of(schema));
        let mut counters = Counters::of(schema);
        counters.go_on(&self.counters, self.roots.live());
        self.counters = counters;
    }

    /// What readers pin versions from.
    pub fn published(&self) -> Published<Version> {
        self.roots.published()
    }

    /// Ends the batch in the making without publishing it. Returns its version.
    pub(super) fn close_batch(&mut self) -> Option<usize> {
        self.dirty.clear();
        self.open.take().map(|open| open.root)
    }

    /// The versions.
    pub(super) fn roots_mut(&mut self) -> &mut Roots {
        &mut self.roots
    }

    /// The spare pages.
    pub(super) fn pool_mut(&mut self) -> &mut PagePool {
        &mut self.pool
    }

    /// Where other threads get nodes from.
    pub fn node_source(&self) -> NodeSource {
        NodeSource { meter: Arc::clone(self.pool.meter()), limit: self.pool.limit() }
    }

    /// Finds out anew which numbers of nodes the indexes of the published version have to give.
    pub(super) fn recount_nodes(&mut self) {
        self.indexes.numbers = self.live().indexes.nodes.iter().map(NodeNumbers::of).collect();
    }

    /// Lets go of a version that nobody reads.
    pub(super) fn give_up_root(&mut self, root: usize) {
        self.roots.give_up(root, &mut self.pool);
    }

    /// The number of the last transaction.
    pub(super) fn serial(&self) -> u64 {
        self.serial
    }

    /// The numbers that counted fields give.
    pub(super) fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Who gets which slot.
    pub(super) fn slots(&self) -> &SlotAllocator {
        &self.slots
    }

    /// The published version.
    pub fn live(&self) -> &VersionRef<Version> {
        self.roots.live()
    }

    /// The batch in the making; one is opened if there is none.
    pub fn batch(&mut self) -> Batch<'_> {
        let (roots, pool, serial) = (&mut self.roots, &mut self.pool, self.serial);
        let published = roots.live().number;
        let open = self.open.get_or_insert_with(|| OpenBatch {
            root: roots.writable(pool),
            first_serial: serial + 1,
            changed: false,
        });
        Batch {
            first_serial: open.first_serial,
            changed: &mut open.changed,
            published,
            version: self.roots.get_mut(open.root),
            pool: &mut self.pool,
            slots: &mut self.slots,
            dirty: &mut self.dirty,
            undo: &mut self.undo,
            serial: &mut self.serial,
            failure: &mut self.failure,
            counters: &mut self.counters,
            references: &mut self.references,
            indexes: &mut self.indexes,
        }
    }

    /// Asks the processor for the directory entries of a row that will be changed soon: in the version to be changed, and in
    /// those that will catch up.
    #[inline]
    pub fn prefetch_entries(&self, table: u16, slot: u32) {
        let slot_in_chunk = slot as usize % CHUNK_SLOTS;
        for version in self.roots.all().take(3) {
            if let Some(table) = version.tables.get(usize::from(table))
                && let Some(chunk) = table.chunk(slot as usize / CHUNK_SLOTS)
            {
                chunk.prefetch_entry(table.geometry(), slot_in_chunk);
            }
        }
        self.live().entities.prefetch(slot);
    }

    /// Asks the processor for the page of a row that will be changed next.
    #[inline]
    pub fn prefetch_page(&self, table: u16, slot: u32) {
        if let Some(table) = self.live().tables.get(usize::from(table))
            && let Some(chunk) = table.chunk(slot as usize / CHUNK_SLOTS)
        {
            chunk.prefetch_page(table.geometry(), slot as usize % CHUNK_SLOTS);
        }
    }

    /// The number that the batch in the making will have.
    pub fn next_version(&self) -> u64 {
        self.live().number + 1
    }

    /// Whether a transaction of the batch in the making has changed something.
    pub fn has_changes(&self) -> bool {
        self.open.as_ref().is_some_and(|open| open.changed)
    }

    /// Takes back the whole batch in the making: every page and block that it touched is put back as it is published.
    pub fn discard(&mut self) {
        for changes in self.pool.recording.discard() {
            self.pool.take_back(changes);
        }
        if let Some(open) = self.open.take() {
            let live = VersionRef::clone(self.roots.live());
            let version = self.roots.get_mut(open.root);
            for change in self.dirty.drain(..) {
                if let Dirty::Block { block } = change {
                    self.slots.restore(block as usize, &version.entities, &live);
                }
                if let Dirty::Node { index, node } = change
                    && !live.indexes.nodes[usize::from(index)].has(node)
                {
                    self.indexes.numbers[usize::from(index)].free(node);
                }
                if !mutant!("roots/skip put back") {
                    catch_up(version, &live, change, &mut self.pool);
                }
            }
        }
    }

    /// Publishes the batch in the making, if it has changed anything. Returns the number of the published version.
    pub fn publish(&mut self) -> u64 {
        if let Some(open) = self.open.take_if(|open| open.changed) {
            if self.pool.recording.is_on() {
                // Before it is published: whoever has a version finds what led to it.
                let gone = self.pool.recording.append(self.roots.live().number + 1);
                self.take_back(gone);
            }
            self.roots.publish(open.root, &mut self.dirty);
        }
        self.live().number
    }

    /// Tells those who follow the changes of what is published. Returns who sleeps: the caller wakes them.
    pub fn announce(&mut self) -> Option<Sleepers> {
        if !self.pool.recording.is_on() {
            return None;
        }
        let sleepers = self.pool.recording.announce(self.roots.live().number);
        self.rest();
        Some(sleepers)
    }

    /// Lets go of the history if nobody follows any more.
    fn rest(&mut self) {
        let gone = self.pool.recording.rest();
        self.take_back(gone);
    }

    fn take_back(&mut self, gone: Vec<VersionChanges>) {
        for changes in gone.into_iter().flatten() {
            self.pool.take_back(changes);
        }
    }

    /// Keeps the changes of commits from now on, up to `limits`, whether somebody follows or not. Between two batches.
    pub fn keep_history(&mut self, limits: HistoryLimits) {
        let next = self.next_version();
        self.pool.recording.keep(limits, next);
    }

    /// Somebody who follows the changes from the next version on. Between two batches.
    pub fn follow(&mut self) -> CommitCursor {
        let next = self.next_version();
        self.pool.recording.follow(next)
    }

    /// The history of changes, which may be empty, for readers.
    pub fn history(&self) -> CommitHistory {
        self.pool.recording.history().clone()
    }

    /// Publishes the batch in the making as version `number`, the first one that there is.
    pub fn publish_restored(&mut self, number: u64) {
        if let Some(open) = self.open.take() {
            self.dirty.clear();
            self.roots.publish_restored(open.root, number, &mut self.pool);
        }
    }

    /// What is left of transactions that were rolled back since the last change set, as one that changes nothing: what a log
    /// has to know besides to hand out the same entities when it is read again.
    pub fn left_over(&mut self) -> ChangeSet {
        ChangeSet {
            version: self.live().number,
            burned: self.slots.take_burned(),
            block_end: self.slots.end() as u32,
            ..ChangeSet::default()
        }
    }

    /// How many places for huge pages are full of pages and have not been taken.
    #[inline]
    pub fn place_count(&self) -> usize {
        self.pool.place_count()
    }

    /// A place for a huge page that has become full of pages.
    pub fn take_place(&mut self) -> Option<Place> {
        self.pool.take_place()
    }

    /// Gives memory back that only helps the next commits: spare versions and free pages.
    pub fn trim(&mut self) {
        if !self.has_changes() {
            self.rest();
            // What is left of a batch whose transactions were all rolled back.
            self.discard();
            self.roots.trim(&mut self.pool);
        }
        self.indexes.trim();
        self.pool.trim();
        self.pool.recording.trim();
    }

    /// Makes room for `rows` more rows in each of the tables `tables`, and for as many entities.
    pub fn reserve(&mut self, tables: &[u16], rows: usize) -> Result<(), StorageError> {
        // Also keeps the sums below from overflowing.
        if rows > SLOTS_MAX {
            return Err(SlotsExhausted.into());
        }
        for table in tables {
            let geometry = PageGeometry::of(self.live().tables[usize::from(*table)].geometry().stride());
            if geometry.stride() > 0 {
                let pages = rows.div_ceil(geometry.page_slots());
                if self.pool.reserve(*table, pages).is_err() {
                    // Spare versions may hold what is missing.
                    self.trim();
                    self.pool.reserve(*table, pages)?;
                }
            }
        }
        let chunks = self.live().chunk_count() + chunks_for(rows);
        let batch = self.batch();
        batch.version.entities.reserve_chunks(chunks);
        for table in tables {
            batch.version.tables[usize::from(*table)].reserve_chunks(chunks);
        }
        Ok(())
    }

    /// How many versions are around besides the published one: pinned, or spare.
    pub fn retired_count(&self) -> usize {
        self.roots.retired_count()
    }

    /// How many versions besides the published one were pinned when the writer looked last.
    pub fn pinned_count(&self) -> usize {
        self.roots.pinned_count()
    }

    /// What the database takes in memory.
    pub fn memory(&self) -> MemoryUsage {
        MemoryUsage::of(self.live(), &self.pool, self.roots.retired_count())
    }

    /// The meter in which all pages count.
    pub fn meter(&self) -> &Arc<Meter> {
        self.pool.meter()
    }
}
