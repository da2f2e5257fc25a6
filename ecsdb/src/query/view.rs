//! A version with the types of its tables.

use core::borrow::Borrow;
use core::marker::PhantomData;

use thiserror::Error;

use super::builder::Query;
use super::get_each::GetEach;
use super::param::QueryParam;
use super::table_view::TableView;
use crate::bytes::{Heap, Row, heap_place, rows_of};
use crate::component::Component;
use crate::entity::Entity;
use crate::limits::CHUNK_SLOTS;
use crate::schema::{Schema, TableOf};
use crate::storage::{PageGeometry, Version};

/// Why there is nothing to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The database has never handed out this entity.
    #[error("entity {entity} is unknown: this database has never handed it out")]
    UnknownEntity {
        /// The entity asked for.
        entity: Entity,
    },
    /// The entity was despawned; its slot may have a new owner.
    #[error("entity {entity} is stale: it was despawned")]
    StaleEntity {
        /// The entity asked for.
        entity: Entity,
    },
    /// The entity lives but has no row in the table.
    #[error("entity {entity} has no `{table}`")]
    ComponentMissing {
        /// The entity asked for.
        entity: Entity,
        /// The table asked for.
        table: &'static str,
    },
}

/// A version of a database with schema `S`, to be read.
///
/// Cheap to copy; everything that it gives borrows from the version.
pub struct View<'v, S> {
    /// Invariant: made for the tables of `S`: `version.tables[n]` has rows that are values of the row type of the
    /// component whose `TableOf::<S>::INDEX` is `n`, whenever such a component exists.
    version: &'v Version,
    schema: PhantomData<fn() -> S>,
}

