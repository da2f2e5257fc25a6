//! The text form both ways: the example of the product's requirements, and schemas drawn at random.

use std::borrow::Cow;
use std::sync::Arc;

use proptest::collection::vec;
use proptest::prelude::*;

use super::{GAME, game};
use crate::schema::{
    DatabaseSchema, Durability, FieldSchema, FieldType, RegistryColumn, RegistrySchema, RowLayout, Scalar, TableSchema,
    TypeRef,
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

fn any_type() -> impl Strategy<Value = FieldType> {
    let scalar = prop::sample::select(Scalar::ALL.to_vec()).prop_map(FieldType::Scalar);
    scalar.prop_recursive(3, 3, 1, |element| {
        (element, 0_u32..5)
            .prop_map(|(element, len)| FieldType::Array { element: TypeRef::Shared(Arc::new(element)), len })
    })
}

prop_compose! {
    fn any_table()(
        name in any_name(),
        doc in any_doc(),
        native in any::<bool>(),
        key in prop::option::of(any_name()),
        durability in prop::sample::select(vec![Durability::Wal, Durability::Snapshot, Durability::None]),
        fields in vec((any_name(), any_doc(), any_type()), 0..6),
    ) -> TableSchema {
        let (mut size, mut align) = (0, 1);
        let mut kept: Vec<FieldSchema> = Vec::new();
        for (name, doc, field_type) in fields {
            let native_fits = !native || size % field_type.align() == 0;
            if Some(&name) == key.as_ref() || kept.iter().any(|field| field.name == name) || !native_fits {
                continue;
            }
            if native {
                align = align.max(field_type.align());
            }
            let offset = size as u32;
            size += field_type.size();
            kept.push(FieldSchema { name: Cow::Owned(name), doc, field_type, offset, renamed_from: Cow::Borrowed(""), default: None, since: 0, deprecated: None });
        }
        // A tail gap is no native row.
        let layout = if native && size % align == 0 { RowLayout::Native } else { RowLayout::Packed };
        let align = if layout == RowLayout::Native { align as u32 } else { 1 };
        TableSchema {
            renamed_from: Cow::Borrowed(""),
            version: 0,
            deprecated: None,
            name: Cow::Owned(name), doc, layout, size: size as u32, align, key: key.map(Cow::Owned), durability, fields: Cow::Owned(kept),
        }
    }
}

prop_compose! {
    fn any_schema()(
        name in "[A-Za-z][A-Za-z0-9_-]{0,12}",
        version in "[0-9.a-z+-]{0,8}",
        (id, id_doc, row_version, version_doc) in (any_name(), any_doc(), any_name(), any_doc()),
        doc in any_doc(),
        tables in vec(any_table(), 0..6),
    ) -> DatabaseSchema {
        let mut kept: Vec<TableSchema> = Vec::new();
        for table in tables {
            if kept.iter().all(|other| other.name != table.name) {
                kept.push(table);
            }
        }
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
