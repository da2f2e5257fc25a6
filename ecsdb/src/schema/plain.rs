//! Values as text formats have them: numbers, texts, truth values, arrays and tables.
//!
//! TOML and JSON share this form, so that a default reads the same in both. A value goes through it with its type at
//! hand: the form alone does not say which type a value has. `docs/schema.md` describes it.

use core::time::Duration;

use super::error::SchemaErrorKind;
use super::type_text::is_tuple;
use super::{DefaultValue, Encoded, EnumType, FieldType, Member, Scalar, Value};
use crate::entity::Entity;

/// A value without its type.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Plain {
    /// A whole number that fits 64 bits with a sign. Others are texts.
    Integer(i64),
    /// A float.
    Float(f64),
    /// `true` or `false`.
    Bool(bool),
    /// A text.
    Text(String),
    /// Several values.
    Array(Vec<Plain>),
    /// Several values under names.
    Table(Vec<(String, Plain)>),
}

/// What stands for nothing, and the key for it where a text could be meant.
const NONE: &str = "none";

/// The key for something that could be mistaken for nothing.
const SOME: &str = "some";

/// A form that is no value of the type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unfit {
    /// Where in the value, from the outside in; empty for the whole.
    pub at: String,
    /// What is expected there.
    pub expected: String,
    /// What stands there.
    pub found: String,
}

impl Unfit {
    fn inside(mut self, part: &str) -> Self {
        self.at = if self.at.is_empty() { part.to_owned() } else { format!("{part}.{}", self.at) };
        self
    }
}

type Read = Result<Value, Unfit>;

impl Plain {
    /// The value, short enough for a message.
    pub fn describe(&self) -> String {
        match self {
            Self::Integer(number) => format!("the number {number}"),
            Self::Float(number) => format!("the number {number:?}"),
            Self::Bool(flag) => flag.to_string(),
            Self::Text(text) => format!("the text {text:?}"),
            Self::Array(values) => format!("an array of {}", values.len()),
            Self::Table(_) => "a table".to_owned(),
        }
    }

    /// The form of a value of type `field_type`.
    pub fn of(value: &Value, field_type: &FieldType) -> Self {
        match (field_type, value) {
            (FieldType::Optional(inner), Value::Optional(None)) if takes_none(inner) => {
                Self::Table(vec![(NONE.to_owned(), Self::Bool(true))])
            }
            (_, Value::Optional(None)) => Self::Text(NONE.to_owned()),
            (FieldType::Optional(inner), Value::Optional(Some(value))) => {
                let plain = Self::of(value, inner);
                if plain.means_optional(inner) { Self::Table(vec![(SOME.to_owned(), plain)]) } else { plain }
            }
            (FieldType::Array { element, .. } | FieldType::List(element), Value::Array(values)) => {
                Self::Array(values.iter().map(|value| Self::of(value, element)).collect())
            }
            (FieldType::Struct(of), Value::Struct(values)) => members_of(values, &of.fields),
            (FieldType::Enum(of), Value::Variant { variant, fields }) => {
                let members = of.named(variant).map_or(&[][..], |variant| &variant.fields);
                if members.is_empty() {
                    Self::Text(variant.clone())
                } else {
                    Self::Table(vec![(variant.clone(), members_of(fields, members))])
                }
            }
            (_, value) => single(value),
        }
    }

    /// Whether an optional `inner` reads this as something else than a value of `inner`.
    fn means_optional(&self, inner: &FieldType) -> bool {
        match self {
            Self::Text(text) => text == NONE && !takes_none(inner),
            Self::Table(fields) => matches!(&fields[..], [(key, _)] if key == NONE || key == SOME),
            _ => false,
        }
    }

