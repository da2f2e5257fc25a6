//! Stored procedures: transactions with a name and typed arguments and results.
//!
//! Owns what a procedure is, what it may take and give, how procedures call each other, and the list of those that can be
//! called by name. A procedure carries its own code, so whoever holds one can call it, and calling one that does not exist
//! does not compile. It knows no text form of arguments: whoever has them as text makes [`Value`](crate::schema::Value)s.

mod nesting;
mod registry;

use core::fmt;
use std::sync::Arc;

use super::closure::Transaction;
use super::error::TransactionError;
use crate::component::Field;

pub use nesting::Nesting;
pub use registry::{CallError, ProcedureFault, ProcedureInfo, Procedures, Registered};

/// What a plain handler is.
type Plain<S, A, R> = fn(&mut Transaction<'_, S>, A) -> Result<R, TransactionError>;

/// What a handler with data of its own is.
type Shared<S, A, R> = dyn Fn(&mut Transaction<'_, S>, A) -> Result<R, TransactionError> + Send + Sync;

/// A named transaction on databases with the schema `S`, from arguments `A` to a result `R`. `S` is [`Dynamic`](crate::transaction::Dynamic) for
/// databases whose schema was loaded.
///
/// It is a handle that has the code in it: a constant for a plain function, a value for a closure with data of its own.
/// [`Db::call`](crate::Db::call) runs it on the writer as one transaction, and [`Transaction::call`](crate::Transaction::call)
/// within the running one. [`DbBuilder::procedure`](crate::DbBuilder::procedure) makes it one that can be called by name as well
/// ([`Db::call_by_name`](crate::Db::call_by_name)) and that is listed ([`Db::procedures`](crate::Db::procedures)): that is for servers
/// and tools, typed code does not need it.
///
/// Arguments and results are types that can be [fields](derive@crate::Field) of components, so their types are known at run time, and
/// they can be made from [`Value`](crate::schema::Value)s. Several arguments are a struct or a tuple, none are `()`.
///
/// ```
/// use ecsdb::{Component, Db, Entity, Field, Procedure};
///
/// #[derive(Component)]
/// struct Purse {
///     gold: u64,
/// }
/// ecsdb::schema! { World: Purse }
///
/// #[derive(Field)]
/// struct Payment {
///     from: Entity,
///     to: Entity,
///     gold: u64,
/// }
///
/// const PAY: Procedure<World, Payment, u64> = Procedure::new("pay", "Passes gold on.", |tx, payment| {
///     tx.update(payment.from, Purse::C.gold.sub(payment.gold))?;
///     tx.update(payment.to, Purse::C.gold.add(payment.gold))?;
///     Ok(tx.get::<Purse>(payment.from).map_or(0, |purse| purse.gold()))
/// });
///
/// let db = Db::<World>::builder().procedure(&PAY).open()?;
/// let (ann, bob) = (db.spawn(Purse { gold: 100 })?, db.spawn(Purse { gold: 0 })?);
/// assert_eq!(db.call(&PAY, Payment { from: ann, to: bob, gold: 30 })?, 70);
///
/// let error = db.call(&PAY, Payment { from: ann, to: bob, gold: 71 }).unwrap_err();
/// assert_eq!(
///     error.root().to_string(),
///     format!("`purse.gold` of entity {ann} is 70: subtracting 71 leaves the range of the field"),
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Arguments of another type do not compile:
///
/// ```compile_fail,E0308
/// # use ecsdb::{Component, Db, Procedure};
/// # #[derive(Component)] struct Purse { gold: u64 }
/// # ecsdb::schema! { World: Purse }
/// const HEAL: Procedure<World, u32, ()> = Procedure::new("heal", "Puts hit points back.", |_, _| Ok(()));
/// # let db = Db::<World>::in_memory().unwrap();
/// db.call(&HEAL, "a lot");
/// ```
pub struct Procedure<S, A, R> {
    name: &'static str,
    doc: &'static str,
    handler: Handler<S, A, R>,
}

enum Handler<S, A, R> {
    Plain(Plain<S, A, R>),
    Shared(Arc<Shared<S, A, R>>),
}

impl<S, A, R> Procedure<S, A, R> {
    /// The procedure `name`, which does what `handler` does: a function, or a closure that takes nothing from outside. For
    /// constants. `doc` says what it does in words, for whoever lists the procedures.
    ///
    /// Names are like those of tables: `snake_case`. One that is not can be called all the same, but not registered.
    pub const fn new(name: &'static str, doc: &'static str, handler: Plain<S, A, R>) -> Self {
        Self { name, doc, handler: Handler::Plain(handler) }
    }

    /// The procedure `name`, which does what `handler` does, a closure that may keep data of its own: definitions that were
    /// loaded, say. Clones share it.
    ///
    /// The database keeps what it keeps, if it is registered; so a handle of the same database in it would never be dropped.
    pub fn with(
        name: &'static str,
        doc: &'static str,
        handler: impl Fn(&mut Transaction<'_, S>, A) -> Result<R, TransactionError> + Send + Sync + 'static,
    ) -> Self {
        Self { name, doc, handler: Handler::Shared(Arc::new(handler)) }
    }

    /// Its name.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Does it, in `transaction`.
    pub(crate) fn run(&self, transaction: &mut Transaction<'_, S>, arguments: A) -> Result<R, TransactionError> {
        match &self.handler {
            Handler::Plain(handler) => handler(transaction, arguments),
            Handler::Shared(handler) => handler(transaction, arguments),
        }
    }
}

impl<S, A: Field, R: Field> Procedure<S, A, R> {
    /// What is told about it.
    pub fn info(&self) -> ProcedureInfo {
        ProcedureInfo { name: self.name, doc: self.doc, arguments: A::TYPE, result: R::TYPE }
    }
}

impl<S, A, R> Clone for Procedure<S, A, R> {
    fn clone(&self) -> Self {
        let handler = match &self.handler {
            Handler::Plain(handler) => Handler::Plain(*handler),
            Handler::Shared(handler) => Handler::Shared(Arc::clone(handler)),
        };
        Self { name: self.name, doc: self.doc, handler }
    }
}

impl<S, A, R> fmt::Debug for Procedure<S, A, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Procedure").field("name", &self.name).finish_non_exhaustive()
    }
}
