//! What is refused, in which words, and at which line.

use std::borrow::Cow;
use std::sync::Mutex;

use super::GAME;
use crate::schema::{
    DatabaseSchema, DefaultValue, Durability, Encoded, EnumType, FieldSchema, FieldType, Member, RowLayout, Scalar,
    SchemaErrorKind, StructType, TableSchema, Value, Variant,
};

/// The message for the example with `from` replaced by `to`.
fn message(from: &str, to: &str) -> String {
    assert!(GAME.contains(from), "{from}");
    refuse(&GAME.replacen(from, to, 1))
}

pub(super) fn refuse(text: &str) -> String {
    DatabaseSchema::from_toml(text, "game.toml").expect_err(text).to_string()
}

/// The message for a database with one table.
pub(super) fn table(text: &str) -> String {
    refuse(&format!("[database]\nname = \"x\"\n[tables.a]\n{text}"))
}

#[test]
fn a_durability_is_one_of_three() {
    assert_eq!(
        table("durability = \"fast\""),
        "game.toml:4:14: table `a`: `durability` must be \"wal\", \"snapshot\" or \"none\", found the text \"fast\""
    );
}

#[test]
fn the_place_and_the_nearest_key_are_named() {
    assert_eq!(
        message(
            "[[tables.transform.fields]]\nname = \"position_x\"\ntype",
            "[[tables.transform.fields]]\nname = \"position_x\"\ntpye"
        ),
        "game.toml:26:1: field `transform.position_x`: unknown key `tpye`, did you mean `type`?: the keys here are \
         `name`, `type`, `doc`, `offset`, `size`, `renamed_from`, `since`, `deprecated`, `default`, `foreign_key`, `references`, \
         `on_delete`, `cardinality`, `auto_increment`, `index`, `unique` and `constraint`"
    );
    assert_eq!(
        message("parent_table = \"entities\"\n[[tables.health", "parent_tabel = \"entities\"\n[[tables.health"),
        "game.toml:37:1: table `health`: unknown key `parent_tabel`, did you mean `parent_table`?: the keys here are \
         `parent_table`, `doc`, `renamed_from`, `version`, `deprecated`, `layout`, `durability`, `size`, `align`, `fields` and `indexes`"
    );
    assert_eq!(
        message("type = \"f32\"", "type = \"f3\""),
        "game.toml:26:8: field `transform.position_x`: unknown type `f3`, did you mean `f32`?: types are u8 to u128, i8 \
         to i128, usize, isize, f32, f64, bool, char, duration, entity, nonzero_u8 and the like, string, str<16>, \
         ref<table>, [f32; 3], [u32], (u8, f32), struct P { x: f32 }, enum E { A, B(u8) }, and any of these with a `?` \
         behind it"
    );
    assert_eq!(
        message("\"entities.id\"", "\"entities.ids\""),
        "game.toml:22:15: field `transform.entity_id`: `foreign_key` names `entities.ids`, which does not exist, did you \
         mean `entities.id`?"
    );
    assert_eq!(
        message("parent_table = \"entities\"", "parent_table = \"entites\""),
        "game.toml:18:16: table `transform`: `parent_table` names `entites`, which does not exist, did you mean \
         `entities`?"
    );
}

#[test]
fn duplicates_name_both_lines() {
    assert_eq!(
        message("name = \"max_hp\"", "name = \"hp\""),
        "game.toml:48:8: field `health.hp`: there are two fields named `hp`, the first is at game.toml:44:8"
    );
    assert_eq!(
        message("name = \"max_hp\"", "name = \"entity_id\""),
        "game.toml:48:8: field `health.entity_id`: there are two fields named `entity_id`, the first is at \
         game.toml:39:8"
    );
    assert_eq!(
        message("[tables.health]", "[tables.transform]"),
        "game.toml:36:9: there are two keys named `transform`, the first is at game.toml:17:9"
    );
    assert_eq!(
        message("type = \"f32\"", "type = \"f32\"\ntype = \"f64\""),
        "game.toml:27:1: there are two keys named `type`, the first is at game.toml:26:1"
    );
}