    /// The value of type `field_type` that this is the form of.
    pub fn read(&self, field_type: &FieldType) -> Read {
        match field_type {
            FieldType::Optional(inner) => match self {
                Self::Text(text) if text == NONE && !takes_none(inner) => Ok(Value::Optional(None)),
                Self::Table(fields) => match &fields[..] {
                    [(key, Self::Bool(true))] if key == NONE => Ok(Value::Optional(None)),
                    [(key, value)] if key == SOME => Ok(Value::Optional(Some(Box::new(value.read(inner)?)))),
                    _ => Ok(Value::Optional(Some(Box::new(self.read(inner)?)))),
                },
                plain => Ok(Value::Optional(Some(Box::new(plain.read(inner)?)))),
            },
            FieldType::Array { element, .. } | FieldType::List(element) => match self {
                Self::Array(values) => {
                    let read = |(index, value): (usize, &Self)| {
                        value.read(element).map_err(|unfit| unfit.inside(&index.to_string()))
                    };
                    values.iter().enumerate().map(read).collect::<Result<_, _>>().map(Value::Array)
                }
                _ => self.unfit("an array", field_type),
            },
            FieldType::Struct(of) => Ok(Value::Struct(self.read_members(&of.fields, field_type)?)),
            FieldType::Enum(of) => self.read_variant(of, field_type),
            FieldType::FixedText { .. } | FieldType::Text => match self {
                Self::Text(text) => Ok(Value::Text(text.clone())),
                _ => self.unfit("a text", field_type),
            },
            FieldType::Reference { .. } => self.read_scalar(Scalar::Entity, field_type),
            FieldType::Scalar(scalar) => self.read_scalar(*scalar, field_type),
        }
    }

    fn unfit<T>(&self, expected: &str, field_type: &FieldType) -> Result<T, Unfit> {
        let expected = format!("{expected} for a `{field_type}`");
        Err(Unfit { at: String::new(), expected, found: self.describe() })
    }

    fn read_members(&self, members: &[Member], field_type: &FieldType) -> Result<Vec<(String, Value)>, Unfit> {
        let read = |member: &Member, value: &Self| {
            let value = value.read(&member.field_type).map_err(|unfit| unfit.inside(&member.name))?;
            Ok((member.name.to_string(), value))
        };
        match self {
            Self::Array(values) if is_tuple(members) && values.len() == members.len() => {
                members.iter().zip(values).map(|(member, value)| read(member, value)).collect()
            }
            Self::Table(fields) if fields.len() == members.len() => members
                .iter()
                .map(|member| match fields.iter().find(|(name, _)| *name == member.name) {
                    Some((_, value)) => read(member, value),
                    None => self.unfit(&shape(members), field_type),
                })
                .collect(),
            _ => self.unfit(&shape(members), field_type),
        }
    }

    fn read_variant(&self, of: &EnumType, field_type: &FieldType) -> Read {
        let (name, fields) = match self {
            Self::Text(name) => (name, None),
            Self::Table(fields) => match &fields[..] {
                [(name, fields)] => (name, Some(fields)),
                _ => return self.unfit("a table with the name of a variant as its only key", field_type),
            },
            _ => return self.unfit("the name of a variant", field_type),
        };
        let Some(variant) = of.named(name) else { return self.unfit("the name of a variant", field_type) };
        let fields = match fields {
            Some(fields) => fields.read_members(&variant.fields, field_type).map_err(|unfit| unfit.inside(name))?,
            None if variant.fields.is_empty() => Vec::new(),
            None => return self.unfit(&format!("{{ {name} = ... }} with {}", shape(&variant.fields)), field_type),
        };
        Ok(Value::Variant { variant: name.clone(), fields })
    }

