//! Keys against the order of the values that they are made of.

use core::cmp::Ordering;
use core::ops::Bound;

use proptest::prelude::*;

use super::*;
use crate::schema::tests::any::{any_type, value_of};
use crate::schema::{FieldSchema, Scalar};

/// The order that keys are to have.
fn order(of: &FieldType, one: &Value, other: &Value) -> Ordering {
    match (of, one, other) {
        (_, Value::F32(a), Value::F32(b)) => a.total_cmp(b),
        (_, Value::F64(a), Value::F64(b)) => a.total_cmp(b),
        (_, Value::Entity(a), Value::Entity(b)) => (a.slot(), a.generation()).cmp(&(b.slot(), b.generation())),
        (_, Value::Optional(None), Value::Optional(None)) => Ordering::Equal,
        (_, Value::Optional(None), _) => Ordering::Less,
        (_, _, Value::Optional(None)) => Ordering::Greater,
        (FieldType::Optional(inner), Value::Optional(Some(a)), Value::Optional(Some(b))) => order(inner, a, b),
        (FieldType::Array { element, .. }, Value::Array(a), Value::Array(b)) => {
            a.iter().zip(b).map(|(a, b)| order(element, a, b)).find(|of| of.is_ne()).unwrap_or(Ordering::Equal)
        }
        (FieldType::Struct(of), Value::Struct(a), Value::Struct(b)) => members(&of.fields, a, b),
        (
            FieldType::Enum(of),
            Value::Variant { variant: a, fields: of_a },
            Value::Variant { variant: b, fields: of_b },
        ) => {
            let position = |name: &str| of.variants.iter().position(|variant| variant.name == name).unwrap();
            position(a).cmp(&position(b)).then_with(|| members(&of.variants[position(a)].fields, of_a, of_b))
        }
        (_, Value::Text(a), Value::Text(b)) => a.cmp(b),
        (_, Value::Bool(a), Value::Bool(b)) => a.cmp(b),
        (_, Value::Char(a), Value::Char(b)) => a.cmp(b),
        (_, Value::Duration(a), Value::Duration(b)) => a.cmp(b),
        (_, Value::U128(a), Value::U128(b)) => a.cmp(b),
        (_, Value::U64(a), Value::U64(b)) => a.cmp(b),
        (_, Value::U32(a), Value::U32(b)) => a.cmp(b),
        (_, Value::U16(a), Value::U16(b)) => a.cmp(b),
        (_, Value::U8(a), Value::U8(b)) => a.cmp(b),
        (_, Value::I128(a), Value::I128(b)) => a.cmp(b),
        (_, Value::I64(a), Value::I64(b)) => a.cmp(b),
        (_, Value::I32(a), Value::I32(b)) => a.cmp(b),
        (_, Value::I16(a), Value::I16(b)) => a.cmp(b),
        (_, Value::I8(a), Value::I8(b)) => a.cmp(b),
        (of, one, other) => panic!("{one} and {other} are not both of type {of}"),
    }
}

fn members(of: &[crate::schema::Member], one: &[(String, Value)], other: &[(String, Value)]) -> Ordering {
    let fields = of.iter().zip(one.iter().zip(other));
    fields
        .map(|(member, ((_, a), (_, b)))| order(&member.field_type, a, b))
        .find(|order| order.is_ne())
        .unwrap_or(Ordering::Equal)
}

/// A table with columns `a`, `b` and so on of these types.
fn table(types: &[FieldType]) -> TableSchema {
    let mut offset = 0;
    let fields = types.iter().zip('a'..).map(|(field_type, name)| {
        let field = FieldSchema::new(name.to_string(), field_type.clone(), offset);
        offset += field_type.size() as u32;
        field
    });
    TableSchema::packed("t", fields.collect())
}

fn row(table: &TableSchema, values: &[Value]) -> Vec<u8> {
    let names: Vec<&str> = table.fields.iter().map(|field| &*field.name).collect();
    let values: Vec<(&str, Value)> = names.into_iter().zip(values.iter().cloned()).collect();
    table.encode_row(&values).unwrap()
}

