//! Values whose type is known at run time only: for tools, and for schemas that were loaded from a file.

use core::fmt;

use thiserror::Error;

use super::{FieldType, Scalar};
use crate::entity::Entity;

/// The value of a field.
///
/// ```
/// use ecsdb::schema::{FieldType, Scalar, Value, ValueError};
///
/// let hp = FieldType::Scalar(Scalar::U32);
/// let mut bytes = [0; 4];
/// Value::from(7_u64).encode(&hp, &mut bytes)?;
/// assert_eq!(bytes, [7, 0, 0, 0]);
/// assert_eq!(Value::decode(&hp, &bytes), Value::U32(7));
/// assert_eq!(Value::from(-1).encode(&hp, &mut bytes).unwrap_err().to_string(), "-1 is out of the range of `u32`");
/// # Ok::<(), ValueError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Value {
    /// `u8`
    U8(u8),
    /// `u16`
    U16(u16),
    /// `u32`
    U32(u32),
    /// `u64`
    U64(u64),
    /// `u128`
    U128(u128),
    /// `i8`
    I8(i8),
    /// `i16`
    I16(i16),
    /// `i32`
    I32(i32),
    /// `i64`
    I64(i64),
    /// `i128`
    I128(i128),
    /// `f32`
    F32(f32),
    /// `f64`
    F64(f64),
    /// `bool`
    Bool(bool),
    /// `entity`
    Entity(Entity),
    /// `entity?`
    OptionalEntity(Option<Entity>),
    /// The elements of an array.
    Array(Vec<Value>),
}

/// A value that does not fit a field.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ValueError {
    /// The value is of another type than the field.
    #[error("expected `{expected}`, found {found}")]
    WrongType {
        /// The type of the field.
        expected: String,
        /// The value and its type.
        found: String,
    },
    /// The integer is too large or too small for the field.
    #[error("{value} is out of the range of `{expected}`")]
    OutOfRange {
        /// The value.
        value: String,
        /// The type of the field.
        expected: &'static str,
    },
    /// The array has too few or too many elements.
    #[error("expected {expected} elements, found {found}")]
    Length {
        /// Elements of the field.
        expected: usize,
        /// Elements of the value.
        found: usize,
    },
    /// An element of an array does not fit.
    #[error("element {index}: {error}")]
    Element {
        /// Which one, from 0.
        index: usize,
        /// What is wrong with it.
        error: Box<ValueError>,
    },
    /// The value of a field does not fit.
    #[error("field `{table}.{field}`: {error}")]
    Field {
        /// The table.
        table: String,
        /// The field.
        field: String,
        /// What is wrong with the value.
        error: Box<ValueError>,
    },
    /// A field that the table does not have.
    #[error(
        "table `{table}` has no field `{field}`{}",
        nearest.as_ref().map(|nearest| format!(", did you mean `{nearest}`?")).unwrap_or_default()
    )]
    UnknownField {
        /// The table.
        table: String,
        /// The name that was given.
        field: String,
        /// The field that was probably meant.
        nearest: Option<String>,
    },
    /// A field without a value.
    #[error("field `{table}.{field}` has no value")]
    MissingField {
        /// The table.
        table: String,
        /// The field.
        field: String,
    },
    /// A field with two values.
    #[error("field `{table}.{field}` is given twice")]
    DuplicateField {
        /// The table.
        table: String,
        /// The field.
        field: String,
    },
}

impl Value {
    /// The value that `bytes` are, in the type `field_type`.
    ///
    /// The bytes must have been [validated](super::TableSchema::validate). Of bytes that were not, a `bool` that is
    /// neither 0 nor 1 reads as `true`, and an `entity` that is 0 as `OptionalEntity(None)`.
    ///
    /// # Panics
    /// If `bytes` is shorter than a value of the type.
    pub fn decode(field_type: &FieldType, bytes: &[u8]) -> Self {
        match field_type {
            FieldType::Scalar(scalar) => Self::decode_scalar(*scalar, bytes),
            FieldType::Array { element, len } => {
                let size = element.size();
                Self::Array((0..*len as usize).map(|index| Self::decode(element, &bytes[index * size..])).collect())
            }
        }
    }

