//! One table of a database, for operations that are transactions of their own.

use core::marker::PhantomData;

use super::db::Db;
use crate::component::Assignments;
use crate::entity::Entity;
use crate::schema::{Schema, TableOf};
use crate::transaction::TransactionError;

/// The table of `T`. Every operation is a transaction and returns when it is visible; to do several together use
/// [`Db::write`] or [`Db::begin`].
///
/// It is bound to its database: a component that is not in the schema does not compile, and the handle cannot be used with
/// another database.
///
/// ```
/// # use ecsdb::{Component, Db, Entity};
/// # #[derive(Component)] #[repr(C)] struct Pos { x: f32, y: f32 }
/// # #[derive(Component)] #[repr(C)] struct Vel { x: f32, y: f32 }
/// # #[derive(Component)] struct Purse { gold: u64 }
/// # ecsdb::schema! { World: Pos, Vel, Purse }
/// # let db = Db::<World>::in_memory()?;
/// let entity = db.spawn(())?;
/// let purses = db.table::<Purse>();
/// purses.insert(entity, Purse { gold: 5 })?;
/// purses.update(entity, Purse::C.gold.add(1))?;
/// assert_eq!(purses.get(entity).map(|purse| purse.gold), Some(6));
/// purses.remove(entity)?;
/// assert!(purses.is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Table<'db, S, T> {
    db: &'db Db<S>,
    component: PhantomData<fn() -> T>,
}

debug_as!(['db, S, T] Table<'db, S, T>);

impl<'db, S: Schema, T: TableOf<S>> Table<'db, S, T> {
    pub(super) fn new(db: &'db Db<S>) -> Self {
        Self { db, component: PhantomData }
    }

    /// Gives `entity` a `T`, in place of the one it may have.
    ///
    /// # Errors
    /// As for [`Db::insert`].
    pub fn insert(&self, entity: Entity, component: T) -> Result<(), TransactionError> {
        self.db.insert(entity, component)
    }

    /// Takes the `T` away from `entity`.
    ///
    /// # Errors
    /// As for [`Db::remove`].
    pub fn remove(&self, entity: Entity) -> Result<(), TransactionError> {
        self.db.remove::<T>(entity)
    }

    /// Changes one field, or several.
    ///
    /// # Errors
    /// As for [`Db::update`].
    pub fn update(&self, entity: Entity, changes: impl Assignments<Component = T>) -> Result<(), TransactionError> {
        self.db.update(entity, changes)
    }

    /// A copy of the `T` of `entity` as it is published now. To read without copying, and more than one row of the same
    /// state, use [`Db::snapshot`].
    pub fn get(&self, entity: Entity) -> Option<T> {
        let snapshot = self.db.snapshot();
        if !snapshot.is_alive(entity) {
            return None;
        }
        snapshot.view().stored::<T>(entity.slot()).map(|(row, heap)| T::from_row(row, heap))
    }

    /// Whether `entity` has a `T` now.
    pub fn contains(&self, entity: Entity) -> bool {
        self.db.snapshot().contains::<T>(entity)
    }

    /// How many rows there are now.
    pub fn len(&self) -> usize {
        self.db.snapshot().table::<T>().len()
    }

    /// Whether there are no rows now.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
