//! How a value of one type becomes bytes whose order is that of the values.
//!
//! Owns the encoding. A [`Part`] is a type prepared for it, so that nothing is looked up for each row.

use smallvec::SmallVec;

use super::{KeyBuf, KeyFault, TEXT_KEY_BYTES};
use crate::bytes::Slot;
use crate::schema::{FieldType, Member, Scalar};

/// Which bytes stand for texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// As many for each text: the first ones, filled up.
    Cut,
    /// All of them, and an end.
    Full,
}

/// A type, prepared for making keys of its values.
#[derive(Clone, Debug)]
pub(super) enum Part {
    /// A number in little-endian bytes.
    Number { bytes: usize, sign: Sign },
    /// Slot, then generation.
    Entity,
    /// Seconds, then nanoseconds.
    Duration,
    /// A text in the row.
    FixedText { bytes: usize },
    /// A text in the heap.
    Text,
    /// A byte that is 0 for none, then the value, or zeros.
    Optional { inner: Box<Part>, bytes: usize, value_at: usize },
    /// Several values, each at its place in the row.
    Sequence(Box<[(usize, Part)]>),
    /// The position of the variant, then its fields, then zeros.
    Enum { tag_bytes: usize, variants: Box<[(u32, Part)]>, width: usize },
}

/// What the first bit of a number says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sign {
    /// Nothing.
    Unsigned,
    /// Two's complement.
    Integer,
    /// Sign and magnitude.
    Float,
}

impl Part {
    /// Prepares `field_type`.
    pub fn of(field_type: &FieldType) -> Result<Self, KeyFault> {
        Ok(match field_type {
            FieldType::Scalar(scalar) => Self::scalar(*scalar),
            FieldType::Reference { .. } => Self::Entity,
            FieldType::FixedText { bytes } => Self::FixedText { bytes: *bytes as usize },
            FieldType::Text => Self::Text,
            FieldType::List(_) => return Err(KeyFault::InnerList),
            FieldType::Optional(inner) => Self::Optional {
                inner: Box::new(Self::of(inner)?),
                bytes: field_type.size(),
                value_at: usize::from(!inner.has_niche()),
            },
            FieldType::Array { element, len } => {
                let part = Self::of(element)?;
                let size = element.size();
                Self::Sequence((0..*len as usize).map(|index| (index * size, part.clone())).collect())
            }
            FieldType::Struct(of) => Self::members(&of.fields, 0)?,
            FieldType::Enum(of) => {
                let variant = |variant: &crate::schema::Variant| {
                    Ok((variant.tag, Self::members(&variant.fields, of.payload_at())?))
                };
                let variants = of.variants.iter().map(variant).collect::<Result<Box<[_]>, _>>()?;
                if variants.iter().any(|(_, part)| part.texts().next().is_some()) {
                    // It would stand somewhere else in each variant.
                    return Err(KeyFault::InnerText);
                }
                let tag_bytes = usize::from(of.tag_bytes);
                let width = tag_bytes + variants.iter().map(|(_, part)| part.width()).max().unwrap_or(0);
                Self::Enum { tag_bytes, variants, width }
            }
        })
    }

    fn scalar(scalar: Scalar) -> Self {
        let sign = match scalar.number() {
            None if scalar == Scalar::Entity => return Self::Entity,
            None if scalar == Scalar::Duration => return Self::Duration,
            Some(Scalar::I8 | Scalar::I16 | Scalar::I32 | Scalar::I64 | Scalar::I128) => Sign::Integer,
            Some(Scalar::F32 | Scalar::F64) => Sign::Float,
            _ => Sign::Unsigned,
        };
        Self::Number { bytes: scalar.size(), sign }
    }

    fn members(members: &[Member], first: usize) -> Result<Self, KeyFault> {
        let mut at = first;
        let part = |member: &Member| {
            let place = at;
            at += member.field_type.size();
            Ok((place, Self::of(&member.field_type)?))
        };
        members.iter().map(part).collect::<Result<_, _>>().map(Self::Sequence)
    }

    /// Bytes of a key of it, with cut texts.
    pub fn width(&self) -> usize {
        match self {
            Self::Number { bytes, .. } | Self::FixedText { bytes } => *bytes,
            Self::Entity => Scalar::Entity.size(),
            Self::Duration => Scalar::Duration.size(),
            Self::Text => TEXT_KEY_BYTES,
            Self::Optional { inner, .. } => 1 + inner.width(),
            Self::Sequence(parts) => parts.iter().map(|(_, part)| part.width()).sum(),
            Self::Enum { width, .. } => *width,
        }
    }

