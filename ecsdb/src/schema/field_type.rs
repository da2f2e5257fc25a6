//! The types that a field can have, their canonical sizes and alignments.

use core::fmt;
use core::ops::Deref;
use std::borrow::Cow;
use std::sync::Arc;

use super::Scalar;

/// Bytes of what stands in a row for a string or a list: where it begins in the row's heap, and how long it is.
const SLOT_BYTES: usize = 8;

/// The alignment of such a slot's contents if it has no stricter one.
const LEAST_ALIGN: usize = 1;

/// The type of a field.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FieldType {
    /// One value.
    Scalar(Scalar),
    /// An entity that has a row in a table: eight bytes, as [`Scalar::Entity`].
    Reference {
        /// The table.
        table: Cow<'static, str>,
    },
    /// `len` values one after the other, stored in the row.
    Array {
        /// The type of each element.
        element: TypeRef,
        /// How many elements.
        len: u32,
    },
    /// A value or none. Of types that are never all zero ([`FieldType::has_niche`]) as many bytes as the value, all zero
    /// for none; of others a byte that is 0 or 1 before the value, and the value's bytes all zero for none.
    Optional(TypeRef),
    /// Several values under names, one after the other.
    Struct(StructType),
    /// One of several variants: a tag, then the fields of the variant, then zeros up to the size of the largest.
    Enum(EnumType),
    /// UTF-8 of up to `bytes` bytes, stored in the row, filled up with zeros. It holds no zero itself.
    FixedText {
        /// The most bytes.
        bytes: u32,
    },
    /// UTF-8 of any length, stored in the heap of the row.
    Text,
    /// Any number of values, stored in the heap of the row.
    List(TypeRef),
}

/// Several values one after the other: a struct, a tuple, or nothing.
///
/// What it is called says nothing about the values: two types with the same fields are the same.
#[derive(Clone, Debug)]
pub struct StructType {
    /// What it is called; empty for a tuple.
    pub name: Cow<'static, str>,
    /// Its fields.
    pub fields: Cow<'static, [Member]>,
}

/// One of several variants.
#[derive(Clone, Debug)]
pub struct EnumType {
    /// What it is called. As for [`StructType`], it does not matter for equality.
    pub name: Cow<'static, str>,
    /// Bytes of the tag: 1, 2 or 4.
    pub tag_bytes: u8,
    /// The variants.
    pub variants: Cow<'static, [Variant]>,
}

/// A value in a [`StructType`] or a [`Variant`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Member {
    /// Its name; in a tuple its number, from 0.
    pub name: Cow<'static, str>,
    /// What it holds.
    pub field_type: FieldType,
}

/// A variant of an [`EnumType`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Variant {
    /// Its name, unique in the enum.
    pub name: Cow<'static, str>,
    /// What stands in the row for it, unique in the enum.
    pub tag: u32,
    /// The name that it had before, or nothing.
    pub renamed_from: Cow<'static, str>,
    /// What it holds besides.
    pub fields: Cow<'static, [Member]>,
}

impl FieldType {
    /// Bytes that a value takes in a row, in every layout. What it has in the heap of the row does not count.
    pub fn size(&self) -> usize {
        match self {
            Self::Scalar(scalar) => scalar.size(),
            Self::Reference { .. } => Scalar::Entity.size(),
            Self::Array { element, len } => element.size() * *len as usize,
            Self::Optional(inner) => usize::from(!inner.has_niche()) + inner.size(),
            Self::Struct(of) => size_of_members(&of.fields),
            Self::Enum(of) => of.payload_at() + of.payload_bytes(),
            Self::FixedText { bytes } => *bytes as usize,
            Self::Text | Self::List(_) => SLOT_BYTES,
        }
    }

    /// The canonical alignment, in a native row and in a list: the strictest of the numbers in the value.
    pub fn align(&self) -> usize {
        match self {
            Self::Scalar(scalar) => scalar.align(),
            Self::Reference { .. } => Scalar::Entity.align(),
            Self::Array { element, .. } => element.align(),
            Self::Optional(inner) => inner.align(),
            Self::Struct(of) => align_of_members(&of.fields),
            Self::Enum(of) => of
                .variants
                .iter()
                .map(|variant| align_of_members(&variant.fields))
                .fold(usize::from(of.tag_bytes), usize::max),
            Self::FixedText { .. } | Self::Text | Self::List(_) => LEAST_ALIGN,
        }
    }