debug_as!(['v, S] View<'v, S>, view: version = view.version.number);

impl<S> Clone for View<'_, S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<S> Copy for View<'_, S> {}

impl<'v, S: Schema> View<'v, S> {
    /// Looks at `version` through the schema `S`.
    ///
    /// # Safety
    /// Every table of `version` has the stride of the table of the same number in `S::TABLES`, and holds only rows that
    /// this table's schema validates.
    pub(crate) unsafe fn new(version: &'v Version) -> Self {
        Self { version, schema: PhantomData }
    }

    pub(crate) fn storage(self) -> &'v Version {
        self.version
    }

    /// The number of the version: how many times something has been published. Transactions of one batch share a version.
    pub fn version(self) -> u64 {
        self.version.number
    }

    /// How many entities are alive.
    pub fn entity_count(self) -> u64 {
        self.version.entities.count()
    }

    /// Every living entity, in the order of slots.
    pub fn entities(self) -> impl Iterator<Item = Entity> + 'v {
        self.version.entities.iter()
    }

    /// Whether `entity` is alive.
    pub fn is_alive(self, entity: Entity) -> bool {
        self.version.entities.is_alive(entity)
    }

    /// The row of `entity` in the table of `T`; `None` if the entity is not alive or has no `T`. Cost: constant; a read of
    /// the generation, one of the directory and one of the row.
    #[inline]
    pub fn get<T: TableOf<S>>(self, entity: Entity) -> Option<T::Ref<'v>> {
        self.row_of::<T>(entity).map(|row| self.seen::<T>(row, entity.slot()))
    }

    /// The rows of `entities` in the table of `T`, in their order; see [`Snapshot::get_each`](crate::Snapshot::get_each).
    #[inline]
    pub fn get_each<T: TableOf<S>>(
        self,
        entities: impl IntoIterator<Item: Borrow<Entity>>,
    ) -> impl Iterator<Item = Option<T::Ref<'v>>> {
        GetEach::<S, T, _>::new(self, entities.into_iter())
    }

    /// The row of `entity` as it is stored.
    #[inline]
    pub(super) fn row_of<T: TableOf<S>>(self, entity: Entity) -> Option<&'v T::Row> {
        // Both look-ups are begun before either is looked at, so that the processor waits for memory once.
        let row = self.row::<T>(entity.slot());
        if self.version.entities.is_current(entity) { row } else { None }
    }

    /// What a user sees of `row`, which is that of slot `slot` of the table of `T`.
    #[inline]
    pub(super) fn seen<T: TableOf<S>>(self, row: &'v T::Row, slot: u32) -> T::Ref<'v> {
        T::view(row, self.heap::<T>(row, slot))
    }

    /// The row in slot `slot` of the table of `T`, whoever owns the slot.
    #[inline]
    pub(crate) fn row<T: TableOf<S>>(self, slot: u32) -> Option<&'v T::Row> {
        let geometry = const { PageGeometry::of(size_of::<T::Row>()) };
        let row = self.version.tables[usize::from(T::INDEX)].row(geometry, slot)?;
        // SAFETY: `row` is the address of a row of table `T::INDEX` in a page that the version holds for `'v`, and pages of
        // a version do not change while it is borrowed. That table holds rows of `T::Row` (invariant of `View`, contract of
        // `TableOf`), and addresses of rows are aligned for it: pages start on a cache line, and the stride is a
        // multiple of the alignment.
        let rows = unsafe { rows_of::<T::Row>(row, 1) };
        rows.first()
    }

    /// The heap of `row`, which is that of slot `slot` of the table of `T`.
    #[inline]
    fn heap<T: TableOf<S>>(self, row: &T::Row, slot: u32) -> Heap<'v> {
        if !T::Row::HAS_HEAP {
            return Heap::EMPTY;
        }
        let geometry = const { PageGeometry::of(size_of::<T::Row>()) };
        let Some(chunk) = self.version.tables[usize::from(T::INDEX)].chunk(slot as usize / CHUNK_SLOTS) else {
            return Heap::EMPTY;
        };
        // SAFETY: what the row of this slot ends with, since its table has heaps.
        Heap::new(unsafe { chunk.heap(geometry, slot as usize % CHUNK_SLOTS, heap_place(row)) })
    }

    /// The row in slot `slot` of the table of `T` with its heap, whoever owns the slot.
    #[inline]
    pub(crate) fn stored<T: TableOf<S>>(self, slot: u32) -> Option<(&'v T::Row, Heap<'v>)> {
        let row = self.row::<T>(slot)?;
        Some((row, self.heap::<T>(row, slot)))
    }

    /// What a user sees of the row in slot `slot` of the table of `T`, with the entity that has it.
    #[inline]
    pub(super) fn entity_and_row<T: TableOf<S>>(self, slot: u32) -> Option<(Entity, T::Ref<'v>)> {
        let entity = self.version.entities.in_slot(slot)?;
        let (row, heap) = self.stored::<T>(slot)?;
        Some((entity, T::view(row, heap)))
    }

    /// The row of `entity` in the table of `T`, or why there is none.
    ///
    /// # Errors
    /// If the entity is unknown or stale, or has no `T`.
    pub fn try_get<T: TableOf<S>>(self, entity: Entity) -> Result<T::Ref<'v>, ReadError> {
        self.get::<T>(entity).ok_or_else(|| {
            let table = match &<T as Component>::SCHEMA.name {
                std::borrow::Cow::Borrowed(name) => name,
                std::borrow::Cow::Owned(_) => "",
            };
            self.why_not(entity).unwrap_or(ReadError::ComponentMissing { entity, table })
        })
    }

    /// Why `entity` is not alive, if it is not.
    pub(crate) fn why_not(self, entity: Entity) -> Option<ReadError> {
        let entities = &self.version.entities;
        if entities.is_alive(entity) {
            None
        } else if entities.is_past(entity) {
            Some(ReadError::StaleEntity { entity })
        } else {
            Some(ReadError::UnknownEntity { entity })
        }
    }

    /// Whether `entity` has a row in the table of `T`.
    #[inline]
    pub fn contains<T: TableOf<S>>(self, entity: Entity) -> bool {
        self.version.entities.is_current(entity) && self.version.tables[usize::from(T::INDEX)].contains(entity.slot())
    }

    /// The tables in which `entity` has a row; none if it is not alive. Cost: one look at the directory of each table.
    pub fn components_of(self, entity: Entity) -> impl Iterator<Item = &'static crate::schema::TableSchema> + 'v {
        let alive = self.is_alive(entity);
        self.version
            .tables
            .iter()
            .zip(S::TABLES)
            .filter(move |(table, _)| alive && table.contains(entity.slot()))
            .map(|(_, schema)| *schema)
    }

    /// The table of `T`.
    pub fn table<T: TableOf<S>>(self) -> TableView<'v, S, T> {
        TableView::new(self)
    }

    /// A query over all entities that have the components of `Q`; see [`Query`].
    pub fn query<Q: QueryParam<S>>(self) -> Query<'v, S, Q> {
        Query::new(self)
    }
}
