//! What a plan says, and what it makes of values and rows.

use proptest::collection::vec;
use proptest::prelude::*;

use super::{Conversion, Plan, Source, TypeFaultKind, convert};
use crate::Entity;
use crate::schema::tests::any::value_of;
use crate::schema::type_text::parse_type;
use crate::schema::{DatabaseSchema, FieldType, Scalar, TableSchema, Value};

fn schema(tables: &str) -> DatabaseSchema {
    let text = format!("[database]\nname = \"game\"\n{tables}");
    DatabaseSchema::from_toml(&text, "game.toml").unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// A schema with one table, with these fields.
fn fields(fields: &str) -> DatabaseSchema {
    schema(&format!("[tables.a]\nfields = [{fields}]"))
}

fn plan(old: &str, new: &str) -> String {
    Plan::between(&fields(old), &fields(new)).to_string()
}

fn parse(text: &str) -> FieldType {
    parse_type(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// What is wrong with a change of a type.
fn fault(from: &str, to: &str) -> String {
    Conversion::between(&parse(from), &parse(to)).expect_err(to).to_string()
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn members<const N: usize>(fields: [(&str, Value); N]) -> Vec<(String, Value)> {
    fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn variant<const N: usize>(variant: &str, fields: [(&str, Value); N]) -> Value {
    Value::Variant { variant: variant.to_owned(), fields: members(fields) }
}

#[test]
fn the_same_schema_needs_nothing() {
    let old = schema(
        "[tables.a]\nversion = 2\nfields = [{ name = \"b\", type = \"string\", default = \"x\" }]\n[tables.tag]",
    );
    let plan = Plan::between(&old, &old);
    assert!(plan.is_empty() && plan.is_allowed() && !plan.rewrites_rows() && !plan.changes_data());
    assert!(plan.tables.iter().enumerate().all(|(number, table)| table.from == Some(number) && table.keeps_rows));
}

#[test]
fn numbers_become_those_that_have_all_of_them() {
    let bits = |scalar: Scalar| scalar.size() as u32 * 8;
    let integers: Vec<Scalar> = Scalar::ALL
        .into_iter()
        .filter(|scalar| matches!(scalar.name().as_bytes(), [b'u' | b'i', rest @ ..] if rest[0].is_ascii_digit()))
        .collect();
    assert_eq!(integers.len(), 10);
    for from in &integers {
        for to in &integers {
            let (signed, to_signed) = (from.name().starts_with('i'), to.name().starts_with('i'));
            let expected = match (signed, to_signed) {
                (true, false) => false,
                (false, true) => bits(*from) < bits(*to),
                _ => bits(*from) <= bits(*to),
            };
            let found = Conversion::between(&FieldType::Scalar(*from), &FieldType::Scalar(*to));
            assert_eq!(found.is_ok(), expected, "{} to {}", from.name(), to.name());
            assert_eq!(found.is_ok_and(|conversion| conversion.keeps_bytes()), from == to);
        }
    }
    for (from, to) in [
        ("u16", "f32"),
        ("i32", "f64"),
        ("f32", "f64"),
        ("nonzero_u8", "u8"),
        ("nonzero_u8", "nonzero_i16"),
        ("u32", "usize"),
        ("usize", "u64"),
        ("isize", "i64"),
    ] {
        Conversion::between(&parse(from), &parse(to)).unwrap();
    }
    for (from, to) in [
        ("u32", "f32"),
        ("u64", "f64"),
        ("f64", "f32"),
        ("f32", "u32"),
        ("u8", "nonzero_u16"),
        ("u64", "usize"),
        ("bool", "u8"),
        ("char", "u32"),
        ("u32", "char"),
        ("u64", "entity"),
        ("duration", "u128"),
    ] {
        fault(from, to);
    }
    assert_eq!(fault("u8", "nonzero_u8"), "a `u8` may be zero, and a `nonzero_u8` never is");
    assert_eq!(fault("bool", "u8"), "a `bool` is another kind of value than a `u8`");
}

#[test]
fn values_are_those_that_they_were() {
    let same = |from: &str, to: &str, value: Value, expected: Value| {
        assert_eq!(convert(&parse(from), &parse(to), value), Ok(expected), "{from} to {to}");
    };
    same("u8", "i128", Value::U8(200), Value::I128(200));
    same("i8", "i16", Value::I8(-5), Value::I16(-5));
    same("i16", "f32", Value::I16(-300), Value::F32(-300.0));
    same("f32", "f64", Value::F32(0.5), Value::F64(0.5));
    same("u8", "u16?", Value::U8(1), Value::from(Some(1_u16)));
    same("u8?", "u16?", Value::from(None::<u8>), Value::from(None::<u16>));
    same("u8?", "u8??", Value::from(Some(1_u8)), Value::from(Some(Some(1_u8))));
    same("str<4>", "string", text("abcd"), text("abcd"));
    same("str<4>", "str<8>?", text("abcd"), Value::from(Some("abcd")));
    same("[u8; 2]", "[u32]", Value::from([1_u8, 2]), Value::from([1_u32, 2]));
    same("f32", "struct Meters(f64)", Value::F32(1.5), Value::Struct(members([("0", Value::F64(1.5))])));
    same("(u8)", "u8", Value::Struct(members([("0", Value::U8(1))])), Value::U8(1));
    same(
        "struct P { x: u8, y: u8 }",
        "struct Q { y: u16, z: (u8?, [bool?; 2]), x: u8 }",
        Value::Struct(members([("x", Value::U8(1)), ("y", Value::U8(2))])),
        Value::Struct(members([
            ("y", Value::U16(2)),
            (
                "z",
                Value::Struct(members([
                    ("0", Value::Optional(None)),
                    ("1", Value::Array(vec![Value::Optional(None), Value::Optional(None)])),
                ])),
            ),
            ("x", Value::U8(1)),
        ])),
    );
    let (old, new) = (
        "enum { Idle, Hunt { whom: entity }, Go(u8) }",
        "enum: u16 { Go(u16), Chase { whom: entity, since: u8? } was Hunt, Idle = 9 }",
    );
    let whom = || Value::Entity(Entity::from_bits(7).unwrap());
    same(old, new, variant("Idle", []), variant("Idle", []));
    same(old, new, variant("Go", [("0", Value::U8(1))]), variant("Go", [("0", Value::U16(1))]));
    same(
        old,
        new,
        variant("Hunt", [("whom", whom())]),
        variant("Chase", [("whom", whom()), ("since", Value::Optional(None))]),
    );
}

#[test]
fn a_value_of_another_type_is_an_error() {
    let conversion = Conversion::between(&parse("enum { A(u8) }"), &parse("enum { A(u16) }")).unwrap();
    assert_eq!(conversion.apply(variant("B", [])).unwrap_err().to_string(), "there is no variant `B`: there is `A`");
    assert_eq!(conversion.apply(Value::U8(1)).unwrap_err().to_string(), "expected `variant`, found `u8` 1");
    assert!(conversion.apply(variant("A", [])).is_err());
    let conversion = Conversion::between(&parse("[u8]"), &parse("[u16]")).unwrap();
    assert_eq!(
        conversion.apply(Value::from(vec![Value::U8(1), Value::Bool(true)])).unwrap_err().to_string(),
        "element 1: expected `u16`, found `bool` true"
    );
}

#[test]
fn what_loses_values_is_refused_with_its_place() {
    assert_eq!(fault("u32", "u16"), "not every `u32` is a `u16`");
    assert_eq!(fault("u8?", "u8"), "a `u8?` may be none, and a `u8` never is");
    assert_eq!(fault("[u8; 3]", "[u8; 4]"), "a `[u8; 3]` need not have as many elements as a `[u8; 4]`");
    assert_eq!(fault("[u8]", "[u8; 4]"), "a `[u8]` need not have as many elements as a `[u8; 4]`");
    assert_eq!(fault("string", "str<4>"), "a `string` may be longer than a `str<4>`");
    assert_eq!(fault("str<5>", "str<4>"), "a `str<5>` may be longer than a `str<4>`");
    assert_eq!(fault("entity", "ref<item>"), "not every `entity` has a row of `item`");
    assert_eq!(fault("string", "u8"), "a `string` is another kind of value than a `u8`");
    assert_eq!(fault("(u8, u8)", "(u8)"), "`(u8)` has no member `1`");
    assert_eq!(
        fault("struct { x: u8 }", "struct { x: u8, y: u8 }"),
        "`struct { x: u8, y: u8 }` has a new member `y`, which cannot be empty"
    );
    assert_eq!(fault("enum { A, B }", "enum { A }"), "`enum { A }` has no variant `B`");
    assert_eq!(
        fault("[struct { at: enum { A { x: u32 } } }]", "[struct { at: enum { A { x: u8 } } }]"),
        "at `[].at.A.x`: not every `u32` is a `u8`"
    );
    let refused = Conversion::between(&parse("ref<a>"), &parse("ref<b>")).unwrap_err();
    assert_eq!(refused.kind, TypeFaultKind::OtherTable { now: "a".to_owned() });
    let renamed = Conversion::between(&parse("enum { A, B }"), &parse("enum { A }")).unwrap_err().way_out();
    assert_eq!(renamed, "keep `B`, or name it as what a variant was before: `New was B`");
    let renamed = Conversion::between(&parse("enum { A, New }"), &parse("enum { A }")).unwrap_err().way_out();
    assert_eq!(renamed, "keep `New`, or name it as what a variant was before: `Other was New`");
    for (from, to) in
        [("u32", "u16"), ("u8?", "u8"), ("[u8]", "[u8; 1]"), ("string", "str<1>"), ("enum { A }", "enum { B }")]
    {
        assert!(!Conversion::between(&parse(from), &parse(to)).unwrap_err().way_out().is_empty());
    }
}

#[test]
fn bytes_stay_where_only_names_change() {
    let keeps = |from: &str, to: &str| Conversion::between(&parse(from), &parse(to)).unwrap().keeps_bytes();
    for (from, to) in [
        ("struct A { x: u8 }", "struct B { x: u8 }"),
        ("enum { A, B }", "enum { A, C was B }"),
        ("enum { A, B(u8) }", "enum { A, B(u8), C(bool) }"),
        ("ref<a>?", "entity?"),
        ("usize", "u64"),
        ("u8", "(u8)"),
        ("[ref<a>]", "[entity]"),
        ("entity", "entity?"),
        ("nonzero_u8", "u8"),
    ] {
        assert!(keeps(from, to), "{from} to {to}");
    }
    for (from, to) in [
        ("u8", "u8?"),
        ("nonzero_u8?", "u8?"),
        ("enum { A, B }", "enum { B, A }"),
        ("enum { A }", "enum { A, B(u8) }"),
        ("enum { A }", "enum: u16 { A }"),
        ("struct { x: u8, y: u8 }", "struct { y: u8, x: u8 }"),
        ("str<1>", "str<2>"),
        ("[u8; 2]", "[u8]"),
        ("[(u8, u8)]", "[(u8, u16)]"),
    ] {
        assert!(!keeps(from, to), "{from} to {to}");
    }
}

#[test]
fn tables_come_go_and_are_renamed() {
    let old = schema("[tables.a]\n[tables.b]\ndeprecated = \"unused\"\n[tables.c]\n[tables.d]");
    let new = schema("[tables.new]\n[tables.life]\nrenamed_from = \"a\"\n[tables.d]\ndurability = \"none\"");
    let plan = Plan::between(&old, &new);
    assert_eq!(
        plan.to_string(),
        "new table `new`\n\
         table `life`, which was `a`\n\
         table `d`: its durability is none, was wal\n\
         table `b` goes with its rows: unused\n\
         refused: table `c`: it is missing, and was not deprecated: if it has another name now, say so there with \
         `renamed_from = \"c\"`; if it shall go, keep it once with `deprecated = \"...\"`, open the database, and leave it \
         out after that\n"
    );
    let origins: Vec<_> = plan.tables.iter().map(|table| table.from).collect();
    assert_eq!(origins, [None, Some(0), Some(3)]);
    assert!(!plan.is_allowed() && plan.changes_data() && !plan.rewrites_rows());
}

#[test]
fn a_former_name_that_has_done_its_work_means_nothing() {
    let old =
        schema("[tables.life]\nrenamed_from = \"a\"\nfields = [{ name = \"x\", type = \"u8\", renamed_from = \"y\" }]");
    assert!(Plan::between(&old, &old).is_empty());
    let both = "{ name = \"x\", type = \"u8\" }, { name = \"y\", type = \"u8\" }";
    assert!(
        plan(both, "{ name = \"x\", type = \"u8\", renamed_from = \"y\" }")
            .starts_with("refused: table `a`: field `y`")
    );
}

#[test]
fn fields_come_go_and_change() {
    let name_and = |rest: &str| format!("{{ name = \"x\", type = \"u8\" }}, {rest}");
    let old = name_and("");
    assert_eq!(
        plan(&old, &name_and("{ name = \"y\", type = \"u8\", default = 7 }")),
        "table `a`: new field `y` of type `u8`, `7` in rows that there are\n"
    );
    assert_eq!(
        plan(&old, &name_and("{ name = \"y\", type = \"entity?\" }")),
        "table `a`: new field `y` of type `entity?`, none in rows that there are\n"
    );
    assert_eq!(
        plan(&old, &name_and("{ name = \"y\", type = \"[u8]\" }")),
        "refused: table `a`: field `y` is new, and nothing says which `[u8]` it holds in rows that there are: give it a \
         `default`, make it `[u8]?`, or name it as what a field was before with `renamed_from`\n"
    );
    assert_eq!(
        plan(&name_and("{ name = \"y\", type = \"u8\", deprecated = \"why\" }"), &old),
        "table `a`: field `y` goes with its values: why\n"
    );
    assert_eq!(
        plan(&old, "{ name = \"x\", type = \"u16\", deprecated = \"\", doc = \"X.\", default = 3 }"),
        "table `a`: field `x` is `u16`, was `u8`\n\
         table `a`: field `x`: its default is `3`, was none\n\
         table `a`: field `x` is deprecated\n\
         table `a`: field `x` is described differently\n"
    );
    assert_eq!(
        plan("{ name = \"x\", type = \"u16\" }", &old),
        "refused: table `a`: field `x`: not every `u16` is a `u8`: add a field of type `u8`, fill it in a transaction, and \
         deprecate the one of type `u16`\n"
    );
    let two = |first: &str, second: &str| {
        format!("{{ name = {first:?}, type = \"u8\" }}, {{ name = {second:?}, type = \"u8\" }}")
    };
    assert_eq!(plan(&two("x", "y"), &two("y", "x")), "table `a`: its fields stand in another order\n");
}

#[test]
fn references_follow_renamed_tables() {
    let old = schema("[tables.item]\n[tables.a]\nfields = [{ name = \"x\", type = \"[ref<item>]\" }]");
    let new =
        "[tables.thing]\nrenamed_from = \"item\"\n[tables.a]\nfields = [{ name = \"x\", type = \"[ref<thing>]\" }]";
    let plan = Plan::between(&old, &schema(new));
    assert!(plan.is_allowed() && plan.tables[1].keeps_rows, "{plan}");
    let taken =
        format!("{new}\n[tables.item]").replace("ref<thing>", "ref<item>").replace("renamed_from = \"item\"\n", "");
    assert!(Plan::between(&old, &schema(&taken)).is_allowed(), "the table is the same by its name");
    let lost = schema(&new.replace("ref<thing>", "ref<a>"));
    let plan = Plan::between(&old, &lost);
    assert!(plan.to_string().contains("`ref<a>` refers to another table than `thing`"), "{plan}");
}

/// The new row for a row of these values, read back.
fn row(old: &DatabaseSchema, new: &DatabaseSchema, values: &[(&str, Value)]) -> Vec<(String, Value)> {
    let plan = Plan::between(old, new);
    assert!(plan.is_allowed(), "{plan}");
    let (from, to): (&TableSchema, &TableSchema) = (&old.tables()[0], &new.tables()[0]);
    let mut out = vec![0xee];
    plan.tables[0].convert_row(from, to, &from.encode_row(values).unwrap(), &mut out).unwrap();
    let values: Vec<(String, Value)> =
        to.decode_row(&out[1..]).unwrap().into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    // The bytes are those of a row that was stored like this at once.
    let again: Vec<(&str, Value)> = values.iter().map(|(name, value)| (&**name, value.clone())).collect();
    assert_eq!(to.encode_row(&again).unwrap(), out[1..]);
    values
}

#[test]
fn rows_are_converted_with_their_heaps() {
    let old = fields(
        "{ name = \"hp\", type = \"u8\" }, { name = \"title\", type = \"string\" }, \
         { name = \"gone\", type = \"[u16]\", deprecated = \"\" }, { name = \"at\", type = \"struct { x: u8 }\" }",
    );
    let new = fields(
        "{ name = \"name\", type = \"string\", renamed_from = \"title\" }, { name = \"hp\", type = \"u32\" }, \
         { name = \"at\", type = \"struct { y: string?, x: f32 }\" }, { name = \"motto\", type = \"string\", default = \"On!\" }",
    );
    let converted = row(
        &old,
        &new,
        &[
            ("hp", Value::U8(9)),
            ("title", text("Sir")),
            ("gone", Value::from([1_u16, 2])),
            ("at", Value::Struct(members([("x", Value::U8(3))]))),
        ],
    );
    let expected = members([
        ("name", text("Sir")),
        ("hp", Value::U32(9)),
        ("at", Value::Struct(members([("y", Value::Optional(None)), ("x", Value::F32(3.0))]))),
        ("motto", text("On!")),
    ]);
    assert_eq!(converted, expected);
}

#[test]
fn rows_that_stay_are_copied() {
    let old = fields("{ name = \"x\", type = \"string\" }, { name = \"y\", type = \"ref<a>\" }");
    let new = fields("{ name = \"z\", type = \"string\", renamed_from = \"x\" }, { name = \"y\", type = \"entity\" }");
    let plan = Plan::between(&old, &new);
    assert!(plan.tables[0].keeps_rows && !plan.rewrites_rows());
    let whom = Value::Entity(Entity::from_bits(7).unwrap());
    assert_eq!(row(&old, &new, &[("x", text("abc")), ("y", whom.clone())]), members([("z", text("abc")), ("y", whom)]));
}

#[test]
fn a_row_of_a_refused_table_is_not_converted() {
    let (old, new) = (fields("{ name = \"x\", type = \"u16\" }"), fields("{ name = \"x\", type = \"u8\" }"));
    let plan = Plan::between(&old, &new);
    assert!(matches!(plan.tables[0].fields[0], Source::Refused { field: Some(0) }));
    let mut out = vec![1];
    let error = plan.tables[0].convert_row(&old.tables()[0], &new.tables()[0], &[1, 0], &mut out).unwrap_err();
    assert_eq!((error.to_string(), out), ("not every `u16` is a `u8`".to_owned(), vec![1]));
}

/// A type and one that has all its values.
fn any_widening() -> impl Strategy<Value = (FieldType, FieldType)> {
    let scalars: Vec<(FieldType, FieldType)> = Scalar::ALL
        .into_iter()
        .flat_map(|from| Scalar::ALL.map(|to| (FieldType::Scalar(from), FieldType::Scalar(to))))
        .filter(|(from, to)| Conversion::between(from, to).is_ok())
        .collect();
    let leaf = prop_oneof![
        prop::sample::select(scalars),
        (0..9_u32, 0..9_u32).prop_map(|(bytes, more)| {
            (FieldType::FixedText { bytes }, FieldType::FixedText { bytes: bytes + more })
        }),
        (0..9_u32).prop_map(|bytes| (FieldType::FixedText { bytes }, FieldType::Text)),
        Just((FieldType::Text, FieldType::Text)),
    ];
    leaf.prop_recursive(3, 12, 2, |inner| {
        prop_oneof![
            inner.clone().prop_map(|(from, to)| (from, FieldType::Optional(to.into()))),
            inner.clone().prop_map(|(from, to)| (FieldType::Optional(from.into()), FieldType::Optional(to.into()))),
            (inner.clone(), 0..3_u32).prop_map(|((from, to), len)| {
                (FieldType::Array { element: from.into(), len }, FieldType::List(to.into()))
            }),
            inner.clone().prop_map(|(from, to)| (FieldType::List(from.into()), FieldType::List(to.into()))),
            (inner.clone(), inner).prop_map(|((a, to_a), (b, to_b))| {
                let old = format!("enum {{ A, B {{ a: {a}, b: {b} }}, C({b}) }}");
                let new =
                    format!("enum: u16 {{ N(u128), C({to_b}) = 300, B {{ c: u8?, b: {to_b}, a: {to_a} }}, X was A }}");
                (parse(&old), parse(&new))
            }),
        ]
    })
}

proptest! {
    #[test]
    fn whatever_is_allowed_keeps_its_value((from, to) in any_widening(), noise in vec(any::<u8>(), 256)) {
        let conversion = Conversion::between(&from, &to).map_err(|fault| TestCaseError::fail(format!("{from} to {to}: {fault}")))?;
        let value = value_of(&from, &mut noise.into_iter());
        let (old, new) = (fields(&format!("{{ name = \"x\", type = \"{from}\" }}")), fields(&format!("{{ name = \"x\", type = \"{to}\" }}")));
        let (old_table, new_table) = (&old.tables()[0], &new.tables()[0]);
        let old_row = old_table.encode_row(&[("x", value.clone())]).unwrap();
        let mut new_row = Vec::new();
        Plan::between(&old, &new).tables[0].convert_row(old_table, new_table, &old_row, &mut new_row).unwrap();
        let converted = conversion.apply(value.clone()).unwrap();
        // The row is a row, and holds what the conversion of the value gives.
        let read = new_table.decode_row(&new_row).unwrap().remove(0).1;
        prop_assert_eq!(new_table.encode_row(&[("x", read)]).unwrap(), new_row.clone());
        prop_assert_eq!(new_table.encode_row(&[("x", converted)]).unwrap(), new_row.clone());
        // Where bytes are said to stay, they do.
        if conversion.keeps_bytes() {
            prop_assert_eq!(old_row, new_row);
        }
    }
}

#[test]
fn what_is_said_of_indexes_and_references_is_told_and_changes_no_rows() {
    let with = |fields: &str, indexes: &str| {
        let text = format!("[database]\nname = \"x\"\n[tables.a]\nfields = [{fields}]\n{indexes}\n[tables.b]");
        DatabaseSchema::from_toml(&text, "x").unwrap()
    };
    let old = with(
        "{ name = \"of\", type = \"ref<b>\" }, { name = \"n\", type = \"u32\", unique = true }, { name = \"m\", type = \"u8\" }",
        "indexes = [{ name = \"m\", columns = [\"m\"] }]",
    );
    let new = with(
        "{ name = \"of\", type = \"ref<b>\", on_delete = \"cascade\", cardinality = \"one\" }, { name = \"n\", type = \"u32\", \
         auto_increment = true }, { name = \"m\", type = \"u8\" }",
        "indexes = [{ name = \"m\", columns = [\"m\"], kind = \"hash\", unique = true }]",
    );
    let plan = Plan::between(&old, &new);
    assert_eq!(
        plan.to_string(),
        "table `a`: its index `n` goes\n\
         table `a`: its index `m` goes\n\
         table `a`: new unique index `m`\n\
         table `a`: field `of`: its reference is `b, cascade, one`, was `b, restrict`\n\
         table `a`: field `n` is counted up\n"
    );
    assert!(plan.is_allowed() && !plan.is_empty() && !plan.changes_data() && !plan.rewrites_rows());
}
