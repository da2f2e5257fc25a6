//! Keys: the values of some columns of a row as bytes whose order is the order of the values.
//!
//! Owns the encoding of rows, of values and of the ends of ranges. It knows nothing of how keys are stored.
//!
//! A key has a fixed width, so texts are *cut*: their first [`TEXT_KEY_BYTES`] bytes stand in it. Where a key is full of such
//! a text, what comes behind decides nothing, and rows with the same bytes up to there have to be compared by their *full*
//! keys, which have all bytes of all texts and no fixed width. Who asks for no order takes *identities*, which are the bytes in
//! the row where these say as much.

mod part;
mod range;
#[cfg(test)]
mod tests;

use core::fmt;

use smallvec::SmallVec;
use thiserror::Error;

use self::part::{Form, Part};
use super::{FieldType, TableSchema, Value, ValueError};
use crate::bytes::{RowBytes, Slot, are_same};
use crate::entity::Entity;

pub use range::{KeyRange, Probe};

/// How many bytes of a text stand in a key.
pub const TEXT_KEY_BYTES: usize = 32;

/// The bytes of a key. Short ones need no allocation.
pub type KeyBuf = SmallVec<[u8; 64]>;

/// The most bytes that a key may have.
pub const KEY_BYTES_MAX: usize = 256;

/// Why columns make no key.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum KeyFault {
    /// The table has no such column.
    #[error("there is no column `{column}`")]
    UnknownColumn {
        /// The column.
        column: String,
    },
    /// A text of any length inside of a variant of an enum.
    #[error("a `string` inside of a variant makes no key: use `str<N>` there, or index another column")]
    InnerText,
    /// A list inside of a value, or a list of lists.
    #[error("a list inside of another type makes no key: only a column that is a list has a key for each element")]
    InnerList,
    /// Two columns that are lists.
    #[error("two lists make no key: only one column may have several values")]
    TwoLists,
    /// The key would have too many bytes.
    #[error("the columns make a key of {found} bytes: at most 256 are possible")]
    TooLong {
        /// How many it would have.
        found: usize,
    },
}

/// Which columns of a table make a key, and how.
#[derive(Clone)]
pub struct KeySpec {
    columns: Box<[KeyColumn]>,
    len: usize,
    /// Where in a key the first bytes of texts stand.
    texts: Box<[usize]>,
    /// Whether a part of it stands in the heap of the row.
    has_heap: bool,
    /// Whether the bytes of the columns in a row say everything.
    is_plain: bool,
    /// How many bytes of a row that are.
    row_bytes: usize,
}

#[derive(Clone)]
struct KeyColumn {
    /// Where it starts in the row.
    start: usize,
    /// Bytes of it in the row.
    row_bytes: usize,
    /// What one key has of it: the type of the column, or of its elements.
    field_type: FieldType,
    part: Part,
    /// Whether it is a list, so that the row has a key for each element.
    is_list: bool,
    /// Where it starts in a key.
    at: usize,
}

/// Two keys are the same if they are made of the same bytes in the same way.
impl PartialEq for KeySpec {
    fn eq(&self, other: &Self) -> bool {
        let is_same = |(one, other): (&KeyColumn, &KeyColumn)| {
            (one.start, one.is_list, &one.field_type) == (other.start, other.is_list, &other.field_type)
        };
        self.columns.len() == other.columns.len() && self.columns.iter().zip(&other.columns).all(is_same)
    }
}

impl fmt::Debug for KeySpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns = self.columns.iter().map(|column| (column.start, &column.field_type));
        f.debug_list().entries(columns).finish()
    }
}