    fn read_scalar(&self, scalar: Scalar, field_type: &FieldType) -> Read {
        let read = match (scalar, self) {
            (Scalar::Bool, Self::Bool(flag)) => Some(Value::Bool(*flag)),
            (Scalar::Char, Self::Text(text)) => only_char(text).map(Value::Char),
            (Scalar::Duration, Self::Text(text)) => duration(text).map(Value::Duration),
            (Scalar::Entity, Self::Text(text)) => entity(text).map(Value::Entity),
            (Scalar::F32, plain) => plain.float(u32::from_str_radix, f32::from_bits).map(|float| match float {
                Float::Wide(wide) => Value::F32(wide as f32),
                Float::Exact(exact) => Value::F32(exact),
            }),
            (Scalar::F64, plain) => plain.float(u64::from_str_radix, f64::from_bits).map(|float| match float {
                Float::Wide(exact) | Float::Exact(exact) => Value::F64(exact),
            }),
            (Scalar::Bool | Scalar::Char | Scalar::Duration | Scalar::Entity, _) => None,
            (_, Self::Integer(number)) => Some(Value::I64(*number)),
            (_, Self::Text(text)) => whole(text),
            _ => None,
        };
        // A number too large for its type would become infinite.
        let is_finite = |value: &Value| match (value, self) {
            (Value::F32(value), Self::Float(written)) => value.is_infinite() == written.is_infinite(),
            _ => true,
        };
        read.filter(is_finite).map_or_else(|| self.unfit(expected(scalar), field_type), Ok)
    }

    /// A float, from a number, from a text for those that are none, or from its bits.
    fn float<B, F>(
        &self,
        radix: fn(&str, u32) -> Result<B, core::num::ParseIntError>,
        of: fn(B) -> F,
    ) -> Option<Float<F>> {
        match self {
            Self::Float(number) => Some(Float::Wide(*number)),
            // A whole number that a float has exactly.
            Self::Integer(number) if number.unsigned_abs() <= 1 << 24 => Some(Float::Wide(*number as f64)),
            Self::Text(text) => match text.as_str() {
                "inf" => Some(Float::Wide(f64::INFINITY)),
                "-inf" => Some(Float::Wide(f64::NEG_INFINITY)),
                "nan" => Some(Float::Wide(f64::NAN)),
                other => Some(Float::Exact(of(radix(other.strip_prefix("0x")?, 16).ok()?))),
            },
            _ => None,
        }
    }
}

/// The default that is written as `plain`.
pub(super) fn read_default(plain: &Plain, field_type: &FieldType) -> Result<DefaultValue, SchemaErrorKind> {
    let value = plain.read(field_type).map_err(|unfit| {
        let key = if unfit.at.is_empty() { "default".to_owned() } else { format!("default.{}", unfit.at) };
        SchemaErrorKind::WrongValue { key, expected: unfit.expected, found: unfit.found }
    })?;
    let encoded = Encoded::from_value(&value, field_type).map_err(|error| SchemaErrorKind::Default { error })?;
    Ok(DefaultValue::Read(encoded))
}

/// A float as it was found.
enum Float<F> {
    /// As a number.
    Wide(f64),
    /// As its bits.
    Exact(F),
}

/// Whether the text `none` may be a value of the type.
fn takes_none(of: &FieldType) -> bool {
    match of {
        FieldType::Text | FieldType::FixedText { .. } => true,
        FieldType::Enum(of) => of.named(NONE).is_some(),
        FieldType::Optional(inner) => takes_none(inner),
        _ => false,
    }
}

fn members_of(values: &[(String, Value)], members: &[Member]) -> Plain {
    let plain = |member: &Member| {
        let value = values.iter().find(|(name, _)| *name == member.name);
        // A value of the type has every member.
        value.map_or(Plain::Text(String::new()), |(_, value)| Plain::of(value, &member.field_type))
    };
    if is_tuple(members) {
        Plain::Array(members.iter().map(plain).collect())
    } else {
        Plain::Table(members.iter().map(|member| (member.name.to_string(), plain(member))).collect())
    }
}

/// What the members of a struct look like.
fn shape(members: &[Member]) -> String {
    if is_tuple(members) {
        return format!("an array of {}", members.len());
    }
    let names: Vec<&str> = members.iter().map(|member| &*member.name).collect();
    format!("a table of `{}`", names.join("`, `"))
}