#[test]
fn what_is_missing_or_of_the_wrong_kind_is_named() {
    assert_eq!(refuse(""), "game.toml:1:1: `database` is missing: write [database] and under it name = \"...\"");
    assert_eq!(
        table("[[tables.a.fields]]\ntype = \"u8\""),
        "game.toml:4:1: table `a`: `name` is missing: write name = \"hp\""
    );
    assert_eq!(
        table("[[tables.a.fields]]\nname = \"b\""),
        "game.toml:4:1: field `a.b`: `type` is missing: write type = \"u32\""
    );
    assert_eq!(table("doc = 3"), "game.toml:4:7: table `a`: `doc` must be a text in quotes, found the number 3");
    assert_eq!(
        table("fields = 3"),
        "game.toml:4:10: table `a`: `fields` must be an array of tables, found the number 3"
    );
    assert_eq!(
        table("layout = \"tight\""),
        "game.toml:4:10: table `a`: `layout` must be \"packed\" or \"native\", found the text \"tight\""
    );
    assert_eq!(
        message("primary_key = \"id\"", "primary_key = \"ident\""),
        "game.toml:6:15: table `entities`: `primary_key` must be the name of a field of `entities`, found `ident`"
    );
    assert!(refuse("a = ").starts_with("game.toml:1:"), "{}", refuse("a = "));
}

#[test]
fn what_comes_later_says_so() {
    let text = table("[[tables.a.fields]]\nname = \"b\"\ntype = \"u8\"\nnullable = true");
    assert!(text.starts_with("game.toml:7:1: field `a.b`: `nullable` ("), "{text}");
    assert!(text.ends_with("is not supported yet"), "{text}");
    let text = table("[[tables.a.fields]]\nname = \"b\"\ntype = \"u64\"\nforeign_key = \"a.b\"");
    assert_eq!(
        text,
        "game.toml:7:15: field `a.b`: a foreign key to another table than `entities` is not supported yet"
    );
    let text = table("[[tables.a.fields]]\nname = \"b\"\ntype = \"entity\"\nforeign_key = \"entities.id\"");
    assert_eq!(text, "game.toml:7:15: field `a.b`: a checked reference to another entity is not supported yet");
}

#[test]
fn former_names_are_nobodys_and_had_by_one() {
    let field = |name: &str, was: &str| format!("{{ name = {name:?}, type = \"u8\", renamed_from = {was:?} }}");
    let fields = |fields: &[String]| table(&format!("fields = [{}]", fields.join(", ")));
    assert_eq!(
        fields(&[field("b", "b")]),
        "game.toml:4:20: field `a.b`: `renamed_from` is `b`, but there is a field of that name: a former name is one that \
         nothing has any more"
    );
    assert!(
        fields(&[field("b", "c"), field("c", "d")])
            .contains("field `a.b`: `renamed_from` is `c`, but there is a field")
    );
    assert_eq!(
        fields(&[field("b", "x"), field("c", "x")]),
        "game.toml:4:69: field `a.c`: two fields are renamed from `x`, the first is at game.toml:4:20"
    );
    assert_eq!(
        fields(&[field("b", "B")]),
        "game.toml:4:20: field `a.b`: `B` cannot be the name of a former field: expected a snake_case name: a-z, 0-9 and \
         `_`, not beginning with a digit"
    );
    assert_eq!(
        table("renamed_from = \"b\"\n[tables.b]"),
        "game.toml:3:9: table `a`: `renamed_from` is `b`, but there is a table of that name: a former name is one that \
         nothing has any more"
    );
    assert_eq!(
        table("renamed_from = \"c\"\n[tables.b]\nrenamed_from = \"c\""),
        "game.toml:5:9: table `b`: two tables are renamed from `c`, the first is at game.toml:3:9"
    );
    assert_eq!(
        table("fields = [{ name = \"b\", type = \"enum { A, B was A }\" }]"),
        "game.toml:4:20: field `a.b`: `renamed_from` is `A`, but there is a variant of that name: a former name is one that \
         nothing has any more"
    );
}

#[test]
fn versions_count_from_one_and_do_not_run_ahead() {
    assert_eq!(
        table("version = 0"),
        "game.toml:4:11: table `a`: `version` must be a number from 1 to 4294967295, found the number 0"
    );
    assert_eq!(
        table("version = 1\nfields = [{ name = \"b\", type = \"u8\", since = 2 }]"),
        "game.toml:5:20: field `a.b`: `since` is 2, but the version of the table is 1: raise `version`"
    );
}