impl KeySpec {
    /// The key that the columns with these names make, in this order.
    ///
    /// # Errors
    /// If a column does not exist, or they make no key.
    pub fn of<'n>(table: &TableSchema, names: impl IntoIterator<Item = &'n str>) -> Result<Self, KeyFault> {
        let column = |name: &str| {
            let column = table.column(name).ok_or_else(|| KeyFault::UnknownColumn { column: name.to_owned() })?;
            Ok((column.offset as usize, column.field_type))
        };
        Self::new(names.into_iter().map(column).collect::<Result<Vec<_>, KeyFault>>()?)
    }

    /// The key that columns of these types make, which start at these places in the row.
    ///
    /// # Errors
    /// If they make no key.
    pub fn new<'t>(columns: impl IntoIterator<Item = (usize, &'t FieldType)>) -> Result<Self, KeyFault> {
        let mut prepared: Vec<KeyColumn> = Vec::new();
        let mut len = 0;
        for (start, field_type) in columns {
            let row_bytes = field_type.size();
            let (field_type, is_list) = match field_type {
                FieldType::List(element) => (&**element, true),
                other => (other, false),
            };
            if is_list && prepared.iter().any(|column| column.is_list) {
                return Err(KeyFault::TwoLists);
            }
            let part = Part::of(field_type)?;
            let width = part.width();
            prepared.push(KeyColumn { start, row_bytes, field_type: field_type.clone(), part, is_list, at: len });
            len += width;
        }
        let texts: Box<[usize]> =
            prepared.iter().flat_map(|column| column.part.texts().map(|text| column.at + text)).collect();
        let has_heap = !texts.is_empty() || prepared.iter().any(|column| column.is_list);
        if len > KEY_BYTES_MAX {
            return Err(KeyFault::TooLong { found: len });
        }
        let is_plain = prepared.iter().all(|column| column.part.is_plain() && !column.is_list);
        let row_bytes = prepared.iter().map(|column| column.row_bytes).sum();
        Ok(Self { columns: prepared.into(), len, texts, has_heap, is_plain, row_bytes })
    }

    /// Bytes of a key.
    #[expect(clippy::len_without_is_empty, reason = "the width of a key, not of a collection")]
    pub fn len(&self) -> usize {
        self.len
    }

    /// How many columns make the key.
    pub fn column_count(&self) -> usize {
        self.columns.len()
    }

    /// What one key has of each column: its type, or that of its elements if it is a list.
    pub fn types(&self) -> impl Iterator<Item = &FieldType> {
        self.columns.iter().map(|column| &column.field_type)
    }

    /// The columns: where each starts in the row, the type as for [`Self::types`], and whether it is a list.
    pub fn columns_in_row(&self) -> impl Iterator<Item = (usize, &FieldType, bool)> {
        self.columns.iter().map(|column| (column.start, &column.field_type, column.is_list))
    }

    /// Whether a row has any number of keys, since a column is a list.
    pub fn has_list(&self) -> bool {
        self.columns.iter().any(|column| column.is_list)
    }

    /// Whether there are keys that do not say everything.
    pub fn may_be_cut(&self) -> bool {
        !self.texts.is_empty()
    }

    /// Whether two rows have the same keys, as far as that can be seen at once.
    #[inline]
    pub fn is_same(&self, one: RowBytes<'_>, other: RowBytes<'_>) -> bool {
        let is_same = |column: &KeyColumn| {
            let place = column.start..column.start + column.row_bytes;
            one.row[place.clone()] == other.row[place]
        };
        self.columns.iter().all(is_same) && (!self.has_heap || one.heap == other.heap)
    }

    /// Calls `each` with every key of the row; equal ones may come several times. `buffer` is for the key in the making.
    pub fn keys(&self, row: RowBytes<'_>, buffer: &mut KeyBuf, each: impl FnMut(&[u8])) {
        self.encode(row, Form::Cut, buffer, each);
    }

    /// As [`Self::keys`], with the full keys, in the same order.
    pub fn full_keys(&self, row: RowBytes<'_>, buffer: &mut KeyBuf, each: impl FnMut(&[u8])) {
        self.encode(row, Form::Full, buffer, each);
    }

    /// Calls `each` with the identity of every key of the row, in the order of [`Self::keys`].
    pub fn identities(&self, row: RowBytes<'_>, buffer: &mut KeyBuf, mut each: impl FnMut(&[u8])) {
        if !self.is_plain {
            return self.full_keys(row, buffer, each);
        }
        if let [column] = &*self.columns {
            return each(&row.row[column.start..column.start + column.row_bytes]);
        }
        buffer.clear();
        for column in &self.columns {
            buffer.extend_from_slice(&row.row[column.start..column.start + column.row_bytes]);
        }
        each(buffer);
    }

    /// Whether the row has a key with this identity.
    pub fn has_identity(&self, row: RowBytes<'_>, identity: &[u8]) -> bool {
        if !self.is_plain {
            let (mut has, mut buffer) = (false, KeyBuf::new());
            self.full_keys(row, &mut buffer, |full| has |= full == identity);
            return has;
        }
        let mut rest = identity;
        self.columns.iter().all(|column| {
            let Some((first, behind)) = rest.split_at_checked(column.row_bytes) else { return false };
            rest = behind;
            are_same(&row.row[column.start..column.start + column.row_bytes], first)
        })
    }

    /// What `look` makes of the identity of these values, given as for [`Self::probe`], one for each column, and of whether one of them
    /// is none.
    #[inline]
    pub fn with_identity<R>(&self, values: RowBytes<'_>, look: impl FnOnce(&[u8], bool) -> R) -> R {
        if self.is_plain {
            return look(&values.row[..self.row_bytes], false);
        }
        let probe = self.probe(values, self.columns.len());
        let has_none = probe.has_none();
        look(&probe.into_identity(), has_none)
    }

    fn encode(&self, row: RowBytes<'_>, form: Form, buffer: &mut KeyBuf, mut each: impl FnMut(&[u8])) {
        let list = self.columns.iter().find(|column| column.is_list);
        let Some(list) = list else {
            buffer.clear();
            for column in &self.columns {
                column.part.encode(&row.row[column.start..], row.heap, form, buffer);
            }
            return each(buffer);
        };
        let (slot, size) = (Slot::read(&row.row[list.start..]), list.field_type.size());
        let elements = row.heap.get(slot.start()..).unwrap_or_default();
        for index in 0..slot.len() {
            let Some(element) = elements.get(index * size..(index + 1) * size) else { return };
            buffer.clear();
            for column in &self.columns {
                let value = if column.is_list { element } else { &row.row[column.start..] };
                column.part.encode(value, row.heap, form, buffer);
            }
            each(buffer);
        }
    }

    /// Whether a column may have no value.
    pub fn has_optional(&self) -> bool {
        self.columns.iter().any(|column| column.part.is_optional())
    }

    /// Whether one of the columns of this key has no value.
    pub fn has_none(&self, key: &[u8]) -> bool {
        self.columns.iter().any(|column| column.part.is_optional() && key[column.at] == 0)
    }

    /// Up to where the key decides, if it is not to its end: up to the end of the first text that fills its place, so that
    /// there may be more of it.
    #[inline]
    pub fn decided(&self, key: &[u8]) -> Option<usize> {
        self.texts.iter().map(|at| at + TEXT_KEY_BYTES).find(|end| key[end - 1] != 0)
    }

    /// The key that values of the first columns make, given as they stand in a row, one after the other with one heap.
    pub fn probe(&self, values: RowBytes<'_>, columns: usize) -> Probe {
        let mut at = 0;
        let stored = self.columns.iter().take(columns).map(|column| {
            let value = RowBytes { row: &values.row[at..], heap: values.heap };
            at += column.field_type.size();
            value
        });
        Probe::new(self, stored)
    }

    /// The key that values of the first columns make; elements are given for lists.
    ///
    /// # Errors
    /// If a value does not fit its column, or there are more values than columns.
    pub fn probe_values(&self, values: &[Value]) -> Result<Probe, ValueError> {
        if values.len() > self.columns.len() {
            return Err(ValueError::Length { expected: self.columns.len(), found: values.len() });
        }
        let encode = |(value, column): (&Value, &KeyColumn)| super::Encoded::from_value(value, &column.field_type);
        let encoded = values.iter().zip(&self.columns).map(encode).collect::<Result<Vec<_>, _>>()?;
        Ok(Probe::new(self, encoded.iter().map(super::Encoded::row_bytes)))
    }

    /// The values of the columns in two rows that have a key in common: of a list, an element that both have.
    pub fn common_values(&self, one: RowBytes<'_>, other: RowBytes<'_>) -> Vec<Value> {
        let value = |column: &KeyColumn| {
            let decode = |of: &FieldType, row: RowBytes<'_>| Value::decode(of, &row.row[column.start..], row.heap);
            if !column.is_list {
                return decode(&column.field_type, one);
            }
            let list = FieldType::List(column.field_type.clone().into());
            match (decode(&list, one), decode(&list, other)) {
                (Value::Array(one), Value::Array(other)) => {
                    one.into_iter().find(|element| other.contains(element)).unwrap_or(Value::Array(Vec::new()))
                }
                (value, _) => value,
            }
        };
        self.columns.iter().map(value).collect()
    }
}

/// The key of an entity, as a column that refers to one has it.
pub fn entity_key(entity: Entity) -> [u8; 8] {
    let mut key = [0; 8];
    key[..4].copy_from_slice(&entity.slot().to_be_bytes());
    key[4..].copy_from_slice(&entity.generation().to_be_bytes());
    key
}

/// The entity of which these bytes are the key.
pub fn entity_of_key(key: &[u8]) -> Option<Entity> {
    let (slot, rest) = key.split_first_chunk::<4>()?;
    Entity::new(u32::from_be_bytes(*slot), u32::from_be_bytes(*rest.first_chunk::<4>()?))
}
