//! The steps of a plan: what changes, in words.

use core::fmt;

use crate::schema::{Durability, RowLayout};

/// One difference between two schemas that is allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The table that it is about, by its new name, or by the old one if it has gone; `None` for the database itself.
    pub table: Option<String>,
    /// The field that it is about, likewise.
    pub field: Option<String>,
    /// What changes.
    pub change: Change,
}

/// What changes in a [`Step`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Change {
    /// There is a new table, or a new field.
    Added {
        /// The type of a field.
        field_type: Option<String>,
        /// What a field holds in rows that there are.
        fill: Option<String>,
    },
    /// It has a new name.
    Renamed {
        /// The old one.
        from: String,
    },
    /// It has gone, with its values.
    Dropped {
        /// Why it was deprecated.
        reason: String,
    },
    /// The field has a new type.
    Retyped {
        /// The old one.
        from: String,
        /// The new one.
        to: String,
        /// Whether stored values stay as they are.
        same_bytes: bool,
    },
    /// The fields that were there before stand in another order.
    Reordered,
    /// It should not be used any more.
    Deprecated {
        /// Why not.
        reason: String,
    },
    /// It is not deprecated any more.
    Restored,
    /// New rows have another default; rows that there are keep their values.
    Default {
        /// The old one, as a value.
        from: Option<String>,
        /// The new one.
        to: Option<String>,
    },
    /// Rows lie in memory in another way. The bytes of a row in a file are the same.
    Layout {
        /// The old layout.
        from: RowLayout,
        /// The new one.
        to: RowLayout,
    },
    /// A log keeps more of the table, or less.
    Durability {
        /// How much it kept.
        from: Durability,
        /// How much it keeps.
        to: Durability,
    },
    /// The version, as its author counts.
    Version {
        /// The old one.
        from: String,
        /// The new one.
        to: String,
    },
    /// The name under which entities show as a column.
    Key {
        /// The old name, if there was one.
        from: Option<String>,
        /// The new name, if there is one.
        to: Option<String>,
    },
    /// The table has a new index, which is built from its rows; a unique one only if they allow it.
    Indexed {
        /// The name of the index.
        index: String,
        /// Whether no two rows may have the same key.
        unique: bool,
    },
    /// An index of the table goes.
    Unindexed {
        /// The name of the index.
        index: String,
    },
    /// The field refers to another table, or follows a deletion in another way. Rows that there are must allow it.
    Reference {
        /// What it was, in words, if it was one.
        from: Option<String>,
        /// What it is, if it is one.
        to: Option<String>,
    },
    /// Whether the values of the field are counted up.
    Counted {
        /// Whether they are now.
        now: bool,
    },
    /// The description.
    Described,
}

impl Change {
    /// What sort of change it is, in one word, for programs: `added`, `renamed`, `dropped`, `retyped`, `reordered`,
    /// `deprecated`, `restored`, `default`, `layout`, `durability`, `version`, `key`, `indexed`, `unindexed`, `reference`, `counted`,
    /// `described`.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Added { .. } => "added",
            Self::Renamed { .. } => "renamed",
            Self::Dropped { .. } => "dropped",
            Self::Retyped { .. } => "retyped",
            Self::Reordered => "reordered",
            Self::Deprecated { .. } => "deprecated",
            Self::Restored => "restored",
            Self::Default { .. } => "default",
            Self::Layout { .. } => "layout",
            Self::Durability { .. } => "durability",
            Self::Version { .. } => "version",
            Self::Key { .. } => "key",
            Self::Indexed { .. } => "indexed",
            Self::Unindexed { .. } => "unindexed",
            Self::Reference { .. } => "reference",
            Self::Counted { .. } => "counted",
            Self::Described => "described",
        }
    }
}

impl Step {
    /// Whether stored rows have to be written anew.
    pub fn rewrites_rows(&self) -> bool {
        match &self.change {
            Change::Added { .. } | Change::Dropped { .. } => self.field.is_some(),
            Change::Retyped { same_bytes, .. } => !same_bytes,
            Change::Reordered => true,
            _ => false,
        }
    }

    /// Whether it changes what is stored, or how it is found, and not only what is said about it.
    pub fn changes_data(&self) -> bool {
        matches!(
            self.change,
            Change::Added { .. }
                | Change::Renamed { .. }
                | Change::Dropped { .. }
                | Change::Retyped { .. }
                | Change::Reordered
        )
    }

    /// What it is about, as the first words of a sentence.
    fn subject(&self) -> String {
        match (&self.table, &self.field) {
            (Some(table), Some(field)) => format!("table `{table}`: field `{field}`"),
            (Some(table), None) => format!("table `{table}`"),
            (None, _) => "the database".to_owned(),
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let subject = self.subject();
        match (&self.change, &self.table, &self.field) {
            (Change::Added { field_type, fill }, Some(table), Some(field)) => {
                write!(f, "table `{table}`: new field `{field}`")?;
                if let Some(field_type) = field_type {
                    write!(f, " of type `{field_type}`")?;
                }
                fill.as_ref().map_or(Ok(()), |fill| write!(f, ", {fill} in rows that there are"))
            }
            (Change::Added { .. }, ..) => write!(f, "new {subject}"),
            (Change::Renamed { from }, ..) => write!(f, "{subject}, which was `{from}`"),
            (Change::Dropped { reason }, _, Some(_)) => write!(f, "{subject} goes with its values{}", because(reason)),
            (Change::Dropped { reason }, ..) => write!(f, "{subject} goes with its rows{}", because(reason)),
            (Change::Retyped { from, to, .. }, ..) => write!(f, "{subject} is `{to}`, was `{from}`"),
            (Change::Reordered, ..) => write!(f, "{subject}: its fields stand in another order"),
            (Change::Deprecated { reason }, ..) => write!(f, "{subject} is deprecated{}", because(reason)),
            (Change::Restored, ..) => write!(f, "{subject} is not deprecated any more"),
            (Change::Default { from, to }, ..) => {
                write!(f, "{subject}: its default is {}, was {}", or_none(to), or_none(from))
            }
            (Change::Layout { from, to }, ..) => {
                write!(f, "{subject}: its layout is {}, was {}", to.name(), from.name())
            }
            (Change::Durability { from, to }, ..) => {
                write!(f, "{subject}: its durability is {}, was {}", to.name(), from.name())
            }
            (Change::Version { from, to }, ..) => write!(f, "{subject}: its version is {to:?}, was {from:?}"),
            (Change::Key { from, to }, ..) => {
                write!(f, "{subject}: its key column is {}, was {}", or_none(to), or_none(from))
            }
            (Change::Indexed { index, unique }, ..) => {
                write!(f, "{subject}: new{} index `{index}`", if *unique { " unique" } else { "" })
            }
            (Change::Unindexed { index }, ..) => write!(f, "{subject}: its index `{index}` goes"),
            (Change::Reference { from, to }, ..) => {
                write!(f, "{subject}: its reference is {}, was {}", or_none(to), or_none(from))
            }
            (Change::Counted { now: true }, ..) => write!(f, "{subject} is counted up"),
            (Change::Counted { now: false }, ..) => write!(f, "{subject} is not counted up any more"),
            (Change::Described, ..) => write!(f, "{subject} is described differently"),
        }
    }
}

/// The reason behind a sentence, if there is one.
fn because(reason: &str) -> String {
    if reason.is_empty() { String::new() } else { format!(": {reason}") }
}

fn or_none(text: &Option<String>) -> String {
    text.as_ref().map_or_else(|| "none".to_owned(), |text| format!("`{text}`"))
}
