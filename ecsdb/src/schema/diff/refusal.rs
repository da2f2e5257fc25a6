//! What a plan refuses, why, and what to do instead.

use core::fmt;

use super::TypeFault;

/// A difference between two schemas that would lose what is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The table that it is about, by its new name, or by the old one if it has gone.
    pub table: String,
    /// The field that it is about, likewise.
    pub field: Option<String>,
    /// Why it is refused.
    pub reason: Reason,
}

/// Why a difference is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// A table or a field is left out, and the old schema does not call it deprecated.
    Removed,
    /// A field is new, and nothing says what it holds in rows that there are.
    NoDefault {
        /// Its type.
        field_type: String,
    },
    /// The type of a field has not all values of its old one.
    Type(TypeFault),
}

impl Refusal {
    /// What to do instead.
    pub fn way_out(&self) -> String {
        let name = self.field.as_ref().unwrap_or(&self.table);
        match &self.reason {
            Reason::Removed => format!(
                "if it has another name now, say so there with `renamed_from = \"{name}\"`; if it shall go, keep it \
                 once with `deprecated = \"...\"`, open the database, and leave it out after that"
            ),
            Reason::NoDefault { field_type } => format!(
                "give it a `default`, make it `{field_type}?`, or name it as what a field was before with `renamed_from`"
            ),
            Reason::Type(fault) => fault.way_out(),
        }
    }

    /// Why it is refused, in one word, for programs: `removed`, `no_default`, `type`.
    pub const fn kind(&self) -> &'static str {
        match self.reason {
            Reason::Removed => "removed",
            Reason::NoDefault { .. } => "no_default",
            Reason::Type(_) => "type",
        }
    }
}

/// What is wrong, and behind a colon what to do instead.
impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "table `{}`: ", self.table)?;
        match (&self.field, &self.reason) {
            (Some(field), Reason::Removed) => write!(f, "field `{field}` is missing, and was not deprecated")?,
            (None, Reason::Removed) => f.write_str("it is missing, and was not deprecated")?,
            (Some(field), Reason::NoDefault { field_type }) => {
                write!(
                    f,
                    "field `{field}` is new, and nothing says which `{field_type}` it holds in rows that there are"
                )?;
            }
            (Some(field), Reason::Type(fault)) => write!(f, "field `{field}`: {fault}")?,
            (None, Reason::NoDefault { .. }) => f.write_str("a field has no default")?,
            (None, Reason::Type(fault)) => fault.fmt(f)?,
        }
        write!(f, ": {}", self.way_out())
    }
}
