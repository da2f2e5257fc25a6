//! Which types may become which, and the values with them.
//!
//! Owns the rules of "loses nothing" and how they are carried out. The rules are judged once for a pair of types, which
//! gives a [`Conversion`]; applying that to a value asks no more questions. It knows nothing of tables and rows, but for the
//! names of tables that references mention.

use thiserror::Error;

use super::fault::{TypeFault, TypeFaultKind};
use crate::bytes::HeapBuf;
use crate::schema::value_bytes::bounds;
use crate::schema::{EnumType, FieldType, Member, Scalar, Value, ValueError, Variant};

/// How values of one type become values of another, without a loss.
///
/// ```
/// use ecsdb::schema::diff::Conversion;
/// use ecsdb::schema::{FieldType, Scalar, Value};
///
/// let (narrow, wide) = (FieldType::Scalar(Scalar::U8), FieldType::Scalar(Scalar::I32));
/// let conversion = Conversion::between(&narrow, &wide)?;
/// assert_eq!(conversion.apply(Value::U8(7)).unwrap(), Value::I32(7));
///
/// let refused = Conversion::between(&wide, &narrow).unwrap_err();
/// assert_eq!(refused.to_string(), "not every `i32` is a `u8`");
/// # Ok::<(), ecsdb::schema::diff::TypeFault>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Conversion {
    how: How,
    same_bytes: bool,
}

