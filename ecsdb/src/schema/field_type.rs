//! The types that a field can have, their canonical sizes and alignments.

use core::fmt;
use core::ops::Deref;
use std::sync::Arc;

/// A single value that a field, or an element of an array, can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Scalar {
    /// `u8`
    U8,
    /// `u16`
    U16,
    /// `u32`
    U32,
    /// `u64`
    U64,
    /// `u128`
    U128,
    /// `i8`
    I8,
    /// `i16`
    I16,
    /// `i32`
    I32,
    /// `i64`
    I64,
    /// `i128`
    I128,
    /// `f32`
    F32,
    /// `f64`
    F64,
    /// `bool`, one byte that is 0 or 1
    Bool,
    /// [`Entity`](crate::Entity), eight bytes that are not all zero
    Entity,
    /// `Option<Entity>`, eight bytes, `None` is zero
    OptionalEntity,
}

impl Scalar {
    /// Every scalar, in the order of the variants.
    pub const ALL: [Self; 15] = [
        Self::U8,
        Self::U16,
        Self::U32,
        Self::U64,
        Self::U128,
        Self::I8,
        Self::I16,
        Self::I32,
        Self::I64,
        Self::I128,
        Self::F32,
        Self::F64,
        Self::Bool,
        Self::Entity,
        Self::OptionalEntity,
    ];

    /// Bytes that a value takes, in every layout.
    pub const fn size(self) -> usize {
        match self {
            Self::U8 | Self::I8 | Self::Bool => 1,
            Self::U16 | Self::I16 => 2,
            Self::U32 | Self::I32 | Self::F32 => 4,
            Self::U64 | Self::I64 | Self::F64 | Self::Entity | Self::OptionalEntity => 8,
            Self::U128 | Self::I128 => 16,
        }
    }

    /// The canonical alignment in a native row: the size, whatever the target's own rule for the type is.
    pub const fn align(self) -> usize {
        self.size()
    }

    /// The name in a schema file.
    pub const fn name(self) -> &'static str {
        match self {
            Self::U8 => "u8",
            Self::U16 => "u16",
            Self::U32 => "u32",
            Self::U64 => "u64",
            Self::U128 => "u128",
            Self::I8 => "i8",
            Self::I16 => "i16",
            Self::I32 => "i32",
            Self::I64 => "i64",
            Self::I128 => "i128",
            Self::F32 => "f32",
            Self::F64 => "f64",
            Self::Bool => "bool",
            Self::Entity => "entity",
            Self::OptionalEntity => "entity?",
        }
    }
}

/// The type of a field.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FieldType {
    /// One value.
    Scalar(Scalar),
    /// `len` values one after the other, stored in the row.
    Array {
        /// The type of each element.
        element: TypeRef,
        /// How many elements.
        len: u32,
    },
}

impl FieldType {
    /// Bytes that a value takes, in every layout.
    pub fn size(&self) -> usize {
        match self {
            Self::Scalar(scalar) => scalar.size(),
            Self::Array { element, len } => element.size() * *len as usize,
        }
    }

    /// The canonical alignment in a native row.
    pub fn align(&self) -> usize {
        match self {
            Self::Scalar(scalar) => scalar.align(),
            Self::Array { element, .. } => element.align(),
        }
    }

    /// The scalar at the bottom of the type, and how many of them a value is made of.
    pub fn scalars(&self) -> (Scalar, usize) {
        match self {
            Self::Scalar(scalar) => (*scalar, 1),
            Self::Array { element, len } => {
                let (scalar, count) = element.scalars();
                (scalar, count * *len as usize)
            }
        }
    }
}

/// As it is written in a schema file: `u32`, `[f32; 3]`, `entity?`.
impl fmt::Display for FieldType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scalar(scalar) => f.write_str(scalar.name()),
            Self::Array { element, len } => write!(f, "[{}; {len}]", &**element),
        }
    }
}

/// A type inside another one: known at compile time, or loaded from a file.
#[derive(Clone, Debug)]
pub enum TypeRef {
    /// Part of a schema constant.
    Static(&'static FieldType),
    /// Part of a schema that was loaded.
    Shared(Arc<FieldType>),
}

impl Deref for TypeRef {
    type Target = FieldType;

    fn deref(&self) -> &FieldType {
        match self {
            Self::Static(field_type) => field_type,
            Self::Shared(field_type) => field_type,
        }
    }
}

/// Two types are the same however they came about.
impl PartialEq for TypeRef {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for TypeRef {}

impl core::hash::Hash for TypeRef {
    fn hash<H: core::hash::Hasher>(&self, state: &mut H) {
        (**self).hash(state);
    }
}
