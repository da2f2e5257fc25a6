//! The code for a schema that was written by hand, and what happens to the files.

use std::path::{Path, PathBuf};
use std::{env, fs};

use ecsdb::schema::DatabaseSchema;
use ecsdb_schema_gen::{Builder, Error};

const GAME: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../ecsdb/src/schema/tests/game.toml");
const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/");

/// An empty directory for one test.
fn directory(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("schema-gen").join(name);
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).unwrap();
    path
}

/// Compares the code for a schema with the golden file `name`.
///
/// Run with `ECSDB_BLESS=1` to write the golden files anew, and read the difference.
fn golden(schema: &str, file: &str, name: &str) {
    let schema = DatabaseSchema::from_toml_file(schema).unwrap();
    let code = Builder::new().generate(&schema, file).unwrap();
    let golden = format!("{GOLDEN}{name}");
    if env::var_os("ECSDB_BLESS").is_some() {
        fs::write(&golden, &code).unwrap();
    }
    assert_eq!(code, fs::read_to_string(&golden).unwrap());
}

#[test]
fn the_code_for_the_example_is_as_agreed() {
    golden(GAME, "game.toml", "game.rs");
}

#[test]
fn the_code_for_every_kind_of_field_is_as_agreed() {
    golden(&format!("{GOLDEN}kinds.toml"), "kinds.toml", "kinds.rs");
}

/// The message for a schema with these tables.
fn refuse(tables: &str) -> String {
    let text = format!("[database]\nname = \"game\"\n{tables}");
    let schema = DatabaseSchema::from_toml(&text, "x.toml").unwrap();
    Builder::new().generate(&schema, "x.toml").unwrap_err().to_string()
}

#[test]
fn a_name_stands_for_one_type() {
    let fields = |first: &str, second: &str| {
        format!(
            "[tables.a]\nfields = [{{ name = \"b\", type = \"{first}\" }}]\n\
             [tables.c]\nfields = [{{ name = \"d\", type = \"{second}\" }}]"
        )
    };
    assert_eq!(
        refuse(&fields("struct P { x: u8 }", "[struct P { x: u16 }]")),
        "x.toml: two types are called `P`: `struct P { x: u8 }` in field `a.b`, and `struct P { x: u16 }` in field `c.d`: \
         give one of them another name"
    );
    assert_eq!(
        refuse(&fields("struct A { x: u8 }", "u8")),
        "x.toml: field `a.b` becomes the Rust name `A`, which is taken by table `a`"
    );
    assert_eq!(
        refuse(&fields("u8", "struct { x: struct CDX { y: u8 }, z: (u8, struct X { e: enum { } }) }")),
        "x.toml: field `c.d.z.1.e`: an enum without variants has no values: give it one"
    );
    assert_eq!(
        refuse(&fields("enum type { A }", "u8")),
        "x.toml: field `a.b` becomes the Rust name `type`, which Rust does not allow"
    );
}

#[test]
fn code_is_written_only_if_it_changed() {
    let directory = directory("unchanged");
    let builder = Builder::new().out_dir(&directory);
    let path = builder.compile(GAME).unwrap();
    assert_eq!(path, directory.join("game.rs"));
    let written = fs::read_to_string(&path).unwrap();

    // A file that must not be written can be made read-only and the call still succeeds.
    let mut permissions = fs::metadata(&path).unwrap().permissions();
    let before = fs::metadata(&path).unwrap().modified().unwrap();
    permissions.set_readonly(true);
    fs::set_permissions(&path, permissions.clone()).unwrap();
    builder.compile(GAME).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().modified().unwrap(), before);

    #[expect(clippy::permissions_set_readonly_false, reason = "the file is removed with its directory")]
    permissions.set_readonly(false);
    fs::set_permissions(&path, permissions).unwrap();
    fs::write(&path, "old").unwrap();
    builder.compile(GAME).unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), written);
}

#[test]
fn errors_name_file_and_line_also_when_a_build_script_returns_them() {
    let directory = directory("errors");
    let schema = directory.join("bad.toml");
    fs::write(&schema, "[database]\nname = \"x\"\n[tables.a]\nfiels = []\n").unwrap();
    let error = Builder::new().out_dir(&directory).compile(&schema).unwrap_err();
    let expected = format!("{}:4:1: table `a`: unknown key `fiels`, did you mean `fields`?", schema.display());
    assert!(format!("{error:?}").starts_with(&expected), "{error:?}");
    assert!(!directory.join("bad.rs").exists());
    let error = Builder::new().out_dir(&directory).compile(directory.join("none.toml")).unwrap_err();
    assert!(matches!(error, Error::Schema(_)), "{error:?}");
}

#[test]
fn names_that_rust_cannot_tell_apart_are_refused() {
    assert_eq!(
        refuse("[tables.health]\n[tables.health_row]"),
        "x.toml: table `health_row` becomes the Rust name `HealthRow`, which is taken by table `health`"
    );
    assert_eq!(
        refuse("[tables.game]"),
        "x.toml: table `game` becomes the Rust name `Game`, which is taken by database `game`"
    );
    assert_eq!(refuse("[tables.self]"), "x.toml: table `self` becomes the Rust name `Self`, which Rust does not allow");
}

#[test]
fn derives_and_the_registry_can_be_chosen() {
    let schema = DatabaseSchema::from_toml_file(GAME).unwrap();
    let code = Builder::new().derive("serde::Serialize").registry("World").generate(&schema, "game.toml").unwrap();
    assert!(code.contains("PartialEq, serde::Serialize, ::ecsdb::Component)]"), "{code}");
    assert!(code.contains("    pub World:\n"), "{code}");
}
