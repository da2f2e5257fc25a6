//! What is wrong with a schema, and where.
//!
//! An error that comes from a file names the file, the line and the column, and as far as it can the table, the field,
//! what was expected and what was probably meant.

use core::fmt;

use thiserror::Error;

use super::ValueError;

/// A schema that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub struct SchemaError {
    /// Where it stands, if the schema comes from a file.
    pub location: Option<Location>,
    /// The table it is about.
    pub table: Option<String>,
    /// The field it is about.
    pub field: Option<String>,
    /// What is wrong.
    pub kind: Box<SchemaErrorKind>,
}

impl SchemaError {
    /// There is more of something than there may be.
    pub(crate) fn too_many(what: &'static str, limit: u64, found: u64) -> Self {
        Self::general(None, SchemaErrorKind::TooMany { what, limit, found })
    }

    /// An error about a schema as a whole.
    pub(super) fn general(location: Option<Location>, kind: SchemaErrorKind) -> Self {
        Self { location, table: None, field: None, kind: Box::new(kind) }
    }
}

impl fmt::Display for SchemaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(location) = &self.location {
            write!(f, "{location}: ")?;
        }
        match (&self.table, &self.field) {
            (Some(table), Some(field)) => write!(f, "field `{table}.{field}`: ")?,
            (Some(table), None) => write!(f, "table `{table}`: ")?,
            (None, _) => {}
        }
        self.kind.fmt(f)
    }
}

/// A place in a schema file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    /// The file, as it was given.
    pub file: String,
    /// The line, from 1; 0 stands for the file as a whole.
    pub line: u32,
    /// The character in the line, from 1; 0 stands for the line as a whole.
    pub column: u32,
}

/// `file:line:column`, as compilers write it.
impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        for number in [self.line, self.column].into_iter().take_while(|number| *number > 0) {
            write!(f, ":{number}")?;
        }
        Ok(())
    }
}