const fn expected(scalar: Scalar) -> &'static str {
    match scalar {
        Scalar::Bool => "true or false",
        Scalar::Char => "a text of one character",
        Scalar::Duration => "a text like \"1.5s\" or \"20ms\"",
        Scalar::Entity => "a text like \"3v1\", slot and generation,",
        Scalar::F32 | Scalar::F64 => "a number",
        _ => "a whole number",
    }
}

fn single(value: &Value) -> Plain {
    match value {
        Value::U8(value) => Plain::Integer((*value).into()),
        Value::U16(value) => Plain::Integer((*value).into()),
        Value::U32(value) => Plain::Integer((*value).into()),
        Value::I8(value) => Plain::Integer((*value).into()),
        Value::I16(value) => Plain::Integer((*value).into()),
        Value::I32(value) => Plain::Integer((*value).into()),
        Value::I64(value) => Plain::Integer(*value),
        Value::U64(value) => i64::try_from(*value).map_or_else(|_| Plain::Text(value.to_string()), Plain::Integer),
        Value::U128(value) => i64::try_from(*value).map_or_else(|_| Plain::Text(value.to_string()), Plain::Integer),
        Value::I128(value) => i64::try_from(*value).map_or_else(|_| Plain::Text(value.to_string()), Plain::Integer),
        Value::F32(value) => {
            // The shortest text, not the digits that the value has in a wider float.
            let wide: f64 = format!("{value:?}").parse().unwrap_or(f64::NAN);
            let comes_back = (wide as f32).to_bits() == value.to_bits();
            if comes_back { Plain::Float(wide) } else { Plain::Text(format!("{:#010x}", value.to_bits())) }
        }
        Value::F64(value) => {
            let is_usual = !value.is_nan() || value.to_bits() == f64::NAN.to_bits();
            if is_usual { Plain::Float(*value) } else { Plain::Text(format!("{:#018x}", value.to_bits())) }
        }
        Value::Bool(value) => Plain::Bool(*value),
        Value::Char(value) => Plain::Text(value.to_string()),
        Value::Duration(value) => Plain::Text(duration_text(*value)),
        Value::Text(value) => Plain::Text(value.clone()),
        Value::Entity(entity) => Plain::Text(format!("{}v{}", entity.slot(), entity.generation())),
        // Whatever else there is was answered by its type.
        other => Plain::Text(other.to_string()),
    }
}

/// A whole number in decimal digits.
fn whole(text: &str) -> Option<Value> {
    if text.starts_with('+') {
        return None;
    }
    let negative = || text.parse().ok().map(Value::I128);
    text.parse().ok().map(Value::U128).or_else(negative)
}

fn only_char(text: &str) -> Option<char> {
    let mut chars = text.chars();
    chars.next().filter(|_| chars.as_str().is_empty())
}

/// `3v1`: slot and generation.
fn entity(text: &str) -> Option<Entity> {
    let (slot, generation) = text.split_once('v')?;
    let number = |text: &str| text.parse::<u32>().ok().filter(|_| !text.starts_with('+'));
    Entity::from_bits(u64::from(number(generation)?) << 32 | u64::from(number(slot)?))
}

/// Seconds, with as many digits behind the point as there are.
fn duration_text(duration: Duration) -> String {
    let (seconds, nanoseconds) = (duration.as_secs(), duration.subsec_nanos());
    if nanoseconds == 0 {
        return format!("{seconds}s");
    }
    let digits = format!("{nanoseconds:09}");
    format!("{seconds}.{}s", digits.trim_end_matches('0'))
}

