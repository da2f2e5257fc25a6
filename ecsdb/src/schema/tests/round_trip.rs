//! The text form both ways: a schema that was written by hand, and schemas drawn at random.

use std::borrow::Cow;

use proptest::collection::vec;
use proptest::prelude::*;

use super::any::{any_type, value_of};
use super::relations::relate;
use super::{GAME, game};
use crate::schema::check::check_layout;
use crate::schema::{
    DatabaseSchema, DefaultValue, Durability, Encoded, FieldSchema, RegistryColumn, RegistrySchema, RowLayout,
    TableSchema,
};

#[test]
fn the_example_is_what_it_says() {
    let game = game();
    assert_eq!((game.name(), game.version()), ("game_db", "1.0.0"));
    assert_eq!((&*game.registry().id.name, &*game.registry().version.name), ("id", "version"));
    assert_eq!(game.tables().len(), 2);
    let (number, transform) = game.table("transform").unwrap();
    assert_eq!((number, transform.size, transform.align, transform.layout), (0, 12, 1, RowLayout::Packed));
    assert_eq!(transform.key.as_deref(), Some("entity_id"));
    let fields: Vec<_> =
        transform.fields.iter().map(|field| (&*field.name, field.offset, field.field_type.to_string())).collect();
    let f32 = || "f32".to_owned();
    assert_eq!(fields, [("position_x", 0, f32()), ("position_y", 4, f32()), ("position_z", 8, f32())]);
    assert_eq!(game.table_at(1).unwrap().name, "health");
    assert_eq!(game.table_at(2), None);
    assert_eq!(game.nearest_table("helth"), Some("health"));
}

#[test]
fn the_example_is_written_with_offsets_and_sizes() {
    let written = game().to_toml();
    let without: String = written
        .lines()
        .filter(|line| !line.starts_with("offset") && !line.starts_with("size"))
        .filter(|line| !line.is_empty())
        .collect::<Vec<_>>()
        .join("\n");
    let original: Vec<&str> = GAME.lines().filter(|line| !line.is_empty()).collect();
    assert_eq!(without, original.join("\n"));
    assert!(written.contains("name = \"position_z\"\ntype = \"f32\"\noffset = 8\nsize = 4\n"));
    assert_eq!(DatabaseSchema::from_toml(&written, "written").unwrap(), game());
}

#[test]
fn tags_native_rows_and_descriptions_are_kept() {
    let text = r#"
        [database]
        name = "x"
        [tables.poisoned]
        doc = "Loses health.\nSee \"cure\"."
        [tables.body]
        layout = "native"
        size = 32
        align = 16
        fields = [
            { name = "id", type = "u128", doc = "Who." },
            { name = "at", type = "[[f32; 2]; 2]", offset = 16, size = 16 },
        ]
    "#;
    let schema = DatabaseSchema::from_toml(text, "x.toml").unwrap();
    let (_, tag) = schema.table("poisoned").unwrap();
    assert_eq!((tag.size, tag.fields.len(), &*tag.doc), (0, 0, "Loses health.\nSee \"cure\"."));
    let (_, body) = schema.table("body").unwrap();
    assert_eq!((body.layout, body.size, body.align), (RowLayout::Native, 32, 16));
    assert_eq!(body.fields[0].doc, "Who.");
    assert_eq!(DatabaseSchema::from_toml(&schema.to_toml(), "x.toml").unwrap(), schema);
}

#[test]
fn what_is_said_about_versions_and_defaults_is_kept() {
    let text = r#"
        [database]
        name = "x"
        [tables.mob]
        renamed_from = "monster"
        version = 3
        deprecated = ""
        fields = [
            { name = "hp", type = "u16", default = 0x14, renamed_from = "life", since = 2, deprecated = "Too small." },
            { name = "speed", type = "f32", default = 0.1 },
            { name = "home", type = "struct Pos { x: f64, y: f64? }", default = { y = "none", x = 2 } },
            { name = "ai", type = "enum Ai { Idle, Hunt { whom: entity }, Go(u8, bool) }", default = { Go = [1, true] } },
            { name = "names", type = "[string]", default = ["a", "\u00e4\"", ""] },
            { name = "big", type = "u128", default = "340282366920938463463374607431768211455" },
            { name = "odd", type = "f64", default = -inf },
        ]
    "#;
    let schema = DatabaseSchema::from_toml(text, "x.toml").unwrap();
    let (_, mob) = schema.table("mob").unwrap();
    assert_eq!((&*mob.renamed_from, mob.version, mob.deprecated.as_deref()), ("monster", 3, Some("")));
    let hp = &mob.fields[0];
    assert_eq!((&*hp.renamed_from, hp.since, hp.deprecated.as_deref()), ("life", 2, Some("Too small.")));
    let written = schema.to_toml();
    for line in [
        "default = 20",
        "default = 0.1",
        "default = { x = 2.0, y = \"none\" }",
        "default = { Go = [1, true] }",
        "default = [\"a\", \"ä\\\"\", \"\"]",
        "default = \"340282366920938463463374607431768211455\"",
        "default = -inf",
        "renamed_from = \"life\"",
        "since = 2",
        "deprecated = \"Too small.\"",
    ] {
        assert!(written.contains(&format!("\n{line}\n")), "{line}\n{written}");
    }
    assert_eq!(DatabaseSchema::from_toml(&written, "x.toml").unwrap(), schema);
}