    fn decode_scalar(scalar: Scalar, bytes: &[u8]) -> Self {
        macro_rules! number {
            ($variant:ident, $ty:ty) => {{
                let mut value = [0; size_of::<$ty>()];
                value.copy_from_slice(&bytes[..size_of::<$ty>()]);
                Self::$variant(<$ty>::from_le_bytes(value))
            }};
        }
        match scalar {
            Scalar::U8 => number!(U8, u8),
            Scalar::U16 => number!(U16, u16),
            Scalar::U32 => number!(U32, u32),
            Scalar::U64 => number!(U64, u64),
            Scalar::U128 => number!(U128, u128),
            Scalar::I8 => number!(I8, i8),
            Scalar::I16 => number!(I16, i16),
            Scalar::I32 => number!(I32, i32),
            Scalar::I64 => number!(I64, i64),
            Scalar::I128 => number!(I128, i128),
            Scalar::F32 => number!(F32, f32),
            Scalar::F64 => number!(F64, f64),
            Scalar::Bool => Self::Bool(bytes[0] != 0),
            Scalar::Entity | Scalar::OptionalEntity => {
                let mut value = [0; 8];
                value.copy_from_slice(&bytes[..8]);
                match (scalar, Entity::from_bits(u64::from_le_bytes(value))) {
                    (Scalar::Entity, Some(entity)) => Self::Entity(entity),
                    (_, entity) => Self::OptionalEntity(entity),
                }
            }
        }
    }

    /// Writes the bytes of the value in the type `field_type`.
    ///
    /// The types must be the same, with two exceptions that lose nothing: an integer goes into every integer type that
    /// has room for it, and an `entity` into an `entity?`. A float never changes its width. If it fails, part of an
    /// array may have been written.
    ///
    /// # Errors
    /// If the value is of another type, out of range, or an array of another length.
    ///
    /// # Panics
    /// If `out` has not exactly as many bytes as the type.
    pub fn encode(&self, field_type: &FieldType, out: &mut [u8]) -> Result<(), ValueError> {
        assert_eq!(out.len(), field_type.size(), "as many bytes as `{field_type}` has");
        match (field_type, self) {
            (FieldType::Scalar(scalar), value) => value.encode_scalar(*scalar, out),
            (FieldType::Array { element, len }, Self::Array(values)) => {
                if values.len() != *len as usize {
                    return Err(ValueError::Length { expected: *len as usize, found: values.len() });
                }
                let size = element.size();
                for (index, value) in values.iter().enumerate() {
                    value
                        .encode(element, &mut out[index * size..(index + 1) * size])
                        .map_err(|error| ValueError::Element { index, error: Box::new(error) })?;
                }
                Ok(())
            }
            (FieldType::Array { .. }, value) => Err(value.wrong_type(field_type.to_string())),
        }
    }

    fn encode_scalar(&self, scalar: Scalar, out: &mut [u8]) -> Result<(), ValueError> {
        match (scalar, self) {
            (Scalar::F32, Self::F32(value)) => out.copy_from_slice(&value.to_le_bytes()),
            (Scalar::F64, Self::F64(value)) => out.copy_from_slice(&value.to_le_bytes()),
            (Scalar::Bool, Self::Bool(value)) => out.copy_from_slice(&[u8::from(*value)]),
            (Scalar::Entity | Scalar::OptionalEntity, Self::Entity(entity))
            | (Scalar::OptionalEntity, Self::OptionalEntity(Some(entity))) => {
                out.copy_from_slice(&entity.to_bits().to_le_bytes());
            }
            (Scalar::OptionalEntity, Self::OptionalEntity(None)) => out.fill(0),
            _ => {
                let (Some(bytes), Some((low, high))) = (self.integer_bytes(), bounds(scalar)) else {
                    return Err(self.wrong_type(scalar.name().to_owned()));
                };
                if !self.is_between(low, high) {
                    return Err(ValueError::OutOfRange { value: self.to_string(), expected: scalar.name() });
                }
                out.copy_from_slice(&bytes[..scalar.size()]);
            }
        }
        Ok(())
    }

    /// An integer in two's complement, sign-extended; the lower bytes are those of every type it fits.
    fn integer_bytes(&self) -> Option<[u8; 16]> {
        self.signed().map(i128::to_le_bytes).or_else(|| match self {
            Self::U128(value) => Some(value.to_le_bytes()),
            _ => None,
        })
    }

    /// An integer, unless it is larger than every `i128`.
    fn signed(&self) -> Option<i128> {
        Some(match self {
            Self::U8(value) => (*value).into(),
            Self::U16(value) => (*value).into(),
            Self::U32(value) => (*value).into(),
            Self::U64(value) => (*value).into(),
            Self::U128(value) => i128::try_from(*value).ok()?,
            Self::I8(value) => (*value).into(),
            Self::I16(value) => (*value).into(),
            Self::I32(value) => (*value).into(),
            Self::I64(value) => (*value).into(),
            Self::I128(value) => *value,
            _ => return None,
        })
    }