/// A number, with a point or without, and `s`, `ms`, `us` or `ns`.
fn duration(text: &str) -> Option<Duration> {
    let units = [("ns", 1), ("us", 1_000), ("ms", 1_000_000), ("s", 1_000_000_000_u128)];
    let (number, unit) = units.iter().find_map(|(name, unit)| Some((text.strip_suffix(name)?, *unit)))?;
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let digits = |text: &str| {
        let is_number = !text.is_empty() && text.bytes().all(|digit| digit.is_ascii_digit());
        text.parse::<u128>().ok().filter(|_| is_number)
    };
    // More digits than a second has nanoseconds are no whole number of them.
    let scale = 10_u128.checked_pow(u32::try_from(fraction.len()).ok()?)?;
    let part = digits(fraction)?.checked_mul(unit)?;
    if !part.is_multiple_of(scale) {
        return None;
    }
    let nanoseconds = digits(whole)?.checked_mul(unit)?.checked_add(part / scale)?;
    let seconds = u64::try_from(nanoseconds / 1_000_000_000).ok()?;
    Some(Duration::new(seconds, (nanoseconds % 1_000_000_000) as u32))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::type_text::parse_type;

    /// What `plain` reads as in a type, written as people read values.
    fn read(plain: Plain, of: &str) -> Result<String, String> {
        let of = parse_type(of).unwrap();
        plain
            .read(&of)
            .map(|value| value.to_string())
            .map_err(|unfit| format!("{}: {}, {}", unfit.at, unfit.expected, unfit.found))
    }

    fn text(text: &str) -> Plain {
        Plain::Text(text.to_owned())
    }

    #[test]
    fn none_is_a_word_where_no_text_can_be_meant() {
        let none = || Plain::Table(vec![("none".to_owned(), Plain::Bool(true))]);
        assert_eq!(read(text("none"), "u8?"), Ok("none".to_owned()));
        assert_eq!(read(text("none"), "string?"), Ok("\"none\"".to_owned()));
        assert_eq!(read(none(), "string?"), Ok("none".to_owned()));
        assert_eq!(read(none(), "u8?"), Ok("none".to_owned()));
        for (value, of) in [
            (Value::Optional(None), "u8?"),
            (Value::Optional(None), "string?"),
            (Value::from(Some("none")), "string?"),
            (Value::Optional(Some(Box::new(Value::Optional(None)))), "u8??"),
            (Value::Optional(Some(Box::new(Value::Optional(None)))), "string??"),
            (Value::from(Some(Value::Struct(vec![("none".to_owned(), Value::Bool(true))]))), "struct { none: bool }?"),
        ] {
            let of = parse_type(of).unwrap();
            assert_eq!(Plain::of(&value, &of).read(&of), Ok(value), "{of}");
        }
    }

    #[test]
    fn durations_are_seconds_with_a_point() {
        for (written, read) in [
            ("1.5s", Duration::from_millis(1500)),
            ("20ms", Duration::from_millis(20)),
            ("0.5us", Duration::from_nanos(500)),
            ("18446744073709551615.999999999s", Duration::MAX),
        ] {
            assert_eq!(duration(written), Some(read));
            assert_eq!(duration(&duration_text(read)), Some(read));
        }
        for wrong in ["1", "s", "1.s", ".5s", "-1s", "+1s", "1.5ns", "18446744073709551616s", "1 s", "1m"] {
            assert_eq!(duration(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn what_does_not_fit_says_where() {
        let table = Plain::Table(vec![("x".to_owned(), Plain::Array(vec![Plain::Integer(1), Plain::Bool(true)]))]);
        assert_eq!(read(table, "struct P { x: [u8] }"), Err("x.1: a whole number for a `u8`, true".to_owned()));
        assert_eq!(read(Plain::Float(1e300), "f32"), Err(": a number for a `f32`, the number 1e300".to_owned()));
        assert_eq!(read(text("ab"), "char"), Err(": a text of one character for a `char`, the text \"ab\"".to_owned()));
        assert_eq!(read(text("Idle"), "enum { Idle }"), Ok("Idle".to_owned()));
        assert_eq!(
            read(text("Chasing"), "enum { Chasing(u8) }"),
            Err(": { Chasing = ... } with an array of 1 for a `enum { Chasing(u8) }`, the text \"Chasing\"".to_owned())
        );
        assert_eq!(read(text("+1"), "u64"), Err(": a whole number for a `u64`, the text \"+1\"".to_owned()));
        assert_eq!(read(text("-170141183460469231731687303715884105728"), "i128").unwrap().len(), 40);
    }
}
