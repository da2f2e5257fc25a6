//! The transaction that a closure works on, as the writer.

use core::marker::PhantomData;

use super::apply::Apply;
use super::assign::collected;
use super::bundle::{Bundle, How};
use super::catalog::ColumnId;
use super::error::{OpError, TransactionError};
use super::procedure::{Nesting, Procedure};
use super::update_all::UpdateFn;
use crate::bits::bits;
use crate::bytes::{HeapBuf, HeapPlace, RowBytes, bytes_of, duplicate};
use crate::component::{Assignments, Change, Column, Field, Index, Predicate, Refers, SpatialIndex};
use crate::entity::Entity;
use crate::limits::BLOCK_SLOTS;
use crate::query::{
    Children, Coordinate, Hierarchy, IndexView, Query, QueryParam, ReadError, SpatialView, TableView, View,
};
use crate::schema::{Schema, TableOf};
use crate::storage::{PageGeometry, SlotMask};

/// A running transaction, given to the closure of [`Db::write`](crate::Db::write).
///
/// It reads its own writes, and nobody else writes meanwhile: it is serializable. When the closure returns `Ok`, all of
/// it becomes visible at once; on `Err` or a panic none of it ever was. Every operation costs about what a row costs;
/// the first touch of a page by the transaction copies the page (up to 4 KiB, or one row if that is wider).
///
/// An operation on one entity that fails has done nothing, and the closure may go on. The exceptions are
/// [`OpError::Memory`] and [`OpError::Slots`], which any operation that stores something may meet: they doom the transaction, and it is rolled back
/// even if the closure returns `Ok`.
///
/// ```
/// # use ecsdb::{Component, Db, Entity};
/// # #[derive(Component)] #[repr(C)] struct Pos { x: f32, y: f32 }
/// # #[derive(Component)] #[repr(C)] struct Vel { x: f32, y: f32 }
/// # #[derive(Component)] struct Purse { gold: u64 }
/// # ecsdb::schema! { World: Pos, Vel, Purse }
/// # let db = Db::<World>::in_memory()?;
/// let moved = db.write(|tx| {
///     let ann = tx.spawn((Pos { x: 0.0, y: 0.0 }, Vel { x: 1.0, y: 2.0 }))?;
///     tx.insert(ann, Purse { gold: 10 })?;
///     tx.modify(ann, |purse: &mut Purse| purse.gold *= 2)?;
///     tx.spawn_all((0..1000).map(|n| Pos { x: n as f32, y: 0.0 }))?;
///
///     let moved = tx.update_all(|pos: &mut Pos, vel: &Vel| {
///         pos.x += vel.x;
///         pos.y += vel.y;
///     })?;
///     if tx.get::<Purse>(ann).is_none() {
///         return Err(tx.abort("the purse is gone"));
///     }
///     Ok(moved)
/// })?;
/// assert_eq!(moved, 1, "one entity has both");
/// assert_eq!(db.snapshot().table::<Pos>().len(), 1001);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Transaction<'t, S> {
    pub(super) apply: Apply<'t>,
    workers: &'t rayon::ThreadPool,
    nesting: Nesting,
    schema: PhantomData<fn() -> S>,
}

