//! Values without static types: every type both ways, and what does not fit.

use std::sync::Arc;

use proptest::collection::vec;
use proptest::prelude::*;

use super::game;
use crate::Entity;
use crate::component::packed::HeapBuf;
use crate::schema::{DatabaseSchema, FieldType, Scalar, TypeRef, Value, ValueError};

fn encode(value: impl Into<Value>, scalar: Scalar) -> Result<Vec<u8>, String> {
    let mut out = vec![0xff; scalar.size()];
    let (field_type, mut heap) = (FieldType::Scalar(scalar), HeapBuf::new());
    value.into().encode(&field_type, &mut out, &mut heap).map(|()| out).map_err(|error| error.to_string())
}

fn array(element: FieldType, len: u32) -> FieldType {
    FieldType::Array { element: TypeRef::Shared(Arc::new(element)), len }
}

fn entity(bits: u64) -> Entity {
    Entity::from_bits(bits).unwrap()
}

#[test]
fn integers_go_where_they_fit() {
    assert_eq!(encode(7_u64, Scalar::U8), Ok(vec![7]));
    assert_eq!(encode(-1_i8, Scalar::I128), Ok(vec![0xff; 16]));
    assert_eq!(encode(-2, Scalar::I16), Ok(vec![0xfe, 0xff]));
    assert_eq!(encode(u128::MAX, Scalar::U128), Ok(vec![0xff; 16]));
    assert_eq!(encode(256, Scalar::U8), Err("256 is out of the range of `u8`".to_owned()));
    assert_eq!(encode(-1, Scalar::U128), Err("-1 is out of the range of `u128`".to_owned()));
    assert_eq!(encode(-129, Scalar::I8), Err("-129 is out of the range of `i8`".to_owned()));
    assert_eq!(encode(128_u8, Scalar::I8), Err("128 is out of the range of `i8`".to_owned()));
    assert!(encode(u128::MAX, Scalar::I128).unwrap_err().ends_with("is out of the range of `i128`"));
}

#[test]
fn other_types_must_be_the_same() {
    assert_eq!(encode(1.5_f32, Scalar::F32), Ok(1.5_f32.to_le_bytes().to_vec()));
    assert_eq!(encode(1.5_f32, Scalar::F64), Err("expected `f64`, found `f32` 1.5".to_owned()));
    assert_eq!(encode(1, Scalar::F32), Err("expected `f32`, found `i32` 1".to_owned()));
    assert_eq!(encode(true, Scalar::Bool), Ok(vec![1]));
    assert_eq!(encode(1_u8, Scalar::Bool), Err("expected `bool`, found `u8` 1".to_owned()));
    assert_eq!(encode(true, Scalar::U8), Err("expected `u8`, found `bool` true".to_owned()));
    assert_eq!(encode(entity(5), Scalar::Entity), Ok(vec![5, 0, 0, 0, 0, 0, 0, 0]));
    assert_eq!(encode(None::<Entity>, Scalar::Entity), Err("expected `entity`, found `optional` none".to_owned()));
    assert_eq!(encode('x', Scalar::Char), Ok(vec![b'x', 0, 0, 0]));
    assert_eq!(encode(0, Scalar::NonZeroU8), Err("0 is out of the range of `nonzero_u8`".to_owned()));
    assert_eq!(encode(7_u64, Scalar::Entity), Err("expected `entity`, found `u64` 7".to_owned()));
    assert_eq!(encode([1_u8], Scalar::U8), Err("expected `u8`, found an array of 1".to_owned()));
}

#[test]
fn arrays_name_the_element() {
    let pairs = array(array(FieldType::Scalar(Scalar::U8), 2), 2);
    let mut out = [0; 4];
    Value::from([[1, 2], [3, 4]]).encode(&pairs, &mut out, &mut HeapBuf::new()).unwrap();
    assert_eq!(out, [1, 2, 3, 4]);
    let mut message = |value: Value| value.encode(&pairs, &mut out, &mut HeapBuf::new()).unwrap_err().to_string();
    assert_eq!(message(Value::from([[1, 2], [3, 400]])), "element 1: element 1: 400 is out of the range of `u8`");
    assert_eq!(message(Value::from([[1, 2]])), "expected 2 elements, found 1");
    assert_eq!(message(Value::from(1)), "expected `[[u8; 2]; 2]`, found `i32` 1");
}

