//! The values that everything else is made of.

/// A single value that a field, an element or a member can hold.
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
    /// `usize`, stored as `u64`
    Usize,
    /// `isize`, stored as `i64`
    Isize,
    /// `f32`
    F32,
    /// `f64`
    F64,
    /// `bool`, one byte that is 0 or 1
    Bool,
    /// `char`, four bytes that are a Unicode scalar value
    Char,
    /// `NonZero<u8>`
    NonZeroU8,
    /// `NonZero<u16>`
    NonZeroU16,
    /// `NonZero<u32>`
    NonZeroU32,
    /// `NonZero<u64>`
    NonZeroU64,
    /// `NonZero<u128>`
    NonZeroU128,
    /// `NonZero<i8>`
    NonZeroI8,
    /// `NonZero<i16>`
    NonZeroI16,
    /// `NonZero<i32>`
    NonZeroI32,
    /// `NonZero<i64>`
    NonZeroI64,
    /// `NonZero<i128>`
    NonZeroI128,
    /// `NonZero<usize>`, stored as `u64`
    NonZeroUsize,
    /// `NonZero<isize>`, stored as `i64`
    NonZeroIsize,
    /// [`Entity`](crate::Entity), eight bytes that are not all zero
    Entity,
    /// [`Duration`](core::time::Duration): eight bytes of seconds, then four of nanoseconds below 1,000,000,000
    Duration,
}

impl Scalar {
    /// Every scalar, in the order of the variants.
    pub const ALL: [Self; 30] = [
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
        Self::Usize,
        Self::Isize,
        Self::F32,
        Self::F64,
        Self::Bool,
        Self::Char,
        Self::NonZeroU8,
        Self::NonZeroU16,
        Self::NonZeroU32,
        Self::NonZeroU64,
        Self::NonZeroU128,
        Self::NonZeroI8,
        Self::NonZeroI16,
        Self::NonZeroI32,
        Self::NonZeroI64,
        Self::NonZeroI128,
        Self::NonZeroUsize,
        Self::NonZeroIsize,
        Self::Entity,
        Self::Duration,
    ];

    /// Bytes that a value takes, in every layout.
    pub const fn size(self) -> usize {
        match self {
            Self::U8 | Self::I8 | Self::Bool | Self::NonZeroU8 | Self::NonZeroI8 => 1,
            Self::U16 | Self::I16 | Self::NonZeroU16 | Self::NonZeroI16 => 2,
            Self::U32 | Self::I32 | Self::F32 | Self::Char | Self::NonZeroU32 | Self::NonZeroI32 => 4,
            Self::U64
            | Self::I64
            | Self::Usize
            | Self::Isize
            | Self::F64
            | Self::NonZeroU64
            | Self::NonZeroI64
            | Self::NonZeroUsize
            | Self::NonZeroIsize
            | Self::Entity => 8,
            Self::Duration => 12,
            Self::U128 | Self::I128 | Self::NonZeroU128 | Self::NonZeroI128 => 16,
        }
    }

    /// The canonical alignment in a native row and in a list: that of the largest number in it, which is its size, whatever
    /// the target's own rule for the type is.
    pub const fn align(self) -> usize {
        match self {
            Self::Duration => 8,
            other => other.size(),
        }
    }

    /// Whether no value is all zero bytes.
    pub const fn is_never_zero(self) -> bool {
        matches!(
            self,
            Self::Entity
                | Self::NonZeroU8
                | Self::NonZeroU16
                | Self::NonZeroU32
                | Self::NonZeroU64
                | Self::NonZeroU128
                | Self::NonZeroI8
                | Self::NonZeroI16
                | Self::NonZeroI32
                | Self::NonZeroI64
                | Self::NonZeroI128
                | Self::NonZeroUsize
                | Self::NonZeroIsize
        )
    }

    /// The number that a value is in a row, for comparing and arithmetic; `None` if it is none.
    pub const fn number(self) -> Option<Self> {
        Some(match self {
            Self::U8 | Self::NonZeroU8 => Self::U8,
            Self::U16 | Self::NonZeroU16 => Self::U16,
            Self::U32 | Self::NonZeroU32 => Self::U32,
            Self::U64 | Self::NonZeroU64 => Self::U64,
            Self::U128 | Self::NonZeroU128 => Self::U128,
            Self::I8 | Self::NonZeroI8 => Self::I8,
            Self::I16 | Self::NonZeroI16 => Self::I16,
            Self::I32 | Self::NonZeroI32 => Self::I32,
            Self::I64 | Self::NonZeroI64 => Self::I64,
            Self::I128 | Self::NonZeroI128 => Self::I128,
            Self::Usize | Self::NonZeroUsize => Self::U64,
            Self::Isize | Self::NonZeroIsize => Self::I64,
            Self::F32 => Self::F32,
            Self::F64 => Self::F64,
            Self::Char => Self::U32,
            Self::Bool | Self::Entity | Self::Duration => return None,
        })
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
            Self::Usize => "usize",
            Self::Isize => "isize",
            Self::F32 => "f32",
            Self::F64 => "f64",
            Self::Bool => "bool",
            Self::Char => "char",
            Self::NonZeroU8 => "nonzero_u8",
            Self::NonZeroU16 => "nonzero_u16",
            Self::NonZeroU32 => "nonzero_u32",
            Self::NonZeroU64 => "nonzero_u64",
            Self::NonZeroU128 => "nonzero_u128",
            Self::NonZeroI8 => "nonzero_i8",
            Self::NonZeroI16 => "nonzero_i16",
            Self::NonZeroI32 => "nonzero_i32",
            Self::NonZeroI64 => "nonzero_i64",
            Self::NonZeroI128 => "nonzero_i128",
            Self::NonZeroUsize => "nonzero_usize",
            Self::NonZeroIsize => "nonzero_isize",
            Self::Entity => "entity",
            Self::Duration => "duration",
        }
    }

    /// The scalar with this [name](Self::name).
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scalar| scalar.name() == name)
    }

    /// Whether `bytes`, which are as many as a value has, are one.
    pub fn is_valid(self, bytes: &[u8]) -> bool {
        let number = |bytes: &[u8]| bytes.iter().rev().fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
        match self {
            Self::Bool => bytes[0] <= 1,
            Self::Char => char::from_u32(number(bytes) as u32).is_some(),
            Self::Duration => number(&bytes[8..]) < 1_000_000_000,
            // A database that was written on a machine with wider words may hold values that this one has not.
            Self::Usize | Self::NonZeroUsize if usize::try_from(number(bytes)).is_err() => false,
            Self::Isize | Self::NonZeroIsize if isize::try_from(number(bytes).cast_signed()).is_err() => false,
            scalar if scalar.is_never_zero() => bytes.iter().any(|byte| *byte != 0),
            _ => true,
        }
    }

    /// Whether there are bytes that are no value.
    pub const fn is_checked(self) -> bool {
        matches!(self, Self::Bool | Self::Char | Self::Duration | Self::Usize | Self::Isize) || self.is_never_zero()
    }
}