debug_as!(['t, S] Transaction<'t, S>);

impl<'t, S> Transaction<'t, S> {
    /// Carries out a transaction: what `work` comes to, unless a procedure that it called has failed.
    ///
    /// # Safety
    /// `S` is [`Dynamic`](super::Dynamic), or the write buffer was made for the tables of `S`, as [`View::new`] asks, and every
    /// change to it leaves rows behind that these validate.
    pub(crate) unsafe fn carry_out<R>(
        apply: Apply<'t>,
        workers: &'t rayon::ThreadPool,
        work: impl FnOnce(&mut Self) -> Result<R, TransactionError>,
    ) -> Result<R, TransactionError> {
        let mut transaction = Self { apply, workers, nesting: Nesting::default(), schema: PhantomData };
        let outcome = work(&mut transaction);
        transaction.nesting.verdict(outcome)
    }

    /// Runs `procedure` within this transaction: it sees what was done before, and what it does is part of the whole.
    ///
    /// ```
    /// # use ecsdb::{Component, Db, Entity, Procedure};
    /// # #[derive(Component)] struct Purse { gold: u64 }
    /// # ecsdb::schema! { World: Purse }
    /// const TAX: Procedure<World, Entity, ()> =
    ///     Procedure::new("tax", "Takes one piece of gold; fails if there is none.", |tx, payer| Ok(tx.update(payer, Purse::C.gold.sub(1))?));
    /// const TAX_ALL: Procedure<World, Vec<Entity>, ()> =
    ///     Procedure::new("tax_all", "Taxes everybody, or nobody.", |tx, payers| payers.into_iter().try_for_each(|payer| tx.call(&TAX, payer)));
    ///
    /// let db = Db::<World>::in_memory()?;
    /// let (rich, poor) = (db.spawn(Purse { gold: 9 })?, db.spawn(Purse { gold: 0 })?);
    /// let error = db.call(&TAX_ALL, vec![rich, poor]).unwrap_err();
    /// assert!(error.root().to_string().starts_with("`purse.gold` of entity"));
    /// assert_eq!(db.snapshot().get::<Purse>(rich).unwrap().gold(), 9, "all or nothing");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`TransactionError::Procedure`] with the error of the procedure. *It dooms the transaction*: the caller may look at the
    /// error, clean up and give a reason of its own, but part of what the procedure did stands, so nothing of the whole is
    /// kept. If the caller returns `Ok` all the same, it becomes [`TransactionError::CallFailed`]. What may well fail is asked for
    /// first, or given as a result.
    ///
    /// [`TransactionError::CallDepth`] if procedures call each other more than 64 levels deep; the call has not begun then, and the
    /// transaction is as before.
    pub fn call<A: Field, R: Field>(
        &mut self,
        procedure: &Procedure<S, A, R>,
        arguments: A,
    ) -> Result<R, TransactionError> {
        let entered = self.nesting.enter(procedure.name())?;
        let outcome = procedure.run(self, arguments);
        self.nesting.leave(entered, outcome)
    }

    /// Gives up: `return Err(tx.abort("no loot"))`.
    pub fn abort(&self, reason: impl Into<Box<dyn core::error::Error + Send + Sync>>) -> TransactionError {
        TransactionError::abort(reason)
    }
}

impl<'t, S: Schema> Transaction<'t, S> {
    /// Everything as the transaction sees it now. The view borrows the transaction: read, then write.
    pub fn view(&self) -> View<'_, S> {
        // SAFETY: the write buffer was made for `S` (contract of `carry_out`); this type writes only rows of the tables' types,
        // and `Apply` only what is valid in their schemas.
        unsafe { View::new(self.apply.batch.version()) }
    }

    /// The row of `entity`.
    pub fn get<T: TableOf<S>>(&self, entity: Entity) -> Option<T::Ref<'_>> {
        self.view().get::<T>(entity)
    }

    /// The row of `entity`, or why there is none.
    ///
    /// # Errors
    /// If the entity is unknown or stale, or has no `T`.
    pub fn try_get<T: TableOf<S>>(&self, entity: Entity) -> Result<T::Ref<'_>, ReadError> {
        self.view().try_get::<T>(entity)
    }

    /// Whether `entity` has a row in the table of `T`.
    pub fn contains<T: TableOf<S>>(&self, entity: Entity) -> bool {
        self.view().contains::<T>(entity)
    }

    /// Whether `entity` is alive.
    pub fn is_alive(&self, entity: Entity) -> bool {
        self.view().is_alive(entity)
    }

    /// The table of `T`, as the transaction sees it now.
    pub fn table<T: TableOf<S>>(&self) -> TableView<'_, S, T> {
        self.view().table::<T>()
    }

    /// The rows that refer to `entity` by this column, as the transaction sees them; see [`View::children`].
    ///
    /// Cost: as for [`Self::index`], and the rows that are asked for.
    ///
    /// # Errors
    /// [`OpError::Memory`], which dooms the transaction.
    pub fn children<T: TableOf<S>, F: Refers>(
        &mut self,
        column: Column<T, F>,
        entity: Entity,
    ) -> Result<Children<'_, S, T>, OpError> {
        self.apply.batch.settle_indexes()?;
        Ok(self.view().children(column, entity))
    }

    /// What refers to `entity` by this column, and so on down, as the transaction sees it; see [`View::descendants`].
    ///
    /// # Errors
    /// As for [`Self::children`].
    pub fn descendants<T: TableOf<S>, F: Refers>(
        &mut self,
        column: Column<T, F>,
        entity: Entity,
    ) -> Result<Hierarchy<'_>, OpError> {
        self.apply.batch.settle_indexes()?;
        Ok(self.view().descendants(column, entity))
    }

    /// The entity that the row of `entity` refers to by this column; of a list, the first.
    pub fn parent<T: TableOf<S>, F: Refers>(&self, column: Column<T, F>, entity: Entity) -> Option<Entity> {
        self.view().parent(column, entity)
    }

    /// All entities that the row of `entity` refers to by this column; see [`View::targets`].
    pub fn targets<T: TableOf<S>, F: Refers>(&self, column: Column<T, F>, entity: Entity) -> Vec<Entity> {
        self.view().targets(column, entity)
    }

    /// What `entity` refers to by this column, and so on up, with how many steps away it is; see [`View::ancestors`].
    pub fn ancestors<T: TableOf<S>, F: Refers>(&self, column: Column<T, F>, entity: Entity) -> Hierarchy<'_> {
        self.view().ancestors(column, entity)
    }

    /// An index, in line with what the transaction has done so far.
    ///
    /// Cost: nothing if no row of a table with indexes was changed since the last time; otherwise, what it takes to bring the
    /// indexes in line with these rows, which is not done again at the end.
    ///
    /// # Errors
    /// [`OpError::Memory`], which dooms the transaction.
    pub fn index<T: TableOf<S>, K: Field>(&mut self, index: Index<T, K>) -> Result<IndexView<'_, S, T, K>, OpError> {
        self.apply.batch.settle_indexes()?;
        Ok(self.view().index(index))
    }

    /// A spatial index, in line with what the transaction has done so far; as [`Self::index`].
    ///
    /// # Errors
    /// [`OpError::Memory`], which dooms the transaction.
    pub fn spatial<T: TableOf<S>, const N: usize, F: Coordinate>(
        &mut self,
        index: SpatialIndex<T, N, F>,
    ) -> Result<SpatialView<'_, S, T, N, F>, OpError> {
        self.apply.batch.settle_indexes()?;
        Ok(self.view().spatial(index))
    }

    /// Brings all indexes in line with what the transaction has done so far, so that queries may go through them. Without it, a query
    /// of a transaction that has changed rows of a table with indexes looks at all rows.
    ///
    /// Cost: as for [`Self::index`].
    ///
    /// # Errors
    /// [`OpError::Memory`], which dooms the transaction.
    pub fn settle_indexes(&mut self) -> Result<(), OpError> {
        Ok(self.apply.batch.settle_indexes()?)
    }

    /// A query over the state as the transaction sees it now.
    pub fn query<Q: QueryParam<S>>(&self) -> Query<'_, S, Q> {
        self.view().query::<Q>().on(self.workers)
    }

    /// Brings a new entity to life with these components: one, a tuple, or `()` for none.
    ///
    /// Entities that are spawned with the same components lie together.
    ///
    /// # Errors
    /// [`OpError::Memory`] and [`OpError::Slots`], both of which doom the transaction; [`OpError::PromisedEntity`].
    pub fn spawn<B: Bundle<S>>(&mut self, bundle: B) -> Result<Entity, OpError> {
        let set = self.apply.constant_set(B::TABLES);
        let entity = self.apply.spawn(set)?;
        let apply = &mut self.apply;
        match <B::How as How<S, B>>::rows(bundle, |table, row| apply.insert_new(table, entity.slot(), row)) {
            Ok(()) => Ok(entity),
            Err(error) => {
                // Half an entity is none.
                self.apply.despawn(entity)?;
                Err(error)
            }
        }
    }

    /// Brings an entity to life for each bundle, block by block: the fastest way to make many. Returns them in order.
    ///
    /// # Errors
    /// As for [`Self::spawn`]; on an error some may have been made, and the transaction should be given up.
    pub fn spawn_all<B: Bundle<S>>(&mut self, bundles: impl IntoIterator<Item = B>) -> Result<Vec<Entity>, OpError> {
        let set = self.apply.constant_set(B::TABLES);
        let mut bundles = bundles.into_iter();
        let mut entities = Vec::with_capacity(bundles.size_hint().0);
        let mut columns = <B::How as How<S, B>>::Columns::default();
        loop {
            let mut count = 0;
            for bundle in bundles.by_ref().take(BLOCK_SLOTS) {
                <B::How as How<S, B>>::push(bundle, &mut columns);
                count += 1;
            }
            if count == 0 {
                return Ok(entities);
            }
            let first = entities.len();
            let mut places = Vec::new();
            while entities.len() < first + count {
                let taken = self.apply.batch.spawn(set, first + count - entities.len())?;
                let (block, mask) = (taken.block, taken.mask);
                entities.extend(bits(mask).map(|bit| self.apply.batch.entity_in(block, bit)));
                places.push(taken);
            }
            let apply = &mut self.apply;
            <B::How as How<S, B>>::flush(&mut columns, |table, rows| store(apply, table, &places, count, rows))?;
        }
    }

    /// Ends the life of `entity` and removes its rows from all tables.
    ///
    /// # Errors
    /// If it is unknown or stale.
    pub fn despawn(&mut self, entity: Entity) -> Result<(), OpError> {
        self.apply.despawn(entity)
    }

    /// Gives `entity` a `T`, in place of the one it may have.
    ///
    /// # Errors
    /// If the entity is unknown or stale.
    pub fn insert<T: TableOf<S>>(&mut self, entity: Entity, component: T) -> Result<(), OpError> {
        let mut heap = HeapBuf::new();
        let row = component.into_row(&mut heap);
        self.apply.insert(T::INDEX, entity, RowBytes { row: bytes_of(&row), heap: heap.bytes() })
    }

    /// Replaces the `T` of `entity`, which must have one.
    ///
    /// # Errors
    /// If the entity is unknown or stale, or has none.
    pub fn replace<T: TableOf<S>>(&mut self, entity: Entity, component: T) -> Result<(), OpError> {
        let mut heap = HeapBuf::new();
        let row = component.into_row(&mut heap);
        self.apply.replace(T::INDEX, entity, RowBytes { row: bytes_of(&row), heap: heap.bytes() })
    }

    /// Takes the `T` away from `entity`.
    ///
    /// # Errors
    /// If the entity is unknown or stale, or has none.
    pub fn remove<T: TableOf<S>>(&mut self, entity: Entity) -> Result<(), OpError> {
        self.apply.remove(T::INDEX, entity)
    }

    /// Changes one field, or several: `tx.update(entity, Purse::C.gold.add(5))`,
    /// `tx.update(entity, (Purse::C.gold.add(5), Purse::C.open.set(true)))`.
    ///
    /// # Errors
    /// If the entity is unknown or stale or has no `T`, or an integer would leave its range; then none of the fields has changed.
    #[inline]
    pub fn update<A: Assignments>(&mut self, entity: Entity, changes: A) -> Result<(), OpError>
    where
        A::Component: TableOf<S>,
    {
        self.apply.update(<A::Component as TableOf<S>>::INDEX, entity, &changes)
    }

    /// Gives `entity` a `T` unless it has one. Returns whether it had none.
    ///
    /// # Errors
    /// If the entity is unknown or stale.
    pub fn insert_if_absent<T: TableOf<S>>(&mut self, entity: Entity, component: T) -> Result<bool, OpError> {
        self.store_or_change(entity, component, &[])
    }

    /// Changes the `T` of `entity`, or gives it `component` if it has none:
    /// `tx.upsert(entity, Purse { gold: 5 }, Purse::C.gold.add(5))`. Returns whether it had none.
    ///
    /// # Errors
    /// If the entity is unknown or stale, or an integer would leave its range.
    pub fn upsert<T: TableOf<S>>(
        &mut self,
        entity: Entity,
        component: T,
        changes: impl Assignments<Component = T>,
    ) -> Result<bool, OpError> {
        self.store_or_change(entity, component, &collected(&changes))
    }

    fn store_or_change<T: TableOf<S>>(
        &mut self,
        entity: Entity,
        component: T,
        changes: &[Change<'_>],
    ) -> Result<bool, OpError> {
        let mut heap = HeapBuf::new();
        let row = component.into_row(&mut heap);
        self.apply.upsert(T::INDEX, entity, RowBytes { row: bytes_of(&row), heap: heap.bytes() }, changes)
    }

    /// Changes a copy of the `T` of `entity` with a closure and puts it back. Returns what the closure returns. If the
    /// closure panics, the row stays as it was.
    ///
    /// # Errors
    /// If the entity is unknown or stale or has no `T`.
    pub fn modify<T: TableOf<S>, R>(&mut self, entity: Entity, change: impl FnOnce(&mut T) -> R) -> Result<R, OpError> {
        let entity = self.apply.living(entity)?;
        let Some((row, heap)) = self.view().stored::<T>(entity.slot()) else {
            let table = self.apply.catalog.table(T::INDEX).name.to_string();
            return Err(OpError::ComponentMissing { entity, table });
        };
        let (mut row, mut heap) = (duplicate(row), HeapBuf::of(heap.bytes()));
        // SAFETY: both are copies of what stands together in the table.
        let result = unsafe { T::with_mut(&mut row, &mut heap, change) };
        self.apply.replace(T::INDEX, entity, RowBytes { row: bytes_of(&row), heap: heap.bytes() })?;
        Ok(result)
    }

    /// Fails unless the condition holds: `tx.require(entity, Purse::C.gold.ge(50))?`.
    ///
    /// # Errors
    /// [`OpError::GuardFailed`] with what was expected and found; or as for [`Self::update`].
    pub fn require<T: TableOf<S>, F: Field>(&self, entity: Entity, condition: Predicate<T, F>) -> Result<(), OpError> {
        let id = ColumnId { table: T::INDEX, column: condition.column.index() };
        self.apply.require(id, entity, condition.op, condition.operand.row_bytes())
    }

    /// Fails unless `entity` is alive.
    ///
    /// # Errors
    /// If it is unknown or stale.
    pub fn require_alive(&self, entity: Entity) -> Result<(), OpError> {
        self.apply.living(entity).map(|_| ())
    }

    /// Fails unless `entity` has a `T`.
    ///
    /// # Errors
    /// If the entity is unknown or stale, or has none.
    pub fn require_present<T: TableOf<S>>(&self, entity: Entity) -> Result<(), OpError> {
        self.apply.require_present(T::INDEX, entity)
    }

    /// Fails unless `entity` is alive and has no `T`.
    ///
    /// # Errors
    /// [`OpError::RowGuardFailed`] with what is there; or if the entity is unknown or stale.
    pub fn require_absent<T: TableOf<S>>(&self, entity: Entity) -> Result<(), OpError> {
        self.apply.require_absent(T::INDEX, entity)
    }

    /// Fails unless the `T` of `entity` is `expected`, field by field as [`Column::eq`](crate::component::Column::eq) compares.
    ///
    /// # Errors
    /// [`OpError::RowGuardFailed`] with what was expected and found; or if the entity is unknown or stale.
    pub fn require_row<T: TableOf<S>>(&self, entity: Entity, expected: T) -> Result<(), OpError> {
        let mut heap = HeapBuf::new();
        let row = expected.into_row(&mut heap);
        self.apply.require_row(T::INDEX, entity, RowBytes { row: bytes_of(&row), heap: heap.bytes() })
    }

    /// Fails unless nothing at all was committed since version `version`, this transaction aside.
    ///
    /// # Errors
    /// [`OpError::Conflict`].
    pub fn expect_version(&self, version: u64) -> Result<(), OpError> {
        self.apply.expect_version(version)
    }

    /// What guards are checked with.
    pub(crate) fn guards(&self) -> &Apply<'_> {
        &self.apply
    }

    /// What bulk operations are done with.
    pub(super) fn apply_mut(&mut self) -> &mut Apply<'t> {
        &mut self.apply
    }

    /// Changes the first component of every entity that has all of them, from the others, page by page and on all
    /// cores: `tx.update_all(|pos: &mut Pos, vel: &Vel| pos.x += vel.x)`. Returns how many rows were changed.
    ///
    /// The closure sees the state before the call: rows that it changes are seen changed only afterwards. It may be
    /// called for different entities at the same time, in any order. Packed rows come as their view type, optional ones
    /// as `Option`; [`Entity`] may be asked for as well. Numbers that it puts into counted fields are not given again, for which
    /// all rows of a table with such fields are looked at once more.
    ///
    /// # Errors
    /// [`OpError::Memory`], which dooms the transaction.
    ///
    /// # Panics
    /// If the closure does; nothing has changed then.
    pub fn update_all<P, F: UpdateFn<S, P>>(&mut self, change: F) -> Result<u64, OpError> {
        Ok(change.run(&mut self.apply.batch, self.workers)?)
    }
}