#[test]
fn defaults_fit_their_fields() {
    let default = |field_type: &str, default: &str| {
        table(&format!("fields = [{{ name = \"b\", type = {field_type:?}, default = {default} }}]"))
    };
    assert_eq!(
        default("u8", "256"),
        "game.toml:4:48: field `a.b`: the default does not fit: 256 is out of the range of `u8`"
    );
    assert_eq!(
        default("u8", "true"),
        "game.toml:4:48: field `a.b`: `default` must be a whole number for a `u8`, found true"
    );
    assert!(default("nonzero_u8", "0").ends_with("0 is out of the range of `nonzero_u8`"));
    assert!(default("[u8; 2]", "[1]").ends_with("the default does not fit: expected 2 elements, found 1"));
    assert!(default("str<2>", "\"abc\"").contains("does not fit `str<2>`"));
    assert!(
        default("struct P { at: (u8, u8) }", "{ at = [1, \"x\"] }").contains("`default.at.1` must be a whole number")
    );
    assert!(default("enum { A }", "\"B\"").contains("`default` must be the name of a variant for a `enum { A }`"));
    assert!(default("u8", "1979-05-27").contains("found a date"));
    assert!(default("[u8]", &("[".repeat(60) + &"]".repeat(60))).starts_with("game.toml:4"));
    // A type that no row has room for is not the default's fault, and no value of it is made.
    assert!(default("[[u128; 4294967295]; 4294967295]", "[]").contains("bytes in a row: at most 65536 are allowed"));
}

#[test]
fn native_rows_hold_what_has_one_form_in_memory() {
    let native = |of: &str| format!("layout = \"native\"\nfields = [{{ name = \"b\", type = {of:?} }}]");
    for of in ["string", "[u8]", "usize", "duration", "u8?", "(u8, u8)", "struct { a: u8, b: u16 }", "enum { A(u8) }"] {
        let message = table(&native(of));
        assert!(message.contains(&format!("field `a.b`: a native row cannot hold a `{of}`")), "{message}");
    }
    for of in [
        "char",
        "entity?",
        "nonzero_u8?",
        "[ref<a>; 2]",
        "str<3>",
        "enum { A, B }",
        "struct P { a: u16, b: u16 }",
        "()",
    ] {
        let text = format!("[database]\nname = \"x\"\n[tables.a]\n{}", native(of));
        DatabaseSchema::from_toml(&text, "game.toml").unwrap();
    }
}

#[test]
fn layouts_are_checked() {
    let fields = "fields = [{ name = \"a\", type = \"u8\" }, { name = \"b\", type = \"u32\" }]";
    assert_eq!(
        table(&format!("layout = \"native\"\n{fields}")),
        "game.toml:5:49: field `a.b`: a native row would have 3 bytes of padding before this field (after `a`, offset \
         1): reorder the fields, add a `_pad` field, or use the packed layout"
    );
    let fields = "fields = [{ name = \"a\", type = \"u32\" }, { name = \"b\", type = \"u8\" }]";
    assert_eq!(
        table(&format!("layout = \"native\"\n{fields}")),
        "game.toml:3:9: table `a`: a native row would have 3 bytes of padding after its last field: reorder the fields, \
         add a `_pad` field, or use the packed layout"
    );
    assert_eq!(
        table(&format!("size = 8\n{fields}")),
        "game.toml:4:8: table `a`: `size` is 8, but by the fields it is 5"
    );
    assert_eq!(
        table("fields = [{ name = \"a\", type = \"u32\", offset = 4 }]"),
        "game.toml:4:48: field `a.a`: `offset` is 4, but by the fields it is 0"
    );
}

#[test]
#[cfg_attr(miri, ignore = "to read two thousand lines takes Miri minutes, and nothing in it is unsafe")]
fn limits_are_kept() {
    assert_eq!(
        table("fields = [{ name = \"b\", type = \"[[u128; 4294967295]; 4294967295]\" }]"),
        "game.toml:4:20: field `a.b`: 18446744073709551615 bytes in a row: at most 65536 are allowed"
    );
    assert_eq!(
        table("fields = [{ name = \"b\", type = \"[(); 65537]\" }]"),
        "game.toml:4:20: field `a.b`: 65537 elements without bytes in an array: at most 65536 are allowed"
    );
    let many: String = (0..1025).map(|index| format!("{{ name = \"f{index}\", type = \"u8\" }},")).collect();
    assert_eq!(table(&format!("fields = [{many}]")), "game.toml:3:9: table `a`: 1025 fields: at most 1024 are allowed");
    let many: String = (0..1025).map(|index| format!("[tables.t{index}]\n")).collect();
    assert_eq!(
        refuse(&format!("[database]\nname = \"x\"\n{many}")),
        "game.toml:1027:9: table `t1024`: 1025 tables: at most 1024 are allowed"
    );
}

