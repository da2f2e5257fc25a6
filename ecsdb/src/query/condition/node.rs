//! Conditions put together from tests: and, or, not.
//!
//! Owns how they are evaluated: for a block of slots, where each part gives a word and only looks at slots that still
//! matter, and for rows that the caller finds.

use core::fmt;

use super::test::Test;
use crate::bytes::RowBytes;
use crate::schema::TableSchema;
use crate::storage::Version;

/// A condition on an entity.
#[derive(Clone, Debug)]
pub enum Node {
    /// A row of the entity passes.
    Test(Box<Test>),
    /// The entity has a row in the table.
    Has(u16),
    /// All of these hold; none of them is such a list itself.
    All(Vec<Node>),
    /// One of these holds; none of them is such a list itself.
    Any(Vec<Node>),
    /// This does not hold.
    Not(Box<Node>),
}

impl Node {
    /// Both.
    pub fn and(self, other: Self) -> Self {
        let mut parts = match self {
            Self::All(parts) => parts,
            part => vec![part],
        };
        match other {
            Self::All(others) => parts.extend(others),
            other => parts.push(other),
        }
        Self::All(parts)
    }

    /// One of the two, or both.
    pub fn or(self, other: Self) -> Self {
        let mut parts = match self {
            Self::Any(parts) => parts,
            part => vec![part],
        };
        match other {
            Self::Any(others) => parts.extend(others),
            other => parts.push(other),
        }
        Self::Any(parts)
    }

    /// Which of the slots `wanted` of block `block` it holds for. A part whose answer is known from those before is not
    /// evaluated.
    pub fn word(&self, version: &Version, block: usize, wanted: u64) -> u64 {
        match self {
            Self::Test(test) => test.word(version, block, wanted),
            Self::Has(table) => version.tables[usize::from(*table)].word(block) & wanted,
            Self::All(parts) => {
                let mut left = wanted;
                for part in parts {
                    if left == 0 {
                        break;
                    }
                    left = part.word(version, block, left);
                }
                left
            }
            Self::Any(parts) => {
                let mut left = wanted;
                for part in parts {
                    if left == 0 {
                        break;
                    }
                    left &= !part.word(version, block, left);
                }
                wanted & !left
            }
            Self::Not(part) => wanted & !part.word(version, block, wanted),
        }
    }

    /// Whether it holds for an entity whose row in a table, if it has one there, `row` gives.
    pub fn holds<'r>(&self, row: &impl Fn(u16) -> Option<RowBytes<'r>>) -> bool {
        match self {
            Self::Test(test) => row(test.tested.table).is_some_and(|row| test.holds(row)),
            Self::Has(table) => row(*table).is_some(),
            Self::All(parts) => parts.iter().all(|part| part.holds(row)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(row)),
            Self::Not(part) => !part.holds(row),
        }
    }

    /// Calls `each` with the number of every table whose rows it looks at.
    pub fn tables(&self, each: &mut impl FnMut(u16)) {
        match self {
            Self::Test(test) => each(test.tested.table),
            Self::Has(table) => each(*table),
            Self::All(parts) | Self::Any(parts) => parts.iter().for_each(|part| part.tables(each)),
            Self::Not(part) => part.tables(each),
        }
    }

    /// Writes it with the names that `tables` have.
    pub fn show(&self, f: &mut fmt::Formatter<'_>, tables: &[&TableSchema]) -> fmt::Result {
        match self {
            Self::Test(test) => test.show(f, tables[usize::from(test.tested.table)]),
            Self::Has(table) => write!(f, "has {}", tables[usize::from(*table)].name),
            Self::All(parts) if parts.is_empty() => f.write_str("always"),
            Self::Any(parts) if parts.is_empty() => f.write_str("never"),
            Self::All(parts) => show_all(f, parts, " and ", tables),
            Self::Any(parts) => show_all(f, parts, " or ", tables),
            Self::Not(part) => {
                f.write_str("not (")?;
                part.show(f, tables)?;
                f.write_str(")")
            }
        }
    }
}

fn show_all(f: &mut fmt::Formatter<'_>, parts: &[Node], between: &str, tables: &[&TableSchema]) -> fmt::Result {
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            f.write_str(between)?;
        }
        if let Node::All(inner) | Node::Any(inner) = part
            && inner.len() > 1
        {
            f.write_str("(")?;
            part.show(f, tables)?;
            f.write_str(")")?;
        } else {
            part.show(f, tables)?;
        }
    }
    Ok(())
}