#[test]
fn through_serde_a_schema_says_the_same() {
    let json = r#"{ "name": "x", "tables": [
        { "name": "mob", "layout": "packed", "key": "id", "fields": [
            { "name": "hp", "type": "u32", "default": 7 },
            { "name": "at", "type": "[f32; 2]", "offset": 4, "size": 8, "default": [0.5, "inf"] }
        ] }
    ] }"#;
    let toml = "[database]\nname = \"x\"\n[tables.mob]\nfields = [{ name = \"id\", type = \"u64\", \
        foreign_key = \"entities.id\" }, { name = \"hp\", type = \"u32\", default = 7 }, \
        { name = \"at\", type = \"[f32; 2]\", default = [0.5, inf] }]";
    let schema: DatabaseSchema = serde_json::from_str(json).unwrap();
    assert_eq!(schema, DatabaseSchema::from_toml(toml, "x.toml").unwrap());
    let message = |from: &str, to: &str| {
        serde_json::from_str::<DatabaseSchema>(&json.replacen(from, to, 1)).unwrap_err().to_string()
    };
    assert!(message("\"u32\"", "\"u33\"").starts_with("field `mob.hp`: unknown type `u33`, did you mean `u32`?"));
    assert_eq!(message("\"offset\": 4", "\"offset\": 5"), "field `mob.at`: `offset` is 5, but by the fields it is 4");
    assert_eq!(message("\"size\": 8", "\"size\": 9"), "field `mob.at`: `size` is 9, but by the fields it is 8");
    assert!(message("packed", "tight").starts_with("table `mob`: `layout` must be \"packed\" or \"native\""));
    assert!(message("\"default\": 7", "\"default\": -7").contains("-7 is out of the range of `u32`"));
    assert!(message("\"default\"", "\"defualt\"").contains("unknown field `defualt`"));
}

#[test]
fn a_database_without_tables_is_one() {
    let schema = DatabaseSchema::from_tables("Empty", &[]).unwrap();
    assert_eq!(schema.tables(), []);
    assert_eq!(DatabaseSchema::from_toml(&schema.to_toml(), "x.toml").unwrap(), schema);
}

fn any_name() -> impl Strategy<Value = String> {
    "[a-z][a-z0-9_]{0,12}".prop_filter("reserved", |name| name != "entities" && !name.starts_with("ecsdb_"))
}

/// Any text, with the letters that have to be escaped more often than chance would have it.
fn any_doc() -> impl Strategy<Value = Cow<'static, str>> {
    prop_oneof![Just(String::new()), "[\"\\\\\n\r\t\u{0}\u{7f}#=a ]{0,12}", any::<String>()].prop_map(Cow::Owned)
}

/// What is said about the life of a table or a field: whether it was renamed, versions, and why it is deprecated.
fn any_history() -> impl Strategy<Value = (bool, u32, Option<Cow<'static, str>>)> {
    (any::<bool>(), prop_oneof![Just(0), any::<u32>()], prop::option::of(any_doc()))
}

fn former(name: &str, renamed: bool) -> Cow<'static, str> {
    if renamed { format!("was_{name}").into() } else { Cow::Borrowed("") }
}