#[test]
fn values_print_without_their_types() {
    assert_eq!(Value::from([[1.0, 0.5], [2.0, f64::NAN]]).to_string(), "[[1.0, 0.5], [2.0, NaN]]");
    assert_eq!(Value::from(vec![Some(entity(1 << 32 | 3)), None]).to_string(), "[3v1, none]");
}

#[test]
fn bytes_that_nobody_checked_do_no_harm() {
    assert_eq!(Value::decode(&FieldType::Scalar(Scalar::Bool), &[7], &[]), Value::Bool(true));
    assert_eq!(Value::decode(&FieldType::Scalar(Scalar::Entity), &[0; 8], &[]), Value::Optional(None));
}

#[test]
fn rows_are_made_by_name() {
    let game = game();
    let (_, health) = game.table("health").unwrap();
    let row = health.encode_row(&[("max_hp", Value::U32(9)), ("hp", Value::U8(7))]).unwrap();
    assert_eq!(row, [7, 0, 0, 0, 9, 0, 0, 0]);
    assert_eq!(health.decode_row(&row).unwrap(), [("hp", Value::U32(7)), ("max_hp", Value::U32(9))]);
    let message = |values: &[(&str, Value)]| health.encode_row(values).unwrap_err().to_string();
    let hp = || ("hp", Value::U32(1));
    assert_eq!(message(&[hp()]), "field `health.max_hp` has no value");
    assert_eq!(message(&[hp(), hp()]), "field `health.hp` is given twice");
    assert_eq!(
        message(&[hp(), ("maxhp", Value::U32(1))]),
        "table `health` has no field `maxhp`, did you mean `max_hp`?"
    );
    assert_eq!(message(&[("hp", Value::I32(-1))]), "field `health.hp`: -1 is out of the range of `u32`");
    assert!(health.decode_row(&row[1..]).is_err());
}

#[test]
fn a_tag_has_no_bytes() {
    let schema = DatabaseSchema::from_toml("[database]\nname = \"x\"\n[tables.tag]", "x.toml").unwrap();
    assert_eq!(schema.tables()[0].encode_row(&[]), Ok(vec![]));
    let unknown = ValueError::UnknownField { table: "tag".to_owned(), field: "a".to_owned(), nearest: None };
    assert_eq!(schema.tables()[0].encode_row(&[("a", Value::U8(1))]), Err(unknown));
}

fn any_type() -> impl Strategy<Value = FieldType> {
    let scalar = prop::sample::select(Scalar::ALL.to_vec()).prop_map(FieldType::Scalar);
    scalar.prop_recursive(2, 2, 1, |element| (element, 0_u32..4).prop_map(|(element, len)| array(element, len)))
}

fn scalar_in(field_type: &FieldType) -> Scalar {
    match field_type {
        FieldType::Scalar(scalar) => *scalar,
        FieldType::Array { element, .. } => scalar_in(element),
        other => unreachable!("{other} is not made here"),
    }
}

proptest! {
    #[test]
    fn valid_bytes_come_back(field_type in any_type(), noise in vec(any::<u8>(), 16 * 9)) {
        let mut bytes = noise[..field_type.size()].to_vec();
        let scalar = scalar_in(&field_type);
        bytes.chunks_exact_mut(scalar.size()).filter(|value| !scalar.is_valid(value)).for_each(|value| {
            value.fill(0);
            value[0] = 1;
        });
        let (value, mut heap) = (Value::decode(&field_type, &bytes, &[]), HeapBuf::new());
        let mut back = vec![0; bytes.len()];
        prop_assert_eq!(value.encode(&field_type, &mut back, &mut heap), Ok(()));
        prop_assert_eq!(back, bytes);
    }

    #[test]
    fn an_integer_fits_exactly_if_it_comes_back(value in any::<i128>(), shift in 0..128_u32, to in 0..10_usize) {
        let value = value >> shift;
        let to = Scalar::ALL[to];
        let encoded = encode(value, to);
        let back = encoded.as_ref().ok().map(|bytes| Value::decode(&FieldType::Scalar(to), bytes, &[]).to_string());
        let bits = 8 * to.size() as u32;
        let signed = to.name().starts_with('i');
        let fits = if signed {
            bits == 128 || (-(1_i128 << (bits - 1))..1_i128 << (bits - 1)).contains(&value)
        } else {
            value >= 0 && (bits == 128 || value >> bits == 0)
        };
        prop_assert_eq!(back, fits.then(|| value.to_string()));
    }
}
