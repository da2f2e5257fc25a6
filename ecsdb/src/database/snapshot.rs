//! A pinned version.

use core::borrow::Borrow;
use core::marker::PhantomData;
use std::sync::Arc;

use super::core::Readers;
use super::subscription::HistoryGone;
use crate::component::{Column, Field, Index, Refers, SpatialIndex};
use crate::entity::Entity;
use crate::events::{Changes, Gone, changes_between};
use crate::query::{Children, Hierarchy};
use crate::query::{Coordinate, DynView, IndexView, Query, QueryParam, ReadError, SpatialView, TableView, View};
use crate::schema::{Schema, TableOf, TableSchema};
use crate::storage::Version;
use crate::sync::shim::Arc as VersionRef;
use crate::transaction::{Catalog, DatabaseId};

/// A consistent state of the whole database, for as long as it is held.
///
/// Reads copy nothing, take no lock and never wait for the writer; commits that come later are not seen. A snapshot may go to any
/// thread, and stays good after [`Db::close`](crate::Db::close). Holding one keeps alive the pages that have changed since,
/// and one directory of all tables; it never blocks the writer.
///
/// ```
/// # use ecsdb::{Component, Db, Entity};
/// # #[derive(Component)] #[repr(C)] struct Pos { x: f32, y: f32 }
/// # #[derive(Component)] #[repr(C)] struct Vel { x: f32, y: f32 }
/// # #[derive(Component)] struct Purse { gold: u64 }
/// # ecsdb::schema! { World: Pos, Vel, Purse }
/// # let db = Db::<World>::in_memory()?;
/// let entity = db.spawn((Pos { x: 1.0, y: 2.0 }, Purse { gold: 7 }))?;
/// let before = db.snapshot();
/// db.update(entity, Pos::C.x.set(5.0))?;
///
/// assert_eq!(before.get::<Pos>(entity).map(|pos| pos.x), Some(1.0));
/// let now = db.snapshot();
/// assert_eq!(now.get::<Pos>(entity).map(|pos| pos.x), Some(5.0));
/// assert_eq!(now.get::<Purse>(entity).map(|purse| purse.gold()), Some(7), "packed rows come as a view");
/// assert!(now.get::<Vel>(entity).is_none());
///
/// // A table as slices, page by page; queries over several.
/// assert_eq!(now.table::<Pos>().pages().flatten().map(|pos| pos.y).sum::<f32>(), 2.0);
/// assert_eq!(now.query::<(Entity, &Pos)>().with::<Purse>().into_iter().count(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Snapshot<S> {
    /// Invariant: of a database with schema `S`.
    version: VersionRef<Version>,
    readers: Arc<Readers>,
    schema: PhantomData<fn() -> S>,
}

debug_as!([S] Snapshot<S>, snapshot: version = snapshot.version.number);

impl<S> Clone for Snapshot<S> {
    fn clone(&self) -> Self {
        Self { version: VersionRef::clone(&self.version), readers: Arc::clone(&self.readers), schema: PhantomData }
    }
}

impl<S: Schema> Snapshot<S> {
    /// The version `version` of the database that `readers` belongs to.
    ///
    /// # Safety
    /// The database was opened with the tables of `S`.
    pub(super) unsafe fn pinned(version: VersionRef<Version>, readers: Arc<Readers>) -> Self {
        Self { version, readers, schema: PhantomData }
    }

    /// Whose version it is.
    pub(super) fn database(&self) -> DatabaseId {
        self.readers.database()
    }

    /// Its tables.
    pub(super) fn catalog(&self) -> &Catalog {
        self.readers.catalog()
    }

