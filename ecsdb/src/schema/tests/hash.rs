//! The hash: a golden value, and what it does and does not depend on.

use super::{GAME, game};
use crate::schema::DatabaseSchema;

fn hash(text: &str) -> u64 {
    DatabaseSchema::from_toml(text, "game.toml").unwrap().hash()
}

#[test]
fn the_hash_of_the_example_never_changes() {
    assert_eq!(format!("{:016x}", game().hash()), "d57dbfcad50867e1");
}

#[test]
fn the_hashed_bytes_are_those_of_the_document() {
    let schema = DatabaseSchema::from_toml(
        "[database]\nname = \"x\"\n[tables.b]\n[[tables.a.fields]]\nname = \"at\"\ntype = \"[[f32; 2]; 3]\"",
        "x.toml",
    )
    .unwrap();
    let expected = [
        b"ecsdbSH1".as_slice(),
        &[2, 0],
        &[1, 0, b'a', 1, 0],
        &[2, 0, b'a', b't', 0x80, 3, 0, 0, 0, 0x80, 2, 0, 0, 0, 11],
        &[1, 0, b'b', 0, 0],
    ]
    .concat();
    assert_eq!(schema.canonical_bytes(), expected);
}

#[test]
fn the_hashed_types_are_those_of_the_document() {
    let bytes = |field_type: &str| {
        let text =
            format!("[database]\nname = \"x\"\n[tables.a]\nfields = [{{ name = \"b\", type = \"{field_type}\" }}]");
        let schema = DatabaseSchema::from_toml(&text, "x.toml").unwrap();
        let head = [b"ecsdbSH1".as_slice(), &[1, 0, 1, 0, b'a', 1, 0, 1, 0, b'b']].concat();
        schema.canonical_bytes().strip_prefix(&*head).unwrap().to_vec()
    };
    assert_eq!(bytes("char?"), [0x81, 18]);
    assert_eq!(bytes("struct P { x: u8 }"), [0x82, 0, 0, 1, 0, 1, 0, b'x', 1]);
    assert_eq!(bytes("(nonzero_i8)"), [0x82, 0, 0, 1, 0, 1, 0, b'0', 37]);
    assert_eq!(
        bytes("enum E: u16 { A, B(u8) = 258 was C }"),
        [
            &[0x83, 0, 0, 2, 2, 0, 0, 0][..],
            &[1, 0, b'A', 0, 0, 0, 0, 0, 0, 0, 0],
            &[1, 0, b'B', 0, 0, 2, 1, 0, 0, 1, 0, 1, 0, b'0', 1],
        ]
        .concat()
    );
    assert_eq!(bytes("str<9>"), [0x84, 9, 0, 0, 0]);
    assert_eq!(bytes("[string]"), [0x86, 0x85]);
    assert_eq!(bytes("ref<a>"), [0x87, 1, 0, b'a']);
}

#[test]
fn the_hash_ignores_what_does_not_change_a_row() {
    let cut = GAME.find("[tables.transform]").unwrap();
    let next = GAME.find("[tables.health]").unwrap();
    let swapped = format!("{}{}\n{}", &GAME[..cut], &GAME[next..], &GAME[cut..next]);
    assert_ne!(swapped, GAME);
    assert_eq!(hash(&swapped), game().hash(), "the order of tables");
    for (from, to) in [
        ("game_db", "other"),
        ("1.0.0", "2.0.0"),
        ("[tables.health]", "[tables.health]\ndoc = \"Life.\""),
        ("[tables.health]", "[tables.health]\nlayout = \"native\""),
        ("name = \"entity_id\"", "name = \"who\""),
        ("[tables.health]", "[tables.health]\nrenamed_from = \"life\"\nversion = 2\ndeprecated = \"\""),
        ("name = \"hp\"", "name = \"hp\"\nrenamed_from = \"life\"\nsince = 2\ndefault = 7\ndeprecated = \"\""),
    ] {
        assert_eq!(hash(&GAME.replace(from, to)), game().hash(), "{from} -> {to}");
    }
}

#[test]
fn the_hash_covers_what_a_row_is() {
    for (from, to) in [
        ("tables.health", "tables.life"),
        ("\"hp\"", "\"life\""),
        ("name = \"hp\"\ntype = \"u32\"", "name = \"hp\"\ntype = \"i32\""),
        ("name = \"hp\"\ntype = \"u32\"", "name = \"hp\"\ntype = \"[u32; 1]\""),
    ] {
        assert_ne!(hash(&GAME.replace(from, to)), game().hash(), "{from} -> {to}");
    }
    let reordered =
        GAME.replace("position_x", "p").replace("position_y", "position_x").replace("\"p\"", "\"position_y\"");
    assert_ne!(hash(&reordered), game().hash(), "the order of fields: it is that of the bytes");
}
