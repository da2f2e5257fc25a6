//! Code that is made of a schema, read as sources, is that schema again; and damaged sources never make the reader panic.

#![cfg(feature = "sources")]

use ecsdb::schema::{DatabaseSchema, TableSchema};
use ecsdb_schema_gen::{Builder, Sources};
use proptest::collection::vec;
use proptest::prelude::*;

/// What the code for a schema says, read as sources.
fn through_rust(schema: &DatabaseSchema) -> Result<DatabaseSchema, String> {
    let code = Builder::new().generate(schema, "schema.toml").map_err(|error| error.to_string())?;
    Sources::new().text("schema.rs", &code).schema().map_err(|error| format!("{error}\n{code}"))
}

/// The tables without the names of their key columns, which a component does not know.
fn without_keys(schema: &DatabaseSchema) -> Vec<TableSchema> {
    schema.tables().iter().cloned().map(|table| TableSchema { key: None, ..table }).collect()
}

#[test]
fn the_examples_come_back() {
    for (file, text) in [
        ("game.toml", include_str!("../../ecsdb/src/schema/tests/game.toml")),
        ("kinds.toml", include_str!("golden/kinds.toml")),
        ("world.toml", include_str!("../../tests/schema/world.toml")),
    ] {
        let schema = DatabaseSchema::from_toml(text, file).unwrap();
        let back = through_rust(&schema).unwrap();
        assert_eq!(without_keys(&schema), back.tables(), "{file}");
        assert_eq!((schema.name(), schema.version()), (back.name(), back.version()));
    }
}

/// The text of a type whose structs and enums have no names, so that none of them clash.
fn any_type() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        prop::sample::select(ecsdb::schema::Scalar::ALL.map(|scalar| scalar.name().to_owned()).to_vec()),
        Just("string".to_owned()),
        Just("ref<t0>".to_owned()),
        Just("()".to_owned()),
        (0..30_u32).prop_map(|bytes| format!("str<{bytes}>")),
    ];
    leaf.prop_recursive(3, 10, 3, |inner| {
        prop_oneof![
            inner.clone().prop_map(|inner| format!("{inner}?")),
            inner.clone().prop_map(|inner| format!("[{inner}]")),
            (inner.clone(), 0..4_u32).prop_map(|(inner, len)| format!("[{inner}; {len}]")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a}, {b})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("struct {{ type: {a}, b: {b} }}")),
            (inner.clone(), inner, 1..300_u32).prop_map(|(a, b, tag)| {
                format!("enum: u16 {{ A, B({a}) = {tag}, C {{ x: {b}, self: {a} }} was D }}")
            }),
        ]
    })
}

proptest! {
    #[test]
    fn any_schema_comes_back(tables in vec(vec((any_type(), any::<bool>(), 0..3_u32), 0..4), 1..4)) {
        let mut text = "[database]\nname = \"any\"\nversion = \"7\"\n".to_owned();
        for (number, fields) in tables.iter().enumerate() {
            text += &format!("[tables.t{number}]\nversion = 3\nrenamed_from = \"was{number}\"\n");
            for (index, (field_type, deprecated, since)) in fields.iter().enumerate() {
                text += &format!("[[tables.t{number}.fields]]\nname = \"f{index}\"\ntype = \"{field_type}\"\n");
                text += if *deprecated { "deprecated = \"a \\\"reason\\\"\"\n" } else { "doc = \"What it is.\"\n" };
                text += &if *since > 0 { format!("since = {since}\n") } else { String::new() };
                // What can hold nothing may say so.
                text += if field_type.ends_with('?') && !field_type.contains("str") { "default = \"none\"\n" } else { "" };
            }
        }
        let schema = DatabaseSchema::from_toml(&text, "any.toml").map_err(|error| TestCaseError::fail(format!("{error}\n{text}")))?;
        let back = through_rust(&schema).map_err(TestCaseError::fail)?;
        prop_assert_eq!(schema.tables(), back.tables());
    }

    #[test]
    fn no_sources_make_the_reader_panic(cut in any::<prop::sample::Index>(), len in 0..40_usize, inserted in "[(){}<>=,;:#!a-z0-9&'\" ]{0,6}") {
        let text = include_str!("../../tests/tests/sources/components/mod.rs");
        let at = |index: usize| (0..=index).rev().find(|index| text.is_char_boundary(*index)).unwrap_or(0);
        let start = at(cut.index(text.len()));
        let end = at((start + len).min(text.len()));
        let damaged = format!("{}{inserted}{}", &text[..start], &text[end..]);
        for sources in [Sources::new(), Sources::new().database("x", "")] {
            if let Err(error) = sources.text("damaged.rs", damaged.clone()).schema() {
                prop_assert!(error.to_string().starts_with("damaged.rs"), "{}", error);
            }
        }
    }
}
