//! Gather, decide, commit: a pure function over what there is to know about an entity declares what is to happen.

use core::cell::RefCell;

use super::db::Db;
use super::optimistic::Committed;
use super::reads::Reads;
use super::snapshot::Snapshot;
use crate::component::{Column, Field, Ref, Refers};
use crate::entity::Entity;
use crate::query::{Condition, IntoCondition};
use crate::schema::{Schema, TableOf};
use crate::transaction::{TransactionBuilder, TransactionError};

/// A field that names one entity: [`Entity`], [`Ref`], or an `Option` of one.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not name one entity",
    label = "not an `Entity`, a `Ref`, or an `Option` of one"
)]
pub trait NamesEntity: Refers {
    /// The value of a column that names `entity`.
    fn naming(entity: Entity) -> Self::Value;
}

impl NamesEntity for Entity {
    fn naming(entity: Entity) -> Self {
        entity
    }
}

impl<T: crate::component::Component> NamesEntity for Ref<T> {
    fn naming(entity: Entity) -> Self {
        Self::to(entity)
    }
}

impl NamesEntity for Option<Entity> {
    fn naming(entity: Entity) -> Self {
        Some(entity)
    }
}

impl<T: crate::component::Component> NamesEntity for Option<Ref<T>> {
    fn naming(entity: Entity) -> Self {
        Some(Ref::to(entity))
    }
}

/// What there is to know about one entity, in one state of the database: its rows, those that refer to it, those beside it, and
/// the rows of all of them. Given to the function of [`Db::decide`].
///
/// It never changes while it is looked at. What is looked at is noted: if it is not so any more when the effects are to be
/// committed, the function is asked again.
pub struct Context<'s, S: Schema> {
    entity: Entity,
    reads: RefCell<Reads<'s, S>>,
}

debug_as!(['s, S: Schema] Context<'s, S>);

impl<'s, S: Schema> Context<'s, S> {
    /// The entity that it is about.
    pub fn entity(&self) -> Entity {
        self.entity
    }

    /// The `T` of the entity, as reading a snapshot gives it.
    pub fn get<T: TableOf<S>>(&self) -> Option<T::Ref<'s>> {
        self.of::<T>(self.entity)
    }

    /// The `T` of another entity: one that was found here, or one that a row names.
    pub fn of<T: TableOf<S>>(&self, entity: Entity) -> Option<T::Ref<'s>> {
        self.reads.borrow_mut().row::<T>(entity).map(|(row, heap)| T::view(row, heap))
    }

    /// Whether `entity` is alive.
    pub fn is_alive(&self, entity: Entity) -> bool {
        self.reads.borrow_mut().is_alive(entity)
    }

    /// All entities that refer to this one by a column: `context.referring(Item::C.owner)` is its inventory. In the order of
    /// slots.
    pub fn referring<T: TableOf<S>, F: NamesEntity>(&self, column: Column<T, F>) -> Vec<Entity> {
        self.select(column.eq(F::naming(self.entity)))
    }

    /// All other entities that have the same value in a column as this one: `context.beside(At::C.place)` are those in the same
    /// place. None if this one has no such row. In the order of slots.
    pub fn beside<T: TableOf<S>, F: Field>(&self, column: Column<T, F>) -> Vec<Entity> {
        let row = self.reads.borrow_mut().row::<T>(self.entity);
        let Some((row, heap)) = row else { return Vec::new() };
        let row = crate::bytes::RowBytes { row: crate::bytes::bytes_of(row), heap: heap.bytes() };
        let mut found = self.select(column.same_as(row));
        found.retain(|entity| *entity != self.entity);
        found
    }

    /// All entities that a condition holds for, in the order of slots. Whether others have come or some have gone is noted as well.
    ///
    /// Costs a scan of what the condition looks at, or what an index gives that leads there, here and when the effects are
    /// committed.
    pub fn select(&self, condition: impl IntoCondition<S>) -> Vec<Entity> {
        self.reads.borrow_mut().select(&Condition::new(condition))
    }

    /// The state that it looks at. What is read of it directly is not noted.
    pub fn snapshot(&self) -> &'s Snapshot<S> {
        self.reads.borrow().snapshot()
    }
}