/// A value that could not be converted.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ConvertError {
    /// The types do not allow it.
    #[error(transparent)]
    Type(#[from] TypeFault),
    /// The value is not of the type that it was said to be.
    #[error(transparent)]
    Value(#[from] ValueError),
    /// The strings and lists of a row would take too many bytes.
    #[error("the strings and lists of the row would take {found} bytes: at most {most} are allowed")]
    HeapTooLarge {
        /// The most bytes.
        most: usize,
        /// Bytes that they would take.
        found: usize,
    },
}

/// Converts one value: [`Conversion::between`], and then [`Conversion::apply`].
///
/// # Errors
/// If the types do not allow it, or `value` is not of type `from`.
pub fn convert(from: &FieldType, to: &FieldType, value: Value) -> Result<Value, ConvertError> {
    Ok(Conversion::between(from, to)?.apply(value)?)
}

/// What is done with a value.
#[derive(Clone, Debug, PartialEq)]
enum How {
    /// It stays.
    Keep,
    /// It becomes a wider number.
    Number(Scalar),
    /// It becomes something, where there may be nothing.
    Some(Box<How>),
    /// What there is changes, if there is something.
    Optional(Box<How>),
    /// Each element changes.
    Elements(Box<How>),
    /// It becomes the only member of a tuple.
    Wrap(Box<How>),
    /// It was the only member of a tuple.
    Unwrap(Box<How>),
    /// A struct.
    Members(Vec<NewMember>),
    /// An enum: its old variants.
    Variants(Vec<NewVariant>),
}

/// Where a member of the new type comes from.
#[derive(Clone, Debug, PartialEq)]
struct NewMember {
    name: String,
    from: Origin,
}

/// Where the value of a member comes from.
#[derive(Clone, Debug, PartialEq)]
enum Origin {
    /// The number of the old member, and what is done with its value.
    Old(usize, How),
    /// There was none: the value that says so.
    Nothing(Value),
}

/// What an old variant becomes.
#[derive(Clone, Debug, PartialEq)]
struct NewVariant {
    old: String,
    new: String,
    members: Vec<NewMember>,
}

impl Conversion {
    /// The conversion of values of type `from` into the type `to`.
    ///
    /// It exists where no value is lost: a number becomes one with all its values (integers also floats that count that
    /// far), a text a longer one, a value optional, an array a list; structs and variants keep their members by name, and
    /// get new ones that are optional; enums keep their variants by name, or by the name that they had before, and get new
    /// ones; a reference becomes an entity; a tuple of one comes and goes.
    ///
    /// # Errors
    /// If there is none; the error says which part of the type does not allow it, why, and what to do.
    pub fn between(from: &FieldType, to: &FieldType) -> Result<Self, TypeFault> {
        Self::with_tables(from, to, &|_| None)
    }

    /// As [`between`](Self::between), where `renamed` knows what a table of the old schema is called in the new one.
    pub(super) fn with_tables(
        from: &FieldType,
        to: &FieldType,
        renamed: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, TypeFault> {
        let (how, same_bytes) = Rules { renamed }.value(from, to)?;
        Ok(Self { how, same_bytes })
    }

    /// Whether the new value has the bytes of the old one, in the row and in its heap, so that nothing need be done.
    pub fn keeps_bytes(&self) -> bool {
        self.same_bytes
    }

    /// The new value for an old one. What is called differently now is so afterwards, the rest stays.
    ///
    /// # Errors
    /// If `value` is not of the type that the conversion starts from.
    pub fn apply(&self, value: Value) -> Result<Value, ValueError> {
        self.how.apply(value)
    }
}

type Found = Result<(How, bool), TypeFault>;

/// The rules.
#[derive(Clone, Copy)]
struct Rules<'r> {
    renamed: &'r dyn Fn(&str) -> Option<String>,
}

impl Rules<'_> {
    /// What becomes of a value, and whether its bytes stay.
    fn value(self, from: &FieldType, to: &FieldType) -> Found {
        let refuse = |kind| Err(TypeFault::new(from, to, kind));
        match (from, to) {
            (FieldType::Scalar(old), FieldType::Scalar(new)) => scalar(*old, *new, from, to),
            (FieldType::Reference { .. }, FieldType::Scalar(Scalar::Entity)) => Ok((How::Keep, true)),
            (FieldType::Scalar(Scalar::Entity), FieldType::Reference { table }) => {
                refuse(TypeFaultKind::NoReference { table: table.to_string() })
            }
            (FieldType::Reference { table: old }, FieldType::Reference { table: new }) => {
                let now = (self.renamed)(old).unwrap_or_else(|| old.to_string());
                if now == *new { Ok((How::Keep, true)) } else { refuse(TypeFaultKind::OtherTable { now }) }
            }
            (FieldType::Optional(old), FieldType::Optional(new)) => match self.value(old, new) {
                Ok((How::Keep, same)) => Ok((How::Keep, same && old.has_niche() == new.has_niche())),
                Ok((how, same)) => Ok((How::Optional(how.into()), same && old.has_niche() == new.has_niche())),
                Err(fault) => self.into_some(from, new).map_err(|_| fault),
            },
            (_, FieldType::Optional(new)) => self.into_some(from, new),
            (FieldType::Optional(_), _) => refuse(TypeFaultKind::MayBeNone),
            (FieldType::Array { element: old, len }, FieldType::Array { element: new, len: now }) => {
                if len != now {
                    return refuse(TypeFaultKind::Length);
                }
                self.elements(old, new, true)
            }
            (FieldType::Array { element: old, .. }, FieldType::List(new)) => self.elements(old, new, false),
            (FieldType::List(old), FieldType::List(new)) => self.elements(old, new, old.align() == new.align()),
            (FieldType::List(_), FieldType::Array { .. }) => refuse(TypeFaultKind::Length),
            (FieldType::FixedText { bytes: old }, FieldType::FixedText { bytes: new }) if old <= new => {
                Ok((How::Keep, old == new))
            }
            (FieldType::FixedText { .. } | FieldType::Text, FieldType::FixedText { .. }) => {
                refuse(TypeFaultKind::TooLong)
            }
            (FieldType::FixedText { .. }, FieldType::Text) => Ok((How::Keep, false)),
            (FieldType::Text, FieldType::Text) => Ok((How::Keep, true)),
            (FieldType::Struct(old), FieldType::Struct(new)) => {
                match self.members(&old.fields, &new.fields, from, to) {
                    Ok((members, same)) => Ok((How::Members(members).simplified(), same)),
                    Err(fault) => self.wrapped(from, to).map_err(|_| fault),
                }
            }
            (FieldType::Enum(old), FieldType::Enum(new)) => self.variants(old, new, from, to),
            _ => self.wrapped(from, to).map_err(|_| TypeFault::new(from, to, TypeFaultKind::OtherKind)),
        }
    }

    /// A value that becomes optional.
    fn into_some(self, from: &FieldType, inner: &FieldType) -> Found {
        let (how, same) = self.value(from, inner)?;
        Ok((How::Some(how.into()), same && inner.has_niche()))
    }

    fn elements(self, old: &FieldType, new: &FieldType, same_place: bool) -> Found {
        let (how, same) = self.value(old, new).map_err(|fault| fault.inside("[]"))?;
        Ok((if how == How::Keep { How::Keep } else { How::Elements(how.into()) }, same && same_place))
    }

    /// A tuple of one that comes or goes: a newtype.
    fn wrapped(self, from: &FieldType, to: &FieldType) -> Found {
        if let Some(inner) = only_member(to) {
            let (how, same) = self.value(from, inner)?;
            return Ok((How::Wrap(how.into()), same));
        }
        if let Some(inner) = only_member(from) {
            let (how, same) = self.value(inner, to)?;
            return Ok((How::Unwrap(how.into()), same));
        }
        Err(TypeFault::new(from, to, TypeFaultKind::OtherKind))
    }

    /// What becomes of the members of a struct or a variant; `from` and `to` are what they stand in.
    fn members(
        self,
        old: &[Member],
        new: &[Member],
        from: &FieldType,
        to: &FieldType,
    ) -> Result<(Vec<NewMember>, bool), TypeFault> {
        if let Some(gone) = old.iter().find(|member| new.iter().all(|other| other.name != member.name)) {
            return Err(TypeFault::new(from, to, TypeFaultKind::MemberRemoved { member: gone.name.to_string() }));
        }
        let mut same = old.len() == new.len();
        let mut members = Vec::with_capacity(new.len());
        for (at, member) in new.iter().enumerate() {
            let name = member.name.to_string();
            let from = match old.iter().position(|other| other.name == member.name) {
                Some(index) => {
                    let inside = |fault: TypeFault| fault.inside(&member.name);
                    let (how, same_bytes) = self.value(&old[index].field_type, &member.field_type).map_err(inside)?;
                    same &= same_bytes && index == at;
                    Origin::Old(index, how)
                }
                None => match nothing(&member.field_type) {
                    Some(nothing) => Origin::Nothing(nothing),
                    None => return Err(TypeFault::new(from, to, TypeFaultKind::MemberAdded { member: name })),
                },
            };
            members.push(NewMember { name, from });
        }
        Ok((members, same))
    }

    fn variants(self, old: &EnumType, new: &EnumType, from: &FieldType, to: &FieldType) -> Found {
        let mut same = old.tag_bytes == new.tag_bytes && old.payload_bytes() == new.payload_bytes();
        let mut keeps = true;
        let mut variants = Vec::with_capacity(old.variants.len());
        for variant in old.variants.iter() {
            let Some(now) = successor(variant, old, new) else {
                let variant = variant.name.to_string();
                return Err(TypeFault::new(from, to, TypeFaultKind::VariantRemoved { variant }));
            };
            let inside = |fault: TypeFault| fault.inside(&variant.name);
            let (members, same_bytes) = self.members(&variant.fields, &now.fields, from, to).map_err(inside)?;
            same &= same_bytes && variant.tag == now.tag;
            keeps &= variant.name == now.name && NewMember::all_stay(&members);
            variants.push(NewVariant { old: variant.name.to_string(), new: now.name.to_string(), members });
        }
        Ok((if keeps { How::Keep } else { How::Variants(variants) }, same))
    }
}

