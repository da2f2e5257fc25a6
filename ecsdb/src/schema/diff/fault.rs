//! Why a type may not become another one, and what to do instead.

use core::fmt;

use thiserror::Error;

use crate::schema::FieldType;

/// A change of a type that would lose values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypeFault {
    /// Which part of the type does not allow it, from the outside in: `x`, `Chasing.target`, `[].y`. Empty for the whole.
    pub at: String,
    /// What it was, there.
    pub from: String,
    /// What it is to be, there.
    pub to: String,
    /// What is wrong with that.
    pub kind: TypeFaultKind,
}

/// What is wrong with a change of a type.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TypeFaultKind {
    /// Values of the one are no values of the other.
    #[error("is another kind of value")]
    OtherKind,
    /// The new type has fewer numbers.
    #[error("has fewer values")]
    OutOfRange,
    /// The new type has no zero.
    #[error("is never zero")]
    MayBeZero,
    /// The new type has no room for nothing.
    #[error("always holds a value")]
    MayBeNone,
    /// The number of elements is another one.
    #[error("has another number of elements")]
    Length,
    /// The new text is shorter.
    #[error("has room for fewer bytes")]
    TooLong,
    /// The references are to rows of another table.
    #[error("refers to another table than `{now}`")]
    OtherTable {
        /// What the table of the old references is called now.
        now: String,
    },
    /// Nobody knows which entities have a row in the table.
    #[error("promises rows of `{table}`")]
    NoReference {
        /// The table.
        table: String,
    },
    /// A member has gone.
    #[error("has no member `{member}`")]
    MemberRemoved {
        /// Its name.
        member: String,
    },
    /// A member came, and what is stored has no value for it.
    #[error("has a new member `{member}`, which cannot be empty")]
    MemberAdded {
        /// Its name.
        member: String,
    },
    /// A variant has gone.
    #[error("has no variant `{variant}`")]
    VariantRemoved {
        /// Its name.
        variant: String,
    },
}

impl TypeFault {
    pub(super) fn new(from: &FieldType, to: &FieldType, kind: TypeFaultKind) -> Self {
        Self { at: String::new(), from: from.to_string(), to: to.to_string(), kind }
    }

    /// The same fault, seen from outside of `part`.
    pub(super) fn inside(mut self, part: &str) -> Self {
        self.at = match self.at.is_empty() {
            true => part.to_owned(),
            false => format!("{part}.{}", self.at),
        };
        self
    }

    /// What to do instead, as an advice: `make it ...`.
    pub fn way_out(&self) -> String {
        let Self { from, to, kind, .. } = self;
        match kind {
            TypeFaultKind::OutOfRange | TypeFaultKind::OtherKind | TypeFaultKind::NoReference { .. } => {
                format!("add a field of type `{to}`, fill it in a transaction, and deprecate the one of type `{from}`")
            }
            TypeFaultKind::MayBeZero | TypeFaultKind::MayBeNone => {
                format!("keep `{from}`, or fill a new field of type `{to}` in a transaction and deprecate the old one")
            }
            TypeFaultKind::Length => {
                "use a list, which an array becomes without a loss, or fill a new field and deprecate the old one"
                    .to_owned()
            }
            TypeFaultKind::TooLong => format!("keep `{from}`, or make it a `string`"),
            TypeFaultKind::OtherTable { now } => {
                format!("refer to `{now}`, or say with `renamed_from` that the table has another name")
            }
            TypeFaultKind::MemberRemoved { member } => {
                format!("keep `{member}`, or fill a new field of the new type and deprecate the old one")
            }
            TypeFaultKind::MemberAdded { member } => format!("make `{member}` optional"),
            TypeFaultKind::VariantRemoved { variant } => {
                format!(
                    "keep `{variant}`, or name it as what a variant was before: `{} was {variant}`",
                    if variant == "New" { "Other" } else { "New" }
                )
            }
        }
    }
}

impl core::error::Error for TypeFault {}

impl fmt::Display for TypeFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { at, from, to, kind } = self;
        if !at.is_empty() {
            write!(f, "at `{at}`: ")?;
        }
        match kind {
            TypeFaultKind::OutOfRange => write!(f, "not every `{from}` is a `{to}`"),
            TypeFaultKind::OtherKind => write!(f, "a `{from}` is another kind of value than a `{to}`"),
            TypeFaultKind::MayBeZero => write!(f, "a `{from}` may be zero, and a `{to}` never is"),
            TypeFaultKind::MayBeNone => write!(f, "a `{from}` may be none, and a `{to}` never is"),
            TypeFaultKind::Length => write!(f, "a `{from}` need not have as many elements as a `{to}`"),
            TypeFaultKind::TooLong => write!(f, "a `{from}` may be longer than a `{to}`"),
            TypeFaultKind::NoReference { table } => write!(f, "not every `{from}` has a row of `{table}`"),
            other => write!(f, "`{to}` {other}"),
        }
    }
}
