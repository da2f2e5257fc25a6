//! Types and values drawn at random, for the property tests of schemas.

use std::borrow::Cow;

use proptest::collection::vec;
use proptest::prelude::*;

use crate::Entity;
use crate::schema::{EnumType, FieldType, Member, Scalar, StructType, Value, Variant};

/// A word of the text form, in the ways in which people write names.
fn any_word() -> impl Strategy<Value = String> {
    prop_oneof!["[A-Z][A-Za-z0-9]{0,6}", "[a-z_][a-z0-9_]{0,6}", "[äöé][0-9ß_]{0,3}"]
}

/// Names that differ, and what goes with them.
fn distinct<T>(named: Vec<(String, T)>) -> Vec<(String, T)> {
    let mut kept: Vec<(String, T)> = Vec::new();
    for (name, with) in named {
        if kept.iter().all(|(other, _)| *other != name) {
            kept.push((name, with));
        }
    }
    kept
}

/// The members of a struct or a tuple with these types.
fn members(is_tuple: bool, types: Vec<(String, FieldType)>) -> Cow<'static, [Member]> {
    let types = if is_tuple { types } else { distinct(types) };
    let member = |(index, (name, field_type)): (usize, (String, FieldType))| Member {
        name: if is_tuple { index.to_string() } else { name }.into(),
        field_type,
    };
    types.into_iter().enumerate().map(member).collect()
}

fn any_members(inner: impl Strategy<Value = FieldType>) -> impl Strategy<Value = Cow<'static, [Member]>> {
    (any::<bool>(), vec((any_word(), inner), 0..4)).prop_map(|(is_tuple, types)| members(is_tuple, types))
}

fn any_name_of_type() -> impl Strategy<Value = Cow<'static, str>> {
    prop_oneof![Just(String::new()), any_word()].prop_map(Cow::Owned)
}

/// A type of any kind, nested up to three deep.
pub fn any_type() -> impl Strategy<Value = FieldType> {
    let leaf = prop_oneof![
        8 => prop::sample::select(Scalar::ALL.to_vec()).prop_map(FieldType::Scalar),
        1 => (0_u32..20).prop_map(|bytes| FieldType::FixedText { bytes }),
        1 => Just(FieldType::Text),
        1 => any_word().prop_map(|table| FieldType::Reference { table: table.into() }),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        let variant = (any_word(), any_members(inner.clone()), any::<bool>());
        prop_oneof![
            (inner.clone(), 0_u32..5).prop_map(|(element, len)| FieldType::Array { element: element.into(), len }),
            inner.clone().prop_map(|inner| FieldType::Optional(inner.into())),
            inner.clone().prop_map(|inner| FieldType::List(inner.into())),
            (any_name_of_type(), any_members(inner.clone()))
                .prop_map(|(name, fields)| FieldType::Struct(StructType { name, fields })),
            (any_name_of_type(), prop::sample::select(vec![1_u8, 2, 4]), vec(variant, 1..4), 1_u32..80).prop_map(
                |(name, tag_bytes, variants, step)| {
                    let variants = variants.into_iter().map(|(name, fields, renamed)| (name, (fields, renamed)));
                    let variant = |(index, (name, (fields, renamed))): (usize, (String, (_, bool)))| Variant {
                        renamed_from: if renamed { format!("Was{index}_{name}").into() } else { Cow::Borrowed("") },
                        name: name.into(),
                        tag: index as u32 * step,
                        fields,
                    };
                    let variants = distinct(variants.collect()).into_iter().enumerate().map(variant).collect();
                    FieldType::Enum(EnumType { name, tag_bytes, variants })
                }
            ),
        ]
    })
}

/// A value of a type, from random bytes.
pub fn value_of(field_type: &FieldType, noise: &mut impl Iterator<Item = u8>) -> Value {
    let mut byte = || noise.next().unwrap_or(1);
    match field_type {
        FieldType::Scalar(scalar) => {
            let mut bytes: Vec<u8> = (0..scalar.size()).map(|_| byte()).collect();
            if !scalar.is_valid(&bytes) {
                bytes.fill(0);
                bytes[0] = 1;
            }
            Value::decode(field_type, &bytes, &[])
        }
        FieldType::Reference { .. } => Value::Entity(Entity::from_bits(u64::from(byte()) + 1).unwrap()),
        FieldType::Optional(inner) => {
            let some = byte() % 2 == 1;
            Value::Optional(some.then(|| Box::new(value_of(inner, noise))))
        }
        FieldType::Array { element, len } => Value::Array((0..*len).map(|_| value_of(element, noise)).collect()),
        FieldType::List(element) => {
            let len = byte() % 4;
            Value::Array((0..len).map(|_| value_of(element, noise)).collect())
        }
        FieldType::Text | FieldType::FixedText { .. } => {
            let most = if let FieldType::FixedText { bytes } = field_type { *bytes as usize } else { 5 };
            let len = usize::from(byte()) % (most + 1);
            Value::Text((0..len).map(|_| char::from(b'a' + byte() % 26)).collect())
        }
        FieldType::Struct(of) => Value::Struct(
            of.fields.iter().map(|member| (member.name.to_string(), value_of(&member.field_type, noise))).collect(),
        ),
        FieldType::Enum(of) => {
            let variant = &of.variants[usize::from(byte()) % of.variants.len()];
            let fields =
                variant.fields.iter().map(|member| (member.name.to_string(), value_of(&member.field_type, noise)));
            Value::Variant { variant: variant.name.to_string(), fields: fields.collect() }
        }
    }
}