#[test]
fn names_are_checked() {
    assert_eq!(
        refuse("[database]\nname = \"x\"\n[tables.Health]"),
        "game.toml:3:9: table `Health`: `Health` cannot be the name of a table: expected a snake_case name: a-z, 0-9 and \
         `_`, not beginning with a digit"
    );
    assert!(refuse("[database]\nname = \"\"").starts_with("game.toml:1:2: `` cannot be the name of a database"));
    assert!(refuse("[database]\nname = \"x\"\n[tables.ecsdb_log]").starts_with("game.toml:3:9: table `ecsdb_log`"));
}

#[test]
fn a_file_that_cannot_be_read_says_so() {
    let error = DatabaseSchema::from_toml_file("no/such/game.toml").unwrap_err();
    assert!(matches!(*error.kind, SchemaErrorKind::Read { kind: std::io::ErrorKind::NotFound, .. }), "{error:?}");
    assert!(error.to_string().starts_with("no/such/game.toml: cannot read the schema: "), "{error}");
}

const BYTE: FieldType = FieldType::Scalar(Scalar::U8);

fn field(name: &'static str, offset: u32) -> FieldSchema {
    FieldSchema::new(name, BYTE, offset)
}

fn rust_table(name: &'static str, size: u32, fields: Vec<FieldSchema>) -> &'static TableSchema {
    /// What was made for ever, so that nobody who looks for leaks takes it for one.
    static MADE: Mutex<Vec<&'static TableSchema>> = Mutex::new(Vec::new());
    let table = Box::leak(Box::new(TableSchema {
        renamed_from: Cow::Borrowed(""),
        version: 0,
        deprecated: None,
        name: Cow::Borrowed(name),
        doc: Cow::Borrowed(""),
        layout: RowLayout::Packed,
        size,
        align: 1,
        key: None,
        durability: Durability::Wal,
        fields: Cow::Owned(fields),
        indexes: Cow::Borrowed(&[]),
    }));
    MADE.lock().unwrap().push(table);
    table
}

#[test]
fn tables_from_rust_are_checked_too() {
    let good = rust_table("a", 2, vec![field("x", 0), field("y", 1)]);
    assert_eq!(DatabaseSchema::from_tables("x", &[good]).unwrap().tables(), core::slice::from_ref(good));
    let message = |tables: &[&'static TableSchema]| DatabaseSchema::from_tables("x", tables).unwrap_err().to_string();
    assert_eq!(message(&[good, good]), "table `a`: there are two tables named `a`");
    let twice = rust_table("b", 2, vec![field("x", 0), field("x", 1)]);
    assert_eq!(message(&[twice]), "field `b.x`: there are two fields named `x`");
    let hole = rust_table("b", 2, vec![field("x", 1)]);
    assert_eq!(message(&[hole]), "field `b.x`: `offset` is 1, but by the fields it is 0");
    let long = rust_table("b", 2, vec![field("x", 0)]);
    assert_eq!(message(&[long]), "table `b`: `size` is 2, but by the fields it is 1");
    let with = |field_type| FieldSchema { field_type, ..field("x", 0) };
    let odd = FieldType::Struct(StructType {
        name: Cow::Borrowed("A b"),
        fields: Cow::Owned(vec![Member { name: Cow::Borrowed("0"), field_type: BYTE }]),
    });
    assert_eq!(
        message(&[rust_table("b", 1, vec![with(odd)])]),
        "field `b.x`: `A b` cannot be the name of a struct: expected letters, digits and `_`, not beginning with a digit, \
         at most 128 bytes"
    );
    let variant = |tag| Variant {
        name: Cow::Borrowed(if tag == 0 { "A" } else { "B" }),
        tag,
        renamed_from: Cow::Borrowed(""),
        fields: Cow::Borrowed(&[]),
    };
    let tags = EnumType { name: Cow::Borrowed(""), tag_bytes: 1, variants: Cow::Owned(vec![variant(0), variant(256)]) };
    assert!(
        message(&[rust_table("b", 1, vec![with(FieldType::Enum(tags))])]).contains("found 1 bytes and the tag 256")
    );
    let foreign = Encoded::from_value(&Value::U16(1), &FieldType::Scalar(Scalar::U16)).unwrap();
    let default = FieldSchema { default: Some(DefaultValue::Read(foreign)), ..field("x", 0) };
    assert_eq!(
        message(&[rust_table("b", 1, vec![default])]),
        "field `b.x`: `default` must be a stored `u8`, found other bytes"
    );
    let reserved = rust_table("entities", 0, vec![]);
    assert!(message(&[reserved]).contains("another name than `entities`"));
}
