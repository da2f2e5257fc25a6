//! The tool, run on a small file of shapes of every class; and that the derive does as well on it as it should.

use std::path::Path;

use ecsdb_corpus::{Corpus, Error, Group, Report, run, target_directory};

fn sample() -> Report {
    let corpus = Corpus::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sample.json")).unwrap();
    let target = target_directory();
    run(&corpus, &target.join("corpus/sample"), &target).unwrap()
}

#[test]
fn nearly_all_that_can_be_stored_compiles_and_the_rest_says_why_not() {
    let report = sample();
    assert!(report.fixed().percent() >= 95.0, "fixed width:\n{report}");
    assert!(report.with_strings_and_lists().percent() >= 85.0, "with strings and lists:\n{report}");
    assert_eq!(report.classes("f").compile, 0, "what cannot be stored:\n{report}");

    let why = |name: &str| {
        let outcome = report.outcomes.iter().find(|outcome| outcome.name == name).unwrap();
        outcome.failure.clone().unwrap_or_else(|| format!("`{name}` compiles"))
    };
    for (name, reason) in [
        ("Threat", "`HashMap` is not stored"),
        ("Hook", "`Box` is a pointer"),
        ("Sprite", "`Handle` cannot be a field"),
        ("Label", "a lifetime"),
        ("Interp", "a type parameter"),
        ("Torn", "the type `Vec<(u8` cannot be read"),
    ] {
        assert!(why(name).contains(reason), "{name}: {}", why(name));
    }

    let text = report.to_string();
    for line in ["a row without padding", "Do not compile:", "PATROL_POINTS", "PlayerId", "Vec3", "Handle"] {
        assert!(text.contains(line), "{line} is missing in:\n{text}");
    }
}

#[test]
fn shares_are_in_percent() {
    assert_eq!(Group { all: 8, compile: 7 }.percent(), 87.5);
    assert_eq!(Group::default().percent(), 100.0);
}

#[test]
fn a_file_that_has_no_shapes_is_an_error() {
    let folder = target_directory().join("corpus");
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("no-shapes.json");
    assert!(matches!(Corpus::read(&folder.join("missing.json")), Err(Error::File { .. })));
    for text in ["", "[]", "{\"components\": [{\"kind\": \"struct\"}]}"] {
        std::fs::write(&path, text).unwrap();
        assert!(matches!(Corpus::read(&path), Err(Error::Shapes { .. })), "{text}");
    }
    std::fs::write(&path, "{\"components\": [{\"name\": \"Tag\", \"generics\": null}]}").unwrap();
    assert_eq!(Corpus::read(&path).unwrap().components.len(), 1, "all but the name may be missing");
}