    /// Whether no value is all zero bytes, so that these can stand for none.
    pub const fn has_niche(&self) -> bool {
        match self {
            Self::Scalar(scalar) => scalar.is_never_zero(),
            Self::Reference { .. } => true,
            _ => false,
        }
    }

    /// Whether a value may have a part in the heap of the row.
    pub fn has_heap(&self) -> bool {
        match self {
            Self::Scalar(_) | Self::Reference { .. } | Self::FixedText { .. } => false,
            Self::Array { element: inner, .. } | Self::Optional(inner) => inner.has_heap(),
            Self::Struct(of) => of.fields.iter().any(|field| field.field_type.has_heap()),
            Self::Enum(of) => {
                of.variants.iter().flat_map(|variant| variant.fields.iter()).any(|field| field.field_type.has_heap())
            }
            Self::Text | Self::List(_) => true,
        }
    }

    /// How many columns it makes: itself, and for a struct those of its fields.
    pub fn column_count(&self) -> usize {
        match self {
            Self::Struct(of) => 1 + of.fields.iter().map(|field| field.field_type.column_count()).sum::<usize>(),
            _ => 1,
        }
    }
}

fn size_of_members(members: &[Member]) -> usize {
    members.iter().map(|member| member.field_type.size()).sum()
}

fn align_of_members(members: &[Member]) -> usize {
    members.iter().map(|member| member.field_type.align()).fold(LEAST_ALIGN, usize::max)
}

impl EnumType {
    /// Where the fields of a variant begin.
    pub fn payload_at(&self) -> usize {
        usize::from(self.tag_bytes)
    }

    /// Bytes of the fields of the largest variant.
    pub fn payload_bytes(&self) -> usize {
        self.variants.iter().map(|variant| size_of_members(&variant.fields)).max().unwrap_or(0)
    }

    /// The variant with this tag.
    pub fn tagged(&self, tag: u32) -> Option<&Variant> {
        // Tags are mostly the numbers of the variants.
        let guess = self.variants.get(tag as usize).filter(|variant| variant.tag == tag);
        guess.or_else(|| self.variants.iter().find(|variant| variant.tag == tag))
    }

    /// The variant with this name.
    pub fn named(&self, name: &str) -> Option<&Variant> {
        self.variants.iter().find(|variant| variant.name == name)
    }

    /// The tag that `bytes`, which hold a value, begin with.
    pub fn tag_of(&self, bytes: &[u8]) -> u32 {
        let mut tag = [0; 4];
        tag[..self.payload_at()].copy_from_slice(&bytes[..self.payload_at()]);
        u32::from_le_bytes(tag)
    }
}

impl PartialEq for StructType {
    fn eq(&self, other: &Self) -> bool {
        self.fields == other.fields
    }
}

impl Eq for StructType {}

impl core::hash::Hash for StructType {
    fn hash<H: core::hash::Hasher>(&self, state: &mut H) {
        self.fields.hash(state);
    }
}

impl PartialEq for EnumType {
    fn eq(&self, other: &Self) -> bool {
        self.tag_bytes == other.tag_bytes && self.variants == other.variants
    }
}

impl Eq for EnumType {}

impl core::hash::Hash for EnumType {
    fn hash<H: core::hash::Hasher>(&self, state: &mut H) {
        (self.tag_bytes, &self.variants).hash(state);
    }
}

/// A type inside another one: known at compile time, or loaded from a file.
#[derive(Clone)]
pub enum TypeRef {
    /// Part of a schema constant.
    Static(&'static FieldType),
    /// Part of a schema that was loaded.
    Shared(Arc<FieldType>),
}

impl From<FieldType> for TypeRef {
    fn from(field_type: FieldType) -> Self {
        Self::Shared(Arc::new(field_type))
    }
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

impl fmt::Debug for TypeRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
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