/// What a variant of the old enum is in the new one: the variant of its name, or the one that had it before.
fn successor<'n>(variant: &Variant, old: &EnumType, new: &'n EnumType) -> Option<&'n Variant> {
    new.named(&variant.name).or_else(|| {
        // A former name counts until the new one is known to the old schema.
        new.variants.iter().find(|now| now.renamed_from == variant.name && old.named(&now.name).is_none())
    })
}

/// The type in a tuple of one.
fn only_member(of: &FieldType) -> Option<&FieldType> {
    match of {
        FieldType::Struct(of) => match &*of.fields {
            [only] if only.name == "0" => Some(&only.field_type),
            _ => None,
        },
        _ => None,
    }
}

/// The value that says that there is nothing, if a type has one: what new fields and members hold without a default.
pub(super) fn nothing(of: &FieldType) -> Option<Value> {
    match of {
        FieldType::Optional(_) => Some(Value::Optional(None)),
        FieldType::Struct(of) => {
            let member = |member: &Member| Some((member.name.to_string(), nothing(&member.field_type)?));
            of.fields.iter().map(member).collect::<Option<_>>().map(Value::Struct)
        }
        // Elements without bytes can be very many.
        FieldType::Array { element, len } if *len == 0 || element.size() > 0 => {
            let elements = (0..*len).map(|_| nothing(element)).collect::<Option<_>>();
            elements.map(Value::Array)
        }
        _ => None,
    }
}

