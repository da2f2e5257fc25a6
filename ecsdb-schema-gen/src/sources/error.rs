//! What is wrong with sources, and where.

use std::path::PathBuf;

use ecsdb::schema::Location;
use thiserror::Error;

/// Sources of which no schema can be made.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{location}: {kind}")]
#[non_exhaustive]
pub struct SourceError {
    /// Where in the sources.
    pub location: Location,
    /// What is wrong there.
    pub kind: SourceErrorKind,
}

/// What is wrong with sources.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SourceErrorKind {
    /// It is not Rust.
    #[error("not valid Rust: {message}")]
    Syntax {
        /// What the parser says.
        message: String,
    },
    /// The file of a module is not there.
    #[error(
        "the module `{module}` has no file: looked for {}",
        looked.iter().map(|path| format!("`{}`", path.display())).collect::<Vec<_>>().join(" and ")
    )]
    NoModule {
        /// The module.
        module: String,
        /// Where it was looked for.
        looked: Vec<PathBuf>,
    },
    /// A name that stands nowhere in the sources, and is not known either.
    #[error("cannot find `{name}` in these sources: {hint}")]
    Unresolved {
        /// The name, as it is written.
        name: String,
        /// What to do.
        hint: String,
    },
    /// A name that stands for several things.
    #[error("`{name}` may be any of several: {}: write its path", places.join(", "))]
    Ambiguous {
        /// The name, as it is written.
        name: String,
        /// Where they stand.
        places: Vec<String>,
    },
    /// A type that cannot be stored, or of which it cannot be seen how.
    #[error("`{found}` cannot be read as a field type: {reason}")]
    Type {
        /// The type, as it is written.
        found: String,
        /// Why not, and what to do.
        reason: String,
    },
    /// What should be a component is none.
    #[error("`{name}` is not a component: {reason}")]
    NotAComponent {
        /// The name, as it is written.
        name: String,
        /// What is missing.
        reason: String,
    },
    /// A value that cannot be seen without running the program.
    #[error("cannot tell the value of `{expression}`: expected {expected}")]
    Value {
        /// The expression, as it is written.
        expression: String,
        /// What would do.
        expected: String,
    },
    /// An attribute that says something else than it could.
    #[error("{message}")]
    Attribute {
        /// What is wrong.
        message: String,
    },
    /// There is no list of the tables, or there are several.
    #[error("{message}")]
    Registry {
        /// What is wrong, and what to do.
        message: String,
    },
}
