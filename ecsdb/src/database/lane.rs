//! Ways into the queue: how a transaction waits for its turn.

use core::marker::PhantomData;

use super::core::Core;
use crate::component::Field;
use crate::schema::Value;
use crate::transaction::{Apply, CallError, Patience, Procedure, Ticket, Transaction, TransactionError, Written};

/// A way to the writer, from [`Db::lane`](crate::Db::lane) or [`DynDb::lane`](crate::DynDb::lane).
///
/// What is sent through it, a closure or a procedure, is a transaction like any other. [`write`](Self::write) and
/// [`call`](Self::call) wait until it is visible; [`submit`](Self::submit) and [`submit_call`](Self::submit_call) return a [`Ticket`]
/// as soon as it is queued.
///
/// ```
/// # use ecsdb::{Component, Db};
/// # #[derive(Component)] struct Purse { gold: u64 }
/// # ecsdb::schema! { World: Purse }
/// # let db = Db::<World>::in_memory()?;
/// let ticket = db.lane().submit(|tx| Ok(tx.spawn(Purse { gold: 5 })?))?;
/// // Something else, and then:
/// let written = ticket.visible()?;
/// assert_eq!(db.snapshot().get::<Purse>(written.result).unwrap().gold(), 5);
/// assert!(db.snapshot().version() >= written.version);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "a lane does nothing by itself"]
pub struct Lane<'db, S> {
    /// Invariant: opened with the tables of `S`, or `S` is `Dynamic`.
    core: &'db Core,
    patience: Patience,
    schema: PhantomData<fn() -> S>,
}

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
        Self { core, patience: Patience::Forever, schema: PhantomData }
    }

    pub(super) fn patience(self, patience: Patience) -> Self {
        Self { patience, ..self }
    }

    /// Queues `transaction`, and returns a ticket for its result.
    ///
    /// # Errors
    /// [`TransactionError::Closed`], and [`TransactionError::Reentrant`] inside a transaction of the same database. What becomes of
    /// the transaction is for the ticket to tell.
    pub fn submit<R: Send + 'static>(
        self,
        transaction: impl FnOnce(&mut Transaction<'_, S>) -> Result<R, TransactionError> + Send + 'static,
    ) -> Result<Ticket<Written<R>>, TransactionError> {
        // SAFETY: the write buffer belongs to this database, which has the tables of `S` (invariant).
        let work = move |apply: Apply<'_>, workers: &_| unsafe { Transaction::carry_out(apply, workers, transaction) };
        self.core.submit(None, work, self.patience)
    }

    /// Runs `transaction` on the writer thread and waits until its changes are visible; see [`Db::write`](crate::Db::write).
    ///
    /// # Errors
    /// As for [`Self::submit`], and [`Db::write`](crate::Db::write).
    pub fn write<R: Send + 'static>(
        self,
        transaction: impl FnOnce(&mut Transaction<'_, S>) -> Result<R, TransactionError> + Send + 'static,
    ) -> Result<R, TransactionError> {
        Ok(self.submit(transaction)?.visible()?.result)
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
        self.core.submit(Some(name), work, self.patience)
    }

    /// Runs `procedure` on the writer thread and waits until its changes are visible; see [`Db::call`](crate::Db::call).
    ///
    /// # Errors
    /// As for [`Self::submit`], and [`Db::call`](crate::Db::call).
    pub fn call<A: Field, R: Field>(self, procedure: &Procedure<S, A, R>, arguments: A) -> Result<R, TransactionError> {
        Ok(self.submit_call(procedure, arguments)?.visible()?.result)
    }

    /// Queues a call of the procedure that was registered as `name`, and returns a ticket for its result.
    ///
    /// # Errors
    /// If there is none, or the arguments do not fit, nothing is queued; and as for [`Self::submit`].
    pub fn submit_by_name(self, name: &str, arguments: &Value) -> Result<Ticket<Written<Value>>, CallError> {
        let (name, call) = self.core.procedures().prepare(name, arguments)?;
        Ok(self.core.submit(Some(name), call, self.patience)?)
    }

    /// Runs the procedure that was registered as `name`, and waits until its changes are visible; see
    /// [`Db::call_by_name`](crate::Db::call_by_name).
    ///
    /// # Errors
    /// As for [`Self::submit_by_name`], and [`Db::call`](crate::Db::call).
    pub fn call_by_name(self, name: &str, arguments: &Value) -> Result<Value, CallError> {
        Ok(self.submit_by_name(name, arguments)?.visible()?.result)
    }
}