fn scalar(old: Scalar, new: Scalar, from: &FieldType, to: &FieldType) -> Found {
    if old == new {
        return Ok((How::Keep, true));
    }
    let refuse = |kind| Err(TypeFault::new(from, to, kind));
    let (Some(old_number), Some(new_number)) = (old.number(), new.number()) else {
        return refuse(TypeFaultKind::OtherKind);
    };
    if old == Scalar::Char || new == Scalar::Char {
        return refuse(TypeFaultKind::OtherKind);
    }
    if new.is_never_zero() && !old.is_never_zero() {
        return refuse(TypeFaultKind::MayBeZero);
    }
    let fits = match (bounds(old), counts_to(new)) {
        (Some((low, high)), Some((new_low, new_high))) => new_low <= low && high <= new_high,
        _ => matches!((old, new), (Scalar::F32, Scalar::F64)),
    };
    if !fits {
        return refuse(if bounds(old).is_none() && bounds(new).is_some() {
            TypeFaultKind::OtherKind
        } else {
            TypeFaultKind::OutOfRange
        });
    }
    let same = old_number == new_number;
    Ok((if same { How::Keep } else { How::Number(new) }, same))
}

/// The integers that a type has, one after the other and on every machine.
fn counts_to(scalar: Scalar) -> Option<(i128, u128)> {
    match scalar {
        // What is as wide as a pointer may be narrower elsewhere.
        Scalar::Usize | Scalar::NonZeroUsize => bounds(Scalar::U32),
        Scalar::Isize | Scalar::NonZeroIsize => bounds(Scalar::I32),
        Scalar::F32 => Some((-(1 << f32::MANTISSA_DIGITS), 1 << f32::MANTISSA_DIGITS)),
        Scalar::F64 => Some((-(1 << f64::MANTISSA_DIGITS), 1 << f64::MANTISSA_DIGITS)),
        other => bounds(other),
    }
}

impl NewMember {
    /// Whether the members are the old ones, in their order and as they are.
    fn all_stay(members: &[Self]) -> bool {
        members
            .iter()
            .enumerate()
            .all(|(at, member)| matches!(&member.from, Origin::Old(index, How::Keep) if *index == at))
    }