fn parts<'r>(table: &TableSchema, row: &'r [u8]) -> RowBytes<'r> {
    let (row, heap) = row.split_at(table.size as usize);
    RowBytes { row, heap }
}

/// All keys of a row: cut, and full.
fn keys(spec: &KeySpec, row: RowBytes<'_>) -> Vec<(Vec<u8>, Vec<u8>)> {
    let (mut cut, mut full, mut buffer) = (Vec::new(), Vec::new(), KeyBuf::new());
    spec.keys(row, &mut buffer, |key| cut.push(key.to_vec()));
    spec.full_keys(row, &mut buffer, |key| full.push(key.to_vec()));
    assert!(cut.iter().all(|key| key.len() == spec.len()));
    assert_eq!(cut.len(), full.len());
    cut.into_iter().zip(full).collect()
}

/// Text that often begins alike, and is often longer than a key has room for.
fn any_text() -> impl Strategy<Value = String> {
    (0..3_usize, prop::sample::select(vec!["", "a", "b\0", "ab", "é", "\0"]), 30..35_usize)
        .prop_map(|(long, end, len)| if long == 0 { "x".repeat(len) + end } else { end.repeat(long) })
}

fn noise() -> impl Strategy<Value = Vec<u8>> {
    // Small numbers, so that equal parts come up.
    prop::collection::vec(prop_oneof![3 => 0..3_u8, 1 => any::<u8>()], 0..100)
}

fn cases(count: u32) -> ProptestConfig {
    ProptestConfig { cases: if cfg!(miri) { 1 } else { count }, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(cases(500))]

    #[test]
    fn keys_have_the_order_of_the_values(
        types in prop::collection::vec(any_type(), 1..3), one in noise(), other in noise(),
    ) {
        let table = table(&types);
        let names: Vec<&str> = table.fields.iter().map(|field| &*field.name).collect();
        let Ok(spec) = KeySpec::of(&table, names) else { return Ok(()) };
        if spec.has_list() {
            return Ok(());
        }
        let values = |noise: Vec<u8>| -> Vec<Value> {
            let mut noise = noise.into_iter();
            types.iter().map(|of| value_of(of, &mut noise)).collect()
        };
        let (one, other) = (values(one), values(other));
        let expected = types.iter().zip(one.iter().zip(&other)).map(|(of, (a, b))| order(of, a, b));
        let expected = expected.into_iter().find(|order| order.is_ne()).unwrap_or(Ordering::Equal);
        let (row_of_one, row_of_other) = (row(&table, &one), row(&table, &other));
        let key = keys(&spec, parts(&table, &row_of_one)).remove(0);
        let of_other = keys(&spec, parts(&table, &row_of_other)).remove(0);
        prop_assert_eq!(key.1.cmp(&of_other.1), expected, "{:?} and {:?}", one, other);
        prop_assert_eq!(key.0.cmp(&of_other.0), expected, "no text is long enough to be cut");
        prop_assert!(spec.decided(&key.0).is_none());
        let has_none = one.iter().any(|value| matches!(value, Value::Optional(None)));
        prop_assert_eq!(spec.has_none(&key.0), has_none);
        let probe = spec.probe_values(&one).unwrap();
        prop_assert_eq!((probe.key(), probe.full()), (&*key.0, &*key.1));
        let same = parts(&table, &row_of_one);
        let values = spec.common_values(same, same);
        prop_assert_eq!(format!("{values:?}"), format!("{one:?}"), "also of numbers that are none");
    }

    #[test]
    fn long_texts_are_decided_by_full_keys(one in (any_text(), 0..3_u8), other in (any_text(), 0..3_u8)) {
        let table = table(&["string?".parse().unwrap(), FieldType::Scalar(Scalar::U8)]);
        let spec = KeySpec::of(&table, ["a", "b"]).unwrap();
        let values = |(text, number): &(String, u8)| [Value::from(Some(&**text)), Value::from(*number)];
        let (first, second) = (row(&table, &values(&one)), row(&table, &values(&other)));
        let key = keys(&spec, parts(&table, &first)).remove(0);
        let of_other = keys(&spec, parts(&table, &second)).remove(0);
        prop_assert_eq!(key.1.cmp(&of_other.1), one.cmp(&other));
        let decided = spec.decided(&key.0).unwrap_or(spec.len());
        match key.0[..decided].cmp(&of_other.0[..decided]) {
            Ordering::Equal if decided == spec.len() => prop_assert_eq!(&one, &other),
            Ordering::Equal => prop_assert!(one.0.len() >= TEXT_KEY_BYTES),
            order => prop_assert_eq!(order, one.cmp(&other)),
        }
    }

    #[test]
    fn a_range_has_the_rows_between_its_ends(
        rows in prop::collection::vec((any_text(), 0..3_u8), 1..8),
        (from, to) in (any_text(), any_text()),
        kind in 0..3_u8,
        (number, columns) in (0..3_u8, 1..3_usize),
    ) {
        let table = table(&[FieldType::Text, FieldType::Scalar(Scalar::U8)]);
        let spec = KeySpec::of(&table, ["a", "b"]).unwrap();
        let probe = |text: &str| spec.probe_values(&[Value::from(text), Value::from(number)][..columns]).unwrap();
        let bound = |text: &str, kind| match kind {
            0 => Bound::Unbounded,
            1 => Bound::Included(probe(text)),
            _ => Bound::Excluded(probe(text)),
        };
        let range = KeyRange::new(bound(&from, kind), bound(&to, (kind + 1) % 3));
        let (low, high) = range.ends(spec.len() + 4);
        for (text, of_row) in rows {
            let stored = row(&table, &[Value::from(&*text), Value::from(of_row)]);
            let (key, full) = keys(&spec, parts(&table, &stored)).remove(0);
            let with = |text: &str| (text.to_owned(), if columns == 2 { number } else { of_row });
            let value = (text.clone(), of_row);
            let is_in = match kind {
                0 => value <= with(&to),
                1 => value >= with(&from) && value < with(&to),
                _ => value > with(&from),
            };
            prop_assert_eq!(range.contains(&full), is_in);
            let entry = [&key[..], &[0, 0, 0, 1]].concat();
            let is_between = *low <= *entry && *entry < *high;
            prop_assert!(is_between || !is_in);
            if spec.decided(&key).is_none() {
                prop_assert_eq!(is_between, is_in, "{} {:?}", text, &range);
            }
        }
    }
}