impl<S: Schema> Db<S> {
    /// Gathers what there is to know about `entity`, asks `decide` what is to happen, and commits that, all or nothing, in one
    /// message. If what `decide` has looked at has changed meanwhile, asks it again with what is so now, up to `retries` times.
    ///
    /// `decide` is best a pure function: what it wants to happen it declares, on a [`TransactionBuilder`]; nothing happens while it
    /// runs. However much it looks at and declares, there is one message to the writer and one answer for each attempt.
    ///
    /// ```
    /// use ecsdb::optimistic::Context;
    /// use ecsdb::{Component, Db, Entity, TransactionBuilder, TransactionError};
    ///
    /// #[derive(Component)]
    /// struct Purse {
    ///     gold: u64,
    /// }
    /// #[derive(Component)]
    /// struct Item {
    ///     owner: Entity,
    ///     worth: u64,
    /// }
    /// #[derive(Component)]
    /// struct At {
    ///     place: u32,
    /// }
    /// ecsdb::schema! { World: Purse, Item, At }
    ///
    /// /// Sells all that somebody has to the richest one in the same place.
    /// fn sell(seller: &Context<'_, World>, effects: &mut TransactionBuilder<World>) -> Result<u64, TransactionError> {
    ///     let gold = |entity: &Entity| seller.of::<Purse>(*entity).map_or(0, |purse| purse.gold());
    ///     let Some(buyer) = seller.beside(At::C.place).into_iter().max_by_key(gold) else {
    ///         return Err(TransactionError::abort("nobody is here"));
    ///     };
    ///     let mut price = 0;
    ///     for item in seller.referring(Item::C.owner) {
    ///         price += seller.of::<Item>(item).map_or(0, |item| item.worth());
    ///         effects.update(item, Item::C.owner.set(buyer));
    ///     }
    ///     effects.update(buyer, Purse::C.gold.sub(price));
    ///     effects.update(seller.entity(), Purse::C.gold.add(price));
    ///     Ok(price)
    /// }
    ///
    /// let db = Db::<World>::in_memory()?;
    /// let (ann, bob) = (db.spawn((Purse { gold: 0 }, At { place: 7 }))?, db.spawn((Purse { gold: 90 }, At { place: 7 }))?);
    /// let sword = db.spawn(Item { owner: ann, worth: 30 })?;
    ///
    /// let sold = db.decide(ann, 5, sell)?;
    /// assert_eq!((sold.value, sold.attempts), (30, 1));
    /// assert_eq!(db.table::<Item>().get(sword).unwrap().owner, bob);
    /// assert_eq!(db.table::<Purse>().get(bob).unwrap().gold, 60);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As for [`Self::optimistic`].
    pub fn decide<R>(
        &self,
        entity: Entity,
        retries: u32,
        mut decide: impl FnMut(&Context<'_, S>, &mut TransactionBuilder<S>) -> Result<R, TransactionError>,
    ) -> Result<Committed<R>, TransactionError> {
        self.attempts(retries, |snapshot, effects| {
            let context = Context { entity, reads: RefCell::new(Reads::new(snapshot)) };
            let value = decide(&context, effects)?;
            Ok((value, context.reads.into_inner().into_guards()))
        })
    }

    /// As [`Self::decide`], for async code: `decide` runs where the future is polled.
    ///
    /// # Errors
    /// As for [`Self::optimistic_async`].
    pub fn decide_async<R, F>(
        &self,
        entity: Entity,
        retries: u32,
        mut decide: F,
    ) -> impl Future<Output = Result<Committed<R>, TransactionError>> + use<R, F, S>
    where
        F: FnMut(&Context<'_, S>, &mut TransactionBuilder<S>) -> Result<R, TransactionError>,
    {
        self.attempts_async(retries, move |snapshot, effects| {
            let context = Context { entity, reads: RefCell::new(Reads::new(snapshot)) };
            let value = decide(&context, effects)?;
            Ok((value, context.reads.into_inner().into_guards()))
        })
    }
}
