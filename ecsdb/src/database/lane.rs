//! Ways into the queue: how a transaction waits for its turn.

use core::marker::PhantomData;
use core::time::Duration;

use super::core::Core;
use crate::component::Field;
use crate::schema::Value;
use crate::sync::Priority;
use crate::transaction::{
    Apply, CallError, Patience, Procedure, Terms, Ticket, Transaction, TransactionError, Written,
};

/// A way to the writer, from [`Db::lane`](crate::Db::lane) or [`DynDb::lane`](crate::DynDb::lane).
///
/// What is sent through it, a closure or a procedure, is a transaction like any other. [`write`](Self::write) and
/// [`call`](Self::call) wait until it is visible; [`submit`](Self::submit) and [`submit_call`](Self::submit_call) return a [`Ticket`]
/// as soon as it is queued.
///
/// ```
/// # use ecsdb::transaction::Priority;
/// # use ecsdb::{Component, Db, TransactionError};
/// # use std::time::Duration;
/// # #[derive(Component)] struct Purse { gold: u64 }
/// # ecsdb::schema! { World: Purse }
/// # let db = Db::<World>::in_memory()?;
/// let ticket = db.lane().submit(|tx| Ok(tx.spawn(Purse { gold: 5 })?))?;
/// // Something else, and then:
/// let written = ticket.visible()?;
/// assert_eq!(db.snapshot().get::<Purse>(written.result).unwrap().gold(), 5);
/// assert!(db.snapshot().version() >= written.version);
///
/// // What may be left out if there is too much to do, and is worth nothing in a second.
/// let lane = db.lane().priority(Priority::Low).no_waiting().expires_after(Duration::from_secs(1));
/// match lane.submit(|tx| Ok(tx.spawn(Purse { gold: 1 })?)) {
///     Ok(ticket) => drop(ticket),
///     Err(TransactionError::QueueFull { .. }) => {}
///     Err(error) => return Err(error.into()),
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # When the queue fills
/// The queue is bounded ([`DbBuilder::queue_limits`](crate::DbBuilder::queue_limits)). [`Priority::Low`] finds it full at half of the
/// limits, [`Priority::Normal`] at the limits, and [`Priority::High`] at an eighth beyond them. Whoever waits for room passes those of
/// lower priority who do. Within the queue all keep their order.
#[must_use = "a lane does nothing by itself"]
pub struct Lane<'db, S> {
    /// Invariant: opened with the tables of `S`, or `S` is `Dynamic`.
    core: &'db Core,
    terms: Terms,
    schema: PhantomData<fn() -> S>,
}

