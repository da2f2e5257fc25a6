//! Operations on many rows at once, for closures and builders.

use crate::bytes::{HeapBuf, slice_bytes};
use crate::component::Assignments;
use crate::entity::Entity;
use crate::query::{Condition, IntoCondition};
use crate::schema::{Schema, TableOf};
use crate::transaction::assign::collected;
use crate::transaction::builder::TransactionBuilder;
use crate::transaction::bundle::Bundle;
use crate::transaction::closure::Transaction;
use crate::transaction::error::OpError;

/// The claim on the count of a bulk operation in a [`TransactionBuilder`]: [`Commit::count`](crate::Commit::count) has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counted(pub(in crate::transaction) usize);

/// How many rows are put in order together at most.
const TOGETHER: usize = 1 << 20;

/// Many at once. What a condition holds for is found out first, by a scan of what it looks at; then it is changed. So a change
/// does not decide about the next one.
///
/// ```
/// # use ecsdb::query::has;
/// # use ecsdb::{Component, Db};
/// # #[derive(Component)] struct Mob { hp: u32, level: u8 }
/// # #[derive(Component)] struct Poisoned;
/// # ecsdb::schema! { World: Mob, Poisoned }
/// # let db = Db::<World>::in_memory()?;
/// let (hurt, dead) = db.write(|tx| {
///     tx.spawn_all((0..10).map(|level| Mob { hp: 3, level }))?;
///     tx.spawn_all((0..10).map(|level| (Mob { hp: 3, level }, Poisoned)))?;
///     let hurt = tx.update_where(has::<Poisoned>().and(Mob::C.level.lt(5)), Mob::C.hp.saturating_sub(4))?;
///     Ok((hurt, tx.despawn_where(Mob::C.hp.eq(0))?))
/// })?;
/// assert_eq!((hurt, dead), (5, 5));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
impl<S: Schema> Transaction<'_, S> {
    /// Gives each entity its component, in place of the one it may have. Returns how many there were.
    ///
    /// Cost: components without strings, lists, entities and counted fields are put in order, and each page of rows is opened up once.
    /// With many entities that takes a fraction of what [`insert`](Self::insert) of each would, which is what all others take.
    ///
    /// # Errors
    /// If an entity is unknown or stale; those before it have theirs.
    pub fn insert_all<T: TableOf<S>>(&mut self, rows: impl IntoIterator<Item = (Entity, T)>) -> Result<u64, OpError> {
        let rows = rows.into_iter();
        if !self.apply_mut().is_plain(T::INDEX) {
            let mut count = 0;
            for (entity, component) in rows {
                self.insert(entity, component)?;
                count += 1;
            }
            return Ok(count);
        }
        let apply = self.apply_mut();
        let (mut places, mut stored, mut count) = (Vec::new(), Vec::new(), 0);
        let mut rows = rows.peekable();
        while rows.peek().is_some() {
            let mut found = Ok(());
            for (number, (entity, component)) in rows.by_ref().take(TOGETHER).enumerate() {
                match apply.living(entity) {
                    Ok(entity) => places.push(u64::from(entity.slot()) << u32::BITS | number as u64),
                    Err(error) => {
                        found = Err(error);
                        break;
                    }
                }
                stored.push(component.into_row(&mut HeapBuf::new()));
            }
            count += places.len() as u64;
            apply.insert_plain(T::INDEX, &mut places, slice_bytes(&stored))?;
            found?;
            places.clear();
            stored.clear();
        }
        Ok(count)
    }

    /// Changes every row of a component whose entity `condition` holds for. Returns how many there were.
    ///
    /// # Errors
    /// If an integer would leave its range; then no row has changed. [`OpError::Memory`], which dooms the transaction.
    pub fn update_where<A: Assignments>(&mut self, condition: impl IntoCondition<S>, changes: A) -> Result<u64, OpError>
    where
        A::Component: TableOf<S>,
    {
        let table = <A::Component as TableOf<S>>::INDEX;
        self.apply_mut().update_where(table, Condition::new(condition).node(), &collected(&changes))
    }

    /// Takes the `T` away from each entity, all of which must have one. Returns how many there were.
    ///
    /// Cost: the entities are put in order, and each page of rows is closed up once. With many entities that takes a fraction of
    /// what [`remove`](Self::remove) of each would.
    ///
    /// # Errors
    /// If an entity is unknown or stale, has no `T`, or stands there twice; then nobody has lost anything. [`OpError::Memory`],
    /// which dooms the transaction.
    pub fn remove_all<T: TableOf<S>>(&mut self, entities: impl IntoIterator<Item = Entity>) -> Result<u64, OpError> {
        self.apply_mut().remove_all(T::INDEX, entities)
    }

    /// Ends the life of each entity and removes its rows from all tables. Returns how many there were.
    ///
    /// Cost: as for [`Self::remove_all`], for each table.
    ///
    /// ```
    /// # use ecsdb::{Component, Db, OpError};
    /// # #[derive(Component)] struct Mob { hp: u32 }
    /// # ecsdb::schema! { World: Mob }
    /// # let db = Db::<World>::in_memory()?;
    /// let mobs = db.write(|tx| Ok(tx.spawn_all((0..1000).map(|hp| Mob { hp }))?))?;
    /// let (fallen, last) = (mobs[..999].to_vec(), mobs[999]);
    /// assert_eq!(db.write(|tx| Ok(tx.despawn_all(fallen)?))?, 999);
    /// assert!(db.snapshot().is_alive(last));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// If an entity is unknown or stale, or stands there twice; then all are alive. [`OpError::Memory`], which dooms the
    /// transaction.
    pub fn despawn_all(&mut self, entities: impl IntoIterator<Item = Entity>) -> Result<u64, OpError> {
        self.apply_mut().despawn_all(entities)
    }

    /// Takes the `T` away from every entity that `condition` holds for. Returns how many had one.
    ///
    /// # Errors
    /// [`OpError::Memory`], which dooms the transaction.
    pub fn remove_where<T: TableOf<S>>(&mut self, condition: impl IntoCondition<S>) -> Result<u64, OpError> {
        self.apply_mut().remove_where(T::INDEX, Condition::new(condition).node())
    }

    /// Ends the life of every entity that `condition` holds for. Returns how many there were.
    ///
    /// # Errors
    /// [`OpError::Memory`], which dooms the transaction.
    pub fn despawn_where(&mut self, condition: impl IntoCondition<S>) -> Result<u64, OpError> {
        self.apply_mut().despawn_where(Condition::new(condition).node())
    }
}

