//! The procedures that can be called by name.

use std::collections::BTreeMap;

use thiserror::Error;

use super::super::apply::Apply;
use super::super::closure::Transaction;
use super::super::error::TransactionError;
use super::Procedure;
use crate::component::Field;
use crate::schema::{FieldType, Value, ValueError, name_fault, nearest};

/// A procedure as it is listed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProcedureInfo {
    /// Its name.
    pub name: &'static str,
    /// What it does, in words.
    pub doc: &'static str,
    /// What it takes; a struct without members stands for nothing.
    pub arguments: FieldType,
    /// What it gives; a struct without members stands for nothing.
    pub result: FieldType,
}

/// Why a call by name came to nothing.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CallError {
    /// No such procedure was registered.
    #[error(
        "there is no procedure `{procedure}`{}",
        nearest.map(|nearest| format!(", did you mean `{nearest}`?")).unwrap_or_default()
    )]
    UnknownProcedure {
        /// The name asked for.
        procedure: String,
        /// The procedure that was probably meant.
        nearest: Option<&'static str>,
    },
    /// The arguments do not fit. Nothing was queued.
    #[error("procedure `{procedure}` takes `{expected}`")]
    Arguments {
        /// The procedure.
        procedure: &'static str,
        /// What it takes.
        expected: Box<FieldType>,
        /// What is wrong with the arguments.
        #[source]
        error: ValueError,
    },
    /// The call was not committed.
    #[error(transparent)]
    Transaction(#[from] TransactionError),
}

/// Why a procedure cannot be registered.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ProcedureFault {
    /// It has a name that cannot be used.
    #[error("procedure `{name}`: expected {expected}")]
    Name {
        /// The name.
        name: &'static str,
        /// What names must be like.
        expected: &'static str,
    },
    /// Another one has the same name.
    #[error("there are two procedures with the name `{name}`: give one of them another")]
    Twice {
        /// The name.
        name: &'static str,
    },
}

/// A call whose arguments fit, to be carried out on the writer.
type PreparedCall = Box<dyn FnOnce(Apply<'_>, &rayon::ThreadPool) -> Result<Value, TransactionError> + Send>;

/// Makes a call of arguments, if they fit.
type Prepare = dyn Fn(&Value) -> Result<PreparedCall, ValueError> + Send + Sync;

/// A procedure without its types.
pub struct Registered {
    info: ProcedureInfo,
    prepare: Box<Prepare>,
}

impl Registered {
    /// The procedure without its types.
    ///
    /// # Safety
    /// It is only called on databases with the tables of `S`, as [`Transaction::carry_out`] asks.
    pub unsafe fn new<S: 'static, A: Field, R: Field>(procedure: Procedure<S, A, R>) -> Self {
        let info = procedure.info();
        let prepare = move |value: &Value| {
            let (procedure, arguments) = (procedure.clone(), value.to_field()?);
            let call: PreparedCall = Box::new(move |apply, workers| {
                // SAFETY: the caller's promise.
                let outcome = unsafe { Transaction::<S>::carry_out(apply, workers, |tx| procedure.run(tx, arguments)) };
                outcome.map(Value::from_field)
            });
            Ok(call)
        };
        Self { info, prepare: Box::new(prepare) }
    }
}

/// The procedures of a database, by name.
#[derive(Default)]
pub struct Procedures {
    by_name: BTreeMap<&'static str, Registered>,
}

impl Procedures {
    /// The list of `registered`.
    pub fn new(registered: Vec<Registered>) -> Result<Self, ProcedureFault> {
        let mut by_name = BTreeMap::new();
        for procedure in registered {
            let name = procedure.info.name;
            if let Some(expected) = name_fault(name) {
                return Err(ProcedureFault::Name { name, expected });
            }
            if by_name.insert(name, procedure).is_some() {
                return Err(ProcedureFault::Twice { name });
            }
        }
        Ok(Self { by_name })
    }

    /// All of them, by name.
    pub fn infos(&self) -> impl Iterator<Item = &ProcedureInfo> {
        self.by_name.values().map(|procedure| &procedure.info)
    }

    /// A call of the procedure `name`, and its name.
    pub fn prepare(&self, name: &str, arguments: &Value) -> Result<(&'static str, PreparedCall), CallError> {
        let Some(Registered { info, prepare }) = self.by_name.get(name) else {
            let nearest = nearest(name, self.by_name.keys().copied());
            return Err(CallError::UnknownProcedure { procedure: name.to_owned(), nearest });
        };
        let call = prepare(arguments).map_err(|error| CallError::Arguments {
            procedure: info.name,
            expected: Box::new(info.arguments.clone()),
            error,
        })?;
        Ok((info.name, call))
    }
}
