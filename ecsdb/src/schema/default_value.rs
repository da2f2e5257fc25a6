//! The value that a field has in rows that were stored before it was there.

use crate::bytes::{HeapBuf, RowBytes};
use crate::component::{Field, Operand};

use super::{FieldType, Value, ValueError};

/// The default of a field.
#[derive(Clone, Debug)]
pub enum DefaultValue {
    /// Made by a derive, from an expression.
    Made(fn() -> Encoded),
    /// Read from a file.
    Read(Encoded),
}

/// A value as it is stored: its bytes in the row, and its heap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encoded {
    value: Vec<u8>,
    heap: Vec<u8>,
}

impl Encoded {
    /// The stored form of a value of type `F`. For derives.
    #[doc(hidden)]
    pub fn of<F: Field>(value: F) -> Self {
        let mut heap = HeapBuf::new();
        let packed = value.pack(&mut heap);
        Self { value: crate::bytes::bytes_of(&packed).to_vec(), heap: heap.bytes().to_vec() }
    }

    /// The stored form that a column was given.
    pub(crate) fn of_operand<F: Field>(operand: &Operand<F>) -> Self {
        Self { value: operand.bytes().to_vec(), heap: operand.heap().bytes().to_vec() }
    }

    /// A copy of a value that is stored, with all of the heap that it lies in.
    pub(crate) fn of_stored(value: RowBytes<'_>) -> Self {
        Self { value: value.row.to_vec(), heap: value.heap.to_vec() }
    }

    /// The stored form of `value` in the type `field_type`.
    ///
    /// # Errors
    /// As for [`Value::encode`].
    pub fn from_value(value: &Value, field_type: &FieldType) -> Result<Self, ValueError> {
        let (mut bytes, mut heap) = (vec![0; field_type.size()], HeapBuf::new());
        value.encode(field_type, &mut bytes, &mut heap)?;
        Ok(Self { value: bytes, heap: heap.bytes().to_vec() })
    }

    /// The value, in the type that it was encoded for.
    pub fn to_value(&self, field_type: &FieldType) -> Value {
        Value::decode(field_type, &self.value, &self.heap)
    }

    /// Both.
    pub(crate) fn row_bytes(&self) -> RowBytes<'_> {
        RowBytes { row: &self.value, heap: &self.heap }
    }

    /// The bytes in the row.
    pub fn bytes(&self) -> &[u8] {
        &self.value
    }

    /// The heap that the strings and lists in it lie in.
    pub fn heap(&self) -> &[u8] {
        &self.heap
    }
}

impl DefaultValue {
    /// The value as it is stored.
    pub fn encoded(&self) -> Encoded {
        match self {
            Self::Made(make) => make(),
            Self::Read(encoded) => encoded.clone(),
        }
    }
}

/// Two defaults are the same if their values are stored alike.
impl PartialEq for DefaultValue {
    fn eq(&self, other: &Self) -> bool {
        self.encoded() == other.encoded()
    }
}

impl Eq for DefaultValue {}
