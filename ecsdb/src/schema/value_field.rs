//! Values from typed fields and back.

use super::{Encoded, Value, ValueError};
use crate::bytes::{HeapBuf, rows_of};
use crate::component::Field;

impl Value {
    /// The value of a field, as one whose type is known at run time only.
    ///
    /// ```
    /// use ecsdb::schema::Value;
    ///
    /// assert_eq!(Value::from_field("inn".to_owned()), Value::Text("inn".to_owned()));
    /// let pair = vec![("0".to_owned(), Value::U8(7)), ("1".to_owned(), Value::Bool(true))];
    /// assert_eq!(Value::from_field((7_u8, true)), Value::Struct(pair));
    /// ```
    pub fn from_field<F: Field>(value: F) -> Self {
        Encoded::of(value).to_value(&F::TYPE)
    }

    /// The value as a field of type `F`. The types must be the same, with the exceptions of [`encode`](Self::encode).
    ///
    /// ```
    /// use ecsdb::schema::Value;
    ///
    /// assert_eq!(Value::U64(7).to_field::<Option<u8>>(), Ok(Some(7)));
    /// let error = Value::U64(700).to_field::<u8>().unwrap_err();
    /// assert_eq!(error.to_string(), "700 is out of the range of `u8`");
    /// ```
    ///
    /// # Errors
    /// As for [`encode`](Self::encode).
    pub fn to_field<F: Field>(&self) -> Result<F, ValueError> {
        let (mut bytes, mut heap) = (vec![0; F::TYPE.size()], HeapBuf::new());
        self.encode(&F::TYPE, &mut bytes, &mut heap)?;
        debug_assert_eq!(bytes.len(), size_of::<F::Packed>());
        // SAFETY: a packed form is aligned to 1 and has as many bytes as the type says, and what `encode` has written is
        // valid for the type, so it is a value of the packed form (contract of `Field`). Nobody changes it meanwhile.
        let packed = unsafe { rows_of::<F::Packed>(bytes.as_ptr(), 1) };
        Ok(F::unpack(&packed[0], heap.as_heap()))
    }
}