    /// Where in a key of it the first bytes of texts stand.
    pub fn texts(&self) -> Box<dyn Iterator<Item = usize> + '_> {
        match self {
            Self::Text => Box::new(core::iter::once(0)),
            Self::Optional { inner, .. } => Box::new(inner.texts().map(|at| at + 1)),
            Self::Sequence(parts) => {
                let mut first = 0;
                Box::new(parts.iter().flat_map(move |(_, part)| {
                    let at = first;
                    first += part.width();
                    part.texts().map(move |text| at + text)
                }))
            }
            _ => Box::new(core::iter::empty()),
        }
    }

    /// Whether a value may be none.
    pub fn is_optional(&self) -> bool {
        matches!(self, Self::Optional { .. })
    }

    /// Whether two values are the same exactly if their bytes in the row are.
    pub fn is_plain(&self) -> bool {
        match self {
            Self::Number { .. } | Self::Entity | Self::Duration | Self::FixedText { .. } => true,
            Self::Sequence(parts) => parts.iter().all(|(_, part)| part.is_plain()),
            Self::Text | Self::Optional { .. } | Self::Enum { .. } => false,
        }
    }

    /// Appends the key of the value that `bytes` begin with, whose text is in `heap`.
    pub fn encode(&self, bytes: &[u8], heap: &[u8], form: Form, out: &mut KeyBuf) {
        match self {
            Self::Number { bytes: size, sign } => number(&bytes[..*size], *sign, out),
            Self::Entity => {
                // The slot is the lower half.
                number(&bytes[..4], Sign::Unsigned, out);
                number(&bytes[4..8], Sign::Unsigned, out);
            }
            Self::Duration => {
                number(&bytes[..8], Sign::Unsigned, out);
                number(&bytes[8..12], Sign::Unsigned, out);
            }
            // It is filled up with zeros, and holds none.
            Self::FixedText { bytes: size } => out.extend_from_slice(&bytes[..*size]),
            Self::Text => text(text_of(bytes, heap), form, out),
            Self::Optional { inner, bytes: size, value_at } => {
                if bytes[..*size].iter().all(|byte| *byte == 0) {
                    out.push(0);
                    if form == Form::Cut {
                        out.resize(out.len() + inner.width(), 0);
                    }
                } else {
                    out.push(1);
                    inner.encode(&bytes[*value_at..], heap, form, out);
                }
            }
            Self::Sequence(parts) => {
                for (at, part) in parts {
                    part.encode(&bytes[*at..], heap, form, out);
                }
            }
            Self::Enum { tag_bytes, variants, width } => {
                let end = out.len() + width;
                let mut tag = [0; 4];
                tag[..*tag_bytes].copy_from_slice(&bytes[..*tag_bytes]);
                let tag = u32::from_le_bytes(tag);
                // Tags are mostly the positions of the variants.
                let position = match variants.get(tag as usize) {
                    Some((guess, _)) if *guess == tag => tag as usize,
                    _ => variants.iter().position(|(of, _)| *of == tag).unwrap_or(0),
                };
                out.extend_from_slice(&(position as u32).to_be_bytes()[4 - tag_bytes..]);
                if let Some((_, part)) = variants.get(position) {
                    part.encode(bytes, heap, form, out);
                }
                out.resize(end, 0);
            }
        }
    }
}

/// The bytes of the text that the slot at the front of `bytes` stands for.
fn text_of<'a>(bytes: &[u8], heap: &'a [u8]) -> &'a [u8] {
    let slot = Slot::read(bytes);
    heap.get(slot.start()..).and_then(|rest| rest.get(..slot.len())).unwrap_or_default()
}

/// The bytes of texts, each one larger: no byte of UTF-8 is the largest one, so that 0 is left for the end.
pub(super) fn text(text: &[u8], form: Form, out: &mut KeyBuf) {
    let end = out.len() + TEXT_KEY_BYTES;
    match form {
        Form::Cut => {
            out.extend(text.iter().take(TEXT_KEY_BYTES).map(|byte| byte.wrapping_add(1)));
            out.resize(end, 0);
        }
        Form::Full => {
            out.extend(text.iter().map(|byte| byte.wrapping_add(1)));
            out.push(0);
        }
    }
}

fn number(bytes: &[u8], sign: Sign, out: &mut KeyBuf) {
    // The widths that nearly all numbers have are turned around in a register.
    match *bytes {
        [byte] => ordered(&mut [byte], sign, out),
        [a, b] => ordered(&mut [b, a], sign, out),
        [a, b, c, d] => ordered(&mut [d, c, b, a], sign, out),
        _ => match <[u8; 8]>::try_from(bytes) {
            Ok(bytes) => ordered(&mut u64::from_le_bytes(bytes).to_be_bytes(), sign, out),
            Err(_) => {
                let mut bytes: SmallVec<[u8; 16]> = SmallVec::from_slice(bytes);
                bytes.reverse();
                ordered(&mut bytes, sign, out);
            }
        },
    }
}

/// Appends a number whose highest byte is first.
#[inline]
fn ordered(bytes: &mut [u8], sign: Sign, out: &mut KeyBuf) {
    match sign {
        Sign::Unsigned => {}
        Sign::Float if bytes[0] & 0x80 != 0 => bytes.iter_mut().for_each(|byte| *byte = !*byte),
        Sign::Integer | Sign::Float => bytes[0] ^= 0x80,
    }
    out.extend_from_slice(bytes);
}