#[test]
fn texts_that_begin_alike_are_a_range() {
    let table = table(&[FieldType::Scalar(Scalar::U8), FieldType::Text]);
    let spec = KeySpec::of(&table, ["a", "b"]).unwrap();
    for prefix in ["", "a", "ab", "\0", &"x".repeat(31), &"x".repeat(32), &"x".repeat(40)] {
        let probe = spec.probe_values(&[Value::from(1_u8)]).unwrap().with_text_prefix(&spec, 1, prefix);
        let range = KeyRange::Equal(probe);
        let (low, high) = range.ends(spec.len() + 4);
        for text in ["", "a", "aa", "ab", "abc", "b", &"x".repeat(31), &"x".repeat(35), &"x".repeat(41)] {
            for number in 0..3_u8 {
                let stored = row(&table, &[Value::from(number), Value::from(text)]);
                let (key, full) = keys(&spec, parts(&table, &stored)).remove(0);
                let is_in = number == 1 && text.starts_with(prefix);
                assert_eq!(range.contains(&full), is_in, "{prefix:?} {text:?}");
                let entry = [&key[..], &[0, 0, 0, 1]].concat();
                assert!((*low <= *entry && *entry < *high) || !is_in);
            }
        }
    }
}

#[test]
fn a_prefix_does_not_go_on_in_the_next_column() {
    let table = table(&["str<4>".parse().unwrap(), FieldType::Scalar(Scalar::U8)]);
    let spec = KeySpec::of(&table, ["a", "b"]).unwrap();
    let key = |number: u8| {
        let stored = row(&table, &[Value::from("abcd"), Value::from(number)]);
        keys(&spec, parts(&table, &stored)).remove(0).1
    };
    let begins = |prefix: &str, number| {
        KeyRange::Equal(spec.probe_values(&[]).unwrap().with_text_prefix(&spec, 0, prefix)).contains(&key(number))
    };
    assert!(begins("abc", b'e') && begins("abcd", b'e') && !begins("abd", b'e'));
    // What no text of the column begins with is for the condition to refuse, whatever the next column holds.
    assert_eq!(begins("abcde", b'e'), begins("abcde", b'f'));
}

