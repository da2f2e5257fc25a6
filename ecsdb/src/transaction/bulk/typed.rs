//! Operations on many rows at once, for closures and builders.

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
    /// # Errors
    /// If an entity is unknown or stale; those before it have theirs.
    pub fn insert_all<T: TableOf<S>>(&mut self, rows: impl IntoIterator<Item = (Entity, T)>) -> Result<u64, OpError> {
        let mut count = 0;
        for (entity, component) in rows {
            self.insert(entity, component)?;
            count += 1;
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
