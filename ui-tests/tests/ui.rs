//! Compiles the cases. Those of `rustc` quote the compiler, so they hold for one version of it.

use std::fs;
use std::path::Path;
use std::process::Command;

use trybuild::TestCases;

/// The compiler whose texts are in `rustc/*.stderr`.
const RUSTC: &str = "rustc 1.95.";

#[test]
fn cases() {
    put_schemas_into_the_project();
    let cases = TestCases::new();
    cases.pass("pass/*.rs");
    cases.compile_fail("macro/*.rs");
    if is_pinned_compiler() {
        cases.compile_fail("rustc/*.rs");
    }
}

#[test]
fn every_case_that_is_refused_names_a_file_with_what_passes() {
    for folder in ["macro", "rustc"] {
        for entry in fs::read_dir(folder).expect("the cases are there") {
            let path = entry.expect("the folder can be read").path();
            if path.extension().is_none_or(|extension| extension != "rs") {
                continue;
            }
            let text = fs::read_to_string(&path).expect("the case can be read");
            let twin = text.split("Passing twin: `").nth(1).and_then(|rest| rest.split('`').next());
            let is_there = |twin: &str| Path::new(twin).is_file() || Path::new("..").join(twin).is_file();
            assert!(twin.is_some_and(is_there), "{}: {twin:?}", path.display());
        }
    }
}

/// The paths of schema files start at the folder of the package, which is one that `trybuild` makes for the cases.
fn put_schemas_into_the_project() {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("the folder is one of the target folder");
    let folder = target.join("tests/trybuild").join(env!("CARGO_PKG_NAME")).join("schema");
    fs::create_dir_all(&folder).expect("the target folder can be written");
    fs::copy("schema/drift.toml", folder.join("drift.toml")).expect("the schema is there");
}

/// Whether the compiler that cargo uses is the one that `rustc/*.stderr` quotes.
fn is_pinned_compiler() -> bool {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let version = Command::new(rustc).arg("--version").output().expect("the compiler that built this test runs");
    String::from_utf8_lossy(&version.stdout).starts_with(RUSTC)
}