#[test]
fn texts_inside_of_other_types_are_cut_too() {
    let table = table(&["(u8, string?, [string; 2])".parse().unwrap(), FieldType::Scalar(Scalar::U8)]);
    let spec = KeySpec::of(&table, ["a", "b"]).unwrap();
    let long = "x".repeat(40);
    let key = |text: Option<&str>, one: &str, other: &str| {
        let members = [Value::from(1_u8), Value::from(text), Value::from([one, other])];
        let names = (0..3).map(|name: i32| name.to_string());
        let value = Value::Struct(names.zip(members).collect());
        keys(&spec, parts(&table, &row(&table, &[value, Value::from(2_u8)]))).remove(0).0
    };
    assert_eq!(spec.decided(&key(None, "a", "b")), None);
    assert_eq!(spec.decided(&key(Some(&long), "a", &long)), Some(2 + 32));
    assert_eq!(spec.decided(&key(None, "a", &long)), Some(2 + 3 * 32));
    assert_eq!(spec.decided(&key(Some("a"), &long, "a")), Some(2 + 2 * 32));
}

#[test]
fn a_list_has_a_key_for_each_element() {
    let list = FieldType::List(FieldType::Text.into());
    let table = table(&[list, FieldType::Scalar(Scalar::U8)]);
    let spec = KeySpec::of(&table, ["b", "a"]).unwrap();
    assert!(spec.has_list() && spec.may_be_cut());
    let stored = row(&table, &[Value::from(vec!["x", "y", "x"]), Value::from(7_u8)]);
    let found = keys(&spec, parts(&table, &stored));
    let expected = ["x", "y", "x"].map(|text| {
        let probe = spec.probe_values(&[Value::from(7_u8), Value::from(text)]).unwrap();
        (probe.key().to_vec(), probe.full().to_vec())
    });
    assert_eq!(found, expected);
    assert_eq!(keys(&spec, parts(&table, &row(&table, &[Vec::<Value>::new().into(), Value::from(7_u8)]))), []);
}

#[test]
fn columns_that_make_no_key_are_refused() {
    let refusal = |types: &[FieldType]| {
        let table = table(types);
        let names: Vec<&str> = table.fields.iter().map(|field| &*field.name).collect();
        KeySpec::of(&table, names).unwrap_err()
    };
    let of = |text: &str| text.parse::<FieldType>().unwrap();
    assert_eq!(refusal(&[of("enum { A, B(string) }")]), KeyFault::InnerText);
    assert_eq!(refusal(&[of("[[u8]]")]), KeyFault::InnerList);
    assert_eq!(refusal(&[of("[u8]"), of("[u8]")]), KeyFault::TwoLists);
    assert_eq!(refusal(&[of("[u64; 33]")]), KeyFault::TooLong { found: 264 });
    let unknown = KeySpec::of(&table(&[]), ["x"]).unwrap_err();
    assert_eq!(unknown.to_string(), "there is no column `x`");
}

#[test]
fn an_entity_and_its_key_name_each_other() {
    let entity = Entity::from_bits(7 | 3 << 32).unwrap();
    let table = table(&[FieldType::Scalar(Scalar::Entity)]);
    let stored = row(&table, &[Value::Entity(entity)]);
    let (key, _) = keys(&KeySpec::of(&table, ["a"]).unwrap(), parts(&table, &stored)).remove(0);
    assert_eq!(key, entity_key(entity));
    assert_eq!(entity_of_key(&key), Some(entity));
    assert_eq!(entity_of_key(&[0; 8]), None);
}