    fn apply(members: &[Self], values: Vec<(String, Value)>) -> Result<Vec<(String, Value)>, ValueError> {
        let found: Vec<String> = values.iter().map(|(name, _)| name.clone()).collect();
        let mut values: Vec<Option<Value>> = values.into_iter().map(|(_, value)| Some(value)).collect();
        let new = |member: &Self| {
            let value = match &member.from {
                Origin::Nothing(value) => value.clone(),
                Origin::Old(index, how) => {
                    let missing = || ValueError::Members {
                        expected: members.iter().map(|member| member.name.clone()).collect(),
                        found: found.clone(),
                    };
                    let value = values.get_mut(*index).and_then(Option::take).ok_or_else(missing)?;
                    let inside = |error| ValueError::Member { member: member.name.clone(), error: Box::new(error) };
                    how.apply(value).map_err(inside)?
                }
            };
            Ok((member.name.clone(), value))
        };
        members.iter().map(new).collect()
    }
}

impl How {
    /// Nothing, where the members all stay.
    fn simplified(self) -> Self {
        match self {
            Self::Members(members) if NewMember::all_stay(&members) => Self::Keep,
            other => other,
        }
    }

    fn apply(&self, value: Value) -> Result<Value, ValueError> {
        Ok(match (self, value) {
            (Self::Keep, value) => value,
            (Self::Number(scalar), value) => number(*scalar, &value)?,
            (Self::Some(how), value) => Value::Optional(Some(Box::new(how.apply(value)?))),
            (Self::Optional(_), Value::Optional(None)) => Value::Optional(None),
            (Self::Optional(how), Value::Optional(Some(value))) => Value::Optional(Some(Box::new(how.apply(*value)?))),
            (Self::Elements(how), Value::Array(values)) => {
                let element = |(index, value)| {
                    how.apply(value).map_err(|error| ValueError::Element { index, error: Box::new(error) })
                };
                Value::Array(values.into_iter().enumerate().map(element).collect::<Result<_, _>>()?)
            }
            (Self::Wrap(how), value) => Value::Struct(vec![("0".to_owned(), how.apply(value)?)]),
            (Self::Unwrap(how), Value::Struct(mut fields)) if fields.len() == 1 => {
                let (_, value) = fields.remove(0);
                how.apply(value)?
            }
            (Self::Members(members), Value::Struct(fields)) => Value::Struct(NewMember::apply(members, fields)?),
            (Self::Variants(variants), Value::Variant { variant, fields }) => {
                let Some(known) = variants.iter().find(|known| known.old == variant) else {
                    let variants = variants.iter().map(|known| known.old.clone()).collect();
                    return Err(ValueError::UnknownVariant { found: variant, variants });
                };
                Value::Variant { variant: known.new.clone(), fields: NewMember::apply(&known.members, fields)? }
            }
            (how, value) => return Err(value.wrong_type(how.expects().to_owned())),
        })
    }

    /// What a value must be, in messages.
    const fn expects(&self) -> &'static str {
        match self {
            Self::Keep | Self::Number(_) | Self::Some(_) | Self::Wrap(_) => "a value",
            Self::Optional(_) => "optional",
            Self::Elements(_) => "array",
            Self::Unwrap(_) | Self::Members(_) => "struct",
            Self::Variants(_) => "variant",
        }
    }
}

/// The number in another type that has it.
fn number(to: Scalar, value: &Value) -> Result<Value, ValueError> {
    let field_type = FieldType::Scalar(to);
    let float = match value {
        Value::F32(value) => Some(f64::from(*value)),
        // Integers that go to floats have few enough digits to go through `f64` first.
        Value::U8(value) => Some(f64::from(*value)),
        Value::U16(value) => Some(f64::from(*value)),
        Value::U32(value) => Some(f64::from(*value)),
        Value::I8(value) => Some(f64::from(*value)),
        Value::I16(value) => Some(f64::from(*value)),
        Value::I32(value) => Some(f64::from(*value)),
        _ => None,
    };
    match (to, float) {
        (Scalar::F32, Some(float)) => Ok(Value::F32(float as f32)),
        (Scalar::F64, Some(float)) => Ok(Value::F64(float)),
        _ => {
            let mut bytes = vec![0; field_type.size()];
            value.encode(&field_type, &mut bytes, &mut HeapBuf::new())?;
            Ok(Value::decode(&field_type, &bytes, &[]))
        }
    }
}
