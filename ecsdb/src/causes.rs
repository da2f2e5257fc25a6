//! An error with everything that has led to it, as one text.
//!
//! Errors of this crate say what went wrong, and give the cause as their [`source`](Error::source): they do not say it as well.
//! Whoever wants one line for people or for a log takes it from here.

use core::fmt;
use std::error::Error;

/// An error and its causes, one behind the other; see [`with_causes`].
#[derive(Clone, Copy, Debug)]
pub struct WithCauses<'a>(&'a (dyn Error + 'static));

/// `error` and all that has led to it, as one line: `cannot open save/wal: Permission denied (os error 13)`.
///
/// ```
/// use ecsdb::TransactionError;
/// use ecsdb::error::with_causes;
///
/// let error = TransactionError::abort("no loot");
/// assert_eq!(error.to_string(), "the transaction was aborted");
/// assert_eq!(with_causes(&error).to_string(), "the transaction was aborted: no loot");
/// ```
pub fn with_causes<'a>(error: &'a (dyn Error + 'static)) -> WithCauses<'a> {
    WithCauses(error)
}

impl fmt::Display for WithCauses<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut cause = self.0.source();
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}
