//! Values to the bytes of a row and its heap, and back.

use core::time::Duration;

use super::{FieldType, Member, Scalar, Value, ValueError};
use crate::bytes::{HeapBuf, Slot};
use crate::component::text_fault;
use crate::entity::Entity;

impl Value {
    /// The value that `bytes` are, in the type `field_type`; strings and lists stand in `heap`, the heap of the row.
    ///
    /// The bytes must have been [validated](super::TableSchema::validate). What was not reads as some value: a `bool` that is
    /// neither 0 nor 1 as `true`, an entity that is 0 as none, text that is no UTF-8 with replacement characters, a list
    /// that does not lie in the heap as empty.
    ///
    /// # Panics
    /// If `bytes` is shorter than a value of the type.
    pub fn decode(field_type: &FieldType, bytes: &[u8], heap: &[u8]) -> Self {
        match field_type {
            FieldType::Scalar(scalar) => Self::decode_scalar(*scalar, bytes),
            FieldType::Reference { .. } => Self::decode_scalar(Scalar::Entity, bytes),
            FieldType::Array { element, len } => elements(element, *len as usize, bytes, heap),
            FieldType::Optional(inner) => {
                let at = usize::from(!inner.has_niche());
                let is_none = bytes[..field_type.size()].iter().all(|byte| *byte == 0);
                Self::Optional((!is_none).then(|| Box::new(Self::decode(inner, &bytes[at..], heap))))
            }
            FieldType::Struct(of) => Self::Struct(members(&of.fields, bytes, heap)),
            FieldType::Enum(of) => match of.tagged(of.tag_of(bytes)) {
                Some(variant) => {
                    let fields = members(&variant.fields, &bytes[of.payload_at()..], heap);
                    Self::Variant { variant: variant.name.to_string(), fields }
                }
                None => Self::Variant { variant: String::new(), fields: Vec::new() },
            },
            FieldType::FixedText { bytes: most } => {
                let text = &bytes[..*most as usize];
                let len = text.iter().position(|byte| *byte == 0).unwrap_or(text.len());
                Self::Text(String::from_utf8_lossy(&text[..len]).into_owned())
            }
            FieldType::Text => {
                let text = found(Slot::read(bytes), 1, heap).unwrap_or_default();
                Self::Text(String::from_utf8_lossy(text).into_owned())
            }
            FieldType::List(element) => {
                let slot = Slot::read(bytes);
                match found(slot, element.size(), heap) {
                    Some(list) => elements(element, slot.len(), list, heap),
                    None => Self::Array(Vec::new()),
                }
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
        match (scalar, scalar.number()) {
            (Scalar::Char, _) => {
                let Self::U32(value) = number!(U32, u32) else { unreachable!("just made") };
                Self::Char(char::from_u32(value).unwrap_or(char::REPLACEMENT_CHARACTER))
            }
            (_, Some(number)) => match number {
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
                _ => number!(F64, f64),
            },
            (Scalar::Bool, None) => Self::Bool(bytes[0] != 0),
            (Scalar::Duration, None) => {
                let (seconds, nanoseconds) = bytes.split_at(8);
                let number = |bytes: &[u8]| bytes.iter().rev().fold(0, |bits, byte| bits << 8 | u64::from(*byte));
                let nanoseconds = Duration::from_nanos(number(&nanoseconds[..4]));
                Self::Duration(Duration::from_secs(number(seconds)).saturating_add(nanoseconds))
            }
            (_, None) => {
                let mut value = [0; 8];
                value.copy_from_slice(&bytes[..8]);
                match Entity::from_bits(u64::from_le_bytes(value)) {
                    Some(entity) => Self::Entity(entity),
                    None => Self::Optional(None),
                }
            }
        }
    }

    /// Writes the bytes of the value in the type `field_type`, and what has no fixed size to `heap`.
    ///
    /// The types must be the same, with exceptions that lose nothing: an integer goes into every integer type that
    /// has room for it, and a value into an optional one. A float never changes its width. If it fails, part of the value
    /// may have been written.
    ///
    /// # Errors
    /// If the value is of another type, out of range, an array of another length, a text that is too long, a variant or
    /// member that there is not.
    ///
    /// # Panics
    /// If `out` has not exactly as many bytes as the type.
    pub fn encode(&self, field_type: &FieldType, out: &mut [u8], heap: &mut HeapBuf) -> Result<(), ValueError> {
        assert_eq!(out.len(), field_type.size(), "as many bytes as `{field_type}` has");
        match (field_type, self) {
            (FieldType::Scalar(scalar), value) => value.encode_scalar(*scalar, out),
            (FieldType::Reference { .. }, value @ Self::Entity(_)) => value.encode_scalar(Scalar::Entity, out),
            (FieldType::Optional(_), Self::Optional(None)) => {
                out.fill(0);
                Ok(())
            }
            (FieldType::Optional(inner), value) => {
                let value = if let Self::Optional(Some(value)) = value { value } else { value };
                let at = usize::from(!inner.has_niche());
                out[..at].fill(1);
                value.encode(inner, &mut out[at..], heap)
            }
            (FieldType::Array { element, len }, Self::Array(values)) => {
                if values.len() != *len as usize {
                    return Err(ValueError::Length { expected: *len as usize, found: values.len() });
                }
                encode_elements(values, element, out, heap)
            }
            (FieldType::List(element), Self::Array(values)) => {
                let mut elements = vec![0; values.len() * element.size()];
                encode_elements(values, element, &mut elements, heap)?;
                let slot = heap.put(&elements, values.len(), element.align());
                out.copy_from_slice(&slot.to_bytes());
                Ok(())
            }
            (FieldType::Text, Self::Text(text)) => {
                out.copy_from_slice(&heap.text(text).to_bytes());
                Ok(())
            }
            (FieldType::FixedText { .. }, Self::Text(text)) => {
                out.fill(0);
                let why = match text_fault(text, out.len()) {
                    Some(why) => why.to_string(),
                    None => {
                        out[..text.len()].copy_from_slice(text.as_bytes());
                        return Ok(());
                    }
                };
                Err(ValueError::Text { expected: field_type.to_string(), found: text.clone(), why })
            }
            (FieldType::Struct(of), Self::Struct(fields)) => encode_members(fields, &of.fields, out, heap),
            (FieldType::Enum(of), Self::Variant { variant, fields }) => {
                let Some(known) = of.named(variant) else {
                    let variants = of.variants.iter().map(|variant| variant.name.to_string()).collect();
                    return Err(ValueError::UnknownVariant { found: variant.clone(), variants });
                };
                out.fill(0);
                let (tag, payload) = out.split_at_mut(of.payload_at());
                tag.copy_from_slice(&known.tag.to_le_bytes()[..of.payload_at()]);
                encode_members(fields, &known.fields, payload, heap)
            }
            (_, value) => Err(value.wrong_type(field_type.to_string())),
        }
    }

    fn encode_scalar(&self, scalar: Scalar, out: &mut [u8]) -> Result<(), ValueError> {
        match (scalar, self) {
            (Scalar::F32, Self::F32(value)) => out.copy_from_slice(&value.to_le_bytes()),
            (Scalar::F64, Self::F64(value)) => out.copy_from_slice(&value.to_le_bytes()),
            (Scalar::Bool, Self::Bool(value)) => out.copy_from_slice(&[u8::from(*value)]),
            (Scalar::Char, Self::Char(value)) => out.copy_from_slice(&u32::from(*value).to_le_bytes()),
            (Scalar::Duration, Self::Duration(value)) => {
                out[..8].copy_from_slice(&value.as_secs().to_le_bytes());
                out[8..].copy_from_slice(&value.subsec_nanos().to_le_bytes());
            }
            (Scalar::Entity, Self::Entity(entity)) => out.copy_from_slice(&entity.to_bits().to_le_bytes()),
            _ => {
                let (Some(bytes), Some((low, high))) = (self.integer_bytes(), bounds(scalar)) else {
                    return Err(self.wrong_type(scalar.name().to_owned()));
                };
                let is_zero = bytes.iter().all(|byte| *byte == 0);
                if !self.is_between(low, high) || is_zero && scalar.is_never_zero() {
                    let (value, expected) = (self.to_string(), scalar.name().to_owned());
                    return Err(ValueError::OutOfRange { value, expected });
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
}

/// The bytes that a slot stands for, if they lie in the heap.
fn found(slot: Slot, size: usize, heap: &[u8]) -> Option<&[u8]> {
    heap.get(slot.start()..)?.get(..slot.len().checked_mul(size)?)
}

fn elements(element: &FieldType, len: usize, bytes: &[u8], heap: &[u8]) -> Value {
    let size = element.size();
    Value::Array((0..len).map(|index| Value::decode(element, &bytes[index * size..], heap)).collect())
}

fn encode_elements(
    values: &[Value],
    element: &FieldType,
    out: &mut [u8],
    heap: &mut HeapBuf,
) -> Result<(), ValueError> {
    let size = element.size();
    for (index, value) in values.iter().enumerate() {
        value
            .encode(element, &mut out[index * size..(index + 1) * size], heap)
            .map_err(|error| ValueError::Element { index, error: Box::new(error) })?;
    }
    Ok(())
}

fn members(members: &[Member], bytes: &[u8], heap: &[u8]) -> Vec<(String, Value)> {
    let mut at = 0;
    members
        .iter()
        .map(|member| {
            let value = Value::decode(&member.field_type, &bytes[at..], heap);
            at += member.field_type.size();
            (member.name.to_string(), value)
        })
        .collect()
}

/// Writes the members, which may come in any order, to the front of `out`.
fn encode_members(
    values: &[(String, Value)],
    members: &[Member],
    out: &mut [u8],
    heap: &mut HeapBuf,
) -> Result<(), ValueError> {
    let wrong = || ValueError::Members {
        expected: members.iter().map(|member| member.name.to_string()).collect(),
        found: values.iter().map(|(name, _)| name.clone()).collect(),
    };
    if values.len() != members.len() {
        return Err(wrong());
    }
    let mut at = 0;
    for member in members {
        let (name, value) = values.iter().find(|(name, _)| *name == member.name).ok_or_else(wrong)?;
        let size = member.field_type.size();
        value
            .encode(&member.field_type, &mut out[at..at + size], heap)
            .map_err(|error| ValueError::Member { member: name.clone(), error: Box::new(error) })?;
        at += size;
    }
    Ok(())
}

/// The least and the greatest integer of a type; `None` if it is no integer.
pub(super) const fn bounds(scalar: Scalar) -> Option<(i128, u128)> {
    let Some(number) = scalar.number() else { return None };
    Some(match number {
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
        _ => return None,
    })
}
