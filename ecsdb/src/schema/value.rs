//! Values whose type is known at run time only: for tools, and for schemas that were loaded from a file.

use core::fmt;
use core::time::Duration;

use thiserror::Error;

use crate::entity::Entity;

/// The value of a field.
///
/// ```
/// use ecsdb::component::packed::HeapBuf;
/// use ecsdb::schema::{FieldType, Scalar, Value, ValueError};
///
/// let hp = FieldType::Scalar(Scalar::U32);
/// let (mut bytes, mut heap) = ([0; 4], HeapBuf::new());
/// Value::from(7_u64).encode(&hp, &mut bytes, &mut heap)?;
/// assert_eq!(bytes, [7, 0, 0, 0]);
/// assert_eq!(Value::decode(&hp, &bytes, heap.bytes()), Value::U32(7));
/// let error = Value::from(-1).encode(&hp, &mut bytes, &mut heap).unwrap_err();
/// assert_eq!(error.to_string(), "-1 is out of the range of `u32`");
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
    /// `char`
    Char(char),
    /// `duration`
    Duration(Duration),
    /// `entity`, and `ref<table>`
    Entity(Entity),
    /// Something or nothing: `T?`.
    Optional(Option<Box<Value>>),
    /// The elements of an array or a list.
    Array(Vec<Value>),
    /// `string`, and `str<N>`
    Text(String),
    /// The fields of a struct, in order. A tuple has the numbers from 0 as names.
    Struct(Vec<(String, Value)>),
    /// A variant of an enum.
    Variant {
        /// Its name.
        variant: String,
        /// Its fields, in order.
        fields: Vec<(String, Value)>,
    },
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
        expected: String,
    },
    /// The array has too few or too many elements.
    #[error("expected {expected} elements, found {found}")]
    Length {
        /// Elements of the field.
        expected: usize,
        /// Elements of the value.
        found: usize,
    },
    /// The text is too long for the field, or cannot stand there.
    #[error("the text {found:?} does not fit `{expected}`: {why}")]
    Text {
        /// The type of the field.
        expected: String,
        /// The text.
        found: String,
        /// Why not.
        why: String,
    },
    /// The enum has no such variant.
    #[error("there is no variant `{found}`: there is `{}`", variants.join("`, `"))]
    UnknownVariant {
        /// The variant that was given.
        found: String,
        /// Those that there are.
        variants: Vec<String>,
    },
    /// A member of a struct or a variant does not fit.
    #[error("`{member}`: {error}")]
    Member {
        /// Its name.
        member: String,
        /// What is wrong with it.
        error: Box<ValueError>,
    },
    /// The struct or the variant has other members.
    #[error("expected the members `{}`, found `{}`", expected.join("`, `"), found.join("`, `"))]
    Members {
        /// Those that there are.
        expected: Vec<String>,
        /// Those that were given.
        found: Vec<String>,
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
    /// A field whose values have no order, asked for what is less or greater.
    #[error("`{table}.{field}` is a `{found}`, which has no order: it can be compared with == and != only")]
    NoOrder {
        /// The table.
        table: String,
        /// The field.
        field: String,
        /// Its type.
        found: String,
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
            Self::Char(_) => "char",
            Self::Duration(_) => "duration",
            Self::Entity(_) => "entity",
            Self::Optional(_) => "optional",
            Self::Array(_) => "array",
            Self::Text(_) => "string",
            Self::Struct(_) => "struct",
            Self::Variant { .. } => "variant",
        }
    }

    pub(super) fn wrong_type(&self, expected: String) -> ValueError {
        let found = match self {
            Self::Array(values) => format!("an array of {}", values.len()),
            value => format!("`{}` {value}", value.type_name()),
        };
        ValueError::WrongType { expected, found }
    }
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
            Self::Char(value) => fmt::Debug::fmt(value, f),
            Self::Duration(value) => fmt::Debug::fmt(value, f),
            Self::Entity(entity) => entity.fmt(f),
            Self::Optional(Some(value)) => value.fmt(f),
            Self::Optional(None) => f.write_str("none"),
            Self::Struct(fields) => members(f, fields),
            Self::Variant { variant, fields } => {
                f.write_str(variant)?;
                if fields.is_empty() { Ok(()) } else { members(f, fields) }
            }
            Self::Text(value) => fmt::Debug::fmt(value, f),
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

/// `(1, 2)` where the names are numbers, `{ x: 1, y: 2 }` elsewhere.
fn members(f: &mut fmt::Formatter<'_>, fields: &[(String, Value)]) -> fmt::Result {
    let is_tuple = fields.iter().enumerate().all(|(index, (name, _))| *name == index.to_string());
    f.write_str(if is_tuple { "(" } else { " { " })?;
    for (index, (name, value)) in fields.iter().enumerate() {
        f.write_str(if index == 0 { "" } else { ", " })?;
        if is_tuple { write!(f, "{value}") } else { write!(f, "{name}: {value}") }?;
    }
    f.write_str(if is_tuple { ")" } else { " }" })
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
from!(F32(f32), F64(f64), Bool(bool), Char(char), Duration(Duration), Entity(Entity), Text(String));

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<usize> for Value {
    fn from(value: usize) -> Self {
        Self::U64(value as u64)
    }
}

impl From<isize> for Value {
    fn from(value: isize) -> Self {
        Self::I64(value as i64)
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        Self::Optional(value.map(|value| Box::new(value.into())))
    }
}

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
