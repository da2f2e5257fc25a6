//! What the reader of sources refuses, in which words and where; what it finds, and what happens to the files.

#![cfg(feature = "sources")]

use std::path::{Path, PathBuf};
use std::{env, fs};

use ecsdb::schema::DatabaseSchema;
use ecsdb_schema_gen::{Error, Sources};

fn schema(text: &str) -> Result<DatabaseSchema, Error> {
    Sources::new().text("src/game.rs", text).database("game", "").schema()
}

/// The type of the only field of the only component.
fn type_of(text: &str) -> String {
    let schema = schema(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    schema.tables()[0].fields[0].field_type.to_string()
}

fn refuse(text: &str) -> String {
    match schema(text) {
        Ok(schema) => panic!("{}", schema.to_toml()),
        Err(error) => error.to_string(),
    }
}

/// The message for a field of this type.
fn field(ty: &str) -> String {
    refuse(&format!("#[derive(Component)]\nstruct A {{ f: {ty} }}"))
}

/// An empty directory for one test.
fn directory(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("sources").join(name);
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).unwrap();
    path
}

#[test]
fn names_mean_what_they_mean_where_they_stand() {
    let modules = "
        mod a { pub struct Entity; #[derive(Field)] pub struct Pos { x: f32 } pub const N: usize = 2; }
        mod b { pub type Place = [super::a::Pos; super::a::N]; }
        use b::Place as Somewhere;";
    assert_eq!(type_of(&format!("{modules} #[derive(Component)] struct C(Somewhere);")), "[struct Pos { x: f32 }; 2]");
    assert_eq!(type_of("use glam::*; #[derive(Component)] struct C(Vec2);"), "struct Vec2 { x: f32, y: f32 }");
    assert!(field("glam::Vec5").contains("it is no field type"));
    // A name that is imported from another crate is not the one of a module nearby.
    assert_eq!(type_of(&format!("{modules} use ecsdb::Entity; #[derive(Component)] struct C(Entity);")), "entity");
    assert_eq!(type_of(&format!("{modules} use ecsdb::*; #[derive(Component)] struct C(Entity);")), "entity");
    assert_eq!(type_of(&format!("{modules} use a::*; #[derive(Component)] struct C(Pos);")), "struct Pos { x: f32 }");
    assert_eq!(type_of("#[derive(Component)] struct C(::std::time::Duration);"), "duration");
    assert_eq!(type_of("use std::time; #[derive(Component)] struct C(time::Duration);"), "duration");
    assert_eq!(type_of("use std::collections::{self, VecDeque as Q}; #[derive(Component)] struct C(Q<u8>);"), "[u8]");
    assert_eq!(
        type_of("mod m { use super::*; #[derive(Component)] struct C(P); } #[derive(Field)] struct P;"),
        "struct P { }"
    );
    // Of a file that was not given, by the only thing of that name.
    let elsewhere =
        "use crate::far::away::P; #[derive(Component)] struct C(P); mod near { #[derive(Field)] struct P(u8); }";
    assert_eq!(type_of(elsewhere), "struct P(u8)");
}

#[test]
fn types_that_cannot_be_stored_say_what_to_do() {
    assert_eq!(field("Nope"), "src/game.rs:2:15: cannot find `Nope` in these sources: add the file that defines it");
    assert_eq!(
        field("nalgebra::Vector3"),
        "src/game.rs:2:15: cannot find `nalgebra::Vector3` in these sources: types of `nalgebra` are not known here: store it through a \
         type of yours with `#[component(as = ...)]`"
    );
    assert_eq!(
        field("std::sync::Mutex<u8>"),
        "src/game.rs:2:15: cannot find `std::sync::Mutex<u8>` in these sources: it is no field type"
    );
    assert_eq!(
        field("&'static str"),
        "src/game.rs:2:15: `&'static str` cannot be read as a field type: what is stored owns its data: use an array, a \
         `Vec` or a `String`"
    );
    assert!(field("Vec<Box<u8>>").starts_with("src/game.rs:2:19: `Box<u8>` cannot be read as a field type"));
    assert!(field("std::collections::HashMap<u8, u8>").contains("use a child table, or a `Vec` of pairs"));
    assert!(field("x!()").contains("a macro says nothing here: write the type out"));
    assert!(field("(u8, u8, u8, u8, u8, u8, u8, u8, u8)").contains("at most 8 elements"));
    assert!(field("Option<u8, u8>").contains("it needs one type in `<` and `>`"));
    assert!(field("core::num::NonZero<f32>").contains("only integers can be never zero"));
    assert!(field("Vec<Option<A>>").contains(
        "src/game.rs:2:26: `A` cannot be read as a field type: write `#[derive(Field)]` on it, at src/game.rs:2:8"
    ));
    assert!(
        refuse("#[derive(Field)] struct L(Vec<L>); #[derive(Component)] struct C(L);")
            .contains("nested too deeply, or contains itself")
    );
    assert!(
        refuse("type A = B; type B = A; #[derive(Component)] struct C(A);")
            .contains("nested too deeply, or contains itself")
    );
    assert!(
        refuse("const A: u8 = A; #[derive(Component)] struct C { #[component(default = A)] f: u8 }")
            .contains("cannot tell the value of `A`")
    );
}

#[test]
fn numbers_and_values_must_be_seen() {
    assert_eq!(
        field("[u8; len()]"),
        "src/game.rs:2:20: cannot tell the value of `len()`: expected a whole number, a constant of these sources, or `+`, \
         `-`, `*`, `/`, `%` and shifts of such"
    );
    assert!(field("[u8; 0 - 1]").contains("expected a number from 0 to 4294967295"));
    assert!(
        refuse("const A: usize = B; const B: usize = A; #[derive(Component)] struct C([u8; A]);")
            .contains("cannot tell the value of `A`")
    );
    let default = |ty: &str, default: &str| {
        refuse(&format!("#[derive(Component)] struct C {{ #[component(default = {default})] f: {ty} }}"))
    };
    assert_eq!(
        default("u8", "compute()"),
        "src/game.rs:1:55: cannot tell the value of `compute()`: expected a whole number"
    );
    assert!(
        default("u8", "256")
            .contains("cannot tell the value of `256`: expected a value that fits: 256 is out of the range of `u8`")
    );
    assert!(default("String", "format!(\"x\")").contains("expected a text in quotes"));
    assert!(default("Option<u8>", "maybe()").contains("expected `None` or `Some(...)`"));
    assert!(default("Vec<u8>", "(0..3).collect()").contains("expected an array, `vec![...]` or `Vec::new()`"));
    assert!(default("[u8; 2]", "[1]").contains("expected 2 elements, found 1"));
    assert!(default("Vec<u8>", "vec![0; 70000]").contains("at most 65536 elements"));
}

#[test]
fn what_is_there_under_a_condition_is_refused() {
    assert_eq!(
        refuse("#[derive(Component)]\nstruct A {\n    #[cfg(feature = \"x\")]\n    f: u8,\n}"),
        "src/game.rs:3:5: a part of a type that is there under a condition: a schema needs all of it, always"
    );
    let twice = "#[cfg(unix)] type T = u8;\n#[cfg(windows)] type T = u16;\n#[derive(Component)] struct C(T);";
    assert_eq!(
        refuse(twice),
        "src/game.rs:3:31: `T` may be any of several: src/game.rs:1:19, src/game.rs:2:22: write its path"
    );
}

#[test]
fn the_registry_is_found_and_read() {
    let text = "
        #[derive(Component)] struct A;
        mod m { #[derive(Component)] pub struct B(u8); }
        ecsdb::schema! { #[schema(name = \"game-db\", version = \"2\")] pub World: m::B, A }
        schema!(Small: A);";
    let sources = Sources::new().text("src/game.rs", text);
    let schema = sources.clone().registry("World").schema().unwrap();
    assert_eq!((schema.name(), schema.version()), ("game-db", "2"));
    assert_eq!(schema.tables().iter().map(|table| &*table.name).collect::<Vec<_>>(), ["b", "a"]);
    assert_eq!(sources.clone().registry("Small").schema().unwrap().name(), "Small");
    assert_eq!(
        sources.schema().unwrap_err().to_string(),
        "src/game.rs: these sources have 2 `schema!`, `World`, `Small`: choose one with `Sources::registry`"
    );
    assert_eq!(
        sources.registry("Wold").schema().unwrap_err().to_string(),
        "src/game.rs: these sources have no `schema!` of the name `Wold`"
    );
    let message = |text: &str| Sources::new().text("src/game.rs", text).schema().unwrap_err().to_string();
    assert!(message("struct A;").contains("have no `schema!`: add the file with it"));
    assert_eq!(
        message("struct A; schema! { W: A }"),
        "src/game.rs:1:24: `A` is not a component: write `#[derive(Component)]` on it"
    );
    assert!(message("schema! { W: far::A }").contains("it stands nowhere in these sources"));
    assert!(message("schema! { W A }").starts_with("src/game.rs:1:13: not valid Rust: in `schema!`: expected `:`"));
}

#[test]
fn what_makes_no_schema_says_where() {
    assert_eq!(refuse("struct A {"), "src/game.rs:1:10: not valid Rust: cannot parse string into token stream");
    assert_eq!(
        refuse("#[derive(Component)] #[repr(C)]\nstruct A {\n    a: u8,\n    b: u32,\n}"),
        "src/game.rs:4:5: field `a.b`: a native row would have 3 bytes of padding before this field (after `a`, offset 1): \
         reorder the fields, add a `_pad` field, or use the packed layout"
    );
    assert_eq!(
        refuse("#[derive(Component)]\nstruct A;\nmod m { #[derive(Component)] struct A; }"),
        "src/game.rs:3:37: table `a`: there are two tables named `a`"
    );
    assert!(
        refuse("#[derive(Component)] #[component(version = x)] struct A;")
            .contains("`version` in `#[component(...)]`: expected")
    );
}

#[test]
fn files_of_modules_are_followed() {
    let directory = directory("modules");
    let write = |name: &str, text: &str| {
        let path = directory.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write("src/lib.rs", "mod a; mod b { mod c; } #[path = \"odd/place.rs\"] mod d; #[cfg(test)] mod tests;");
    write("src/a.rs", "mod inner; #[derive(Component)] struct A(inner::Value);");
    write("src/a/inner.rs", "#[derive(Field)] pub struct Value(u8);");
    write("src/b/c/mod.rs", "#[derive(Component)] struct C(super::super::d::Value);");
    write("src/odd/place.rs", "#[derive(Field)] pub struct Value(u16);");
    let sources = Sources::new().file(directory.join("src/lib.rs")).database("game", "").out_dir(&directory);
    let path = sources.write("game").unwrap();
    let schema = DatabaseSchema::from_toml_file(&path).unwrap();
    let types: Vec<_> = schema.tables().iter().map(|table| table.fields[0].field_type.to_string()).collect();
    assert_eq!(types, ["struct Value(u8)", "struct Value(u16)"]);

    assert!(!directory.join("game.rs").exists(), "there is no `schema!` for checks to stand beside");

    write("src/a.rs", "mod gone;");
    let message = sources.schema().unwrap_err().to_string();
    let (file, looked) = (directory.join("src/a.rs"), directory.join("src/a/gone.rs"));
    let expected =
        format!("{}:1:5: the module `gone` has no file: looked for `{}` and", file.display(), looked.display());
    assert!(message.starts_with(&expected), "{message}");
    let message = Sources::new().file(directory.join("none.rs")).schema().unwrap_err().to_string();
    assert!(message.starts_with(&format!("cannot read `{}`", directory.join("none.rs").display())), "{message}");
}

#[test]
fn checks_are_written_beside_the_schema() {
    let directory = directory("checks");
    let text = "#[derive(Component)] struct A { x: Option<u8>, #[component(rename = \"self\")] y: String } \
                mod m { #[derive(Component)] pub struct B; } ecsdb::schema! { pub MyWorld: A, m::B }";
    Sources::new().text("src/game.rs", text).out_dir(&directory).write("game").unwrap();
    let code = fs::read_to_string(directory.join("game.rs")).unwrap();
    for line in [
        "        \"game.toml\",\n        <A as ::ecsdb::Component>::SCHEMA,\n        &[(\"x\", \"u8?\"), (\"self\", \"string\")],\n",
        "    ::core::assert!(<A as ::ecsdb::Component>::SCHEMA.size == 18);\n",
        "        <m::B as ::ecsdb::Component>::SCHEMA,\n        &[],\n",
        "fn the_sources_of_my_world_say_what_the_derive_makes_of_them() {\n",
    ] {
        assert!(code.contains(line), "{line}\n{code}");
    }
}