    /// What the snapshot gives can be read through this, which is cheap to copy and to pass on.
    #[inline]
    pub fn view(&self) -> View<'_, S> {
        // SAFETY: the version is one of a `Db<S>`, which was opened with the tables of `S`. Only transactions change
        // versions before they are published, and these store nothing but valid rows.
        unsafe { View::new(&self.version) }
    }

    /// The number of the version: how many times something has been published. Transactions of one batch share a version.
    pub fn version(&self) -> u64 {
        self.version.number
    }

    /// How many entities are alive.
    pub fn entity_count(&self) -> u64 {
        self.view().entity_count()
    }

    /// Every living entity, in the order of slots.
    pub fn entities(&self) -> impl Iterator<Item = Entity> + '_ {
        self.view().entities()
    }

    /// Whether `entity` is alive.
    pub fn is_alive(&self, entity: Entity) -> bool {
        self.view().is_alive(entity)
    }

    /// The row of `entity` in the table of `T`: `&T` for a native row, a small view of a packed one. Nothing is copied.
    #[inline]
    pub fn get<T: TableOf<S>>(&self, entity: Entity) -> Option<T::Ref<'_>> {
        self.view().get::<T>(entity)
    }

    /// The rows of many entities in the table of `T`, in the order of `entities`: `None` for those that are not alive or have no
    /// `T`. Where entities are many and in no order, about twice as fast as [`Self::get`] for each: 16 look-ups are under way at a
    /// time, so that many are taken from `entities` ahead. Cost: as so many times `get`, without most of the waiting.
    ///
    /// ```
    /// # use ecsdb::{Component, Db, Entity};
    /// #[derive(Component, Clone, Copy)]
    /// #[repr(C)]
    /// struct Health {
    ///     points: u32,
    /// }
    /// ecsdb::schema! { World: Health }
    /// # let db = Db::<World>::in_memory()?;
    /// let targets = db.write(|tx| Ok(tx.spawn_all((1..=100).map(|points| Health { points }))?))?;
    /// let snapshot = db.snapshot();
    /// let total: u32 = snapshot.get_each::<Health>(&targets).flatten().map(|health| health.points).sum();
    /// assert_eq!(total, 5050);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn get_each<T: TableOf<S>>(
        &self,
        entities: impl IntoIterator<Item: Borrow<Entity>>,
    ) -> impl Iterator<Item = Option<T::Ref<'_>>> {
        self.view().get_each::<T>(entities)
    }

    /// The row of `entity` in the table of `T`, or why there is none.
    ///
    /// # Errors
    /// If the entity is unknown or stale, or has no `T`.
    pub fn try_get<T: TableOf<S>>(&self, entity: Entity) -> Result<T::Ref<'_>, ReadError> {
        self.view().try_get::<T>(entity)
    }

    /// Whether `entity` has a row in the table of `T`.
    #[inline]
    pub fn contains<T: TableOf<S>>(&self, entity: Entity) -> bool {
        self.view().contains::<T>(entity)
    }

    /// The tables in which `entity` has a row.
    pub fn components_of(&self, entity: Entity) -> impl Iterator<Item = &'static TableSchema> + '_ {
        self.view().components_of(entity)
    }

    /// The table of `T`: its rows as slices, or with their entities.
    pub fn table<T: TableOf<S>>(&self) -> TableView<'_, S, T> {
        self.view().table::<T>()
    }

    /// The rows that refer to `entity` by this column; see [`View::children`].
    pub fn children<T: TableOf<S>, F: Refers>(&self, column: Column<T, F>, entity: Entity) -> Children<'_, S, T> {
        self.view().children(column, entity)
    }

    /// The entity that the row of `entity` refers to by this column; of a list, the first.
    pub fn parent<T: TableOf<S>, F: Refers>(&self, column: Column<T, F>, entity: Entity) -> Option<Entity> {
        self.view().parent(column, entity)
    }

    /// All entities that the row of `entity` refers to by this column, in the order of the list.
    pub fn targets<T: TableOf<S>, F: Refers>(&self, column: Column<T, F>, entity: Entity) -> Vec<Entity> {
        self.view().targets(column, entity)
    }

    /// What `entity` refers to by this column, and so on up, with how many steps away it is; see [`View::ancestors`].
    pub fn ancestors<T: TableOf<S>, F: Refers>(&self, column: Column<T, F>, entity: Entity) -> Hierarchy<'_> {
        self.view().ancestors(column, entity)
    }

    /// What refers to `entity` by this column, and so on down, with how many steps away it is; see [`View::descendants`].
    pub fn descendants<T: TableOf<S>, F: Refers>(&self, column: Column<T, F>, entity: Entity) -> Hierarchy<'_> {
        self.view().descendants(column, entity)
    }

    /// An index: rows by their keys.
    pub fn index<T: TableOf<S>, K: Field>(&self, index: Index<T, K>) -> IndexView<'_, S, T, K> {
        self.view().index(index)
    }

    /// A spatial index: rows by where they are.
    pub fn spatial<T: TableOf<S>, const N: usize, F: Coordinate>(
        &self,
        index: SpatialIndex<T, N, F>,
    ) -> SpatialView<'_, S, T, N, F> {
        self.view().spatial(index)
    }

    /// A query over all entities that have the components of `Q`: `snapshot.query::<(Entity, &Pos, Option<&Vel>)>()`.
    pub fn query<Q: QueryParam<S>>(&self) -> Query<'_, S, Q> {
        self.view().query::<Q>().on(self.readers.workers())
    }

    /// What has happened to the table of `T` since version `version`: which rows came, which have other values, which went, with
    /// the rows of before. A row that has changed and changed back is not among them.
    ///
    /// It takes the history of changes that the database keeps if [`DbBuilder::history`](crate::DbBuilder::history) says so, or
    /// if somebody [subscribes](crate::Db::subscribe).
    ///
    /// Cost: proportional to the pages that the commits in between have touched, whatever the size of the table.
    ///
    /// ```
    /// # use ecsdb::changes::Event;
    /// # use ecsdb::{Component, Db};
    /// # #[derive(Component)] struct Purse { gold: u64, open: bool }
    /// # ecsdb::schema! { World: Purse }
    /// let db = Db::<World>::builder().history(1000, 1 << 20).open()?;
    /// let ann = db.spawn(Purse { gold: 100, open: false })?;
    /// let bob = db.spawn(Purse { gold: 5, open: false })?;
    /// let then = db.snapshot();
    /// db.update(ann, Purse::C.gold.sub(30))?;
    /// db.update(bob, Purse::C.gold.add(1))?;
    /// db.update(bob, Purse::C.gold.sub(1))?;
    ///
    /// let changes = db.snapshot().changed_since::<Purse>(then.version())?;
    /// let mut changed = changes.iter();
    /// let Some(Event::Changed { entity, columns, old, new }) = changed.next() else { panic!() };
    /// assert_eq!((entity, old.gold(), new.gold()), (ann, 100, 70));
    /// assert!(columns.contains(Purse::C.gold) && !columns.contains(Purse::C.open));
    /// assert!(changed.next().is_none(), "bob has what he had");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// If the history does not lead back to that version, or the version is a later one. Read the table, then.
    pub fn changed_since<T: TableOf<S>>(&self, version: u64) -> Result<Changes<T>, HistoryGone> {
        let newest = self.version();
        let gone = |oldest| HistoryGone { version, oldest, newest };
        if version > newest {
            return Err(gone(newest));
        }
        // SAFETY: the history is that of a database with schema `S` (invariant), where this is the number of the table of `T`.
        let changes = unsafe { changes_between(self.readers.history(), version, newest, T::INDEX) };
        changes.map_err(|Gone { oldest }| gone(oldest))
    }

    /// The same state, to be read by names, with the tables that describe the schema.
    pub fn untyped(&self) -> DynView<'_> {
        DynView::new(&self.version, self.readers.schema())
    }
}