/// Many at once: see [`Transaction`]. A condition is looked at when the turn of the transaction comes, after the operations before
/// it. It does not know the entities that this transaction has promised.
impl<S: Schema> TransactionBuilder<S> {
    /// Promises an entity for each bundle. Returns them in order.
    pub fn spawn_all<B: Bundle<S>>(&mut self, bundles: impl IntoIterator<Item = B>) -> Vec<Entity> {
        bundles.into_iter().map(|bundle| self.spawn(bundle)).collect()
    }

    /// Gives each entity its component, in place of the one it may have. Returns how many there are.
    pub fn insert_all<T: TableOf<S>>(&mut self, rows: impl IntoIterator<Item = (Entity, T)>) -> u64 {
        rows.into_iter().map(|(entity, component)| self.insert(entity, component)).count() as u64
    }

    /// Takes the `T` away from each entity, which must have one. Returns how many there are.
    pub fn remove_all<T: TableOf<S>>(&mut self, entities: impl IntoIterator<Item = Entity>) -> u64 {
        entities.into_iter().map(|entity| self.remove::<T>(entity)).count() as u64
    }

    /// Ends the life of each entity. Returns how many there are.
    pub fn despawn_all(&mut self, entities: impl IntoIterator<Item = Entity>) -> u64 {
        entities.into_iter().map(|entity| self.despawn(entity)).count() as u64
    }

    /// Changes every row of a component whose entity `condition` holds for. An integer that would leave its range fails the
    /// transaction.
    pub fn update_where<A: Assignments>(&mut self, condition: impl IntoCondition<S>, changes: A) -> Counted
    where
        A::Component: TableOf<S>,
    {
        let counted = Counted(self.operations().counted());
        let condition = Condition::new(condition).node().clone();
        self.guards().0.update_where(<A::Component as TableOf<S>>::INDEX, condition, &changes);
        counted
    }

    /// Takes the `T` away from every entity that `condition` holds for.
    pub fn remove_where<T: TableOf<S>>(&mut self, condition: impl IntoCondition<S>) -> Counted {
        let counted = Counted(self.operations().counted());
        self.guards().0.remove_where(T::INDEX, Condition::new(condition).node().clone());
        counted
    }

    /// Ends the life of every entity that `condition` holds for.
    pub fn despawn_where(&mut self, condition: impl IntoCondition<S>) -> Counted {
        let counted = Counted(self.operations().counted());
        self.guards().0.despawn_where(Condition::new(condition).node().clone());
        counted
    }
}