    fn is_between(&self, low: i128, high: u128) -> bool {
        match (self.signed(), self) {
            (Some(value), _) => match u128::try_from(value) {
                Ok(value) => value <= high,
                Err(_negative) => value >= low,
            },
            (None, Self::U128(value)) => *value <= high,
            (None, _) => false,
        }
    }

    /// What sort of value this is, in messages.
    fn type_name(&self) -> &'static str {
        match self {
            Self::U8(_) => "u8",
            Self::U16(_) => "u16",
            Self::U32(_) => "u32",
            Self::U64(_) => "u64",
            Self::U128(_) => "u128",
            Self::I8(_) => "i8",
            Self::I16(_) => "i16",
            Self::I32(_) => "i32",
            Self::I64(_) => "i64",
            Self::I128(_) => "i128",
            Self::F32(_) => "f32",
            Self::F64(_) => "f64",
            Self::Bool(_) => "bool",
            Self::Entity(_) => "entity",
            Self::OptionalEntity(_) => "entity?",
            Self::Array(_) => "array",
        }
    }

    fn wrong_type(&self, expected: String) -> ValueError {
        let found = match self {
            Self::Array(values) => format!("an array of {}", values.len()),
            value => format!("`{}` {value}", value.type_name()),
        };
        ValueError::WrongType { expected, found }
    }
}

/// The least and the greatest integer of a type; `None` if it is no integer.
const fn bounds(scalar: Scalar) -> Option<(i128, u128)> {
    Some(match scalar {
        Scalar::U8 => (0, u8::MAX as u128),
        Scalar::U16 => (0, u16::MAX as u128),
        Scalar::U32 => (0, u32::MAX as u128),
        Scalar::U64 => (0, u64::MAX as u128),
        Scalar::U128 => (0, u128::MAX),
        Scalar::I8 => (i8::MIN as i128, i8::MAX as u128),
        Scalar::I16 => (i16::MIN as i128, i16::MAX as u128),
        Scalar::I32 => (i32::MIN as i128, i32::MAX as u128),
        Scalar::I64 => (i64::MIN as i128, i64::MAX as u128),
        Scalar::I128 => (i128::MIN, i128::MAX as u128),
        Scalar::F32 | Scalar::F64 | Scalar::Bool | Scalar::Entity | Scalar::OptionalEntity => return None,
    })
}

/// As Rust writes it, without the type: `7`, `1.5`, `[1, 2]`, `3v1`, `none`.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::U8(value) => value.fmt(f),
            Self::U16(value) => value.fmt(f),
            Self::U32(value) => value.fmt(f),
            Self::U64(value) => value.fmt(f),
            Self::U128(value) => value.fmt(f),
            Self::I8(value) => value.fmt(f),
            Self::I16(value) => value.fmt(f),
            Self::I32(value) => value.fmt(f),
            Self::I64(value) => value.fmt(f),
            Self::I128(value) => value.fmt(f),
            // `{:?}` keeps the point, so that a float never looks like an integer.
            Self::F32(value) => write!(f, "{value:?}"),
            Self::F64(value) => write!(f, "{value:?}"),
            Self::Bool(value) => value.fmt(f),
            Self::Entity(entity) | Self::OptionalEntity(Some(entity)) => entity.fmt(f),
            Self::OptionalEntity(None) => f.write_str("none"),
            Self::Array(values) => {
                f.write_str("[")?;
                for (index, value) in values.iter().enumerate() {
                    write!(f, "{}{value}", if index == 0 { "" } else { ", " })?;
                }
                f.write_str("]")
            }
        }
    }
}

macro_rules! from {
    ($($variant:ident($ty:ty)),+ $(,)?) => {$(
        impl From<$ty> for Value {
            fn from(value: $ty) -> Self {
                Self::$variant(value)
            }
        }
    )+};
}
from!(U8(u8), U16(u16), U32(u32), U64(u64), U128(u128), I8(i8), I16(i16), I32(i32), I64(i64), I128(i128));
from!(F32(f32), F64(f64), Bool(bool), Entity(Entity), OptionalEntity(Option<Entity>));

impl<T: Into<Value>, const N: usize> From<[T; N]> for Value {
    fn from(values: [T; N]) -> Self {
        Self::Array(values.into_iter().map(Into::into).collect())
    }
}

impl<T: Into<Value>> From<Vec<T>> for Value {
    fn from(values: Vec<T>) -> Self {
        Self::Array(values.into_iter().map(Into::into).collect())
    }
}