/// Stores `rows`, the rows of `count` new entities in `places`, in `table`.
fn store(
    apply: &mut Apply<'_>,
    table: u16,
    places: &[SlotMask],
    count: usize,
    RowBytes { row: mut rows, heap: mut heaps }: RowBytes<'_>,
) -> Result<(), OpError> {
    let stride = rows.len() / count;
    let geometry = PageGeometry::of(stride);
    let has_heap = apply.catalog.has_heap(table);
    let one_by_one = !apply.is_plain(table);
    for place in places {
        let first = (place.block * BLOCK_SLOTS) as u32;
        let mut mask = place.mask;
        while mask != 0 {
            let bit = mask.trailing_zeros();
            // A run of neighbours, within one page and one block.
            let in_page = geometry.page_slots() - (bit as usize & (geometry.page_slots() - 1));
            let run = ((!(mask >> bit)).trailing_zeros() as usize).min(in_page);
            let run = if one_by_one { 1 } else { run };
            let (taken, rest) = rows.split_at(run * stride);
            if one_by_one {
                let len = if has_heap { HeapPlace::read(&taken[stride - HeapPlace::BYTES..]).len() } else { 0 };
                let (heap, behind) = heaps.split_at(len);
                heaps = behind;
                apply.insert_new(table, first + bit, RowBytes { row: taken, heap })?;
            } else {
                apply.batch.insert_run(table, first + bit, run)?.copy_from_slice(taken);
            }
            rows = rest;
            mask &= !crate::bits::run(bit as usize, run);
        }
    }
    Ok(())
}