/// What is wrong with a schema.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SchemaErrorKind {
    /// The file could not be read.
    #[error("cannot read the schema: {message}")]
    Read {
        /// What the operating system says.
        message: String,
        /// The sort of failure.
        kind: std::io::ErrorKind,
    },
    /// The file is not TOML.
    #[error("not valid TOML: {message}")]
    Syntax {
        /// What the parser says.
        message: String,
    },
    /// A key that means nothing here.
    #[error("unknown key `{key}`{}: the keys here are {}", did_you_mean(nearest), list(valid))]
    UnknownKey {
        /// The key.
        key: String,
        /// The key that was probably meant.
        nearest: Option<String>,
        /// Every key that means something here.
        valid: &'static [&'static str],
    },
    /// A key that must be there and is not.
    #[error("`{key}` is missing: write {example}")]
    MissingKey {
        /// The key.
        key: &'static str,
        /// How it is written.
        example: &'static str,
    },
    /// A value of the wrong kind.
    #[error("`{key}` must be {expected}, found {found}")]
    WrongValue {
        /// The key.
        key: String,
        /// What is expected.
        expected: String,
        /// What stands there.
        found: String,
    },
    /// A type that does not exist.
    #[error(
        "unknown type `{found}`{}: types are u8 to u128, i8 to i128, usize, isize, f32, f64, bool, char, duration, \
         entity, nonzero_u8 and the like, string, str<16>, ref<table>, [f32; 3], [u32], (u8, f32), struct P {{ x: f32 }}, \
         enum E {{ A, B(u8) }}, and any of these with a `?` behind it",
        did_you_mean(nearest)
    )]
    UnknownType {
        /// What stands there.
        found: String,
        /// The type that was probably meant.
        nearest: Option<String>,
    },
    /// A reference to a table or a field that does not exist.
    #[error("`{key}` names `{found}`, which does not exist{}", did_you_mean(nearest))]
    UnknownReference {
        /// The key that refers.
        key: &'static str,
        /// What it names.
        found: String,
        /// What was probably meant.
        nearest: Option<String>,
    },
    /// Something that a schema can say and this version of the database cannot do.
    #[error("{what} is not supported yet")]
    NotSupported {
        /// What it is.
        what: String,
    },
    /// Two tables, fields or keys have one name.
    #[error("there are two {} named `{name}`{}", plural(what), first_at(first))]
    Duplicate {
        /// `table`, `field`, `index` or `key`.
        what: &'static str,
        /// The name.
        name: String,
        /// Where the first of the two stands.
        first: Option<Location>,
    },
    /// A name that cannot be used.
    #[error("`{name}` cannot be the name of a {what}: expected {expected}")]
    InvalidName {
        /// What is named: `database`, `table`, `field` or `version`.
        what: &'static str,
        /// The name.
        name: String,
        /// What is expected of it.
        expected: &'static str,
    },
    /// A former name that something has.
    #[error(
        "`renamed_from` is `{name}`, but there is a {what} of that name: a former name is one that nothing has any more"
    )]
    RenamedFromLive {
        /// `table`, `field` or `variant`.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// Two tables or fields had one name.
    #[error("two {what}s are renamed from `{name}`{}", first_at(first))]
    RenamedTwice {
        /// `table` or `field`.
        what: &'static str,
        /// The former name.
        name: String,
        /// Where the first of the two stands.
        first: Option<Location>,
    },
    /// A field that came in a later version than the table has.
    #[error("`since` is {since}, but the version of the table is {version}: raise `version`")]
    Since {
        /// The version of the field.
        since: u32,
        /// The version of the table.
        version: u32,
    },
    /// A default that is no value of the field.
    #[error("the default does not fit: {error}")]
    Default {
        /// Why not.
        error: ValueError,
    },
    /// More of something than a schema may have.
    #[error("{found} {what}: at most {limit} are allowed")]
    TooMany {
        /// What there is too much of.
        what: &'static str,
        /// How many there may be.
        limit: u64,
        /// How many there are, or were when the counting stopped.
        found: u64,
    },
    /// A field of a native row whose form in memory is not fixed.
    #[error("a native row cannot hold a `{found}`: use the packed layout, or another type")]
    NotNative {
        /// The type of the field.
        found: String,
    },
    /// A native row with padding inside.
    #[error(
        "a native row would have {bytes} bytes of padding before this field ({}offset {offset}): reorder the fields, add \
         a `_pad` field, or use the packed layout",
        after.as_ref().map(|after| format!("after `{after}`, ")).unwrap_or_default()
    )]
    Gap {
        /// Bytes of padding.
        bytes: u64,
        /// The field before the padding.
        after: Option<String>,
        /// Where the padding would start.
        offset: u64,
    },
    /// A native row with padding at its end.
    #[error(
        "a native row would have {bytes} bytes of padding after its last field: reorder the fields, add a `_pad` field, \
         or use the packed layout"
    )]
    TailGap {
        /// Bytes of padding.
        bytes: u64,
    },
    /// An index that cannot be.
    #[error("index `{index}`: {what}")]
    Index {
        /// Its name.
        index: String,
        /// What is wrong with it.
        what: String,
    },
    /// A constraint on a table of which a log does not keep every change, so that nobody could hold it after reopening.
    #[error("{what} needs every change to be kept: use the durability \"wal\", not \"{durability}\"")]
    NotKept {
        /// The constraint.
        what: &'static str,
        /// The durability of the table.
        durability: &'static str,
    },
    /// A number that does not agree with the fields.
    #[error("`{key}` is {found}, but by the fields it is {expected}")]
    Mismatch {
        /// `offset`, `size` or `align`.
        key: &'static str,
        /// What the fields say.
        expected: u64,
        /// What stands there.
        found: u64,
    },
}

fn did_you_mean(nearest: &Option<String>) -> String {
    nearest.as_ref().map(|nearest| format!(", did you mean `{nearest}`?")).unwrap_or_default()
}

fn plural(what: &str) -> String {
    if what.ends_with('x') { format!("{what}es") } else { format!("{what}s") }
}

fn first_at(first: &Option<Location>) -> String {
    first.as_ref().map(|first| format!(", the first is at {first}")).unwrap_or_default()
}

/// `a`, `b` and `c`.
fn list(names: &[&str]) -> String {
    let mut text = String::new();
    for (index, name) in names.iter().enumerate() {
        text.push_str(match index {
            0 => "",
            _ if index + 1 == names.len() => " and ",
            _ => ", ",
        });
        text.push('`');
        text.push_str(name);
        text.push('`');
    }
    text
}