debug_as!(['db, S] Lane<'db, S>);

impl<S> Clone for Lane<'_, S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<S> Copy for Lane<'_, S> {}

impl<'db, S: 'static> Lane<'db, S> {
    /// The usual way.
    ///
    /// # Safety
    /// `S` is `Dynamic`, or the database was opened with the tables of `S`.
    pub(crate) unsafe fn new(core: &'db Core) -> Self {
        Self { core, terms: Terms::default(), schema: PhantomData }
    }

    fn terms(self, change: impl FnOnce(&mut Terms)) -> Self {
        let mut terms = self.terms;
        change(&mut terms);
        Self { terms, ..self }
    }

    /// For whoever waits at once for what it sends.
    fn waiting(self) -> Self {
        self.terms(|terms| terms.waits = true)
    }

    /// How much it matters when the queue fills. Default: [`Priority::Normal`].
    pub fn priority(self, priority: Priority) -> Self {
        self.terms(|terms| terms.priority = priority)
    }

    /// Does not wait for room in the queue: [`TransactionError::QueueFull`] if there is none.
    pub fn no_waiting(self) -> Self {
        self.terms(|terms| terms.patience = Patience::None)
    }

    /// Has a transaction come to nothing, with [`TransactionError::Expired`], unless it begins within `lifetime` after it was sent:
    /// for what nobody wants any more if it comes too late. The writer drops it then, when its turn comes.
    pub fn expires_after(self, lifetime: Duration) -> Self {
        self.terms(|terms| terms.lifetime = Some(lifetime))
    }

    /// Has a transaction begin within `timeout`, or never: it waits no longer for room in the queue
    /// ([`TransactionError::Timeout`]), and [expires](Self::expires_after) if it is queued for longer.
    ///
    /// What has begun is waited for to its end. So the outcome is always known, and a call takes longer than `timeout` only by
    /// what is carried out just then.
    pub fn within(self, timeout: Duration) -> Self {
        self.terms(|terms| (terms.patience, terms.lifetime) = (Patience::For(timeout), Some(timeout)))
    }

    /// Queues `transaction`, and returns a ticket for its result.
    ///
    /// # Errors
    /// [`TransactionError::Closed`], and [`TransactionError::Reentrant`] inside a transaction of the same database;
    /// [`TransactionError::QueueFull`] and [`TransactionError::Timeout`] if it was not to wait for ever. Nothing was queued then. What
    /// becomes of the transaction is for the ticket to tell.
    pub fn submit<R: Send + 'static>(
        self,
        transaction: impl FnOnce(&mut Transaction<'_, S>) -> Result<R, TransactionError> + Send + 'static,
    ) -> Result<Ticket<Written<R>>, TransactionError> {
        // SAFETY: the write buffer belongs to this database, which has the tables of `S` (invariant).
        let work = move |apply: Apply<'_>, workers: &_| unsafe { Transaction::carry_out(apply, workers, transaction) };
        self.core.submit(None, work, self.terms)
    }

    /// Runs `transaction` as the writer, and waits until its changes are visible; see [`Db::write`](crate::Db::write).
    ///
    /// # Errors
    /// As for [`Self::submit`], and [`Db::write`](crate::Db::write).
    pub fn write<R: Send + 'static>(
        self,
        transaction: impl FnOnce(&mut Transaction<'_, S>) -> Result<R, TransactionError> + Send + 'static,
    ) -> Result<R, TransactionError> {
        Ok(self.waiting().submit(transaction)?.visible()?.result)
    }

    /// Queues a call of `procedure`, and returns a ticket for its result.
    ///
    /// # Errors
    /// As for [`Self::submit`].
    pub fn submit_call<A: Field, R: Field>(
        self,
        procedure: &Procedure<S, A, R>,
        arguments: A,
    ) -> Result<Ticket<Written<R>>, TransactionError> {
        let (name, procedure) = (procedure.name(), procedure.clone());
        let work = move |apply: Apply<'_>, workers: &_| {
            // SAFETY: as in `submit`.
            unsafe { Transaction::carry_out(apply, workers, |tx| procedure.run(tx, arguments)) }
        };
        self.core.submit(Some(name), work, self.terms)
    }

    /// Runs `procedure` as the writer, and waits until its changes are visible; see [`Db::call`](crate::Db::call).
    ///
    /// # Errors
    /// As for [`Self::submit`], and [`Db::call`](crate::Db::call).
    pub fn call<A: Field, R: Field>(self, procedure: &Procedure<S, A, R>, arguments: A) -> Result<R, TransactionError> {
        Ok(self.waiting().submit_call(procedure, arguments)?.visible()?.result)
    }

    /// Queues a call of the procedure that was registered as `name`, and returns a ticket for its result.
    ///
    /// # Errors
    /// If there is none, or the arguments do not fit, nothing is queued; and as for [`Self::submit`].
    pub fn submit_by_name(self, name: &str, arguments: &Value) -> Result<Ticket<Written<Value>>, CallError> {
        let (name, call) = self.core.procedures().prepare(name, arguments)?;
        Ok(self.core.submit(Some(name), call, self.terms)?)
    }

    /// Runs the procedure that was registered as `name`, and waits until its changes are visible; see
    /// [`Db::call_by_name`](crate::Db::call_by_name).
    ///
    /// # Errors
    /// As for [`Self::submit_by_name`], and [`Db::call`](crate::Db::call).
    pub fn call_by_name(self, name: &str, arguments: &Value) -> Result<Value, CallError> {
        Ok(self.waiting().submit_by_name(name, arguments)?.visible()?.result)
    }
}
