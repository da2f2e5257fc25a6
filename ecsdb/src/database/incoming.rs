//! Waiting in a `for` loop for what subscriptions and live queries have to say.
//!
//! Owns the iterators. They borrow what they read from: a subscription is a stream already, and if it were an iterator as well, `next`
//! would be ambiguous where the extensions of both are in scope.

use super::dyn_subscription::{DynChanges, DynSubscription};
use super::live::{LiveQuery, QueryChanges};
use super::subscription::{Lagged, Subscription, until_closed};
use crate::events::Changes;
use crate::query::QueryParam;
use crate::schema::{Schema, TableOf};

/// Waits for what comes next from a [`Subscription`], a [`DynSubscription`] or a [`LiveQuery`]; made by a `for` loop over `&mut` of
/// one. Ends when the database is closed, or inside a transaction.
///
/// ```
/// use ecsdb::{Component, Db};
///
/// #[derive(Component)]
/// struct Health {
///     hp: u32,
/// }
/// ecsdb::schema! { World: Health }
///
/// let db = Db::<World>::in_memory()?;
/// let mut feed = db.subscribe::<Health>()?;
/// db.spawn(Health { hp: 20 })?;
/// db.close()?;
/// let mut commits = 0;
/// for changes in &mut feed {
///     commits += changes?.iter().count();
/// }
/// assert_eq!(commits, 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Incoming<'a, F>(&'a mut F);

debug_as!(['a, F] Incoming<'a, F>);

impl<'a, S: Schema, T: TableOf<S>> IntoIterator for &'a mut Subscription<S, T> {
    type Item = Result<Changes<T>, Lagged>;
    type IntoIter = Incoming<'a, Subscription<S, T>>;

    fn into_iter(self) -> Self::IntoIter {
        Incoming(self)
    }
}

impl<S: Schema, T: TableOf<S>> Iterator for Incoming<'_, Subscription<S, T>> {
    type Item = Result<Changes<T>, Lagged>;

    fn next(&mut self) -> Option<Self::Item> {
        until_closed(self.0.recv())
    }
}

impl<'a> IntoIterator for &'a mut DynSubscription {
    type Item = Result<DynChanges, Lagged>;
    type IntoIter = Incoming<'a, DynSubscription>;

    fn into_iter(self) -> Self::IntoIter {
        Incoming(self)
    }
}

impl Iterator for Incoming<'_, DynSubscription> {
    type Item = Result<DynChanges, Lagged>;

    fn next(&mut self) -> Option<Self::Item> {
        until_closed(self.0.recv())
    }
}

impl<'a, S: Schema, Q: QueryParam<S>> IntoIterator for &'a mut LiveQuery<S, Q> {
    type Item = QueryChanges<S, Q>;
    type IntoIter = Incoming<'a, LiveQuery<S, Q>>;

    fn into_iter(self) -> Self::IntoIter {
        Incoming(self)
    }
}

impl<S: Schema, Q: QueryParam<S>> Iterator for Incoming<'_, LiveQuery<S, Q>> {
    type Item = QueryChanges<S, Q>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.recv().ok()
    }
}
