//! Schema files against programs: what counts, what is shown, and what is written.

use std::fs;
use std::path::{Path, PathBuf};

use ecsdb::schema::DatabaseSchema;
use ecsdb_schema_gen::drift::{self, Drift};

const FILE: &str = r#"# What people have written.
[database]
name = "game"

[tables.entities]
primary_key = "who"
fields = [{ name = "who", type = "u64" }, { name = "life", type = "u32" }]

[tables.health]
fields = [
    { name = "entity", type = "u64", foreign_key = "entities.who" },
    { name = "hp", type = "u32" }, # life
]
"#;

fn program(fields: &str) -> DatabaseSchema {
    let text = format!("[database]\nname = \"game\"\n[tables.health]\nfields = [{fields}]");
    DatabaseSchema::from_toml(&text, "program").unwrap()
}

fn file(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("drift").join(name);
    let _ = fs::remove_file(&path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    path
}

#[test]
fn comments_and_names_of_keys_make_no_difference() {
    let path = file("same.toml");
    fs::write(&path, FILE).unwrap();
    let program = program("{ name = \"hp\", type = \"u32\" }");
    drift::check(&program, &path).unwrap();
    assert!(!drift::bless(&program, &path).unwrap());
    assert_eq!(fs::read_to_string(&path).unwrap(), FILE);
}

#[test]
fn a_difference_is_shown_as_a_plan_and_as_lines() {
    let path = file("different.toml");
    fs::write(&path, FILE).unwrap();
    let program = program("{ name = \"hp\", type = \"u16\" }");
    let drift = drift::check(&program, &path).unwrap_err();
    assert!(matches!(&drift, Drift::Different { plan, .. } if plan.refused.len() == 1));
    let text = drift.to_string();
    let head = format!(
        "`{}` and the program differ:\nrefused: table `health`: field `hp`: not every `u32` is a `u16`",
        path.display()
    );
    assert!(text.starts_with(&head), "{text}");
    let lines = "  name = \"hp\"\n- type = \"u32\"\n+ type = \"u16\"\n  offset = 0\n- size = 4\n+ size = 2\n";
    assert!(text.ends_with(lines), "{text}");

    // Written anew, with the names that only the file has.
    assert!(drift::bless(&program, &path).unwrap());
    drift::check(&program, &path).unwrap();
    let written = DatabaseSchema::from_toml_file(&path).unwrap();
    assert_eq!((written.tables()[0].key.as_deref(), &*written.registry().id.name), (Some("entity"), "who"));
}

#[test]
fn a_file_that_is_missing_is_made_and_one_that_is_none_is_left() {
    let path = file("new/missing.toml");
    let program = program("{ name = \"hp\", type = \"u16\" }");
    assert!(matches!(drift::check(&program, &path), Err(Drift::Missing { .. })));
    assert!(drift::bless(&program, &path).unwrap());
    assert_eq!(fs::read_to_string(&path).unwrap(), program.to_toml());
    drift::assert_matches(&program, &path);

    fs::write(&path, "[database").unwrap();
    assert!(matches!(drift::check(&program, &path), Err(Drift::Unreadable(_))));
    let conflict = format!("<<<<<<< ours\n{FILE}=======\n>>>>>>> theirs\n");
    for text in ["[database", &*conflict] {
        fs::write(&path, text).unwrap();
        assert!(drift::bless(&program, &path).is_err());
        assert_eq!(fs::read_to_string(&path).unwrap(), text, "it is left as it is");
    }
}

#[test]
#[should_panic(expected = "if the program is right, run the test with ECSDB_BLESS=1 to write the file")]
fn a_test_fails_with_the_way_out() {
    let path = file("panics.toml");
    drift::assert_matches(&program("{ name = \"hp\", type = \"u16\" }"), &path);
}