prop_compose! {
    fn any_field()(
        name in any_name(),
        doc in any_doc(),
        field_type in any_type(),
        (renamed, since, deprecated) in any_history(),
        noise in prop::option::of(vec(any::<u8>(), 300)),
    ) -> FieldSchema {
        let default = noise.map(|noise| {
            let value = value_of(&field_type, &mut noise.into_iter());
            DefaultValue::Read(Encoded::from_value(&value, &field_type).unwrap())
        });
        FieldSchema {
            renamed_from: former(&name, renamed), doc, default, since, deprecated, ..FieldSchema::new(name, field_type, 0)
        }
    }
}

prop_compose! {
    fn any_table()(
        name in any_name(),
        doc in any_doc(),
        (renamed, version, deprecated) in any_history(),
        native in any::<bool>(),
        key in prop::option::of(any_name()),
        durability in prop::sample::select(vec![Durability::Wal, Durability::Snapshot, Durability::None]),
        fields in vec(any_field(), 0..6),
    ) -> TableSchema {
        let mut table = TableSchema {
            renamed_from: former(&name, renamed),
            name: Cow::Owned(name), doc, version, deprecated, layout: RowLayout::Native, size: 0, align: 1,
            key: key.map(Cow::Owned), durability, fields: Cow::Borrowed(&[]), indexes: Cow::Borrowed(&[]),
        };
        let mut kept: Vec<FieldSchema> = Vec::new();
        for field in fields {
            let clashes = |other: &FieldSchema| {
                other.name == field.name || other.renamed_from == field.name || other.name == field.renamed_from
            };
            if table.key.as_ref() == Some(&field.name) || kept.iter().any(clashes) {
                continue;
            }
            let since = if version == 0 { field.since } else { field.since.min(version) };
            let offset = table.size;
            table.size += field.field_type.size() as u32;
            table.align = table.align.max(field.field_type.align() as u32);
            kept.push(FieldSchema { offset, since, ..field });
        }
        table.fields = Cow::Owned(kept);
        // Not every row can be native.
        if !native || check_layout(&table, 0).is_err() {
            table.layout = RowLayout::Packed;
            table.align = 1;
        }
        if table.has_heap() {
            table.size += 8;
        }
        table
    }
}

prop_compose! {
    fn any_schema()(
        name in "[A-Za-z][A-Za-z0-9_-]{0,12}",
        version in "[0-9.a-z+-]{0,8}",
        (id, id_doc, row_version, version_doc) in (any_name(), any_doc(), any_name(), any_doc()),
        doc in any_doc(),
        tables in vec(any_table(), 0..6),
        noise in vec(any::<u8>(), 1..60),
    ) -> DatabaseSchema {
        let mut kept: Vec<TableSchema> = Vec::new();
        for table in tables {
            let clashes = |other: &TableSchema| {
                other.name == table.name || other.renamed_from == table.name || other.name == table.renamed_from
            };
            if !kept.iter().any(clashes) {
                kept.push(table);
            }
        }
        relate(&mut kept, &noise);
        let row_version = if row_version == id { format!("{id}_version") } else { row_version };
        let registry = RegistrySchema {
            doc,
            id: RegistryColumn { name: Cow::Owned(id), doc: id_doc },
            version: RegistryColumn { name: Cow::Owned(row_version), doc: version_doc },
        };
        DatabaseSchema::new(name, version, registry, kept).unwrap()
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(schema in any_schema()) {
        let text = schema.to_toml();
        let back = DatabaseSchema::from_toml(&text, "x.toml").map_err(|error| TestCaseError::fail(format!("{error}\n{text}")))?;
        prop_assert_eq!(&back, &schema);
        prop_assert_eq!(back.to_toml(), text);
        let json = serde_json::to_string(&schema).unwrap();
        let back: DatabaseSchema = serde_json::from_str(&json).map_err(|error| TestCaseError::fail(format!("{error}\n{json}")))?;
        prop_assert_eq!(&back, &schema);
        prop_assert_eq!(back.hash(), schema.hash());
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in any::<String>(), cut in any::<prop::sample::Index>(), inserted in "[\\[\\]\"=.{}a-z0-9\n ;]{0,4}") {
        let _ = DatabaseSchema::from_toml(&text, "x.toml").map_err(|error| error.to_string());
        let mut damaged = GAME.to_owned();
        damaged.insert_str(cut.index(GAME.len() + 1), &inserted);
        if let Err(error) = DatabaseSchema::from_toml(&damaged, "x.toml") {
            prop_assert!(error.to_string().starts_with("x.toml:"), "{}", error);
            prop_assert!(error.location.is_some_and(|location| location.line > 0));
        }
    }
}
